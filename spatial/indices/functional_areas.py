"""Which town a place depends on: catchment and functional areas, and the hierarchy of towns."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse import csgraph

from spatial.access.options import is_number, numbers, paired, shown, vector
from spatial.arrays import FloatArray, IntArray, ObjectArray
from spatial.errors import ContractError, faults_at, first_of, refuse
from spatial.indices.exchange import flow_balance
from spatial.indices.groups import neighbour_weights

# Urban-rural catchment areas: which town a place depends on (Cattaneo, Nelson and McMenomy 2021).

SIZES = (5e6, 1e6, 5e5, 2.5e5, 1e5, 5e4, 2e4)
"""Least persons of the seven sizes of urban centres, largest first."""
BINS_MIN = (60.0, 120.0, 180.0)
"""Upper ends of the bands of time, inclusive."""
LOCAL_BINS_MIN = (15.0, 30.0, 60.0)
"""The same for a county."""
DISPERSED, HINTERLAND = 29, 30

_SIZE_TITLES = (
    "over 5 million", "1 to 5 million", "500,000 to 1 million", "250,000 to 500,000", "100,000 to 250,000",
    "50,000 to 100,000", "20,000 to 50,000",
)  # fmt: skip
_BAND_TITLES = ("up to 1 hour", "1 to 2 hours", "2 to 3 hours")
URCA_TITLES = {
    **{size + 1: f"urban centre of {title}" for size, title in enumerate(_SIZE_TITLES)},
    **{
        8 + 7 * band + size: f"{time} from an urban centre of {title}"
        for band, time in enumerate(_BAND_TITLES)
        for size, title in enumerate(_SIZE_TITLES)
    },
    DISPERSED: "dispersed town",
    HINTERLAND: "hinterland",
}
"""Codes 1-30."""


def catchment_classes(
    time_to_centres_min: ArrayLike,
    centre_population_persons: ArrayLike,
    *,
    own_centre: ArrayLike | None = None,
    is_town: ArrayLike | None = None,
) -> NDArray[np.int16]:
    """
    Classify places by the urban centre they depend on: the nearest band of time, and within it the largest centre.

    Parameters
    ----------
    time_to_centres_min : array_like, (places, centres)
        Minutes, 0 or more; inf = unreachable. An empty list is no place, and gives no codes.
    centre_population_persons : array_like, (centres,)
        Those below 20,000 are no urban centres and do not count; each size begins with its lower number.
    own_centre : array_like of int, optional
        The centre that each place lies in, from 0; -1 = in none.
    is_town : array_like of bool, optional
        Settlements too small for a centre: beyond three hours they are dispersed towns, and hinterland otherwise.

    Returns
    -------
    ndarray of int16, (places,)
        Codes in `URCA_TITLES`: 1-7 in a centre, by size; 8-28 by band and size; 29 and 30 beyond three hours.

    Raises
    ------
    ContractError
        For times that are negative or NaN, people below 0, centres or towns that are not known, or shapes that do not
        fit.

    Examples
    --------
    >>> catchment_classes([[50, 10, 5], [70, 20, 130]], [6e6, 3e5, 3e4]).tolist()
    [8, 11]
    """
    time_to_centres_min, centre_population_persons, own_centre, is_town = paired(
        "urca",
        time_to_centres_min=(time_to_centres_min, "places centres"),
        centre_population_persons=(centre_population_persons, "centres"),
        own_centre=(own_centre, "places"),
        is_town=(is_town, "places"),
    )
    people = vector("urca", "centre_population_persons", centre_population_persons)
    time = _times(time_to_centres_min, len(people))
    if time.shape[1] != len(people) or not bool((people >= 0.0).all()):
        raise ContractError(
            "urca", [f"centre_population_persons: {len(people)} for {time.shape[1]} centres; 0 or more"]
        )
    size = np.full(len(people), -1)
    for at in reversed(range(len(SIZES))):
        size[people >= SIZES[at]] = at
    rank, band = _first(time, size, len(SIZES), BINS_MIN)
    codes = np.where(band < len(BINS_MIN), 8 + 7 * band + rank, HINTERLAND)
    if is_town is not None:
        towns = _per_place("is_town", is_town, len(time)) > 0.0
        codes = np.where(towns & (band == len(BINS_MIN)), DISPERSED, codes)
    if own_centre is not None:
        own = _per_place("own_centre", own_centre, len(time))
        if bool(((own >= len(people)) | (own < -1) | (own != np.floor(own))).any()):
            raise ContractError(
                "urca", [f"own_centre: there are {len(people)} centres, whole numbers from 0 on; -1 = in none"]
            )
        own_size = np.append(size, -1)[own.astype(np.int64)]
        codes = np.where(own_size >= 0, own_size + 1, codes)
    return codes.astype(np.int16)


def local_catchment_classes(
    time_to_towns_min: ArrayLike,
    town_tier: Sequence[str],
    *,
    tiers: Sequence[str] = ("county_seat", "central_town", "town"),
    bins_min: Sequence[float] = LOCAL_BINS_MIN,
) -> tuple[NDArray[np.str_], FloatArray]:
    """
    Classify places by the town they depend on, by the same rule with a county's own tiers and times.

    It is no URCA, and must not be called one.

    Parameters
    ----------
    time_to_towns_min : array_like, (places, towns)
        Minutes, 0 or more; inf = unreachable.
    town_tier : sequence of str, (towns,)
        The tier of each; those that `tiers` does not name do not count.
    tiers : sequence of str
        From the highest to the lowest.
    bins_min : sequence of float
        Upper ends of the bands of time, inclusive, rising.

    Returns
    -------
    tuple of ndarray
        The tier of the town each place depends on, ``"none"`` beyond the last band; and the upper end of its band in
        minutes, inf there.

    Raises
    ------
    ContractError
        For times that are negative or NaN, or shapes that do not fit.

    Examples
    --------
    >>> tier, band = local_catchment_classes([[20, 16], [90, 70]], ["county_seat", "town"])
    >>> tier.tolist(), band.tolist()
    (['county_seat', 'none'], [30.0, inf])
    """
    time_to_towns_min, town_tier = paired(
        "urca", time_to_towns_min=(time_to_towns_min, "places towns"), town_tier=(town_tier, "towns")
    )
    time = _times(time_to_towns_min, len(town_tier))
    if time.shape[1] != len(town_tier):
        raise ContractError("urca", [f"town_tier: {len(town_tier)} for {time.shape[1]} towns"])
    tiers = list(tiers)  # of a column `in` asks the index
    bins = tuple(np.atleast_1d(numbers("urca", "bins_min", bins_min)).tolist())
    if not bins or not all(a < b for a, b in zip((0.0, *bins), bins, strict=False)):
        raise ContractError("urca", [f"bins_min: must rise from above 0, are {bins}"])
    ranks = np.array([tiers.index(tier) if tier in tiers else -1 for tier in town_tier], dtype=np.int64)
    rank, band = _first(time, ranks, len(tiers), bins)
    names = np.array([*tiers, "none"])
    return names[np.where(band < len(bins), rank, len(tiers))], np.array([*bins, np.inf])[band]


def _first(time: FloatArray, rank: IntArray, ranks: int, bins: tuple[float, ...]) -> tuple[IntArray, IntArray]:
    """Find each place's nearest band, and the highest rank in it."""
    bands = np.full((len(time), ranks), len(bins), dtype=np.int64)
    for step in range(ranks):
        members = rank == step
        if members.any():
            bands[:, step] = np.searchsorted(bins, time[:, members].min(axis=1), side="left")
    if not ranks or not len(time):
        return np.zeros(len(time), dtype=np.int64), np.full(len(time), len(bins), dtype=np.int64)
    chosen = bands.argmin(axis=1)
    return chosen, bands[np.arange(len(time)), chosen]


def _times(given: ArrayLike, ends: int) -> FloatArray:
    time = numbers("urca", "time_min", given)
    time = np.zeros((0, ends)) if time.shape == (0,) else np.atleast_2d(time)
    wrong = [f"{r},{c}" for r, c in np.argwhere(np.isnan(time) | (time < 0.0))]
    refuse("urca", faults_at("time_min: negative or NaN at", wrong, "; inf = unreachable"))
    return time


def _per_place(name: str, given: ArrayLike, places: int) -> FloatArray:
    values = numbers("urca", name, given).ravel()
    if len(values) != places:
        raise ContractError("urca", [f"{name}: {len(values)} for {places} places"])
    unknown = np.flatnonzero(np.isnan(values))
    refuse("urca", faults_at(f"{name}: unknown at place(s)", unknown))
    return values


# Functional urban areas: a city and the units whose people work in it (Dijkstra, Poelman and Veneri 2019).

COMMUTING_SHARE = 0.15
"""Of a unit's employed residents (EU-OECD definition)."""
LEAST_AROUND = 3
"""Neighbours of a unit that may be surrounded, where nobody says which units lie on the edge."""


def functional_urban_areas(
    commuters: Any,
    employed_persons: ArrayLike,
    city: ArrayLike,
    neighbours: sparse.sparray | ArrayLike,
    *,
    share: float = COMMUTING_SHARE,
    on_edge: ArrayLike | None = None,
) -> ObjectArray:
    """
    Join to each city the units from which enough people commute to it.

    Parameters
    ----------
    commuters : array_like or sparse array, (units, units)
        Persons who live in the row's unit and work in the column's, 0 or more; the diagonal does not count.
    employed_persons : array_like, (units,)
        Employed residents, 0 or more; a unit of none has no commuting.
    city : array_like of str or None, (units,)
        The city that a unit is part of, where half of its people or more live in an urban centre; None = in none.
    neighbours : sparse array or array_like, (units, units)
        Above 0 where two units share a border.
    share : float
        Of employed residents that must commute to one city, inclusive.
    on_edge : array_like of bool, optional
        Units on the outer border of the study, which nothing can surround; those with fewer than three neighbours by
        default.

    Returns
    -------
    ndarray of object, (units,)
        The city whose functional area each unit belongs to; None = none. Cities between which enough people commute are
        one, under the name of the one with most employed residents. A unit that is surrounded by one area is added;
        units that are not connected to their city within its area are dropped.

    Raises
    ------
    ContractError
        For flows or people below 0, a share outside 0-1, more commuters than employed, or shapes that do not fit.

    Examples
    --------
    >>> line = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    >>> functional_urban_areas([[0, 0, 0], [20, 0, 0], [10, 0, 0]], [100, 100, 100], ["A", None, None], line).tolist()
    ['A', 'A', None]
    """
    if not is_number(share, least=0.0, most=1.0) or share == 0.0:
        raise ContractError("functional areas", [f"share: must lie between 0 and 1, is {shown(share)}"])
    commuters, employed_persons, city, neighbours, on_edge = paired(
        "functional areas",
        commuters=(commuters, "units units"),
        employed_persons=(employed_persons, "units"),
        city=(city, "units"),
        neighbours=(neighbours, "units units"),
        on_edge=(on_edge, "units"),
    )
    employed = vector("functional areas", "employed_persons", employed_persons)
    units = len(employed)
    core = np.array(city, dtype=object).ravel()
    core[pd.isna(core)] = None
    if not sparse.issparse(commuters):
        commuters = numbers("functional areas", "commuters", commuters)
    flow_balance(commuters)  # refuses what is no flow
    flows = sparse.csr_array(commuters)
    problems = []
    if flows.shape != (units, units) or len(core) != units:
        problems = [f"commuters, city: {flows.shape} and {len(core)} for {units} units"]
    elif not bool((employed >= 0.0).all()):
        problems = ["employed_persons: below 0 or NaN; 0 where nobody is employed"]
    else:
        above = np.flatnonzero(np.asarray(flows.sum(axis=1)).ravel() > employed * (1.0 + 1e-9))
        if len(above):
            problems = [f"commuters: more than are employed in unit(s) {first_of(above)}"]
    refuse("functional areas", problems)
    border = neighbour_weights(neighbours, units)
    core = _joined_cities(flows, employed, core, share)
    area = core.copy()
    names = sorted({name for name in core if name is not None})
    best = np.zeros(units)
    for name in names:
        to_city = np.asarray(flows[:, np.flatnonzero(core == name)].sum(axis=1)).ravel()
        part = np.divide(to_city, employed, out=np.zeros(units), where=employed > 0.0)
        joins = pd.isna(core) & (part >= share * (1.0 - 1e-12)) & (part > best)
        area[joins], best[joins] = name, part[joins]
    # Drop units that are not connected to their city within its area.
    for name in names:
        members = np.flatnonzero(area == name)
        _count, piece = csgraph.connected_components(border[members][:, members], directed=False)
        area[members[~np.isin(piece, piece[core[members] == name])]] = None
    # Add units that one area surrounds.
    edge = np.diff(border.indptr) < LEAST_AROUND
    if on_edge is not None:
        edge = _per_place("on_edge", on_edge, units) > 0.0
    for unit in np.flatnonzero(pd.isna(area)):
        around = {area[other] for other in border.indices[border.indptr[unit] : border.indptr[unit + 1]]}
        if len(around) == 1 and None not in around and not edge[unit]:
            area[unit] = next(iter(around))
    return area


def _joined_cities(flows: sparse.csr_array, employed: FloatArray, core: ObjectArray, share: float) -> ObjectArray:
    """Make one city of those of which enough people commute from one to the other."""
    names = sorted({name for name in core if name is not None})
    member = np.array([core == name for name in names], dtype=np.float64).reshape(len(names), len(core))
    between = member @ (flows @ member.T)
    residents = member @ employed
    joined = (between >= share * (1.0 - 1e-12) * residents[:, None]) & (between > 0.0)
    _count, group = csgraph.connected_components(sparse.csr_array(joined), directed=False)
    leader = {
        number: names[max(np.flatnonzero(group == number), key=lambda at: (residents[at], -at))]
        for number in set(group.tolist())
    }
    told = {name: leader[int(number)] for name, number in zip(names, group, strict=True)}
    return np.array([None if name is None else told[name] for name in core], dtype=object)


# The hierarchy of towns: sizes, functions, and the towns that mediate between village and county seat.

LEAST_TOWNS = 3
GABAIX_IBRAGIMOV_SHIFT = 0.5


@dataclass(frozen=True)
class RankSize:
    """
    How sizes fall with rank.

    Parameters
    ----------
    exponent : float
        q of ``ln P = a - q ln R``: 1 by Zipf's rule, more where the largest town dominates.
    exponent_corrected : float
        From ``ln(R - 1/2) = a - b ln P``, which is less biased in small samples, as ``1 / b`` (Gabaix and Ibragimov
        2011).
    primacy_two, primacy_all, primacy_four : float
        The largest by the second, by all, and by the second to fourth together; NaN where these are not there.
    towns : int
        Towns with people; fewer than three have no exponents.
    """

    exponent: float
    exponent_corrected: float
    primacy_two: float
    primacy_all: float
    primacy_four: float
    towns: int


def rank_size(population_persons: ArrayLike) -> RankSize:
    """
    Measure how the sizes of towns fall with their rank.

    Parameters
    ----------
    population_persons : array_like
        One a town, 0 or more; NaN and 0 are left out.

    Returns
    -------
    RankSize
        Exponents and primacy.

    Raises
    ------
    ContractError
        For people below 0 or infinite.

    Examples
    --------
    >>> sizes = rank_size([100, 50, 100 / 3, 25, 20])
    >>> round(sizes.exponent, 6), sizes.primacy_two
    (1.0, 2.0)
    """
    people = vector("hierarchy", "population_persons", population_persons)
    if bool(((people < 0.0) | np.isinf(people)).any()):
        raise ContractError("hierarchy", ["population_persons: below 0 or infinite"])
    size = np.sort(people[people > 0.0])[::-1]
    n = len(size)
    exponent = corrected = math.nan
    if n >= LEAST_TOWNS and size[0] > size[-1]:
        rank = np.arange(1, n + 1, dtype=np.float64)
        exponent = -_slope(np.log(rank), np.log(size))
        corrected = -1.0 / _slope(np.log(size), np.log(rank - GABAIX_IBRAGIMOV_SHIFT))
    elif n >= LEAST_TOWNS:
        exponent = 0.0
    return RankSize(
        exponent,
        corrected,
        float(size[0] / size[1]) if n > 1 else math.nan,
        float(size[0] / size.sum()) if n else math.nan,
        float(size[0] / size[1:4].sum()) if n > 3 else math.nan,
        n,
    )


def functional_completeness(
    tier: Mapping[str, str], services: Mapping[str, Collection[str]], required: Mapping[str, Collection[str]]
) -> pd.DataFrame:
    """
    Measure which of the services that its tier asks for a town has.

    Parameters
    ----------
    tier : mapping of str to str
        The tier of each town.
    services : mapping of str to collection of str
        What each town has; a town that is not named has nothing known.
    required : mapping of str to collection of str
        What each tier asks for; a tier that is not named, or asks for nothing, has no completeness.

    Returns
    -------
    DataFrame
        A row a town, in order of `tier`: `town_id`, `tier`, `required`, `present` (counts), `completeness` (0-1; NaN
        where nothing is asked for) and `missing` (texts joined by ``;``).

    Raises
    ------
    ContractError
        For services of towns that are not there.

    Examples
    --------
    >>> table = functional_completeness({"a": "town"}, {"a": ["school"]}, {"town": ["school", "clinic"]})
    >>> table[["completeness", "missing"]].to_numpy().tolist()
    [[0.5, 'clinic']]
    """
    for named in (*services.values(), *required.values()):
        if isinstance(named, str | None):  # a text would count for its letters
            raise ContractError("hierarchy", [f"services, required: {named!r} is no list of services"])
    strangers = sorted(set(services) - set(tier))
    refuse("hierarchy", faults_at("services: no town is called", strangers))
    rows = []
    for town, own in tier.items():
        asked = set(required.get(own, ()))
        there = asked & set(services.get(town, ()))
        rows.append(
            {
                "town_id": town,
                "tier": own,
                "required": len(asked),
                "present": len(there),
                "completeness": len(there) / len(asked) if asked else math.nan,
                "missing": ";".join(sorted(asked - there)),
            }
        )
    return pd.DataFrame(rows, columns=["town_id", "tier", "required", "present", "completeness", "missing"])


def fulcrum_index(coverage_share: ArrayLike, via_share: ArrayLike) -> FloatArray:
    """
    Measure how far a town mediates between villages and the county seat: ``sqrt(coverage via)``.

    Parameters
    ----------
    coverage_share : array_like
        Share of the people for whom it is the nearest town, within the time that towns should be reached in; 0-1.
    via_share : array_like
        Share of the people whose way to the county seat passes by it; 0-1.

    Returns
    -------
    ndarray of float64
        0-1, one a town: high where people both depend on it and pass through it.

    Raises
    ------
    ContractError
        For shares outside 0-1, or lengths that differ.

    Examples
    --------
    >>> fulcrum_index([0.25], [0.16]).round(6).tolist()
    [0.2]
    """
    coverage_share, via_share = paired(
        "hierarchy", coverage_share=(coverage_share, "towns"), via_share=(via_share, "towns")
    )
    both = [numbers("hierarchy", "share", values) for values in (coverage_share, via_share)]
    if both[0].shape != both[1].shape:
        raise ContractError("hierarchy", [f"coverage_share, via_share: {both[0].shape}, {both[1].shape}"])
    if any(bool(((values < 0.0) | (values > 1.0 + 1e-9)).any()) for values in both):
        raise ContractError("hierarchy", ["coverage_share, via_share: must lie between 0 and 1"])
    return np.asarray(np.sqrt(np.minimum(both[0], 1.0) * np.minimum(both[1], 1.0)), dtype=np.float64)


def polycentricity(centrality: ArrayLike, *, form: Literal["green", "entropy"] = "green") -> float:
    """
    Measure how evenly importance is spread over towns.

    Parameters
    ----------
    centrality : array_like
        One a town, 0 or more, such as the people that flow in.
    form : {'green', 'entropy'}
        ``1 - sd / sd_max`` with sd_max of a pair of nothing and the largest (Green 2007), or ``-sum p ln p / ln n``.

    Returns
    -------
    float
        1 where all are alike, 0 where one has all: by entropy, and by the other form of two towns (of ten it is 0.4).
        NaN for fewer than two towns, or where none has any.

    Raises
    ------
    ContractError
        For numbers below 0 or NaN, or an unknown form.

    Examples
    --------
    >>> polycentricity([5, 5, 5]), polycentricity([0, 8])
    (1.0, 0.0)
    """
    if form not in ("green", "entropy"):
        raise ContractError("hierarchy", [f"form: is {form!r}, must be green or entropy"])
    c = vector("hierarchy", "centrality", centrality)
    if not bool(((c >= 0.0) & np.isfinite(c)).all()):
        raise ContractError("hierarchy", ["centrality: must be finite and 0 or more; leave out what is unknown"])
    if len(c) < 2 or not c.sum() > 0.0:
        return math.nan
    if form == "green":
        return max(0.0, 1.0 - float(c.std()) / (float(c.max()) / 2.0))
    p = c[c > 0.0] / c.sum()
    return max(0.0, float(-(p @ np.log(p)) / math.log(len(c))))  # never -0.0


def _slope(x: FloatArray, y: FloatArray) -> float:
    dx = x - x.mean()
    return float((dx @ (y - y.mean())) / (dx @ dx))
