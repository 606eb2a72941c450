"""What holds a unit back most: its obstacle degrees, over all components of its level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.scoring import obstacle_degrees

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["held_back"]

_UNIT = ["unit_level", "unit_id"]


def held_back(components: pd.DataFrame, weights: Mapping[str, float] | None = None) -> pd.DataFrame:
    """
    Share out what each unit lacks among the components of its level.

    A pillar's weight is spread evenly over those of its components that are known, so that a pillar of four counts no
    more than one of two.

    Returns the measured rows of levels with `obstacle_degree` (0-1; the shares of a unit sum to 1, or are all
    0 where it lacks nothing), each unit's largest first.

    Examples
    --------
    >>> rows = pd.DataFrame({"unit_level": "study", "unit_id": "study", "pillar": ["order", "structure"],
    ...                      "side": "level", "component": ["a", "b"], "value": [0.4, 0.8]})
    >>> held_back(rows)[["component", "obstacle_degree"]].round(2).values.tolist()
    [['a', 0.75], ['b', 0.25]]
    """
    rows = components.loc[(components["side"] == "level") & components["value"].notna()].reset_index(
        drop=True
    )
    weight = rows["pillar"].map(dict(weights)).fillna(0.0) if weights else pd.Series(1.0, index=rows.index)
    rows["_weight"] = weight / rows.groupby([*_UNIT, "pillar"])["component"].transform("size")
    rows["obstacle_degree"] = np.nan
    for _, part in rows.groupby(_UNIT, sort=False):
        if part["_weight"].sum() > 0:
            rows.loc[part.index, "obstacle_degree"] = obstacle_degrees(part["value"], part["_weight"])
    ranked = rows.sort_values(
        [*_UNIT, "obstacle_degree", "pillar", "component"], ascending=[True, True, False, True, True]
    )
    return ranked.drop(columns="_weight").reset_index(drop=True)
