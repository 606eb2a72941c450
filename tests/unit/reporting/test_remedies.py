"""Villages that are to be relocated count like all others, and are told a mobile service instead of a site or road."""

from __future__ import annotations

import datetime as dt
import json
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial.messages import Words, languages
from spatial.norms.evaluation import evaluate_norms
from spatial.norms.law import NormRules, applicable_norms, load_register
from spatial.norms.measuring import NormEvidence
from spatial.qgis.joins import gap_points
from spatial.qgis.looks_results import gap_look
from spatial.reporting.explain import explain, explanation_text
from spatial.reporting.summary import headline_text, mobile_places, rank_gaps, summarise_study
from spatial.tables import TABLES

AS_OF = dt.date(2026, 6, 30)
RULES = NormRules(only=("GL-PHC-1H",))  # primary care within 60 minutes by the fastest mode
CLASSES = ("relocate", "protected", "cluster", None, "relocate")
MINUTES = (63.0, 200.0, 200.0, 200.0, 12.0)
PERSONS = (300.0, 50.0, 70.0, 40.0, 100.0)


class _Word:
    id = "primary_care"
    proxy = False


class _Words:
    def for_register(self, name):
        return _Word() if name == "primary_care" else None

    def satisfying(self, service):
        return frozenset({service})


def _text(*values):
    return pd.Series(list(values), dtype="str")


def _places(classes=CLASSES, persons=PERSONS):
    n = len(persons)
    columns = {
        "settlement_id": _text(*"abcde"[:n]),
        "name": _text(*"ABCDE"[:n]),
        "tier": _text(*["village"] * n),
        "official_class": _text(*["rural"] * n),
        "in_study": [True] * n,
        "population_persons": np.array(persons, dtype=float),
        "population_source": _text(*["column"] * n),
        "township_id": _text(*["t1"] * n),
        "township": _text(*["First"] * n),
    }
    if classes is not None:
        columns["village_plan_class"] = _text(*classes)
    points = gpd.points_from_xy([1000.0 * k for k in range(n)], [0.0] * n)
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:32738")


def _access():
    times = np.array(MINUTES)
    n = len(times)
    return pd.DataFrame(
        {
            "settlement_id": _text(*"abcde"),
            "service": _text(*["primary_care"] * n),
            "mode": _text(*["drive"] * n),
            "facility_id": _text(*["f"] * n),
            "travel_time_min": times,
            "access_leg_min": times * 0.0,
            "network_leg_min": times,
            "egress_leg_min": times * 0.0,
            "network_distance_m": times * 500.0,
            "straight_distance_m": times * 400.0,
            "second_facility_id": _text(*[None] * n),
            "second_travel_time_min": times * math.nan,
            "reach_status": _text(*["reached"] * n),
            "edge_risk": [False] * n,
        }
    )


def _study(places, reach="reached"):
    register = load_register()
    access = _access().assign(reach_status=reach)
    results = evaluate_norms(
        register, places, access, as_of=AS_OF, rules=RULES, evidence=NormEvidence(vocabulary=_Words())
    )
    binding = applicable_norms(register, as_of=AS_OF, rules=RULES)
    gaps = rank_gaps(results, places, access, binding)
    TABLES["gaps"].check(gaps)
    return {"settlements": places, "access": access, "norm_results": results, "gaps": gaps}, binding


def test_villages_to_be_relocated_are_gaps_with_a_mobile_service():
    tables, _ = _study(_places())
    gaps = tables["gaps"].set_index("settlement_id")
    # beyond 60 min: a (63), b, c and d (200); e at 12 min lacks nothing, though it is to be relocated
    assert gaps["remedy"].to_dict() == {
        "a": "mobile_service",
        "b": "site_or_road",  # protected: its plan says nothing against a site
        "c": "site_or_road",
        "d": "site_or_road",
    }
    assert gaps["persons_unserved"].to_dict() == {"a": 300.0, "b": 50.0, "c": 70.0, "d": 40.0}


def test_the_class_changes_no_number_and_no_rank():
    with_class, _ = _study(_places())
    without, _ = _study(_places(classes=None))
    pd.testing.assert_frame_equal(with_class["norm_results"], without["norm_results"])
    plain = with_class["gaps"].drop(columns="remedy")
    pd.testing.assert_frame_equal(pd.DataFrame(plain), pd.DataFrame(without["gaps"].drop(columns="remedy")))
    assert set(without["gaps"]["remedy"]) == {"site_or_road"}


def test_the_summary_counts_gaps_by_remedy_and_people_of_each_norm():
    tables, binding = _study(_places())
    summary = summarise_study(tables, register=binding)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["gaps"]["by_remedy"] == {
        "site_or_road": {"gaps": 3, "places": 3},
        "mobile_service": {"gaps": 1, "places": 1},
    }
    assert summary["norms"][0]["mobile"] == {"places": 1, "persons": 300.0}  # a; e is within
    assert summary["norms"][0]["persons_unserved"] == 460.0  # 300 + 50 + 70 + 40: all of them count


def test_headlines_say_who_gets_a_mobile_service_and_nothing_where_nobody_does():
    tables, binding = _study(_places())
    norm = summarise_study(tables, register=binding)["norms"][0]
    assert "Of those beyond, 300 live in villages that are to be relocated (1)" in headline_text(norm)
    for language in languages():
        assert "300" in headline_text(norm, language)
        assert "mobile_" not in headline_text(norm, language)  # every language has the words
    tables, binding = _study(_places(classes=None))
    assert "relocated" not in headline_text(summarise_study(tables, register=binding)["norms"][0])


def test_places_are_counted_where_nobody_knows_the_people():
    tables, binding = _study(_places(persons=(math.nan,) * 5))
    norm = summarise_study(tables, register=binding)["norms"][0]
    assert norm["mobile"] == {"places": 1, "persons": None}
    assert "Villages that are to be relocated among those beyond: 1." in headline_text(norm)


@pytest.mark.parametrize(
    ("language", "remedy", "plan"),
    [
        ("en", "remedy: a mobile service", "to be relocated"),
        ("zh", "搬迁撤并类村庄由流动服务覆盖", "村庄规划分类"),
        ("fr", "remède : un service mobile", "à reloger"),
    ],
)
def test_one_settlement_is_told_its_remedy_in_every_language(language, remedy, plan):
    tables, binding = _study(_places())
    story = explain("a", tables, register=binding)
    assert story["settlement"]["village_plan_class"] == "relocate"
    assert story["norms"][0]["remedy"] == "mobile_service"
    told = explanation_text(story, language).replace("\u00a0", " ").replace("\u202f", " ")
    assert remedy in told
    assert plan in told
    within, other = (explain(one, tables, register=binding) for one in ("e", "b"))
    assert within["norms"][0]["remedy"] is None  # nothing is lacking there
    assert other["norms"][0]["remedy"] == "site_or_road"
    assert remedy not in explanation_text(other, language).replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("reach", ["no_facility", "reached"])
def test_no_remedy_is_named_for_a_norm_of_which_nothing_is_mapped(reach):
    told, binding = _study(_places(), reach)
    assert len(told["gaps"]) == (0 if reach == "no_facility" else 4)
    for place, remedy in (("a", "mobile_service"), ("b", "site_or_road")):
        story = explain(place, told, register=binding)
        (norm,) = story["norms"]
        assert norm["nothing_mapped"] == (reach == "no_facility")
        assert norm["remedy"] == (None if norm["nothing_mapped"] else remedy)
        is_told = "remedy: a mobile service" in explanation_text(story)
        assert is_told == (norm["remedy"] == "mobile_service")


def _legend(frame, words):
    return [item.get("label") for item in gap_look(frame, words).renderer.iter("category")]


def test_a_map_in_qgis_shows_the_remedy_before_the_measure():
    tables, _ = _study(_places())
    frame = gap_points(tables, tables["gaps"]["norm_id"].iloc[0])
    shown = frame.set_index("settlement_id")["gap_class"].to_dict()
    assert shown.pop("a") == "mobile_service"  # 3 minutes beyond: a near miss otherwise
    assert set(shown.values()) == {"far_mapped"}  # 200 is more than twice 60
    for language in ("en", "zh", "fr"):
        words = Words(language, "qgis")
        assert words.say("gap", "mobile_service") in _legend(frame, words)
        assert words.say("gap", "mobile_service") not in _legend(frame[frame["settlement_id"] != "a"], words)


@pytest.mark.parametrize(("threshold", "said"), [(4.0, "Over 9 min"), (5.0, "Over 10 min, twice the norm")])
def test_a_map_in_qgis_says_twice_the_norm_of_no_less(threshold, said):
    # Five minutes beyond 4 is narrowly beyond, and more than twice as far; beyond 5 it is just twice.
    tables, _ = _study(_places())
    frame = gap_points(tables, tables["gaps"]["norm_id"].iloc[0])
    frame = frame.assign(threshold=threshold, gap_class="far", unit="min")
    assert [label.replace("\u00a0", " ") for label in _legend(frame, Words("en", "qgis"))] == [said]


def test_remedies_do_not_depend_on_the_order_of_places():
    places = _places()
    assert mobile_places(places) == mobile_places(places.iloc[::-1]) == frozenset({"a", "e"})


def test_no_gap_is_no_remedy():
    tables, binding = _study(_places(classes=None))
    summary = summarise_study(tables | {"gaps": tables["gaps"].iloc[:0]}, register=binding)
    nothing = {"gaps": 0, "places": 0}
    assert summary["gaps"]["by_remedy"] == {"site_or_road": nothing, "mobile_service": nothing}
    assert [norm["mobile"] for norm in summary["norms"]] == [None] * len(summary["norms"])
