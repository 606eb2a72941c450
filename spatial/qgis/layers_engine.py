"""The engine's layers: areas within reach, catchments, cells, further looks of settlements, and plain tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from spatial.qgis import looks_engine, looks_measures, looks_trials
from spatial.qgis.columns import plain_name
from spatial.qgis.draft import Draft, by_key, placed
from spatial.qgis.joins import headline_mode, services_in_order
from spatial.qgis.joins_engine import (
    by_service,
    cell_points,
    last_mile_lines,
    measured,
    neighbour_colours,
    service_by_mode,
    threshold_of,
)
from spatial.qgis.joins_trials import changes, scenario_title
from spatial.qgis.layer import Look
from spatial.qgis.palette import TINTS
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from spatial.qgis.meta import Messages, QgisMeta
    from spatial.qgis.styles import Style

__all__ = ["area_drafts", "engine_looks", "engine_tables", "last_mile_drafts"]

PLAIN = (
    "measures",
    "facility_use",
    "served",
    "intervals",
    "interval_people",
    "wet_losses",
    "rural_access",
    "off_road",
    "scenario_access",
    "scenario_people",
    "emergency_response",
    "emergency_people",
    "calibration_factors",
    "calibration_errors",
    "calibration_observations",
)
"""Tables that are shown as they are. Times of cells stand with the cells."""


def area_drafts(tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta) -> Iterator[Draft]:
    """Draft the layers that show ground: within reach, nearest facility, cells of people."""
    for name in ("isochrones", "catchments"):
        if name in tables:
            yield from _areas(name, tables, words, meta)
    if "cells" not in tables or "cell_access" not in tables:
        return
    frame, titles = cell_points(tables, words, meta)
    first = services_in_order(list(tables["cell_access"]["service"]), meta)[0]
    yield Draft(
        "cells",
        frame,
        "results",
        lambda frame: looks_engine.cells_look(plain_name(first), meta.cutoffs_min, frame, words),
        ("cells",),
        title=words.text("layers", "cells", service=words.service(first, meta)),
        titles=titles,
        shelf="areas",
    )


def _areas(name: str, tables: Mapping[str, pd.DataFrame], words: Messages, meta: QgisMeta) -> Iterator[Draft]:
    looks: dict[str, Callable[[pd.DataFrame], Style]] = {
        "isochrones": lambda frame: looks_engine.isochrones_look(frame, words),
        "catchments": lambda frame: looks_engine.catchments_look(frame, words),
    }
    rows = placed(gpd.GeoDataFrame(tables[name]))
    main = headline_mode(rows, meta)
    for service in services_in_order(list(rows["service"]), meta):
        of_service = rows[rows["service"] == service]
        for mode in sorted(set(of_service["mode"]), key=lambda mode: (mode != main, mode)):
            frame = gpd.GeoDataFrame(by_key(of_service[of_service["mode"] == mode], *TABLES[name].key))
            shown = words.text("modes", mode) if words.has("modes", mode) else mode
            yield Draft(
                f"{name}_{plain_name(service)}" + ("" if mode == main else f"_{plain_name(mode)}"),
                _with_facilities(frame, tables) if name == "catchments" else frame,
                "results",
                looks[name],
                (name, "facilities"),
                title=words.text("layers", name, service=words.service(service, meta), mode=shown),
                description=words.text("layers", f"{name}_text", mode=shown),
                titles={"tint": words.text("columns", "tint")},
                shelf="areas",
            )


def _with_facilities(frame: gpd.GeoDataFrame, tables: Mapping[str, pd.DataFrame]) -> gpd.GeoDataFrame:
    """Give catchments the names of their facilities, and colours that differ between neighbours."""
    tinted = frame.assign(tint=neighbour_colours(frame.geometry.to_numpy(), len(TINTS)))
    if "facilities" not in tables:
        return tinted
    facilities = pd.DataFrame(tables["facilities"]).set_index("facility_id")
    names = [column for column in ("name", "name_en", "name_zh") if column in facilities.columns]
    return gpd.GeoDataFrame(tinted.join(facilities[names], on="facility_id"))


def engine_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, meta: QgisMeta
) -> tuple[Look, ...]:
    """
    Make the further looks of settlements.

    Returns measures, certainty, wet season, off the roads, scenarios, response; headline services first.
    """
    return (
        *_measure_looks(tables, frame, words, meta),
        *_certainty_looks(tables, frame, words, meta),
        *_season_looks(tables, frame, words, meta),
        *_off_road_looks(tables, frame, words, meta),
        *_scenario_looks(tables, frame, words, meta),
        *_emergency_looks(tables, frame, words, meta),
    )


def _measure_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, meta: QgisMeta
) -> Iterator[Look]:
    for service, measure, rows in measured(tables, meta):
        column = f"{plain_name(service)}_{plain_name(measure)}"
        shown = service_by_mode(service, rows, words, meta)
        title = words.text("columns", "measure", service=shown, measure=words.measure(measure))
        style = looks_measures.measure_look(column, str(rows["unit"].iloc[0]), frame, words)
        yield Look(column, title, style, "results", shelf="measures")


def _certainty_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, meta: QgisMeta
) -> Iterator[Look]:
    for service in _services(tables, "intervals", meta):
        stem, shown = plain_name(service), words.service(service, meta)
        minutes = words.number(threshold_of(service, meta))
        title = words.text("columns", "how_sure", service=shown, minutes=minutes)
        style = looks_engine.certainty_look(f"{stem}_how_sure", frame, words)
        yield Look(f"{stem}_how_sure", title, style, "results", shelf="certainty")
        title = words.text("layers", "width", service=shown)
        style = looks_engine.width_look(stem, frame, words)
        yield Look(f"{stem}_width", title, style, "results", shelf="certainty")


def _season_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, meta: QgisMeta
) -> Iterator[Look]:
    for service in _services(tables, "wet_losses", meta):
        stem, shown = plain_name(service), words.service(service, meta)
        title = words.text("layers", "wet", service=shown)
        style = looks_engine.wet_look(stem, frame, words)
        yield Look(f"{stem}_wet", title, style, "results", shelf="season")


def _off_road_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, meta: QgisMeta
) -> Iterator[Look]:
    if "off_road" not in tables:
        return
    for service in services_in_order(list(tables["off_road"]["service"]), meta):
        stem, shown = plain_name(service), words.service(service, meta)
        title = words.text("layers", "off_road_places", service=shown)
        style = looks_engine.off_road_look(stem, meta.cutoffs_min, frame, words)
        yield Look(f"{stem}_off_road", title, style, "results", shelf="off_road")


def _scenario_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, meta: QgisMeta
) -> Iterator[Look]:
    for scenario, service, rows in changes(tables, meta):
        column = f"{plain_name(scenario)}_{plain_name(service)}_change"
        named = service_by_mode(service, rows, words, meta)
        shown = {"scenario": scenario_title(scenario, words, meta), "service": named}
        style = looks_trials.change_look(column, float(rows["cutoff_min"].max()), frame, words)
        yield Look(column, words.text("columns", "change", **shown), style, "results", shelf="scenarios")


def _emergency_looks(
    tables: Mapping[str, pd.DataFrame], frame: pd.DataFrame, words: Messages, meta: QgisMeta
) -> Iterator[Look]:
    if "emergency_people" not in tables:
        return
    targets = tables["emergency_people"].groupby("service")["target_min"].unique()
    for service, rows in by_service(tables, "emergency_response", meta):
        stem, shown = plain_name(service), service_by_mode(service, rows, words, meta)
        style = looks_trials.response_look(stem, list(targets[service]), frame, words)
        title = words.text("layers", "response", service=shown)
        yield Look(f"{stem}_response", title, style, "results", shelf="emergency")


def _services(tables: Mapping[str, pd.DataFrame], name: str, meta: QgisMeta) -> list[str]:
    return [service for service, _ in by_service(tables, name, meta)]


def last_mile_drafts(tables: Mapping[str, pd.DataFrame], words: Messages) -> Iterator[Draft]:
    """Draft the lines of the last mile."""
    if "last_mile" in tables and "edges" in tables:
        yield Draft(
            "last_mile_lines",
            last_mile_lines(tables),
            "results",
            lambda frame: looks_engine.last_mile_lines_look(frame, words),
            ("last_mile", "settlements"),
        )


def engine_tables(tables: Mapping[str, pd.DataFrame]) -> Iterator[Draft]:
    """Draft the plain tables."""
    for name in PLAIN:
        if name in tables:
            rows = by_key(tables[name], *TABLES[name].key)
            yield Draft(name, rows, "results", None, (name,), shelf="tables")
