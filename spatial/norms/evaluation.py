"""Judging norms by settlement, by township and for the study, in people and places, with a status each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access import cumulative
from spatial.access.cumulative import gap_depth
from spatial.norms.evidence import NormEvidence
from spatial.norms.law import NormRules, applicable_norms, find_scope, norms_of
from spatial.norms.measuring import NOTHING_MAPPED, Reader, Reading, Unmeasured
from spatial.tables.words import NORM_STATUS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from spatial.norms.law import Norm, Scope

    FloatArray = NDArray[np.float64]
    Rows = dict[str, NDArray[Any]]


# Arithmetic of a norm: coverage with bounds, attainment, shortfall, depth of the gap, gates.

SHARE_TOLERANCE = 1e-9
"""A share this little below its target meets it: sums of floats are not exact."""


def attainment(share: ArrayLike, target_share: ArrayLike) -> NDArray[np.float64]:
    """
    How much of its target share a norm has reached: ``min(1, S / tau)``.

    Returns 0-1; NaN where the share is.

    Examples
    --------
    >>> float(attainment(0.45, 0.9))
    0.5
    """
    reached: NDArray[np.float64] = np.minimum(
        1.0, np.asarray(share, dtype=np.float64) / np.asarray(target_share, dtype=np.float64)
    )
    return reached


def shortfall(share: ArrayLike, target_share: ArrayLike) -> NDArray[np.float64]:
    """
    How much of its target share a norm lacks: ``max(0, tau - S) / tau``.

    Returns 0-1; NaN where the share is.

    Examples
    --------
    >>> float(shortfall(0.45, 0.9))
    0.5
    """
    target = np.asarray(target_share, dtype=np.float64)
    lacking: NDArray[np.float64] = np.maximum(0.0, target - np.asarray(share, dtype=np.float64)) / target
    return lacking


def fgt_poverty(
    values: ArrayLike, weights: ArrayLike, *, threshold: float, fail_point: float
) -> NDArray[np.float64]:
    """
    Access poverty by Foster, Greer and Thorbecke (1984), for a bad such as minutes.

    Parameters
    ----------
    values : array_like
        Minutes or metres; `inf` = none reached (depth 1), NaN = unknown (left out).
    weights : array_like
        Persons; NaN = unknown (left out).
    threshold : float
        Inclusive.
    fail_point : float
        Where the depth is 1.

    Returns
    -------
    ndarray
        Three numbers 0-1: share beyond the threshold, mean depth, mean squared depth; NaN without any weight.

    Examples
    --------
    >>> fgt_poverty([30.0, 45.0], [1.0, 1.0], threshold=30.0, fail_point=60.0).tolist()
    [0.5, 0.25, 0.125]
    """
    found = cumulative.fgt_poverty(
        values,
        line=threshold,
        above=True,
        bound=fail_point,
        weights=weights,
    )
    return np.array([found["fgt0"], found["fgt1"], found["fgt2"]])


def gate_status(norm_results: pd.DataFrame) -> pd.DataFrame:
    """
    Judge every unit by its gates alone; nothing compensates a gate, and no gate in force is never a pass.

    Examples
    --------
    >>> one = {"unit_level": ["study"], "unit_id": ["study"], "norm_id": ["a"], "gate": ["none_applicable"]}
    >>> gate_status(pd.DataFrame(one))["mandatory_status"].tolist()
    ['none_applicable']
    """
    unit = ["unit_level", "unit_id"]
    flags = norm_results[unit].assign(
        n_pass=norm_results["gate"] == "pass",
        n_fail=norm_results["gate"] == "fail",
        n_unknown=norm_results["gate"] == "unknown",
    )
    sums = flags.groupby(unit, sort=True, observed=True).sum().astype("int64").reset_index()
    sums["n_gates"] = sums["n_pass"] + sums["n_fail"] + sums["n_unknown"]
    status = np.select(
        [sums["n_fail"] > 0, sums["n_unknown"] > 0, sums["n_pass"] > 0],
        ["fail", "unknown", "pass"],
        "none_applicable",
    )
    sums["mandatory_status"] = pd.Series(status, index=sums.index, dtype="str")
    return sums[[*unit, "mandatory_status", "n_pass", "n_gates"]]


def guiding_attainment(norm_results: pd.DataFrame, *, floor: float = 0.01) -> float:
    """
    Mean attainment of the graded norms of the study, as a geometric mean.

    Returns 0-1; NaN where nothing is graded. Gates are not in it: they are judged by `gate_status`.

    Examples
    --------
    >>> row = {"unit_level": ["study"], "norm_class": ["guiding"], "gate": ["none_applicable"], "attainment": [0.5]}
    >>> guiding_attainment(pd.DataFrame(row))
    0.5
    """
    graded = (norm_results["unit_level"] == "study") & (norm_results["gate"] == "none_applicable")
    values = norm_results.loc[graded, "attainment"].dropna().to_numpy(dtype=float)
    if not len(values):
        return float("nan")
    return float(np.exp(np.log(np.maximum(values, floor)).mean()))


# How much of the people that a norm counts is estimated: groups that nobody counted are a share of everybody.

ESTIMATED = "estimated"
"""Source of a group's people that are a share of everybody."""

EVERYBODY = "population"


def with_estimates(
    results: pd.DataFrame, settlements: pd.DataFrame, stat_units: Mapping[str, str]
) -> pd.DataFrame:
    """Say in every row of a norm on a group of people which share of them is estimated."""
    share = np.full(len(results), np.nan)
    scored = settlements.loc[settlements["in_study"]]
    for group in sorted(set(stat_units.values()) - {EVERYBODY}):
        if f"{group}_source" not in scored or f"{group}_persons" not in scored:
            continue
        persons = scored[f"{group}_persons"].fillna(0.0)
        guessed = persons.where(scored[f"{group}_source"] == ESTIMATED, 0.0)
        counts = [norm for norm, unit in stat_units.items() if unit == group]
        mine = results["norm_id"].isin(counts).to_numpy()
        for level, key in (("study", None), ("township", "township_id"), ("settlement", "settlement_id")):
            rows = mine & (results["unit_level"] == level).to_numpy()
            if key is None:
                share[rows] = guessed.sum() / persons.sum() if persons.sum() > 0 else np.nan
            elif key in scored and rows.any():
                sums = persons.groupby(scored[key]).sum()
                by_unit = guessed.groupby(scored[key]).sum() / sums.where(sums > 0)
                share[rows] = results.loc[rows, "unit_id"].map(by_unit).to_numpy(dtype=np.float64)
    return results.assign(estimated_share=share)


# Accounts: from what is known of each place to people and places served, beyond and unknown, and to a status.

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
    reasons = norm.not_graded.split(";") if norm.not_graded else []
    reported = bool(reasons) and (ledger.level != "settlement" or not REPORTED_ONLY.isdisjoint(reasons))
    off = nobody | reported
    sides = (("served_share_lower", "served_share_upper"), (MAPPED_LOWER, MAPPED_UPPER))
    sure = [np.where(off, NOT_APPLICABLE, _status(found[low], found[high], target)) for low, high in sides]
    strict, mapped = (
        np.where(known == NOT_MEASURABLE, _status(supposed[low], supposed[high], target), known)
        for known, (low, high) in zip(sure, sides, strict=True)
    )
    graded = ~nobody & (norm.not_graded == "") & (ledger.level != "settlement")
    lacking = np.maximum(0.0, target - share) * people
    # Say of each unit that is judged under a condition how many people a place of each tier has at most.
    supposing = (strict != sure[0]) | (mapped != sure[1])
    said = np.full(ledger.size, "", dtype=object)
    largest = ledger.largest_of_tier()
    for unit in np.flatnonzero(supposing):
        open_ = ledger.uncounted & (ledger.inside != 0) & (ledger.groups == unit) & np.isfinite(largest)
        most = dict(zip(ledger.tiers[open_], largest[open_], strict=True))
        said[unit] = ";".join(f"{PEOPLE_AT_MOST}:{tier}:{floor(most[tier])}" for tier in sorted(most))
    return {
        "status": STATUSES[strict],
        "status_as_mapped": STATUSES[mapped],
        "judged_if": said,
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


def join_reasons(*reasons: str) -> str:
    """
    Join reason codes, each once.

    Examples
    --------
    >>> join_reasons("expired", "", "expired;role:monitoring")
    'expired;role:monitoring'
    """
    return ";".join(dict.fromkeys(part for reason in reasons if reason for part in reason.split(";")))


# Judging norms: every norm that binds a study, by settlement, by township and for the study, in people and places.

STUDY_UNIT = "study"
"""`unit_id` of the rows on the whole study."""

SAME = ("norm_id", "unit_level", "service", "norm_class")
LEVELS = ("study", "township", "settlement")
TEXTS = ("status", "status_as_mapped", "judged_if", "reason", "gate", "share_of")
NUMBERS = (
    "value",
    "served_share",
    "served_share_lower",
    "served_share_upper",
    "attainment",
    "shortfall",
    "depth_fgt0",
    "depth_fgt1",
    "depth_fgt2",
    "persons_in_scope",
    "persons_served",
    "persons_unserved",
    "persons_unknown",
    "places_in_scope",
    "places_served",
    "places_unserved",
    "places_unknown",
    "persons_to_serve",
    "threshold",
    "target_share",
)


def evaluate_norms(
    register: pd.DataFrame,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    *,
    as_of: dt.date,
    rules: NormRules | None = None,
    evidence: NormEvidence | None = None,
) -> pd.DataFrame:
    """
    Judge every norm that binds a study.

    Settlements outside the study area are not judged. A norm that is not in force, or that nothing measures, has a
    row for the study only; a norm on presence in townships has rows for the study and the townships; one on the
    county has a row for the study; every other norm has rows on all three levels, one for each settlement.

    *As mapped* judges as if the map held every facility; `persons_served`, `persons_unserved`, `served_share`,
    `attainment`, `shortfall` and the depths are as mapped. `status`, `gate` and the bounds of the share are not: a
    failure counts only where the inventory of the service is complete. Served, unserved and unknown people add up
    to the people in scope. Without population `served_share` is a share of places and people are NaN; where some places
    have none, `served_share` is of the people known, and the bounds let each of those places hold from nobody to as
    many people as the largest known place in scope. A norm that is no gate and that these bounds leave open is judged
    by narrower ones, in which no such place has more people than the largest known one of its tier in the study;
    `judged_if` states that condition, as ``people_at_most:village:812``. Where no facility of a service is mapped and
    its inventory is not complete, nobody is judged, as mapped either: the reason is ``nothing_mapped``.

    Parameters
    ----------
    register : DataFrame
        As `load_register` returns it.
    settlements : DataFrame
        By the contract of the table of that name. Without `official_class` see `NormRules.class_by_tier`.
    access : DataFrame
        By the contract of the table of that name: a row or more for each settlement that is judged, with
        `reach_status` ``unknown`` where nothing was computed. Rows of other places do not count.
    as_of : date
        The date on which norms are judged.
    rules : NormRules, optional
        Jurisdictions, level, confirmations, adoptions and further choices of the study.
    evidence : NormEvidence, optional
        Vocabulary, inventories and what else norms are judged on.

    Returns
    -------
    DataFrame
        By the contract of the table `norm_results`, sorted by level (study, township, settlement), norm and unit.
        Coverage S with bounds, attainment ``min(1, S / tau)``, shortfall ``max(0, tau - S) / tau``, depth after
        Foster, Greer and Thorbecke (1984).

    Raises
    ------
    StudyError
        Where the study names norms that are not there or cannot be adopted, or words that are no jurisdiction.
    ContractError
        Where ids of settlements are missing or there twice, an official class is neither urban nor rural, access lacks
        what it is read by, holds a row twice or none of some settlement, people or times are negative or no numbers,
        the register cannot be judged, or the date is none.
    """
    rules = rules or NormRules()
    binding = applicable_norms(register, as_of=as_of, rules=rules)
    reader = Reader(settlements, access, rules, evidence or NormEvidence())
    townships = _township_ids(reader)
    parts = [part for norm in norms_of(binding) for part in _judge(norm, reader, townships)]
    return _frame([part for level in LEVELS for part in parts if part.level == level])


@dataclass(frozen=True)
class _Part:
    """The rows of one norm on one level."""

    norm: Norm
    service: str
    level: str
    ids: pd.Index
    rows: Rows

    def texts(self) -> Rows:
        names = (self.norm.id, self.level, self.service, self.norm.norm_class)
        same = {
            key: np.full(len(self.ids), name, dtype=object) for key, name in zip(SAME, names, strict=True)
        }
        return {**same, "unit_id": self.ids.to_numpy(dtype=object), **{key: self.rows[key] for key in TEXTS}}


def _frame(parts: list[_Part]) -> pd.DataFrame:
    texts = [part.texts() for part in parts]
    nothing = np.array([], dtype=object)
    columns = {
        key: pd.Series(np.concatenate([nothing, *(part[key] for part in texts)]), dtype="str")
        for key in ("norm_id", "unit_level", "unit_id", "service", "norm_class", *TEXTS)
    }
    numbers = {
        key: pd.Series(np.concatenate([nothing, *(part.rows[key] for part in parts)]), dtype="float64")
        for key in NUMBERS
    }
    return pd.DataFrame({**columns, **numbers})


def _township_ids(reader: Reader) -> pd.Index:
    boundaries = reader.evidence.boundaries
    if boundaries is None or not boundaries["is_unit"].any():
        return reader.places.township_ids
    drawn = pd.Index(boundaries.loc[boundaries["is_unit"], "boundary_id"])
    units: pd.Index = drawn.union(reader.places.township_ids).unique().sort_values()
    return units


def _judge(norm: Norm, reader: Reader, townships: pd.Index) -> Iterator[_Part]:
    if norm.in_force != "in_force":
        yield _without_numbers(norm, reader, norm.in_force)
        return
    scope = find_scope(norm, reader.places, reader.rules)
    if isinstance(scope, str):
        yield _without_numbers(norm, reader, scope)
    elif scope.unit == "settlement":
        yield from _by_settlement(norm, reader, scope)
    else:
        yield from _by_area(norm, reader, scope, townships if scope.unit == "township" else None)


def _by_settlement(norm: Norm, reader: Reader, scope: Scope) -> Iterator[_Part]:
    places, service, inventory = reader.places, reader.service_of(norm), reader.inventory_of(norm)
    reading = reader.read(norm)
    why = reading.reason if isinstance(reading, Unmeasured) else ""
    blank = np.full(len(places), np.nan)
    known = Reading(blank, blank, blank) if isinstance(reading, Unmeasured) else reading
    units = {
        "study": (pd.Index([STUDY_UNIT]), np.zeros(len(places), dtype=np.int64)),
        "township": (places.township_ids, places.township_codes),
        "settlement": (places.ids, np.arange(len(places), dtype=np.int64)),
    }
    for level in LEVELS[:1] if why else LEVELS:
        ids, codes = units[level]
        ones, single = np.ones(len(places)), np.arange(len(places), dtype=np.int64)
        ledger = Ledger(
            known,
            scope.inside,
            scope.persons,
            ones,
            codes,
            len(ids),
            level,
            scope.share_of,
            inventory,
            single,
            np.isnan(scope.persons),
            places.tiers,
        )
        rows = {**account(norm, ledger), "value": np.full(len(ids), np.nan)}
        if level == "settlement":
            rows["value"] = np.where(np.isinf(known.value), np.nan, known.value)
            rows["reason"][scope.exempt] = "exempt"
        if why and rows["reason"][0] != "nobody_in_scope":
            rows["reason"][0] = join_reasons(norm.not_graded, norm.no_gate, why)
        yield _Part(norm, service, level, ids, rows)


def _by_area(norm: Norm, reader: Reader, scope: Scope, townships: pd.Index | None) -> Iterator[_Part]:
    reading = reader.read_units(norm, townships)
    if isinstance(reading, Unmeasured):
        yield _without_numbers(norm, reader, reading.reason)
        return
    exempt_ids = reader.rules.exempt.get(norm.id, frozenset())
    ids = pd.Index([STUDY_UNIT]) if townships is None else townships
    home = np.zeros(len(reader.places), dtype=np.int64)
    if townships is not None:
        known = townships.get_indexer(reader.places.township_ids)
        home = np.append(known, -1)[reader.places.township_codes]
    exempt = ids.isin(list(exempt_ids))
    spread = _spread(reading, scope, home, exempt)
    levels = {"study": (pd.Index([STUDY_UNIT]), np.zeros(len(spread.inside), dtype=np.int64))}
    if townships is not None:
        levels["township"] = (ids, np.concatenate([home, np.arange(len(ids))]))
    for level, (names, codes) in levels.items():
        ledger = Ledger(
            spread.reading,
            spread.inside,
            spread.persons,
            spread.places,
            codes,
            len(names),
            level,
            scope.share_of,
            reader.inventory_of(norm),
            np.concatenate([home, np.arange(len(exempt))]),
            np.append(np.isnan(scope.persons), np.zeros(len(exempt), dtype=bool)),
            np.append(reader.places.tiers, np.full(len(exempt), "", dtype=object)),
        )
        one_each = len(names) == len(reading.value)
        value = reading.value if one_each else np.full(len(names), np.nan)
        rows = {**account(norm, ledger), "value": value}
        if level == "township":
            rows["reason"][exempt] = "exempt"
        yield _Part(norm, reader.service_of(norm), level, names, rows)


@dataclass(frozen=True)
class _Spread:
    """A norm on areas as rows of people (the settlements) followed by rows of places (the areas)."""

    reading: Reading
    inside: FloatArray
    persons: FloatArray
    places: FloatArray


def _spread(reading: Reading, scope: Scope, home: NDArray[np.int64], exempt: NDArray[np.bool_]) -> _Spread:
    count, lost = len(exempt), home < 0
    inside = np.where(~lost & np.append(exempt, False)[home], 0.0, scope.inside)
    areas = np.bincount(home[~lost & (inside == 1)], minlength=count) > 0
    doubts = np.bincount(home[~lost & np.isnan(inside)], minlength=count) > 0
    settled = np.bincount(home[~lost], minlength=count) > 0
    area_inside = np.where(areas | ~settled, 1.0, np.where(doubts, np.nan, 0.0))

    def along(values: FloatArray) -> FloatArray:
        return np.concatenate([np.append(values, np.nan)[home], values])

    return _Spread(
        reading=replace(
            reading, value=along(reading.value), mapped=along(reading.mapped), strict=along(reading.strict)
        ),
        inside=np.concatenate([inside, np.where(exempt, 0.0, area_inside)]),
        persons=np.concatenate([scope.persons, np.full(count, np.nan)]),
        places=np.concatenate([np.zeros(len(home)), np.ones(count)]),
    )


def _without_numbers(norm: Norm, reader: Reader, reason: str) -> _Part:
    judged = norm.not_graded == ""
    status = "not_measurable" if judged else "not_applicable"
    texts = {
        "status": status,
        "status_as_mapped": status,
        "judged_if": "",
        "reason": join_reasons(norm.not_graded, norm.no_gate, reason),
        "gate": "unknown" if norm.gates else "none_applicable",
        "share_of": "places",
    }
    numbers = {
        **dict.fromkeys(NUMBERS, np.nan),
        "threshold": norm.threshold,
        "target_share": norm.target_share,
    }
    rows: Rows = {key: np.array([text], dtype=object) for key, text in texts.items()}
    rows |= {key: np.array([number]) for key, number in numbers.items()}
    return _Part(norm, reader.service_of(norm), "study", pd.Index([STUDY_UNIT]), rows)
