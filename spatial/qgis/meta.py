"""What a study says about itself in QGIS, and the words of its first language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spatial.errors import StudyError
from spatial.messages import FALLBACK, languages, words_of
from spatial.reporting.wording import wording
from spatial.tables import TABLES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from spatial.tables.contract import Field


@dataclass(frozen=True)
class QgisMeta:
    """What a study says about itself, beside its tables."""

    title: Mapping[str, str]  # title by language
    # the date on which norms are judged; also the time stamp of every file, so that equal input gives equal
    # bytes
    as_of: dt.date
    status: str = "draft"  # printed in the project's title bar and metadata
    population_basis: str = "modelled"  # how people are counted
    synthetic: bool = False  # true for made-up ground: the project's title and a line across the map say so
    note: Mapping[str, str] = field(default_factory=dict)  # A sentence by language that every output carries
    map_approval: str = ""  # approval number of the maps; empty where none is given
    # true where these are public maps of a country that asks for a number, and none is given
    approval_wanted: bool = False
    licences: Sequence[str] = ()  # one line a source: its name, licence and vintage
    issues: Sequence[str] = ()  # known faults of the sources
    method: str = ""  # one paragraph on how the numbers were made
    mode: str = ""  # the mode that headlines use; empty for the first by name
    # names of services by id and language
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    headline_services: Sequence[str] = ()  # services whose minutes open the settlements' table; empty for all
    # for a headline service the facility services that count for it; itself where it is not named
    satisfied_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # readable names of norms by id, in the first language; service and id where one is not named
    norms: Mapping[str, str] = field(default_factory=dict)
    # minutes of the first norm on each service that gives minutes
    thresholds_min: Mapping[str, float] = field(default_factory=dict)
    # titles of scenarios by name and language
    scenarios: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # cutoffs of the study, rising; the last one stands where no norm gives minutes
    cutoffs_min: Sequence[float] = (15.0, 30.0, 60.0)
    # A level of integration below the first is low, from the second on high
    level_bands: tuple[float, float] = (0.5, 0.8)

    @property
    def stamp(self) -> str:
        """Time stamp of everything written."""
        return f"{self.as_of.isoformat()}T00:00:00.000Z"


@dataclass(frozen=True)
class Messages:
    """The words of one language."""

    language: str  # such as ``"zh"``
    words: Mapping[str, Mapping[str, str]]  # the language's message file, laid over the English one

    def text(self, section: str, key: str, **values: str) -> str:
        """Return a message."""
        return self.words[section][key].format(**values)

    def has(self, section: str, key: str) -> bool:
        """Tell whether there is a message."""
        return key in self.words.get(section, {})

    def number(self, value: float) -> str:
        """Write a number with the separators of the language."""
        return wording(self.language).figure(value)

    def date(self, day: dt.date) -> str:
        """Write a date."""
        return wording(self.language).date(day)

    def field_title(self, item: Field) -> str:
        """Name a column for people, with its unit."""
        title = self.words.get("fields", {}).get(item.title, item.title)
        return self.with_unit(title, item.unit)

    def with_unit(self, title: str, unit: str) -> str:
        """Append a unit to a title."""
        return f"{title} ({self.unit(unit)})" if unit else title

    def unit(self, unit: str) -> str:
        """Write a unit."""
        return self.words.get("units", {}).get(unit, unit)

    def measure(self, measure: str) -> str:
        """Name a measure of access."""
        if measure.startswith("cumulative_") and measure.endswith("_min"):
            minutes = measure.removeprefix("cumulative_").removesuffix("_min")
            return self.text("measures", "cumulative", minutes=minutes)
        if self.has("measures", measure):
            return self.text("measures", measure)
        return measure.replace("_", " ").capitalize()

    def service(self, service: str, meta: QgisMeta) -> str:
        """Name a service or a tier of town."""
        names = meta.services.get(service, {})
        if self.language in names:
            return names[self.language]
        if self.has("tiers", service):
            return self.text("tiers", service)
        return names.get("en") or service.replace("_", " ").capitalize()

    def pick(self, texts: Mapping[str, str]) -> str:
        """Choose a text by language."""
        return texts.get(self.language) or texts.get("en") or next(iter(texts.values()), "")


def load_messages(language: str) -> Messages:
    """Read the words of a language."""
    if language not in languages():
        known = ", ".join(languages())
        raise StudyError("outputs.languages", [f"{language!r} has no message file; known are {known}"])
    english, words = words_of(FALLBACK, "qgis"), words_of(language, "qgis")
    sections = {name: {**english.get(name, {}), **words.get(name, {})} for name in {**english, **words}}
    return Messages(language, sections)


def known_field(name: str, tables: Sequence[str]) -> Field | None:
    """
    Find a column's definition in the first of some tables that has it.

    Returns None where no table defines it.
    """
    return next((item for table in tables if (item := TABLES[table].field(name)) is not None), None)
