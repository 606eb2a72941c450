"""People and facilities that stand on water or another barrier: listed, and moved to the nearest dry ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from spatial.access.areas.shapes import points_at, shapes_of, tree_of
from spatial.access.findings import findings_frame
from spatial.access.place_checks import check_table, not_points
from spatial.crs import require_metres
from spatial.errors import ContractError, CrsError, first_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["move_off_barriers"]

CLEAR_M = 1.0
"""How far beyond the edge of the barrier a place is put, so that it touches it no more. Metres."""
_QUARTER = 8
_KEYS = ("settlement_id", "facility_id")


def move_off_barriers(
    places: gpd.GeoDataFrame,
    barriers: gpd.GeoSeries,
    *,
    max_move_m: float = 200.0,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Move the places that stand on a barrier to the nearest dry ground.

    No walk leads from a place on a barrier. Mapping errors and the centres of cells put people and facilities a little
    way into lakes and the sea: these are moved. Those further out stay where they are and are listed.

    Parameters
    ----------
    places : GeoDataFrame of Point
        Settlements, cells or facilities, with `settlement_id` or `facility_id`.
    barriers : GeoSeries
        Lines and areas that cannot be crossed on foot, in the CRS of the places. A place on their edge stands on them.
    max_move_m : float
        Furthest move, the metre beyond the edge included; inclusive.

    Returns
    -------
    tuple of GeoDataFrame
        All places in the order given, with `moved_m` (0 where it was not moved); and the findings, by the contract of
        the table ``findings_access``: `moved_off_barrier`, with the distance, and `on_barrier` for those that stay.

    Raises
    ------
    ContractError
        Where there is no id, a place without a point, or `max_move_m` is negative or NaN.
    CrsError
        Where places and barriers differ in their CRS.

    Examples
    --------
    A clinic 30 m inside a lake stands 1 m outside it afterwards, with `moved_m` 31.
    """
    key = _check(places, barriers, max_move_m)
    tree = tree_of(barriers.dropna())
    x, y = (np.array(side, dtype=np.float64) for side in (places.geometry.x, places.geometry.y))
    moved = np.zeros(len(places))
    rows = np.empty(0, dtype=np.int64)
    if tree is not None and len(places):
        rows = np.unique(tree.query(shapes_of(places.geometry), predicate="intersects")[0])
        for row in rows:
            goal, moved[row] = _dry(tree, (float(x[row]), float(y[row])), max_move_m)
            x[row], y[row] = goal
    table = places.assign(moved_m=moved).set_geometry(
        gpd.GeoSeries(points_at(x, y), index=places.index, crs=places.crs)
    )
    return table, _findings(places, key, rows, moved)


def _check(places: gpd.GeoDataFrame, barriers: gpd.GeoSeries, max_move_m: float) -> str:
    check_table(places, "places")
    if not (isinstance(places, gpd.GeoDataFrame) and isinstance(barriers, gpd.GeoSeries)):
        raise ContractError("places", ["give a GeoDataFrame of places and a GeoSeries of barriers"])
    if require_metres(places.crs, what="places") != require_metres(barriers.crs, what="barriers"):
        raise CrsError("places and barriers differ in their CRS; reproject with to_crs(...)")
    problems = [] if max_move_m >= 0 else [f"max_move_m: is {max_move_m:g}, must be 0 or more"]
    key = next((name for name in _KEYS if name in places), None)
    if key is None:
        problems.append("settlement_id or facility_id: the column is missing")
    else:
        missing = not_points(places.geometry)
        if missing.any():
            shown = first_of(places[key].to_numpy(dtype=object)[missing])
            problems.append(f"geometry: no point in rows {shown}")
    if problems:
        raise ContractError("places", problems)
    return str(key)


def _dry(
    tree: shapely.STRtree, at: tuple[float, float], max_move_m: float
) -> tuple[tuple[float, float], float]:
    """Find the nearest point clear of every barrier, and how far it is; the point itself and 0 where too far."""
    reach = max_move_m + 2.0 * CLEAR_M
    window = (at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach)
    near = tree.geometries[tree.query(shapely.box(*window), predicate="intersects")]
    # Only the ground nearby counts; edges made by clipping are further away than any move.
    local = shapely.union_all(shapely.clip_by_rect(shapely.make_valid(near), *window))
    shore = shapely.boundary(shapely.buffer(local, CLEAR_M, quad_segs=_QUARTER))
    point = shapely.Point(at)
    distance = float(shapely.distance(point, shore))
    if not distance <= max_move_m:
        return at, 0.0
    goal = shapely.get_point(shapely.shortest_line(point, shore), 1)
    return (float(goal.x), float(goal.y)), distance


def _findings(
    places: gpd.GeoDataFrame, key: str, rows: NDArray[np.int64], moved: NDArray[np.float64]
) -> gpd.GeoDataFrame:
    kind = "settlement" if key == "settlement_id" else "facility"
    finding = np.where(moved[rows] > 0.0, "moved_off_barrier", "on_barrier")
    subject = [str(value) for value in places[key].iloc[rows]]
    return findings_frame(
        {
            "finding_id": [f"{what}/{kind}/{name}" for what, name in zip(finding, subject, strict=True)],
            "kind": finding.tolist(),
            "subject_id": subject,
            "other_id": [None] * len(rows),
            "detail": [_detail(kind, float(metres)) for metres in moved[rows]],
        },
        np.where(moved[rows] > 0.0, moved[rows], np.nan),
        places.iloc[rows].geometry,
    )


def _detail(kind: str, metres: float) -> str:
    if metres > 0.0:
        return f"The {kind} stood on a barrier; it was moved {metres:.0f} m to the nearest dry ground."
    return f"The {kind} stands on a barrier, too far from dry ground to be moved; no walk leads from it."
