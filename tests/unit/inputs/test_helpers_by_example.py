"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import math

import pandas as pd

from spatial.inputs.facility_facts import (
    capacity_units,
    joint_service,
    level_of,
    read_hours,
    service_by_level,
    who_may_use,
)
from spatial.inputs.inspection.columns import plain, says_more, says_part, says_ratio, unit_said
from spatial.inputs.inspection.kinds import service_in
from spatial.inputs.names import (
    in_each_script,
    name_scores,
    plain_name,
    plain_words,
    same_name,
    similar_names,
    unit_key,
    unit_prefixes,
    written_names,
)
from spatial.inputs.osm import read_population_tag
from spatial.inputs.placing import plain_postcode
from spatial.inputs.road_tags import coded
from spatial.inputs.services import load_services


def test_read_hours_reads_opening_hours() -> None:
    assert read_hours("Mo-Fr 08:00-17:00; Sa 8:00-12:00") == 49.0
    assert read_hours("周一至周五 8:00-17:00") == 45.0
    assert read_hours("24h/24") == 168.0
    assert read_hours("00:00-23:59") == 168.0


def test_capacity_units_names_the_units_that_the_capacities_of_some_facilities_are_told() -> None:
    told = pd.DataFrame({"capacity": [9, 20, 8], "capacity_unit": ["beds", "places", "Beds "]})
    assert capacity_units(told) == ["beds", "places"]


def test_joint_service_finds_the_service_of_a_facility_that_is_said_to_offer_two() -> None:
    assert joint_service("school", "primary_school", load_services()) == "primary_school"
    assert joint_service("emergency_hospital", "district_hospital", load_services()) == "emergency_district_hospital"


def test_level_of_reads_the_level_of_a_facility() -> None:
    assert level_of("Hôpital de district") == "district_hospital"
    assert level_of("卫生室") == "health_post"


def test_who_may_use_reads_who_may_use_a_facility() -> None:
    assert who_may_use("Personnes âgées; membres") == ("elderly", "members")


def test_service_by_level_says_which_service_a_facility_of_some_level_offers() -> None:
    assert service_by_level("hospital", "regional_hospital", load_services()) == "district_hospital"


def test_plain_writes_a_name_without_capitals() -> None:
    assert plain("Population_2020 (hab.)") == "population"
    assert plain("人口 (人)") == "人口"
    assert plain("N° d'ordre") == "n d ordre"


def test_says_ratio_tells_whether_a_head_of_a_column_speaks_of_a_ratio_or_a_change() -> None:
    assert says_ratio("Population density")
    assert says_ratio("Beds per 1000")
    assert not says_ratio("Beds")


def test_says_part_tells_whether_a_head_of_a_column_speaks_of_some_of_the_people() -> None:
    assert [says_part(head) for head in ("Female population", "女性人口", "Population (65+)", "Population 2021")] == [
        True,
        True,
        True,
        False,
    ]


def test_says_more_tells_whether_a_head_that_names_a_service_tells_of_more_than_facilities() -> None:
    assert says_more("卫生院床位数")
    assert says_more("小学(人)")
    assert says_more("Hospital beds")
    assert not says_more("Number of hospitals")


def test_unit_said_names_the_unit_that_a_head_of_a_column_says() -> None:
    assert unit_said("Speed limit (mph)", "maxspeed") == "mph"
    assert unit_said("Width (m)", "width_m") == ""


def test_service_in_tells_the_service_that_a_text_names_by_its_id() -> None:
    assert service_in("石桥村卫生室") == "primary_care"
    assert service_in("Poste de Santé de Domoni") == "primary_care"
    assert service_in("Domoni") == ""


def test_similar_names_tells_whether_two_sets_of_plain_names_mean_the_same() -> None:
    assert similar_names(("hopital el maarouf",), ("el maarouf",))


def test_plain_words_writes_letters_and_digits_in_small_letters_without_accents() -> None:
    assert plain_words("Poste de Santé (Domoni)") == "poste de sante domoni"


def test_plain_name_strips_a_name_of_a_place() -> None:
    assert str(plain_name("兰坪县金顶镇官坪村卫生室")) == "PlaceName(stem='官坪', kind='village')"
    assert plain_name("Poste de santé de Saint-Antoine").stem == plain_name("ST. ANTOINE").stem


def test_in_each_script_parts_a_name_written_in_two_scripts() -> None:
    assert in_each_script("سيما Sima") == ("سيما Sima", "Sima", "سيما")
    assert in_each_script("Dar-Salama") == ("Dar-Salama",)


def test_name_scores_compares_the_names_of_rows_with_those_of_places() -> None:
    assert name_scores([["Mitsudjé clinic"]], [["Mitsoudje"], ["Foumbouni"]]).round(2).tolist() == [[0.94, 0.24]]


def test_written_names_writes_the_name_of_a_facility_as_the_words_by_which_it_is_compared() -> None:
    assert written_names("St. Anne Health Ctr / 圣安妮卫生院")[1:] == (
        ("saint", "anne", "health", "centre"),
        ("圣安妮卫生院",),
    )


def test_same_name_says_whether_two_facilities_bear_one_name() -> None:
    assert same_name(["Oakham Medical Practice"], ["OAKHAM  Med. Practice"])
    assert not same_name(["School 1"], ["School 2"])


def test_unit_key_writes_a_unit_code_in_its_shortest_form() -> None:
    assert unit_key("533325101000") == "533325101"
    assert unit_key("53332510120322220") == "533325101203"
    assert unit_key("e02003954") == "E02003954"


def test_unit_prefixes_lists_the_units_that_a_unit_is_part_of_by_its_code_alone() -> None:
    assert unit_prefixes("533325101203") == ("533325101203", "533325101", "533325")


def test_read_population_tag_reads_the_persons_of_a_population_tag() -> None:
    assert read_population_tag("12 345") == 12345.0
    assert math.isnan(read_population_tag("1000 à 3000"))


def test_plain_postcode_writes_a_postcode_as_it_is_compared() -> None:
    assert plain_postcode(" le15 6aq ") == "LE156AQ"
    assert plain_postcode("97-600") == "97600"


def test_coded_writes_each_distinct_value_of_a_column_once() -> None:
    assert coded(pd.Series(["yes", None, "no", "yes"])).codes.tolist() == [0, -1, 1, 0]
