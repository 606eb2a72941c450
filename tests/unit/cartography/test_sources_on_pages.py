"""What pages say of a file that nobody describes: never the word that stands in the table for it."""

from __future__ import annotations

import pytest

from spatial.cartography.page_data import page_texts
from tests.languages import WHOLE
from tests.page_blocks import data_of, text_of

pytestmark = pytest.mark.usefixtures("what_it_rests_on")


def sources_of(page):
    return {source["path"]: source for source in data_of(page)["sources"]}


def test_what_nobody_says_of_a_file_is_empty_on_pages(tiny_done, command, tmp_path):
    tiny_done.write("source.toml", '[[file]]\npath = "settlements.csv"\nlicence = "CC0-1.0"\n')
    outcome = tiny_done.run("--until", "maps")
    assert outcome.code == 0, outcome.err
    run = tiny_done.processed / "tiny"
    outcome = command("compare", run, run, "--to", tmp_path / "compared")
    assert outcome.code == 0, outcome.err
    for page in (tiny_done.maps / "tiny" / "index.html", tmp_path / "compared" / "compare.html"):
        told = sources_of(page)
        assert told["tiny/settlements.csv"]["licence"] == "CC0-1.0"
        assert told["tiny/settlements.csv"]["origin"] == ""
        for name in ("origin", "licence", "vintage"):
            assert told["tiny/roads.osm"][name] == ""


def test_each_language_says_that_a_licence_is_not_stated():
    said = {page_texts(code)["about.no_licence"] for code in WHOLE}
    assert len(said) == len(WHOLE)


def test_settlements_in_no_township_are_said_on_the_page_in_each_language_and_at_the_end_of_a_run(tiny_done):
    # Without a region: a box about the data, beyond which both townships reach. s3 and s8 lie 480 m east of them.
    tiny_done.tables["region"] = {"unit_levels": [8], "unit_tolerance_m": 100}
    tiny_done.tables["outputs"] = {"languages": ["en", "fr", "zh"]}
    tiny_done.tables["title"]["fr"] = "Petite vallée"
    east = [[104.015, 29.5], [104.035, 29.5], [104.035, 30.5], [104.015, 30.5], [104.015, 29.5]]
    tiny_done.write("townships.geojson", tiny_done.townships(east).replace("103.98", "103.0"))
    outcome = tiny_done.run("--until", "maps")
    assert outcome.code == 0, outcome.err
    said = "settlements that lie in no township, so in the figures of the study alone: 's3', 's8' (2 in all)"
    assert f"known issue: tiny/townships.geojson: {said}" in outcome.out
    first = tiny_done.maps / "tiny" / "index.html"
    figures = {figure["key"]: figure["value"] for figure in data_of(first)["figures"]}
    assert (figures["settlements"], figures["townships"], figures["no_township"]) == (8, 2, 2)
    for page in (first, tiny_done.maps / "tiny" / "gap-hospital.html"):
        text = text_of(page)
        for words in (said, "localités hors de toute commune", "不在任何乡镇内、只计入全区数字的居民点"):
            assert words in text


def test_a_map_is_titled_in_the_language_of_the_study_before_its_script_runs(tiny_done):
    tiny_done.tables["outputs"] = {"languages": ["fr"]}
    outcome = tiny_done.run("--until", "maps")
    assert outcome.code == 0, outcome.err
    pages = tiny_done.maps / "tiny"
    titles = [
        (pages / name).read_text(encoding="utf-8").partition("<title>")[2].partition(" \u2013 ")[0]
        for name in ("gap-hospital.html", "last-mile.html", "score-map.html")
    ]
    last_mile = "Le dernier kilomètre jusqu’à la route praticable en toute saison"  # noqa: RUF001 - French
    assert titles == ["Accès\u00a0: Hôpital", last_mile, "Carte de l’intégration"]  # noqa: RUF001 - French
