"""What the access engine found, as layers: looks, joins, groups, and what QGIS itself makes of them."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.messages import Words
from spatial.qgis import build_layers, write_qgis, write_raster
from spatial.qgis.joins import how_sure, last_mile_lines, neighbour_colours, settlement_engine
from spatial.qgis.looks_access import measure_bounds
from spatial.tables import TABLES
from tests.qgis.one_file import write_project

CRS = "EPSG:32648"
MIDDLE = shapely.Point(420_000, 3_315_000)
TEXTS = {
    "settlement_id",
    "facility_id",
    "service",
    "mode",
    "group",
    "measure",
    "unit",
    "status",
    "decay",
    "supply_basis",
    "interval_status",
    "main_factor",
    "factor",
    "wet_status",
    "wet_reach_status",
    "unit_level",
    "unit_id",
    "direction",
    "reach_status",
    "second_facility_id",
    "scenario",
    "class_change",
    "before_status",
    "after_status",
    "station_id",
}


def typed(frame):
    return frame.astype({column: "str" for column in frame.columns if column in TEXTS})


def measures(places):
    rows = []
    for measure, unit, scale in (("e2sfca", "facilities per person", 1e-4), ("cumulative_30_min", "facilities", 1)):
        value = (np.arange(len(places)) % 12).astype(float) * scale
        rows.append(
            pd.DataFrame({"settlement_id": places, "measure": measure, "unit": unit, "value": value, "decay": None})
        )
    frame = pd.concat(rows, ignore_index=True)
    frame = frame.assign(service="hospital", mode="drive", group="everybody", status="reached")
    frame = frame.assign(facilities_reached=2, supply_basis="count", edge_risk=False)
    return typed(pd.concat([frame, frame.assign(group="elderly", value=0.0)], ignore_index=True))


def intervals(places):
    low = np.linspace(5, 60, len(places))
    high = low + np.linspace(0, 40, len(places))
    high[-3:] = np.nan
    low[-2:] = np.nan
    status = ["reached"] * (len(places) - 3) + ["sometimes_reached", "no_path", "unknown"]
    frame = pd.DataFrame({"settlement_id": places, "service": "hospital", "mode": "drive", "low_min": low})
    frame = frame.assign(base_min=low, high_min=high, interval_status=status, main_factor="speed")
    return typed(frame.assign(main_factor_min=1.0))


def wet_losses(places):
    status = np.resize(["kept", "slower", "lost", "not_served", "unknown"], len(places))
    frame = pd.DataFrame({"settlement_id": places, "service": "hospital", "mode": "drive", "dry_min": 10.0})
    slower = np.where(status == "slower", np.arange(len(places)) % 20 + 0.5, np.where(status == "kept", 0, np.nan))
    frame = frame.assign(wet_min=10.0, slower_min=slower, wet_status=status, wet_reach_status="reached")
    return typed(frame.assign(facility_changes=False, population_persons=1.0, in_study=True))


def grounds():
    rings = [MIDDLE.buffer(radius, quad_segs=64) for radius in (3_000, 6_000, 9_000)]
    reached = gpd.GeoDataFrame(
        {"service": "hospital", "mode": "drive", "direction": "to_facility", "cutoff_min": [15.0, 30.0, 60.0, 15.0]},
        geometry=[*rings, None],
        crs=CRS,
    )
    reached.loc[3, "service"] = "post_office"  # nothing is within reach
    boxes = [shapely.box(410_000 + x * 4000, 3_305_000, 414_000 + x * 4000, 3_312_000) for x in range(3)]
    nearest = gpd.GeoDataFrame(
        {"facility_id": ["f02", "f03", "f04"], "service": "primary_school", "mode": "drive"}, geometry=boxes, crs=CRS
    ).assign(direction="to_facility", longest_min=30.0, population_persons=100.0)
    return {
        name: typed(frame.assign(reached_km=1.0, area_km2=frame.area.fillna(0) / 1e6, **more))
        for name, frame, more in (("isochrones", reached, {"walk_on_top_min": 5.0}), ("catchments", nearest, {}))
    }


def cells(county):
    width = 1000.0
    x, y = np.meshgrid(np.arange(410_500, 430_000, width), np.arange(3_305_500, 3_325_000, width))
    ids = [f"c{number:04}" for number in range(x.size)]
    template = county["settlements"].iloc[[0] * x.size].reset_index(drop=True)
    places = template[[field.name for field in TABLES["cells"].fields if field.name in template.columns]].assign(
        settlement_id=pd.Series(ids, dtype="str"), population_persons=10.0, cell_width_m=width
    )
    places = gpd.GeoDataFrame(places, geometry=gpd.points_from_xy(x.ravel(), y.ravel(), crs=CRS))
    access = county["access"][county["access"]["mode"] == "drive"].iloc[[0] * x.size].reset_index(drop=True)
    access = access.assign(settlement_id=places["settlement_id"], service="hospital").astype({"service": "str"})
    access["travel_time_min"] = places.distance(MIDDLE) / 200
    return {"cells": places, "cell_access": access}


def others(county):
    places = county["settlements"]["settlement_id"]
    units = county["boundaries"].loc[county["boundaries"]["is_unit"], "boundary_id"]
    rural = pd.DataFrame({"unit_level": ["study", *["zone"] * len(units)], "unit_id": ["study", *units]})
    numbers = ("population_persons", "rural_persons", "urban_persons", "served_persons_lower", "served_persons_upper")
    rural = rural.assign(rai_lower=0.8, rai_upper=0.9, imputed_share=0.5, distance_m=2000.0, urban_masked=True)
    people = pd.DataFrame({"service": ["hospital"], "mode": "drive", "cutoff_min": 30.0, "factor": "all"})
    numbered = [field.name for field in TABLES["interval_people"].fields if field.name.endswith("_persons")]
    off = pd.DataFrame({"settlement_id": places, "service": "hospital", "facility_id": "f00"})
    return {
        "rural_access": typed(rural.assign(**dict.fromkeys(numbers, 1.0))),
        "interval_people": typed(people.assign(**dict.fromkeys(numbered, 1.0), class_changes_places=1)),
        "off_road": typed(off.assign(travel_time_min=np.linspace(1, 120, len(off)), reach_status="reached")),
    }


def trials(places):
    before = np.linspace(10, 60, len(places))
    after = before.copy()
    after[:20] -= 20
    after[50:60] += 5  # from 35.5 to 40.1 min: the last one is beyond 40 min before too
    after[70:80] -= 10  # from 45.7 to 50.3 min: the last one stays beyond 40 min
    before[-1] = after[-1] = after[-2] = np.nan
    frame = pd.DataFrame(
        {"scenario": "new-road", "settlement_id": places, "service": "hospital", "mode": "drive"}
    ).assign(before_min=before, after_min=np.maximum(after, 0.0), cutoff_min=40.0)
    frame["difference_min"] = frame["after_min"] - frame["before_min"]
    frame["within_before"], frame["within_after"] = frame["before_min"] <= 40, frame["after_min"] <= 40
    for when in ("before", "after"):
        frame[f"{when}_status"] = np.where(frame[f"{when}_min"].isna(), "no_path", "reached")
    step = frame["within_after"].astype(int) - frame["within_before"].astype(int)
    frame["class_change"] = step.map({1: "gained", 0: "same", -1: "lost"})
    frame = frame.assign(population_persons=1.0, in_study=True)
    crews = pd.DataFrame({"settlement_id": places, "service": "hospital", "mode": "emergency", "station_id": "f00"})
    crews = crews.assign(mobilisation_min=2.0, drive_min=before, response_min=before + 2, reach_status="reached")
    crews["target_met_min"] = np.where(before + 2 <= 30, 30.0, np.nan)
    people = pd.DataFrame({"service": ["hospital"] * 2, "mode": "emergency", "target_min": [15.0, 30.0]})
    numbers = [field.name for field in TABLES["emergency_people"].fields if field.name.endswith("_persons")]
    counts = [field.name for field in TABLES["emergency_people"].fields if field.name.endswith("_places")]
    return {
        "scenario_access": typed(frame),
        "emergency_response": typed(crews.assign(population_persons=1.0, in_study=True)),
        "emergency_people": typed(people.assign(**dict.fromkeys(numbers, 1.0), **dict.fromkeys(counts, 1))),
    }


@pytest.fixture(scope="module")
def engine(county):
    places = county["settlements"]["settlement_id"]
    found = {
        "measures": measures(places),
        "intervals": intervals(places),
        "wet_losses": wet_losses(places),
        **grounds(),
        **cells(county),
        **others(county),
        **trials(places),
    }
    for name, frame in found.items():
        TABLES[name].check(frame)
    return {**county, **found}


@pytest.fixture(scope="module")
def meta(county_meta):
    return replace(
        county_meta,
        thresholds_min={"hospital": 30.0},
        cutoffs_min=(15.0, 30.0, 60.0),
        mode="drive",
        scenarios={"new-road": {"en": "New road", "zh": "新路"}},
    )


@pytest.fixture(scope="module")
def layers(engine, meta):
    return {layer.table: layer for layer in build_layers(engine, crs=CRS, languages=["en"], meta=meta)}


@pytest.fixture(scope="module")
def project(engine, meta):
    artifact = write_project(engine, name="county", crs=CRS, languages=["en"], meta=meta)
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
        text = archive.read("county.qgs").decode("utf-8")
    return ET.fromstring(text.split("\n", 1)[1])  # noqa: S314 - our own output


def classes(style):
    return [item.get("label") for item in style.renderer.iter("category")]


def test_a_place_is_sure_where_every_run_agrees_and_the_threshold_is_inclusive():
    runs = pd.DataFrame(
        {
            "low_min": [10.0, 30.0, 30.1, np.nan, np.nan, 10.0],
            "high_min": [30.0, 30.1, 99.0, np.nan, np.nan, np.nan],
            "interval_status": ["reached", "reached", "reached", "no_path", "unknown", "sometimes_reached"],
        }
    )
    assert how_sure(runs, 30.0).tolist() == ["within", "may", "beyond", "beyond", "unknown", "may"]


def test_areas_that_touch_get_different_colours():
    squares = np.array([shapely.box(x, y, x + 1, y + 1) for x in range(6) for y in range(6)])
    colours = neighbour_colours(squares, 7)
    left, right = shapely.STRtree(squares).query(squares, predicate="intersects")
    apart = left != right
    assert (colours[left[apart]] != colours[right[apart]]).all()
    assert set(colours) == set(range(7))  # evenly used


def test_classes_of_measures_hold_equally_many_places_and_bounds_are_never_below_their_value():
    values = pd.Series(np.random.default_rng(3).lognormal(0, 1, 1000))
    bounds = measure_bounds(values)
    edges = [0.0, *bounds, np.inf]
    held = [((values > low) & (values <= high)).mean() for low, high in pairwise(edges)]
    np.testing.assert_allclose(held, 0.2, atol=0.01)
    assert measure_bounds(pd.Series([1234.0, 1234.0, 5678.0])) == [1240.0]
    assert measure_bounds(pd.Series([0.0, np.nan])) == []


def test_lines_of_the_last_mile_are_as_long_as_it_says_and_end_on_a_road_that_counts():
    def frame(points, **columns):
        return gpd.GeoDataFrame(columns, geometry=points, crs=CRS)

    edges = frame(
        [shapely.LineString([(0, y), (1000, y)]) for y in (0, 300, 900)],
        is_snappable=True,
        all_season=["unknown", "no", "yes"],
    )
    places = frame([shapely.Point(500, 250), shapely.Point(500, 901), shapely.Point(9, 0)], settlement_id=list("abc"))
    last_mile = pd.DataFrame({"settlement_id": list("abc"), "all_season_road_distance_m": [250.0, 77.0, 0.0]})
    last_mile = last_mile.assign(all_season_road_min=1.0, last_mile_class="near")
    lines = last_mile_lines({"settlements": places, "last_mile": last_mile, "edges": edges})
    # The nearest road fails in the wet; no road lies 77 m from b; c stands on one.
    assert lines["settlement_id"].tolist() == ["a"]
    assert lines.geometry.iloc[0].equals(shapely.LineString([(500, 250), (500, 0)]))


def test_every_part_of_the_engine_has_a_layer_in_its_sub_group(layers):
    assert layers["isochrones_hospital"].shown.shelf == layers["catchments_primary_school"].shown.shelf == "areas"
    assert layers["cells"].shown.shelf == "areas"
    shelves = {look.key: look.shelf for look in layers["settlements"].more_looks}
    assert shelves == {
        "last_mile": "access",
        "hospital_cumulative_30_min": "measures",
        "hospital_e2sfca": "measures",
        "hospital_how_sure": "certainty",
        "hospital_width": "certainty",
        "hospital_wet": "season",
        "hospital_off_road": "off_road",
        "new_road_hospital_change": "scenarios",
        "hospital_response": "emergency",
    }
    assert "rural" in {look.key for look in layers["townships"].more_looks}
    tables = {name for name, layer in layers.items() if layer.shown.shelf == "tables"}
    assert tables >= {"measures", "intervals", "interval_people", "wet_losses", "rural_access"}


def test_what_is_not_there_gives_no_layer_and_no_error(engine, meta, layers):
    assert "isochrones_post_office" not in layers  # all of it is out of reach
    names = set(engine) - set(TABLES) | {
        "measures", "intervals", "wet_losses", "isochrones", "catchments", "cells", "cell_access", "rural_access",
        "interval_people", "off_road",
    }  # fmt: skip
    empty = engine | {name: engine[name].iloc[:0] for name in names}
    tables = {layer.table for layer in build_layers(empty, crs=CRS, languages=["en"], meta=meta)}
    assert not tables & names
    assert not {name for name in tables if name.startswith(("isochrones_", "catchments_"))}


def test_settlements_carry_what_was_found_with_units(layers):
    frame, aliases = layers["settlements"].frame, layers["settlements"].aliases
    assert aliases["hospital_low_min"] == "Hospital: at best (min)"
    assert aliases["hospital_width_min"] == "Hospital: best to worst (min)"
    assert aliases["hospital_slower_min"] == "Hospital: slower in the wet by (min)"
    assert aliases["hospital_e2sfca"] == "Hospital: floating catchment (E2SFCA) (facilities per person)"
    assert aliases["hospital_off_road_min"] == "Hospital: over open ground (min)"
    assert (frame["hospital_e2sfca"] > 0).any()  # of everybody, not of a group
    assert layers["townships"].aliases["rai_lower"] == "Index, roads known to be all-season"
    assert layers["isochrones_hospital"].aliases["cutoff_min"] == "Within (min)"


def test_scenarios_class_by_the_cutoff_first_and_by_minutes_after(layers):
    frame = layers["settlements"].frame.set_index("settlement_id")
    change, minutes = frame["new_road_hospital_change"], frame["new_road_hospital_difference_min"]
    assert change.value_counts().to_dict() == {
        "same": 57,
        "quicker": 21,
        "gained": 9,
        "lost": 9,
        "slower": 2,  # one of them loses its way
        "none": 1,
    }
    assert (minutes[change == "quicker"] < 0).all()
    assert layers["settlements"].aliases["new_road_hospital_difference_min"] == (
        "New road, Hospital: after less before (min)"
    )
    looks = {look.key: look for look in layers["settlements"].more_looks}
    assert looks["new_road_hospital_change"].title == "New road: Hospital"
    told = classes(looks["new_road_hospital_change"].style)
    assert (told[0], told[4]) == ("Gained: within 40 min after, not before", "Lost: within 40 min before, not after")
    assert classes(looks["hospital_response"].style)[:3] == [
        "Within 15 min of the call",
        "Within 30 min of the call",
        "Beyond 30 min",
    ]


def test_legends_tell_classes_in_words_and_units(layers):
    looks = {look.key: look for look in layers["settlements"].more_looks}
    assert classes(layers["isochrones_hospital"].style) == ["Within 15 min", "Within 30 min", "Within 60 min"]
    assert classes(looks["hospital_how_sure"].style)[:3] == [
        "Within, even at worst",
        "Within at best, beyond at worst",
        "Beyond, even at best",
    ]
    assert "how sure" in looks["hospital_how_sure"].title.lower()
    assert looks["hospital_how_sure"].title.endswith("30 min")
    told = classes(looks["hospital_e2sfca"].style)
    assert told[0] == "facilities per 10,000 people: up to 3"
    assert told[-2:] == ["Nothing within reach", "No value"]


def test_areas_stand_in_chinese(engine, meta):
    found = {layer.table: layer for layer in build_layers(engine, crs=CRS, languages=["zh"], meta=meta)}
    assert found["isochrones_hospital"].title == "可达范围：医院"  # noqa: RUF001
    assert classes(found["isochrones_hospital"].style)[0] == "15分钟以内"
    assert found["settlements"].aliases["hospital_low_min"] == "医院：最好情形（分钟）"  # noqa: RUF001


def test_nothing_of_the_engine_is_switched_on_at_first(project):
    on = {
        element.get("id").removeprefix("spatial_county_")
        for element in project.find("layer-tree-group").iter("layer-tree-layer")
        if element.get("checked") == "Qt::Checked"
    }
    assert on == {"gap_cn_hospital", "settlements", "boundaries", "study_area", "roads", "water_lines", "water_areas"}
    results = project.find("layer-tree-group").find("layer-tree-group")
    shelves = {group.get("name"): group.get("mutually-exclusive") for group in results.findall("layer-tree-group")}
    assert shelves == {
        "Who is beyond a norm": "1", "Townships": "1", "Ways and the last mile": "1", "Flows": "1", "Areas": None,
        "Measures": "1", "How sure": "1", "Wet season": "1", "Off the roads": None, "Scenarios": "1",
        "Emergency response": "1", "Tables": None,
    }  # fmt: skip


def test_friction_is_told_as_speed(population):
    surface = replace(population, values=np.where(np.isnan(population.values), np.nan, 0.013), name="friction")
    raster = write_raster(surface, name="friction", unit="min/m", title="Speed", words=Words("en", "qgis"))
    labels = [item.get("label") for item in raster.pipe.iter("item")]
    assert labels[:3] == ["20 km/h and faster", "5 to 20 km/h", "4 to 5 km/h"]
    assert labels[-1] == "slower than 1 km/h"


@pytest.fixture(scope="module")
def seen(in_qgis, engine, meta, population, tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine")
    surface = replace(population, values=np.where(np.isnan(population.values), np.nan, 0.013), name="friction")
    raster = write_raster(surface, name="friction", unit="min/m", title="Speed", words=Words("en", "qgis"))
    raster = replace(raster, group="results", shelf="off_road")
    for artifact in write_qgis(engine, name="county", crs=CRS, languages=["en"], meta=meta, rasters=[raster]):
        (folder / artifact.name).write_bytes(artifact.content)
    picture = str(folder / "picture.png")
    return in_qgis("inspect_in_qgis.py", folder, "county", picture, "isochrones_hospital").found


@pytest.mark.qgis
def test_qgis_finds_every_layer_valid(seen):
    assert seen["read"]
    assert [name for name, layer in seen["project"].items() if not layer["valid"]] == []
    assert [name for name, layer in seen["package"].items() if not layer["valid"]] == []
    assert seen["groups"]["Results"]["Off the roads"]["Speed"] == ["spatial_raster_friction", False]


@pytest.mark.qgis
def test_qgis_reads_the_looks(seen):
    layer = seen["project"]["spatial_county_isochrones_hospital"]
    assert (layer["renderer"], layer["attr"], layer["values"]) == ("categorizedSymbol", "cutoff_min", [15, 30, 60])
    assert seen["package"]["isochrones_hospital"]["classes"] == layer["classes"]
    catchments = seen["project"]["spatial_county_catchments_primary_school"]
    assert (catchments["renderer"], catchments["labels"]) == ("singleSymbol", True)
    for look in ("how_sure", "width", "wet", "e2sfca", "off_road"):
        assert seen["project"][f"spatial_county_settlements_hospital_{look}"]["renderer"] == "categorizedSymbol"


@pytest.mark.qgis
def test_in_qgis_the_nearest_ring_lies_on_top(seen):
    # Discs of 3, 6 and 9 km on one another show 9, 27 and 45 parts of ground.
    shares = sorted(seen["colours"].values(), reverse=True)[:4]
    land, *rings = shares
    assert land > 0.5
    np.testing.assert_allclose(np.array(rings) / rings[-1], [5.0, 3.0, 1.0], rtol=0.1)


def test_titles_name_the_mode_of_scenarios_and_crews_where_it_is_not_that_of_headlines(engine, meta):
    walked = {"new-road": "walk+drive", "old-road": "drive"}
    rows = engine["scenario_access"]
    rows = pd.concat([rows.assign(scenario=name, mode=mode) for name, mode in walked.items()])
    crews = engine["emergency_response"]
    crews = pd.concat([crews, crews.assign(service="primary_school", mode="motorcycle")])
    tables = {"scenario_access": typed(rows), "emergency_response": typed(crews)}
    words = [Words(language, "qgis") for language in ("en", "fr", "zh")]
    titles = {said.language: settlement_engine(tables, said, meta).titles for said in words}
    shown = {language: found["new_road_hospital_change"] for language, found in titles.items()}
    assert shown["en"] == "New road: Hospital, walking and car"
    assert shown["fr"].endswith("à pied et en voiture")
    assert "步行加汽车" in shown["zh"]
    assert titles["en"]["old_road_hospital_change"] == "old-road: Hospital"
    # Each service keeps its crews, whatever they come by.
    assert titles["en"]["hospital_response_min"] == "Hospital, emergency vehicle: response (min)"
    assert titles["en"]["primary_school_response_min"] == "Primary school, motorcycle: response (min)"
