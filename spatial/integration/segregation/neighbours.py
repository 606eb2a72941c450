"""Who is whose neighbour: units that touch, and the nearest places by travel time or in a straight line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.spatial import KDTree

from spatial.access.options import numbers
from spatial.access.places import place_on
from spatial.access.rules import SnapRules
from spatial.errors import ContractError
from spatial.network import nearest

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from spatial.network import TravelGraph

__all__ = ["nearest_in_line", "queen_contiguity", "travel_time_neighbours"]

TOUCH_M = 1.0
"""Units no farther apart than this touch: outlines of one border are drawn twice and seldom meet exactly."""


def queen_contiguity(units: gpd.GeoSeries) -> sparse.csr_array:
    """
    Find the units that share a side or a corner.

    Parameters
    ----------
    units : GeoSeries of Polygon
        In a CRS of metres; missing and empty ones touch nothing.

    Returns
    -------
    sparse.csr_array, (units, units)
        1 where two are no farther apart than a metre, without diagonal; symmetric.

    Raises
    ------
    ContractError
        For units in degrees.

    Examples
    --------
    >>> import geopandas as gpd
    >>> row = gpd.GeoSeries([shapely.box(x, 0, x + 1000, 1000) for x in (0, 1000, 3000)], crs="EPSG:32648")
    >>> queen_contiguity(row).toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if units.crs is not None and units.crs.is_geographic:
        raise ContractError("segregation", ["units: are in degrees; project them to metres first"])
    shapes = np.asarray(units.array, dtype=object)
    size = (len(shapes), len(shapes))
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=TOUCH_M)
    apart = one != other
    pairs = (one[apart], other[apart])
    return sparse.coo_array((np.ones(len(pairs[0])), pairs), shape=size).tocsr()


def nearest_in_line(points: ArrayLike, k: int) -> sparse.csr_array:
    """Find the nearest places in a straight line."""
    place = numbers("segregation", "points", points)
    n = len(place)
    # One more than asked for is looked at, since a place finds itself too, perhaps behind others on the same spot.
    look = min(k + 1, n)
    if k < 1 or n < 2:
        return sparse.csr_array((n, n), dtype=np.float64)
    found = np.asarray(KDTree(place).query(place, k=np.arange(1, look + 1))[1], dtype=np.int64)
    return _others(found, min(k, n - 1))


def travel_time_neighbours(
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    *,
    k: int = 8,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> sparse.csr_array:
    """
    Find the nearest other settlements by travel time, door to door.

    Parameters
    ----------
    graph : TravelGraph
        The network; times are from each settlement to the others.
    settlements : GeoDataFrame of Point
        With `settlement_id`, in the CRS of the graph.
    k : int
        How many different settlements, those on the same spot among them; fewer where fewer are reached.
    rules : SnapRules, optional
        How settlements are joined to the network.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    sparse.csr_array, (settlements, settlements)
        1 from a settlement to each of its neighbours, in the order given. A settlement is not its own neighbour; one
        that reaches nobody has none. Of equally near ones the lower id counts.

    Raises
    ------
    ContractError
        Where settlements have no ids or points, or k is below 1.
    NetworkError
        Where there is no network to be joined to.
    """
    if k < 1:
        raise ContractError("segregation", [f"k: must be 1 or more, is {k}"])
    n = len(settlements)
    if n < 2:
        return sparse.csr_array((n, n), dtype=np.float64)
    placed = place_on(graph, settlements, key="settlement_id", rules=rules or SnapRules(), barriers=barriers)
    # One more, since a settlement finds itself too, be it after others: it walks to the network and back.
    found = nearest(graph, placed.snaps, placed.snaps, k=min(k + 1, n), direct_barriers=barriers)
    order = pd.Index(settlements["settlement_id"]).get_indexer(pd.Index(placed.ids))
    near = _others(found.destination, min(k, n - 1)).tocoo()
    pairs = (order[near.row], order[near.col])
    return sparse.coo_array((near.data, pairs), shape=near.shape).tocsr()


def _others(found: NDArray[np.int64], k: int) -> sparse.csr_array:
    """Take the first k of each row that are not the row itself, -1 being none."""
    n = len(found)
    other = (found >= 0) & (found != np.arange(n)[:, None])
    other &= np.cumsum(other, axis=1) <= k
    row, slot = np.nonzero(other)
    return sparse.coo_array((np.ones(len(row)), (row, found[row, slot])), shape=(n, n)).tocsr()
