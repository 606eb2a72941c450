"""The pages that a newcomer begins with, done word by word one after the other in a folder with Rutland's extract."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
MOST_WORDS = {"osm-only.md": 300, "own-norm.md": 150, "what-if.md": 200}

# MADE UP for this test: one town that the map does not have, one practice without a place.
TOWNS = "town,population\nOakham,10922\nUppingham,4745\nKetton,1926\nElsewhere,5\n"
PRACTICES = """\
name,kind,lon,lat
Oakham Medical Practice,GP,-0.7316,52.6720
Uppingham Surgery,GP,-0.7228,52.5898
Empingham Medical Centre,GP,,
"""


@pytest.fixture(scope="module")
def walked(rutland, walkthrough, tmp_path_factory):
    folder = tmp_path_factory.mktemp("newcomer")
    shutil.copyfile(rutland / "rutland.osm.pbf", folder / "rutland.osm.pbf")
    (folder / "towns.csv").write_text(TOWNS, encoding="utf-8")
    (folder / "gp.csv").write_text(PRACTICES, encoding="utf-8")
    # The first page looks at maps and all; the second one adds a norm, and looks at the answer.
    until = {"own-norm.md": {"spatial run rutland.toml": "gaps"}}
    return {page: walkthrough(page, folder, None, until.get(page, {})).walk() for page in MOST_WORDS}


@pytest.mark.parametrize("page", MOST_WORDS)
def test_a_page_by_path_is_short(page):
    text = re.sub(r"^(% \w+|```.*)$", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(text.split()) <= MOST_WORDS[page]


@pytest.mark.data
@pytest.mark.slow
def test_every_command_does_what_the_page_says_and_fits_a_screen(walked):
    for page in walked.values():
        for line, said in page.said:
            # A line that is longer than the terminal takes several.
            rows = sum(1 + len(shown) // 81 for shown in said.splitlines())
            assert rows <= 24, line


@pytest.mark.data
@pytest.mark.slow
def test_the_question_is_answered_in_the_first_lines(walked):
    (alone, again) = walked["osm-only.md"].outputs("run")
    assert again == alone
    (norm,) = walked["own-norm.md"].outputs("run")
    assert "pharmacy within 20 min" in norm
    closed, opened, best, written = walked["what-if.md"].outputs("try")
    assert closed.splitlines()[:-1] == written.splitlines()[:-1]
    assert "nearer for" in opened
    assert best.splitlines()[0].count("opens primary care") == 3
