"""Whatever the two runs: changes add up, go back the same way, and nobody is lost from the count."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatial.score.comparison import compare, decompose
from spatial.study.score import ScoreRules
from spatial.tables import TABLES
from tests.effort import tried
from tests.unit.runs_to_compare import run_of

pytestmark = pytest.mark.slow

KEY = ["unit_level", "unit_id"]
PILLARS = ("structure", "elements", "boundaries", "order")
PARTS = [f"contribution_{pillar}" for pillar in PILLARS]
RULES = ScoreRules(draws=5)
MINUTES = st.one_of(st.floats(0.0, 90.0), st.just(math.inf), st.just(math.nan))
GATES = st.dictionaries(
    st.sampled_from([("study", "study"), ("township", "t1"), ("township", "t2")]),
    st.sampled_from(["pass", "fail", "unknown"]),
)


@st.composite
def runs(draw, name):
    """Make a run of some of seven places, two of which are always there, each with other people and times."""
    ids = ["a", "b", *draw(st.lists(st.sampled_from("cdefg"), unique=True))]
    places = {
        place: (
            draw(st.sampled_from(["t1", "t2", "t3"])),
            draw(st.sampled_from(["urban", "rural"])),
            draw(st.one_of(st.integers(0, 500).map(float), st.just(math.nan))),
        )
        for place in ids
    }
    places["a"] = (places["a"][0], places["a"][1], 100.0)
    minutes = {place: (draw(MINUTES), draw(MINUTES)) for place in ids}
    minutes["a"] = (10.0, draw(st.floats(0.0, 90.0)))
    seasonal = frozenset(draw(st.sets(st.sampled_from(ids))))
    return run_of(name, minutes, places=places, gates=draw(GATES), seasonal=seasonal, rules=RULES)


@tried(12)
@given(runs("before"), runs("after"))
def test_changes_add_up_and_go_back_the_same_way(before, after):
    there, back = compare(before, after), compare(after, before)
    for name, table in there.tables.items():
        TABLES[name].check(table)
    units = there.units.set_index(KEY)
    told = units[units["ln_change"].notna()]
    assert np.allclose(told[PARTS].sum(axis=1), told["ln_change"], atol=1e-9)
    sums = there.components.groupby([*KEY, "pillar"])["contribution"].sum(min_count=1)
    for pillar in PILLARS:
        own = told[f"contribution_{pillar}"].dropna()
        assert np.allclose([sums[(*unit, pillar)] for unit in own.index], own, atol=1e-9)
    other = back.units.set_index(KEY).loc[units.index]
    numbers = ["level_change", "ln_change", *PARTS]
    assert np.array_equal(units[numbers].to_numpy(), -other[numbers].to_numpy(), equal_nan=True)
    _people(there, before, after)


def _people(comparison, before, after):
    whole = comparison.people[comparison.people["norm_id"] == "any"]
    for date, run in (("before", before), ("after", after)):
        study = whole[whole["unit_level"] == "study"]
        townships = whole[whole["unit_level"] == "township"]
        assert np.isclose(study[f"persons_{date}"].sum(), np.nansum(run.places["population_persons"]))
        assert study[f"places_{date}"].sum() == townships[f"places_{date}"].sum() == len(run.places)
        for norm in set(comparison.people["norm_id"]) - {"any"}:
            rows = comparison.people[
                (comparison.people["norm_id"] == norm) & (comparison.people["unit_level"] == "study")
            ]
            asked = run.norm_results[
                (run.norm_results["norm_id"] == norm) & (run.norm_results["unit_level"] == "settlement")
            ]
            assert np.isclose(rows[f"persons_{date}"].sum(), np.nansum(asked["persons_in_scope"]))
            assert rows[f"places_{date}"].sum() == asked["places_in_scope"].sum()


@tried(6)
@given(runs("one"), st.randoms(use_true_random=False))
def test_a_run_against_itself_in_any_order_changes_nothing(one, random):
    order = list(range(len(one.norm_results)))
    random.shuffle(order)
    places = list(range(len(one.settlements)))
    random.shuffle(places)
    again = replace(
        one,
        name="again",
        norm_results=one.norm_results.iloc[order].reset_index(drop=True),
        settlements=one.settlements.iloc[places].reset_index(drop=True),
    )
    same = compare(one, again)
    assert np.allclose(same.units[["level_change", "ln_change", *PARTS]].fillna(0.0), 0.0, atol=1e-12)
    assert not set(same.people["change"]) & {"gained", "lost", "mixed", "new", "gone"}
    assert (same.gates["turn"] == "same").all()
    exact = compare(one, replace(one, name="again"))
    assert (exact.units[["level_change", "ln_change", *PARTS]].fillna(0.0) == 0.0).all(axis=None)


@tried(100)
@given(st.data())
def test_any_two_profiles_are_taken_apart_exactly(data):
    names = [(pillar, part) for pillar in PILLARS for part in ("one", "two", "three")]
    values = st.one_of(st.just(math.nan), st.floats(0.0, 1.0))
    tables = [
        pd.DataFrame(
            [
                {
                    "unit_level": "study",
                    "unit_id": "study",
                    "side": "level",
                    "pillar": pillar,
                    "component": part,
                    "value": data.draw(values),
                }
                for pillar, part in names
            ]
        )
        for _ in range(2)
    ]
    weights = {pillar: data.draw(st.floats(0.1, 5.0)) for pillar in PILLARS}
    units, parts = decompose(*tables, weights)
    found = units.iloc[0]
    both = tables[0]["value"].notna() & tables[1]["value"].notna()
    if not both.any():
        assert np.isnan(found["ln_change"])
        return
    logs = [np.log(np.maximum(table["value"], 0.01)).where(both) for table in tables]
    means = [log.groupby(tables[0]["pillar"]).mean().dropna() for log in logs]
    w = pd.Series(weights).loc[means[0].index]
    levels = [float(np.exp((mean * w).sum() / w.sum())) for mean in means]
    assert np.isclose(found["level_before"], levels[0], atol=1e-12)
    assert np.isclose(found["level_after"], levels[1], atol=1e-12)
    assert np.isclose(parts["contribution"].sum(), np.log(levels[1] / levels[0]), atol=1e-9)
