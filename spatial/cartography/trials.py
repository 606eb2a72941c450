"""What if, response of crews, room at facilities: layers and blocks of a gap map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.cartography.columns import codes, pack, pack_seconds, round_up
from spatial.cartography.layers import BEYOND, COMPARE, NO_DATA, class_layer, threshold_layer
from spatial.planning.plain import plain
from spatial.planning.trials import change_of, served_class
from spatial.tables import REACH_STATUS

if TYPE_CHECKING:
    from spatial.cartography.book import PageBook
    from spatial.cartography.rows import Rows

__all__ = ["response_layers", "trial_layers", "trials_block"]

_CHANGES = tuple(
    f"change_{name}" for name in ("gained", "quicker", "same", "slower", "lost", "neither", "unknown")
)
_ROOM = tuple(
    f"room_{name}" for name in ("served", "partly_served", "full", "not_reached", "nobody", "unknown")
)


def response_layers(rows: Rows, book: PageBook, service: str) -> list[dict[str, Any]]:
    """
    Show the minutes from the call until the first crew is there.

    Returns one layer that stands at the shortest target; empty where no crews start from this service.
    """
    own = _of_service(book, "emergency_response", service)
    if own is None:
        return []
    people = book.tables.get("emergency_people")
    targets = [] if people is None else people.loc[people["service"] == service, "target_min"].tolist()
    target = float(min(targets, default=book.meta.default_threshold_min))
    table = rows.align(own)
    status = table["reach_status"].fillna("unknown")
    fixed = np.select([status == "reached", status == "unknown"], [COMPARE, NO_DATA], BEYOND)
    values = round_up(table["response_min"].to_numpy(dtype=np.float64), sorted(targets))
    layer = threshold_layer(fixed, book.meta, unit="min", threshold=target)
    return [
        layer
        | {
            "key": "response",
            "near": 0.0,
            "value": pack(values, "f4"),
            "mode": str(own["mode"].iloc[0]),
            "metric": "time_min",
            "mobilisation_min": [plain(own["mobilisation_min"].min()), plain(own["mobilisation_min"].max())],
            "norm": None,
        }
    ]


def trial_layers(rows: Rows, book: PageBook, service: str) -> list[dict[str, Any]]:
    """
    Make a layer of each scenario, and one of who finds room.

    Returns layers of classes; empty without the tables.
    """
    layers = []
    for scenario, table, own in _scenarios(rows, book, service):
        mode, cutoff = str(own["mode"].iloc[0]), float(own["cutoff_min"].iloc[0])
        layer = class_layer(
            "change_" + pd.Series(change_of(table)), "scenario", _CHANGES, always=5, mode=mode
        )
        layers.append(layer | {"threshold": cutoff, "scenario": scenario, "title": _title(book, scenario)})
    served = _of_service(book, "served", service)
    if served is not None:
        room, mode = "room_" + pd.Series(served_class(rows.align(served))), str(served["mode"].iloc[0])
        layers.append(class_layer(room, "room", _ROOM, always=4, mode=mode))
    return layers


def trials_block(rows: Rows, book: PageBook, service: str, facilities: pd.Index) -> dict[str, Any]:
    """
    Encode what scenarios, crews and room mean for each settlement.

    Returns ``scenarios``, ``response`` and ``served``; empty or None without their tables.
    """
    response, served = (_of_service(book, name, service) for name in ("emergency_response", "served"))
    return {
        "scenarios": [
            {
                "scenario": scenario,
                "title": _title(book, scenario),
                "mode": str(own["mode"].iloc[0]),
                "statuses": list(REACH_STATUS),
                **{side: pack_seconds(table[f"{side}_min"]) for side in ("before", "after")},
                **{
                    f"{side}_status": pack(
                        codes(table[f"{side}_status"].fillna("unknown"), REACH_STATUS), "u1"
                    )
                    for side in ("before", "after")
                },
            }
            for scenario, table, own in _scenarios(rows, book, service)
        ],
        "response": None if response is None else _response(rows.align(response), response, facilities),
        "served": None if served is None else _served(rows.align(served), served),
    }


def _response(table: pd.DataFrame, own: pd.DataFrame, facilities: pd.Index) -> dict[str, Any]:
    return {
        "mode": str(own["mode"].iloc[0]),
        "statuses": list(REACH_STATUS),
        "status": pack(codes(table["reach_status"].fillna("unknown"), REACH_STATUS), "u1"),
        "station": pack(codes(table["station_id"], facilities), "i4"),
        **{name: pack_seconds(table[f"{name}_min"]) for name in ("mobilisation", "drive", "target_met")},
    }


def _served(table: pd.DataFrame, own: pd.DataFrame) -> dict[str, Any]:
    names = ("served", "full", "not_reached")
    return {
        "mode": str(own["mode"].iloc[0]),
        **{name: pack(table[f"{name}_persons"].fillna(-1.0), "f4") for name in names},
    }


def _scenarios(rows: Rows, book: PageBook, service: str) -> list[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Take each scenario's rows for the page's settlements, in the order of their names."""
    table = book.tables.get("scenario_access")
    own = None if table is None else table.loc[table["service"] == service]
    if own is None:
        return []
    parts = own.groupby("scenario", sort=True)
    return [(str(scenario), rows.align(part), part) for scenario, part in parts]


def _of_service(book: PageBook, name: str, service: str) -> pd.DataFrame | None:
    """Take the rows of one service by its first mode; None where there are none."""
    table = book.tables.get(name)
    own = None if table is None else table.loc[table["service"] == service]
    if own is None or not len(own):
        return None
    return pd.DataFrame(own.loc[own["mode"] == own["mode"].min()])


def _title(book: PageBook, scenario: str) -> dict[str, str]:
    return dict(book.meta.scenarios.get(scenario, {}))
