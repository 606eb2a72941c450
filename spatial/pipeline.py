"""The straight line: raw files become tables, a travel graph, times, access, norms, gaps, maps and QGIS layers."""

from __future__ import annotations

import re
from typing import Any

from spatial.runner.stage import Asked, Late, Stage
from spatial.study.score import LAW_KEYS

# Names of tables that several stages read, and of keys of the study that several take; ? marks what may be absent.
READ = (
    "places facilities roads turns? boundaries water study_area flows counts findings_read provenance known_issues "
    "unplaced? official_units?"
)
TRAVEL = "study_area water nodes edges"
FITTED = "calibration_factors? calibration_errors? calibration_observations?"
RESULTS = "snaps access last_mile routes norm_results inventory"
SCORE = (
    "settlement_types unit_types functional_areas towns town_system flow_balances access_clusters score_components "
    "score_norms scores rank_pairs score_variance inequality coordination potential_flows"
)
PLANS = (
    "plans plan_actions plan_people plan_options plan_curve plan_progress? plan_refused? plan_matches? plan_capacity? "
    "plan_stops? plan_owners? plan_sources? site_profile?"
)
ACCOUNTS = "counts provenance known_issues population_account unit_totals?"
GROUND = "settlements facilities roads boundaries water study_area flows edges"
DRAWN_ROADS = "roads[road_id,road_class,ref,name,name_en,name_zh,geometry]"
SEEN = (
    f"settlements facilities {DRAWN_ROADS} boundaries water study_area flows "
    "edges[mode,edge_id,road_id,road_class,component,all_season,geometry]"
)
ENGINE = (
    "measures[settlement_id,service,mode,group,measure,value,unit,status,edge_risk,texts=categories]? served? "
    "isochrones? catchments? intervals? wet_losses? rural_access? cells? cell_access? off_road?"
)
TRIALS = f"{FITTED} scenario_access? emergency_response? emergency_people?"
WARNED = "findings_network findings_scenarios?"  # facilities that a scenario closes while a namesake stays open
FINDINGS = f"findings_read findings_population? findings_access findings_off_road? {WARNED}"
OF_UNITS = SCORE.replace("score_components", "score_components[unit_level!=settlement]")
TOLD = f"norm_results inventory {OF_UNITS} {ACCOUNTS} intervals? rural_access? {FITTED} emergency_people? {WARNED}"

LAW = " ".join(LAW_KEYS)
ASKED = Asked(Late("spatial.stages.policy", "asked"), (*LAW_KEYS, "access.services"))
LISTS = "inventory sources.facilities sources.osm"
SERVICES = "access.max_time_min access.services services_file network"
TIMES = f"{SERVICES} access.direction region.buffer_km"
SHOWN = f"{LAW} name title synthetic note population.basis network.modes outputs scenarios score.level_bands"

_BESIDE = {
    "calibration": "network",
    "cutoffs": "access",
    "cells": "access",
    "emergency": "access",
    "areas": "measures",
    "gaps": "norms",
    "sign_off": "norms",
}
"""Stages that stand in the module of another."""
_SHARES = {
    "read": 17.0, "network": 5.0, "population": 16.0, "access": 34.0, "measures": 19.0, "cutoffs": 12.0, "norms": 7.0,
    "score": 57.0, "plan": 29.0, "gaps": 8.0, "sign_off": 2.0, "workbook": 10.0, "maps": 61.0, "qgis": 18.0,
}  # fmt: skip
"""CPU seconds of a country of 100,000 settlements, by which the progress of a first run is told."""
_COLUMNS = re.compile(r"(\w+)\[([\w,!=]+)\]")
"""
Tables of which a stage takes some columns or rows: ``roads[road_class,geometry]``, ``scores[unit_level!=study]``.

Texts are categories where ``texts=categories`` is among them (`spatial.store.CATEGORIES`).
"""


def _stage(name: str, reads: str, makes: str, options: str, **where: Any) -> Stage:
    """Declare a stage whose function has its name, in the module of that name or in that of the stages beside it."""
    late = Late(f"spatial.stages.{_BESIDE.get(name, name)}", name)
    where.setdefault("share", _SHARES.get(name, 1.0))
    where.setdefault("columns", {table: tuple(named.split(",")) for table, named in _COLUMNS.findall(reads)})
    takes, made, keys = (tuple(names.split()) for names in (_COLUMNS.sub(r"\1", reads), makes, options))
    return Stage(name, late, takes, made, keys, **where)


# fmt: off
STAGES = (  # name, what it reads, what it makes, and the keys of the study that it takes
    _stage("read", "", f"{READ} population? elevation? landcover?",
           "region sources tiers placing merge corrections services_file working_crs",
           files="processed", reads_raw=True),
    _stage("calibration", "roads turns? places facilities study_area water elevation?", FITTED, "calibration network"),
    _stage("network", "roads turns? places study_area water elevation? calibration_factors?",
           "nodes edges findings_network", "network calibration"),
    _stage("population", "places study_area boundaries nodes edges official_units? population?",
           "settlements population_account unit_totals? findings_population?",
           "population network sources placing region official"),
    _stage("access", f"settlements facilities {TRAVEL}",
           "snaps access last_mile routes findings_access", TIMES, asks=ASKED),
    _stage("measures", f"settlements facilities {TRAVEL}",
           "measures? served?", f"{SERVICES} access.cutoffs_min measures", asks=ASKED),
    _stage("areas", f"settlements facilities {TRAVEL} population?",
           "isochrones? catchments?", f"{SERVICES} access.direction areas", asks=ASKED),
    _stage("certainty", f"settlements facilities boundaries {TRAVEL} access population? {FITTED}",
           "intervals? wet_losses? rural_access?", f"{TIMES} uncertainty calibration", asks=ASKED),
    _stage("cutoffs", f"settlements facilities {TRAVEL} intervals?",
           "access_counts interval_people?", f"{TIMES} access.cutoffs_min", asks=ASKED),
    _stage("scenarios", f"settlements facilities {TRAVEL}",
           "scenario_access? scenario_people? findings_scenarios?",
           f"{TIMES} access.cutoffs_min scenarios", asks=ASKED),
    _stage("emergency", f"settlements facilities {TRAVEL}",
           "emergency_response? emergency_people?", "emergency network services_file"),
    _stage("cells", f"settlements facilities boundaries {TRAVEL} population?",
           "cells? cell_access?", f"{TIMES} access.cutoffs_min access.origins access.cell_m", asks=ASKED),
    _stage("off_road", "settlements facilities roads water landcover? elevation?",
           "off_road? findings_off_road? friction? off_road_min?", "off_road access.direction services_file"),
    _stage("norms", "settlements facilities unplaced? boundaries roads[road_class,surface,geometry] "
           "access[settlement_id,service,mode,reach_status,travel_time_min,network_distance_m,shortest_distance_m,"
           "straight_distance_m] last_mile counts",
           "norm_results inventory", f"{LAW} official {LISTS}"),
    _stage("score", f"settlements facilities boundaries {TRAVEL} "
           "access[settlement_id,service,mode,facility_id,travel_time_min,network_distance_m,reach_status,"
           "texts=categories] last_mile routes norm_results[unit_level,unit_id,norm_id,service,share_of,"
           "status_as_mapped,reason,gate,value,"
           "depth_fgt1,served_share,attainment,target_share,persons_in_scope,persons_served,persons_unknown,"
           "places_in_scope,places_served,texts=categories] flows known_issues counts population?",
           SCORE, f"{LAW} network region.unit_tolerance_m score {LISTS}"),
    _stage("plan", f"settlements facilities boundaries flows {TRAVEL} landcover? elevation? "
           "access[settlement_id,service,mode,reach_status,travel_time_min,network_distance_m,shortest_distance_m,"
           "straight_distance_m,texts=categories] norm_results[texts=categories]", PLANS,
           f"{LAW} access.services network access.direction region.unit_levels plans planning uncertainty off_road "
           "measures.catchment_min measures.demand measures.mode measures.persons_per_unit",
           files="processed"),
    _stage("gaps", f"{TOLD} snaps[place_id,place_kind,mode,snap_status,snap_distance_m] access last_mile "
           "scenario_access? settlements facilities boundaries "
           f"edges[mode,length_m,speed_source,all_season,component] {PLANS}", "gaps summary",
           f"{LAW} network uncertainty calibration name title synthetic note population outputs.status score plans"),
    _stage("sign_off", "settlements population_account unit_totals? facilities findings_read "
           "roads[road_class,oneway,geometry] study_area edges[mode,length_m,speed_source,surface] "
           "access[settlement_id,service,mode,facility_id,travel_time_min,second_facility_id,second_travel_time_min] "
           "norm_results inventory counts", "sign_off field_checks?",
           f"{LAW} official {LISTS} population field_checks"),
    _stage("workbook", f"{TOLD} settlements facilities boundaries {DRAWN_ROADS} "
           "edges[edge_id,road_id,road_class,geometry] gaps summary sign_off field_checks? "
           "plan_progress? plan_refused? plan_capacity? plan_stops? plan_owners? plan_sources? site_profile?", "",
           f"{LAW} title synthetic note population outputs",
           files="processed"),
    _stage("maps", f"{SEEN} {ACCOUNTS} "
           "snaps[place_id,place_kind,mode,edge_id,snap_distance_m,snap_time_min,snap_status] access[texts=categories] "
           "last_mile routes norm_results[norm_id,unit_level,unit_id,service,norm_class,status,status_as_mapped,reason,"
           "gate,share_of,value,served_share,served_share_lower,served_share_upper,persons_in_scope,persons_served,"
           "persons_unserved,persons_unknown,places_in_scope,places_served,places_unserved,places_unknown,"
           "texts=categories] "
           f"inventory {ENGINE} {TRIALS} {OF_UNITS} {PLANS} gaps summary sign_off "
           f"elevation? field_checks? {WARNED}", "", f"{SHOWN} {LISTS} official score.weights", files="maps"),
    _stage("qgis", f"{GROUND} {ACCOUNTS} {RESULTS} {ENGINE} {TRIALS} {FINDINGS} {SCORE} {PLANS} gaps summary "
           "population? friction? off_road_min? interval_people? scenario_people?", "",
           f"{SHOWN} access.cutoffs_min off_road.service qgis", files="processed",
           columns=Late("spatial.stages.qgis", "columns_read")),
)
# fmt: on
TODAY = STAGES[: 1 + [stage.name for stage in STAGES].index("population")]
"""What a scenario is laid on: people stay where they live, and reach the roads as they are today."""
_LAID = " ".join(name for stage in TODAY for name in stage.makes)
SCENARIO_STAGES = (
    _stage("scenario", _LAID, _LAID, "scenario study network region services_file", reads_base=True),
    *STAGES[len(TODAY) :],
)
