"""Wording: codes, numbers, notices and known issues as sentences, in any language that has a message file."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.errors import StudyError
from spatial.messages import FALLBACK, languages, words_of

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


# Wording: codes and numbers of the results as sentences, in any language that has a message file.

METRES_PER_KM = 1000.0
NOT_MEASURED = frozenset({"other", "share"})
COUNTS = ("n", "count", "number", "detail")
"""Braces that may hold how many there are; the first of these counts."""
SINGULAR = {"en": ("1",), "fr": ("0", "1")}
"""Counts, as written, of which a language speaks in the singular; a language that is not here has one form."""


@dataclass(frozen=True)
class Wording:
    """The messages of one language."""

    language: str  # its code, such as ``zh``
    messages: Mapping[str, Mapping[str, str]]  # section, key, text
    # names of services in that language; a service without one goes by its id
    names: Mapping[str, str] = field(default_factory=dict)

    def say(self, section: str, key: str, **values: object) -> str:
        """Say one message."""
        text = worded(self.messages.get(section, {}), key, self.language, values)
        return key if text is None else text.format(**values)

    def service(self, name: str) -> str:
        """Name a service."""
        return self.names.get(name) or self.term(name)

    def term(self, word: str) -> str:
        """Say a word of the register or of a table."""
        return self.messages.get("term", {}).get(word) or word.replace("_", " ")

    def reason(self, codes: str) -> str:
        """
        Put reason codes into words.

        Returns the reasons, joined by ``; ``; empty for none.
        """
        parts = [part.partition(":") for part in codes.split(";") if part]
        said = [self.say("reason", code, detail=self.service(detail)) for code, _, detail in parts]
        return "; ".join(said)

    def number(self, value: object, *, decimals: int = 0) -> str:
        """Write a number with thousands separators, for people and places without decimals."""
        known = isinstance(value, int | float) and not math.isnan(value)
        return self._local(f"{value:,.{decimals}f}") if known else "?"

    def figure(self, value: float) -> str:
        """Write a number that was rounded already, with as many decimals as it has."""
        return self._local(f"{value:,.12g}")

    def date(self, day: dt.date | str) -> str:
        """Write a date."""
        if isinstance(day, str):
            try:
                day = dt.date.fromisoformat(day)
            except ValueError:
                return str(day)
        form = "first" if day.day == 1 else "other"
        return self.say("date", form, day=day.day, month=self.say("months", str(day.month)), year=day.year)

    def measure(self, value: object, unit: str, *, decimals: int = 0) -> str:
        """Write a measured value with its unit: whole minutes and metres, kilometres from one on."""
        if not isinstance(value, int | float) or math.isnan(value):
            return "?"
        if unit == "m" and value >= METRES_PER_KM and not decimals:
            return self.say("unit", "km", value=self._local(_kilometres(value / METRES_PER_KM)))
        if unit in self.messages["unit"] and unit not in NOT_MEASURED:
            number = self.number(value, decimals=0 if unit == "persons" else decimals)
            return self.say("unit", unit, n=number, value=number)
        return self.say("unit", "other", value=self._local(f"{value:g}"), unit=self.term(unit))

    def share(self, value: float | None) -> str:
        """Write a share in percent, with a decimal where it has one; one short of all is never all."""
        if value is None or math.isnan(value):
            return "?"
        percent = round(100.0 * value, 1)
        percent = 99.9 if value < 1.0 and percent >= 100.0 else percent
        percent = 0.1 if value > 0.0 and percent <= 0.0 else percent
        return self.say("unit", "share", value=self._local(f"{percent:.1f}".removesuffix(".0")))

    def against(self, value: float, threshold: float, unit: str) -> str:
        """Set a value against a norm, with as many decimals as it takes to tell them apart."""
        pairs = [
            (self.measure(value, unit, decimals=count), self.measure(threshold, unit, decimals=count))
            for count in range(4)
        ]
        told = [pair for pair in pairs if pair[0] != pair[1]]
        shown = pairs[0] if value == threshold or not told else told[0]
        return self.say("line", "norm_value", value=shown[0], threshold=shown[1])

    def _local(self, number: str) -> str:
        """Put the language's separators into a number written with ``,`` and ``.``."""
        marks = self.messages["number"]
        return number.translate({ord(","): marks["thousands"], ord("."): marks["decimal"]})


def worded(messages: Mapping[str, str], key: str, language: str, values: Mapping[str, object]) -> str | None:
    """
    Choose the message of a single one or of several.

    Returns None where there is no such message.
    """
    count = next((str(values[name]) for name in COUNTS if name in values), "")
    single = messages.get(f"{key}_one") if count in SINGULAR.get(language, ()) else None
    return single or messages.get(key)


def _kilometres(value: float) -> str:
    return f"{value:,.1f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")


def wording(language: str, *, names: Mapping[str, str] | None = None) -> Wording:
    """
    Load the messages of a language.

    Examples
    --------
    >>> wording("en").measure(41.2, "min")
    '41 min'
    """
    if language not in languages():
        known = ", ".join(languages())
        raise StudyError("language", [f"outputs.languages: no messages in {language!r}; there are {known}"])
    base, own = words_of(FALLBACK, "results"), words_of(language, "results")
    merged = {section: {**base[section], **own.get(section, {})} for section in base}
    return Wording(language, merged, dict(names or {}))


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


# Known issues of the sources in words: what each says, affects and forbids here.

PLAIN = "plain_text"


def issue_lines(
    summary: Mapping[str, Any], language: str = "en", *, names: Mapping[str, str] | None = None
) -> list[str]:
    """Say the known issues of a study, a line each."""
    words = wording(language, names=names)
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


def effect_text(record: Mapping[str, Any], words: Wording) -> str:
    """
    Say what a known issue affects and forbids.

    Returns such as "affects people; forbids to compare Alba, Borga; townships without a rank: 2"; empty where
    nobody says.

    Examples
    --------
    >>> told = {"affects": [], "areas": ["Alba"], "without_rank": ["a"], "unknown_areas": []}
    >>> effect_text(told | {"issue_kind": "declared", "forbids": ["ranking"]}, wording("en"))
    'forbids to rank Alba; townships without a rank: 1'
    """
    return words.say("issue", "joint").join(_effects(record, words))


def _effects(record: Mapping[str, Any], words: Wording) -> Iterator[str]:
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


def _joined(items: Sequence[str], words: Wording) -> str:
    return words.say("score", "joint").join(items)
