"""Columns as they are: kinds of values, how many, examples."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.sources.cells import degrees_of, narrow
from spatial.sources.columns import text_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EXAMPLES", "Profile", "profile_of"]

EXAMPLES = 3
SAMPLED = 2000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CODE = re.compile(r"0\d+|\d{6,}|[A-Za-z]{1,3}\d{4,}", re.ASCII)
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?(T[\d:]+)?", re.ASCII)
_FLAGS = {"yes", "no", "true", "false", "是", "否", "oui", "non", "y", "n"}
_PAIR = re.compile(r"\s*[-+]?\d{1,3}\.\d+\s*[,;，、 ]\s*[-+]?\d{1,3}\.\d+\s*")  # noqa: RUF001 - as offices write
_MOST = 0.95


@dataclass(frozen=True, eq=False)
class Profile:
    """What a column holds."""

    name: str  # as the file has it
    kind: str  # code, whole number, number, angle, pair, yes or no, date, text or empty
    texts: pd.Series  # its values as text; missing where blank
    # shape (n,), its values as numbers, angles in degrees; NaN where they are none
    numbers: NDArray[np.float64]
    filled: int  # values, and different ones
    distinct: int

    @property
    def is_key(self) -> bool:
        """
        Whether it names every row and none twice.

        Returns false for an empty table.
        """
        return self.filled == len(self.texts) == self.distinct > 0

    @property
    def values(self) -> list[str]:
        """Different values."""
        return [str(value) for value in self.texts.dropna().unique()]

    @property
    def finite(self) -> NDArray[np.float64]:
        """Numbers without gaps."""
        return self.numbers[np.isfinite(self.numbers)]

    @property
    def examples(self) -> tuple[str, ...]:
        """
        Some of its values.

        Returns the first different ones.
        """
        return tuple(self.values[:EXAMPLES])


def profile_of(series: pd.Series) -> Profile:
    """Look at a column."""
    name = str(series.name)
    texts = text_column(series)
    texts = texts.where(texts.str.strip() != "").astype("str")
    filled, distinct = int(texts.notna().sum()), int(texts.nunique())
    if pd.api.types.is_bool_dtype(series.dtype):
        kind, numbers = "yes or no", np.full(len(series), np.nan)
    elif pd.api.types.is_numeric_dtype(series.dtype):
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
        whole = bool((np.mod(numbers[np.isfinite(numbers)], 1) == 0).all())
        kind = "whole number" if whole else "number"
        if whole and _is_coded(texts.dropna().head(SAMPLED)):
            kind = "code"
    elif pd.api.types.is_datetime64_any_dtype(series.dtype):
        kind, numbers = "date", np.full(len(series), np.nan)
    else:
        kind, numbers = _of_text(texts)
    return Profile(name, kind if filled else "empty", texts, numbers, filled, distinct)


def _of_text(texts: pd.Series) -> tuple[str, NDArray[np.float64]]:
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
    some = texts.dropna()
    some = some.iloc[:: max(1, len(some) // SAMPLED)].map(narrow)
    if some.empty:
        return "empty", numbers

    def mostly(pattern: re.Pattern[str]) -> bool:
        return bool(some.map(lambda text: pattern.fullmatch(text) is not None).mean() >= _MOST)

    angles = numbers
    if some.str.casefold().isin(_FLAGS).all():
        kind = "yes or no"
    elif mostly(_CODE) and not some.str.contains(".", regex=False).any() and _is_coded(some):
        kind = "code"
    elif mostly(_NUMBER):
        kind = "number" if some.str.contains(r"[.eE]").any() else "whole number"
    elif mostly(_DATE):
        kind = "date"
    elif mostly(_PAIR):
        kind = "pair"
    elif np.isfinite(_angles(some)).mean() < _MOST:
        kind = "text"
    else:
        angles = _angles(texts)
        kind = "angle" if np.isfinite(angles).sum() >= _MOST * len(texts.dropna()) else "text"
    return kind, angles if kind == "angle" else numbers


def _is_coded(texts: pd.Series) -> bool:
    """Whether digits are a code rather than an amount: leading zeros, letters, or nearly all of one long length."""
    if texts.empty:
        return False
    if texts.str.match(r"0\d|[A-Za-z]").any():
        return True
    lengths = texts.str.len()
    return bool((lengths == lengths.mode().iloc[0]).mean() >= _MOST and lengths.mode().iloc[0] >= 9)


def _angles(texts: pd.Series) -> NDArray[np.float64]:
    """Degrees of either axis; whole and decimal numbers do not come here."""

    def angle(text: object) -> float:
        if not isinstance(text, str):
            return np.nan
        east = degrees_of(text, "longitude")
        return east if np.isfinite(east) else degrees_of(text, "latitude")

    return np.array([angle(text) for text in texts], dtype=np.float64)
