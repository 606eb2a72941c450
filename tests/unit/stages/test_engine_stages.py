"""The access engine from the study file: measures, areas, certainty and cells as tables that agree with each other."""

import numpy as np
import pytest
import rasterio

import spatial as sp


@pytest.fixture(scope="module")
def ran(tmp_path_factory, tiny_at):
    """A tiny study with a raster that asks for everything, and its results."""
    tiny = tiny_at(tmp_path_factory.mktemp("engine")).add_raster()
    tiny.tables["network"] |= {"modes": ["drive", "walk", "walk+drive"]}
    tiny.tables["access"] |= {"origins": "cells", "cell_m": 500.0}
    tiny.tables["measures"] = {
        "kinds": ["e2sfca", "cumulative", "gravity", "overlap", "spatial_availability"],
        "services": ["hospital", "primary_school"],
        "groups": [],
    }
    del tiny.tables["measures"]["groups"]
    tiny.tables["areas"] = {"services": ["hospital"], "isochrones_min": [2, 5]}
    tiny.tables["uncertainty"] = {"services": ["hospital"]}
    outcome = tiny.run("--stage", "cells")
    assert outcome.code == 0, outcome.err
    return sp.read_results(tiny.processed / "tiny")


def test_every_settlement_has_one_row_a_service_and_measure(ran):
    rows = ran.measures.groupby(["service", "group", "measure"]).size()
    assert set(rows) == {len(ran.settlements)}
    measures = {name for _, _, name in rows.index}
    assert measures == {
        "e2sfca", "gravity", "overlap", "spatial_availability",
        "cumulative_15_min", "cumulative_30_min", "cumulative_60_min",
    }  # fmt: skip


def test_supply_handed_out_is_the_supply_that_is_used(ran):
    # E2SFCA conserves: sum of people x ratio = supply of the facilities somebody reaches.
    table = ran.measures.loc[(ran.measures["measure"] == "e2sfca") & (ran.measures["service"] == "hospital")]
    people = ran.settlements.set_index("settlement_id")["population_persons"]
    hospitals = ran.facilities[ran.facilities["service"] == "hospital"]
    handed = float((table.set_index("settlement_id")["value"] * people).sum())
    assert handed == pytest.approx(len(hospitals), rel=1e-12)  # no capacity is known, so that each counts one


def test_2sfca_of_a_study_knows_no_zones(tiny):
    tiny.tables["measures"] = {"kinds": ["2sfca", "e2sfca"], "services": ["hospital"]}
    tiny.tables["measures"]["decay"] = {"minutes": [3, 60], "weights": [1.0, 0.25]}
    assert tiny.run("--stage", "measures").code == 0
    table = sp.read_results(tiny.processed / "tiny").measures.set_index("measure")
    # One hospital, and all 360 people within the hour: one hospital for 360 is everybody's.
    assert table.loc["2sfca", "value"].tolist() == [1 / 360] * 8
    assert table.loc["e2sfca", "value"].nunique() == 2


def test_no_measure_looks_further_than_the_catchment_of_the_study(tiny):
    # The default decay ends at 30 min, and counts begin at 15: both end at 2 min.
    tiny.tables["measures"] = {"kinds": ["2sfca", "cumulative"], "services": ["hospital"], "catchment_min": 2.0}
    outcome = tiny.run("--stage", "measures")
    assert outcome.code == 0, outcome.err
    found = sp.read_results(tiny.processed / "tiny")
    way = found.access.query("service == 'hospital' and mode == 'drive'").set_index("settlement_id")["travel_time_min"]
    near = found.settlements.set_index("settlement_id")["population_persons"][way[way <= 2.0].index]
    assert 0 < len(near) < len(way)
    table = found.measures.pivot(index="settlement_id", columns="measure", values="value")
    assert table.loc[near.index, "2sfca"].tolist() == pytest.approx([1 / near.sum()] * len(near))
    assert (table["cumulative_2_min"] == (way <= 2.0).reindex(table.index)).all()


def test_a_decay_whose_form_hangs_on_its_end_is_not_cut_off(tiny):
    tiny.tables["measures"] = {"catchment_min": 20.0, "decay": {"kind": "linear", "minutes": [30.0]}}
    outcome = tiny.run("--stage", "measures")
    assert outcome.code == 2
    assert "catchment_min: 20 min; a linear decay to 30 min needs as many" in outcome.err


def test_a_count_within_a_cutoff_is_that_of_the_access_counts(ran):
    table = ran.measures.loc[
        (ran.measures["measure"] == "cumulative_15_min") & (ran.measures["service"] == "hospital")
    ].set_index("settlement_id")["value"]
    rows = ran.access_counts
    rows = rows.loc[(rows["mode"] == "drive") & (rows["service"] == "hospital")]
    assert (rows.set_index("settlement_id")["facilities_within_15_min"] == table.reindex(rows["settlement_id"])).all()


def test_a_longer_isochrone_holds_the_shorter_one(ran):
    two, five = ran.isochrones.sort_values("cutoff_min").geometry
    assert five.buffer(0.01).contains(two)
    assert five.area > two.area


def test_catchments_share_no_ground(ran):
    shapes = ran.catchments.loc[ran.catchments["service"] == "hospital"].geometry
    assert sum(shape.area for shape in shapes) == pytest.approx(shapes.union_all().area, rel=1e-6)


def test_the_assumed_time_lies_in_its_interval_and_is_that_of_the_access_table(ran):
    table = ran.intervals
    assert (table["low_min"] <= table["base_min"]).all()
    assert (table["base_min"] <= table["high_min"]).all()
    rows = ran.access.loc[(ran.access["mode"] == "drive") & (ran.access["service"] == "hospital")]
    same = rows.set_index("settlement_id")["travel_time_min"].reindex(table["settlement_id"]).to_numpy()
    assert np.allclose(table["base_min"], same, rtol=0, atol=1e-9)


def test_people_of_the_rural_access_index_are_those_of_the_study_area(ran):
    # One person in each cell; the study area is the box of 24 x 24 cells but for its rim.
    row = ran.rural_access.set_index("unit_level").loc["study"]
    assert row["population_persons"] == row["rural_persons"] + row["urban_persons"]
    zones = ran.rural_access.loc[ran.rural_access["unit_level"] != "study", "population_persons"]
    assert zones.sum() == pytest.approx(row["population_persons"])


def test_cells_hold_all_people_and_have_the_same_services_as_settlements(ran):
    assert ran.cells["population_persons"].sum() == pytest.approx(24 * 24)
    assert set(ran.cell_access["service"]) == set(ran.access["service"])
    assert len(ran.cell_access) == len(ran.cells) * ran.access.groupby(["service", "mode"]).ngroups


def test_walking_and_riding_is_never_slower_than_either_alone(ran):
    times = ran.access.pivot(index=["settlement_id", "service"], columns="mode", values="travel_time_min").fillna(
        np.inf
    )
    assert (times["walk+drive"] <= times[["walk", "drive"]].min(axis=1) + 1e-9).all()


def test_an_unknown_season_and_slopes_without_elevation_are_named_before_any_work(bare):
    bare.tables["network"] |= {"season": "monsoon", "slope": True}
    bare.tables["measures"] = {"services": ["hosptal"]}
    outcome = bare.run()
    assert outcome.code == 2
    assert "network.season: the speed table has no season 'monsoon'; it has all_season, dry, wet" in outcome.err
    assert "network.slope: slopes need [sources.elevation]" in outcome.err
    assert "measures.services: unknown 'hosptal'" in outcome.err
    assert bare.written() == []


@pytest.fixture
def off_road_study(what_it_rests_on, tiny):
    """The tiny study with a hospital off the roads: land cover in two files of shares, and hills on another grid."""
    grass, crops = np.full((24, 24), 70.0), np.full((24, 24), 30.0)
    grass[:, :6], crops[:, :6] = 50.0, 50.0
    hills = np.tile(np.arange(48.0), (48, 1))
    west_north = (103.99, 30.05)
    for name, values, step in (("grass", grass, 0.0025), ("crops", crops, 0.0025), ("hills", hills, 0.00125)):
        shape = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": "float64"}
        place = rasterio.transform.from_origin(*west_north, step, step)
        with rasterio.open(
            tiny.path(f"{name}.tif"), "w", driver="GTiff", crs="EPSG:4326", transform=place, **shape
        ) as file:
            file.write(values, 1)
    tiny.tables["sources.landcover"] = {"fractions": {"30": "tiny/grass.tif", "40": "tiny/crops.tif"}}
    tiny.tables["sources.elevation"] = {"path": "tiny/hills.tif"}
    tiny.tables["off_road"] = {"service": "hospital", "speeds": "esa_worldcover"}
    return tiny


def test_elevation_on_another_grid_is_refused_with_its_remedies(off_road_study):
    outcome = off_road_study.run("--stage", "off_road")
    assert outcome.code != 0
    for words in ("(48, 48), not (24, 24)", "resample = 'bilinear' in [off_road]", "slope = false"):
        assert words in outcome.err


def test_elevation_is_resampled_where_the_study_asks_and_a_finding_says_so(off_road_study):
    off_road_study.tables["off_road"] |= {"resample": "bilinear"}
    outcome = off_road_study.run("--stage", "off_road")
    assert outcome.code == 0, outcome.err
    found = sp.read_results(off_road_study.processed / "tiny")
    said = found.findings_off_road.set_index("kind")["detail"]
    assert "brought onto the grid of the land cover (bilinear)" in said["resampled"]
    assert "0 cells with land cover have no elevation" in said["resampled"]
    ties = found.findings_read.set_index("kind")["detail"]["landcover_ties"]
    assert ties.startswith("144 of 576 cells")
    assert set(found.off_road["reach_status"]) <= {"reached", "beyond_cutoff"}
    slow = found.off_road.set_index("settlement_id")["travel_time_min"]
    off_road_study.tables["off_road"] |= {"slope": False}
    assert off_road_study.run("--stage", "off_road").code == 0
    level = sp.read_results(off_road_study.processed / "tiny").off_road.set_index("settlement_id")["travel_time_min"]
    assert (slow != level).any()


def test_corners_of_the_ground_are_what_the_study_says(off_road_study):
    # A chessboard off the roads: with all the squares of one colour closed, the others meet at corners alone.
    board = np.indices((24, 24)).sum(axis=0) % 2
    for name in ("grass", "crops"):
        with rasterio.open(off_road_study.path(f"{name}.tif"), "r+") as file:
            file.write(file.read(1) * board, 1)
    reached = {}
    for corners in ("block", "pass"):
        off_road_study.tables["off_road"] |= {"slope": False, "cutoff_min": 5e5, "corners": corners}
        outcome = off_road_study.run("--stage", "off_road")
        assert outcome.code == 0, outcome.err
        found = sp.read_results(off_road_study.processed / "tiny")
        reached[corners] = np.isfinite(found.off_road_min.values)
        is_open = np.isfinite(found.friction.values)
    assert (reached["pass"] == is_open).all()
    assert reached["block"].sum() < is_open.sum()


def test_a_surface_leaves_out_what_is_for_some_units_and_a_finding_says_so(off_road_study):
    off_road_study.tables["off_road"] |= {"slope": False, "service": "primary_school"}
    lines = off_road_study.path("facilities.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{row},{'东镇' if row.startswith('f3') else ''}" for row in lines[1:]]
    off_road_study.write("facilities.csv", "\n".join([f"{lines[0]},eligible_units", *rows]))
    outcome = off_road_study.run("--stage", "off_road")
    assert outcome.code == 0, outcome.err
    found = sp.read_results(off_road_study.processed / "tiny")
    assert set(found.off_road["facility_id"].dropna()) == {"f2"}
    said = found.findings_off_road.query("kind == 'restricted_facility'")
    assert said["subject_id"].tolist() == ["f3"]


def test_a_surface_that_reaches_nothing_is_no_layer_of_the_project(off_road_study):
    off_road_study.tables["off_road"] |= {"slope": False, "service": "bank"}  # there is none
    off_road_study.tables["qgis"] = {"project": "full"}
    outcome = off_road_study.run("--until", "qgis")
    assert outcome.code == 0, outcome.err
    assert not np.isfinite(sp.read_results(off_road_study.processed / "tiny").off_road_min.values).any()
    assert [path.name for path in off_road_study.processed.rglob("tiny_*.tif")] == ["tiny_friction.tif"]


def test_without_any_number_of_people_competition_is_unknown_and_counts_stand(tiny):
    del tiny.tables["sources.settlements"]["columns"]["population_persons"]
    tiny.tables["measures"] = {"kinds": ["e2sfca", "overlap", "cumulative"], "services": ["hospital"]}
    tiny.tables["measures"]["persons_per_unit"] = {"hospital": 1000.0}
    outcome = tiny.run("--stage", "measures")
    assert outcome.code == 0, outcome.err
    found = sp.read_results(tiny.processed / "tiny")
    table = found.measures.set_index(["settlement_id", "measure"]).sort_index()
    rows = table.xs("e2sfca", level="measure")
    assert rows["value"].isna().all()
    assert set(rows["status"]) <= {"people_unknown", "no_pair", "beyond_cutoff"}
    assert (rows["status"] == "people_unknown").any()
    counted = table.xs("overlap", level="measure")
    assert counted["value"].notna().all()
    assert (counted["value"] == rows["facilities_reached"]).all()
