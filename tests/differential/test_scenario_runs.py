"""
Whole runs of scenarios against the table of scenarios, on the synthetic county and on Comoros: the same times.

`make test` tries a scenario of all kinds at once on the county; `make trials` each kind alone, and the islands.
"""

import tomllib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

import spatial as sp

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
SERVICES = ["hospital", "primary_care"]


def new_road(path, points, crs):
    """A fast road from place to place, as a file of the user's own."""
    line = gpd.GeoSeries([shapely.LineString(points)], crs=crs)
    columns = {"road_id": ["plan"], "road_class": ["secondary"], "speed_km_h": [60.0]}
    path.parent.mkdir(parents=True, exist_ok=True)
    gpd.GeoDataFrame(columns, geometry=line).to_crs("EPSG:4326").to_file(path, driver="GeoJSON")


def scenarios_of(road, closed):
    changes = {
        "closed": {"close": closed},
        "faster": {"speed_factors": {"tertiary": 1.3, "unclassified": 1.2}},
        "road": {"new_roads": road},
        "all": {"close": closed, "new_roads": road, "speed_factors": {"tertiary": 1.3}},
    }
    return [{"name": name, "services": SERVICES, **change} for name, change in changes.items()]


def assert_runs_are_as_the_table(study, names, where):
    today = sp.run(study, until="scenarios", **where)
    for name in names:
        run = sp.run(study, scenario=name, until="access", **where)
        table = today.scenario_access.query("scenario == @name")
        assert set(table["service"]) == set(SERVICES)
        by = ["service", "settlement_id"]
        found = run.access.query("mode == 'drive'").set_index(by)["travel_time_min"]
        rows = table.set_index(by)
        after = found.reindex(rows.index).to_numpy()
        np.testing.assert_array_equal(after, rows["after_min"], err_msg=name)
        assert not np.allclose(after, rows["before_min"], rtol=0, atol=1e-9, equal_nan=True), name
        people = today.scenario_people.query("scenario == @name").set_index(["service", "cutoff_min"])
        for (service, cutoff), row in people.iterrows():
            counted = rows.loc[service].query("in_study")["population_persons"]
            within = found.loc[service].reindex(counted.index) <= cutoff
            assert counted[within].sum() == pytest.approx(row["within_after_persons"], rel=1e-12)


def far_places(settlements):
    """The place farthest north and the one nearest to the middle of all."""
    xy = np.column_stack((settlements.geometry.x, settlements.geometry.y))
    north = int(np.argmax(xy[:, 1]))
    middle = int(np.argmin(np.hypot(*(xy - np.median(xy, axis=0)).T)))
    return xy[[north, middle]]


EVERY = ("closed", "faster", "road", "all")
ALONE = pytest.param(EVERY[:3], id="each", marks=pytest.mark.trial)


@pytest.mark.parametrize("names", [pytest.param(EVERY[3:], id="all"), ALONE])
def test_the_synthetic_county(tmp_path, sample_run, go_on_from, names):
    raw, where = tmp_path / "raw", {"processed": tmp_path / "processed", "maps": tmp_path / "maps"}
    go_on_from(sample_run, tmp_path)
    raw.mkdir()
    (raw / "sample").symlink_to(sample_run / "raw" / "sample")
    first = sp.read_results(tmp_path / "processed" / "sample")
    new_road(raw / "plan/road.geojson", far_places(first.settlements), first.settlements.crs)
    edges = first.edges.query("mode == 'drive'")
    busy = edges.loc[edges["is_bridge"], "edge_id"].head(3).tolist()
    scenarios = [item for item in scenarios_of("plan/road.geojson", busy) if item["name"] in names]
    values = tomllib.loads(sp.sample_study())
    study = sp.Study.from_dict({**values, "scenarios": scenarios}, raw=raw)
    assert_runs_are_as_the_table(study, names, where)


@pytest.mark.data
@pytest.mark.trial
@pytest.mark.parametrize("names", [pytest.param(EVERY[3:], id="all"), ALONE])
def test_comoros(tmp_path, comoros, region_run, go_on_from, names):
    raw, where = tmp_path / "raw", {"processed": tmp_path / "processed", "maps": tmp_path / "maps"}
    go_on_from(region_run(comoros), tmp_path)
    raw.mkdir()
    (raw / "comoros").symlink_to(comoros)
    first = sp.read_results(tmp_path / "processed" / "comoros")
    island = first.settlements.loc[lambda rows: rows.geometry.x < rows.geometry.x.median()]
    new_road(raw / "plan/road.geojson", far_places(island), island.crs)
    scenarios = [item for item in scenarios_of("plan/road.geojson", ["w575657663"]) if item["name"] in names]
    values = tomllib.loads((EXAMPLES / "comoros.toml").read_text(encoding="utf-8"))
    assert_runs_are_as_the_table(sp.Study.from_dict({**values, "scenarios": scenarios}, raw=raw), names, where)
