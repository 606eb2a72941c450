"""A border that must not be crossed: edges are cut there, and walks end there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from spatial.crs import require_metres
from spatial.errors import CrsError, NetworkError
from spatial.network.edits.splitting import rewire, split_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

__all__ = ["border_lines", "hard_border"]

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

    Examples
    --------
    >>> # A road of 4 km over a border at 1 km becomes two of 1 and 3 km: hard_border(graph, county.geometry)
    """
    if require_metres(border.crs, what="border") != graph.crs:
        raise CrsError("border and network differ in their CRS; reproject with to_crs(graph.crs)")
    area, wall = _read(border)
    shapely.prepare(wall)
    lines = graph.edge_lines()
    near = np.flatnonzero(shapely.dwithin(wall, lines, _ON_M)) if graph.n_edges else np.empty(0, np.int64)
    if len(near) == 0:
        return graph
    edge, share = _touches(lines, near, wall)
    if area is None:
        return split_edges(graph, edge, share, joined=False)
    inner = _where_sides_change(graph, (edge, share), lines, area)
    cut = split_edges(graph, edge[inner], share[inner], joined=False)
    return _double_junctions(cut, area, wall)


def _read(
    border: gpd.GeoSeries | gpd.GeoDataFrame,
) -> tuple[shapely.Geometry | None, shapely.Geometry]:
    shapes = shapely.get_parts(np.asarray(border.geometry.dropna(), dtype=object))
    dimensions = shapely.get_dimensions(shapes)
    if len(shapes) == 0 or not np.isin(dimensions, (1, 2)).all() or len(np.unique(dimensions)) > 1:
        raise NetworkError("the border must hold polygons, or lines, of one kind; it holds " + _kinds(shapes))
    if dimensions[0] == 1:
        return None, shapely.union_all(shapes)
    area = shapely.union_all(shapes)
    return area, shapely.boundary(area)


def _kinds(shapes: NDArray[np.object_]) -> str:
    return ", ".join(sorted({shape.geom_type for shape in shapes})) or "nothing"


def _touches(
    lines: NDArray[np.object_], near: NDArray[np.int64], wall: shapely.Geometry
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Where edges meet the border: at points, and at both ends of what they share with it."""
    shared = shapely.intersection(lines[near], wall)
    ends = np.array([shapely.union_all([_points(part) for part in shapely.get_parts(one)]) for one in shared])
    # A node within rounding of the border stands on it.
    tips = [shapely.get_point(lines[near], which) for which in (0, -1)]
    points, row = shapely.get_parts(ends, return_index=True)
    edge = near[row]
    share = np.asarray(shapely.line_locate_point(lines[edge], points, normalized=True))
    for value, tip in zip((0.0, 1.0), tips, strict=True):
        on = np.asarray(shapely.dwithin(tip, wall, _ON_M))
        edge = np.concatenate((edge, near[on]))
        share = np.concatenate((share, np.full(int(on.sum()), value)))
    return edge, share


def _points(shape: shapely.Geometry) -> shapely.Geometry:
    return shape if shapely.get_dimensions(shape) == 0 else shapely.boundary(shape)


def _where_sides_change(
    graph: TravelGraph,
    touches: tuple[NDArray[np.int64], NDArray[np.float64]],
    lines: NDArray[np.object_],
    area: shapely.Geometry,
) -> NDArray[np.int64]:
    """Keep the touches within an edge at which it goes from one side to the other."""
    edge, share = touches
    order = np.lexsort((share, edge))
    length = graph.length_m[edge]
    inner = order[((share * length > _ON_M) & ((1.0 - share) * length > _ON_M))[order]]
    kept = []
    for number in np.split(inner, np.flatnonzero(np.diff(edge[inner])) + 1):
        if len(number) == 0:
            continue
        stops = np.concatenate(([0.0], share[number], [1.0]))
        middles = shapely.line_interpolate_point(
            lines[edge[number[0]]], (stops[1:] + stops[:-1]) / 2.0, normalized=True
        )
        inside = _inside(area, np.asarray(middles))
        kept.append(number[inside[1:] != inside[:-1]])
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)


def _inside(area: shapely.Geometry, points: NDArray[np.object_]) -> NDArray[np.bool_]:
    return np.asarray(shapely.dwithin(area, points, _ON_M))


def _double_junctions(graph: TravelGraph, area: shapely.Geometry, wall: shapely.Geometry) -> TravelGraph:
    """Give the outer edges of every junction on the border a node of their own."""
    middles = shapely.line_interpolate_point(graph.edge_lines(), 0.5, normalized=True)
    outer = ~_inside(area, np.asarray(middles))
    degree = [
        np.bincount(np.concatenate((graph.edge_from[rows], graph.edge_to[rows])), minlength=graph.n_nodes)
        for rows in (outer, ~outer)
    ]
    mixed = np.flatnonzero((degree[0] > 0) & (degree[1] > 0))
    points = np.asarray(shapely.points(np.column_stack((graph.node_x, graph.node_y))[mixed]), dtype=object)
    mixed = mixed[np.asarray(shapely.dwithin(wall, points, _ON_M), dtype=bool)]
    if len(mixed) == 0:
        return graph
    other = np.arange(graph.n_nodes)
    other[mixed] = graph.n_nodes + np.arange(len(mixed))
    nothing = np.full(len(mixed), None, dtype=object)
    return rewire(
        graph,
        edge_from=np.where(outer, other[graph.edge_from], graph.edge_from),
        edge_to=np.where(outer, other[graph.edge_to], graph.edge_to),
        node_x=np.concatenate((graph.node_x, graph.node_x[mixed])),
        node_y=np.concatenate((graph.node_y, graph.node_y[mixed])),
        node_source_id=np.concatenate((graph.node_source_id, nothing)),
    )
