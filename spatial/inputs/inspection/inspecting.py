"""One file of any kind that is read: what it holds, what it looks to be, and the part of a study file that reads it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import rasterio
import shapely
from rasterio.warp import transform_bounds

from spatial.arrays import FloatArray
from spatial.crs import WGS84, Bounds
from spatial.errors import SourceError, SpatialError
from spatial.formats.columns import NUMBER
from spatial.formats.files import is_there, local_file
from spatial.formats.raster import COMMON_SENTINELS, HGT_VOID, HIGHEST_LAND_M, LOWEST_LAND_M, density_said, open_tile
from spatial.formats.vector import open_frame
from spatial.inputs.inspection.columns import EXAMPLES, Profile, language_of, meanings, profile_of
from spatial.inputs.inspection.guesses import Coordinates, KnownGround, guess_columns, guess_geometry, take_hints
from spatial.inputs.inspection.kinds import (
    MOST_VALUES,
    Assigned,
    assign,
    kind_word,
    kind_words,
    known_values,
    look_at,
    official_proposal,
    translated,
    units_proposal,
)
from spatial.inputs.inspection.opening import WHAT, Opened, geometry_kinds, kinds_of_geometry, open_layers
from spatial.inputs.inspection.reports import FieldReport, FileReport, LayerReport, Proposal, Setting, box_said
from spatial.inputs.inspection.table_columns import (
    Table,
    attribute_settings,
    choose_key,
    facility_settings,
    road_settings,
    settlement_settings,
)
from spatial.inputs.osm import read_osm, read_osm_roads
from spatial.inputs.osm_elements import open_extract
from spatial.inputs.placing import has_no_heads
from spatial.inputs.user_tables import MOST_PREMISES_KM2, WATER_KINDS, square_km
from spatial.messages import Said
from spatial.study.access import no_timetable
from spatial.study.sources import MOST_CELLS, TableSource

# What a raster looks to be: people per cell, heights, classes of land cover, or shares of one class.

RASTER_ENDINGS = (".tif", ".tiff", ".hgt", ".hgt.zip")
MOST_CLASSES = 40
BANDS, BAND_ROWS = 16, 24
_KINDS = ("population", "elevation", "landcover")


def see_raster(path: Path, *, named: str) -> LayerReport:
    """Look at a raster file."""
    tile = open_tile(path, what="file")
    rows, columns = tile.shape
    is_hgt = path.suffix.lower() not in {".tif", ".tiff"}
    # Some bands of rows tell what a large raster holds.
    if is_hgt or rows <= BANDS * BAND_ROWS:
        values = tile.read(0, rows, 0, columns)
    else:
        if BANDS * BAND_ROWS * columns > MOST_CELLS / 10:
            raise SourceError(f"{WHAT} {path}: {rows:,} rows x {columns:,} columns; cut it to the study area")
        starts = np.linspace(0, rows - BAND_ROWS, BANDS).astype(int).tolist()
        values = np.vstack([tile.read(start, start + BAND_ROWS, 0, columns) for start in starts])
    finite = values[np.isfinite(values)]
    name = tile.crs.axis_info[0].unit_name
    unit = {"degree": "°", "metre": "\u00a0m"}.get(name, f" {name}")
    width, height = (f"{abs(side):.6g}{unit}" for side in (tile.transform.a, tile.transform.e))
    notes: list[str] = [Said("raster_shape", rows=rows, columns=columns, width=width, height=height)]
    nodata: float | None = HGT_VOID
    if not is_hgt:
        with rasterio.open(path, driver="GTiff") as source:
            nodata = source.nodata
    notes.append(Said("raster_void_none") if nodata is None else Said("raster_void", value=f"{nodata:g}"))
    sentinels = [value for value in COMMON_SENTINELS if (finite == value).any()] if nodata is None else []
    if sentinels:
        notes.append(Said("raster_sentinels", values=[f"{value:g}" for value in sentinels]))
        finite = finite[~np.isin(finite, sentinels)]
    if len(finite):
        low, high = f"{finite.min():.6g}", f"{finite.max():.6g}"
        notes.append(Said("raster_values", low=low, high=high, cells=len(finite)))
    kind, reasons = _kind(path, finite)
    if kind == "population" and (says := density_said(path)):
        kind, reasons = "unknown", (Said("raster_density", says=says),)
    classes = np.unique(finite) if kind == "landcover" else np.empty(0)
    if 0 < len(classes) <= MOST_CLASSES:
        notes.append(Said("raster_classes", classes=[f"{value:g}" for value in classes]))
    (x0, y0), (x1, y1) = tile.transform * (0, 0), tile.transform * (columns, rows)
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    bounds = Bounds(*map(float, transform_bounds(tile.crs.to_wkt(), WGS84, *box, densify_pts=21)))
    share = share_class(path) if kind == "landcover" else None
    setting = Setting("path", named) if share is None else Setting(f"fractions.{share}", named, Said("raster_share"))
    return LayerReport(
        rows=rows * columns,
        crs=tile.crs.name,
        extent=box_said(bounds, "box", ".4f"),
        notes=tuple(notes),
        kind=kind,
        reasons=reasons,
        proposal=None if kind == "unknown" else Proposal(f"sources.{kind}", (setting,)),
        bounds=bounds,
    )


def share_class(path: Path) -> int | None:
    """Tell the class of land cover whose share a file holds, by its name; None where it has no such word."""
    words = path.name.casefold().split(".")[0].replace("-", "_").split("_")
    return next((int(number) for word, number in meanings()["classes"].items() if word in words), None)


def _kind(path: Path, values: FloatArray) -> tuple[str, tuple[str, ...]]:
    """Tell what a raster is where its name says so and its values fit that; else give the reasons that speak for it."""
    words = [kind for kind in _KINDS if kind in kind_words(path.name.split(".")[0])]
    if path.name.lower().endswith((".hgt", ".hgt.zip")):
        return "elevation", (Said("srtm"),)
    if not len(values):
        return "unknown", (Said("raster_empty"),)
    low, high = float(values.min()), float(values.max())
    whole = bool((np.mod(values, 1) == 0).all())
    classes = np.unique(values) if whole else np.empty(0)
    fits = {
        "population": low >= 0,
        "elevation": low >= LOWEST_LAND_M and high <= HIGHEST_LAND_M,
        "landcover": (whole and low >= 0 and len(classes) <= MOST_CLASSES)
        or (share_class(path) is not None and low >= 0 and high <= 100),
    }
    if len(words) == 1 and fits[words[0]]:
        return words[0], (Said("name_speaks_of", kind=kind_word(words[0])), Said("values_fit"))
    why = Said("name_silent")
    if words:
        why = Said("name_unsure", kinds=[kind_word(kind) for kind in words])
    elif whole and 2 <= len(classes) <= MOST_CLASSES and low >= 0 and high <= 255:
        why = Said("perhaps_classes", number=len(classes))
    elif fits["elevation"] and high > 50 and np.median(np.abs(np.diff(values[:1000]))) < 60:
        why = Said("perhaps_heights")
    elif fits["population"] and (values == 0).mean() + (values < 50).mean() > 1.0:
        why = Said("perhaps_people")
    return "unknown", (why,)


# From a table to its part of a study file: what is sure, and what the user has to decide.


def propose(table: Table, kind: str) -> list[Proposal]:
    """Write the part of a study file that reads a table."""
    if kind == "official_totals":
        totals = official_proposal(table.profiles, named=table.title)
        return [totals, *units_proposal(table.profiles, _opening(table, kind), named=table.title)]
    if kind == "decisions":
        return [Proposal("placing", (Setting("decisions", table.named, Said("decisions")),))]
    if kind == "postcodes":
        return [Proposal("placing", (Setting("postcodes", table.named),))]
    writers: dict[str, Callable[[Table], list[Setting]]] = {
        "attributes": attribute_settings,
        "settlements": settlement_settings,
        "facilities": facility_settings,
        "roads": road_settings,
        "boundaries": _boundaries,
        "water": _water,
        "flows": _flows,
    }
    if kind not in writers:
        return []
    settings = _opening(table, kind) + writers[kind](table)
    if kind in {"boundaries", "water"} and isinstance(table.frame, gpd.GeoDataFrame):
        shapes = np.asarray(table.frame.geometry)
        broken = int((~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)).sum())
        if broken:
            settings.append(Setting("", None, Said("broken_areas", number=broken), is_decided=False))
    proposals = [Proposal(f"sources.{kind}", tuple(settings), is_list=kind in {"attributes", "facilities", "water"})]
    if kind == "settlements" and not table.has_geometry and not table.coordinates.columns:
        # A list of settlements may also be joined onto those of another source.
        joined = (*_opening(table, "attributes"), *attribute_settings(table))
        proposals.append(Proposal("sources.attributes", joined, is_list=True, is_suggestion=True))
    return proposals


def _opening(table: Table, kind: str) -> list[Setting]:
    """Write down how the file is opened, and where its rows lie."""
    settings = [Setting("path", table.named)]
    settings += [Setting(key, value) for key, value in table.opened.keys.items()]
    found, signs = table.coordinates, table.opened.signs
    cells = (text for name in found.columns for text in table.frame[name].dropna().astype("str"))
    points = [text for text in cells if "." in text and NUMBER.fullmatch(text)]
    if points and (signs.decimal, signs.thousands) == (",", "") and not table.opened.header_rows:
        # A workbook knows its numbers; in a text file the reader takes one sign in all columns.
        reason = Said("comma_and_point", why=signs.settings[0].reason, text=points[0])
        settings.append(Setting("", None, reason, is_decided=False))
    else:
        settings += signs.settings
    if kind in {"flows", "attributes", "official_totals"}:
        return settings
    settings += found.settings
    families = kinds_of_geometry(table.frame)
    if len(families) > 1:
        shapes = [{"section": "notice_shape", "word": family} for family in families]
        settings.append(Setting("", None, Said("mixed_shapes", shapes=shapes), is_decided=False))
    if kind in {"settlements", "facilities"}:
        coded = "postcode" in assign(table.profiles, ("postcode",)).columns
        how = Said("located_by_postcode" if coded else "located_by_unit")
        if not (table.has_geometry or found.columns or found.settings):
            settings.append(Setting("coordinates", "none", Said("no_coordinates", how=how)))
        elif found.blanks:
            text = Said("some_coordinates", blanks=found.blanks, rows=found.rows, how=how)
            settings.append(Setting("coordinates", "some", text))
    return settings


def _boundaries(table: Table) -> list[Setting]:
    wanted = ("boundary_id", "id", "name", "admin_level", "unit_code", "unit_level", "township")
    found = assign(table.profiles, wanted)
    if "name" not in found.columns and "township" in found.columns:
        found.give("name", found.columns["township"], Said("township_names"))
    settings = choose_key(table, found, "boundary_id", ("boundary_id", "unit_code", "id"))
    settings += found.mapped("name", "unit_code", "unit_level")
    level = found.columns.get("admin_level")
    known, strange = ({}, ["..."]) if level is None else known_values(level, "admin_level")
    if level is None or level.blanks or (level.kind != "whole number" and strange):
        settings.append(Setting("", None, Said("no_level")))
    elif level.kind == "whole number":
        settings.append(found.setting("admin_level"))
    else:
        settings += found.translated("admin_level", known, [], ())
    return settings


def _water(table: Table) -> list[Setting]:
    found = assign(table.profiles, ("id", "name", "kind"))
    settings = []
    if "id" in found.columns and found.columns["id"].is_key:
        settings.append(Setting("columns.water_id", found.columns["id"].name))
    return [*settings, *found.mapped("name"), *_kinds(found, "water", Said("which_kind", words=list(WATER_KINDS)))]


def _flows(table: Table) -> list[Setting]:
    found = assign(table.profiles, ("from_id", "to_id", "volume", "kind"))
    settings = [*found.mapped("from_id", "to_id", "volume"), *_kinds(found, "flow", Said("what_moves"))]
    if "volume" not in found.columns:
        settings.append(Setting("columns.volume", "...", Said("which_volume"), is_decided=False))
    return settings


def _kinds(found: Assigned, table: str, which: str) -> list[Setting]:
    """Map the column of kinds, and what its words mean; flows may be of any other kind."""
    kind = found.columns.get("kind")
    if kind is None or not 0 < kind.distinct <= MOST_VALUES:
        return [Setting("columns.kind", "...", which, is_decided=False)]
    known, strange = known_values(kind, table)
    words = translated("kind", kind, known, [] if table == "flow" else strange, WATER_KINDS)
    return [Setting("columns.kind", kind.name), *words]


# One file of any kind that is read: what is in it, what it looks to be, and the part of a study file that reads it.

OSM_ENDINGS = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
_NOWHERE = KnownGround()
_AXES = ("across", "up")


def inspect_file(
    path: str | Path,
    *,
    raw: str | Path = "data/raw",
    against: str | Path | None = None,
    ground: KnownGround = _NOWHERE,
    kind: str = "",
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
    ground : KnownGround
        What else is known about where the study lies; `against` comes first.
    kind : str
        What its tables are where the user says it, such as ``facilities``, or ``attributes`` for a list that is joined
        onto settlements; by default it is told by their columns.

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
    if not is_there(file):
        local_file(file, what=WHAT)  # says what is wrong
    pairs = ((file.absolute(), Path(raw).absolute()), (file.resolve(), Path(raw).resolve()))
    below = (one.relative_to(root).as_posix() for one, root in pairs if root in one.parents)
    named = next(below, file.name)
    name = file.name.lower()
    if is_timetable(file):
        raise SourceError(f"{WHAT} {path}: a timetable: {no_timetable()}")
    if name.endswith(OSM_ENDINGS):
        return FileReport(file, named, "OpenStreetMap", layers=(_extract(file, named),))
    holds_tile = name.endswith(".zip") and any(one.lower().endswith(".hgt") for one in _members(file))
    if name.endswith(RASTER_ENDINGS) or holds_tile:
        return FileReport(file, named, "raster", layers=(see_raster(file, named=named),))
    if file.suffix.lower() in {".csv", ".txt"} and has_no_heads(file, what=WHAT):
        with file.open("rb") as opened_file:
            rows = sum(1 for _ in opened_file)
        why = Said("postcode_file")
        table = Proposal("placing", (Setting("postcodes", named),))
        return FileReport(
            file, named, "CSV", layers=(LayerReport(rows=rows, kind="postcodes", reasons=(why,), proposal=table),)
        )
    opened = open_layers(file)
    layers = tuple(_layer(layer, file, named, ground, kind) for layer in opened.layers)
    names = [column.name for layer in layers for column in layer.fields if opened.kind != "KML"]  # its own heads
    told = (opened.kind, opened.encoding, opened.encoding_reason)
    return FileReport(file, named, *told, layers, tuple(opened.notes), language_of(names))


def ground_of(path: Path) -> KnownGround:
    """Read roads that are right for certain."""
    frame: pd.DataFrame = (
        read_osm_roads(path).to_frame()
        if path.name.lower().endswith(OSM_ENDINGS)
        else open_frame(path, TableSource(path=path.name, encoding="auto"), what="roads")
    )
    if not isinstance(frame, gpd.GeoDataFrame) or not frame.geometry.geom_type.str.contains("Line").any():
        raise SourceError(f"roads {path}: no lines to hold coordinates against; name a file of roads")
    if frame.crs is None:
        raise SourceError(f"roads {path}: no CRS, so that nothing can be held against it; name roads that say theirs")
    lines = frame[["geometry"]].to_crs(WGS84) if "geometry" in frame.columns else frame.to_crs(WGS84)
    return KnownGround(Bounds(*lines.total_bounds.tolist()), lines, path.name)


_TIMETABLE = frozenset({"stops.txt", "routes.txt", "trips.txt", "stop_times.txt"})
"""Files without which a feed of the General Transit Feed Specification is none (gtfs.org, Schedule Reference)."""


def is_timetable(file: Path) -> bool:
    """Tell whether a file is a timetable in GTFS: an archive of it, or one of its texts beside the others."""
    if file.suffix.lower() == ".txt":
        return file.name in _TIMETABLE and all((file.parent / name).is_file() for name in _TIMETABLE)
    return file.suffix.lower() == ".zip" and {Path(name).name for name in _members(file)} >= _TIMETABLE


def _members(file: Path) -> list[str]:
    """List what an archive holds; nothing where it is damaged."""
    import zipfile  # noqa: PLC0415 - for archives only

    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(file) as archive:
        return archive.namelist()
    return []


def _extract(file: Path, named: str) -> LayerReport:
    """Look at an OpenStreetMap extract."""
    extract = read_osm(file)
    tables = {"settlements": extract.places}
    tables |= {name: getattr(extract, name) for name in ("facilities", "roads", "boundaries")}
    notes = [Said("of_column", name=kind_word(name), why=len(frame)) for name, frame in tables.items()]
    if len(extract.facilities):
        counts = extract.facilities["service"].value_counts().sort_index().to_dict()
        listed = [Said("numbered", name={"service": str(name)}, number=number) for name, number in counts.items()]
        notes.append(Said("services_seen", services=listed))
    if len(extract.boundaries):
        levels = extract.boundaries["admin_level"].value_counts().sort_index().to_dict()
        listed = [Said("in_brackets", name=str(level), number=number) for level, number in levels.items()]
        notes.append(Said("levels_seen", levels=listed))
    nameless = int(extract.places["name"].isna().sum())
    if nameless:
        notes.append(Said("nameless", nameless=nameless, places=len(extract.places)))
    bounds = Bounds(*extract.roads.total_bounds.tolist()) if len(extract.roads) else None
    countries = tuple(sorted(countries_of(file)))
    if countries:
        notes.append(Said("countries_seen", countries=list(countries)))
    units = unit_setting(extract.places, extract.boundaries)
    return LayerReport(
        rows=sum(map(len, tables.values())),
        crs="WGS 84",
        extent="" if bounds is None else box_said(bounds, "box", ".4f"),
        notes=tuple(notes),
        kind="osm",
        reasons=(Said("is_extract"),),
        proposal=Proposal("sources.osm", (Setting("path", named),)),
        others=() if units is None else (Proposal("region", (units,)),),
        bounds=bounds,
        countries=countries,
        places=len(extract.places),
        areas=extract.boundaries,
    )


LEAST_PLACES, LEAST_UNITS, LEAST_SHARE = 2.0, 2, 0.8
"""Areas of a level are townships where so many places lie in each on average, in so many, and so much of all in any."""


def unit_setting(places: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame) -> Setting | None:
    """Choose the finest level of boundaries with several places an area, else the coarsest; None where few fit."""
    found = []
    points = gpd.GeoDataFrame(geometry=places.geometry, crs=places.crs)
    for level in sorted(boundaries["admin_level"].unique().tolist()):
        areas = boundaries.loc[boundaries["admin_level"] == level]
        drawn = gpd.GeoDataFrame(areas[["boundary_id", "geometry"]])
        inside = gpd.sjoin(points, drawn, predicate="within")
        units, held = inside["boundary_id"].nunique(), inside.index.nunique()
        if units >= LEAST_UNITS and held >= LEAST_SHARE * len(points):
            found.append((held >= LEAST_PLACES * units, units if held >= LEAST_PLACES * units else -units, level, held))
    if not found:
        return None
    _, units, level, held = max(found)
    return Setting("unit_levels", [level], Said("areas_hold", areas=abs(units), held=held, places=len(points)))


def countries_of(file: Path) -> set[str]:
    """Read the countries that the boundaries of an extract name by their ISO 3166 codes, cut ones too."""

    def read(opened: Any) -> set[str]:
        codes = set()
        for relation in osmium.FileProcessor(opened, osmium.osm.RELATION):
            tags = relation.tags
            part = (tags.get("ISO3166-2") or "").partition("-")[0]
            told = (tags.get("ISO3166-1:alpha2"), tags.get("ISO3166-1"), part)
            if tags.get("boundary") == "administrative":
                codes |= {code for code in told if code and len(code) == 2 and code.isascii() and code.isupper()}
        return codes

    return open_extract(file, read)


def _layer(opened: Opened, file: Path, named: str, ground: KnownGround, kind: str = "") -> LayerReport:
    """Look at a layer or sheet: its columns and coordinates, what it looks to be, and how a study would read it."""
    seen = LayerReport(
        opened.name, opened.is_hidden, header_rows=opened.header_rows, notes=tuple(opened.notes), problem=opened.problem
    )
    frame = opened.frame
    if frame is None:
        return seen
    drawn = frame if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None else None
    names = [name for name in frame.columns if drawn is None or name != drawn.active_geometry_name]
    profiles = [profile_of(opened.signs.plain(frame[name]), above=opened.above) for name in names]
    found = (
        guess_columns(profiles, ground, named=named)
        if drawn is None
        else guess_geometry(drawn, ground, says_crs=opened.says_crs, named=named)
    )
    take_hints(found, opened.notes)
    title = f"{file.name.split('.')[0]} {opened.name}".strip()
    is_placed = drawn is not None or bool(found.columns)
    form, has_sums = next(iter(kinds_of_geometry(frame)), ""), "totals" in opened.noticed
    look = look_at(profiles, named=title, geometry=form, has_place=is_placed, has_sums=has_sums)
    # Buildings and courtyards are read as points; boundaries of their size are few, and have their own columns.
    no_places: tuple[str, ...] = ()
    if drawn is not None and drawn.crs is not None and form == "Polygon":
        points = look_at(profiles, named=title, geometry="", has_place=is_placed, has_sums=has_sums)
        if (square_km(drawn.geometry.to_crs(WGS84).to_numpy()) > MOST_PREMISES_KM2).any():
            no_places = (Said("large_areas", area=MOST_PREMISES_KM2),) if look.kind == "unknown" else ()
        elif points.kind == "facilities" or (look.kind, points.kind) == ("unknown", "settlements"):
            look = points
    table = Table(named, title, frame, profiles, opened, found, drawn is not None)
    proposals = propose(table, kind or look.kind)
    proposal = proposals[0] if proposals else None
    if drawn is not None:
        bounds = _bounds(drawn, opened.says_crs)
        west, south, east, north = box = Bounds(*shapely.total_bounds(drawn.geometry.to_numpy()))
        extent = box_said(box, "axes_span", ".6g") if bounds is None else box_said(bounds, "box", ".4f")
    else:
        bounds = None
        west = south = east = north = np.nan
        by_name = {profile.name: profile.finite for profile in profiles}
        ends = [(name, by_name[name].min(), by_name[name].max()) for name in found.columns if len(by_name[name])]
        spans = [Said("column_span", name=name, low=f"{low:.9g}", high=f"{high:.9g}") for name, low, high in ends]
        extent = Said("joined", texts=spans) if spans else ""
        if len(ends) == len(_AXES):
            (_, west, east), (_, south, north) = ends
    guessed = next((str(one.value) for one in found.settings if one.key == "crs" and not one.is_decided), "")
    likely = None
    if guessed.removeprefix("EPSG:").isdigit() and np.isfinite([west, south, east, north]).all():
        likely = Bounds(*map(float, transform_bounds(guessed, WGS84, west, south, east, north)))
    return replace(
        seen,
        rows=len(frame),
        geometry=geometry_kinds(frame),
        crs="" if drawn is None or drawn.crs is None else drawn.crs.name,
        extent=extent,
        fields=tuple(_field(profile, frame[profile.name], proposal, found) for profile in profiles),
        kind=kind or look.kind,
        reasons=() if kind else (*no_places, *look.why),
        coordinates=tuple(found.remarks),
        proposal=proposal,
        others=tuple(proposals[1:]),
        bounds=bounds,
        likely=likely if likely is not None and np.isfinite(likely).all() else None,
    )


def _bounds(drawn: gpd.GeoDataFrame, says_crs: bool) -> Bounds | None:  # noqa: FBT001 - told of the file
    """Say where geometry lies, where its CRS is sure."""
    if drawn.crs is None or not (drawn.crs.is_geographic or drawn.crs.is_projected):
        return None
    if not says_crs and not np.all(np.abs(drawn.total_bounds) <= [180.0, 90.0, 180.0, 90.0]):
        return None  # the default of the format, which its coordinates contradict
    try:
        bounds = Bounds(*drawn.geometry.to_crs(WGS84).total_bounds.tolist())
    except (RuntimeError, ValueError, SpatialError):
        return None
    is_sure = np.isfinite(bounds).all() and max(abs(bounds.west), abs(bounds.east)) <= 180
    return bounds if is_sure else None


def _field(profile: Profile, written: pd.Series, proposal: Proposal | None, found: Coordinates) -> FieldReport:
    """Say what a column holds, and as what the proposal reads it."""
    read_as, reason = [], ""
    for setting in proposal.settings if proposal is not None else ():
        is_column = setting.key.startswith("columns.") or setting.value in found.columns
        if setting.value == profile.name and is_column:
            read_as.append(setting.key.removeprefix("columns.") + ("" if setting.is_decided else "?"))
            reason = reason or setting.reason
    examples = profile.examples
    if written.dtype == "str":
        examples = tuple(str(value) for value in written[profile.texts.notna()].unique()[:EXAMPLES])
    rows = (len(profile.texts), profile.filled, profile.distinct)
    return FieldReport(profile.name, profile.kind, *rows, examples, ", ".join(read_as), reason)
