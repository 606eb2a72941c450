"""Names of columns as offices write them, told by an editable vocabulary in Chinese, French and English."""

from __future__ import annotations

import functools
import importlib.resources
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rapidfuzz import fuzz

from spatial.sources.cells import narrow
from spatial.sources.tag_rules import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Match", "language_of", "matches", "meanings", "plain"]

EXACT, TRUNCATED, HOLDS = 1.0, 0.93, 0.9
ALIKE = 0.86
"""Least similarity of two names that are not equal."""

SHORTEST_ALIKE = 6
DBF_NAME_BYTES = 10
"""A Shapefile cuts names of columns to so many bytes."""

_BRACKETS = re.compile(r"[(\[（【{][^)\]）】}]*[)\]）】}]")  # noqa: RUF001 - brackets as offices write them
_SIGNS = re.compile(r"[\W_]+")
_YEAR = re.compile(r"\b(19|20)\d\d年?\b|\d{4}年")
_CJK = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Match:
    """A column of ours that a name may stand for."""

    ours: str  # our column
    score: float  # 1 where the name is in the vocabulary
    word: str  # the word of the vocabulary
    language: str  # its language
    rank: int = 0  # place of the word in its list: earlier words come before later ones where both are equal


def plain(text: str) -> str:
    """
    Write a name without capitals, accents, signs, years and what stands in brackets.

    Examples
    --------
    >>> plain("Population_2020 (hab.)"), plain("人口 (人)"), plain("N° d'ordre")
    ('population', '人口', 'n d ordre')
    """
    bare = _BRACKETS.sub(" ", narrow(text)) or text
    words = _SIGNS.sub(" ", fold(bare.replace("°", " ").replace("º", " ")))
    words = " ".join(_YEAR.sub(" ", words).split()) or " ".join(words.split())
    return words.replace(" ", "") if _CJK.search(words) else words


@functools.cache
def _shipped(name: str) -> dict[str, Any]:
    file = importlib.resources.files("spatial.inputs.inspection") / name
    return tomllib.loads(file.read_text(encoding="utf-8"))


def meanings() -> dict[str, Any]:
    """Return the words by which files and values show what they are."""
    return _shipped("meanings.toml")


@functools.cache
def _words() -> tuple[tuple[str, str, str, int], ...]:
    """Every word of the vocabulary, plain, with our column, its language and its place in the list."""
    return tuple(
        (plain(word), ours, language, rank)
        for ours, languages in _shipped("fields.toml").items()
        for language, words in languages.items()
        for rank, word in enumerate(words)
    )


def matches(name: str) -> list[Match]:
    """Tell what a column may be by its name."""
    wanted = plain(name)
    best: dict[str, Match] = {}
    for word, ours, language, rank in _words():
        score = _score(name, wanted, word)
        if score and (ours not in best or score > best[ours].score):
            best[ours] = Match(ours, score, word, language, rank)
    return sorted(best.values(), key=lambda match: -match.score)


def _score(name: str, wanted: str, word: str) -> float:
    if not wanted:
        return 0.0
    if wanted.replace(" ", "") == word.replace(" ", ""):
        return EXACT
    return _chinese_score(name, wanted, word) if _CJK.search(word) else _latin_score(name, wanted, word)


def _chinese_score(name: str, wanted: str, word: str) -> float:
    is_cut = len(name.encode("gb18030", "replace")) >= DBF_NAME_BYTES - 1 or len(name) <= 3
    if is_cut and len(wanted) >= 3 and word.startswith(wanted):
        return TRUNCATED
    holds = len(word) >= 2 and (wanted.endswith(word) or wanted.startswith(word))
    return HOLDS * (0.9 + 0.1 * len(word) / len(wanted)) if holds else 0.0


def _latin_score(name: str, wanted: str, word: str) -> float:
    joined, bare = wanted.replace(" ", ""), word.replace(" ", "")
    if len(name) == DBF_NAME_BYTES and len(joined) >= 8 and bare.startswith(joined):
        return TRUNCATED
    if len(bare) >= 3 and f" {word} " in f" {wanted} ":
        return HOLDS * (0.9 + 0.1 * len(word) / len(wanted))
    alike = fuzz.ratio(joined, bare) / 100.0 if min(len(joined), len(bare)) >= SHORTEST_ALIKE else 0.0
    return 0.95 * alike if alike >= ALIKE else 0.0


def language_of(names: Iterable[str]) -> str:
    """
    Tell the language of a file by the names of its columns.

    Returns zh, fr or en; empty where none is known. A name that several languages have does not count.
    """
    counts = {"zh": 0, "fr": 0, "en": 0}
    for name in names:
        if _CJK.search(name):
            counts["zh"] += 1
            continue
        wanted = plain(name)
        found = {language for word, _, language, _ in _words() if word == wanted}
        if len(found) == 1:
            counts[found.pop()] += 1
    language, number = max(counts.items(), key=lambda item: item[1])
    return language if number else ""
