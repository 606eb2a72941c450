"""Gauss-Krueger zones of China: codes as EPSG has them, eastings with and without zone number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyproj
import pytest

from spatial.errors import ContractError, CrsError
from spatial.georef.datums import cgcs2000_crs
from spatial.inputs.user_tables import settlements_from_table
from spatial.study import TableSource

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

LONGITUDE, LATITUDE = 107.5, 31.2
EASTING, NORTHING = 452347.539, 3453256.272
"""The point in the zone of 108 degrees east, without zone number; to the millimetre by `_gauss_krueger` below."""


def _gauss_krueger(longitude: float, latitude: float, meridian: float) -> tuple[float, float]:
    """Easting and northing by Krueger's series in n to the third power (Krueger 1912; GRS 80 as CGCS2000 has it)."""
    axis, flattening = 6_378_137.0, 1.0 / 298.257222101
    n = flattening / (2.0 - flattening)
    eccentricity = math.sqrt(flattening * (2.0 - flattening))
    radius = axis / (1.0 + n) * (1.0 + n**2 / 4.0 + n**4 / 64.0)
    alphas = (
        n / 2.0 - 2.0 / 3.0 * n**2 + 5.0 / 16.0 * n**3,
        13.0 / 48.0 * n**2 - 3.0 / 5.0 * n**3,
        61.0 / 240.0 * n**3,
    )
    sine = math.sin(math.radians(latitude))
    tangent = math.sinh(math.atanh(sine) - eccentricity * math.atanh(eccentricity * sine))
    turn = math.radians(longitude - meridian)
    xi, eta = (math.atan2(tangent, math.cos(turn)), math.asinh(math.sin(turn) / math.hypot(tangent, math.cos(turn))))
    north, east = xi, eta
    for order, alpha in enumerate(alphas, start=1):
        north += alpha * math.sin(2 * order * xi) * math.cosh(2 * order * eta)
        east += alpha * math.cos(2 * order * xi) * math.sinh(2 * order * eta)
    return 500_000.0 + radius * east, radius * north


def _read(folder: Path, easting: float, northing: float, crs: str, **declared: Any) -> gpd.GeoDataFrame:
    path = folder / "villages.csv"
    path.write_text(f"settlement_id,tier,X,Y\na,village,{northing!r},{easting!r}\n", encoding="utf-8")
    source = {"path": "villages.csv", "easting": "Y", "northing": "X", "crs": crs, **declared}
    return settlements_from_table(path, TableSource(**source))


@pytest.mark.parametrize("width", [3, 6])
@pytest.mark.parametrize("prefixed", [True, False])
def test_every_zone_has_the_code_whose_parameters_fit(width: Any, *, prefixed: bool) -> None:
    codes = []
    for meridian in range(75, 136, width):
        crs = cgcs2000_crs(central_meridian=meridian, width=width, prefixed=prefixed)
        assert crs.coordinate_operation is not None
        values = {param.name: param.value for param in crs.coordinate_operation.params}
        zone = (meridian + 3) // 6 if width == 6 else meridian // 3
        assert values["Longitude of natural origin"] == meridian
        assert values["False easting"] == 500_000 + (zone * 1_000_000 if prefixed else 0)
        codes.append(crs.to_epsg())
    first = {(6, True): 4491, (6, False): 4502, (3, True): 4513, (3, False): 4534}[width, prefixed]
    assert codes == list(range(first, first + len(codes)))


def test_a_meridian_of_ones_own_has_no_zone_number() -> None:
    own = cgcs2000_crs(central_meridian=109.5, prefixed=False)
    to_degrees = pyproj.Transformer.from_crs(own, "EPSG:4490", always_xy=True)
    assert to_degrees.transform(500_000.0, 0.0) == pytest.approx((109.5, 0.0))
    with pytest.raises(CrsError, match="prefixed=False"):
        cgcs2000_crs(central_meridian=109.5)
    with pytest.raises(CrsError, match="outside China"):
        cgcs2000_crs(central_meridian=15)
    with pytest.raises(CrsError, match="zones of 3 and 6"):
        cgcs2000_crs(central_meridian=108, width=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(("easting", "crs"), [(36_000_000 + EASTING, "EPSG:4524"), (EASTING, "EPSG:4545")])
def test_eastings_with_and_without_zone_number_are_one_place(tmp_path: Path, easting: float, crs: str) -> None:
    assert _gauss_krueger(LONGITUDE, LATITUDE, 108.0) == pytest.approx((EASTING, NORTHING), abs=0.001)
    frame = _read(tmp_path, easting, NORTHING, crs)
    point = frame.to_crs("EPSG:4326").geometry[0]
    assert (point.x, point.y) == pytest.approx((LONGITUDE, LATITUDE), abs=1e-7)


@pytest.mark.parametrize(
    ("easting", "declared", "to_write"),
    [
        (36_452_347.0, "EPSG:4545", "EPSG:4524"),  # zone number, and a CRS without
        (452_347.0, "EPSG:4524", "EPSG:4545"),  # none, and a CRS with one
        (36_452_347.0, "EPSG:4525", "EPSG:4524"),  # the next zone
        (18_652_347.0, "EPSG:4507", "EPSG:4496"),  # zones of 6 degrees
        (652_347.0, "EPSG:4496", "EPSG:4507"),
        (18_652_347.0, "EPSG:4545", "EPSG:4496"),  # 6 degrees, and a CRS of 3
        (36_452_347.0, "EPSG:2381", "EPSG:2360"),  # Xian 1980
        (36_452_347.0, "EPSG:2433", "EPSG:2412"),  # Beijing 1954
    ],
)
def test_another_zone_is_refused_with_the_code_to_write(
    tmp_path: Path, easting: float, declared: str, to_write: str
) -> None:
    with pytest.raises(CrsError, match=f"write crs = '{to_write}'"):
        _read(tmp_path, easting, NORTHING, declared)


def test_the_code_to_write_is_of_the_same_meridian_and_datum() -> None:
    for one, other in ((4545, 4524), (4507, 4496), (2381, 2360), (2433, 2412)):
        plain, numbered = pyproj.CRS.from_epsg(one), pyproj.CRS.from_epsg(other)
        assert plain.geodetic_crs == numbered.geodetic_crs
        back = pyproj.Transformer.from_crs(numbered, plain, always_xy=True).transform
        zone = 18 if "3-degree" not in numbered.name else 36
        assert back(zone * 1e6 + 452_347.0, NORTHING) == pytest.approx((452_347.0, NORTHING))


def test_numbers_that_are_no_eastings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="no eastings of a Gauss-Kruger zone"):
        _read(tmp_path, 70_452_347.0, NORTHING, "EPSG:4545")


@pytest.mark.parametrize("easting", [EASTING, 36_000_000 + EASTING])
@pytest.mark.parametrize("crs", ["EPSG:4545", "EPSG:4524"])
def test_swapped_columns_are_refused(tmp_path: Path, easting: float, crs: str) -> None:
    with pytest.raises(ContractError, match=r"easting and northing are swapped in 'a'.*X is the northing"):
        _read(tmp_path, NORTHING, easting, crs)


def test_rows_of_two_zones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    path.write_text(
        "settlement_id,tier,X,Y\na,village,3453041,36452347\nb,village,3453041,37252347\n", encoding="utf-8"
    )
    source = TableSource(path="villages.csv", easting="Y", northing="X", crs="EPSG:4524")
    with pytest.raises(ContractError, match=r"36: 1 rows, 37: 1 rows.*not of it are 'b'.*split the file"):
        settlements_from_table(path, source)


def test_swapped_columns_elsewhere_are_seen_by_the_area_of_the_crs(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="easting and northing are swapped"):
        _read(tmp_path, 3_350_000.0, 400_000.0, "EPSG:32648")
    path = tmp_path / "degrees.csv"
    path.write_text("settlement_id,tier,lon,lat\na,village,40.0,80.0\n", encoding="utf-8")
    source = TableSource(path="degrees.csv", longitude="lon", latitude="lat", crs="EPSG:4490")
    with pytest.raises(ContractError, match="longitude and latitude are swapped"):
        settlements_from_table(path, source)


def test_columns_and_crs_must_be_of_one_kind(tmp_path: Path) -> None:
    with pytest.raises(CrsError, match=r"easting and northing are metres.*in degrees"):
        _read(tmp_path, LONGITUDE, LATITUDE, "EPSG:4490")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"easting": "Y", "crs": "EPSG:4545"}, "name both columns"),
        ({"easting": "Y", "northing": "X"}, "need a crs"),
        ({"easting": "Y", "northing": "X", "longitude": "lon", "crs": "EPSG:4545"}, "give either easting"),
        ({"easting": "Y", "northing": "X", "datum": "gcj02"}, "goes with longitude"),
        ({"rotation": "position_vector"}, "rotation goes with shift"),
        ({"shift": (1, 2, 3, 0, 0, 0.1, 0)}, "say in which convention"),
        ({"shift": (1, 2, 3, 0, 0, 0, 0), "datum": "gcj02"}, "exclude each other"),
        ({"local_grid": {"wkt": "x"}, "crs": "EPSG:4545"}, "remove crs and datum"),
    ],
)
def test_contradictions_are_refused_in_the_study(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableSource(path="villages.csv", **declared)
