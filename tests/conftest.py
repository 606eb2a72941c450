"""Fixtures shared by all tests: the real regions, a browser and PyQGIS, each with a reason where it is absent."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely


def _absent(what: str, reason: str) -> None:
    required = {item.strip() for item in os.environ.get("SPATIAL_REQUIRE", "").split(",")}
    if what in required:
        pytest.fail(f"{what} is required by SPATIAL_REQUIRE: {reason}")
    pytest.skip(reason)


def _region(name: str) -> Path:
    root = os.environ.get("SPATIAL_TEST_DATA")
    if not root:
        _absent("data", "SPATIAL_TEST_DATA does not name the folder of the real regions")
    folder = Path(str(root)).resolve() / name
    if not folder.is_dir():
        _absent("data", f"SPATIAL_TEST_DATA has no folder {name}")
    return folder


@pytest.fixture(scope="session")
def comoros() -> Path:
    """The folder of Comoros' raw files."""
    return _region("comoros")


@pytest.fixture(scope="session")
def rutland() -> Path:
    """The folder of Rutland's raw files."""
    return _region("rutland")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        _absent("browser", "no chromium on the path (Debian: chromium)")
    return str(found)


@pytest.fixture(scope="session")
def qgis_python() -> str:
    """Path of the Python that has PyQGIS."""
    python = "/usr/bin/python3"
    try:
        probe = subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False, timeout=120)
    except OSError:
        _absent("qgis", f"no {python}")
    else:
        if probe.returncode != 0:
            _absent("qgis", "PyQGIS is not installed (Debian: python3-qgis)")
    return python


class GridCity:
    """
    A town of straight streets one kilometre apart, whose times are known by arithmetic.

    Streets are tertiary roads at 30 km/h in the preset rural_cn, so a block takes 2 minutes; a walk off the street
    takes 60 x 1.3 / 5 = 15.6 minutes a kilometre.
    """

    crs = "EPSG:32738"
    origin = (500_000.0, 8_700_000.0)
    minutes_a_block = 2.0
    walk_min_a_km = 15.6

    def point(self, x_km, y_km):
        return shapely.Point(self.origin[0] + 1000.0 * x_km, self.origin[1] + 1000.0 * y_km)

    def line(self, *points):
        return shapely.LineString([self.point(*point) for point in points])

    def roads(self, blocks=4, *, more=()):
        ticks = range(blocks + 1)
        lines = [self.line(*((x, y) for x in ticks)) for y in ticks]
        lines += [self.line(*((x, y) for y in ticks)) for x in ticks]
        lines += [self.line(*points) for points in more]
        ids = [f"w{number}" for number in range(1, len(lines) + 1)]
        return gpd.GeoDataFrame({"road_id": ids, "road_class": "tertiary"}, geometry=lines, crs=self.crs)

    def graph(self, blocks=4, *, mode="drive", more=()):
        from spatial.network import build_network  # noqa: PLC0415 - slow to import, and few tests need it

        return build_network(self.roads(blocks, more=more), mode=mode, speeds="rural_cn")

    def settlements(self, places, **columns):
        """Places are (id, tier, x_km, y_km)."""
        ids, tiers, xs, ys = zip(*places, strict=True) if places else ((), (), (), ())
        n = len(ids)
        values = {
            "settlement_id": pd.Series(ids, dtype="str"),
            "name": pd.Series(ids, dtype="str"),
            "tier": pd.Series(tiers, dtype="str"),
            "in_study": np.ones(n, dtype=bool),
            "population_persons": np.full(n, np.nan),
            "population_source": pd.Series(["none"] * n, dtype="str"),
            **columns,
        }
        points = [self.point(x, y) for x, y in zip(xs, ys, strict=True)]
        return gpd.GeoDataFrame(values, geometry=gpd.GeoSeries(points, crs=self.crs), crs=self.crs)

    def facilities(self, places, **columns):
        """Places are (id, service, x_km, y_km)."""
        ids, services, xs, ys = zip(*places, strict=True) if places else ((), (), (), ())
        n = len(ids)
        values = {
            "facility_id": pd.Series(ids, dtype="str"),
            "name": pd.Series(ids, dtype="str"),
            "service": pd.Series(services, dtype="str"),
            "capacity": np.full(n, np.nan),
            "load": np.full(n, np.nan),
            "status": pd.Series(["existing"] * n, dtype="str"),
            "in_study": np.ones(n, dtype=bool),
            **columns,
        }
        points = [self.point(x, y) for x, y in zip(xs, ys, strict=True)]
        return gpd.GeoDataFrame(values, geometry=gpd.GeoSeries(points, crs=self.crs), crs=self.crs)


@pytest.fixture(scope="session")
def grid_city() -> GridCity:
    """A regular grid whose times are known by arithmetic."""
    return GridCity()
