"""Two dates or two scenarios side by side, on the norms and goalposts that they share: who gained, who lost, why."""

from __future__ import annotations

from spatial.score.comparison.boards import Matched, decompose, follow, follow_matched, match
from spatial.score.comparison.changes import Comparison, compare, compare_matched
from spatial.score.comparison.runs import Run, check_comparable, norm_terms, townships_in_doubt, with_same_ids

__all__ = [
    "Comparison", "Matched", "Run", "check_comparable", "compare", "compare_matched", "decompose", "follow",
    "follow_matched", "match", "norm_terms", "townships_in_doubt", "with_same_ids",
]  # fmt: skip
