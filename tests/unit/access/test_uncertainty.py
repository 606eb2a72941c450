"""Intervals of access on a road whose times are known by arithmetic."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.access.calibration import Calibration, calibrate_speeds
from spatial.access.places import pair_up
from spatial.access.uncertainty import access_intervals
from spatial.errors import ContractError, NetworkError
from spatial.network.build import build_network
from spatial.network.combined import combine_networks
from spatial.network.scenarios import edit_network
from spatial.network.speeds import with_season
from spatial.study.access import SnapRules, WalkRange

CRS = "EPSG:32738"
NO_WALK = WalkRange(walk_km_h=(5.0, 5.0), detour=(1.3, 1.3))


def roads(*rows):
    return gpd.GeoDataFrame(
        [tags for _, tags in rows], geometry=[shapely.LineString(line) for line, _ in rows], crs=CRS
    )


def places(rows, key, **columns):
    return gpd.GeoDataFrame(
        {key: [name for name, _ in rows], **columns}, geometry=[shapely.Point(xy) for _, xy in rows], crs=CRS
    )


def settlements(*rows, persons):
    return places(rows, "settlement_id", population_persons=persons, in_study=True)


def hospitals(*rows):
    return places(rows, "facility_id", service="hospital", status="existing")


@pytest.fixture
def road():
    """50 km at 25 km/h: 2.4 min a kilometre."""
    return build_network(
        roads(([(0, 0), (50_000, 0)], {"road_id": "w1", "road_class": "residential", "surface": "dirt"}))
    )


CLINIC = hospitals(("h", (0, 0)))


def test_speeds_a_fifth_lower_and_higher_make_the_interval(road):
    # 25 km are 60 min: 60 / 1.2 = 50 and 60 / 0.8 = 75; 20 km are 48: 40 and 60; 30 km are 72: 60 and 90.
    villages = settlements(("b", (25_000, 0)), ("a", (20_000, 0)), ("c", (30_000, 0)), persons=[10.0, 1.0, 100.0])
    found = access_intervals(road, villages, CLINIC, service="hospital", cutoffs_min=(60.0, 50.0), walk=NO_WALK)
    np.testing.assert_allclose(found.table["base_min"], [60, 48, 72])
    np.testing.assert_allclose(found.table["low_min"], [50, 40, 60])
    np.testing.assert_allclose(found.table["high_min"], [75, 60, 90])
    assert list(found.table["settlement_id"]) == ["b", "a", "c"]
    assert set(found.table["main_factor"]) == {"speed"}
    people = found.people.set_index(["factor", "cutoff_min"]).loc[("speed", 60.0)]
    # Within 60 min: all at best, b and a as assumed, a alone at worst (exactly 60).
    assert [people[f"within_{side}_persons"] for side in ("low", "base", "high")] == [111, 11, 1]
    assert [people[f"beyond_{side}_persons"] for side in ("low", "base", "high")] == [0, 100, 110]
    assert (people["class_changes_persons"], people["class_changes_places"]) == (110, 2)
    assert found.headline(60.0) == (
        "100 people are beyond 60 minutes (0 at best, 110 at worst; speeds -20 % to +20 %, assumed; "
        "speeds are not calibrated)"
    )
    with pytest.raises(ContractError, match="45 was not measured; there are 60, 50"):
        found.headline(45.0)


def test_the_walk_is_a_factor_of_its_own(road):
    # 1 km beside the road at 0 km: 15.6 min; at best 1000 m at 6 km/h = 10, at worst 1.6 x 1000 m at 4 km/h = 24.
    villages = settlements(("a", (10_000, 1000)), persons=[7.0])
    row = access_intervals(road, villages, CLINIC, service="hospital", speed_share=0.0).table.iloc[0]
    assert (row["walk_low_min"], row["base_min"], row["walk_high_min"]) == pytest.approx((34.0, 39.6, 48.0))
    assert (row["low_min"], row["high_min"]) == pytest.approx((34.0, 48.0))
    assert (row["main_factor"], row["main_factor_min"]) == ("walk", pytest.approx(14.0))
    assert row["speed_low_min"] == row["speed_high_min"] == row["base_min"]


def test_the_nearest_way_in_alone_is_the_worst_entry():
    # The nearest road leads away: 20 km around; a second one 300 m further leads straight there.
    graph = build_network(
        roads(
            ([(0, 0), (-10_000, 0), (-10_000, 500), (0, 500)], {"road_id": "w1"}),
            ([(0, 300), (5000, 300), (5000, 500), (0, 500)], {"road_id": "w2"}),
        )
    )
    village = settlements(("a", (0, 0)), persons=[1.0])
    row = access_intervals(
        graph, village, hospitals(("h", (5000, 300))), service="hospital", speed_share=0.0, walk=NO_WALK
    ).table.iloc[0]
    # At best 300 m of walk, 4.68 min, and 5 km at 25 km/h, 12 min; over w1 20.5 km and back 5.2 km at 25 km/h.
    assert row["entry_low_min"] == row["base_min"] == pytest.approx(16.68)
    assert row["entry_high_min"] == pytest.approx((20.5 + 5.2) * 2.4)
    assert row["main_factor"] == "entry"


def test_the_wet_season_makes_the_worst_case_and_may_close_the_way(road):
    village = settlements(("a", (25_000, 0)), persons=[5.0])
    wet = with_season(road, "wet")
    factor = float(wet.forward_min[0] / road.forward_min[0])
    assert factor > 1.0
    for season in ("wet", wet):
        row = access_intervals(
            road, village, CLINIC, service="hospital", speed_share=0.0, walk=NO_WALK, wet=season
        ).table.iloc[0]
        assert (row["season_low_min"], row["season_high_min"]) == pytest.approx((60.0, 60.0 * factor))
    closed = edit_network(road, close=["w1"])
    found = access_intervals(road, village, CLINIC, service="hospital", wet=closed)
    row = found.table.iloc[0]
    assert row["interval_status"] == "sometimes_reached"
    assert np.isfinite(row["low_min"])
    assert np.isnan(row["high_min"])
    assert (row["main_factor"], np.isnan(row["main_factor_min"])) == ("season", True)
    assert found.people.loc[found.people["factor"] == "season", "beyond_high_persons"].item() == 5.0
    # A season that is better than the assumed one, such as frost, makes the best case.
    frost = edit_network(road, speeds=2.0)
    row = access_intervals(
        road, village, CLINIC, service="hospital", speed_share=0.0, walk=NO_WALK, wet=frost
    ).table.iloc[0]
    assert (row["low_min"], row["base_min"], row["high_min"]) == pytest.approx((30.0, 60.0, 60.0))


def test_settlements_without_a_way_have_no_interval_and_a_status(road):
    villages = settlements(("a", (0, 9000)), ("b", (10_000, 0)), persons=[1.0, np.nan])
    table = access_intervals(road, villages, CLINIC, service="hospital").table
    assert list(table["interval_status"]) == ["not_snapped", "reached"]
    assert table.loc[0, ["low_min", "base_min", "high_min", "main_factor"]].isna().all()
    found = access_intervals(road, villages, CLINIC, service="school")
    assert set(found.table["interval_status"]) == {"no_facility"}
    assert found.people["unknown_places"].tolist() == [1] * 4
    assert (found.people["beyond_base_persons"] == 1.0).all()


def test_people_outside_the_study_area_are_not_counted(road):
    villages = settlements(("a", (25_000, 0)), ("b", (25_000, 0)), persons=[1.0, 2.0]).assign(in_study=[True, False])
    people = access_intervals(road, villages, CLINIC, service="hospital").people
    assert people.loc[people["factor"] == "all", ["class_changes_persons", "class_changes_places"]].values.tolist() == [
        [1.0, 1]
    ]


def observations(factor, n=40):
    """Places every kilometre; the hospital's at 0. Observed minutes are the modelled ones times a factor."""
    km = np.arange(1, n + 1)
    return pd.DataFrame(
        {"from_x": 1000.0 * km, "from_y": 0.0, "to_x": 0.0, "to_y": 0.0, "observed_min": 2.4 * km * factor(km)}
    )


def test_measured_errors_take_the_place_of_the_share_and_are_not_symmetric(road):
    # Observed times are 1.25 or 1.6 times the modelled ones, by turns of two: modelled / observed is 0.8 or 0.625.
    measured = calibrate_speeds(road, observations(lambda km: np.where(km // 2 % 2, 1.25, 1.6)))
    village = settlements(("a", (25_000, 0)), persons=[5.0])
    found = access_intervals(road, village, CLINIC, service="hospital", walk=NO_WALK, calibration=measured)
    # The assumed speeds stay inside: 60 min at best, 60 / 0.625 = 96 at worst.
    assert found.table.loc[0, ["low_min", "base_min", "high_min"]].tolist() == pytest.approx([60.0, 60.0, 96.0])
    assert found.speed_factors == pytest.approx((0.625, 1.0))
    assert (found.measured, found.calibrated) == (True, False)
    assumed = access_intervals(road, village, CLINIC, service="hospital", walk=NO_WALK, calibration=Calibration.none())
    assert assumed.table.loc[0, ["low_min", "high_min"]].tolist() == pytest.approx([50.0, 75.0])
    assert not assumed.measured
    fitted = measured.apply(road)
    after = access_intervals(fitted, village, CLINIC, service="hospital", walk=NO_WALK, calibration=measured)
    row = after.table.iloc[0]
    # Between both, and the interval is that of the errors left on the half kept aside.
    assert 75.0 < row["base_min"] < 96.0
    assert row["low_min"] < row["base_min"] < row["high_min"]
    assert after.calibrated
    assert "measured on observed times; speeds are calibrated" in after.headline(60.0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"speed_share": 1.0}, "speed_share: is 1"),
        ({"speed_share": np.nan}, "speed_share: is nan"),
        ({"cutoffs_min": ()}, "cutoffs_min"),
        ({"cutoffs_min": (np.nan,)}, "cutoffs_min"),
    ],
)
def test_options_that_make_no_sense_are_refused(road, options, says):
    with pytest.raises(ContractError, match=says):
        access_intervals(road, settlements(("a", (0, 0)), persons=[1.0]), CLINIC, service="hospital", **options)


def test_ranges_of_walks_that_make_no_sense_are_refused():
    with pytest.raises(ContractError, match="walk_km_h: give the slowest walk first, above 0"):
        WalkRange(walk_km_h=(0.0, 5.0))
    with pytest.raises(ContractError, match="detour: give the least detour first"):
        WalkRange(detour=(1.6, 1.0))


def test_another_network_is_no_season(road):
    other = build_network(roads(([(0, 0), (0, 9000)], {}), ([(0, 0), (9000, 0)], {})))
    with pytest.raises(NetworkError, match="wet: is another network"):
        access_intervals(road, settlements(("a", (0, 0)), persons=[1.0]), CLINIC, service="hospital", wet=other)


def test_no_settlement_is_no_trouble(road):
    none = settlements(("a", (0, 0)), persons=[1.0]).iloc[:0]
    found = access_intervals(road, none, CLINIC, service="hospital")
    assert len(found.table) == 0
    assert (found.people["within_base_persons"] == 0.0).all()
    assert len(pair_up(road, none, CLINIC, service="hospital", rules=SnapRules()).back) == 0


def test_on_a_combined_network_the_nearest_way_into_each_layer_stays():
    frame = roads(
        ([(0, 0), (50_000, 0)], {"road_id": "w1"}), ([(0, 100), (50_000, 100)], {"road_id": "w2", "highway": "path"})
    )
    graph = combine_networks(build_network(frame, mode="walk"), build_network(frame, mode="drive"))
    village = settlements(("a", (25_000, 300)), persons=[1.0])
    row = access_intervals(graph, village, CLINIC, service="hospital", speed_share=0.0, walk=NO_WALK).table.iloc[0]
    # The drive stays at worst: 200 or 300 m of walk and 25 km at 25 km/h, not five hours on foot.
    assert row["entry_high_min"] < 70.0
    assert row["low_min"] <= row["base_min"] <= row["high_min"]


def test_without_the_way_in_only_speeds_and_seasons_are_varied(road):
    villages = settlements(("b", (25_000, 900)), ("a", (20_000, 0)), persons=[10.0, 1.0])
    found = access_intervals(road, villages, CLINIC, service="hospital", snap=False)
    whole = access_intervals(road, villages, CLINIC, service="hospital")
    assert set(found.people["factor"]) == {"speed", "all"}
    assert not {"walk_low_min", "entry_low_min"} & set(found.table)
    assert found.table["base_min"].equals(whole.table["base_min"])
    assert found.table["high_min"].equals(found.table["speed_high_min"])
