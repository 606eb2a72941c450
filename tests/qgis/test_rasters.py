"""Rasters as cloud-optimised GeoTIFF with a look beside them."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio

from spatial.errors import ContractError
from spatial.messages import Words
from spatial.qgis import write_raster


@pytest.fixture(scope="module")
def written(population):
    return write_raster(population, name="population", unit="persons", title="Population", words=Words("en", "qgis"))


@pytest.fixture(scope="module")
def cog(written, tmp_path_factory):
    path = tmp_path_factory.mktemp("raster") / written.artifacts[0].name
    path.write_bytes(written.artifacts[0].content)
    return path


def test_values_cells_and_total_stay_what_they_were(population, cog):
    with rasterio.open(cog) as source:
        values = source.read(1)
        assert source.transform == population.transform
        assert source.crs.to_epsg() == 32648
        assert np.isnan(source.nodata)
    np.testing.assert_array_equal(values, population.values)
    assert np.nansum(values) == population.total


def test_the_file_is_cloud_optimised_with_unit_statistics_and_overviews(population, cog):
    with rasterio.open(cog) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.units == ("persons",)
        # 300 by 400 cells in tiles of 256: one overview of half the size fits a tile.
        assert source.overviews(1) == [2]
        tags = source.tags(1)
    assert float(tags["STATISTICS_MAXIMUM"]) == pytest.approx(np.nanmax(population.values))
    assert float(tags["STATISTICS_MEAN"]) == pytest.approx(np.nanmean(population.values))


def test_the_look_has_labelled_classes(written):
    root = ET.fromstring(written.artifacts[1].content.decode().split("\n", 1)[1])  # noqa: S314 - our own
    labels = [item.get("label") for item in root.iter("item")]
    assert labels[:2] == ["nobody", "persons a cell: up to 1"]
    assert labels[-1] == "persons a cell: more than 500"
    assert root.find(".//item").get("alpha") == "0"


def test_equal_rasters_give_equal_bytes(population, written):
    again = write_raster(population, name="population", unit="persons", title="Population", words=Words("en", "qgis"))
    assert again.artifacts == written.artifacts


def test_minutes_have_classes_of_their_own(population):
    made = write_raster(population, name="travel_time", unit="min", title="Travel time", words=Words("zh", "qgis"))
    text = made.artifacts[1].content.decode()
    assert "不超过15分钟" in text
    assert "超过120分钟" in text


def test_a_raster_without_any_value_is_refused(population):
    empty = replace(population, values=np.full_like(population.values, np.nan))
    with pytest.raises(ContractError, match="no cell with data"):
        write_raster(empty, name="population", unit="persons", title="Population", words=Words("en", "qgis"))


def test_a_raster_of_persons_says_who_is_counted(population, tmp_path):
    words = Words("en", "qgis")
    for unit, told in (("persons", "registered"), ("min", None)):
        made = write_raster(population, name=unit, unit=unit, title="x", words=words, basis="registered")
        path = tmp_path / f"{unit}.tif".replace("/", "_")
        path.write_bytes(made.artifacts[0].content)
        with rasterio.open(path) as source:
            assert source.tags().get("population_basis") == told
