"""Groups of people at settlements: counted by a list, by a raster, or estimated as a share; each says which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import ContractError
from spatial.tables import POPULATION_BASIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from spatial.rasters import Raster

    FloatArray = NDArray[np.float64]

__all__ = ["GroupPeople", "above_total", "added_up", "fill_group", "groups_of"]

PERSONS = "_persons"
EVERYBODY = frozenset({"population", *POPULATION_BASIS})
"""Words before ``_persons`` in columns that count everybody, each in its way; they are no groups."""
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class GroupPeople:
    """People of one group at every settlement."""

    persons: FloatArray  # shape (n,), naN = unknown
    # shape (n,), observed (by the list), raster, estimated (a share of the people) or none
    source: NDArray[np.str_]

    def scaled(self, factor: FloatArray) -> GroupPeople:
        """Scale what was counted; estimates follow the people that they are a share of."""
        counted = np.isin(self.source, ("observed", "raster"))
        changed = counted & (factor != 1.0) & ~np.isnan(self.persons)
        source = np.where(changed, np.char.add(self.source.astype("<U32"), "_rescaled"), self.source)
        return GroupPeople(np.where(counted, self.persons * factor, self.persons), source)

    def estimated(self, people: FloatArray, share: FloatArray) -> GroupPeople:
        """Fill what is unknown with a share of the people."""
        guess = people * share
        filled = np.isnan(self.persons) & ~np.isnan(guess)
        return GroupPeople(np.where(filled, guess, self.persons), np.where(filled, "estimated", self.source))


def groups_of(settlements: pd.DataFrame) -> list[str]:
    """
    Name the groups whose people a table of settlements has.

    Examples
    --------
    >>> import pandas as pd
    >>> groups_of(pd.DataFrame(columns=["population_persons", "elderly_persons"]))
    ['elderly']
    """
    names = [str(name).removesuffix(PERSONS) for name in settlements.columns if str(name).endswith(PERSONS)]
    return sorted(set(names) - EVERYBODY)


def fill_group(listed: FloatArray | None, raster: FloatArray | None, *, size: int) -> GroupPeople:
    """
    Take the people of a group from the list, and where it has no number from the raster of the group.

    Examples
    --------
    >>> found = fill_group(np.array([3.0, np.nan]), np.array([9.0, 4.0]), size=2)
    >>> found.persons.tolist(), found.source.tolist()
    ([3.0, 4.0], ['observed', 'raster'])
    """
    unknown = np.full(size, np.nan)
    given = unknown if listed is None else listed
    cells = unknown if raster is None else raster
    if len(given) != size or len(cells) != size:
        raise ContractError("groups", [f"give {size} numbers, one a settlement"])
    if (given < 0).any() or (cells < 0).any():
        raise ContractError("groups", ["people are negative; correct them"])
    persons = np.where(np.isnan(given), cells, given)
    source = np.where(~np.isnan(given), "observed", np.where(np.isnan(cells), "none", "raster"))
    return GroupPeople(persons, source)


def added_up(rasters: Sequence[Raster]) -> list[Raster]:
    """
    Add up rasters of people on one grid, such as those of ages and sexes.

    Returns one for each grid, in the order of the first of it; NaN where none has data.
    """
    grids: list[list[Raster]] = []
    for raster in rasters:
        same = next((grid for grid in grids if _on_one_grid(grid[0], raster)), None)
        if same is None:
            grids.append([raster])
        else:
            same.append(raster)
    return [_sum_of(grid) for grid in grids]


def _on_one_grid(first: Raster, other: Raster) -> bool:
    return (
        first.values.shape == other.values.shape
        and first.transform == other.transform
        and first.crs == other.crs
    )


def _sum_of(grid: list[Raster]) -> Raster:
    total = grid[0].values.copy()
    for raster in grid[1:]:
        both = np.isfinite(total) & np.isfinite(raster.values)
        total = np.where(np.isfinite(total), total, raster.values)
        total[both] += raster.values[both]
    return replace(grid[0], values=total)


def above_total(persons: FloatArray, people: FloatArray) -> NDArray[np.bool_]:
    """Tell where a group has more people than there are."""
    result: NDArray[np.bool_] = persons > people * (1.0 + _TOLERANCE) + _TOLERANCE
    return result
