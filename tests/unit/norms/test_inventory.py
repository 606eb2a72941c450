"""How complete facilities are: declared, counted or estimated from list and map."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from spatial.errors import ContractError
from spatial.inputs.services import load_services
from spatial.norms.measuring import capture_recapture, take_inventory
from spatial.reporting.sign_off import missing_shares
from spatial.study import OfficialFacilities
from spatial.tables import TABLES

SERVICES = load_services()


def test_chapmans_estimate_by_hand():
    # N = 21 * 16 / 11 - 1; var = 21 * 16 * 10 * 5 / (121 * 12); S = 25; C = exp(1.96 sqrt(ln(1 + var / (N - S)^2)))
    found = capture_recapture(20, 15, 10)
    number, variance = 21 * 16 / 11 - 1, 21 * 16 * 10 * 5 / (11**2 * 12)
    factor = math.exp(1.959963984540054 * math.sqrt(math.log(1 + variance / (number - 25) ** 2)))
    assert found.number == pytest.approx(number)
    assert found.lower == math.floor(25 + (number - 25) / factor) == 26  # 26.23: there are no parts of a facility
    assert found.upper == pytest.approx(25 + (number - 25) * factor)


def test_an_estimate_needs_seven_in_both_and_never_goes_below_what_is_known():
    assert math.isnan(capture_recapture(20, 15, 6).number)
    found = capture_recapture(10, 20, 10)  # all of the list are on the map
    assert (found.number, found.lower, found.upper) == (20.0, 20.0, 20.0)
    assert capture_recapture(9, 9, 7).lower >= 11.0
    # All 20 may be known: with 20.03 the interval would say that one is missing.
    assert capture_recapture(18, 18, 16).lower == 20.0


@pytest.mark.parametrize("numbers", [(8, 25, 20), (25, 8, 20), (5, 8, 20), (-3, 30, 10), (math.inf, 30, 10)])
def test_more_in_both_than_in_one_are_refused(numbers):
    # (8, 25, 20) had given 10 facilities, no less than 13 and no more than 13.
    with pytest.raises(ContractError, match="are in both"):
        capture_recapture(*numbers)


def test_the_interval_of_the_estimate_holds_in_simulations():
    # 60 facilities, a list that has each with 0.7 and a map with 0.6, independently. Numbers are small and
    # whole, so the interval of 95 % holds a little less often.
    rng = np.random.default_rng(20260726)
    listed, mapped = rng.random((2000, 60)) < 0.7, rng.random((2000, 60)) < 0.6
    counts = zip(listed.sum(axis=1), mapped.sum(axis=1), (listed & mapped).sum(axis=1), strict=True)
    found = [capture_recapture(*map(float, row)) for row in counts]
    held = np.mean([item.lower <= 60 <= item.upper for item in found])
    assert 0.90 <= held <= 0.96
    assert abs(np.mean([item.number for item in found]) - 60) < 0.3


def _facilities(service: str, *, both: int, in_list: int, on_map: int) -> pd.DataFrame:
    ways = ["both"] * both + ["list"] * in_list + ["map"] * on_map
    return pd.DataFrame({"service": service, "status": "existing", "in_study": True, "found_in": ways})


def test_the_table_says_what_completeness_rests_on():
    rows = [
        _facilities("hospital", both=2, in_list=1, on_map=1),
        _facilities("district_hospital", both=1, in_list=0, on_map=0),
        _facilities("primary_care", both=10, in_list=10, on_map=5),
        _facilities("pharmacy", both=0, in_list=3, on_map=0),
        _facilities("bank", both=0, in_list=0, on_map=4),
        _facilities("market", both=0, in_list=0, on_map=2).assign(in_study=False),
    ]
    declared = {"pharmacy": "complete", "hospital": "partial"}
    official = {
        "hospital": OfficialFacilities(value=8, source="Yearbook"),
        "post_office": OfficialFacilities(value=3, source="Post"),
        "bank": OfficialFacilities(value=3, source="Bank"),
    }
    found = take_inventory(
        pd.concat(rows, ignore_index=True), declared=declared, official=official, vocabulary=SERVICES
    ).table
    TABLES["inventory"].check(found)
    table = found.set_index("service")
    assert table.index.tolist() == sorted(table.index)
    assert "market" not in table.index
    one = table.loc["hospital"]  # with the district hospital, which is a hospital but for its level
    assert one[["facilities", "in_list", "on_map", "matched", "official"]].tolist() == [5, 4, 4, 3, 8]
    assert one[["completeness_lower", "completeness_upper", "missing_at_most"]].tolist() == [0.625, 0.625, 3]
    assert one[["basis", "declared", "source"]].tolist() == ["official", "partial", "Yearbook"]
    two = table.loc["primary_care"]
    assert two["basis"] == "capture_recapture"
    assert two["completeness_lower"] == pytest.approx(25 / capture_recapture(20, 15, 10).upper)
    assert two["completeness_upper"] == pytest.approx(25 / capture_recapture(20, 15, 10).lower)
    assert two["missing_at_most"] == math.floor(capture_recapture(20, 15, 10).upper - 25) == 16
    assert table.loc["pharmacy", ["basis", "missing_at_most"]].tolist() == ["declared", 0]
    assert table.loc["post_office", ["facilities", "completeness_lower", "missing_at_most"]].tolist() == [0, 0, 3]
    more = table.loc["bank"]  # more than the official number: the two do not count the same
    assert more["completeness_lower"] == pytest.approx(4 / 3)
    assert math.isnan(more["missing_at_most"])


def test_a_complete_list_is_not_believed_where_the_office_counts_more():
    facilities = _facilities("pharmacy", both=0, in_list=22, on_map=0)
    official = {"pharmacy": OfficialFacilities(value=30, source="Health bureau")}
    declared = {"pharmacy": "complete", "bank": "complete"}
    known = take_inventory(facilities, declared=declared, official=official, vocabulary=SERVICES)
    row = known.table.set_index("service").loc["pharmacy"]
    assert row[["basis", "declared", "missing_at_most"]].tolist() == ["official", "complete", 8]
    assert known.believed == {"pharmacy": "partial", "bank": "complete"}
    equal = {"pharmacy": OfficialFacilities(value=22, source="Health bureau")}
    known = take_inventory(facilities, declared=declared, official=equal, vocabulary=SERVICES)
    assert known.table["basis"].tolist() == ["declared"]
    assert known.believed == declared


def test_a_number_of_several_services_is_held_against_what_is_declared_of_each():
    facilities = pd.concat(
        [_facilities(name, both=0, in_list=4, on_map=0) for name in ("hospital", "emergency_hospital")]
    )
    for of_both, declared in ((8, "complete"), (9, "partial")):  # one more than the complete lists hold
        official = {
            "beds": OfficialFacilities(value=of_both, source="Yearbook", services=("hospital", "emergency_hospital"))
        }
        lists = {"hospital": "complete", "emergency_hospital": "complete"}
        known = take_inventory(facilities, declared=lists, official=official, vocabulary=SERVICES)
        row = known.table.set_index("service").loc["beds"]
        assert row[["facilities", "declared", "missing_at_most"]].tolist() == [8, "complete", of_both - 8]
        assert known.believed == dict.fromkeys(lists, declared)
    mixed = lists | {"hospital": "partial"}
    known = take_inventory(facilities, declared=mixed, official=official, vocabulary=SERVICES)
    assert known.table.set_index("service").loc["beds", "declared"] == "partial"


def test_what_a_scenario_opens_is_added_to_the_estimate_and_is_no_evidence_for_it():
    facilities = _facilities("pharmacy", both=10, in_list=10, on_map=5)
    opened = pd.concat([facilities, facilities.iloc[[0]].assign(found_in=None)], ignore_index=True)
    before, after = (
        take_inventory(rows, declared={}, official={}, vocabulary=SERVICES).table.iloc[0]
        for rows in (facilities, opened)
    )
    assert after["estimated"] == pytest.approx(before["estimated"] + 1.0)
    assert after["missing_at_most"] == before["missing_at_most"]


def test_there_is_no_estimate_where_a_list_was_located_by_its_names():
    facilities = _facilities("primary_care", both=10, in_list=10, on_map=5)
    listed = facilities["found_in"].isin(["list", "both"])
    for named, basis in ((4, "capture_recapture"), (5, "none")):
        placed = np.where(listed & (np.cumsum(listed) <= named), "name", "coordinates")
        placed_by = facilities.assign(placed_by=placed)
        table = take_inventory(placed_by, declared={}, official={}, vocabulary=SERVICES).table
        assert table["basis"].tolist() == [basis]


def test_nothing_makes_an_empty_table():
    nobody = _facilities("hospital", both=0, in_list=0, on_map=0)
    found = take_inventory(nobody, declared={}, official={}, vocabulary=SERVICES)
    TABLES["inventory"].check(found.table)
    assert found.table.empty
    assert found.missing_at_most == {}


def test_what_may_be_missing_is_added_up_over_all_that_counts():
    rows = pd.concat(
        [
            _facilities("primary_care", both=0, in_list=0, on_map=4),
            _facilities("health_centre", both=0, in_list=0, on_map=2),
            _facilities("emergency_hospital", both=0, in_list=0, on_map=1),
        ],
        ignore_index=True,
    )
    official = {
        "primary_care": OfficialFacilities(value=6, source="A"),
        "health_centre": OfficialFacilities(value=3, source="A"),
        "hospital": OfficialFacilities(value=1, source="A"),
    }
    found = take_inventory(rows, declared={}, official=official, vocabulary=SERVICES).missing_at_most
    assert found["primary_care"] == (3.0, "official")  # 2 of its own and 1 health centre
    assert found["health_centre"] == (1.0, "official")
    assert "hospital" not in found  # nobody says how many emergency hospitals there are


def test_the_share_that_may_be_missing_is_signed():
    table = pd.DataFrame(
        {
            "service": ["a", "b", "c", "d", "e"],
            "basis": ["official", "capture_recapture", "declared", "declared", "official"],
            "facilities": [5.0, 5.0, 5.0, 5.0, 5.0],
            "completeness_lower": [0.75, 0.5, 1.0, 1.0, 1.25],
            "estimated_lower": [np.nan, 6.0, 6.2, np.nan, np.nan],
            "estimated_upper": [np.nan, 10.0, 8.0, np.nan, np.nan],
        }
    )
    found = list(missing_shares(table))
    assert found[:3] == [
        ("a", 0.25, "missing_by_official"),
        ("b", 0.5, "missing_by_capture_recapture"),
        ("c", 0.375, "declared_complete_but:7"),
    ]
    (ours,) = missing_shares(table.assign(official=[np.nan, np.nan, np.nan, 8.0, np.nan]).iloc[[3]])
    assert ours == ("d", 0.375, "declared_complete_officially:8")
    assert found[3][0] == "e"
    assert math.isnan(found[3][1])
    assert list(missing_shares(None)) == []
