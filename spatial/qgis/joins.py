"""Results joined to the places that they belong to: one row a settlement, a township, a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.planning.headline import missing_by_unit
from spatial.planning.wording import wording
from spatial.qgis.columns import plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.qgis.meta import Messages, QgisMeta

__all__ = [
    "flow_lines",
    "gap_points",
    "headline_mode",
    "settlement_results",
    "township_results",
    "worst_status",
]

WORST_FIRST = ("not_met", "not_measurable", "met", "not_applicable")
"""Order in which one status stands for several: a broken norm shows before an unknown one."""

MOBILE = "mobile_service"
"""Remedy, and class of a gap, of villages that are to be relocated."""

Titles = dict[str, str]


def worst_status(status: pd.Series[str], by: pd.Series[str]) -> pd.Series[str]:
    """
    Choose the worst status of each unit.

    Returns one status a unit, by unit; empty without any.

    Examples
    --------
    >>> worst_status(pd.Series(["met", "not_measurable"]), pd.Series(["a", "a"])).to_dict()
    {'a': 'not_measurable'}
    """
    order = {name: place for place, name in enumerate(WORST_FIRST)}
    worst = status.map(order).astype("int64").groupby(by).min()
    return worst.map(dict(enumerate(WORST_FIRST))).astype("str")


def headline_mode(access: pd.DataFrame, meta: QgisMeta) -> str:
    """
    Name the mode whose minutes are shown.

    Returns the mode named, or the first by name; empty without any row.
    """
    if meta.mode:
        return meta.mode
    return str(access["mode"].min()) if len(access) else ""


def settlement_results(
    tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta
) -> tuple[gpd.GeoDataFrame, Titles]:
    """Join minutes, norm status and last mile to settlements."""
    frame = tables["settlements"].sort_values("settlement_id", kind="stable").reset_index(drop=True)
    titles: Titles = {}
    parts: list[pd.DataFrame] = []
    if "norm_results" in tables:
        parts.append(_norms_by_settlement(tables["norm_results"], titles, words))
    if "access" in tables and len(tables["access"]):
        parts.append(_minutes(tables["access"], titles, words, meta))
    if "last_mile" in tables:
        parts.append(tables["last_mile"].set_index("settlement_id"))
    for part in parts:
        # Minutes to a bus stop, say, are in both access and last mile: the first to name a column keeps it.
        fresh = part.drop(columns=[column for column in part.columns if column in frame.columns])
        frame = frame.join(fresh, on="settlement_id")
    if "norm_status" not in frame.columns:
        frame["norm_status"] = pd.Series(np.nan, index=frame.index, dtype="str")
    unjudged = frame["norm_status"].isna() & frame["in_study"]
    frame["norm_status"] = frame["norm_status"].mask(unjudged, "not_applicable").where(frame["in_study"])
    titles.setdefault("norm_status", words.text("columns", "norm_status"))
    return gpd.GeoDataFrame(frame), titles


def _norms_by_settlement(results: pd.DataFrame, titles: Titles, words: Messages) -> pd.DataFrame:
    rows = results[results["unit_level"] == "settlement"]
    unit = rows["unit_id"]
    columns = {
        "norm_status": worst_status(rows["status"], unit),
        "norm_status_as_mapped": worst_status(rows["status_as_mapped"], unit),
        "norms_not_met": (rows["status"] == "not_met").groupby(unit).sum().astype("Int64"),
        "norms_not_measurable": (rows["status"] == "not_measurable").groupby(unit).sum().astype("Int64"),
    }
    titles.update({name: words.text("columns", name) for name in columns})
    return pd.DataFrame(columns)


def _minutes(access: pd.DataFrame, titles: Titles, words: Messages, meta: QgisMeta) -> pd.DataFrame:
    rows = access[access["mode"] == headline_mode(access, meta)]
    present = set(rows["service"])
    first = [service for service in meta.headline_services if service in present]
    services = [*first, *sorted(present - set(first))]
    detailed = first or services
    columns: dict[str, pd.Series[float] | pd.Series[str] | pd.Series[bool]] = {}
    columns["edge_risk"] = (
        rows[rows["service"].isin(detailed)].groupby("settlement_id")["edge_risk"].any().astype("boolean")
    )
    titles["edge_risk"] = words.text("columns", "edge_risk")
    for service in services:
        of_service = rows[rows["service"] == service].set_index("settlement_id")
        name, shown = plain_name(service), words.service(service, meta)
        columns[f"{name}_min"] = of_service["travel_time_min"]
        title = words.text("columns", "travel_time", service=shown)
        titles[f"{name}_min"] = words.with_unit(title, "min")
        if service in detailed:
            for column in ("facility_id", "reach_status"):
                columns[f"{name}_{column}"] = of_service[column]
                titles[f"{name}_{column}"] = words.text("columns", column, service=shown)
    return pd.DataFrame(columns)


def township_results(
    tables: Mapping[str, pd.DataFrame], words: Messages, norm_names: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, Titles]:
    """Join norm results to townships."""
    boundaries = tables["boundaries"]
    frame = boundaries[boundaries["is_unit"]].sort_values("boundary_id", kind="stable").reset_index(drop=True)
    titles: Titles = {"norm_status": words.text("columns", "norm_status")}
    results = tables.get("norm_results")
    rows = results[results["unit_level"] == "township"] if results is not None else pd.DataFrame()
    if len(rows) == 0:
        frame["norm_status"] = pd.Series("not_applicable", index=frame.index, dtype="str")
        return gpd.GeoDataFrame(frame), titles
    rows = rows.assign(judged_if=missing_by_unit(rows, tables, wording(words.language)))
    columns = {"norm_status": worst_status(rows["status"], rows["unit_id"])}
    for norm in sorted(set(rows.loc[rows["status"] != "not_applicable", "norm_id"])):
        columns |= _norm_columns(rows, norm, norm_names.get(norm, norm), titles, words)
    frame = frame.join(pd.DataFrame(columns), on="boundary_id")
    frame["norm_status"] = frame["norm_status"].fillna("not_applicable")
    return gpd.GeoDataFrame(frame), titles


def _norm_columns(
    rows: pd.DataFrame, norm: str, name: str, titles: Titles, words: Messages
) -> dict[str, pd.Series[str]]:
    of_norm = rows[rows["norm_id"] == norm].set_index("unit_id")
    stem = plain_name(norm)
    chosen = {
        "status": ("status", ""),
        "status_as_mapped": ("status_as_mapped", ""),
        "share": ("served_share", ""),
        "unserved": ("persons_unserved", "persons"),
        "places": ("places_unserved", "places"),
    }
    result = {}
    for key, (column, unit) in chosen.items():
        result[f"{stem}_{key}"] = of_norm[column]
        title = words.text("columns", f"norm_cell_{key}", norm=name)
        titles[f"{stem}_{key}"] = words.with_unit(title, unit)
    if of_norm["judged_if"].ne("").any():
        result[f"{stem}_judged_if"] = of_norm["judged_if"]
        titles[f"{stem}_judged_if"] = words.text("columns", "norm_cell_judged_if", norm=name)
    return result


def gap_points(tables: Mapping[str, pd.DataFrame], service: str) -> gpd.GeoDataFrame:
    """Gather the gaps of a service, classed by how far beyond the norm they are."""
    gaps = tables["gaps"]
    frame = gaps[gaps["service"] == service].sort_values(["rank", "settlement_id", "norm_id"], kind="stable")
    frame = frame.reset_index(drop=True)
    value, threshold = frame["value"], frame["threshold"]
    known = np.select(
        [frame["is_near_miss"], value.isna(), value > 2 * threshold], ["near_miss", "none", "far"], "beyond"
    )
    mapped = np.where(frame["status"] == "not_measurable", "_mapped", "")
    unknown = frame["reach_status"].isin(["unknown", "not_snapped"]) & value.isna()
    labels = np.char.add(known.astype("str"), mapped)
    labels = np.where(unknown, "unknown", labels)
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
