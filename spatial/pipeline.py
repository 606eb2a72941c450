"""The straight line: raw files become tables, a travel graph, times, access, norms, gaps, maps and QGIS layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spatial import stages
from spatial.results import Results
from spatial.runner import Stage, run_stages
from spatial.sources.prepare import refuse_missing
from spatial.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STAGES", "folders_of", "run"]

EVERYTHING = tuple(key for key in Study.model_fields if key != "raw")
RASTERS = ("population?", "elevation?", "landcover?")
LAW = ("norms", "jurisdictions", "as_of", "tiers", "access", "services_file")
FINDINGS = (
    "findings_read",
    "findings_population?",
    "findings_network",
    "findings_access",
    "findings_off_road?",
)
GROUND = ("settlements", "facilities", "roads", "boundaries", "water", "study_area", "flows", "edges")
TIMES = (*LAW, "network", "region")
FITTED = ("calibration_factors?", "calibration_errors?", "calibration_observations?")
TRAVEL = ("study_area", "water", "nodes", "edges")
ACCOUNTS = ("counts", "provenance", "known_issues", "population_account", "unit_totals?")
RESULTS = ("snaps", "access", "last_mile", "routes", "norm_results", "inventory")
SCORE = (
    "settlement_types",
    "unit_types",
    "functional_areas",
    "towns",
    "town_system",
    "flow_balances",
    "access_clusters",
    "score_components",
    "score_norms",
    "scores",
    "rank_pairs",
    "score_variance",
    "inequality",
    "coordination",
    "rankings",
    "potential_flows",
)

# fmt: off
ENGINE = ("measures?", "facility_use?", "served?", "isochrones?", "catchments?", "intervals?", "interval_people?",
          "wet_losses?", "rural_access?", "cells?", "cell_access?", "off_road?")
TRIALS = (*FITTED, "scenario_access?", "scenario_people?", "emergency_response?", "emergency_people?")
STAGES = (
    Stage("read", stages.read, (), (*stages.READ_TABLES, *RASTERS),
          ("region", "sources", "tiers", "placing", "merge", "services_file", "working_crs"), files="processed",
          reads_raw=True),
    Stage("calibration", stages.calibration, ("roads", "turns?", "places", "facilities", "study_area", "water",
          "elevation?"), FITTED, ("calibration", "network")),
    Stage("network", stages.network, ("roads", "turns?", "study_area", "elevation?", "calibration_factors?"),
          ("nodes", "edges", "findings_network"), ("network", "calibration")),
    Stage("population", stages.population, ("places", "study_area", "boundaries", "nodes", "edges", "official_units?",
          "population?"), ("settlements", "population_account", "unit_totals?", "findings_population?"),
          ("population", "network", "sources", "placing", "region", "official")),
    Stage("access", stages.access, ("settlements", "facilities", "study_area", "water", "nodes", "edges"),
          ("snaps", "access", "last_mile", "routes", "findings_access"), TIMES),
    Stage("measures", stages.measures, ("settlements", "facilities", *TRAVEL),
          ("measures?", "facility_use?", "served?"), (*TIMES, "measures")),
    Stage("areas", stages.areas, ("facilities", *TRAVEL, "population?"), ("isochrones?", "catchments?"),
          (*TIMES, "areas")),
    Stage("certainty", stages.certainty, ("settlements", "facilities", "boundaries", *TRAVEL, "access", "population?",
          *FITTED), ("intervals?", "interval_people?", "wet_losses?", "rural_access?"),
          (*TIMES, "uncertainty", "calibration")),
    Stage("scenarios", stages.scenarios, ("settlements", "facilities", *TRAVEL),
          ("scenario_access?", "scenario_people?"), (*TIMES, "scenarios")),
    Stage("emergency", stages.emergency, ("settlements", "facilities", *TRAVEL),
          ("emergency_response?", "emergency_people?"), ("emergency", "network", "services_file")),
    Stage("cells", stages.cells, ("settlements", "facilities", "boundaries", *TRAVEL, "population?"),
          ("cells?", "cell_access?"), TIMES),
    Stage("off_road", stages.off_road, ("settlements", "facilities", "roads", "water", "landcover?", "elevation?"),
          ("off_road?", "findings_off_road?", "friction?", "off_road_min?"), ("off_road", "access", "services_file")),
    Stage("norms", stages.norms, ("settlements", "facilities", "unplaced?", "boundaries", "roads", "access",
          "last_mile"),
          ("norm_results", "inventory"), (*LAW, "inventory", "official", "sources")),
    Stage("score", stages.score, ("settlements", "facilities", "boundaries", *TRAVEL, "access", "last_mile", "routes",
          "norm_results", "flows", "known_issues", "population?"), SCORE, (*TIMES, "score", "inventory", "sources")),
    Stage("gaps", stages.gaps, (*RESULTS, *SCORE, *ACCOUNTS, "settlements", "boundaries", "edges", "intervals?",
          "rural_access?", *FITTED, "scenario_people?", "emergency_people?"), ("gaps",),
          (*LAW, "network", "uncertainty", "calibration", "name", "title", "synthetic", "note", "population",
           "outputs", "score"), files="processed"),
    Stage("sign_off", stages.sign_off, ("settlements", "population_account", "unit_totals?", "facilities",
          "findings_read", "roads", "study_area", "edges", "access", "norm_results", "inventory"), ("sign_off",),
          (*LAW, "official", "inventory", "sources", "population")),
    Stage("workbook", stages.workbook, (*RESULTS, *SCORE, *ACCOUNTS, "settlements", "facilities", "boundaries", "roads",
          "edges", "intervals?", "rural_access?", *FITTED, "scenario_people?", "emergency_people?", "gaps", "sign_off"),
          (), (*LAW, "network", "uncertainty", "calibration", "name", "title", "synthetic", "note", "population",
               "outputs", "score"), files="processed"),
    Stage("maps", stages.maps, (*GROUND, *ACCOUNTS, *RESULTS, *ENGINE, *TRIALS, *SCORE, "gaps", "sign_off",
          "unit_totals?", "elevation?"), (), EVERYTHING, files="maps"),
    Stage("qgis", stages.qgis, (*GROUND, *ACCOUNTS, *RESULTS, *ENGINE, *TRIALS, *FINDINGS, *SCORE, "gaps",
          "population?", "friction?", "off_road_min?"), (), EVERYTHING, files="processed"),
)
# fmt: on


def folders_of(
    study: Study, processed: str | Path = "data/processed", maps: str | Path = "maps"
) -> tuple[Path, Path]:
    """
    Name the output folders of a study.

    Parameters
    ----------
    study : Study
        The study.
    processed, maps : str or Path
        The folders that hold one folder a study each.

    Returns
    -------
    tuple of Path
        The processed folder and the folder of pages.
    """
    return Path(processed) / study.name, Path(maps) / study.name


def run(
    study: Study,
    *,
    processed: str | Path = "data/processed",
    maps: str | Path = "maps",
    until: str | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Results:
    """
    Run the whole line, or what of it is not up to date.

    Parameters
    ----------
    study : Study
        What is studied.
    processed, maps : str or Path
        The folders that hold one folder a study each.
    until : str, optional
        Last stage to run.
    progress : callable, optional
        Takes the fraction done and a message.

    Returns
    -------
    Results
        Frames by name, and where the pages are.

    Raises
    ------
    StudyError
        Where the study names services, norms, speeds, languages or a CRS that are not there; nothing runs then.
    SourceError
        Where files are missing; all are named, before any work.
    StageError
        From the cause, where a stage fails; finished stages are kept.
    StoreError
        Where a folder is locked, full or cannot be written.
    """
    stages.check_policy(study)
    refuse_missing(study)
    folder, pages = folders_of(study, processed, maps)
    run_stages(STAGES, study, folder, pages, until=until, progress=progress)
    return Results(folder, pages)
