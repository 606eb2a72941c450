"""Levels and gaps of a county whose numbers are known by arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from affine import Affine

import spatial as sp
from spatial.errors import ContractError, StudyError
from spatial.norms.evaluation import UnitGates
from spatial.rasters import Raster
from spatial.score.evidence import (
    connection,
    flow_table,
    gap_reading,
    potential_flows,
    read_ground,
    road_is_near,
    scaled_norms,
)
from spatial.score.place_scores import norms_table
from spatial.score.population_grid import urban_grid
from spatial.score.ranking import RankDoubts, coordination_table, rank_units
from spatial.score.scoreboard import Evidence
from spatial.score.settlement_types import type_table
from spatial.score.spatial_pattern import inequality_table
from spatial.score.towns import town_table
from spatial.study.score import ScoreOptions
from spatial.tables import TABLES

CRS = "EPSG:32738"
IDS = ["a", "b", "c", "d"]


def settlements() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "settlement_id": pd.Series([*IDS, "far"], dtype="str"),
            "name": pd.Series(["A", "B", None, "D", "F"], dtype="str"),
            "tier": ["county_seat", "village", "town", "village", "village"],
            "official_class": pd.Series(["urban", "rural", "urban", "rural", "rural"], dtype="str"),
            "in_study": [True, True, True, True, False],
            "population_persons": [400.0, 100.0, 200.0, 300.0, 50.0],
            "elderly_persons": [40.0, 50.0, 20.0, 150.0, 0.0],
            "township_id": pd.Series(["t1", "t1", "t2", "t2", None], dtype="str"),
        },
        geometry=gpd.points_from_xy([400_000.0, 402_000, 410_000, 412_000, 450_000], [8e6] * 5),
        crs=CRS,
    )


def norm_rows(norm: str, values: dict[str, float], *, threshold: float = 30.0, fail: float = 60.0) -> pd.DataFrame:
    """Rows of one norm in minutes, of places and of the study, as the table has them."""
    people = dict(zip(IDS, [400.0, 100.0, 200.0, 300.0], strict=True))
    rows = []
    for place, minutes in values.items():
        met = minutes <= threshold
        depth = min(1.0, max(0.0, (minutes - threshold) / (fail - threshold)))
        rows.append(
            {
                "norm_id": norm,
                "unit_level": "settlement",
                "unit_id": place,
                "status_as_mapped": "met" if met else "not_met",
                "value": minutes if math.isfinite(minutes) else math.nan,
                "depth_fgt1": depth,
                "persons_in_scope": people[place],
                "persons_served": people[place] * met,
                "places_in_scope": 1.0,
                "places_served": float(met),
                "served_share": float(met),
            }
        )
    total = sum(people[place] for place in values)
    served = sum(people[place] for place, minutes in values.items() if minutes <= threshold)
    rows.append(
        {
            "norm_id": norm,
            "unit_level": "study",
            "unit_id": "study",
            "status_as_mapped": "met" if served == total else "not_met",
            "value": math.nan,
            "depth_fgt1": math.nan,
            "persons_in_scope": total,
            "persons_served": served,
            "places_in_scope": 4.0,
            "places_served": 0.0,
            "served_share": served / total,
        }
    )
    return pd.DataFrame(rows).assign(
        service=norm.lower(),
        norm_class="guiding",
        reason="",
        gate="none_applicable",
        share_of="persons",
        threshold=threshold,
        target_share=0.5,
        attainment=lambda frame: np.minimum(1.0, frame["served_share"] / 0.5),
    )


def results() -> pd.DataFrame:
    return pd.concat(
        [
            norm_rows("CLINIC", {"a": 10.0, "b": 45.0, "c": 20.0, "d": math.inf}),
            norm_rows("SCHOOL", {"a": 5.0, "b": 15.0, "c": 60.0, "d": 30.0}),
        ],
        ignore_index=True,
    )


def evidence(**changes: object) -> Evidence:
    known = {
        "connected": np.array([1.0, 1.0, 0.0, 1.0]),
        "road_near": np.ones(4),
        "beyond": np.array([0.0, 1.0, 0.0, 1.0]),
        "gap_norm": "CLINIC",
        "gap_unit": "min",
        "gap_value": np.array([10.0, 45.0, 20.0, math.inf]),
        "gap_threshold": 30.0,
        "completeness": np.array([1.0, math.nan, 0.5, math.nan]),
        "gates": {("study", "study"): (1, 2, ("GATE",)), ("township", "t1"): (2, 2, ())},
    }
    known |= changes
    return Evidence(**known | {"gates": {unit: UnitGates(*found) for unit, found in known["gates"].items()}})


def score(**options: object) -> sp.Scoreboard:
    table = results()
    norms, _ = sp.score_norms(table)
    places = sp.place_scores(table, IDS, norms)
    return sp.score_study(settlements(), places, evidence(), **options)


def value(board: sp.Scoreboard, component: str, unit: str = "study") -> float:
    rows = board.components
    found = rows[(rows["unit_id"] == unit) & (rows["component"] == component)]
    assert len(found) == 1
    return float(found["value"].iloc[0])


def test_scores_of_places_are_one_less_the_depth_and_a_mean_over_services() -> None:
    places = sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"])
    # 45 minutes of 30 to 60: half way; unreachable and 60: nothing left
    assert places.q.tolist() == [[1.0, 1.0], [0.5, 1.0], [1.0, 0.0], [0.0, 1.0]]
    assert places.access.tolist() == [1.0, 0.75, 0.5, 0.5]
    assert places.coverage(slice(None)).tolist() == [0.6, 0.8]


def test_two_norms_of_one_service_weigh_as_much_as_one_of_another() -> None:
    table = pd.concat([results(), norm_rows("CLINIC-2", {"a": 100.0}).assign(service="clinic")])
    places = sp.place_scores(table, IDS, ["CLINIC", "SCHOOL", "CLINIC-2"])
    # the two norms of clinics give a half together, schools give one
    assert places.access[0] == 0.75


def test_levels_of_the_study_by_arithmetic() -> None:
    board = score()
    people = np.array([400.0, 100.0, 200.0, 300.0])
    q = np.array([1.0, 0.75, 0.5, 0.5])
    # epsilon 1/2: the mean of square roots, squared
    assert value(board, "even_access") == pytest.approx((people @ np.sqrt(q) / 1000) ** 2)
    assert value(board, "all_season_connection") == pytest.approx(0.8)
    # attainment of .5: clinics urban 600/600 -> 1, rural 0/400 -> 0; schools rural 400/400 -> 1: mean .5
    assert value(board, "worst_group_attainment") == pytest.approx(0.5)
    assert value(board, "effective_coverage") == pytest.approx((0.6 + 0.8) / 2)
    assert value(board, "gates_passed") == pytest.approx(0.5)
    assert value(board, "hierarchy_completeness") == pytest.approx((400 * 1.0 + 200 * 0.5) / 600)
    study = board.scores.iloc[0]
    assert study["level_structure"] == pytest.approx(math.sqrt(value(board, "even_access") * 0.8))
    assert (study["mandatory_status"], study["failed_gates"]) == ("fail", "GATE")
    assert (study["population_persons"], study["places"]) == (1000.0, 4)


def test_groups_are_compared_by_the_norms_that_ask_something_of_all_of_them() -> None:
    # clinics ask of all: urban 0.6 / 0.5 -> 1, rural 0; parks ask of towns alone and fail there
    parks = [norm_rows(f"PARK-{at}", {"a": 90.0, "c": 90.0}) for at in range(3)]
    table = pd.concat([results(), *parks], ignore_index=True)
    norms = ["CLINIC", "SCHOOL", "PARK-0", "PARK-1", "PARK-2"]
    places = sp.place_scores(table, IDS, norms)
    board = sp.score_study(settlements(), places, evidence())
    found = row_of(board, "worst_group_attainment")
    assert (found["value"], found["detail"]) == (pytest.approx(0.5), "rural;norms=2")
    # of all norms, towns would be worst: (1 + 1 + 0 + 0 + 0) / 5
    assert places.attainment(slice(None), np.array([1.0, 0.0, 1.0, 0.0])) == pytest.approx(0.4)
    # one town and one village that are asked for a post office make it a norm of both groups: (0 + 1 + 0) / 3
    table = pd.concat([table, norm_rows("POST", {"a": 10.0, "b": 90.0})], ignore_index=True)
    board = sp.score_study(settlements(), sp.place_scores(table, IDS, [*norms, "POST"]), evidence())
    found = row_of(board, "worst_group_attainment")
    assert (found["value"], found["detail"]) == (pytest.approx(1 / 3), "rural;norms=3")


def test_groups_without_a_norm_in_common_are_not_compared() -> None:
    table = pd.concat(
        [norm_rows("PARK", {"a": 10.0, "c": 90.0}), norm_rows("POST", {"b": 10.0, "d": 90.0})], ignore_index=True
    )
    places = sp.place_scores(table, IDS, ["PARK", "POST"])
    towns = settlements().drop(columns="elderly_persons")
    board = sp.score_study(towns, places, evidence())
    found = row_of(board, "worst_group_attainment")
    assert math.isnan(found["value"])
    assert (found["component_status"], found["detail"]) == ("not_defined", "no_common_norms")


def test_gaps_are_held_against_the_studys_own_targets() -> None:
    board = score()
    # urban median 10 (400 of 600 people), rural: inf (300 of 400)
    assert value(board, "gap_ratio") == 0.0
    # covered: all 600 in town, nobody in the country
    assert value(board, "coverage_gap") == pytest.approx(1.0)
    # beyond: b in t1 (100 of 500), d in t2 (300 of 500); x/X = .25 .75, y/Y = 400/600 200/600
    assert value(board, "dissimilarity") == pytest.approx(0.5 * (abs(0.25 - 2 / 3) + abs(0.75 - 1 / 3)))
    assert math.isnan(value(board, "difference"))
    rows = board.components.set_index(["unit_id", "component"])
    assert rows.loc[("study", "gap_ratio"), "meets_target"] == "no"
    assert rows.loc[("study", "border_effect_min"), "meets_target"] == "unknown"
    assert rows.loc[("study", "border_effect_min"), "component_status"] == "no_data"
    # A target at what is measured is met, one at most as well as one at least.
    generous = score(rules=sp.ScoreRules(targets=sp.GapTargets(coverage_gap=1.0, gap_ratio=0.0)))
    rows = generous.components.set_index(["unit_id", "component"])
    assert rows.loc[("study", "coverage_gap"), "meets_target"] == "yes"
    assert rows.loc[("study", "gap_ratio"), "meets_target"] == "yes"


def test_gaps_are_narrow_only_where_two_are_measured_and_wide_where_one_is_open() -> None:
    places = sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"])
    near = {"gap_value": np.array([10.0, 10.0, 10.0, 10.0]), "beyond": np.full(4, math.nan)}

    def band(reading: dict[str, object], targets: sp.GapTargets) -> tuple[str, int]:
        rules = sp.ScoreRules(targets=targets)
        study = sp.score_study(settlements(), places, evidence(**reading), rules=rules).scores.iloc[0]
        return study["gap_band"], study["gaps_measured"]

    generous = sp.GapTargets(theil_between_share=1.0)
    assert band(near, generous) == ("narrow", 3)
    # without a norm by which gaps are told, Theil's share alone is measured
    silent = {"gap_norm": "", "beyond": np.full(4, math.nan)}
    assert band(silent, generous) == ("unknown", 1)
    assert band(silent, sp.GapTargets(theil_between_share=0.0)) == ("wide", 1)


def test_coverage_of_nobody_in_town_and_country_is_no_gap() -> None:
    places = sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"])
    far = evidence(gap_value=np.full(4, 45.0), beyond=np.ones(4))
    found = row_of(sp.score_study(settlements(), places, far), "coverage_gap")
    assert math.isnan(found["value"])
    assert (found["component_status"], found["detail"]) == ("not_defined", "nobody_served")
    assert found["meets_target"] == "unknown"
    one = evidence(gap_value=np.array([10.0, 45.0, 45.0, 45.0]))
    # 400 of 600 in town, nobody in the country
    assert value(sp.score_study(settlements(), places, one), "coverage_gap") == pytest.approx(2 / 3)


def test_a_level_is_1_exactly_where_everything_is() -> None:
    table = norm_rows("CLINIC", dict.fromkeys(IDS, 5.0))
    places = sp.place_scores(table, IDS, ["CLINIC"])
    whole = evidence(
        connected=np.ones(4),
        completeness=np.array([1.0, math.nan, 1.0, math.nan]),
        gates={("study", "study"): (2, 2, ())},
    )
    study = sp.score_study(settlements(), places, whole).scores.iloc[0]
    assert (study["level_structure"], study["level_boundaries"], study["level_order"]) == (1.0, 1.0, 1.0)
    assert (study["integration_level"], study["level_high"]) == (1.0, 1.0)
    assert study["level_low"] == pytest.approx(0.01**0.25)


def scored_with(gates: tuple[int, int, tuple[str, ...]] | None, **changes: object) -> sp.Scoreboard:
    table = results()
    known = evidence(gates={} if gates is None else {("study", "study"): gates}, **changes)
    return sp.score_study(settlements(), sp.place_scores(table, IDS, ["CLINIC", "SCHOOL"]), known)


def test_gates_that_nobody_can_judge_are_left_out_of_the_level_and_make_it_an_interval() -> None:
    study = scored_with((1, 4, ("POST",)), completeness=np.full(4, math.nan)).scores.iloc[0]
    # in force 4: one passed, one failed, two unknown; nothing else makes the pillar of order
    assert study["level_order"] == pytest.approx(0.5)
    others = study["level_structure"] * study["level_boundaries"]
    assert study["level_low"] == pytest.approx((others * 0.25 * 0.01) ** 0.25)
    assert study["level_high"] == pytest.approx((others * 0.75 * 1.0) ** 0.25)
    judged = scored_with((1, 2, ("POST",)), completeness=np.full(4, math.nan)).scores.iloc[0]
    assert judged["level_high"] == pytest.approx((others * 0.5) ** 0.25)


def test_gates_of_which_none_could_be_judged_are_no_data_and_never_a_zero() -> None:
    board = scored_with((0, 3, ()))
    assert math.isnan(value(board, "gates_passed"))
    rows = board.components.set_index(["unit_id", "component"])
    assert rows.loc[("study", "gates_passed"), "component_status"] == "no_data"
    study, towns = board.scores.iloc[0], value(board, "hierarchy_completeness")
    assert study["mandatory_status"] == "unknown"
    assert study["level_order"] == pytest.approx(towns)
    others = study["level_structure"] * study["level_boundaries"]
    # the other component and the gates at 0.01 or at 1; flows at 0.01 or at 1
    assert study["level_low"] == pytest.approx((others * math.sqrt(towns * 0.01) * 0.01) ** 0.25)
    assert study["level_high"] == pytest.approx((others * math.sqrt(towns)) ** 0.25)
    asked = scored_with(None).components.set_index(["unit_id", "component"])
    assert asked.loc[("study", "gates_passed"), "component_status"] == "not_asked"


def test_townships_whose_gates_nobody_could_judge_widen_no_spread() -> None:
    gates = {("township", "t1"): (2, 2, ()), ("township", "t2"): (0, 2, ())}
    table = results()
    places = sp.place_scores(table, IDS, ["CLINIC", "SCHOOL"])
    board = sp.score_study(settlements(), places, evidence(gates=gates))
    assert math.isnan(value(board, "gates_spread"))
    gates["township", "t2"] = (0, 2, ("POST",))
    assert value(sp.score_study(settlements(), places, evidence(gates=gates)), "gates_spread") == 1.0


def test_a_label_names_both_bands_where_the_interval_spans_them() -> None:
    # flows are missing: a level of 1 may be 0.01 ** 0.25 = 0.32, which is low, or 1, which is high
    table = norm_rows("CLINIC", dict.fromkeys(IDS, 5.0))
    places = sp.place_scores(table, IDS, ["CLINIC"])
    whole = evidence(
        connected=np.ones(4),
        completeness=np.array([1.0, math.nan, 1.0, math.nan]),
        gates={("study", "study"): (2, 2, ())},
    )
    board = sp.score_study(settlements(), places, whole)
    assert board.scores.iloc[0]["level_band"] == "low_to_high"
    light = sp.ScoreRules(weights={"structure": 1.0, "boundaries": 1.0, "order": 1.0, "elements": 0.1})
    # 0.01 ** (0.1 / 3.1) = 0.86: high at either end
    assert sp.score_study(settlements(), places, whole, rules=light).scores.iloc[0]["level_band"] == "high"
    heavier = sp.ScoreRules(weights={"structure": 1.0, "boundaries": 1.0, "order": 1.0, "elements": 0.3})
    # 0.01 ** (0.3 / 3.3) = 0.66
    found = sp.score_study(settlements(), places, whole, rules=heavier).scores.iloc[0]
    assert found["level_band"] == "middle_to_high"


def test_a_single_settlement_misses_no_flows_and_a_village_no_hierarchy() -> None:
    rows = score().scores.set_index("unit_id")
    assert rows.loc[IDS, "missing_pillars"].tolist() == [0, 0, 0, 0]
    assert rows.loc["b", "level_low"] == rows.loc["b", "integration_level"] == rows.loc["b", "level_high"]
    unknown = np.array([1.0, math.nan, 0.0, 1.0])
    table = results()[lambda rows: rows["unit_id"] != "b"]
    places = sp.place_scores(table, IDS, ["CLINIC", "SCHOOL"])
    lost = sp.score_study(settlements(), places, evidence(connected=unknown, road_near=unknown)).scores
    lost = lost.set_index("unit_id").loc["b"]
    assert (lost["missing_pillars"], lost["level_band"]) == (2, "unknown")
    assert (lost["level_low"], lost["level_high"]) == (pytest.approx(0.01), 1.0)


def test_borders_leave_a_share_of_the_coverage_that_the_index_rests_on() -> None:
    open_min = np.array([10.0, 20.0, 10.0, 20.0])
    closed_min = np.array([10.0, 40.0, 10.0, math.inf])
    table = results()
    places = sp.place_scores(table, IDS, ["CLINIC", "SCHOOL"])
    known = evidence(
        open_min=open_min,
        closed_min=closed_min,
        border_service="clinic",
        border_norm="CLINIC",
        border_threshold_min=30.0,
    )
    board = sp.score_study(settlements(), places, known)
    # within 30 minutes: all 1,000 people with open borders, 600 in their own township
    assert value(board, "border_coverage_kept") == pytest.approx(0.6)
    row = board.components.set_index(["unit_id", "component"]).loc[("study", "border_coverage_kept")]
    assert (row["side"], row["detail"], row["meets_target"]) == ("gap", "CLINIC", "no_target")
    assert "border" in board.scores.iloc[0]["segmentation_terms"].split(";")
    gained = board.components.set_index(["unit_id", "component"])["persons"]
    assert gained[("study", "border_effect_min")] == pytest.approx(400.0)
    nobody = settlements().assign(population_persons=math.nan)
    places_only = sp.score_study(nobody, sp.place_scores(table, IDS, ["CLINIC", "SCHOOL"]), known).components
    assert places_only["persons"].isna().all()
    # read back, without times, the index is the same
    kept = {("study", "study"): 0.6, ("township", "t1"): 0.8, ("township", "t2"): 0.4}
    again = sp.score_study(settlements(), places, evidence(border_kept=kept))
    columns = ["segmentation_index", "segmentation_terms"]
    assert again.scores[columns].equals(board.scores[columns])


def test_flows_make_the_pillar_of_elements_and_are_never_imputed() -> None:
    flows = pd.DataFrame(
        {"from_id": ["b", "a", "far"], "to_id": ["a", "b", "a"], "kind": "parcels", "volume": [30.0, 90.0, 60.0]}
    )
    board = score(flows=flows, rules=sp.ScoreRules(volume_targets={"parcels": 360.0}))
    # country to town 30 + 60, town to country 90: in balance, half of the target volume
    assert value(board, "two_way_flow:parcels") == pytest.approx(1.0 * 180 / 360)
    assert board.flows.set_index("unit_level").loc["study", "net_flow_ratio"] == pytest.approx(0.0)
    assert board.scores.iloc[0]["level_elements"] == pytest.approx(0.5)
    assert math.isnan(score().scores.iloc[0]["level_elements"])
    with pytest.raises(ContractError, match="no settlement is called 'zz'"):
        score(flows=flows.assign(to_id=["a", "b", "zz"]))


def test_what_flows_between_two_places_around_the_study_is_none_of_its_flows() -> None:
    places = pd.DataFrame(settlements()).assign(in_study=[True, True, False, False, False])
    flows = pd.DataFrame(
        {"from_id": ["b", "d", "c"], "to_id": ["a", "a", "d"], "kind": "parcels", "volume": [30.0, 10.0, 900.0]}
    )
    places["official_class"] = ["urban", "rural", "urban", "rural", "rural"]
    found = flow_table(flows, places, read_ground(places), sp.ScoreRules()).iloc[0]
    # From the country to town 30 and, from around the study, 10; the 900 from town to country never touch it.
    assert (found["outward"], found["inward"]) == (40.0, 0.0)


def lacking(board: sp.Scoreboard, component: str, unit: str = "study") -> float:
    rows = board.components
    found = rows[(rows["unit_id"] == unit) & (rows["component"] == component)]
    return float(found["persons"].iloc[0])


def test_nobody_lacks_what_everybody_has_and_unknown_is_no_zero() -> None:
    table = results()
    places = sp.place_scores(table, IDS, sp.score_norms(table)[0])
    board = sp.score_study(settlements(), places, evidence())
    # c, 200 people in t2, has no road
    assert lacking(board, "all_season_connection", "t1") == 0.0
    assert lacking(board, "all_season_connection", "t2") == 200.0
    unknown = sp.score_study(settlements(), places, evidence(connected=np.full(4, math.nan)))
    assert math.isnan(lacking(unknown, "all_season_connection"))
    nobody = settlements().assign(population_persons=math.nan)
    assert math.isnan(lacking(sp.score_study(nobody, places, evidence()), "all_season_connection", "t1"))


def row_of(board: sp.Scoreboard, component: str, unit: str = "study") -> pd.Series:
    return board.components.set_index(["unit_id", "component"]).loc[(unit, component)]


def test_a_share_of_people_is_of_those_of_whom_it_is_known_and_has_two_ends() -> None:
    places = sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"])
    # a, 400: yes; b, 100: no; c and d, 500: unknown
    some = evidence(connected=np.array([1.0, 0.0, math.nan, math.nan]))
    board = sp.score_study(settlements(), places, some)
    found = row_of(board, "all_season_connection")
    assert found[["value", "low", "high"]].tolist() == [0.8, 0.4, 0.9]
    assert found[["persons", "persons_known", "persons_unknown"]].tolist() == [100.0, 500.0, 500.0]
    nobody = row_of(board, "all_season_connection", "t2")
    assert (math.isnan(nobody["value"]), nobody["component_status"]) == (True, "no_data")
    assert nobody[["low", "high", "persons_known", "persons_unknown"]].tolist() == [0.0, 1.0, 0.0, 500.0]
    study, even = board.scores.iloc[0], value(board, "even_access")
    others = study["level_boundaries"] * study["level_order"]
    assert study["level_structure"] == pytest.approx(math.sqrt(even * 0.8))
    # gates 1 of 2; flows at 0.01 or at 1
    assert study["level_low"] == pytest.approx((others * math.sqrt(even * 0.4) * 0.01) ** 0.25)
    assert study["level_high"] == pytest.approx((others * math.sqrt(even * 0.9)) ** 0.25)
    # a village of which nobody knows
    lone = board.scores.set_index("unit_id").loc["d"]
    assert lone["level_low"] < lone["integration_level"] < lone["level_high"]
    told = row_of(board, "all_season_connection", "d")
    assert (told["component_status"], told["low"], told["high"]) == ("no_data", 0.0, 1.0)
    assert (told["persons_known"], told["persons_unknown"]) == (0.0, 300.0)


def post_and_bus() -> pd.DataFrame:
    """Post: within at a, beyond at b, nobody knows at c, does not ask of d; buses: nobody knows at b."""
    post = norm_rows("POST", {"a": 10.0, "b": 90.0, "c": 90.0, "d": 90.0}).assign(service="post_office")
    post.loc[post["unit_id"] == "c", "status_as_mapped"] = "not_measurable"
    post.loc[post["unit_id"] == "d", "status_as_mapped"] = "not_applicable"
    return pd.concat([results(), post], ignore_index=True)


def test_the_last_mile_is_unknown_until_every_part_is_known_or_one_fails() -> None:
    places = sp.place_scores(post_and_bus(), IDS, ["CLINIC", "SCHOOL", "POST"])
    found = row_of(sp.score_study(settlements(), places, evidence()), "last_mile_coverage")
    # a, 400: yes; b, 100: no; c, 200: unknown; d is not asked
    assert found[["value", "low", "high"]].tolist() == pytest.approx([0.8, 4 / 7, 6 / 7])
    assert found[["persons_known", "persons_unknown"]].tolist() == [500.0, 200.0]
    # no road near c: it has no last mile, whatever its post office; nobody knows of a's road
    roads = evidence(road_near=np.array([math.nan, 1.0, 0.0, 0.0]))
    found = row_of(sp.score_study(settlements(), places, roads), "last_mile_coverage")
    assert found[["value", "low", "high"]].tolist() == pytest.approx([0.0, 0.0, 4 / 7])
    assert found[["persons", "persons_known", "persons_unknown"]].tolist() == [300.0, 300.0, 400.0]


def test_digital_coverage_needs_every_norm_and_fails_with_one() -> None:
    def norm(name: str, values: dict[str, float], unknown: str) -> pd.DataFrame:
        rows = norm_rows(name, values)
        rows.loc[rows["unit_id"] == unknown, "status_as_mapped"] = "not_measurable"
        return rows.assign(service="broadband")

    table = pd.concat(
        [
            norm("LINE", {"a": 10.0, "b": 10.0, "c": 90.0, "d": 10.0}, "b"),
            norm("SPEED", {"a": 10.0, "b": 10.0, "c": 10.0}, "c"),
        ],
        ignore_index=True,
    )
    places = sp.place_scores(table, IDS, ["LINE", "SPEED"])
    board = sp.score_study(settlements(), places, evidence())
    has = [row_of(board, "digital_coverage", place)["value"] for place in IDS]
    assert [has[0], has[2], has[3]] == [1.0, 0.0, 1.0]
    assert math.isnan(has[1])
    found = row_of(board, "digital_coverage")
    assert found[["value", "low", "high"]].tolist() == pytest.approx([7 / 9, 0.7, 0.8])


def test_coverage_that_no_norm_asks_for_is_not_asked_and_has_no_ends() -> None:
    board = score()
    for unit in ("study", "a"):
        found = row_of(board, "digital_coverage", unit)
        assert found["component_status"] == "not_asked"
        assert found[["value", "low", "high", "persons", "persons_unknown"]].isna().all()
    # a norm binds that nobody has measured: unknown for all
    line = norm_rows("LINE", dict.fromkeys(IDS, 10.0)).assign(service="broadband")
    line["status_as_mapped"] = "not_measurable"
    table = pd.concat([results(), line], ignore_index=True)
    places = sp.place_scores(table, IDS, ["CLINIC", "SCHOOL"])
    found = row_of(sp.score_study(settlements(), places, evidence()), "digital_coverage")
    assert (found["component_status"], found["low"], found["high"]) == ("no_data", 0.0, 1.0)
    assert (found["persons_known"], found["persons_unknown"]) == (0.0, 1000.0)


def test_components_count_as_known_by_the_people_of_whom_they_are() -> None:
    places = sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"])
    whole = sp.score_study(settlements(), places, evidence()).scores.iloc[0]["known_share"]
    half = evidence(connected=np.array([1.0, 0.0, math.nan, math.nan]))
    found = sp.score_study(settlements(), places, half)
    asked = found.components[found.components["unit_id"] == "study"]
    count = (~asked["component_status"].isin(["not_asked", "not_defined"])).sum()
    assert whole - found.scores.iloc[0]["known_share"] == pytest.approx(0.5 / count)


def test_places_that_stand_in_for_people_are_never_counted_as_people() -> None:
    table = results().assign(share_of="places")
    places = sp.place_scores(table, IDS, ["CLINIC", "SCHOOL"])
    known = evidence(
        open_min=np.array([10.0, 20.0, 10.0, 20.0]),
        closed_min=np.array([10.0, 40.0, 10.0, math.inf]),
        border_service="clinic",
        border_norm="CLINIC",
        border_threshold_min=30.0,
    )
    for people in (math.nan, 0.0):
        board = sp.score_study(settlements().assign(population_persons=people), places, known)
        persons = board.components[["persons", "persons_known", "persons_unknown"]]
        assert persons.isna().all().all()
        assert value(board, "all_season_connection") == 0.75


def test_nobody_is_beyond_where_all_are_within() -> None:
    table = pd.concat([norm_rows("CLINIC", dict.fromkeys(IDS, 10.0))], ignore_index=True)
    places = sp.place_scores(table, IDS, ["CLINIC"])
    board = sp.score_study(settlements(), places, evidence(beyond=np.zeros(4)))
    assert lacking(board, "even_access") == 0.0
    assert lacking(board, "dissimilarity") == 0.0


def test_people_unknown_makes_places_count() -> None:
    nobody = settlements().assign(population_persons=math.nan)
    table = results().assign(share_of="places")
    places = sp.place_scores(table, IDS, ["CLINIC", "SCHOOL"])
    study = sp.score_study(nobody, places, evidence()).scores.iloc[0]
    assert math.isnan(study["population_persons"])
    assert study["level_structure"] == pytest.approx(math.sqrt((np.sqrt([1.0, 0.75, 0.5, 0.5]).mean()) ** 2 * 0.75))


def test_a_village_of_nobody_has_a_value_and_no_weight() -> None:
    # Of 700 people the 400 of A are served; nobody lives in D. Rows of a place without people count it as a place:
    # 400 / 701 would count it as a person.
    table = norm_rows("CLINIC", {"a": 20.0, "b": 90.0, "c": 90.0, "d": 90.0})
    empty = (table["unit_id"] == "d").to_numpy()
    table = table.assign(service="clinic", share_of="persons", target_share=1.0, reason="", attainment=0.5)
    table.loc[empty, ["share_of", "persons_in_scope", "persons_served"]] = ["places", 0.0, 0.0]
    places = sp.place_scores(table, IDS, ["CLINIC"])
    assert places.coverage(slice(None)).tolist() == [400.0 / 700.0]
    assert places.attainment(slice(None)) == 400.0 / 700.0
    # By itself it is a place like others, and so it is where nobody lives anywhere.
    assert places.coverages().tolist() == [1.0, 0.0, 0.0, 0.0]
    table.loc[table["unit_level"] == "settlement", "share_of"] = "places"
    assert sp.place_scores(table, IDS, ["CLINIC"]).coverage(slice(None)).tolist() == [0.25]


def test_the_tables_keep_their_contracts() -> None:
    board = score()
    TABLES["scores"].check(board.scores)
    TABLES["score_components"].check(board.components)
    TABLES["flow_balances"].check(board.flows)
    ranked, pairs, shares = rank_units(board.scores, sp.ScoreRules(draws=50))
    TABLES["scores"].check(ranked)
    TABLES["rank_pairs"].check(pairs)
    TABLES["score_variance"].check(shares)
    assert len(pairs) == 2
    assert ranked[ranked["unit_level"] == "township"]["median_rank"].notna().all()


def test_of_so_many_units_that_fewer_draws_are_made_it_is_said(monkeypatch, caplog) -> None:
    monkeypatch.setattr("spatial.score.ranking.MOST_RANKS", 0)
    monkeypatch.setattr("spatial.score.ranking.LEAST_DRAWS", 20)
    rank_units(score().scores, sp.ScoreRules(draws=50))
    assert "are drawn 20 times instead of score.draws = 50" in caplog.text


def test_units_in_doubt_have_no_rank_and_the_others_rank_among_themselves() -> None:
    scores = score().scores
    townships = scores.index[scores["unit_level"] == "township"]
    one, other = scores.loc[townships, "unit_id"]
    third = scores.loc[townships[0]].to_frame().T.assign(unit_id="third").astype(scores.dtypes)
    scores = pd.concat([scores, third], ignore_index=True)
    settlement = scores.loc[scores["unit_level"] == "settlement", "unit_id"].iloc[0]
    doubts = RankDoubts(
        {"township": frozenset({one}), "settlement": frozenset({settlement})}, frozenset({(one, other), (other, one)})
    )
    ranked, pairs, _shares = rank_units(scores, sp.ScoreRules(draws=50), doubts=doubts)
    TABLES["scores"].check(ranked)
    TABLES["rank_pairs"].check(pairs)
    status = ranked.set_index(["unit_level", "unit_id"])["rank_status"]
    assert (status["township", one], status["township", other], status["study", "study"]) == (
        "in_doubt",
        "ranked",
        "not_ranked",
    )
    assert status["settlement", settlement] == "in_doubt"
    assert ranked["median_rank"].notna().equals(status.reset_index(drop=True).eq("ranked"))
    assert ranked.loc[ranked["unit_level"] == "township", "high_rank"].max() <= 2
    told = pairs.set_index(["unit_id", "other_id"])
    assert told["pair_status"].value_counts().to_dict() == {"compared": 4, "in_doubt": 2}
    assert told["probability_before"].isna().equals(told["pair_status"].eq("in_doubt"))
    assert math.isnan(told.loc[(one, other), "probability_before"])


def test_norms_are_chosen_by_rule_and_what_is_left_out_says_why() -> None:
    table = results()
    table.loc[table["norm_id"] == "SCHOOL", "reason"] = "member_not_measured:bank"
    assert sp.score_norms(table) == (["CLINIC"], {"SCHOOL": "not_measured"})
    table = results()
    table.loc[(table["norm_id"] == "SCHOOL"), "reason"] = "inventory:unknown"
    assert sp.score_norms(table)[1] == {}
    table.loc[(table["norm_id"] == "SCHOOL"), "reason"] = "proxy:school;nothing_mapped"
    assert sp.score_norms(table)[1] == {"SCHOOL": "nothing_mapped"}
    assert sp.score_norms(results(), only=["SCHOOL"]) == (["SCHOOL"], {"CLINIC": "not_chosen"})
    assert sp.score_norms(results(), only=["CLINIC"]) == (["CLINIC"], {"SCHOOL": "not_chosen"})
    with pytest.raises(StudyError, match="'NONE'"):
        sp.score_norms(results(), only=["NONE"])


def with_unknown_places(reason: str = "not_measured") -> pd.DataFrame:
    """The table of results in which nobody knows of the places beyond the norm on schools whether they are."""
    table = results()
    rows = (table["norm_id"] == "SCHOOL") & (table["status_as_mapped"] == "not_met")
    places = rows & (table["unit_level"] == "settlement")
    table.loc[places, "status_as_mapped"] = "not_measurable"
    table.loc[places, "reason"] = reason
    return table.assign(persons_unknown=math.nan)


def test_a_norm_that_is_met_or_unknown_and_nowhere_known_to_fail_counts_and_is_marked() -> None:
    def marked(table: pd.DataFrame, only: list[str] | None = None) -> list[tuple[str, bool, bool]]:
        told = norms_table(table, *sp.score_norms(table, only=only or []))
        TABLES["score_norms"].check(told)
        columns = told[["norm_id", "in_access", "never_known_to_fail"]]
        return list(columns.itertuples(index=False, name=None))

    table = with_unknown_places()
    assert marked(table) == [("CLINIC", True, False), ("SCHOOL", True, True)]
    assert marked(table, ["CLINIC"]) == [("CLINIC", True, False), ("SCHOOL", False, False)]
    # one place that is known to fail is enough, and a place whose class is unknown may be out of scope
    known = table.copy()
    known.loc[(known["norm_id"] == "SCHOOL") & (known["unit_id"] == "c"), "status_as_mapped"] = "not_met"
    for other in (known, with_unknown_places("class_unknown")):
        assert marked(other) == [("CLINIC", True, False), ("SCHOOL", True, False)]


def test_unknown_pillars_are_refused() -> None:
    with pytest.raises(ContractError, match=r"weights: 'roads' .*are no pillars"):
        sp.ScoreRules(weights={"roads": 1.0})


ACCESS = pd.DataFrame(columns=["settlement_id", "service", "mode", "reach_status"], dtype="str")


@pytest.mark.parametrize(
    ("reach", "asked", "expected"),
    [
        ("no_path", "no_path", [20.0, math.inf, math.inf]),  # who has no way is beyond, asked or not
        ("beyond_cutoff", "beyond_cutoff", [20.0, math.inf, math.inf]),  # the longest time is beyond the norm
        ("beyond_cutoff", "no_path", [20.0, math.inf, math.nan]),  # it may be within, for all that the asked tell
        ("unknown", "no_path", [20.0, math.inf, math.nan]),
    ],
)
def test_a_town_without_a_way_is_beyond_a_norm_that_asks_villages_alone(reach, asked, expected) -> None:
    binding = pd.DataFrame(
        {
            "id": ["SEAT"], "metric": ["time_min"], "direction": ["max"], "unit": ["min"], "service": ["seat"],
            "threshold": [30.0], "mode": ["any"],
        }
    )  # fmt: skip
    judged = pd.DataFrame(
        {
            "norm_id": "SEAT",
            "unit_level": "settlement",
            "unit_id": ["near", "far", "town"],
            "service": "county_seat",
            "value": [20.0, math.nan, math.nan],
            "status_as_mapped": ["met", "not_met", "not_applicable"],
            "places_in_scope": [1.0, 1.0, 0.0],
        }
    )
    access = pd.DataFrame(
        {
            "settlement_id": judged["unit_id"],
            "service": "county_seat",
            "mode": "drive",
            "reach_status": ["reached", asked, reach],
        }
    )
    np.testing.assert_array_equal(gap_reading(judged, access, binding, judged["unit_id"]).value, expected)


def test_the_norm_by_which_gaps_are_told_is_read_in_and_out_of_scope() -> None:
    binding = pd.DataFrame(
        {
            "id": ["SCHOOL", "CLINIC", "POST"],
            "metric": ["time_min", "time_min", "presence_in_unit"],
            "direction": ["max", "max", "presence"],
            "unit": ["min", "min", "service"],
            "service": ["school", "clinic", "post"],
            "threshold": [30.0, 30.0, 1.0],
            "fail_point": [60.0, 60.0, 0.0],
            "mode": "any",
        }
    )
    first = gap_reading(results(), ACCESS, binding, IDS)
    assert (first.norm, first.threshold) == ("SCHOOL", 30.0)
    second = gap_reading(results(), ACCESS, binding, IDS, headline=["POST", "CLINIC"])
    assert second.norm == "CLINIC"
    assert second.value.tolist() == [10.0, 45.0, 20.0, math.inf]
    assert second.beyond.tolist() == [0.0, 1.0, 0.0, 1.0]
    # Where half of the country lives beside it the ratio is 300 m by 1 m, and not endless: the index has it as a term.
    at_hand = replace(second, unit="m", value=np.array([300.0, 0.0, 300.0, 0.0])).evidence
    places = sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"])
    board = sp.score_study(settlements(), places, evidence(**at_hand))
    assert value(board, "gap_ratio") == 300.0
    assert "gap_ratio" in board.scores["segmentation_terms"][0]
    with pytest.raises(StudyError, match=r"score\.gap_norm: 'POST'"):
        gap_reading(results(), ACCESS, binding, IDS, asked="POST")
    # A norm that is judged nowhere tells no gap while another one is judged.
    unjudged = results()
    unjudged.loc[unjudged["norm_id"] == "SCHOOL", "status_as_mapped"] = "not_measurable"
    assert gap_reading(unjudged, ACCESS, binding, IDS, headline=["SCHOOL"]).norm == "CLINIC"
    assert gap_reading(unjudged, ACCESS, binding, IDS, asked="SCHOOL").norm == "SCHOOL"
    assert gap_reading(unjudged.assign(status_as_mapped="not_measurable"), ACCESS, binding, IDS).norm == "SCHOOL"
    # a quarter slower: 45 -> 56.25 of 30 to 60, and 30 at the school -> 37.5
    slow = scaled_norms(results(), binding, 1.25)
    places = sp.place_scores(slow, IDS, ["CLINIC", "SCHOOL"])
    assert places.q[1, 0] == pytest.approx(1 - 26.25 / 30)
    assert places.q[3, 1] == pytest.approx(1 - 7.5 / 30)
    # In a study that meets all so far, as its stage is handed it, a quarter slower breaks the first norm.
    near = results().assign(value=20.0, status_as_mapped="met").astype({"status_as_mapped": "category"})
    near.loc[near["unit_id"] == IDS[1], "value"] = 29.0
    broken = scaled_norms(near, binding, 1.25)
    told = broken.loc[broken["unit_level"] == "settlement"].groupby("unit_id")["status_as_mapped"].agg(set)
    assert told[IDS[1]] == {"not_met"}
    assert told[IDS[0]] == {"met"}
    same = sp.place_scores(scaled_norms(results(), binding, 1.0), IDS, ["CLINIC", "SCHOOL"])
    assert same.q.tolist() == sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"]).q.tolist()
    # Words of a table that was read stand in the order of the alphabet, and mean the same.
    words = pd.CategoricalDtype(["met", "not_applicable", "not_measurable", "not_met"])
    read = scaled_norms(results().astype({"status_as_mapped": words}), binding, 1.25)
    assert read["status_as_mapped"].tolist() == slow["status_as_mapped"].tolist()


def test_norms_that_no_row_tells_of_and_repeated_ids_are_refused_by_name() -> None:
    with pytest.raises(ContractError, match="no row of the study for 'ELSEWHERE'"):
        sp.place_scores(results(), IDS, ["CLINIC", "ELSEWHERE"])
    with pytest.raises(ContractError, match=f"settlement_ids: not unique: '{IDS[0]}'"):
        sp.place_scores(results(), [*IDS, IDS[0]], ["CLINIC"])
    with pytest.raises(ContractError, match="places: 1 for 4 settlements"):
        sp.score_study(settlements(), sp.place_scores(results(), IDS[:1], ["CLINIC"]), evidence())


def test_a_study_area_without_settlements_has_a_score_of_nothing() -> None:
    arrays = ("connected", "road_near", "beyond", "gap_value", "completeness")
    nothing = evidence(gates={}, **dict.fromkeys(arrays, np.zeros(0)))
    board = sp.score_study(settlements().iloc[:0], sp.place_scores(results(), [], ["CLINIC"]), nothing)
    TABLES["scores"].check(board.scores)
    TABLES["score_components"].check(board.components)
    assert board.scores["unit_level"].tolist() == ["study"]
    assert board.scores["integration_level"].isna().all()
    assert board.scores["places"].tolist() == [0]


def test_a_place_is_connected_by_road_and_to_the_highest_town_there_is() -> None:
    last = pd.DataFrame(
        {
            "settlement_id": IDS,
            "last_mile_class": ["connected", "gap", "near", "near"],
            "last_mile_class_known": ["near", "gap", "near", "gap"],
        }
    )
    access = pd.DataFrame(
        {
            "settlement_id": IDS * 2,
            "service": ["county_seat"] * 4 + ["town"] * 4,
            "mode": "drive",
            "reach_status": ["no_facility"] * 4 + ["reached", "reached", "no_path", "beyond_cutoff"],
        }
    )
    assert road_is_near(last, IDS).tolist()[:3] == [1.0, 0.0, 1.0]
    found = connection(access, last, IDS, "drive")
    assert found[:3].tolist() == [1.0, 0.0, 0.0]
    assert math.isnan(found[3])


def test_a_road_of_unknown_surface_leaves_unknown_what_a_known_one_settles() -> None:
    def near(mapped: str, known: str) -> float:
        last = {"settlement_id": ["a"], "last_mile_class": [mapped], "last_mile_class_known": [known]}
        return float(road_is_near(pd.DataFrame(last), ["a"])[0])

    assert near("gap", "gap") == near("none", "none") == near("gap", "unknown") == 0.0
    assert math.isnan(near("near", "gap"))
    assert math.isnan(near("connected", "unknown"))
    assert near("connected", "near") == 1.0


def test_who_cannot_reach_the_seat_is_not_connected_whatever_the_road() -> None:
    last = {"settlement_id": IDS, "last_mile_class": ["near"] * 4, "last_mile_class_known": ["gap"] * 4}
    access = pd.DataFrame({"settlement_id": IDS, "service": "county_seat", "mode": "drive"})
    access["reach_status"] = ["reached", "no_path", "not_snapped", "unknown"]
    found = connection(access, pd.DataFrame(last), IDS, "drive")
    assert np.isnan(found).tolist() == [True, False, False, True]
    assert found[[1, 2]].tolist() == [0.0, 0.0]


def test_towns_have_services_people_who_depend_and_people_who_pass() -> None:
    ground = read_ground(settlements())
    facilities = gpd.GeoDataFrame(
        {"facility_id": ["x", "y"], "service": ["school", "bank"], "status": ["existing", "closed"]},
        geometry=gpd.points_from_xy([411_000.0, 410_000.0], [8e6, 8e6]),
        crs=CRS,
    )
    access = pd.DataFrame(
        {
            "settlement_id": IDS,
            "service": "town",
            "mode": "drive",
            "facility_id": ["a", "a", "c", "c"],
            "travel_time_min": [0.0, 12.0, 0.0, 40.0],
        }
    )
    routes = gpd.GeoDataFrame(
        {"settlement_id": ["b", "d"]},
        geometry=gpd.GeoSeries.from_wkt(
            ["LINESTRING (402000 8000000, 400000 8000000)", "LINESTRING (412000 8000000, 400000 8000000)"]
        ),
        crs=CRS,
    )

    def towns(ground: object = ground, access: pd.DataFrame = access, **listed: object) -> pd.DataFrame:
        made = town_table(
            ground,
            facilities,
            access,
            routes,
            rules=ScoreOptions(required_services={"town": ("school", "bank")}),
            satisfying=lambda name: frozenset({name}),
            **listed,
        )
        TABLES["towns"].check(made)
        return made.set_index("settlement_id")

    table = towns()
    assert (table.loc["c", "completeness"], table.loc["c", "missing_services"]) == (0.5, "bank")
    assert math.isnan(table.loc["a", "completeness"])
    assert table["completeness_status"].to_dict() == {"a": "not_asked", "c": "measured"}
    # of the school alone somebody says that the list is complete; then of nothing
    assert towns(listed={"school"}).loc["c", ["completeness", "missing_services"]].tolist() == [1.0, ""]
    none = towns(listed=set()).loc["c"]
    assert (none["completeness_status"], none["required_services"]) == ("no_complete_list", 0)
    assert math.isnan(none["completeness"])
    # a: its own 400 and b's 100; c: its own 200, d lives 40 minutes away
    assert table["coverage_share"].to_dict() == {"a": 0.5, "c": 0.2}
    # all, whose sum by town is a little more than that of all
    everybody = read_ground(settlements().assign(population_persons=[68.6, 65.0, 68.8, 38.9, 0.0]))
    all_at_a = access.assign(facility_id="a", travel_time_min=0.0)
    assert towns(everybody, all_at_a)["coverage_share"].to_dict() == {"a": 1.0, "c": 0.0}
    # of the 400 people with a way to the seat, d's 300 pass c
    assert table.loc["c", "via_share"] == 0.75
    assert table.loc["c", "fulcrum_index"] == pytest.approx(math.sqrt(0.2 * 0.75))


def test_types_put_the_official_class_first_and_conserve_people() -> None:
    values = np.zeros((20, 400))
    values[10, 10] = 5200.0
    values[0, 399] = math.nan
    raster = Raster(values, Affine(100, 0, 399_000, 0, -100, 8_001_000), pyproj.CRS(CRS))
    cells = urban_grid(raster, pyproj.CRS(CRS))
    assert cells.persons.sum() == 5200.0
    assert (cells.transform.c % 1000, cells.transform.f % 1000) == (0.0, 0.0)
    access = pd.DataFrame(
        {
            "settlement_id": IDS * 2,
            "service": ["county_seat"] * 4 + ["town"] * 4,
            "travel_time_min": [0.0, 20.0, 50.0, math.nan, 0.0, 20.0, 0.0, 10.0],
            "facility_id": pd.Series(["a", "a", "a", None, "a", "a", "c", "c"], dtype="str"),
        }
    )
    table = type_table(read_ground(settlements()), access, cells, bins_min=(15, 30, 60))
    TABLES["settlement_types"].check(table)
    # 5,200 people on one square kilometre: a dense cluster; official says urban too
    assert table.loc[0, ["degurba_code", "degurba_class", "classes_differ"]].tolist() == [23, "urban", False]
    assert table.loc[2, ["degurba_class", "classes_differ"]].tolist() == ["rural", True]
    assert table["catchment_tier"].tolist() == ["county_seat", "county_seat", "town", "town"]
    assert table["catchment_band_min"].tolist() == [15.0, 30.0, 15.0, 15.0]
    assert table["catchment_centre_id"].tolist() == ["a", "a", "c", "c"]
    assert table["urca_local"].tolist() == ["county_seat_0", "county_seat_30", "town_0", "town_15"]
    without = type_table(read_ground(settlements()), access, None, bins_min=(15,))
    assert set(without["degurba_code"]) == {0}
    assert not without["classes_differ"].any()


def test_town_and_country_are_held_against_one_yard() -> None:
    urban_only = norm_rows("PARK", {"a": 90.0, "c": 90.0})
    table = pd.concat([results(), urban_only], ignore_index=True)
    places = sp.place_scores(table, IDS, ["CLINIC", "SCHOOL", "PARK"])
    classes = np.array(["urban", "rural", "urban", "rural"], dtype=object)
    # parks, of which towns alone have a norm, are left out
    assert places.access[0] == pytest.approx(2 / 3)
    assert places.common_access(classes).tolist() == [1.0, 0.75, 0.5, 0.5]
    assert places.common_access(np.full(4, "rural", dtype=object)).tolist() == places.access.tolist()
    none = sp.place_scores(urban_only, IDS, ["PARK"])
    assert np.isnan(none.common_access(classes)).all()


def test_inequality_and_coordination_keep_their_contracts() -> None:
    ground = read_ground(settlements())
    places = sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"])
    unequal = inequality_table(ground, places, rank_by="elderly_persons")
    TABLES["inequality"].check(unequal)
    values = unequal[unequal["unit_id"] == "study"].set_index("measure")["value"]
    people, q = [400, 100, 200, 300], [1.0, 0.75, 0.5, 0.5]
    assert values["gini"] == pytest.approx(sp.gini_index(q, people))
    assert values["theil_between"] + values["theil_within"] == pytest.approx(values["theil_t"])
    assert values["concentration"] == pytest.approx(sp.concentration_index(q, people, [40, 50, 20, 150]))
    alike = coordination_table(ground, places, evidence())
    TABLES["coordination"].check(alike)
    study = alike.set_index(["unit_id", "pair"]).loc[("study", "urban_rural")]
    # town: (400 x 1 + 200 x .5) / 600; country: (100 x .75 + 300 x .5) / 400
    assert (study["first"], study["second"]) == (pytest.approx(5 / 6), pytest.approx(0.5625))
    assert study["coupling"] == pytest.approx(float(sp.coupling_coordination([5 / 6, 0.5625]).coupling))


def test_potential_flows_send_out_no_more_people_than_there_are() -> None:
    ground = read_ground(settlements())
    times = np.array([[0, 10, 30, math.inf], [10, 0, 25, math.inf], [30, 25, 0, math.inf], [math.inf] * 3 + [0.0]])
    flows = potential_flows(ground, times, ["radiation", "gravity", "huff"], attraction=np.array([3.0, 0, 1, 5]))
    TABLES["potential_flows"].check(flows)
    sent = flows.groupby(["model", "from_id"])["volume"].sum()
    people = dict(zip(IDS, [400.0, 100.0, 200.0, 300.0], strict=True))
    assert all(volume <= people[place] + 1e-9 for (_, place), volume in sent.items())
    assert "d" not in set(flows["from_id"]) | set(flows["to_id"])
    # b: to a 3 / 10^2, to c 1 / 25^2
    huff = flows[(flows["model"] == "huff") & (flows["from_id"] == "b")].set_index("to_id")["volume"]
    assert huff["a"] == pytest.approx(100 * 0.03 / (0.03 + 0.0016))
    assert potential_flows(ground, times, [], attraction=np.zeros(4)).empty


def test_groups_are_all_that_have_somebody_wherever_their_columns_stand() -> None:
    more = settlements().assign(women_persons=[200.0, 50.0, 100.0, 150.0, 20.0], herders_persons=0.0)
    assert set(read_ground(more).groups) == {"urban", "rural", "elderly", "women"}


def test_where_all_places_are_rural_there_is_no_inequality_between_town_and_country() -> None:
    places = sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"])
    board = sp.score_study(settlements().assign(official_class="rural"), places, evidence())
    assert math.isnan(value(board, "theil_between_share"))


def test_everybody_goes_somewhere_shared_out_by_gravity() -> None:
    times = np.array([[0, 10, 30, math.inf], [10, 0, 25, math.inf], [30, 25, 0, math.inf], [math.inf] * 3 + [0.0]])
    flows = potential_flows(read_ground(settlements()), times, ["gravity"], attraction=np.zeros(4))
    # b's 100 people: the 400 of a pull with 400 / 10^2 = 4, the 200 of c with 200 / 25^2 = 0.32
    volume = flows[flows["from_id"] == "b"].set_index("to_id")["volume"]
    assert volume.to_dict() == pytest.approx({"a": 100 * 4 / 4.32, "c": 100 * 0.32 / 4.32})
    # Where all are ten minutes apart, the flows to the three places of most people stay.
    everybody = read_ground(settlements().assign(in_study=True))
    flows = potential_flows(everybody, np.where(np.eye(5), 0.0, 10.0), ["gravity"], attraction=np.zeros(5))
    assert flows.loc[flows["from_id"] == "b", "to_id"].tolist() == ["a", "d", "c"]


def test_totals_by_direction_make_a_flow_without_a_table() -> None:
    rules = sp.ScoreRules(flow_totals={"deposits": (90.0, 30.0)}, volume_targets={"deposits": 240.0})
    board = score(rules=rules)
    row = board.flows.set_index(["unit_id", "kind"]).loc[("study", "deposits")]
    assert (row["net_flow_ratio"], row["balance"], row["volume_share"]) == (0.5, 0.5, 0.5)
    assert math.isnan(row["reciprocity"])
    assert value(board, "two_way_flow:deposits") == pytest.approx(0.25)
    flows = pd.DataFrame({"from_id": ["b"], "to_id": ["a"], "kind": "deposits", "volume": [30.0]})
    with pytest.raises(StudyError, match=r"'deposits' .* keep one of the two"):
        score(flows=flows, rules=rules)


def test_settlements_whose_ids_are_numbers_have_the_scores_of_the_same_texts() -> None:
    number = {name: at for at, name in enumerate([*IDS, "far"])}
    table = results()
    of_place = table["unit_level"] == "settlement"
    table["unit_id"] = table["unit_id"].where(~of_place, table["unit_id"].map(number).map("{:.0f}".format))
    places = sp.place_scores(table, [number[name] for name in IDS], ["CLINIC", "SCHOOL"])
    np.testing.assert_array_equal(places.q, sp.place_scores(results(), IDS, ["CLINIC", "SCHOOL"]).q)
    numbered = settlements().assign(settlement_id=lambda frame: frame["settlement_id"].map(number))
    told = sp.score_study(numbered, places, evidence()).components
    pd.testing.assert_frame_equal(
        told[told["unit_level"] != "settlement"], score().components.query("unit_level != 'settlement'")
    )
