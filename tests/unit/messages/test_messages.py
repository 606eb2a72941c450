"""Words of every language: one file each, with the keys and blanks of the English one; numbers, dates and plurals."""

from __future__ import annotations

import datetime as dt
import importlib.resources
import re
import shutil
import tomllib
from pathlib import Path
from typing import get_args

import pytest

import spatial.messages
from spatial.cartography import page_data as pages
from spatial.errors import StudyError
from spatial.messages import FALLBACK, FOLDER, Words, languages
from spatial.reporting.disclosure import SUPPRESSED
from spatial.study.access import Measure
from spatial.tables import TABLES
from tests.languages import WHOLE
from tests.page_blocks import text_of

OTHERS = [code for code in languages() if code != FALLBACK]
TRANSLATED = [code for code in WHOLE if code != FALLBACK]


def texts_of(language):
    """Every text of a file by part, section and key, as it stands there."""
    parts = tomllib.loads(FOLDER.joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    return {
        (part, section, key): text
        for part, sections in parts.items()
        for section, texts in sections.items()
        for key, text in texts.items()
    }


ENGLISH = texts_of(FALLBACK)


def singular_of(key):
    """The text whose form a key is: `persons` of `persons_few`, unless English has that very key."""
    forms = "_one$" if key in ENGLISH else "_(one|two|few|many)$"
    return *key[:2], re.sub(forms, "", key[2])


def without_plurals(keys):
    return {singular_of(key) for key in keys}


def test_english_french_and_chinese_are_there():
    assert {"en", "fr", "zh"} <= set(languages())


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_says_nothing_that_english_does_not(language):
    # Titles and units of columns are English in the data dictionary, items in the table of counts; terms that read well
    # as they are need no words.
    free = {"columns": {"title", "unit", "description"}, "results": {"term"}, "commands": {"count"}}
    extra = without_plurals(texts_of(language)) - without_plurals(ENGLISH)
    assert {key for key in extra if key[1] not in free.get(key[0], ())} == set()


@pytest.mark.parametrize("language", OTHERS)
def test_locale_dates_and_titles_of_a_language_are_such_as_pages_and_columns_know(language):
    said = texts_of(language)
    assert re.fullmatch("[a-z]{2,3}(-[A-Za-z0-9]+)*", Words(language, "pages").say("page", "locale"))
    for form in ("first", "other"):
        pattern = Words(language).say("date", form)
        assert re.fullmatch("(?:'[^']*'|(?:(?<!d)d(?!d)|M+|(?<!y)y(?!y))|[^A-Za-z'])+", pattern), pattern
        assert {"d", "y"} <= set(pattern)
        assert "MMM" in pattern
    # Names of tables and of kinds of measures are said beside titles of columns: what another whole language says too.
    titles = {field.title for table in TABLES.values() for field in table.fields}
    others = (texts_of(code) for code in TRANSLATED if code != language)
    known = titles | {key[2] for texts in others for key in texts if key[:2] == ("columns", "title")}
    assert {key[2] for key in said if key[:2] == ("columns", "title")} - known == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_whole_language_says_all_that_english_says(language):
    assert without_plurals(ENGLISH) - without_plurals(texts_of(language)) == set()


# Said of several only: townships told apart, draws, parts, pillars, observed times, letters of a long link, rows beyond
# a page's first; or the word is counted by another value.
SEVERAL = {
    *("all_townships", "apart", "apart_none", "chosen", "errors_value", "found", "gates_met", "long", "parts"),
    *("count_undeclared", "curve_falls", "settlements_note", "units_note_some"),
}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_counted_has_a_form_for_one(language):
    said = texts_of(language)
    several = re.compile(r"\{n\} (of the |more )?(\w+[^s\W]s|are)\b|\{count\} (of the |more )?\w+[^s\W]s\b")
    counted = {key for key, text in said.items() if several.search(text) and key == singular_of(key)}
    assert {key for key in counted if (*key[:2], f"{key[2]}_one") not in said and key[2] not in SEVERAL} == set()
    assert {key for key, text in said.items() if re.search(r"\w\(e?s\)", text)} == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_title_of_a_column_is_said_in_every_whole_language(language):
    fields = [field for table in TABLES.values() for field in table.fields if field.kind != "list"]
    # Tags of roads go by their own names.
    titles = {field.title for field in fields if field.title != field.name}
    assert titles - Words(language, "columns").messages["title"].keys() == set()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_description_of_a_column_is_said_in_every_whole_language_and_no_other_is(language):
    fields = [SUPPRESSED, *(field for table in TABLES.values() for field in table.fields)]
    english, said = {field.description for field in fields} - {""}, Words(language, "columns").messages["description"]
    assert said.keys() == english
    # Codes stay as they are: a sentence is told from them by words that English has and no code is.
    words = re.compile(r"\b(the|of|is|are|where|whose|from|with|by|for|nobody|missing|empty|known)\b")
    assert {text for text in said.values() if words.search(text)} == set()
    assert {key for key, text in said.items() if key == text} <= {"5 %.", "95 %."}
    # A number, a code in its own spelling and NaN are not lost on the way.
    for key, text in said.items():
        kept = set(re.findall(r"\bNaN\b|\b[a-z]+_[a-z_0-9]+\b|\b\d{2,}\b", key)) - {"settlement_id", "facility_id"}
        lost = {part for part in kept if part not in text and part not in TABLES}
        assert lost - {"reach_status", "travel_time", "boundary_id", "scenario_access", "road_id"} == set(), (key, text)


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_has_the_blanks_of_the_english_one(language):
    for key, text in texts_of(language).items():
        english = ENGLISH.get(key) or ENGLISH.get(singular_of(key), key[2] if key[1] == "count" else "")
        assert set(re.findall(r"{\w+}", text)) <= set(re.findall(r"{\w+}", english)), key
        if key in ENGLISH and not key[2].endswith("_one"):
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english)), key


@pytest.mark.parametrize("language", WHOLE)
def test_a_name_that_ends_in_a_number_stands_apart_from_the_number_after_it(language):
    text = (FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    # "=1+1" and 37 minutes would be "=1+137 minutes"
    assert re.findall(r"\{(?:name|facility)\}\{(?:measure|value)\}", text) == []


def test_french_has_no_spaces_that_break_and_no_straight_quotes():
    said = texts_of("fr")
    # A key that a user writes has straight quotes around its value.
    assert {key for key, text in said.items() if re.search(r" [;:!?»%]|« ", text)} == set()
    assert {key for key, text in said.items() if key[0] == "qgis" and "'" in text} == set()


def test_a_language_without_a_file_is_refused_by_name():
    with pytest.raises(StudyError, match=f"'tlh' has no message file; there are {', '.join(languages())}"):
        Words("tlh")


def test_numbers_are_written_as_the_language_does():
    french, chinese = Words("fr"), Words("zh")
    assert french.number(1234567.0) == "1\u202f234\u202f567"
    assert french.figure(1234.5) == "1\u202f234,5"
    assert french.measure(1234.5, "m", decimals=1) == "1\u202f234,5\u00a0m"
    assert french.measure(12345.0, "m") == "12,3\u00a0km"
    assert [french.limit(metres, "m") for metres in (5_000.0, 10_000.0)] == ["5\u00a0km", "10\u00a0km"]
    assert french.limit(9_656.064, "m") == "9,656\u00a0km"  # six miles
    assert french.share(0.967) == "96,7\u202f%"
    assert french.against(30.2, 30.0, "min") == "30,2\u00a0min pour un seuil de 30,0\u00a0min"
    # Two miles are 3,218.688 m.
    english = Words("en")
    assert english.against(8_058.537, 3_218.688, "m") == "8.06 km against 3.219 km"
    assert english.against(3_218.9, 3_218.688, "m") == "3,218.9 m against 3,218.7 m"
    assert english.against(3_218.688, 3_218.688, "m") == "3.219 km against 3.219 km"
    assert chinese.figure(1234.5) == "1,234.5"
    # The number that is held is a little less than 2.675.
    assert Words("en").number(2.675, decimals=2) == "2.67"


def test_a_change_has_its_sign_unless_it_is_written_as_nothing():
    words = Words("fr")
    assert [words.signed(value) for value in (0.25, -0.25, 0.00004, -0.00004)] == [
        "+0,2500",
        "-0,2500",
        "0,0000",
        "0,0000",
    ]


@pytest.mark.parametrize(
    ("language", "days"),
    [
        ("en", ["26 November 2026", "1 August 2026"]),
        ("fr", ["26 novembre 2026", "1er août 2026"]),
        ("zh", ["2026年11月26日", "2026年8月1日"]),
    ],
)
def test_dates_are_written_as_the_language_does_in_python_and_on_pages(language, days):
    words, told = Words(language), pages.page_texts(language)
    for day, said in zip((dt.date(2026, 11, 26), dt.date(2026, 8, 1)), days, strict=True):
        assert words.date(day) == words.date(day.isoformat()) == said
        form = told["date.first" if day.day == 1 else "date.other"]
        assert form.format(day=day.day, month=told[f"months.{day.month}"], year=day.year) == said
    assert words.date("2026") == "2026"


def test_a_form_that_goes_by_the_count_is_chosen_by_the_number_and_not_by_how_it_is_written(monkeypatch):
    # Polish: 1 osoba, 2 osoby, 5 osób, 1 000 002 osoby
    texts = {"unit": {"persons": "{value} osób", "persons_one": "{value} osoba", "persons_few": "{value} osoby"}}
    monkeypatch.setattr(spatial.messages, "languages", lambda: ("pl",))
    monkeypatch.setattr(spatial.messages, "_texts", lambda _language, _part: texts)
    monkeypatch.setattr(spatial.messages, "_file", lambda language: {"pages": {"page": {"locale": language}}})
    told = [Words("pl").measure(float(count), "persons").split("\u00a0")[-1] for count in (1, 2, 5, 1_000_002)]
    assert [text.split(" ")[-1] for text in told] == ["osoba", "osoby", "osób", "osoby"]


def test_the_singular_is_that_of_the_language():
    assert Words("en").say("unit", "persons", n="0", value="0") == "0 people"
    assert Words("en").say("unit", "persons", n="1", value="1") == "1 person"
    # French speaks of none in the singular, Chinese has one form.
    french = [Words("fr").say("unit", "places", n=str(n), value=str(n)) for n in (0, 1, 2)]
    assert [text.replace("\u00a0", " ") for text in french] == ["0 localité", "1 localité", "2 localités"]
    assert "places_one" not in Words("zh").messages["unit"]


@pytest.fixture
def put_language(tmp_path, monkeypatch):
    """Further files in a copy of the folder: languages with a few words of their own, and nothing else."""
    folder = tmp_path / "messages"
    shutil.copytree(str(importlib.resources.files("spatial.messages")), folder)
    package = spatial.messages
    caches = (languages, package._file, package._texts, package.locale_of, package._written, pages.page_texts)

    def put(code, text):
        folder.joinpath(f"{code}.toml").write_text(text, encoding="utf-8")
        for cache in caches:
            cache.cache_clear()

    with monkeypatch.context() as patched:
        patched.setattr(package, "FOLDER", folder)
        yield put
    for cache in caches:
        cache.cache_clear()


def test_sentences_write_numbers_and_plurals_as_pages_do_by_the_tag_that_may_name_a_country(put_language):
    people = '[results.unit]\npersons = "{value} pessoas"\npersons_one = "{value} pessoa"\n'
    put_language("pt", people)
    assert Words("pt").number(98457) == "98.457"
    assert Words("pt").measure(0.0, "persons") == "0 pessoa"
    put_language("pt", people + '[pages.page]\nlocale = "pt-PT"\n')
    # In Portugal thousands stand apart, and none are many.
    assert Words("pt").number(98457) == "98\u00a0457"
    assert Words("pt").measure(0.0, "persons") == "0 pessoas"
    # A country that nobody knows leaves the language.
    put_language("pt", '[pages.page]\nlocale = "pt-XX"\n')
    assert Words("pt").number(98457) == "98.457"


def test_a_language_that_names_no_script_takes_no_english_text_for_its_own(put_language):
    put_language("pt", "")
    assert pages.page_texts("pt")["page.own_script"] == "any"
    assert pages.page_texts("en")["page.own_script"] == "Latin"


def test_a_new_language_is_one_more_file(put_language, tiny_done):
    put_language(
        "sw",
        '[results.tier]\nvillage = "kijiji"\n[results.date]\nother = "d MMMM y"\nfirst = "d MMMM y"\n'
        '[qgis.groups]\nresults = "Matokeo"\n'
        '[columns.title]\nPopulation = "Watu"\n[workbook.sheet]\nsummary = "Muhtasari"\n',
    )
    assert "sw" in languages()
    words = Words("sw")
    assert (words.say("tier", "village"), words.say("tier", "town")) == ("kijiji", "town")
    assert words.title("Population", "persons") == "Watu (persons)"
    assert words.date(dt.date(2026, 11, 26)) == "26 Novemba 2026"
    tiny_done.tables["outputs"] = {"languages": ["sw", "en"]}
    assert tiny_done.run().code == 0
    page = tiny_done.maps / "tiny" / "index.html"
    assert '<html lang="sw">' in page.read_text(encoding="utf-8")
    assert "Kiswahili" in text_of(page)
    assert "Novemba" in text_of(page)
    assert pages.page_texts("sw")["page.locale"] == "sw"


def test_french_has_the_apostrophe_of_the_language():
    straight = {
        key: text for key, text in texts_of("fr").items() if re.search(r"\w'\w", str(text)) and "MMM" not in str(text)
    }
    assert straight == {}


@pytest.mark.parametrize("language", WHOLE)
def test_every_kind_of_measure_that_a_study_may_ask_for_has_a_name(language):
    named = {key for part, section, key in texts_of(language) if (part, section) == ("results", "measure_kind")}
    assert named == set(get_args(Measure))


def test_every_kind_of_finding_has_a_title():
    code = "".join(
        file.read_text(encoding="utf-8") for file in Path(spatial.messages.__file__).parents[1].rglob("*.py")
    )
    kinds = set(re.findall(r'Finding\(\s*"([a-z_]+)"', code))
    assert len(kinds) > 10
    assert {kind for kind in kinds if not Words(FALLBACK, "qgis").has("findings", kind)} == set()


@pytest.mark.parametrize(
    ("place", "is_parted"),
    [("Adda-Douéni", True), ("Évry", True), ("Domoni", False), ("Ouani", False), ("Hoani", False)],
)
def test_french_parts_with_the_e_of_de_before_a_name_that_begins_with_a_vowel(place, is_parted):
    words, named = Words("fr"), f"d\u2019{place}" if is_parted else f"de {place}"
    assert words.say("plan_action", "close_site", where=place) == f"la fermeture {named}"
    assert f" {named}, de 5" in words.say("plan_action", "enlarge_site", where=place, before="5", after="9", unit="")
    assert words.say("plan_action", "open_site", where=place) == f"un site à {place}"


@pytest.mark.parametrize(
    ("language", "unit", "figure", "said"),
    [
        ("en", "facilities", "1", "facility"),
        ("en", "facilities", "1.5", "facilities"),
        ("en", "persons", "1", "person"),
        ("fr", "facilities", "1", "équipement"),
        ("zh", "facilities", "1", "处设施"),
    ],
)
def test_one_of_a_unit_is_its_singular(language, unit, figure, said):
    assert Words(language).of("results").say("unit_of", unit, n=figure) == said
