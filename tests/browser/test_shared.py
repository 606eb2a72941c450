"""Pages that share one file beside them: small, the same on screen, and plain where the file is not there."""

from __future__ import annotations

import re

import pytest

from spatial.cartography.page_data import page_texts
from tests.page_blocks import blocks_of

LANGUAGES = ("en", "zh", "fr")


@pytest.fixture(scope="module")
def shared(county):
    return county.pages(languages=LANGUAGES, is_shared=True)


@pytest.fixture(scope="module")
def folder(shared, save_pages, tmp_path_factory):
    return save_pages(shared, tmp_path_factory.mktemp("shared"))


def test_shared_pages_are_small_and_lose_nothing(county, shared):
    whole = {page.name: page.content for page in county.pages(languages=LANGUAGES)}
    *pages, file = shared
    assert file.name == "shared.js"
    assert {page.name for page in pages} == set(whole)
    assert sum(len(page.content) for page in shared) < sum(map(len, whole.values())) / 2
    escaped = dict(
        re.findall(r'^"(\w+)": `((?:[^`\\]|\\.)*)`,$', file.content.decode("utf-8"), re.MULTILINE | re.DOTALL)
    )
    texts = {name: re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) for name, text in escaped.items()}
    for page in pages:
        content = page.content.decode("utf-8")
        again = re.sub(r"@(\w{16})", lambda match: texts[match[1]], content)
        assert blocks_of(again.encode("utf-8")) == blocks_of(whole[page.name]), page.name
    assert set(texts) == {name for page in pages for name in re.findall(r"@(\w{16})", page.content.decode("utf-8"))}


def test_the_same_input_gives_the_same_shared_bytes(county_of, shared):
    again = county_of().pages(languages=LANGUAGES, is_shared=True)
    assert [(page.name, page.content) for page in again] == [(page.name, page.content) for page in shared]


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index", "gap-health_centre", "last-mile"])
def test_a_shared_page_opens_from_its_folder_and_says_what_the_whole_one_says(name, county_folder, folder, open_page):
    page, whole = (open_page(path / f"{name}.html", fragment="#lang=en") for path in (folder, county_folder))
    assert page.inner_text("body") == whole.inner_text("body")
    if name != "index":
        assert page.evaluate("document.querySelectorAll('canvas').length") > 0


@pytest.mark.browser
@pytest.mark.parametrize("file", ["gone", "of another run"])
def test_a_page_without_its_shared_file_says_so_in_every_language(file, folder, browser, tmp_path):
    for name in ("last-mile.html", "gap-hospital.html"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    if file != "gone":
        (tmp_path / "shared.js").write_text("window.SpatialShared = {};\n", encoding="utf-8")
    context = browser.new_context()
    for name in ("last-mile.html", "gap-hospital.html"):
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        page.goto((tmp_path / name).as_uri())
        said = page.inner_text("body").split("\n")
        assert [line for line in said if line] == [page_texts(code)["page.needs_shared"] for code in LANGUAGES]
        assert errors == []
    context.close()
