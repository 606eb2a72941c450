"""Maps for a notebook: who is beyond, plans, layers on a map of one's own, and names that are no markup."""

from __future__ import annotations

import json
import re
from collections import Counter

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.cartography import document
from spatial.cartography.notebook import gap_layer, gap_map, plan_map, plot_access
from spatial.errors import ContractError

ATTACK = "<img src=x onerror=alert(1)>"


class Ran:
    """What these maps read of the results of a run."""

    summary = {  # noqa: RUF012 - read alone
        "norms": [
            {
                "service": "hospital",
                "metric": metric,
                "threshold": limit,
                "places_served": within,
                "places_unserved": 0.0,
            }
            for metric, limit, within in (
                ("roundtrip_time_min", 99.0, 1.0),  # there and back: no limit of a way
                ("time_min", 20.0, 0.0),  # judged nowhere, as one for children whose number nobody knows
                ("time_min", 30.0, 1.0),
            )
        ]
    }
    names = ("settlements", "boundaries")

    def __init__(self):
        ids, points = list("abcd"), gpd.points_from_xy([0, 1000, 2000, 3000], [0] * 4)
        self.settlements = gpd.GeoDataFrame(
            {
                "settlement_id": ids,
                "name": [ATTACK, "B", "C", "D"],
                "in_study": [True] * 4,
                "population_persons": [100.0, 400.0, 50.0, np.nan],
                "township_id": "t",
            },
            geometry=points,
            crs="EPSG:32738",
        )
        way = {"service": "hospital", "facility_id": "h"}
        self.access = pd.DataFrame(
            [
                {"settlement_id": "a", "mode": "drive", "travel_time_min": 30.0, "reach_status": "reached", **way},
                {"settlement_id": "b", "mode": "drive", "travel_time_min": 40.0, "reach_status": "reached", **way},
                {"settlement_id": "b", "mode": "walk", "travel_time_min": 90.0, "reach_status": "reached", **way},
                {"settlement_id": "c", "mode": "drive", "travel_time_min": np.nan, "reach_status": "no_path", **way},
                {"settlement_id": "d", "mode": "drive", "travel_time_min": np.nan, "reach_status": "unknown", **way},
            ]
        )
        self.facilities = self.settlements.iloc[:1].assign(facility_id="h", name="H")
        self.boundaries = gpd.GeoDataFrame(
            {"is_unit": [True]}, geometry=[shapely.box(-1, -1, 3001, 1)], crs="EPSG:32738"
        )
        self.plan_actions = gpd.GeoDataFrame(
            {"plan_id": ["p", "p"], "step": [1, 2], "place": ["B", None], "place_id": ["b", "c"]},
            geometry=[shapely.Point(1000, 0), shapely.LineString([(1000, 0), (2000, 0)])],
            crs="EPSG:32738",
        )
        self.plans = pd.DataFrame({"plan_id": ["p"], "unit": ["min"]})
        self.plan_people = pd.DataFrame(
            {
                "plan_id": "p",
                "unit_level": "settlement",
                "unit_id": list("abcd"),
                "outcome": ["within", "gained", "none_reached", "unknown"],
                "after_value": [30.0, 12.0, np.nan, np.nan],
            }
        )


def looks(page):
    text = page.get_root().render()
    return {
        feature["properties"]["name"]: feature["properties"]["look"]
        for block in re.findall(r"_add\((\{.*?\})\);", text, re.DOTALL)
        for feature in json.loads(block).get("features", [])
        if "look" in feature.get("properties", {})
    }


def test_a_limit_is_inclusive_and_no_way_is_told_from_not_known():
    found = looks(gap_map(Ran(), "hospital"))
    assert Counter(found.values()) == {"within": 1, "beyond": 1, "no_way": 1, "unknown": 1}
    assert (found["B"], found["C"], found["D"]) == ("beyond", "no_way", "unknown")


def test_a_way_longer_than_was_searched_is_beyond_and_not_missing():
    ran = Ran()
    ran.access.loc[ran.access["settlement_id"] == "c", "reach_status"] = "beyond_cutoff"
    page = gap_map(ran, "hospital")
    assert looks(page)["C"] == "beyond"
    assert "further than searched" in page.get_root().render()
    pytest.importorskip("matplotlib").use("Agg")
    legend = [text.get_text() for text in plot_access(ran, "hospital", limit_min=45.0).get_legend().get_texts()]
    assert "further than searched: 50 people" in legend
    assert not any("no way" in text for text in legend)


def test_the_fastest_mode_counts_unless_one_is_named():
    assert looks(gap_map(Ran(), "hospital", limit_min=40.0))["B"] == "within"
    walk = looks(gap_map(Ran(), "hospital", mode="walk", limit_min=40.0))
    assert walk["B"] == "beyond"
    assert walk["C"] == "unknown"  # nobody looked for a way on foot


def test_names_are_text_and_a_layer_goes_on_a_map_of_ones_own():
    page = folium.Map(location=[0, 45], tiles=None)
    gap_layer(Ran(), "hospital").add_to(page)
    folium.Marker([0, 45], tooltip="ours").add_to(page)
    text = page.get_root().render()
    assert ATTACK not in text
    assert "ours" in text


def test_a_plan_shows_whom_it_brings_and_what_is_built():
    page = plan_map(Ran())
    found = looks(page)
    assert (found["B"], found["C"]) == ("gained", "none_reached")
    text = page.get_root().render()
    assert "1. B" in text
    assert "2. c" in text
    assert "12 min" in text


def test_sites_of_a_plan_are_named_in_the_language_of_the_map():
    ran = Ran()
    ran.settlements["name_zh"] = list("甲乙丙丁")
    text = plan_map(ran, language="zh").get_root().render()
    assert "1. 乙" in text
    assert "1. B" not in text


@pytest.mark.parametrize(
    ("draw", "what"),
    [
        (lambda: gap_map(Ran(), "clinic"), "no 'clinic' in these results; there are hospital"),
        (lambda: gap_map(Ran(), "hospital", mode="cycle"), "no 'cycle' in these results; there are drive, walk"),
        (lambda: plan_map(Ran(), "q"), "no 'q' in these results; there are p"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(draw, what):
    with pytest.raises(ContractError, match=re.escape(what)):
        draw()


def test_maps_of_pages_are_written_by_folium_too(monkeypatch):
    # The package promises folium maps, on pages as in notebooks: nothing of ours may take its place unseen.
    made = []
    render = folium.Map.render
    monkeypatch.setattr(folium.Map, "render", lambda self, **how: (made.append(self.location), render(self, **how)))
    document._map_elements.cache_clear()
    assert "folium-map" in document._map_elements(1.5, 2.5)["html"]
    assert made == [[1.5, 2.5]]


@pytest.mark.parametrize("draw", [gap_map, gap_layer, plot_access, plan_map])
def test_a_path_is_no_run_to_draw(draw, tmp_path):
    with pytest.raises(ContractError, match=r"is a str; open a run with read_results"):
        draw(str(tmp_path), "hospital")


def test_a_plot_counts_places_where_nobody_knows_how_many_live_there():
    pytest.importorskip("matplotlib").use("Agg")
    ran = Ran()
    ran.settlements["population_persons"] = np.nan
    ran.summary = {"norms": []}
    legend = [text.get_text() for text in plot_access(ran, "hospital", limit_min=30.0).get_legend().get_texts()]
    assert "15 to 30 min: 1 place" in legend
    assert not any("people" in text for text in legend)


@pytest.mark.parametrize(
    ("asked", "mode", "named"), [("walk", "any", False), ("walk", "walk", True), (None, "any", True)]
)
def test_a_plot_names_the_norm_where_it_travels_as_the_norm_asks(asked, mode, named):
    pytest.importorskip("matplotlib").use("Agg")
    ran = Ran()
    ran.summary = {"norms": [{**ran.summary["norms"][-1], "threshold": 7.5, "norm_id": "N", "mode": asked}]}
    axes = plot_access(ran, "hospital", mode=mode)
    assert ("N: within 7.5 min" in axes.get_title(loc="left")) == named
    assert [text.get_text().split(":")[0] for text in axes.get_legend().get_texts()][1] == "4 to 7.5 min"
