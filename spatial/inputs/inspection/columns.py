"""Columns as they are: names by a vocabulary, kinds of values, and how numbers are written in text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rapidfuzz import fuzz

from spatial.arrays import FloatArray
from spatial.formats.columns import NUMBER, perhaps_thousands, plain_number, text_column
from spatial.formats.delimited import degrees_of, narrow
from spatial.formats.tag_rules import fold
from spatial.formats.vector import split_pairs
from spatial.inputs.inspection.reports import Setting
from spatial.inputs.names import HAN
from spatial.messages import Said
from spatial.plain_text import shipped_toml

# Names of columns as offices write them, told by an editable vocabulary in Chinese, French and English.

EXACT, TRUNCATED, HOLDS = 1.0, 0.93, 0.9
ALIKE = 0.86
"""Least similarity of two names that are not equal."""

SHORTEST_ALIKE = 6
DBF_NAME_BYTES = 10
"""A Shapefile cuts names of columns to so many bytes."""

_BRACKETS = re.compile(r"[(\[（【{][^)\]）】}]*[)\]）】}]")  # noqa: RUF001 - brackets as offices write them
_SIGNS = re.compile(r"[\W_]+")
_AGE = re.compile(r"\b\d{1,3}\s*(\+|-|–|to\b|and\b|et\b|a\b|plus\b|years?\b|ans\b|岁|周岁)")  # noqa: RUF001 - as offices write
_INCLUDING = re.compile(r"[(\[](含|包括|incl|y compris)[^)\]]*[)\]]")  # who is counted besides
_NO_COUNT = re.compile(r"[(\uff08](人|张|平方米|万元)")
_YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)年?|\d{4}年")


@dataclass(frozen=True)
class Match:
    """A column of ours that a name may stand for."""

    ours: str  # our column
    score: float  # 1 where the name is in the vocabulary
    word: str  # the word of the vocabulary
    language: str  # its language
    rank: int = 0  # place of the word in its list: earlier words come before later ones where both are equal


def plain(text: str) -> str:
    """Write a name without capitals, accents, signs, years and what stands in brackets."""
    bare = _BRACKETS.sub(" ", narrow(text)) or text
    words = _SIGNS.sub(" ", fold(bare.replace("°", " ").replace("º", " ")))
    words = " ".join(_YEAR.sub(" ", words).split()) or " ".join(words.split())
    return words.replace(" ", "") if HAN.search(words) else words


def meanings() -> dict[str, Any]:
    """Return the words by which files and values show what they are."""
    return shipped_toml("inputs/inspection/meanings.toml")


def says_ratio(name: str) -> bool:
    """Tell whether a head of a column speaks of a ratio or a change, and so of no number of anything."""
    return "%" in name or _says(name, meanings()["people"]["ratios"])


def says_part(name: str) -> bool:
    """Tell whether a head of a column speaks of some of the people, or of a ratio, whatever else it says."""
    told = _INCLUDING.sub(" ", fold(narrow(name)))
    return says_ratio(told) or _says(told, meanings()["people"]["parts"]) or _AGE.search(told) is not None


def says_more(name: str) -> bool:
    """Tell whether a head that names a service tells of its beds, pupils or the like, and not of how many there are."""
    return (
        says_ratio(name) or _NO_COUNT.search(name) is not None or _says(name, meanings()["official"]["not_facilities"])
    )


def unit_said(name: str, ours: str) -> str:
    """Name the unit that a head of a column says and that is not the one of ours; empty where it says none such."""
    return next((unit for unit in meanings()["units"].get(ours, ()) if _says(name, [unit])), "")


def _says(name: str, words: Iterable[str]) -> bool:
    told = " ".join(_SIGNS.sub(" ", fold(narrow(name))).split())
    return any(word in told if HAN.search(word) else f" {word} " in f" {told} " for word in words)


class _Word(NamedTuple):
    """A word of the vocabulary."""

    plain: str
    bare: str  # without blanks
    is_han: bool
    ours: str  # our column
    language: str
    rank: int  # its place in the list


@functools.cache
def _words() -> tuple[_Word, ...]:
    words = (
        (plain(word), ours, language, rank)
        for ours, languages in shipped_toml("inputs/inspection/fields.toml").items()
        for language, words in languages.items()
        for rank, word in enumerate(words)
    )
    return tuple(_Word(word, word.replace(" ", ""), HAN.search(word) is not None, *told) for word, *told in words)


@functools.lru_cache(maxsize=4096)
def matches(name: str) -> tuple[Match, ...]:
    """Tell what a column may be by its name, the surest first. Each table is asked for many kinds of lists."""
    wanted, is_part = plain(name), says_part(name)
    if not wanted:
        return ()
    joined = wanted.replace(" ", "")
    # A Shapefile may have cut the name, to so many bytes in Chinese and so many letters in others.
    is_cut_han = len(name.encode("gb18030", "replace")) >= DBF_NAME_BYTES - 1 or len(name) <= 3
    is_cut_han = is_cut_han and len(wanted) >= 3 and HAN.search(wanted) is not None
    is_cut = len(name) == DBF_NAME_BYTES and len(joined) >= 8
    best: dict[str, Match] = {}
    for word in _words():
        if is_part and word.ours == "population_persons":
            continue
        # Equal, cut short, part of it or alike.
        score = 0.0
        if joined == word.bare:
            score = EXACT
        elif word.is_han:
            if is_cut_han and word.plain.startswith(wanted):
                score = TRUNCATED
            elif len(word.plain) >= 2 and (wanted.endswith(word.plain) or wanted.startswith(word.plain)):
                score = _held(word.plain, wanted)
        elif is_cut and word.bare.startswith(joined):
            score = TRUNCATED
        elif len(word.bare) >= 3 and f" {word.plain} " in f" {wanted} ":
            score = _held(word.plain, wanted)
        elif min(len(joined), len(word.bare)) >= SHORTEST_ALIKE:
            alike = fuzz.ratio(joined, word.bare) / 100.0
            score = 0.95 * alike if alike >= ALIKE else 0.0
        if score and (word.ours not in best or score > best[word.ours].score):
            best[word.ours] = Match(word.ours, score, word.plain, word.language, word.rank)
    return tuple(sorted(best.values(), key=lambda match: -match.score))


def _held(word: str, wanted: str) -> float:
    """Score a name that holds a word: the more of it, the surer."""
    return HOLDS * (0.9 + 0.1 * len(word) / len(wanted))


def language_of(names: Iterable[str]) -> str:
    """Tell the language of a file by names of columns that one alone has: zh, fr or en; empty for none."""
    counts = dict.fromkeys(("zh", "fr", "en"), 0)
    for name in names:
        wanted = plain(name)
        found = {word.language for word in _words() if word.plain == wanted}
        if HAN.search(name):
            found = {"zh"}
        if len(found) == 1:
            counts[found.pop()] += 1
    language = max(counts, key=lambda language: counts[language])
    return language if counts[language] else ""


# Columns as they are: kinds of values, how many, examples.

EXAMPLES = 3
SAMPLED = 2000
_CODE = re.compile(r"0\d+|\d{6,}|[A-Za-z]{1,3}\d{4,}", re.ASCII)
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?(T[\d:]+)?", re.ASCII)
_FLAGS = {"yes", "no", "true", "false", "是", "否", "oui", "non", "y", "n"}
PAIR = re.compile(
    r"\s*(?:(?:point\s*)?[\[(])?\s*[-+]?\d{1,3}\.\d+\s*[,;，、 ]\s*[-+]?\d{1,3}\.\d+\s*[\])]?\s*",  # noqa: RUF001 - as offices write
    re.IGNORECASE,
)
_MOST = 0.95


@dataclass(frozen=True, eq=False)
class Profile:
    """What a column holds."""

    name: str  # as the file has it
    kind: str  # code, whole number, number, angle, pair, yes or no, date, text or empty
    texts: pd.Series  # its values as text; missing where blank
    # shape (n,), its values as numbers, angles in degrees; NaN where they are none
    numbers: FloatArray
    filled: int  # values, and different ones
    distinct: int
    above: tuple[str, ...] = ()  # lines above the header that say that numbers count thousands or the like

    @property
    def blanks(self) -> int:
        """Rows without a value."""
        return len(self.texts) - self.filled

    @property
    def is_key(self) -> bool:
        """Whether it names every row and none twice; false for an empty table."""
        return not self.blanks and self.filled == self.distinct > 0

    @property
    def values(self) -> list[str]:
        """Different values."""
        return [str(value) for value in self.texts.dropna().unique()]

    @property
    def finite(self) -> FloatArray:
        """Numbers without gaps."""
        return self.numbers[np.isfinite(self.numbers)]

    @property
    def examples(self) -> tuple[str, ...]:
        """The first of its different values."""
        return tuple(self.values[:EXAMPLES])


def profile_of(series: pd.Series, *, above: tuple[str, ...] = ()) -> Profile:
    """Look at a column."""
    texts = text_column(series)
    texts = texts.where(texts.str.strip() != "").astype("str")
    filled, distinct = int(texts.notna().sum()), int(texts.nunique())
    numbers = np.full(len(series), np.nan)
    if pd.api.types.is_bool_dtype(series.dtype):
        kind = "yes or no"
    elif pd.api.types.is_numeric_dtype(series.dtype):
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
        whole = bool((np.mod(numbers[np.isfinite(numbers)], 1) == 0).all())
        kind = "whole number" if whole else "number"
        if whole and _is_coded(texts.dropna().head(SAMPLED)):
            kind = "code"
    elif pd.api.types.is_datetime64_any_dtype(series.dtype):
        kind = "date"
    else:
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
        kind = _kind_of_text(texts.dropna())
        if kind == "angle":
            numbers = angles_of(texts)
    return Profile(str(series.name), kind if filled else "empty", texts, numbers, filled, distinct, above)


def _kind_of_text(texts: pd.Series) -> str:
    """Tell what texts, none of them missing, are by how most of some of them are written."""
    some = texts.iloc[:: max(1, len(texts) // SAMPLED)].map(narrow)
    if some.empty:
        return "empty"

    def mostly(pattern: re.Pattern[str]) -> bool:
        return bool(some.map(lambda text: pattern.fullmatch(text) is not None).mean() >= _MOST)

    if some.str.casefold().isin(_FLAGS).all():
        return "yes or no"
    if mostly(_CODE) and not some.str.contains(".", regex=False).any() and _is_coded(some):
        return "code"
    if mostly(NUMBER):
        return "number" if some.str.contains(r"[.eE]").any() else "whole number"
    for pattern, kind in ((_DATE, "date"), (PAIR, "pair")):
        if mostly(pattern):
            return kind
    halves = split_pairs(some[some.str.contains("[°º˚度].*[°º˚度]")])
    if len(halves) >= _MOST * len(some) and all(np.isfinite(angles_of(halves[n])).mean() >= _MOST for n in halves):
        return "pair"
    # Read all of them only where some are angles.
    is_angle = all(np.isfinite(angles_of(rows)).mean() >= _MOST for rows in (some, texts))
    return "angle" if is_angle else "text"


def _is_coded(texts: pd.Series) -> bool:
    """Whether digits are a code rather than an amount: leading zeros, letters, or nearly all of one long length."""
    if texts.empty:
        return False
    if texts.str.match(r"0\d|[A-Za-z]").any():
        return True
    lengths = texts.str.len()
    return bool((lengths == lengths.mode().iloc[0]).mean() >= _MOST and lengths.mode().iloc[0] >= 9)


def angles_of(texts: pd.Series) -> FloatArray:
    """Degrees of either axis; whole and decimal numbers do not come here."""

    def angle(text: object) -> float:
        if not isinstance(text, str):
            return np.nan
        east = degrees_of(text, "longitude")
        return east if np.isfinite(east) else degrees_of(text, "latitude")

    return np.array([angle(text) for text in texts], dtype=np.float64)


# How numbers are written in text: a decimal comma, thousands set apart, or both; what is ambiguous is asked.

_LIKE = re.compile(r"[+-]?\d[\d.,' \u00a0\u202f]*", re.ASCII)
_SIGNED = re.compile(r"[,' \u00a0\u202f]|\..*\.")
_NO_AMOUNT = re.compile(
    r"[+-]?(0\d|.*\d[ '\u00a0\u202f](?!\d{3}(?!\d))|(?=.*\..*\.)(?!\d{1,3}(\.\d{3})+(,\d*)?$))", re.ASCII
)
"""Codes, telephone numbers and dates: a leading zero, or digits set apart otherwise than by three."""
_LISTED = 3
_APART = (" ", "'")


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
        texts = series.dropna().astype(str)
        written = texts.map(lambda text: plain_number(text, decimal=self.decimal, thousands=self.thousands))
        if written.isna().any():
            return series
        return written.reindex(series.index).astype("str").rename(str(series.name))


def tell_signs(frame: pd.DataFrame) -> NumberSigns:
    """Tell how the numbers of a table of text are written."""
    commas, apart, unclear = set[str](), dict[str, str](), list[str]()
    grouped: list[str] | None = []
    for name in frame.columns:
        series = frame[name]
        if not (isinstance(series.dtype, pd.StringDtype) or series.dtype == object):
            continue
        texts = [str(value).strip() for value in series.dropna().unique()]
        if not texts or not all(_LIKE.fullmatch(text) for text in texts) or all(map(PAIR.fullmatch, texts)):
            continue
        if any(map(_NO_AMOUNT.match, texts)):
            continue
        pointed, several = any("." in text and "," not in text for text in texts), perhaps_thousands(series)
        if pointed and grouped is not None:
            # A point that surely is a decimal one stands beside no decimal comma.
            grouped = [*grouped, *several] if several else None
        # Take each number that is not plain as evidence of a decimal comma, or of a sign between thousands.
        for text in filter(_SIGNED.search, texts):
            plain = text.replace("\u00a0", " ").replace("\u202f", " ")
            apart |= {sign: text for sign in _APART if sign in plain}
            whole, comma, rest = plain.rpartition(",")
            digits = whole.lstrip("+-")
            if not comma:
                apart |= {".": text} if plain.count(".") > 1 else {}
            elif "." in rest or "," in whole:
                apart[","] = text
            elif "." in whole:
                apart["."] = text
                commas.add(text)
            elif len(rest) != _LISTED or len(digits) > _LISTED or digits.startswith("0"):
                if several or not pointed:
                    commas.add(text)
            else:
                unclear.append(text)
    result = NumberSigns()
    reason = Said("comma_thousands", texts=_shown(unclear))
    if commas and unclear and grouped is None:
        # Beside decimal points neither reading fits all.
        reason, commas = Said("comma_beside", texts=_shown(unclear), wrong=_shown(commas)), set()
    if commas and grouped:
        apart.setdefault(".", grouped[0])
    if commas or "." in apart:  # a point that sets thousands apart leaves the comma to decimals
        result.decimal = ","
        result.settings.append(Setting("decimal", ",", Said("decimal_comma", texts=_shown(commas or {apart["."]}))))
    sign = next((sign for sign in (",", ".", *_APART) if sign in apart and sign != result.decimal), "")
    if sign:
        result.thousands = sign
        result.settings.append(Setting("thousands", sign, Said("decimal_comma", texts=_shown([apart[sign]]))))
    if unclear and result.decimal == "." and sign != ",":
        result.thousands = ","
        result.settings.append(Setting("thousands", ",", reason, is_decided=False))
    return result


def _shown(texts: Iterable[str]) -> dict[str, list[str]]:
    return {"quoted": sorted(texts)[:_LISTED]}
