"""The map as a picture: a slide in pixels and as SVG, of what the page shows, without anything from elsewhere."""

from __future__ import annotations

import re
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

pytestmark = pytest.mark.browser

PAGE, SVG = "gap-health_centre.html", "{http://www.w3.org/2000/svg}"
ATTACK = "<img src=x onerror=\"document.title='owned'\">"


def saved(page, ending):
    with page.expect_download() as waiting:
        page.click(f"#save-{ending}")
    assert waiting.value.suggested_filename.endswith(f"-map.{ending}")
    return waiting.value.path().read_bytes()


def texts(content):
    return [node.text or "" for node in ET.fromstring(content).iter(f"{SVG}text")]  # noqa: S314 - our own file


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_picture_is_a_slide_of_two_pixels_a_point_whatever_the_window(width, height, county_folder, open_page):
    page = open_page(county_folder / PAGE, width=width, height=height)
    content = saved(page, "png")
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (3840, 2160)
    # not a blank sheet: drawn maps do not compress to a few kilobytes
    assert len(content) > 100_000
    assert saved(page, "png") == content


def test_the_slide_says_what_the_page_says(county_folder, open_page, in_each_language):
    page = open_page(county_folder / PAGE, fragment="#lang=en&limit=20&township=t2")
    for language in in_each_language(page, "en"):
        told = texts(saved(page, "svg"))
        whole = re.sub(r"\s", "", "".join(told))
        parts = page.evaluate(
            """() => [
              "page-title", "study-title", "filtered-text", "credits", "key-size-text", "legend-title"
            ].map((id) => document.getElementById(id).textContent)
            .concat([...document.querySelectorAll(
              "#legend .legend-label, #legend strong, #headline .headline-number *, #study-facts > *"
            )].map((node) => node.textContent))"""
        )
        for part in parts:
            assert re.sub(r"\s", "", part) in whole
        assert any(re.fullmatch(r"\d+\s?(k?m|公里|米)", text) for text in told)
        assert "N" in told
        if language == "zh":
            # licences keep their names
            assert set(re.findall(r"[A-Za-z]{4,}", whole)) <= {"OpenStreetMapcontributors", "ODbL", "CCBY", "SYNTHETIC"}


@pytest.mark.parametrize(("name", "ids"), [(PAGE, ("certainty",)), ("last-mile.html", ("headline", "headline-more"))])
def test_the_slide_says_how_sure_the_number_is_and_what_it_counts(name, ids, county_folder, open_page):
    page = open_page(county_folder / name)
    whole = re.sub(r"\s", "", "".join(texts(saved(page, "svg"))))
    for told in (page.text_content(f"#{part}") for part in ids):
        assert len(told) > 20
        assert re.sub(r"\s", "", told) in whole


def test_paper_says_what_a_number_counts_that_no_title_says(county_folder, open_page):
    page = open_page(county_folder / "last-mile.html")
    page.emulate_media(media="print")
    assert "counts as all-season" in page.inner_text("#headline-more")
    page = open_page(county_folder / PAGE)
    page.emulate_media(media="print")
    assert page.is_hidden("#headline-more")


def test_the_svg_is_made_of_shapes_and_its_own_pictures_alone(county_folder, open_page):
    page = open_page(county_folder / PAGE, fragment="#lang=en&limit=20")
    content = saved(page, "svg")
    root = ET.fromstring(content)  # noqa: S314 - our own file
    kinds = {node.tag.removeprefix(SVG) for node in root.iter()}
    assert kinds <= {"svg", "g", "path", "text", "image", "clipPath"}
    assert not [node for node in root.iter() if any(name.startswith("on") for name in node.attrib)]
    assert all(node.attrib["href"].startswith("data:image/png;base64,") for node in root.iter(f"{SVG}image"))
    ids = [node.attrib["id"] for node in root.iter() if "id" in node.attrib]
    used = {node.attrib["clip-path"][5:-1] for node in root.iter() if "clip-path" in node.attrib}
    assert len(set(ids)) == len(ids)
    assert used <= set(ids)
    assert not re.search(rb"NaN|undefined|Infinity", content)
    # each village of the page is a circle on the map
    circles = [node for node in root.iter(f"{SVG}path") if node.attrib["d"].count("A") == 2]
    shown = page.evaluate("[...Spatial.layers.points.classes].filter((code) => code !== Spatial.HIDDEN).length")
    assert len(circles) >= shown


def test_circles_are_round(county_folder, open_page):
    root = ET.fromstring(saved(open_page(county_folder / PAGE), "svg"))  # noqa: S314 - our own file
    pattern = re.compile(r"M([-\d.]+) ([-\d.]+)A([\d.]+) [\d.]+ 0 1 0 ([-\d.]+) ([-\d.]+)A")
    found = [pattern.match(node.attrib["d"]) for node in root.iter(f"{SVG}path")]
    for x, y, radius, other, level in (map(float, hit.groups()) for hit in found if hit):
        assert other - x == pytest.approx(2 * radius, abs=0.011)
        assert level == y


def test_what_is_chosen_and_filtered_is_on_the_picture_and_the_page_stays_as_it_was(county_folder, open_page):
    page = open_page(county_folder / PAGE, fragment="#lang=en&limit=20")
    bare = saved(page, "svg")
    before = page.evaluate("[Spatial.view.link(), Spatial.state.labels.written.map((box) => [...box])]")
    assert page.evaluate("[Spatial.view.link(), Spatial.state.labels.written.map((box) => [...box])]") == before
    page.evaluate("void Spatial.choosePlace(Spatial.state.places.id.indexOf('n000012'), true)")
    name = page.evaluate("Spatial.ownName(Spatial.state.places, Spatial.state.selected)")
    chosen = saved(page, "svg")
    assert name in texts(chosen)
    assert chosen != bare
    # the page still answers to where its marks are
    page.evaluate("void Spatial.chooseFacility(Spatial.state, 1)")
    assert texts(saved(page, "svg")) != texts(chosen)


def test_hostile_names_are_letters_on_the_picture(county, open_page, save_pages, tmp_path):
    names = county.tables["settlements"].copy()
    names["name"] = names["name_en"] = names["name_zh"] = ATTACK + "\x01\x0b]]>&\ufffe"
    whole = replace(county, tables=county.tables | {"settlements": names})
    page = open_page(save_pages(whole.built(), tmp_path) / PAGE, fragment="#lang=en&limit=20")
    content = saved(page, "svg")
    assert any(text.startswith("<img src=x") for text in texts(content))
    assert b"<img" not in content
    saved(page, "png")
    assert "owned" not in page.title()


def test_thousands_of_places_are_one_picture_in_the_svg(county_of, open_page, save_pages, tmp_path):
    page = open_page(save_pages(county_of(7000, routes=False).pages(), tmp_path) / PAGE)
    content = saved(page, "svg")
    assert len(content) < 4_000_000
    assert len(list(ET.fromstring(content).iter(f"{SVG}image"))) >= 1  # noqa: S314 - our own file


def test_other_maps_are_saved_as_well(county_folder, open_page):
    for file in ("last-mile.html", "gap-town.html"):
        page = open_page(county_folder / file)
        title = re.sub(r"\s", "", page.evaluate("document.getElementById('page-title').textContent"))
        assert title in re.sub(r"\s", "", "".join(texts(saved(page, "svg"))))
