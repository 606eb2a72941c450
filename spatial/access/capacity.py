"""Facilities that fill up: who is served, who comes to a full facility, and who reaches none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from spatial.access.floating_catchment import same
from spatial.access.od_pairs import Pairs, demand_of, people_of, read_pairs, require_columns, require_within
from spatial.access.options import ABOVE_ZERO, FINITE, not_within, numbers
from spatial.access.places import id_ranks
from spatial.arrays import FloatArray, IntArray
from spatial.compiled import outer, zeros_float64
from spatial.errors import first_of, refuse
from spatial.inputs.facility_facts import capacity_units
from spatial.inputs.services import Vocabulary

# Compiled filling of facilities, ring after ring.


@outer  # pragma: no cover - compiled
def fill_rings(
    starts: IntArray, settlement: IntArray, facility: IntArray, people: FloatArray, capacity: FloatArray
) -> FloatArray:
    """
    Give people to facilities ring after ring; of a ring that a facility cannot take whole it takes the same share.

    Ring r is the pairs ``starts[r]`` to ``starts[r + 1] - 1`` of one facility; returns what each pair carries.
    """
    rest, free = people.copy(), capacity.copy()
    given = zeros_float64(settlement.shape[0])
    for ring in range(starts.shape[0] - 1):
        first, last = starts[ring], starts[ring + 1]
        taker = facility[first]
        asked = 0.0
        for pair in range(first, last):
            asked += rest[settlement[pair]]
        share = 1.0 if asked <= free[taker] else free[taker] / asked
        for pair in range(first, last):
            given[pair] = rest[settlement[pair]] * share
            rest[settlement[pair]] -= given[pair]
        free[taker] = free[taker] - asked if share == 1.0 else 0.0
    return given


ORDERS = ("time", "capacity", "table", "optimal")

_SOLVED = 1e-9
"""A load this near to the capacity fills the facility, and people this near to all are all, as a share: sums of
floats are not exact."""


@dataclass(frozen=True, eq=False)
class CapacityAllocation:
    """
    Who is served where, as three tables.

    Parameters
    ----------
    settlements : DataFrame
        One row a settlement, in the order given: `settlement_id`, `service`, `mode`, `demand_persons`, then three
        numbers that sum to it exactly: `served_persons`, `full_persons` (a facility is within the cutoff, and full),
        `not_reached_persons` (none is within the cutoff); `served_share`; `mean_served_min` (NaN where nobody is
        served); `status` (served, partly_served, full, not_reached, nobody, unknown). NaN where people are unknown.
    facilities : DataFrame
        One row an existing facility of the service, in the order given: `facility_id`, `service`, `mode`,
        `capacity_persons`, `load_persons`, `free_persons`, `load_share` (NaN for a capacity of 0),
        `settlements_served`, `status` (full, free, unused).
    pairs : DataFrame
        `from_id`, `to_id`, `travel_time_min`, `persons` of every pair with people, in the order in which they were
        served.
    """

    settlements: pd.DataFrame
    facilities: pd.DataFrame
    pairs: pd.DataFrame


def allocate_capacity(  # noqa: PLR0913 - options of the study, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    cutoff_min: float | None,
    order: Literal["time", "capacity", "table", "optimal"] = "time",
    demand: str = "population_persons",
    capacity: str = "capacity",
    persons_per_unit: float = 1.0,
) -> CapacityAllocation:
    """
    Let people go to facilities until these are full.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `cumulative_cutoff`.
    cutoff_min : float or None
        Minutes that people travel at most, inclusive; None for no cutoff.
    order : {'time', 'capacity', 'table', 'optimal'}
        Who is served first, see the notes.
    demand : str
        Column of the settlements with their people; unknown ones are nobody to the facilities.
    capacity : str
        Column of the facilities, known for each, 0 or more; inf: any number.
    persons_per_unit : float
        People whom a unit of capacity serves, above 0.

    Returns
    -------
    CapacityAllocation
        Tables of settlements, facilities and pairs.

    Raises
    ------
    ContractError
        For bad frames or options, a capacity that is missing, NaN or negative, and a cutoff beyond the end of the
        pairs.

    Notes
    -----
    - ``time``: pairs in the order of travel time, ties to the lowest facility id: the nearest are served first,
      wherever they are.
    - ``capacity``: facility after facility, the largest first (ties to the lowest id), each in the order of travel
      time, as AccessMod's geographic coverage (Ray and Ebener 2008) goes.
    - ``table``: the same in the order of the rows of the facilities.
    - ``optimal``: as many people as can be, then the fewest person-minutes (a transport problem, solved by HiGHS).

    In the first three, settlements at the same time from a facility are one ring; where a ring asks for more than is
    left, all of it get the same share. Whoever is left over goes on to the next facility in the order.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 10.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u", "v", "w"], "population_persons": [60.0, 60.0, 60.0]})
    >>> clinics = pd.DataFrame({"facility_id": ["a"], "service": "clinic", "capacity": [100.0]})
    >>> found = allocate_capacity(od, places, clinics, service="clinic", cutoff_min=30.0).settlements
    >>> found["served_persons"].tolist(), found["full_persons"].tolist(), found["not_reached_persons"].tolist()
    ([60.0, 40.0, 0.0], [0.0, 20.0, 0.0], [0.0, 0.0, 60.0])
    """
    limit = np.inf if cutoff_min is None else cutoff_min
    problems = not_within("cutoff_min", limit)
    if order not in ORDERS:
        problems.append(f"order: must be one of {', '.join(ORDERS)}, is {order!r}")
    problems += not_within("persons_per_unit", persons_per_unit, least=ABOVE_ZERO, most=FINITE)
    refuse("options", problems)
    pairs = read_pairs(od, settlements, facilities, service=service, vocabulary=vocabulary)
    require_within(pairs.cutoff_min, limit, what="cutoff_min")
    people, _ = demand_of(pairs, demand)
    room = _capacity(pairs, capacity) * persons_per_unit
    inside = pairs.minutes <= limit
    i, j, minutes = pairs.origin[inside], pairs.destination[inside].astype(np.int64), pairs.minutes[inside]
    # Sort the pairs in the order in which they are served; the last key decides first.
    place, site = id_ranks(pairs.settlements["settlement_id"]), id_ranks(pairs.facilities["facility_id"])
    largest = np.argsort(np.lexsort((site, -room)))
    keys = {
        "time": (place[i], site[j], minutes),
        "capacity": (place[i], minutes, largest[j]),
        "table": (place[i], minutes, j),
        "optimal": (site[j], place[i]),
    }
    queue = np.lexsort(keys[order])
    i, j, minutes = i[queue], j[queue], minutes[queue]
    if order == "optimal":
        given = transport(i, j, minutes, people, room)
    else:
        given = fill_rings(ring_starts(j, minutes), i, j, people, room)
    n, m, some = len(people), len(room), given > 0.0
    reached = np.bincount(i, minlength=n) > 0
    total, spent = np.bincount(i, given, minlength=n), np.bincount(i, given * minutes, minlength=n)
    left = people - np.minimum(total, people)
    full = np.where(reached & (left > _SOLVED * people), left, 0.0)
    served = np.where(reached, people - full, 0.0)  # the two steps make the sum exact (Sterbenz)
    known = ~np.isnan(people_of(pairs.settlements, demand))
    status = np.select(
        [~known, people == 0.0, ~reached, served == people, served > 0.0],
        ["unknown", "nobody", "not_reached", "served", "partly_served"],
        "full",
    )
    load = np.minimum(np.bincount(j, given, minlength=m), room)
    use = np.select([load >= room * (1.0 - _SOLVED), load > 0.0], ["full", "free"], "unused")
    ids, facility_ids = pairs.settlements["settlement_id"], pairs.facilities["facility_id"]
    return CapacityAllocation(
        settlements=pd.DataFrame(
            {
                "settlement_id": ids.reset_index(drop=True),
                "service": same(pairs.service, n),
                "mode": same(pairs.mode, n),
                "demand_persons": np.where(known, people, np.nan),
                "served_persons": np.where(known, served, np.nan),
                "full_persons": np.where(known, full, np.nan),
                "not_reached_persons": np.where(known, np.where(reached, 0.0, people), np.nan),
                "served_share": np.divide(served, people, out=np.full(n, np.nan), where=people > 0.0),
                "mean_served_min": np.divide(spent, total, out=np.full(n, np.nan), where=total > 0.0),
                "status": pd.Series(status, dtype="str"),
            }
        ),
        facilities=pd.DataFrame(
            {
                "facility_id": facility_ids.reset_index(drop=True),
                "service": same(pairs.service, m),
                "mode": same(pairs.mode, m),
                "capacity_persons": room,
                "load_persons": load,
                "free_persons": room - load,
                "load_share": np.divide(load, room, out=np.full(m, np.nan), where=room > 0.0),
                "settlements_served": np.bincount(j[some], minlength=m),
                "status": pd.Series(use, dtype="str"),
            }
        ),
        pairs=pd.DataFrame(
            {
                "from_id": ids.iloc[i[some]].reset_index(drop=True),
                "to_id": facility_ids.iloc[j[some]].reset_index(drop=True),
                "travel_time_min": minutes[some],
                "persons": given[some],
            }
        ),
    )


def ring_starts(facility: IntArray, minutes: FloatArray) -> IntArray:
    """Find where rings begin in pairs as they are served: a ring is one facility at one time."""
    new = np.flatnonzero((np.diff(facility) != 0) | (np.diff(minutes) != 0.0)) + 1
    return np.concatenate(([0], new, [len(facility)] if len(facility) else [])).astype(np.int64)


def _capacity(pairs: Pairs, column: str) -> FloatArray:
    require_columns("facilities", pairs.facilities, (column,))
    room = numbers("facilities", column, pairs.facilities[column])
    ids = pairs.facilities["facility_id"].to_numpy()
    problems = [
        f"{column}: {what} for {first_of(ids[wrong])} of {pairs.service}; {remedy}"
        for what, wrong, remedy in (
            (
                "unknown",
                np.isnan(room),
                (
                    "complete it (`capacity` of what a scenario opens or lets stop), or fill no facilities of it "
                    "(measures.persons_per_unit of a study)"
                ),
            ),
            ("negative", room < 0.0, "correct it"),
        )
        if wrong.any()
    ]
    units = capacity_units(pairs.facilities) if column == "capacity" else []
    if len(units) > 1:
        problems.append(f"{column}: in unlike units: {first_of(units)}; give all of {pairs.service} in one unit")
    refuse("facilities", problems)
    return room


def transport(
    i: IntArray, j: IntArray, minutes: FloatArray, people: FloatArray, room: FloatArray, *, most_persons: float = np.inf
) -> FloatArray:
    """Give the persons of every pair of a place and a site: as many as can be, then in the fewest person-minutes."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 - costs every run time, and few need it

    if len(i) == 0:
        return np.zeros(0)
    n, pairs = len(people), np.arange(len(i))
    limits = np.concatenate((people, room))
    sums = csr_array(
        (np.ones(2 * len(i)), (np.concatenate((i, n + j)), np.concatenate((pairs, pairs)))), shape=(len(limits), len(i))
    )
    within, each = LinearConstraint(sums, ub=limits), Bounds(0.0, most_persons)
    most = milp(-np.ones(len(i)), constraints=within, bounds=each)
    fewest = float(np.asarray(most.x, dtype=np.float64).sum())
    all_served = LinearConstraint(csr_array(np.ones((1, len(i)))), lb=fewest)
    least = milp(minutes, constraints=[within, all_served], bounds=each)
    return np.maximum(0.0, np.asarray(least.x, dtype=np.float64))
