"""Ids in pairs become positions: pandas is the oracle, whatever kind of id a table has."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.access.measures.id_positions import id_positions

KINDS = ("int64", "int32", "uint32", "float64", "str", "object", "category", "Int64")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spread", [3, 10**9])
def test_ids_of_every_kind_get_the_positions_that_pandas_finds(kind, spread):
    rng = np.random.default_rng(5)
    numbers = np.unique(rng.integers(0, 200 * spread, 150) // spread * spread)
    rng.shuffle(numbers)
    known = pd.Series(numbers[:100]).astype("str" if kind in {"str", "category"} else kind)
    ids = pd.Series(rng.choice(numbers, 1000)).astype("str" if kind in {"str", "category"} else kind)
    index = pd.Index(known)
    assert (index.get_indexer(pd.Index(ids)) < 0).any()
    found = id_positions(ids.astype("category") if kind == "category" else ids, index)
    assert found.dtype == np.int32
    assert found.tolist() == index.get_indexer(pd.Index(ids)).tolist()


def test_numbers_at_the_ends_of_their_range_and_below_the_lowest_are_nowhere():
    known = pd.Index([5, 7, 9])
    ids = pd.Series([np.iinfo(np.int64).min, -1, 4, 5, 6, 7, 8, 9, 10, np.iinfo(np.int64).max])
    assert id_positions(ids, known).tolist() == [-1, -1, -1, 0, -1, 1, -1, 2, -1, -1]


def test_texts_that_are_missing_are_nowhere():
    known = pd.Index(["", "a", "村"], dtype="str")
    ids = pd.Series(["村", None, "a", "b", ""], dtype="str")
    assert id_positions(ids, known).tolist() == [2, -1, 1, -1, 0]


@pytest.mark.parametrize("texts", ["str", "object", "category"])
@pytest.mark.parametrize("kind", ["int64", "Int64", "object", "str"])
def test_texts_name_numbers_as_they_are_written(texts, kind):
    known = pd.Index(pd.Series([7, 40, 9]).astype(kind))
    ids = pd.Series(["9", "7", "8", None, "40", "07"], dtype="str").astype(texts)
    assert id_positions(ids, known).tolist() == [2, 0, -1, -1, 1, -1]


def test_measures_take_travel_times_of_places_whose_ids_are_numbers():
    roads = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (9000, 0)])], crs=32738)
    graph = sp.build_network(roads)
    spots = gpd.points_from_xy([0, 9000], [0, 0])
    places = gpd.GeoDataFrame({"settlement_id": [70, 8]}, geometry=spots, crs=32738)
    sites = gpd.GeoDataFrame({"facility_id": [1, 2], "service": "clinic"}, geometry=spots, crs=32738)
    od = sp.travel_times(graph, places, sites)
    assert od["from_id"].tolist() == ["8", "8", "70", "70"]
    # 9 km at 25 km/h are 21.6 minutes: within ten there is only the clinic next door.
    found = sp.cumulative_cutoff(od, places, sites, service="clinic", cutoffs_min=[10, 22])
    assert found["settlement_id"].tolist() == [70, 70, 8, 8]
    assert found["value"].tolist() == [1.0, 2.0, 1.0, 2.0]
    with pytest.raises(sp.ContractError, match="settlement_id: used more than once"):
        sp.travel_times(graph, places.assign(settlement_id=pd.Series([7, "7"], dtype=object)), sites)


def test_ids_without_any_known_one_are_nowhere():
    assert id_positions(pd.Series([1, 2]), pd.Index(np.array([], dtype=np.int64))).tolist() == [-1, -1]


def frames(**minutes):
    od = pd.DataFrame(
        {"from_id": [1, 1, 2, 2], "to_id": [8, 9, 8, 9], "travel_time_min": [5.0, 6.0, 7.0, 8.0]} | minutes
    )
    places = pd.DataFrame({"settlement_id": [1, 2], "population_persons": [10.0, 10.0]})
    sites = pd.DataFrame({"facility_id": [8, 9], "service": ["clinic", "school"], "capacity": [4.0, 1.0]})
    return od, places, sites


def access_of(od, places, sites):
    found = sp.floating_catchment_area(
        od, places, sites, service="clinic", method="2sfca", buffer="none_needed"
    )
    return found.set_index("settlement_id")["value"].to_dict()


def test_pairs_with_facilities_of_other_services_or_without_a_way_do_not_count():
    assert access_of(*frames()) == {1: 0.2, 2: 0.2}
    assert access_of(*frames(travel_time_min=[5.0, 6.0, np.inf, 8.0])) == {1: 0.4, 2: 0.0}


def test_pairs_in_any_order_give_the_same_and_none_may_occur_twice():
    od, places, sites = frames()
    shuffled = od.iloc[[2, 0, 3, 1]]
    assert access_of(shuffled, places, sites) == access_of(od, places, sites)
    with pytest.raises(sp.ContractError, match=r"twice in one mode: .*1, 8"):
        access_of(pd.concat([shuffled, od.iloc[[0]]]), places, sites)
    # Twice at a facility that does not count, or without a way, disturbs nobody.
    assert access_of(pd.concat([od, od.iloc[[1]]]), places, sites) == {1: 0.2, 2: 0.2}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"from_id": [1, 1, 3, 2]}, "from_id: in no row of settlements: 3"),
        ({"to_id": [8, 9, 7, 9]}, "to_id: in no row of facilities: 7"),
        ({"travel_time_min": [5.0, 6.0, -1.0, 8.0]}, "negative"),
        ({"travel_time_min": [5.0, np.nan, 7.0, 8.0]}, "NaN"),
    ],
)
def test_bad_pairs_are_refused_by_name(changed, said):
    with pytest.raises(sp.ContractError, match=said):
        access_of(*frames(**changed))
