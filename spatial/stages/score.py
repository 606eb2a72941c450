"""Stage `score`: how integrated the study is, how segmented town and country are, and how sure that is."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from scipy.spatial import KDTree

from spatial.access.analyst import cost_to_closest
from spatial.access.cells import towns_as_facilities
from spatial.access.options import TOWN_TIERS
from spatial.access.places import counting, place_on
from spatial.indices.clustering import nearest_in_line, travel_time_neighbours
from spatial.indices.degurba import DEGURBA_RULES
from spatial.indices.resilience import circuity, robust_coverage
from spatial.indices.town_hierarchy import polycentricity, rank_size
from spatial.network.matrix import times_matrix
from spatial.reporting.score import doubted_units, rank_doubts
from spatial.score.evidence import (
    GapReading,
    Ground,
    connection,
    gap_reading,
    read_ground,
    road_is_near,
    scaled_norms,
)
from spatial.score.flows import potential_flows
from spatial.score.options import GapTargets, ScoreRules
from spatial.score.place_scores import norms_table, place_scores, score_norms
from spatial.score.population_grid import grid_of_settlements, is_too_coarse, urban_grid
from spatial.score.ranking import coordination_table, rank_units, ranking_table
from spatial.score.scoreboard import Evidence, gates_by_unit, score_study
from spatial.score.settlement_types import type_table, unit_type_table
from spatial.score.spatial_pattern import (
    NEIGHBOURS,
    inequality_table,
    settlement_clusters,
    spread_of,
    township_clusters,
)
from spatial.score.towns import (
    AreaRules,
    commuting_between,
    functional_area_table,
    town_system_table,
    town_table,
    why_no_area,
)
from spatial.stages.policy import binding_norms, inventories, snap_rules, vocabulary_of
from spatial.stages.shared import main_graph, surroundings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from spatial.inputs.services import Vocabulary
    from spatial.network.graph import TravelGraph
    from spatial.runner.stage import Options, Progress, Value
    from spatial.score.evidence import Component
    from spatial.score.population_grid import UrbanGrid
    from spatial.score.scoreboard import Scoreboard
    from spatial.score.spatial_pattern import AccessClusters
    from spatial.score.towns import Commuting

    FloatArray = NDArray[np.float64]


# Clusters of access in a study: who is whose neighbour, as the study asks.


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


# What the stage `score` says of town and country: types of settlements and townships, functional urban areas.

_log = logging.getLogger(__name__)


def town_and_country(
    options: Options, ground: Ground, inputs: Mapping[str, Any], access: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """
    Classify settlements and townships, and find functional urban areas.

    Returns tables `settlement_types`, `unit_types` and `functional_areas`. Why the last one is empty, or
    found by travel time, stands in the log.
    """
    cells, reason = _grid(options, ground, inputs)
    types = type_table(ground, access, cells, bins_min=options.score.bands_min)
    units = unit_type_table(
        ground,
        types,
        (inputs["study_area"], inputs["boundaries"]),
        cells or reason,
        rules=options.score.degurba.rules,
        tolerance_m=options.region.unit_tolerance_m,
    )
    areas = _functional_areas(options, ground, inputs, units, cells)
    return {"settlement_types": types, "unit_types": units, "functional_areas": areas}


def _grid(options: Options, ground: Ground, inputs: Mapping[str, Any]) -> tuple[UrbanGrid | None, str]:
    """Classify the ground, or say why it cannot be."""
    given = options.score.degurba
    named = DEGURBA_RULES[given.rules]
    rules = replace(
        named,
        semi_dense=given.semi_dense or named.semi_dense,
        order=given.order,
        size_test=given.size_test,
        majority=given.majority,
        semi_dense_distance_km=given.semi_dense_distance_km,
    )
    raster, crs = inputs.get("population"), CRS(ground.settlements.crs)
    if raster is not None:
        if not is_too_coarse(raster, crs):
            return urban_grid(raster, crs, rules), ""
        _log.warning(
            "Degree of Urbanisation: not measured, as cells of the population raster are longer than 1,250 m"
        )
        return None, "grid_too_coarse"
    if given.grid == "settlements":
        cells = grid_of_settlements(inputs["settlements"], rules)
        return cells, "" if cells is not None else "no_people_known"
    _log.info(
        "Degree of Urbanisation: not measured, as there is no population raster; score.degurba.grid = "
        '"settlements" takes the people of settlements instead'
    )
    return None, "no_population_grid"


def _functional_areas(
    options: Options,
    ground: Ground,
    inputs: Mapping[str, Any],
    unit_types: pd.DataFrame,
    cells: UrbanGrid | None,
) -> pd.DataFrame:
    rules = AreaRules(**options.score.functional_areas.model_dump())
    reason = why_no_area(unit_types)
    commuting: Commuting | None = None
    if reason:
        _log.info("functional urban areas: none (%s)", reason)
    else:
        units = unit_types.loc[unit_types["unit_level"] == "township", "unit_id"].astype(str).tolist()
        flows = inputs.get("flows")
        if flows is not None and len(flows):
            commuting = commuting_between(flows, inputs["settlements"], units, rules)
        if commuting is None:
            _log.info(
                "functional urban areas: no flows of kind %r with a number of employed residents; shown as "
                "fua_proxy, by %g minutes of travel",
                rules.commuting_kind,
                rules.proxy_min,
            )
        elif commuting.unknown:
            _log.warning(
                "functional urban areas: nobody says how many are employed in %d township(s), such as %s; they "
                "join none by commuting",
                len(commuting.unknown),
                ", ".join(commuting.unknown[:3]),
            )

    def minutes(points: FloatArray) -> FloatArray:
        # Minutes from each place to each point, (places, points); inf = no way.
        graph, barriers = main_graph(options, inputs), surroundings_of(options, inputs).barriers
        rules = snap_rules(options.network)
        crs = ground.settlements.crs
        goals = gpd.GeoDataFrame(
            {"centre": [f"{at:06d}" for at in range(len(points))]},
            geometry=gpd.points_from_xy(points[:, 0], points[:, 1]),
            crs=crs,
        )
        homes = place_on(
            graph, gpd.GeoDataFrame(ground.settlements), key="settlement_id", rules=rules, barriers=barriers
        )
        centres = place_on(graph, goals, key="centre", rules=rules, barriers=barriers)
        own = pd.Index(ground.ids).get_indexer(pd.Index(homes.ids))
        times = np.full((len(ground), len(points)), np.inf)
        i, j, found, _metres = times_matrix(graph, homes.snaps, centres.snaps, direct_barriers=barriers)
        times[own[i], j] = found
        return times

    return functional_area_table(ground, unit_types, inputs["boundaries"], cells, commuting or minutes, rules)


LEAST_MIN = 1.0
"""Minutes of a place to itself, where a ratio of times is formed (INDICATORS, 1.3)."""
GOALPOSTS = 0.1
SPEEDS = 0.2
"""How far goalposts and speeds are drawn (INDICATORS, 4.4)."""


def score(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """Score the study, its townships and its settlements."""
    progress(0.0, "score: places and towns")
    binding, vocabulary, rules = binding_norms(options), vocabulary_of(options), _rules(options)
    ground = read_ground(inputs["settlements"], inputs["boundaries"])
    access = inputs["access"][inputs["access"]["mode"] == options.network.modes[0]]
    kinds = town_and_country(options, ground, inputs, access)
    towns = _towns(options, ground, inputs, access, vocabulary)
    norms, left_out = score_norms(inputs["norm_results"], only=rules.norms)
    gap = gap_reading(
        inputs["norm_results"],
        binding,
        list(ground.ids),
        asked=rules.gap_norm,
        headline=options.norms.headline,
    )
    progress(0.2, "score: borders and closed roads")
    places = place_scores(inputs["norm_results"], list(ground.ids), norms)
    clusters = clusters_of(options, ground, inputs, places.common_access(ground.official_class))
    local = {norm for norm, service in _services(binding).items() if not _is_tier(service, vocabulary)}
    border = gap_reading(
        inputs["norm_results"],
        binding[binding["norm_id"].isin(local) & binding["unit"].eq("min")],
        list(ground.ids),
        headline=options.norms.headline,
    )
    evidence = _evidence(options, ground, inputs, (gap, border, towns, vocabulary))
    evidence = replace(evidence, spread=(*_spread(options, ground, inputs, gap), clusters.component))
    progress(0.6, "score: levels and gaps")

    board = partial(_board, inputs, (ground, evidence), norms, rules)
    base = board(inputs["norm_results"])
    progress(0.8, "score: ranks")
    variants = _variants(board, inputs["norm_results"], binding)
    # Find whom known issues of the sources forbid to rank or to compare.
    townships = base.scores.loc[base.scores["unit_level"] == "township", "unit_id"].astype(str).tolist()
    found = doubted_units(inputs["known_issues"], inputs["boundaries"], townships)
    doubts = rank_doubts(found, townships, dict(zip(ground.ids, ground.township, strict=True)))
    ranked, pairs, shares = rank_units(base.scores, rules, variants=variants, doubts=doubts)
    # Model flows between the places of the study area, where the study asks for them.
    models, n = options.score.potential_flows, len(ground)
    times = np.full((n, n), np.inf)
    if models:
        graph, barriers = main_graph(options, inputs), surroundings_of(options, inputs).barriers
        placed = place_on(
            graph,
            gpd.GeoDataFrame(ground.settlements),
            key="settlement_id",
            rules=snap_rules(options.network),
            barriers=barriers,
        )
        own = pd.Index(ground.ids).get_indexer(pd.Index(placed.ids))
        i, j, minutes, _metres = times_matrix(graph, placed.snaps, placed.snaps, direct_barriers=barriers)
        times[own[i], own[j]] = minutes
    points = shapely.get_coordinates(ground.settlements.geometry.to_numpy())
    there = inputs["facilities"][inputs["facilities"]["status"].eq("existing")]
    there = there[~(there.geometry.is_empty | there.geometry.isna())]
    at = KDTree(points).query(shapely.get_coordinates(there.geometry.to_numpy()))[1]
    attraction = np.bincount(np.asarray(at, dtype=np.int64), minlength=n).astype(np.float64)
    potential = potential_flows(ground, times, models, attraction=attraction)
    return {
        **kinds,
        "towns": towns,
        "town_system": town_system_table(towns),
        "flow_balances": base.flows,
        "access_clusters": clusters.table,
        "score_components": base.components,
        "score_norms": norms_table(inputs["norm_results"], norms, left_out),
        "scores": ranked,
        "rank_pairs": pairs,
        "score_variance": shares,
        "inequality": inequality_table(ground, places, rank_by=options.score.rank_column),
        "coordination": coordination_table(ground, places, evidence),
        "rankings": ranking_table(base.scores, judged=options.score.pairwise),
        "potential_flows": potential,
    }


def _board(
    inputs: Mapping[str, Any],
    known: tuple[Ground, Evidence],
    norms: list[str],
    rules: ScoreRules,
    results: pd.DataFrame,
) -> Scoreboard:
    ground, evidence = known
    return score_study(
        inputs["settlements"],
        place_scores(results, list(ground.ids), norms),
        evidence,
        boundaries=inputs["boundaries"],
        flows=inputs.get("flows"),
        rules=rules,
    )


def _variants(
    board: Callable[[pd.DataFrame], Scoreboard], results: pd.DataFrame, binding: pd.DataFrame
) -> dict[str, list[pd.DataFrame]]:
    """Score again with goalposts, and with speeds, that are nearer or further."""
    return {
        name: [
            board(scaled_norms(results, binding, 1.0 / factor, units=units)).scores
            for factor in (1.0 - by, 1.0 + by)
        ]
        for name, by, units in (("goalposts", GOALPOSTS, ()), ("speeds", SPEEDS, ("min",)))
    }


def _rules(options: Options) -> ScoreRules:
    given = options.score
    return ScoreRules(
        norms=given.norms,
        gap_norm=given.gap_norm,
        epsilon=given.epsilon,
        weights=dict(given.weights),
        volume_targets=dict(given.volume_targets),
        flow_totals={kind: (both.outward, both.inward) for kind, both in given.flow_totals.items()},
        required_services=dict(given.required_services),
        targets=GapTargets(**given.targets.model_dump()),
        level_bands=given.level_bands,
        environment_km=given.environment_km,
        draws=given.draws,
        seed=given.seed,
    )


def _towns(
    options: Options,
    ground: Ground,
    inputs: Mapping[str, Any],
    access: pd.DataFrame,
    vocabulary: Vocabulary,
) -> pd.DataFrame:
    routes = inputs["routes"]
    listed = inventories(options, vocabulary, inputs["facilities"])
    to_seat = routes[(routes["mode"] == options.network.modes[0]) & (routes["service"] == "county_seat")]
    return town_table(
        ground,
        inputs["facilities"],
        access,
        to_seat,
        required=options.score.required_services,
        listed={name for name, kind in listed.items() if kind == "complete"},
        satisfying=vocabulary.satisfying,
        limits=(options.score.town_radius_m, options.score.town_min),
    )


def _spread(
    options: Options, ground: Ground, inputs: Mapping[str, Any], reading: GapReading
) -> tuple[Component, ...]:
    """Measure how those beyond the norm are spread over space."""
    return spread_of(
        ground,
        reading.beyond,
        norm=reading.norm,
        boundaries=inputs["boundaries"],
        environment_km=options.score.environment_km,
    )


def _evidence(
    options: Options,
    ground: Ground,
    inputs: Mapping[str, Any],
    known: tuple[GapReading, GapReading, pd.DataFrame, Vocabulary],
) -> Evidence:
    gap, border, towns, vocabulary = known
    ids = list(ground.ids)
    complete = towns.set_index("settlement_id")["completeness"].reindex(ids).to_numpy(dtype=np.float64)
    graph = main_graph(options, inputs)
    how: dict[str, Any] = {
        "rules": snap_rules(options.network),
        "barriers": surroundings_of(options, inputs).barriers,
        "vocabulary": vocabulary,
    }
    facilities = gpd.GeoDataFrame(
        pd.concat([inputs["facilities"], towns_as_facilities(inputs["settlements"])], ignore_index=True)
    )
    wanted = _serving(gap.service, vocabulary)
    robust = None
    if gap.unit == "min" and wanted & set(facilities["service"].astype(str)):
        robust = robust_coverage(
            graph,
            gpd.GeoDataFrame(ground.settlements),
            facilities,
            service=wanted,
            cutoff_min=gap.threshold,
            **how,
        )
    own = _serving(border.service, vocabulary)
    open_min, closed_min = _border_times(ground, inputs["facilities"], own, graph, how)
    space = {"circuity": _circuity(ground, facilities, inputs["access"], options.network.modes[0])}
    coverage = towns["coverage_share"].to_numpy(dtype=np.float64)
    if (~np.isnan(coverage)).sum() > 1:
        sizes = rank_size(towns["population_persons"])
        space = space | {"rank_size_exponent": sizes.exponent, "primacy": sizes.primacy_two}
        space = space | {"town_polycentricity": polycentricity(coverage[~np.isnan(coverage)])}
    return Evidence(
        connected=connection(inputs["access"], inputs["last_mile"], ids, options.network.modes[0]),
        road_near=road_is_near(inputs["last_mile"], ids),
        beyond=gap.beyond,
        gap_norm=gap.norm,
        gap_unit=gap.unit,
        gap_value=np.maximum(gap.value, LEAST_MIN) if gap.unit == "min" else gap.value,
        gap_threshold=gap.threshold,
        completeness=complete,
        gates=gates_by_unit(inputs["norm_results"]),
        open_min=open_min,
        closed_min=closed_min,
        border_service=border.service,
        border_threshold_min=border.threshold,
        border_norm=border.norm,
        robust=robust,
        space=space,
    )


def _circuity(ground: Ground, facilities: gpd.GeoDataFrame, access: pd.DataFrame, mode: str) -> float:
    """Ways to the nearest town by straight lines to the same."""
    rows = access[(access["mode"] == mode) & (access["service"] == "town")].set_index("settlement_id")
    rows = rows.reindex(list(ground.ids))
    places = facilities.drop_duplicates("facility_id").set_index("facility_id").geometry
    goals = np.array(places.reindex(rows["facility_id"]), dtype=object)
    line = shapely.distance(ground.settlements.geometry.to_numpy(), goals)
    return circuity(rows["network_distance_m"].to_numpy(dtype=np.float64), line)


def _serving(service: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Services of facilities, or tiers of towns, that count for a service of the register."""
    item = vocabulary.for_register(service)
    return frozenset() if item is None else counting(item.id, vocabulary)


def _is_tier(service: str, vocabulary: Vocabulary) -> bool:
    item = vocabulary.for_register(service)
    return item is not None and item.id in TOWN_TIERS


def _services(binding: pd.DataFrame) -> dict[str, str]:
    return dict(zip(binding["norm_id"].astype(str), binding["service"].astype(str), strict=True))


def _border_times(
    ground: Ground,
    facilities: gpd.GeoDataFrame,
    service: frozenset[str],
    graph: TravelGraph,
    how: Mapping[str, Any],
) -> tuple[FloatArray | None, FloatArray | None]:
    """Minutes to the nearest facility anywhere, and to the nearest one in one's own township."""
    if "township_id" not in facilities or not service & set(facilities["service"].astype(str)):
        return None, None

    def minutes(settlements: gpd.GeoDataFrame, there: gpd.GeoDataFrame) -> FloatArray:
        if not service & set(there["service"].astype(str)):
            return np.full(len(settlements), np.inf)
        found = cost_to_closest(graph, settlements, there, service=service, **how)
        time = found.set_index("from_id")["travel_time_min"].reindex(settlements["settlement_id"].astype(str))
        return time.fillna(np.inf).to_numpy(dtype=np.float64)

    open_min = minutes(gpd.GeoDataFrame(ground.settlements), facilities)
    closed_min = np.full(len(ground), np.nan)
    own = facilities["township_id"].astype(object).to_numpy()
    for township in {name for name in ground.township if name is not None}:
        mine = ground.township == township
        here = gpd.GeoDataFrame(facilities[own == township])
        closed_min[mine] = minutes(gpd.GeoDataFrame(ground.settlements[mine]), here)
    return open_min, np.maximum(closed_min, open_min)
