"""Places without coordinates: by unit code, by name within the township, by decision, and never lost."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from spatial.crs import WGS84
from spatial.errors import ContractError, CrsError, SourceError
from spatial.formats.notes import take_notes
from spatial.inputs.names import name_scores, plain_name, unit_key, unit_level_of, unit_prefixes
from spatial.inputs.place_tables import PlacedTables, read_decisions, unplaced_in_units
from spatial.inputs.placing import amid_townships, locate_places
from spatial.inputs.prepare import prepare
from spatial.inputs.user_tables import facilities_from_table, settlements_from_table
from spatial.runner.stage import Options
from spatial.stages.read import read
from spatial.store import Artifact
from spatial.study import PlacingOptions, Study, TableSource
from spatial.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from spatial.inputs.prepare import Layers


def _wide(text: str) -> str:
    """Write text in full-width letters and digits, as Chinese keyboards do."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def _settlements() -> gpd.GeoDataFrame:
    rows = [
        ("s1", "官坪村", "533325101201", 99.1, 26.1),
        ("s2", "大龙村", "533325101202", 99.2, 26.1),
        ("s3", "金顶镇", "533325101000", 99.15, 26.15),
        ("s4", "官坪村", "533325102201", 99.6, 26.1),
        ("s5", "上村", "533325102202", 99.61, 26.1),
        ("s6", "下村", "533325102202", 99.62, 26.1),
    ]
    frame = pd.DataFrame(rows, columns=["settlement_id", "name", "unit_code", "x", "y"])
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame.x, frame.y), crs=WGS84)


def _boundaries() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "boundary_id": ["b1", "b2", "b3"],
            "name": ["金顶镇", "河西乡", "空村"],
            "unit_code": ["533325101", "533325102", "533325102299"],
            "admin_level": [8, 8, 10],
            "is_unit": [True, True, False],
        },
        geometry=[
            shapely.box(99, 26, 99.5, 26.5),
            shapely.box(99.5, 26, 100, 26.5),
            shapely.box(99.8, 26.3, 99.9, 26.4),
        ],
        crs=WGS84,
    )


def _facilities(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame([{"facility_id": f"f{number}", **row} for number, row in enumerate(rows)], dtype="str")


def _placed(*rows: dict[str, str], **more: object) -> pd.Series:
    done = locate_places(_facilities(*rows), _settlements(), _boundaries(), **more)  # type: ignore[arg-type]
    return done.frame.iloc[0]


# --- codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "key", "level"),
    [
        ("533325101201", "533325101201", "village"),
        (_wide("533325101201"), "533325101201", "village"),
        ("533325101000", "533325101", "township"),
        ("533325000000", "533325", "county"),
        ("53332510120122220", "533325101201", "village"),
        ("e02003954", "E02003954", None),
        ("97105", "97105", None),
    ],
)
def test_codes_have_one_short_form(code: str, key: str, level: str | None) -> None:
    assert unit_key(code) == key
    assert unit_level_of(code) == level


def test_codes_of_other_countries_nest_only_where_they_begin_with_letters() -> None:
    assert unit_prefixes("KM2101") == ("KM2101", "KM210", "KM21")
    assert unit_prefixes("97105") == ("97105",)


def test_a_village_code_puts_a_facility_at_its_settlement() -> None:
    row = _placed({"name": "whatever", "unit_code": "533325101202"})
    assert row[["placed_by", "placed_at", "settlement_id"]].tolist() == ["unit_code", "s2", "s2"]
    assert row["placed_score"] == 1.0
    assert row.geometry.equals(_settlements().geometry[1])


def test_a_township_code_puts_a_facility_at_the_settlement_that_carries_it() -> None:
    assert _placed({"name": "金顶镇卫生院", "unit_code": "533325101"})["placed_at"] == "s3"


def test_a_code_of_several_settlements_lets_the_name_decide_among_them() -> None:
    row = _placed({"name": "下村卫生室", "unit_code": "533325102202"})
    assert row[["placed_by", "placed_at"]].tolist() == ["name", "s6"]


def test_a_village_boundary_without_a_settlement_takes_its_facility() -> None:
    row = _placed({"name": "x", "unit_code": "533325102299"})
    assert row[["placed_by", "placed_at"]].tolist() == ["unit_code", "b3"]
    assert pd.isna(row["settlement_id"])
    assert _boundaries().geometry[2].contains(row.geometry)


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("官坪村村委会", "官坪村"),
        ("官坪社区", "官坪"),
        ("兰坪县金顶镇官坪村卫生室", "官坪村"),
        ("St. Mary", "Saint Mary"),
        ("Poste de santé de Mitsoudjé", "MITSOUDJE"),
        (_wide("Oakham"), "Oakham"),
        ("Hôpital de l'Anse", "L\u2019Anse"),
    ],
)
def test_one_place_written_in_two_ways(one: str, two: str) -> None:
    assert plain_name(one).stem == plain_name(two).stem


def test_a_short_name_keeps_its_unit() -> None:
    assert plain_name("新村").stem == "新村"


def test_a_service_alone_names_no_place() -> None:
    assert plain_name("卫生院").stem == plain_name("Clinic").stem == ""
    assert name_scores([["Clinic"]], [["Clinic"]]).tolist() == [[0.0]]


def test_town_and_village_of_one_name_are_told_apart() -> None:
    scores = name_scores([["金顶镇中心卫生院"]], [["金顶镇"], ["金顶村"]])
    assert scores[0, 0] - scores[0, 1] >= 0.05


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5), st.lists(st.text(max_size=8), min_size=1, max_size=5))
def test_scores_are_shares_and_do_not_depend_on_the_side(mine: list[str], theirs: list[str]) -> None:
    one = name_scores([[name] for name in mine], [[name] for name in theirs])
    two = name_scores([[name] for name in theirs], [[name] for name in mine])
    assert ((one >= 0) & (one <= 1)).all()
    np.testing.assert_allclose(one, two.T, atol=1e-6)


def test_a_name_is_looked_for_within_the_township() -> None:
    row = _placed({"name": "官坪村卫生室", "township": "河西乡"})
    assert row[["placed_by", "placed_at"]].tolist() == ["name", "s4"]


def test_a_column_of_the_village_goes_before_the_name() -> None:
    row = _placed({"name": "官坪村卫生室", "place_name": "大龙村委会", "township": "金顶镇"})
    assert row["placed_at"] == "s2"


def test_the_township_of_a_county_wide_name_is_needed() -> None:
    done = locate_places(_facilities({"name": "官坪村卫生室"}), _settlements(), _boundaries())
    assert done.frame.geometry.isna().all()
    assert done.undecided.loc[0, ["reason", "candidate_1", "candidate_2"]].tolist() == ["ambiguous", "s1", "s4"]


def test_thresholds_are_inclusive_and_come_from_the_study() -> None:
    rows = _facilities({"name": "Mitsudje"})
    places = gpd.GeoDataFrame(
        {"settlement_id": ["a", "b"], "name": ["Mitsoudje", "Foumbouni"]},
        geometry=gpd.points_from_xy([43.2, 43.4], [-11.8, -11.9]),
        crs=WGS84,
    )
    score = float(name_scores([["Mitsudje"]], [["Mitsoudje"]])[0, 0])
    same = locate_places(rows, places, options=PlacingOptions(name_min=score))
    above = locate_places(rows, places, options=PlacingOptions(name_min=score + 1e-6))
    assert same.frame.loc[0, "placed_at"] == "a"
    assert above.undecided.loc[0, "reason"] == "no_similar_name"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"name": "x", "unit_code": "999999999999"}, "unknown_unit_code"),
        ({"name": "x", "township": "不存在镇"}, "unknown_township"),
        ({"name": "卫生室", "township": "金顶镇"}, "no_similar_name"),
        ({"name": "", "township": "金顶镇"}, "no_name"),
        ({"name": "官坪村", "unit_code": "533325101", "township": "河西乡"}, "units_disagree"),
    ],
)
def test_what_cannot_be_located_says_why(row: dict[str, str], reason: str) -> None:
    done = locate_places(_facilities(row), _settlements(), _boundaries())
    assert done.undecided["reason"].tolist() == [reason]
    assert done.frame["placed_by"].isna().all()
    assert done.near.notna().all()


def test_two_rows_of_a_list_of_settlements_never_share_one() -> None:
    rows = pd.DataFrame({"settlement_id": ["v1", "v2"], "name": ["大龙村", "大尨龙村"], "township": ["金顶镇"] * 2})
    done = locate_places(rows, _settlements(), _boundaries(), key="settlement_id", options=PlacingOptions(name_min=0.7))
    assert done.frame["placed_at"].fillna("").tolist() == ["s2", ""]
    assert done.undecided.loc[0, ["place_id", "reason", "candidate_1"]].tolist() == ["v2", "taken_by_another", "s2"]


# --- decisions ---------------------------------------------------------------------------------------------------


def test_a_decision_goes_before_code_and_name_and_is_recorded() -> None:
    row = _placed({"name": "官坪村", "unit_code": "533325101201"}, decisions={"f0": "s5"})
    assert row[["placed_by", "placed_at"]].tolist() == ["decision", "s5"]


def test_decisions_on_nothing_are_refused() -> None:
    with pytest.raises(ContractError, match=r"id 'f9'.*as text if .* delete[\s\S]*no settlement has the id 's99'"):
        _placed({"name": "x"}, decisions={"f0": "s99", "f9": "s1"})


@pytest.mark.parametrize(("sign", "rounded"), [(",", "5.33E+11"), (";", "5,33E+11")])
def test_rounded_and_repeated_decisions_are_refused(tmp_path: Path, sign: str, rounded: str) -> None:
    file = tmp_path / "d.csv"
    rows = f"source;place_id;settlement_id\na;1;{rounded}\nb;2;s\nb;2;t\nb;3;\n"
    file.write_text(rows.replace(";", sign), encoding="utf-8")
    with pytest.raises(ContractError, match=r"rounded by a spreadsheet[\s\S]*decided more than once for '2'"):
        read_decisions(file)


# --- tables of a study -------------------------------------------------------------------------------------------


def _study(raw: Path, **placing: str) -> Study:
    table = {"path": "clinics.csv", "coordinates": "none", "service": "clinic"}
    return Study.from_dict(
        {
            "name": "x",
            "title": {"en": "x"},
            "as_of": "2026-01-01",
            "sources": {"osm": {"path": "x.osm.pbf"}, "facilities": [table]},
            "placing": placing,
        },
        raw=raw,
    )


def _clinics(raw: Path) -> gpd.GeoDataFrame:
    text = "facility_id,name,unit_code,township\na,甲诊所,533325101202,\nb,=官坪村卫生室,,\nc,无名,533325102,\n"
    (raw / "clinics.csv").write_text(text, encoding="utf-8")
    study = _study(raw)
    return facilities_from_table(raw / "clinics.csv", study.sources.facilities[0], may_lack=True)


def test_a_table_is_located_and_nothing_is_lost(tmp_path: Path) -> None:
    clinics = _clinics(tmp_path)
    study = _study(tmp_path)
    tables = PlacedTables(study)
    located = tables.locate(clinics, study.sources.facilities[0], _settlements(), _boundaries())
    assert located["facility_id"].tolist() == ["a"]
    assert {item: number for _, item, number in tables.counts}["not placed"] == 2
    assert tables.findings[0]["kind"].tolist() == ["not_placed", "not_placed"]
    # Every page says so, for no way leads to them.
    (note,) = take_notes(located)
    assert (note.key, note.number) == ("facilities_nowhere", 2)
    assert "'b', 'c' (2 in all)" in note.detail
    listed = tables.to_decide()
    assert listed["place_id"].tolist() == ["b", "c"]
    assert listed.loc[0, "name"].startswith("'=")
    unplaced = unplaced_in_units(tables.unplaced, _boundaries())
    assert unplaced is not None
    TABLES["unplaced"].check(unplaced)
    assert unplaced["township_id"].fillna("").tolist() == ["", "b2"]
    TABLES["facilities"].check(located.assign(in_study=True).to_crs("EPSG:32647"))


def test_a_code_that_speaks_against_the_name_is_obeyed_and_named(tmp_path: Path) -> None:
    study = _study(tmp_path)
    rows = (
        {"name": "大龙村卫生室", "unit_code": "533325101201"},  # the code is that of 官坪村
        {"name": "官坪卫生室", "unit_code": "533325101201"},
        {"name": "第三卫生室", "unit_code": "533325101202"},
    )
    clinics = gpd.GeoDataFrame(_facilities(*rows), geometry=[None, None, None], crs=WGS84)
    found = PlacedTables(study).locate(clinics, study.sources.facilities[0], _settlements(), _boundaries())
    assert list(found["placed_at"]) == ["s1", "s1", "s2"]
    (note,) = take_notes(found)
    assert note.number == 1
    assert "f0 (大龙村卫生室): 官坪村 ≠ 大龙村" in note.detail


def test_the_filled_list_is_read_back(tmp_path: Path) -> None:
    clinics = _clinics(tmp_path)
    study = _study(tmp_path)
    tables = PlacedTables(study)
    tables.locate(clinics, study.sources.facilities[0], _settlements(), _boundaries())
    filled = tables.to_decide()
    filled.loc[0, "settlement_id"] = "s4"
    filled.to_csv(tmp_path / "decided.csv", index=False, encoding="utf-8-sig")
    study = _study(tmp_path, decisions="decided.csv")
    assert study.own_files()["placing.decisions"] == "decided.csv"
    again = PlacedTables(study)
    located = again.locate(clinics, study.sources.facilities[0], _settlements(), _boundaries())
    assert located["placed_by"].tolist() == ["unit_code", "decision"]
    assert sorted(again.findings[0]["kind"]) == ["not_placed", "placed_by_decision"]
    assert again.to_decide()["place_id"].tolist() == ["c"]


def test_a_table_of_which_nothing_is_found_is_refused(tmp_path: Path) -> None:
    clinics = _clinics(tmp_path).iloc[[1]].reset_index(drop=True)
    study = _study(tmp_path)
    with pytest.raises(SourceError, match="none of its 1 rows could be located"):
        PlacedTables(study).locate(clinics, study.sources.facilities[0], _settlements(), _boundaries())


def test_some_rows_may_have_coordinates(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("facility_id,name,lon,lat\na,x,99.3,26.2\nb,大龙村,,\n", encoding="utf-8")
    source = TableSource(
        path="t.csv", coordinates="some", longitude="lon", latitude="lat", crs="EPSG:4326", service="clinic"
    )
    frame = facilities_from_table(file, source, may_lack=True)
    done = locate_places(frame, _settlements(), _boundaries())
    assert done.frame["placed_by"].tolist() == ["coordinates", "name"]
    with pytest.raises(ContractError, match="coordinates"):
        facilities_from_table(file, source)


def test_a_township_code_without_a_boundary_code_still_names_the_township() -> None:
    uncoded = _boundaries().drop(columns="unit_code")
    done = locate_places(_facilities({"name": "x", "unit_code": "533325102299"}), _settlements(), uncoded)
    assert done.unit_ids.tolist() == ["b2"]


# --- columns of units --------------------------------------------------------------------------------------------


def _village_list(tmp_path: Path, text: str) -> gpd.GeoDataFrame:
    file = tmp_path / "v.csv"
    file.write_text("settlement_id,tier,longitude,latitude," + text, encoding="utf-8")
    return settlements_from_table(file, TableSource(path="v.csv", crs="EPSG:4326"))


def test_a_township_that_settlements_alone_name_lies_in_the_smallest_unit_around_them() -> None:
    county = _boundaries().iloc[[0]].assign(boundary_id="b0", unit_code="533325", admin_level=6)
    county["geometry"] = [shapely.box(99, 26, 100, 26.5)]
    boundaries = pd.concat([county, _boundaries()], ignore_index=True)
    settlements = _settlements().assign(township=["岭南乡", "岭南乡", None, None, None, None])
    found = locate_places(_facilities({"name": "无名处", "township": "岭南乡"}), settlements, boundaries)
    # s1 and s2 lie in the county (b0, six settlements) and in its first township (b1, three).
    assert found.unit_ids.tolist() == ["b1"]


def test_the_statistical_code_gives_unit_and_class(tmp_path: Path) -> None:
    rows = "unit_code,village_plan_class\na,village,99,26,53332510120122220,relocate\nb,town,99,26,53332510100111121,\n"
    frame = _village_list(tmp_path, rows)
    assert frame["unit_code"].tolist() == ["533325101201", "533325101001"]
    assert frame["official_class"].tolist() == ["rural", "urban"]
    assert frame["unit_level"].tolist() == ["village", "village"]
    assert frame["village_plan_class"].fillna("").tolist() == ["relocate", ""]


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ("unit_code\na,village,99,26,5.33325E+11\n", "rounded by a spreadsheet for 'a'"),
        ("unit_code\na,village,99,26,53332510120122920\n", "they must be 111"),
        ("village_plan_class\na,village,99,26,moved\n", "unknown value"),
    ],
)
def test_faulty_unit_columns_are_refused(tmp_path: Path, text: str, report: str) -> None:
    with pytest.raises(ContractError, match=report):
        _village_list(tmp_path, text)


# --- the whole way -----------------------------------------------------------------------------------------------


def test_a_study_of_a_list_without_coordinates_is_read_to_the_end(tmp_path: Path) -> None:
    villages = _settlements().drop(columns="geometry").assign(tier="village")
    villages.to_csv(tmp_path / "villages.csv", index=False)
    road = gpd.GeoDataFrame(
        {"road_id": ["r"], "road_class": ["primary"]},
        geometry=[shapely.LineString([(99.1, 26.1), (99.62, 26.1)])],
        crs=WGS84,
    )
    road.to_file(tmp_path / "roads.gpkg")
    _boundaries().drop(columns="is_unit").to_file(tmp_path / "units.gpkg")
    _clinics(tmp_path)
    study = Study.from_dict(
        {
            "name": "x",
            "title": {"en": "x"},
            "as_of": "2026-01-01",
            "region": {"unit_levels": [8], "bbox": [98.9, 25.9, 100.1, 26.6]},
            "sources": {
                "settlements": {"path": "villages.csv", "longitude": "x", "latitude": "y", "crs": WGS84},
                "roads": {"path": "roads.gpkg"},
                "boundaries": {"path": "units.gpkg"},
                "facilities": {"path": "clinics.csv", "coordinates": "none", "service": "primary_care"},
            },
        },
        raw=tmp_path,
    )
    keys = ("region", "sources", "tiers", "placing", "services_file", "working_crs")
    made = read(options=Options(study, keys))
    facilities, unplaced = made["facilities"], made["unplaced"]
    assert isinstance(facilities, gpd.GeoDataFrame)
    assert isinstance(unplaced, pd.DataFrame)
    assert facilities["placed_at"].tolist() == ["s2"]
    assert unplaced.set_index("facility_id")["township_id"].fillna("").to_dict() == {"b": "", "c": "b2"}
    [artifact] = made["files"]
    assert isinstance(artifact, Artifact)
    assert artifact.name == "places_to_decide.csv"
    assert artifact.content.startswith(b"\xef\xbb\xbfsource,place_id,")
    assert set(made["findings_read"]["kind"]) >= {"not_placed"}  # type: ignore[call-overload,index]


def _only_list(
    raw: Path, rows: str, *, boundaries: bool = True, kind: str = "csv", **sources: dict[str, object]
) -> Layers:
    """Read a study whose villages stand in one list, in units of 0.5 degrees: 金顶镇 from 99 E, 河西乡 from 99.5 E."""
    header = "settlement_id,name,township,lon,lat,tier\n"
    frame = pd.read_csv(io.StringIO(header + rows), dtype="str", keep_default_na=False)
    frame.to_excel(raw / "villages.xlsx", index=False) if kind == "xlsx" else frame.to_csv(
        raw / "villages.csv", index=False
    )
    road = shapely.LineString([(99.05, 26.1), (99.95, 26.1)])
    gpd.GeoDataFrame({"road_class": ["primary"]}, geometry=[road], crs=WGS84).to_file(raw / "roads.gpkg")
    _boundaries().drop(columns=["is_unit", "unit_code"]).to_file(raw / "units.gpkg")
    place = {"coordinates": "some", "longitude": "lon", "latitude": "lat", "crs": WGS84}
    units = {"boundaries": {"path": "units.gpkg"}} if boundaries else {}
    return prepare(
        Study.from_dict(
            {
                "name": "x",
                "title": {"en": "x"},
                "as_of": "2026-01-01",
                "region": {"unit_levels": [8]} if boundaries else {},
                "sources": {
                    "settlements": {"path": f"villages.{kind}", **place},
                    "roads": {"path": "roads.gpkg"},
                    **units,
                    **sources,
                },
            },
            raw=raw,
        )
    )


def _places(layers: Layers) -> dict[str, tuple[str, float, float]]:
    degrees = layers.settlements.to_crs(WGS84)
    rows = zip(degrees["settlement_id"], degrees["placed_by"], degrees.geometry, strict=True)
    return {name: (by, round(point.x, 6), round(point.y, 6)) for name, by, point in rows}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("nothing", [",", "0,0", "0.000,0.000", "待查,待查", "99.2,", " , ", "-,-"])
def test_a_row_without_coordinates_in_the_only_list_lies_in_its_township(tmp_path, kind, nothing):
    rows = f"a,甲村,金顶镇,99.1,26.2,village\nb,乙村,河西乡,{nothing},village\nc,丙村,,{nothing},village\n"
    layers = _only_list(tmp_path, rows, kind=kind)
    # The middle of the box from 99.5 to 100 E and 26 to 26.5 N.
    assert _places(layers) == {"a": ("coordinates", 99.1, 26.2), "b": ("township", 99.75, 26.25)}
    assert layers.settlements["township"].tolist() == ["金顶镇", "河西乡"]
    found = layers.findings.set_index("subject_id")
    assert found["kind"].to_dict() == {"b": "placed_by_township", "c": "not_placed"}
    assert "give it coordinates, or a township that has a boundary" in found.loc["c", "detail"]
    assert layers.to_decide["place_id"].tolist() == ["c"]
    said = next(issue for issue in layers.issues if "villages" in issue)
    assert "put amid their township: 'b' (1 in all)" in said
    assert "could not be located and are in no number: 'c' (1 in all)" in said


def test_without_boundaries_the_located_rows_of_the_township_say_where(tmp_path):
    rows = (
        "a,甲,金顶,99.1,26.1,village\nb,乙,金顶,99.3,26.3,village\nc,丙,金顶,,,village\n"
        "d,丁,河西,,,village\ne,戊,河西,,,village\n"
    )
    layers = _only_list(tmp_path, rows, boundaries=False)
    # Midway between a and b; of 河西 nobody knows where any row lies, so both are listed.
    assert _places(layers)["c"] == ("township", 99.2, 26.2)
    assert set(_places(layers)) == {"a", "b", "c"}
    assert layers.to_decide["place_id"].tolist() == ["d", "e"]
    listed = layers.findings[layers.findings["kind"] == "not_placed"]
    assert listed["subject_id"].tolist() == ["d", "e"]
    assert not listed.geometry.is_empty.any()


def test_a_place_of_another_county_is_not_put_amid_the_study_that_lies_between_its_neighbours(tmp_path):
    # 金顶镇 is the box from 99 to 99.5 E: it lies between a and b, which like c are of another county.
    rows = "a,甲,邻县,98.9,26.2,village\nb,乙,邻县,99.6,26.2,village\nc,丙,邻县,,,village\nd,丁,金顶镇,,,village\n"
    layers = _only_list(tmp_path, rows)
    assert set(_places(layers)) == {"a", "b", "d"}
    assert layers.to_decide["place_id"].tolist() == ["c"]


def test_a_list_that_has_no_coordinates_at_all_lies_in_its_townships(tmp_path):
    rows = "a,甲,金顶镇,,,village\nb,乙,河西乡,,,village\nc,丙,b2,,,village\n"
    assert {name: place[:2] for name, place in _places(_only_list(tmp_path, rows)).items()} == {
        "a": ("township", 99.25),
        "b": ("township", 99.75),
        "c": ("township", 99.75),  # by the id of the boundary
    }
    with pytest.raises(SourceError, match="nothing to locate its rows by"):
        _only_list(tmp_path, rows, boundaries=False)


def test_digits_that_are_no_coordinate_stay_a_fault(tmp_path):
    rows = "a,甲,金顶镇,99.1,26.2,village\nb,乙,河西乡,99.6,26.l,village\n"
    with pytest.raises(ContractError, match=r"lat: no coordinate for 'b'.*26\.l"):
        _only_list(tmp_path, rows)


def test_flows_and_joined_rows_of_a_village_without_a_place_are_set_aside_and_counted(tmp_path):
    rows = "a,甲,金顶镇,99.1,26.2,village\nb,甲,河西乡,99.6,26.2,village\nc,甲,,,,village\n"
    (tmp_path / "flows.csv").write_text(
        "from_id,to_id,kind,volume\na,b,people,3\na,c,people,5\nc,b,people,7\n", encoding="utf-8"
    )
    (tmp_path / "people.csv").write_text(
        "settlement_id,name,township,population_persons\na,甲,金顶镇,10\nb,甲,河西乡,20\nc,甲,,40\n", encoding="utf-8"
    )
    columns = {name: name for name in ("settlement_id", "name", "township", "population_persons")}
    layers = _only_list(
        tmp_path,
        rows,
        flows={"path": "flows.csv"},
        attributes=[{"path": "people.csv", "columns": columns}],  # type: ignore[arg-type]
    )
    assert layers.flows["volume"].tolist() == [3.0]
    assert layers.settlements.set_index("settlement_id")["population_persons"].to_dict() == {"a": 10, "b": 20}
    assert any("flows from or to settlements that could not be located, set aside: 2" in i for i in layers.issues)
    assert any("rows about settlements that could not be located, set aside: 'c'" in i for i in layers.issues)


def test_two_townships_of_one_name_and_a_code_of_another_township_place_nothing() -> None:
    twins = pd.concat([_boundaries().iloc[:2], _boundaries().iloc[[1]].assign(boundary_id="b9", unit_code="533325109")])
    rows = gpd.GeoDataFrame(
        {
            "settlement_id": ["a", "b", "c"],
            "name": "x",
            "township": ["河西乡", "河西乡", "金顶镇"],
            "unit_code": [None, "533325109205", "533325102205"],
        },
        geometry=[None] * 3,
        crs=WGS84,
    )
    done = amid_townships(locate_places(rows, _settlements().iloc[:0], twins, key="settlement_id"), twins)
    assert done.frame["placed_at"].fillna("").tolist() == ["", "b9", ""]
    assert done.undecided["place_id"].tolist() == ["a", "c"]


@pytest.mark.parametrize("without", ["settlements", "boundaries"])
def test_places_without_a_crs_are_refused(without: str) -> None:
    given = {"settlements": _settlements(), "boundaries": _boundaries()}
    given[without] = given[without].set_crs(None, allow_override=True)
    with pytest.raises(CrsError, match=f"{without}: no CRS"):
        locate_places(_facilities({"name": "官坪村卫生室"}), **given)


def test_rows_with_coordinates_and_no_crs_are_refused_and_rows_without_any_are_placed() -> None:
    rows = _facilities({"name": "大龙村"}, {"name": "x"})
    points = gpd.GeoDataFrame(rows, geometry=[None, shapely.Point(99.3, 26.2)])
    with pytest.raises(CrsError, match="places: no CRS; say what their coordinates are in"):
        locate_places(points, _settlements(), _boundaries())
    placed = locate_places(points.iloc[:1], _settlements(), _boundaries()).frame
    assert placed["placed_at"].tolist() == ["s2"]
    assert placed.crs == WGS84


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"settlements": _settlements().drop(columns="settlement_id")}, "settlement_id: no such column"),
        ({"settlements": _settlements().assign(tags="{")}, "tags: '{' is no JSON object"),
        ({"settlements": _settlements().assign(tags="[1]")}, "tags: .* is no JSON object"),
        ({"boundaries": _boundaries().set_geometry([None] * 3, crs=WGS84)}, "geometry: no polygon at 0, 1, 2"),
    ],
)
def test_ground_on_which_nothing_can_be_found_is_refused(given: dict[str, gpd.GeoDataFrame], told: str) -> None:
    ground = {"settlements": _settlements(), "boundaries": _boundaries(), **given}
    with pytest.raises(ContractError, match=told):
        locate_places(_facilities({"name": "官坪村卫生室"}), **ground)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"facility_id": "f1"}, "facility_id: repeated: 'f1'"),
        ({"facility_id": None}, "facility_id: missing in 2 rows"),
        ({"name": [["x"], "y"]}, "name: a list in 1 rows"),
    ],
)
def test_rows_that_ids_or_names_do_not_tell_apart_are_refused(changed, words):
    rows = _facilities({"name": "x"}, {"name": "y"}).assign(**changed)
    with pytest.raises(ContractError, match=words):
        locate_places(rows, _settlements(), _boundaries())


def test_settlements_of_one_id_are_no_places_to_locate_at():
    with pytest.raises(ContractError, match="settlement_id: repeated"):
        locate_places(_facilities({"name": "x"}), _settlements().assign(settlement_id="s"), _boundaries())
