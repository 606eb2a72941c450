"""Pages for the public, of a valley in which the people of the two smallest villages are withheld."""

from __future__ import annotations

import tomllib

import openpyxl
import pytest

from spatial.results import read_results
from spatial.stages.share import share_package
from spatial.study import Study

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def public(tiny_run, tmp_path_factory):
    """Pages of 360 people in eight villages, of which those of 20 and 10 people are withheld."""
    values = tomllib.loads((tiny_run / "tiny.toml").read_text("utf-8")) | {"sharing": {"k": 30}}
    folder = tmp_path_factory.mktemp("shared") / "public"
    study = Study.from_dict(values, raw=tiny_run / "raw")
    list(share_package(study, read_results(tiny_run / "processed" / "tiny"), folder, audience="public"))
    return folder / "pages"


def _text(page, selector):
    return page.inner_text(selector).replace("\u00a0", " ")


def test_a_number_that_is_withheld_is_not_called_unknown(public, open_page):
    page = open_page(public / "gap-county_seat.html", fragment="#list=yes")
    assert _text(page, "#beyond-body tr:has-text('下村')").split("\t")[2] == "withheld"
    page = open_page(public / "gap-county_seat.html", fragment="#mine=s8")
    assert "withheld" in _text(page, "#mine")


def test_shares_are_of_those_whose_number_is_told(public, open_page):
    # Of 330 people all are within 5 min of the seat; two villages whose people are withheld are not.
    page = open_page(public / "gap-county_seat.html")
    title = "All people whose number is told live within 5 min by car of the nearest county seat"
    assert _text(page, "#page-title").startswith(title)
    assert _text(page, "#headline") == "0\nof 330 people whose number is told, in 2 villages"


def test_people_whose_number_is_withheld_are_no_group_of_a_norm(county_folder, open_page):
    # The norm counts 5,000 people more than the map, which is not told of them.
    more = "told.norms[0].study.persons_unserved += 5000"
    for below, said in (("", "It counts a group of "), ("; told.study.below = 10", "more people are needed.")):
        page = open_page(county_folder / "gap-health_centre.html", changed=f"(told) => {{ {more}{below}; }}")
        assert said in _text(page, ".norm-today")


def test_the_first_page_counts_withheld_people_as_more_and_not_as_unknown(public, open_page):
    page = open_page(public / "index.html", unfolded=True)
    assert _text(page, "#figures div:has-text('People')").split("\n") == ["People", "\u2265 330"]
    assert "Settlements whose population is not known: 0 %" in _text(page, "body")
    book = openpyxl.load_workbook(public.parent / "results.xlsx", read_only=True)
    lines = dict(row[:2] for row in book.worksheets[0].iter_rows(values_only=True) if len(row) > 1)
    assert lines["People (persons)"] == "\u2265 330"
    assert lines["Places without a number of people"] == 0


def test_shares_of_the_first_page_are_of_those_whose_number_is_told(public, open_page):
    page = open_page(public / "index.html", unfolded=True)
    body = _text(page, "body")
    assert "Share of those whose number is told, within " in body
    assert "% of 330 people whose number is told within" in body
    assert "Half of the 330 people whose number is told are within " in body
