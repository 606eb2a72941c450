"""What a package says about its study, and what it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spatial.messages import Words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence


PACKAGE_FILE = "datapackage.json"
"""The file by which a folder is known as a package."""
LICENCES_FILE = "LICENCES.md"
UNKNOWN = "unknown"
"""What the account of the sources says where nobody knows."""
SHARE_ALIKE = re.compile(r"odbl|\bcc[- ]by(-nc)?-sa|share[- ]?alike|\bgpl", re.IGNORECASE)
"""Licences under which what is derived from a source must be passed on."""


@dataclass(frozen=True, eq=False)
class PackageMeta:
    """What a study says about itself, beside its tables."""

    name: str  # short name of the study
    title: Mapping[str, str]  # title by language
    as_of: dt.date  # the date on which norms are judged; also the time stamp of every file
    audience: str  # for whom it was cut: internal or public
    languages: Sequence[str]  # the first one is that of the records
    # the account of the sources: path, origin, licence, vintage and address of each, `UNKNOWN` where nobody says it
    sources: Sequence[Mapping[str, str]]
    issues: Mapping[str, Sequence[str]]  # known issues of the sources by language, a line each
    population_basis: str = "modelled"  # how people are counted
    synthetic: bool = False  # true for made-up ground
    note: Mapping[str, str] = field(default_factory=dict)  # a sentence by language that every output carries
    publisher: str = ""  # whose package it is; empty where the study does not say
    contact: str = ""  # address for questions
    version: str = ""  # of this software
    k: int = 0  # below which numbers of people are hidden; 0 where none is

    @property
    def package_name(self) -> str:
        """Name of the package: the study and for whom it is."""
        return f"{self.name}-{self.audience}"

    @property
    def words(self) -> Words:
        """Words of the records."""
        return Words(self.languages[0], "sharing")

    def headline(self, words: Words) -> str:
        """Title the package in a language."""
        return words.say("package", "title", title=words.pick(self.title))

    def audience_text(self, words: Words) -> str:
        """Say for whom the package is, and what is left out of it."""
        return words.say("audience", self.audience, number=self.k)

    def said(self, words: Words) -> str:
        """Say in a few sentences what it is, for whom, and what to know before using it."""
        basis = words.of("qgis").say("project", f"basis_{self.population_basis}")
        parts = [
            words.say("package", "abstract", date=words.date(self.as_of), basis=basis),
            self.audience_text(words),
            words.of("pages").say("study", "synthetic") if self.synthetic else "",
            words.pick(self.note) if self.note else "",
        ]
        return words.say("package", "pause").join(part for part in parts if part)


@dataclass(frozen=True, eq=False)
class SharedFile:
    """A file of a package."""

    path: str  # in the package, with forward slashes
    title: str  # for people, in the language of the records
    media_type: str
    schema: dict[str, Any] = field(default_factory=dict)  # its columns as Frictionless says them; empty for none
    profile: Mapping[str, Any] = field(default_factory=dict)  # of a raster: what STAC says of it


@dataclass(frozen=True)
class Box:
    """The part of the earth that a package is about, in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def numbers(self) -> list[float]:
        """West, south, east, north, to the centimetre: what two libraries find is the same."""
        return [round(value, 7) for value in (self.west, self.south, self.east, self.north)]

    @property
    def ring(self) -> list[list[float]]:
        """Its corners, the first one again at the end."""
        west, south, east, north = self.numbers
        return [[west, south], [east, south], [east, north], [west, north], [west, south]]
