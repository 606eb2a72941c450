"""Accounts: from what is known of each place to people and places served, beyond and unknown, and to a status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.norms_formulas import SHARE_TOLERANCE, attainment, gap_depth, shortfall

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.integration.norms_measure import Reading
    from spatial.integration.norms_rules import Norm

    FloatArray = NDArray[np.float64]

__all__ = ["Ledger", "account", "join_reasons"]

GATE_OF_STATUS = {
    "met": "pass",
    "not_met": "fail",
    "not_measurable": "unknown",
    "not_applicable": "none_applicable",
}
REPORTED_ONLY = frozenset({"duty_trigger", "not_adopted"})
"""Reasons for which even a single place is not judged."""


@dataclass(frozen=True)
class Ledger:
    """
    What one norm is accounted over.

    Parameters
    ----------
    reading : Reading
        Along the rows.
    inside : ndarray
        1 in scope, 0 not, NaN unknown, along the rows.
    persons : ndarray
        People of each row; NaN = unknown.
    places : ndarray
        Places of each row: 1, or 0 where the row brings people only.
    groups : ndarray of int
        The unit of each row, from 0; negative for rows that count for none.
    size : int
        How many units there are.
    level : {'study', 'township', 'settlement'}
        What the units are.
    share_of : {'persons', 'places'}
        What the share is a share of; places wherever no people are known.
    inventory : str
        Of the service: why a failure as mapped may be none.
    """

    reading: Reading
    inside: FloatArray
    persons: FloatArray
    places: FloatArray
    groups: NDArray[np.int64]
    size: int
    level: str
    share_of: str
    inventory: str

    def count(self, rows: NDArray[np.bool_], weights: FloatArray) -> FloatArray:
        """
        Add up weights by unit.

        Parameters
        ----------
        rows : ndarray of bool
            Which rows count.
        weights : ndarray
            Persons or places; NaN counts nothing.

        Returns
        -------
        ndarray
            One sum a unit.
        """
        kept = rows & (self.groups >= 0) & ~np.isnan(weights)
        return np.bincount(self.groups[kept], weights=weights[kept], minlength=self.size).astype(np.float64)


def account(norm: Norm, ledger: Ledger) -> pd.DataFrame:
    """
    Account for one norm over the units of one level.

    Parameters
    ----------
    norm : Norm
        The norm.
    ledger : Ledger
        What is known of it.

    Returns
    -------
    DataFrame
        One row a unit, without the columns that name it: `status` to `threshold` of the table `norm_results`.
    """
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
    shares = weights.shares(ledger, served, unserved)
    frame = pd.DataFrame({**shares, **weights.depth(norm, ledger, sure), **numbers})
    return _judged(norm, ledger, frame, weights)


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
        self, ledger: Ledger, served: NDArray[np.bool_], unserved: NDArray[np.bool_]
    ) -> dict[str, FloatArray]:
        inside, sure, strict = ledger.inside != 0, ledger.inside == 1, ledger.reading.strict
        whole = self.total(ledger, inside)
        valid = self.total(ledger, served | unserved)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                "served_share": self.total(ledger, served) / valid,
                "served_share_lower": self.total(ledger, sure & (strict == 1)) / whole,
                "served_share_upper": 1.0 - self.total(ledger, sure & (strict == 0)) / whole,
                "mapped_lower": self.total(ledger, served) / whole,
                "mapped_upper": 1.0 - self.total(ledger, unserved) / whole,
            }

    def depth(self, norm: Norm, ledger: Ledger, sure: NDArray[np.bool_]) -> dict[str, FloatArray]:
        gap = gap_depth(ledger.reading.value, threshold=norm.threshold, fail_point=norm.fail_point)
        rows = sure & ~np.isnan(ledger.reading.mapped) & ~np.isnan(gap)
        whole = self.total(ledger, rows)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                f"depth_fgt{power}": self.weigh(ledger, rows, (gap > 0) * gap**power) / whole
                for power in (0, 1, 2)
            }


def _judged(norm: Norm, ledger: Ledger, frame: pd.DataFrame, weights: _Weights) -> pd.DataFrame:
    target = norm.target_share
    nobody = (frame["places_in_scope"] == 0).to_numpy() & ~(frame["persons_in_scope"] > 0).to_numpy()
    strict = _status(frame["served_share_lower"], frame["served_share_upper"], target)
    mapped = _status(frame["mapped_lower"], frame["mapped_upper"], target)
    reported = _reported_only(norm, ledger.level)
    off = nobody | reported
    status, status_mapped = np.where(off, "not_applicable", strict), np.where(off, "not_applicable", mapped)
    gate = np.array([GATE_OF_STATUS[name] for name in GATE_OF_STATUS])
    codes = pd.Categorical(status, categories=list(GATE_OF_STATUS)).codes
    graded = ~nobody & (norm.not_graded == "") & (ledger.level != "settlement")
    share = frame["served_share"].to_numpy()
    texts = {
        "status": status,
        "status_as_mapped": status_mapped,
        "reason": _reasons(norm, ledger, status, nobody=nobody, reported=reported),
        "gate": gate[codes] if norm.gates else np.full(ledger.size, "none_applicable"),
        "share_of": np.where(weights.by_persons, "persons", "places"),
    }
    numbers = {
        "attainment": np.where(graded, attainment(share, target), np.nan),
        "shortfall": np.where(graded, shortfall(share, target), np.nan),
        "persons_to_serve": np.where(
            graded & weights.by_persons,
            np.maximum(0.0, target - share) * frame["persons_in_scope"].to_numpy(),
            np.nan,
        ),
        "threshold": np.full(ledger.size, norm.threshold),
        "target_share": np.full(ledger.size, target),
    }
    rest = frame.drop(columns=["mapped_lower", "mapped_upper"])
    return pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in texts.items()}).assign(
        **{str(name): rest[name] for name in rest.columns}, **numbers
    )


def _reported_only(norm: Norm, level: str) -> bool:
    reasons = norm.not_graded.split(";") if norm.not_graded else []
    return bool(reasons) and (level != "settlement" or not REPORTED_ONLY.isdisjoint(reasons))


def _status(lower: pd.Series, upper: pd.Series, target: float) -> NDArray[np.str_]:
    met = lower.to_numpy() >= target - SHARE_TOLERANCE
    not_met = upper.to_numpy() < target - SHARE_TOLERANCE
    return np.select([met, not_met], ["met", "not_met"], "not_measurable")


def _reasons(
    norm: Norm, ledger: Ledger, status: NDArray[np.str_], *, nobody: NDArray[np.bool_], reported: bool
) -> NDArray[np.object_]:
    inside, reading = ledger.inside != 0, ledger.reading
    ones = np.ones_like(ledger.inside)
    doubts = {
        f"inventory:{ledger.inventory}": inside & np.isnan(reading.strict) & (reading.mapped == 0),
        "not_measured": (ledger.inside == 1) & np.isnan(reading.mapped),
        "class_unknown": np.isnan(ledger.inside),
    }
    codes = np.zeros(ledger.size, dtype=np.int64)
    for bit, rows in enumerate(doubts.values()):
        codes += (ledger.count(rows, ones) > 0).astype(np.int64) << bit
    words = np.array(
        [
            ";".join(name for bit, name in enumerate(doubts) if code >> bit & 1)
            for code in range(1 << len(doubts))
        ],
        dtype=object,
    )
    doubt = np.where(status == "not_measurable", words[codes], "")
    always = join_reasons(
        norm.not_graded, *([] if ledger.level == "settlement" else [norm.no_gate, *reading.notes])
    )
    texts = np.array([join_reasons(always, word) for word in words] if always else words, dtype=object)
    reason = np.where(doubt == "", always, texts[codes])
    return np.where(
        nobody & (not reported), "out_of_scope" if ledger.level == "settlement" else "nobody_in_scope", reason
    )


def join_reasons(*reasons: str) -> str:
    """
    Join reason codes, each once.

    Parameters
    ----------
    *reasons : str
        Codes, themselves perhaps joined by ``;``; empty for none.

    Returns
    -------
    str
        In the order given.

    Examples
    --------
    >>> join_reasons("expired", "", "expired;role:monitoring")
    'expired;role:monitoring'
    """
    return ";".join(dict.fromkeys(part for reason in reasons if reason for part in reason.split(";")))
