"""Shifts of datum: unknown ones refused, seven parameters applied as the published formula has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest

from spatial.crs import WGS84
from spatial.errors import CrsError
from spatial.georef.datums import apply_shift, is_cgcs2000, refuse_unknown_shift, shift_accuracy_m
from spatial.inputs.gather import coordinate_findings
from spatial.inputs.user_tables import settlements_from_table
from spatial.study import TableSource

if TYPE_CHECKING:
    from pathlib import Path

EASTING, NORTHING = 452_347.0, 3_453_041.0
SHIFT = (-15.3, 120.4, 48.1, 0.6, -0.9, 1.8, -1.5)


def _frame(crs: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy([EASTING], [NORTHING]), crs=crs)


def _helmert(crs: str, shift: tuple[float, ...], sign: float) -> tuple[float, float]:
    """Longitude and latitude by EPSG methods 9606 (sign 1) and 9607 (sign -1), IOGP Guidance Note 7-2."""
    grid = pyproj.CRS.from_user_input(crs)
    to_degrees = pyproj.Transformer.from_crs(grid, grid.geodetic_crs, always_xy=True)
    longitude, latitude = np.radians(to_degrees.transform(EASTING, NORTHING))
    old = grid.ellipsoid
    assert old is not None
    square = 1.0 - (old.semi_minor_metre / old.semi_major_metre) ** 2
    normal = old.semi_major_metre / np.sqrt(1.0 - square * np.sin(latitude) ** 2)
    place = normal * np.array(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), (1.0 - square) * np.sin(latitude)]
    )
    rx, ry, rz = sign * np.radians(np.array(shift[3:6]) / 3600.0)
    turn = np.array([[1.0, -rz, ry], [rz, 1.0, -rx], [-ry, rx, 1.0]])
    x, y, z = np.array(shift[:3]) + (1.0 + shift[6] * 1e-6) * turn @ place
    back = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True)
    there = back.transform(x, y, z)
    return there[0], there[1]


@pytest.mark.parametrize(("rotation", "sign"), [("position_vector", 1.0), ("coordinate_frame", -1.0)])
@pytest.mark.parametrize("crs", ["EPSG:2381", "EPSG:2433"])
def test_seven_parameters_are_applied_in_either_convention(rotation: Any, sign: float, crs: str) -> None:
    moved = apply_shift(_frame(crs), SHIFT, rotation=rotation, what="villages")
    assert moved.crs == WGS84
    point = moved.geometry[0]
    assert (point.x, point.y) == pytest.approx(_helmert(crs, SHIFT, sign), abs=1e-8)


def test_parameters_in_other_units_are_refused() -> None:
    wrong = (*SHIFT[:3], *(value * 206.0 for value in SHIFT[3:6]), SHIFT[6])
    with pytest.raises(CrsError, match=r"moves the rows by up to \d+ m.*check order and units"):
        apply_shift(_frame("EPSG:2381"), wrong, rotation="position_vector", what="villages")


@pytest.mark.parametrize("crs", ["EPSG:4545", "EPSG:32648"])
def test_a_shift_of_what_needs_none_is_refused(crs: str) -> None:
    with pytest.raises(CrsError, match="is on WGS 84 or CGCS2000 already; remove shift"):
        apply_shift(_frame(crs), SHIFT, rotation="position_vector", what="villages")


@pytest.mark.parametrize(
    "crs", ["EPSG:4214", "EPSG:2412", "EPSG:2433", "EPSG:4610", "EPSG:2360", "EPSG:2381", "EPSG:4555", "EPSG:21418"]
)
def test_old_chinese_datums_are_refused_with_the_remedies(crs: str) -> None:
    with pytest.raises(CrsError, match=r"seven parameters.*control points"):
        refuse_unknown_shift(pyproj.CRS.from_user_input(crs), None, what="villages")


@pytest.mark.parametrize("ellipsoid", ["krass", "GRS80"])
def test_a_ballpark_shift_is_refused(ellipsoid: str) -> None:
    text = f"+proj=tmerc +lon_0=108 +x_0=500000 +ellps={ellipsoid}"
    unknown = pyproj.CRS.from_user_input(text)
    with pytest.raises(CrsError, match="ballpark"):
        refuse_unknown_shift(unknown, (EASTING, NORTHING, EASTING, NORTHING), what="villages")
    known = pyproj.CRS.from_user_input(f"{text} +towgs84=15,-154,-82")
    refuse_unknown_shift(known, (EASTING, NORTHING, EASTING, NORTHING), what="villages")


def test_wkt_with_its_own_shift_is_taken_for_an_old_datum() -> None:
    bound = pyproj.crs.BoundCRS(
        pyproj.CRS.from_epsg(2381),
        WGS84,
        pyproj.crs.coordinate_operation.ToWGS84Transformation(pyproj.CRS.from_epsg(4610), *SHIFT),
    )
    read = pyproj.CRS.from_wkt(bound.to_wkt())
    refuse_unknown_shift(read, (EASTING, NORTHING, EASTING, NORTHING), what="villages")
    with pytest.raises(CrsError, match="has a shift of its own"):
        apply_shift(_frame("EPSG:2381").set_crs(read, allow_override=True), SHIFT, rotation=None, what="v")


@pytest.mark.parametrize(
    "crs", ["EPSG:4326", "EPSG:4490", "EPSG:4524", "EPSG:32648", "EPSG:27700", "EPSG:4258", "EPSG:2154", "EPSG:3857"]
)
def test_known_shifts_are_taken(crs: str) -> None:
    refuse_unknown_shift(pyproj.CRS.from_user_input(crs), None, what="villages")


def test_cgcs2000_is_taken_for_wgs84_and_said_so(tmp_path: Path) -> None:
    esri = pyproj.CRS.from_wkt(pyproj.CRS.from_epsg(4545).to_wkt("WKT1_ESRI"))
    assert is_cgcs2000(esri)
    assert not is_cgcs2000(pyproj.CRS.from_epsg(2381))
    path = tmp_path / "villages.csv"
    path.write_text(f"settlement_id,tier,X,Y\na,village,{NORTHING},{EASTING}\n", encoding="utf-8")
    source = TableSource(path="villages.csv", easting="Y", northing="X", crs="EPSG:4545")
    (finding,) = coordinate_findings(settlements_from_table(path, source), source)
    assert (finding.kind, finding.subject) == ("datum_taken_as_equal", "villages.csv")
    assert "within a metre" in finding.detail


def test_what_was_done_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    path.write_text(f"settlement_id,tier,X,Y\na,village,{NORTHING},{EASTING}\n", encoding="utf-8")
    columns = {"path": "villages.csv", "easting": "Y", "northing": "X"}
    old = TableSource(**columns, crs="EPSG:2381", shift=SHIFT, rotation="position_vector")  # type: ignore[arg-type] - texts
    frame = settlements_from_table(path, old)
    assert frame.crs == WGS84
    assert "seven parameters -15.3, 120.4" in coordinate_findings(frame, old)[0].detail
    british = TableSource(path="v.csv", crs="EPSG:27700")
    grid = gpd.GeoDataFrame(geometry=gpd.points_from_xy([486_000.0], [308_000.0]), crs="EPSG:27700")
    accuracy_m = shift_accuracy_m(pyproj.CRS.from_epsg(27700), tuple(grid.total_bounds))
    kinds = [finding.kind for finding in coordinate_findings(grid, british)]
    assert kinds == (["datum_shifted"] if accuracy_m > 1.0 else [])
    utm = gpd.GeoDataFrame(geometry=gpd.points_from_xy([486_000.0], [308_000.0]), crs="EPSG:32648")
    assert coordinate_findings(utm, british) == []
