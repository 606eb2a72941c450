"""What was seen in a file, and what of a study file follows from it: values that others print or write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd


class Bounds(NamedTuple):
    """Where rows or cells lie, in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def words(self) -> str:
        """Say it to people."""
        return f"longitude {self.west:.4f} to {self.east:.4f}, latitude {self.south:.4f} to {self.north:.4f}"


@dataclass(frozen=True)
class Setting:
    """One key of a study file, or a remark where nobody but the user can say it."""

    key: str  # as the study file writes it, such as ``"crs"`` or ``"columns"``; empty for a remark alone
    value: Any = None  # what it would be; None for a remark alone
    reason: str = ""  # why, or what there is to decide
    is_decided: bool = True  # false for a guess: it is written commented out, for the user to decide
    # whether nobody decided it and the proposal was taken: it is written as it is, below a mark that says so
    is_guess: bool = False
    # of numbers of people, what the value is for resident and for registered ones, as far as the table has
    # both
    by_basis: dict[str, Any] = field(default_factory=dict)

    def of_basis(self, basis: str) -> Setting:
        """Take the value that counts the people whom a study counts."""
        return replace(self, value=self.by_basis[basis]) if basis in self.by_basis else self


@dataclass(frozen=True)
class Proposal:
    """A part of a study file that reads the file."""

    section: str  # its table, such as ``"sources.settlements"``
    settings: tuple[Setting, ...]  # in the order to write them
    is_list: bool = False  # whether there may be several such tables, as ``[[sources.facilities]]``
    # whether it is only offered: all of it is written commented out, and the study is whole without it
    is_suggestion: bool = False

    @property
    def undecided(self) -> tuple[Setting, ...]:
        """
        What the user has to decide.

        Returns empty where it can be used as it is, or is only a suggestion.
        """
        if self.is_suggestion:
            return ()
        return tuple(setting for setting in self.settings if not setting.is_decided)


@dataclass(frozen=True)
class FieldReport:
    """A column of a table."""

    name: str  # as the file has it
    kind: str  # code, whole number, number, angle, yes or no, date, text or empty
    rows: int  # rows, those with a value, and different values
    filled: int
    distinct: int
    examples: tuple[str, ...] = ()  # the first different values
    meaning: str = ""  # the column of ours that it seems to be; empty where it seems none
    reason: str = ""  # by what that was told


@dataclass(frozen=True)
class LayerReport:
    """One layer, sheet or raster of a file."""

    name: str = ""  # its name; empty where a file has but one thing
    is_hidden: bool = False  # whether a workbook hides it
    rows: int = 0  # rows without those left out; cells of a raster
    # first and last row of the header of a workbook, from 1; empty elsewhere
    header_rows: tuple[int, ...] = ()
    geometry: str = ""  # kinds of geometry with their numbers; empty for a plain table
    crs: str = ""  # as the file says it; empty where it does not
    extent: str = ""  # where it lies, in the words of its coordinates
    fields: tuple[FieldReport, ...] = ()  # its columns
    notes: tuple[str, ...] = ()  # what the reader left out or changed, and what was noticed
    # settlements, facilities, roads, boundaries, water, flows, official_totals, decisions, osm, population, elevation,
    # landcover or unknown
    kind: str = "unknown"
    reasons: tuple[str, ...] = ()  # why it seems to be that
    coordinates: tuple[str, ...] = ()  # what is thought of its coordinates, with reasons
    proposal: Proposal | None = None  # its part of the study file
    others: tuple[Proposal, ...] = ()  # what else it may serve for, as suggestions
    problem: str = ""  # why it cannot be read as it is; empty where it can
    bounds: Bounds | None = None  # where it lies, where that is known for certain
    likely: Bounds | None = None  # where it lies if the CRS that is guessed for it is right
    countries: tuple[str, ...] = ()  # codes of countries that an extract names, such as ``"KM"``
    areas: gpd.GeoDataFrame | None = field(default=None, compare=False)  # boundaries of an extract, with names


@dataclass(frozen=True)
class FileReport:
    """
    A file as it was seen.

    Parameters
    ----------
    path : Path
        The file.
    named : str
        As a study file would name it: relative to the raw root where it lies below it.
    format : str
        Kind of file.
    encoding : str
        Of its text; empty where the format settles it.
    encoding_reason : str
        By what that was told.
    layers : tuple[LayerReport, ...]
        Its layers or sheets in order.
    notes : tuple[str, ...]
        What holds for the whole file.
    language : str
        Most of the names of its columns that are known are in it: zh, en, fr or empty.
    """

    path: Path
    named: str
    format: str
    encoding: str = ""
    encoding_reason: str = ""
    layers: tuple[LayerReport, ...] = ()
    notes: tuple[str, ...] = field(default=())
    language: str = ""
