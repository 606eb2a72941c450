"""Levels and gaps of every unit, joined but never averaged with each other, with gates beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from spatial.arrays import FloatArray
from spatial.errors import ContractError, of_kind
from spatial.indices.groups import border_effect, dissimilarity_index, information_index, urban_rural_gap
from spatial.indices.inequality import equally_distributed_equivalent, theil_t
from spatial.norms.evaluation import UnitGates
from spatial.score.composite import SegmentationIndex, integration_level, segmentation_index
from spatial.score.evidence import (
    MET,
    Ground,
    Having,
    ScoreComponent,
    Unit,
    component_table,
    flow_components,
    flow_table,
    gap,
    held_against,
    held_by_all,
    level,
    read_ground,
    shared,
)
from spatial.score.place_scores import PlaceScores
from spatial.score.spatial_pattern import beyond_by_township
from spatial.study.score import ScoreRules
from spatial.tables.words import PILLARS, STUDY

if TYPE_CHECKING:
    from spatial.indices.resilience import RobustCoverage


# Levels of the four pillars: quantities that rise, or stay, with every person's access.

WORST = "worst_group_attainment"


def levels_of(
    unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence, rules: ScoreRules
) -> list[ScoreComponent]:
    """Measure every component of the levels of one unit."""
    members, weight = unit.members, ground.weight[unit.members]
    access, held = scores.access[members], _held(scores, evidence)
    below = ground.people_among(members, members[access < MET]) if not np.isnan(access).all() else math.nan
    coverage = scores.coverage(members)
    some = ~np.isnan(coverage)
    # Towns by their people, as far as anything is asked of them.
    towns = evidence.completeness[members]
    there = ~np.isnan(towns)
    mass = float(weight[there].sum())
    complete = float(towns[there] @ weight[there]) / mass if mass > 0.0 else math.nan
    gates = evidence.gates.get((unit.level, unit.id), UnitGates())
    passed = level(
        "order",
        "gates_passed",
        gates.share,
        detail=";".join(gates.failed),
        missing="no_data" if gates.in_force else "not_asked",
    )
    components = [
        level(
            "structure",
            "even_access",
            equally_distributed_equivalent(access, weight, epsilon=rules.epsilon),
            persons=below,
        ),
        shared("structure", "all_season_connection", held["all_season_connection"], unit, ground),
        _worst_group(unit, ground, scores),
        level("boundaries", "effective_coverage", float(coverage[some].mean()) if some.any() else math.nan),
        shared("boundaries", "last_mile_coverage", held["last_mile_coverage"], unit, ground),
        shared("boundaries", "digital_coverage", held["digital_coverage"], unit, ground),
        replace(passed, low=gates.low, high=gates.high),
        level("order", "hierarchy_completeness", complete, missing="not_defined"),
    ]
    if unit.level == STUDY:
        robust = evidence.robust
        value, edge = (math.nan, "") if robust is None else (robust.robust, robust.edge_id)
        components.append(level("order", "robust_coverage", value, detail=edge))
    return components


def _worst_group(unit: Unit, ground: Ground, scores: PlaceScores) -> ScoreComponent:
    """Find the group for which norms that ask something of every group are met least; the choice of norms is fixed."""
    members = unit.members
    groups = ground.groups or {"everybody": np.ones(len(ground))}
    asked = {
        name: scores.asked[members[share[members] * ground.weight[members] > 0.0]].any(axis=0)
        for name, share in groups.items()
    }
    compared = [name for name, norms in asked.items() if norms.any()]
    if not compared:
        return level("boundaries", WORST, math.nan)
    common = np.logical_and.reduce([asked[name] for name in compared])
    if not common.any():
        return level("boundaries", WORST, math.nan, detail="no_common_norms", missing="not_defined")
    reached = {name: scores.attainment(members, groups[name], common) for name in compared}
    known = {name: value for name, value in reached.items() if not math.isnan(value)}
    if not known:
        return level("boundaries", WORST, math.nan)
    worst = min(known, key=lambda name: (known[name], name))
    return level("boundaries", WORST, known[worst], detail=f"{worst};norms={int(common.sum())}")


def place_levels(scores: PlaceScores, evidence: Evidence) -> dict[tuple[str, str], Having]:
    """Measure the components of every single settlement, which is all groups and one place at once; NaN unknown."""
    held = _held(scores, evidence)
    return {
        ("structure", "even_access"): _known(scores.access),
        ("structure", "all_season_connection"): held["all_season_connection"],
        ("boundaries", WORST): _known(scores.attainments()),
        ("boundaries", "effective_coverage"): _known(scores.coverages()),
        ("boundaries", "last_mile_coverage"): held["last_mile_coverage"],
        ("boundaries", "digital_coverage"): held["digital_coverage"],
        ("order", "hierarchy_completeness"): _known(evidence.completeness),
    }


def _known(values: FloatArray) -> Having:
    """Values that have no ends where they are not known."""
    return Having(values, ~np.isnan(values))


@lru_cache(maxsize=1)
def _held(scores: PlaceScores, evidence: Evidence) -> dict[str, Having]:
    return held_by_all(scores, evidence.connected, evidence.road_near)  # of all places at once, for every unit


# Gaps between town and country, each in its own unit and against the study's own target for it.


def gaps_of(
    unit: Unit, ground: Ground, common_access: FloatArray, evidence: Evidence
) -> tuple[list[ScoreComponent], SegmentationIndex]:
    """Measure every gap of a unit and join four to the index; access by norms that ask town and country alike."""
    members, weight = unit.members, ground.weight[unit.members]
    official, norm = ground.official_class[members], evidence.gap_norm

    # Inequality between town and country, by norms that ask something of both.
    theil_between = theil_share = advantaged = math.nan
    sides = np.isin(official.astype(str), ["urban", "rural"])
    common = common_access[members][sides]
    if len(set(official[sides])) > 1 and not np.isnan(common).all():
        theil = theil_t(common, weight[sides], official[sides].astype(str))
        theil_between, theil_share, advantaged = theil.between, theil.between_share, theil.advantaged_share
    components = [gap("structure", "theil_between_share", theil_share, "share")]

    # How those beyond the norm live over townships; within one, each place is one or the other, which tells nothing.
    dissimilarity = math.nan
    if unit.level == STUDY:
        information = persons = math.nan
        x, total = beyond_by_township(ground, evidence.beyond)
        if len(total) > 1:
            dissimilarity, information = dissimilarity_index(x, total), information_index(x, total)
            persons = ground.people_among(members, members[evidence.beyond[members] > 0.0])
        components += [
            gap("structure", "dissimilarity", dissimilarity, "index", persons=persons, detail=norm),
            gap("structure", "information", information, "index", detail=norm),
            *evidence.spread,
        ]
        components += [
            gap("structure", name, value, "index", component_status="no_data") for name, value in evidence.space.items()
        ]

    # Town against country, by the norm by which gaps are told.
    ratio = math.nan
    if norm:
        between = urban_rural_gap(
            evidence.gap_value[members], weight, official, kind="time", threshold=evidence.gap_threshold
        )
        ratio = between.ratio
        # Town less country; where nobody of either is served, 0 - 0 says nothing of how alike they are.
        nobody = between.urban_coverage == 0.0 and between.rural_coverage == 0.0
        difference, told = (math.nan, "nobody_served") if nobody else (between.coverage_gap, norm)
        unit_of = "min" if evidence.gap_unit == "min" else "m"
        components += [
            gap("boundaries", "gap_ratio", ratio, "ratio", detail=norm),
            gap("boundaries", "difference", between.difference, unit_of, detail=norm),
            gap("boundaries", "coverage_gap", difference, "share", detail=told),
        ]
    else:
        components += [
            gap("boundaries", "gap_ratio", math.nan, "ratio", component_status="no_data"),
            gap("boundaries", "coverage_gap", math.nan, "share", component_status="no_data"),
        ]

    # What borders cost.
    if evidence.open_min is None or evidence.closed_min is None:
        border_score = evidence.border_kept.get((unit.level, unit.id), math.nan)
        components.append(gap("boundaries", "border_effect_min", math.nan, "min", component_status="no_data"))
    else:
        border = border_effect(
            evidence.open_min[members],
            evidence.closed_min[members],
            weight,
            threshold_min=evidence.border_threshold_min,
        )
        border_score = border.score
        gain = border.gain_persons if ground.counts_people else math.nan
        service, asked = evidence.border_service, evidence.border_norm
        components += [
            gap("boundaries", "border_effect_min", border.mean_min, "min", persons=gain, detail=service),
            gap("boundaries", "border_cross_share", border.cross_share, "share"),
            gap("boundaries", "border_captive_share", border.captive_share, "share"),
            gap("boundaries", "border_coverage_kept", border_score, "share", detail=asked),
        ]

    # How unlike the gates of townships are, and how many towns lack a service.
    if unit.level == STUDY:
        shares = [evidence.gates.get(("township", name), UnitGates()).share for name in ground.townships]
        judged = [share for share in shares if not math.isnan(share)]
        towns = evidence.completeness[~np.isnan(evidence.completeness)]
        components += [
            gap("order", "gates_spread", max(judged) - min(judged) if len(judged) > 1 else math.nan, "share"),
            gap("order", "incomplete_towns", float((towns < 1.0).sum()) if len(towns) else math.nan, "count"),
        ]
    index = segmentation_index(
        theil_between=theil_between,
        advantaged_share=advantaged,
        dissimilarity=dissimilarity,
        gap_ratio=ratio,
        border_score=border_score,
    )
    return components, index


SHARES = frozenset({"all_season_connection", "last_mile_coverage", "digital_coverage"})
"""Components that every person has, has not, or may have."""
LEAST_GAPS = 2
"""Gaps measured against a target that it takes to call them narrow; a single one that is open makes them wide."""
LEVELS = tuple(f"level_{pillar}" for pillar in PILLARS)
ASKED_OF_PLACES = ("structure", "boundaries")
"""Pillars that every settlement has; flows and order are asked of a single place only where something measures them."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """
    What is known beside the norms, of the n places of the study area.

    Parameters
    ----------
    connected : FloatArray
        Whether the county seat is reached over an all-season road, 1 or 0; NaN = unknown.
    road_near : FloatArray
        Whether an all-season road alone is near, 1 or 0; NaN = unknown.
    beyond : FloatArray
        Share of a place's people who are beyond the norm by which gaps are told, 0-1; NaN = unknown.
    gap_norm : str
        That norm; empty for none.
    gap_unit : str
        Its unit.
    gap_value : FloatArray
        Minutes or metres; inf = unreachable, NaN = unknown.
    gap_threshold : float
        In the same unit, inclusive.
    completeness : FloatArray
        Share of the services that its tier asks for, of towns; NaN for other places.
    gates : Mapping[tuple[str, str], UnitGates]
        Of units that have any.
    open_min : FloatArray or None
        Minutes to the nearest facility anywhere.
    closed_min : FloatArray or None
        Minutes to the nearest facility in one's own unit.
    border_service : str
        What these are times to.
    border_threshold_min : float
        Within which a place is covered, for the effect of borders; NaN = none.
    border_norm : str
        The norm that asks for it, empty for none.
    border_kept : Mapping[tuple[str, str], float]
        Coverage with closed borders by coverage with open ones, 0-1, as measured before; read where there are
        no times.
    robust : RobustCoverage or None
        Coverage that stays whichever road is closed.
    space : Mapping[str, float]
        Circuity, polycentricity and the like: what is said of the study's space as a whole.
    spread : tuple[ScoreComponent, ...]
        Gaps of the study that its space was measured for beforehand: segregation that knows who lies beside
        whom, and Moran's I of access.
    """

    connected: FloatArray
    road_near: FloatArray
    beyond: FloatArray
    gap_norm: str
    gap_unit: str
    gap_value: FloatArray
    gap_threshold: float
    completeness: FloatArray
    gates: Mapping[tuple[str, str], UnitGates]
    open_min: FloatArray | None = None
    closed_min: FloatArray | None = None
    border_service: str = ""
    border_threshold_min: float = math.nan
    border_norm: str = ""
    border_kept: Mapping[tuple[str, str], float] = field(default_factory=dict)
    robust: RobustCoverage | None = None
    space: Mapping[str, float] = field(default_factory=dict)
    spread: tuple[ScoreComponent, ...] = ()


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
        Where flows name places that are not there, or `places` are of another number than those of the study area.
    """
    of_kind("places", places, PlaceScores, required=True)
    of_kind("evidence", evidence, Evidence, required=True)
    rules = of_kind("rules", rules, ScoreRules) or ScoreRules()
    ground = read_ground(settlements, boundaries)
    if len(places.q) != len(ground):
        told = f"places: {len(places.q)} for {len(ground)} settlements of the study area; score exactly these"
        raise ContractError("scores", [told])
    balances = flow_table(flows, settlements, ground, rules)
    rows: list[tuple[str, str, ScoreComponent]] = []
    records, ends, terms = [], [], []
    common = places.common_access(ground.official_class)
    for unit in ground.units():
        gaps, index = gaps_of(unit, ground, common, evidence)
        parts = [
            *levels_of(unit, ground, places, evidence, rules),
            *(held_against(part, rules.targets) for part in (*flow_components(unit, balances), *gaps)),
        ]
        made = sorted(parts, key=lambda part: (PILLARS.index(part.pillar), part.side != "level"))
        rows += [(unit.level, unit.id, part) for part in made]
        levels = np.array([_pillar(made, pillar) for pillar in PILLARS])
        # Where nothing of a pillar is known it may be 0 or 1.
        ends.append(np.column_stack([np.nan_to_num(levels[:, 1]), np.nan_to_num(levels[:, 2], nan=1.0)]))
        gates = evidence.gates.get((unit.level, unit.id), UnitGates())
        targets = [part.meets_target for part in made if part.side == "gap"]
        asked = [part for part in made if part.component_status not in ("not_asked", "not_defined")]
        unserved = unit.members[(places.q[unit.members] < MET).any(axis=1)]
        records.append(
            {
                "unit_level": unit.level,
                "unit_id": unit.id,
                "name": unit.name or None,
                "population_persons": ground.people_of(unit.members),
                "places": len(unit.members),
                **dict(zip(LEVELS, levels[:, 0], strict=True)),
                "segmentation_index": index.value,
                "segmentation_terms": ";".join(index.terms),
                "gaps_met": targets.count("yes"),
                "gaps_measured": targets.count("yes") + targets.count("no"),
                "mandatory_status": gates.status,
                "gates_passed": gates.passed,
                "gates_in_force": gates.in_force,
                "failed_gates": ";".join(gates.failed),
                "unserved_persons": ground.people_among(unit.members, unserved),
                "known_share": sum(part.known_share for part in asked) / len(asked) if asked else math.nan,
            }
        )
        unit_terms = {name: index.terms.get(name, math.nan) for name in (*index.terms, *index.missing)}
        terms.append({"unit_level": unit.level, "unit_id": unit.id, **unit_terms})
    single = _settlements(ground, places, evidence)
    return Scoreboard(
        _with_levels(
            pd.concat([pd.DataFrame(records), single.scores], ignore_index=True),
            np.concatenate([np.array(ends), single.ends]),
            rules,
        ),
        pd.concat([component_table(rows), single.components], ignore_index=True),
        balances,
        pd.DataFrame(terms),
    )


def pillar_levels(
    settlements: pd.DataFrame,
    places: PlaceScores,
    evidence: Evidence,
    *,
    boundaries: pd.DataFrame | None = None,
    flows: pd.DataFrame | None = None,
    rules: ScoreRules | None = None,
) -> pd.DataFrame:
    """Measure the pillars of every unit as `score_study` does, and nothing else: what a variant is ranked by."""
    rules = of_kind("rules", rules, ScoreRules) or ScoreRules()
    ground = read_ground(settlements, boundaries)
    balances = flow_table(flows, settlements, ground, rules)
    units = list(ground.units())
    levels = []
    for unit in units:
        made = [*levels_of(unit, ground, places, evidence, rules), *flow_components(unit, balances)]
        levels.append([_pillar(made, pillar)[0] for pillar in PILLARS])
    single = {key: part.has for key, part in place_levels(places, evidence).items()}
    table = pd.DataFrame(np.concatenate([np.array(levels), _by_pillar(single)]), columns=list(LEVELS))
    table["unit_level"] = [*(unit.level for unit in units), *["settlement"] * len(ground)]
    table["unit_id"] = [*(unit.id for unit in units), *ground.ids]
    return table


def _pillar(made: list[ScoreComponent], pillar: str) -> FloatArray:
    """Geometric mean of the components of a pillar that are known, as measured, at worst and at best."""
    mine = [part for part in made if part.pillar == pillar and part.side == "level"]
    sides = [[part.value for part in mine], [part.low for part in mine], [part.high for part in mine]]
    return integration_level(sides).level


def _by_pillar(components: Mapping[tuple[str, str], FloatArray]) -> FloatArray:
    """Geometric mean over the components of each pillar that are known of each of n places, (n, pillars)."""
    mine = {pillar: [values for (own, _name), values in components.items() if own == pillar] for pillar in PILLARS}
    nothing = np.full(len(next(iter(components.values()))), np.nan)
    return np.column_stack(
        [integration_level(np.column_stack(values)).level if values else nothing for values in mine.values()]
    )


class _Settlements(NamedTuple):
    """Scores of n settlements; their pillars at worst and at best, (n, pillars, 2); their components."""

    scores: pd.DataFrame
    ends: FloatArray
    components: pd.DataFrame


def _settlements(ground: Ground, places: PlaceScores, evidence: Evidence) -> _Settlements:
    """Score every settlement: levels alone, since one place has no gap between town and country."""
    order = np.argsort(ground.ids.astype(str), kind="stable")
    parts = {key: Having(part.has[order], part.asked[order]) for key, part in place_levels(places, evidence).items()}
    ids, persons = ground.ids[order].astype(str), ground.persons[order]
    nobody = persons * 0.0
    levels = _by_pillar({key: part.has for key, part in parts.items()})
    known = np.column_stack([~np.isnan(part.has) for part in parts.values()])
    has_name = "name" in ground.settlements
    scores = pd.DataFrame(
        {
            "unit_level": "settlement",
            "unit_id": ids,
            "name": ground.settlements["name"].to_numpy(dtype=object)[order] if has_name else None,
            "population_persons": persons,
            "places": 1,
            **dict(zip(LEVELS, levels.T, strict=True)),
            "segmentation_index": np.nan,
            "segmentation_terms": "",
            "gaps_met": 0,
            "gaps_measured": 0,
            "mandatory_status": "none_applicable",
            "gates_passed": 0,
            "gates_in_force": 0,
            "failed_gates": "",
            "unserved_persons": np.where((places.q[order] < MET).any(axis=1), persons, nobody),
            "known_share": known.mean(axis=1),
        }
    )
    # A pillar that every settlement should have may be 0 or 1 where it is missing.
    should = np.isin(PILLARS, ASKED_OF_PLACES)
    ends = []
    for side in (0.0, 1.0):
        end = _by_pillar({key: part.end(bool(side)) for key, part in parts.items()})
        ends.append(np.where(np.isnan(end) & should, side, end))
    tables = []
    counted = persons if ground.counts_people else np.full(len(ground), np.nan)
    none = counted * 0.0
    for (pillar, name), part in parts.items():
        values, unknown = part.has, part.unknown
        otherwise = "not_defined" if pillar == "order" else "not_asked" if name in SHARES else "no_data"
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
                    "persons": np.where(np.isnan(values), np.nan, np.where(values < MET, counted, none)),
                    "persons_known": np.where(told, np.where(unknown, none, counted), np.nan),
                    "persons_unknown": np.where(told, np.where(unknown, counted, none), np.nan),
                    "detail": "",
                    "component_status": np.select([~np.isnan(values), unknown], ["measured", "no_data"], otherwise),
                }
            )
        )
    # All components of one place after the other: each table has the places in order.
    components = pd.concat(tables, ignore_index=True)
    tables.clear()
    order_of_places = np.arange(len(components)).reshape(len(parts), len(ids)).T.ravel()
    components = components.take(order_of_places).reset_index(drop=True)
    return _Settlements(scores, np.stack(ends, axis=2), components)


def _with_levels(table: pd.DataFrame, ends: FloatArray, rules: ScoreRules) -> pd.DataFrame:
    """Join the pillars of all units, with the interval of each level, and name the bands."""
    pillars = table[list(LEVELS)].to_numpy(dtype=np.float64)
    worst, best = ends[:, :, 0], ends[:, :, 1]
    weights = [rules.weights.get(pillar, 1.0 if not rules.weights else 0.0) for pillar in PILLARS]
    joined = integration_level(pillars, weights=weights)
    low, high = (integration_level(end, weights=weights).level for end in (worst, best))
    # A band, or both where the ends of the interval lie in different ones.
    from_low, from_high = rules.level_bands
    at_worst, at_best = (
        np.select([end < from_low, end >= from_high], ["low", "high"], "middle") for end in (low, high)
    )
    both = np.char.add(np.char.add(at_worst, "_to_"), at_best)
    level_band = np.select([np.isnan(joined.level), at_worst == at_best], ["unknown", at_worst], both)
    measured, met = table["gaps_measured"].to_numpy(), table["gaps_met"].to_numpy()
    gap_band = np.select([met < measured, measured >= LEAST_GAPS], ["wide", "narrow"], "unknown")
    return table.assign(
        integration_level=joined.level,
        integration_level_arithmetic=joined.arithmetic,
        level_low=low,
        level_high=high,
        missing_pillars=(np.isnan(pillars) & ~np.isnan(worst)).sum(axis=1),
        level_band=pd.Series(level_band, dtype="str"),
        gap_band=pd.Series(gap_band, dtype="str"),
        median_rank=np.nan,
        low_rank=np.nan,
        high_rank=np.nan,
        rank_status=pd.Series("not_ranked", index=table.index, dtype="str"),
    )
