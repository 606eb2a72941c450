"""Measuring: from the access table to a value for each settlement and to what it says about the norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spatial.integration.norms_evidence import BEYOND, NO_FACILITY, REACHED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.integration.norms_evidence import AccessLookup
    from spatial.integration.norms_rules import Norm

    FloatArray = NDArray[np.float64]

__all__ = [
    "NOTHING_MAPPED",
    "Reading",
    "Unmeasured",
    "fastest",
    "join_members",
    "modes_for",
    "none_mapped",
    "read_access",
    "within",
]

NOTHING_MAPPED = "nothing_mapped"
"""Reason of a result on a service of which nothing is mapped, where nobody declared the list complete."""


@dataclass(frozen=True)
class Reading:
    """What is known of one norm along the settlements, or along the townships."""

    value: FloatArray  # in the norm's unit; `inf` = none reached, NaN = unknown
    mapped: FloatArray  # 1 met, 0 not met, NaN unknown: as if the map held every facility
    strict: FloatArray  # the same with what may be missing from the map counted as unknown
    notes: tuple[str, ...] = ()  # codes to print with the norm, such as ``proxy:hospital``
    # so many facilities at most may be missing, each of which may turn one place whose failure is in doubt;
    # `inf` where nobody knows, or where one facility may serve any number of places
    may_turn: float = np.inf


@dataclass(frozen=True)
class Unmeasured:
    """Why a norm could not be measured anywhere."""

    reason: str  # A code, with a detail after ``:``


def modes_for(mode: str, studied: Sequence[str]) -> tuple[str, ...]:
    """
    Find the study's modes that a norm's mode means; the fastest of them counts.

    Returns empty where the study lacks the mode. Times are door to door with the walk at both ends in them,
    so ``walk+drive`` is the drive, or the walk where that is faster.

    Examples
    --------
    >>> modes_for("walk+drive", ["drive", "walk"])
    ('drive', 'walk')
    >>> modes_for("emergency", ["drive", "walk"])
    ()
    """
    if mode in {"", "any"}:
        return tuple(studied)
    parts = mode.split("+")
    if any(part not in studied and (part != "walk" or len(parts) == 1) for part in parts):
        return ()
    return tuple(name for name in studied if name in parts)


def within(value: FloatArray, norm: Norm) -> FloatArray:
    """
    Compare values with a norm's threshold, inclusively.

    Returns 1 within, 0 beyond, NaN unknown.
    """
    met = value <= norm.threshold if norm.direction == "max" else value >= norm.threshold
    return np.where(np.isnan(value), np.nan, met.astype(np.float64))


def fastest(values: Sequence[FloatArray], threshold: float) -> FloatArray:
    """
    Take the best of several modes.

    Returns the smallest value; NaN where it could be smaller and on the other side of the threshold.
    """
    stacked = np.stack(values)
    unknown = np.isnan(stacked)
    best = np.where(unknown, np.inf, stacked).min(axis=0)
    return np.where(unknown.any(axis=0) & ~(best <= threshold), np.nan, best)


def read_access(
    norm: Norm, service: str, access: AccessLookup, *, complete: bool, max_time_min: float
) -> Reading | Unmeasured:
    """Measure a norm on time or distance."""
    if norm.metric == "roundtrip_time_min" and norm.mode != "walk":
        return Unmeasured("one_way_only")
    wanted = access.modes if norm.metric == "dist_m" else modes_for(norm.mode, access.modes)
    if not wanted:
        return Unmeasured(f"mode_not_studied:{norm.mode}")
    modes = [mode for mode in wanted if access.has(service, mode)]
    if not modes:
        return Unmeasured(f"not_computed:{service}")
    values = [_value(norm, service, mode, access, max_time_min) for mode in modes]
    value = fastest(values, norm.threshold)
    mapped = within(value, norm)
    return Reading(value, mapped, mapped if complete else doubt_failures(mapped))


def doubt_failures(mapped: FloatArray) -> FloatArray:
    """
    Turn failures into unknowns, as an incomplete inventory asks.

    Returns 1 or NaN.
    """
    return np.where(mapped == 1.0, 1.0, np.nan)


def none_mapped(reading: Reading) -> Reading:
    """Judge nobody by a map that holds nothing of the kind, unless the list of facilities is known to be complete."""
    blank = np.full(len(reading.value), np.nan)
    return Reading(blank, blank, blank, (*reading.notes, NOTHING_MAPPED))


def join_members(readings: Sequence[Reading]) -> Reading:
    """Join the members of a bundle: a place is served where every member is."""
    mapped = _all_of([reading.mapped for reading in readings])
    strict = _all_of([reading.strict for reading in readings])
    stacked = np.stack([reading.value for reading in readings])
    worst = np.where(np.isnan(stacked), -np.inf, stacked).max(axis=0)
    value = np.where(np.isnan(mapped) | np.isneginf(worst), np.nan, worst)
    notes = tuple(sorted({note for reading in readings for note in reading.notes}))
    return Reading(value, mapped, strict, notes, sum(reading.may_turn for reading in readings))


def _all_of(states: Sequence[FloatArray]) -> FloatArray:
    stacked = np.stack(states)
    some_fail = (stacked == 0.0).any(axis=0)
    some_unknown = np.isnan(stacked).any(axis=0)
    return np.where(some_fail, 0.0, np.where(some_unknown, np.nan, 1.0))


def _value(norm: Norm, service: str, mode: str, access: AccessLookup, max_time_min: float) -> FloatArray:
    reach = access.reach(service, mode)
    if norm.metric == "dist_m":
        value = access.number(service, mode, "straight_distance_m")
        return np.where(np.isnan(value) & (reach == NO_FACILITY), np.inf, value)
    column = "network_distance_m" if norm.metric == "network_dist_m" else "travel_time_min"
    value = access.number(service, mode, column)
    if norm.metric == "network_dist_m":
        # The fastest way may be a longer one.
        value = np.fmin(value, access.number(service, mode, "shortest_distance_m"))
    if norm.metric == "roundtrip_time_min":
        value = 2.0 * value
    searched = 2.0 * max_time_min if norm.metric == "roundtrip_time_min" else max_time_min
    value = np.where(reach == REACHED, value, np.inf)
    too_short = norm.metric != "network_dist_m" and norm.threshold > searched
    return np.where((reach == UNKNOWN) | ((reach == BEYOND) & too_short), np.nan, value)
