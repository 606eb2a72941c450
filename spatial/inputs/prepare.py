"""Read and check everything that a study needs, and write nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from textwrap import shorten

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.crs import (
    METRES_A_KM,
    SCALE_OFF,
    WGS84,
    Bounds,
    crs_that_fits,
    outside_use,
    parse_crs,
    require_metres,
    scale_errors,
    working_crs_for,
)
from spatial.errors import SourceError, StudyError, first_of, of_kind
from spatial.formats.columns import text_column
from spatial.formats.files import (
    JOINT,
    KnownIssue,
    SourceRecord,
    declared_paths,
    missing_sources,
    read_provenance,
    refuse_unknown_data,
    spelled_otherwise,
)
from spatial.formats.notes import (
    SHEET_ROWS,
    ColumnUse,
    Finding,
    Note,
    add_notes,
    faults_of,
    findings_frame,
    join_findings,
    json_of,
    listed,
)
from spatial.formats.raster import (
    GridReading,
    landcover_findings,
    peopled_outline,
    read_elevation,
    read_fractions,
    read_grid,
    read_population,
    refuse_elsewhere,
    refuse_stretched,
)
from spatial.georef.datums import refuse_unknown_shift
from spatial.inputs.attributes import flows_from_table
from spatial.inputs.edits import apply_corrections
from spatial.inputs.facility_facts import doubtful_facilities, mixed_units
from spatial.inputs.gather import Gathered, gather
from spatial.inputs.list_merge import combine_facilities, read_review
from spatial.inputs.osm import mark_barriers, places_unread
from spatial.inputs.place_tables import refuse_outside, unplaced_in_units
from spatial.inputs.services import Vocabulary, load_services
from spatial.inputs.units import assign_units, choose_region, choose_units, inside, near_unit, study_area
from spatial.rasters import Raster
from spatial.study import Study
from spatial.tables import TABLES
from spatial.tables.words import NOTICED

# What `prepare` hands on: every source of a study, read, checked and in one CRS in metres.


@dataclass(frozen=True, eq=False)
class Layers:
    """
    The sources of a study.

    Parameters
    ----------
    settlements : GeoDataFrame
        By the contract of the table `places`: before a population raster is shared out among them.
    facilities : GeoDataFrame
        By the contract of the table of that name; what was mapped twice is merged.
    roads : GeoDataFrame
        By the contract of the table of that name, whole roads that touch the study area and its buffer.
    turns : GeoDataFrame or None
        By the contract of the table of that name; None where the roads are not those of an extract.
    boundaries : GeoDataFrame
        By the contract of the table of that name.
    water : GeoDataFrame
        By the contract of the table of that name.
    study_area : GeoDataFrame
        By the contract of the table of that name.
    flows : DataFrame
        By the contract of the table of that name; empty without a source.
    population : Raster or None
        Persons per cell, in the raster's own CRS.
    elevation : Raster or None
        Metres above sea level, in the raster's own CRS.
    landcover : Raster or None
        Classes of land cover as the source codes them, in the raster's own CRS.
    counts : DataFrame
        What was read, by source and item.
    findings : GeoDataFrame
        By the contract of the table `findings_read`.
    crs : pyproj.CRS
        The working CRS, in metres.
    issues : tuple of str
        Known faults of the sources and what was noticed in rasters; every page that uses them says so.
    sources : tuple of SourceRecord
        Where each raw file comes from.
    vocabulary : Vocabulary
        The services of the study.
    unplaced : DataFrame or None
        By the contract of the table of that name: facilities that could not be located; None where there are none.
    to_decide : DataFrame or None
        Places that a person must decide on, as text; None where there are none.
    to_review : DataFrame or None
        Facilities of lists and map that a person should look at, as text; None where there are none.
    official_units : DataFrame or None
        By the contract of the table of that name; None without such a source.
    columns : dict of (str, str) to ColumnUse
        By path and what is read of it: the columns of a list that are read, kept and left out.
    """

    settlements: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    turns: gpd.GeoDataFrame | None
    boundaries: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    study_area: gpd.GeoDataFrame
    flows: pd.DataFrame
    population: Raster | None
    elevation: Raster | None
    landcover: Raster | None
    counts: pd.DataFrame
    findings: gpd.GeoDataFrame
    crs: pyproj.CRS
    issues: tuple[str, ...]
    sources: tuple[SourceRecord, ...]
    vocabulary: Vocabulary
    unplaced: pd.DataFrame | None = None
    to_decide: pd.DataFrame | None = None
    to_review: pd.DataFrame | None = None
    official_units: pd.DataFrame | None = None
    columns: dict[tuple[str, str], ColumnUse] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Say in one line how much was read."""
        read = (f"{len(getattr(self, name)):,} {name}" for name in ("settlements", "facilities", "roads", "boundaries"))
        return f"<Layers: {', '.join(read)}; {self.crs.to_string()}>"


STUDY = "study"
"""Source of the counts that are made of several files."""
_CHECKED = (
    "places", "facilities", "roads", "boundaries", "water", "study_area", "flows", "counts", "turns",
    "official_units", "unplaced",
)  # fmt: skip
"""Tables that are held to their contracts, in this order; then the findings."""


def prepare(study: Study, *, named: Mapping[str, Collection[str]] | None = None) -> Layers:
    """
    Read every source of a study, check it and bring it into the working CRS.

    Places, facilities, roads and water are kept in the study area and the buffer around it; `in_study` says which
    places and facilities lie inside. Where a population raster is declared, it alone counts people: settlements have
    no population yet.

    Parameters
    ----------
    study : Study
        With its raw root.
    named : mapping of str to collection of str, optional
        By table, settlements or facilities, the columns of lists that keys of the study name; `study.columns_named` by
        default. Columns that no key names and that are not in `keep_columns` of their source are left out.

    Returns
    -------
    Layers
        Every frame keeps its contract.

    Raises
    ------
    SourceError
        Where files are missing (all are named at once), damaged or empty.
    StudyError
        Where the services file is faulty, the region names ground that the sources do not hold, or `keep_columns`
        columns that a file does not have.
    CrsError, ContractError
        Where a table breaks its contract, with every breach.
    """
    of_kind("study", study, Study, required=True)
    refuse_missing(study)
    vocabulary = load_services(study.raw_path(study.services_file) if study.services_file else None)
    paths = [path for named in declared_paths(study).values() for path in named]
    records = read_provenance(study.raw, paths)
    refuse_unknown_data({record.path: record.issues for record in records}, [item.id for item in vocabulary.every])
    found = gather(study, vocabulary, named=named)
    _refuse_empty(found, study)
    sources, region = study.sources, study.region
    population = None
    if (people := sources.population) is not None:
        files = [study.raw_path(path) for path in people.paths]
        population = read_population(files, nodata=people.nodata, max_cells=people.max_cells)

    # The working CRS: its metres are those of the ground wherever people live who are scored.
    chosen = choose_region(region, found.boundaries)
    named_ground = None if chosen is None else chosen.geometry
    if region.bbox is not None:
        named_ground = gpd.GeoSeries([shapely.box(*region.bbox)], crs=WGS84)
    if study.working_crs is not None:
        crs = require_metres(parse_crs(study.working_crs, what="working_crs"), what="working_crs")
        refuse_unknown_shift(crs, None, what="working_crs")
    else:
        crs = working_crs_for(found.settlements if named_ground is None else named_ground)
    if people is not None and population is not None:
        what = f"population {study.raw_path(people.paths[0])}"
        refuse_elsewhere([population.raster], found.settlements.to_crs(crs), study.population.max_distance_m, what=what)
    scored = found.settlements
    if named_ground is not None:
        # By their degrees, since a CRS that does not fit may lose those that lie there.
        degrees = shapely.union_all(named_ground.to_crs(WGS84).to_numpy())
        scored = scored[inside(scored.to_crs(WGS84), degrees)]
    _refuse_stretched_crs(study, crs, scored)

    # The study area, and the units of the study in it.
    facilities = _join(found.facilities, crs)
    roads = found.roads.to_crs(crs)
    extent = None
    if named_ground is None:
        ashore = roads[roads["road_class"] != "ferry"]
        extent = _extent(crs, [found.settlements, facilities, ashore], population)
    area = study_area(region, chosen, crs=crs, extent=extent)
    # Tables of the user's own whose places lie nowhere near the study are refused.
    near: gpd.GeoDataFrame | gpd.GeoSeries = area
    if region.bbox is None and region.admin_level is None:
        near = gpd.GeoSeries([shapely.box(*roads.total_bounds)], crs=crs)
    for table, file in found.own.items():
        what, _, which = table.partition(" ")
        frame, key = (found.facilities[int(which)], "facility_id") if which else (found.settlements, "settlement_id")
        refuse_outside(frame, near, key=key, what=f"{what} {file}", buffer_m=region.buffer_km * METRES_A_KM, metres=crs)
    ground = shapely.union_all(area.geometry.to_numpy())
    wide = ground.buffer(region.buffer_km * METRES_A_KM)
    box = Bounds(*gpd.GeoSeries([wide], crs=crs).to_crs(WGS84).total_bounds.tolist())
    for what, frame in found.drawn.items():
        west, south, east, north = frame.to_crs(WGS84).total_bounds.tolist()
        if len(frame) and not shapely.box(west, south, east, north).intersects(shapely.box(*box)):
            raise SourceError(
                f"{what}: all of it lies at longitude {west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f}, "
                "where the study is not; name the file of this region, or correct its CRS"
            )
    boundaries = _within(found.boundaries.to_crs(crs), wide)
    settlements = _within(found.settlements.to_crs(crs), wide)
    # What a user names as region is made of whole units; a box about the data, or of degrees, cuts through them.
    cut = None if chosen is not None else settlements[inside(settlements, ground)].geometry
    boundaries = boundaries.assign(is_unit=choose_units(boundaries, region.unit_levels, area=ground, inhabitants=cut))

    settlements, noted = _placed(settlements, boundaries, study, ground)
    if not settlements["in_study"].any():
        shown = first_of(area["name"].fillna(area["area_id"]))
        raise SourceError(
            f"no settlement lies in the study area {shown}: look at [region], and whether the sources cover that ground"
        )
    # Every page says how many settlements are in the figures of the study and in those of no township.
    unit_source = sources.boundaries or sources.osm
    alone = settlements["in_study"] & settlements["township_id"].isna()
    if alone.any() and region.unit_levels and unit_source is not None:
        where = listed(settlements["settlement_id"][alone])
        add_notes(settlements, [Note("in_no_unit", int(alone.sum()), {"where": where})])
        found.note(unit_source.path, settlements, "settlements")
    noted += _refuse_stretched_crs(study, crs, settlements)

    lists = {table.path for table in sources.facilities}
    maps = () if sources.osm is None else (sources.osm.path,)
    decided = None
    if study.merge.decisions is not None:
        decided = read_review(study.raw_path(study.merge.decisions), lists, maps=maps)
    merged = combine_facilities(
        _within(facilities, wide), lists=lists, options=study.merge, vocabulary=vocabulary, decisions=decided,
        ground=ground, outlines=found.outlines,
    )  # fmt: skip
    found.counts += [(STUDY, *count) for count in merged.counts]
    drawn = study.corrections
    corrected = merged.frame if drawn is None else apply_corrections(merged.frame, study.raw_path(drawn.path))
    facilities, _ = _placed(corrected, boundaries, study, ground)
    elevation = None
    if (source := sources.elevation) is not None:
        files = [study.raw_path(path) for path in source.paths]
        elevation = read_elevation(files, nodata=source.nodata, within=box, max_cells=source.max_cells)
    landcover = _landcover(study, box)
    readings = [reading for reading in (population, elevation, landcover) if reading is not None]
    rasters = {reading.raster.name: reading.raster for reading in readings}
    flows = _flows(study, settlements, found)
    turns = None
    if found.turns is not None:
        # Those of which nobody knows where they are stay.
        turns = found.turns.to_crs(crs)
        turns = turns[inside(turns, wide) | turns.geometry.isna()].reset_index(drop=True)

    notes = doubtful_facilities(facilities, roads=roads, water=found.water.to_crs(crs), slopes=found.slopes)
    for path, doubts in notes.items():
        found.notes.setdefault(path, []).extend(doubts)
    # What was noticed on reading a file joins its known faults, so that every page says so.
    found.note_doubts()
    for reading in readings:
        found.notes.setdefault(getattr(sources, reading.raster.name).paths[0], []).extend(reading.notes)
    for number, record in enumerate(records):
        noticed = (
            KnownIssue(note.detail, kind=NOTICED, notice=note.key, notice_values=json_of(note.values))
            for note in found.notes.get(record.path, ())
        )
        issues = (*record.issues, *noticed)
        records[number] = replace(record, issue=JOINT.join(issue.text for issue in issues), issues=issues)

    noted += landcover_findings(landcover, ground.representative_point())
    told = [*found.findings, merged.findings, mixed_units(merged.frame), findings_frame(noted, crs=crs)]
    findings = join_findings(told, crs=crs)
    # What has no place of its own is drawn in the study area, so that a finding is never lost, nor the study by it.
    shapes, middle = findings.geometry, shapely.point_on_surface(ground)
    findings = findings.set_geometry(shapes.where(shapes.notna() & ~shapes.is_empty, middle))
    layers = Layers(
        settlements=settlements,
        facilities=facilities,
        roads=_within(roads, wide),
        turns=turns,
        boundaries=boundaries,
        water=mark_barriers(_within(found.water.to_crs(crs), wide)),
        study_area=area,
        flows=flows,
        population=rasters.get("population"),
        elevation=rasters.get("elevation"),
        landcover=rasters.get("landcover"),
        counts=_counts(found, settlements, facilities, merged.findings, readings),
        findings=findings,
        crs=crs,
        issues=tuple(f"{record.path}: {record.issue}" for record in records if record.issue),
        sources=tuple(records),
        vocabulary=vocabulary,
        unplaced=unplaced_in_units(found.unplaced, boundaries),
        to_decide=found.to_decide if len(found.to_decide) else None,
        official_units=found.official_units,
        to_review=merged.review if len(merged.review) else None,
        columns=found.columns,
    )
    for name in _CHECKED:
        frame = layers.settlements if name == "places" else getattr(layers, name)
        if frame is not None:
            TABLES[name].check(frame)
    TABLES["findings_read"].check(layers.findings)
    return layers


def refuse_missing(study: Study) -> None:
    """Name every file that the study names and that is not there, once and with the remedy."""
    lines = [f"{item.key}: {item.file} ({item.remedy})" for item in missing_sources(study)]
    lines += [
        f"{key}: {file} ({spelled_otherwise(file) or 'put it there, or correct the path'})"
        for key, path in study.own_files().items()
        if not (file := study.raw_path(path)).is_file()
    ]
    if lines:
        listed = "\n".join(f"  - {line}" for line in lines)
        raise SourceError(
            f"{len(lines)} file(s) of the study are not below the raw root {study.raw}; "
            f"say where raw data lie with --raw FOLDER, or bring them with `spatial fetch STUDY`:\n{listed}"
        )


def _refuse_empty(found: Gathered, study: Study) -> None:
    sources = study.sources
    extract = sources.osm.path if sources.osm is not None else ""
    faults, tags = [], ""
    if found.settlements.empty:
        where = sources.settlements.path if sources.settlements is not None else extract
        faults.append(f"no settlements in {where}: look at [tiers], or give a table in [sources.settlements]")
        if sources.settlements is None and sources.osm is not None and sources.osm.settlements:
            rows = [(item, number) for source, item, number, *_ in found.counts if source == extract]
            counts = pd.DataFrame(rows, columns=["item", "number"])
            tags = f"; {places_unread(counts, study.tiers).told}"
    if found.roads.empty:
        where = sources.roads.path if sources.roads is not None else extract
        faults.append(f"no roads in {where}: take another extract, or give a table in [sources.roads]")
    if faults:
        raise SourceError("; ".join(faults) + tags)


def _refuse_stretched_crs(study: Study, crs: pyproj.CRS, settlements: gpd.GeoDataFrame) -> list[Finding]:
    """Refuse a CRS whose metres are off at a settlement; tell of one that is named and used beyond its own area."""
    points = settlements.geometry
    errors = scale_errors(points, crs)
    called = f"working_crs: {crs.to_string()} ({crs.name})"
    if (wrong := errors > SCALE_OFF).any():
        worst = settlements.iloc[int(np.argmax(errors))]
        name = "" if pd.isna(worst["name"]) else f" ({worst['name']})"
        size = f"off by {errors.max():.1%}" if np.isfinite(errors.max()) else "beyond all measure"
        fitting = crs_that_fits(points)
        remedy = f"set working_crs = {fitting!r}" if fitting else "study the area in parts"
        if study.working_crs is not None and fitting is not None:
            remedy += ", or leave the key out"
        problem = (
            f"{called}: lengths are {size} at {worst['settlement_id']}{name}, and by more than {SCALE_OFF:.0%} at "
            f"{wrong.sum():,} of {len(wrong):,} settlements, so distances and times would be wrong; {remedy}"
        )
        raise StudyError(study.name, [problem])
    strays = outside_use(points, crs)
    if study.working_crs is None or not strays.any():
        return []
    use = crs.area_of_use
    assert use is not None
    told = {"crs": f"{crs.to_string()} ({crs.name})", "outside": int(strays.sum()), "places": len(strays)}
    told |= {"use": shorten(use.name, 80), "first": listed(settlements["settlement_id"][strays], limit=3)}
    told |= {"off": round(100 * float(errors.max()), 2), "most": round(100 * SCALE_OFF)}
    return [Finding("crs_outside_use", "working_crs", points[strays].iloc[0], told)]


def _join(frames: list[gpd.GeoDataFrame], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Facilities of all sources in one frame; a column that is text here and a number there becomes text."""
    filled = [frame.to_crs(crs) for frame in frames if len(frame)]
    if not filled:
        return gpd.GeoDataFrame(TABLES["facilities"].frame(), geometry=gpd.GeoSeries([], crs=crs), crs=crs)
    joined = gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), geometry="geometry", crs=crs)
    for column in joined.columns:
        if joined[column].dtype == object:
            joined[column] = text_column(joined[column])
    return joined


def _extent(crs: pyproj.CRS, frames: list[gpd.GeoDataFrame], population: GridReading | None) -> Bounds:
    """Bounds of all places, facilities, roads and populated cells, so that a study without region loses nobody."""
    bounds = [frame.to_crs(crs).total_bounds for frame in frames if len(frame)]
    outline = None if population is None else peopled_outline(population.raster, crs)
    if outline is not None:
        bounds.append(np.array(shapely.bounds(outline)))
    stacked = np.array(bounds)
    least, most = np.nanmin(stacked, axis=0), np.nanmax(stacked, axis=0)
    return Bounds(*least[:2].tolist(), *most[2:].tolist())


def _within(frame: gpd.GeoDataFrame, ground: shapely.Geometry) -> gpd.GeoDataFrame:
    return frame[inside(frame, ground)].reset_index(drop=True)


def _placed(
    places: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame, study: Study, ground: shapely.Geometry
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Townships and `in_study`; a place that belongs to a township of the study by tolerance lies in the study too."""
    levels = study.region.unit_levels
    key = "facility_id" if "facility_id" in places.columns else "settlement_id"
    findings: list[Finding] = []
    within = inside(places, ground)
    if levels or "township_id" not in places.columns:
        places = assign_units(places, boundaries, levels)
        known = places["township_id"].notna()
        places, findings = near_unit(
            places, boundaries, ground=ground, key=key, tolerance_m=study.region.unit_tolerance_m
        )
        within |= (places["township_id"].notna() & ~known).to_numpy(dtype=bool)
    return places.assign(in_study=within), findings


def _landcover(study: Study, within: Bounds) -> GridReading | None:
    source = study.sources.landcover
    if source is None:
        return None
    if source.fractions:
        files = {code: study.raw_path(path) for code, path in source.fractions.items()}
        reading: GridReading = read_fractions(files, nodata=source.nodata, within=within)
    else:
        paths = [study.raw_path(path) for path in source.paths]
        reading = read_grid(paths, nodata=source.nodata, name="landcover", within=within, max_cells=source.max_cells)
    refuse_stretched(reading, study.raw_path(source.paths[0]))
    return reading


def _flows(study: Study, settlements: gpd.GeoDataFrame, found: Gathered) -> pd.DataFrame:
    source = study.sources.flows
    if source is None:
        return TABLES["flows"].frame()
    known = [*settlements["settlement_id"], *found.nowhere]
    with faults_of("sources.flows"):
        flows = flows_from_table(study.raw_path(source.path), source, settlement_ids=known)
    lost = flows[["from_id", "to_id"]].isin(found.nowhere).any(axis=1).to_numpy(dtype=bool)
    add_notes(flows, [Note("flows_nowhere", int(lost.sum()), {"count": int(lost.sum())})])
    found.note(source.path, flows, "flows")
    flows.attrs.pop(SHEET_ROWS, None)
    return flows[~lost].reset_index(drop=True)


def _counts(
    found: Gathered,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    merged: gpd.GeoDataFrame,
    readings: list[GridReading],
) -> pd.DataFrame:
    """Count what each source held, and what is left of it in the study area and its buffer."""
    rows = list(found.counts)
    for reading in readings:
        name = reading.raster.name
        rows += [(name, "cells", reading.cells), (name, "cells without data", reading.nodata_cells)]
    if found.turns is not None:
        is_barrier = found.turns["kind"] == "barrier"
        rows += [
            ("turns", "barriers on roads or elsewhere", int(is_barrier.sum())),
            ("turns", "turn restrictions", int((~is_barrier).sum())),
            ("turns", "turn restrictions nobody can follow", int(found.turns["why_not"].notna().sum())),
        ]
    left = {
        "settlements": len(settlements),
        "settlements in the study area": int(settlements["in_study"].sum()),
        "settlements without a township": int(settlements["township_id"].isna().sum()),
        "facilities": len(facilities),
        "facilities merged into others": int((merged["kind"] == "merged_duplicate").sum()),
        "facilities that may be doubles": int((merged["kind"] == "ambiguous_duplicate").sum()),
    }
    services = facilities["service"].value_counts().sort_index()
    left |= {f"service={name}": int(number) for name, number in services.items()}
    rows += [(STUDY, item, number) for item, number in left.items()]
    frame = pd.DataFrame([(*row, None)[:4] for row in rows], columns=["source", "item", "number", "notice"])
    return frame.astype({"source": "str", "item": "str", "number": "float64", "notice": "str"})
