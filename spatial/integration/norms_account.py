"""Accounts: from what is known of each place to people and places served, beyond and unknown, and to a status."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.integration.norms_formulas import SHARE_TOLERANCE, attainment, gap_depth, shortfall
from spatial.integration.norms_measure import NOTHING_MAPPED
from spatial.tables import NORM_STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from spatial.integration.norms_measure import Reading
    from spatial.integration.norms_rules import Norm

    FloatArray = NDArray[np.float64]
    Rows = dict[str, NDArray[Any]]

__all__ = ["Ledger", "account", "join_reasons"]

STATUSES = np.array(NORM_STATUS, dtype=object)
MET, NOT_MET, NOT_APPLICABLE, NOT_MEASURABLE = range(4)
GATES = np.array(["pass", "fail", "none_applicable", "unknown"], dtype=object)
"""The gate that each status makes of a binding norm."""
MAPPED_LOWER, MAPPED_UPPER = "mapped_lower", "mapped_upper"
REPORTED_ONLY = frozenset({"duty_trigger", "not_adopted"})
"""Reasons for which even a single place is not judged."""
PEOPLE_AT_MOST = "people_at_most"
"""Condition of a judgement: no place of a tier that nobody counted has more people than the largest known one."""


@dataclass(frozen=True)
class Ledger:
    """What one norm is accounted over."""

    reading: Reading  # along the rows
    inside: FloatArray  # 1 in scope, 0 not, NaN unknown, along the rows
    persons: FloatArray  # people of each row; NaN = unknown
    places: FloatArray  # places of each row: 1, or 0 where the row brings people only
    groups: NDArray[np.int64]  # the unit of each row, from 0; negative for rows that count for none
    size: int  # how many units there are
    level: str  # what the units are
    share_of: str  # what the share is a share of; places wherever no people are known
    inventory: str  # of the service: why a failure as mapped may be none
    # what one missing facility would turn, along the rows: rows of one number turn together
    turns: NDArray[np.int64]
    uncounted: NDArray[np.bool_]  # rows that bring people of whom nobody knows how many there are
    tiers: NDArray[np.object_]  # tier of the settlement of each row; empty where it has none

    def most_persons(self) -> FloatArray:
        """People of the largest place in scope: as many may live in each where nobody knows."""
        known = self.persons[(self.inside != 0) & ~np.isnan(self.persons)]
        return np.full(len(self.persons), known.max() if len(known) else 0.0)

    def largest_of_tier(self) -> FloatArray:
        """People of the largest known place of each row's tier; `inf` where no place of it is known to have any."""
        largest = np.full(len(self.persons), np.inf)
        for tier in set(self.tiers) - {""}:
            own = self.tiers == tier
            known = self.persons[own & (self.persons > 0)]
            if len(known):
                largest[own] = known.max()
        return largest

    def count(self, rows: NDArray[np.bool_], weights: FloatArray) -> FloatArray:
        """Add up weights by unit."""
        kept = rows & (self.groups >= 0) & ~np.isnan(weights)
        return np.bincount(self.groups[kept], weights=weights[kept], minlength=self.size).astype(np.float64)


def account(norm: Norm, ledger: Ledger) -> Rows:
    """Account for one norm over the units of one level."""
    reading, inside = ledger.reading, ledger.inside != 0
    sure = ledger.inside == 1
    served, unserved = sure & (reading.mapped == 1), sure & (reading.mapped == 0)
    sides = {
        "in_scope": inside,
        "served": served,
        "unserved": unserved,
        "unknown": inside & ~served & ~unserved,
    }
    numbers: dict[str, FloatArray] = {}
    known = ledger.count(inside, (~np.isnan(ledger.persons)).astype(float))
    for side, rows in sides.items():
        people = ledger.count(rows, ledger.persons)
        numbers[f"persons_{side}"] = np.where(
            (known == 0) & (ledger.count(inside, np.ones_like(ledger.inside)) > 0), np.nan, people
        )
        numbers[f"places_{side}"] = ledger.count(rows, ledger.places)
    weights = _Weights.of(ledger, numbers)
    shares = weights.shares(ledger, served, unserved, ledger.most_persons())
    found = {**shares, **weights.depth(norm, ledger, sure), **numbers}
    supposed = shares
    if ledger.uncounted.any() and not norm.gates:
        supposed = weights.shares(ledger, served, unserved, ledger.largest_of_tier())
    return {**found, **_judged(norm, ledger, found, supposed, weights)}


@dataclass(frozen=True)
class _Weights:
    """The two ways to weigh rows, and which of them each unit uses."""

    by_persons: NDArray[np.bool_]

    @classmethod
    def of(cls, ledger: Ledger, numbers: dict[str, FloatArray]) -> _Weights:
        people = numbers["persons_in_scope"]
        return cls((people > 0) & (ledger.share_of == "persons"))

    def total(self, ledger: Ledger, rows: NDArray[np.bool_]) -> FloatArray:
        return np.where(
            self.by_persons, ledger.count(rows, ledger.persons), ledger.count(rows, ledger.places)
        )

    def weigh(self, ledger: Ledger, rows: NDArray[np.bool_], factor: FloatArray) -> FloatArray:
        people, places = (
            ledger.count(rows, ledger.persons * factor),
            ledger.count(rows, ledger.places * factor),
        )
        return np.where(self.by_persons, people, places)

    def shares(
        self, ledger: Ledger, served: NDArray[np.bool_], unserved: NDArray[np.bool_], most: FloatArray
    ) -> dict[str, FloatArray]:
        """Bound the shares, where each row of unknown people holds from nobody to `most`."""
        sure, strict = ledger.inside == 1, ledger.reading.strict
        valid = self.total(ledger, served | unserved)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                "served_share": self.total(ledger, served) / valid,
                "served_share_lower": self.total(ledger, sure & (strict == 1))
                / self.whole(ledger, most, but=sure & (strict == 1)),
                "served_share_upper": 1.0
                - (
                    self.total(ledger, sure & (strict == 0))
                    + self.beyond(ledger, unserved & np.isnan(strict))
                )
                / self.whole(ledger, most, but=sure & (strict == 0)),
                MAPPED_LOWER: self.total(ledger, served) / self.whole(ledger, most, but=served),
                MAPPED_UPPER: 1.0 - self.total(ledger, unserved) / self.whole(ledger, most, but=unserved),
            }

    def whole(self, ledger: Ledger, most: FloatArray, *, but: NDArray[np.bool_]) -> FloatArray:
        """Add up all in scope; each place of unknown people holds the most, or nobody where it is in `but`."""
        inside = ledger.inside != 0
        supposed = ledger.count(inside & ledger.uncounted & ~but, most)
        return self.total(ledger, inside) + np.where(self.by_persons, supposed, 0.0)

    def beyond(self, ledger: Ledger, doubted: NDArray[np.bool_]) -> FloatArray:
        """Add up what fails for certain, wherever the facilities that may be missing are."""
        turns = ledger.reading.may_turn
        if not np.isfinite(turns):
            return np.zeros(ledger.size)
        by_persons = np.append(self.by_persons, False)[ledger.groups]
        weights = np.where(by_persons, ledger.persons, ledger.places)
        kept = doubted & (ledger.groups >= 0) & (weights > 0)
        pairs = np.column_stack((ledger.groups[kept], ledger.turns[kept]))
        units, which = np.unique(pairs, axis=0, return_inverse=True)
        sums = np.bincount(which.reshape(-1), weights=weights[kept], minlength=len(units))
        order = np.lexsort((-sums, units[:, 0]))
        groups = units[order, 0]
        rank = np.arange(len(order)) - np.searchsorted(groups, groups)
        left = rank >= np.floor(turns)
        return np.bincount(groups[left], weights=sums[order][left], minlength=ledger.size).astype(np.float64)

    def depth(self, norm: Norm, ledger: Ledger, sure: NDArray[np.bool_]) -> dict[str, FloatArray]:
        gap = gap_depth(ledger.reading.value, threshold=norm.threshold, fail_point=norm.fail_point)
        rows = sure & ~np.isnan(ledger.reading.mapped) & ~np.isnan(gap)
        whole = self.total(ledger, rows)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                f"depth_fgt{power}": self.weigh(ledger, rows, (gap > 0) * gap**power) / whole
                for power in (0, 1, 2)
            }


def _judged(
    norm: Norm,
    ledger: Ledger,
    found: Mapping[str, FloatArray],
    supposed: Mapping[str, FloatArray],
    weights: _Weights,
) -> Rows:
    """Judge each unit by the bounds of its share; where they leave it open, by those of the stated condition."""
    target, share, people = norm.target_share, found["served_share"], found["persons_in_scope"]
    nobody = (found["places_in_scope"] == 0) & ~(people > 0)
    reported = _reported_only(norm, ledger.level)
    off = nobody | reported
    sides = (("served_share_lower", "served_share_upper"), (MAPPED_LOWER, MAPPED_UPPER))
    sure = [np.where(off, NOT_APPLICABLE, _status(found[low], found[high], target)) for low, high in sides]
    strict, mapped = (
        np.where(known == NOT_MEASURABLE, _status(supposed[low], supposed[high], target), known)
        for known, (low, high) in zip(sure, sides, strict=True)
    )
    graded = ~nobody & (norm.not_graded == "") & (ledger.level != "settlement")
    lacking = np.maximum(0.0, target - share) * people
    return {
        "status": STATUSES[strict],
        "status_as_mapped": STATUSES[mapped],
        "judged_if": _conditions(ledger, (strict != sure[0]) | (mapped != sure[1])),
        "reason": _with_uncounted(
            _reasons(norm, ledger, strict == NOT_MEASURABLE, nobody & (not reported)),
            ledger,
            (strict == NOT_MEASURABLE) & weights.by_persons,
        ),
        "gate": GATES[strict if norm.gates else np.full(ledger.size, NOT_APPLICABLE)],
        "share_of": np.array(["places", "persons"], dtype=object)[weights.by_persons.astype(np.int64)],
        "attainment": np.where(graded, attainment(share, target), np.nan),
        "shortfall": np.where(graded, shortfall(share, target), np.nan),
        "persons_to_serve": np.where(graded & weights.by_persons, lacking, np.nan),
        "threshold": np.full(ledger.size, norm.threshold),
        "target_share": np.full(ledger.size, target),
    }


def _reported_only(norm: Norm, level: str) -> bool:
    reasons = norm.not_graded.split(";") if norm.not_graded else []
    return bool(reasons) and (level != "settlement" or not REPORTED_ONLY.isdisjoint(reasons))


def _status(lower: FloatArray, upper: FloatArray, target: float) -> NDArray[np.int64]:
    met, not_met = lower >= target - SHARE_TOLERANCE, upper < target - SHARE_TOLERANCE
    status: NDArray[np.int64] = np.where(met, MET, np.where(not_met, NOT_MET, NOT_MEASURABLE))
    return status


def _reasons(
    norm: Norm, ledger: Ledger, doubtful: NDArray[np.bool_], nobody: NDArray[np.bool_]
) -> NDArray[np.object_]:
    inside, reading, single = ledger.inside != 0, ledger.reading, ledger.level == "settlement"
    unmeasured = NOTHING_MAPPED if NOTHING_MAPPED in reading.notes else "not_measured"
    doubts = {
        f"inventory:{ledger.inventory}": inside & np.isnan(reading.strict) & (reading.mapped == 0),
        unmeasured: (ledger.inside == 1) & np.isnan(reading.mapped),
        "class_unknown": np.isnan(ledger.inside),
    }
    always = join_reasons(norm.not_graded, *([] if single else [norm.no_gate, *reading.notes]))
    ones, codes = np.ones_like(ledger.inside), np.zeros(ledger.size, dtype=np.int64)
    for bit, rows in enumerate(doubts.values()):
        codes += (ledger.count(rows, ones) > 0).astype(np.int64) << bit
    every = [[name for bit, name in enumerate(doubts) if code >> bit & 1] for code in range(1 << len(doubts))]
    texts = [join_reasons(always, *names) for names in every]
    words = np.array([*texts, "out_of_scope" if single else "nobody_in_scope"], dtype=object)
    chosen: NDArray[np.object_] = words[np.where(nobody, len(texts), np.where(doubtful, codes, 0))]
    return chosen


def _with_uncounted(
    reasons: NDArray[np.object_], ledger: Ledger, doubtful: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Say in how many places nobody knows the people, where that may turn a status."""
    places = ledger.count((ledger.inside != 0) & ledger.uncounted, np.ones_like(ledger.inside))
    for unit in np.flatnonzero(doubtful & (places > 0)):
        reasons[unit] = join_reasons(reasons[unit], f"people_unknown:{places[unit]:.0f}")
    return reasons


def _conditions(ledger: Ledger, supposing: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Say of each unit that is judged under a condition how many people a place of each tier has at most."""
    said = np.full(ledger.size, "", dtype=object)
    largest = ledger.largest_of_tier()
    for unit in np.flatnonzero(supposing):
        open_ = ledger.uncounted & (ledger.inside != 0) & (ledger.groups == unit) & np.isfinite(largest)
        most = dict(zip(ledger.tiers[open_], largest[open_], strict=True))
        said[unit] = ";".join(f"{PEOPLE_AT_MOST}:{tier}:{floor(most[tier])}" for tier in sorted(most))
    return said


def join_reasons(*reasons: str) -> str:
    """
    Join reason codes, each once.

    Examples
    --------
    >>> join_reasons("expired", "", "expired;role:monitoring")
    'expired;role:monitoring'
    """
    return ";".join(dict.fromkeys(part for reason in reasons if reason for part in reason.split(";")))
