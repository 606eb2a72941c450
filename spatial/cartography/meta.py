"""What a page says about the study beside its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PageMeta", "ServiceNote", "SourceNote"]


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True)
class SourceNote:
    """
    One raw file, as the small print names it.

    Parameters
    ----------
    path : str
        Where it lies below the raw root.
    origin : str
        Who made it; empty, as the two below, where nobody says.
    licence : str
        Such as ``"ODbL 1.0"``.
    vintage : str
        The date that it describes.
    issue : str
        A known fault of the source; empty where none is known.
    """

    path: str
    origin: str
    licence: str
    vintage: str
    issue: str = ""


@dataclass(frozen=True)
class ServiceNote:
    """
    What a page says about a service, and which facilities count for it.

    Parameters
    ----------
    id : str
        As in the table `access`.
    names : mapping of str to str
        Name by language.
    counts : frozenset of str
        Services of the facilities that satisfy it; itself alone by default.
    inventory : str
        complete, partial or unknown: whether every facility is known.
    proxy : bool
        Whether it only stands in for what a norm means.
    register : tuple of str
        Names in the register of norms that it answers, beside its own.
    """

    id: str
    names: Mapping[str, str] = field(default_factory=_nothing)
    counts: frozenset[str] = frozenset()
    inventory: str = "unknown"
    proxy: bool = False
    register: tuple[str, ...] = ()


@dataclass(frozen=True)
class PageMeta:
    """
    What every page prints about the study.

    Parameters
    ----------
    study : str
        Short name.
    title : mapping of str to str
        Title by language.
    as_of : str
        The date on which norms are judged, ISO 8601.
    status : str
        draft, internal or public.
    population_basis : str
        resident, registered or modelled.
    modes : tuple of str
        Modes of travel; the first is the one that headlines use.
    services : mapping of str to ServiceNote
        By the name that the table `access` uses.
    synthetic : bool
        True for made-up ground: every page says so.
    note : mapping of str to str
        A sentence by language that every page carries.
    sources : tuple of SourceNote
        The raw files.
    scenarios : mapping of str to mapping
        Titles by language of the scenarios, by their names.
    default_threshold_min : float
        Where the slider of a service without a norm begins, in minutes.
    map_approval : str
        Approval number of the maps; empty where none is given.
    approval_wanted : bool
        True where the pages are public maps of a country that asks for a number, and none is given.
    names : mapping of str to mapping of str to str
        Names by language of what else is counted, by service.
    inventory : mapping of str to str
        complete, partial or unknown: how much of each service is known.
    tolerance_share, imputed_share : float
        A difference from an official number, and a share filled in, up to which nothing need be looked into.
    near_miss_min : float
        How far beyond the norm still is a near miss, in minutes.
    level_bands : tuple of float
        A level below the first is low, from the second on high.
    pillar_weights : mapping of str to float
        Weights of the pillars of the score; equal where empty.
    """

    study: str
    title: Mapping[str, str]
    as_of: str
    status: str
    population_basis: str
    modes: tuple[str, ...]
    services: Mapping[str, ServiceNote] = field(default_factory=lambda: MappingProxyType({}))
    synthetic: bool = False
    note: Mapping[str, str] = field(default_factory=_nothing)
    sources: tuple[SourceNote, ...] = ()
    scenarios: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    default_threshold_min: float = 60.0
    map_approval: str = ""
    approval_wanted: bool = False
    names: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    inventory: Mapping[str, str] = field(default_factory=_nothing)
    tolerance_share: float = 0.02
    imputed_share: float = 0.2
    near_miss_min: float = 5.0
    level_bands: tuple[float, float] = (0.5, 0.8)
    pillar_weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def near_miss(self, unit: str) -> float:
        """
        Width of the near-miss class in the unit of a norm.

        Parameters
        ----------
        unit : str
            ``"min"``, ``"m"`` or another.

        Returns
        -------
        float
            Minutes; 0 for other units, which know no near miss (as in the table `gaps`).

        Examples
        --------
        >>> meta = PageMeta("x", {}, "2026-01-01", "draft", "modelled", ("walk",))
        >>> meta.near_miss("min"), meta.near_miss("m")
        (5.0, 0.0)
        """
        return self.near_miss_min if unit == "min" else 0.0
