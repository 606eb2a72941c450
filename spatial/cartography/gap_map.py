"""The data block of a map page: what is drawn and all that is known of each settlement."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.cartography.basemap import ground, pack_lines, relief_block
from spatial.cartography.document import codes, map_document, pack, pack_seconds
from spatial.cartography.map_layers import (
    areas_block,
    catchments_block,
    interval_block,
    last_mile_layer,
    measure_layer,
    measures_block,
    norm_layer,
    response_layers,
    sureness_layers,
    time_layer,
    trial_layers,
    trials_block,
    unmapped_layer,
    with_spans,
)
from spatial.cartography.page_data import Detail, PageBook, service_note, study_block
from spatial.cartography.places import (
    TIMES,
    facilities_block,
    last_mile_block,
    off_road_block,
    places_block,
    snaps_block,
    travel_block,
)
from spatial.cartography.score import hidden_names, place_levels_block, score_layers, units_block
from spatial.crs import WGS84
from spatial.tables.words import NORM_STATUS, REACH_STATUS, TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.cartography.page_data import PageMeta, Rows


_MANY_CELLS = 60_000
"""Settlements times destinations above which a page leaves out the table of other destinations."""
_NO_SERVICE: dict[str, Any] = {
    "facilities": None,
    "travel": {},
    "routes": {},
    "interval": None,
    "measures": [],
    "off_road": None,
    "areas": None,
    "catchments": None,
    "trials": None,
}
"""What a page carries that shows no service."""
_PAD, _REACH = 0.04, 0.15
"""Ground shown around the settlements, and at most of a wider study area, as shares of their extent."""


def gap_page(
    book: PageBook, service: str, rows: Rows, detail: Detail, file: str
) -> tuple[bytes, dict[str, Any]]:
    """Write the gap map of one service."""
    meta = book.meta
    note = service_note(service, meta, book.words)
    # Times of the page's settlements, in the study's order of modes.
    pairs = sorted(
        (pair for pair in book.access if pair[0] == service), key=lambda pair: _rank(pair, book.meta)
    )
    times = {mode: _times(book, rows, service, mode) for _, mode in pairs}
    by_mode = {mode: table for mode, table in times.items() if table["reach_status"].notna().any()}
    used = [table[name] for table in by_mode.values() for name in ("facility_id", "second_facility_id")]
    facilities, ids = facilities_block(
        service,
        note.counts or frozenset({service}),
        book.shapes("facilities"),
        book.shapes("settlements"),
        list(pd.concat(used).dropna().unique()) if used else [],
    )
    norms = _page_norms(book, service, rows, detail)
    mapped = facilities is not None
    measured = _measured(book, service, rows, detail, by_mode, ids) if mapped else _NO_SERVICE
    trials = trials_block(rows, book, service, ids) if detail.extras else None
    data = _shared(book, rows, detail) | {
        "page": _page_block("gap", file, note.names, service, ("times", "thresholds", "as_mapped", "people"))
        | {
            "service": {
                "id": service,
                "names": dict(note.names),
                "inventory": note.inventory,
                "proxy": note.proxy,
            }
        },
        "base": _ground(book, detail),
        "layers": _layers(book, service, rows, detail, by_mode, mapped=mapped),
        "own_norms": len(book.norms.of_service(service, meta)),
        "norms": [book.norms.block(norm, rows) for norm in norms],
        "others": _others(book, service, rows, detail),
        **measured,
        "facilities": facilities,
        "trials": trials if mapped or trials is None else trials | {"response": None, "served": None},
    }
    entry = {"kind": "gap", "service": service, "names": dict(note.names), "file": file}
    entry |= {"mapped": mapped} | _reached(rows, by_mode, meta)
    return _document(book, data, f"{service}"), entry


def _layers(
    book: PageBook,
    service: str,
    rows: Rows,
    detail: Detail,
    by_mode: Mapping[str, pd.DataFrame],
    *,
    mapped: bool,
) -> list[dict[str, Any]]:
    """Judge a service by its norms, by plain time and by what else is known; or say that none of it is mapped."""
    meta = book.meta
    # The service's own norms come first among those of the page.
    answered = enumerate(book.norms.of_service(service, meta))
    judged = [norm_layer(norm, number, book.norms, rows, meta) for number, norm in answered]
    layers = [layer for layer in judged if layer is not None]
    if not mapped:
        tried = trial_layers(rows, book, service) if detail.extras else []
        note = service_note(service, meta, book.words)
        # A town of another tier lies beyond the mapped area, however complete the towns in it are.
        complete = note.inventory == "complete" and service not in TIERS
        bare = unmapped_layer(rows, layers[0]["norm"] if layers else None, complete=complete)
        return [bare, *(layer for layer in tried if layer["key"] == "scenario")]
    layers += [time_layer(table, mode, meta) for mode, table in by_mode.items()]
    if not detail.extras:
        return layers
    layers = with_spans(layers, book, service, rows)
    layers += sureness_layers(layers, book, service, rows)
    measured = measure_layer(rows, book, service)
    layers += [] if measured is None else [measured]
    return layers + response_layers(rows, book, service) + trial_layers(rows, book, service)


def _measured(
    book: PageBook,
    service: str,
    rows: Rows,
    detail: Detail,
    by_mode: Mapping[str, pd.DataFrame],
    ids: pd.Index,
) -> dict[str, Any]:
    """Tell the ways to the facilities of a service, and what the access engine knows of them."""
    # Tell what the access engine knows beyond the nearest facility, as far as the page has room.
    tolerance_m = detail.tolerance_m
    areas, catchments = book.once(
        ("areas", service, tolerance_m),
        lambda: (areas_block(book, service, tolerance_m), catchments_block(book, service, tolerance_m)),
    )
    engine = {
        "interval": interval_block(rows, book, service) if detail.extras else None,
        "measures": measures_block(rows, book, service) if detail.extras else [],
        "off_road": off_road_block(rows, book.of_service("off_road", service)) if detail.extras else None,
        "areas": areas if detail.minor_roads else None,
        "catchments": catchments if detail.minor_roads else None,
    }
    return {
        "travel": {mode: travel_block(table, ids, detail=detail.extras) for mode, table in by_mode.items()},
        "routes": _routes(book, service, rows, detail),
        **engine,
    }


def last_mile_page(
    book: PageBook, service: str, rows: Rows, detail: Detail, file: str
) -> tuple[bytes, dict[str, Any]]:
    """Write the map of the last mile."""
    table = book.tables["last_mile"]
    norms = _page_norms(book, service, rows, detail)
    views = {"likely": "last_mile_class", "known": "last_mile_class_known"}
    data = _shared(book, rows, detail) | {
        "page": _page_block("last_mile", file, {}, service, ("last_mile_method", "people"))
        | {"service": {"id": service, "names": {}, "inventory": "complete", "proxy": False}},
        "base": _ground(book, detail, seasons=True),
        "layers": [last_mile_layer(rows, table, key, column) for key, column in views.items()],
        "own_norms": len(book.norms.of_service(service, book.meta)),
        "norms": [book.norms.block(norm, rows) for norm in norms],
        **_NO_SERVICE,
        "others": _others(book, service, rows, detail),
    }
    return _document(book, data, "last mile"), {
        "kind": "last_mile",
        "service": service,
        "names": {},
        "file": file,
    }


def score_map_page(
    book: PageBook, service: str, rows: Rows, detail: Detail, file: str
) -> tuple[bytes, dict[str, Any]]:
    """Write the map of integration."""
    data = _shared(book, rows, detail) | {
        "page": _page_block("score", file, {}, service, ("score_map", "people"))
        | {"service": {"id": service, "names": {}, "inventory": "complete", "proxy": False}},
        "base": _ground(book, detail),
        "layers": score_layers(rows, book),
        "own_norms": 0,
        "norms": [book.norms.block(norm, rows) for norm in _page_norms(book, service, rows, detail)],
        **_NO_SERVICE,
        "units": units_block(book, detail.tolerance_m),
        "others": _others(book, service, rows, detail),
    }
    return _document(book, data, "integration"), {
        "kind": "score",
        "service": service,
        "names": {},
        "file": file,
    }


def _page_block(
    kind: str, file: str, names: Mapping[str, str], service: str, methods: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "kind": kind,
        "file": file,
        "names": dict(names),
        "subject": service,
        "index": "index.html",
        "methods": [f"about.{method}" for method in methods],
    }


def _shared(book: PageBook, rows: Rows, detail: Detail) -> dict[str, Any]:
    shared: dict[str, Any] = rows.once(("shared", detail), lambda: _encode_shared(book, rows, detail))
    return shared


def _ground(book: PageBook, detail: Detail, *, seasons: bool = False) -> list[dict[str, Any]]:
    tolerance_m, minor = detail.tolerance_m, detail.minor_roads
    groups: list[dict[str, Any]] = book.once(
        ("ground", tolerance_m, minor, seasons),
        lambda: ground(book.tables, tolerance_m=tolerance_m, minor=minor, seasons=seasons),
    )
    return groups


def _encode_shared(book: PageBook, rows: Rows, detail: Detail) -> dict[str, Any]:
    tables = book.tables
    # South-west and north-east: the settlements, and the study area where it does not reach far beyond
    # them.
    area = tables.get("study_area")
    box = rows.settlements.geometry.to_crs(WGS84).total_bounds
    span = np.maximum(box[2:] - box[:2], 0.01)
    low, high = box[:2] - span * _PAD, box[2:] + span * _PAD
    if isinstance(area, gpd.GeoDataFrame) and len(area):
        ground_box = area.geometry.to_crs(WGS84).total_bounds
        low = np.clip(ground_box[:2], box[:2] - span * _REACH, low)
        high = np.clip(ground_box[2:], high, box[2:] + span * _REACH)
    bounds = [[round(float(corner[1]), 5), round(float(corner[0]), 5)] for corner in (low, high)]
    (south, west), (north, east) = bounds
    snaps = tables.get("snaps")
    return study_block(book, rows) | {
        "middle": [round((south + north) / 2, 5), round((west + east) / 2, 5)],
        "bounds": bounds,
        "relief": _relief(book, rows, bounds) if detail.relief else None,
        "places": places_block(rows, tables.get("boundaries"), detail=detail.extras),
        "snaps": {} if snaps is None else snaps_block(rows, snaps, detail=detail.extras),
        "last_mile": last_mile_block(rows, tables.get("last_mile"), detail=detail.extras),
        "levels": place_levels_block(rows, book) if detail.extras else None,
        "level_hidden": _level_hidden(book) if detail.extras else {},
        "norm_statuses": list(NORM_STATUS),
        "reasons": list(book.norms.reasons),
    }


def _level_hidden(book: PageBook) -> dict[str, str]:
    """Say why no settlement's level is shown, where any has one."""
    if "scores" not in book.tables:
        return {}
    scores = book.tables["scores"]
    places = scores.loc[scores["unit_level"] == "settlement"]
    shown = places["integration_level"].notna().any() or not len(places)
    return {} if shown else hidden_names(book, str(places["level_hidden"].max()))


def _relief(book: PageBook, rows: Rows, bounds: list[list[float]]) -> dict[str, Any] | None:
    """Shade the ground that the page shows, and what a little panning shows."""
    relief = book.relief
    if relief is None:
        return None
    low, high = np.array(bounds)
    margin = (high - low) * _REACH
    wider = np.round([low - margin, high + margin], 5).tolist()
    block: dict[str, Any] | None = rows.once("relief", lambda: relief_block(relief, wider))
    return block


def _page_norms(book: PageBook, service: str, rows: Rows, detail: Detail) -> list[dict[str, Any]]:
    own = book.norms.of_service(service, book.meta)
    if not detail.extras or len(rows.ids) * len(book.norms.norms) > _MANY_CELLS * 4:
        return own
    names = {norm["id"] for norm in own}
    others = (norm for norm in book.norms.norms if norm["id"] not in names)
    return own + [norm for norm in others if norm["id"] in book.norms.by_norm]


def _routes(book: PageBook, service: str, rows: Rows, detail: Detail) -> dict[str, Any]:
    routes = book.of_service("routes", service)
    if not detail.routes or not isinstance(routes, gpd.GeoDataFrame):
        return {}
    names = ["settlement_id", "mode", routes.geometry.name]
    own = routes[names].assign(row=rows.ids.get_indexer(pd.Index(routes["settlement_id"])))
    own = own.loc[own["row"] >= 0].sort_values("settlement_id", kind="stable")
    return {
        str(mode): pack_lines(
            gpd.GeoSeries(part.geometry), tolerance_m=detail.tolerance_m, labels=part["row"]
        )
        for mode, part in own.groupby("mode", sort=True)
    }


def _times(book: PageBook, rows: Rows, service: str, mode: str) -> pd.DataFrame:
    """Bring the times to a service by a mode into the order of the settlements; every page tells some of them."""
    table: pd.DataFrame = rows.once(
        ("times", service, mode), lambda: rows.align(book.access[service, mode], TIMES)
    )
    return table


def _others(book: PageBook, service: str, rows: Rows, detail: Detail) -> list[dict[str, Any]]:
    pairs = sorted(
        (pair for pair in book.access if pair[0] != service), key=lambda pair: _rank(pair, book.meta)
    )
    if not detail.routes or len(pairs) * len(rows.ids) > _MANY_CELLS:
        return []
    return [rows.once(("other", *pair), functools.partial(_other, book, rows, *pair)) for pair in pairs]


def _other(book: PageBook, rows: Rows, service: str, mode: str) -> dict[str, Any]:
    table = _times(book, rows, service, mode)
    status = codes(table["reach_status"].fillna("unknown"), REACH_STATUS)
    return {
        "service": service,
        "names": dict(service_note(service, book.meta, book.words).names),
        "file": book.files.get(service),
        "mode": mode,
        "time": pack_seconds(table["travel_time_min"]),
        "status": pack(status, "u1"),
        "statuses": list(REACH_STATUS),
    }


def _rank(pair: tuple[str, str], meta: PageMeta) -> tuple[str, int, str]:
    service, mode = pair
    return service, meta.modes.index(mode) if mode in meta.modes else len(meta.modes), mode


def _reached(rows: Rows, by_mode: Mapping[str, pd.DataFrame], meta: PageMeta) -> dict[str, Any]:
    if not by_mode:
        return {"reached": None}
    mode, table = next(iter(by_mode.items()))
    within = table["travel_time_min"].to_numpy() <= meta.default_threshold_min
    weight = (
        rows.settlements["population_persons"].fillna(0.0).to_numpy()
        if rows.has_people
        else np.ones(len(within))
    )
    total = float(weight.sum())
    share = float(weight[within].sum()) / total if total > 0 else None
    return {"reached": share, "mode": mode, "threshold": meta.default_threshold_min}


def _document(book: PageBook, data: dict[str, Any], subject: str) -> bytes:
    title = f"{book.title}: {subject}"
    return map_document(data, title=title, language=book.language, middle=data["middle"])
