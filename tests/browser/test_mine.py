"""A reader's own list: stars and notes that live in the address, go from page to page and are saved as a table."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from urllib.parse import quote

import pytest

from tests.browser.test_plan import planned  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser

PAGE = "gap-health_centre.html"
ATTACK = "<img src=x onerror=\"document.title='owned'\">"
ROWS = "[...document.querySelectorAll('.mine tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))"


@pytest.fixture(scope="module")
def folder(planned, save_pages, tmp_path_factory):  # noqa: F811 - the fixture of the page of plans
    return save_pages(planned.pages(), tmp_path_factory.mktemp("marked"))


def name_of(county, place):
    return county.tables["settlements"].set_index("settlement_id").loc[place, "name_en"]


def test_marked_in_table_and_card_with_a_note_and_opened_again_by_the_link(county, folder, open_page):
    page = open_page(folder / PAGE)
    assert not page.is_visible("#mine")
    page.click("#beyond-body tr:nth-child(2) .star")
    # marking chooses no village
    assert page.evaluate("Spatial.state.selected") == -1
    second = page.inner_text("#beyond-body tr:nth-child(2) th button:first-child")
    page.evaluate("void Spatial.choosePlace(Spatial.state.places.id.indexOf('n000012'), false)")
    page.click(".place-head .star")
    assert page.get_attribute(".place-head .star", "aria-pressed") == "true"
    assert [row[0] for row in page.evaluate(ROWS)] == [second, name_of(county, "n000012")]
    note = "visit in May; ask ~ 50 % of 村 & co #1"
    page.fill(".mine tbody tr:nth-child(2) input", note)
    assert page.inner_text("#to-mine") == "My list (2)"
    page.wait_for_function("() => location.hash.includes('mine=')")
    again = open_page(folder / PAGE, fragment="#" + page.evaluate("Spatial.view.link().split('#')[1]"))
    assert again.evaluate(ROWS) == page.evaluate(ROWS)
    assert again.input_value(".mine tbody tr:nth-child(2) input") == note
    assert again.get_attribute("#beyond-body tr:nth-child(2) .star", "aria-pressed") == "true"
    again.click("#to-mine")
    assert again.evaluate("document.activeElement.id") == "mine-title"
    # off the list from the list itself, and its star in the table goes out
    again.click(".mine tbody tr:nth-child(1) .star")
    assert again.get_attribute("#beyond-body tr:nth-child(2) .star", "aria-pressed") == "false"
    assert len(again.evaluate(ROWS)) == 1


def test_a_list_goes_with_every_link_and_holds_facilities_and_actions_too(county, folder, open_page):
    page = open_page(folder / PAGE, fragment="#lang=en&facility=w1")
    page.click(".place-head .star")
    page.fill(".mine input", "repair")
    assert page.evaluate(ROWS)[0][0] == "Baishui Health Centre"
    page.click(".ways a[href^='plan.html'], #back")
    page.wait_for_function("() => location.hash.includes('mine=f%3Aw1') || location.hash.includes('mine=f:w1')")
    if "index.html" in page.url:
        page.click("a[href^='plan.html']")
    page.wait_for_selector("#actions .star")
    # known to the other page alone, and kept
    assert page.inner_text("#mine-note").startswith("On other pages of this study")
    page.click("#actions tbody tr:last-child .star")
    assert len(page.evaluate(ROWS)) == 1
    link = page.evaluate("Spatial.view.link().split('#')[1]")
    assert "mine=f:w1~repair;a:" in link
    back = open_page(folder / PAGE, fragment="#" + link)
    assert [row[0] for row in back.evaluate(ROWS)] == ["Baishui Health Centre"]
    assert back.input_value(".mine input") == "repair"


def test_the_list_is_saved_as_it_is_read(folder, open_page, in_each_language):
    mine = quote("n000012~=1+1;n000007~b, c;f:w1;gone~x")
    page = open_page(folder / PAGE, fragment=f"#lang=en&mine={mine}")
    for _ in in_each_language(page, "en"):
        with page.expect_download() as waiting:
            page.click("#mine-csv")
        assert waiting.value.suggested_filename == "gap-health_centre-list.csv"
        head, *rows = csv.reader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig")))
        assert head == page.locator(".mine thead th").all_inner_texts()
        assert [row[:-1] for row in rows] == [row[:-1] for row in page.evaluate(ROWS)]
        # what a table program would run is a text
        assert [row[-1] for row in rows] == ["'=1+1", "b, c", ""]
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize(
    "mine", ["~;~~;;;", "%25zz~%257e", "n000012~" + "x" * 5000, ";".join(["gone"] * 3), "__proto__~a"]
)
def test_rubbish_in_the_list_leaves_the_page_as_it_is(mine, folder, open_page):
    page = open_page(folder / PAGE, fragment=f"#lang=en&mine={mine}")
    assert len(page.evaluate(ROWS)) <= 1
    if page.evaluate(ROWS):
        assert len(page.input_value(".mine input")) == 300


def test_hostile_names_and_notes_stay_text_and_long_links_are_told(county, open_page, save_pages, tmp_path):
    settlements = county.tables["settlements"].copy()
    settlements["name"] = settlements["name_en"] = settlements["name_zh"] = ATTACK
    whole = replace(county, tables=county.tables | {"settlements": settlements})
    mine = quote(";".join(f"n{k:06d}~{ATTACK * 4}" for k in range(12)))
    page = open_page(save_pages(whole.built(), tmp_path) / PAGE, fragment=f"#lang=en&mine={mine}")
    assert page.locator(".mine img, #mine img").count() == 0
    assert page.evaluate(ROWS)[0][0] == ATTACK
    assert page.input_value(".mine tbody tr:nth-child(1) input") == ATTACK * 4
    assert "some programs cut it" in page.inner_text("#mine-note")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_list_fits_the_window_and_its_stars_are_on_map_and_paper(width, height, folder, open_page):
    page = open_page(folder / PAGE, fragment="#lang=fr&mine=n000012~abc;n000007", width=width, height=height)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    stars = "document.querySelectorAll('.leaflet-spatialMarks-pane canvas')[1].toDataURL()"
    shown = page.evaluate(stars)
    page.click(".mine tbody tr:nth-child(1) .star")
    assert page.evaluate(stars) != shown
    page.evaluate("void window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.is_visible("#mine-title")
    assert not page.is_visible(".mine .star")
