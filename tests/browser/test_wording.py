"""What pages say, as they show it: no key of a message, nothing English on other pages, no space that breaks a line."""

from __future__ import annotations

import re

import pytest

from spatial.messages import Words
from tests.browser.test_compare import made

pytestmark = pytest.mark.browser

KINDS = ("index.html", "gap-county_seat.html", "gap-medical_point.html", "last-mile.html", "score.html")
KINDS += ("score-map.html", "plan.html", "townships.html", "settle.html", "sign-off.html", "fact-sheet.html")
LANGUAGES = ("en", "fr", "zh")
# Quoted as written: ids, names of keys and presets, licences, sources, titles of instruments without one in Chinese.
QUOTED = re.compile(
    r"[a-z_]+\.(?:csv|tif|pbf|osm)\S*|\w+_\w+|Made-up[^\n·]*|.*（英文名称）.*|w\d+/\d+|[A-Z0-9]+-[A-Z0-9-]+"  # noqa: RUF001 - Chinese
)
KNOWN = {"SYNTHETIC", "English", "Français", "CSV", "SVG", "CC0", "OpenStreetMap", "contributors", "ODbL", "official"}
KNOWN |= {"inventory", "sources", "calibration", "population", "groups", "people", "villages", "facilities", "sample"}
KNOWN |= {"Yunxi", "County", "synthetic", "Green", "Gabaix", "Ibragimov", "Planning", "Office", "WHO", "SFCA"}


@pytest.fixture(scope="module")
def said(sample_run, browser, tmp_path_factory):
    """The text of each kind of page in each language, with everything unfolded."""
    folder = next((sample_run / "maps").iterdir())
    compared = tmp_path_factory.mktemp("compared") / "compare.html"
    compared.write_bytes(made())
    told = {}
    page = browser.new_page()
    for path in (*(folder / name for name in KINDS), compared):
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready=yes]")
        for language in LANGUAGES:
            page.evaluate("language => Spatial.setLanguage(language)", language)
            page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
            told[path.name, language] = page.inner_text("body")
    page.close()
    return told


def test_pages_round_as_sentences_do_halves_to_the_even_number(sample_run, browser):
    # 1 of 16 is 6.25 %, 9 of 80 are 11.25 %; 1.15 is held as a little less, 2.35 as a little more.
    words = Words("en")
    shares = [1 / 16, 3 / 16, 9 / 80, 0.0115, 0.0235, 0.25, 1 / 3, 0.99951, 0.0001, 0.0, 1.0]
    people = [0.0, 0.5, 1.5, 2.5, 3.5, 1234.5, 2.4999, 2.5001]
    page = browser.new_page()
    page.goto((next((sample_run / "maps").iterdir()) / "index.html").as_uri())
    page.wait_for_selector("body[data-ready=yes]")
    told = page.evaluate("shares => shares.map(Spatial.percent)", shares)
    assert [text.replace("\u00a0", " ") for text in told] == [words.share(share) for share in shares]
    assert page.evaluate("people => people.map(Spatial.number)", people) == [words.number(count) for count in people]
    assert page.evaluate("Spatial.measure(60.5, 'min', 60)").replace("\u00a0", " ") == "> 60 min"
    limits = [(60.0, "min"), (7.5, "min"), (500.0, "m"), (2000.0, "m"), (9656.064, "m"), (2500.0, "m")]
    told = page.evaluate("limits => limits.map((one) => Spatial.limitText(...one))", limits)
    assert [text.replace("\u00a0", " ") for text in told] == [words.limit(*one) for one in limits]
    page.close()


def test_french_parts_with_the_e_of_de_before_a_vowel_on_pages_too(sample_run, browser):
    page = browser.new_page()
    page.goto((next((sample_run / "maps").iterdir()) / "plan.html").as_uri())
    page.wait_for_selector("body[data-ready=yes]")
    page.evaluate("Spatial.setLanguage('fr')")
    swap = "old => Spatial.t('plan.option_swap', { new: 'Sima', old })"
    told = [page.evaluate(swap, old) for old in ("Adda-Douéni, Domoni", "Domoni", "Ouani")]
    assert told == [f"Sima au lieu {old}" for old in ("d\u2019Adda-Douéni, Domoni", "de Domoni", "de Ouani")]
    page.close()


def test_no_page_shows_the_key_of_a_message(said):
    texts = Words("en").of("pages").messages
    keys = {f"{section}.{key}" for section, words in texts.items() for key in words}
    found = {
        (name, language): shown
        for (name, language), text in said.items()
        if (shown := keys & set(re.findall(r"[a-z_]+\.[a-z_]+", text)))
    }
    # The page to sign names keys of the study file for the analyst.
    assert {key: shown for key, shown in found.items() if key[0] != "sign-off.html"} == {}


def test_french_pages_break_no_line_before_a_mark(said):
    found = {
        name: re.findall(r"[^\n]{0,30} [:;!?»%](?= |$)[^\n]{0,10}", text, re.MULTILINE)
        for (name, language), text in said.items()
        if language == "fr"
    }
    assert {name: marks for name, marks in found.items() if marks} == {}


def test_chinese_pages_leave_nothing_english_and_no_gap_before_a_unit_or_between_sentences(said):
    gaps, words = {}, {}
    for (name, language), text in said.items():
        if language != "zh":
            continue
        gaps[name] = re.findall(r"\d%? [\u4e00-\u9fff][^\n]{0,6}|[。；，：！？] [^\n]{1,6}", text)  # noqa: RUF001 - Chinese
        plain = QUOTED.sub("", text)
        words[name] = set(re.findall(r"[A-Za-zç]{4,}", plain)) - KNOWN
    assert {name: found for name, found in words.items() if found and name != "compare.html"} == {}
    assert {name: found for name, found in gaps.items() if found} == {}


def test_the_scale_of_a_map_speaks_the_language_of_the_page(sample_run, browser, tmp_path):
    compared = tmp_path / "compare.html"
    compared.write_bytes(made())
    page = browser.new_page()
    for path in (next((sample_run / "maps").iterdir()) / "gap-county_seat.html", compared):
        page.goto(path.as_uri() + "#lang=en")
        page.wait_for_selector("body[data-ready=yes]")
        length = page.inner_text(".leaflet-control-scale-line").split()[0]
        page.evaluate("Spatial.setLanguage('zh')")
        assert page.inner_text(".leaflet-control-scale-line") == f"{length}公里"
    page.close()


@pytest.mark.parametrize(
    ("language", "children", "rural", "villagers"),
    [
        ("en", "of N children aged 6 to 9 beyond", "of N rural people", "of N villagers are beyond"),
        ("fr", "sur N enfants de 6 à 9 ans au-delà", "sur N ruraux", "sur N villageois sont au-delà"),
        ("zh", "N名6至9岁儿童中N人未覆盖", "N名农村居民", "N名村民中N人未覆盖"),
    ],
)
def test_sheet_score_and_panel_call_those_whom_a_norm_counts_alike(said, language, children, rural, villagers):
    pages = {"fact-sheet.html": (children, rural), "score.html": (villagers,), "gap-county_seat.html": (rural,)}
    for file, asked in pages.items():
        told = re.sub(r"\d+(?:[,\u202f\u00a0]\d{3})+", "N", said[file, language])
        told = re.sub(r"N名6至9岁儿童中\d+人", "N名6至9岁儿童中N人", told.replace("\u00a0", " "))
        assert [words for words in asked if words not in told] == [], file


def test_french_places_are_feminine_and_people_are_not(said):
    found = {
        name: re.findall(r"tous ses \d+|\bAucun\.|[Hh]abitants multipliées", text)
        for (name, language), text in said.items()
        if language == "fr"
    }
    assert {name: told for name, told in found.items() if told} == {}
