"""The answer on the index in a real browser: what it says stands in the tables, a click or two from its list."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.cartography.answer import reach_curve
from spatial.messages import Words
from spatial.reporting.answer import answer_lines, answer_title, first_actions

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(sample_run):
    folder = next((sample_run / "processed").iterdir())
    return folder, sample_run / "maps" / folder.name, json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def number(text):
    return int(re.sub(r"\D", "", text) or 0)


def test_a_name_from_right_to_left_leaves_the_number_after_it_in_its_place(run, open_page):
    page, name = open_page(run[1] / "index.html"), "\u05ea\u05dc \u05d0\u05d1\u05d9\u05d1"
    told = f"farthest {name} 89 min, Sima 86 min"
    page.evaluate("told => { Spatial.pick(Spatial.data.answer.texts).title = told; Spatial.showAnswer(); }", told)
    isolated = told.replace(name, f"\u2068{name}\u2069")
    assert page.inner_text("#answer-title") == isolated
    written = "told => [told, told.slice(9, 16)].map((text) => Spatial.el('td', { text }).textContent)"
    assert page.evaluate(written, told) == [isolated, name]  # a name alone stays as it is, to be copied


def test_a_service_at_the_door_of_all_draws_a_curve(run, open_page):
    page = open_page(run[1] / "index.html")
    at_the_door = "curve: [[0, reach.all]], farthest: reach.farthest.map((one) => ({ ...one, value: 0 }))"
    page.evaluate(
        f"() => {{ const {{ reach }} = Spatial.data.answer; Object.assign(reach, {{ threshold: null, {at_the_door} }});"
        " Spatial.showReach(); }"
    )
    assert "NaN" not in page.inner_html("#reach")


def test_the_first_screen_says_who_where_and_what_first(run, open_page):
    _folder, maps, summary = run
    page = open_page(maps / "index.html", width=1280, height=900)
    for language in page.evaluate("Object.keys(Spatial.data.messages)"):
        page.evaluate("language => Spatial.setLanguage(language)", language)
        words = Words(language)
        title = page.locator("#answer-title")
        assert title.inner_text() == answer_title(summary["answer"], words)
        told = page.locator("#answer-lines p").all_inner_texts()
        assert told == answer_lines(summary["answer"], summary["plans"], words)
        assert title.bounding_box()["y"] < 300
    assert page.locator("#answer-drawing svg text").count() > 3


def test_numbers_of_the_matrix_are_those_of_the_tables(run, read_page):
    folder, maps, summary = run
    results = pd.read_parquet(folder / "norm_results.parquet")
    settlements = gpd.read_parquet(folder / "settlements.parquet")
    columns = [column["norm_id"] for column in summary["answer"]["matrix"]["columns"]]
    page = read_page(maps / "index.html")
    rows = page.locator("#matrix tbody tr")
    assert rows.count() == settlements.loc[settlements["in_study"], "township_id"].nunique()
    shown = [line.split("\t") for line in rows.all_inner_texts()]
    totals = [number(cells[-2]) for cells in shown]
    assert totals == sorted(totals, reverse=True)
    by_unit = results.loc[results["unit_level"] == "township"].set_index(["norm_id", "unit_id"])
    for row, cells in zip(summary["answer"]["matrix"]["rows"], shown, strict=True):
        for norm, text in zip(columns, cells[1:-2], strict=True):
            if (norm, row["unit_id"]) in by_unit.index and text.strip().replace(",", "").isdigit():
                assert number(text) == round(by_unit.loc[(norm, row["unit_id"]), "persons_unserved"])
    # Beyond any norm is never more than live there, and never less than beyond one of them.
    for row in summary["answer"]["matrix"]["rows"]:
        cells = [cell["persons_unserved"] or 0.0 for name, cell in row["cells"].items() if name in own(summary)]
        most = max(cells, default=0.0)
        assert most - 1e-6 <= row["persons_beyond"] <= row["persons"] + 1e-6


def own(summary):
    columns = summary["answer"]["matrix"]["columns"]
    return {column["norm_id"] for column in columns if column["stat_unit"] != "township"}


def test_villages_are_named_and_one_click_leads_to_all_of_them(run, open_page):
    _, maps, summary = run
    page = open_page(maps / "index.html")
    finding = next(each for each in summary["answer"]["findings"] if not each["is_presence"])
    names = [place["names"]["en"] for place in finding["first"]]
    listed = page.locator("#village-lists").inner_text()
    assert all(name in listed for name in names)
    page.locator("#village-lists a").first.click()
    page.wait_for_selector("body[data-ready]")
    assert "gap-" in page.url


def test_a_narrow_page_keeps_its_width_and_a_button_moves_to_the_villages(run, open_page):
    page = open_page(run[1] / "index.html", width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#answer-drawing svg").bounding_box()["width"] <= 390
    page.locator("#answer-links a", has_text="places").click()
    assert 0 <= page.locator("#villages").bounding_box()["y"] < 400
    assert "lang=" not in page.url or "#villages" not in page.url


def test_each_service_has_a_map_with_what_the_summary_says_of_it(run, read_page):
    _, maps, summary = run
    page = read_page(maps / "index.html")
    cards = page.locator("#service-maps li")
    assert 0 < cards.count() <= 8
    assert cards.locator("svg").count() == cards.count()
    far = [finding for finding in summary["answer"]["findings"] if not finding["is_presence"]]
    by_service = {finding["service"]: finding for finding in far}
    for card, service in zip(cards.all(), summary["answer"]["services"], strict=False):
        finding = by_service.get(service["service"])
        beyond = (
            finding["persons"]["beyond"] if finding else service["all"] - service["within"][f"{service['far_min']:g}"]
        )
        said = card.locator("p").first.inner_text()
        assert number(said.split(" over ")[0]) == round(beyond)
        # The share is of those whom the number counts, whatever the norm judges by.
        within = finding["persons"]["within"] if finding else service["within"][f"{service['far_min']:g}"]
        share, base = card.locator("p").nth(1).inner_text().split(" % of ")
        assert number(base.split(" ")[0]) == round(within + beyond)
        assert abs(float(share) - 100.0 * within / (within + beyond)) < 0.11
    # Those of a norm go as it says, such as there and back on foot; all others by car.
    assert 0 < sum(service["service"] in by_service for service in summary["answer"]["services"][:8]) < 8
    assert page.locator("#by-service-lead").inner_text() == (
        "Red: beyond its norm, by the way that the norm counts. Dark: over the minutes named by car, without a norm."
    )


@pytest.mark.parametrize(("known", "drawn"), [(1, False), (2, True)])
def test_of_one_place_no_curve_is_drawn(known, drawn):
    status = ["reached"] * known + ["unknown"] * (2 - known)
    access = pd.DataFrame({"travel_time_min": np.where(np.arange(2) < known, 5.0, np.nan), "reach_status": status})
    places = pd.DataFrame({"population_persons": [np.nan] * 2, "name": ["A", "B"]})
    rows = SimpleNamespace(settlements=places, ids=np.array(["a", "b"]), align=lambda table: table)
    told = {"findings": [], "services": [{"service": "hospital", "mode": "drive", "counted": "places"}]}
    curve = reach_curve(SimpleNamespace(access=lambda _service, _mode: access), rows, told)
    assert (curve is not None) == drawn
    assert curve is None or curve["curve"][-1] == [5.0, 2.0]


def test_the_list_of_all_leads_to_every_part_where_no_map_has_them_all(run, open_page):
    page = open_page(run[1] / "index.html", changed="(told) => { for (const page of told.pages) page.part = 1; }")
    page.locator("#village-lists a").last.click()
    assert "gap-" not in page.url
    assert page.is_visible("#maps")


def test_without_any_finding_the_map_names_the_farthest_places_that_the_page_lists(run, open_page):
    seat_first = """(told) => {
      const { farthest } = told.answer.reach, [{ place, names }] = told.map.seats;
      farthest.unshift({ ...farthest[0], at: place, names });
      told.answer.findings = [];
    }"""
    page = open_page(run[1] / "index.html", changed=seat_first)
    farthest = page.evaluate("Spatial.data.answer.reach.farthest.map((place) => Spatial.pick(place.names))")
    named = page.locator("#answer-drawing text").all_text_contents()
    assert len({*farthest} & {*named}) > 3
    assert named.count(farthest[0]) == 1  # the seat has its name already


def test_of_who_has_no_minutes_the_curve_tells_those_further_than_searched_apart():
    status = ["reached", "beyond_cutoff", "beyond_cutoff", "no_path"]
    access = pd.DataFrame({"travel_time_min": [5.0, np.nan, np.nan, np.nan], "reach_status": status})
    places = pd.DataFrame({"population_persons": [np.nan] * 4, "name": list("ABCD")})
    rows = SimpleNamespace(settlements=places, ids=np.array(list("abcd")), align=lambda table: table)
    told = {"findings": [], "services": [{"service": "hospital", "mode": "drive", "counted": "places"}]}
    curve = reach_curve(SimpleNamespace(access=lambda _service, _mode: access), rows, told)
    assert (curve["searched"], curve["no_way"]) == ({"places": 2}, {"places": 1})


def test_of_a_country_townships_are_tinted_by_the_share_beyond_and_the_legend_says_so(run, open_page):
    folder, maps, summary = run
    page = open_page(maps / "index.html")
    assert page.locator("#answer-drawing g > circle").count() > 50
    page = open_page(maps / "index.html", changed="(told) => { told.map.is_tinted = true; }")
    finding = next(each for each in summary["answer"]["findings"] if not each["is_presence"])
    results = pd.read_parquet(folder / "norm_results.parquet")
    is_own = (results["norm_id"] == finding["norm_id"]) & (results["unit_level"] == "township")
    own = results.loc[is_own].set_index("unit_id")
    share = own["persons_unserved"] / own["persons_in_scope"]
    # 0: nobody beyond; then under a tenth, three tenths, six tenths, 95 %, and nearly all.
    shades = share.map(lambda value: sum(value >= step for step in (1e-9, 0.1, 0.3, 0.6, 0.95)))
    parts = gpd.read_parquet(folder / "boundaries.parquet").set_index("boundary_id").geometry
    expected = [int(shapely.get_num_geometries(parts[shades.index[shades == shade]]).sum()) for shade in range(6)]
    for picture in ("#answer-drawing", "#service-maps li:has(p.is-beyond)"):
        drawn = page.locator(f"{picture} svg").first
        tints = [drawn.locator(f".tint-{shade}").get_attribute("d").count("M") for shade in range(6)]
        if picture == "#answer-drawing":
            assert tints == expected
        assert sum(tints) == sum(expected)
    assert page.locator("#service-maps path[stroke-linecap=round]").count() == 0
    for language in page.evaluate("Object.keys(Spatial.data.messages)"):
        page.evaluate("language => Spatial.setLanguage(language)", language)
        told, words = page.locator("#answer-legend").inner_text(), Words(language, "pages")
        heading = words.messages["answer"]["tint_beyond"].partition("{")[0]
        assert told.startswith(heading.rstrip())
        # A shade has its words where there is such a township.
        assert (words.messages["drawing"]["none_beyond"] in told) == (expected[0] > 0)
        assert (words.messages["answer"]["share_all"] in told) == (expected[5] > 0)
        assert told.count("%") == sum(count > 0 for count in expected[1:5])
    # Where a finding leaves no township with anybody beyond, the service that is farthest says more than one grey.
    nowhere = "(told) => { told.map.is_tinted = true; told.answer.matrix.rows.forEach((row) => { row.cells = {}; }); }"
    page = open_page(maps / "index.html", changed=nowhere)
    heading = Words("en", "pages").messages["answer"]["tint_far"].partition("{")[0]
    assert page.locator("#answer-legend").inner_text().startswith(heading.rstrip())


def test_where_only_a_norm_on_townships_fails_the_townships_that_lack_it_are_tinted(run, open_page):
    alone = """(told) => {
      const { answer, map } = told, { matrix } = answer, column = matrix.columns.find((each) => !each.is_silent);
      const norm = { is_presence: true, stat_unit: "township", gate: "none_applicable" };
      const lacks = { places_unserved: 1, persons_unserved: 0 };
      Object.assign(column, norm);
      matrix.rows = matrix.rows.slice(0, 2);
      for (const row of matrix.rows) Object.assign(row, { cells: { [column.norm_id]: lacks }, unjudged: [] });
      const at = answer.findings.findIndex((finding) => finding.norm_id === column.norm_id);
      answer.findings = [{ ...answer.findings[at], ...norm, first: [] }];
      map.findings = [map.findings[at]];
    }"""
    page = open_page(run[1] / "index.html", changed=alone)
    parts = gpd.read_parquet(run[0] / "boundaries.parquet").set_index("boundary_id").geometry
    behind = page.evaluate("Spatial.data.answer.matrix.rows.map((row) => row.unit_id)")
    drawn = page.locator("#answer-drawing .tint-5").get_attribute("d")
    assert drawn.count("M") == shapely.get_num_geometries(parts[behind]).sum() > 0
    assert page.locator("#answer-legend").inner_text().split("\n") == ["Townships", "met", "no graded road"]
    # What a programme alone calls mandatory has no such head; what is in force, or cannot be judged, has it.
    gates = page.evaluate("Spatial.data.answer.matrix.columns.map((column) => column.gate)")
    assert page.locator("#matrix thead strong").count() == len(gates) - gates.count("none_applicable") > 0


def test_a_norm_on_the_county_leaves_the_map_to_those_on_villages(run, open_page):
    before = open_page(run[1] / "index.html").locator("#answer-legend").inner_text()
    ahead = """({ answer, map }) => {
      const at = answer.findings.findIndex((finding) => finding.is_presence);
      answer.findings.unshift({ ...answer.findings[at], norm_id: "COUNTY", stat_unit: "county", first: [] });
      map.findings.unshift(map.findings[at]);
    }"""
    page = open_page(run[1] / "index.html", changed=ahead)
    assert page.evaluate("Spatial.data.answer.findings[0].stat_unit") == "county"
    assert page.locator("#answer-legend").inner_text() == before
    assert "no graded road" in before


def test_the_card_of_a_norm_on_townships_counts_townships(run, open_page, in_each_language):
    unknown = """(told) => {
      const norm = told.norms.find((norm) => norm.headline);
      Object.assign(norm, { stat_unit: "township", certainty: null, lower_bound: false });
      const places = { places_served: 0, places_unserved: 0, places_unknown: 9, share_of: "places" };
      Object.assign(norm.study, { persons_served: 0, persons_unserved: 0, persons_unknown: 5000, ...places });
    }"""
    page = open_page(run[1] / "index.html", changed=unknown)
    said = {"en": "9of 9 townships cannot be judged", "fr": "9sur 9 communes sans évaluation possible"}
    said["zh"] = "9无法判断，共9个乡镇"  # noqa: RUF001 - Chinese writes them wide
    for language in in_each_language(page, "en"):
        card = page.locator("#headlines .card").first
        assert card.locator(".headline-number").text_content() == said[language]
        assert "000" not in card.text_content()


def test_each_first_action_has_a_card_with_a_map_and_its_people(run, read_page):
    _, maps, summary = run
    page = read_page(maps / "index.html")
    steps = first_actions(summary["answer"], summary["plans"])
    cards = page.locator("#first-actions li")
    assert cards.count() == len(steps) == cards.locator("svg[role=img]").count()
    for card, step in zip(cards.all(), steps, strict=True):
        gained = step.plan["actions"][step.at]["shown"]["persons"]
        assert number(card.locator(".gain strong").inner_text()) == gained
        assert card.locator("a").get_attribute("href").endswith(f"plan={step.plan['plan_id']}")


def test_bars_and_curve_say_the_numbers_of_the_summary(run, read_page):
    _, maps, summary = run
    page = read_page(maps / "index.html")
    by_range = {
        f"{norm['certainty']['persons']['low']:,.0f} to {norm['certainty']['persons']['high']:,.0f}": norm
        for norm in summary["norms"]
        if norm["certainty"] and norm["certainty"]["persons"]
    }
    bars = page.locator("#sure-bars li .sure-numbers").all_inner_texts()
    assert bars
    for text in bars:
        found = next(norm for told, norm in by_range.items() if told in text)
        assert text.startswith(f"{found['persons_unserved']:,.0f}")
        # Of whom the norm counts: rural people where its scope is the country, as in the sentences above.
        groups = {"children_6_9": "children aged 6 to 9", "administrative_village": "villagers"}
        everybody = "rural people" if found["scope"] == "rural" else "people"
        base = groups.get(found["stat_unit"], everybody)
        assert text.endswith(f"of {found['persons_in_scope']:,.0f} {base}")
    reach, far = page.evaluate("Spatial.data.answer.reach"), summary["answer"]["findings"][1]
    assert reach["norm_id"] == far["norm_id"]
    assert dict(map(tuple, reach["curve"]))[far["threshold"]] == pytest.approx(far["persons"]["within"])
    assert reach["all"] == pytest.approx(far["persons"]["base"])
    values = [place["value"] for place in reach["farthest"]]
    assert values == sorted(values, reverse=True)
    assert page.locator("#farthest-drawing svg text").count() >= 2 * len(values)


def test_index_and_gap_page_name_the_same_base(run, read_page):
    _, maps, summary = run
    rural = [
        each for each in summary["answer"]["findings"] if each["scope"] == "rural" and each["counted"] == "persons"
    ]
    assert rural
    block = read_page(maps / "index.html").evaluate("Spatial.data.answer.findings")
    file = next(each["file"] for each in block if each["norm_id"] == rural[0]["norm_id"])
    page = read_page(maps / file)
    who = "villagers" if rural[0]["stat_unit"] == "administrative_village" else "rural people"
    assert f"of {who} live over" in page.inner_text("#page-title")
    assert f"{rural[0]['persons']['base']:,.0f} {who}" in page.inner_text("#headline")


def test_the_index_says_its_answer_in_about_six_hundred_words(run, read_page):
    page = read_page(run[1] / "index.html")
    # Tables, names in lists, drawings, links between pages and whatever is folded are no sentences to read.
    words = page.evaluate(
        """() => {
          const isFolded = (node) => { const fold = node.closest('details:not([open])'); return fold && node.closest('summary')?.parentElement !== fold; };
          const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
          let found = '';
          while (walker.nextNode()) {
            const node = walker.currentNode.parentElement;
            if (!node.closest('table, svg, nav, .village-list, [hidden]') && !isFolded(node)) found += ' ' + walker.currentNode.textContent;
          }
          return found.match(/[A-Za-z'’-]+/g).length;
        }"""  # noqa: E501, RUF001 - a script, with the apostrophe of the pages
    )
    assert 100 < words < 620


def test_a_township_has_a_sheet_of_its_own_with_each_of_its_villages(run, open_page):
    folder, maps, summary = run
    settlements = gpd.read_parquet(folder / "settlements.parquet")
    results = pd.read_parquet(folder / "norm_results.parquet")
    row = summary["answer"]["matrix"]["rows"][1]
    page = open_page(maps / "index.html")
    page.locator("#matrix tbody a").nth(1).click()
    page.wait_for_selector("body[data-ready]")
    assert "townships.html" in page.url
    assert row["names"]["en"] in page.locator(".sheet h1").inner_text()
    own = settlements.loc[settlements["in_study"] & (settlements["township_id"] == row["unit_id"])]
    lines = [line.split("\t") for line in page.locator(".sheet tbody tr").all_inner_texts()]
    assert sorted(line[0] for line in lines) == sorted(own["name_en"])
    people = own.set_index("name_en")["population_persons"]
    assert all(number(line[1]) == round(people[line[0]]) for line in lines)
    # Who is beyond is red, and only they.
    heads = summary["answer"]["matrix"]["columns"]
    columns = [head for head in heads if head["stat_unit"] != "township" and not head.get("is_silent")]
    beyond = results.loc[(results["unit_level"] == "settlement") & (results["status_as_mapped"] == "not_met")]
    expected = beyond.loc[beyond["norm_id"].isin([head["norm_id"] for head in columns])]
    assert page.locator(".sheet td.is-beyond").count() == expected["unit_id"].isin(own["settlement_id"]).sum()


def test_a_township_that_lacks_something_is_not_said_to_meet_all(run, open_page):
    heads = {head["norm_id"]: head for head in run[2]["answer"]["matrix"]["columns"]}
    for row in run[2]["answer"]["matrix"]["rows"]:
        page = open_page(run[1] / "townships.html", fragment=f"#township={row['unit_id']}")
        met = "meets every norm that can be judged" in page.locator(".sheet h1").inner_text()
        assert met == (not row["cells"]), row["unit_id"]
        assert all(name in heads for name in row["cells"])
        named = page.locator(".sheet svg text").all_text_contents()
        assert len({*named}) == len(named)  # of the seat too, which has a mark and a name of its own
        # The title counts the places that the norm asks about, as the line of the norm below it does.
        text = page.locator(".sheet").inner_text()
        title = re.search(r"(\d+) of (\d+) places", page.locator(".sheet h1").inner_text())
        assert title is None or f"{title[1]} places of {title[2]}" in text.replace("1 place of", "1 places of"), text
        # A norm on children gains as many children by a plan as it counts, not all who live there.
        children = row["cells"].get("CN-PRIM-30MIN")
        if children and children["persons_unserved"]:
            told = f"{children['persons_unserved']:.0f} children aged 6 to 9"
            assert text.count(told) == 2, (told, text)


def test_who_gains_by_a_plan_is_counted_in_places_where_a_number_is_not_told(run, open_page):
    row = next(row for row in run[2]["answer"]["matrix"]["rows"] if "CN-BUS-2KM" in row["cells"])
    page = open_page(run[1] / "townships.html", fragment=f"#township={row['unit_id']}")
    gained = r"^[\d,]+ villagers in \d+ places?\."
    assert re.search(gained, page.locator(".sheet").inner_text(), re.MULTILINE)
    page.evaluate(
        """() => {
          const { column, data } = Spatial, hidden = new Set(data.plans.map((plan) => plan.persons));
          Spatial.column = (packed) => (hidden.has(packed) ? column(packed).fill(NaN) : column(packed));
          Spatial.startTownshipsPage();
        }"""
    )
    text = page.locator(".sheet").inner_text()
    assert not re.search(gained, text, re.MULTILINE)
    assert re.search(r"^\d+ places?\. ", text, re.MULTILINE)
    assert "NaN" not in text


def on_paper(page):
    """As print has it: A4 between margins of 15 mm is 680 px wide."""
    page.set_viewport_size({"width": 680, "height": 1000})
    page.emulate_media(media="print")
    return page


def test_on_paper_no_table_of_the_index_is_cut_and_what_is_folded_is_not_there(run, open_page):
    page = on_paper(open_page(run[1] / "index.html", fragment="#lang=en"))
    room = page.locator("#matrix-part .table-scroll")
    assert room.evaluate("box => box.scrollWidth") == room.evaluate("box => box.clientWidth")
    assert page.locator("#folds summary").count() > 0
    assert not any(
        page.locator("#folds summary").nth(k).is_visible() for k in range(page.locator("#folds summary").count())
    )
    boxes = [card.bounding_box() for card in page.locator("#first-actions li").all()]
    assert boxes[0]["y"] == boxes[1]["y"]


def test_on_paper_the_numbers_of_what_holds_us_back_stand_in_their_box(run, open_page):
    page = on_paper(open_page(run[1] / "score.html", fragment="#lang=en"))
    # Marks of a list hang out to the left of it, two figures and a point at 9 pt in about 20 px.
    assert (
        float(page.evaluate("getComputedStyle(document.querySelector('.holds')).paddingLeft.replace('px', '')")) >= 24
    )


def test_what_ends_a_sheet_stands_below_a_short_list(run, open_page):
    page = open_page(run[1] / "townships.html", fragment="#lang=en")
    assert page.locator(".sheet-two > div:first-child h2").all_inner_texts()[-1] == "How sure"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_township_prints_on_one_sheet(run, open_page, language):
    page = open_page(run[1] / "townships.html", fragment=f"#lang={language}")
    # A study of real ground has no banner, so that a heading with a margin of its own stands first.
    for hidden in (False, True):
        page.evaluate("(hidden) => { document.getElementById('banner').hidden = hidden; }", hidden)
        printed = page.pdf(format="A4", print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1
    page.evaluate("window.print = () => { window.printed = document.querySelectorAll('.sheet').length; }")
    page.locator("#print-all").click()
    assert page.evaluate("window.printed") == len(run[2]["answer"]["matrix"]["rows"])
    assert page.locator(".sheet").count() == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_paper_the_table_of_a_sheet_has_its_part_beside_the_map(run, open_page, language):
    page = open_page(run[1] / "townships.html", fragment=f"#lang={language}", width=718, height=1000)
    page.emulate_media(media="print")
    listed, whole = (page.locator(name).first.bounding_box() for name in (".sheet-two > div", ".sheet-two"))
    # Heads of Chinese signs may break at each of them, which left the table a quarter of the sheet.
    assert 0.57 <= listed["width"] / whole["width"] <= 0.67


def test_on_paper_a_long_table_of_townships_says_how_many_it_shows_and_what_nobody_can_judge(run, open_page):
    long = """(told) => {
      const { matrix } = told.answer, { norm_id } = matrix.columns.find((column) => !column.is_silent);
      const met = matrix.rows.find((row) => !row.cells[norm_id]);
      matrix.rows = [{ ...met, unjudged: [norm_id] }, ...Array(50).fill(matrix.rows[0])];
      for (const finding of told.answer.findings) finding.first = [];
    }"""
    page = open_page(run[1] / "index.html", changed=long)
    silent = page.evaluate("Spatial.data.answer.matrix.columns.filter((column) => column.is_silent).length")
    assert page.locator("#matrix tbody tr").first.locator(".cell-unknown").count() == silent + 1
    assert "is-short" in page.get_attribute("#townships", "class")  # without lists nothing stands beside it
    assert page.inner_text("#matrix-more") == "25 of 51 townships; show all"
    page.emulate_media(media="print")
    assert page.inner_text("#matrix-more") == "25 of 51 townships"


def test_no_sheet_ends_or_begins_with_a_row_or_two_of_the_townships(run, open_page):
    page = open_page(run[1] / "index.html")
    page.emulate_media(media="print")
    rows = page.evaluate(
        "[...document.querySelectorAll('.matrix tbody tr')].map((row) => getComputedStyle(row)).map((style) => "
        "[style.breakAfter, style.breakBefore])"
    )
    assert [after for after, _ in rows[:5]] == ["avoid"] * 5
    assert [before for _, before in rows[-3:]] == ["avoid"] * 3


def test_a_narrow_screen_shows_a_sheet_below_its_width(run, open_page):
    page = open_page(run[1] / "townships.html", width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_chinese_page_quotes_an_instrument_by_its_own_title(run, open_page):
    page = open_page(run[1] / "index.html", fragment="#lang=zh", unfolded=True)
    assert "《农村公路条例》" in page.locator("#headlines").inner_text()


@pytest.mark.parametrize(("file", "table"), [("index.html", "#matrix"), ("townships.html", ".sheet table")])
def test_heads_of_chinese_tables_break_between_words_alone(run, open_page, file, table):
    page = open_page(run[1] / file, fragment="#lang=zh")
    cut = """(table) => [...document.querySelector(table).tHead.querySelectorAll("th")].flatMap((head) => {
      const text = document.createTreeWalker(head, NodeFilter.SHOW_TEXT).nextNode(), range = document.createRange();
      return [...text.data.matchAll(/\\S+/g)].filter(({ 0: word, index }) => {
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        return range.getClientRects().length > 1;
      }).map(([word]) => word);
    })"""
    assert page.evaluate(cut, table) == []


def test_every_page_leads_to_every_other_and_says_its_study_and_its_faults(run, open_page):
    maps = run[1]
    stems = ("index", "townships", "plan", "score", "fact-sheet", "sign-off", "settle")
    wanted = {f"{stem}.html" for stem in stems}
    page = open_page(maps / "gap-hospital.html")
    page.locator(".ways a", has_text="Villages").click()
    page.wait_for_selector("body[data-ready]")
    page.wait_for_function("Math.abs(document.getElementById('villages').getBoundingClientRect().top) < 400")
    for name in sorted(wanted | {"gap-hospital.html"}):
        page = open_page(maps / name)
        hrefs = page.eval_on_selector_all(".ways a[href]:not([hidden])", "links => links.map((link) => link.href)")
        there = {href.split("#")[0].rsplit("/", 1)[-1] for href in hrefs}
        assert wanted <= there | {name}, name
        # In one order: the answer, villages (on the answer's page), townships, and what follows.
        order = [
            file for file in dict.fromkeys(href.split("#")[0].rsplit("/", 1)[-1] for href in hrefs) if file in wanted
        ]
        assert order == [f"{stem}.html" for stem in stems], name
        assert all((maps / file).is_file() for file in there), name
        # Whoever decides on a sheet alone reads what its numbers suffer from, and of which study it is.
        page.evaluate(
            "Spatial.data.known_issues = [{ issue: 'Half is missing.', path: Spatial.data.sources[0].path }];"
            "Spatial.setLanguage(Spatial.language)"
        )
        text = page.inner_text("body")
        assert "Half is missing." in text, name
        assert page.evaluate("Spatial.pick(Spatial.data.study.title)") in text, name
