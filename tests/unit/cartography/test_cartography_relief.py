"""The shade of the relief: where the light comes from, where the picture lies, and how large it is."""

from __future__ import annotations

import warnings

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.transform import from_bounds

from spatial.cartography.basemap import MAX_BYTES, hillshade, palette_png, relief_block
from spatial.rasters import Raster

LEVEL = 1.0 - np.sqrt(0.5)  # light from 45 degrees up: the cosine is sin(45 degrees)


def _raster(values: np.ndarray, box: tuple[float, float, float, float], crs: str = "EPSG:4326") -> Raster:
    rows, columns = values.shape
    return Raster(values, from_bounds(*box, columns, rows), pyproj.CRS(crs))


def _read(content: bytes) -> tuple[np.ndarray, dict[int, tuple[int, ...]]]:
    """Codes and colours of a picture, as GDAL reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with MemoryFile(content) as file, file.open() as picture:
            assert picture.count == 1
            return picture.read(1), picture.colormap(1)


def _opacity(block: dict) -> np.ndarray:
    """Opacity of each pixel, 0 to 255."""
    codes, table = _read(block["image"].raw)
    return np.vectorize(lambda code: table[code][3])(codes)


def test_level_ground_above_the_sea_gets_a_faint_shade() -> None:
    np.testing.assert_allclose(hillshade(np.full((4, 4), 100.0), 30.0), LEVEL)


@pytest.mark.parametrize(
    ("down", "expected"),
    [
        # a slope of 45 degrees: the normal leans 1/sqrt(2) that way; its cosine with (-1/2, 1/2, 1/sqrt(2)) follows
        ("north", 1 - (0.5 + np.sqrt(0.5)) / np.sqrt(2)),
        ("west", 1 - (0.5 + np.sqrt(0.5)) / np.sqrt(2)),
        ("south", 1 - (-0.5 + np.sqrt(0.5)) / np.sqrt(2)),
        ("east", 1 - (-0.5 + np.sqrt(0.5)) / np.sqrt(2)),
    ],
)
def test_slopes_to_the_north_west_are_lit(down: str, expected: float) -> None:
    ramp = np.arange(1.0, 6.0) * 30.0
    falls_west = np.tile(ramp, (5, 1))
    surface = {"west": falls_west, "east": falls_west[:, ::-1], "north": falls_west.T, "south": falls_west.T[::-1]}[
        down
    ]
    np.testing.assert_allclose(hillshade(surface, 30.0), expected)


def test_unknown_ground_and_the_open_sea_stay_clear() -> None:
    surface = np.full((5, 5), 50.0)
    surface[:, :2] = 0.0
    surface[4, 4] = np.nan
    shade = hillshade(surface, 30.0)
    assert np.isnan(shade[:, 0]).all()
    assert np.isnan(shade[4, 4])
    assert np.isfinite(shade[1, 2])


def test_the_picture_is_a_palette_of_one_ink() -> None:
    shade = np.linspace(0.0, 1.0, 64).reshape(8, 8)
    shade[0, 0] = np.nan
    codes, table = _read(palette_png(shade))
    assert {colour[:3] for colour in table.values() if colour[3]} == {(38, 50, 58)}
    assert table[codes[0, 0]][3] == 0
    # 38 % of 255, the deepest shade
    assert table[codes[-1, -1]][3] == 97


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32648"])
def test_a_mountain_stands_where_it_is(crs: str) -> None:
    # a cone of 900 m at 104.30 E, 28.60 N; its summit parts lit from shaded ground
    box = (104.0, 28.3, 104.5, 28.8)
    if crs != "EPSG:4326":
        box = rasterio.warp.transform_bounds("EPSG:4326", crs, *box)
    rows = columns = 300
    transform = from_bounds(*box, columns, rows)
    x, y = rasterio.transform.xy(transform, *np.indices((rows, columns)).reshape(2, -1))
    east, north = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    metres = np.hypot((east - 104.30) * 97_800, (north - 28.60) * 110_800)
    surface = np.maximum(900.0 - metres / 10.0, 50.0).reshape(rows, columns)
    block = relief_block(_raster(surface, box, crs), [[28.4, 104.1], [28.7, 104.4]])
    opacity = _opacity(block)
    height, width = opacity.shape
    # web Mercator rows between 28.4 and 28.7 N
    mercator = np.arctanh(np.sin(np.radians([28.4, 28.6, 28.7])))
    row = round((mercator[2] - mercator[1]) / (mercator[2] - mercator[0]) * height)
    column = round((104.30 - 104.1) / 0.3 * width)
    step = width // 30
    lit, shaded = opacity[row - step, column - step], opacity[row + step, column + step]
    assert shaded > lit + 20
    # far from the cone, the ground is level on both sides of the summit
    assert opacity[5, 5] == opacity[-5, 5]


def test_a_rough_country_stays_within_its_bytes_and_the_same() -> None:
    surface = np.random.default_rng(11).uniform(1.0, 900.0, (1500, 1500))
    raster = _raster(surface, (104.0, 28.0, 105.0, 29.0))
    bounds = [[28.1, 104.1], [28.9, 104.9]]
    block = relief_block(raster, bounds)
    assert len(block["image"].raw) <= MAX_BYTES
    assert block["bounds"] == bounds
    assert block == relief_block(raster, bounds)


def test_low_hills_are_raised_and_mountains_are_not() -> None:
    columns = np.tile(np.sin(np.arange(200) / 6.0), (200, 1))
    bounds = [[28.2, 104.2], [28.8, 104.8]]
    low = relief_block(_raster(20.0 + 5.0 * columns, (104.0, 28.0, 105.0, 29.0)), bounds)
    high = relief_block(_raster(9000.0 + 8000.0 * columns, (104.0, 28.0, 105.0, 29.0)), bounds)
    assert low["factor"] == 8.0
    assert high["factor"] == 1.0


def test_ground_that_the_raster_does_not_reach_has_no_relief() -> None:
    raster = _raster(np.ones((10, 10)), (0.0, 0.0, 1.0, 1.0))
    assert relief_block(raster, [[28.2, 104.2], [28.8, 104.8]]) is None
    empty = _raster(np.full((10, 10), np.nan), (104.0, 28.0, 105.0, 29.0))
    assert relief_block(empty, [[28.2, 104.2], [28.8, 104.8]]) is None
