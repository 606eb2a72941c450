"""Local grids by control points: exact where they agree, refused where one stands out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest

from spatial.crs import WGS84
from spatial.errors import CrsError
from spatial.formats.columns import declared_crs
from spatial.georef.datums import fit_grid, fit_local_grid
from spatial.inputs.gather import coordinate_findings
from spatial.inputs.user_tables import read_table, settlements_from_table
from spatial.study import ControlPoint, LocalGrid, TableSource

if TYPE_CHECKING:
    from pathlib import Path

CRS = pyproj.CRS.from_epsg(4545)
LOCAL = np.array([[1000.0, 2000.0], [9000.0, 2500.0], [5000.0, 8000.0], [1500.0, 7000.0]])


def _true(local: np.ndarray, *, turn_degrees: float = 1.5, scale: float = 1.0002) -> np.ndarray:
    turn = math.radians(turn_degrees)
    matrix = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return local @ matrix.T + np.array([452_000.0, 3_450_000.0])


def _points(local: np.ndarray, true: np.ndarray) -> tuple[ControlPoint, ...]:
    return tuple(
        ControlPoint(easting=x, northing=y, true_easting=east, true_northing=north)
        for (x, y), (east, north) in zip(local, true, strict=True)
    )


@pytest.mark.parametrize("affine", [False, True])
def test_points_that_agree_are_fitted_exactly(*, affine: bool) -> None:
    fit = fit_grid(LOCAL, _true(LOCAL), crs=CRS, affine=affine)
    assert fit.residuals_m.max() < 1e-6
    other = np.array([[4000.0, 4000.0], [12_000.0, -3000.0]])
    assert fit(other) == pytest.approx(_true(other), abs=1e-6)


def test_an_affine_fit_takes_scales_of_their_own() -> None:
    true = LOCAL @ np.array([[1.001, 0.0002], [0.0003, 0.998]]) + np.array([452_000.0, 3_450_000.0])
    assert fit_grid(LOCAL, true, crs=CRS, affine=True).residuals_m.max() < 1e-6
    assert fit_grid(LOCAL, true, crs=CRS).residuals_m.max() > 1.0


def test_a_least_squares_fit_has_the_smallest_sum_of_squares() -> None:
    noisy = _true(LOCAL) + np.array([[0.2, -0.1], [-0.3, 0.1], [0.1, 0.2], [0.0, -0.2]])
    fit = fit_grid(LOCAL, noisy, crs=CRS)
    assert fit.rms_m == pytest.approx(math.sqrt((fit.residuals_m**2).mean()))
    for turn, scale in ((1e-6, 0.0), (-1e-6, 0.0), (0.0, 1e-6), (0.0, -1e-6)):
        change = np.array([[1.0 + scale, -turn], [turn, 1.0 + scale]])
        moved = (fit(LOCAL) - fit(LOCAL).mean(axis=0)) @ change.T + fit(LOCAL).mean(axis=0)
        assert ((moved - noisy) ** 2).sum() > (fit.residuals_m**2).sum()


def test_points_in_one_place_or_on_one_line_are_refused() -> None:
    with pytest.raises(CrsError, match="in one place"):
        fit_grid(LOCAL[[0, 0, 0]], LOCAL[[0, 0, 0]], crs=CRS)
    line = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    with pytest.raises(CrsError, match="on one line"):
        fit_grid(line, line, crs=CRS, affine=True)


def test_a_wrong_control_point_is_refused_with_every_residual() -> None:
    true = _true(LOCAL)
    true[2] += 30.0
    grid = LocalGrid(control_points=_points(LOCAL, true), true_crs="EPSG:4545")
    with pytest.raises(CrsError, match=r"villages: .*residuals 1: .* m, 2: .*tolerance_m = 1\. Correct the point"):
        fit_local_grid(grid, what="villages")
    assert fit_local_grid(grid.model_copy(update={"tolerance_m": 50.0}), what="villages").crs == CRS


def test_a_table_in_a_local_grid_comes_to_its_place(tmp_path: Path) -> None:
    place = np.array([[4000.0, 4000.0]])
    path = tmp_path / "villages.csv"
    path.write_text("settlement_id,tier,X,Y\na,village,4000,4000\n", encoding="utf-8")
    to_degrees = pyproj.Transformer.from_crs(CRS, WGS84, always_xy=True)
    degrees = np.column_stack(to_degrees.transform(*_true(LOCAL).T))
    in_degrees = tuple(
        ControlPoint(easting=x, northing=y, longitude=longitude, latitude=latitude)
        for (x, y), (longitude, latitude) in zip(LOCAL, degrees, strict=True)
    )
    grids = (
        LocalGrid(control_points=_points(LOCAL, _true(LOCAL)), true_crs="EPSG:4545"),
        LocalGrid(control_points=in_degrees),
    )
    expected = to_degrees.transform(*_true(place)[0])
    for grid in grids:
        source = TableSource(path="villages.csv", easting="Y", northing="X", local_grid=grid)
        frame = settlements_from_table(path, source)
        point = frame.to_crs(WGS84).geometry[0]
        assert (point.x, point.y) == pytest.approx(expected, abs=3e-8)
        assert "by 4 control points: residuals 0.0" in coordinate_findings(frame, source)[0].detail


def test_a_local_grid_by_wkt_is_a_crs(tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    path.write_text("settlement_id,tier,X,Y\na,village,3453256.272,452347.539\n", encoding="utf-8")
    grid = LocalGrid(wkt=CRS.to_wkt())
    frame = settlements_from_table(path, TableSource(path="v.csv", easting="Y", northing="X", local_grid=grid))
    point = frame.to_crs(WGS84).geometry[0]
    assert (point.x, point.y) == pytest.approx((107.5, 31.2), abs=1e-7)


@pytest.mark.parametrize("wkt", ["+proj=tmerc +lon_0=107 +k=1e-300", 'LOCAL_CS["own",UNIT["metre",1]]'])
def test_a_grid_from_which_no_way_leads_to_places_on_the_earth_is_refused(wkt: str) -> None:
    with pytest.raises(CrsError, match=r"villages: local_grid\.wkt: the CRS .* leads to no place on the earth"):
        declared_crs(
            TableSource(path="v.csv", easting="Y", northing="X", local_grid=LocalGrid(wkt=wkt)), what="villages"
        )


def test_a_file_with_its_own_crs_needs_no_local_grid(tmp_path: Path) -> None:
    path = tmp_path / "villages.gpkg"
    plain = TableSource(path="v.csv", easting="Y", northing="X", crs="EPSG:4545")
    table = tmp_path / "villages.csv"
    table.write_text("settlement_id,tier,X,Y\na,village,3453256,452347\n", encoding="utf-8")
    read_table(table, plain).to_file(path)
    grid = LocalGrid(control_points=_points(LOCAL, _true(LOCAL)), true_crs="EPSG:4545")
    with pytest.raises(CrsError, match="remove local_grid, or correct the file"):
        read_table(path, TableSource(path="v.gpkg", local_grid=grid))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({}, "either wkt or control_points"),
        ({"number": 2}, "needs 3 points or more"),
        ({"number": 3, "fit": "affine"}, "needs 4 points or more"),
        ({"number": 3, "true_crs": None}, "true_crs: say the CRS"),
    ],
)
def test_a_local_grid_says_enough(declared: dict[str, Any], message: str) -> None:
    number = declared.pop("number", 0)
    values = {"control_points": _points(LOCAL, _true(LOCAL))[:number], "true_crs": "EPSG:4545"} | declared
    with pytest.raises(ValueError, match=message):
        LocalGrid(**values)
    with pytest.raises(ValueError, match="give longitude and latitude, or"):
        ControlPoint(easting=1.0, northing=2.0, longitude=3.0)
