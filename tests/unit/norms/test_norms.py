"""Norms on a county of a few villages whose numbers are worked out by hand."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.access.cumulative import gap_depth
from spatial.errors import ContractError, StudyError
from spatial.norms.evaluation import UnitGates, evaluate_norms, gates_by_unit, guiding_attainment
from spatial.norms.law import NormRules, applicable_norms, load_register
from spatial.norms.measuring import NormEvidence
from spatial.study import Adoption, Confirmation
from spatial.tables import TABLES

AS_OF = dt.date(2026, 6, 30)
COMPLETE = {"clinic": "complete", "school": "complete", "market": "complete", "roads": "complete"}


@dataclass(frozen=True)
class Word:
    id: str
    proxy: bool = False


class Words:
    """A vocabulary in which every service stands for itself, but for those that are said to be nowhere."""

    def __init__(self, *, proxies: tuple[str, ...] = (), missing: tuple[str, ...] = ()) -> None:
        self.proxies = proxies
        self.missing = missing

    def for_register(self, name: str) -> Word | None:
        return None if name in self.missing else Word(name, name in self.proxies)

    def satisfying(self, service: str) -> frozenset[str]:
        return frozenset({service})


def norm(name="N", **values):
    row = {
        "id": name,
        "pillar": "P3",
        "service": "clinic",
        "metric": "time_min",
        "mode": "walk",
        "direction": "max",
        "threshold": 30.0,
        "unit": "min",
        "stat_unit": "population",
        "target_share": 1.0,
        "target_share_basis": "source",
        "fail_point": 60.0,
        "scope": "all",
        "norm_class": "guiding",
        "deontic": "guides",
        "role": "standard",
        "instrument": "policy_document",
        "share_applies_at": "study",
        "read_in_original": False,
        "jurisdiction": "GLOBAL",
        "confidence": "verified_primary",
        "source_title": "A test",
    }
    texts = ("conditions", "valid_from", "valid_to", "bundle_members", "supersedes")
    return {**row, **dict.fromkeys(texts, math.nan), **values}


def gate(name="G", **values):
    legal = {"norm_class": "mandatory", "deontic": "obliges", "instrument": "law", "read_in_original": True}
    return norm(name, **{**legal, **values})


def presence(**values):
    base = {"metric": "presence_in_unit", "mode": math.nan, "direction": "presence", "unit": "facility"}
    return {**base, "threshold": 1.0, "fail_point": 0.0, **values}


def places(persons, **columns):
    count = len(persons)
    base = {
        "settlement_id": [f"s{number}" for number in range(count)],
        "name": pd.Series([None] * count, dtype="str"),
        "tier": ["village"] * count,
        "in_study": [True] * count,
        "population_persons": np.array(persons, dtype=float),
        "population_source": ["column"] * count,
    }
    points = gpd.points_from_xy([10_000.0 * number for number in range(count)], [0.0] * count)
    return gpd.GeoDataFrame({**base, **columns}, geometry=points, crs="EPSG:32738")


def reach(minutes, *, service="clinic", mode="walk", status=None):
    """Access rows of s0, s1 ...: minutes, 'none' for no facility, 'far' for beyond the cutoff, NaN for unknown."""
    words = {"none": "no_facility", "far": "beyond_cutoff", "lost": "no_path"}
    known = [isinstance(value, str) for value in minutes]
    times = [math.nan if text else float(value) for value, text in zip(minutes, known, strict=True)]
    states = [
        words[value] if text else ("unknown" if math.isnan(value) else "reached")
        for value, text in zip(minutes, known, strict=True)
    ]
    return pd.DataFrame(
        {
            "settlement_id": [f"s{number}" for number in range(len(minutes))],
            "service": service,
            "mode": mode,
            "travel_time_min": times,
            "network_distance_m": [100.0 * value for value in times],
            "straight_distance_m": [80.0 * value for value in times],
            "reach_status": states,
        }
    )


def judge(rows, settlements, access, **more):
    evidence = more.pop("evidence", NormEvidence(vocabulary=Words(), inventory=COMPLETE))
    result = evaluate_norms(
        pd.DataFrame(rows), settlements, access, as_of=AS_OF, rules=NormRules(**more), evidence=evidence
    )
    TABLES["norm_results"].check(result)
    return result


def study_row(result, name="N"):
    return result[(result["unit_level"] == "study") & (result["norm_id"] == name)].squeeze()


def settlement_rows(result, name="N"):
    rows = result[(result["unit_level"] == "settlement") & (result["norm_id"] == name)]
    return rows.set_index("unit_id")


def test_fgt_of_four_places_is_the_printed_example():
    # theta 30, B 60: gaps 0, 0, 10/30, 1; weights .4 .3 .2 .1:
    # so beyond: a fifth and a tenth; mean depth: a third of a fifth and a tenth; squared: a ninth of it and a tenth
    depth = gap_depth([5.0, 20.0, 40.0, 90.0], threshold=30.0, fail_point=60.0)
    found = [np.average(each, weights=[400, 300, 200, 100]) for each in (depth > 0.0, depth, depth**2)]
    assert found == pytest.approx([0.3, 0.2 / 3 + 0.1, 0.2 / 9 + 0.1], abs=1e-12)


def test_the_depth_of_an_unreached_place_is_one_and_of_an_unknown_place_unknown():
    found = gap_depth([np.inf, np.nan, 30.0], threshold=30.0, fail_point=60.0)
    assert found[0] == 1.0
    assert np.isnan(found[1])
    assert found[2] == 0.0


def test_the_norm_example_gates_fail_and_guiding_norms_average_geometrically():
    # Five norms: a mandatory clinic at .95 of 1 fails; a mandatory market road at 1 of 1 passes; a guiding school at
    # .72 of .9 attains .8; a guiding phone at .95 of .9 attains 1; an authorised circle is .3 of .6, not adopted.
    # Twenty places of 1,000 people and pupils each make 20,000: .95 = 19 places, .3 = 6 places.
    # .72 of 20,000 pupils = 14,400: 14 places and 400 of the pupils of two halves: 28 half-size places of 40 at 500,
    # so use 25 places of 800 pupils: .72 = 18 places; .95 of 25 is no whole number, so weigh people instead.
    persons = [800.0] * 25
    persons[23], persons[24] = 600.0, 1000.0  # 24 places = 19,000 of 20,000 = .95, without the last
    settlements = places(persons, pupils_persons=[800.0] * 25)
    rows = [
        gate("CLINIC", service="clinic"),
        gate("ROAD", service="market"),
        norm("SCHOOL", service="school", stat_unit="pupils", target_share=0.9),
        norm("PHONE", service="phone", target_share=0.9),
        norm("ELDER", service="care", norm_class="authorised", deontic="authorises", target_share=0.6),
    ]
    near = lambda count: [10.0] * count + [50.0] * (25 - count)  # noqa: E731 - a row of the table below
    access = pd.concat(
        [
            reach(near(24), service="clinic"),
            reach(near(25), service="market"),
            reach(near(18), service="school"),
            reach(near(24), service="phone"),
            reach(near(7), service="care"),
        ]
    )
    inventory = dict.fromkeys(("clinic", "market", "school", "phone", "care"), "complete")
    result = judge(rows, settlements, access, evidence=NormEvidence(vocabulary=Words(), inventory=inventory))
    clinic, road, school, phone, elder = (
        study_row(result, name) for name in ("CLINIC", "ROAD", "SCHOOL", "PHONE", "ELDER")
    )
    assert (clinic["gate"], road["gate"]) == ("fail", "pass")
    assert clinic["served_share"] == pytest.approx(0.95)
    assert (school["attainment"], school["shortfall"]) == pytest.approx((0.8, 0.2))  # .72 of .9, and the .18 that lack
    assert school["persons_to_serve"] == pytest.approx(3600.0)  # (.9 - .72) x 20,000
    assert (phone["attainment"], phone["shortfall"]) == (1.0, 0.0)
    assert (elder["status"], elder["reason"]) == ("not_applicable", "not_adopted")
    assert np.isnan(elder["attainment"])
    assert elder["persons_served"] == 5600.0  # 7 places of 800: reported, though not judged
    gates = gates_by_unit(result)["study", "study"]
    assert (gates.status, gates.passed, gates.in_force) == ("fail", 1, 2)
    assert guiding_attainment(result) == pytest.approx(0.8944272, abs=1e-7)  # sqrt(.8 x 1)


def test_one_zero_among_four_guiding_norms_depends_on_the_floor():
    # three norms at 1 and one at 0: floor ** (1/4)
    frame = pd.DataFrame(
        {"unit_level": "study", "norm_class": "guiding", "gate": "none_applicable", "attainment": [1.0, 1.0, 1.0, 0.0]}
    )
    assert guiding_attainment(frame) == pytest.approx(0.316, abs=5e-4)
    assert guiding_attainment(frame, floor=0.001) == pytest.approx(0.178, abs=5e-4)
    assert np.isnan(guiding_attainment(frame.iloc[:0]))


def test_a_place_exactly_at_the_threshold_is_served():
    result = settlement_rows(judge([norm()], places([1.0, 1.0]), reach([30.0, np.nextafter(30.0, 31.0)])))
    assert result["status"].tolist() == ["met", "not_met"]
    assert result["value"].iloc[0] == 30.0


def test_people_and_places_served_beyond_and_unknown_are_told_apart():
    # 100 within, 200 beyond, 300 unknown, 400 without any way: unserved 600, unknown 300, share 100/700
    found = study_row(judge([norm()], places([100.0, 200.0, 300.0, 400.0]), reach([10.0, 40.0, math.nan, "lost"])))
    assert found["persons_served"] == 100.0
    assert found["persons_unserved"] == 600.0
    assert found["persons_unknown"] == 300.0
    assert found["persons_in_scope"] == 1000.0
    assert found["places_unserved"] == 2.0
    assert found["served_share"] == pytest.approx(100 / 700)
    assert found["served_share_lower"] == pytest.approx(0.1)  # the unknown as unserved
    assert found["served_share_upper"] == pytest.approx(0.4)  # the unknown as served
    assert found["depth_fgt1"] == pytest.approx((200 / 3 + 400) / 700)  # gaps 0, 1/3, 1 of the known


def test_a_target_inside_the_bounds_is_not_measurable():
    access = reach([10.0, 40.0, math.nan])
    status = {
        share: study_row(judge([norm(target_share=share)], places([400.0, 300.0, 300.0]), access))["status"]
        for share in (0.4, 0.41, 0.7, 0.71)
    }
    # bounds [.4, .7]: at .4 the worst case still meets it, above .7 the best case does not
    assert status == {0.4: "met", 0.41: "not_measurable", 0.7: "not_measurable", 0.71: "not_met"}


def test_an_incomplete_inventory_never_fails_anyone_but_bounds_them():
    evidence = NormEvidence(vocabulary=Words(), inventory={"clinic": "partial"})
    result = judge([gate("N")], places([100.0, 300.0]), reach([10.0, "none"]), evidence=evidence)
    found = study_row(result)
    assert (found["status"], found["status_as_mapped"], found["gate"]) == ("not_measurable", "not_met", "unknown")
    assert found["reason"] == "inventory:partial"
    assert (found["persons_served"], found["persons_unserved"]) == (100.0, 300.0)
    assert (found["served_share_lower"], found["served_share_upper"]) == (0.25, 1.0)  # at least 100 of 400
    rows = settlement_rows(result)
    assert rows["status"].tolist() == ["met", "not_measurable"]
    assert rows["status_as_mapped"].tolist() == ["met", "not_met"]
    assert rows["reason"].tolist() == ["", "inventory:partial"]


@pytest.mark.parametrize(
    ("people", "minutes", "said"),
    [
        # 100 of 100 known within, but 2 places of up to 60 each beyond: from 100/220 to all
        ([60.0, 40.0, math.nan, math.nan], [10, 10, 90, 90], ("not_measurable", 100 / 220, 1.0, 2)),
        # the others are within, too: nothing can turn it
        ([60.0, 40.0, math.nan, math.nan], [10, 10, 10, 10], ("met", 100 / 100, 1.0, 0)),
        # nobody known is within, the others may be: 0 to 120/220
        ([60.0, 40.0, math.nan, math.nan], [90, 90, 10, 10], ("not_met", 0.0, 1 - 100 / 220, 0)),
        # a hamlet less among many
        ([60.0] * 30 + [math.nan], [10] * 30 + [90], ("met", 1800 / 1860, 1.0, 0)),
    ],
)
def test_people_whom_nobody_counted_count_in_the_bounds(people, minutes, said):
    status, lower, upper, unknown = said
    found = study_row(judge([norm(target_share=0.9)], places(people), reach(minutes)))
    assert (found["status"], found["status_as_mapped"]) == (status, status)
    assert found["served_share_lower"] == pytest.approx(lower)
    assert found["served_share_upper"] == pytest.approx(upper)
    assert (f"people_unknown:{unknown}" in found["reason"].split(";")) == (unknown > 0)
    assert "people_unknown" in found["reason"] or unknown == 0


def test_a_share_reached_by_what_is_mapped_is_met_though_the_inventory_is_unknown():
    evidence = NormEvidence(vocabulary=Words())
    found = study_row(judge([norm(target_share=0.5)], places([1.0, 1.0]), reach([10.0, 90.0]), evidence=evidence))
    assert found["status"] == "met"


def test_without_population_places_are_counted_and_no_figure_of_people_is_given():
    found = study_row(judge([norm()], places([math.nan, math.nan, math.nan]), reach([10.0, 20.0, 90.0])))
    people = [name for name in found.index if name.startswith("persons_")]
    assert found[people].isna().all()
    assert found["served_share"] == pytest.approx(2 / 3)
    assert found["share_of"] == "places"
    assert (found["places_in_scope"], found["places_unserved"]) == (3.0, 1.0)


def test_a_settlement_of_nobody_has_a_status_but_no_weight():
    result = judge([norm(target_share=0.9)], places([0.0, 100.0]), reach([90.0, 10.0]))
    assert study_row(result)["served_share"] == 1.0
    assert settlement_rows(result)["status"].tolist() == ["not_met", "met"]


def test_an_index_of_a_columns_name_and_categories_in_an_order_of_their_own_change_nothing():
    settlements = places([100.0, 200.0, 300.0], township_id=["t2", "t1", "t1"])
    told = judge([norm()], settlements, reach([10.0, 40.0, 10.0]))
    named = settlements.set_index("settlement_id", drop=False)
    backwards = settlements.assign(
        settlement_id=pd.Categorical(settlements["settlement_id"], categories=["s2", "s1", "s0"]),
        township_id=pd.Categorical(settlements["township_id"], categories=["t2", "t1"]),
    )
    for other in (named, backwards):
        pd.testing.assert_frame_equal(judge([norm()], other, reach([10.0, 40.0, 10.0])), told)


def test_how_a_register_is_kept_changes_no_judgement():
    register, given = pd.DataFrame([norm(fail_point=np.nan)]), (places([100.0, 200.0]), reach([10.0, 40.0]))
    told = evaluate_norms(register, *given, as_of=AS_OF)
    texts = dict.fromkeys(register.select_dtypes(["str", "object"]).columns, "category")
    for other in (register.convert_dtypes(), register.convert_dtypes(dtype_backend="pyarrow"), register.astype(texts)):
        pd.testing.assert_frame_equal(evaluate_norms(other, *given, as_of=AS_OF), told)


def test_settlements_by_hand_need_no_tier_and_lie_inside():
    whole = places([100.0, 300.0], official_class=["urban", "rural"])
    table = judge([norm()], whole.drop(columns=["tier", "in_study"]), reach([5, 90]))
    assert study_row(table)["served_share"] == study_row(judge([norm()], whole, reach([5, 90])))["served_share"]


@pytest.mark.parametrize(
    ("settlements", "access", "as_of", "words"),
    [
        (places([1.0]).drop(columns="settlement_id"), reach([5]), AS_OF, "settlement_id: no such column"),
        (places([1.0]), reach([5]).drop(columns=["mode"]), AS_OF, "mode: no such column"),
        (places([-1.0]), reach([5]), AS_OF, "population_persons: negative or infinite for 's0'"),
        (places([1.0]), reach([-5]), AS_OF, "travel_time_min: negative at 's0'"),
        (places([1.0]), reach([5]).assign(reach_status="near"), AS_OF, "reach_status: 'near'"),
        (places([1.0]), reach([5]), "2026-06-30", "as_of: '2026-06-30' is no date"),
    ],
)
def test_tables_that_cannot_be_judged_are_refused(settlements, access, as_of, words):
    with pytest.raises(ContractError, match=words):
        evaluate_norms(pd.DataFrame([norm()]), settlements, access, as_of=as_of)


def test_places_of_the_buffer_are_not_scored():
    result = judge([norm()], places([100.0, 50.0], in_study=[True, False]), reach([10.0, 90.0]))
    assert study_row(result)["persons_in_scope"] == 100.0
    assert settlement_rows(result).index.tolist() == ["s0"]


def test_a_register_that_somebody_changes_is_whole_when_it_is_loaded_again_and_checked_where_it_is_judged():
    changed, whole = load_register(), load_register()
    changed.loc[0, "threshold"] = -1.0
    pd.testing.assert_frame_equal(load_register(), whole)
    with pytest.raises(ContractError, match=f"norm '{changed.loc[0, 'norm_id']}', threshold"):
        applicable_norms(changed, as_of=AS_OF)


def test_expired_future_and_superseded_norms_are_shown_as_such():
    rows = [
        norm("LAST_DAY", valid_to=AS_OF.isoformat()),
        norm("OVER", valid_to="2026-06-29"),
        norm("COMING", valid_from="2026-07-01"),
        norm("OLD"),
        norm("NEW", supersedes="OLD"),
        gate("GATE_OVER", valid_to="2020-12-31"),
    ]
    result = judge(rows, places([1.0]), reach([10.0]))
    states = {
        name: tuple(study_row(result, name)[["status", "reason", "gate"]])
        for name in ("LAST_DAY", "OVER", "COMING", "OLD", "NEW", "GATE_OVER")
    }
    off = "none_applicable"
    assert states == {
        "LAST_DAY": ("met", "", off),
        "OVER": ("not_applicable", "expired", off),
        "COMING": ("not_applicable", "not_yet_in_force", off),
        "OLD": ("not_applicable", "superseded", off),
        "NEW": ("met", "", off),
        "GATE_OVER": ("not_applicable", "expired", off),
    }
    assert len(result[result["norm_id"] == "OVER"]) == 1


def test_a_norm_is_in_force_on_its_first_day():
    found = study_row(judge([norm(valid_from=AS_OF.isoformat())], places([1.0]), reach([10.0])))
    assert (found["status"], found["reason"]) == ("met", "")


def test_a_successor_that_is_not_in_force_yet_supersedes_nothing():
    rows = [norm("OLD"), norm("NEW", supersedes="OLD", valid_from="2027-01-01")]
    assert study_row(judge(rows, places([1.0]), reach([10.0])), "OLD")["status"] == "met"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"role": "programme_target"}, "role:programme_target"),
        ({"instrument": "recommended_standard"}, "instrument:recommended_standard"),
        ({"instrument": "policy_document"}, "instrument:policy_document"),
        ({"read_in_original": False}, "not_read_in_original"),
        ({"share_applies_at": "national"}, "share_applies_at:national"),
    ],
)
def test_a_mandatory_norm_that_lacks_one_condition_is_no_gate_and_says_why(change, reason):
    result = judge([gate("N", **change)], places([1.0]), reach([90.0]))
    found = study_row(result)
    assert found["gate"] == "none_applicable"
    assert found["reason"] == reason
    assert gates_by_unit(result) == {}


@pytest.mark.parametrize("instrument", ["law", "regulation", "rule", "mandatory_standard", "binding_plan_indicator"])
def test_a_mandatory_standard_in_force_gates(instrument):
    found = study_row(judge([gate("N", instrument=instrument)], places([1.0]), reach([90.0])))
    assert (found["status"], found["gate"], found["reason"]) == ("not_met", "fail", "")


def test_a_clause_confirmed_by_a_named_office_gates():
    confirmed = Confirmation(norm="N", by="Planning office", on=dt.date(2026, 1, 5))
    found = study_row(judge([gate("N", read_in_original=False)], places([1.0]), reach([10.0]), confirm=(confirmed,)))
    assert found["gate"] == "pass"


def test_a_gate_nearly_reached_within_rounding_passes():
    # 1 - 5e-10 served: within the tolerance of 1e-9
    found = study_row(judge([gate("N")], places([1.0, 5e-10]), reach([10.0, 90.0])))
    assert found["gate"] == "pass"


def test_nothing_compensates_a_failed_gate_and_no_gate_is_never_a_pass():
    rows = [gate("A"), gate("B", service="school"), norm("C")]
    access = pd.concat([reach([10.0]), reach([90.0], service="school")])
    assert gates_by_unit(judge(rows, places([1.0]), access))["study", "study"].status == "fail"
    assert gates_by_unit(judge([norm("C")], places([1.0]), reach([10.0]))) == {}
    assert UnitGates().status == "none_applicable"
    # One that passes, one beside it of which nothing is known, and then one that fails beside both.
    frame = pd.DataFrame({"unit_level": "township", "unit_id": list("abbccc"), "norm_id": list("NMNMNO")})
    frame["gate"] = ["pass", "pass", "unknown", "pass", "unknown", "fail"]
    judged = list(gates_by_unit(frame).values())
    assert [gates.status for gates in judged] == ["pass", "unknown", "fail"]
    assert [(gates.passed, gates.in_force) for gates in judged] == [(1, 1), (1, 2), (1, 3)]


def test_a_duty_trigger_counts_who_is_entitled_and_fails_nobody():
    rule = gate(
        "N",
        role="duty_trigger",
        stat_unit="pupils",
        metric="network_dist_m",
        unit="m",
        threshold=3000.0,
        fail_point=6000.0,
    )
    settlements = places([100.0, 100.0], pupils_persons=[10.0, 20.0])
    result = judge([rule], settlements, reach([30.0, 31.0]))  # 3,000 m and 3,100 m
    found = study_row(result)
    assert (found["status"], found["status_as_mapped"], found["gate"]) == (
        "not_applicable",
        "not_applicable",
        "none_applicable",
    )
    assert found["reason"] == "duty_trigger;role:duty_trigger"
    assert found["persons_unserved"] == 20.0  # entitled
    assert np.isnan(found["attainment"])
    assert settlement_rows(result)["status"].tolist() == ["not_applicable", "not_applicable"]


def test_an_authorised_norm_is_graded_once_the_study_adopts_it_with_its_own_numbers():
    rule = norm(norm_class="authorised", deontic="authorises")
    adopted = Adoption(norm="N", by="County", on=dt.date(2026, 1, 1), threshold=45.0, target_share=0.5)
    result = judge([rule], places([1.0, 3.0]), reach([40.0, 50.0]), adopt=(adopted,))
    found = study_row(result)
    assert (found["status"], found["gate"]) == ("not_met", "none_applicable")
    assert found["attainment"] == pytest.approx(0.5)  # .25 of .5
    assert (found["threshold"], found["target_share"]) == (45.0, 0.5)


def test_an_adoption_after_the_date_of_the_study_does_not_count():
    late = Adoption(norm="N", by="County", on=AS_OF + dt.timedelta(days=1), threshold=45.0)
    rule = norm(norm_class="authorised", deontic="authorises")
    found = study_row(judge([rule], places([1.0]), reach([40.0]), adopt=(late,)))
    assert (found["reason"], found["threshold"]) == ("not_adopted", 30.0)


def test_numbers_of_adoptions_that_cannot_be_are_refused_at_once():
    # The fail point is 60 minutes, of D, which asks for at least so many, 30; a threshold is to lie above 0 and on the
    # better side of that, a share above 0.
    numbers = {"A": {"threshold": 0.0}, "B": {"threshold": 60.0}, "C": {"target_share": 0.0}, "D": {"threshold": 30.0}}
    least = norm("D", direction="min", threshold=60.0, fail_point=30.0)
    adopted = tuple(Adoption(norm=name, by="County", on=AS_OF, **values) for name, values in numbers.items())
    with pytest.raises(StudyError) as caught:
        judge([*map(norm, "ABC"), least], places([1.0]), reach([40.0]), adopt=adopted)
    told = ["threshold 0 is not above 0", "threshold 60 must be below the fail point 60", "share must be above 0"]
    told.append("threshold 30 must be above the fail point 30")
    assert all(text in problem for text, problem in zip(told, caught.value.problems, strict=True))


def test_an_adoption_counts_though_nobody_adopted_the_norm_before_it():
    adopted = Adoption(norm="N", by="County", on=dt.date(2026, 1, 1), threshold=45.0)
    rules = [norm("A"), norm("N", norm_class="authorised", deontic="authorises")]
    found = study_row(judge(rules, places([1.0]), reach([40.0]), adopt=(adopted,)))
    assert (found["status"], found["threshold"]) == ("met", 45.0)


def test_wrong_names_in_the_study_are_all_reported_at_once():
    rows = pd.DataFrame([norm("A"), norm("B", jurisdiction="CN"), gate("C")])
    rules = NormRules(
        only=("A", "X", "A"),
        headline=("B",),
        adopt=(Adoption(norm="C", by="County", on=AS_OF),),
        class_by_tier={"town": "city"},
    )
    with pytest.raises(StudyError) as caught:
        applicable_norms(rows, as_of=AS_OF, rules=rules)
    assert len(caught.value.problems) == 5
    assert "'X'" in caught.value.problems[0]
    assert any("named twice: 'A'" in problem for problem in caught.value.problems)


def test_jurisdictions_inherit_their_parents_and_the_world():
    rows = pd.DataFrame(
        [
            norm(name, jurisdiction=where)
            for name, where in (
                ("A", "GLOBAL"),
                ("B", "CN"),
                ("C", "CN-51"),
                ("D", "CN-SD|CN-51"),
                ("E", "IN"),
                ("F", "CN-SD"),
                ("G", "CN-local"),
            )
        ]
    )
    rules = NormRules(jurisdictions=("CN-51",))
    assert applicable_norms(rows, as_of=AS_OF, rules=rules)["norm_id"].tolist() == ["A", "B", "C", "D"]


def test_urban_and_rural_scope_follow_the_official_class_before_the_tier():
    # s0 officially rural though a town; s1 a town without class, urban by tier; s2 a village without class or rule
    settlements = places(
        [1.0, 2.0, 4.0], tier=["town", "town", "village"], official_class=pd.Series(["rural", None, None], dtype="str")
    )
    access = reach([10.0, 10.0, 10.0])
    rules = {"class_by_tier": {"town": "urban"}}
    rural = judge([norm(scope="rural")], settlements, access, **rules)
    assert settlement_rows(rural)["status"].tolist() == ["met", "not_applicable", "not_measurable"]
    assert settlement_rows(rural)["reason"].tolist() == ["", "out_of_scope", "class_unknown"]
    found = study_row(rural)
    assert (found["persons_in_scope"], found["persons_served"], found["persons_unknown"]) == (5.0, 1.0, 4.0)
    urban = study_row(judge([norm(scope="urban")], settlements, access, **rules))
    assert urban["persons_served"] == 2.0


def test_a_norm_whose_people_nobody_counts_is_not_measurable():
    found = study_row(judge([norm(stat_unit="children_6_11")], places([1.0]), reach([10.0])))
    assert (found["status"], found["reason"]) == ("not_measurable", "no_stat_unit:children_6_11")
    # Where not even everybody is counted, one village of two that is within 30 minutes is half of the places.
    uncounted = places([1.0, 1.0]).drop(columns="population_persons")
    for unit in ("population", "administrative_village"):
        found = study_row(judge([norm(stat_unit=unit)], uncounted, reach([10.0, 90.0])))
        assert found[["status", "served_share", "share_of"]].tolist() == ["not_met", 0.5, "places"]


def test_a_unit_of_a_size_takes_in_places_of_that_many_people():
    # 499 people are no habitation of 500, 500 and 800 are; of these two the first is within 30 minutes.
    found = judge([norm(stat_unit="habitation_pop500")], places([499.0, 500.0, 800.0]), reach([10.0, 10.0, 90.0]))
    assert settlement_rows(found)["status"].tolist() == ["not_applicable", "met", "not_met"]
    assert study_row(found)[["places_in_scope", "places_served", "served_share"]].tolist() == [2.0, 1.0, 0.5]


def test_the_study_may_say_which_column_counts_a_statistical_unit():
    settlements = places([100.0], children_persons=[7.0])
    found = study_row(
        judge(
            [norm(stat_unit="children_6_11")],
            settlements,
            reach([10.0]),
            stat_columns={"children_6_11": "children_persons"},
        )
    )
    assert found["persons_served"] == 7.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"service": "nowhere"}, "no_source:nowhere"),
        ({"metric": "served_flag", "direction": "presence", "fail_point": 0.0}, "metric_not_measured:served_flag"),
        ({"stat_unit": "township"}, "metric_not_measured:time_min"),
        ({"mode": "emergency"}, "mode_not_studied:emergency"),
        ({"service": "school"}, "not_computed:school"),
        ({"scope": "metropolitan_area"}, "scope_unknown:metropolitan_area"),
        ({"service": "all_season_road", "metric": "dist_m", "unit": "m"}, "not_computed:last_mile"),
        (presence(stat_unit="administrative_village"), "not_computed:facilities"),
        (presence(stat_unit="township"), "not_computed:facilities"),
        ({"metric": "roundtrip_time_min", "mode": "any"}, "one_way_only"),
    ],
)
def test_what_cannot_be_measured_says_why(change, reason):
    evidence = NormEvidence(vocabulary=Words(missing=("nowhere",)), inventory=COMPLETE)
    result = judge([gate("N", **change)], places([5.0]), reach([10.0]), evidence=evidence)
    found = study_row(result)
    assert (found["status"], found["gate"], found["reason"]) == ("not_measurable", "unknown", reason)
    assert len(result) == 1


@pytest.mark.parametrize("kind", ["category", "string", "object"])
def test_places_whose_tier_is_missing_are_none_of_a_tier_however_tiers_are_written(kind):
    settlements = places([1.0, 2.0, 4.0], tier=pd.Series(["village", None, "town"], dtype=kind))
    result = judge([norm(stat_unit="administrative_village")], settlements, reach([10.0, 90.0, 90.0]))
    assert settlement_rows(result)["status"].tolist() == ["met", "not_applicable", "not_applicable"]
    untold = judge([norm(stat_unit="administrative_village")], settlements.drop(columns="tier"), reach([1.0] * 3))
    assert study_row(untold)[["status", "reason"]].tolist() == ["not_measurable", "no_stat_unit:administrative_village"]


def test_what_must_be_far_is_open_at_the_threshold_where_another_mode_may_be_nearer():
    far = norm(mode="any", direction="min", threshold=30.0, fail_point=5.0)
    access = pd.concat([reach([30.0, 29.0, 31.0, 30.0]), reach([math.nan, math.nan, math.nan, 40.0], mode="drive")])
    found = settlement_rows(judge([far], places([1.0] * 4), access))
    # 29 minutes are too near whatever the other mode takes; of 30 and 31 nobody knows
    assert found["status_as_mapped"].tolist() == ["not_measurable", "not_met", "not_measurable", "met"]


def test_any_mode_takes_the_fastest_and_a_mixed_way_needs_its_vehicle():
    access = pd.concat([reach([50.0, 20.0]), reach([25.0, 40.0], mode="drive")])
    rows = [norm("ANY", mode="any"), norm("MIX", mode="walk+drive"), norm("WALK"), norm("DRIVE", mode="drive")]
    result = judge(rows, places([1.0, 1.0]), access)
    values = {name: settlement_rows(result, name)["value"].tolist() for name in ("ANY", "MIX", "WALK", "DRIVE")}
    assert values == {"ANY": [25.0, 20.0], "MIX": [25.0, 20.0], "WALK": [50.0, 20.0], "DRIVE": [25.0, 40.0]}
    only_walk = study_row(judge([norm(mode="walk+drive")], places([1.0]), reach([10.0])))
    assert only_walk["reason"] == "mode_not_studied:walk+drive"
    # A study may travel by both networks in one.
    both = pd.concat([reach([20.0], mode="walk+drive"), reach([50.0])])
    assert settlement_rows(judge([norm(mode="walk+drive")], places([1.0]), both))["value"].tolist() == [20.0]


def test_an_unknown_mode_leaves_the_fastest_unknown_unless_another_is_within():
    access = pd.concat([reach([50.0, 20.0]), reach([math.nan, math.nan], mode="drive")])
    result = settlement_rows(judge([norm(mode="any")], places([1.0, 1.0]), access))
    assert result["status"].tolist() == ["not_measurable", "met"]


def test_straight_distance_needs_no_network_and_no_mode():
    rule = norm(metric="dist_m", unit="m", threshold=1600.0, fail_point=3200.0, mode="any")
    result = settlement_rows(judge([rule], places([1.0, 1.0, 1.0]), reach([20.0, 21.0, "none"])))
    assert result["status"].tolist() == ["met", "not_met", "not_met"]  # 1,600 m, 1,680 m, none
    assert result["value"].tolist()[:2] == [1600.0, 1680.0]


@pytest.mark.parametrize(("walk", "drive"), [(30.0, 10.0), (10.0, 30.0)])
def test_the_shortest_straight_distance_of_all_modes_counts(walk, drive):
    access = pd.concat([reach([walk]), reach([drive], mode="drive")])
    rule = norm(metric="dist_m", unit="m", threshold=1600.0, fail_point=3200.0, mode="any")
    assert settlement_rows(judge([rule], places([1.0]), access))["value"].tolist() == [800.0]  # not 2,400 m


def test_a_round_trip_is_there_and_back():
    rule = norm(metric="roundtrip_time_min")
    result = settlement_rows(judge([rule], places([1.0, 1.0]), reach([15.0, 16.0])))
    assert result["value"].tolist() == [30.0, 32.0]
    assert result["status"].tolist() == ["met", "not_met"]


def test_beyond_the_search_a_longer_threshold_is_not_measurable():
    access = reach(["far"])
    rules = {"max_time_min": 20.0}
    assert study_row(judge([norm()], places([1.0]), access, **rules))["status"] == "not_measurable"
    assert study_row(judge([norm(threshold=20.0)], places([1.0]), access, **rules))["status"] == "not_met"


def test_it_is_said_where_the_longest_time_hides_how_far_beyond_a_norm_somebody_is(caplog):
    rules = {"max_time_min": 45.0}
    judge([norm(fail_point=60.0)], places([1.0]), reach(["far"]), **rules)
    assert "access.max_time_min is 45" in caplog.text
    caplog.clear()
    judge([norm(fail_point=45.0)], places([1.0]), reach(["far"]), **rules)
    judge([norm(fail_point=60.0)], places([1.0]), reach([40.0]), **rules)
    judge([norm(metric="roundtrip_time_min", fail_point=60.0)], places([1.0]), reach(["far"]), **rules)
    judge([norm(fail_point=60.0, valid_to="2026-06-29")], places([1.0]), reach(["far"]), **rules)
    assert not caplog.text


def test_a_bundle_asks_for_every_member():
    rule = norm(service="circle", bundle_members="clinic|school|market")
    access = pd.concat(
        [
            reach([10.0, 10.0, 10.0]),
            reach([20.0, 20.0, 90.0], service="school"),
            reach([30.0, math.nan, math.nan], service="market"),
        ]
    )
    rows = settlement_rows(judge([rule], places([1.0, 1.0, 1.0]), access))
    # all within; one unknown; one beyond decides though another is unknown
    assert rows["status"].tolist() == ["met", "not_measurable", "not_met"]
    assert rows["value"].iloc[0] == 30.0
    assert rows["value"].iloc[2] == 90.0


def test_the_value_of_a_bundle_of_what_must_stand_in_a_place_is_that_of_the_rarest():
    rule = norm(**presence(service="core", bundle_members="clinic|school", stat_unit="administrative_village"))
    there = ["s0", "s0", "s0", "s1", "s1"]
    facilities = gpd.GeoDataFrame(
        {
            "facility_id": list("abcde"),
            "service": ["clinic", "clinic", "clinic", "clinic", "school"],
            "status": "existing",
            "in_study": True,
            "settlement_id": there,
        },
        geometry=gpd.points_from_xy([10_000.0 * int(name[1]) for name in there], [0.0] * 5),
        crs="EPSG:32738",
    )
    evidence = NormEvidence(vocabulary=Words(), inventory=COMPLETE, facilities=facilities)
    result = judge([rule], places([5.0, 5.0]), reach([1.0, 1.0]), evidence=evidence)
    # three clinics make up for no school
    assert settlement_rows(result)[["status", "value"]].to_numpy().tolist() == [["not_met", 0.0], ["met", 1.0]]
    assert study_row(result)[["served_share", "depth_fgt0", "depth_fgt1"]].tolist() == [0.5, 0.5, 0.5]


def test_a_bundle_with_a_member_that_nothing_measures_is_never_met():
    rule = norm(service="circle", bundle_members="clinic|square")
    evidence = NormEvidence(vocabulary=Words(missing=("square", "circle")), inventory=COMPLETE)
    result = judge([rule], places([1.0, 1.0]), reach([10.0, 90.0]), evidence=evidence)
    assert settlement_rows(result)["status"].tolist() == ["not_measurable", "not_met"]
    assert "member_not_measured:square" in study_row(result)["reason"]


def test_a_proxy_is_said_to_be_one():
    evidence = NormEvidence(vocabulary=Words(proxies=("clinic",)), inventory=COMPLETE)
    found = study_row(judge([norm()], places([1.0]), reach([10.0]), evidence=evidence))
    assert (found["status"], found["reason"]) == ("met", "proxy:clinic")


def test_a_service_that_only_the_access_table_knows_stands_for_itself():
    evidence = NormEvidence(vocabulary=Words(missing=("teahouse",)), inventory={"teahouse": "complete"})
    found = judge([norm(service="teahouse")], places([1.0]), reach([10.0], service="teahouse"), evidence=evidence)
    assert study_row(found)[["status", "reason"]].tolist() == ["met", ""]


def test_a_national_share_is_reported_but_judges_no_county():
    result = judge([norm(share_applies_at="national")], places([1.0, 1.0]), reach([10.0, 90.0]))
    found = study_row(result)
    assert (found["status"], found["reason"]) == ("not_applicable", "share_applies_at:national")
    assert found["persons_unserved"] == 1.0
    assert settlement_rows(result)["status"].tolist() == ["met", "not_met"]
    country = judge([norm(share_applies_at="national")], places([1.0, 1.0]), reach([10.0, 90.0]), level="national")
    assert study_row(country)["status"] == "not_met"


def test_a_level_reached_elsewhere_is_no_target():
    found = study_row(judge([norm(role="status_level")], places([1.0]), reach([90.0])))
    assert (found["status"], found["reason"]) == ("not_applicable", "status_level")


def test_an_exempt_village_is_asked_nothing():
    result = judge([gate("N")], places([10.0, 5.0]), reach([10.0, 90.0]), exempt={"N": frozenset({"s1"})})
    assert study_row(result)["gate"] == "pass"
    assert settlement_rows(result).loc["s1", ["status", "reason"]].tolist() == ["not_applicable", "exempt"]


def test_townships_add_up_their_own_places():
    settlements = places([1.0, 2.0, 4.0], township_id=pd.Series(["t1", "t1", None], dtype="str"))
    result = judge([norm()], settlements, reach([10.0, 90.0, 10.0]))
    township = result[result["unit_level"] == "township"].squeeze()
    assert (township["unit_id"], township["persons_served"], township["persons_unserved"]) == ("t1", 1.0, 2.0)
    assert study_row(result)["persons_in_scope"] == 7.0  # the place outside every township counts for the study


def facilities(xs, **columns):
    count = len(xs)
    base = {
        "facility_id": [f"f{number}" for number in range(count)],
        "service": ["clinic"] * count,
        "status": ["existing"] * count,
        "in_study": [True] * count,
    }
    return gpd.GeoDataFrame({**base, **columns}, geometry=gpd.points_from_xy(xs, [0.0] * count), crs="EPSG:32738")


def test_a_village_holds_the_facilities_nearest_to_it_within_the_radius():
    # villages at 0 and 10,000 m; a clinic at 2,000 m is in the first at the radius, one at 7,999 m in none
    evidence = NormEvidence(vocabulary=Words(), inventory=COMPLETE, facilities=facilities([2000.0, 7999.0]))
    rule = norm(**presence(stat_unit="administrative_village"))
    result = judge([rule], places([5.0, 6.0]), reach([1.0, 1.0]), evidence=evidence)
    rows = settlement_rows(result)
    assert rows["value"].tolist() == [1.0, 0.0]
    assert rows["status"].tolist() == ["met", "not_met"]
    found = study_row(result)
    assert (found["served_share"], found["share_of"]) == (0.5, "places")  # one of two villages, not 5 of 11 people
    assert (found["persons_served"], found["persons_unserved"]) == (5.0, 6.0)
    assert found["depth_fgt1"] == 0.5  # none of one is the whole depth, in one village of two


def test_candidates_and_closed_facilities_serve_nobody():
    evidence = NormEvidence(
        vocabulary=Words(), inventory=COMPLETE, facilities=facilities([0.0, 10_000.0], status=["candidate", "closed"])
    )
    rule = norm(**presence(stat_unit="administrative_village"))
    assert study_row(judge([rule], places([1.0, 1.0]), reach([1.0, 1.0]), evidence=evidence))["served_share"] == 0.0


def test_a_township_without_a_facility_counts_with_all_its_people():
    settlements = places([1.0, 2.0, 4.0, 8.0], township_id=pd.Series(["t1", "t1", "t2", None], dtype="str"))
    boundaries = pd.DataFrame({"boundary_id": ["t1", "t2", "t3", "x"], "is_unit": [True, True, True, False]})
    held = facilities([0.0], township_id=["t1"])
    evidence = NormEvidence(vocabulary=Words(), inventory=COMPLETE, facilities=held, boundaries=boundaries)
    rule = gate("N", **presence(stat_unit="township"))
    result = judge([rule], settlements, reach([1.0] * 4), evidence=evidence)
    found = study_row(result)
    assert (found["places_served"], found["places_unserved"]) == (1.0, 2.0)  # t1; t2 and the empty t3
    assert (found["persons_served"], found["persons_unserved"], found["persons_unknown"]) == (3.0, 4.0, 8.0)
    assert found["served_share"] == pytest.approx(1 / 3)
    units = result[result["unit_level"] == "township"].set_index("unit_id")
    assert units["gate"].to_dict() == {"t1": "pass", "t2": "fail", "t3": "fail"}
    assert units["value"].tolist() == [1.0, 0.0, 0.0]
    assert not (result["unit_level"] == "settlement").any()


def test_a_facility_without_a_place_counts_in_the_township_of_its_code():
    settlements = places([1.0, 2.0], township_id=["t1", "t2"])
    unplaced = pd.DataFrame(
        {
            "facility_id": ["f", "g"],
            "service": ["clinic", "clinic"],
            "status": ["existing", "closed"],
            "source": ["clinics.csv"] * 2,
            "township_id": ["t2", "t1"],
            "in_study": [True, True],
        }
    )
    held = facilities([0.0], township_id=["t9"], in_study=[False])
    evidence = NormEvidence(vocabulary=Words(), inventory=COMPLETE, facilities=held, unplaced=unplaced)
    rules = [gate("N", **presence(stat_unit="township")), gate("C", **presence(stat_unit="county"))]
    result = judge(rules, settlements, reach([1.0, 1.0]), evidence=evidence)
    units = result[(result["unit_level"] == "township") & (result["norm_id"] == "N")].set_index("unit_id")
    assert units["value"].to_dict() == {"t1": 0.0, "t2": 1.0}
    county = result[result["norm_id"] == "C"]
    assert county["value"].tolist() == [1.0]  # the closed one and the one outside do not count


def test_a_township_norm_of_an_incomplete_map_fails_no_township():
    settlements = places([1.0, 2.0], township_id=["t1", "t2"])
    evidence = NormEvidence(vocabulary=Words(), facilities=facilities([0.0], township_id=["t1"]))
    result = judge([gate("N", **presence(stat_unit="township"))], settlements, reach([1.0, 1.0]), evidence=evidence)
    units = result[result["unit_level"] == "township"].set_index("unit_id")
    assert units["gate"].to_dict() == {"t1": "pass", "t2": "unknown"}
    assert units.loc["t2", "status_as_mapped"] == "not_met"


def test_an_exempt_township_and_its_people_are_asked_nothing():
    settlements = places([3.0, 5.0], township_id=["t1", "t2"])
    evidence = NormEvidence(vocabulary=Words(), inventory=COMPLETE, facilities=facilities([0.0], township_id=["t1"]))
    rules = [gate("N", **presence(stat_unit="township"))]
    result = judge(rules, settlements, reach([1.0, 1.0]), evidence=evidence, exempt={"N": frozenset({"t2"})})
    found = study_row(result)
    assert (found["gate"], found["served_share"]) == ("pass", 1.0)
    assert (found["persons_in_scope"], found["persons_unserved"]) == (3.0, 0.0)
    assert result.set_index("unit_id").loc["t2", "reason"] == "exempt"


def test_a_township_none_of_whose_places_is_concerned_is_out_of_scope_and_an_empty_one_is_in():
    settlements = places([1.0, 2.0, 4.0], township_id=["t1", "t2", "t3"])
    settlements["official_class"] = pd.Series(["rural", "urban", None], dtype="str")
    boundaries = pd.DataFrame({"boundary_id": ["t1", "t2", "t3", "t4"], "is_unit": [True] * 4})
    held = facilities([0.0], township_id=["t1"])
    evidence = NormEvidence(vocabulary=Words(), inventory=COMPLETE, facilities=held, boundaries=boundaries)
    rule = gate("N", **presence(stat_unit="township", scope="rural"))
    units = judge([rule], settlements, reach([1.0] * 3), evidence=evidence).set_index("unit_id")
    found = units.loc[["t1", "t2", "t3", "t4"], "status"].tolist()
    assert found == ["met", "not_applicable", "not_measurable", "not_met"]


def test_a_county_norm_has_one_row():
    evidence = NormEvidence(
        vocabulary=Words(), inventory=COMPLETE, facilities=facilities([0.0, 1.0], in_study=[False, True])
    )
    result = judge([gate("N", **presence(stat_unit="county"))], places([3.0]), reach([1.0]), evidence=evidence)
    assert len(result) == 1
    found = result.squeeze()
    assert (found["gate"], found["value"], found["places_in_scope"], found["persons_served"]) == ("pass", 1.0, 1.0, 3.0)


def test_an_unknown_season_of_the_road_is_neither_served_nor_unserved():
    # 2,000 m to a known all-season road; 5,000 m to a known one but 100 m to one of unknown season; none at all
    last_mile = pd.DataFrame(
        {
            "settlement_id": ["s0", "s1", "s2"],
            "all_season_road_distance_m": [2000.0, 100.0, math.nan],
            "known_all_season_road_distance_m": [2000.0, 5000.0, math.nan],
        }
    )
    rule = norm(service="all_season_road", metric="dist_m", unit="m", threshold=2000.0, fail_point=5000.0)
    evidence = NormEvidence(vocabulary=Words(missing=("all_season_road",)), inventory=COMPLETE, last_mile=last_mile)
    result = judge([rule], places([1.0, 2.0, 4.0]), reach([1.0] * 3), evidence=evidence)
    assert settlement_rows(result)["status"].tolist() == ["met", "not_measurable", "not_met"]
    found = study_row(result)
    assert (found["persons_served"], found["persons_unknown"], found["persons_unserved"]) == (1.0, 2.0, 4.0)


def test_a_graded_road_within_500_metres_links_a_village():
    # s0: a tertiary road 500 m away; s1 (10 km on): only a track; s2: a road of unknown class
    lines = [
        shapely.LineString([(-50.0, 500.0), (50.0, 500.0)]),
        shapely.LineString([(9_950.0, 10.0), (10_050.0, 10.0)]),
        shapely.LineString([(19_950.0, 10.0), (20_050.0, 10.0)]),
    ]
    roads = gpd.GeoDataFrame({"road_class": ["tertiary", "track", "road"]}, geometry=lines, crs="EPSG:32738")
    evidence = NormEvidence(vocabulary=Words(missing=("graded_road",)), inventory=COMPLETE, roads=roads)
    rule = gate("N", **presence(service="graded_road", stat_unit="administrative_village", unit="link"))
    result = judge([rule], places([1.0, 1.0, 1.0]), reach([1.0] * 3), evidence=evidence)
    assert settlement_rows(result)["gate"].tolist() == ["pass", "fail", "unknown"]
    assert study_row(result)["reason"] == "proxy:road_class"


def test_the_shipped_register_judges_a_village_of_comoros():
    rows = load_register()
    access = pd.concat([reach([40.0], service="primary_care", mode=mode) for mode in ("drive", "walk")])
    found = study_row(judge(rows, places([100.0]), access), "GL-PHC-1H")
    assert found["status"] == "met"


def test_results_of_no_norm_are_an_empty_table():
    result = judge([norm(jurisdiction="IN")], places([1.0]), reach([1.0]))
    assert len(result) == 0


def test_evaluation_changes_none_of_its_arguments():
    rows, settlements, access = pd.DataFrame([norm()]), places([1.0, 2.0]), reach([10.0, 90.0])
    before = [frame.copy(deep=True) for frame in (rows, settlements, access)]
    judge(rows, settlements, access)
    for old, new in zip(before, (rows, settlements, access), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(old), pd.DataFrame(new))


def _bounded(stat_unit: str, missing: float | None, **more: object):
    """Five villages of 10, 20, 30, 40 and 50 people in townships t1 and t2; the first alone has a clinic."""
    settlements = places([10.0, 20.0, 30.0, 40.0, 50.0], township_id=["t1", "t1", "t2", "t3", "t3"])
    bound = {} if missing is None else {"clinic": (missing, "official")}
    evidence = NormEvidence(vocabulary=Words(), facilities=facilities([0.0], township_id=["t1"]), missing_at_most=bound)
    rule = norm(**presence(stat_unit=stat_unit, **more))
    return judge([rule], settlements, reach([1.0] * 5), evidence=evidence)


@pytest.mark.parametrize(
    ("missing", "upper", "status"),
    [(None, 1.0, "not_measurable"), (4.0, 1.0, "not_measurable"), (2.0, 0.6, "not_met"), (0.0, 0.2, "not_met")],
)
def test_a_bound_on_what_is_missing_bounds_the_villages_served(missing, upper, status):
    row = study_row(_bounded("administrative_village", missing, target_share=0.9))
    assert row["served_share_lower"] == pytest.approx(0.2)
    assert row["served_share_upper"] == pytest.approx(upper)
    assert row["status"] == status
    assert row["status_as_mapped"] == "not_met"
    assert (f"missing_by_official:{missing:.0f}" in row["reason"]) if missing is not None else True


def test_a_village_fails_for_certain_only_where_none_is_missing():
    assert settlement_rows(_bounded("administrative_village", 0.0))["status"].tolist() == ["met"] + ["not_met"] * 4
    assert (
        settlement_rows(_bounded("administrative_village", 1.0))["status"].tolist() == ["met"] + ["not_measurable"] * 4
    )


def test_a_missing_facility_turns_one_township_at_most():
    row = study_row(_bounded("township", 1.0, target_share=0.9))
    assert row["served_share_lower"] == pytest.approx(1 / 3)
    assert row["served_share_upper"] == pytest.approx(2 / 3)
    assert row["status"] == "not_met"


def test_times_are_not_bounded_for_one_missing_facility_may_serve_many():
    evidence = NormEvidence(vocabulary=Words(), missing_at_most={"clinic": (1.0, "official")})
    row = study_row(judge([norm()], places([1.0, 1.0, 1.0]), reach([99.0, 99.0, 99.0]), evidence=evidence))
    assert row["served_share_upper"] == 1.0
    assert row["status"] == "not_measurable"


def test_the_gate_of_a_binding_norm_fails_where_not_enough_can_be_missing():
    settlements = places([1.0, 1.0], township_id=["t1", "t2"])
    evidence = NormEvidence(
        vocabulary=Words(),
        facilities=facilities([0.0], township_id=["t1"]),
        missing_at_most={"clinic": (0.0, "official")},
    )
    rule = gate("N", **presence(stat_unit="township"))
    row = study_row(judge([rule], settlements, reach([1.0, 1.0]), evidence=evidence))
    assert (row["gate"], row["served_share_upper"]) == ("fail", 0.5)


def test_classes_and_jurisdictions_that_are_none_are_refused_by_name():
    register = pd.DataFrame([norm(), norm("M", jurisdiction="CN-51|valley-3")])
    towns = places([1.0, 2.0, 3.0], official_class=["Urban", "rural", "suburb"])
    with pytest.raises(ContractError, match=r"'Urban', 'suburb' .2 in all. in 2 row"):
        evaluate_norms(register, towns, reach([10.0, 20.0, 30.0]), as_of=AS_OF)
    known = places([1.0, 2.0, 3.0], official_class=["urban", None, ""])
    for wrong in ("China", "cn", "CHN-51", "valley"):
        with pytest.raises(StudyError, match=f"'{wrong}' .* is none"):
            evaluate_norms(register, known, reach([1.0] * 3), as_of=AS_OF, rules=NormRules(jurisdictions=("CN", wrong)))
    for right in ("GLOBAL", "KM", "CN-51-04", "valley-3", "valley-3-north"):
        rules = NormRules(jurisdictions=(right,))
        assert len(evaluate_norms(register, known, reach([1.0] * 3), as_of=AS_OF, rules=rules))


def test_what_norms_are_judged_by_is_public():
    assert sp.NormRules is NormRules
    assert sp.NormEvidence is NormEvidence


def reading_of(result, level="study"):
    row = result[(result["unit_level"] == level) & (result["norm_id"] == "N")].iloc[0]
    return row["status"], row["status_as_mapped"], row["judged_if"]


TOWN_AND_VILLAGES = (10_000.0, 300.0, 200.0, math.nan)
"""A town, two villages, and a third whose people nobody counted."""
TIERS_OF_FOUR = ["town", "village", "village", "village"]


@pytest.mark.parametrize(
    ("target", "minutes", "said"),
    [
        # 10,500 known within, the unknown village beyond: 10,500/10,800 = 97.2 % if it has at most 300 people,
        # 10,500/20,500 = 51.2 % if it may have as many as the town
        (0.9, [10, 10, 10, 90], ("met", "people_at_most:village:300")),
        (0.98, [10, 10, 10, 90], ("not_measurable", "")),
        (0.5, [10, 10, 10, 90], ("met", "")),
        # 500 known beyond, the unknown village within: at best 10,300/10,800 = 95.37 %, or 20,000/20,500 = 97.6 %
        (0.96, [10, 90, 90, 10], ("not_met", "people_at_most:village:300")),
        (0.953, [10, 90, 90, 10], ("not_measurable", "")),
        (0.98, [10, 90, 90, 10], ("not_met", "")),
    ],
)
def test_a_village_of_unknown_people_is_supposed_no_larger_than_the_largest_known_one(target, minutes, said):
    settlements = places(TOWN_AND_VILLAGES, tier=TIERS_OF_FOUR)
    status, condition = said
    result = judge([norm(target_share=target)], settlements, reach(minutes))
    assert reading_of(result) == (status, status, condition)
    # A gate supposes nothing.
    hard = judge([gate("N", target_share=target)], settlements, reach(minutes))
    assert reading_of(hard) == ((status, status, "") if not condition else ("not_measurable", "not_measurable", ""))
    assert ("people_unknown:1" in study_row(hard)["reason"]) == (condition != "" or status == "not_measurable")


def test_on_an_incomplete_map_the_condition_of_what_is_mapped_is_said():
    # As above, 95.37 % at best: as mapped that is below 96 %, but the failures may lack a clinic on the map alone.
    evidence = NormEvidence(vocabulary=Words(), inventory={"clinic": "partial"})
    settlements = places(TOWN_AND_VILLAGES, tier=TIERS_OF_FOUR)
    result = judge([norm(target_share=0.96)], settlements, reach([10, 90, 90, 10]), evidence=evidence)
    assert reading_of(result) == ("not_measurable", "not_met", "people_at_most:village:300")


@pytest.mark.parametrize(
    ("tiers", "people", "condition"),
    [
        # nobody knows the people of any village: nothing to suppose of the third
        (["town", "town", "town", "village"], (10_000.0, 300.0, 200.0, math.nan), None),
        # the known villages are of nobody: that is no size to suppose
        (["town", "village", "village", "village"], (10_500.0, 0.0, 0.0, math.nan), None),
        # one unknown of two tiers: each has a size of its own
        (
            ["town", "village", "village", "town"],
            (10_000.0, 300.0, math.nan, math.nan),
            "people_at_most:town:10000;people_at_most:village:300",
        ),
    ],
)
def test_what_is_supposed_is_the_size_of_each_tier_where_one_is_known(tiers, people, condition):
    settlements = places(people, tier=tiers)
    if condition is None:
        # the first three within, at least nine tenths of all that are known
        share = judge([norm(target_share=0.9)], settlements, reach([10, 10, 10, 90]))
        assert reading_of(share) == ("not_measurable", "not_measurable", "")
        assert "people_unknown:1" in study_row(share)["reason"]
        return
    # 10,300 within, at most 300 + 10,000 beyond: just one half
    result = judge([norm(target_share=0.5)], settlements, reach([10, 10, 90, 90]))
    assert reading_of(result) == ("met", "met", condition)
    result = judge([norm(target_share=0.51)], settlements, reach([10, 10, 90, 90]))
    assert reading_of(result) == ("not_measurable", "not_measurable", "")


def test_one_person_is_a_size_to_suppose():
    # 101 known within, the unknown village beyond: 101/102 = 99 % if it has at most one person, 101/201 = 50 % if it
    # may have as many as the town
    settlements = places((100.0, 1.0, math.nan), tier=["town", "village", "village"])
    result = judge([norm(target_share=0.9)], settlements, reach([10, 10, 90]))
    assert reading_of(result) == ("met", "met", "people_at_most:village:1")


def test_the_condition_holds_for_townships_too_and_the_size_is_the_studys():
    settlements = places((10_000.0, 300.0, 200.0, math.nan), tier=TIERS_OF_FOUR, township_id=["t1", "t1", "t2", "t2"])
    result = judge([norm(target_share=0.3)], settlements, reach([10, 10, 10, 90]))
    rows = result[result["unit_level"] == "township"].set_index("unit_id")
    # t2: 200 within, at most 300 beyond: 40 %; without the condition 200/10,200
    assert rows["status"].tolist() == ["met", "met"]
    assert rows["judged_if"].tolist() == ["", "people_at_most:village:300"]


def bare_words(name, level="study"):
    row = name[(name["unit_level"] == level) & (name["norm_id"] == "N")].iloc[0]
    return row["status"], row["status_as_mapped"], row["reason"]


def test_a_service_that_nobody_mapped_fails_nobody_on_the_map_either():
    nowhere = reach(["none", "none"])
    for inventory, said in {
        "unknown": ("not_measurable", "not_measurable", "nothing_mapped"),
        "partial": ("not_measurable", "not_measurable", "nothing_mapped"),
        "complete": ("not_met", "not_met", ""),
    }.items():
        evidence = NormEvidence(vocabulary=Words(), inventory={"clinic": inventory})
        result = judge([norm()], places([100.0, 300.0]), nowhere, evidence=evidence)
        assert bare_words(result) == said
        assert bare_words(result, "settlement") == said
        found = study_row(result)
        unknown = inventory != "complete"
        assert (found["persons_unserved"], found["persons_unknown"]) == ((0.0, 400.0) if unknown else (400.0, 0.0))
        assert math.isnan(found["served_share"]) == unknown
    # one facility that somebody reaches, and the map speaks again
    evidence = NormEvidence(vocabulary=Words())
    some = judge([norm()], places([100.0, 300.0]), reach([90.0, "none"]), evidence=evidence)
    assert bare_words(some)[1] == "not_met"


@pytest.mark.parametrize("stat_unit", ["administrative_village", "township", "county"])
def test_a_presence_of_what_nobody_mapped_is_not_measurable_unless_its_number_is_bounded(stat_unit):
    settlements = places([100.0, 300.0], township_id=["t1", "t2"])
    rows = [norm(**presence(stat_unit=stat_unit))]
    nothing = facilities([]).assign(township_id=pd.Series([], dtype="str"))
    evidence = NormEvidence(vocabulary=Words(), facilities=nothing)
    result = judge(rows, settlements, reach([10.0, 10.0]), evidence=evidence)
    assert bare_words(result)[1:] == ("not_measurable", "nothing_mapped")
    assert result["value"].isna().all()
    # at most none is missing: that is known, and so is who has none
    bounded = NormEvidence(vocabulary=Words(), facilities=nothing, missing_at_most={"clinic": (0.0, "declared")})
    assert bare_words(judge(rows, settlements, reach([10.0, 10.0]), evidence=bounded))[:2] == ("not_met", "not_met")


def test_a_bundle_with_a_member_that_nobody_mapped_is_as_one_with_a_member_not_measured():
    rows = [norm(service="both", bundle_members="clinic|school")]
    access = pd.concat([reach([10.0, 90.0]), reach(["none", "none"], service="school")])
    result = judge(rows, places([100.0, 300.0]), access, evidence=NormEvidence(vocabulary=Words()))
    # s0 has a clinic and nobody knows of a school; s1 fails by its clinic, as mapped
    assert settlement_rows(result)["status_as_mapped"].tolist() == ["not_measurable", "not_met"]
    assert "member_not_measured:school" in study_row(result)["reason"]
    nowhere = pd.concat([reach(["none", "none"]), reach(["none", "none"], service="school")])
    both = judge(rows, places([100.0, 300.0]), nowhere, evidence=NormEvidence(vocabulary=Words()))
    assert bare_words(both)[1:] == ("not_measurable", "nothing_mapped")


def test_a_number_within_the_stated_condition_never_contradicts_the_verdict():
    rng = np.random.default_rng(5)
    targets = (0.3, 0.5, 0.7, 0.9)
    rows = [norm(f"N{target}", target_share=target) for target in targets]
    key, supposing = ["unit_level", "unit_id", "norm_id"], 0
    for _ in range(5):
        tiers = rng.permutation(["city", "town", "town", "village", "village", "village", "village"])
        people = pd.Series(rng.integers(1, 400, 7), dtype=float)
        people[tiers == "city"] *= 50
        people[(tiers != "city") & (rng.random(7) < 0.4)] = math.nan
        base = places(people, tier=tiers, township_id=["t1"] * 4 + ["t2"] * 3)
        access = reach(rng.choice([10.0, 90.0, math.nan], 7, p=[0.5, 0.4, 0.1]))
        before = judge(rows, base, access)
        largest = people.groupby(tiers).transform("max")
        for share in (0.0, 1.0):
            known = people.fillna(np.floor(largest * share))
            after = judge(rows, base.assign(population_persons=known), access)
            pairs = before.merge(after, on=key, suffixes=("", "_after"))
            pairs = pairs[pairs["judged_if"].ne("") & (pairs["persons_in_scope_after"] > 0)]
            supposing += len(pairs)
            for name in ("status", "status_as_mapped"):
                told = pairs[pairs[name] != "not_measurable"]
                assert (told[name] == told[f"{name}_after"]).all()
    assert supposing > 10  # the condition decided often enough for the rest to say something
