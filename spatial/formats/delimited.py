"""Delimited text as a frame of text: its encoding, and its cells as offices write them."""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
import struct
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from io import StringIO
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from spatial.arrays import FloatArray
from spatial.errors import SourceError, first_of, refuse
from spatial.formats.files import local_file, refuse_large, refuse_wide
from spatial.formats.notes import Note, Row, add_notes, listed, number_rows
from spatial.study.sources import USUAL_LIMITS, ReadLimits

# Tell the encoding of text from its bytes, where a study asks for it with ``encoding = "auto"``.

AUTO = "auto"
"""Declared in place of an encoding."""

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CUT = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})(?= |$)")
_COMMON_SHARE = 0.9
_ASCII = re.compile(r"[\0-\x7f]+")
_CHANCE_CHINESE, _CHANCE_LATIN = 6, 2
"""So many letters beyond ASCII that read as UTF-8 are no chance: two of GBK may, as in 联通."""


def guess_encoding(data: bytes) -> str:
    """Tell the encoding of text."""
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name
    with contextlib.suppress(UnicodeDecodeError):
        data.decode("utf-8")
        return "utf-8"
    try:
        beyond = _ASCII.sub("", data.decode("gb18030"))
    except UnicodeDecodeError:
        return "cp1252"
    codes = ((letter.encode("gb18030"), times) for letter, times in Counter(beyond).items())
    common = sum(times for code, times in codes if len(code) == 2 and code[1] >= 0xA1)
    return "gb18030" if beyond and common >= _COMMON_SHARE * len(beyond) else "cp1252"


def table_text(file: Path) -> bytes:
    """Take the field names and records of a dBASE table, without letters of UTF-8 that the width of a field cut."""
    data = file.read_bytes()
    start = struct.unpack_from("<H", data, 8)[0] if len(data) >= 32 else len(data)
    names = [data[place : place + 11].split(b"\0")[0] for place in range(32, start - 1, 32)]
    text = b" ".join([*names, data[start:].replace(b"\0", b" ")])
    whole = _CUT.sub(b"", text)
    return whole if not whole.isascii() and guess_encoding(whole) == "utf-8" else text


def encoding_but(said: str, data: bytes) -> str:
    """Tell the encoding of text that cannot be in the one that is said of it; empty where it may be."""
    told = guess_encoding(data)
    try:
        name = codecs.lookup("cp1252" if said.upper() == "OEM" else said).name
    except LookupError:
        return ""
    if told == "utf-8":
        return told if is_surely_utf8(data, name) else ""
    # Cyrillic and Greek read as Chinese, too: of them the page is believed.
    return told if name.startswith("utf") or (told == "gb18030" and name in {"iso8859-1", "cp1252", "ascii"}) else ""


def is_surely_utf8(data: bytes, declared: str) -> bool:
    """Whether text is UTF-8 though another encoding is declared, in which it would read as nonsense."""
    name = codecs.lookup(declared).name
    if name.startswith(("utf", "ascii")):
        return False
    try:
        beyond = len(_ASCII.sub("", data.decode("utf-8")))
    except UnicodeDecodeError:
        return False
    return beyond >= (_CHANCE_CHINESE if name.startswith("gb") else _CHANCE_LATIN)


# Cells as offices write them: full-width digits and spaces, and coordinates in degrees, minutes and seconds.

# ruff: noqa: RUF001 - full-width characters are what this module reads

Axis = Literal["longitude", "latitude"]
AXES: tuple[Axis, Axis] = ("longitude", "latitude")
"""Eastward first."""

_SPACES = dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2009\u202f\t\r\n"), " ")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), None)
_DIGITS = {ord("０") + digit: str(digit) for digit in range(10)}
_NARROW = {**_SPACES, **_UNSEEN, **_DIGITS}
_WIDE_SIGN = re.compile(r"(?<=\d)．(?=\d)|^[－＋](?=\d)")
_HAS_WIDE = "[０-９]"
_QUOTED = re.compile(r"['‘’](?=\d+$)", re.ASCII)
"""By an apostrophe before it a spreadsheet is told to keep a code as text; some exports write it down."""
_SIGNS = {"．": ".", "－": "-", "＋": "+"}

_AXIS_MARKS = str.maketrans(
    {"º": "°", "˚": "°", "度": "°", "分": "'", "′": "'", "’": "'", "‘": "'", "＇": "'", "´": "'"}
    | {"秒": '"', "″": '"', "”": '"', "“": '"', "＂": '"', "Ｅ": "E", "Ｗ": "W", "Ｎ": "N", "Ｓ": "S"}
)
_WORDS = {"东经": "E", "東經": "E", "西经": "W", "西經": "W", "北纬": "N", "北緯": "N", "南纬": "S", "南緯": "S"}
_WORDS |= {"OUEST": "W", "WEST": "W", "EAST": "E", "EST": "E", "NORTH": "N", "NORD": "N", "SOUTH": "S", "SUD": "S"}
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_DEGREES = re.compile(
    r"(?P<before>[EWNS])?\s*(?P<sign>[+-])?\s*(?P<degrees>\d{1,3}(?:\.\d+)?)\s*"
    r"(?:°\s*(?:(?P<minutes>\d{1,2}(?:\.\d+)?)\s*'\s*(?:(?P<seconds>\d{1,2}(?:\.\d+)?)\s*(?:\"|'')\s*)?)?)?"
    r"(?P<after>[EWNS])?",
    re.ASCII,
)
_ENDS: dict[Axis, tuple[str, str]] = {"longitude": ("E", "W"), "latitude": ("N", "S")}


def narrow(text: str) -> str:
    """Write full-width digits and spaces as plain ones, and codes without an apostrophe before them."""
    return _QUOTED.sub("", _WIDE_SIGN.sub(lambda hit: _SIGNS[hit.group()], text.translate(_NARROW)).strip())


def narrow_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Write full-width digits, and codes after an apostrophe, of a table of text plainly."""
    changed = {}
    count = 0
    for name in frame.columns:
        wide = frame[name].str.contains(_HAS_WIDE, na=False) | frame[name].str.match(_QUOTED, na=False)
        if wide.any():
            count += int(wide.sum())
            changed[name] = frame[name].where(~wide, frame[name].map(narrow, na_action="ignore"))
    if not changed:
        return frame
    result = frame.assign(**changed)
    add_notes(result, [Note("full_width_digits", count, {"count": count})])
    return result


def degrees_of(text: str, axis: Axis) -> float:
    """Read an angle in degrees, or in degrees, minutes and seconds, with or without its hemisphere."""
    plain = narrow(text).translate(_AXIS_MARKS).upper()
    for word, letter in _WORDS.items():
        plain = plain.replace(word, letter)
    # Beside a sign of degrees a comma sets nothing apart.
    found = _DEGREES.fullmatch(_DECIMAL_COMMA.sub(".", plain) if "°" in plain else plain)
    if found is None:
        return np.nan
    parts = [found[name] for name in ("degrees", "minutes", "seconds") if found[name] is not None]
    letters = [found[name] for name in ("before", "after") if found[name] is not None]
    east, west = _ENDS[axis]
    if any("." in part for part in parts[:-1]) or any(float(part) >= 60.0 for part in parts[1:]):
        return np.nan
    if len(letters) > 1 or (letters and (found["sign"] or letters[0] not in {east, west})):
        return np.nan
    size = sum(float(part) / 60.0**power for power, part in enumerate(parts))
    return -size if found["sign"] == "-" or letters == [west] else size


_TELLING = 12
"""So many different seconds in two columns are below 60 by chance in one list of two hundred thousand."""


def coordinate_numbers(series: pd.Series, *, axis: Axis) -> pd.Series:
    """Read a column of coordinates: numbers, or degrees, minutes and seconds."""
    numbers = pd.to_numeric(series, errors="coerce").astype("float64")
    texts = series[numbers.isna() & series.notna()]
    if texts.empty:
        return numbers
    plain = pd.to_numeric(texts.astype(str).map(narrow), errors="coerce").astype("float64")
    angles = texts.astype(str).map(lambda text: degrees_of(text, axis)).astype("float64")
    numbers[texts.index] = plain.where(plain.notna(), angles)
    return numbers


def misread_degrees(longitudes: FloatArray, latitudes: FloatArray) -> Literal["", "whole_degrees", "packed_degrees"]:
    """Tell numbers that are no decimal degrees: degrees alone, or minutes and seconds as decimals, all below 60."""
    both = np.abs(np.vstack([longitudes, latitudes]))
    if both.shape[1] < _TELLING or both.max() > 180.0:
        return ""
    if not (both % 1.0).any():
        return "whole_degrees"
    minutes, seconds = np.divmod(np.floor(both % 1.0 * 1e4 + 1e-6), 100.0)
    are_told = min(len(np.unique(row)) for row in seconds) >= _TELLING
    return "packed_degrees" if are_told and max(minutes.max(), seconds.max()) < 60.0 else ""


def total_pattern(words: Collection[str]) -> str:
    """Write a pattern that every cell matches by which `is_total` would tell a row of sums."""
    between = r"[\s\u200b\u200c\u200d\u2060\ufeff]*"
    return "(?i:" + "|".join(between.join(map(re.escape, _squeezed(word))) for word in words) + ")"


def is_total(texts: list[str], words: Collection[str]) -> bool:
    """Whether a row holds sums of other rows, by its first texts."""
    known = {_squeezed(word) for word in words}
    first = [re.split("[:：]", _squeezed(text))[0] for text in texts[:3]]  # "Total: 57"
    whole = {word for word in known if word.startswith(("全", "ensemble"))}  # behind a place: which of its people
    parts = tuple(word for word in known if word.startswith(("sub", "sous")))  # "Subtotal North": no place is called so
    if any(text in known - whole or text.startswith(parts) for text in first) or (first and first[0] in whole):
        return True
    chinese = tuple(word for word in known - whole if not word.isascii() and len(word) <= 4 and word[0] >= "\u3400")
    return bool(first) and bool(chinese) and first[0].endswith(chinese)


# How a row of one filled cell begins that is a remark on the table; without colon or year a place may have that name.
REMARK = re.compile(
    r"(注|备注|说明|资料来源|数据来源|来源|填表|填报|制表|审核|单位负责|联系人|联系电话|établi par|"
    r"notes?\b|n\.?b\b|source|contact\b|remark|nota\b|remarque|prepared by)"
    r"(?P<colon>[^:：]{0,20}[:：]|.*\b(19|20)\d\d\b)?",
    re.IGNORECASE,
)

_STEMS, _LETTERS = "甲乙丙丁戊己庚辛壬癸", "ABCDEFGHIJ"
_SURELY_COUNTED = 5
_NUMBER = re.compile(r"[+-]?[\d.,]+%?")


def numbers_columns(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row below a header numbers the columns, as those of yearbooks do."""
    texts = [unicodedata.normalize("NFKC", text).strip(" ()") for text in first]
    words = [text for text in texts if not text.isdecimal()]
    counted = [*words, *(str(number) for number in range(1, len(texts) - len(words) + 1))]
    if len(texts) < 3 or texts != counted or "".join(words) not in {_STEMS[: len(words)], _LETTERS[: len(words)]}:
        return False
    # Three numbers may be a row of a matrix; below a number of a column stands text where that is one of names.
    columns = zip(*others, strict=True) if not words else ()
    are_names = (cells for cells in ([cell for cell in column if cell] for column in columns) if cells)
    return len(texts) >= _SURELY_COUNTED or any(not any(map(_NUMBER.fullmatch, cells)) for cells in are_names)


_SCALED = re.compile(
    r"[百千万亿]\s*人|[(\uff08]\s*[百千万亿]+\s*[)\uff09]|\bthousands?\b|\bmill?ions?\b|\bmilliers?\b|'000|\(000s?\)",
    re.IGNORECASE,
)
"""Words of a header that say that a number counts more than one person: 万人 is ten thousand."""

_OF_PERSONS = re.compile(r"[(\uff08]\s*(人|persons?|personnes?)\s*[)\uff09]", re.IGNORECASE)
"""A header that says so counts persons, whatever stands above it."""


def says_scale(text: str, *, above: Sequence[str] = ()) -> bool:
    """Whether a header or a line above it says that numbers count hundreds, thousands, ten thousands or millions."""
    return _SCALED.search(text) is not None or (bool(above) and _OF_PERSONS.search(text) is None)


def _squeezed(text: str) -> str:
    return "".join(narrow(text).casefold().split()).strip(":：")


# Delimited text (CSV) as a frame of text: encoding and shape are checked, nothing that is filled is dropped.

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_WRITTEN = {"\t": '"\\t"'}
_ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read_delimited(
    path: Path,
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
    header_row: int | None = None,
    what: str = "table",
    limits: ReadLimits = USUAL_LIMITS,
) -> pd.DataFrame:
    """Read a CSV as text, from the row on that names its columns."""
    file = local_file(path, what=what)
    refuse_large(file.stat().st_size, limits, label=f"{what} {path}")
    data = file.read_bytes()
    told = guess_encoding(data) if encoding.lower() == AUTO else encoding
    reader = csv.reader(StringIO(_decode(data, path, told, what), newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    numbers: list[int] = []
    above, remarks = list[str](), list[Row]()
    try:
        for number, row in enumerate(reader, start=1):
            filled = [cell.strip() for cell in row if cell.strip()]
            if not filled or number < (header_row or 0):
                above += [cell.strip()[:40] for cell in row if says_scale(cell)]
                continue
            if header and len(filled) == 1 and (hit := REMARK.match(filled[0])) and hit["colon"]:
                remarks.append(Row(number, narrow(filled[0])[:20]))
            elif header:
                rows.append(row)
                lines.append(reader.line_num)
                numbers.append(number)
            else:
                header = [cell.strip() for cell in row]
                refuse_wide(len(header), limits, label=f"{what} {path}")
    except csv.Error as error:
        raise SourceError(f"{what} {path}: line {reader.line_num}: {error}; is a quote left open?") from error
    if not rows:
        raise SourceError(f"{what} {path}: the table holds no rows; export it again")
    if len(header) == 1 == len(rows[0]):
        # Header and first row are one field each, with as many of another delimiter in both.
        for other, name in _DELIMITERS.items():
            inside = header[0].count(other)
            if other != delimiter and inside and rows[0][0].count(other) == inside:
                raise SourceError(
                    f"{what} {path}: the header holds no {_DELIMITERS.get(delimiter, repr(delimiter))} and {inside} "
                    f"{name}(s); write delimiter = {_WRITTEN.get(other, repr(other))}"
                )
    # Spreadsheets leave columns at the end that have neither a name nor a filled cell.
    named = len(header)
    while named and not header[named - 1]:
        named -= 1
    hollow = all(len(row) == len(header) and not any(cell.strip() for cell in row[named:]) for row in rows)
    empty = len(header) - named if hollow else 0
    if empty:
        header, rows = header[:-empty], [row[:-empty] for row in rows]
    problems = []
    repeated = sorted({name for name in header if header.count(name) > 1 and name})
    if repeated:
        problems.append(f"header: repeated column name(s) {first_of(repeated)}; rename them")
    unnamed = [str(number) for number, name in enumerate(header, start=1) if not name]
    if unnamed:
        problems.append(
            f"header: column(s) without a name at position {first_of(unnamed)}; name or delete them, or write "
            "header_row = ... where titles stand above the names of columns"
        )
    wrong = [line for line, row in zip(lines, rows, strict=True) if len(row) != len(header)]
    if wrong:
        problems.append(
            f"lines {first_of(wrong)} do not have {len(header)} fields as the header does; "
            "is the delimiter right, and is text with a delimiter in it quoted?"
        )
    refuse(f"{what} {path}", problems)
    counted = [Row(numbers[0])] if len(rows) > 1 and numbers_columns(rows[0], rows[1:]) else []
    frame = pd.DataFrame(rows[len(counted) :], columns=header, dtype="str")
    frame = frame.mask(frame == "")
    number_rows(frame, numbers[len(counted) :])
    add_notes(frame, [Note("column_numbers", len(counted), {"where": listed(counted)})])
    add_notes(frame, [Note("scales", len(above), {"where": listed(above)})])
    add_notes(frame, [Note("remarks", len(remarks), {"where": listed(remarks)})])
    add_notes(frame, [Note("encoding", int(told != encoding), {"name": told})])
    add_notes(frame, [Note("empty_columns", empty, {"count": empty})])
    return frame


def _decode(data: bytes, path: Path, encoding: str, what: str) -> str:
    if data.startswith(_ARCHIVES):
        raise SourceError(f"{what} {path}: this is a workbook or archive, not text; name it .xlsx if it is one")
    try:
        declared = codecs.lookup(encoding).name
    except LookupError as error:
        raise SourceError(
            f"{what} {path}: the encoding {encoding!r} is not known; write 'utf-8' or 'gb18030'"
        ) from error
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    if marked is not None and not declared.startswith(marked):
        raise SourceError(
            f"{what} {path}: the file marks itself as {marked}, the study declares encoding = {encoding!r}; "
            f"write encoding = '{marked}'"
        )
    try:
        text = data.decode("utf-8-sig" if marked == "utf-8" else declared)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        remedy = "declare the right encoding, or save the file as UTF-8"
        other = guess_encoding(data)
        with contextlib.suppress(UnicodeDecodeError):
            is_text = min(map(ord, set(data.decode(other)) - set("\t\n\r\f")), default=32) >= ord(" ")
            if is_text and codecs.lookup(other).name != declared:
                remedy = f"it reads as {other}: write encoding = '{other}', or save the file as UTF-8"
        raise SourceError(f"{what} {path}: not {encoding} at byte {error.start} (line {line}); {remedy}") from error
    if is_surely_utf8(data, declared):
        raise SourceError(
            f"{what} {path}: the study declares encoding = {encoding!r}, and the whole file reads as utf-8; write "
            "encoding = 'utf-8'"
        )
    if "\x00" in text:
        raise SourceError(f"{what} {path}: the file is not text in {encoding}; declare its encoding or export it again")
    return text
