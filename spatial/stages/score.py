"""Stage `score`: how integrated the study is, how segmented town and country are, and how sure that is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import KDTree

from spatial.access import cost_to_closest, towns_as_facilities
from spatial.access.places import counting, place_on
from spatial.access.rules import TOWN_TIERS
from spatial.integration.pillars import (
    Evidence,
    GapTargets,
    ScoreRules,
    norms_table,
    place_scores,
    score_norms,
    score_study,
)
from spatial.integration.pillars.alternatives import coordination_table, ranking_table
from spatial.integration.pillars.gates import gates_by_unit
from spatial.integration.pillars.ground import Ground, read_ground
from spatial.integration.pillars.inequality_table import inequality_table
from spatial.integration.pillars.potential import potential_flows
from spatial.integration.pillars.ranking import rank_units
from spatial.integration.pillars.readings import (
    GapReading,
    connection,
    gap_reading,
    road_is_near,
    scaled_norms,
)
from spatial.integration.pillars.spread import spread_of
from spatial.integration.pillars.town_system import town_system_table
from spatial.integration.pillars.towns import town_table
from spatial.integration.resilience import circuity, robust_coverage
from spatial.integration.settlement_types import polycentricity, rank_size
from spatial.network import times_matrix
from spatial.planning.score_doubts import doubted_units, rank_doubts
from spatial.stages.access_clusters import clusters_of
from spatial.stages.ground import main_graph, surroundings_of
from spatial.stages.rules import binding_norms, inventories, snap_rules, vocabulary_of
from spatial.stages.settlement_types import town_and_country

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from spatial.integration.pillars import Scoreboard
    from spatial.integration.pillars.components import Component
    from spatial.integration.pillars.ranking import RankDoubts
    from spatial.network import TravelGraph
    from spatial.runner.stage import Options, Progress, Value
    from spatial.sources.services import Vocabulary

    FloatArray = NDArray[np.float64]

__all__ = ["score"]

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
    doubts = _doubts(inputs, ground, base.scores)
    ranked, pairs, shares = rank_units(base.scores, rules, variants=variants, doubts=doubts)
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
        "potential_flows": _potential(options, ground, inputs),
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


def _doubts(inputs: Mapping[str, Any], ground: Ground, scores: pd.DataFrame) -> RankDoubts:
    """Find whom known issues of the sources forbid to rank or to compare."""
    townships = scores.loc[scores["unit_level"] == "township", "unit_id"].astype(str).tolist()
    found = doubted_units(inputs["known_issues"], inputs["boundaries"], townships)
    return rank_doubts(found, townships, dict(zip(ground.ids, ground.township, strict=True)))


def _potential(options: Options, ground: Ground, inputs: Mapping[str, Any]) -> pd.DataFrame:
    """Model flows between the places of the study area, where the study asks for them."""
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
    return potential_flows(ground, times, models, attraction=attraction)


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
