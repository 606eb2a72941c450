"""Townships that a known issue names side by side, and why a component is not defined."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from spatial.cartography.undefined import Undefined
from spatial.planning.score_doubts import doubted_units

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
        {"boundary_id": list(boxes), "name": [names.get(key) for key in boxes]},
        geometry=shapes,
        crs="EPSG:32738",
    )


def test_an_area_that_an_issue_names_stands_for_the_townships_in_it():
    # The name is written in two scripts; the issue has it in one. The country holds all and compares nothing.
    found = doubted_units(
        ["Totals of Alba and Borga, in Terra, appear interchanged"],
        boundaries({"a": "ألبا Alba", "b": "Borga", "land": "Terra", "c": "Cara"}),
        UNITS,
    )
    assert [sorted(map(tuple, doubt["areas"])) for doubt in found] == [[("a1", "a2"), ("b",)]]


@pytest.mark.parametrize(
    "issue",
    [
        "",
        "Totals of Borga are old",
        "Albany and Borgata appear interchanged",
        "Alba and its part Aone are late",
    ],
)
def test_an_issue_that_names_fewer_than_two_areas_forbids_no_comparison(issue):
    names = {"a": "Alba", "a1": "Aone", "b": "Borga"}
    assert doubted_units([issue], boundaries(names), UNITS) == []


def test_names_without_spaces_are_found_inside_a_text():
    found = doubted_units(["青岩与白水的合计似被互换"], boundaries({"b": "青岩", "c": "白水"}), UNITS)
    assert found[0]["areas"] == [["b"], ["c"]]


def test_without_outlines_nothing_is_in_doubt():
    named = pd.DataFrame({"boundary_id": ["b", "c"], "name": ["Borga", "Cara"]})
    assert doubted_units(["Borga and Cara appear interchanged"], named, UNITS) == []


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
