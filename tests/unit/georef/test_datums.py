"""Shifted Chinese datums, against the documented pairs of the common converters."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest

from spatial.errors import ContractError, CrsError
from spatial.georef.datums import frame_to_wgs84, from_wgs84, to_wgs84

# coordtransform's README: wgs84togcj02(116.404, 39.915) and gcj02tobd09(116.404, 39.915)
WGS84, GCJ02 = (116.404, 39.915), (116.41024449916938, 39.91640428150164)
GCJ02_AGAIN, BD09 = (116.404, 39.915), (116.41036949371029, 39.92133699351022)


def test_forward_formula_gives_the_documented_pair() -> None:
    assert np.ravel(from_wgs84(*WGS84, datum="gcj02")) == pytest.approx(GCJ02, abs=1e-9)


def test_gcj02_and_bd09_are_inverted() -> None:
    assert np.ravel(to_wgs84(*GCJ02, datum="gcj02")) == pytest.approx(WGS84, abs=1e-9)
    there = np.ravel(to_wgs84(*BD09, datum="bd09"))
    assert there == pytest.approx(np.ravel(to_wgs84(*GCJ02_AGAIN, datum="gcj02")), abs=1e-9)


def test_wgs84_stays_and_the_argument_too() -> None:
    given = np.array([1.0, 2.0])
    x, _ = to_wgs84(given, given, datum="wgs84")
    x[0] = 9.0
    assert list(given) == [1.0, 2.0]


def test_abroad_and_missing_coordinates_are_refused() -> None:
    with pytest.raises(ContractError, match=r"'43\.5 -12' \(1 in all\) lie outside"):
        to_wgs84([104.0, 43.5], [30.0, -12.0], datum="gcj02")
    with pytest.raises(ContractError, match="China only"):
        to_wgs84([np.nan], [30.0], datum="bd09")


def test_a_frame_is_converted_once_only() -> None:
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy([GCJ02[0]], [GCJ02[1]]), crs="EPSG:4326")
    once = frame_to_wgs84(frame, datum="gcj02")
    assert (once.geometry[0].x, once.geometry[0].y) == pytest.approx(WGS84, abs=1e-9)
    assert frame.geometry[0].x == GCJ02[0]
    with pytest.raises(CrsError, match="already converted from gcj02"):
        frame_to_wgs84(once, datum="gcj02")
    with pytest.raises(CrsError, match="leave out either datum or crs"):
        frame_to_wgs84(frame.to_crs("EPSG:32650"), datum="gcj02")
