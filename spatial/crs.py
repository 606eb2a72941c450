"""The working coordinate reference system, and the refusal of degrees where metres are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pyproj
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from spatial.errors import CrsError

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["WGS84", "is_web_map", "parse_crs", "require_metres", "working_crs_for"]

WGS84 = "EPSG:4326"
"""Longitude and latitude in degrees: on the way in and in web maps only."""

_ZONE_DEGREES = 6
"""Width of a UTM zone, from 80 degrees south to 84 degrees north."""

_HALF_DEGREES = 180
"""Half of the earth; the middle of what spans more may lie on its other side."""


def parse_crs(text: str, *, what: str) -> pyproj.CRS:
    """
    Read a CRS as a user writes it.

    Parameters
    ----------
    text : str
        An authority code such as ``"EPSG:4524"``, a PROJ string or WKT.
    what : str
        What the CRS belongs to, for the message.

    Returns
    -------
    pyproj.CRS
        The CRS.

    Raises
    ------
    CrsError
        Where PROJ does not know it.
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise CrsError(
            f"{what}: the CRS {text!r} is not known; write an authority code such as 'EPSG:4524'"
        ) from error


_STRETCHED = frozenset({"Popular Visualisation Pseudo Mercator"})
"""Projections in metres that are no metres of the ground."""


def require_metres(crs: object | None, *, what: str) -> pyproj.CRS:
    """
    Return the CRS if it is projected in metres, and refuse it otherwise.

    Parameters
    ----------
    crs : pyproj.CRS or None
        The CRS of a frame or raster.
    what : str
        Whose CRS it is, for the message.

    Returns
    -------
    pyproj.CRS
        The same CRS.

    Raises
    ------
    CrsError
        Without CRS, with a geographic one, with a unit other than the metre, or with that of web maps.

    Examples
    --------
    >>> require_metres("EPSG:32738", what="roads").to_epsg()
    32738
    """
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
        raise CrsError(
            f"{what}: the CRS {known.to_string()} is in {', '.join(sorted(units))}; reproject to metres"
        )
    if is_web_map(known):
        raise CrsError(
            f"{what}: the CRS {known.to_string()} is a web map's, whose metres are too long away from the equator "
            "(1.6 times at 52 degrees): reproject with frame.to_crs(frame.estimate_utm_crs())"
        )
    return known


def is_web_map(crs: pyproj.CRS) -> bool:
    """
    Whether a CRS is that of web maps, whose metres are no metres of the ground.

    Parameters
    ----------
    crs : pyproj.CRS
        Any.

    Returns
    -------
    bool
        True for EPSG:3857 and its like.
    """
    operation = crs.coordinate_operation
    return operation is not None and operation.method_name in _STRETCHED


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


def working_crs_for(frame: gpd.GeoDataFrame | gpd.GeoSeries | Spanned) -> pyproj.CRS:
    """
    Choose the working CRS of a study: the WGS 84 UTM zone at the middle of its data.

    All zones are six degrees wide, as in PROJ's database: the wider ones of Norway and Svalbard (32V, 33X ...) are not
    used.

    Parameters
    ----------
    frame : GeoDataFrame, GeoSeries or RoadLines
        Anything with a CRS that spans the study area.

    Returns
    -------
    pyproj.CRS
        A projected CRS in metres.

    Raises
    ------
    CrsError
        If the frame has no CRS or is empty, or spans more than half of the earth, as it does across the 180th meridian.
    """
    if frame.crs is None:
        raise CrsError("no CRS: the working CRS cannot be chosen")
    if len(frame) == 0:
        raise CrsError("no geometry: the working CRS cannot be chosen")
    west, south, east, north = (float(value) for value in frame.to_crs(WGS84).total_bounds)
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
