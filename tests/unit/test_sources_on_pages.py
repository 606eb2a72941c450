"""What pages say of a file that nobody describes: never the word that stands in the table for it."""

from __future__ import annotations

import json
import re

from spatial.cartography.messages import available_languages, messages


def sources_of(page):
    text = page.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', text, re.DOTALL)[1])
    return {source["path"]: source for source in data["sources"]}


def test_what_nobody_says_of_a_file_is_empty_on_pages(tiny, command, tmp_path):
    tiny.write("source.toml", '[[file]]\npath = "settlements.csv"\nlicence = "CC0-1.0"\n')
    outcome = tiny.run()
    assert outcome.code == 0, outcome.err
    run = tiny.processed / "tiny"
    outcome = command("compare", run, run, "--to", tmp_path / "compared")
    assert outcome.code == 0, outcome.err
    for page in (tiny.maps / "tiny" / "index.html", tmp_path / "compared" / "compare.html"):
        told = sources_of(page)
        assert told["tiny/settlements.csv"]["licence"] == "CC0-1.0"
        assert told["tiny/settlements.csv"]["origin"] == ""
        for name in ("origin", "licence", "vintage"):
            assert told["tiny/roads.osm"][name] == ""


def test_each_language_says_that_a_licence_is_not_stated():
    said = {words["about.no_licence"] for words in messages(available_languages()).values()}
    assert len(said) == len(available_languages())
