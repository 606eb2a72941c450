"""One component of a level or a gap, as a row of the table."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spatial.integration.pillars.options import GapTargets

__all__ = ["Component", "component_table", "gap", "held_against", "level"]

COLUMNS = (
    "unit_level",
    "unit_id",
    "pillar",
    "side",
    "component",
    "value",
    "low",
    "high",
    "unit",
    "target",
    "meets_target",
    "persons",
    "persons_known",
    "persons_unknown",
    "detail",
    "component_status",
)
NUMBERS = frozenset({"value", "low", "high", "target", "persons", "persons_known", "persons_unknown"})
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Component:
    """One component."""

    pillar: str  # where it belongs
    side: str
    component: str
    value: float  # naN where `component_status` says why
    unit: str = "share"  # share, min, m, ratio, index or count
    target: float = math.nan  # of a gap; NaN for none
    meets_target: str = "no_target"  # inclusive
    persons: float = math.nan  # people behind it; NaN where not counted
    detail: str = ""  # what made it
    component_status: str = "measured"  # why there is no value
    # of a level if whatever is unknown were missing, and if it were there; NaN for gaps, and where it is
    # not asked
    low: float = math.nan
    high: float = math.nan
    # people of whom it is known whether they have it, and of whom not; NaN where not counted
    persons_known: float = math.nan
    persons_unknown: float = math.nan

    @property
    def known_share(self) -> float:
        """
        Say how much of it is known.

        Returns 0-1: of a level, what does not lie between its ends; of a gap, 1 where it is measured.
        """
        if self.component_status != "measured":
            return 0.0
        return 1.0 if math.isnan(self.high - self.low) else 1.0 - (self.high - self.low)


def level(
    pillar: str,
    component: str,
    value: float,
    *,
    detail: str = "",
    missing: str = "no_data",
    persons: float = math.nan,
) -> Component:
    """Make a component of a level."""
    return Component(
        pillar,
        "level",
        component,
        value,
        detail=detail,
        component_status=missing if math.isnan(value) else "measured",
        persons=persons,
        low=value,
        high=value,
    )


def gap(pillar: str, component: str, value: float, unit: str, **more: Any) -> Component:
    """Make a component of a gap."""
    known = math.isfinite(value)
    status = "measured" if known else more.pop("component_status", "not_defined")
    more.pop("component_status", None)
    return Component(
        pillar, "gap", component, value if known else math.nan, unit, component_status=status, **more
    )


def held_against(component: Component, targets: GapTargets) -> Component:
    """Hold a gap against the study's target for it, inclusively."""
    asked = targets.of(component.component) if component.side == "gap" else None
    if asked is None:
        return component
    target, at_least = asked
    if math.isnan(component.value):
        return replace(component, target=target, meets_target="unknown")
    good = component.value >= target - TOLERANCE if at_least else component.value <= target + TOLERANCE
    return replace(component, target=target, meets_target="yes" if good else "no")


def component_table(rows: Iterable[tuple[str, str, Component]]) -> pd.DataFrame:
    """Put components into a table."""
    records = [
        {"unit_level": unit_level, "unit_id": unit_id, **asdict(component)}
        for unit_level, unit_id, component in rows
    ]
    table = pd.DataFrame(records, columns=list(COLUMNS))
    return table.astype({name: "float64" if name in NUMBERS else "str" for name in COLUMNS})
