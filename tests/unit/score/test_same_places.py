"""Places whose id changed between runs are found again by name and place, and never made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spatial.score.comparison import compare, follow
from spatial.score.comparison.runs import with_same_ids
from tests.unit.runs_to_compare import run_of

MINUTES = {"a": (10.0, 10.0), "b": (45.0, 15.0), "c": (20.0, 60.0), "d": (50.0, 30.0)}
AFTER = {**MINUTES, "b": (25.0, 15.0), "d": (25.0, 30.0)}


def drawn_anew(run, ids, *, east_m=0.0, names=None):
    """Give places other ids, other names and another point, as a source that drew them anew."""

    def told(table, column):
        return table.assign(**{column: table[column].astype(str).replace(ids).astype("str")})

    places = told(run.settlements, "settlement_id")
    moved = places["settlement_id"].isin(list(ids.values()))
    places["geometry"] = places.geometry.where(~moved, places.geometry.translate(east_m))
    places["name"] = places["name"].where(~moved, places["name"].replace(names or {})).astype("str")
    keys = {name: told(getattr(run, name), "settlement_id") for name in ("access", "last_mile", "towns")}
    results = told(run.norm_results, "unit_id")
    return replace(run, settlements=places, norm_results=results, **keys)


def changes(comparison) -> dict[str, tuple[float, float]]:
    table = comparison.people
    rows = table[(table["unit_id"] == "study") & (table["norm_id"] == "any")].set_index("change")
    return {str(change): (row["persons_before"], row["persons_after"]) for change, row in rows.iterrows()}


@pytest.fixture(scope="module")
def before():
    return run_of("before", MINUTES)


@pytest.fixture(scope="module")
def after():
    return run_of("after", AFTER)


def test_places_drawn_anew_are_the_same_places(before, after):
    redrawn = drawn_anew(after, {"b": "b9", "d": "d9"}, east_m=1000.0, names={"B": "b ", "D": "D"})
    found, plain = compare(before, redrawn), compare(before, after)
    assert ("redrawn", "2 (B, D)") in found.notes
    assert changes(found) == {"gained": (400.0, 400.0), "same": (600.0, 600.0)}
    for name, table in plain.tables.items():
        mine = found.tables[name]
        pd.testing.assert_frame_equal(*(t.drop(columns="name", errors="ignore") for t in (mine, table)))


def test_the_other_way_round_finds_the_same_places(before, after):
    redrawn = drawn_anew(after, {"b": "b9"})
    there, back = compare(before, redrawn).units, compare(redrawn, before).units
    assert list(there["unit_id"]) == list(back["unit_id"])
    np.testing.assert_array_equal(there["level_change"], -back["level_change"])


@pytest.mark.parametrize(
    "made",
    [{"east_m": 1000.5}, {"names": {"B": "Another"}}, {"names": {"B": np.nan}}],
    ids=["too far", "another name", "no name"],
)
def test_another_place_is_not_taken_for_the_old_one(before, after, made):
    found = compare(before, drawn_anew(after, {"b": "b9"}, **made))
    assert changes(found)["gone"] == (100.0, 0.0)
    assert changes(found)["new"] == (0.0, 100.0)
    assert "redrawn" not in dict(found.notes)


def test_places_without_points_are_not_found_again(before, after):
    plain = [
        replace(run, settlements=pd.DataFrame(run.settlements.drop(columns="geometry")))
        for run in (before, drawn_anew(after, {"b": "b9"}))
    ]
    runs, notes = with_same_ids(plain)
    assert notes == []
    assert runs[1] is plain[1]


def test_of_two_places_of_one_name_the_nearer_is_the_same(before):
    one = drawn_anew(before, {"a": "a1", "b": "b1"}, names={"B": "A"})
    moved = one.settlements.assign(
        geometry=one.settlements.geometry.where(
            one.settlements["settlement_id"] != "b1", one.settlements.geometry.translate(-4400.0)
        )
    )
    one = replace(one, settlements=moved)
    two = drawn_anew(before, {"a": "a2"}, east_m=100.0)
    two = drawn_anew(two, {"b": "b2"}, names={"B": "X"})
    (first, second), _notes = with_same_ids([one, two])
    shared = set(first.places.index) & set(second.places.index)
    assert shared == {"a1", "c", "d"}


def other_place(run, place, name, east_m):
    """Let an id mean another place."""
    here = run.settlements["settlement_id"] == place
    moved = run.settlements.geometry.where(~here, run.settlements.geometry.translate(east_m))
    names = run.settlements["name"].where(~here, name)
    return replace(run, settlements=run.settlements.assign(geometry=moved, name=names.astype("str")))


def test_an_id_that_means_another_place_is_gone_and_new(before, after):
    found = compare(before, other_place(after, "b", "Lake", 1001.0))
    assert ("other_place", "1 (b)") in found.notes
    assert "moved" not in dict(found.notes)
    assert changes(found)["gone"] == (100.0, 0.0)
    assert changes(found)["new"] == (0.0, 100.0)
    rows = found.units[found.units["unit_level"] == "settlement"].set_index("unit_id")["presence"]
    assert rows[["b (B)", "b (Lake)"]].tolist() == ["gone", "new"]


def test_told_the_other_way_round_it_is_the_other_place_that_is_gone(before, after):
    other = other_place(after, "b", "Lake", 1001.0)
    there, back = compare(before, other).units, compare(other, before).units
    assert list(there["unit_id"]) == list(back["unit_id"])
    np.testing.assert_array_equal(there["level_change"], -back["level_change"])


@pytest.mark.parametrize(("name", "east_m"), [("Lake", 1000.0), ("b ", 1001.0), (None, 1001.0)])
def test_a_place_that_moved_or_was_renamed_stays_one_place(before, after, name, east_m):
    found = compare(before, other_place(after, "b", name, east_m))
    assert "other_place" not in dict(found.notes)
    assert "new" not in changes(found)


def test_ids_that_were_swapped_are_set_right(before, after):
    swapped = other_place(other_place(after, "b", "C", 5000.0), "c", "B", -5000.0)
    (one, other), notes = with_same_ids([before, swapped])
    assert [code for code, _detail in notes] == ["other_place", "redrawn"]
    assert set(one.places["name"].items()) == set(other.places["name"].items())


def renumbered(run, ids):
    """Give townships other ids, as after a reform of codes."""
    settlements = run.settlements.assign(township_id=run.settlements["township_id"].replace(ids))
    results = run.norm_results.assign(unit_id=run.norm_results["unit_id"].replace(ids))
    return replace(run, settlements=settlements, norm_results=results)


def bounded(run, names):
    return replace(run, boundaries=pd.DataFrame({"boundary_id": list(names), "name": list(names.values())}))


def test_townships_whose_ids_all_changed_are_found_again_by_name(before, after):
    one = bounded(before, {"t1": "Ridge", "t2": "Lake"})
    other = bounded(renumbered(after, {"t1": "x1", "t2": "x2"}), {"x1": "ridge ", "x2": "Lake"})
    found, plain = compare(one, other), compare(before, after)
    assert ("townships", "2 (Ridge, Lake)") in found.notes
    rows, wanted = (
        table.units[table.units["unit_level"] == "township"].set_index("unit_id")["level_change"]
        for table in (found, plain)
    )
    pd.testing.assert_series_equal(rows, wanted)


def test_townships_are_not_matched_by_name_where_ids_overlap_or_names_are_not_single(before, after):
    one = bounded(before, {"t1": "Ridge", "t2": "Lake"})
    partly = bounded(renumbered(after, {"t2": "x2"}), {"t1": "Ridge", "x2": "Lake"})
    twice = bounded(renumbered(after, {"t1": "x1", "t2": "x2"}), {"x1": "Lake", "x2": "Lake"})
    for other in (partly, twice):
        assert "townships" not in dict(compare(one, other).notes)


def test_a_run_with_both_ids_keeps_them_apart(before, after):
    redrawn = drawn_anew(after, {"b": "b9"})
    both = run_of(
        "both",
        {**MINUTES, "b9": (25.0, 15.0)},
        places={**dict.fromkeys(MINUTES, ("t1", "rural", 100.0)), "b9": ("t1", "rural", 10.0)},
    )
    runs, notes = with_same_ids([before, redrawn, both])
    assert notes == []
    assert "b9" in runs[1].places.index
    assert {"b", "b9"} <= set(runs[2].places.index)


def test_places_of_another_tier_are_named(before, after):
    grown = after.settlements.assign(tier=["village", "town", "village", "town"])
    grown["name"] = pd.Series(["A", "B", "C", None], dtype="str")
    found = compare(before, replace(after, settlements=grown))
    assert ("tiers", "2 (B, d)") in found.notes
    assert "tiers" not in dict(compare(before, after).notes)


def test_a_trajectory_follows_a_place_through_its_ids(before, after):
    second = replace(drawn_anew(after, {"b": "b8"}), name="second")
    third = replace(drawn_anew(after, {"b": "b9"}), name="third")
    table = follow([before, second, third])
    assert list(table.loc[table["unit_id"] == "b", "position"]) == [1, 2, 3]
    assert not table["unit_id"].isin(["b8", "b9"]).any()
