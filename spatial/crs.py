"""The working coordinate reference system, and the refusal of degrees where metres are needed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from spatial.errors import CrsError

if TYPE_CHECKING:
    import geopandas as gpd


WGS84 = "EPSG:4326"
"""Longitude and latitude in degrees: on the way in and in web maps only."""

METRES_A_KM = 1000.0

_ZONE_DEGREES = 6
"""Width of a UTM zone, from 80 degrees south to 84 degrees north."""

SCALE_OFF = 0.01
"""Share by which metres of a CRS may differ from metres of the ground, inclusive: less than speeds are known to."""

_STEP_RADIANS = 1e-5
"""Half of the way, some 60 m, over which the scale of a projection is measured."""

_BACK_M = 100.0
"""A point that comes back from a projection further away than this was never in it; series are good to metres."""

_VERTICES = 200
"""About so many vertices of lines are looked at to see whether their metres are metres of the ground."""

_NEAR_180 = 170.0
"""Degrees of longitude beyond which the middle of a CRS is near the 180th meridian."""

_HALF_DEGREES = 180
"""Half of the earth; the middle of what spans more may lie on its other side."""


class Bounds(NamedTuple):
    """
    The box around something, in the unit of its CRS.

    Parameters
    ----------
    west : float
        Least easting or longitude.
    south : float
        Least northing or latitude.
    east : float
        Greatest easting or longitude.
    north : float
        Greatest northing or latitude.
    """

    west: float
    south: float
    east: float
    north: float


def parse_crs(told: object, *, what: str) -> pyproj.CRS:
    """Read a CRS as a user writes it, or as a file holds it: one that leads to places on the earth."""
    try:
        crs = pyproj.CRS.from_user_input(told)
        transformer_between(crs, WGS84)
    except pyproj.exceptions.ProjError as error:
        raise CrsError(
            f"{what}: the CRS {getattr(told, 'name', told)!r} is not known, or leads to no place on the earth; "
            "write an authority code such as 'EPSG:4524'"
        ) from error
    return crs


@lru_cache(maxsize=64)
def transformer_between(source: pyproj.CRS | str, target: pyproj.CRS | str) -> pyproj.Transformer:
    """Find the way from one CRS to another once, easting or longitude first: PROJ looks for it in its database."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=64)
def degrees_drawn(crs: pyproj.CRS) -> pyproj.CRS | str:
    """Give the degrees in which maps draw what is in a CRS: WGS 84, whose longitudes go on at the 180th meridian."""
    operation = crs.coordinate_operation
    params = operation.params if operation else []
    told = [float(param.value) for param in params if param.name.startswith("Longitude of")]
    if not told or abs(told[0]) <= _NEAR_180:
        return WGS84
    return pyproj.CRS.from_proj4(f"+proj=longlat +datum=WGS84 +lon_wrap={told[0]} +no_defs")


_STRETCHED = frozenset({"Popular Visualisation Pseudo Mercator"})
"""Projections in metres that are no metres of the ground."""


def require_metres(crs: object | None, *, what: str) -> pyproj.CRS:
    """Return the CRS if it is projected in metres, and refuse it otherwise."""
    if crs is None:
        raise CrsError(f"{what}: no CRS; set it with frame.set_crs(...) or declare it in the study file")
    known = pyproj.CRS.from_user_input(crs)
    if not known.is_projected:
        raise CrsError(
            f"{what}: the CRS {known.to_string()} is in degrees; distances need metres: "
            "reproject with frame.to_crs(frame.estimate_utm_crs())"
        )
    units = {axis.unit_name for axis in known.axis_info[:2]}
    if units != {"metre"}:
        raise CrsError(f"{what}: the CRS {known.to_string()} is in {', '.join(sorted(units))}; reproject to metres")
    if is_web_map(known):
        raise CrsError(
            f"{what}: the CRS {known.to_string()} is a web map's, whose metres are too long away from the equator "
            "(1.6 times at 52 degrees): reproject with frame.to_crs(frame.estimate_utm_crs())"
        )
    return known


def require_network_crs(crs: object | None, network: pyproj.CRS, *, what: str) -> None:
    """Refuse what is in another CRS than the network that it is joined to."""
    if crs is None:
        told = "no CRS; say what their coordinates are in with frame.set_crs(...), then reproject"
        raise CrsError(f"{what}: {told} with to_crs(graph.crs)")
    known = pyproj.CRS.from_user_input(crs)
    if known != network:
        told = f"the CRS is {known.to_string()}, but the network has {network.to_string()}"
        raise CrsError(f"{what}: {told}; reproject with to_crs(graph.crs)")


def is_web_map(crs: pyproj.CRS) -> bool:
    """Whether a CRS is that of web maps, whose metres are no metres of the ground."""
    operation = crs.coordinate_operation
    return operation is not None and operation.method_name in _STRETCHED


def scale_errors(points: gpd.GeoSeries, crs: pyproj.CRS) -> NDArray[np.float64]:
    """
    Measure by how much the metres of a CRS differ from metres of the ground.

    The projection is differenced along its own meridians and parallels (PROJ's factors leave out other prime
    meridians), and the largest and smallest scale in any direction taken from that (Tissot's indicatrix: Snyder 1987,
    p. 20).
    """
    base = crs.geodetic_crs
    if base is None or crs.ellipsoid is None:
        return np.full(len(points), np.nan)
    radians = base.axis_info[0].unit_conversion_factor
    try:
        project = transformer_between(base, crs).transform
    except pyproj.exceptions.ProjError:
        return np.full(len(points), np.nan)
    # Geographic coordinates of the CRS itself: in its own unit and from its own prime meridian.
    where = points.to_crs(base).to_numpy()
    lon, lat = shapely.get_x(where) * radians, shapely.get_y(where) * radians
    step, axis_m = _STEP_RADIANS, crs.ellipsoid.semi_major_metre
    flat = 1.0 / crs.ellipsoid.inverse_flattening if crs.ellipsoid.inverse_flattening else 0.0
    squared = flat * (2.0 - flat)
    with np.errstate(invalid="ignore", divide="ignore"):
        bend = 1.0 - squared * np.sin(lat) ** 2
        east_m = 2.0 * step * axis_m / np.sqrt(bend) * np.cos(lat)
        north_m = 2.0 * step * axis_m * (1.0 - squared) / bend**1.5
        sides = []
        for across, up, length_m in ((step, 0.0, east_m), (0.0, step, north_m)):
            x, y = project((lon + across) / radians, (lat + up) / radians)
            from_x, from_y = project((lon - across) / radians, (lat - up) / radians)
            sides.append(((x - from_x) / length_m, (y - from_y) / length_m))
        # Oblique projections draw far ground over near ground: what does not come back is not there.
        back_lon, back_lat = project(*project(lon / radians, lat / radians), direction="INVERSE")
        lost_m = axis_m * np.hypot(np.sin(back_lon * radians - lon) * np.cos(lat), np.sin(back_lat * radians - lat))
    turns = np.array(sides).transpose(2, 0, 1)
    known = np.isfinite(turns).all(axis=(1, 2)) & (lost_m <= _BACK_M)
    scales = np.full((len(points), 2), np.inf)
    scales[known] = np.linalg.svd(turns[known], compute_uv=False)
    result: NDArray[np.float64] = np.abs(scales - 1.0).max(axis=1)
    return result


def outside_use(points: gpd.GeoSeries, crs: pyproj.CRS) -> NDArray[np.bool_]:
    """Which points lie outside the area that a CRS is made for."""
    use = crs.area_of_use
    if use is None:
        return np.zeros(len(points), dtype=bool)
    where = points.to_crs(WGS84).to_numpy()
    lon, lat = shapely.get_x(where), shapely.get_y(where)
    east, west = lon <= use.east, lon >= use.west
    result: NDArray[np.bool_] = ~(
        (east & west if use.west <= use.east else east | west) & (lat >= use.south) & (lat <= use.north)
    )
    return result


def crs_that_fits(points: gpd.GeoSeries) -> str | None:
    """Name a CRS whose metres are those of the ground, UTM or equal-area; None where points lie too far apart."""
    try:
        zone = working_crs_for(points)
    except CrsError:
        return None
    west, south, east, north = (float(value) for value in points.to_crs(WGS84).total_bounds)
    about = f"+proj=laea +lat_0={(south + north) / 2:.1f} +lon_0={(west + east) / 2:.1f} +datum=WGS84 +units=m"
    for name in (zone.to_string(), about):
        if (scale_errors(points, pyproj.CRS.from_user_input(name)) <= SCALE_OFF).all():
            return name
    return None


def refuse_stretched(points: gpd.GeoSeries, *, what: str) -> None:
    """Refuse a frame in metres that are no metres of the ground where it lies."""
    crs = pyproj.CRS.from_user_input(points.crs)
    points = cast("gpd.GeoSeries", points[~points.is_empty])  # whoever wants points refuses a row without one
    errors = scale_errors(points, crs)
    errors = errors[np.isfinite(errors)]
    if not (errors > SCALE_OFF).any():
        return
    fitting = crs_that_fits(points)
    raise CrsError(
        f"{what}: lengths in {crs.to_string()} ({crs.name}) are off by up to {errors.max():.1%} where it lies, more "
        f"than {SCALE_OFF:.0%}: "
        + (f"reproject with frame.to_crs({fitting!r})" if fitting else "divide the area and reproject each part")
    )


def refuse_stretched_lines(lines: gpd.GeoSeries, *, what: str) -> None:
    """Refuse lines in metres that are no metres of the ground, by some of their vertices."""
    import geopandas as gpd  # noqa: PLC0415 - whoever gives a frame has it

    xy = shapely.get_coordinates(lines.to_numpy())
    if len(xy):
        some = gpd.GeoSeries(shapely.points(xy[:: 1 + len(xy) // _VERTICES]), crs=lines.crs)
        refuse_stretched(some, what=what)


class Spanned(Protocol):
    """Anything with a CRS and bounds, such as roads as arrays."""

    @property
    def crs(self) -> Any:
        """The CRS; None where unknown."""

    @property
    def total_bounds(self) -> Any:
        """West, south, east and north."""

    def __len__(self) -> int:
        """Count what there is."""

    def to_crs(self, crs: Any, /) -> Spanned:
        """Bring it to another CRS."""


def working_crs_for(frame: gpd.GeoDataFrame | gpd.GeoSeries | Spanned, *, across_180: str | None = None) -> pyproj.CRS:
    """Choose a working CRS: the WGS 84 UTM zone amid the data, as in PROJ; across the 180th meridian the one named."""
    if frame.crs is None:
        raise CrsError("no CRS: the working CRS cannot be chosen")
    if len(frame) == 0:
        raise CrsError("no geometry: the working CRS cannot be chosen")
    west, south, east, north = (float(value) for value in frame.to_crs(WGS84).total_bounds)
    if east - west > _HALF_DEGREES and across_180 is not None:
        return parse_crs(across_180, what="working_crs")
    if east - west > _HALF_DEGREES:
        raise CrsError(
            f"the data span {east - west:.0f} degrees of longitude, from {west:g} to {east:g}: correct coordinates "
            "that are wrong; where the area lies across the 180th meridian, name working_crs in the study file "
            '(in Fiji "EPSG:3460")'
        )
    longitude, latitude = (west + east) / 2, (south + north) / 2
    if longitude % _ZONE_DEGREES and -80 <= latitude <= 84 and latitude:
        # Inside one zone; to ask PROJ's database takes longer than to read a small extract.
        zone = int((longitude + 180) // _ZONE_DEGREES) + 1
        return pyproj.CRS.from_epsg((32600 if latitude > 0 else 32700) + zone)
    middle = AreaOfInterest(longitude, latitude, longitude, latitude)
    zones = query_utm_crs_info(datum_name="WGS 84", area_of_interest=middle)
    if not zones:
        raise CrsError(
            f"no UTM zone at longitude {longitude:g}, latitude {latitude:g}: name working_crs in the study file"
        )
    return pyproj.CRS.from_epsg(int(zones[0].code))
