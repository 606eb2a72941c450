"""Scenarios from the study file: roads closed, faster, new; facilities opened, closed; and who gains and loses."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

import spatial as sp
from spatial.errors import ContractError, SourceError, StageError, StudyError
from spatial.stages.scenarios import network_scenario
from spatial.tables import TABLES
from tests.unit.scenario_files import line, write

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("what_it_rests_on")]


def study_of(tiny, **more):
    """The tiny study with further keys, which may hold lists of tables."""
    values = dict(tiny.tables[""])
    for name, keys in tiny.tables.items():
        if name:
            inner = values
            for part in name.split("."):
                inner = inner.setdefault(part, {})
            inner.update(keys)
    return sp.Study.from_dict({**values, **more}, raw=tiny.raw)


def run(tiny, *, until="gaps", **more):
    study = study_of(tiny, **more)
    return sp.run(study, processed=tiny.processed, maps=tiny.maps, until=until)


NAMES = ("middle-street", "same-by-file", "faster", "short-cut", "school-for-hospital", "new-market")


@pytest.fixture(scope="module")
def ran(tmp_path_factory, tiny_at):
    """Six scenarios in one run."""
    tiny = tiny_at(tmp_path_factory.mktemp("scenarios"))
    flood = write(tiny, "flood.geojson", line(tiny, (0, 2), (4, 2)))
    road = write(tiny, "new.geojson", line(tiny, (2, 2), (4, 0), road_class="trunk", speed_km_h=60, name="新路"))
    opens = write(tiny, "open.geojson", line(tiny, (4, 0), facility_id="n1", name="新院"))
    changes = (
        {"close": ["w3"], "services": ["hospital", "county_seat"], "title": {"en": "The middle street is closed"}},
        {"close_file": flood},
        {"speed_factors": {"tertiary": 2.0}, "services": ["hospital", "primary_school"]},
        {"new_roads": road},
        {"new_facilities": {"path": opens, "service": "hospital"}, "close_facilities": ["f1"]},
        {"open": [{"service": "market", "at": "s8"}], "services": []},
    )
    items = [{"name": name, "services": ["hospital"], **change} for name, change in zip(NAMES, changes, strict=True)]
    return run(tiny, scenarios=items)


def minutes(ran, scenario, side, service="hospital"):
    table = ran.scenario_access
    rows = table.loc[(table["scenario"] == scenario) & (table["service"] == service)]
    return rows.set_index("settlement_id")[f"{side}_min"]


def test_the_tables_keep_their_contracts_and_before_is_the_access_table(ran):
    for name in ("scenario_access", "scenario_people"):
        TABLES[name].check(getattr(ran, name))
    rows = ran.access.loc[(ran.access["mode"] == "drive") & (ran.access["service"] == "hospital")]
    known = rows.set_index("settlement_id")["travel_time_min"]
    for name in NAMES:
        before = minutes(ran, name, "before")
        assert np.allclose(before, known.reindex(before.index), rtol=0, atol=1e-9)


def test_a_road_closed_by_id_or_by_a_line_along_it_is_the_same(ran):
    by_id, by_file = (minutes(ran, name, "after") for name in ("middle-street", "same-by-file"))
    assert by_id.equals(by_file)
    # The hospital at (2, 2) is reached over the next street: two blocks more for s3 and s4 on the closed one.
    longer = by_id - minutes(ran, "middle-street", "before")
    assert (longer.loc[["s3", "s4"]] > 4.0).all()
    assert longer.loc["s1"] == 0.0


def test_towns_are_looked_at_by_their_tier(ran):
    # The hospital stands in the county seat, where nobody has a way to it.
    for side in ("before", "after"):
        seat, hospital = (minutes(ran, "middle-street", side, name) for name in ("county_seat", "hospital"))
        assert np.allclose(seat, hospital, rtol=0, atol=0.01)
    assert minutes(ran, "middle-street", "after", "county_seat").loc["s1"] == 0.0


def test_twice_the_speed_halves_the_times_of_places_on_the_road(ran):
    for service in ("hospital", "primary_school"):
        before, after = (minutes(ran, "faster", side, service) for side in ("before", "after"))
        # Places stand on the streets, so that nobody walks far.
        assert np.allclose(after, before / 2.0, rtol=0, atol=0.01)


def test_a_new_road_shortens_and_never_lengthens(ran):
    before, after = (minutes(ran, "short-cut", side) for side in ("before", "after"))
    # From (4, 0) to (2, 2): 2 columns of 0.9646 km and 2 rows of 1.1086 km apart, 2.94 km at 60 km/h.
    assert after.loc["s8"] == pytest.approx(2.94, abs=0.02)
    assert (after <= before + 1e-9).all()


def test_facilities_that_open_and_close_count_only_after(ran):
    after = minutes(ran, "school-for-hospital", "after")
    assert after.loc["s8"] == pytest.approx(0.0, abs=0.01)
    assert after.loc["s1"] == pytest.approx(minutes(ran, "school-for-hospital", "before").loc["s8"], abs=0.01)


def test_what_opens_is_looked_at_as_what_it_is_beside_what_norms_ask_for(ran):
    before, after = (minutes(ran, "new-market", side, "market") for side in ("before", "after"))
    assert before.isna().all()
    assert after.loc["s8"] == 0.0
    assert not minutes(ran, "new-market", "after").empty


def test_people_are_counted_at_every_cutoff_and_in_the_summary(ran):
    people = ran.scenario_people
    kept = people["within_before_persons"] + people["gained_persons"] - people["lost_persons"]
    assert np.allclose(kept, people["within_after_persons"])
    assert set(people["cutoff_min"]) == {15.0, 30.0, 60.0}
    told = ran.summary["scenarios"]
    assert {row["scenario"] for row in told} == set(NAMES)
    assert {row["cutoff_min"] for row in told} == {60.0}


def test_a_study_without_scenarios_writes_no_table(tiny_done):
    results = run(tiny_done)
    assert not {"scenario_access", "emergency_response", "calibration_errors"} & set(results.names)
    assert results.summary["scenarios"] == []


def test_unknown_ids_of_all_scenarios_are_named_at_once(tiny_done):
    wrong = [
        {"name": "one", "close": ["w3", "w99"], "speeds_km_h": {"w98": 30}},
        {"name": "two", "close_facilities": ["f1", "f9"], "speed_factors": {"motorway": 2}},
    ]
    with pytest.raises(StageError) as error:
        run(tiny_done, scenarios=wrong)
    for text in (
        "scenarios.one.close: no edge or road 'w99'",
        "scenarios.one.speeds_km_h: no edge or road 'w98'",
        "scenarios.two.close_facilities: no facility 'f9'",
        "scenarios.two.speed_factors: no edge, road or class 'motorway'",
    ):
        assert text in str(error.value)


def test_unknown_services_seasons_and_modes_are_refused_before_any_work(bare):
    bare.tables["network"]["modes"] = ["walk"]
    wrong = [
        {"name": "one", "close": ["w3"], "services": ["hosptal"]},
        {"name": "two", "season": "monsoon"},
        {"name": "three", "new_facilities": {"path": "tiny/facilities.csv", "service": "hosptal"}},
    ]
    crew = {"service": "fire_brigade", "mobilisation_min": 2}
    with pytest.raises(StudyError) as error:
        run(bare, scenarios=wrong, emergency=crew)
    for text in (
        "scenarios.one.services: unknown 'hosptal'",
        "scenarios.two.season: the speed table has no season 'monsoon'",
        "scenarios.three.new_facilities.service: unknown 'hosptal'",
        "emergency.service: unknown 'fire_brigade'",
        "emergency: crews drive; add one of emergency, drive, motorcycle to network.modes",
    ):
        assert text in str(error.value)
    assert bare.written() == []


def test_missing_files_are_named_with_the_others(tiny):
    with pytest.raises(SourceError, match=r"scenarios.new.new_roads: .*nowhere.gpkg"):
        run(tiny, scenarios=[{"name": "new", "new_roads": "tiny/nowhere.gpkg"}])


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([{"name": "nothing"}], "changes nothing"),
        ([{"name": "a", "close": ["w1"]}, {"name": "a", "close": ["w2"]}], "scenarios: name each one once"),
        ([{"name": "a", "speed_factors": {"w1": 0}}], "every number must be above 0"),
        ([{"name": "A road", "close": ["w1"]}], "name"),
    ],
)
def test_scenarios_that_make_no_sense_are_refused(tiny, items, says):
    with pytest.raises(StudyError, match=says):
        study_of(tiny, scenarios=items)


def test_a_changed_file_runs_the_scenarios_again_and_nothing_before_them(tiny_done, command):
    path = write(tiny_done, "new.geojson", line(tiny_done, (2, 2), (4, 0), road_class="trunk", speed_km_h=60))
    tiny_done.tables["scenarios"] = {"name": "new", "new_roads": path}
    assert tiny_done.run("--stage", "scenarios").code == 0
    write(tiny_done, "new.geojson", line(tiny_done, (2, 2), (4, 0), road_class="trunk", speed_km_h=80))
    told = command("status", tiny_done.save(), *tiny_done.folders()).out.splitlines()
    stages = {row.split()[1]: row.split()[0] for row in told}
    assert stages["scenarios"] == "run"
    assert {stages[name] for name in ("read", "calibration", "network", "access", "certainty")} == {"skip"}


def test_walk_and_drive_together_take_every_change_and_crews_drive(tiny_done):
    tiny_done.tables["network"]["modes"] = ["walk+drive", "drive"]
    road = write(tiny_done, "new.geojson", line(tiny_done, (2, 2), (4, 0), road_class="trunk", speed_km_h=60))
    flood = write(tiny_done, "flood.geojson", line(tiny_done, (0, 2), (4, 2)))
    changes = {
        "cut": {"close": ["w3"]},
        "flood": {"close_file": flood},
        "faster": {"speed_factors": {"tertiary": 2.0}},
        "new": {"new_roads": road},
        "wet": {"season": "wet"},
    }
    items = [{"name": name, "services": ["hospital"], **change} for name, change in changes.items()]
    crew = {"service": "hospital", "mobilisation_min": 2}
    stages = ("certainty", "scenarios", "emergency")
    ran = [run(tiny_done, until=stage, scenarios=items, emergency=crew) for stage in stages][-1]
    before = {name: minutes(ran, name, "before") for name in changes}
    after = {name: minutes(ran, name, "after") for name in changes}
    assert (after["cut"] > before["cut"] + 1.0).any()
    assert (after["cut"] >= before["cut"] - 1e-9).all()
    assert after["flood"].equals(after["cut"])
    assert np.allclose(after["faster"], before["faster"] / 2.0, rtol=0, atol=0.01)
    # The same road as in the drive alone: 2.94 km at 60 km/h.
    assert after["new"].loc["s8"] == pytest.approx(2.94, abs=0.02)
    assert (after["wet"] >= before["wet"] - 1e-9).all()
    people = ran.scenario_people
    kept = people["within_before_persons"] + people["gained_persons"] - people["lost_persons"]
    assert np.allclose(kept, people["within_after_persons"])
    assert set(people["mode"]) == set(ran.scenario_access["mode"]) == {"walk+drive"}
    assert set(ran.emergency_response["mode"]) == {"drive"}
    # The wet season of the interval is known for both legs too.
    assert set(ran.wet_losses["mode"]) == {"walk+drive"}


def test_new_facilities_tell_level_hours_and_who_may_use_them(tiny_done):
    spots = {"level": (0, 0), "hours": (4, 0), "members": (4, 4), "own": (4, 0), "other": (4, 0)}
    facts = {
        "level": {"kind": "medical_point", "level": "district hospital"},
        "hours": {"kind": "emergency_hospital", "opening_hours": "Mo-Fr 08:00-17:00"},
        "members": {"kind": "hospital", "eligibility": "members"},
        "own": {"kind": "hospital", "eligible_units": "东镇"},
        "other": {"kind": "hospital", "eligible_units": "西镇"},
    }
    items = []
    for name, spot in spots.items():
        path = write(tiny_done, f"{name}.geojson", line(tiny_done, spot, facility_id="n1", **facts[name]))
        opened = {"path": path, "columns": {"service": "kind"}}
        items.append({"name": name, "services": ["hospital", "emergency_hospital"], "new_facilities": opened})
    table = run(tiny_done, until="scenarios", scenarios=items).scenario_access
    hospital = table[table["service"] == "hospital"].set_index("settlement_id")
    gained = {
        name: set(rows.index[rows["after_min"] < rows["before_min"]]) for name, rows in hospital.groupby("scenario")
    }
    # The level makes it a hospital; what is for members opens for nobody; a unit's for its people alone.
    assert gained["level"]
    assert gained["hours"]
    assert gained["members"] == set()
    assert "s8" in gained["own"]
    assert gained["other"] == set()
    # It closes at night, so no scenario opens an emergency hospital.
    assert not (table["service"] == "emergency_hospital").any()


def test_each_scenario_travels_by_its_own_mode_and_the_tables_say_so(tiny_done):
    tiny_done.tables["network"]["modes"] = ["walk", "drive", "walk+drive"]
    items = [
        {"name": "default", "close": ["w3"], "services": ["hospital", "county_seat"]},
        {"name": "driving", "close": ["w3"], "services": ["hospital", "county_seat"], "mode": "drive"},
        {"name": "both", "close": ["drive:w3"], "services": ["hospital"], "mode": "walk+drive"},
    ]
    ran = run(tiny_done, scenarios=items)
    for name, mode in {"default": "walk", "driving": "drive", "both": "walk+drive"}.items():
        for table in (ran.scenario_access, ran.scenario_people):
            assert set(table.loc[table["scenario"] == name, "mode"]) == {mode}
        rows = ran.access.loc[(ran.access["mode"] == mode) & (ran.access["service"] == "hospital")]
        known = rows.set_index("settlement_id")["travel_time_min"]
        before = minutes(ran, name, "before")
        assert np.allclose(before, known.reindex(before.index), rtol=0, atol=1e-9)
    alone, apart = (minutes(ran, name, "after") for name in ("driving", "both"))
    # Walkers still pass the street that is closed to cars, so nobody needs longer than by the car alone.
    assert (apart <= alone + 1e-9).all()
    assert {row["mode"] for row in ran.summary["scenarios"]} == {"walk", "drive", "walk+drive"}


def test_the_same_scenario_by_one_mode_is_the_same_whatever_mode_comes_first(tiny_at, tmp_path):
    found = []
    for folder, modes in (("one", ["walk", "drive"]), ("other", ["drive", "walk"])):
        (tmp_path / folder).mkdir()
        tiny = tiny_at(tmp_path / folder)
        tiny.tables["network"]["modes"] = modes
        item = {"name": "cut", "close": ["w3"], "services": ["hospital"], "mode": "drive"}
        found.append(run(tiny, until="scenarios", scenarios=[item]).scenario_access)
    assert found[0].equals(found[1])


def test_modes_that_the_study_does_not_have_are_refused_with_those_that_it_has(bare):
    bare.tables["network"]["modes"] = ["drive", "walk"]
    crews = [
        {"service": "hospital", "mobilisation_min": 2, "mode": "emergency"},
        {"service": "fire_station", "mobilisation_min": 2, "mode": "walk"},
    ]
    with pytest.raises(StudyError) as error:
        run(
            bare,
            scenarios=[{"name": "one", "close": ["w3"], "mode": "cycle"}],
            emergency=crews,
            measures={"mode": "walk+drive"},
        )
    has = "choose of its network.modes drive, walk"
    for text in (
        f"scenarios.one.mode: the study does not travel by cycle; {has}",
        f"emergency.hospital.mode: the study does not travel by emergency; {has}",
        f"measures.mode: the study does not travel by walk+drive; {has}",
        "emergency.fire_station.mode: crews do not come by walk; choose of drive",
    ):
        assert text in str(error.value)
    assert bare.written() == []
    with pytest.raises(StudyError, match=r"scenarios.0.mode: must be 'walk', .*'drive'"):
        study_of(bare, scenarios=[{"name": "one", "close": ["w3"], "mode": "car"}])
    with pytest.raises(StudyError, match="changes nothing"):
        study_of(bare, scenarios=[{"name": "one", "mode": "drive"}])


def test_measures_and_room_are_counted_in_the_mode_that_is_asked_for(tiny):
    tiny.tables["network"]["modes"] = ["drive", "walk"]
    lines = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    tiny.write("facilities.csv", "\n".join([f"{lines[0]},places", *(f"{row},5" for row in lines[1:])]))
    tiny.tables["sources.facilities"]["columns"] |= {"capacity": "places"}
    asked = {
        "services": ["hospital"],
        "kinds": ["cumulative"],
        "catchment_min": 15,
        "persons_per_unit": {"hospital": 1e6},
    }
    ran = run(tiny, until="measures", measures={**asked, "mode": "walk"})
    assert set(ran.measures["mode"]) == set(ran.served["mode"]) == {"walk"}
    rows = ran.access.loc[(ran.access["mode"] == "walk") & (ran.access["service"] == "hospital")]
    near = rows.loc[rows["travel_time_min"] <= 15, "settlement_id"]
    served = ran.served.set_index("settlement_id")
    # There is room for all: whoever is near on foot is served, the others reach none.
    assert set(served.index[served["served_persons"] > 0]) == set(near)
    assert (served["not_reached_persons"] > 0).sum() == len(rows) - len(near)


def test_what_opens_where_nobody_comes_is_said(tiny, caplog):
    # Half a kilometre from the streets and lanes around, where nobody walks further than 100 m to one.
    tiny.tables["network"]["max_snap_m"] = 100.0
    lon, lat = map(float, tiny.at(2.5, 2.5).split(","))
    opens = [{"service": "hospital", "lon": lon, "lat": lat, "facility_id": "x"}, {"service": "hospital", "at": "s8"}]
    run(tiny, until="scenarios", scenarios=[{"name": "off", "services": ["hospital"], "open": opens}])
    said = (
        "scenario off: further than 0.1 km from every road and settlement, so that nobody comes there: 'x' (1 in all)"
    )
    assert said in caplog.messages


def one_road(end_north, **network):
    """A road of 4 km along the equator, a scenario that builds one north from its middle, and the valley below 1 km."""
    lines = [shapely.LineString([(500_000, 0), (504_000, 0)])]
    roads = gpd.GeoDataFrame({"road_id": ["w1"], "road_class": ["tertiary"]}, geometry=lines, crs="EPSG:32738")
    ends = gpd.GeoSeries([shapely.Point(502_000, 0), shapely.Point(502_000, end_north)], crs=roads.crs).to_crs(4326)
    built = {"road_id": "new", "points": [[end.x, end.y] for end in ends], "road_class": "primary"}
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": {"osm": {"path": "x.osm"}}}
    values |= {"network": {"speeds": "rural_cn", **network}, "scenarios": [{"name": "a", "build": [built]}]}
    area = gpd.GeoDataFrame(geometry=[shapely.box(490_000, -9_000, 520_000, 1_000)], crs=roads.crs)
    factor = network.get("speed_factor", 1.0)
    return sp.Study.from_dict(values), sp.build_network(roads, speeds="rural_cn", speed_factor=factor), area


def test_a_new_road_that_takes_its_speed_from_the_table_keeps_to_the_factor_of_the_study():
    study, graph, area = one_road(1_200, speed_factor=0.5)
    wider = network_scenario(study, study.scenarios[0], graph, area).apply(graph)
    # Half of the 50 km/h of the table.
    assert set(wider.speed_km_h[wider.road_id == "new"]) == {25.0}


def test_no_new_road_crosses_a_hard_border():
    for end_north, is_refused in ((999, False), (1_000, False), (1_200, True)):
        study, graph, area = one_road(end_north, hard_border=True)
        if is_refused:
            with pytest.raises(ContractError, match=r"hard_border closes: 'new' \(1 in all\); end them there"):
                network_scenario(study, study.scenarios[0], graph, area)
        else:
            assert network_scenario(study, study.scenarios[0], graph, area).add is not None
