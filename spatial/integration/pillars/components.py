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
    """
    One component.

    Parameters
    ----------
    pillar, side, component : str
        Where it belongs.
    value : float
        NaN where `component_status` says why.
    unit : str
        share, min, m, ratio, index or count.
    target : float
        Of a gap; NaN for none.
    meets_target : {'yes', 'no', 'unknown', 'no_target'}
        Inclusive.
    persons : float
        People behind it; NaN where not counted.
    detail : str
        What made it.
    component_status : {'measured', 'no_data', 'not_defined', 'not_asked'}
        Why there is no value.
    low, high : float
        Of a level if whatever is unknown were missing, and if it were there; NaN for gaps, and where it is not asked.
    persons_known, persons_unknown : float
        People of whom it is known whether they have it, and of whom not; NaN where not counted.
    """

    pillar: str
    side: str
    component: str
    value: float
    unit: str = "share"
    target: float = math.nan
    meets_target: str = "no_target"
    persons: float = math.nan
    detail: str = ""
    component_status: str = "measured"
    low: float = math.nan
    high: float = math.nan
    persons_known: float = math.nan
    persons_unknown: float = math.nan

    @property
    def known_share(self) -> float:
        """
        Say how much of it is known.

        Returns
        -------
        float
            0-1: of a level, what does not lie between its ends; of a gap, 1 where it is measured.
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
    """
    Make a component of a level.

    Parameters
    ----------
    pillar, component : str
        Where it belongs.
    value : float
        0-1; NaN = missing.
    detail : str
        What made it.
    missing : str
        Why there is no value, where it is NaN.
    persons : float
        Who lack it.

    Returns
    -------
    Component
        On the side of levels, with the value at both ends.
    """
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
    """
    Make a component of a gap.

    Parameters
    ----------
    pillar, component : str
        Where it belongs.
    value : float
        In its unit; NaN = missing, or infinite, which says that there is no such number.
    unit : str
        share, min, m, ratio, index or count.
    **more : object
        `persons`, `detail`, and `component_status` for why there is no value (``not_defined`` unless said).

    Returns
    -------
    Component
        On the side of gaps, not yet held against a target.
    """
    known = math.isfinite(value)
    status = "measured" if known else more.pop("component_status", "not_defined")
    more.pop("component_status", None)
    return Component(
        pillar, "gap", component, value if known else math.nan, unit, component_status=status, **more
    )


def held_against(component: Component, targets: GapTargets) -> Component:
    """
    Hold a gap against the study's target for it, inclusively.

    Parameters
    ----------
    component : Component
        Levels stay as they are.
    targets : GapTargets
        Of the study.

    Returns
    -------
    Component
        With its target, and whether it is met.
    """
    asked = targets.of(component.component) if component.side == "gap" else None
    if asked is None:
        return component
    target, at_least = asked
    if math.isnan(component.value):
        return replace(component, target=target, meets_target="unknown")
    good = component.value >= target - TOLERANCE if at_least else component.value <= target + TOLERANCE
    return replace(component, target=target, meets_target="yes" if good else "no")


def component_table(rows: Iterable[tuple[str, str, Component]]) -> pd.DataFrame:
    """
    Put components into a table.

    Parameters
    ----------
    rows : iterable of (unit_level, unit_id, Component)
        In order.

    Returns
    -------
    DataFrame
        By the contract of `score_components`.
    """
    records = [
        {"unit_level": unit_level, "unit_id": unit_id, **asdict(component)}
        for unit_level, unit_id, component in rows
    ]
    table = pd.DataFrame(records, columns=list(COLUMNS))
    return table.astype({name: "float64" if name in NUMBERS else "str" for name in COLUMNS})
