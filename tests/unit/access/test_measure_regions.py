"""The measures on Comoros: the lines of the documentation, and what must hold of their answers."""

import logging

import numpy as np
import pandas as pd
import pytest

import spatial as sp

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def comoros_pairs(comoros, region_layers):
    layers = region_layers(comoros)
    graph = sp.build_network(layers.roads, mode="drive")
    settlements = sp.allocate_population(layers.settlements, layers.population, graph=graph)
    od = sp.travel_times(graph, settlements, layers.facilities, cutoff_min=60)
    return od, settlements, layers.facilities


def test_hospitals_without_known_capacity_count_one_each_and_the_result_says_so(comoros_pairs, caplog):
    od, settlements, facilities = comoros_pairs
    with caplog.at_level(logging.WARNING):
        ratio = sp.floating_catchment_area(od, settlements, facilities, method="e2sfca", service="hospital")
    assert "each counts one" in caplog.text
    assert "no people outside the study area" in caplog.text
    assert len(ratio) == len(settlements)
    assert set(ratio["supply_basis"]) == {"count"}
    assert (ratio["capacity_known_share"] < 1.0).all()
    assert not ratio["buffer_population"].any()
    assert (ratio.loc[ratio["status"] != "reached", "value"] == 0.0).all()
    assert (ratio.loc[ratio["status"] == "reached", "value"] > 0.0).all()
    ratios = sp.catchment_ratios(od, settlements, facilities, method="e2sfca", service="hospital")
    people = settlements["population_persons"].fillna(0.0).to_numpy()
    assert people @ ratio["value"] == pytest.approx(float((~ratios["unused"]).sum()))


def test_the_table_of_access_and_the_pairs_count_the_same_hospitals(comoros_pairs):
    od, settlements, facilities = comoros_pairs
    counted = sp.cumulative_cutoff(od, settlements, facilities, service="hospital", cutoffs_min=[15.0, 30.0, 60.0])
    counts = facilities["service"].isin(sp.load_services().satisfying("hospital"))
    hospitals = set(facilities.loc[counts, "facility_id"])
    for cutoff in (15.0, 30.0, 60.0):
        rows = od.loc[od["to_id"].isin(hospitals) & (od["travel_time_min"] <= cutoff)]
        by_hand = rows.groupby("from_id").size().reindex(settlements["settlement_id"], fill_value=0)
        found = counted.loc[counted["cutoff_min"] == cutoff]
        assert found["value"].tolist() == by_hand.tolist()


def test_everyone_on_comoros_is_served_full_or_not_reached(comoros_pairs):
    od, settlements, facilities = comoros_pairs
    counts = facilities["service"].isin(sp.load_services().satisfying("hospital"))
    hospitals = facilities.assign(capacity=np.where(counts, 20_000.0, np.nan))
    for order in ("time", "capacity", "optimal"):
        found = sp.allocate_capacity(
            od, settlements, hospitals, service="hospital", cutoff_min=60.0, order=order
        ).settlements
        known = found.loc[found["status"] != "unknown"]
        total = known["served_persons"] + known["full_persons"] + known["not_reached_persons"]
        assert total.tolist() == known["demand_persons"].tolist()
        assert known["demand_persons"].sum() == pytest.approx(settlements["population_persons"].sum())


def test_an_island_needs_no_buffer_and_the_modes_may_be_mixed(comoros_pairs):
    od, settlements, facilities = comoros_pairs
    alone = sp.floating_catchment_area(od, settlements, facilities, service="hospital", buffer="none_needed")
    assert not alone["edge_risk"].any()
    slower = pd.concat([od, od.assign(mode="walk", travel_time_min=od["travel_time_min"] * 8.0)])
    both = sp.floating_catchment_area(slower, settlements, facilities, service="hospital", buffer="none_needed")
    assert both["value"].to_numpy() == pytest.approx(alone["value"].to_numpy(), rel=1e-12)
    assert set(both["mode"]) == {"drive+walk"}
