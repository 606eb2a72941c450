"""The straight line: raw files become tables, a travel graph, times, access, norms, gaps, maps and QGIS layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spatial import stages
from spatial.results import Results
from spatial.runner import Stage, run_stages
from spatial.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STAGES", "folders_of", "run"]

EVERYTHING = tuple(key for key in Study.model_fields if key != "raw")
PLACE_TABLES = ("settlements", "facilities", "boundaries", "study_area", "water")
RESULT_TABLES = ("snaps", "access", "last_mile", "routes", "norm_results", "gaps")

STAGES = (
    Stage(
        "read",
        stages.read,
        makes=(*stages.READ_TABLES, "population?", "elevation?"),
        options=EVERYTHING,
        reads_raw=True,
    ),
    Stage(
        "network",
        stages.network,
        reads=("roads",),
        makes=("nodes", "edges", "findings_network"),
        options=("network", "sources"),
    ),
    Stage(
        "population",
        stages.population,
        reads=("places", "study_area", "nodes", "edges", "population?"),
        makes=("settlements", "population_account"),
        options=("population", "network"),
    ),
    Stage(
        "access",
        stages.access,
        reads=("settlements", "facilities", "study_area", "water", "nodes", "edges"),
        makes=("snaps", "access", "last_mile", "routes", "findings_access"),
        options=("access", "network", "region", "services_file", "norms", "jurisdictions", "as_of"),
    ),
    Stage(
        "norms",
        stages.norms,
        reads=("settlements", "facilities", "boundaries", "access", "last_mile"),
        makes=("norm_results",),
        options=("norms", "inventory", "sources", "jurisdictions", "as_of", "services_file", "tiers", "network"),
    ),
    Stage("gaps", stages.gaps, reads=("norm_results", "settlements", "access"), makes=("gaps",), options=("norms",)),
)


def folders_of(study: Study, processed: str | Path = "data/processed", maps: str | Path = "maps") -> tuple[Path, Path]:
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
    StageError
        From the cause, where a stage fails; finished stages are kept.
    StoreError
        Where a folder is locked, full or cannot be written.
    """
    folder, pages = folders_of(study, processed, maps)
    run_stages(STAGES, study, folder, pages, until=until, progress=progress)
    return Results(folder, pages)
