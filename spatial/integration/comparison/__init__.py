"""Two dates or two scenarios side by side, on the norms and goalposts that they share: who gained, who lost, why."""

from __future__ import annotations

from spatial.integration.comparison.comparable import check_comparable
from spatial.integration.comparison.dates import follow, follow_matched
from spatial.integration.comparison.decomposition import decompose
from spatial.integration.comparison.matched import Matched, match
from spatial.integration.comparison.runs import Run, norm_terms, townships_in_doubt
from spatial.integration.comparison.same_places import with_same_ids
from spatial.integration.comparison.side_by_side import Comparison, compare, compare_matched

__all__ = [
    "Comparison",
    "Matched",
    "Run",
    "check_comparable",
    "compare",
    "compare_matched",
    "decompose",
    "follow",
    "follow_matched",
    "match",
    "norm_terms",
    "townships_in_doubt",
    "with_same_ids",
]
