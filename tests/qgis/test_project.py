"""The project file by itself, read without QGIS."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from spatial.messages import Words
from spatial.qgis import write_qgis, write_raster
from tests.qgis.one_file import write_project

CRS = "EPSG:32648"


def tree(artifact):
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode("utf-8")
    return ET.fromstring(text.split("\n", 1)[1])  # noqa: S314 - our own output


@pytest.fixture(scope="module")
def raster(population):
    return write_raster(population, name="population", unit="persons", title="Population", words=Words("en", "qgis"))


@pytest.fixture(scope="module")
def project(county, county_meta, raster):
    return tree(write_project(county, name="county", crs=CRS, languages=["en"], meta=county_meta, rasters=[raster]))


def test_equal_tables_give_equal_bytes(county, county_meta):
    first = write_project(county, name="county", crs=CRS, languages=["en"], meta=county_meta)
    second = write_project(county, name="county", crs=CRS, languages=["en"], meta=county_meta)
    assert first == second
    assert first.name == "county.qgz"


def test_writing_both_at_once_gives_the_same_project(county, county_meta, raster):
    artifacts = write_qgis(county, name="county", crs=CRS, languages=["en"], meta=county_meta, rasters=[raster])
    assert [item.name for item in artifacts] == [
        "county.gpkg",
        "county.qgz",
        "population.tif",
        "population.qml",
        "population.sld",
    ]
    alone = write_project(county, name="county", crs=CRS, languages=["en"], meta=county_meta, rasters=[raster])
    assert artifacts[1] == alone


def test_all_paths_are_relative(project):
    sources = [element.text for element in project.iter("datasource")]
    assert sources
    assert all(source.startswith(("./county.gpkg|layername=", "./population.tif")) for source in sources)
    assert project.findtext("properties/Paths/Absolute") == "false"
    assert project.findtext("properties/SpatialRefSys/ProjectionsEnabled") == "1"


def test_ids_are_long_enough_and_agree_between_tree_layers_and_order(project):
    layers = [element.findtext("id") for element in project.iter("maplayer")]
    assert min(map(len, layers)) > 10
    assert len(set(layers)) == len(layers)
    assert sorted(element.get("id") for element in project.find("layer-tree-group").iter("layer-tree-layer")) == sorted(
        layers
    )
    assert sorted(element.text for element in project.find("layer-tree-group/custom-order")) == sorted(layers)


def test_groups_stand_in_the_order_of_use(project):
    groups = project.find("layer-tree-group").findall("layer-tree-group")
    assert [group.get("name") for group in groups] == ["Results", "Network", "Base", "Checks"]


def test_the_project_opens_on_the_first_headline_gap_over_a_quiet_base(project):
    on = [
        element.get("id")
        for element in project.find("layer-tree-group").iter("layer-tree-layer")
        if element.get("checked") == "Qt::Checked"
    ]
    assert [item.removeprefix("spatial_county_") for item in on] == [
        "gap_cn_hospital",
        "settlements",
        "boundaries",
        "study_area",
        "roads",
        "water_lines",
        "water_areas",
    ]


def test_areas_of_results_are_drawn_below_water_and_roads(project):
    order = [element.text.removeprefix("spatial_") for element in project.find("layer-tree-group/custom-order")]
    assert order.index("county_gap_cn_hospital") < order.index("county_roads") < order.index("county_townships")
    assert order[-1] == "raster_population"


def test_made_up_ground_says_so_in_the_title_and_across_the_map(county, county_meta, project):
    assert project.get("projectname").startswith("SYNTHETIC")
    assert project.findtext("properties/TitleLabel/Enabled") == "true"
    real = tree(
        write_project(county, name="county", crs=CRS, languages=["en"], meta=replace(county_meta, synthetic=False))
    )
    assert real.findtext("title") == "Qingchuan County (draft, as of 30 June 2025)"
    assert real.findtext("properties/TitleLabel/Label").startswith("Status: draft · as of 30 June 2025")


def test_licences_stand_on_the_map(project):
    assert "ODbL" in project.findtext("properties/CopyrightLabel/Label")


def test_the_view_opens_on_the_study_area_with_a_rim(county, project):
    west, _, _, north = county["study_area"].total_bounds
    # 6 % of the longer side, 40 km, is 2.4 km.
    extent = project.find("mapcanvas/extent")
    assert float(extent.findtext("xmin")) == pytest.approx(west - 2400)
    assert float(extent.findtext("ymax")) == pytest.approx(north + 2400)


def test_without_gaps_the_settlements_are_shown(county, county_meta):
    few = {name: county[name] for name in ("settlements", "roads")}
    root = tree(write_project(few, name="county", crs=CRS, languages=["en"], meta=county_meta))
    checked = {element.get("id"): element.get("checked") for element in root.iter("layer-tree-layer")}
    assert checked["spatial_county_settlements"] == "Qt::Checked"
