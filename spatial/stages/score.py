"""Stage `score`: how integrated the study is, how segmented town and country are, and how sure that is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from scipy import sparse
from scipy.spatial import KDTree

from spatial.access.cells import towns_as_facilities
from spatial.access.options import TOWN_TIERS
from spatial.access.places import counting, place_on
from spatial.arrays import BoolArray, FloatArray
from spatial.indices.clustering import nearest_in_line, travel_time_neighbours
from spatial.indices.degurba import DEGURBA_RULES, DegurbaRules
from spatial.indices.functional_areas import polycentricity, rank_size
from spatial.indices.resilience import circuity, robust_coverage
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TravelGraph
from spatial.network.matrix import times_matrix
from spatial.norms.evaluation import gates_by_unit
from spatial.rasters import Raster
from spatial.reporting.score import doubted_units, rank_doubts
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.score.evidence import (
    Ground,
    border_times,
    connection,
    gap_reading,
    potential_flows,
    read_ground,
    road_is_near,
    scaled_norms,
)
from spatial.score.place_scores import norms_table, place_scores, score_norms, scored_results
from spatial.score.population_grid import grid_of_settlements, is_too_coarse, urban_grid
from spatial.score.ranking import BENDS, coordination_table, rank_units
from spatial.score.scoreboard import Evidence, pillar_levels, score_study
from spatial.score.settlement_types import type_table, unit_type_table
from spatial.score.spatial_pattern import (
    NEIGHBOURS,
    inequality_table,
    settlement_clusters,
    spread_of,
    township_clusters,
)
from spatial.score.towns import commuting_between, functional_area_table, town_system_table, town_table, why_no_area
from spatial.stages.policy import binding_norms, inventories, vocabulary_of
from spatial.stages.shared import graph_of, surroundings_of
from spatial.study.access import SnapRules


class Travel(NamedTuple):
    """How the study's people travel in its first mode."""

    graph: TravelGraph
    rules: SnapRules
    barriers: gpd.GeoSeries | None

    def minutes(
        self, ground: Ground, goals: gpd.GeoDataFrame, *, key: str, within_min: float = np.inf
    ) -> sparse.coo_array[np.float64]:
        """Find the minutes from places to goals, (places, goals); pairs without a way within the limit are left out."""
        placed = partial(place_on, self.graph, rules=self.rules, barriers=self.barriers)
        homes = placed(gpd.GeoDataFrame(ground.settlements), key="settlement_id")
        ends = placed(goals, key=key)
        here = pd.Index(ground.ids).get_indexer(pd.Index(homes.ids))
        there = pd.Index(goals[key].astype(str)).get_indexer(pd.Index(ends.ids))
        i, j, found, _metres = times_matrix(
            self.graph, homes.snaps, ends.snaps, cutoff_min=within_min, direct_barriers=self.barriers
        )
        return sparse.coo_array((found, (here[i], there[j])), shape=(len(ground), len(goals)))


# What the stage `score` says of town and country: types of settlements and townships, functional urban areas.

_log = logging.getLogger(__name__)


def town_and_country(
    options: Options,
    ground: Ground,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    *,
    study_area: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    flows: pd.DataFrame | None,
    population: Raster | None,
    near: Callable[[FloatArray, float], BoolArray],
) -> dict[str, pd.DataFrame]:
    """Classify settlements and townships, and find functional urban areas; the log says why there is none."""
    # Classify the ground, or say why it cannot be.
    given, crs = options.score.degurba, CRS(settlements.crs)
    semi_dense = given.semi_dense or DEGURBA_RULES[given.rules].semi_dense
    how = DegurbaRules.from_options(given, semi_dense=semi_dense)
    cells, reason = None, ""
    if population is not None and is_too_coarse(population, crs):
        reason = "grid_too_coarse"
        _log.warning("Degree of Urbanisation: not measured, as cells of the population raster are longer than 1,250 m")
    elif population is not None:
        cells = urban_grid(population, crs, how)
    elif given.grid == "settlements":
        cells = grid_of_settlements(settlements, how)
        reason = "no_people_known"
    else:
        reason = "no_population_grid"
        _log.info(
            "Degree of Urbanisation: not measured, as there is no population raster; score.degurba.grid = "
            '"settlements" takes the people of settlements instead'
        )
    types = type_table(ground, access, cells, bins_min=options.score.bands_min)
    units = unit_type_table(
        ground,
        types,
        study_area,
        boundaries,
        cells or reason,
        rules=given.rules,
        tolerance_m=options.region.unit_tolerance_m,
    )
    # Observed commuting tells functional urban areas; the log says where there is none, or not of every township.
    no_area, rules, commuting = why_no_area(units), options.score.functional_areas, None
    if no_area:
        _log.info("functional urban areas: none (%s)", no_area)
    else:
        townships = units.loc[units["unit_level"] == "township", "unit_id"].astype(str).tolist()
        if flows is not None and len(flows):
            commuting = commuting_between(flows, settlements, townships, rules)
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
    areas = functional_area_table(ground, units, boundaries, cells, commuting or near, rules)
    return {"settlement_types": types, "unit_types": units, "functional_areas": areas}


def score(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
    water: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    access: pd.DataFrame,
    last_mile: pd.DataFrame,
    routes: gpd.GeoDataFrame,
    norm_results: pd.DataFrame,
    flows: pd.DataFrame,
    known_issues: pd.DataFrame,
    counts: pd.DataFrame,
    population: Raster | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Score the study, its townships and its settlements."""
    binding, vocabulary, rules = binding_norms(options), vocabulary_of(options), options.score
    mode, ground = options.network.modes[0], read_ground(settlements, boundaries)
    reading = partial(gap_reading, norm_results, access, headline=options.norms.headline)
    access = access[access["mode"] == mode]
    barriers = surroundings_of(options, study_area, water).barriers
    travel = Travel(graph_of(options, nodes, edges), options.network, barriers)

    def near(points: FloatArray, within_min: float) -> BoolArray:
        names = [f"{at:06d}" for at in range(len(points))]
        at = gpd.points_from_xy(points[:, 0], points[:, 1])
        goals = gpd.GeoDataFrame({"centre": names}, geometry=at, crs=settlements.crs)
        found = travel.minutes(ground, goals, key="centre", within_min=within_min)
        is_near = np.zeros(found.shape, dtype=bool)
        is_near[found.coords] = True
        return is_near

    kinds = town_and_country(
        options,
        ground,
        settlements,
        access,
        study_area=study_area,
        boundaries=boundaries,
        flows=flows,
        population=population,
        near=near,
    )
    listed = inventories(options, vocabulary, facilities, counts)
    towns = town_table(
        ground,
        facilities,
        access,
        routes[(routes["mode"] == mode) & (routes["service"] == "county_seat")],
        rules=options.score,
        listed={name for name, kind in listed.items() if kind == "complete"},
        satisfying=vocabulary.satisfying,
    )
    norms, left_out = score_norms(norm_results, only=rules.norms)
    ids = list(ground.ids)
    gap = reading(binding, ids, asked=rules.gap_norm)
    progress(0.2, "")
    places = place_scores(norm_results, ids, norms)
    common = places.common_access(ground.official_class)
    # Clusters of access among the neighbours that the study asks for.
    neighbours, homes = rules.neighbours, gpd.GeoDataFrame(ground.settlements)
    if neighbours == "township":
        clusters = township_clusters(ground, common, boundaries, rule=neighbours, seed=rules.seed)
    else:
        by_road: dict[str, Any] = {"k": NEIGHBOURS, "rules": travel.rules, "barriers": travel.barriers}
        near_by = (
            nearest_in_line(shapely.get_coordinates(homes.geometry.to_numpy()), NEIGHBOURS)
            if neighbours == "straight_line"
            else travel_time_neighbours(travel.graph, homes, **by_road)
        )
        clusters = settlement_clusters(ground, common, near_by, rule=neighbours, seed=rules.seed)
    service_of = dict(zip(binding["norm_id"].astype(str), binding["service"].astype(str), strict=True))
    # What borders cost is asked of services, not of towns.
    local = {norm for norm, word in service_of.items() if not _counting(word, vocabulary) & set(TOWN_TIERS)}
    border = reading(binding[binding["norm_id"].isin(local) & binding["unit"].eq("min")], ids)

    there = gpd.GeoDataFrame(pd.concat([facilities, towns_as_facilities(settlements)], ignore_index=True))
    wanted = _counting(gap.service, vocabulary)
    robust = None
    if gap.unit == "min" and wanted & set(there["service"].astype(str)):
        robust = robust_coverage(
            travel.graph,
            homes,
            there,
            service=wanted,
            vocabulary=vocabulary,
            cutoff_min=gap.threshold,
            rules=travel.rules,
            barriers=travel.barriers,
        )
    times_to = border_times(
        ground,
        facilities,
        _counting(border.service, vocabulary),
        graph=travel.graph,
        rules=travel.rules,
        barriers=travel.barriers,
    )
    # Ways to the nearest town by straight lines to the same.
    to_town = access[access["service"] == "town"].set_index("settlement_id")
    to_town = to_town.reindex(ids)
    goals = there.drop_duplicates("facility_id").set_index("facility_id").geometry
    line = shapely.distance(
        ground.settlements.geometry.to_numpy(), np.array(goals.reindex(to_town["facility_id"]), dtype=object)
    )
    space = {"circuity": circuity(to_town["network_distance_m"].to_numpy(dtype=np.float64), line)}
    coverage = towns["coverage_share"].to_numpy(dtype=np.float64)
    if (~np.isnan(coverage)).sum() > 1:
        sizes = rank_size(towns["population_persons"])
        space = space | {"rank_size_exponent": sizes.exponent, "primacy": sizes.primacy_two}
        space = space | {"town_polycentricity": polycentricity(coverage[~np.isnan(coverage)])}
    complete = towns.set_index("settlement_id")["completeness"].reindex(ids)
    spread = spread_of(
        ground, gap.beyond, norm=gap.norm, boundaries=boundaries, environment_km=options.score.environment_km
    )
    evidence = Evidence(
        connected=connection(access, last_mile, ids, mode),
        road_near=road_is_near(last_mile, ids),
        **gap.evidence,
        completeness=complete.to_numpy(dtype=np.float64),
        gates=gates_by_unit(norm_results),
        **times_to._asdict(),
        border_service=border.service,
        border_threshold_min=border.threshold,
        border_norm=border.norm,
        robust=robust,
        space=space,
        spread=(*spread, clusters.component),
    )
    progress(0.6, "")

    judged: dict[str, Any] = {"boundaries": boundaries, "flows": flows, "rules": rules}
    base = score_study(settlements, places, evidence, **judged)
    progress(0.8, "")
    # Measure the pillars again with goalposts, and with speeds, that are nearer or further.
    results = scored_results(norm_results)
    variants = {
        name: [
            pillar_levels(
                settlements,
                place_scores(scaled_norms(results, binding, factor, units=units), ids, norms),
                evidence,
                **judged,
            )
            for factor, units in bends
        ]
        for name, bends in BENDS.items()
    }
    # Find whom known issues of the sources forbid to rank or to compare.
    townships = base.scores.loc[base.scores["unit_level"] == "township", "unit_id"].astype(str).tolist()
    found = doubted_units(known_issues, boundaries, townships)
    doubts = rank_doubts(found, townships, dict(zip(ground.ids, ground.township, strict=True)))
    ranked, pairs, shares = rank_units(base.scores, rules, variants=variants, doubts=doubts)
    # Model flows between the places of the study area, where the study asks for them.
    models = options.score.potential_flows
    # From each to each: too many to hold where nobody asks.
    times = np.empty((0, 0))
    if models:
        ways = travel.minutes(ground, homes, key="settlement_id")
        times = np.full((len(ground), len(ground)), np.inf)
        times[ways.coords] = ways.data
    points = shapely.get_coordinates(homes.geometry.to_numpy())
    serving = facilities[facilities["status"].eq("existing")]
    serving = serving[~(serving.geometry.is_empty | serving.geometry.isna())]
    at = KDTree(points).query(shapely.get_coordinates(serving.geometry.to_numpy()))[1]
    attraction = np.bincount(np.asarray(at, dtype=np.int64), minlength=len(ground)).astype(np.float64)
    potential = potential_flows(ground, times, models, attraction=attraction)
    return {
        **kinds,
        "towns": towns,
        "town_system": town_system_table(towns),
        "flow_balances": base.flows,
        "access_clusters": clusters.table,
        "score_components": base.components,
        "score_norms": norms_table(norm_results, norms, left_out),
        "scores": ranked,
        "rank_pairs": pairs,
        "score_variance": shares,
        "inequality": inequality_table(ground, places, rank_by=options.score.rank_column),
        "coordination": coordination_table(ground, places, evidence),
        "potential_flows": potential,
    }


def _counting(service: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Services of facilities, or tiers of towns, that count for a service of the register."""
    item = vocabulary.for_register(service)
    return frozenset() if item is None else counting(item.id, vocabulary)
