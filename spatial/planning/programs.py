"""Mixed-integer linear programs through HiGHS (Huangfu and Hall 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import highspy
import numpy as np
from scipy.sparse import csr_array, hstack, vstack

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from spatial.arrays import BoolArray, FloatArray, IntArray


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
