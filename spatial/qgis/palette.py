"""Colours shared by every layer and by the pages: a quiet base, so that colour means the result."""

from __future__ import annotations

__all__ = [
    "ACCENT",
    "BASE",
    "CERTAINTY",
    "CHANGE",
    "CLUSTERS",
    "DEGURBA",
    "GAP",
    "INK",
    "LAST_MILE",
    "QUALITATIVE",
    "REACH",
    "ROADS",
    "SEASON",
    "SHARES",
    "STATUS",
    "TINTS",
    "WET",
    "ramp",
]

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

REACH = ("#1f3d7a", "#2167a0", "#2f92b4", "#5db8b4", "#9ad7ae", "#d6eeb3")
"""Within reach, the nearest first: lightness alone tells the order (after ColorBrewer's YlGnBu)."""

CERTAINTY = {"within": "#cfe3da", "may": "#f0b050", "beyond": "#86162c"}
"""Within a threshold in every run, in some, in none: worse is darker."""

WET = {"kept": "#cfe3da", "little": "#fbe3a6", "more": "#f0b050", "much": "#d0582f", "lost": "#7c1029"}
"""What the wet season takes, in the gap sequence."""

CHANGE = {
    "gained": "#0f6b5c",
    "quicker": "#7cc4b4",
    "same": "#e4e4df",
    "slower": "#f0b050",
    "lost": "#86162c",
}
"""What a scenario changes: two hues apart from pale."""

CLUSTERS = {
    "good": "#0f6b5c",
    "good_among_bad": "#7cc4b4",
    "bad_among_good": "#f0b050",
    "bad": "#86162c",
    "none": "#e4e4df",
}
"""Clusters of access: the two hues of a change, pale for places that differ from their neighbours."""

DEGURBA = {
    30: "#9b1c31",
    23: "#7a3b1d",
    22: "#b0762a",
    21: "#e6c84f",
    13: "#375623",
    12: "#8fae5a",
    11: "#cfe3a2",
    10: "#9dbdd6",
}
"""Degree of Urbanisation, level 2: the hues of the published maps, quieter."""

TINTS = ("#4477aa", "#ccbb44", "#66ccee", "#aa3377", "#228833", "#ee6677", "#bbbbbb")
"""Areas side by side, without order (Paul Tol's bright scheme); drawn pale."""


def ramp(colours: tuple[str, ...], number: int) -> list[str]:
    """
    Take colours evenly from a sequence, its ends first of all.

    Examples
    --------
    >>> ramp(("#000000", "#808080", "#ffffff"), 2)
    ['#000000', '#ffffff']
    """
    if number == 1:
        return [colours[len(colours) // 2]]
    parts = [[int(colour[start : start + 2], 16) for colour in colours] for start in (1, 3, 5)]
    mixed = []
    for step in range(number):
        low, share = divmod(step * (len(colours) - 1), number - 1)
        high = min(low + 1, len(colours) - 1)
        values = [round(part[low] + (part[high] - part[low]) * share / (number - 1)) for part in parts]
        mixed.append("#" + "".join(f"{value:02x}" for value in values))
    return mixed
