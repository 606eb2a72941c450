"""Words: codes, numbers, notices and known issues as sentences, in any language that has a message file."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.messages import FALLBACK, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


# Numbers of a table as JSON knows them.


def plain(value: object) -> Any:
    """
    Turn a cell of a table into what JSON can hold.

    Returns None for NaN, infinity and whatever else is missing.

    Examples
    --------
    >>> plain(float("nan")) is None
    True
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)


# Notices that the readers of sources wrote themselves, in the language of whoever reads them.

NOTICED = "noticed"
UNKNOWN = "unknown"
"""Stands in `provenance` for what nobody says of a file."""
_SLOT = re.compile(r"\{(\w+)\}")
_COUNTS = frozenset({"count", "rows", "nearer", "farther", "without"})
_NUMBER = re.compile(r"\d[\d,]*")
_IN_ALL = re.compile(r" \((\d+) in all\)")
_SHAPE = re.compile(r"[A-Za-z]+( [A-Za-z]+)*")
_ROW = re.compile(r"(?<=')row (\d+)")


def notice_text(notice: str, words: Words) -> str | None:
    r"""
    Say a notice of a reader in another language.

    Returns None for a notice that has no message. Names, words and cells that it holds stay as the source has
    them.

    Examples
    --------
    >>> notice_text("hidden sheets left unread: 'draft' (1 in all)", Words("fr")).replace("\u00a0", " ")
    "feuilles masquées non lues : 'draft' (1 en tout)"
    """
    for key, pattern in _patterns():
        found = pattern.fullmatch(notice)
        if found is not None:
            return words.say(
                "notice", key, **{name: _value(name, held, words) for name, held in found.groupdict().items()}
            )
    return None


def namesake_texts(summary: Mapping[str, Any], words: Words) -> list[str]:
    """Say which facilities a scenario closes while another of their name, perhaps the same one, stays open."""
    told = summary.get("open_namesakes") or ()
    return [notice_text(text, words) or text for text in told]


def issue_text(record: Mapping[str, str], words: Words) -> str:
    """Say a known issue: the source's own words as they are, a reader's notice in the language that has it."""
    own = record["issue_kind"] == NOTICED
    return (notice_text(record["issue"], words) if own else None) or record["issue"]


def issues_by_file(records: Iterable[Mapping[str, str]], words: Words) -> dict[str, str]:
    """Say the known issues of each file that has any."""
    told: dict[str, list[str]] = {}
    for record in records:
        told.setdefault(record["path"], []).append(issue_text(record, words))
    return {path: words.say("issue", "joint").join(texts) for path, texts in told.items()}


def source_fact(fact: str, words: Words) -> str:
    """
    Say an origin, licence, vintage or address of a file.

    Examples
    --------
    >>> source_fact("unknown", Words("fr")), source_fact("CC0-1.0", Words("fr"))
    ('non précisé', 'CC0-1.0')
    """
    return words.say("source", "unknown") if fact == UNKNOWN else fact


def stated(fact: str) -> str:
    """
    Take what a source states of itself.

    Examples
    --------
    >>> stated("unknown"), stated("CC0-1.0")
    ('', 'CC0-1.0')
    """
    return "" if fact == UNKNOWN else fact


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """English is what readers write: its messages tell which notice a text is, and what their braces held."""
    return tuple((key, _pattern(text)) for key, text in Words(FALLBACK).messages["notice"].items())


def _pattern(text: str) -> re.Pattern[str]:
    fixed = _SLOT.split(text)
    parts = [f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(fixed)]
    return re.compile("".join(parts), re.DOTALL)


def _value(name: str, held: str, words: Words) -> str:
    if name in _COUNTS and _NUMBER.fullmatch(held):
        return words.number(int(held.replace(",", "")))
    if name == "data":
        return words.messages["data_kind"].get(held, held)
    if name == "shapes":
        return _SHAPE.sub(lambda found: words.messages["notice_shape"].get(found[0], found[0]), held)
    counted = _IN_ALL.sub(lambda found: words.say("notice_part", "in_all", count=found[1]), held)
    if name != "lines":
        return counted
    return _ROW.sub(lambda found: words.say("notice_part", "row", number=found[1]), counted)


# Known issues of the sources in words: what each says, affects and forbids here.

PLAIN = "plain_text"


def issue_lines(
    summary: Mapping[str, Any], language: str = "en", *, names: Mapping[str, str] | None = None
) -> list[str]:
    """Say the known issues of a study, a line each."""
    words = Words(language, names=names)
    known = summary.get("known_issues") or []
    if not known:
        return [words.say("issue", "line", issue=issue) for issue in summary["issues"]]
    lines = []
    for record in known:
        effect = effect_text(record, words)
        told = f"{record['path']}: {issue_text(record, words)}"
        said = words.say("issue", "with_effect", issue=told, effect=effect) if effect else told
        lines.append(words.say("issue", "line", issue=said))
    return lines


def effect_text(record: Mapping[str, Any], words: Words) -> str:
    """
    Say what a known issue affects and forbids.

    Returns such as "affects people; forbids to compare Alba, Borga; townships without a rank: 2"; empty where
    nobody says.

    Examples
    --------
    >>> told = {"affects": [], "areas": ["Alba"], "without_rank": ["a"], "unknown_areas": []}
    >>> effect_text(told | {"issue_kind": "declared", "forbids": ["ranking"]}, Words("en"))
    'forbids to rank Alba; townships without a rank: 1'
    """
    return words.say("issue", "joint").join(_effects(record, words))


def _effects(record: Mapping[str, Any], words: Words) -> Iterator[str]:
    if record["affects"]:
        kinds = words.messages["data_kind"]
        named = [kinds.get(kind) or words.service(kind) for kind in record["affects"]]
        yield words.say("issue", "affects", what=_joined(named, words))
    areas: Sequence[str] = record["areas"]
    for effect in record["forbids"]:
        if record["issue_kind"] == PLAIN:
            yield words.say("issue", "named")
        elif not areas:
            yield words.say("issue", f"{effect}_all")
        else:
            alone = "_alone" if effect == "comparison" and len(areas) == 1 else ""
            yield words.say("issue", effect + alone, areas=_joined(areas, words))
    if record["without_rank"]:
        yield words.say("issue", "without_rank", count=words.number(len(record["without_rank"])))
    if record["unknown_areas"]:
        yield words.say("issue", "unknown_areas", areas=_joined(record["unknown_areas"], words))


def _joined(items: Sequence[str], words: Words) -> str:
    return words.say("score", "joint").join(items)
