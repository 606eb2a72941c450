"""Levels and gaps of every unit, joined but never averaged with each other, with gates beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import StudyError, first_of
from spatial.integration.pillars.components import Component, component_table, held_against
from spatial.integration.pillars.flows import flow_components, flow_table
from spatial.integration.pillars.gaps import gaps_of
from spatial.integration.pillars.ground import Ground, Unit, read_ground
from spatial.integration.pillars.having import MET, Having
from spatial.integration.pillars.levels import levels_of, place_levels
from spatial.integration.pillars.options import ScoreRules
from spatial.integration.scoring import integration_level
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from spatial.integration.pillars.gates import Gates
    from spatial.integration.pillars.place_scores import PlaceScores
    from spatial.integration.resilience import RobustCoverage
    from spatial.integration.scoring import SegmentationIndex

    FloatArray = NDArray[np.float64]

__all__ = ["PILLARS", "Evidence", "Scoreboard", "score_study"]

SHARES = frozenset({"all_season_connection", "last_mile_coverage", "digital_coverage"})
"""Components that every person has, has not, or may have."""
LEAST_GAPS = 2
"""Gaps measured against a target that it takes to call them narrow; a single one that is open makes them wide."""
ASKED_OF_PLACES = ("structure", "boundaries")
"""Pillars that every settlement has; flows and order are asked of a single place only where something measures them."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known beside the norms, of the n places of the study area."""

    # whether the county seat is reached over an all-season road, 1 or 0, and the same of the road alone; NaN = unknown
    connected: FloatArray
    road_near: FloatArray
    # share of a place's people who are beyond the norm by which gaps are told, 0-1; NaN = unknown
    beyond: FloatArray
    gap_norm: str  # that norm, empty for none, and its unit
    gap_unit: str
    gap_value: FloatArray  # minutes or metres; inf = unreachable, NaN = unknown
    gap_threshold: float  # in the same unit, inclusive
    completeness: FloatArray  # share of the services that its tier asks for, of towns; NaN for other places
    gates: Mapping[tuple[str, str], Gates]  # of units that have any
    open_min: FloatArray | None = None  # minutes to the nearest facility anywhere, and in one's own unit
    closed_min: FloatArray | None = None
    border_service: str = ""  # what these are times to
    # within which a place is covered, for the effect of borders; NaN = none
    border_threshold_min: float = math.nan
    border_norm: str = ""  # the norm that asks for it, empty for none
    # coverage with closed borders by coverage with open ones, 0-1, as measured before; read where there are
    # no times
    border_kept: Mapping[tuple[str, str], float] = field(default_factory=dict)
    robust: RobustCoverage | None = None  # coverage that stays whichever road is closed
    # circuity, polycentricity and the like: what is said of the study's space as a whole
    space: Mapping[str, float] = field(default_factory=dict)
    # gaps of the study that its space was measured for beforehand: segregation that knows who lies beside
    # whom, and Moran's I of access
    spread: tuple[Component, ...] = ()


@dataclass(frozen=True, eq=False)
class Scoreboard:
    """
    The score of a study.

    Parameters
    ----------
    scores : DataFrame
        A row a unit, by the contract of `scores`; ranks are NaN until `rank_units` adds them.
    components : DataFrame
        By the contract of `score_components`.
    flows : DataFrame
        By the contract of `flow_balances`.
    terms : DataFrame
        Terms of the segmentation index of the study and its townships by `unit_level` and `unit_id`: `theil`,
        `dissimilarity`, `gap_ratio`, `border`, 0-1, 1 = no gap; NaN where one does not exist.
    """

    scores: pd.DataFrame
    components: pd.DataFrame
    flows: pd.DataFrame
    terms: pd.DataFrame


def score_study(
    settlements: pd.DataFrame,
    places: PlaceScores,
    evidence: Evidence,
    *,
    boundaries: pd.DataFrame | None = None,
    flows: pd.DataFrame | None = None,
    rules: ScoreRules | None = None,
) -> Scoreboard:
    """
    Score the study, its townships and its settlements on the four pillars.

    Parameters
    ----------
    settlements : DataFrame
        By the contract of the table; those in the study area are scored.
    places : PlaceScores
        Of the places of the study area, in their order.
    evidence : Evidence
        What else is known of them.
    boundaries : DataFrame, optional
        For the names of townships.
    flows : DataFrame, optional
        Observed flows; without them the pillar of elements is missing, and never imputed.
    rules : ScoreRules, optional
        What the study decides.

    Returns
    -------
    Scoreboard
        Levels are joined by a geometric mean over the pillars that are known, with an interval for what is missing:
        pillars, and gates that nobody can judge. Gaps are held against the study's targets. Nothing makes good a failed
        gate.

    Raises
    ------
    StudyError
        Where weights name pillars that are none.
    ContractError
        Where flows name places that are not there.
    """
    rules = rules or ScoreRules()
    strangers = sorted(set(rules.weights) - set(PILLARS))
    if strangers:
        raise StudyError(
            "study",
            [f"score.weights: {first_of(strangers)} are no pillars; the pillars are {first_of(PILLARS)}"],
        )
    ground = read_ground(settlements, boundaries)
    balances = flow_table(flows, settlements, ground, rules)
    rows: list[tuple[str, str, Component]] = []
    records, ends, terms = [], [], []
    for unit in ground.units():
        gaps, index = gaps_of(unit, ground, places, evidence)
        parts = [
            *levels_of(unit, ground, places, evidence, rules),
            *(held_against(part, rules.targets) for part in (*flow_components(unit, balances), *gaps)),
        ]
        made = sorted(parts, key=lambda part: (PILLARS.index(part.pillar), part.side != "level"))
        rows += [(unit.level, unit.id, part) for part in made]
        records.append(_record(unit, ground, places, made, index, evidence))
        ends.append([_ends(made, pillar) for pillar in PILLARS])
        terms.append({"unit_level": unit.level, "unit_id": unit.id, **_terms(index)})
    single, own_ends, details = _settlements(ground, places, evidence)
    return Scoreboard(
        _with_levels(pd.DataFrame(records), single, np.concatenate([np.array(ends), own_ends]), rules),
        pd.concat([component_table(rows), details], ignore_index=True),
        balances,
        pd.DataFrame(terms),
    )


def _record(
    unit: Unit,
    ground: Ground,
    places: PlaceScores,
    made: list[Component],
    index: SegmentationIndex,
    evidence: Evidence,
) -> dict[str, object]:
    gates = evidence.gates.get((unit.level, unit.id), (0, 0, ()))
    targets = [part.meets_target for part in made if part.side == "gap" and part.meets_target != "no_target"]
    asked = [part for part in made if part.component_status not in ("not_asked", "not_defined")]
    beyond = (places.q[unit.members] < MET).any(axis=1)
    unserved = np.zeros(len(ground), dtype=bool)
    unserved[unit.members] = beyond
    return {
        "unit_level": unit.level,
        "unit_id": unit.id,
        "name": unit.name or None,
        "population_persons": ground.people_of(unit.members),
        "places": int(unit.members.sum()),
        **{f"level_{pillar}": _pillar(made, pillar) for pillar in PILLARS},
        "segmentation_index": index.value,
        "segmentation_terms": ";".join(index.terms),
        "gaps_met": targets.count("yes"),
        "gaps_measured": targets.count("yes") + targets.count("no"),
        "mandatory_status": _status(gates, evidence, unit),
        "gates_passed": gates[0],
        "gates_in_force": gates[1],
        "failed_gates": ";".join(gates[2]),
        "unserved_persons": ground.people_among(unit.members, unserved),
        "known_share": sum(part.known_share for part in asked) / len(asked) if asked else math.nan,
    }


def _settlements(
    ground: Ground, places: PlaceScores, evidence: Evidence
) -> tuple[pd.DataFrame, FloatArray, pd.DataFrame]:
    """Score every settlement, with both ends: levels alone, since one place has no gap between town and country."""
    n = len(ground)
    order = np.argsort(ground.ids.astype(str), kind="stable")
    parts = {
        key: Having(part.has[order], part.asked[order])
        for key, part in place_levels(places, evidence).items()
    }
    ids = ground.ids[order].astype(str)
    levels = {
        f"level_{pillar}": _joined([part.has for (own, _), part in parts.items() if own == pillar], n)
        for pillar in PILLARS
    }
    known = np.column_stack([~np.isnan(part.has) for part in parts.values()])
    persons = ground.persons[order]
    beyond = (places.q[order] < MET).any(axis=1)
    names = ground.settlements["name"] if "name" in ground.settlements else pd.Series([None] * n)
    scores = pd.DataFrame(
        {
            "unit_level": "settlement",
            "unit_id": ids,
            "name": names.to_numpy(dtype=object)[order],
            "population_persons": persons,
            "places": 1,
            **levels,
            "segmentation_index": np.nan,
            "segmentation_terms": "",
            "gaps_met": 0,
            "gaps_measured": 0,
            "mandatory_status": "none_applicable",
            "gates_passed": 0,
            "gates_in_force": 0,
            "failed_gates": "",
            "unserved_persons": np.where(beyond, persons, persons * 0.0),
            "known_share": known.mean(axis=1),
        }
    )
    counted = persons if ground.counts_people else np.full(n, np.nan)
    return scores, _place_ends(parts, n), _details(ids, counted, parts)


def _joined(values: list[FloatArray], n: int) -> FloatArray:
    """Geometric mean over what is known of each of n places."""
    return integration_level(np.column_stack(values)).level if values else np.full(n, np.nan)


def _place_ends(parts: dict[tuple[str, str], Having], n: int) -> FloatArray:
    """Give the pillars of every settlement at worst and at best: 0 and 1 where one is missing that it should have."""
    ends = np.full((n, len(PILLARS), 2), np.nan)
    for at, pillar in enumerate(PILLARS):
        for side in (0, 1):
            mine = [part.end(bool(side)) for (own, _), part in parts.items() if own == pillar]
            level = _joined(mine, n)
            missing = np.isnan(level) & (pillar in ASKED_OF_PLACES)
            ends[:, at, side] = np.where(missing, float(side), level)
    return ends


def _details(
    ids: NDArray[np.str_], persons: FloatArray, parts: dict[tuple[str, str], Having]
) -> pd.DataFrame:
    tables = []
    for (pillar, name), part in parts.items():
        values, unknown = part.has, part.unknown
        lacks = np.where(np.isnan(values), np.nan, np.where(values < MET, persons, persons * 0.0))
        otherwise = "not_defined" if pillar == "order" else "not_asked" if name in SHARES else "no_data"
        missing = np.where(unknown, "no_data", otherwise)
        told = part.asked if name in SHARES else np.zeros(len(ids), dtype=bool)
        tables.append(
            pd.DataFrame(
                {
                    "unit_level": "settlement",
                    "unit_id": ids,
                    "pillar": pillar,
                    "side": "level",
                    "component": name,
                    "value": values,
                    "low": part.end(at_best=False),
                    "high": part.end(at_best=True),
                    "unit": "share",
                    "target": np.nan,
                    "meets_target": "no_target",
                    "persons": lacks,
                    "persons_known": np.where(told, np.where(unknown, persons * 0.0, persons), np.nan),
                    "persons_unknown": np.where(told, np.where(unknown, persons, persons * 0.0), np.nan),
                    "detail": "",
                    "component_status": np.where(np.isnan(values), missing, "measured"),
                }
            )
        )
    return pd.concat(tables, ignore_index=True).sort_values("unit_id", kind="stable", ignore_index=True)


def _pillar(made: list[Component], pillar: str) -> float:
    """Geometric mean of the components that are known."""
    values = [part.value for part in made if part.pillar == pillar and part.side == "level"]
    return float(integration_level(values).level) if values else math.nan


def _ends(made: list[Component], pillar: str) -> tuple[float, float]:
    """Give a pillar at worst and at best: 0 and 1 where nothing of it is known."""
    mine = [part for part in made if part.pillar == pillar and part.side == "level"]
    low, high = (
        float(integration_level(values).level) if values else math.nan
        for values in ([part.low for part in mine], [part.high for part in mine])
    )
    return (0.0 if math.isnan(low) else low), (1.0 if math.isnan(high) else high)


def _terms(index: SegmentationIndex) -> dict[str, float]:
    return {name: index.terms.get(name, math.nan) for name in (*index.terms, *index.missing)}


def _status(gates: Gates, evidence: Evidence, unit: Unit) -> str:
    passed, in_force, failed = gates
    if (unit.level, unit.id) not in evidence.gates or in_force == 0:
        return "none_applicable"
    if failed:
        return "fail"
    return "pass" if passed == in_force else "unknown"


def _with_levels(
    units: pd.DataFrame, single: pd.DataFrame, ends: FloatArray, rules: ScoreRules
) -> pd.DataFrame:
    """Join the pillars of units and of single settlements, with the interval of each level, and name the bands."""
    table = pd.concat([units, single], ignore_index=True)
    pillars = table[[f"level_{pillar}" for pillar in PILLARS]].to_numpy(dtype=np.float64)
    worst, best = ends[:, :, 0], ends[:, :, 1]
    weights = [rules.weights.get(pillar, 1.0 if not rules.weights else 0.0) for pillar in PILLARS]
    joined = integration_level(pillars, weights=weights)
    low, high = (integration_level(end, weights=weights).level for end in (worst, best))
    measured = table["gaps_measured"].to_numpy()
    met = table["gaps_met"].to_numpy()
    gap_band = np.select([met < measured, measured >= LEAST_GAPS], ["wide", "narrow"], "unknown")
    nothing = np.full(len(table), np.nan)
    return table.assign(
        integration_level=joined.level,
        integration_level_arithmetic=joined.arithmetic,
        level_low=low,
        level_high=high,
        missing_pillars=(np.isnan(pillars) & ~np.isnan(worst)).sum(axis=1),
        level_band=pd.Series(_bands(joined.level, low, high, rules.level_bands), dtype="str"),
        gap_band=pd.Series(gap_band, dtype="str"),
        median_rank=nothing,
        low_rank=nothing,
        high_rank=nothing,
        rank_status=pd.Series("not_ranked", index=table.index, dtype="str"),
    )


def _bands(
    level: FloatArray, low: FloatArray, high: FloatArray, bands: tuple[float, float]
) -> NDArray[np.str_]:
    """Name the band of each level, or both where the ends of its interval lie in different ones."""
    at_worst, at_best = (
        np.select([end < bands[0], end >= bands[1]], ["low", "high"], "middle") for end in (low, high)
    )
    both = np.char.add(np.char.add(at_worst, "_to_"), at_best)
    return np.select([np.isnan(level), at_worst == at_best], ["unknown", at_worst], both)
