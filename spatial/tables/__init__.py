"""
Every table between stages: the data dictionary of the package.

``tables.csv`` has a row for every table, in the order in which the pipeline makes them, and ``columns.csv`` one for
every column. From them come the checks between stages, the data dictionary in the documentation, the aliases in the
GeoPackage, the metadata in Parquet and the units in tooltips. A contract refuses; it never repairs.
"""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import get_args

from spatial.tables import words
from spatial.tables.contract import GEOMETRY_TYPES, Field, Sharing, Table

__all__ = ["GEOMETRY_TYPES", "TABLES", "Field", "Table"]


CLASSES: tuple[Sharing, ...] = get_args(Sharing)
"""Marks that say whether a table or column may leave the office."""


def _rows(file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files(__name__).joinpath(file).read_text(encoding="utf-8").splitlines()))


def _tables() -> dict[str, Table]:
    fields: dict[str, list[Field]] = {}
    for row in _rows("columns.csv"):
        marks = row["marks"].split()
        low, _, high = row["range"].partition("..")
        values = [getattr(words, part) if part.isupper() else (part,) for part in row["values"].split("|") if part]
        field = Field(
            row["column"],
            row["kind"],  # type: ignore[arg-type] # a test holds the words of the file to those of `Field`
            row["title"],
            row["description"],
            row["unit"],
            required="optional" not in marks,
            nullable="nullable" in marks,
            unique="unique" in marks,
            minimum=float(low) if low else None,
            maximum=float(high) if high else None,
            values=sum(values, ()),
            shown=row["shown"] or None,  # type: ignore[arg-type]
            sharing=next((word for word in CLASSES if word in marks), None),
        )
        # Tables of the same columns, such as all findings, share their rows.
        for table in row["tables"].split():
            fields.setdefault(table, []).append(field)
    return {
        row["table"]: Table(
            row["table"],
            row["title"],
            tuple(row["key"].split()),
            row["geometry"] or None,  # type: ignore[arg-type]
            tuple(fields[row["table"]]),
            strict="strict" in row["marks"].split(),
            may_lack_geometry="may_lack_geometry" in row["marks"].split(),
            sharing=next((word for word in CLASSES if word in row["marks"].split()), "internal"),
        )
        for row in _rows("tables.csv")
    }


TABLES = _tables()
"""Every table between stages by its name, in the order in which the pipeline makes them."""
