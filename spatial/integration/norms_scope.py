"""Whom a norm asks about: settlements in its scope, and the people or places that its share is a share of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.integration.norms_evidence import Places
    from spatial.integration.norms_rules import Norm, NormRules

    FloatArray = NDArray[np.float64]

__all__ = ["Scope", "find_scope"]

PLACE_UNITS = {"administrative_village": "village", "habitation": "", "county_seat": "county_seat"}
"""Statistical units that are settlements, with the tier that they have; empty for every tier."""
AREA_UNITS = ("township", "county")
SIZED_UNIT = re.compile(r"(?P<unit>habitation|county_seat)_pop(?P<persons>\d+)(?P<thousand>k?)")


@dataclass(frozen=True)
class Scope:
    """Whom a norm asks about, along the scored settlements."""

    inside: FloatArray  # 1 in scope, 0 not, NaN unknown
    exempt: NDArray[np.bool_]  # settlements that the norm asks nothing of, by name; they are not `inside`
    persons: FloatArray  # people concerned; NaN = unknown
    share_of: str  # what the norm's share is a share of
    unit: str  # ``settlement``, ``township`` or ``county``: what `places` are


def find_scope(norm: Norm, places: Places, rules: NormRules) -> Scope | str:
    """Find whom a norm asks about."""
    if norm.scope == "metropolitan_area":
        return "scope_unknown:metropolitan_area"
    unit = _unit_of(norm.stat_unit, places)
    column = _column_of(norm.stat_unit, rules)
    persons = places.persons("population_persons" if unit is not None else column)
    if unit is None and persons is None and norm.stat_unit != "population":
        return f"no_stat_unit:{norm.stat_unit}"
    inside = _both(_class_scope(norm, places), np.ones(len(places)) if unit is None else unit)
    exempt = places.ids.isin(list(rules.exempt.get(norm.id, ())))
    area = norm.stat_unit if norm.stat_unit in AREA_UNITS else "settlement"
    return Scope(
        inside=np.where(exempt, 0.0, inside),
        exempt=exempt & (inside != 0),
        persons=np.full(len(places), np.nan) if persons is None else persons,
        share_of="persons" if unit is None else "places",
        unit=area,
    )


def _column_of(stat_unit: str, rules: NormRules) -> str:
    return rules.stat_columns.get(stat_unit, f"{stat_unit}_persons")


def _unit_of(stat_unit: str, places: Places) -> FloatArray | None:
    if stat_unit in AREA_UNITS:
        return np.ones(len(places))
    sized = SIZED_UNIT.fullmatch(stat_unit)
    name = sized["unit"] if sized else stat_unit
    if name not in PLACE_UNITS:
        return None
    tier = PLACE_UNITS[name]
    right = np.ones(len(places)) if not tier else np.asarray(places.frame["tier"] == tier, dtype=np.float64)
    if not sized:
        return right
    persons = places.persons("population_persons")
    if persons is None:
        return np.where(right == 0, 0.0, np.nan)
    least = float(sized["persons"]) * (1000 if sized["thousand"] else 1)
    return _both(right, np.where(np.isnan(persons), np.nan, (persons >= least).astype(float)))


def _class_scope(norm: Norm, places: Places) -> FloatArray:
    if norm.scope == "all":
        return np.ones(len(places))
    known = places.settlement_class != ""
    return np.where(known, (places.settlement_class == norm.scope).astype(float), np.nan)


def _both(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.where((first == 0) | (second == 0), 0.0, first * second)
