"""From results to action: gaps in order, the study on one page, one settlement explained."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.access.places import find_settlement
from spatial.errors import ContractError
from spatial.messages import Words
from spatial.norms.evaluation import evaluate_norms
from spatial.norms.law import NormRules, applicable_norms, load_register
from spatial.norms.measuring import NormEvidence
from spatial.reporting.explain import brief_text, explain, explanation_text
from spatial.reporting.summary import (
    gates_text,
    headline_text,
    missing_by_unit,
    missing_text,
    rank_gaps,
    runs_of,
    rural_access,
    summarise_study,
)
from spatial.reporting.wording import columns_told, travelled_m
from spatial.tables import TABLES

pytestmark = pytest.mark.slow

AS_OF = dt.date(2026, 6, 30)
NORMS = ("GL-PHC-1H", "GL-EMERG-2H", "GL-PHC-5KM", "IN-PRIM-1KM", "CN-THC-TOWNSHIP")


def test_every_column_that_sinks_are_told_of_is_computed(tiny_run):
    access = pd.read_parquet(tiny_run / "processed" / "tiny" / "access.parquet")
    told = {name for names in columns_told("access").values() for name in names}
    assert {name for name in told if name not in access or access[name].isna().all()} == set()


@dataclass(frozen=True)
class Word:
    id: str
    proxy: bool = False


class ServiceWords:
    def for_register(self, name):
        known = {
            "primary_care": "primary_care",
            "emergency_hospital": "hospital",
            "township_health_centre": "health_centre",
        }
        return Word(known[name], name == "emergency_hospital") if name in known else None

    def satisfying(self, service):
        return frozenset({service})


def text(*values):
    return pd.Series(list(values), dtype="str")


def places(persons=(100.0, 300.0, 50.0, 20.0)):
    return gpd.GeoDataFrame(
        {
            "settlement_id": text("a", "b", "c", "d"),
            "name": text("Aba", "Bolo", "Chidi", "Aba"),
            "name_zh": text("阿坝", None, None, None),
            "tier": text("village", "village", "town", "village"),
            "official_class": text("rural", None, "urban", None),
            "in_study": [True, True, True, False],
            "population_persons": np.array(persons, dtype=float),
            "population_source": text("raster", "raster", "raster", "raster"),
            "elderly_persons": [10.0, math.nan, 5.0, 2.0],
            "township_id": text("t1", "t1", "t2", None),
            "township": text("First", "First", "Second", None),
        },
        geometry=gpd.points_from_xy([0.0, 10_000.0, 20_000.0, 30_000.0], [0.0] * 4),
        crs="EPSG:32738",
    )


def access_rows(service, mode, minutes):
    known = [not isinstance(value, str) for value in minutes]
    times = np.array([value if good else math.nan for value, good in zip(minutes, known, strict=True)], dtype=float)
    return pd.DataFrame(
        {
            "settlement_id": text("a", "b", "c", "d"),
            "service": text(*[service] * 4),
            "mode": text(*[mode] * 4),
            "facility_id": text(*["n1" if good else None for good in known]),
            "travel_time_min": times,
            "access_leg_min": times * 0.25,
            "network_leg_min": times * 0.5,
            "egress_leg_min": times * 0.25,
            "network_distance_m": times * 500.0,
            "straight_distance_m": times * 400.0,
            "second_facility_id": text(*["n2" if good else None for good in known]),
            "second_travel_time_min": times + 10.0,
            "reach_status": text(*["reached" if good else value for value, good in zip(minutes, known, strict=True)]),
            "edge_risk": [False, True, False, False],
        }
    )


def access():
    # Fastest to primary care: a 12 by car, b 63 by car (3 over the norm: a near miss), c 200, d 10 (buffer).
    # Fastest to a hospital: a 12, b 121 on foot and no way by car, c no way at all.
    parts = [
        access_rows("primary_care", "drive", [12.0, 63.0, 200.0, 10.0]),
        access_rows("primary_care", "walk", [90.0, 400.0, "beyond_cutoff", 10.0]),
        access_rows("hospital", "drive", [12.0, "no_path", "no_path", 10.0]),
        access_rows("hospital", "walk", [130.0, 121.0, "not_snapped", 10.0]),
    ]
    frame = pd.concat(parts, ignore_index=True)
    TABLES["access"].check(frame)
    return frame


def facilities():
    return gpd.GeoDataFrame(
        {
            "facility_id": text("n1", "n2"),
            "name": text("Clinic", "<b>Second</b>"),
            "name_zh": text("诊所", None),
            "service": text("primary_care", "health_centre"),
            "capacity": [math.nan, math.nan],
            "load": [math.nan, math.nan],
            "status": text("existing", "existing"),
            "in_study": [True, True],
            "township_id": text("t1", "t1"),
        },
        geometry=gpd.points_from_xy([0.0, 1.0], [0.0, 0.0]),
        crs="EPSG:32738",
    )


def county(*, inventory=None, persons=(100.0, 300.0, 50.0, 20.0), bare=()):
    """Tables of four places; of the services in `bare` nothing is mapped."""
    rules = NormRules(jurisdictions=("IN", "CN"), only=NORMS, class_by_tier={"village": "rural"})
    register = load_register()
    settlements, ways = places(persons), access()
    gone = ways["service"].isin(bare)
    ways["reach_status"] = ways["reach_status"].mask(gone, "no_facility")
    ways[["travel_time_min", "network_distance_m"]] = ways[["travel_time_min", "network_distance_m"]].mask(gone)
    ways["straight_distance_m"] = ways["straight_distance_m"].mask(gone)
    evidence = NormEvidence(vocabulary=ServiceWords(), inventory=inventory or {}, facilities=facilities())
    results = evaluate_norms(register, settlements, ways, as_of=AS_OF, rules=rules, evidence=evidence)
    binding = applicable_norms(register, as_of=AS_OF, rules=rules)
    gaps = rank_gaps(results, settlements, ways, binding)
    TABLES["gaps"].check(gaps)
    tables = {
        "settlements": settlements,
        "access": ways,
        "access_counts": ways[["settlement_id", "service", "mode"]].assign(
            facilities_within_60_min=(ways["travel_time_min"] <= 60.0).astype(float)
        ),
        "facilities": facilities(),
        "norm_results": results,
        "gaps": gaps,
        **network(),
    }
    return tables, binding


def network():
    line = shapely.LineString([(0.0, 0.0), (1000.0, 0.0)])
    edges = gpd.GeoDataFrame(
        {
            "mode": text("drive", "drive"),
            "edge_id": text("w1/0", "w1/1"),
            "road_id": text("w1", "w1"),
            "road_class": text("tertiary", "track"),
            "surface": text("asphalt", None),
            "length_m": [3000.0, 1000.0],
            "speed_source": text("maxspeed", "class"),
            "all_season": text("yes", "unknown"),
            "component": [0, 0],
        },
        geometry=[line, line],
        crs="EPSG:32738",
    )
    snaps = pd.DataFrame(
        {
            "place_id": text("a", "b", "n1"),
            "place_kind": text("settlement", "settlement", "facility"),
            "mode": text("drive", "drive", "drive"),
            "edge_id": text("w1/0", None, "w1/1"),
            "fraction": [0.5, math.nan, 0.0],
            "snap_distance_m": [200.0, math.nan, 5.0],
            "snap_time_min": [3.12, math.nan, 0.1],
            "snap_status": text("ok", "far", "ok"),
        }
    )
    routes = pd.DataFrame(
        {
            "settlement_id": text("a"),
            "service": text("primary_care"),
            "mode": text("drive"),
            "facility_id": text("n1"),
            "travel_time_min": [12.0],
            "network_distance_m": [6000.0],
            "edge_ids": text("w1/0 w1/1"),
        }
    )
    last_mile = pd.DataFrame(
        {
            "settlement_id": text("a", "b", "c", "d"),
            "all_season_road_distance_m": [100.0, 2500.0, math.nan, 0.0],
            "known_all_season_road_distance_m": [900.0, math.nan, math.nan, 0.0],
            "all_season_road_min": [1.56, 39.0, math.nan, 0.0],
            "last_mile_class": text("connected", "gap", "none", "connected"),
            "last_mile_class_known": text("near", "none", "none", "connected"),
            "last_mile_share": [0.2, 0.5, math.nan, 0.0],
            "parcel_point_min": [7.0, math.nan, math.nan, 1.0],
            "bus_stop_min": [math.nan] * 4,
            "telecom_min": [math.nan] * 4,
        }
    )
    return {"edges": edges, "snaps": snaps, "routes": routes, "last_mile": last_mile}


def test_gaps_come_in_order_of_people_with_near_misses_last():
    tables, _ = county()
    gaps = tables["gaps"]
    # Beyond an hour of primary care: b by 3 minutes (near miss), c by 140. Beyond two hours of a hospital: b by one
    # minute (near miss), c without any way. Beyond 5 km: nobody rural but b (63 x 400 m). Only b and c lack anything.
    order = gaps[["rank", "settlement_id", "norm_id", "is_near_miss"]].to_numpy().tolist()
    assert order == [
        [1, "b", "GL-PHC-5KM", False],
        [2, "c", "GL-EMERG-2H", False],
        [3, "c", "GL-PHC-1H", False],
        [4, "b", "GL-PHC-1H", True],
        [5, "b", "GL-EMERG-2H", True],
    ]
    assert gaps["persons_unserved"].tolist() == [300.0, 50.0, 50.0, 300.0, 300.0]
    assert gaps["excess"].tolist()[2:] == [140.0, 3.0, 1.0]
    assert math.isnan(gaps["value"][1])
    assert gaps["reach_status"].tolist() == ["reached", "not_snapped", "reached", "reached", "reached"]
    assert set(gaps["status"]) == {"not_measurable"}  # nothing is said to be a complete inventory


def test_known_failures_come_before_those_that_may_only_be_missing_from_the_map():
    tables, binding = county()
    results = tables["norm_results"].copy()
    known = (results["norm_id"] == "GL-PHC-1H") & (results["status_as_mapped"] == "not_met")
    results.loc[known, "status"] = "not_met"
    gaps = rank_gaps(results, places(), access(), binding)
    # c lacks primary care for certain (50 people), b by a near miss (300); then what is only not mapped.
    order = gaps[["settlement_id", "norm_id"]].to_numpy().tolist()
    assert order[:3] == [["c", "GL-PHC-1H"], ["b", "GL-PHC-1H"], ["b", "GL-PHC-5KM"]]


def test_a_place_exactly_five_minutes_beyond_is_a_near_miss():
    tables, binding = county()
    ways = access()
    ways.loc[(ways["service"] == "primary_care") & (ways["settlement_id"] == "b"), "travel_time_min"] = 65.0
    results = evaluate_norms(
        load_register(),
        places(),
        ways,
        as_of=AS_OF,
        rules=NormRules(only=("GL-PHC-1H",)),
        evidence=NormEvidence(vocabulary=ServiceWords()),
    )
    gaps = rank_gaps(results, tables["settlements"], ways, binding).set_index("settlement_id")
    assert gaps["is_near_miss"].to_dict() == {"b": True, "c": False}
    stricter = rank_gaps(results, places(), ways, binding, near_miss_min=4.9).set_index("settlement_id")
    assert not stricter["is_near_miss"].any()


def test_a_column_that_the_list_names_is_that_of_the_quickest_way_by_the_modes_of_the_norm(further_column):
    tables, binding = county()
    ways = access()
    # Primary care by car, on foot, a hospital by car, on foot, for a to d each.
    ways[further_column] = [0.1, 0.2, 0.3, 0.4] + [0.5, 0.6, 0.7, 0.8] + [0.1] * 4 + [0.9, 0.95, math.nan, 0.9]
    gaps = rank_gaps(tables["norm_results"], places(), ways, binding)
    TABLES["gaps"].check(gaps)
    told = gaps.set_index(["settlement_id", "norm_id"])[further_column]
    assert told["b", "GL-PHC-1H"] == 0.2  # 63 by car, 400 on foot
    assert told["c", "GL-PHC-1H"] == 0.3
    assert told["b", "GL-EMERG-2H"] == 0.95  # no way by car, 121 on foot
    without = rank_gaps(tables["norm_results"], places(), access(), binding)
    assert further_column not in without
    assert gaps.drop(columns=further_column)[list(without)].equals(without)


def test_without_population_the_furthest_gap_comes_first():
    tables, _ = county(persons=(math.nan,) * 4)
    gaps = tables["gaps"]
    assert gaps["persons_unserved"].isna().all()
    assert gaps.loc[0, ["settlement_id", "norm_id"]].tolist() == ["c", "GL-EMERG-2H"]


def test_norms_that_are_only_reported_make_no_gap():
    tables, _ = county()
    reported = tables["norm_results"].query("unit_level == 'study' and status == 'not_applicable'")["norm_id"]
    assert not tables["gaps"]["norm_id"].isin(reported).any()


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "nothing of its kind is mapped"), ("fr", "rien de ce genre"), ("zh", "图上没有任何同类设施")],
)
def test_a_norm_of_which_nothing_is_mapped_counts_nobody_as_beyond(language, said):
    tables, binding = county()
    norm = next(row for row in summarise_study(tables, register=binding)["norms"] if row["norm_id"] == "GL-PHC-1H")
    assert not norm["nothing_mapped"]
    tables, binding = county(bare=(norm["service"],))
    summary = summarise_study(tables, register=binding)
    told = summary["norms"]
    assert {row["norm_id"] for row in told if row["nothing_mapped"]} == {"GL-PHC-1H", "GL-PHC-5KM"}
    row = next(row for row in told if row["nothing_mapped"])
    assert (row["status"], row["status_as_mapped"]) == ("not_measurable", "not_measurable")
    assert row["is_headline"]
    assert (row["persons_unserved"], row["persons_unknown"]) == (0.0, 450.0)
    assert said in headline_text(row, language)
    assert "350" not in headline_text(row, language)
    # no gap and no remedy follows from it: those that are left are of hospitals
    assert set(tables["gaps"]["service"]) == {"hospital"}
    assert summary["gaps"]["by_remedy"]["site_or_road"]["gaps"] == len(tables["gaps"]) > 0


def test_nobody_is_beyond_the_reach_of_a_complete_list_for_want_of_mapping():
    inventory = dict.fromkeys(("primary_care", "clinic"), "complete")
    tables, binding = county(inventory=inventory, bare=("primary_care",))
    told = {row["norm_id"]: row for row in summarise_study(tables, register=binding)["norms"]}
    assert told["GL-PHC-1H"]["status_as_mapped"] == "not_met"
    assert not told["GL-PHC-1H"]["nothing_mapped"]


CONDITION = {
    "en": ("Nobody counted the people of Bolo", "Judged if no unknown place has more people", "(village 1,200)"),
    "fr": ("Personne n\u2019a compté les habitants de Bolo", "qu\u2019aucun lieu inconnu", "(village 1\u202f200)"),
    "zh": ("该规范涉及的1个地点（Bolo）无人口数", "人口未知的地点都不多于", "（村 1,200人）"),  # noqa: RUF001 - Chinese
}


@pytest.mark.parametrize("language", CONDITION)
def test_a_norm_judged_under_a_condition_says_it_and_whose_people_are_missing(language):
    tables, binding = county(persons=(100.0, math.nan, 50.0, 20.0))
    results = tables["norm_results"].copy()
    study = (results["unit_level"] == "study") & (results["norm_id"] == "GL-PHC-1H")
    results.loc[study, ["status", "judged_if"]] = ["met", "people_at_most:village:1200"]
    tables["norm_results"] = results
    norms = {row["norm_id"]: row for row in summarise_study(tables, register=binding)["norms"]}
    norm = norms["GL-PHC-1H"]
    assert norm["people_missing"]["places"] == 1
    assert [place["id"] for place in norm["people_missing"]["first"]] == ["b"]
    story = explain("a", tables, register=binding)
    (row,) = missing_by_unit(results.loc[study], tables, Words(language))
    for told in (headline_text(norm, language), explanation_text(story, language), row):
        assert all(words in told for words in CONDITION[language])
    # A norm on groups whose people are known everywhere says nothing of the kind.
    assert summarise_study(county()[0], register=binding)["norms"][0]["people_missing"] is None


def test_of_many_places_without_people_three_are_named_and_the_others_counted():
    first = [{"id": name, "name": name.upper(), "name_en": None, "name_zh": None} for name in "abc"]
    told = [missing_text({"people_missing": {"places": count, "first": first}}, Words("en")) for count in (3, 5)]
    assert "of 3 places that the norm asks about (A, B, C):" in told[0]
    assert "of 5 places that the norm asks about (A, B, C and 2 more):" in told[1]


NOT_JUDGED = {
    "en": ("nothing of this kind is mapped", "as mapped: not met", "none reached"),
    "fr": ("rien de ce genre n\u2019est cartographié", "carte\u00a0: non respectée", "aucun atteint"),
    "zh": ("没有已知的此类设施", "按图：未达标", "不可达"),  # noqa: RUF001 - Chinese marks
}


def bolo_without_care(inventory=None):
    """Explain b, an hour and three minutes from the nearest, where no facility of primary care is mapped."""
    tables, binding = county(inventory=inventory, bare=("primary_care",))
    told = explain("b", tables, register=binding)
    return told | {"norms": [norm for norm in told["norms"] if norm["norm_id"] == "GL-PHC-1H"]}


@pytest.mark.parametrize("language", NOT_JUDGED)
def test_a_settlement_is_not_told_to_fail_on_the_map_a_norm_of_which_nothing_is_mapped(language):
    said, *failing = NOT_JUDGED[language]
    told = bolo_without_care()
    assert [norm["nothing_mapped"] for norm in told["norms"]] == [True]
    text = explanation_text(told, language)
    assert said in text
    assert not [words for words in failing if words in text]
    assert failing[0] in explanation_text(explained("b"), language)


@pytest.mark.parametrize("language", NOT_JUDGED)
def test_a_settlement_is_told_to_fail_where_a_complete_list_holds_nothing(language):
    said, _, none_reached = NOT_JUDGED[language]
    told = bolo_without_care(dict.fromkeys(("primary_care", "clinic"), "complete"))
    assert [(norm["status"], norm["nothing_mapped"]) for norm in told["norms"]] == [("not_met", False)]
    text = explanation_text(told, language)
    assert said not in text
    assert none_reached in text


def test_the_summary_is_json_and_counts_people():
    tables, binding = county()
    summary = summarise_study(tables, register=binding, issues=["raster is short"], facts={"name": "county"})
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["population"]["persons"] == 450.0
    assert summary["population"]["places"] == 3
    assert summary["population"]["groups"] == {"elderly_persons": 15.0}
    norms = {norm["norm_id"]: norm for norm in summary["norms"]}
    assert set(norms) == set(NORMS)
    posts = {row.norm_id: None if math.isnan(row.fail_point) else row.fail_point for row in binding.itertuples()}
    assert {name: norm["fail_point"] for name, norm in norms.items()} == {name: posts[name] for name in NORMS}
    assert any(post is not None for post in posts.values())
    assert (norms["GL-PHC-1H"]["persons_served"], norms["GL-PHC-1H"]["persons_unserved"]) == (100.0, 350.0)
    assert norms["GL-PHC-1H"]["is_lower_bound"]
    assert norms["GL-PHC-1H"]["target_share_is_assumed"]
    assert not norms["GL-EMERG-2H"]["target_share_is_assumed"]
    assert summary["network"]["drive"]["imputed_speed_share"] == 0.25  # 1 of 4 km
    assert summary["edge_risk"]["drive"]["primary_care"] == {"places": 1, "persons": 300.0}
    assert summary["last_mile"]["last_mile_class"]["gap"] == {"places": 1, "persons": 300.0}
    assert summary["snaps"]["drive"]["far"] == 1
    assert summary["gaps"]["near_misses"] == 2
    assert summary["issues"] == ["raster is short"]


def test_norms_from_memory_and_those_without_figures_make_no_headline():
    tables, binding = county()
    summary = summarise_study(tables, register=binding)
    assert "GL-PHC-5KM" not in summary["headlines"]  # from memory
    assert "IN-PRIM-1KM" not in summary["headlines"]  # nobody counts children_6_10
    assert set(summary["headlines"]) == {"GL-PHC-1H", "GL-EMERG-2H", "CN-THC-TOWNSHIP"}


def test_the_study_may_choose_its_headlines_and_their_order():
    tables, _ = county()
    chosen = ("GL-PHC-5KM", "GL-EMERG-2H")
    rules = NormRules(jurisdictions=("IN", "CN"), only=NORMS, headline=chosen)
    binding = applicable_norms(load_register(), as_of=AS_OF, rules=rules)
    assert tuple(summarise_study(tables, register=binding)["headlines"]) == chosen


def test_no_gate_in_force_is_never_a_pass():
    tables, binding = county(inventory={"primary_care": "complete", "hospital": "complete"})
    rows = tables["norm_results"]
    without = {**tables, "norm_results": rows[rows["norm_id"] != "IN-PRIM-1KM"]}
    gates = summarise_study(without, register=binding)["gates"]
    assert (gates["mandatory_status"], gates["n_gates"]) == ("none_applicable", 0)
    assert "nothing is passed" in gates_text(gates)


def test_a_gate_that_nothing_measures_is_unknown():
    tables, binding = county()
    gates = summarise_study(tables, register=binding)["gates"]
    # a statute, in force, read in the original; nobody counts the children
    assert (gates["mandatory_status"], gates["unknown"]) == ("unknown", ["IN-PRIM-1KM"])


def headline(name, language="en", **more):
    tables, binding = county(**more)
    norms = {norm["norm_id"]: norm for norm in summarise_study(tables, register=binding)["norms"]}
    return headline_text(norms[name], language)


def test_a_headline_says_at_least_where_the_map_may_be_incomplete():
    said = headline("GL-PHC-1H")
    assert said.startswith(
        "At least 100 of 450 people are within 60 min of the nearest primary care; 350 are beyond any that is mapped."
    )
    assert "assumed" in said
    said = headline("GL-PHC-1H", inventory={"primary_care": "complete"})
    assert said.startswith("100 of 450 people are within 60 min of the nearest primary care; 350 are beyond.")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "100 of 450 children aged 6 to 9 are within 60 min of the nearest primary care; 350 are beyond."),
        ("fr", "Sur 450 enfants de 6 à 9 ans, 100 sont à 60\xa0min au plus"),
        ("zh", "450名6至9岁儿童中有100人在"),
    ],
)
def test_a_headline_of_a_norm_on_children_is_about_children(language, said):
    tables, binding = county(inventory={"primary_care": "complete"})
    norms = {norm["norm_id"]: norm for norm in summarise_study(tables, register=binding)["norms"]}
    on_children = norms["GL-PHC-1H"] | {"stat_unit": "children_6_9"}
    assert headline_text(on_children, language).startswith(said)
    rural = headline_text(norms["GL-PHC-1H"] | {"scope": "rural", "service": "Any Clinic"}, "en")
    assert rural.startswith("100 of 450 rural people are within 60 min of the nearest clinic; 350 are beyond.")
    duty = headline_text(on_children | {"role": "duty_trigger"}, "en")
    assert duty.startswith(
        "350 of 450 children aged 6 to 9 live beyond 60 min of the nearest primary care and are entitled"
    )


def test_a_headline_without_population_counts_places_and_names_no_people():
    said = headline("GL-PHC-1H", persons=(math.nan,) * 4)
    assert said.startswith("At least 1 of 3 places are within 60 min")
    assert "People are not counted" in said


def test_a_headline_on_townships_counts_townships():
    # t1 holds the health centre; t2 is wholly urban by its only place, so a rural norm does not ask it
    assert headline("CN-THC-TOWNSHIP") == "1 of 1 (townships) has health centre; 0 has not."


def test_a_norm_without_figures_says_why():
    assert "not counted: children aged 6 to 10" in headline("IN-PRIM-1KM")


def test_headlines_speak_chinese():
    assert "450人中至少有100人" in headline("GL-PHC-1H", "zh")


def intervals():
    """Speeds 20 % higher and lower, by car to primary care: a 12, b 63, c 200 min and no way at worst, d 10."""
    base = np.array([12.0, 63.0, 200.0, 10.0])
    low, high = base / 1.2, base / 0.8
    high[2] = math.nan
    frame = pd.DataFrame(
        {
            "settlement_id": text("a", "b", "c", "d"),
            "service": text(*["primary_care"] * 4),
            "mode": text(*["drive"] * 4),
            "low_min": low,
            "base_min": base,
            "high_min": high,
            "interval_status": text("reached", "reached", "sometimes_reached", "reached"),
            "main_factor": text("speed", "speed", "season", "speed"),
            "main_factor_min": base / 0.8 - low,
            "speed_low_min": low,
            "speed_high_min": base / 0.8,
            "season_low_min": base,
            "season_high_min": np.where(np.isnan(high), math.nan, base),
        }
    )
    TABLES["intervals"].check(frame)
    return frame


def rural_index():
    return pd.DataFrame(
        {
            "unit_level": text("study", "zone"),
            "unit_id": text("all", "t1"),
            "rai_lower": [0.25, 0.2],
            "rai_upper": [1.0, 0.9],
            "imputed_share": [0.914, 0.5],
            "rural_persons": [450.0, 400.0],
            "distance_m": [2000.0, 2000.0],
            "urban_masked": [False, False],
        }
    )


def surely(**more):
    tables, binding = county(inventory={"primary_care": "complete"}, **more)
    tables |= {"intervals": intervals(), "rural_access": rural_index()}
    return summarise_study(tables, register=binding), tables, binding


def test_a_norm_of_time_says_who_is_beyond_at_best_and_at_worst():
    summary, _, _ = surely()
    norm = next(norm for norm in summary["norms"] if norm["norm_id"] == "GL-PHC-1H")
    # base: b (300 people, 63 min) and c (50, 200 min); at best b needs 52.5 min; at worst a needs 15 min
    assert norm["certainty"]["persons"] == {"low": 50.0, "base": 350.0, "high": 350.0}
    assert norm["certainty"]["places"] == {"low": 1.0, "base": 2.0, "high": 2.0}
    # only speeds move b across 60 min; the season takes c, which is beyond either way
    assert (norm["certainty"]["main_factor"], norm["certainty"]["factors"]) == ("speed", ["speed", "season"])
    assert summary["certainty"]["services"] == ["primary_care"]
    said = headline_text(norm)
    assert "350 (50 at best, 350 at worst) are beyond." in said
    assert "speeds ±20 %, the wet season; not calibrated" in said
    assert "最好50、最差350" in headline_text(norm, "zh")


def test_no_interval_is_claimed_where_the_runs_do_not_count_what_the_norm_counts():
    tables, binding = county()
    wrong = intervals().assign(base_min=[12.0, 59.0, 200.0, 10.0])  # the norm was judged by 63 min
    for changed in (wrong, intervals().assign(service="school")):
        summary = summarise_study({**tables, "intervals": changed}, register=binding)
        assert not any(norm["certainty"] for norm in summary["norms"])
    assert summarise_study(tables, register=binding)["certainty"] is None


def test_the_fastest_mode_is_the_paired_one_or_another_as_it_was_assumed():
    ways = pd.concat([access(), access_rows("primary_care", "cycle", [11.0, 55.0, "no_path", 9.0])])
    runs = runs_of(intervals(), ways, service="primary_care", mode="any")
    assert runs is not None
    # a: 10 by car at best; 11 by cycle as assumed is less than the 12 and the 15 by car
    assert runs.minutes.loc["a", ["low", "base", "high"]].tolist() == [10.0, 11.0, 11.0]
    assert math.isinf(runs.minutes.loc["c", "high"])
    # walk+cycle has no paired mode; walk+drive leaves the bicycle out
    assert runs_of(intervals(), ways, service="primary_care", mode="walk+cycle") is None
    parts = runs_of(intervals(), ways, service="primary_care", mode="walk+drive")
    assert parts is not None
    assert parts.minutes.loc["a", ["low", "base", "high"]].tolist() == [10.0, 12.0, 15.0]
    # Who parks and walks is slower with the car: at worst as slow as by car alone, where the car leads anywhere.
    parked = pd.concat([access(), access_rows("primary_care", "walk+drive", [11.0, 63.0, 90.0, 9.0])])
    mixed = runs_of(
        intervals().assign(base_min=[12.0, 63.0, math.nan, 10.0]), parked, service="primary_care", mode="any"
    )
    assert mixed is not None
    assert mixed.minutes.loc["a", ["low", "base", "high"]].tolist() == [10.0, 11.0, 15.0]
    assert mixed.minutes.loc["b", "high"] == 78.75
    assert mixed.minutes.loc["c", ["base", "high"]].tolist() == [90.0, 90.0]
    # Tables call a norm's bus walk+bus.
    by_bus = runs_of(intervals().assign(mode="walk+bus"), None, service="primary_care", mode="bus")
    assert by_bus is not None
    assert by_bus.minutes.loc["a", "base"] == 12.0


def test_the_rural_access_index_is_told_as_an_interval_with_what_is_not_known():
    norm = {**surely()[0]["norms"][0], "certainty": None, "rural_access": rural_access(rural_index())}
    said = headline_text(norm)
    assert "Rural Access Index: 25 % on roads known to be all-season, 100 % on all not known to fail" in said
    assert "91.4 % of the road length" in said
    assert surely()[0]["rural_access"]["rai_lower"] == 0.25


def explained(name="a", **more):
    tables, binding = county(**more)
    sources = [{"path": "x.osm.pbf", "origin": "OSM", "licence": "ODbL", "vintage": "2026", "size": math.nan}]
    return explain(name, tables, register=binding, sources=sources, issues=["raster is short"])


def test_an_explanation_holds_all_that_is_known():
    found = explained()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["settlement"]["township"] == "First"
    assert found["settlement"]["groups"] == {"elderly": 10.0}
    groups = {"registered": 226.0, "children_6_9": 9.0}
    more = found | {"settlement": found["settlement"] | {"groups": groups, "group_sources": {}}}
    for language, said in {
        "en": ("registered population: 226", "children aged 6 to 9: 9"),
        "fr": ("population inscrite\xa0: 226", "enfants de 6 à 9 ans\xa0: 9"),
        "zh": ("户籍人口", "6至9岁儿童"),
    }.items():
        text = explanation_text(more, language)
        assert all(part in text for part in said)
    assert found["snaps"][0] | {} == {
        "mode": "drive",
        "edge_id": "w1/0",
        "fraction": 0.5,
        "snap_distance_m": 200.0,
        "snap_time_min": 3.12,
        "snap_status": "ok",
        "road_id": "w1",
        "road_class": "tertiary",
        "surface": "asphalt",
    }
    way = next(item for item in found["services"] if (item["service"], item["mode"]) == ("primary_care", "drive"))
    assert (way["access_leg_min"], way["network_leg_min"], way["egress_leg_min"]) == (3.0, 6.0, 3.0)
    assert way["facility"] == {"id": "n1", "name": "Clinic", "name_zh": "诊所"}
    assert way["second_facility"]["name"] == "<b>Second</b>"
    assert way["facilities_within_min"] == {"60": 1.0}
    assert way["route"] == {
        "network_distance_m": 6000.0,
        "edges": 2,
        "length_by_class_m": {"tertiary": 3000.0, "track": 1000.0},
    }
    norms = {norm["norm_id"]: norm for norm in found["norms"]}
    assert set(norms) == set(NORMS)
    assert norms["GL-PHC-1H"]["status"] == "met"
    assert norms["CN-THC-TOWNSHIP"]["level"] == "township"
    assert norms["IN-PRIM-1KM"]["level"] == "study"
    assert found["sources"][0]["size"] is None


def test_the_short_text_of_a_place_names_the_norms_that_it_is_beyond_as_far_as_the_map_tells():
    for language, heading, told in (
        ("en", "Beyond norms, as far as the map tells", "  Primary care within 1 hour: 63 min against 60 min"),
        ("fr", "Au-delà de normes, d\u2019après la carte", None),
        ("zh", "按图超出标准", None),
    ):
        lines = brief_text(explained("b"), language, mode="drive").splitlines()
        assert heading in lines
        assert told is None or told in lines[lines.index(heading) :]
        # A norm goes by its own name, for two may ask for one service; a place that reaches none has no number.
        failing = lines[lines.index(heading) + 1 : lines.index(heading) + 6]
        assert len({line.rsplit(":")[0] for line in failing}) == 5
    assert "Beyond norms" not in brief_text(explained("a"), mode="drive")


def test_an_explanation_in_words_tells_legs_norms_and_reasons():
    told = explanation_text(explained("b"))
    for part in (
        "Bolo (b), village",
        "300 people (source: population raster)",
        "by car: too far from every road",
        "primary care by car: 63 min to Clinic",
        # 15.75, 31.5 and 15.75 minutes: as whole minutes they are the 63 of the way, and not 64
        "16 min to the road + 31 min on it + 16 min from it; 31.5 km in all, 25.2 km to the nearest",
        "the edge of the mapped area is nearer",
        "far from the all-season road: 2.5 km to the all-season road, 39 min on foot",
        "GL-PHC-1H [guiding] primary care: cannot be judged",
        "63 min against 60 min",
        "as mapped: not met",
        "the map may be incomplete (inventory unknown)",
        "judged by a stand-in: hospital",
        "from memory, not verified",
        "x.osm.pbf: OSM; 2026; ODbL",
        "raster is short",
    ):
        assert part in told, part
    assert "nan" not in told.lower()


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
def test_the_class_of_the_road_that_a_place_is_joined_to_is_told_in_words(language):
    story = explained("a")
    (road,) = {snap["road_class"] for snap in story["snaps"] if snap["edge_id"]}
    said = Words(language).say("road_class", road)
    joined = next(
        line for line in explanation_text(story, language).splitlines() if story["snaps"][0]["edge_id"] in line
    )
    assert said in joined
    assert said == road or road not in joined.replace(said, "")


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
def test_where_there_is_no_all_season_road_no_distance_to_it_is_asked(language):
    story = explained("b")
    far = explanation_text(story, language)
    none = dict.fromkeys(("all_season_road_distance_m", "known_all_season_road_distance_m", "all_season_road_min"))
    story["last_mile"] |= none | {"last_mile_class": "none", "last_mile_class_known": "none"}
    told = explanation_text(story, language)
    assert told.count("?") == far.count("?")
    if language == "en":
        assert "no all-season road\n" in told
        assert "counting only roads known to be all-season: no all-season road\n" in told
        assert Words("en").service("all_season_road") == "all-season road"


def test_a_facility_without_a_name_and_a_walk_past_all_roads_are_told_as_such():
    story = explained("b")
    way = next(each for each in story["services"] if each["reach_status"] == "reached")
    way |= {"facility": {"id": "n7"}, "access_leg_min": 63.0, "network_leg_min": 0.0, "egress_leg_min": 0.0}
    told = explanation_text(story)
    line, legs = told[told.index("one without a name (n7)") :].splitlines()[:2]
    assert line == "one without a name (n7)"
    assert legs.strip().startswith("straight over the ground, without a road; ")


def ways(**more):
    """A village 173 m from its clinic, on a road of 1.32 km that runs on by a second one."""
    tables, binding = county()
    first = shapely.LineString([(0.0, 0.0), (1320.0, 0.0)])
    second = shapely.LineString([(2000.0, 0.0), (1320.0, 0.0)])
    edges = tables["edges"].assign(length_m=[1320.0, 680.0]).set_geometry([first, second], crs="EPSG:32738")
    route = tables["routes"].assign(**more)
    return tables | {"edges": edges, "routes": route}, binding


@pytest.mark.parametrize(
    ("way", "edge_ids", "wanted"),
    [
        ([(100, 9), (100, 0), (273, 0), (273, 5)], "w1/0", {"tertiary": 173.0}),
        ([(1120, 9), (1120, 0), (1320, 0), (1400, 0), (1400, 5)], "w1/0 w1/1", {"tertiary": 200.0, "track": 80.0}),
        ([(1400, 5), (1400, 0), (1320, 0), (1120, 0)], "w1/1 w1/0", {"tertiary": 200.0, "track": 80.0}),
        ([(0, 0), (1320, 0), (2000, 0)], "w1/0 w1/1", {"tertiary": 1320.0, "track": 680.0}),
    ],
)
def test_a_way_is_told_only_as_far_as_its_first_and_last_road_are_used(way, edge_ids, wanted):
    tables, binding = ways(edge_ids=edge_ids, geometry=[shapely.LineString(way)])
    found = explain("a", tables, register=binding)
    told = next(item["route"] for item in found["services"] if item["route"])["length_by_class_m"]
    assert told == pytest.approx(wanted)
    if edge_ids == "w1/0":
        assert "along tertiary road 173 m" in explanation_text(found)


def test_a_way_around_a_ring_is_measured_along_the_way():
    ring = shapely.LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
    around = shapely.LineString([(10, -5), (10, 0), (0, 0), (0, 50), (-5, 50)])
    np.testing.assert_allclose(travelled_m(around, [ring], [400.0]), [60.0])
    spur = shapely.LineString([(0, 0), (-200, 0)])
    out = shapely.LineString([(10, 0), (0, 0), (-50, 0)])
    np.testing.assert_allclose(travelled_m(out, [ring, spur], [400.0, 400.0]), [10.0, 100.0])
    assert travelled_m(out, [], []).tolist() == []


def trial_tables():
    rows = {"service": "primary_care", "mode": "drive"}
    changes = pd.DataFrame(
        {
            "scenario": "bridge",
            "settlement_id": text("a", "b", "c", "d"),
            "before_min": [12.0, 63.0, math.nan, 10.0],
            "after_min": [9.5, 55.0, math.nan, math.nan],
            "before_status": text("reached", "reached", "no_path", "reached"),
            "after_status": text("reached", "reached", "no_path", "no_path"),
            "cutoff_min": 60.0,
            "class_change": text("same", "gained", "same", "lost"),
        }
    ).assign(**rows)
    crews = pd.DataFrame(
        {
            "settlement_id": text("a", "b", "c"),
            "station_id": text("n1", "n1", None),
            "mobilisation_min": [3.0, 3.0, math.nan],
            "drive_min": [6.5, 40.0, math.nan],
            "response_min": [9.5, 43.0, math.nan],
            "target_met_min": [15.0, math.nan, math.nan],
            "reach_status": text("reached", "reached", "no_path"),
        }
    ).assign(**rows)
    room = pd.DataFrame(
        {"settlement_id": text("a"), "served_persons": [80.0], "full_persons": [20.0], "not_reached_persons": [0.0]}
    ).assign(**rows)
    return {"scenario_access": changes, "emergency_response": crews, "served": room}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "a",
            (
                "what if, The bridge is rebuilt: 12.0 min become 9.5 min; quicker, same class",
                "response of the crew: 9.5 min from the call (3.0 min mobilisation + 6.5 min drive) from Clinic",
                "within the target of 15 min",
                "room: 80 people served, 20 people reach only full ones, 0 people reach none",
            ),
        ),
        ("b", ("63.0 min become 55.0 min; gained: comes within 60 min", "beyond every target")),
        ("c", ("no way there become no way there; no way before or after", "response of the crew: no way there")),
        ("d", ("10.0 min become no way there; lost: falls out of 60 min",)),
    ],
)
def test_an_explanation_tells_scenarios_crews_and_room(name, parts):
    tables, binding = county()
    found = explain(name, tables | trial_tables(), register=binding)
    json.dumps(found, allow_nan=False)
    said = explanation_text(found, scenario_names={"bridge": "The bridge is rebuilt"})
    for part in parts:
        assert part in said, said
    assert "假设bridge" in explanation_text(found, "zh")


def engine_tables():
    ids = text("a", "b", "c", "d")
    wet = pd.DataFrame(
        {
            "settlement_id": ids,
            "service": text(*["primary_care"] * 4),
            "mode": text(*["drive"] * 4),
            "wet_min": [14.5, math.nan, math.nan, 10.0],
            "slower_min": [2.5, math.nan, math.nan, 0.0],
            "wet_status": text("slower", "lost", "not_served", "kept"),
            "wet_reach_status": text("reached", "no_path", "no_path", "reached"),
            "facility_changes": [True, False, False, False],
        }
    )
    measures = pd.DataFrame(
        {
            "settlement_id": ids,
            "service": text(*["primary_care"] * 4),
            "mode": text(*["drive"] * 4),
            "group": text(*["everybody"] * 4),
            "measure": text(*["e2sfca"] * 4),
            "value": [0.00002, 0.000013, 0.0, 0.00001],
            "unit": text(*["facilities per person"] * 4),
            "status": text("reached", "reached", "no_pair", "reached"),
            "facilities_reached": [1, 1, 0, 1],
            "edge_risk": [False, True, False, False],
        }
    )
    off_road = pd.DataFrame(
        {
            "settlement_id": ids,
            "service": text(*["primary_care"] * 4),
            "facility_id": text("n1", "n1", None, "n1"),
            "travel_time_min": [41.0, 95.0, math.nan, 12.0],
            "reach_status": text("reached", "reached", "no_path", "reached"),
        }
    )
    return {"intervals": intervals(), "wet_losses": wet, "measures": measures, "off_road": off_road}


def sure_of(name, **certainty):
    tables, binding = county()
    known = {"speed_share": 0.2, "calibrated": False} | certainty
    return explain(name, tables | engine_tables(), register=binding, certainty=known)


def test_an_explanation_tells_the_interval_the_wet_season_and_the_measures():
    found = sure_of("a")
    way = next(way for way in found["services"] if way["service"] == "primary_care")
    assert (way["interval"]["low_min"], way["interval"]["high_min"]) == (10.0, 15.0)
    assert way["wet"]["wet_status"] == "slower"
    # 0.00002 facilities a person never make one for a thousand people, so they are told for a hundred thousand
    assert way["measures"][0]["told_value"] == pytest.approx(2.0)
    assert way["measures"][0]["value"] == 0.00002
    json.dumps(found, allow_nan=False)
    said = explanation_text(found)
    for part in (
        "how sure: 12.0 min as assumed, 10.0 min at best, 15.0 min at worst; not calibrated",
        "widest by speeds ±20 %: 5.0 min by it alone",
        "wet season: 2.5 min slower (14.5 min), to another facility",
        "Supply per person (E2SFCA), everybody: 2 facilities per 100,000 people",
        "primary care over open ground: 41 min to Clinic",
    ):
        assert part in said, part
    assert "未经校准" in explanation_text(found, "zh")


def test_what_is_lost_unsure_or_measured_is_said_as_it_is():
    said = explanation_text(sure_of("b", speed_status="compared", speed_factors=[0.7, 1.25]))
    assert "wet season: lost (no way there)" in said
    assert "people beyond the mapped area may compete unseen" in said
    assert "speeds compared with observed times" in said
    assert "speeds 0.70 to 1.25 times those assumed" in said
    assert "primary care over open ground: no way there" in explanation_text(sure_of("c"))


def test_a_measure_without_a_value_is_unknown():
    tables, binding = county()
    engine = engine_tables()
    engine["measures"] = engine["measures"].assign(value=math.nan, status=text(*["people_unknown"] * 4))
    found = explain("a", tables | engine, register=binding)
    json.dumps(found, allow_nan=False)
    assert "Supply per person (E2SFCA), everybody: ?" in explanation_text(found)


def test_an_explanation_in_chinese_uses_the_chinese_name():
    told = explanation_text(explained("阿坝"), "zh", service_names={"primary_care": "基层医疗"})
    assert told.startswith("阿坝（a），村")  # noqa: RUF001 - Chinese marks
    assert "基层医疗，驾车：12分钟，至诊所" in told  # noqa: RUF001 - Chinese marks


def test_a_place_of_the_buffer_is_explained_but_not_judged():
    found = explained("d")
    assert found["norms"] == []
    assert "outside the study area" in explanation_text(found)


def test_parts_that_were_not_computed_are_left_out():
    _, binding = county()
    found = explain("a", {"settlements": places()}, register=binding)
    assert (found["off_road"], found["certainty"]) == ([], None)
    assert (found["snaps"], found["services"], found["last_mile"], found["norms"]) == ([], [], None, [])
    assert explanation_text(found).splitlines()[0] == "Aba (a), village"


def test_a_settlement_is_found_by_id_or_by_a_name_of_its_own():
    assert find_settlement(places(), "b") == "b"
    assert find_settlement(places(), "bolo") == "b"
    padded = places().assign(name=["石 洞 村", "第1村", "Mrémani", None])
    found = [find_settlement(padded, name) for name in ("石洞村", "第１村", "mremani")]
    assert found == ["a", "b", "c"]
    for nothing in ("", " "):
        with pytest.raises(ContractError, match="no settlement has the id or name"):
            find_settlement(padded, nothing)
    apart = places().assign(township=["Upper", "Lower", None, None])
    with pytest.raises(ContractError, match=r"name of 2: 'a' \(Upper, village\), 'd' \(village\); give one"):
        find_settlement(apart, "Aba")
    with pytest.raises(ContractError, match="no settlement has the id or name 'x'"):
        find_settlement(places(), "x")
    clinics = pd.DataFrame({"facility_id": ["f"], "name": ["Aba Clinic"]})
    for asked, typed in (("f", "f"), ("aba clinic", '"aba clinic"')):
        with pytest.raises(ContractError, match=f"it is a facility, which `spatial try STUDY --close {typed}` takes"):
            find_settlement(places(), asked, facilities=clinics)


def test_a_value_just_beyond_the_norm_is_told_apart_from_it():
    words = Words("en")
    assert words.against(60.2, 60.0, "min") == "60.2 min against 60.0 min"
    assert words.against(60.0, 60.0, "min") == "60 min against 60 min"
    assert words.against(12.0, 60.0, "min") == "12 min against 60 min"
    assert words.against(12.3, 7.5, "min") == "12.3 min against 7.5 min"


def test_a_limit_has_as_many_decimals_as_it_needs():
    words = Words("en")
    shown = [words.limit(*each) for each in ((60.0, "min"), (7.5, "min"), (500.0, "m"), (2500.0, "m"), (12340.0, "m"))]
    assert shown == ["60 min", "7.5 min", "500 m", "2.5 km", "12.34 km"]
    assert Words("fr").limit(7.5, "min") == "7,5\u00a0min"


def test_numbers_are_written_for_people():
    words = Words("en")
    assert words.measure(3218.688, "m") == "3.22 km"
    assert words.measure(31_500.0, "m") == "31.5 km"
    assert words.measure(1.0, "facility") == "1 facility"
    assert words.number(None) == "?"
    assert words.number(12_345.4) == "12,345"
    assert [words.share(share) for share in (1.0, 0.9999, 0.967, 0.0001, None)] == [
        "100 %",
        "99.9 %",
        "96.7 %",
        "0.1 %",
        "?",
    ]


@pytest.mark.parametrize(("language", "joint"), [("en", "; "), ("fr", "\u202f; "), ("zh", "\uff1b")])
def test_several_reasons_are_joined_as_the_language_joins(language, joint):
    words = Words(language)
    assert words.reason("class_unknown;nothing_mapped").split(joint) == [
        words.reason(code) for code in ("class_unknown", "nothing_mapped")
    ]


def test_every_reason_that_the_code_gives_has_words():
    results = evaluate_norms(
        load_register(),
        places(),
        access(),
        as_of=AS_OF,
        rules=NormRules(jurisdictions=("CN-51", "CN-SD-Jining", "GB-ENG", "FR", "EU", "IN", "ET")),
        evidence=NormEvidence(vocabulary=ServiceWords()),
    )
    words = Words("en")
    codes = {code.partition(":")[0] for reason in results["reason"].unique() for code in reason.split(";") if code}
    assert codes <= set(words.messages["reason"])


@pytest.mark.parametrize(
    ("count", "language", "said"),
    [
        (1, "en", "1 of 1 person is within 60 min of the nearest primary care; 0 are beyond."),
        (2, "en", "1 of 2 people are within 60 min of the nearest primary care; 1 is beyond."),
        (1, "fr", "Sur 1 habitant, 1 est à"),
        (1, "zh", "1人中有1人在"),
    ],
)
def test_one_of_a_kind_is_told_in_the_singular(count, language, said):
    inventory = dict.fromkeys(("primary_care", "clinic"), "complete")
    tables, binding = county(persons=(1.0, count - 1.0, 0.0, 0.0), inventory=inventory)
    norms = {row["norm_id"]: row for row in summarise_study(tables, register=binding)["norms"]}
    told = headline_text(norms["GL-PHC-1H"], language).replace("\u00a0", " ")
    assert said in told
    assert Words("en").measure(1.0, "persons") == "1 person"
    gates = {"mandatory_status": "fail", "n_gates": 1, "fail": ["CN-A"]}
    assert gates_text(gates) == "The one mandatory norm failed: CN-A."
    assert gates_text(gates | {"n_gates": 3}) == "1 of 3 mandatory norms failed: CN-A."


def test_every_column_of_access_that_is_shown_is_declared_in_each_table_that_holds_it():
    shown = columns_told("access")
    declared = {name: {field.name for field in TABLES[name].fields} for name in ("access", "cell_access", "gaps")}
    assert set().union(*shown.values()) <= declared["access"]
    assert declared["access"] == declared["cell_access"]  # one search fills both
    assert set(shown["gaps"]) <= declared["gaps"]
