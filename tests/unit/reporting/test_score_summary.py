"""The score on the study's page, at the end of a run and in the explanation of a settlement."""

from __future__ import annotations

import json
import math
import re
from typing import get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from spatial.messages import Words
from spatial.reporting.score import (
    component_text,
    detail_text,
    label_text,
    levels_shown,
    pillars_missing,
    place_score,
    place_score_lines,
    score_lines,
    summarise_score,
    told_apart,
)
from spatial.study import ScoreOptions
from spatial.tables import TABLES
from spatial.tables.words import PILLARS

LANGUAGES = ("en", "zh", "fr")


def text(*values):
    return pd.Series(list(values), dtype="str")


def scores(rows):
    """Scores of units; each row names level, id, name, levels of four pillars and ranks."""
    frame = pd.DataFrame(rows, columns=["unit_level", "unit_id", "name", *PILLARS, "rank"])
    levels = frame[list(PILLARS)].to_numpy(dtype=float)
    known = ~np.isnan(levels)
    mean = np.array(
        [
            math.exp(np.log(row[there]).mean()) if there.any() else math.nan
            for row, there in zip(levels, known, strict=True)
        ]
    )
    whole = known.all(axis=1) | (frame["unit_level"].eq("settlement").to_numpy() & ~np.isnan(mean))
    band = ["unknown" if math.isnan(value) else "middle" for value in mean]
    made = pd.DataFrame(
        {
            "unit_level": text(*frame["unit_level"]),
            "unit_id": text(*frame["unit_id"]),
            "name": text(*frame["name"]),
            "population_persons": 1000.0,
            "places": 20,
            **{f"level_{name}": levels[:, at] for at, name in enumerate(PILLARS)},
            "integration_level": mean,
            "integration_level_arithmetic": mean,
            "level_low": np.where(whole, mean, 0.1),
            "level_high": np.where(whole, mean, 0.9),
            "missing_pillars": (~known).sum(axis=1),
            "segmentation_index": 0.25,
            "segmentation_terms": text(*["theil;border"] * len(frame)),
            "gaps_met": 1,
            "gaps_measured": 3,
            "mandatory_status": text(*["fail"] * len(frame)),
            "gates_passed": 1,
            "gates_in_force": 2,
            "failed_gates": text(*["CN-A"] * len(frame)),
            "level_band": text(*[name if full else "low_to_high" for name, full in zip(band, whole, strict=True)]),
            "gap_band": text(*["wide"] * len(frame)),
            "unserved_persons": 400.0,
            "median_rank": frame["rank"].astype(float),
            "low_rank": frame["rank"].astype(float) - 0.5,
            "high_rank": frame["rank"].astype(float) + 1.0,
            "rank_status": text(*np.where(frame["rank"].isna(), "not_ranked", "ranked")),
            "known_share": 0.75,
        }
    )
    TABLES["scores"].check(made)
    return made


def component(level, unit, pillar, side, name, value, **more):
    base = {
        "unit_level": level,
        "unit_id": unit,
        "pillar": pillar,
        "side": side,
        "component": name,
        "value": value,
        "low": math.nan,
        "high": math.nan,
        "unit": "share",
        "target": math.nan,
        "meets_target": "no_target",
        "persons": math.nan,
        "persons_known": math.nan,
        "persons_unknown": math.nan,
        "detail": "",
        "component_status": "no_data" if math.isnan(value) else "measured",
    }
    return base | more


@pytest.fixture
def tables():
    """A study of two townships and three settlements; nothing flows, the first township is surely before the last."""
    nan = math.nan
    found = scores(
        [
            ("study", "study", None, 0.25, nan, 0.64, 1.0, nan),
            ("township", "t1", "First", 0.5, nan, 0.5, 0.9, 2.0),
            ("township", "t2", "Second", 0.8, nan, 0.9, 1.0, 1.0),
            ("settlement", "a", "Aba", 0.5, nan, 0.5, nan, 2.0),
            ("settlement", "b", "Bolo", 0.9, nan, 0.9, nan, 1.0),
            ("settlement", "c", "Chidi", nan, nan, nan, nan, nan),
        ]
    )
    parts = pd.DataFrame(
        [
            component("study", "study", "structure", "level", "even_access", 0.25, persons=700.0),
            component("study", "study", "structure", "gap", "theil_between_share", 0.4, target=0.1, meets_target="no"),
            component("study", "study", "elements", "level", "two_way_flow", nan),
            component("study", "study", "boundaries", "level", "effective_coverage", 0.64),
            component("study", "study", "order", "level", "gates_passed", 1.0),
            component("township", "t1", "structure", "level", "even_access", 0.5),
            component("township", "t1", "boundaries", "level", "effective_coverage", 0.5),
            component("settlement", "a", "structure", "level", "even_access", 0.5),
        ]
    )
    TABLES["score_components"].check(parts)
    types = pd.DataFrame(
        {
            "settlement_id": text("a", "b", "c"),
            "official_class": text("rural", "urban", None),
            "degurba_code": [21, 13, 21],
            "degurba_class": text("urban", "rural", "urban"),
            "classes_differ": [True, True, False],
            "catchment_tier": text("town", "town", "none"),
            "catchment_band_min": [15.0, 30.0, nan],
            "catchment_centre_id": text("b", "b", None),
            "urca_local": text("town_15", "town_30", "none"),
        }
    )
    TABLES["settlement_types"].check(types)
    pairs = pd.DataFrame(
        {"unit_id": text("t1", "t2"), "other_id": text("t2", "t1"), "probability_before": [0.05, 0.95]}
    )
    settlements = gpd.GeoDataFrame(
        {"settlement_id": text("c", "b", "a"), "population_persons": [5.0, 20.0, 300.0]},
        geometry=gpd.points_from_xy([0.0, 1.0, 2.0], [0.0] * 3),
    )
    return {
        "settlements": settlements,
        "scores": found,
        "score_components": parts,
        "settlement_types": types,
        "rank_pairs": pairs,
    }


def test_the_summary_holds_level_gaps_gates_obstacles_and_classes(tables):
    score = summarise_score(tables)
    json.dumps(score, allow_nan=False)
    assert score["integration_level"] == pytest.approx((0.25 * 0.64) ** (1 / 3))
    assert (score["level_low"], score["level_high"], score["missing_pillars"]) == (0.1, 0.9, ["elements"])
    assert score["missing_reasons"] == {"elements": "no_data"}
    assert score["level_band"] == "low_to_high"
    assert list(score["pillars"]) == list(PILLARS)
    assert score["pillars"]["structure"]["gaps"] == [
        {
            "component": "theil_between_share",
            "value": 0.4,
            "unit": "share",
            "target": 0.1,
            "meets_target": "no",
            "persons": None,
            "detail": "",
            "component_status": "measured",
        }
    ]
    ends = {"low", "high", "persons_known", "persons_unknown"}
    assert all(ends <= set(part) for pillar in score["pillars"].values() for part in pillar["components"])
    assert score["segmentation"] == {"index": 0.25, "terms": ["theil", "border"]}
    assert score["gates"] == {"mandatory_status": "fail", "passed": 1, "in_force": 2, "failed": ["CN-A"], "unjudged": 0}
    # Lacks 0.75, 0.36 and nothing, of pillars that weigh the same.
    assert [(part["component"], part["obstacle_degree"]) for part in score["obstacles"]] == [
        ("even_access", pytest.approx(0.75 / 1.11)),
        ("effective_coverage", pytest.approx(0.36 / 1.11)),
    ]
    assert score["known_share"] == 0.75


def test_obstacles_follow_the_weights_of_the_study(tables):
    score = summarise_score(tables, {"structure": 0.0, "boundaries": 1.0})
    assert [part["component"] for part in score["obstacles"]] == ["effective_coverage"]


def test_the_disagreement_between_classes_is_told_in_persons(tables):
    classes = summarise_score(tables)["classes"]
    assert classes["official"] == {
        "rural": {"places": 1, "persons": 300.0},
        "unknown": {"places": 1, "persons": 5.0},
        "urban": {"places": 1, "persons": 20.0},
    }
    assert classes["degurba"]["urban"] == {"places": 2, "persons": 305.0}
    assert classes["degurba_codes"] == {"13": {"places": 1, "persons": 20.0}, "21": {"places": 2, "persons": 305.0}}
    assert classes["differ"] == {
        "places": 2,
        "persons": 320.0,
        "official_rural_degurba_urban": {"places": 1, "persons": 300.0},
        "official_urban_degurba_rural": {"places": 1, "persons": 20.0},
    }


def test_people_whom_nobody_counted_are_not_nobody(tables):
    tables["settlements"]["population_persons"] = math.nan
    differ = summarise_score(tables)["classes"]["differ"]
    assert (differ["places"], differ["persons"]) == (2, None)


def test_townships_are_told_apart_from_a_probability_of_nine_tenths_on(tables):
    apart = summarise_score(tables)["townships"]["told_apart"]
    assert (apart["first"]["id"], apart["last"]["id"], apart["probability_before"]) == ("t2", "t1", 0.95)
    assert (apart["last"]["median_rank"], apart["last"]["low_rank"], apart["last"]["high_rank"]) == (2, 1.5, 3)
    for probability, found in ((0.9, ("t2", "t1", 0.9)), (0.8999, None)):
        pairs = tables["rank_pairs"].assign(probability_before=[1.0 - probability, probability])
        assert told_apart(tables["scores"], pairs) == found
    assert told_apart(tables["scores"], tables["rank_pairs"].iloc[:0]) is None
    assert told_apart(tables["scores"], None) is None


def test_of_sure_pairs_the_one_furthest_apart_is_told_whatever_the_order_of_rows(tables):
    ranked = scores([("township", f"t{at}", f"T{at}", 0.5, 0.5, 0.5, 0.5, float(at)) for at in range(1, 5)])
    pairs = pd.DataFrame(
        {
            "unit_id": text("t1", "t1", "t1", "t2"),
            "other_id": text("t2", "t3", "t4", "t4"),
            "probability_before": [1.0, 0.91, 0.89, 0.99],
        }
    )
    assert told_apart(ranked, pairs) == ("t2", "t4", 0.99)
    assert told_apart(ranked.iloc[::-1], pairs.iloc[::-1]) == ("t2", "t4", 0.99)


def test_there_is_no_score_without_its_tables(tables):
    assert summarise_score({"settlements": tables["settlements"]}) is None
    assert summarise_score({**tables, "scores": tables["scores"].iloc[1:]}) is None
    assert score_lines(None) == []
    bare = {name: tables[name] for name in ("settlements", "scores", "score_components")}
    score = summarise_score(bare)
    assert score["classes"] is None
    assert score["townships"]["told_apart"] is None


def test_a_run_ends_with_the_score_in_a_few_lines(tables):
    assert score_lines(summarise_score(tables)) == [
        (
            "By the 3 of 4 pillars that could be measured, the integration level is 0.54 of 1 (low to high; 0.10 to "
            "0.90): space 0.25, sharing 0.64, order 1.00. Not measured: flows (no data)."
        ),
        (
            "Gaps between town and country within their targets: 1 of 3 measured, of 1 that have one; "
            "segmentation index 0.25 (0 = not segmented), of inequality between town and country, borders."
        ),
        "Held back most by: access, evenly shared (67.6 %), coverage of those entitled (32.4 %).",
        "Second surely ranks before First (95 % of draws); of 2 townships no pair lies further apart.",
        (
            "The official class counts. The Degree of Urbanisation puts 320 people (2 places) in the other class: 300 "
            "officially rural, 20 officially urban."
        ),
    ]


def test_gates_that_nobody_can_judge_are_told_in_one_sentence(tables):
    some = tables["scores"].assign(gates_in_force=4)
    assert summarise_score({**tables, "scores": some})["gates"]["unjudged"] == 2
    assert score_lines(summarise_score({**tables, "scores": some}))[1] == (
        "2 of 4 mandatory norms in force cannot be judged for want of data: the level leaves them out, and its "
        "interval runs from none of them met to all of them met."
    )
    none = tables["scores"].assign(gates_passed=0, failed_gates="", mandatory_status="unknown")
    assert score_lines(summarise_score({**tables, "scores": none}))[1] == (
        "2 of 2 mandatory norms in force cannot be judged for want of data: the level leaves them out, and its "
        "interval runs from none of them met to all of them met."
    )


def test_the_label_claims_no_band_that_the_interval_does_not_support(tables):
    study = tables["scores"].iloc[0].to_dict()
    words = Words("en")
    assert label_text(study, words) == (
        "level low to high by 3 of 4 pillars; gaps not all within their targets; mandatory: FAILED"
    )
    whole = {**study, "level_elements": 0.5, "missing_pillars": 0, "level_band": "middle"}
    assert label_text(whole, words).startswith("level middle; gaps")


def test_a_pillar_is_missing_for_the_first_reason_that_any_part_has(tables):
    row = tables["scores"].iloc[0].to_dict() | {"level_order": math.nan}
    parts = [
        component("study", "study", "order", "level", "gates_passed", math.nan, component_status="not_asked"),
        component("study", "study", "order", "level", "robust_coverage", math.nan),
        component("study", "study", "elements", "level", "two_way_flow", math.nan),
    ]
    assert pillars_missing(row, parts) == {"elements": "no_data", "order": "no_data"}
    assert pillars_missing(row, [parts[0], parts[2]]) == {"elements": "no_data", "order": "not_asked"}
    village = row | {"unit_level": "settlement"}
    assert pillars_missing(village, parts[:1]) == {}


def test_a_study_without_townships_flows_or_people_still_has_its_lines(tables):
    alone = tables["scores"]["unit_level"] != "township"
    study = tables["scores"].loc[alone].assign(gaps_measured=0, segmentation_index=math.nan)
    bare = {
        "settlements": tables["settlements"].assign(population_persons=math.nan),
        "scores": study,
        "score_components": tables["score_components"].iloc[:0],
        "rank_pairs": tables["rank_pairs"].iloc[:0],
    }
    lines = score_lines(summarise_score(bare))
    assert len(lines) == 2
    assert lines[1] == "No gap between town and country could be held against a target."
    unknown = study.assign(**{f"level_{name}": math.nan for name in PILLARS}, integration_level=math.nan)
    assert score_lines(summarise_score({**bare, "scores": unknown}))[0] == ("Integration level: nothing measures it.")


def test_a_settlement_is_told_with_its_rank_and_what_its_township_lacks(tables):
    told = place_score("a", "t1", tables)
    json.dumps(told, allow_nan=False)
    assert list(place_score_lines(told, Words("en"))) == [
        "level 0.50 (middle): space 0.50, sharing 0.50",
        "rank 2 of 2 settlements (1.5 to 3 in nine of ten draws)",
        "lacks most: access, evenly shared (100 %)",
        "officially rural, by the Degree of Urbanisation urban (21); the official class counts",
        "First: level 0.61 (low to high by 3 of 4 pillars; 0.10 to 0.90), rank 2 of 2 townships (1.5 to 3)",
        "First lacks most: coverage of those entitled (50 %), access, evenly shared (50 %)",
        "First fails mandatory norms: CN-A",
    ]


def test_a_settlement_without_a_township_or_a_level_says_so(tables):
    assert place_score("a", None, tables)["township"] is None
    assert place_score("nobody", "t1", tables) is None
    assert list(place_score_lines(None, Words("en"))) == []
    unknown = list(place_score_lines(place_score("c", "t9", tables), Words("en")))
    assert unknown == ["level: nothing measures it"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_is_said_in_every_language(tables, language):
    words = Words(language)
    lines = [*score_lines(summarise_score(tables), language)]
    lines += place_score_lines(place_score("a", "t1", tables), words)
    assert len(lines) == 12
    assert not any(re.search(r"[{}]|_", line) for line in lines)
    if language != "en":
        english = [
            *score_lines(summarise_score(tables)),
            *place_score_lines(place_score("a", "t1", tables), Words("en")),
        ]
        assert not set(lines) & set(english)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_component_has_a_name(language):
    words = Words(language)
    read = Words("en", "results").messages
    names = [name for name in read["component"] if not name.endswith("_any")]
    told = {name: component_text(name, words) for name in names}
    assert len(set(told.values())) == len(names)
    assert not any("_" in name or "{" in name for name in told.values())
    assert "parcels" not in component_text("two_way_flow:parcels", words) or language == "en"
    assert "{" not in component_text("net_flow_ratio:tonnes", words)


def test_the_summary_counts_clusters_and_names_the_places_that_have_no_neighbours(tables):
    assert summarise_score(tables)["clusters"] is None
    tables["access_clusters"] = pd.DataFrame(
        {
            "settlement_id": text("a", "b", "c"),
            "cluster": text("bad", "unknown", "unknown"),
            "cluster_status": text("measured", "no_neighbours", "no_access"),
        }
    )
    clusters = summarise_score(tables)["clusters"]
    assert clusters["clusters"] == {"bad": {"places": 1, "persons": 300.0}, "unknown": {"places": 2, "persons": 25.0}}
    assert clusters["statuses"]["no_neighbours"] == {"places": 1, "persons": 20.0}
    assert clusters["without_neighbours"] == ["b"]
    json.dumps(clusters, allow_nan=False)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "8 nearest by travel time, p=0.001"), ("zh", "出行时间最近的8个、p=0.001")]
)
def test_a_detail_says_who_counts_as_a_neighbour_in_words(language, said):
    words = Words(language)
    assert detail_text("moran_i", "travel_time;p=0.001", words) == said
    worst = detail_text("worst_group_attainment", "elderly;norms=6", words)
    assert "6" in worst
    assert ";" not in worst
    assert "_" not in detail_text("worst_group_attainment", "no_common_norms", words)
    assert detail_text("dissimilarity_environment", "CN-A;5 km", words).endswith("5 km")


def test_every_rule_of_neighbours_and_every_spatial_gap_has_words_in_every_language():
    rules = get_args(ScoreOptions.model_fields["neighbours"].annotation)
    spatial = ("dissimilarity_contiguity", "dissimilarity_environment", "information_environment")
    for language in LANGUAGES:
        words = Words(language)
        assert {*rules, "no_outlines"} <= set(words.messages["made"])
        assert len({component_text(name, words) for name in spatial}) == len(spatial)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "rank: none, as a known issue"), ("fr", "rang\u00a0: aucun"), ("zh", "排名：无")],  # noqa: RUF001 - Chinese
)
def test_whom_a_known_issue_forbids_to_rank_has_none_and_it_is_said_why(language, said, tables):
    ranks = ["median_rank", "low_rank", "high_rank"]
    table = tables["scores"].copy()
    held = table["unit_id"].isin(["t1", "a"])
    table.loc[held, ranks] = np.nan
    table.loc[held, "rank_status"] = "in_doubt"
    pairs = tables["rank_pairs"].assign(probability_before=np.nan, pair_status="in_doubt")
    told = tables | {"scores": table, "rank_pairs": pairs}
    townships = summarise_score(told)["townships"]
    assert (townships["without_rank"], townships["told_apart"]) == (1, None)
    lines = list(place_score_lines(place_score("a", "t1", told), Words(language)))
    assert sum(said in line for line in lines) == 1
    free = list(place_score_lines(place_score("b", "t2", told), Words(language)))
    assert not any(said in line for line in free)


def levels_of(places, pillars, settlement_pillars=(0.5, 0.5, math.nan, math.nan)):
    """A study and a township of so many settlements and pillars, and a settlement."""
    levels = [0.5] * pillars + [math.nan] * (4 - pillars)
    rows = [
        ("study", "study", "All", *levels, math.nan),
        ("township", "t1", "First", *levels, 1.0),
        ("settlement", "a", "A", *settlement_pillars, 1.0),
    ]
    frame = scores(rows)
    return frame.assign(places=[places, places, 1])


@pytest.mark.parametrize(
    ("places", "pillars", "why"),
    [
        (10, 2, ""),
        (9, 2, "few_places"),
        (9, 4, "few_places"),
        (10, 1, "few_pillars"),
        (9, 1, "few_pillars"),
        (500, 1, "few_pillars"),
        (10, 0, ""),  # nothing measures it: that is said already
    ],
)
def test_a_level_of_few_pillars_or_few_settlements_is_in_the_table_and_is_not_shown(places, pillars, why):
    table = levels_of(places, pillars)
    shown = levels_shown(table).set_index("unit_level")
    assert shown.loc[["study", "township"], "level_hidden"].tolist() == [why, why]
    told = ("integration_level", "level_low", "level_high", "median_rank")
    known = [not math.isnan(shown.loc["township", name]) for name in told]
    measured = [not math.isnan(table.loc[1, name]) for name in told]
    assert known == ([False] * 4 if why else measured)
    if pillars:
        assert shown.loc["study", "level_structure"] == 0.5  # a pillar is told all the same
    # a settlement has one place: what counts is how many the study has
    assert shown.loc["settlement", "level_hidden"] == ("few_places" if places < 10 else "")
    assert math.isnan(table.loc[0, "integration_level"]) == (pillars == 0)  # the table keeps it


def test_a_settlement_of_one_measured_pillar_shows_no_level():
    shown = levels_shown(levels_of(20, 4, (0.5, math.nan, math.nan, math.nan))).set_index("unit_level")
    assert shown["level_hidden"].to_dict() == {"study": "", "township": "", "settlement": "few_pillars"}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "No integration level is shown: it would rest on fewer than 10 settlements."),
        ("fr", "Aucun niveau d\u2019intégration n\u2019est indiqué"),
        ("zh", "不显示融合水平"),
    ],
)
def test_the_summary_keeps_a_level_that_every_text_leaves_out_and_says_why(tables, language, said):
    few = tables | {"scores": tables["scores"].assign(places=9)}
    score = summarise_score(few)
    assert score["integration_level"] is not None
    assert score["level_hidden"] == "few_places"
    assert score["townships"]["told_apart"] is None
    lines = score_lines(score, language)
    assert said in lines[0]
    level = Words(language).number(score["integration_level"], decimals=2)
    assert level not in " ".join(lines)
    place = "\n".join(place_score_lines(place_score("a", "t1", few), Words(language)))
    assert said in place
    assert Words(language).say("score", "rank", rank="2", low="1.5", high="3", count="2") not in place
