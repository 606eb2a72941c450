"""People, facilities and norms added to a study file by one command: what is written, said and refused."""

from __future__ import annotations

import re
import tomllib

import pytest
from click.testing import CliRunner

from spatial.cli import cli
from spatial.study import Study
from tests.unit.drafting.test_extract import write_extract

STUDY = """\
# Ours; keep this line.
name = "isles"
title = { en = "Isles" }
as_of = 2026-01-01

[sources.osm]
path = "isles.osm"  # and this one
"""


@pytest.fixture
def study(tmp_path):
    write_extract(tmp_path / "isles.osm")
    file = tmp_path / "isles.toml"
    file.write_text(STUDY, encoding="utf-8")
    return file


def run(study, *arguments, code=0):
    outcome = CliRunner().invoke(cli, [*map(str, arguments), "--raw", str(study.parent)])
    assert outcome.exit_code == code or (code and outcome.exception), outcome.output
    return outcome.output if outcome.exception is None else f"{outcome.output}{outcome.exception}"


def read(study):
    text = study.read_text("utf-8")
    assert text.startswith(STUDY)
    return tomllib.loads(text)


def test_a_norm_in_a_line_has_the_defaults_that_are_printed_back(study):
    told = run(study, "add", "norm", study, "pharmacy", "20min", "90%")
    assert told.startswith(
        "Pharmacy within 20 min, by the fastest mode, for 90 % of all people; guiding: ISLES-PHARMACY-20MIN"
    )
    (norm,) = read(study)["norms"]["add"]
    assert norm == {
        "id": "ISLES-PHARMACY-20MIN", "service": "pharmacy", "metric": "time_min", "mode": "any", "threshold": 20.0,
        "target_share": 0.9, "scope": "all", "norm_class": "guiding",
    }  # fmt: skip
    told = run(study, "add", "norm", study, "school", "2.5 km", "--scope", "rural")
    assert "within 2.5 km, by the shortest way, for 100 % of rural people" in told
    assert "within 2 km, on foot, for 100 % of" in run(study, "add", "norm", study, "bank", "2km", "--mode", "walk")
    second = read(study)["norms"]["add"][1]
    assert (second["metric"], second["threshold"], second["target_share"]) == ("network_dist_m", 2500.0, 1.0)
    run(study, "add", "norm", study, "pharmacy", "20min")
    assert [norm["id"] for norm in read(study)["norms"]["add"]][3] == "ISLES-PHARMACY-20MIN-2"
    # What people call a service will do, in any language.
    for number, word in enumerate(("chemist", "药房", "Pharmacie"), start=4):
        run(study, "add", "norm", study, word, "10min")
        assert read(study)["norms"]["add"][number]["service"] == "pharmacy"
    assert len(Study.from_toml(study, raw=study.parent).norms.add) == 7
    assert run(study, "add", "norm", study, "bank", "7.5min").startswith("Bank within 7.5 min, ")


@pytest.mark.parametrize(
    ("limit", "share", "threshold", "target"),
    [
        ("20分钟", "90\uff05", 20.0, 0.9),
        ("0.5小时", "90%", 30.0, 0.9),
        ("2公里", "100%", 2000.0, 1.0),
        ("500米", "80%", 500.0, 0.8),
        ("1h", "90%", 60.0, 0.9),
        ("2,5 km", "90,5 %", 2500.0, 0.905),
    ],
)
def test_a_norm_may_be_in_words_of_china_and_with_a_decimal_comma(study, limit, share, threshold, target):
    run(study, "add", "norm", study, "pharmacy", limit, share)
    (norm,) = read(study)["norms"]["add"]
    assert (norm["threshold"], norm["target_share"]) == (threshold, pytest.approx(target))


def test_a_comma_with_three_digits_after_it_is_no_decimal_one(study):
    assert "'2,500m' is not such as" in run(study, "add", "norm", study, "pharmacy", "2,500m", code=2)


def test_people_that_are_not_all_numbers_are_told_by_what_stands_there(study):
    file = study.parent / "people.csv"
    file.write_text("Village,People\nWing,314\nRidlington,c.200\n", encoding="utf-8")
    assert "'People' holds text such as 'c.200', not numbers" in run(study, "add", "people", study, file, code=3)


def test_a_norm_may_be_in_miles(study):
    told = run(study, "add", "norm", study, "gp", "2 miles")
    assert "Primary care within 3.219 km, by the shortest way" in told
    assert read(study)["norms"]["add"][0]["threshold"] == 2 * 1609.344


def test_a_ratio_or_a_part_of_the_people_is_not_taken_for_all_and_what_is_not_read_is_named(study):
    file = study.parent / "density.csv"
    file.write_text("Village;Population density;Women\nVillage 1;120;30\n", encoding="utf-8")
    told = run(study, "add", "people", study, file, code=2)
    assert "no column for population_persons was found" in told
    told = run(study, "add", "people", study, file, "--column", "population_persons=Women")
    assert "columns not read: 'Population density' (1 in all)" in told


def test_a_norm_that_cannot_be_is_refused_with_every_fault_and_nothing_is_written(study):
    told = run(study, "add", "norm", study, "pharmcy", "20", "90", code=2)
    for part in ("limit: '20'", "share: '90'", "service: 'pharmcy' is none", "'pharmacy'"):
        assert part in told
    told = run(study, "add", "norm", study, "pharmacy", "20min", "--class", "mandatory", code=2)
    assert "a mandatory norm gates: say instrument, source, why, by, on" in told
    more = ("--class", "mandatory", "--source", "Rules 2026", "--why", "ours", "--by", "Office", "--on", "2026-01-01")
    told = run(study, "add", "norm", study, "pharmacy", "20min", *more, code=2)
    assert "a mandatory norm gates: say instrument" in told
    assert study.read_text("utf-8") == STUDY
    told = run(study, "add", "norm", study, "pharmacy", "20min", *more, "--instrument", "rule")
    assert "mandatory: ISLES-PHARMACY-20MIN (not in force as mandatory: nobody has confirmed the clause" in told
    norm = read(study)["norms"]["add"][0]
    assert (norm["norm_class"], norm["instrument"]) == ("mandatory", "rule")
    told = run(study, "add", "norm", study, "school", "20min", *more, "--instrument", "policy_document")
    assert "(not in force as mandatory: laid down in a policy document; " in told


@pytest.mark.parametrize(
    ("language", "norm", "people"),
    [
        ("zh", "全体人口的90%", ["按名称定位", "未能定位", "6个居民点中已知人口的有2个", "town列作为 name"]),
        ("fr", "90\u202f% de la population\u202f; indicative", ["placés par nom", "2 des 6 localités"]),
    ],
)
def test_what_is_added_is_told_in_the_language_of_the_study(study, language, norm, people):
    study.write_text(STUDY + f'\n[outputs]\nlanguages = ["{language}", "en"]\n', encoding="utf-8")
    told = run(study, "add", "norm", study, "pharmacy", "20min", "90%")
    assert norm in told
    file = study.parent / "people.csv"
    file.write_text("town,population\nVillage 1,100\nVillage 2,200\nElsewhere,5\n", encoding="utf-8")
    told += run(study, "add", "people", study, file)
    assert [part for part in people if part not in told] == []
    assert not re.search(r"within|next|added|placed|people are|found no", told.replace(str(study), ""))


def test_people_say_how_many_rows_found_their_place_and_what_the_known_share_means(study):
    file = study.parent / "people.csv"
    file.write_text("town,population\nVillage 1,100\nVillage 2,200\nElsewhere,5\n", encoding="utf-8")
    told = run(study, "add", "people", study, file)
    assert "town as name, population as population_persons" in told
    assert "placed by name: 2" in told
    assert "not placed: 1" in told
    assert "found no place: 'Elsewhere' (1 in all)" in told
    assert "people are known of 2 of the 6 settlements (33.3 %), below 90 %: places are counted, not people" in told
    assert "min_known_share = 0.33 in [population]" in told
    (table,) = read(study)["sources"]["attributes"]
    assert table == {"path": "people.csv", "columns": {"name": "town", "population_persons": "population"}}


def test_facilities_say_what_was_guessed(study):
    file = study.parent / "gp.csv"
    file.write_text(
        "name,kind,lon,lat\nOld Surgery,GP surgery,0.04,0.001\nNew Surgery,GP surgery,0.1,0\n", encoding="utf-8"
    )
    told = run(study, "add", "facilities", study, file)
    assert "guessed: crs = 'EPSG:4326'" in told
    assert "guessed: columns.facility_id = 'name'" in told
    assert "  facilities: 2\n" in told
    (table,) = read(study)["sources"]["facilities"]
    assert (table["crs"], table["columns"]["facility_id"]) == ("EPSG:4326", "name")


def test_a_grid_that_the_file_does_not_name_is_asked_for_and_nothing_is_written(study):
    file = study.parent / "gp.csv"
    file.write_text("Name,Type,Easting,Northing\nA,GP,486100,308800\nB,GP,486500,299900\n", encoding="utf-8")
    told = run(study, "add", "facilities", study, file, code=1)
    assert "in which grid it is has to be said: eastings 486100 to 486500" in told
    assert "in Great Britain it is EPSG:27700" in told
    assert "spatial inspect " in told
    assert read(study).get("sources", {}).get("facilities") is None


def test_what_is_to_decide_is_the_next_step(study):
    file = study.parent / "list.csv"
    file.write_text("name,lon,lat\nApteekki Kallio,0.04,0.001\nApteekki Kamppi,0.1,0\n", encoding="utf-8")
    told = run(study, "add", "facilities", study, file)
    assert "to decide in" in told
    assert f"next: write it in {study} where DECIDE stands, then: spatial run {study}" in told
    before = study.read_bytes()
    assert "of list.csv stands there already" in run(study, "add", "facilities", study, file, code=2)
    assert study.read_bytes() == before


def test_facilities_say_what_all_rows_are_and_that_postcodes_want_a_table(study):
    file = study.parent / "chemists.csv"
    file.write_text("name,lon,lat\nPharmacy North,0.04,0.001\nPharmacy South,0.1,0\n", encoding="utf-8")
    assert "name as name, every row as pharmacy" in run(study, "add", "facilities", study, file)
    file = study.parent / "pharmacies.csv"
    file.write_text("name,postcode\nPharmacy North,LE1 1AA\nPharmacy South,LE1 1AB\n", encoding="utf-8")
    told = run(study, "add", "facilities", study, file, code=3)
    assert "a table of them says: write [placing] postcodes =" in told
    (study.parent / "codes.csv").write_text("postcode,longitude,latitude\nLE1 1AA,0.04,0.001\n", encoding="utf-8")
    study.write_text(f'{STUDY}\n[placing]\npostcodes = "codes.csv"\n', encoding="utf-8")
    told = run(study, "add", "facilities", study, file)
    assert "placed by postcode: 1" in told
    assert "found no place: 'Pharmacy South' (1 in all)" in told


def test_a_list_in_an_unknown_language_is_added_by_saying_what_it_holds(study):
    file = study.parent / "apteekit.csv"
    file.write_text("nimi,lon,lat\nKallio,0.04,0.001\nKamppi,0.1,0\n", encoding="utf-8")
    assert "say which it is: --column name=TITLE" in run(study, "add", "facilities", study, file, code=3)
    column = ("--column", "name=nimi")
    for wrong, told in (
        ((*column, "--service", "apteekki"), "service: 'apteekki' is none"),
        (("--column", "name=nimo", "--service", "chemist"), "has no column 'nimo'"),
        (("--column", "nimi", "--service", "chemist"), "column: 'nimi' is not such as name=TITLE"),
    ):
        assert told in run(study, "add", "facilities", study, file, *wrong, code=3 if "has no" in told else 2)
    assert "belongs to facilities" in run(study, "add", "people", study, file, "--service", "chemist", code=2)
    assert study.read_text("utf-8") == STUDY
    told = run(study, "add", "facilities", study, file, *column, "--service", "chemist")
    assert "nimi as name, every row as pharmacy" in told
    assert "  facilities: 2\n" in told
    assert "to decide" not in told
    (table,) = read(study)["sources"]["facilities"]
    assert (table["service"], table["columns"]["name"]) == ("pharmacy", "nimi")


@pytest.mark.parametrize(
    ("what", "text", "told"),
    [
        ("people", "town,colour\nVillage 1,red\nVillage 2,blue\n", "no column for population_persons was found"),
        ("people", "town,population\nNowhere,1\nElsewhere,2\n", ""),
        ("facilities", "colour,lon\nred,0\nblue,1\n", "no column for name was found"),
    ],
)
def test_a_list_of_something_else_is_refused_and_nothing_is_written(study, what, text, told):
    file = study.parent / "list.csv"
    file.write_text(text, encoding="utf-8")
    assert told in run(study, "add", what, study, file, code=3)
    assert study.read_text("utf-8") == STUDY


def test_a_study_that_writes_its_norms_on_one_line_is_left_as_it_is(study):
    one_line = STUDY + "\n[norms]\nadd = []\n"
    study.write_text(one_line, encoding="utf-8")
    told = run(study, "add", "norm", study, "pharmacy", "20min", code=2)
    assert "[[norms.add]] cannot be added at its end" in told
    assert study.read_text("utf-8") == one_line
