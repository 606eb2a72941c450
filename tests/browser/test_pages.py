"""Every page in a real browser, offline: what it says, what it lets one do, and what it refuses."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyproj
import pytest
from affine import Affine

from spatial.cartography.page_data import class_limits
from spatial.inputs.services import load_services
from spatial.norms.law import load_register
from spatial.rasters import Raster
from tests.page_blocks import blocks_of, data_of, piece_of

pytestmark = pytest.mark.browser

PAGES = ("index", "gap-county_seat", "gap-health_centre", "gap-hospital", "gap-town", "last-mile")
ATTACKS = (
    "<img src=x onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script>",
    "${document.title='owned'}",
    "`${alert(1)}`",
    "{{ 7*7 }}{% for x in y %}",
    '"><svg onload=alert(1)>',
    '=HYPERLINK("http://x")',
    "@SUM(1+1)",
    "javascript:alert(1)",
    "@@nonce@@",
    "<!--<script>",
)


@pytest.mark.parametrize(("size", "first"), [((1280, 800), "zh"), ((390, 844), "fr")])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_without_a_fault(name, size, first, county_folder, open_page, in_each_language):
    width, height = size
    page = open_page(county_folder / f"{name}.html", fragment=f"#lang={first}", width=width, height=height)
    for language in in_each_language(page, first):
        assert page.evaluate("document.documentElement.lang") == {"en": "en-GB", "fr": "fr-FR", "zh": "zh-CN"}[language]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        text = page.inner_text("body")
        assert "undefined" not in text
        assert "NaN" not in text
        assert not re.search(r"\{\w+\}", text)
        assert not re.search(r"\b(page|class|norm|headline|index|place)\.[a-z_]+\b", text)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_what_it_is(name, county_folder, read_page):
    page = read_page(county_folder / f"{name}.html", fragment="#lang=en&place=n000012")
    text = page.evaluate("document.body.textContent")
    for wanted in (
        "SYNTHETIC: made-up ground",
        "Draft",
        "1 January 2026",
        "modelled population",
        "© OpenStreetMap contributors, ODbL",
        "Totals of two townships appear interchanged.",
        "Demonstration county",
        "Made for tests.",
    ):
        assert wanted in text, wanted
    assert page.is_visible("#banner")


CONTRAST = """() => {
  const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const faults = [];
  for (const node of document.querySelectorAll('body *')) {
    if (!node.offsetParent || node.closest('[aria-hidden=true]')) continue;
    if (![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) continue;
    const a = luminance(parse(getComputedStyle(node).color).slice(0, 3)), b = luminance(ground(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faults.push([node.className, node.textContent.slice(0, 30), ratio]);
  }
  return faults;
}"""


@pytest.mark.parametrize("name", PAGES)
def test_text_has_enough_contrast(name, county_folder, read_page):
    page = read_page(county_folder / f"{name}.html", fragment="#lang=en&place=n000012")
    assert page.evaluate(CONTRAST) == []


def test_the_same_input_gives_the_same_bytes(county, county_of):
    first = county.built()
    again = county_of().built()
    assert [(page.name, page.content) for page in first] == [(page.name, page.content) for page in again]


def test_row_order_never_matters(county):
    shuffled = {
        name: frame.sample(frac=1.0, random_state=3)
        for name, frame in county.tables.items()
        if name in ("settlements", "access", "last_mile", "norm_results")
    }
    mixed = type(county)(county.tables | shuffled, county.meta, county.summary, county.register)
    assert [page.content for page in mixed.pages()] == [page.content for page in county.pages()]


def test_two_walls_stand_against_script(county):
    for artifact in county.pages():
        text = artifact.content.decode("utf-8")
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
        nonce = re.search(r"'nonce-([^']+)'", policy)[1]
        assert policy.startswith(f"default-src 'none'; script-src 'nonce-{nonce}'")
        tags = re.findall(r"<script\b[^>]*>", text)
        assert all(f'nonce="{nonce}"' in tag or tag == '<script type="text/plain" id="packed">' for tag in tags)
    nonces = {re.search(rb"'nonce-([^']+)'", page.content)[1] for page in county.pages()}
    assert len(nonces) == len(county.pages())


def test_hostile_names_stay_text(county, open_page, save_pages, tmp_path):
    settlements = county.tables["settlements"].copy()
    facilities = county.tables["facilities"].copy()
    boundaries = county.tables["boundaries"].copy()
    for column in ("name", "name_en", "name_zh", "township"):
        settlements[column] = [ATTACKS[k % len(ATTACKS)] for k in range(len(settlements))]
    for column in ("name", "name_en"):
        facilities[column] = [ATTACKS[k % len(ATTACKS)] for k in range(len(facilities))]
        boundaries[column] = [ATTACKS[k % len(ATTACKS)] for k in range(len(boundaries))]
    register = county.register.assign(source_title=ATTACKS[1], source_url="javascript:alert(1)")
    norm_results = county.tables["norm_results"].assign(reason=f"inventory:{ATTACKS[0]}")
    hostile = county.tables | {
        "settlements": settlements,
        "facilities": facilities,
        "boundaries": boundaries,
        "norm_results": norm_results,
    }
    summary = county.summary | {"issues": [ATTACKS[0], ATTACKS[2]]}
    folder = save_pages(type(county)(hostile, county.meta, summary, register).pages(), tmp_path)
    for name in PAGES:
        page = open_page(folder / f"{name}.html")
        if name != "index":
            page.fill("#search", "img")
            page.wait_for_selector("#search-results li[role=option]")
            page.keyboard.press("Enter")
            assert page.inner_text("#place-name") == " ".join(ATTACKS[0].split())
            page.click("#tab-table")
        assert "owned" not in page.title()
        assert page.evaluate("document.querySelectorAll('img, svg[onload], a[href^=javascript]').length") == 0


def _served(county, threshold):
    """People by class at a threshold, counted from the tables; the last have no way, and every limit is inclusive."""
    access = county.tables["access"]
    times = access.loc[access["service"] == "health_centre"].groupby("settlement_id")["travel_time_min"].min()
    settlements = county.tables["settlements"]
    minutes = times.reindex(settlements["settlement_id"]).to_numpy()
    people = settlements["population_persons"].fillna(0.0).to_numpy()
    # five classes by four limits, nobody further than was searched, then those without a way
    code = np.where(np.isnan(minutes), 6, np.searchsorted(class_limits(threshold, 1.0), minutes))
    return np.bincount(code, people, minlength=7)


def test_the_slider_counts_as_python_does(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    for threshold in (0, 1, 17, 30, 60, 61, 120):
        page.fill("#slider", str(threshold))
        shown = page.evaluate("Array.from(Spatial.state.sums.people)")[:7]
        # float32 holds a person's share to 6e-8 of its size
        np.testing.assert_allclose(shown, _served(county, threshold), rtol=1e-6, atol=1e-3)
        headline = int(page.inner_text("#headline strong").replace(",", ""))
        assert headline == pytest.approx(sum(_served(county, threshold)[2:]), abs=0.51)
        # the classes are the base of the number
        base = page.inner_text("#headline .headline-number span").split(" people")[0].removeprefix("of ")
        assert int(base.replace(",", "")) == pytest.approx(sum(shown), abs=0.51)


def test_classes_end_where_python_ends_them(county_folder, read_page):
    page = read_page(county_folder / "gap-health_centre.html")
    # every place of the sliders that pages have: minutes, and metres by both of their steps
    asked = [(limit, 1) for limit in range(121)] + [(22.5, 1)]
    asked += [(limit, 50) for limit in range(0, 1000, 50)] + [(limit, 100) for limit in range(1000, 10_001, 100)]
    shown = page.evaluate("(asked) => asked.map(([limit, step]) => Spatial.classLimits(limit, step))", asked)
    assert shown == [list(class_limits(float(limit), float(step))) for limit, step in asked]


def test_exactly_on_the_threshold_is_within(county, open_page, save_pages, tmp_path):
    access = county.tables["access"].copy()
    own = (access["service"] == "town") & (access["mode"] == "drive")
    # of 66 places, the first 22 at exactly 60 min, the next at the float just above, the rest far beyond
    values = np.full(int(own.sum()), 100.0)
    values[:22], values[22:44] = 60.0, np.nextafter(60.0, 61.0)
    access.loc[own, "travel_time_min"] = values
    access.loc[own, "reach_status"] = "reached"
    folder = save_pages(
        type(county)(county.tables | {"access": access}, county.meta, county.summary, county.register).pages(), tmp_path
    )
    page = open_page(folder / "gap-town.html")
    # 30 to 60, 60 to 75, and over 90
    assert page.evaluate("Array.from(Spatial.state.sums.places)") == [0, 22, 22, 0, 22, 0, 0, 0, 0]


def test_the_page_agrees_with_the_norm_results(county, county_folder, read_page):
    results = county.tables["norm_results"]
    row = results.loc[(results["unit_level"] == "study") & (results["norm_id"] == "CN-COUNTY-60")].iloc[0]
    page = read_page(county_folder / "gap-county_seat.html")
    people = page.evaluate("Spatial.split(Spatial.state.sums.people)")
    assert people["within"] == pytest.approx(row["persons_served"], rel=1e-6)
    assert people["beyond"] == pytest.approx(row["persons_unserved"], rel=1e-6)
    assert page.inner_text("#legend").count("outside the norm's scope") == 1
    index = read_page(county_folder / "index.html", unfolded=True)
    assert f"{round(row['persons_unserved']):,}" in index.inner_text("#headlines")


def test_a_share_of_villages_does_not_stand_beside_a_number_of_people(county, open_page, save_pages, tmp_path):
    results = county.tables["norm_results"].copy()
    whole = (results["unit_level"] == "study") & (results["norm_id"] == "CN-COUNTY-60")
    named = ["places_served", "places_unserved", "persons_served", "persons_unserved", "share_of", "served_share"]
    results.loc[whole, ["persons_unknown", "places_unknown"]] = 0.0
    results.loc[whole, named] = [3.0, 1.0, 900.0, 100.0, "places", 0.75]
    tables = county.tables | {"norm_results": results}
    pages = type(county)(tables, county.meta, county.summary, county.register).pages()
    text = open_page(save_pages(pages, tmp_path) / "index.html", unfolded=True).inner_text("#headlines")
    assert "900 rural people are within it (90\u00a0%)" in text
    assert "Judged by places or units: 3 of 4 (75\u00a0%)" in text
    # One that cannot be judged is one of all: 3 of 5 are within for sure.
    results.loc[whole, "places_unknown"] = 1.0
    pages = type(county)(tables, county.meta, county.summary, county.register).pages()
    text = open_page(save_pages(pages, tmp_path) / "index.html", unfolded=True).inner_text("#headlines")
    assert "Judged by places or units: at least 3 of 5 (60\u00a0%)" in text
    # Where none could be judged there is no share of them.
    results.loc[whole, [*named[:4], "served_share"]] = [0.0, 0.0, 0.0, 0.0, np.nan]
    results.loc[whole, "persons_unknown"] = 1000.0
    pages = type(county)(tables, county.meta, county.summary, county.register).pages()
    text = open_page(save_pages(pages, tmp_path) / "index.html", unfolded=True).inner_text("#headlines")
    assert "0 of 0" not in text


def test_a_click_on_a_village_shows_all_that_is_known(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    row = (
        county.tables["access"]
        .query("service == 'health_centre' and mode == 'drive' and settlement_id == 'n000012'")
        .iloc[0]
    )
    index = page.evaluate("Spatial.state.places.id.indexOf('n000012')")
    spot = page.evaluate(
        """i => {
          const { latitude, longitude } = Spatial.state.points;
          const at = Spatial.map.latLngToContainerPoint([latitude[i], longitude[i]]);
          const box = Spatial.map.getContainer().getBoundingClientRect();
          return [at.x + box.x, at.y + box.y];
        }""",
        index,
    )
    page.mouse.click(*spot)
    text = page.inner_text("#place")
    for wanted in (
        county.tables["settlements"].set_index("settlement_id").loc["n000012", "name_en"],
        "officially rural",
        "from the raster",
        "(estimated as a share)",
        "Health centre, by car",
        "Health centre, on foot",
        f"{round(row['travel_time_min'])} min",
        f"{row['network_distance_m'] / 1000:.1f} km",
        "Second nearest",
        "Norms",
        "guiding",
        "Walk to the all-season road",
        "How it is joined to the network (car)",
        "w112/0",
        "Other destinations",
    ):
        assert wanted in text or wanted in page.evaluate("document.getElementById('place').textContent"), wanted
    assert page.evaluate("Spatial.state.route.length") > 3
    page.click("#place .close")
    assert page.evaluate("Spatial.state.selected") == -1


def test_a_column_that_the_list_names_stands_on_the_card_by_its_title(
    further_column, county, open_page, save_pages, tmp_path
):
    access = county.tables["access"]
    access = access.assign(**{further_column: np.where(access["mode"] == "drive", 0.255, np.nan)})
    tables = county.tables | {"access": access}
    pages = type(county)(tables, county.meta, county.summary, county.register).pages()
    page = open_page(save_pages(pages, tmp_path) / "gap-health_centre.html")
    row = access.query("service == 'health_centre' and mode == 'drive' and settlement_id == 'n000012'").iloc[0]
    page.evaluate("Spatial.choosePlace(Spatial.state.places.id.indexOf('n000012'), false)")
    for language, title, share in (
        ("en", "Share of the last mile", "25.5\u00a0%"),
        ("zh", "最后一公里占比", "25.5%"),
        ("fr", "Part du dernier kilomètre", "25,5\u00a0%"),
    ):
        page.evaluate("language => Spatial.setLanguage(language)", language)
        told = page.locator("#place dl").evaluate_all(
            "lists => lists.flatMap(list => [...list.children]).map(node => node.textContent)"
        )
        # Whoever is not known has no row: one way of two.
        assert told.count(title) == 1
        assert told[told.index(title) + 1].replace("\u202f", "\u00a0") == share
    page.evaluate("Spatial.setLanguage('en')")
    text = page.inner_text("#place")
    assert f"On the network\n{round(row['network_leg_min'])} min" in text
    assert f"Second nearest facility\n{row['second_facility_id']}" in text


def test_a_village_that_is_to_be_relocated_is_told_a_mobile_service_where_it_lacks_one(
    county, county_folder, open_page, in_each_language
):
    told = {
        "en": ("To be relocated", "Remedy: a mobile service"),
        "zh": ("搬迁撤并类", "由流动服务覆盖"),
        "fr": ("À reloger", "un service mobile"),
    }
    results = county.tables["norm_results"]
    beyond = results[(results["service"] == "all_season_road") & (results["status_as_mapped"] == "not_met")]
    plans = county.tables["settlements"].set_index("settlement_id")["village_plan_class"]
    found = plans.reindex(beyond["unit_id"])
    moves, stays = (found.index[found == plan_class].min() for plan_class in ("relocate", "protected"))
    for chosen, is_told in ((moves, True), (stays, False)):
        page = open_page(county_folder / "gap-health_centre.html", fragment=f"#lang=en&place={chosen}")
        for language in in_each_language(page, "en"):
            text = page.evaluate("document.getElementById('place').textContent")
            assert [words in text for words in told[language]] == [is_told, is_told], language


def test_places_are_found_by_any_of_their_names_and_by_keyboard_alone(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    row = county.tables["settlements"].iloc[20]
    page.focus("#search")
    page.keyboard.type(row["name_zh"])
    page.keyboard.press("Enter")
    assert row["name_zh"] in page.inner_text("#place")
    assert page.evaluate("document.activeElement.id") == "place-name"
    page.keyboard.press("Escape")
    assert page.evaluate("[Spatial.state.selected, document.activeElement.id]") == [-1, "tab-result"]


def test_filters_narrow_headline_legend_and_map(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    page.select_option("#filter-township", label="Yuntai Township")
    settlements = county.tables["settlements"]
    wanted = settlements.loc[settlements["township"] == "云台乡", "population_persons"].sum()
    assert page.evaluate("Spatial.state.sums.people.reduce((a, b) => a + b, 0)") == pytest.approx(wanted, rel=1e-6)
    assert "Only: Yuntai Township." in page.inner_text("#filtered")
    shown = page.evaluate("Array.from(Spatial.layers.points.classes).filter(c => c !== 255).length")
    assert shown == int((settlements["township"] == "云台乡").sum())


def _left(county, *, tier=None, at_least=0.0, norm=None):
    """Ids that filters leave, from the tables alone: inclusive, unknown population above nothing, judged on the map."""
    settlements = county.tables["settlements"]
    kept = settlements["population_persons"].ge(at_least) if at_least else settlements["in_study"]
    if tier is not None:
        kept &= settlements["tier"] == tier
    if norm is not None:
        results = county.tables["norm_results"]
        failed = (results["norm_id"] == norm) & (results["status_as_mapped"] == "not_met")
        kept &= settlements["settlement_id"].isin(results.loc[failed, "unit_id"])
    return settlements.loc[kept]


def _shown(page):
    return page.evaluate("Spatial.state.places.id.filter((_, i) => Spatial.layers.points.classes[i] !== 255).sort()")


@pytest.mark.parametrize("name", ["gap-health_centre", "last-mile"])
def test_filters_leave_what_python_leaves(name, county, county_folder, open_page):
    page = open_page(county_folder / f"{name}.html")
    for wanted in (
        {"at_least": 300.0},
        # exactly the people of a town: inclusive
        {"at_least": 2750.0},
        {"norm": "CN-COUNTY-60"},
        {"norm": "GL-PHC-1H"},
        {"tier": "village", "at_least": 250.0, "norm": "CN-COUNTY-60"},
    ):
        if "at_least" in wanted:
            page.fill("#filter-people", f"{wanted['at_least']:g}")
        if "norm" in wanted:
            number = page.evaluate("id => Spatial.state.norms.findIndex((norm) => norm.id === id)", wanted["norm"])
            page.select_option("#filter-norm", str(number))
        if "tier" in wanted:
            page.select_option("#filter-tier", label="Village")
        left = _left(county, **wanted)
        assert 0 < len(left) < len(county.tables["settlements"])
        assert _shown(page) == sorted(left["settlement_id"])
        # float32 holds a person's share to 6e-8 of its size
        people = left["population_persons"].sum()
        assert page.evaluate("Spatial.state.sums.people.reduce((a, b) => a + b, 0)") == pytest.approx(people, rel=1e-6)
        assert page.inner_text("#legend-title") == "People by class, filtered"
        page.click("#tab-table")
        told = page.evaluate("[...document.querySelectorAll('#table-body td:nth-child(2)')].map((n) => n.textContent)")
        assert sum(int(text.replace(",", "")) for text in told) == pytest.approx(people, abs=0.5 * len(told))
        assert "Each number is rounded for itself. Only: " in page.inner_text("#table-caption")
        page.click("#tab-result")
        page.click("#filter-reset")


def test_filters_are_said_and_taken_back_with_one_press(county, county_folder, open_page, in_each_language):
    words = {
        "en": ("Only: 300 people or more; not met on the map: County seat within 60 minutes.",),
        "fr": ("Seulement\u00a0: 300 habitants ou plus\u202f; non respectée d’après la carte\u00a0:",),  # noqa: RUF001
        "zh": ("人口不少于300人", "按地图未达标"),
    }
    page = open_page(county_folder / "gap-health_centre.html")
    for language in in_each_language(page, "en"):
        assert not page.is_visible("#filtered")
        page.fill("#filter-people", "300")
        number = page.evaluate("Spatial.state.norms.findIndex((norm) => norm.id === 'CN-COUNTY-60')")
        page.select_option("#filter-norm", str(number))
        assert all(text in page.inner_text("#filtered-text") for text in words[language])
        page.click("#filter-reset")
        assert not page.is_visible("#filtered")
        assert len(_shown(page)) == len(county.tables["settlements"])
        assert page.input_value("#filter-people") == ""
        assert page.input_value("#filter-norm") == "-1"
        assert "filtered" not in page.inner_text("#legend-title")


GROUND = """(inside) => {
  // The commonest colour of the base map at some spots: within the county, or just left of it.
  const [[south, west], [north, east]] = Spatial.data.bounds;
  const canvas = document.querySelector('.leaflet-spatialBase-pane canvas');
  const box = canvas.getBoundingClientRect(), stage = Spatial.map.getContainer().getBoundingClientRect();
  const ratio = canvas.width / box.width, counts = new Map();
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  for (let k = 1; k < 400; k++) {
    const share = inside ? 0.3 + 0.001 * k : -0.01;
    const latitude = south + (north - south) * (0.3 + 0.001 * ((k * 7) % 400));
    const spot = Spatial.map.latLngToContainerPoint([latitude, west + (east - west) * share]);
    const x = Math.round((spot.x + stage.x - box.x) * ratio), y = Math.round((spot.y + stage.y - box.y) * ratio);
    const key = [...copy.getImageData(x, y, 1, 1).data].join();
    counts.set(key, (counts.get(key) || 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0][0].split(',').map(Number);
}"""


def _slope(county):
    """Elevation over the county that falls to the east, all in shade, in its own CRS."""
    west, south, east, north = county.tables["study_area"].total_bounds
    heights = np.tile(np.linspace(9000.0, 100.0, 90), (90, 1))
    transform = Affine((east - west) / 90, 0, west, 0, -(north - south) / 90, north)
    return Raster(heights, transform, pyproj.CRS(county.tables["study_area"].crs))


def test_relief_lies_under_the_roads_and_only_on_land(county, county_folder, open_page, save_pages, tmp_path):
    folder = save_pages(county.pages(relief=_slope(county)), tmp_path)
    page = open_page(folder / "gap-health_centre.html")
    ground, outside = page.evaluate(GROUND, True), page.evaluate(GROUND, False)
    assert outside == [0, 0, 0, 0]
    # land is 251, 251, 249; the shade makes it darker, but never dark
    assert 150 < ground[0] < 240
    assert ground[3] == 255
    page.click("#tab-about")
    assert "Relief is shaded from the study's elevation raster" in page.inner_text("#about")
    plain = open_page(county_folder / "gap-health_centre.html")
    assert plain.evaluate(GROUND, True) == [251, 251, 249, 255]
    assert "Relief" not in plain.evaluate("document.getElementById('about').textContent")


def test_the_index_sets_the_maps_of_the_headlines_before_the_others(county_folder, read_page):
    page = read_page(county_folder / "index.html")
    files = "ids => [...document.querySelectorAll(ids + ' a')].map((a) => a.getAttribute('href').split('#')[0])"
    # headline norms of the fixture ask for primary care (health centre), the county seat and an all-season road
    assert page.evaluate(files, "#maps") == ["last-mile.html", "gap-county_seat.html", "gap-health_centre.html"]
    assert page.evaluate(files, "#more-maps") == ["gap-hospital.html", "gap-town.html"]
    # every card whose norm has a page leads to it
    cards = page.evaluate("[...document.querySelectorAll('.card h3')].map((n) => Boolean(n.querySelector('a')))")
    assert cards == [True, True, True]


def without_hospital(county, *, inventory):
    """The county without any hospital, whose list is as told."""
    service = "hospital"
    facilities, routes = county.tables["facilities"], county.tables["routes"]
    access = county.tables["access"].copy()
    own = access["service"] == service
    access.loc[own, ["facility_id", "second_facility_id"]] = None
    access.loc[own, "reach_status"] = "no_facility"
    access.loc[own, access.columns.str.endswith(("_min", "_m"))] = np.nan
    tables = county.tables | {
        "access": access,
        "facilities": facilities.loc[facilities["service"] != service],
        "routes": routes.loc[routes["service"] != service],
    }
    names = {"en": "Hospital", "fr": "Hôpital", "zh": "医院"}
    note = replace(county.meta.services[service], inventory=inventory, names=names)
    meta = replace(county.meta, services={**county.meta.services, service: note})
    return type(county)(tables, meta, county.summary, county.register)


def test_a_service_that_nobody_mapped_says_so(county, open_page, save_pages, tmp_path):
    folder = save_pages(without_hospital(county, inventory="unknown").pages(), tmp_path)
    page = open_page(folder / "index.html", unfolded=True)
    assert "none mapped" in page.inner_text("#more-maps li:has-text('Hospital')")


@pytest.fixture
def unmapped(county, open_page, save_pages, tmp_path):
    """Open the map of hospitals, of which none is mapped, in a language."""
    folder = save_pages(without_hospital(county, inventory="unknown").pages(), tmp_path)
    return lambda language: open_page(folder / "gap-hospital.html", fragment=f"#lang={language}")


@pytest.mark.parametrize(
    ("language", "sentence", "label"),
    [
        ("en", "No hospital is mapped. Who is near to one and", "no hospital is mapped"),
        ("fr", "cartographié\u00a0: hôpital. On ne peut dire qui", "cartographié\u00a0: hôpital"),
        ("zh", "没有已标绘的医院，无法说明谁近谁远。", "没有已标绘的医院"),  # noqa: RUF001 - Chinese
    ],
)
def test_where_none_of_a_service_is_mapped_no_part_of_its_page_tells_a_distance(
    language, sentence, label, county, unmapped
):
    page = unmapped(language)
    places = len(county.tables["settlements"])
    assert page.evaluate("Spatial.state.layers.map((layer) => layer.classes)") == [["none_mapped"]]
    assert page.evaluate("[...Spatial.state.sums.places]") == [places]
    assert sentence in page.inner_text("#headline")
    assert page.locator("#headline .headline-number").count() == 0
    assert page.locator(".legend-row").count() == 1
    assert label in page.inner_text("#legend")
    assert page.is_hidden("#slider-box")
    show_tip(page, 12)
    assert label in page.inner_text("#tooltip")
    page.evaluate("Spatial.choosePlace(12, false)")
    assert label in page.inner_text("#place .place-class")
    shown = page.locator("#tooltip, #legend, #headline, #place").all_text_contents()
    assert len(shown) == 4
    assert not [text for text in shown if re.search("beyond|none reached|au-delà|超出|未覆盖", text)]


def test_the_buttons_of_the_map_lie_below_the_banner_of_a_phone(county_folder, open_page, in_each_language):
    page = open_page(county_folder / "gap-hospital.html", width=390, height=844)
    for language in in_each_language(page, "en"):
        banner, button = (page.locator(name).bounding_box() for name in ("#banner", "#zoom-in"))
        assert 0 < banner["y"] + banner["height"] < button["y"], language


def show_tip(page, place):
    """Move the mouse onto a place and leave it there."""
    x, y = page.evaluate(
        """(i) => {
            const { points } = Spatial.state, map = Spatial.map;
            const pixel = L.point(Spatial.middle.x + points.x[i], Spatial.middle.y + points.y[i]);
            const at = map.latLngToContainerPoint(map.unproject(pixel, Spatial.UNIT_ZOOM));
            const box = map.getContainer().getBoundingClientRect();
            return [box.x + at.x, box.y + at.y];
        }""",
        place,
    )
    page.mouse.move(x, y)


def test_where_a_complete_list_holds_none_everybody_lacks_it(county, open_page, save_pages, tmp_path):
    folder = save_pages(without_hospital(county, inventory="complete").pages(), tmp_path)
    page = open_page(folder / "gap-hospital.html", fragment="#lang=en")
    people = round(county.tables["settlements"]["population_persons"].sum())
    headline = page.inner_text("#headline")
    assert f"{people:,} people" in re.sub(r"\s+", " ", headline)
    assert "have no hospital to go to." in headline
    assert "so that there is no distance to measure" in page.inner_text("#headline-more")
    assert "no hospital: the list is complete" in page.inner_text("#legend")


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_a_chosen_village_is_shown_with_its_whole_way(size, county_folder, open_page):
    page = open_page(county_folder / "gap-hospital.html", fragment="#place=n000033", width=size[0], height=size[1])
    seen = page.evaluate("""() => {
      const sheet = document.getElementById('panel').getBoundingClientRect();
      const stage = Spatial.map.getContainer().getBoundingClientRect();
      const bottom = innerWidth < 761 ? sheet.top : stage.bottom;
      return Spatial.state.route.map(([x, y]) => {
        const place = Spatial.map.unproject([Spatial.middle.x + x, Spatial.middle.y + y], Spatial.UNIT_ZOOM);
        const at = Spatial.map.latLngToContainerPoint(place);
        return at.x >= 0 && at.x <= stage.width && at.y >= 0 && at.y + stage.y <= bottom;
      });
    }""")
    assert len(seen) > 3
    assert all(seen)


def test_norms_of_other_services_and_destinations_wait_until_asked_for(county, county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#place=n000012")
    assert page.is_visible("text=2 norms of other services")
    assert page.evaluate("[...document.querySelectorAll('#place details')].map((n) => n.open)") == [False, False]
    page.click("text=3 destinations")
    # hospital, town and county seat: one row each, one column a mode
    assert page.locator(".others tbody tr").count() == 3
    link = page.get_attribute(".others a >> text=Hospital", "href")
    assert link == "gap-hospital.html#lang=en&place=n000012"
    page.evaluate("Spatial.choosePlace(3, false)")
    assert page.locator(".others").is_visible()


def test_every_service_of_the_register_has_a_name_in_every_language(county_folder, read_page):
    register = load_register()
    page = read_page(county_folder / "index.html")
    for service in sorted(register["service"].unique()):
        for language in ("en", "fr", "zh"):
            known = page.evaluate("([l, s]) => Spatial.data.messages[l]['service.' + s]", [language, service])
            named = known or load_services().get(service) or service in ("county_seat", "town", "city")
            assert named, (service, language)


def test_the_table_goes_out_as_csv_that_runs_nothing(county, open_page, save_pages, tmp_path):
    settlements, boundaries = county.tables["settlements"].copy(), county.tables["boundaries"].copy()
    evil = ["=1+1", "+1", "-1", "@x", "\t=1", 'a,"b"']
    for column in ("name", "name_en", "name_zh"):
        boundaries[column] = evil
    settlements["township"] = settlements["township_id"].map(dict(zip(boundaries["boundary_id"], evil, strict=True)))
    folder = save_pages(
        type(county)(
            county.tables | {"settlements": settlements, "boundaries": boundaries},
            county.meta,
            county.summary,
            county.register,
        ).pages(),
        tmp_path,
    )
    page = open_page(folder / "gap-health_centre.html")
    page.click("#tab-table")
    with page.expect_download() as waiting:
        page.click("#csv-townships")
    waiting.value.save_as(tmp_path / "table.csv")
    with Path(tmp_path / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert waiting.value.suggested_filename == "gap-health_centre-townships.csv"
    assert all(row[0][0] not in "=+-@\t" for row in rows)
    assert [row[-1] for row in rows] == ["population_basis", *[county.meta.population_basis] * (len(rows) - 1)]
    assert sum(int(row[1]) for row in rows[1:]) == pytest.approx(settlements["population_persons"].sum(), abs=6)


def test_the_language_switch_changes_every_word_and_number(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    page.click("#languages button >> nth=1")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    text = page.inner_text("#panel")
    assert "卫生院" in text
    assert "分钟" in text
    assert page.get_attribute(".ways a >> nth=0", "href") == "index.html#lang=zh"


def test_whoever_comes_back_to_a_page_finds_it_in_the_language_left(county_folder, open_page):
    page = open_page(county_folder / "index.html", fragment="#mine=n000012")
    page.click("#languages >> text=Français")
    assert page.url.endswith("#mine=n000012&lang=fr")
    page.goto((county_folder / "last-mile.html").as_uri())
    page.go_back()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("Spatial.language") == "fr"


def test_the_switch_to_french_changes_words_numbers_dates_and_singulars(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    page.click("#languages >> text=Français")
    assert page.evaluate("document.documentElement.lang") == "fr-FR"
    text = page.inner_text("body")
    assert "Health centre\u00a0: " in text  # no French name: the English one
    assert "d’après la carte" in text  # noqa: RUF001 - French
    assert "Situation au 1er janvier 2026" in page.evaluate("document.body.textContent")
    assert page.evaluate("Spatial.number(12345)") == "12\u202f345"
    assert page.evaluate("Spatial.decimal(1234.5)") == "1\u202f234,5"
    assert page.evaluate("Spatial.t('unit.people', { n: 0 })") == "0\u00a0habitant"
    assert page.evaluate("Spatial.t('unit.people', { n: 2 })") == "2\u00a0habitants"
    page.click("#languages >> text=English")
    assert page.evaluate("Spatial.t('unit.people', { n: 0 })") == "0 people"
    assert page.evaluate("Spatial.t('unit.people', { n: 1 })") == "1 person"


def test_without_population_pages_count_places_and_print_no_people(county, open_page, save_pages, tmp_path):
    settlements = county.tables["settlements"].assign(
        population_persons=np.nan, population_source="none", elderly_persons=np.nan
    )
    results = county.tables["norm_results"].copy()
    results[["persons_in_scope", "persons_served", "persons_unserved", "persons_unknown"]] = np.nan
    folder = save_pages(
        type(county)(
            county.tables | {"settlements": settlements, "norm_results": results},
            county.meta,
            county.summary,
            county.register,
        ).pages(),
        tmp_path,
    )
    for name in PAGES:
        page = open_page(folder / f"{name}.html")
        text = page.inner_text("body")
        assert "no population known: results count places" in text
        assert not re.search(r"\d people", text)
    assert "places" in page.inner_text("#headline")


def test_printing_fits_a4_and_gives_the_map_back(county_folder, open_page, tmp_path):
    page = open_page(county_folder / "gap-health_centre.html")
    before = page.evaluate("[Spatial.map.getZoom(), Spatial.map.getSize().x]")
    pdf = page.pdf(path=str(tmp_path / "page.pdf"), prefer_css_page_size=True, print_background=True)
    # A4 is 595 x 842 points
    assert re.search(rb"/MediaBox \[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]", pdf)
    # the map; who is beyond and the townships; the method
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 3
    assert page.evaluate("[Spatial.map.getZoom(), Spatial.map.getSize().x]") == before
    assert page.evaluate("document.getElementById('stage').parentElement === document.body")


@pytest.mark.parametrize("name", PAGES)
def test_every_control_has_a_name_and_a_visible_focus(name, county_folder, open_page):
    page = open_page(county_folder / f"{name}.html")
    unnamed = page.evaluate(
        """[...document.querySelectorAll('button, select, input, a')]
          .filter((n) => !n.closest('[hidden]'))
          .filter((n) => !(n.textContent.trim() || n.getAttribute('aria-label') || (n.labels && n.labels.length)))
          .map((n) => n.outerHTML)"""
    )
    assert unnamed == []
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settlements", "megabytes"), [(20_000, 2.0), pytest.param(80_000, 5.0, marks=pytest.mark.trial)]
)
def test_as_many_settlements_as_a_province_has_stay_small_and_fluid(
    county_of, open_page, save_pages, tmp_path, settlements, megabytes
):
    county = county_of(settlements, routes=False)
    artifacts = county.pages(max_page_mb=megabytes)
    sizes = {page.name: len(page.content) for page in artifacts}
    assert set(sizes) == {f"{name}.html" for name in PAGES}
    assert max(sizes.values()) <= 1_000_000 * megabytes, sizes
    folder = save_pages(artifacts, tmp_path)
    page = open_page(folder / "gap-health_centre.html")
    frames = page.evaluate(
        """async () => {
          const times = [];
          const map = Spatial.map;
          for (let k = 0; k < 30; k++) {
            const start = performance.now();
            map.panBy([k % 2 ? 12 : -9, 6], { animate: false });
            await new Promise((done) => requestAnimationFrame(done));
            times.push(performance.now() - start);
          }
          return times.sort((a, b) => a - b);
        }"""
    )
    # Measured at 20 ms on two idle cores; 150 ms still pans, and the machine of a test may be busy.
    assert frames[len(frames) // 2] < 150
    before = page.evaluate("performance.now()")
    page.fill("#slider", "45")
    assert page.evaluate("performance.now()") - before < 2000
    np.testing.assert_allclose(
        page.evaluate("Array.from(Spatial.state.sums.people)")[:7], _served(county, 45), rtol=1e-6
    )


@pytest.mark.slow
def test_a_page_that_cannot_be_small_is_split_by_ground_and_every_part_is_linked(county_of):
    county = county_of(2500, routes=False)
    artifacts = county.pages(max_page_mb=0.25)
    names = [page.name for page in artifacts]
    # The first part keeps the name of the whole: every page leads to it.
    assert {"gap-town.html", "gap-town--2.html"} <= set(names)
    assert all(len(page.content) <= 250_000 for page in artifacts if page.name != "index.html")
    data = data_of(artifacts[0].content)
    assert sorted(entry["file"] for entry in data["pages"]) == sorted(names[1:])
    assert all(entry["part_names"]["en"] for entry in data["pages"] if "--2.html" in entry["file"])
    page = data_of(next(page.content for page in artifacts if page.name == "gap-town--2.html"))
    assert {service["file"] for service in page["services"]} <= set(names)
    assert page["part"]["names"] == [entry["part_names"] for entry in data["pages"] if entry["service"] == "town"]


def test_a_country_has_its_maps_by_district_and_the_index_names_them(county_of, monkeypatch):
    monkeypatch.setattr("spatial.cartography.pages.MANY_PLACES", 100)
    monkeypatch.setattr("spatial.cartography.pages.PLACES_A_PART", 60)
    county = county_of(150)
    artifacts = {artifact.name: artifact.content for artifact in county.built(languages=("en",))}
    maps = sorted(name for name in artifacts if name.startswith("gap-town"))  # the first part last
    # Townships are put side by side until there are 60 settlements, which at most three parts of 150 have.
    assert len(maps) in {2, 3}
    pages = [data_of(artifacts[name]) for name in maps]
    ids = [
        set(piece_of(blocks_of(artifacts[name]), page["places"]["id"]["text"]).decode().split("\n"))
        for name, page in zip(maps, pages, strict=True)
    ]
    assert sum(map(len, ids)) == len(set().union(*ids)) == county.tables["settlements"]["in_study"].sum()
    # All parts begin at one standard, and their sliders end alike: their numbers are of one kind.
    begun = [
        [(layer["threshold"], layer["max"]) for layer in page["layers"] if layer["norm"] is None] for page in pages
    ]
    assert all(one == begun[0] for one in begun)
    listed = [entry for entry in data_of(artifacts["index.html"])["pages"] if entry["service"] == "town"]
    assert sorted(entry["file"] for entry in listed) == maps
    for page, entry in zip(pages, sorted(listed, key=lambda one: one["file"]), strict=True):
        assert page["part"]["names"][entry["part"] - 1] == entry["part_names"]
        # Maps of one part lead to each other.
        ending = "" if entry["part"] == 1 else f"-{entry['part']}"
        assert all(re.fullmatch(rf"\D+{ending}\.html", service["file"]) for service in page["services"])
        assert "Township" in entry["part_names"]["en"]
        assert "乡" in entry["part_names"]["zh"]


@pytest.mark.slow
def test_a_page_of_a_part_tells_the_norm_of_the_whole_as_such_and_leads_to_the_others(
    county_of, monkeypatch, open_page, save_pages, tmp_path
):
    monkeypatch.setattr("spatial.cartography.pages.MANY_PLACES", 100)
    monkeypatch.setattr("spatial.cartography.pages.PLACES_A_PART", 60)
    folder = save_pages(county_of(150).built(languages=("en",)), tmp_path)
    page = open_page(folder / "gap-health_centre-2.html", fragment="#limit=45")
    assert page.inner_text("#norm .norm-today").startswith("Whole study. Norm: ")
    assert "counts a group" not in page.inner_text("#norm")
    files = page.eval_on_selector_all("#parts option", "options => options.map((one) => one.value)")
    assert sorted(files) == sorted(path.name for path in folder.glob("gap-health_centre*"))
    assert page.text_content("#study-title").endswith(" · " + page.inner_text("#parts option:checked"))
    page.select_option("#parts", index=0)
    page.wait_for_url("**/gap-health_centre.html#*limit=45*")
    # A settlement of the second part is asked for there, with the keys alone, and found.
    page = open_page(folder / "gap-health_centre-2.html")
    own = page.evaluate("Spatial.placeName(Spatial.state.places, 0)")
    wanted = page.evaluate("Spatial.state.places.id[0]")
    page = open_page(folder / "gap-health_centre.html")
    page.fill("#search", wanted)
    offered = page.locator("#search-results li").all_inner_texts()
    assert offered[0] == "Not in this part of the study. Search another one:"
    assert len(offered) == len(files)  # itself left out
    page.press("#search", "Enter")
    page.wait_for_url("**/gap-health_centre-2.html*")
    page.locator("#search-results [role=option]", has_text=own).first.wait_for()


def test_scaled_people_are_said_to_be_scaled_under_the_title(county, open_page, save_pages, tmp_path):
    settlements = county.tables["settlements"].assign(population_source="raster_rescaled", population_factor=1.1)
    tables = county.tables | {"settlements": settlements}
    folder = save_pages(type(county)(tables, county.meta, county.summary, county.register).pages(), tmp_path)
    for name in ("index", "gap-health_centre"):
        page = open_page(folder / f"{name}.html")
        facts = page.inner_text("#study-facts")
        assert "modelled population (scaled to official numbers of units)" in facts
        page.evaluate("Spatial.setLanguage('zh')")
        chinese = page.inner_text("#study-facts")
        assert "（" in chinese  # noqa: RUF001 - Chinese writes them wide
        assert "(" not in chinese
