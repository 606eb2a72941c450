"""Where the rows of a user's tables lie: by coordinates as declared, else located; and what is left to decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.crs import WGS84, parse_crs, working_crs_for
from spatial.errors import ContractError, CrsError, SourceError, first_of, refuse
from spatial.formats.columns import (
    coordinate_columns,
    declared_crs,
    from_control_points,
    row_items,
    settle_datum,
    tell_rows,
)
from spatial.formats.delimited import AXES, coordinate_numbers, misread_degrees
from spatial.formats.notes import (
    Finding,
    Note,
    add_notes,
    columns_of_file,
    findings_frame,
    listed,
    number_rows,
    row_numbers,
)
from spatial.formats.vector import declares_crs
from spatial.georef.datums import countries_at, frame_to_wgs84
from spatial.inputs.list_merge import read_decided, rounded_ids
from spatial.inputs.names import name_scores
from spatial.inputs.placing import PLACED_BY, Placement, amid_townships, locate_places, names_of, read_postcodes, texts
from spatial.messages import FALLBACK, Said, Words
from spatial.plain_text import spreadsheet_text
from spatial.study import Study
from spatial.study.base import LARGEST
from spatial.study.region import Tiers
from spatial.study.sources import TableSource
from spatial.tables.words import NAMES

TO_DECIDE = "places_to_decide.csv"
_UNPLACED = ["facility_id", "name", "service", "status", "unit_code", "open_to", "eligible_units"]
_FREE_TEXT = ("name", "township", "service")


def place_where_given(frame: pd.DataFrame, source: TableSource, path: Path, *, what: str, key: str) -> gpd.GeoDataFrame:
    """Give the rows that have coordinates their geometry, and leave the others without."""
    if source.coordinates == "all":
        return place_frame(frame, source, path, what=what, key=key)
    is_some = source.coordinates == "some"
    given = _given(frame, source, key) if is_some else pd.Series(False, index=frame.index)
    drawn = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    plain = pd.DataFrame(frame.drop(columns=drawn or "geometry", errors="ignore"))
    if given.any():
        some = frame[given]
        number_rows(some, row_numbers(frame)[given])
        located = place_frame(some, source, path, what=what, key=key)
        both = pd.concat([pd.DataFrame(located), plain[~given]]).loc[frame.index]
        placed = gpd.GeoDataFrame(both, geometry="geometry", crs=located.crs)
    else:
        nowhere = gpd.GeoSeries(np.full(len(frame), None, dtype=object), index=frame.index, crs=WGS84)
        placed = gpd.GeoDataFrame(plain, geometry=nowhere, crs=WGS84)
    placed.attrs = dict(frame.attrs)  # what the reader noted
    return placed


def _given(frame: pd.DataFrame, source: TableSource, key: str) -> pd.Series:
    """Say which rows have coordinates; a word, half a pair or 0, 0 is none, digits that cannot be read are a fault."""
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        drawn: pd.Series = frame.geometry.notna() & ~frame.geometry.is_empty
        written, zero = drawn, drawn & (np.abs(frame.geometry.bounds).max(axis=1) == 0)
        given: pd.Series = drawn & ~zero
    else:
        columns, keys = coordinate_columns(source)
        absent = [name for name in columns if name not in frame.columns]
        if absent:
            problem = f"{absent[0]}: no such column of coordinates; set {' and '.join(keys)}, or coordinates = 'none'"
            raise ContractError(source.path, [problem])
        cells = frame[list(columns)]
        texts = cells.astype("str").where(cells.notna(), "").apply(lambda column: column.str.strip())
        numbers = cells.apply(pd.to_numeric, errors="coerce")
        has_digits = texts.apply(lambda column: column.str.contains(r"\d")).all(axis=1)
        given = has_digits & ~(numbers == 0).all(axis=1)
        written = (texts != "").any(axis=1)
    lost = written & ~given
    add_notes(frame, [Note("coordinates_none", int(lost.sum()), {"where": row_items(frame, key, lost)})])
    return given


@dataclass(eq=False)
class PlacedTables:
    """Rows that were located, and rows that were not, of all tables of a study."""

    study: Study  # with `placing`
    undecided: list[pd.DataFrame] = field(default_factory=list)  # the account, table by table
    unplaced: list[pd.DataFrame] = field(default_factory=list)
    findings: list[gpd.GeoDataFrame] = field(default_factory=list)
    numbers: dict[tuple[str, str], float] = field(default_factory=dict)
    # ids of the settlements of the study's list that could not be located
    nowhere: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the decisions."""
        file = self.study.placing.decisions
        self.decisions = {} if file is None else read_decisions(self.study.raw_path(file))
        sources = self.study.sources
        tables = {table.path for table in (sources.settlements, *sources.attributes, *sources.facilities) if table}
        strange = sorted(set(self.decisions) - tables)
        if strange:
            problem = f"source: no table of the study is {first_of(strange)}"
            remedy = "delete its rows or correct the path"
            raise ContractError(f"decisions on places {file}", [f"{problem}; {remedy}"])

    def locate(
        self, frame: gpd.GeoDataFrame, source: TableSource, settlements: gpd.GeoDataFrame, boundaries: gpd.GeoDataFrame
    ) -> gpd.GeoDataFrame:
        """Locate the rows of one table that have no geometry."""
        if source.coordinates == "all":
            return frame
        key = "facility_id" if "facility_id" in frame.columns else "settlement_id"
        is_coded = bool(self.study.placing.postcodes) and "postcode" in frame.columns
        if settlements.empty and boundaries.empty and not is_coded and frame.geometry.isna().all():
            raise SourceError(
                f"{source.path}: nothing to locate its rows by; name an extract in [sources.osm], or a table with "
                "coordinates in [sources.settlements] or [sources.boundaries]"
            )
        levels = self.study.region.unit_levels
        wanted = boundaries["admin_level"].isin(levels) if levels else pd.Series(True, index=boundaries.index)
        if "unit_code" in boundaries.columns:
            wanted |= boundaries["unit_code"].notna()
        codes = None
        if is_coded:
            files = [self.study.raw_path(path) for path in self.study.placing.postcodes]
            codes = read_postcodes(files, wanted=texts(frame, "postcode"))
        made, options = self.decisions.get(source.path), self.study.placing
        done = locate_places(
            frame, settlements, boundaries[wanted], key=key, decisions=made, options=options, postcodes=codes
        )
        is_list = source is self.study.sources.settlements
        if is_list and settlements.empty:
            units = boundaries[boundaries["admin_level"].isin(levels)] if levels else boundaries
            done = amid_townships(done, units)
        self._account(done, source.path, key)
        if is_list:
            self.nowhere += done.undecided["place_id"].tolist()
            # Every page says which settlements lie amid their township for want of a place, and which are nowhere.
            amid, nowhere = done.frame["placed_by"] == "township", done.frame["placed_by"].isna()
            ids = done.frame["settlement_id"]
            about_townships = [
                Note("amid_township", int(amid.sum()), {"where": listed(ids[amid])}),
                Note("not_located", int(nowhere.sum()), {"where": listed(ids[nowhere])}),
            ]
            add_notes(done.frame, about_townships)
        # Name rows that their code puts at one settlement and their name at another: one of them is wrong.
        name_min = self.study.placing.name_min
        coded = done.frame[
            (done.frame["placed_by"] == "unit_code") & done.frame["placed_at"].isin(settlements["settlement_id"])
        ]
        names, places = names_of(coded), names_of(settlements)
        row_of = {name: row for row, name in enumerate(settlements["settlement_id"])}
        shown = []
        for row, name, there in zip(coded[key], names, coded["placed_at"], strict=True):
            own = row_of[str(there)]
            if name_scores([name], [places[own]]).max() >= name_min:
                continue
            scores = name_scores([name], places)[0]
            if scores.max(initial=0.0) >= 1.0:
                other = int(scores.argmax())
                shown.append(f"{row} ({name[0]}): {' / '.join(places[own])} ≠ {' / '.join(places[other])}")
        add_notes(done.frame, [Note("called_elsewhere", len(shown), {"where": listed(shown)})])
        located = done.frame.geometry.notna()
        if key == "facility_id":
            without_place = pd.DataFrame(done.frame[~located]).filter(_UNPLACED)
            where = {"where": listed(without_place["facility_id"])}
            add_notes(done.frame, [Note("facilities_nowhere", len(without_place), where)])
            self.unplaced.append(without_place.assign(source=source.path, unit_id=done.unit_ids[~located]))
        if not located.any() and (key == "settlement_id" or done.unit_ids.isna().all()):
            reasons = done.undecided["reason"].value_counts()
            say = partial(Words(FALLBACK).say, "notice_why")
            why = ", ".join(f"{say(str(name))}: {number}" for name, number in reasons.items())
            remedy = "map unit_code, name, place_name, township or postcode in columns, or give coordinates"
            if set(reasons.index) == {"unknown_township"}:
                remedy = "take its column of townships out, if it names other units than those of the study"
            if "postcode" in frame.columns and not self.study.placing.postcodes:
                remedy = 'where its postcodes lie, a table of them says: write [placing] postcodes = "FILE"'
            raise SourceError(f"{source.path}: none of its {len(done.frame)} rows could be located ({why}); {remedy}")
        return done.frame[located].reset_index(drop=True)

    def _account(self, done: Placement, path: str, key: str) -> None:
        """Count the rows by the way in which they were located, and keep what a person should look at."""
        by = done.frame["placed_by"]
        seldom = {"township", "postcode"} - {*by}  # lists of settlements, or with postcodes, alone
        numbers = {f"placed by {way}": float((by == way).sum()) for way in PLACED_BY if way not in seldom}
        numbers["not placed"] = float(by.isna().sum())
        for item, number in numbers.items():
            self.numbers[path, item] = self.numbers.get((path, item), 0.0) + number
        self.undecided.append(done.undecided.assign(source=path))
        found = []
        for row in done.frame[by.isin(["decision", "township"])].to_dict("records"):
            place, other, kind = str(row[key]), str(row["placed_at"]), f"placed_by_{row['placed_by']}"
            found.append(Finding(kind, place, row["geometry"], {"file": path, "at": other}, other=other))
        notice = "not_placed" if done.is_choice else "not_placed_alone"
        for row, point in zip(done.undecided.to_dict("records"), done.near, strict=True):
            place, why = str(row["place_id"]), {"section": "notice_why", "word": row["reason"]}
            told = {"file": path, "called": row["name"] or place, "why": why, "decisions": TO_DECIDE}
            found.append(Finding("not_placed", place, point, told, notice=notice))
        self.findings.append(findings_frame(found, crs=done.frame.crs or WGS84))

    @property
    def counts(self) -> list[tuple[str, str, float]]:
        """Count rows by the way in which they were located."""
        return [(path, item, number) for (path, item), number in self.numbers.items()]

    def to_decide(self) -> pd.DataFrame:
        """List what a person must decide."""
        if not self.undecided:
            return pd.DataFrame()
        frame = pd.concat(self.undecided, ignore_index=True)
        frame.insert(0, "source", frame.pop("source"))
        for column in frame.columns:
            if column in _FREE_TEXT or column.endswith("_name"):
                frame[column] = frame[column].fillna("").map(spreadsheet_text)
        return frame


def read_decisions(path: Path) -> dict[str, dict[str, str]]:
    """Read what was decided about places."""
    what = "decisions on places"
    frame = read_decided(path, what=what, columns=("source", "place_id", "settlement_id"))
    made = frame[frame["settlement_id"].notna()]
    problems = rounded_ids(made, "place_id", "settlement_id")
    twice = made[made.duplicated(["source", "place_id"])]
    if len(twice):
        problems.append(f"place_id: decided more than once for {first_of(twice['place_id'])}; keep one row")
    refuse(f"{what} {path}", problems)
    result: dict[str, dict[str, str]] = {}
    for row in made.to_dict("records"):
        result.setdefault(str(row["source"]), {})[str(row["place_id"])] = str(row["settlement_id"]).strip()
    return result


def unplaced_in_units(unplaced: list[pd.DataFrame], boundaries: gpd.GeoDataFrame) -> pd.DataFrame | None:
    """Say in which townships of the study facilities without a place are."""
    filled = [frame for frame in unplaced if len(frame)]
    if not filled:
        return None
    joined = pd.concat(filled, ignore_index=True)
    units = boundaries["boundary_id"][boundaries["is_unit"]]
    within = joined["unit_id"].isin(units)
    joined["township_id"] = joined.pop("unit_id").where(within).astype("str")
    return joined.assign(in_study=within.to_numpy(dtype=bool))


# Where a user's rows lie: coordinates, CRS and datum as declared, never guessed; swapped and stray ones refused.

_COMMA = "declare decimal = ',' where the comma is the decimal sign"
_COORDINATE = (
    "fill it in as a number, or 104°30'15\"E, with less than 60' and 60\"; if nobody knows it, leave it empty and set "
    "coordinates = 'some'"
)
SAME_PLACE_DEGREES = 1e-5
"""Two CRS that put a layer's middle within this (about a metre) of each other are taken for one."""


def place_frame(frame: pd.DataFrame, source: TableSource, path: Path, *, what: str, key: str) -> gpd.GeoDataFrame:
    """Give a frame its geometry, its CRS and an unshifted datum."""
    label = f"{what} {path}"
    if not isinstance(frame, gpd.GeoDataFrame):
        names, keys = coordinate_columns(source)
        found = first_of(columns_of_file(frame), limit=30)
        problems = [
            f"{name}: no such column of coordinates; set {' and '.join(keys)}, or coordinates = 'none' to locate "
            f"the rows by unit code and name: the file has {found}"
            for name in names
            if name not in frame.columns
        ]
        refuse(label, problems)
        axes = []
        for name, axis in zip(names, AXES, strict=True):
            numbers = coordinate_numbers(frame[name], axis=axis)
            wrong = ~np.isfinite(numbers)
            if wrong.any():
                shown = first_of(frame.loc[wrong, name].fillna("").astype(str).drop_duplicates(), limit=3)
                comma = "," in shown and frame.loc[wrong, name].astype("str").str.fullmatch(r"[^°]*\d,\d[^°]*").any()
                remedy = _COMMA if comma else _COORDINATE
                said = f"{name}: no coordinate for {{rows}}, such as {shown}; {remedy}"
                tell_rows(problems, frame, key, wrong, said)
            axes.append(numbers.to_numpy())
        if keys[0] == AXES[0] and "decimal" not in source.model_fields_set and (misread := misread_degrees(*axes)):
            problems.append(Said(misread))
        refuse(label, problems)
        geometry = gpd.GeoSeries(shapely.points(axes[0], axes[1]), index=frame.index)
        placed = gpd.GeoDataFrame(frame.rename(columns={"geometry": "source_geometry"}), geometry=geometry)
    else:
        placed = frame.rename_geometry("geometry") if frame.active_geometry_name != "geometry" else frame
    if source.local_grid is not None and source.local_grid.control_points:
        placed = from_control_points(placed, source, what=label)
    placed = _with_crs(placed, source, path, label)
    missing = placed.geometry.isna() | placed.geometry.is_empty
    problems = []
    tell_rows(problems, placed, key, missing, "geometry: none for {rows}; draw it or delete the row")
    bounds = placed.geometry.bounds.to_numpy()
    points, rows = shapely.get_coordinates(placed.geometry.to_numpy(), return_index=True)
    odd = np.zeros(len(placed), dtype=np.bool_)
    odd[rows[~np.isfinite(points).all(axis=1)]] = True
    bad = ~missing & odd
    tell_rows(problems, placed, key, bad, "geometry: infinite coordinates for {rows}; correct them")
    if placed.crs is not None and placed.crs.is_geographic:
        x, y = np.abs(bounds[:, [0, 2]]).max(axis=1), np.abs(bounds[:, [1, 3]]).max(axis=1)
        far = pd.Series((x > 180.0) | (y > 90.0), index=placed.index) & ~missing & ~bad
        remedy = "declare the CRS they are in"
        if ((x[far] <= 90.0) & (y[far] <= 180.0)).all():
            remedy = "longitude and latitude are swapped: exchange them"
        said = f"coordinates: no longitude and latitude in degrees for {{rows}}; {remedy}"
    else:
        far = ~missing & ~bad & (np.abs(bounds).max(axis=1) > LARGEST["_m"])
        said = "coordinates: further than any place on Earth for {rows}; correct them"
    tell_rows(problems, placed, key, far, said)
    refuse(label, problems)
    placed = settle_datum(placed, source, what=label, key=key)
    try:
        on_earth = frame_to_wgs84(placed, datum=source.datum)
    except ContractError as error:
        raise ContractError(label, error.problems) from error
    except CrsError as error:
        raise CrsError(f"{label}: {error}") from error
    lost = ~np.isfinite(on_earth.geometry.bounds.to_numpy()).all(axis=1)
    told = "coordinates: none on Earth for {rows}; correct them, or declare the CRS they are in"
    tell_rows(problems, placed, key, lost, told)
    refuse(label, problems)
    return on_earth


def refuse_outside(
    frame: gpd.GeoDataFrame,
    area: gpd.GeoSeries | gpd.GeoDataFrame,
    *,
    key: str,
    what: str,
    buffer_m: float = 0.0,
    metres: pyproj.CRS | None = None,
) -> None:
    """Refuse rows that lie outside the declared area, and say where their axes look swapped."""
    metres = metres or working_crs_for(area)
    ground = area.geometry.to_crs(metres).union_all().buffer(buffer_m)
    outside = ~_inside(frame.geometry, metres, ground)
    if not outside.any():
        return
    swapped = gpd.GeoSeries(
        shapely.transform(np.asarray(frame.geometry[outside]), lambda points: points[:, ::-1]),
        index=frame.index[outside],
        crs=frame.crs,
    )
    turned = _inside(swapped, metres, ground).reindex(frame.index, fill_value=False)
    problems: list[str] = []
    said = "coordinates: swapped for {rows}: with the axes exchanged they lie in the study area; exchange longitude "
    tell_rows(problems, frame, key, outside & turned, f"{said}and latitude in the study file")
    said = f"coordinates: outside the study area and its {buffer_m / 1000:g} km buffer for {{rows}}; correct the "
    remedy = "coordinates or their CRS, clip the table, or widen region.buffer_km"
    tell_rows(problems, frame, key, outside & ~turned, f"{said}{remedy}")
    raise ContractError(what, problems)


def refuse_invalid(frame: gpd.GeoDataFrame, *, key: str, what: str) -> None:
    """Refuse areas that cross or touch themselves."""
    wrong, problems = frame.geometry.notna() & ~frame.geometry.is_valid, list[str]()
    reason = shapely.is_valid_reason(frame.geometry[wrong].head(1)).tolist()
    remedy = "repair it with QGIS > Vector geometry > Fix geometries and look at the result"
    said = f"geometry: boundary crosses or touches itself for {{rows}}, the first: {', '.join(reason)}; {remedy}"
    tell_rows(problems, frame, key, wrong, said)
    refuse(what, problems)


def _inside(points: gpd.GeoSeries, metres: pyproj.CRS, ground: shapely.Geometry) -> pd.Series:
    projected = points.to_crs(metres)
    finite = np.isfinite(projected.bounds.to_numpy()).all(axis=1)
    return pd.Series(finite, index=points.index) & projected.where(finite).intersects(ground)


def _with_crs(frame: gpd.GeoDataFrame, source: TableSource, path: Path, label: str) -> gpd.GeoDataFrame:
    """Give a frame the CRS that its file or the study says, and refuse it where the two disagree."""
    declared = declared_crs(source, what=label)
    if declared is None and source.datum != "wgs84" and frame.crs is None:
        declared = parse_crs(WGS84, what=label)
    if frame.crs is None or not (frame.crs.is_geographic or frame.crs.is_projected):
        if declared is None:
            middle = np.nanmedian(frame.geometry.bounds.to_numpy()[:, :2], axis=0)
            how = "such as crs = 'EPSG:4326' for GPS degrees"
            if "CN" in {country.code for country in countries_at(*middle)}:
                how = (
                    "crs = 'EPSG:4490' (CGCS2000) for those of a survey, or datum = 'gcj02' for those of a map app "
                    "such as Gaode or Tencent, which are shifted by hundreds of metres, 'bd09' for Baidu"
                )
            raise CrsError(f"{label}: no CRS; declare it in the study file, {how}")
        return frame.set_crs(declared, allow_override=True)
    is_stated = declares_crs(path)
    if declared is None or frame.crs == declared:
        return frame
    west, south, east, north = frame.total_bounds
    middle = gpd.GeoSeries([shapely.Point((west + east) / 2, (south + north) / 2)])
    own, other = (middle.set_crs(crs).to_crs(WGS84) for crs in (frame.crs, declared))
    if np.hypot(own.x - other.x, own.y - other.y).item() <= SAME_PLACE_DEGREES:
        return frame
    if not is_stated:
        return frame.set_crs(declared, allow_override=True)
    raise CrsError(
        f"{label}: the file says {frame.crs.to_string()}, the study declares {declared.to_string()}; "
        "remove crs from the study file, or correct the file"
    )


def assign_tiers(places: gpd.GeoDataFrame, tiers: Tiers) -> gpd.GeoDataFrame:
    """Decide the tier of every settlement."""
    tier = places["tier"] if "tier" in places.columns else places["place"].map(tiers.words)
    seat = pd.DataFrame(places)[places.columns.intersection([*NAMES])].isin(list(tiers.county_seat)).any(axis=1)
    return places.assign(tier=pd.Series(np.where(seat, "county_seat", tier), index=places.index, dtype="str"))
