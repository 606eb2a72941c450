"""Plans that match idle room to people who find none: by borders that are lifted, a longer way and other services."""

import tomllib
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest

import spatial as sp
from spatial.errors import StageError, StudyError
from spatial.stages.explain import explain_settlement, plan_lines
from spatial.stages.plan import renew_actions
from spatial.stages.plan_room import base_of_round, shares_within
from spatial.study.plans import PlanOptions, RoundOptions
from tests.unit.stages.test_scenario_capacity import with_rooms
from tests.unit.stages.test_scenario_run import study_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("what_it_rests_on")]

EXAMPLES = Path(__file__).parents[3] / "examples"
MATCH = {"name": "share", "service": "hospital", "within_min": 60, "match": True}


def with_two(tiny):
    """A hospital for 西镇 with 50 places for 140 people, and one for 东镇 in 下村 with 300 for 220."""
    with_rooms(tiny)
    text = tiny.path("facilities.csv").read_text(encoding="utf-8")
    tiny.write("facilities.csv", text + f"\nf5,hospital,下村医院,{tiny.at(4, 0)},300,东镇")
    tiny.tables["sources.facilities"]["columns"] |= {"load": "used"}
    head, *rows = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    tiny.write("facilities.csv", "\n".join([f"{head},used", *(f"{row},{270 if 'f5,' in row else ''}" for row in rows)]))
    return tiny


@pytest.fixture(scope="module")
def planned(tiny_at, tmp_path_factory):
    tiny = with_two(tiny_at(tmp_path_factory.mktemp("room")))
    plans = [
        MATCH,
        {**MATCH, "name": "own", "sharing": "township"},
        {**MATCH, "name": "lists", "service": "pharmacy"},
        {**MATCH, "name": "agreed", "sharing": [["西镇", "东镇"]]},
        {**MATCH, "name": "alone", "sharing": [["东镇", "s1"]]},
    ]
    study = study_of(tiny, plans=plans, uncertainty={"wet": False})
    where = {"processed": tiny.processed, "maps": tiny.maps}
    return study, where, sp.run(study, until="plan", **where)


def test_idle_room_is_what_neither_load_nor_people_take(planned):
    # 300 places less 220 people of 东镇 are 80, and less the 270 in use 30.
    rows = planned[2].plan_capacity.query("plan_id == 'share'").set_index("facility_id")
    assert rows["idle_persons"].round(6).to_dict() == {"f1": 0.0, "f5": 30.0}
    assert rows["given_persons"].round(6).to_dict() == {"f1": 0.0, "f5": 30.0}
    assert rows["more_persons"].to_dict() == {"f1": 1.0, "f5": 1.0}


def test_a_border_costs_whom_it_keeps_from_room(planned):
    plans = planned[2].plans.set_index("plan_id")
    parts = [f"persons_{side}" for side in ("within", "gained", "beyond", "unknown")]
    # 140 people of 西镇, of whom 50 find room today: 30 of the other 90 find it beyond the border.
    assert plans.loc["share", parts].round(6).tolist() == [270, 30, 60, 0]
    assert plans.loc["own", parts].round(6).tolist() == [270, 0, 90, 0]
    assert plans["border_persons"].round(6).to_dict() == {
        "share": 0.0,
        "own": 30.0,
        # The two townships have agreed to share, or 东镇 with a village that lies in it already.
        "agreed": 0.0,
        "alone": 30.0,
        "lists": pytest.approx(float("nan"), nan_ok=True),
    }
    assert plans.loc["own", "plan_status"] == "nothing_helps"


def test_nobody_is_counted_where_no_capacity_is_known(planned):
    row = planned[2].plans.set_index("plan_id").loc["lists"]
    assert (row["plan_status"], row["reason"]) == ("not_planned", "no_capacity")
    assert row[[f"persons_{side}" for side in ("within", "gained", "beyond", "unknown")]].tolist() == [0, 0, 0, 360]


def test_matches_people_and_actions_add_up(planned):
    result = planned[2]
    matches, actions = result.plan_matches.query("plan_id == 'share'"), result.plan_actions.query("plan_id == 'share'")
    assert actions["action"].tolist() == ["share_room"]
    assert actions["persons_gained"].sum() == pytest.approx(30) == matches["persons"].sum()
    people = result.plan_people.query("plan_id == 'share'")
    assert people["gained_persons"].sum() == pytest.approx(30)
    assert people["beyond_persons"].sum() == pytest.approx(60)
    assert set(matches["settlement_id"]) <= {"s2", "s4", "s7"}


def test_lifted_borders_are_a_scenario_that_serves_whom_the_plan_does(planned):
    study, where, result = planned
    items = tomllib.loads((result.folder / "plans.toml").read_text(encoding="utf-8"))["scenarios"]
    assert [item["name"] for item in items] == ["plan-share", "plan-agreed"]
    item = items[0]
    assert item["share_units"][0]["services"] == ["hospital"]
    assert len(item["share_units"]) == 1
    later = sp.run(study, scenario="plan:share", until="measures", **where)
    rows = later.served.query("service == 'hospital'")
    assert rows[["served_persons", "full_persons", "not_reached_persons"]].to_numpy().sum() == pytest.approx(360)
    # All 350 places may now be used by anybody; that 270 of them are in use is known to the plan alone.
    assert rows["served_persons"].sum() == pytest.approx(350)


def test_room_is_told_in_every_language_and_shown_in_every_sink(planned):
    study, where, _ = planned
    result = [sp.run(study, until=sink, **where) for sink in ("workbook", "qgis")][-1]
    told = {language: plan_lines(study, result, language=language) for language in ("en", "fr", "zh")}
    assert told["en"][0] == (
        "share: Hospital: idle room at one facility (下村医院) is enough for 30 of the 90 people who find none today, "
        "within 60 min by car. 60 people still find no room. One more unit of capacity at 下村医院, 石桥医院 would "
        "serve 1 person more."
    )
    assert "one more unit of its capacity would serve 1 person more" in told["en"][1]
    assert any("Borders between units keep 30 people more from room" in line for line in told["en"])
    assert any("measures.persons_per_unit" in line for line in told["fr"])
    assert "30" in told["zh"][0]
    assert "60" in told["zh"][0]
    records = {record["plan_id"]: record for record in result.summary["plans"]}
    assert sum(home["persons"] for home in records["share"]["actions"][0]["takes"]) == 30
    assert sum(entry["persons"] for entry in records["share"]["left"]) == 60
    assert sum(entry["persons"] for entry in records["share"]["today_in"]) == 90
    book = openpyxl.load_workbook(result.folder / "results.xlsx", read_only=True)
    assert len(list(book["Room to share"].values)) == 3 + 2 * 4
    lines = pyogrio.read_dataframe(result.folder / "tiny.gpkg", layer="plan_1_share_actions")
    matches = result.plan_matches.query("plan_id == 'share'")
    assert [len(shape.geoms) for shape in lines.geometry] == [len(matches)]
    gained = matches["settlement_id"].iloc[0]
    assert "plan share, Hospital:" in explain_settlement(study, result, gained)


@pytest.fixture(scope="module")
def enlarged(tiny_at, tmp_path_factory):
    tiny = with_two(tiny_at(tmp_path_factory.mktemp("enlarged")))
    larger = {"name": "larger", "service": "hospital", "within_min": 60, "enlarge": True}
    planning = {"enlarge_to": 2.0, "costs": {"currency": "yuan", "unit": {"hospital": 10.0}}}
    plans = [larger, {**larger, "name": "paid", "budget": 305}]
    study = study_of(tiny, plans=plans, planning=planning, uncertainty={"wet": False})
    where = {"processed": tiny.processed, "maps": tiny.maps}
    return study, where, sp.run(study, until="plan", **where)


def test_a_facility_is_enlarged_as_far_as_those_without_room_need_it_and_as_it_may(enlarged):
    result = enlarged[2]
    plans, actions = result.plans.set_index("plan_id"), result.plan_actions.set_index("plan_id")
    # 140 people of 西镇 for 50 places, which may be twice as many: 50 of the 90 without room find some.
    columns = ["action", "place_id", "capacity_before", "capacity_after", "persons_gained", "cost"]
    assert actions.loc["larger", columns].tolist() == ["enlarge_site", "f1", 50.0, 100.0, pytest.approx(50.0), 500.0]
    parts = [f"persons_{side}" for side in ("within", "gained", "beyond", "unknown")]
    assert plans.loc["larger", parts].round(6).tolist() == [270, 50, 40, 0]
    # 305 yuan pay for 30 whole places at 10 yuan.
    assert actions.loc["paid", columns].tolist() == ["enlarge_site", "f1", 50.0, 80.0, pytest.approx(30.0), 300.0]
    people = result.plan_people.query("plan_id == 'larger'")
    assert people["gained_persons"].sum() == pytest.approx(50.0)
    assert people["beyond_persons"].sum() == pytest.approx(40.0)
    capacity = result.plan_capacity.set_index("plan_id").loc["larger"]
    assert capacity[["capacity_persons", "given_persons", "left_persons", "more_persons"]].tolist() == pytest.approx(
        [100.0, 50.0, 0.0, 1.0]
    )


def test_one_more_unit_is_told_to_serve_no_more_than_those_who_still_wait(tiny):
    # In units of 50 people: 1 for the 140 of 西镇, which may be 2, so that 40 wait; a third unit would serve these.
    with_two(tiny)
    text = tiny.path("facilities.csv").read_text(encoding="utf-8")
    tiny.write("facilities.csv", text.replace(",300,", ",6,").replace(",50,", ",1,").replace(",270", ",5"))
    tiny.tables["measures"]["persons_per_unit"] = {"hospital": 50}
    plan = {"name": "larger", "service": "hospital", "within_min": 60, "enlarge": True}
    study = study_of(tiny, plans=[plan], planning={"enlarge_to": 2.0}, uncertainty={"wet": False})
    result = sp.run(study, until="plan", processed=tiny.processed, maps=tiny.maps)
    columns = ["capacity_persons", "given_persons", "left_persons", "more_persons"]
    assert result.plan_capacity[columns].iloc[0].tolist() == pytest.approx([100.0, 50.0, 0.0, 40.0])


@pytest.mark.parametrize("name", ["larger", "paid"])
def test_enlarged_facilities_are_a_scenario_with_the_same_people(enlarged, name):
    study, where, result = enlarged
    later = sp.run(study, scenario=f"plan:{name}", until="measures", **where)
    rows = later.served.query("service == 'hospital'").set_index("settlement_id")
    plan = result.plans.set_index("plan_id").loc[name]
    assert rows["served_persons"].sum() == pytest.approx(plan["persons_within"] + plan["persons_gained"])
    people = result.plan_people.query("plan_id == @name").set_index("unit_id")
    left = rows[["full_persons", "not_reached_persons"]].sum(axis=1)
    assert left[people.index].to_numpy() == pytest.approx(people["beyond_persons"].to_numpy())


def test_what_is_enlarged_is_told_in_every_language_and_sink(enlarged):
    study, where, _ = enlarged
    result = [sp.run(study, until=sink, **where) for sink in ("workbook", "qgis")][-1]
    told = {language: plan_lines(study, result, language=language) for language in ("en", "fr", "zh")}
    assert told["en"][0].startswith(
        "larger: Hospital: one facility enlarged (石桥医院) gives room to 50 of the 90 people who find none today, "
        "within 60 min by car. 40 people still find no room."
    )
    assert "more room at 石桥医院, from 50 to 100" in told["en"][1]
    assert "agrandissement de 石桥医院, de 50 à 100" in told["fr"][1]
    assert "将石桥医院由50扩至100" in told["zh"][1]
    some = result.plan_people.query("plan_id == 'larger' and gained_persons > 0 and beyond_persons > 0").iloc[0]
    room = f"room for {some['gained_persons']:.0f} of the {some['gained_persons'] + some['beyond_persons']:.0f} who"
    assert f"plan larger, Hospital: {room} find none" in explain_settlement(study, result, some["unit_id"])
    lines = pyogrio.read_dataframe(result.folder / "tiny.gpkg", layer="plan_1_larger_actions")
    assert lines[["capacity_before", "capacity_after"]].to_numpy().tolist() == [[50.0, 100.0]]
    assert renew_actions(result, where["processed"] / "actions.csv") == 2
    kept = pd.read_csv(where["processed"] / "actions.csv").set_index("plan_id")
    assert kept.loc["larger", ["place_id", "capacity_before", "capacity_after"]].tolist() == ["f1", 50.0, 100.0]
    book = openpyxl.load_workbook(result.folder / "results.xlsx", read_only=True)
    told = [cell for row in book["What to do first"].values for cell in row if isinstance(cell, str)]
    assert any("more room at 石桥医院, from 50 to 100" in cell.lower() for cell in told)


@pytest.fixture(scope="module")
def made(tiny_at, tmp_path_factory):
    """Beside the two hospitals one that nobody needs: 30 places in 下村 for 东镇, which has 300 for 220 people."""
    tiny = with_two(tiny_at(tmp_path_factory.mktemp("made")))
    text = tiny.path("facilities.csv").read_text(encoding="utf-8")
    tiny.write("facilities.csv", text + f"\nf6,hospital,下村分院,{tiny.at(4, 0)},30,东镇,")
    costs = {"currency": "yuan", "unit": {"hospital": 10.0}, "open": {"hospital": 100.0}, "close": {"hospital": 50.0}}
    every = {"service": "hospital", "within_min": 60, "enlarge": True, "new_sizes": [40, 60]}
    plans = [
        {**every, "name": "made", "close": True, "budget": 570},
        {**every, "name": "all", "budget": 2000},
        {"name": "norm", "norm": "OURS", "new_sizes": [30, 100], "sites": 3},
    ]
    ours = {
        "id": "OURS", "service": "hospital", "threshold": 60.0, "mode": "drive", "target_share": 0.9,
        "source": "Rules", "why": "ours", "by": "County", "on": "2025-12-15",
    }  # fmt: skip
    study = study_of(tiny, plans=plans, planning={"costs": costs}, norms={"add": [ours]}, uncertainty={"wet": False})
    where = {"processed": tiny.processed, "maps": tiny.maps}
    return study, where, sp.run(study, until="qgis", **where)


def test_facilities_are_opened_enlarged_and_closed_under_one_budget(made):
    # A new one of 40 costs 500, and 570 with the 50 saved pay for 12 places more at 10: 52 people. To enlarge alone,
    # which is best at first, would give room to 50, and leave too little for another.
    plans, actions = made[2].plans.set_index("plan_id"), made[2].plan_actions.query("plan_id == 'made'")
    assert actions.sort_values("action")["action"].tolist() == ["close_site", "enlarge_site", "open_site"]
    by = actions.set_index("action")
    assert by.loc["close_site", ["place_id", "capacity_before", "capacity_after", "cost"]].tolist() == [
        "f6",
        30,
        0,
        -50,
    ]
    assert by.loc["enlarge_site", ["place_id", "capacity_before", "capacity_after"]].tolist() == ["f1", 50, 62]
    assert by.loc["open_site", ["capacity_before", "capacity_after", "cost"]].tolist() == [0, 40, 500]
    assert plans.loc["made", "persons_gained"] == pytest.approx(52.0) == plans.loc["made", "bound"]
    assert plans.loc["made", ["plan_status", "cost"]].tolist() == ["optimal", 570.0]
    assert plans.loc["all", "persons_gained"] == pytest.approx(90.0)


def test_room_for_a_norm_in_minutes_ends_where_its_share_is_reached(made):
    # 270 of 360 find room: 0.9 of them are 324, which one more with 100 places reaches, and two with 30 do.
    plan = made[2].plans.set_index("plan_id").loc["norm"]
    assert (plan["norm_id"], plan["meets_target"], plan["target_share"]) == ("OURS", "yes", 0.9)
    assert made[2].plan_actions.query("plan_id == 'norm'")["capacity_after"].tolist() == [100.0]


@pytest.mark.parametrize("name", ["made", "all", "norm"])
def test_what_is_opened_and_closed_is_a_scenario_with_the_same_people(made, name):
    study, where, result = made
    later = sp.run(study, scenario=f"plan:{name}", until="measures", **where)
    rows = later.served.query("service == 'hospital'").set_index("settlement_id")
    people = result.plan_people.query("plan_id == @name").set_index("unit_id")
    left = rows[["full_persons", "not_reached_persons"]].sum(axis=1)
    assert left[people.index].to_numpy() == pytest.approx(people["beyond_persons"].to_numpy(), abs=1e-6)


def test_where_a_scenario_has_opened_a_plan_opens_none_of_the_same_name(made):
    study, where, _ = made
    later = sp.run(study, scenario="plan:made", until="plan", **where)
    there = set(later.facilities["facility_id"])
    assert any(name.startswith("hospital@") for name in there)
    opened = later.plan_actions.query("action == 'open_site'")["place_id"]
    assert there.isdisjoint(f"hospital@{place}" for place in opened)


def test_what_is_opened_and_closed_is_told_in_every_language_and_sink(made):
    study, _, result = made
    told = {language: "\n".join(plan_lines(study, result, language=language)) for language in ("en", "fr", "zh")}
    assert "one new facility and one facility enlarged" in told["en"]
    assert "下村分院 may then close: nobody finds less room by it." in told["en"]
    assert "saves 50 yuan" in told["en"]
    assert "下村分院 peut alors fermer" in told["fr"]
    assert "撤并下村分院" in told["zh"]
    assert "The 90 % that the norm asks for then find room" in told["en"] or "Nobody is then without room" in told["en"]
    lines = pyogrio.read_dataframe(result.folder / "tiny.gpkg", layer="plan_1_made_actions")
    assert set(lines.geom_type) == {"MultiLineString"}
    assert sorted(lines["action"]) == ["close_site", "enlarge_site", "open_site"]


def test_a_budget_that_pays_for_no_unit_or_knows_no_cost_is_refused(tiny):
    larger = {"name": "larger", "service": "hospital", "within_min": 60, "enlarge": True, "budget": 9}
    with_two(tiny)
    for costs, fault in (
        ({"unit": {"hospital": 10.0}}, "9 yuan pay for nothing; the cheapest costs 10"),
        ({}, r"needs what a unit of capacity costs; write \[planning.costs\] unit = { hospital = ... }"),
    ):
        study = study_of(tiny, plans=[larger], planning={"costs": {"currency": "yuan", **costs}})
        with pytest.raises(StageError, match=fault):
            sp.run(study, until="plan", processed=tiny.processed, maps=tiny.maps)


def test_units_that_there_are_not_cannot_share(tiny):
    with_two(tiny)
    for sharing, fault in (
        (
            [["西镇", "南镇"], ["East Town", "South Town"]],
            r"sharing: no settlement lies in a unit '南镇', 'East Town', .* \(3 in all\);.*: there are .*'西镇'",
        ),
        (3, "plans.share.sharing: no boundary has the level 3"),
    ):
        study = study_of(tiny, plans=[{**MATCH, "sharing": sharing}])
        with pytest.raises(StageError, match=fault):
            sp.run(study, until="plan", processed=tiny.processed, maps=tiny.maps)


def test_facilities_that_say_in_which_settlement_they_are_need_not_lie_in_every_unit_that_shares():
    item = PlanOptions.model_validate({**MATCH, "sharing": [["t1", "t2"]]})
    bounds = gpd.GeoDataFrame({"boundary_id": []}, geometry=[], crs=32738)
    places = {"township_id": ["t1", "t3"], "geometry": gpd.points_from_xy([0, 1], [0, 0])}
    facilities = gpd.GeoDataFrame({"facility_id": ["f", "g"], "settlement_id": ["s", "s"], **places}, crs=32738)
    assert shares_within(item, facilities, bounds).tolist() == [0, "t3"]
    # Of settlements there has to be one.
    with pytest.raises(StudyError, match="no settlement lies in a unit 't2'"):
        shares_within(item, facilities.drop(columns="facility_id"), bounds)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({**MATCH, "enlarge": True}, "share: match builds nothing; enlarge, new_sizes and close are another plan"),
        (
            {**MATCH, "match": False, "enlarge": True, "link_km": 9},
            "a plan for room has none of these; leave out link_km",
        ),
        ({**MATCH, "match": False, "enlarge": True, "candidates": ["grid"]}, "leave out candidates"),
        ({**MATCH, "match": False, "close": True}, "share: close is of a plan with enlarge or new_sizes"),
        ({**MATCH, "match": False, "new_sizes": [0]}, "plans.0.new_sizes"),
        ({**MATCH, "sharing": [["a", "b"], ["b", "c"]]}, "share: sharing names b twice"),
        ({**MATCH, "sharing": [["a"]]}, "plans.0.sharing"),
        ({**MATCH, "sites": 2}, "share: match builds nothing and is for no norm; leave out sites"),
        ({"name": "a", "norm": "GL-PHC-1H", "match": True}, "a: match builds nothing .* leave out norm"),
        ({"name": "a", "service": "hospital", "within_min": 9, "sharing": "township"}, "sharing and compatible are of"),
        ({**MATCH, "sharing": "county"}, "plans.0.sharing"),
        ({**MATCH, "within_min": float("nan")}, "plans.0.within_min"),
    ],
)
def test_what_no_matching_can_be_is_refused(tiny, keys, fault):
    with pytest.raises(StudyError, match=fault):
        study_of(tiny, plans=[keys])


def test_a_study_in_which_nothing_can_be_enlarged_has_its_pages_all_the_same(tiny_at, tmp_path):
    tiny = with_rooms(tiny_at(tmp_path))
    tiny.write("facilities.csv", tiny.path("facilities.csv").read_text(encoding="utf-8").replace(",50,", ",0.5,"))
    study = study_of(tiny, plans=[{**MATCH, "match": False, "enlarge": True}], uncertainty={"wet": False})
    results = sp.run(study, processed=tiny.processed, maps=tiny.maps)
    # Half a person has room, and of half a unit no whole one can be made more.
    assert results.plans[["persons_within", "persons_beyond"]].iloc[0].tolist() == pytest.approx([0.5, 359.5])
    assert results.plan_people["beyond_persons"].sum() == pytest.approx(359.5)
    assert not (results.folder / "plan_capacity.parquet").exists()
    (plan,) = results.summary["plans"]
    assert (plan["question"], plan["plan_status"], plan["actions"]) == ("matching", "nothing_helps", [])
    assert plan["short_of_room"] == []
    assert "Hospital: nothing that was tried gives room to the 360 people without any." in plan_lines(study, results)[0]
    assert (tiny.maps / "tiny" / "plan.html").is_file()


ELDERLY = {"service": "health_centre", "within_min": 25, "group": "elderly_persons"}


@pytest.fixture(scope="module")
def of_groups(sample_run, go_on_from, tmp_path_factory):
    """Plans of the sample county for elderly people, by their group and by a norm that counts them."""
    folder = tmp_path_factory.mktemp("groups")
    go_on_from(sample_run, folder)
    values = tomllib.loads((EXAMPLES / "sample.toml").read_text(encoding="utf-8"))
    ours = {
        "id": "OURS", "service": "health_centre", "threshold": 25.0, "mode": "drive", "stat_unit": "elderly",
        "target_share": 0.95, "source": "Rules", "why": "ours", "by": "County", "on": "2025-12-15",
    }  # fmt: skip
    plans = [
        {**ELDERLY, "name": "near", "within_min": 12, "sites": 2},
        {**ELDERLY, "name": "beds", "enlarge": True},
        {**ELDERLY, "name": "idle", "match": True},
        {"name": "law", "norm": "OURS", "new_sizes": [5]},
        {**ELDERLY, "name": "unknown", "group": "unicorn_persons", "enlarge": True},
        {**ELDERLY, "name": "nowhere", "group": "unicorn_persons"},
    ]
    measures = {**values["measures"], "persons_per_unit": {"health_centre": 20.0}}
    norms = {**values.get("norms", {}), "add": [*values.get("norms", {}).get("add", []), ours]}
    study = sp.Study.from_dict({**values, "plans": plans, "measures": measures, "norms": norms}, raw=sample_run / "raw")
    return study, sp.run(study, until="gaps", processed=folder / "processed", maps=folder / "maps")


def test_a_plan_for_a_group_counts_its_people_alone(of_groups):
    study, result = of_groups
    plans, settlements = result.plans.set_index("plan_id"), result.settlements.query("in_study")
    elderly = settlements["elderly_persons"].sum()
    sides = [f"persons_{side}" for side in ("within", "gained", "beyond", "unknown")]
    for name in ("near", "beds", "idle"):
        assert plans.loc[name, sides].sum() == pytest.approx(elderly)
        assert plans.loc[name, "stat_unit"] == "elderly"
    assert (plans.loc[["near", "beds"], "persons_gained"] > 0.0).tolist() == [True, True], plans[sides].to_string()
    assert plans.loc["law", ["norm_id", "stat_unit"]].tolist() == ["OURS", "elderly"]
    # Who fills the facilities are the elderly: whom they leave today is found anew from the plan's own times.
    people = result.plan_people.query("plan_id == 'beds'").set_index("unit_id")
    found = people["persons"].reindex(settlements["settlement_id"]).to_numpy()
    assert found == pytest.approx(settlements["elderly_persons"].to_numpy())
    told = "\n".join(plan_lines(study, result))
    assert "older people" in told or "elderly" in told


def test_a_group_that_nobody_knows_has_no_plan_and_says_why(of_groups):
    study, result = of_groups
    plans = result.plans.set_index("plan_id")
    assert plans.loc[["unknown", "nowhere"], "reason"].tolist() == ["no_group"] * 2
    for language, told in (("en", "nobody knows where"), ("fr", "on ignore où"), ("zh", "居住分布不明")):
        assert told in "\n".join(plan_lines(study, result, language=language))


def test_a_norm_says_itself_whom_it_counts(tiny):
    with pytest.raises(StudyError, match="leave out group"):
        study_of(tiny, plans=[{"name": "a", "norm": "GL-PHC-1H", "group": "elderly_persons"}])


def test_a_team_sets_out_from_a_place_of_the_study_that_has_a_name(grid_city):
    places = grid_city.settlements(
        [("own", "village", 0, 0), ("beside", "village", 1, 0), ("nameless", "village", 2, 0)],
        in_study=[True, False, True], name=["Own", "Beside", None],
    )  # fmt: skip
    assert base_of_round("care", RoundOptions(base="Own"), places) == "own"
    for base in ("beside", "nameless"):
        with pytest.raises(StudyError, match="lies outside the study area, or has no name"):
            base_of_round("care", RoundOptions(base=base), places)
