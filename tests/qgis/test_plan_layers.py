"""Plans as layers: what to do, numbered in ink, above whom it serves, and what QGIS itself makes of it."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.qgis import build_layers, write_qgis
from spatial.tables import TABLES

CRS = "EPSG:32648"
PLANS = (("near", "hospital", "sites"), ("circle", "hospital", "links"), ("each", "primary_school", "unit_sites"))


@pytest.fixture(scope="module")
def planned(county):
    """The county with two sites, a link with a bridge and one without, and a school in a township."""
    places = county["settlements"].set_index("settlement_id").geometry
    ids = places.index.tolist()
    told = {"norm_id": None, "mode": "drive", "threshold": 20.0, "unit": "min", "stat_unit": "population"}
    plans = pd.DataFrame(
        [{"plan_id": name, "rank": rank, "service": service, "question": ask, **told}
         for rank, (name, service, ask) in enumerate(PLANS, start=1)]
    )  # fmt: skip
    rows = [
        ("near", 1, "open_site", ids[7], places[ids[7]], False),
        ("near", 2, "open_site", ids[8], places[ids[8]], False),
        ("circle", 1, "build_link", f"{ids[9]} {ids[10]}", shapely.LineString(places[ids[9:11]].tolist()), True),
        ("circle", 2, "build_link", ids[11], shapely.LineString(places[[ids[11], ids[12]]].tolist()), False),
        ("each", 1, "open_site", ids[13], places[ids[13]], False),
    ]
    actions = gpd.GeoDataFrame(
        [{"action_id": f"{plan}/{at}", "plan_id": plan, "step": step, "action": what, "place_id": at, "place": at,
          "service": "hospital", "crosses_water": wet, "persons_gained": 100.0}
         for plan, step, what, at, _, wet in rows],
        geometry=[row[4] for row in rows],
        crs=CRS,
    )  # fmt: skip
    outcomes = ["within", "gained", "beyond", "none_reached", "unknown"]
    people = pd.concat(
        [pd.DataFrame({"plan_id": name, "unit_level": "settlement", "unit_id": ids[:95], "persons": 100.0,
                       "outcome": [outcomes[row % 5] for row in range(95)]}) for name in ("near", "circle")]
        + [pd.DataFrame({"plan_id": "each", "unit_level": "township", "unit_id": ["r1", "r2"], "persons": 100.0,
                         "outcome": ["gained", "beyond"]})],
        ignore_index=True,
    )  # fmt: skip
    return county | {"plans": plans, "plan_actions": actions, "plan_people": people}


def layers_of(tables, meta, language="en"):
    return {layer.table: layer for layer in build_layers(tables, crs=CRS, languages=[language], meta=meta)}


def test_each_plan_has_its_actions_above_its_people_and_the_first_is_shown_alone(planned, county_meta):
    layers = layers_of(planned, county_meta)
    names = [name for name, layer in layers.items() if layer.shown.shelf == "plans"]
    assert names == [
        *(f"plan_{rank}_{name}_{what}" for rank, (name, *_) in enumerate(PLANS, 1) for what in ("actions", "people")),
        "plans",
        "plan_actions",
    ]
    shown = [name for name, layer in layers.items() if layer.shown.visible and layer.group == "results"]
    assert shown == ["plan_1_near_actions", "plan_1_near_people"]
    assert [layers[f"plan_{plan}_people"].geometry for plan in ("1_near", "3_each")] == ["Point", "Polygon"]
    assert len(layers["plan_actions"].frame) == 5
    assert layers["plan_actions"].geometry == ""


@pytest.mark.parametrize(("language", "title"), [("en", "Plan 1: Hospital"), ("fr", "Plan 1"), ("zh", "方案1")])
def test_layers_and_columns_are_named_in_the_first_language_of_the_study(planned, county_meta, language, title):
    layer = layers_of(planned, county_meta, language)["plan_1_near_actions"]
    assert layer.title.startswith(title)
    field = TABLES["plan_actions"].by_name["persons_gained"]
    assert layer.aliases["persons_gained"] != "persons_gained"
    assert (language == "en") == layer.aliases["persons_gained"].startswith(field.title)


def test_a_plan_is_called_as_the_study_or_its_norm_calls_it_else_by_its_service(planned, county_meta):
    plans = planned["plans"].assign(norm_id=["CN-HOSPITAL", "CN-HOSPITAL", None])
    meta = replace(county_meta, plan_names={"near": "", "circle": "Links of 2027"})
    layers = layers_of(planned | {"plans": plans}, meta)
    titles = {name: layer.title for name, layer in layers.items() if name.endswith("_actions") and name[5].isdigit()}
    assert titles == {
        "plan_1_near_actions": "Plan 1: Hospital within 20 min",
        "plan_2_circle_actions": "Plan 2: Links of 2027",
        "plan_3_each_actions": "Plan 3: Primary school",
    }
    assert layers["plan_1_near_actions"].shown.theme == "What to do first: Hospital within 20 min"


def test_a_place_is_named_as_the_summary_names_it_and_the_finding_is_the_description(planned, county_meta):
    meta = replace(county_meta, plans={"near": "Two sites."}, places_of_actions={"near/n007": "Village 2"})
    layers = layers_of(planned, meta)
    assert layers["plan_1_near_actions"].frame["place"].tolist() == ["Village 2", "n008"]
    assert layers["plan_actions"].frame.set_index("action_id")["place"]["near/n007"] == "Village 2"
    assert layers["plan_1_near_actions"].description.startswith("Two sites.")


def test_stops_of_a_mobile_service_are_a_layer_of_their_plan_with_the_day_in_each(planned, county_meta):
    stops = pd.DataFrame(
        {"plan_id": "near", "settlement_id": ["n003", "n001"], "place": ["Third", "First"], "day": [2, 1],
         "order": 1, "arrive_min": 20.0, "leave_min": 80.0, "gained": 10.0}
    )  # fmt: skip
    layers = layers_of(planned | {"plan_stops": stops}, county_meta)
    names = [name for name in layers if name.startswith("plan_1_near_")]
    assert names == ["plan_1_near_actions", "plan_1_near_stops", "plan_1_near_people"]
    layer = layers["plan_1_near_stops"]
    assert layer.frame[["place", "day"]].to_numpy().tolist() == [["First", 1], ["Third", 2]]
    assert layer.frame.geometry.iloc[0] == planned["settlements"].set_index("settlement_id").geometry["n001"]
    assert layer.title == "Plan 1: stops of the mobile service"


def test_without_a_plan_the_gaps_are_shown(county, county_meta):
    layers = layers_of(county, county_meta)
    assert not any(layer.shown.shelf == "plans" for layer in layers.values())
    assert layers["gap_cn_hospital"].shown.visible


@pytest.mark.qgis
def test_qgis_draws_plans_with_their_colours_numbers_and_bridges(planned, county_meta, in_qgis, tmp_path):
    for artifact in write_qgis(planned, name="county", crs=CRS, languages=["en"], meta=county_meta):
        (tmp_path / artifact.name).write_bytes(artifact.content)
    picture = tmp_path / "picture.png"
    seen = in_qgis("inspect_in_qgis.py", tmp_path, "county", picture).found
    assert [name for name, layer in seen["project"].items() if not layer["valid"]] == []
    looks = {
        name: seen["project"][f"spatial_county_plan_{name}"]["classes"]
        for name in ("1_near_people", "2_circle_actions")
    }
    assert looks["1_near_people"] == [
        "Brought within by the plan",
        "Still beyond",
        "Still without any within reach",
        "Within already",
        "Not measurable",
    ]
    assert looks["2_circle_actions"] == ["New link, numbered in order", "New link that needs a bridge"]
    assert {"#0b6b66", "#a3162e", "#1d2327"} <= set(seen["colours"])
    assert len(seen["groups"]["Results"]["Plans: what to do first"]) == 5


def test_plans_without_any_action_leave_a_small_project(planned, county_meta):
    tables = {name: table for name, table in planned.items() if name != "plan_actions"}
    layers = layers_of(tables, replace(county_meta, is_full=False))
    assert "settlements" in layers
    assert not any(name.startswith("plan_") for name in layers)
