"""What was done to the coordinates of a study's own tables, as findings, and whether their datum fits the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pyproj
import shapely

from spatial.crs import WGS84
from spatial.sources.datum_evidence import (
    doubt_wgs84,
    refuse_double_inversion,
    refuse_roads_inverted_twice,
)
from spatial.sources.findings import Finding, findings_frame
from spatial.sources.local_grid import fit_local_grid
from spatial.sources.shifts import is_cgcs2000, shift_accuracy_m

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spatial.sources.gather import Gathered
    from spatial.study import Study, TableSource

__all__ = ["check_coordinates", "coordinate_findings"]

NOTED_ABOVE_M = 1.0
"""A shift of datum that PROJ states less accurate than this is reported."""


def check_coordinates(found: Gathered, study: Study) -> gpd.GeoDataFrame:
    """Check the datum of every table of the user's own against roads and units, and say what was done to it."""
    sources = study.sources
    roads = _sure(found.roads, sources.roads)
    boundaries = _sure(found.boundaries, sources.boundaries)
    findings: list[Finding] = []
    for what, source, frame in _tables(found, study):
        if frame.empty:
            continue
        findings += coordinate_findings(frame, source)
        if "placed_by" in frame.columns:
            frame = frame[frame["placed_by"].isna() | (frame["placed_by"] == "coordinates")]  # noqa: PLW2901 - the rest was located
        if what in {"settlements", "facilities"}:
            label = f"{what} {study.raw_path(source.path)}"
            refuse_double_inversion(frame, source, roads=roads, boundaries=boundaries, what=label)
            findings += doubt_wgs84(frame, source, roads=roads, what=source.path)
        elif what == "roads" and (places := _sure(found.settlements, sources.settlements)) is not None:
            label = f"roads {study.raw_path(source.path)}"
            refuse_roads_inverted_twice(frame, source, places=places, what=label)
    return findings_frame(findings, crs=WGS84)


def coordinate_findings(frame: gpd.GeoDataFrame, source: TableSource) -> list[Finding]:
    """Say how a table came to its place where that was more than a projection."""
    crs = pyproj.CRS.from_user_input(frame.crs)
    notes: list[tuple[str, str]] = []
    grid = source.local_grid
    if grid is not None and grid.control_points:
        fit = fit_local_grid(grid, what=source.path)
        worst = int(fit.residuals_m.argmax())
        text = (
            f"{grid.fit} fit of a local grid to {crs.name} by {len(fit.residuals_m)} control points: residuals "
            f"{fit.rms_m:.2f} m (root mean square), {fit.residuals_m[worst]:.2f} m at point {worst + 1} (largest)"
        )
        notes.append(("local_grid_fitted", text))
    if source.shift is not None:
        numbers = ", ".join(f"{value:g}" for value in source.shift)
        turned = f", {source.rotation.replace('_', ' ')}" if source.rotation else ""
        notes.append(("datum_shifted", f"brought to WGS 84 by the seven parameters {numbers}{turned}"))
    elif source.datum != "wgs84":
        notes.append(("datum_inverted", f"inverted from {source.datum} to WGS 84, to less than a metre"))
    elif is_cgcs2000(crs):
        notes.append(
            ("datum_taken_as_equal", f"{crs.name}: CGCS2000 and WGS 84 are taken as equal, within a metre")
        )
    else:
        west, south, east, north = (float(value) for value in frame.total_bounds)
        accuracy_m = shift_accuracy_m(crs, (west, south, east, north))
        if accuracy_m > NOTED_ABOVE_M:
            text = f"{crs.name}: brought to WGS 84 by a shift that PROJ states good to {accuracy_m:g} m"
            notes.append(("datum_shifted", text))
    at = _middle(frame)
    return [Finding(kind, source.path, detail, at) for kind, detail in notes]


def _tables(found: Gathered, study: Study) -> Iterator[tuple[str, TableSource, gpd.GeoDataFrame]]:
    """Every table of the user's own as what it is, its declaration and its rows."""
    sources = study.sources
    for what in ("settlements", "roads", "boundaries"):
        source = getattr(sources, what)
        if source is not None:
            yield what, source, getattr(found, what)
    numbers = sorted(int(name.split()[1]) for name in found.own if name.startswith("facilities "))
    for source, number in zip(sources.facilities, numbers, strict=True):
        yield "facilities", source, found.facilities[number]


def _sure(frame: gpd.GeoDataFrame, source: TableSource | None) -> gpd.GeoDataFrame | None:
    """Return the frame unless it was itself inverted from a shifted datum, which may be wrong."""
    return frame if source is None or source.datum == "wgs84" else None


def _middle(frame: gpd.GeoDataFrame) -> shapely.Point:
    west, south, east, north = (float(value) for value in frame.total_bounds)
    middle = gpd.GeoSeries([shapely.Point((west + east) / 2, (south + north) / 2)], crs=frame.crs)
    return shapely.Point(shapely.get_coordinates(middle.to_crs(WGS84).to_numpy())[0])
