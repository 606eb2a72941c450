"""Labels: arguments in another order are paired by label, other labels are refused, arrays count by position."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import spatial as sp
from spatial.access.options import paired
from spatial.errors import ContractError
from spatial.score.composite import obstacle_degrees

ORDER = [2, 0, 1]
"""Where each place of the second order stands in the first one."""
NEXT = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 2.0], [0.0, 2.0, 0.0]])
FLOWS = np.array([[0.0, 7.0, 1.0], [2.0, 0.0, 5.0], [3.0, 11.0, 0.0]])
APART = np.array([[0.0, 10.0, 20.0], [10.0, 0.0, 15.0], [20.0, 15.0, 0.0]])
POINTS = np.array([[0.0, 0.0], [900.0, 0.0], [5000.0, 0.0]])
SCORES = np.array([[0.9, 0.2, 0.5], [0.3, 0.8, 0.6]])
CLASSES = np.array(["urban", "rural", "rural"], dtype=object)
TIMES = np.array([[50.0, 10.0, 5.0], [70.0, 20.0, 130.0]])
JUDGED = np.array([[1.0, 3.0, 5.0], [1 / 3, 1.0, 3.0], [1 / 5, 1 / 3, 1.0]])
EDGE = np.array([True, True, True])
RANKED = {"rank_by": "places"}

CALLS = {
    "gini_index": (sp.gini_index, [[1.0, 4.0, 9.0], [30.0, 20.0, 10.0]]),
    "palma_ratio": (sp.palma_ratio, [[1.0, 4.0, 9.0], [30.0, 20.0, 10.0]]),
    "atkinson_index": (sp.atkinson_index, [[1.0, 4.0, 9.0], [30.0, 20.0, 10.0]]),
    "equally_distributed_equivalent": (sp.equally_distributed_equivalent, [[1.0, 4.0, 9.0], [30.0, 2.0, 1.0]]),
    "theil_t": (lambda *a: sp.theil_t(*a).between, [[1.0, 4.0, 9.0], [30.0, 20.0, 10.0], CLASSES]),
    "mean_log_deviation": (
        lambda *a: sp.mean_log_deviation(*a, floor=2.0).between,
        [[1.0, 4.0, 9.0], [30.0, 20.0, 10.0], CLASSES],
    ),
    "concentration_index": (sp.concentration_index, [[1.0, 4.0, 9.0], [30.0, 20.0, 10.0], [5.0, 1.0, 3.0]]),
    "erreygers_index": (sp.erreygers_index, [[0.1, 0.4, 0.9], [30.0, 20.0, 10.0], [5.0, 1.0, 3.0]]),
    "palma_ratio_by_rank": (
        lambda a, p, r: sp.palma_ratio_by_rank(a, p, rank_by=r),
        [[1.0, 4.0, 9.0], [30.0, 20.0, 10.0], [5.0, 1.0, 3.0]],
    ),
    "dissimilarity_index": (sp.dissimilarity_index, [[30.0, 0.0, 5.0], [50.0, 100.0, 40.0]]),
    "information_index": (sp.information_index, [[30.0, 0.0, 5.0], [50.0, 100.0, 40.0]]),
    "isolation_index": (sp.isolation_index, [[30.0, 0.0, 5.0], [50.0, 100.0, 40.0]]),
    "exposure_index": (sp.exposure_index, [[30.0, 0.0, 5.0], [50.0, 100.0, 40.0]]),
    "correlation_ratio": (sp.correlation_ratio, [[30.0, 0.0, 5.0], [50.0, 100.0, 40.0]]),
    "boundary_dissimilarity": (sp.boundary_dissimilarity, [[30.0, 0.0, 5.0], [50.0, 100.0, 40.0], NEXT]),
    "environment_segregation": (
        lambda *a: sp.environment_segregation(*a, bandwidth_m=1000.0),
        [[30.0, 0.0, 5.0], [50.0, 100.0, 40.0], POINTS],
    ),
    "morans_i": (lambda *a: sp.morans_i(*a, draws=0), [[1.0, 4.0, 9.0], NEXT]),
    "local_clusters": (lambda *a: sp.local_clusters(*a, draws=9).value, [[1.0, 4.0, 9.0], NEXT]),
    "border_effect": (
        lambda *a: sp.border_effect(*a, threshold_min=30.0),
        [[10.0, 15.0, 20.0], [40.0, 15.0, 21.0], [100.0, 200.0, 150.0]],
    ),
    "urban_rural_gap": (
        lambda *a: sp.urban_rural_gap(*a, kind="time", threshold=30.0),
        [[10.0, 40.0, 50.0], [100.0, 20.0, 30.0], CLASSES],
    ),
    "flow_balance": (sp.flow_balance, [FLOWS, CLASSES]),
    "reciprocity": (lambda f, c: sp.reciprocity(f, official_class=c), [FLOWS, CLASSES]),
    "radiation_flows": (lambda p, d, t: sp.radiation_flows(p, d, trips=t), [[9.0, 5.0, 2.0], APART, [4.0, 3.0, 1.0]]),
    "fulcrum_index": (sp.fulcrum_index, [[0.25, 0.5, 0.1], [0.16, 0.2, 0.9]]),
    "functional_urban_areas": (
        lambda c, e, n, k, edge: sp.functional_urban_areas(c, e, n, k, on_edge=edge),
        [
            np.array([[0.0, 0.0, 0.0], [20.0, 0.0, 0.0], [10.0, 0.0, 0.0]]),
            [100.0, 90.0, 95.0],
            np.array(["A", None, None], dtype=object),
            NEXT,
            EDGE,
        ],
    ),
    "degurba_units": (
        lambda c, p, u, a: sp.degurba_units(c, p, u, cell_area_km2=a).to_dict(),
        [[30, 13, 11], [60.0, 50.0, 0.0], np.array(["a", "b", "a"], dtype=object), [1.0, 2.0, 3.0]],
    ),
    "circuity": (sp.circuity, [[1500.0, 3000.0, 900.0], [1000.0, 2000.0, 400.0]]),
    "ahp_weights": (sp.ahp_weights, [JUDGED]),
    "fgt_poverty": (lambda v, w: sp.fgt_poverty(v, line=4.0, weights=w).to_dict(), [[1.0, 4.0, 2.0], [3.0, 2.0, 9.0]]),
    "weighted_statistics": (sp.weighted_statistics, [[1.0, 4.0, np.inf], [3.0, 2.0, 9.0]]),
}
"""Functions of places: each argument lies along places, and a square one along places twice."""


def plain(result):
    return dataclasses.asdict(result) if dataclasses.is_dataclass(result) else result


def labelled(values, order):
    """Label places a, b, c and put them into an order; rows and columns of a square table into two."""
    values = np.asarray(values)
    names = [*"abc"]
    if values.ndim == 1:
        return pd.Series(values, index=names).iloc[order]
    if values.shape[0] == values.shape[1]:
        return pd.DataFrame(values, index=names, columns=names).iloc[order, order[::-1]]
    return pd.DataFrame(values, index=names).iloc[order]


@pytest.mark.parametrize("name", CALLS)
def test_arguments_in_other_orders_are_paired_by_label(name):
    call, arguments = CALLS[name]
    orders = [[0, 1, 2], ORDER, ORDER[::-1], [1, 0, 2], [2, 1, 0]]
    found = call(*(labelled(one, order) for one, order in zip(arguments, orders, strict=False)))
    np.testing.assert_equal(plain(found), plain(call(*arguments)))


@pytest.mark.parametrize("name", CALLS)
def test_arguments_of_other_places_are_refused(name):
    call, arguments = CALLS[name]
    mine = [labelled(one, [0, 1, 2]) for one in arguments]
    axis = "columns" if len(arguments) == 1 else "index"
    with pytest.raises(ContractError, match=r"missing 'c' \(1 in all\), too many 'd' \(1 in all\).*to_numpy"):
        call(*mine[:-1], mine[-1].rename(**{axis: {"c": "d"}}))


def test_the_result_follows_the_order_of_the_first_argument():
    distance = pd.DataFrame(APART, index=[*"abc"], columns=[*"abc"]).iloc[ORDER, ORDER]
    found = sp.radiation_flows(pd.Series([9.0, 5.0, 2.0], index=[*"abc"]), distance)
    np.testing.assert_allclose(found, sp.radiation_flows([9.0, 5.0, 2.0], APART), rtol=0.0, atol=1e-12)


def test_a_share_of_other_labels_is_of_its_own_unit():
    # a: 30 of 100, b: 0 of 50. x = (1, 0), others = (70, 50) / 120: D = (5/12 + 5/12) / 2.
    mine, everybody = pd.Series([30, 0], index=["a", "b"]), pd.Series([50, 100], index=["b", "a"])
    assert sp.dissimilarity_index(mine, everybody) == pytest.approx(5 / 12, abs=1e-15)


def test_a_series_beside_an_array_counts_by_position():
    mine, everybody = pd.Series([30.0, 0.0], index=["b", "a"]), [100.0, 50.0]
    assert sp.dissimilarity_index(mine, everybody) == pytest.approx(5 / 12, abs=1e-15)


def test_labels_that_are_there_twice_pair_in_the_same_order_only():
    twice = pd.Series([1.0, 2.0, 3.0], index=["a", "a", "b"])
    assert sp.gini_index(twice, twice) > 0.0
    with pytest.raises(ContractError, match=r"more than once here 'a' \(1 in all\), more than once there 'a'"):
        sp.gini_index(twice, twice.iloc[::-1])


def test_all_faults_of_labels_are_named_at_once():
    one = pd.Series([1.0, 2.0], index=["a", "b"])
    other = pd.Series([1.0, 2.0], index=["c", "d"])
    with pytest.raises(ContractError) as raised:
        sp.concentration_index(one, other, other)
    assert [fault.split(":")[0] for fault in raised.value.problems] == ["population_persons", "rank_by"]


@pytest.mark.parametrize(
    "call",
    [
        sp.topsis,
        lambda x, w: sp.integration_level(x, weights=w).level,
        lambda x, w: sp.coupling_coordination(x, weights=w).level,
        obstacle_degrees,
        lambda x, w: sp.rank_intervals(x, draws=20, weights=w).ranks,
    ],
)
def test_weights_are_of_the_columns_that_they_name(call):
    scores, weights = pd.DataFrame(SCORES, columns=[*"abc"]), pd.Series([5.0, 1.0, 2.0], index=[*"abc"])
    np.testing.assert_array_equal(call(scores, weights.iloc[ORDER]), call(SCORES, [5.0, 1.0, 2.0]))
    with pytest.raises(ContractError, match=r"weights: labels of .* differ from those of"):
        call(scores, weights.rename({"a": "z"}))


def test_weights_of_one_unit_are_of_the_parts_that_they_name():
    parts = pd.Series([0.9, 0.4, 0.8], index=["access", "towns", "flows"])
    weights = pd.Series([0.2, 0.5, 0.3], index=["flows", "access", "towns"])
    assert float(sp.integration_level(parts, weights=weights).arithmetic) == pytest.approx(0.73)


def test_variants_of_scores_take_the_order_of_the_scores():
    scores = pd.DataFrame(SCORES, index=["u", "v"], columns=[*"abc"])
    other = pd.DataFrame(SCORES[:, ::-1], index=["u", "v"], columns=[*"abc"])
    by_label = sp.rank_intervals(scores, draws=40, variants={"speeds": [other.iloc[[1, 0], ORDER]]})
    by_place = sp.rank_intervals(SCORES, draws=40, variants={"speeds": [SCORES[:, ::-1]]})
    np.testing.assert_array_equal(by_label.ranks, by_place.ranks)


def test_origins_and_destinations_are_two_axes():
    time = pd.DataFrame([[10.0, 20.0], [30.0, 10.0]], index=["p", "q"], columns=["x", "y"])
    beds = pd.Series([4.0, 10.0], index=["y", "x"])
    wanted = sp.huff_shares([10.0, 4.0], time.to_numpy(), exponent=2.0)
    found = sp.huff_shares(beds, time, exponent=2.0)
    np.testing.assert_array_equal(found, wanted[:, ::-1])
    pull = pd.DataFrame([[1.0, 2.0], [3.0, 1.0]], index=["q", "p"], columns=["x", "y"])
    trips = sp.gravity_flows(pd.Series([6.0, 4.0], index=["p", "q"]), beds * 10 / 14, pull)
    np.testing.assert_allclose(trips.sum(axis=0), [40 / 14, 100 / 14])
    np.testing.assert_allclose(trips, sp.gravity_flows([6.0, 4.0], [40 / 14, 100 / 14], [[1.0, 3.0], [2.0, 1.0]]))


def test_catchments_know_centres_and_towns_by_name():
    time = pd.DataFrame(TIMES, index=["p", "q"], columns=["large", "middle", "small"])
    people = pd.Series([3e4, 3e5, 6e6], index=["small", "middle", "large"])
    assert sp.catchment_classes(time, people).tolist() == [8, 11]
    tiers = pd.Series(["town", "county_seat", "town"], index=["small", "large", "middle"])
    tier, _band = sp.local_catchment_classes(time, tiers)
    assert tier.tolist() == ["town", "town"]
    column = pd.Series(["county_seat", "town"], index=[4, 7])
    assert sp.local_catchment_classes(time, tiers, tiers=column)[0].tolist() == ["town", "town"]
    assert tier.tolist() == sp.local_catchment_classes(TIMES, ["county_seat", "town", "town"])[0].tolist()


def test_grids_go_by_the_names_of_their_rows_and_columns():
    persons = np.array([[400.0, 0.0, 0.0], [0.0, 20.0, 0.0], [0.0, 0.0, 90.0]])
    land = np.array([[1.0, 0.1, 1.0], [1.0, 1.0, 0.0], [0.2, 1.0, 1.0]])
    named = [pd.DataFrame(grid, index=[*"abc"], columns=[*"xyz"]) for grid in (persons, land)]
    found = sp.degree_of_urbanisation(named[0], land_share=named[1].iloc[ORDER, ORDER[::-1]])
    np.testing.assert_array_equal(found, sp.degree_of_urbanisation(persons, land_share=land))


def test_a_flow_table_of_other_columns_than_rows_is_refused():
    flows = pd.DataFrame(FLOWS, index=["a", "b", "c"])
    with pytest.raises(ContractError, match="flows: labels of places differ from those of the rows: missing 'a'"):
        sp.reciprocity(flows)


def test_a_large_table_in_order_is_not_copied():
    one = pd.Series(np.arange(5.0))
    assert paired("t", x=(one, "places"), y=(one, "places"))[1] is one
