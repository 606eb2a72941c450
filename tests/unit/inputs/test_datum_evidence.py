"""Wrongly declared datums are seen where rows then lie off the roads or out of their units."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from spatial.errors import CrsError
from spatial.georef.datums import frame_to_wgs84, from_wgs84
from spatial.inputs.gather import doubt_datum, refuse_double_inversion, refuse_roads_inverted_twice, weigh
from spatial.study import TableSource

GRID_DEGREES = 0.02


def _roads() -> gpd.GeoDataFrame:
    """Roads along the parallels, 2.2 km from each other."""
    lines = [
        shapely.LineString([(107.0, 31.0 + GRID_DEGREES * row), (107.4, 31.0 + GRID_DEGREES * row)])
        for row in range(20)
    ]
    return gpd.GeoDataFrame(geometry=lines, crs="EPSG:4326")


def _villages(number: int) -> gpd.GeoDataFrame:
    """Villages up to 100 m from a road, on WGS 84."""
    random = np.random.default_rng(7)
    longitude = random.uniform(107.05, 107.35, number)
    latitude = 31.0 + GRID_DEGREES * random.integers(1, 19, number) + random.uniform(-9e-4, 9e-4, number)
    return gpd.GeoDataFrame(
        {"township_id": ["south" if value < 31.19 else "north" for value in latitude]},
        geometry=gpd.points_from_xy(longitude, latitude),
        crs="EPSG:4326",
    )


def _shifted(frame: gpd.GeoDataFrame, datum: str) -> gpd.GeoDataFrame:
    x, y = from_wgs84(frame.geometry.x, frame.geometry.y, datum=datum)  # type: ignore[arg-type] - one of three
    return frame.set_geometry(gpd.points_from_xy(x, y), crs="EPSG:4326")


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_shifted_file_is_inverted_and_one_that_is_not_is_refused(datum: str) -> None:
    source = TableSource(path="villages.csv", datum=datum)  # type: ignore[arg-type] - one of three
    villages, roads = _villages(60), _roads()
    right = frame_to_wgs84(_shifted(villages, datum), datum=source.datum)
    apart = shapely.get_coordinates(right.geometry.to_numpy()) - shapely.get_coordinates(villages.geometry.to_numpy())
    assert np.abs(apart).max() < 1e-9
    refuse_double_inversion(right, source, roads=roads, boundaries=None, what="villages")
    twice = frame_to_wgs84(villages, datum=source.datum)
    with pytest.raises(CrsError, match=r"of 60 rows lie nearer to the nearest road.*remove datum"):
        refuse_double_inversion(twice, source, roads=roads, boundaries=None, what="villages")


def test_a_double_inversion_is_seen_by_units_too() -> None:
    source = TableSource(path="villages.csv", datum="gcj02")
    edges = {"south": (106.9, 31.0, 107.5, 31.2), "north": (106.9, 31.2, 107.5, 31.5)}
    units = gpd.GeoDataFrame(
        {"boundary_id": list(edges)},
        geometry=[shapely.segmentize(shapely.box(*edge), 0.01) for edge in edges.values()],
        crs="EPSG:4326",
    )
    villages = _villages(30)
    close = np.where(np.arange(30) % 2 == 0, 31.2 - 1e-4, 31.2 + 1e-4)
    villages = villages.assign(township_id=np.where(close < 31.2, "south", "north")).set_geometry(
        gpd.points_from_xy(villages.geometry.x, close), crs="EPSG:4326"
    )
    right = frame_to_wgs84(_shifted(villages, "gcj02"), datum="gcj02")
    refuse_double_inversion(right, source, roads=None, boundaries=units, what="villages")
    twice = frame_to_wgs84(villages, datum="gcj02")
    with pytest.raises(CrsError, match="nearer to their own unit"):
        refuse_double_inversion(twice, source, roads=None, boundaries=units, what="villages")


def test_roads_inverted_twice_are_seen_by_the_places_on_them() -> None:
    source = TableSource(path="roads.shp", datum="gcj02")
    villages, roads = _villages(60), _roads()

    def shift(points: np.ndarray) -> np.ndarray:
        return np.column_stack(from_wgs84(points[:, 0], points[:, 1], datum="gcj02"))

    file = roads.set_geometry(shapely.transform(roads.geometry.to_numpy(), shift)).set_crs("EPSG:4326")
    right = frame_to_wgs84(file, datum="gcj02")
    refuse_roads_inverted_twice(right, source, places=villages, what="roads")
    with pytest.raises(CrsError, match=r"of 60 settlements.*roads seem to be WGS 84 already"):
        refuse_roads_inverted_twice(frame_to_wgs84(roads, datum="gcj02"), source, places=villages, what="roads")


def test_few_rows_no_reference_and_no_shift_decide_nothing() -> None:
    source = TableSource(path="villages.csv", datum="gcj02")
    few = frame_to_wgs84(_villages(5), datum="gcj02")
    refuse_double_inversion(few, source, roads=_roads(), boundaries=None, what="villages")
    refuse_double_inversion(few, source, roads=None, boundaries=_roads(), what="villages")
    refuse_double_inversion(_villages(60), TableSource(path="v.csv"), roads=_roads(), boundaries=None, what="villages")


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_an_undeclared_shift_is_reported_and_a_true_wgs84_file_is_not(datum: str) -> None:
    plain, roads = TableSource(path="villages.csv"), _roads()
    assert doubt_datum(_villages(60), plain, roads=roads, what="villages.csv") == []
    (finding,) = doubt_datum(_shifted(_villages(60), datum), plain, roads=roads, what="villages.csv")
    assert finding.kind == "datum_doubtful"
    assert f"datum = '{datum}'" in finding.detail
    abroad = _villages(60).set_geometry(gpd.points_from_xy([43.5] * 60, [-12.0] * 60), crs="EPSG:4326")
    assert doubt_datum(abroad, plain, roads=roads, what="villages.csv") == []


@pytest.mark.parametrize(("declared", "true"), [("gcj02", "bd09"), ("bd09", "gcj02")])
def test_one_shift_declared_for_the_other_is_reported(declared: str, true: str) -> None:
    # Inverted by the wrong one, places lie some 900 m away, yet hardly worse than as they are in the file.
    source = TableSource(path="villages.csv", datum=declared)  # type: ignore[arg-type] - one of three
    file = _shifted(_villages(60), true)
    (finding,) = doubt_datum(frame_to_wgs84(file, datum=source.datum), source, roads=_roads(), what="villages.csv")
    assert f"declared as {declared}, but" in finding.detail
    assert f"datum = '{true}'" in finding.detail
    right = TableSource(path="villages.csv", datum=true)  # type: ignore[arg-type] - one of three
    assert doubt_datum(frame_to_wgs84(file, datum=right.datum), right, roads=_roads(), what="villages.csv") == []


def test_the_sign_test_counts_what_changes_by_more_than_a_metre() -> None:
    evidence = weigh(np.array([100.0] * 10 + [5.0]), np.array([10.0] * 10 + [5.5]))
    assert (evidence.nearer, evidence.farther) == (10, 0)
    assert evidence.chance == pytest.approx(0.5**10)
    assert weigh(np.array([]), np.array([])).chance == 1.0
