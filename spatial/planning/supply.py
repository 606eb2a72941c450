"""The unit in which people are told a measure of access."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["told_unit"]

FEW, MANY = 1_000, 100_000
"""People to whom supply for each person is told: a thousand, or a hundred thousand where that never makes one."""
EACH = " per person"


def told_unit(measure: pd.DataFrame) -> tuple[str, int]:
    """
    Choose the unit of one measure, so that supply for each person is no row of noughts.

    Examples
    --------
    >>> import pandas as pd
    >>> told_unit(pd.DataFrame({"unit": ["capacity per person"], "value": [0.004]}))
    ('capacity per 1000 people', 1000)
    """
    unit = str(measure["unit"].iloc[0])
    if not unit.endswith(EACH):
        return unit, 1
    per = FEW if measure["value"].max() * FEW >= 1 else MANY
    return f"{unit.removesuffix(EACH)} per {per} people", per
