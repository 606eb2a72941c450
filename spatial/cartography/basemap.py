"""The ground under the settlements: roads, water, boundaries and relief, simplified for the canvas."""

from __future__ import annotations

import functools
import math
import struct
import zlib
from array import array
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from affine import Affine
from rasterio.enums import Resampling
from rasterio.transform import from_bounds
from rasterio.warp import reproject, transform_bounds

from spatial.arrays import FloatArray
from spatial.cartography.document import NO_INDEX, Piece, pack, space_order
from spatial.cartography.page_data import PageBook, Rows, once, shown_box
from spatial.crs import WGS84, degrees_drawn, transformer_between
from spatial.rasters import Raster

# Lines and outlines for the canvas: simplified, in small steps of a degree, delta-coded.

DEGREE_SCALE = 100_000
"""Steps a degree of points: about 1.1 m on the ground, finer than a pixel at every zoom offered."""
METRES_A_DEGREE = 111_320.0
_STEPS_A_TOLERANCE = 2.0
"""Steps that lines take within what they may leave the true ones by: rounding adds a quarter to it at most."""
LEAST_OF_RING = 4
"""Points of a ring that has an area, the first again as the last."""
_CENTIMETRES = 100.0
"""Points of routes this near are the same point."""


def pack_points(points: gpd.GeoSeries) -> dict[str, Any]:
    """Encode points."""
    degrees = points.to_crs(degrees_drawn(points.crs))
    x = np.rint(degrees.x.to_numpy() * DEGREE_SCALE).astype(np.int64)
    y = np.rint(degrees.y.to_numpy() * DEGREE_SCALE).astype(np.int64)
    return {"x": pack(np.diff(x, prepend=0), "i4"), "y": pack(np.diff(y, prepend=0), "i4")}


def pack_lines(shapes: gpd.GeoSeries, *, tolerance_m: float, rings: bool = False) -> dict[str, Any]:
    """Encode lines, or the rings of polygons, each with the number of its shape as ``source``."""
    parts, number = shapely.get_parts(shapes.to_numpy(), return_index=True)
    kind = shapely.get_type_id(parts)
    line = (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING)
    chosen = np.isin(kind, [shapely.GeometryType.POLYGON] if rings else line)
    parts, number = parts[chosen], number[chosen]
    if rings:
        parts, source = shapely.get_rings(parts, return_index=True)
        number = number[source]
    thin = shapely.simplify(parts, tolerance_m, preserve_topology=False)
    # A ring that is no wider would be gone; the topology of all rings costs thirty times as much, for what no eye sees.
    gone = shapely.get_num_coordinates(thin) < (LEAST_OF_RING if rings else 0)
    thin[gone] = shapely.simplify(parts[gone], tolerance_m, preserve_topology=True)
    xy, at = shapely.get_coordinates(thin, return_index=True)
    return _packed_lines(xy, at, crs=shapes.crs, tolerance_m=tolerance_m) | {"source": pack(number, "u4")}


def pack_network(lines: gpd.GeoSeries, *, tolerance_m: float) -> dict[str, Any]:
    """Encode lines that are only drawn: those that meet at their ends go on as one, so that few points stand twice."""
    parts = shapely.simplify(lines.to_numpy(), tolerance_m, preserve_topology=False)
    if not (shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING.value).all():
        parts = shapely.get_parts(parts)
    xy, line = shapely.get_coordinates(parts, return_index=True)
    bounds = np.searchsorted(line, np.arange(len(parts) + 1))
    del parts, line  # of a country, hundreds of MB
    ends = np.stack([xy[bounds[:-1]], xy[bounds[1:] - 1]], axis=1).reshape(-1, 2)
    nodes, number = np.unique(np.rint(ends * _CENTIMETRES), axis=0, return_inverse=True)
    end_at, degree = number.ravel(), np.bincount(number.ravel(), minlength=len(nodes))
    # Looked at one by one without an object for each number: of the lines at a node the first comes first.
    end_of, lines_at = end_at.data, (np.argsort(end_at, kind="stable") // 2).data
    first = np.append(0, np.cumsum(degree)).data
    # A trail that begins where an odd number of lines meet ends at another such node: so few trails as can be.
    near = space_order(nodes[:, 0], nodes[:, 1])
    begins = np.append(near[degree[near] % 2 == 1], near)
    drawn, order, aheads, sizes = bytearray(len(bounds) - 1), array("q"), bytearray(), array("q")
    for begin in begins.data:
        while True:
            node, before = begin, len(order)
            while left := [at for at in lines_at[first[node] : first[node + 1]] if not drawn[at]]:
                at = left[0]
                drawn[at] = 1
                is_ahead = end_of[2 * at] == node
                order.append(at)
                aheads.append(is_ahead)
                node = end_of[2 * at + is_ahead]
            if len(order) == before:
                break
            sizes.append(len(order) - before)
    # The points of lines in this order, forwards or back, without the one at which the line before has ended.
    trail = np.repeat(np.arange(len(sizes)), sizes)
    goes_on = np.diff(trail, prepend=-1) == 0
    low, high = bounds[order], bounds[1:][order]
    step = np.where(np.frombuffer(aheads, bool), 1, -1)
    start = np.where(step > 0, low, high - 1) + step * goes_on
    count = high - low - goes_on
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    points = np.repeat(start, count) + np.repeat(step, count) * within
    return _packed_lines(xy[points], np.repeat(trail, count), crs=lines.crs, tolerance_m=tolerance_m)


def _packed_lines(xy: FloatArray, line: npt.NDArray[np.intp], *, crs: Any, tolerance_m: float) -> dict[str, Any]:
    """Encode the points of lines, each with the number of its line, in steps that suit the tolerance."""
    scale = min(DEGREE_SCALE, round(METRES_A_DEGREE * _STEPS_A_TOLERANCE / tolerance_m))
    # A point a vertex would be millions of objects.
    to_degrees = transformer_between(crs, degrees_drawn(crs))
    x, y = (np.rint(degrees * scale).astype(np.int64) for degrees in to_degrees.transform(*xy.T))
    return {
        "scale": scale,
        "sizes": pack(np.bincount(line), "u4"),
        "x": pack(np.diff(x, prepend=0), "i4"),
        "y": pack(np.diff(y, prepend=0), "i4"),
    }


def pack_routes(routes: gpd.GeoSeries, *, tolerance_m: float, labels: npt.ArrayLike) -> dict[str, Any]:
    """
    Encode ways that run together towards their ends, such as all ways to the nearest facility; what they share once.

    Returns chains as lines without the point at which another goes on; for each chain the number of that one, for each
    route the number of its first chain, both less than zero where there is none; and the labels as ``source``.
    """
    xy, line = shapely.get_coordinates(routes.to_numpy(), return_index=True)
    cells = np.rint(xy * _CENTIMETRES).astype(np.int64)
    node = np.unique((cells[:, 0] << 32) + cells[:, 1], return_inverse=True)[1]
    is_first = np.r_[True, line[1:] != line[:-1]]
    is_last = np.r_[is_first[1:], True]
    # A step is a pair of neighbouring points; routes part, meet, begin or end at junctions alone.
    count = int(node.max()) + 1
    begin = np.flatnonzero(~is_last)
    steps, step = np.unique(node[begin] * count + node[begin + 1], return_inverse=True)
    is_junction = np.bincount(steps // count, minlength=count) != 1
    is_junction |= np.bincount(steps % count, minlength=count) != 1
    is_junction[node[is_first | is_last]] = True
    # Between junctions the first step tells the chain; with what follows, from the end, it tells the rest of the way.
    junctions = np.flatnonzero(is_junction[node])
    is_start = ~is_last[junctions]
    start, stop = junctions[is_start], junctions[np.flatnonzero(is_start) + 1]
    first_step = step[np.searchsorted(begin, start)]
    is_end = is_last[stop]
    ends = np.flatnonzero(is_end)
    chains_left = ends[np.searchsorted(ends, np.arange(len(start)))] - np.arange(len(start))
    chain = np.full(len(start) + 1, NO_INDEX)
    drawn, following = np.zeros(0, np.intp), np.zeros(0, np.intp)
    for left in range(int(chains_left.max()) + 1):
        rows = np.flatnonzero(chains_left == left)
        then = np.where(is_end[rows], NO_INDEX, chain[rows + 1])
        key = first_step[rows] * (len(start) + 1) + then + 1
        _, picked, which = np.unique(key, return_index=True, return_inverse=True)
        chain[rows] = len(drawn) + which
        drawn, following = np.r_[drawn, rows[picked]], np.r_[following, then[picked]]
    sizes = stop[drawn] - start[drawn] + 1
    at = np.repeat(start[drawn] - np.r_[0, np.cumsum(sizes)[:-1]], sizes) + np.arange(sizes.sum())
    shapes = shapely.linestrings(xy[at], indices=np.repeat(np.arange(len(drawn)), sizes))
    shapes = shapely.simplify(shapes, tolerance_m, preserve_topology=False)
    kept, of = shapely.get_coordinates(shapes, return_index=True)
    is_shared = np.r_[of[1:] != of[:-1], True] & (following[of] != NO_INDEX)
    return _packed_lines(kept[~is_shared], of[~is_shared], crs=routes.crs, tolerance_m=tolerance_m) | {
        "next": pack(following, "i4"),
        "first": pack(chain[:-1][is_first[start]], "i4"),
        "source": pack(np.asarray(labels), "u4"),
    }


# Relief as a faint shade: elevation warped to web Mercator, lit from the north-west, as a small picture.

MAX_BYTES = 16_000
"""Most that the picture adds to a page: a faint shade needs no more than some 80,000 cells of hills."""
_WEB_MERCATOR = "EPSG:3857"
_MOST_PX, _FIRST_PX, _LEAST_PX = 800, 250, 120
"""Longer side of the picture. One of plains is small enough at the most, one of mountains at a third of it."""
_SIDE_BY_BYTES = 0.75
"""The side grows with this power of the bytes: finer cells are smoother."""
_REACH = 0.15
"""Ground that the relief reaches further, for a little panning, as a share of the extent."""
_LEVELS = 16
_INK = (38, 50, 58)
_OPACITY = 0.38
"""Of the deepest shade; level ground gets a seventh of it."""
_USUAL_SLOPE, _MOST_EXAGGERATED = 0.5, 8.0
_LIGHT = (-0.5, 0.5, math.sqrt(0.5))
"""Towards the light: from the north-west, halfway up, as on printed maps."""


class _Drawn(NamedTuple):
    """A picture of relief, and the factor that exaggerates its heights."""

    image: bytes
    factor: float


def relief_block(relief: Raster, bounds: Sequence[Sequence[float]]) -> dict[str, Any] | None:
    """Encode relief: image, bounds and the factor that exaggerates heights; None where it tells nothing there."""
    (south, west), (north, east) = bounds
    # The part of the raster that the box of degrees needs, a few cells wider.
    left, bottom, right, top = transform_bounds(WGS84, relief.crs.to_wkt(), west, south, east, north)
    corners = [~relief.transform * corner for corner in ((left, top), (right, bottom), (left, bottom), (right, top))]
    first = [max(0, math.floor(min(values)) - 2) for values in zip(*corners, strict=True)]
    last = [math.ceil(max(values)) + 3 for values in zip(*corners, strict=True)]
    area = [slice(start, max(end, start + 1)) for start, end in zip(first, last, strict=True)]
    shape = [len(range(*part.indices(most))) for part, most in zip(area, relief.shape[::-1], strict=True)]
    if 0 in shape:
        return None
    # Warping all cells is slow: whole blocks are averaged down to twice as many a side as are shown.
    by = max(1, max(shape) // (2 * _MOST_PX))
    placed = relief.transform * Affine.translation(*first) * Affine.scale(by)
    heights = Raster(relief.block_means(area[1], area[0], by), placed, relief.crs)
    left, bottom, right, top = transform_bounds(WGS84, _WEB_MERCATOR, west, south, east, north)

    def drawn(side: int) -> _Drawn | None:
        """Draw heights on a web Mercator grid of so many cells a side."""
        step = max(right - left, top - bottom) / max(3, min(side, max(shape)))
        columns, rows = (max(3, math.ceil(length / step)) for length in (right - left, top - bottom))
        metres = np.full((rows, columns), np.nan)
        by = max(1, max(heights.shape) // (2 * max(rows, columns)))
        finer = heights.block_means(slice(None), slice(None), by)
        reproject(
            finer,
            metres,
            src_transform=placed * Affine.scale(by),
            src_crs=relief.crs.to_wkt(),
            src_nodata=np.nan,
            dst_transform=from_bounds(left, bottom, right, top, columns, rows),
            dst_crs=_WEB_MERCATOR,
            dst_nodata=np.nan,
            resampling=Resampling.average if finer.size > metres.size else Resampling.bilinear,
        )
        if not np.isfinite(metres).any():
            return None
        # The side of a cell on the ground, row by row.
        cell_m = step * np.cos(np.radians(np.linspace(north, south, rows)))
        # Heights are raised until the steeper slopes stand out: at most eightfold, never lowered.
        slope = np.hypot(*np.gradient(metres)) / cell_m[:, None]
        known = slope[np.isfinite(slope) & (slope > 0.0)]
        steep = float(np.quantile(known, 0.9)) if len(known) else math.inf
        factor = min(_MOST_EXAGGERATED, max(1.0, _USUAL_SLOPE / steep))
        return _Drawn(palette_png(hillshade(metres, cell_m, factor=factor)), factor)

    # A small picture tells what side has about the bytes that a page has room for.
    side, is_first = _FIRST_PX, True
    shown = drawn(side)
    while shown is not None and (is_first or (len(shown.image) > MAX_BYTES and side > _LEAST_PX)):
        change = (MAX_BYTES / len(shown.image)) ** _SIDE_BY_BYTES
        side = min(_MOST_PX, max(_LEAST_PX, int(side * (change if is_first else min(0.95, change)))))
        shown, is_first = drawn(side), False
    if shown is None:
        return None
    return {"image": Piece(shown.image), "bounds": [[south, west], [north, east]], "factor": round(shown.factor, 1)}


def relief_shown(book: PageBook, rows: Rows) -> dict[str, Any] | None:
    """Encode the relief of the study, once for all its pages; None where it has no elevation."""
    relief = book.relief
    if relief is None:
        return None
    low, high = np.array(shown_box(book, rows)["bounds"])
    margin = (high - low) * _REACH
    # A raster is not warped across the 180th meridian.
    if low[1] - margin[1] < -180.0 or high[1] + margin[1] > 180.0:
        return None
    wider = np.round([low - margin, high + margin], 5).tolist()
    return once(rows.kept, "relief", lambda: relief_block(relief, wider))


def hillshade(metres: npt.ArrayLike, cell_m: npt.ArrayLike, *, factor: float = 1.0) -> FloatArray:
    """Shade a surface lit from the north-west at 45 degrees."""
    height = np.asarray(metres, dtype=np.float64)
    cell = np.reshape(np.asarray(cell_m, dtype=np.float64), (-1, 1))
    south, east = (part * factor / cell for part in np.gradient(height))
    cosine = (-east * _LIGHT[0] + south * _LIGHT[1] + _LIGHT[2]) / np.sqrt(1.0 + east**2 + south**2)
    sea = (height <= 0.0) & (south == 0.0) & (east == 0.0)
    return np.where(sea, np.nan, 1.0 - np.clip(cosine, 0.0, 1.0))


def palette_png(shade: npt.ArrayLike) -> bytes:
    """Write a shade as a PNG of one ink in steps of opacity."""
    deep = np.nan_to_num(np.asarray(shade, dtype=np.float64)) ** 1.5
    levels = np.rint(deep * (_LEVELS - 1)).astype(np.uint8)
    rows, columns = levels.shape
    # Each line as its difference from the one above, which is filter 2 of PNG.
    above = np.vstack([np.zeros((1, columns), np.uint8), levels[:-1]])
    lines = np.hstack([np.full((rows, 1), 2, np.uint8), levels - above])
    opacity = bytes(round(255 * _OPACITY * level / (_LEVELS - 1)) for level in range(_LEVELS))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(_INK) * _LEVELS),
        (b"tRNS", opacity),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))
        for name, body in chunks
    )


# The ground under the settlements, from the study's own roads, water and boundaries.

_ROADS = {
    "road_minor": ("unclassified", "residential", "living_street", "road", "track"),
    "ferry": ("ferry",),
    "road_middle": ("secondary", "secondary_link", "tertiary", "tertiary_link"),
    "road_major": ("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link"),
}
"""Classes of roads by how they look, the lowest first."""
_MINOR = 1.5
"""Times the tolerance by which minor roads, thin and grey, may leave the true ones."""
_WATER_LINES = ("river", "canal")
_BOX_SHARE = 0.99
"""Share of its oriented envelope above which a study area is a box of coordinates."""
_SEASONS = ("no", "unknown", "yes")


def ground(
    tables: Mapping[str, pd.DataFrame],
    *,
    tolerance_m: float,
    minor: bool,
    seasons: bool = False,
    kept: dict[Hashable, Any] | None = None,
) -> list[dict[str, Any]]:
    """Encode the base map, roads by class or by season; what was encoded before is taken from `kept`."""
    kept = {} if kept is None else kept
    names = ("study_area", "water", "boundaries", "roads", "edges")
    area, water, boundaries, roads, edges = (
        frame if isinstance(frame := tables.get(name), gpd.GeoDataFrame) and len(frame) else None for name in names
    )
    units = None if boundaries is None else boundaries.loc[boundaries["is_unit"]]
    land = area if units is None or units.empty else units
    shapes = {} if land is None else {"area": land.geometry}
    if water is not None:
        coast = water.loc[water["kind"] == "coastline"].geometry
        shapes["sea"] = once(kept, "sea", lambda: sea_beside(coast))
        shapes["water_area"] = water.geometry
        # An area that is a barrier too is drawn as water above: its rings are no line that goes on.
        is_line = shapely.get_dimensions(water.geometry.to_numpy()) == 1
        shapes["water_line"] = water.loc[(water["kind"].isin(_WATER_LINES) | water["is_barrier"]) & is_line].geometry
    if seasons and edges is not None:
        first = edges.loc[edges["mode"] == edges["mode"].iloc[0]]
        shapes |= {f"season_{season}": first.loc[first["all_season"] == season].geometry for season in _SEASONS}
    elif roads is not None:
        shapes |= {
            look: roads.loc[roads["road_class"].isin(classes)].geometry
            for look, classes in _ROADS.items()
            if minor or look != "road_minor"
        }
    if units is not None:
        shapes["boundary"] = units.geometry
    # The sides of a mere rectangle mean nothing on the ground.
    if area is not None:
        outlines = area.geometry.to_numpy()
        boxes = shapely.area(shapely.oriented_envelope(outlines))
        if not (shapely.area(outlines) >= _BOX_SHARE * boxes).all():
            shapes["outline"] = area.geometry.boundary
    groups = []
    for look, own in shapes.items():
        # The borders of townships are the rings of the land, which a page then carries once.
        key = ("ground", "area" if look == "boundary" else look, tolerance_m)
        if key not in kept:
            is_ground = look in {"area", "boundary", "sea", "water_area"}
            pack_shapes = functools.partial(pack_lines, rings=True) if is_ground else pack_network
            kept[key] = pack_shapes(own, tolerance_m=tolerance_m * (_MINOR if look == "road_minor" else 1.0))
        if kept[key]["sizes"]["n"]:
            groups.append({"look": look, "lines": kept[key]})
    if units is not None and land is units:
        # By these a place of the map is told to lie in one of them.
        groups[0]["units"] = units["boundary_id"].tolist()
    if roads is not None and not seasons:
        numbers = once(kept, "road numbers", lambda: road_numbers(roads))
        if numbers["texts"]:
            groups.append({"look": "road_numbers", **numbers})
    return groups


_SEA_REACH = 2.0
"""How far the sea is drawn beyond the coast, as a share of its extent, so that it fills wide maps too."""


def sea_beside(coast: gpd.GeoSeries) -> gpd.GeoSeries:
    """Give the sea at the right of coast lines, as OpenStreetMap draws them, in a box around; none without a coast."""
    lines = shapely.get_parts(coast.to_numpy())
    lines = lines[shapely.length(lines) > 0.0]
    if not len(lines):
        return gpd.GeoSeries([], crs=coast.crs)
    west, south, east, north = shapely.total_bounds(lines)
    reach = _SEA_REACH * max(east - west, north - south)
    box = shapely.box(west - reach, south - reach, east + reach, north + reach)
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all([*lines, box.exterior])]))
    # A step to the right, and one to the left, of the middle of each line's longest segment.
    right, left = [], []
    for line in lines:
        points = shapely.get_coordinates(line)
        along = np.diff(points, axis=0)
        at = int(np.argmax(np.hypot(*along.T)))
        length = float(np.hypot(*along[at]))
        step = np.array([along[at][1], -along[at][0]]) / length * min(1.0, length / 10.0)
        middle = points[at] + along[at] / 2.0
        right.append(middle + step)
        left.append(middle - step)
    tree = shapely.STRtree(faces)
    wet, dry = (tree.query(shapely.points(side), predicate="intersects")[1] for side in (right, left))
    # A line that closes with nothing has both of its sides in one part, of which nothing can be told.
    return gpd.GeoSeries(faces[np.setdiff1d(wet, dry)], crs=coast.crs)


_NUMBER_EVERY_M = 12_000.0
"""Length of a road that bears its number once."""


def road_numbers(roads: gpd.GeoDataFrame) -> dict[str, Any]:
    """Encode where the larger roads bear their numbers: in the middle, on long ones every so often."""
    large = (*_ROADS["road_major"], *_ROADS["road_middle"])
    texts, points = [], []
    if "ref" in roads:
        known = roads.loc[roads["ref"].notna() & roads["road_class"].isin(large)]
        for number, shapes in known.groupby("ref", sort=True).geometry:
            # The longest part that is drawn as one; a road in pieces has its number once.
            parts = shapely.get_parts(shapely.line_merge(shapely.union_all(shapes.to_numpy())))
            longest = parts[int(np.argmax(shapely.length(parts)))]
            count = max(1, round(longest.length / _NUMBER_EVERY_M))
            texts += [str(number).split(";")[0]] * count
            points += [longest.interpolate((at + 0.5) / count, normalized=True) for at in range(count)]
    return {"texts": texts, "points": pack_points(gpd.GeoSeries(points, crs=roads.crs)) if points else None}
