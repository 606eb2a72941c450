"""Several services under one budget: against every choice of sizes, and faults that are told."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from spatial.errors import ContractError, InfeasibleError
from spatial.planning.services import site_services
from tests.unit.planning.enumeration import SEEDS

DEMAND = {"clinic": "patients", "school": "pupils"}


class Choice:
    """A small random task of two services, and what every choice of sizes costs and serves."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        n, m = draw.integers(2, 5), draw.integers(2, 4)
        self.minutes = draw.integers(1, 30, (n, m)).astype(float)
        self.radius = {"clinic": float(draw.integers(8, 30)), "school": float(draw.integers(8, 30))}
        self.people = {name: draw.integers(0, 40, n).astype(float) for name in DEMAND}
        rows = []
        for j in range(m):
            for service in DEMAND:
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
        rows += [(0, service, "tiny", 1.0, 1.0, False) for service in DEMAND]
        self.rows = rows
        stands = {j for j, *_, is_now in rows if is_now}
        self.place_cost = {j: float(draw.integers(0, 4)) for j in sorted({row[0] for row in rows})}
        self.opening = {j: 0.0 if j in stands else cost for j, cost in self.place_cost.items()}
        self.budget = float(draw.integers(5, 14))
        i, j = np.indices((n, m)).reshape(2, -1)
        self.od = pd.DataFrame({"from_id": i, "to_id": j, "travel_time_min": self.minutes.ravel()})
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
                found.append((cost, {name: self.served(name, chosen) for name in DEMAND}))
        return found

    def served(self, service: str, chosen: list[Any]) -> float:
        """Count who is served, as the largest flow."""
        room = {j: min(room, 1e6) for j, name, _, room, _, _ in chosen if name == service and room > 0.0}
        arcs = [(i, j) for i, j in itertools.product(range(len(self.minutes)), room)
                if self.minutes[i, j] <= self.radius[service]]  # fmt: skip
        if not arcs:
            return 0.0
        rows = [[float(i == at) for i, _ in arcs] for at in range(len(self.minutes))]
        rows += [[float(j == at) for _, j in arcs] for at in room]
        return -float(linprog([-1.0] * len(arcs), A_ub=rows, b_ub=[*self.people[service], *room.values()]).fun)

    def solve(self, **options: Any) -> Any:
        return site_services(
            self.od.loc[self.od["to_id"].isin(self.sizes["facility_id"])].sample(frac=1, random_state=1),
            self.settlements[::-1],
            self.sizes.sample(frac=1, random_state=2),
            demand=DEMAND,
            service_radius=self.radius,
            budget=self.budget,
            place_costs=pd.Series(self.place_cost),
            **options,
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_sizes_are_the_best_of_all_choices(seed: int) -> None:
    choice = Choice(seed)
    every = choice.plans()
    plan = choice.solve(weights={"clinic": 2.0})
    most = max(2.0 * served["clinic"] + served["school"] for _, served in every)
    assert (plan.objective, plan.status) == (pytest.approx(most), "optimal")
    cheapest = min(cost for cost, served in every if 2.0 * served["clinic"] + served["school"] >= most - 1e-6)
    assert plan.cost == pytest.approx(cheapest)
    told = plan.demand[["served_persons", "full_persons", "not_reached_persons"]].sum(axis=1)
    np.testing.assert_allclose(told, plan.demand["demand_persons"])
    ordered = choice.solve(order=["school", "clinic"])
    first = max(served["school"] for _, served in every)
    second = max(served["clinic"] for _, served in every if served["school"] >= first - 1e-6)
    served = ordered.services.set_index("service")["served_persons"]
    assert served.to_dict() == pytest.approx({"clinic": second, "school": first})
    today = [row for row in choice.rows if row[-1]]
    before = plan.services.set_index("service")["before_persons"].to_dict()
    assert before == pytest.approx({name: choice.served(name, today) for name in DEMAND})


def town() -> dict[str, Any]:
    """Two villages five minutes from their own place, ten from the other's; a clinic stands at a."""
    od = pd.DataFrame(
        [("u", "a", 5.0), ("u", "b", 10.0), ("v", "a", 10.0), ("v", "b", 5.0)],
        columns=["from_id", "to_id", "travel_time_min"],
    )
    settlements = pd.DataFrame({"settlement_id": ["u", "v"], "patients": [90.0, 40.0], "pupils": [30.0, 20.0]})
    sizes = pd.DataFrame(
        [
            ("a", "clinic", "today", 50.0, 0.0, True), ("a", "clinic", "enlarged", 130.0, 4.0, False),
            ("a", "clinic", "closed", 0.0, -2.0, False), ("b", "clinic", "new", 130.0, 5.0, False),
            ("a", "school", "new", 60.0, 3.0, False), ("b", "school", "new", 60.0, 3.0, False),
        ],
        columns=["facility_id", "service", "size", "capacity", "cost", "is_now"],
    )  # fmt: skip
    return {"od": od, "settlements": settlements, "sizes": sizes, "demand": DEMAND, "service_radius": 10, "budget": 7}


def test_services_share_the_place_that_stands_already() -> None:
    # To open b costs 9 once. Enlarging a (4) and a school there (3) serve everybody.
    plan = site_services(**town(), place_costs=pd.Series({"a": 9.0, "b": 9.0}))
    told = plan.actions[["facility_id", "service", "size_before", "size"]].fillna("nothing")
    assert told.to_numpy().tolist() == [["a", "clinic", "today", "enlarged"], ["a", "school", "nothing", "new"]]
    assert (plan.objective, plan.cost, plan.services["before_persons"].tolist()) == (180.0, 7.0, [50.0, 0.0])


def test_closing_pays_for_what_is_built_elsewhere() -> None:
    # With 4 of money: closing a saves 2, and a larger clinic at b for 5 serves all patients; no school is left to pay.
    sizes = town()["sizes"]
    asked = town() | {"budget": 3, "sizes": sizes.loc[sizes["size"] != "enlarged"]}
    plan = site_services(**asked, order=["clinic", "school"])
    assert plan.actions["size"].tolist() == ["closed", "new"]
    assert plan.services["served_persons"].tolist() == [130.0, 0.0]
    assert plan.cost == 3.0


def test_a_place_that_opens_is_paid_for_once() -> None:
    sizes = town()["sizes"]
    at_b = {name: frame.loc[frame[column] == "b"] for name, column, frame in (
        ("sizes", "facility_id", sizes), ("od", "to_id", town()["od"])
    )}  # fmt: skip
    asked = town() | at_b | {"budget": 12, "service_radius": 5}
    plan = site_services(**asked, place_costs=pd.Series({"b": 4.0}))
    assert plan.actions["place_cost"].tolist() == [4.0, 0.0]
    assert plan.cost == 12.0
    assert plan.demand["not_reached_persons"].tolist() == [90.0, 0.0, 30.0, 0.0]


def test_a_budget_below_the_cheapest_change_says_what_that_is() -> None:
    sizes = town()["sizes"]
    asked = town() | {"budget": 0.5, "sizes": sizes.loc[sizes["size"] != "closed"]}
    with pytest.raises(InfeasibleError, match="pays for no change") as raised:
        site_services(**asked)
    assert raised.value.bound == 3.0


def test_nobody_within_the_radius_is_no_plan() -> None:
    with pytest.raises(InfeasibleError, match="nobody is within"):
        site_services(**(town() | {"service_radius": 4}))


@pytest.mark.parametrize(
    ("column", "row", "value", "told"),
    [
        ("cost", 1, np.nan, "cost: NaN or infinite"),
        ("cost", 1, -1.0, "negative for what is no smaller than today"),
        ("cost", 3, -1.0, "negative for what is no smaller than today"),
        ("cost", 0, 1.0, "not 0 for what is there now"),
        ("capacity", 1, np.nan, "capacity: NaN"),
        ("capacity", 1, -5.0, "capacity: negative"),
        ("service", 5, "cinema", "no people in demand"),
        ("size", 1, "today", "not unique"),
        ("is_now", 1, True, "is_now: more than one"),
    ],
)
def test_sizes_that_cannot_be_are_refused(column: str, row: int, value: object, told: str) -> None:
    asked = town()
    asked["sizes"].loc[row, column] = value
    with pytest.raises(ContractError, match=told):
        site_services(**asked)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"budget": np.nan}, "budget: must be 0 or more"),
        ({"service_radius": {"clinic": 5}}, "service_radius: must be 0 or more for 'school'"),
        ({"weights": {"cinema": 1.0}}, "no such service"),
        ({"weights": {"clinic": -1.0}}, "must be 0 or more"),
        ({"order": ["clinic"]}, "must name each service once"),
        ({"order": ["clinic", "school"], "weights": {"clinic": 1.0}}, "either an order or weights"),
        ({"time_limit_s": -1}, "time_limit_s"),
        ({"demand": {}}, "names no service"),
        ({"demand": {"clinic": "patients"}}, "no people in demand"),
        ({"demand": DEMAND | {"cinema": "pupils"}}, "no size of 'cinema'"),
        ({"demand": DEMAND | {"clinic": "dogs"}}, "dogs: no such column"),
        ({"place_costs": pd.Series({"a": -1.0})}, "place_costs: cost: negative|cost: negative"),
        ({"place_costs": pd.Series({"z": 1.0})}, "must be facility_id of sizes"),
    ],
)
def test_questions_that_cannot_be_are_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ContractError, match=told):
        site_services(**(town() | change))


def test_settlements_of_unknown_people_are_nobody_and_are_told() -> None:
    asked = town()
    asked["settlements"].loc[1, "pupils"] = np.nan
    plan = site_services(**asked)
    of_v = plan.demand.set_index(["settlement_id", "service"]).loc[("v", "school")]
    assert of_v.isna().all()
    assert plan.services["demand_persons"].tolist() == [130.0, 30.0]


def test_settlements_that_are_there_twice_and_unknown_options_are_refused() -> None:
    asked = town()
    with pytest.raises(ContractError, match="not unique"):
        site_services(**(asked | {"settlements": pd.concat([asked["settlements"]] * 2)}))
    with pytest.raises(TypeError, match="no such option: 'colour'"):
        site_services(**asked, colour="red")
