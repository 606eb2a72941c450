"""A sheet of an .xlsx or .xls as a frame of text: header found, merged cells filled, sums left out; all of it noted."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openpyxl
import pandas as pd
import xlrd
from openpyxl.utils import column_index_from_string, get_column_letter

from spatial.errors import SourceError, first_of, refuse
from spatial.formats.delimited import REMARK, is_total, narrow, numbers_columns, says_scale, total_pattern
from spatial.formats.files import damage_told, local_file, refuse_large
from spatial.formats.notes import Note, Row, add_notes, listed, number_rows, row_numbers
from spatial.study.sources import TOTAL_WORDS, USUAL_LIMITS, ReadLimits


class Cell(NamedTuple):
    """Where a cell stands, from 1."""

    row: int
    column: int


class Merge(NamedTuple):
    """Merged cells, from 1; the last row and the last column are of them."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def corner(self) -> Cell:
        """The cell that holds what all of them show."""
        return Cell(self.top, self.left)


_OLE = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
_BIFF = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_LOST_DIGITS = 1e15
"""A workbook keeps 15 digits of a number; of a longer code it has lost the last ones."""

_ZEROS = re.compile(r'"?(0+)"?(?:_.*|;.*)?')
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*\bref="([A-Za-z]+)(\d+):([A-Za-z]+)(\d+)"')
_OVERLAP = 200
"""Bytes of a part that are looked at again with the next ones, so that a range between two chunks is found."""
_CHUNK = 1 << 20


@dataclass
class Grid:
    """The filled cells of a sheet."""

    sheet: str  # name of the sheet
    # text by row and column from 1; empty cells are not in it
    cells: dict[Cell, str] = field(default_factory=dict)
    # cells that are numbers or dates to the workbook
    numbers: set[Cell] = field(default_factory=set)
    merges: list[Merge] = field(default_factory=list)  # merged cells
    uncomputed: list[Cell] = field(default_factory=list)  # formulas without a kept result
    # by key of their note: empty texts of an .xls, which may be such formulas (hollow); formulas with an error such as
    # ``#N/A`` (formula_errors); numbers of more than 15 digits (digits)
    odd: dict[str, list[Cell]] = field(default_factory=lambda: {"formula_errors": [], "hollow": [], "digits": []})
    narrowed: int = 0  # cells whose full-width digits or odd spaces were written plainly
    # filled sheets that are hidden and were not asked for
    other_sheets: list[str] = field(default_factory=list)

    def put(self, place: Cell, value: Any, number_format: str = "General") -> None:
        """Write a value down as text."""
        # Every digit that the workbook shows or keeps, never in powers of ten.
        text = str(value)
        if isinstance(value, bool):
            text = "yes" if value else "no"
        elif isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            zeros = _ZEROS.fullmatch(number_format)
            text = str(int(value)).zfill(len(zeros[1]) if zeros and value >= 0 else 0)
        elif isinstance(value, float):
            text = f"{value:.20f}".rstrip("0") if "e" in repr(value) else repr(value)
        elif isinstance(value, dt.datetime) and value.time() == dt.time():
            text = value.date().isoformat()
        elif isinstance(value, dt.date | dt.time):
            text = value.isoformat()
        plain = narrow(text)
        if not plain:
            return
        self.narrowed += isinstance(value, str) and plain != text.strip(" \t\r\n")
        self.cells[place] = plain
        if not isinstance(value, str | bool):
            self.numbers.add(place)
            if isinstance(value, int | float) and abs(value) >= _LOST_DIGITS:
                self.odd["digits"].append(place)


def address(place: Cell) -> str:
    """Name a cell as a workbook does."""
    return f"{get_column_letter(place.column)}{place.row}"


class SheetState(NamedTuple):
    """A sheet of a workbook, whether it is shown, and whether anything is in it."""

    name: str
    is_shown: bool
    is_filled: bool


@dataclass
class _Book:
    """An opened workbook: its sheets by their names."""

    label: str
    data: bytes
    old: xlrd.Book | None  # an .xls; None for an .xlsx
    sheets: dict[str, Any]
    states: list[SheetState]


def open_sheet(path: Path, sheet: str | int | None, *, what: str, limits: ReadLimits = USUAL_LIMITS) -> Grid:
    """Read one sheet of a workbook."""
    with _opened(path, what, limits) as book:
        names = list(book.sheets)
        filled = [state for state in book.states if state.is_filled]
        shown = [state.name for state in filled if state.is_shown] or [state.name for state in filled]
        if sheet is None:
            asked, fault = shown, f"several filled sheets, {first_of(shown, limit=20)}; name one as sheet = '...'"
            fault = fault if shown else "every sheet is empty; export it again"
        elif isinstance(sheet, int):
            asked = names[sheet - 1 : sheet] if sheet > 0 else []
            fault = f"no sheet number {sheet}; it has {len(names)}: {first_of(names, limit=20)}"
        else:
            asked, fault = [name for name in names if name == sheet], f"no sheet {sheet!r}; it has "
            fault += first_of(names, limit=20)
        if len(asked) != 1:
            raise SourceError(f"{book.label}: {fault}")
        (name,) = asked
        hidden = [state.name for state in filled if not state.is_shown and state.name != name]
        grid = Grid(name, other_sheets=hidden)
        if book.old is None:
            page = book.sheets[name]
            grid.merges = [Merge(m.min_row, m.min_col, m.max_row, m.max_col) for m in page.merged_cells.ranges]
            results = None
            if any(cell.data_type == "f" for cell in _filled(page)):
                results = openpyxl.load_workbook(io.BytesIO(book.data), data_only=True)[grid.sheet]
            for cell in _filled(page):
                place, value = Cell(cell.row, cell.column), cell.value
                if cell.data_type == "f" and results is not None:
                    kept = results.cell(*place)
                    if kept.value is None:
                        if kept.data_type != "str":  # else its result is an empty text
                            grid.uncomputed.append(place)
                        continue
                    cell, value = kept, kept.value  # noqa: PLW2901 - the same cell with its result
                if cell.data_type == "e":
                    grid.odd["formula_errors"].append(place)
                    continue
                grid.put(place, value, cell.number_format)
        else:
            page = book.sheets[name]
            grid.merges = [Merge(top + 1, left + 1, bottom, right) for top, bottom, left, right in page.merged_cells]
            for row in range(page.nrows):
                for column in range(page.ncols):
                    cell, place = page.cell(row, column), Cell(row + 1, column + 1)
                    if cell.ctype == xlrd.XL_CELL_ERROR:
                        grid.odd["formula_errors"].append(place)
                    elif cell.ctype == xlrd.XL_CELL_DATE:
                        grid.put(place, xlrd.xldate_as_datetime(float(cell.value), book.old.datemode))
                    elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                        grid.put(place, bool(cell.value))
                    elif cell.ctype == xlrd.XL_CELL_TEXT and cell.value == "":
                        grid.odd["hollow"].append(place)
                    elif cell.ctype in {xlrd.XL_CELL_TEXT, xlrd.XL_CELL_NUMBER}:
                        form = book.old.format_map[book.old.xf_list[cell.xf_index].format_key].format_str
                        grid.put(place, cell.value, form)
    return grid


def list_sheets(path: Path, *, what: str) -> list[SheetState]:
    """Name the sheets of a workbook."""
    with _opened(path, what, USUAL_LIMITS) as book:
        return book.states


@contextlib.contextmanager
def _opened(path: Path, what: str, limits: ReadLimits) -> Iterator[_Book]:
    """Open a workbook, and say of one that cannot be read what is wrong with it."""
    label = f"{what} {path}"
    is_old = path.suffix.lower() == ".xls"
    head = path.read_bytes()[:512] if path.is_file() else b""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<") or start.lower().startswith(b"mime-version"):
        raise SourceError(
            f"{label}: this is a web page or XML table under the name of a workbook, as web systems export them; "
            "open it in a spreadsheet program and save it as .xlsx"
        )
    if is_old and head.startswith(_ZIP):
        raise SourceError(f"{label}: this is an .xlsx under the name .xls; rename it to .xlsx")
    # What begins as an .xls under the name .xlsx is locked or is one, which all of its bytes tell.
    if head and not head.startswith((_OLE, *_BIFF) if is_old else (_ZIP, _OLE, *_BIFF)):
        raise SourceError(
            f"{label}: this is no workbook (it begins with {head[:8]!r}); if it is text, name it .csv and declare "
            "encoding and delimiter"
        )
    data = local_file(path, what=what).read_bytes()
    locked = f"{label}: the workbook is locked by a password; open it and save it without one"
    if _ENCRYPTED in data:
        raise SourceError(locked)
    if not is_old and data.startswith((_OLE, *_BIFF)):
        raise SourceError(f"{label}: this is an .xls under the name .xlsx; rename it to .xls")
    try:
        with damage_told(label, "workbook", "open it and save it again as .xlsx"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parts that hold no data: styles, validation, drawings
            if is_old:
                old = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
                sheets = {sheet.name: sheet for sheet in old.sheets()}
                states = [SheetState(name, sheet.visibility == 0, sheet.nrows > 0) for name, sheet in sheets.items()]
            else:
                old = None
                _refuse_large_parts(data, limits, label=label)
                sheets = {sheet.title: sheet for sheet in openpyxl.load_workbook(io.BytesIO(data)).worksheets}
                states = [
                    SheetState(name, sheet.sheet_state == "visible", any(_filled(sheet)))
                    for name, sheet in sheets.items()
                ]
            yield _Book(label, data, old, sheets, states)
    except xlrd.XLRDError as error:
        if "encrypt" in str(error).lower():
            raise SourceError(locked) from error
        raise


def _refuse_large_parts(data: bytes, limits: ReadLimits, *, label: str) -> None:
    """Refuse a workbook that unpacks to too much, or whose merged ranges cover more places than anybody would fill."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        # What an archive says of its sizes is true of what is read: no more bytes than that come out of it.
        refuse_large(sum(item.file_size for item in archive.infolist()), limits, label=label)
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            places, last = 0, b""
            with archive.open(name) as part:
                while chunk := part.read(_CHUNK):
                    found = list(_MERGED.finditer(last + chunk))
                    for left, top, right, bottom in (match.groups() for match in found):
                        columns = column_index_from_string(right.decode()) - column_index_from_string(left.decode()) + 1
                        places += columns * (int(bottom) - int(top) + 1)
                    end = found[-1].end() if found else 0
                    last = (last + chunk)[max(end, len(last + chunk) - _OVERLAP) :]
            if places > limits.max_merged_cells:
                raise SourceError(
                    f"{label}: merged cells cover {places:,} places; unmerge them, or raise max_merged_cells of this "
                    f"source in the study file ({limits.max_merged_cells:,})"
                )


def _filled(sheet: Any) -> Iterable[Any]:
    """Cells that hold something; asking by rows instead would make a cell for each of a sheet's million rows."""
    return (sheet._cells[place] for place in sorted(sheet._cells) if sheet._cells[place].value is not None)  # noqa: SLF001 - as said


SEARCHED_ROWS = 30
"""A header is looked for in so many filled rows from the top."""

_TEXT_SHARE = 0.8
_WIDTH_SHARE = 0.6
_DISTINCT_SHARE = 0.7
_FILLED_IN = re.compile(r"[^:\uff1a]{1,12}[:\uff1a].+")
"""What stands above a table in a form: who filled it in, colon, a name."""


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
    noted |= {"totals": [], "remarks": [], "headers": [], "column_numbers": []}
    for number in sorted({row for row, column in grid.cells if row > bottom and column in wanted}):
        own = [Cell(number, column) for column in columns if (number, column) in grid.cells]
        texts = [grid.cells[place] for place in own if place not in grid.numbers]
        begins = Row(number, narrow(grid.cells[own[0]])[:20])
        if total_words and is_total(texts, total_words):
            noted["totals"].append(begins)
        elif len(own) == 1 and texts and (hit := REMARK.match(texts[0])) and (len(columns) > 2 or hit["colon"]):
            noted["remarks"].append(begins)
        elif texts and [grid.cells.get(Cell(number, column)) for column in columns] == header:
            noted["headers"].append(Row(number))
        else:
            rows.append(number)
    if not rows:
        raise SourceError(f"{label}: no rows below the header in row {top}; export it again")
    cells = [[grid.cells.get(Cell(row, column), "") for column in columns] for row in rows]
    if len(rows) > 1 and numbers_columns(cells[0], cells[1:]):
        noted["column_numbers"].append(Row(rows.pop(0)))
    frame = pd.DataFrame(cells[-len(rows) :], columns=header, dtype="str")
    frame = frame.mask(frame == "")
    number_rows(frame, rows)
    noted |= {
        "scales": [
            f"{address(place)} {text[:40]}"
            for place, text in grid.cells.items()
            if place.row < top and says_scale(text)
        ],
        "merged_header": [
            address(merge.corner) for merge in grid.merges if merge.top <= bottom and merge.corner in grid.cells
        ],
        **{key: [address(place) for place in places] for key, places in grid.odd.items()},
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
    # Count the filled cells of a usual row: as many as a quarter of the rows have, so that remarks do not count.
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
    rows, numbers = total_rows(frame, words), row_numbers(frame)
    kept = frame.drop(frame.index[rows]).reset_index(drop=True)
    number_rows(kept, np.delete(numbers, rows))
    named = [Row(int(numbers[at]), narrow(str(next(iter(frame.iloc[at].dropna()), "")))[:20]) for at in rows]
    add_notes(kept, [Note("totals", len(rows), {"where": listed(named)})])
    return kept


def total_rows(frame: pd.DataFrame, words: Collection[str]) -> list[int]:
    """Find rows of sums in a table that has no sheet, by their position."""
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
            found.append(int(number))
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
