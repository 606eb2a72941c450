"""How access is measured: options with the same names as in the study file, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, ulp
from sys import float_info
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from spatial.access.options import check_count, cutoffs_of, is_number
from spatial.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TOWN_TIERS", "AccessRules", "SnapRules"]

TOWN_TIERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "town": frozenset({"town", "county_seat", "city"}),
        "county_seat": frozenset({"county_seat", "city"}),
        "city": frozenset({"city"}),
    }
)
"""Settlement tiers that serve as a town of each tier: a city does what a town does (Christaller's hierarchy)."""


@dataclass(frozen=True)
class SnapRules:
    """
    How places are joined to the network.

    Parameters
    ----------
    candidates : int
        How many nearest edges compete as the way in.
    max_snap_m : float
        A place further than this from every edge is not snapped; inclusive.
    min_component_km : float
        Shorter components are reported and not snapped to.
    walk_km_h : float
        Speed of the walk to and from the network.
    detour : float
        Length of that walk over its straight line.
    """

    candidates: int = 5
    max_snap_m: float = 5000.0
    min_component_km: float = 5.0
    walk_km_h: float = 5.0
    detour: float = 1.3

    def __post_init__(self) -> None:
        """Refuse rules that nothing could be joined by."""
        check_count("candidates", self.candidates)
        problems = [
            f"{name}: is {value!r}, must be {words}"
            for name, value, least, most, words in (
                ("max_snap_m", self.max_snap_m, 0.0, inf, "0 or more"),
                ("min_component_km", self.min_component_km, 0.0, inf, "0 or more"),
                ("walk_km_h", self.walk_km_h, ulp(0.0), float_info.max, "above 0 and finite"),
                ("detour", self.detour, 1.0, float_info.max, "1 or more and finite"),
            )
            if not is_number(value, least=least, most=most)
        ]
        if problems:
            raise ContractError("snap rules", problems)


@dataclass(frozen=True)
class AccessRules:
    """
    Which times are computed, and how far.

    Parameters
    ----------
    cutoffs_min : tuple of float
        Minutes within which facilities are counted, inclusive; each once.
    max_time_min : float or None
        Beyond this a facility counts as beyond the cutoff; inclusive; None for no cutoff.
    direction : {'to_facility', 'from_facility'}
        Who travels.
    tiers : mapping of str to frozenset of str
        Services that settlements themselves offer, and the tiers that offer each.
    snap : SnapRules
        How places are joined to the network.
    route_services : tuple of str or None
        Services whose routes are drawn; None for every one.
    max_routes : int
        Services are drawn one after the other as long as there would not be more routes than this.
    shortest : frozenset of str
        Services of which the metres of the shortest way are wanted, too, which may be another one than the fastest.
    buffer_m : float
        Ground beyond the study area that was loaded, for `edge_risk`.
    """

    cutoffs_min: tuple[float, ...] = (15.0, 30.0, 60.0)
    max_time_min: float | None = 240.0
    direction: Literal["to_facility", "from_facility"] = "to_facility"
    tiers: Mapping[str, frozenset[str]] = field(default_factory=lambda: TOWN_TIERS)
    snap: SnapRules = field(default_factory=SnapRules)
    route_services: tuple[str, ...] | None = None
    max_routes: int = 100_000
    shortest: frozenset[str] = frozenset()
    buffer_m: float = 30_000.0

    def __post_init__(self) -> None:
        """Leave each cutoff once."""
        object.__setattr__(self, "cutoffs_min", cutoffs_of(self.cutoffs_min) if self.cutoffs_min else ())
