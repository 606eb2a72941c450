"""Find edges by the names that people give: of a road, of an edge, of a class; of one leg or of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from spatial.network.graph import TWIN
from spatial.network.legs.layers import LEG_SIGN, leg_modes, own_pace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

__all__ = ["unknown_names", "values_by_name"]


class _Names(NamedTuple):
    """The edges of one leg and what they are called, the last name prevails; of a network of one layer all edges."""

    mode: str
    rows: NDArray[np.int64]
    by: tuple[NDArray[np.object_], ...]


def values_by_name(
    graph: TravelGraph, wanted: pd.Series[float], *, classes: bool = False, vehicles: bool = False
) -> tuple[NDArray[np.float64], list[str]]:
    """
    Give edges the values of their names.

    Returns a value an edge, NaN for none; and the names that there is no edge for, in the order given.
    """
    values = np.full(graph.n_edges, np.nan)
    wanted = wanted[~wanted.index.duplicated()]
    if wanted.empty:
        return values, []
    known: set[str] = set()
    legs = _legs(graph, classes=classes)
    for is_paced in (False, True):
        # What those with a motor have is theirs alone.
        left = wanted[~wanted.index.isin(known)] if vehicles and len(legs) > 1 and is_paced else wanted
        for leg in (leg for leg in legs if own_pace(leg.mode) == is_paced):
            own = _of_leg(wanted, leg.mode) if graph.edge_layer is not None else wanted.iloc[:0]
            for names in leg.by:
                known.update(_place(values, leg.rows, names, left))
                found = _place(values, leg.rows, names, own)
                known.update(f"{leg.mode}{LEG_SIGN}{name}" for name in found)
    return values, [name for name in wanted.index if name not in known]


def _legs(graph: TravelGraph, *, classes: bool) -> list[_Names]:
    kinds = (graph.road_class,) if classes else ()
    if graph.edge_layer is None:
        every = np.arange(graph.n_edges)
        return [_Names(graph.mode, every, (*kinds, graph.road_id, *_edge_names(graph, graph.edge_id)))]
    legs = []
    for number, mode in enumerate(leg_modes(graph)):
        rows = np.flatnonzero(graph.edge_layer == number)
        sign = len(mode) + len(LEG_SIGN)
        edges = np.array([name[sign:] for name in graph.edge_id[rows].tolist()], dtype=object)
        own = (*(kind[rows] for kind in kinds), graph.road_id[rows], *_edge_names(graph, edges))
        legs.append(_Names(mode, rows, own))
    return legs


def _edge_names(graph: TravelGraph, ids: NDArray[np.object_]) -> tuple[NDArray[np.object_], ...]:
    """Let an edge's id stand for both its directions where turns make two edges of it; then its own id."""
    if graph.edge_twin is None:
        return (ids,)
    return np.array([name.replace(TWIN, "") for name in ids.tolist()], dtype=object), ids


def _of_leg(wanted: pd.Series[float], mode: str) -> pd.Series[float]:
    start = f"{mode}{LEG_SIGN}"
    own = wanted[[str(name).startswith(start) for name in wanted.index]]
    return own.set_axis([str(name)[len(start) :] for name in own.index])


def _place(
    values: NDArray[np.float64],
    rows: NDArray[np.int64],
    names: NDArray[np.object_],
    wanted: pd.Series[float],
) -> list[str]:
    """Set the values of edges that are called so; return the names that there are."""
    if wanted.empty:
        return []
    at = wanted.index.get_indexer(pd.Index(names))
    values[rows[at >= 0]] = wanted.to_numpy()[at[at >= 0]]
    return [str(name) for name in wanted.index[np.unique(at[at >= 0])]]


def unknown_names(graph: TravelGraph, names: Iterable[str], *, classes: bool = False) -> list[str]:
    """List names that the network has no road for."""
    wanted = pd.Series(1.0, index=pd.Index([str(name) for name in names], dtype=object), dtype=float)
    return values_by_name(graph, wanted, classes=classes)[1]
