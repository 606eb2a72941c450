"""Levels of the four pillars: quantities that rise, or stay, with every person's access."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.integration.inequality import equally_distributed_equivalent
from spatial.integration.pillars.components import Component, level
from spatial.integration.pillars.gates import passed_ends, passed_share
from spatial.integration.pillars.having import MET, Having, has_digital, has_last_mile, shared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground, Unit
    from spatial.integration.pillars.options import ScoreRules
    from spatial.integration.pillars.place_scores import PlaceScores
    from spatial.integration.pillars.scoreboard import Evidence

    FloatArray = NDArray[np.float64]

__all__ = ["levels_of", "place_levels"]

WORST = "worst_group_attainment"


def levels_of(
    unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence, rules: ScoreRules
) -> list[Component]:
    """Measure every component of the levels of one unit."""
    return [
        *_structure(unit, ground, scores, evidence, rules),
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


def _structure(
    unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence, rules: ScoreRules
) -> list[Component]:
    access, weight = scores.access[unit.members], ground.weight[unit.members]
    ede = equally_distributed_equivalent(access, weight, epsilon=rules.epsilon)
    known = not np.isnan(access).all()
    below = ground.people_among(unit.members, scores.access < MET) if known else math.nan
    return [
        level("structure", "even_access", ede, persons=below),
        shared("structure", "all_season_connection", _of_all(evidence.connected), unit, ground),
    ]


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
