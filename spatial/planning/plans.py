"""Mixed-integer programs through HiGHS, and siting plans: solved to the proof or with a gap, evaluated anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Literal, NamedTuple

import highspy
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, hstack, vstack

from spatial.access.options import check_count
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, InfeasibleError

if TYPE_CHECKING:
    from spatial.planning.sites import Siting


SEED = 20_260_101
"""Where HiGHS begins to draw, so that a plan is the same each time."""

FEASIBLE = 1e-9
"""How far a row or a whole number may be off, in its own unit."""

SAME = 1e-9
"""Two values of an objective this near, as a share, are the same: sums of floats in another order."""

HALF = 0.5
"""A whole number of 0 or 1 in floats is above this where it is 1."""


class Rows(NamedTuple):
    """Rows of a program: the sum of value times column lies between least and most, inclusive."""

    row: IntArray
    column: IntArray
    value: FloatArray
    least: FloatArray  # shape (rows,), -inf: no limit
    most: FloatArray  # shape (rows,), inf: no limit


def rows_of(row: IntArray, column: IntArray, value: ArrayLike, least: ArrayLike, most: ArrayLike) -> Rows:
    """Make rows; a value or limit is one for all, or one each."""
    sizes = [np.size(limit) for limit in (least, most) if np.ndim(limit)]
    height = sizes[0] if sizes else int(row.max(initial=-1)) + 1
    limits = (np.broadcast_to(np.asarray(limit, np.float64), height) for limit in (least, most))
    return Rows(row, column, np.broadcast_to(np.asarray(value, np.float64), len(row)), *limits)


def at_most(
    row: Sequence[IntArray], column: Sequence[IntArray], value: Sequence[ArrayLike], most: ArrayLike, height: int
) -> Rows:
    """Make rows without a least out of several parts; a value is one for its part, or one each."""
    values = [np.broadcast_to(np.asarray(each, np.float64), len(part)) for each, part in zip(value, row, strict=True)]
    rows, columns, each_value = np.concatenate(row), np.concatenate(column), np.concatenate(values)
    return rows_of(rows, columns, each_value, np.full(height, -np.inf), most)


class Program(NamedTuple):
    """Minimise cost @ x where least <= rows @ x <= most and lower <= x <= upper, some of x whole."""

    cost: FloatArray  # shape (columns,)
    rows: csr_array  # shape (rows, columns)
    least: FloatArray  # shape (rows,)
    most: FloatArray  # shape (rows,)
    lower: FloatArray  # shape (columns,)
    upper: FloatArray  # shape (columns,), inf: no limit
    whole: BoolArray  # shape (columns,)

    @classmethod
    def empty(
        cls, cost: FloatArray, *, lower: ArrayLike = 0.0, upper: ArrayLike = np.inf, whole: ArrayLike = False
    ) -> Program:
        """Begin a program without rows; a limit is one for all columns, or one each."""
        width, none = len(cost), np.zeros(0)
        return cls(
            cost,
            csr_array((0, width)),
            none,
            none,
            np.broadcast_to(np.asarray(lower, np.float64), width),
            np.broadcast_to(np.asarray(upper, np.float64), width),
            np.broadcast_to(np.asarray(whole, bool), width),
        )

    @property
    def is_mixed(self) -> bool:
        """Whether a whole number is left to be found."""
        return bool((self.whole & (self.lower < self.upper)).any())

    def beside(self, further: int, *, upper: float = 1.0) -> Program:
        """Add columns that cost nothing, from 0 to a limit, behind the others."""
        more = np.zeros(further)
        return self._replace(
            cost=np.concatenate((self.cost, more)),
            rows=csr_array(hstack([self.rows, csr_array((self.rows.shape[0], further))])),
            lower=np.concatenate((self.lower, more)),
            upper=np.concatenate((self.upper, more + upper)),
            whole=np.concatenate((self.whole, np.zeros(further, bool))),
        )

    def where(self, blocks: Sequence[Rows]) -> Program:
        """Add rows."""
        width = self.rows.shape[1]
        tables = [
            csr_array((block.value, (block.row, block.column)), shape=(len(block.least), width)) for block in blocks
        ]
        return self._replace(
            rows=csr_array(vstack([self.rows, *tables])),
            least=np.concatenate([self.least, *(block.least for block in blocks)]),
            most=np.concatenate([self.most, *(block.most for block in blocks)]),
        )


class Solution(NamedTuple):
    """What HiGHS found, and how good it can be at best."""

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    values: FloatArray  # shape (columns,); empty where nothing was found
    objective: float  # inf where nothing was found
    bound: float  # no solution is below it; -inf where nothing is proven


class Silent(highspy.Highs):
    """HiGHS without the lines that it prints when its callbacks are made ready."""

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS's name
        """Make callbacks ready after output is off."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]  # of a package without types


def solve(program: Program, *, gap: float = 0.0, time_limit_s: float = np.inf) -> Solution:
    """Solve a program to the end, a gap or a time limit; one thread and a fixed seed give the same solution always."""
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = program.rows.shape
    model.col_cost_ = program.cost
    model.col_lower_, model.col_upper_ = program.lower, program.upper
    model.row_lower_, model.row_upper_ = program.least, program.most
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = program.rows.indptr.astype(np.int32)
    model.a_matrix_.index_ = program.rows.indices.astype(np.int32)
    model.a_matrix_.value_ = program.rows.data
    is_mixed = program.is_mixed
    if is_mixed:
        kind = highspy.HighsVarType
        model.integrality_ = [kind.kInteger if whole else kind.kContinuous for whole in program.whole]
    highs = Silent()  # type: ignore[no-untyped-call]  # as above
    options = {
        "threads": 1,
        "random_seed": SEED,
        "mip_rel_gap": gap,
        "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": FEASIBLE,
        "primal_feasibility_tolerance": FEASIBLE,
        "time_limit": time_limit_s,
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(model)
    highs.run()
    ended, info = highs.getModelStatus(), highs.getInfo()
    nothing = np.zeros(0)
    if ended in {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
        return Solution("infeasible", nothing, np.inf, np.inf)
    is_proven = ended == highspy.HighsModelStatus.kOptimal
    bound = float(info.mip_dual_bound) if is_mixed else -np.inf
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Solution("unknown", nothing, np.inf, bound)
    objective = float(info.objective_function_value)
    is_exact = is_proven and (gap == 0.0 or not is_mixed)
    return Solution(
        status="optimal" if is_exact else "feasible",
        values=np.array(highs.getSolution().col_value),
        objective=objective,
        bound=objective if is_exact else bound,
    )


class Ordered(NamedTuple):
    """What was found for several costs, each kept at its best before the next."""

    values: FloatArray  # of the last solution; empty where nothing was found
    best: list[float]  # of each cost
    bounds: list[float]  # of each cost, where those before are kept at the best found
    program: Program  # with rows that keep all of them
    is_sure: bool  # whether each was proven


def solve_in_order(program: Program, costs: Sequence[FloatArray], *, time_limit_s: float = np.inf) -> Ordered:
    """Minimise one cost, then the next among the best, and so on; whole numbers get a billionth of slack."""
    every, share = np.arange(len(program.cost)), SAME if program.is_mixed else 0.0
    best: list[float] = []
    bounds: list[float] = []
    is_sure, values = True, np.zeros(0)
    for cost in costs:
        found = solve(program._replace(cost=cost), time_limit_s=time_limit_s)
        if not len(found.values):
            return Ordered(found.values, best, bounds, program, is_sure=False)
        values, is_sure = found.values, is_sure and found.status == "optimal"
        best.append(found.objective)
        bounds.append(found.bound)
        limit = found.objective + share * abs(found.objective)
        program = program.where([rows_of(0 * every, every, cost, [-np.inf], limit)])
    return Ordered(values, best, bounds, program, is_sure)


TRUSTED = 1e-6
"""How far, as a share, a solver's value may lie from that of the pairs; more is a fault of ours."""


@dataclass(frozen=True, eq=False)
class SitingPlan:
    """
    Sites that a model opened, and who is served where.

    Parameters
    ----------
    model : str
        The model's name.
    sites : DataFrame
        One row an open site, in the order of ids: `facility_id`, `status` as given, `is_new`, `persons` who are
        assigned to it, `settlements` that they live in.
    assignment : DataFrame
        `from_id`, `to_id`, `travel_time_min`, `persons` of everybody who is served, by settlement in the order given.
    demand : DataFrame
        One row a settlement in the order given: `settlement_id`, `demand_persons` (NaN where unknown);
        `served_persons`, `full_persons` (an open site is in reach, and full) and `not_reached_persons`, which sum to
        the demand; `reach`: ``served``, ``partly_served``, ``full``, ``not_reached`` (another plan could),
        ``no_candidate`` (none can), ``nobody``, ``unknown``.
    objective : float
        The model's own value: persons, person-minutes, minutes, or sites.
    bound : float
        No plan is better than this.
    status : {'optimal', 'feasible'}
        Whether the bound proves the plan.
    by_group : DataFrame
        One row a column of people: `group`, `weight` (what one of them counts), `demand_persons`, `served_persons`,
        `full_persons` and `not_reached_persons`, which sum to the demand, and `unknown_settlements`. People of one
        settlement are served alike, whatever their group.
    first_persons : float
        People of the mandatory norm within reach, the most that any such plan brings; NaN where no norm comes first.
    gain_by_site : DataFrame
        One row a new site, the one that adds most first: `facility_id`, `persons_alone` (served by it beyond what is
        open anyway), `persons_in_order` (added behind the rows above), `persons_lost_without` (by the plan without
        it), and `objective_in_order`, the model's value down to this row (NaN where it is no plan without those below).
    _others : callable
        How `alternatives` finds further plans.
    """

    model: str
    sites: pd.DataFrame
    assignment: pd.DataFrame
    demand: pd.DataFrame
    objective: float
    bound: float
    status: Literal["optimal", "feasible"]
    by_group: pd.DataFrame
    first_persons: float
    gain_by_site: pd.DataFrame
    _others: Callable[[float, int], Iterator[SitingPlan]]

    @property
    def gap(self) -> float:
        """How far the objective may be from the best one, as a share of it; inf where it is 0 and not proven."""
        if self.status == "optimal":
            return 0.0
        return abs((self.objective - self.bound) / self.objective) if self.objective else np.inf

    def alternatives(self, within: float = 0.02, most: int = 5) -> list[SitingPlan]:
        """Find up to so many plans that open other sites, at most a share `within` (0 to 1) worse, the best first."""
        if not 0.0 <= within <= 1.0:
            raise ContractError("options", [f"within: must be from 0 to 1, is {within}"])
        check_count("most", most)
        return list(self._others(within, most))


class Evaluation(NamedTuple):
    """What a plan is worth, found from its open sites and the pairs alone."""

    value: float  # the objective; inf, or -inf where it is to be large, where the plan breaks what the model asks
    pair: IntArray  # pairs that carry people
    persons: FloatArray  # how many each of them carries


class Start(NamedTuple):
    """A plan to begin with, and what is known of the best value."""

    is_open: BoolArray
    bound: float


class Condition(NamedTuple):
    """What every plan must keep, beside what its model asks."""

    holds: Callable[[BoolArray], bool]
    rows: Callable[[Program], Program]  # the program with the rows that keep it


class Scale(NamedTuple):
    """How the value that a program sums is told, and back; rising."""

    told: Callable[[float], float] = float
    summed: Callable[[float], float] = float


AS_SUMMED = Scale()


def siting_program(sites: Siting, cost: FloatArray, blocks: Sequence[Rows], *, upper: float = 1.0) -> Program:
    """Join the sites, limited in number and cost, with further columns up to ``upper``, and with rows."""
    m, further = len(sites.is_fixed), len(cost) - len(sites.is_fixed)
    free = np.flatnonzero(sites.may_open)
    limits = []
    if sites.count is not None:
        limits.append(rows_of(np.zeros(len(free), int), free, 1.0, [sites.count], [sites.count]))
    if sites.budget is not None and sites.price is not None:
        if sites.count is not None:
            cheapest = float(np.sort(sites.price[free])[: sites.count].sum())
            if cheapest > sites.budget * (1.0 + SAME):
                raise InfeasibleError(f"budget: {sites.budget:g} pays for no {sites.count} sites", cheapest)
        limits.append(rows_of(np.zeros(len(free), int), free, sites.price[free], [-np.inf], [sites.budget]))
    return Program.empty(
        cost,
        lower=np.concatenate((sites.is_fixed, np.zeros(further))),
        upper=np.concatenate((sites.is_fixed | sites.may_open, np.full(further, upper))),
        whole=np.arange(len(cost)) < m,
    ).where([*limits, *blocks])


@dataclass(frozen=True, eq=False)
class LocationModel:
    """A location model in the words that all of them share."""

    name: str
    sites: Siting
    evaluate: Callable[[BoolArray], Evaluation]
    # the program of all plans at least as good as a value (None: of all); its first m columns open the sites
    program: Callable[[float | None], Program]
    is_most: bool = False  # whether the objective is to be large
    start: Start | None = None
    in_time: Callable[[], Start | None] | None = None  # a plan where the solver has none when its time ends
    why_none: Callable[[], InfeasibleError] | None = None  # what to say where there proves to be no plan
    scale: Scale = AS_SUMMED
    first: Callable[[BoolArray], float] | None = None  # people of the mandatory norm within reach
    is_sure: bool = True  # whether what must be kept was proven
    is_summed: bool = True  # whether the program's cost is the objective; else it finds any plan as good as a value
    spent_s: float = 0.0  # seconds of the limit that the start took

    @property
    def worst(self) -> float:
        """The value of what is no plan."""
        return -np.inf if self.is_most else np.inf

    def keeping(self, condition: Condition) -> LocationModel:
        """Ask more of every plan."""

        def evaluate(is_open: BoolArray) -> Evaluation:
            found = self.evaluate(is_open)
            return found if condition.holds(is_open) else found._replace(value=self.worst)

        # A plan that is made where time ends knows nothing of what more is asked.
        return replace(
            self,
            evaluate=evaluate,
            program=lambda value: condition.rows(self.program(value)),
            in_time=None,
            why_none=None,
        )

    def best(self) -> SitingPlan:
        """Solve to the proof, or as far as gap and time allow, and write the plan out."""
        return self.plan(*self.search())

    def search(self) -> Start:
        """Solve to the proof, or as far as gap and time allow."""
        value = self.worst if self.start is None else self.evaluate(self.start.is_open).value
        if self.start is None or value == self.worst:
            found = self._solve(None, ())
            if found is None and self.in_time is not None:
                found = self.in_time()
            if found is None and self.why_none is not None:
                proof = solve(self.program(None), time_limit_s=self.sites.time_limit_s)
                if proof.status == "infeasible":
                    raise self.why_none()
            if found is None:
                raise InfeasibleError(f"{self.name}: no plan keeps to what is asked within the time limit")
            return found
        if abs(value - self.start.bound) > max(self.sites.gap, SAME) * abs(value):
            found = self._solve(value, ())
            if found is not None and not self._is_better(value, self.evaluate(found.is_open).value):
                return found
        return self.start

    def _is_better(self, one: float, other: float) -> bool:
        return one > other if self.is_most else one < other

    def _solve(self, value: float | None, without: Sequence[BoolArray]) -> Start | None:
        """Find the best plan that is at least as good as a value, and none of some others, with its bound."""
        found = self._solve_once(value, without)
        while found is not None and not self.is_summed:
            better = self._solve_once(float(np.nextafter(found.bound, -self.worst)), without)
            if better is None or not self._is_better(better.bound, found.bound):
                break
            found = better
        return found

    def _solve_once(self, value: float | None, without: Sequence[BoolArray]) -> Start | None:
        program = self.program(value)
        m, free = len(self.sites.is_fixed), np.flatnonzero(self.sites.may_open)
        if value is not None and self.is_summed:
            least = -value if self.is_most else value
            every = np.arange(len(program.cost))
            as_good = rows_of(0 * every, every, program.cost, -np.inf, least + SAME * abs(least))
            program = program.where([as_good])
        for plan in without:  # at least one site that may open is otherwise
            other = np.where(plan[free], -1.0, 1.0)
            program = program.where([rows_of(0 * free, free, other, [1.0 - plan[free].sum()], np.inf)])
        found = solve(program, gap=self.sites.gap, time_limit_s=max(self.sites.time_limit_s - self.spent_s, 0.0))
        if found.status in {"infeasible", "unknown"}:
            return None
        is_open, sign = found.values[:m] > HALF, -1.0 if self.is_most else 1.0
        own = self.evaluate(is_open).value
        if self.is_summed and abs(own - sign * found.objective) > TRUSTED * max(abs(own), 1.0):
            raise AssertionError(f"{self.name}: {sign * found.objective} by the solver, {own} by the pairs")
        return Start(is_open, own if found.status == "optimal" else sign * found.bound)

    def others(self, best: BoolArray, within: float, most: int) -> Iterator[SitingPlan]:
        """Find further plans that are nearly as good, the best first."""
        value = self.scale.told(self.evaluate(best).value)
        limit = self.scale.summed(value + (-within if self.is_most else within) * abs(value))
        known = [best]
        while len(known) <= most:
            found = self._solve(limit, known)
            if found is None or self._is_better(
                limit + (-SAME if self.is_most else SAME) * abs(limit), self.evaluate(found.is_open).value
            ):
                return
            known.append(found.is_open)
            yield self.plan(*found)

    def plan(self, is_open: BoolArray, bound: float) -> SitingPlan:
        """Write a plan out, evaluated anew."""
        sites, found = self.sites, self.evaluate(is_open)
        bound = max(bound, found.value) if self.is_most else min(bound, found.value)
        is_proven = bound == found.value or abs(found.value - bound) <= SAME * max(abs(found.value), 1.0)
        reach = _reach(sites, is_open, found)
        m, at, opened = len(is_open), sites.site[found.pair], np.flatnonzero(is_open)
        order = np.lexsort((at, sites.given_at[sites.demand[found.pair]]))
        pair, persons = found.pair[order], found.persons[order]
        return SitingPlan(
            model=self.name,
            sites=pd.DataFrame(
                {
                    "facility_id": sites.site_ids[opened],
                    "status": sites.site_status[opened],
                    "is_new": ~sites.is_fixed[opened],
                    "persons": np.bincount(at, found.persons, minlength=m)[opened],
                    "settlements": np.bincount(at, minlength=m)[opened],
                }
            ),
            assignment=pd.DataFrame(
                {
                    "from_id": sites.demand_ids[sites.demand[pair]],
                    "to_id": sites.site_ids[sites.site[pair]],
                    "travel_time_min": sites.minutes[pair],
                    "persons": persons,
                }
            ),
            demand=reach,
            objective=self.scale.told(found.value) + 0.0,  # a sum of nothing below 0 is -0.0
            bound=self.scale.told(found.value if is_proven else bound) + 0.0,
            status="optimal" if is_proven and self.is_sure else "feasible",
            by_group=_by_group(sites, reach),
            first_persons=np.nan if self.first is None else self.first(is_open),
            gain_by_site=self._gains(is_open),
            _others=lambda within, most: self.others(is_open, within, most),
        )

    def _gains(self, is_open: BoolArray) -> pd.DataFrame:
        """Tell whom each new site adds: alone, behind the better ones, and as the last."""

        def with_sites(*chosen: int) -> Evaluation:
            plan = self.sites.is_fixed.copy()
            plan[list(chosen)] = True
            return self.evaluate(plan)

        left = [int(j) for j in np.flatnonzero(is_open & ~self.sites.is_fixed)]
        before, whole = with_sites().persons.sum(), with_sites(*left).persons.sum()
        alone = {j: with_sites(j).persons.sum() - before for j in left}
        lost = {j: whole - with_sites(*(other for other in left if other != j)).persons.sum() for j in left}
        order: list[int] = []
        added, values = [], []
        # Behind more sites a site never adds more, so one that is still first when counted anew is the next.
        waiting = [(-alone[j], j) for j in left]
        heapify(waiting)
        while waiting:
            _, j = heappop(waiting)
            step = with_sites(*order, j)
            more = step.persons.sum() - before
            if waiting and (-more, j) > waiting[0]:
                heappush(waiting, (-more, j))
                continue
            added.append(more)
            values.append(self.scale.told(step.value) if np.isfinite(step.value) else np.nan)
            before = step.persons.sum()
            order.append(j)
        return pd.DataFrame(
            {
                "facility_id": self.sites.site_ids[order],
                "persons_alone": [alone[j] for j in order],
                "persons_in_order": added,
                "persons_lost_without": [lost[j] for j in order],
                "objective_in_order": values,
            }
        )


def _reach(sites: Siting, is_open: BoolArray, found: Evaluation) -> pd.DataFrame:
    """Say of every demand how many people are served, meet full sites, or reach none; the three sum to the demand."""
    n = len(sites.weight)
    served = np.minimum(np.bincount(sites.demand[found.pair], found.persons, minlength=n), sites.weight)
    served = np.where(served >= sites.weight * (1.0 - SAME), sites.weight, served)
    has_open = np.bincount(sites.demand[is_open[sites.site]], minlength=n) > 0
    rest = sites.weight - served
    reach = np.select(
        [~sites.known, sites.weight == 0.0, served == sites.weight, served > 0.0, has_open, sites.must],
        ["unknown", "nobody", "served", "partly_served", "full", "not_reached"],
        "no_candidate",
    )
    back = np.argsort(sites.given_at)
    persons = {
        "demand_persons": sites.weight,
        "served_persons": served,
        "full_persons": np.where(has_open, rest, 0.0),
        "not_reached_persons": np.where(has_open, 0.0, rest),
    }
    return pd.DataFrame(
        {"settlement_id": sites.demand_ids[back]}
        | {name: np.where(sites.known, values, np.nan)[back] for name, values in persons.items()}
        | {"reach": pd.Series(reach[back], dtype="str")}
    )


def _by_group(sites: Siting, reach: pd.DataFrame) -> pd.DataFrame:
    """Sum who is served by group: of each settlement the same share."""
    outcomes = ["demand_persons", "served_persons", "full_persons", "not_reached_persons"]
    given = reach[outcomes].to_numpy()[sites.given_at]
    share = np.divide(given, given[:, :1], out=np.zeros_like(given), where=given[:, :1] > 0.0)
    persons = sites.groups.fillna(0.0).to_numpy().T @ share
    return pd.DataFrame(
        {"group": sites.group_weights.index, "weight": sites.group_weights.to_numpy()}
        | dict(zip(outcomes, persons.T, strict=True))
        | {"unknown_settlements": sites.groups.isna().sum().to_numpy()}
    )
