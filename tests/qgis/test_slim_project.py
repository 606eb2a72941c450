"""The small project in QGIS: few layers, themes, relations, tips, words for codes, and a print of every theme."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spatial.qgis import build_layers, write_qgis
from spatial.qgis.layer import NormWords

CRS = "EPSG:32648"
APPROVAL = "GS(2026)0001号"
NORMS = {
    "CN-HOSPITAL": NormWords(
        "Hospital within 20 min (CN-HOSPITAL)", "guiding · 9 of 99 people beyond", "Nine are beyond."
    ),
    "CN-POST-OFFICE": NormWords("Post office (CN-POST-OFFICE)", "guiding", ""),
}

ISSUES = (
    "行政村人口合计与年鉴不符，" * 20 + "待核。",  # noqa: RUF001 - Chinese punctuation
    "The rasters of two islands ARE INTERCHANGED. " * 12,
    "No date.",
)


@pytest.fixture(scope="module")
def slim(county_meta):
    return replace(
        county_meta, is_full=False, norms=NORMS, opening_norms=list(NORMS), map_approval=APPROVAL, faults=ISSUES
    )


@pytest.fixture(scope="module", params=["en", "zh"])
def seen(request, in_qgis, county, slim, tmp_path_factory):
    folder = tmp_path_factory.mktemp("slim") / "before"
    folder.mkdir()
    for artifact in write_qgis(county, name="county", crs=CRS, languages=[request.param], meta=slim):
        (folder / artifact.name).write_bytes(artifact.content)
    moved = Path(shutil.move(folder, folder.with_name("moved 移")))
    sheets = "" if request.param == "en" else "A4"
    return in_qgis("print_in_qgis.py", moved / "county.qgz", moved, sheets).found | {"language": request.param}


def test_the_small_project_has_few_layers_and_the_full_one_every_table(county, county_meta, slim):
    few, all_of_them = (
        [
            look
            for layer in build_layers(county, crs=CRS, languages=["en"], meta=meta)
            for look in (layer, *layer.more_looks)
        ]
        for meta in (slim, county_meta)
    )
    assert len(few) <= 20 < len(all_of_them)


GAPS = {  # value and threshold as a project in French shows them to whom has QGIS in English: unit, threshold, value
    ("98", "60"): ("min", 60.0, 98.3),
    ("60,14", "60,00"): ("min", 60.0, 60.137),
    ("60,0020", "60,0000"): ("min", 60.0, 60.002),
    ("65,30", "60,00"): ("min", 60.0, 65.3),  # more than 65 min, as its class says
    ("8,25", "7,50"): ("min", 7.5, 8.25),
    ("0,40", "2,50"): ("per_1000", 2.5, 0.4),
    ("0", "1"): ("link", 1.0, 0.0),
    ("–", "60"): ("min", 60.0, np.nan),  # noqa: RUF001 - a dash
}


@pytest.mark.qgis
def test_a_pointer_shows_a_value_beyond_a_norm_apart_from_the_norm(county, slim, in_qgis, tmp_path):
    gaps = county["gaps"].copy()
    order = gaps.groupby("norm_id").cumcount() % len(GAPS)
    for column, values in zip(("unit", "threshold", "value"), zip(*GAPS.values(), strict=True), strict=True):
        gaps[column] = order.map(dict(enumerate(values)))
    for artifact in write_qgis(county | {"gaps": gaps}, name="county", crs=CRS, languages=["fr"], meta=slim):
        (tmp_path / artifact.name).write_bytes(artifact.content)
    tips = in_qgis("tips_in_qgis.py", tmp_path / "county.qgz").found
    told = [tip for of_layer in tips.values() for tip in of_layer if "Valeur mesurée\u00a0: " in tip]
    shown = [re.findall("Valeur mesurée\u00a0: (.+?)<br/>Seuil\u00a0: (.+?)<br/>", tip) for tip in told]
    assert {tuple(pair) for pairs in shown for pair in pairs} == set(GAPS)
    assert all(len(pairs) == 1 for pairs in shown)


@pytest.mark.qgis
def test_every_layer_is_valid_read_only_and_described_after_the_folder_moved_and_qgis_saved_it(seen):
    assert seen["read"]
    assert seen["again"]
    for name, layer in seen["layers"].items():
        assert layer["valid"], name
        assert layer["read_only"], name
        assert layer["title"], name
        assert layer["licences"] == ["Sample county, CC0", "© OpenStreetMap contributors, ODbL"]
        assert layer["dates"] == "2025-06-30"
    assert APPROVAL in seen["across"]
    assert APPROVAL in seen["abstract"]


@pytest.mark.qgis
def test_settlements_lead_to_their_ways_these_to_facilities_and_routes(seen):
    assert all(seen["relations"].values())
    assert {"settlements_access", "facilities_access", "access_routes_hospital", "townships_settlements"} <= set(
        seen["relations"]
    )
    tabs = seen["layers"]["spatial_county_settlements"]["tabs"]
    assert len(tabs) >= 6  # place, last mile, results; ways, routes and two norms that belong to it
    assert len(seen["bookmarks"]) == 4


@pytest.mark.qgis
def test_codes_are_told_in_the_language_of_the_study(seen):
    maps = seen["layers"]["spatial_county_settlements"]["maps"]["tier"]["map"]
    town = {"en": "Town", "zh": "镇"}[seen["language"]]
    assert {town: "town"} in maps
    unit = {"en": "min", "zh": "分钟"}[seen["language"]]
    assert seen["layers"]["spatial_county_gap_cn_hospital"]["maps"]["unit"]["map"] == [{unit: "min"}]
    tip = seen["layers"]["spatial_county_facilities"]["tip"]
    assert "&amp;" in tip  # text from data is shown as text, whatever it holds
    # Classes of roads hold several codes each, and the words are those of the codes.
    road = {"en": "trunk road", "zh": "干线公路"}[seen["language"]]
    assert {road: "trunk"} in seen["layers"]["spatial_county_roads"]["maps"]["road_class"]["map"]


@pytest.mark.qgis
def test_every_print_shows_a_theme_with_the_legend_of_what_is_visible_and_fits_its_paper(seen):
    prints = seen["prints"]
    papers = 2 if seen["language"] == "en" else 1
    assert len(prints) == papers * len(seen["themes"]) >= 5 * papers
    for name, page in prints.items():
        assert page["visible"] == page["legend"], name
        assert (page["picture"], page["pdf"]) == (0, 0), name
        assert page["legend_fits"], name
        assert page["drawn"] > 20, name
        assert page["size"][0] / page["size"][1] == pytest.approx(2**0.5, abs=0.01)
        assert page["atlas"] == 4
        assert APPROVAL in page["labels"]["facts"]
        # A known issue stands on every page, in a box as high as its text.
        assert ISSUES[-1] in page["labels"]["issues"]
        assert (page["issues_fit"], page["issues_cover"]) == (True, []), name
    texts = [page["labels"]["title"] for page in prints.values()]
    assert (
        sum(text.endswith("Nine are beyond.") for text in texts) == 2 * papers
    )  # the norm's theme and that of its townships
    # A page of the atlas names its township on the map; what is said of the whole study stays as it is.
    for page in prints.values():
        assert page["labels"]["place"] == ""
        assert page["first"]["place"]
        assert page["first"]["title"] == page["labels"]["title"]


@pytest.mark.qgis
def test_circles_of_people_and_the_facilities_that_count_stand_in_the_legend(seen):
    beyond = [page for page in seen["prints"].values() if "spatial_county_gap_cn_hospital" in page["legend"]]
    assert len(beyond) == (2 if seen["language"] == "en" else 1)
    for page in beyond:
        assert any(row.startswith(("10,000", "10\u202f000", "10 000")) for row in page["rows"])
        # Names of places keep off the circles.
        assert seen["layers"]["spatial_county_gap_cn_hospital"]["kept_free"]
        # Of the facilities those of the norm's service alone: a style of the layer that its theme chooses.
        assert "spatial_county_facilities" in page["visible"]
    assert set(seen["layers"]["spatial_county_facilities"]["styles"]) == {"default", "hospital", "post_office"}
