"""Numbers of a table as JSON knows them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["plain"]


def plain(value: object) -> Any:
    """
    Turn a cell of a table into what JSON can hold.

    Returns None for NaN, infinity and whatever else is missing.

    Examples
    --------
    >>> plain(float("nan")) is None
    True
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)
