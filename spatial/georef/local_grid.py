"""Local grids: from points known in the grid and in a known CRS, by least squares, with residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyproj.crs import GeographicCRS, ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from spatial.crs import WGS84, parse_crs, transformer_between
from spatial.errors import CrsError

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import ArrayLike

    from spatial.arrays import FloatArray
    from spatial.study.sources import LocalGrid


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
        crs: pyproj.CRS = ProjectedCRS(
            conversion=TransverseMercatorConversion(longitude_natural_origin=middle, false_easting=500_000.0),
            name=f"WGS 84 / Transverse Mercator at {middle:g} degrees east",
            geodetic_crs=GeographicCRS.from_epsg(4326),
        )
        to_metres = transformer_between(WGS84, crs)
        true = np.column_stack(to_metres.transform(places[:, 0], places[:, 1]))
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
