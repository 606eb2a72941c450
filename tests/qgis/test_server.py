"""QGIS Server serves the project as it is: its layers by name, a map of them, and what is at a point."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
import rasterio

from spatial.qgis import write_qgis

pytestmark = [pytest.mark.qgis, pytest.mark.trial]
SERVER = Path("/usr/lib/cgi-bin/qgis_mapserv.fcgi")
WMS = "{http://www.opengis.net/wms}"
GAP = "spatial_county_gap_cn_hospital"


@pytest.fixture(scope="module")
def ask(county, county_meta, tmp_path_factory):
    """Ask the server as a web server does, by CGI."""
    if not SERVER.is_file():
        pytest.skip("reason: no QGIS Server (Debian: qgis-server-bin qgis-server-wms)")
    folder = tmp_path_factory.mktemp("server")
    for artifact in write_qgis(county, name="county", crs="EPSG:32648", languages=["zh"], meta=county_meta):
        (folder / artifact.name).write_bytes(artifact.content)

    def answer(**query):
        told = urlencode({"SERVICE": "WMS", "VERSION": "1.3.0"} | query)
        own = {"QT_QPA_PLATFORM": "offscreen", "QGIS_PROJECT_FILE": str(folder / "county.qgz"), "QUERY_STRING": told}
        environment = os.environ | own | {"REQUEST_METHOD": "GET", "SERVER_NAME": "localhost"}
        run = subprocess.run([str(SERVER)], env=environment, capture_output=True, check=False, timeout=120)
        head, _, body = run.stdout.partition(b"\n\n" if b"\r\n\r\n" not in run.stdout[:400] else b"\r\n\r\n")
        assert b"Status" not in head, run.stdout[:400]
        return body

    return answer


def test_every_layer_is_offered_by_its_id_with_its_title(ask):
    root = fromstring(ask(REQUEST="GetCapabilities"))  # noqa: S314 - of the server that the test started
    names = {one.findtext(f"{WMS}Name"): one.findtext(f"{WMS}Title") for one in root.iter(f"{WMS}Layer")}
    assert {GAP, "spatial_county_settlements", "spatial_county_roads"} <= names.keys()
    assert names["spatial_county_roads"] == "道路"


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # a picture has none
def test_a_map_has_the_colours_of_the_layer(ask, county):
    box = ",".join(map(str, county["settlements"].total_bounds))
    where = {"CRS": "EPSG:32648", "BBOX": box, "WIDTH": 600, "HEIGHT": 450}
    picture = ask(REQUEST="GetMap", LAYERS=GAP, STYLES="", FORMAT="image/png", **where)
    with rasterio.open(io.BytesIO(picture)) as read:
        colours = np.moveaxis(read.read()[:3], 0, -1).reshape(-1, 3)
    # Over 40 min, twice the norm: #86162c.
    assert (colours == (0x86, 0x16, 0x2C)).all(axis=1).sum() > 50


def test_what_is_at_a_point_is_told_with_titles_and_words(ask, county):
    point = county["settlements"].geometry.iloc[0]
    west, south, east, north = point.buffer(500).bounds
    layer = "spatial_county_settlements"
    where = {
        "CRS": "EPSG:32648",
        "BBOX": f"{west},{south},{east},{north}",
        "WIDTH": 101,
        "HEIGHT": 101,
        "I": 50,
        "J": 50,
    }
    told = ask(
        REQUEST="GetFeatureInfo", LAYERS=layer, QUERY_LAYERS=layer, STYLES="", INFO_FORMAT="text/xml", **where
    ).decode()
    assert 'value="青川"' in told
    assert 'value="县城"' in told  # the tier in words
