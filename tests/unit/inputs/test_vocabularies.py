"""A list in an office's own words becomes a table of ours by the name of a vocabulary alone."""

from pathlib import Path

import pandas as pd
import pytest

from spatial.errors import ContractError
from spatial.formats.columns import SHIPPED, load_values, translate_values
from spatial.formats.notes import take_notes
from spatial.inputs.names import PLAN_CLASSES
from spatial.inputs.road_noding import CONDITIONS
from spatial.inputs.services import load_services
from spatial.inputs.user_tables import FACILITY_STATUS, facilities_from_table, roads_from_table, settlements_from_table
from spatial.network.speeds import load_speeds
from spatial.study import TableSource
from spatial.tables.words import CONSTRAINT_EFFECT, CONSTRAINT_KIND, TENURE, TIERS

PLACE = "settlement_id,name,tier,official_class,village_plan_class,lon,lat\n"
FACILITY = "facility_id,name,service,status,lon,lat\n"


def _source(name: str, values_file: str | None, **keys: object) -> TableSource:
    where = {"longitude": "lon", "latitude": "lat", "crs": "EPSG:4326"}
    return TableSource.model_validate({"path": name, "values_file": values_file, **where, **keys})


def _places(folder: Path, words: str, rows: str, **keys: object):
    path = folder / "places.csv"
    path.write_text(PLACE + rows, encoding="utf-8")
    return settlements_from_table(path, _source("places.csv", words, **keys))


def _facilities(folder: Path, words: str, rows: str, **keys: object):
    path = folder / "facilities.csv"
    path.write_text(FACILITY + rows, encoding="utf-8")
    return facilities_from_table(path, _source("facilities.csv", words, **keys), services=load_services().ids)


# -- What is shipped -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_every_word_stands_for_one_of_ours(name, tmp_path):
    words = {column: set(table.values()) - {""} for column, table in load_values(name, root=tmp_path).items()}
    assert words["tier"] == set(TIERS)
    assert words["official_class"] == {"urban", "rural"}
    assert words["village_plan_class"] == set(PLAN_CLASSES)
    assert words["service"] <= set(load_services().ids)
    assert words["status"] == set(FACILITY_STATUS)
    assert words["condition"] == set(CONDITIONS)
    assert words["tenure"] == set(TENURE)
    assert words["kind"] == set(CONSTRAINT_KIND)
    assert words["effect"] == set(CONSTRAINT_EFFECT)
    assert "no" in words["bridge"] & words["tunnel"]
    assert words["road_class"] <= {*load_speeds("rural_cn").modes["walk"].classes, "motorway", "motorway_link", "ferry"}


def test_a_chinese_list_is_read_by_the_vocabulary_alone(tmp_path):
    rows = (
        "a,金顶村,行政村,220,搬迁撤并类,99.1,26.1\n"
        "b,小寨,自然村,乡村,集聚提升类,99.2,26.1\n"
        "c,河西社区,社区,城镇,城郊融合类,99.3,26.1\n"
        "d,金顶,集镇,121,特色保护类,99.4,26.1\n"
        "e,兰坪,县城,111,其他类,99.5,26.1\n"
    )
    frame = _places(tmp_path, "cn", rows)
    assert frame["tier"].tolist() == ["village", "village", "village", "town", "county_seat"]
    assert frame["official_class"].tolist() == ["rural", "rural", "urban", "urban", "urban"]
    assert frame["village_plan_class"].tolist() == ["relocate", "cluster", "suburban", "protected", "other"]


@pytest.mark.parametrize(
    ("words", "services"),
    [
        (
            "cn",
            {
                "卫生室": "primary_care",
                "乡镇卫生院": "health_centre",
                "小学": "primary_school",
                "初中": "secondary_school",
                "幸福院": "elderly_care",
                "快递点": "parcel_point",
            },
        ),
        (
            "fr",
            {
                "Poste de Santé": "primary_care",
                "CSD": "health_centre",
                "hopital": "hospital",
                "École primaire": "primary_school",
                "collège": "secondary_school",
            },
        ),
        (
            "en",
            {
                "GP surgery": "primary_care",
                "Primary School": "primary_school",
                "HEALTH CENTRE": "health_centre",
                "Post Office": "post_office",
            },
        ),
    ],
)
def test_services_are_known_by_their_usual_words(tmp_path, words, services):
    rows = "".join(f"{n},,{word},,99.{n},26\n" for n, word in enumerate(services, 1))
    states = {"cn": "正常", "fr": "fonctionnel", "en": "open"}
    frame = _facilities(tmp_path, words, rows.replace(",,99", f",{states[words]},99"))
    assert frame["service"].tolist() == list(services.values())
    assert set(frame["status"]) == {"existing"}


@pytest.mark.parametrize(
    ("words", "tiers"),
    [
        ("fr", {"Hameau": "village", "village": "village", "Chef-lieu": "county_seat", "bourg": "town"}),
        ("en", {"Hamlet": "village", "Village": "village", "Market town": "town", "City": "city"}),
    ],
)
def test_places_are_known_by_their_usual_words(tmp_path, words, tiers):
    rows = "".join(f"{n},,{word},,,1.{n},45\n" for n, word in enumerate(tiers))
    assert _places(tmp_path, words, rows)["tier"].tolist() == list(tiers.values())


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        (("A1", "B1", "C1", "c2"), "urban"),
        (("D1", "D2", "E1", "E2", "F1", "F2"), "rural"),
        (("UN1", "UF1", "Urban: Nearer to a major town or city"), "urban"),
        (("RLN1", "RLF1", "RSN1", "RSF1", "Smaller rural: Further from a major town or city"), "rural"),
        (("Urban city and town in a sparse setting", "(England/Wales) Urban major conurbation"), "urban"),
        (("Rural town and fringe", "Rural village and dispersed in a sparse setting"), "rural"),
        (("Large Urban Areas", "Accessible Small Towns"), "urban"),
        (("Very Remote Rural", "Rural"), "rural"),
    ],
)
def test_classes_of_england_wales_and_scotland_are_urban_or_rural(tmp_path, classes, told):
    rows = "".join(f"{n},,village,{word},,-1.{n},52\n" for n, word in enumerate(classes))
    assert set(_places(tmp_path, "en", rows)["official_class"]) == {told}


# -- What cannot be told ---------------------------------------------------------------------------------------------


def test_classes_that_cannot_be_told_are_unknown_and_counted(tmp_path):
    rows = "a,,village,rural,,1.1,45\nb,,village,Périurbain,,1.2,45\nc,,village,,,1.3,45\nd,,village,ND,,1.4,45\n"
    frame = _places(tmp_path, "fr", rows)
    assert frame["official_class"].fillna("?").tolist() == ["rural", "?", "?", "?"]
    notes = {note.item: note for note in take_notes(frame)}
    words = notes["words of official_class that stand for unknown"]
    assert words.number == 2  # b and d; c says nothing
    assert "'Périurbain', 'ND'" in words.detail
    unknown = notes["places whose official class is unknown"]
    assert unknown.number == 3
    assert "'b', 'c', 'd'" in unknown.detail


def test_a_column_of_unknown_words_goes_by_the_name_that_the_office_gave_it():
    source = TableSource(path="roads.csv", values_file="cn", columns={"surface": "路面类型"})
    (note,) = take_notes(translate_values(pd.DataFrame({"surface": ["不详"]}), source, Path("roads.csv"), []))
    assert note.detail.startswith("words of 路面类型 that stand for unknown: 1 row")


def test_unknown_words_of_every_column_are_named_at_once(tmp_path):
    rows = "a,,山寨,火星,搬走,99.1,26\nb,,行政村,220,,99.2,26\nc,,山寨,220,,99.3,26\n"
    with pytest.raises(ContractError) as caught:
        _places(tmp_path, "cn", rows)
    assert len(caught.value.problems) == 3
    for word, column in (("山寨", "tier"), ("火星", "official_class"), ("搬走", "village_plan_class")):
        assert f"{column}: word(s) '{word}' (1 in all)" in str(caught.value)
        assert f"translate them in values.{column}" in str(caught.value)


def test_a_service_that_no_vocabulary_knows_is_refused_until_the_study_translates_it(tmp_path):
    rows = "1,,卫生室,,99.1,26\n2,,九年一贯制学校,,99.2,26\n"
    with pytest.raises(ContractError, match=r"九年一贯制学校.*values\.service"):
        _facilities(tmp_path, "cn", rows.replace(",,99", ",正常,99"))
    own = {"service": {"九年一贯制学校": "school"}}
    frame = _facilities(tmp_path, "cn", rows.replace(",,99", ",正常,99"), values=own)
    assert frame["service"].tolist() == ["primary_care", "school"]


def test_what_the_study_translates_to_need_not_be_in_the_vocabulary(tmp_path):
    frame = _facilities(
        tmp_path, "en", "1,,Jobs,open,1,45\n2,,GP,open,1.1,45\n", values={"service": {"Jobs": "workplace"}}
    )
    assert frame["service"].tolist() == ["workplace", "primary_care"]  # workplace is no word of the vocabulary


# -- Other tables ----------------------------------------------------------------------------------------------------


def test_a_name_that_means_something_else_in_another_table_is_left_alone(tmp_path):
    """On a road, `service` and `status` are the file's own business."""
    path = tmp_path / "roads.geojson"
    line = '{"type": "LineString", "coordinates": [[1, 45], [1.01, 45]]}'
    kept = '{"road_class": "A road", "service": "driveway", "status": "adopted", "tier": 3}'
    path.write_text(
        '{"type": "FeatureCollection", "features": '
        f'[{{"type": "Feature", "properties": {kept}, "geometry": {line}}}]}}',
        encoding="utf-8",
    )
    source = TableSource(path="roads.geojson", values_file="en", crs="EPSG:4326", keep_columns=("status",))
    row = roads_from_table(path, source).iloc[0]
    assert row[["road_class", "service", "status"]].tolist() == ["primary", "driveway", "adopted"]


def test_the_order_of_rows_changes_no_word(tmp_path):
    rows = ["1,,卫生室,正常,99.1,26\n", "2,,小学,停用,99.2,26\n", "3,,幸福院,在建,99.3,26\n"]
    there = _facilities(tmp_path, "cn", "".join(rows)).set_index("facility_id")[["service", "status"]]
    back = _facilities(tmp_path, "cn", "".join(rows[::-1])).set_index("facility_id")[["service", "status"]]
    assert there.equals(back.loc[there.index])
    assert there["status"].tolist() == ["existing", "closed", "candidate"]
