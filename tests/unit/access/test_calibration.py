"""Speeds fitted to observed minutes: known factors come back, and what could not be used is named."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.access.calibration import Calibration, FitRules, calibrate_speeds
from spatial.errors import ContractError, CrsError
from spatial.network.build import build_network
from spatial.network.combined import combine_networks
from spatial.network.matrix import times_matrix
from spatial.network.snapping import snap
from spatial.study.access import SnapRules

CRS = "EPSG:32738"
N = 9
CLASSES = ("primary", "secondary", "residential")


@pytest.fixture(scope="module")
def city():
    """Streets every 2 km, 16 km by 16 km, of three classes in turn; an island apart."""
    rows = []
    for line in range(N):
        for axis in (0, 1):
            ends = np.array([[0, line], [N - 1, line]])[:, :: 1 - 2 * axis] * 2000.0
            way = np.linspace(ends[0], ends[1], N)
            rows.append(
                {"road_id": f"w{len(rows)}", "road_class": CLASSES[line % 3], "geometry": shapely.LineString(way)}
            )
    rows.append(
        {"road_id": "island", "road_class": "track", "geometry": shapely.LineString([(90_000, 0), (99_000, 0)])}
    )
    return build_network(gpd.GeoDataFrame(rows, crs=CRS))


def spots(seed=0, n=30):
    xy = np.random.default_rng(seed).uniform(0, 16_000, (n, 2))
    return gpd.GeoDataFrame({"place_id": [f"p{k}" for k in range(n)]}, geometry=gpd.points_from_xy(*xy.T), crs=CRS)


def trips(graph, places, seed=1, n=120, **rules):
    """Minutes between random pairs of places on a network."""
    a, b = np.random.default_rng(seed).integers(0, len(places), (2, n))
    kept = a != b
    a, b = a[kept], b[kept]
    snaps = snap(graph, places.geometry, **rules)
    i, j, minutes, _ = times_matrix(graph, snaps, snaps)
    table = np.full((len(places),) * 2, np.inf)
    table[i, j] = minutes
    ids = places["place_id"].to_numpy()
    return pd.DataFrame({"from_id": ids[a], "to_id": ids[b], "observed_min": table[a, b]})


def real(graph, **factors):
    """Give each class other speeds."""
    factor = pd.Series(graph.road_class).map(factors).fillna(1.0).to_numpy()
    return graph.with_minutes(graph.forward_min / factor, graph.backward_min / factor)


def test_places_elsewhere_or_without_a_point_are_refused(city):
    places = spots()
    observed = trips(city, places)
    with pytest.raises(CrsError, match=r"places: the CRS is EPSG:4326.*to_crs\(graph.crs\)"):
        calibrate_speeds(city, observed, places=[places.to_crs(4326)])
    with pytest.raises(ContractError, match="geometry: there is none"):
        calibrate_speeds(city, observed, places=pd.DataFrame(places.drop(columns="geometry")))


def test_known_factors_come_back_though_they_move_the_ways(city):
    places = spots()
    observed = trips(real(city, primary=0.6, secondary=0.9, residential=1.3), places)
    found = calibrate_speeds(city, observed, places=[places])
    assert found.factors == pytest.approx({"primary": 0.6, "secondary": 0.9, "residential": 1.3}, rel=0.02)
    fitted = found.apply(city)
    assert fitted.report["calibration"]["improves"]
    # With the fitted speeds the half kept aside is right to a few percent.
    after = found.report.query("half == 'test' and stage == 'after' and by == 'all'").iloc[0]
    assert abs(after["median_error_share"]) < 0.01
    assert max(-after["p05_error_share"], after["p95_error_share"]) < 0.03
    before = found.report.query("half == 'test' and stage == 'before' and by == 'all'").iloc[0]
    assert before["mean_absolute_min"] > 5 * after["mean_absolute_min"]
    # The class of the island was never travelled: it has no factor and keeps its speed.
    np.testing.assert_array_equal(
        fitted.speed_km_h[fitted.road_class == "track"], city.speed_km_h[city.road_class == "track"]
    )


def test_a_class_of_few_trips_is_not_taken_for_blunders(city):
    rare = np.isin(city.road_id, ["w8", "w9"])
    mixed = replace(city, road_class=np.where(rare, "unclassified", city.road_class))
    places = spots()
    truth = {"primary": 0.7, "secondary": 1.0, "residential": 1.2, "unclassified": 0.6}
    found = calibrate_speeds(mixed, trips(real(mixed, **truth), places, n=300), places=[places])
    assert found.factors == pytest.approx(truth, rel=0.03)


def test_noise_and_a_few_blunders_move_the_factors_little(city):
    places = spots()
    observed = trips(real(city, primary=0.6, secondary=0.9, residential=1.3), places, n=400)
    random = np.random.default_rng(5)
    observed["observed_min"] *= random.lognormal(0.0, 0.1, len(observed))
    observed.loc[::40, "observed_min"] *= 4.0
    found = calibrate_speeds(city, observed, places=[places])
    assert found.factors == pytest.approx({"primary": 0.6, "secondary": 0.9, "residential": 1.3}, rel=0.12)
    assert found.improves


def test_right_speeds_stay(city):
    places = spots()
    found = calibrate_speeds(city, trips(city, places), places=places)
    assert found.factors == pytest.approx(dict.fromkeys(CLASSES, 1.0), abs=1e-6)
    assert found.speed_range(city) == pytest.approx((1.0, 1.0), abs=1e-9)


def test_neither_the_order_of_rows_nor_the_direction_given_to_pairs_matters(city):
    places = spots()
    observed = trips(real(city, primary=0.7), places)
    one = calibrate_speeds(city, observed, places=[places])
    other = calibrate_speeds(city, observed.sample(frac=1.0, random_state=3), places=[places.iloc[::-1]])
    assert one.factors == pytest.approx(other.factors, rel=1e-9)
    merged = one.observations.merge(other.observations, on=["from_id", "to_id", "observed_min"])
    assert (merged["half_x"] == merged["half_y"]).all()
    back = one.observations.assign(
        pair=[tuple(sorted(ends)) for ends in one.observations[["from_id", "to_id"]].to_numpy()]
    )
    assert not back.drop_duplicates(["pair", "half"])["pair"].duplicated().any()
    assert abs((one.observations["half"] == "fit").mean() - 0.5) < 0.1


def test_coordinates_do_as_well_as_ids(city):
    places = spots()
    observed = trips(real(city, primary=0.7), places)
    at = places.set_index("place_id").geometry
    xy = pd.DataFrame(
        {
            "from_x": at[observed["from_id"]].x.to_numpy(),
            "from_y": at[observed["from_id"]].y.to_numpy(),
            "to_x": at[observed["to_id"]].x.to_numpy(),
            "to_y": at[observed["to_id"]].y.to_numpy(),
            "observed_min": observed["observed_min"],
            "source": "survey",
        }
    )
    found = calibrate_speeds(city, xy)
    assert found.factors == pytest.approx(dict(calibrate_speeds(city, observed, places=[places]).factors))
    assert set(found.observations["source"]) == {"survey"}


def test_what_cannot_be_used_is_listed_with_its_reason(city):
    places = pd.concat(
        [
            spots(),
            gpd.GeoDataFrame(
                {"place_id": ["island", "sea"]},
                geometry=[shapely.Point(95_000, 0), shapely.Point(50_000, 50_000)],
                crs=CRS,
            ),
        ]
    )
    odd = pd.DataFrame(
        {"from_id": ["p0", "p0", "p1"], "to_id": ["island", "sea", "p1"], "observed_min": [60.0, 60.0, 1.0]}
    )
    observed = pd.concat([odd, trips(city, spots())])
    found = calibrate_speeds(city, observed, places=[places])
    assert list(found.unused["reason"]) == ["no_path", "not_snapped", "no_road"]
    assert len(found.unused) + len(found.observations) == len(observed)


def test_groups_share_a_factor_and_bounds_hold(city):
    places = spots()
    observed = trips(real(city, primary=0.1, secondary=0.1, residential=0.1), places)
    found = calibrate_speeds(
        city, observed, places=[places], groups=dict.fromkeys(CLASSES, "road"), fit=FitRules(bounds=(0.4, 2.5))
    )
    assert found.factors == pytest.approx({"road": 0.4})
    assert set(found.observations["dominant_class"]) == {"road"}
    street = city.road_class != "track"
    np.testing.assert_allclose(found.apply(city).speed_km_h[street], 0.4 * city.speed_km_h[street])


def test_the_report_counts_every_observation_by_distance_and_class(city):
    places = spots()
    observed = trips(city, places).assign(observed_min=lambda rows: 1.25 * rows["observed_min"])
    found = calibrate_speeds(city, observed, places=[places], rules=SnapRules(walk_km_h=5.0))
    counts = (
        found.report.groupby(["half", "stage", "by"])["n"]
        .sum()
        .reset_index()
        .pivot_table(index=["half", "stage"], columns="by", values="n")
    )
    assert (counts["all"] == counts["distance"]).all()
    assert (counts["all"] == counts["class"]).all()
    # Modelled over observed is 0.8 everywhere before.
    before = found.report[found.report["stage"] == "before"]
    np.testing.assert_allclose(before[["median_error_share", "p05_error_share", "p95_error_share"]], -0.2, atol=1e-9)


def test_no_calibration_says_so_and_changes_nothing(city):
    none = Calibration.none()
    assert not none.calibrated
    assert not none.improves
    assert none.summary() == {"calibrated": False}
    assert none.apply(city) is city
    assert none.speed_range(city) is None


def test_too_few_or_wrong_observations_are_refused(city):
    places = spots()
    observed = trips(city, places)
    still = pd.DataFrame({"from_id": ["p1"], "to_id": ["p1"], "observed_min": [1.0]})
    few = pd.concat([observed.iloc[:19], still])
    says = r"19 usable observations, 20 are needed at least \(of 20; 1 no_road\)"
    with pytest.raises(ContractError, match=says):
        calibrate_speeds(city, few, places=[places])
    # There and back is one pair, and none is left to test the fit by.
    there = pd.concat([observed.iloc[:1]] * 12)
    back = there.rename(columns={"from_id": "to_id", "to_id": "from_id"})
    with pytest.raises(ContractError, match="all 24 usable observations are of one pair of places"):
        calibrate_speeds(city, pd.concat([there, back]), places=[places])
    with pytest.raises(ContractError, match="to_id: no such column"):
        calibrate_speeds(city, observed.drop(columns="to_id"), places=[places])
    with pytest.raises(ContractError) as caught:
        calibrate_speeds(
            city,
            observed.assign(to_id="nobody").assign(observed_min=[0.0, *observed["observed_min"].iloc[1:]]),
            places=[places],
        )
    assert "observed_min: missing or not above 0 in rows 1 (1 in all)" in str(caught.value)
    assert "not among the places: 'nobody' (1 in all)" in str(caught.value)
    with pytest.raises(ContractError, match="a table has none of the columns facility_id"):
        calibrate_speeds(city, observed, places=[places.rename(columns={"place_id": "name"})])
    xy = pd.DataFrame({"from_x": [1.0, 1.0, np.nan], "from_y": 0.0, "to_x": 0.0, "to_y": 0.0, "observed_min": 1.0})
    with pytest.raises(ContractError, match="from_x, from_y, to_x, to_y: missing or no number in rows 3"):
        calibrate_speeds(city, xy)
    with pytest.raises(ContractError, match="missing or no number in rows 2, 3"):
        calibrate_speeds(city, xy.assign(from_x=["1.0", "1,0", None]))


def test_nothing_is_calibrated_twice(city):
    places = spots()
    found = calibrate_speeds(city, trips(city, places), places=[places])
    with pytest.raises(ContractError, match="calibrated already"):
        found.apply(found.apply(city))
    with pytest.raises(ContractError, match="calibrated already"):
        calibrate_speeds(found.apply(city), trips(city, places), places=[places])


def test_each_leg_of_a_combined_network_gets_factors_of_its_own(city):
    # Paths of 3 km lead from every other junction of the southern street: villages stand at their ends.
    junctions = 4000.0 * np.arange(5)
    paths = gpd.GeoDataFrame(
        {"road_id": [f"path{n}" for n in range(5)], "road_class": "path"},
        geometry=[shapely.LineString([(x, 0), (x, -3000)]) for x in junctions],
        crs=CRS,
    )
    streets = gpd.GeoDataFrame(
        {"road_id": city.road_id, "road_class": city.road_class}, geometry=city.edge_lines(), crs=CRS
    )
    roads = pd.concat([streets.dissolve("road_id", as_index=False), paths], ignore_index=True)
    roads["geometry"] = roads.geometry.apply(
        lambda line: line if line.geom_type == "LineString" else shapely.line_merge(line)
    )
    walk, drive = (build_network(roads, mode=mode) for mode in ("walk", "drive"))
    both = combine_networks(walk, drive, boarding_min=4.0, alighting_min=1.0)
    villages = gpd.GeoDataFrame(
        {"place_id": [f"v{n}" for n in range(5)]}, geometry=gpd.points_from_xy(junctions, [-3000.0] * 5), crs=CRS
    )
    places = pd.concat([villages, spots(n=20)], ignore_index=True)
    factors = {"walk:path": 0.7, "drive:primary": 0.6, "drive:secondary": 1.2}
    legs = np.array(["walk:", "drive:", ""], dtype=object)[both.edge_layer]
    label = pd.Series(legs + both.road_class)
    factor = label.map(factors).fillna(1.0).to_numpy()
    slower = both.with_minutes(both.forward_min / factor, both.backward_min / factor)
    # Nobody walks across the fields instead.
    near = SnapRules(max_snap_m=1000.0)
    observed = trips(slower, places, n=400, **vars(near))
    found = calibrate_speeds(both, observed, places=[places], rules=near)
    assert {name: found.factors[name] for name in factors} == pytest.approx(factors, rel=0.03)
    assert not {name for name in found.factors if "transfer" in name}
    fitted = found.apply(both)
    links = both.edge_layer < 0
    assert np.array_equal(fitted.forward_min[links], both.forward_min[links])
    assert np.allclose(fitted.forward_min, slower.forward_min, rtol=0.05)


def test_a_class_that_only_the_fitted_speeds_lead_over_is_fitted_too():
    # 60 km of primary road, then 30 km beside a tertiary one, which is the faster at 40 km/h once primary has 36.
    lines = [
        [(0, 0), (60_000, 0)],
        [(60_000, 0), (75_000, 500), (90_000, 0)],
        [(60_000, 0), (75_000, -500), (90_000, 0)],
    ]
    roads = gpd.GeoDataFrame(
        {
            "road_id": ["main", "last", "side"],
            "road_class": ["primary", "primary", "tertiary"],
            "speed_km_h": [60.0, 60.0, 50.0],
        },
        geometry=[shapely.LineString(line) for line in lines],
        crs=CRS,
    )
    graph = build_network(roads, mode="drive")
    x = np.arange(1000.0, 59_000.0, 1500.0)
    is_far = np.arange(len(x)) % 4 == 0
    minutes = (60_000.0 - x) * 0.06 / 36.0 + is_far * np.hypot(15_000.0, 500.0) * 2.0 * 0.06 / 40.0
    observed = pd.DataFrame(
        {"from_x": x, "from_y": 0.0, "to_x": np.where(is_far, 90_000.0, 60_000.0), "to_y": 0.0, "observed_min": minutes}
    )
    found = calibrate_speeds(graph, observed)
    assert found.factors == pytest.approx({"primary": 0.6, "tertiary": 0.8}, abs=0.01)
    assert found.apply(graph).speed_km_h == pytest.approx([36.0, 36.0, 40.0], rel=0.01)
