"""Gaps between town and country, each in its own unit and against the study's own target for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from spatial.integration.inequality import theil_t
from spatial.integration.pillars.components import Component, gap
from spatial.integration.pillars.gates import passed_share
from spatial.integration.pillars.spread import beyond_by_township
from spatial.integration.scoring import SegmentationIndex, segmentation_index
from spatial.integration.segregation import (
    border_effect,
    dissimilarity_index,
    information_index,
    urban_rural_gap,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground, Unit
    from spatial.integration.pillars.place_scores import PlaceScores
    from spatial.integration.pillars.scoreboard import Evidence
    from spatial.integration.segregation import BorderEffect, GroupGap

    FloatArray = NDArray[np.float64]

__all__ = ["gaps_of"]


def gaps_of(
    unit: Unit, ground: Ground, scores: PlaceScores, evidence: Evidence
) -> tuple[list[Component], SegmentationIndex]:
    """Measure every gap of one unit."""
    theil_between, share, advantaged = _theil(unit, ground, scores)
    apart, information, beyond = _segregation(unit, ground, evidence)
    between = _between(unit, ground, evidence)
    border = _border(unit, ground, evidence)
    components = [
        gap("structure", "theil_between_share", share, "share"),
        *_apart(unit, (apart, information, beyond), evidence),
        *_shape(unit, evidence),
        *_town_and_country(between, evidence),
        *_borders(border, ground, evidence),
        *_governance(unit, ground, evidence),
    ]
    index = segmentation_index(
        theil_between=theil_between,
        advantaged_share=advantaged,
        dissimilarity=apart,
        gap_ratio=between.ratio if between else math.nan,
        border_score=border.score if border else evidence.border_kept.get((unit.level, unit.id), math.nan),
    )
    return components, index


def _apart(unit: Unit, measured: tuple[float, float, float], evidence: Evidence) -> list[Component]:
    if unit.level != "study":
        return []
    apart, information, beyond = measured
    return [
        gap("structure", "dissimilarity", apart, "index", persons=beyond, detail=evidence.gap_norm),
        gap("structure", "information", information, "index", detail=evidence.gap_norm),
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


def _segregation(unit: Unit, ground: Ground, evidence: Evidence) -> tuple[float, float, float]:
    """Of those beyond the norm, over townships; within one, each place is one or the other, which tells nothing."""
    if unit.level != "study":
        return math.nan, math.nan, math.nan
    x, total = beyond_by_township(ground, evidence.beyond)
    if len(total) < 2:
        return math.nan, math.nan, math.nan
    beyond = ground.people_among(unit.members, evidence.beyond > 0.0)
    return dissimilarity_index(x, total), information_index(x, total), beyond


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
    return [
        gap("boundaries", "gap_ratio", between.ratio, "ratio", detail=norm),
        gap("boundaries", "difference", between.difference, unit, detail=norm),
        _coverage_gap(between, norm),
    ]


def _coverage_gap(between: GroupGap, norm: str) -> Component:
    """Town less country; where nobody of either is served, 0 - 0 says nothing of how alike they are."""
    nobody = between.urban_coverage == 0.0 and between.rural_coverage == 0.0
    value, detail = (math.nan, "nobody_served") if nobody else (between.coverage_gap, norm)
    return gap("boundaries", "coverage_gap", value, "share", detail=detail)


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
