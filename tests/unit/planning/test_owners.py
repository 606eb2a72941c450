"""What borders between owners cost in people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ContractError, InfeasibleError
from spatial.planning.equity import plans_by_owner
from spatial.planning.siting import lscp, mclp, p_median

# Six places on a line, each a candidate; every other one is the state's, one nobody's that is known.
X = {"a": 0.0, "b": 2.0, "c": 4.0, "d": 10.0, "e": 12.0, "f": 20.0}
PEOPLE = pd.DataFrame({"settlement_id": list(X), "population_persons": [100.0, 200.0, 100.0, 300.0, 100.0, 50.0]})
OD = pd.DataFrame([(a, b, abs(X[a] - X[b])) for a in X for b in X], columns=["from_id", "to_id", "travel_time_min"])
SITES = pd.DataFrame({"facility_id": list(X), "tenure": ["state", "collective", "state", "collective", "state", None]})


def test_a_border_costs_those_who_are_served_together_and_not_alone() -> None:
    # Within 2 min: b serves a, b and c (400), d and e serve each other (400). The state's best two are a or c (300)
    # and e (400); the collective has b and d, which no pair beats.
    found = plans_by_owner(mclp, OD, PEOPLE, SITES, n_facilities=2, service_radius=2)
    told = found.table[["owner", "candidates", "new_sites", "served_persons", "border_persons"]]
    assert told.values.tolist()[:2] == [
        ["collective", 2, 2, 800.0, 0.0], ["state", 3, 2, 700.0, 100.0],
    ]  # fmt: skip
    last = found.table.iloc[-1]
    assert last[["candidates", "served_persons", "border_persons", "status"]].tolist() == [6, 800.0, 0.0, "optimal"]
    assert last["owner"] is None or pd.isna(last["owner"])
    assert found.plans["state"].sites["facility_id"].isin(["a", "c", "e"]).all()


def test_an_owner_of_fewer_sites_plans_with_those_that_it_has() -> None:
    found = plans_by_owner(mclp, OD, PEOPLE, SITES, n_facilities=3, service_radius=2).table.set_index("owner")
    assert found.loc["collective", ["new_sites", "served_persons"]].tolist() == [2, 800.0]
    assert found.loc["collective", "border_persons"] == 50.0


def test_what_exists_serves_in_every_plan_whoever_owns_it() -> None:
    sites = SITES.assign(status=["candidate"] * 3 + ["existing"] + ["candidate"] * 2)
    found = plans_by_owner(mclp, OD, PEOPLE, sites, n_facilities=1, service_radius=2)
    # d serves 400 anyway; the collective's b adds 400, the state's best adds 300.
    assert found.table["served_persons"].tolist() == [800.0, 700.0, 800.0]
    assert found.table["candidates"].tolist() == [1, 3, 5]
    assert all("d" in plan.sites["facility_id"].tolist() for plan in found.plans.values())


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable"])
def test_sites_of_unknown_owners_and_states_in_nullable_kinds_are_the_same(backend) -> None:
    sites = SITES.assign(status=["candidate"] * 3 + ["existing"] + ["candidate"] * 2)
    told = plans_by_owner(mclp, OD, PEOPLE, sites, n_facilities=1, service_radius=2).table
    nullable = sites.convert_dtypes(dtype_backend=backend)
    found = plans_by_owner(mclp, OD, PEOPLE, nullable, n_facilities=1, service_radius=2).table
    pd.testing.assert_frame_equal(found, told)


def test_an_owner_who_can_make_no_plan_is_listed_with_the_reason() -> None:
    od = OD.loc[~((OD["to_id"].isin(["b", "d"])) & (OD["travel_time_min"] <= 2))]
    found = plans_by_owner(mclp, od, PEOPLE, SITES, n_facilities=1, service_radius=2)
    row = found.table.set_index("owner").loc["collective"]
    assert row["status"] == "infeasible"
    assert row["why"].startswith("service_radius: nobody is within 2")
    assert np.isnan(row["served_persons"])
    assert list(found.plans) == ["state"]


@pytest.mark.parametrize(("model", "options"), [(p_median, {"n_facilities": 2}), (lscp, {"service_radius": 2})])
def test_other_models_are_compared_alike(model, options) -> None:
    found = plans_by_owner(model, OD, PEOPLE, SITES, **options)
    assert len(found.table) == 3
    assert found.table["border_persons"].iloc[-1] == 0.0
    assert found.together.model == model.__name__


def test_a_border_never_costs_less_than_nobody() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        sites = SITES.assign(tenure=rng.choice(["state", "collective", "private"], len(SITES)))
        people = PEOPLE.assign(population_persons=rng.integers(0, 9, len(PEOPLE)).astype(float) + 1.0)
        found = plans_by_owner(mclp, OD, people, sites, n_facilities=2, service_radius=4)
        assert (found.table["border_persons"].dropna() >= 0.0).all()


def test_candidates_without_owners_and_plans_of_nobody_are_refused() -> None:
    with pytest.raises(ContractError, match="owner"):
        plans_by_owner(mclp, OD, PEOPLE, SITES, owner="owner", n_facilities=1, service_radius=2)
    with pytest.raises(ContractError, match="tenure: no candidate has one"):
        plans_by_owner(mclp, OD, PEOPLE, SITES.assign(tenure=None), n_facilities=1, service_radius=2)
    with pytest.raises(InfeasibleError):
        plans_by_owner(mclp, OD, PEOPLE, SITES, n_facilities=7, service_radius=2)


def test_ids_that_are_numbers_in_one_table_alone_are_sites_of_their_owner() -> None:
    at = {name: str(number) for number, name in enumerate(X)}
    told = plans_by_owner(mclp, OD, PEOPLE, SITES, n_facilities=2, service_radius=2).table
    texts = SITES.assign(facility_id=SITES["facility_id"].map(at))
    od = OD.assign(to_id=OD["to_id"].map(at).astype("int64"))
    pd.testing.assert_frame_equal(plans_by_owner(mclp, od, PEOPLE, texts, n_facilities=2, service_radius=2).table, told)


def test_a_closed_site_is_none_that_its_owner_may_open() -> None:
    # Of the collective's b and d only b may open, which serves a, b and c.
    sites = SITES.assign(status=["candidate"] * 3 + ["closed"] + ["candidate"] * 2)
    found = plans_by_owner(mclp, OD, PEOPLE, sites, n_facilities=2, service_radius=2).table.set_index("owner")
    columns = ["candidates", "new_sites", "served_persons", "status"]
    assert found.loc["collective", columns].tolist() == [1, 1, 400.0, "optimal"]
    assert found["candidates"].tolist()[-1] == 5
    again = plans_by_owner(mclp, OD, PEOPLE, sites, n_facilities=2, service_radius=2, reopen=True).table
    assert again["candidates"].tolist() == [2, 3, 6]
