"""Lists of facilities and the map become one table by a stated rule; what is in doubt is listed and decided on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

from spatial.errors import ContractError
from spatial.inputs.list_merge import REVIEW_NUMBERS, Decisions, combine_facilities, family_of, read_review
from spatial.inputs.osm import read_osm
from spatial.inputs.services import load_services
from spatial.plain_text import csv_bytes
from spatial.study import MergeOptions
from spatial.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

CRS = "EPSG:32738"
WORDS = load_services()
LIST, MAP = "list.csv", "map.osm.pbf"


def frame(*rows: tuple[str, float, str | None], source: str = LIST, **columns: object) -> gpd.GeoDataFrame:
    """Facilities on a line: id, metres east, name."""
    made = pd.DataFrame(
        {
            "facility_id": pd.Series([row[0] for row in rows], dtype="str"),
            "name": pd.Series([row[2] for row in rows], dtype="str"),
            "service": pd.Series(["hospital"] * len(rows), dtype="str"),
            "status": pd.Series(["existing"] * len(rows), dtype="str"),
            "capacity": np.nan,
            "load": np.nan,
            "source": pd.Series([source] * len(rows), dtype="str"),
        }
    ).assign(**columns)  # type: ignore[arg-type]
    return gpd.GeoDataFrame(made, geometry=[Point(row[1], 0) for row in rows], crs=CRS)


def mapped(*rows: tuple[str, float, str | None], **columns: object) -> gpd.GeoDataFrame:
    """Mapped facilities on a line."""
    return frame(*rows, source=MAP, **columns)


def merged(*frames: gpd.GeoDataFrame, decisions: Decisions | None = None, **options: object):
    """All of them in one."""
    both = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=CRS)
    return combine_facilities(
        both,
        lists={LIST},
        options=MergeOptions(**options),  # type: ignore[arg-type]
        vocabulary=WORDS,
        decisions=decisions,
    )


def test_a_row_of_a_list_takes_in_the_mapped_facility_called_alike_and_stays():
    found = merged(frame(("a", 0, "Hôpital de Mitsoudjé")), mapped(("n1", 400, "hopital mitsudje")))
    row = found.frame.iloc[0]
    assert len(found.frame) == 1
    assert (row["facility_id"], row["found_in"], row["merged_from"]) == ("a", "both", "n1")
    assert row.geometry.x == 0
    TABLES["findings_read"].check(found.findings)
    finding = found.findings.iloc[0]
    assert (finding["kind"], finding["subject_id"], finding["other_id"]) == ("merged_duplicate", "n1", "a")
    assert finding["distance_m"] == 400
    assert found.review.empty


def test_facilities_of_other_numbers_are_two_and_a_nought_before_a_number_is_none():
    assert len(merged(frame(("a", 0, "Hôpital Mitsoudjé 1")), mapped(("n1", 400, "Hôpital Mitsoudjé 2"))).frame) == 2
    assert len(merged(frame(("a", 0, "Hôpital Mitsoudjé 1")), mapped(("n1", 400, "Hôpital Mitsoudjé 01"))).frame) == 1


@pytest.mark.parametrize(("metres", "number"), [(500.0, 1), (500.001, 2)])
def test_the_distance_is_inclusive(metres, number):
    found = merged(frame(("a", 0, "Alpha")), mapped(("n1", metres, "Alpha")))
    assert len(found.frame) == number
    assert found.review["reason"].tolist() == (["far_same_name"] if number == 2 else [])


def test_values_of_the_list_stand_and_its_gaps_are_filled_from_the_map():
    own = frame(("a", 0, "Alpha"), capacity=40.0, operator=None)
    theirs = mapped(("n1", 10, "ALPHA"), capacity=30.0, operator="State")
    found = merged(own, theirs)
    row = found.frame.iloc[0]
    assert (row["name"], row["capacity"], row["operator"]) == ("Alpha", 40.0, "State")
    counts = dict(found.counts)
    assert counts["values filled in from the map"] == 1
    assert counts["values of the map overruled by lists"] == 2  # name and capacity
    row = merged(own, theirs, map_wins=("capacity", "geometry")).frame.iloc[0]
    assert (row["name"], row["capacity"], row.geometry.x) == ("Alpha", 30.0, 10)


def test_a_more_particular_service_is_of_the_family_and_another_one_is_for_review():
    assert family_of("hospital", "emergency_hospital", WORDS) == "same"
    assert family_of("primary_school", "school", WORDS) == "same"
    assert family_of("hospital", "health_centre", WORDS) == "related"
    assert family_of("hospital", "school", WORDS) == "other"
    one = merged(frame(("a", 0, "Alpha")), mapped(("n1", 5, "Alpha"), service="emergency_hospital"))
    assert one.frame["service"].tolist() == ["emergency_hospital"]  # the list does not contradict it
    shut = merged(frame(("a", 0, "Alpha"), open_all_day="no"), mapped(("n1", 5, "Alpha"), service="emergency_hospital"))
    assert shut.frame["service"].tolist() == ["hospital"]
    level = merged(
        frame(("a", 0, "Alpha"), service="district_hospital"), mapped(("n1", 5, "Alpha"), service="emergency_hospital")
    )
    assert level.frame["service"].tolist() == ["emergency_district_hospital"]
    two = merged(frame(("a", 0, "Alpha")), mapped(("n1", 5, "Alpha"), service="health_centre"))
    assert two.frame["found_in"].tolist() == ["list", "map"]
    assert two.review["reason"].tolist() == ["near_other_service"]
    none = merged(frame(("a", 0, "Alpha")), mapped(("n1", 5, "Alpha"), service="school"))
    assert none.review["reason"].tolist() == ["not_on_map"]


def test_school_1_is_not_school_2():
    own = frame(("a", 0, "Moroni 1"), ("b", 300, "Moroni 2"))
    found = merged(own, mapped(("n2", 20, "Moroni 2"), ("n1", 320, "Moroni 1")))
    assert found.frame.set_index("facility_id")["merged_from"].to_dict() == {"a": "n1", "b": "n2"}


def test_an_unnamed_mapped_facility_goes_to_the_nearest_row_within_the_reach_of_doubles():
    own = frame(("a", 0, "Alpha"), ("b", 100, "Bravo"))
    found = merged(own, mapped(("n1", 70, None), ("n2", 400, "Hospital")))
    assert found.frame["merged_from"].fillna("").tolist() == ["", "n1", ""]
    assert found.review["reason"].tolist() == ["near_no_name"]
    assert found.review[["list_id", "map_id"]].to_numpy().tolist() == [["a", "n2"]]


def test_what_is_mapped_twice_goes_into_the_row_of_the_list_too():
    found = merged(frame(("a", 0, "Alpha")), mapped(("n1", 60, "Alpha"), ("w2", 40, "Alpha"), ("w3", 30, None)))
    assert found.frame["facility_id"].tolist() == ["a"]
    assert sorted(found.frame["merged_from"].iloc[0].split()) == ["n1", "w2", "w3"]
    assert len(found.findings) == 3


def test_rows_of_one_list_are_never_merged_and_planned_ones_do_not_meet_existing_ones():
    own = frame(("a", 0, "Alpha"), ("b", 10, "Alpha"))
    assert len(merged(own).frame) == 2
    assert merged(own).counts == [("facilities to review", 1.0)]  # the two of one name are listed, no more
    planned = merged(frame(("a", 0, "Alpha"), status="candidate"), mapped(("n1", 0, "Alpha")))
    assert len(planned.frame) == 2
    closed = merged(frame(("a", 0, "Alpha"), status="closed"), mapped(("n1", 0, "Alpha")))
    assert closed.frame["status"].tolist() == ["closed"]


def test_the_order_of_rows_does_not_matter():
    own = frame(("a", 0, "Alpha"), ("b", 300, "Alpha"), ("c", 610, "Alfa"))
    theirs = mapped(("n1", 150, "Alpha"), ("n2", 450, "Alpha"), ("n3", 300, None))
    first = merged(own, theirs)
    for seed in range(5):
        mixed = pd.concat([own, theirs]).sample(frac=1, random_state=seed)
        again = merged(gpd.GeoDataFrame(mixed, geometry="geometry", crs=CRS))
        expected, got = (
            found.frame.set_index("facility_id")["merged_from"].fillna("").to_dict() for found in (first, again)
        )
        assert got == expected
        assert again.review.equals(first.review)


def test_the_review_is_decided_on_and_read_back(tmp_path):
    own = frame(("a", 0, "Alpha"), ("b", 5000, "Bravo"), ("c", 20000, "=Charlie"))
    theirs = mapped(("n1", 900, "Alpha"), ("n2", 5050, "Qwxyz"), ("n4", 30000, "Delta"))
    found = merged(own, theirs)
    review = found.review
    assert dict(zip(review["reason"], zip(review["list_id"], review["map_id"], strict=True), strict=True)) == {
        "far_same_name": ("a", "n1"),
        "near_other_name": ("b", "n2"),
        "not_on_map": ("c", ""),
        "not_in_list": ("", "n4"),
    }
    assert review["list_name"].tolist()[2] == "'=Charlie"
    assert (review["decision"] == "").all()
    path = tmp_path / "decided.csv"
    review.assign(decision=["same", "different", "different", "drop"]).to_csv(path, index=False)
    decided = merged(own, theirs, decisions=read_review(path, {LIST}))
    assert decided.frame["facility_id"].tolist() == ["a", "b", "c", "n2"]
    assert decided.frame["merged_from"].fillna("").tolist() == ["n1", "", "", ""]
    assert decided.review.empty
    assert "dropped_by_decision" in set(decided.findings["kind"])
    counts = dict(decided.counts)
    assert counts["facilities merged by decision"] == 1
    assert counts["facilities dropped by decision"] == 1
    assert counts["decisions that name no facility"] == 0


def test_an_id_that_looks_like_a_formula_is_guarded_in_the_csv_and_read_back(tmp_path):
    own, theirs = frame(("=a", 0, "Alpha"), ("-7", 9000, "Bravo")), mapped(("n1", 900, "Alpha"))
    review = merged(own, theirs).review
    path = tmp_path / "decided.csv"
    path.write_bytes(csv_bytes(review.assign(decision="different"), numbers=REVIEW_NUMBERS))
    assert "'=a" in path.read_text("utf-8-sig")
    assert read_review(path, {LIST}).settled == {"=a", "-7", "n1"}


def test_two_that_are_decided_to_be_two_stay_two_however_near():
    decisions = Decisions(apart=frozenset({frozenset(("a", "n1"))}), settled=frozenset({"a", "n1"}))
    found = merged(frame(("a", 0, "Alpha")), mapped(("n1", 0, "Alpha")), decisions=decisions)
    assert len(found.frame) == 2
    assert found.findings.empty
    assert found.review.empty


def test_decisions_on_what_is_gone_are_counted():
    decisions = Decisions(merged=frozenset({(LIST, "a", "n9")}), dropped_map=frozenset({"n8"}))
    found = merged(frame(("a", 0, "Alpha")), mapped(("n1", 9999, "Bravo")), decisions=decisions)
    assert dict(found.counts)["decisions that name no facility"] == 2


def test_faulty_decisions_are_refused_with_every_fault(tmp_path):
    path = tmp_path / "decided.csv"
    path.write_text(
        "source,list_id,map_id,decision\n"
        "list.csv,a,n1,yes\n"
        "other.csv,b,n2,same\n"
        "list.csv,c,,same\n"
        "list.csv,d,n3,same\n"
        "list.csv,e,n3,same\n"
        "list.csv,f,n4,drop\n"
        "list.csv,f,n4,same\n"
        "list.csv,1.2E+11,n5,same\n"
        "list.csv,g,n6,\n",
        encoding="utf-8",
    )
    with pytest.raises(ContractError) as refused:
        read_review(path, {LIST})
    text = str(refused.value)
    for part in ("found 'yes'", "other.csv", "same needs", "as two rows", "more than once for 'f'", "rounded"):
        assert part in text
    with pytest.raises(ContractError, match="decision: the column is missing"):
        read_review(_written(tmp_path, "source,list_id,map_id\nx,a,n1\n"), {LIST})


def _written(folder, text):
    path = folder / "short.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_and_lists_alone_are_left_as_they_are():
    assert merged(frame()).frame.empty
    alone = merged(mapped(("n1", 0, None)))
    assert alone.frame["found_in"].tolist() == ["map"]
    assert alone.review.empty


def _comoros(folder: Path) -> gpd.GeoDataFrame:
    """Mapped facilities of the islands, each once, with a name of its own."""
    extract = read_osm(folder / "comoros.osm.pbf", vocabulary=WORDS)
    whole = extract.facilities.to_crs(CRS).assign(source=MAP)
    return merged(gpd.GeoDataFrame(whole, geometry="geometry", crs=CRS)).frame.drop(columns=["found_in", "merged_from"])


def _noisy(name: str, number: int) -> str:
    """Leave out one letter, double one, or write without accents, by turns."""
    place = 1 + number % max(len(name) - 2, 1)
    return (name[:place] + name[place + 1 :], name[:place] + name[place] + name[place:], name.upper())[number % 3]


@pytest.mark.data
def test_a_list_made_of_the_mapped_facilities_of_the_comoros_merges_back(comoros):
    osm = _comoros(comoros).sort_values("facility_id").reset_index(drop=True)
    named = osm[osm["name"].notna()].reset_index(drop=True)
    turn = np.arange(len(named)) % 10  # 0 is not in the list, 1 and 2 lie 200 m off, 3 and 4 are misspelt, 5 is renamed
    chosen, turn = named[turn > 0].reset_index(drop=True), turn[turn > 0]
    made = chosen.assign(source=LIST, facility_id=[f"L{row}" for row in range(len(chosen))])
    rng = np.random.default_rng(20260726)
    angle, off_m = rng.uniform(0, 2 * np.pi, len(made)), np.where(turn <= 2, 200.0, 0.0)
    east, north = made.geometry.x + off_m * np.cos(angle), made.geometry.y + off_m * np.sin(angle)
    made = made.set_geometry(gpd.points_from_xy(east, north, crs=CRS))
    names = zip(made["name"], turn, strict=True)
    made["name"] = [_renamed(name, kind, number) for number, (name, kind) in enumerate(names)]
    added = frame(*[(f"A{number}", 0, f"Zzyx {number}") for number in range(10)], service="school")
    added = added.set_geometry(gpd.points_from_xy(*_somewhere(osm, rng), crs=CRS))
    found = merged(osm, made, added)
    truth = dict(zip(made["facility_id"], chosen["facility_id"], strict=True))
    both = found.frame[found.frame["found_in"] == "both"]
    right = sum(truth.get(row["facility_id"]) in row["merged_from"].split() for row in both.to_dict("records"))
    assert (len(osm), len(truth), len(both), right) == (794, 274, 252, 248)  # precision 0.984, recall 0.905
    merged_again = {
        kind: int(made.loc[turn == kind, "facility_id"].isin(both["facility_id"]).sum()) for kind in range(1, 10)
    }
    assert merged_again == {1: 31, 2: 30, 3: 31, 4: 31, 5: 9, 6: 30, 7: 30, 8: 30, 9: 30}
    assert [int((turn == kind).sum()) for kind in range(1, 10)] == [31, 31, 31, 31, 30, 30, 30, 30, 30]
    # Those that got another name went to an unnamed neighbour, or are in doubt, nearly all with their true partner.
    lost = set(made["facility_id"]) - set(both["facility_id"])
    pairs = set(zip(found.review["list_id"], found.review["map_id"], strict=True))
    assert sum((key, truth[key]) in pairs for key in lost) == 19  # of 22
    assert set(added["facility_id"]) <= set(found.review.loc[found.review["reason"] == "not_on_map", "list_id"])
    taken_in = int((found.findings["kind"] == "merged_duplicate").sum())
    assert len(found.frame) == len(osm) + len(made) + len(added) - taken_in
    assert len(found.frame[found.frame["found_in"] == "list"]) == len(lost) + len(added)


def _renamed(name: object, turn: int, number: int) -> object:
    """Misspell a name, or give it another one."""
    if not isinstance(name, str) or turn not in {3, 4, 5}:
        return name
    return "Qwxyz" if turn == 5 else _noisy(name, number)


def _somewhere(osm: gpd.GeoDataFrame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ten points in the bounds of the islands."""
    west, south, east, north = osm.total_bounds
    return rng.uniform(west, east, 10), rng.uniform(south, north, 10)


def test_a_row_with_the_id_of_a_mapped_facility_is_that_one_wherever_it_lies():
    found = merged(frame(("n1", 0, "Alpha")), mapped(("n1", 9000, "Bravo"), ("n2", 0, "Alpha")))
    assert found.frame["facility_id"].tolist() == ["n1"]
    assert found.frame["merged_from"].tolist() == ["n1 n2"]
