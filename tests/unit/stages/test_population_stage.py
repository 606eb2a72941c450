"""Without a raster, people are counted only where nearly every settlement has a number."""

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.runner import Options
from spatial.stages.population import population
from spatial.study import Study

STUDY = Study.from_dict(
    {"name": "toy", "title": {"en": "T"}, "as_of": "2026-01-01", "sources": {"osm": {"path": "toy.osm.pbf"}}}
)


def _run(people: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    places = gpd.GeoDataFrame(
        {
            "settlement_id": [f"s{number}" for number in range(len(people))],
            "in_study": True,
            "population_persons": people,
            "population_source": ["tag" if np.isfinite(value) else "none" for value in people],
        },
        geometry=gpd.points_from_xy(range(len(people)), range(len(people))),
        crs="EPSG:32738",
    )
    made = population(
        places=places,
        study_area=None,
        boundaries=None,
        nodes=None,
        edges=None,
        options=Options(STUDY, ("population", "network", "sources")),
    )
    return made["settlements"], made["population_account"].set_index("item")


def test_people_are_counted_where_nine_in_ten_settlements_have_a_number() -> None:
    settlements, account = _run([10.0] * 9 + [np.nan])  # 9 of 10 is the default share, inclusive
    assert settlements["population_persons"].sum() == 90.0
    assert account.loc["allocated", "persons"] == 90.0
    assert account.loc["unknown", "cells"] == 1.0


def test_a_few_tagged_populations_are_set_aside_and_said_so() -> None:
    settlements, account = _run([329.0] + [np.nan] * 63)
    assert settlements["population_persons"].isna().all()
    assert (settlements["population_source"] == "none").all()
    assert account.loc["allocated", "persons"] == 0.0
    assert account.loc["set_aside", "persons"] == 329.0
    assert "1 of 64 settlements" in account.loc["set_aside", "detail"]


def test_no_population_at_all_counts_places() -> None:
    settlements, account = _run([np.nan, np.nan])
    assert settlements["population_persons"].isna().all()
    assert "set_aside" not in account.index
