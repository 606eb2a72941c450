"""The settlements of a page in their order, with the blocks that its pages share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.cartography.columns import space_order

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import geopandas as gpd
    import numpy as np
    import numpy.typing as npt

__all__ = ["Rows", "rows_of"]


@dataclass(frozen=True)
class Rows:
    """The settlements of a page, in the order of its columns."""

    settlements: gpd.GeoDataFrame  # those in the study, indexed from 0
    ids: pd.Index  # their `settlement_id`
    # blocks of these settlements that several pages carry, so that each is encoded once
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Make a block the first time that it is asked for, and give the same one after."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def align(self, frame: pd.DataFrame, key: str = "settlement_id") -> pd.DataFrame:
        """
        Bring a table into the order of the settlements.

        Returns one row a settlement, missing where the table has none.
        """
        return pd.DataFrame(frame).set_index(key).reindex(self.ids)

    def subset(self, chosen: npt.NDArray[np.intp]) -> Rows:
        """Keep some of the settlements."""
        kept = self.settlements.iloc[chosen].reset_index(drop=True)
        return Rows(kept, pd.Index(kept["settlement_id"]))

    @property
    def has_people(self) -> bool:
        """Whether any population is known."""
        return bool(self.settlements["population_persons"].notna().any())


def rows_of(settlements: gpd.GeoDataFrame) -> Rows:
    """Pick and order the settlements that pages show."""
    inside = settlements.loc[settlements["in_study"]].sort_values("settlement_id", kind="stable")
    order = space_order(inside.geometry.x, inside.geometry.y)
    kept = inside.iloc[order].reset_index(drop=True)
    return Rows(kept, pd.Index(kept["settlement_id"]))
