"""Judging norms: every norm that binds a study, by settlement, by township and for the study, in people and places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.integration.norms_account import Ledger, account, join_reasons
from spatial.integration.norms_evidence import NormEvidence
from spatial.integration.norms_measure import Reading, Unmeasured
from spatial.integration.norms_reading import Reader
from spatial.integration.norms_rules import NormRules, applicable_norms, norms_of
from spatial.integration.norms_scope import find_scope

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.integration.norms_rules import Norm
    from spatial.integration.norms_scope import Scope

    FloatArray = NDArray[np.float64]
    Rows = dict[str, NDArray[Any]]

__all__ = ["STUDY_UNIT", "evaluate_norms"]

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
