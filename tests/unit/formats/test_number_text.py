"""Numbers with decimal commas and thousands set apart: read as declared, refused where they are written otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from spatial.errors import ContractError, SourceError
from spatial.formats.columns import plain_number
from spatial.formats.delimited import read_delimited
from spatial.inputs.user_tables import facilities_from_table
from spatial.study import TableSource

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

HEADER = "Code;Nom;Latitude;Longitude;Lits"


def _read(tmp_path: Path, *rows: str, encoding: str = "latin-1", **keys: str) -> gpd.GeoDataFrame:
    file = tmp_path / "structures.csv"
    file.write_bytes("\n".join([HEADER, *rows]).encode(encoding))
    source = TableSource.model_validate(
        {
            "path": "structures.csv",
            "delimiter": ";",
            "encoding": encoding if encoding != "utf-8-sig" else "utf-8",
            "longitude": "Longitude",
            "latitude": "Latitude",
            "crs": "EPSG:4326",
            "service": "hospital",
            "columns": {"facility_id": "Code", "name": "Nom", "capacity": "Lits"},
            **keys,
        }
    )
    return facilities_from_table(file, source)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-8-sig"])
def test_decimal_commas_are_read_where_they_are_declared(tmp_path, encoding):
    frame = _read(tmp_path, "1;Hôpital;-11,7042;43,25;1 234,5", encoding=encoding, decimal=",")
    point = frame.geometry.iloc[0]
    assert (point.x, point.y) == (43.25, -11.7042)
    assert frame["capacity"].iloc[0] == 1234.5
    assert frame["name"].iloc[0] == "Hôpital"


def test_seconds_of_arc_may_have_a_decimal_comma(tmp_path):
    frame = _read(tmp_path, "1;PS;11°42'15,3\"S;43°15'E;", decimal=",")
    # 42 minutes and 15.3 seconds are 0.7042500 degrees.
    assert frame.geometry.iloc[0].y == pytest.approx(-11.70425)
    assert np.isnan(frame["capacity"].iloc[0])


def test_a_comma_is_refused_where_nothing_is_declared_and_the_remedy_named(tmp_path):
    with pytest.raises(ContractError, match=r"such as '43,25'.*declare decimal = ','"):
        _read(tmp_path, "1;Hôpital;-11.7;43,25;3")
    with pytest.raises(ContractError, match=r"'1,234'.*declare decimal = ',' or thousands = ','"):
        _read(tmp_path, "1;Hôpital;-11.7;43.25;1,234")


def test_a_point_is_refused_where_the_comma_is_declared(tmp_path):
    with pytest.raises(ContractError) as caught:
        _read(tmp_path, "1;Hôpital;-11.7042;43,25;1.234", decimal=",")
    assert len(caught.value.problems) == 2
    assert "'-11.7042'" in caught.value.problems[0]
    assert "'1.234'" in caught.value.problems[1]


def test_thousands_are_read_as_declared_and_only_in_groups_of_three(tmp_path):
    assert _read(tmp_path, "1;H;-11.7;43.25;1,234", thousands=",")["capacity"].iloc[0] == 1234
    assert _read(tmp_path, "1;H;-11,7;43,25;1.234,5", decimal=",", thousands=".")["capacity"].iloc[0] == 1234.5
    with pytest.raises(ContractError, match=r"'12,34'"):
        _read(tmp_path, "1;H;-11.7;43.25;12,34", thousands=",")


def test_words_stay_for_the_column_to_refuse(tmp_path):
    with pytest.raises(ContractError, match=r"capacity: text instead of a number .*'inconnu'"):
        _read(tmp_path, "1;H;-11,7;43,25;inconnu", decimal=",")


def test_codes_and_names_with_commas_are_left_alone(tmp_path):
    frame = _read(tmp_path, "3,5;H 1,5;-11,7;43,25;1", decimal=",")
    assert frame.loc[0, ["facility_id", "name"]].tolist() == ["3,5", "H 1,5"]


def test_a_workbook_knows_its_numbers_whatever_the_text_is_like(tmp_path):
    book = Workbook()
    sheet = book.active
    for row in (HEADER.split(";"), ["1", "H", -11.7042, "43,25", 12.5], ["2", "P", "-11,8", 43.3, "1 200"]):
        sheet.append(row)
    book.save(tmp_path / "structures.xlsx")
    source = TableSource(
        path="structures.xlsx",
        decimal=",",
        longitude="Longitude",
        latitude="Latitude",
        crs="EPSG:4326",
        service="hospital",
        columns={"facility_id": "Code", "name": "Nom", "capacity": "Lits"},
    )
    frame = facilities_from_table(tmp_path / "structures.xlsx", source)
    assert frame.geometry.y.tolist() == [-11.7042, -11.8]
    assert frame.geometry.x.tolist() == [43.25, 43.3]
    assert frame["capacity"].tolist() == [12.5, 1200]


def test_one_sign_for_both_is_refused():
    with pytest.raises(ContractError, match="decimal and thousands are both ','"):
        TableSource(path="a.csv", decimal=",", thousands=",")


@given(st.integers(-(10**9), 10**9), st.sampled_from([(",", "."), (",", ""), (",", " "), (".", ","), (".", "'")]))
def test_a_number_written_by_its_rule_is_read_as_itself(number, signs):
    decimal, thousands = signs
    apart = f"{number:,}".replace(",", thousands or "\u202f")
    assert plain_number(f"{apart}{decimal}25", decimal=decimal, thousands=thousands) == f"{number}.25"


@given(st.text(max_size=12))
def test_whatever_is_written_becomes_a_number_or_nothing(text):
    plain = plain_number(text, decimal=",", thousands=".")
    assert plain is None or np.isfinite(float(plain))


def test_a_file_of_windows_read_as_utf_8_is_told_its_own_encoding(tmp_path):
    file = tmp_path / "structures.csv"
    file.write_bytes(f"{HEADER}\n1;Hôpital de pôle;1;2;3\n".encode("cp1252"))
    with pytest.raises(SourceError, match="it reads as cp1252: write encoding = 'cp1252'"):
        read_delimited(file, delimiter=";")
    file.write_bytes(bytes(range(1, 256)))
    with pytest.raises(SourceError, match="declare the right encoding"):
        read_delimited(file, delimiter=";")
