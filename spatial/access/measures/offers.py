"""What settlements ask for and facilities give: people and supply, checked, with how much of either is known."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial.access.measures.od_pairs import require_columns
from spatial.access.options import numbers
from spatial.errors import ContractError, first_of
from spatial.sources.capacity_units import capacity_units

if TYPE_CHECKING:
    import pandas as pd

    from spatial.access.measures.od_pairs import Pairs

__all__ = ["COUNT", "Offer", "demand_of", "offer_of"]

_log = logging.getLogger(__name__)

FloatArray: TypeAlias = NDArray[np.float64]

COUNT = "count"
"""Each facility counts one, whatever its size."""


@dataclass(frozen=True, eq=False)
class Offer:
    """What each facility has to give."""

    supply: FloatArray  # shape (m,), 0 or more, finite
    counted: str  # the column that is counted, or ``count`` where each facility counts one
    # share of facilities whose capacity is known, whether it was used or not; NaN without any facility
    known_share: float

    @property
    def basis(self) -> str | None:
        """What the supply is from, as `counted`; None without any facility, where there is no supply to name."""
        return self.counted if len(self.supply) else None

    @property
    def unit(self) -> str:
        """The unit of the supply, also of none: ``facilities``, or the name of the column."""
        return "facilities" if self.counted == COUNT else self.counted


def demand_of(pairs: Pairs, column: str) -> tuple[FloatArray, float]:
    """Read the people of each settlement."""
    require_columns("settlements", pairs.settlements, (column,))
    persons = numbers("settlements", column, pairs.settlements[column])
    _no_bad("settlements", pairs.settlements["settlement_id"], column, persons)
    known = ~np.isnan(persons)
    if len(persons) and not known.any():
        raise ContractError(
            "settlements",
            [f"{column}: no value is known; run allocate_population first, or name another column"],
        )
    if not known.all():
        _log.warning(
            "%s is unknown in %d of %d settlements: they count as empty",
            column,
            int((~known).sum()),
            len(known),
        )
    return np.where(known, persons, 0.0), float(known.mean()) if len(known) else np.nan


def offer_of(pairs: Pairs, column: str | None) -> Offer:
    """Read what each facility has to give."""
    m = len(pairs.facilities)
    name = "capacity" if column in (None, COUNT) else str(column)
    if name not in pairs.facilities:
        if name != "capacity" or column == name:
            require_columns("facilities", pairs.facilities, (name,))
        capacity = np.full(m, np.nan)
    else:
        capacity = np.array(numbers("facilities", name, pairs.facilities[name]))
    _no_bad("facilities", pairs.facilities["facility_id"], name, capacity)
    known = ~np.isnan(capacity)
    share = float(known.mean()) if m else np.nan
    if column not in (None, COUNT) and not known.all():
        unknown = pairs.facilities["facility_id"].to_numpy()[~known]
        raise ContractError(
            "facilities",
            [
                f"{name}: unknown for {first_of(unknown)} of {pairs.service}; complete it, or give supply='count'"
            ],
        )
    mixed = name == "capacity" and column != COUNT and known.all() and _is_mixed(pairs, refuse=column == name)
    if column == COUNT or mixed or not known.all():
        if column is None and m and not mixed:
            _log.warning(
                "%s: capacity is known for %d of %d facilities: each counts one",
                pairs.service,
                int(known.sum()),
                m,
            )
        return Offer(np.ones(m), COUNT, share)
    return Offer(capacity, name, share)


def _is_mixed(pairs: Pairs, *, refuse: bool) -> bool:
    """Say that capacities in unlike units, such as beds and rooms, cannot be added."""
    units = capacity_units(pairs.facilities)
    if len(units) <= 1:
        return False
    detail = f"capacity: {pairs.service} has it in unlike units: {first_of(units)}"
    if refuse:
        raise ContractError("facilities", [f"{detail}; give all in one unit, or give supply='count'"])
    _log.warning("%s: each counts one", detail)
    return True


def _no_bad(table: str, ids: pd.Series, column: str, values: FloatArray) -> None:
    wrong = (values < 0.0) | np.isinf(values)
    if bool(wrong.any()):
        raise ContractError(table, [f"{column}: negative or infinite for {first_of(ids.to_numpy()[wrong])}"])
