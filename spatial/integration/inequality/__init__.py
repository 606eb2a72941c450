"""How unequally access is spread over people, and how much of that lies between town and country."""

from __future__ import annotations

from spatial.integration.inequality.atkinson import atkinson_index, equally_distributed_equivalent
from spatial.integration.inequality.concentration import concentration_index, erreygers_index
from spatial.integration.inequality.lorenz import gini_index, palma_ratio, palma_ratio_by_rank
from spatial.integration.inequality.sample import Sample, read_sample
from spatial.integration.inequality.theil import Theil, mean_log_deviation, theil_t

__all__ = [
    "Sample",
    "Theil",
    "atkinson_index",
    "concentration_index",
    "equally_distributed_equivalent",
    "erreygers_index",
    "gini_index",
    "mean_log_deviation",
    "palma_ratio",
    "palma_ratio_by_rank",
    "read_sample",
    "theil_t",
]
