"""Pages as axe-core reads them: contrast, names of what can be pressed, roles, labels, what keys reach."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from tests.browser.test_compare import made

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parent / "axe"
AXE = (FOLDER / "axe.min.js").read_text(encoding="utf-8")
GRAVE = {"serious", "critical"}
# Without selectors a page is read in two thirds of the time; the markup of a node says where it is as well.
FAULTS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], selectors: false, preload: false });
  const where = (nodes) => nodes.map((node) => node.html.slice(0, 160));
  return violations.map(({ id, impact, nodes }) => ({ rule: id, impact, where: where(nodes) }));
}"""
OPENED = "() => document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
LANGUAGES = ("en", "zh", "fr")
WITH_NORM, WITHOUT_NORM = "gap-county_seat.html", "gap-bank.html"
PAGES = ("index.html", WITH_NORM, WITHOUT_NORM, "last-mile.html", "score.html", "score-map.html", "plan.html")
PAGES += ("townships.html", "settle.html", "sign-off.html", "fact-sheet.html")


@pytest.fixture(scope="module")
def maps(sample_run):
    return next((sample_run / "maps").iterdir())


def grave_faults(page):
    return [fault for fault in page.evaluate(FAULTS) if fault["impact"] in GRAVE]


def read_by_axe(open_page, path, at_desk=LANGUAGES, *, is_opened_anew=False):
    """Read a page on a phone in the language of the longest words, and at a desk, which is a wider window, in some."""
    page = None
    for width, height, languages in ((390, 844, ("fr",)), (1280, 800, at_desk)):
        if page is None or is_opened_anew:
            page = open_page(path, width=width, height=height, unfolded=True)
            page.evaluate(AXE)
        page.set_viewport_size({"width": width, "height": height})
        for language in languages:
            page.evaluate("language => Spatial.setLanguage(language)", language)
            page.evaluate(OPENED)
            assert grave_faults(page) == [], f"{path.name} in {language} at {width} px"


@pytest.fixture
def compared(tmp_path):
    (tmp_path / "compare.html").write_bytes(made())
    return tmp_path / "compare.html"


# Languages differ in words alone: at a desk each page is read in one of them, in turn, and in all of them by a trial.
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_grave_fault_for_who_cannot_see_or_point(maps, open_page, name):
    read_by_axe(open_page, maps / name, [LANGUAGES[PAGES.index(name) % len(LANGUAGES)]])


def test_the_page_of_a_comparison_has_none_either(open_page, compared):
    read_by_axe(open_page, compared, ["en"])


@pytest.mark.trial
@pytest.mark.parametrize("name", [*PAGES, "compare.html"])
def test_no_page_has_a_grave_fault_in_any_language(maps, open_page, compared, name):
    read_by_axe(open_page, compared if name == compared.name else maps / name, is_opened_anew=True)


def test_a_card_the_table_and_the_method_of_a_map_have_none_either(maps, open_page):
    page = open_page(maps / WITH_NORM, unfolded=True)
    assert page.evaluate("Number.isInteger(Spatial.state.layer.norm)")
    page.evaluate(AXE)
    page.locator("#beyond-body th button").first.click()
    assert page.locator("#place-name").is_visible()
    for tab in ("place", "table", "about"):
        page.click(f"#tab-{tab}")
        assert page.locator(f"#view-{tab}").is_visible()
        assert grave_faults(page) == [], tab


def test_a_pale_sentence_and_a_button_without_a_name_are_found(maps, open_page):
    page = open_page(maps / WITHOUT_NORM)
    assert not page.evaluate("Number.isInteger(Spatial.state.layer.norm)")
    page.evaluate(AXE)
    page.evaluate("document.getElementById('page-title').style.color = '#b0b0b0'")
    page.evaluate("document.getElementById('zoom-all').removeAttribute('aria-label')")
    found = {fault["rule"]: fault["where"] for fault in grave_faults(page)}
    assert found.keys() == {"color-contrast", "button-name"}
    assert 'id="page-title"' in found["color-contrast"][0]
    assert 'id="zoom-all"' in found["button-name"][0]


def test_the_files_of_axe_are_those_of_the_manifest():
    manifest = tomllib.loads((FOLDER / "manifest.toml").read_text(encoding="utf-8"))
    for file in manifest["package"][0]["file"]:
        assert hashlib.sha256((FOLDER / file["path"]).read_bytes()).hexdigest() == file["sha256"]
