"""Presence: which villages, townships and counties hold a facility, and which villages a road reaches."""

from __future__ import annotations

import importlib.resources
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
import shapely

from spatial.access.eligibility import serves_where_it_stands

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

Facilities = TypeVar("Facilities", bound=pd.DataFrame)

__all__ = [
    "RoadWord",
    "count_by_township",
    "count_by_village",
    "load_road_words",
    "nearest_road_m",
    "road_link",
]

SLACK = 1.0 + 1e-9
"""Widens a search a little, so that what lies exactly at the radius is found; the exact test follows."""


@dataclass(frozen=True)
class RoadWord:
    """What a word of the register means in a road's tags."""

    column: str  # the column that tells: ``surface`` or ``road_class``
    yes: frozenset[str]  # values that make the road one, and values that do not; any other leaves it open
    no: frozenset[str]
    proxy: bool  # whether the tags only stand in for what the norm asks
    link_distance_m: float  # A place is linked within this straight distance, inclusive


def load_road_words() -> dict[str, RoadWord]:
    """Read what the register's words for roads mean."""
    text = (
        importlib.resources.files("spatial.norms")
        .joinpath("norms_roads.toml")
        .read_text(encoding="utf-8")
    )
    values = tomllib.loads(text)
    distance = float(values.pop("link_distance_m"))
    return {
        name: RoadWord(
            word["column"], frozenset(word["yes"]), frozenset(word["no"]), bool(word["proxy"]), distance
        )
        for name, word in values.items()
    }


def count_by_village(
    settlements: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, *, radius_m: float
) -> pd.Series:
    """Count the facilities that stand in each village."""
    known = facilities.get("settlement_id", pd.Series(pd.NA, index=facilities.index, dtype="str"))
    loose = facilities.loc[known.isna()]
    points = settlements.geometry.to_numpy()
    tree = shapely.STRtree(points)
    which, where = tree.query_nearest(loose.geometry.to_numpy(), max_distance=max(radius_m, 1e-6) * SLACK)
    near = shapely.distance(loose.geometry.to_numpy()[which], points[where]) <= radius_m
    pairs = pd.DataFrame({"which": which[near], "id": settlements["settlement_id"].to_numpy()[where[near]]})
    holders = pairs.groupby("which", sort=True)["id"].min()
    held = pd.concat([known.dropna().astype("str"), holders.astype("str")], ignore_index=True)
    return held.value_counts().astype("float64")


def count_by_township(facilities: pd.DataFrame) -> pd.Series:
    """Count the facilities of each township."""
    if "township_id" not in facilities:
        return pd.Series(dtype="float64")
    return facilities["township_id"].dropna().value_counts().astype("float64")


def nearest_road_m(points: gpd.GeoSeries, roads: gpd.GeoSeries, *, radius_m: float) -> FloatArray:
    """
    Measure the straight distance to the nearest of some roads.

    Returns metres along the points; `inf` beyond the radius.
    """
    distance = np.full(len(points), np.inf)
    tree = shapely.STRtree(roads.to_numpy())
    pairs, metres = tree.query_nearest(
        points.to_numpy(), max_distance=radius_m * SLACK, return_distance=True, all_matches=False
    )
    distance[pairs[0]] = metres
    distance[distance > radius_m] = np.inf
    return distance


def road_link(points: gpd.GeoSeries, roads: gpd.GeoDataFrame, word: RoadWord) -> FloatArray:
    """
    Tell which places a road of some kind reaches.

    Returns 1 linked, 0 not, NaN where only a road of unknown kind is near enough.
    """
    kind = roads[word.column] if word.column in roads else pd.Series(None, index=roads.index, dtype="str")
    sure = kind.isin(list(word.yes))
    open_ = ~sure & ~kind.isin(list(word.no))
    radius = word.link_distance_m
    linked = np.isfinite(nearest_road_m(points, roads.loc[sure].geometry, radius_m=radius))
    perhaps = np.isfinite(nearest_road_m(points, roads.loc[open_].geometry, radius_m=radius))
    return np.where(linked, 1.0, np.where(perhaps, np.nan, 0.0))


def satisfied_by(facilities: Facilities, services: frozenset[str]) -> Facilities:
    """Keep the facilities that count for a service today."""
    counting = facilities["service"].isin(list(services)) & (facilities["status"] == "existing")
    return facilities.loc[counting & serves_where_it_stands(facilities)]
