"""A sheet with units and formats, on which no text is ever run as a formula."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter

from spatial.plain_text import CONTROL, FORMULA, display_width
from spatial.reporting.wording import StudyMeta

MAX_ROWS = 100_000
"""Rows of a sheet; what is beyond is counted in its note and stands in the table."""
MAX_TEXT = 32_767
"""Characters that a cell of a workbook can hold."""
HEADER_ROW = 3
PORTRAIT_CHARACTERS, LANDSCAPE_CHARACTERS = 120.0, 180.0
"""Characters of a row that still can be read on a page of A4, upright and lying; what is wider takes several pages."""
MOST_PRINTED = 200
"""Characters of a header or footer: a workbook holds 255, with its signs."""
LINE_POINTS = 16.0
WIDEST = 60.0

FORMATS = {
    "text": "@",
    "whole": "#,##0",
    "count": "#,##0",
    "decimal": "#,##0.0",
    "index": "0.00",
    "share": "0.0%",
    "signed": "+#,##0.0;-#,##0.0;0.0",
    "signed_share": "+0.0%;-0.0%;0.0%",
}
FILLS = {
    **dict.fromkeys(("ok", "met", "pass"), "E2EFDA"),
    "remark": "FFF2CC",
    **dict.fromkeys(("look", "not_met", "fail"), "FCE4D6"),
    **dict.fromkeys(("unknown", "not_measurable"), "EDEDED"),
}
"""Ground of a status cell by its code."""
COLOURED = ("text", "index")
"""Kinds of cells that may have a ground."""
LEFT = ("text", "count")
"""Kinds of cells that begin at the left: numbers end at the right, but for those that stand among texts."""

Value = str | float | int | bool | None


@dataclass(frozen=True)
class Column:
    """One column of a sheet."""

    title: str  # what heads it
    kind: str  # A key of `FORMATS`
    values: Sequence[Value]  # cell by row; None and NaN are left empty
    codes: Sequence[str] = ()  # status code by row, which colours the cell; empty for none
    kinds: Sequence[str] = ()  # kind by row where rows differ in it; empty for none
    about: str = ""  # what it is, where its title does not say all

    @property
    def side(self) -> str:
        """On which side of the column its cells begin, and its head with them."""
        return "left" if (self.kinds[0] if self.kinds else self.kind) in LEFT else "right"


@dataclass(frozen=True)
class Sheet:
    """One sheet."""

    name: str  # name of the tab, first row and second row
    title: str
    note: str
    columns: tuple[Column, ...]  # of equal length
    named: int = 1  # first columns that say what a row is of, which every page and every window shows
    tail: tuple[str, ...] = ()  # lines below the rows, for names and dates of those who sign

    @property
    def rows(self) -> int:
        """How many rows it has, without head and note."""
        return len(self.columns[0].values)


def _add_styles(book: Workbook) -> None:
    """Give a workbook the styles that sheets use."""
    thin = Side(style="thin", color="BFBFBF")
    box = Border(bottom=thin)
    for place, indent in (("left", 0), ("right", 1)):
        head = NamedStyle(f"table head {place}", font=Font(bold=True, color="FFFFFF"))
        head.fill, head.border = PatternFill("solid", fgColor="1F4E79"), box
        head.alignment = Alignment(vertical="center", wrap_text=True, horizontal=place, indent=indent)
        book.add_named_style(head)
    book.add_named_style(NamedStyle("sheet title", font=Font(bold=True, size=14, color="1F4E79")))
    book.add_named_style(NamedStyle("sheet note", font=Font(italic=True, color="595959")))
    for kind, code in FORMATS.items():
        # A number keeps off the text beside it.
        side, indent = ("left", 0) if kind in LEFT else ("right", 1)
        placed = Alignment(vertical="top", wrap_text=kind in LEFT, horizontal=side, indent=indent)
        book.add_named_style(NamedStyle(f"cell {kind}", number_format=code, border=box, alignment=placed))
        for status, colour in FILLS.items() if kind in COLOURED else ():
            style = NamedStyle(f"{kind} {status}", number_format=code, border=box, alignment=placed)
            style.fill = PatternFill("solid", fgColor=colour)
            book.add_named_style(style)


def _add_sheet(book: Workbook, sheet: Sheet) -> bytes:
    """Lay out a sheet with a frozen header and filters; returns its rows: title, note, head, cells, lines to sign."""
    page: Any = book.create_sheet(sheet.name)
    last = get_column_letter(len(sheet.columns))
    shown, wide, lines = min(sheet.rows, MAX_ROWS), 0.0, 1
    for number, column in enumerate(sheet.columns, start=1):
        # Width in characters that shows most values; ideographs take two.
        head = display_width(column.title) / (1 if column.kind != "text" else 1.5)
        sample = [display_width(value) for value in column.values[:500] if isinstance(value, str)]
        body = sorted(sample)[int(0.95 * (len(sample) - 1))] if sample else 10.0
        width = float(min(WIDEST, max(9.0, min(head, 24.0), body) + 2.0))
        page.column_dimensions[get_column_letter(number)].width = width
        wide, lines = wide + width, max(lines, math.ceil(display_width(column.title) / (width - 2.0)))
    page.freeze_panes = f"{get_column_letter(sheet.named + 1)}{HEADER_ROW + 1}"
    page.auto_filter.ref = f"A{HEADER_ROW}:{last}{HEADER_ROW + shown}"
    page.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    page.print_title_cols = f"A:{get_column_letter(sheet.named)}"
    page.page_setup.orientation = "landscape" if wide > PORTRAIT_CHARACTERS else "portrait"
    page.page_setup.paperSize = 9  # A4
    page.page_setup.fitToWidth = math.ceil(wide / LANDSCAPE_CHARACTERS)
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    # Of a sheet that lies on a table alone: what it is of, for whom it is, and which of how many.
    page.oddHeader.left.text = printed(sheet.title)
    page.oddFooter.left.text = printed(sheet.note)
    page.oddFooter.right.text = "&P / &N"
    rows = _Rows(page)
    rows.add([rows.text(sheet.title, "sheet title")])
    rows.add([rows.text(sheet.note, "sheet note")])
    heads = [rows.text(column.title, f"table head {column.side}") for column in sheet.columns]
    rows.add(heads, f' ht="{LINE_POINTS * (lines + 1):g}" customHeight="1"')
    for row in range(shown):
        rows.add([rows.cell(column, row) for column in sheet.columns])
    for line in sheet.tail:
        rows.add([])
        rows.add([rows.text(line, "cell text")])
    return f"<sheetData>{''.join(rows.written)}</sheetData>".encode()


def printed(text: str) -> str:
    """Give a text as the head or foot of printed pages, in which & begins a command and 255 characters are the most."""
    plain = CONTROL.sub(" ", text)
    short = plain if len(plain) <= MOST_PRINTED else f"{plain[: MOST_PRINTED - 1]}…"
    return short.replace("&", "&&")


class _Rows:
    """The rows of a sheet as its file has them; to write each cell by openpyxl takes five times as long."""

    def __init__(self, page: Any) -> None:
        self.written: list[str] = []
        self._page = page
        self._styles: dict[tuple[str, bool], int] = {}
        self._texts: dict[tuple[str, str], str] = {}

    def add(self, cells: Sequence[str], height: str = "") -> None:
        """Write a row of cells, each as it stands behind its address."""
        number = len(self.written) + 1
        told = [f'<c r="{get_column_letter(at)}{number}" {cell}' for at, cell in enumerate(cells, start=1)]
        self.written.append(f'<row r="{number}"{height}>{"".join(told)}</row>')

    def text(self, value: str, style: str) -> str:
        """Give text as text: what begins like a formula is marked so that editing it does not make it one."""
        told = self._texts.get((value, style))
        if told is None:
            safe = CONTROL.sub("\ufffd", value)
            safe = safe if len(safe) <= MAX_TEXT else safe[: MAX_TEXT - 1] + "…"
            told = f's="{self._style(style, quoted=FORMULA.match(safe) is not None)}" t="inlineStr"'
            space = ' xml:space="preserve"' if safe.strip() not in ("", safe) else ""
            told += f"><is><t{space}>{escape(safe)}</t></is></c>" if safe else " />"
            self._texts[value, style] = told
        return told

    def cell(self, column: Column, row: int) -> str:
        """Give the cell of a column in a row, in the style of its kind and code."""
        value = column.values[row]
        code = column.codes[row] if column.codes else ""
        kind = column.kinds[row] if column.kinds else column.kind
        style = f"{kind} {code}" if code in FILLS and kind in COLOURED else f"cell {kind}"
        if isinstance(value, str):
            return self.text(value, style)
        if value is None or not math.isfinite(value):
            return f's="{self._style(style)}" t="n" />'
        if kind in {"whole", "count"}:
            value = round(value)
        return f's="{self._style(style)}" t="{"b" if isinstance(value, bool) else "n"}"><v>{value:.16g}</v></c>'

    def _style(self, name: str, *, quoted: bool = False) -> int:
        """Give the number of a style as the workbook does, in the order in which cells first have them."""
        number = self._styles.get((name, quoted))
        if number is None:
            cell = WriteOnlyCell(self._page)
            cell.style = name
            if quoted:
                cell.quotePrefix = True
            number = self._styles[name, quoted] = cell.style_id
        return number


# The workbook as bytes that are the same for the same results.

PROPERTIES = "docProps/core.xml"
PACKED_AT = (1980, 1, 1, 0, 0, 0)
UNIX, READABLE = 3, 0o644 << 16
NO_ROWS = re.compile(rb"<sheetData ?/>|<sheetData></sheetData>")
"""What openpyxl writes of a sheet without rows."""
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def pack_book(sheets: Iterable[Sheet], *, title: str, language: str, as_of: dt.date) -> bytes:
    """Pack sheets as a workbook without the time of day: openpyxl writes all but the rows, which are put in here."""
    book = Workbook(write_only=True)
    _add_styles(book)
    rows = {f"xl/worksheets/sheet{at}.xml": _add_sheet(book, sheet) for at, sheet in enumerate(sheets, start=1)}
    noon = dt.datetime.combine(as_of, dt.time(12))
    book.properties.creator = "spatial"
    book.properties.language = language
    book.properties.title = CONTROL.sub("\ufffd", title)
    book.properties.created = noon
    packed, stable = io.BytesIO(), io.BytesIO()
    book.save(packed)
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(stable, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == PROPERTIES:
                part = MODIFIED.sub(rb"\g<1>" + f"{noon.isoformat()}Z".encode() + rb"\g<2>", part)
            if name in rows:
                part = rows[name].join(NO_ROWS.split(part))
            entry = zipfile.ZipInfo(name, PACKED_AT)
            entry.compress_type, entry.create_system, entry.external_attr = (zipfile.ZIP_DEFLATED, UNIX, READABLE)
            new.writestr(entry, part)
    return stable.getvalue()


# What the workbook says about the study beside its tables.


@dataclass(frozen=True, kw_only=True)
class BookMeta(StudyMeta):
    """What every sheet prints about the study."""

    as_of: dt.date  # the date on which norms are judged
    languages: tuple[str, ...]  # a workbook is in one of them
    # names by language, by service
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
