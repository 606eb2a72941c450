"""A sheet of a workbook as a frame of text: header found, merged cells filled, sums left out, each of them noted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from openpyxl.utils import get_column_letter

from spatial.errors import ContractError, SourceError, first_of
from spatial.formats.columns import says_scale
from spatial.formats.delimited import is_total, narrow, total_pattern
from spatial.formats.notes import Note, Row, add_notes, listed
from spatial.formats.workbook_cells import Grid, Merge, address, open_sheet
from spatial.study.sources import TOTAL_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


SEARCHED_ROWS = 30
"""A header is looked for in so many filled rows from the top."""

_TEXT_SHARE = 0.8
_WIDTH_SHARE = 0.6
_DISTINCT_SHARE = 0.7
_FILLED_IN = re.compile(r"[^:\uff1a]{1,12}[:\uff1a].+")
"""What stands above a table in a form: who filled it in, colon, a name."""

_REMARK = re.compile(
    r"(注|备注|说明|资料来源|数据来源|来源|填表|制表|审核|单位负责|notes?\b|source|remark|nota\b|remarque)",
    re.IGNORECASE,
)


@dataclass
class _Sheet:
    """A grid under work: rows by number, what was filled in, and what was left out."""

    label: str
    grid: Grid
    notes: list[Note] = field(default_factory=list)

    def texts(self, row: int, columns: Collection[int]) -> list[str]:
        """Return the filled cells of a row that are text, from the left."""
        cells, numbers = self.grid.cells, self.grid.numbers
        return [cells[row, c] for c in columns if (row, c) in cells and (row, c) not in numbers]

    def note(self, key: str, places: Collection[object]) -> None:
        """Write down what was done to cells or rows."""
        if places:
            self.notes.append(Note(key, len(places), {"where": listed(places)}))


def read_workbook(
    path: Path,
    *,
    sheet: str | int | None = None,
    header_row: int | None = None,
    total_words: Collection[str] = TOTAL_WORDS,
    what: str = "table",
) -> pd.DataFrame:
    """Read a sheet of an .xlsx or .xls as text."""
    grid = open_sheet(path, sheet, what=what)
    return sheet_frame(grid, header_row=header_row, total_words=total_words, label=f"{what} {path}")


def sheet_frame(
    grid: Grid,
    *,
    header_row: int | None = None,
    total_words: Collection[str] = TOTAL_WORDS,
    label: str = "table",
) -> pd.DataFrame:
    """Read an opened sheet as text."""
    work = _Sheet(f"{label}, sheet {grid.sheet!r}", grid)
    if not grid.cells:
        raise SourceError(f"{work.label}: the sheet is empty; name another sheet")
    top, bottom = find_header(grid, header_row, label=work.label)
    names = _names(grid, top, bottom)
    _refuse(work, names, bottom)
    columns = [column for column, name in sorted(names.items()) if name]
    _fill_down(work, bottom, set(columns))
    rows = _rows(work, bottom, columns, [names[column] for column in columns], total_words)
    if not rows:
        raise SourceError(f"{work.label}: no rows below the header in row {top}; export it again")
    data = {
        names[c]: pd.Series([grid.cells.get((row, c), np.nan) for row in rows], dtype="str") for c in columns
    }
    frame = pd.DataFrame(data)
    _note_grid(work, top, bottom)
    add_notes(frame, work.notes)
    return frame


def find_header(grid: Grid, declared: int | None, *, label: str) -> tuple[int, int]:
    """
    Find the rows of a sheet that name its columns.

    Returns first and last header row: the first filled row that is as wide as the table, whose cells are
    mostly text and all different, that is no filled-in form (a word, a colon, a name), and that has rows
    below; merged cells draw the rows below them into the header.
    """
    filled = sorted({row for row, _ in grid.cells})
    if declared is not None:
        if declared not in filled:
            raise SourceError(
                f"{label}: row {declared} is empty and cannot be the header; correct header_row"
            )
        return declared, _header_end(grid, declared)
    # Count the filled cells of a usual row: as many as a quarter of the rows have, so that remarks do not
    # count.
    widths = sorted(Counter(row for row, _ in grid.cells).values(), reverse=True)
    width = widths[len(widths) // 4]
    by_row: dict[int, list[int]] = {}
    for row, column in grid.cells:
        by_row.setdefault(row, []).append(column)
    for row in filled[:SEARCHED_ROWS]:
        own = by_row[row]
        spread = {c for m in _across(grid, row) for c in range(m[1], m[3] + 1)} | set(own)
        text = [grid.cells[row, c] for c in own if (row, c) not in grid.numbers]
        is_wide = len(spread) >= _WIDTH_SHARE * width and (len(own) > 1 or width == 1)
        is_text = len(text) >= _TEXT_SHARE * len(own) and not any(_is_number(name) for name in text)
        is_distinct = len(set(text)) >= _DISTINCT_SHARE * len(text)
        is_named = not text or not all(_FILLED_IN.match(name) for name in text)
        end = _header_end(grid, row)
        if is_wide and is_text and is_distinct and is_named and filled[-1] > end:
            return row, end
    raise SourceError(
        f"{label}: no header found in its first {SEARCHED_ROWS} filled rows; "
        "declare the row of the column names as header_row = ... (as the workbook counts, from 1)"
    )


def left_totals(frame: pd.DataFrame, words: Collection[str]) -> pd.DataFrame:
    """Leave out rows of sums of a table that has no sheet, such as a CSV."""
    rows = total_rows(frame, words)
    kept = frame.drop(frame.index[[number - 1 for number in rows]]).reset_index(drop=True)
    add_notes(kept, [Note("totals", len(rows), {"where": listed(Row(row) for row in rows)})])
    return kept


def total_rows(frame: pd.DataFrame, words: Collection[str]) -> list[int]:
    """Find rows of sums in a table that has no sheet."""
    if not words:
        return []
    pattern = total_pattern(words)
    perhaps = np.zeros(len(frame), dtype=bool)
    for name in frame.columns:
        perhaps |= frame[name].str.contains(pattern, na=False).to_numpy(dtype=bool)
    found = []
    for number in np.flatnonzero(perhaps):
        row = frame.iloc[number]
        texts = [value for value in row if isinstance(value, str) and not _is_number(value)]
        if is_total(texts, words):
            found.append(int(number) + 1)
    return found


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+([.,]\d+)?%?", text, re.ASCII) is not None


def _across(grid: Grid, row: int) -> list[Merge]:
    return [
        merge for merge in grid.merges if merge[0] <= row <= merge[2] and (merge[0], merge[1]) in grid.cells
    ]


def _header_end(grid: Grid, row: int) -> int:
    merges = [merge for merge in grid.merges if merge[0] == row and (merge[0], merge[1]) in grid.cells]
    end = max([row, *(merge[2] for merge in merges)])
    groups = [merge for merge in merges if merge[3] > merge[1]]
    if end == row and groups:  # a group of columns is named above their own names
        below = [(row + 1, column) for merge in groups for column in range(merge[1], merge[3] + 1)]
        if all(place in grid.cells and place not in grid.numbers for place in below):
            end = row + 1
    return end


def _names(grid: Grid, top: int, bottom: int) -> dict[int, str]:
    """Name every filled column: merged names hold for all the columns and rows they cover, each said once."""
    named = dict(grid.cells)
    for first, left, last, right in grid.merges:
        if top <= first <= bottom and (first, left) in grid.cells:
            inside = [(r, c) for r in range(first, min(last, bottom) + 1) for c in range(left, right + 1)]
            named |= dict.fromkeys(inside, grid.cells[first, left])
    columns = {column for row, column in grid.cells if row >= top}
    columns |= {column for row, column in named if top <= row <= bottom and (row, column) in grid.cells}
    return {
        column: " ".join(
            dict.fromkeys(named[r, column] for r in range(top, bottom + 1) if (r, column) in named)
        )
        for column in columns
    }


def _refuse(work: _Sheet, names: dict[int, str], bottom: int) -> None:
    problems = []
    counts = Counter(name for name in names.values() if name)
    repeated = sorted(name for name, number in counts.items() if number > 1)
    if repeated:
        problems.append(
            f"header: repeated column name(s) {first_of(repeated)}; rename them in the workbook, or declare another "
            "header_row"
        )
    unnamed = [get_column_letter(column) for column, name in sorted(names.items()) if not name]
    if unnamed:
        problems.append(
            f"header: filled column(s) without a name: {first_of(unnamed)}; name or delete them, "
            "or declare another header_row"
        )
    formulas = [address(place) for place in work.grid.uncomputed if place[0] > bottom]
    if formulas:
        problems.append(
            f"formulas without a kept result in {first_of(formulas)}: the file was written by a program that does not "
            "calculate; open it in a spreadsheet program, let it calculate, and save it"
        )
    if problems:
        raise ContractError(work.label, problems)


def _fill_down(work: _Sheet, bottom: int, columns: set[int]) -> None:
    """Text merged over several rows holds for each of them; a merged number may be a sum and stays in the first."""
    grid, filled, left = work.grid, [], []
    for first, column, last, right in grid.merges:
        place = (first, column)
        if first <= bottom or last == first or column not in columns or place not in grid.cells:
            continue
        where = f"{address(place)}:{address((last, right))}"
        if place in grid.numbers:
            left.append(where)
            continue
        filled.append(where)
        for row in range(first + 1, last + 1):
            if any((row, other) in grid.cells for other in columns):
                grid.cells[row, column] = grid.cells[place]
    work.note("filled", filled)
    work.note("merged_numbers", left)


def _rows(
    work: _Sheet, bottom: int, columns: list[int], names: list[str], total_words: Collection[str]
) -> list[int]:
    grid = work.grid
    below = sorted({row for row, column in grid.cells if row > bottom and column in set(columns)})
    sums, remarks, headers, kept = [], [], [], []
    for row in below:
        texts = work.texts(row, columns)
        own = [column for column in columns if (row, column) in grid.cells]
        if total_words and is_total(texts, total_words):
            sums.append(row)
        elif len(own) == 1 and len(columns) > 2 and texts and _REMARK.match(texts[0]):
            remarks.append(row)
        elif texts and [grid.cells.get((row, column)) for column in columns] == names:
            headers.append(row)
        else:
            kept.append(row)
    work.note("totals", [Row(row, _first(grid, row, columns)) for row in sums])
    work.note("remarks", [Row(row, _first(grid, row, columns)) for row in remarks])
    work.note("headers", [Row(row) for row in headers])
    return kept


def _first(grid: Grid, row: int, columns: list[int]) -> str:
    return next(narrow(grid.cells[row, column])[:20] for column in columns if (row, column) in grid.cells)


def _note_grid(work: _Sheet, top: int, bottom: int) -> None:
    grid = work.grid
    scales = [
        f"{address(place)} {text[:40]}"
        for place, text in grid.cells.items()
        if place[0] < top and says_scale(text)
    ]
    work.note("scales", scales)
    header = [address((m[0], m[1])) for m in grid.merges if m[0] <= bottom and (m[0], m[1]) in grid.cells]
    work.note("merged_header", header)
    work.note("formula_errors", [address(place) for place in grid.failed])
    hollow = [address(place) for place in grid.hollow]
    work.note("hollow", hollow)
    work.note("digits", [address(place) for place in grid.cut])
    work.note("hidden", grid.other_sheets)
    if grid.narrowed:
        work.notes.append(Note("full_width", grid.narrowed, {"count": grid.narrowed}))
