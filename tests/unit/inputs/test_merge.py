"""Facilities mapped twice become one; what may be two stays two and is listed."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

from spatial.errors import CrsError
from spatial.inputs.names import merge_facilities
from spatial.inputs.osm import read_osm
from spatial.tables import TABLES

CRS = "EPSG:32738"


def facilities(
    *rows: tuple[str, float, str | None], service: str = "hospital", source: str = "osm"
) -> gpd.GeoDataFrame:
    """Facilities on a line: id, metres east, name."""
    frame = pd.DataFrame(
        {
            "facility_id": pd.Series([row[0] for row in rows], dtype="str"),
            "name": pd.Series([row[2] for row in rows], dtype="str"),
            "service": pd.Series([service] * len(rows), dtype="str"),
            "status": pd.Series(["existing"] * len(rows), dtype="str"),
            "source": pd.Series([source] * len(rows), dtype="str"),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=[Point(row[1], 0) for row in rows], crs=CRS)


def test_a_node_in_its_own_building_becomes_one_and_the_node_stays():
    kept, findings = merge_facilities(facilities(("w9", 0, "Hôpital A"), ("n5", 10, "HOPITAL A")))
    assert list(kept["facility_id"]) == ["n5"]
    assert kept.geometry.iloc[0].x == 10
    TABLES["findings_read"].check(findings)
    assert findings.loc[0, ["kind", "subject_id", "other_id"]].tolist() == ["merged_duplicate", "w9", "n5"]
    assert findings.loc[0, "distance_m"] == 10


def test_a_named_building_stays_before_an_unnamed_node():
    kept, _ = merge_facilities(facilities(("n1", 0, None), ("w2", 30, "Clinic")))
    assert list(kept["facility_id"]) == ["w2"]


@pytest.mark.parametrize(("metres", "number"), [(150.0, 1), (150.001, 2)])
def test_the_distance_is_inclusive(metres, number):
    kept, _ = merge_facilities(facilities(("n1", 0, "A"), ("n2", metres, "A")))
    assert len(kept) == number


@pytest.mark.parametrize(
    ("one", "two", "number"),
    [
        ("El Maarouf", "Hôpital El-Maarouf", 1),  # contained, without accents and punctuation
        ("Oakham Surgery", "Oakham Surgeri", 1),  # 13 of 14 letters alike: 0.93
        ("North", "South", 2),  # "th" and no more alike
    ],
)
def test_names_decide(one, two, number):
    kept, _ = merge_facilities(facilities(("n1", 0, one), ("n2", 50, two)))
    assert len(kept) == number


def test_an_unnamed_row_never_joins_two_names():
    # The unnamed one in the middle is 40 m from A and 60 m from B: it goes to A, and B is listed.
    kept, findings = merge_facilities(facilities(("n1", 0, "Alpha"), ("n2", 40, None), ("n3", 100, "Bravo")))
    assert list(kept["facility_id"]) == ["n1", "n3"]
    assert list(findings["kind"]) == ["ambiguous_duplicate", "merged_duplicate"]
    assert findings.loc[0, ["subject_id", "other_id"]].tolist() == ["n3", "n2"]


def test_two_unnamed_rows_are_listed_and_left_apart():
    kept, findings = merge_facilities(facilities(("n1", 0, None), ("w2", 5, None)))
    assert len(kept) == 2
    assert list(findings["kind"]) == ["ambiguous_duplicate"]


def test_different_names_are_no_finding():
    _, findings = merge_facilities(facilities(("n1", 0, "North"), ("n2", 5, "Qxyz")))
    assert findings.empty
    TABLES["findings_read"].check(findings)


def test_other_services_and_states_are_other_facilities():
    two = pd.concat([facilities(("n1", 0, "A")), facilities(("n2", 5, "A"), service="clinic")])
    assert len(merge_facilities(two)[0]) == 2
    closed = facilities(("n1", 0, "A"), ("n2", 5, "A"))
    closed.loc[1, "status"] = "closed"
    assert len(merge_facilities(closed)[0]) == 2


def test_rows_of_a_list_of_the_users_own_stay_and_lead():
    own = facilities(("x1", 0, "A"), ("x2", 10, "A"), source="own.csv")
    mapped = facilities(("n7", 4, "A"))
    kept, findings = merge_facilities(pd.concat([mapped, own]), own_sources={"own.csv"})
    assert list(kept["facility_id"]) == ["x1", "x2"]
    assert list(findings["kind"]) == ["ambiguous_duplicate", "merged_duplicate"]


def test_row_order_never_matters():
    rows = [("n1", 0, "A"), ("w2", 50, None), ("n3", 90, "B"), ("r4", 100, "B"), ("n10", 101, "B"), ("n9", 400, None)]
    expected = set(merge_facilities(facilities(*rows))[0]["facility_id"])
    generator = np.random.default_rng(7)
    for _ in range(10):
        order = generator.permutation(len(rows))
        assert set(merge_facilities(facilities(*(rows[i] for i in order)))[0]["facility_id"]) == expected


def test_the_argument_is_left_alone_and_degrees_are_refused():
    frame = facilities(("n1", 0, "A"), ("n2", 10, "A"))
    before = frame.copy()
    merge_facilities(frame)
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))
    with pytest.raises(CrsError):
        merge_facilities(frame.set_crs("EPSG:4326", allow_override=True))


@pytest.mark.data
def test_comoros_has_29_hospitals_of_which_23_remain(comoros):
    raw = read_osm(comoros / "comoros.osm.pbf").facilities.to_crs(CRS)
    hospitals = raw[raw["service"].isin(["hospital", "emergency_hospital"])]
    assert len(hospitals) == 29  # 28 amenity=hospital and one healthcare=hospital
    kept, findings = merge_facilities(hospitals)
    # Seven pairs lie within 150 m: three bear one name, in three only one of the two has a name, and one pair, 129 m
    # apart, has none at all: that one is listed.
    assert len(kept) == 23
    assert (findings["kind"] == "merged_duplicate").sum() == 6
    doubtful = findings[findings["kind"] == "ambiguous_duplicate"]
    assert doubtful[["subject_id", "other_id"]].to_numpy().tolist() == [["w438412961", "w437876502"]]


@pytest.mark.data
def test_rutlands_practice_mapped_twice_139_m_apart_becomes_one(rutland):
    raw = read_osm(rutland / "rutland.osm.pbf").facilities.to_crs("EPSG:27700")
    kept, findings = merge_facilities(raw[raw["service"] == "primary_care"])
    assert list(kept["name"]) == ["Oakham Medical Practice", "Uppingham Surgery"]
    assert findings["distance_m"].round().tolist() == [139]
