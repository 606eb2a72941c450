"""Colours shared by every layer: a quiet base, so that colour means the result."""

from __future__ import annotations

__all__ = ["ACCENT", "BASE", "GAP", "INK", "QUALITATIVE", "ROADS", "SEASON", "STATUS"]

LAND = "#f5f5f2"
WATER = "#dbe6ec"
INK = "#33373a"
ACCENT = "#1f5f8b"

BASE = {"land": LAND, "water": WATER, "shore": "#b4cbd7", "boundary": "#55595c", "outside": "#e9e9e4"}
"""Land, water and boundaries."""

ROADS = {"major": "#9a9a96", "middle": "#bdbdb8", "minor": "#d9d9d4"}
"""Three greys by class of road."""

GAP = {"near_miss": "#fdd49e", "beyond": "#fc8d59", "far": "#d7301f", "none": "#7f0000"}
"""Gap classes: one sequence, worse is darker."""

STATUS = {"met": "#3b7ea1", "not_met": "#c8452e", "not_applicable": "#c4c4be", "not_measurable": "#84847f"}
"""Met, not met, not applicable, not measurable; the last two are told apart by pattern too."""

SEASON = {"yes": "#6f8a7c", "unknown": "#b9b3a6", "no": "#c98a2b"}
"""Whether a road is passable in every season."""

QUALITATIVE = (
    "#4477aa",
    "#cc6677",
    "#228833",
    "#b8860b",
    "#7a5195",
    "#2a9d8f",
    "#8c564b",
    "#5f6b73",
)
"""Types of thing, without order (after Paul Tol's bright scheme; held under deuteranopia)."""
