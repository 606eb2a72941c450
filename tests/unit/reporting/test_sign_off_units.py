"""What the sign-off table says of units, of scaled people and of estimated groups."""

import numpy as np
import pandas as pd
import pytest

from spatial.messages import Words
from spatial.reporting.sign_off import causes_text, estimated_groups, rescaled_people, unit_check


def _totals(rows, group="everybody"):
    columns = ["unit_id", "official_persons", "our_persons", "status", "scaling", "likely_causes"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["residual_persons"] = frame["official_persons"] - frame["our_persons"]
    source = np.where(frame["official_persons"].notna(), "Yearbook", "")
    return frame.assign(group=group, source=source)


ROWS = [
    ("A", 100.0, 99.0, "ok", "scaled", ""),
    ("B", 100.0, 140.0, "look", "factor_refused", "factor_refused"),
    ("C", 500.0, 440.0, "look", "factor_refused", "raster_has:440"),
    ("D", np.nan, 30.0, "unknown", "no_official", "no_official"),
    ("E", 70.0, np.nan, "unknown", "no_places", "not_found"),
    ("no_unit", np.nan, 12.0, "unknown", "no_unit", ""),
]


def test_units_outside_the_tolerance_are_counted_the_largest_difference_first():
    found = list(unit_check({"unit_totals": _totals(ROWS)}))
    assert [check["of"] for check in found] == [""]
    check = found[0]
    assert check["ours"] == 2.0
    assert check["records"] == "C B"  # 60 before 40
    assert check["likely_causes"].split(";") == [
        "units_told:3",
        "largest_difference:60",
        "units_without_official:1",
        "official_units_not_found:1",
        "people_in_no_unit:12",
        "units_not_scaled:2",
    ]
    assert check["source"] == "Yearbook"
    said = causes_text(check["likely_causes"], Words("en"))
    assert said.startswith("of 3 units with an official number; the largest difference is 60 people; ")
    assert "factor_refused" not in causes_text("factor_refused", Words("fr"))


def test_groups_have_rows_of_their_own_and_nothing_told_is_unknown():
    both = pd.concat([_totals(ROWS[:1]), _totals(ROWS[3:4], "elderly")], ignore_index=True)
    found = {check["of"]: check for check in unit_check({"unit_totals": both})}
    assert found[""]["ours"] == 0.0
    assert np.isnan(found["elderly"]["ours"])
    assert list(unit_check({})) == []
    for code in ("en", "zh", "fr"):
        item = Words(code, "sign_off").say("kind", "group_units", of="ELDERLY")
        assert "ELDERLY" in item


def test_scaled_people_and_estimated_groups_are_told_apart_from_counted_ones():
    places = pd.DataFrame(
        {
            "population_persons": [10.0, 20.0],
            "population_source": ["raster_rescaled", "raster"],
            "elderly_persons": [1.0, np.nan],
            "elderly_source": ["estimated", "none"],
            "registered_persons": [11.0, 19.0],
        }
    )
    assert rescaled_people(places) is None
    scaled = rescaled_people(places.assign(population_factor=[1.5, 1.0]))
    assert scaled is not None
    assert scaled.tolist() == [True, False]
    ((group, persons, estimated),) = estimated_groups(places)
    assert (group, persons.tolist(), estimated.tolist()) == ("elderly", [1.0, 0.0], [True, False])


@pytest.mark.parametrize("order", [[5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]])
def test_the_order_of_units_does_not_matter(order):
    straight = next(iter(unit_check({"unit_totals": _totals(ROWS)})))
    assert next(iter(unit_check({"unit_totals": _totals([ROWS[n] for n in order])}))) == straight
