"""The roads within reach of facilities, cut at the exact minute, each with its nearest facility."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.places import Places, asked_for, existing, is_for_some_units, offering, place_on
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import ContractError, first_of
from spatial.inputs.services import Vocabulary
from spatial.network.graph import TravelGraph
from spatial.network.nearest import node_labels
from spatial.network.snapping import Snaps
from spatial.study.access import SnapRules

# Stretches of edges within reach, each with its nearest facility, cut where two are equally near.

_SHORT = 1e-12
"""A share of an edge that is no stretch."""


@dataclass(frozen=True, eq=False)
class Stretches:
    """Pieces of edges, each with its nearest facility; pieces of one edge do not overlap."""

    edge: IntArray  # shape (n,), edge, ascending
    start: FloatArray  # shape (n,), shares of the edge in its drawn direction, start before end
    end: FloatArray
    # shape (n,), minutes between the facility's door and the two ends of the piece; between them they run evenly
    start_min: FloatArray
    end_min: FloatArray
    owner: IntArray  # shape (n,), position of the facility

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.edge)

    def road_km(self, graph: TravelGraph, owners: int = 1) -> FloatArray:
        """Kilometres of road of each owner; where both directions of a road are edges, what either reaches, once."""
        metres, order, owner = (
            graph.length_m[self.edge],
            np.arange(len(self)),
            self.owner if owners > 1 else 0 * self.owner,
        )
        start, end = self.start, self.end
        if graph.edge_twin is not None:
            road = np.minimum(self.edge, graph.edge_partner[self.edge])
            order = np.lexsort((start, road, owner))
            # Roads lie one behind the other, two apart, so that the furthest end so far is that of the same road.
            behind = 2.0 * np.unique(np.column_stack((owner, road)), axis=0, return_inverse=True)[1].ravel()[order]
            start, end = start[order] + behind, end[order] + behind
            start = np.maximum(start, np.maximum.accumulate(np.append(0.0, end))[:-1])
        km = np.maximum(end - start, 0.0) * metres[order] / 1000.0
        return np.bincount(owner[order], weights=km, minlength=owners).astype(np.float64)

    def within(self, cutoff_min: float) -> Stretches:
        """Keep what is within reach at a minute."""
        return self.split(cutoff_min)[0]

    def split(self, cutoff_min: float) -> tuple[Stretches, Stretches]:
        """Cut the pieces at a minute: what is within reach then, and what is not."""
        low = np.minimum(self.start_min, self.end_min)
        rise = np.abs(self.end_min - self.start_min)
        kept = np.divide(cutoff_min - low, rise, out=np.full_like(rise, np.inf), where=rise > 0)
        kept = np.where(low <= cutoff_min, np.minimum(kept, 1.0), 0.0)
        span = self.end - self.start
        grows = self.start_min <= self.end_min
        up, down = grows & (kept < 1.0), ~grows & (kept < 1.0)
        end, start = self.start + kept * span, self.end - kept * span
        near = Stretches(
            self.edge,
            np.where(down, start, self.start),
            np.where(up, end, self.end),
            np.where(down, cutoff_min, self.start_min),
            np.where(up, cutoff_min, self.end_min),
            self.owner,
        )
        far = Stretches(
            self.edge,
            np.where(up, end, self.start),
            np.where(down, start, self.end),
            np.where(up & (kept > 0.0), cutoff_min, self.start_min),
            np.where(down & (kept > 0.0), cutoff_min, self.end_min),
            self.owner,
        )
        return (
            near.take(np.flatnonzero((low <= cutoff_min) & (near.end - near.start > _SHORT))),
            far.take(np.flatnonzero((kept < 1.0) & (far.end - far.start > _SHORT))),
        )

    def take(self, rows: IntArray) -> Stretches:
        """Choose some of the pieces."""
        return Stretches(**{name: values[rows] for name, values in vars(self).items()})

    def rest(self, n_edges: int) -> Stretches:
        """Find what is left of the edges: minutes are inf and the owner is -1."""
        edges = np.arange(n_edges)
        edge = np.concatenate((edges, self.edge))
        # Between the end of one piece and the start of the next, from 0 to 1.
        begins = np.concatenate((np.zeros(n_edges), self.end))
        order = np.lexsort((begins, edge))
        edge, begins = edge[order], begins[order]
        starts = np.concatenate((self.start, np.ones(n_edges)))
        ends = starts[np.lexsort((starts, np.concatenate((self.edge, edges))))]
        rows = np.flatnonzero(ends - begins > _SHORT)
        never = np.full(len(rows), np.inf)
        return Stretches(edge[rows], begins[rows], ends[rows], never, never, np.full(len(rows), -1))


def reached_stretches(
    graph: TravelGraph,
    facilities: Snaps,
    *,
    cutoff_min: float = np.inf,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
) -> Stretches:
    """
    Find what is within reach of the nearest of several facilities.

    Times run evenly along an edge: it is cut exactly where two facilities are as near, or the cutoff is reached.
    """
    owner, minutes = node_labels(graph, facilities, direction=direction)
    # A person who leaves over the drawn beginning of an edge goes backwards.
    over_from, over_to = graph.backward_min, graph.forward_min
    if direction == "from_facility":
        over_from, over_to = over_to, over_from
    # Sources are points of edges at which a time is known: both ends, and where facilities stand.
    place, candidate = np.nonzero(facilities.edge >= 0)
    edges = np.arange(graph.n_edges)
    all_edge = np.concatenate((edges, edges, facilities.edge[place, candidate]))
    all_at = np.concatenate((np.zeros(graph.n_edges), np.ones(graph.n_edges), facilities.fraction[place, candidate]))
    all_minutes = np.concatenate(
        (minutes[graph.edge_from], minutes[graph.edge_to], facilities.access_min[place, candidate])
    )
    all_owner: IntArray = np.concatenate((owner[graph.edge_from], owner[graph.edge_to], place))
    # Sort them along their edges, and drop those that another one of the edge beats where they are. Neighbours decide:
    # whoever is beaten by a source further away is beaten by one between them as well.
    rows = np.lexsort((all_owner, all_minutes, all_at, all_edge))
    rows = rows[np.isfinite(all_minutes[rows])]
    beaten = np.ones(1, dtype=bool)
    while beaten.any():
        edge, at, known, own = all_edge[rows], all_at[rows], all_minutes[rows], all_owner[rows]
        same, step = edge[1:] == edge[:-1], np.diff(at)
        with np.errstate(invalid="ignore"):
            from_left = known[:-1] + np.where(step > 0, step * over_from[edge[1:]], 0.0)
            from_right = known[1:] + np.where(step > 0, step * over_to[edge[1:]], 0.0)
        beaten = np.zeros(len(rows), dtype=bool)
        beaten[1:] = same & _loses(known[1:], own[1:], from_left, own[:-1])
        by_right = same & _loses(known[:-1], own[:-1], from_right, own[1:])
        beaten[:-1] |= by_right & ~beaten[1:]
        rows = rows[~beaten]
    # Spread every source to both sides, up to where its neighbour is as near.
    pace_left, pace_right = over_to[edge], over_from[edge]
    right, left = pace_right[:-1], pace_left[1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        meet = (known[1:] - known[:-1] + at[:-1] * right + at[1:] * left) / (right + left)
    meet = np.where(np.isfinite(right), meet, at[:-1])
    meet = np.where(np.isfinite(left), meet, at[1:])
    meet = np.where(right + left > 0, meet, at[1:])
    meet = np.clip(meet, at[:-1], np.maximum(at[1:], at[:-1]))
    right_end, left_end = np.ones(len(rows)), np.zeros(len(rows))
    right_end[:-1][same], left_end[1:][same] = meet[same], meet[same]
    right_end = np.where(np.isfinite(pace_right), right_end, at)
    left_end = np.where(np.isfinite(pace_left), left_end, at)
    with np.errstate(invalid="ignore"):
        far_left = known + np.where(at > left_end, (at - left_end) * pace_left, 0.0)
        far_right = known + np.where(right_end > at, (right_end - at) * pace_right, 0.0)
    pieces = Stretches(
        np.repeat(edge, 2),
        np.column_stack((left_end, at)).ravel(),
        np.column_stack((at, right_end)).ravel(),
        np.column_stack((far_left, known)).ravel(),
        np.column_stack((known, far_right)).ravel(),
        np.repeat(own, 2),
    )
    return pieces.within(np.inf).within(cutoff_min)


def _loses(minutes: FloatArray, owner: IntArray, offered: FloatArray, other: IntArray) -> BoolArray:
    return np.asarray((offered < minutes) | ((offered == minutes) & (other < owner)))


class StraightPieces(NamedTuple):
    """Straight pieces of stretches, one stretch after the other."""

    xy: FloatArray  # shape (m, 4), easting and northing of both ends
    row: IntArray  # shape (m,), the stretch
    point: IntArray  # shape (m,), the coordinate of the graph at which its piece of the road as drawn begins


def straight_pieces(graph: TravelGraph, found: Stretches) -> StraightPieces:
    """Take stretches apart into straight pieces."""
    if len(found) == 0:
        return StraightPieces(np.empty((0, 4)), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    # Vertices of the stretches, one stretch after the other, the stretch of each, and the coordinate at or before it.
    edge, start, end = found.edge, found.start, found.end
    begin = graph.coordinate_offsets[edge]
    counts = graph.coordinate_offsets[edge + 1] - begin
    first = np.cumsum(counts) - counts
    piece, number = np.repeat(np.arange(len(edge)), counts), np.arange(len(edge))
    coordinate = begin[piece] + np.arange(len(piece)) - first[piece]
    xy = graph.coordinates[coordinate]
    # The share of its edge before each vertex.
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    step[first] = 0.0
    total = np.cumsum(step)
    along = total - total[first][piece]
    last = first + counts - 1
    length = along[last][piece]
    share = np.divide(along, length, out=np.zeros_like(along), where=length > 0)
    share[last] = 1.0

    def interpolated(wanted: FloatArray) -> FloatArray:
        """Find the point at a share of each edge; vertices are taken as they are."""
        after = np.searchsorted(2.0 * piece + share, 2.0 * number + wanted, side="left")
        after = np.clip(after, first + 1, last)
        low, high = share[after - 1], share[after]
        part = np.divide(wanted - low, high - low, out=np.ones_like(wanted), where=high > low)
        part = np.clip(part, 0.0, 1.0)[:, None]
        return np.asarray(np.where(part == 1.0, xy[after], xy[after - 1] + part * (xy[after] - xy[after - 1])))

    between = np.flatnonzero((share > start[piece]) & (share < end[piece]))
    before = np.searchsorted(2.0 * piece + share, 2.0 * number + start, side="right") - 1
    points = np.concatenate((interpolated(start), xy[between], interpolated(end)))
    rows = np.concatenate((number, piece[between], number))
    at = np.concatenate((coordinate[np.clip(before, first, last - 1)], coordinate[between], coordinate[last]))
    order = np.argsort(rows, kind="stable")
    points, rows, at = points[order], rows[order], at[order]
    same = np.flatnonzero(rows[1:] == rows[:-1])
    return StraightPieces(np.hstack((points[same], points[same + 1])), rows[same], at[same])


# The facilities whose reach is drawn, joined to the network and grouped.

_PER = ("service", "facility")


@dataclass(frozen=True, eq=False)
class Group:
    """Facilities that make one area together."""

    service: str  # what they offer
    alone: bool  # whether it is one facility that stands alone
    members: IntArray  # positions among the places


def place_groups(  # noqa: PLR0913 - what the public functions share, by their names
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str] | None,
    vocabulary: Vocabulary | None,
    per: Literal["facility", "service"] = "service",
    rules: SnapRules | None,
    barriers: gpd.GeoSeries | None,
) -> tuple[Places, list[Group]]:
    """Join open facilities to a network, and group those of one area; those kept for people of units are left out."""
    if per not in _PER:
        raise ContractError("options", [f"per: is {per!r}, must be {' or '.join(_PER)}"])
    if service is None and "service" not in facilities:
        raise ContractError("facilities", ["service: no such column; areas are drawn by service"])
    serving = existing(facilities)
    serving = serving.loc[~is_for_some_units(serving)]
    wanted = [service] if service is not None else _services_of(serving)
    asked = [asked_for(each, facilities, vocabulary=vocabulary) for each in wanted]
    rows = offering(serving, frozenset[str]().union(*(each.kinds for each in asked)))
    serving = serving.iloc[rows] if len(rows) else serving
    places = place_on(graph, serving, key="facility_id", rules=rules, barriers=barriers)
    there, groups = _services_of(places.frame), []
    for name, kinds in asked:
        if kinds.isdisjoint(there):
            told = f"service: none offers {name!r}; there are {first_of(there, limit=20) if there else 'none'}"
            raise ContractError("facilities", [told])
        members = offering(places.frame, kinds)
        alone = per == "facility"
        groups += [Group(name, alone, each) for each in (np.split(members, len(members)) if alone else [members])]
    return places, groups


def _services_of(facilities: pd.DataFrame) -> list[str]:
    return sorted({name for name in facilities["service"].tolist() if isinstance(name, str)})
