"""All vector sources of a study as frames, each in its own CRS, and what was done to their coordinates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from spatial.crs import WGS84
from spatial.errors import ContractError, first_of
from spatial.formats.columns import text_column
from spatial.formats.notes import (
    Finding,
    ListColumns,
    Note,
    add_notes,
    faults_of,
    findings_frame,
    listed,
    take_column_use,
    take_notes,
)
from spatial.georef.datums import is_cgcs2000, shift_accuracy_m
from spatial.georef.local_grid import fit_local_grid
from spatial.inputs.attributes import add_attributes
from spatial.inputs.datum_evidence import doubt_wgs84, refuse_double_inversion, refuse_roads_inverted_twice
from spatial.inputs.facility_facts import fact_findings, read_facts
from spatial.inputs.osm import read_osm
from spatial.inputs.osm_features import assign_tiers, places_unread, with_unit_codes
from spatial.inputs.osm_roads import read_turns
from spatial.inputs.own_roads import finish_roads
from spatial.inputs.place_tables import PlacedTables
from spatial.inputs.units import official_units_from_table
from spatial.inputs.user_tables import (
    boundaries_from_table,
    facilities_from_table,
    join_water,
    read_table,
    roads_from_table,
    settlements_from_table,
    water_of_table,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from spatial.formats.notes import ColumnUse
    from spatial.inputs.osm import OsmExtract
    from spatial.inputs.services import Vocabulary
    from spatial.study import Study
    from spatial.study.sources import TableSource


# What was done to the coordinates of a study's own tables, as findings, and whether their datum fits the ground.

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


# All vector sources of a study as frames, each in its own CRS: the extract, then tables of the user's own.


@dataclass
class Gathered:
    """Frames of the vector sources."""

    settlements: gpd.GeoDataFrame  # from the extract or from a table of the user's own
    roads: gpd.GeoDataFrame
    boundaries: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    facilities: list[gpd.GeoDataFrame] = field(default_factory=list)  # one a source
    findings: list[gpd.GeoDataFrame] = field(default_factory=list)  # what the reader of the extract noticed
    counts: list[tuple[str, str, float]] = field(default_factory=list)  # source, item and number
    turns: gpd.GeoDataFrame | None = None  # turn restrictions and barriers on the roads of the extract
    # for each frame that is a table of the user's own, its path: ``settlements``, ``facilities 0``
    own: dict[str, str] = field(default_factory=dict)
    # facilities that could not be located, by table
    unplaced: list[pd.DataFrame] = field(default_factory=list)
    to_decide: pd.DataFrame = field(default_factory=pd.DataFrame)  # places that a person must decide on
    # ids of the settlements of the study's list that could not be located
    nowhere: list[str] = field(default_factory=list)
    # what the readers of tables left out, filled or changed, by path
    notes: dict[str, list[Note]] = field(default_factory=dict)
    official_units: pd.DataFrame | None = None  # official numbers of people by unit
    # which columns of each table of the user's own are read, kept and left out, by path and item
    columns: dict[tuple[str, str], ColumnUse] = field(default_factory=dict)
    outlines: gpd.GeoDataFrame | None = None  # areas of the facilities of the extract by `facility_id`

    def note(self, path: str, frame: pd.DataFrame, item: str) -> None:
        """Move what the reader of a table noted from the frame to the counts and notes, and the use of its columns."""
        use = take_column_use(frame)
        if use is not None:
            self.columns[path, item] = use
        for note in take_notes(frame):
            self.counts.append((path, f"{item}: {note.item}", note.number))
            self.notes.setdefault(path, []).append(note)


def gather(
    study: Study, vocabulary: Vocabulary, *, named: Mapping[str, Collection[str]] | None = None
) -> Gathered:
    """Read the extract and the tables of a study."""
    result = Gathered(_empty("settlement_id"), _empty("road_id"), _empty("boundary_id"), _empty("water_id"))
    if study.sources.osm is not None:
        source = study.sources.osm
        assert source is not None
        tiers = study.tiers
        words = {*tiers.city, *tiers.county_seat, *tiers.town, *tiers.village}
        extract = read_osm(study.raw_path(source.path), vocabulary=vocabulary, place_words=words)
        if source.settlements:
            places = _places(extract, with_population=study.sources.population is None)
            result.settlements = with_unit_codes(places, source.unit_code_tag)
            result.findings.append(extract.findings)
            if study.sources.settlements is None:
                result.findings.append(_unread_places(extract, study))
        if source.facilities:
            result.facilities.append(extract.facilities.assign(source=source.path))
            result.outlines = extract.outlines
        if source.roads:
            result.roads = extract.roads
            result.turns = read_turns(study.raw_path(source.path))
        if source.boundaries:
            result.boundaries = with_unit_codes(extract.boundaries, source.unit_code_tag)
        result.water = extract.water
        result.counts += [
            (source.path, item, number)
            for item, number in zip(extract.counts["item"], extract.counts["number"], strict=True)
        ]
    _add_tables(result, study, vocabulary, study.columns_named if named is None else named)
    result.findings.append(check_coordinates(result, study))
    result.settlements = assign_tiers(result.settlements, study.tiers)
    return result


def _empty(key: str) -> gpd.GeoDataFrame:
    columns: dict[str, pd.Series] = {key: pd.Series(dtype="str"), "name": pd.Series(dtype="str")}
    if key == "boundary_id":
        columns["admin_level"] = pd.Series(dtype="int64")
    if key == "water_id":
        columns |= {"kind": pd.Series(dtype="str"), "is_passable": pd.Series(dtype="bool")}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=WGS84), crs=WGS84)


def _unread_places(extract: OsmExtract, study: Study) -> gpd.GeoDataFrame:
    """Find where as many places are left out for their tag as are read."""
    number, told = places_unread(extract.counts, study.tiers)
    points = extract.places.geometry
    few = 0 < len(points) <= number
    assert study.sources.osm is not None
    middle = shapely.centroid(points.union_all()) if few else shapely.Point()
    detail = f"{len(points)} settlements are read; {told}"
    finding = Finding("places_unread", study.sources.osm.path, detail, middle)
    return findings_frame([finding] if few else [], crs=WGS84)


def _places(extract: OsmExtract, *, with_population: bool) -> gpd.GeoDataFrame:
    """Settlements of the extract; where a raster counts the people, their tags do not."""
    if with_population:
        return extract.places
    return extract.places.assign(population_persons=float("nan"), population_source="none")


def _add_tables(
    result: Gathered, study: Study, vocabulary: Vocabulary, named: Mapping[str, Collection[str]]
) -> None:
    sources = study.sources
    if sources.boundaries is not None:
        levels = study.region.unit_levels
        with faults_of("sources.boundaries"):
            result.boundaries = boundaries_from_table(
                study.raw_path(sources.boundaries.path),
                sources.boundaries,
                admin_level=levels[0] if len(levels) == 1 else None,
            )
        result.note(sources.boundaries.path, result.boundaries, "boundaries")
        result.counts.append((sources.boundaries.path, "boundaries", len(result.boundaries)))
    places = PlacedTables(study)
    if sources.settlements is not None:
        with faults_of("sources.settlements"):
            frame = settlements_from_table(
                study.raw_path(sources.settlements.path),
                sources.settlements,
                tiers=study.tiers,
                with_population=sources.population is None,
                may_lack=True,
                named=named.get("settlements", ()),
            )
        result.note(sources.settlements.path, frame, "settlements")
        result.settlements = places.locate(frame, sources.settlements, result.settlements, result.boundaries)
        add_notes(result.settlements, [doubles_note(result.settlements, "settlement_id")])
        result.note(sources.settlements.path, result.settlements, "settlements")
        result.own["settlements"] = sources.settlements.path
        result.counts.append((sources.settlements.path, "settlements", len(result.settlements)))
    for number, joined in enumerate(sources.attributes, start=1):
        with faults_of(f"sources.attributes.{number - 1}"):
            result.settlements, rows = add_attributes(
                result.settlements, result.boundaries, study=study, source=joined, places=places
            )
        result.note(joined.path, result.settlements, f"attributes (table {number})")
        result.counts.append((joined.path, f"attributes (table {number})", rows))
    _add_facilities(result, study, places, vocabulary, named.get("facilities", ()))
    refuse_shared_ids(result)
    if sources.official_units is not None:
        path = sources.official_units.path
        with faults_of("sources.official_units"):
            result.official_units = official_units_from_table(study.raw_path(path), sources.official_units)
        result.note(path, result.official_units, "official units")
        result.counts.append((path, "official units", len(result.official_units)))
    result.findings += places.findings
    result.counts += places.counts
    result.unplaced, result.to_decide, result.nowhere = places.unplaced, places.to_decide(), places.nowhere
    if sources.water:
        result.water = _water(result, study)
    if sources.roads is not None:
        result.turns = None
        with faults_of("sources.roads"):
            result.roads = roads_from_table(study.raw_path(sources.roads.path), sources.roads)
        add_notes(result.roads, [doubles_note(result.roads, "road_id")])
        result.note(sources.roads.path, result.roads, "roads")
        result.counts.append((sources.roads.path, "roads", len(result.roads)))
        done = finish_roads(result.roads, sources.roads)
        result.roads = done.roads
        result.findings += done.findings
        result.counts += [(sources.roads.path, *count) for count in done.counts]


def doubles_note(frame: gpd.GeoDataFrame, key: str) -> Note:
    """
    Name rows that are there twice: a village under two codes, a road drawn over itself.

    They have the very same shape, and the same name where there are names.
    """
    shapes = shapely.to_wkb(shapely.normalize(frame.geometry.to_numpy()))
    drawn = frame[[key]].assign(
        shape=shapes, name="" if "name" not in frame.columns else text_column(frame["name"])
    )
    drawn = drawn[frame.geometry.notna().to_numpy()].fillna({"name": ""})
    again = drawn.duplicated(["shape", "name"])
    first = drawn.groupby(["shape", "name"])[key].transform("first")
    pairs = [f"{one} = {other}" for one, other in zip(first[again], drawn.loc[again, key], strict=True)]
    item = "rows that repeat another in shape and name"
    return Note("repeats", len(pairs), {"where": listed(pairs)}, item)


def _add_facilities(
    result: Gathered,
    study: Study,
    places: PlacedTables,
    vocabulary: Vocabulary,
    named: Collection[str],
) -> None:
    for number, table in enumerate(study.sources.facilities):
        with faults_of(f"sources.facilities.{number}"):
            frame = facilities_from_table(
                study.raw_path(table.path), table, services=vocabulary.ids, may_lack=True, named=named
            )
        read_facts(frame, table, vocabulary)
        result.note(table.path, frame, f"facilities (table {number + 1})")
        frame = places.locate(frame, table, result.settlements, result.boundaries)
        result.note(table.path, frame, f"facilities (table {number + 1})")
        result.findings.append(fact_findings(frame))
        result.own[f"facilities {len(result.facilities)}"] = table.path
        result.facilities.append(frame.assign(source=table.path))
        result.counts.append((table.path, f"facilities (table {number + 1})", len(frame)))


def refuse_shared_ids(result: Gathered) -> None:
    """Two lists that both count from 1 have other facilities under one id."""
    lists = [
        (number, frame)
        for number, frame in enumerate(result.facilities)
        if f"facilities {number}" in result.own
    ]
    problems = []
    for at, (number, frame) in enumerate(lists):
        for other, earlier in lists[:at]:
            shared = frame["facility_id"][frame["facility_id"].isin(earlier["facility_id"])]
            if len(shared):
                problems.append(
                    f"facility_id: {first_of(shared)} are in {result.own[f'facilities {other}']} and in "
                    f"{result.own[f'facilities {number}']}; give each list ids of its own, such as C1 instead "
                    "of 1, or leave out a list that is named twice"
                )
    if problems:
        raise ContractError("facilities of several lists", problems)


def _water(result: Gathered, study: Study) -> gpd.GeoDataFrame:
    frames = []
    for number, table in enumerate(study.sources.water):
        with faults_of(f"sources.water.{number}"):
            frame = read_table(
                study.raw_path(table.path), table, what="water", key="water_id", wanted=ListColumns("water")
            )
        result.note(table.path, frame, f"water (table {number + 1})")
        frames.append(water_of_table(frame, table))
        result.counts.append((table.path, f"water (table {number + 1})", len(frame)))
    return join_water(
        frames, kept=list(dict.fromkeys(name for table in study.sources.water for name in table.keep_columns))
    )
