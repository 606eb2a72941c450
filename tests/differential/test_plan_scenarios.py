"""
A plan told and a plan run: laid on the county as a scenario, each plan gives the values and people that it told.

`make test` runs a plan of links to the county's seat; `make trials` those that the county's norms ask for.
"""

import tomllib
from pathlib import Path

import numpy as np
import pytest

import spatial as sp

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("what_it_rests_on")]

EXAMPLES = Path(__file__).parents[2] / "examples"


LINKS = [{"name": "seat", "norm": "CN-COUNTY-60"}]


@pytest.mark.parametrize(
    ("plans", "kinds"),
    [
        pytest.param(LINKS, {"links"}, id="links"),
        pytest.param([], {"sites", "unit_sites", "roads"}, id="others", marks=pytest.mark.trial),
    ],
)
def test_a_plan_that_is_run_gives_what_it_told(tmp_path, sample_run, go_on_from, plans, kinds):
    where = {"processed": tmp_path / "processed", "maps": tmp_path / "maps"}
    go_on_from(sample_run, tmp_path)
    values = tomllib.loads((EXAMPLES / "sample.toml").read_text())
    study = sp.Study.from_dict({**values, "plans": plans}, raw=sample_run / "raw")
    today = sp.run(study, until="plan", **where)
    drawn = today.plans.loc[today.plans["actions"] > 0]
    assert set(drawn["question"]) == kinds
    for plan in drawn.to_dict("records"):
        run = sp.run(study, scenario=f"plan:{plan['plan_id']}", until="norms", **where)
        people = today.plan_people.query("plan_id == @plan['plan_id']")
        judged = run.norm_results.query("norm_id == @plan['norm_id']")
        rows = judged.loc[judged["unit_level"] == people["unit_level"].iloc[0]].set_index("unit_id")
        rows = rows.loc[people["unit_id"]]
        np.testing.assert_allclose(rows["value"], people["after_value"], rtol=0, atol=1e-9, err_msg=plan["plan_id"])
        is_within = people["outcome"].isin(["within", "gained"]).to_numpy()
        known = (people["outcome"] != "unknown").to_numpy()
        np.testing.assert_array_equal(rows["status_as_mapped"][known] == "met", is_within[known])
        study_row = judged.loc[judged["unit_level"] == "study"].iloc[0]
        assert study_row["served_share"] == pytest.approx(plan["share_after"], rel=1e-12)
        assert study_row["persons_served"] == pytest.approx(plan["persons_within"] + plan["persons_gained"], rel=1e-9)
