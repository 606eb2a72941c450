"""Names on maps of bilingual countries: two scripts side by side, other names in tags, abbreviations of offices."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.crs import WGS84
from spatial.inputs.names import in_each_script, name_scores, plain_name
from spatial.inputs.placing import called, locate_places


def _places(*names: str, tags: str = "{}") -> gpd.GeoDataFrame:
    points = [shapely.Point(43.2 + 0.01 * number, -11.7) for number in range(len(names))]
    columns = {"settlement_id": [f"n{number}" for number in range(len(names))], "name": names, "tags": tags}
    return gpd.GeoDataFrame(columns, geometry=points, crs=WGS84)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("CSD de Mitsoudjé", "Mitsoudje"),
        ("PS Ivembeni", "Ivémbéni"),
        ("Hôp. DOMONI", "دوموني Domoni"),
        ("EPP Sima", "سيما Sima"),
        ("Ecole Primaire Publique de Koimbani", "Koimbani كيمبني"),
        ("CHRI Fomboni", "فومبوني Fomboni"),
    ],
)
def test_abbreviations_accents_and_the_other_script_do_not_part_a_facility_from_its_place(written, place):
    assert name_scores([[written]], [[place]])[0, 0] == 1.0


def test_chinese_names_and_names_in_one_script_stay_whole():
    for name in ("Dar-Salama", "دار السلام", "金顶镇 Jinding", "M'djoiezi hambou", "", "12"):
        assert in_each_script(name) == (name,)


@given(st.text(max_size=20))
def test_a_name_in_parts_begins_with_itself_and_loses_no_word(name):
    parts = in_each_script(name)
    assert parts[0] == name
    assert sorted(" ".join(parts[1:]).split()) == (sorted(name.split()) if len(parts) == 3 else [])


def test_a_place_is_found_by_another_name_in_its_tags():
    places = _places("Mwali", "Nzwani", tags='{"alt_name": "Mohéli;Moheli", "name:fr": "Île de Mohéli"}')
    assert called(places)[0] == ("Mwali", "Île de Mohéli", "Mohéli", "Moheli")
    one = places.assign(tags=['{"alt_name": "Mohéli"}', None])
    row = gpd.GeoDataFrame({"facility_id": ["f1"], "name": ["CHR Mohéli"]}, geometry=[None], crs=WGS84)
    placed = locate_places(row, one).frame.iloc[0]
    assert (placed["placed_at"], placed["placed_score"]) == ("n0", 1.0)


def test_a_township_is_found_in_either_script():
    islands = gpd.GeoDataFrame(
        {"boundary_id": ["b1", "b2"], "name": ["موهيلي Mwali", "Nzwani أنجوان"], "admin_level": [4, 4]},
        geometry=[shapely.box(43.19, -12, 43.205, -11), shapely.box(43.205, -12, 44, -11)],
        crs=WGS84,
    )
    places = _places("دوموني Domoni", "Domoni")
    rows = gpd.GeoDataFrame(
        {"facility_id": ["f1", "f2"], "name": ["PS Domoni"] * 2, "township": ["Mwali", "Nzwani"]},
        geometry=[None, None],
        crs=WGS84,
    )
    assert locate_places(rows, places, islands).frame["placed_at"].tolist() == ["n0", "n1"]


def test_the_stem_of_a_place_that_is_called_like_a_service_stays():
    assert plain_name("Pharmakos").stem == "pharmakos"
    assert plain_name("Hopital").stem == ""
