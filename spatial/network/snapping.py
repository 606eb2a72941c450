"""Join places to the network: to points on edges, several a place; and again, over what changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely

from spatial.crs import require_metres
from spatial.errors import CrsError, NetworkError, first_of
from spatial.network.barriers import blocked_legs, grid_of, index_barriers, places_on_barriers
from spatial.network.kernels_snap import nearest_edges, nearest_open_edges, rings_to_members
from spatial.study.access import SnapRules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.network.barriers import Barriers
    from spatial.network.graph import Before, TravelGraph
    from spatial.network.kernels_snap import Cells
    from spatial.network.kernels_snap import Found as _Found
    from spatial.network.splitting import Split


# Join places to the network: to points on edges, several a place, so that the door-to-door minimum decides.

_WIDEN = 2.0
"""How the look-out widens where barriers shut some candidates out; changes the speed only."""

_SAME_M = 0.001
"""A foot point on the last vertex of an edge and this near to its end is the end, as sums are rounded. Metres."""

_SAME_SHARE = 1e-9
"""Both directions of a road are cut alike where their lengths differ by no more than this share."""

NO_CANDIDATE: Mapping[str, float] = MappingProxyType(
    {
        "edge": -1,
        "fraction": np.nan,
        "distance_m": np.inf,
        "access_min": np.inf,
        "foot_x": np.nan,
        "foot_y": np.nan,
    }
)
"""Fields of a candidate, and what stands there where there is none."""


@dataclass(frozen=True, eq=False)
class Snaps:
    """Where places meet the network: n places, up to k candidates each, the nearest first."""

    x: NDArray[np.float64]  # shape (n,), the places, metres
    y: NDArray[np.float64]
    # shape (n, k), edge of the candidate; -1 where there is none, always behind those that there are
    edge: NDArray[np.int64]
    # shape (n, k), share of the edge, in its drawn direction, before the foot point; NaN where there is
    # none
    fraction: NDArray[np.float64]
    distance_m: NDArray[np.float64]  # shape (n, k), straight line to the foot point; inf where there is none
    # shape (n, k), walk to the foot point: 60 x distance x detour / speed; inf where there is none
    access_min: NDArray[np.float64]
    foot_x: NDArray[np.float64]  # shape (n, k), the foot points; NaN where there is none
    foot_y: NDArray[np.float64]
    # shape (n,), ``"ok"``; ``"far"`` where the nearest edge is beyond `max_snap_m`; ``"none"`` where there
    # is no edge to walk to, or a barrier lies before all of them
    status: NDArray[np.object_]
    # shape (n,), straight line to the nearest edge that may be snapped to, beyond `max_snap_m` too and
    # whether a barrier lies between or not; NaN where the network has none
    nearest_m: NDArray[np.float64]
    max_snap_m: float  # the options that they were made with
    walk_km_h: float
    detour: float

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.x)

    @property
    def candidates(self) -> int:
        """Number of candidates a place, k."""
        return int(self.edge.shape[1])


@dataclass(frozen=True, eq=False)
class _Index:
    """Segments by edge; those of one group, an edge as it was before it was cut, are one way in."""

    segments: NDArray[np.float64]
    segment_edge: NDArray[np.int64]
    segment_group: NDArray[np.int64]
    before_m: NDArray[np.float64]
    cells: Cells

    @cached_property
    def rings(self) -> NDArray[np.uint8]:
        """Rings of empty cells around each cell, for searches to pass over."""
        offsets, _, _, shape = self.cells
        rings = np.empty(len(offsets) - 1, np.uint8)
        rings_to_members(offsets, shape, int(np.iinfo(np.uint8).max), rings)
        return rings

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Of the segments, for places far from all of them: rings of cells would grow and grow."""
        return shapely.STRtree(np.asarray(shapely.linestrings(self.segments.reshape(-1, 2, 2))))

    def distances(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Straight line to the nearest segment, however far, metres."""
        found = self.tree.query_nearest(shapely.points(xy), all_matches=False, return_distance=True)[1]
        return np.asarray(found, dtype=np.float64)


def snap(
    graph: TravelGraph,
    points: gpd.GeoSeries,
    rules: SnapRules | None = None,
    *,
    barriers: gpd.GeoSeries | Barriers | None = None,
    **changed: Any,
) -> Snaps:
    """
    Join places to the nearest points on edges.

    Eligible are the edges that may be entered (no bridge, tunnel, ferry or controlled access) of every component that
    is long enough, not of the largest alone. A leg that touches a barrier is no candidate; the next nearest edge takes
    its place.

    On a network that roads were added to, places keep the ways in that they had before, edges that were cut counting as
    the one that they were, and have as many again over edges that could not be joined to before. So a new road pushes
    no way in off the list, and never lengthens a time.

    Single rules may be given by their own names instead.
    """
    rules = SnapRules.from_options(rules or SnapRules(), **changed)
    walls = index_barriers(barriers, crs=graph.crs)
    if graph.edge_layer is not None:
        return snap_each_layer(graph, partial(snap, points=points, rules=rules, barriers=walls))
    _check(graph, points)
    xy = np.ascontiguousarray(np.column_stack((points.x, points.y)), dtype=np.float64)
    eligible = graph.is_snappable & (graph.component_km >= rules.min_component_km)
    if graph.before is None:
        return _joined(graph, eligible, xy, rules, walls)
    old = eligible & (graph.before.component_km >= rules.min_component_km)
    return merge_snaps([_joined(graph, some, xy, rules, walls) for some in (old, eligible & ~old)])


def _joined(
    graph: TravelGraph,
    eligible: NDArray[np.bool_],
    xy: NDArray[np.float64],
    rules: SnapRules,
    walls: Barriers | None,
) -> Snaps:
    """Join places to the nearest of some edges."""
    candidates, max_snap_m = rules.candidates, rules.max_snap_m
    index = _index(graph, eligible)
    if index is None:
        n = len(xy)
        return Snaps(
            x=xy[:, 0].copy(),
            y=xy[:, 1].copy(),
            edge=np.full((n, candidates), -1, dtype=np.int64),
            fraction=np.full((n, candidates), np.nan),
            distance_m=np.full((n, candidates), np.inf),
            access_min=np.full((n, candidates), np.inf),
            foot_x=np.full((n, candidates), np.nan),
            foot_y=np.full((n, candidates), np.nan),
            status=np.full(n, "none", dtype=object),
            nearest_m=np.full(n, np.nan),
            max_snap_m=max_snap_m,
            walk_km_h=rules.walk_km_h,
            detour=rules.detour,
        )
    found = _search(index, xy, candidates, max_snap_m)
    nearest = found[1][:, 0].copy()
    beyond = ~np.isfinite(nearest)
    if beyond.any():
        nearest[beyond] = index.distances(xy[beyond])
    if walls is not None:
        found = _around_barriers(index, xy, found, max_snap_m, walls)
    # Join places to both edges of a road that is one edge a direction; it stays one candidate among those
    # allowed.
    snaps = _snaps(graph, index, xy, found, nearest, rules)
    if graph.edge_twin is None:
        return snaps
    twin = np.where(snaps.edge >= 0, graph.edge_twin[snaps.edge], -1)
    none = twin < 0
    if none.all():
        return snaps
    fraction = snaps.fraction if graph.before is None else _on_twin(graph, snaps, twin)
    values: dict[str, Any] = {
        name: np.where(none, blank, getattr(snaps, name))
        for name, blank in NO_CANDIDATE.items()
        if name not in ("edge", "fraction")
    }
    values["fraction"] = np.where(none, np.nan, fraction)
    return merge_snaps([snaps, replace(snaps, edge=twin, **values)])


def _on_twin(graph: TravelGraph, snaps: Snaps, twin: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the other direction of a road before foot points; it may be whole where the first is in pieces."""
    first, metres = cast("Before", graph.before).edge, graph.length_m
    total = np.cumsum(metres)
    start = np.searchsorted(first[first >= 0], first)
    old = np.flatnonzero(first >= 0)
    along = total - metres - (total - metres)[old[np.minimum(start, len(old) - 1)]]
    foot = along[snaps.edge] + snaps.fraction * metres[snaps.edge]
    is_whole = metres[twin] > metres[snaps.edge] * (1.0 + _SAME_SHARE)
    share = np.divide(foot, metres[twin], out=np.zeros_like(foot), where=metres[twin] > 0)
    return np.where(is_whole, np.clip(share, 0.0, 1.0), snaps.fraction)


def _check(graph: TravelGraph, points: gpd.GeoSeries) -> None:
    crs = require_metres(points.crs, what="points")
    if crs != graph.crs:
        raise CrsError(
            f"points: CRS {crs.to_string()}, but the network has {graph.crs.to_string()}; "
            "reproject with to_crs(graph.crs)"
        )
    missing = points.isna() | points.is_empty | (points.geom_type != "Point")
    if missing.any():
        raise NetworkError(f"cannot snap: places without a point: {first_of(points.index[missing])}")


def _index(graph: TravelGraph, eligible: NDArray[np.bool_]) -> _Index | None:
    """Take the grid over these edges, or lay it and keep it with the graph."""
    key = hashlib.blake2b(np.packbits(eligible).tobytes()).digest()
    if key not in graph.snap_indexes:
        graph.snap_indexes[key] = _build_index(graph, eligible)
    index: _Index | None = graph.snap_indexes[key]
    return index


def _build_index(graph: TravelGraph, eligible: NDArray[np.bool_]) -> _Index | None:
    counts = np.diff(graph.coordinate_offsets)
    edge_of = np.repeat(np.arange(graph.n_edges), counts)
    first = np.flatnonzero(edge_of[:-1] == edge_of[1:]) if len(edge_of) else np.empty(0, np.int64)
    first = first[eligible[edge_of[first]]]
    if len(first) == 0:
        return None
    segments = np.ascontiguousarray(np.hstack((graph.coordinates[first], graph.coordinates[first + 1])))
    segment_edge = edge_of[first]
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    return _Index(
        segments,
        segment_edge,
        _groups(graph)[segment_edge],
        _before(lengths, segment_edge),
        grid_of(segments),
    )


def _groups(graph: TravelGraph) -> NDArray[np.int64]:
    """Give edges the number of the edge that they were, and new ones numbers behind those."""
    if graph.before is None:
        return np.arange(graph.n_edges)
    old = graph.before.edge
    return np.where(old >= 0, old, old.max() + 1 + np.arange(graph.n_edges))


def _before(lengths: NDArray[np.float64], segment_edge: NDArray[np.int64]) -> NDArray[np.float64]:
    """
    Metres of an edge before each of its segments.

    Summed edge by edge: an edge says the same whichever others there are.
    """
    starts = np.flatnonzero(np.r_[True, segment_edge[1:] != segment_edge[:-1]])
    counts = np.diff(np.r_[starts, len(lengths)])
    longest_first = np.argsort(-counts, kind="stable")
    heads, fewer = starts[longest_first], -counts[longest_first]
    before = np.zeros(len(lengths))
    for step in range(1, int(counts.max())):
        rows = heads[: np.searchsorted(fewer, -step)] + step
        before[rows] = before[rows - 1] + lengths[rows - 1]
    return before


def _search(index: _Index, xy: NDArray[np.float64], k: int, limit_m: float) -> _Found:
    found = _nothing_found(len(xy), k)
    roads = (index.segments, index.segment_group, index.cells)
    nearest_edges(np.ascontiguousarray(xy), roads, index.rings, float(limit_m), found)
    return found


def _nothing_found(n: int, k: int) -> _Found:
    return np.full((n, k), -1), np.full((n, k), np.inf), np.full((n, k), -1), np.zeros((n, k))


def _feet(index: _Index, found: _Found) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    _, distance, segment, share = found
    ends = index.segments[segment]
    none = ~np.isfinite(distance)
    # Ends are taken as they are: rounding must not move a foot off a node that a river runs through.
    x = np.where(share == 1.0, ends[..., 2], ends[..., 0] + share * (ends[..., 2] - ends[..., 0]))
    y = np.where(share == 1.0, ends[..., 3], ends[..., 1] + share * (ends[..., 3] - ends[..., 1]))
    return np.where(none, np.nan, x), np.where(none, np.nan, y)


def _around_barriers(
    index: _Index, xy: NDArray[np.float64], found: _Found, max_snap_m: float, barriers: Barriers
) -> _Found:
    """Replace the candidates behind a barrier by the next nearest ones that are not."""
    edge, distance, _, _ = found
    foot_x, foot_y = _feet(index, found)
    at = np.nonzero(edge >= 0)
    blocked = np.zeros(edge.shape, dtype=bool)
    blocked[at] = blocked_legs(barriers, xy[at[0]], np.column_stack((foot_x[at], foot_y[at])))
    on_barrier = places_on_barriers(barriers, xy)
    kept = tuple(part.copy() for part in found)
    _store(kept, np.flatnonzero(on_barrier), (-1, np.inf, -1, 0.0))
    rows = np.flatnonzero(blocked.any(axis=1) & ~on_barrier)
    radius = float(np.median(distance[rows][edge[rows] >= 0])) if len(rows) else 0.0
    # No place is farther from any road than this, metres.
    every = np.vstack((xy, index.segments[:, :2], index.segments[:, 2:]))
    span = float(np.hypot(*(every.max(axis=0) - every.min(axis=0)))) + 1.0
    reach = min(max_snap_m, span)
    roads, walls = (index.segments, index.segment_group, index.cells), (barriers.segments, barriers.cells)
    n_edges = int(index.segment_group.max()) + 1 if len(rows) else 0
    best = (
        np.full(n_edges, np.inf),
        np.empty(n_edges, np.int64),
        np.empty(n_edges),
        np.empty(n_edges, np.int64),
    )
    while len(rows):
        radius = min(_WIDEN * max(radius, 1.0), reach)
        wide = _nothing_found(len(rows), edge.shape[1])
        nearest_open_edges(np.ascontiguousarray(xy[rows]), roads, walls, radius, best, wide)
        done = (wide[0][:, -1] >= 0) | (radius >= reach)
        _store(kept, rows[done], tuple(part[done] for part in wide))
        rows = rows[~done]
    return cast("_Found", kept)


def _store(kept: tuple[NDArray[Any], ...], rows: NDArray[np.int64], values: tuple[Any, ...]) -> None:
    for target, value in zip(kept, values, strict=True):
        target[rows] = value


def _snaps(
    graph: TravelGraph,
    index: _Index,
    xy: NDArray[np.float64],
    found: _Found,
    nearest: NDArray[np.float64],
    rules: SnapRules,
) -> Snaps:
    group, distance, segment, share = found
    none = group < 0
    edge = np.where(none, -1, index.segment_edge[segment])
    ends = index.segments[segment]
    along = index.before_m[segment] + share * np.hypot(
        ends[..., 2] - ends[..., 0], ends[..., 3] - ends[..., 1]
    )
    # At a bend both segments must say the same, for on a oneway road nobody goes back by what was rounded.
    following = np.minimum(segment + 1, len(index.segment_edge) - 1)
    at_bend = (share == 1.0) & (index.segment_edge[following] == edge) & (following > segment)
    along[at_bend] = index.before_m[following[at_bend]]
    length = graph.length_m[edge]
    fraction = np.divide(along, length, out=np.zeros_like(along), where=length > 0)
    foot_x, foot_y = _feet(index, found)
    end = graph.coordinates[graph.coordinate_offsets[edge + 1] - 1]
    is_end = (foot_x == end[..., 0]) & (foot_y == end[..., 1]) & (length - along < _SAME_M) & (length > 0)
    fraction[is_end] = 1.0
    status = np.full(len(xy), "ok", dtype=object)
    status[none[:, 0]] = "none"
    status[none[:, 0] & (nearest > rules.max_snap_m)] = "far"
    return Snaps(
        x=xy[:, 0].copy(),
        y=xy[:, 1].copy(),
        edge=edge,
        fraction=np.where(none, np.nan, np.clip(fraction, 0.0, 1.0)),
        distance_m=distance,
        access_min=walk_minutes(distance, walk_km_h=rules.walk_km_h, detour=rules.detour),
        foot_x=foot_x,
        foot_y=foot_y,
        status=status,
        nearest_m=nearest,
        max_snap_m=rules.max_snap_m,
        walk_km_h=rules.walk_km_h,
        detour=rules.detour,
    )


def walk_minutes(distance_m: NDArray[np.float64], *, walk_km_h: float, detour: float) -> NDArray[np.float64]:
    """
    Minutes of a walk off the network.

    Examples
    --------
    >>> float(walk_minutes(np.array(1000.0), walk_km_h=5.0, detour=1.3))
    15.6
    """
    return np.asarray(60.0 * (distance_m / 1000.0 * detour) / walk_km_h)


def snap_each_layer(graph: TravelGraph, join: Callable[[TravelGraph], Snaps]) -> Snaps:
    """Join places to every layer of a combined network on its own."""
    layer = graph.edge_layer
    if layer is None:
        return join(graph)
    single = replace(graph, edge_layer=None)
    found = [
        join(replace(single, is_snappable=graph.is_snappable & (layer == number)))
        for number in range(int(layer.max()) + 1)
    ]
    return merge_snaps(found)


def merge_snaps(snaps: list[Snaps]) -> Snaps:
    """Let the candidates of several joins of the same places compete."""
    names = ("edge", "fraction", "distance_m", "access_min", "foot_x", "foot_y")
    every = {name: np.concatenate([getattr(each, name) for each in snaps], axis=1) for name in names}
    # Candidates that are not there stand last: their distance is inf.
    order = np.lexsort((every["edge"], every["distance_m"]), axis=1)
    merged: dict[str, Any] = {
        name: np.take_along_axis(values, order, axis=1) for name, values in every.items()
    }
    status = np.full(len(snaps[0]), "none", dtype=object)
    for word in ("far", "ok"):
        status[np.any([each.status == word for each in snaps], axis=0)] = word
    nearest = snaps[0].nearest_m
    for each in snaps[1:]:
        nearest = np.fmin(nearest, each.nearest_m)
    return replace(snaps[0], **merged, status=status, nearest_m=nearest)


# Join places again after roads changed: only over what changed.

_OF_PLACES = ("x", "y", "status", "nearest_m")


def snap_again(
    graph: TravelGraph,
    split: Split,
    snaps: Snaps,
    points: gpd.GeoSeries,
    rules: SnapRules,
    *,
    barriers: gpd.GeoSeries | Barriers | None = None,
) -> Snaps:
    """Join places to a changed network as `snap` does, looking only at what changed."""
    edited, least_km = split.graph, rules.min_component_km
    could = graph.is_snappable & (graph.component_km >= least_km)
    can = edited.is_snappable & (edited.component_km >= least_km)
    if edited.n_edges == graph.n_edges and np.array_equal(could, can):
        return snaps
    if graph.before is not None or edited.before is None:
        return snap(edited, points, rules, barriers=barriers)
    old = can & (edited.before.component_km >= least_km)
    was_there = split.parent >= 0
    if not np.array_equal(old[was_there], could[split.parent[was_there]]):
        return snap(edited, points, rules, barriers=barriers)
    # Tell the places of which a way in is over an edge that was cut.
    is_cut = np.bincount(split.parent[split.parent >= 0]) > 1
    on_cut_edges = np.asarray((is_cut[snaps.edge] & (snaps.edge >= 0)).any(axis=1))
    rows = np.flatnonzero(on_cut_edges)
    parts = [_moved(split, snaps)]
    if len(rows):
        there = cast("gpd.GeoSeries", points.iloc[rows])
        again = snap(_only(edited, old), there, rules, barriers=barriers)
        parts = [_put(parts[0], again, rows)]
    if (can & ~old).any():
        parts.append(_narrow(snap(_only(edited, ~old), points, rules, barriers=barriers)))
    return merge_snaps(parts)


def _only(graph: TravelGraph, edges: NDArray[np.bool_]) -> TravelGraph:
    """Let places be joined to some edges alone."""
    some = replace(graph, is_snappable=graph.is_snappable & edges)
    vars(some)["snap_indexes"] = graph.snap_indexes
    return some


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
