"""A facility's card in a real browser: whom it serves, and what happens if it closes, against the tables."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from spatial.cartography import pages

pytestmark = pytest.mark.browser

PAGE, FACILITY, MODE = "gap-health_centre.html", "w1", "drive"
OPEN = "id => Spatial.chooseFacility(Spatial.state, Spatial.state.facilities.id.indexOf(id))"
ATTACK = "<img src=x onerror=\"document.title='owned'\">"


def served(county, threshold, facility=FACILITY):
    """Villages whose nearest it is: people, minutes now and then, and whether they go beyond."""
    access = county.tables["access"]
    own = access[
        (access["service"] == "health_centre") & (access["mode"] == MODE) & (access["facility_id"] == facility)
    ]
    people = county.tables["settlements"].set_index("settlement_id")[["population_persons", "name_en"]]
    rows = own.set_index("settlement_id").join(people)
    then = rows["second_travel_time_min"]
    lost = (rows["travel_time_min"] <= threshold) & ~(then <= threshold)
    return rows.assign(lost=lost)


@pytest.mark.parametrize("threshold", [60, 45, 30])
def test_whoever_would_go_beyond_is_counted_as_in_the_tables(threshold, county, county_folder, open_page):
    page = open_page(county_folder / PAGE, fragment=f"#lang=en&layer=time:{MODE}&limit={threshold}&facility={FACILITY}")
    rows = served(county, threshold)
    assert page.inner_text("#place-name") == "Baishui Health Centre"
    text = page.inner_text("#place")
    people = rows["population_persons"].sum()
    assert f"Nearest facility by car of {round(people):,} people in {len(rows)} places" in text
    lost = rows[rows["lost"]]
    if len(lost):
        assert page.inner_text("#place .headline-number strong") == f"{round(lost['population_persons'].sum()):,}"
        assert f"in {len(lost)} place" in page.inner_text("#place .headline-number span")
    else:
        assert f"Nobody would go beyond {threshold} min who is within it today" in text
    more = (rows["second_travel_time_min"] - rows["travel_time_min"]).clip(lower=0)
    mean = np.average(more, weights=rows["population_persons"].fillna(0))
    assert f"{round(mean)} min longer on average" in text
    if page.is_visible("#closing-all"):
        page.click("#closing-all")
    told = page.evaluate("[...document.querySelectorAll('.closing tbody tr')].map((r) => r.className === 'is-lost')")
    assert told == sorted(rows["lost"], reverse=True)


def test_at_the_very_threshold_nobody_is_lost_and_above_it_all_are(county, open_page, save_pages, tmp_path):
    access = county.tables["access"].copy()
    own = (access["service"] == "health_centre") & (access["mode"] == MODE) & (access["facility_id"] == FACILITY)
    access.loc[own, "travel_time_min"] = 20.0
    access.loc[own, "second_travel_time_min"] = 60.0
    whole = replace(county, tables=county.tables | {"access": access})
    fragment = f"#lang=en&layer=time:{MODE}&limit=60&facility={FACILITY}"
    page = open_page(save_pages(whole.pages(), tmp_path) / PAGE, fragment=fragment)
    assert page.locator("#place .is-lost").count() == 0
    access.loc[own, "second_travel_time_min"] = 60.001
    page = open_page(save_pages(whole.built(), tmp_path) / PAGE, fragment=fragment)
    assert page.locator("#place .is-lost").count() == min(10, int(own.sum()))


def test_a_mark_on_the_map_a_name_on_a_card_and_the_address_lead_to_a_facility(county_folder, open_page):
    page = open_page(county_folder / PAGE)
    at = page.evaluate(
        """id => {
          const { facilities } = Spatial.state, k = facilities.id.indexOf(id), { view, drawn } = facilities.seen;
          const canvas = document.querySelector(".leaflet-spatialMarks-pane canvas").getBoundingClientRect();
          return [canvas.left + drawn[k][0] / view.ratio, canvas.top + drawn[k][1] / view.ratio];
        }""",
        FACILITY,
    )
    page.mouse.click(*at)
    assert page.inner_text("#place-name") == "Baishui Health Centre"
    page.wait_for_function(f"() => location.hash === '#lang=en&facility={FACILITY}'")
    # to one of its villages, and from there back by name
    page.click(".closing tbody button >> nth=0")
    village = page.inner_text("#place-name")
    assert village != "Baishui Health Centre"
    page.click("#place dd button.as-link >> text=Baishui Health Centre")
    assert page.inner_text("#place-name") == "Baishui Health Centre"
    page.click("#place .close")
    assert page.evaluate("Spatial.state.facility") == -1
    gone = open_page(county_folder / PAGE, fragment="#lang=en&facility=gone")
    assert gone.evaluate("Spatial.state.facility") == -1


def test_towns_do_not_close(county_folder, open_page):
    page = open_page(county_folder / "gap-county_seat.html", fragment="#lang=en&facility=n000000")
    assert page.evaluate("Spatial.state.facility") == -1


def test_a_page_that_was_made_small_says_what_it_lacks(county, open_page, save_pages, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "DETAILS", pages.DETAILS[-1:])
    small = open_page(save_pages(county.built(), tmp_path) / PAGE)
    small.evaluate(OPEN, FACILITY)
    assert "leaves out the second nearest" in small.inner_text("#place")
    assert small.locator(".closing").count() == 0


def test_the_one_facility_that_all_depend_on_leaves_them_without_any(county, county_folder, open_page):
    page = open_page(county_folder / "gap-hospital.html", fragment="#lang=en&facility=w0")
    text = page.inner_text("#place")
    assert "would reach no other" in text
    assert set(page.locator(".closing tbody td:nth-child(4)").all_inner_texts()) == {"none mapped"}


def test_its_villages_are_taken_along_as_they_are_read(county_folder, open_page, in_each_language):
    page = open_page(county_folder / PAGE, fragment=f"#lang=en&layer=time:{MODE}&limit=30&facility={FACILITY}")
    for language in in_each_language(page, "en"):
        text = page.inner_text("#place")
        assert not re.search(r"undefined|NaN|\{\w+\}|closing\.", text)
        with page.expect_download() as waiting:
            page.click("#closing-csv")
        head, *rows = csv.reader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig")))
        heads = page.locator(".closing thead th").all_inner_texts()
        assert head[1 : 1 + len(heads)] == heads
        shown = page.evaluate(
            "[...document.querySelectorAll('.closing tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))"
        )
        assert [row[1 : 1 + len(heads)] for row in rows[: len(shown)]] == shown
        if language == "zh":
            assert not re.search(r"[A-Za-z]{4,}", text.replace("CSV", ""))


def test_hostile_names_of_facilities_stay_text(county, open_page, save_pages, tmp_path):
    facilities = county.tables["facilities"].assign(name=ATTACK, name_en=ATTACK)
    whole = replace(county, tables=county.tables | {"facilities": facilities})
    page = open_page(save_pages(whole.built(), tmp_path) / PAGE, fragment=f"#lang=en&facility={FACILITY}")
    assert page.inner_text("#place-name") == ATTACK
    assert "owned" not in page.title()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_card_fits_and_its_lines_go_with_it(width, height, county_folder, open_page):
    page = open_page(county_folder / PAGE, fragment=f"#lang=fr&facility={FACILITY}", width=width, height=height)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    drawn = "document.querySelectorAll('.leaflet-spatialAreas-pane canvas')[1].toDataURL()"
    lines = page.evaluate(drawn)
    page.evaluate("void Spatial.choosePlace(0, false)")
    assert page.evaluate(drawn) != lines


def test_a_facility_shows_the_ground_within_its_own_reach(county_folder, open_page):
    page = open_page(county_folder / PAGE, fragment="#lang=en&layer=time:drive&facility=w1")
    pane = "document.querySelector('.leaflet-spatialAreas-pane canvas').toDataURL()"
    bare = page.evaluate(pane)
    assert "Ground within its reach, by car, where it is the nearest" in page.inner_text("#place")
    page.focus("#reach-on")
    page.keyboard.press("Space")
    assert page.is_checked("#reach-on")
    assert page.is_checked("#areas-on")
    assert "within 15 min" in page.inner_text("#place .ground-legend")
    own = page.evaluate(pane)
    # another facility has other ground, and without one the ground of all is shown
    page.evaluate(OPEN, "w2")
    assert page.is_checked("#reach-on")
    other = page.evaluate(pane)
    page.click("#place .close")
    whole = page.evaluate(pane)
    assert len({bare, own, other, whole}) == 4
    page.uncheck("#areas-on")
    assert page.evaluate(pane) == bare
    link = open_page(county_folder / PAGE, fragment="#lang=en&ground=areas&facility=w1")
    assert link.is_checked("#reach-on")
