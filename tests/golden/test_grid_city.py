"""The grid city: a kilometre grid at 30 km/h, so that every time follows from counting blocks."""

import numpy as np
import pytest

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.cumulative import widen
from spatial.access.last_mile import last_mile
from spatial.access.nearest import access_table
from spatial.access.options import AccessRules
from spatial.access.places import Surroundings
from spatial.tables import TABLES

# Hospitals stand at the corners, 1, 2, 4 and 8 of them, so that a count names the corners within reach.
CORNERS = {(0, 0): 1, (4, 0): 2, (0, 4): 4, (4, 4): 8}
HOSPITALS = [
    (f"n{1000 * (x + 1) + 100 * (y + 1) + number}", "hospital", x, y)
    for (x, y), number_here in CORNERS.items()
    for number in range(number_here)
]
PLACES = [
    ("n1", "village", 1, 0),
    ("n2", "village", 2, 1),
    ("n3", "village", 1.5, 2.2),
    ("n4", "town", 3, 3),
    ("n5", "city", 0, 2),
]
SERVICES = {"hospital": frozenset({"hospital"}), "school": frozenset({"school"})}


@pytest.fixture(scope="module")
def result(grid_city):
    return access_table(
        grid_city.graph(),
        grid_city.settlements(PLACES),
        grid_city.facilities(HOSPITALS),
        services=SERVICES,
        rules=AccessRules(cutoffs_min=(5.0, 10.0, 14.0), max_time_min=240.0),
    )


@pytest.fixture(scope="module")
def rows(result):
    return result.access.set_index(["service", "settlement_id"])


def test_every_table_keeps_its_contract(result, grid_city):
    TABLES["access"].check(result.access)
    TABLES["snaps"].check(result.snaps)
    TABLES["routes"].check(result.routes)
    TABLES["findings_access"].check(result.findings)


def test_there_is_one_row_per_settlement_service_and_mode(result):
    # 5 settlements x (2 services + 3 tiers of towns) x 1 mode
    assert len(result.access) == 25
    assert list(result.access["settlement_id"][:5]) == ["n1", "n2", "n3", "n4", "n5"]
    assert list(result.access["service"].unique()) == ["hospital", "school", "town", "county_seat", "city"]


def test_times_follow_from_counting_blocks(rows):
    hospital = rows.loc["hospital", "travel_time_min"]
    # n1 stands at (1, 0): one block of 2 minutes to (0, 0).
    assert hospital["n1"] == pytest.approx(2.0)
    # n2 at (2, 1): 3 blocks to (0, 0) or (4, 0).
    assert hospital["n2"] == pytest.approx(6.0)
    # n3 at (1.5, 2.2): 0.2 km to the street y = 2, a walk of 0.2 x 15.6 = 3.12 minutes; then 1.5 + 2 blocks = 7
    # minutes to (0, 0) or (0, 4). By the street x = 1 or x = 2, half a kilometre off, the walk takes 7.8 minutes and
    # the 1 + 1.8 blocks to (0, 4) 5.6 minutes: 13.4 in all.
    assert hospital["n3"] == pytest.approx(3.12 + 7.0)
    # n4 at (3, 3): 2 blocks to (4, 4); n5 at (0, 2): 2 blocks to either corner.
    assert hospital["n4"] == pytest.approx(4.0)
    assert hospital["n5"] == pytest.approx(4.0)


def test_legs_add_up_to_the_time_and_distance_counts_both_walks(rows):
    n3 = rows.loc[("hospital", "n3")]
    assert n3["access_leg_min"] == pytest.approx(3.12)
    assert n3["network_leg_min"] == pytest.approx(7.0)
    assert n3["egress_leg_min"] == pytest.approx(0.0)
    # 200 m x 1.3 of walk and 3.5 km of street
    assert n3["network_distance_m"] == pytest.approx(3760.0)
    # As the crow flies the nearest hospital is at (0, 4): hypot(1.5, 1.8) = 2.3431 km
    assert n3["straight_distance_m"] == pytest.approx(1000.0 * np.hypot(1.5, 1.8))


def test_equal_times_go_to_the_lowest_id(rows):
    # (0, 0) and (4, 0) are both 6 minutes from n2; the hospital at (0, 0) is n1100, the first at (4, 0) is n5100.
    assert rows.loc[("hospital", "n2"), "facility_id"] == "n1100"
    assert rows.loc[("hospital", "n2"), "second_facility_id"] == "n5100"
    assert rows.loc[("hospital", "n2"), "second_travel_time_min"] == pytest.approx(6.0)


def test_counts_name_the_corners_within_reach(rows):
    # n1: (0, 0) in 2 minutes, (4, 0) in 6, (0, 4) in 1 + 4 = 5 blocks = 10, (4, 4) in 3 + 4 = 7 blocks = 14.
    # The cutoffs are inclusive: 10 minutes are within 10, 14 within 14.
    n1 = rows.loc[("hospital", "n1")]
    assert n1["facilities_within_5_min"] == 1.0
    assert n1["facilities_within_10_min"] == 1 + 2 + 4
    assert n1["facilities_within_14_min"] == 1 + 2 + 4 + 8


def test_a_service_without_facility_is_no_facility_and_never_a_number(rows):
    school = rows.loc["school"]
    assert (school["reach_status"] == "no_facility").all()
    assert school[["travel_time_min", "network_distance_m", "straight_distance_m"]].isna().all(axis=None)
    assert school["facility_id"].isna().all()
    assert (school["facilities_within_14_min"] == 0.0).all()


def test_a_town_reaches_itself_in_no_time_and_a_city_serves_as_a_town(rows):
    town = rows.loc["town"]
    assert town.loc["n4", "travel_time_min"] == 0.0
    assert town.loc["n4", "facility_id"] == "n4"
    # The second nearest town of n4 at (3, 3) is the city at (0, 2): 3 + 1 blocks.
    assert town.loc["n4", "second_facility_id"] == "n5"
    assert town.loc["n4", "second_travel_time_min"] == pytest.approx(8.0)
    assert town.loc["n5", "travel_time_min"] == 0.0
    # n1 at (1, 0): the city is 1 + 2 blocks away, the town 2 + 3.
    assert town.loc["n1", "facility_id"] == "n5"
    assert town.loc["n1", "travel_time_min"] == pytest.approx(6.0)
    assert rows.loc[("city", "n4"), "travel_time_min"] == pytest.approx(8.0)
    # Itself and the city within 10 minutes.
    assert town.loc["n4", "facilities_within_10_min"] == 2.0


def test_routes_lead_from_door_to_door_and_are_as_long_as_they_say(result, grid_city):
    routes = result.routes.set_index(["service", "settlement_id"])
    route = routes.loc[("hospital", "n3")]
    ends = route.geometry.coords[0], route.geometry.coords[-1]
    assert ends[0] == pytest.approx(grid_city.point(1.5, 2.2).coords[0])
    assert ends[1] == pytest.approx(grid_city.point(0, 0).coords[0])
    # The line holds the straight walk of 200 m, the network 3,500 m.
    assert route.geometry.length == pytest.approx(3700.0)
    assert "w3/1" in route["edge_ids"].split()
    # A town has no route to itself: 5 hospital routes, 3 to a town (n4 and n5 are towns), 4 to a seat and to a city.
    assert result.routes.groupby("service").size().to_dict() == {"hospital": 5, "town": 3, "county_seat": 4, "city": 4}


def test_snaps_say_how_places_meet_the_network(result):
    snaps = result.snaps.set_index("place_id")
    n3 = snaps.loc["n3"]
    assert n3["edge_id"] == "w3/1"  # the street y = 2 is the third, its block from x = 1 to 2 the second
    assert n3["fraction"] == pytest.approx(0.5)
    assert n3["snap_distance_m"] == pytest.approx(200.0)
    assert n3["snap_time_min"] == pytest.approx(3.12)
    assert n3["snap_status"] == "ok"
    assert (snaps["place_kind"] == "facility").sum() == 15


def test_a_place_beyond_the_longest_snap_says_so_and_keeps_its_row(grid_city):
    # (2, 12) lies 8 km north of the last street.
    places = grid_city.settlements([*PLACES, ("n6", "village", 2, 12)])
    result = access_table(grid_city.graph(), places, grid_city.facilities(HOSPITALS), services=SERVICES)
    row = result.access.set_index(["service", "settlement_id"]).loc[("hospital", "n6")]
    assert row["reach_status"] == "not_snapped"
    assert np.isnan(row["travel_time_min"])
    snap = result.snaps.set_index("place_id").loc["n6"]
    assert snap["snap_status"] == "far"
    assert snap["snap_distance_m"] == pytest.approx(8000.0)
    assert snap.geometry is None
    finding = result.findings.set_index("kind").loc["beyond_tolerance"]
    assert finding["subject_id"] == "n6"
    TABLES["snaps"].check(result.snaps)


def test_what_lies_beyond_the_longest_time_is_not_mistaken_for_no_path(grid_city):
    # n4 is 4 minutes from its hospital, n2 is 6. An island of streets 20 km away has no path at all.
    island = [((30, 0), (31, 0), (31, 4), (30, 4), (30, 0))]
    places = grid_city.settlements([*PLACES, ("n7", "village", 30.5, 0)])
    result = access_table(
        grid_city.graph(more=island),
        places,
        grid_city.facilities(HOSPITALS),
        services={"hospital": frozenset({"hospital"})},
        rules=AccessRules(max_time_min=4.0, tiers={}),
    )
    status = result.access.set_index("settlement_id")["reach_status"].to_dict()
    # 4.0 minutes are within 4: thresholds are inclusive.
    assert status == {
        "n1": "reached",
        "n2": "beyond_cutoff",
        "n3": "beyond_cutoff",
        "n4": "reached",
        "n5": "reached",
        "n7": "no_path",
    }
    assert result.access.loc[result.access["reach_status"] != "reached", "travel_time_min"].isna().all()


def test_the_way_out_marks_who_may_be_served_from_beyond_the_edge(grid_city):
    # A road leaves the grid at (4, 4) eastwards and ends at (9, 4), where the mapped ground ends. From n4 at (3, 3)
    # the way out takes 2 + 5 = 7 blocks = 14 minutes, from n1 12 blocks = 24. Both are longer than the way to the
    # hospital (4 and 2 minutes), but there is no school at all.
    graph = grid_city.graph(more=[((4, 4), (9, 4))])
    area = grid_city.settlements(PLACES).geometry.union_all().convex_hull.buffer(2000.0)
    result = access_table(
        graph,
        grid_city.settlements(PLACES),
        grid_city.facilities(HOSPITALS),
        services=SERVICES,
        surroundings=Surroundings(study_area=type(grid_city.settlements(PLACES).geometry)([area], crs=grid_city.crs)),
    )
    risk = result.access.set_index(["service", "settlement_id"])["edge_risk"]
    assert not risk["hospital"].any()
    assert risk["school"].all()
    assert not risk[("town", "n4")]


def test_walkers_may_cross_the_block_where_drivers_may_not(grid_city):
    # From (1.5, 2.2) to a clinic at (1.5, 2.8) the direct walk is 0.6 km x 15.6 = 9.36 minutes. By the streets it is
    # 0.2 km of walk, then half a block, a block and half a block on foot at 12 minutes a block, and 0.2 km.
    places, clinic = grid_city.settlements([("a", "village", 1.5, 2.2)]), [("c", "clinic", 1.5, 2.8)]
    services = {"clinic": frozenset({"clinic"})}
    walk = access_table(
        grid_city.graph(mode="walk"), places, grid_city.facilities(clinic), services=services
    ).access.iloc[0]
    assert walk["travel_time_min"] == pytest.approx(9.36)
    assert walk["access_leg_min"] == pytest.approx(9.36)
    assert walk["network_leg_min"] == 0.0
    # Driving: 3.12 + 2 blocks of 2 minutes + 3.12
    drive = access_table(grid_city.graph(), places, grid_city.facilities(clinic), services=services).access.iloc[0]
    assert drive["travel_time_min"] == pytest.approx(3.12 + 4.0 + 3.12)


def test_pairs_and_the_cost_to_the_closest_agree_with_the_table(grid_city, rows):
    graph, places, hospitals = (grid_city.graph(), grid_city.settlements(PLACES), grid_city.facilities(HOSPITALS))
    pairs = travel_times(graph, places, hospitals)
    assert len(pairs) == 5 * 15
    best = pairs.groupby("from_id")["travel_time_min"].min()
    closest = cost_to_closest(graph, places, hospitals, service="hospital", k=2)
    assert list(closest["from_id"][:2]) == ["n1", "n1"]
    first = closest.loc[closest["rank"] == 1].set_index("from_id")["travel_time_min"]
    expected = rows.loc["hospital", "travel_time_min"]
    assert first.to_dict() == pytest.approx(expected.to_dict())
    assert best.to_dict() == pytest.approx(expected.to_dict())


def test_asking_for_more_facilities_than_there_are_says_so(grid_city):
    closest = cost_to_closest(
        grid_city.graph(),
        grid_city.settlements(PLACES[:1]),
        grid_city.facilities(HOSPITALS[:1]),
        service="hospital",
        k=2,
    )
    assert list(closest["reach_status"]) == ["reached", "no_facility"]


def test_the_wide_form_has_one_row_a_settlement(result):
    wide = widen(result.access)
    assert list(wide["settlement_id"]) == ["n1", "n2", "n3", "n4", "n5"]
    assert wide["hospital_drive_min"].to_list() == pytest.approx([2.0, 6.0, 10.12, 4.0, 4.0])
    assert "hospital_min" in widen(result.access, mode="drive")


def test_the_last_mile_of_the_grid(grid_city, result):
    mile = last_mile(grid_city.graph(), grid_city.settlements(PLACES), result.access).set_index("settlement_id")
    TABLES["last_mile"].check(mile.reset_index())
    # Tertiary roads without surface are not known to fail, and not known to be all-season.
    assert mile.loc["n3", "all_season_road_distance_m"] == pytest.approx(200.0)
    assert mile.loc["n3", "all_season_road_min"] == pytest.approx(3.12)
    assert mile.loc["n3", "last_mile_class"] == "connected"
    # n3 at (1.5, 2.2) to the city at (0, 2): 3.12 minutes of walk and 1.5 blocks = 3 minutes.
    assert mile.loc["n3", "last_mile_share"] == pytest.approx(3.12 / 6.12)
    assert mile.loc["n4", "last_mile_share"] == 0.0
    assert mile["parcel_point_min"].isna().all()
