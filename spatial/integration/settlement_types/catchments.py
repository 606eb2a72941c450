"""Urban-rural catchment areas: which town a place depends on (Cattaneo, Nelson and McMenomy 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.access.labels import paired
from spatial.access.options import numbers
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["LOCAL_BINS_MIN", "URCA_TITLES", "catchment_classes", "local_catchment_classes"]

SIZES = (5e6, 1e6, 5e5, 2.5e5, 1e5, 5e4, 2e4)
"""Least persons of the seven sizes of urban centres, largest first."""
BINS_MIN = (60.0, 120.0, 180.0)
"""Upper ends of the bands of time, inclusive."""
LOCAL_BINS_MIN = (15.0, 30.0, 60.0)
"""The same for a county."""
DISPERSED, HINTERLAND = 29, 30

_SIZE_TITLES = (
    "over 5 million",
    "1 to 5 million",
    "500,000 to 1 million",
    "250,000 to 500,000",
    "100,000 to 250,000",
    "50,000 to 100,000",
    "20,000 to 50,000",
)
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
    people = np.atleast_1d(numbers("urca", "centre_population_persons", centre_population_persons)).ravel()
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
                "urca",
                [f"own_centre: there are {len(people)} centres, whole numbers from 0 on; -1 = in none"],
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
    bins = tuple(np.atleast_1d(numbers("urca", "bins_min", bins_min)).tolist())
    if not bins or not all(a < b for a, b in zip((0.0, *bins), bins, strict=False)):
        raise ContractError("urca", [f"bins_min: must rise from above 0, are {bins}"])
    ranks = np.array([tiers.index(tier) if tier in tiers else -1 for tier in town_tier], dtype=np.int64)
    rank, band = _first(time, ranks, len(tiers), bins)
    names = np.array([*tiers, "none"])
    return names[np.where(band < len(bins), rank, len(tiers))], np.array([*bins, np.inf])[band]


def _first(
    time: FloatArray, rank: NDArray[np.int64], ranks: int, bins: tuple[float, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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
    wrong = np.argwhere(np.isnan(time) | (time < 0.0))
    if len(wrong):
        raise ContractError(
            "urca",
            [f"time_min: negative or NaN at {first_of([f'{r},{c}' for r, c in wrong])}; inf = unreachable"],
        )
    return time


def _per_place(name: str, given: ArrayLike, places: int) -> FloatArray:
    values = numbers("urca", name, given).ravel()
    if len(values) != places:
        raise ContractError("urca", [f"{name}: {len(values)} for {places} places"])
    unknown = np.flatnonzero(np.isnan(values))
    if len(unknown):
        raise ContractError("urca", [f"{name}: unknown at place(s) {first_of(unknown)}"])
    return values
