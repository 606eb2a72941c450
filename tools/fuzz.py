"""
Feed files with changed bytes, and tables with wrong things in them, to every reader; `python -m tools.fuzz --help`.

What a file ends in must be a result or an error of the package, within 20 s and without filling the memory. With
atheris (`pip install atheris`, which `make trials` does where there is one) the bytes are led by what code they reach;
without it they are drawn at random.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import faulthandler
import io
import json
import logging
import os
import random
import resource
import sys
import tempfile
import time
import tomllib
import warnings
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import openpyxl
import rasterio
import shapely
from affine import Affine

from spatial.errors import SpatialError
from spatial.formats.columns import load_values
from spatial.formats.files import describe
from spatial.formats.raster import read_grid
from spatial.inputs.edits import empty_edits, read_edits
from spatial.inputs.inspection.inspecting import inspect_file
from spatial.inputs.list_merge import read_review
from spatial.inputs.osm import read_osm
from spatial.inputs.place_tables import read_decisions
from spatial.inputs.placing import read_postcodes
from spatial.inputs.services import load_services
from spatial.inputs.user_tables import boundaries_from_table, read_table
from spatial.network.speeds import load_speeds
from spatial.norms.law import load_register
from spatial.plain_text import toml_value
from spatial.planning.action_list import load_costs, read_action_list
from spatial.planning.candidates import load_site_rules
from spatial.runs import replay
from spatial.study import Study, TableSource, planned_study
from spatial.study.edits import is_drawn_in
from spatial.terrain.friction import load_surface_speeds

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE = 12
"""Cells along a side of the raster."""
MOST_SECONDS = 20
MOST_MB, TIMES = 700.0, 100.0
"""Memory that a reader may take beside so many times the size of its file; a reader of XML takes fifty times."""


class Kind(NamedTuple):
    """A kind of file, a whole one of it, and what reads it."""

    name: str
    write: Callable[[Path], bytes]
    readers: tuple[Callable[[Path], object], ...]


# Whole files.


def _areas() -> gpd.GeoDataFrame:
    ring = shapely.Polygon(
        [(104, 30), (105, 30), (105, 31), (104, 31)], [[(104.2, 30.2), (104.4, 30.2), (104.4, 30.4), (104.2, 30.4)]]
    )
    two = shapely.MultiPolygon([shapely.box(106, 30, 107, 31), shapely.box(108, 30, 109, 31)])
    columns = {"boundary_id": ["b1", "b2"], "name": ["甲", None], "people": [1.5, 2.0]}
    return gpd.GeoDataFrame(columns, geometry=[ring, two], crs=4326)


def _shapefile(folder: Path) -> bytes:
    _areas().rename(columns={"boundary_id": "b_id"}).to_file(folder / "own.shp", encoding="utf-8")
    return (folder / "own.shp").read_bytes()


def _layer(ending: str) -> Callable[[Path], bytes]:
    def write(folder: Path) -> bytes:
        _areas().to_file(folder / f"own{ending}")
        return (folder / f"own{ending}").read_bytes()

    return write


def _parquet(folder: Path) -> bytes:
    _areas().to_parquet(folder / "own.parquet")
    return (folder / "own.parquet").read_bytes()


def _workbook(_: Path) -> bytes:
    book = openpyxl.Workbook()
    for row in (["名称", "lon", "lat"], ["甲村", 104.1, 30], ["乙村", 104.2, 30.5], ["=丙", 104.3, 30.1]):
        book.active.append(row)
    book.active["A4"].data_type = "s"  # a text, and no formula
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


def _edits(_: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edits.gpkg"
        path.write_bytes(empty_edits())
        drawn = {"edit_id": ["e1"], "name": ["新点"], "service": ["school"], "capacity": [3.0], "is_used": [True]}
        sites = gpd.GeoDataFrame(drawn, geometry=[shapely.Point(104.1, 30.1)], crs=4326)
        sites.to_file(path, layer="candidate_sites", mode="a")
        return path.read_bytes()


OSM = b"""<?xml version="1.0"?><osm version="0.6">
<node id="1" lat="30.0" lon="104.0"><tag k="place" v="village"/></node>
<node id="2" lat="30.1" lon="104.1"/><node id="3" lat="30.2" lon="104.0"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="track"/></way>
<way id="2"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/>
<tag k="boundary" v="administrative"/><tag k="admin_level" v="8"/></way>
<relation id="1"><member type="way" ref="2" role="outer"/><tag k="type" v="boundary"/>
<tag k="boundary" v="administrative"/><tag k="ISO3166-2" v="CN-51"/></relation></osm>"""
CSV = 'id,name,lon,lat,people\na,云溪村,104.0,30.0,5\nb,"B, c",104.1,30.1,7\n'.encode()
KML = b"""<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>A</name><Polygon>
<outerBoundaryIs><LinearRing><coordinates>104,30 105,30 105,31 104,30</coordinates></LinearRing></outerBoundaryIs>
</Polygon></Placemark></Document></kml>"""
STUDY = b"""name = "own"
title = { en = "Own" }
as_of = 2026-01-01
[sources.osm]
path = "own.osm"
[sources.population]
path = "own.tif"
[sources.settlements]
path = "own.csv"
longitude = "lon"
latitude = "lat"
columns = { settlement_id = "id" }
[network]
modes = ["walk", "bus"]
[[network.bus]]
line = "1"
stops = ["a", [104.1, 30.1]]
headway_min = 20
speed_km_h = 30
[[scenarios]]
name = "closed"
close = ["w1"]
speed_factors = { tertiary = 1.3 }
[[scenarios.open]]
service = "primary_care"
lon = 104.1
lat = 30.2
[[plans]]
name = "care"
service = "primary_care"
within_min = 30
sites = 2
[planning.costs]
currency = "yuan"
open = { primary_care = 5 }
[[emergency]]
service = "fire_station"
mobilisation_min = 3
targets_min = [15, 30]
[[norms.add]]
id = "X"
service = "primary_care"
threshold = 20
[score]
weights = { order = 1.0 }
level_bands = [0.4, 0.8]
[population.groups]
elderly = { share = 0.2, source = "x" }
[official.people]
value = 3
source = "y"
"""
PLANS = b"""[[scenarios]]
name = "plan-care"
title = { en = "Care" }
open = [{ service = "primary_care", at = "s1" }]
build = [{ road_id = "n1", points = [[104.0, 30.0], [104.1, 30.1]], speed_km_h = 40 }]
"""
SPEEDS = b"""extends = "osrm_like"
[drive.classes]
tertiary = 30
[drive]
like = "motorcycle"
[caps.width]
"3" = 15
[width.imputed]
track = 2.5
[season.wet]
unpaved_factor = 0.5
surface = { dirt = 5 }
[ferry]
wait_min = 10
[all_season]
surface_yes = ["asphalt"]
[maxspeed.zones]
urban = 40
"""
DESCRIBED = b"""[[file]]
path = "own.csv"
origin = "x"
licence = "y"
sha256 = "unknown"
issue = ["old", { text = "Short", affects = ["roads"], forbids = "ranking", areas = ["A"] }]
"""
RECORD: dict[str, Any] = {
    "options": tomllib.loads(STUDY.decode()) | {"as_of": "2026-01-01", "synthetic": False},
    "sources": {"own.osm": "0" * 64},
    "stages": {"read": {"files": {"a.parquet": "0" * 64}, "code": "1"}},
    "libraries": {"numpy": "1"},
}
VALUES = b'[tier]\n"\xe6\x9d\x91" = "village"\n[service]\nx = "school"\n'


def _constant(data: bytes) -> Callable[[Path], bytes]:
    return lambda _: data


def _table(file: Path) -> None:
    read_table(file, TableSource(path=file.name, crs="EPSG:4326", longitude="lon", latitude="lat"))


def _drawn(key: str, name: str = "name") -> Callable[[Path], None]:
    def read(file: Path) -> None:
        read_table(file, TableSource(path=file.name))
        source = TableSource(path=file.name, columns={"boundary_id": key, "name": name})
        boundaries_from_table(file, source, admin_level=8)

    return read


def _planned(file: Path) -> None:
    study = Study.from_dict(tomllib.loads(STUDY.decode()))
    planned_study(study, "plan:care", file)


def _replayed(file: Path) -> None:
    with tempfile.TemporaryDirectory() as empty:
        replay(file, Path(empty) / "new", raw=Path(empty))


def _packaged(room: str, *names: str) -> bytes:
    return files(room).joinpath(*names).read_bytes()


KINDS: dict[str, Kind] = {
    "shp": Kind("own.shp", _shapefile, (_drawn("b_id"), inspect_file)),
    "gpkg": Kind("own.gpkg", _layer(".gpkg"), (_drawn("boundary_id"),)),
    "geojson": Kind("own.geojson", _layer(".geojson"), (_drawn("boundary_id"), inspect_file)),
    "fgb": Kind("own.fgb", _layer(".fgb"), (_drawn("boundary_id"),)),
    "parquet": Kind("own.parquet", _parquet, (_drawn("boundary_id"), inspect_file)),
    "kml": Kind("own.kml", _constant(KML), (_drawn("Name", "Name"), inspect_file)),
    "xlsx": Kind("own.xlsx", _workbook, (_table, inspect_file)),
    "csv": Kind("own.csv", _constant(CSV), (_table, inspect_file)),
    "tif": Kind("own.tif", _raster, (read_grid, inspect_file)),
    "osm": Kind("own.osm", _constant(OSM), (read_osm, inspect_file)),
    "study": Kind("own.toml", _constant(STUDY), (Study.from_toml,)),
    "source": Kind("source.toml", _constant(DESCRIBED), (lambda file: describe(file.parent, "own.csv"),)),
    "norms": Kind("own_norms.csv", _constant(_packaged("spatial.norms", "norms.csv")), (load_register,)),
    "services": Kind("own_services.toml", _constant(_packaged("spatial.inputs", "services.toml")), (load_services,)),
    "speeds": Kind("own_speeds.toml", _constant(SPEEDS), (load_speeds,)),
    "ground": Kind(
        "own_ground.toml",
        _constant(_packaged("spatial.terrain", "presets", "accessmod_example.toml")),
        (load_surface_speeds,),
    ),
    "grounds": Kind("own_ground.csv", _constant(b"class,label,km_h,mode\n1,a,3,walk\n"), (load_surface_speeds,)),
    "values": Kind("own_values.toml", _constant(VALUES), (lambda file: load_values(file.name, root=file.parent),)),
    "plans": Kind("plans.toml", _constant(PLANS), (_planned,)),
    "edits": Kind("own-edits.gpkg", _edits, (lambda file: read_edits(file, ["school"]), is_drawn_in)),
    "record": Kind("run.json", _constant(json.dumps(RECORD).encode()), (_replayed,)),
    "costs": Kind(
        "costs.csv", _constant(b"action,service,cost\nopen_site,primary_care,5\nbuild_link,,9\n"), (load_costs,)
    ),
    "rules": Kind(
        "site_rules.csv", _constant(_packaged("spatial.planning", "site_rules.csv")), (load_site_rules,)
    ),
    "actions": Kind(
        "actions.csv",
        _constant(b"action_id,state,unit_ids,since,persons_gained\na1,built,u1,2026-01-01,5\n"),
        (read_action_list,),
    ),
    "places": Kind(
        "places_to_decide.csv", _constant(b"source,place_id,settlement_id\nown.csv,p1,s1\n"), (read_decisions,)
    ),
    "review": Kind(
        "facilities_to_review.csv",
        _constant(b"source,list_id,map_id,decision\nown.csv,l1,m1,same\nown.csv,l2,m2,drop\n"),
        (lambda file: read_review(file, ["own.csv"]),),
    ),
    "postcodes": Kind(
        "postcodes.csv", _constant(b"postcode,longitude,latitude\nLE15 6AQ,-0.7,52.6\n"),
        (lambda file: read_postcodes([file]),),
    ),
}  # fmt: skip
SHAPED = ("study", "source", "services", "speeds", "ground", "values", "plans", "record")
"""Kinds whose files are tables and lists in each other."""

# What is changed in them.

NUMBERS = (b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\xff" * 8, b"1e300", b"-1", b"999999999999", b"nan", b"\x1b[2J")
HOWS = ("change", "cut", "insert", "double", "drop", "number")
WRONG: tuple[Any, ...] = (
    "", "x", "../../x", "\0", "\x1b[2J\u202e", "=1+1", "inf", "a" * 20_000, 0, 1, -1, 7, 1e300, -1e300, 1e-300, 10**30,
    float("inf"), float("nan"), True, False, [], {}, [[]], [{}], {"a": {}}, {"": ""}, ["a", "a"], [1, "a", [2]],
    {"path": "x"}, [0.0, 1.0], "2026-13-45", "2026-01-01", "EPSG:4326", "drive",
)  # fmt: skip


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


def misshape(kind: str, data: bytes, chance: random.Random) -> bytes:
    """Put a wrong thing in place of one that a table or a list holds, or beside it."""
    name, text = KINDS[kind].name, data.decode("utf-8-sig")
    whole = copy.deepcopy(json.loads(text) if name.endswith(".json") else tomllib.loads(text))
    for _ in range(chance.randint(1, 2)):
        level, below = [], [whole]
        while below:
            level += below
            below = [
                value
                for held in below
                for value in (held.values() if isinstance(held, dict) else held)
                if isinstance(value, dict | list) and value
            ]
        held = chance.choice(level)
        wrong = copy.deepcopy(chance.choice(WRONG))
        if isinstance(held, list):
            held[chance.randrange(len(held))] = wrong
        else:
            how, key = chance.random(), chance.choice([*held])
            if how < 0.1:
                del held[key]
                held["x"] = wrong
            else:
                held[key] = [held[key]] if how < 0.2 else {"x": held[key]} if how < 0.3 else wrong
        if not whole:
            break
    if name.endswith(".json"):
        return json.dumps(whole, default=str).encode()
    return "\n".join(f"{json.dumps(key)} = {_toml(value)}" for key, value in whole.items()).encode()


def _toml(value: Any) -> str:
    """As `toml_value`, of what no study holds: endless numbers, days, empty keys."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else toml_value(value)


def read_all(kind: str, folder: Path, data: bytes) -> list[str]:
    """Read a file by every reader of its kind; returns the errors of the package, which are answers too."""
    name, _, readers = KINDS[kind]
    file = folder / name
    file.write_bytes(data)
    told = []
    for read in readers:
        try:
            read(file)
        except SpatialError as error:
            told.append(str(error))
            assert told[-1]
    return told


# The loop.


def changed(kind: str, data: bytes, chance: random.Random) -> bytes:
    """Change a whole file of a kind by chance."""
    if kind in SHAPED and chance.random() < 0.7:
        return misshape(kind, data, chance)
    times = range(chance.randint(1, 4))
    changes = [(chance.choice(HOWS), chance.random(), chance.randbytes(chance.randint(1, 8))) for _ in times]
    return mutate(data, changes)


class Watched:
    """Reads files of a kind, and keeps those that end in a foreign error, take too long or fill the memory."""

    def __init__(self, kind: str, folder: Path, found: Path) -> None:
        self.kind, self.folder, self.found = kind, folder, found
        self.whole = KINDS[kind].write(folder)
        self.read = self.kept = self.refused = 0

    def one(self, data: bytes, *, stops: bool = False) -> None:
        """Read one file."""
        # In seconds of this process: a machine that others keep busy makes no reader slow.
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        faulthandler.dump_traceback_later(10 * MOST_SECONDS, exit=True)
        fault = ""
        try:
            with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()) as said:
                warnings.simplefilter("ignore")
                self.refused += bool(read_all(self.kind, self.folder, data))
            if said.getvalue():
                fault = f"prints {said.getvalue()[:200]!r}"
        except Exception as error:  # noqa: BLE001 - any of them is what is sought
            fault = f"{type(error).__name__}: {str(error)[:200]!r}"
        faulthandler.cancel_dump_traceback_later()
        seconds = time.process_time() - began
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        if seconds > MOST_SECONDS:
            fault = f"takes {seconds:.0f} s"
        if more > MOST_MB + TIMES * len(data) / 1e6:
            fault = f"takes {more:.0f} MB"
        self.read += 1
        if fault:
            self.kept += 1
            self.found.mkdir(parents=True, exist_ok=True)
            path = self.found / f"{self.kind}-{self.kept}.bin"
            path.write_bytes(data)
            print(f"{path}: {fault}", flush=True)
            if stops:
                raise RuntimeError(fault)


def by_chance(watched: Watched, seconds: float, seed: int) -> None:
    """Read changed files for some seconds."""
    chance, end = random.Random(f"{seed} {watched.kind}"), time.monotonic() + seconds  # noqa: S311 - to be drawn again
    while time.monotonic() < end:
        watched.one(changed(watched.kind, watched.whole, chance))


def by_coverage(watched: Watched, seconds: float, seed: int) -> None:
    """Let atheris change the bytes, led by the lines that they reach; in a process of its own, which it ends."""
    import atheris  # noqa: PLC0415 - where it is installed

    begun = 0.0

    def one(data: bytes) -> None:
        nonlocal begun
        begun = begun or time.monotonic()
        watched.one(data)
        if time.monotonic() > begun + seconds:  # atheris would end the process too, and wait for threads of libraries
            print(f"{watched.kind}: {watched.read} files, {watched.refused} refused, {watched.kept} faults", flush=True)
            os._exit(min(watched.kept, 1))

    corpus = watched.folder / "corpus"
    corpus.mkdir()
    (corpus / "whole").write_bytes(watched.whole)
    arguments = [sys.argv[0], f"-seed={seed + 1}", "-verbosity=0", "-rss_limit_mb=0"]
    for module in [name for name in sys.modules if name.startswith("spatial.") and "kernels" not in name]:
        for value in list(vars(sys.modules[module]).values()):
            if getattr(value, "__module__", "") == module and callable(value) and hasattr(value, "__code__"):
                with contextlib.suppress(Exception):
                    vars(sys.modules[module])[value.__name__] = atheris.instrument_func(value)
    atheris.Setup([*arguments, str(corpus)], one)
    atheris.Fuzz()


def main() -> int:
    """Fuzz the kinds that are named, each for some seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}; all by default")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--found", type=Path, default=Path("data/fuzzed"), help="folder for files that fail")
    parser.add_argument("--coverage", action="store_true", help="by atheris, where it is installed")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    whole, kept = 0, 0
    for kind in given.kinds or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            watched = Watched(kind, Path(folder), given.found)
            if given.coverage:
                pid = os.fork()
                if not pid:
                    with contextlib.suppress(SystemExit):
                        by_coverage(watched, given.seconds, given.seed)
                    os._exit(min(watched.kept, 1))
                kept += bool(os.waitpid(pid, 0)[1])
                continue
            by_chance(watched, given.seconds, given.seed)
            print(f"{kind}: {watched.read} files, {watched.refused} refused, {watched.kept} faults", flush=True)
            whole, kept = whole + watched.read, kept + watched.kept
    print(f"{whole} files, {kept} faults")
    return int(kept > 0)


if __name__ == "__main__":
    sys.exit(main())
