"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import pandas as pd

from spatial.norms.evaluation import guiding_attainment, join_reasons
from spatial.norms.law import split_list
from spatial.norms.measuring import least_persons, modes_for


def test_guiding_attainment_gives_mean_attainment_of_the_graded_norms_of_the_study() -> None:
    row = {"unit_level": ["study"], "norm_class": ["guiding"], "gate": ["none_applicable"], "attainment": [0.5]}
    assert guiding_attainment(pd.DataFrame(row)) == 0.5


def test_join_reasons_joins_codes_each_once() -> None:
    assert join_reasons("expired", "", "expired;role:monitoring") == "expired;role:monitoring"


def test_split_list_reads_the_members_of_a_list_without_blanks() -> None:
    assert split_list("bank| market") == ("bank", "market")


def test_modes_for_finds_the_studys_modes_that_a_norms_mode_means() -> None:
    assert modes_for("walk+drive", ["drive", "walk"]) == ("drive", "walk")
    assert modes_for("walk+drive", ["walk+drive", "walk"]) == ("walk+drive", "walk")
    assert modes_for("emergency", ["drive", "walk"]) == ()
    assert modes_for("bus", ["drive", "walk+bus"]) == ("walk+bus",)


def test_least_persons_says_how_many_people_a_place_of_a_statistical_unit_has_at_least() -> None:
    assert least_persons("habitation_pop500") == 500.0
    assert least_persons("county_seat_pop100k") == 100000.0
    assert least_persons("habitation") == 0.0
