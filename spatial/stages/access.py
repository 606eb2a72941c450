"""Stage `access`: times from every settlement to towns and services, and the last mile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.access.last_mile import last_mile
from spatial.access.nearest import access_table
from spatial.runner.stage import silent
from spatial.stages.policy import access_rules, services_in_metres, vocabulary_of, wanted_services
from spatial.stages.shared import graphs_of, surroundings_of

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.runner.stage import Options, Progress, Value


def access(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Measure access in every mode of the study."""
    graphs = graphs_of(options, nodes, edges)
    surroundings = surroundings_of(options, study_area, water)
    vocabulary, offered = vocabulary_of(options), set(facilities["service"])
    shortest = services_in_metres(options, vocabulary, offered)
    progress(0.1, "access: times to towns and services")
    result = access_table(
        graphs,
        settlements,
        facilities,
        services=wanted_services(options, vocabulary, offered),
        rules=access_rules(options, shortest=shortest, cutoffs_min=()),
        surroundings=surroundings,
    )
    progress(0.8, "access: last mile")
    miles = last_mile(graphs[0], settlements, result.access, walk=options.network, barriers=surroundings.barriers)
    return {
        "snaps": result.snaps,
        "access": result.access,
        "last_mile": miles,
        "routes": result.routes,
        "findings_access": result.findings,
    }
