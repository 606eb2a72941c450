"""Services lost when wet, and the coverage of the last mile, from tables small enough to count."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial.access.last_mile import last_mile, last_mile_coverage, wet_loss
from spatial.access.nearest import access_table
from spatial.access.options import AccessRules
from spatial.errors import ContractError
from spatial.network.build import build_network
from spatial.network.scenarios import edit_network
from spatial.study.access import SnapRules


def access(*rows):
    """Rows are (settlement, service, minutes, status)."""
    columns = ["settlement_id", "service", "travel_time_min", "reach_status"]
    return pd.DataFrame(rows, columns=columns).assign(mode="drive", facility_id="f")


def places(**persons):
    ids = list(persons)
    values = np.array([persons[name] for name in ids], dtype=float)
    return pd.DataFrame({"settlement_id": ids, "population_persons": values, "in_study": True})


PEOPLE = places(a=1.0, b=2.0, c=4.0, d=8.0, e=16.0, f=32.0)
DRY = access(
    ("a", "clinic", 40.0, "reached"),
    ("b", "clinic", 40.0, "reached"),
    ("c", "clinic", 40.0, "reached"),
    ("d", "clinic", 40.0, "reached"),
    ("e", "clinic", 61.0, "reached"),
    ("f", "clinic", np.nan, "unknown"),
)
WET = access(
    ("f", "clinic", np.nan, "unknown"),
    ("e", "clinic", 61.0, "reached"),
    ("d", "clinic", np.nan, "no_path"),
    ("c", "clinic", 60.5, "reached"),
    ("b", "clinic", 60.0, "reached"),
    ("a", "clinic", 40.0, "reached"),
)


def test_a_service_is_kept_slower_lost_or_never_was_there():
    found = wet_loss(DRY, WET, PEOPLE, cutoff_min=60.0)
    assert found["settlement_id"].tolist() == list("abcdef")
    assert found["wet_status"].tolist() == ["kept", "slower", "lost", "lost", "not_served", "unknown"]
    assert found["wet_reach_status"].tolist() == [
        "reached",
        "reached",
        "beyond_cutoff",
        "no_path",
        "beyond_cutoff",
        "unknown",
    ]
    assert found["slower_min"].tolist() == pytest.approx([0, 20, 20.5, np.nan, 0, np.nan], nan_ok=True)
    # Without a cutoff 60.5 minutes is slower, and 61 is served.
    free = wet_loss(DRY, WET, PEOPLE, cutoff_min=None)
    assert free["wet_status"].tolist() == ["kept", "slower", "slower", "lost", "kept", "unknown"]


def test_an_equal_network_loses_nothing():
    found = wet_loss(DRY, DRY, PEOPLE)
    assert set(found["wet_status"]) == {"kept", "unknown"}


def test_tables_that_do_not_match_are_refused():
    with pytest.raises(ContractError, match="access_wet: rows of the other table are missing"):
        wet_loss(DRY, WET.iloc[1:], PEOPLE)
    with pytest.raises(ContractError, match="access_dry: rows of the other table are missing"):
        wet_loss(DRY.iloc[1:], WET, PEOPLE)
    with pytest.raises(ContractError, match="repeated"):
        wet_loss(pd.concat([DRY, DRY]), WET, PEOPLE)
    with pytest.raises(ContractError, match="settlements: lack 'f'"):
        wet_loss(DRY, WET, PEOPLE.iloc[:-1])
    for cutoff in (-1.0, np.nan):
        with pytest.raises(ContractError, match="cutoff_min"):
            wet_loss(DRY, WET, PEOPLE, cutoff_min=cutoff)


def test_a_flooded_track_costs_its_village_the_clinic(grid_city):
    # The village stands at the end of a track that is closed when wet; the walk to the paved road is too far.
    roads = gpd.GeoDataFrame(
        {"road_id": ["w1", "w2"], "road_class": ["tertiary", "track"]},
        geometry=[grid_city.line((0, 0), (9, 0)), grid_city.line((9, 0), (9, 9))],
        crs=grid_city.crs,
    )
    dry = build_network(roads, speeds="rural_cn")
    wet = edit_network(dry, close=("w2",))
    villages = grid_city.settlements(
        [("a", "village", 1.0, 0.0), ("b", "village", 9.0, 9.0)], population_persons=np.array([100.0, 300.0])
    )
    clinic = grid_city.facilities([("f", "clinic", 0.0, 0.0)])
    services = {"clinic": frozenset({"clinic"})}
    tables = [access_table(graph, villages, clinic, services=services).access for graph in (dry, wet)]
    found = wet_loss(*tables, villages)
    clinics = found.loc[found["service"] == "clinic"].set_index("settlement_id")
    assert clinics["wet_status"].to_dict() == {"a": "kept", "b": "lost"}
    assert clinics["population_persons"].to_dict() == {"a": 100.0, "b": 300.0}


MILE = pd.DataFrame(
    {
        "settlement_id": list("abcd"),
        "last_mile_class": ["connected", "near", "near", "gap"],
        "last_mile_class_known": ["connected", "near", "unknown", "unknown"],
    }
)


def test_coverage_needs_the_road_and_the_point_within_its_own_target():
    points = access(
        ("a", "bus_stop", 10.0, "reached"),
        ("b", "bus_stop", 10.1, "reached"),
        ("c", "bus_stop", 5.0, "reached"),
        ("d", "bus_stop", 5.0, "reached"),
        ("a", "parcel_point", 31.0, "reached"),
        ("b", "parcel_point", 30.0, "reached"),
        ("c", "parcel_point", 30.0, "reached"),
        ("d", "parcel_point", np.nan, "no_path"),
    )
    four = places(a=1.0, b=2.0, c=4.0, d=8.0)
    table = last_mile_coverage(MILE, points, four, targets={"bus_stop": 10.0, "parcel_point": 30.0})
    table = table.set_index("point")
    lower = {"road": 3.0, "bus_stop": 1.0, "parcel_point": 2.0, "any": 3.0, "all": 0.0}
    upper = {"road": 7.0, "bus_stop": 5.0, "parcel_point": 6.0, "any": 7.0, "all": 4.0}
    assert table["covered_persons_lower"].to_dict() == lower
    assert table["covered_persons_upper"].to_dict() == upper
    assert table.loc["all", "coverage_upper"] == pytest.approx(4 / 15)
    assert table.loc["bus_stop", ["places", "covered_places_lower", "covered_places_upper"]].tolist() == [4, 1, 2]
    assert table.loc["bus_stop", "target_min"] == 10.0
    nobody = last_mile_coverage(MILE, points, four.assign(population_persons=np.nan), targets={})
    assert nobody["point"].tolist() == ["road"]
    assert np.isnan(nobody["coverage_upper"][0])


def test_coverage_refuses_what_was_not_computed():
    points = access(*[(name, "bus_stop", 1.0, "reached") for name in "abcd"])
    four = places(a=1.0, b=2.0, c=4.0, d=8.0)
    for targets, message in (
        ({"opera": 5.0}, "'opera'"),
        ({"bus_stop": -1.0}, "must be 0 or more"),
        ({"bus_stop": np.nan}, "must be 0 or more"),
    ):
        with pytest.raises(ContractError, match=message):
            last_mile_coverage(MILE, points, four, targets=targets)
    with pytest.raises(ContractError, match="no rows of mode 'walk'"):
        last_mile_coverage(MILE, points, four, targets={"bus_stop": 5.0}, mode="walk")
    with pytest.raises(ContractError, match="last_mile: lacks 'd'"):
        last_mile_coverage(MILE.iloc[:3], points, four, targets={"bus_stop": 5.0})


def test_the_specification_of_the_last_mile_share_from_roads_to_table(grid_city):
    # 1.2 km at 3 km/h without detour and 15 km at 30 km/h: 24 and 30 minutes, 24 / 54 = .4444444.
    graph = build_network(
        gpd.GeoDataFrame(
            {"road_id": ["w1"], "road_class": ["tertiary"], "surface": ["asphalt"]},
            geometry=[grid_city.line((0, 0), (15, 0))],
            crs=grid_city.crs,
        ),
        speeds="rural_cn",
    )
    walk = SnapRules(walk_km_h=3.0, detour=1.0)
    villages = grid_city.settlements([("t", "town", 0.0, 0.0), ("v", "village", 15.0, 1.2)])
    nothing = grid_city.facilities([])
    table = access_table(graph, villages, nothing, services={}, rules=AccessRules(snap=walk)).access
    mile = last_mile(graph, villages, table, walk=walk).set_index("settlement_id")
    assert mile.loc["v", "last_mile_share"] == pytest.approx(0.4444444, abs=1e-7)
    assert mile.loc["v", "all_season_road_min"] == pytest.approx(24.0)
    assert mile.loc["v", "known_all_season_road_min"] == pytest.approx(24.0)
