"""Clusters of access in a study: who is whose neighbour, as the study asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from spatial.integration.pillars.access_clusters import NEIGHBOURS, settlement_clusters, township_clusters
from spatial.integration.segregation import nearest_in_line, travel_time_neighbours
from spatial.stages.ground import main_graph, surroundings_of
from spatial.stages.rules import snap_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from spatial.integration.pillars.access_clusters import AccessClusters
    from spatial.integration.pillars.ground import Ground
    from spatial.runner.stage import Options

__all__ = ["clusters_of"]


def clusters_of(
    options: Options, ground: Ground, inputs: Mapping[str, Any], access: NDArray[np.float64]
) -> AccessClusters:
    """Find clusters of access among the neighbours that the study asks for."""
    rule, seed = options.score.neighbours, options.score.seed
    if rule == "township":
        return township_clusters(ground, access, inputs["boundaries"], rule=rule, seed=seed)
    places = gpd.GeoDataFrame(ground.settlements)
    if rule == "straight_line":
        neighbours = nearest_in_line(shapely.get_coordinates(places.geometry.to_numpy()), NEIGHBOURS)
    else:
        neighbours = travel_time_neighbours(
            main_graph(options, inputs),
            places,
            k=NEIGHBOURS,
            rules=snap_rules(options.network),
            barriers=surroundings_of(options, inputs).barriers,
        )
    return settlement_clusters(ground, access, neighbours, rule=rule, seed=seed)
