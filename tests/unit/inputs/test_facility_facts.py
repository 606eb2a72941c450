"""Levels, opening hours and eligibility of facilities: read from lists, and what they do to services and access."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

import spatial as sp
from spatial.access.analyst import travel_times
from spatial.access.nearest import access_table
from spatial.access.places import eligible_by_unit, existing, is_for_everybody, open_for_group, serves_where_it_stands
from spatial.formats.notes import take_notes
from spatial.inputs.facility_facts import (
    fact_findings,
    level_of,
    open_all_day,
    read_facts,
    read_hours,
    service_by_level,
    who_may_use,
)
from spatial.inputs.services import load_services
from spatial.norms.measuring import satisfied_by
from spatial.study import TableSource
from spatial.tables import TABLES

WORDS = load_services()
CRS = "EPSG:32738"


def facilities(service: str | list[str], **columns: object) -> gpd.GeoDataFrame:
    """As read from a list: as many as the columns have."""
    size = len(next(value for value in columns.values() if isinstance(value, list)))
    made = pd.DataFrame(
        {
            "facility_id": [f"f{row}" for row in range(size)],
            "name": pd.Series([None] * size, dtype="str"),
            "service": service,
            "capacity": np.nan,
            "load": np.nan,
            "status": "existing",
            "in_study": True,
        }
    ).assign(**columns)  # type: ignore[arg-type]
    return gpd.GeoDataFrame(made, geometry=[Point(row, 0) for row in range(size)], crs=CRS)


def read(frame: gpd.GeoDataFrame, **source: object) -> gpd.GeoDataFrame:
    """With its facts."""
    read_facts(frame, TableSource(path="list.csv", **source), WORDS)  # type: ignore[arg-type]
    return frame


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("24/7", 168.0),
        ("24h/24, 7j/7", 168.0),
        ("24 heures sur 24", 168.0),
        ("全天", 168.0),
        ("Mo-Su 00:00-24:00", 168.0),
        ("00:00-23:59", 168.0),  # the last minute that a form takes
        ("Mo-Fr 0h00-23h59", 5 * 24),
        ("Mo-Fr 08:00-17:00; Sa 08:00-12:00", 5 * 9 + 4),
        ("周一至周五 8:00-12:00\uff0c14:00-17:00", 5 * 7),
        ("lundi à vendredi 8h à 17h", 45.0),
        ("Lun.-Ven. 7h30-15h30", 40.0),
        ("08:00-17:00", 7 * 9),
        ("Fr-Mo 20:00-02:00", 4 * 6),  # four evenings past midnight
        ("Mo-Fr 08:00-17:00; We off", 4 * 9),
        ("Mo-Fr 08:00-12:00,10:00-14:00", 5 * 6),  # what overlaps counts once
        ("Mo,We,PH 9:00-10:00", 2.0),
        ("off", 0.0),
        ("周一至周五8点-12点", 20.0),
        ("tous les jours 8h-12h", 28.0),
        ("PH off; Mo-Fr 08:00-17:00; dimanche fermé", 45.0),
        ("Tu-Su 00:00-24:00; Mo off", 6 * 24),
        ("Mo-Fr 08:00-02:00; Sa 08:00-12:00", 5 * 18 + 4),  # of Friday two hours lie on Saturday
        ("Mo-Fr 08:00-08:00; Sa-Su 08:00-08:00", 168.0),
        ("Mo-Th 18:00-00:00; Fr 18:00-25:30; Sa 10:00-01:30", 4 * 6 + 7.5 + 15.5),
        ("Mo-Fr 08:00-17:00, Sa 08:00-12:00", 5 * 9 + 4),
        ("Mo-Fr 08:00-12:00, Mo 10:00-14:00", 5 * 4 + 2),
        ("lun-ven 8h-17h; dimanche : fermé", 45.0),
        ("du lundi au vendredi de 8 h à 12 h et de 14h à 17h", 5 * 7),
        ("星期一至星期五 8时30分至17时", 5 * 8.5),
        ("Mon to Fri 8am-6.30pm", 5 * 10.5),
        ("Mon-Fri 8 a.m. to 6 p.m.", 50.0),
        ("Monday to Friday 9.00-17.00", 40.0),
        ("Mon 6pm-12am; Sat 12am-12pm", 6.0 + 12.0),
    ],
)
def test_opening_hours_are_read_by_arithmetic(text, hours):
    assert read_hours(text) == hours
    assert open_all_day(read_hours(text)) == ("yes" if hours == 168 else "no")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ; ",
        "sunrise-sunset",
        "Apr-Oct 08:00-17:00",
        "by appointment",
        "Mo-Fr",
        "8-17",
        "2-4h",
        "9-5",
        "Mo-Fr 13pm-14pm",
        "08:00+",
        "Mo 25:00-26:00",
        "Mo-Fr 09:00-12:00,Sa",
        'Mo-Fr 08:00-17:00 "by appointment"',
        "Mo-Fr 08:00-17:00; Dec 25 off",
        "Mo[1] 08:00-12:00",
        "2024 Mo 08:00-12:00",
        "lundi 22h-2h; mardi 1h-3h",  # by the library 4 h, for whoever is there 5
        "Su 22:00-02:00; Mo 01:00-03:00",
        "周六、周日休息",
        "mardi fermé",
        "PH off",
        "PH 08:00-12:00",
        "lundi-vendredi 8h-12h; 14h-17h",  # by OpenStreetMap's rules 21 h, for whoever wrote it 35
        "8h-12h; 14h-18h",
        "mardi fermé; 8h-17h",
        "Mo-Fr 08:00-17:00 closed",
    ],
)
def test_opening_hours_that_are_not_understood_are_unknown(text):
    assert np.isnan(read_hours(text))
    assert open_all_day(read_hours(text)) is None


def test_levels_are_words_in_three_languages():
    assert level_of("POSTE DE SANTE") == level_of("卫生室") == level_of("Health post") == "health_post"
    assert level_of("regional_hospital") == "regional_hospital"
    assert level_of("level 9") is None


@pytest.mark.parametrize(
    ("service", "level", "made"),
    [
        ("hospital", "district_hospital", "district_hospital"),
        ("hospital", "national_hospital", "district_hospital"),
        ("medical_point", "health_post", "primary_care"),
        ("medical_point", "district_hospital", "district_hospital"),
        ("primary_care", "health_centre", "health_centre"),
        ("health_centre", "health_post", "health_centre"),  # the more particular word stands
        ("school", "lower_secondary", "secondary_school"),
        ("primary_care", "district_hospital", None),
        ("emergency_hospital", "district_hospital", "emergency_district_hospital"),
    ],
)
def test_the_level_says_the_service_within_what_the_list_says(service, level, made):
    assert service_by_level(service, level, WORDS) == made


def test_a_list_with_levels_is_read_and_what_is_not_known_is_noted():
    frame = read(facilities("hospital", level=["Hôpital de district", "level 9", None, "poste de santé"]))
    assert frame["service"].tolist() == ["district_hospital", "hospital", "hospital", "hospital"]
    assert frame["level"].fillna("").tolist() == ["district_hospital", "level 9", "", "health_post"]
    notes = {note.item: note.number for note in take_notes(frame)}
    assert notes == {
        "facilities whose service their level says": 1,
        "levels that are not known": 1,
        "levels that are not of the service": 1,
    }
    TABLES["facilities"].check(frame)


def test_a_service_by_level_answers_the_register_only_where_the_study_has_such_facilities():
    assert WORDS.for_register("county_hospital_standard") is None
    found = replace(WORDS, offered=frozenset({"district_hospital"})).for_register("county_hospital_standard")
    assert found is not None
    assert (found.id, found.proxy) == ("district_hospital", True)
    assert "district_hospital" in WORDS.satisfying("hospital")


def test_an_emergency_hospital_that_closes_is_a_hospital():
    hours = ["24/7", "Mo-Fr 08:00-17:00", "ask at the gate", None]
    frame = read(facilities("emergency_hospital", opening_hours=hours))
    assert frame["service"].tolist() == ["emergency_hospital", "hospital", "emergency_hospital", "emergency_hospital"]
    assert frame["open_all_day"].fillna("").tolist() == ["yes", "no", "", ""]
    assert frame["weekly_hours_h"].fillna(-1).tolist() == [168.0, 45.0, -1.0, -1.0]
    notes = {note.item: note.number for note in take_notes(frame)}
    assert notes == {"opening hours that were not read": 1, "facilities that close and so lose a service": 1}
    TABLES["facilities"].check(frame)


def test_who_may_use_a_facility_is_read_and_a_school_for_children_is_open():
    assert who_may_use("Tous") == ("all",)
    assert who_may_use("老年人\uff1b会员") == ("elderly", "members")
    assert who_may_use("fishers") == ("fishers",)
    users = [None, "public", "members only", "women", "enfants", "all; members", None]
    units = [None, None, None, "533325101", None, None, "533325101, 533325102"]
    frame = read(facilities("primary_school", eligibility=users, eligible_units=units))
    assert frame["open_to"].tolist() == ["all", "all", "members", "group", "all", "all", "units"]
    assert frame["eligible_units"].tolist()[-1] == "533325101;533325102"
    assert fact_findings(frame)["subject_id"].tolist() == ["f2", "f3", "f6"]
    assert read(facilities("hospital", eligibility=["children"]))["open_to"].tolist() == ["group"]
    TABLES["facilities"].check(frame)


def test_unlisted_means_open_to_all():
    bare = facilities("hospital", capacity=[1.0, 2.0])
    read(bare)
    assert "open_to" not in bare
    assert is_for_everybody(bare).all()
    assert serves_where_it_stands(bare).all()
    assert len(existing(bare)) == 2


def test_the_unit_of_capacity_is_the_columns_or_the_studys():
    assert read(facilities("school", capacity=[9.0]), capacity_unit="pupils")["capacity_unit"].tolist() == ["pupils"]
    own = read(facilities("school", capacity_unit=["beds"]), capacity_unit="pupils")
    assert own["capacity_unit"].tolist() == ["beds"]


def _settlements() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "settlement_id": ["a", "b", "c", "d"],
            "unit_code": ["533325101203", "533325102201", None, "533326101201"],
            "township_id": ["t1", "t2", "t1", None],
        }
    )


def test_units_are_codes_townships_or_settlements():
    limited = ["533325101", "533325", "t1", "b; d", ""]
    offered = facilities("hospital", open_to=["units"] * 5, eligible_units=limited)
    found = eligible_by_unit(_settlements(), offered)
    assert found.allowed[found.kinds].tolist() == [
        [True, True, True, False, False],
        [False, True, False, True, False],
        [False, False, True, False, False],
        [False, False, False, True, False],
    ]
    splits = {tuple(members): np.flatnonzero(of).tolist() for members, of in found.among(np.arange(5))}
    assert splits == {(0, 1, 2): [0], (1, 3): [1], (2,): [2], (3,): [3]}
    assert [len(of) for _, of in found.among(np.array([], dtype=np.int64))] == [4]


def test_a_group_opens_its_own_facilities_to_itself():
    offered = read(facilities("hospital", eligibility=["women", "members", "women; elderly", None]))
    assert is_for_everybody(offered).tolist() == [False, False, False, True]
    assert is_for_everybody(open_for_group(offered, "women")).tolist() == [True, False, True, True]
    repeated = offered.assign(eligibility=offered["eligibility"].replace("", None).astype("category"))
    assert is_for_everybody(open_for_group(repeated, "women")).tolist() == [True, False, True, True]
    assert existing(open_for_group(offered, "elderly"))["facility_id"].tolist() == ["f2", "f3"]


def test_presence_counts_what_the_people_of_the_place_may_use():
    offered = read(
        facilities(
            "hospital",
            eligibility=["members", None, None, None],
            eligible_units=[None, "t1", "t2", None],
            township_id=["t1", "t1", "t1", "t1"],
        )
    )
    assert satisfied_by(offered, frozenset({"hospital"}))["facility_id"].tolist() == ["f1", "f3"]


def _access(grid_city, settlements: gpd.GeoDataFrame, offered: gpd.GeoDataFrame) -> pd.DataFrame:
    services = {"clinic": frozenset({"clinic"}), "school": frozenset({"school"})}
    return access_table(grid_city.graph(4), settlements, offered, services=services).access


def test_access_counts_a_facility_for_the_people_of_its_units_alone(grid_city):
    corners = [("a", "village", 0, 0), ("b", "village", 0, 4), ("c", "village", 4, 4), ("d", "town", 4, 0)]
    settlements = grid_city.settlements(corners, township_id=["t1", "t2", "t2", None])
    places = [("x", "clinic", 0, 1), ("y", "clinic", 4, 3), ("z", "clinic", 2, 2), ("s", "school", 2, 2)]
    offered = grid_city.facilities(
        places, open_to=["units", "units", "all", "all"], eligible_units=["t1", "t1; t2", None, None]
    )
    found = _access(grid_city, settlements, offered)
    assert found["settlement_id"].tolist() == ["a", "b", "c", "d"] * 5
    clinics = found[found["service"] == "clinic"].set_index("settlement_id")
    assert clinics["facility_id"].to_dict() == {"a": "x", "b": "z", "c": "y", "d": "z"}
    assert clinics["second_facility_id"].fillna("").to_dict() == {"a": "z", "b": "y", "c": "z", "d": ""}
    # Each settlement has the row that it has where only what it may use is there.
    plain = offered.drop(columns=["open_to", "eligible_units"])
    for ids, may in ((["a"], ["x", "y", "z", "s"]), (["b", "c"], ["y", "z", "s"]), (["d"], ["z", "s"])):
        alone = _access(grid_city, settlements, plain[plain["facility_id"].isin(may)])
        columns = [name for name in found.columns if name != "edge_risk"]
        pd.testing.assert_frame_equal(
            found.loc[found["settlement_id"].isin(ids), columns].reset_index(drop=True),
            alone.loc[alone["settlement_id"].isin(ids), columns].reset_index(drop=True),
        )
    pairs = travel_times(grid_city.graph(4), settlements, offered)
    assert sorted(zip(pairs["from_id"], pairs["to_id"], strict=True)) == sorted(
        (one, two) for one, may in {"a": "xyzs", "b": "yzs", "c": "yzs", "d": "zs"}.items() for two in may
    )


def test_access_does_not_count_what_is_for_members(grid_city):
    settlements = grid_city.settlements([("a", "village", 0, 0)])
    offered = grid_city.facilities([("x", "clinic", 0, 1)], open_to=["members"])
    assert _access(grid_city, settlements, offered)["reach_status"].iloc[0] == "no_facility"


def test_an_own_column_open_to_is_refused_or_read_as_who_may_use_a_facility(tiny):
    lines = tiny.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{row},{'members only' if row.startswith('f1,') else ''}" for row in lines[1:]]
    tiny.write("facilities.csv", "\n".join([f"{lines[0]},open_to", *rows]))
    outcome = tiny.run("--stage", "read")
    assert outcome.code != 0
    assert "tiny/facilities.csv" in outcome.err
    assert 'write eligibility = "open_to" in columns' in outcome.err
    tiny.tables["sources.facilities"]["columns"]["eligibility"] = "open_to"
    outcome = tiny.run("--stage", "read")
    assert outcome.code == 0, outcome.err
    told = sp.read_results(tiny.processed / "tiny").facilities.set_index("facility_id")["open_to"]
    assert told["f1"] == "members"
    assert set(told.drop("f1")) == {"all"}
