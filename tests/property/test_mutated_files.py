"""Files of every kind with bytes changed, cut or doubled: each is read, or refused by an error of the package."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from spatial.errors import SpatialError
from spatial.formats.files import describe
from spatial.formats.raster import read_grid
from spatial.inputs.inspection.inspecting import inspect_file
from spatial.inputs.osm import read_osm
from spatial.inputs.user_tables import boundaries_from_table, read_table
from spatial.norms.law import load_register
from spatial.study import Study, TableSource
from tests.effort import tried

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = Path(__file__).parents[1] / "data" / "mutated"
"""Files that once ended in an error of a library; the name begins with the kind that they are read as."""
SIDE = 12


def _points() -> gpd.GeoDataFrame:
    columns = {"id": ["a", "b", "c"], "name": ["云溪村", "B", None], "people": [1, 2, 3]}
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy([104.0, 104.1, 104.2], [30.0, 30.1, 30.2]), crs=4326)


def _areas() -> gpd.GeoDataFrame:
    ring = shapely.Polygon(
        [(104, 30), (105, 30), (105, 31), (104, 31)], [[(104.2, 30.2), (104.4, 30.2), (104.4, 30.4), (104.2, 30.4)]]
    )
    two = shapely.MultiPolygon([shapely.box(106, 30, 107, 31), shapely.box(108, 30, 109, 31)])
    return gpd.GeoDataFrame({"name": ["甲", "乙"]}, geometry=[ring, two], crs=4326)


def _shapefile(folder: Path) -> bytes:
    _areas().to_file(folder / "own.shp", encoding="utf-8")
    return (folder / "own.shp").read_bytes()


def _layer(ending: str) -> Callable[[Path], bytes]:
    def write(folder: Path) -> bytes:
        _areas().to_file(folder / f"own{ending}")
        return (folder / f"own{ending}").read_bytes()

    return write


def _parquet(folder: Path) -> bytes:
    _points().to_parquet(folder / "own.parquet")
    return (folder / "own.parquet").read_bytes()


def _workbook(_: Path) -> bytes:
    book = openpyxl.Workbook()
    for row in (["名称", "人口", "经度"], ["甲村", 5, 104.1], ["乙村", 7, 104.2], ["=1+1", None, 3]):
        book.active.append(row)
    book.active.merge_cells("A5:A6")
    out = io.BytesIO()
    book.save(out)
    # Stored, not packed: a changed byte meets the reader of XML and not the checksum alone.
    plain = io.BytesIO()
    with zipfile.ZipFile(out) as packed, zipfile.ZipFile(plain, "w") as stored:
        for item in packed.namelist():
            stored.writestr(zipfile.ZipInfo(item), packed.read(item))
    return plain.getvalue()


def _raster(folder: Path) -> bytes:
    place = Affine(0.01, 0, 104.0, 0, -0.01, 31.0)
    shape: dict[str, Any] = {"width": SIDE, "height": SIDE, "count": 1, "dtype": "float32"}
    with rasterio.open(folder / "own.tif", "w", driver="GTiff", crs="EPSG:4326", transform=place, **shape) as file:
        file.write(np.arange(SIDE * SIDE, dtype="float32").reshape(1, SIDE, SIDE))
    return (folder / "own.tif").read_bytes()


OSM = b"""<?xml version="1.0"?><osm version="0.6">
<node id="1" lat="30.0" lon="104.0"><tag k="place" v="village"/></node>
<node id="2" lat="30.1" lon="104.1"/><node id="3" lat="30.2" lon="104.0"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="track"/></way>
<way id="2"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/>
<tag k="boundary" v="administrative"/><tag k="admin_level" v="8"/></way>
<relation id="1"><member type="way" ref="2" role="outer"/><tag k="type" v="boundary"/>
<tag k="boundary" v="administrative"/><tag k="ISO3166-2" v="CN-51"/></relation></osm>"""
CSV = 'id,name,lon,lat,people\na,云溪村,104.0,30.0,5\nb,"B, c",104.1,30.1,7\n'.encode()
KML = b"""<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>A</name><Point>
<coordinates>104.0,30.0</coordinates></Point></Placemark></Document></kml>"""
STUDY = b"""name = "own"
title = { en = "Own" }
as_of = 2026-01-01
[sources.osm]
path = "own.osm"
[network]
modes = ["walk"]
"""
DESCRIBED = b'[[file]]\npath = "own.csv"\norigin = "x"\nlicence = "y"\nsha256 = "unknown"\nissue = ["old"]\n'
REGISTER = b"id,service\nX,school\n"


def _constant(data: bytes) -> Callable[[Path], bytes]:
    return lambda _: data


def _table(file: Path) -> None:
    read_table(file, TableSource(path=file.name, crs="EPSG:4326", longitude="lon", latitude="lat"))


def _drawn(file: Path) -> None:
    read_table(file, TableSource(path=file.name))
    boundaries_from_table(file, TableSource(path=file.name, columns={"name": "name"}), admin_level=8)


KINDS: dict[str, tuple[str, Callable[[Path], bytes], tuple[Callable[[Path], object], ...]]] = {
    "shp": ("own.shp", _shapefile, (_drawn, inspect_file)),
    "gpkg": ("own.gpkg", _layer(".gpkg"), (_drawn,)),
    "geojson": ("own.geojson", _layer(".geojson"), (_drawn, inspect_file)),
    "fgb": ("own.fgb", _layer(".fgb"), (_drawn,)),
    "parquet": ("own.parquet", _parquet, (_drawn, inspect_file)),
    "kml": ("own.kml", _constant(KML), (_drawn, inspect_file)),
    "xlsx": ("own.xlsx", _workbook, (_table, inspect_file)),
    "csv": ("own.csv", _constant(CSV), (_table, inspect_file)),
    "tif": ("own.tif", _raster, (read_grid, inspect_file)),
    "osm": ("own.osm", _constant(OSM), (read_osm, inspect_file)),
    "study": ("own.toml", _constant(STUDY), (Study.from_toml,)),
    "source": ("source.toml", _constant(DESCRIBED), (lambda file: describe(file.parent, "own.csv"),)),
    "register": ("own_norms.csv", _constant(REGISTER), (load_register,)),
}


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    """A folder for each kind, with a whole file of it."""
    made = {}
    for kind, (_, write, _) in KINDS.items():
        folder = tmp_path_factory.mktemp(kind)
        made[kind] = (folder, write(folder))
    return made


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["change", "cut", "insert", "double", "drop", "number"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=4,
)
NUMBERS = (b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\xff" * 8, b"1e300", b"-1", b"999999999999", b"nan", b"\x1b[2J")


def mutate(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """Change a file in some places."""
    for how, place, fresh in changes:
        at = int(place * len(data))
        if how == "cut":
            data = data[:at]
        elif how == "insert":
            data = data[:at] + fresh + data[at:]
        elif how == "double":
            data = data[: at + 40] + data[at:]
        elif how == "drop":
            data = data[:at] + data[at + len(fresh) * 4 :]
        else:
            new = NUMBERS[fresh[0] % len(NUMBERS)] if how == "number" else fresh
            data = data[:at] + new + data[at + len(new) :]
    return data


def read_all(kind: str, folder: Path, data: bytes) -> None:
    """Read a file by every reader of its kind; an error of the package is an answer."""
    name, _, readers = KINDS[kind]
    file = folder / name
    file.write_bytes(data)
    for read in readers:
        try:
            read(file)
        except SpatialError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
@tried(60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=20_000)
@given(changes=MUTATIONS)
def test_a_mutated_file_is_read_or_refused_in_words(kind, seeds, changes):
    folder, data = seeds[kind]
    read_all(kind, folder, mutate(data, changes))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(file.name for file in KEPT.iterdir()))
def test_a_file_that_once_ended_in_an_error_of_a_library_is_refused_in_words(name, seeds):
    kind = name.partition("-")[0]
    read_all(kind, seeds[kind][0], (KEPT / name).read_bytes())
