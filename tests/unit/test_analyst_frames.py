"""Frames as analysts have them: other columns, kinds and indexes change no time; what would mislead is refused."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

import spatial as sp
from spatial.crs import refuse_stretched, scale_errors, working_crs_for

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


@pytest.fixture
def clinics():
    return gpd.GeoDataFrame(
        {"facility_id": ["y", "x"], "service": "clinic", "status": ["existing", "closed"]},
        geometry=gpd.points_from_xy([9000, 0], [5000, 0]),
        crs=CRS,
    )


CHANGES = {
    "another name of the geometry": lambda frame: frame.rename_geometry("where"),
    "an index that repeats": lambda frame: frame.set_index(pd.Index([7, 7])),
    "categories": lambda frame: frame.astype(dict.fromkeys(frame.columns[:1], "category")),
    "heights": lambda frame: frame.set_geometry(shapely.force_3d(frame.geometry.to_numpy(), z=12.0)),
    "the other order": lambda frame: frame.iloc[::-1],
    "nullable kinds": lambda frame: gpd.GeoDataFrame(
        pd.DataFrame(frame.drop(columns="geometry")).convert_dtypes(dtype_backend="pyarrow"),
        geometry=frame.geometry,
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_how_a_frame_is_kept_changes_no_time(change, graph, villages, clinics):
    od = sp.travel_times(graph, change(villages), change(clinics))
    assert list(zip(od["from_id"], od["to_id"], strict=True)) == [("a", "y"), ("b", "y")]
    # 14 and 11 km at 25 km/h; the closed clinic next door counts for nobody.
    np.testing.assert_allclose(od["travel_time_min"], [33.6, 26.4])


@pytest.mark.parametrize("status", ["Existing", "open", None])
def test_a_status_of_another_word_is_refused_and_not_left_out(status, graph, villages, clinics):
    odd = clinics.assign(status=[status, "existing"])
    with pytest.raises(sp.ContractError, match=r"status: .* in 1 rows; write existing, candidate, closed"):
        sp.travel_times(graph, villages, odd)
    with pytest.raises(sp.ContractError, match="status"):
        sp.cost_to_closest(graph, villages, odd, service="clinic")
    od = pd.DataFrame({"from_id": ["a"], "to_id": ["x"], "travel_time_min": [5.0]})
    with pytest.raises(sp.ContractError, match="status"):
        sp.cumulative_cutoff(od, villages, odd, service="clinic", cutoffs_min=10)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32759"])
def test_places_in_another_crs_are_sent_to_that_of_the_network(crs, graph, villages, clinics):
    with pytest.raises(sp.CrsError, match=rf"settlements: the CRS is {crs}.*to_crs\(graph.crs\)"):
        sp.travel_times(graph, villages.to_crs(crs), clinics)
    with pytest.raises(sp.CrsError, match=rf"facilities: the CRS is {crs}.*to_crs\(graph.crs\)"):
        sp.node_catchments(graph, clinics.to_crs(crs))
    with pytest.raises(sp.CrsError, match="settlements: no CRS"):
        sp.travel_times(graph, villages.set_crs(None, allow_override=True), clinics)


def test_roads_of_a_single_point_are_no_matter_of_the_speed_table():
    dot = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (0, 0)])], crs=CRS)
    with pytest.raises(sp.NetworkError, match="1 are open and none of these has two different points"):
        sp.build_network(dot)


def test_an_area_across_the_180th_meridian_gets_no_zone_on_the_other_side_of_the_earth():
    islands = gpd.GeoSeries(gpd.points_from_xy([178.4, -179.9], [-18.1, -16.9]), crs=4326)
    with pytest.raises(sp.CrsError, match=r"span 358 degrees of longitude, from -179\.9 to 178\.4"):
        working_crs_for(islands)
    assert working_crs_for(islands.iloc[:1]).to_epsg() == 32760
    # Bergen lies in zone 32V of the map sheets, and in the plain zone 31.
    assert working_crs_for(gpd.GeoSeries(gpd.points_from_xy([5.25], [60.4]), crs=4326)).to_epsg() == 32631


@pytest.mark.parametrize("crs", ["EPSG:3395", "EPSG:3035", "EPSG:32650"])
def test_frames_whose_metres_are_no_metres_of_the_ground_are_refused(crs):
    # World Mercator draws 1.56 m at 50 degrees; an equal-area CRS of Europe is off in Xinjiang, as zone 50 (117 E) is.
    lines = [
        shapely.LineString([(82.0, 50.0), (82.1, 50.0)]),
        shapely.LineString([(82.1, 50.0), (82.1, 50.1)]),
    ]
    roads = gpd.GeoDataFrame(geometry=lines, crs=4326)
    points = gpd.GeoDataFrame(geometry=[shapely.Point(82.0, 50.0)], crs=4326)
    for take, frame, what in (
        (sp.build_network, roads, "roads"),
        (sp.as_settlements, points, "settlement"),
        (lambda given: sp.as_facilities(given, service="clinic"), points, "facility"),
    ):
        with pytest.raises(
            sp.CrsError, match=rf"{what}.*: lengths in {crs} .*reproject with frame.to_crs\('EPSG:32644'\)"
        ):
            take(frame.to_crs(crs))
    assert sp.build_network(roads.to_crs("EPSG:32644")).n_edges == 2


@pytest.mark.parametrize(
    "crs",
    [
        "EPSG:31281",  # MGI (Ferro) / Austria West Zone: its meridians count from Ferro
        "EPSG:27572",  # NTF (Paris) / Lambert II: in grads from Paris
        "EPSG:5514",  # S-JTSK / Krovak: axes to the west and south
        "EPSG:6265",  # Colombia Urban: Medellin, a plane at 1,510 m: 1 + 1510 / 6371000 = 1.00024
        "EPSG:3460",  # Fiji, across the 180th meridian
    ],
)
def test_national_grids_are_true_in_their_own_area(crs):
    known = pyproj.CRS.from_user_input(crs)
    use = known.area_of_use
    east = use.east + (360.0 if use.east < use.west else 0.0)
    middle = gpd.GeoSeries.from_xy([(use.west + east) / 2], [(use.south + use.north) / 2], crs=4326)
    assert scale_errors(middle, known)[0] < 0.0011
    refuse_stretched(middle.to_crs(known), what="points")


def test_the_scale_is_that_of_the_formula():
    # On a meridian of UTM 0.9996; three degrees off at the equator x (1 + 0.05236^2 / 2 x (1 + e'^2)) = 1.00098.
    at_equator = gpd.GeoSeries.from_xy([9.0, 12.0], [0.0, 0.0], crs=4326)
    np.testing.assert_allclose(
        scale_errors(at_equator, pyproj.CRS("EPSG:32632")), [0.0004, 0.00098], rtol=0, atol=1e-5
    )
