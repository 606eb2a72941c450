"""Results joined to the places that they belong to: one row a settlement, a township, a gap, a town."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from spatial.messages import Words
from spatial.qgis import looks_access, looks_results
from spatial.qgis.layer import Look, QgisMeta, measure_name, plain_name, service_name
from spatial.qgis.styles import Style
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.score import hidden_text, levels_shown
from spatial.reporting.summary import missing_by_unit
from spatial.reporting.wording import columns_told
from spatial.study.edits import SCENARIO as OWN_EDITS
from spatial.tables import TABLES
from spatial.tables.words import EVERYBODY

# Results joined to the places that they belong to: one row a settlement, a township, a gap.

MOBILE = "mobile_service"
"""Remedy, and class of a gap, of villages that are to be relocated."""

WAY = columns_told("access")["settlements"]
"""Columns of `access` that stand with the settlements for the headlines; for other services minutes alone."""

NORM_CELLS = {
    "status": "status", "status_as_mapped": "status_as_mapped", "share": "served_share", "unserved": "persons_unserved",
    "places": "places_unserved",
}  # fmt: skip
"""Columns of `norm_results` that stand with the townships for each norm, by what their titles say."""

Titles = dict[str, str]
Columns = dict[str, "pd.Series[Any]"]


def headline_mode(access: pd.DataFrame, meta: QgisMeta) -> str:
    """Name the mode whose minutes are shown: the study's, else the first by name; empty without any row."""
    return meta.mode or (str(access["mode"].min()) if len(access) else "")


def settlement_results(
    tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta
) -> tuple[gpd.GeoDataFrame, Titles]:
    """Join minutes, norms that fail and last mile to settlements."""
    frame = tables["settlements"].sort_values("settlement_id", kind="stable").reset_index(drop=True)
    titles: Titles = {}
    parts: list[pd.DataFrame] = []
    if "norm_results" in tables:
        results = tables["norm_results"]
        rows = results[results["unit_level"] == "settlement"]
        unit = rows["unit_id"]
        columns = {
            "norms_not_met": (rows["status"] == "not_met").groupby(unit).sum().astype("Int64"),
            "norms_not_measurable": (rows["status"] == "not_measurable").groupby(unit).sum().astype("Int64"),
        }
        titles.update({name: words.say("columns", name) for name in columns})
        parts.append(pd.DataFrame(columns))
    if "access" in tables and len(tables["access"]):
        ways = dict(by_service(tables, "access", meta))
        detailed = [service for service in ways if service in meta.headline_services] or list(ways)
        risk = pd.concat([ways[service]["edge_risk"] for service in detailed]).groupby(level=0).any()
        found: Columns = {"edge_risk": risk.astype("boolean")}
        titles["edge_risk"] = words.say("columns", "edge_risk")
        for service, rows in ways.items():
            told = WAY if service in detailed else ("travel_time_min",)
            own, named = way_columns(service, rows, told, words, meta)
            found, titles = found | own, titles | named
        parts.append(pd.DataFrame(found))
    if "last_mile" in tables:
        parts.append(tables["last_mile"].set_index("settlement_id"))
    return joined(gpd.GeoDataFrame(frame), *parts, on="settlement_id"), titles


def joined(frame: gpd.GeoDataFrame, *parts: pd.DataFrame, on: str) -> gpd.GeoDataFrame:
    """Join columns to places; the first to name one keeps it, such as minutes to a bus stop."""
    for part in parts:
        fresh = part.drop(columns=[column for column in part.columns if column in frame.columns])
        frame = gpd.GeoDataFrame(frame.join(fresh, on=on))
    return frame


def way_columns(
    service: str, rows: pd.DataFrame, told: Sequence[str], words: Words, meta: QgisMeta
) -> tuple[Columns, Titles]:
    """Take columns of the ways to a service, and name each by the service and its title in the data dictionary."""
    columns: Columns = {}
    titles: Titles = {}
    fields = TABLES["access"].by_name
    # A column that the table lacks, which it may where it is optional, is left out.
    for column in (column for column in told if column in rows):
        name = f"{plain_name(service)}_{column.removeprefix('travel_time_')}"
        columns[name] = rows[column]
        title = words.title(fields[column].title)
        shown = {"service": service_name(service, words, meta), "column": title[:1].lower() + title[1:]}
        titles[name] = words.with_unit(words.say("columns", "of_service", **shown), fields[column].unit)
    return columns, titles


def township_results(
    tables: Mapping[str, pd.DataFrame], words: Words, norm_names: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, Titles]:
    """Join norm results to townships."""
    boundaries = tables["boundaries"]
    frame = boundaries[boundaries["is_unit"]].sort_values("boundary_id", kind="stable").reset_index(drop=True)
    titles: Titles = {}
    results = tables.get("norm_results")
    rows = results[results["unit_level"] == "township"] if results is not None else pd.DataFrame()
    if len(rows) == 0:
        return gpd.GeoDataFrame(frame), titles
    rows = rows.assign(judged_if=missing_by_unit(rows, tables, Words(words.language)))
    columns: Columns = {}
    for norm in sorted(set(rows.loc[rows["status"] != "not_applicable", "norm_id"])):
        name = norm_names.get(norm, norm)
        of_norm = rows[rows["norm_id"] == norm].set_index("unit_id")
        stem = plain_name(norm)
        result = {}
        for key, column in NORM_CELLS.items():
            result[f"{stem}_{key}"] = of_norm[column]
            unit = TABLES["norm_results"].by_name[column].unit if key in ("unserved", "places") else ""
            titles[f"{stem}_{key}"] = words.with_unit(words.say("columns", f"norm_cell_{key}", norm=name), unit)
        if SUPPRESSED.name in of_norm and of_norm[SUPPRESSED.name].ne("").any():
            # Numbers that are empty for this reason say so beside them.
            hidden = of_norm[SUPPRESSED.name].ne("")
            result[f"{stem}_withheld"] = hidden.map({True: words.of("workbook").say("flag", "withheld"), False: ""})
            titles[f"{stem}_withheld"] = words.say("columns", "norm_cell_withheld", norm=name)
        if of_norm["judged_if"].ne("").any():
            result[f"{stem}_judged_if"] = of_norm["judged_if"]
            titles[f"{stem}_judged_if"] = words.say("columns", "norm_cell_judged_if", norm=name)
        columns |= result
    frame = frame.join(pd.DataFrame(columns), on="boundary_id")
    return gpd.GeoDataFrame(frame), titles


def gap_points(tables: Mapping[str, pd.DataFrame], norm: str) -> gpd.GeoDataFrame:
    """Gather the gaps of a norm, classed by how far beyond it they are."""
    gaps = tables["gaps"]
    frame = gaps[gaps["norm_id"] == norm].sort_values(["rank", "settlement_id"], kind="stable")
    frame = frame.reset_index(drop=True)
    value, threshold = frame["value"], frame["threshold"]
    # There may be a way that is longer than was searched.
    searched = value.isna() & frame["reach_status"].eq("beyond_cutoff")
    known = np.select(
        [frame["is_near_miss"], searched, value.isna(), value > 2 * threshold],
        ["near_miss", "searched", "none", "far"],
        "beyond",
    )
    mapped = np.where(frame["status"] == "not_measurable", "_mapped", "")
    labels = np.char.add(known.astype("str"), mapped)
    labels = np.where(frame["remedy"] == MOBILE, MOBILE, labels)
    frame["gap_class"] = pd.Series(labels, index=frame.index).astype("str")
    settlements = tables["settlements"].set_index("settlement_id")
    wanted = ("name", "name_en", "name_zh", "tier", "population_persons")
    extra = [column for column in wanted if column in settlements.columns and column not in frame.columns]
    return gpd.GeoDataFrame(frame.join(pd.DataFrame(settlements[extra]), on="settlement_id"))


def flow_lines(flows: pd.DataFrame, settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw flows as straight lines."""
    where = pd.Series(settlements.geometry.to_numpy(), index=settlements["settlement_id"], dtype=object)
    ends = flows["from_id"].isin(where.index) & flows["to_id"].isin(where.index)
    ends &= flows["from_id"] != flows["to_id"]
    frame = flows[ends].sort_values(["from_id", "to_id", "kind"], kind="stable").reset_index(drop=True)
    start = shapely.get_coordinates(where.loc[frame["from_id"]].to_numpy())
    stop = shapely.get_coordinates(where.loc[frame["to_id"]].to_numpy())
    lines = shapely.linestrings(np.stack([start, stop], axis=1))
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(lines, index=frame.index, crs=settlements.crs))


def services_in_order(services: Sequence[str], meta: QgisMeta) -> list[str]:
    """Put the headline services first."""
    present = set(services)
    first = [service for service in meta.headline_services if service in present]
    return [*first, *sorted(present - set(first))]


# Results of the access engine joined to the places that they belong to.

LINE_TOLERANCE_M = 0.01
"""A road lies at the distance that the last mile says, to this."""
NO_CHANGE_MIN = 0.5
"""Up to so many minutes a way is as long as before."""


class Engine(NamedTuple):
    """What the engine found out about each settlement."""

    columns: Columns
    titles: Titles
    looks: list[Callable[[pd.DataFrame], Look]]  # each of the finished frame


def settlement_engine(tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta) -> Engine:
    """Gather certainty, wet season, measures, ways off the roads, what scenarios change, and how soon crews come."""
    found = Engine({}, {}, [])

    def tell(name: str, values: pd.Series[Any], key: str, unit: str = "", **said: str) -> None:
        found.columns[name] = values
        found.titles[name] = words.with_unit(words.say("columns", key, **said), unit)

    def show(key: str, title: str, shelf: str, style: Callable[..., Style], *, slim: bool = False) -> None:
        told = partial(Look, key, title, shelf=shelf, slim=slim, theme=title if slim else "")
        found.looks.append(lambda frame: told(style=style(frame, words=words)))

    for service, rows in by_service(tables, "intervals", meta):
        stem, threshold = plain_name(service), meta.thresholds_min.get(service, meta.cutoffs_min[-1])
        said = {"service": service_name(service, words, meta), "minutes": words.figure(threshold)}
        for key in ("low_min", "high_min"):
            tell(f"{stem}_{key}", rows[key], key, "min", **said)
        tell(f"{stem}_width_min", rows["high_min"] - rows["low_min"], "width_min", "min", **said)
        sure = f"{stem}_how_sure"
        tell(sure, how_sure(rows, threshold), "how_sure", **said)
        is_first = service == next(iter(meta.thresholds_min), service)
        show(sure, found.titles[sure], "certainty", partial(looks_results.scale_look, "how_sure", sure), slim=is_first)
        title = words.say("layers", "width", **said)
        show(f"{stem}_width", title, "certainty", partial(looks_access.width_look, stem))
    for service, rows in by_service(tables, "wet_losses", meta):
        stem, shown = plain_name(service), service_name(service, words, meta)
        tell(f"{stem}_wet_status", rows["wet_status"], "wet_status", service=shown)
        tell(f"{stem}_slower_min", rows["slower_min"], "slower", "min", service=shown)
        title = words.say("layers", "wet", service=shown)
        show(f"{stem}_wet", title, "season", partial(looks_access.wet_look, stem))
    for service, measure, rows in measured(tables, meta):
        column, unit = f"{plain_name(service)}_{plain_name(measure)}", str(rows["unit"].iloc[0])
        said = {"service": service_by_mode(service, rows, words, meta), "column": measure_name(words, measure)}
        tell(column, rows["value"], "of_service", unit, **said)
        title = words.say("columns", "of_service", **said)
        show(column, title, "measures", partial(looks_access.measure_look, column, unit))
    off_road = tables.get("off_road", pd.DataFrame({"service": []}))
    for service in services_in_order(list(off_road["service"]), meta):
        stem, shown = f"{plain_name(service)}_off_road", service_name(service, words, meta)
        rows = off_road[off_road["service"] == service].set_index("settlement_id").sort_index()
        tell(f"{stem}_min", rows["travel_time_min"], "off_road_min", "min", service=shown)
        tell(f"{stem}_status", rows["reach_status"], "off_road_status", service=shown)
        title = words.say("layers", "off_road_places", service=shown)
        style = partial(looks_access.reached_look, f"{stem}_min", f"{stem}_status", meta.cutoffs_min)
        show(stem, title, "off_road", style)
    for scenario, service, rows in changes(tables, meta):
        stem = f"{plain_name(scenario)}_{plain_name(service)}"
        named = service_by_mode(service, rows, words, meta)
        said = {"scenario": words.pick(meta.scenarios.get(scenario, {})) or scenario, "service": named}
        # Class by the cutoff first, then by minutes; none has no way at all.
        minutes, is_class = rows["difference_min"], rows["class_change"] != "same"
        was, is_now = rows["before_status"].eq("reached"), rows["after_status"].eq("reached")
        longer, shorter = minutes > NO_CHANGE_MIN, minutes < -NO_CHANGE_MIN
        told: list[Any] = [rows["class_change"], "quicker", "slower", "slower", "quicker", "same"]
        change = np.select([is_class, ~was & is_now, was & ~is_now, longer, shorter, minutes.notna()], told, "none")
        column = f"{stem}_change"
        tell(column, pd.Series(change, index=rows.index, dtype="str"), "change", **said)
        tell(f"{stem}_difference_min", minutes, "difference_min", "min", **said)
        within = words.figure(float(rows["cutoff_min"].max()))
        style = partial(looks_results.scale_look, "change", column, minutes=within)
        show(column, found.titles[column], "scenarios", style, slim=scenario == OWN_EDITS)
    people = tables.get("emergency_people", pd.DataFrame({"service": [], "target_min": []}))
    targets = people.groupby("service")["target_min"].unique()
    for service, rows in by_service(tables, "emergency_response", meta):
        stem, shown = plain_name(service), service_by_mode(service, rows, words, meta)
        for key, unit in (("response_min", "min"), ("target_met_min", "min"), ("station_id", "")):
            tell(f"{stem}_{key}", rows[key], key, unit, service=shown)
        tell(f"{stem}_response_status", rows["reach_status"], "response_status", service=shown)
        if service in targets:
            columns = (f"{stem}_response_min", f"{stem}_response_status")
            style = partial(looks_access.reached_look, *columns, list(targets[service]), section="response")
            show(f"{stem}_response", words.say("layers", "response", service=shown), "emergency", style)
    return found


def by_service(tables: Mapping[str, pd.DataFrame], name: str, meta: QgisMeta) -> Iterator[tuple[str, pd.DataFrame]]:
    """Walk through the services of a table, each in the mode that is shown or that the study chose for it."""
    if name not in tables:
        return
    rows = tables[name]
    mode = headline_mode(rows, meta)
    parts = {str(service): own for service, own in rows.groupby("service", sort=False)}
    for service in services_in_order(list(parts), meta):
        own = parts[service]
        # Crews, scenarios and measures may have a mode of their own.
        own = own[own["mode"] == (mode if mode in set(own["mode"]) else own["mode"].min())]
        yield service, own.set_index("settlement_id").sort_index()


def service_by_mode(service: str, rows: pd.DataFrame, words: Words, meta: QgisMeta) -> str:
    """Name a service, and how people travel to it where that is not the mode of the headlines."""
    name, mode = service_name(service, words, meta), str(rows["mode"].iloc[0])
    if mode == meta.mode or not meta.mode:
        return name
    return words.say("columns", "service_by_mode", service=name, mode=words.say("modes", mode))


def measured(tables: Mapping[str, pd.DataFrame], meta: QgisMeta) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Walk through everybody's measures."""
    for service, rows in by_service(tables, "measures", meta):
        own = rows[rows["group"] == EVERYBODY]
        for measure in sorted(set(own["measure"])):
            yield service, measure, own[own["measure"] == measure]


def changes(tables: Mapping[str, pd.DataFrame], meta: QgisMeta) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Walk through scenarios and their services, each in its mode."""
    if "scenario_access" not in tables:
        return
    rows = tables["scenario_access"]
    for scenario in rows["scenario"].unique():
        of_scenario = {"scenario_access": rows[rows["scenario"] == scenario]}
        for service, found in by_service(of_scenario, "scenario_access", meta):
            yield str(scenario), service, found


def how_sure(intervals: pd.DataFrame, threshold_min: float) -> pd.Series[str]:
    """Class settlements by whether they are within a threshold in every run."""
    low, high = intervals["low_min"], intervals["high_min"]
    unknown = intervals["interval_status"].eq("unknown") & low.isna()
    chosen = np.select([unknown, high <= threshold_min, low <= threshold_min], ["unknown", "within", "may"], "beyond")
    return pd.Series(chosen, index=intervals.index).astype("str")


def rural_columns(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Take the Rural Access Index of each township."""
    if "rural_access" not in tables:
        return pd.DataFrame()
    rows = tables["rural_access"]
    return rows[rows["unit_level"] == "zone"].set_index("unit_id")[["rai_lower", "rai_upper"]]


def last_mile_lines(tables: Mapping[str, pd.DataFrame]) -> gpd.GeoDataFrame:
    """Draw the straight line from each settlement to the all-season road that its last mile is measured to."""
    rows = tables["last_mile"].set_index("settlement_id")
    settlements = gpd.GeoDataFrame(tables["settlements"]).sort_values("settlement_id", kind="stable")
    names = [name for name in ("name", "name_en", "name_zh") if name in settlements.columns]
    kept = ["all_season_road_distance_m", "all_season_road_min", "last_mile_class"]
    places = settlements[["settlement_id", *names, settlements.geometry.name]].join(
        rows[kept], on="settlement_id", how="inner"
    )
    places = gpd.GeoDataFrame(places[places["all_season_road_distance_m"] > LINE_TOLERANCE_M])
    edges = gpd.GeoDataFrame(tables["edges"])
    roads = edges.loc[edges["is_snappable"] & (edges["all_season"] != "no")].geometry.to_numpy()
    points, metres = places.geometry.to_numpy(), places["all_season_road_distance_m"].to_numpy()
    left, right = shapely.STRtree(roads).query(points, predicate="dwithin", distance=metres + LINE_TOLERANCE_M)
    off = np.abs(shapely.distance(points[left], roads[right]) - metres[left])
    order = np.lexsort((right, off, left))
    order = order[off[order] <= LINE_TOLERANCE_M]
    _, first = np.unique(left[order], return_index=True)
    best = order[first]
    lines = shapely.shortest_line(points[left[best]], roads[right[best]])
    return gpd.GeoDataFrame(places.iloc[left[best]].set_geometry(lines, crs=places.crs)).reset_index(drop=True)


def cell_points(tables: Mapping[str, pd.DataFrame], words: Words, meta: QgisMeta) -> tuple[gpd.GeoDataFrame, Titles]:
    """Join minutes to the cells of people."""
    frame = tables["cells"].sort_values("settlement_id", kind="stable").reset_index(drop=True)
    columns: Columns = {}
    titles: Titles = {}
    for position, (service, rows) in enumerate(by_service(tables, "cell_access", meta)):
        told = ("travel_time_min",) if position else ("travel_time_min", "reach_status")
        found, named = way_columns(service, rows, told, words, meta)
        columns, titles = columns | found, titles | named
    return gpd.GeoDataFrame(frame.join(pd.DataFrame(columns), on="settlement_id")), titles


def neighbour_colours(areas: NDArray[np.object_], colours: int) -> NDArray[np.int64]:
    """Give areas numbers, so that those that touch differ."""
    left, right = shapely.STRtree(areas).query(areas, predicate="intersects")
    earlier = left > right
    left, right = left[earlier], right[earlier]
    order = np.argsort(left, kind="stable")
    starts = np.searchsorted(left[order], np.arange(len(areas) + 1))
    before = right[order]
    chosen = np.zeros(len(areas), dtype=np.int64)
    used = np.zeros(colours, dtype=np.int64)
    for area in range(len(areas)):
        taken = set(chosen[before[starts[area] : starts[area + 1]]].tolist())
        free = [colour for colour in range(colours) if colour not in taken] or list(range(colours))
        best = min(free, key=lambda colour: (int(used[colour]), colour))
        chosen[area] = best
        used[best] += 1
    return chosen


# The score joined to the places that it belongs to: settlements, townships, towns, and modelled flows as lines.

POTENTIAL_MODELS = ("radiation", "gravity", "huff")
"""Models of flows that nobody observed, in the order of their layers."""

TOLD = columns_told("qgis")


def score_columns(tables: Mapping[str, pd.DataFrame], words: Words) -> tuple[pd.DataFrame, Titles]:
    """Gather what the score says of each settlement."""
    scores = _of_level(tables, "settlement")
    parts = [
        rows.set_index(key)[list(columns)]
        for rows, key, columns in (
            (scores, "unit_id", TOLD["settlement_scores"]),
            (tables.get("access_clusters"), "settlement_id", TOLD["clusters"]),
            (tables.get("settlement_types"), "settlement_id", TOLD["settlement_types"]),
        )
        if rows is not None
    ]
    found = pd.concat(parts, axis=1) if parts else pd.DataFrame()
    # Places that serve and are not scored have none of it: whole numbers and flags that may be missing.
    kinds = {"degurba_code": "Int64", "classes_differ": "boolean"}
    found = found.astype({name: kind for name, kind in kinds.items() if name in found.columns})
    return _with_hidden(found, scores, words)


def township_scores(tables: Mapping[str, pd.DataFrame], words: Words) -> tuple[pd.DataFrame, dict[str, str]]:
    """Take the score of each township."""
    rows = _of_level(tables, "township")
    if rows is None:
        return pd.DataFrame(), {}
    return _with_hidden(rows.set_index("unit_id")[list(TOLD["township_scores"])], rows, words)


def township_types(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Take the Degree of Urbanisation of each township, and the functional urban area that it belongs to."""
    parts = []
    if "unit_types" in tables:
        types = tables["unit_types"]
        rows = types.loc[types["unit_level"] == "township"].set_index("unit_id")[list(TOLD["township_types"])]
        parts.append(rows.astype({"degurba_level1": "Int64", "degurba_level2": "Int64"}))
    if "functional_areas" in tables:
        parts.append(tables["functional_areas"].set_index("unit_id")[list(TOLD["areas"])])
    return pd.concat(parts, axis=1) if parts else pd.DataFrame()


def town_points(tables: Mapping[str, pd.DataFrame]) -> gpd.GeoDataFrame:
    """Put towns where they are."""
    settlements = gpd.GeoDataFrame(tables["settlements"]).set_index("settlement_id")
    names = [name for name in ("name", "name_en", "name_zh", "name_fr") if name in settlements.columns]
    towns = tables["towns"].sort_values("settlement_id", kind="stable")
    joined = towns.join(settlements[[*names, settlements.geometry.name]], on="settlement_id", how="inner")
    return gpd.GeoDataFrame(joined.reset_index(drop=True), geometry=settlements.geometry.name, crs=settlements.crs)


def potential_lines(tables: Mapping[str, pd.DataFrame], model: str) -> gpd.GeoDataFrame:
    """Draw the flows of a model as straight lines."""
    rows = tables["potential_flows"]
    chosen = rows.loc[rows["model"] == model].assign(kind=model)
    drawn = flow_lines(chosen, gpd.GeoDataFrame(tables["settlements"]))
    return gpd.GeoDataFrame(drawn.drop(columns="kind"))


def _of_level(tables: Mapping[str, pd.DataFrame], level: str) -> pd.DataFrame | None:
    """Scores of one level; None where there are none."""
    if "scores" not in tables:
        return None
    scores = levels_shown(tables["scores"])
    rows = scores.loc[scores["unit_level"] == level]
    return rows if len(rows) else None


def _with_hidden(found: pd.DataFrame, scores: pd.DataFrame | None, words: Words) -> tuple[pd.DataFrame, dict[str, str]]:
    """Say of each unit why its level is not shown, where any is not."""
    if scores is None or not scores["level_hidden"].ne("").any():
        return found, {}
    why, told = scores.set_index("unit_id")["level_hidden"], Words(words.language)
    texts = why.map({name: hidden_text(name, told) if name else "" for name in why.unique()})
    return found.assign(level_hidden=texts), {"level_hidden": words.say("columns", "level_hidden")}
