"""From components to two numbers that are never averaged: level and gap, their weights, and how sure the ranks are."""

from __future__ import annotations

from spatial.integration.scoring.coupling import Coupling, coupling_coordination
from spatial.integration.scoring.gap import SegmentationIndex, segmentation_index
from spatial.integration.scoring.level import IntegrationLevel, integration_level
from spatial.integration.scoring.obstacles import obstacle_degrees
from spatial.integration.scoring.ranks import RankIntervals, rank_intervals
from spatial.integration.scoring.topsis import topsis
from spatial.integration.scoring.weights import AhpWeights, ahp_weights, entropy_weights

__all__ = [
    "AhpWeights",
    "Coupling",
    "IntegrationLevel",
    "RankIntervals",
    "SegmentationIndex",
    "ahp_weights",
    "coupling_coordination",
    "entropy_weights",
    "integration_level",
    "obstacle_degrees",
    "rank_intervals",
    "segmentation_index",
    "topsis",
]
