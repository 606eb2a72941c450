"""The sheets of plans: what to do first, who is still left out, and what people decided."""

import io
from pathlib import Path

import openpyxl
import pytest

import spatial as sp
from spatial.runner.stage import EVERYTHING, Options
from spatial.stages.workbook import workbook
from tests.unit.stages.test_scenario_run import study_of
from tests.unit.workbook.test_workbook import values

PLANS = [{"name": "near", "service": "hospital", "within_min": 2.0, "sites": 2}]
DECIDED = """action_id,plan_id,place_id,place,state,since,persons_gained,unit_ids
near/s2,near,s2,柳河,built,2026-03-01,70,s2
"""


CHECKS = """{"type": "FeatureCollection", "features": [
{"type": "Feature", "geometry": {"type": "Point", "coordinates": [104.0, 30.0]},
 "properties": {"edit_id": "e1", "facility_id": "f1", "found": "not_there", "note": "=gone"}},
{"type": "Feature", "geometry": {"type": "Point", "coordinates": [104.0, 30.0]},
 "properties": {"edit_id": "e2", "subject": "ford", "found": "as_mapped", "is_confirmed": true}}]}
"""


@pytest.fixture(scope="module")
def planned(tiny_at, tmp_path_factory):
    """A tiny study with a plan of two hospitals, of which one is said to be built, and a field check that waits."""
    tiny = tiny_at(tmp_path_factory.mktemp("sheets"))
    tiny.path("actions.csv").write_text(DECIDED, encoding="utf-8")
    tiny.path("checks.geojson").write_text(CHECKS, encoding="utf-8")
    more = {
        "field_checks": "tiny/checks.geojson",
        "planning": {"actions": "tiny/actions.csv"},
        "outputs": {"languages": ["en"]},
    }
    study = study_of(tiny, plans=PLANS, **more)
    return study, sp.run(study, until="workbook", processed=tiny.processed, maps=tiny.maps)


@pytest.fixture(scope="module")
def book(planned):
    return openpyxl.load_workbook(Path(planned[1].folder) / "results.xlsx")


def test_what_to_do_first_stands_behind_the_villages_that_fail_with_each_action_in_order(book, planned):
    names = book.sheetnames
    assert names[names.index("Villages failing") + 1 :][:4] == [
        "What to do first",
        "Still left out",
        "What was decided",
        "Field checks",
    ]
    page = book["What to do first"]
    assert values(page, "What") == ["A site in 柳河", "A site in 东坡"]
    assert values(page, "Order") == [1, 2]
    assert values(page, "People gained (persons)") == [70, 60]
    assert values(page, "Asked") == ["2 min by car"] * 2
    (title,) = set(values(page, "Plan"))
    assert title.startswith("Two sites for hospital bring 130 of the")
    assert values(page, "Proof") == ["proven: no plan of as many actions, or within its budget, brings more"] * 2
    assert values(page, "State") == ["built", None]


def test_who_is_left_is_everybody_whom_the_plan_does_not_bring_within(book, planned):
    page, plan = book["Still left out"], planned[1].plans.iloc[0]
    assert sum(values(page, "People still beyond (persons)")) == plan["persons_beyond"]
    assert min(values(page, "Nearest of them, with the plan")) > 2.0


def test_what_was_decided_stands_beside_what_is_there_now(book):
    page = book["What was decided"]
    assert values(page, "State") == ["built"]
    assert values(page, "People promised (persons)") == [70]
    assert values(page, "People within now (persons)") == [0]


def test_checks_on_site_stand_in_words_and_the_summary_counts_what_waits(book, planned):
    page, facilities = book["Field checks"], planned[1].facilities.set_index("facility_id")
    assert values(page, "What was found") == ["Not there", "As on the map"]
    assert values(page, "Confirmed") == ["no", "yes"]
    assert values(page, "Name") == [facilities.loc["f1", "name"], "ford"]
    assert values(page, "Remark") == ["=gone", None]
    assert all(values(page, "Nearest settlement"))
    counts = dict(zip(values(book["Summary"], "Item"), values(book["Summary"], "Value"), strict=True))
    waiting = {label: count for label, count in counts.items() if "(sheet" in label}
    assert list(waiting.values()) == [1, 1]
    assert all(label.split("“")[1].rstrip("”)") in book.sheetnames for label in waiting)


def test_without_plans_there_are_no_sheets_of_them(planned):
    study, results = planned
    names = [name for name in results.names if name != "plan_progress"]
    tables = {name: getattr(results, name) for name in names}
    made = workbook(summary=results.summary | {"plans": []}, options=Options(study, EVERYTHING), **tables)
    named = openpyxl.load_workbook(io.BytesIO(made["files"][0].content)).sheetnames
    assert {"What to do first", "Still left out", "What was decided"}.isdisjoint(named)


def test_what_each_place_offers_a_firm_stands_with_the_reason_of_what_nobody_knows(book, planned):
    page, profile = book["Where to settle"], planned[1].site_profile
    people = profile.loc[profile["measure"] == "persons_within_30"]
    assert values(page, "Place") == people["place_id"].tolist()
    assert values(page, "People within 30 min") == people["value"].tolist()
    assert set(values(page, "Leaving, a year")) == {"no flows known"}
    assert set(values(page, "Kind of place")) == {"township centre"}
