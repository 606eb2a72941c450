"""Groups of people: counted by a list, by a raster of the group, or estimated as a share, and marked as such."""

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pyproj import CRS

from spatial.errors import ContractError, StudyError
from spatial.norms.evaluation import with_estimates
from spatial.people.population import added_up, fill_group, groups_of, scale_to_units, sums_by_unit
from spatial.rasters import Raster
from spatial.runner import Options
from spatial.stages.population import People, finish_people, population
from spatial.study import Study
from spatial.tables import TABLES

CRS_M = "EPSG:32648"
OPTIONS = ("population", "network", "sources", "placing", "region", "official")


def _study(sources=None, raw="data/raw", **options):
    values = {
        "name": "toy",
        "title": {"en": "T"},
        "as_of": "2026-01-01",
        "sources": {"osm": {"path": "toy.osm.pbf"}, **(sources or {})},
        "population": {"basis": "resident", **options},
    }
    return Study.from_dict(values, raw=raw)


UNITS = {"official_units": {"path": "yearbook.csv", "source": "Yearbook 2025"}}


def _places(people, **more):
    n = len(people)
    return gpd.GeoDataFrame(
        {
            "settlement_id": [f"s{number}" for number in range(n)],
            "name": pd.Series([None] * n, dtype="str"),
            "tier": "village",
            "in_study": True,
            "population_persons": np.array(people, dtype=float),
            "population_source": "column",
            "township_id": "A",
            "township": "A",
            **more,
        },
        geometry=gpd.points_from_xy(500_000 + 1000 * np.arange(n), [3_000_000] * n),
        crs=CRS_M,
    )


def _finish(study, places, official=None, groups=None):
    account = pd.DataFrame({"item": ["allocated"], "persons": [1.0], "cells": [1.0], "detail": ["x"]})
    box = shapely.box(499_000, 2_999_000, 600_000, 3_001_000)
    boundaries = gpd.GeoDataFrame(
        {"boundary_id": ["A"], "name": ["A"], "admin_level": 8, "is_unit": True}, geometry=[box], crs=CRS_M
    )
    units = None
    if official is not None:
        units = pd.DataFrame(
            {"official_id": ["A"], "unit_code": pd.Series([None], dtype="str"), "name": ["A"], **official}
        )
    people = People(places, account, groups=groups or {})
    made = finish_people(people, None, boundaries, units, options=Options(study, OPTIONS))
    for name, frame in made.items():
        TABLES[name].check(frame)
    return made


def test_a_column_counts_first_then_the_raster_of_the_group_then_a_share():
    study = _study(groups={"elderly": {"share": 0.25, "source": "Census"}})
    places = _places([100.0, 80.0, 40.0, np.nan], elderly_persons=[12.0, np.nan, np.nan, np.nan])
    found = _finish(study, places, groups={"elderly": np.array([99.0, 16.0, np.nan, np.nan])})["settlements"]
    assert found["elderly_persons"].tolist()[:3] == [12.0, 16.0, 10.0]
    assert np.isnan(found["elderly_persons"].iloc[3])
    assert found["elderly_source"].tolist() == ["observed", "raster", "estimated", "none"]
    assert found["population_basis"].tolist() == ["resident"] * 4


def test_a_share_of_the_unit_meets_the_official_number_of_the_group():
    study = _study(UNITS, groups={"women_15_49": {"share": "units"}}, rescale_to="units")
    official = {"population_persons": [300.0], "women_15_49_persons": [75.0]}
    made = _finish(study, _places([100.0, 60.0, 40.0]), official)
    settlements = made["settlements"]
    assert settlements["population_persons"].tolist() == pytest.approx([150.0, 90.0, 60.0])
    assert settlements["women_15_49_persons"].tolist() == pytest.approx([37.5, 22.5, 15.0])
    assert settlements["women_15_49_source"].tolist() == ["estimated"] * 3
    totals = made["unit_totals"].set_index("group")
    assert totals.loc["women_15_49", "residual_persons"] == pytest.approx(0.0, abs=1e-9)
    assert totals.index.tolist() == ["everybody", "women_15_49"]


def test_a_share_column_of_the_yearbook_is_a_share_of_its_unit():
    study = _study(UNITS, groups={"elderly": {"share": "units"}})
    made = _finish(study, _places([100.0]), {"population_persons": [200.0], "elderly_share": [0.2]})
    assert made["settlements"]["elderly_persons"].tolist() == [20.0]
    totals = made["unit_totals"].set_index("group")
    assert totals.loc["elderly", "official_persons"] == 40.0


def test_what_was_counted_is_scaled_like_everybody_or_to_its_own_number():
    study = _study(UNITS, rescale_to="units")
    places = _places([100.0, 100.0], elderly_persons=[10.0, 30.0], children_persons=[20.0, 20.0])
    made = _finish(study, places, {"population_persons": [300.0], "elderly_persons": [50.0]})
    found = made["settlements"]
    assert found["population_persons"].tolist() == pytest.approx([150.0, 150.0])
    assert found["elderly_persons"].tolist() == pytest.approx([12.5, 37.5])  # 50 of 40
    assert found["children_persons"].tolist() == pytest.approx([30.0, 30.0])  # by 1.5
    assert set(found["elderly_source"]) | set(found["children_source"]) == {"observed_rescaled"}


def test_a_group_of_more_people_than_there_are_is_a_finding_and_not_repaired():
    made = _finish(_study(), _places([100.0, 50.0, np.nan], elderly_persons=[100.0, 50.1, 9.0]))
    findings = made["findings_population"]
    assert findings["finding_id"].tolist() == ["group_above_total/s1/elderly"]
    assert made["settlements"]["elderly_persons"].tolist() == [100.0, 50.1, 9.0]
    assert "elderly: 50.1 of 50 people" in findings["detail"].iloc[0]


def test_without_groups_and_official_numbers_only_the_basis_is_added():
    places = _places([1.0])
    made = _finish(_study(), places)
    assert set(made) == {"settlements", "population_account"}
    assert set(made["settlements"].columns) - set(places.columns) == {"population_basis"}


@pytest.mark.parametrize("name", ["Elderly", "population", "over 65", "65plus", ""])
def test_names_that_make_no_column_are_refused(name):
    with pytest.raises(StudyError, match="a group is named with small letters"):
        _study(groups={name: {"share": 0.1, "source": "x"}})


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "half", True])
def test_shares_outside_0_to_1_are_refused(share):
    with pytest.raises(StudyError, match="share"):
        _study(groups={"elderly": {"share": share, "source": "x"}})


def test_a_share_without_its_source_is_refused():
    with pytest.raises(StudyError, match="a share needs its source"):
        _study(groups={"elderly": {"share": 0.1}})


def test_negative_and_short_numbers_are_refused():
    with pytest.raises(ContractError, match="negative"):
        fill_group(np.array([-1.0]), None, size=1)
    with pytest.raises(ContractError, match="give 2 numbers"):
        fill_group(np.array([1.0]), None, size=2)
    assert groups_of(pd.DataFrame(columns=["population_persons", "b_persons", "a_persons", "registered_persons"])) == [
        "a",
        "b",
    ]


def _write(file: Path, values) -> None:
    values = np.array(values, dtype="float64")
    with rasterio.open(
        file,
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        dtype="float64",
        crs=CRS_M,
        transform=Affine(500, 0, 499_500, 0, -500, 3_000_250),
        nodata=-1.0,
    ) as raster:
        raster.write(values, 1)


def test_a_raster_of_a_group_goes_where_everybody_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["spatial.stages.population"], "graph_of", lambda *_: None)
    _write(tmp_path / "women.tif", [[2.0, 4.0, -1.0, 5.0]])
    _write(tmp_path / "men.tif", [[1.0, -1.0, -1.0, 0.0]])
    rasters = {"elderly": {"paths": ["women.tif", "men.tif"]}}
    study = _study({"population_groups": rasters}, raw=tmp_path)
    places = _places([100.0, 80.0])
    area = gpd.GeoDataFrame({"area_id": ["a"], "name": ["a"]}, geometry=[places.union_all().buffer(9_000)], crs=CRS_M)
    inputs = {"places": places, "study_area": area}
    made = population(**inputs, boundaries=None, nodes=None, edges=None, options=Options(study, OPTIONS))
    found = made["settlements"]
    assert found["elderly_persons"].tolist() == [7.0, 5.0]  # cells at -250 and +250 m; at 750 none; at 1250
    assert found["elderly_source"].tolist() == ["raster", "raster"]
    account = made["population_account"].set_index("item")["persons"]
    assert account["elderly:raster_total"] == account["elderly:allocated"] == 12.0
    assert account["elderly:nodata"] == 0.0
    assert "2 file(s)" in made["population_account"].set_index("item").loc["elderly:raster_total", "detail"]
    TABLES["population_account"].check(made["population_account"])


def test_rasters_are_added_up_grid_by_grid():
    crs, grid = CRS.from_user_input(CRS_M), Affine(500, 0, 0, 0, -500, 0)
    first = Raster(np.array([[1.0, np.nan, np.nan]]), grid, crs, "population")
    second = Raster(np.array([[2.0, 3.0, np.nan]]), grid, crs, "population")
    beside = Raster(np.array([[7.0]]), Affine(500, 0, 1500, 0, -500, 0), crs, "population")
    found = added_up([first, beside, second])
    np.testing.assert_array_equal(found[0].values, [[3.0, 3.0, np.nan]])
    assert [item.values.shape for item in found] == [(1, 3), (1, 1)]
    assert first.values[0, 0] == 1.0
    with pytest.raises(StudyError, match="name each one once"):
        _study({"population_groups": {"elderly": {"paths": ["a.tif", "a.tif"]}}})


POSITIVE = st.floats(0.01, 1e7)


@given(
    people=hnp.arrays(np.float64, st.integers(1, 40), elements=POSITIVE),
    official=hnp.arrays(np.float64, 5, elements=POSITIVE),
    seed=st.integers(0, 2**31),
)
def test_scaling_conserves_every_unit_and_nobody_else(people, official, seed):
    rng = np.random.default_rng(seed)
    home = rng.integers(-1, 5, len(people)).astype(np.intp)
    in_study = np.ones(len(people), dtype=bool)
    found = scale_to_units(people, home, official, in_study=in_study, max_factor=1e12)
    after = people * found.applied
    ours = sums_by_unit(after, home, 5)
    scaled = found.status == "scaled"
    np.testing.assert_allclose(ours[scaled], official[scaled], rtol=1e-9)
    np.testing.assert_array_equal(after[home < 0], people[home < 0])
    assert set(found.status) <= {"scaled", "no_places"}
    order = rng.permutation(len(people))
    again = scale_to_units(people[order], home[order], official, in_study=in_study, max_factor=1e12)
    np.testing.assert_allclose(again.applied, found.applied[order], rtol=1e-12)
    tight = scale_to_units(people, home, official, in_study=in_study, max_factor=1.0)
    np.testing.assert_array_equal(tight.applied, np.ones(len(people)))


def test_scaling_refuses_lengths_and_signs():
    with pytest.raises(ContractError) as caught:
        scale_to_units(
            np.array([-1.0]), np.array([3], dtype=np.intp), np.array([1.0]), in_study=np.ones(2, bool), max_factor=0.5
        )
    for said in ("one value a settlement", "unit 3 of 1", "negative", "must be 1 or more"):
        assert said in str(caught.value)


def test_a_norm_on_an_estimated_group_says_how_much_is_estimated():
    settlements = _places(
        [1.0] * 4,
        children_6_11_persons=[30.0, 10.0, 60.0, 99.0],
        children_6_11_source=["observed", "estimated", "estimated", "estimated"],
    )
    settlements["township_id"] = ["A", "A", "B", "B"]
    settlements["in_study"] = [True, True, True, False]
    results = pd.DataFrame(
        {
            "norm_id": ["N1", "N1", "N1", "N1", "N2", "N3"],
            "unit_level": ["study", "township", "township", "settlement", "study", "study"],
            "unit_id": ["study", "A", "B", "s0", "study", "study"],
            "persons_in_scope": [100.0, 40.0, 60.0, 30.0, 3.0, 50.0],
        }
    )
    counted = {"N1": "children_6_11", "N2": "population", "N3": "women_15_49"}
    found = with_estimates(results, settlements, counted)["estimated_share"].tolist()
    assert found[:4] == [0.7, 0.25, 1.0, 0.0]  # 70 of 100, 10 of 40, 60 of 60, 0 of 30
    assert np.isnan(found[4:]).all()
    assert with_estimates(results.iloc[:0], settlements, counted).empty
    # Of a norm that does not ask for s0, such as one on the country alone, its 30 are not among those counted.
    of_some = results.assign(persons_in_scope=[70.0, 10.0, 60.0, 0.0, 3.0, 50.0])
    found = with_estimates(of_some, settlements, counted)["estimated_share"].tolist()
    assert found[:3] == [1.0, 1.0, 1.0]
    assert np.isnan(found[3])


def test_a_group_that_is_not_there_hides_no_estimate_and_of_nobody_no_share_is_estimated():
    columns = {"children_persons": [4.0], "children_source": ["estimated"]}
    settlements = _places([1.0], **columns, women_persons=[0.0], women_source=["estimated"]).assign(in_study=True)
    results = pd.DataFrame(
        {"norm_id": ["N1", "N2", "N3"], "unit_level": "study", "unit_id": "study", "persons_in_scope": 4.0}
    )
    found = with_estimates(results, settlements, {"N1": "aged", "N2": "children", "N3": "women"})
    assert found["estimated_share"].fillna(-1.0).tolist() == [-1.0, 1.0, -1.0]
