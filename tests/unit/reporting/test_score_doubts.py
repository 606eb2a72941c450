"""Townships that known issues forbid to rank or to compare, and why a component is not defined."""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.cartography.score import Undefined
from spatial.reporting.score import doubted_units, issue_records, rank_doubts
from spatial.reporting.wording import issue_lines

UNITS = ["a1", "a2", "b", "c"]


def boundaries(names):
    """An island of two communes, two islands beside it, and the country around them all."""
    boxes = {
        "land": (0, 0, 40, 10),
        "a": (0, 0, 10, 10),
        "a1": (0, 0, 5, 10),
        "a2": (5, 0, 10, 10),
        "b": (20, 0, 30, 10),
        "c": (30, 0, 40, 10),
    }
    shapes = [shapely.box(*corners) for corners in boxes.values()]
    return gpd.GeoDataFrame(
        {"boundary_id": list(boxes), "name": [names.get(key) for key in boxes]}, geometry=shapes, crs="EPSG:32738"
    )


def issue(text="Totals are interchanged", *, kind="declared", forbids="", areas="", affects=""):
    row = {"path": "p.tif", "number": 1, "issue": text, "issue_kind": kind, "affects": affects}
    return pd.DataFrame([row | {"forbids": forbids, "areas": areas, "notice": "", "notice_values": ""}])


def plain(text):
    return issue(text, kind="plain_text")


NAMES = {"a": "ألبا Alba", "b": "Borga", "land": "Terra", "c": "Cara"}


def held_pairs(doubts):
    found = rank_doubts(doubts, UNITS, {}).pairs
    assert {(other, one) for one, other in found} == set(found)
    return {pair for pair in found if pair[0] < pair[1]}


def test_an_area_that_a_plain_text_names_stands_for_the_townships_in_it():
    # The name is written in two scripts; the issue has it in one. The country holds all and compares nothing.
    found = doubted_units(plain("Totals of Alba and Borga, in Terra, appear interchanged"), boundaries(NAMES), UNITS)
    assert [sorted(map(tuple, doubt["areas"])) for doubt in found] == [[("a1", "a2"), ("b",)]]
    assert found[0]["without_rank"] == ["a1", "a2", "b"]


@pytest.mark.parametrize(
    "text", ["", "Totals of Borga are old", "Albany and Borgata appear interchanged", "Alba and its part Aone are late"]
)
def test_a_plain_text_that_names_fewer_than_two_areas_forbids_no_comparison(text):
    names = {"a": "Alba", "a1": "Aone", "b": "Borga"}
    assert doubted_units(plain(text), boundaries(names), UNITS) == []


@pytest.mark.parametrize("kind", ["declared", "noticed"])
def test_only_a_plain_text_is_searched_for_names(kind):
    text = "Totals of Alba and Borga appear interchanged"
    assert doubted_units(issue(text, kind=kind), boundaries(NAMES), UNITS) == []


def test_names_without_spaces_are_found_inside_a_text():
    found = doubted_units(plain("青岩与白水的合计似被互换"), boundaries({"b": "青岩", "c": "白水"}), UNITS)
    assert found[0]["areas"] == [["b"], ["c"]]


def test_without_outlines_a_plain_text_leaves_nothing_in_doubt():
    named = pd.DataFrame({"boundary_id": ["b", "c"], "name": ["Borga", "Cara"]})
    assert doubted_units(plain("Borga and Cara appear interchanged"), named, UNITS) == []


@pytest.mark.parametrize(
    ("forbids", "areas", "without_rank", "pairs"),
    [
        # Between areas alone: the two townships of Alba may be compared, and Cara with everybody.
        ("comparison", "Alba;Borga", ["a1", "a2", "b"], {("a1", "b"), ("a2", "b")}),
        # A single area, with everybody outside it.
        ("comparison", "Alba", ["a1", "a2"], {("a1", "b"), ("a1", "c"), ("a2", "b"), ("a2", "c")}),
        ("comparison", "", UNITS, set(combinations(UNITS, 2))),
        # Who has no rank ranks before nobody.
        ("ranking", "b", ["b"], {("a1", "b"), ("a2", "b"), ("b", "c")}),
        ("ranking", "", UNITS, set(combinations(UNITS, 2))),
        ("comparison;ranking", "Borga;c", ["b", "c"], set(combinations(UNITS, 2)) - {("a1", "a2")}),
    ],
)
def test_a_declared_issue_forbids_what_it_says_of_the_areas_it_names(forbids, areas, without_rank, pairs):
    found = doubted_units(issue(forbids=forbids, areas=areas), boundaries(NAMES), UNITS)
    assert found[0]["without_rank"] == without_rank
    assert held_pairs(found) == pairs


def test_an_area_that_the_study_does_not_have_is_named_and_holds_back_nobody():
    table = issue(forbids="ranking", areas="Borga;Nowhere")
    doubts = doubted_units(table, boundaries(NAMES), UNITS)
    assert (doubts[0]["without_rank"], doubts[0]["unknown_areas"]) == (["b"], ["Nowhere"])
    assert issue_records(table, doubts)[0]["unknown_areas"] == ["Nowhere"]
    nowhere = doubted_units(issue(forbids="ranking", areas="Nowhere"), boundaries(NAMES), UNITS)
    assert (nowhere[0]["without_rank"], held_pairs(nowhere)) == ([], set())


def test_a_declared_area_may_have_a_short_name_which_a_plain_text_does_not_find():
    short = boundaries({"b": "Ely", "c": "Cara"})
    assert doubted_units(issue(forbids="ranking", areas="Ely"), short, UNITS)[0]["without_rank"] == ["b"]
    assert doubted_units(plain("Ely and Cara appear interchanged"), short, UNITS) == []


def test_settlements_have_no_rank_where_their_township_has_none():
    doubts = doubted_units(issue(forbids="ranking", areas="Alba"), boundaries(NAMES), UNITS)
    held = rank_doubts(doubts, UNITS, {"in a1": "a1", "in c": "c", "nowhere": None})
    assert held.units == {"township": {"a1", "a2"}, "settlement": {"in a1"}}


def test_an_issue_that_forbids_nothing_is_told_with_what_it_affects():
    table = issue("Old", affects="population;clinic")
    record = issue_records(table, doubted_units(table, boundaries(NAMES), UNITS))[0]
    assert (record["affects"], record["forbids"], record["without_rank"]) == (["population", "clinic"], [], [])


@pytest.mark.parametrize(
    ("language", "before", "effect"),
    [
        (
            "en",
            "known issue: p.tif: ",
            " [affects population, bank; forbids to compare Alba, Borga; townships without a rank: 3]",
        ),
        ("zh", "已知问题：p.tif：", "〔涉及人口、银行；不得相互比较：Alba、Borga；3个乡镇没有排名〕"),  # noqa: RUF001 - Chinese
        (
            "fr",
            "défaut connu\u00a0: p.tif\u00a0: ",
            (
                " [touche\u00a0: population, banque\u202f; interdit de comparer Alba, Borga\u202f; "
                "communes sans rang\u00a0: 3]"
            ),
        ),
    ],
)
def test_the_line_of_an_issue_says_what_it_affects_and_forbids(language, before, effect):
    table = issue("Old", affects="population;bank", forbids="comparison", areas="Alba;Borga")
    records = issue_records(table, doubted_units(table, boundaries(NAMES), UNITS))
    names = {"bank": {"en": "bank", "zh": "银行", "fr": "banque"}[language]}
    said = issue_lines({"issues": [], "known_issues": records}, language, names=names)
    assert said == [f"{before}Old{effect}"]


@pytest.mark.parametrize(
    ("unit", "component", "status", "why"),
    [
        ("both", "gap_ratio", "not_defined", None),
        ("rural", "gap_ratio", "not_defined", "no_classes"),
        ("rural", "gap_ratio", "measured", None),
        ("rural", "dissimilarity", "not_defined", "all_alike"),
        ("rural", "incomplete_towns", "not_defined", "no_asked_towns"),
        ("rural", "gates_spread", "not_defined", "no_gates"),
        ("rural", "circuity", "not_defined", None),
    ],
)
def test_a_component_that_is_not_defined_says_what_is_not_there(unit, component, status, why):
    settlements = pd.DataFrame(
        {
            "settlement_id": list("wxyz"),
            "township_id": ["both", "both", "rural", "rural"],
            "official_class": ["urban", "rural", "rural", None],
            "in_study": True,
        }
    )
    scores = pd.DataFrame({"unit_level": ["township"] * 2, "unit_id": ["both", "rural"]})
    known = Undefined.of({"settlements": settlements, "scores": scores}, "township")
    found = known.reason(unit, {"component": component, "component_status": status})
    assert found == ({"why": why} if why else {})
