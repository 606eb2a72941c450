"""A sheet of a workbook as a frame of text: header found, merged cells filled, sums left out, each of them noted."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from openpyxl.utils import get_column_letter

from spatial.errors import SourceError, first_of, refuse
from spatial.formats.columns import says_scale
from spatial.formats.delimited import is_total, narrow, total_pattern
from spatial.formats.notes import Note, Row, add_notes, listed
from spatial.formats.workbook_cells import Cell, Grid, address, open_sheet
from spatial.study.sources import TOTAL_WORDS, USUAL_LIMITS, ReadLimits

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


def read_workbook(
    path: Path,
    *,
    sheet: str | int | None = None,
    header_row: int | None = None,
    total_words: Collection[str] = TOTAL_WORDS,
    what: str = "table",
    limits: ReadLimits = USUAL_LIMITS,
) -> pd.DataFrame:
    """Read a sheet of an .xlsx or .xls as text."""
    grid = open_sheet(path, sheet, what=what, limits=limits)
    return sheet_frame(grid, header_row=header_row, total_words=total_words, label=f"{what} {path}")


def sheet_frame(
    grid: Grid, *, header_row: int | None = None, total_words: Collection[str] = TOTAL_WORDS, label: str = "table"
) -> pd.DataFrame:
    """Read an opened sheet as text."""
    label = f"{label}, sheet {grid.sheet!r}"
    if not grid.cells:
        raise SourceError(f"{label}: the sheet is empty; name another sheet")
    top, bottom = find_header(grid, header_row, label=label)
    names = _names(grid, top, bottom)
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
    formulas = [address(place) for place in grid.uncomputed if place.row > bottom]
    if formulas:
        problems.append(
            f"formulas without a kept result in {first_of(formulas)}: the file was written by a program that does not "
            "calculate; open it in a spreadsheet program, let it calculate, and save it"
        )
    refuse(label, problems)

    columns = sorted(column for column, name in names.items() if name)
    header, wanted = [names[column] for column in columns], set(columns)
    noted: dict[str, list[Any]] = {"filled": [], "merged_numbers": []}
    for merge in grid.merges:
        # Text merged over several rows holds for each of them; a merged number may be a sum and stays in the first.
        place = merge.corner
        if merge.top <= bottom or merge.bottom == merge.top or place.column not in wanted or place not in grid.cells:
            continue
        is_number = place in grid.numbers
        where = f"{address(place)}:{address(Cell(merge.bottom, merge.right))}"
        noted["merged_numbers" if is_number else "filled"].append(where)
        for row in range(merge.top + 1, merge.bottom + 1):
            if not is_number and any((row, other) in grid.cells for other in columns):
                grid.cells[Cell(row, place.column)] = grid.cells[place]

    # Rows of sums, remarks below the table and repeated headers are left out.
    rows = []
    noted |= {"totals": [], "remarks": [], "headers": []}
    for number in sorted({row for row, column in grid.cells if row > bottom and column in wanted}):
        own = [Cell(number, column) for column in columns if (number, column) in grid.cells]
        texts = [grid.cells[place] for place in own if place not in grid.numbers]
        begins = Row(number, narrow(grid.cells[own[0]])[:20])
        if total_words and is_total(texts, total_words):
            noted["totals"].append(begins)
        elif len(own) == 1 and len(columns) > 2 and texts and _REMARK.match(texts[0]):
            noted["remarks"].append(begins)
        elif texts and [grid.cells.get(Cell(number, column)) for column in columns] == header:
            noted["headers"].append(Row(number))
        else:
            rows.append(number)
    if not rows:
        raise SourceError(f"{label}: no rows below the header in row {top}; export it again")
    data = {
        name: pd.Series([grid.cells.get(Cell(row, column), np.nan) for row in rows], dtype="str")
        for name, column in zip(header, columns, strict=True)
    }
    frame = pd.DataFrame(data)
    noted |= {
        "scales": [
            f"{address(place)} {text[:40]}"
            for place, text in grid.cells.items()
            if place.row < top and says_scale(text)
        ],
        "merged_header": [
            address(merge.corner) for merge in grid.merges if merge.top <= bottom and merge.corner in grid.cells
        ],
        "formula_errors": [address(place) for place in grid.failed],
        "hollow": [address(place) for place in grid.hollow],
        "digits": [address(place) for place in grid.cut],
        "hidden": grid.other_sheets,
    }
    add_notes(frame, [Note(key, len(places), {"where": listed(places)}) for key, places in noted.items()])
    add_notes(frame, [Note("full_width", grid.narrowed, {"count": grid.narrowed})])
    return frame


def find_header(grid: Grid, declared: int | None, *, label: str) -> tuple[int, int]:
    """
    Find the first and last row of a sheet that name its columns; merged cells draw the rows below them into the header.

    The first is as wide as the table, has cells that are mostly text and all different, is no filled-in form (a word, a
    colon, a name), and has rows below.
    """
    filled = sorted({row for row, _ in grid.cells})
    if declared is not None:
        if declared not in filled:
            raise SourceError(f"{label}: row {declared} is empty and cannot be the header; correct header_row")
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
        across = [m for m in grid.merges if m.top <= row <= m.bottom and m.corner in grid.cells]
        spread = {column for m in across for column in range(m.left, m.right + 1)} | set(own)
        text = [grid.cells[Cell(row, c)] for c in own if (row, c) not in grid.numbers]
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


def _header_end(grid: Grid, row: int) -> int:
    """Find the last row of a header: merged cells draw rows into it, and groups of columns their own names."""
    merges = [merge for merge in grid.merges if merge.top == row and merge.corner in grid.cells]
    end = max([row, *(merge.bottom for merge in merges)])
    groups = [merge for merge in merges if merge.right > merge.left]
    if end == row and groups:
        below = [(row + 1, column) for merge in groups for column in range(merge.left, merge.right + 1)]
        if all(place in grid.cells and place not in grid.numbers for place in below):
            end = row + 1
    return end


def _names(grid: Grid, top: int, bottom: int) -> dict[int, str]:
    """Name every filled column: merged names hold for all the columns and rows they cover, each said once."""
    named = dict(grid.cells)
    for merge in grid.merges:
        if top <= merge.top <= bottom and merge.corner in grid.cells:
            rows = range(merge.top, min(merge.bottom, bottom) + 1)
            inside = [Cell(row, column) for row in rows for column in range(merge.left, merge.right + 1)]
            named |= dict.fromkeys(inside, grid.cells[merge.corner])
    columns = {column for row, column in grid.cells if row >= top}
    header = [[named.get(Cell(row, column)) for row in range(top, bottom + 1)] for column in columns]
    return {column: " ".join(dict.fromkeys(filter(None, said))) for column, said in zip(columns, header, strict=True)}
