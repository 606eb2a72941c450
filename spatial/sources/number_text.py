"""Numbers as offices write them: a decimal comma and thousands set apart, as declared; what is ambiguous is refused."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import pandas as pd

from spatial.errors import first_of
from spatial.sources.coordinates import coordinate_columns
from spatial.tables import TABLES

if TYPE_CHECKING:
    from spatial.study import TableSource

__all__ = ["plain_number", "plain_numbers"]

NUMBER_ENDINGS = ("_persons", "_min", "_m", "_km", "_km_h", "_share", "_person", "_x", "_y")
"""A column of ours whose name ends so holds numbers, whether or not a table has it."""

OWN_NUMBERS = frozenset({"admin_level", "volume", "layer"})
"""Numbers of tables of the user's own that no table between stages has."""

_SPACES = dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2009\u202f"), " ")
_ANGLE = re.compile("[°º'\"\u2032\u2019\u2033]")


def plain_number(text: str, *, decimal: str = ".", thousands: str = "") -> str | None:
    """
    Write a number with digits and a decimal point only.

    Returns None where it is not written so: with another sign, or with groups that are not of three digits.

    Examples
    --------
    >>> plain_number("1 234,5", decimal=","), plain_number("1,234", thousands=","), plain_number("1,23")
    ('1234.5', '1234', None)
    """
    plain = text.translate(_SPACES).strip()
    if _pattern(decimal, thousands or " ").fullmatch(plain) is None:
        return None
    return plain.replace(thousands or " ", "").replace(decimal, ".")


def plain_numbers(
    frame: pd.DataFrame, source: TableSource, problems: list[str], *, typed: bool = False
) -> pd.DataFrame:
    """Write the numbers of a table plainly where the study says how they are written."""
    if not {"decimal", "thousands"} & source.model_fields_set:
        return frame
    axes, keys = coordinate_columns(source)
    changed = {}
    for name in map(str, frame.columns):
        is_axis = name in axes
        if not (is_axis or _is_number_column(name)) or not isinstance(frame[name].dtype, pd.StringDtype):
            continue
        written = frame[name].str.strip()
        angle = written.str.contains(_ANGLE, na=False) & is_axis
        plain = written.map(
            lambda text: plain_number(text, decimal=source.decimal, thousands=source.thousands),
            na_action="ignore",
        )
        plain = plain.where(~angle, written.str.replace(source.decimal, ".", regex=False))
        stray = (
            written.notna() & plain.isna() & written.fillna("").str.fullmatch(r"[+-]?[\d.,' \u00a0\u202f]*\d")
        )
        if typed:
            stray &= ~written.fillna("").str.fullmatch(r"[+-]?\d*\.?\d+")
        if stray.any():
            shown = first_of(written[stray].drop_duplicates(), limit=3)
            key = keys[axes.index(name)] if is_axis else name
            problems.append(
                f"{key}: {int(stray.sum())} number(s) not written as decimal = {source.decimal!r} and thousands = "
                f"{source.thousands!r} say, such as {shown}; correct them, or declare how they are written"
            )
        changed[name] = plain.where(plain.notna(), written)
    result = frame.assign(**changed)
    result.attrs = dict(frame.attrs)
    return result


@functools.cache
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    point, apart = re.escape(decimal), re.escape(thousands)
    return re.compile(rf"[+-]?(?:\d+|\d{{1,3}}(?:{apart}\d{{3}})+)(?:{point}\d*)?|[+-]?{point}\d+", re.ASCII)


@functools.cache
def _known_numbers() -> frozenset[str]:
    fields = [field for table in TABLES.values() for field in table.fields]
    return OWN_NUMBERS | {field.name for field in fields if field.kind in {"number", "whole"}}


def _is_number_column(name: str) -> bool:
    return name in _known_numbers() or name.endswith(NUMBER_ENDINGS)
