"""Land cover that follows the ground: towns where people are, fields in valleys, forest on slopes, grass on tops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.sample_county.terrain import Terrain

__all__ = ["NO_COVER", "land_cover"]

FOREST, GRASS, FIELDS, BUILT, MOSAIC, WATER = 5, 10, 12, 13, 14, 17
"""Classes of the International Geosphere-Biosphere Programme."""
NO_COVER = 255
BUILT_PERSONS = 12.0
"""A cell of three seconds of arc with at least so many people is built up."""
FIELD_SLOPE, FOREST_SLOPE = 0.12, 0.28
"""Fields lie on ground gentler than the first, forest on ground steeper than the second."""
TOPS = 0.85
"""Ground higher than this share of all ground is grass."""


def land_cover(terrain: Terrain, population: NDArray[np.float64], river: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Cover the ground."""
    tops = terrain.elevation_m >= np.quantile(terrain.elevation_m, TOPS)
    kinds = [
        (river, WATER),
        (population >= BUILT_PERSONS, BUILT),
        (terrain.slope <= FIELD_SLOPE, FIELDS),
        (tops, GRASS),
        (terrain.slope >= FOREST_SLOPE, FOREST),
    ]
    conditions, classes = zip(*kinds, strict=True)
    cover: NDArray[np.uint8] = np.select(conditions, classes, MOSAIC).astype(np.uint8)
    return cover
