"""Results of the access engine joined to the places that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.qgis.columns import plain_name
from spatial.qgis.joins import headline_mode, services_in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from spatial.qgis.meta import Messages, QgisMeta

__all__ = [
    "EVERYBODY",
    "by_service",
    "cell_points",
    "how_sure",
    "last_mile_lines",
    "measured",
    "neighbour_colours",
    "rural_columns",
    "service_by_mode",
    "settlement_engine",
    "threshold_of",
]

EVERYBODY = "everybody"
"""Group of the measures that stand with the settlements; the others are in the plain table."""

LINE_TOLERANCE_M = 0.01
"""A road lies at the distance that the last mile says, to this."""

UNDECIDED = ("unknown", "not_snapped")
"""Reach statuses without a time that say nothing about how far it is."""

Titles = dict[str, str]
Columns = dict[str, "pd.Series[Any]"]


def settlement_engine(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[pd.DataFrame, Titles]:
    """Gather what the engine found out about each settlement."""
    columns: Columns = {}
    titles: Titles = {}
    for gather in (_interval_columns, _wet_columns, _measure_columns, _off_road_columns):
        found, named = gather(tables, words, meta)
        columns |= found
        titles |= named
    return pd.DataFrame(columns), titles


def _interval_columns(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[Columns, Titles]:
    columns: Columns = {}
    titles: Titles = {}
    for service, rows in by_service(tables, "intervals", meta):
        name, shown = plain_name(service), words.service(service, meta)
        threshold = threshold_of(service, meta)
        columns |= {f"{name}_low_min": rows["low_min"], f"{name}_high_min": rows["high_min"]}
        columns[f"{name}_width_min"] = rows["high_min"] - rows["low_min"]
        columns[f"{name}_how_sure"] = how_sure(rows, threshold)
        for key, unit in (("low_min", "min"), ("high_min", "min"), ("width_min", "min"), ("how_sure", "")):
            title = words.text("columns", key, service=shown, minutes=words.number(threshold))
            titles[f"{name}_{key}"] = words.with_unit(title, unit)
    return columns, titles


def _wet_columns(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[Columns, Titles]:
    columns: Columns = {}
    titles: Titles = {}
    for service, rows in by_service(tables, "wet_losses", meta):
        name, shown = plain_name(service), words.service(service, meta)
        columns |= {f"{name}_wet_status": rows["wet_status"], f"{name}_slower_min": rows["slower_min"]}
        titles[f"{name}_wet_status"] = words.text("columns", "wet_status", service=shown)
        titles[f"{name}_slower_min"] = words.with_unit(words.text("columns", "slower", service=shown), "min")
    return columns, titles


def _measure_columns(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[Columns, Titles]:
    columns: Columns = {}
    titles: Titles = {}
    for service, measure, rows in measured(tables, meta):
        name = f"{plain_name(service)}_{plain_name(measure)}"
        shown = service_by_mode(service, rows, words, meta)
        columns[name] = rows["value"]
        title = words.text("columns", "measure", service=shown, measure=words.measure(measure))
        titles[name] = words.with_unit(title, str(rows["unit"].iloc[0]))
    return columns, titles


def _off_road_columns(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[Columns, Titles]:
    columns: Columns = {}
    titles: Titles = {}
    if "off_road" not in tables:
        return columns, titles
    for service, rows in tables["off_road"].groupby("service"):
        name, shown = plain_name(str(service)), words.service(str(service), meta)
        by_place = rows.set_index("settlement_id").sort_index()
        columns |= {
            f"{name}_off_road_min": by_place["travel_time_min"],
            f"{name}_off_road_status": by_place["reach_status"],
        }
        title = words.text("columns", "off_road_min", service=shown)
        titles[f"{name}_off_road_min"] = words.with_unit(title, "min")
        titles[f"{name}_off_road_status"] = words.text("columns", "off_road_status", service=shown)
    return columns, titles


def by_service(
    tables: Mapping[str, pd.DataFrame], name: str, meta: QgisMeta
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Walk through the services of a table, each in the mode that is shown or that the study chose for it."""
    if name not in tables:
        return
    rows = tables[name]
    mode = headline_mode(rows, meta)
    for service in services_in_order(list(rows["service"]), meta):
        own = rows[rows["service"] == service]
        # Crews, scenarios and measures may have a mode of their own.
        own = own[own["mode"] == (mode if mode in set(own["mode"]) else own["mode"].min())]
        yield service, own.set_index("settlement_id").sort_index()


def service_by_mode(service: str, rows: pd.DataFrame, words: Messages, meta: QgisMeta) -> str:
    """Name a service, and how people travel to it where that is not the mode of the headlines."""
    name, mode = words.service(service, meta), str(rows["mode"].iloc[0])
    if mode == meta.mode or not meta.mode:
        return name
    return words.text("columns", "service_by_mode", service=name, mode=words.text("modes", mode))


def measured(tables: Mapping[str, pd.DataFrame], meta: QgisMeta) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Walk through everybody's measures."""
    for service, rows in by_service(tables, "measures", meta):
        own = rows[rows["group"] == EVERYBODY]
        for measure in sorted(set(own["measure"])):
            yield service, measure, own[own["measure"] == measure]


def threshold_of(service: str, meta: QgisMeta) -> float:
    """Name the minutes at which a service's certainty is judged."""
    return meta.thresholds_min.get(service, meta.cutoffs_min[-1])


def how_sure(intervals: pd.DataFrame, threshold_min: float) -> pd.Series[str]:
    """
    Class settlements by whether they are within a threshold in every run.

    Examples
    --------
    >>> runs = pd.DataFrame({"low_min": [10.0], "high_min": [31.0], "interval_status": ["reached"]})
    >>> how_sure(runs, 30.0).tolist()
    ['may']
    """
    low, high = intervals["low_min"], intervals["high_min"]
    unknown = intervals["interval_status"].isin(UNDECIDED) & low.isna()
    chosen = np.select(
        [unknown, high <= threshold_min, low <= threshold_min], ["unknown", "within", "may"], "beyond"
    )
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
    left, right = shapely.STRtree(roads).query(
        points, predicate="dwithin", distance=metres + LINE_TOLERANCE_M
    )
    off = np.abs(shapely.distance(points[left], roads[right]) - metres[left])
    order = np.lexsort((right, off, left))
    order = order[off[order] <= LINE_TOLERANCE_M]
    _, first = np.unique(left[order], return_index=True)
    best = order[first]
    lines = shapely.shortest_line(points[left[best]], roads[right[best]])
    return gpd.GeoDataFrame(places.iloc[left[best]].set_geometry(lines, crs=places.crs)).reset_index(
        drop=True
    )


def cell_points(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[gpd.GeoDataFrame, Titles]:
    """Join minutes to the cells of people."""
    frame = tables["cells"].sort_values("settlement_id", kind="stable").reset_index(drop=True)
    columns: Columns = {}
    titles: Titles = {}
    for position, (service, rows) in enumerate(by_service(tables, "cell_access", meta)):
        name, shown = plain_name(service), words.service(service, meta)
        columns[f"{name}_min"] = rows["travel_time_min"]
        title = words.text("columns", "travel_time", service=shown)
        titles[f"{name}_min"] = words.with_unit(title, "min")
        if position == 0:
            columns[f"{name}_reach_status"] = rows["reach_status"]
            titles[f"{name}_reach_status"] = words.text("columns", "reach_status", service=shown)
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
