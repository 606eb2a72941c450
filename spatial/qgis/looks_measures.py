"""The look of measures of access: classes of equally many settlements."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from spatial.qgis.looks_engine import scored, sized
from spatial.qgis.looks_results import VILLAGE_SIZE, status_marker
from spatial.qgis.palette import BASE, GAP, REACH, ramp
from spatial.qgis.styles import Category
from spatial.qgis.symbols import marker, symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from spatial.qgis.meta import Messages
    from spatial.qgis.styles import Style

__all__ = ["measure_bounds", "measure_look"]

CLASSES = 5
PEOPLE = 10_000.0
"""A share of a facility a person is told for so many people."""


def measure_bounds(values: pd.Series[float], classes: int = CLASSES) -> list[float]:
    """
    Bound the classes of a measure by quantiles of what is above 0, or by its values where they are few.

    Examples
    --------
    >>> import pandas as pd
    >>> measure_bounds(pd.Series([0.0, 1.0, 2.0, 3.0, 4.0]), 2)
    [2.5]
    >>> measure_bounds(pd.Series([0.0, 2.0, 2.0, 11.0]), 2)
    [2.0]
    """
    above = values[values > 0].to_numpy()
    if len(above) == 0:
        return []
    distinct = np.unique(above)
    few = len(distinct) <= classes
    raw = distinct[:-1] if few else np.quantile(above, np.linspace(0, 1, classes + 1)[1:-1])
    bounds = sorted({_three_digits(float(bound)) for bound in raw})
    return [bound for bound in bounds if (above <= bound).any() and (above > bound).any()]


def _three_digits(value: float) -> float:
    """Round up to three digits, so that a bound never falls below the value that it came from."""
    rounded = float(f"{value:.3g}")
    if math.isclose(rounded, value, rel_tol=1e-9):
        return max(rounded, value)
    step = float(10.0 ** (math.floor(math.log10(value)) - 2))
    return rounded if rounded > value else float(f"{rounded + step:.3g}")


def measure_look(column: str, unit: str, frame: pd.DataFrame, words: Messages) -> Style:
    """Show a measure in classes of equally many settlements: more is darker, larger with more people."""
    size = VILLAGE_SIZE
    values = frame.loc[frame["in_study"], column]
    bounds = measure_bounds(values)
    names = [f"class {number}" for number in range(len(bounds) + 1)]
    cases = "".join(
        f" WHEN \"{column}\" <= {bound!r} THEN '{name}'" for bound, name in zip(bounds, names, strict=False)
    )
    chosen = f"CASE WHEN \"{column}\" <= 0 THEN 'nothing'{cases} WHEN \"{column}\" IS NOT NULL THEN '{names[-1]}' END"
    looks = zip(names, _class_labels(values, bounds, unit, words), ramp(REACH, len(names))[::-1], strict=True)
    categories = [Category((name,), label, sized(colour, size)) for name, label, colour in looks if label]
    nothing = marker(BASE["blank"], size=1.8, outline=(GAP["beyond"], 0.5), size_expression=size)
    categories.append(Category(("nothing",), words.text("measure", "nothing"), symbol("marker", nothing)))
    unknown = status_marker("not_measurable", size)
    categories.append(Category(("unknown",), words.text("measure", "no_value"), unknown))
    return scored(chosen, categories, frame, words)


def _class_labels(values: pd.Series[float], bounds: Sequence[float], unit: str, words: Messages) -> list[str]:
    per_person = unit.endswith(" per person")
    factor = PEOPLE if per_person else 1.0
    told = (
        words.text("measure", "per_people", unit=words.unit(unit.removesuffix(" per person")))
        if per_person
        else words.unit(unit)
    )

    def shown(value: float) -> str:
        return words.number(float(f"{value * factor:.3g}"))

    edges = [shown(bound) for bound in bounds]
    if not edges:
        above = values[values > 0]
        if above.empty:
            return [""]
        low, high = shown(above.min()), shown(above.max())
        return [words.text("measure", "only" if low == high else "between", low=low, high=high, unit=told)]
    middle = [
        words.text("measure", "between", low=low, high=high, unit=told) for low, high in pairwise(edges)
    ]
    return [
        words.text("measure", "first", high=edges[0], unit=told),
        *middle,
        words.text("measure", "last", low=edges[-1], unit=told),
    ]
