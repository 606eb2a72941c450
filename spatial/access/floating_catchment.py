"""The floating catchment family: supply per person around settlements, how crowded facilities are, what is left."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np
import pandas as pd
import shapely

from spatial.access.decays import ZONES_E2SFCA, Decay, decay_binary, decay_stepped
from spatial.access.od_pairs import (
    COUNT,
    Offer,
    Pairs,
    WeighedPairs,
    demand_of,
    offer_of,
    read_pairs,
    require_columns,
    require_decay,
    statuses,
    weigh_pairs,
)
from spatial.access.options import limit_of, numbers
from spatial.arrays import BoolArray, FloatArray, ObjectArray
from spatial.errors import ContractError, CrsError, first_of, refuse
from spatial.inputs.services import Vocabulary
from spatial.messages import warn
from spatial.outlines import not_points, shapes_of

# Floating catchments on bare numbers: weights of pairs, people of places, supply of facilities.

FcaMethod: TypeAlias = Literal["2sfca", "e2sfca", "3sfca", "m2sfca", "bfca"]


@dataclass(frozen=True, eq=False)
class CatchmentSums:
    """What floating catchments give, for n places and m facilities."""

    demand: FloatArray  # shape (m,), people in the catchment of each facility, weighted as the method says
    ratio: FloatArray  # shape (m,), supply over demand; 0 where demand is 0
    access: FloatArray  # shape (n,), the measure; 0 where nothing is reached


def catchment_sums(
    pairs: WeighedPairs, supply: FloatArray, *, method: FcaMethod, choice: WeighedPairs | None = None
) -> CatchmentSums:
    """Divide the supply of facilities among the people in their catchments."""
    n, m = pairs.links.shape
    if method == "bfca":
        # Each person goes somewhere once, and each unit of supply is handed out once.
        asked = pairs.to_facilities(pairs.people * _over(1.0, pairs.to_places(np.ones(m))))
        level = _over(supply, asked)
        return CatchmentSums(asked, level, pairs.to_places(level * _over(1.0, pairs.to_facilities(np.ones(n)))))
    if method == "3sfca":
        chosen = _over(1.0, (pairs if choice is None else choice).to_places(np.ones(m)))
        asked = pairs.to_facilities(pairs.people * chosen, power=2)
        ratio = _over(supply, asked)
        return CatchmentSums(asked, ratio, chosen * pairs.to_places(ratio, power=2))
    asked = pairs.people_at_facilities
    ratio = _over(supply, asked)
    return CatchmentSums(asked, ratio, pairs.to_places(ratio, power=2 if method == "m2sfca" else 1))


def _over(above: FloatArray | float, below: FloatArray) -> FloatArray:
    """Divide; 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0.0)


# The door of the floating catchments: pairs, weights, people and supply, read and checked once.

_DEFAULT_DECAY: Mapping[str, Decay] = MappingProxyType(
    {
        "2sfca": decay_binary(max(ZONES_E2SFCA)),
        **dict.fromkeys(("e2sfca", "3sfca", "m2sfca", "bfca"), decay_stepped(ZONES_E2SFCA)),
    }
)
"""Luo and Wang (2003): 30 minutes; the others by the zones of Luo and Qi (2009)."""


@dataclass(frozen=True, eq=False)
class Catchments:
    """Everything that a floating catchment needs, read and checked once."""

    pairs: Pairs  # pairs of settlements and the facilities of the service
    decay: Decay  # what a facility is worth at so many minutes
    # the same with the decay as their weights, and with the people of settlements; 0 where unknown
    weighed: WeighedPairs
    demand_known_share: float  # share of settlements with a number of people
    offer: Offer  # supply of each facility

    def sums(self, method: FcaMethod, *, choice: str = "catchment") -> CatchmentSums:
        """Compute ratios and access."""
        chosen = None
        if method == "3sfca" and choice == "all_pairs":
            chosen = WeighedPairs(self.pairs, self.demand, self.decay.uncut(self.pairs.minutes))
        return catchment_sums(self.weighed, self.offer.supply, method=method, choice=chosen)

    @property
    def demand(self) -> FloatArray:
        """People of each settlement, shape (n,); 0 where unknown."""
        return self.weighed.people

    def said(self, method: str, n: int) -> dict[str, object]:
        """Name what was measured, in the columns that every result begins with."""
        return {
            "service": same(self.pairs.service, n),
            "mode": same(self.pairs.mode, n),
            "method": same(method, n),
            "decay": same(str(self.decay), n),
        }


def read_catchments(  # noqa: PLR0913 - what the public functions share, by their names
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None,
    *,
    method: FcaMethod,
    decay: Decay | Callable[..., Any] | None,
    demand: str,
    supply: str | None,
) -> Catchments:
    """Check the frames and weigh the pairs."""
    if method not in get_args(FcaMethod):
        raise ContractError("options", [f"method: must be one of {', '.join(get_args(FcaMethod))}, is {method!r}"])
    pairs = read_pairs(od, settlements, facilities, service=service, vocabulary=vocabulary)
    persons, known = demand_of(pairs, demand)
    decay = require_decay(pairs, _DEFAULT_DECAY[method] if decay is None else decay)
    weighed = weigh_pairs(pairs, pairs.minutes, persons, decay)
    return Catchments(pairs, decay, weighed, known, offer_of(pairs, supply))


def same(value: str | None, n: int) -> pd.Series[str]:
    """Repeat a text."""
    return pd.Series(value, index=range(n), dtype="str")


def per_person(offer: Offer) -> str:
    """Name the unit of supply per person."""
    return f"{offer.unit} per person"


# Where floating catchments lack the people beyond the study area, and so promise too much.

_log = logging.getLogger(__name__)

BufferRule: TypeAlias = Literal["detect", "none_needed"]
MissingBuffer: TypeAlias = Literal["flag", "refuse"]

HULL_RATIO = 0.3
"""How closely the hull follows the places: 0 as closely as it can, 1 the convex hull (shapely.concave_hull)."""


def near_edge(
    pairs: Pairs, weighed: WeighedPairs, *, buffer: BufferRule, on_missing_buffer: MissingBuffer
) -> tuple[BoolArray, bool]:
    """
    Flag the settlements whose measure may be too high because people beyond the edge are not in the table.

    Their catchment has a facility that is no nearer to the boundary of the places' concave hull than its furthest
    settlement; without points all who reach a facility are flagged.
    """
    rules = (("buffer", buffer, BufferRule), ("on_missing_buffer", on_missing_buffer, MissingBuffer))
    told = "{}: must be {!r} or {!r}, is {!r}"
    refuse("options", [told.format(name, *get_args(r), given) for name, given, r in rules if given not in get_args(r)])
    n, used = len(pairs.settlements), weighed.inside
    inside = pairs.settlements["in_study"].to_numpy(dtype=bool) if "in_study" in pairs.settlements else np.ones(n, bool)
    buffered = bool(weighed.people[~inside].sum() > 0.0)
    if buffered or buffer == "none_needed" or not used.any():
        return np.zeros(n, dtype=bool), buffered
    if on_missing_buffer == "refuse":
        raise ContractError(
            "settlements",
            ["in_study: no people outside the study area; load a buffer, or give buffer='none_needed' for an island"],
        )
    # Tell which facilities are at risk: all of a place without a point, which may lie at any edge.
    places, sites = _points(pairs.settlements), _points(pairs.facilities)
    if places is None or sites is None:
        facility = np.ones(len(pairs.facilities), dtype=bool)
    else:
        if getattr(pairs.settlements, "crs", None) != getattr(pairs.facilities, "crs", None):
            raise CrsError("settlements and facilities differ in their CRS; reproject with to_crs(...)")
        i, j = pairs.origin[used], pairs.destination[used]
        reach = np.zeros(len(sites))
        np.maximum.at(reach, j, np.nan_to_num(shapely.distance(places[i], sites[j]), nan=np.inf))
        hull = _hull_of(cast("bytes", shapely.to_wkb(shapely.multipoints(places[~shapely.is_missing(places)]))))
        edge = shapely.boundary(hull) if shapely.get_dimensions(hull) == 2 else hull
        facility = ~np.asarray(shapely.intersects(hull, sites)) | np.asarray(shapely.distance(edge, sites) <= reach)
    at_risk = np.bincount(pairs.origin[used & facility[pairs.destination]], minlength=n) > 0
    figures = {"risk": int(at_risk.sum()), "places": n, "people": weighed.people[at_risk].sum()}
    warn(_log, "edge_risk", service=tuple(pairs.service.split("+")), **figures)
    return at_risk, buffered


@lru_cache(maxsize=1)
def _hull_of(places_wkb: bytes) -> shapely.Geometry:
    """Draw the hull of places by where they are: all services of a study have the same."""
    return shapely.concave_hull(shapely.from_wkb(places_wkb), ratio=HULL_RATIO)


def _points(frame: pd.DataFrame) -> ObjectArray | None:
    shapes = getattr(frame, "geometry", None)
    return None if shapes is None else np.where(not_points(shapes), np.array(None, dtype=object), shapes_of(shapes))


def floating_catchment_area(  # noqa: PLR0913 - the name and the options that analysts know, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    method: FcaMethod = "e2sfca",
    decay: Decay | Callable[..., Any] | None = None,
    demand: str = "population_persons",
    supply: str | None = None,
    choice: Literal["catchment", "all_pairs"] = "catchment",
    buffer: BufferRule = "detect",
    on_missing_buffer: MissingBuffer = "flag",
) -> pd.DataFrame:
    """
    Measure how much supply there is for each person around every settlement, competition counted.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `cumulative_cutoff`.
    method : {'2sfca', 'e2sfca', '3sfca', 'm2sfca', 'bfca'}
        See the notes.
    decay : Decay or callable, optional
        What a facility is worth at so many minutes; or a function of your own (`decay_from`). By default all the same
        up to 30 minutes for 2SFCA, and 1, 0.68 and 0.22 up to 10, 20 and 30 minutes (Luo and Qi 2009) for the others.
    demand : str
        Column of the settlements with the people who compete, such as ``elderly_persons``. Unknown ones count as
        nobody, with a warning.
    supply : str, optional
        Column of the facilities, known for each; ``count``: each counts one. By default `capacity` where every facility
        of the service has one; else each counts one, with a warning. Known and unknown capacities are never mixed.
    choice : {'catchment', 'all_pairs'}
        For 3SFCA, among which facilities a place chooses: those of its catchment, or every pair of the table, also
        beyond the cutoff, as PySAL's `access` does.
    buffer : {'detect', 'none_needed'}
        ``none_needed`` states that nobody lives beyond the study area, as around an island.
    on_missing_buffer : {'flag', 'refuse'}
        What to do where no settlement outside the study area has people: flag those near the edge, or raise.

    Returns
    -------
    DataFrame
        One row a settlement, always, in the order given: `settlement_id`, `service`, `mode`, `method`, `decay`, `value`
        (0 where nothing is reached), `unit`, `status` (reached, beyond_cutoff, no_pair, no_facility),
        `facilities_reached`, `supply_basis` (the column, or ``count``; missing where no facility exists),
        `capacity_known_share`, `demand_known_share`, `buffer_population` (are people outside the study area in the
        table?) and `edge_risk` (may the value be too high for the lack of them?).

    Raises
    ------
    ContractError
        For bad frames or options, a decay that reaches beyond the end of the pairs, and a missing buffer where refused.

    Notes
    -----
    With weights W = f(t), people P and supply S:

    - 2SFCA (Luo and Wang 2003), E2SFCA (Luo and Qi 2009): ``R_j = S_j / sum_k P_k W_kj``, ``A_i = sum_j W_ij R_j``;
    - 3SFCA (Wan, Zou and Sternberg 2012): the same with ``W_ij G_ij``, ``G_ij = W_ij / sum_l W_il``;
    - M2SFCA (Delamater 2013): ``A_i = sum_j W_ij^2 R_j``, which loses supply where facilities lie far from people;
    - BFCA (Paez, Higgins and Vivona 2019): ``L_j = S_j / sum_i P_i G_ij``, ``A_i = sum_j L_j W_ij / sum_k W_kj``: a
      level of service, not supply per person. Never compare it with the others.

    A facility with nobody in its catchment gives nothing (ratio 0, not infinity). 2SFCA, E2SFCA and 3SFCA hand out all
    supply that is used: ``sum_i P_i A_i = sum_j S_j``.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 15.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [32.0, 100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a"], "service": ["hospital"], "capacity": [10.0]})
    >>> found = floating_catchment_area(
    ...     od, places, hospitals, service="hospital", buffer="none_needed"
    ... )
    >>> found["value"].round(6).tolist()  # 10 beds for 32 + 0.68 x 100 = 100 people
    [0.1, 0.068]
    """
    ready = read_catchments(
        od, settlements, facilities, service, vocabulary, method=method, decay=decay, demand=demand, supply=supply
    )
    if choice not in ("catchment", "all_pairs"):
        raise ContractError("options", [f"choice: must be 'catchment' or 'all_pairs', is {choice!r}"])
    at_risk, buffered = near_edge(ready.pairs, ready.weighed, buffer=buffer, on_missing_buffer=on_missing_buffer)
    found = ready.sums(method, choice=choice)
    reached = ready.weighed.facilities_reached
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"].reset_index(drop=True),
            **ready.said(method, len(settlements)),
            "value": found.access,
            "unit": same("level of service" if method == "bfca" else per_person(ready.offer), len(settlements)),
            "status": statuses(ready.pairs, reached > 0),
            "facilities_reached": reached,
            "supply_basis": same(ready.offer.basis, len(settlements)),
            "capacity_known_share": ready.offer.known_share,
            "demand_known_share": ready.demand_known_share,
            "buffer_population": buffered,
            "edge_risk": at_risk,
        }
    )


def catchment_ratios(  # noqa: PLR0913 - the options of floating_catchment_area, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    method: FcaMethod = "e2sfca",
    decay: Decay | Callable[..., Any] | None = None,
    demand: str = "population_persons",
    supply: str | None = None,
    choice: Literal["catchment", "all_pairs"] = "catchment",
) -> pd.DataFrame:
    """
    Give the first step of a floating catchment: supply over people, for every facility.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary, method, decay, demand, supply, choice
        As in `floating_catchment_area`.

    Returns
    -------
    DataFrame
        One row an existing facility of the service, in the order given: `facility_id`, `service`, `mode`, `method`,
        `decay`, `supply`, `supply_basis`, `demand_persons` (weighted as the method says), `ratio`, `unit`,
        `settlements_reached` and `unused`: nobody is in its catchment, so that the ratio is 0 and its supply goes to
        nobody.

    Raises
    ------
    ContractError
        For bad frames or options, and a decay that reaches beyond the end of the pairs.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 15.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [32.0, 100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a", "b"], "service": "hospital", "capacity": [10.0, 9.0]})
    >>> found = catchment_ratios(od, places, hospitals, service="hospital")
    >>> found["ratio"].tolist(), found["unused"].tolist()
    ([0.1, 0.0], [False, True])
    """
    ready = read_catchments(
        od, settlements, facilities, service, vocabulary, method=method, decay=decay, demand=demand, supply=supply
    )
    found = ready.sums(method, choice=choice)
    m = len(ready.pairs.facilities)
    return pd.DataFrame(
        {
            "facility_id": ready.pairs.facilities["facility_id"].reset_index(drop=True),
            **ready.said(method, m),
            "supply": ready.offer.supply,
            "supply_basis": same(ready.offer.basis, m),
            "demand_persons": found.demand,
            "ratio": found.ratio,
            "unit": same("level of service" if method == "bfca" else per_person(ready.offer), m),
            "settlements_reached": ready.weighed.places_reached,
            "unused": ~(found.demand > 0.0),
        }
    )


def facility_crowding(  # noqa: PLR0913 - the options of floating_catchment_area, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    decay: Decay | Callable[..., Any] | None = None,
    demand: str = "population_persons",
    supply: str | None = None,
) -> pd.DataFrame:
    """
    Measure how many people there are for each unit of supply at every facility (i2SFCA).

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `floating_catchment_area`.
    decay, demand, supply
        As in `floating_catchment_area`; by default the zones of E2SFCA.

    Returns
    -------
    DataFrame
        One row an existing facility of the service, in the order given: `facility_id`, `service`, `mode`, `method`
        (``i2sfca``), `decay`, `supply`, `supply_basis`, `capacity_known_share`, `demand_known_share`, `value`
        (0 where nobody comes, NaN where some come who have no supply at all within reach), `unit`, `unused`.

    Raises
    ------
    ContractError
        For bad frames or options, and a decay that reaches beyond the end of the pairs.

    Notes
    -----
    Wang (2018, 2021): ``C_j = sum_i P_i W_ij / sum_l S_l W_il``. All people within reach of some supply are handed out:
    ``sum_j S_j C_j`` is their number.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "u"], "to_id": ["a", "b"], "travel_time_min": [5.0, 5.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u"], "population_persons": [100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a", "b"], "service": "hospital", "capacity": [15.0, 5.0]})
    >>> facility_crowding(od, places, hospitals, service="hospital")["value"].tolist()  # 5 people a bed
    [5.0, 5.0]
    """
    ready = read_catchments(
        od, settlements, facilities, service, vocabulary, method="e2sfca", decay=decay, demand=demand, supply=supply
    )
    pairs = ready.weighed
    supply_at_places = pairs.to_places(ready.offer.supply)
    value = pairs.to_facilities(_over(pairs.people, supply_at_places))
    # No number of people is theirs for each unit of nothing.
    lacking = pairs.to_facilities(np.where(supply_at_places > 0.0, 0.0, pairs.people)) > 0.0
    value = np.where(lacking, np.nan, value)
    m = len(value)
    unit = "facility" if ready.offer.counted == COUNT else f"unit of {ready.offer.counted}"
    return pd.DataFrame(
        {
            "facility_id": ready.pairs.facilities["facility_id"].reset_index(drop=True),
            **ready.said("i2sfca", m),
            "supply": ready.offer.supply,
            "supply_basis": same(ready.offer.basis, m),
            "capacity_known_share": ready.offer.known_share,
            "demand_known_share": ready.demand_known_share,
            "value": value,
            "unit": same(f"persons per {unit}", m),
            "unused": ~(ready.weighed.people_at_facilities > 0.0),
        }
    )


# What supply is left for a place once all have had their share, and how much choice it has.

_CHOICES = ("none", "one", "several")


def spatial_availability(  # noqa: PLR0913 - the options of floating_catchment_area, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    decay: Decay | Callable[..., Any] | None = None,
    demand: str = "population_persons",
    supply: str | None = None,
) -> pd.DataFrame:
    """
    Divide all supply among the settlements that compete for it.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `floating_catchment_area`.
    decay, demand, supply
        As in `floating_catchment_area`; by default the zones of E2SFCA.

    Returns
    -------
    DataFrame
        One row a settlement, always, in the order given: `settlement_id`, `service`, `mode`, `method`
        (``spatial_availability``), `decay`, `value` (supply that falls to the settlement; 0 where nothing is reached or
        nobody lives), `unit`, `value_per_person` (NaN where nobody lives), `status`, `facilities_reached`,
        `supply_basis` (missing where no facility exists), `capacity_known_share`, `demand_known_share`.

    Raises
    ------
    ContractError
        For bad frames or options, and a decay that reaches beyond the end of the pairs.

    Notes
    -----
    Soukhov et al. (2023): ``V_i = sum_j S_j F_ij``, where F_ij is the share of settlement i in the weighted people
    ``P W`` of facility j. The values sum to the supply that is used, and for each person they equal E2SFCA.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 15.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [32.0, 100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a"], "service": "hospital", "capacity": [10.0]})
    >>> found = spatial_availability(od, places, hospitals, service="hospital")
    >>> found["value"].round(6).tolist()  # 32 and 68 hundredths of 10 beds
    [3.2, 6.8]
    """
    ready = read_catchments(
        od, settlements, facilities, service, vocabulary, method="e2sfca", decay=decay, demand=demand, supply=supply
    )
    n = len(settlements)
    per_person = ready.sums("e2sfca").access
    reached = ready.weighed.facilities_reached
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"].reset_index(drop=True),
            **ready.said("spatial_availability", n),
            "value": ready.demand * per_person,
            "unit": same(ready.offer.unit, n),
            "value_per_person": np.where(ready.demand > 0.0, per_person, np.nan),
            "status": statuses(ready.pairs, reached > 0),
            "facilities_reached": reached,
            "supply_basis": same(ready.offer.basis, n),
            "capacity_known_share": ready.offer.known_share,
            "demand_known_share": ready.demand_known_share,
        }
    )


def catchment_overlap(  # noqa: PLR0913 - the options of floating_catchment_area, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    cutoff_min: float | None,
    demand: str = "population_persons",
    supply: str | None = None,
) -> pd.DataFrame:
    """
    Count the facilities in whose catchment every settlement lies: its redundancy and its choice.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `floating_catchment_area`.
    cutoff_min : float or None
        Reach of a catchment in minutes, 0 or more, inclusive; None for no cutoff.
    demand : str
        Column of people, for `overlap_shares`.
    supply : str, optional
        As in `floating_catchment_area`.

    Returns
    -------
    DataFrame
        One row a settlement, always, in the order given: `settlement_id`, `service`, `mode`, `method`
        (``overlap``), `decay`, `value` (facilities within the cutoff), `unit`, `choice` (none, one, several), `status`,
        `supply_reached` (their supply together), `effective_facilities` (the number of equally large facilities that
        would give the same choice, ``(sum S)^2 / sum S^2``; 0 without supply), `supply_basis` (missing where no
        facility exists), `capacity_known_share`, and the column of people, NaN where unknown.

    Raises
    ------
    ContractError
        For bad frames or options, and a cutoff beyond the end of the pairs.

    Notes
    -----
    Effective number: the inverse of the concentration index of Simpson (1949), as Laakso and Taagepera (1979) use it.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "u"], "to_id": ["a", "b"], "travel_time_min": [5.0, 30.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u"], "population_persons": [100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a", "b"], "service": "hospital", "capacity": [30.0, 10.0]})
    >>> found = catchment_overlap(od, places, hospitals, service="hospital", cutoff_min=30.0)
    >>> found["value"].tolist(), found["effective_facilities"].tolist()  # 40 x 40 / (900 + 100)
    ([2], [1.6])
    """
    decay = decay_binary(limit_of("cutoff_min", cutoff_min))
    ready = read_catchments(
        od, settlements, facilities, service, vocabulary, method="2sfca", decay=decay, demand=demand, supply=supply
    )
    n, supply_of = len(settlements), ready.offer.supply
    count = ready.weighed.facilities_reached
    together, squares = ready.weighed.to_places(supply_of), ready.weighed.to_places(supply_of**2)
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"].reset_index(drop=True),
            **ready.said("overlap", n),
            "value": count,
            "unit": same("facilities", n),
            "choice": pd.Series(np.array(_CHOICES, dtype=object)[np.minimum(count, 2)], dtype="str"),
            "status": statuses(ready.pairs, count > 0),
            "supply_reached": together,
            "effective_facilities": np.divide(together**2, squares, out=np.zeros(n), where=squares > 0.0),
            "supply_basis": same(ready.offer.basis, n),
            "capacity_known_share": ready.offer.known_share,
            demand: numbers("settlements", demand, settlements[demand]),
        }
    )


def overlap_shares(overlap: pd.DataFrame, *, demand: str = "population_persons") -> pd.DataFrame:
    """
    Sum people and places by the choice that they have.

    Parameters
    ----------
    overlap : DataFrame
        As `catchment_overlap` gives it.
    demand : str
        Its column of people; unknown ones are left out of the people.

    Returns
    -------
    DataFrame
        Three rows, `choice` none, one and several: `places`, `places_share`, `persons`, `persons_share`. Shares are NaN
        where there is nobody or no place.

    Raises
    ------
    ContractError
        Where a column is missing, a choice is none of the three, or people are no numbers of 0 or more.

    Examples
    --------
    >>> overlap = pd.DataFrame({"choice": ["none", "several"], "population_persons": [25.0, 75.0]})
    >>> overlap_shares(overlap)["persons_share"].tolist()
    [0.25, 0.0, 0.75]
    """
    require_columns("overlap", overlap, ("choice", demand))
    people = overlap[["choice"]].assign(persons=numbers("overlap", demand, overlap[demand]))
    odd, bad = ~people["choice"].isin(_CHOICES), (people["persons"] < 0.0) | np.isinf(people["persons"])
    wrong = {f"choice: must be none, one or several, not {first_of(people.loc[odd, 'choice'])}": odd}
    wrong[f"{demand}: negative or infinite in {bad.sum()} rows"] = bad
    refuse("overlap", [told for told, rows in wrong.items() if rows.any()])
    by_choice = people.groupby("choice")["persons"]
    places = by_choice.size().reindex(_CHOICES, fill_value=0)
    persons = by_choice.sum().reindex(_CHOICES, fill_value=0.0)
    return pd.DataFrame(
        {
            "choice": pd.Series(_CHOICES, dtype="str"),
            "places": places.to_numpy(),
            "places_share": (places / (places.sum() or np.nan)).to_numpy(),
            "persons": persons.to_numpy(),
            "persons_share": (persons / (persons.sum() or np.nan)).to_numpy(),
        }
    )
