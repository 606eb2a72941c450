"""Ids in pairs become positions: pandas is the oracle, whatever kind of id a table has."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.access.od_pairs import id_positions
from spatial.errors import first_of

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


@pytest.mark.parametrize("kind", ["int64", "int32", "uint8", "Int64", "category", "int64[pyarrow]"])
@pytest.mark.parametrize("texts", ["str", "object", "category"])
def test_numbers_name_texts_that_write_them(kind, texts):
    known = pd.Index(pd.Series(["7", "40", "07"], dtype="str").astype(texts))
    ids = pd.Series([40, 7, 8, 40]).astype(kind)
    assert id_positions(ids, known).tolist() == [1, 0, -1, 1]


def test_no_missing_number_names_a_text():
    known = pd.Index(["7", "nan", "<NA>", "7.0"], dtype="str")
    assert id_positions(pd.Series([None, 7], dtype="Int64"), known).tolist() == [-1, 0]
    assert id_positions(pd.Series([np.nan, 7.0]), known).tolist() == [-1, 3]


@pytest.fixture
def number_places():
    roads = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (9000, 0)])], crs=32738)
    graph = sp.build_network(roads)
    spots = gpd.points_from_xy([0, 9000], [0, 0])
    places = gpd.GeoDataFrame({"settlement_id": [70, 8]}, geometry=spots, crs=32738)
    sites = gpd.GeoDataFrame({"facility_id": [1, 2], "service": "clinic"}, geometry=spots, crs=32738)
    return graph, places, sites


@pytest.mark.parametrize(
    "kind", ["int64", "int32", "uint8", "Int64", "float64", "str", "object", "category", "string[pyarrow]"]
)
def test_ids_of_times_keep_the_kind_that_they_have_in_the_tables(kind, number_places, tmp_path):
    graph, places, sites = number_places
    places, sites = places.astype({"settlement_id": kind}), sites.astype({"facility_id": kind})
    place, site = (frame.iloc[:, 0] for frame in (places, sites))
    # 9 km at 25 km/h are 21.6 minutes; place 8 stands at site 2, place 70 at site 1, and 8 comes before 70.
    od = sp.travel_times(graph, places, sites, cutoff_min=10)
    assert od["from_id"].tolist() == [place[1], place[0]]
    assert od["to_id"].tolist() == [site[1], site[0]]
    assert (od["from_id"].dtype, od["to_id"].dtype) == (place.dtype, site.dtype)
    merged = od.merge(places, left_on="from_id", right_on="settlement_id", validate="one_to_one")
    assert merged["settlement_id"].tolist() == od["from_id"].tolist()
    od.to_parquet(tmp_path / "od.parquet")
    assert pd.read_parquet(tmp_path / "od.parquet")["to_id"].tolist() == od["to_id"].tolist()
    nearest = sp.cost_to_closest(graph, places, sites, service="clinic")
    assert nearest["from_id"].dtype == place.dtype
    assert nearest["from_id"].tolist() == place.tolist()
    assert nearest["to_id"].tolist() == site.tolist()
    # Whoever has no second clinic has no id there, and the ids of the others stay what they are.
    second = sp.cost_to_closest(graph, places, sites.iloc[:1], service="clinic", k=2)
    assert second["to_id"].isna().tolist() == [False, True] * 2
    assert second["to_id"][0] == site[0]
    assert second["to_id"].dtype == nearest["to_id"].dtype
    whole = {"int64": "Int64", "int32": "Int32", "uint8": "UInt8"}
    assert second["to_id"].dtype == whole.get(kind, site.dtype)


@pytest.mark.parametrize("of_times", [int, str])
@pytest.mark.parametrize("of_measure", [int, str])
def test_measures_take_times_whether_ids_are_numbers_or_texts(of_times, of_measure, number_places):
    graph, places, sites = number_places

    def keyed(kind):
        return places.astype({"settlement_id": kind}), sites.astype({"facility_id": kind})

    od = sp.travel_times(graph, *keyed(of_times))
    found = sp.cumulative_cutoff(od, *keyed(of_measure), service="clinic", cutoffs_min=[10, 22])
    assert found["settlement_id"].tolist() == [of_measure(number) for number in (70, 70, 8, 8)]
    assert found["value"].tolist() == [1.0, 2.0, 1.0, 2.0]


def test_measures_take_travel_times_of_places_whose_ids_are_numbers(number_places):
    graph, places, sites = number_places
    od = sp.travel_times(graph, places, sites)
    assert od["from_id"].tolist() == [8, 8, 70, 70]
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
    found = sp.floating_catchment_area(od, places, sites, service="clinic", method="2sfca", buffer="none_needed")
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


def test_a_missing_mode_is_no_word():
    od, places, sites = frames()
    for mode, said in ((None, ""), (np.nan, ""), (["walk", None, "walk", pd.NA], "walk")):
        found = sp.gravity(od.assign(mode=mode), places, sites, service="clinic", decay=sp.decay_binary(30.0))
        assert set(found["mode"]) == {said}


def test_numbers_of_pairs_are_named_as_they_were_written():
    assert first_of([(np.int64(7), np.str_("a")), (np.int32(8), None)]) == "(7, 'a'), (8, None) (2 in all)"


@pytest.mark.parametrize("kind", [">i8", ">i4", ">u2", ">f8"])
def test_numbers_in_the_byte_order_of_another_machine_are_refused_with_the_remedy(kind, number_places):
    graph, places, sites = number_places
    native = np.dtype(kind).newbyteorder("=")
    od, villages, clinics = sp.travel_times(graph, places, sites), places.assign(people=[1.0, 2.0]), sites

    def measures(od, villages, clinics):
        clinic = {"service": "clinic", "demand": "people", "supply": "count"}
        return [
            lambda: sp.floating_catchment_area(od, villages, clinics, buffer="none_needed", **clinic),
            lambda: (
                sp.allocate_capacity(
                    od, villages, clinics.assign(capacity=1.0), service="clinic", cutoff_min=5.0, demand="people"
                ).settlements
            ),
            lambda: sp.cumulative_cutoff(od, villages, clinics, service="clinic", cutoffs_min=[10.0]),
        ]

    def times(villages, clinics):
        return [
            lambda: sp.travel_times(graph, villages, clinics),
            lambda: sp.cost_to_closest(graph, villages, clinics, service="clinic"),
        ]

    expected = [run() for run in (*measures(od, villages, clinics), *times(villages, clinics))]
    foreign = {
        "from_id": measures(_turned(od, "from_id", kind), villages, clinics),
        "settlement_id": [
            *measures(od, _turned(villages, "settlement_id", kind), clinics),
            *times(_turned(villages, "settlement_id", kind), clinics),
        ],
        "facility_id": [
            *measures(od, villages, _turned(clinics, "facility_id", kind)),
            *times(villages, _turned(clinics, "facility_id", kind)),
        ],
        "people": times(_turned(villages, "people", kind), clinics),
    }
    for column, runs in foreign.items():
        for run in runs:
            with pytest.raises(sp.ContractError, match=rf"{column}: .*{kind}.*astype\('{native}'\)"):
                run()
    # As the message says.
    od = _turned(od, "from_id", kind).astype({"from_id": str(native)})
    villages = _turned(villages, "settlement_id", kind).astype({"settlement_id": str(native)})
    mended = [run() for run in (*measures(od, villages, clinics), *times(villages, clinics))]
    for found, right in zip(mended, expected, strict=True):
        pd.testing.assert_frame_equal(found, right, check_dtype=False)


def _turned(frame, column, kind):
    return frame.assign(**{column: pd.Series(frame[column].to_numpy().astype(kind), index=frame.index)})


def test_ids_of_half_precision_are_refused_since_many_numbers_would_be_one():
    od, places, sites = frames()
    for table in (
        (od.astype({"to_id": "float16"}), places, sites),
        (od, places.astype({"settlement_id": "float16"}), sites),
        (od, places, sites.astype({"facility_id": "float16"})),
    ):
        with pytest.raises(sp.ContractError, match=r"_id: float16.*astype\('int64'\)"):
            access_of(*table)
