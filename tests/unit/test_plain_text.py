"""What a terminal would obey and what a spreadsheet would run, in names and in every CSV that is written."""

from __future__ import annotations

import pandas as pd
import pytest

from spatial.plain_text import csv_bytes, from_spreadsheet, one_line, printable, spreadsheet_text


@pytest.mark.parametrize("sign", ["\x1b", "\x07", "\x00", "\r", "\x7f", "\x9b", "\u202e", "\u2066", "\u2028", "\ud800"])
def test_what_a_terminal_obeys_is_written_as_an_escape(sign) -> None:
    shown = printable(f"a{sign}b")
    assert sign not in shown
    assert shown[0] + shown[-1] == "ab"
    assert shown[1] == "\\"


@pytest.mark.parametrize(
    "text", ["云溪县村庄", "Équipements à pied — 5 €", "नमस्ते\u200d", "\u0645\u06cc\u200c\u062e", "  - a\n  - b"]
)
def test_what_can_be_read_stays_as_it_is(text) -> None:
    assert printable(text) == text


def test_a_name_cannot_begin_a_line_of_its_own() -> None:
    assert one_line("x\nerror: none\ty") == "x\\nerror: none\\ty"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", "\uff0d1"]
)
def test_what_a_spreadsheet_runs_stands_behind_an_apostrophe_and_is_read_back(text) -> None:
    assert spreadsheet_text(text) == f"'{text}"
    assert from_spreadsheet(spreadsheet_text(text)) == text


@pytest.mark.parametrize("text", ["a=1", "'s-Gravenhage", "3-5", "", "石桥"])
def test_other_text_is_written_as_it_is(text) -> None:
    assert spreadsheet_text(text) == from_spreadsheet(text) == text


def test_a_csv_guards_text_and_heads_and_leaves_numbers() -> None:
    frame = pd.DataFrame({"=name": ["@x", None], "change": [-2.5, 1.0], "lon": ["-0.65", "+1"], "whole": [-1, 2]})
    lines = csv_bytes(frame, numbers=["lon"]).decode("utf-8-sig").splitlines()
    assert lines == ["'=name,change,lon,whole", "'@x,-2.5,-0.65,-1", ",1.0,+1,2"]
