"""What a study says about itself in QGIS, and the words of its first language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

from spatial.errors import StudyError
from spatial.planning.wording import wording
from spatial.tables import TABLES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from spatial.tables import Field

__all__ = ["Messages", "QgisMeta", "load_messages"]


@dataclass(frozen=True)
class QgisMeta:
    """
    What a study says about itself, beside its tables.

    Parameters
    ----------
    title : mapping of str to str
        Title by language.
    as_of : datetime.date
        The date on which norms are judged; also the time stamp of every file, so that equal input gives equal bytes.
    status : {'draft', 'internal', 'public'}
        Printed in the project's title bar and metadata.
    population_basis : {'resident', 'registered', 'modelled'}
        How people are counted.
    synthetic : bool
        True for made-up ground: the project's title and a line across the map say so.
    note : mapping of str to str
        A sentence by language that every output carries.
    map_approval : str
        Approval number of the maps; empty where none is given.
    approval_wanted : bool
        True where these are public maps of a country that asks for a number, and none is given.
    licences : sequence of str
        One line a source: its name, licence and vintage.
    issues : sequence of str
        Known faults of the sources.
    method : str
        One paragraph on how the numbers were made.
    mode : str
        The mode that headlines use; empty for the first by name.
    services : mapping of str to mapping of str to str
        Names of services by id and language.
    headline_services : sequence of str
        Services whose minutes open the settlements' table; empty for all.
    satisfied_by : mapping of str to sequence of str
        For a headline service the facility services that count for it; itself where it is not named.
    norms : mapping of str to str
        Readable names of norms by id, in the first language; service and id where one is not named.
    thresholds_min : mapping of str to float
        Minutes of the first norm on each service that gives minutes.
    scenarios : mapping of str to mapping
        Titles of scenarios by name and language.
    cutoffs_min : sequence of float
        Cutoffs of the study, rising; the last one stands where no norm gives minutes.
    level_bands : tuple of float
        A level of integration below the first is low, from the second on high.
    """

    title: Mapping[str, str]
    as_of: dt.date
    status: str = "draft"
    population_basis: str = "modelled"
    synthetic: bool = False
    note: Mapping[str, str] = field(default_factory=dict)
    map_approval: str = ""
    approval_wanted: bool = False
    licences: Sequence[str] = ()
    issues: Sequence[str] = ()
    method: str = ""
    mode: str = ""
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    headline_services: Sequence[str] = ()
    satisfied_by: Mapping[str, Sequence[str]] = field(default_factory=dict)
    norms: Mapping[str, str] = field(default_factory=dict)
    thresholds_min: Mapping[str, float] = field(default_factory=dict)
    scenarios: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cutoffs_min: Sequence[float] = (15.0, 30.0, 60.0)
    level_bands: tuple[float, float] = (0.5, 0.8)

    @property
    def stamp(self) -> str:
        """
        Time stamp of everything written.

        Returns
        -------
        str
            Midnight of `as_of`, as GeoPackage writes times.
        """
        return f"{self.as_of.isoformat()}T00:00:00.000Z"


@dataclass(frozen=True)
class Messages:
    """
    The words of one language.

    Parameters
    ----------
    language : str
        Such as ``"zh"``.
    words : mapping
        The language's message file, laid over the English one.
    """

    language: str
    words: Mapping[str, Mapping[str, str]]

    def text(self, section: str, key: str, **values: str) -> str:
        """
        Return a message.

        Parameters
        ----------
        section : str
            Section of the message file.
        key : str
            Key in the section.
        **values : str
            What stands for the names in braces.

        Returns
        -------
        str
            The message with the values in it.
        """
        return self.words[section][key].format(**values)

    def has(self, section: str, key: str) -> bool:
        """
        Tell whether there is a message.

        Parameters
        ----------
        section : str
            Section of the message file.
        key : str
            Key in the section.

        Returns
        -------
        bool
            True where `text` would find it.
        """
        return key in self.words.get(section, {})

    def number(self, value: float) -> str:
        """
        Write a number with the separators of the language.

        Parameters
        ----------
        value : float
            Rounded already.

        Returns
        -------
        str
            Such as ``1,234.5``, in French ``1 234,5`` with a narrow space that does not break.
        """
        return wording(self.language).figure(value)

    def date(self, day: dt.date) -> str:
        """
        Write a date.

        Parameters
        ----------
        day : date
            Any day.

        Returns
        -------
        str
            Such as ``26 November 2026``.
        """
        return wording(self.language).date(day)

    def field_title(self, item: Field) -> str:
        """
        Name a column for people, with its unit.

        Parameters
        ----------
        item : Field
            A column of `spatial.tables`.

        Returns
        -------
        str
            Such as ``"Population (persons)"``.
        """
        title = self.words.get("fields", {}).get(item.title, item.title)
        return self.with_unit(title, item.unit)

    def with_unit(self, title: str, unit: str) -> str:
        """
        Append a unit to a title.

        Parameters
        ----------
        title : str
            Already in this language.
        unit : str
            The unit as `spatial.tables` writes it; empty for none.

        Returns
        -------
        str
            The title, with the unit in brackets where there is one.
        """
        return f"{title} ({self.unit(unit)})" if unit else title

    def unit(self, unit: str) -> str:
        """
        Write a unit.

        Parameters
        ----------
        unit : str
            As `spatial.tables` or a measure writes it.

        Returns
        -------
        str
            In this language where it has a word for it.
        """
        return self.words.get("units", {}).get(unit, unit)

    def measure(self, measure: str) -> str:
        """
        Name a measure of access.

        Parameters
        ----------
        measure : str
            Such as ``"e2sfca"`` or ``"cumulative_30_min"``.

        Returns
        -------
        str
            In this language, or the id made readable.
        """
        if measure.startswith("cumulative_") and measure.endswith("_min"):
            minutes = measure.removeprefix("cumulative_").removesuffix("_min")
            return self.text("measures", "cumulative", minutes=minutes)
        if self.has("measures", measure):
            return self.text("measures", measure)
        return measure.replace("_", " ").capitalize()

    def service(self, service: str, meta: QgisMeta) -> str:
        """
        Name a service or a tier of town.

        Parameters
        ----------
        service : str
            Its id.
        meta : QgisMeta
            Holds the names of the vocabulary.

        Returns
        -------
        str
            In this language, in English, or the id made readable.
        """
        names = meta.services.get(service, {})
        if self.language in names:
            return names[self.language]
        if self.has("tiers", service):
            return self.text("tiers", service)
        return names.get("en") or service.replace("_", " ").capitalize()

    def pick(self, texts: Mapping[str, str]) -> str:
        """
        Choose a text by language.

        Parameters
        ----------
        texts : mapping of str to str
            Text by language.

        Returns
        -------
        str
            This language's, else English, else the first, else nothing.
        """
        return texts.get(self.language) or texts.get("en") or next(iter(texts.values()), "")


def load_messages(language: str) -> Messages:
    """
    Read the words of a language.

    Parameters
    ----------
    language : str
        Such as ``"en"`` or ``"zh"``: the stem of a file in ``spatial/qgis/messages``.

    Returns
    -------
    Messages
        Words that the language lacks are English.

    Raises
    ------
    StudyError
        Where there is no message file of that language.
    """
    folder = resources.files("spatial.qgis") / "messages"
    known = sorted(
        item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")
    )
    if language not in known:
        raise StudyError(
            "outputs.languages", [f"{language!r} has no QGIS message file; known are {', '.join(known)}"]
        )
    english = tomllib.loads((folder / "en.toml").read_text(encoding="utf-8"))
    words = tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))
    sections = {name: {**english.get(name, {}), **words.get(name, {})} for name in {**english, **words}}
    return Messages(language, sections)


def known_field(name: str, tables: Sequence[str]) -> Field | None:
    """
    Find a column's definition in the first of some tables that has it.

    Parameters
    ----------
    name : str
        The column.
    tables : sequence of str
        Names of tables, the most fitting first.

    Returns
    -------
    Field or None
        None where no table defines it.
    """
    return next((item for table in tables if (item := TABLES[table].field(name)) is not None), None)
