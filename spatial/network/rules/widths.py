"""What the width of a road does: caps on its speed, and which modes it carries; a wider road is never slower."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.network.rules.tags import class_values, number_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from spatial.sources.road_lines import RoadLines

__all__ = ["RoadWidths", "WidthRules", "width_problems", "widths_of_roads"]

_QUOTES = 'write the width in metres and in quotes, such as "3.5" = 20.0'


@dataclass(frozen=True)
class WidthRules:
    """What the width of roads does to speeds."""

    caps: Mapping[float, float] = field(default_factory=dict)  # km/h of roads narrower than so many metres
    # metres by road class, for roads whose width is not known
    imputed: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_table(cls, values: Mapping[str, Any]) -> WidthRules:
        """Take the sections ``[caps.width]`` and ``[width.imputed]`` of a checked speed table."""
        caps = {float(width): float(speed) for width, speed in values["caps"].get("width", {}).items()}
        imputed = values.get("width", {}).get("imputed", {})
        return cls(dict(sorted(caps.items())), {kind: float(width) for kind, width in imputed.items()})

    def cap(self, width_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        Find the speed that a width allows.

        Returns km/h: the lowest of all widths that the road is narrower than; inf where it is narrower than
        none.

        Examples
        --------
        >>> WidthRules({3.0: 15.0, 4.5: 30.0}).cap(np.array([2.9, 3.0, 4.5])).tolist()
        [15.0, 30.0, inf]
        """
        cap = np.full(len(width_m), np.inf)
        for limit, speed in self.caps.items():
            cap = np.where(width_m < limit, np.minimum(cap, speed), cap)
        return cap


@dataclass(frozen=True, eq=False)
class RoadWidths:
    """Widths of a frame of roads, one value a road."""

    width_m: NDArray[np.float64]  # as the roads say, else by their class; NaN where neither does
    is_imputed: NDArray[np.bool_]  # where it is by the class


def widths_of_roads(roads: pd.DataFrame | RoadLines, rules: WidthRules) -> RoadWidths:
    """Find the width of every road."""
    width = number_values(roads, "width_m")
    width = np.where(width > 0, width, np.nan)
    by_class = class_values(roads).numbers(lambda kind: rules.imputed.get(kind, math.nan))
    is_imputed = np.isnan(width) & ~np.isnan(by_class)
    return RoadWidths(np.where(is_imputed, by_class, width), is_imputed)


def width_problems(values: Mapping[str, Any]) -> list[str]:
    """List what is wrong with the widths of a speed table."""
    caps, width = values["caps"].get("width", {}), values.get("width", {})
    if not isinstance(caps, dict) or not isinstance(width, dict):
        return [f"caps.width and width: must be sections; {_QUOTES}"]
    problems = [f"width.{key}: unknown key; there is imputed" for key in width if key != "imputed"]
    imputed = width.get("imputed", {})
    if not isinstance(imputed, dict):
        return [*problems, "width.imputed: must be a section of metres by road class"]
    problems += [
        f"width.imputed.{kind}: must be a number of metres above 0 (found {metres!r})"
        for kind, metres in imputed.items()
        if not _is_number(metres) or not metres > 0
    ]
    wrong = [
        f"caps.width.{key}: {_QUOTES} (found {item!r})" for key, item in caps.items() if not _fits(key, item)
    ]
    return problems + (wrong or _faster_where_narrower(caps))


def _faster_where_narrower(caps: Mapping[str, float]) -> list[str]:
    ordered = sorted((float(width), speed) for width, speed in caps.items())
    return [
        f"caps.width: below {narrow:g} m {fast:g} km/h are allowed and below {wide:g} m only {slow:g}; "
        "a wider road must not be slower"
        for (narrow, fast), (wide, slow) in pairwise(ordered)
        if fast > slow
    ]


def _fits(key: str, item: object) -> bool:
    try:
        width = float(key)
    except ValueError:
        return False
    return 0 < width < math.inf and _is_number(item)


def _is_number(item: object) -> bool:
    is_number = isinstance(item, int | float) and not isinstance(item, bool)
    return is_number and 0 <= item < math.inf  # type: ignore[operator]
