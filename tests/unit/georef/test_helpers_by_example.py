"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

from spatial.georef.datums import cgcs2000_crs, countries_at, to_wgs84


def test_countries_at_lists_the_countries_that_points_may_lie_in() -> None:
    assert [one.code for one in countries_at([104.2, 104.3], [28.5, 28.6])] == ["CN"]
    assert [one.code for one in countries_at([7.6], [47.6])] == ["DE", "CH", "FR"]
    assert countries_at([-30.0], [0.0]) == ()


def test_cgcs2000_crs_returns_the_cgcs2000_gauss_krueger_grid_of_a_central_meridian() -> None:
    assert cgcs2000_crs(central_meridian=108).to_epsg() == 4524
    assert cgcs2000_crs(central_meridian=108, prefixed=False).to_epsg() == 4545
    assert cgcs2000_crs(central_meridian=111, width=6).to_epsg() == 4497


def test_to_wgs84_turns_coordinates_of_a_declared_datum_into_wgs_84() -> None:
    longitude, latitude = to_wgs84([116.403742], [39.916527], datum="gcj02")
    assert bool(abs(longitude[0] - 116.3975) < 1e-5)
    assert bool(abs(latitude[0] - 39.915124) < 1e-5)
