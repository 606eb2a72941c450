"""Small random tasks, and what any choice of their sites is worth, found without the models."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


LARGE = 100
"""Tasks from this seed on have 9 to 12 sites."""

SEEDS = [*range(5), *(pytest.param(seed, marks=pytest.mark.trial) for seed in range(5, 25))]
SEEDS_AND_LARGE = [*SEEDS, *(pytest.param(LARGE + seed, marks=pytest.mark.trial) for seed in range(4))]
"""Seeds of tasks: some in every test, more in trials."""


def frames(
    minutes: NDArray[np.float64], people: NDArray[np.float64], **columns: Sequence[Any]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    n, m = minutes.shape
    i, j = np.nonzero(np.isfinite(minutes))
    od = pd.DataFrame(
        {"from_id": [f"s{k}" for k in i], "to_id": [f"f{k}" for k in j], "travel_time_min": minutes[i, j]}
    )
    settlements = pd.DataFrame({"settlement_id": [f"s{k}" for k in range(n)], "population_persons": people})
    candidates = pd.DataFrame({"facility_id": [f"f{k}" for k in range(m)]} | columns)
    return od, settlements, candidates


class Task:
    """A small random task, and the best value of every model over all subsets of its candidates."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        n, m = draw.integers(2, 8), draw.integers(3, 7) if seed < LARGE else draw.integers(9, 13)
        self.cost = draw.integers(0, 30, (n, m)).astype(float)
        self.cost[draw.random((n, m)) < 0.3] = np.inf
        self.people = draw.integers(0, 9, n).astype(float)
        self.people[0], self.cost[0, 0] = 5.0, 0.0
        self.room = draw.integers(0, 25, m).astype(float)
        self.price = draw.integers(1, 9, m).astype(float)
        status = np.where(draw.random(m) < 0.2, "existing", "candidate")
        status[:2] = "candidate"
        self.fixed = [j for j in range(m) if status[j] == "existing"]
        free = [j for j in range(m) if status[j] == "candidate"]
        self.p = int(draw.integers(1, len(free) + 1))
        self.radius = float(draw.integers(0, 25))
        self.budget = float(draw.integers(self.price[free].min(), 20))
        self.of_p = [[*self.fixed, *some] for some in itertools.combinations(free, self.p)]
        self.every = [[*self.fixed, *some] for k in range(len(free) + 1) for some in itertools.combinations(free, k)]
        self.paid = [some for some in self.every if sum(self.price[j] for j in some if j in free) <= self.budget]
        od, settlements, candidates = frames(self.cost, self.people, status=status, capacity=self.room, cost=self.price)
        # Persons by group that sum to the people, what each counts, and who has a mandatory norm.
        self.children = np.floor(self.people * draw.random(n))
        self.worth = draw.choice([1.0, 1.5, 3.0], n)
        self.needy = np.floor(self.people * draw.random(n))
        self.within = float(draw.integers(0, 25))
        settlements["children_persons"], settlements["rural_weight"] = self.children, self.worth
        settlements["adult_persons"], settlements["needy_persons"] = self.people - self.children, self.needy
        self.asked = (
            od.sample(frac=1, random_state=seed),
            settlements.sample(frac=1, random_state=seed + 1),
            candidates.sample(frac=1, random_state=seed + 2),
        )
        self.must = np.isfinite(self.cost).any(axis=1) & (self.people > 0.0)

    def nearest(self, opened: list[int]) -> NDArray[np.float64]:
        return self.cost[:, opened].min(axis=1, initial=np.inf)

    def covered(self, opened: list[int], times: int = 1) -> float:
        return float(self.people[(self.cost[:, opened] <= self.radius).sum(axis=1) >= times].sum())

    def median(self, opened: list[int]) -> float:
        near = self.nearest(opened)[self.must]
        return float(self.people[self.must] @ near) if np.isfinite(near).all() else np.inf

    def transport(self, opened: list[int], radius: float = np.inf) -> tuple[float, float]:
        """Serve as many as can be, then in the fewest person-minutes."""
        pairs = [(i, j) for i in range(len(self.people)) for j in opened if self.cost[i, j] <= min(radius, 1e9)]
        if not pairs:
            return 0.0, 0.0
        rows = np.zeros((sum(self.cost.shape), len(pairs)))
        for k, (i, j) in enumerate(pairs):
            rows[i, k] = rows[len(self.people) + j, k] = 1.0
        limits = np.concatenate((self.people, self.room))
        most = -linprog(-np.ones(len(pairs)), A_ub=rows, b_ub=limits).fun
        enough = np.vstack([rows, -np.ones(len(pairs))])
        spent = linprog([self.cost[pair] for pair in pairs], A_ub=enough, b_ub=np.append(limits, -most + 1e-9)).fun
        return float(most), float(spent)

    def longest(self, opened: list[int]) -> float:
        return float(self.nearest(opened)[self.must].max(initial=0.0))

    def first(self, opened: list[int]) -> float:
        """Count the needy within their own time."""
        return float(self.needy[self.nearest(opened) <= self.within].sum())

    def firsts(self) -> list[list[int]]:
        """List the choices that bring most of the needy within it."""
        most = max(self.first(some) for some in self.of_p)
        return [some for some in self.of_p if self.first(some) == most]

    def shared(self, opened: list[int], costs: list[Any], limit: float) -> list[float]:
        """Share people out by several costs of a pair in turn, each kept, among open sites that fill up."""
        pairs = [(i, j) for i in range(len(self.people)) for j in opened if self.cost[i, j] <= min(limit, 1e9)]
        if not pairs:
            return [0.0] * len(costs)
        rows = [[float(i == at) for i, _ in pairs] for at in range(len(self.people))]
        rows += [[float(j == at) for _, j in pairs] for at in range(len(self.room))]
        limits = [*self.people, *self.room]
        best = []
        for cost in costs:
            each = [cost(*pair) for pair in pairs]
            best.append(float(linprog(each, A_ub=rows, b_ub=limits).fun))
            rows, limits = [*rows, each], [*limits, best[-1] + 1e-9]
        return best
