"""Wording: codes and numbers of the results as sentences, in any language that has a message file."""

from __future__ import annotations

import datetime as dt
import importlib.resources
import math
import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from spatial.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Wording", "languages", "worded", "wording"]

FALLBACK = "en"
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


def languages() -> tuple[str, ...]:
    """
    List the languages that have a message file.

    Returns their codes, sorted.
    """
    folder = importlib.resources.files("spatial.reporting").joinpath("messages")
    return tuple(
        sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))
    )


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
    base, own = _load(FALLBACK), _load(language)
    merged = {section: {**base[section], **own.get(section, {})} for section in base}
    return Wording(language, merged, dict(names or {}))


@cache
def _load(language: str) -> dict[str, dict[str, str]]:
    file = importlib.resources.files("spatial.reporting").joinpath("messages").joinpath(f"{language}.toml")
    loaded: dict[str, dict[str, str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return loaded
