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
    EnvironmentSegregation,
    boundary_dissimilarity,
    environment_segregation,
    neighbour_weights,
    smoothed_environments,
)
from spatial.integration.segregation.neighbours import (
    nearest_in_line,
    queen_contiguity,
    travel_time_neighbours,
)

__all__ = [
    "BorderEffect",
    "EnvironmentSegregation",
    "GroupGap",
    "LocalClusters",
    "MoransI",
    "border_effect",
    "boundary_dissimilarity",
    "correlation_ratio",
    "dissimilarity_index",
    "environment_segregation",
    "exposure_index",
    "information_index",
    "isolation_index",
    "local_clusters",
    "morans_i",
    "nearest_in_line",
    "neighbour_weights",
    "queen_contiguity",
    "smoothed_environments",
    "travel_time_neighbours",
    "urban_rural_gap",
]
