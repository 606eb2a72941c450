"""The walkthrough of the English county, word by word on Rutland: 26 official numbers of people supplied as a CSV."""

import re
import shutil

import openpyxl
import pytest

import spatial as sp
from spatial.inputs.prepare import prepare
from spatial.study import Study
from tests.page_blocks import text_of

pytestmark = [pytest.mark.data, pytest.mark.slow]

RURAL, FRINGE = "Rural village and dispersed", "Rural town and fringe"

# MADE UP for this test, near the size of such places: no official statistics. Two rows have no code; Cottesmore has the
# code that was its own before 2011; spelling differs from the map at Braunston, Great Casterton and Market Overton.
PARISHES = (
    ("E04012676", "Oakham", "10,922", FRINGE),
    ("E04000677", "Uppingham", "4,745", FRINGE),
    ("E04000649", "Ketton", "1,926", FRINGE),
    ("E04000637", "Cottesmore", "2,062", FRINGE),
    ("E04000666", "Ryhall", "1,614", FRINGE),
    ("E04000650", "Langham", "1,371", RURAL),
    ("E04000638", "Edith Weston", "1,359", RURAL),
    ("E04000679", "Whissendine", "1,253", RURAL),
    ("E04000640", "Empingham", "880", RURAL),
    ("E04000660", "North Luffenham", "679", RURAL),
    ("E04012421", "Greetham", "638", RURAL),
    ("E04012470", "Exton and Horn", "607", RURAL),
    ("E04000644", "Gt. Casterton", "600", RURAL),
    ("E04000656", "Mkt Overton", "584", RURAL),
    ("E04000628", "Barrowden", "506", RURAL),
    ("", "Braunston in Rutland", "502", RURAL),
    ("E04000668", "South Luffenham", "455", RURAL),
    ("E04000641", "Essendine", "448", RURAL),
    ("E04000653", "Lyddington", "366", RURAL),
    ("E04000655", "Manton", "364", RURAL),
    ("", "Belton-in-Rutland", "348", RURAL),
    ("E04000658", "Morcott", "321", RURAL),
    ("E04000681", "Wing", "314", RURAL),
    ("E04000635", "Caldecott", "269", RURAL),
    ("E04000647", "Hambleton", "203", RURAL),
    ("E04000675", "Tinwell", "234", RURAL),
)
NUMBERS = {name: int(people.replace(",", "")) for _, name, people, _ in PARISHES}
TOTAL = 33_570  # the sum of the 26 numbers above


def _decide(row):
    """The first candidate is called alike: only the code is out of date."""
    return row["candidate_1"]


@pytest.fixture(scope="module")
def walked(rutland, walkthrough, beside, tmp_path_factory):
    folder = tmp_path_factory.mktemp("english")
    beside(rutland, folder / "data/raw/rutland")
    lines = ["Code,Parish,Usual residents,Rural-urban class"]
    for code, name, people, kind in PARISHES:
        lines.append(f'{code},{name},"{people}",{kind}' if "," in people else f"{code},{name},{people},{kind}")
    text = "\r\n".join(lines) + "\r\n"
    (folder / "data/raw/rutland/parishes.csv").write_bytes(text.encode("cp1252"))
    until = {"spatial run -v rutland.toml": "maps"}
    return walkthrough("english-county.md", folder, _decide, until, plans=False).walk()


@pytest.fixture(scope="module")
def results(walked):
    return sp.read_results(walked.folder / "data/processed/rutland", maps=walked.folder / "maps/rutland")


def test_the_numbers_of_the_test_are_26_and_add_up():
    assert len(PARISHES) == 26
    assert sum(NUMBERS.values()) == TOTAL


def test_inspecting_shows_the_columns_of_the_csv(walked):
    (said,) = walked.outputs("inspect")
    assert all(name in said for name in ("Code", "Parish", "Usual residents", "Rural-urban class"))


def test_what_is_left_to_decide_is_what_the_page_says(walked):
    left = walked.to_decide.set_index("name")
    assert left.index.tolist() == ["Cottesmore"]
    assert left.loc["Cottesmore", "reason"] == "unknown_unit_code"
    assert left.loc["Cottesmore", ["candidate_1_name", "candidate_1_score"]].tolist() == ["Cottesmore", "1.00"]
    first, last = walked.outputs("check")
    assert "rutland/parishes.csv: not placed 1\n" in first
    assert "rutland/parishes.csv: not placed 0\n" in last


def test_all_26_numbers_are_at_their_places_and_the_other_36_stay_without(results):
    people = results.settlements.set_index("name")["population_persons"]
    assert people.notna().sum() == 26
    assert people.sum() == TOTAL
    elsewhere = {
        "Hambleton": "Upper Hambleton",
        "Exton and Horn": "Exton",
        "Gt. Casterton": "Great Casterton",
        "Mkt Overton": "Market Overton",
        "Braunston in Rutland": "Braunston in Rutland",
    }
    for name, number in NUMBERS.items():
        assert people[elsewhere.get(name, name)] == number
    inside = results.settlements[results.settlements["in_study"]]
    assert len(inside) == 62
    assert inside["population_source"].value_counts().to_dict() == {"none": 36, "column": 26}
    assert inside["official_class"].value_counts().to_dict() == {"rural": 26}


def test_codes_travel_and_say_how_each_row_was_found(results):
    codes = results.settlements.set_index("name")["unit_code"]
    assert codes["Oakham"] == "E04012676"
    counts = results.counts[results.counts["source"] == "rutland/parishes.csv"].set_index("item")["number"]
    # Of 26 rows two have no code and one an old one. Five parishes hold several places, so that the name tells which:
    # Hambleton, Ketton, Ryhall, Tinwell and Whissendine.
    assert counts["placed by decision"] == 1
    assert counts["placed by name"] == 2 + 5
    assert counts["placed by unit_code"] == 26 - 1 - 7
    assert counts["not placed"] == 0


def test_every_headline_of_people_says_how_many_places_are_in_none_of_the_figures(walked, results):
    assert results.summary["population"]["persons"] == TOTAL
    assert results.summary["population"]["places_without_population"] == 36
    in_people = [norm for norm in results.summary["norms"] if norm["share_of"] == "persons"]
    assert in_people
    for norm in in_people:
        parts = (norm["persons_served"], norm["persons_unserved"], norm["persons_unknown"])
        assert sum(parts) == pytest.approx(norm["persons_in_scope"])
        assert norm["persons_in_scope"] <= TOTAL
    lines = [line for line in walked.outputs("run")[-1].splitlines() if " people are within " in line]
    assert lines
    told = r"Nobody counted the people of \d+ places .+: they are in none of these figures\."
    assert [line for line in lines if not re.search(told, line)] == []


def test_the_page_says_it_too(results):
    index = text_of(results.index_page)
    assert "38 of 64 settlements have no number of people" in index  # two of them beyond the county
    assert "Exton and Horn ≠ Exton" in index


def test_the_sign_off_sees_that_people_are_missing(walked, results):
    assert (results.sign_off["item"] == "people").any() or len(results.sign_off)
    book = openpyxl.load_workbook(walked.folder / "data/processed/rutland/results.xlsx", read_only=True)
    sheet = book.worksheets[-1]
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    (people,) = [row for row in rows if row and row[0] == "People"]
    assert TOTAL in people
    assert 37_369 in people
    assert any("36 places have no number of people" in str(cell) for cell in people)


def test_with_the_default_rule_the_numbers_are_set_aside_and_places_are_counted(walked):
    study = Study.from_toml(walked.folder / "rutland.toml", raw=walked.folder / "data/raw")
    values = study.model_dump(exclude={"raw"}, exclude_unset=True)
    values["population"] = {"basis": "resident"}
    strict = Study.from_dict(values, raw=walked.folder / "data/raw")
    shutil.copytree(walked.folder / "data/processed", walked.folder / "strict")  # what was read stays as it is
    found = sp.run(strict, processed=walked.folder / "strict", maps=walked.folder / "strict-maps", until="population")
    assert found.settlements["population_persons"].isna().all()
    account = found.population_account.set_index("item")
    assert account.loc["set_aside", "persons"] == TOTAL
    assert account.loc["set_aside", "cells"] == 26


def test_the_csv_as_the_list_of_places_is_another_study(walked):
    """`coordinates = 'none'` in [sources.settlements] makes the CSV the list: the other 36 places are gone."""
    study = Study.from_toml(walked.folder / "rutland.toml", raw=walked.folder / "data/raw")
    values = study.model_dump(exclude={"raw"}, exclude_unset=True)
    table = dict(values["sources"].pop("attributes")[0])
    table["columns"] = {**table["columns"], "settlement_id": "Parish", "tier": "Rural-urban class"}
    table["values"] = {"tier": {RURAL: "village", FRINGE: "town"}}
    table["coordinates"] = "none"
    values["sources"]["settlements"] = table
    layers = prepare(Study.from_dict(values, raw=walked.folder / "data/raw"))
    # A list is put at the places of the map by name alone, and the parish of Exton and Horn is no place's name.
    assert layers.to_decide["name"].tolist() == ["Exton and Horn"]
    assert len(layers.settlements) == 25
    assert layers.settlements["population_persons"].sum() == TOTAL - NUMBERS["Exton and Horn"]
