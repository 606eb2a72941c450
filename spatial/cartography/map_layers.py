"""Layers of a gap map: norms, times, measures, areas, how sure times are, the wet season, what if, response."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.arrays import IntArray
from spatial.cartography.basemap import pack_lines
from spatial.cartography.document import NO_INDEX, codes, pack, pack_seconds, pack_texts, pack_words, round_up
from spatial.cartography.page_data import (
    NormBook,
    PageBook,
    PageMeta,
    Rows,
    ServiceNote,
    class_limits,
    people_inside,
    slider_step,
)
from spatial.messages import Words
from spatial.planning.agenda import BETWEEN
from spatial.reporting.plans import action_text, place_name
from spatial.reporting.summary import FACTORS, change_of, runs_of, served_class, told_unit
from spatial.reporting.wording import capital, plain
from spatial.tables.words import LAST_MILE, MEASURE_STATUS, REACH_STATUS, TIERS, WET_STATUS

# What a gap map judges by: each norm of the service, then plain travel time by each mode.

COMPARE, BEYOND, NO_DATA, OUT_OF_SCOPE = 0, 1, 2, 3
TRAVELLED = frozenset({"time_min", "roundtrip_time_min", "dist_m", "network_dist_m"})
"""What norms of time or distance measure."""
_USUAL_MAX_MIN = 120.0
_ROUND_MIN, _NEAR_END = 5.0, 0.75
"""Without a norm the slider ends on so many minutes, and begins no nearer to its end than this share."""


def service_layers(
    book: PageBook, note: ServiceNote, rows: Rows, by_mode: Mapping[str, pd.DataFrame], *, extras: bool, mapped: bool
) -> list[dict[str, Any]]:
    """Judge a service by its norms, by plain time and by what else is known; or say that none of it is mapped."""
    meta, service = book.meta, note.id
    # The service's own norms come first among those of the page.
    answered = enumerate(book.norms.of_service(note))
    judged = [norm_layer(norm, number, book.norms, rows) for number, norm in answered]
    layers = [layer for layer in judged if layer is not None]
    if not mapped:
        # A town of another tier lies beyond the mapped area, however complete the towns in it are.
        none = "none_there" if note.inventory == "complete" and service not in TIERS else "none_mapped"
        values = pd.Series([none] * len(rows.ids), dtype="str")
        bare = class_layer(values, "none_mapped", (none,), always=1, mode="none")
        tried = trial_layers(rows, book, service) if extras else []
        return [
            bare | {"norm": layers[0]["norm"] if layers else None},
            *(layer for layer in tried if layer["key"] == "scenario"),
        ]
    layers += [time_layer(table, mode, meta, book.longest(service, mode)) for mode, table in by_mode.items()]
    if not extras:
        return layers
    # Give every layer of minutes the best and the worst of its runs.
    intervals, access = (book.of_service(name, service) for name in ("intervals", "access"))
    spans: dict[str, dict[str, Any]] = {}
    told = []
    for layer in layers:
        mode = str(layer["mode"])
        if layer["kind"] != "threshold" or layer["metric"] != "time_min" or layer["unit"] != "min":
            told.append(layer)
            continue
        if mode not in spans:
            runs = runs_of(intervals, access, service=service, mode=mode)
            spans[mode] = {}
            minutes = {} if runs is None else {side: runs.minutes[side] for side in ("low", "high")}
            for side, own in minutes.items():
                spans[mode][side] = pack_seconds(own.reindex(rows.ids), begun=True)
        told.append(layer | spans[mode])
    layers = told
    return [
        *layers,
        *sureness_layers(layers, book, service, rows),
        *measure_layers(rows, book, service),
        *response_layers(rows, book, service),
        *trial_layers(rows, book, service),
    ]


def norm_layer(norm: Mapping[str, Any], number: int, book: NormBook, rows: Rows) -> dict[str, Any] | None:
    """Judge settlements by a norm of time or distance; None of another kind, or where nothing was measured."""
    if norm["metric"] not in TRAVELLED or norm["threshold"] is None:
        return None
    table = book.results(norm["id"], rows)
    if table is None:
        return None
    mapped = table["status_as_mapped"].fillna("not_measurable")
    values = table["value"].to_numpy(dtype=np.float64)
    if not mapped.isin(["met", "not_met"]).any():
        return None
    fixed = np.select(
        [mapped == "not_applicable", mapped == "not_measurable", np.isnan(values) & (mapped == "not_met")],
        [OUT_OF_SCOPE, NO_DATA, BEYOND],
        COMPARE,
    )
    return threshold_layer(fixed, unit=str(norm["unit"]), threshold=float(norm["threshold"])) | {
        "mode": norm["mode"] if norm["metric"] != "dist_m" else "none",
        "metric": norm["metric"],
        "norm": number,
    }


def longest_min(table: pd.DataFrame, elsewhere: float = np.nan) -> float:
    """Round the longest time that is known, here or elsewhere, up to steps of the slider; 0 where none is known."""
    longest = np.fmax(table["travel_time_min"].max(), elsewhere)
    return 0.0 if pd.isna(longest) else math.ceil(longest / _ROUND_MIN) * _ROUND_MIN


def begin_min(table: pd.DataFrame, meta: PageMeta, elsewhere: float = np.nan) -> float:
    """Say where the slider of a service without a norm begins: amid the times, where most are shorter than usual."""
    longest = longest_min(table, elsewhere)
    if not longest or longest * _NEAR_END >= meta.default_threshold_min:
        return meta.default_threshold_min
    return max(_ROUND_MIN, math.ceil(longest / 2.0 / _ROUND_MIN) * _ROUND_MIN)


def time_layer(table: pd.DataFrame, mode: str, meta: PageMeta, elsewhere: float = np.nan) -> dict[str, Any]:
    """Show travel time by one mode, whatever the norms; the slider ends with the longest time."""
    status = table["reach_status"].fillna("unknown")
    fixed = np.select([status == "reached", status == "unknown"], [COMPARE, NO_DATA], BEYOND)
    values = table["travel_time_min"].to_numpy(dtype=np.float64)
    threshold = begin_min(table, meta, elsewhere)
    limits = class_limits(threshold, slider_step(threshold, "min"))
    return threshold_layer(fixed, unit="min", threshold=threshold) | {
        "max": max(longest_min(table, elsewhere), threshold),
        "value": pack(round_up(values, limits), "f4"),
        "mode": mode,
        "metric": "time_min",
        "norm": None,
    }


def class_layer(values: pd.Series, key: str, classes: Sequence[str], *, always: int, mode: str) -> dict[str, Any]:
    """Show a class that each settlement has, whatever the standard."""
    return {
        "kind": "classes",
        "key": key,
        "classes": list(classes),
        "codes": pack_words(values, classes),
        "always": always,
        "threshold": 0.0,
        "unit": "min",
        "mode": mode,
        "norm": None,
    }


def last_mile_layer(rows: Rows, last_mile: pd.DataFrame, key: str, column: str) -> dict[str, Any]:
    """Show the classes of the last mile."""
    classes = rows.align(last_mile, (column,))[column].fillna("unknown")
    return class_layer(classes, key, LAST_MILE, always=4, mode="walk") | {"threshold": 2000.0, "unit": "m"}


def threshold_layer(fixed: npt.ArrayLike, *, unit: str, threshold: float) -> dict[str, Any]:
    """Begin a layer whose values are held against a standard that the slider moves."""
    if unit == "min":
        most = max(_USUAL_MAX_MIN, math.ceil(threshold / 15.0) * 30.0)
    else:
        most = math.ceil(2.0 * threshold / 1000.0) * 1000.0
    return {
        "kind": "threshold",
        "unit": unit,
        "threshold": threshold,
        "max": most,
        "step": slider_step(threshold, unit),
        "fixed": pack(fixed, "u1"),
    }


_NO_WAY_THEN = 255
"""Code of places that have no way with the plan either, among the numbers of actions."""
_MIDDLE_ENDS = re.compile(f"{BETWEEN}.*{BETWEEN}")
"""Ends of a link between its first and its last, which name it in a table."""


def plan_help(rows: Rows, book: PageBook, norm: Mapping[str, Any]) -> dict[str, Any] | None:
    """Encode what the plan for a norm does for each settlement: its actions, which brings it within, its value then."""
    record = next((plan for plan in book.plans if plan["norm_id"] == norm["id"] and plan["actions"]), None)
    if record is None:
        return None
    people = book.tables["plan_people"]
    own = people.loc[(people["plan_id"] == record["plan_id"]) & (people["unit_level"] == "settlement")]
    if not len(own):
        return None
    table = rows.align(own, ("before_value", "after_value", "outcome", "action_id"), key="unit_id")
    numbers = codes(table["action_id"], [action["action_id"] for action in record["actions"]]) + 1
    is_same = ~table["outcome"].isin(["gained", "beyond"]) & (table["before_value"] == table["after_value"])
    told = {language: Words(language) for language in book.words}
    return {
        "actions": [
            {
                language: capital(action_text(action, _MIDDLE_ENDS.sub(" … ", place_name(action, words)), words))
                for language, words in told.items()
            }
            for action in record["actions"]
        ],
        "none": _NO_WAY_THEN,
        "by": pack(np.where(table["outcome"] == "none_reached", _NO_WAY_THEN, numbers), "u1"),
        "after": pack(round_up(table["after_value"].mask(is_same), (float(norm["threshold"]),)), "f4"),
    }


# Measures of access on a gap map: a layer of classes beside the mean, and what each settlement has.

_LEVELS = ("ample", "fair", "short", "nothing", "unknown")
_PREFERRED = ("e2sfca", "3sfca", "m2sfca", "2sfca", "bfca")
_AMOUNTS = frozenset({"spatial_availability"})
"""Measures that grow with the place, so that no mean over people says whether a place has little."""


def measure_layers(rows: Rows, book: PageBook, service: str) -> list[dict[str, Any]]:
    """Show one measure of access in classes beside the mean over the people of the study; none without any."""
    own = book.of_service("measures", service)
    if own is None:
        return []
    own = own.loc[(own["group"] == "everybody") & ~own["measure"].isin(_AMOUNTS)]
    if not len(own):
        return []
    names = set(own["measure"])
    shortest = min(names, key=lambda name: (len(name), name))
    chosen = next((name for name in _PREFERRED if name in names), shortest)
    own = own.loc[own["measure"] == chosen]
    own = own.loc[own["mode"] == min(own["mode"].unique())]
    # Weigh by people, or by places where nobody knows the people; over the study, whatever part a page shows.
    people = people_inside(book)
    at, value = people.index.get_indexer(pd.Index(own["settlement_id"])), pd.Series(np.nan, people.index)
    value.iloc[at[at >= 0]] = own["value"].to_numpy()[at >= 0]
    weight = people.fillna(0.0) if people.notna().any() else people.isna().astype(float)
    weight = weight.where(value.notna(), 0.0)
    total = float(weight.sum())
    mean = float((value.fillna(0.0) * weight).sum() / total) if total > 0 else 0.0
    if not mean > 0:
        return []
    values = rows.align(own, ("value",))["value"]
    level = np.select(
        [values.isna(), values >= mean, values >= mean / 2, values > 0],
        ["unknown", "ample", "fair", "short"],
        "nothing",
    )
    layer = class_layer(pd.Series(level), "measure", _LEVELS, always=4, mode=str(own["mode"].iloc[0]))
    unit, per = told_unit(own)
    return [layer | {"measure": chosen, "mean": mean, "told": {"unit": unit, "per": per}}]


def measures_block(rows: Rows, book: PageBook, service: str) -> list[dict[str, Any]]:
    """Encode the measures of access of one service by mode, group and measure; empty without the table."""
    own = book.of_service("measures", service)
    if own is None:
        return []
    found = []
    for (mode, group, measure), part in own.groupby(["mode", "group", "measure"], sort=True):
        table = rows.align(part, ("value", "status", "edge_risk"))
        unit, per = told_unit(part)
        found.append(
            {
                "measure": str(measure),
                "mode": str(mode),
                "group": str(group),
                "unit": unit,
                "per": per,
                "value": pack(table["value"], "f4"),
                "status": pack(codes(table["status"], MEASURE_STATUS) + 1, "u1"),
                "statuses": list(MEASURE_STATUS),
                "risk": pack(table["edge_risk"].eq(other=True), "u1"),
            }
        )
    return found


# Ground on a gap map: what lies within reach of a service, and which facility is nearest.

_TINTS = 4
"""Tints of catchments, so that neighbours differ; where four do not suffice the rarest among them is repeated."""


def areas_block(book: PageBook, service: str, tolerance_m: float) -> dict[str, Any] | None:
    """Encode the ground within reach of a service, the shortest cutoff first; None without any."""
    own = _reach_ground(book, "isochrones", service, "cutoff_min")
    if own is None:
        return None
    names = {"cutoff": "cutoff_min", "roads_km": "reached_km", "area_km2": "area_km2", "walk": "walk_on_top_min"}
    shown = {key: own[name].astype(float).round(3).tolist() for key, name in names.items()}
    return {
        "mode": str(own["mode"].iloc[0]),
        "items": [dict(zip(shown, values, strict=True)) for values in zip(*shown.values(), strict=True)],
        "lines": pack_lines(own.geometry, tolerance_m=tolerance_m, rings=True),
    }


def catchments_block(book: PageBook, service: str, tolerance_m: float) -> dict[str, Any] | None:
    """Encode the ground that is nearest to each facility; None without any."""
    own = _reach_ground(book, "catchments", service, "facility_id")
    if own is None:
        return None
    return {
        "mode": str(own["mode"].iloc[0]),
        "facility": pack_texts(own["facility_id"]),
        "tint": pack(neighbour_tints(own.geometry), "u1"),
        "people": pack(own["population_persons"], "f4"),
        "minutes": pack(own["longest_min"], "f4"),
        "area": pack(own["area_km2"], "f4"),
        "lines": pack_lines(own.geometry, tolerance_m=tolerance_m, rings=True),
    }


def neighbour_tints(shapes: gpd.GeoSeries) -> IntArray:
    """Give neighbours different tints, the largest number of neighbours first (Welsh and Powell 1967)."""
    polygons = shapes.to_numpy()
    left, right = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    neighbours = [right[(left == item) & (right != item)] for item in range(len(polygons))]
    order = sorted(range(len(polygons)), key=lambda item: -len(neighbours[item]))
    tints = np.full(len(polygons), NO_INDEX)
    for item in order:
        near = tints[neighbours[item]]
        tints[item] = int(np.argmin(np.bincount(near[near >= 0], minlength=_TINTS)))
    return tints


def _reach_ground(book: PageBook, table: str, service: str, order: str) -> gpd.GeoDataFrame | None:
    """Take the areas of one service by the first of its modes, without those that have no ground."""
    own = book.of_service(table, service)
    if not isinstance(own, gpd.GeoDataFrame):
        return None
    own = own.loc[own.geometry.notna() & ~own.geometry.is_empty]
    if not len(own):
        return None
    first = own.loc[own["mode"] == own["mode"].min()].sort_values(order, kind="stable")
    return gpd.GeoDataFrame(first.reset_index(drop=True))


# How sure times are, and what the wet season does: layers and blocks of a gap map.

_SURE = ("sure_within", "may", "sure_beyond", "unknown", "out_of_scope")


def sureness_layers(layers: list[dict[str, Any]], book: PageBook, service: str, rows: Rows) -> list[dict[str, Any]]:
    """Show how sure times are, by the first layer that has runs, and what the wet season does; as far as known."""
    made = []
    number = next((number for number, layer in enumerate(layers) if "low" in layer), None)
    if number is not None:
        judged = layers[number]
        made.append({**judged, "kind": "sure", "key": "sure", "always": 3, "classes": list(_SURE)})
    own = _first_mode(book, "wet_losses", service)
    if own is not None:
        status = rows.align(own, ("wet_status",))["wet_status"].fillna("unknown")
        made.append(class_layer(status, "wet", WET_STATUS, always=3, mode=str(own["mode"].iloc[0])))
    return made


def interval_block(rows: Rows, book: PageBook, service: str) -> dict[str, Any] | None:
    """Encode the interval of minutes of each settlement, and the wet season."""
    own = _first_mode(book, "intervals", service)
    if own is None:
        return None
    mode = str(own["mode"].iloc[0])
    table = rows.align(own, ("low_min", "base_min", "high_min", "main_factor", "main_factor_min"))
    block = {
        "mode": mode,
        **{side: pack_seconds(table[f"{side}_min"]) for side in ("low", "base", "high")},
        "factors": list(FACTORS),
        "factor": pack(np.maximum(codes(table["main_factor"], FACTORS), -1) + 1, "u1"),
        "width": pack_seconds(table["main_factor_min"]),
        "wet": None,
    }
    wet = book.of_service("wet_losses", service)
    if wet is not None and (wet["mode"] == mode).any():
        lost = rows.align(wet.loc[wet["mode"] == mode])
        block["wet"] = {
            "status": pack_words(lost["wet_status"], WET_STATUS, missing="unknown"),
            "statuses": list(WET_STATUS),
            "minutes": pack_seconds(lost["wet_min"]),
            "dry": pack_seconds(lost["dry_min"]),
            "reach": pack_words(lost["wet_reach_status"], REACH_STATUS, missing="unknown"),
            "reaches": list(REACH_STATUS),
            "changes": pack(lost["facility_changes"].eq(other=True), "u1"),
        }
    return block


# What if, response of crews, room at facilities: layers and blocks of a gap map.

_CHANGES = tuple(f"change_{name}" for name in ("gained", "quicker", "same", "slower", "lost", "neither", "unknown"))
_ROOM = tuple(f"room_{name}" for name in ("served", "partly_served", "full", "not_reached", "nobody", "unknown"))


def response_layers(rows: Rows, book: PageBook, service: str) -> list[dict[str, Any]]:
    """Show the minutes from the call until the first crew is there; empty where no crews start from this service."""
    own = _first_mode(book, "emergency_response", service)
    if own is None:
        return []
    people = book.of_service("emergency_people", service)
    targets = [] if people is None else people["target_min"].tolist()
    target = float(min(targets, default=book.meta.default_threshold_min))
    table = rows.align(own)
    status = table["reach_status"].fillna("unknown")
    fixed = np.select([status == "reached", status == "unknown"], [COMPARE, NO_DATA], BEYOND)
    values = round_up(table["response_min"].to_numpy(dtype=np.float64), sorted(targets))
    layer = threshold_layer(fixed, unit="min", threshold=target)
    return [
        layer
        | {
            "key": "response",
            "value": pack(values, "f4"),
            "mode": str(own["mode"].iloc[0]),
            "metric": "time_min",
            "mobilisation_min": [plain(own["mobilisation_min"].min()), plain(own["mobilisation_min"].max())],
            "norm": None,
        }
    ]


def trial_layers(rows: Rows, book: PageBook, service: str) -> list[dict[str, Any]]:
    """Make a layer of each scenario, and one of who finds room. Returns layers of classes; empty without the tables."""
    layers = []
    for scenario, table, own in _scenarios(rows, book, service):
        mode, cutoff = str(own["mode"].iloc[0]), float(own["cutoff_min"].iloc[0])
        title = dict(book.meta.scenarios.get(scenario, {}))
        layer = class_layer("change_" + pd.Series(change_of(table)), "scenario", _CHANGES, always=5, mode=mode)
        layers.append(layer | {"threshold": cutoff, "scenario": scenario, "title": title})
    served = _first_mode(book, "served", service)
    if served is not None:
        room, mode = "room_" + pd.Series(served_class(rows.align(served))), str(served["mode"].iloc[0])
        layers.append(class_layer(room, "room", _ROOM, always=4, mode=mode))
    return layers


def trials_block(rows: Rows, book: PageBook, service: str, facilities: pd.Index) -> dict[str, Any]:
    """Encode what scenarios, crews and room mean for each settlement; empty or None without their tables."""
    scenarios = []
    for scenario, table, own in _scenarios(rows, book, service):
        statuses = {
            f"{side}_status": pack_words(table[f"{side}_status"], REACH_STATUS, missing="unknown")
            for side in ("before", "after")
        }
        scenarios.append(
            {
                "scenario": scenario,
                "title": dict(book.meta.scenarios.get(scenario, {})),
                "mode": str(own["mode"].iloc[0]),
                "statuses": list(REACH_STATUS),
                **{side: pack_seconds(table[f"{side}_min"]) for side in ("before", "after")},
                **statuses,
            }
        )
    found: dict[str, Any] = {"scenarios": scenarios, "response": None, "served": None}
    crews = _first_mode(book, "emergency_response", service)
    if crews is not None:
        table = rows.align(crews)
        names = ("mobilisation", "drive", "target_met")
        found["response"] = {
            "mode": str(crews["mode"].iloc[0]),
            "statuses": list(REACH_STATUS),
            "status": pack_words(table["reach_status"], REACH_STATUS, missing="unknown"),
            "station": pack(codes(table["station_id"], facilities), "i4"),
            **{name: pack_seconds(table[f"{name}_min"]) for name in names},
        }
    served = _first_mode(book, "served", service)
    if served is not None:
        table = rows.align(served)
        found["served"] = {
            "mode": str(served["mode"].iloc[0]),
            **{name: pack(table[f"{name}_persons"].fillna(-1.0), "f4") for name in ("served", "full", "not_reached")},
        }
    return found


def _scenarios(rows: Rows, book: PageBook, service: str) -> list[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Take each scenario's rows for the page's settlements, in the order of their names."""
    own = book.of_service("scenario_access", service)
    if own is None:
        return []
    return [(str(scenario), rows.align(part), part) for scenario, part in own.groupby("scenario", sort=True)]


def _first_mode(book: PageBook, name: str, service: str) -> pd.DataFrame | None:
    """Take the rows of one service by its first mode; None where there are none."""
    own = book.of_service(name, service)
    return None if own is None else pd.DataFrame(own.loc[own["mode"] == own["mode"].min()])
