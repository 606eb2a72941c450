"""What lies around places: the study area, what cannot be crossed on foot, and the sea."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Surroundings"]

SEA_KINDS = ("sea", "coastline", "coast")
"""Values of a water's `kind` that say: the land ends here."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The ground that access is measured on. Every part may be missing."""

    # polygons within which places are scored; tells which ends of the network were cut off
    study_area: gpd.GeoSeries | gpd.GeoDataFrame | None = None
    # what no walk to the road and no direct walk may touch: water, or a border that is closed
    barriers: gpd.GeoSeries | None = None
    # sea or coast line: a road that ends there ends by nature, and was not cut off
    sea: gpd.GeoSeries | None = None

    @classmethod
    def from_layers(
        cls, *, study_area: gpd.GeoDataFrame | None = None, water: gpd.GeoDataFrame | None = None
    ) -> Surroundings:
        """
        Take the surroundings from the tables ``study_area`` and ``water``.

        Returns what is not there stays None, or empty.
        """
        if water is None:
            return cls(study_area=study_area)
        is_sea = water["kind"].isin(SEA_KINDS)
        is_barrier = water["is_barrier"].astype(bool)
        return cls(study_area, water.loc[is_barrier].geometry, water.loc[is_sea].geometry)
