"""One file of any kind that is read: what is in it, what it looks to be, and the part of a study file that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from spatial.crs import WGS84
from spatial.errors import SourceError, SpatialError
from spatial.sources.files import is_there, local_file
from spatial.sources.formats import open_frame
from spatial.sources.inspection.field_names import language_of
from spatial.sources.inspection.guesses import Coordinates, Ground, guess_columns, guess_geometry, take_hints
from spatial.sources.inspection.kinds import look_at
from spatial.sources.inspection.mapping import propose
from spatial.sources.inspection.opening import WHAT, Opened, geometry_kinds, kinds_of_geometry, open_layers
from spatial.sources.inspection.profiles import EXAMPLES, Profile, profile_of
from spatial.sources.inspection.rasters_seen import RASTER_ENDINGS, see_raster
from spatial.sources.inspection.reports import FieldReport, FileReport, LayerReport, Proposal, Setting
from spatial.sources.inspection.tables import Table
from spatial.sources.osm import read_osm, read_osm_roads
from spatial.study import TableSource

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OSM_ENDINGS", "ground_of", "inspect_file"]

OSM_ENDINGS = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
_NOWHERE = Ground()


def inspect_file(
    path: str | Path,
    *,
    raw: str | Path = "data/raw",
    against: str | Path | None = None,
    ground: Ground = _NOWHERE,
) -> FileReport:
    """
    Look into a file: layers, fields, encoding and coordinates, and how a study would read it.

    Nothing is decided that the file does not say: a guess, such as a CRS, is an undecided setting with its reason.

    Parameters
    ----------
    path : str or Path
        A workbook, text, GIS file, drawing, OpenStreetMap extract or raster; the folder of a file geodatabase.
    raw : str or Path
        Raw root; a file below it is named relative to it.
    against : str or Path or None
        Roads that are right for certain, a GIS file or an extract, to hold coordinates in degrees against.
    ground : Ground
        What else is known about where the study lies; `against` comes first.

    Returns
    -------
    FileReport
        `layers` with their `fields`, `kind`, `reasons`, `coordinates` and, where they look to be something that a study
        reads, a `proposal`: its `settings`, and what of them is `undecided`.

    Raises
    ------
    SourceError
        Where the file is missing, empty, locked, damaged, or of a kind that is not read; with the remedy.
    CrsError
        Where a raster has no CRS.

    Examples
    --------
    >>> import spatial as sp
    >>> report = sp.inspect_file("data/raw/my-county/villages.xlsx")  # doctest: +SKIP
    >>> report.layers[0].kind, report.layers[0].proposal.undecided  # doctest: +SKIP
    """
    file = Path(path)
    if against is not None:
        ground = ground_of(Path(against))
    named = _named(file, Path(raw))
    name = file.name.lower()
    if not is_there(file):
        local_file(file, what=WHAT)  # says what is wrong
    if name.endswith(OSM_ENDINGS):
        return FileReport(file, named, "OpenStreetMap", layers=(_extract(file, named),))
    if name.endswith(RASTER_ENDINGS) or (name.endswith(".zip") and _holds_tile(file)):
        return FileReport(file, named, "raster", layers=(see_raster(file, named=named),))
    opened = open_layers(file)
    layers = tuple(_layer(layer, file, named, ground) for layer in opened.layers)
    names = [column.name for layer in layers for column in layer.fields]
    return FileReport(
        file,
        named,
        opened.kind,
        opened.encoding,
        opened.encoding_reason,
        layers,
        tuple(opened.notes),
        language_of(names),
    )


def ground_of(path: Path) -> Ground:
    """Read roads that are right for certain."""
    frame: pd.DataFrame = (
        read_osm_roads(path).to_frame()
        if path.name.lower().endswith(OSM_ENDINGS)
        else open_frame(path, TableSource(path=path.name, encoding="auto"), what="roads")
    )
    is_line = isinstance(frame, gpd.GeoDataFrame) and frame.geometry.geom_type.str.contains("Line").any()
    if not is_line or not isinstance(frame, gpd.GeoDataFrame):
        raise SourceError(f"roads {path}: no lines to hold coordinates against; name a file of roads")
    if frame.crs is None:
        raise SourceError(
            f"roads {path}: no CRS, so that nothing can be held against it; name roads that say theirs"
        )
    lines = frame[["geometry"]].to_crs(WGS84) if "geometry" in frame.columns else frame.to_crs(WGS84)
    west, south, east, north = (float(value) for value in lines.total_bounds)
    return Ground((west, south, east, north), lines, path.name)


def _named(file: Path, raw: Path) -> str:
    pairs = ((file.absolute(), raw.absolute()), (file.resolve(), raw.resolve()))
    below = [one.relative_to(other).as_posix() for one, other in pairs if other in one.parents]
    return below[0] if below else file.name


def _holds_tile(file: Path) -> bool:
    import zipfile  # noqa: PLC0415 - for archives only

    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.lower().endswith(".hgt") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _extract(file: Path, named: str) -> LayerReport:
    extract = read_osm(file)
    notes = [
        f"{name}: {len(frame):,}"
        for name, frame in (
            ("settlements", extract.places),
            ("facilities", extract.facilities),
            ("roads", extract.roads),
            ("boundaries", extract.boundaries),
        )
    ]
    if len(extract.facilities):
        counts = extract.facilities["service"].value_counts().sort_index()
        notes.append("services: " + ", ".join(f"{name} {number}" for name, number in counts.items()))
    if len(extract.boundaries):
        levels = extract.boundaries["admin_level"].value_counts().sort_index()
        notes.append(
            "levels of boundaries: " + ", ".join(f"{level} ({number})" for level, number in levels.items())
        )
    bounds = None
    if len(extract.roads):
        west, south, east, north = (float(value) for value in extract.roads.total_bounds)
        bounds = (west, south, east, north)
    return LayerReport(
        rows=len(extract.places) + len(extract.facilities) + len(extract.roads) + len(extract.boundaries),
        crs="WGS 84",
        extent=_extent_words(bounds),
        notes=tuple(notes),
        kind="osm",
        reasons=("an OpenStreetMap extract",),
        proposal=Proposal("sources.osm", (Setting("path", named),)),
        bounds=bounds,
    )


def _extent_words(bounds: tuple[float, float, float, float] | None) -> str:
    if bounds is None:
        return ""
    west, south, east, north = bounds
    return f"longitude {west:.4f} to {east:.4f}, latitude {south:.4f} to {north:.4f}"


def _layer(opened: Opened, file: Path, named: str, ground: Ground) -> LayerReport:
    if opened.frame is None:
        return LayerReport(
            opened.name,
            opened.is_hidden,
            header_rows=opened.header_rows,
            notes=tuple(opened.notes),
            problem=opened.problem,
        )
    frame = opened.frame
    drawn = frame if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None else None
    geometry = geometry_kinds(frame)
    names = [name for name in frame.columns if drawn is None or name != drawn.active_geometry_name]
    profiles = [profile_of(opened.signs.plain(frame[name])) for name in names]
    found = (
        guess_columns(profiles, ground, named=named)
        if drawn is None
        else guess_geometry(drawn, ground, says_crs=opened.says_crs, named=named)
    )
    take_hints(found, opened.notes)
    title = f"{file.name.split('.')[0]} {opened.name}".strip()
    look = look_at(
        profiles,
        named=title,
        geometry=next(iter(kinds_of_geometry(frame)), ""),
        has_place=drawn is not None or bool(found.columns),
        notes=opened.notes,
    )
    table = Table(named, title, frame, profiles, opened, found, drawn is not None)
    proposals = propose(table, look.kind)
    proposal = proposals[0] if proposals else None
    bounds = _bounds(drawn, opened.says_crs)
    return LayerReport(
        name=opened.name,
        is_hidden=opened.is_hidden,
        rows=len(frame),
        header_rows=opened.header_rows,
        geometry=geometry,
        crs="" if drawn is None or drawn.crs is None else drawn.crs.name,
        extent=_extent(drawn, profiles, found) if bounds is None else _extent_words(bounds),
        fields=tuple(_field(profile, frame[profile.name], proposal, found) for profile in profiles),
        notes=tuple(opened.notes),
        kind=look.kind,
        reasons=look.why,
        coordinates=tuple(found.remarks),
        proposal=proposal,
        others=tuple(proposals[1:]),
        bounds=bounds,
    )


def _bounds(drawn: gpd.GeoDataFrame | None, says_crs: bool) -> tuple[float, float, float, float] | None:  # noqa: FBT001 - told of the file
    if drawn is None or drawn.crs is None or not (drawn.crs.is_geographic or drawn.crs.is_projected):
        return None
    if not says_crs and not np.all(np.abs(drawn.total_bounds) <= [180.0, 90.0, 180.0, 90.0]):
        return None  # the default of the format, which its coordinates contradict
    try:
        west, south, east, north = (float(value) for value in drawn.geometry.to_crs(WGS84).total_bounds)
    except (RuntimeError, ValueError, SpatialError):
        return None
    if not np.isfinite([west, south, east, north]).all() or max(abs(west), abs(east)) > 180:
        return None
    return west, south, east, north


def _extent(drawn: gpd.GeoDataFrame | None, profiles: list[Profile], found: Coordinates) -> str:
    if drawn is not None:
        west, south, east, north = shapely.total_bounds(drawn.geometry.to_numpy())
        return f"{west:.6g} to {east:.6g} across, {south:.6g} to {north:.6g} up"
    by_name = {profile.name: profile for profile in profiles}
    parts = []
    for name in found.columns:
        numbers = by_name[name].finite
        parts.append(f"{name} {numbers.min():.9g} to {numbers.max():.9g}")
    return ", ".join(parts)


def _field(
    profile: Profile, written: pd.Series, proposal: Proposal | None, found: Coordinates
) -> FieldReport:
    meaning, reason = "", ""
    for setting in proposal.settings if proposal is not None else ():
        is_column = setting.key.startswith("columns.") or setting.value in found.columns
        if setting.value == profile.name and is_column:
            ours = setting.key.removeprefix("columns.")
            mark = "" if setting.is_decided else "?"
            meaning = f"{meaning}, {ours}{mark}" if meaning else f"{ours}{mark}"
            reason = reason or setting.reason
    return FieldReport(
        profile.name,
        profile.kind,
        len(profile.texts),
        profile.filled,
        profile.distinct,
        tuple(str(value) for value in written[profile.texts.notna()].unique()[:EXAMPLES])
        if written.dtype == "str"
        else profile.examples,
        meaning,
        reason,
    )
