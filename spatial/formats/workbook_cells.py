"""Open .xlsx and .xls and hand on the cells of one sheet as text, with what only the file knows: merges and faults."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import openpyxl
import xlrd
from openpyxl.utils import column_index_from_string, get_column_letter

from spatial.errors import SourceError, first_of
from spatial.formats.delimited import narrow
from spatial.formats.files import damage_told, local_file, refuse_large
from spatial.study.sources import USUAL_LIMITS, ReadLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


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
    # formulas without a kept result; empty texts of an .xls, which may be such formulas; formulas with an
    # error such as ``#N/A``; numbers of more than 15 digits
    uncomputed: list[Cell] = field(default_factory=list)
    hollow: list[Cell] = field(default_factory=list)
    failed: list[Cell] = field(default_factory=list)
    cut: list[Cell] = field(default_factory=list)
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
                self.cut.append(place)


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
        if isinstance(sheet, int):
            if not 1 <= sheet <= len(names):
                raise SourceError(
                    f"{book.label}: no sheet number {sheet}; it has {len(names)}: {first_of(names, limit=20)}"
                )
            name = names[sheet - 1]
        elif sheet is not None:
            if sheet not in names:
                raise SourceError(f"{book.label}: no sheet {sheet!r}; it has {first_of(names, limit=20)}")
            name = sheet
        elif len(shown) == 1:
            name = shown[0]
        elif shown:
            raise SourceError(
                f"{book.label}: several filled sheets, {first_of(shown, limit=20)}; name one as sheet = '...'"
            )
        else:
            raise SourceError(f"{book.label}: every sheet is empty; export it again")
        hidden = [state.name for state in filled if not state.is_shown and state.name != name]
        grid = Grid(name, other_sheets=hidden)
        if book.old is None:
            page = book.sheets[grid.sheet]
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
                    grid.failed.append(place)
                    continue
                grid.put(place, value, cell.number_format)
        else:
            page = book.sheets[name]
            grid.merges = [Merge(top + 1, left + 1, bottom, right) for top, bottom, left, right in page.merged_cells]
            for row in range(page.nrows):
                for column in range(page.ncols):
                    cell, place = page.cell(row, column), Cell(row + 1, column + 1)
                    if cell.ctype == xlrd.XL_CELL_ERROR:
                        grid.failed.append(place)
                    elif cell.ctype == xlrd.XL_CELL_DATE:
                        grid.put(place, xlrd.xldate_as_datetime(float(cell.value), book.old.datemode))
                    elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                        grid.put(place, bool(cell.value))
                    elif cell.ctype == xlrd.XL_CELL_TEXT and cell.value == "":
                        grid.hollow.append(place)
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
