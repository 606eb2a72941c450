"""What one closed road would cost, what coverage stays whichever road is closed, and how loops protect a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from sys import float_info
from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse import csgraph

from spatial.access.cumulative import CAP_MIN
from spatial.access.od_pairs import people_of
from spatial.access.options import check_direction, check_minutes, limit_of, vectors, whole_number
from spatial.access.places import Asked, asked_for, existing, is_for_some_units, offering, place_on
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, of_kind
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TURN, TravelGraph
from spatial.network.nearest import Nearest, nearest
from spatial.network.snapping import Snaps
from spatial.network.turns import whole_junctions
from spatial.study.access import SnapRules

# Roads without which the network falls apart.


def bridges(graph: TravelGraph) -> BoolArray:
    """
    Find the edges without which fewer nodes are connected, whatever way traffic may go.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode; an edge that is open in one direction counts as there.

    Returns
    -------
    ndarray of bool, (edges,)
        True for bridges in the sense of graphs; dead ends are among them. An edge doubled by another is none. Both
        directions of a road that turns made two edges of are one, and a junction that they took apart is whole.
    """
    of_kind("graph", graph, TravelGraph, required=True)
    import networkx as nx  # noqa: PLC0415 - slow to import, and needed here alone

    start, end, _count = whole_junctions(graph)
    edges = _open_roads(graph)
    ends = np.sort(np.column_stack((start, end))[edges], axis=1)
    pairs, first, times = np.unique(ends, axis=0, return_index=True, return_counts=True)
    edge_of = dict(zip(map(tuple, pairs.tolist()), np.where(times == 1, edges[first], -1).tolist(), strict=True))
    network = nx.Graph(pair for pair in edge_of if pair[0] != pair[1])
    named = np.array([edge_of[min(pair), max(pair)] for pair in nx.bridges(network)], dtype=np.int64)
    found = np.zeros(graph.n_edges, dtype=bool)
    found[named[named >= 0]] = True
    return found | found[graph.edge_partner]


def _open_roads(graph: TravelGraph) -> IntArray:
    is_open = graph.is_open
    return np.flatnonzero((is_open | is_open[graph.edge_partner]) & graph.is_counted & (graph.road_class != TURN))


# Each road closed in turn: minutes and coverage lost, and the coverage that stays whichever one it is.


@dataclass(frozen=True)
class RobustCoverage:
    """
    Coverage that stays whichever single road is closed.

    Parameters
    ----------
    coverage : float
        Share of people within the cutoff with every road open, or of places where nobody's number is known; NaN where
        there is no place.
    robust : float
        The least share left by closing one edge, ``min_e S(G - e)``: another road can only raise it.
    edge_id : str
        The edge whose closure leaves it, the lowest id among equals; empty where no closure costs anything.
    tried : int
        Searches with roads closed, many at once or one alone; the others were known to cost no more.
    """

    coverage: float
    robust: float
    edge_id: str
    tried: int


@dataclass(frozen=True, eq=False)
class _Case:
    graph: TravelGraph
    origins: Snaps
    goals: Snaps
    weight: FloatArray
    direction: Literal["to_facility", "from_facility"]
    barriers: gpd.GeoSeries | None
    base: Nearest

    @property
    def base_min(self) -> FloatArray:
        return self.base.travel_time_min[:, 0]

    def without(self, edges: IntArray) -> FloatArray:
        """Minutes of every settlement with some edges closed both ways."""
        closed = np.zeros(self.graph.n_edges, dtype=bool)
        closed[np.concatenate([edges, self.graph.edge_partner[edges]])] = True
        cut = self.graph.with_closed(closed)
        found = nearest(cut, self.origins, self.goals, k=1, direction=self.direction, direct_barriers=self.barriers)
        return found.travel_time_min[:, 0]

    def passing(self, who: BoolArray) -> _Passing:
        """Roads on the ways of some settlements, no turns, and who passes each."""
        rows = np.flatnonzero(who & np.isfinite(self.base_min))
        routes = self.base.routes(rows)
        owner = np.repeat(rows, np.diff(routes.offsets))
        one_name = np.minimum(routes.edge, self.graph.edge_partner[routes.edge])
        is_road = self.graph.road_class[one_name] != TURN
        pairs = np.unique(np.column_stack([one_name, owner])[is_road], axis=0)
        edges, at = np.unique(pairs[:, 0], return_inverse=True)
        return _Passing(edges, at, pairs[:, 1], self.weight)


class _Passing(NamedTuple):
    """Who passes which road: a settlement of `who` passes the road of `edges` at `at`."""

    edges: IntArray
    at: IntArray
    who: IntArray
    weight: FloatArray

    def people(self, among: BoolArray | None = None) -> FloatArray:
        """People who pass each road, or those of some settlements."""
        weight = self.weight if among is None else np.where(among, self.weight, 0.0)
        return np.bincount(self.at, weights=weight[self.who], minlength=len(self.edges)).astype(np.float64)


def edge_criticality(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    cutoff_min: float | None,
    cap_min: float = CAP_MIN,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> pd.DataFrame:
    """
    Close in turn every edge that leads anybody to the nearest facility, and count what that costs.

    Closing any other edge changes nothing, so that these are all.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    settlements, facilities : GeoDataFrame
        By the contracts of the tables; only existing facilities that are open to everybody count. Settlements whose
        people are unknown count as nobody.
    service, vocabulary
        As in `cost_to_closest`.
    cutoff_min : float or None
        Minutes within which people are covered, inclusive; None: whoever reaches one is.
    cap_min : float
        What longer and missing ways count as in person-minutes.
    direction, rules, barriers
        As in `cost_to_closest`.
    progress : callable, optional
        Takes the fraction done and a message.

    Returns
    -------
    DataFrame
        One row an edge, the most costly first: `edge_id`, `road_id`, `passing_persons`, `extra_person_min` (``sum P
        (min(t_without, cap) - min(t, cap))``), `disconnected_persons` (with a way before and none after),
        `lost_persons` (covered before and not after), `is_bridge`.

    Raises
    ------
    ContractError
        For a cutoff or cap below 0, an unknown direction or service, or places without an id or a point.
    """
    check_minutes("cap_min", cap_min)
    asked = asked_for(service, facilities, vocabulary=vocabulary)
    case = _case(graph, settlements, facilities, asked, direction=direction, rules=rules, barriers=barriers)
    limit = min(limit_of("cutoff_min", cutoff_min), float_info.max)  # inf is no way, which is within nothing
    passing = case.passing(case.weight > 0.0)
    edges, before = passing.edges, case.base_min
    rows = []
    for at in range(len(edges)):
        if progress is not None and at % 64 == 0:
            progress(at / len(edges), f"closing roads: {at} of {len(edges)}")
        after = case.without(edges[[at]])
        rows.append(
            (
                float(case.weight @ (np.minimum(after, cap_min) - np.minimum(before, cap_min))),
                float(case.weight[np.isfinite(before) & np.isinf(after)].sum()),
                float(case.weight[(before <= limit) & ~(after <= limit)].sum()),
            )
        )
    extra, cut_off, lost = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    table = pd.DataFrame(
        {
            "edge_id": pd.Series(graph.edge_id[edges], dtype="str"),
            "road_id": pd.Series(graph.road_id[edges], dtype="str"),
            "passing_persons": passing.people(),
            "extra_person_min": extra,
            "disconnected_persons": cut_off,
            "lost_persons": lost,
            "is_bridge": bridges(graph)[edges],
        }
    )
    return table.sort_values(
        ["lost_persons", "extra_person_min", "edge_id"], ascending=[False, False, True], ignore_index=True
    )


def robust_coverage(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    cutoff_min: float | None,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> RobustCoverage:
    """
    Find the coverage that stays whichever single road is closed.

    A closure costs at most the covered people who pass, and of these at most those whom it costs together with other
    closures. So all are closed at once, then half by half where one alone may still cost more than the worst found.

    Parameters
    ----------
    graph, settlements, facilities, service, vocabulary, cutoff_min, direction, rules, barriers
        As in `edge_criticality`.

    Returns
    -------
    RobustCoverage
        Exact; adding a road can only raise `robust`. Where nobody's number of people is known, places count.

    Raises
    ------
    ContractError
        As `edge_criticality`.
    """
    asked = asked_for(service, facilities, vocabulary=vocabulary)
    case = _case(graph, settlements, facilities, asked, direction=direction, rules=rules, barriers=barriers)
    limit = min(limit_of("cutoff_min", cutoff_min), float_info.max)  # inf is no way, which is within nothing
    if not case.weight.any():
        case = replace(case, weight=np.ones(len(case.weight)))
    total = float(case.weight.sum())
    if not total > 0.0:
        return RobustCoverage(math.nan, math.nan, "", 0)
    covered = case.base_min <= limit
    passing = case.passing(covered & (case.weight > 0.0))
    edges, most = passing.edges, passing.people()
    worst, name, tried = 0.0, "", 0
    ids = graph.edge_id[edges]

    def may_be_named(group: IntArray) -> IntArray:
        return np.asarray(group[(most[group] > worst) | ((most[group] == worst) & (ids[group] < name))])

    halves = [np.lexsort((ids, -most))]
    while halves:
        group = may_be_named(halves.pop())
        if not len(group):
            continue
        tried += 1
        lost = passing.people(covered & ~(case.without(edges[group]) <= limit))
        most[group] = np.minimum(most[group], lost[group])
        left = may_be_named(group)
        if len(group) > 1:
            halves += [left[len(left) // 2 :], left[: len(left) // 2]]
        elif len(left):
            worst, name = float(most[left[0]]), str(ids[left[0]])
    served = float(case.weight[covered].sum())
    return RobustCoverage(served / total, (served - worst) / total, name, tried)


def _case(  # noqa: PLR0913 - the options of its callers, by keyword
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    asked: Asked,
    *,
    direction: Literal["to_facility", "from_facility"],
    rules: SnapRules | None,
    barriers: gpd.GeoSeries | None,
) -> _Case:
    check_direction(direction)
    origins = place_on(graph, settlements, key="settlement_id", rules=rules, barriers=barriers)
    there = existing(facilities)
    chosen = there.iloc[offering(there, asked.kinds)]
    chosen = chosen[~is_for_some_units(chosen)]
    goals = place_on(graph, chosen, key="facility_id", rules=rules, barriers=barriers)
    base = nearest(graph, origins.snaps, goals.snaps, k=1, direction=direction, direct_barriers=barriers)
    weight = np.nan_to_num(people_of(origins.frame))
    return _Case(graph, origins.snaps, goals.snaps, weight, direction, barriers, base)


# The shape of a network: how many loops it has, how well nodes are linked, how far ways bend (Kansky 1963).

LEAST_NODES = 3
LEAST_STRAIGHT_M = 500.0
"""Shorter pairs are left out of circuity: their walks to the road outweigh the road (INDICATORS, 3.7)."""


@dataclass(frozen=True)
class NetworkShape:
    """
    Indices of a network whose chains are joined.

    Parameters
    ----------
    nodes, edges, components : int
        Junctions and ends, links between them, pieces.
    alpha : float
        Loops by those a plane network could have; above 1 where it is not plane.
    beta : float
        Links by nodes.
    gamma : float
        Links by those a plane network could have; above 1 where it is not plane.
    mu : int
        Independent loops.
    is_planar : bool
        False where alpha or gamma exceed 1.
    """

    nodes: int
    edges: int
    components: int
    alpha: float
    beta: float
    gamma: float
    mu: int
    is_planar: bool


def network_indices(nodes: int, edges: int, components: int = 1) -> NetworkShape:
    """
    Find the indices of a network from its counts.

    Parameters
    ----------
    nodes, edges, components : int
        0 or more.

    Returns
    -------
    NetworkShape
        Ratios are NaN below three nodes.

    Raises
    ------
    ContractError
        For counts below 0.

    Examples
    --------
    >>> shape = network_indices(6, 8)
    >>> round(shape.alpha, 7), round(shape.beta, 7), round(shape.gamma, 7), shape.mu
    (0.4285714, 1.3333333, 0.6666667, 3)
    """
    if not all(whole_number(count, least=0) for count in (nodes, edges, components)):
        raise ContractError(
            "network", [f"nodes, edges, components: {nodes}, {edges}, {components}, below 0 or no whole numbers"]
        )
    loops = edges - nodes + components
    if nodes < LEAST_NODES:
        return NetworkShape(nodes, edges, components, math.nan, math.nan, math.nan, loops, is_planar=True)
    alpha, gamma = loops / (2 * nodes - 5), edges / (3 * (nodes - 2))
    plane = alpha <= 1.0 and gamma <= 1.0
    return NetworkShape(nodes, edges, components, alpha, edges / nodes, gamma, loops, is_planar=plane)


def network_shape(graph: TravelGraph) -> NetworkShape:
    """
    Find the indices of a travel graph, with chains of two-way nodes joined: otherwise the drawing decides them.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode; an edge that is open in one direction counts.

    Returns
    -------
    NetworkShape
        Of its junctions and ends. A ring without a junction keeps one node.
    """
    of_kind("graph", graph, TravelGraph, required=True)
    start, end, junctions = whole_junctions(graph)
    roads = _open_roads(graph)
    degree = np.bincount(np.concatenate((start[roads], end[roads])), minlength=junctions)
    there = degree > 0
    links = sparse.coo_array((np.ones(len(roads)), (start[roads], end[roads])), shape=(junctions, junctions))
    _count, label = csgraph.connected_components(links, directed=False)
    pieces = np.unique(label[there])
    joined = there & (degree == 2)
    kept = np.bincount(label[there & ~joined], minlength=int(label.max(initial=-1)) + 1)
    rings = int((kept[pieces] == 0).sum())
    nodes = int((there & ~joined).sum()) + rings
    edges = len(roads) - int(joined.sum()) + rings
    return network_indices(nodes, edges, len(pieces))


def circuity(network_distance_m: ArrayLike, straight_distance_m: ArrayLike) -> float:
    """
    Measure how far ways bend: the sum of ways by the sum of straight lines.

    Parameters
    ----------
    network_distance_m, straight_distance_m : array_like
        One a pair, metres; unknown and unreachable pairs, and those closer than 500 m, are left out.

    Returns
    -------
    float
        1 or more on the ground; NaN without any pair.

    Raises
    ------
    ContractError
        For distances below 0, or lengths that differ.

    Examples
    --------
    >>> circuity([1500, 3000, 900], [1000, 2000, 400])
    1.5
    """
    distances = {"network_distance_m": network_distance_m, "straight_distance_m": straight_distance_m}
    way, line = vectors("network", "pairs", **distances)
    if len(way) != len(line) or bool((way < 0.0).any()) or bool((line < 0.0).any()):
        raise ContractError("network", [f"distances: {len(way)} and {len(line)} pairs, 0 or more"])
    counted = np.isfinite(way) & np.isfinite(line) & (line >= LEAST_STRAIGHT_M)
    return float(way[counted].sum() / line[counted].sum()) if counted.any() else math.nan
