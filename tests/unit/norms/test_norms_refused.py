"""Registers, settlements and access that cannot be judged: refused with what, where, how many and the remedy."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest

from spatial.errors import ContractError
from spatial.norms.evaluation import evaluate_norms
from spatial.norms.law import applicable_norms, load_register

AS_OF = dt.date(2026, 6, 30)
REGISTER = load_register()


def settlements(ids=("a", "b", "c")):
    points = gpd.points_from_xy([1000.0 * number for number in range(len(ids))], [0.0] * len(ids))
    columns = {"settlement_id": list(ids), "population_persons": [10.0] * len(ids)}
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:32738")


def access(ids=("a", "b", "c")):
    columns = {"settlement_id": list(ids), "service": "clinic", "mode": "walk", "reach_status": "reached"}
    return pd.DataFrame({**columns, "travel_time_min": 10.0, "network_distance_m": 800.0})


def judge(*, places=None, ways=None, register=REGISTER, as_of=AS_OF):
    places = settlements() if places is None else places
    return evaluate_norms(register, places, access() if ways is None else ways, as_of=as_of)


def changed(**values):
    return REGISTER.assign(**{name: REGISTER[name].astype(object) for name in values}).assign(
        **{name: [value, *REGISTER[name].iloc[1:]] for name, value in values.items()}
    )


def test_what_is_whole_is_judged():
    assert len(judge()) > 0


@pytest.mark.parametrize("as_of", [pd.NaT, None, "2026-06-30", 2026])
def test_a_date_that_is_none_is_refused(as_of):
    for call in (lambda: judge(as_of=as_of), lambda: applicable_norms(REGISTER, as_of=as_of)):
        with pytest.raises(ContractError, match=r"as_of: .* is no date; give datetime.date"):
            call()


def test_the_last_day_of_a_norm_is_valid_at_any_time_of_day():
    own = REGISTER.assign(valid_from=None, valid_to="2026-06-30", supersedes=None)
    for as_of in (AS_OF, dt.datetime(2026, 6, 30, 12, 0), pd.Timestamp("2026-06-30 12:00")):  # noqa: DTZ001
        assert set(applicable_norms(own, as_of=as_of)["in_force"]) == {"in_force"}


def test_settlements_that_access_does_not_name_are_refused_with_their_number():
    with pytest.raises(ContractError, match=r"no row of 3 of 3 settlements 'a', 'b', 'c' \(3 in all\); compute"):
        judge(ways=access(("x", "y", "z")))
    with pytest.raises(ContractError, match=r"no row of 1 of 3 settlements 'b' \(1 in all\)"):
        judge(ways=access(("a", "c", "x")))


def test_rows_of_further_places_and_an_empty_access_table_are_judged():
    pd.testing.assert_frame_equal(judge(), judge(ways=access(("x", "c", "b", "a"))))
    assert set(judge(ways=access(()))["status"]) <= {"not_measurable", "not_applicable"}


def test_settlements_outside_the_study_need_no_access():
    places = settlements().assign(in_study=[True, True, False])
    assert judge(places=places, ways=access(("a", "b")))["unit_id"].isin(["a", "b", "study"]).all()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ways": access(("a", "b", "c", "b"))}, r"mode: more than one row of 'b/clinic/walk' \(1 in all\); keep"),
        ({"places": settlements(("a", "b", "b"))}, r"settlement_id: more than once: 'b' \(1 in all\)"),
        ({"places": settlements(("a", None, "c"))}, r"settlement_id: missing in 1 row\(s\) 1 \(1 in all\)"),
        ({"places": settlements().assign(population_persons="many")}, "population_persons: .*no numbers: 'many'"),
        ({"ways": [1]}, "table access(?s:.)*is a list; give a DataFrame"),
        ({"places": 5}, "table settlements(?s:.)*is a int; give a DataFrame"),
        ({"ways": access().assign(travel_time_min="ten")}, "travel_time_min: .*no numbers: 'ten'"),
    ],
)
def test_tables_with_faulty_rows_are_refused(given, words):
    with pytest.raises(ContractError, match=words):
        judge(**given)


FIRST = REGISTER["norm_id"].iloc[0]


@pytest.mark.parametrize(
    ("register", "words"),
    [
        ("norms.csv", "is a str; give a DataFrame; see load_register"),
        (REGISTER.iloc[:0], "no norm in it"),
        (REGISTER.drop(columns=["threshold", "scope"]), r"(?s)threshold: the column is missing.*scope: the column"),
        (pd.concat([REGISTER, REGISTER.iloc[:2]]), r"id: used more than once: .* \(2 in all\)"),
        (changed(norm_id=None), r"norm_id: missing in row\(s\) 1"),
        (changed(target_share=5.0), f"norm '{FIRST}', target_share: 5 is not a share above 0 and at most 1"),
        (changed(target_share=float("nan")), f"norm '{FIRST}', target_share: blank"),
        (changed(threshold="abc"), "threshold: .*no numbers: 'abc'"),
        (changed(threshold="30"), "threshold: .*no numbers: '30'"),
        (changed(threshold=-1.0), f"norm '{FIRST}', threshold: -1 is not above 0"),
        (changed(threshold=float("inf")), f"norm '{FIRST}', threshold: 'inf' is not a number"),
        (changed(unit="km"), "unit: dist_m is measured in m, found 'km'; convert the threshold"),
        (
            changed(direction="presence", fail_point=float("nan")),
            "direction: dist_m needs max or min, found 'presence'",
        ),
        (changed(fail_point=2000.0), "fail_point: 2000 must be above the threshold 2000"),
        (changed(direction="min", fail_point=2000.0), "fail_point: 2000 must be below the threshold 2000"),
        (changed(norm_class="must"), f"norm '{FIRST}', norm_class: 'must' is not one of mandatory"),
        (changed(valid_to="soon"), f"norm '{FIRST}', valid_to: 'soon' is not a date"),
        (changed(valid_from="20260101"), f"norm '{FIRST}', valid_from: '20260101' is not a date"),
        (changed(valid_to=dt.date(2020, 1, 1)), r"valid_to: no text in 1 row\(s\) '2020-01-01'"),
    ],
)
def test_registers_with_faulty_rows_are_refused(register, words):
    with pytest.raises(ContractError, match=words):
        judge(register=register)


def test_every_fault_of_a_register_is_named_at_once():
    with pytest.raises(ContractError) as raised:
        judge(register=changed(target_share=5.0, norm_class="must"))
    assert len(raised.value.problems) == 2


def test_some_rows_of_a_register_are_a_register():
    part = REGISTER.loc[REGISTER["jurisdiction"] == "GLOBAL"].iloc[:1]
    assert judge(register=part)["norm_id"].unique().tolist() == part["norm_id"].tolist()
