"""Cut edges of a built graph at any point, and along a border that must not be crossed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import require_network_crs
from spatial.errors import NetworkError, faults_at, of_kind
from spatial.network.graph import TravelGraph, with_components, with_nodes
from spatial.outlines import require_shapes

# Cut edges of a built graph at any point, without looking at the rest of the roads again.

AS_THEY_ARE = (
    "road_id", "road_class", "surface", "speed_km_h", "speed_source", "is_bridge", "is_tunnel", "is_snappable",
    "all_season",
)  # fmt: skip
"""What every piece has from its edge."""

_TOUCH_M = 1e-6
"""A cut within a micrometre of a vertex is at the vertex: fractions are rounded."""


@dataclass(frozen=True, eq=False)
class SplitGraph:
    """
    A graph with edges cut, and where its pieces come from.

    Parameters
    ----------
    graph : TravelGraph
        With the pieces, in the place of the edges they are cut from.
    parent : ndarray of int64, shape (n_edges,)
        Edge of the graph before; -1 for an edge that was not in it.
    first : ndarray of float64, shape (n_edges,)
        Share of that edge at which the piece begins.
    last : ndarray of float64
        Share of that edge at which the piece ends.
    node_before : ndarray of int64, shape (n_cuts,)
        Nodes at which the piece before each cut ends and the piece after it begins, in the order of the cuts as
        given; the same node where the pieces are joined.
    node_after : ndarray of int64
        Nodes at which the piece after each cut begins; the same node where the pieces are joined.
    """

    graph: TravelGraph
    parent: IntArray
    first: FloatArray
    last: FloatArray
    node_before: IntArray
    node_after: IntArray

    def with_added(self, graph: TravelGraph) -> SplitGraph:
        """Take a graph with edges behind these, which were not in the graph before."""
        n = graph.n_edges - self.graph.n_edges
        return replace(
            self,
            graph=graph,
            parent=np.concatenate((self.parent, np.full(n, -1, dtype=np.int64))),
            first=np.concatenate((self.first, np.zeros(n))),
            last=np.concatenate((self.last, np.ones(n))),
        )


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Distinct cuts by edge, then along it; `row` names the cut of each one asked for."""

    edge: IntArray
    share: FloatArray
    vertex: IntArray
    at_vertex: BoolArray
    xy: FloatArray
    row: IntArray


def split_edges(graph: TravelGraph, edge: ArrayLike, fraction: ArrayLike, *, joined: bool = True) -> TravelGraph:
    """
    Cut edges into pieces.

    The pieces take the place of their edge, in its drawn direction; lengths and minutes are in proportion and add up
    to the edge's. Piece n of the edge ``w7/3`` is ``w7/3.n``, from 0, with as many digits as the last one needs. New
    nodes come after those that there are, by edge and along it. Nothing else of the network is looked at again: the
    work grows with the number of edges, not with the shape of the roads.

    Parameters
    ----------
    graph : TravelGraph
        Left unchanged.
    edge : array_like of int, shape (n_cuts,)
        Positions of edges, in any order; several cuts an edge are possible.
    fraction : array_like of float, shape (n_cuts,)
        Share of the edge's length before the cut, in its drawn direction, 0 to 1 inclusive. Within a micrometre of
        another cut it is the same cut; within a micrometre of an end it is at that end.
    joined : bool
        Whether the pieces meet at one new node; then a cut at an end changes nothing. Without, they end at two
        different nodes in the same place, a wall; a cut at an end then takes the edge off its node there.

    Returns
    -------
    TravelGraph
        With the old nodes under their old numbers; the same graph where nothing is cut.

    Raises
    ------
    NetworkError
        Where an edge is not in the graph, or a fraction is not from 0 to 1.
    """
    of_kind("graph", graph, TravelGraph, required=True)
    return cut_edges(graph, edge, fraction, joined=joined).graph


def cut_edges(graph: TravelGraph, edge: ArrayLike, fraction: ArrayLike, *, joined: bool = True) -> SplitGraph:
    """Cut edges into pieces as `split_edges` does, and say where the pieces come from."""
    edges = np.atleast_1d(np.asarray(edge, dtype=np.int64))
    shares = np.atleast_1d(np.asarray(fraction, dtype=np.float64))
    if edges.shape != shares.shape or edges.ndim != 1:
        raise NetworkError(f"{edges.shape} edges and {shares.shape} fractions; give one fraction a cut")
    foreign = (edges < 0) | (edges >= graph.n_edges)
    outside = ~((shares >= 0.0) & (shares <= 1.0))
    problems = []
    problems += faults_at("no edge has the position", edges[foreign].tolist())
    problems += faults_at("fractions are not from 0 to 1:", shares[outside].tolist())
    if problems:
        raise NetworkError("cannot split edges: " + "; ".join(problems))
    cuts = _cuts(graph, edges, shares)
    inner, at_start, at_end = (cuts.share > 0.0) & (cuts.share < 1.0), cuts.share == 0.0, cuts.share == 1.0
    # The node where the piece before each cut ends, and where the piece after it begins.
    needed = np.where(inner, 1 if joined else 2, 0 if joined else 1)
    fresh = graph.n_nodes + np.cumsum(needed) - needed
    before = np.where(at_start, graph.edge_from[cuts.edge], graph.edge_to[cuts.edge])
    after = before.copy()
    before[inner], after[inner] = fresh[inner], fresh[inner] + (0 if joined else 1)
    if not joined:
        after[at_start], before[at_end] = fresh[at_start], fresh[at_end]
    if not inner.any() and (joined or len(cuts.edge) == 0):
        zeros = np.zeros(graph.n_edges)
        every = np.arange(graph.n_edges)
        return SplitGraph(graph, every, zeros, zeros + 1.0, before[cuts.row], after[cuts.row])
    # Pieces: which edge each is of, its shares of that edge, and its nodes.
    count = np.bincount(cuts.edge[inner], minlength=graph.n_edges)
    parent = np.repeat(np.arange(graph.n_edges), count + 1)
    starts = np.cumsum(count + 1) - (count + 1)
    follows = np.flatnonzero(np.arange(len(parent)) != starts[parent])
    first, last = np.zeros(len(parent)), np.ones(len(parent))
    first[follows] = last[follows - 1] = cuts.share[inner]
    start, end = graph.edge_from[parent], graph.edge_to[parent]
    start[follows], end[follows - 1] = after[inner], before[inner]
    start[starts[cuts.edge[at_start]]] = after[at_start]
    end[(starts + count)[cuts.edge[at_end]]] = before[at_end]
    # A cut between vertices is one more vertex in both pieces; a cut at a vertex repeats it.
    copies = np.where(cuts.at_vertex, 1, 2)[inner]
    at = np.repeat(cuts.vertex[inner] + 1, copies)
    coordinates = np.insert(graph.coordinates, at, np.repeat(cuts.xy[inner], copies, axis=0), axis=0)
    added = np.concatenate(([0], np.cumsum(copies)))
    cuts_before = np.searchsorted(cuts.edge[inner], np.arange(graph.n_edges), side="left")
    offsets = np.empty(len(parent) + 1, dtype=np.int64)
    offsets[-1] = len(coordinates)
    offsets[starts] = graph.coordinate_offsets[:-1] + added[cuts_before]
    offsets[follows] = cuts.vertex[inner] + added[1:]
    ids = graph.edge_id[parent]
    for piece in np.flatnonzero(count[parent] > 0).tolist():
        edge_at = parent[piece]
        digits = len(str(count[edge_at]))
        ids[piece] = f"{graph.edge_id[edge_at]}.{piece - starts[edge_at]:0{digits}d}"
    node, at = np.unique(np.concatenate((before, after)), return_index=True)
    at = at[node >= graph.n_nodes] % len(before)
    share = last - first
    pieces = replace(
        with_nodes(graph, cuts.xy[at, 0], cuts.xy[at, 1], graph.component[cuts.edge[at]]),
        edge_id=ids,
        edge_from=start,
        edge_to=end,
        **{name: share * getattr(graph, name)[parent] for name in ("length_m", "forward_min", "backward_min")},
        coordinates=np.ascontiguousarray(coordinates),
        coordinate_offsets=offsets,
        edge_layer=None if graph.edge_layer is None else graph.edge_layer[parent],
        before=None if graph.before is None else graph.before.take(parent),
        **{name: getattr(graph, name)[parent] for name in (*AS_THEY_ARE, "component", "component_km")},
    )
    # Joined pieces stay in the component of their edge.
    return SplitGraph(pieces if joined else rewire(pieces), parent, first, last, before[cuts.row], after[cuts.row])


def _cuts(graph: TravelGraph, edge: IntArray, fraction: FloatArray) -> _Cuts:
    """Find each cut along its line, and keep of those at one place the first."""
    xy, offsets = graph.coordinates, graph.coordinate_offsets
    steps = np.zeros(len(xy))
    steps[1:] = np.hypot(*np.diff(xy, axis=0).T)
    steps[offsets[:-1]] = 0.0
    # Edges without a cut count as nothing, so that rounding does not grow with the network.
    is_cut = np.zeros(graph.n_edges, dtype=bool)
    is_cut[edge] = True
    along = np.cumsum(np.where(np.repeat(is_cut, np.diff(offsets)), steps, 0.0))
    order = np.lexsort((fraction, edge))
    edge, fraction = edge[order], fraction[order]
    head, tail = offsets[edge], offsets[edge + 1] - 1
    length = along[tail] - along[head]
    goal = along[head] + fraction * length
    vertex = np.clip(np.searchsorted(along, goal, side="right") - 1, head, tail - 1)
    gap = along[vertex + 1] - along[vertex]
    is_next = along[vertex + 1] - goal <= _TOUCH_M
    vertex = np.where(is_next, vertex + 1, vertex)
    at_vertex = is_next | (goal - along[vertex] <= _TOUCH_M)
    goal = np.where(at_vertex, along[vertex], goal)
    onwards = np.divide(goal - along[vertex], gap, out=np.zeros_like(goal), where=(gap > 0) & ~at_vertex)
    following = xy[np.minimum(vertex + 1, tail)]
    share = np.divide(goal - along[head], length, out=np.zeros_like(goal), where=length > 0)
    share = np.where(at_vertex & (along[vertex] == along[tail]), 1.0, share)
    share = np.where(at_vertex & (along[vertex] == along[head]), 0.0, share)
    share = np.where(length > 0, share, np.round(fraction))
    is_inner = (share > 0.0) & (share < 1.0)
    same = np.zeros(len(edge), dtype=bool)
    same[1:] = (edge[1:] == edge[:-1]) & is_inner[1:] & is_inner[:-1] & (goal[1:] - goal[:-1] <= _TOUCH_M)
    same[1:] |= (edge[1:] == edge[:-1]) & (share[1:] == share[:-1])
    kept = np.flatnonzero(~same)
    row = np.empty(len(edge), dtype=np.int64)
    row[order] = np.cumsum(~same) - 1
    place = xy[vertex] + onwards[:, None] * (following - xy[vertex])
    return _Cuts(edge[kept], share[kept], vertex[kept], at_vertex[kept], place[kept], row)


def rewire(graph: TravelGraph) -> TravelGraph:
    """Find the components of a graph anew, after its edges or nodes have changed; links join none."""
    every = np.ones(graph.n_edges, dtype=bool)
    return with_components(graph, every if graph.edge_layer is None else graph.edge_layer >= 0)


# A border that must not be crossed: edges are cut there, and walks end there.

_ON_M = 1e-3
"""A node this near to the border stands on it. Metres."""


def border_lines(border: gpd.GeoSeries | gpd.GeoDataFrame) -> gpd.GeoSeries:
    """
    Draw a border as the lines that no straight walk may touch.

    Add them to the barriers of `snap`, `nearest`, `times_matrix` or `Surroundings`.

    Parameters
    ----------
    border : GeoSeries or GeoDataFrame
        Polygons, whose outline together is the border, or lines.

    Returns
    -------
    GeoSeries
        Lines, in the CRS of the border.

    Raises
    ------
    NetworkError
        Where it holds neither polygons nor lines.
    """
    _, wall = _read(border)
    return gpd.GeoSeries(shapely.get_parts(wall), crs=border.crs)


def hard_border(graph: TravelGraph, border: gpd.GeoSeries | gpd.GeoDataFrame) -> TravelGraph:
    """
    Cut a network at a border that must not be crossed.

    An edge that crosses is cut there, not deleted: both its pieces stay, each a dead end at the border. What runs along
    the outline of a polygon belongs to the inside. A junction that stands on it is doubled, so that the roads of each
    side stay joined among themselves. Lines have no sides: every edge is cut wherever it touches one, and taken off a
    junction that stands on one.

    Parameters
    ----------
    graph : TravelGraph
        Left unchanged.
    border : GeoSeries or GeoDataFrame
        Polygons, whose outline together is the border, or lines; in the CRS of the graph.

    Returns
    -------
    TravelGraph
        On which no way leads across. Walks do not know of it: pass `border_lines` as a barrier too.

    Raises
    ------
    CrsError
        Where border and graph differ in their CRS.
    NetworkError
        Where the border holds neither polygons nor lines.
    """
    of_kind("graph", graph, TravelGraph, required=True)
    area, wall = _read(border)
    require_network_crs(border.crs, graph.crs, what="border")
    shapely.prepare(wall)
    lines = graph.edge_lines()
    near = np.flatnonzero(shapely.dwithin(wall, lines, _ON_M)) if graph.n_edges else np.empty(0, np.int64)
    if len(near) == 0:
        return graph
    # Where edges meet the border: at points, and at both ends of what they share with it.
    shared = shapely.intersection(lines[near], wall)
    parts, row = shapely.get_parts(shared, return_index=True)
    is_way = shapely.get_dimensions(parts) > 0
    parts[is_way] = shapely.boundary(parts[is_way])
    of_edge = np.split(parts, np.searchsorted(row, np.arange(1, len(near))))
    ends = np.array([shapely.union_all(places) for places in of_edge])
    points, row = shapely.get_parts(ends, return_index=True)
    edge = near[row]
    share = np.asarray(shapely.line_locate_point(lines[edge], points, normalized=True))
    # A node within rounding of the border stands on it.
    for value, which in ((0.0, 0), (1.0, -1)):
        on = near[np.asarray(shapely.dwithin(shapely.get_point(lines[near], which), wall, _ON_M))]
        edge, share = np.concatenate((edge, on)), np.concatenate((share, np.full(len(on), value)))
    if area is None:
        return split_edges(graph, edge, share, joined=False)
    # Cut where an edge goes from one side to the other.
    order = np.lexsort((share, edge))
    length = graph.length_m[edge]
    inner = order[((share * length > _ON_M) & ((1.0 - share) * length > _ON_M))[order]]
    crossed = [np.empty(0, dtype=np.int64)]
    for touches in np.split(inner, np.flatnonzero(np.diff(edge[inner])) + 1) if len(inner) else ():
        stops = np.concatenate(([0.0], share[touches], [1.0]))
        middles = shapely.line_interpolate_point(
            lines[edge[touches[0]]], (stops[1:] + stops[:-1]) / 2.0, normalized=True
        )
        inside = _inside(area, np.asarray(middles))
        crossed.append(touches[inside[1:] != inside[:-1]])
    kept = np.concatenate(crossed)
    cut = split_edges(graph, edge[kept], share[kept], joined=False)
    # Give the outer edges of every junction on the border a node of their own.
    middles = shapely.line_interpolate_point(cut.edge_lines(), 0.5, normalized=True)
    outer = ~_inside(area, np.asarray(middles))
    degree = [
        np.bincount(np.concatenate((cut.edge_from[rows], cut.edge_to[rows])), minlength=cut.n_nodes)
        for rows in (outer, ~outer)
    ]
    mixed = np.flatnonzero((degree[0] > 0) & (degree[1] > 0))
    points = np.asarray(shapely.points(np.column_stack((cut.node_x, cut.node_y))[mixed]), dtype=object)
    mixed = mixed[np.asarray(shapely.dwithin(wall, points, _ON_M), dtype=bool)]
    if len(mixed) == 0:
        return cut
    other = np.arange(cut.n_nodes)
    other[mixed] = cut.n_nodes + np.arange(len(mixed))
    wider = with_nodes(cut, cut.node_x[mixed], cut.node_y[mixed], cut.node_component[mixed])
    return rewire(
        replace(
            wider,
            edge_from=np.where(outer, other[cut.edge_from], cut.edge_from),
            edge_to=np.where(outer, other[cut.edge_to], cut.edge_to),
        )
    )


def _read(border: gpd.GeoSeries | gpd.GeoDataFrame) -> tuple[shapely.Geometry | None, shapely.Geometry]:
    require_shapes("border", border, series_too=True)
    shapes = shapely.get_parts(np.asarray(border.geometry.dropna(), dtype=object))
    dimensions = shapely.get_dimensions(shapes)
    if len(shapes) == 0 or not np.isin(dimensions, (1, 2)).all() or len(np.unique(dimensions)) > 1:
        raise NetworkError(
            "the border must hold polygons, or lines, of one kind; it holds "
            + (", ".join(sorted({shape.geom_type for shape in shapes})) or "nothing")
        )
    if dimensions[0] == 1:
        return None, shapely.union_all(shapes)
    area = shapely.union_all(shapes)
    return area, shapely.boundary(area)


def _inside(area: shapely.Geometry, points: ObjectArray) -> BoolArray:
    return np.asarray(shapely.dwithin(area, points, _ON_M))
