"""How numbers are written in text: a decimal comma, thousands set apart, or both; what is ambiguous is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from spatial.sources.inspection.reports import Setting
from spatial.sources.number_text import plain_number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NumberSigns", "tell_signs"]

_LIKE = re.compile(r"[+-]?\d[\d.,' \u00a0\u202f]*", re.ASCII)
_SIGNED = re.compile(r"[,' \u00a0\u202f]|\..*\.")
_LISTED = 3


@dataclass(eq=False)
class NumberSigns:
    """Signs in the numbers of a table."""

    decimal: str = "."  # as `PlainTable` has them; a point and nothing by default
    thousands: str = ""
    # keys of the study file; an ambiguous sign is undecided
    settings: list[Setting] = field(default_factory=list)

    def plain(self, series: pd.Series) -> pd.Series:
        """Write the numbers of a column plainly."""
        is_text = isinstance(series.dtype, pd.StringDtype) or series.dtype == object
        if not self.settings or not is_text:
            return series
        written = series.dropna().astype(str).map(self._number)
        return (
            series
            if written.isna().any()
            else written.reindex(series.index).astype("str").rename(str(series.name))
        )

    def _number(self, text: str) -> str | None:
        return plain_number(text, decimal=self.decimal, thousands=self.thousands)


def tell_signs(frame: pd.DataFrame) -> NumberSigns:
    """Tell how the numbers of a table of text are written."""
    commas, apart, unclear = set[str](), dict[str, str](), list[str]()
    for name in frame.columns:
        series = frame[name]
        if not (isinstance(series.dtype, pd.StringDtype) or series.dtype == object):
            continue
        texts = [str(value).strip() for value in series.dropna().unique()]
        if not texts or not all(_LIKE.fullmatch(text) for text in texts):
            continue
        for text in texts:
            if _SIGNED.search(text):
                _one(text, commas, apart, unclear)
    return _settled(commas, apart, unclear)


def _one(text: str, commas: set[str], apart: dict[str, str], unclear: list[str]) -> None:
    """Take one number as evidence."""
    plain = text.replace("\u00a0", " ").replace("\u202f", " ")
    for sign in (" ", "'"):
        if sign in plain:
            apart[sign] = text
    if "," not in plain:
        if plain.count(".") > 1:
            apart["."] = text
        return
    whole, _, rest = plain.rpartition(",")
    if "." in rest or "," in whole:
        apart[","] = text
    elif "." in whole:
        apart["."] = text
        commas.add(text)
    elif len(rest) != _LISTED or len(whole.lstrip("+-")) > _LISTED or whole.lstrip("+-").startswith("0"):
        commas.add(text)
    else:
        unclear.append(text)


def _settled(commas: set[str], apart: dict[str, str], unclear: list[str]) -> NumberSigns:
    result = NumberSigns()
    if commas or "." in apart:  # a point that sets thousands apart leaves the comma to decimals
        result.decimal = ","
        result.settings.append(Setting("decimal", ",", f"numbers such as {_shown(commas or {apart['.']})}"))
    sign = next((sign for sign in (",", ".", " ", "'") if sign in apart and sign != result.decimal), "")
    if sign:
        result.thousands = sign
        result.settings.append(Setting("thousands", sign, f"numbers such as {apart[sign]!r}"))
    if unclear and result.decimal == "." and sign != ",":
        result.thousands = ","
        reason = (
            f"numbers such as {_shown(unclear)}: thousands, as a comma with three digits after it everywhere says? "
            "If it is a decimal comma, write decimal = ',' instead"
        )
        result.settings.append(Setting("thousands", ",", reason, is_decided=False))
    return result


def _shown(texts: Iterable[str]) -> str:
    return ", ".join(repr(text) for text in sorted(texts)[:_LISTED])
