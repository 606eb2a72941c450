"""Chinese Gauss-Krueger grids: zones of 3 and 6 degrees, with the zone number before the easting or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyproj
from pyproj.crs import GeographicCRS, ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from spatial.errors import ContractError, CrsError, first_of

if TYPE_CHECKING:
    import pandas as pd

    from spatial.arrays import BoolArray, FloatArray


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
_FAMILIES: dict[tuple[str, int, bool], int] = {
    (CGCS2000, 6, True): 4491,
    (CGCS2000, 6, False): 4502,
    (CGCS2000, 3, True): 4513,
    (CGCS2000, 3, False): 4534,
    (XIAN_1980, 6, True): 2327,
    (XIAN_1980, 6, False): 2338,
    (XIAN_1980, 3, True): 2349,
    (XIAN_1980, 3, False): 2370,
    (BEIJING_1954, 6, True): 21413,
    (BEIJING_1954, 6, False): 21453,
    (BEIJING_1954, 3, True): 2401,
    (BEIJING_1954, 3, False): 2422,
}
"""EPSG code of the westernmost zone, central meridian 75 degrees east; the next zones follow it."""
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
    """
    Return the CGCS2000 / Gauss-Krueger grid of a central meridian.

    References
    ----------
    GB/T 17278-2009; EPSG Geodetic Parameter Dataset, codes 4490 to 4554.

    Examples
    --------
    >>> cgcs2000_crs(central_meridian=108).to_epsg(), cgcs2000_crs(central_meridian=108, prefixed=False).to_epsg()
    (4524, 4545)
    >>> cgcs2000_crs(central_meridian=111, width=6).to_epsg()
    4497
    """
    if width not in _FIRST_ZONE:
        raise CrsError(f"zones of {width} degrees: China has zones of 3 and 6 degrees")
    if not 72.0 <= central_meridian <= 138.0:
        raise CrsError(f"central meridian {central_meridian:g} lies outside China (72 to 138 degrees east)")
    code = _code(CGCS2000, central_meridian, width=width, prefixed=prefixed)
    if code is not None:
        return pyproj.CRS.from_epsg(code)
    if prefixed:
        raise CrsError(
            f"{central_meridian:g} degrees east is no central meridian of zones of {width} degrees: "
            "take prefixed=False for a meridian of one's own"
        )
    return ProjectedCRS(
        conversion=TransverseMercatorConversion(
            longitude_natural_origin=central_meridian, false_easting=FALSE_EASTING_M
        ),
        name=f"CGCS2000 / Gauss-Kruger CM {central_meridian:g}E",
        geodetic_crs=GeographicCRS.from_epsg(4490),
    )


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
    right = _is_easting(easting) & _is_northing(northing)
    swapped = ~right & _is_northing(easting) & _is_easting(northing)
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


def _is_northing(values: FloatArray) -> BoolArray:
    low, high = NORTHINGS_M
    inside: BoolArray = (values >= low) & (values <= high)
    return inside


def _is_easting(values: FloatArray) -> BoolArray:
    low, high = EASTINGS_M
    zones, rest = np.divmod(values, ZONE_M)
    numbered = (zones >= _FIRST_ZONE[6]) & (zones <= _LAST_ZONE[3])
    inside: BoolArray = ((zones == 0) | numbered) & (rest >= low) & (rest <= high)
    return inside


def _grid(crs: pyproj.CRS) -> Grid | None:
    plain = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    name = datum_name(plain)
    operation = plain.coordinate_operation
    if name not in {family[0] for family in _FAMILIES} or operation is None:
        return None
    if operation.method_name != "Transverse Mercator":
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
    if (datum, width, prefixed) not in _FAMILIES or not steps.is_integer() or not 75 <= meridian <= 135:
        return None
    return _FAMILIES[datum, width, prefixed] + int(steps)
