"""Who has something, who has not, and of whom nobody knows: shares of people among those of whom it is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.integration.pillars.components import Component, level

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground, Unit
    from spatial.integration.pillars.place_scores import PlaceScores

    FloatArray = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["MET", "Having", "has_digital", "has_last_mile", "shared"]

LAST_MILE_SERVICES = frozenset({"parcel_point", "postal_delivery", "post_office", "bus_stop"})
DIGITAL_SERVICES = frozenset({"telecom", "mobile_5g", "fibre_and_4g", "broadband"})
MET = 1.0 - 1e-12


@dataclass(frozen=True, eq=False)
class Having:
    """Whether each of n places has something."""

    has: FloatArray  # 1 where it has, 0 where it is known not to, NaN where nobody knows or it is not asked
    asked: Mask  # of which places it is asked; none of the others counts, not even as unknown

    @property
    def unknown(self) -> Mask:
        """Tell where nobody knows."""
        return self.asked & np.isnan(self.has)

    def end(self, at_best: bool) -> FloatArray:  # noqa: FBT001 - one of two ends
        """Take what is unknown for missing, or for there."""
        return np.where(self.unknown, float(at_best), self.has)


def has_digital(scores: PlaceScores) -> Having:
    """Tell who is within every norm on telecommunication."""
    return _within(scores, DIGITAL_SERVICES, every=True)


def has_last_mile(scores: PlaceScores, road_near: FloatArray) -> Having:
    """Tell who has an all-season road near, and a parcel, post or bus point within one of its norms."""
    point = _within(scores, LAST_MILE_SERVICES, every=False)
    fails = (point.has == 0.0) | (road_near == 0.0)
    return Having(np.where(point.asked, np.where(fails, 0.0, point.has * road_near), np.nan), point.asked)


def shared(pillar: str, name: str, having: Having, unit: Unit, ground: Ground) -> Component:
    """
    Share of the people who have something, among those of whom it is known.

    Examples
    --------
    Of 10 people 2 have it, 3 have not, and of 5 nobody knows: 2 / 5, from 2 / 10 to 7 / 10.
    """
    mine = unit.members & having.asked
    has, lacks, unknown = mine & (having.has >= MET), mine & (having.has < MET), mine & having.unknown
    yes, no, doubtful = (float(ground.weight[which].sum()) for which in (has, lacks, unknown))
    known, whole = yes + no, yes + no + doubtful
    made = level(
        pillar,
        name,
        yes / known if known > 0.0 else math.nan,
        missing="no_data" if mine.any() else "not_asked",
        persons=ground.people_among(mine, lacks) if known > 0.0 else math.nan,
    )
    return replace(
        made,
        low=yes / whole if whole > 0.0 else math.nan,
        high=(yes + doubtful) / whole if whole > 0.0 else math.nan,
        persons_known=ground.people_among(mine, has | lacks),
        persons_unknown=ground.people_among(mine, unknown),
    )


def _within(scores: PlaceScores, services: frozenset[str], *, every: bool) -> Having:
    """Tell who is within every norm on some services that is asked of them, or within any."""
    columns = [at for at, service in enumerate(scores.services) if service in services]
    n = len(scores.q)
    if not columns:
        return Having(np.full(n, np.nan), np.full(n, bool(services & scores.unmeasured)))
    q, asked = scores.q[:, columns], scores.asked[:, columns]
    met, fails = q >= MET, q < MET
    if every:
        lacks = fails.any(axis=1)
        has = ~lacks & met.any(axis=1) & (met | ~asked).all(axis=1)
    else:
        has = met.any(axis=1)
        lacks = ~has & fails.any(axis=1) & (fails | ~asked).all(axis=1)
    concerned = np.asarray(asked.any(axis=1))
    return Having(np.where(has, 1.0, np.where(lacks, 0.0, np.nan)), concerned)
