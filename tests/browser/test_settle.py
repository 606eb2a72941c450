"""The page of where to settle in a real browser: the order of places, what nobody knows, paper, the list."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.browser

MEASURES = {"persons_within_30": "persons", "market_min": "min", "flow_out_parcels": "a year"}
PLACES = 12
NEEDS = {"persons_within_30": 5000.0, "market_min": 30.0}


def profile_of(settlements):
    """Twelve places: numbers at the need and on both sides of it, a sum in part unknown, places without a way."""
    ids = settlements["settlement_id"][:PLACES].tolist()
    at = np.arange(PLACES)
    values = {"persons_within_30": 1000.0 * at, "market_min": 55.0 - 5.0 * at, "flow_out_parcels": at * 1.0}
    status = {
        "persons_within_30": np.where(at % 4 == 3, "at_least", np.where(at == 6, "people_unknown", "measured")),
        "market_min": np.where(at % 5 == 4, "no_path", np.where(at == 7, "not_snapped", "measured")),
        "flow_out_parcels": np.full(PLACES, "no_flows"),
    }
    known = ("measured", "at_least")
    parts = [
        pd.DataFrame(
            {
                "place_id": ids, "place_kind": "township_centre", "name": settlements["name"][:PLACES].to_numpy(),
                "mode": "drive", "measure": measure, "value": np.where(np.isin(status[measure], known), values[measure],
                np.nan), "unit": unit, "status": status[measure],
            }
        )
        for measure, unit in MEASURES.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def ranked_by_needs(profile, needs):
    """
    Rank places by the needs that they surely meet, then by those that they may meet, then by id.

    Of minutes a need asks for at most so many, of all else at least. No way fails, as a known value does; a sum that is
    at least so large is met, or unknown.
    """
    rows = []
    for place, own in profile.groupby("place_id"):
        told = own.set_index("measure")
        met, fails, unknown = [], [], []
        for name, need in needs.items():
            value, status = told.loc[name, ["value", "status"]]
            keeps = value <= need if name.endswith("_min") else value >= need
            is_failed = status == "no_path" or (status == "measured" and not keeps)
            is_met = keeps and status in ("measured", "at_least")
            (met if is_met else fails if is_failed else unknown).append(name)
        counts = {"needs_met": len(met), "needs_failed": len(fails), "needs_unknown": len(unknown)}
        rows.append({"place_id": place, **counts, "fails": ";".join(fails), "unknown": ";".join(unknown)})
    table = pd.DataFrame(rows).sort_values(
        ["needs_met", "needs_unknown", "place_id"], ascending=[False, False, True], ignore_index=True
    )
    table.insert(0, "rank", table["needs_met"].rank(method="min", ascending=False).astype("int64"))
    return table


@pytest.fixture(scope="module")
def profile(county):
    return profile_of(county.tables["settlements"])


@pytest.fixture(scope="module")
def folder(county, profile, save_pages, tmp_path_factory):
    book = replace(county, tables=county.tables | {"site_profile": profile})
    return save_pages(book.pages(), tmp_path_factory.mktemp("settle"))


def ask(page, needs):
    for name, need in needs.items():
        page.fill(f"input[name={name}]", f"{need:g}")


def rows(page):
    return page.eval_on_selector_all(
        "#places tbody tr", "rows => rows.map(row => [row.cells[0].textContent, row.dataset.place])"
    )


@pytest.mark.parametrize("needs", [NEEDS, {"persons_within_30": 3000.0}, {"market_min": 0.0}])
def test_places_stand_by_the_needs_that_they_surely_meet(needs, profile, folder, open_page):
    page = open_page(folder / "settle.html")
    ask(page, needs)
    ranked = ranked_by_needs(profile, needs)
    assert rows(page) == ranked[["rank", "place_id"]].astype(str).to_numpy().tolist()
    met = page.eval_on_selector_all("#places tbody tr", "rows => rows.map(row => row.cells[2].textContent)")
    assert met == [f"{count} / {len(needs)}" for count in ranked["needs_met"]]
    assert f"{(ranked['needs_met'] == len(needs)).sum()} of {PLACES} places" in page.inner_text("#found")


def test_what_nobody_knows_says_why_and_meets_no_need(profile, folder, open_page):
    page = open_page(folder / "settle.html")
    ask(page, {"persons_within_30": 0})
    place = profile["place_id"][6]
    cell = page.locator(f"tr[data-place='{place}'] td.is-unknown").first
    assert "people not counted" in cell.inner_text()
    assert "not known" in cell.inner_text()
    assert "Leaving, a year: parcels (no flows known)" in page.inner_text("#unknown")
    assert page.locator("input[name=flow_out_parcels]").count() == 0


def test_one_column_orders_the_places_and_unknown_ones_come_last(folder, open_page):
    page = open_page(folder / "settle.html")
    page.click("#places thead th:nth-child(5) button")
    shown = page.eval_on_selector_all("#places tbody tr", "rows => rows.map(row => row.cells[4].textContent)")
    minutes = [int(re.sub(r"\D", "", text)) for text in shown if "min" in text]
    assert minutes == sorted(minutes)
    assert not any("min" in text for text in shown[len(minutes) :])


def test_what_is_no_need_is_not_asked_and_all_can_be_cleared(folder, open_page):
    page = open_page(folder / "settle.html")
    ask(page, {"market_min": -5})
    assert page.get_attribute("input[name=market_min]", "aria-invalid") == "true"
    assert page.inner_text("#found") == f"{PLACES} places, and what each offers a firm"
    ask(page, NEEDS)
    page.check("#only")
    assert 0 < len(rows(page)) < PLACES
    page.click("#clear")
    assert len(rows(page)) == PLACES


def test_paper_has_the_needs_that_were_stated_and_no_empty_fields(folder, open_page):
    page = open_page(folder / "settle.html")
    ask(page, {"market_min": 30})
    page.emulate_media(media="print")
    assert page.locator("#needs label:visible").count() == 1
    assert page.is_visible("input[name=market_min]")


def test_the_list_is_taken_away_in_the_order_of_the_page(profile, folder, open_page):
    page = open_page(folder / "settle.html")
    ask(page, NEEDS)
    with page.expect_download() as waiting:
        page.click("#csv")
    head, *lines = csv.reader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig")))
    columns = ["rank", "place_id", "needs_met", "needs_failed", "needs_unknown", "fails", "unknown"]
    ranked = ranked_by_needs(profile, NEEDS)
    assert [[line[head.index(name)] for name in columns] for line in lines] == ranked[columns].astype(
        str
    ).to_numpy().tolist()
    assert lines[0][head.index("population_basis")]


@pytest.mark.parametrize(("width", "height", "first"), [(1280, 900, "en"), (390, 844, "fr"), (320, 700, "zh")])
def test_the_page_opens_without_a_fault(width, height, first, folder, open_page, in_each_language):
    page = open_page(folder / "settle.html", fragment=f"#lang={first}", width=width, height=height)
    ask(page, NEEDS)
    for _ in in_each_language(page, first):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.input_value("input[name=market_min]") == "30"
        assert not re.search(r"undefined|NaN|\{\w+\}|\b(settle|profile\w*)\.[a-z_]+\b|_", page.inner_text("body"))


def test_places_of_one_name_are_told_apart_by_their_township(county, folder, open_page):
    page = open_page(folder / "settle.html")
    names = dict(zip(county.tables["boundaries"]["boundary_id"], county.tables["boundaries"]["name_en"], strict=True))
    homes = county.tables["settlements"].set_index("settlement_id")["township_id"].map(names)
    told = page.evaluate(
        "[...document.querySelectorAll('#places tbody tr')].map((row) => row.cells[1].lastChild.textContent)"
    )
    order = page.evaluate("Spatial.data.places.map((place) => place.id)")
    assert [text.partition(" · ")[2] for text in told] == [homes[place] for place in order]


def test_the_index_leads_there_and_back(folder, open_page):
    page = open_page(folder / "index.html")
    page.click("#to-settle")
    page.wait_for_selector("#places table")
    page.click("#back")
    page.wait_for_selector("#to-settle")


def test_without_profiles_there_is_no_page(county, county_folder, read_page):
    assert "settle.html" not in {page.name for page in county.pages()}
    assert not read_page(county_folder / "index.html").is_visible("#to-settle")
