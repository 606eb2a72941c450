"""Pages of a region with few places: sentences and drawings hold for one place, for two and for all."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

pytestmark = pytest.mark.browser


def test_of_one_place_within_or_beyond_pages_speak_as_of_one(county_folder, open_page):
    one = "(told) => { for (const norm of told.norms) Object.assign(norm.study, { persons_served: 1 }); }"
    page = open_page(county_folder / "index.html", changed=one, unfolded=True)
    assert "1 person is within it" in page.inner_text("body").replace("\u00a0", " ")
    page = open_page(county_folder / "last-mile.html")
    told = page.evaluate("[1, 2].map((n) => Spatial.t('headline.last_mile_places', { n, share: '50 %' }))")
    assert told == [f"{verb} more than 2 km from an all-season road (50 %)." for verb in ("lies", "lie")]


def test_of_one_township_none_is_told_as_behind_others(sample_run, open_page):
    alone = "(told) => { const matrix = told.answer.matrix; matrix.rows = matrix.rows.slice(0, 1); }"
    page = open_page(sample_run / "maps" / "sample" / "index.html", changed=alone)
    assert page.inner_text("#matrix-title").endswith(": who is beyond these norms")
    page = open_page(sample_run / "maps" / "sample" / "fact-sheet.html", changed="(told) => { told.townships = 1; }")
    told = page.inner_text("#township-line")
    assert "stands first" not in told
    assert "beyond at least one of these norms" in told
    alone = "(told) => { told.rows = told.rows.slice(0, 1); }"
    page = open_page(sample_run / "maps" / "sample" / "townships.html", changed=alone)
    assert page.inner_text(".sheet-page-of").startswith("The one township · ")


def test_where_everybody_is_within_nobody_is_told_of_at_least(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#township=t4")
    state = "(({ sums }) => Spatial.split(sums.people))(Spatial.state)"
    told = page.inner_text("#headline-more").replace("\u00a0", " ")
    assert page.evaluate(f"{state}.beyond") > 0
    assert told.startswith("At least ")
    assert "one that is not mapped may be nearer" in told
    page = open_page(county_folder / "gap-health_centre.html", fragment="#township=t0")
    told = page.inner_text("#headline-more").replace("\u00a0", " ")
    assert page.evaluate(f"{state}.beyond") == 0
    assert told == f"{page.evaluate(f'Spatial.number({state}.within)')} people are within it (100 %)."


def test_a_title_says_there_and_back_where_the_norm_counts_both_ways(county_folder, open_page):
    change = "(told) => { Object.assign(told.layers[0], { metric: METRIC, mode: 'walk' }); }"
    said = []
    for metric in ("time_min", "roundtrip_time_min"):
        page = open_page(county_folder / "gap-health_centre.html", changed=change.replace("METRIC", f"'{metric}'"))
        said.append(page.inner_text("#page-title").partition(" from any")[0].replace("\u00a0", " "))
    assert said[0].endswith("% of people live over 60 min on foot")
    assert said[1].endswith("% of people live over 60 min there and back on foot")


def test_a_title_of_all_within_fits_any_service(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html", fragment="#township=t0")
    told = page.inner_text("#page-title").replace("\u00a0", " ")
    assert told == "All people live within 60 min of the nearest health centre on the map"


def test_who_is_within_a_straight_line_is_not_away_of_it(county_folder, open_page):
    change = "(told) => { Object.assign(told.layers[0], { metric: 'dist_m', mode: 'none' }); }"
    page = open_page(county_folder / "gap-health_centre.html", fragment="#township=t0", changed=change)
    told = page.inner_text("#page-title").replace("\u00a0", " ")
    assert told == "All people live within 60 min of the nearest health centre on the map"


def test_a_limit_at_the_end_of_the_slider_is_written_once_below_the_curve(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    for limit, labels in (("60", ["0", "60 min", "120 min"]), ("120", ["0", "120 min"])):
        page.fill("#slider", limit)
        page.dispatch_event("#slider", "input")
        told = page.locator("#curve-drawing text").all_text_contents()
        assert [text.replace("\u00a0", " ") for text in told if "%" not in text] == labels


def test_places_in_a_line_make_no_strip_of_a_map(sample_run, open_page):
    (folder,) = (sample_run / "maps").iterdir()
    flat = "(told) => { const [south, north] = told.map.bounds; north[0] = south[0] + (north[0] - south[0]) / 50; }"
    page = open_page(folder / "index.html", changed=flat)
    for picture in ("#answer-drawing svg", "#service-maps svg >> nth=0"):
        box = page.locator(picture).bounding_box()
        assert box["height"] >= 0.34 * box["width"]


def test_shares_of_maps_that_begin_at_other_minutes_are_told_with_these(county_folder, open_page):
    change = "(told) => { for (const page of told.pages) if (page.file === 'gap-town.html') page.threshold = 20; }"
    for changed, note, has in (("", "within 60 min by car", False), (change, "within the minutes named by car", True)):
        page = open_page(county_folder / "index.html", changed=changed, unfolded=True)
        assert page.inner_text("#more-maps-note").replace("\u00a0", " ") == f"Share of the people {note}."
        told = page.inner_text("#more-maps li:has-text('Town')").replace("\u00a0", " ")
        assert told.endswith("% · 20 min") == has
        assert page.inner_text("#more-maps li:has-text('Hospital')").replace("\u00a0", " ").endswith("60 min") == has
    none = change.replace("page.threshold = 20", "Object.assign(page, { threshold: 20, mapped: false, reached: 0 })")
    page = open_page(county_folder / "index.html", changed=none, unfolded=True)
    assert page.inner_text("#more-maps li:has-text('Town')").endswith("none mapped")
    assert "within 60" in page.inner_text("#more-maps-note")


def test_where_all_places_are_beyond_no_legend_and_no_range_tells_of_others(county_folder, sample_run, open_page):
    (folder,) = (sample_run / "maps").iterdir()
    page = open_page(folder / "index.html")
    assert "other places" in page.inner_text("#answer-legend")
    told = page.evaluate(
        """() => {
          const known = Spatial.answerParts.read(Spatial.data.map), frame = Spatial.draw.frameOf(known, 700);
          for (const codes of known.findings) codes.fill(Spatial.answerParts.BEYOND);
          const { keys } = Spatial.answerParts.answerMap(Spatial.data.answer, known, frame);
          return keys.filter(Boolean).map((key) => key.textContent);
        }"""
    )
    assert any("beyond" in text for text in told)
    assert not any("other places" in text for text in told)
    bare = "(told) => { for (const norm of told.norms) norm.certainty = null; }"
    page = open_page(county_folder / "index.html", changed=bare)
    assert page.inner_text("#sure-line") == "No travel time has been measured yet."


@pytest.mark.parametrize("most", [3, 9, 14])
def test_marks_below_the_curve_of_the_first_page_are_whole_and_none_stands_twice(most, sample_run, open_page):
    (folder,) = (sample_run / "maps").iterdir()
    short = f"{{ unit: 'min', threshold: null, curve: [[0, 0], [{most}, 9]] }}"
    change = f"(told) => {{ Object.assign(told.answer.reach, {short}); }}"
    page = open_page(folder / "index.html", changed=change, width=390, height=844)
    marks = page.locator("#curve-drawing text").all_text_contents()
    told = [int(mark.removesuffix("min")) for mark in marks if mark.endswith("min")]
    assert len(told) > 2
    assert {after - before for before, after in pairwise(told)} == {told[1]}
    # None is cut by the edge.
    edge = "(node) => node.getBBox().x + node.getBBox().width <= node.ownerSVGElement.width.baseVal.value + 0.5"
    assert all(node.evaluate(edge) for node in page.locator("#curve-drawing text").all())


def test_where_nobody_is_counted_no_list_says_that_most_people_come_first(sample_run, open_page):
    (folder,) = (sample_run / "maps").iterdir()
    nobody = "(told) => { told.study.people = false; }"
    for changed, has in (("", True), (nobody, False)):
        page = open_page(folder / "index.html", changed=changed)
        assert ("most people first" in page.inner_text("#village-lists")) == has
        page = open_page(folder / "townships.html", changed=changed)
        told = page.inner_text("#sheets")
        assert ("most people first" in told) == has
        assert bool(re.search(r"^[\d,]+ (villagers?|people|person) in \d+ places?\.", told, re.MULTILINE)) == has
        assert bool(re.search(r"^\d+ places?\. ", told, re.MULTILINE)) != has


def test_a_card_tells_a_walk_past_all_roads_as_one_leg(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    told = page.evaluate(
        """() => {
          const way = Spatial.state.travel.walk, i = way.access.findIndex((minutes) => minutes > 0);
          const legs = () => {
            Spatial.choosePlace(i, true);
            return document.body.textContent.split("Straight over the ground").length - 1;
          };
          const before = legs();
          way.network[i] = way.egress[i] = 0;
          return [before, legs()];
        }"""
    )
    assert told[0] == 0
    assert told[1] > 0


def test_legs_on_a_card_are_whole_minutes_that_add_up_to_those_of_the_way(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    told = page.evaluate(
        """() => {
          const way = Spatial.state.travel.drive, i = way.time.findIndex(isFinite);
          // 0.75, 61.5 and 0.75 minutes are 63: 1, 61 and 1, and neither 1, 62 and 1 nor 0, 61 and 0.
          [way.access[i], way.network[i], way.egress[i], way.time[i]] = [0.75, 61.5, 0.75, 63];
          Spatial.choosePlace(i, true);
          const said = (key) => Spatial.t("place." + key, { mode: Spatial.word("mode", "drive") });
          const shown = ["time", "leg_access", "leg_network", "leg_egress"].map((key) =>
            [...document.querySelectorAll("dt, th")].find((cell) => cell.textContent === said(key)).nextSibling);
          return shown.map((cell) => cell.textContent);
        }"""
    )
    assert told == ["63 min", "1 min", "61 min", "1 min"]


def test_one_place_stands_in_no_order(sample_run, open_page):
    (folder,) = (sample_run / "maps").iterdir()
    one = "(told) => { for (const figure of told.figures) if (figure.key === 'settlements') figure.value = COUNT; }"
    for count, said in ((1, "How sure are these numbers?"), (2, "How sure: the order of places is surer than")):
        page = open_page(folder / "index.html", changed=one.replace("COUNT", str(count)), unfolded=True)
        assert page.inner_text("#sure-title").startswith(said)
        assert ("order of places is surer" in page.inner_text("#sure")) == (count > 1)
    for count in (1, 2):
        alone = f"(told) => {{ told.settlements = {count}; }}"
        page = open_page(folder / "fact-sheet.html", changed=alone, unfolded=True)
        assert ("order of places is surer" in page.inner_text("body")) == (count > 1)


def test_rows_of_townships_are_one_line_each_on_paper(county_folder, open_page):
    page = open_page(county_folder / "gap-health_centre.html")
    page.emulate_media(media="print")
    page.evaluate("document.getElementById('view-table').hidden = false")
    rows = page.locator(".townships tbody tr")
    assert rows.count() > 1
    assert all(row.bounding_box()["height"] <= 22 for row in rows.all())
