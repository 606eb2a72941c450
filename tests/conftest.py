"""Fixtures shared by all tests: the real regions, a browser and PyQGIS, each with a reason where it is absent."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import io
import itertools
import json
import os
import pickle
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import hypothesis
import numpy as np
import pandas as pd
import pytest
import rasterio.transform
import shapely

from spatial.cartography import page_data
from spatial.reporting.wording import columns_told
from spatial.tables import TABLES, Field

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from spatial.inputs.prepare import Layers

# A machine that others share is slow at times: no example fails for the time that it takes. The same examples at every
# `make test`, and others at every `make trials`.
hypothesis.settings.register_profile("thorough", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20, derandomize=True)
hypothesis.settings.load_profile("quick")

DATA = Path(__file__).parent / "data"
EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport]:
    """Let every worker begin elsewhere: each prepares its part of the files, and finds the rest ready."""
    report = yield
    if isinstance(collector, pytest.Directory) and report.result:
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        begin = len(report.result) * number // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        report.result[:] = report.result[begin:] + report.result[:begin]
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests, so that no worker is left with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    # The run of the sample that many files read is made first, before another worker would have to wait for it.
    first = {item.path for item in items if {"sample_run", "bureau_run"} <= {*getattr(item, "fixturenames", ())}}
    items.sort(key=lambda item: (item.path not in first, item.path not in slow, item.path))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no rubbish while files of tests are read: what they hold stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Look for rubbish as seldom as the command line does, and never among the tests themselves."""
    # What a script puts into the background ignores Ctrl-C, and so would every program that a test tells to end.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    _cpu_s["before"] = _cpu_s_so_far()


_cpu_s: dict[str, float] = {}


def _cpu_s_so_far() -> float:
    """CPU seconds of this process, with those of programs that it started and that ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note the CPU seconds since the last report."""
    report, now = (yield), _cpu_s_so_far()
    report.cpu_s, _cpu_s["before"] = now - _cpu_s["before"], now
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print where the CPU seconds of the run went, so that a long test is seen by whoever adds it."""
    spent: Counter[str] = Counter()
    for report in itertools.chain(*terminalreporter.stats.values()):
        folders = getattr(report, "nodeid", "").split("::")[0].split("/")[:-1]
        spent["/".join(folders[:3])] += getattr(report, "cpu_s", 0.0)
    terminalreporter.section(f"{sum(spent.values()):.0f} CPU seconds")
    terminalreporter.line(", ".join(f"{folder} {cpu_s:.0f}" for folder, cpu_s in spent.most_common() if cpu_s >= 1))


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
    # The shell draws the same pages for half the seconds of the whole browser.
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        _absent("browser", "no chromium on the path (Debian: chromium-headless-shell)")
    return str(found)


class Told(NamedTuple):
    """What a script in QGIS found, and what QGIS said beside it."""

    found: dict
    errors: str


@pytest.fixture(scope="session")
def in_qgis(tmp_path_factory):
    """
    Run a script of tests/qgis in the Python of QGIS, which loads QGIS once for all of them.

    That Python is the system's, or the one that SPATIAL_QGIS_PYTHON names, such as that of another version.
    """
    scripts, folder = Path(__file__).parent / "qgis", tmp_path_factory.mktemp("in-qgis")
    python, pipe = os.environ.get("SPATIAL_QGIS_PYTHON", "/usr/bin/python3"), subprocess.PIPE
    try:
        loaded = subprocess.Popen(
            [python, scripts / "run_in_qgis.py"], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )
    except OSError:
        _absent("qgis", f"no {python}")

    used_s = 0.0

    def heard():
        readable, _, _ = select.select([loaded.stdout], [], [], 600.0)
        assert readable, "QGIS says nothing for ten minutes"
        return loaded.stdout.readline()

    def run_there(script, *arguments):
        nonlocal used_s
        files = {"printed": str(folder / "printed"), "faults": str(folder / "faults")}
        for file in files.values():
            Path(file).write_bytes(b"")
        asked = {"arguments": [str(scripts / script), *map(str, arguments)], "environment": dict(os.environ), **files}
        loaded.stdin.write(json.dumps(asked).encode() + b"\n")
        loaded.stdin.flush()
        script_s = float(heard())
        # The system counts them when the program that started the script ends.
        used_s, _cpu_s["before"] = used_s + script_s, _cpu_s["before"] - script_s
        printed, faults = (Path(file).read_text(encoding="utf-8", errors="replace") for file in files.values())
        lines = [line for line in printed.splitlines() if line.startswith("RESULT ")]
        assert lines, faults
        return Told(json.loads(lines[0].removeprefix("RESULT ")), faults)

    try:
        if not heard():
            _absent("qgis", "PyQGIS is not installed (Debian: python3-qgis)")
        yield run_there
    finally:
        loaded.kill()
        loaded.communicate()
        _cpu_s["before"] += used_s


@pytest.fixture(scope="session")
def singlegroup() -> Any:
    """PySAL's indices of segregation; for its package, numpy would never again warn of a division by nothing."""
    with np.errstate():
        return pytest.importorskip("segregation.singlegroup")


@pytest.fixture(scope="session")
def library() -> Callable[[str], Any]:
    """Import a library that takes long and few tests need: every worker imports every file of tests."""
    return importlib.import_module


@pytest.fixture(scope="session")
def postgis_programs() -> Path:
    """Folder of the programs of a PostgreSQL that has PostGIS: the newest that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    share = Path("/usr/share/postgresql")
    for folder in found:
        if (share / folder.parent.name / "extension" / "postgis.control").exists():
            return folder
    _absent("postgis", "no PostgreSQL with PostGIS (Debian: postgresql-17 and postgresql-17-postgis-3)")
    return Path()


class Database(NamedTuple):
    """A database with PostGIS that ends with the tests."""

    port: int
    password: str = "of-the-tests-only"  # noqa: S105 - the same

    @property
    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/gis"

    def layer(self, schema, table, shape):
        """Name a table as QGIS does, which takes the password from the environment."""
        column = f" ({shape})" if shape else ""
        return f"dbname='gis' host=127.0.0.1 port={self.port} user='postgres' table=\"{schema}\".\"{table}\"{column}"


@pytest.fixture(scope="session")
def database(postgis_programs):
    """A database of its own on loopback, run by nobody of rank in a folder that goes with it."""
    import psycopg  # noqa: PLC0415 - few tests need it

    with tempfile.TemporaryDirectory(prefix="spatial-postgis-") as name, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        folder = Path(name)
        made = Database(port)
        (folder / "password").write_text(made.password, encoding="utf-8")
        how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        if os.getuid() == 0:  # PostgreSQL refuses to be run by root
            how |= {"user": "postgres", "group": "postgres", "extra_groups": [], "cwd": "/"}
            for path in (folder, folder / "password"):
                subprocess.run(["chown", "postgres", path], check=True)
        data = folder / "data"
        init = [postgis_programs / "initdb", "-D", data, "-U", "postgres", "--auth=scram-sha-256", "-E", "UTF8"]
        init += ["--locale=C.UTF-8", "--no-sync", f"--pwfile={folder / 'password'}"]
        subprocess.run(init, check=True, **how)
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        given = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        process = subprocess.Popen([postgis_programs / "postgres", "-D", data, *given], **how)
        try:
            for _ in range(300):
                try:
                    with psycopg.connect(made.url[:-3] + "postgres", password=made.password, autocommit=True) as first:
                        first.execute("CREATE DATABASE gis")
                    break
                except psycopg.OperationalError:
                    assert process.poll() is None, process.stderr.read()
                    time.sleep(0.1)
            with psycopg.connect(made.url, password=made.password, autocommit=True) as first:
                first.execute("CREATE EXTENSION postgis")
            yield made
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)


@pytest.fixture(scope="session")
def serving():
    """Serve a study in a process of its own, and interrupt it at the end."""

    @contextlib.contextmanager
    def served(arguments, temporary, python=sys.executable, environment=None):
        temporary.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [python, "-m", "spatial", "share", "serve", *map(str, arguments)],
            env={**os.environ, **(environment or {}), "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            said = process.stdout.readline()
            found = re.search(r"http://\S+:\d+", said)
            assert found, said + process.stderr.read()
            yield found[0]
            process.send_signal(signal.SIGINT)
            rest, faults = process.communicate(timeout=60)
            assert (process.returncode, faults) == (130, ""), rest + faults
        finally:
            process.kill()
            process.communicate()

    return served


@pytest.fixture(scope="session", autouse=True)
def _no_wait_for_the_disk() -> Iterator[None]:
    """Let files of tests reach the disk when they may: no test outlives a machine that loses its power."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _number: None)
        patched.setenv("OGR_SQLITE_SYNCHRONOUS", "OFF")
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """
    Make a folder of files once in this session of tests, for all its workers.

    The folder lies among the session's own temporary files, so no later session sees it. A test that would change it
    takes a copy.
    """
    root = tmp_path_factory.getbasetemp()
    # As deep as folders of tests: a project names the file of edits by the way there, also in a copy.
    root = root.parent / "once" if "PYTEST_XDIST_WORKER" in os.environ else root
    root.mkdir(exist_ok=True)

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder = root / name
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                shutil.rmtree(root / f"{name}.part", ignore_errors=True)
                make(root / f"{name}.part")
                (root / f"{name}.part").rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def put_sample_county() -> Callable[..., Path]:
    """Unpack a sample county into a folder: that of the package, or one of 80 villages, which is read sooner."""
    from spatial.sample import write_sample_county  # noqa: PLC0415 - few tests need it

    def put(folder: Path, *, villages: int = 400, form: str = "open") -> Path:
        if villages == 400:
            write_sample_county(folder, form=form)
        else:
            with zipfile.ZipFile(DATA / f"county_{villages}" / f"{form}.zip") as packed:
                packed.extractall(folder)
        return folder

    return put


def _link(source: str, target: str) -> None:
    """Share a file that no run changes in place. Runs lock the same file only if they have the same folder."""
    if Path(source).name != ".lock":
        os.link(source, target)


@pytest.fixture(scope="session")
def region_run(once) -> Callable[[Path], Path]:
    """
    Run the example study of a region once a session, from its raw folder: to be read, and never written.

    The folder that is returned holds `processed` and `maps`.
    """
    import spatial as sp  # noqa: PLC0415 - slow to import, and few tests need it

    def made(region: Path) -> Path:
        def make(new: Path) -> None:
            study = sp.Study.from_toml(EXAMPLES / f"{region.name}.toml", raw=region.parent)
            sp.run(study, processed=new / "processed", maps=new / "maps")

        return once(f"run-{region.name}", make)

    return made


@pytest.fixture(scope="session")
def region_layers(once) -> Callable[[Path], Layers]:
    """Read what the example study of a region reads, once a session; each caller has a copy to itself."""
    from spatial.inputs.prepare import prepare  # noqa: PLC0415 - slow to import, and few tests need it
    from spatial.study import Study  # noqa: PLC0415

    def made(region: Path) -> Layers:
        def make(new: Path) -> None:
            study = Study.from_toml(EXAMPLES / f"{region.name}.toml", raw=region.parent)
            new.mkdir()
            (new / "layers.pickle").write_bytes(pickle.dumps(prepare(study)))

        folder = once(f"layers-{region.name}", make)
        return pickle.loads((folder / "layers.pickle").read_bytes())  # noqa: S301 - made by this session

    return made


SAMPLE_RUN = """
import pickle, sys, tomllib
from pathlib import Path
import spatial as sp
from spatial.warmup import compiled_kernels
folder = Path(sys.argv[1])
values = tomllib.loads(sp.sample_study())
values["outputs"]["languages"] = ["en", "zh", "fr"]
study = sp.Study.from_dict(values, raw=folder / "raw")
sp.run(study, processed=folder / "processed", maps=folder / "maps")
called = {name: kernel.signatures for name, kernel in compiled_kernels().items() if kernel.signatures}
(folder / "kernels.pickle").write_bytes(pickle.dumps(called))
"""


@pytest.fixture(scope="session")
def sample_run(once, put_sample_county) -> Path:
    """
    Run the whole line on a sample county of 80 villages once a session: to be read, and never written.

    The folder holds `raw`, `processed`, `maps` and `kernels.pickle`, the signatures that the run called.
    """

    def make(new: Path) -> None:
        put_sample_county(new / "raw" / "sample", villages=80)
        subprocess.run([sys.executable, "-c", SAMPLE_RUN, str(new)], check=True)

    return once("run-sample", make)


LEAN = {
    "areas": {"isochrones_min": [], "catchments": False},
    "uncertainty": {"services": ["hospital"], "wet": False, "snap": False},
}


@pytest.fixture(scope="session")
def lean() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Take out of a study what neither times, norms nor scores rest on, so that a run of it is sooner done."""
    beside = ("measures", "scenarios", "emergency", "off_road")
    return lambda values: {key: item for key, item in values.items() if key not in beside} | LEAN


@pytest.fixture(scope="session")
def bureau_run(once, put_sample_county, lean) -> Path:
    """
    Run the files of the bureaus of 80 villages up to their norms once a session: to be read, and never written.

    The folder holds `raw`, with the plain form in `raw/sample`, and `processed`: `undecided` was read as the files
    come, `bureau` is the run after somebody decided where the last clinics are.
    """
    from spatial.runs import run  # noqa: PLC0415 - slow to import, and few tests need it
    from spatial.sample import sample_study  # noqa: PLC0415
    from spatial.study import Study  # noqa: PLC0415

    def make(new: Path) -> None:
        raw, study = new / "raw", lean(tomllib.loads(sample_study("bureau")))
        put_sample_county(raw / "sample", villages=80)
        put_sample_county(raw / "bureau", villages=80, form="bureau")

        def made(until: str, **more: object) -> Path:
            read = Study.from_dict({**study, **more}, raw=raw)
            return run(read, processed=new / "processed", maps=new / "maps", until=until).folder

        decided = pd.read_csv(made("read", name="undecided") / "places_to_decide.csv", dtype=str)
        listed = pd.read_csv(raw / "sample" / "facilities.csv", dtype=str).set_index("no")["settlement"]
        decided["settlement_id"] = decided["place_id"].map(listed)
        decided.to_csv(raw / "bureau" / "decided.csv", index=False)
        made("norms", name="bureau", placing={"decisions": "bureau/decided.csv"})

    return once("run-bureau", make)


@pytest.fixture(scope="session")
def go_on_from() -> Callable[[Path, Path], Path]:
    """Put what a finished run made into a new folder, so that another run there does only what its study changes."""

    def put(run: Path, folder: Path) -> Path:
        for name in ("processed", "maps"):
            shutil.copytree(run / name, folder / name, copy_function=_link)
        return folder

    return put


@pytest.fixture(scope="module")
def what_it_rests_on() -> Iterator[None]:
    """Let runs up to a stage do that stage and what it rests on, and nothing that only stands before it in the line."""
    import spatial.runs  # noqa: PLC0415 - slow to import, and few tests need it

    def narrowed(stages, *given, until=None, **more):
        wanted, chosen = set(), []
        for stage in reversed(stages if until else ()):
            if stage.name == until or wanted.intersection(name.rstrip("?") for name in stage.makes):
                wanted.update(name.rstrip("?") for name in stage.reads)
                chosen.insert(0, stage)
        return run_stages(chosen or stages, *given, until=until, **more)

    run_stages = spatial.runs.run_stages
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spatial.runs, "run_stages", narrowed)
        yield


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
        from spatial.network.build import build_network  # noqa: PLC0415 - slow to import, and few tests need it

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


class Outcome(NamedTuple):
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


def _command(*arguments):
    from spatial.cli import main  # noqa: PLC0415 - slow to import, and few tests need it

    out, err, code = io.StringIO(), io.StringIO(), 0
    before, sys.argv = sys.argv, ["spatial", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = before
    return Outcome(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def command():
    """Run `spatial` with some arguments in this process."""
    return _command


class TinyStudy:
    """
    A valley of eight places beside five streets and five lanes, a kilometre apart, in files that the test may spoil.

    Places lie at 0.01 degrees times (column, row) from 104 east, 30 north. Of 360 people, 10 to 80 live in each.
    """

    west, south, step = 104.0, 30.0, 0.01
    places = (  # id, name, tier, column, row, people
        ("s1", "石桥", "county_seat", 2, 2, 80),
        ("s2", "柳河", "town", 1, 3, 70),
        ("s3", "东坡", "village", 4, 2, 60),
        ("s4", "西坡", "village", 0, 2, 50),
        ("s5", "南湾", "village", 2, 0, 40),
        ("s6", "北湾", "village", 2, 4, 30),
        ("s7", "上村", "village", 0, 4, 20),
        ("s8", "下村", "village", 4, 0, 10),
    )
    facilities = (  # id, service, name, column, row
        ("f1", "hospital", "石桥医院", 2, 2),
        ("f2", "primary_school", "柳河小学", 1, 3),
        ("f3", "primary_school", "下村小学", 4, 0),
        ("f4", "health_centre", "柳河卫生院", 1, 3),
    )

    def __init__(self, folder):
        self.folder = Path(folder)
        self.raw, self.file = self.folder / "raw", self.folder / "tiny.toml"
        self.processed, self.maps = self.folder / "processed", self.folder / "maps"
        self.tables = {
            "": {"name": "tiny", "as_of": "2026-01-01", "jurisdictions": ["CN"]},
            "title": {"en": "Tiny valley", "zh": "小山谷"},
            "region": {"bbox": [103.99, 29.99, 104.05, 30.05], "buffer_km": 1, "unit_levels": [8]},
            "sources.osm": {"path": "tiny/roads.osm", "settlements": False, "facilities": False, "boundaries": False},
            "sources.settlements": {
                "path": "tiny/settlements.csv",
                "longitude": "lon",
                "latitude": "lat",
                "crs": "EPSG:4326",
                "columns": {"settlement_id": "code", "tier": "level", "population_persons": "people"},
            },
            "sources.facilities": {
                "path": "tiny/facilities.csv",
                "longitude": "lon",
                "latitude": "lat",
                "crs": "EPSG:4326",
                "columns": {"facility_id": "code", "service": "kind"},
                "inventory": "complete",
            },
            "sources.boundaries": {"path": "tiny/townships.geojson"},
            "network": {"speeds": "rural_cn"},
            "access": {"services": ["hospital", "primary_school", "pharmacy"]},
            "norms": {"only": ["GL-PHC-1H"]},
        }
        (self.raw / "tiny").mkdir(parents=True)
        self.write("roads.osm", self.osm())
        self.write("settlements.csv", self.csv())
        lines = [f"{code},{kind},{name},{self.at(column, row)}" for code, kind, name, column, row in self.facilities]
        self.write("facilities.csv", "\n".join(["code,kind,name,lon,lat", *lines]))
        self.write("townships.geojson", self.townships())

    def at(self, column, row):
        return f"{self.west + self.step * column:.4f},{self.south + self.step * row:.4f}"

    def path(self, name):
        return self.raw / "tiny" / name

    def write(self, name, content):
        content = content if isinstance(content, bytes) else content.encode()
        self.path(name).write_bytes(content)

    def csv(self, *, header="code,name,level,lon,lat,people", changed=None):
        """Settlements as text; `changed` holds whole lines by id."""
        lines = {
            code: f"{code},{name},{tier},{self.at(column, row)},{people}"
            for code, name, tier, column, row, people in self.places
        }
        return "\n".join([header, *(lines | (changed or {})).values()])

    def osm(self):
        """Five streets from west to east and five lanes from south to north, joined at every crossing."""
        side = range(5)
        nodes = [
            f'<node id="{1 + column + 5 * row}" version="1" lon="{self.west + self.step * column:.4f}" '
            f'lat="{self.south + self.step * row:.4f}"/>'
            for row in side
            for column in side
        ]
        streets = [[1 + column + 5 * row for column in side] for row in side]
        lanes = [[1 + column + 5 * row for row in side] for column in side]
        ways = [
            f'<way id="{number}" version="1">{"".join(f"""<nd ref="{node}"/>""" for node in way)}'
            '<tag k="highway" v="tertiary"/><tag k="surface" v="asphalt"/></way>'
            for number, way in enumerate([*streets, *lanes], start=1)
        ]
        return "\n".join(['<osm version="0.6">', *nodes, *ways, "</osm>"])

    def townships(self, ring=None):
        """A western and an eastern township; `ring` takes the place of the eastern one's outline."""
        west = [[103.98, 29.98], [104.015, 29.98], [104.015, 30.06], [103.98, 30.06], [103.98, 29.98]]
        east = ring or [[104.015, 29.98], [104.06, 29.98], [104.06, 30.06], [104.015, 30.06], [104.015, 29.98]]
        features = [
            {
                "type": "Feature",
                "properties": {"boundary_id": code, "name": name},
                "geometry": {"type": "Polygon", "coordinates": [outline]},
            }
            for code, name, outline in (("b1", "西镇", west), ("b2", "东镇", east))
        ]
        return json.dumps({"type": "FeatureCollection", "features": features})

    def add_raster(self, values=None, *, crs="EPSG:4326", nodata=None):
        """A population raster of 24 x 24 cells of 0.0025 degrees, with one person in each unless values are given."""
        values = np.ones((24, 24)) if values is None else values
        transform = rasterio.transform.from_origin(103.99, 30.05, 0.0025, 0.0025)
        rows, columns = values.shape
        shape = {"width": columns, "height": rows, "count": 1, "dtype": "float64", "transform": transform}
        with rasterio.open(self.path("population.tif"), "w", driver="GTiff", crs=crs, nodata=nodata, **shape) as file:
            file.write(values, 1)
        self.tables["sources.population"] = {"path": "tiny/population.tif"}
        return self

    def save(self):
        """Write the study file. JSON values are TOML values, but for tables, which come after the other keys."""

        def pairs(table):
            return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]

        lines = []
        for name, keys in self.tables.items():
            inner = {key: value for key, value in keys.items() if isinstance(value, dict)}
            lines += [f"[{name}]"] if name else []
            lines += pairs({key: value for key, value in keys.items() if key not in inner})
            for key, table in inner.items():
                lines += [f"[{name}.{key}]", *pairs(table)]
        self.file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self.file

    def folders(self):
        return ("--raw", self.raw, "--processed", self.processed, "--maps", self.maps)

    def run(self, *more):
        return _command("run", self.save(), *self.folders(), *more)

    def written(self):
        """Everything below the output folders, but for the lock."""
        found = [path for folder in (self.processed, self.maps) for path in folder.rglob("*") if path.is_file()]
        return sorted(path.relative_to(self.folder).as_posix() for path in found if path.name != ".lock")


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    """A study of eight places whose files the test may spoil."""
    return TinyStudy(tmp_path)


@pytest.fixture(scope="session")
def tiny_run(once) -> Path:
    """Run the tiny study as it stands once a session: to be read, and never written."""

    def make(new: Path) -> None:
        outcome = TinyStudy(new).run()
        assert outcome.code == 0, outcome.err

    return once("run-tiny", make)


@pytest.fixture
def tiny_done(tiny, tiny_run, go_on_from) -> TinyStudy:
    """A tiny study that was run as it stands, so that a run with other options does only what they change."""
    go_on_from(tiny_run, tiny.folder)
    return tiny


@pytest.fixture
def file_limit():
    """Let no file of this process grow beyond some bytes, as a disk that is full there."""

    @contextlib.contextmanager
    def limited(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        # Python would keep the compiled code of a module that is imported now cut off, and later runs trip over it.
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "dont_write_bytecode", True)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
            try:
                yield
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def further_column(monkeypatch):
    """Declare a further column of `access` as a contributor does: a row of the dictionary, a name in the lists."""
    name = "made_up_share"
    # Of a title that every language has.
    field = Field(name, "number", "Share of the last mile", required=False, nullable=True, maximum=1.0)
    for table in ("access", "gaps"):
        monkeypatch.setitem(TABLES, table, replace(TABLES[table], fields=(*TABLES[table].fields, field)))
    shown = columns_told("access")
    monkeypatch.setitem(shown, "card", (*shown["card"], "network_leg_min", name, "second_facility_id"))
    monkeypatch.setitem(shown, "gaps", (*shown["gaps"], name))
    page_data.page_texts.cache_clear()
    yield name
    page_data.page_texts.cache_clear()


@pytest.fixture(scope="session")
def tiny_at():
    """Make a tiny study in a folder of the test's own."""
    return TinyStudy
