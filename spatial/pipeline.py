"""The straight line: raw files become tables, a travel graph, times, access, norms, gaps, maps and QGIS layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spatial.errors import StoreError
from spatial.results import Results
from spatial.runner.manifest import manifest_name
from spatial.runner.run import Decision, plan, run_stages
from spatial.runner.stage import Late, Stage
from spatial.store import Store
from spatial.study import Study
from spatial.study.planned import PlannedStudy, planned_study

if TYPE_CHECKING:
    from collections.abc import Callable


EVERYTHING = tuple(key for key in Study.model_fields if key != "raw")
READ_TABLES = (
    "places",
    "facilities",
    "roads",
    "turns?",
    "boundaries",
    "water",
    "study_area",
    "flows",
    "counts",
    "findings_read",
    "provenance",
    "known_issues",
    "unplaced?",
    "official_units?",
)
RASTERS = ("population?", "elevation?", "landcover?")
LAW = ("norms", "jurisdictions", "as_of", "tiers.urban", "access.max_time_min", "services_file")
FINDINGS = (
    "findings_read",
    "findings_population?",
    "findings_network",
    "findings_access",
    "findings_off_road?",
    "findings_scenarios?",
)
WARNED = ("findings_network", "findings_scenarios?")
"""Where facilities stand that a scenario closes while another of their name stays open."""
GROUND = ("settlements", "facilities", "roads", "boundaries", "water", "study_area", "flows", "edges")
SERVICES = (*LAW, "access.services", "network")
TIMES = (*SERVICES, "access.cutoffs_min", "access.direction", "region.buffer_km")
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


def _stage(
    name: str,
    reads: tuple[str, ...],
    makes: tuple[str, ...],
    options: tuple[str, ...] = (),
    *,
    files: Literal["processed", "maps"] | None = None,
    reads_raw: bool = False,
) -> Stage:
    """Declare a stage whose function has its name, in the module of that name."""
    late = Late(f"spatial.stages.{name}", name)
    return Stage(name, late, reads, makes, options, files=files, reads_raw=reads_raw)


# fmt: off
ENGINE = ("measures?", "facility_use?", "served?", "isochrones?", "catchments?", "intervals?", "interval_people?",
          "wet_losses?", "rural_access?", "cells?", "cell_access?", "off_road?")
TRIALS = (*FITTED, "scenario_access?", "scenario_people?", "emergency_response?", "emergency_people?")
STAGES = (
    _stage("read", (), (*READ_TABLES, *RASTERS),
          ("region", "sources", "tiers", "placing", "merge", "services_file", "working_crs"), files="processed",
          reads_raw=True),
    _stage("calibration", ("roads", "turns?", "places", "facilities", "study_area", "water",
          "elevation?"), FITTED, ("calibration", "network")),
    _stage("network", ("roads", "turns?", "study_area", "elevation?", "calibration_factors?"),
          ("nodes", "edges", "findings_network"), ("network", "calibration")),
    _stage("population", ("places", "study_area", "boundaries", "nodes", "edges", "official_units?",
          "population?"), ("settlements", "population_account", "unit_totals?", "findings_population?"),
          ("population", "network", "sources", "placing", "region", "official")),
    _stage("access", ("settlements", "facilities", "study_area", "water", "nodes", "edges"),
          ("snaps", "access", "access_counts", "last_mile", "routes", "findings_access"), TIMES),
    _stage("measures", ("settlements", "facilities", *TRAVEL),
          ("measures?", "facility_use?", "served?"), (*SERVICES, "access.cutoffs_min", "measures")),
    _stage("areas", ("facilities", *TRAVEL, "population?"), ("isochrones?", "catchments?"),
          (*SERVICES, "access.direction", "areas")),
    _stage("certainty", ("settlements", "facilities", "boundaries", *TRAVEL, "access", "population?",
          *FITTED), ("intervals?", "interval_people?", "wet_losses?", "rural_access?"),
          (*TIMES, "uncertainty", "calibration")),
    _stage("scenarios", ("settlements", "facilities", *TRAVEL),
          ("scenario_access?", "scenario_people?", "findings_scenarios?"), (*TIMES, "scenarios")),
    _stage("emergency", ("settlements", "facilities", *TRAVEL),
          ("emergency_response?", "emergency_people?"), ("emergency", "network", "services_file")),
    _stage("cells", ("settlements", "facilities", "boundaries", *TRAVEL, "population?"),
          ("cells?", "cell_access?"), (*TIMES, "access.origins", "access.cell_m")),
    _stage("off_road", ("settlements", "facilities", "roads", "water", "landcover?", "elevation?"),
          ("off_road?", "findings_off_road?", "friction?", "off_road_min?"),
          ("off_road", "access.direction", "services_file")),
    _stage("norms", ("settlements", "facilities", "unplaced?", "boundaries", "roads", "access",
          "last_mile"),
          ("norm_results", "inventory"), (*LAW, "inventory", "official", "sources.facilities", "sources.osm")),
    _stage("score", ("settlements", "facilities", "boundaries", *TRAVEL, "access", "last_mile", "routes",
          "norm_results", "flows", "known_issues", "population?"), SCORE,
          (*LAW, "network", "region.unit_tolerance_m", "score", "inventory", "sources.facilities", "sources.osm")),
    _stage("gaps", (*RESULTS, *SCORE, *ACCOUNTS, "settlements", "boundaries", "edges", "intervals?",
          "rural_access?", *FITTED, "scenario_people?", "emergency_people?", *WARNED), ("gaps", "summary"),
          (*LAW, "network", "uncertainty", "calibration", "name", "title", "synthetic", "note", "population",
           "outputs", "score")),
    _stage("sign_off", ("settlements", "population_account", "unit_totals?", "facilities",
          "findings_read", "roads", "study_area", "edges", "access", "norm_results", "inventory"), ("sign_off",),
          (*LAW, "official", "inventory", "sources.facilities", "sources.osm", "population")),
    _stage("workbook", (*RESULTS, *SCORE, *ACCOUNTS, "settlements", "facilities", "boundaries", "roads",
          "edges", "intervals?", "rural_access?", *FITTED, "scenario_people?", "emergency_people?", *WARNED, "gaps",
          "summary", "sign_off"),
          (), (*LAW, "title", "synthetic", "note", "population", "outputs"), files="processed"),
    _stage("maps", (*GROUND, *ACCOUNTS, *RESULTS, *ENGINE, *TRIALS, *SCORE, "gaps", "summary", "sign_off",
          "unit_totals?", "elevation?", *WARNED), (), EVERYTHING, files="maps"),
    _stage("qgis", (*GROUND, *ACCOUNTS, *RESULTS, *ENGINE, *TRIALS, *FINDINGS, *SCORE, "gaps", "summary",
          "population?", "friction?", "off_road_min?"), (), EVERYTHING, files="processed"),
)
# fmt: on
TODAY = STAGES[: 1 + [stage.name for stage in STAGES].index("population")]
"""What a scenario is laid on: people stay where they live, and reach the roads as they are today."""
LAID = tuple(name for stage in TODAY for name in stage.makes)
SCENARIO_STAGES = (
    Stage(
        "scenario",
        Late("spatial.stages.scenario", "scenario"),
        LAID,
        LAID,
        ("scenario", "study", "network", "region", "services_file"),
        reads_base=True,
    ),
    *STAGES[len(TODAY) :],
)


def folders_of(
    study: Study, processed: str | Path = "data/processed", maps: str | Path = "maps"
) -> tuple[Path, Path]:
    """
    Name the output folders of a study.

    Returns the processed folder and the folder of pages.
    """
    return Path(processed) / study.name, Path(maps) / study.name


def run(  # noqa: PLR0913 - how to run is one option each
    study: Study,
    *,
    scenario: str | None = None,
    processed: str | Path = "data/processed",
    maps: str | Path = "maps",
    until: str | None = None,
    verify: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> Results:
    """
    Run the whole line, or what of it is not up to date; of the study as it is, or as one of its scenarios has it.

    The run of a scenario has folders of its own, named ``STUDY--SCENARIO``. It takes what was read, and the people,
    from the run of the study, which it makes up to there where there is none; a finished one is left as it is.

    Parameters
    ----------
    study : Study
        What is studied.
    scenario : str, optional
        The name of one of its scenarios; none by default.
    processed, maps : str or Path
        The folders that hold one folder a study each.
    until : str, optional
        Last stage to run.
    verify : bool
        Whether every file is hashed, and not only those whose size, time stamp or inode changed.
    progress : callable, optional
        Takes the fraction done and a message.

    Returns
    -------
    Results
        Frames by name, and where the pages are.

    Raises
    ------
    StudyError
        Where the study names services, norms, speeds, languages or a CRS that are not there, or has no such scenario;
        nothing runs then.
    SourceError
        Where files are missing; all are named, before any work.
    StageError
        From the cause, where a stage fails; finished stages are kept.
    StoreError
        Where a folder is locked, full or cannot be written, or holds another run; or where a scenario is to be laid on
        a finished run that is not up to date.
    """
    planned = study if scenario is None else planned_study(study, scenario)
    if any(
        item.runs
        for item in decisions(study, scenario=scenario, processed=processed, maps=maps, verify=verify)
    ):
        # What has run before was found in order then; the checks import most of the package.
        from spatial.inputs.prepare import refuse_missing  # noqa: PLC0415 - as said
        from spatial.stages.policy import check_policy  # noqa: PLC0415 - as said

        check_policy(study)
        refuse_missing(study)
    base, base_pages = folders_of(study, processed, maps)
    folder, pages = folders_of(planned, processed, maps)
    for one, where in ((study, base), (planned, folder)):
        _refuse_other(one, where)
    if scenario is None:
        run_stages(STAGES, study, folder, pages, until=until, progress=progress, verify=verify)
    else:
        _make_base(study, base, base_pages, progress)
        run_stages(
            SCENARIO_STAGES, planned, folder, pages, until=until, progress=progress, base=base, verify=verify
        )
    return Results(folder, pages)


def decisions(
    study: Study,
    *,
    scenario: str | None = None,
    processed: str | Path = "data/processed",
    maps: str | Path = "maps",
    verify: bool = False,
) -> list[Decision]:
    """Say which stages `run` would run, and why, without running any."""
    base, pages = folders_of(study, processed, maps)
    _refuse_other(study, base)
    if scenario is None:
        return plan(STAGES, study, base, pages, verify=verify)
    planned = planned_study(study, scenario)
    folder, planned_pages = folders_of(planned, processed, maps)
    _refuse_other(planned, folder)
    first = plan(TODAY, study, base, pages, verify=verify)
    waiting = [decision.stage for decision in first if decision.runs]
    if waiting:
        reason = f"stage {waiting[0]} runs before it"
        return [*first, *(Decision(stage.name, True, reason) for stage in SCENARIO_STAGES)]
    return [*first, *plan(SCENARIO_STAGES, planned, folder, planned_pages, base=base, verify=verify)]


def _make_base(
    study: Study, folder: Path, pages: Path, progress: Callable[[float, str], None] | None
) -> None:
    """Make the tables that a scenario is laid on; of a finished run they are up to date, or it is refused."""
    waiting = [decision for decision in plan(TODAY, study, folder, pages) if decision.runs]
    if not waiting:
        return
    if any((folder / manifest_name(stage.name)).is_file() for stage in STAGES[len(TODAY) :]):
        raise StoreError(
            f"{folder}: the run that the scenario is laid on is not up to date ({waiting[0].stage}: "
            f"{waiting[0].reason}); run it without --scenario first: spatial run STUDY"
        )
    run_stages(STAGES, study, folder, pages, until=TODAY[-1].name, progress=progress)


def _refuse_other(study: Study, folder: Path) -> None:
    """Refuse a folder in which another study or scenario has run."""
    store = Store(folder)
    laid = store.read_json(manifest_name(SCENARIO_STAGES[0].name))
    options = laid["options"] if laid else {}
    held = (options["study"], options["scenario"]["name"]) if laid else None
    if isinstance(study, PlannedStudy):
        wanted = (study.study, study.scenario.name if study.scenario else "")
        is_other = held != wanted if held else store.read_json(manifest_name(STAGES[0].name)) is not None
        named = f"the scenario {wanted[1]} of the study {wanted[0]}"
    else:
        is_other, named = held is not None, f"the study {study.name}"
    if is_other:
        there = f"the scenario {held[1]} of the study {held[0]}" if held else "a study of that name"
        raise StoreError(
            f"{folder}: holds the run of {there}, not of {named}; rename one of them, or choose another folder with "
            "--processed and --maps"
        )
