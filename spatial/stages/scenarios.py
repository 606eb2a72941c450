"""Stage `scenarios`: roads closed, faster or new, facilities that open or close, and who gains and loses by it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.access.cells import towns_as_facilities
from spatial.access.options import TOWN_TIERS
from spatial.access.places import find_settlement, share_with_units, unknown_units
from spatial.access.scenarios import compare_scenarios, scenario_people
from spatial.arrays import BoolArray
from spatial.crs import METRES_A_KM, WGS84, require_metres
from spatial.errors import ContractError, faults_at, first_of, refuse
from spatial.formats.notes import Finding, faults_of, findings_frame, log_notes
from spatial.inputs.facility_facts import read_facts, service_by_day
from spatial.inputs.list_merge import SAME, family_of
from spatial.inputs.names import namesake_findings, open_namesakes
from spatial.inputs.user_tables import facilities_from_table, new_roads_from_table, read_table
from spatial.messages import warn
from spatial.network.graph import TravelGraph
from spatial.network.scenarios import Scenario, edges_closed_by, unknown_names
from spatial.network.speeds import load_speeds
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.policy import speed_table, vocabulary_of
from spatial.stages.shared import (
    closer_services,
    graph_of,
    headline_cutoffs,
    headline_minutes,
    headline_towns,
    surroundings_of,
    townspeople,
)
from spatial.study.scenarios import ScenarioOptions

LOGGER = logging.getLogger(__name__)
TOWN_ID = "town:"
"""Put before the id of a town that stands among facilities."""
ACROSS_M = 1.0
"""A new road that reaches no further over a hard border ends on it. Metres."""
COLUMNS = ("facility_id", "service", "status", "open_to", "eligible_units", "geometry")


def scenarios(
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
    """Compare the study's scenarios with the network as it is, each in its mode, by default the study's first."""
    if not options.scenarios:
        return {}
    graphs: dict[str | None, TravelGraph] = {
        mode: graph_of(options, nodes, edges, mode) for mode in {item.mode for item in options.scenarios}
    }
    refuse_unknown(options.scenarios, graphs, facilities)
    after = {item.name: facilities_after(options, item, facilities, settlements) for item in options.scenarios}
    warned = namesakes_left_open(options, after, facilities)
    made: dict[str, Value] = {}
    if warned:
        made["findings_scenarios"] = findings_frame(warned, crs=require_metres(facilities.crs, what="facilities"))
    tables = []
    barriers = surroundings_of(options, study_area, water).barriers
    limits, longest = headline_minutes(options), max(options.access.cutoffs_min)
    own = towns_as_facilities(settlements)
    own = own.assign(facility_id=(TOWN_ID + own["facility_id"]).astype("str"))
    for number, item in enumerate(options.scenarios):
        progress(number / len(options.scenarios), item.name)
        graph, then = graphs[item.mode], after[item.name]
        new = then.loc[~then["facility_id"].isin(facilities["facility_id"])]
        reach_m = options.network.max_snap_m
        if far := new.loc[off_roads(new.geometry, edges, settlements, reach_m), "facility_id"].tolist():
            warn(LOGGER, "opens_off_roads", scenario=item.name, ids=first_of(far), km=f"{reach_m / METRES_A_KM:g}")
        # The tiers of towns, and all services with these: those named, or those of the headline norms and of what opens
        # or closes, so that a clinic shows as the clinic that it is, and not only as what norms count it for.
        either = gpd.GeoDataFrame(pd.concat([facilities, then], ignore_index=True))
        towns = {name: TOWN_TIERS[name] for name in item.services if name in TOWN_TIERS}
        others = [name for name in item.services if name not in TOWN_TIERS]
        if not item.services:
            towns = headline_towns(options, settlements)
            others = sorted(set(either.drop_duplicates("facility_id", keep=False)["service"]))
        closer = closer_services(options, either, others) if others else {}
        if not item.services:
            closer = closer_services(options, either, ()) | closer
        services = closer | towns
        if not services:
            continue
        compared = compare_scenarios(
            graph,
            network_scenario(options, item, graph, study_area),
            settlements,
            _stacked([facilities, own]),
            service=services,
            vocabulary=vocabulary_of(options),
            cutoff_min={name: limits.get(name, longest) for name in services},
            direction=options.access.direction,
            facilities_after={item.name: _stacked([then, own])},
            rules=options.network,
            barriers=barriers,
        )
        at_home = pd.Series(False, index=compared.index)
        for name in towns:
            in_town = townspeople(compared["settlement_id"], settlements, TOWN_TIERS[name])
            at_home |= in_town & (compared["service"] == name)
        # Give a town no way to itself, before and after.
        minutes = {
            f"{side}_min": compared[f"{side}_min"].mask(at_home, 0.0) for side in ("before", "after", "difference")
        }
        status = {f"{side}_status": compared[f"{side}_status"].mask(at_home, "reached") for side in ("before", "after")}
        within = {f"within_{side}": compared[f"within_{side}"] | at_home for side in ("before", "after")}
        change = compared["class_change"].mask(at_home, "same")
        if len(compared):
            tables.append(compared.assign(**minutes, **status, **within, class_change=change))
    if tables:
        stacked = pd.concat(tables, ignore_index=True).rename(columns={"persons": "population_persons"})
        made |= {"scenario_access": stacked, "scenario_people": scenario_people(stacked, headline_cutoffs(options))}
    return made


def off_roads(
    points: gpd.GeoSeries, edges: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame, within_m: float
) -> BoolArray:
    """Tell of which points every road and settlement lies further away, so that nobody could come there."""
    near = [frame.sindex.nearest(points, max_distance=within_m)[0] for frame in (edges, settlements)]
    return ~np.isin(np.arange(len(points)), np.concatenate(near))


def closing_marks(options: Options, item: ScenarioOptions, crs: pyproj.CRS) -> gpd.GeoDataFrame | None:
    """Read the points, lines and areas by which a scenario closes roads; None where it has no such file."""
    if item.close_file is None:
        return None
    file = options.raw_path(item.close_file.path)
    marks = read_table(file, item.close_file, what=f"scenario {item.name}, close_file").to_crs(crs)
    log_notes(marks, what=f"scenario {item.name}, close_file {file}")
    return marks


def added_roads(options: Options, item: ScenarioOptions, crs: pyproj.CRS) -> gpd.GeoDataFrame | None:
    """Take the roads that a scenario builds, from its file and from its own list. Returns None where it builds none."""
    parts = []
    if item.new_roads is not None:
        parts.append(new_roads_from_table(options.raw_path(item.new_roads.path), item.new_roads, crs=crs))
    if item.build:
        told = pd.DataFrame([road.model_dump(exclude={"points"}) for road in item.build])
        lines = gpd.GeoSeries([shapely.LineString(road.points) for road in item.build], crs=WGS84)
        parts.append(gpd.GeoDataFrame(told, geometry=lines).to_crs(crs))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=crs)


def network_scenario(
    options: Options, item: ScenarioOptions, graph: TravelGraph, study_area: gpd.GeoDataFrame
) -> Scenario:
    """Read the files of a scenario and make it one of the network; no new road crosses a hard border."""
    added = added_roads(options, item, graph.crs)
    if added is not None and options.network.hard_border:
        inside = added.intersection(study_area.to_crs(graph.crs).union_all()).length
        over = added.index[(inside > ACROSS_M) & (added.length - inside > ACROSS_M)]
        if len(over):
            roads = first_of([added["road_id"][row] if "road_id" in added else row for row in over])
            why = f"new roads cross the edge of the study area, which network.hard_border closes: {roads}"
            raise ContractError(f"scenario {item.name}", [f"{why}; end them there, or leave hard_border out"])
    closed = list(item.close)
    marks = closing_marks(options, item, graph.crs)
    if marks is not None:
        closed += edges_closed_by(graph, marks, within_m=item.close_within_m).tolist()
    # What multiplies every speed of the study holds for new roads that take theirs from the table.
    table = load_speeds(speed_table(options, options.network.speeds))
    factor = options.network.speed_factor
    modes = {name: rules.model_copy(update={"factor": rules.factor * factor}) for name, rules in table.modes.items()}
    return Scenario(
        item.name,
        close=closed,
        speeds=item.speeds_km_h,
        factors=item.speed_factors,
        add=added,
        season=item.season,
        table=table.model_copy(update=modes),
        snap_tolerance_m=item.snap_tolerance_m,
    )


def facilities_after(
    options: Options, item: ScenarioOptions, facilities: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Close, change, open and share the facilities of a scenario."""
    kept = facilities_left(options, item, facilities)
    new = opened_facilities(options, item, facilities, settlements)
    return shared_facilities(options, item, kept if new is None else _stacked([kept, new]), settlements)


def facilities_left(options: Options, item: ScenarioOptions, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Close facilities of today, and give others another capacity; the very same where a scenario does neither."""
    closed = facilities["facility_id"].isin(item.close_facilities)
    kept = facilities.loc[~closed] if item.close_facilities else facilities
    if not item.change_capacity:
        return kept
    told = kept["facility_id"].map(item.change_capacity)
    kept = kept.assign(capacity=told.fillna(kept["capacity"]))
    offered = kept.loc[kept["status"] == "existing"]
    vocabulary = vocabulary_of(options)
    for service in sorted(set(offered.loc[offered["facility_id"].isin(item.change_capacity), "service"])):
        unknown = offered.loc[offered["service"].isin(vocabulary.satisfying(service)) & offered["capacity"].isna()]
        if len(unknown):
            LOGGER.warning(
                "scenario %s: change_capacity: the capacity of %s of %s is not known, so that each of them counts one",
                item.name, first_of(unknown["facility_id"].tolist()), service,
            )  # fmt: skip
    return kept


def shared_facilities(
    options: Options, item: ScenarioOptions, facilities: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Open what is kept for units to the units that share with them; refuses units and sharing that are none."""
    key, problems = f"scenarios.{item.name}.share_units", []
    for row in item.share_units:
        remedy = "; name units by the unit_code, township_id or township of settlements"
        if strange := faults_at(f"{key}: no settlement lies in a unit", unknown_units(settlements, row.units), remedy):
            problems += strange
            continue
        kinds = frozenset().union(*(vocabulary_of(options).satisfying(name) for name in row.services))
        theirs = facilities["service"].isin(kinds) if row.services else facilities["service"].notna()
        shared = share_with_units(facilities, row.units, theirs.to_numpy(dtype=bool))
        if "eligible_units" not in shared or shared["eligible_units"].equals(facilities["eligible_units"]):
            problems.append(
                f"{key}: of {first_of(row.units)} none keeps a facility from another, so that nothing is there to "
                "share; leave it out, or say in the list of facilities for whom each is (eligible_units)"
            )
        facilities = shared
    refuse("scenarios", problems)
    return facilities


def namesakes_left_open(
    options: Options, after: Mapping[str, gpd.GeoDataFrame], facilities: gpd.GeoDataFrame
) -> list[Finding]:
    """Warn of facilities that scenarios close while another of their name stays open near them, in the log too."""
    vocabulary = vocabulary_of(options)
    found = namesake_findings(
        (name, item)
        for name, later in after.items()
        for item in open_namesakes(facilities, later, lambda one, two: family_of(one, two, vocabulary) == SAME)
    )
    for finding in found:
        LOGGER.warning("%s", finding.detail)
    return found


def opened_facilities(
    options: Options, item: ScenarioOptions, facilities: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame
) -> gpd.GeoDataFrame | None:
    """Take the facilities that a scenario opens, from its file and from its own list."""
    crs, vocabulary, parts = require_metres(facilities.crs, what="facilities"), vocabulary_of(options), []
    if item.new_facilities is not None:
        file = options.raw_path(item.new_facilities.path)
        with faults_of(f"scenarios.{item.name}.new_facilities"):
            new = facilities_from_table(
                file, item.new_facilities, services=vocabulary.ids, named=options.columns_named["facilities"]
            )
        read_facts(new, item.new_facilities, vocabulary)
        log_notes(new, what=f"scenario {item.name}, new_facilities {file}")
        parts.append(new.to_crs(crs))
    if item.open or item.mobile_stops:
        parts.append(_listed(options, item, facilities, settlements))
    if not parts:
        return None
    new = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=crs)
    taken = new.loc[new["facility_id"].isin(facilities["facility_id"]), "facility_id"].tolist()
    taken += new.loc[new["facility_id"].duplicated(), "facility_id"].tolist()
    what = ", ".join(key for key in ("new_facilities", "open", "mobile_stops") if getattr(item, key))
    refuse(f"scenario {item.name}", faults_at(f"{what}: the study has", taken, " already; give other ids"))
    # What a scenario opens serves, whatever the file calls it.
    return new.assign(status="existing")


def _listed(
    options: Options, item: ScenarioOptions, facilities: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Place the facilities and stops that a scenario lists: in a settlement, where one is planned, or at a point."""
    planned = facilities.loc[facilities["status"] == "candidate"].set_index("facility_id").geometry
    homes, problems, shapes = settlements.set_index("settlement_id").geometry, [], []
    rows = [(each, "open", 1.0) for each in item.open]
    rows += [(each, "mobile_stops", stops.share_of_week) for stops in item.mobile_stops for each in stops.stops]
    points = gpd.GeoSeries([shapely.Point(each.lon or 0.0, each.lat or 0.0) for each, *_ in rows], crs=WGS84)
    points = points.to_crs(require_metres(facilities.crs, what="facilities"))
    for (each, key, _), point in zip(rows, points, strict=True):
        try:
            known = planned if each.at in planned.index else homes
            shapes.append(
                point
                if each.at is None
                else known[each.at if known is planned else find_settlement(settlements, each.at)]
            )
        except ContractError as error:
            problems += [f"scenarios.{item.name}.{key}.{each.id}.at: {problem}" for problem in error.problems]
    vocabulary = vocabulary_of(options)
    for stops in item.mobile_stops:
        by_day = service_by_day(stops.service, vocabulary)
        if by_day != stops.service:
            problems.append(
                f"scenarios.{item.name}.mobile_stops: {stops.service} never closes, and nothing that comes by is "
                f"that; name {by_day}"
            )
    refuse(f"scenario {item.name}", problems)
    usual = facilities.loc[facilities["status"] == "existing"].groupby("service")["capacity"].median()
    told = pd.DataFrame(
        {
            "facility_id": [each.id for each, *_ in rows],
            "name": [each.name or None for each, *_ in rows],
            "service": [each.service for each, *_ in rows],
            "capacity": [
                share * usual.get(each.service, np.nan) if each.capacity is None else each.capacity
                for each, _, share in rows
            ],
        }
    )
    return gpd.GeoDataFrame(
        told.astype({"name": "str", "capacity": np.float64}), geometry=gpd.GeoSeries(shapes, crs=facilities.crs)
    )


def refuse_unknown(
    items: Sequence[ScenarioOptions], graphs: Mapping[str | None, TravelGraph], facilities: gpd.GeoDataFrame
) -> None:
    """Name the unknown ids of all scenarios at once, each against the network of its mode."""
    problems: list[str] = []
    for item in items:
        graph = graphs[item.mode]
        unknown = {
            "close": unknown_names(graph, item.close),
            "speeds_km_h": unknown_names(graph, item.speeds_km_h),
            "speed_factors": unknown_names(graph, item.speed_factors, classes=True),
        }
        for key, names in unknown.items():
            what = "edge, road or class" if key == "speed_factors" else "edge or road"
            problems += faults_at(f"scenarios.{item.name}.{key}: no {what}", names, f" in the study by {graph.mode}")
        problems += facility_faults(item, facilities)
    refuse("scenarios", problems)


def facility_faults(item: ScenarioOptions, facilities: gpd.GeoDataFrame) -> list[str]:
    """Name the facilities of a scenario that are not there, and those whose capacity means nothing."""
    status = dict(zip(facilities["facility_id"], facilities["status"], strict=True))
    problems: list[str] = []
    for key in ("close_facilities", "change_capacity"):
        unknown = [name for name in getattr(item, key) if name not in status]
        problems += faults_at(f"scenarios.{item.name}.{key}: no facility", unknown, " in the study")
    shut = [name for name in item.change_capacity if status.get(name, "existing") != "existing"]
    remedy = " serves nobody yet; give open the capacity"
    return problems + faults_at(f"scenarios.{item.name}.change_capacity:", shut, remedy)


def _stacked(frames: Iterable[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    every = [frame[[name for name in COLUMNS if name in frame]] for frame in frames]
    return gpd.GeoDataFrame(pd.concat(every, ignore_index=True), crs=every[0].crs)
