"""What could flow between places, by distance and mass: a layer of its own, never scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.exchange import huff_shares, radiation_flows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground

    FloatArray = NDArray[np.float64]

__all__ = ["MODELS", "potential_flows"]

MODELS = ("radiation", "gravity", "huff")
EXPONENT = 2.0
"""How fast the will to go falls with time, in the models of gravity and Huff: the classical square."""
LEAST_MIN = 1.0
LARGEST = 3
"""Flows kept of each origin; all others stay unsaid."""


def potential_flows(
    ground: Ground, times_min: FloatArray, models: Sequence[str], *, attraction: FloatArray
) -> pd.DataFrame:
    """Model flows from every place to the others."""
    people = np.nan_to_num(ground.persons)
    tables = [_largest(_flows(model, people, times_min, attraction), ground, model) for model in models]
    columns = {"model": "str", "from_id": "str", "to_id": "str", "volume": "float64"}
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return pd.concat(tables, ignore_index=True).astype(columns)


def _flows(model: str, people: FloatArray, times: FloatArray, attraction: FloatArray) -> FloatArray:
    if model == "radiation":
        return radiation_flows(people, times, finite_size=True)
    time = np.maximum(times, LEAST_MIN)
    np.fill_diagonal(time, np.inf)
    if model == "huff":
        return np.nan_to_num(huff_shares(attraction, time, exponent=EXPONENT)) * people[:, None]
    pull = people * (LEAST_MIN / time) ** EXPONENT
    total = pull.sum(axis=1, keepdims=True)
    share: FloatArray = np.divide(pull, total, out=np.zeros(pull.shape), where=total > 0.0)
    return share * people[:, None]


def _largest(flows: FloatArray, ground: Ground, model: str) -> pd.DataFrame:
    kept = min(LARGEST, flows.shape[1])
    order = np.argsort(-flows, axis=1, kind="stable")[:, :kept]
    rows = np.repeat(np.arange(len(flows)), kept)
    volume = flows[rows, order.ravel()]
    some = volume > 0.0
    ids = ground.ids.astype(str)
    return pd.DataFrame(
        {
            "model": model,
            "from_id": ids[rows[some]],
            "to_id": ids[order.ravel()[some]],
            "volume": volume[some],
        }
    )
