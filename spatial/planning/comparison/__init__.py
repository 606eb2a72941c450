"""A comparison of two runs in words."""

from __future__ import annotations

from spatial.planning.comparison.account import comparison_lines, trajectory_lines

__all__ = ["comparison_lines", "trajectory_lines"]
