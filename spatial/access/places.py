"""Places on a network: settlements and facilities in the order of their ids, with where they meet the roads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.eligibility import is_for_everybody
from spatial.access.options import service_names
from spatial.access.ordering import id_order
from spatial.access.place_checks import check_crs, check_on_network, check_places, check_table
from spatial.errors import ContractError, first_of
from spatial.network import Snaps, snap

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.access.rules import SnapRules
    from spatial.network import TravelGraph

__all__ = ["Places", "existing", "ids_or_none", "offering", "place_on", "take", "texts"]

_STATUS = ("existing", "candidate", "closed")
"""Only the first one serves."""
_ROWWISE = (
    "x",
    "y",
    "edge",
    "fraction",
    "distance_m",
    "access_min",
    "foot_x",
    "foot_y",
    "status",
    "nearest_m",
)


@dataclass(frozen=True, eq=False)
class Places:
    """
    Settlements or facilities joined to one network, in the order of their ids.

    Parameters
    ----------
    frame : GeoDataFrame
        Their rows.
    ids : ndarray of object
        Their ids.
    snaps : Snaps
        Where they meet the network.
    """

    frame: gpd.GeoDataFrame
    ids: NDArray[np.object_]
    snaps: Snaps

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.ids)


def place_on(
    graph: TravelGraph,
    frame: gpd.GeoDataFrame,
    *,
    key: str,
    rules: SnapRules,
    barriers: gpd.GeoSeries | None = None,
) -> Places:
    """
    Sort places by id and join them to a network.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    frame : GeoDataFrame of Point
        Settlements or facilities, in the CRS of the graph.
    key : str
        Column of their ids.
    rules : SnapRules
        How they are joined.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    Places
        One a row, whether joined or not.

    Raises
    ------
    ContractError
        Where there is no network or no table with points, or ids are not there, missing or the same in some rows.
    CrsError
        Where the CRS is not the network's.
    """
    check_on_network(graph, barriers)
    check_places(frame, key)
    check_crs(frame, key, graph)
    ordered = frame.iloc[id_order(frame[key])]
    return Places(
        ordered,
        ordered[key].to_numpy(dtype=object),
        snap(graph, ordered.geometry, barriers=barriers, **vars(rules)),
    )


def existing(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Keep the facilities that serve today, and not members or a group alone.

    Parameters
    ----------
    facilities : GeoDataFrame
        With `status` and `open_to`, or without: then all serve.

    Returns
    -------
    GeoDataFrame
        Those that are neither candidate nor closed.

    Raises
    ------
    ContractError
        Where it is no table, or a status is another word or missing: nobody would see that such a row does not count.
    """
    check_table(facilities, "facilities")
    serving = is_for_everybody(facilities)
    if "status" in facilities:
        status = facilities["status"]
        odd = ~status.isin(_STATUS).to_numpy(dtype=bool)
        if odd.any():
            named = first_of([str(item) for item in status[odd].unique()])
            raise ContractError(
                "facilities",
                [f"status: {named} in {odd.sum()} rows; write {', '.join(_STATUS)}, or drop the column"],
            )
        serving &= (status == _STATUS[0]).to_numpy(dtype=bool)
    return facilities if serving.all() else facilities.loc[serving]


def offering(facilities: pd.DataFrame, service: str | frozenset[str]) -> NDArray[np.int64]:
    """
    Find the facilities that offer a service.

    Parameters
    ----------
    facilities : DataFrame
        With `service`.
    service : str or frozenset of str
        The service, or all the services of facilities that count for it.

    Returns
    -------
    ndarray of int64
        Their positions, ascending.

    Raises
    ------
    ContractError
        Where the facilities tell no service, or none is asked for.
    """
    if "service" not in facilities:
        raise ContractError("facilities", [f"service: no such column among {first_of(facilities.columns)}"])
    return np.flatnonzero(facilities["service"].isin(service_names(service)))


def take(snaps: Snaps, rows: NDArray[np.int64]) -> Snaps:
    """
    Choose some of the places.

    Parameters
    ----------
    snaps : Snaps
        Places.
    rows : ndarray of int64
        Positions, in the order wanted.

    Returns
    -------
    Snaps
        The same options, fewer rows.
    """
    return replace(snaps, **{name: getattr(snaps, name)[rows] for name in _ROWWISE})


def ids_or_none(ids: pd.Series, positions: NDArray[np.int64]) -> pd.Series:
    """
    Name places by position, in the dtype of their ids.

    Parameters
    ----------
    ids : Series
        All ids.
    positions : ndarray of int64
        Which; -1 for none.

    Returns
    -------
    Series
        Missing where there is none; whole numbers are nullable, whether any is missing or not.
    """
    is_whole = isinstance(ids.dtype, np.dtype) and ids.dtype.kind in "iu"
    known = pd.array(ids.to_numpy()) if is_whole else ids.array
    kind = known.dtype if is_whole else ids.dtype
    return pd.Series(pd.api.extensions.take(known, positions, allow_fill=True), dtype=kind)


def texts(ids: NDArray[np.object_], positions: NDArray[np.int64]) -> pd.Series[str]:
    """
    Name places by position.

    Parameters
    ----------
    ids : ndarray of object
        All ids.
    positions : ndarray of int64
        Which; -1 for none.

    Returns
    -------
    Series of str
        Missing where there is none.
    """
    named = np.full(len(positions), None, dtype=object)
    named[positions >= 0] = ids[positions[positions >= 0]]
    return pd.Series(named, dtype="str")
