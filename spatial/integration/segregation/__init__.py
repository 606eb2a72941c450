"""How apart town and country are: segregation of access, clusters, gaps between groups, the effect of borders."""

from __future__ import annotations

from spatial.integration.segregation.borders import BorderEffect, border_effect
from spatial.integration.segregation.clusters import LocalClusters, MoransI, local_clusters, morans_i
from spatial.integration.segregation.evenness import (
    correlation_ratio,
    dissimilarity_index,
    exposure_index,
    information_index,
    isolation_index,
)
from spatial.integration.segregation.gaps import GroupGap, urban_rural_gap
from spatial.integration.segregation.neighbourhood import (
    boundary_dissimilarity,
    neighbour_weights,
    smoothed_environments,
)

__all__ = [
    "BorderEffect",
    "GroupGap",
    "LocalClusters",
    "MoransI",
    "border_effect",
    "boundary_dissimilarity",
    "correlation_ratio",
    "dissimilarity_index",
    "exposure_index",
    "information_index",
    "isolation_index",
    "local_clusters",
    "morans_i",
    "neighbour_weights",
    "smoothed_environments",
    "urban_rural_gap",
]
