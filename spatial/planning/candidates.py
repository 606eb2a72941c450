"""
Where candidate sites come from: settlements, idle buildings and land, facilities to enlarge, a grid, a list.

What is known of a site (tenure, area, since when it is idle) travels with it into the plan, since it decides who has to
be asked. What cannot be a site is listed with the reason and never handed to a location model.
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Collection, Iterable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rasterio.features import rasterize
from scipy.spatial import cKDTree

from spatial.access.options import ABOVE_ZERO, FINITE, not_within, service_names
from spatial.access.places import existing, id_order
from spatial.arrays import BoolArray, FloatArray, ObjectArray
from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError, StudyError, faults_at, first_of, of_kind, refuse
from spatial.formats.columns import id_column, number_column, text_column
from spatial.inputs.place_tables import refuse_invalid
from spatial.network.graph import TravelGraph
from spatial.network.snapping import snap
from spatial.outlines import joined_area, not_points, require_shapes
from spatial.study.access import SnapRules
from spatial.tables.words import CONSTRAINT_EFFECT, CONSTRAINT_KIND, TENURE
from spatial.terrain.friction import Friction

SAME_SITE_M = 1.0
"""Two candidates up to so near each other are one site: no survey of a county places a building closer."""

_DESCRIBED = ("list", "idle")
"""Sources whose rows may be areas, and say whose they are, how large, and for what."""
_TEXTS = ("name", "tenure", "idle_since", "allowed_services")
_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_SINCE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


class CandidateSites(NamedTuple):
    """
    Candidates of a plan, and what cannot be one.

    Parameters
    ----------
    sites : GeoDataFrame of Point
        `facility_id` (``source/id``, such as ``idle/17``), `status` (``candidate``), `service` (those asked for that it
        may hold, joined by ``;``), `name`, `source`, `tenure`, `area_m2`, `cost` (of opening one there, as the file
        says), `idle_since`, `min_area_m2` (the largest that a rule asks of its services; NaN: no rule), `area_status`
        (``met``, ``unknown``, ``no_rule``; ``too_small`` of a refused one), `enlarges` (the facility that it would
        enlarge; missing: none). NaN or missing is unknown.
    refused : GeoDataFrame of Point
        The same columns with `why`: ``service_not_allowed``, ``too_small``, ``outside_land``,
        ``on_water``, ``far_from_network``, ``no_network``, ``doubled`` and, for these, `same_as`, the site that stays.
    """

    sites: gpd.GeoDataFrame
    refused: gpd.GeoDataFrame


def read_rules(file: Path | Traversable, wanted: Iterable[str]) -> pd.DataFrame:
    """Read a file of rules as texts, with the columns that it must have."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            found = pd.read_csv(stream, dtype="str")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise StudyError(str(file), [f"cannot be read as CSV in UTF-8: {error}"]) from error
    refuse(str(file), [f"{name}: the column is missing" for name in wanted if name not in found], StudyError)
    return found


def load_site_rules(path: str | Path | None = None) -> pd.DataFrame:
    """
    Read the least floor area of a building for each service.

    Parameters
    ----------
    path : str or Path, optional
        A CSV of the user's own with these columns, instead of the packaged one (`spatial/planning/site_rules.csv`).

    Returns
    -------
    DataFrame
        `service`, `min_area_m2` (NaN: no rule), `source_title`, `source_year`, `read_in_original` (``yes`` or ``no``:
        check the number in the standard before a site is given up for it), `notes`.

    Raises
    ------
    StudyError
        Where the file cannot be read, with every fault.

    Examples
    --------
    >>> load_site_rules().set_index("service")["min_area_m2"].dropna().to_dict()
    {'primary_care': 60.0, 'health_centre': 200.0}
    """
    file = importlib.resources.files("spatial.planning") / "site_rules.csv" if path is None else Path(path)
    wanted = ("service", "min_area_m2", "source_title", "source_year", "read_in_original", "notes")
    found, problems = read_rules(file, wanted), []
    area = pd.to_numeric(found["min_area_m2"], errors="coerce")
    for what, wrong in (
        ("service: empty or twice", found["service"].isna() | found["service"].duplicated()),
        ("min_area_m2: no number above 0", found["min_area_m2"].notna() & ~(np.isfinite(area) & (area > 0.0))),
        ("source_title: empty beside a number", area.notna() & found["source_title"].isna()),
        ("read_in_original: neither yes nor no", ~found["read_in_original"].isin(["yes", "no"])),
    ):
        problems += faults_at(f"{what} in", [f"row {row + 2}" for row in np.flatnonzero(wrong)])
    refuse(str(file), problems, StudyError)
    return found.assign(min_area_m2=area)[list(wanted)]


def grid_points(area: gpd.GeoDataFrame | gpd.GeoSeries, spacing_m: float) -> gpd.GeoDataFrame:
    """
    Lay a square grid of points over an area.

    Parameters
    ----------
    area : GeoDataFrame or GeoSeries of Polygon
        Within which, its edge included; in a CRS in metres.
    spacing_m : float
        Metres between neighbours, above 0.

    Returns
    -------
    GeoDataFrame of Point
        `site_id` (``column/row`` of the grid, whose origin is that of the CRS: another area gives the same point the
        same id), by row from the south and column from the west.

    Raises
    ------
    ContractError
        Where the spacing is none, or the area holds no polygon or no point of the grid.
    CrsError
        Where the CRS is unknown or not in metres.

    Examples
    --------
    >>> square = gpd.GeoSeries([shapely.box(0, 0, 1000, 500)], crs="EPSG:32738")
    >>> grid_points(square, 500)["site_id"].tolist()
    ['0/0', '1/0', '2/0', '0/1', '1/1', '2/1']
    """
    refuse("options", not_within("spacing_m", spacing_m, least=ABOVE_ZERO, most=FINITE))
    whole = joined_area(area, what="area")
    crs = require_metres(area.crs, what="area")
    if not shapely.area(whole) > 0.0:
        raise ContractError("area", ["geometry: there is no polygon"])
    west, south, east, north = np.array(shapely.bounds(whole)) / spacing_m
    columns, rows = (np.arange(int(np.ceil(a)), int(np.floor(b)) + 1) for a, b in ((west, east), (south, north)))
    row, column = (index.ravel() for index in np.meshgrid(rows, columns, indexing="ij"))
    points = np.asarray(shapely.points(column * spacing_m, row * spacing_m))
    shapely.prepare(whole)
    inside = shapely.intersects(whole, points)
    if not inside.any():
        raise ContractError("options", [f"spacing_m: no point of a grid of {spacing_m:g} m lies in the area"])
    names = [f"{x}/{y}" for x, y in zip(column[inside], row[inside], strict=True)]
    return gpd.GeoDataFrame({"site_id": names}, geometry=points[inside], crs=crs)


def candidate_sites(  # noqa: PLR0913 - each source and each limit under its own name
    service: str | Collection[str],
    *,
    settlements: gpd.GeoDataFrame | None = None,
    idle: gpd.GeoDataFrame | None = None,
    enlarge: gpd.GeoDataFrame | None = None,
    grid: gpd.GeoDataFrame | None = None,
    points: gpd.GeoDataFrame | None = None,
    site_rules: pd.DataFrame | None = None,
    land: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    water: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    graph: TravelGraph | None = None,
    snap_rules: SnapRules | None = None,
) -> CandidateSites:
    """
    Gather the candidates of a plan from all sources, and list what cannot be a site with the reason.

    Of two within a metre the first stays, in the order enlarge, list, idle, settlement, grid and then of ids; what
    enlarges a facility stands where that does, and doubles nothing.

    Parameters
    ----------
    service : str or collection of str
        The service or services that sites are sought for.
    settlements : GeoDataFrame of Point, optional
        `settlement_id`, perhaps `name`: each may host a site.
    idle : GeoDataFrame of Point or Polygon, optional
        Idle buildings and land: `idle_id`; perhaps `name`, `tenure` (``state``, ``collective``, ``homestead``,
        ``private``), `idle_since` (a year, or a date such as 2015-06), `area_m2` of floor (of a polygon without it its
        own area), `allowed_services` (with ``;`` between them; missing: any). Missing is unknown.
    enlarge : GeoDataFrame of Point, optional
        Existing facilities that may be enlarged: `facility_id`, perhaps `name`; others than existing ones do not count.
    grid : GeoDataFrame of Point, optional
        From `grid_points`.
    points : GeoDataFrame of Point, optional
        A list, such as points drawn in QGIS: `site_id`, and what idle buildings may have.
    site_rules : DataFrame, optional
        Least areas, from `load_site_rules`, which is the default. A site of unknown area stays, and says so.
    land : GeoDataFrame or GeoSeries of Polygon, optional
        Where sites may stand, its edge included: what lies outside is the sea, or somebody else's.
    water : GeoDataFrame or GeoSeries of Polygon, optional
        Where they may not.
    graph : TravelGraph, optional
        The network that they must be joined to.
    snap_rules : SnapRules, optional
        How, above all `max_snap_m`.

    Returns
    -------
    CandidateSites
        Sites, and what was refused, each in the order of sources and ids.

    Raises
    ------
    ContractError
        For frames that are not as above, all faults at once, or where no source is given.
    CrsError
        Where frames differ in their CRS, or it is not in metres.

    Examples
    --------
    >>> school = gpd.GeoDataFrame(
    ...     {"idle_id": ["school", "shed"], "area_m2": [300.0, 40.0], "tenure": "collective"},
    ...     geometry=gpd.points_from_xy([0, 500], [0, 0]), crs="EPSG:32738")
    >>> found = candidate_sites("primary_care", idle=school)
    >>> found.sites["facility_id"].tolist(), found.refused["why"].tolist()
    (['idle/school'], ['too_small'])
    """
    asked = sorted(service_names(service if isinstance(service, str) else frozenset(service)))
    given = {"enlarge": enlarge, "list": points, "idle": idle, "settlement": settlements, "grid": grid}
    frames = {source: frame for source, frame in given.items() if frame is not None}
    if not asked or not frames:
        raise ContractError("options", ["service, and candidates from one source or more, must be given"])
    for source, frame in frames.items():
        require_shapes(source, frame)
    for name, layer in (("land", land), ("water", water)):
        if layer is not None:
            require_shapes(name, layer, series_too=True)
    layers = {**frames, "land": land, "water": water, "graph": graph}
    known = {name: layer.crs for name, layer in layers.items() if layer is not None}
    first = next(iter(known))
    crs = require_metres(known[first], what=first)
    if other := [name for name, theirs in known.items() if theirs != crs]:
        raise CrsError(
            f"candidates: the CRS of {first_of(other)} is not {crs.to_string()}, that of {first}; "
            f"reproject with to_crs({crs.to_string()!r})"
        )
    problems: list[str] = []
    read = [_read_source(source, frame, problems) for source, frame in frames.items()]
    refuse("candidates", problems)
    sites = gpd.GeoDataFrame(pd.concat(read, ignore_index=True), crs=crs)
    rules = load_site_rules() if site_rules is None else of_kind("site_rules", site_rules, pd.DataFrame)
    least = rules.dropna(subset=["min_area_m2"]).set_index("service")["min_area_m2"].to_dict()
    allowed = [[name for name in asked if names is None or name in names] for names in sites.pop("allowed")]
    fitting = [
        [name for name in names if not area < least.get(name, 0.0)]
        for names, area in zip(allowed, sites["area_m2"], strict=True)
    ]
    sites["service"] = pd.Series(
        [";".join(fits or may) for fits, may in zip(fitting, allowed, strict=True)], dtype="str"
    )
    sites["min_area_m2"] = [
        max((least[name] for name in fits or may if name in least), default=np.nan)
        for fits, may in zip(fitting, allowed, strict=True)
    ]
    sites["area_status"] = np.select(
        [sites["min_area_m2"].isna(), sites["area_m2"].isna(), sites["area_m2"] < sites["min_area_m2"]],
        ["no_rule", "unknown", "too_small"],
        "met",
    )
    why = np.full(len(sites), "", dtype=object)

    def leave_out(reason: str, wrong: BoolArray) -> None:
        why[wrong & (why == "")] = reason

    leave_out("service_not_allowed", np.array([not names for names in allowed], dtype=bool))
    leave_out("too_small", np.array([not names for names in fitting], dtype=bool))
    for layer, reason, is_wanted in ((land, "outside_land", True), (water, "on_water", False)):
        if layer is not None:
            inside = np.zeros(len(sites), dtype=bool)
            inside[layer.sindex.query(sites.geometry, predicate="intersects")[0]] = True
            leave_out(reason, inside != is_wanted)
    if graph is not None:
        status = snap(graph, sites.geometry, snap_rules).status
        leave_out("far_from_network", status == "far")
        leave_out("no_network", status == "none")
    # Of those that stand so far, the later one of two at one place goes.
    kept = np.flatnonzero((why == "") & (sites["source"] != "enlarge").to_numpy())
    same_as = pd.Series(np.nan, index=sites.index, dtype="str")
    xy = shapely.get_coordinates(sites.geometry.to_numpy()[kept])
    for earlier, later in sorted(cKDTree(xy).query_pairs(SAME_SITE_M)) if len(kept) else ():
        if why[kept[earlier]] == "" and why[kept[later]] == "":
            why[kept[later]] = "doubled"
            same_as[kept[later]] = sites["facility_id"].iloc[kept[earlier]]
    told = [name for name in sites.columns if name != "geometry"]
    refused = sites.assign(why=pd.Series(why, dtype="str"), same_as=same_as)
    return CandidateSites(
        sites.loc[why == "", [*told, "geometry"]].reset_index(drop=True),
        refused.loc[why != "", [*told, "why", "same_as", "geometry"]].reset_index(drop=True),
    )


def _read_source(source: str, given: gpd.GeoDataFrame, problems: list[str]) -> gpd.GeoDataFrame:
    """Read the candidates of one source, in the order of their ids, with the services that they are kept for."""
    key = {"enlarge": "facility_id", "idle": "idle_id", "settlement": "settlement_id"}.get(source, "site_id")
    frame = existing(given) if source == "enlarge" else given
    before = len(problems)
    ids = id_column(frame, key, problems)
    shapes = frame.geometry.to_numpy()
    is_area = np.isin(shapely.get_type_id(shapes), _AREAS) & (source in _DESCRIBED)
    wrong = np.asarray(not_points(frame.geometry)) & ~(is_area & (shapely.area(shapes) > 0.0))
    wanted = "point or polygon" if source in _DESCRIBED else "point"
    problems += faults_at(f"geometry: no {wanted} with coordinates for", ids[wrong])
    blank: pd.Series[str] = pd.Series(None, index=frame.index, dtype="str")
    said = [name for name in _TEXTS if name in frame and (name == "name" or source in _DESCRIBED)]
    told = dict.fromkeys(_TEXTS, blank) | {name: text_column(frame[name]) for name in said}
    area = np.where(is_area, shapely.area(shapes), np.nan)
    if source in _DESCRIBED and "area_m2" in frame:
        stated = number_column(frame, "area_m2", problems, key=key).to_numpy()
        area = np.where(np.isnan(stated), area, stated)
    blank_cost = pd.Series(np.nan, index=frame.index)
    cost = number_column(frame, "cost", problems, key=key) if source in _DESCRIBED and "cost" in frame else blank_cost
    for name, fits, remedy in (
        ("tenure", told["tenure"].isin(TENURE), f"known are {', '.join(TENURE)}"),
        ("idle_since", told["idle_since"].fillna("").str.fullmatch(_SINCE), "write a year, or a date as 2015-06"),
    ):
        odd = told[name].notna() & ~fits
        if odd.any():
            shown = first_of(told[name][odd].drop_duplicates(), limit=3)
            problems.append(f"{name}: unknown value(s) {shown} for {first_of(ids[odd])}; {remedy}")
    problems[before:] = [f"{source}: {text}" for text in problems[before:]]
    return gpd.GeoDataFrame(
        {
            "facility_id": f"{source}/" + ids,
            "status": "candidate",
            "service": "",
            "name": told["name"],
            "source": source,
            "tenure": told["tenure"],
            "area_m2": area,
            "cost": cost,
            "idle_since": told["idle_since"],
            "enlarges": ids if source == "enlarge" else blank,
            "allowed": [
                {name.strip() for name in names.split(";")} if isinstance(names, str) and names.strip() else None
                for names in told["allowed_services"]
            ],
        },
        geometry=np.where(is_area, shapely.point_on_surface(shapes), shapes),
        crs=frame.crs,
    ).iloc[id_order(ids)]


# What may not be built where: areas of protection, hazard and development that exclude or flag sites and links.

WANTED = "development_boundary"
"""The kind of area that building is wanted in."""

DRAWN_OVER_M = 1.0
"""A link that runs no further than this inside an area was drawn over its edge."""


def apply_constraints(sites_or_links: gpd.GeoDataFrame, constraints: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Say which sites or links areas of constraint exclude or flag, and by what.

    Parameters
    ----------
    sites_or_links : GeoDataFrame of Point or LineString
        Sites, such as those of `candidate_sites`, or candidate links.
    constraints : GeoDataFrame of Polygon
        `kind`: ``permanent_farmland``, ``ecological_red_line`` and ``hazard``, within which building is not wanted, the
        edge of the area included; ``development_boundary``, all such areas together, within which it is. Perhaps
        `effect`: ``exclude`` (by default) or ``flag``; outside development boundaries the stronger one of theirs. A
        link counts from more than a metre on.

    Returns
    -------
    GeoDataFrame
        The same rows with `is_excluded`, `constraint`, the kinds that it meets in the order above joined by ``;``,
        ``outside_development_boundary`` among them (missing: none), and `constraint_m`, the metres of a link that any
        of them concerns (NaN for a site).

    Raises
    ------
    ContractError
        For an unknown kind or effect, areas that are none or cross themselves, and shapes that are neither points nor
        lines.
    CrsError
        Where the two differ in their CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> sites = gpd.GeoDataFrame({"facility_id": ["a", "b"]}, geometry=gpd.points_from_xy([5, 50], [5, 5]), crs=32738)
    >>> field = gpd.GeoDataFrame({"kind": ["permanent_farmland"]}, geometry=[shapely.box(0, 0, 10, 10)], crs=32738)
    >>> apply_constraints(sites, field)["is_excluded"].tolist()
    [True, False]
    """
    require_shapes("sites or links", sites_or_links)
    require_shapes("constraints", constraints)
    if constraints.crs is None or constraints.crs != sites_or_links.crs:
        raise CrsError("sites or links and constraints differ in their CRS; reproject with to_crs(...)")
    shapes, areas = sites_or_links.geometry.to_numpy(), constraints.geometry.to_numpy()
    effect = constraints["effect"] if "effect" in constraints else pd.Series("exclude", index=constraints.index)
    problems = []
    if "kind" not in constraints:
        problems.append(f"kind: the column is missing; it says which of {', '.join(CONSTRAINT_KIND)} each row is")
    else:
        for name, values, known in (
            ("kind", constraints["kind"], CONSTRAINT_KIND),
            ("effect", effect, CONSTRAINT_EFFECT),
        ):
            odd = values[~values.isin(known)]
            told = f" in {len(odd)} rows; known are {', '.join(known)}"
            problems += faults_at(f"{name}: unknown value(s)", odd.astype(str).unique(), told, limit=3)
    no_area = np.flatnonzero(~(shapely.area(areas) > 0.0))
    problems += faults_at("geometry: no polygon in", [f"row {row + 1}" for row in no_area])
    refuse("constraints", problems)
    refuse_invalid(constraints, key="constraint_id", what="constraints")
    is_line = np.isin(
        shapely.get_type_id(shapes), (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
    )
    is_point = (shapely.get_type_id(shapes) == shapely.GeometryType.POINT) & ~shapely.is_empty(shapes)
    others = [f"row {row + 1}" for row in np.flatnonzero(~(is_line | is_point))]
    refuse("sites or links", faults_at("geometry: neither point nor line in", others))
    at, of = shapely.STRtree(areas).query(shapes, predicate="intersects")
    kinds, is_firm = constraints["kind"].to_numpy(dtype=object), (effect == "exclude").to_numpy()

    def part_met(chosen: BoolArray, *, is_wanted: bool) -> ObjectArray:
        """Cut out what lies within some areas, or outside them where that is wanted; empty where nothing does."""
        own = chosen[of]
        hit = np.bincount(at[own], minlength=len(shapes)) > 0
        part = np.full(len(shapes), shapely.Point(), dtype=object)
        there = is_point & (hit != is_wanted)
        part[there] = shapes[there]
        cut = shapely.difference if is_wanted else shapely.intersection
        for line in np.flatnonzero(is_line & (hit | is_wanted)):
            found = cut(shapes[line], shapely.union_all(areas[of[own & (at == line)]]))
            part[line] = found if shapely.length(found) > DRAWN_OVER_M else shapely.Point()
        return part

    met = pd.DataFrame(index=range(len(shapes)))
    is_excluded = np.zeros(len(shapes), dtype=bool)
    for kind in CONSTRAINT_KIND:
        chosen, is_wanted = kinds == kind, kind == WANTED
        if not chosen.any():
            continue
        met[f"outside_{kind}" if is_wanted else kind] = part_met(chosen, is_wanted=is_wanted)
        # A flag beside an exclusion weakens none, but outside is outside all of them.
        firm = chosen & (is_firm.any(where=chosen) if is_wanted else is_firm)
        if firm.any():
            is_excluded |= ~shapely.is_empty(part_met(firm, is_wanted=is_wanted))
    is_met = ~shapely.is_empty(met.to_numpy(dtype=object))
    named = [";".join(met.columns[row]) if row.any() else None for row in is_met]
    metres = [shapely.length(shapely.union_all(parts)) for parts in met.to_numpy(dtype=object)]
    return sites_or_links.assign(
        is_excluded=is_excluded,
        constraint=pd.Series(named, index=sites_or_links.index, dtype="str"),
        constraint_m=np.where(is_line, metres, np.nan),
    )


def constrained_ground(friction: Friction, constraints: gpd.GeoDataFrame, *, flagged_factor: float) -> FloatArray:
    """Close the cells that excluded ground touches, and let those that flagged ground touches cost more, once."""
    areas = constraints.to_crs(friction.crs)
    shapes = areas.geometry.to_numpy()
    effect = areas["effect"] if "effect" in areas else pd.Series("exclude", index=areas.index)
    is_wanted, is_firm = (areas["kind"] == WANTED).to_numpy(), (effect == "exclude").to_numpy()
    height, width = friction.min_per_m.shape
    whole = shapely.transform(shapely.box(0, 0, width, height), lambda xy: np.column_stack(friction.transform * xy.T))
    flagged, excluded = list(shapes[~is_wanted & ~is_firm]), list(shapes[~is_wanted & is_firm])
    if is_wanted.any():
        # Outside is outside all of them, and the stronger effect of theirs holds there.
        outside = shapely.difference(whole, shapely.union_all(shapes[is_wanted]))
        (excluded if is_firm[is_wanted].any() else flagged).append(outside)

    def touches(areas: list[Any]) -> BoolArray:
        drawn = [(area, 1) for area in areas if not area.is_empty]
        if not drawn:
            return np.zeros((height, width), dtype=bool)
        cells = rasterize(drawn, (height, width), transform=friction.transform, all_touched=True, dtype="uint8")
        return np.asarray(cells, dtype=bool)

    costs = np.where(touches(flagged), flagged_factor, 1.0) * friction.min_per_m
    return np.where(touches(excluded), np.nan, costs)
