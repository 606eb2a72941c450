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
    """One raw file, as the small print names it."""

    path: str  # where it lies below the raw root
    origin: str  # who made it; empty, as the two below, where nobody says
    licence: str  # such as ``"ODbL 1.0"``
    vintage: str  # the date that it describes
    issue: str = ""  # A known fault of the source; empty where none is known


@dataclass(frozen=True)
class ServiceNote:
    """What a page says about a service, and which facilities count for it."""

    id: str  # as in the table `access`
    names: Mapping[str, str] = field(default_factory=_nothing)  # name by language
    # services of the facilities that satisfy it; itself alone by default
    counts: frozenset[str] = frozenset()
    inventory: str = "unknown"  # complete, partial or unknown: whether every facility is known
    proxy: bool = False  # whether it only stands in for what a norm means
    register: tuple[str, ...] = ()  # names in the register of norms that it answers, beside its own


@dataclass(frozen=True)
class PageMeta:
    """What every page prints about the study."""

    study: str  # short name
    title: Mapping[str, str]  # title by language
    as_of: str  # the date on which norms are judged, ISO 8601
    status: str  # draft, internal or public
    population_basis: str  # resident, registered or modelled
    modes: tuple[str, ...]  # modes of travel; the first is the one that headlines use
    # by the name that the table `access` uses
    services: Mapping[str, ServiceNote] = field(default_factory=lambda: MappingProxyType({}))
    synthetic: bool = False  # true for made-up ground: every page says so
    # A sentence by language that every page carries
    note: Mapping[str, str] = field(default_factory=_nothing)
    sources: tuple[SourceNote, ...] = ()  # the raw files
    # titles by language of the scenarios, by their names
    scenarios: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    default_threshold_min: float = 60.0  # where the slider of a service without a norm begins, in minutes
    map_approval: str = ""  # approval number of the maps; empty where none is given
    # true where the pages are public maps of a country that asks for a number, and none is given
    approval_wanted: bool = False
    # names by language of what else is counted, by service
    names: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    # complete, partial or unknown: how much of each service is known
    inventory: Mapping[str, str] = field(default_factory=_nothing)
    # A difference from an official number, and a share filled in, up to which nothing need be looked into
    tolerance_share: float = 0.02
    imputed_share: float = 0.2
    near_miss_min: float = 5.0  # how far beyond the norm still is a near miss, in minutes
    level_bands: tuple[float, float] = (0.5, 0.8)  # A level below the first is low, from the second on high
    # weights of the pillars of the score; equal where empty
    pillar_weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def near_miss(self, unit: str) -> float:
        """
        Width of the near-miss class in the unit of a norm.

        Examples
        --------
        >>> meta = PageMeta("x", {}, "2026-01-01", "draft", "modelled", ("walk",))
        >>> meta.near_miss("min"), meta.near_miss("m")
        (5.0, 0.0)
        """
        return self.near_miss_min if unit == "min" else 0.0
