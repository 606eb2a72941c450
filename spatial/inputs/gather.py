"""All vector sources of a study as frames, each in its own CRS, and what their coordinates say of themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.special import bdtrc

from spatial.arrays import FloatArray
from spatial.crs import METRES_A_KM, WGS84, Bounds, working_crs_for
from spatial.errors import CrsError, first_of, refuse
from spatial.formats.columns import text_column
from spatial.formats.notes import (
    SHEET_ROWS,
    ColumnUse,
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
from spatial.georef.datums import CHINA, fit_local_grid, from_wgs84, is_cgcs2000, shift_accuracy_m, shifted, to_wgs84
from spatial.inputs.attributes import add_attributes
from spatial.inputs.facility_facts import fact_findings, read_facts
from spatial.inputs.osm import named_by_tags, places_unread, read_osm, read_turns, with_unit_codes
from spatial.inputs.place_tables import PlacedTables, assign_tiers
from spatial.inputs.road_noding import finish_roads
from spatial.inputs.services import Vocabulary
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
from spatial.study import Study
from spatial.study.sources import Datum, TableSource

# What was done to the coordinates of a study's own tables, as findings, and whether their datum fits the ground.

NOTED_ABOVE_M = 1.0
"""A shift of datum that PROJ states less accurate than this is reported."""


def check_coordinates(found: Gathered, study: Study) -> gpd.GeoDataFrame:
    """Check the datum of every table of the user's own against roads and units, and say what was done to it."""
    sources = study.sources
    # What was itself inverted from a shifted datum may be wrong, and is evidence of nothing.
    lists = [(what, getattr(sources, what), getattr(found, what)) for what in ("settlements", "roads", "boundaries")]
    places, roads, boundaries = (
        frame if source is None or source.datum == "wgs84" else None for _, source, frame in lists
    )
    numbers = sorted(int(name.split()[1]) for name in found.own if name.startswith("facilities "))
    lists += [
        ("facilities", source, found.facilities[number])
        for source, number in zip(sources.facilities, numbers, strict=True)
    ]
    findings: list[Finding] = []
    for what, source, frame in lists:
        if source is None or frame.empty:
            continue
        findings += coordinate_findings(frame, source)
        placed = frame
        if "placed_by" in frame.columns:  # the rest was located
            placed = frame[frame["placed_by"].isna() | (frame["placed_by"] == "coordinates")]
        label = f"{what} {study.raw_path(source.path)}"
        if what in {"settlements", "facilities"}:
            refuse_double_inversion(placed, source, roads=roads, boundaries=boundaries, what=label)
            findings += doubt_datum(placed, source, roads=roads, what=source.path)
        elif what == "roads" and places is not None:
            refuse_roads_inverted_twice(placed, source, places=places, what=label)
    return findings_frame(findings, crs=WGS84)


def coordinate_findings(frame: gpd.GeoDataFrame, source: TableSource) -> list[Finding]:
    """Say how a table came to its place where that was more than a projection."""
    crs = pyproj.CRS.from_user_input(frame.crs)
    notes: list[tuple[str, str, dict[str, Any]]] = []  # kind, key and values of the message
    name = {"crs": crs.name}
    grid = source.local_grid
    if grid is not None and grid.control_points:
        fit = fit_local_grid(grid, what=source.path)
        worst = int(fit.residuals_m.argmax())
        told = {"fit": {"section": "notice_part", "word": grid.fit}, "points": len(fit.residuals_m), "worst": worst + 1}
        told |= {"rms": f"{fit.rms_m:.2f}", "largest": f"{fit.residuals_m[worst]:.2f}", **name}
        notes.append(("local_grid_fitted", "", told))
    if source.shift is not None:
        numbers = ", ".join(f"{value:g}" for value in source.shift)
        turned = {"section": "notice_part", "word": source.rotation} if source.rotation else ""
        notes.append(("datum_shifted", "datum_parameters", {"numbers": numbers, "rotation": turned}))
    elif source.datum != "wgs84":
        notes.append(("datum_inverted", "", {"datum": source.datum}))
    elif is_cgcs2000(crs):
        notes.append(("datum_taken_as_equal", "", name))
    else:
        accuracy_m = shift_accuracy_m(crs, Bounds(*frame.total_bounds.tolist()))
        if accuracy_m > NOTED_ABOVE_M:
            notes.append(("datum_shifted", "", name | {"accuracy": float(accuracy_m)}))
    west, south, east, north = frame.total_bounds.tolist()
    middle = gpd.GeoSeries([shapely.Point((west + east) / 2, (south + north) / 2)], crs=frame.crs)
    at = middle.to_crs(WGS84).iloc[0]
    return [Finding(kind, source.path, at, told, notice=key) for kind, key, told in notes]


# All vector sources of a study as frames, each in its own CRS: the extract, then tables of the user's own.


_EMPTY = (
    {"settlement_id": "str", "name": "str"},
    {"road_id": "str", "name": "str"},
    {"boundary_id": "str", "name": "str", "admin_level": "int64"},
    {"water_id": "str", "name": "str", "kind": "str", "is_passable": "bool"},
)
"""Columns of settlements, roads, boundaries and water that no source holds, and their types."""


@dataclass
class Gathered:
    """Frames of the vector sources."""

    settlements: gpd.GeoDataFrame  # from the extract or from a table of the user's own
    roads: gpd.GeoDataFrame
    boundaries: gpd.GeoDataFrame
    water: gpd.GeoDataFrame
    facilities: list[gpd.GeoDataFrame] = field(default_factory=list)  # one a source
    findings: list[gpd.GeoDataFrame] = field(default_factory=list)  # what the reader of the extract noticed
    # source, item, number and, of what was noticed, the key of the notice
    counts: list[tuple[Any, ...]] = field(default_factory=list)
    turns: gpd.GeoDataFrame | None = None  # turn restrictions and barriers on the roads of the extract
    # for each frame that is a table of the user's own, its path: ``settlements``, ``facilities 0``
    own: dict[str, str] = field(default_factory=dict)
    # boundaries and water of tables of the user's own, by what messages call each
    drawn: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
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
    slopes: gpd.GeoSeries | None = None  # areas of winter sports in the extract

    def note(self, path: str, frame: pd.DataFrame, item: str) -> None:
        """Move what the reader of a table noted from the frame to the counts and notes, and the use of its columns."""
        use = take_column_use(frame)
        if use is not None:
            self.columns[path, item] = use
        for note in take_notes(frame):
            self.counts.append((path, f"{item}: {note.item}", note.number, note.counted))
            self.notes.setdefault(path, []).append(note)

    def note_doubts(self) -> None:
        """Note doubts that may move every place with their file, before all else: every page and run shows them."""
        for findings in self.findings:
            for row in findings[findings["kind"].eq(DOUBT)].to_dict("records"):
                note = Note(DOUBT, 1, json.loads(row["notice_values"]))
                self.notes.setdefault(str(row["subject_id"]), []).insert(0, note)

    def count(self, path: str, frame: pd.DataFrame, item: str) -> None:
        """Move what the reader of a table noted, as `note` does, and count its rows."""
        self.note(path, frame, item)
        frame.attrs.pop(SHEET_ROWS, None)  # from here on it is a list no more
        self.counts.append((path, item, len(frame)))


def gather(study: Study, vocabulary: Vocabulary, *, named: Mapping[str, Collection[str]] | None = None) -> Gathered:
    """Read the extract and the tables of a study."""
    nowhere = gpd.GeoSeries([], crs=WGS84)
    empty = (pd.DataFrame(columns=list(columns)).astype(columns) for columns in _EMPTY)
    settlements, roads, boundaries, water = (gpd.GeoDataFrame(frame, geometry=nowhere, crs=WGS84) for frame in empty)
    result = Gathered(settlements, roads, boundaries, water)
    if study.sources.osm is not None:
        # Take from the extract what the study wants of it.
        source = study.sources.osm
        tiers = study.tiers
        extract = read_osm(
            study.raw_path(source.path),
            vocabulary=vocabulary,
            place_words=tiers.words,
            max_unpacked_times=source.max_unpacked_times,
        )
        if source.settlements:
            places = named_by_tags(extract.places, source.name_tags)
            if study.sources.population is not None:  # a raster counts the people, and their tags do not
                places = places.assign(population_persons=float("nan"), population_source="none")
            result.settlements = with_unit_codes(places, source.unit_code_tag)
            result.findings.append(extract.findings)
            unread = places_unread(extract.counts, tiers)
            if study.sources.settlements is None and 0 < len(places) <= unread.number:
                # As many places are left out for their tag as are read.
                middle = shapely.centroid(places.geometry.union_all())
                told = {"read": len(places), "tags": unread.tags, "lines": unread.lines}
                finding = Finding("places_unread", source.path, middle, told)
                result.findings.append(findings_frame([finding], crs=WGS84))
        if source.facilities:
            result.facilities.append(named_by_tags(extract.facilities, source.name_tags).assign(source=source.path))
            result.outlines = extract.outlines
            result.slopes = extract.slopes
        if source.roads:
            result.roads = extract.roads
            if study.sources.roads is None:
                result.turns = read_turns(study.raw_path(source.path))
        if source.boundaries:
            result.boundaries = with_unit_codes(extract.boundaries, source.unit_code_tag)
        result.water = extract.water
        counts = extract.counts
        result.counts += [
            (source.path, item, number) for item, number in zip(counts["item"], counts["number"], strict=True)
        ]
    _add_tables(result, study, vocabulary, study.columns_named if named is None else named)
    result.findings.append(check_coordinates(result, study))
    result.settlements = assign_tiers(result.settlements, study.tiers)
    return result


def _add_tables(result: Gathered, study: Study, vocabulary: Vocabulary, named: Mapping[str, Collection[str]]) -> None:
    """Read the tables of the user's own, in the order in which one needs another."""
    sources = study.sources

    def read(key: str, reader: Callable[..., Any], source: Any, /, **options: Any) -> Any:
        with faults_of(f"sources.{key}"):
            return reader(study.raw_path(source.path), source, **options)

    if (source := sources.boundaries) is not None:
        levels = study.region.unit_levels
        level = levels[0] if len(levels) == 1 else None
        result.boundaries = read("boundaries", boundaries_from_table, source, admin_level=level)
        result.count(source.path, result.boundaries, "boundaries")
        result.drawn[f"boundaries {source.path}"] = result.boundaries
    places = PlacedTables(study)
    if (source := sources.settlements) is not None:
        asked = {"tiers": study.tiers, "may_lack": True, "named": named.get("settlements", ())}
        no_raster = sources.population is None
        frame = read("settlements", settlements_from_table, source, with_population=no_raster, **asked)
        result.note(source.path, frame, "settlements")
        result.settlements = places.locate(frame, source, result.settlements, result.boundaries)
        add_notes(result.settlements, [doubles_note(result.settlements, "settlement_id")])
        result.count(source.path, result.settlements, "settlements")
        result.own["settlements"] = source.path
    for number, joined in enumerate(sources.attributes, start=1):
        with faults_of(f"sources.attributes.{number - 1}"):
            result.settlements, rows = add_attributes(
                result.settlements, result.boundaries, study=study, source=joined, places=places
            )
        result.note(joined.path, result.settlements, f"attributes (table {number})")
        result.counts.append((joined.path, f"attributes (table {number})", rows))
    for number, table in enumerate(sources.facilities, start=1):
        item = f"facilities (table {number})"
        asked = {"services": vocabulary.ids, "may_lack": True, "named": named.get("facilities", ())}
        frame = read(f"facilities.{number - 1}", facilities_from_table, table, **asked)
        read_facts(frame, table, vocabulary)
        result.note(table.path, frame, item)
        frame = places.locate(frame, table, result.settlements, result.boundaries)
        result.count(table.path, frame, item)
        result.findings.append(fact_findings(frame))
        result.own[f"facilities {len(result.facilities)}"] = table.path
        result.facilities.append(frame.assign(source=table.path))
    refuse_shared_ids(result)
    if (official := sources.official_units) is not None:
        result.official_units = read("official_units", official_units_from_table, official)
        result.count(official.path, result.official_units, "official units")
    result.findings += places.findings
    result.counts += places.counts
    result.unplaced, result.to_decide, result.nowhere = places.unplaced, places.to_decide(), places.nowhere
    waters = []
    for number, water in enumerate(sources.water, start=1):
        item = f"water (table {number})"
        asked = {"what": "water", "key": "water_id", "wanted": ListColumns("water")}
        frame = read(f"water.{number - 1}", read_table, water, **asked)
        result.count(water.path, frame, item)
        result.drawn[f"water {water.path}"] = frame
        waters.append(water_of_table(frame, water))
    if waters:
        kept = dict.fromkeys(name for water in sources.water for name in water.keep_columns)
        result.water = join_water(waters, kept=list(kept))
    if sources.roads is not None:
        path = sources.roads.path
        lines = read("roads", roads_from_table, sources.roads)
        done = finish_roads(lines, sources.roads, working_crs=study.working_crs)
        # The other direction of a road repeats its shape, and is joined to it.
        alone = lines.loc[~lines["road_id"].isin(done.joined)]
        add_notes(lines, [doubles_note(alone, "road_id"), *done.notes])
        result.count(path, lines, "roads")
        result.roads = done.roads
        result.findings += done.findings
        result.counts += [(path, *count) for count in done.counts]


def doubles_note(frame: gpd.GeoDataFrame, key: str) -> Note:
    """Name rows that are there twice: of the very same shape, and of the same name where there are names."""
    shapes = shapely.to_wkb(shapely.normalize(frame.geometry.to_numpy()))
    drawn = frame[[key]].assign(shape=shapes, name="" if "name" not in frame.columns else text_column(frame["name"]))
    drawn = drawn[frame.geometry.notna().to_numpy()].fillna({"name": ""})
    again = drawn.duplicated(["shape", "name"])
    first = drawn.groupby(["shape", "name"])[key].transform("first")
    pairs = [f"{one} = {other}" for one, other in zip(first[again], drawn.loc[again, key], strict=True)]
    return Note("repeats", len(pairs), {"where": listed(pairs)})


SAME_VILLAGE_M = 5_000.0
"""How far a facility that has the id of a village may lie from it, metres: as far as villages reach."""


def refuse_shared_ids(result: Gathered) -> None:
    """Two lists that both count from 1 have other facilities, or facilities and settlements, under one id."""
    lists = [(number, frame) for number, frame in enumerate(result.facilities) if f"facilities {number}" in result.own]
    homes, problems = result.settlements, []
    for at, (number, frame) in enumerate(lists):
        for other, earlier in lists[:at]:
            shared = frame["facility_id"][frame["facility_id"].isin(earlier["facility_id"])]
            if len(shared):
                problems.append(
                    f"facility_id: {first_of(shared)} are in {result.own[f'facilities {other}']} and in "
                    f"{result.own[f'facilities {number}']}; give each list ids of its own, such as C1 instead "
                    "of 1, name further columns in id_from, or leave out a list that is named twice"
                )
        # Tables name places and facilities by id alone. One of a village may have the village's id; not one far off.
        points = [
            own.drop_duplicates(key)
            .set_index(key)
            .geometry.to_crs(WGS84)
            .loc[lambda shapes: (shapes.geom_type == "Point") & ~shapes.is_empty]
            for own, key in ((frame, "facility_id"), (homes, "settlement_id"))
        ]
        both = points[0].index.intersection(points[1].index)
        start, end = (shapely.get_coordinates(shapes.loc[both]) for shapes in points)
        _, _, metres = pyproj.Geod(ellps="WGS84").inv(*start.T, *end.T)
        far = both[np.asarray(metres) > SAME_VILLAGE_M]
        if len(far):
            path, km = result.own[f"facilities {number}"], SAME_VILLAGE_M / METRES_A_KM
            problems.append(
                f"facility_id: {first_of(far)} of {path} are ids of settlements more than {km:g} km away; give "
                "facilities ids of their own, such as F1 instead of 1, or name further columns in id_from"
            )
    refuse("facilities of several lists", problems)


# Whether places lie where roads do: evidence of a datum that was not said, or was inverted twice.

DOUBT = "datum_doubtful"
"""Kind of the finding of a table whose datum may be another, and key of its message."""
REFUSED_BELOW = 1e-3
"""A file is refused where its rows would fit so much better before the inversion by chance that rarely."""
DOUBTED_BELOW = 1e-6
"""An undeclared shift is reported where it would fit so much better by chance that rarely."""
CLEARLY_NEARER = 0.5
"""And only where the median distance to a road falls to this share."""
SAME_M = 1.0
"""A row whose distance changes by less says nothing."""
LARGEST_SAMPLE = 2000


@dataclass(frozen=True)
class Evidence:
    """How two places for the same rows fit what is known to be right."""

    # rows that lie nearer and farther in the second place than in the first; the others do not change
    nearer: int
    farther: int
    first_m: float  # median distance in either, metres
    second_m: float
    chance: float  # probability of so many nearer rows if both were as good (one-sided sign test)


def weigh(first_m: FloatArray, second_m: FloatArray) -> Evidence:
    """Compare the distances of two places for the same rows by a sign test."""
    nearer = int((second_m < first_m - SAME_M).sum())
    farther = int((second_m > first_m + SAME_M).sum())
    # The upper tail of the binomial distribution: scipy.stats would take a second to load for it.
    chance = float(bdtrc(nearer - 1, nearer + farther, 0.5))
    medians = (float(np.median(first_m)), float(np.median(second_m))) if len(first_m) else (np.nan, np.nan)
    return Evidence(nearer, farther, *medians, chance)


def refuse_double_inversion(
    frame: gpd.GeoDataFrame,
    source: TableSource,
    *,
    roads: gpd.GeoDataFrame | None,
    boundaries: gpd.GeoDataFrame | None,
    what: str,
) -> None:
    """Refuse a table whose rows fit roads or units better as they are in the file than inverted."""
    if source.datum == "wgs84" or frame.empty:
        return
    inverted = _sample(frame)
    given = inverted.set_geometry(shifted(inverted.geometry, from_wgs84, source.datum))
    for name, reference in (("roads", roads), ("unit", boundaries)):
        evidence = _evidence(inverted, given, name, reference)
        if evidence is not None and evidence.chance < REFUSED_BELOW:
            where = "the nearest road" if name == "roads" else "their own unit"
            nearer = f"{evidence.nearer} of {len(inverted)} rows lie nearer to {where} as they are in the file"
            raise _already_wgs84(what, source.datum, nearer, evidence, ("they", "roads or boundaries"))


def refuse_roads_inverted_twice(
    roads: gpd.GeoDataFrame, source: TableSource, *, places: gpd.GeoDataFrame, what: str
) -> None:
    """Refuse roads that lie nearer to the places as they are in the file than inverted."""
    datum = source.datum
    if datum == "wgs84" or roads.empty or places.empty:
        return
    rows = _sample(places)
    metres = working_crs_for(rows)
    inverted = _near(roads, rows).geometry
    if inverted.empty:
        return
    given = shifted(inverted, from_wgs84, datum)
    trees = [shapely.STRtree(lines.to_crs(metres).to_numpy()) for lines in (inverted, given)]
    evidence = weigh(*(_nearest_m(tree, rows.to_crs(metres)) for tree in trees))
    if evidence.chance < REFUSED_BELOW and evidence.second_m <= CLEARLY_NEARER * evidence.first_m:
        nearer = f"{evidence.nearer} of {len(rows)} settlements lie nearer to a road as the roads are in the file"
        raise _already_wgs84(what, datum, nearer, evidence, ("the roads", "settlements"))


def _already_wgs84(what: str, datum: str, nearer: str, evidence: Evidence, named: Sequence[str]) -> CrsError:
    """Say of rows that were inverted that they fit better as they were; `named` are they and what they were held to."""
    return CrsError(
        f"{what}: declared as datum = '{datum}', but {nearer} than inverted, and {evidence.farther} farther (median "
        f"{evidence.second_m:.0f} m against {evidence.first_m:.0f} m): {named[0]} seem to be WGS 84 already, or "
        f"converted before; remove datum, or correct the {named[1]} if those are shifted"
    )


def doubt_datum(
    frame: gpd.GeoDataFrame, source: TableSource, *, roads: gpd.GeoDataFrame | None, what: str
) -> list[Finding]:
    """Report a table that fits the roads far better once inverted from another datum than the declared one."""
    if frame.empty or frame.crs is None or not frame.crs.is_geographic:
        return []
    placed, declared = _sample(frame), source.datum
    given = placed.geometry if declared == "wgs84" else shifted(placed.geometry, from_wgs84, declared)
    longitude, latitude = shapely.get_coordinates(given.to_numpy()).T
    west, south, east, north = CHINA
    if not ((longitude > west) & (longitude < east) & (latitude > south) & (latitude < north)).all():
        return []
    others: list[Datum] = [datum for datum in ("gcj02", "bd09") if datum != declared]
    held = [
        (datum, _evidence(placed, placed.set_geometry(shifted(given, to_wgs84, datum)), "roads", roads))
        for datum in others
    ]
    found = [(datum, told) for datum, told in held if told is not None and told.chance < DOUBTED_BELOW]
    if not found:
        return []
    datum, evidence = min(found, key=lambda item: item[1].second_m)
    told: dict[str, Any] = {"nearer": evidence.nearer, "rows": len(given), "farther": evidence.farther, "datum": datum}
    told |= {"setting": datum, "first": f"{evidence.first_m:.0f}", "second": f"{evidence.second_m:.0f}"}
    told |= {"declared": "WGS 84" if declared == "wgs84" else declared}
    at = shapely.Point(float(np.median(longitude)), float(np.median(latitude)))
    return [Finding(DOUBT, what, at, told)]


def _sample(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows at equal steps, as points."""
    step = max(1, -(-len(frame) // LARGEST_SAMPLE))
    rows = frame.iloc[::step]
    return rows.set_geometry(rows.geometry.representative_point())


def _evidence(
    first: gpd.GeoDataFrame, second: gpd.GeoDataFrame, name: str, reference: gpd.GeoDataFrame | None
) -> Evidence | None:
    """Evidence for the second place, by the rows' own units or by roads; None where the reference does not tell."""
    if reference is None or reference.empty:
        return None
    metres = working_crs_for(first)
    places = [rows.to_crs(metres) for rows in (first, second)]
    if name == "unit":
        if "township_id" not in first.columns or "boundary_id" not in reference.columns:
            return None
        row_of = {name: row for row, name in enumerate(text_column(reference["boundary_id"]))}
        units = text_column(first["township_id"]).map(row_of).to_numpy(dtype=np.float64)
        known = np.isfinite(units)
        if not known.any():
            return None
        polygons = reference.to_crs(metres).geometry.to_numpy()[units[known].astype(np.int64)]
        return weigh(*(shapely.distance(rows.geometry.to_numpy()[known], polygons) for rows in places))
    tree = shapely.STRtree(_near(reference, first).to_crs(metres).geometry.to_numpy())
    if not len(tree):
        return None
    evidence = weigh(*(_nearest_m(tree, rows) for rows in places))
    return evidence if evidence.second_m <= CLEARLY_NEARER * evidence.first_m else None


def _near(reference: gpd.GeoDataFrame, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the lines within a tenth of a degree of the rows."""
    west, south, east, north = rows.to_crs(WGS84).total_bounds + np.array([-0.1, -0.1, 0.1, 0.1])
    return reference.to_crs(WGS84).cx[west:east, south:north]


def _nearest_m(tree: shapely.STRtree, rows: gpd.GeoDataFrame) -> FloatArray:
    points = rows.geometry.to_numpy()
    distances: FloatArray = shapely.distance(points, tree.geometries[tree.nearest(points)])
    return distances
