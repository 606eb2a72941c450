"""The change of a level, taken apart exactly: by pillar, and by component within a pillar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of
from spatial.integration.scoring.level import FLOOR
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["KEY", "PILLARS", "common_levels", "decompose"]

KEY = ["unit_level", "unit_id"]
PART = [*KEY, "pillar", "component"]


def common_levels(
    components: Sequence[pd.DataFrame], weights: Mapping[str, float] | None = None
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """Join levels anew from the components that every run measured in a unit."""
    common = _common(components)
    by_pillar = common.groupby([*KEY, "pillar"])["component"].transform("size").to_numpy(dtype=np.float64)
    w = common["pillar"].map({name: (weights or {}).get(name, 0.0 if weights else 1.0) for name in PILLARS})
    parts = w.to_numpy(dtype=np.float64) / np.maximum(by_pillar, 1.0)
    total = pd.Series(parts, index=common.index).groupby([common[name] for name in KEY]).transform("sum")
    whole = total.to_numpy(dtype=np.float64)
    common["share"] = np.divide(parts, whole, out=np.full(len(parts), np.nan), where=whole > 0.0)
    units = pd.concat([table[KEY] for table in components]).drop_duplicates(ignore_index=True)
    tables = []
    for at in range(len(components)):
        logs = np.log(np.maximum(common[f"value_{at}"].to_numpy(dtype=np.float64), FLOOR))
        told = common[[*KEY, "pillar"]].assign(part=logs * common["share"].to_numpy(), log=logs)
        pillars = np.exp(told.groupby([*KEY, "pillar"])["log"].mean()).unstack("pillar")  # noqa: PD010 - no aggregate
        pillars = pillars.reindex(columns=list(PILLARS)).add_prefix("level_")
        joined = np.exp(told.groupby(KEY)["part"].sum(min_count=1)).rename("integration_level")
        tables.append(units.merge(pillars.join(joined).reset_index(), on=KEY, how="left"))
    return tables, common


def decompose(
    before: pd.DataFrame, after: pd.DataFrame, weights: Mapping[str, float] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Take the change of ``ln`` of the geometric mean apart.

    Examples
    --------
    >>> row = {"unit_level": "study", "unit_id": "study", "pillar": "order", "side": "level", "component": "gates"}
    >>> units, parts = decompose(pd.DataFrame([row | {"value": 0.5}]), pd.DataFrame([row | {"value": 1.0}]))
    >>> round(float(units["ln_change"].iloc[0]), 6), round(float(parts["contribution"].iloc[0]), 6)
    (0.693147, 0.693147)
    """
    (first, second), common = common_levels([before, after], weights)
    logs = [np.log(np.maximum(common[f"value_{at}"].to_numpy(dtype=np.float64), FLOOR)) for at in (0, 1)]
    common["contribution"] = common["share"].to_numpy() * (logs[1] - logs[0])
    sums = common.groupby([*KEY, "pillar"])["contribution"].sum(min_count=1)
    by_pillar = sums.unstack("pillar").reindex(columns=list(PILLARS))  # noqa: PD010 - nothing to aggregate
    units = first[[*KEY, "integration_level"]].merge(
        second[[*KEY, "integration_level"]], on=KEY, suffixes=("_first", "_second")
    )
    units = units.rename(
        columns={"integration_level_first": "level_before", "integration_level_second": "level_after"}
    )
    units["level_change"] = units["level_after"] - units["level_before"]
    units["ln_change"] = np.log(units["level_after"]) - np.log(units["level_before"])
    units = units.merge(by_pillar.add_prefix("contribution_").reset_index(), on=KEY, how="left")
    known = units[[f"contribution_{name}" for name in PILLARS]].notna().to_numpy()
    named = [";".join(np.array(PILLARS)[row]) for row in known]
    units["common_pillars"] = pd.Series(named, index=units.index, dtype="str")
    parts = common.rename(columns={"value_0": "value_before", "value_1": "value_after"})
    return units, parts[[*PART, "value_before", "value_after", "share", "contribution"]]


def _common(components: Sequence[pd.DataFrame]) -> pd.DataFrame:
    joined: pd.DataFrame | None = None
    for at, table in enumerate(components):
        mine = table[(table["side"] == "level") & table["value"].notna()]
        twice = mine[mine.duplicated(PART)]
        if len(twice):
            raise ContractError(
                "score_components",
                [
                    f"{first_of(twice['component'])}: {len(twice)} rows of one unit and component are there twice"
                ],
            )
        named = mine[[*PART, "value"]].rename(columns={"value": f"value_{at}"})
        joined = named if joined is None else joined.merge(named, on=PART, how="inner")
    if joined is None:
        raise ContractError("score_components", ["no runs are given"])
    return joined.sort_values(PART, ignore_index=True)
