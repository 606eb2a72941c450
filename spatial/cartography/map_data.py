"""The data block of a map page: what is drawn and all that is known of each settlement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.cartography.basemap import ground
from spatial.cartography.columns import codes, pack, pack_seconds
from spatial.cartography.document import map_document
from spatial.cartography.layers import class_layer, norm_layer, time_layer
from spatial.cartography.lines import pack_lines
from spatial.cartography.norms import NormBook, service_note
from spatial.cartography.places import (
    Rows,
    facilities_block,
    last_mile_block,
    places_block,
    snaps_block,
    travel_block,
)
from spatial.crs import WGS84
from spatial.errors import ContractError
from spatial.tables import NORM_STATUS, REACH_STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.cartography.meta import PageMeta

__all__ = ["DETAILS", "Detail", "PageBook", "gap_page", "last_mile_page", "study_block"]

_MANY_CELLS = 60_000
"""Settlements times destinations above which a page leaves out the table of other destinations."""
_PAD, _REACH = 0.04, 0.15
"""Ground shown around the settlements, and at most of a wider study area, as shares of their extent."""


@dataclass(frozen=True)
class Detail:
    """
    How much a page carries.

    Parameters
    ----------
    routes : bool
        Ways to the nearest facility, and times to other destinations.
    extras : bool
        Second nearest facility, names of edges, norms of other services.
    minor_roads : bool
        Minor roads of the base map.
    tolerance_m : float
        How far a drawn line may leave the true one.
    """

    routes: bool
    extras: bool
    minor_roads: bool
    tolerance_m: float


DETAILS = (
    Detail(routes=True, extras=True, minor_roads=True, tolerance_m=12.0),
    Detail(routes=False, extras=True, minor_roads=True, tolerance_m=25.0),
    Detail(routes=False, extras=False, minor_roads=False, tolerance_m=60.0),
)
"""From all to least: the first that keeps the budget is taken."""


@dataclass(frozen=True)
class PageBook:
    """
    What all pages of a study share.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the names of `spatial.tables`.
    meta : PageMeta
        What every page prints.
    summary : mapping
        Shares filled in and known issues.
    norms : NormBook
        Norms and results.
    words : mapping
        Messages by language.
    files : mapping of str to str
        Page by service.
    """

    tables: Mapping[str, pd.DataFrame]
    meta: PageMeta
    summary: Mapping[str, Any]
    norms: NormBook
    words: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]

    @property
    def language(self) -> str:
        """
        The language shown first.

        Returns
        -------
        str
            Its code.
        """
        return next(iter(self.words))

    def shapes(self, name: str) -> gpd.GeoDataFrame:
        """
        Give a table with geometry.

        Parameters
        ----------
        name : str
            The table.

        Returns
        -------
        GeoDataFrame
            As it is.

        Raises
        ------
        ContractError
            Where it has no geometry.
        """
        frame = self.tables[name]
        if not isinstance(frame, gpd.GeoDataFrame):
            raise ContractError(name, ["geometry: the table has none; make a GeoDataFrame of it"])
        return frame


def gap_page(
    book: PageBook, service: str, rows: Rows, detail: Detail, file: str
) -> tuple[bytes, dict[str, Any]]:
    """
    Write the gap map of one service.

    Parameters
    ----------
    book : PageBook
        What pages share.
    service : str
        As in the table `access`.
    rows : Rows
        The settlements to show.
    detail : Detail
        How much to carry.
    file : str
        Name of the page.

    Returns
    -------
    content : bytes
        The page.
    entry : dict
        What the index says of it.
    """
    meta = book.meta
    note = service_note(service, meta, book.words)
    access = book.tables["access"]
    own = access.loc[(access["service"] == service) & access["settlement_id"].isin(rows.ids)]
    used = pd.concat([own["facility_id"], own["second_facility_id"]]).dropna().unique()
    facilities, ids = facilities_block(
        service,
        note.counts or frozenset({service}),
        book.shapes("facilities"),
        book.shapes("settlements"),
        list(used),
    )
    norms = _page_norms(book, service, rows, detail)
    by_mode = {mode: own.loc[own["mode"] == mode] for mode in _modes(own, meta)}
    judged = [norm_layer(norm, number, book.norms, rows, meta) for number, norm in enumerate(norms)]
    answered = {norm["id"] for norm in book.norms.of_service(service, meta)}
    layers = [
        layer
        for norm, layer in zip(norms, judged, strict=True)
        if layer is not None and norm["id"] in answered
    ]
    layers += [time_layer(rows, part, mode, meta) for mode, part in by_mode.items()]
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
        "base": ground(book.tables, tolerance_m=detail.tolerance_m, minor=detail.minor_roads),
        "layers": layers,
        "norms": norms_blocks(book, norms, rows),
        "facilities": facilities,
        "travel": {
            mode: travel_block(rows, part, ids, detail=detail.extras) for mode, part in by_mode.items()
        },
        "routes": _routes(book, service, rows, detail),
        "others": _others(book, service, rows, detail),
    }
    entry = {"kind": "gap", "service": service, "names": dict(note.names), "file": file} | _reached(
        rows, by_mode, meta
    )
    return _document(book, data, f"{service}"), entry


def last_mile_page(
    book: PageBook, service: str, rows: Rows, detail: Detail, file: str
) -> tuple[bytes, dict[str, Any]]:
    """
    Write the map of the last mile.

    Parameters
    ----------
    book : PageBook
        What pages share.
    service : str
        ``last_mile``.
    rows : Rows
        The settlements to show.
    detail : Detail
        How much to carry.
    file : str
        Name of the page.

    Returns
    -------
    content : bytes
        The page.
    entry : dict
        What the index says of it.
    """
    table = book.tables["last_mile"]
    norms = _page_norms(book, service, rows, detail)
    views = {"likely": "last_mile_class", "known": "last_mile_class_known"}
    data = _shared(book, rows, detail) | {
        "page": _page_block("last_mile", file, {}, service, ("last_mile_method", "people"))
        | {"service": {"id": service, "names": {}, "inventory": "complete", "proxy": False}},
        "base": ground(book.tables, tolerance_m=detail.tolerance_m, minor=detail.minor_roads, seasons=True),
        "layers": [class_layer(rows, table, key, column) for key, column in views.items()],
        "norms": norms_blocks(book, norms, rows),
        "facilities": None,
        "travel": {},
        "routes": {},
        "others": _others(book, service, rows, detail),
    }
    return _document(book, data, "last mile"), {
        "kind": "last_mile",
        "service": service,
        "names": {},
        "file": file,
    }


def study_block(book: PageBook, rows: Rows) -> dict[str, Any]:
    """
    Say what is studied.

    Parameters
    ----------
    book : PageBook
        What pages share.
    rows : Rows
        The settlements.

    Returns
    -------
    dict
        Study, messages, sources, known issues and shares filled in.
    """
    meta = book.meta
    return {
        "language": book.language,
        "messages": book.words,
        "study": {
            "name": meta.study,
            "title": dict(meta.title),
            "as_of": meta.as_of,
            "status": meta.status,
            "basis": meta.population_basis,
            "synthetic": meta.synthetic,
            "note": dict(meta.note),
            "people": rows.has_people,
        },
        "sources": [
            {name: getattr(source, name) for name in ("path", "origin", "licence", "vintage", "issue")}
            for source in meta.sources
        ],
        "issues": list(book.summary.get("issues", ())),
        "imputed": _imputed(book.summary, meta),
    }


def _imputed(summary: Mapping[str, Any], meta: PageMeta) -> dict[str, float]:
    """Shares of what was not observed but filled in, for the mode of the headlines."""
    network = summary.get("network", {})
    mode = next((name for name in meta.modes if name in network), None)
    shares = (
        {}
        if mode is None
        else {
            "speed": network[mode].get("imputed_speed_share"),
            "season": network[mode].get("unknown_season_share"),
        }
    )
    people = summary.get("population", {})
    if people.get("persons") is not None and people.get("places"):
        shares["population"] = people["places_without_population"] / people["places"]
    return {name: float(share) for name, share in shares.items() if share is not None}


def norms_blocks(book: PageBook, norms: list[dict[str, Any]], rows: Rows) -> list[dict[str, Any]]:
    """
    Encode the norms of a page with their results.

    Parameters
    ----------
    book : PageBook
        What pages share.
    norms : list of dict
        Norms of the book.
    rows : Rows
        The page's settlements.

    Returns
    -------
    list of dict
        In the same order.
    """
    return [book.norms.block(norm, rows) for norm in norms]


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
    tables = book.tables
    bounds = _bounds(rows, tables.get("study_area"))
    (south, west), (north, east) = bounds
    snaps = tables.get("snaps")
    return study_block(book, rows) | {
        "middle": [round((south + north) / 2, 5), round((west + east) / 2, 5)],
        "bounds": bounds,
        "places": places_block(rows, tables.get("boundaries")),
        "snaps": {} if snaps is None else snaps_block(rows, snaps, detail=detail.extras),
        "last_mile": last_mile_block(rows, tables.get("last_mile")),
        "norm_statuses": list(NORM_STATUS),
        "reasons": list(book.norms.reasons),
    }


def _bounds(rows: Rows, area: pd.DataFrame | None) -> list[list[float]]:
    """South-west and north-east: the settlements, and the study area where it does not reach far beyond them."""
    box = rows.settlements.geometry.to_crs(WGS84).total_bounds
    span = np.maximum(box[2:] - box[:2], 0.01)
    low, high = box[:2] - span * _PAD, box[2:] + span * _PAD
    if isinstance(area, gpd.GeoDataFrame) and len(area):
        ground_box = area.geometry.to_crs(WGS84).total_bounds
        low = np.clip(ground_box[:2], box[:2] - span * _REACH, low)
        high = np.clip(ground_box[2:], high, box[2:] + span * _REACH)
    return [[round(float(corner[1]), 5), round(float(corner[0]), 5)] for corner in (low, high)]


def _page_norms(book: PageBook, service: str, rows: Rows, detail: Detail) -> list[dict[str, Any]]:
    own = book.norms.of_service(service, book.meta)
    if not detail.extras or len(rows.ids) * len(book.norms.norms) > _MANY_CELLS * 4:
        return own
    measured = set(book.norms.places["norm_id"])
    return own + [norm for norm in book.norms.norms if norm not in own and norm["id"] in measured]


def _modes(access: pd.DataFrame, meta: PageMeta) -> list[str]:
    found = set(access["mode"])
    return [mode for mode in meta.modes if mode in found] + sorted(found - set(meta.modes))


def _routes(book: PageBook, service: str, rows: Rows, detail: Detail) -> dict[str, Any]:
    routes = book.tables.get("routes")
    if not detail.routes or not isinstance(routes, gpd.GeoDataFrame):
        return {}
    own = routes.loc[(routes["service"] == service) & routes["settlement_id"].isin(rows.ids)]
    blocks = {}
    for mode, part in own.sort_values("settlement_id", kind="stable").groupby("mode", sort=True):
        row = rows.ids.get_indexer(pd.Index(part["settlement_id"]))
        blocks[str(mode)] = pack_lines(
            gpd.GeoSeries(part.geometry), tolerance_m=detail.tolerance_m, labels=row
        )
    return blocks


def _others(book: PageBook, service: str, rows: Rows, detail: Detail) -> list[dict[str, Any]]:
    access = book.tables["access"]
    pairs = access.loc[access["service"] != service, ["service", "mode"]].drop_duplicates()
    if not detail.routes or len(pairs) * len(rows.ids) > _MANY_CELLS:
        return []
    blocks = []
    for other, mode in sorted(
        pairs.itertuples(index=False, name=None), key=lambda pair: _rank(pair, book.meta)
    ):
        table = rows.align(access.loc[(access["service"] == other) & (access["mode"] == mode)])
        status = codes(table["reach_status"].fillna("unknown"), REACH_STATUS)
        blocks.append(
            {
                "service": other,
                "names": dict(service_note(other, book.meta, book.words).names),
                "file": book.files.get(other),
                "mode": mode,
                "time": pack_seconds(table["travel_time_min"]),
                "status": pack(status, "u1"),
                "statuses": list(REACH_STATUS),
            }
        )
    return blocks


def _rank(pair: tuple[str, str], meta: PageMeta) -> tuple[str, int, str]:
    service, mode = pair
    return service, meta.modes.index(mode) if mode in meta.modes else len(meta.modes), mode


def _reached(rows: Rows, by_mode: Mapping[str, pd.DataFrame], meta: PageMeta) -> dict[str, Any]:
    if not by_mode:
        return {"reached": None}
    mode, access = next(iter(by_mode.items()))
    within = rows.align(access)["travel_time_min"].to_numpy() <= meta.default_threshold_min
    weight = (
        rows.settlements["population_persons"].fillna(0.0).to_numpy()
        if rows.has_people
        else np.ones(len(within))
    )
    total = float(weight.sum())
    share = float(weight[within].sum()) / total if total > 0 else None
    return {"reached": share, "mode": mode, "threshold": meta.default_threshold_min}


def _document(book: PageBook, data: dict[str, Any], subject: str) -> bytes:
    title = book.meta.title.get(book.language) or next(iter(book.meta.title.values()), book.meta.study)
    return map_document(data, title=f"{title}: {subject}", language=book.language, middle=data["middle"])
