"""The study's decay as the function that measures take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial import access

if TYPE_CHECKING:
    from spatial.access import Decay
    from spatial.study import DecayOptions

__all__ = ["decay_of"]


def decay_of(chosen: DecayOptions, *, cutoff_min: float) -> Decay:
    """Make the decay that a study names."""
    first, numbers = chosen.minutes[0], chosen.minutes
    if chosen.kind == "stepped":
        return access.decay_stepped(dict(zip(numbers, chosen.weights, strict=True)))
    ends = {
        "binary": access.decay_binary,
        "linear": access.decay_linear,
        "truncated_gaussian": access.decay_truncated_gaussian,
    }
    if chosen.kind in ends:
        return ends[chosen.kind](first)
    if chosen.kind == "exponential":
        return access.decay_exponential(half_life_min=first, cutoff_min=cutoff_min)
    if chosen.kind == "gaussian":
        return access.decay_gaussian(first, cutoff_min=cutoff_min)
    if chosen.kind == "power":
        return access.decay_power(chosen.exponent, scale_min=first, cutoff_min=cutoff_min)
    return access.decay_log_logistic(first, chosen.exponent, cutoff_min=cutoff_min)
