"""Shifts between datums: those PROJ can only call ballpark are refused, seven parameters of a study are applied."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyproj
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation
from pyproj.transformer import AreaOfInterest, TransformerGroup

from spatial.crs import WGS84
from spatial.errors import CrsError
from spatial.sources.chinese_grids import BEIJING_1954, CGCS2000, XIAN_1980, datum_name

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.study import Rotation, Shift

__all__ = ["LARGEST_SHIFT_M", "apply_shift", "is_cgcs2000", "refuse_unknown_shift", "shift_accuracy_m"]

LARGEST_SHIFT_M = 2000.0
"""No datum in use lies farther from WGS 84; parameters that move rows farther are in other units or another order."""

_WGS84_DATUMS = ("world geodetic system 1984", "wgs 84", "wgs 1984")
_ONLY_BY_SURVEY = frozenset({BEIJING_1954, XIAN_1980, "new beijing"})
"""Datums of which PROJ knows no shift, or one for a single oil field that it may take elsewhere."""

Bounds = tuple[float, float, float, float]


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
    """
    Return the stated accuracy of the best available shift to WGS 84.

    Returns metres; 0 without a shift, NaN where the operation does not say it or is only a ballpark one.
    """
    best = _best(crs.to_wkt(), _degrees(crs, bounds))
    return float("nan") if best is None or best < 0 else best


def apply_shift(
    frame: gpd.GeoDataFrame, shift: Shift, *, rotation: Rotation | None, what: str
) -> gpd.GeoDataFrame:
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
    distance_m = np.abs(
        geodesic.inv(still.x.to_numpy(), still.y.to_numpy(), there.x.to_numpy(), there.y.to_numpy())[2]
    )
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
    box = pyproj.Transformer.from_crs(crs, geodetic, always_xy=True).transform_bounds(*bounds, densify_pts=5)
    west, south, east, north = (float(np.round(value, 2)) for value in box)
    fits = np.isfinite(box).all() and -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    return (west, south, east, north) if fits else None


@lru_cache(maxsize=64)
def _best(wkt: str, box: Bounds | None) -> float | None:
    """Accuracy of the best operation to WGS 84, metres; -1 where it does not say, None where it is a ballpark one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a finer grid exists and is not installed
        try:
            group = (
                TransformerGroup(wkt, WGS84, always_xy=True)
                if box is None
                else TransformerGroup(wkt, WGS84, always_xy=True, area_of_interest=AreaOfInterest(*box))
            )
        except IndexError:  # PROJ knows no operation at all
            return None
    if not group.transformers or "ballpark" in group.transformers[0].description.lower():
        return None
    return float(group.transformers[0].accuracy)
