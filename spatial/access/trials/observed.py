"""Observed minutes between places: read, checked, joined to the network, and their ways split by class of road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.places import take
from spatial.errors import ContractError, first_of
from spatial.network import nearest, snap
from spatial.network.search.routes import routes_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.access.rules import SnapRules
    from spatial.network import Nearest, Snaps, TravelGraph

__all__ = ["Observed", "Ways", "check_observed", "read_observed", "ways_of"]

_COORDINATES = ("from_x", "from_y", "to_x", "to_y")
_KEYS = ("facility_id", "settlement_id", "place_id")
"""Columns of ids, the first that a table has: a facility may say which settlement it is in."""


@dataclass(frozen=True, eq=False)
class Observed:
    """Observations joined to a network."""

    frame: pd.DataFrame  # as given, with a new index from 0
    minutes: NDArray[np.float64]  # shape (n,), observed minutes, above 0
    start: NDArray[np.int64]  # shape (n,), positions of their places
    goal: NDArray[np.int64]
    snaps: Snaps  # where the places meet the network


@dataclass(frozen=True, eq=False)
class Ways:
    """The fastest ways between observed places on one network."""

    walk_min: NDArray[np.float64]  # shape (n,), walks to and from the network; NaN where there is no way
    group_min: NDArray[np.float64]  # shape (n, n_groups), minutes on each group of edges
    distance_m: NDArray[np.float64]  # shape (n,), along the way; inf where there is none

    @property
    def total_min(self) -> NDArray[np.float64]:
        """Door to door; NaN where there is no way."""
        return np.asarray(self.walk_min + self.group_min.sum(axis=1), dtype=np.float64)


def read_observed(
    graph: TravelGraph,
    observed: pd.DataFrame,
    places: Sequence[gpd.GeoDataFrame],
    rules: SnapRules,
    barriers: gpd.GeoSeries | None,
) -> Observed:
    """Check observations and join their places to a network."""
    seen = check_observed(observed, places)
    snaps = snap(graph, gpd.GeoSeries(seen.points, crs=graph.crs), barriers=barriers, **vars(rules))
    return Observed(seen.frame, seen.minutes, seen.start, seen.goal, snaps)


class _Checked(NamedTuple):
    """Observations in order: their minutes, the points that they name, and which of them each starts and ends at."""

    frame: pd.DataFrame
    minutes: NDArray[np.float64]
    points: Any
    start: NDArray[np.int64]
    goal: NDArray[np.int64]


def check_observed(observed: pd.DataFrame, places: Sequence[gpd.GeoDataFrame]) -> _Checked:
    """Check observations before there is a network."""
    frame = pd.DataFrame(observed).reset_index(drop=True)
    has_xy = all(name in frame for name in _COORDINATES)
    needed = ["observed_min", *(() if has_xy else ("from_id", "to_id"))]
    missing = [name for name in needed if name not in frame]
    if missing:
        either = f"from_id and to_id, or {', '.join(_COORDINATES)}"
        raise ContractError(
            "observed", [f"{name}: no such column; give observed_min with {either}" for name in missing]
        )
    minutes = pd.to_numeric(frame["observed_min"], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~((minutes > 0.0) & (minutes < np.inf))
    problems = []
    if wrong.any():
        problems.append(
            f"observed_min: missing or not above 0 in rows {first_of(np.flatnonzero(wrong).tolist())}"
        )
    points, start, goal = _from_xy(frame, problems) if has_xy else _from_ids(frame, places, problems)
    if problems:
        raise ContractError("observed", problems)
    return _Checked(frame, minutes, points, start, goal)


def _from_xy(frame: pd.DataFrame, problems: list[str]) -> tuple[Any, NDArray[np.int64], NDArray[np.int64]]:
    xy = frame[list(_COORDINATES)].to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(xy).all(axis=1)
    if wrong.any():
        problems.append(
            f"from_x, from_y, to_x, to_y: missing in rows {first_of(np.flatnonzero(wrong).tolist())}"
        )
    unique, at = np.unique(np.vstack((xy[:, :2], xy[:, 2:])), axis=0, return_inverse=True)
    at = at.ravel().astype(np.int64)
    return gpd.points_from_xy(unique[:, 0], unique[:, 1]), at[: len(frame)], at[len(frame) :]


def _from_ids(
    frame: pd.DataFrame, places: Sequence[gpd.GeoDataFrame], problems: list[str]
) -> tuple[Any, NDArray[np.int64], NDArray[np.int64]]:
    known: dict[str, Any] = {}
    for table in places:
        key = next((name for name in _KEYS if name in table), None)
        if key is None:
            problems.append(f"places: a table has none of the columns {', '.join(_KEYS)}")
            continue
        known |= dict(zip(table[key].astype(str), table.geometry, strict=True))
    used = sorted({*frame["from_id"].astype(str), *frame["to_id"].astype(str)})
    unknown = [name for name in used if name not in known]
    if unknown:
        problems.append(
            f"from_id, to_id: not among the places: {first_of(unknown)}; give the tables that have them"
        )
    position = pd.Series(np.arange(len(used)), index=used)
    ends = [frame[name].astype(str).map(position).to_numpy(dtype=np.int64) for name in ("from_id", "to_id")]
    return [known.get(name) for name in used], ends[0], ends[1]


def ways_of(
    graph: TravelGraph,
    observed: Observed,
    group: NDArray[np.int64],
    n_groups: int,
    barriers: gpd.GeoSeries | None,
) -> Ways:
    """Find the fastest way of each observation and how long it is on each group of edges."""
    n = len(observed.minutes)
    walk, groups, metres = np.full(n, np.nan), np.zeros((n, n_groups)), np.full(n, np.inf)
    # One search serves all observations that share an end: take the side with fewer places.
    towards = len(np.unique(observed.goal)) <= len(np.unique(observed.start))
    shared, other = (observed.goal, observed.start) if towards else (observed.start, observed.goal)
    for place in np.unique(shared).tolist():
        rows = np.flatnonzero(shared == place)
        found = nearest(
            graph,
            take(observed.snaps, other[rows]),
            take(observed.snaps, np.array([place])),
            k=1,
            direction="to_facility" if towards else "from_facility",
            direct_barriers=barriers,
        )
        reached = np.flatnonzero(found.destination[:, 0] >= 0)
        groups[rows[reached]] = _group_minutes(found, reached, group, n_groups)
        legs = found.access_leg_min[reached, 0] + found.egress_leg_min[reached, 0]
        walk[rows[reached]], metres[rows[reached]] = legs, found.network_distance_m[reached, 0]
    return Ways(walk, groups, metres)


def _group_minutes(
    found: Nearest, origins: NDArray[np.int64], group: NDArray[np.int64], n_groups: int
) -> NDArray[np.float64]:
    """Minutes of each way on each group of edges."""
    ways = routes_between(found, origins, 0)
    share = np.abs(ways.share[:, 1] - ways.share[:, 0])
    graph, travelled = found.graph, np.flatnonzero(share > 0.0)
    edge, way = ways.edge[travelled], np.repeat(np.arange(len(origins)), np.diff(ways.offsets))[travelled]
    forwards = ways.direction[travelled] > 0
    minutes = share[travelled] * np.where(forwards, graph.forward_min[edge], graph.backward_min[edge])
    cells = np.bincount(way * n_groups + group[edge], weights=minutes, minlength=len(origins) * n_groups)
    return cells.astype(np.float64).reshape(-1, n_groups)
