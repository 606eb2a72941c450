"""Rows placed by their postcode: columns of a table found by themselves, and what has no postcode listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import spatial as sp
from spatial.crs import WGS84
from spatial.errors import ContractError
from spatial.inputs.inspection.folder import inspect_folder
from spatial.inputs.placing import locate_places, read_postcodes

if TYPE_CHECKING:
    from pathlib import Path

# Ordnance Survey gives 651409.903, 313177.270 as 52.657568 N, 1.717908 E (OSGB36 to ETRS89, "A guide to coordinate
# systems in Great Britain", annex C, brought to WGS 84 within metres).
EAST, NORTH, LONGITUDE, LATITUDE = 651409.903, 313177.270, 1.7161, 52.6580


def _table(folder: Path, text: str) -> Path:
    file = folder / "codes.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_files_of_code_point_open_have_no_heads_and_are_in_the_national_grid(tmp_path):
    file = _table(
        tmp_path, f'"NR30 1AA",10,{EAST},{NORTH},"E92000001","","","","",""\n"NR30 1AB",90,0,0,"","","","","",""\n'
    )
    found = read_postcodes([file])
    assert found.index.tolist() == ["NR301AA"]  # quality 90 at 0, 0: nobody knows where it is
    assert found.iloc[0].distance(shapely.Point(LONGITUDE, LATITUDE)) < 0.001


def test_columns_of_degrees_are_found_by_their_names_and_99_is_no_latitude(tmp_path):
    file = _table(tmp_path, "pcds,ctry,lat,long\nLE15 6AQ,E,52.67,-0.73\nBT1 1AA,N,99.999999,0\n")
    found = read_postcodes([file])
    assert found.to_dict() == {"LE156AQ": shapely.Point(-0.73, 52.67)}


def test_only_wanted_codes_are_kept_however_they_are_written(tmp_path):
    file = _table(tmp_path, "Postcode,Longitude,Latitude\nLE15 6AQ,-0.73,52.67\nLE15 7AA,-0.7,52.6\n")
    assert read_postcodes([file], wanted=["le156aq "]).index.tolist() == ["LE156AQ"]


def test_a_code_of_several_places_names_none(tmp_path):
    file = _table(tmp_path, "code postal,lon,lat\n97600,45.1,-12.7\n97600,45.2,-12.8\n97605,45.2,-12.8\n")
    assert read_postcodes([file]).index.tolist() == ["97605"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,lon,lat\nx,1,2\n", "no column of postcodes"),
        ("postcode,b\nLE15 6AQ,1\n", "no longitude and latitude"),
        ("postcode,easting,northing\n101000,500000,4000000\n", "British National Grid"),
    ],
)
def test_a_table_that_places_nothing_is_refused_with_a_remedy(tmp_path, text, says):
    with pytest.raises(ContractError, match=says):
        read_postcodes([_table(tmp_path, text)])


def _placed(rows: dict[str, list[str]]) -> pd.DataFrame:
    villages = gpd.GeoDataFrame(
        {"settlement_id": ["v1"], "name": ["Oakham"]}, geometry=[shapely.Point(-0.73, 52.67)], crs=WGS84
    )
    codes = gpd.GeoSeries([shapely.Point(-0.5, 52.5)], index=["LE156AQ"], crs=WGS84)
    done = locate_places(pd.DataFrame(rows), villages, postcodes=codes)
    assert len(done.undecided) == done.frame["placed_by"].isna().sum()
    return done.frame.assign(
        reason=done.undecided.set_index("place_id")["reason"].reindex(done.frame["facility_id"]).array
    )


def test_a_row_lies_where_its_postcode_does_and_not_in_the_village_of_its_name():
    placed = _placed({"facility_id": ["1"], "name": ["Oakham"], "postcode": ["le15 6aq"]})
    assert placed.loc[0, ["placed_by", "placed_at"]].tolist() == ["postcode", "LE156AQ"]
    assert placed.geometry[0].equals(shapely.Point(-0.5, 52.5))
    assert pd.isna(placed["settlement_id"][0])


def test_rows_without_a_known_postcode_are_listed_not_put_amid_a_village():
    placed = _placed({"facility_id": ["1", "2"], "name": ["Oakham", "Oakham"], "postcode": ["", "XX1 1XX"]})
    assert placed["placed_by"].isna().all()
    assert placed["reason"].tolist() == ["no_postcode", "unknown_postcode"]


def test_a_village_that_a_column_names_still_places_a_row_without_postcode():
    placed = _placed({"facility_id": ["1"], "name": ["x"], "postcode": [""], "place_name": ["Oakham"]})
    assert placed["placed_by"].tolist() == ["name"]


def test_lists_without_a_column_of_postcodes_are_placed_as_before():
    assert _placed({"facility_id": ["1"], "name": ["Oakham"]})["placed_by"].tolist() == ["name"]


def test_init_proposes_the_line_where_a_table_meets_a_list_with_postcodes(tmp_path):
    codes = _table(tmp_path, f'"NR30 1AA",10,{EAST:.0f},{NORTH:.0f},"E92000001","","","","",""\n')
    assert sp.inspect_file(codes, raw=tmp_path).layers[0].kind == "postcodes"
    alone = inspect_folder(tmp_path, raw=tmp_path)
    assert alone.unused == [("codes.csv", "a table of postcodes, and no list has a column of them")]
    (tmp_path / "gp.csv").write_text(
        "Practice code,Practice name,Postcode\nC1,Oakham Surgery,LE15 6AQ\nC2,Ketton Surgery,PE9 3XX\n",
        encoding="utf-8",
    )
    both = inspect_folder(tmp_path, raw=tmp_path)
    (placing,) = [proposal for proposal in both.proposals if proposal.section == "placing"]
    assert [(setting.key, setting.value) for setting in placing.settings] == [("postcodes", "codes.csv")]
    (listed,) = [proposal for proposal in both.proposals if proposal.section == "sources.facilities"]
    assert ("columns.postcode", "Postcode") in {
        (setting.key, setting.value) for setting in listed.settings if setting.key
    }
    codes.unlink()
    assert "Code-Point Open" in inspect_folder(tmp_path, raw=tmp_path).hints[0]
