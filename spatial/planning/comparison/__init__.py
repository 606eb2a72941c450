"""A comparison of two runs in words."""

from __future__ import annotations

from spatial.planning.comparison.account import (
    ComparisonWords,
    comparison_lines,
    comparison_words,
    shown_comparison,
    trajectory_lines,
    unmatched,
)
from spatial.planning.comparison.places import county_of, placed_units

__all__ = [
    "ComparisonWords",
    "comparison_lines",
    "comparison_words",
    "county_of",
    "placed_units",
    "shown_comparison",
    "trajectory_lines",
    "unmatched",
]
