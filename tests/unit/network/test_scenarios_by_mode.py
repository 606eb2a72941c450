"""A scenario told of the roads of one mode, on those of another: closures, speeds and new roads of each."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import ContractError
from spatial.messages import Words
from spatial.network.build import build_network
from spatial.network.combined import combine_networks
from spatial.network.scenarios import Scenario, edit_network, scenario_for_mode
from spatial.network.speeds import load_speeds

CRS = "EPSG:32738"


def roads(*rows):
    """Rows are (id, class, points in km)."""
    ids, kinds, points = zip(*rows, strict=True)
    lines = [shapely.LineString([(1000.0 * x, 1000.0 * y) for x, y in line]) for line in points]
    return gpd.GeoDataFrame({"road_id": ids, "road_class": kinds}, geometry=lines, crs=CRS)


@pytest.fixture(scope="module")
def graphs():
    """A road of 4 km; a path meets it in its middle, so that walkers have two edges where drivers have one."""
    street = ("w1", "tertiary", [(0, 0), (2, 0), (4, 0)])
    far = ("w2", "tertiary", [(4, 0), (8, 0)])
    path = ("p", "path", [(2, 0), (2, 3)])
    given = roads(street, far, path)
    walk, drive = (build_network(given, mode=mode) for mode in ("walk", "drive"))
    return {"walk": walk, "drive": drive, "walk+drive": combine_networks(walk, drive)}


def closed(graph):
    return set(graph.edge_id[np.isinf(graph.forward_min) & np.isinf(graph.backward_min)])


def speed(graph, edge):
    return float(graph.speed_km_h[graph.edge_id == edge][0])


def said(own):
    """Say in English what is not done on the network of a mode."""
    return [Words("en").notice(f"left_out_{key}", told) for key, told in own.left_out.items()]


def test_a_closed_edge_of_drivers_is_all_that_walkers_have_along_it(graphs):
    change = Scenario("cut", close=["w1/0"])
    for mode, ids in (("walk", {"w1/0", "w1/1"}), ("walk+drive", {"walk:w1/0", "walk:w1/1", "drive:w1/0"})):
        own = scenario_for_mode(change, graphs["drive"], graphs[mode])
        assert closed(own.scenario.apply(graphs[mode])) == ids
        assert own.left_out == {}


def test_a_closed_edge_of_walkers_closes_the_longer_one_of_drivers(graphs):
    change = Scenario("cut", close=["w1/1", "p"])
    own = scenario_for_mode(change, graphs["walk"], graphs["drive"])
    assert closed(own.scenario.apply(graphs["drive"])) == {"w1/0"}


def test_what_is_told_of_one_leg_alone_stays_with_its_mode(graphs):
    change = Scenario("no walking", close=["walk:w1"])
    for mode, ids in (("walk", {"w1/0", "w1/1"}), ("drive", set())):
        own = scenario_for_mode(change, graphs["walk+drive"], graphs[mode])
        assert closed(own.scenario.apply(graphs[mode])) == ids


def test_an_area_closes_in_a_mode_what_the_mode_told_of_has_not(graphs):
    area = gpd.GeoSeries([shapely.Point(2000, 2000).buffer(100)], crs=CRS)
    own = scenario_for_mode(Scenario("flood"), graphs["drive"], graphs["walk"], areas=area)
    assert closed(own.scenario.apply(graphs["walk"])) == {"p/0"}


def test_speeds_of_drivers_are_not_those_of_walkers(graphs):
    change = Scenario("paved", speeds={"w1": 60.0}, factors={"tertiary": 2.0})
    own = scenario_for_mode(change, graphs["drive"], graphs["walk"])
    assert own.scenario.apply(graphs["walk"]) is graphs["walk"]
    assert said(own) == ["speeds: they hold for motor vehicles, not on foot"]
    both = scenario_for_mode(change, graphs["drive"], graphs["walk+drive"])
    after, before = both.scenario.apply(graphs["walk+drive"]), graphs["walk+drive"]
    assert both.left_out == {}
    assert (speed(after, "drive:w1/0"), speed(after, "walk:w1/0")) == (60.0, speed(before, "walk:w1/0"))
    assert speed(after, "drive:w2/0") == 2.0 * speed(before, "drive:w2/0")


def test_speeds_told_of_walkers_are_theirs_alone(graphs):
    own = scenario_for_mode(Scenario("lit", factors={"w1": 1.2}), graphs["walk"], graphs["drive"])
    assert own.scenario.apply(graphs["drive"]) is graphs["drive"]
    assert said(own) == ["speeds: they hold on foot, not by car"]


def test_the_slower_speed_holds_where_an_edge_lies_along_two_stretches(graphs):
    change = Scenario("works", speeds={"w1/0": 5.0, "w1/1": 9.0})
    told = build_network(
        roads(
            ("w1", "tertiary", [(0, 0), (2, 0), (4, 0)]),
            ("w2", "tertiary", [(4, 0), (8, 0)]),
            ("w3", "tertiary", [(2, 0), (2, 3)]),
        ),
        mode="drive",
    )
    own = scenario_for_mode(change, told, graphs["drive"])
    assert own.scenario.speeds == {"w1/0": 5.0}


def test_factors_of_one_leave_nothing_out(graphs):
    own = scenario_for_mode(Scenario("same", factors={"tertiary": 1.0}), graphs["drive"], graphs["walk"])
    assert own.left_out == {}
    assert own.scenario.apply(graphs["walk"]) is graphs["walk"]


def test_new_roads_are_for_the_modes_that_may_use_them(graphs):
    new = roads(("n1", "motorway", [(0, 0), (0, 2)]), ("n2", "tertiary", [(0, 0), (0, -2)]))
    new = new.assign(speed_km_h=[100.0, 60.0], oneway=pd.Series(["yes", "yes"], dtype="str"))
    own = scenario_for_mode(Scenario("plan", add=new), graphs["drive"], graphs["walk"])
    after = own.scenario.apply(graphs["walk"])
    assert said(own) == ["new_roads: 'n1' (1 in all) are not open to people on foot"]
    assert "n1" not in set(after.road_id)
    row = after.edge_id == "n2/0"
    # Walkers go both ways on it, at their own pace.
    assert after.speed_km_h[row][0] == speed(graphs["walk"], "w1/0")
    assert np.isfinite(after.backward_min[row][0])
    both = scenario_for_mode(Scenario("plan", add=new), graphs["drive"], graphs["walk+drive"])
    ids = set(both.scenario.apply(graphs["walk+drive"]).edge_id)
    assert {"drive:n1/0", "drive:n2/0", "walk:n2/0"} <= ids
    assert "walk:n1/0" not in ids
    assert both.left_out == {}


def test_what_a_scenario_does_by_the_speed_table_it_does_by_that_of_the_network(graphs):
    # By rural_cn a primary road is driven at 50 km/h, by osrm_like at 65.
    new = roads(("n1", "primary", [(0, 0), (0, 2)]))
    drive = build_network(roads(("w1", "tertiary", [(0, 0), (8, 0)])), mode="drive", speeds="rural_cn")
    assert speed(Scenario("plan", add=new).apply(drive), "n1/0") == 50.0
    assert speed(Scenario("plan", add=new, table="osrm_like").apply(drive), "n1/0") == 65.0
    both = edit_network(combine_networks(graphs["walk"], drive), add=new)
    assert speed(both, "drive:n1/0") == 50.0
    # Of a table of one's own networks know the name alone: without it no speed of a class that is new is known.
    own = load_speeds("rural_cn").model_copy(update={"name": "own"})
    legs = [
        build_network(roads(("w1", "tertiary", [(0, 0), (8, 0)])), mode=each, speeds=own) for each in ("walk", "drive")
    ]
    assert speed(edit_network(combine_networks(*legs), add=new, table=own), "drive:n1/0") == 50.0
    assert speed(edit_network(legs[1], add=new, table=own), "n1/0") == 50.0
    for change in (Scenario("plan", add=new).apply, lambda graph: edit_network(graph, add=new)):
        for graph in (legs[1], combine_networks(*legs)):
            with pytest.raises(ContractError, match="state it, since the network has no road of class 'primary'"):
                change(graph)


def test_a_new_road_of_a_class_that_is_not_there_goes_as_the_speed_table_says(graphs):
    new = roads(("n1", "primary", [(0, 0), (0, 2)])).assign(speed_km_h=[40.0])
    usual = load_speeds("osrm_like").modes["drive"]
    # Told of cyclists, the speed is theirs; those who drive have none but that of the table.
    told = Scenario("plan", add=new)
    cycle = build_network(roads(("w1", "tertiary", [(0, 0), (8, 0)])), mode="cycle")
    own = scenario_for_mode(told, cycle, graphs["drive"])
    for plan in (own.scenario, Scenario("plan", add=new.drop(columns="speed_km_h"))):
        assert speed(plan.apply(graphs["drive"]), "n1/0") == pytest.approx(usual.classes["primary"] * usual.factor)
    assert speed(told.apply(graphs["drive"]), "n1/0") == 40.0
    both = scenario_for_mode(told, graphs["walk"], graphs["walk+drive"])
    driven = speed(both.scenario.apply(graphs["walk+drive"]), "drive:n1/0")
    assert driven == pytest.approx(usual.classes["primary"] * usual.factor)
    with pytest.raises(ContractError, match="state it, since the network has no road of class 'primary'"):
        edit_network(graphs["drive"], add=new.drop(columns="speed_km_h"))


def test_a_new_road_of_a_class_that_is_not_there_goes_at_the_speed_of_the_season(graphs):
    drive, cycle = (load_speeds("osrm_like").modes[mode] for mode in ("drive", "cycle"))
    dirt = roads(("n1", "primary", [(0, 0), (0, 2)])).assign(surface=["dirt"])
    plan = Scenario("plan", add=dirt, season="wet")
    # The wet halves what is not paved, and leaves what is.
    expected = drive.classes["primary"] * drive.factor
    assert speed(plan.apply(graphs["drive"]), "n1/0") == pytest.approx(0.5 * expected)
    assert speed(Scenario("plan", add=dirt.assign(surface="asphalt"), season="wet").apply(graphs["drive"]), "n1/0") == (
        pytest.approx(expected)
    )
    assert speed(plan.apply(graphs["walk+drive"]), "drive:n1/0") == pytest.approx(0.5 * expected)
    ridden = build_network(roads(("w1", "tertiary", [(0, 0), (8, 0)])), mode="cycle")
    own = scenario_for_mode(plan, graphs["drive"], ridden).scenario
    assert speed(own.apply(ridden), "n1/0") == pytest.approx(0.5 * cycle.classes["primary"] * cycle.factor)
    # A season that removes unpaved roads leaves it no speed.
    with pytest.raises(ContractError, match="state it, since the network has no road of class 'primary'"):
        replace(plan, season="all_season").apply(graphs["drive"])


def test_a_new_road_that_no_leg_may_use_is_left_out(graphs):
    new = roads(("n1", "motorway", [(0, 0), (0, 2)]))
    own = scenario_for_mode(Scenario("plan", add=new), graphs["drive"], graphs["walk"])
    assert own.scenario.add is None
    assert len(own.left_out) == 1
