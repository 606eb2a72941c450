"""What QGIS itself makes of the files: valid, styled, named, also after the folder moved."""

from __future__ import annotations

import shutil

import pytest

from spatial.messages import Words
from spatial.qgis import write_qgis, write_raster

pytestmark = pytest.mark.qgis

RENDERERS = {
    "settlements": ("categorizedSymbol", "tier"),
    "gap_cn_hospital": ("categorizedSymbol", "gap_class"),
    "gap_cn_primary_school": ("categorizedSymbol", "gap_class"),
    "facilities": ("categorizedSymbol", "service"),
    "routes_hospital": ("singleSymbol", None),
    "snaps": ("categorizedSymbol", "snap_status"),
    "edges_drive": ("categorizedSymbol", "all_season"),
    "edges_walk": ("categorizedSymbol", "all_season"),
    "roads": ("categorizedSymbol", "road_class"),
    "boundaries": ("singleSymbol", None),
    "water_areas": ("singleSymbol", None),
    "study_area": ("invertedPolygonRenderer", None),
    "qa_unsnapped": ("singleSymbol", None),
}


@pytest.fixture(scope="module")
def seen(in_qgis, county, county_meta, population, tmp_path_factory):
    folder = tmp_path_factory.mktemp("qgis") / "before"
    folder.mkdir()
    raster = write_raster(population, name="population", unit="persons", title="Population", words=Words("en", "qgis"))
    artifacts = write_qgis(
        county, name="county", crs="EPSG:32648", languages=["en"], meta=county_meta, rasters=[raster]
    )
    for artifact in artifacts:
        (folder / artifact.name).write_bytes(artifact.content)
    moved = folder.with_name("moved elsewhere 移")
    shutil.move(folder, moved)
    picture = moved / "picture.png"
    told = in_qgis("inspect_in_qgis.py", moved, "county", picture)
    return told.found | {"picture": picture, "errors": told.errors}


def test_the_project_opens_and_every_layer_is_valid_after_the_folder_moved(seen):
    assert seen["read"]
    assert len(seen["project"]) > 30
    assert [name for name, layer in seen["project"].items() if not layer["valid"]] == []
    assert [name for name, layer in seen["package"].items() if not layer["valid"]] == []
    assert all("moved elsewhere" in layer["source"] for layer in seen["project"].values())


def test_the_project_knows_its_crs_title_groups_and_colour_of_land(seen):
    assert seen["crs"] == "EPSG:32648"
    assert seen["title"].startswith("SYNTHETIC")
    assert seen["label"].startswith("SYNTHETIC")
    assert list(seen["groups"]) == ["Results", "Network", "Base", "Checks"]
    assert seen["background"] == "#f5f5f2"
    assert not seen["absolute"]


def test_ids_of_layers_are_kept(seen):
    assert "spatial_county_settlements" in seen["project"]
    assert "spatial_raster_population" in seen["project"]


@pytest.mark.parametrize("table", sorted(RENDERERS))
def test_layers_have_the_look_designed_for_them_in_project_and_package(seen, table):
    for layer in (seen["project"][f"spatial_county_{table}"], seen["package"][table]):
        assert (layer["renderer"], layer["attr"]) == RENDERERS[table]


def test_every_layer_of_the_package_is_styled_by_itself(seen):
    for table, layer in seen["package"].items():
        if layer["crs"]:
            assert layer["renderer"] is not None, table
            assert layer["licences"] == ["Sample county, CC0", "© OpenStreetMap contributors, ODbL"]


def test_classes_of_a_gap_say_the_minutes_of_its_norm_and_no_class_mixes_norms(seen):
    # 20 min, 25 min for a near miss, 40 min for twice the norm.
    assert seen["package"]["gap_cn_hospital"]["classes"] == [
        "Narrowly beyond: up to 25 min",
        "Over 25 min, up to 40 min",
        "Over 40 min, twice the norm",
        "No way found to any",
    ]
    assert seen["package"]["townships"]["classes"][-2:] == ["Not applicable", "Not measurable"]


def test_a_class_of_several_values_is_read_as_a_list(seen):
    assert seen["package"]["roads"]["values"][0][:3] == ["motorway", "trunk", "primary"]


def test_aliases_with_units_are_shown_in_project_and_package(seen):
    for layer in (seen["project"]["spatial_county_settlements"], seen["package"]["settlements"]):
        assert layer["aliases"]["population_persons"] == "Population (persons)"
        assert layer["aliases"]["hospital_min"] == "Hospital: travel time (min)"
    assert seen["package"]["settlements"]["comments"]["population_persons"] == "NaN = unknown."


def test_whole_numbers_are_64_bit(seen):
    assert seen["package"]["gap_cn_hospital"]["types"]["rank"] == "Integer64"
    kinds = {kind for layer in seen["package"].values() for kind in layer["types"].values()}
    assert kinds <= {"String", "Real", "Integer64", "Boolean"}


def test_the_raster_takes_its_look_from_the_file_beside_it(seen):
    raster = seen["rasters"]["population"]
    assert raster["valid"]
    assert raster["renderer"] == "singlebandpseudocolor"
    assert raster["legend"][0] == "nobody"


def test_the_picture_shows_results_on_a_quiet_base(seen):
    # Colours by share of the picture: land above all, then the veil; red from the gaps; water.
    colours = seen["colours"]
    assert colours["#f5f5f2"] > 0.4
    assert colours["#dbe6ec"] > 0.005
    assert 0.001 < colours["#86162c"] < 0.05
