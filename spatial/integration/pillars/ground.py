"""The places of a study, the people behind each, and the units that they form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["STUDY", "Ground", "Unit", "read_ground"]

STUDY = "study"
GROUP_SUFFIX = "_persons"
NO_GROUPS = frozenset({"population_persons", "registered_persons", "resident_persons"})


@dataclass(frozen=True, eq=False)
class Unit:
    """One unit that has a score."""

    level: str  # what it is
    id: str  # its id, and its name, empty where it has none
    name: str
    members: Mask  # its places


@dataclass(frozen=True, eq=False)
class Ground:
    """n places of the study area."""

    settlements: pd.DataFrame  # their rows, without those outside the study area
    ids: NDArray[np.object_]  # their ids
    persons: FloatArray  # their people; NaN = unknown
    weight: FloatArray  # their people, 0 where unknown; 1 each where nobody's number is known
    counts_people: bool  # whether the weights are people
    official_class: NDArray[np.object_]  # urban, rural or None
    township: NDArray[np.object_]  # the township of each, or None
    names: dict[str, str]  # names of townships

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.ids)

    def units(self) -> Iterator[Unit]:
        """Go through the study and its townships."""
        yield Unit(STUDY, STUDY, "", np.ones(len(self), dtype=bool))
        for township in sorted({name for name in self.township if name is not None}):
            yield Unit("township", township, self.names.get(township, ""), self.township == township)

    def people_of(self, members: Mask) -> float:
        """
        Add up the people of some places.

        Returns NaN where nobody's number is known.
        """
        known = self.persons[members]
        return float(np.nansum(known)) if (~np.isnan(known)).any() else float("nan")

    def people_among(self, members: Mask, some: Mask) -> float:
        """
        Add up the people of some of the places of a unit.

        Returns 0 where none of them counts; NaN where nobody's number is known, in the unit or among those
        that count, and where places stand in for people.
        """
        if not self.counts_people:
            return float("nan")
        counted = members & some
        if counted.any():
            return self.people_of(counted)
        return float("nan") if np.isnan(self.people_of(members)) else 0.0

    def groups(self) -> dict[str, FloatArray]:
        """
        Share of each place's people who belong to each group.

        Returns urban and rural, then the groups that the settlements count, such as elderly; 0-1, 0 where
        unknown.
        """
        found = {name: (self.official_class == name).astype(np.float64) for name in ("urban", "rural")}
        for column in sorted(self.settlements.columns):
            if not str(column).endswith(GROUP_SUFFIX) or column in NO_GROUPS or not self.counts_people:
                continue
            people = self.settlements[column].to_numpy(dtype=np.float64)
            share = np.divide(people, self.persons, out=np.zeros(len(self)), where=self.persons > 0.0)
            found[str(column).removesuffix(GROUP_SUFFIX)] = np.clip(np.nan_to_num(share), 0.0, 1.0)
        return {name: share for name, share in found.items() if (share > 0.0).any()}


def read_ground(settlements: pd.DataFrame, boundaries: pd.DataFrame | None = None) -> Ground:
    """Take the places of the study area."""
    mine = settlements[settlements["in_study"].to_numpy(dtype=bool)].reset_index(drop=True)
    persons = mine["population_persons"].to_numpy(dtype=np.float64)
    counts = bool((np.nan_to_num(persons) > 0.0).any())
    names: dict[str, str] = {}
    if boundaries is not None and len(boundaries):
        told = boundaries.set_index(boundaries["boundary_id"].astype(str))["name"].dropna()
        names = {str(key): str(value) for key, value in told.items()}
    return Ground(
        mine,
        mine["settlement_id"].astype(str).to_numpy(dtype=object),
        persons,
        np.nan_to_num(persons) if counts else np.ones(len(mine)),
        counts,
        _column(mine, "official_class"),
        _column(mine, "township_id"),
        names,
    )


def _column(frame: pd.DataFrame, name: str) -> NDArray[np.object_]:
    if name not in frame:
        return np.full(len(frame), None, dtype=object)
    values = np.array(frame[name].astype(object), dtype=object)
    values[pd.isna(values)] = None
    return values
