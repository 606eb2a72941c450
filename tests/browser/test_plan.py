"""The page of plans in a real browser: numbers that add up, tabs, the list to take away, paper, places and names."""

from __future__ import annotations

import csv
import io
import itertools
import re
import shutil
import subprocess
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.cartography import ServiceNote
from spatial.messages import Words
from spatial.reporting.plans import plan_records

pytestmark = pytest.mark.browser

ATTACK = "<img src=x onerror=\"document.title='owned'\">"
SITES, LINKS, DUTY, LATER = "gl-phc-1h", "cn-county-60", "gl-road-rai", "gl-surg-2h"
MONEY = {"budget": 12e6, "currency": "元", "cost": 11.95e6, "cost_per_gained": 49.5}
OUTCOMES = ["within"] * 20 + ["gained"] * 25 + ["beyond"] * 15 + ["none_reached"] * 5 + ["unknown"]
PLANS = {  # norm, service, question, status, reason
    DUTY: ("GL-ROAD-RAI", "all_season_road", "roads", "nothing_helps", ""),
    SITES: ("GL-PHC-1H", "primary_care", "sites", "optimal", ""),
    LINKS: ("CN-COUNTY-60", "county_seat", "links", "feasible", ""),
    LATER: ("GL-SURG-2H", "bellwether_hospital", "none", "not_planned", "others_first"),
}


def plan_tables(settlements, *, has_people=True):
    """Plans of a county: two with two actions each, one that nothing helps, and one that others come before."""
    at = np.arange(len(settlements)) % 66
    people = settlements["population_persons"] * (1.0 if has_people else np.nan)
    rows, acts, whom, shapes = [], [], [], []
    for rank, (name, (norm, service, question, status, reason)) in enumerate(PLANS.items(), start=1):
        drawn = status in {"optimal", "feasible"}
        outcome = np.array(OUTCOMES, dtype=object)[at] if drawn else np.where(at < 40, "within", "beyond")
        step = np.where(at < 35, 0, 1)
        side = {
            "within": outcome == "within",
            "gained": outcome == "gained",
            "beyond": np.isin(outcome, ["beyond", "none_reached"]),
            "unknown": outcome == "unknown",
        }
        sums = {f"persons_{key}": people[mask].sum() if has_people else np.nan for key, mask in side.items()}
        sums |= {f"places_{key}": float(mask.sum()) for key, mask in side.items()}
        weight = people.fillna(0.0) if has_people else pd.Series(1.0, people.index)
        known = weight[outcome != "unknown"].sum()
        before, after = weight[side["within"]].sum() / known, weight[side["within"] | side["gained"]].sum() / known
        length = [4.7, 7.25] if question == "links" else [np.nan, np.nan]
        rows.append(
            {
                "plan_id": name, "rank": rank, "norm_id": norm, "service": service, "question": question,
                "mode": "any", "threshold": 60.0, "unit": "min", "stat_unit": "population", "norm_class": "guiding",
                "is_gate": name == DUTY, "target_share": 0.9, "counted": "persons" if has_people else "places",
                "ordered_by": "persons" if has_people else "places",
                "plan_status": status, "reason": reason, **sums, "share_before": before, "share_after": after,
                "meets_target": "no", "bound": weight[side["gained"]].sum(), "actions": 2 * drawn,
                "length_km": sum(length) if drawn else np.nan,
                **(MONEY if question == "links" else {}),
            }
        )  # fmt: skip
        value = np.where(outcome == "within", 40.0, np.where(outcome == "beyond", 61.0 + at % 9, 70.0))
        whom.append(
            pd.DataFrame(
                {
                    "plan_id": name, "unit_level": "settlement", "unit_id": settlements["settlement_id"],
                    "persons": people, "before_value": value, "outcome": outcome, "action_id": None,
                    "after_value": np.where(outcome == "none_reached", np.nan, np.where(side["gained"], 30.0, value)),
                }
            )
        )  # fmt: skip
        for k in range(2 * drawn):
            own, place = side["gained"] & (step == k), settlements.iloc[25 + 12 * k]
            end = settlements.iloc[28 + 12 * k]
            gain = weight[own].sum()
            ids = place["settlement_id"] + (f" {end['settlement_id']}" if question == "links" else "")
            whom[-1].loc[own, "action_id"] = f"{name}/{ids}"
            acts.append(
                {
                    "plan_id": name, "norm_id": norm, "service": service, "action_id": f"{name}/{ids}", "step": k + 1,
                    "action": ["build_link", "upgrade_road"][k] if question == "links" else "open_site",
                    "place_id": ids, "place": place["name"], "township_id": place["township_id"],
                    "township": place["township"], "length_km": length[k], "places_gained": float(own.sum()),
                    "persons_gained": people[own].sum() if has_people else np.nan, "gained_alone": gain + 10.0 * k,
                    "lost_without": gain - 20.0 * k, "crosses_water": question == "links" and k == 0,
                    "gained_per_km": gain / length[k], "share_after": after,
                    **({"chosen_share": [0.9, 1.0][k], "trials": 10.0} if question == "sites" else {}),
                    "responsible": "county_government" if question == "links" and k == 0 else None,
                    **(MONEY | {"cost": 1e6 * length[k], "cost_per_gained": 50.0} if question == "links" else {}),
                }
            )  # fmt: skip
            line = shapely.LineString([place.geometry, end.geometry])
            shapes.append(line if question == "links" else place.geometry)
    actions = gpd.GeoDataFrame(pd.DataFrame(acts), geometry=shapes, crs=settlements.crs)
    gains = actions.groupby("plan_id")[["persons_gained" if has_people else "places_gained"]].sum().squeeze()
    curve = [
        {"plan_id": name, "number": k, "gained": gains[name] * share, "share_after": 0.3 + share / 2, "length_km": km}
        for name in (SITES, LINKS)
        for k, (share, km) in enumerate(zip((0.0, 0.6, 1.0, 1.1), (0.0, 4.7, 11.95, 17.0), strict=True))
        if name == SITES or k < 3
    ]
    other = f"{settlements['settlement_id'][25]} {settlements['settlement_id'][50]}"
    options = [
        {"plan_id": SITES, "option": 1, "where": other, "gained": gains[SITES] - 5.0, "share_after": 0.79}
    ]  # fmt: skip
    return {
        "plans": pd.DataFrame(rows),
        "plan_actions": actions,
        "plan_people": pd.concat(whom, ignore_index=True),
        "plan_curve": pd.DataFrame(curve).assign(
            length_km=lambda frame: frame["length_km"].where(frame["plan_id"] == LINKS)
        ),
        "plan_options": pd.DataFrame(options).assign(length_km=np.nan),
    }


@pytest.fixture(scope="module")
def planned(county):
    names = {"en": "County seat", "fr": "Chef-lieu", "zh": "县城"}
    seat = {"county_seat": ServiceNote("county_seat", names, inventory="complete")}
    meta = replace(county.meta, services={**county.meta.services, **seat})
    return replace(county, meta=meta, tables=county.tables | plan_tables(county.tables["settlements"]))


@pytest.fixture(scope="module")
def folder(planned, save_pages, tmp_path_factory):
    return save_pages(planned.pages(), tmp_path_factory.mktemp("planned"))


def whole(text):
    return int(re.sub(r"\D", "", text))


def column(page, css):
    return [whole(text) for text in page.eval_on_selector_all(css, "nodes => nodes.map(n => n.textContent)")]


@pytest.mark.parametrize(("width", "height", "first"), [(1280, 900, "en"), (390, 844, "fr"), (320, 700, "zh")])
def test_the_page_opens_without_a_fault(width, height, first, folder, open_page, in_each_language):
    page = open_page(folder / "plan.html", fragment=f"#lang={first}", width=width, height=height)
    for _ in in_each_language(page, first):
        for plan in (SITES, LINKS):
            page.evaluate(f"window.location.hash = '{plan}'")
            page.wait_for_selector(f"#plans a[aria-current][href^='#{plan}']")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert not re.search(r"undefined|NaN|\{\w+\}|\bplan\.[a-z_]+\b|_", page.inner_text("body"))


def test_the_finding_is_the_title_and_its_numbers_add_up_on_the_page(planned, folder, read_page):
    page = read_page(folder / "plan.html")
    record = plan_records(planned.tables)[1]
    people = record["shown"]["persons"]
    title = page.inner_text("#page-title")
    assert title.startswith("Two sites for ")
    assert re.findall(r"[\d,]+ of the [\d,]+ people", title) == [
        f"{people['gained']:,} of the {people['today']:,} people"
    ]
    said = page.inner_text("#before-after")
    for side in ("within", "gained", "beyond"):
        assert f"{people[side]:,} " in said
    assert people["within"] + people["today"] + people["unknown"] == people["all"]
    assert sum(column(page, ".action-list tr:not(:first-child) .gained b")) == people["gained"]
    # Each township is rounded by itself, so that it has one number on every page: together they may be a few off.
    left = column(page, ".left-list tbody td.numeric b")
    assert abs(sum(left) - people["beyond"]) <= len(left)
    notes = page.eval_on_selector_all("#left .muted", "nodes => nodes.map(n => n.textContent)")
    told = f"Each township is rounded for itself: together they make {sum(left):,}, of {people['beyond']:,} in all."
    assert notes == ([] if sum(left) == people["beyond"] else [told])
    assert page.inner_text("#today-title") == f"Today: {people['today']:,} people beyond"
    # Who has no way may be further than was searched.
    assert "without any within reach" in page.inner_text("#left")
    assert "none within reach" in page.inner_text("#plan-legend")


def test_a_township_has_the_same_number_on_the_map_as_in_the_table(folder, read_page):
    page = read_page(folder / "plan.html")
    labels = page.eval_on_selector_all("#map-plan text", "nodes => nodes.map(n => n.textContent)")
    rows = page.eval_on_selector_all(
        ".left-list tbody tr", "rows => rows.map(r => [r.cells[0].textContent, r.cells[2].textContent])"
    )
    told = dict(rows)
    named = [name for name in labels if name in told]
    assert named
    for name in named:
        assert labels[labels.index(name) + 1] == told[name]


def test_stops_of_a_mobile_service_are_on_the_map_with_their_days(planned, save_pages, tmp_path, open_page):
    ids = planned.tables["settlements"]["settlement_id"].tolist()
    stops = pd.DataFrame(
        {"plan_id": SITES, "settlement_id": ids[:3], "place": "x", "day": [1, 2, 1], "order": [1, 1, 2],
         "arrive_min": 30.0, "leave_min": 90.0, "gained": 10.0}
    )  # fmt: skip
    folder = save_pages(replace(planned, tables=planned.tables | {"plan_stops": stops}).pages(), tmp_path)
    page = open_page(folder / "plan.html", fragment=f"#{SITES}")
    squares, read = "rect[width='14'] + text", "nodes => nodes.map(n => n.textContent)"
    # Day 1 has two stops, with a line between them, and day 2 one; nothing of it is on the map of today.
    assert page.eval_on_selector_all(f"#map-plan {squares}", read) == ["1", "1", "2"]
    assert page.locator("#map-plan path[stroke-dasharray='3 2']").count() == 1
    assert page.locator(f"#map-today {squares}").count() == 0
    assert "stop of the mobile service" in page.inner_text("body")
    page.evaluate(f"window.location.hash = '{LINKS}'")
    page.wait_for_selector(f"#plans a[aria-current][href^='#{LINKS}']")
    assert "stop of the mobile service" not in page.inner_text("body")


@pytest.mark.parametrize("width", [1280, 390])
def test_no_label_of_a_map_covers_another(width, folder, read_page):
    page = read_page(folder / "plan.html", width=width)
    boxes = page.evaluate(
        """() => [...document.querySelectorAll("#map-plan text")].map((node) => {
          const box = node.getBBox();
          return [box.x + 1, box.y + 3, box.width - 2, box.height - 6];
        })"""
    )
    pairs = [(a, b) for at, a in enumerate(boxes) for b in boxes[:at]]
    assert not [
        (a, b)
        for a, b in pairs
        if a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
    ]


def test_the_duty_comes_first_and_every_norm_without_a_plan_has_its_reason(folder, read_page):
    page = read_page(folder / "plan.html")
    assert page.inner_text("#actions-title") == "The duty first, then most people"
    first = page.inner_text(".action-list tbody tr:first-child")
    assert "All-season road: nothing that was tried" in first
    others = page.inner_text("#others")
    assert "Nothing that was tried brings anybody within." in others
    assert "Other norms come first: no more plans are drawn than the study asks for." in others
    assert "mandatory" in others


def test_what_an_action_brings_alone_and_shares_with_the_others_is_told(folder, read_page):
    page = read_page(folder / "plan.html")
    second = page.inner_text(".action-list tbody tr:last-child")
    assert "alone " in second
    assert page.locator(".action-list .bridge").count() == 0
    assert "20 would be served by the others too" in second
    assert "instead of" in page.inner_text("#options")
    assert page.inner_text("#curve-title").startswith("After 2, one more brings ")


def test_who_must_act_has_a_column_where_a_norm_says_it(folder, read_page):
    page = read_page(folder / "plan.html", fragment=f"#{LINKS}")
    heads = page.locator("#actions th[scope=col]").all_inner_texts()
    assert "Responsible" in heads
    # Of links each is told, in the order of the list.
    title = re.fullmatch(r"Each brings ([\d,]+) to ([\d,]+) (rural )?people", page.inner_text("#curve-title"))
    least, most = map(whole, title.groups()[:2])
    assert (least, most) == (round(0.4 * (least + most)), round(0.6 * (least + most)))
    assert page.locator("#actions td.responsible").all_inner_texts() == ["", "County government", ""]
    other = read_page(folder / "plan.html", fragment=f"#{SITES}")
    assert {"Responsible", "Cost"}.isdisjoint(other.locator("#actions th[scope=col]").all_inner_texts())
    assert other.inner_text("#actions-notes").endswith("Cost: not given in this study.")


def test_in_how_many_trials_a_site_stays_is_told_beside_how_sure_it_is(folder, read_page):
    page = read_page(folder / "plan.html", fragment=f"#{SITES}")
    told = page.locator("#actions td.sure").all_inner_texts()[-2:]
    assert ["Stays a first choice in 9 of 10 trials" in told[0], "in 10 of 10 trials" in told[1]] == [True, True]


def test_what_each_action_costs_and_all_of_them_of_the_budget_is_told(folder, read_page):
    page = read_page(folder / "plan.html", fragment=f"#{LINKS}")
    assert "Cost" in page.locator("#actions th[scope=col]").all_inner_texts()
    assert page.locator("#actions td.cost").all_inner_texts()[1] == "4,700,000 元 (50 元 for each person gained)"
    notes = page.inner_text("#actions-notes")
    assert "It costs 11,950,000 元 of 12,000,000 元 by the costs that the study states, 49.50 元 for each" in notes


def test_each_plan_has_its_tab_and_its_address_and_the_language_stays(folder, open_page):
    page = open_page(folder / "plan.html", fragment="#lang=fr")
    assert page.locator("#plans a").count() == 2
    sites = page.inner_text("#page-title")
    page.click("#plans a:not([aria-current])")
    page.wait_for_selector(f"#plans a[aria-current][href='#{LINKS}&lang=fr']")
    links = page.inner_text("#page-title")
    assert sites.startswith("Deux sites")
    assert links.startswith("Deux liaisons")
    assert page.locator("#map-plan path[stroke-width='3']").count() == 2
    again = open_page(folder / "plan.html", fragment=f"#{LINKS}&lang=fr")
    assert again.inner_text("#page-title") == links
    assert again.inner_text("#actions-notes").startswith("Non prouvé")
    # Nobody looked for others that do nearly as well, and nobody says that there are none.
    assert again.inner_text("#options-title") == Words("fr").of("pages").say("plan", "options_title_unsought")
    assert again.inner_text("#curve-note").endswith("ordre de la liste.")


def test_plans_that_are_called_the_same_say_what_each_plans(planned, open_page, save_pages, tmp_path):
    # Asked by name for one service within 60 minutes: sites and links, and links once more.
    def alike(table):
        rows = table.assign(norm_id=None, service="primary_care") if "norm_id" in table else table
        again = rows.loc[rows["plan_id"] == LINKS].assign(plan_id="again")
        if "action_id" in again:
            again = again.assign(action_id="again/" + again["action_id"])
        return pd.concat([rows, again], ignore_index=True)

    tables = {name: alike(planned.tables[name]) for name in plan_tables(planned.tables["settlements"])}
    tables["plans"] = tables["plans"].assign(rank=range(1, len(tables["plans"]) + 1))
    page = open_page(save_pages(replace(planned, tables=planned.tables | tables).pages(), tmp_path) / "plan.html")
    tabs = page.locator("#plans a").all_inner_texts()
    assert [tab.partition(": ")[2] for tab in tabs] == ["new sites", f"links ({LINKS})", "links (again)"]
    # Those that do nothing say by no action what they plan.
    others = page.locator("#others tbody th").all_inner_texts()
    assert [name.partition(" min) ")[2] for name in others] == [f"({DUTY})\nmandatory", "(gl-surg-2h)"]


def test_services_of_one_plan_have_a_table_of_all_and_one_list_to_take_away(planned, open_page, save_pages, tmp_path):
    def twice(table):
        rows = table.loc[table["plan_id"] == SITES]
        other = rows.assign(plan_id="other")
        if "action_id" in other:
            other = other.assign(action_id="other/" + other["action_id"])
        found = pd.concat([rows, other], ignore_index=True)
        return (
            found.assign(**MONEY, together="both", norm_id=None, rank=[1, 2])
            if "norm_id" in found and "rank" in found
            else found
        )

    tables = {name: twice(planned.tables[name]) for name in plan_tables(planned.tables["settlements"])}
    tables["plans"].loc[1, ["service", "cost"]] = ["pharmacy", 5e4]
    folder = save_pages(replace(planned, tables=planned.tables | tables).pages(), tmp_path)
    page = open_page(folder / "plan.html")
    rows = "nodes => nodes.map(n => [...n.children].map(c => c.textContent))"
    told = page.eval_on_selector_all(".together-list tbody tr", rows)
    assert [row[1] for row in told] == ["2", "2"]
    assert [row[-1] for row in told] == ["11,950,000 元", "50,000 元"]
    assert "4 sites for 12,000,000 元 of 12,000,000 元" in page.inner_text("#together-title")
    page.click(".together-list a")
    page.wait_for_selector("#plans a[aria-current][href^='#other']")
    with page.expect_download() as waiting:
        page.click("#csv")
    assert waiting.value.suggested_filename == "plan-both.csv"
    taken = list(csv.reader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    assert [row[0] for row in taken[1:]] == ["1", "2", "1", "2"]
    assert len({row[2] for row in taken[1:]}) == 2


def test_names_and_words_are_chinese_alone_on_a_chinese_page(folder, open_page):
    page = open_page(folder / "plan.html", fragment="#lang=zh")
    for plan in (SITES, LINKS):
        page.evaluate(f"window.location.hash = '{plan}'")
        page.wait_for_selector(f"#plans a[aria-current][href^='#{plan}']")
        text = "".join(page.inner_text(css) for css in ("#page-title", "#before-after", "main", "#plans"))
        assert re.findall(r"[A-Za-z]{3,}", text.replace("CSV", "")) == []


def test_the_list_is_taken_away_as_it_stands_on_screen(folder, open_page, in_each_language):
    page = open_page(folder / "plan.html", fragment=f"#{LINKS}&lang=en")
    for language in in_each_language(page, "en"):
        with page.expect_download() as waiting:
            page.click("#csv")
        assert waiting.value.suggested_filename == f"plan-{LINKS}.csv"
        head, *rows = csv.reader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig")))
        heads = page.eval_on_selector_all(".action-list thead th", "nodes => nodes.map(n => n.textContent)")
        assert [name for name in head if name in heads] == heads
        shown = page.eval_on_selector_all(".action-list tbody .what b", "nodes => nodes.map(n => n.textContent)")
        assert [row[1] for row in rows] == shown
        told = {"en": ["yes", "no"], "fr": ["oui", "non"], "zh": ["是", "否"]}[language]
        assert page.eval_on_selector_all(".action-list tbody .bridge", "n => n.map(c => c.textContent)")[1:] == told
        gained = column(page, ".action-list tbody .gained b")
        assert [int(row[head.index(heads[4])]) for row in rows] == gained


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")
@pytest.mark.parametrize("plan", [SITES, LINKS])
def test_a_plan_prints_on_two_sheets_of_a4(plan, folder, open_page, tmp_path):
    page = open_page(folder / "plan.html", fragment=f"#{plan}")
    title = page.inner_text("#page-title")
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    sheets = text.rstrip("\f").split("\f")
    assert len(sheets) <= 2
    assert title.split()[0] in sheets[0]
    assert "Save as CSV" not in text
    assert "the plan does not settle" in text  # a letter of the watermark may lie on the first word


def test_the_index_says_what_to_do_first_and_leads_there_and_back(folder, open_page):
    page = open_page(folder / "index.html")
    assert page.inner_text("#first h2") == "What to do first"
    cards = page.locator("#first-actions li")
    assert cards.count() == cards.locator("svg").count() == 2
    gained = int(cards.first.locator(".gain strong").inner_text().replace(",", ""))
    first = cards.first.locator("h3").inner_text()
    cards.first.locator("a").click()
    page.wait_for_selector("#before-after .share-line")
    row = page.locator("#actions tbody tr", has_text=first.split(" in ")[-1]).first
    assert int(row.locator(".is-gained").first.inner_text().replace(",", "")) == gained
    page.click("#back")
    page.wait_for_selector("#first")


def test_without_plans_there_is_neither_page_nor_block(county, county_folder, read_page):
    assert "plan.html" not in {page.name for page in county.pages()}
    assert not read_page(county_folder / "index.html").is_visible("#first")


def test_where_nothing_helps_the_page_says_so_and_why(planned, open_page, save_pages, tmp_path):
    kept = {
        name: planned.tables[name].query(f"plan_id == '{DUTY}'") for name in plan_tables(planned.tables["settlements"])
    }
    page = open_page(save_pages(replace(planned, tables=planned.tables | kept).pages(), tmp_path) / "plan.html")
    assert page.inner_text("#page-title").startswith("No plan is drawn")
    assert not page.is_visible("#drawn")
    assert "All-season road" in page.inner_text("#others")


def test_places_are_counted_where_nobody_s_number_is_known(county, open_page, save_pages, tmp_path):
    settlements = county.tables["settlements"].assign(population_persons=np.nan)
    tables = county.tables | {"settlements": settlements} | plan_tables(settlements, has_people=False)
    page = open_page(save_pages(replace(county, tables=tables).pages(), tmp_path) / "plan.html")
    assert "bring 25 of the 45 places within 60 min; 20 places are still beyond" in page.inner_text("#page-title")
    assert page.inner_text("#actions-title") == "The duty first, then most places"
    # the name of a norm may say whom it is for
    assert "people" not in page.inner_text("main").replace("within 2 km of rural people", "")


def test_what_people_decided_is_told_with_its_promise_and_where(
    planned, folder, open_page, read_page, save_pages, tmp_path
):
    place = planned.tables["settlements"].iloc[25]
    kept = pd.DataFrame(
        {
            "action_id": [f"{SITES}/{place['settlement_id']}", f"{SITES}/x"],
            "plan_id": SITES,
            "norm_id": "GL-PHC-1H",
            "place": ["written", "Elsewhere"],
            "state": ["built", "proposed"],
            "since": ["2026-03-02", None],
            "promised_persons": [1500.4, 10.0],
            "promised_places": [3.0, 1.0],
            "within_persons": [1200.6, np.nan],
            "within_places": [2.0, np.nan],
        }
    )
    book = replace(planned, tables=planned.tables | {"plan_progress": kept})
    page = open_page(save_pages(book.pages(), tmp_path) / "plan.html")
    row = page.inner_text("#progress tbody")
    for wanted in (place["name_en"], "built", "2 March 2026", "1,500", "1,201"):
        assert wanted in row
    assert "Elsewhere" not in row
    assert not read_page(folder / "plan.html").is_visible("#progress")


def test_thousands_of_places_are_a_few_paths(county_of, open_page, save_pages, tmp_path):
    many = county_of(2600, routes=False)
    tables = many.tables | plan_tables(many.tables["settlements"])
    page = open_page(save_pages(replace(many, tables=tables).built(), tmp_path) / "plan.html")
    assert page.locator("#map-plan circle").count() < 10
    drawn = page.eval_on_selector_all(
        "#map-plan g:not(.on-paper) > path[stroke-linecap=round]", "n => n.map(p => p.getAttribute('d'))"
    )
    assert sum(path.count("M") for path in drawn) == 2606


def test_hostile_names_stay_text(planned, open_page, save_pages, tmp_path):
    settlements = planned.tables["settlements"].assign(name=ATTACK, name_en=ATTACK, name_zh=ATTACK)
    boundaries = planned.tables["boundaries"].assign(name=ATTACK, name_en=ATTACK)
    tables = planned.tables | {"settlements": settlements, "boundaries": boundaries} | plan_tables(settlements)
    folder = save_pages(replace(planned, tables=tables).pages(), tmp_path)
    for file in ("plan.html", "index.html"):
        page = open_page(folder / file)
        assert page.evaluate("document.querySelectorAll('img, foreignObject').length") == 0
        assert "owned" not in page.title()
        assert ATTACK in page.inner_text("main")


def test_row_order_never_matters_and_the_same_input_gives_the_same_bytes(planned):
    first = next(page for page in planned.pages() if page.name == "plan.html")
    mixed = {name: planned.tables[name].sample(frac=1.0, random_state=3) for name in ("plan_actions", "plan_people")}
    again = replace(planned, tables=planned.tables | mixed).built()
    assert first.content == next(page for page in again if page.name == "plan.html").content


def swiped(page):
    """Where the plan begins on the map, as a share of its width, by what is seen at either side of the divider."""
    return page.evaluate(
        """() => {
          const plan = document.getElementById("map-plan"), clip = getComputedStyle(plan).clipPath;
          const box = plan.getBoundingClientRect(), handle = document.getElementById("swipe").getBoundingClientRect();
          const left = parseFloat(clip.match(/[\\d.]+px\\)$/)?.[0] ?? getComputedStyle(plan, "::before").left);
          return [left / box.width, box.left - handle.left, box.width - handle.width];
        }"""
    )


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_today_and_the_plan_are_one_map_with_a_divider(width, height, folder, open_page):
    page = open_page(folder / "plan.html", fragment=f"#{LINKS}", width=width, height=height)
    today, plan = (page.locator(f"#{name} svg").bounding_box() for name in ("map-today", "map-plan"))
    assert today == plan
    assert plan["height"] <= 640
    at, left, wider = swiped(page)
    assert (round(at, 2), left, wider) == (0.5, 0, 0)
    # drawn with a finger or a mouse, pressed anywhere, and moved by the keys
    page.locator("#swipe").scroll_into_view_if_needed()
    box = page.locator("#swipe").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, middle, steps=4)
    page.mouse.up()
    assert swiped(page)[0] == pytest.approx(0.75, abs=0.02)
    page.focus("#swipe")
    page.keyboard.press("Home")
    assert swiped(page)[0] == pytest.approx(22 / box["width"], abs=0.01)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.input_value("#swipe") == "3"
    assert page.get_attribute("#swipe", "aria-valuetext") == Words("en").of("pages").say(
        "plan", "swipe_at", today="3\u00a0%", plan="97\u00a0%"
    )


def test_a_name_is_whole_or_not_there_wherever_the_divider_stands(folder, open_page):
    page = open_page(folder / "plan.html", fragment=f"#{SITES}")
    cut = set()
    for at in range(0, 101, 5):
        page.fill("#swipe", str(at))
        names = page.evaluate(
            """() => {
              const plan = document.getElementById("map-plan"), left = plan.getBoundingClientRect().left;
              const line = left + parseFloat(getComputedStyle(plan, "::before").left);
              return Array.from(document.querySelectorAll("#maps .name"), (name) => {
                const box = name.getBoundingClientRect();
                return [name.textContent, box.left < line && line < box.right, getComputedStyle(name).visibility];
              });
            }"""
        )
        assert {seen for _, is_crossed, seen in names if is_crossed} <= {"hidden"}
        assert {seen for _, is_crossed, seen in names if not is_crossed} <= {"visible"}
        cut |= {text for text, is_crossed, _ in names if is_crossed}
    assert cut
    page.emulate_media(media="print")
    assert page.locator("#maps .name").first.evaluate("name => getComputedStyle(name).visibility") == "visible"


def test_a_link_opens_the_plan_and_the_divider_where_they_were(folder, open_page):
    page = open_page(folder / "plan.html", fragment=f"#{LINKS}&lang=fr")
    title = page.inner_text("#page-title")
    page.fill("#swipe", "20")
    page.wait_for_function(f"() => location.hash === '#lang=fr&plan={LINKS}&swipe=20'")
    again = open_page(folder / "plan.html", fragment="#" + page.evaluate("Spatial.view.link().split('#')[1]"))
    assert (again.inner_text("#page-title"), again.input_value("#swipe")) == (title, "20")
    rubbish = open_page(folder / "plan.html", fragment="#lang=fr&plan=gone&swipe=-1e9")
    assert rubbish.input_value("#swipe") == "50"


def test_the_legend_stands_at_the_side_of_a_map_that_is_narrowed_so_as_not_to_be_too_tall(folder, open_page):
    page = open_page(folder / "plan.html", fragment=f"#{LINKS}", width=1280, height=800)
    drawn, legend = (page.locator(name).bounding_box() for name in ("#map-plan svg", ".plan-key"))
    assert legend["x"] == pytest.approx(drawn["x"] + drawn["width"] + 32, abs=1)


def test_at_twice_the_size_no_plan_is_wider_than_its_page(folder, open_page, in_each_language):
    page = open_page(folder / "plan.html", fragment=f"#{LINKS}", width=640, height=400)
    for language in in_each_language(page, "en"):
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, language


def test_on_paper_today_and_the_plan_stand_side_by_side(folder, open_page):
    page = open_page(folder / "plan.html", fragment=f"#{LINKS}&swipe=90")
    page.evaluate("void window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    today, plan = (page.locator(f"#{name} svg").bounding_box() for name in ("map-today", "map-plan"))
    assert today["y"] == plan["y"]
    assert today["x"] + today["width"] <= plan["x"]
    assert page.evaluate("getComputedStyle(document.getElementById('map-plan')).clipPath") == "none"
    assert not page.is_visible("#swipe")


@pytest.mark.parametrize(
    ("gained", "title"),
    [([0, 1, 3, 4], "One action brings 1 person, going from 2 to 3 adds 1"), ([0, 1, 2, 3], "Each brings 1 person")],
)
def test_each_action_is_said_to_bring_as_much_only_where_all_do(gained, title, folder, open_page):
    page = open_page(folder / "plan.html", fragment="#lang=en")
    # A third action, and a curve of the plan that ends with it.
    page.evaluate(
        """([id, gained]) => {
            const record = Spatial.data.plans.find((plan) => plan.plan_id === id);
            record.actions.push({ ...record.actions[1], action_id: "third", step: 3 });
            for (const { actions, details } of Object.values(record.texts)) {
                actions.push(actions[1]);
                details.push(details[1]);
            }
            record.curve = gained.map((value, number) => ({ ...record.curve[0], number, gained: value }));
            window.location.hash = id;
        }""",
        [SITES, gained],
    )
    page.wait_for_selector(f"#plans a[aria-current][href^='#{SITES}']")
    assert page.inner_text("#curve-title") == title


@pytest.mark.parametrize("counted", ["persons", "places"])
def test_where_rounded_townships_do_not_add_up_to_those_left_the_page_says_so(counted, folder, open_page):
    page = open_page(folder / "plan.html", fragment="#lang=en")
    page.evaluate(
        """([id, counted]) => {
            const record = Spatial.data.plans.find((plan) => plan.plan_id === id), [first] = record.left;
            record.counted = counted;
            record.shown.persons.beyond = 1213;
            record.left = [["Aa", 700], ["Bb", 512]].map(([en, persons]) => ({
                ...first, township_id: en, names: { en }, persons, places: 1,
            }));
            window.location.hash = id;
        }""",
        [SITES, counted],
    )
    page.wait_for_selector(f"#plans a[aria-current][href^='#{SITES}']")
    page.wait_for_function("document.getElementById('left-title').textContent.includes('Aa')")
    told = "Each township is rounded for itself: together they make 1,212, of 1,213 in all."
    assert page.inner_text("#left .muted") == told


@pytest.mark.parametrize(
    ("counted", "ordered_by", "title", "head"),
    [
        ("persons", "persons", "then most people for each kilometre", "For each km"),
        ("places", "places", "then most places for each kilometre", "Places for each km"),
        ("places", "persons", "then most people for each kilometre", "For each km"),
    ],
)
def test_the_list_says_by_what_it_is_ordered(counted, ordered_by, title, head, folder, open_page):
    page = open_page(folder / "plan.html", fragment="#lang=en")
    page.evaluate(
        """([id, counted, ordered_by]) => {
            Object.assign(Spatial.data.plans.find((plan) => plan.plan_id === id), { counted, ordered_by });
            window.location.hash = id;
        }""",
        [LINKS, counted, ordered_by],
    )
    page.wait_for_selector(f"#plans a[aria-current][href^='#{LINKS}']")
    assert page.inner_text("#actions-title") == f"The duty first, {title}"
    assert head in page.locator("#actions thead th").all_inner_texts()


@pytest.mark.parametrize(("counted", "named"), [("persons", "Aa and Bb"), ("places", "Cc and Aa")])
def test_those_left_are_where_most_of_those_are_who_are_counted(counted, named, folder, open_page):
    page = open_page(folder / "plan.html", fragment="#lang=en")
    # Most people are left in the first, most villages in the last.
    page.evaluate(
        """([id, counted]) => {
            const record = Spatial.data.plans.find((plan) => plan.plan_id === id), [first] = record.left;
            record.counted = counted;
            record.left = [["Aa", 90, 5], ["Bb", 60, 2], ["Cc", 30, 6]].map(([en, persons, places]) => ({
                ...first, township_id: en, names: { en }, persons, places,
            }));
            window.location.hash = id;
        }""",
        [SITES, counted],
    )
    page.wait_for_selector(f"#plans a[aria-current][href^='#{SITES}']")
    page.wait_for_function("document.getElementById('left-title').textContent.includes('Aa')")
    assert page.inner_text("#left-title").endswith(f"most in {named}")


@pytest.mark.parametrize("shares", [[0.48, 0.89, 0.96, 0.98, 0.99, 1.0], [0.97, 0.98, 0.985, 0.99, 0.995, 1.0]])
def test_no_label_of_the_curve_covers_that_of_the_norm_or_of_today(shares, folder, open_page):
    page = open_page(folder / "plan.html", fragment="#lang=en", width=390)
    page.evaluate(
        """([id, shares]) => {
            const record = Spatial.data.plans.find((plan) => plan.plan_id === id);
            record.target_share = 1;
            record.curve = shares.map((share, number) => (
                { ...record.curve[0], number, gained: 400000 * share, share_after: share }
            ));
            window.location.hash = id;
        }""",
        [SITES, shares],
    )
    page.wait_for_selector(f"#plans a[aria-current][href^='#{SITES}']")
    boxes = page.evaluate(
        """() => {
            const texts = [...document.querySelectorAll("#curve text")];
            return texts.filter((node) => /^[+a-z]/.test(node.textContent)).map((node) => {
                const { x, y, width, height } = node.getBBox();
                return [node.textContent, x, y, width, height];
            });
        }"""
    )
    told = [text for text, *_ in boxes]
    assert "norm: 100\u00a0%" in told
    assert any(text.startswith("today ") for text in told)
    for (one, x, y, wide, high), (other, left, top, across, down) in itertools.combinations(boxes, 2):
        # lines of text may touch by their leading, as 13 px stand in boxes of 15
        apart = x + wide <= left or left + across <= x or y + high <= top + 4 or top + down <= y + 4
        assert apart, (one, other)
