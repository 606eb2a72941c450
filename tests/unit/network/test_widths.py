"""The width of a road: caps on its speed and modes that it does not carry, by the speed table that the user owns."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.errors import ContractError, NetworkError, StudyError
from spatial.network.build import build_network
from spatial.network.speeds import load_speeds, speeds_of_roads, width_cap

OWN = """
extends = "osrm_like"

[caps.width]
"3.0" = 15.0
"4.5" = 20.0

[width.imputed]
track = 2.8

[emergency]
min_width_m = 3.0
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "county.toml"
    path.write_text(OWN, encoding="utf-8")
    return path


def _speeds(table, widths, *, mode="drive", road_class="tertiary"):
    roads = pd.DataFrame({"road_class": road_class, "width_m": np.array(widths, dtype=float)})
    return speeds_of_roads(roads, load_speeds(table), mode=mode)


def _roads(**columns):
    """Roads of 1 km, one beside the other."""
    n = len(next(iter(columns.values())))
    lines = [shapely.LineString([(0, 100 * k), (1000, 100 * k)]) for k in range(n)]
    ids = [f"r{k}" for k in range(n)]
    return gpd.GeoDataFrame({"road_id": ids, **columns}, geometry=lines, crs="EPSG:32648")


def test_a_road_takes_the_lowest_cap_of_the_widths_it_is_narrower_than(own):
    # Tertiary: 40 km/h. Below 3 m 15, below 4.5 m 20; exactly 3 m is not below 3, exactly 4.5 is below none.
    speeds = _speeds(own, [2.0, 2.99, 3.0, 4.49, 4.5, 7.0, math.nan])
    assert speeds.forward_km_h.tolist() == [15.0, 15.0, 20.0, 20.0, 40.0, 40.0, 40.0]
    assert not speeds.width_imputed.any()


def test_a_kilometre_takes_the_minutes_of_its_width(own):
    graph = build_network(_roads(road_class=["tertiary"] * 3, width_m=[2.5, 4.0, 6.0]), speeds=own)
    # 60 min x 1 km / 15, 20 and 40 km/h
    assert dict(zip(graph.road_id, graph.forward_min, strict=True)) == {"r0": 4.0, "r1": 3.0, "r2": 1.5}


def test_other_caps_hold_beside_it(own):
    roads = pd.DataFrame({"road_class": ["tertiary"] * 2, "width_m": [4.0, 2.0], "surface": ["mud", "asphalt"]})
    # mud 10 is below the 20 of 4 m; asphalt has no cap, so the 15 of 2 m hold
    assert speeds_of_roads(roads, load_speeds(own), mode="drive").forward_km_h.tolist() == [10.0, 15.0]


def test_walkers_cyclists_and_motorcycles_are_not_slowed_by_a_narrow_road(own):
    for mode in ("walk", "cycle", "ebike", "motorcycle"):
        narrow, wide = _speeds(own, [1.5, 9.0], mode=mode).forward_km_h
        assert narrow == wide, mode
    # an ambulance is 1.2 times as fast as the capped car, where it may go at all
    assert _speeds(own, [4.0], mode="emergency").forward_km_h.tolist() == [24.0]


def test_a_mode_does_not_use_roads_narrower_than_it_needs(own):
    speeds = _speeds(own, [2.9, 3.0], mode="emergency")
    assert speeds.too_narrow.tolist() == [True, False]
    roads = _roads(road_class=["tertiary"] * 2, width_m=[2.9, 3.0])
    graph = build_network(roads, mode="emergency", speeds=own)
    assert set(graph.road_id) == {"r1"}
    assert graph.report["roads_closed"] == {"width": 1}
    assert set(build_network(roads, speeds=own).road_id) == {"r0", "r1"}
    with pytest.raises(NetworkError, match="no road is open to mode emergency"):
        build_network(roads.assign(width_m=1.0), mode="emergency", speeds=own)


def test_a_width_by_class_holds_where_none_is_known_and_is_counted(own):
    # Ungraded tracks take 20 km/h and 2.8 m by their class, so 15; one is known to be 5 m wide.
    roads = _roads(road_class=["track", "track", "track", "tertiary"], width_m=[math.nan, 5.0, 0.0, math.nan])
    graph = build_network(roads, speeds=own)
    found = dict(zip(graph.road_id, graph.speed_km_h, strict=True))
    assert found == {"r0": 15.0, "r1": 20.0, "r2": 15.0, "r3": 40.0}  # a width of 0 is none
    assert graph.report["width_imputed_share"] == 0.5  # 2 of 4 km
    row = graph.findings.set_index("finding_id").loc["drive/width_imputed/track"]
    assert row["detail"].startswith("2 roads of this class have no width")
    assert row.geometry.equals(roads.geometry.iloc[0])


def test_without_widths_in_the_table_nothing_changes(own):
    roads = _roads(road_class=["tertiary", "track"], width_m=[1.0, math.nan])
    graph = build_network(roads)
    assert sorted(graph.speed_km_h.tolist()) == [20.0, 40.0]
    assert graph.report["width_imputed_share"] == 0.0
    plain = build_network(roads.drop(columns="width_m"), speeds=own)
    assert dict(zip(plain.road_id, plain.speed_km_h, strict=True))["r0"] == 40.0  # no cap without a width


@pytest.mark.parametrize("width", ["about 4", "-3", -3.0])
def test_widths_that_are_no_numbers_are_refused(own, width):
    roads = _roads(road_class=["tertiary"] * 3, width_m=pd.Series(["3.5", None, width], dtype=object))
    with pytest.raises(ContractError, match=r"width_m: no number of at least 0 but '(about 4|-3|-3\.0)' \(1 in all\)"):
        build_network(roads, speeds=own)


@given(
    caps=st.lists(st.tuples(st.floats(0.5, 12.0), st.floats(0.0, 90.0)), max_size=5),
    widths=st.lists(st.floats(0.1, 15.0), min_size=2, max_size=8),
)
def test_a_wider_road_is_never_slower(caps, widths):
    speeds = width_cap(dict(caps), np.sort(np.array(widths)))
    assert (np.diff(np.nan_to_num(speeds, posinf=1e9)) >= 0).all()


def test_the_order_of_roads_and_of_the_table_changes_nothing():
    caps = {4.5: 20.0, 3.0: 15.0}
    widths = np.array([2.0, 4.0, 5.0])
    assert width_cap(caps, widths).tolist() == [15.0, 20.0, math.inf]
    assert width_cap(caps, widths[::-1]).tolist() == [math.inf, 20.0, 15.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[caps.width]\n3.5 = 20.0\n", ('caps.width.3: write the width in metres and in quotes, such as "3.5"',)),
        ('[caps.width]\n"3,5" = 20.0\n', ("caps.width.3,5", "in quotes")),
        ('[caps.width]\nnarrow = 20.0\n"-3" = 5.0\n', ("caps.width.narrow", "caps.width.-3")),
        ('[caps.width]\n"3.0" = "slow"\n', ("caps.width.3.0", "found 'slow'")),
        (
            '[caps.width]\n"3.0" = 30.0\n"4.5" = 20.0\n',
            ("below 3 m 30 km/h are allowed and below 4.5 m only 20", "a wider road must not be slower"),
        ),
        ("[caps.widht]\nx = 1.0\n", ("caps.widht: unknown option",)),
        ("[width.imputed]\ntrack = 0.0\n", ("width.imputed.track: must be a number above 0",)),
        ("[width]\nby_class = 1\n", ("width.by_class: unknown option",)),
        ("[drive]\nuses_width = 1\n", ("drive.uses_width: must be true or false",)),
        ("[drive]\nmin_width_m = -1.0\n", ("drive.min_width_m: must be a number of at least 0 and at most 10,000",)),
    ],
)
def test_every_fault_of_widths_is_named_with_its_key(tmp_path, text, words):
    path = tmp_path / "own.toml"
    path.write_text(f'extends = "osrm_like"\n{text}', encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        load_speeds(path)
    for word in words:
        assert word in str(caught.value)
