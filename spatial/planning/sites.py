"""What a location model is asked: demands, sites and the pairs between them, checked and put in the order of ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, issparse

from spatial.access.od_pairs import end_of, id_faults, id_positions, require_columns, require_within
from spatial.access.options import FINITE, not_within, numbers, whole_number
from spatial.access.places import id_order
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, InfeasibleError, first_of, refuse


class SitingOptions(TypedDict, total=False):
    """
    Keywords that every location model takes.

    ``cost`` is demands by sites, instead of the three frames: an array with inf out of reach, or a sparse matrix whose
    entries are the pairs; ``weights`` are the people of its demands, one each by default. ``demand`` names the column
    of the settlements with their people (``population_persons``), or several columns of groups that do not overlap,
    each perhaps with what one of its people counts: ``{"elderly_persons": 2, "children_persons": 1}``. ``weights_by``
    names a column with what everybody in a settlement counts on top, such as 1.5 where it is rural. ``first`` names one
    with the people of a mandatory norm: as many of them as can be come within ``first_within`` minutes (the service
    radius where there is one), and only among such plans is the objective best. ``predefined`` is the status of the
    sites that are open in any plan (``existing``; None: none are), with ``cost`` their column numbers; ``reopen`` lets
    closed ones open too. ``capacity`` names the column of the candidates with the people that each takes (any number
    without); ``site_costs`` the one with what opening each costs, and ``budget`` is what all new ones may cost
    together, inclusive. ``gap`` is the share of the objective at which a proof may end (0), and ``time_limit_s`` the
    seconds after which the best plan so far is given with its bound (60).
    """

    cost: ArrayLike | csr_array
    weights: ArrayLike
    demand: str | Sequence[str] | Mapping[str, float]
    weights_by: str | None
    first: str | None
    first_within: float | None
    predefined: str | Iterable[int] | None
    reopen: bool
    capacity: str | None
    site_costs: str | None
    budget: float | None
    gap: float
    time_limit_s: float


_DEFAULTS: dict[str, Any] = {
    "cost": None, "weights": None, "demand": "population_persons", "weights_by": None, "first": None,
    "first_within": None, "predefined": "existing", "reopen": False, "capacity": None, "site_costs": None,
    "budget": None, "gap": 0.0, "time_limit_s": 60.0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Siting:
    """n demands, m sites, the pairs within reach by demand, cost and site, and what is asked for."""

    demand: IntArray  # shape (pairs,), position
    site: IntArray  # shape (pairs,), position
    minutes: FloatArray  # shape (pairs,), 0 or more; or whatever else the costs are in
    weight: FloatArray  # shape (n,), people, 0 or more
    known: BoolArray  # shape (n,), false where people are unknown: they count as nobody
    is_fixed: BoolArray  # shape (m,), open in any plan
    may_open: BoolArray  # shape (m,)
    demand_ids: pd.Index
    site_ids: pd.Index
    site_status: pd.Index  # as given
    given_at: IntArray  # shape (n,), row of each demand in the frame that was given
    groups: pd.DataFrame  # n rows, a column a group: people, NaN where unknown
    group_weights: pd.Series  # what one of a group counts, by name
    worth: FloatArray  # shape (n,), what one of the people counts in the objective
    first: FloatArray | None = None  # shape (n,), people of a mandatory norm; None: not asked
    first_within: float | None = None  # minutes within which they are to be
    capacity: FloatArray | None = None  # shape (m,), people that a site takes; None: any number
    price: FloatArray | None = None  # shape (m,), what opening a site costs; None: not asked
    count: int | None = None  # new sites; None: as the budget pays, or as few as can be
    budget: float | None = None
    gap: float = 0.0
    time_limit_s: float = 60.0
    end_min: float = np.inf  # minutes at which the pairs end, where that is known

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of demands and of sites."""
        return len(self.weight), len(self.is_fixed)

    @cached_property
    def usable(self) -> BoolArray:
        """Which pairs lead people to a site that is open or may be."""
        return (self.is_fixed | self.may_open)[self.site] & (self.weight[self.demand] > 0.0)

    @cached_property
    def must(self) -> BoolArray:
        """Which demands have people, and a site in reach that is open or may be."""
        return np.bincount(self.demand[self.usable], minlength=self.shape[0]) > 0

    def serves(self, pair: IntArray) -> bool:
        """Tell whether pairs serve everybody who can be served."""
        served = np.bincount(self.demand[pair], minlength=self.shape[0]) > 0
        return bool(served[self.must].all())

    def nearest(self, is_open: BoolArray) -> IntArray:
        """Find the pair of the cheapest open site of every demand that has one in reach; ties go to the lowest id."""
        pairs = np.flatnonzero(is_open[self.site])
        return pairs[np.diff(self.demand[pairs], prepend=-1) > 0]

    def near(self, limit: float, name: str = "service_radius") -> Siting:
        """Keep the pairs within a limit, inclusive, which is no longer than the pairs are."""
        if np.isfinite(limit):
            require_within(self.end_min, limit, what=name)
        near = self.minutes <= limit
        return replace(self, demand=self.demand[near], site=self.site[near], minutes=self.minutes[near])

    def within(self, radius: float, name: str = "service_radius") -> Siting:
        """Keep the pairs within a radius, inclusive, of which there must be somebody."""
        if self.capacity is not None and self.first_within is not None and self.first_within > radius:
            fault = f"first_within: beyond {radius:g}, the service radius, sites that fill up serve nobody"
            raise ContractError("options", [fault])
        kept = self.near(radius, name)
        if not kept.usable.any():
            least = float(self.minutes[self.usable].min()) if self.usable.any() else None
            raise InfeasibleError(f"{name}: nobody is within {radius:g} of any site", least)
        return kept

    @property
    def needy(self) -> Siting | None:
        """The same sites, asked for the people of the mandatory norm alone; None where no norm comes first."""
        if self.first is None:
            return None
        limit = np.inf if self.first_within is None else self.first_within
        return replace(self, weight=self.first, worth=np.ones(self.shape[0])).within(limit, "first_within")


def read_siting(
    od: pd.DataFrame | None,
    settlements: pd.DataFrame | None,
    candidates: pd.DataFrame | None,
    n_facilities: int | None,
    options: SitingOptions,
    *,
    counts_sites: bool = True,
) -> Siting:
    """Check what is asked, all faults at once, and put it in order."""
    strange = sorted(set(options) - set(_DEFAULTS))
    if strange:
        raise TypeError(f"no such option: {first_of(strange)}")
    given: dict[str, Any] = {**_DEFAULTS, **options}
    cost, budget, predefined = given["cost"], given["budget"], given["predefined"]
    frames = sum(frame is not None for frame in (od, settlements, candidates))
    asks_status = given["reopen"] or (isinstance(predefined, str) and "predefined" in options)
    columns = given["weights_by"] or given["first"] or "demand" in options
    is_whole = n_facilities is None or whole_number(n_facilities, least=0)
    faults = {
        "budget: needs site_costs, the column of what each costs": budget is not None and not given["site_costs"],
        "n_facilities: say how many new sites, or give a budget": counts_sites
        and n_facilities is None
        and budget is None,
        f"n_facilities: must be 0 or more, a whole number, is {n_facilities!r}": not is_whole,
        "first_within: needs first, a column of people": given["first_within"] is not None and not given["first"],
    }
    problems = [text for text, wrong in faults.items() if wrong]
    for name in ("budget", "first_within"):
        problems += [] if given[name] is None else not_within(name, given[name])
    problems += not_within("gap", given["gap"], most=1.0) + not_within("time_limit_s", given["time_limit_s"])
    if cost is None and not isinstance(predefined, str | None):
        problems.append(f"predefined: names one status, or None, where frames are given, is {predefined!r}")
    if not isinstance(given["demand"], Iterable):
        problems.append(f"demand: names columns, is {given['demand']!r}")
        given["demand"] = ()
    of_matrix = {
        "cost: give either a matrix, or od, settlements and candidates": frames > 0,
        "capacity, site_costs: name columns of candidates; a matrix has none": given["capacity"] or given["site_costs"],
        "demand, weights_by, first: name columns of settlements; a matrix has none, only weights": columns,
        "reopen, predefined: ask for a status of candidates; a matrix has none, only numbers of columns": asks_status,
    }
    of_frames = {
        "od, settlements, candidates: give all three, or cost and weights": frames < 3,
        "weights: belong to cost; with frames name a column, demand=...": given["weights"] is not None,
    }
    problems += [text for text, wrong in (of_frames if cost is None else of_matrix).items() if wrong][:1]
    # One column, several, or several with what one of their people counts.
    named = [given["demand"]] if isinstance(given["demand"], str) else given["demand"]
    groups = dict(named) if isinstance(named, Mapping) else dict.fromkeys(named, 1.0)
    for name, weight in groups.items():
        problems += not_within(f"demand: what one of {name} counts", weight, most=FINITE)
    if not any(groups.values()) and not problems:
        problems.append("demand: names no column whose people count")
    refuse("options", problems)
    given["demand"] = pd.Series(groups, dtype=float)
    if given["cost"] is not None:
        sites = _from_matrix(given["cost"], given["weights"], given["predefined"])
    else:
        sites = _from_frames(od, settlements, candidates, given)  # type: ignore[arg-type]  # all three, see above
    order = np.lexsort((sites.site, sites.minutes, sites.demand))
    pairs = {name: getattr(sites, name)[order] for name in Pairs._fields}
    asked = {name: given[name] for name in ("budget", "first_within", "gap", "time_limit_s")}
    sites = replace(sites, **pairs, **asked, count=n_facilities)
    able = int(sites.may_open.sum())
    if n_facilities is not None and n_facilities > able:
        raise InfeasibleError(f"n_facilities: {n_facilities} new sites, but only {able} may be opened", float(able))
    if budget is not None and sites.price is not None and able:
        cheapest = float(sites.price[sites.may_open].min())
        if budget < cheapest:
            raise InfeasibleError(f"budget: {budget:g} pays for no site", cheapest)
    return sites


def _from_frames(
    od: pd.DataFrame, settlements: pd.DataFrame, candidates: pd.DataFrame, given: dict[str, Any]
) -> Siting:
    demand, capacity, price = given["demand"], given["capacity"], given["site_costs"]
    require_columns("od", od, ("from_id", "to_id", "travel_time_min"))
    further = [*filter(None, (given["weights_by"], given["first"]))]
    require_columns("settlements", settlements, ("settlement_id", *demand.index, *further))
    require_columns("candidates", candidates, ("facility_id", *filter(None, (capacity, price))))
    faults = Faults()
    for table, frame, key in (("settlements", settlements, "settlement_id"), ("candidates", candidates, "facility_id")):
        for fault in id_faults(frame[key], key):
            faults.add(table, fault)
    asked = {name: np.asarray(numbers("settlements", name, settlements[name])) for name in (*demand.index, *further)}
    for name, values in asked.items():
        # Unknown people are nobody; what people count must be known.
        told = values if name == given["weights_by"] else np.nan_to_num(values, nan=0.0, posinf=np.inf)
        faults.values("settlements", name, told, settlements["settlement_id"])
    groups = pd.DataFrame({name: asked[name] for name in demand.index})
    known = groups.notna().any(axis=1).to_numpy()
    if not known.any():
        faults.add("settlements", f"{', '.join(demand.index)}: no value is known")
    own = {}
    for column in filter(None, (capacity, price)):
        own[column] = np.asarray(numbers("candidates", column, candidates[column]))
        if column == capacity:  # a large one stands for any number
            own[column] = np.where(np.isinf(own[column]), own[column], np.minimum(own[column], MOST_COUNTED))
        faults.values("candidates", column, own[column], candidates["facility_id"])
    status = candidates["status"] if "status" in candidates else pd.Series("candidate", index=candidates.index)
    strange = status[~status.isin(["existing", "candidate", "closed"])]
    if len(strange):
        named = first_of(strange.astype(str).unique())
        faults.add("candidates", f"status: must be existing, candidate or closed, is {named}")
    faults.refuse()
    counted = groups.fillna(0.0).to_numpy()
    persons, worth = counted.sum(axis=1), counted @ demand.to_numpy()
    worth = np.divide(worth, persons, out=np.ones(len(persons)), where=persons > 0.0)
    if given["weights_by"]:
        worth = worth * asked[given["weights_by"]]
    rows, columns = id_order(settlements["settlement_id"]), id_order(candidates["facility_id"])
    demand_ids, site_ids = (pd.Index(settlements["settlement_id"])[rows], pd.Index(candidates["facility_id"])[columns])
    pairs = fastest_pairs(od, demand_ids, site_ids)
    fixed = np.zeros(len(columns), dtype=bool)
    if given["predefined"] is not None:
        fixed = (status == given["predefined"]).to_numpy()
    able = (status != "closed").to_numpy() | bool(given["reopen"])
    return Siting(
        **pairs._asdict(),
        weight=persons[rows],
        known=known[rows],
        is_fixed=fixed[columns],
        may_open=(able & ~fixed)[columns],
        demand_ids=demand_ids,
        site_ids=site_ids,
        site_status=pd.Index(status)[columns],
        given_at=rows,
        groups=groups.iloc[rows].reset_index(drop=True),
        group_weights=demand,
        worth=worth[rows],
        first=np.nan_to_num(asked[given["first"]])[rows] if given["first"] else None,
        capacity=own[capacity][columns] if capacity else None,
        price=own[price][columns] if price else None,
        end_min=end_of(od),
    )


MOST_COUNTED = 1e13
"""People or money of one row, at most: sums of more are too long for the solver, which then finds nothing."""


class Pairs(NamedTuple):
    """Pairs within reach, by demand and site."""

    demand: IntArray  # position
    site: IntArray  # position
    minutes: FloatArray


def minutes_of(table: str, pairs: pd.DataFrame) -> FloatArray:
    """Read the minutes of pairs, and refuse what is none."""
    minutes = np.asarray(numbers(table, "travel_time_min", pairs["travel_time_min"]))
    if np.isnan(minutes).any() or (minutes < 0.0).any():
        raise ContractError(table, ["travel_time_min: NaN or negative; give no row, or inf, for a pair without a way"])
    return minutes


def fastest_pairs(od: pd.DataFrame, demand_ids: pd.Index, site_ids: pd.Index, of_sites: str = "candidates") -> Pairs:
    """Read pairs, of which one may be there once a mode: the fastest counts; refuse ids that are in no other frame."""
    faults = Faults()
    i = id_positions(od["from_id"], demand_ids).astype(np.int64)
    j = id_positions(od["to_id"], site_ids).astype(np.int64)
    minutes = np.asarray(numbers("od", "travel_time_min", od["travel_time_min"]))
    for column, where, found in (("from_id", "settlements", i), ("to_id", of_sites, j)):
        if (found < 0).any():
            faults.add("od", f"{column}: in no row of {where}: {first_of(od.loc[found < 0, column].unique())}")
    faults.values("od", "travel_time_min", minutes, od["from_id"], is_finite=False)
    faults.refuse()
    number = i * np.int64(len(site_ids)) + j
    order = np.lexsort((minutes, number))
    fastest = order[np.diff(number[order], prepend=-1) > 0]
    fastest = fastest[np.isfinite(minutes[fastest])]
    return Pairs(i[fastest], j[fastest], minutes[fastest])


def _from_matrix(cost: Any, weights: ArrayLike | None, predefined: str | Iterable[int] | None) -> Siting:
    if issparse(cost):
        table: csr_array = csr_array(cost)  # type: ignore[call-overload]  # its types know no sparse matrix in general
        table.sum_duplicates()
        shape = table.shape
        i = np.repeat(np.arange(shape[0]), np.diff(table.indptr))
        j, minutes = table.indices.astype(np.int64), table.data.astype(np.float64)
    else:
        dense = np.asarray(cost, dtype=np.float64)
        if dense.ndim != 2:
            raise ContractError("options", [f"cost: must be demands by sites, has {dense.ndim} dimension(s)"])
        shape, minutes = dense.shape, dense.ravel()
        i, j = np.divmod(np.arange(dense.size), max(shape[1], 1))
    n, m = shape
    people = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    fixed = np.zeros(m, dtype=bool)
    faults = Faults()
    if people.shape == (n,):
        faults.values("options", "weights", people, pd.Series(np.arange(n)))
    else:
        faults.add("options", f"weights: of shape {people.shape} for {n} demands")
    strange = ~(minutes >= 0.0)
    at = pd.Series(list(zip(i[strange], j[strange], strict=True)), dtype=object)
    faults.values("options", "cost", minutes[strange], at, is_finite=False)
    if predefined is not None and not isinstance(predefined, str):
        columns = np.asarray(list(predefined), dtype=np.int64)
        beyond = columns[(columns < 0) | (columns >= m)]
        if len(beyond):
            faults.add("options", f"predefined: no such column of cost: {first_of(beyond)}")
        else:
            fixed[columns] = True
    faults.refuse()
    finite = np.isfinite(minutes)
    return Siting(
        demand=i[finite],
        site=j[finite],
        minutes=minutes[finite],
        weight=people,
        known=np.ones(n, dtype=bool),
        is_fixed=fixed,
        may_open=~fixed,
        demand_ids=pd.RangeIndex(n),
        site_ids=pd.RangeIndex(m),
        site_status=pd.Index(np.where(fixed, "existing", "candidate")),
        given_at=np.arange(n),
        groups=pd.DataFrame({"weights": people}),
        group_weights=pd.Series({"weights": 1.0}),
        worth=np.ones(n),
    )


class Faults:
    """Faults of several tables, collected and raised at once."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    def add(self, table: str, text: str) -> None:
        """Add a fault of a table."""
        self._found.append((table, text))

    def values(self, table: str, column: str, values: FloatArray, ids: pd.Series, *, is_finite: bool = True) -> None:
        """Add numbers that are unknown, negative, or without end, or beyond what programs solve, where there is one."""
        for what, wrong in (
            ("NaN", np.isnan(values)),
            ("negative", values < 0.0),
            ("infinite", np.isinf(values) & is_finite),
            (f"above {MOST_COUNTED:g}", np.isfinite(values) & (values > MOST_COUNTED) & is_finite),
        ):
            if wrong.any():
                self.add(table, f"{column}: {what} for {first_of(ids[wrong].tolist())}")

    def refuse(self) -> None:
        """Raise what was found."""
        if self._found:
            table = self._found[0][0]
            raise ContractError(table, [text if of == table else f"{of}: {text}" for of, text in self._found])
