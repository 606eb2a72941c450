"""The surface of a real country: land cover, roads and rivers of Comoros, beside its network."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import array_bounds

from spatial.access.analyst import cost_to_closest
from spatial.errors import ContractError
from spatial.inputs.prepare import prepare
from spatial.network.build import build_network
from spatial.people.population import allocate_population
from spatial.rasters import Raster
from spatial.runner.stage import Options
from spatial.stages.off_road import off_road
from spatial.study import Study
from spatial.terrain.friction import friction_surface
from spatial.terrain.surface import cells_at, move_to_open_cells, travel_time_surface

pytestmark = pytest.mark.data

EXAMPLES = Path(__file__).parents[3] / "examples"

WORLDCOVER = {
    "Tree": 10,
    "Shrub": 20,
    "Grass": 30,
    "Crops": 40,
    "BuiltUp": 50,
    "Bare": 60,
    "PermanentWater": 80,
    "SeasonalWater": 90,
}
"""Fractions of Copernicus, and the class of ESA WorldCover that each resembles."""


@pytest.fixture(scope="module")
def islands(comoros, region_layers):
    return region_layers(comoros)


@pytest.fixture(scope="module")
def cover(comoros):
    shares = []
    for kind in WORLDCOVER:
        with rasterio.open(comoros / "landcover" / f"landcover_{kind}.tif") as file:
            shares.append(np.where(file.read_masks(1) == 0, np.nan, file.read(1)))
            transform = file.transform
    known = ~np.isnan(shares).any(axis=0)
    largest = np.array(list(WORLDCOVER.values()), float)[np.nan_to_num(shares).argmax(axis=0)]
    return Raster(np.where(known, largest, np.nan), transform, pyproj.CRS("EPSG:4326"), "land cover")


@pytest.fixture(scope="module")
def friction(islands, cover):
    water = islands.water[islands.water["is_barrier"]]
    return friction_surface(
        cover, "esa_worldcover", roads=islands.roads.to_crs(4326), barriers=water.to_crs(4326), mode="motorised"
    )


def _cells(frame, friction):
    """Cells of the rows that lie on the raster, moved off barriers, and those rows."""
    points = gpd.GeoSeries(frame.geometry.representative_point(), crs=frame.crs).to_crs(4326)
    west, south, east, north = array_bounds(*friction.min_per_m.shape, friction.transform)
    inside = points.cx[west:east, south:north]
    cells = cells_at(inside, friction.raster)
    moved = move_to_open_cells(friction.min_per_m, cells, resolution_m=friction.resolution_m)
    return moved, inside.index


def test_the_surface_agrees_with_the_network_where_people_drive(islands, friction) -> None:
    """Off the roads people walk straight on, so the surface is a little faster where the snap makes a detour."""
    hospitals = islands.facilities[islands.facilities["service"] == "hospital"]
    sources, _ = _cells(hospitals, friction)
    minutes = travel_time_surface(friction.min_per_m, sources[["row", "column"]], resolution_m=friction.resolution_m)
    moved, rows = _cells(islands.settlements, friction)
    graph = build_network(islands.roads, mode="drive")
    near = cost_to_closest(graph, islands.settlements.loc[rows], islands.facilities, service="hospital", k=1)
    ids = islands.settlements.loc[rows, "settlement_id"]
    on_roads = near.set_index("from_id")["travel_time_min"].reindex(ids).to_numpy()
    off_roads = minutes[moved["row"], moved["column"]]
    both = np.isfinite(on_roads) & np.isfinite(off_roads)
    assert both.mean() > 0.95
    assert np.corrcoef(on_roads[both], off_roads[both])[0, 1] > 0.95
    assert abs(np.median(off_roads[both] - on_roads[both])) < 3.0


def test_three_islands_are_not_joined_by_the_sea(islands, friction) -> None:
    hospitals = islands.facilities[islands.facilities["service"] == "hospital"]
    sources, _ = _cells(hospitals, friction)
    one = travel_time_surface(
        friction.min_per_m, sources[["row", "column"]].head(1), resolution_m=friction.resolution_m
    )
    reached = np.isfinite(one).sum() / np.isfinite(friction.min_per_m).sum()
    assert 0.05 < reached < 0.7


def test_roads_open_rivers_and_the_report_says_how_many_cells(friction) -> None:
    assert friction.report["opened_cells"] > 0
    assert friction.report["cells"] == friction.min_per_m.size
    assert sum(friction.report["cells_by_class"].values()) + friction.report["no_data_cells"] == 1028 * 1327


SHARES = WORLDCOVER | {"Snow": 70, "MossLichen": 100}


@pytest.fixture(scope="module")
def walkers(comoros):
    """The study of Comoros with its shares of land cover, its sources, and people on its settlements."""
    study = Study.from_toml(EXAMPLES / "comoros.toml", raw=comoros.parent)
    values = study.model_dump(exclude={"raw"})
    files = {code: f"comoros/landcover/landcover_{kind}.tif" for kind, code in SHARES.items()}
    values["sources"]["landcover"] = {"fractions": files}
    values["off_road"] = {"service": "hospital", "speeds": "esa_worldcover", "cutoff_min": 1e4}
    layers = prepare(Study.from_dict(values, raw=comoros.parent))
    graph = build_network(layers.roads, mode="walk")
    people = allocate_population(layers.settlements, layers.population, graph=graph)
    near = cost_to_closest(graph, people, layers.facilities, service="hospital")
    inputs = {name: getattr(layers, name) for name in ("facilities", "roads", "water", "landcover", "elevation")}
    return values, {**inputs, "settlements": people}, layers, near


def _off_road(walkers, raw, **options):
    values, inputs, *_ = walkers
    study = Study.from_dict(values | {"off_road": values["off_road"] | options}, raw=raw)
    return off_road(**inputs, options=Options(study, ("off_road", "access", "services_file")))


def _people_beyond(minutes, table, people):
    times = table["travel_time_min"].fillna(np.inf).to_numpy()
    return float(people["population_persons"].to_numpy()[times > minutes].sum())


def test_shares_of_land_cover_give_classes_and_their_ties_are_findings(walkers):
    _, inputs, layers, _ = walkers
    classes = np.unique(inputs["landcover"].values)
    assert set(classes[~np.isnan(classes)]) <= set(map(float, SHARES.values()))
    said = layers.findings.set_index("kind")["detail"]
    assert said["landcover_ties"].startswith("2,222 of 1,355,932 cells")
    (known,) = (issue for issue in layers.issues if "facilities without a name, to look at" not in issue)
    assert "appear interchanged by the producer" in known


def test_elevation_of_one_second_does_not_fit_land_cover_of_three(walkers, comoros):
    with pytest.raises(ContractError, match="set resample = 'bilinear'"):
        _off_road(walkers, comoros.parent)


def test_comoros_walks_to_hospital_off_the_roads_about_as_fast_as_on_paths(walkers, comoros):
    made = _off_road(walkers, comoros.parent, resample="bilinear")
    _, inputs, _, near = walkers
    people = inputs["settlements"]
    assert made["off_road"]["settlement_id"].tolist() == people["settlement_id"].tolist()
    network = near.set_index("from_id").reindex(people["settlement_id"])
    for minutes, share in ((60, 0.42), (120, 0.19)):
        off = _people_beyond(minutes, made["off_road"], people)
        assert off / people["population_persons"].sum() == pytest.approx(share, abs=0.03)
        # The network walks on the level at 5 km/h and on paths alone; slopes outweigh the short cuts.
        assert 1.0 < off / _people_beyond(minutes, network, people) < 1.3
    assert set(made["findings_off_road"]["kind"]) == {"resampled", "on_barrier"}


def test_slopes_keep_people_from_hospital(walkers, comoros):
    steep = _off_road(walkers, comoros.parent, resample="nearest")["off_road"]["travel_time_min"]
    level = _off_road(walkers, comoros.parent, slope=False)["off_road"]["travel_time_min"]
    assert steep.median() > level.median()
