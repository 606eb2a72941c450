"""What scenarios change of facilities: how much they hold, whom they are kept for, and services that come by."""

import pytest

import spatial as sp
from spatial.errors import StageError, StudyError
from tests.unit.stages.test_scenario_run import hashes, study_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("what_it_rests_on")]

EAST, WEST = ["s1", "s3", "s5", "s6", "s8"], ["s2", "s4", "s7"]
"""Villages of 东镇 with 80 + 60 + 40 + 30 + 10 = 220 people, and of 西镇 with 70 + 50 + 20 = 140."""
CHANGES = {
    "larger": {"change_capacity": {"f1": 150}},
    "none": {"change_capacity": {"f1": 0}},
    "shared": {"share_units": [["西镇", "东镇"]]},
    "round": {"mobile_stops": [{"service": "hospital", "at": ["s3", "下村"], "days_a_week": 1}]},
    "own": {"mobile_stops": [{"service": "hospital", "at": ["s3"], "days_a_week": 0.5, "capacity": 12}]},
    "empty": {"speed_factors": {"tertiary": 1.0}, "change_capacity": {}, "share_units": [], "mobile_stops": []},
}


def with_rooms(tiny):
    """Every facility holds 50, of a unit for one person; the hospital f1 is kept for 西镇."""
    head, *rows = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    kept = [f"{row},50,{'西镇' if row.startswith('f1,') else ''}" for row in rows]
    tiny.write("facilities.csv", "\n".join([f"{head},places,for_units", *kept]))
    tiny.tables["sources.facilities"]["columns"] |= {"capacity": "places", "eligible_units": "for_units"}
    tiny.tables["measures"] = {
        "kinds": ["e2sfca"], "services": ["hospital", "primary_school"],
        "persons_per_unit": {"hospital": 1.0, "primary_school": 1.0},
    }  # fmt: skip
    return tiny


@pytest.fixture(scope="module")
def ran(tiny_at, tmp_path_factory):
    tiny = with_rooms(tiny_at(tmp_path_factory.mktemp("capacity")))
    items = [{"name": name, "services": ["hospital"], **change} for name, change in CHANGES.items()]
    study = study_of(tiny, scenarios=items, uncertainty={"wet": False})
    where = {"processed": tiny.processed, "maps": tiny.maps}
    today = [sp.run(study, until=stage, **where) for stage in ("measures", "scenarios")][-1]
    return today, {name: sp.run(study, scenario=name, until="measures", **where) for name in CHANGES}


def sums(results, service="hospital"):
    """People of the study served, at full facilities, and with none that they may use."""
    rows = results.served.query("service == @service")
    return rows[["served_persons", "full_persons", "not_reached_persons"]].sum().round(6).tolist()


def test_today_the_hospital_holds_fifty_of_the_hundred_and_forty_it_is_kept_for(ran):
    assert sums(ran[0]) == [50, 90, 220]


@pytest.mark.parametrize(
    ("name", "served"),
    [
        ("larger", [140, 0, 220]),  # 150 places, and only 140 people may come
        ("none", [0, 140, 220]),
        ("shared", [50, 310, 0]),  # no more room, but everybody may come
        ("round", [50 + 10 + 10, 360 - 70, 0]),  # two stops of a fifth of 50 places, for everybody
        ("own", [62, 298, 0]),
        ("empty", [50, 90, 220]),
    ],
)
def test_each_change_serves_whom_its_room_serves_and_counts_everybody_once(ran, name, served):
    assert sums(ran[1][name]) == served
    assert sum(served) == 360


def test_sharing_opens_the_hospital_to_the_east_in_minutes_too(ran):
    rows = ran[0].scenario_access.query("service == 'hospital'").set_index(["scenario", "settlement_id"])
    assert (
        rows.loc["shared"].loc[EAST, "before_status"].eq("no_facility").all()
        or rows.loc["shared"].loc[EAST, "before_min"].isna().all()
    )
    assert rows.loc["shared"].loc[EAST, "after_min"].notna().all()
    assert rows.loc["shared"].loc[WEST, "after_min"].equals(rows.loc["shared"].loc[WEST, "before_min"])
    people = ran[0].scenario_people.query("scenario == 'shared' and is_class")
    assert people["gained_persons"].tolist() == [220.0]


def test_capacity_changes_no_minutes_and_a_stop_shortens_some(ran):
    rows = ran[0].scenario_access.query("service == 'hospital'").set_index(["scenario", "settlement_id"])
    assert rows.loc["larger", "after_min"].equals(rows.loc["larger", "before_min"])
    assert rows.loc["round"].loc[["s3", "s8"], "after_min"].tolist() == [0.0, 0.0]


def test_supply_of_catchments_is_the_changed_capacity(ran):
    # Shares of people hand out all that there is: 50 places today, 20 of a round once a week.
    people = ran[0].settlements.set_index("settlement_id")["population_persons"]
    share = {
        name: run.measures.query("service == 'hospital'").set_index("settlement_id") for name, run in ran[1].items()
    }
    handed = {
        name: float((share[name]["value"] * people).sum()) for name in ("larger", "none", "round", "own", "empty")
    }
    assert handed == pytest.approx({"larger": 150, "none": 0, "round": 70, "own": 62, "empty": 50})


def test_empty_keys_change_no_byte(ran):
    today, same = (hashes(one.folder, ".parquet") for one in (ran[0], ran[1]["empty"]))
    assert {name: same[name] for name in set(same) & set(today)} == {
        name: today[name] for name in set(same) & set(today)
    }
    assert "served.parquet" in same


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"change_capacity": {"f9": 5, "f1": 3}}, "scenarios.x.change_capacity: no facility 'f9'"),
        ({"share_units": [["西镇", "北镇"]]}, "scenarios.x.share_units: no settlement lies in a unit '北镇'"),
        ({"share_units": [["西镇", "s2"]]}, "scenarios.x.share_units: of '西镇', 's2' .2 in all. none keeps"),
        ({"share_units": [{"units": ["b1", "b2"], "services": ["primary_school"]}]},
         "of 'b1', 'b2' .2 in all. none keeps"),
        ({"mobile_stops": [{"service": "hospital", "at": ["s9"], "days_a_week": 1}]},
         "scenarios.x.mobile_stops.mobile:hospital@s9.at: no settlement has the id or name 's9'"),
        ({"mobile_stops": [{"service": "emergency_hospital", "at": ["s3"], "days_a_week": 1}]},
         "scenarios.x.mobile_stops: emergency_hospital never closes.* name hospital"),
    ],
)  # fmt: skip
def test_unknown_facilities_units_and_places_are_refused_with_their_scenario(tiny_done, change, fault):
    study = study_of(tiny_done, scenarios=[{"name": "x", "services": ["hospital"], **change}])
    with pytest.raises(StageError, match=fault):
        sp.run(study, until="scenarios", processed=tiny_done.processed, maps=tiny_done.maps)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"change_capacity": {"f1": -1}}, "scenarios.0.change_capacity.f1: .*greater than or equal to 0"),
        ({"change_capacity": {"f1": float("nan")}}, "scenarios.0.change_capacity.f1: "),
        ({"change_capacity": {"f1": float("inf")}}, "scenarios.0.change_capacity.f1: .*finite"),
        ({"change_capacity": {"f1": 5}, "close_facilities": ["f1"]}, "x: f1 closes: leave it out of change_capacity"),
        ({"share_units": [["西镇"]]}, "scenarios.0.share_units.0.units"),
        ({"share_units": [["西镇", "西镇"]]}, "scenarios.0.share_units.0.units: name each one once"),
        ({"mobile_stops": [{"service": "hospital", "at": [], "days_a_week": 1}]}, "scenarios.0.mobile_stops.0.at"),
        ({"mobile_stops": [{"service": "hospital", "at": ["s3"], "days_a_week": 8}]}, "days_a_week"),
        ({"mobile_stops": [{"service": "hospital", "at": ["s3"], "days_a_week": float("nan")}]}, "days_a_week"),
        ({"mobile_stops": [{"service": "hospital", "at": ["s3"], "days_a_week": 1}] * 2},
         "x: mobile:hospital@s3 stops twice"),
        ({"change_capacity": {}, "share_units": [], "mobile_stops": []}, "changes nothing; give one of .*share_units"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_key(tiny, change, fault):
    with pytest.raises(StudyError, match=fault):
        study_of(tiny, scenarios=[{"name": "x", **change}])


def test_services_that_nobody_knows_are_refused_before_any_work(tiny):
    items = [
        {"name": "a", "mobile_stops": [{"service": "hosptal", "at": ["s3"], "days_a_week": 1}]},
        {"name": "b", "share_units": [{"units": ["西镇", "东镇"], "services": ["hosptal"]}]},
    ]
    with pytest.raises(StudyError) as error:
        sp.run(study_of(tiny, scenarios=items), until="read", processed=tiny.processed, maps=tiny.maps)
    assert "scenarios.a.mobile_stops: unknown 'hosptal'" in str(error.value)
    assert "scenarios.b.share_units: unknown 'hosptal'" in str(error.value)


def test_a_capacity_of_what_is_only_planned_is_refused(tiny):
    head, *rows = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    tiny.write(
        "facilities.csv", "\n".join([f"{head},state", *(f"{row},existing" for row in rows[1:]), f"{rows[0]},candidate"])
    )
    tiny.tables["sources.facilities"]["columns"] |= {"status": "state"}
    study = study_of(tiny, scenarios=[{"name": "x", "change_capacity": {"f1": 5}}])
    with pytest.raises(StageError, match=r"scenarios.x.change_capacity: 'f1' .1 in all. serves nobody yet"):
        sp.run(study, until="scenarios", processed=tiny.processed, maps=tiny.maps)
