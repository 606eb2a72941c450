"""How a table of the user's own says where its rows lie, beyond a CRS: seven parameters, or a local grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from spatial.study.base import Model

if TYPE_CHECKING:
    from spatial.study.sources import TableSource

__all__ = ["ControlPoint", "LocalGrid", "Rotation", "Shift", "refuse_contradictions"]

Rotation = Literal["position_vector", "coordinate_frame"]
Shift = tuple[float, float, float, float, float, float, float]


class ControlPoint(Model):
    """A point known in a local grid and in a known CRS."""

    easting: float = Field(description="Easting in the local grid, metres")
    northing: float = Field(description="Northing in the local grid, metres")
    longitude: float | None = Field(None, description="Degrees, WGS 84 or CGCS2000", ge=-180, le=180)
    latitude: float | None = Field(None, description="Degrees, WGS 84 or CGCS2000", ge=-90, le=90)
    true_easting: float | None = Field(None, description="Instead of degrees: easting in true_crs, metres")
    true_northing: float | None = Field(None, description="Instead of degrees: northing in true_crs, metres")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        degrees = (self.longitude is not None, self.latitude is not None)
        metres = (self.true_easting is not None, self.true_northing is not None)
        if not (all(degrees) or all(metres)) or (any(degrees) and any(metres)):
            raise ValueError("give longitude and latitude, or true_easting and true_northing")
        return self


class LocalGrid(Model):
    """A local grid, such as a county's own: its definition, or points known in it and in a known CRS."""

    wkt: str | None = Field(None, description="Its definition as WKT or PROJ string")
    control_points: tuple[ControlPoint, ...] = Field((), description="At least three points known in both")
    true_crs: str | None = Field(None, description="CRS of true_easting and true_northing")
    fit: Literal["similarity", "affine"] = Field(
        "similarity", description="Shift, turn and one scale; or, from four points on, an affine fit"
    )
    tolerance_m: float = Field(1.0, gt=0, description="Largest residual of a control point that is accepted")

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if (self.wkt is None) == (not self.control_points):
            raise ValueError("give either wkt or control_points")
        if self.wkt is not None:
            return self
        needed = 3 if self.fit == "similarity" else 4
        if len(self.control_points) < needed:
            raise ValueError(
                f"control_points: a {self.fit} fit needs {needed} points or more, so that its residuals show a "
                f"wrong one; there are {len(self.control_points)}"
            )
        kinds = {point.longitude is None for point in self.control_points}
        if len(kinds) > 1:
            raise ValueError("control_points: give all in degrees, or all in true_easting and true_northing")
        if kinds == {True} and self.true_crs is None:
            raise ValueError("true_crs: say the CRS of true_easting and true_northing, such as 'EPSG:4545'")
        if kinds == {False} and self.true_crs is not None:
            raise ValueError("true_crs goes with true_easting and true_northing, not with degrees")
        return self


def refuse_contradictions(source: TableSource) -> None:
    """Refuse declarations of coordinates that exclude each other or lack their other half."""
    shifted, metres = source.datum != "wgs84", source.easting is not None
    faults = {
        "easting and northing go together: name both columns": metres != (source.northing is not None),
        "give either easting and northing (metres) or longitude and latitude (degrees)": (
            metres and not (source.longitude is None and source.latitude is None)
        ),
        f"datum = '{source.datum}' goes with longitude and latitude, not with easting and northing": (
            metres and shifted
        ),
        "easting and northing need a crs, such as 'EPSG:4545', or a local_grid": (
            metres and source.crs is None and source.local_grid is None
        ),
        "local_grid says where the rows lie: remove crs and datum": (
            source.local_grid is not None and (source.crs is not None or shifted)
        ),
        f"shift and datum = '{source.datum}' exclude each other": source.shift is not None and shifted,
        "rotation goes with shift, the seven parameters": source.shift is None
        and source.rotation is not None,
        "rotation: say in which convention the three rotations of shift are: 'position_vector' (as towgs84 in PROJ, "
        "EPSG method 9606) or 'coordinate_frame' (EPSG method 9607, usual in Chinese surveys); the wrong one moves "
        "everything by metres": source.shift is not None
        and any(source.shift[3:6])
        and source.rotation is None,
    }
    first = next((fault for fault, found in faults.items() if found), None)
    if first:
        raise ValueError(first)
