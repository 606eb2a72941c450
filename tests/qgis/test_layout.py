"""The printed page of the project: status, date and approval number stand on it, and the map is drawn."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from dataclasses import replace
from itertools import pairwise
from xml.etree.ElementTree import fromstring

import pytest

from spatial.qgis import write_qgis
from spatial.qgis.layer import NormWords
from spatial.qgis.layouts import Extent, Print, layouts_element, wrapped
from tests.qgis.one_file import write_project

CRS = "EPSG:32648"
PLACE = "[% coalesce(@atlas_pagename, '') %]"
"""On the map: the township of a page of the atlas."""
APPROVAL = "GS(2026)0001号"


@pytest.fixture
def slim(county_meta):
    return replace(county_meta, is_full=False, opening_norms=["CN-HOSPITAL"])


def project_of(tables, meta, languages=("en",), crs=CRS):
    artifact = write_project(tables, name="county", crs=crs, languages=languages, meta=meta)
    with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
        text = archive.read("county.qgs").decode("utf-8")
    return fromstring(text.split("\n", 1)[1])  # noqa: S314 - our own output


def labels(project, name="Beyond the norm: Hospital within 20 min (A4)"):
    (layout,) = [one for one in project.iter("Layout") if one.get("name") == name]
    items = layout.iter("LayoutItem")
    return {item.get("id"): item.get("labelText") for item in items if item.get("labelText") is not None}


def test_a_print_says_its_finding_norm_status_date_people_and_approval(county, slim):
    norms = {"CN-HOSPITAL": NormWords("Hospital within 20 min", "guiding · 5 of 9 people beyond", "Five are beyond.")}
    meta = replace(slim, map_approval=APPROVAL, norms=norms, opening_norms=["CN-HOSPITAL"])
    project = project_of(county, meta)
    told = labels(project)
    assert told["title"].endswith("Five are beyond.")
    assert told["below"] == (
        "SYNTHETIC: made-up ground, not for decisions · Qingchuan County · Beyond the norm: Hospital within 20 min"
    )
    assert told["facts"] == (
        f"Status: draft · as of 30 June 2025 · population: modelled · Map approval number: {APPROVAL}"
    )
    assert told["small print"] == "Sample county, CC0 · © OpenStreetMap contributors, ODbL"
    titles = [item.get("value") for item in project.iter("Option") if item.get("name") == "legend/title-label"]
    assert "Hospital within 20 min\nguiding · 5 of 9 people beyond" in titles


FIRST = {
    "en": "Beyond the norm: Hospital within 20 min (A4)",
    "fr": "Au-delà de la norme\u00a0: Hospital within 20 min (A4)",
    "zh": "超出标准：Hospital within 20 min (A4)",  # noqa: RUF001
}


@pytest.mark.parametrize(("language", "words"), [("zh", "审图号"), ("fr", "approbation"), ("en", "approval")])
def test_nothing_is_claimed_where_no_number_is_given(language, words, county, slim):
    project = project_of(county, slim, languages=(language,))
    assert words not in labels(project, FIRST[language])["facts"]
    wanted = project_of(county, replace(slim, approval_wanted=True), languages=(language,))
    assert words in labels(wanted, FIRST[language])["facts"]


def test_the_label_across_the_map_and_the_metadata_say_the_same(county, slim):
    project = project_of(county, replace(slim, map_approval=APPROVAL, synthetic=False))
    assert project.findtext("properties/TitleLabel/Label") == labels(project)["facts"]
    assert project.findtext("projectMetadata/abstract").startswith(labels(project)["facts"])


def test_the_geopackage_holds_the_approval_number(county, slim, tmp_path):
    meta = replace(slim, map_approval=APPROVAL)
    package, *_ = write_qgis(county, name="county", crs=CRS, languages=["zh"], meta=meta)
    (tmp_path / package.name).write_bytes(package.content)
    with sqlite3.connect(tmp_path / package.name) as connection:
        rows = [text for (text,) in connection.execute("SELECT metadata FROM gpkg_metadata")]
    connection.close()
    assert rows
    assert all(f"审图号：{APPROVAL}" in text for text in rows)  # noqa: RUF001 - Chinese punctuation


def test_expressions_in_a_title_are_not_run(county, slim):
    meta = replace(slim, title={"en": "[% @project_path %]<b>x</b>"}, map_approval="[%1+1%]")
    project = project_of(county, meta)
    for text in (*labels(project).values(), project.findtext("properties/TitleLabel/Label")):
        assert "[%" not in text or text == PLACE


def test_the_legend_names_layers_of_the_project(county, slim):
    project = project_of(county, slim)
    known = {element.findtext("id") for element in project.iter("maplayer")}
    legend = [element.get("id") for element in project.find("Layouts").iter("layer-tree-layer")]
    assert legend
    assert set(legend) <= known
    assert "spatial_county_gap_cn_hospital" in legend


def print_of(extent, *, in_metres=True):
    return Print("t", "t", "t", "b", "f", "s", extent, in_metres, [], None, "")


def test_the_scale_bar_and_the_grid_fit_the_scale_of_the_page_and_degrees_have_no_bar():
    root = layouts_element([print_of(Extent(0.0, 0.0, 60_000.0, 6_000.0))])
    bars = [item for item in root.iter("LayoutItem") if item.get("id") == "scale bar"]
    # The map is 60 km wide on 188 mm: 30 mm are 9.6 km, and 5 km the longest round segment that is no longer.
    assert [bar.get("numUnitsPerSegment") for bar in bars] == ["5", "5"]
    assert {grid.get("unit") for grid in root.iter("ComposerMapGrid")} == {"3"}
    root = layouts_element([print_of(Extent(100.0, 30.0, 101.0, 33.0), in_metres=False)])
    assert "scale bar" not in {item.get("id") for item in root.iter("LayoutItem")}
    extent = root.find(".//Extent")
    assert float(extent.get("xmin")) < 100.0
    assert float(extent.get("xmax")) > 101.0
    assert (float(extent.get("ymin")), float(extent.get("ymax"))) == (30.0, 33.0)


def box_of(layout, name):
    (item,) = [item for item in layout.iter("LayoutItem") if item.get("id") == name]
    (_, top, _), (_, height, _) = (item.get(key).split(",") for key in ("positionOnPage", "size"))
    return float(top), float(top) + float(height)


def test_known_issues_stand_below_the_map_which_gives_them_the_room_that_they_take(county, slim):
    told = labels(project_of(county, slim))["issues"]
    assert told == "Known issues of the sources:\nThe population raster sums to less than the census."
    assert "issues" not in labels(project_of(county, replace(slim, faults=())))
    bottoms = []
    for number in (1, 8, 400):
        shown = print_of(Extent(0.0, 0.0, 1.0, 1.0))._replace(issues=["[%1+1%] is wrong"] * number)
        layout = layouts_element([shown])[0]
        (upper, map_bottom), (top, bottom) = (box_of(layout, name) for name in ("map", "issues"))
        # Coordinates stand between the map and the issues.
        assert upper < map_bottom + 5.0 < top < bottom < box_of(layout, "facts")[0]
        (label,) = [item.get("labelText") for item in layout.iter("LayoutItem") if item.get("id") == "issues"]
        assert label.split("\n") == ["[ %1+1%] is wrong"] * number
        bottoms.append(map_bottom - upper)
    assert bottoms[0] > bottoms[1] > bottoms[2] >= 74.0


def test_papers_differ_by_one_factor():
    first, second = layouts_element([print_of(Extent(0.0, 0.0, 1.0, 1.0))])
    pages = [layout.find("PageCollection/LayoutItem").get("size") for layout in (first, second)]
    assert pages == ["297.00,210.00,mm", "420.02,296.98,mm"]


def test_chinese_lines_hold_half_as_many_letters():
    assert wrapped("一二三四五六七八九十", 10).split("\n") == ["一二三四五", "六七八九十"]
    assert wrapped("one two three", 8).split("\n") == ["one two", "three"]


def test_lines_are_of_like_width_and_part_neither_numbers_nor_marks():
    text = "观寨乡最突出：全部27个居民点，23,250人；达标比例66.9%，要求90%。"  # noqa: RUF001 - Chinese marks
    for width in range(12, 70):
        lines = wrapped(text, width).split("\n")
        assert "".join(lines) == text
        assert not any(line[-1].isdecimal() and rest[0].isdecimal() for line, rest in pairwise(lines))
        assert not any(line[0] in "，。；：%." for line in lines)  # noqa: RUF001 - as above
    # Two lines, of which the second is no single letter.
    assert min(len(line) for line in wrapped(text, 60).split("\n")) > 15
