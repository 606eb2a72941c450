"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import pandas as pd

from spatial.cartography.basemap import hillshade
from spatial.cartography.document import codes, round_up, shown_whole, write_block
from spatial.cartography.page_data import class_limits
from spatial.cartography.pages import page_files
from spatial.cartography.places import by_language, parts_of
from spatial.cartography.score import most_to_gain
from spatial.cartography.sign_off import sign_off_counts, surely_last


def test_hillshade_shades_a_surface_lit_from_the_north_west_at_45_degrees() -> None:
    shade = hillshade([[2.0, 1.0, 0.0]] * 3, 1.0)
    assert bool((shade > 0.5).all())


def test_write_block_begins_with_the_length_of_the_bytes() -> None:
    assert write_block(b"aaaa").partition(":")[0] == "4"


def test_round_up_rounds_to_float32_so_that_no_comparison_with_a_threshold_changes() -> None:
    assert bool(round_up([60.0 + 1e-12])[0] > 60)
    assert bool(round_up([60.0])[0] <= 60)


def test_shown_whole_rounds_values_that_are_only_shown_to_whole_minutes_or_metres() -> None:
    assert shown_whole([59.5, 60.2, 71.8], 60.0).tolist() == [60.0, 60.25, 72.0]


def test_codes_replaces_texts_by_their_position_in_a_list() -> None:
    assert codes(pd.Series(["b", None, "x"]), ["a", "b"]).tolist() == [1, -1, -1]


def test_class_limits_gives_limits_of_the_classes_of_a_map() -> None:
    assert class_limits(60.0, 1.0) == (30.0, 60.0, 75.0, 90.0)
    assert class_limits(15.0, 1.0) == (8.0, 15.0, 19.0, 23.0)


def test_page_files_writes_a_service_as_a_name_of_a_file() -> None:
    assert page_files({"access": pd.DataFrame({"service": ["Bus stop/1"]})}) == {"Bus stop/1": "gap-bus-stop-1.html"}


def test_parts_of_knows_no_parts_without_townships() -> None:
    assert parts_of({"settlements": pd.DataFrame()}, "drive") == {}


def test_by_language_picks_the_names_of_a_row() -> None:
    assert by_language({"name": "青岩", "name_en": None, "tier": "village"}) == {"und": "青岩", "en": "青岩"}


def test_most_to_gain_finds_the_township_whose_people_would_gain_most_if_it_were_brought() -> None:
    one = {"id": "a", "names": {}, "integration_level": 0.9, "population_persons": 10.0, "places": 1}
    two = {"id": "b", "names": {}, "integration_level": 0.5, "population_persons": 20.0, "places": 2}
    assert most_to_gain([one, two])["id"] == "b"


def test_surely_last_finds_the_township_that_is_among_the_last_even_at_its_best_rank() -> None:
    ranks = {"names": {}, "median_rank": 2.0, "high_rank": 2.0}
    assert surely_last([{"id": "a", "low_rank": 1.0, **ranks}, {"id": "b", "low_rank": 2.0, **ranks}])["id"] == "b"


def test_sign_off_counts_counts_the_rows_by_verdict() -> None:
    rows = {"kind": ["people", "villages", "gates"], "status": ["ok", "unknown", "ok"]}
    assert sign_off_counts(pd.DataFrame(rows | {"official": [10.0, float("nan"), float("nan")]})) == {
        "ok": 1,
        "look": 0,
        "remark": 0,
        "unknown": 0,
        "undeclared": 1,
    }
