"""The page of a comparison in a real browser: the answer, terms, map, tables that sort, paper, hostile names."""

from __future__ import annotations

import csv
import functools
import pickle
import re
import shutil
import subprocess
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial.cartography.comparison import ComparisonMeta, comparison_page
from spatial.reporting.comparison import comparison_lines, placed_units
from spatial.score.comparison import compare
from tests.unit.runs_to_compare import CRS, run_of

ATTACK = "<img src=x onerror=\"document.title='owned'\">"
LANGUAGES = ("en", "fr", "zh")
BEFORE = {"a": (10.0, 10.0), "b": (45.0, 15.0), "c": (20.0, 10.0), "d": (90.0, 60.0)}
AFTER = {"a": (10.0, 10.0), "b": (25.0, 15.0), "c": (40.0, 10.0), "e": (5.0, 5.0)}
PLACES = {
    "a": ("t1", "urban", 4000.0),
    "b": ("t1", "rural", 1000.0),
    "c": ("t2", "urban", 2000.0),
    "d": ("t2", "rural", 3000.0),
    "e": ("t2", "rural", 50.0),
}
GATES = [{("study", "study"): verdict, ("township", "t1"): verdict} for verdict in ("fail", "pass")]
NORMS = {
    "CLINIC": {"service": "clinic", "names": {"en": "Clinic", "zh": "诊所", "fr": "Dispensaire"}, "metric": "time_min",
               "mode": "drive", "unit": "min", "threshold": 30.0, "norm_class": "guiding"},
    "SCHOOL": {"service": "school", "names": {"en": "School"}, "metric": "time_min", "mode": "walk", "unit": "min",
               "threshold": 15.0, "norm_class": "guiding"},
    "GATE": {"service": "post", "names": {"en": "Post station", "zh": "邮政网点"}, "metric": "presence_in_unit",
             "mode": None, "unit": "flag", "threshold": 1.0, "norm_class": "mandatory"},
}  # fmt: skip
SOURCE = {
    "path": "a.osm.pbf",
    "origin": "made up",
    "vintage": "2026",
    "licence": "ODbL 1.0",
    "issue": "Half is missing.",
}


def boundaries():
    squares = gpd.GeoSeries.from_wkt(
        [
            "POLYGON((880000 7990000, 892500 7990000, 892500 8010000, 880000 8010000, 880000 7990000))",
            "POLYGON((892500 7990000, 910000 7990000, 910000 8010000, 892500 8010000, 892500 7990000))",
        ]
    )
    return gpd.GeoDataFrame(
        {
            "boundary_id": ["t1", "t2"],
            "name": ["金乡", "银乡"],
            "name_en": ["Gold Township", "Silver Township"],
            "admin_level": 8,
            "is_unit": True,
        },
        geometry=squares,
        crs=CRS,
    )


@functools.cache
def compared(packed):
    """Compare two small runs once, for all pages of them; gives their tables of places, and what changed."""
    before, after, rename, gates, asked, places = pickle.loads(packed)  # noqa: S301 - packed here
    runs = []
    for name, minutes, verdicts in (("y2026", before, gates[0]), ("y2027", after, gates[1])):
        own = {"norms": asked} if asked and runs else {}
        run = run_of(name, minutes, places=places, gates=verdicts, boundaries=boundaries(), **own)
        settled = run.settlements.assign(name_en=[f"Place {place}" for place in minutes])
        if rename:
            settled = settled.assign(name=rename, name_en=rename)
        runs.append(replace(run, settlements=settled, as_of=f"{name[1:]}-01-01", name=rename or name))
    area = gpd.GeoDataFrame({"area_id": ["c"], "name": ["云溪县"]}, geometry=[boundaries().union_all()], crs=CRS)
    tables = [{"settlements": run.settlements, "boundaries": boundaries(), "study_area": area} for run in runs[::-1]]
    return tables, compare(*runs)


def made(
    *,
    before=BEFORE,
    after=AFTER,
    rename=None,
    norms=NORMS,
    run_titles=({}, {}),
    languages=LANGUAGES,
    gates=GATES,
    asked=None,
    places=PLACES,
    levels=None,
    settlements=20,
    **options,
):
    """
    Write the page of two small runs, as if each unit had at least so many settlements.

    The later one is judged by the norms `asked`, `levels` are set as they are.
    """
    tables, found = compared(pickle.dumps((before, after, rename, gates, asked, places)))
    units = placed_units(found.units, tables)
    many = {name: units[name].clip(lower=settlements) for name in ("places_before", "places_after")}
    found = replace(found, units=units.assign(**many))
    if levels:
        found = with_levels(found, *levels)
    meta = ComparisonMeta(
        name="sample",
        title={"en": rename or "Sample County"},
        norms=norms,
        synthetic=True,
        sources=(SOURCE,),
        run_titles=run_titles,
    )
    lines = {language: comparison_lines(found, language) for language in languages}
    return comparison_page(found, lines, meta=meta, runs=tables, **options)


def with_levels(found, before, after, parts):
    """Set the level of the study at both dates, and what one component each of three pillars contributed."""
    units, components = found.units.copy(), found.components.copy()
    study = units["unit_level"] == "study"
    units.loc[study, ["level_before", "level_after"]] = (before, after)
    units.loc[study, "ln_change"] = sum(parts)
    components.loc[components["contribution"].notna(), "contribution"] = 0.0
    moved = {"structure": "even_access", "boundaries": "effective_coverage", "order": "gates_passed"}
    for (pillar, component), part in zip(moved.items(), parts, strict=True):
        units.loc[study, f"contribution_{pillar}"] = part
        rows = (components["unit_level"] == "study") & (components["component"] == component)
        components.loc[rows, "contribution"] = part
    return replace(found, units=units, components=components)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("compared") / "compare.html"
    path.write_bytes(made())
    return path


def test_the_same_runs_give_the_same_bytes():
    first = made()
    compared.cache_clear()
    assert made() == first


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height", "first"), [(1280, 900, "fr"), (390, 844, "zh")])
def test_the_page_opens_without_a_fault(width, height, first, file, open_page, in_each_language):
    page = open_page(file, fragment=f"#lang={first}", width=width, height=height)
    for _ in in_each_language(page, first):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        text = page.inner_text("body")
        assert not re.search(
            r"undefined|NaN|\{\w+\}|\b(compare|turned|change|turn|note|why|score|pillar|component|page|map)\.[a-z_]+\b",
            text,
        )
        assert page.locator("#legend button").count() >= 4


@pytest.mark.browser
def test_without_a_shared_norm_the_page_tells_no_level(open_page, tmp_path, in_each_language):
    path = tmp_path / "compare.html"
    path.write_bytes(made(asked={"BANK": (30.0, 60.0)}))
    page = open_page(path)
    told = {
        "en": "The level of integration cannot be compared: the runs share no norm of access",
        "fr": "aucune norme d",
        "zh": "两次运行没有条件相同的可达性规范",
    }
    for language in in_each_language(page, "en"):
        assert told[language] in page.inner_text("#answer-line")
        assert not re.search(r"[01]\.\d{3}", page.inner_text("#answer")), language
        assert not re.search(r"undefined|NaN", page.inner_text("body")), language


@pytest.mark.browser
def test_the_answer_stands_first_with_people_and_mandatory_norms(file, read_page):
    page = read_page(file)
    # b (1,000) came within 30 min of a clinic, c (2,000) fell beyond.
    assert "1,000 people gained access by at least one norm and lost none; 2,000 lost." in page.inner_text("#answer")
    assert "The township with most who lost: Silver Township, 2,000 people." in page.inner_text("#answer")
    assert "1 met now that were not; 0 no longer met" in page.inner_text("#answer-gates")
    assert re.search(r"Integration (rose|fell) from 0\.\d{3} to 0\.\d{3}", page.inner_text("#answer-line"))
    assert "0 of 1 → 1 of 1" in page.inner_text("#answer-numbers")
    assert "What moved the level most: Mandatory norms passed, 0\u00a0% to 100\u00a0% (+" in page.inner_text(
        "#answer-why"
    )
    assert "Known issue: Half is missing." in page.inner_text("#issues")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("titles", "title"),
    [
        (({"en": "Sample County"}, {"en": "A bridge"}), "Sample County → A bridge"),
        (({"en": "Sample County"}, {"en": "Sample County"}), "Sample County: 1 January 2026 → 1 January 2027"),
        (({}, {"en": "A bridge"}), "y2026 → y2027"),
    ],
)
def test_a_comparison_is_titled_by_studies_scenarios_or_dates_and_names_the_runs_above(
    titles, title, open_page, tmp_path
):
    path = tmp_path / "compare.html"
    path.write_bytes(made(run_titles=titles))
    page = open_page(path)
    assert page.inner_text("#page-title") == title
    assert page.title().startswith(title)
    assert page.inner_text("#kind") == "What changed: y2026 → y2027"


@pytest.mark.browser
def test_terms_count_places_that_one_run_has_alone(file, read_page):
    terms = read_page(file).inner_text("#terms")
    assert "y2026 judges norms on 1 January 2026, y2027 on 1 January 2027." in terms
    # d (3,000 people) is in the first run only, e (50) in the second.
    assert "3 settlements are in both runs. Only in y2026: 3,000 people · 1 place. Only in y2027: 50 people" in terms


@pytest.mark.browser
def test_contributions_of_pillars_add_up_to_the_change(file, read_page):
    page = read_page(file)
    cells = page.eval_on_selector_all("#pillars-body tr td:last-child", "nodes => nodes.map(n => n.textContent)")
    numbers = [float(cell) for cell in cells if re.search(r"\d", cell)]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=2e-4)
    assert numbers[-1] != 0.0


@pytest.mark.browser
def test_mandatory_norms_that_turned_are_named_with_force_and_people(file, read_page):
    page = read_page(file, fragment="#lang=en")
    gates = page.inner_text("#gates-body")
    for wanted in ("Post station: present in the unit", "mandatory", "the whole study", "Gold Township", "10 → 0"):
        assert wanted in gates, wanted
    assert "邮政网点" in read_page(file, fragment="#lang=zh").inner_text("#gates-body")


@pytest.mark.browser
def test_a_norm_goes_by_its_title_and_counts_whom_it_asks_about(open_page, tmp_path):
    titles = {"title_en": "Births in a clinic", "target_share": 1.0, "register_threshold": 30.0}
    clinic = NORMS["CLINIC"] | titles | {"register_target_share": 1.0, "stat_unit": "women_15_49", "scope": "all"}
    path = tmp_path / "compare.html"
    path.write_bytes(made(norms=NORMS | {"CLINIC": clinic}, languages=("en",)))
    people = open_page(path).inner_text("#people-body")
    assert "Births in a clinic" in people
    assert "1,000 women aged 15 to 49 · 1 place" in people


@pytest.mark.browser
def test_norms_say_who_gained_and_who_lost_in_people(file, read_page):
    people = read_page(file).inner_text("#people-body")
    assert "Clinic: within 30 min (car)" in people
    assert "1,000 people · 1 place" in people
    assert "2,000 people · 1 place" in people
    assert "-1,000" in people


@pytest.mark.browser
def test_a_threshold_on_the_level_counts_people_again(file, open_page):
    page = open_page(file)
    page.select_option("#threshold", "0.2")
    strict = page.inner_text("#threshold-line")
    page.select_option("#threshold", "0.01")
    assert page.inner_text("#threshold-line") != strict
    assert "Rose by 0.01 or more: 1,000 people · 1 place. Fell by 0.01 or more: 2,000 people" in page.inner_text(
        "#threshold-line"
    )
    assert page.input_value("#layer") == "level"
    assert "level rose" in page.inner_text("#legend")


@pytest.mark.browser
def test_the_map_is_used_by_keyboard_alone(file, open_page):
    page = open_page(file)
    legend = page.inner_text("#legend")
    for wanted in ("gained", "lost", "settlement gone", "new settlement", "3,000 people · 1 place"):
        assert wanted in legend, wanted
    page.focus("#legend-gained")
    page.keyboard.press("Enter")
    assert page.get_attribute("#legend-gained", "aria-pressed") == "false"
    assert page.evaluate("document.activeElement.id") == "legend-gained"
    zoom = page.evaluate("window.Spatial.comparisonMap.map.getZoom()")
    page.focus("#zoom-in")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1000)  # zooming takes a quarter of a second; the page forbids to wait for an expression
    assert page.evaluate("window.Spatial.comparisonMap.map.getZoom()") > zoom
    page.focus("#settlements-body tbody button")
    page.keyboard.press("Enter")
    card = page.inner_text("#place")
    assert "Place c" in card
    assert "Silver Township · 云溪县" in card
    assert "Norms lost: Clinic: within 30 min (car)" in card
    assert page.evaluate("document.querySelector('#map').tabIndex") == 0


@pytest.mark.browser
def test_townships_sort_by_their_headings(file, open_page):
    page = open_page(file)
    names = "nodes => nodes.map(n => n.textContent)"
    first = page.eval_on_selector_all("#townships-body tbody th", names)
    page.click("#sort-townships-change")
    assert page.eval_on_selector_all("#townships-body tbody th", names) == first[::-1]
    assert page.get_attribute("#townships-body th[aria-sort=ascending] button", "id") == "sort-townships-change"
    page.click("#sort-townships-name")
    assert page.eval_on_selector_all("#townships-body tbody th", names) == ["Gold Township", "Silver Township"]
    assert page.evaluate("document.activeElement.id") == "sort-townships-name"


@pytest.mark.browser
def test_settlements_stand_with_township_and_county_and_leave_as_a_table(file, open_page, tmp_path):
    page = open_page(file)
    rows = page.eval_on_selector_all(
        "#settlements-body tbody tr", "nodes => nodes.map(n => [...n.children].map(c => c.textContent))"
    )
    # c: 2,000 people fall further than b's 1,000 rise.
    assert [row[:4] for row in rows] == [
        ["Place c", "Silver Township", "云溪县", "2,000"],
        ["Place b", "Gold Township", "云溪县", "1,000"],
    ]
    with page.expect_download() as waiting:
        page.click("#csv-settlements")
    waiting.value.save_as(tmp_path / "table.csv")
    table = list(csv.DictReader((tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [row["settlement_id"] for row in table] == ["c", "b"]
    assert table[0]["norms_lost"] == "CLINIC"


@pytest.mark.browser
def test_a_column_of_words_that_stand_nowhere_is_left_out(open_page, tmp_path):
    path = tmp_path / "compare.html"
    runs = [run_of("one", BEFORE, places=PLACES), run_of("two", BEFORE | {"b": AFTER["b"]}, places=PLACES)]
    lines = {"en": comparison_lines(found := compare(*runs), "en")}
    tables = [{"settlements": run.settlements} for run in runs]
    path.write_bytes(comparison_page(found, lines, meta=ComparisonMeta(norms=NORMS), runs=tables))
    heads = open_page(path).locator("#settlements-body thead th").all_inner_texts()
    assert "Norms gained" in heads
    assert "Norms lost" not in heads


@pytest.mark.browser
def test_norms_on_other_terms_stand_with_their_reason(open_page, tmp_path):
    path = tmp_path / "compare.html"
    one = run_of("one", BEFORE, places=PLACES)
    other = run_of("two", AFTER, places=PLACES, norms={"CLINIC": (20.0, 60.0), "SCHOOL": (15.0, 45.0)})
    found = compare(one, other)
    tables = [{"settlements": run.settlements} for run in (other, one)]
    lines = {"en": comparison_lines(found, "en")}
    path.write_bytes(comparison_page(found, lines, meta=ComparisonMeta(norms=NORMS), runs=tables))
    page = open_page(path)
    assert "another threshold (30 → 20)" in page.inner_text("#norms-body")
    assert "Clinic: within 30 min (car)" in page.inner_text("#norms-body")
    assert "Norms of access in one run only, or on other terms, are left out: Clinic" in page.inner_text("#terms")


@pytest.mark.browser
def test_runs_that_share_no_level_and_have_no_points_or_people_say_so(open_page, tmp_path):
    runs = []
    for name in ("one", "two"):
        run = run_of(name, {"a": (np.nan, np.nan), "b": (np.nan, np.nan)}, places=PLACES)
        bare = pd.DataFrame(run.settlements.drop(columns="geometry")).assign(population_persons=np.nan)
        runs.append(replace(run, settlements=bare))
    found = compare(*runs)
    path = tmp_path / "compare.html"
    tables = [{"settlements": run.settlements} for run in runs]
    lines = {"en": comparison_lines(found, "en")}
    path.write_bytes(comparison_page(found, lines, meta=ComparisonMeta(norms=NORMS), runs=tables))
    page = open_page(path)
    assert not page.is_visible("#map-section")
    assert "No mandatory norm is in force in either run. That is not a pass." in page.inner_text("#answer")
    assert "places gained access" in page.inner_text("#answer")


@pytest.mark.browser
@pytest.mark.parametrize("unknown", ["c", "abcde"])
def test_settlements_of_unknown_people_are_not_counted_as_one_person_each(unknown, open_page, tmp_path):
    path = tmp_path / "compare.html"
    places = {place: (*told[:2], np.nan if place in unknown else told[2]) for place, told in PLACES.items()}
    path.write_bytes(made(places=places, languages=("en",)))
    page = open_page(path)
    rows = [row.split("\t") for row in page.inner_text("#settlements-body tbody").splitlines()]
    found = {row[0].strip(): (row[3], row[6], row[7]) for row in rows}
    assert len(found) > 1
    for name, (people, _, reach) in found.items():
        assert (people == "\N{EN DASH}") == (reach == "\N{EN DASH}") == (name.removeprefix("Place ") in unknown), name
    last = [name for name in found if name.removeprefix("Place ") in unknown]
    assert list(found)[-len(last) :] == last
    # a settlement of one measured pillar shows no level, and stands behind those that do
    told = [found[name][1] for name in last if found[name][1] != "\N{EN DASH}"]
    changes = [abs(float(change.replace("\N{MINUS SIGN}", "-").replace("+", ""))) for change in told]
    assert changes == sorted(changes, reverse=True)


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("pdfinfo") is None, reason="needs poppler")
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_prints_on_a4_with_its_map(width, file, open_page, tmp_path):
    page = open_page(file, width=width)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True, print_background=True)
    told = subprocess.run(["pdfinfo", tmp_path / "page.pdf"], capture_output=True, text=True, check=True).stdout
    assert "A4" in told
    text = text_of(tmp_path / "page.pdf")
    for wanted in ("Silver Township", "Place c", "settlement gone"):
        assert wanted in text, wanted
    colours = page.evaluate(
        "() => { const c = document.getElementById('print-canvas'); const d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; const s = new Set();"
        " for (let i = 0; i < d.length; i += 4) s.add(d[i] + ',' + d[i + 1] + ',' + d[i + 2]); return [...s]; }"
    )
    assert "0,112,122" in colours
    assert "163,33,15" in colours


def text_of(pdf):
    return subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")
def test_a_table_over_several_sheets_repeats_every_heading(file, open_page, tmp_path):
    page = open_page(file)
    page.evaluate("""() => {
        const row = document.querySelector("#settlements-body tbody tr");
        for (let n = 0; n < 120; n++) row.after(row.cloneNode(true));
    }""")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    sheets = [text for text in text_of(tmp_path / "page.pdf").split("\f") if "Norms lost" in text]
    assert len(sheets) > 2
    assert [text for text in sheets if "Settlement " not in text or "County" not in text] == []


SAME_GATES = [GATES[0], GATES[0]]
MOVED, BY_COMPONENT = "What moved it, by component", "By component"
WAYS = {
    "rose": ({}, "Why the level rose", MOVED),
    "fell": ({"before": AFTER, "after": BEFORE, "gates": GATES[::-1]}, "Why the level fell", MOVED),
    "same": ({"after": BEFORE, "gates": SAME_GATES}, "The level did not change", BY_COMPONENT),
    "none": ({"asked": {"BANK": (30.0, 60.0)}}, "The level cannot be compared", BY_COMPONENT),
}


@pytest.mark.browser
@pytest.mark.parametrize("way", WAYS)
def test_the_section_on_the_level_is_headed_by_what_befell_it(way, open_page, tmp_path):
    options, heading, by_component = WAYS[way]
    path = tmp_path / "compare.html"
    path.write_bytes(made(**options, languages=("en",)))
    page = open_page(path)
    assert page.inner_text("#why h2") == heading
    assert page.inner_text("#why h3") == by_component
    note = page.inner_text("#why-note")
    assert ("the sum of these contributions" in note) == (way != "none")
    assert ("Every contribution is 0 to four decimals." in note) == (way == "same")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("levels", "heading", "answer"),
    [
        # Both are 0.500 to three decimals, and yet a contribution is shown as +0.0004.
        ((0.5002, 0.5004, (0.0004, 0.0, 0.0)), "Why the level rose", "rose by less than 0.001; it is 0.500."),
        ((0.5004, 0.5002, (-0.0004, 0.0, 0.0)), "Why the level fell", "fell by less than 0.001; it is 0.500."),
        # Half of the last decimal shown counts; what is below it is shown as 0.0000, whatever the level rounds to.
        ((0.50049, 0.500515, (0.00005, 0.0, 0.0)), "Why the level rose", "rose from 0.500 to 0.501."),
        (
            (0.50049, 0.50051, (0.00004, 0.0, 0.0)),
            "The level did not change",
            "did not change: 0.500 before, 0.501 after, a difference of rounding.",
        ),
        # Contributions of 0.3 and -0.3 are no reason of a change.
        ((0.5, 0.5, (0.3, -0.3, 0.0)), "What raised the level and what lowered it cancel out", "stayed at 0.500."),
    ],
)
def test_contributions_and_not_rounded_levels_say_which_way_the_level_went(
    levels, heading, answer, open_page, tmp_path
):
    path = tmp_path / "compare.html"
    path.write_bytes(made(levels=levels, languages=("en",)))
    page = open_page(path)
    assert page.inner_text("#why h2") == heading
    assert page.inner_text("#answer-line") == f"Integration {answer}"
    # A bar is drawn where the number beside it is not 0.0000.
    bars = page.eval_on_selector_all(
        "#pillars-body tbody tr:not(.whole) .change-bar b", "nodes => nodes.map(n => n.offsetWidth > 0)"
    )
    assert bars.count(True) == sum(abs(part) >= 0.00005 for part in levels[2])


@pytest.fixture(scope="module")
def many_changed(tmp_path_factory):
    """A page on which 45 settlements come within the norm of a clinic; 40 are listed."""
    names = [f"{letter}{number}" for letter in "abcde" for number in range(9)]
    path = tmp_path_factory.mktemp("many") / "compare.html"
    page = made(
        places=dict.fromkeys(names, ("t1", "rural", 100.0)),
        before=dict.fromkeys(names, (45.0, 15.0)),
        after=dict.fromkeys(names, (20.0, 15.0)),
    )
    path.write_bytes(page)
    return path


ADVICE = {"en": ("Press", "CSV"), "fr": ("Cliquez", "CSV"), "zh": ("点击", "CSV")}
FACTS = {
    "en": ("Ranks run from", "By people times", "5 more", "A larger circle"),
    "fr": ("Les rangs vont", "Par habitants", "5 autres", "Plus le cercle"),
    "zh": ("排名为", "按人口乘以", "另有5个", "圆越大"),
}


@pytest.mark.browser
def test_paper_keeps_what_is_so_and_leaves_out_what_to_press(many_changed, open_page, in_each_language):
    page = open_page(many_changed)
    for language in in_each_language(page, "en"):
        advice, facts = ADVICE[language], FACTS[language]
        shown = page.inner_text("main")
        assert [words for words in (*advice, *facts) if words not in shown] == []
        page.emulate_media(media="print")
        printed = page.inner_text("main")
        assert [words for words in advice if words in printed] == []
        assert [words for words in facts if words not in printed] == []
        page.emulate_media(media="screen")


LISTED = {
    "en": ("at most 40 of the settlements where a norm turned", "5 more are not listed"),
    "fr": ("au plus 40 des localités où une norme a basculé", "5 autres ne figurent pas"),
    "zh": ("最多列出40个", "另有5个未列出"),
}


@pytest.mark.browser
def test_the_list_of_settlements_says_how_many_it_holds_at_most(many_changed, open_page, in_each_language):
    page = open_page(many_changed)
    for language in in_each_language(page, "en"):
        assert page.locator("#settlements-body tbody tr").count() == 40
        note = page.inner_text("#settlements-note")
        assert [words for words in LISTED[language] if words not in note] == []


OPEN = "nodes => nodes.filter(n => n.open).map(n => n.lastElementChild.id)"


@pytest.mark.browser
def test_a_phone_folds_long_tables_until_they_are_asked_for_and_paper_shows_all(many_changed, open_page):
    page = open_page(many_changed, width=390, height=844)
    short = ["townships-body", "norms-body"]
    assert page.eval_on_selector_all("details.fold", OPEN) == short
    assert not page.is_visible("#sort-settlements-reach")
    summary = page.locator("#settlements summary")
    assert summary.inner_text() == "Lines: 40"
    assert summary.get_attribute("aria-label") == "Settlements that changed most: Lines: 40"
    summary.focus()
    page.keyboard.press("Enter")
    assert page.is_visible("#sort-settlements-reach")
    page.click("#languages >> text=Français")
    assert page.is_visible("#sort-settlements-reach")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert not page.locator("summary:not(.more-gaps summary)").filter(visible=True).count()
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.eval_on_selector_all("details.fold", OPEN) == ["townships-body", "settlements-body", "norms-body"]
    assert page.locator(".more-gaps[open]").count() == 0
    # Turned on its side a phone is as wide as a small desk, where nothing could unfold a table.
    page.set_viewport_size({"width": 844, "height": 390})
    page.wait_for_selector("details.fold:not([open])", state="detached")
    assert page.locator("#components-body table").count() == 1


@pytest.mark.browser
def test_a_desk_shows_every_table_and_nothing_to_fold_it(many_changed, open_page):
    page = open_page(many_changed)
    assert page.locator("details.fold:not([open])").count() == 0
    assert not page.locator(".fold > summary").filter(visible=True).count()


@pytest.mark.browser
def test_the_map_stands_before_the_tables(file, open_page):
    page = open_page(file, width=390, height=844)
    sections = page.eval_on_selector_all("main > section", "nodes => nodes.map(n => n.id)")
    assert sections[:2] == ["terms", "map-section"]


@pytest.mark.browser
def test_hostile_names_stay_text(open_page, tmp_path):
    path = tmp_path / "compare.html"
    norms = {norm: {**told, "names": {"en": ATTACK}} for norm, told in NORMS.items()}
    path.write_bytes(made(rename=ATTACK, norms=norms, languages=("en",)))
    page = open_page(path)
    page.click("#settlements-body tbody button >> nth=0")
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert ATTACK in page.inner_text("#place")
    assert ATTACK in page.inner_text("#gates-body")


@pytest.mark.browser
def test_a_comparison_of_few_settlements_shows_no_level_and_says_why(open_page, tmp_path, in_each_language):
    path = tmp_path / "few.html"
    path.write_bytes(made(settlements=9))
    page = open_page(path)
    said = {
        "en": "No integration level is shown: it would rest on fewer than 10 settlements.",
        "fr": "Aucun niveau d\u2019intégration n\u2019est indiqué",
        "zh": "不显示融合水平",
    }
    for language in in_each_language(page, "en"):
        assert said[language] in page.inner_text("#answer-line")
    whole = page.evaluate("Spatial.data.whole")
    assert whole["level"] == [None, None]
    assert whole["ln_change"] is None
    assert all(unit["level"] == [None, None] for unit in page.evaluate("Spatial.data.townships"))
    # No contribution to it is told then, beside the sentence that says so.
    assert page.inner_text("#why-note")
    assert any(pillar["contribution"] is not None for pillar in page.evaluate("Spatial.data.pillars"))
    cells = page.locator("#pillars-body tbody td:last-child, #components-body tbody td:last-child").all_inner_texts()
    assert cells
    assert set(cells) <= {"\u2013", ""}
