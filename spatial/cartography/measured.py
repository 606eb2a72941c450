"""Measures of access on a gap map: a layer of classes beside the mean, and what each settlement has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.cartography.columns import codes, pack
from spatial.cartography.layers import class_layer
from spatial.planning.supply import told_unit
from spatial.tables import MEASURE_STATUS

if TYPE_CHECKING:
    from spatial.cartography.book import PageBook
    from spatial.cartography.rows import Rows

__all__ = ["measure_layer", "measures_block"]

_LEVELS = ("ample", "fair", "short", "nothing", "unknown")
_PREFERRED = ("e2sfca", "3sfca", "m2sfca", "2sfca", "bfca")
_AMOUNTS = frozenset({"spatial_availability"})
"""Measures that grow with the place, so that no mean over people says whether a place has little."""


def measure_layer(rows: Rows, book: PageBook, service: str) -> dict[str, Any] | None:
    """Show one measure of access in classes beside the mean over the people of the study."""
    measures = book.tables.get("measures")
    if measures is None:
        return None
    own = measures.loc[
        (measures["service"] == service)
        & (measures["group"] == "everybody")
        & ~measures["measure"].isin(_AMOUNTS)
    ]
    if not len(own):
        return None
    names = set(own["measure"])
    shortest = min(names, key=lambda name: (len(name), name))
    chosen = next((name for name in _PREFERRED if name in names), shortest)
    own = own.loc[own["measure"] == chosen]
    own = own.loc[own["mode"] == own["mode"].min()]
    mean = _mean(own, book.shapes("settlements"))
    if not mean > 0:
        return None
    values = rows.align(own)["value"]
    level = np.select(
        [values.isna(), values >= mean, values >= mean / 2, values > 0],
        ["unknown", "ample", "fair", "short"],
        "nothing",
    )
    layer = class_layer(pd.Series(level), "measure", _LEVELS, always=4, mode=str(own["mode"].iloc[0]))
    return layer | {"measure": chosen, "mean": mean, "told": _unit(own)}


def _mean(own: pd.DataFrame, settlements: pd.DataFrame) -> float:
    """Weigh by people, or by places where nobody knows the people; over the study, whatever part a page shows."""
    inside = settlements.loc[settlements["in_study"]].set_index("settlement_id").sort_index()
    value = own.set_index("settlement_id")["value"].reindex(inside.index)
    people = inside["population_persons"]
    weight = people.fillna(0.0) if people.notna().any() else people.isna().astype(float)
    weight = weight.where(value.notna(), 0.0)
    total = float(weight.sum())
    return float((value.fillna(0.0) * weight).sum() / total) if total > 0 else 0.0


def _unit(own: pd.DataFrame) -> dict[str, Any]:
    unit, per = told_unit(own)
    return {"unit": unit, "per": per}


def measures_block(rows: Rows, book: PageBook, service: str) -> list[dict[str, Any]]:
    """
    Encode the measures of access of one service.

    Returns one a mode, group and measure, with its unit; empty without the table.
    """
    measures = book.tables.get("measures")
    own = None if measures is None else measures.loc[measures["service"] == service]
    if own is None:
        return []
    found = []
    for (mode, group, measure), part in own.groupby(["mode", "group", "measure"], sort=True):
        table = rows.align(part)
        found.append(
            {
                "measure": str(measure),
                "mode": str(mode),
                "group": str(group),
                **_unit(part),
                "value": pack(table["value"], "f4"),
                "status": pack(codes(table["status"], MEASURE_STATUS) + 1, "u1"),
                "statuses": list(MEASURE_STATUS),
                "risk": pack(table["edge_risk"].eq(other=True), "u1"),
            }
        )
    return found
