"""Tables of the user's own, and frames of a notebook, as the package's tables; and files of what is tried out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.arrays import FloatArray, ObjectArray
from spatial.crs import WGS84, refuse_stretched, require_metres
from spatial.errors import ContractError, first_of, of_kind, refuse
from spatial.formats.columns import (
    CARRIED,
    choice_column,
    complete_text_column,
    coordinate_keys,
    id_column,
    map_columns,
    number_column,
    read_texts,
    row_items,
    tell_rows,
    text_column,
)
from spatial.formats.notes import ListColumns, Note, add_notes, listed, log_notes, number_rows, row_numbers
from spatial.formats.vector import open_mapped
from spatial.inputs.names import carry_units
from spatial.inputs.place_tables import assign_tiers, place_frame, place_where_given, refuse_invalid
from spatial.inputs.road_noding import line_a_row, read_condition_and_width
from spatial.inputs.road_tags import TAG_WORDS, with_known_tags
from spatial.inputs.units import note_printed_sums
from spatial.outlines import require_shapes
from spatial.study.base import LARGEST
from spatial.study.region import Tiers
from spatial.study.sources import TableSource
from spatial.tables import TABLES
from spatial.tables.contract import GEOMETRY_TYPES
from spatial.tables.words import CONSTRAINT_EFFECT, CONSTRAINT_KIND, FACILITY_STATUS, NAMES, TENURE, TIERS

# Tables of the user's own (CSV, GeoPackage, GeoJSON, Shapefile, FlatGeobuf, GeoParquet) as the package's tables.

NOT_WANTED = "none"
"""What a word of a list of facilities stands for whose rows are no facility of the study."""
GROUP_SUFFIX = "_persons"
"""Every column that ends so counts people, such as elderly_persons and children_6_11_persons."""
_POLYGONS = GEOMETRY_TYPES["Polygon"]
_FORMS = GEOMETRY_TYPES | {
    "lines or polygons": {"LineString", "MultiLineString", *_POLYGONS},
    "points or polygons": {"Point", *_POLYGONS},
    "polygons": _POLYGONS,
}
"""Forms that a table may hold, as messages call them."""
_ROAD_TAGS = tuple(item.name for item in TABLES["roads"].fields if item.kind == "text" and not item.unique)


def read_table(
    path: str | Path,
    source: TableSource | None = None,
    *,
    what: str = "table",
    key: str = "",
    may_lack: bool = False,
    wanted: ListColumns | None = None,
) -> gpd.GeoDataFrame:
    """Read a table with geometry, with the column mapping, encoding, CRS and datum as declared."""
    file = Path(path)
    declared = source or TableSource(path=str(path))
    if declared.coordinates != "all" and not may_lack:
        where = "[sources.settlements] and [[sources.facilities]]"
        raise ContractError(f"{what} {path}", [f"coordinates: rows without them are located in {where} alone"])
    opened = open_mapped(file, declared, what=what, key=key, wanted=wanted)
    placed = place_where_given(opened, declared, file, what=what, key=key)
    flat = shapely.force_2d(placed.geometry.to_numpy())
    single = (shapely.get_type_id(flat) >= 4) & (shapely.get_num_geometries(flat) == 1)
    flat[single] = shapely.get_geometry(flat[single], 0)
    return placed.set_geometry(gpd.GeoSeries(flat, index=placed.geometry.index, crs=placed.geometry.crs))


def settlements_from_table(
    path: Path,
    source: TableSource,
    *,
    tiers: Tiers | None = None,
    with_population: bool = True,
    may_lack: bool = False,
    named: Collection[str] = (),
) -> gpd.GeoDataFrame:
    """Read settlements of the user's own."""
    frame = read_table(
        path,
        source,
        what="settlements",
        key="settlement_id",
        may_lack=may_lack,
        wanted=ListColumns("settlements", named),
    )
    note_printed_sums(frame, path, source, what="settlements")
    problems: list[str] = []
    key, people = "settlement_id", "population_persons"
    result = _named(frame, key, problems, "Point")
    if source.tier is not None and not {"tier", "place"} & set(result.columns):
        result["tier"] = source.tier
    read_texts(result, ["place"])
    if "tier" in result.columns:
        result["tier"] = choice_column(result, "tier", TIERS, problems, key=key)
    elif "place" in result.columns:
        result["tier"] = assign_tiers(result, of_kind("tiers", tiers, Tiers) or Tiers())["tier"]
        unknown = result["tier"].isna()
        shown = first_of(result["place"][unknown].fillna("").drop_duplicates().sort_values())
        tell_rows(problems, result, key, unknown, f"place: no tier for {shown} of {{rows}}; add the word to [tiers]")
    else:
        problems.append(
            "tier: the column is missing; map a column of village, town, county_seat or city, "
            "or a column place with words of [tiers]; tier = 'village' where all rows are of one tier"
        )
    if "official_class" in result.columns:
        result["official_class"] = choice_column(
            result, "official_class", ("urban", "rural"), problems, key=key, may_lack=True
        )
    has_people = people in result.columns
    if has_people and with_population:
        result[people] = number_column(result, people, problems, key=key, complete=True)
    else:
        if has_people:
            # A raster counts the people, so a number of the list that cannot be read is noted, not refused.
            numbers = number_column(result, people, [], key=key)
            written = text_column(result[people]).fillna("").str.strip()
            lost = numbers.isna() & (written != "")
            words = listed(written[lost].drop_duplicates(), limit=3)
            told = {"where": row_items(result, key, lost), "written": words}
            add_notes(result, [Note("list_unread", int(lost.sum()), told)])
            result["population_listed"] = numbers
        result[people] = np.nan
    result["population_source"] = "column" if has_people and with_population else "none"
    groups = [name for name in map(str, result.columns) if name.endswith(GROUP_SUFFIX) and name != people]
    _read_numbers(result, groups, problems, key=key)
    return _done(result, f"settlements {path}", problems)


def facilities_from_table(
    path: Path,
    source: TableSource,
    *,
    services: Collection[str] | None = None,
    may_lack: bool = False,
    named: Collection[str] = (),
) -> gpd.GeoDataFrame:
    """Read facilities of the user's own."""
    frame = read_table(
        path, source, what="facilities", key="facility_id", may_lack=may_lack, wanted=ListColumns("facilities", named)
    )
    problems: list[str] = []
    result = _named(frame, "facility_id", problems, "Point")
    if "service" not in result.columns and source.service is not None:
        result["service"] = source.service
    if "service" not in result.columns:
        problems.append("service: the column is missing; map it in columns, or set service = '...' for all rows")
    elif services is not None:
        unwanted = text_column(result["service"]).eq(NOT_WANTED)
        words = [word for word, ours in source.values.get("service", {}).items() if ours == NOT_WANTED]
        told = {"words": {"quoted": words or [NOT_WANTED]}, "where": row_items(result, "facility_id", unwanted)}
        add_notes(result, [Note("kinds_left_out", int(unwanted.sum()), {"count": int(unwanted.sum()), **told})])
        attrs, numbers = dict(result.attrs), row_numbers(result)
        result = result[~unwanted].reset_index(drop=True)
        result.attrs = attrs
        number_rows(result, numbers[~np.asarray(unwanted)])
        result["service"] = choice_column(result, "service", services, problems, key="facility_id")
    else:
        result["service"] = complete_text_column(result, "service", problems, key="facility_id")
    _read_choice(result, "status", FACILITY_STATUS, problems, key="facility_id")
    _read_numbers(result, ("capacity", "load"), problems, key="facility_id", fill=True)
    result["source"] = text_column(result["source"]) if "source" in result.columns else source.path
    return _done(result, f"facilities {path}", problems)


def roads_from_table(path: Path, source: TableSource) -> gpd.GeoDataFrame:
    """Read roads of the user's own."""
    frame = read_table(path, source, what="roads", key="road_id", wanted=ListColumns("roads"))
    frame = with_known_tags(frame)
    problems: list[str] = []
    _number_rows(frame, "road_id")
    result = _named(frame, "road_id", problems, "LineString", names=("name", "ref"))
    if "road_class" in result.columns:
        result["road_class"] = complete_text_column(result, "road_class", problems, key="road_id")
    else:
        problems.append("road_class: the column is missing; map it in columns, such as road_class = 'highway'")
    if "speed_km_h" in result.columns:
        speed = number_column(result, "speed_km_h", problems, key="road_id")
        above, most = "above 0, or blank where it is not known", f"at most {LARGEST['_km_h']:,.0f}"
        for wrong, wanted in ((speed == 0, above), (speed > LARGEST["_km_h"], most)):
            tell_rows(problems, result, "road_id", wrong, f"speed_km_h: must be {wanted}, in roads {{rows}}")
        result["speed_km_h"] = speed
    _read_tags(result, _ROAD_TAGS)
    read_condition_and_width(result, problems)
    return line_a_row(_done(result, f"roads {path}", problems))


def boundaries_from_table(path: Path, source: TableSource, *, admin_level: int | None = None) -> gpd.GeoDataFrame:
    """Read boundaries of the user's own."""
    frame = read_table(path, source, what="boundaries", key="boundary_id", wanted=ListColumns("boundaries"))
    problems: list[str] = []
    result = _named(frame, "boundary_id", problems, "Polygon")
    if "admin_level" in result.columns:
        levels = number_column(result, "admin_level", problems, key="boundary_id", complete=True)
        broken = levels.notna() & (levels % 1 != 0)
        tell_rows(problems, result, "boundary_id", broken, "admin_level: not whole for {rows}; correct it")
        result["admin_level"] = levels.fillna(0).astype("int64")
    elif admin_level is not None:
        result["admin_level"] = admin_level
    else:
        problems.append("admin_level: the column is missing; map it in columns, or give one region.unit_levels")
    return _done(result, f"boundaries {path}", problems, key="boundary_id")


def _named(
    frame: gpd.GeoDataFrame, key: str, problems: list[str], geometry: str, *, names: tuple[str, ...] = NAMES
) -> gpd.GeoDataFrame:
    result = frame.copy()
    if geometry == "Point":
        _points_of_premises(result, key, problems)
    _refuse_forms(result, key, geometry, problems)
    result[key] = id_column(result, key, problems)
    read_texts(result, names, fill=True)
    read_texts(result, ("township_id", "township"))
    carry_units(result, problems, key=key)
    return result


MOST_PREMISES_KM2 = 1.0
"""An area up to this is a building, a courtyard or the houses of a village, and has its place amid it."""
_KM_A_DEGREE = 111.2


def square_km(areas: ObjectArray) -> FloatArray:
    """Measure areas on WGS 84, roughly."""
    with np.errstate(invalid="ignore"):  # coordinates that are none are told elsewhere
        middle = np.radians(shapely.bounds(areas)[:, 1::2].mean(axis=1))
        return np.asarray(shapely.area(areas) * _KM_A_DEGREE**2 * np.cos(middle))


def _points_of_premises(frame: gpd.GeoDataFrame, key: str, problems: list[str]) -> None:
    """Put buildings and courtyards at a point amid them; where in a larger area people live, nobody knows."""
    shapes = frame.geometry.to_numpy().copy()
    areas = np.isin(shapely.get_type_id(shapes), (3, 6))
    is_large = areas & (square_km(shapes) > MOST_PREMISES_KM2)
    said = (
        f"geometry: areas of more than {MOST_PREMISES_KM2:g} km², no place, for {{rows}}; draw where the houses or the "
    )
    tell_rows(problems, frame, key, is_large, f"{said}building stand, or join the list by name or code to points")
    shapes[areas] = shapely.point_on_surface(shapes[areas])
    add_notes(frame, [Note("premises", int(areas.sum()), {"where": row_items(frame, key, areas)})])
    frame.geometry = gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)


def _read_numbers(
    frame: gpd.GeoDataFrame, columns: Iterable[str], problems: list[str], *, key: str, fill: bool = False
) -> None:
    """Read columns of numbers in place; those that are missing are made where `fill`."""
    for column in columns:
        if column in frame.columns:
            frame[column] = number_column(frame, column, problems, key=key)
        elif fill:
            frame[column] = np.nan


def _read_choice(
    frame: gpd.GeoDataFrame, column: str, words: tuple[str, ...], problems: list[str], *, key: str
) -> None:
    """Read a column of words in place; the first of them where it is missing."""
    if column in frame.columns:
        frame[column] = choice_column(frame, column, words, problems, key=key)
    else:
        frame[column] = words[0]


def _read_tags(frame: gpd.GeoDataFrame, columns: Iterable[str]) -> None:
    for column in frame.columns.intersection(list(columns)):
        frame[column] = text_column(frame[column].replace(TAG_WORDS))


def _done(frame: gpd.GeoDataFrame, label: str, problems: list[str], *, key: str = "") -> gpd.GeoDataFrame:
    """Refuse a table for its problems, and where it has a `key`, for shapes that are not valid."""
    refuse(label, problems)
    if key:
        refuse_invalid(frame, key=key, what=label)
    return frame


# Water of the user's own: rivers and lakes that nobody walks across on the way to the road.

WATER_KINDS = ("basin", "canal", "coastline", "lake", "pond", "reservoir", "river", "stream", "tidal_channel")
"""Kinds of water that a table may hold; which of them are barriers, `mark_barriers` says."""

_YES, _NO = ("yes", "true", "1", "是"), ("no", "false", "0", "否", "")


def water_of_table(frame: gpd.GeoDataFrame, source: TableSource) -> gpd.GeoDataFrame:
    """Read a table of rivers or lakes."""
    result, problems = frame.copy(), list[str]()
    _numbered(result, "water_id", problems)
    _refuse_forms(result, "water_id", "lines or polygons", problems)
    read_texts(result, ["name"], fill=True)
    if "kind" in result.columns:
        kinds = complete_text_column(result, "kind", problems, key="water_id")
        choice_column(result, "kind", WATER_KINDS, problems, key="water_id", may_lack=True)
        result["kind"] = kinds
    else:
        known = ", ".join(WATER_KINDS)
        problems.append(f"kind: the column is missing; map a column whose values say which of {known} each row is")
    # Water falls dry or runs under ground where its row says so, and nowhere else.
    passable = pd.Series("", index=result.index, dtype="str")
    if "is_passable" in result.columns:
        passable = text_column(result["is_passable"]).fillna("").str.strip().str.lower()
    said = "is_passable: neither yes nor no for {rows}, such as {values}; translate it in values.is_passable"
    tell_rows(problems, result, "water_id", ~passable.isin([*_YES, *_NO]), said, passable)
    result["is_passable"] = passable.isin(_YES)
    return _done(result, f"water {source.path}", problems, key="water_id")


def join_water(frames: list[gpd.GeoDataFrame], *, kept: Sequence[str] = ()) -> gpd.GeoDataFrame:
    """Put several tables of water together."""
    crs = frames[0].crs or WGS84
    ids = pd.concat([frame["water_id"] for frame in frames])
    if ids.duplicated().any():
        frames = [
            frame.assign(water_id=f"{number}/" + frame["water_id"]) for number, frame in enumerate(frames, start=1)
        ]
    columns = ["water_id", "name", "kind", "is_passable", *kept]
    shapes = np.concatenate([frame.to_crs(crs).geometry.to_numpy() for frame in frames])
    rows = [pd.DataFrame(frame)[[name for name in columns if name in frame]] for frame in frames]
    joined = pd.concat(rows, ignore_index=True)
    for name in kept:
        if joined[name].dtype == object:  # text in one file and a number in another
            joined[name] = text_column(joined[name])
    return gpd.GeoDataFrame(joined, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)


# Files of what is tried out: new roads, what closes roads, and observed times between places.

_TAGS = ("road_id", "road_class", "oneway", "surface", "all_season", "bridge", "tunnel", "motorroad")
_ENDS = (("from_x", "from_y"), ("to_x", "to_y"))


def new_roads_from_table(path: Path, source: TableSource, *, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Read the new roads of a scenario."""
    frame = with_known_tags(read_table(path, source, what="new roads", key="road_id").to_crs(crs))
    log_notes(frame, what=f"new roads {path}")
    problems: list[str] = []
    _read_tags(frame, _TAGS)
    _read_numbers(frame, ("speed_km_h", "length_km"), problems, key="road_id")
    return _done(frame, f"new roads {path}", problems)


def observed_from_table(path: Path, source: TableSource, *, crs: pyproj.CRS) -> pd.DataFrame:
    """Read observed times between places."""
    label = f"observed {path}"
    opened = open_mapped(path, source, what="observed")
    log_notes(opened, what=label)
    frame = pd.DataFrame(opened).drop(columns="geometry", errors="ignore")
    has_xy = all(name in frame for pair in _ENDS for name in pair)
    needed = ["observed_min", *(() if has_xy else ("from_id", "to_id"))]
    shown = ", ".join(map(str, frame.columns))
    problems = [
        f"{name}: the column is missing; map it in columns: the table has {shown}"
        for name in needed
        if name not in frame
    ]
    refuse(label, problems)
    frame["observed_min"] = number_column(frame, "observed_min", problems, key="", complete=True)
    for name in ("from_id", "to_id"):
        if name in frame:
            frame[name] = text_column(frame[name]) if has_xy else complete_text_column(frame, name, problems, key="")
    refuse(label, problems)
    keys = coordinate_keys(source, what=label)
    for x, y in _ENDS if has_xy else ():
        declared = source.model_copy(update=dict(zip(keys, (x, y), strict=True)))
        points = place_frame(frame[[x, y]].copy(), declared, path, what="observed", key="").to_crs(crs)
        frame[x], frame[y] = np.asarray(points.geometry.x), np.asarray(points.geometry.y)
    return frame


# Files of plans: idle buildings and land, listed sites, and areas that nobody may build in.


def sites_from_table(path: Path, source: TableSource, *, key: str, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Read idle buildings and land (`idle_id`) or sites (`site_id`); rows without an id are numbered from 1."""
    what = "idle" if key == "idle_id" else "sites"
    frame = read_table(path, source, what=what, key=key).to_crs(crs)
    log_notes(frame, what=f"{what} {path}")
    problems: list[str] = []
    is_known = key in frame.columns
    _numbered(frame, key, problems)
    _refuse_forms(frame, key, "points or polygons", problems)
    read_texts(frame, ("name", "idle_since", "allowed_services"), fill=True)
    if is_known:  # whoever keeps the file knows a site without a name by its id
        frame["name"] = frame["name"].fillna(frame[key])
    if "tenure" in frame.columns:
        frame["tenure"] = choice_column(frame, "tenure", TENURE, problems, key=key, may_lack=True)
    _read_numbers(frame, ("area_m2", "cost"), problems, key=key)
    return _done(frame, f"{what} {path}", problems, key=key)


def constraints_from_table(
    path: Path, source: TableSource, *, crs: pyproj.CRS, kind: str | None = None
) -> gpd.GeoDataFrame:
    """Read areas that exclude or flag sites and links; `kind` is that of all rows where no column says it."""
    frame = read_table(path, source, what="constraints", key="constraint_id").to_crs(crs)
    log_notes(frame, what=f"constraints {path}")
    key, problems = "constraint_id", list[str]()
    _numbered(frame, key, problems)
    _refuse_forms(frame, key, "polygons", problems)
    read_texts(frame, ["name"], fill=True)
    if "kind" not in frame.columns and kind is not None:
        frame["kind"] = kind
    if "kind" in frame.columns:
        frame["kind"] = choice_column(frame, "kind", CONSTRAINT_KIND, problems, key=key)
    else:
        problems.append(
            f"kind: the column is missing; map a column whose values say which of {', '.join(CONSTRAINT_KIND)} each "
            "row is, or give one kind for all rows"
        )
    _read_choice(frame, "effect", CONSTRAINT_EFFECT, problems, key=key)
    return _done(frame, f"constraints {path}", problems, key=key)


def _number_rows(frame: gpd.GeoDataFrame, key: str) -> None:
    if key not in frame.columns:
        frame[key] = [str(number) for number in range(1, len(frame) + 1)]


def _numbered(frame: gpd.GeoDataFrame, key: str, problems: list[str]) -> None:
    _number_rows(frame, key)
    frame[key] = id_column(frame, key, problems)


def _refuse_forms(frame: gpd.GeoDataFrame, key: str, wanted: str, problems: list[str]) -> None:
    wrong, remedy = ~frame.geometry.geom_type.isin(_FORMS[wanted]), ""
    if wanted in GEOMETRY_TYPES:  # rows of these may be located, or have no place at all
        wrong, remedy = wrong & frame.geometry.notna(), " or convert it in QGIS"
    found = ", ".join(sorted({str(form) for form in frame.geometry.geom_type[wrong]}))
    said = f"geometry: must be {wanted}, found {found} for {{rows}}; name the right layer{remedy}"
    tell_rows(problems, frame, key, wrong, said)


# Ordinary frames as the package's tables: settlements and facilities of a notebook.

GROUP_COLUMNS = ("elderly_persons", "disabled_persons", "children_persons")


def as_settlements(
    frame: gpd.GeoDataFrame,
    *,
    id: str | None = None,  # noqa: A002 - the name that analysts type
    name: str | None = None,
    population: str | None = None,
    tier: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> gpd.GeoDataFrame:
    """
    Make a settlements table of an ordinary frame of points.

    Parameters
    ----------
    frame : GeoDataFrame
        Points in a projected CRS in metres. Left unchanged.
    id : str or None
        Column of ids, unique; by default ``settlement_id`` where there is one, else the index.
    name : str or None
        Column of names; by default ``name`` where there is one.
    population : str or None
        Column of persons, none negative; NaN is unknown; by default ``population_persons`` where there is one.
    tier : str or None
        A column of village, town, county_seat or city, or one of these words for every row; by default ``tier``.
    columns : mapping of str to str or None
        Further columns: ours = the frame's, such as ``{"elderly_persons": "over65"}``.

    Returns
    -------
    GeoDataFrame
        A table that keeps the contract of settlements: ids are text. All columns of the frame travel along as they are,
        those that were read under our names too, so that numbers of ids still join to where they came from. One whose
        name is taken becomes ``source_<name>``.

    Raises
    ------
    CrsError
        Without a CRS, or with one in degrees.
    ContractError
        With every fault at once.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(
    ...     {"code": [7], "people": [120]}, geometry=gpd.points_from_xy([5e5], [3e6]), crs="EPSG:32648"
    ... )
    >>> table = as_settlements(points, id="code", population="people", tier="village")
    >>> table["settlement_id"].tolist(), table["tier"].tolist(), table["population_persons"].tolist()
    (['7'], ['village'], [120.0])
    >>> table[["code", "people"]].to_numpy().tolist()
    [[7, 120]]
    """
    require_shapes("settlement of a frame", frame)
    constant = tier if tier in TIERS and tier not in frame.columns else None
    column = None if constant else tier
    given = {"settlement_id": id, "name": name, "population_persons": population, "tier": column}
    problems: list[str] = []
    table = _adopted(frame, columns or {}, given, problems)
    if constant is not None:
        _fill(table, "tier", constant)
    if "tier" in table.columns:
        table["tier"] = choice_column(table, "tier", TIERS, problems, key="settlement_id")
    else:
        problems.append(f"tier: the column is missing; give tier= a column or one of {', '.join(TIERS)}")
    _read_numbers(table, ["population_persons"], problems, key="settlement_id", fill=True)
    _read_numbers(table, GROUP_COLUMNS, problems, key="settlement_id")
    if "population_source" not in table.columns:
        known = table["population_persons"].notna()
        table["population_source"] = known.map({True: "column", False: "none"}).astype("str")
    return _checked(table, "settlements", problems)


def as_facilities(
    frame: gpd.GeoDataFrame,
    *,
    service: str,
    id: str | None = None,  # noqa: A002 - the name that analysts type
    name: str | None = None,
    capacity: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> gpd.GeoDataFrame:
    """
    Make a facilities table of an ordinary frame of points.

    Parameters
    ----------
    frame : GeoDataFrame
        Points in a projected CRS in metres. Left unchanged.
    service : str
        A column of services, or one service for every row.
    id : str or None
        Column of ids, unique; by default ``facility_id`` where there is one, else the index.
    name : str or None
        Column of names; by default ``name`` where there is one.
    capacity : str or None
        Column of capacities, none negative; NaN is unknown; by default ``capacity`` where there is one.
    columns : mapping of str to str or None
        Further columns: ours = the frame's, such as ``{"load": "pupils"}``.

    Returns
    -------
    GeoDataFrame
        A table that keeps the contract of facilities; all columns of the frame travel along, as in `as_settlements`.
        Without a column `status` every facility is existing.

    Raises
    ------
    CrsError
        Without a CRS, or with one in degrees.
    ContractError
        With every fault at once.

    Examples
    --------
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([5e5], [3e6]), crs="EPSG:32648", index=["s1"])
    >>> as_facilities(points, service="primary_school")[["facility_id", "service", "status"]].iloc[0].tolist()
    ['s1', 'primary_school', 'existing']
    """
    require_shapes("facility of a frame", frame)
    if not isinstance(service, str):
        raise ContractError("facility of a frame", [f"service: is {service!r}, must be a text, or name a column"])
    column = service if service in frame.columns else None
    given = {"facility_id": id, "name": name, "capacity": capacity, "service": column}
    problems: list[str] = []
    table = _adopted(frame, columns or {}, given, problems)
    if column:
        table["service"] = text_column(table["service"])
    else:
        _fill(table, "service", service)
    tell_rows(problems, table, "facility_id", table["service"].isna(), "service: empty for {rows}; fill it in")
    _read_numbers(table, ("capacity", "load"), problems, key="facility_id", fill=True)
    _read_choice(table, "status", FACILITY_STATUS, problems, key="facility_id")
    return _checked(table, "facilities", problems)


def _fill(table: gpd.GeoDataFrame, column: str, value: str) -> None:
    """Give every row one value; a column of the caller's that has the name is carried under another."""
    if column in table.columns:
        table[f"{CARRIED}{column}"] = table[column]
    table[column] = value


def _adopted(
    frame: gpd.GeoDataFrame, columns: Mapping[str, str], given: Mapping[str, str | None], problems: list[str]
) -> gpd.GeoDataFrame:
    """Take over a frame under our names, `given` before `columns` and with the key first; its own columns follow."""
    key = next(iter(given))
    what = f"{key.removesuffix('_id')} of a frame"
    require_metres(frame.crs, what=what)
    mapped = {**columns, **{ours: theirs for ours, theirs in given.items() if theirs is not None}}
    has_id = key in mapped or key in frame.columns
    if not has_id and frame.index.nlevels > 1:
        problems.append(f"{key}: the index has several levels; make one column of them, and name it by id=")
    plain = frame if has_id else frame.assign(**{key: frame.index.to_numpy()})
    refuse_stretched(frame.geometry, what=what)
    table = gpd.GeoDataFrame(map_columns(plain, mapped, {}, problems))
    for own in frame.columns.difference(table.columns, sort=False):
        table[own] = frame[own]
    nameless = frame.index.names == [None] or set(frame.index.names) & set(table.columns)
    table = table.reset_index(drop=bool(nameless))
    if table.active_geometry_name != "geometry":
        table = table.rename_geometry("geometry")
    table[key] = id_column(table, key, problems)
    read_texts(table, ["name"], fill=True)
    read_texts(table, ("name_en", "name_zh", "place", "official_class", "source", "township_id", "township"))
    if "in_study" not in table.columns:
        table["in_study"] = True
    return table


def _checked(table: gpd.GeoDataFrame, name: str, problems: list[str]) -> gpd.GeoDataFrame:
    try:
        TABLES[name].check(table)
    except ContractError as error:
        stated = {problem.split(":", 1)[0] for problem in problems}
        problems += [problem for problem in error.problems if problem.split(":", 1)[0] not in stated]
    refuse(f"{name} of a frame", problems)
    return table
