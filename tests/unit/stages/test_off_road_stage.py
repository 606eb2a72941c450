"""The stage off the roads on frames: whose speeds roads have."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine

import spatial as sp
from spatial.runner.stage import Options
from spatial.stages.off_road import off_road


def test_walkers_off_the_roads_take_no_speed_that_a_list_states_for_vehicles():
    crs = "EPSG:32648"
    grid, spot = Affine(100, 0, 0, 0, -100, 1000), shapely.Point(50, 550)
    ground = sp.Raster(np.full((10, 10), 10.0), grid, pyproj.CRS(crs), "landcover")
    homes = gpd.GeoDataFrame({"settlement_id": ["a"]}, geometry=[shapely.Point(950, 550)], crs=crs)
    offers = gpd.GeoDataFrame(
        # In which settlement it is, a list may say.
        {"facility_id": ["h"], "settlement_id": ["town"], "service": "hospital", "status": "existing"},
        geometry=[spot],
        crs=crs,
    )
    water = gpd.GeoDataFrame({"is_barrier": pd.Series([], dtype=bool)}, geometry=[], crs=crs)
    road = gpd.GeoDataFrame(
        {"road_class": ["primary"]}, geometry=[shapely.LineString([(0, 550), (1000, 550)])], crs=crs
    )
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": {"osm": {"path": "x.osm"}}}

    def minutes(roads, mode):
        study = sp.Study.from_dict({**values, "off_road": {"service": "hospital", "mode": mode}})
        options = Options(study, ("off_road", "access", "services_file"))
        found = off_road(
            settlements=homes, facilities=offers, roads=roads, water=water, landcover=ground, options=options
        )
        assert found["off_road"]["facility_id"].tolist() == ["h"]
        return found["off_road"]["travel_time_min"].item()

    for stated in ([60.0], [np.nan]):
        assert minutes(road.assign(speed_km_h=stated), "walk") == minutes(road, "walk")
    # 900 m at 60 km/h.
    assert minutes(road.assign(speed_km_h=[60.0]), "motorised") == pytest.approx(0.9)


def test_who_is_shut_in_by_water_off_the_roads_has_no_way_and_is_not_merely_too_far():
    crs = "EPSG:32648"
    ground = sp.Raster(np.full((1, 30), 10.0), Affine(100, 0, 0, 0, -100, 100), pyproj.CRS(crs), "landcover")
    at = {"near": 150, "far": 1550, "island": 2550, "elsewhere": 9050}
    homes = gpd.GeoDataFrame(
        {"settlement_id": list(at)}, geometry=gpd.points_from_xy([*at.values()], [50] * 4), crs=crs
    )
    offers = gpd.GeoDataFrame(
        {"facility_id": ["h"], "service": "hospital", "status": "existing"}, geometry=[shapely.Point(50, 50)], crs=crs
    )
    lake = gpd.GeoDataFrame({"is_barrier": [True]}, geometry=[shapely.box(2000, 0, 2300, 100)], crs=crs)
    values = {"name": "one", "title": {"en": "One"}, "as_of": "2026-01-01", "sources": {"osm": {"path": "x.osm"}}}
    study = sp.Study.from_dict({**values, "off_road": {"service": "hospital", "cutoff_min": 10}})
    tables = {"roads": gpd.GeoDataFrame({"road_class": []}, geometry=[], crs=crs), "water": lake, "landcover": ground}
    options = Options(study, ("off_road", "access", "services_file"))
    found = off_road(settlements=homes, facilities=offers, options=options, **tables)["off_road"]
    # Of a place off the land cover nobody knows.
    assert found["reach_status"].tolist() == ["reached", "beyond_cutoff", "no_path", "unknown"]
