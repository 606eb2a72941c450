"""Response of crews from the study file."""

import numpy as np
import pytest

import spatial as sp
from spatial.tables import TABLES

pytestmark = pytest.mark.usefixtures("what_it_rests_on")


@pytest.fixture(scope="module")
def ran(tmp_path_factory, tiny_at):
    """Crews of the hospital, three minutes after the call."""
    tiny = tiny_at(tmp_path_factory.mktemp("emergency"))
    tiny.tables["emergency"] = {"service": "hospital", "mobilisation_min": 3, "targets_min": [8, 5]}
    outcome = tiny.run("--stage", "gaps")
    assert outcome.code == 0, outcome.err
    return sp.read_results(tiny.processed / "tiny")


def test_response_is_mobilisation_and_the_drive_from_the_station(ran):
    table = ran.emergency_response
    TABLES["emergency_response"].check(table)
    assert set(table["station_id"]) == {"f1"}
    assert np.allclose(table["response_min"], 3.0 + table["drive_min"])
    # Streets run both ways: the drive from the hospital is the drive to it.
    rows = ran.access.loc[(ran.access["mode"] == "drive") & (ran.access["service"] == "hospital")]
    there = rows.set_index("settlement_id")["travel_time_min"].reindex(table["settlement_id"])
    assert np.allclose(table["drive_min"], there, rtol=0, atol=1e-9)


def test_people_within_each_target_are_those_of_the_table(ran):
    table, people = ran.emergency_response, ran.emergency_people.set_index("target_min")
    TABLES["emergency_people"].check(ran.emergency_people)
    assert people.index.tolist() == [5.0, 8.0]
    for target in people.index:
        inside = table["response_min"] <= target
        assert people.loc[target, "within_persons"] == table.loc[inside, "population_persons"].sum()
        assert people.loc[target, "beyond_places"] == (~inside).sum()
    assert set(table["target_met_min"].dropna()) == {5.0, 8.0}
    assert table.loc[table["response_min"] > 8.0, "target_met_min"].isna().all()
    assert len(ran.summary["emergency"]) == 2


def test_the_column_of_the_stations_may_state_the_mobilisation(tiny):
    lines = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    tiny.write("facilities.csv", "\n".join([f"{lines[0]},ready", *(f"{row},7.5" for row in lines[1:])]))
    tiny.tables["emergency"] = {"service": "hospital", "mobilisation_min": "ready"}
    assert tiny.run("--stage", "emergency").code == 0
    table = sp.read_results(tiny.processed / "tiny").emergency_response
    assert set(table["mobilisation_min"]) == {7.5}
    tiny.tables["emergency"]["mobilisation_min"] = "redy"
    outcome = tiny.run("--stage", "emergency")
    assert "redy: no such column" in outcome.err


def test_a_service_that_nobody_offers_reaches_nobody(tiny_done):
    tiny_done.tables["emergency"] = {"service": "fire_station", "mobilisation_min": 1}
    assert tiny_done.run("--stage", "emergency").code == 0
    found = sp.read_results(tiny_done.processed / "tiny")
    assert set(found.emergency_response["reach_status"]) == {"no_facility"}
    assert set(found.emergency_people["within_persons"]) == {0.0}


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("mobilisation_min", -1, "mobilisation_min: must be 0 or more"),
        ("targets_min", [0], "every number must be above 0"),
        ("service", "fire_brigade", "emergency.service: unknown 'fire_brigade'"),
    ],
)
def test_nonsense_is_refused_before_any_work(bare, key, value, says):
    bare.tables["emergency"] = {"service": "hospital", "mobilisation_min": 3, key: value}
    outcome = bare.run()
    assert outcome.code == 2
    assert says in outcome.err
    assert bare.written() == []


def test_crews_of_each_service_come_by_the_mode_that_they_have(tiny_done):
    tiny_done.tables["network"]["modes"] = ["walk", "cycle", "drive", "motorcycle"]
    study = {**tiny_done.tables}
    crews = [
        {"service": "hospital", "mobilisation_min": 0, "mode": "cycle"},
        {"service": "primary_school", "mobilisation_min": 0},
    ]
    values = {**study.pop(""), **{name: dict(keys) for name, keys in study.items() if "." not in name}}
    for name, keys in study.items():
        if "." in name:
            inner = values
            for part in name.split("."):
                inner = inner.setdefault(part, {})
            inner.update(keys)
    whole = sp.Study.from_dict({**values, "emergency": crews}, raw=tiny_done.raw)
    ran = sp.run(whole, processed=tiny_done.processed, maps=tiny_done.maps, until="gaps")
    table = ran.emergency_response
    assert dict(zip(table["service"], table["mode"], strict=True)) == {"hospital": "cycle", "primary_school": "drive"}
    # Streets run both ways, and nobody mobilises: the way of the crew is the way to it.
    rows = ran.access.loc[(ran.access["mode"] == "cycle") & (ran.access["service"] == "hospital")]
    there = rows.set_index("settlement_id")["travel_time_min"]
    own = table.loc[table["service"] == "hospital"].set_index("settlement_id")["response_min"]
    assert np.allclose(own, there.reindex(own.index), rtol=0, atol=1e-9)
    assert {(row["service"], row["mode"]) for row in ran.summary["emergency"]} == {
        ("hospital", "cycle"),
        ("primary_school", "drive"),
    }
