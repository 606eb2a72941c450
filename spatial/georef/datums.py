"""Chinese map datums back to WGS 84, and shifts between datums that PROJ can only call ballpark."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation
from pyproj.transformer import AreaOfInterest, TransformerGroup

from spatial.crs import WGS84, Bounds, transformer_between
from spatial.errors import ContractError, CrsError, first_of
from spatial.georef.chinese_grids import BEIJING_1954, CGCS2000, XIAN_1980, datum_name

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike

    from spatial.arrays import FloatArray
    from spatial.study.sources import Datum, Rotation, Shift

    Pair = tuple[FloatArray, FloatArray]


# Shifted Chinese map datums: GCJ-02 and BD-09 coordinates back to WGS 84.


CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north in degrees: where GCJ-02 is defined; elsewhere it equals WGS 84."""

KRASOVSKY_AXIS_M = 6_378_245.0
KRASOVSKY_ECCENTRICITY_2 = 0.006_693_421_622_965_943
"""The ellipsoid of the published GCJ-02 formula (Krasovsky 1940)."""

_BAIDU_TURN = np.pi * 3000.0 / 180.0
_TOLERANCE_DEGREES = 1e-11
_MAX_STEPS = 60
CONVERTED_FROM = "shifted_from"
"""Column that says which datum the coordinates of a row were converted from, so that none is converted twice."""


def to_wgs84(longitude: ArrayLike, latitude: ArrayLike, *, datum: Datum) -> Pair:
    """
    Turn coordinates of a declared datum into WGS 84, to far below one metre.

    The published forward formula of GCJ-02 is inverted by fixed-point iteration; that of BD-09 likewise.

    >>> longitude, latitude = to_wgs84([116.403742], [39.916527], datum="gcj02")
    >>> bool(abs(longitude[0] - 116.3975) < 1e-5), bool(abs(latitude[0] - 39.915124) < 1e-5)
    (True, True)
    """
    x, y = _arrays(longitude, latitude)
    if datum == "wgs84":
        return x, y
    _refuse_abroad(x, y, datum)
    if datum == "bd09":
        x, y = _invert(_gcj02_to_bd09, x, y)
    return _invert(_wgs84_to_gcj02, x, y)


def from_wgs84(longitude: ArrayLike, latitude: ArrayLike, *, datum: Datum) -> Pair:
    """Turn WGS 84 coordinates into a shifted datum, as the map services do."""
    x, y = _arrays(longitude, latitude)
    if datum == "wgs84":
        return x, y
    _refuse_abroad(x, y, datum)
    x, y = _wgs84_to_gcj02(x, y)
    return _gcj02_to_bd09(x, y) if datum == "bd09" else (x, y)


def frame_to_wgs84(frame: gpd.GeoDataFrame, *, datum: Datum) -> gpd.GeoDataFrame:
    """Turn a frame in a shifted datum into WGS 84, once."""
    if datum == "wgs84":
        return frame
    # What the frame, or a column of its file, says that it was converted from.
    before = str(frame.attrs.get(CONVERTED_FROM, ""))
    if CONVERTED_FROM not in frame.attrs and CONVERTED_FROM in frame.columns:
        marks = frame[CONVERTED_FROM].dropna().astype(str).str.strip()
        before = ", ".join(sorted(set(marks[marks != ""])))
    if before:
        raise CrsError(
            f"the coordinates were already converted from {before} to WGS 84; converting them from {datum} again would "
            "move them by hundreds of metres: remove datum from the study file"
        )
    if frame.crs is not None and not frame.crs.is_geographic:
        raise CrsError(
            f"datum = '{datum}' goes with longitude and latitude, but the coordinates are in {frame.crs.to_string()}; "
            "leave out either datum or crs"
        )

    def shift(points: FloatArray) -> FloatArray:
        return np.column_stack(to_wgs84(points[:, 0], points[:, 1], datum=datum))

    moved = frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), shift)).set_crs(
        "EPSG:4326", allow_override=True
    )
    moved.attrs = {**frame.attrs, CONVERTED_FROM: datum}
    return moved


def _arrays(longitude: ArrayLike, latitude: ArrayLike) -> Pair:
    return np.array(longitude, dtype=np.float64, ndmin=1), np.array(latitude, dtype=np.float64, ndmin=1)


def _refuse_abroad(x: FloatArray, y: FloatArray, datum: str) -> None:
    west, south, east, north = CHINA
    abroad = ~((x >= west) & (x <= east) & (y >= south) & (y <= north))
    if abroad.any():
        shown = [f"{lon:g} {lat:g}" for lon, lat in zip(x[abroad], y[abroad], strict=True)]
        turned = (y[abroad] >= west) & (y[abroad] <= east) & (x[abroad] >= south) & (x[abroad] <= north)
        remedy = (
            "longitude and latitude are swapped: exchange them" if turned.all() else "correct the rows or the datum"
        )
        raise ContractError(
            "coordinates", [f"datum = '{datum}' exists in China only, but {first_of(shown)} lie outside; {remedy}"]
        )


def _wgs84_to_gcj02(x: FloatArray, y: FloatArray) -> Pair:
    dx, dy = x - 105.0, y - 35.0
    common = (20.0 * np.sin(6.0 * dx * np.pi) + 20.0 * np.sin(2.0 * dx * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * dx + 3.0 * dy + 0.2 * dy * dy + 0.1 * dx * dy + 0.2 * np.sqrt(np.abs(dx)) + common
    north += (20.0 * np.sin(dy * np.pi) + 40.0 * np.sin(dy / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(dy / 12.0 * np.pi) + 320.0 * np.sin(dy * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + dx + 2.0 * dy + 0.1 * dx * dx + 0.1 * dx * dy + 0.1 * np.sqrt(np.abs(dx)) + common
    east += (20.0 * np.sin(dx * np.pi) + 40.0 * np.sin(dx / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(dx / 12.0 * np.pi) + 300.0 * np.sin(dx / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(y)
    magic = 1.0 - KRASOVSKY_ECCENTRICITY_2 * np.sin(phi) ** 2
    metres_north = KRASOVSKY_AXIS_M * (1.0 - KRASOVSKY_ECCENTRICITY_2) / (magic * np.sqrt(magic))
    metres_east = KRASOVSKY_AXIS_M / np.sqrt(magic) * np.cos(phi)
    return x + np.degrees(east / metres_east), y + np.degrees(north / metres_north)


def _gcj02_to_bd09(x: FloatArray, y: FloatArray) -> Pair:
    radius = np.hypot(x, y) + 2e-5 * np.sin(y * _BAIDU_TURN)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BAIDU_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _invert(forward: Callable[..., Pair], x: FloatArray, y: FloatArray) -> Pair:
    """Find what `forward` turns into (x, y): it is the identity plus a small, slowly changing shift."""
    guess_x, guess_y = x.copy(), y.copy()
    for _ in range(_MAX_STEPS):
        there_x, there_y = forward(guess_x, guess_y)
        step_x, step_y = x - there_x, y - there_y
        guess_x, guess_y = guess_x + step_x, guess_y + step_y
        if max(np.abs(step_x).max(initial=0.0), np.abs(step_y).max(initial=0.0)) < _TOLERANCE_DEGREES:
            break
    return guess_x, guess_y


# Shifts between datums: those PROJ can only call ballpark are refused, seven parameters of a study are applied.

LARGEST_SHIFT_M = 2000.0
"""No datum in use lies farther from WGS 84; parameters that move rows farther are in other units or another order."""

_WGS84_DATUMS = ("world geodetic system 1984", "wgs 84", "wgs 1984")
_ONLY_BY_SURVEY = frozenset({BEIJING_1954, XIAN_1980, "new beijing"})
"""Datums of which PROJ knows no shift, or one for a single oil field that it may take elsewhere."""


def is_cgcs2000(crs: pyproj.CRS) -> bool:
    """Whether a CRS is on CGCS2000, which is taken for WGS 84: the two are within a metre of each other."""
    return datum_name(crs) == CGCS2000


def refuse_unknown_shift(crs: pyproj.CRS, bounds: Bounds | None, *, what: str) -> None:
    """Refuse a CRS whose datum cannot be brought to WGS 84 but by taking the two for equal."""
    if is_cgcs2000(crs) or not (crs.is_projected or crs.is_geographic):
        return
    name = datum_name(crs)
    if not crs.is_bound and name in _ONLY_BY_SURVEY:
        raise CrsError(
            f"{what}: the CRS {_short(crs)} is on {name.title()}, whose shift to CGCS2000 (about 100 m) differs from "
            "place to place and is not published; ask the survey office for its seven parameters and write "
            "shift = [dx, dy, dz, rx, ry, rz, ppm] and rotation, or give three or more control points in local_grid, "
            "or have the file converted to CGCS2000"
        )
    if _best(crs.to_wkt(), _degrees(crs, bounds)) is None:
        raise CrsError(
            f"{what}: of the CRS {_short(crs)} only a rough (ballpark) shift to WGS 84 is known, which may be wrong by "
            "hundreds of metres; write the CRS by its authority code, or add shift = [dx, dy, dz, rx, ry, rz, ppm], a "
            "WKT with TOWGS84, or control points in local_grid"
        )


def shift_accuracy_m(crs: pyproj.CRS, bounds: Bounds | None) -> float:
    """Return the stated accuracy of the best available shift to WGS 84: 0 without one, NaN where it is not stated."""
    best = _best(crs.to_wkt(), _degrees(crs, bounds))
    return float("nan") if best is None or best < 0 else best


def apply_shift(frame: gpd.GeoDataFrame, shift: Shift, *, rotation: Rotation | None, what: str) -> gpd.GeoDataFrame:
    """Bring a frame to WGS 84 by seven parameters (Helmert, EPSG methods 9606 and 9607; heights are taken as 0)."""
    crs = pyproj.CRS.from_user_input(frame.crs)
    geodetic = crs.geodetic_crs
    if geodetic is None or crs.is_bound or is_cgcs2000(crs) or datum_name(crs).startswith(_WGS84_DATUMS):
        why = "has a shift of its own" if crs.is_bound else "is on WGS 84 or CGCS2000 already"
        raise CrsError(
            f"{what}: the CRS {_short(crs)} {why}; remove shift, or declare the CRS that the coordinates are in"
        )
    sign = -1.0 if rotation == "coordinate_frame" else 1.0
    turned = (*shift[:3], *(sign * angle for angle in shift[3:6]), shift[6])
    bound = BoundCRS(crs, WGS84, ToWGS84Transformation(geodetic, *turned))
    moved = frame.set_crs(bound, allow_override=True).to_crs(WGS84)
    still = frame.geometry.representative_point().to_crs(geodetic)
    there = moved.geometry.representative_point()
    geodesic = pyproj.Geod(ellps="WGS84")
    distance_m = np.abs(geodesic.inv(still.x.to_numpy(), still.y.to_numpy(), there.x.to_numpy(), there.y.to_numpy())[2])
    if not distance_m.max(initial=0.0) <= LARGEST_SHIFT_M:
        raise CrsError(
            f"{what}: shift moves the rows by up to {distance_m.max():.0f} m, more than any datum lies from another "
            f"({LARGEST_SHIFT_M:g} m); check order and units: dx, dy, dz in metres, rx, ry, rz in seconds of arc, "
            "scale in parts per million"
        )
    return moved


def _short(crs: pyproj.CRS) -> str:
    """Return the authority code, or the name where there is none."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else repr(crs.name)


def _degrees(crs: pyproj.CRS, bounds: Bounds | None) -> Bounds | None:
    geodetic = crs.geodetic_crs
    if bounds is None or geodetic is None or not np.isfinite(bounds).all():
        return None
    box = transformer_between(crs, geodetic).transform_bounds(*bounds, densify_pts=5)
    rounded = Bounds(*np.round(box, 2).tolist())
    west, south, east, north = rounded
    fits = np.isfinite(box).all() and -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    return rounded if fits else None


@lru_cache(maxsize=64)
def _best(wkt: str, box: Bounds | None) -> float | None:
    """Accuracy of the best operation to WGS 84, metres; -1 where it does not say, None where it is a ballpark one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a finer grid exists and is not installed
        try:
            area = None if box is None else AreaOfInterest(*box)
            group = TransformerGroup(wkt, WGS84, always_xy=True, area_of_interest=area)
        except IndexError:  # PROJ knows no operation at all
            return None
    if not group.transformers or "ballpark" in group.transformers[0].description.lower():
        return None
    return float(group.transformers[0].accuracy)
