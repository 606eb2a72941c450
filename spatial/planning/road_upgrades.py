"""Roads to bring up to a class, so that every village has one: the lesser road from each to the nearest such road."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from spatial.access.options import is_number
from spatial.access.places import id_ranks, place_on
from spatial.errors import ContractError, refuse
from spatial.norms.evidence import RoadWord, load_road_words, nearest_road_m
from spatial.norms.law import SEASON_ROADS
from spatial.planning.links import people_of
from spatial.study.access import SnapRules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.network.graph import TravelGraph

LEAST_M = 1e-6
"""An edge without length is still an edge; of an edge, less than this is nothing."""

EQUAL_SHARE = 1e-9
"""How much a part of the own road weighs where ways are equally long."""


@dataclass(frozen=True, eq=False)
class RoadUpgrades:
    """
    Stretches of lesser road, and the settlements to which they would bring a road of a class.

    Parameters
    ----------
    stretches : GeoDataFrame of LineString or MultiLineString
        One row a stretch, the one of most people a kilometre first: `stretch_id`, `length_km`, `settlement_ids` and
        `road_ids` (lists), `edge_ids` (those that it covers in part, too), `persons`, `persons_per_km`.
    settlements : DataFrame
        One row a settlement in the order given: `settlement_id`, `demand_persons` (NaN where unknown: counted as
        nobody), `stretch_id` (missing for none), `lesser_km` from its own place on the road (NaN for none), and
        `status`: ``upgrade``; ``has_road``, where such a road is near enough as it is; ``no_way``, where none can be
        reached over any road; ``no_road``, where no road at all is near enough, so that a link must come first.
    """

    stretches: gpd.GeoDataFrame
    settlements: pd.DataFrame


def propose_road_upgrades(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    *,
    road: str = "graded_road",
    demand: str = "population_persons",
    link_distance_m: float | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> RoadUpgrades:
    """
    Find the least lesser road from each settlement to the nearest road of a class, joined where ways share it.

    Ways begin at the roads that lie near enough to count as the settlement's own and go along edges, in whichever
    direction, to where a road of the class is met. Those that meet before that go on together: they are one stretch,
    which is upgraded once for all of its settlements.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    settlements : GeoDataFrame
        `settlement_id`, the people and points of settlements that lack such a road.
    road : str
        A word of the register for roads: ``graded_road`` (by class), ``paved_road`` (by surface), or one for roads of
        every season.
    demand : str
        Column of the settlements with their people; unknown ones are nobody.
    link_distance_m : float, optional
        Up to which a road counts as a settlement's own, inclusive; without, what the register says of the word.
    rules : SnapRules, optional
        How settlements are joined to the network.
    barriers : GeoSeries, optional
        What no walk to the road may touch.

    Returns
    -------
    RoadUpgrades
        Stretches, and what becomes of each settlement.

    Raises
    ------
    ContractError
        For frames or options that are not as above, or a network without any such road.

    Examples
    --------
    >>> import geopandas as gpd, shapely, spatial as sp
    >>> roads = gpd.GeoDataFrame(
    ...     {"road_id": ["main", "lane"], "road_class": ["primary", "track"]},
    ...     geometry=[shapely.LineString([(0, 0), (9000, 0)]), shapely.LineString([(0, 0), (0, 3000)])], crs=32738)
    >>> villages = gpd.GeoDataFrame(
    ...     {"settlement_id": ["half", "end"], "population_persons": [100.0, 200.0]},
    ...     geometry=[shapely.Point(90, 1500), shapely.Point(0, 3000)], crs=32738)
    >>> found = sp.propose_road_upgrades(sp.build_network(roads, mode="drive"), villages)
    >>> found.stretches[["settlement_ids", "length_km", "persons", "persons_per_km"]].values.tolist()
    [[['end', 'half'], 3.0, 300.0, 100.0]]
    """
    words, problems = upgrade_words(), []
    if road not in words:
        problems.append(f"road: {road!r} is no word for roads; there are {', '.join(sorted(words))}")
    if link_distance_m is not None and not is_number(link_distance_m, least=0.0):
        problems.append(f"link_distance_m: must be 0 or more, is {link_distance_m!r}")
    refuse("options", problems)
    word = words[road]
    near_m = word.link_distance_m if link_distance_m is None else link_distance_m
    persons = people_of(settlements, demand)
    is_wanted = pd.Series(getattr(graph, word.column)).isin(word.yes).to_numpy()
    if not is_wanted.any():
        raise ContractError("graph", [f"{word.column}: the network has no {road.replace('_', ' ')} to lead to"])
    homes = place_on(graph, settlements, key="settlement_id", rules=rules or SnapRules(), barriers=barriers)
    snaps, back = homes.snaps, id_ranks(settlements["settlement_id"])
    has_road = np.isfinite(
        nearest_road_m(
            homes.frame.geometry, gpd.GeoSeries(graph.edge_lines(np.flatnonzero(is_wanted))), radius_m=near_m
        )
    )
    # From all roads of the class at once, over lesser roads: metres to each node, and the edge by which it is reached.
    lesser = pd.DataFrame({"start": graph.edge_from, "end": graph.edge_to, "m": graph.length_m})[~is_wanted]
    lesser = lesser.assign(low=lesser[["start", "end"]].min(axis=1), high=lesser[["start", "end"]].max(axis=1))
    shortest = lesser.sort_values("m", kind="stable").drop_duplicates(["low", "high"])
    edge_of = dict(zip(zip(shortest["low"], shortest["high"], strict=True), shortest.index, strict=True))
    shape = (graph.n_nodes, graph.n_nodes)
    metres = csr_array((shortest["m"].clip(lower=LEAST_M), (shortest["low"], shortest["high"])), shape=shape)
    on_road = np.unique(np.concatenate((graph.edge_from[is_wanted], graph.edge_to[is_wanted])))
    to_node, before, _ = dijkstra(metres, directed=False, indices=on_road, min_only=True, return_predecessors=True)
    # From each settlement to the nearer end of one of the edges that count as its own, and on from there.
    is_own = (snaps.edge >= 0) & (snaps.distance_m <= near_m)
    edge, share = np.where(is_own, snaps.edge, 0), np.where(is_own, snaps.fraction, 0.0)
    ends = np.stack((graph.edge_from[edge], graph.edge_to[edge]), axis=-1)
    parts = np.stack((share, 1.0 - share), axis=-1)
    part_m = parts * graph.length_m[edge][..., None]
    length = np.where(is_own[..., None], to_node[ends] + part_m, np.inf).reshape(len(homes), -1)
    # Of equal ways the one that is sooner where others may pass.
    best = (length + EQUAL_SHARE * part_m.reshape(length.shape)).argmin(axis=1)
    lesser_m = length[np.arange(len(homes)), best]
    status = np.select(
        [has_road, ~is_own.any(axis=1), np.isinf(lesser_m)], ["has_road", "no_road", "no_way"], "upgrade"
    )
    # What each stretch covers of its edges, as shares from their start and from their end. Ways that share an edge
    # share all that follows: the last one, and the node at which it meets the road, name the stretch.
    covered: dict[_Root, dict[int, NDArray[np.float64]]] = {}
    root_of: dict[int, _Root] = {}
    for home in np.flatnonzero(status == "upgrade").tolist():
        candidate, side = divmod(int(best[home]), 2)
        last, node = int(edge[home, candidate]), int(ends[home, candidate, side])
        way = {last: np.array([1.0 - side, side]) * parts[home, candidate, side]}
        while before[node] >= 0:
            last = edge_of[min(node, before[node]), max(node, before[node])]
            node = int(before[node])
            way[last] = np.ones(2)
        root_of[home] = _Root(last, node)
        stretch = covered.setdefault(root_of[home], {})
        for each, shares in way.items():
            stretch[each] = np.maximum(stretch.get(each, 0.0), shares)
    rows, people = [], np.nan_to_num(persons)[np.argsort(back)]
    for root, stretch in covered.items():
        of = [home for home, other in root_of.items() if other == root]
        edges = np.array(sorted(each for each in stretch if stretch[each].max() * graph.length_m[each] > LEAST_M))
        shares = np.array([stretch[each] for each in edges])
        km = float((graph.length_m[edges] * shares.sum(axis=1).clip(max=1.0)).sum()) / 1000.0
        rows.append(
            {
                "stretch_id": f"upgrade:{homes.ids[of[0]]}",
                "length_km": km,
                "settlement_ids": homes.ids[of].tolist(),
                "road_ids": list(dict.fromkeys(graph.road_id[edges].tolist())),
                "edge_ids": graph.edge_id[edges].tolist(),
                "persons": float(people[of].sum()),
                "persons_per_km": float(people[of].sum()) / km,
                "geometry": _drawn(graph.edge_lines(edges), shares),
                "root": root,
            }
        )
    rows.sort(key=lambda row: (-row["persons_per_km"], row["stretch_id"]))
    names = {row["root"]: row["stretch_id"] for row in rows}
    stretch_ids = pd.Series([names.get(root_of.get(home)) for home in back.tolist()], dtype="str")
    columns = [
        "stretch_id",
        "length_km",
        "settlement_ids",
        "road_ids",
        "edge_ids",
        "persons",
        "persons_per_km",
        "geometry",
    ]
    return RoadUpgrades(
        gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), crs=graph.crs),
        pd.DataFrame(
            {
                "settlement_id": settlements["settlement_id"].to_numpy(),
                "demand_persons": persons,
                "stretch_id": stretch_ids,
                "lesser_km": np.where(status == "upgrade", lesser_m / 1000.0, np.nan)[back],
                "status": status[back],
            }
        ),
    )


def upgrade_words() -> dict[str, RoadWord]:
    """Read what the register's words for roads mean, those for roads of every season among them."""
    words = load_road_words()
    near_m = words["paved_road"].link_distance_m
    season = RoadWord("all_season", frozenset({"yes"}), frozenset({"no"}), False, near_m)
    return words | dict.fromkeys(SEASON_ROADS, season)


class _Root(NamedTuple):
    """Where a stretch meets a road of the class."""

    edge: int
    node: int


def _drawn(lines: NDArray[np.object_], shares: NDArray[np.float64]) -> shapely.Geometry:
    """Draw what is covered of some edges."""
    drawn = []
    for line, (from_start, from_end) in zip(lines, shares, strict=True):
        if from_start + from_end >= 1.0:
            drawn.append(line)
            continue
        ends = ((0.0, from_start), (1.0 - from_end, 1.0))
        drawn += [substring(line, low, high, normalized=True) for low, high in ends if high > low]
    merged: shapely.Geometry = shapely.line_merge(shapely.multilinestrings(drawn))
    return merged
