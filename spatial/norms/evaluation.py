"""Judging norms by settlement, by township and for the study, in people and places, with a status each."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import floor
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatial.access.cumulative import gap_depth
from spatial.access.od_pairs import id_positions
from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.errors import first_of, of_kind
from spatial.messages import warn
from spatial.norms.law import Norm, NormRules, applicable_norms, norms_of
from spatial.norms.measuring import NOTHING_MAPPED, NormEvidence, Reader, Reading, Scope, find_scope
from spatial.tables.words import NORM_STATUS, STUDY

Rows = dict[str, NDArray[Any]]


_LOG = logging.getLogger(__name__)

# Arithmetic of a norm: coverage with bounds, attainment, shortfall, depth of the gap, gates.

SHARE_TOLERANCE = 1e-9
"""A share this little below its target meets it: sums of floats are not exact."""


class UnitGates(NamedTuple):
    """
    Gates of one unit; what is in force and neither passed nor failed is unknown.

    Parameters
    ----------
    passed : int
        How many are passed.
    in_force : int
        How many are in force.
    failed : tuple of str
        The norms.
    """

    passed: int = 0
    in_force: int = 0
    failed: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """
        Share of the gates passed among those that could be judged, 0-1; NaN where none could.

        Another road or facility can turn a gate that nobody could judge into one that is passed, never into one that
        failed, so that it never lowers the share.

        >>> UnitGates(1, 3, ("POST",)).share, UnitGates(0, 3).share
        (0.5, nan)
        """
        judged = self.passed + len(self.failed)
        return self.passed / judged if judged else np.nan

    @property
    def low(self) -> float:
        """
        Share of gates passed if those that nobody can judge were not passed; NaN where none is in force.

        Examples
        --------
        >>> UnitGates(1, 4, ("POST",)).low, UnitGates(1, 4, ("POST",)).high
        (0.25, 0.75)
        """
        return self.passed / self.in_force if self.in_force else np.nan

    @property
    def high(self) -> float:
        """Share of gates passed if those that nobody can judge were passed; NaN where none is in force."""
        return (self.in_force - len(self.failed)) / self.in_force if self.in_force else np.nan

    @property
    def status(self) -> str:
        """Judge the unit by its gates alone: none compensates another."""
        if not self.in_force:
            return "none_applicable"
        if self.failed:
            return "fail"
        return "pass" if self.passed == self.in_force else "unknown"


def gates_by_unit(norm_results: pd.DataFrame) -> dict[tuple[str, str], UnitGates]:
    """Count the gates of each unit."""
    rows = norm_results[norm_results["unit_level"].isin(["study", "township"])]
    rows = rows[rows["gate"].isin(["pass", "fail", "unknown"])]
    found: dict[tuple[str, str], UnitGates] = {}
    for (unit_level, unit_id), mine in rows.groupby(["unit_level", "unit_id"], sort=True):
        failed = tuple(sorted(mine.loc[mine["gate"] == "fail", "norm_id"].astype(str)))
        found[str(unit_level), str(unit_id)] = UnitGates(int((mine["gate"] == "pass").sum()), len(mine), failed)
    return found


def guiding_attainment(norm_results: pd.DataFrame, *, floor: float = 0.01) -> float:
    """Mean attainment, geometric, of the study's graded norms without its gates; NaN where nothing is graded."""
    graded = (norm_results["unit_level"] == "study") & (norm_results["gate"] == "none_applicable")
    values = norm_results.loc[graded, "attainment"].dropna().to_numpy(dtype=float)
    if not len(values):
        return float("nan")
    return float(np.exp(np.log(np.maximum(values, floor)).mean()))


# How much of the people that a norm counts is estimated: groups that nobody counted are a share of everybody.

ESTIMATED = "estimated"
"""Source of a group's people that are a share of everybody."""

EVERYBODY = "population"


def with_estimates(results: pd.DataFrame, settlements: pd.DataFrame, stat_units: Mapping[str, str]) -> pd.DataFrame:
    """Say in every row of a norm on a group of people which share of them is estimated."""
    share = np.full(len(results), np.nan)
    scored = settlements.loc[settlements["in_study"]]
    is_outside = (results["unit_level"] == "settlement") & (results["persons_in_scope"] == 0.0)
    for norm, group in stat_units.items():
        if group == EVERYBODY or f"{group}_source" not in scored or f"{group}_persons" not in scored:
            continue
        mine = results["norm_id"].eq(norm).to_numpy()
        outside = results.loc[mine & is_outside, "unit_id"]
        persons = scored[f"{group}_persons"].fillna(0.0).mask(scored["settlement_id"].isin(outside), 0.0)
        guessed = persons.where(scored[f"{group}_source"] == ESTIMATED, 0.0)
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
    groups: IntArray  # the unit of each row, from 0; negative for rows that count for none
    size: int  # how many units there are
    level: str  # what the units are
    share_of: str  # what the share is a share of; places wherever no people are known
    inventory: str  # of the service: why a failure as mapped may be none
    # what one missing facility would turn, along the rows: rows of one number turn together
    turns: IntArray
    uncounted: BoolArray  # rows that bring people of whom nobody knows how many there are
    tiers: ObjectArray  # tier of the settlement of each row; empty where it has none

    def count(self, rows: BoolArray, weights: FloatArray) -> FloatArray:
        """Add up weights by unit; rows of unknown weight are left out."""
        kept = rows & (self.groups >= 0) & ~np.isnan(weights)
        return np.bincount(self.groups[kept], weights=weights[kept], minlength=self.size).astype(np.float64)

    def certain_failures(self, doubted: BoolArray, weights: FloatArray) -> FloatArray:
        """Add up what fails for certain, even if the facilities that may be missing serve the largest places."""
        kept = doubted & (self.groups >= 0) & (weights > 0)
        pairs = np.column_stack((self.groups[kept], self.turns[kept]))
        units, which = np.unique(pairs, axis=0, return_inverse=True)
        sums = np.bincount(which.reshape(-1), weights=weights[kept], minlength=len(units))
        order = np.lexsort((-sums, units[:, 0]))
        groups = units[order, 0]
        rank = np.arange(len(order)) - np.searchsorted(groups, groups)
        left = rank >= np.floor(self.reading.may_turn)
        return np.bincount(groups[left], weights=sums[order][left], minlength=self.size).astype(np.float64)


def account(norm: Norm, ledger: Ledger) -> Rows:
    """Account for one norm over the units of one level, by the bounds of a share, else of the stated condition."""
    reading, inside, persons = ledger.reading, ledger.inside, ledger.persons
    strict, target = reading.strict, norm.target_share
    # People and places as mapped; nobody knows how many people these are where those of none of the rows are known.
    concerned = inside != 0
    served, unserved = (inside == 1) & (reading.mapped == 1), (inside == 1) & (reading.mapped == 0)
    sides = {"in_scope": concerned, "served": served, "unserved": unserved, "unknown": concerned & ~served & ~unserved}
    ones = np.ones_like(inside)
    unsaid = (ledger.count(concerned & ~np.isnan(persons), ones) == 0) & (ledger.count(concerned, ones) > 0)
    found: Rows = {}
    for side, rows in sides.items():
        found[f"persons_{side}"] = np.where(unsaid, np.nan, ledger.count(rows, persons))
        found[f"places_{side}"] = ledger.count(rows, ledger.places)
    # A share is one of people where any are known and the norm is on people, else of places.
    people = found["persons_in_scope"]
    by_persons = (people > 0) & (ledger.share_of == "persons")
    weights = np.where(np.append(by_persons, False)[ledger.groups], persons, ledger.places)

    gap = gap_depth(reading.value, threshold=norm.threshold, fail_point=norm.fail_point)
    rows = (inside == 1) & ~np.isnan(reading.mapped) & ~np.isnan(gap)
    with np.errstate(invalid="ignore", divide="ignore"):
        for power in (0, 1, 2):
            deep = ledger.count(rows, weights * ((gap > 0) * gap**power))
            found[f"depth_fgt{power}"] = deep / ledger.count(rows, weights)
        share = ledger.count(served, weights) / ledger.count(served | unserved, weights)

    # As many people as the largest place in scope has may live in each place of which nobody knows them. A norm that
    # is no gate is judged under a condition too: that no such place has more than the largest known one of its tier.
    known = persons[concerned & ~np.isnan(persons)]
    suppositions = [np.full(len(persons), known.max() if len(known) else 0.0)]
    largest = np.full(len(persons), np.inf)
    if ledger.uncounted.any() and not norm.gates:
        for tier in set(ledger.tiers) - {""}:
            own = ledger.tiers == tier
            known = persons[own & (persons > 0)]
            if len(known):
                largest[own] = known.max()
        suppositions.append(largest)

    # Bounds of the share with what may be missing from the map, and as mapped, under each supposition. Places of
    # unknown people add to what the served are a share of at the worst, and to what the failing are one of at the best.
    sure, fails = (inside == 1) & (strict == 1), (inside == 1) & (strict == 0)
    failing = ledger.count(fails, weights)
    if np.isfinite(reading.may_turn):
        failing = failing + ledger.certain_failures(unserved & np.isnan(strict), weights)
    everybody = ledger.count(concerned, weights)
    lower, upper = [], []
    for most in suppositions:
        for good, bad, lost in ((sure, fails, failing), (served, unserved, ledger.count(unserved, weights))):
            worst, best = (
                everybody + np.where(by_persons, ledger.count(concerned & ledger.uncounted & ~but, most), 0.0)
                for but in (good, bad)
            )
            with np.errstate(invalid="ignore", divide="ignore"):
                lower.append(ledger.count(good, weights) / worst)
                upper.append(1.0 - lost / best)

    # The verdict: what the bounds say, else what they say under the condition.
    nobody = (found["places_in_scope"] == 0) & ~(people > 0)
    reasons = norm.not_graded.split(";") if norm.not_graded else []
    reported = bool(reasons) and (ledger.level != "settlement" or not REPORTED_ONLY.isdisjoint(reasons))
    met, not_met = np.array(lower) >= target - SHARE_TOLERANCE, np.array(upper) < target - SHARE_TOLERANCE
    status = np.where(met, MET, np.where(not_met, NOT_MET, NOT_MEASURABLE))
    status = np.where(nobody | reported, NOT_APPLICABLE, status)
    judged = np.where(status[:2] == NOT_MEASURABLE, status[-2:], status[:2])
    # Say of each unit that is judged under the condition how many people a place of each tier has at most.
    said = np.full(ledger.size, "", dtype=object)
    for unit in np.flatnonzero((judged != status[:2]).any(axis=0)):
        open_ = ledger.uncounted & concerned & (ledger.groups == unit) & np.isfinite(largest)
        of_tier = dict(zip(ledger.tiers[open_], largest[open_], strict=True))
        said[unit] = ";".join(f"{PEOPLE_AT_MOST}:{tier}:{floor(of_tier[tier])}" for tier in sorted(of_tier))
    graded = ~nobody & (norm.not_graded == "") & (ledger.level != "settlement")
    # Attainment min(1, S / tau) and shortfall max(0, tau - S) / tau, of the share S and its target tau.
    lacking = np.maximum(0.0, target - share)
    return {
        **found,
        "served_share": share,
        "served_share_lower": lower[0],
        "served_share_upper": upper[0],
        "status": STATUSES[judged[0]],
        "status_as_mapped": STATUSES[judged[1]],
        "judged_if": said,
        "reason": _reasons(
            norm, ledger, doubtful=judged[0] == NOT_MEASURABLE, nobody=nobody & (not reported), by_persons=by_persons
        ),
        "gate": GATES[judged[0] if norm.gates else np.full(ledger.size, NOT_APPLICABLE)],
        "share_of": np.array(["places", "persons"], dtype=object)[by_persons.astype(np.int64)],
        "attainment": np.where(graded, np.minimum(1.0, share / target), np.nan),
        "shortfall": np.where(graded, lacking / target, np.nan),
        "persons_to_serve": np.where(graded & by_persons, lacking * people, np.nan),
        "threshold": np.full(ledger.size, norm.threshold),
        "target_share": np.full(ledger.size, target),
    }


def _reasons(
    norm: Norm, ledger: Ledger, *, doubtful: BoolArray, nobody: BoolArray, by_persons: BoolArray
) -> ObjectArray:
    """Say why each unit is not judged, as codes; each set of doubts is worded once."""
    inside, reading, single = ledger.inside != 0, ledger.reading, ledger.level == "settlement"
    unmeasured = NOTHING_MAPPED if NOTHING_MAPPED in reading.notes else "not_measured"
    doubts = {
        f"inventory:{ledger.inventory}": inside & np.isnan(reading.strict) & ~np.isnan(reading.mapped),
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
    chosen: ObjectArray = words[np.where(nobody, len(texts), np.where(doubtful, codes, 0))]
    # In how many places nobody knows the people, where that may turn a status.
    places = ledger.count(inside & ledger.uncounted, ones)
    for unit in np.flatnonzero(doubtful & by_persons & (places > 0)):
        chosen[unit] = join_reasons(chosen[unit], f"people_unknown:{places[unit]:.0f}")
    return chosen


def join_reasons(*reasons: str) -> str:
    """Join reason codes, each once."""
    return ";".join(dict.fromkeys(part for reason in reasons if reason for part in reason.split(";")))


# Judging norms: every norm that binds a study, by settlement, by township and for the study, in people and places.

LEVELS = ("study", "township", "settlement")
NAMES = ("norm_id", "unit_level", "unit_id", "service", "norm_class")
TEXTS = ("status", "status_as_mapped", "judged_if", "reason", "gate", "share_of")
NUMBERS = (
    *("value", "served_share", "served_share_lower", "served_share_upper", "attainment", "shortfall"),
    *(f"depth_fgt{power}" for power in (0, 1, 2)),
    *(f"{what}_{side}" for what in ("persons", "places") for side in ("in_scope", "served", "unserved", "unknown")),
    *("persons_to_serve", "threshold", "target_share"),
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
    rules = of_kind("rules", rules, NormRules) or NormRules()
    evidence = of_kind("evidence", evidence, NormEvidence) or NormEvidence()
    binding = applicable_norms(register, as_of=as_of, rules=rules)
    return judge_norms(binding, settlements, access, rules=rules, evidence=evidence)


def judge_norms(
    binding: pd.DataFrame,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    *,
    rules: NormRules,
    evidence: NormEvidence,
) -> pd.DataFrame:
    """Judge the norms of `applicable_norms`, as `evaluate_norms` does those of a register."""
    reader = Reader(settlements, access, rules, evidence)
    # Townships that are drawn, and those that settlements name.
    townships, boundaries = reader.places.township_ids, evidence.boundaries
    if boundaries is not None and boundaries["is_unit"].any():
        drawn = pd.Index(boundaries.loc[boundaries["is_unit"], "boundary_id"])
        named = townships[id_positions(pd.Series(townships), drawn) < 0]
        townships = drawn.union(named).unique().sort_values()
    norms = norms_of(binding)
    if access["reach_status"].eq("beyond_cutoff").any():
        timed = [norm for norm in norms if norm.in_force == "in_force" and "time" in norm.metric]
        longest = {"roundtrip_time_min": 2.0 * rules.max_time_min}
        cut = [norm.id for norm in timed if norm.fail_point > longest.get(norm.metric, rules.max_time_min)]
        if cut:
            warn(_LOG, "depth_cut", norms=first_of(cut), minutes=f"{rules.max_time_min:g}")
    parts: list[_Part] = []
    for norm in norms:
        scope = norm.in_force if norm.in_force != "in_force" else find_scope(norm, reader.places, rules)
        if isinstance(scope, str):
            own = [_without_numbers(norm, scope)]
        elif scope.unit == "settlement":
            own = list(_by_settlement(norm, reader, scope))
        else:
            own = list(_by_area(norm, reader, scope, townships if scope.unit == "township" else None))
        service = reader.source_of(norm.service).service or norm.service
        for level, ids, rows in own:
            same = {"norm_id": norm.id, "unit_level": level, "service": service, "norm_class": norm.norm_class}
            names = {name: np.full(len(ids), word, dtype=object) for name, word in same.items()}
            parts.append(_Part(level, ids, {**rows, **names, "unit_id": ids.to_numpy(dtype=object)}))
    parts.sort(key=lambda part: LEVELS.index(part.level))
    kinds = {**dict.fromkeys((*NAMES, *TEXTS), "str"), **dict.fromkeys(NUMBERS, "float64")}
    nothing = np.array([], dtype=object)
    return pd.DataFrame(
        {
            key: pd.Series(np.concatenate([nothing, *(part.rows[key] for part in parts)]), dtype=kind)
            for key, kind in kinds.items()
        }
    )


class _Part(NamedTuple):
    """The rows of one norm on one level."""

    level: str
    ids: pd.Index
    rows: Rows


def _by_settlement(norm: Norm, reader: Reader, scope: Scope) -> Iterator[_Part]:
    """Judge a norm on settlements: each of them, their townships and the study, or the study alone if unmeasured."""
    places, inventory = reader.places, reader.inventory_of(norm)
    reading = reader.read(norm)
    why = ""
    if isinstance(reading, str):
        blank = np.full(len(places.ids), np.nan)
        why, reading = reading, Reading(blank, blank, blank)
    single = np.arange(len(places.ids), dtype=np.int64)
    units = {
        "study": (pd.Index([STUDY]), np.zeros(len(places.ids), dtype=np.int64)),
        "township": (places.township_ids, places.township_codes),
        "settlement": (places.ids, single),
    }
    for level in LEVELS[:1] if why else LEVELS:
        ids, codes = units[level]
        ledger = Ledger(
            reading,
            scope.inside,
            scope.persons,
            places=np.ones(len(places.ids)),
            groups=codes,
            size=len(ids),
            level=level,
            share_of=scope.share_of,
            inventory=inventory,
            turns=single,
            uncounted=np.isnan(scope.persons),
            tiers=places.tiers,
        )
        rows = {**account(norm, ledger), "value": np.full(len(ids), np.nan)}
        if level == "settlement":
            rows["value"] = np.where(np.isinf(reading.value), np.nan, reading.value)
            rows["reason"][scope.exempt] = "exempt"
        if why and rows["reason"][0] != "nobody_in_scope":
            rows["reason"][0] = join_reasons(norm.not_graded, norm.no_gate, why)
        yield _Part(level, ids, rows)


def _by_area(norm: Norm, reader: Reader, scope: Scope, townships: pd.Index | None) -> Iterator[_Part]:
    """Judge a norm on townships, or on the county: rows of people (the settlements), then of places (the areas)."""
    reading = reader.read_units(norm, townships)
    if isinstance(reading, str):
        yield _without_numbers(norm, reading)
        return
    study = pd.Index([STUDY])
    ids = study if townships is None else townships
    home = np.zeros(len(reader.places.ids), dtype=np.int64)
    if townships is not None:
        known = id_positions(pd.Series(reader.places.township_ids), townships)
        home = np.append(known, -1)[reader.places.township_codes]
    count, lost = len(ids), home < 0
    exempt = ids.isin(list(reader.rules.exempt.get(norm.id, frozenset())))
    inside = np.where(~lost & np.append(exempt, False)[home], 0.0, scope.inside)
    # An area is in scope where one of its settlements is, and where there is none.
    concerned = np.bincount(home[~lost & (inside == 1)], minlength=count) > 0
    doubted = np.bincount(home[~lost & np.isnan(inside)], minlength=count) > 0
    settled = np.bincount(home[~lost], minlength=count) > 0
    area_inside = np.where(concerned | ~settled, 1.0, np.where(doubted, np.nan, 0.0))
    # People read the value of their area.
    value, mapped, strict = (
        np.concatenate([np.append(values, np.nan)[home], values])
        for values in (reading.value, reading.mapped, reading.strict)
    )
    groups = np.concatenate([home, np.arange(count)])
    levels = {"study": (study, np.zeros(len(groups), dtype=np.int64))}
    if townships is not None:
        levels["township"] = (townships, groups)
    for level, (names, codes) in levels.items():
        ledger = Ledger(
            replace(reading, value=value, mapped=mapped, strict=strict),
            inside=np.concatenate([inside, np.where(exempt, 0.0, area_inside)]),
            persons=np.concatenate([scope.persons, np.full(count, np.nan)]),
            places=np.concatenate([np.zeros(len(home)), np.ones(count)]),
            groups=codes,
            size=len(names),
            level=level,
            share_of=scope.share_of,
            inventory=reader.inventory_of(norm),
            turns=groups,
            uncounted=np.append(np.isnan(scope.persons), np.zeros(count, dtype=bool)),
            tiers=np.append(reader.places.tiers, np.full(count, "", dtype=object)),
        )
        one_each = len(names) == len(reading.value)
        rows = {**account(norm, ledger), "value": reading.value if one_each else np.full(len(names), np.nan)}
        if level == "township":
            rows["reason"][exempt] = "exempt"
        yield _Part(level, names, rows)


def _without_numbers(norm: Norm, reason: str) -> _Part:
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
    numbers = dict.fromkeys(NUMBERS, np.nan)
    numbers |= {"threshold": norm.threshold, "target_share": norm.target_share}
    rows: Rows = {key: np.array([text], dtype=object) for key, text in texts.items()}
    rows |= {key: np.array([number]) for key, number in numbers.items()}
    return _Part("study", pd.Index([STUDY]), rows)
