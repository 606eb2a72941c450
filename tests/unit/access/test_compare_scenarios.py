"""What scenarios and crews mean for people, on networks whose times are known by arithmetic."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.access.analyst import emergency_response
from spatial.access.scenarios import compare_scenarios, reclassified, summarise_scenarios
from spatial.errors import ContractError, NetworkError
from spatial.network.build import build_network
from spatial.network.scenarios import Scenario

CRS = "EPSG:32738"


def lines(*rows):
    return gpd.GeoDataFrame(
        [tags for _, tags in rows], geometry=[shapely.LineString(line) for line, _ in rows], crs=CRS
    )


def places(rows, key, **columns):
    return gpd.GeoDataFrame(
        {key: [name for name, _ in rows], **columns}, geometry=[shapely.Point(xy) for _, xy in rows], crs=CRS
    )


@pytest.fixture(scope="module")
def bay():
    """Two roads of 25 km/h across a bay, joined 20 km to the west."""
    return build_network(
        lines(
            ([(0, 0), (-20_000, 0), (-20_000, 10_000), (0, 10_000)], {"road_id": "w1"}),
            ([(0, 10_000), (30_000, 10_000)], {"road_id": "w2"}),
        )
    )


HOSPITAL = places([("h", (0, 0))], "facility_id", service="hospital", status="existing")
VILLAGES = places(
    [("north", (0, 10_000)), ("east", (30_000, 10_000)), ("isle", (0, 99_000))],
    "settlement_id",
    population_persons=[100.0, 10.0, np.nan],
    in_study=True,
)
BRIDGE = Scenario("bridge", add=lines(([(0, 0), (0, 10_000)], {"speed_km_h": 60.0, "bridge": "yes", "road_id": "b"})))
CUT = Scenario("landslide", close=["w2"])


def test_minutes_before_and_after_and_the_people_who_gain_or_lose(bay):
    table = compare_scenarios(bay, [BRIDGE, CUT], VILLAGES, HOSPITAL, service="hospital", cutoff_min=120.0)
    # North: 50 km at 25 km/h, 120 min, exactly the cutoff; 10 km at 60 km/h, 10 min. East: 30 km, 72 min more.
    north, east, isle = (
        table[table["settlement_id"] == name].set_index("scenario") for name in ("north", "east", "isle")
    )
    np.testing.assert_allclose(
        north.loc["bridge", ["before_min", "after_min", "difference_min"]].astype(float), [120, 10, -110]
    )
    np.testing.assert_allclose(
        east.loc["bridge", ["before_min", "after_min", "difference_min"]].astype(float), [192, 82, -110]
    )
    assert (north.loc["bridge", "class_change"], east.loc["bridge", "class_change"]) == ("same", "gained")
    assert (east.loc["landslide", "after_status"], east.loc["landslide", "class_change"]) == ("no_path", "same")
    assert np.isnan(east.loc["landslide", "difference_min"])
    assert set(isle["before_status"]) == {"not_snapped"}
    assert list(table["settlement_id"]) == [*VILLAGES["settlement_id"]] * 2
    total = summarise_scenarios(table).set_index("scenario")
    assert total.loc[
        "bridge", ["within_before_persons", "within_after_persons", "gained_persons", "lost_persons"]
    ].tolist() == [100, 110, 10, 0]
    assert total.loc["bridge", "person_minutes"] == pytest.approx(110 * 110)
    assert total.loc["landslide", "person_minutes"] == 0.0
    assert list(total["unknown_places"]) == [1, 1]


def test_an_empty_scenario_changes_nothing_at_all(bay):
    table = compare_scenarios(bay, Scenario("as it is"), VILLAGES, HOSPITAL, service="hospital")
    np.testing.assert_array_equal(table["before_min"], table["after_min"])
    assert set(table["class_change"]) == {"same"}


def test_a_new_road_joins_places_that_had_none_and_pushes_no_way_in_off_the_list(bay):
    # Ten slow lanes beside the village of the north, nearer than its own road; one way in would be theirs.
    lanes = lines(*(([(100.0 + k, 9990.0), (100.0 + k, 9000.0)], {"speed_km_h": 1.0}) for k in range(10)))
    village = VILLAGES.iloc[:1].set_geometry([shapely.Point(105, 9900)], crs=CRS)
    before_after = compare_scenarios(bay, Scenario("lanes", add=lanes), village, HOSPITAL, service="hospital")
    assert (before_after["after_min"] <= before_after["before_min"]).all()
    road = lines(([(0, 10_000), (0, 99_000)], {"speed_km_h": 60.0, "road_id": "n"}))
    isle = compare_scenarios(bay, Scenario("road", add=road), VILLAGES.iloc[2:], HOSPITAL, service="hospital").iloc[0]
    assert (isle["before_status"], isle["after_status"]) == ("not_snapped", "reached")
    # 50 km at 25 km/h and 89 km at 60 km/h.
    assert isle["after_min"] == pytest.approx(120.0 + 89.0)


def test_scenarios_have_names_of_their_own(bay):
    with pytest.raises(ContractError, match="name: not unique: 'bridge'"):
        compare_scenarios(bay, [BRIDGE, BRIDGE], VILLAGES, HOSPITAL, service="hospital")


@pytest.fixture(scope="module")
def street():
    """60 km/h one way to the east, and back around; a kilometre a minute (emergency drives at 1.2 times 25 km/h)."""
    return build_network(lines(([(0, 0), (30_000, 0)], {"road_id": "w1"})), mode="emergency")


def test_mobilisation_and_drive_add_up_and_the_first_crew_is_not_the_nearest(street):
    # 30 km/h, 2 min a kilometre. Volunteers 5 km away need 20 min to mobilise: 30; the crew at 12 km needs 2: 26.
    stations = places(
        [("volunteers", (5000, 0)), ("crew", (12_000, 0))],
        "facility_id",
        service="fire_station",
        status="existing",
        ready=[20.0, 2.0],
    )
    village = places([("v", (0, 0)), ("far", (0, 9000))], "settlement_id")
    table = emergency_response(street, stations, village, mobilisation_min="ready")
    assert table.loc[0, ["station_id", "mobilisation_min", "drive_min", "response_min"]].tolist() == [
        "crew",
        2.0,
        pytest.approx(24.0),
        pytest.approx(26.0),
    ]
    assert list(table["reach_status"]) == ["reached", "not_snapped"]
    assert table.loc[1, ["station_id", "mobilisation_min", "drive_min", "response_min"]].isna().all()
    # With the same minutes for all, the nearest comes first: 3 + 10.
    table = emergency_response(street, stations, village, mobilisation_min=3.0, service="fire_station")
    assert table.loc[0, ["station_id", "response_min"]].tolist() == ["volunteers", pytest.approx(13.0)]
    assert set(
        emergency_response(street, stations, village, mobilisation_min=3.0, service="ambulance_station")["reach_status"]
    ) == {"no_facility"}


def test_the_crew_drives_from_the_station():
    # One way to the east, 5 km; the way back is 15 km around.
    graph = build_network(
        lines(
            ([(0, 0), (5000, 0)], {"road_id": "w1", "oneway": "yes"}),
            ([(5000, 0), (5000, 5000), (0, 5000), (0, 0)], {"road_id": "w2", "oneway": "yes"}),
        ),
        mode="emergency",
    )
    station = places([("s", (0, 0))], "facility_id", service="ambulance", status="existing")
    table = emergency_response(graph, station, places([("v", (5000, 0))], "settlement_id"), mobilisation_min=1.0)
    assert table.loc[0, "drive_min"] == pytest.approx(10.0)
    station = station.set_geometry([shapely.Point(5000, 0)], crs=CRS)
    table = emergency_response(graph, station, places([("v", (0, 0))], "settlement_id"), mobilisation_min=1.0)
    assert table.loc[0, "drive_min"] == pytest.approx(30.0)


def test_only_stations_that_respond_need_a_mobilisation(street):
    stations = places(
        [("crew", (0, 0)), ("clinic", (1000, 0)), ("planned", (2000, 0))],
        "facility_id",
        service=["fire_station", "clinic", "fire_station"],
        status=["existing", "existing", "candidate"],
        ready=[2.0, np.nan, np.nan],
    )
    village = places([("v", (5000, 0))], "settlement_id")
    table = emergency_response(street, stations, village, mobilisation_min="ready", service="fire_station")
    assert table.loc[0, ["station_id", "response_min"]].tolist() == ["crew", pytest.approx(12.0)]
    with pytest.raises(ContractError, match=r"stations 'clinic' \(1 in all\)"):
        emergency_response(street, stations, village, mobilisation_min="ready")


def test_mobilisation_must_be_stated(street):
    stations = places(
        [("a", (0, 0)), ("b", (0, 0))], "facility_id", service="fire_station", status="existing", ready=[np.nan, -1.0]
    )
    village = places([("v", (0, 0))], "settlement_id")
    with pytest.raises(ContractError, match="ready: missing or below 0 at stations 'a', 'b'"):
        emergency_response(street, stations, village, mobilisation_min="ready")
    with pytest.raises(ContractError, match="delay: no such column"):
        emergency_response(street, stations, village, mobilisation_min="delay")
    with pytest.raises(ContractError, match="must be 0 or more, is -1"):
        emergency_response(street, stations, village, mobilisation_min=-1.0)
    walked = build_network(lines(([(0, 0), (1000, 0)], {})), mode="walk")
    with pytest.raises(NetworkError, match="crews drive"):
        emergency_response(walked, stations, village, mobilisation_min=1.0)


def test_several_services_at_once_are_the_same_as_one_by_one(bay):
    clinics = places(
        [("h", (0, 0)), ("c", (30_000, 10_000))], "facility_id", service=["hospital", "clinic"], status="existing"
    )
    kinds = {"care": frozenset({"hospital", "clinic"}), "hospital": frozenset({"hospital"})}
    limits = {"care": 60.0, "hospital": 120.0}
    both = compare_scenarios(bay, [BRIDGE, CUT], VILLAGES, clinics, service=kinds, cutoff_min=limits)
    for name, members in kinds.items():
        alone = compare_scenarios(bay, [BRIDGE, CUT], VILLAGES, clinics, service=members, cutoff_min=limits[name])
        rows = both.loc[both["service"] == name].reset_index(drop=True)
        assert rows.drop(columns="service").equals(alone.drop(columns="service"))
    assert summarise_scenarios(both)["service"].tolist() == ["care", "hospital"] * 2


def test_a_new_and_a_closed_facility_count_only_after(bay):
    east = places([("h", (0, 0)), ("new", (30_000, 10_000))], "facility_id", service="hospital", status="existing")
    after = {"new": east, "none": east.iloc[:0]}
    table = compare_scenarios(
        bay, [Scenario("new"), Scenario("none")], VILLAGES, HOSPITAL, service="hospital", facilities_after=after
    ).set_index(["scenario", "settlement_id"])
    # East has it at the door; north comes 30 km at 25 km/h, 72 min, rather than 50 km, 120 min.
    assert table.loc[("new", "east"), ["before_min", "after_min"]].tolist() == pytest.approx([192.0, 0.0])
    assert table.loc[("new", "north"), ["before_min", "after_min"]].tolist() == pytest.approx([120.0, 72.0])
    assert table.loc[("none", "north"), "after_status"] == "no_facility"
    with pytest.raises(ContractError, match="no scenario 'other'"):
        compare_scenarios(bay, CUT, VILLAGES, HOSPITAL, service="hospital", facilities_after={"other": HOSPITAL})


def test_another_cutoff_gives_other_classes_from_the_same_times(bay):
    table = compare_scenarios(bay, BRIDGE, VILLAGES, HOSPITAL, service="hospital", cutoff_min=120.0)
    wanted = compare_scenarios(bay, BRIDGE, VILLAGES, HOSPITAL, service="hospital", cutoff_min=60.0)
    assert reclassified(table, 60.0).equals(wanted)


def test_flags_that_are_numbers_are_the_same_sums(bay):
    table = compare_scenarios(bay, [BRIDGE, CUT], VILLAGES, HOSPITAL, service="hospital", cutoff_min=120.0)
    outside = table.assign(in_study=table["settlement_id"] != "east")
    whole = dict.fromkeys(("in_study", "within_before", "within_after"), "int64")
    told = summarise_scenarios(outside)
    assert summarise_scenarios(outside.astype(whole)).equals(told)
    # Missing is neither within nor beyond.
    for unknown in (outside["within_before"].astype("boolean"), outside["within_before"].astype(object)):
        with pytest.raises(ContractError, match="within_before: missing in 1 rows"):
            summarise_scenarios(outside.assign(within_before=unknown.mask(unknown.index == unknown.index[0])))
    assert told["persons"].tolist() == [100.0, 100.0]
