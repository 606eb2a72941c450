"""Levels and gaps of every unit, joined but never averaged with each other, with gates beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from spatial.indices.group_gaps import border_effect, urban_rural_gap
from spatial.indices.inequality import equally_distributed_equivalent, theil_t
from spatial.indices.segregation import dissimilarity_index, information_index
from spatial.score.composite import SegmentationIndex, integration_level, segmentation_index
from spatial.score.evidence import (
    MET,
    Component,
    Ground,
    Having,
    Unit,
    component_table,
    gap,
    has_digital,
    has_last_mile,
    held_against,
    level,
    read_ground,
    shared,
)
from spatial.score.flows import flow_components, flow_table
from spatial.score.spatial_pattern import beyond_by_township
from spatial.study.score import ScoreRules
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from spatial.indices.group_gaps import BorderEffect, GroupGap
    from spatial.indices.resilience import RobustCoverage
    from spatial.score.place_scores import PlaceScores

    FloatArray = NDArray[np.float64]


# Gates of the study and of its townships: how many are in force, which are passed, which failed, what is unknown.

Gates = tuple[int, int, tuple[str, ...]]
"""Passed, in force, and the norms that failed; what is in force and neither passed nor failed is unknown."""


def gates_by_unit(norm_results: pd.DataFrame) -> dict[tuple[str, str], Gates]:
    """Count the gates of each unit."""
    rows = norm_results[norm_results["unit_level"].isin(["study", "township"])]
    rows = rows[rows["gate"].isin(["pass", "fail", "unknown"])]
    found: dict[tuple[str, str], Gates] = {}
    for (unit_level, unit_id), mine in rows.groupby(["unit_level", "unit_id"], sort=True):
        failed = tuple(sorted(mine.loc[mine["gate"] == "fail", "norm_id"].astype(str)))
        passed = int((mine["gate"] == "pass").sum())
        found[str(unit_level), str(unit_id)] = (passed, len(mine), failed)
    return found


def passed_share(gates: Gates | None) -> float:
    """
    Share of the gates passed among those that could be judged.

    Another road or facility can turn a gate that nobody could judge into one that is passed, never into one that
    failed, so that it never lowers the share, nor a mean that the share joins.

    Returns 0-1; NaN where none could be judged: absence of data is not absence of service.

    Examples
    --------
    >>> passed_share((1, 3, ("POST",))), passed_share((0, 3, ()))
    (0.5, nan)
    """
    if gates is None or not gates[0] + len(gates[2]):
        return math.nan
    return gates[0] / (gates[0] + len(gates[2]))


def passed_ends(gates: Gates | None) -> tuple[float, float]:
    """
    Give the share of gates passed if those that nobody can judge were not passed, and if they were.

    Returns 0-1, the lower first; both NaN where none is in force.

    Examples
    --------
    >>> passed_ends((1, 4, ("POST",))), passed_ends((0, 3, ()))
    ((0.25, 0.75), (0.0, 1.0))
    """
    if gates is None or not gates[1]:
        return math.nan, math.nan
    passed, in_force, failed = gates
    return passed / in_force, (in_force - len(failed)) / in_force


# Levels of the four pillars: quantities that rise, or stay, with every person's access.

WORST = "worst_group_attainment"


def levels_of(
    unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence, rules: ScoreRules
) -> list[Component]:
    """Measure every component of the levels of one unit."""
    access, weight = scores.access[unit.members], ground.weight[unit.members]
    ede = equally_distributed_equivalent(access, weight, epsilon=rules.epsilon)
    known = not np.isnan(access).all()
    below = ground.people_among(unit.members, scores.access < MET) if known else math.nan
    structure = [
        level("structure", "even_access", ede, persons=below),
        shared("structure", "all_season_connection", _of_all(evidence.connected), unit, ground),
    ]
    return [
        *structure,
        *_boundaries(unit, ground, scores, evidence),
        *_order(unit, ground, evidence),
    ]


def place_levels(scores: PlaceScores, evidence: Evidence) -> dict[tuple[str, str], Having]:
    """
    Measure the components of every single settlement, which is all groups and one place at once.

    Returns 0-1; NaN where nothing is known.
    """
    return {
        ("structure", "even_access"): _known(scores.access),
        ("structure", "all_season_connection"): _of_all(evidence.connected),
        ("boundaries", WORST): _known(scores.attainments()),
        ("boundaries", "effective_coverage"): _known(scores.coverages()),
        ("boundaries", "last_mile_coverage"): has_last_mile(scores, evidence.road_near),
        ("boundaries", "digital_coverage"): has_digital(scores),
        ("order", "hierarchy_completeness"): _known(evidence.completeness),
    }


def _known(values: FloatArray) -> Having:
    """Values that have no ends where they are not known."""
    return Having(values, ~np.isnan(values))


def _of_all(has: FloatArray) -> Having:
    return Having(has, np.ones(len(has), dtype=bool))


def _boundaries(unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence) -> list[Component]:
    coverage = scores.coverage(unit.members)
    some = ~np.isnan(coverage)
    effective = float(coverage[some].mean()) if some.any() else math.nan
    return [
        _worst_group(unit, ground, scores),
        level("boundaries", "effective_coverage", effective),
        shared("boundaries", "last_mile_coverage", has_last_mile(scores, evidence.road_near), unit, ground),
        shared("boundaries", "digital_coverage", has_digital(scores), unit, ground),
    ]


def _worst_group(unit: Unit, ground: Ground, scores: PlaceScores) -> Component:
    """
    Find the group that the norms which ask something of every group are met for least.

    Which norms these are does not hang on what is measured, so that another road or facility lowers nothing.
    """
    groups = ground.groups() or {"everybody": np.ones(len(ground))}
    asked = {
        name: scores.asked[unit.members & (share * ground.weight > 0.0)].any(axis=0)
        for name, share in groups.items()
    }
    compared = [name for name, norms in asked.items() if norms.any()]
    common = (
        np.logical_and.reduce([asked[name] for name in compared]) if compared else np.zeros(0, dtype=bool)
    )
    if compared and not common.any():
        return level("boundaries", WORST, math.nan, detail="no_common_norms", missing="not_defined")
    reached = {name: scores.attainment(unit.members, groups[name], common) for name in compared}
    known = {name: value for name, value in reached.items() if not math.isnan(value)}
    if not known:
        return level("boundaries", WORST, math.nan)
    worst = min(known, key=lambda name: (known[name], name))
    return level("boundaries", WORST, known[worst], detail=f"{worst};norms={int(common.sum())}")


def _order(unit: Unit, ground: Ground, evidence: Evidence) -> list[Component]:
    gates = evidence.gates.get((unit.level, unit.id))
    at_worst, at_best = passed_ends(gates)
    towns = evidence.completeness[unit.members]
    there = ~np.isnan(towns)
    weight = ground.weight[unit.members]
    mass = float(weight[there].sum())
    complete = float(towns[there] @ weight[there]) / mass if mass > 0.0 else math.nan
    passed = level(
        "order",
        "gates_passed",
        passed_share(gates),
        detail=";".join(gates[2]) if gates else "",
        missing="not_asked" if not gates or not gates[1] else "no_data",
    )
    return [
        replace(passed, low=at_worst, high=at_best),
        level("order", "hierarchy_completeness", complete, missing="not_defined"),
        *_robust(unit, evidence),
    ]


def _robust(unit: Unit, evidence: Evidence) -> list[Component]:
    if unit.level != "study":
        return []
    if evidence.robust is None:
        return [level("order", "robust_coverage", math.nan)]
    return [level("order", "robust_coverage", evidence.robust.robust, detail=evidence.robust.edge_id)]


# Gaps between town and country, each in its own unit and against the study's own target for it.


def gaps_of(
    unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence
) -> tuple[list[Component], SegmentationIndex]:
    """Measure every gap of one unit."""
    theil_between, share, advantaged = _theil(unit, ground, scores)
    apart = _segregation(unit, ground, evidence)
    between = _between(unit, ground, evidence)
    border = _border(unit, ground, evidence)
    components = [
        gap("structure", "theil_between_share", share, "share"),
        *_apart(unit, apart, evidence),
        *_shape(unit, evidence),
        *_town_and_country(between, evidence),
        *_borders(border, ground, evidence),
        *_governance(unit, ground, evidence),
    ]
    index = segmentation_index(
        theil_between=theil_between,
        advantaged_share=advantaged,
        dissimilarity=apart.dissimilarity,
        gap_ratio=between.ratio if between else math.nan,
        border_score=border.score if border else evidence.border_kept.get((unit.level, unit.id), math.nan),
    )
    return components, index


class _Segregation(NamedTuple):
    """How unevenly those beyond the norm live over townships, and how many they are; NaN where that tells nothing."""

    dissimilarity: float = math.nan
    information: float = math.nan
    persons: float = math.nan


def _apart(unit: Unit, apart: _Segregation, evidence: Evidence) -> list[Component]:
    if unit.level != "study":
        return []
    norm = evidence.gap_norm
    return [
        gap("structure", "dissimilarity", apart.dissimilarity, "index", persons=apart.persons, detail=norm),
        gap("structure", "information", apart.information, "index", detail=norm),
        *evidence.spread,
    ]


def _theil(unit: Unit, ground: Ground, scores: PlaceScores) -> tuple[float, float, float]:
    sides = np.isin(ground.official_class.astype(str), ["urban", "rural"]) & unit.members
    label = ground.official_class[sides].astype(str)
    if len(set(label)) < 2:
        return math.nan, math.nan, math.nan
    common = scores.common_access(ground.official_class)
    if np.isnan(common[sides]).all():
        return math.nan, math.nan, math.nan
    parts = theil_t(common[sides], ground.weight[sides], label)
    return parts.between, parts.between_share, parts.advantaged_share


def _segregation(unit: Unit, ground: Ground, evidence: Evidence) -> _Segregation:
    """Of those beyond the norm, over townships; within one, each place is one or the other, which tells nothing."""
    if unit.level != "study":
        return _Segregation()
    x, total = beyond_by_township(ground, evidence.beyond)
    if len(total) < 2:
        return _Segregation()
    beyond = ground.people_among(unit.members, evidence.beyond > 0.0)
    return _Segregation(dissimilarity_index(x, total), information_index(x, total), beyond)


def _between(unit: Unit, ground: Ground, evidence: Evidence) -> GroupGap | None:
    if not evidence.gap_norm:
        return None
    return urban_rural_gap(
        evidence.gap_value[unit.members],
        ground.weight[unit.members],
        ground.official_class[unit.members],
        kind="time",
        threshold=evidence.gap_threshold,
    )


def _town_and_country(between: GroupGap | None, evidence: Evidence) -> list[Component]:
    norm = evidence.gap_norm
    if between is None:
        return [
            gap("boundaries", name, math.nan, unit, component_status="no_data")
            for name, unit in (("gap_ratio", "ratio"), ("coverage_gap", "share"))
        ]
    unit = "min" if evidence.gap_unit == "min" else "m"
    # Town less country; where nobody of either is served, 0 - 0 says nothing of how alike they are.
    nobody = between.urban_coverage == 0.0 and between.rural_coverage == 0.0
    value, detail = (math.nan, "nobody_served") if nobody else (between.coverage_gap, norm)
    coverage_gap = gap("boundaries", "coverage_gap", value, "share", detail=detail)
    return [
        gap("boundaries", "gap_ratio", between.ratio, "ratio", detail=norm),
        gap("boundaries", "difference", between.difference, unit, detail=norm),
        coverage_gap,
    ]


def _border(unit: Unit, ground: Ground, evidence: Evidence) -> BorderEffect | None:
    if evidence.open_min is None or evidence.closed_min is None:
        return None
    return border_effect(
        evidence.open_min[unit.members],
        evidence.closed_min[unit.members],
        ground.weight[unit.members],
        threshold_min=evidence.border_threshold_min,
    )


def _borders(border: BorderEffect | None, ground: Ground, evidence: Evidence) -> list[Component]:
    if border is None:
        return [gap("boundaries", "border_effect_min", math.nan, "min", component_status="no_data")]
    return [
        gap(
            "boundaries",
            "border_effect_min",
            border.mean_min,
            "min",
            persons=border.gain_persons if ground.counts_people else math.nan,
            detail=evidence.border_service,
        ),
        gap("boundaries", "border_cross_share", border.cross_share, "share"),
        gap("boundaries", "border_captive_share", border.captive_share, "share"),
        gap("boundaries", "border_coverage_kept", border.score, "share", detail=evidence.border_norm),
    ]


def _shape(unit: Unit, evidence: Evidence) -> list[Component]:
    """Say what is known of the study's space as a whole."""
    if unit.level != "study":
        return []
    return [
        gap("structure", name, value, "index", component_status="no_data")
        for name, value in evidence.space.items()
    ]


def _governance(unit: Unit, ground: Ground, evidence: Evidence) -> list[Component]:
    if unit.level != "study":
        return []
    shares = [
        passed_share(evidence.gates.get(("township", str(township))))
        for township in {name for name in ground.township if name is not None}
    ]
    judged = [share for share in shares if not math.isnan(share)]
    spread = max(judged) - min(judged) if len(judged) > 1 else math.nan
    towns = evidence.completeness[~np.isnan(evidence.completeness)]
    lacking = float((towns < 1.0).sum()) if len(towns) else math.nan
    return [
        gap("order", "gates_spread", spread, "share"),
        gap("order", "incomplete_towns", lacking, "count"),
    ]


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
    ContractError
        Where flows name places that are not there.
    """
    rules = rules or ScoreRules()
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
        gates = evidence.gates.get((unit.level, unit.id), (0, 0, ()))
        targets = [
            part.meets_target for part in made if part.side == "gap" and part.meets_target != "no_target"
        ]
        asked = [part for part in made if part.component_status not in ("not_asked", "not_defined")]
        beyond = (places.q[unit.members] < MET).any(axis=1)
        unserved = np.zeros(len(ground), dtype=bool)
        unserved[unit.members] = beyond
        record = {
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
        records.append(record)
        ends.append([_ends(made, pillar) for pillar in PILLARS])
        terms.append(
            {
                "unit_level": unit.level,
                "unit_id": unit.id,
                **{name: index.terms.get(name, math.nan) for name in (*index.terms, *index.missing)},
            }
        )
    single, own_ends, details = _settlements(ground, places, evidence)
    return Scoreboard(
        _with_levels(pd.DataFrame(records), single, np.concatenate([np.array(ends), own_ends]), rules),
        pd.concat([component_table(rows), details], ignore_index=True),
        balances,
        pd.DataFrame(terms),
    )


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
        level_band=pd.Series(_bands(joined.level, low, high, rules), dtype="str"),
        gap_band=pd.Series(gap_band, dtype="str"),
        median_rank=nothing,
        low_rank=nothing,
        high_rank=nothing,
        rank_status=pd.Series("not_ranked", index=table.index, dtype="str"),
    )


def _bands(level: FloatArray, low: FloatArray, high: FloatArray, rules: ScoreRules) -> NDArray[np.str_]:
    """Name the band of each level, or both where the ends of its interval lie in different ones."""
    bands = rules.level_bands
    at_worst, at_best = (
        np.select([end < bands[0], end >= bands[1]], ["low", "high"], "middle") for end in (low, high)
    )
    both = np.char.add(np.char.add(at_worst, "_to_"), at_best)
    return np.select([np.isnan(level), at_worst == at_best], ["unknown", at_worst], both)
