"""The country that a study lies in is proposed, and near a border nobody but the user chooses."""

import numpy as np
import pytest

from spatial.georef.datums import countries_at, country_named


def codes(longitude, latitude):
    return [one.code for one in countries_at(longitude, latitude)]


@pytest.mark.parametrize(
    ("longitude", "latitude", "country"),
    [
        (-0.70, 52.66, "GB"),  # Oakham
        (43.26, -11.70, "KM"),  # Moroni, an island
        (44.40, -12.21, "KM"),  # Mutsamudu, another one
        (104.60, 28.75, "CN"),
        (28.30, -29.50, "LS"),  # Lesotho lies within South Africa
        (24.70, -28.70, "ZA"),
        (13.40, 52.50, "DE"),
        (36.80, -1.30, "KE"),
        (-64.18, -31.42, "AR"),
    ],
)
def test_a_place_far_from_any_border_lies_in_one_country(longitude, latitude, country):
    assert codes(longitude, latitude) == [country]


def test_at_sea_there_is_none():
    assert codes(-30.0, 0.0) == []


@pytest.mark.parametrize(
    ("longitude", "latitude", "countries"),
    [(7.59, 47.56, {"CH", "DE", "FR"}), (114.1, 22.54, {"CN", "HK"}), (1.52, 42.51, {"AD", "ES", "FR"})],
)
def test_near_a_border_all_are_named(longitude, latitude, countries):
    assert set(codes(longitude, latitude)) == countries


@pytest.mark.parametrize(
    ("longitude", "latitude", "countries"), [(34.1, 45.0, {"UA", "RU"}), (21.16, 42.66, {"XK", "RS"})]
)
def test_where_several_states_hold_or_claim_an_area_all_are_named(longitude, latitude, countries):
    assert set(codes(longitude, latitude)) == countries


def test_a_few_places_near_a_border_make_no_second_country():
    places = np.array([(5.0, 47.5)] * 95 + [(7.59, 47.56)] * 5)
    assert codes(*places.T) == ["FR"]
    # A tenth of the places near the border is enough for all three.
    assert set(codes(*np.array([(5.0, 47.5)] * 90 + [(7.59, 47.56)] * 10).T)) == {"FR", "CH", "DE"}


def test_a_country_of_which_nothing_is_known_proposes_no_levels():
    assert country_named("KE") == ("KE", None, None, "osrm_like")
    assert country_named("CN") == ("CN", 6, 8, "rural_cn")
