"""Stage `read`: raw files become tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from spatial.formats.files import SourceRecord
from spatial.inputs.list_merge import REVIEW_NUMBERS, TO_REVIEW
from spatial.inputs.place_tables import TO_DECIDE
from spatial.inputs.prepare import prepare
from spatial.plain_text import csv_bytes
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.store import Artifact
from spatial.tables.words import NOTICE

ALWAYS = ("facilities", "roads", "boundaries", "water", "study_area", "flows", "counts")
AT_TIMES = ("turns", "unplaced", "official_units", "population", "elevation", "landcover")
"""Tables and rasters that not every study has."""


def read(*, options: Options, progress: Progress = silent) -> dict[str, Value | list[Artifact]]:
    """Read and check every source of the study."""
    progress(0.0, "")
    layers = prepare(options.declared_study(), named=options.columns_named)
    made: dict[str, Value | list[Artifact]] = {
        "places": layers.settlements,
        **{name: getattr(layers, name) for name in ALWAYS},
        "findings_read": layers.findings,
        "provenance": provenance_table(layers.sources),
        "known_issues": known_issues_table(layers.sources),
    }
    lists = {TO_DECIDE: layers.to_decide, TO_REVIEW: layers.to_review}
    files = [
        Artifact(name, csv_bytes(frame, numbers=REVIEW_NUMBERS)) for name, frame in lists.items() if frame is not None
    ]
    if files:
        made["files"] = files
    return made | {name: found for name in AT_TIMES if (found := getattr(layers, name)) is not None}


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
