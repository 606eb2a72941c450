"""A user's columns as the tables want them: every fault is collected, none is repaired."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.errors import first_of
from spatial.sources.own_columns import columns_of_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "choice_column",
    "complete_text_column",
    "id_column",
    "map_columns",
    "number_column",
    "row_labels",
    "says_scale",
    "text_column",
]

_ROUNDED = re.compile(r"\d+(\.\d+)?[eE]\+\d+", re.ASCII)
"""How a spreadsheet writes a long code that it took for a number: 5.33325E+11."""

CARRIED = "source_"
"""Put before a file's own column whose name a mapped column takes."""

_SCALED = re.compile(
    r"[百千万亿]\s*人|[(\uff08]\s*[百千万亿]+\s*[)\uff09]|\bthousands?\b|\bmill?ions?\b|\bmilliers?\b|'000|\(000s?\)",
    re.IGNORECASE,
)
"""Words of a header that say that a number counts more than one person: 万人 is ten thousand."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def map_columns(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    values: Mapping[str, Mapping[str, str]],
    problems: list[str],
) -> pd.DataFrame:
    """Give a file's columns our names and its values our values; all other columns travel along."""
    geometry = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    theirs = [str(column) for column in frame.columns if column != geometry]
    absent = {ours: name for ours, name in columns.items() if name not in theirs}
    if absent:
        wanted = ", ".join(f"{ours} = {name!r}" for ours, name in absent.items())
        problems.append(
            f"columns: no such column for {wanted}; the file has {first_of(theirs, limit=30)}: write one of these, or "
            "look at delimiter, sheet and header_row"
        )
    found = {ours: name for ours, name in columns.items() if name not in absent.values()}
    problems += [
        f"columns.{ours}: {name!r} seems to count in thousands or ten thousands, and persons are wanted: multiply the "
        "numbers in the file, and rename the column"
        for ours, name in found.items()
        if ours.endswith("_persons") and says_scale(name)
    ]
    taken = {name: f"{CARRIED}{name}" for name in found if name in theirs and name not in found.values()}
    mapped = frame.rename(columns=taken)
    renamed = {name: ours for ours, name in found.items()}
    mapped = mapped.rename(columns=renamed)
    for ours, name in found.items():
        if renamed[name] != ours:  # one column of the file stands for several of ours
            mapped[ours] = mapped[renamed[name]]
    for ours, dictionary in values.items():
        if ours in mapped.columns:
            mapped[ours] = text_column(mapped[ours]).replace(dict(dictionary))
        elif ours not in absent:
            problems.append(f"values.{ours}: the table has no column {ours}; map one in columns")
    return mapped


def says_scale(text: str) -> bool:
    """
    Whether a header says that its numbers count hundreds, thousands, ten thousands or millions.

    Examples
    --------
    >>> says_scale("人口(万人)"), says_scale("Population ('000)"), says_scale("万村人口")
    (True, True, False)
    """
    return _SCALED.search(text) is not None


def row_labels(frame: pd.DataFrame, key: str) -> pd.Series:
    """Name rows for messages: by id where there is one, else by row number from 1."""
    rows = pd.Series([f"row {number}" for number in range(1, len(frame) + 1)], index=frame.index, dtype="str")
    if key not in frame.columns:
        return rows
    ids = text_column(frame[key])
    return ids.where(ids.notna(), rows)


def text_column(series: pd.Series) -> pd.Series:
    """
    Text of a column; a whole number loses no digit and gains no ``.0``; missing stays missing.

    Examples
    --------
    >>> list(text_column(pd.Series([51.0, 52.5])))
    ['51', '52.5']
    """
    if isinstance(series.dtype, pd.StringDtype):
        return series.astype("str")

    def text(value: object) -> object:
        if isinstance(value, float | np.floating) and float(value).is_integer():
            return str(int(value))
        return str(value)

    texts = [text(value) if there else np.nan for value, there in zip(series, series.notna(), strict=True)]
    return pd.Series(texts, index=series.index, dtype="str", name=series.name)


def id_column(frame: pd.DataFrame, key: str, problems: list[str]) -> pd.Series:
    """Read ids as text, complete and unique."""
    if key not in frame.columns:
        problems.append(_missing(frame, key))
        return row_labels(frame, key)
    ids = text_column(frame[key])
    empty = ids.isna() | (ids.str.strip() == "")
    if empty.any():
        problems.append(f"{key}: no id in {first_of(_rows(empty))}; give each row an id of its own")
    rounded = ids.fillna("").str.fullmatch(_ROUNDED) & ~empty
    if rounded.any():
        shown = first_of(ids[rounded].drop_duplicates(), limit=2)
        problems.append(
            f"{key}: rounded by a spreadsheet in {first_of(_rows(rounded))}, such as {shown}; format the column as "
            "text and enter the codes again"
        )
    repeated = ids[~empty & ~rounded & ids.duplicated(keep=False)].drop_duplicates()
    if len(repeated):
        problems.append(f"{key}: repeated id(s) {first_of(repeated)}; make each row's id unique")
    return ids


def complete_text_column(frame: pd.DataFrame, column: str, problems: list[str], *, key: str) -> pd.Series:
    """Text of a column that may not be empty anywhere."""
    text = text_column(frame[column])
    empty = text.isna() | (text.str.strip() == "")
    if empty.any():
        problems.append(f"{column}: empty for {first_of(row_labels(frame, key)[empty])}; fill it in")
    return text


def number_column(
    frame: pd.DataFrame, column: str, problems: list[str], *, key: str, complete: bool = False
) -> pd.Series:
    """Read numbers of 0 or more of a column; text, infinite values and gaps where none may be are faults."""
    series = frame[column]
    labels = row_labels(frame, key)
    if pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype):
        numbers, missing = series.astype("float64"), series.isna()
        unreadable = pd.Series(False, index=series.index)
    else:
        text = text_column(series).str.strip()
        missing = text.isna() | (text == "")
        readable = ~missing & text.map(
            lambda value: isinstance(value, str) and bool(_NUMBER.fullmatch(value))
        )
        unreadable = ~missing & ~readable
        numbers = pd.Series(np.nan, index=series.index, dtype="float64")
        numbers[readable] = text[readable].astype("float64")
        if unreadable.any():
            shown = first_of(text[unreadable].drop_duplicates(), limit=3)
            problems.append(
                f"{column}: text instead of a number for {first_of(labels[unreadable])}, such as {shown}; "
                "write digits and a decimal point only, or declare decimal = ',' or thousands = ','"
            )
    if complete and missing.any():
        problems.append(
            f"{column}: no number for {first_of(labels[missing])}; fill it in (0 where it is none), "
            "or do not map the column"
        )
    wrong = numbers.notna() & ~((numbers >= 0) & np.isfinite(numbers))
    if wrong.any():
        shown = first_of(numbers[wrong].drop_duplicates(), limit=3)
        problems.append(
            f"{column}: negative or infinite for {first_of(labels[wrong])}, such as {shown}; correct them"
        )
    return numbers.where(~wrong & ~unreadable).rename(column)


def choice_column(
    frame: pd.DataFrame, column: str, choices: Collection[str], problems: list[str], *, key: str
) -> pd.Series:
    """Text of a column that may hold certain values only."""
    text = text_column(frame[column])
    labels = row_labels(frame, key)
    wrong = ~text.isin(list(choices))
    if wrong.any():
        shown = first_of(text[wrong].fillna("").drop_duplicates().sort_values(), limit=5)
        known = ", ".join(sorted(choices))
        problems.append(
            f"{column}: unknown value(s) {shown} for {first_of(labels[wrong])}; known are {known}: "
            f"translate them in values.{column}"
        )
    return text


def _missing(frame: pd.DataFrame, column: str) -> str:
    names = columns_of_file(frame)
    return f"{column}: the column is missing; map it in columns: the table has {first_of(names, limit=30)}"


def _rows(mask: pd.Series) -> list[str]:
    return [f"row {position + 1}" for position in np.flatnonzero(mask.to_numpy())]
