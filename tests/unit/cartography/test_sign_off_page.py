"""The page of signatures before any browser: counts by verdict, and when an approval number is missed."""

import re

import numpy as np
import pandas as pd
import pytest

from spatial.cartography.page_data import page_texts
from spatial.cartography.sign_off import sign_off_counts
from spatial.norms.law import load_register
from spatial.stages.policy import approval_wanted
from tests.page_blocks import data_of


def counted(*rows):
    return sign_off_counts(pd.DataFrame(rows, columns=["kind", "status", "official"]))


def test_totals_without_an_official_number_are_counted_apart_from_what_cannot_be_told():
    assert counted(
        ("people", "ok", 10.0),
        ("villages", "unknown", np.nan),
        ("road_km", "unknown", 5.0),
        ("imputed_speed", "unknown", np.nan),
        ("missing_facilities", "look", np.nan),
        ("gate", "remark", np.nan),
        ("gates", "remark", np.nan),
    ) == {"ok": 1, "look": 1, "remark": 1, "unknown": 2, "undeclared": 1}
    assert counted() == {"ok": 0, "look": 0, "remark": 0, "unknown": 0, "undeclared": 0}


@pytest.mark.parametrize(
    ("status", "places", "synthetic", "number", "wanted"),
    [
        ("public", ("CN",), False, None, True),
        ("public", ("CN-51", "GB"), False, None, True),
        ("public", ("CN",), False, "GS(2026)0001", False),
        ("public", ("CN",), True, None, False),
        ("draft", ("CN",), False, None, False),
        ("internal", ("CN",), False, None, False),
        ("public", ("KM", "CND"), False, None, False),
        ("public", (), False, None, False),
    ],
)
def test_only_public_maps_of_china_without_a_number_miss_one(status, places, synthetic, number, wanted):
    assert approval_wanted(status, places, synthetic=synthetic, number=number) is wanted


@pytest.mark.parametrize("language", ["en", "fr", "zh"])
def test_groups_of_an_age_that_norms_count_are_called_by_their_ages(language):
    words = page_texts(language)
    groups = [unit for unit in load_register()["stat_unit"] if re.search(r"^(?!habitation|county).*\d", unit)]
    ages = {group: re.findall(r"\d+", group) for group in groups}
    assert {"children_6_11", "population_60plus", "women_15_49"} <= set(ages)
    for group, numbers in ages.items():
        assert re.findall(r"\d+", words[f"group.{group}_persons"]) == numbers, group


def test_a_run_writes_the_page_with_status_date_and_approval_number(tiny_at, tmp_path, tiny_run, go_on_from):
    tiny = tiny_at(tmp_path)
    go_on_from(tiny_run, tiny.folder)
    tiny.tables["outputs"] = {"languages": ["zh"], "status": "internal", "map_approval": "GS(2026)0001号"}
    tiny.tables["official"] = {"villages": {"value": 2, "source": "名录 <b>2025</b>"}}
    outcome = tiny.run("--until", "maps")
    assert outcome.code == 0, outcome.err
    data = data_of(tiny.maps / "tiny" / "sign-off.html")
    assert data["study"]["approval"] == "GS(2026)0001号"
    assert data["study"]["status"] == "internal"
    assert not data["study"]["approval_wanted"]
    (villages,) = [entry for entry in data["sign"]["totals"] if entry["kind"] == "villages"]
    assert villages["source"] == "名录 <b>2025</b>"
    assert "<b>2025" not in (tiny.maps / "tiny" / "sign-off.html").read_text(encoding="utf-8")
    assert data_of(tiny.maps / "tiny" / "index.html")["sign_off"] == "sign-off.html"
