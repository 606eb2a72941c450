"""How sure times are, and what the wet season does: layers and blocks of a gap map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.cartography.columns import codes, pack, pack_seconds
from spatial.cartography.layers import class_layer
from spatial.planning.certainty import FACTORS, runs_of
from spatial.tables import REACH_STATUS, WET_STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from spatial.cartography.book import PageBook
    from spatial.cartography.rows import Rows

__all__ = ["interval_block", "sureness_layers", "with_spans"]

_SURE = ("sure_within", "may", "sure_beyond", "unknown", "out_of_scope")


def with_spans(
    layers: list[dict[str, Any]], book: PageBook, service: str, rows: Rows
) -> list[dict[str, Any]]:
    """Give every layer of minutes the best and the worst of its runs."""
    return [layer | _span(layer, book, service, rows) for layer in layers]


def _span(layer: Mapping[str, Any], book: PageBook, service: str, rows: Rows) -> dict[str, Any]:
    if layer["kind"] != "threshold" or layer["metric"] != "time_min" or layer["unit"] != "min":
        return {}
    found: dict[str, Any] = rows.once(
        ("span", service, layer["mode"]), lambda: _runs(book, service, str(layer["mode"]), rows)
    )
    return found


def _runs(book: PageBook, service: str, mode: str, rows: Rows) -> dict[str, Any]:
    tables = book.tables
    runs = runs_of(tables.get("intervals"), tables.get("access"), service=service, mode=mode)
    if runs is None:
        return {}
    minutes = runs.minutes.reindex(rows.ids)
    return {"low": _seconds_up(minutes["low"]), "high": _seconds_up(minutes["high"])}


def _seconds_up(minutes: npt.ArrayLike) -> dict[str, Any]:
    """Encode minutes as seconds begun, so that none that is beyond a whole second of a threshold comes within it."""
    exact = np.asarray(minutes, dtype=np.float64)
    seconds = np.where(np.isfinite(exact), np.ceil(exact * 60.0) + 1.0, 0.0)
    return pack(seconds, "u4")


def sureness_layers(
    layers: list[dict[str, Any]], book: PageBook, service: str, rows: Rows
) -> list[dict[str, Any]]:
    """
    Make the layers that show how sure times are and what the wet season does.

    Returns None, one or both: classes by the first layer that has runs, and classes of the wet season.
    """
    made = []
    number = next((number for number, layer in enumerate(layers) if "low" in layer), None)
    if number is not None:
        judged = layers[number]
        made.append({**judged, "kind": "sure", "key": "sure", "always": 3, "classes": list(_SURE)})
    wet = book.tables.get("wet_losses")
    own = None if wet is None else wet.loc[wet["service"] == service]
    if own is not None and len(own):
        mode = str(own["mode"].min())
        table = rows.align(own.loc[own["mode"] == mode])
        status = table["wet_status"].fillna("unknown")
        made.append(class_layer(status, "wet", WET_STATUS, always=3, mode=mode))
    return made


def interval_block(rows: Rows, book: PageBook, service: str) -> dict[str, Any] | None:
    """Encode the interval of minutes of each settlement, and the wet season."""
    intervals = book.tables.get("intervals")
    own = None if intervals is None else intervals.loc[intervals["service"] == service]
    if own is None or not len(own):
        return None
    mode = str(own["mode"].min())
    table = rows.align(own.loc[own["mode"] == mode])
    block = {
        "mode": mode,
        **{side: pack_seconds(table[f"{side}_min"]) for side in ("low", "base", "high")},
        "factors": list(FACTORS),
        "factor": pack(np.maximum(codes(table["main_factor"], FACTORS), -1) + 1, "u1"),
        "width": pack_seconds(table["main_factor_min"]),
        "wet": None,
    }
    wet = book.tables.get("wet_losses")
    if wet is not None and ((wet["service"] == service) & (wet["mode"] == mode)).any():
        lost = rows.align(wet.loc[(wet["service"] == service) & (wet["mode"] == mode)])
        block["wet"] = {
            "status": pack(codes(lost["wet_status"].fillna("unknown"), WET_STATUS), "u1"),
            "statuses": list(WET_STATUS),
            "minutes": pack_seconds(lost["wet_min"]),
            "dry": pack_seconds(lost["dry_min"]),
            "reach": pack(codes(lost["wet_reach_status"].fillna("unknown"), REACH_STATUS), "u1"),
            "reaches": list(REACH_STATUS),
            "changes": pack(lost["facility_changes"].eq(other=True), "u1"),
        }
    return block
