"""Two roads and two villages on them, as an analyst has them."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

import spatial as sp

CRS = "EPSG:32760"


@pytest.fixture(scope="module")
def graph():
    lines = [shapely.LineString([(0, 0), (9000, 0)]), shapely.LineString([(9000, 0), (9000, 6000)])]
    return sp.build_network(gpd.GeoDataFrame(geometry=lines, crs=CRS))


@pytest.fixture
def villages():
    return gpd.GeoDataFrame(
        {"settlement_id": ["b", "a"], "population_persons": [10.0, 20.0]},
        geometry=gpd.points_from_xy([3000, 0], [0, 0]),
        crs=CRS,
    )
