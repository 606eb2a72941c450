"""Countries of points; Chinese datums and grids; shifts that PROJ can only call ballpark; local grids."""

from __future__ import annotations

import functools
import importlib.resources
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike
from pyproj.crs import BoundCRS, GeographicCRS, ProjectedCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation, TransverseMercatorConversion
from pyproj.transformer import AreaOfInterest, TransformerGroup

from spatial.arrays import BoolArray, FloatArray
from spatial.crs import WGS84, Bounds, parse_crs, transformer_between
from spatial.errors import ContractError, CrsError, first_of
from spatial.plain_text import shipped_toml

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from spatial.study.sources import Datum, LocalGrid, Rotation, Shift

    Pair = tuple[FloatArray, FloatArray]


MARGIN_DEGREES = 0.2
"""How far outlines may be off: points that are nearer to a border may lie on either side of it."""
LEAST_SHARE = 0.1
"""A country counts where at least this share of the points may lie in it."""


class Country(NamedTuple):
    """What a study in a country usually says; None where it is not known."""

    code: str  # of ISO 3166, such as ``"CN"``
    county_level: int | None  # of boundaries in OpenStreetMap
    township_level: int | None
    speeds: str  # preset


class _Outlines(NamedTuple):
    """The outlines of all countries, in degrees, and a tree to find them by."""

    codes: tuple[str, ...]
    tree: shapely.STRtree


def countries_at(longitude: ArrayLike, latitude: ArrayLike) -> tuple[Country, ...]:
    """List the countries that points may lie in, the most probable first: several by a border or on disputed ground."""
    codes, tree = _outlines()
    points = np.asarray(shapely.points(np.atleast_1d(longitude), np.atleast_1d(latitude)))
    near, inside = (
        np.bincount(tree.query(points, predicate="dwithin", distance=away)[1], minlength=len(codes))
        for away in (MARGIN_DEGREES, 0.0)
    )
    found = np.flatnonzero(near >= max(LEAST_SHARE * len(points), 1.0))
    ranked = [codes[at] for at in sorted(found, key=lambda at: (-inside[at], -near[at], codes[at]))]
    for area in shipped_toml("georef/countries.toml")["several"].values():
        if shapely.intersects(shapely.box(*area["box"]), points).mean() >= LEAST_SHARE:
            ranked += area["codes"]
    return tuple(country_named(code) for code in dict.fromkeys(ranked))


def country_named(code: str) -> Country:
    """Tell what a study in a country usually says."""
    told = shipped_toml("georef/countries.toml").get(code, {})
    return Country(code, told.get("county_level"), told.get("township_level"), told.get("speeds", "osrm_like"))


@functools.cache
def _outlines() -> _Outlines:
    """Draw the outlines; a ring is its first point, then steps, in hundredths of a degree."""
    file = importlib.resources.files("spatial.georef") / "country_outlines.json"
    told: dict[str, list[list[list[int]]]] = json.loads(file.read_text(encoding="utf-8"))
    drawn = []
    for areas in told.values():
        rings = [[np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / 100.0 for ring in area] for area in areas]
        whole = shapely.union_all(shapely.make_valid([shapely.Polygon(ring[0], ring[1:]) for ring in rings]))
        shapely.prepare(whole)
        drawn.append(whole)
    return _Outlines(tuple(told), shapely.STRtree(drawn))


CGCS2000 = "china 2000"
BEIJING_1954 = "beijing 1954"
XIAN_1980 = "xian 1980"

ZONE_M = 1_000_000.0
"""Eastings with a zone number are those without, plus so many metres times the number."""
FALSE_EASTING_M = 500_000.0
NORTHINGS_M = (300_000.0, 6_000_000.0)
"""Northings of the land and islands of China, from about 3 to 54 degrees."""
EASTINGS_M = (100_000.0, 900_000.0)
"""Eastings without a zone number that a zone, with much overlap, can hold."""

_FIRST_ZONE, _LAST_ZONE = {3: 25, 6: 13}, {3: 45, 6: 23}
_FAMILIES = {
    CGCS2000: {6: (4502, 4491), 3: (4534, 4513)},
    XIAN_1980: {6: (2338, 2327), 3: (2370, 2349)},
    BEIJING_1954: {6: (21453, 21413), 3: (2422, 2401)},
}
"""
EPSG codes by degrees of a zone, without and with zone number before eastings.

Each is that of the westernmost zone, central meridian 75 degrees east; the next zones follow it.
"""
_ALIASES = {
    "cgcs2000": CGCS2000,
    "cgcs 2000": CGCS2000,
    "china geodetic coordinate system 2000": CGCS2000,
    "beijing54": BEIJING_1954,
    "xian80": XIAN_1980,
}


@dataclass(frozen=True)
class Grid:
    """A Gauss-Krueger grid of one of the three datums; `zone` is None where eastings bear no zone number."""

    datum: str
    meridian: float
    zone: int | None

    @property
    def width(self) -> int:
        """Degrees of a zone; 3 where it is not known."""
        return 6 if self.zone is not None and self.zone < _FIRST_ZONE[3] else 3


def cgcs2000_crs(*, central_meridian: float, width: Literal[3, 6] = 3, prefixed: bool = True) -> pyproj.CRS:
    """Return the CGCS2000 / Gauss-Krueger grid of a central meridian (GB/T 17278-2009; EPSG 4490 to 4554)."""
    if width not in _FIRST_ZONE:
        raise CrsError(f"zones of {width} degrees: China has zones of 3 and 6 degrees")
    if not 72.0 <= central_meridian <= 138.0:
        raise CrsError(f"central meridian {central_meridian:g} lies outside China (72 to 138 degrees east)")
    if (code := _code(CGCS2000, central_meridian, width=width, prefixed=prefixed)) is not None:
        return pyproj.CRS.from_epsg(code)
    if prefixed:
        raise CrsError(
            f"{central_meridian:g} degrees east is no central meridian of zones of {width} degrees: "
            "take prefixed=False for a meridian of one's own"
        )
    return _at_meridian(central_meridian, f"CGCS2000 / Gauss-Kruger CM {central_meridian:g}E", 4490)


def _at_meridian(meridian: float, name: str, geodetic: int) -> pyproj.CRS:
    """Make a Transverse Mercator grid of a meridian, on the datum of an EPSG code in degrees."""
    conversion = TransverseMercatorConversion(longitude_natural_origin=meridian, false_easting=FALSE_EASTING_M)
    return ProjectedCRS(conversion=conversion, name=name, geodetic_crs=GeographicCRS.from_epsg(geodetic))


def datum_name(crs: pyproj.CRS) -> str:
    """Name the datum of a CRS in one spelling."""
    geodetic = crs.geodetic_crs
    datum = geodetic.datum if geodetic is not None else None
    if datum is None:
        return ""
    name = datum.name.lower().replace("_", " ").removeprefix("d ").strip()
    return _ALIASES.get(name, name)


def refuse_wrong_zone(
    crs: pyproj.CRS, easting: FloatArray, northing: FloatArray, labels: pd.Series, *, what: str
) -> None:
    """Refuse eastings of another zone, with a zone number the CRS lacks or without its own, and swapped columns."""
    grid = _grid(crs)
    if grid is None or not len(easting):
        return
    right = is_easting(easting) & is_northing(northing)
    swapped = ~right & is_northing(easting) & is_easting(northing)
    if swapped.any():
        problem = (
            f"coordinates: easting and northing are swapped in {first_of(labels[swapped])}: exchange the two columns "
            "in the study file (in Chinese surveys X is the northing and Y the easting)"
        )
        raise ContractError(what, [problem])
    zones = np.floor(easting / ZONE_M).astype(np.int64)
    wanted = grid.zone or 0
    wrong = zones != wanted
    if not wrong.any():
        return
    found = np.unique(zones[wrong])
    if not wrong.all() or len(found) > 1:
        shown = ", ".join(f"{zone}: {int((zones == zone).sum())} rows" for zone in np.unique(zones))
        problem = (
            f"coordinates: eastings of several zones ({shown}; 0 means without zone number), and the CRS "
            f"{crs.to_string()} has {_words(wanted)}: not of it are {first_of(labels[wrong])}; "
            "split the file by zone and declare a crs for each"
        )
        raise ContractError(what, [problem])
    raise CrsError(f"{what}: {_other_zone(grid, int(found[0]), easting)} (declared is {crs.to_string()})")


def _other_zone(grid: Grid, zone: int, easting: FloatArray) -> str:
    shown = f"eastings such as {easting[0]:.0f}"
    if zone == 0:
        code = _code(grid.datum, grid.meridian, width=grid.width, prefixed=False)
        return f"{shown} bear no zone number, and the CRS has zone {grid.zone}; write crs = 'EPSG:{code}'"
    for width in (3, 6):
        if _FIRST_ZONE[width] <= zone <= _LAST_ZONE[width]:
            meridian = zone * width - (3.0 if width == 6 else 0.0)
            code = _code(grid.datum, meridian, width=width, prefixed=True)
            return (
                f"{shown} begin with the number {zone} of the {width}-degree zone at {meridian:g} degrees east, and "
                f"the CRS has {_words(grid.zone or 0)} at {grid.meridian:g} degrees east; write crs = 'EPSG:{code}'"
            )
    return (
        f"{shown} are no eastings of a Gauss-Kruger zone (100000 to 900000, with or without a zone number from 13 to "
        "45 before it); correct them or their CRS"
    )


def _words(zone: int) -> str:
    return f"zone {zone}" if zone else "no zone number"


def is_northing(values: FloatArray) -> BoolArray:
    """Tell which numbers may be northings of a Chinese grid."""
    low, high = NORTHINGS_M
    inside: BoolArray = (values >= low) & (values <= high)
    return inside


def is_easting(values: FloatArray) -> BoolArray:
    """Tell which numbers may be eastings of a Chinese grid, with or without zone number."""
    low, high = EASTINGS_M
    zones, rest = np.divmod(values, ZONE_M)
    numbered = (zones >= _FIRST_ZONE[6]) & (zones <= _LAST_ZONE[3])
    inside: BoolArray = ((zones == 0) | numbered) & (rest >= low) & (rest <= high)
    return inside


def _grid(crs: pyproj.CRS) -> Grid | None:
    plain = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    name = datum_name(plain)
    operation = plain.coordinate_operation
    if name not in _FAMILIES or operation is None or operation.method_name != "Transverse Mercator":
        return None
    values = {param.name: float(param.value) for param in operation.params}
    meridian = values.get("Longitude of natural origin", 0.0)
    zone, rest = divmod(values.get("False easting", 0.0), ZONE_M)
    if abs(rest - FALSE_EASTING_M) > 1.0 or values.get("False northing", 0.0) != 0.0:
        return None
    return Grid(datum=name, meridian=meridian, zone=int(zone) or None)


def _code(datum: str, meridian: float, *, width: int, prefixed: bool) -> int | None:
    """EPSG code of a standard zone; None where the meridian is none."""
    steps = (meridian - 75.0) / width
    if not steps.is_integer() or not 75 <= meridian <= 135:
        return None
    return _FAMILIES[datum][width][prefixed] + int(steps)


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
    """Turn coordinates of a declared datum into WGS 84: its published formula is inverted by fixed-point iteration."""
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


def shifted(shapes: gpd.GeoSeries, change: Callable[..., Pair], datum: Datum) -> gpd.GeoSeries:
    """Take shapes to WGS 84 or from it, by one of the functions above; what they say of their CRS stays."""
    return shapes.transform(lambda xy: np.column_stack(change(*xy.T, datum=datum)))


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

    moved = frame.set_geometry(shifted(frame.geometry, to_wgs84, datum)).set_crs("EPSG:4326", allow_override=True)
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


_LARGEST_CONDITION = 1e6
"""Control points are taken for a line (or one point) where they are so many times as long as wide."""


@dataclass(frozen=True)
class GridFit:
    """A fitted plane transformation out of a local grid."""

    # shape (2, 3), easting and northing are ``matrix[:, :2] @ (local - middle) + matrix[:, 2]``
    matrix: FloatArray
    middle: FloatArray  # shape (2,), middle of the control points in the local grid, metres
    residuals_m: FloatArray  # shape (n,), distance of each control point from where the fit puts it
    crs: pyproj.CRS  # of the result, in metres

    @property
    def rms_m(self) -> float:
        """Root mean square of the residuals, metres."""
        return float(np.sqrt(np.mean(self.residuals_m**2)))

    def __call__(self, points: FloatArray) -> FloatArray:
        """Take local eastings and northings, shape (n, 2), to those of `crs`."""
        moved: FloatArray = (points - self.middle) @ self.matrix[:, :2].T + self.matrix[:, 2]
        return moved


def fit_grid(local: ArrayLike, true: ArrayLike, *, crs: pyproj.CRS, affine: bool = False) -> GridFit:
    """Fit a similarity (four unknowns) or an affine transformation (six) by least squares."""
    source, target = np.asarray(local, dtype=np.float64), np.asarray(true, dtype=np.float64)
    middle = source.mean(axis=0)
    x, y = (source - middle).T
    spread = np.linalg.svd(source - middle, compute_uv=False)
    if not spread[0] > 0 or (affine and spread[0] > _LARGEST_CONDITION * spread[1]):
        where = "on one line" if spread[0] > 0 else "in one place"
        raise CrsError(f"the control points lie {where}; give points spread over the area")
    nothing, one = np.zeros_like(x), np.ones_like(x)
    if affine:
        solved = np.linalg.lstsq(np.column_stack([x, y, one]), target, rcond=None)[0]
        matrix = solved.T
    else:
        rows = np.concatenate([np.column_stack([x, -y, one, nothing]), np.column_stack([y, x, nothing, one])])
        a, b, east, north = np.linalg.lstsq(rows, target.T.ravel(), rcond=None)[0]
        matrix = np.array([[a, -b, east], [b, a, north]])
    fit = GridFit(matrix=matrix, middle=middle, residuals_m=np.zeros(len(source)), crs=crs)
    return GridFit(matrix, middle, np.hypot(*(fit(source) - target).T), crs)


def fit_local_grid(grid: LocalGrid, *, what: str) -> GridFit:
    """Fit the control points of a study, and refuse those that do not agree."""
    points = grid.control_points
    local = np.array([[point.easting, point.northing] for point in points])
    if grid.true_crs is None:
        places = np.array([[point.longitude, point.latitude] for point in points], dtype=np.float64)
        # A Transverse Mercator on WGS 84 whose central meridian runs through the middle of the places.
        middle = round(float(places[:, 0].mean()), 2)
        crs = _at_meridian(middle, f"WGS 84 / Transverse Mercator at {middle:g} degrees east", 4326)
        true = np.column_stack(transformer_between(WGS84, crs).transform(places[:, 0], places[:, 1]))
    else:
        crs = parse_crs(grid.true_crs, what=f"{what}: true_crs")
        if not crs.is_projected:
            raise CrsError(
                f"{what}: true_crs {crs.to_string()} is in degrees; give the control points as longitude and latitude"
            )
        true = np.array([[point.true_easting, point.true_northing] for point in points], dtype=np.float64)
    try:
        fit = fit_grid(local, true, crs=crs, affine=grid.fit == "affine")
    except CrsError as error:
        raise CrsError(f"{what}: {error}") from error
    if fit.residuals_m.max() > grid.tolerance_m:
        shown = ", ".join(f"{number}: {value:.2f} m" for number, value in enumerate(fit.residuals_m, start=1))
        raise CrsError(
            f"{what}: the control points of local_grid do not agree: residuals {shown}; the largest accepted is "
            f"tolerance_m = {grid.tolerance_m:g}. Correct the point that stands out (look for exchanged easting and "
            "northing), give more points, or fit = 'affine'"
        )
    return fit
