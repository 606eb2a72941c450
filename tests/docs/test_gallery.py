"""The pictures of the gallery are drawn by the code beside them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
MOST_BYTES = 70_000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the plotting libraries among themselves
def test_the_code_of_every_picture_draws_it(sample_run: Path, tmp_path: Path) -> None:
    pytest.importorskip("mapclassify")
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "figures" / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.draw(sample_run / "processed", tmp_path)
    assert [file.name for file in made] == [f"gallery-{number}.png" for number in range(1, 11)]
    assert all(file.stat().st_size > 3_000 for file in made)


def test_the_page_shows_ten_small_pictures_with_words_for_who_cannot_see_them() -> None:
    shown = re.findall(
        r"^!\[(.+)\]\(images/(gallery-\d+\.png)\)$", (DOCS / "gallery.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(shown) == 10
    for words, name in shown:
        assert len(words) > 20
        assert (DOCS / "images" / name).stat().st_size < MOST_BYTES
