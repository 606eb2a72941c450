"""What a study says about itself in QGIS, and what services and measures are called there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spatial.messages import FALLBACK, Words
from spatial.reporting.wording import capital
from spatial.tables import TABLES

if TYPE_CHECKING:
    from spatial.tables.contract import Field


@dataclass(frozen=True)
class NormWords:
    """What a norm is called, and what it says of whom, in the study's first language."""

    title: str  # its name, with its id
    says: str = ""  # its legal class, and who is beyond it of how many
    finding: str = ""  # a sentence on who is beyond it and where; empty where nobody is


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
    below: int = 0  # numbers of people below this were withheld from the public; 0 where none was
    licences: Sequence[str] = ()  # one line a source: its name, licence and vintage
    issues: Sequence[str] = ()  # known faults of the sources
    method: str = ""  # one paragraph on how the numbers were made
    mode: str = ""  # the mode that headlines use; empty for the first by name
    # names of services by id and language
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    headline_services: Sequence[str] = ()  # services whose minutes open the settlements' table; empty for all
    # for a headline service the facility services that count for it; itself where it is not named
    satisfied_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # norms by id, those that open the study first; service and id where one is not named
    norms: Mapping[str, NormWords] = field(default_factory=dict)
    opening_norms: Sequence[str] = ()  # of them, those that the small project shows
    own_services: Sequence[str] = ()  # services that users may choose in what they draw
    edits: str = ""  # path of what they draw, from the project; empty for none
    is_full: bool = False  # whether every table and every look is there, or those that answer the first questions
    # minutes of the first norm on each service that gives minutes
    thresholds_min: Mapping[str, float] = field(default_factory=dict)
    # titles of scenarios by name and language
    scenarios: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # what each plan finds and where each action is, by their ids, in the first language
    plans: Mapping[str, str] = field(default_factory=dict)
    places_of_actions: Mapping[str, str] = field(default_factory=dict)
    # cutoffs of the study, rising; the last one stands where no norm gives minutes
    cutoffs_min: Sequence[float] = (15.0, 30.0, 60.0)
    # A level of integration below the first is low, from the second on high
    level_bands: tuple[float, float] = (0.5, 0.8)

    @property
    def stamp(self) -> str:
        """Time stamp of everything written."""
        return f"{self.as_of.isoformat()}T00:00:00.000Z"


def measure_name(words: Words, measure: str) -> str:
    """Name a measure of access."""
    if measure.startswith("cumulative_") and measure.endswith("_min"):
        minutes = measure.removeprefix("cumulative_").removesuffix("_min")
        return words.say("measures", "cumulative", minutes=minutes)
    if words.has("measures", measure):
        return words.say("measures", measure)
    return measure.replace("_", " ").capitalize()


def service_name(service: str, words: Words, meta: QgisMeta) -> str:
    """Name a service or a tier of town."""
    names = meta.services.get(service, {})
    if words.language in names:
        return names[words.language]
    if words.has("tiers", service):
        return words.say("tiers", service)
    return names.get(FALLBACK) or capital(words.term(service))


def known_field(name: str, tables: Sequence[str]) -> Field | None:
    """Find a column's definition in the first of some tables that has it; None where none has."""
    return next((item for table in tables if (item := TABLES[table].field(name)) is not None), None)
