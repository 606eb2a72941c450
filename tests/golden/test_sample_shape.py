"""The sample county has the shape of real regions: figures measured on Comoros and Rutland, with tolerances."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import osmium
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from scipy.spatial import cKDTree

GROUPS = {
    "main": ("motorway", "trunk", "primary", "secondary"),
    "local": ("tertiary", "unclassified"),
    "streets": ("residential", "living_street"),
    "service": ("service",),
    "track": ("track",),
    "paths": ("path", "footway", "bridleway", "cycleway", "steps"),
}
MOTOR = {kind for name in ("main", "local", "streets", "service", "track") for kind in GROUPS[name]}
PLACES = ("city", "town", "village", "hamlet")
MEDICAL = {"amenity": ("hospital", "clinic", "doctors"), "healthcare": ("hospital", "clinic", "doctor", "centre")}


@dataclass(frozen=True)
class Shape:
    """Figures of a region; lengths in metres, shares 0-1."""

    main: float
    local: float
    streets: float
    service: float
    track: float
    paths: float
    core_share: float
    ends_of_core: float
    surface_tagged: float
    snap_median_m: float
    snap_p90_m: float
    clinic_median_m: float
    size_log_spread: float = float("nan")
    size_p90_over_median: float = float("nan")
    size_median_over_p10: float = float("nan")


# Measured by `_measure` below on the extracts that `test_the_figures_of_the_real_regions_are_as_measured` reads.
COMOROS = Shape(
    main=0.1452,
    local=0.3413,
    streets=0.3811,
    service=0.0171,
    track=0.0840,
    paths=0.0314,
    core_share=0.1139,
    ends_of_core=0.2807,
    surface_tagged=0.1006,
    snap_median_m=20.2,
    snap_p90_m=56.9,
    clinic_median_m=4770.0,
    size_log_spread=1.035,
    size_p90_over_median=3.589,
    size_median_over_p10=2.683,
)
RUTLAND = Shape(
    main=0.1053,
    local=0.2427,
    streets=0.0843,
    service=0.1607,
    track=0.1110,
    paths=0.2953,
    core_share=0.2174,
    ends_of_core=0.3828,
    surface_tagged=0.1463,
    snap_median_m=17.0,
    snap_p90_m=49.2,
    clinic_median_m=6290.0,
)


class _Reader(osmium.SimpleHandler):
    """Roads, places and doctors of an extract, with the fewest rules that do."""

    def __init__(self) -> None:
        super().__init__()
        self.roads, self.places, self.medical = [], [], []

    def node(self, node) -> None:
        if node.tags.get("place") in PLACES:
            self.places.append((node.location.lon, node.location.lat))
        if self._is_medical(node.tags):
            self.medical.append((node.location.lon, node.location.lat))

    def way(self, way) -> None:
        if self._is_medical(way.tags):
            self.medical.append(tuple(np.mean([(node.lon, node.lat) for node in way.nodes], axis=0)))
        if "highway" in way.tags and way.tags.get("area") != "yes":
            line = [(node.lon, node.lat) for node in way.nodes]
            kind = way.tags["highway"].removesuffix("_link")
            self.roads.append((kind, [node.ref for node in way.nodes], line, "surface" in way.tags))

    @staticmethod
    def _is_medical(tags) -> bool:
        return any(tags.get(key) in values for key, values in MEDICAL.items())


def _measure(path, epsg, *, places=None, medical=None, population=None) -> Shape:
    reader = _Reader()
    reader.apply_file(str(path), locations=True)
    project = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)

    def metres(points) -> np.ndarray:
        return np.stack(project.transform(*np.array(points).T), axis=-1)

    lines = [metres(line) for _, _, line, _ in reader.roads]
    length = Counter()
    for (kind, *_), line in zip(reader.roads, lines, strict=True):
        length[kind] += float(np.hypot(*np.diff(line, axis=0).T).sum())
    total = sum(length.values())
    shares = {name: sum(length[kind] for kind in kinds) / total for name, kinds in GROUPS.items()}
    motor = [number for number, road in enumerate(reader.roads) if road[0] in MOTOR]
    core, ends = _core(reader.roads[number][1] for number in motor)
    at = metres(places if places is not None else reader.places)
    tree = shapely.STRtree([shapely.LineString(lines[number]) for number in motor])
    _, snap = tree.query_nearest(shapely.points(at), return_distance=True, all_matches=False)
    clinic, _ = cKDTree(metres(medical if medical is not None else reader.medical)).query(at)
    return Shape(
        **shares,
        core_share=core,
        ends_of_core=ends,
        surface_tagged=float(np.mean([reader.roads[number][3] for number in motor])),
        snap_median_m=float(np.median(snap)),
        snap_p90_m=float(np.quantile(snap, 0.9)),
        clinic_median_m=float(np.median(clinic)),
        **(_sizes(population, metres, at) if population else {}),
    )


def _core(refs) -> tuple[float, float]:
    """Share of nodes that stay when chains are contracted, and the share of dead ends among them."""
    beside: dict[int, set[int]] = {}
    for nodes in refs:
        for first, second in pairwise(nodes):
            if first != second:
                beside.setdefault(first, set()).add(second)
                beside.setdefault(second, set()).add(first)
    degree = np.array([len(others) for others in beside.values()])
    return float((degree != 2).mean()), float((degree == 1).sum() / (degree != 2).sum())


def _sizes(path, metres, at) -> dict[str, float]:
    """People of settlements when each cell belongs to the nearest one."""
    with rasterio.open(path) as raster:
        values, transform, nodata = raster.read(1).astype(float), raster.transform, raster.nodata
    row, column = np.nonzero((values > 0) & (values != nodata))
    x, y = transform * (column + 0.5, row + 0.5)
    _, nearest = cKDTree(at).query(metres(np.stack([x, y], axis=-1)))
    size = np.bincount(nearest, values[row, column], len(at))
    low, middle, high = np.quantile(size, [0.1, 0.5, 0.9])
    return {
        "size_log_spread": float(np.log(size[size > 0]).std()),
        "size_p90_over_median": float(high / middle),
        "size_median_over_p10": float(middle / low),
    }


@pytest.fixture(scope="module")
def sample(tmp_path_factory, put_sample_county) -> Shape:
    folder = put_sample_county(tmp_path_factory.mktemp("raw") / "sample")
    places = pd.read_csv(folder / "settlements.csv")[["lon", "lat"]].to_numpy()
    facilities = pd.read_csv(folder / "facilities.csv")
    # The doctors of the real regions are hospitals and centres; village clinics, which they lack, are left out.
    doctors = facilities["kind"].isin(["county_hospital", "specialist_hospital", "township_health_centre"])
    medical = facilities.loc[doctors, ["lon", "lat"]].to_numpy()
    return _measure(
        folder / "sample.osm.pbf", 32648, places=places, medical=medical, population=folder / "population.tif"
    )


@pytest.mark.data
@pytest.mark.slow
def test_the_figures_of_the_real_regions_are_as_measured(comoros, rutland) -> None:
    measured = _measure(comoros / "comoros.osm.pbf", 32738, population=comoros / "population.tif")
    for name, value in vars(COMOROS).items():
        assert getattr(measured, name) == pytest.approx(value, rel=5e-3, abs=6e-5), name
    measured = _measure(rutland / "rutland.osm.pbf", 32630)
    for name, value in vars(RUTLAND).items():
        if not np.isnan(value):
            assert getattr(measured, name) == pytest.approx(value, rel=5e-3, abs=6e-5), name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["main", "local", "streets", "service", "track", "paths"])
def test_shares_of_road_length_lie_between_the_real_regions(sample, name) -> None:
    # Two regions do not span the world: 30 per cent beyond either is still believable.
    low, high = sorted((getattr(COMOROS, name), getattr(RUTLAND, name)))
    assert 0.7 * low <= getattr(sample, name) <= 1.3 * high


@pytest.mark.slow
@pytest.mark.parametrize("name", ["core_share", "ends_of_core", "surface_tagged"])
def test_the_network_contracts_as_the_real_ones_do(sample, name) -> None:
    low, high = sorted((getattr(COMOROS, name), getattr(RUTLAND, name)))
    assert 0.85 * low <= getattr(sample, name) <= 1.15 * high


@pytest.mark.slow
@pytest.mark.parametrize("name", ["size_log_spread", "size_p90_over_median", "size_median_over_p10"])
def test_settlements_differ_in_size_as_those_of_comoros_do(sample, name) -> None:
    # Shapes, not sizes: Comoros maps 154 places for 870,000 people, China counts every administrative village.
    assert getattr(sample, name) == pytest.approx(getattr(COMOROS, name), rel=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["snap_median_m", "snap_p90_m"])
def test_places_lie_as_near_to_a_road_as_real_ones(sample, name) -> None:
    low, high = sorted((getattr(COMOROS, name), getattr(RUTLAND, name)))
    assert 0.6 * low <= getattr(sample, name) <= 1.5 * high


@pytest.mark.slow
def test_doctors_are_within_twice_the_distance_of_real_ones(sample) -> None:
    # Nearer than in either region: one health centre a township is spread more evenly than clinics that choose towns.
    assert 0.5 <= sample.clinic_median_m / COMOROS.clinic_median_m <= 2.0
