"""Colours shared by every layer and by the pages: a quiet base, so that colour means the result."""

from __future__ import annotations

__all__ = ["ACCENT", "BASE", "GAP", "INK", "LAST_MILE", "QUALITATIVE", "ROADS", "SEASON", "SHARES", "STATUS"]

INK = "#1d2327"
ACCENT = "#0b5cad"

BASE = {
    "land": "#f5f5f2",
    "water": "#dbe6ec",
    "shore": "#b4cbd7",
    "boundary": "#4f555a",
    "outside": "#e9e9e4",
    "place": "#8d8d88",
    "town": "#5c6063",
    "blank": "#ffffff",
}
"""Land, water, boundaries and places."""

ROADS = {"major": "#8f8f8b", "middle": "#b3b3ae", "minor": "#cfcfca"}
"""Three greys by class of road."""

GAP = {"near_miss": "#ee8f3f", "beyond": "#c4402f", "far": "#86162c", "none": "#3d0510"}
"""Gap classes: one sequence, worse is darker."""

SHARES = {"all": "#fbe3a6", "most": "#f3b45f", "many": "#e2733a", "half": "#b83432", "few": "#6d1024"}
"""Share of people within a norm, in the same sequence: fewer is darker."""

LAST_MILE = {"connected": "#fbe3a6", "near": "#f0b050", "gap": "#d0582f", "none": "#7c1029"}
"""Classes of the last mile, in the same sequence."""

STATUS = {"met": "#1d6b52", "not_met": "#9b1c31", "not_applicable": "#b3b8bb", "not_measurable": "#7d848a"}
"""Met, not met, not applicable (dots, rings), not measurable (stripes)."""

SEASON = {"yes": "#6f8a7c", "unknown": "#b9b3a6", "no": "#c98a2b"}
"""Whether a road is passable in every season."""

QUALITATIVE = (
    "#4477aa",
    "#228833",
    "#7a5195",
    "#b8860b",
    "#2a9d8f",
    "#5aa0d6",
    "#8c564b",
    "#5f6b73",
)
"""Types of thing, without order (after Paul Tol's bright scheme; held under deuteranopia)."""
