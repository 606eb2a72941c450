"""Stage `read`: raw files become tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from spatial.inputs.list_merge import REVIEW_NUMBERS, TO_REVIEW
from spatial.inputs.place_tables import TO_DECIDE
from spatial.inputs.prepare import prepare
from spatial.plain_text import csv_bytes
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.store import Artifact
from spatial.tables.words import NOTICE

if TYPE_CHECKING:
    from spatial.formats.files import SourceRecord
    from spatial.rasters import Raster


READ_RASTERS = ("population", "elevation", "landcover")


def read(*, options: Options, progress: Progress = silent) -> dict[str, Value | list[Artifact]]:
    """Read and check every source of the study."""
    progress(0.0, "reading sources")
    layers = prepare(options.declared_study(), named=options.columns_named)
    made: dict[str, Value | list[Artifact]] = {
        "places": layers.settlements,
        "facilities": layers.facilities,
        "roads": layers.roads,
        "boundaries": layers.boundaries,
        "water": layers.water,
        "study_area": layers.study_area,
        "flows": layers.flows,
        "counts": layers.counts,
        "findings_read": layers.findings,
        "provenance": provenance_table(layers.sources),
        "known_issues": known_issues_table(layers.sources),
    }
    if layers.turns is not None:
        made["turns"] = layers.turns
    if layers.unplaced is not None:
        made["unplaced"] = layers.unplaced
    if layers.official_units is not None:
        made["official_units"] = layers.official_units
    lists = {TO_DECIDE: layers.to_decide, TO_REVIEW: layers.to_review}
    files = [
        Artifact(name, csv_bytes(frame, numbers=REVIEW_NUMBERS)) for name, frame in lists.items() if frame is not None
    ]
    if files:
        made["files"] = files
    rasters: dict[str, Raster | None] = {name: getattr(layers, name) for name in READ_RASTERS}
    return made | {name: raster for name, raster in rasters.items() if raster is not None}


def provenance_table(records: Sequence[SourceRecord]) -> pd.DataFrame:
    """Put what is known about the raw files into a table."""
    columns = ("path", "origin", "licence", "vintage", "sha256", "address", "issue")
    return pd.DataFrame(
        {name: pd.Series([getattr(record, name) for record in records], dtype="str") for name in columns}
    )


def known_issues_table(records: Sequence[SourceRecord]) -> pd.DataFrame:
    """Put the known faults of the raw files into a table."""
    rows = [
        (
            record.path,
            number,
            issue.text,
            issue.kind,
            *map(";".join, (issue.affects, issue.forbids, issue.areas)),
            issue.notice,
            issue.notice_values,
        )
        for record in records
        for number, issue in enumerate(record.issues, start=1)
    ]
    columns = ("path", "number", "issue", "issue_kind", "affects", "forbids", "areas", *NOTICE)
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: "int64" if name == "number" else "str" for name in columns})
