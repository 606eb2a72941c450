"""A study whose first language is French, from its files to pages, GeoPackage, project and explanation."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import zipfile

import pytest

from spatial.cartography.page_data import page_texts
from tests.page_blocks import data_of

SPACE = "\u00a0"


@pytest.fixture(scope="module")
def french(tmp_path_factory, tiny_at, tiny_run, go_on_from):
    tiny = tiny_at(tmp_path_factory.mktemp("french"))
    go_on_from(tiny_run, tiny.folder)
    tiny.tables["title"] = {"en": "Tiny valley", "fr": "Petite vallée"}
    tiny.tables["outputs"] = {"languages": ["fr", "en"]}
    outcome = tiny.run()
    assert outcome.code == 0, outcome.err
    return tiny


def test_pages_open_in_french_and_hold_both_languages(french):
    pages = sorted((french.maps / "tiny").glob("*.html"))
    assert {"index.html", "gap-hospital.html"} <= {page.name for page in pages}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert '<html lang="fr">' in text, page.name
        assert "Petite vallée" in text, page.name
        known = data_of(page)
        messages = known["messages"]
        assert list(messages) == ["fr", "en"]
        assert messages["fr"]["page.language_name"] == "Français", page.name
        assert messages["fr"]["page.language"] == "Langue", page.name
        assert known["language"] == "fr"


def test_the_geopackage_names_layers_and_columns_in_french(french):
    file = next((french.processed / "tiny").rglob("tiny.gpkg"))
    with contextlib.closing(sqlite3.connect(file)) as database:
        told = dict(database.execute("SELECT table_name, identifier FROM gpkg_contents").fetchall())
        columns = {row[0] for row in database.execute("SELECT name FROM gpkg_data_columns").fetchall()}
    assert told["facilities"] == "Équipements"
    assert {"Population (personnes)", f"Hôpital{SPACE}: temps de parcours (min)"} <= columns


def test_the_project_is_in_french(french):
    file = next((french.processed / "tiny").rglob("tiny.qgz"))
    with zipfile.ZipFile(file) as packed:
        name = next(name for name in packed.namelist() if name.endswith(".qgs"))
        text = packed.read(name).decode("utf-8")
    assert "Petite vallée (provisoire, situation au 1er janvier 2026)" in text
    assert "Résultats" in text


def test_a_settlement_is_explained_in_french(command, french):
    where = ("--raw", french.raw, "--processed", french.processed, "--language", "fr")
    told = command("explain", french.save(), "s2", *where, "-v").out
    assert "柳河 (s2), bourg" in told
    assert f"70{SPACE}habitants" in told
    assert re.search(rf"École primaire, à pied{SPACE}: \d+{SPACE}min jusqu’à 柳河小学", told)  # noqa: RUF001
    assert "Normes" in told


def test_titles_in_large_letters_keep_au_dela_on_a_line():
    said = page_texts("fr")
    titles = [key for key in said if key.startswith("township.title_")] + ["plan.left_title"]
    assert [key for key in titles if "au-delà" in said[key]] == []
    assert "au\u2011delà" in said["township.title_all"]
