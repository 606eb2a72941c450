"""The panel of a gap map: its first screen, the norm in a line, the curve, one bar of links and services inside it."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest

pytestmark = pytest.mark.browser

MODE = "Spatial.data.norms[Spatial.state.layer.norm]"


def minutes_of(county, service="health_centre"):
    """Minutes by the fastest mode, with people; missing where there is no way."""
    access = county.tables["access"]
    minutes = access.loc[access["service"] == service].groupby("settlement_id")["travel_time_min"].min()
    frame = county.tables["settlements"].set_index("settlement_id")
    return minutes.reindex(frame.index).to_numpy(), frame["population_persons"].fillna(0.0).to_numpy()


def test_the_first_screen_shows_finding_number_norm_standard_and_all_classes(county_folder, read_page):
    page = read_page(county_folder / "gap-health_centre.html")
    seen = ("#page-title", "#headline strong", "#norm .pill", "#norm .norm-today", "#slider", "#legend > :nth-child(6)")
    for name in seen:
        box = page.locator(name).first.bounding_box()
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= 800, name
    # nothing to scroll before it, and the bar is one line above map and panel
    assert page.evaluate("document.getElementById('panel-body').scrollTop") == 0
    bar = page.locator(".page-bar").bounding_box()
    assert bar["height"] <= 60
    assert page.evaluate("document.getElementById('stage').getBoundingClientRect().top") == bar["y"] + bar["height"]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_title_that_the_links_cut_short_stands_whole_in_the_panel(width, county_folder, open_page):
    title = "Scenario: a hospital closes and a clinic opens, in a county of a long name"
    named = f"told => {{ told.study.title = {{ en: '{title}' }}; }}"
    page = open_page(county_folder / "gap-health_centre.html", width=width, changed=named)
    assert page.inner_text("#panel-study") == title
    if width == 1280:  # nothing is said twice
        page.evaluate("Spatial.data.study.title = { en: 'A' }; Spatial.setLanguage('en')")
        assert not page.is_visible("#panel-study")


def test_the_norm_stands_in_a_line_with_today_and_who_is_wanting(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    norm = page.evaluate(MODE)
    study, target = norm["study"], norm["target_share"]
    served, total = round(study["persons_served"]), round(study["persons_served"] + study["persons_unserved"])
    told = page.inner_text("#norm .norm-today")
    assert f"within {norm['threshold']:g} min" in told
    assert f"{100 * target:.0f}\u00a0%" in told
    wanting = int(np.ceil(target * total - served - 1e-6))
    if study["served_share"] < target:
        assert f"{wanting:,} more people are needed." in told
    else:
        assert "needed" not in told
    # the line is about the norm, whatever the slider says
    page.fill("#slider", "20")
    assert page.inner_text("#norm .norm-today") == told
    # and about the whole study, whatever the filters leave
    page.select_option("#filter-township", label="Yuntai Township")
    assert page.inner_text("#norm .norm-today") == f"Whole study. {told}"


@pytest.mark.parametrize(("unit", "whom"), [("population", "a group of 1,000"), ("children", "1,000 children")])
def test_a_norm_on_a_group_says_whom_it_counts(unit, whom, county, open_page, save_pages, tmp_path):
    results = county.tables["norm_results"].copy()
    whole = (results["unit_level"] == "study") & (results["norm_id"] == "GL-PHC-1H")
    # 900 of 1,000 children are within; the norm asks for all
    results.loc[whole, ["persons_served", "persons_unserved", "served_share"]] = [900.0, 100.0, 0.9]
    register = county.register.assign(
        stat_unit=county.register["stat_unit"].mask(county.register["norm_id"] == "GL-PHC-1H", unit)
    )
    pages = type(county)(county.tables | {"norm_results": results}, county.meta, county.summary, register).pages()
    page = open_page(save_pages(pages, tmp_path) / "gap-health_centre.html")
    target = page.evaluate(MODE)["target_share"]
    told = page.inner_text("#norm .norm-today")
    wanting = round(target * 1000) - 900
    assert f"It counts {whom}: {wanting} more are needed." in told if wanting > 0 else "needed" not in told


def test_all_who_live_there_are_not_said_to_be_the_group_that_a_norm_counts(county, open_page, save_pages, tmp_path):
    register = county.register.copy()
    register.loc[register["norm_id"] == "GL-PHC-1H", "stat_unit"] = "children_6_11"
    pages = type(county)(county.tables, county.meta, county.summary, register).pages()
    page = open_page(save_pages(pages, tmp_path) / "gap-health_centre.html")
    assert page.evaluate(MODE)["stat_unit"] == "children_6_11"
    # The map has a circle of all people for each place: so have the number above it and the title.
    told = page.inner_text("#headline") + page.inner_text("#page-title")
    assert "children" not in told
    assert " people" in told


@pytest.mark.parametrize("threshold", [20, 60, 100])
def test_the_curve_is_the_share_within_any_limit_and_follows_the_slider(threshold, county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    page.fill("#slider", str(threshold))
    minutes, people = minutes_of(county)
    path = page.get_attribute("#curve-drawing path[stroke-width='2']", "d")
    points = np.array([[float(n) for n in point.split()] for point in re.split("[ML]", path)[1:]])
    # as many steps as the slider has minutes, from none to all
    assert len(points) == 121
    bottom, top = 92.0, 8.0
    shown = (bottom - points[:, 1]) / (bottom - top)
    wanted = [people[minutes <= step].sum() / people.sum() for step in range(121)]
    # tenths of a pixel
    np.testing.assert_allclose(shown, wanted, atol=0.0007)
    share = people[minutes <= threshold].sum() / people.sum()
    label = page.get_attribute("#curve-drawing svg", "aria-label")
    assert label == f"{float(f'{share * 100:.1f}'):g}\u00a0% of people are within {threshold} min"


def test_the_curve_counts_what_the_filters_leave(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    page.select_option("#filter-township", label="Yuntai Township")
    minutes, people = minutes_of(county)
    own = (county.tables["settlements"]["township"] == "云台乡").to_numpy()
    share = people[own & (minutes <= 60)].sum() / people[own].sum()
    assert page.get_attribute("#curve-drawing svg", "aria-label").startswith(f"{float(f'{share * 100:.1f}'):g}\u00a0%")


def test_a_layer_without_a_limit_has_no_curve(county_folder, read_page):
    page = read_page(county_folder / "last-mile.html")
    assert page.is_hidden("#curve")


def test_another_service_opens_with_the_language_the_township_and_the_view(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#lang=fr")
    options = page.evaluate("[...document.getElementById('services').options].map((o) => [o.value, o.textContent])")
    assert {file for file, _ in options} == set(page.evaluate("Spatial.data.services.map((one) => one.file)"))
    # a service goes with the limit of its norm; the one shown is chosen
    assert page.input_value("#services") == "gap-health_centre.html"
    assert dict(options)["gap-county_seat.html"].endswith(", 60\u00a0min")
    page.select_option("#filter-township", "2")
    page.click("#zoom-in")
    page.wait_for_function("() => location.hash.includes('at=')")
    view = page.evaluate("[Spatial.map.getZoom(), Spatial.map.getCenter().lat, Spatial.map.getCenter().lng]")
    with page.expect_navigation():
        page.select_option("#services", "gap-county_seat.html")
    page.wait_for_selector("body[data-ready=yes]")
    assert page.url.split("/")[-1].startswith("gap-county_seat.html#lang=fr")
    assert page.evaluate("Spatial.state.filter.township") == 2
    now = page.evaluate("[Spatial.map.getZoom(), Spatial.map.getCenter().lat, Spatial.map.getCenter().lng]")
    # the middle of a map is rounded to whole pixels
    assert now == pytest.approx(view, abs=2e-4)


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_on_a_phone_the_map_has_half_and_the_sheet_the_other(language, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment=f"#lang={language}", width=390, height=844)
    panel = "document.getElementById('panel').getBoundingClientRect().top"
    assert page.evaluate(panel) >= 844 / 2
    page.evaluate("Spatial.choosePlace(12, true)")
    # the sheet rises no higher than half, and what was chosen is seen above it, clear of the buttons
    assert page.evaluate(panel) == pytest.approx(844 / 2 - 12, abs=1)
    at = page.evaluate(
        """() => {
          const { points, selected } = Spatial.state, stage = document.getElementById('stage').getBoundingClientRect();
          const spot = Spatial.map.latLngToContainerPoint([points.latitude[selected], points.longitude[selected]]);
          return [spot.x + stage.left, spot.y + stage.top];
        }"""
    )
    assert 0 < at[0] < 390 - 56
    assert 0 < at[1] < page.evaluate(panel)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="needs poppler")
def test_a_page_filtered_for_a_township_prints_on_two_sheets_at_most(county_folder, open_page, tmp_path):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#township=t2")
    page.pdf(path=tmp_path / "one.pdf", prefer_css_page_size=True, print_background=True)
    told = subprocess.run(["pdfinfo", tmp_path / "one.pdf"], capture_output=True, text=True, check=True).stdout
    assert int(re.search(r"Pages:\s+(\d+)", told)[1]) <= 2
