# ruff: noqa: RUF001 - full-width characters are what is read
"""What small functions of the room give, by an example each whose answer a reader works out in the head."""

from __future__ import annotations

import math

import pandas as pd

from spatial.formats.columns import perhaps_thousands, plain_number, text_column
from spatial.formats.delimited import (
    degrees_of,
    encoding_but,
    guess_encoding,
    is_surely_utf8,
    is_total,
    narrow,
    numbers_columns,
    says_scale,
)
from spatial.formats.files import has_password, is_remote, issue_faults, read_issues
from spatial.formats.notes import Row, listed
from spatial.formats.tag_rules import fold, parse_rule, tag_values


def test_text_column_gives_text_of_a_column() -> None:
    assert list(text_column(pd.Series([51.0, 52.5]))) == ["51", "52.5"]


def test_plain_number_writes_a_number_with_digits_and_a_decimal_point_only() -> None:
    assert plain_number("1 234,5", decimal=",") == "1234.5"
    assert plain_number("1,234", thousands=",") == "1234"
    assert plain_number("1,23") is None


def test_perhaps_thousands_lists_numbers_whose_point_may_set_thousands_apart() -> None:
    assert perhaps_thousands(pd.Series(["1.200", "800"])) == ["1.200"]
    assert perhaps_thousands(pd.Series(["1.200", "0.800"])) == []


def test_guess_encoding_tells_the_encoding_of_text() -> None:
    assert [guess_encoding(text.encode(code)) for text, code in (("石桥", "gbk"), ("Domoni, Ségou", "latin-1"))] == [
        "gb18030",
        "cp1252",
    ]


def test_encoding_but_tells_the_encoding_of_text_that_cannot_be_in_the_one_said() -> None:
    assert encoding_but("ISO-8859-1", "石桥村、柳河镇".encode("gbk")) == "gb18030"
    assert encoding_but("GBK", "石桥村".encode("gbk")) == ""


def test_is_surely_utf8_tells_whether_text_is_utf_8_though_another_encoding_is_declared() -> None:
    assert is_surely_utf8("石桥村、柳河镇".encode(), "gb18030")
    assert not is_surely_utf8("联通".encode("gbk"), "gb18030")


def test_narrow_writes_full_width_digits_and_spaces_as_plain_ones() -> None:
    assert narrow("　１２．５ ") == "12.5"
    assert narrow("'460101") == "460101"
    assert narrow("'460101'") == "'460101'"


def test_degrees_of_reads_an_angle_in_degrees() -> None:
    assert degrees_of("39度30分", "latitude") == 39.5
    assert degrees_of("39°30,0' Sud", "latitude") == -39.5
    assert math.isnan(degrees_of("39.5N", "longitude"))


def test_is_total_tells_whether_a_row_holds_sums_of_other_rows() -> None:
    assert is_total(["合 计", "12"], ["合计", "Total"])
    assert not is_total(["Total relief"], ["合计", "Total"])


def test_numbers_columns_tells_whether_the_first_row_below_a_header_numbers_the_columns() -> None:
    assert numbers_columns(["1", "2", "3"], [["7", "石桥", "5"]])
    assert not numbers_columns(["1", "2", "3"], [["1", "3", "5"]])


def test_says_scale_tells_whether_a_header_speaks_of_thousands() -> None:
    assert says_scale("人口(万人)")
    assert says_scale("Population ('000)")
    assert not says_scale("万村人口")
    assert says_scale("人口", above=["单位：万人"])
    assert not says_scale("人口（人）", above=["单位：万人"])


def test_is_remote_tells_an_address_on_the_network_from_a_path() -> None:
    assert is_remote("https://example.org/population.tif")
    assert not is_remote("comoros/population.tif")


def test_has_password_tells_whether_an_address_holds_a_password() -> None:
    assert not has_password("postgresql://gis@db.example/county")
    assert has_password("postgresql://gis:x@db.example/county")


def test_issue_faults_says_what_is_wrong_with_the_value_of_the_key_issue() -> None:
    assert issue_faults({"text": "Old", "forbids": ["use"]}) == [
        "issue forbids use: it can forbid comparison or ranking"
    ]


def test_read_issues_reads_the_value_of_the_key_issue() -> None:
    assert [issue.text for issue in read_issues(["Old.", {"text": "Short.", "forbids": "ranking"}])] == [
        "Old.",
        "Short.",
    ]


def test_listed_lists_the_first_few_ids() -> None:
    assert listed(["B2", Row(12, "Total")], limit=2) == {"first": ["B2", {"row": 12, "label": "Total"}], "in_all": 2}


def test_parse_rule_reads_a_rule() -> None:
    rule = parse_rule("amenity=clinic|doctors & name~osteopath")
    assert rule.matches({"amenity": "clinic", "name": "Rutland Osteopaths"})


def test_tag_values_splits_a_tags_value_into_its_members() -> None:
    assert tag_values("0; 1-3") == ["0", "1", "2", "3"]


def test_fold_writes_text_in_small_letters_and_without_accents() -> None:
    assert fold("Kinésithérapeute") == "kinesitherapeute"
