"""Several services under one budget: against every choice of sizes, and faults that are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ContractError, InfeasibleError
from spatial.planning.services import site_services
from tests.unit.planning.enumeration import SERVICES


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
    return {"od": od, "settlements": settlements, "sizes": sizes, "demand": SERVICES, "service_radius": 10, "budget": 7}


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
        ("cost", 1, np.nan, "cost: NaN, infinite or above"),
        ("cost", 1, 1e300, "cost: NaN, infinite or above"),
        ("cost", 1, -1.0, "negative for what is no smaller than today"),
        ("cost", 3, -1.0, "negative for what is no smaller than today"),
        ("cost", 0, 1.0, "not 0 for what is there now"),
        ("capacity", 1, np.nan, "capacity: NaN"),
        ("capacity", 1, -5.0, "capacity: negative"),
        ("service", 5, "cinema", "no people in demand"),
        ("size", 1, "today", "not unique"),
        ("size", 1, None, "facility_id, service or size: missing"),
        ("facility_id", 1, None, "facility_id, service or size: missing"),
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
        ({"demand": SERVICES | {"cinema": "pupils"}}, "no size of 'cinema'"),
        ({"demand": SERVICES | {"clinic": "dogs"}}, "dogs: no such column"),
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
    with pytest.raises(ContractError, match="settlement_id: missing in 1 rows"):
        site_services(**(asked | {"settlements": asked["settlements"].replace({"settlement_id": {"v": None}})}))
    with pytest.raises(TypeError, match="no such option: 'colour'"):
        site_services(**asked, colour="red")
