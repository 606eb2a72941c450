"""The printed page of the project: status, date and approval number stand on it, and the map is drawn."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from spatial.qgis import write_project, write_qgis
from spatial.qgis.project import PrintPage, layouts_element

CRS = "EPSG:32648"
APPROVAL = "GS(2026)0001号"


def project_of(tables, meta, languages=("en",), crs=CRS):
    artifact = write_project(tables, name="county", crs=crs, languages=languages, meta=meta)
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
        text = archive.read("county.qgs").decode("utf-8")
    return fromstring(text.split("\n", 1)[1])  # noqa: S314 - our own output


def labels(project):
    items = project.iter("LayoutItem")
    return {item.get("id"): item.get("labelText") for item in items if item.get("labelText") is not None}


def test_the_page_says_title_status_date_people_and_approval(county, county_meta):
    told = labels(project_of(county, replace(county_meta, map_approval=APPROVAL)))
    assert told["title"] == "SYNTHETIC: made-up ground, not for decisions · Qingchuan County"
    assert told["facts"] == (
        f"Status: draft · as of 30 June 2025 · population: modelled · Map approval number: {APPROVAL}"
    )
    assert told["small print"] == "Sample county, CC0 · © OpenStreetMap contributors, ODbL"


@pytest.mark.parametrize(("language", "words"), [("zh", "审图号"), ("fr", "approbation"), ("en", "approval")])
def test_nothing_is_claimed_where_no_number_is_given(language, words, county, county_meta):
    project = project_of(county, county_meta, languages=(language,))
    assert words not in labels(project)["facts"]
    wanted = project_of(county, replace(county_meta, approval_wanted=True), languages=(language,))
    assert words in labels(wanted)["facts"]


def test_the_label_across_the_map_and_the_metadata_say_the_same(county, county_meta):
    project = project_of(county, replace(county_meta, map_approval=APPROVAL, synthetic=False))
    assert project.findtext("properties/TitleLabel/Label") == labels(project)["facts"]
    assert project.findtext("projectMetadata/abstract").startswith(labels(project)["facts"])


def test_the_geopackage_holds_the_approval_number(county, county_meta, tmp_path):
    meta = replace(county_meta, map_approval=APPROVAL)
    package, *_ = write_qgis(county, name="county", crs=CRS, languages=["zh"], meta=meta)
    (tmp_path / package.name).write_bytes(package.content)
    with sqlite3.connect(tmp_path / package.name) as connection:
        rows = [text for (text,) in connection.execute("SELECT metadata FROM gpkg_metadata")]
    connection.close()
    assert rows
    assert all(f"审图号：{APPROVAL}" in text for text in rows)  # noqa: RUF001 - Chinese punctuation


def test_expressions_in_a_title_are_not_run(county, county_meta):
    meta = replace(county_meta, title={"en": "[% @project_path %]<b>x</b>"}, map_approval="[%1+1%]")
    project = project_of(county, meta)
    for text in (*labels(project).values(), project.findtext("properties/TitleLabel/Label")):
        assert "[%" not in text


def test_the_legend_names_layers_of_the_project(county, county_meta):
    project = project_of(county, county_meta)
    known = {element.findtext("id") for element in project.iter("maplayer")}
    legend = [element.get("id") for element in project.find("Layouts").iter("layer-tree-layer")]
    assert legend
    assert set(legend) <= known
    assert "spatial_county_gap_hospital" in legend


def page_of(extent, *, in_metres=True):
    return PrintPage("A4", "t", "f", "s", extent, in_metres, [])


@pytest.mark.parametrize(
    ("width_m", "part"), [(9_900.0, ("500", "m")), (60_000.0, ("5", "km")), (3_000.0, ("200", "m")), (50.0, ("5", "m"))]
)
def test_the_scale_bar_counts_in_round_numbers(width_m, part, county):
    root = layouts_element(page_of((0.0, 0.0, width_m, width_m / 10)))
    (bar,) = [item for item in root.iter("LayoutItem") if item.get("id") == "scale bar"]
    assert (bar.get("numUnitsPerSegment"), bar.get("unitLabel")) == part


def test_degrees_have_no_scale_bar_and_the_whole_extent_is_shown():
    root = layouts_element(page_of((100.0, 30.0, 101.0, 33.0), in_metres=False))
    assert "scale bar" not in {item.get("id") for item in root.iter("LayoutItem")}
    extent = root.find(".//Extent")
    assert float(extent.get("xmin")) < 100.0
    assert float(extent.get("xmax")) > 101.0
    assert (float(extent.get("ymin")), float(extent.get("ymax"))) == (30.0, 33.0)


@pytest.mark.qgis
@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_qgis_prints_the_page(language, qgis_python, county, county_meta, tmp_path):
    meta = replace(county_meta, map_approval=APPROVAL)
    for artifact in write_qgis(county, name="county", crs=CRS, languages=[language], meta=meta):
        (tmp_path / artifact.name).write_bytes(artifact.content)
    script, picture = Path(__file__).with_name("print_in_qgis.py"), tmp_path / "page.png"
    run = subprocess.run(
        [qgis_python, str(script), str(tmp_path / "county.qgz"), str(picture)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = [line for line in run.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, run.stderr
    seen = json.loads(lines[0].removeprefix("RESULT "))
    assert seen["read"]
    assert seen["exported"] == 0
    assert APPROVAL in seen["labels"]["facts"]
    assert APPROVAL in seen["across"]
    assert APPROVAL in seen["abstract"]
    assert "spatial_county_gap_hospital" in seen["legend"]
    assert sum(seen["legend_mm"]) <= 297.0
    assert seen["size"][0] / seen["size"][1] == pytest.approx(297 / 210, abs=0.01)
    assert seen["drawn"] > 20
