"""Frames of evidence that are written in other ways: the same judgement, or a refusal that names the fault."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import spatial as sp

CRS = "EPSG:32738"
DAY = dt.date(2026, 6, 30)
REGISTER = sp.load_register()
ANY = REGISTER.query("norm_class == 'mandatory'").iloc[:1]
ROAD = REGISTER.query("norm_id == 'GL-ROAD-RAI'")


def norm(register=ANY, **values):
    own = {"service": "clinic", "metric": "time_min", "mode": "walk", "direction": "max", "threshold": 30.0}
    own |= {"unit": "min", "stat_unit": "population", "target_share": 1.0, "fail_point": np.nan, "scope": "all"}
    own |= {"jurisdiction": "GLOBAL", "bundle_members": None, "supersedes": None, "valid_from": None, "valid_to": None}
    return register.assign(**{**own, **values})


IN_VILLAGES = norm(metric="presence_in_unit", direction="presence", unit="facility", threshold=1.0)
ON_ROADS = norm(service="paved_road", metric="presence_in_unit", direction="presence", unit="link", threshold=1.0)
OF_SEASON = norm(ROAD, service="all_season_road", metric="dist_m", unit="m", threshold=2000.0)


def villages(ids=("1", "2", "3"), **columns):
    """Three villages 10 km apart, of 10, 20 and 40 people, so that a sum names who is served."""
    frame = {"settlement_id": list(ids), "tier": "village", "population_persons": [10.0, 20.0, 40.0], **columns}
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy([0.0, 10_000.0, 20_000.0], [0.0] * 3), crs=CRS)


def clinics(**columns):
    """A clinic in the second village, by its place."""
    frame = {"facility_id": ["f"], "service": ["clinic"], "status": "existing", "in_study": True, "township_id": "t2"}
    return gpd.GeoDataFrame({**frame, **columns}, geometry=gpd.points_from_xy([10_000.0], [0.0]), crs=CRS)


def served(register, places, **evidence):
    """People served in the study, as mapped."""
    ways = pd.DataFrame({"settlement_id": places["settlement_id"].to_numpy(), "service": "clinic", "mode": "walk"})
    ways = ways.assign(travel_time_min=[10.0, 20.0, 40.0][: len(ways)], reach_status="reached")
    known = {"inventory": {"clinic": "complete", "roads": "complete"}, **evidence}
    found = sp.evaluate_norms(register, places, ways, as_of=DAY, evidence=sp.NormEvidence(**known))
    return found.loc[found["unit_level"] == "study", "persons_served"].item()


@pytest.mark.parametrize(
    ("places", "facilities"),
    [
        (villages(), clinics()),  # a service that the vocabulary does not know stands for itself
        (villages((1, 2, 3)), clinics()),
        (villages((1, 2, 3)), clinics(settlement_id=["2"])),
        (villages(), clinics(settlement_id=[2])),
        (villages(), clinics(settlement_id=[2.0])),
        (villages(), clinics(settlement_id=["another list's"])),
        (villages(), clinics().to_crs(4326)),
        (villages(), clinics().drop(columns=["status", "in_study"])),
        (villages(), pd.DataFrame(clinics(settlement_id=["2"]).drop(columns="geometry"))),
    ],
)
def test_a_facility_stands_in_its_village_however_frames_are_written(places, facilities):
    assert served(IN_VILLAGES, places, facilities=facilities) == 20.0


@pytest.mark.parametrize("units", [["t1", "t2", "t3"], [1, 2, 3]])
def test_townships_and_counties_hold_their_facilities_however_ids_are_written(units):
    places, drawn = villages(township_id=units), pd.DataFrame({"boundary_id": list(map(str, units)), "is_unit": True})
    ours = clinics(township_id=units[1:2])
    for facilities in (ours, ours.astype({"township_id": "str"}), ours.drop(columns=["in_study", "status"])):
        for boundaries in (None, drawn):
            town = IN_VILLAGES.assign(stat_unit="township")
            assert served(town, places, facilities=facilities, boundaries=boundaries) == 20.0
        assert served(IN_VILLAGES.assign(stat_unit="county"), places, facilities=facilities) == 70.0
    unsaid = sp.NormEvidence(facilities=ours.drop(columns="township_id"), inventory={"clinic": "complete"})
    ways = pd.DataFrame(columns=["settlement_id", "service", "mode", "reach_status"])
    found = sp.evaluate_norms(IN_VILLAGES.assign(stat_unit="township"), places, ways, as_of=DAY, evidence=unsaid)
    assert found["status"].tolist() == ["not_measurable"]


def test_roads_in_another_crs_reach_the_villages_that_they_reach():
    road = gpd.GeoDataFrame({"surface": ["asphalt"]}, geometry=[shapely.LineString([(0, 400), (10_000, 400)])], crs=CRS)
    assert served(ON_ROADS, villages(), roads=road) == served(ON_ROADS, villages(), roads=road.to_crs(4326)) == 30.0


def test_edges_that_are_closed_both_ways_reach_nobody():
    line = shapely.LineString([(0, 400), (10_000, 400)])
    for minutes, persons in (((9.0, 9.0), 30.0), ((np.nan, 9.0), 30.0), ((np.nan, np.nan), 0.0)):
        edges = {"surface": ["asphalt"], "time_forward_min": minutes[0], "time_backward_min": minutes[1]}
        assert served(ON_ROADS, villages(), roads=gpd.GeoDataFrame(edges, geometry=[line], crs=CRS)) == persons


def test_numbers_say_who_lies_inside_as_flags_do():
    for flags in ([True, False, True], [1, 0, 1], [1.0, 0.0, 1.0], pd.array([1, 0, 1], dtype="Int64")):
        assert served(norm(), villages(in_study=flags)) == 10.0
    two = villages().iloc[:2]
    assert served(norm(), two.assign(in_study=[0, 1])) == served(norm(), two.assign(in_study=[False, True])) == 20.0


def test_ids_of_two_kinds_and_of_roads_in_another_kind_are_judged_alike():
    season = pd.DataFrame({"settlement_id": ["1", "2", "3"], "known_all_season_road_distance_m": [9.0, 9.0, 9000.0]})
    season = season.assign(all_season_road_distance_m=season["known_all_season_road_distance_m"])
    for ids in (("1", "2", "3"), (1, 2, 3)):
        assert served(OF_SEASON, villages(ids), last_mile=season) == 30.0
    assert served(norm(), villages((1, "b", 3))) == 30.0


SEASON = pd.DataFrame(
    {"settlement_id": ["1"], "known_all_season_road_distance_m": 9.0, "all_season_road_distance_m": 9.0}
)


@pytest.mark.parametrize(
    ("register", "places", "evidence", "words"),
    [
        (IN_VILLAGES, villages(), {"facilities": clinics().set_crs(None, allow_override=True)}, "facilities: no CRS"),
        (IN_VILLAGES, villages().to_crs(4326), {"facilities": clinics()}, "settlements: the CRS .* is in degrees"),
        (IN_VILLAGES, villages(), {"facilities": clinics(service=[["clinic"]])}, "service: a list in 1 rows"),
        (IN_VILLAGES, villages(), {"facilities": clinics(status="open")}, "status: 'open' .1 in all. in 1 rows"),
        (IN_VILLAGES, villages(), {"facilities": pd.DataFrame(clinics()[["service"]])}, "geometry: there is none"),
        (ON_ROADS, villages(), {"roads": pd.DataFrame({"surface": ["asphalt"]})}, "geometry: there is none"),
        (OF_SEASON, villages(), {"last_mile": pd.concat([SEASON, SEASON])}, "several rows of '1'"),
        (OF_SEASON, villages(), {"last_mile": SEASON.iloc[:, :2]}, "all_season_road_distance_m: no such column"),
        (OF_SEASON, villages(), {"last_mile": SEASON.assign(settlement_id="9")}, "none of '9' .1 in all. is among"),
        (
            OF_SEASON,
            villages(),
            {"last_mile": SEASON.assign(all_season_road_distance_m=-1.0)},
            "distance_m: negative at '1'",
        ),
        (norm(), villages(), {"inventory": {"clinic": "full"}}, "inventory: 'full' .* is not one of complete, partial"),
        (norm(), villages(official_class=[["rural"]] * 3), {}, r"official_class: .*in 3 row\(s\) is neither"),
        (norm(), villages(township_id=[["t"]] * 3), {}, "township_id: a list in 3 rows"),
        (norm(), villages(([1], [2], [3])), {}, "settlement_id: a list in 3 rows"),
    ],
)
def test_evidence_that_judges_nobody_is_refused(register, places, evidence, words):
    with pytest.raises((sp.ContractError, sp.CrsError), match=words):
        served(register, places, **evidence)


def test_what_is_far_enough_from_all_that_is_mapped_is_in_doubt_where_not_all_is_mapped():
    away = norm(direction="min", threshold=20.0)  # 10, 20 and 40 minutes
    ways = pd.DataFrame({"settlement_id": ["1", "2", "3"], "service": "clinic", "mode": "walk"})
    ways = ways.assign(travel_time_min=[10.0, 20.0, 40.0], reach_status="reached")
    for said, statuses in (("complete", ["not_met", "met", "met"]), ("partial", ["not_met", *["not_measurable"] * 2])):
        evidence = sp.NormEvidence(inventory={"clinic": said})
        found = sp.evaluate_norms(away, villages(), ways, as_of=DAY, evidence=evidence)
        rows = found[found["unit_level"] == "settlement"]
        assert rows["status"].tolist() == statuses
        assert rows["reason"].tolist() == ["", *["" if said == "complete" else "inventory:partial"] * 2]
