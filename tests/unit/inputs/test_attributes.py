"""Tables joined onto the settlements: by id, decision, code or name; nothing lost, nothing joined twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from spatial.crs import WGS84
from spatial.errors import ContractError, SourceError, StudyError
from spatial.inputs.attributes import with_codes_of_units
from spatial.inputs.names import unit_prefixes
from spatial.inputs.osm import with_unit_codes
from spatial.inputs.prepare import prepare
from spatial.runner.stage import Options
from spatial.stages.population import population
from spatial.study import Study

if TYPE_CHECKING:
    from spatial.inputs.prepare import Layers

PEOPLE = {"population_persons": "Residents"}
_STAGE_KEYS = ("population", "network", "sources", "placing", "region", "official")


def _study(tiny: Any, table: str, **keys: Any) -> Study:
    """The tiny valley whose list names no people, with a table joined onto it."""
    tiny.tables["sources.settlements"]["columns"] = {"settlement_id": "code", "tier": "level"}
    tiny.write("parishes.csv", table)
    columns = {"name": "Parish", **PEOPLE}
    tiny.tables["sources.attributes"] = {"path": "tiny/parishes.csv", "columns": columns, **keys}
    return Study.from_toml(tiny.save(), raw=tiny.raw)


def _layers(tiny: Any, table: str, **keys: Any) -> Layers:
    return prepare(_study(tiny, table, **keys))


def _people(layers: Layers) -> dict[str, float]:
    known = layers.settlements[layers.settlements["population_persons"].notna()]
    return dict(zip(known["settlement_id"], known["population_persons"], strict=True))


def _count(layers: Layers, item: str) -> float:
    rows = layers.counts[(layers.counts["source"] == "tiny/parishes.csv") & (layers.counts["item"] == item)]
    return float(rows["number"].sum())


def test_rows_are_joined_by_name_and_all_places_stay(tiny):
    layers = _layers(tiny, "Parish,Residents\n石桥,800\n东坡村,60\n")
    assert _people(layers) == {"s1": 800, "s3": 60}
    assert len(layers.settlements) == 8
    assert layers.settlements["population_source"].value_counts().to_dict() == {"none": 6, "column": 2}
    assert _count(layers, "attributes (table 1): settlements without a number of people") == 6
    assert any("6 of 8 settlements have no number of people" in issue for issue in layers.issues)


def test_the_places_whose_number_on_the_map_gives_way_to_the_list_are_named(tiny):
    tags = ("Toll Bar", 40, 0), ("Ash", 90, 1)
    nodes = [
        f'<node id="{900 + at}" version="1" lon="104.0{at}" lat="30.0"><tag k="place" v="village"/>'
        f'<tag k="name" v="{name}"/><tag k="population" v="{people}"/></node>'
        for name, people, at in tags
    ]
    tiny.write("roads.osm", tiny.osm().replace("</osm>", "\n".join([*nodes, "</osm>"])))
    del tiny.tables["sources.settlements"]
    tiny.tables["sources.osm"]["settlements"] = True
    tiny.write("parishes.csv", "Parish,Residents\nAsh,100\n")
    tiny.tables["sources.attributes"] = {"path": "tiny/parishes.csv", "columns": {"name": "Parish", **PEOPLE}}
    layers = prepare(Study.from_toml(tiny.save(), raw=tiny.raw))
    assert list(_people(layers).values()) == [100]
    assert any("OpenStreetMap set aside: 'Toll Bar', 'Ash'" in issue for issue in layers.issues)


def test_order_of_rows_and_a_blank_number_change_nothing(tiny, tiny_at, tmp_path):
    first = _layers(tiny, "Parish,Residents\n石桥,800\n东坡,60\n西坡,\n")
    second = _layers(tiny_at(tmp_path / "again"), "Parish,Residents\n西坡,\n东坡,60\n石桥,800\n")
    pd.testing.assert_frame_equal(first.settlements, second.settlements)
    assert _people(first) == {"s1": 800, "s3": 60}


def test_rows_are_joined_by_the_settlements_own_ids_before_their_names(tiny):
    columns = {"settlement_id": "Id", "name": "Parish", **PEOPLE}
    layers = _layers(tiny, "Id,Parish,Residents\ns2,石桥,7\nx,石桥,8\n", columns=columns)
    assert _people(layers) == {"s2": 7, "s1": 8}
    assert _count(layers, "placed by settlement_id") == 1


def test_a_row_that_is_no_settlement_is_listed_for_decision_and_read_back(tiny):
    table = "Parish,Residents\n石桥,800\n无名,12\n"
    layers = _layers(tiny, table)
    assert layers.to_decide["place_id"].tolist() == ["无名"]
    assert layers.findings["kind"].tolist().count("not_placed") == 1
    tiny.write("decided.csv", "source,place_id,settlement_id\ntiny/parishes.csv,无名,s7\n")
    tiny.tables["placing"] = {"decisions": "tiny/decided.csv"}
    again = _layers(tiny, table)
    assert _people(again) == {"s1": 800, "s7": 12}
    assert again.to_decide is None


def test_two_rows_about_one_settlement_are_refused_or_left_to_decide(tiny):
    columns = {"settlement_id": "Id", "name": "Parish", **PEOPLE}
    with pytest.raises(ContractError, match=r"rows 'a', 's1' .*are about one settlement, 's1'"):
        _layers(tiny, "Id,Parish,Residents\na,石桥,1\ns1,柳河,2\n", columns=columns)


def test_of_two_rows_with_one_name_neither_is_joined(tiny):
    layers = _layers(tiny, "Parish,Residents\n石桥,1\n石桥,2\n柳河,3\n")
    assert _people(layers) == {"s2": 3}
    assert layers.to_decide["reason"].tolist() == ["taken_by_another"] * 2


def test_a_table_about_no_settlement_is_refused(tiny):
    with pytest.raises(SourceError, match="none of its 1 rows could be located"):
        _layers(tiny, "Parish,Residents\nNowhere,800\n")


def test_two_sheets_of_one_workbook_are_two_tables(tiny):
    book = openpyxl.Workbook()
    for name, row in (("2023", ["石桥", 7]), ("2024", ["柳河", 8])):
        sheet = book.create_sheet(name)
        for line in (["Parish", "Residents"], row):
            sheet.append(line)
    book.remove(book.worksheets[0])
    book.save(tiny.path("parishes.xlsx"))
    values = _study(tiny, "Parish,Residents\n石桥,800\n").model_dump(exclude={"raw"}, exclude_unset=True)
    table = {"path": "tiny/parishes.xlsx", "columns": {"name": "Parish", **PEOPLE}}
    values["sources"]["attributes"] = [table | {"sheet": "2023"}, table | {"sheet": "2024"}]
    layers = prepare(Study.from_dict(values, raw=tiny.raw))
    assert _people(layers) == {"s1": 7, "s2": 8}
    counts = layers.counts[layers.counts["source"] == "tiny/parishes.xlsx"].set_index("item")["number"]
    assert counts[["attributes (table 1)", "attributes (table 2)", "placed by name"]].tolist() == [1, 1, 2]


def test_faults_of_the_table_are_named_at_once(tiny):
    columns = {"name": "Parish", "population_persons": "Residents", "official_class": "RUC"}
    with pytest.raises(ContractError) as caught:
        _layers(tiny, "Parish,Residents,RUC\n石桥,-8,rural\n柳河,many,moon\n", columns=columns)
    assert [text.split(":")[0] for text in caught.value.problems] == [
        "population_persons",
        "population_persons",
        "official_class",
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"name": "Parish"}, "nothing to join"),
        ({"population_persons": "Residents"}, "nothing to find the settlements by"),
        ({"name": "Parish", "tier": "Residents"}, "cannot be joined"),
    ],
)
def test_a_mapping_that_joins_nothing_is_refused(tiny, columns, message):
    with pytest.raises(ContractError, match=message):
        _layers(tiny, "Parish,Residents\n石桥,800\n", columns=columns)


def test_coordinates_are_no_key_of_a_joined_table(tiny):
    with pytest.raises(StudyError, match="longitude: unknown key"):
        _study(tiny, "Parish,Residents\n石桥,800\n", longitude="lon", latitude="lat")


def test_people_of_a_joined_table_give_way_to_a_raster(tiny):
    tiny.add_raster()
    columns = {"name": "Parish", "official_class": "RUC", **PEOPLE}
    layers = _layers(tiny, "Parish,Residents,RUC\n石桥,800,urban\n", columns=columns)
    assert _people(layers) == {}
    assert _count(layers, "attributes (table 1): numbers of people not joined") == 1
    assert layers.settlements["official_class"].dropna().tolist() == ["urban"]


def test_numbers_of_ones_own_list_stay_where_the_table_is_silent(tiny):
    study = _study(tiny, "Parish,Residents\n石桥,800\n")
    values = study.model_dump(exclude={"raw"}, exclude_unset=True)
    values["sources"]["settlements"]["columns"]["population_persons"] = "people"
    layers = prepare(Study.from_dict(values, raw=tiny.raw))
    people = _people(layers)
    assert people["s1"] == 800
    assert sum(people.values()) == 800 + 360 - 80
    assert _count(layers, "attributes (table 1): population_persons: replaced by the joined table") == 1


def test_too_few_numbers_are_set_aside_and_enough_are_counted(tiny):
    study = _study(tiny, "Parish,Residents\n石桥,800\n东坡,60\n")
    layers = prepare(study)
    for share, total in ((0.9, 0), (0.25, 860)):
        values = study.model_dump(exclude={"raw"}, exclude_unset=True)
        values["population"] = {"min_known_share": share}
        options = Options(Study.from_dict(values, raw=tiny.raw), _STAGE_KEYS)
        inputs = {"places": layers.settlements, "boundaries": layers.boundaries, "study_area": layers.study_area}
        made = population(**inputs, nodes=None, edges=None, options=options)
        assert made["settlements"]["population_persons"].sum() == total
        account = made["population_account"].set_index("item")
        assert account.loc["unknown", "cells"] == 6
        assert ("set_aside" in account.index) == (total == 0)


# --- codes of units ------------------------------------------------------------------------------------------------


def _ground() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    points = [(0.5, 0.5), (1.2, 0.5), (1.8, 0.5), (5.0, 5.0)]
    settlements = gpd.GeoDataFrame(
        {"settlement_id": list("abcd"), "name": ["A", "B", "C", "D"]},
        geometry=[shapely.Point(point) for point in points],
        crs=WGS84,
    )
    boundaries = gpd.GeoDataFrame(
        {
            "boundary_id": ["county", "one", "two"],
            "admin_level": [6, 10, 10],
            "tags": ['{"ref:gss": "E06000017"}', '{"ref:gss": "E04000647 "}', '{"name": "x"}'],
        },
        geometry=[shapely.box(0, 0, 2, 1), shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)],
        crs=WGS84,
    )
    return settlements, boundaries


def test_a_settlement_alone_in_a_unit_has_its_code_and_two_in_one_have_none():
    settlements, boundaries = _ground()
    coded = with_unit_codes(boundaries, "ref:gss")
    assert coded["unit_code"].tolist()[:2] == ["E06000017", "E04000647"]
    assert with_codes_of_units(settlements, coded)["unit_code"].dropna().to_dict() == {0: "E04000647"}
    both = coded.assign(unit_code=["E06000017", "E04000647", "E04000648"])
    assert with_codes_of_units(settlements, both)["unit_code"].dropna().to_dict() == {0: "E04000647"}


def test_codes_of_their_own_stay_and_no_codes_change_nothing():
    settlements, boundaries = _ground()
    own = settlements.assign(unit_code=["X1", None, None, None])
    coded = with_unit_codes(boundaries, "ref:gss")
    assert with_codes_of_units(own, coded)["unit_code"].tolist()[0] == "X1"
    assert with_codes_of_units(settlements, boundaries) is settlements
    assert with_unit_codes(boundaries, None) is boundaries


def test_codes_that_are_numbered_through_do_not_nest():
    # E04000640 to E04000649 are ten parishes that have nothing but the register in common; MG1101 lies in MG11.
    assert unit_prefixes("E04000647") == ("E04000647",)
    assert unit_prefixes("MG1101") == ("MG1101", "MG110", "MG11")


def test_a_code_that_joins_a_row_to_another_name_is_said(tiny):
    file = tiny.path("townships.geojson")
    file.write_text(
        file.read_text(encoding="utf-8").replace('"boundary_id": "b1"', '"boundary_id": "b1", "gss": "E04000001"'),
        encoding="utf-8",
    )
    tiny.tables["sources.boundaries"]["columns"] = {"unit_code": "gss"}
    tiny.tables["sources.settlements"]["columns"] = {"settlement_id": "code", "tier": "level"}
    lines = tiny.path("settlements.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(("s2", "s4", "s7"))]
    tiny.write("settlements.csv", "\n".join([*kept, lines[4]]))
    columns = {"unit_code": "Code", "name": "Parish", **PEOPLE}
    layers = _layers(tiny, "Code,Parish,Residents\nE04000001,石桥,9\n", columns=columns)
    assert _people(layers) == {"s4": 9}
    assert any("'石桥 ≠ 西坡'" in issue for issue in layers.issues)
    assert np.isnan(layers.settlements.set_index("settlement_id").loc["s1", "population_persons"])
