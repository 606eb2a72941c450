"""Every text of every sink, one file a language: another language is one more file, and nothing else."""

from __future__ import annotations

import datetime as dt
import importlib.resources
import logging
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any, Self

from babel import Locale, UnknownLocaleError, localedata
from babel.dates import format_date
from babel.numbers import format_decimal

from spatial.errors import StudyError
from spatial.plain_text import WORDED

__all__ = ["FALLBACK", "Said", "Words", "in_languages", "languages", "locale_of", "warn"]

FOLDER = importlib.resources.files("spatial.messages")
"""Where the files of languages lie."""
FALLBACK = "en"
"""The language whose file is whole: a text that another lacks is said in it."""
METRES_PER_KM = 1000.0
NOT_MEASURED = frozenset({"other", "share"})
COUNTS = ("digits", "n", "count", "number", "detail")
"""Values that may hold how many there are, of which the first counts: by its digits alone where others are written."""
_COLON = re.compile("\u00a0?[:\uff1a]")
_OF, _VOWEL = re.compile(r"\bde (?=\{(\w+)\})"), re.compile("(?!(?:Ou|Y)[aeiouéè])[AEIOUYÀÂÄÉÈÊËÎÏÔÖÙÛÜŒ]")
WHOLE, WITHOUT_GROUPS = "#,##0", "0.############"
"""Patterns of numbers (Unicode Technical Standard 35, part 3)."""


@cache
def languages() -> tuple[str, ...]:
    """List the languages that have a file, by code, sorted."""
    names = [item.name for item in FOLDER.iterdir()]
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def in_languages(texts: dict[str, str]) -> dict[str, str]:
    """Take texts by language; a code of none is a ValueError."""
    if wrong := [code for code in texts if not (code.isalpha() and code.islower() and localedata.exists(code))]:
        told = f"no code of a language: {', '.join(map(repr, wrong))}; pages are in {', '.join(languages())}"
        raise ValueError(told)
    return texts


@dataclass(frozen=True)
class Words:
    """
    The texts of one language, and numbers and dates as it writes them.

    >>> Words("en").measure(41.2, "min")
    '41 min'
    """

    language: str  # its code, such as ``zh``
    part: str = "results"  # results, comparison, sign_off, pages, workbook, qgis, sharing, commands or columns
    # names of services in that language; a service without one goes by its id
    names: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse a language that has no file."""
        if self.language not in languages():
            known = ", ".join(languages())
            raise StudyError("languages", [f"{self.language!r} has no message file; there are {known}"])

    @property
    def messages(self) -> Mapping[str, Mapping[str, str]]:
        """Texts of the part by section and key; those that the language lacks in English."""
        return _texts(self.language, self.part)

    def of(self, part: str) -> Words:
        """Turn to another part of the same language."""
        return replace(self, part=part)

    def has(self, section: str, key: str) -> bool:
        """Tell whether there is a text."""
        return key in self.messages.get(section, {})

    def say(self, section: str, key: str, /, **values: object) -> str:
        """Say one text, in the form that its count asks for; the key itself where there is no such text."""
        count = next((str(values[name]) for name in COUNTS if name in values), "")
        form = locale_of(self.language).plural_form(int(count)) if count.isdecimal() else "other"
        texts = self.messages.get(section, {})
        # A language without plurals, or a text with one form for all, has no key of its own for the form.
        text = (texts.get(f"{key}_{form}") if form != "other" else None) or texts.get(key)
        # French parts with the e of "de" before Alba.
        elided = _OF.sub(lambda of: "d\u2019" if _VOWEL.match(str(values.get(of[1]))) else of[0], text or "")
        return key if text is None else elided.format(**values)

    def service(self, name: str) -> str:
        """Name a service."""
        return (self.names or {}).get(name) or self.term(name)

    def inside(self, name: str) -> str:
        """Write the name of a service as it stands inside a sentence."""
        if self.of("pages").messages["page"]["name_case"] != "lower":
            return name
        bare = re.sub(r"^any (?=\w)", "", name, flags=re.IGNORECASE)
        return bare[:1].lower() + bare[1:] if bare[:1].isupper() and bare[1:2].islower() else bare

    def term(self, word: str) -> str:
        """Say a word of the register or of a table."""
        return self.of("results").messages["term"].get(word) or word.replace("_", " ")

    def title(self, title: str, unit: str = "") -> str:
        """Name a column of a table, by its title in the data dictionary, with its unit."""
        return self.with_unit(self.of("columns").say("title", title), unit)

    def about(self, description: str) -> str:
        """Say what a column of a table is, by its description in the data dictionary."""
        return self.of("columns").say("description", description)

    def with_unit(self, title: str, unit: str) -> str:
        """Append a unit to a title."""
        said = self.of("results")
        return said.say("notice_part", "titled", title=title, unit=self.unit(unit)) if unit else title

    def unit(self, unit: str) -> str:
        """Write the unit of a column."""
        return self.of("columns").say("unit", unit)

    def reason(self, codes: str) -> str:
        """Put reason codes into words, joined as the pages join them; empty for none."""
        parts = [part.partition(":") for part in codes.split(";") if part]
        results, joint = self.of("results"), self.of("pages").say("filter", "joint")
        return joint.join(results.say("reason", code, detail=self.service(detail)) for code, _, detail in parts)

    def notice(self, key: str, values: Mapping[str, Any]) -> str:
        """
        Say what a reader noticed: counts as the language writes them, names, words and cells as the source has them.

        >>> Words("fr").notice("hidden", {"where": {"first": ["draft"], "in_all": 1}}).replace("\u00a0", " ")
        "feuilles masquées non lues : 'draft' (1 en tout)"
        """
        if self.part != "results":
            return self.of("results").notice(key, values)
        return self.say("notice", key, **{name: self._value(value) for name, value in values.items()})

    def again(self, text: str) -> str:
        """
        Say what was said in English, or a text of the source as it is.

        >>> Words("fr").again(Said("hidden", where=Said("areas"))).replace("\u00a0", " ")
        'feuilles masquées non lues : des surfaces'
        """
        return self.notice(text.key, text.values) if isinstance(text, Said) else text

    def _value(self, value: Any) -> str:
        if isinstance(value, str):
            return self.again(value)
        if isinstance(value, int):
            return self.number(value)
        if isinstance(value, float):
            return self.figure(value)
        if isinstance(value, list):
            return self.joined(map(self._value, value))
        # A service, a value with its unit, whole per cents, a word of a section, texts in quotes, shapes by kind, or a
        # list with the first of its items.
        if "service" in value:
            return self.service(value["service"])
        if "unit" in value:
            return self.measure(value["value"], value["unit"])
        if "percent" in value:
            return self.share(round(value["percent"], 2))
        if "word" in value:
            return self.say(value["section"], value["word"])
        if "quoted" in value:
            return self.joined(self.say("notice_part", "quoted", text=text) for text in value["quoted"])
        if "shapes" in value:
            shapes = ((self.say("notice_shape", kind), self.number(count)) for kind, count in value["shapes"])
            return self.joined(self.say("notice_part", "shape", kind=kind, number=n) for kind, n in shapes)
        return self.listed(value["first"], value["in_all"])

    def counted(self, notice: str) -> str:
        """
        Name the number of what a reader noticed, by `Note.counted`: in words of its own, else as the notice begins.

        >>> Words("en").counted("hidden"), Words("en").counted("replaced:name")
        ('hidden sheets left unread', 'name: replaced by the joined table')
        """
        (key, _, column), results = notice.partition(":"), self.of("results")
        if results.has("counted", key):
            return results.say("counted", key, column=column)
        return _COLON.split(results.messages["notice"][key])[0]

    def listed(self, first: Sequence[Any], in_all: int) -> str:
        """List the first names, cells, pairs or rows of a source as they are there, and say how many there are."""
        named, results = [], self.of("results")
        for item in first:
            told = tuple(item) if isinstance(item, list) else item
            if isinstance(item, dict):
                row = results.say("notice_part", "row", number=item["row"])
                told = " ".join(filter(None, (row, item["label"])))
            named.append(repr(told))
        dots = results.say("notice_part", "more") if in_all > len(named) else ""
        return f"{self.joined(named)}{dots}{results.say('notice_part', 'in_all', count=in_all)}"

    def joined(self, texts: Iterable[str]) -> str:
        """List names or short texts as the language does."""
        return self.of("results").say("headline", "list").join(texts)

    def told_of(self, what: str, text: str) -> str:
        """Say something of what stands before the colon."""
        return self.of("commands").say("check", "joined", a=what, b=text)

    def number(self, value: object, *, decimals: int = 0) -> str:
        """Write a number with thousands separators, for people and places without decimals."""
        known = isinstance(value, int | float) and not math.isnan(value)
        # Python rounds the number that is held, Babel the one that it is written as: 2.675 is 2.67, not 2.68.
        pattern = f"{WHOLE}.{'0' * decimals}" if decimals else WHOLE
        return _written(f"{value:.{decimals}f}", pattern, self.language) if known else "?"

    def figure(self, value: float) -> str:
        """Write a number that was rounded already, with as many decimals as it has."""
        return _written(f"{value:.12g}", f"{WHOLE}.############", self.language)

    def signed(self, value: float, *, decimals: int = 4) -> str:
        """Write a change with its sign; one that is 0 as written has none."""
        sign = "" if float(f"{abs(value):.{decimals}f}") == 0.0 else "+" if value > 0.0 else "-"
        return sign + self.number(abs(value), decimals=decimals)

    def date(self, day: dt.date | str) -> str:
        """Write a date."""
        if isinstance(day, str):
            try:
                day = dt.date.fromisoformat(day)
            except ValueError:
                return str(day)
        patterns = self.of("results").messages["date"]
        return format_date(day, patterns["first" if day.day == 1 else "other"], locale_of(self.language))

    def measure(self, value: object, unit: str, *, decimals: int = 0) -> str:
        """Write a measured value with its unit: whole minutes and metres, kilometres from one on."""
        if not isinstance(value, int | float) or math.isnan(value):
            return "?"
        results = self.of("results")
        if unit == "m" and value >= METRES_PER_KM and not decimals:
            kilometres = value / METRES_PER_KM
            rounded = f"{kilometres:.{1 if kilometres >= 10 else 2}f}"
            return results.say("unit", "km", value=_written(rounded, f"{WHOLE}.##", self.language))
        if unit in results.messages["unit"] and unit not in NOT_MEASURED:
            decimals = 0 if unit == "persons" else decimals
            number = self.number(value, decimals=decimals)
            return results.say("unit", unit, digits=f"{value:.{decimals}f}", n=number, value=number)
        shown = _written(f"{value:g}", WITHOUT_GROUPS, self.language)
        return results.say("unit", "other", value=shown, unit=self.term(unit))

    def limit(self, value: float, unit: str) -> str:
        """Write a limit with its unit and as many decimals as it has, to the metre: of 7.5 minutes, 8 are too many."""
        results, is_far = self.of("results"), unit == "m" and value >= METRES_PER_KM
        shown, kind = (round(value / METRES_PER_KM, 3), "km") if is_far else (value, unit)
        if round(shown, (1 if shown >= 10.0 else 2) if is_far else 0) == shown or kind not in {"km", "m", "min"}:
            return self.measure(value, unit)
        return results.say("unit", kind, digits=f"{shown:.12g}", n=shown, value=self.figure(shown))

    def share(self, value: float | None) -> str:
        """Write a share in percent, with a decimal where it has one; one short of all is never all."""
        if value is None or math.isnan(value):
            return "?"
        percent = round(100.0 * value, 1)
        percent = 99.9 if value < 1.0 and percent >= 100.0 else percent
        percent = 0.1 if value > 0.0 and percent <= 0.0 else percent
        shown = _written(f"{percent:.1f}", WITHOUT_GROUPS, self.language)
        return self.of("results").say("unit", "share", value=shown)

    def against(self, value: float, threshold: float, unit: str) -> str:
        """Set a value against a norm, with as many decimals as it takes to tell them apart."""
        # Metres of a limit, such as one in miles, are whole.
        first = 0 if unit == "m" else next((count for count in range(3) if round(threshold, count) == threshold), 3)
        pairs = [
            (self.measure(value, unit, decimals=count), self.measure(threshold, unit, decimals=count))
            for count in range(first, 4)
        ]
        told = [pair for pair in pairs if pair[0] != pair[1]]
        shown, limit = pairs[0] if value == threshold or not told else told[0]
        limit = self.limit(threshold, unit) if limit == pairs[0][1] else limit
        shown = limit if value == threshold else shown
        return self.of("results").say("line", "norm_value", value=shown, threshold=limit)

    def pick(self, texts: Mapping[str, str]) -> str:
        """Choose a text by language: this one, else English, else the first."""
        return texts.get(self.language) or texts.get(FALLBACK) or next(iter(texts.values()), "")


class Said(str):
    """
    A notice in English that `Words.again` says in another language; its values may be such texts.

    >>> Said("srtm")
    'an SRTM tile: heights in metres'
    """

    __slots__ = ("key", "values")

    key: str  # of the section `notice`
    values: Mapping[str, Any]  # as `Words.notice` takes them

    def __new__(cls, key: str, /, **values: Any) -> Self:
        """Say it in English."""
        text = super().__new__(cls, Words(FALLBACK).notice(key, values))
        text.key, text.values = key, values
        return text


def warn(log: logging.Logger, key: str, **values: object) -> None:
    """Warn in English; whoever shows the log words it in another language, with its names of services (in tuples)."""

    def told(words: Words) -> str:
        said = dict(values)
        for name, value in values.items():
            if isinstance(value, tuple):
                said[name] = words.joined(map(words.service, value))
            elif not isinstance(value, str):
                said[name] = words.number(value)
        return words.of("results").say("warning", key, **said)

    log.warning("%s", told(Words(FALLBACK)), extra={WORDED: told, "kind": key})


@cache
def locale_of(language: str) -> Locale:
    """
    Find how a language writes numbers and dates: by the tag that browsers go by, which may name a country.

    It is as in the language alone where Babel does not know the country, and as in English where it knows neither.
    """
    for code in (_file(language)["pages"]["page"]["locale"], language):
        try:
            return Locale.parse(code.replace("-", "_"))
        except UnknownLocaleError:
            continue
    return Locale.parse(FALLBACK)


@cache
def _texts(language: str, part: str) -> Mapping[str, Mapping[str, str]]:
    own, whole = _file(language).get(part, {}), _file(FALLBACK).get(part, {})
    found = {}
    for section in {**whole, **own}:
        said, english = own.get(section, {}), whole.get(section, {})
        # A language that says a text has no use for the English singular of it.
        lacking = {key: text for key, text in english.items() if key.removesuffix("_one") not in said}
        order = [key for key in english if key in said or key in lacking]
        found[section] = {**{key: {**lacking, **said}[key] for key in order}, **said}
    return found


@cache
def _file(language: str) -> dict[str, dict[str, dict[str, str]]]:
    loaded: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
        FOLDER.joinpath(f"{language}.toml").read_text(encoding="utf-8")
    )
    # By these numbers are written, the switch names the language and texts of sources are told from it: they are never
    # those of English.
    page = loaded.setdefault("pages", {}).setdefault("page", {})
    page.setdefault("locale", language)
    page.setdefault("own_script", "any")
    try:
        own_name = Locale.parse(language.replace("-", "_")).display_name
    except UnknownLocaleError:
        own_name = None
    page.setdefault("language_name", own_name or language)
    return loaded


@cache
def _written(number: str, pattern: str, language: str) -> str:
    """Write a number that is rounded already with the separators of a language."""
    return format_decimal(Decimal(number), pattern, locale_of(language))
