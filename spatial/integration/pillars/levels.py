"""Levels of the four pillars: quantities that rise, or stay, with every person's access."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatial.integration.inequality import equally_distributed_equivalent
from spatial.integration.pillars.components import Component, level
from spatial.integration.pillars.gates import passed_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground, Unit
    from spatial.integration.pillars.options import ScoreRules
    from spatial.integration.pillars.place_scores import PlaceScores
    from spatial.integration.pillars.scoreboard import Evidence

    FloatArray = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["GATES_PASSED", "MET", "levels_of", "place_levels"]

GATES_PASSED = "gates_passed"
LAST_MILE_SERVICES = frozenset({"parcel_point", "postal_delivery", "post_office", "bus_stop"})
DIGITAL_SERVICES = frozenset({"telecom", "mobile_5g", "fibre_and_4g", "broadband"})
MET = 1.0 - 1e-12


def levels_of(
    unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence, rules: ScoreRules
) -> list[Component]:
    """
    Measure every component of the levels of one unit.

    Parameters
    ----------
    unit : Unit
        The unit.
    ground : Ground
        The places.
    scores : PlaceScores
        Of all places.
    evidence : Evidence
        What else is known.
    rules : ScoreRules
        What the study decides.

    Returns
    -------
    list of Component
        In the order of the pillars.
    """
    return [
        *_structure(unit, ground, scores, evidence, rules),
        *_boundaries(unit, ground, scores, evidence),
        *_order(unit, ground, evidence),
    ]


def place_levels(scores: PlaceScores, evidence: Evidence) -> dict[tuple[str, str], FloatArray]:
    """
    Measure the components of every single settlement, which is all groups and one place at once.

    Parameters
    ----------
    scores : PlaceScores
        Of all places.
    evidence : Evidence
        What else is known.

    Returns
    -------
    dict of (pillar, component) to ndarray, (n,)
        0-1; NaN where nothing is known.
    """
    return {
        ("structure", "even_access"): scores.access,
        ("structure", "all_season_connection"): evidence.connected,
        ("boundaries", "worst_group_attainment"): scores.attainments(),
        ("boundaries", "effective_coverage"): scores.coverages(),
        ("boundaries", "last_mile_coverage"): _last_mile(scores, evidence),
        ("boundaries", "digital_coverage"): _met(scores, DIGITAL_SERVICES),
        ("order", "hierarchy_completeness"): evidence.completeness,
    }


def _structure(
    unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence, rules: ScoreRules
) -> list[Component]:
    access, weight = scores.access[unit.members], ground.weight[unit.members]
    ede = equally_distributed_equivalent(access, weight, epsilon=rules.epsilon)
    known = not np.isnan(access).all()
    below = ground.people_among(unit.members, scores.access < MET) if known else math.nan
    connected = evidence.connected
    return [
        level("structure", "even_access", ede, persons=below),
        _shared("structure", "all_season_connection", connected, unit, ground),
    ]


def _boundaries(unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence) -> list[Component]:
    groups = ground.groups() or {"everybody": np.ones(len(ground))}
    reached = {name: scores.attainment(unit.members, share) for name, share in groups.items()}
    known = {name: value for name, value in reached.items() if not math.isnan(value)}
    worst = min(known, key=lambda name: (known[name], name)) if known else ""
    coverage = scores.coverage(unit.members)
    some = ~np.isnan(coverage)
    effective = float(coverage[some].mean()) if some.any() else math.nan
    return [
        level("boundaries", "worst_group_attainment", known.get(worst, math.nan), detail=worst),
        level("boundaries", "effective_coverage", effective),
        _shared("boundaries", "last_mile_coverage", _last_mile(scores, evidence), unit, ground),
        _shared("boundaries", "digital_coverage", _met(scores, DIGITAL_SERVICES), unit, ground),
    ]


def _order(unit: Unit, ground: Ground, evidence: Evidence) -> list[Component]:
    gates = evidence.gates.get((unit.level, unit.id))
    towns = evidence.completeness[unit.members]
    there = ~np.isnan(towns)
    weight = ground.weight[unit.members]
    mass = float(weight[there].sum())
    complete = float(towns[there] @ weight[there]) / mass if mass > 0.0 else math.nan
    return [
        level(
            "order",
            GATES_PASSED,
            passed_share(gates),
            detail=";".join(gates[2]) if gates else "",
            missing="not_asked" if not gates or not gates[1] else "no_data",
        ),
        level("order", "hierarchy_completeness", complete, missing="not_defined"),
        *_robust(unit, evidence),
    ]


def _robust(unit: Unit, evidence: Evidence) -> list[Component]:
    if unit.level != "study":
        return []
    if evidence.robust is None:
        return [level("order", "robust_coverage", math.nan)]
    return [level("order", "robust_coverage", evidence.robust.robust, detail=evidence.robust.edge_id)]


def _last_mile(scores: PlaceScores, evidence: Evidence) -> FloatArray:
    """1 where the road is near and a parcel, post or bus point is within its norm; NaN where either is unknown."""
    point = _met(scores, LAST_MILE_SERVICES, every=False)
    road = evidence.road_near
    both = np.minimum(point, road)
    return np.where((point == 0.0) | (road == 0.0), 0.0, both)


def _met(scores: PlaceScores, services: frozenset[str], *, every: bool = True) -> FloatArray:
    """1 where every norm on some services is met, or any of them; NaN where none asks anything of the place."""
    columns = [at for at, service in enumerate(scores.services) if service in services]
    if not columns:
        return np.full(len(scores.q), np.nan)
    q = scores.q[:, columns]
    known = ~np.isnan(q)
    met = q >= MET
    good = (met | ~known).all(axis=1) if every else met.any(axis=1)
    return np.where(known.any(axis=1), good.astype(np.float64), np.nan)


def _shared(pillar: str, name: str, has: FloatArray, unit: Unit, ground: Ground) -> Component:
    """Share of the people who have something, of those of whom it is known."""
    mine, weight = has[unit.members], ground.weight[unit.members]
    known = ~np.isnan(mine)
    total = float(weight[known].sum())
    value = float(mine[known] @ weight[known]) / total if total > 0.0 else math.nan
    lacking = ground.people_among(unit.members, has < MET) if known.any() else math.nan
    return level(pillar, name, value, persons=lacking)
