"""What was seen in a file, and what of a study file follows from it: values that others print or write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd

from spatial.crs import Bounds
from spatial.messages import Said


def box_said(box: Bounds, key: str, form: str) -> str:
    """Say a box to people, by a message and the form of its numbers."""
    return Said(key, **{axis: format(value, form) for axis, value in box._asdict().items()})


@dataclass(frozen=True)
class Setting:
    """
    One key of a study file, or a remark where nobody but the user can say it.

    Parameters
    ----------
    key : str
        As the study file writes it, such as ``"crs"`` or ``"columns"``; empty for a remark alone.
    value : Any
        What it would be; None for a remark alone.
    reason : str
        Why, or what there is to decide.
    is_decided : bool
        False for a guess: it is written commented out, for the user to decide.
    is_guess : bool
        Whether nobody decided it and the proposal was taken: it is written as it is, below a mark that says so.
    by_basis : dict[str, Any]
        Of numbers of people, what the value is for resident and for registered ones, as far as the table has
        both.
    about : str
        Of a remark, the column of ours that it is about.
    """

    key: str
    value: Any = None
    reason: str = ""
    is_decided: bool = True
    is_guess: bool = False
    by_basis: dict[str, Any] = field(default_factory=dict)
    about: str = ""

    def of_basis(self, basis: str) -> Setting:
        """Take the value that counts the people of a basis, ``resident`` or ``registered``; itself without one."""
        return replace(self, value=self.by_basis[basis]) if basis in self.by_basis else self


@dataclass(frozen=True)
class Proposal:
    """
    A part of a study file that reads the file.

    Parameters
    ----------
    section : str
        Its table, such as ``"sources.settlements"``.
    settings : tuple of Setting
        In the order to write them.
    is_list : bool
        Whether there may be several such tables, as ``[[sources.facilities]]``.
    is_suggestion : bool
        Whether it is only offered: all of it is written commented out, and the study is whole without it.
    """

    section: str
    settings: tuple[Setting, ...]
    is_list: bool = False
    is_suggestion: bool = False

    @property
    def undecided(self) -> tuple[Setting, ...]:
        """What the user has to decide; empty where it can be used as it is, or is only a suggestion."""
        if self.is_suggestion:
            return ()
        return tuple(setting for setting in self.settings if not setting.is_decided)


@dataclass(frozen=True)
class FieldReport:
    """
    A column of a table.

    Parameters
    ----------
    name : str
        As the file has it.
    kind : str
        Code, whole number, number, angle, yes or no, date, text or empty.
    rows : int
        All its rows.
    filled : int
        Those with a value.
    distinct : int
        Different values.
    examples : tuple of str
        The first different values.
    meaning : str
        The column of ours that it seems to be; empty where it seems none.
    reason : str
        By what that was told.
    """

    name: str
    kind: str
    rows: int
    filled: int
    distinct: int
    examples: tuple[str, ...] = ()
    meaning: str = ""
    reason: str = ""


@dataclass(frozen=True)
class LayerReport:
    """
    One layer, sheet or raster of a file.

    Parameters
    ----------
    name : str
        Its name; empty where a file has but one thing.
    is_hidden : bool
        Whether a workbook hides it.
    rows : int
        Rows without those left out; cells of a raster.
    header_rows : tuple of int
        First and last row of the header of a workbook, from 1; empty elsewhere.
    geometry : str
        Kinds of geometry with their numbers; empty for a plain table.
    crs : str
        As the file says it; empty where it does not.
    extent : str
        Where it lies, in the words of its coordinates.
    fields : tuple of FieldReport
        Its columns.
    notes : tuple of str
        What the reader left out or changed, and what was noticed.
    kind : str
        Settlements, facilities, roads, boundaries, water, flows, official_totals, decisions, osm, population,
        elevation, landcover or unknown.
    reasons : tuple of str
        Why it seems to be that.
    coordinates : tuple of str
        What is thought of its coordinates, with reasons.
    proposal : Proposal or None
        Its part of the study file.
    others : tuple of Proposal
        What else it may serve for, as suggestions.
    problem : str
        Why it cannot be read as it is; empty where it can.
    bounds : Bounds or None
        Where it lies in degrees, where that is known for certain.
    likely : Bounds or None
        Where it lies if the CRS that is guessed for it is right.
    countries : tuple of str
        Codes of countries that an extract names, such as ``"KM"``.
    places : int
        Settlements of an extract.
    areas : GeoDataFrame or None
        Boundaries of an extract, with names.
    """

    name: str = ""
    is_hidden: bool = False
    rows: int = 0
    header_rows: tuple[int, ...] = ()
    geometry: str = ""
    crs: str = ""
    extent: str = ""
    fields: tuple[FieldReport, ...] = ()
    notes: tuple[str, ...] = ()
    kind: str = "unknown"
    reasons: tuple[str, ...] = ()
    coordinates: tuple[str, ...] = ()
    proposal: Proposal | None = None
    others: tuple[Proposal, ...] = ()
    problem: str = ""
    bounds: Bounds | None = None
    likely: Bounds | None = None
    countries: tuple[str, ...] = ()
    places: int = 0
    areas: gpd.GeoDataFrame | None = field(default=None, compare=False)


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
