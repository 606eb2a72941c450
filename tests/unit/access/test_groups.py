"""Groups of people with their own pace."""

import numpy as np
import pytest

import spatial as sp

ELDERLY = sp.Group("elderly", "elderly_persons", walk_km_h=2.5)
CHILDREN = sp.Group("children", "children_persons", walk_km_h=5.0, max_walk_m=2500.0)


@pytest.fixture(scope="module")
def village(grid_city):
    """One clinic at a corner of the grid; places 0, 2 and 4 km along the street, and one 400 m beside it."""
    settlements = grid_city.settlements(
        [
            ("a", "village", 0.0, 0.0),
            ("b", "village", 2.0, 0.0),
            ("c", "village", 4.0, 0.0),
            ("d", "village", 1.0, -0.4),
        ],
        elderly_persons=np.array([10.0, 20.0, 30.0, np.nan]),
        children_persons=np.array([1.0, 2.0, 4.0, 8.0]),
    )
    return settlements, grid_city.facilities([("f", "clinic", 0.0, 0.0)])


def minutes(od, group):
    rows = od.loc[od["group"] == group]
    return dict(zip(rows["from_id"], rows["travel_time_min"].round(9), strict=True))


def test_walkers_take_their_own_pace_on_the_road_and_beside_it(grid_city, village):
    graph = grid_city.graph(mode="walk")
    od = sp.group_travel_times(graph, *village, [ELDERLY, CHILDREN])
    # 12 minutes a kilometre at 5 km/h, 24 at half of it; from d the straight line of sqrt(1 + .16) km x 1.3 is the
    # fastest way (1.4 km; by the street 1.52 km)
    straight_km = 1.3 * np.sqrt(1.16)
    assert minutes(od, "elderly") == {"a": 0.0, "b": 48.0, "c": 96.0, "d": pytest.approx(24.0 * straight_km)}
    # children walk 2.5 km at most: 4 km are too far
    assert minutes(od, "children") == {"a": 0.0, "b": 24.0, "d": pytest.approx(12.0 * straight_km)}
    assert od.columns[0] == "group"


def test_riders_walk_to_the_road_at_their_own_pace_and_no_further_than_they_can(grid_city, village):
    graph = grid_city.graph(mode="drive")
    near = sp.Group("near", "children_persons", walk_km_h=5.0, max_walk_m=500.0)
    od = sp.group_travel_times(graph, *village, [ELDERLY, near])
    # 2 minutes a kilometre on the road for all; d walks 1.3 x 400 m = 520 m
    assert minutes(od, "elderly") == {"a": 0.0, "b": 4.0, "c": 8.0, "d": pytest.approx(2.0 + 12.48)}
    assert minutes(od, "near") == {"a": 0.0, "b": 4.0, "c": 8.0}
    just = sp.Group("just", "children_persons", walk_km_h=5.0, max_walk_m=520.001)
    assert "d" in minutes(sp.group_travel_times(graph, *village, [just]), "just")


def test_walks_to_a_vehicle_go_at_the_pace_of_the_group(grid_city):
    # A path of 1 km at 4 km/h leads to a road of 10 km at 30 km/h: 15 and 20 minutes, 30 and 20 at half the pace.
    roads = (
        grid_city.roads(1, more=[[(0, 0), (1, 0)], [(1, 0), (11, 0)]]).iloc[-2:].assign(road_class=["path", "tertiary"])
    )
    walk, drive = (sp.build_network(roads, mode=mode, speeds="rural_cn") for mode in ("walk", "drive"))
    home = grid_city.settlements([("a", "village", 0.0, 0.0)], elderly_persons=[1.0], children_persons=[1.0])
    clinic = grid_city.facilities([("f", "clinic", 11.0, 0.0)])
    od = sp.group_travel_times(sp.combine_networks(walk, drive), home, clinic, [ELDERLY, CHILDREN])
    assert (minutes(od, "elderly"), minutes(od, "children")) == ({"a": 50.0}, {"a": 35.0})


def test_every_measure_takes_the_people_of_a_group(grid_city, village):
    settlements, facilities = village
    od = sp.group_travel_times(grid_city.graph(mode="walk"), settlements, facilities, [ELDERLY, CHILDREN])
    with pytest.raises(sp.ContractError, match="several groups"):
        sp.floating_catchment_area(od, settlements, facilities, service="clinic", demand="elderly_persons")
    of_elderly = od.loc[od["group"] == "elderly"]
    found = sp.floating_catchment_area(
        of_elderly,
        settlements,
        facilities,
        service="clinic",
        method="2sfca",
        decay=sp.decay_binary(50.0),
        demand="elderly_persons",
    )
    # one clinic for the 30 elderly of a and b (and those of d, whose number is not known)
    assert found["value"].to_numpy() == pytest.approx([1 / 30, 1 / 30, 0.0, 1 / 30])


def test_a_network_may_be_given_for_each_group(grid_city, village):
    graphs = {"elderly": grid_city.graph(mode="drive"), "children": grid_city.graph(mode="walk")}
    od = sp.group_travel_times(graphs, *village, [ELDERLY, CHILDREN])
    assert minutes(od, "elderly")["c"] == 8.0
    assert minutes(od, "children")["b"] == 24.0
    with pytest.raises(sp.ContractError, match="no graph of this name"):
        sp.group_travel_times({"elderly": graphs["elderly"]}, *village, [CHILDREN])


def test_what_a_group_lacks_is_told_at_once(grid_city, village):
    settlements, facilities = village
    graph = grid_city.graph(mode="walk")
    disabled = sp.Group("disabled", "disabled_persons", walk_km_h=2.0)
    with pytest.raises(sp.ContractError, match="disabled_persons: no such column"):
        sp.group_travel_times(graph, settlements, facilities, [ELDERLY, disabled])
    bad = [sp.Group("x", "elderly_persons", 0.0, 0.0), sp.Group("x", "elderly_persons", np.nan)]
    with pytest.raises(sp.ContractError) as caught:
        sp.group_travel_times(graph, settlements, facilities, bad)
    assert len(caught.value.problems) == 4
    with pytest.raises(sp.ContractError, match="give one or more"):
        sp.group_travel_times(graph, settlements, facilities, [])
