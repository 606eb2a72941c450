"""Options, numbers and rounding: what is no number is refused by name, what is within rounding is the same."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal, localcontext

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine

import spatial as sp
from spatial.access.options import is_number, numbers
from spatial.errors import ContractError, CrsError

SCORES = [[0.5, 0.6], [0.7, 0.8]]
HUGE = 10**400
ACCESS = pd.DataFrame({"settlement_id": ["a"], "service": "clinic", "mode": "walk", "travel_time_min": 5.0})
ACCESS = ACCESS.assign(reach_status="reached", facility_id="f")
PLACES = pd.DataFrame({"settlement_id": ["a"], "population_persons": 9.0, "in_study": True})
LAST_MILE = pd.DataFrame({"settlement_id": ["a"], "last_mile_class": "near", "last_mile_class_known": "near"})
OD = pd.DataFrame({"from_id": ["a"], "to_id": ["f"], "travel_time_min": [5.0]})
CLINIC = pd.DataFrame({"facility_id": ["f"], "service": "clinic", "capacity": 9.0})
POINT = gpd.GeoDataFrame({"a": ["p"], "b": [1]}, geometry=gpd.points_from_xy([1.0], [1.0]), crs="EPSG:32650")
ONE_FLOW = pd.DataFrame({"from_id": ["a"], "to_id": ["b"], "volume": [1.0]})


def _interval(**options):
    return sp.cumulative_interval(OD, PLACES, CLINIC, **{"service": "clinic", "interval_min": (1, 2), **options})


def _allocated(**options):
    return sp.allocate_capacity(OD, PLACES, CLINIC, service="clinic", cutoff_min=None, **options)


def _sited(**options):
    return sp.mclp(OD, PLACES, CLINIC, n_facilities=1, service_radius=9.0, **options)


def _matched(**options):
    need = PLACES.assign(service="x", persons=1.0)
    return sp.match_capacity(need, CLINIC.assign(service="x", persons=1.0), OD, **options)


def _covered(**options):
    table = pd.DataFrame({"facility_id": ["f"], "row": 0, "column": 0, "capacity": 1.0})
    return sp.geographic_coverage([[1.0]], [[1.0]], table, resolution_m=10.0, cutoff_min=5.0, **options)


def test_cells_are_measured_in_a_crs_that_is_known():
    with pytest.raises(CrsError, match="the CRS None is not known"):
        sp.cell_sizes_m(Affine(1, 0, 0, 0, -1, 1), None, (2, 1))


@pytest.mark.parametrize(
    ("transform", "shape", "words"),
    [
        (Affine(1, 0, 0, 0, -1, 1), (None, 2), r"shape: give rows and columns, is \(None, 2\)"),
        (Affine(1, 0, 0, 0, -1, 1), None, "shape: give rows and columns, is None"),
        (Affine(math.nan, 0, 0, 0, -1, 1), (2, 2), "transform: must be finite numbers"),
        (None, (2, 2), "transform: is a NoneType; give Affine"),
    ],
)
def test_cells_are_measured_of_a_raster_that_is_told(transform, shape, words):
    with pytest.raises(ContractError, match=words):
        sp.cell_sizes_m(transform, "EPSG:32738", shape)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sp.segmentation_index(theil_between=0.1, advantaged_share=2), "advantaged_share: .* is 2"),
        (lambda: sp.fgt_poverty([1.0], line="x"), "line: must be finite, is 'x'"),
        (lambda: _interval(step_min="x"), "step_min 'x': must be 0 <= a <= b, step > 0"),
        (lambda: _interval(interval_min=[1, "a"]), "interval_min: texts"),
        (lambda: _allocated(capacity=["beds"]), ".'beds'.: no such column"),
        (lambda: _allocated(demand=["people"]), ".'people'.: no such column"),
        (lambda: _sited(demand=5), "demand: names columns, is 5"),
        (lambda: _sited(time_limit_s=None), "time_limit_s: must be 0 or more, is None"),
        (lambda: _sited(predefined=["existing"]), "predefined: names one status, or None, where frames are given"),
        (lambda: _sited(capacity=["beds"]), ".'beds'.: no such column"),
        (lambda: _matched(compatible=["x"]), "compatible: is .'x'.; give services by service"),
        (lambda: _matched(compatible={"x": 1}), "compatible: is .'x': 1.; give services by service"),
        (lambda: sp.fgt_poverty([1.0], line=1.0, bound="x"), "bound: must be finite, is 'x'"),
        (lambda: sp.fgt_poverty([1.0], line=1.0, alpha="x"), "alpha: powers must be 0 or more, are 'x'"),
        (lambda: sp.fgt_poverty([1.0], line=1.0, alpha=2.0), "alpha: powers must be 0 or more, are 2.0"),
        (lambda: sp.weighted_statistics([1.0], cap=-1.0), "cap: must be 0 or more, is -1"),
        (lambda: sp.weighted_statistics([1.0], cap="x"), "cap: must be 0 or more, is 'x'"),
        (lambda: sp.summarise(ACCESS, by=None, cap_min=math.nan), "cap_min: must be 0 or more, is nan"),
        (lambda: sp.summarise(ACCESS, by=None, min_known_share="x"), "min_known_share: must be from 0 to 1, is 'x'"),
        (lambda: sp.summarise(ACCESS, by=["tier"]), "by: is .'tier'., must be the name of one column"),
        (lambda: sp.wet_loss(ACCESS, ACCESS, PLACES, cutoff_min="x"), "cutoff_min: must be 0 or more, is 'x'"),
        (lambda: sp.last_mile_coverage(LAST_MILE, ACCESS, PLACES, targets=["clinic"]), "targets: is .'clinic'.; give"),
        (
            lambda: sp.last_mile_coverage(LAST_MILE, ACCESS, PLACES, targets={"clinic": "x"}),
            "targets: clinic: must be 0 or more, is 'x'",
        ),
        (lambda: sp.segmentation_index(advantaged_share=-0.1), "advantaged_share: .* is -0.1"),
        (lambda: sp.segmentation_index(theil_between="x"), "theil_between: must be a number.*'x'"),
        (lambda: sp.segmentation_index(dissimilarity="0.5"), "dissimilarity: must be a number.*'0.5'"),
        (lambda: sp.segmentation_index(gap_ratio=None), "gap_ratio: must be a number.*None"),
        (lambda: sp.segmentation_index(border_score="x"), "border_score: must be a number"),
        (lambda: sp.rank_intervals(SCORES, draws=5, seed="x"), "seed: must be 0 or more, a whole number, is 'x'"),
        (lambda: sp.rank_intervals(SCORES, draws=5, seed=-1), "seed: .* is -1"),
        (lambda: sp.rank_intervals(SCORES, draws="x"), "draws: .* is 'x'"),
        (lambda: sp.rank_intervals(SCORES, draws=5, aggregation=5), "aggregation: .* is 5"),
        (lambda: sp.morans_i([1, 2], [[0, 1], [1, 0]], seed="x"), "seed: "),
        (lambda: sp.local_clusters([1, 2], [[0, 1], [1, 0]], draws="x"), "draws: "),
        (lambda: sp.local_clusters([1, 2], [[0, 1], [1, 0]], false_discovery_rate="x"), "false_discovery_rate: "),
        (lambda: sp.atkinson_index([1, 2], epsilon="x"), "epsilon: .* is 'x'"),
        (lambda: sp.atkinson_index([1, 2], epsilon=HUGE), "epsilon: "),
        (lambda: sp.mean_log_deviation([1, 2], floor="x"), "floor: .* is 'x'"),
        (lambda: sp.erreygers_index([0, 1], upper="x"), "lower, upper: .* 'x'"),
        (lambda: sp.gini_index([1, HUGE]), "access: holds a whole number above 1e308; use a larger unit"),
        (lambda: sp.gini_index(["1", "2"]), r"access: .*no numbers: '1', '2' \(2 in all\); convert with pandas"),
        (lambda: sp.gini_index([dt.date(2020, 1, 1)]), "access: .*no numbers: '2020-01-01'"),
        (lambda: sp.topsis(SCORES, ["1", "2"]), "weights: .*no numbers"),
        (lambda: sp.integration_level(SCORES, floor="x"), "floor: .* is 'x'"),
        (lambda: sp.border_effect([1], [1], [1], threshold_min="x"), "threshold_min: .* is 'x'"),
        (lambda: sp.urban_rural_gap([1], [1], ["urban"], kind="time", threshold="x"), "threshold: .* is 'x'"),
        (lambda: sp.huff_shares([1], [[1]], exponent="x"), "exponent: .* is 'x'"),
        (lambda: sp.gravity_flows([1], [1], [[1]], tolerance="x"), "tolerance, max_rounds: .* 'x'"),
        (lambda: sp.ahp_weights([[1]], max_consistency_ratio="x"), "max_consistency_ratio: .* is 'x'"),
        (lambda: sp.network_indices("x", 1), "nodes, edges, components: x, 1, 1"),
        (lambda: sp.local_catchment_classes([[5]], ["town"], bins_min=["x"]), "bins_min: .*no numbers: 'x'"),
        (lambda: sp.local_catchment_classes([[5]], ["town"], bins_min=[math.nan]), "bins_min: must rise"),
        (lambda: sp.catchment_classes([[5]], [1e5], own_centre=[0.6]), "own_centre: .*whole numbers from 0 on"),
        (lambda: sp.environment_segregation([1], [2], [[0, 0]], bandwidth_m="x"), "bandwidth_m: .* is 'x'"),
        (lambda: sp.rank_intervals(SCORES, draws=5, variants={"speeds": 5}), "variants: must be a list of scores"),
        (lambda: sp.flow_matrix(ONE_FLOW, ["a", "a", "b"]), r"settlement_ids: more than once 'a' \(1 in all\)"),
        (lambda: sp.urban_rural_gap([1], [math.inf], ["urban"], kind="time"), "population_persons: infinite"),
        (lambda: sp.capture_recapture("5", 5, 3), "in_list, on_map, matched: .*no numbers: '5'"),
        (lambda: sp.node_roads(None, tolerance_m="5"), "tolerance_m is '5'; it must be from 0.01 to 100"),
        (lambda: sp.node_roads(None, tolerance_m=None), "tolerance_m is None"),
        (lambda: _covered(ring_min="2"), "ring_min: '2' is below 0 or unknown"),
        (lambda: _covered(ring_min=None), "ring_min: None is below 0 or unknown"),
        (lambda: sp.functional_completeness({"A": "t"}, {"A": "school"}, {}), "'school' is no list of services"),
        (lambda: sp.functional_completeness({"A": "t"}, {}, {"t": None}), "None is no list of services"),
        (
            lambda: sp.last_mile_coverage(LAST_MILE.assign(last_mile_class="far"), ACCESS, PLACES, targets={}),
            "last_mile_class: unknown value.* 'far' .*known are connected, near, gap, none, unknown",
        ),
        (lambda: sp.as_facilities(POINT, service=["x"]), "service: is .'x'., must be a text"),
        (
            lambda: sp.as_facilities(POINT.set_index(["a", "b"]), service="x"),
            "facility_id: the index has several levels",
        ),
        (
            lambda: sp.functional_urban_areas([[0]], [1], ["A"], [[0]], share="x"),
            "share: must lie between 0 and 1, is 'x'",
        ),
    ],
)
def test_an_option_that_is_none_is_refused_by_name(call, words):
    with pytest.raises(ContractError, match=words):
        call()


@pytest.mark.parametrize(
    "given",
    [
        ["1"],
        b"1",
        np.array(["1.5"]),
        pd.Series(["1", None]),
        pd.Series([1.0, "2"]),
        [dt.date(2020, 1, 1), 5.0],
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        pd.Series(pd.to_datetime(["2020-01-01"])),
        pd.Series(pd.to_timedelta([5], unit="min")),
        pd.DataFrame({"a": [1.0], "b": ["x"]}),
        np.array([1.0 + 1.0j]),
    ],
)
def test_texts_dates_and_complex_numbers_are_no_numbers(given):
    with pytest.raises(ContractError, match="v: texts, dates or complex numbers, which are no numbers"):
        numbers("t", "v", given)


@pytest.mark.parametrize(
    "given",
    [
        [1, None],
        pd.Series([1, None], dtype="Int64"),
        pd.Series([1.0, None], dtype=object),
        pd.Series([1.0, None]).astype("category"),
        [Decimal(1), math.nan],
        np.array([True, None]),
    ],
)
def test_numbers_stay_numbers_however_they_are_kept(given):
    np.testing.assert_array_equal(numbers("t", "v", given), [1.0, np.nan])


def test_a_whole_number_that_no_float_holds_is_no_option():
    assert is_number(10**300, least=0.0)
    assert not is_number(HUGE, least=0.0)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_one_group_alone_has_no_theil_term(share):
    index = sp.segmentation_index(theil_between=0.0, advantaged_share=share, dissimilarity=0.5)
    assert (index.value, "theil" in index.missing) == (0.5, True)


def test_no_place_has_no_catchment():
    assert sp.catchment_classes([], []).tolist() == []
    assert sp.catchment_classes([], [1e6], own_centre=[], is_town=[]).tolist() == []
    tier, band = sp.local_catchment_classes([], ["town"])
    assert (tier.tolist(), band.tolist()) == ([], [])


@pytest.mark.parametrize("noise", [1e-10, -1e-10, 1e-9, -1e-9])
def test_rounding_of_times_is_no_border(noise):
    effect = sp.border_effect([10.0, 30.0], [10.0 + noise * 0.99, 30.0 + noise * 0.99], [1.0, 1.0], threshold_min=30.0)
    assert (effect.effect_min.tolist(), effect.cross_share, effect.coverage_loss) == ([0.0, 0.0], 0.0, 0.0)


def test_more_than_rounding_is_a_border_or_a_fault():
    assert sp.border_effect([10.0, 20.0], [10.0 + 2e-9, 20.0], [1.0, 3.0]).cross_share == 0.25
    with pytest.raises(ContractError, match="time_closed_min: below time_open_min in 1 row"):
        sp.border_effect([10.0], [10.0 - 2e-9], [1.0])


def exact_atkinson(access, epsilon):
    """The definition in 60 digits, each place counting one; the power is the one that the float leaves."""
    with localcontext() as context:
        context.prec = 60
        values, power = [Decimal(value) for value in access], 1 - Decimal(epsilon)
        count = len(values)
        if power:
            mean = sum((value.ln() * power).exp() for value in values) / count
            equivalent = (mean.ln() / power).exp()
        else:
            equivalent = (sum(value.ln() for value in values) / count).exp()
        return float(1 - equivalent * count / sum(values))


@pytest.mark.parametrize(
    "epsilon", [0.5, 1 - 1e-3, 1 - 1e-9, 1 - 1e-12, 1 + 1e-15, 1.0, 1 + 1e-12, 1 + 1e-6, 1.5, 30.0]
)
@pytest.mark.parametrize("access", [[1, 2, 7], [1e-12, 5.0, 1e9], [0.1, 0.1000001, 0.1]])
def test_atkinson_is_exact_on_both_sides_of_one(access, epsilon):
    assert sp.atkinson_index(access, epsilon=epsilon) == pytest.approx(
        exact_atkinson(access, epsilon), rel=0, abs=1e-13
    )
