"""Edge effects: how much ground to read, and where the way out of it is shorter than the way to a facility."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from spatial.access.areas.shapes import inside, points_at, shapes_of, tree_of
from spatial.access.measures.od_pairs import require_columns
from spatial.errors import ContractError, first_of
from spatial.network import Snaps, TravelGraph, nearest

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from spatial.access.surroundings import Surroundings

__all__ = ["clipped_ends", "exit_times", "needed_buffer_m", "population_at_risk"]

_log = logging.getLogger(__name__)

EDGE_M = 200.0
"""A dead end this near to the edge of the ground counts as cut off there. Metres."""
COMPLETE_WAY_M = 2500.0
"""Extracts keep whole roads, which reach this far beyond their edge (2.3 km in the county measured). Metres."""
SEA_M = 2000.0
"""A road that ends this near to the sea ends by nature. Metres."""


def clipped_ends(graph: TravelGraph, surroundings: Surroundings, *, buffer_m: float) -> NDArray[np.int64]:
    """
    Find the ends of the network where the data stop rather than the roads.

    A dead end counts as cut off where it lies outside the study area, or within 200 m of its edge, and either at about
    the distance up to which roads were loaded (the buffer, or the furthest node where the data end sooner) or within
    200 m of the convex hull of the network. Without study area the hull alone decides. Dead ends within 2 km of the
    sea do not count.
    """
    degree = np.bincount(np.concatenate((graph.edge_from, graph.edge_to)), minlength=graph.n_nodes)
    ends = np.flatnonzero(degree == 1)
    if len(ends) == 0:
        return ends
    points = points_at(graph.node_x[ends], graph.node_y[ends])
    hull = shapely.convex_hull(shapely.multipoints(np.column_stack((graph.node_x, graph.node_y))))
    clipped = np.asarray(shapely.distance(points, shapely.boundary(hull)) <= EDGE_M)
    if surroundings.study_area is not None:
        clipped = _at_loaded_edge(graph, points, clipped, (surroundings.study_area, buffer_m))
    sea = tree_of(surroundings.sea)
    if sea is not None:
        clipped[sea.query(points, predicate="dwithin", distance=SEA_M)[0]] = False
    return ends[clipped]


def _at_loaded_edge(
    graph: TravelGraph,
    points: NDArray[np.object_],
    on_hull: NDArray[np.bool_],
    loaded: tuple[gpd.GeoSeries | gpd.GeoDataFrame, float],
) -> NDArray[np.bool_]:
    area, buffer_m = loaded
    ground = shapely.union_all(shapes_of(area.to_crs(graph.crs).geometry))
    edge = shapely.boundary(ground)
    shapely.prepare(edge)
    outer = ~inside(ground, graph.node_x, graph.node_y)
    nodes = points_at(graph.node_x[outer], graph.node_y[outer])
    reach = float(np.max(shapely.distance(ground, nodes), initial=0.0))
    beyond = np.asarray(shapely.distance(ground, points))
    at_edge = (beyond > 0.0) | np.asarray(shapely.dwithin(edge, points, EDGE_M))
    return at_edge & (on_hull | (beyond >= min(buffer_m, reach) - COMPLETE_WAY_M))


def exit_times(
    graph: TravelGraph,
    origins: Snaps,
    ends: NDArray[np.int64],
    *,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
) -> NDArray[np.float64]:
    """
    Minutes from the door of each place to the nearest end of the network that was cut off.

    Returns inf where no such end can be reached.
    """
    if len(ends) == 0:
        return np.full(len(origins), np.inf)
    found = nearest(graph, origins, _at_nodes(graph, ends, origins), k=1, direction=direction)
    return found.travel_time_min[:, 0]


def _at_nodes(graph: TravelGraph, ends: NDArray[np.int64], like: Snaps) -> Snaps:
    """Places that stand on dead ends."""
    edge_of = np.full(graph.n_nodes, -1, dtype=np.int64)
    at_drawn_end = np.zeros(graph.n_nodes, dtype=bool)
    edge_of[graph.edge_from] = np.arange(graph.n_edges)
    edge_of[graph.edge_to] = np.arange(graph.n_edges)
    at_drawn_end[graph.edge_to] = True
    x, y = graph.node_x[ends], graph.node_y[ends]
    nothing = np.zeros((len(ends), 1))
    return Snaps(
        x=x,
        y=y,
        edge=edge_of[ends][:, None],
        fraction=at_drawn_end[ends].astype(np.float64)[:, None],
        distance_m=nothing,
        access_min=nothing,
        foot_x=x[:, None],
        foot_y=y[:, None],
        status=np.full(len(ends), "ok", dtype=object),
        nearest_m=np.zeros(len(ends)),
        max_snap_m=like.max_snap_m,
        walk_km_h=like.walk_km_h,
        detour=like.detour,
    )


def needed_buffer_m(
    cutoff_min: float, fastest: TravelGraph | float, *, buffer_m: float | None = None
) -> float:
    """
    Say how far around the study area roads, facilities and people have to be read.

    Nobody gets further within the cutoff than by the fastest speed in a straight line: with that much ground around it
    no result within the cutoff depends on what lies beyond.

    Parameters
    ----------
    cutoff_min : float
        The longest time of interest, minutes.
    fastest : TravelGraph or float
        The network, whose fastest edge counts, or a speed in km/h.
    buffer_m : float, optional
        What the study reads; a warning is logged where it is less than needed.

    Returns
    -------
    float
        Metres: cutoff / 60 x speed x 1000; 0 on a network without an open edge.

    Raises
    ------
    ContractError
        Where the cutoff or the speed is negative, infinite or NaN.

    Examples
    --------
    >>> needed_buffer_m(60.0, 90.0)
    90000.0
    """
    speed = _fastest_km_h(fastest) if isinstance(fastest, TravelGraph) else float(fastest)
    given = {"cutoff_min": float(cutoff_min), "speed": speed}
    problems = [
        f"{name}: is {value:g}, must be 0 or more and finite"
        for name, value in given.items()
        if not (value >= 0 and np.isfinite(value))
    ]
    if problems:
        raise ContractError("options", problems)
    needed = cutoff_min / 60.0 * speed * 1000.0
    if buffer_m is not None and buffer_m < needed:
        _log.warning(
            "the study reads %.0f m around its area, but %g minutes at %.0f km/h need %.0f m: places near the edge may "
            "have nearer facilities beyond it (see edge_risk); read more ground or shorten the cutoff",
            buffer_m,
            cutoff_min,
            speed,
            needed,
        )
    return needed


def _fastest_km_h(graph: TravelGraph) -> float:
    minutes = np.minimum(graph.forward_min, graph.backward_min)
    moving = np.isfinite(minutes) & (minutes > 0)
    return float(np.max(graph.length_m[moving] / minutes[moving] * 0.06, initial=0.0))


def population_at_risk(access: pd.DataFrame, settlements: pd.DataFrame) -> pd.DataFrame:
    """
    Sum the places and people whose result may be wrong because the data end.

    Parameters
    ----------
    access : DataFrame
        The access table.
    settlements : DataFrame
        With `settlement_id`, `in_study` and `population_persons`; only those in the study count.

    Returns
    -------
    DataFrame
        One row a service and mode, in their order: `places`, `places_at_risk` (with `edge_risk`), `persons`,
        `persons_at_risk`, `share_at_risk` (of the people; NaN where nobody is counted) and `places_without_population`,
        which hold no known people.

    Raises
    ------
    ContractError
        Where the access table names a settlement that is not there.

    Examples
    --------
    Two villages of 100 and 300 people, the first with `edge_risk`: 1 of 2 places, 100 of 400 people, share 0.25.
    """
    require_columns("access", access, ("settlement_id", "service", "mode", "edge_risk"))
    require_columns("settlements", settlements, ("settlement_id", "population_persons"))
    places = settlements.set_index("settlement_id")
    strange = access.loc[~access["settlement_id"].isin(places.index), "settlement_id"].unique()
    if len(strange):
        raise ContractError("access", [f"settlement_id: not among the settlements: {first_of(strange)}"])
    rows = access.assign(
        persons=access["settlement_id"].map(places["population_persons"]).to_numpy(dtype=np.float64),
        scored=access["settlement_id"].map(places["in_study"]).to_numpy(dtype=bool),
    )
    rows = rows.loc[rows["scored"]]
    table = rows.assign(
        unknown=rows["persons"].isna(),
        persons=rows["persons"].fillna(0.0),
        at_risk=rows["persons"].fillna(0.0).where(rows["edge_risk"].astype(bool), 0.0),
    )
    summed = table.groupby(["service", "mode"], sort=False, as_index=False).agg(
        places=("settlement_id", "size"),
        places_at_risk=("edge_risk", "sum"),
        persons=("persons", "sum"),
        persons_at_risk=("at_risk", "sum"),
        places_without_population=("unknown", "sum"),
    )
    share = summed["persons_at_risk"] / summed["persons"].where(summed["persons"] > 0)
    return summed.assign(share_at_risk=share.astype(np.float64))
