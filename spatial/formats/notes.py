"""What a reader noticed: findings to look at, rows and values passed over, and columns that stay at home."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from spatial.arrays import IntArray
from spatial.errors import StudyError, first_of, refuse
from spatial.formats.tag_rules import ROAD_TAGS
from spatial.georef.datums import CONVERTED_FROM
from spatial.messages import FALLBACK, Words
from spatial.tables import TABLES

if TYPE_CHECKING:
    from spatial.study.sources import TableSource


# Findings: what was met in the sources that a person should look at, each with its place on the ground.


@dataclass(frozen=True)
class Finding:
    """One thing to look at."""

    kind: str  # such as ``"merged_duplicate"``
    subject: str  # id of what is concerned
    geometry: Any  # where it is; the types of shapely promise a geometry or an array
    values: Mapping[str, Any] = field(default_factory=dict)  # what the message holds, as `Words.notice` takes it
    other: str | None = None  # id of the second party
    distance_m: float = np.nan  # between the two; NaN where there is none
    notice: str = ""  # key of the message that says it, where it is not the kind

    def columns(self) -> dict[str, Any]:
        """Say what was found, in English and by the key and the values of its message."""
        key = self.notice or self.kind
        detail = Words(FALLBACK).notice(key, self.values)
        return {"detail": detail, "notice": key, "notice_values": json_of(self.values)}

    @property
    def detail(self) -> str:
        """What was found, in English."""
        return str(self.columns()["detail"])


def findings_frame(findings: Iterable[Finding], *, crs: pyproj.CRS | str) -> gpd.GeoDataFrame:
    """Write findings as a table."""
    rows = {"/".join(part for part in (item.kind, item.subject, item.other) if part): item for item in findings}
    return findings_by_id(dict(sorted(rows.items())), crs)


def no_findings(crs: pyproj.CRS | str | None) -> gpd.GeoDataFrame:
    """Make an empty table of findings."""
    return _empty(crs, pd.get_option("mode.string_storage")).copy()


@lru_cache(maxsize=8)
def _empty(crs: pyproj.CRS | str | None, _texts: str) -> gpd.GeoDataFrame:
    # Every reader and every graph of a search carries one: made anew it would cost more than small searches.
    return _table_of({}, crs)


def findings_by_id(rows: Mapping[str, Finding], crs: pyproj.CRS | str | None) -> gpd.GeoDataFrame:
    """Write findings as a table in the order given."""
    return _table_of(rows, crs) if rows else no_findings(crs)


def _table_of(rows: Mapping[str, Finding], crs: pyproj.CRS | str | None) -> gpd.GeoDataFrame:
    ordered = list(rows.values())
    texts = {
        "finding_id": list(rows),
        "kind": [item.kind for item in ordered],
        "subject_id": [item.subject for item in ordered],
        "other_id": [item.other for item in ordered],
    }
    said = [item.columns() for item in ordered]
    texts |= {name: [columns[name] for columns in said] for name in ("detail", "notice", "notice_values")}
    columns: dict[str, pd.Series] = {name: pd.Series(values, dtype="str") for name, values in texts.items()}
    columns["distance_m"] = pd.Series([item.distance_m for item in ordered], dtype="float64")
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([item.geometry for item in ordered], crs=crs), crs=crs)


def json_of(values: Mapping[str, Any]) -> str:
    """Write the values of a notice for a table."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def join_findings(frames: Sequence[gpd.GeoDataFrame], *, crs: pyproj.CRS | str) -> gpd.GeoDataFrame:
    """Put several tables of findings into one."""
    filled = [frame.to_crs(crs) for frame in frames if len(frame)]
    if not filled:
        return no_findings(crs)
    joined = pd.concat(filled, ignore_index=True).sort_values("finding_id", kind="stable")
    return gpd.GeoDataFrame(joined.reset_index(drop=True), geometry="geometry", crs=crs)


# Which columns of a list are read and which are kept: all others stay at home, in the file of their owner.

_log = logging.getLogger(__name__)

ListKind = Literal["settlements", "attributes", "facilities", "roads", "boundaries", "water", "flows", "official_units"]

_COLUMN_USE = "column_use"

_COUNTED = ("_persons", "_share")
"""Columns of people that end so are read whatever group they are of: ``elderly_persons``, ``children_3_5_persons``."""

_MADE = {
    "in_study", "is_unit", "is_barrier", "found_in", "merged_from", "population_source", "population_basis",
    "population_factor", "placed_by", "placed_score", "placed_at",
}  # fmt: skip
"""Columns that the package fills in: what a file has under such a name is not read."""

_ADDED = {"suppressed", "bbox", "item_id"}
"""
Names that no column of a list can have, of what packages and the service add: which of the numbers are withheld, the
box of a shape and the id of an item.
"""

_NOT_KEPT = {"geometry", "tags", *_ADDED}
"""Names that a kept column cannot have: beside these those of the place of a row, and of the tags of an extract."""

_PLACING = ("unit_code", "unit_level", "township_id", "township", "place_name", "postcode", "settlement_id")
"""Columns by which rows without coordinates are located."""

_SPEEDS = ("speed_km_h", "speed_kph", "travel_time", "highway", "fclass")
"""Columns of speeds and classes, beside the tags of OpenStreetMap, that a network is built by."""


class ListColumns(NamedTuple):
    """The table that a list is read as; `named` are columns that keys of the study beside the source name."""

    kind: ListKind
    named: Collection[str] = ()


class ColumnUse(NamedTuple):
    """
    What was done with the columns of a file, by their names in it.

    Parameters
    ----------
    read : tuple[str, ...]
        Those that the study reads.
    kept : tuple[str, ...]
        Those that are kept as they are.
    left_out : tuple[str, ...]
        Those that are left out.
    """

    read: tuple[str, ...]
    kept: tuple[str, ...]
    left_out: tuple[str, ...]


def leave_out(
    mapped: pd.DataFrame,
    file: pd.DataFrame,
    source: TableSource,
    wanted: ListColumns,
    *,
    axes: Collection[str] = (),
    label: str,
) -> pd.DataFrame:
    """Take out columns that no table, placing, key or `keep_columns` names; a listed one stays beside it."""
    geometry = mapped.active_geometry_name if isinstance(mapped, gpd.GeoDataFrame) else None
    theirs = [str(name) for name in file.columns if name != geometry]
    kind, own = wanted.kind, {*wanted.named, *source.columns, *source.values, *axes}
    reads = _reads(kind)
    problems = []
    absent = [name for name in source.keep_columns if name not in theirs]
    if absent:
        problems.append(f"keep_columns: no such column {first_of(absent)}; the file has {first_of(theirs, limit=100)}")
    table = TABLES["places" if kind in {"settlements", "attributes"} else kind]
    taken = {field.name for field in table.fields} | reads | own | _NOT_KEPT
    problems += [
        f"keep_columns: {name!r} is the name of a column of the table {kind} itself, which the study reads or makes; "
        f"take it out of keep_columns, or give the file's own another name in columns, such as columns.own_{name} = "
        f"{name!r}"
        for name in source.keep_columns
        if name in taken and name in theirs
    ]
    problems += [
        f"{'columns.' if name in source.columns else ''}{name}: packages and the service call a column of theirs so; "
        f"give the one of the list another name, such as columns.own_{name}, and name it so wherever the study reads it"
        for name in sorted(_ADDED & own & {str(name) for name in mapped.columns})
    ]
    refuse(label, problems, StudyError)
    counted = _COUNTED if kind in {"settlements", "official_units"} else ()
    wanted_names = {geometry, *reads, *own, *source.keep_columns}
    stays = [
        name in wanted_names or str(name) in wanted_names or str(name).endswith(counted) for name in mapped.columns
    ]
    result = mapped.loc[:, stays]
    mapped_from = {*source.columns.values(), *source.id_from}
    copies = {name: file[name] for name in source.keep_columns if name in mapped_from and name not in result}
    result = result.assign(**copies)
    # A mapped column may have pushed a column of the file aside: `source_name` is not the file's `name`.
    there = {str(name) for name in result.columns} - set(source.columns)
    read = [
        name
        for name in theirs
        if name in mapped_from or (name in there and name not in source.keep_columns and name not in copies)
    ]
    kept = [name for name in theirs if name in source.keep_columns]
    left = [name for name in theirs if name not in read and name not in kept]
    names = [str(name) for name in mapped.columns if name != geometry]
    result.attrs = {**mapped.attrs, _COLUMN_USE: [read, kept, left, names]}
    return result


def _reads(kind: ListKind) -> set[str]:
    if kind == "attributes":
        # Codes of units are joined where they are mapped.
        return {*_PLACING, "name", "name_en", "name_zh", CONVERTED_FROM} - {"unit_code", "unit_level"}
    table = TABLES["places" if kind == "settlements" else kind]
    fields = {field.name for field in table.fields} - _MADE
    fields -= {name for name in fields if name.endswith("_source")}
    more: dict[str, tuple[str, ...]] = {
        "settlements": _PLACING,
        "facilities": _PLACING,
        "roads": (*ROAD_TAGS, *(tag.replace(":", "_") for tag in ROAD_TAGS), *_SPEEDS),
        "boundaries": ("unit_code", "unit_level"),
        "water": ("is_passable",),
        "official_units": ("unit_level",),
    }
    return fields | set(more.get(kind, ())) | {CONVERTED_FROM}


@contextlib.contextmanager
def faults_of(key: str) -> Iterator[None]:
    """Let faults of the study that a reader of a table finds begin with the table's key in the study file."""
    try:
        yield
    except StudyError as error:
        raise StudyError(error.where, [f"{key}.{problem}" for problem in error.problems]) from error


def take_column_use(frame: pd.DataFrame) -> ColumnUse | None:
    """Take the use of its columns off a frame; None where the frame is of no list."""
    told = frame.attrs.pop(_COLUMN_USE, None)
    return None if told is None else ColumnUse(*map(tuple, told[:3]))


def columns_of_file(frame: pd.DataFrame) -> list[str]:
    """Name the columns that a table came with, those that were left out of it too, for messages."""
    use = frame.attrs.get(_COLUMN_USE)
    return [str(name) for name in frame.columns if name != "geometry"] if use is None else list(use[3])


# What a reader of a table noticed and passed over: kept with the frame until the counts of a run take it.

NOTES = "notes"


@dataclass(frozen=True)
class Note:
    """One thing that a reader noticed: a message of the section `notice`, which is worded by whoever shows it."""

    key: str  # of the message
    number: int  # how many there are; a note of none is left out
    values: Mapping[str, Any]  # what its braces hold, as `Words.notice` takes it

    @property
    def counted(self) -> str:
        """Key of its number in the table `counts`, with the column that it is of; `Words.counted` names it."""
        return ":".join(filter(None, (self.key, self.values.get("column"))))

    @property
    def item(self) -> str:
        """Name of its number in English, for the table `counts`."""
        return Words(FALLBACK).counted(self.counted)

    @property
    def detail(self) -> str:
        """The note in English, for logs and tables."""
        return Words(FALLBACK).notice(self.key, self.values)


SHEET_ROWS = "sheet_rows"


def number_rows(frame: pd.DataFrame, numbers: npt.ArrayLike) -> None:
    """Keep with a frame which row of its file each of its rows is, as a spreadsheet shows it: the first one is 1."""
    shifts = np.asarray(numbers, dtype=np.int64) - np.arange(len(frame))
    starts = np.flatnonzero(np.diff(shifts, prepend=-1))
    frame.attrs[SHEET_ROWS] = [starts.tolist(), shifts[starts].tolist()]


def row_numbers(frame: pd.DataFrame | pd.Series) -> IntArray:
    """Give each row its number, as a spreadsheet shows those of a list; in a layer or another frame they begin at 1."""
    starts, shifts = frame.attrs.get(SHEET_ROWS) or [[0], [1]]
    at = np.arange(len(frame), dtype=np.int64)
    numbers: IntArray = at + np.asarray(shifts)[np.searchsorted(starts, at, side="right") - 1]
    return numbers


class Row(NamedTuple):
    """A row of a list that has no id, or that is shown by what it begins with."""

    number: int  # as a spreadsheet shows it
    label: str = ""


def listed(items: Iterable[Any], *, limit: int = 5) -> dict[str, Any]:
    """List the first few ids, cells or rows and count all, as a value of a note."""
    whole = list(items)
    first = [
        {"row": item.number, "label": item.label}
        if isinstance(item, Row)
        else item.item()  # a number of numpy as one of Python, which JSON takes
        if isinstance(item, np.generic)
        else item
        for item in whole[:limit]
    ]
    return {"first": first, "in_all": len(whole)}


def add_notes(frame: pd.DataFrame, notes: Iterable[Note]) -> None:
    """Put notes on a frame."""
    # Frames compare what is attached to them when they are joined: plain lists and dictionaries do.
    rows = [[note.key, note.number, dict(note.values)] for note in notes if note.number]
    if rows:
        frame.attrs[NOTES] = [*frame.attrs.get(NOTES, []), *rows]


def take_notes(frame: pd.DataFrame) -> list[Note]:
    """Take the notes off a frame."""
    return [Note(*row) for row in frame.attrs.pop(NOTES, [])]


def log_notes(frame: pd.DataFrame, *, what: str) -> None:
    """Take the notes off a frame where no table of counts is to hold them, and warn of each; log columns left out."""
    use = take_column_use(frame)
    if use is not None and use.left_out:
        _log.info("%s: columns left out: %s", what, ", ".join(use.left_out))
    for note in take_notes(frame):
        _log.warning("%s: %s", what, note.detail)
