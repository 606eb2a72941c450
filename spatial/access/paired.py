"""Paired runs: the same places on the same roads, with other minutes or another walk; joined once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from spatial.access.eligibility import eligible_by_unit
from spatial.access.places import Places, asked_for, existing, id_ranks, offering, place_on, take
from spatial.errors import ContractError, first_of
from spatial.network.nearest import nearest
from spatial.network.snapping import NO_CANDIDATE, Snaps, walk_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
    from spatial.inputs.services import Vocabulary
    from spatial.network.graph import TravelGraph
    from spatial.study.access import SnapRules

    Direction = Literal["to_facility", "from_facility"]


class Choice(NamedTuple):
    """Which facilities some settlements may use."""

    goals: IntArray  # their positions among the facilities that offer the service
    of: IntArray  # positions of the settlements that may use just those


class SnapPair(NamedTuple):
    """Where both ends of ways meet the network."""

    origins: Snaps
    goals: Snaps


@dataclass(frozen=True, eq=False)
class Pairing:
    """Settlements and the facilities of one service on one network."""

    service: str  # as it was asked for
    origins: Places  # the settlements, in the order of their ids
    goals: Places  # the facilities that serve, in the order of their ids
    members: IntArray  # those of them that offer the service
    back: IntArray  # position of each settlement as given among `origins`

    @property
    def snaps(self) -> SnapPair:
        """Where the settlements and the facilities of the service meet the network."""
        return SnapPair(self.origins.snaps, take(self.goals.snaps, self.members))

    @property
    def choices(self) -> list[Choice]:
        """Who may use what; every settlement is in one choice."""
        eligible = eligible_by_unit(self.origins.frame, self.goals.frame)
        return [
            Choice(np.searchsorted(self.members, members).astype(np.int64), np.flatnonzero(of))
            for members, of in eligible.among(self.members)
        ]


def pair_up(  # noqa: PLR0913 - what the public functions share, by their names
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    rules: SnapRules,
    barriers: gpd.GeoSeries | None = None,
) -> Pairing:
    """Join settlements and facilities to a network, for many runs."""
    asked = asked_for(service, facilities, vocabulary=vocabulary)
    origins = place_on(graph, settlements, key="settlement_id", rules=rules, barriers=barriers)
    goals = place_on(graph, existing(facilities), key="facility_id", rules=rules, barriers=barriers)
    members = offering(goals.frame, asked.kinds)
    return Pairing(asked.name, origins, goals, members, id_ranks(settlements["settlement_id"]))


class Reached(NamedTuple):
    """The k nearest goals of n origins that these may use."""

    goal: IntArray  # shape (n, k), positions; -1 for none
    minutes: FloatArray  # shape (n, k), door to door; inf for none
    metres: FloatArray


def nearest_allowed(
    graph: TravelGraph,
    snaps: SnapPair,
    choices: Sequence[Choice],
    *,
    k: int = 1,
    direction: Direction,
    barriers: gpd.GeoSeries | None = None,
) -> Reached:
    """Find the nearest goals among those that each origin may use."""
    origins, goals = snaps
    shape = (len(origins), k)
    found = Reached(np.full(shape, -1, dtype=np.int64), np.full(shape, np.inf), np.full(shape, np.inf))
    for choice in choices:
        if len(choice.goals) == 0 or len(choice.of) == 0:
            continue
        each = nearest(
            graph,
            take(origins, choice.of),
            take(goals, choice.goals),
            k=k,
            direction=direction,
            direct_barriers=barriers,
        )
        found.goal[choice.of] = np.where(each.destination >= 0, choice.goals[each.destination], -1)
        found.minutes[choice.of], found.metres[choice.of] = each.travel_time_min, each.network_distance_m
    return found


def minutes_to_closest(
    graph: TravelGraph,
    snaps: SnapPair,
    *,
    direction: Direction,
    barriers: gpd.GeoSeries | None = None,
    choices: Sequence[Choice] | None = None,
) -> FloatArray:
    """Find the minutes of each origin to the closest of some places; inf where there is no way."""
    if choices is None:
        choices = [Choice(np.arange(len(snaps[1])), np.arange(len(snaps[0])))]
    found = nearest_allowed(graph, snaps, choices, direction=direction, barriers=barriers)
    return found.minutes[:, 0]


def easier_walk(snaps: Snaps, *, walk_km_h: float, detour: float) -> Snaps:
    """Walk the legs to and from the network at another speed or with another detour."""
    access = walk_minutes(snaps.distance_m, walk_km_h=walk_km_h, detour=detour)
    return replace(snaps, access_min=access, walk_km_h=walk_km_h, detour=detour)


def nearest_entry(graph: TravelGraph, snaps: Snaps) -> Snaps:
    """Leave each place the nearest of its ways in; of a combined network, the nearest to each layer."""
    first_only = {name: getattr(snaps, name)[:, :1] for name in NO_CANDIDATE}
    parts = []
    if graph.edge_layer is not None and graph.n_edges:
        layer = np.where(snaps.edge < 0, -1, graph.edge_layer[snaps.edge])
        for number in np.unique(layer[layer >= 0]).tolist():
            first = np.argmax(layer == number, axis=1)[:, None]
            has = (layer == number).any(axis=1)[:, None]
            parts.append(
                {
                    name: np.where(has, np.take_along_axis(getattr(snaps, name), first, axis=1), none)
                    for name, none in NO_CANDIDATE.items()
                }
            )
    parts = parts or [first_only]
    joined = {name: np.hstack([part[name] for part in parts]) for name in NO_CANDIDATE}
    order = np.lexsort((joined["edge"], joined["distance_m"]), axis=1)
    nearest_first: dict[str, Any] = {
        name: np.ascontiguousarray(np.take_along_axis(values, order, axis=1)) for name, values in joined.items()
    }
    return replace(snaps, **nearest_first)


def reach_status(pairing: Pairing, minutes: FloatArray) -> ObjectArray:
    """Say why places reach none."""
    status = np.where(pairing.origins.snaps.status == "ok", "no_path", "not_snapped").astype(object)
    for choice in pairing.choices:
        if len(choice.goals) == 0:
            status[choice.of] = "no_facility"
    status[np.isfinite(minutes)] = "reached"
    return status


def people_of(settlements: pd.DataFrame) -> tuple[FloatArray, BoolArray]:
    """Count the people of each settlement, NaN where they are not known, and tell which are in the study area."""
    n = len(settlements)
    persons = np.full(n, np.nan)
    if "population_persons" in settlements:
        stated = settlements["population_persons"]
        persons = pd.to_numeric(stated, errors="coerce").to_numpy(dtype=np.float64)
        wrong = (np.isnan(persons) & stated.notna().to_numpy()) | (persons < 0.0) | np.isinf(persons)
        if wrong.any():
            shown = first_of(stated.to_numpy(dtype=object)[wrong])
            raise ContractError("settlements", [f"population_persons: no number of 0 or more: {shown}"])
    scored = settlements["in_study"].to_numpy(dtype=bool) if "in_study" in settlements else np.ones(n, dtype=bool)
    return persons, scored
