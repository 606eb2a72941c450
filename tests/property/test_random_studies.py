"""Studies drawn at random run to their end, what they say holds together, and their plans give what they told."""

import re

import numpy as np
import pytest

import spatial as sp
from tests.random_studies import RandomStudy

BROKEN = re.compile(r"(?<![\w-])(NaN|nan|undefined|None|\{\w+\})(?![\w-])")
SEEDS = [31, *(pytest.param(seed, marks=pytest.mark.trial) for seed in range(30))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_study_drawn_at_random_runs_and_holds_together(seed, tiny, command):
    drawn = RandomStudy(tiny, seed)
    file, folders = drawn.save(), tiny.folders()

    def do(*words):
        outcome = command(*words)
        assert outcome.code == 0, (words, outcome.err)
        return outcome

    do("run", file, *folders)
    found = sp.read_results(tiny.processed / "tiny")
    times, reached = found.access["travel_time_min"], found.access["reach_status"] == "reached"
    assert (times.notna() == reached).all()
    counts = found.access_counts.filter(like="facilities_within_").to_numpy()
    assert (np.diff(counts, axis=1) >= 0).all() or np.isnan(counts).any()
    if "intervals" in found.names:
        known = found.intervals.dropna(subset=["low_min", "base_min", "high_min"])
        assert (known["low_min"] <= known["base_min"] + 1e-9).all()
        assert (known["base_min"] <= known["high_min"] + 1e-9).all()
    norms = found.norm_results
    for counted in ("persons", "places"):
        parts = norms[[f"{counted}_{part}" for part in ("served", "unserved", "unknown")]].sum(axis=1, skipna=False)
        scope = norms[f"{counted}_in_scope"]
        told = parts.notna() & scope.notna()
        np.testing.assert_allclose(parts[told], scope[told], atol=1e-6)
    settled = norms.loc[norms["unit_level"] == "settlement"].groupby("norm_id")["persons_unserved"].sum()
    whole = norms.loc[norms["unit_level"] == "study"].set_index("norm_id")["persons_unserved"].reindex(settled.index)
    np.testing.assert_allclose(settled[whole.notna()], whole.dropna(), atol=1e-6)
    for page in tiny.maps.rglob("*.html"):
        shown = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not BROKEN.search(shown), (page.name, BROKEN.search(shown))

    assert re.search("up to date|à jour|最新", do("run", file, *folders).err)
    do("plan", file, *folders[:4])
    do("explain", file, drawn.places[-1][0], *folders[:4])
    do("try", file, "--close", "f0", *folders[:4])
    for scenario in drawn.lists["scenarios"][:1]:
        do("run", file, "--scenario", scenario["name"], *folders)
        runs = [tiny.processed / name for name in ("tiny", f"tiny--{scenario['name']}")]
        do("compare", *runs, "--to", tiny.folder / "compared")
    if seed % 4 == 0:
        for audience in ("internal", "public"):
            do("share", "package", file, *folders[:4], "--out", tiny.folder / audience, "--audience", audience)
        do("replay", tiny.processed / "tiny" / "run.json", "--raw", tiny.raw, "--out", tiny.folder / "again")


@pytest.mark.trial
@pytest.mark.parametrize("seed", range(12))
def test_a_plan_of_a_study_drawn_at_random_gives_what_it_told(seed, tiny):
    drawn = RandomStudy(tiny, seed)
    asked = [
        {"id": f"OWN-{number}", "service": drawn.draw.choice([*drawn.services, "town"]), "threshold": threshold}
        for number, threshold in enumerate((2.0, 4.0, 7.0))
    ]
    drawn.lists |= {"norms.add": asked, "plans": []}
    drawn.sections |= {"norms": {}, "measures": {}, "access": {}}
    drawn.sections[""]["jurisdictions"] = []
    drawn.sections["planning"]["most_plans"] = 10
    study, where = sp.Study.from_toml(drawn.save(), raw=tiny.raw), {"processed": tiny.processed, "maps": tiny.maps}
    today = sp.run(study, until="plan", **where)
    plans = today.plans.loc[today.plans["actions"] > 0] if "plans" in today.names else today.norm_results.iloc[:0]
    for plan in plans.to_dict("records"):
        run = sp.run(study, scenario=f"plan:{plan['plan_id']}", until="norms", **where)
        people = today.plan_people.query("plan_id == @plan['plan_id']")
        judged = run.norm_results.query("norm_id == @plan['norm_id']").set_index(["unit_level", "unit_id"])
        rows = judged.loc[people["unit_level"].iloc[0]].loc[people["unit_id"]]
        told, now = people["after_value"].to_numpy(), rows["value"].to_numpy()
        is_within, known = people["outcome"].isin(["within", "gained"]), (people["outcome"] != "unknown").to_numpy()
        is_met, served = (
            (rows["status_as_mapped"] == "met").to_numpy(),
            judged.loc[("study", "study"), "persons_served"],
        )
        if plan["question"] == "links" and len(drawn.modes) > 1:  # told by one mode alone: others can only be quicker
            assert (np.nan_to_num(now, nan=np.inf) <= np.nan_to_num(told, nan=np.inf) + 1e-9).all()
            assert (is_met | ~is_within.to_numpy())[known].all()
            continue
        np.testing.assert_allclose(now, told, rtol=0, atol=1e-9)
        assert (is_met == is_within.to_numpy())[known].all()
        assert served == pytest.approx(plan["persons_within"] + plan["persons_gained"])
