"""Six questions of a planner, each answered from the first page in at most two clicks, with one answer on all pages."""

from __future__ import annotations

import csv
import json
import re
from typing import NamedTuple

import pandas as pd
import pytest

from spatial.messages import Words
from spatial.reporting.wording import pick

pytestmark = pytest.mark.browser

MOST_CLICKS, MOST_WORDS = 2, 600
DESK, PHONE = (1280, 800), (390, 844)


class Place(NamedTuple):
    """Where a planner sits, and what he reads."""

    language: str
    width: int
    height: int


# The longest words where there is least room for them.
PLACES = [Place("en", *DESK), Place("zh", *PHONE), Place("fr", *PHONE)]


@pytest.fixture(scope="module")
def run(sample_run):
    (folder,) = (sample_run / "processed").iterdir()
    answer = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["answer"]
    return sample_run / "maps" / folder.name, folder, answer


class Reader:
    """Somebody who starts at the first page, counts clicks and the words of what is read."""

    def __init__(self, page, language):
        self.page, self.words, self.clicks, self.read_words = page, Words(language), 0, 0

    def say(self, key, **values):
        """A text of the pages."""
        section, name = key.split(".")
        return self.words.of("pages").say(section, name, **values)

    def named(self, record):
        return pick(record["names"], self.words.language)

    def click(self, selector):
        self.clicks += 1
        self.page.locator(selector).first.click()
        self.page.wait_for_selector("body[data-ready=yes]")
        return self

    def read(self, selector):
        text = self.page.locator(selector).first.inner_text()
        # A number and its unit are one word, as are two signs of Chinese.
        signs = len(re.findall(r"[\u4e00-\u9fff]", text))
        self.read_words += len(re.sub(r"[\u4e00-\u9fff]", "", text).replace("\u00a0", "").split()) + signs // 2
        assert self.clicks <= MOST_CLICKS
        assert self.read_words <= MOST_WORDS
        return text


@pytest.fixture(params=PLACES, ids=lambda place: f"{place.language}-{place.width}")
def reader(run, open_page, request):
    place = request.param
    page = open_page(run[0] / "index.html", fragment=f"#lang={place.language}", width=place.width, height=place.height)
    return Reader(page, place.language)


def measured(run):
    """The first finding that is no yes or no."""
    return next(one for one in run[2]["findings"] if not one["is_presence"])


def beyond(run, norm):
    gaps = pd.read_parquet(run[1] / "gaps.parquet")
    return gaps.loc[gaps["norm_id"] == norm]


def test_which_villages_are_beyond_by_name(run, reader):
    norm = measured(run)
    lists = reader.read("#village-lists")
    assert all(reader.named(place) in lists for place in norm["first"])
    title = reader.click(f"#village-lists a[href*='{norm['norm_id']}']").read("#beyond h2")
    assert reader.clicks == 1
    count = str(len(beyond(run, norm["norm_id"])))
    assert reader.say("beyond.villages", n=count).replace("\u00a0", " ") in title.replace("\u00a0", " ")
    table = reader.page.inner_text("#beyond-body")
    assert table.index(reader.named(norm["first"][0])) < table.index(reader.named(norm["first"][1]))


def test_which_township_is_worst_and_why(run, reader):
    worst = run[2]["matrix"]["rows"][0]
    name, people = reader.named(worst), reader.words.number(round(worst["persons_beyond"]))
    assert reader.read("#matrix-title").startswith(name)
    row = reader.read("#matrix tbody tr")
    assert row.startswith(name)
    assert people in row
    sheet = reader.click("#matrix tbody tr a").read(".sheet")
    assert reader.clicks == 1
    assert sheet.startswith(name)
    rows = str(len(run[2]["matrix"]["rows"]))
    assert reader.say("township.of", n="1", total=rows, people="").rstrip(" ·") in sheet


def test_the_worst_township_is_the_same_on_the_sheet_to_sign(run, read_page):
    worst = run[2]["matrix"]["rows"][0]
    told = read_page(run[0] / "fact-sheet.html").inner_text("#township")
    assert worst["names"]["en"] in told
    assert f"{round(worst['persons_beyond']):,}" in told


def test_what_to_do_first(run, reader):
    actions = pd.read_parquet(run[1] / "plan_actions.parquet")
    helped = next(one["norm_id"] for one in run[2]["findings"] if one["norm_id"] in set(actions["norm_id"]))
    cards = reader.page.locator("#first-actions > li")
    assert 1 <= cards.count() <= 3
    text = reader.read("#first")
    best = actions.loc[actions["norm_id"] == helped].sort_values("step").iloc[0]
    gained = reader.words.number(round(best["persons_gained"]))
    assert gained in text
    reader.click("#first a[href^='plan.html']")
    assert reader.clicks == 1
    assert gained in reader.page.inner_text("main")


def test_can_it_be_signed(run, reader):
    marks = reader.read("#signing")
    sheet = pd.read_parquet(run[1] / "sign_off.parquet")
    ok = int((sheet["status"] == "ok").sum())
    assert str(ok) in marks
    reader.click("#signing a").read("h1")
    assert reader.clicks == 1


def test_which_service_explains_it(run, reader):
    norm = measured(run)
    people = reader.words.number(round(norm["persons"]["beyond"]))
    first = reader.read("#service-maps li")
    assert people in first
    reader.click("#service-maps li a")
    assert people in reader.read("#headline")


def test_export_for_the_meeting(run, reader):
    norm = measured(run)["norm_id"]
    reader.click(f"#village-lists a[href*='{norm}']")
    with reader.page.expect_download() as saved:
        reader.clicks += 1
        reader.page.locator("#beyond-csv").click()
    assert reader.clicks <= MOST_CLICKS
    rows = list(csv.reader(saved.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) - 1 == len(beyond(run, norm))
    assert rows[0][0] == reader.say("beyond.village")


def test_the_first_page_has_few_words(run, read_page):
    page = read_page(run[0] / "index.html")
    # Numbers and names in tables, and what is folded, are apart; a share is one word with its sign.
    words = page.evaluate(
        """() => [...document.querySelectorAll("main > :not(#townships):not(#folds), header")]
            .map((node) => node.innerText).join(" ").replace(/[ \\u00a0]%/g, "%").split(/\\s+/).length"""
    )
    first = page.evaluate("""() => document.getElementById("answer").innerText.split(/\\s+/).length""")
    assert words < MOST_WORDS + 150  # names and numbers of small maps and bars among them
    assert first < 220
