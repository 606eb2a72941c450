"""Segregation that knows who lies beside whom, in a study: values by arithmetic, PySAL, and the published formula."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import spatial as sp
from spatial.errors import ContractError
from spatial.score.evidence import held_against, read_ground
from spatial.score.spatial_pattern import spread_of

CRS = "EPSG:32648"
X, TOTAL = [80.0, 60.0, 20.0, 0.0], [100.0] * 4


def row_of_townships(n=4):
    return gpd.GeoDataFrame(
        {"boundary_id": [f"t{at}" for at in range(n)], "name": pd.Series([None] * n, dtype="str")},
        geometry=[shapely.box(1000 * at, 0, 1000 * (at + 1), 1000) for at in range(n)],
        crs=CRS,
    )


def settlements(points, people, townships):
    return gpd.GeoDataFrame(
        {
            "settlement_id": [f"v{at}" for at in range(len(people))],
            "in_study": True,
            "population_persons": people,
            "township_id": townships,
        },
        geometry=gpd.points_from_xy(*np.asarray(points, dtype=float).T),
        crs=CRS,
    )


def parts(*made):
    return {part.component: part for part in made}


def published(x, total, points, bandwidth):
    """Reardon and O'Sullivan's two indices, summed place by place."""
    overall, everyone = sum(x) / sum(total), sum(total)
    apart = mixed = 0.0

    def entropy(p):
        return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)

    for here, t in zip(points, total, strict=True):
        weights = [max(0.0, 1 - (math.dist(here, there) / bandwidth) ** 2) ** 2 for there in points]
        around = sum(w * a for w, a in zip(weights, x, strict=True)) / sum(
            w * b for w, b in zip(weights, total, strict=True)
        )
        # both groups are as far from their share
        apart += t * 2 * abs(around - overall) / (2 * everyone * 2 * overall * (1 - overall))
        mixed += t * entropy(around) / (everyone * entropy(overall))
    return apart, 1 - mixed


def test_surroundings_half_a_bandwidth_apart_by_arithmetic():
    # the other counts (1 - 1/4)^2 = 0.5625: shares 100 / 156.25 = 0.64 and 0.36, each 0.14 from a half
    found = sp.environment_segregation([100, 0], [100, 100], [[0, 0], [50, 0]], bandwidth_m=100)
    assert found.dissimilarity == pytest.approx(2 * 100 * 0.14 / (2 * 200 * 0.25))
    mixed = -(0.64 * math.log(0.64) + 0.36 * math.log(0.36)) / math.log(2)
    assert found.information == pytest.approx(1 - mixed)


def test_who_sees_nobody_else_has_the_plain_indices_and_who_sees_all_alike_has_none():
    points = np.column_stack([np.arange(4.0), np.zeros(4)])
    alone = sp.environment_segregation(X, TOTAL, points, bandwidth_m=0.5)
    assert (alone.dissimilarity, alone.information) == pytest.approx((0.625, sp.information_index(X, TOTAL)))
    together = sp.environment_segregation(X, TOTAL, points, bandwidth_m=1e7)
    assert (together.dissimilarity, together.information) == pytest.approx((0.0, 0.0), abs=1e-9)
    nobody = sp.environment_segregation([0.0, 0.0], [1.0, 1.0], points[:2], bandwidth_m=1.0)
    assert math.isnan(nobody.dissimilarity)
    assert math.isnan(nobody.information)


@given(st.integers(0, 10_000), st.floats(200.0, 20_000.0))
def test_the_published_sums_come_out(seed, bandwidth):
    rng = np.random.default_rng(seed)
    total = rng.integers(1, 900, 25).astype(float)
    x = np.floor(total * rng.random(25))
    x[0], x[1] = total[0], 0.0
    points = rng.uniform(0.0, 10_000.0, (25, 2))
    found = sp.environment_segregation(x, total, points, bandwidth_m=bandwidth)
    assert (found.dissimilarity, found.information) == pytest.approx(
        published(x, total, points.tolist(), bandwidth), rel=1e-9, abs=1e-12
    )


def test_many_places_give_the_same_as_few_at_a_time(monkeypatch):
    rng = np.random.default_rng(2)
    total, points = rng.integers(1, 900, 300).astype(float), rng.uniform(0.0, 9000.0, (300, 2))
    x = np.floor(total * rng.random(300))
    whole = sp.environment_segregation(x, total, points, bandwidth_m=2000.0)
    monkeypatch.setattr("spatial.indices.groups.BLOCK", 7)
    assert sp.environment_segregation(x, total, points, bandwidth_m=2000.0) == whole


@pytest.mark.filterwarnings("ignore:`use_index` defaults:FutureWarning")
def test_townships_that_touch_lower_dissimilarity_by_arithmetic_and_as_in_pysal(singlegroup):
    boundaries = row_of_townships()
    points = [(500 + 1000 * at, 500) for at in range(4)]
    ground = read_ground(settlements(points, TOTAL, boundaries["boundary_id"].tolist()))
    made = parts(*spread_of(ground, np.array(X) / 100.0, norm="N", boundaries=boundaries))
    found = made["dissimilarity_contiguity"]
    # D less the mean difference of neighbours: 0.625 - (0.2 + 0.4 + 0.2) / 3
    assert found.value == pytest.approx(0.625 - 0.8 / 3)
    frame = boundaries.assign(x=X, t=TOTAL)
    assert found.value == pytest.approx(singlegroup.SpatialDissim(frame, "x", "t").statistic, rel=1e-9)
    assert (found.component_status, found.detail) == ("measured", "N")
    # Two that touch are enough: 0.5 x (60/80 - 40/120 + 80/120 - 20/80) less 0.4.
    two = read_ground(settlements(points[1:3], TOTAL[1:3], boundaries["boundary_id"].tolist()[1:3]))
    made = parts(*spread_of(two, np.array(X[1:3]) / 100.0, norm="N", boundaries=boundaries))
    assert made["dissimilarity_contiguity"].value == pytest.approx(5 / 12 - 0.4)


def test_townships_add_up_their_villages_and_those_of_nobody_or_nothing_known_drop_out():
    boundaries = row_of_townships(5)
    people = [50.0, 50.0, 60.0, 40.0, 100.0, 100.0, 0.0, 70.0]
    beyond = np.array([1.0, 0.6, 1.0, 0.0, 0.2, 0.0, 1.0, np.nan])
    townships = ["t0", "t0", "t1", "t1", "t2", "t3", "t9", "t4"]
    ground = read_ground(settlements([(at, 0) for at in range(8)], people, townships))
    made = parts(*spread_of(ground, beyond, norm="N", boundaries=boundaries))
    assert made["dissimilarity_contiguity"].value == pytest.approx(0.625 - 0.8 / 3)


@pytest.mark.parametrize("missing", ["layer", "outline", "points"])
def test_without_every_outline_there_is_no_value_but_a_reason(missing):
    boundaries = row_of_townships()
    ids = boundaries["boundary_id"].tolist()
    if missing == "outline":
        boundaries = boundaries.iloc[:3]
    if missing == "points":
        boundaries = boundaries.set_geometry(boundaries.centroid)
    ground = read_ground(settlements([(at, 0) for at in range(4)], TOTAL, ids))
    known = None if missing == "layer" else boundaries
    made = parts(*spread_of(ground, np.array(X) / 100.0, norm="N", boundaries=known))
    found = made["dissimilarity_contiguity"]
    assert math.isnan(found.value)
    assert (found.component_status, found.detail) == ("no_data", "no_outlines")
    assert made["dissimilarity_environment"].component_status == "measured"


def test_where_the_plain_index_is_not_defined_its_spatial_versions_are_not_either():
    boundaries = row_of_townships()
    ids = boundaries["boundary_id"].tolist()
    ground = read_ground(settlements([(at, 0) for at in range(4)], TOTAL, ids))
    for beyond, norm in ((np.zeros(4), "N"), (np.full(4, np.nan), "N"), (np.array(X) / 100.0, "")):
        made = spread_of(ground, beyond, norm=norm, boundaries=boundaries)
        assert {part.component_status for part in made} == {"not_defined"}


def test_the_reach_of_surroundings_is_the_studys_and_stands_beside_the_value():
    people, points = [100.0, 100.0], [(0, 0), (2500, 0)]
    ground = read_ground(settlements(points, people, ["t0", "t1"]))
    beyond = np.array([1.0, 0.0])
    made = parts(*spread_of(ground, beyond, norm="N"))
    # half of the default of 5 km: as half a bandwidth apart above
    assert made["dissimilarity_environment"].value == pytest.approx(0.28)
    assert made["dissimilarity_environment"].detail == "N;5 km"
    narrow = parts(*spread_of(ground, beyond, norm="N", environment_km=2.5))
    assert narrow["dissimilarity_environment"].value == pytest.approx(1.0)
    assert narrow["information_environment"].value == pytest.approx(1.0)
    assert narrow["information_environment"].detail == "N;2.5 km"


def test_the_target_of_dissimilarity_holds_for_townships_that_touch_and_not_for_surroundings():
    boundaries = row_of_townships()
    ids = boundaries["boundary_id"].tolist()
    ground = read_ground(settlements([(at, 0) for at in range(4)], TOTAL, ids))
    made = spread_of(ground, np.array(X) / 100.0, norm="N", boundaries=boundaries)
    targets = sp.GapTargets(dissimilarity=0.4)
    held = parts(*(held_against(part, targets) for part in made))
    assert (held["dissimilarity_contiguity"].target, held["dissimilarity_contiguity"].meets_target) == (0.4, "yes")
    for name in ("dissimilarity_environment", "information_environment"):
        assert held[name].meets_target == "no_target"


def test_units_in_degrees_are_refused():
    with pytest.raises(ContractError, match="degrees"):
        sp.queen_contiguity(row_of_townships().to_crs("EPSG:4326").geometry)
