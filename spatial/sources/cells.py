"""Cells as offices write them: full-width digits and spaces, and coordinates in degrees, minutes and seconds."""
# ruff: noqa: RUF001, RUF002 - full-width characters are what this module reads

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from spatial.sources.notes import Note, add_notes

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["AXES", "coordinate_numbers", "degrees_of", "is_total", "narrow", "narrow_frame", "total_pattern"]

Axis = Literal["longitude", "latitude"]
AXES: tuple[Axis, Axis] = ("longitude", "latitude")
"""Eastward first."""

_SPACES = dict.fromkeys(map(ord, "\u3000\u00a0\u2002\u2003\u2009\u202f\t\r\n"), " ")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), None)
_DIGITS = {ord("０") + digit: str(digit) for digit in range(10)}
_NARROW = {**_SPACES, **_UNSEEN, **_DIGITS}
_WIDE_SIGN = re.compile(r"(?<=\d)．(?=\d)|^[－＋](?=\d)")
_HAS_WIDE = "[０-９]"
_SIGNS = {"．": ".", "－": "-", "＋": "+"}

_MARKS = str.maketrans(
    {"º": "°", "˚": "°", "度": "°", "分": "'", "′": "'", "’": "'", "‘": "'", "＇": "'"}
    | {"秒": '"', "″": '"', "”": '"', "“": '"', "＂": '"', "Ｅ": "E", "Ｗ": "W", "Ｎ": "N", "Ｓ": "S"}
)
_WORDS = {
    "东经": "E",
    "東經": "E",
    "西经": "W",
    "西經": "W",
    "北纬": "N",
    "北緯": "N",
    "南纬": "S",
    "南緯": "S",
}
_DEGREES = re.compile(
    r"(?P<before>[EWNS])?\s*(?P<sign>[+-])?\s*(?P<degrees>\d{1,3}(?:\.\d+)?)\s*"
    r"(?:°\s*(?:(?P<minutes>\d{1,2}(?:\.\d+)?)\s*'\s*(?:(?P<seconds>\d{1,2}(?:\.\d+)?)\s*(?:\"|'')\s*)?)?)?"
    r"(?P<after>[EWNS])?",
    re.ASCII,
)
_ENDS: dict[Axis, tuple[str, str]] = {"longitude": ("E", "W"), "latitude": ("N", "S")}


def narrow(text: str) -> str:
    """
    Write full-width digits and spaces as plain ones; all other characters stay as they are.

    Examples
    --------
    >>> narrow("　１２．５ ")
    '12.5'
    """
    return _WIDE_SIGN.sub(lambda hit: _SIGNS[hit.group()], text.translate(_NARROW)).strip()


def narrow_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Write the full-width digits of a table of text plainly."""
    changed = {}
    count = 0
    for name in frame.columns:
        wide = frame[name].str.contains(_HAS_WIDE, na=False)
        if wide.any():
            count += int(wide.sum())
            changed[name] = frame[name].where(~wide, frame[name].map(narrow, na_action="ignore"))
    if not changed:
        return frame
    result = frame.assign(**changed)
    item = "cells with full-width digits written plainly"
    add_notes(result, [Note(item, count, f"{item}: {count}")])
    return result


def degrees_of(text: str, axis: Axis) -> float:
    """
    Read an angle in degrees, or in degrees, minutes and seconds, with or without its hemisphere.

    Examples
    --------
    >>> degrees_of("39度30分", "latitude"), degrees_of("39.5N", "longitude")
    (39.5, nan)
    """
    plain = narrow(text).translate(_MARKS).upper()
    for word, letter in _WORDS.items():
        plain = plain.replace(word, letter)
    found = _DEGREES.fullmatch(plain)
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


def total_pattern(words: Collection[str]) -> str:
    """Write a pattern that every cell matches by which `is_total` would tell a row of sums."""
    between = r"[\s\u200b\u200c\u200d\u2060\ufeff]*"
    return "(?i:" + "|".join(between.join(map(re.escape, _squeezed(word))) for word in words) + ")"


def is_total(texts: list[str], words: Collection[str]) -> bool:
    """
    Whether a row holds sums of other rows, by its first texts.

    Examples
    --------
    >>> is_total(["合 计", "12"], ["合计", "Total"]), is_total(["Total relief"], ["合计", "Total"])
    (True, False)
    """
    known = {_squeezed(word) for word in words}
    first = [_squeezed(text) for text in texts[:3]]
    whole = {word for word in known if word.startswith("全")}
    if any(text in known - whole for text in first) or (first and first[0] in whole):
        return True
    chinese = tuple(
        word for word in known - whole if not word.isascii() and len(word) <= 4 and word[0] >= "\u3400"
    )
    return bool(first) and bool(chinese) and first[0].endswith(chinese)


def _squeezed(text: str) -> str:
    return "".join(narrow(text).casefold().split()).strip(":：")
