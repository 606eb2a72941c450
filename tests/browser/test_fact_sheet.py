"""The fact sheet in a real browser: one page to decide on with one map, the indices overleaf, two sheets of paper."""

from __future__ import annotations

import json
import re

import pytest

from spatial.messages import Words
from spatial.reporting.answer import answer_lead, answer_title, first_actions

pytestmark = pytest.mark.browser

ATTACK = "<img src=x onerror=\"document.title='owned'\">"
CASES = {
    "a town among those beyond": (
        "data.answer.findings[0].first[0].tier = 'town';",
        "places to start with",
        "villages to start with",
    ),
    "the same at best and at worst": (
        "for (const { certainty } of data.norms) if (certainty) certainty.persons.low = certainty.persons.high;",
        "the same with all of these at their best and at their worst",
        "at their best or at their worst",
    ),
    "no plan": ("data.actions = []; data.plans = 0;", "No action is planned", "to begin with"),
    "plans of other norms": ("data.actions = [];", "Plans for other norms stand on the page", "draws no plan"),
    "no townships": ("data.worst = data.answer.matrix = null;", "villages to start with", "One township"),
    "no finding": (
        "data.answer.findings = data.norms = data.map.findings = []; data.worst = data.answer.matrix = null;",
        "farthest places: ",
        "villages to start with",
    ),
    "no people": (
        """data.study.people = false;
        data.persons = null;
        for (const finding of data.answer.findings) {
          finding.persons = null;
          for (const place of finding.first) place.persons = null;
        }
        for (const action of data.actions) action.shown.persons = null;""",
        "place",
        "people come within",
    ),
    "a norm on townships": (
        """const norm = data.headlines.find((norm) => norm.study.status === "not_met");
        norm.stat_unit = "township";
        Object.assign(norm.study, { persons_unserved: 9000, places_unserved: 2 });
        Object.assign(norm.study, { places_unknown: 0, places_in_scope: 9 });
        data.drawn = 9;""",
        "2 of 9 townships beyond",
        "9,000 of",
    ),
    "no score": ("data.score = data.score_file = data.gains = data.last = null;", "Headline norms", "Pillar"),
    "endless names": (
        """const long = "A name that never ends ".repeat(9);
        data.study.title = { en: long };
        for (const finding of data.answer.findings) for (const place of finding.first) place.names = { en: long };
        for (const texts of Object.values(data.answer.texts)) [texts.title, texts.lead] = [long, long + long];
        for (const action of data.actions) action.texts.en.what = long;""",
        "never ends",
        "undefined",
    ),
}


@pytest.fixture(scope="module")
def run(sample_run):
    folder = next((sample_run / "processed").iterdir())
    return sample_run / "maps" / folder.name, json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def number(text):
    return int(re.sub(r"\D", "", text) or 0)


def printed(page):
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True, print_background=True)))


def test_the_first_page_says_what_stands_in_the_summary(run, open_page):
    maps, summary = run
    page, answer, words = open_page(maps / "fact-sheet.html"), summary["answer"], Words("en")
    assert page.inner_text("#finding") == answer_title(answer, words)
    assert page.inner_text("#lead") == answer_lead(answer, words)
    assert page.locator("#decide svg[role=img]").count() == 1
    named = [place["names"]["en"] for finding in answer["findings"][:2] for place in finding["first"]]
    shown = page.locator("#villages-body li").all_inner_texts()
    assert len(shown) == 5
    # Those of the mandatory norm first.
    assert [name in text for name, text in zip(named[:3], shown, strict=False)] == [True] * 3
    assert all(any(name in text for name in named) for text in shown)
    actions = page.locator("#actions-body li")
    gained = [number(action.locator(".is-gained").inner_text()) for action in actions.all()]
    steps = first_actions(answer, summary["plans"])
    assert gained == [step.plan["actions"][step.at]["shown"]["persons"] for step in steps]
    # Each has its number on the map.
    marked = page.eval_on_selector_all("#decide svg text", "nodes => nodes.map((node) => node.textContent)")
    assert {"1", "2", "3"} <= set(marked)
    worst = answer["matrix"]["rows"][0]
    told = page.inner_text("#township")
    assert worst["names"]["en"] in told
    assert f"{round(worst['persons_beyond']):,}" in told
    spans = {norm["norm_id"]: norm["certainty"] for norm in summary["norms"]}
    far = next(spans[each["norm_id"]] for each in answer["findings"] if spans[each["norm_id"]])["persons"]
    assert f"Between {far['low']:,.0f} and {far['high']:,.0f} people" in page.inner_text("#certainty")
    assert page.locator(".signatures p").count() == 3
    counts = page.evaluate("Spatial.data.sign_counts")
    ready = page.inner_text("#decide-ready")
    assert ("Not ready to sign" in ready) == bool(counts["look"])
    # Nobody declared an official number for the sample, so nothing speaks for signing either.
    assert counts["look"] or "No official number declared" in ready
    assert "Modelled, not observed" in page.inner_text("#decide-credits")


@pytest.mark.parametrize("width", [1280, 390])
def test_it_prints_on_two_sheets_of_a4_and_fits_a_phone(run, open_page, width, in_each_language):
    page = open_page(run[0] / "fact-sheet.html", width=width)
    for language in in_each_language(page, "en"):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, language
        told = page.inner_text("#decide")
        assert not re.search(r"undefined|NaN|\{\w+\}|\b(fact|answer|sure|sign)\.[a-z_]+\b", told), language
        cut = """[...document.querySelectorAll(".sheet *")].filter((node) => (
            getComputedStyle(node).webkitLineClamp !== "none" && node.scrollHeight > node.clientHeight + 2
        )).map((node) => node.textContent)"""
        # sources end in dots where they are many: the page of the sign-off has them all
        assert [text for text in page.evaluate(cut) if text not in page.text_content("#sources")] == [], language
        assert printed(page) == 2, language


@pytest.mark.parametrize("case", CASES)
def test_whatever_a_study_lacks_there_are_two_sheets_that_say_so(case, run, open_page):
    change, said, unsaid = CASES[case]
    page = open_page(run[0] / "fact-sheet.html", changed=f"(data) => {{ {change} }}")
    text = page.inner_text("main")
    assert said in text
    assert unsaid not in text
    assert not re.search(r"undefined|NaN|\{\w+\}|\b(fact|answer|sure|sign|score)\.[a-z_]+\b", text)
    assert printed(page) == 2


def test_hostile_words_stay_text(run, open_page):
    change = """(data) => {
      const attack = ATTACK;
      Object.assign(data.answer.texts.en, { title: attack, lead: attack });
      data.worst.names = { en: attack };
      for (const place of data.answer.findings[0].first) place.names = { en: attack };
      Object.assign(data.actions[0].texts.en, { what: attack, gain: attack, facts: [attack] });
    }"""
    page = open_page(run[0] / "fact-sheet.html", changed=change.replace("ATTACK", json.dumps(ATTACK)))
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert "owned" not in page.title()
    assert ATTACK in page.inner_text("#decide")
