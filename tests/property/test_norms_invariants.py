"""Whatever the county, some things about norms hold."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from spatial.norms.evaluation import evaluate_norms
from spatial.norms.law import NormRules, load_register
from spatial.norms.measuring import NormEvidence
from spatial.reporting.summary import rank_gaps
from spatial.tables import TABLES
from tests.effort import tried

AS_OF = dt.date(2025, 6, 30)
SERVICES = ("primary_care", "post_office", "emergency_hospital")
MODES = ("drive", "walk")
JURISDICTIONS = ("CN-51", "GB-ENG", "IN")
REGISTER = load_register().query(
    "service in ['primary_care', 'post_office', 'emergency_hospital', 'village_clinic', 'township_health_centre']"
)
ORDER = {"not_met": 0, "not_measurable": 1, "met": 2}
MINUTES = st.one_of(st.just(math.nan), st.just(math.inf), st.floats(0.0, 250.0))


@dataclass(frozen=True)
class Word:
    id: str
    proxy: bool = False


class Words:
    def for_register(self, name):
        return Word(name) if name in {*SERVICES, "village_clinic", "township_health_centre"} else None

    def satisfying(self, service):
        return frozenset({service})


@st.composite
def counties(draw):
    count = draw(st.integers(1, 7))
    persons = draw(st.lists(st.one_of(st.just(math.nan), st.floats(0.0, 1e4)), min_size=count, max_size=count))
    classes = draw(st.lists(st.sampled_from(["urban", "rural", None]), min_size=count, max_size=count))
    units = draw(st.lists(st.sampled_from(["t1", "t2", None]), min_size=count, max_size=count))
    times = {
        (service, mode): draw(st.lists(MINUTES, min_size=count, max_size=count))
        for service in SERVICES
        for mode in MODES
    }
    inventory = {
        name: draw(st.sampled_from(["complete", "partial", "unknown"])) for name in (*SERVICES, "village_clinic")
    }
    settlements = gpd.GeoDataFrame(
        {
            "settlement_id": [f"s{number}" for number in range(count)],
            "name": pd.Series([None] * count, dtype="str"),
            "tier": "village",
            "official_class": pd.Series(classes, dtype="str"),
            "in_study": draw(st.lists(st.booleans(), min_size=count, max_size=count)),
            "population_persons": np.array(persons, dtype=float),
            "population_source": "column",
            "township_id": pd.Series(units, dtype="str"),
        },
        geometry=gpd.points_from_xy(np.arange(count) * 1000.0, np.zeros(count)),
        crs="EPSG:32738",
    )
    return settlements, times, inventory


def access_of(settlements, times):
    parts = []
    for (service, mode), minutes in times.items():
        values = np.array(minutes, dtype=float)
        known = np.isfinite(values)
        reached = np.where(known, values, np.nan)
        parts.append(
            pd.DataFrame(
                {
                    "settlement_id": settlements["settlement_id"],
                    "service": service,
                    "mode": mode,
                    "travel_time_min": reached,
                    "network_distance_m": reached * 80.0,
                    "straight_distance_m": np.where(np.isinf(values), 20_000.0, values * 60.0),
                    "reach_status": np.where(known, "reached", np.where(np.isnan(values), "unknown", "no_path")),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def clinics(xs):
    return gpd.GeoDataFrame(
        {
            "facility_id": [f"f{number}" for number in range(len(xs))],
            "service": "village_clinic",
            "status": "existing",
            "in_study": True,
            "township_id": pd.Series([None] * len(xs), dtype="str"),
        },
        geometry=gpd.points_from_xy(xs, np.zeros(len(xs))),
        crs="EPSG:32738",
    )


def judge(county, *, facilities=None):
    settlements, times, inventory = county
    return evaluate_norms(
        REGISTER,
        settlements,
        access_of(settlements, times),
        as_of=AS_OF,
        rules=NormRules(jurisdictions=JURISDICTIONS),
        evidence=NormEvidence(
            vocabulary=Words(), inventory=inventory, facilities=clinics([0.0]) if facilities is None else facilities
        ),
    )


@tried(25)
@given(counties())
def test_served_unserved_and_unknown_people_make_up_those_in_scope(county):
    result = judge(county)
    TABLES["norm_results"].check(result)
    for what in ("persons", "places"):
        parts = result[[f"{what}_{side}" for side in ("served", "unserved", "unknown")]]
        np.testing.assert_allclose(parts.sum(axis=1, min_count=3), result[f"{what}_in_scope"], rtol=1e-9, atol=1e-9)
    for column in ("served_share_lower", "served_share_upper", "attainment", "depth_fgt1"):
        known = result[column].dropna()
        assert known.between(0.0, 1.0 + 1e-12).all()
    lower, upper = result["served_share_lower"], result["served_share_upper"]
    assert ((lower <= upper + 1e-9) | lower.isna()).all()


@tried(25)
@given(counties(), st.data())
def test_a_nearer_facility_never_turns_met_into_not_met(county, data):
    settlements, times, inventory = county
    better = {
        key: [min(old, data.draw(st.floats(0.0, 250.0))) if not math.isnan(old) else old for old in minutes]
        for key, minutes in times.items()
    }
    before, after = judge(county), judge((settlements, better, inventory))
    keys = ["unit_level", "unit_id", "norm_id"]
    for column in ("status", "status_as_mapped"):
        joined = before[[*keys, column]].merge(after[[*keys, column]], on=keys, validate="1:1")
        assert len(joined) == len(before)
        judged = joined[joined[f"{column}_x"] != "not_applicable"]
        assert (judged[f"{column}_y"].map(ORDER) >= judged[f"{column}_x"].map(ORDER)).all()


@tried(15)
@given(counties(), st.lists(st.floats(-3000.0, 9000.0), max_size=4), st.floats(-3000.0, 9000.0))
def test_one_more_clinic_never_takes_presence_away(county, xs, extra):
    before, after = judge(county, facilities=clinics(xs)), judge(county, facilities=clinics([*xs, extra]))
    for column in ("status", "status_as_mapped"):
        judged = before[column] != "not_applicable"
        assert (after.loc[judged, column].map(ORDER) >= before.loc[judged, column].map(ORDER)).all()


@tried(15)
@given(counties(), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(county, random):
    settlements, times, inventory = county
    access = access_of(settlements, times)
    shuffled = [frame.iloc[random.sample(range(len(frame)), len(frame))] for frame in (REGISTER, settlements, access)]
    rules = NormRules(jurisdictions=JURISDICTIONS)
    evidence = NormEvidence(vocabulary=Words(), inventory=inventory)
    first = evaluate_norms(REGISTER, settlements, access, as_of=AS_OF, rules=rules, evidence=evidence)
    second = evaluate_norms(*shuffled, as_of=AS_OF, rules=rules, evidence=evidence)
    # Sums of floats may differ in the last digit only where their order does, and it does not: rows are sorted first.
    pd.testing.assert_frame_equal(first, second)
    gaps = [rank_gaps(first, settlements, access, REGISTER), rank_gaps(second, shuffled[1], shuffled[2], shuffled[0])]
    TABLES["gaps"].check(gaps[0])
    pd.testing.assert_frame_equal(pd.DataFrame(gaps[0]), pd.DataFrame(gaps[1]))


@tried(25)
@given(counties(), st.data())
def test_a_decision_stands_whoever_lives_where_nobody_counted(county, data):
    settlements, times, inventory = county
    settlements = settlements.assign(in_study=True, official_class="rural")
    persons = settlements["population_persons"]
    most = persons.max()
    shares = st.lists(st.floats(0.0, 1.0), min_size=len(persons), max_size=len(persons))
    told = persons.where(persons.notna(), np.array(data.draw(shares)) * (0.0 if math.isnan(most) else most))
    before, after = (
        judge((settlements.assign(population_persons=people), times, inventory)) for people in (persons, told)
    )
    people = (before["share_of"] == "persons") & (after["share_of"] == "persons")
    rows = people & (before["unit_level"] == "study")
    for column in ("status", "status_as_mapped"):
        decided = rows & before[column].isin(["met", "not_met"])
        assert (before.loc[decided, column] == after.loc[decided, column]).all()
    assert (after.loc[rows, "served_share_lower"] >= before.loc[rows, "served_share_lower"] - 1e-9).all()
    assert (after.loc[rows, "served_share_upper"] <= before.loc[rows, "served_share_upper"] + 1e-9).all()


@tried(15)
@given(counties())
def test_an_incomplete_inventory_fails_nobody(county):
    settlements, times, _ = county
    result = judge((settlements, times, {}))
    assert not (result["status"] == "not_met").any()
    assert not (result["gate"] == "fail").any()
