"""Join places again after roads changed: only over what changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from spatial.network.joins.snapping import NO_CANDIDATE, snap
from spatial.network.joins.snapping import merge_snaps

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.edits.splitting import Split
    from spatial.network.graph import TravelGraph
    from spatial.network.joins.barriers import Barriers
    from spatial.network.joins.snapping import Snaps

__all__ = ["snap_again"]

_OF_PLACES = ("x", "y", "status", "nearest_m")


def snap_again(
    graph: TravelGraph,
    split: Split,
    snaps: Snaps,
    points: gpd.GeoSeries,
    *,
    barriers: gpd.GeoSeries | Barriers | None = None,
    **options: Any,
) -> Snaps:
    """Join places to a changed network as `snap` does, looking only at what changed."""
    edited, least_km = split.graph, float(options["min_component_km"])
    could = graph.is_snappable & (graph.component_km >= least_km)
    can = edited.is_snappable & (edited.component_km >= least_km)
    if edited.n_edges == graph.n_edges and np.array_equal(could, can):
        return snaps
    if graph.before is not None or edited.before is None:
        return snap(edited, points, barriers=barriers, **options)
    old = can & (edited.before.component_km >= least_km)
    was_there = split.parent >= 0
    if not np.array_equal(old[was_there], could[split.parent[was_there]]):
        return snap(edited, points, barriers=barriers, **options)
    rows = np.flatnonzero(_on_cut_edges(split, snaps))
    parts = [_moved(split, snaps)]
    if len(rows):
        there = cast("gpd.GeoSeries", points.iloc[rows])
        again = snap(_only(edited, old), there, barriers=barriers, **options)
        parts = [_put(parts[0], again, rows)]
    if (can & ~old).any():
        parts.append(_narrow(snap(_only(edited, ~old), points, barriers=barriers, **options)))
    return merge_snaps(parts)


def _only(graph: TravelGraph, edges: NDArray[np.bool_]) -> TravelGraph:
    """Let places be joined to some edges alone."""
    some = replace(graph, is_snappable=graph.is_snappable & edges)
    vars(some)["snap_indexes"] = graph.snap_indexes
    return some


def _on_cut_edges(split: Split, snaps: Snaps) -> NDArray[np.bool_]:
    """Tell the places of which a way in is over an edge that was cut."""
    is_cut = np.bincount(split.parent[split.parent >= 0]) > 1
    return np.asarray((is_cut[snaps.edge] & (snaps.edge >= 0)).any(axis=1))


def _moved(split: Split, snaps: Snaps) -> Snaps:
    """Name edges that were not cut by their new positions; those that were, by any of their pieces."""
    old = np.flatnonzero(split.parent >= 0)
    position = np.full(int(split.parent.max()) + 1, -1, dtype=np.int64)
    position[split.parent[old]] = old
    return replace(snaps, edge=np.where(snaps.edge < 0, -1, position[snaps.edge]))


def _narrow(snaps: Snaps) -> Snaps:
    """Leave out columns in which no place has a candidate."""
    width = max(int((snaps.edge >= 0).sum(axis=1).max(initial=0)), 1)
    kept: dict[str, Any] = {
        name: np.ascontiguousarray(getattr(snaps, name)[:, :width]) for name in NO_CANDIDATE
    }
    return replace(snaps, **kept)


def _put(snaps: Snaps, some: Snaps, rows: NDArray[np.int64]) -> Snaps:
    """Give some of the places other ways in."""
    some = _narrow(some)
    width = max(snaps.candidates, some.candidates)
    changed: dict[str, Any] = {}
    for name, none in NO_CANDIDATE.items():
        values = np.full((len(snaps), width), none)
        values[:, : snaps.candidates] = getattr(snaps, name)
        values[rows] = none
        values[rows, : some.candidates] = getattr(some, name)
        changed[name] = values
    for name in _OF_PLACES:
        changed[name] = getattr(snaps, name).copy()
        changed[name][rows] = getattr(some, name)
    return replace(snaps, **changed)
