"""The page on an office's files, word by word on a folder of six hands: few commands, no error, true places."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from spatial.crs import WGS84
from spatial.drafting.study_file import GUESSED, open_decisions
from spatial.results import read_results
from spatial.study import Study
from tests.docs.office_files import write_office

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"
MOST_WORDS, MOST_COMMANDS = 600, 6


@pytest.fixture(scope="module")
def walked(walkthrough, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clerk")
    write_office(folder / "office")
    # Pages and sheets of such a study are looked at where the files of bureaus are walked through.
    return walkthrough("own-files.md", folder, lambda _: "", {"spatial run study.toml": "gaps"}, plans=False).walk()


@pytest.fixture(scope="module")
def results(walked):
    return read_results(walked.folder / "data/processed/office")


def _farthest_m(frame: gpd.GeoDataFrame, truth: pd.DataFrame) -> float:
    """How far the farthest row lies from the row of the sample that is called like it."""
    points = gpd.GeoSeries(gpd.points_from_xy(truth["lon"], truth["lat"]), crs=WGS84).to_crs(frame.crs)
    of_name = {name: points[rows.index] for name, rows in truth.groupby("name")}
    return max(of_name[row.name].distance(row.geometry).min() for row in frame.itertuples())


def test_the_page_is_short_and_its_commands_are_few(walked):
    assert len(walked.text.split()) <= MOST_WORDS
    assert len(walked.said) <= MOST_COMMANDS


def test_init_says_what_it_guessed_and_nothing_twice(walked):
    (said,) = walked.outputs("init")
    assert "待决定" not in said
    lines = [re.sub(r"^\s*第\d+行.", "", line) for line in said.splitlines()]
    assert len(set(lines)) == len(lines)
    guessed = [text for _, text in open_decisions((walked.folder / "study.toml").read_text("utf-8"), GUESSED)]
    assert f"{len(guessed)}项为推测" in said
    for told in (
        'crs = "EPSG:4523"',
        'datum = "gcj02"',
        'names = ["云溪县"]',
        'basis = "resident"',
        'speeds = "rural_cn"',
    ):
        assert sum(told in text for text in guessed) == 1 or told.startswith("crs")


def test_the_written_study_is_checked_without_a_fault(walked):
    (said,) = walked.outputs("check")
    assert said.startswith("office\uff1a研究文件及其数据源无误")
    assert len(said.splitlines()) <= 10
    study = Study.from_toml(walked.folder / "study.toml", raw=walked.folder)
    assert (study.region.admin_level, study.region.unit_levels, study.jurisdictions) == (6, (8,), ("CN",))


def test_villages_lie_within_a_centimetre_and_shifted_clinics_within_one_metre(walked, results):
    truth = walked.folder / "truth"
    settlements, facilities = results.settlements, results.facilities
    assert len(settlements) == 86
    assert _farthest_m(settlements, pd.read_csv(truth / "settlements.csv")) < 0.01
    assert _farthest_m(facilities, pd.read_csv(truth / "facilities.csv")) < 1.0


def test_communities_and_administrative_villages_are_villages(results):
    tiers = results.settlements["tier"].value_counts()
    assert tiers["county_seat"] == 1
    assert tiers["town"] == 5
    assert tiers["village"] == 80


def test_people_of_a_list_by_name_are_joined_and_those_of_two_of_a_name_are_not_guessed(walked, results):
    people = pd.read_csv(walked.folder / "truth" / "settlements.csv")
    people = people[people["town"].notna()]
    alone = ~people["name"].duplicated(keep=False)
    counted = results.settlements["population_persons"]
    assert counted.sum() == people.loc[alone, "resident"].sum()
    assert counted.isna().sum() == (~alone).sum()
