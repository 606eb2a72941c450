"""Roads by a name that people know, with the id behind."""

from __future__ import annotations

import re

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.messages import Words
from spatial.reporting.wording import NEAR_M, road_text

LINES = {
    "w1": shapely.LineString([(0, 0), (1000, 0)]),
    "w2": shapely.LineString([(0, 9000), (1000, 9000)]),
    "w3/4": shapely.LineString([(0, 50_000), (1000, 50_000)]),
}


@pytest.fixture
def tables():
    """Three roads, the first cut into two edges, and two places: the nameless one lies nearer to the first road."""
    roads = {
        "road_id": list(LINES),
        "name": ["云溪路", None, None],
        "name_en": ["Yunxi Road", None, None],
        "ref": ["S1", "S2", None],
        "road_class": ["primary", "secondary", "track"],
    }
    halves = [shapely.LineString([(0, 0), (500, 0)]), shapely.LineString([(500, 0), (1000, 0)])]
    edges = {"edge_id": ["w1/1", "w1/2"], "road_id": "w1", "road_class": "primary"}
    places = {"name": [None, "云溪镇", "马渡乡"], "name_en": [None, "Yunxi Town", "Madu Township"]}
    points = [(700, 0), (800, 0), (0, 9000 + NEAR_M)]
    return {
        "roads": gpd.GeoDataFrame(roads, geometry=list(LINES.values()), crs="EPSG:32738"),
        "edges": gpd.GeoDataFrame(edges, geometry=halves, crs="EPSG:32738"),
        "settlements": gpd.GeoDataFrame(
            places, geometry=gpd.points_from_xy(*zip(*points, strict=True)), crs="EPSG:32738"
        ),
    }


@pytest.mark.parametrize(
    ("edge", "language", "told"),
    [
        ("w1/2", "en", "Yunxi Road near Yunxi Town (w1/2)"),
        ("w1/2", "zh", "云溪镇附近的云溪路（w1/2）"),  # noqa: RUF001 - Chinese writes them wide
        # The middle of the road lies hypot(500, 5000) from the only place near it, which is too far.
        ("w2", "en", "secondary road S2 (w2)"),
        ("w2/1", "fr", "route secondaire S2 (w2/1)"),
        # A slash in the id of a road is no mark of an edge.
        ("w3/4", "en", "track (w3/4)"),
        ("w9/1", "en", "road w9/1"),
    ],
)
def test_a_road_goes_by_name_or_class_and_place_with_its_id_behind(edge, language, told, tables):
    assert road_text(edge, tables, Words(language)) == told
    # Planners read pages without ids, of which workbook and QGIS tell.
    assert road_text(edge, tables, Words(language), with_id=False) == re.sub(r"\s?\W\bw\d.*\W$", "", told)


def test_a_place_at_the_limit_is_near(tables):
    places = tables["settlements"]
    tables["settlements"] = places.set_geometry(
        gpd.points_from_xy([0, 0, 500], [90_000, 90_000, 9000 + NEAR_M]), crs="EPSG:32738"
    )
    assert road_text("w2", tables, Words("en")) == "secondary road S2 near Madu Township (w2)"


def test_a_road_of_which_only_edges_are_known_goes_by_its_class(tables):
    edges = pd.DataFrame(tables["edges"].drop(columns="geometry"))
    assert road_text("w1/1", {"edges": edges}, Words("en")) == "primary road (w1/1)"


@pytest.mark.parametrize("language", ["zh", "fr"])
def test_every_class_of_road_has_a_word_in_every_language(language):
    assert Words(language).messages["road_class"].keys() == Words("en").messages["road_class"].keys()
