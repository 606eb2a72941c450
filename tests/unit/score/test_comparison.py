"""Two runs held against each other: who gained, what turned, why the level changed, and what is refused."""

from __future__ import annotations

import importlib.resources
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spatial.cartography.comparison import components_block
from spatial.errors import ContractError
from spatial.reporting.comparison import MOVED, comparison_lines, trajectory_lines, turn_told
from spatial.score.comparison import Run, compare, decompose, follow, norm_terms, townships_in_doubt
from spatial.score.comparison.boards import board_of, shared_ground, township_levels
from spatial.score.comparison.changes import gate_turns
from spatial.score.comparison.runs import check_comparable, shared_norms
from spatial.score.evidence import component_table, gap, level, scaled_norms
from spatial.study.score import GapTargets, ScoreRules
from spatial.tables import TABLES
from tests.unit.runs_to_compare import NORMS, run_of

pytestmark = pytest.mark.slow

NAN = math.nan
BEFORE = {"a": (10.0, 10.0), "b": (45.0, 15.0), "c": (20.0, 60.0), "d": (math.inf, 30.0)}
AFTER = {"a": (10.0, 10.0), "b": (25.0, 15.0), "c": (20.0, 60.0), "e": (20.0, NAN)}
PLACES = {
    "a": ("t1", "urban", 400.0),
    "b": ("t1", "rural", 120.0),
    "c": ("t2", "urban", 200.0),
    "d": ("t2", "rural", 300.0),
    "e": ("t3", "rural", 50.0),
}
PARTS = [f"contribution_{pillar}" for pillar in ("structure", "elements", "boundaries", "order")]
KEY = ["unit_level", "unit_id"]


def unit(table: pd.DataFrame, name: str) -> pd.Series:
    rows = table[table["unit_id"] == name]
    assert len(rows) == 1
    return rows.iloc[0]


def people(comparison, norm: str, name: str = "study") -> dict[str, tuple[float, float]]:
    table = comparison.people
    rows = table[(table["unit_id"] == name) & (table["norm_id"] == norm)].set_index("change")
    return {str(change): (float(row["persons_before"]), float(row["persons_after"])) for change, row in rows.iterrows()}


@pytest.fixture(scope="module")
def before():
    return run_of("before", BEFORE, gates={("study", "study"): "fail", ("township", "t1"): "unknown"})


@pytest.fixture(scope="module")
def after():
    return run_of("after", AFTER, places=PLACES, gates={("study", "study"): "pass", ("township", "t1"): "pass"})


@pytest.fixture(scope="module")
def comparison(before, after):
    return compare(before, after)


def test_every_table_keeps_its_contract(comparison):
    for name, table in comparison.tables.items():
        TABLES[name].check(table)
    assert list(comparison.tables) == [name for name in TABLES if name.startswith("comparison")]


def test_new_and_gone_places_are_told_apart_and_their_people_counted(comparison):
    assert unit(comparison.units, "d")["presence"] == "gone"
    assert unit(comparison.units, "e")["presence"] == "new"
    assert unit(comparison.units, "t3")["presence"] == "new"
    assert np.isnan(unit(comparison.units, "e")["level_change"])
    assert people(comparison, "any") == {
        "gained": (100.0, 120.0),
        "gone": (300.0, 0.0),
        "new": (0.0, 50.0),
        "same": (600.0, 600.0),
    }


def test_people_of_a_norm_are_those_it_counts(comparison):
    assert people(comparison, "CLINIC") == {
        "gained": (100.0, 120.0),
        "within": (600.0, 600.0),
        "gone": (300.0, 0.0),
        "new": (0.0, 50.0),
    }
    assert "new" not in people(comparison, "SCHOOL")  # the new place is outside its scope
    assert people(comparison, "SCHOOL")["beyond"] == (200.0, 200.0)
    assert unit(comparison.units, "b")["norms_gained"] == "CLINIC"
    assert unit(comparison.units, "b")["access_change"] == "gained"
    assert unit(comparison.units, "study")["access_change"] == ""


def test_people_of_a_place_that_changed_its_township_count_in_each_at_its_date(before):
    moved = {**PLACES, "b": ("t2", "rural", 100.0)}
    found = compare(before, run_of("after", BEFORE, places=moved))
    assert people(found, "any", "t1") == {"same": (500.0, 400.0)}
    assert people(found, "any", "t2") == {"same": (500.0, 600.0)}


def test_gates_turn_from_fail_and_from_the_unknown(comparison):
    table = comparison.gates
    assert list(table["turn"]) == ["passes", "passes"]
    assert set(table["gate_before"]) == {"fail", "unknown"}
    assert table["same_terms"].all()
    study = unit(comparison.units, "study")
    assert (study["mandatory_status_before"], study["mandatory_status_after"]) == ("fail", "pass")


def test_gates_come_into_force_and_go(before):
    free = run_of("free", BEFORE)
    shared = shared_norms([before, free])
    assert set(gate_turns(free, before, shared)["turn"]) == {"in_force"}
    assert set(gate_turns(before, free, shared)["turn"]) == {"out_of_force"}


def test_no_norm_goes_out_of_force_in_a_township_that_is_gone(before):
    places = {**PLACES, "e": ("t3", "rural", 50.0)}
    gates = {("study", "study"): "pass", ("township", "t1"): "pass", ("township", "t3"): "fail"}
    grown = run_of("grown", AFTER, places=places, gates=gates)
    shared = shared_norms([before, grown])
    for one, other in ((before, grown), (grown, before)):
        assert set(gate_turns(one, other, shared)["unit_id"]) == {"study", "t1"}


def test_the_change_of_the_level_adds_up_by_pillar_and_by_component(comparison):
    units = comparison.units[comparison.units["ln_change"].notna()]
    assert len(units)
    assert np.allclose(units[PARTS].sum(axis=1), units["ln_change"], atol=1e-12)
    parts = comparison.components.groupby([*KEY, "pillar"])["contribution"].sum(min_count=1)
    study = unit(comparison.units, "study")
    for pillar in ("structure", "boundaries", "order"):
        assert parts["study", "study", pillar] == pytest.approx(study[f"contribution_{pillar}"], abs=1e-12)


def test_the_decomposition_by_hand():
    row = {"unit_level": "study", "unit_id": "study", "side": "level"}
    tables = [
        pd.DataFrame(
            [
                row | {"pillar": "order", "component": "gates_passed", "value": gates},
                row | {"pillar": "order", "component": "robust_coverage", "value": 0.25},
                row | {"pillar": "structure", "component": "even_access", "value": access},
                row | {"pillar": "elements", "component": "two_way_flow:people", "value": flow},
                row | {"pillar": "order", "side": "gap", "component": "gates_spread", "value": 0.5},
            ]
        )
        for gates, access, flow in ((0.0, 0.5, NAN), (1.0, 0.4, 0.9))
    ]
    units, parts = decompose(*tables)
    found = units.iloc[0]
    assert found["common_pillars"] == "structure;order"  # flows were observed at one date only
    assert np.isnan(found["contribution_elements"])
    # half the weight each; the gates are half of order, and 0 counts as 0.01
    assert found["contribution_order"] == pytest.approx(0.5 * 0.5 * math.log(100.0))
    assert found["contribution_structure"] == pytest.approx(0.5 * math.log(0.8))
    assert found["level_before"] == pytest.approx(math.sqrt(0.5 * math.sqrt(0.01 * 0.25)))
    assert found["ln_change"] == pytest.approx(math.log(found["level_after"] / found["level_before"]))
    assert dict(zip(parts["component"], parts["contribution"] == 0.0, strict=True)) == {
        "gates_passed": False,
        "robust_coverage": True,
        "even_access": False,
    }
    weighted, _parts = decompose(*tables, {"structure": 3.0, "order": 1.0})
    assert weighted["contribution_structure"].iloc[0] == pytest.approx(0.75 * math.log(0.8))


def test_a_component_that_is_there_twice_is_refused():
    row = {
        "unit_level": "study",
        "unit_id": "study",
        "side": "level",
        "pillar": "order",
        "component": "x",
        "value": 1.0,
    }
    with pytest.raises(ContractError, match="there twice"):
        decompose(pd.DataFrame([row, row]), pd.DataFrame([row]))


def test_a_run_against_itself_changes_nothing(before):
    same = compare(before, replace(before, name="again"))
    assert (same.units[["level_change", "ln_change", *PARTS]].fillna(0.0) == 0.0).all(axis=None)
    assert (same.components[["change", "contribution"]].fillna(0.0) == 0.0).all(axis=None)
    assert set(same.people["change"]) <= {"same", "within", "beyond"}
    assert (same.gates["turn"] == "same").all()
    assert len(same.ranks) == 0
    assert (same.components["target_turn"] == "same").all()


def test_the_other_way_round_every_change_has_the_other_sign(before, after, comparison):
    back = compare(after, before).units.set_index(KEY)
    there = comparison.units.set_index(KEY).loc[back.index]
    numbers = ["level_change", "ln_change", *PARTS]
    assert np.array_equal(back[numbers].to_numpy(), -there[numbers].to_numpy(), equal_nan=True)


def test_norms_on_other_terms_are_left_out_with_the_reason(before):
    tighter = run_of("tighter", BEFORE, norms={"CLINIC": (20.0, 60.0), "SCHOOL": (15.0, 45.0)})
    table = shared_norms([before, tighter]).set_index("norm_id")
    assert table.loc["CLINIC", "reason"] == "other_threshold"
    assert not table.loc["CLINIC", "in_level"]
    assert not table.loc["CLINIC", "in_people"]
    assert table.loc["SCHOOL", "in_level"]
    later = run_of("later", BEFORE, norms={"CLINIC": (30.0, 90.0), "SCHOOL": (15.0, 45.0)})
    assert shared_norms([before, later]).set_index("norm_id").loc["CLINIC", "reason"] == "other_fail_point"
    of_another = replace(before, terms=before.terms.replace({"service": {"clinic": "hospital"}}))
    assert shared_norms([before, of_another]).set_index("norm_id").loc["CLINIC", "reason"] == "other_service"
    bundles = [replace(before, terms=before.terms.assign(bundle_members=text)) for text in ("a|b", "b | a", "", "a|c")]
    assert shared_norms(bundles[:3])["same_terms"].all()
    assert shared_norms(bundles).set_index("norm_id").loc["CLINIC", "reason"] == "other_bundle_members"
    fewer = run_of("fewer", BEFORE, norms={"CLINIC": NORMS["CLINIC"]})
    found = compare(before, fewer)
    assert found.norms.set_index("norm_id").loc["SCHOOL", "reason"] == "not_in:fewer"
    assert ("norms", "SCHOOL") in found.notes
    share = replace(before, name="share", terms=before.terms.assign(target_share=0.5, unit="m"))
    reasons = shared_norms([before, share]).set_index("norm_id")["reason"]
    assert reasons["CLINIC"] == "other_target_share;other_unit"


def test_fail_points_are_read_back_from_places_that_are_partly_beyond(before):
    terms = norm_terms(before.norm_results, []).set_index("norm_id")
    assert terms.loc["CLINIC", "fail_point"] == pytest.approx(60.0)
    assert terms.loc["SCHOOL", "fail_point"] == pytest.approx(45.0)
    assert np.isnan(terms.loc["GATE", "fail_point"])
    assert (terms["unit"] == "").all()


def test_runs_that_cannot_be_compared_are_refused_with_the_remedy(before, after):
    with pytest.raises(ContractError, match=r"population basis is 'registered'.*\[population\] basis"):
        compare(before, replace(after, basis="registered"))
    with pytest.raises(ContractError, match=r"first mode is 'walk'"):
        compare(before, replace(after, mode="walk"))
    strangers = run_of("strangers", {"x": (1.0, 1.0)}, places={"x": ("t9", "rural", 5.0)})
    with pytest.raises(ContractError, match=r"none in common"):
        compare(before, strangers)
    shifted = before.settlements.assign(geometry=before.settlements.translate(90_000.0))
    with pytest.raises(ContractError, match=r"4 of 4 places of other.*name other places"):
        compare(before, replace(before, name="other", settlements=shifted))
    with pytest.raises(ContractError, match="two or more"):
        follow([before])


def test_what_differs_is_said(before, after):
    other = replace(
        after,
        as_of="2025-01-01",
        settlements=after.settlements.to_crs("EPSG:32739"),
        options={"network.speeds": "fast", "score.epsilon": 1.0, "of_a_later_version": 1},
        rules=ScoreRules(epsilon=1.0),
    )
    here = replace(before, options={"network.speeds": "slow", "score.epsilon": 0.5})
    notes = dict(compare(here, other).notes)
    assert notes["earlier"] == "after 2025-01-01 < before 2026-01-01"
    assert notes["options"] == "network.speeds"
    assert notes["rules"] == "score.epsilon"
    assert "crs" in notes


def test_of_one_version_the_stages_are_named_whose_code_differs(before):
    one, two = (replace(before, name=name, code={"norms": "1", "score": name}) for name in ("one", "two"))
    assert dict(check_comparable([one, two]))["code"] == "score"


def test_a_norm_that_no_run_scored_makes_no_other_clusters(before):
    one, two = replace(before, name="one"), run_of("two", BEFORE, norms={"CLINIC": NORMS["CLINIC"]})
    norms = shared_norms([one, two])
    unscored = norms["reason"].replace("not_in:two", "not_in:two;not_measured:one")
    assert not shared_ground([one, two], norms).clusters
    assert shared_ground([one, two], norms.assign(reason=unscored)).clusters


def test_rules_that_differ_give_way_to_the_packages_own(before, after, comparison):
    lax = replace(after, rules=ScoreRules(targets=GapTargets(gap_ratio=0.1)))
    assert compare(before, lax).components.equals(comparison.components)


def test_towns_that_were_asked_for_other_services_are_not_compared(before):
    asked = replace(before, name="asked", towns=before.towns.assign(required_services=9, completeness=1.0))
    found = compare(before, asked)
    assert ("towns", "") in found.notes
    parts = found.components
    row = parts[(parts["component"] == "hierarchy_completeness") & (parts["unit_level"] == "study")].iloc[0]
    assert np.isnan(row["value_after"])
    assert np.isnan(row["contribution"])


def test_a_gap_turns_when_its_target_is_met(before):
    near = dict.fromkeys(BEFORE, (10.0, 10.0))
    parts = compare(before, run_of("near", near)).components
    row = parts[(parts["component"] == "coverage_gap") & (parts["unit_level"] == "study")].iloc[0]
    assert (row["meets_target_before"], row["meets_target_after"], row["target_turn"]) == ("no", "yes", "now_met")
    assert row["change"] == row["value_after"] - row["value_before"]
    back = compare(run_of("near", near), before).components
    assert "no_longer_met" in set(back["target_turn"])


@pytest.mark.parametrize(("minutes", "meets", "told"), [(10.0, "yes", "met"), (45.0, "no", "not met")])
def test_whether_a_gap_turned_that_was_unknown_is_unknown_and_how_it_stands_is_told(minutes, meets, told):
    # Of nobody a time is known, so that no gap between served and unserved is; then everybody is near, or a half.
    nobody = run_of("nobody", dict.fromkeys(BEFORE, (NAN, NAN)))
    times = {name: (minutes, minutes) if name in "bd" else (10.0, 10.0) for name in BEFORE}
    for runs, said in (
        ((nobody, run_of("now", times)), f"{told}; not known before"),
        ((run_of("then", times), nobody), ""),
    ):
        found = compare(*runs)
        parts = found.components
        row = parts[(parts["component"] == "theil_between_share") & (parts["unit_level"] == "study")].iloc[0]
        assert {row["meets_target_before"], row["meets_target_after"]} == {"unknown", meets}
        assert row["target_turn"] == "unknown"
        line = next(one for one in comparison_lines(found) if one.startswith("Inequality between town and country"))
        assert line.endswith(f": {said or 'cannot be told'}.")
        # The page takes the word from where the sentence has it.
        part = next(part for part in components_block(found) if part["name"] == "theil_between_share")
        assert (
            part["turn"]
            == turn_told(row)
            == ({"yes": "met_alone", "no": "not_met_alone"}[meets] if said else "unknown")
        )


def bordered(name: str, kept: float, *, norm: str = "CLINIC", service: str = "clinic") -> Run:
    """A run in which the country is twice as far as town, and closed borders leave some of the coverage."""
    minutes = {"a": (10.0, 10.0), "b": (20.0, 10.0), "c": (10.0, 10.0), "d": (20.0, 10.0)}
    found = [
        gap("boundaries", "border_effect_min", 3.0, "min", detail=service),
        gap("boundaries", "border_coverage_kept", kept, "share", detail=norm),
        gap("boundaries", "gap_ratio", 0.5, "ratio", detail="CLINIC"),
    ]
    units = (("study", "study"), ("township", "t1"), ("township", "t2"))
    rows = [(level, name, part) for level, name in units for part in found]
    return run_of(name, minutes, components=component_table(rows))


def test_the_segmentation_index_is_compared_with_its_border_term():
    found = compare(bordered("one", 0.4), bordered("two", 0.8))
    study = unit(found.units, "study")
    assert study["segmentation_terms"] == "theil;gap_ratio;border"
    # all within every norm: no inequality of access, a term of 1; 10 minutes against 20: 0.5
    assert study["segmentation_index_before"] == pytest.approx(1.0 - (1.0 * 0.5 * 0.4) ** (1 / 3))
    assert study["segmentation_index_after"] == pytest.approx(1.0 - (1.0 * 0.5 * 0.8) ** (1 / 3))
    row = found.components.set_index(["unit_id", "component"]).loc[("study", "border_coverage_kept")]
    assert (row["value_before"], row["value_after"]) == (0.4, 0.8)
    assert row["side"] == "gap"


def test_the_segmentation_index_rests_on_the_terms_that_both_runs_have():
    bare = replace(bordered("bare", 0.4), components=bordered("bare", NAN).components)
    found = compare(bordered("one", 0.4), bare)
    study = unit(found.units, "study")
    assert study["segmentation_terms"] == "theil;gap_ratio"
    both = [study[f"segmentation_index_{date}"] for date in ("before", "after")]
    assert both == pytest.approx([1.0 - 0.5**0.5] * 2)
    assert ("border_term", "") not in found.notes
    assert "In both it rests on: inequality between town and country; town against country." in "\n".join(
        comparison_lines(found)
    )
    told = follow([bordered("one", 0.4), bordered("two", 0.8), replace(bare, name="three")])
    TABLES["trajectory"].check(told)
    assert set(told.loc[told["unit_id"] == "study", "segmentation_terms"]) == {"theil;gap_ratio"}


def by_norm(name: str, norm: str, covered: float) -> Run:
    """A run that tells gaps by a norm, and the coverage with a road closed where it measured one."""
    found = [gap("boundaries", "gap_ratio", NAN, "ratio", detail=norm)]
    found += [] if np.isnan(covered) else [level("order", "robust_coverage", covered)]
    minutes = {"a": (10.0, 10.0), "b": (20.0, 10.0), "c": (10.0, 10.0), "d": (20.0, 10.0)}
    return run_of(name, minutes, components=component_table([("study", "study", part) for part in found]))


@pytest.mark.parametrize(
    ("norms", "covered", "noted"),
    [
        (("CIRCLE", "CIRCLE"), NAN, False),  # the same norm, which no run measured
        (("CIRCLE", "CIRCLE"), 0.5, True),
        (("CIRCLE", "SCHOOL"), NAN, True),
        (("CLINIC", "CLINIC"), 0.5, False),
    ],
)
def test_the_norm_by_which_gaps_are_told_is_called_another_one_only_where_it_is(norms, covered, noted):
    one, two = (by_norm(name, norm, covered) for name, norm in zip(("one", "two"), norms, strict=True))
    assert (("robust", "") in compare(one, two).notes) == noted


def test_components_of_an_older_run_may_lack_columns_that_nothing_compares():
    older = bordered("one", 0.4)
    older = replace(older, components=older.components.drop(columns=["persons", "component_status"]))
    parts = compare(older, bordered("two", 0.8)).components.set_index(["unit_id", "component"])
    assert parts.loc[("study", "border_effect_min"), "value_before"] == 3.0
    assert np.isnan(parts.loc[("study", "border_effect_min"), "persons_before"])


def test_border_terms_of_other_norms_are_left_out_and_it_is_said():
    found = compare(bordered("one", 0.4), bordered("two", 0.8, norm="SCHOOL"))
    assert unit(found.units, "study")["segmentation_terms"] == "theil;gap_ratio"
    assert ("border_term", "") in found.notes
    assert ("borders", "") not in found.notes
    assert any("compared without it" in line for line in comparison_lines(found))


def test_the_last_mile_fails_without_a_road_though_no_run_measured_the_norm_on_points():
    def post(name):
        run = run_of(name, BEFORE, seasonal=frozenset("c"))
        results = run.norm_results
        word = results["service"].mask(results["norm_id"] == "GATE", "post_office")
        return replace(run, norm_results=results.assign(service=word))

    parts = compare(post("one"), post("two")).components.set_index(["unit_id", "component"])
    # c, and t2 of c and d, have no road near; whether the others have a point near is unknown
    told = parts.xs("last_mile_coverage", level="component")[["value_before", "value_after"]]
    assert told.loc[["c", "t2", "study"]].to_numpy().tolist() == [[0.0, 0.0]] * 3
    assert told.drop(["c", "t2", "study"]).isna().all(axis=None)


def test_a_road_that_is_no_longer_open_all_year_lowers_the_space(before):
    found = compare(before, replace(run_of("wet", BEFORE, seasonal=frozenset("b")), norm_results=before.norm_results))
    study = unit(found.units, "study")
    assert study["contribution_structure"] < 0.0
    assert study["level_change"] < 0.0


def test_ranks_turn_only_where_draws_are_sure():
    low, high = {"a": (10.0, 10.0), "b": (10.0, 10.0)}, {"c": (59.0, 44.0), "d": (59.0, 44.0)}
    one = run_of("one", {**low, **high})
    swapped = {"a": (59.0, 44.0), "b": (59.0, 44.0), "c": (10.0, 10.0), "d": (10.0, 10.0)}
    other = run_of("other", swapped)
    ranks = compare(one, other).ranks
    assert list(zip(ranks["unit_id"], ranks["other_id"], strict=True)) == [("t2", "t1")]
    assert ranks["probability_now"].iloc[0] >= 0.9
    assert ranks["probability_then"].iloc[0] <= 0.1


WITHIN = dict.fromkeys("abcd", (10.0, 10.0))


def posts(run, **fail_points):
    """Give a run the fail points that its summary tells; None = the norm has none."""
    unknown = [norm for norm in NORMS if norm not in fail_points]
    listed = [{"id": norm, "fail_point": post} for norm, post in fail_points.items()]
    terms = norm_terms(run.norm_results, [*listed, *({"id": norm} for norm in unknown)])
    return replace(run, terms=terms)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        # Nobody is partly beyond, so that results alone show no goalpost.
        ({"CLINIC": 60.0}, {"CLINIC": 90.0}, "CLINIC (60 / 90)"),
        ({"CLINIC": 60.0}, {"CLINIC": None}, "CLINIC (60 / -)"),
        ({"CLINIC": 60.0}, {"CLINIC": 60.0}, ""),
        ({"CLINIC": None}, {"CLINIC": None}, ""),
        # A run of an older version does not say.
        ({"CLINIC": 60.0}, {}, ""),
        ({}, {}, ""),
    ],
)
def test_goalposts_are_told_apart_though_nobody_is_partly_beyond(one, other, told):
    found = compare(posts(run_of("one", WITHIN), **one), posts(run_of("other", WITHIN), **other))
    reasons = found.norms.set_index("norm_id")["reason"]
    assert ("other_fail_point" in reasons["CLINIC"]) == bool(told)
    assert dict(found.notes).get("goalposts", "") == told
    assert any(told in line and "fail point" in line for line in comparison_lines(found)) == bool(told)


def test_a_run_that_does_not_tell_its_goalpost_shows_it_by_places_partly_beyond():
    # Halfway from 30 to 60 is depth 0.5, so that the fail point is read back as 60.
    partly = {**WITHIN, "a": (45.0, 10.0)}
    older = posts(run_of("older", partly))
    assert older.terms.set_index("norm_id").loc["CLINIC", "fail_point"] == pytest.approx(60.0)
    assert dict(compare(posts(run_of("one", partly), CLINIC=90.0), older).notes)["goalposts"] == "CLINIC (90 / 60)"


def test_no_rank_turns_between_townships_that_a_known_issue_forbids_to_compare():
    low, high = {"a": (10.0, 10.0), "b": (10.0, 10.0)}, {"c": (59.0, 44.0), "d": (59.0, 44.0)}
    swapped = {"a": (59.0, 44.0), "b": (59.0, 44.0), "c": (10.0, 10.0), "d": (10.0, 10.0)}
    scores = pd.DataFrame({"unit_level": "township", "unit_id": ["t1", "t2"], "rank_status": "in_doubt"})
    pairs = pd.DataFrame({"unit_id": ["t1", "t2"], "other_id": ["t2", "t1"], "pair_status": "in_doubt"})
    held = townships_in_doubt(scores, pairs)
    assert sorted(zip(held["unit_id"], held["other_id"], strict=True)) == [
        ("t1", "t1"), ("t1", "t2"), ("t2", "t1"), ("t2", "t2")
    ]  # fmt: skip
    one, other = run_of("one", {**low, **high}), run_of("other", swapped, in_doubt=held)
    found = compare(one, other)
    assert len(found.ranks) == 0
    assert ("in_doubt", "2") in found.notes
    assert found.units["low_rank_before"].isna().all()
    assert any("Townships without a rank" in line for line in comparison_lines(found))


@pytest.mark.parametrize("units", [(), ("min",), ("m",)])
def test_townships_alone_have_the_levels_of_a_whole_board(before, after, units):
    shared = shared_ground([before, after], shared_norms([before, after]))
    found = township_levels(before, shared, {"township": (1.25, units)})
    bent = replace(before, norm_results=scaled_norms(before.norm_results, before.terms, 1.25, units=units))
    whole = board_of(bent, shared).components
    wanted = whole[(whole["unit_level"] == "township") & (whole["side"] == "level")]
    assert len(found) > 0
    key = [*KEY, "component"]
    pd.testing.assert_frame_equal(*(table.sort_values(key, ignore_index=True) for table in (found, wanted)))


def test_townships_that_stood_level_have_not_overtaken_each_other():
    level = run_of("level", dict.fromkeys(BEFORE, (20.0, 10.0)))
    apart = run_of("apart", {place: (20.0, 10.0) if place in "ab" else (50.0, 40.0) for place in BEFORE})
    assert len(compare(level, apart).ranks) == 0
    assert len(compare(apart, level).ranks) == 0


def test_a_trajectory_has_a_row_a_unit_and_run(before, after):
    table = follow([before, replace(before, name="between"), after])
    TABLES["trajectory"].check(table)
    study = table[table["unit_level"] == "study"]
    assert list(study["run"]) == ["before", "between", "after"]
    assert study["integration_level"].nunique() == 2
    assert list(table.loc[table["unit_id"] == "e", "position"]) == [3]
    assert list(table.loc[table["unit_id"] == "d", "position"]) == [1, 2]
    assert table.loc[table["unit_id"] == "d", "integration_level"].notna().all()


def test_a_trajectory_of_two_has_the_levels_of_their_comparison(before, after, comparison):
    table = follow([before, after]).set_index([*KEY, "position"])["integration_level"]
    units = comparison.units[comparison.units["presence"] == "both"]
    for position, date in ((1, "before"), (2, "after")):
        mine = [table[level, name, position] for level, name in zip(units["unit_level"], units["unit_id"], strict=True)]
        assert np.allclose(mine, units[f"level_{date}"], equal_nan=True)


@pytest.fixture(scope="module")
def three_dates(before, after):
    return follow([before, after, replace(after, name="last")])


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_the_account_is_told_in_every_language(comparison, three_dates, language):
    text = "\n".join([*comparison_lines(comparison, language), *trajectory_lines(three_dates, language)])
    assert "{" not in text
    assert "GATE" in text
    assert not re.search(r"\bnan\b", text)
    if language == "en":
        assert "gained 120 (1 place)" in text
        assert "Mandatory norm GATE (post): not met before, met after." in text


@pytest.mark.parametrize("language", ["en", "zh", "fr"])
def test_where_nobody_is_counted_the_account_tells_places(comparison, language):
    bare = replace(comparison, people=comparison.people.assign(persons_before=NAN, persons_after=NAN))
    lines = comparison_lines(bare, language)
    told = {"en": "gained 1 place", "fr": "gagnent 1 localité", "zh": "改善1个地点"}[language]
    (line,) = (line for line in lines if told in line)
    assert "?" not in line
    assert language != "en" or line.startswith("Places, over all shared norms: ")


def test_dates_say_by_what_they_are_told_and_where_no_mandatory_norm_is_shared(three_dates):
    first, *dates = trajectory_lines(three_dates)
    assert (first, len(dates)) == ("By what all 3 runs share:", 3)
    assert all("shared mandatory norms met" in line for line in dates)
    bare = trajectory_lines(three_dates.assign(gates_passed=0, gates_in_force=0))
    assert all("no shared mandatory norm in force" in line for line in bare[1:])


MANY_PLACES = {"places_before": 20, "places_after": 20}
"""So many settlements that levels are shown."""


@pytest.mark.parametrize(
    ("contribution", "told"),
    [(0.00005, "(+0.0001)"), (-0.00005, "(-0.0001)"), (0.00004, None), (0.0, None), (NAN, None)],
)
def test_the_account_names_a_component_only_where_its_contribution_is_not_written_as_nothing(
    comparison, contribution, told
):
    parts = comparison.components.copy()
    mine = parts["unit_level"] == "study"
    parts.loc[mine, "contribution"] = 0.0
    parts.loc[mine & (parts["component"] == "even_access"), "contribution"] = contribution
    moved = [
        line
        for line in comparison_lines(
            replace(comparison, components=parts, units=comparison.units.assign(**MANY_PLACES))
        )
        if line.startswith("Moved most")
    ]
    assert len(moved) == (told is not None)
    assert all(told in line for line in moved)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (0.00005, "rose in 1, fell in 0, stayed in 0. Most: T1 (+0.0001)."),
        (0.00004, "rose in 0, fell in 0, stayed in 1."),
        (-0.00004, "rose in 0, fell in 0, stayed in 1."),
        (-0.00005, "rose in 0, fell in 1, stayed in 0."),
    ],
)
def test_a_township_rose_or_fell_only_where_its_change_is_not_written_as_nothing(comparison, change, told):
    units = comparison.units.copy()
    townships = units["unit_level"] == "township"
    units.loc[townships, ["name", "level_change"]] = ["T1", NAN]
    units.loc[units.index[townships][0], "level_change"] = change
    lines = comparison_lines(replace(comparison, units=units.assign(**MANY_PLACES)))
    assert [line for line in lines if line.startswith("Townships: the level")] == [f"Townships: the level {told}"]


def test_townships_that_are_not_shown_are_counted_beside_those_that_are(comparison):
    units = comparison.units.assign(**MANY_PLACES)

    def told(units):
        lines = comparison_lines(replace(comparison, units=units))
        shown = next(line for line in lines if line.startswith("Townships: the level"))
        hidden = [line for line in lines if line.startswith("Townships without a level here: ")]
        return sum(map(int, re.findall(r" in (\d+)", shown))), [int(re.search(r"\d+", line)[0]) for line in hidden]

    all_shown, none_hidden = told(units)
    assert not none_hidden
    first = units.index[(units["unit_level"] == "township") & units["level_change"].notna()][0]
    units.loc[first, "places_after"] = 9
    assert told(units) == (all_shown - 1, [1])


def test_the_page_and_the_account_in_words_take_the_same_change_for_none():
    page = importlib.resources.files("spatial.cartography").joinpath("assets/own/compare_page.js")
    written = re.search(r"\bMOVED = ([0-9.]+)", page.read_text(encoding="utf-8"))
    assert float(written[1]) == MOVED
