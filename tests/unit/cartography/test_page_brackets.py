"""Brackets and separators of pages follow the language shown."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from spatial.cartography.page_data import page_texts
from spatial.messages import Words

OWN = files("spatial.cartography").joinpath("assets", "own")
SCRIPTS = sorted(file.name for file in OWN.iterdir() if file.name.endswith(".js"))
HALF_WIDTH = re.compile(r"[()].*[\u4e00-\u9fff]|[\u4e00-\u9fff].*[()]")


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_script_writes_brackets_or_semicolons_of_its_own_around_words(script):
    text = OWN.joinpath(script).read_text(encoding="utf-8")
    assert re.findall(r"""["'`] \(["'`]|["'`]\)["'`]|join\(["']; ["']\)""", text) == []


def test_no_chinese_message_has_half_width_brackets():
    told = {**page_texts("zh")}
    for words in (Words("zh").messages, Words("zh", "comparison").messages):
        told |= {f"{section}.{key}": text for section, part in words.items() for key, text in part.items()}
    assert len(told) > 1000
    assert [key for key, text in told.items() if HALF_WIDTH.search(text)] == []


def test_brackets_are_full_width_in_chinese_alone():
    assert page_texts("zh")["page.brackets"] == "（{text}）"  # noqa: RUF001 - Chinese writes them wide
    assert {page_texts(code)["page.brackets"] for code in ("en", "fr")} == {" ({text})"}
