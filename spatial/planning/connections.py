"""A way to every settlement above a size at least cost: which links to build, exactly or with a bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra, maximum_flow

from spatial.access.od_pairs import people_of, require_columns
from spatial.access.options import not_within, numbers
from spatial.access.places import SnapPair, id_ranks, minutes_to_closest, place_on
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, first_of, of_kind, refuse
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TravelGraph
from spatial.network.nearest import node_labels
from spatial.network.new_roads import TOUCH_M, road_ids, road_km
from spatial.network.scenarios import SNAP_TOLERANCE_M, edit_network
from spatial.network.snapping import snap
from spatial.planning.link_candidates import ON_ROAD_M
from spatial.planning.links import both_placed, goals_of
from spatial.planning.plans import HALF, SAME, Program, at_most, rows_of, solve
from spatial.study.access import MOST_CANDIDATES, SnapRules

WHOLE = 1_000_000
"""What may pass over a link that is built, since flows are counted in whole numbers."""

ENOUGH = 1e-4
"""A settlement is connected where no more than this share of a link is missing."""


@dataclass(frozen=True, eq=False)
class ConnectionPlan:
    """
    Links that give settlements a way.

    Parameters
    ----------
    links : DataFrame
        One row a candidate, in the order given: `link_id`, `length_km`, `cost`, `is_built`.
    settlements : DataFrame
        One row a settlement in the order given: `settlement_id`, `demand_persons` (NaN where unknown), `before_min` and
        `after_min` to the nearest goal (inf without a way), and `status`: ``has_way`` today, ``connected`` by the plan,
        ``no_link``, where no candidates lead there, or ``too_small`` to be asked for and without a way in the plan.
    cost : float
        Of the links that are built.
    bound : float
        No plan for these settlements over these links costs less.
    status : {'optimal', 'feasible'}
        Whether the bound proves the plan.
    """

    links: pd.DataFrame
    settlements: pd.DataFrame
    cost: float
    bound: float
    status: Literal["optimal", "feasible"]


def connect_settlements(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    *,
    facilities: gpd.GeoDataFrame | None = None,
    service: str | frozenset[str] = "town",
    vocabulary: Vocabulary | None = None,
    least_persons: float = 0.0,
    demand: str = "population_persons",
    cost: str | None = None,
    time_limit_s: float = 10.0,
    snap_tolerance_m: float = SNAP_TOLERANCE_M,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> ConnectionPlan:
    """
    Choose links of least cost that give every settlement above a size a way.

    A Steiner tree: the roads that lead to a goal today are one end, settlements without a way the others, and links,
    which may meet roads that lead nowhere today and each other, cost what they are long. HiGHS chooses links, and from
    where each is entered, so that one leads into every part that holds a settlement; parts that a choice fails are
    found as smallest cuts and added, until none is left (Wong 1984). Where the time limit ends the proof, the plan is
    of ways added one after the other, the cheapest first (Takahashi and Matsuyama 1980: at most twice the least, where
    each link joins two roads), with the bound reached so far.

    Parameters
    ----------
    graph, settlements
        As in `rank_links`.
    links : GeoDataFrame of LineString or MultiLineString
        Candidates as in `rank_links`, such as ``propose_links(..., within_min=0, most=500)``.
    facilities : GeoDataFrame, optional
        Where people go; without, to the nearest settlement that is a town or more.
    service : str or frozenset of str
        Which of them, as in `rank_links`.
    vocabulary : Vocabulary, optional
        Which services count for which.
    least_persons : float
        Settlements of at least so many people are connected, inclusive; unknown ones are nobody.
    demand : str
        Column of the settlements with their people.
    cost : str, optional
        Column of the links with what they cost; kilometres without.
    time_limit_s : float
        How long the proof may take.
    snap_tolerance_m : float
        How far an end of a link may be from what it joins, inclusive.
    rules : SnapRules, optional
        How places are joined to the network; by default within 500 m, so that who must walk further has no way.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    ConnectionPlan
        Which links are built, the cost and its bound, and the times on the network with them.

    Raises
    ------
    ContractError
        For links or options that are not as above.
    """
    of_kind("graph", graph, TravelGraph, required=True)
    refuse("options", not_within("least_persons", least_persons) + not_within("time_limit_s", time_limit_s))
    persons = people_of(settlements, demand)
    goals = goals_of(settlements, facilities, service, vocabulary)
    if graph.edge_layer is not None:
        raise ContractError("graph", [f"links are chosen on the network of one mode, not {graph.mode}"])
    rules = rules or SnapRules(max_snap_m=ON_ROAD_M)
    km, names = road_km(links), road_ids(links)
    if cost is not None:
        require_columns("links", links, (cost,))
    price = km if cost is None else np.asarray(numbers("links", cost, links[cost]))
    if not ((price >= 0.0) & (price < np.inf)).all():
        raise ContractError("links", [f"{cost}: must be 0 or more, not so for {first_of(names[~(price >= 0.0)])}"])

    def minutes(network: TravelGraph) -> FloatArray:
        places = SnapPair(*(each.snaps for each in both_placed(network, settlements, goals, rules, barriers)))
        found = minutes_to_closest(network, places, direction="to_facility", barriers=barriers)
        return found[id_ranks(settlements["settlement_id"])]

    before = minutes(graph)
    is_asked = np.isinf(before) & (np.nan_to_num(persons) >= least_persons)
    tree = _tree(graph, settlements[is_asked], goals, links, snap_tolerance_m, rules, barriers)
    cheap = tree.one_by_one(price)
    found = tree.within(float(price @ cheap), price).cheapest(price, time_limit_s=time_limit_s)
    is_built = found.is_built if found.is_proven else cheap
    total = float(price @ is_built)
    after = minutes(edit_network(graph, add=links[is_built], snap_tolerance_m=snap_tolerance_m))
    return ConnectionPlan(
        links=pd.DataFrame({"link_id": names, "length_km": km, "cost": price, "is_built": is_built}),
        settlements=pd.DataFrame(
            {
                "settlement_id": settlements["settlement_id"].to_numpy(),
                "demand_persons": persons,
                "before_min": before,
                "after_min": after,
                "status": np.select(
                    [np.isfinite(before), np.isfinite(after), is_asked],
                    ["has_way", "connected", "no_link"],
                    "too_small",
                ),
            }
        ),
        cost=total,
        bound=total if found.is_proven else found.bound,
        status="optimal" if found.is_proven else "feasible",
    )


@dataclass(frozen=True, eq=False)
class _Tree:
    """
    What is to be connected. Points are the roads that lead to a goal (0), and what hangs together both ways of others.

    Links have points of their own, which `joins` lets them be entered at, from roads; what need not be paid is `free`.
    All ways lead from point 0, against how people travel. Settlements are those that a way can be made for.
    """

    link: IntArray  # of each point; -1 for roads
    run: IntArray  # of each point; points of a link that hang together in any direction are one
    joins: IntArray  # shape (2, n), a point and the next one on the way, as for the following
    free: IntArray
    ends: IntArray  # points, and settlements
    n_ends: int

    @property
    def arcs(self) -> IntArray:
        """Arcs onto links, then those that are free, and to settlements, numbered behind the points; shape (2, n)."""
        return np.hstack((self.joins, self.free, self.ends + np.array([[0], [len(self.link)]])))

    def least(self, to_pay: FloatArray) -> _Least:
        """Find the cheapest way from point 0 to every point and settlement, each link paid where it is entered."""
        size, (tail, head) = len(self.link) + self.n_ends, self.arcs
        cost = np.zeros(len(tail))
        cost[: self.joins.shape[1]] = to_pay[self.link[self.joins[1]]]
        network = csr_array((cost, (tail, head)), shape=(size, size))
        return _Least(*dijkstra(network, indices=[0], min_only=True, return_predecessors=True)[:2])

    def one_by_one(self, price: FloatArray) -> BoolArray:
        """Connect the settlement that is cheapest to connect to what there is, then the next."""
        is_built, is_left = np.zeros(len(price), bool), np.ones(self.n_ends, bool)
        while is_left.any():
            least = self.least(np.where(is_built, 0.0, price))
            end = int(np.argmin(np.where(is_left, least.cost[len(self.link) :], np.inf)))
            is_left[end], at = False, len(self.link) + end
            while least.before[at] >= 0:
                at = int(least.before[at])
                if self.link[at] >= 0:
                    is_built[self.link[at]] = True
        return is_built

    def within(self, total: float, price: FloatArray) -> _Tree:
        """Leave out links of which the way to them alone costs more than all that is known to do."""
        # A way may lead over several runs of a link, which is paid once.
        runs = np.unique(np.column_stack((self.link, self.run)), axis=0)[:, 0]
        share = price / np.bincount(runs[runs >= 0], minlength=len(price)).clip(1)
        is_dear = self.least(share).cost > total * (1.0 + SAME)
        return replace(self, joins=self.joins[:, ~is_dear[self.joins[1]]], ends=self.ends[:, ~is_dear[self.ends[0]]])

    def cheapest(self, price: FloatArray, *, time_limit_s: float) -> _Choice:
        """
        Choose from where links are entered at least cost, so that all settlements can be reached from point 0.

        What a choice fails is added as cuts, first for shares of links, then for whole ones, which have a direction.
        """
        began, n_joins = monotonic(), self.joins.shape[1]
        # Columns: where links are entered, and which are built. A run is entered once at most, and only if built.
        enters, builds = np.split(np.arange(n_joins + len(price)), [n_joins])
        runs, run = np.unique(self.run[self.joins[1]], return_inverse=True)
        link = np.zeros(len(runs), dtype=np.int64)
        link[run] = self.link[self.joins[1]]
        entered = at_most([run, np.arange(len(runs))], [enters, builds[link]], [1.0, -1.0], 0.0, len(runs))
        program = Program.empty(np.concatenate((0.0 * enters, price)), upper=1.0).where([entered])
        is_built, is_proven, bound = np.zeros(len(price), bool), self.n_ends == 0, 0.0
        while not is_proven:
            found = solve(program, time_limit_s=max(time_limit_s - (monotonic() - began), 0.0))
            if found.status != "optimal":
                break
            cuts, bound = self._cuts(found.values[:n_joins]), found.bound
            if cuts:
                row = np.repeat(np.arange(len(cuts)), [len(cut) for cut in cuts])
                program = program.where([rows_of(row, np.concatenate(cuts), 1.0, np.ones(len(cuts)), np.inf)])
            elif program.whole.all():
                is_built, is_proven = found.values[n_joins:] > HALF, True
            else:
                program = program._replace(whole=np.ones(len(found.values), bool))
        return _Choice(is_built, bound, is_proven)

    def _cuts(self, entered: FloatArray) -> list[IntArray]:
        """Find sets of ways onto links of which less than one is built, and over one of which a settlement must go."""
        n_points, n, (tail, head) = len(self.link), len(entered), self.arcs
        size = n_points + self.n_ends
        passes = np.full(len(tail), 2 * WHOLE, dtype=np.int32)
        passes[:n] = np.rint(entered * WHOLE)
        network = csr_array((passes, (tail, head)), shape=(size, size))
        cuts = {}
        for end in range(n_points, size):
            flow = maximum_flow(network, 0, end)
            if flow.flow_value >= WHOLE * (1.0 - ENOUGH):
                continue
            left = csr_array(network - flow.flow)
            left.eliminate_zeros()
            # What flows from point 0 on could still reach, and what could still reach the settlement.
            from_first, to_end = np.zeros((2, size), dtype=bool)
            from_first[breadth_first_order(left, 0, return_predecessors=False)] = True
            to_end[breadth_first_order(csr_array(left.T), end, return_predecessors=False)] = True
            for is_before in (from_first, ~to_end):
                cut = np.flatnonzero(is_before[tail[:n]] & ~is_before[head[:n]])
                cuts[cut.tobytes()] = cut
        return list(cuts.values())


class _Least(NamedTuple):
    """Cheapest ways from point 0 to points, then settlements."""

    cost: FloatArray  # inf without a way
    before: NDArray[np.int32]  # the point before on the way; below 0 for none


class _Choice(NamedTuple):
    """Links that are built."""

    is_built: BoolArray
    bound: float
    is_proven: bool


def _tree(  # noqa: PLR0913, PLR0917 - what stands around the settlements
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    goals: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    tolerance_m: float,
    rules: SnapRules,
    barriers: gpd.GeoSeries | None,
) -> _Tree:
    """Lay all links into the network, and find what they join and which settlements lie at them."""
    plus = edit_network(graph, add=links, snap_tolerance_m=tolerance_m)
    number = pd.Index(road_ids(links)).get_indexer(pd.Index(plus.road_id))
    # A node is a place among roads, and another one on each link that it lies on.
    own = np.column_stack((plus.edge_from, plus.edge_to)) + (number[:, None] + 1) * plus.n_nodes
    names, at = np.unique(np.concatenate((np.arange(plus.n_nodes), own.ravel())), return_inverse=True)
    start, end = at[plus.n_nodes :].reshape(own.shape).T
    onward, back = np.isfinite(plus.forward_min), np.isfinite(plus.backward_min)
    steps = np.hstack(((start[onward], end[onward]), (end[back], start[back])))
    travel = coo_array((np.ones(steps.shape[1]), tuple(steps)), shape=(len(names),) * 2)
    n_parts, part = connected_components(travel, connection="strong")
    run = connected_components(travel, directed=False)[1]
    # Roads that lead to a goal today are one point; so may what a link cuts off an edge.
    offers = place_on(graph, goals, key="facility_id", rules=rules, barriers=barriers).snaps
    made = gpd.GeoSeries(gpd.points_from_xy(plus.node_x, plus.node_y)[graph.n_nodes :], crs=graph.crs)
    on_edge = snap(graph, made, candidates=MOST_CANDIDATES, max_snap_m=TOUCH_M, min_component_km=0.0)
    rest = minutes_to_closest(graph, SnapPair(on_edge, offers), direction="to_facility", barriers=barriers)
    leads = np.zeros(n_parts, dtype=bool)
    leads[part[: plus.n_nodes][np.isfinite(np.concatenate((node_labels(graph, offers).time_min, rest)))]] = True
    point = np.where(leads, 0, np.cumsum(~leads))[part]
    link_of = np.full(point.max() + 1, -1)
    link_of[point] = names // plus.n_nodes - 1
    run_of = np.zeros(len(link_of), dtype=np.int64)
    run_of[point] = run
    # Ways in over whatever there will be; each link that is near enough counts.
    any_road = rules.model_copy(update={"candidates": MOST_CANDIDATES, "min_component_km": 0.0})
    homes = place_on(plus, settlements, key="settlement_id", rules=any_road, barriers=barriers).snaps
    home, candidate = np.nonzero(homes.edge >= 0)
    edge = homes.edge[home, candidate]
    ahead = np.hstack(
        [(point[node[edge[is_open[edge]]]], home[is_open[edge]]) for node, is_open in ((end, onward), (start, back))]
    )
    meets = np.flatnonzero(names >= plus.n_nodes)
    joins = np.unique((point[names[meets] % plus.n_nodes], point[meets]), axis=1)
    free = np.unique(np.hstack((joins[::-1], point[steps[::-1]])), axis=1)
    ends = np.unique(ahead, axis=1)
    tree = _Tree(link_of, run_of, joins, free[:, free[0] != free[1]], ends, len(settlements))
    # Settlements for which a way can be made.
    ends = ends[:, np.isfinite(tree.least(np.zeros(len(links))).cost[ends[0]])]
    reachable, position = np.unique(ends[1], return_inverse=True)
    return replace(tree, ends=np.vstack((ends[0], position)), n_ends=len(reachable))
