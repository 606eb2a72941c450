"""Small random tasks, and what every choice of their sites is worth, by sums that know nothing of the models."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from spatial.planning.making_room import Filling, RoomTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]

TIMES = (0.0, 2.0, 4.0, 4.0, 7.0, 7.0, 10.0, 15.0, 25.0)
"""Few different minutes, so that ties abound."""

LARGE = 100
"""Tasks from this seed on have 9 to 12 sites."""

SEEDS = [*range(5), *(pytest.param(seed, marks=pytest.mark.trial) for seed in range(5, 25))]
SEEDS_AND_LARGE = [*SEEDS, *(pytest.param(LARGE + seed, marks=pytest.mark.trial) for seed in range(4))]
"""Seeds of tasks: some in every test, more in trials."""

MEAN_SHARE, KEEP_SHARE, AVERSION = 0.3, 0.6, 1.5
"""What models are asked that take such a number."""


def frames(
    minutes: FloatArray, people: FloatArray, **columns: Sequence[Any]
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
    """
    n demands and m sites, asked with some of the options by their names below.

    A demand out of all reach, demands of nobody, sites that stand, may open or were given up, and equal minutes occur.
    """

    def __init__(self, seed: int, *options: str) -> None:
        draw = np.random.default_rng(seed)
        self.options = frozenset(options)
        n, m = draw.integers(3, 8), draw.integers(3, 8)
        if "capacity" in options and seed < LARGE:
            n, m = min(n, 5), min(m, 5)
        if seed >= LARGE:
            m = draw.integers(9, 13)
        self.minutes = draw.choice(TIMES, (n, m))
        self.minutes[draw.random((n, m)) < 0.3] = np.inf
        self.people = draw.integers(0, 9, n).astype(float)
        self.people[0], self.minutes[0, 0] = 5.0, 0.0
        if draw.random() < 0.4:
            self.minutes[-1] = np.inf
        self.children = np.floor(self.people * draw.random(n))
        self.rural = draw.choice([1.0, 1.5, 3.0], n)
        self.needy = np.floor(self.people * draw.random(n))
        self.room = draw.integers(0, 14, m).astype(float)
        self.price = draw.integers(1, 9, m).astype(float)
        self.status = draw.choice(["existing", "candidate", "candidate", "candidate", "closed"], m)
        self.status[:2] = "candidate"
        self.apart = draw.choice(TIMES[1:], (m, m))
        self.apart[draw.random((m, m)) < 0.15] = np.inf
        self.apart[0, 1] = 7.0
        self.fixed = np.zeros(m, bool) if "none_stands" in options else self.status == "existing"
        self.free = ~self.fixed & ((self.status != "closed") | ("reopen" in options))
        if "matrix" in options:  # knows no sites that were given up
            self.free = ~self.fixed
        self.p = int(draw.integers(1, min(self.free.sum(), 4) + 1))
        self.radius, self.within = draw.choice(TIMES[1:], 2)
        if "capacity" in options:
            self.within = min(self.within, self.radius)
        self.budget = float(draw.integers(self.price[self.free].min(), 20))
        self.kappas, self.which = np.zeros(1), 0

    @property
    def worth(self) -> FloatArray:
        """What one of the people of each demand counts."""
        worth = np.ones(len(self.people))
        if "groups_count" in self.options:
            both = self.people + 2.0 * self.children
            worth = np.divide(both, self.people, out=worth, where=self.people > 0.0)
        return worth * self.rural if "weights_by" in self.options else worth

    def asked(self, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Make the three frames, their rows in any order."""
        od, settlements, candidates = frames(
            self.minutes, self.people, status=self.status, capacity=self.room, cost=self.price
        )
        settlements["children_persons"], settlements["adult_persons"] = self.children, self.people - self.children
        settlements["rural_weight"], settlements["needy_persons"] = self.rural, self.needy
        return tuple(  # type: ignore[return-value]  # three
            frame.sample(frac=1, random_state=seed + k) for k, frame in enumerate((od, settlements, candidates))
        )

    def keywords(self, model: str) -> dict[str, Any]:
        """Say in the words of a model what is asked."""
        words: dict[str, dict[str, Any]] = {
            "weights_by": {"weights_by": "rural_weight"},
            "groups": {"demand": ["children_persons", "adult_persons"]},
            "groups_count": {"demand": {"children_persons": 3.0, "adult_persons": 1.0}},
            "first": {"first": "needy_persons"},
            "first_within": {"first": "needy_persons", "first_within": self.within},
            "capacity": {"capacity": "capacity"},
            "budget": {"site_costs": "cost", "budget": self.budget},
            "reopen": {"reopen": True},
            "none_stands": {"predefined": None},
        }
        asked = {key: value for name in self.options for key, value in words.get(name, {}).items()}
        if model == "lscp":
            asked |= {"site_costs": "cost"} if "costs" in self.options else {}
        elif "budget" not in self.options or "number" in self.options:
            asked["n_facilities"] = self.p
        own = {
            "p_median_squares": {"power": 2.0}, "p_centdian": {"mean_share": MEAN_SHARE},
            "p_kolm_pollak": {"aversion": AVERSION}, "backup_share": {"keep_share": KEEP_SHARE},
        }  # fmt: skip
        radius = model in {"mclp", "lscp", "backup_coverage", "backup_share"}
        return asked | own.get(model, {}) | ({"service_radius": self.radius} if radius else {})

    def choices(self, *, counts: bool = True) -> BoolArray:
        """List every set of open sites that number and budget allow, a row each."""
        free = np.flatnonzero(self.free)
        rows = np.zeros((2 ** len(free), len(self.free)), bool)
        rows[:, free] = list(itertools.product([False, True], repeat=len(free)))
        kept = np.ones(len(rows), bool)
        if counts and ("budget" not in self.options or "number" in self.options):
            kept &= rows.sum(axis=1) == self.p
        if "budget" in self.options:
            kept &= rows @ self.price <= self.budget
        return rows[kept] | self.fixed

    def values(self, model: str, choices: BoolArray) -> FloatArray:
        """
        Say what the model's objective is for every choice; NaN where a choice is no plan.

        All are NaN where the model has nothing to do: nobody is within the radius, or nobody of a norm within its time.
        """
        no_plan = np.full(len(choices), np.nan)
        able = self.fixed | self.free
        if model == "p_dispersion":
            return np.array([self._dispersed(some) for some in choices])
        of_radius = model in {"mclp", "lscp", "backup_coverage", "backup_share"}
        near = np.where(self.minutes <= (self.radius if of_radius else np.inf), self.minutes, np.inf)
        must = np.isfinite(near[:, able]).any(axis=1) & (self.people > 0.0)
        if not len(choices) or (of_radius and not must.any()):
            return no_plan
        if "capacity" in self.options:
            return self._filled(model, choices, near, must)
        times = np.where(choices[:, None, :], near, np.inf)
        nearest = times.min(axis=2)
        kept = np.ones(len(choices), bool)
        if self.options & {"first", "first_within"}:
            reached = self.minutes <= self.within if "first_within" in self.options else np.isfinite(near)
            if not self.needy[reached[:, able].any(axis=1)].any():
                return no_plan
            first = (reached & choices[:, None, :]).any(axis=2) @ self.needy
            kept = first == first.max(initial=0.0)
        counted = self.people * self.worth
        whole = np.isfinite(nearest[:, must]).all(axis=1)
        covered = np.isfinite(nearest) @ counted
        if model == "mclp":
            return np.where(kept, covered, np.nan)
        if model == "lscp":
            return np.where(whole, self._new_costs(choices), np.nan)
        if model.startswith("backup"):
            share = KEEP_SHARE if model == "backup_share" else 1.0
            # The norm is kept, and then a share of what any choice covers.
            enough = covered >= share * covered[kept].max(initial=0.0) - 1e-9
            return np.where(kept & enough, (np.isfinite(times).sum(axis=2) > 1) @ counted, np.nan)
        counted, nearest = counted[must], np.where(whole[:, None], nearest[:, must], 0.0)
        value = {
            "p_median": lambda: nearest @ counted,
            "p_median_squares": lambda: nearest**2 @ counted,
            "p_center": lambda: nearest.max(axis=1, initial=0.0),
            "p_centdian": lambda: (
                MEAN_SHARE * nearest @ counted / max(counted.sum(), 1e-9)
                + (1.0 - MEAN_SHARE) * nearest.max(axis=1, initial=0.0)
            ),
            "p_kolm_pollak": lambda: self._equal(nearest, counted, kept & whole),
        }[model]()
        return np.where(kept & whole, value, np.nan)

    def _new_costs(self, choices: BoolArray) -> FloatArray:
        return (choices & ~self.fixed) @ (
            self.price if self.options & {"costs", "budget"} else np.ones(len(self.price))
        )

    def _dispersed(self, some: BoolArray) -> float:
        """Find the least time between two open sites of which one is new."""
        either, opened = np.minimum(self.apart, self.apart.T), np.flatnonzero(some)
        pairs = [(i, j) for i, j in itertools.combinations(opened, 2) if not (self.fixed[i] and self.fixed[j])]
        return float(min((either[pair] for pair in pairs), default=np.inf))

    def _equal(self, nearest: FloatArray, counted: FloatArray, kept: BoolArray) -> FloatArray:
        """Say what time for all is as bad as those of each choice, by the aversion that a median plan sets."""
        total, squares = nearest @ counted, nearest**2 @ counted
        if not kept.any() or not counted.any():
            return total
        best = np.flatnonzero(kept & (total <= total[kept].min() + 1e-9))
        # Several medians may be as good; any of them may set it.
        ratio = np.divide(total[best], squares[best], out=np.ones(len(best)), where=squares[best] > 0.0)
        self.kappas = np.unique(np.round(AVERSION * ratio, 12))
        kappa = self.kappas[self.which]
        return np.log(np.exp(kappa * nearest) @ counted / counted.sum()) / kappa

    def _filled(self, model: str, choices: BoolArray, near: FloatArray, must: BoolArray) -> FloatArray:
        """Share people out among sites that fill up, each aim at its best before the next."""
        people, worth = self.people, self.worth
        share = np.divide(self.needy, people, out=np.zeros(len(people)), where=people > 0.0)
        of_norm = share[:, None] * (self.minutes <= (self.within if "first_within" in self.options else np.inf))
        is_norm = bool(self.options & {"first", "first_within"})
        first = [-of_norm] if is_norm else []
        everybody = [-np.ones_like(near)]
        counted = [-np.broadcast_to(worth[:, None], near.shape)]
        if model == "lscp":
            served = -self.shared(choices, near, everybody)[:, 0]
            full = served >= people[must].sum() - 1e-6
            return np.where(full, self._new_costs(choices), np.nan)
        if model == "mclp":
            return -self.shared(choices, near, [*first, *counted])[:, -1]
        if model.startswith("p_median"):
            burden = worth[:, None] * np.where(np.isfinite(near), near, 0.0) ** (2.0 if "squares" in model else 1.0)
            return self.shared(choices, near, [*first, *everybody, burden])[:, -1]
        if model.startswith("backup"):
            kept = np.nanmin(self.shared(choices, near, [*first, *counted]), axis=0)
            kept[-1] *= KEEP_SHARE if model == "backup_share" else 1.0
            return np.array([self._backed(some, near, [*first, *counted], kept) for some in choices])
        goals = [*first, *everybody]
        best = np.nanmin(self.shared(choices, near, goals), axis=0)
        found = np.full(len(choices), np.nan)
        for limit in np.unique(near[np.isfinite(near)])[::-1]:
            within = np.where(near <= limit, near, np.inf)
            mean = [np.where(np.isfinite(within), within, 0.0)]
            rows = self.shared(choices, within, [*goals, *(mean if model == "p_centdian" else [])], best)
            able = ~np.isnan(rows[:, -1])
            blend = MEAN_SHARE * rows[:, -1] / max(-best[-1], 1e-9) + (1.0 - MEAN_SHARE) * limit
            found[able] = np.fmin(found, blend)[able] if model == "p_centdian" else limit
        if best[-1] == 0.0:  # nobody is served, whatever opens
            found[:] = 0.0
        return found

    def shared(
        self, choices: BoolArray, near: FloatArray, costs: Sequence[FloatArray], least: FloatArray | None = None
    ) -> FloatArray:
        """
        Share people out among each choice of sites by several costs of a pair in turn.

        A column each cost; NaN from the cost on by which a choice is worse than the best, or than ``least``.
        """
        found = np.full((len(choices), len(costs)), np.nan)
        for at, some in enumerate(choices):
            i, j = np.nonzero(np.isfinite(near) & some)
            rows = [*(np.equal.outer(np.arange(len(self.people)), i)), *(np.equal.outer(np.arange(len(some)), j))]
            limits = [*self.people, *self.room]
            for k, cost in enumerate(costs):
                if not len(i):
                    found[at, k] = 0.0
                else:
                    each = cost[i, j]
                    found[at, k] = linprog(each, A_ub=np.array(rows, dtype=float), b_ub=limits).fun
                    rows, limits = [*rows, each], [*limits, found[at, k] + 1e-9]
                goal = least[k] if least is not None and k < len(least) else np.nan
                if found[at, k] > goal + 1e-6:
                    found[at, k:] = np.nan
                    break
        if least is None:
            for k in range(len(costs) - 1):
                worse = found[:, k] > np.nanmin(found[:, k]) + 1e-6
                found[worse, k:] = np.nan
        return found

    def _backed(self, some: BoolArray, near: FloatArray, goals: Sequence[FloatArray], kept: FloatArray) -> float:
        """Count most people with a place at a second open site, by who goes where and where then."""
        opened = np.flatnonzero(some).tolist()
        trips = [
            (i, j, then)
            for i in range(len(self.people))
            for j in opened
            for then in (None, *opened)
            if np.isfinite(near[i, j]) and then != j and (then is None or np.isfinite(near[i, then]))
        ]
        if not trips:
            return 0.0 if (kept >= -1e-9).all() else np.nan
        rows = [[float(i == at) for i, _, _ in trips] for at in range(len(self.people))]
        rows += [[float(j == at) + float(then == at) for _, j, then in trips] for at in range(len(self.room))]
        rows += [[goal[i, j] for i, j, _ in trips] for goal in goals]
        second = [goals[-1][i, j] if then is not None else 0.0 for i, j, then in trips]
        found = linprog(second, A_ub=rows, b_ub=[*self.people, *self.room, *(kept + 1e-7)])
        return -float(found.fun) if found.status == 0 else np.nan


def best_of(values: FloatArray, *, is_most: bool) -> float:
    """Find the best of some values; NaN where there is none."""
    if np.isnan(values).all():
        return np.nan
    return float(np.nanmax(values) if is_most else np.nanmin(values))


SERVICES = {"clinic": "patients", "school": "pupils"}


class ServicesTask:
    """A small random task of two services, and what every choice of sizes costs and serves."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        n, m = draw.integers(2, 5), draw.integers(2, 4)
        self.minutes = draw.choice(TIMES, (n, m))
        self.minutes[draw.random((n, m)) < 0.2] = np.inf
        self.minutes[0, 0] = 4.0
        self.radius = {"clinic": float(draw.choice(TIMES[2:])), "school": float(draw.choice(TIMES[2:]))}
        self.people = {name: draw.integers(-9, 40, n).clip(0).astype(float) for name in SERVICES}
        self.people["clinic"][0] = 9.0
        rows = []
        for j in range(m):
            for service in SERVICES:
                kind = draw.integers(0, 3)
                if kind == 0:  # nothing yet
                    rows += [
                        (j, service, "small", float(draw.integers(5, 30)), float(draw.integers(1, 4)), False),
                        (j, service, "large", np.inf, float(draw.integers(4, 9)), False),
                    ]
                elif kind == 1:  # there today: may grow, or be given up
                    rows += [
                        (j, service, "as it is", float(draw.integers(1, 20)), 0.0, True),
                        (j, service, "more", 45.0, float(draw.integers(1, 5)), False),
                        (j, service, "none", 0.0, -float(draw.integers(1, 4)), False),
                    ]
        rows += [(0, service, "tiny", 1.0, 1.0, False) for service in SERVICES]
        self.rows = rows
        stands = {j for j, *_, is_now in rows if is_now}
        self.place_cost = {j: float(draw.integers(0, 4)) for j in sorted({row[0] for row in rows})}
        self.opening = {j: 0.0 if j in stands else cost for j, cost in self.place_cost.items()}
        self.budget = float(draw.integers(5, 14))
        self.known: dict[Any, float] = {}
        i, j = np.nonzero(np.isfinite(self.minutes))
        self.od = pd.DataFrame({"from_id": i, "to_id": j, "travel_time_min": self.minutes[i, j]})
        self.settlements = pd.DataFrame(
            {"settlement_id": range(n), "patients": self.people["clinic"], "pupils": self.people["school"]}
        )
        self.sizes = pd.DataFrame(rows, columns=["facility_id", "service", "size", "capacity", "cost", "is_now"])

    def plans(self) -> list[tuple[float, dict[str, float]]]:
        """List cost and people served by service of every choice that the budget pays for."""
        posts: dict[tuple[int, str], list[Any]] = {}
        for row in self.rows:
            posts.setdefault(row[:2], []).append(row)
        options = [rows if any(row[-1] for row in rows) else [None, *rows] for rows in posts.values()]
        found = []
        for plan in itertools.product(*options):
            chosen = [row for row in plan if row is not None]
            places = {j for j, _, _, room, _, _ in chosen if room > 0.0}
            cost = sum(row[4] for row in chosen) + sum(self.opening[j] for j in places)
            if cost <= self.budget:
                found.append((cost, {name: self.served(name, chosen) for name in SERVICES}))
        return found

    def served(self, service: str, chosen: list[Any]) -> float:
        """Count who is served, as the largest flow."""
        key = (service, *(row for row in chosen if row[1] == service))
        if key not in self.known:
            self.known[key] = self._flow(service, chosen)
        return self.known[key]

    def _flow(self, service: str, chosen: list[Any]) -> float:
        room = {j: min(room, 1e6) for j, name, _, room, _, _ in chosen if name == service and room > 0.0}
        arcs = [(i, j) for i, j in itertools.product(range(len(self.minutes)), room)
                if self.minutes[i, j] <= self.radius[service]]  # fmt: skip
        if not arcs:
            return 0.0
        rows = [[float(i == at) for i, _ in arcs] for at in range(len(self.minutes))]
        rows += [[float(j == at) for _, j in arcs] for at in room]
        return -float(linprog([-1.0] * len(arcs), A_ub=rows, b_ub=[*self.people[service], *room.values()]).fun)

    def asked(self) -> dict[str, Any]:
        """Say in the words of the model what is asked, rows in any order."""
        return {
            "od": self.od.loc[self.od["to_id"].isin(self.sizes["facility_id"])].sample(frac=1, random_state=1),
            "settlements": self.settlements[::-1],
            "sizes": self.sizes.sample(frac=1, random_state=2),
            "demand": SERVICES, "service_radius": self.radius, "budget": self.budget,
            "place_costs": pd.Series(self.place_cost),
        }  # fmt: skip


def room_task(seed: int, *, ties: bool = False, **change: object) -> RoomTask:
    """Five villages, some empty or not asked about, two facilities that stand and two sites."""
    rng = np.random.default_rng(seed)
    homes, sites = rng.integers(0, 20, 5), rng.integers(0, 20, 4) + (0.0 if ties else rng.uniform(0.1, 0.4, 4))
    homes = homes if ties else homes + 1e-3 * np.arange(5)
    od = pd.DataFrame(
        [(f"v{i}", f"s{j}", float(abs(a - b))) for i, a in enumerate(homes) for j, b in enumerate(sites)],
        columns=["from_id", "to_id", "travel_time_min"],
    )
    people = pd.Series(rng.integers(-5, 40, 5).clip(0).astype(float), index=[f"v{i}" for i in range(5)])
    given = {
        "filling": Filling.of(od.loc[od["travel_time_min"] <= 9.0], people, [f"s{j}" for j in range(4)]),
        "asked": rng.random(5) < 0.8,
        "each": 5.0,
        "capacity": np.array([4.0, 3.0, 0.0, 0.0]),
        "is_new": np.array([False, False, True, True]),
        "most_more": np.array([3.0, 2.0, 0.0, 0.0]),
        "opening": np.array([0.0, 0.0, 3.0, 3.0]),
        "saving": np.array([np.nan, 2.0, np.nan, np.nan]),
        "sizes": np.array([2.0, 5.0]),
        "unit_cost": 1.0,
        "count": 2,
        "budget": np.inf,
    }
    return RoomTask(**(given | change))  # type: ignore[arg-type]  # as the fields are


def most_room(task: RoomTask) -> float:
    """Try every choice that number and budget allow and nobody loses by."""
    each = [
        [task.capacity[j], *task.sizes] if task.is_new[j]
        else [*(task.capacity[j] + np.arange(task.most_more[j] + 1)), *([] if np.isnan(task.saving[j]) else [0.0])]
        for j in range(4)
    ]  # fmt: skip
    found = [0.0]
    for units in map(np.array, itertools.product(*each)):
        is_paid = len(task.chosen(units)) <= task.count and task.price(units).sum() <= task.budget + 1e-9
        if is_paid and not task.harms(units, task.left_today):
            found.append(task.gained(units))
    return max(found)
