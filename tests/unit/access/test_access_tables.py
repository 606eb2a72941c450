"""Access in detail: ids in order, summaries, findings, edges of the network, direction of travel."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.cumulative import summarise, weighted_quantile, widen
from spatial.access.findings import clipped_ends, exit_times
from spatial.access.nearest import access_table
from spatial.access.options import AccessRules
from spatial.access.places import Surroundings, id_order
from spatial.errors import ContractError
from spatial.network.build import build_network
from spatial.network.snapping import snap
from spatial.study.access import SnapRules
from spatial.tables import TABLES

CLINIC = {"clinic": frozenset({"clinic"})}


def test_ids_are_ordered_as_node_way_relation_and_then_by_number():
    ids = ["w2", "r1", "n10", "n9", "w2/clinic", "village 10", "village 9"]
    assert [ids[at] for at in id_order(ids)] == ["n9", "n10", "w2", "w2/clinic", "r1", "village 9", "village 10"]


def test_the_order_of_ids_does_not_depend_on_the_order_of_rows():
    ids = ["b", "a", "10", "9", "n1", "n01"]
    forwards = [ids[at] for at in id_order(ids)]
    backwards = [ids[::-1][at] for at in id_order(ids[::-1])]
    assert forwards == backwards


@pytest.mark.parametrize(("share", "value"), [(0.1, 5), (0.4, 5), (0.5, 10), (0.7, 10), (0.9, 20), (0.95, 40)])
def test_weighted_quantiles_as_in_the_specification(share, value):
    assert weighted_quantile(np.array([5.0, 10.0, 20.0, 40.0]), np.array([400.0, 300.0, 200.0, 100.0]), share) == value


def test_a_quantile_of_nobody_is_unknown():
    assert np.isnan(weighted_quantile(np.array([5.0]), np.array([0.0]), 0.5))
    assert np.isnan(weighted_quantile(np.array([]), np.array([]), 0.5))


@pytest.fixture
def three_places():
    """Two reached in 10 and 30 minutes by 100 and 300 people, one of 100 not reached, one outside the study."""
    access = pd.DataFrame(
        {
            "settlement_id": ["a", "b", "c", "d"],
            "service": "clinic",
            "mode": "drive",
            "facility_id": ["x", "x", None, "x"],
            "travel_time_min": [10.0, 30.0, np.nan, 1.0],
            "reach_status": ["reached", "reached", "no_path", "reached"],
        }
    )
    settlements = pd.DataFrame(
        {
            "settlement_id": ["a", "b", "c", "d"],
            "township": ["east", "east", "west", "west"],
            "in_study": [True, True, True, False],
            "population_persons": [100.0, 300.0, 100.0, 1e6],
        }
    )
    return access, settlements


def test_summaries_count_people_and_keep_the_unreached_apart(three_places):
    access, settlements = three_places
    whole = summarise(access, by=None, settlements=settlements).iloc[0]
    assert (whole["n_total"], whole["n_valid"], whole["n_nan"], whole["n_inf"]) == (3, 3, 0, 1)
    assert (whole["pop_total"], whole["weighted_by"]) == (500.0, "people")
    assert whole["reached_share"] == pytest.approx(0.8)
    # (100 x 10 + 300 x 30) / 400 among the reached; (1000 + 9000 + 100 x 180) / 500 with the cap
    assert whole["mean_reached_min"] == pytest.approx(25.0)
    assert whole["mean_capped_min"] == pytest.approx(56.0)
    assert whole["median_min"] == 30.0
    by_unit = summarise(access, settlements=settlements).set_index("township")
    assert by_unit["reached_share"].to_dict() == {"east": 1.0, "west": 0.0}
    assert np.isnan(by_unit.loc["west", "median_min"])
    assert np.isnan(by_unit.loc["west", "mean_reached_min"])


def test_without_people_places_are_counted_and_it_is_said(three_places):
    access, settlements = three_places
    whole = summarise(access, by=None, settlements=settlements.assign(population_persons=np.nan)).iloc[0]
    assert whole["weighted_by"] == "places"
    assert np.isnan(whole["pop_total"])
    assert whole["reached_share"] == pytest.approx(2 / 3)
    # The people of two places in three are too few to speak of shares of people.
    one_missing = settlements.assign(population_persons=[100.0, np.nan, 100.0, 1e6])
    assert summarise(access, by=None, settlements=one_missing).iloc[0]["weighted_by"] == "places"
    enough = summarise(access, by=None, settlements=one_missing, min_known_share=0.6).iloc[0]
    assert (enough["weighted_by"], enough["pop_total"], enough["reached_share"]) == ("people", 200.0, 0.5)
    assert summarise(access, by=None).iloc[0]["n_total"] == 4


def test_a_column_that_is_not_there_is_named(three_places):
    access, settlements = three_places
    with pytest.raises(ContractError, match="county: no such column"):
        summarise(access, by="county", settlements=settlements)
    with pytest.raises(ContractError, match="township: no such column"):
        summarise(access)


def test_summaries_of_nothing_are_empty_with_their_columns(three_places):
    access, settlements = three_places
    empty = summarise(access.iloc[:0], settlements=settlements)
    assert len(empty) == 0
    assert "reached_share" in empty


def test_splitting_a_village_in_two_changes_no_total(three_places):
    access, settlements = three_places
    halves = pd.concat([access, access.loc[access["settlement_id"] == "b"].assign(settlement_id="b2")])
    two = settlements.loc[settlements["settlement_id"] == "b"].assign(settlement_id="b2")
    split = pd.concat([settlements, two])
    split.loc[split["settlement_id"].isin(["b", "b2"]), "population_persons"] = 150.0
    before, after = summarise(access, settlements=settlements), summarise(halves, settlements=split)
    same = ["pop_total", "pop_valid", "reached_share", "mean_reached_min", "mean_capped_min", "median_min"]
    pd.testing.assert_frame_equal(before[same], after[same])


def test_the_wide_form_keeps_every_mode_apart(three_places):
    access, _ = three_places
    both = pd.concat([access, access.assign(mode="walk", travel_time_min=access["travel_time_min"] * 3)])
    wide = widen(both)
    assert len(wide) == 4
    assert wide["clinic_drive_min"].tolist() == pytest.approx([10.0, 30.0, np.nan, 1.0], nan_ok=True)
    assert wide["clinic_walk_min"].tolist() == pytest.approx([30.0, 90.0, np.nan, 3.0], nan_ok=True)
    assert wide["clinic_walk_status"].tolist() == ["reached", "reached", "no_path", "reached"]


def test_planned_and_closed_facilities_do_not_serve(grid_city):
    places = grid_city.settlements([("a", "village", 0, 0)])
    clinics = grid_city.facilities(
        [("open", "clinic", 4, 4), ("closed", "clinic", 1, 0), ("plan", "clinic", 0, 1)],
        status=pd.Series(["existing", "closed", "candidate"], dtype="str"),
    )
    row = access_table(grid_city.graph(), places, clinics, services=CLINIC).access.iloc[0]
    assert row["facility_id"] == "open"
    assert row["facilities_within_60_min"] == 1.0
    assert len(travel_times(grid_city.graph(), places, clinics)) == 1


def test_the_direction_of_travel_matters_on_a_one_way_street(grid_city):
    # One way from (0, 0) to (1, 0), and back by a road that goes round over (0, 1) and (1, 1).
    roads = gpd.GeoDataFrame(
        {
            "road_id": ["w1", "w2"],
            "road_class": "tertiary",
            "oneway": ["yes", None],
            "node_ids": [["n1", "n2"], ["n1", "n3", "n4", "n2"]],
        },
        geometry=[grid_city.line((0, 0), (1, 0)), grid_city.line((0, 0), (0, 1), (1, 1), (1, 0))],
        crs=grid_city.crs,
    )
    graph = build_network(roads, mode="drive", speeds="rural_cn")
    places, clinic = (grid_city.settlements([("a", "village", 0, 0)]), grid_city.facilities([("c", "clinic", 1, 0)]))
    snapping = SnapRules(min_component_km=1.0)
    for direction, minutes in (("to_facility", 2.0), ("from_facility", 6.0)):
        rules = AccessRules(direction=direction, snap=snapping, cutoffs_min=(2.0, 6.0))
        result = access_table(graph, places, clinic, services=CLINIC, rules=rules)
        row = result.access.iloc[0]
        assert row["travel_time_min"] == pytest.approx(minutes)
        assert row["facilities_within_2_min"] == float(minutes <= 2.0)
        assert row["facilities_within_6_min"] == 1.0
        start = result.routes.loc[result.routes["service"] == "clinic"].geometry.iloc[0].coords[0]
        door = (0, 0) if direction == "to_facility" else (1, 0)
        assert start == pytest.approx(grid_city.point(*door).coords[0])
        closest = cost_to_closest(graph, places, clinic, service="clinic", direction=direction, rules=snapping)
        assert closest["travel_time_min"].tolist() == pytest.approx([minutes])


def test_two_modes_give_two_blocks_of_rows_and_routes_of_the_first(grid_city):
    places = grid_city.settlements([("a", "village", 0, 0), ("b", "town", 2, 0)])
    clinic = grid_city.facilities([("c", "clinic", 1, 0)])
    graphs = [grid_city.graph(), grid_city.graph(mode="walk")]
    result = access_table(graphs, places, clinic, services=CLINIC)
    TABLES["access"].check(result.access)
    TABLES["snaps"].check(result.snaps)
    assert result.access["mode"].tolist() == ["drive"] * 8 + ["walk"] * 8
    assert set(result.routes["mode"]) == {"drive"}
    times = result.access.set_index(["mode", "service", "settlement_id"])["travel_time_min"]
    # A block takes 2 minutes to drive and 12 to walk.
    assert times["drive", "clinic", "a"] == pytest.approx(2.0)
    assert times["walk", "clinic", "a"] == pytest.approx(12.0)


def test_a_service_may_not_have_the_name_of_a_tier(grid_city):
    with pytest.raises(ContractError, match="town: is the name of a tier"):
        access_table(
            grid_city.graph(), grid_city.settlements([]), grid_city.facilities([]), services={"town": frozenset({"x"})}
        )


def test_nothing_that_is_to_be_reached_is_refused(grid_city):
    places, none = grid_city.settlements([("a", "village", 0, 0)]), grid_city.facilities([])
    with pytest.raises(ContractError, match="none is given, and no tier of towns"):
        access_table(grid_city.graph(), places, none, services={}, rules=AccessRules(tiers={}))


def test_settlements_and_facilities_may_share_an_id(grid_city):
    places = grid_city.settlements([("1", "village", 0, 0), ("2", "town", 1, 1)])
    result = access_table(grid_city.graph(), places, grid_city.facilities([("1", "clinic", 1, 0)]), services=CLINIC)
    TABLES["snaps"].check(result.snaps)
    TABLES["findings_access"].check(result.findings)


def test_no_settlement_gives_tables_without_rows(grid_city):
    result = access_table(
        grid_city.graph(), grid_city.settlements([]), grid_city.facilities([("c", "clinic", 1, 0)]), services=CLINIC
    )
    TABLES["access"].check(result.access)
    TABLES["routes"].check(result.routes)
    assert len(result.access) == 0


def test_no_facility_at_all_is_no_error(grid_city):
    places = grid_city.settlements([("a", "village", 0, 0)])
    result = access_table(grid_city.graph(), places, grid_city.facilities([]), services=CLINIC)
    assert set(result.access["reach_status"]) == {"no_facility"}
    for name in ("access", "snaps", "routes"):
        TABLES[name].check(getattr(result, name))


def test_routes_are_drawn_for_the_services_asked_for_and_for_scored_places(grid_city):
    places = grid_city.settlements([("a", "village", 0, 0), ("b", "village", 2, 0)]).assign(in_study=[True, False])
    kinds = {**CLINIC, "bank": frozenset({"bank"})}
    facilities = grid_city.facilities([("c", "clinic", 1, 0), ("d", "bank", 1, 0)])
    rules = AccessRules(route_services=("clinic",))
    routes = access_table(grid_city.graph(), places, facilities, services=kinds, rules=rules).routes
    assert routes[["settlement_id", "service"]].to_numpy().tolist() == [["a", "clinic"]]
    none = access_table(grid_city.graph(), places, facilities, services=kinds, rules=AccessRules(route_services=()))
    assert len(none.routes) == 0
    TABLES["routes"].check(none.routes)


def test_services_beyond_the_number_of_routes_allowed_are_named_and_not_drawn(grid_city, caplog):
    places = grid_city.settlements([("a", "village", 0, 0), ("b", "village", 2, 0)])
    kinds = {**CLINIC, "bank": frozenset({"bank"})}
    facilities = grid_city.facilities([("c", "clinic", 1, 0), ("d", "bank", 1, 0)])
    rules = AccessRules(max_routes=3, tiers={})
    routes = access_table(grid_city.graph(), places, facilities, services=kinds, rules=rules).routes
    assert set(routes["service"]) == {"clinic"}
    assert "more than 3 routes: bank" in caplog.text


def test_places_on_fragments_and_on_barriers_are_listed(grid_city):
    # A fragment of 1 km lies 100 m from a; b stands in a lake and cannot be left.
    graph = grid_city.graph(more=[((-2, 0.1), (-2, 1.1))])
    places = grid_city.settlements([("a", "village", -1.9, 0.5), ("b", "village", 2.5, 2.5)])
    lake = gpd.GeoSeries([grid_city.point(2.5, 2.5).buffer(100.0)], crs=grid_city.crs)
    result = access_table(
        graph,
        places,
        grid_city.facilities([("c", "clinic", 1, 0)]),
        services=CLINIC,
        surroundings=Surroundings(barriers=lake),
    )
    TABLES["findings_access"].check(result.findings)
    found = result.findings.groupby("kind")["subject_id"].agg(list).to_dict()
    assert found == {"small_component": ["a"], "on_barrier": ["b"], "unsnapped": ["b"]}
    status = result.access.set_index(["service", "settlement_id"])["reach_status"]
    assert status["clinic", "b"] == "not_snapped"
    assert status["clinic", "a"] == "reached"


@pytest.mark.parametrize("rows", [1, 1_000_000])
def test_a_way_out_of_the_own_unit_is_listed(grid_city, monkeypatch, rows):
    monkeypatch.setattr("spatial.access.findings.ROWS_AT_ONCE", rows)
    units = pd.Series(["east", "west", None], dtype="str")
    places = grid_city.settlements(
        [("a", "village", 0, 0), ("b", "village", 2, 0), ("c", "town", 4, 4)], township_id=units
    )
    clinic = grid_city.facilities([("x", "clinic", 1, 0)], township_id=pd.Series(["east"], dtype="str"))
    findings = access_table(grid_city.graph(), places, clinic, services=CLINIC).findings
    outside = findings.loc[findings["kind"] == "outside_own_unit"]
    # b lies in the west and goes to the east; the unit of c, also the nearest town, is not known.
    assert outside[["subject_id", "other_id", "distance_m"]].to_numpy().tolist() == [["b", "x", 1000.0]]


def test_dead_ends_within_the_loaded_ground_are_not_cut_off(grid_city):
    # Study area: the grid. A road of 20 km leaves it, with a lane that ends 1 km beyond the edge, and one that ends
    # in the middle of a block.
    graph = grid_city.graph(more=[((4, 2), (5, 2), (24, 2)), ((5, 2), (5, 3)), ((2, 2), (2.5, 2.5))])
    area = gpd.GeoSeries([grid_city.line((0, 0), (4, 4)).envelope], crs=grid_city.crs)
    ends = clipped_ends(graph, Surroundings(study_area=area), buffer_m=30_000.0)
    east = grid_city.origin[0]
    assert ((graph.node_x[ends] - east) / 1000.0).tolist() == pytest.approx([24.0])
    # Where the data reach no further than a whole road does, every end outside is one.
    short = grid_city.graph(more=[((4, 2), (5, 2), (6, 2)), ((5, 2), (5, 3)), ((2, 2), (2.5, 2.5))])
    ends = clipped_ends(short, Surroundings(study_area=area), buffer_m=30_000.0)
    assert sorted((short.node_x[ends] - east) / 1000.0) == pytest.approx([5.0, 6.0])


def test_a_road_that_ends_at_the_sea_is_not_cut_off(grid_city):
    graph = grid_city.graph(more=[((4, 4), (9, 4))])
    water = gpd.GeoDataFrame(
        {"kind": ["coastline", "river"], "is_barrier": [False, True]},
        geometry=[grid_city.line((9.2, -50), (9.2, 50)), grid_city.line((2.5, 0.1), (2.5, 0.2))],
        crs=grid_city.crs,
    )
    ground = Surroundings.from_layers(water=water)
    assert len(clipped_ends(graph, Surroundings(), buffer_m=0.0)) == 1
    assert len(clipped_ends(graph, ground, buffer_m=0.0)) == 0
    assert len(ground.barriers) == 1


def test_the_time_to_the_exit_counts_the_walk_to_the_road(grid_city):
    graph = grid_city.graph(more=[((4, 4), (9, 4))])
    # (1.5, 4.2): 3.12 minutes of walk, then 2.5 + 5 blocks of 2 minutes
    origins = snap(graph, grid_city.settlements([("a", "village", 1.5, 4.2)]).geometry)
    ends = clipped_ends(graph, Surroundings(), buffer_m=0.0)
    assert exit_times(graph, origins, ends).tolist() == pytest.approx([18.12])
    assert exit_times(graph, origins, ends[:0]).tolist() == [np.inf]


def test_the_best_way_in_need_not_be_the_nearest(grid_city):
    # From (2.5, 0.4) the street y = 0 is 400 m away, x = 2 and x = 3 are 500 m away. To the clinic at (2, 4):
    # by y = 0 it takes 6.24 + 0.5 x 2 + 4 x 2 = 15.24 minutes, by x = 2 it takes 7.8 + 3.6 x 2 = 15.0.
    places, clinic = (
        grid_city.settlements([("a", "village", 2.5, 0.4)]),
        grid_city.facilities([("c", "clinic", 2, 4)]),
    )
    result = access_table(grid_city.graph(), places, clinic, services=CLINIC)
    assert result.access["travel_time_min"].iloc[0] == pytest.approx(15.0)
    snaps = result.snaps.set_index("place_id")
    assert snaps.loc["a", "snap_distance_m"] == pytest.approx(500.0)
    assert snaps.loc["a"].geometry.equals(shapely.LineString([grid_city.point(2.5, 0.4), grid_city.point(2.0, 0.4)]))
    # The other way round the clinic is the one that is met over x = 2; what a further one is met over says nothing.
    town, clinics = (
        grid_city.settlements([("t", "town", 2, 4)]),
        grid_city.facilities([("near", "clinic", 2.5, 0.4), ("far", "clinic", 2.5, -0.5)]),
    )
    met = access_table(grid_city.graph(), town, clinics, services=CLINIC).snaps.set_index("place_id")
    assert met.loc["near", "snap_distance_m"] == pytest.approx(500.0)


def test_arguments_are_left_as_they_were(grid_city):
    places, clinic = (
        grid_city.settlements([("b", "town", 1, 1), ("a", "village", 0, 0)]),
        grid_city.facilities([("d", "clinic", 2, 2), ("c", "clinic", 1, 0)]),
    )
    before = places.copy(), clinic.copy()
    access_table(grid_city.graph(), places, clinic, services=CLINIC)
    pd.testing.assert_frame_equal(places, before[0])
    pd.testing.assert_frame_equal(clinic, before[1])


def test_ids_that_are_missing_or_not_unique_are_refused(grid_city):
    graph = grid_city.graph()
    places = grid_city.settlements([("a", "village", 0, 0), ("b", "village", 1, 0)])
    clinics = grid_city.facilities([("c", "clinic", 4, 4)])
    with pytest.raises(ContractError, match="settlement_id: used more than once: 'a'"):
        travel_times(graph, pd.concat([places, places.iloc[:1]]), clinics)
    with pytest.raises(ContractError, match="settlement_id: missing in 1 rows"):
        travel_times(graph, places.assign(settlement_id=["a", None]), clinics)
    with pytest.raises(ContractError, match="facility_id: no such column"):
        travel_times(graph, places, clinics.drop(columns="facility_id"))
    with pytest.raises(ContractError, match="service: no such column"):
        cost_to_closest(graph, places, clinics.drop(columns="service"), service="clinic")


@pytest.mark.parametrize("cutoff_min", [-1.0, float("nan")])
def test_a_cutoff_below_0_or_unknown_is_refused(grid_city, cutoff_min):
    places = grid_city.settlements([("a", "village", 0, 0)])
    clinics = grid_city.facilities([("c", "clinic", 4, 4)])
    with pytest.raises(ContractError, match="cutoff_min: must be 0 or more"):
        travel_times(grid_city.graph(), places, clinics, cutoff_min=cutoff_min)
