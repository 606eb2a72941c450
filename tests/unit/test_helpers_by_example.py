"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import codecs
from pathlib import Path
from xml.etree.ElementTree import Element

import geopandas as gpd
import pandas as pd
import pyproj
import pytest
import shapely

from spatial.crs import degrees_drawn, require_metres, scale_errors, transformer_between
from spatial.errors import ContractError, first_of, of_kind
from spatial.indices.groups import read_classes
from spatial.outlines import outline_faults
from spatial.plain_text import (
    csv_text,
    display_width,
    first_screen,
    from_spreadsheet,
    ids_apart,
    one_line,
    plainer,
    printable,
    quoted,
    shortened,
    spreadsheet_text,
    toml_value,
    wrapped,
    xml_text,
)
from spatial.qgis import layouts
from spatial.qgis.joins import how_sure
from spatial.qgis.layer import plain_name
from spatial.qgis.layouts import unread
from spatial.qgis.looks_access import measure_bounds
from spatial.qgis.styles import constants, name_expression, ramp, rgba
from spatial.stages.access import warn_of_memory
from spatial.tables.words import names_for


def test_degrees_drawn_gives_the_degrees_in_which_maps_draw_what_is_in_a_crs() -> None:
    assert transformer_between("EPSG:4326", degrees_drawn(pyproj.CRS("EPSG:3460"))).transform(-179.5, -17.0) == (
        180.5,
        -17.0,
    )


def test_require_metres_returns_the_crs_if_it_is_projected_in_metres() -> None:
    assert require_metres("EPSG:32738", what="roads").to_epsg() == 32738


def test_scale_errors_measures_by_how_much_the_metres_of_a_crs_differ_from_metres() -> None:
    oslo = gpd.GeoSeries.from_xy([9.0], [60.0], crs="EPSG:4326")
    assert [round(float(scale_errors(oslo, pyproj.CRS(name))[0]), 4) for name in ("EPSG:3395", "EPSG:32632")] == [
        0.995,
        0.0004,
    ]


def test_first_of_names_the_first_few_ids_and_counts_the_rest() -> None:
    assert first_of(["a", "b", "c"], limit=2) == "'a', 'b', ... (3 in all)"


def test_of_kind_refuses_what_is_no_object_that_holds_options() -> None:
    with pytest.raises(ContractError, match="is a dict; give Path or str"):
        of_kind("file", {"name": "roads"}, Path, str)


def test_outline_faults_names_an_outline_that_crosses_itself() -> None:
    bow = gpd.GeoSeries([shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])], index=["a"])
    assert outline_faults(bow, bow.index) == [
        "geometry: outlines that cross themselves at 'a' (1 in all): use frame.geometry.make_valid()"
    ]


def test_printable_writes_what_a_terminal_would_obey_instead_of_showing_as_an_escape() -> None:
    assert printable("云溪 \x1b[31mé") == "云溪 \\x1b[31mé"


def test_ids_apart_takes_ids_apart_that_were_joined_by_a_sign() -> None:
    assert ids_apart(["Baihe Town", "Baihe", "v7"])("v7 Baihe Town Baihe x") == ["v7", "Baihe Town", "Baihe", "x"]


def test_display_width_counts_the_columns_that_a_text_takes_in_a_terminal() -> None:
    assert display_width("km") == 2
    assert display_width("云溪") == 4


def test_shortened_cuts_a_text_that_takes_more_columns_than_there_are() -> None:
    assert shortened("North of the river", 12) == "North of ..."
    assert shortened("云溪镇", 6) == "云溪镇"


def test_wrapped_breaks_a_text_into_lines_of_so_many_columns_of_the_terminal() -> None:
    assert wrapped("North of the river", 12) == ["North of the", "river"]
    assert wrapped("石桥镇、云溪县", 8) == ["石桥镇、", "云溪县"]


def test_first_screen_takes_the_lines_that_fit_a_screen() -> None:
    assert first_screen(["a", "b", "c", "d"], "... {} more lines: cat -v".format, rows=3) == [
        "a",
        "b",
        "... 2 more lines: cat -v",
    ]


def test_one_line_writes_a_text_so_that_a_name_cannot_begin_another_line() -> None:
    assert one_line("North\nerror: none") == "North\\nerror: none"


def test_plainer_writes_what_an_encoding_lacks_by_a_plainer_sign() -> None:
    codecs.register_error("plainer", plainer)
    assert "12\u202fmin, 东坡".encode("cp1252", "plainer") == b"12 min, \\u4e1c\\u5761"


def test_spreadsheet_text_marks_text_that_a_spreadsheet_would_run_as_a_formula() -> None:
    assert spreadsheet_text("=1+1") == "'=1+1"
    assert spreadsheet_text("A=1") == "A=1"


def test_from_spreadsheet_takes_the_apostrophes_off_that_csv_text_puts() -> None:
    assert from_spreadsheet("'=1+1") == "=1+1"
    assert from_spreadsheet("'s-Gravenhage") == "'s-Gravenhage"


def test_xml_text_writes_xml_whose_texts_hold_no_sign_that_xml_cannot() -> None:
    assert xml_text(Element("a", {"b": "1\x012"})).encode("ascii", "xmlcharrefreplace") == b'<a b="1&#65533;2" />'


def test_csv_text_marks_what_a_spreadsheet_would_run_behind_a_separator_too() -> None:
    assert csv_text("a;=1+1") == "a;'=1+1"
    assert csv_text("Mo;Tu") == "Mo;Tu"


def test_toml_value_writes_a_value_as_toml() -> None:
    assert toml_value({"at": "n1", "points": [(1.5, 2.0)]}) == '{ at = "n1", points = [[1.5, 2.0]] }'


def test_quoted_writes_a_path_as_it_is_typed_in_a_command() -> None:
    assert quoted("data/raw") == "data/raw"
    assert quoted("my county #1.toml") == '"my county #1.toml"'


def test_read_classes_reads_the_class_of_each_place() -> None:
    assert read_classes("flows", ["urban", None], 2).tolist() == ["urban", ""]


def test_how_sure_classes_settlements_by_whether_they_are_within_a_threshold_in_every_run() -> None:
    runs = pd.DataFrame({"low_min": [10.0], "high_min": [31.0], "interval_status": ["reached"]})
    assert how_sure(runs, 30.0).tolist() == ["may"]


def test_plain_name_turns_any_text_into_a_lower_case_ascii_name() -> None:
    assert plain_name("addr:Straße 2") == "addr_strae_2"
    assert plain_name("人口") == "column"


def test_unread_parts_what_qgis_would_read_as_an_expression_in_a_label() -> None:
    assert unread("[% @project_path %]") == "[ % @project_path %]"


def test_wrapped_breaks_a_text_between_clauses_or_into_lines_of_like_width() -> None:
    assert layouts.wrapped("one two three four", 15).split(chr(10)) == ["one two", "three four"]
    assert layouts.wrapped("so is it; and why not", 16).split(chr(10)) == ["so is it;", "and why not"]


def test_measure_bounds_bounds_the_classes_of_a_measure_by_quantiles_of_what_is_above_0() -> None:
    assert measure_bounds(pd.Series([0.0, 1.0, 2.0, 3.0, 4.0]), 2) == [2.5]
    assert measure_bounds(pd.Series([0.0, 2.0, 2.0, 11.0]), 2) == [2.0]


def test_ramp_takes_colours_evenly_from_a_sequence() -> None:
    assert ramp(("#000000", "#808080", "#ffffff"), 2) == ["#000000", "#ffffff"]


def test_rgba_writes_a_colour_as_qgis_does() -> None:
    assert rgba("#ff8000", 0.5) == "255,128,0,128"


def test_constants_reads_names_and_values_apart() -> None:
    assert constants("size=1 unit=MM colour=") == {"size": "1", "unit": "MM", "colour": ""}


def test_name_expression_writes_the_expression_that_names_a_feature_in_a_language() -> None:
    assert name_expression(pd.DataFrame(columns=["name", "name_zh"]), "fr") == 'coalesce("name", "name_zh")'


def test_warn_of_memory_is_silent_where_enough_is_free() -> None:
    assert not warn_of_memory(400, 30, 2, free_mb=4_000.0)


def test_names_for_says_which_columns_name_a_place_to_a_reader_of_a_language() -> None:
    assert names_for("fr") == ("name_fr", "name", "name_en", "name_zh")
    assert names_for("en") == ("name_en", "name", "name_zh")
