"""The data block of a map page: what is drawn and all that is known of each settlement."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.cartography.basemap import ground, pack_routes, relief_shown
from spatial.cartography.document import pack, pack_words, page_document
from spatial.cartography.map_layers import (
    TRAVELLED,
    areas_block,
    begin_min,
    catchments_block,
    interval_block,
    last_mile_layer,
    measures_block,
    plan_help,
    service_layers,
    trials_block,
)
from spatial.cartography.page_data import SCORE_MAP, Detail, PageBook, Rows, ServiceNote, once, shown_box, study_block
from spatial.cartography.places import (
    TOLD,
    cells_block,
    facilities_block,
    last_mile_block,
    off_road_block,
    places_block,
    snaps_block,
    travel_block,
)
from spatial.cartography.score import hidden_names, place_levels_block, score_layers, units_block
from spatial.messages import Words
from spatial.reporting.wording import columns_told
from spatial.tables.words import NORM_STATUS, REACH_STATUS, TIERS

_MANY_CELLS = 60_000
"""Settlements times destinations above which a page leaves out the table of other destinations."""
_NO_SERVICE: dict[str, Any] = {
    **dict.fromkeys(("facilities", "interval", "off_road", "areas", "catchments", "cells", "trials")),
    "travel": {},
    "routes": {},
    "measures": [],
}
"""What a page carries that shows no service."""
_METHODS = {
    "gap": ("times", "thresholds", "as_mapped", "people"),
    "last_mile": ("last_mile_method", "people"),
    "score": ("score_map", "people"),
}
"""What a page of a kind explains in its small print."""
_WORDS = ("view.", "closing.", "picture.", "mine.", "cell.")
"""Words that maps have beside those of all pages."""
_UNTOLD = frozenset(
    ("source", "source_section", "source_url", "confidence", "study", "certainty", "rural_access", "people_missing")
)
"""What a page does not tell of norms that another page is about."""


class Ways(NamedTuple):
    """The drawn ways to one service by one mode."""

    mode: str
    shapes: gpd.GeoSeries
    rows: npt.NDArray[np.intp]  # the settlement of each, by its place in the order of the page


def map_page(book: PageBook, service: str, rows: Rows, detail: Detail, file: str) -> tuple[bytes, dict[str, Any]]:
    """Write the gap map of a service, of the last mile or of integration; returns it, and what the index says of it."""
    tolerance_m = detail.tolerance_m
    others = _others(book, service, rows, detail)
    entry: dict[str, Any] = {"kind": "gap", "service": service, "names": {}, "file": file}
    note = ServiceNote(service, inventory="complete")
    if service == "last_mile":
        entry["kind"] = key = "last_mile"
        views = {"likely": "last_mile_class", "known": "last_mile_class_known"}
        table = book.tables["last_mile"]
        layers = [last_mile_layer(rows, table, key, column) for key, column in views.items()]
        own = {**_NO_SERVICE, "others": others}
    elif service == SCORE_MAP:
        entry["kind"], key = "score", "score_map"
        layers = score_layers(rows, book)
        own = {**_NO_SERVICE, "units": units_block(book, tolerance_m), "others": others}
    else:
        note, key = book.note(service), "gap"
        layers, known, reached = _service_block(book, note, rows, detail)
        own = {"others": others, **known}
        entry |= {"names": dict(note.names)} | reached
    # The norms of the service first, then all others that any settlement has a result of.
    answered = book.norms.of_service(note)
    norms = list(answered)
    if detail.extras and len(rows.ids) * len(book.norms.norms) <= _MANY_CELLS * 4:
        named = {norm["id"] for norm in answered}
        norms += [norm for norm in book.norms.norms if norm["id"] not in named and norm["id"] in book.norms.by_norm]
    judged = [norms[layer["norm"]] for layer in layers if layer["kind"] == "threshold" and layer["norm"] is not None]
    helps = {norm["id"]: plan_help(rows, book, norm) for norm in judged if detail.extras}
    minor, seasons = detail.minor_roads, service == "last_mile"
    base = once(
        book.kept,
        ("base", tolerance_m, minor, seasons),
        lambda: ground(book.tables, tolerance_m=tolerance_m, minor=minor, seasons=seasons, kept=book.kept),
    )
    data = _shared(book, rows, detail) | {
        "part": book.part and book.part._asdict(),
        "page": {
            "kind": entry["kind"],
            "file": file,
            "names": entry["names"],
            "subject": service,
            "index": "index.html",
            "methods": [f"about.{method}" for method in _METHODS[entry["kind"]]],
            "service": {
                "id": service,
                "names": entry["names"],
                "inventory": note.inventory,
                "closes": note.id not in TIERS,
            },
        },
        "base": base,
        "layers": layers,
        "own_norms": len(answered),
        "norms": [
            {
                key: value
                for key, value in book.norms.block(norm, rows, exact=norm in judged).items()
                if at < len(answered) or key not in _UNTOLD
            }
            | {"plan": helps.get(norm["id"])}
            for at, norm in enumerate(norms)
        ],
        **own,
    }
    words = Words(data["language"], "pages", {service: note.names.get(data["language"], "")})
    subject = words.say("page", key, service=words.service(service))
    return page_document(data, "map", subject=subject), entry


def _service_block(
    book: PageBook, note: ServiceNote, rows: Rows, detail: Detail
) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """Give the layers of a service's map, the blocks of its page, and how many are reached."""
    service, meta, extras = note.id, book.meta, detail.extras
    times = {mode: _times(book, rows, service, mode) for other, mode in book.ways if other == service}
    by_mode = {mode: table for mode, table in times.items() if table["reach_status"].notna().any()}
    used = [table[name] for table in by_mode.values() for name in ("facility_id", "second_facility_id")]
    facilities, ids = facilities_block(
        service,
        note.counts or frozenset({service}),
        book.shapes("facilities"),
        book.shapes("settlements"),
        list(pd.concat(used).dropna().unique()) if used else [],
    )
    mapped = facilities is not None
    if facilities is not None:
        facilities["service_names"] = [book.names(name) for name in facilities["services"]]
    layers = service_layers(book, note, rows, by_mode, extras=extras, mapped=mapped)
    trials = trials_block(rows, book, service, ids) if extras else None
    if mapped:
        tolerance_m = detail.tolerance_m
        areas, catchments = once(
            book.kept,
            ("areas", service, tolerance_m),
            lambda: (areas_block(book, service, tolerance_m), catchments_block(book, service, tolerance_m)),
        )
        known = {
            "travel": {mode: travel_block(table, ids, detail=extras) for mode, table in by_mode.items()},
            "routes": {
                mode: pack_routes(shapes, tolerance_m=tolerance_m, labels=labels)
                for mode, shapes, labels in _routes(book, rows).get(service, ())
                if detail.routes
            },
            "interval": interval_block(rows, book, service) if extras else None,
            "measures": measures_block(rows, book, service) if extras else [],
            "off_road": off_road_block(rows, book.of_service("off_road", service)) if extras else None,
            "areas": areas if detail.minor_roads else None,
            "catchments": catchments if detail.minor_roads else None,
            "cells": cells_block(book, service) if extras else None,
            "facilities": facilities,
            "trials": trials,
        }
    else:
        bare = None if trials is None else trials | {"response": None, "served": None}
        known = _NO_SERVICE | {"trials": bare}
    reached: dict[str, Any] = {"mapped": mapped, "reached": None}
    if by_mode:
        mode, table = next(iter(by_mode.items()))
        threshold = begin_min(table, meta, book.longest(service, mode))
        within = table["travel_time_min"].to_numpy() <= threshold
        people = rows.settlements["population_persons"].fillna(0.0).to_numpy()
        weight = people if rows.has_people else np.ones(len(within))
        share = float(np.average(within, weights=weight)) if weight.sum() > 0 else None
        reached |= {"reached": share, "mode": mode, "threshold": threshold}
    return layers, known, reached


def _routes(book: PageBook, rows: Rows) -> dict[str, list[Ways]]:
    """Take the ways of the settlements by service: sorted once, for all pages."""

    def sorted_out() -> dict[str, list[Ways]]:
        found: dict[str, list[Ways]] = {}
        routes = book.tables.get("routes")
        if isinstance(routes, gpd.GeoDataFrame):
            at = rows.ids.get_indexer(pd.Index(routes["settlement_id"]))
            drawn = pd.DataFrame(routes[["settlement_id", "service", "mode"]])
            drawn = drawn.assign(row=at, shape=routes.geometry.to_numpy()).loc[at >= 0]
            ordered = drawn.sort_values("settlement_id", kind="stable")
            for (service, mode), part in ordered.groupby(["service", "mode"], sort=True):
                shapes = gpd.GeoSeries(part["shape"].to_numpy(), crs=routes.crs)
                found.setdefault(str(service), []).append(Ways(str(mode), shapes, part["row"].to_numpy()))
        return found

    return once(rows.kept, "routes", sorted_out)


def _times(book: PageBook, rows: Rows, service: str, mode: str) -> pd.DataFrame:
    """Bring the times to a service by a mode into the order of the settlements; every page tells some of them."""
    # Columns that a table lacks, which it may where they are optional, are told of nobody.
    columns = ["settlement_id", *dict.fromkeys((*TOLD["access"], *columns_told("access")["card"]))]
    return once(
        rows.kept, ("times", service, mode), lambda: rows.align(book.access(service, mode).reindex(columns=columns))
    )


def _others(book: PageBook, service: str, rows: Rows, detail: Detail) -> list[dict[str, Any]]:
    """Encode the times to every other service by every mode."""
    ways = [way for way in book.ways if way[0] != service]
    if not detail.routes or len(ways) * len(rows.ids) > _MANY_CELLS:
        return []

    def told(other: str, mode: str) -> dict[str, Any]:
        table = _times(book, rows, other, mode)
        # Encode minutes that are only shown, as whole ones plus one; 0 = missing.
        exact = table["travel_time_min"].to_numpy(dtype=np.float64)
        whole = np.where(np.isfinite(exact), np.minimum(np.rint(exact) + 1.0, 65_535.0), 0.0)
        return {
            "service": other,
            "names": dict(book.note(other).names),
            "file": book.files.get(other),
            "mode": mode,
            "time": pack(whole, "u2") | {"step": 60},
            "status": pack_words(table["reach_status"], REACH_STATUS, missing="unknown"),
            "statuses": list(REACH_STATUS),
        }

    return [once(rows.kept, ("other", *way), partial(told, *way)) for way in ways]


def switch_block(book: PageBook) -> list[dict[str, Any]]:
    """Name the maps of the study with the limit that a norm sets: those of norms first, in the order of the index."""
    kinds = {"last_mile": "last_mile", SCORE_MAP: "score"}
    listed = []
    for service, file in book.files.items():
        note = book.note(service)
        limits = [norm for norm in book.norms.of_service(note) if norm["headline"] and norm["metric"] in TRAVELLED]
        norm = limits[0] if limits else {"threshold": None, "unit": ""}
        entry = {"id": service, "kind": kinds.get(service, "gap"), "file": file, "names": dict(note.names)}
        rank = book.norms.norms.index(norm) if limits else len(book.norms.norms)
        order = (rank, service in kinds, str(note.names.get("en", service)).lower())
        listed.append((order, entry | {"threshold": norm["threshold"], "unit": norm["unit"]}))
    return [entry for _, entry in sorted(listed, key=lambda pair: pair[0])]


def _shared(book: PageBook, rows: Rows, detail: Detail) -> dict[str, Any]:
    """Encode what every map of these settlements carries."""
    if ("shared", detail) in rows.kept:
        shared: dict[str, Any] = rows.kept["shared", detail]
        return shared
    tables, extras = book.tables, detail.extras
    # Why no settlement's level is shown, where any has one.
    hidden: dict[str, str] = {}
    if extras and "scores" in tables:
        scores = tables["scores"]
        places = scores.loc[scores["unit_level"] == "settlement"]
        if len(places) and not places["integration_level"].notna().any():
            hidden = hidden_names(book, str(places["level_hidden"].max()))
    snaps = tables.get("snaps")
    shared = study_block(book, rows, more_words=_WORDS) | {
        **shown_box(book, rows),
        "services": once(book.kept, "services", lambda: switch_block(book)),
        "relief": relief_shown(book, rows) if detail.relief else None,
        "places": places_block(rows, tables.get("boundaries"), detail=extras),
        "snaps": {} if snaps is None else snaps_block(rows, snaps, detail=extras),
        "last_mile": last_mile_block(rows, tables.get("last_mile"), detail=extras),
        "levels": place_levels_block(rows, book) if extras else None,
        "level_hidden": hidden,
        "norm_statuses": list(NORM_STATUS),
        "reasons": list(book.norms.reasons),
    }
    rows.kept["shared", detail] = shared
    return shared
