"""The vocabulary of services: which tags mean what, and which words of the register it answers."""

from __future__ import annotations

import pytest

from spatial.errors import StudyError
from spatial.formats.tag_rules import fold, parse_rule, tag_values
from spatial.inputs.services import load_services
from spatial.norms.law import load_register


@pytest.fixture(scope="module")
def words():
    return load_services()


@pytest.mark.parametrize(
    ("tags", "services"),
    [
        ({"amenity": "hospital"}, ("hospital",)),
        ({"healthcare": "hospital"}, ("hospital",)),
        ({"amenity": "hospital", "emergency": "no"}, ("hospital",)),
        ({"amenity": "hospital", "emergency": "yes"}, ("emergency_hospital",)),
        ({"amenity": "clinic"}, ("health_centre",)),
        ({"amenity": "doctors", "healthcare": "doctor"}, ("primary_care",)),
        ({"amenity": "clinic", "healthcare": "clinic", "name": "Rutland Osteopaths"}, ("private_practice",)),
        ({"amenity": "clinic", "name": "Cabinet de Kinésithérapie"}, ("private_practice",)),
        ({"amenity": "doctors", "healthcare:speciality": "osteopathy"}, ("private_practice",)),
        ({"healthcare": "physiotherapist", "building": "yes"}, ("private_practice",)),
        ({"amenity": "school"}, ("school",)),
        ({"amenity": "school", "isced:level": "1"}, ("primary_school",)),
        ({"amenity": "school", "isced:level": "2;3"}, ("secondary_school",)),
        ({"amenity": "school", "isced:level": "0;1"}, ("kindergarten", "primary_school")),
        ({"amenity": "school", "isced:level": "1-3"}, ("primary_school", "secondary_school")),
        ({"amenity": "post_office", "shop": "convenience"}, ("post_office", "shop")),
        ({"emergency": "ambulance_station"}, ("ambulance_station",)),
        ({"office": "government"}, ("government_office",)),
        ({"highway": "bus_stop"}, ("bus_stop",)),
        ({"man_made": "water_well", "drinking_water": "no"}, ()),
        ({"amenity": "bench"}, ()),
        ({}, ()),
    ],
)
def test_tags_name_the_most_specific_service(words, tags, services):
    assert words.match(tags) == services


def test_a_hospital_of_unknown_level_answers_no_emergency_or_surgical_word(words):
    for word in ("emergency_hospital", "emergency_care", "bellwether_hospital", "emergency_obstetric_care"):
        assert "hospital" not in words.satisfying(words.for_register(word).id)
    assert words.for_register("county_hospital_standard") is None


def test_private_practice_counts_for_no_medical_service(words):
    for service in ("primary_care", "health_centre", "hospital", "medical_point"):
        assert "private_practice" not in words.satisfying(service)


def test_a_service_is_satisfied_by_all_that_it_includes(words):
    # medical_point includes hospital (emergency, district and both) and primary_care (with health_centre).
    assert words.satisfying("medical_point") == {
        "medical_point",
        "hospital",
        "emergency_hospital",
        "district_hospital",
        "emergency_district_hospital",
        "primary_care",
        "health_centre",
    }
    assert words.satisfying("no such service") == frozenset()


def test_a_school_of_unknown_level_is_neither_primary_nor_secondary(words):
    assert words.satisfying("primary_school") == {"primary_school"}
    assert words.satisfying("school") == {"school", "primary_school", "secondary_school"}


def test_stand_ins_are_said_to_be_stand_ins(words):
    assert not words.for_register("primary_care").proxy
    assert words.for_register("village_clinic").id == "primary_care"
    assert words.for_register("village_clinic").proxy
    assert words.for_register("metropolitan_centre").id in {tier.id for tier in words.tiers}
    assert words.for_register("mobile_5g") is None


def test_services_can_be_kept_in_a_set(words):
    assert len({words.for_register("village_clinic"), words.for_register("village_clinic")}) == 1


def test_every_service_of_the_register_is_answered_or_known_to_have_no_source(words):
    # What no tag tells: bundles (their members are services), legal standards, signals, subsidies, kinds of road.
    unanswered = {name for name in load_register()["service"] if words.for_register(str(name)) is None}
    assert unanswered == {
        "accessible_service_facility", "all_season_road", "all_weather_road", "broadband_10_1", "class_III_road",
        "community_health_centre", "community_service_bundle", "convenience_retail_bundle",
        "county_elderly_care_disabled", "county_hospital_standard", "disability_living_allowance", "fibre_and_4g",
        "general_town_facility_set", "gigabit_fixed_network", "graded_road", "inclusive_compulsory_education",
        "mobile_5g", "ordinary_national_highway", "passenger_freight_post_integration", "paved_road",
        "points_of_interest_any", "postal_delivery_frequency", "township_life_circle_bundle",
        "transit_stop_high_capacity", "village_life_circle_bundle",
    }  # fmt: skip


def test_every_member_of_a_bundle_is_a_service(words):
    members = {
        member for bundle in load_register()["bundle_members"].dropna() for member in str(bundle).split("|") if member
    }
    assert {member for member in members if words.for_register(member) is None} == set()


def test_every_service_has_a_name_in_english_french_and_chinese(words):
    assert all({"en", "fr", "zh"} <= set(service.names) for service in (*words.services, *words.tiers))
    assert words.name("hospital", "zh") == "医院"
    assert words.name("hospital", "fr") == "Hôpital"
    assert words.name("hospital", "tlh") == "Hospital"
    assert words.name("unheard_of") == "unheard_of"


def test_a_file_of_the_users_own_replaces_the_vocabulary(tmp_path):
    file = tmp_path / "services.toml"
    file.write_text('[service.clinic]\nnames = { en = "Clinic" }\ntags = ["amenity=clinic"]\n', encoding="utf-8")
    words = load_services(file)
    assert words.ids == ("clinic",)
    assert words.tag_keys == ("amenity",)


def test_every_fault_of_a_services_file_is_named_at_once(tmp_path):
    file = tmp_path / "services.toml"
    file.write_text(
        """
[service.a]
names = "A"
tags = ["amenity", "name~x"]
includes = ["b", "nowhere"]
colour = "red"
register = ["word"]
[service.b]
names = { cn = "B" }
includes = ["a"]
register = ["word"]
[service.town]
tags = "amenity=x"
[tier.hamlet]
[other]
""",
        encoding="utf-8",
    )
    with pytest.raises(StudyError) as caught:
        load_services(file)
    text = str(caught.value)
    for key in (
        "other: unknown key",
        "service.a.colour: unknown key",
        "service.a.names: must be",
        "service.b.names: no code of a language: 'cn'; pages are in en, fr, zh",
        "'amenity' cannot be read",
        "needs at least one test key=value",
        "service.a.includes: no service 'nowhere'",
        "includes itself",
        "service.town.tags: must be a list",
        "service.town: a tier has that name",
        "tier.hamlet: unknown tier",
        "'word' is claimed by a, b",
    ):
        assert key in text


@pytest.mark.parametrize("content", [b"[service", b"\xff\xfe\x00", b""])
def test_a_services_file_that_is_no_toml_is_refused(tmp_path, content):
    file = tmp_path / "services.toml"
    file.write_bytes(content)
    with pytest.raises(StudyError, match="service"):
        load_services(file)


def test_a_missing_services_file_is_refused(tmp_path):
    with pytest.raises(StudyError, match="cannot be read"):
        load_services(tmp_path / "none.toml")


def test_rules_join_their_tests():
    rule = parse_rule("amenity=clinic|doctors & healthcare!=dentist & name~^st")
    assert rule.matches({"amenity": "doctors", "name": "St. Mary"})
    assert not rule.matches({"amenity": "doctors", "name": "Mary"})
    assert not rule.matches({"amenity": "doctors", "name": "St. Mary", "healthcare": "dentist"})
    assert parse_rule("office=*").matches({"office": "anything"})


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(ValueError, match="regular expression"):
        parse_rule("amenity=clinic & name~(")


def test_letters_lose_accents_and_capitals_only():
    assert fold("HÔPITAL 医院") == "hopital 医院"
    assert tag_values("a; b") == ["a", "b"]
