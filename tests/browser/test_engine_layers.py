"""What the access engine knows, on the pages: how sure times are, the wet season, measures, ground and catchments."""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.browser

PAGE = "gap-health_centre.html"
CHOOSE = """test => {
  const select = document.getElementById('layer');
  select.value = Spatial.state.layers.findIndex((layer) => layer.kind === test || layer.key === test);
  select.dispatchEvent(new Event('change'));
}"""
PAINTED = """() => {
  const drawn = Spatial.layers.areas._container, copy = document.createElement('canvas');
  copy.width = drawn.width;
  copy.height = drawn.height;
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(drawn, 0, 0);
  const pixels = context.getImageData(0, 0, copy.width, copy.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) painted += 1;
  return painted;
}"""


def _people(county):
    return county.tables["settlements"]["population_persons"].fillna(0.0).to_numpy()


def _minutes(county):
    """Best and worst of the fastest mode: the paired runs by car, or the walk as assumed."""
    access = county.tables["access"]
    walk = access.loc[(access["service"] == "health_centre") & (access["mode"] == "walk"), "travel_time_min"]
    runs = county.tables["intervals"]
    limit = walk.fillna(np.inf).to_numpy()
    return [np.minimum(runs[f"{side}_min"].fillna(np.inf).to_numpy(), limit) for side in ("low", "high")]


def _shown(page):
    return page.evaluate("Array.from(Spatial.state.sums.people)")


def _choose(page, layer):
    page.evaluate(CHOOSE, layer)


@pytest.mark.parametrize("threshold", [1, 30, 60, 90])
def test_how_sure_counts_who_changes_class_within_the_runs(threshold, county, county_folder, open_page):
    page = open_page(county_folder / PAGE)
    _choose(page, "sure")
    page.fill("#slider", str(threshold))
    low, high = _minutes(county)
    people = _people(county)
    wanted = [
        people[high <= threshold].sum(),
        people[(low <= threshold) & (high > threshold)].sum(),
        people[low > threshold].sum(),
    ]
    # float32 holds a person's share to 6e-8 of its size
    np.testing.assert_allclose(_shown(page)[:3], wanted, rtol=1e-6, atol=1e-3)
    assert "may or may not be within" in page.inner_text("#headline")
    assert page.inner_text("#legend .legend-row >> nth=0").startswith(f"within {threshold} min in every run")


def test_the_headline_says_best_and_worst_as_the_summary_does(county, county_folder, open_page):
    persons = county.summary["norms"][0]["certainty"]["persons"]
    page = open_page(county_folder / PAGE)
    low, high = round(persons["low"]), round(persons["high"])
    # one sentence: the range, what it depends on, and whether anybody compared it with the ground
    wanted = f"{low:,} to {high:,}, depending on speeds ±20\u00a0%, the wet season; not calibrated."
    assert page.inner_text("#certainty") == wanted
    page.fill("#slider", "30")
    low, high = _minutes(county)
    beyond = [round(_people(county)[side > 30].sum()) for side in (low, high)]
    assert page.inner_text("#certainty").startswith(f"{beyond[0]:,} to {beyond[1]:,}, depending on")


def test_the_wet_season_counts_who_is_slower_and_who_loses(county, county_folder, open_page):
    page = open_page(county_folder / PAGE)
    _choose(page, "wet")
    status, people = county.tables["wet_losses"]["wet_status"].to_numpy(), _people(county)
    wanted = [people[status == name].sum() for name in ("kept", "slower", "lost", "not_served")]
    np.testing.assert_allclose(_shown(page)[:4], wanted, rtol=1e-6, atol=1e-3)
    assert page.inner_text("#headline strong") == f"{round(wanted[1] + wanted[2]):,}"
    assert not page.is_visible("#slider-box")
    for word in ("kept, as fast as in the dry", "slower", "lost"):
        assert word in page.inner_text("#legend")


def test_a_measure_is_set_beside_the_mean_over_people(county, county_folder, open_page):
    page = open_page(county_folder / PAGE)
    _choose(page, "measure")
    measures = county.tables["measures"].query("group == 'everybody' and measure == 'e2sfca'")
    value, people = measures["value"].to_numpy(), _people(county)
    mean = (value * people).sum() / people.sum()
    level = np.select([value >= mean, value >= mean / 2, value > 0], [0, 1, 2], 3)
    np.testing.assert_allclose(_shown(page)[:4], np.bincount(level, people, minlength=4), rtol=1e-6, atol=1e-3)
    assert page.inner_text("#headline strong") == f"{round(people[level >= 2].sum()):,}"
    assert "Supply per person (E2SFCA)" in page.inner_text("#headline-more")
    # 0.0004 facilities a person never make one for a thousand people
    assert "facilities per 100,000 people on average" in page.inner_text("#headline-more")
    assert f"from {mean * 1e5:.1f}, the mean" in page.inner_text("#legend")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_every_layer_speaks_every_language_and_fits(width, height, county_folder, open_page, in_each_language):
    page = open_page(county_folder / PAGE, fragment="#lang=en", width=width, height=height)
    for box in ("areas", "catchments"):
        page.check(f"#{box}-on")
    for language in in_each_language(page, "en"):
        for layer in ("sure", "wet", "measure"):
            _choose(page, layer)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            clipped = page.evaluate(
                """[...document.querySelectorAll('#panel-body *')].filter((node) => node.offsetParent &&
                  node.getBoundingClientRect().right >
                    document.getElementById('panel-body').getBoundingClientRect().right + 1
                ).map((node) => node.outerHTML.slice(0, 80))"""
            )
            assert clipped == [], language
            text = page.inner_text("body")
            assert "undefined" not in text
            assert "NaN" not in text
            assert not re.search(r"\{\w+\}", text)
            assert not re.search(r"\b(sure|wet|areas|measure|measure_kind|unit_of|factor|class)\.[a-z_]+\b", text)
            if language == "zh":
                legend = page.inner_text("#legend") + page.inner_text("#ground")
                assert not re.search(r"[a-z]{4,}", re.sub("Health|Centre|County|Hospital", "", legend)), legend


def test_ground_is_drawn_when_asked_for_by_keyboard_and_has_a_legend(county_folder, open_page):
    page = open_page(county_folder / PAGE)
    assert page.evaluate(PAINTED) == 0
    assert page.locator(".ground-legend:visible").count() == 0
    page.focus("#areas-on")
    page.keyboard.press("Space")
    reach = page.evaluate(PAINTED)
    assert reach > 0
    legend = page.inner_text(".ground-legend:visible")
    for words in ("within 15 min", "within 30 min", "within 60 min", "km²"):
        assert words in legend
    assert "up to 16 min more from the edge" in page.inner_text("#ground")
    page.keyboard.press("Space")
    assert page.evaluate(PAINTED) == 0
    page.check("#catchments-on")
    assert page.evaluate(PAINTED) > reach
    assert "Largest: County Hospital, 30,000 people" in page.inner_text("#ground")


def test_ground_stays_as_it_is_when_the_language_changes(county_folder, open_page):
    page = open_page(county_folder / PAGE)
    page.check("#catchments-on")
    page.click("#languages button >> nth=1")
    assert page.is_checked("#catchments-on")
    assert not page.is_checked("#areas-on")
    assert "县人民医院" in page.inner_text("#ground")


def test_a_chosen_village_shows_the_catchment_of_its_facility(county_folder, open_page):
    page = open_page(county_folder / PAGE)
    page.check("#catchments-on")
    page.evaluate("void Spatial.choosePlace(Spatial.state.places.id.indexOf('n000012'), false)")
    target = page.evaluate("Spatial.state.target")
    assert page.evaluate("i => Spatial.state.catchments.facility.includes(i)", target)
    assert re.search(r"Nearest to it\s+(\d[\d,]* people · )?\d+ km²", page.inner_text("#place"))


def test_the_card_of_a_village_tells_interval_wet_season_measures_and_last_mile(county, county_folder, read_page):
    page = read_page(county_folder / PAGE, fragment="#lang=en&place=n000010")
    text = page.inner_text("#place")
    row = county.tables["intervals"].set_index("settlement_id").loc["n000010"]
    for side, label in (("low", "At best"), ("base", "As assumed"), ("high", "At worst")):
        assert re.search(rf"{label}\s+{round(row[f'{side}_min'])} min", text), label
    assert re.search(r"Widest by\s+Speeds ±20\s%: \d+ min by it alone", text)
    assert re.search(r"Wet season\s+\+\d+ min \(\d+ min\) to another facility", text)
    assert re.search(r"Supply per person \(E2SFCA\)\s+[\d.]+ facilities per 100,000 people", text)
    assert "Supply per person (E2SFCA): Elderly" in text
    assert "people beyond the mapped area may compete unseen" in text
    assert "Last mile" in page.evaluate("document.getElementById('place').textContent")
    assert page.locator("#place .range-bar").count() == 1
    assert re.search(r"Over open ground, off the roads\s+Door to door\s+30 min", text)


def test_a_village_that_may_lose_its_way_says_so(county_folder, read_page):
    page = read_page(county_folder / PAGE, fragment="#lang=en&place=n000005")
    text = page.inner_text("#place")
    assert re.search(r"At worst\s+no way there", text)
    assert re.search(r"Wet season\s+lost: no way there", text)
    assert re.search(r"Over open ground, off the roads\s+Door to door\s+beyond the longest time searched", text)


def test_the_index_says_how_sure_the_headlines_are(county, county_folder, read_page):
    page = read_page(county_folder / "index.html", unfolded=True)
    text = page.inner_text("#sure")
    persons = county.summary["norms"][0]["certainty"]["persons"]
    cells = [cell.strip() for cell in page.locator("#sure tbody tr >> nth=0").inner_text().split("\t")]
    assert cells[1:4] == [f"{round(persons[side]):,}" for side in ("base", "low", "high")]
    assert cells[4] == "Speeds ±20\u00a0%"
    assert "Not calibrated: no observed time was compared with these." in text
    assert "31.2\u00a0% to 87.4\u00a0%" in text
    assert "The surface of 41.5\u00a0% of the road length is not known." in text
    assert f"{round(persons['low']):,} at best" in page.inner_text("#headlines")


@pytest.mark.parametrize(("status", "words"), [("compared", "Compared with"), ("calibrated", "are fitted")])
def test_the_index_says_where_times_were_observed(status, words, county, open_page, save_pages, tmp_path):
    observed = {"speed_status": status, "speed_factors": [0.81, 1.3], "calibrated": status == "calibrated"}
    certainty = county.summary["certainty"] | observed
    told = type(county)(county.tables, county.meta, county.summary | {"certainty": certainty}, county.register)
    page = open_page(save_pages(told.pages(), tmp_path) / "index.html", unfolded=True)
    text = page.inner_text("#sure")
    assert words in text
    assert "Not calibrated" not in text
    assert "0.81 to 1.30 times those assumed" in text


def test_pages_without_the_engine_show_none_of_it(county, open_page, save_pages, tmp_path):
    engine = ("intervals", "wet_losses", "measures", "off_road", "isochrones", "catchments")
    tables = {name: frame for name, frame in county.tables.items() if name not in engine}
    summary = {key: value for key, value in county.summary.items() if key in {"network", "population", "issues"}}
    folder = save_pages(type(county)(tables, county.meta, summary, county.register).pages(), tmp_path)
    page = open_page(folder / PAGE, fragment="#lang=en&place=n000012")
    assert not page.is_visible("#ground")
    assert page.inner_text("#certainty") == ""
    assert "How sure" not in page.evaluate("document.querySelector('#layer').textContent")
    assert "Measures of access" not in page.inner_text("#place")
    assert not open_page(folder / "index.html").is_visible("#sure")


def test_ground_goes_to_paper_with_its_legend(county_folder, open_page, tmp_path):
    page = open_page(county_folder / PAGE)
    for box in ("areas", "catchments"):
        page.check(f"#{box}-on")
    pdf = page.pdf(path=str(tmp_path / "page.pdf"), prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type /Page\b", pdf)) <= 3
    page.emulate_media(media="print")
    assert page.locator(".ground-legend:visible").count() == 2
    assert page.locator("#areas-on:visible").count() == 0


def test_the_order_of_rows_changes_no_byte(county):
    names = ("intervals", "wet_losses", "measures", "isochrones", "catchments")
    shuffled = {name: county.tables[name].sample(frac=1.0, random_state=5) for name in names}
    mixed = type(county)(county.tables | shuffled, county.meta, county.summary, county.register)
    assert [page.content for page in mixed.pages()] == [page.content for page in county.pages()]


def test_names_from_data_stay_text_in_the_ground_too(county, open_page, save_pages, tmp_path):
    attack = "<img src=x onerror=\"document.title='owned'\">"
    facilities = county.tables["facilities"].assign(name=attack, name_en=attack)
    measures = county.tables["measures"].replace({"group": {"elderly": attack}})
    hostile = county.tables | {"facilities": facilities, "measures": measures}
    folder = save_pages(type(county)(hostile, county.meta, county.summary, county.register).pages(), tmp_path)
    page = open_page(folder / PAGE, fragment="#lang=en&place=n000012")
    page.click("#tab-result")
    page.check("#catchments-on")
    assert attack in page.inner_text("#ground")
    assert page.title() != "owned"
    assert page.evaluate("document.querySelectorAll('img').length") == 0


def test_a_table_taken_along_has_times_in_order_and_whole_people(county, save_pages, open_page, tmp_path):
    # nothing is uncertain here, and no time is a whole second: the page packs the ends of the span as seconds begun
    runs = county.tables["intervals"]
    sure = runs.assign(low_min=runs["base_min"] + 1e-9, high_min=runs["base_min"])
    people = county.tables["settlements"].assign(population_persons=43.27)
    tables = county.tables | {"intervals": sure, "settlements": people}
    folder = save_pages(replace(county, tables=tables).pages(), tmp_path)
    page = open_page(folder / PAGE)
    with page.expect_download() as waiting:
        page.evaluate("Spatial.downloadPlaces(Spatial.state)")
    waiting.value.save_as(tmp_path / "table.csv")
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()))
    timed = [row for row in rows if row["travel_time_min"] and row["at_worst_min"]]
    assert len(timed) > 30
    for row in timed:
        best, base, worst = (float(row[name]) for name in ("at_best_min", "travel_time_min", "at_worst_min"))
        assert best <= base <= worst
    assert {row["population_persons"] for row in rows} == {"43"}
