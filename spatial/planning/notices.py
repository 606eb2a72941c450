"""Notices that the readers of sources wrote themselves, in the language of whoever reads them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from spatial.planning.wording import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spatial.planning.wording import Wording

__all__ = [
    "NOTICED",
    "issue_text",
    "issues_by_file",
    "namesake_texts",
    "notice_text",
    "source_fact",
    "stated",
]

NOTICED = "noticed"
UNKNOWN = "unknown"
"""Stands in `provenance` for what nobody says of a file."""
_SLOT = re.compile(r"\{(\w+)\}")
_COUNTS = frozenset({"count", "rows", "nearer", "farther", "without"})
_NUMBER = re.compile(r"\d[\d,]*")
_IN_ALL = re.compile(r" \((\d+) in all\)")
_SHAPE = re.compile(r"[A-Za-z]+( [A-Za-z]+)*")
_ROW = re.compile(r"(?<=')row (\d+)")


def notice_text(notice: str, words: Wording) -> str | None:
    r"""
    Say a notice of a reader in another language.

    Returns None for a notice that has no message. Names, words and cells that it holds stay as the source has
    them.

    Examples
    --------
    >>> notice_text("hidden sheets left unread: 'draft' (1 in all)", wording("fr")).replace("\u00a0", " ")
    "feuilles masquées non lues : 'draft' (1 en tout)"
    """
    for key, pattern in _patterns():
        found = pattern.fullmatch(notice)
        if found is not None:
            return words.say(
                "notice", key, **{name: _value(name, held, words) for name, held in found.groupdict().items()}
            )
    return None


def namesake_texts(summary: Mapping[str, Any], words: Wording) -> list[str]:
    """Say which facilities a scenario closes while another of their name, perhaps the same one, stays open."""
    told = summary.get("open_namesakes") or ()
    return [notice_text(text, words) or text for text in told]


def issue_text(record: Mapping[str, str], words: Wording) -> str:
    """Say a known issue: the source's own words as they are, a reader's notice in the language that has it."""
    own = record["issue_kind"] == NOTICED
    return (notice_text(record["issue"], words) if own else None) or record["issue"]


def issues_by_file(records: Iterable[Mapping[str, str]], words: Wording) -> dict[str, str]:
    """Say the known issues of each file that has any."""
    told: dict[str, list[str]] = {}
    for record in records:
        told.setdefault(record["path"], []).append(issue_text(record, words))
    return {path: words.say("issue", "joint").join(texts) for path, texts in told.items()}


def source_fact(fact: str, words: Wording) -> str:
    """
    Say an origin, licence, vintage or address of a file.

    Examples
    --------
    >>> source_fact("unknown", wording("fr")), source_fact("CC0-1.0", wording("fr"))
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
    return tuple((key, _pattern(text)) for key, text in wording("en").messages["notice"].items())


def _pattern(text: str) -> re.Pattern[str]:
    fixed = _SLOT.split(text)
    parts = [f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(fixed)]
    return re.compile("".join(parts), re.DOTALL)


def _value(name: str, held: str, words: Wording) -> str:
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
