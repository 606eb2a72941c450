"""Delimited text (CSV) as a frame of text: encoding and shape are checked, nothing that is filled is dropped."""

from __future__ import annotations

import codecs
import csv
from io import StringIO
from typing import TYPE_CHECKING

import pandas as pd

from spatial.errors import ContractError, SourceError, first_of
from spatial.sources.files import local_file
from spatial.sources.notes import Note, add_notes
from spatial.sources.text_encodings import AUTO, guess_encoding, is_surely_utf8

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_delimited"]

_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_WRITTEN = {"\t": '"\\t"'}
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read_delimited(
    path: Path, *, encoding: str = "utf-8", delimiter: str = ",", what: str = "table"
) -> pd.DataFrame:
    """Read a CSV as text."""
    data = local_file(path, what=what).read_bytes()
    told = guess_encoding(data) if encoding.lower() == AUTO else encoding
    text = _decode(data, path, told, what)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if header:
                rows.append(row)
                lines.append(reader.line_num)
            else:
                header = [cell.strip() for cell in row]
    except csv.Error as error:
        raise SourceError(f"{what} {path}: line {reader.line_num}: {error}; is a quote left open?") from error
    if not rows:
        raise SourceError(f"{what} {path}: the table holds no rows; export it again")
    _refuse_other_delimiter(f"{what} {path}", header, rows, delimiter)
    empty = _empty_columns(header, rows)
    if empty:
        header, rows = header[:-empty], [row[:-empty] for row in rows]
    _refuse_shape(f"{what} {path}", header, rows, lines)
    frame = pd.DataFrame(rows, columns=header, dtype="str")
    frame = frame.mask(frame == "")
    if told != encoding:
        add_notes(frame, [Note("encoding told from the bytes", 1, f"encoding told from the bytes: {told}")])
    if empty:
        item = "empty columns without a name left out"
        add_notes(frame, [Note(item, empty, f"{item}: {empty} at the end")])
    return frame


def _empty_columns(header: list[str], rows: list[list[str]]) -> int:
    """Count the columns at the end that have neither a name nor a filled cell: spreadsheets leave such behind."""
    named = len(header)
    while named and not header[named - 1]:
        named -= 1
    hollow = all(len(row) == len(header) and not any(cell.strip() for cell in row[named:]) for row in rows)
    return len(header) - named if hollow else 0


def _decode(data: bytes, path: Path, encoding: str, what: str) -> str:
    if data.startswith(_ARCHIVES):
        raise SourceError(
            f"{what} {path}: this is a workbook or archive, not text; name it .xlsx if it is one"
        )
    try:
        declared = codecs.lookup(encoding).name
    except LookupError as error:
        raise SourceError(
            f"{what} {path}: the encoding {encoding!r} is not known; write 'utf-8' or 'gb18030'"
        ) from error
    marked = next((name for mark, name in _BOMS.items() if data.startswith(mark)), None)
    if marked is not None and not declared.startswith(marked):
        raise SourceError(
            f"{what} {path}: the file marks itself as {marked}, the study declares encoding = {encoding!r}; "
            f"write encoding = '{marked}'"
        )
    try:
        text = data.decode("utf-8-sig" if marked == "utf-8" else declared)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{what} {path}: not {encoding} at byte {error.start} (line {line}); {_other_encoding(data, declared)}"
        ) from error
    if is_surely_utf8(data, declared):
        raise SourceError(
            f"{what} {path}: the study declares encoding = {encoding!r}, and the whole file reads as utf-8; write "
            "encoding = 'utf-8'"
        )
    if "\x00" in text:
        raise SourceError(
            f"{what} {path}: the file is not text in {encoding}; declare its encoding or export it again"
        )
    return text


def _other_encoding(data: bytes, declared: str) -> str:
    other = guess_encoding(data)
    try:
        is_text = min(map(ord, set(data.decode(other)) - set("\t\n\r\f")), default=32) >= ord(" ")
    except UnicodeDecodeError:
        is_text = False
    if not is_text or codecs.lookup(other).name == declared:
        return "declare the right encoding, or save the file as UTF-8"
    return f"it reads as {other}: write encoding = '{other}', or save the file as UTF-8"


def _refuse_other_delimiter(label: str, header: list[str], rows: list[list[str]], delimiter: str) -> None:
    """Refuse a table whose header and first row are one field each, with as many of another delimiter in both."""
    if len(header) > 1 or len(rows[0]) > 1:
        return
    for other, name in _DELIMITERS.items():
        inside = header[0].count(other)
        if other != delimiter and inside and rows[0][0].count(other) == inside:
            raise SourceError(
                f"{label}: the header holds no {_DELIMITERS.get(delimiter, repr(delimiter))} and {inside} {name}(s); "
                f"write delimiter = {_WRITTEN.get(other, repr(other))}"
            )


def _refuse_shape(label: str, header: list[str], rows: list[list[str]], lines: list[int]) -> None:
    problems = []
    repeated = sorted({name for name in header if header.count(name) > 1 and name})
    if repeated:
        problems.append(f"header: repeated column name(s) {first_of(repeated)}; rename them")
    unnamed = [str(number) for number, name in enumerate(header, start=1) if not name]
    if unnamed:
        problems.append(
            f"header: column(s) without a name at position {first_of(unnamed)}; name or delete them"
        )
    wrong = [line for line, row in zip(lines, rows, strict=True) if len(row) != len(header)]
    if wrong:
        problems.append(
            f"lines {first_of(wrong)} do not have {len(header)} fields as the header does; "
            "is the delimiter right, and is text with a delimiter in it quoted?"
        )
    if problems:
        raise ContractError(label, problems)
