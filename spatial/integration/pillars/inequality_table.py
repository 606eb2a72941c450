"""How unequally access is spread in the study and in each township."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.inequality import (
    atkinson_index,
    concentration_index,
    erreygers_index,
    gini_index,
    mean_log_deviation,
    palma_ratio,
    palma_ratio_by_rank,
    read_sample,
    theil_t,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spatial.integration.pillars.ground import Ground, Unit
    from spatial.integration.pillars.place_scores import PlaceScores

    FloatArray = NDArray[np.float64]

__all__ = ["inequality_table"]

FLOOR = 0.01
"""Access that a place without any counts as in the mean log deviation, which has no value otherwise."""


def inequality_table(ground: Ground, scores: PlaceScores, *, rank_by: str = "") -> pd.DataFrame:
    """Measure inequality of access, a good of 0-1 by norms that ask the same of town and country, in every unit."""
    rank = None
    if rank_by and rank_by in ground.settlements:
        rank = pd.to_numeric(ground.settlements[rank_by], errors="coerce").to_numpy(dtype=np.float64)
    access = scores.common_access(ground.official_class)
    tables = [_unit(unit, ground, access, rank) for unit in ground.units()]
    return pd.concat(tables, ignore_index=True)


def _unit(unit: Unit, ground: Ground, access: FloatArray, rank: FloatArray | None) -> pd.DataFrame:
    y, people = access[unit.members], ground.weight[unit.members]
    sample = read_sample(y, people)
    values = _measures(y, people, ground.official_class[unit.members])
    values |= _by_rank(y, people, None if rank is None else rank[unit.members])
    return pd.DataFrame(
        {
            "unit_level": unit.level,
            "unit_id": unit.id,
            "measure": list(values),
            "value": np.array(list(values.values()), dtype=np.float64),
            "n_total": sample.n_total,
            "n_valid": sample.n_valid,
            "n_nan": sample.n_nan,
            "pop_total": sample.pop_total,
            "pop_valid": sample.pop_valid,
        }
    )


def _measures(y: FloatArray, people: FloatArray, official: NDArray[np.object_]) -> dict[str, float]:
    sides = np.isin(official.astype(str), ["urban", "rural"])
    both = len(set(official[sides].astype(str))) > 1
    parts = theil_t(y[sides], people[sides], official[sides].astype(str)) if both else None
    palma = palma_ratio(y, people)
    return {
        "theil_t": float(theil_t(y, people)),
        "theil_between": parts.between if parts is not None else math.nan,
        "theil_within": parts.within if parts is not None else math.nan,
        "mean_log_deviation": float(mean_log_deviation(y, people, floor=FLOOR)),
        "gini": gini_index(y, people),
        "atkinson_0_5": atkinson_index(y, people, epsilon=0.5),
        "atkinson_1": atkinson_index(y, people, epsilon=1.0),
        "palma": palma if math.isfinite(palma) else math.nan,
    }


def _by_rank(y: FloatArray, people: FloatArray, rank: FloatArray | None) -> dict[str, float]:
    if rank is None:
        return dict.fromkeys(("palma_by_rank", "concentration", "erreygers"), math.nan)
    palma = palma_ratio_by_rank(y, people, rank_by=rank)
    return {
        "palma_by_rank": palma if math.isfinite(palma) else math.nan,
        "concentration": concentration_index(y, people, rank),
        "erreygers": erreygers_index(y, people, rank),
    }
