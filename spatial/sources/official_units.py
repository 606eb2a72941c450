"""Official numbers of people by unit, such as a yearbook's, from a table of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of
from spatial.sources.columns import number_column, row_labels, text_column
from spatial.sources.formats import open_mapped
from spatial.sources.notes import Note, add_notes, take_notes
from spatial.sources.own_columns import ListColumns, columns_of_file
from spatial.sources.unit_codes import carry_units, unit_key
from spatial.sources.workbooks import total_rows

if TYPE_CHECKING:
    from pathlib import Path

    from spatial.study import OfficialUnits

__all__ = ["official_units_from_table"]

PERSONS, SHARE = "_persons", "_share"
TOTAL = "population_persons"
_LEAST_UNIT = 1000


def official_units_from_table(path: Path, source: OfficialUnits) -> pd.DataFrame:
    """Read official numbers of people by unit."""
    what = "official units"
    opened = open_mapped(path, source.as_table(), what=what, wanted=ListColumns("official_units"))
    notes = take_notes(opened)
    notes += _printed_sums(path, source, opened) if source.total_words else []
    frame = gpd.GeoDataFrame(pd.DataFrame(opened).drop(columns="geometry", errors="ignore"))
    problems: list[str] = []
    label = "unit_code" if "unit_code" in frame.columns else "name"
    if "unit_code" not in frame.columns and "name" not in frame.columns:
        shown = first_of(columns_of_file(opened), limit=30)
        problems.append(f"unit_code, name: both are missing; map one in columns: the table has {shown}")
    if TOTAL not in frame.columns:
        shown = first_of(columns_of_file(opened), limit=30)
        problems.append(f"{TOTAL}: the column is missing; map it in columns: the table has {shown}")
    if problems:
        raise ContractError(f"{what} {path}", problems)
    carry_units(frame, problems, key=label)
    for column in ("unit_code", "name"):
        named = text_column(frame[column]).str.strip() if column in frame.columns else _nothing(frame)
        frame[column] = named.where(named.notna() & (named != "")).astype("str")
    numbers = [name for name in map(str, frame.columns) if name.endswith((PERSONS, SHARE))]
    for column in numbers:
        frame[column] = number_column(frame, column, problems, key=label)
        above = frame[column] > 1
        if column.endswith(SHARE) and above.any():
            shown = first_of(row_labels(frame, label)[above])
            problems.append(f"{column}: above 1 for {shown}; write shares from 0 to 1")
        if column.endswith(PERSONS) and column != TOTAL:
            more = frame[column] > frame[TOTAL]
            if more.any():
                problems.append(
                    f"{column}: more than {TOTAL} for {first_of(row_labels(frame, label)[more])}; correct one of them"
                )
    problems += _scaled(frame[TOTAL])
    frame["official_id"] = _ids(frame, problems)
    if problems:
        raise ContractError(f"{what} {path}", problems)
    kept = [name for name in source.keep_columns if name not in numbers]
    result = pd.DataFrame(frame)[["official_id", "unit_code", "name", *numbers, *kept]].reset_index(drop=True)
    result.attrs = dict(opened.attrs)  # which columns were read
    add_notes(result, notes)
    return result


def _printed_sums(path: Path, source: OfficialUnits, opened: pd.DataFrame) -> list[Note]:
    """Hold each row of sums that was left out against the rows that it sums: all of them, or its group of them."""
    kept = source.as_table().model_copy(update={"total_words": ()})
    whole = pd.DataFrame(open_mapped(path, kept, what="official units")).drop(
        columns="geometry", errors="ignore"
    )
    whole = whole.reset_index(drop=True)
    if len(whole) == len(opened):
        return []
    texts = pd.DataFrame({name: text_column(whole[name]) for name in whole.columns})
    sums = np.zeros(len(whole), dtype=bool)
    sums[[row - 1 for row in total_rows(texts, source.total_words)]] = True
    told = []
    for column in [name for name in map(str, whole.columns) if name.endswith(PERSONS)]:
        persons = number_column(whole, column, [], key="").to_numpy(dtype=np.float64)
        for row in np.flatnonzero(sums & np.isfinite(persons)):
            before, after = np.flatnonzero(sums[:row]), np.flatnonzero(sums[row + 1 :])
            above = slice(before[-1] + 1 if len(before) else 0, row)
            below = slice(row + 1, row + 1 + after[0] if len(after) else len(whole))
            parts = [np.nansum(persons[part][~sums[part]]) for part in (slice(None), above, below)]
            nearest = min(parts, key=lambda part: abs(part - persons[row]))
            if abs(nearest - persons[row]) >= 1.0:
                told.append(f"{_label(texts.iloc[row])} {column} {persons[row]:.0f} ≠ {nearest:.0f}")
    item = "printed sums that differ from their rows"
    return [Note(item, len(told), f"{item}: {first_of(told)}")] if told else []


def _label(row: pd.Series) -> str:
    return next((str(text) for text in row if isinstance(text, str) and text.strip()), "")


def _scaled(persons: pd.Series) -> list[str]:
    """Refuse units that have fractions of a person and fewer people than a unit has: 1.06 is 1.06 ten thousands."""
    known = persons[persons.notna()]
    if not len(known) or known.max() >= _LEAST_UNIT or (known % 1 == 0).mean() > 0.5:
        return []
    shown = first_of([f"{number:g}" for number in known])
    text = f"{TOTAL}: no whole persons, such as {shown}; where the table counts in ten thousands (万人) or thousands"
    return [f"{text}, multiply the numbers in the file"]


def _nothing(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(np.nan, index=frame.index, dtype="str")


def _ids(frame: pd.DataFrame, problems: list[str]) -> pd.Series:
    """Name each row by its code, else by its name; a unit may be there once only."""
    keys = frame["unit_code"].map(unit_key, na_action="ignore")
    ids = keys.where(keys.notna(), frame["name"]).astype("str")
    rows = pd.Series([f"row {number}" for number in range(1, len(frame) + 1)], index=frame.index)
    if ids.isna().any():
        problems.append(
            f"unit_code, name: neither in {first_of(rows[ids.isna()])}; fill one in, or leave the row out"
        )
    twice = ids.notna() & ids.duplicated(keep=False)
    if twice.any():
        problems.append(
            f"unit_code, name: repeated {first_of(ids[twice].drop_duplicates())} in {first_of(rows[twice])}; keep one "
            "row a unit, or tell them apart by unit_code"
        )
    return ids
