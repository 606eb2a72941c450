"""Join places to the network: to points on edges, several a place, by no walk over water; again over what changed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_network_crs
from spatial.errors import NetworkError, first_of, of_kind
from spatial.network.kernels_snap import (
    Feet,
    Found,
    Grid,
    Roads,
    Segments,
    block_legs,
    list_cells,
    nearest_edges,
    nearest_open_edges,
    rings_to_members,
)
from spatial.study.access import SnapRules

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.network.graph import TravelGraph
    from spatial.network.splitting import SplitGraph

# Join places to the network: to points on edges, several a place, so that the door-to-door minimum decides.

_WIDEN = 2.0
"""How the look-out widens where barriers shut some candidates out; changes the speed only."""

_SAME_M = 0.001
"""A foot point on the last vertex of an edge and this near to its end is the end, as sums are rounded. Metres."""

_SAME_SHARE = 1e-9
"""Both directions of a road are cut alike where their lengths differ by no more than this share."""

NO_CANDIDATE: Mapping[str, float] = MappingProxyType(
    {"edge": -1, "fraction": np.nan, "distance_m": np.inf, "access_min": np.inf, "foot_x": np.nan, "foot_y": np.nan}
)
"""Fields of a candidate, and what stands there where there is none."""


@dataclass(frozen=True, eq=False)
class Snaps:
    """Where places meet the network: n places, up to k candidates each, the nearest first."""

    x: FloatArray  # shape (n,), the places, metres
    y: FloatArray
    # shape (n, k), edge of the candidate; -1 where there is none, always behind those that there are
    edge: IntArray
    # shape (n, k), share of the edge, in its drawn direction, before the foot point; NaN where there is none
    fraction: FloatArray
    distance_m: FloatArray  # shape (n, k), straight line to the foot point; inf where there is none
    # shape (n, k), walk to the foot point: 60 x distance x detour / speed; inf where there is none
    access_min: FloatArray
    foot_x: FloatArray  # shape (n, k), the foot points; NaN where there is none
    foot_y: FloatArray
    # shape (n,), ``"ok"``; ``"far"`` where the nearest edge is beyond `max_snap_m`; ``"none"`` where there
    # is no edge to walk to, or a barrier lies before all of them
    status: ObjectArray
    # shape (n,), straight line to the nearest edge that may be snapped to, beyond `max_snap_m` too and
    # whether a barrier lies between or not; NaN where the network has none
    nearest_m: FloatArray
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


_LISTS_KEPT = 4
"""Lists of places that a network remembers where it meets."""


@dataclass(frozen=True, eq=False)
class _Index:
    """Segments of edges, under a grid."""

    roads: Roads  # pieces of an edge that was cut go by its number: they are one way in
    edge: IntArray  # edge of each segment
    before_m: FloatArray  # metres of the edge before each segment

    @cached_property
    def rings(self) -> NDArray[np.uint8]:
        """Rings of empty cells around each cell, for searches to pass over."""
        return _rings(self.roads.segments)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Of the segments, for places far from all of them: rings of cells would grow and grow."""
        return shapely.STRtree(np.asarray(shapely.linestrings(self.roads.segments.ends.reshape(-1, 2, 2))))

    def distances(self, xy: FloatArray) -> FloatArray:
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
    Join places to the nearest points on edges that may be entered, of every component that is long enough.

    Bridges, tunnels, ferries and controlled access may not be entered; where a leg touches a barrier the next nearest
    edge takes its place. On a network that roads were added to, places keep the ways in that they had and have as many
    again over new ones. Single rules may be given by their own names instead.
    """
    rules = SnapRules.from_options(of_kind("rules", rules, SnapRules) or SnapRules(), **changed)
    walls = index_barriers(barriers, crs=graph.crs)
    require_network_crs(points.crs, graph.crs, what="points")
    missing = points.isna() | points.is_empty | (points.geom_type != "Point")
    if missing.any():
        raise NetworkError(f"cannot snap: places without a point: {first_of(points.index[missing])}")
    xy = np.column_stack((points.x, points.y))
    # A study joins the same settlements and facilities for every service, and to the same roads at other speeds.
    kept, key = graph.joined_places, (hashlib.blake2b(xy.tobytes()).digest(), rules, walls)
    found: Snaps | None = kept.get(key)
    if found is None:
        for oldest in list(kept)[: 1 - _LISTS_KEPT]:
            kept.pop(oldest, None)  # threads share a network
        found = kept[key] = snap_coordinates(graph, xy, rules, barriers=walls)
    return found


def snap_coordinates(
    graph: TravelGraph,
    xy: FloatArray,
    rules: SnapRules,
    *,
    barriers: Barriers | None = None,
    measure_beyond: bool = True,
) -> Snaps:
    """Join easting and northing, shape (n, 2); without `measure_beyond`, `nearest_m` is inf beyond `max_snap_m`."""
    xy = np.ascontiguousarray(xy, dtype=np.float64)
    eligible = _may_be_joined(graph, rules.min_component_km)
    groups, layer = [eligible], graph.edge_layer
    if layer is not None:
        groups = [eligible & (layer == number) for number in range(int(layer.max()) + 1)]
    if graph.before is not None:
        old = graph.before.component_km >= rules.min_component_km
        groups = [some & either for some in groups for either in (old, ~old)]
    # To every layer, and to what was there before, on its own.
    joined = [_joined(graph, some, xy, rules, barriers) for some in groups]
    snaps = joined[0] if len(joined) == 1 else merge_snaps(joined)
    beyond = np.isinf(snaps.nearest_m)
    if measure_beyond and beyond.any():
        indexes = [index for index in (_index(graph, some) for some in groups) if index is not None]
        snaps.nearest_m[beyond] = np.min([index.distances(xy[beyond]) for index in indexes], axis=0)
    return snaps


def _joined(graph: TravelGraph, eligible: BoolArray, xy: FloatArray, rules: SnapRules, walls: Barriers | None) -> Snaps:
    """Join places to the nearest of some edges."""
    n, k = len(xy), rules.candidates
    x, y = xy[:, 0].copy(), xy[:, 1].copy()
    given: dict[str, Any] = {"max_snap_m": rules.max_snap_m, "walk_km_h": rules.walk_km_h, "detour": rules.detour}
    index = _index(graph, eligible)
    if index is None:
        blank: dict[str, Any] = {name: np.full((n, k), none) for name, none in NO_CANDIDATE.items()}
        status, unknown = np.full(n, "none", dtype=object), np.full(n, np.nan)
        return Snaps(x, y, **blank, status=status, nearest_m=unknown, **given)
    found = _nothing_found(n, k)
    nearest_edges(xy, index.roads, index.rings, float(rules.max_snap_m), found)
    nearest = found.distance_m[:, 0].copy()
    if walls is not None:
        found = _around_barriers(index, xy, found, rules.max_snap_m, walls)
    none, segment = found.edge < 0, found.segment
    edge = np.where(none, -1, index.edge[segment])
    ends = index.roads.segments.ends[segment]
    along = index.before_m[segment] + found.share * np.hypot(ends[..., 2] - ends[..., 0], ends[..., 3] - ends[..., 1])
    # At a bend both segments must say the same, for on a oneway road nobody goes back by what was rounded.
    following = np.minimum(segment + 1, len(index.edge) - 1)
    at_bend = (found.share == 1.0) & (index.edge[following] == edge) & (following > segment)
    along[at_bend] = index.before_m[following[at_bend]]
    length = graph.length_m[edge]
    fraction = np.divide(along, length, out=np.zeros_like(along), where=length > 0)
    foot_x, foot_y = _feet(index, found)
    end = graph.coordinates[graph.coordinate_offsets[edge + 1] - 1]
    is_end = (foot_x == end[..., 0]) & (foot_y == end[..., 1]) & (length - along < _SAME_M) & (length > 0)
    fraction[is_end] = 1.0
    status = np.full(n, "ok", dtype=object)
    status[none[:, 0]] = "none"
    status[none[:, 0] & (nearest > rules.max_snap_m)] = "far"
    snaps = Snaps(
        x=x,
        y=y,
        edge=edge,
        fraction=np.where(none, np.nan, np.clip(fraction, 0.0, 1.0)),
        distance_m=found.distance_m,
        access_min=walk_minutes(found.distance_m, walk_km_h=rules.walk_km_h, detour=rules.detour),
        foot_x=foot_x,
        foot_y=foot_y,
        status=status,
        nearest_m=nearest,
        **given,
    )
    return snaps if graph.edge_twin is None else _with_twins(graph, graph.edge_twin, snaps)


def _with_twins(graph: TravelGraph, twins: IntArray, snaps: Snaps) -> Snaps:
    """Join places to both edges of a road that is one edge a direction; it stays one candidate among those allowed."""
    twin = np.where(snaps.edge >= 0, twins[snaps.edge], -1)
    none, fraction = twin < 0, snaps.fraction
    if none.all():
        return snaps
    if graph.before is not None:
        # The other direction may be whole where the first is in pieces.
        first, metres = graph.before.edge, graph.length_m
        start = np.cumsum(metres) - metres
        old = np.flatnonzero(first >= 0)
        head = old[np.minimum(np.searchsorted(first[old], first), len(old) - 1)]
        foot = (start - start[head])[snaps.edge] + fraction * metres[snaps.edge]
        is_whole = metres[twin] > metres[snaps.edge] * (1.0 + _SAME_SHARE)
        share = np.divide(foot, metres[twin], out=np.zeros_like(foot), where=metres[twin] > 0)
        fraction = np.where(is_whole, np.clip(share, 0.0, 1.0), fraction)
    values: dict[str, Any] = {name: np.where(none, blank, getattr(snaps, name)) for name, blank in NO_CANDIDATE.items()}
    values |= {"edge": twin, "fraction": np.where(none, np.nan, fraction)}
    return merge_snaps([snaps, replace(snaps, **values)])


def _index(graph: TravelGraph, eligible: BoolArray) -> _Index | None:
    """Take the grid over these edges, or lay it and keep it with the graph; None where there are none."""
    key = hashlib.blake2b(np.packbits(eligible).tobytes()).digest()
    if key in graph.snap_indexes:
        return cast("_Index | None", graph.snap_indexes[key])
    edge_of = np.repeat(np.arange(graph.n_edges), np.diff(graph.coordinate_offsets))
    first = np.flatnonzero(edge_of[:-1] == edge_of[1:])
    first = first[eligible[edge_of[first]]]
    index = None
    if len(first):
        ends, edge = np.hstack((graph.coordinates[first], graph.coordinates[first + 1])), edge_of[first]
        lengths = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
        # Metres before each segment are summed edge by edge: an edge says the same whichever others there are.
        starts = np.flatnonzero(np.r_[True, edge[1:] != edge[:-1]])
        counts = np.diff(np.r_[starts, len(edge)])
        longest_first = np.argsort(-counts, kind="stable")
        heads, fewer = starts[longest_first], -counts[longest_first]
        before = np.zeros(len(edge))
        for step in range(1, int(counts.max())):
            rows = heads[: np.searchsorted(fewer, -step)] + step
            before[rows] = before[rows - 1] + lengths[rows - 1]
        group = edge
        if graph.before is not None:
            # New edges get numbers behind those of the edges that there were.
            was = graph.before.edge
            group = np.where(was >= 0, was, was.max() + 1 + np.arange(graph.n_edges))[edge]
        index = _Index(Roads(under_grid(ends), group), edge, before)
    graph.snap_indexes[key] = index
    return index


def _rings(segments: Segments) -> NDArray[np.uint8]:
    rings = np.empty(len(segments.offsets) - 1, np.uint8)
    rings_to_members(segments, int(np.iinfo(np.uint8).max), rings)
    return rings


def are_near(lines: ObjectArray, xy: FloatArray, limit_m: float) -> BoolArray:
    """Tell which points lie no farther than a limit from the nearest of some lines, inclusively and exactly."""
    vertices, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    first = np.flatnonzero(line[1:] == line[:-1])
    if len(first) == 0:
        return np.zeros(len(xy), dtype=bool)
    roads = Roads(under_grid(np.hstack((vertices[first], vertices[first + 1]))), np.arange(len(first)))
    found = _nothing_found(len(xy), 1)
    nearest_edges(np.ascontiguousarray(xy), roads, _rings(roads.segments), float(limit_m), found)
    return np.isfinite(found.distance_m[:, 0])


def _nothing_found(n: int, k: int) -> Found:
    return Found(np.full((n, k), -1), np.full((n, k), np.inf), np.full((n, k), -1), np.zeros((n, k)))


def _feet(index: _Index, found: Found) -> tuple[FloatArray, FloatArray]:
    ends, share = index.roads.segments.ends[found.segment], found.share
    none = ~np.isfinite(found.distance_m)
    # Ends are taken as they are: rounding must not move a foot off a node that a river runs through.
    x = np.where(share == 1.0, ends[..., 2], ends[..., 0] + share * (ends[..., 2] - ends[..., 0]))
    y = np.where(share == 1.0, ends[..., 3], ends[..., 1] + share * (ends[..., 3] - ends[..., 1]))
    return np.where(none, np.nan, x), np.where(none, np.nan, y)


def _around_barriers(index: _Index, xy: FloatArray, found: Found, max_snap_m: float, barriers: Barriers) -> Found:
    """Replace the candidates behind a barrier by the next nearest ones that are not."""
    foot_x, foot_y = _feet(index, found)
    at = np.nonzero(found.edge >= 0)
    blocked = np.zeros(found.edge.shape, dtype=bool)
    blocked[at] = blocked_legs(barriers, xy[at[0]], np.column_stack((foot_x[at], foot_y[at])))
    on_barrier = places_on_barriers(barriers, xy)
    kept = Found(found.edge.copy(), found.distance_m.copy(), found.segment.copy(), found.share.copy())
    for column, nothing in zip(kept, _nothing_found(1, 1), strict=True):
        column[on_barrier] = nothing
    rows = np.flatnonzero(blocked.any(axis=1) & ~on_barrier)
    if len(rows) == 0:
        return kept
    radius = float(np.median(found.distance_m[rows][found.edge[rows] >= 0]))
    # No place is farther from any road than this, metres.
    ends = index.roads.segments.ends
    every = np.vstack((xy, ends[:, :2], ends[:, 2:]))
    reach = min(max_snap_m, float(np.hypot(*(every.max(axis=0) - every.min(axis=0)))) + 1.0)
    n_edges = int(index.roads.edge.max()) + 1
    best = Feet(
        distance_m=np.full(n_edges, np.inf),
        segment=np.empty(n_edges, np.int64),
        share=np.empty(n_edges),
        near=np.empty(n_edges, np.int64),
    )
    while len(rows):
        radius = min(_WIDEN * max(radius, 1.0), reach)
        wide = _nothing_found(len(rows), found.edge.shape[1])
        nearest_open_edges(np.ascontiguousarray(xy[rows]), index.roads, barriers.segments, radius, best, wide)
        done = (wide.edge[:, -1] >= 0) | (radius >= reach)
        for column, values in zip(kept, wide, strict=True):
            column[rows[done]] = values[done]
        rows = rows[~done]
    return kept


def walk_minutes(distance_m: FloatArray, *, walk_km_h: float, detour: float) -> FloatArray:
    """Minutes of a walk off the network."""
    return np.asarray(60.0 * (distance_m / 1000.0 * detour) / walk_km_h)


def merge_snaps(snaps: list[Snaps]) -> Snaps:
    """Let the candidates of several joins of the same places compete."""
    every = {name: np.concatenate([getattr(each, name) for each in snaps], axis=1) for name in NO_CANDIDATE}
    # Candidates that are not there stand last: their distance is inf.
    order = np.lexsort((every["edge"], every["distance_m"]), axis=1)
    merged: dict[str, Any] = {name: np.take_along_axis(values, order, axis=1) for name, values in every.items()}
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
    split: SplitGraph,
    snaps: Snaps,
    points: gpd.GeoSeries,
    rules: SnapRules,
    *,
    barriers: gpd.GeoSeries | Barriers | None = None,
) -> Snaps:
    """Join places to a changed network as `snap` does, looking only at what changed."""
    edited, least_km = split.graph, rules.min_component_km
    could, can = _may_be_joined(graph, least_km), _may_be_joined(edited, least_km)
    if edited.n_edges == graph.n_edges and np.array_equal(could, can):
        return snaps
    if graph.before is not None or edited.before is None:
        return snap(edited, points, rules, barriers=barriers)
    old = can & (edited.before.component_km >= least_km)
    was_there = split.parent >= 0
    if not np.array_equal(old[was_there], could[split.parent[was_there]]):
        return snap(edited, points, rules, barriers=barriers)
    # Edges that were not cut by their new positions; those that were, by any of their pieces.
    position = np.full(int(split.parent.max()) + 1, -1, dtype=np.int64)
    position[split.parent[was_there]] = np.flatnonzero(was_there)
    moved = replace(snaps, edge=np.where(snaps.edge < 0, -1, position[snaps.edge]))
    # Places of which a way in is over an edge that was cut get other ways in.
    is_cut = np.bincount(split.parent[was_there]) > 1
    rows = np.flatnonzero((is_cut[snaps.edge] & (snaps.edge >= 0)).any(axis=1))
    if len(rows):
        there = cast("gpd.GeoSeries", points.iloc[rows])
        again = _narrow(snap(only_edges(edited, old), there, rules, barriers=barriers))
        width = max(snaps.candidates, again.candidates)
        changed: dict[str, Any] = {name: getattr(snaps, name).copy() for name in _OF_PLACES}
        for name, none in NO_CANDIDATE.items():
            changed[name] = np.full((len(snaps), width), none)
            changed[name][:, : snaps.candidates] = getattr(moved, name)
            changed[name][rows] = none
            changed[name][rows, : again.candidates] = getattr(again, name)
        for name in _OF_PLACES:
            changed[name][rows] = getattr(again, name)
        moved = replace(moved, **changed)
    if not (can & ~old).any():
        return merge_snaps([moved])
    return merge_snaps([moved, _narrow(snap(only_edges(edited, ~old), points, rules, barriers=barriers))])


def _may_be_joined(graph: TravelGraph, min_component_km: float) -> BoolArray:
    """Tell which edges places may be joined to; a road that a scenario builds is no stray piece of a map."""
    is_long = graph.component_km >= min_component_km
    return graph.is_snappable & (is_long if graph.before is None else is_long | np.isnan(graph.before.component_km))


def only_edges(graph: TravelGraph, edges: BoolArray) -> TravelGraph:
    """Let places be joined to some edges of a network alone."""
    some = replace(graph, is_snappable=graph.is_snappable & edges)
    vars(some)["snap_indexes"] = graph.snap_indexes
    return some


def _narrow(snaps: Snaps) -> Snaps:
    """Leave out columns in which no place has a candidate."""
    width = max(int((snaps.edge >= 0).sum(axis=1).max(initial=0)), 1)
    kept: dict[str, Any] = {name: np.ascontiguousarray(getattr(snaps, name)[:, :width]) for name in NO_CANDIDATE}
    return replace(snaps, **kept)


_CELLS_A_SEGMENT = 4.0
"""Size of the search grid; changes the speed only."""


@dataclass(frozen=True, eq=False)
class Barriers:
    """Barriers ready for many tests; made by `index_barriers`."""

    segments: Segments  # pieces of their lines and shores
    areas: ObjectArray  # those that have an inside
    tree: shapely.STRtree  # index of the areas


def index_barriers(barriers: gpd.GeoSeries | Barriers | None, *, crs: pyproj.CRS) -> Barriers | None:
    """Index barriers once for many calls of `snap`, `nearest` and `times_matrix`; None for nothing to cross."""
    if barriers is None or isinstance(barriers, Barriers):
        return barriers
    require_network_crs(barriers.crs, crs, what="barriers")
    return _indexed(tuple(shapely.to_wkb(np.asarray(barriers.dropna(), dtype=object)).tolist()))


@lru_cache(maxsize=1)
def _indexed(shapes_wkb: tuple[bytes, ...]) -> Barriers | None:
    """Index barriers by what they are: a run joins many lists of places among the same waters."""
    shapes = shapely.get_parts(shapely.from_wkb(np.array(shapes_wkb, dtype=object)))
    areas = shapes[shapely.get_dimensions(shapes) == 2]
    shores = np.concatenate((shapes[shapely.get_dimensions(shapes) == 1], shapely.boundary(areas)))
    # A shore with islands is several lines.
    xy, line = shapely.get_coordinates(shapely.get_parts(shores), return_index=True)
    first = np.flatnonzero(line[1:] == line[:-1])
    if len(first) == 0:
        return None
    shapely.prepare(areas)
    return Barriers(under_grid(np.hstack((xy[first], xy[first + 1]))), areas, shapely.STRtree(areas))


def under_grid(ends: FloatArray) -> Segments:
    """Lay a grid over segments, of which both ends are given; shape (n, 4)."""
    ends = np.ascontiguousarray(ends)
    west, south = float(ends[:, [0, 2]].min()), float(ends[:, [1, 3]].min())
    width, height = float(ends[:, [0, 2]].max()) - west, float(ends[:, [1, 3]].max()) - south
    size = max(math.sqrt(max(width, 1.0) * max(height, 1.0) / (len(ends) * _CELLS_A_SEGMENT)), 1.0)
    # As `list_cells` divides: a floor division may come out one less, and what lies on the edge would be in no cell.
    grid = Grid(west, south, size, math.floor(height / size) + 1, math.floor(width / size) + 1)
    offsets = np.zeros(grid.n_rows * grid.n_columns + 1, dtype=np.int64)
    list_cells(ends, grid, offsets[1:], np.empty(0, dtype=np.int64))
    np.cumsum(offsets, out=offsets)
    members = np.empty(offsets[-1], dtype=np.int64)
    list_cells(ends, grid, offsets[:-1].copy(), members)
    return Segments(ends, offsets, members, grid)


def blocked_legs(barriers: Barriers, start: FloatArray, end: FloatArray) -> BoolArray:
    """Tell which straight walks touch a barrier."""
    legs = np.ascontiguousarray(np.hstack((start, end)), dtype=np.float64)
    blocked = np.zeros(len(legs), dtype=np.bool_)
    block_legs(legs, barriers.segments, blocked)
    return blocked


def places_on_barriers(barriers: Barriers, xy: FloatArray) -> BoolArray:
    """Tell which places lie on a barrier or inside one."""
    on = blocked_legs(barriers, xy, xy)
    points = shapely.points(xy)
    place, area = barriers.tree.query(points)
    inside = shapely.intersects(barriers.areas[area], np.asarray(points)[place])
    on[place[inside]] = True
    return on
