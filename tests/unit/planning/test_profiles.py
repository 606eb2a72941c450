"""What places offer a firm, on a road whose minutes are its kilometres, and which places meet its needs."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from spatial.errors import ContractError, CrsError
from spatial.network.build import build_network
from spatial.planning.profiles import site_profile
from spatial.study.access import SnapRules
from spatial.tables import TABLES

CRS = "EPSG:32738"
RULES = SnapRules(min_component_km=0.0, max_snap_m=500.0)


def road():
    """Sixty kilometres at 60 km/h: a kilometre a minute; an island road of its own begins at 200 km."""
    ways = {"main": [(0, 0), (60_000, 0)], "island": [(200_000, 0), (210_000, 0)]}
    return build_network(
        gpd.GeoDataFrame(
            {"road_id": list(ways), "road_class": "residential", "speed_km_h": 60.0},
            geometry=[shapely.LineString(way) for way in ways.values()],
            crs=CRS,
        )
    )


def at(km, y=0.0):
    return shapely.Point(km * 1000.0, y)


# Towns at 0 and 50 km, villages at 20, 30 and 60; people 1, 2, 4, 8, 16 so that a sum names who was counted.
SETTLEMENTS = gpd.GeoDataFrame(
    {
        "settlement_id": ["t1", "v1", "v2", "t2", "v3"],
        "name": ["One", None, None, "Two", None],
        "tier": ["town", "village", "village", "county_seat", "village"],
        "township_id": ["A", "A", "B", "B", "B"],
        "population_persons": [1.0, 2.0, 4.0, 8.0, 16.0],
        "in_study": True,
    },
    geometry=[at(0), at(20), at(30), at(50), at(60)],
    crs=CRS,
)
FACILITIES = gpd.GeoDataFrame(
    {
        "facility_id": ["w1", "w2", "m", "j"],
        "service": ["workplace", "government_office", "market", "expressway_access"],
        "status": ["existing", "existing", "existing", "candidate"],
    },
    geometry=[at(10), at(45), at(40), at(0)],
    crs=CRS,
)
FLOWS = pd.DataFrame(
    [
        ("t1", "v1", "parcels", 100.0),
        ("t1", "t2", "parcels", 10.0),
        ("v3", "v1", "parcels", 5.0),
        ("x", "t1", "people", 7.0),
    ],
    columns=["from_id", "to_id", "kind", "volume"],
)


def profile_of(**changed):
    given = {"settlements": SETTLEMENTS, "facilities": FACILITIES, "flows": FLOWS, "rules": RULES} | changed
    return site_profile(road(), given.pop("settlements"), given.pop("facilities"), **given)


def told(profile, place):
    own = profile.loc[profile["place_id"] == place].set_index("measure")
    return own["value"].to_dict(), own["status"].to_dict()


def test_a_profile_counts_whom_and_what_is_within_reach() -> None:
    profile = profile_of()
    TABLES["site_profile"].check(profile)
    value, status = told(profile, "t1")
    # Within 30 min of 0 km: t1, v1 and v2 at exactly 30; within 60 all.
    assert (value["persons_within_30"], value["persons_within_60"]) == (7.0, 31.0)
    assert (value["workplaces_within_30"], value["workplaces_within_60"]) == (1.0, 2.0)
    assert value["market_min"] == pytest.approx(40.0)
    assert status["working_age_persons_within_30"] == "no_group"
    assert status["expressway_access_min"] == "no_facility"  # a junction that is only planned serves nobody
    assert np.isnan(value["expressway_access_min"])
    value, _ = told(profile, "t2")
    assert (value["persons_within_30"], value["persons_within_60"]) == (2.0 + 4.0 + 8.0 + 16.0, 31.0)
    assert set(profile["place_id"]) == {"t1", "t2"}
    assert set(profile["mode"]) == {"drive"}


def test_flows_are_those_that_cross_the_border_of_the_township() -> None:
    # 100 parcels stay in A; 10 go from A to B, 5 from B to A; 7 people come from elsewhere.
    profile = profile_of()
    value, status = told(profile, "t1")
    assert [value[f"flow_{way}_{kind}"] for kind in ("parcels", "people") for way in ("out", "in")] == [
        10.0,
        5.0,
        0.0,
        7.0,
    ]
    value, _ = told(profile, "t2")
    assert [value[f"flow_{way}_{kind}"] for kind in ("parcels", "people") for way in ("out", "in")] == [
        5.0,
        10.0,
        0.0,
        0.0,
    ]
    assert status["flow_out_parcels"] == "measured"


def test_flows_that_nobody_knows_are_not_nothing() -> None:
    unknown = told(profile_of(flows=FLOWS.assign(volume=[1.0, np.nan, 5.0, 7.0])), "t1")
    assert unknown[1]["flow_out_parcels"] == "no_flows"
    assert np.isnan(unknown[0]["flow_out_parcels"])
    partly = pd.concat([FLOWS, FLOWS.iloc[[1]].assign(volume=np.nan)])
    value, status = told(profile_of(flows=partly), "t1")
    assert (value["flow_out_parcels"], status["flow_out_parcels"]) == (10.0, "at_least")
    _, status = told(profile_of(flows=None), "t1")
    assert (status["flow_out"], status["flow_in"]) == ("no_flows", "no_flows")


def test_people_of_whom_nothing_is_known_make_a_sum_at_least_so_large() -> None:
    some = SETTLEMENTS.assign(population_persons=[1.0, np.nan, 4.0, 8.0, 16.0])
    value, status = told(profile_of(settlements=some), "t1")
    assert (value["persons_within_30"], status["persons_within_30"]) == (5.0, "at_least")
    value, status = told(profile_of(settlements=SETTLEMENTS.assign(population_persons=np.nan)), "t1")
    assert np.isnan(value["persons_within_30"])
    assert status["persons_within_30"] == "people_unknown"
    labour = SETTLEMENTS.assign(working_age_persons=[1.0, 1.0, 2.0, 4.0, 8.0])
    value, status = told(profile_of(settlements=labour), "t1")
    assert (value["working_age_persons_within_30"], status["working_age_persons_within_30"]) == (4.0, "measured")


def test_candidates_are_told_of_beside_towns_with_the_reason_for_what_is_unknown() -> None:
    sites = gpd.GeoDataFrame(
        {"facility_id": ["idle/a", "idle/b", "idle/c"], "name": "School", "township_id": ["A", None, None]},
        geometry=[at(40), at(205), at(40, y=900.0)], crs=CRS,
    )  # fmt: skip
    profile = profile_of(candidates=sites)
    TABLES["site_profile"].check(profile)
    value, status = told(profile, "idle/a")
    assert value["persons_within_30"] == 2.0 + 4.0 + 8.0 + 16.0
    assert (value["market_min"], value["flow_in_parcels"]) == (pytest.approx(0.0, abs=1e-9), 5.0)
    value, status = told(profile, "idle/b")
    assert (value["persons_within_30"], status["market_min"], status["flow_in_parcels"]) == (
        0.0,
        "no_path",
        "no_township",
    )
    value, status = told(profile, "idle/c")
    assert {status[name] for name in ("persons_within_30", "workplaces_within_30", "market_min")} == {"not_snapped"}
    assert np.isnan(value["persons_within_30"])
    kinds = profile.drop_duplicates("place_id").set_index("place_id")["place_kind"]
    assert kinds["idle/a"] == "candidate"
    for elsewhere in (sites.to_crs(4326), sites.set_crs(None, allow_override=True)):
        with pytest.raises(CrsError, match=r"candidates: .*to_crs\(graph.crs\)"):
            profile_of(candidates=elsewhere)
    assert kinds["t1"] == "township_centre"


def test_every_number_has_a_unit_and_every_nan_a_reason() -> None:
    profile = profile_of(candidates=None)
    assert (profile["unit"] != "").all()
    assert (profile["value"].isna() == ~profile["status"].isin(["measured", "at_least"])).all()
    counted = profile.groupby("place_id")["measure"].apply(list)
    assert counted["t1"] == counted["t2"]


def test_a_profile_does_not_hang_on_the_order_of_rows() -> None:
    shuffled = profile_of(settlements=SETTLEMENTS.iloc[::-1], facilities=FACILITIES.iloc[::-1], flows=FLOWS.iloc[::-1])
    key = ["place_id", "measure"]
    one, other = (frame.sort_values(key, ignore_index=True) for frame in (profile_of(), shuffled))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("name", ["from_id", "to_id", "kind"])
def test_flows_without_an_end_or_a_kind_are_refused(name) -> None:
    with pytest.raises(ContractError, match=f"{name}: missing in 4 rows"):
        profile_of(flows=FLOWS.assign(**{name: None}))


def test_a_profile_does_not_hang_on_how_its_frames_are_kept() -> None:
    texts = {"settlement_id": "category", "name": "category", "tier": "category", "township_id": "category"}
    kept = SETTLEMENTS.astype(texts).rename_geometry("where")
    candidates = (
        FACILITIES.iloc[:1].rename_geometry("at").assign(name="Site", township_id="B").astype({"name": "category"})
    )
    flows = FLOWS.astype({"from_id": "category", "to_id": "category", "kind": "category"})
    one = profile_of(candidates=candidates.astype({"name": "object"}).rename_geometry("geometry"))
    pd.testing.assert_frame_equal(one, profile_of(settlements=kept, candidates=candidates, flows=flows))


def test_columns_of_the_users_own_change_no_profile() -> None:
    # An export of another program may have a place_id of its own.
    own = {"place_id": "ChIJ", "place_kind": "x", "unit": "y", "value": "z"}
    assert profile_of(settlements=SETTLEMENTS.assign(**own)).equals(profile_of())


def test_towns_outside_the_study_send_people_and_are_no_places() -> None:
    value, _ = told(
        profile := profile_of(settlements=SETTLEMENTS.assign(in_study=[True, True, True, False, True])), "t1"
    )
    assert set(profile["place_id"]) == {"t1"}
    assert value["persons_within_60"] == 31.0


def test_a_study_without_any_town_or_candidate_has_no_rows() -> None:
    profile = profile_of(settlements=SETTLEMENTS.assign(tier="village"))
    TABLES["site_profile"].check(profile)
    assert profile.empty


def test_a_service_that_is_asked_for_by_name_must_be_known() -> None:
    status = told(profile_of(services=["bank", "market"]), "t1")[1]
    assert (status["bank_min"], status["market_min"]) == ("no_facility", "measured")
    assert "telecom_min" not in status
    with pytest.raises(ContractError, match=r"'markt'.*nearest in spelling"):
        profile_of(services=["markt"])


def test_flows_of_townships_that_are_numbers_in_one_table_alone_count() -> None:
    # Townships 1 and 2; the candidate lies in township 2, and its list has texts.
    numbered = SETTLEMENTS.assign(township_id=[1, 1, 2, 2, 2])
    idle = gpd.GeoDataFrame(
        {"facility_id": ["c"], "service": "idle", "status": "candidate", "township_id": ["2"], "name": None},
        geometry=[at(30)],
        crs=CRS,
    )
    plain = profile_of(settlements=SETTLEMENTS, candidates=idle.assign(township_id="B"))
    # Beside a missing one numbers are 2.0.
    for candidates in (idle, idle.assign(township_id=[2]), idle.assign(township_id=[2.0])):
        pd.testing.assert_frame_equal(profile_of(settlements=numbered, candidates=candidates), plain)
    partly = profile_of(settlements=numbered.assign(township_id=[1.0, 1.0, np.nan, 2.0, 2.0]), candidates=idle)
    assert told(partly, "c")[0]["flow_in_parcels"] == 10.0
    assert told(plain, "c")[0]["flow_in_parcels"] == 10.0
    with pytest.raises(ContractError, match="volume: texts"):
        profile_of(flows=FLOWS.astype({"volume": "str"}))
    for volume in (-1.0, np.inf):
        with pytest.raises(ContractError, match="volume: negative or infinite from 't1', 't1', 'v3', 'x'"):
            profile_of(flows=FLOWS.assign(volume=volume))


def test_numbers_say_which_towns_lie_inside() -> None:
    flags = [1, 1, 1, 0, 1]
    inside = profile_of(settlements=SETTLEMENTS.assign(in_study=[bool(flag) for flag in flags]))
    pd.testing.assert_frame_equal(profile_of(settlements=SETTLEMENTS.assign(in_study=flags)), inside)
