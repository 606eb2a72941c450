"""A comparison of two runs in words."""

from __future__ import annotations

from spatial.planning.comparison.account import (
    ComparisonWords,
    comparison_lines,
    comparison_words,
    trajectory_lines,
)

__all__ = ["ComparisonWords", "comparison_lines", "comparison_words", "trajectory_lines"]
