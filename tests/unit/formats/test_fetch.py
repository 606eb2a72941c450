"""Fetching, against a small server on loopback that answers as a file host, Overpass and Nominatim do."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import osmium
import pytest

from spatial.errors import SourceError
from spatial.formats.fetch import Servers, fetch, missing_sources
from spatial.formats.files import read_provenance
from spatial.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONTENT = b"settlement_id,tier\na,village\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()

# Two nodes and a road, told twice; a village, and an island as a relation of one way.
ROADS = [
    {"type": "way", "id": 10, "nodes": [1, 2], "tags": {"highway": "track", "surface": "土路"}},
    {"type": "node", "id": 2, "lat": -12.1, "lon": 43.6},
    {"type": "node", "id": 1, "lat": -12.0, "lon": 43.5},
]
FEATURES = [
    {"type": "node", "id": 1, "lat": -12.0, "lon": 43.5},
    {"type": "node", "id": 5, "lat": -12.05, "lon": 43.55, "tags": {"place": "village", "name": "Séléa"}},
    {
        "type": "relation",
        "id": 20,
        "members": [{"type": "way", "ref": 10, "role": "outer"}],
        "tags": {"boundary": "administrative"},
    },
]
AREA = {
    "place_id": 1,
    "osm_type": "relation",
    "osm_id": 20,
    "class": "boundary",
    "type": "administrative",
    "lat": "-12",
    "lon": "43.5",
    "importance": 0.5,
    "display_name": "Selea",
    "name": "Selea",
    "boundingbox": ["-12.1", "-12", "43.5", "43.6"],
    "geojson": {"type": "Polygon", "coordinates": [[[43.5, -12.1], [43.6, -12.1], [43.6, -12.0], [43.5, -12.1]]]},
}


class _Server(ThreadingHTTPServer):
    """Answers, and what it was asked."""

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.queries: list[str] = []
        self.overpass: dict[str, Any] = {"osm3s": {"timestamp_osm_base": "2026-01-31T00:00:00Z"}}
        self.areas: list[dict[str, Any]] = [AREA]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/files/villages.csv":
            self._send(CONTENT, "text/csv")
        elif path == "/files/page.csv":
            self._send(b"<!DOCTYPE html><html>Please log in</html>", "text/html")
        elif path == "/files/cut.csv":
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT) + 100))
            self.end_headers()
            self.wfile.write(CONTENT)
        elif path == "/nominatim/search":
            self._send(json.dumps(self.server.areas).encode(), "application/json")
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        query = parse_qs(body)["data"][0]
        self.server.queries.append(query)
        elements = ROADS if '["highway"]' in query or '["route"="ferry"]' in query else FEATURES
        self._send(json.dumps({"elements": elements, **self.server.overpass}).encode(), "application/json")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def _servers(server: _Server) -> Servers:
    return Servers(f"{server.url}/api", f"{server.url}/nominatim", timeout_s=10.0, rate_limit=False)


def _study(raw: Path, *, table: str = "own/villages.csv", osm: str = "", **region: Any) -> Study:
    sources: dict[str, Any] = {"osm": {"path": osm}} if osm else {"roads": {"path": table}}
    values = {
        "name": "x",
        "title": {"en": "X"},
        "as_of": "2026-01-01",
        "region": {"buffer_km": 1.0, **region},
        "sources": {**sources, "settlements": {"path": table}} if not osm else sources,
    }
    return Study.from_dict(values, raw=raw)


def _describe(raw: Path, address: str, *, sha256: str = DIGEST, name: str = "villages.csv") -> None:
    (raw / "own").mkdir(parents=True, exist_ok=True)
    text = f'[[file]]\npath = "{name}"\naddress = "{address}"\nsha256 = "{sha256}"\n'
    (raw / "own/source.toml").write_text(text, encoding="utf-8")


def _left_over(raw: Path) -> list[str]:
    return sorted(path.name for path in raw.rglob("*") if path.is_file() and path.name != "source.toml")


def test_missing_files_are_listed_with_what_brings_them(tmp_path: Path) -> None:
    _describe(tmp_path, "https://example.org/villages.csv")
    settlements, roads = missing_sources(_study(tmp_path), project_raw=tmp_path)
    assert (settlements.key, roads.key) == ("sources.settlements.path", "sources.roads.path")
    assert settlements.remedy == "`spatial fetch` brings it from https://example.org/villages.csv"
    (extract,) = missing_sources(_study(tmp_path, osm="o/x.osm.pbf", bbox=(43, -13, 44, -12)), project_raw=tmp_path)
    assert extract.remedy == "`spatial fetch` makes it through Overpass"
    (extract,) = missing_sources(_study(tmp_path, osm="o/x.osm.pbf"), project_raw=tmp_path)
    assert "nobody describes its address" in extract.remedy


def test_described_file_is_brought_and_checked(tmp_path: Path, server: _Server) -> None:
    _describe(tmp_path, f"{server.url}/files/villages.csv")
    told: list[tuple[float, str]] = []
    study = _study(tmp_path)
    brought = fetch(study, progress=lambda share, text: told.append((share, text)), project_raw=tmp_path)
    assert (tmp_path / "own/villages.csv").read_bytes() == CONTENT
    assert set(brought) == {tmp_path / "own/villages.csv"}
    assert told[-1][0] == 1.0
    assert _left_over(tmp_path) == ["villages.csv"]
    assert missing_sources(study, project_raw=tmp_path) == []
    assert fetch(study, project_raw=tmp_path) == []


@pytest.mark.parametrize(
    ("page", "sha256", "message"),
    [
        ("villages.csv", "0" * 64, "another sha256 than described"),
        ("page.csv", "unknown", "web page or a server's error message"),
        ("none.csv", "unknown", "does not answer: 404"),
        ("cut.csv", "unknown", "does not answer"),
    ],
)
def test_what_is_not_the_file_leaves_nothing_behind(
    tmp_path: Path, server: _Server, page: str, sha256: str, message: str
) -> None:
    _describe(tmp_path, f"{server.url}/files/{page}", sha256=sha256)
    with pytest.raises(SourceError, match=message):
        fetch(_study(tmp_path), project_raw=tmp_path)
    assert _left_over(tmp_path) == []


def test_a_disk_that_is_full_while_files_are_brought_leaves_nothing_behind(
    tmp_path: Path, server: _Server, file_limit
) -> None:
    _describe(tmp_path, f"{server.url}/files/villages.csv")
    with file_limit(len(CONTENT) - 1), pytest.raises(SourceError, match=r"villages\.csv: cannot be written"):
        fetch(_study(tmp_path), project_raw=tmp_path)
    assert _left_over(tmp_path) == []
    study = _study(tmp_path, osm="o/x.osm.pbf", bbox=(43.5, -12.1, 43.6, -12.0))
    with file_limit(100), pytest.raises(SourceError, match=r"x\.osm\.pbf: cannot be written"):
        fetch(study, project_raw=tmp_path, servers=_servers(server))
    assert _left_over(tmp_path) == []


def test_addresses_and_paths_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    _describe(tmp_path, "file:///etc/passwd", sha256="unknown")
    with pytest.raises(SourceError, match="is no http"):
        fetch(_study(tmp_path), project_raw=tmp_path)
    with pytest.raises(SourceError, match="does not lie below the raw root"):
        fetch(_study(tmp_path / "raw", table="../elsewhere.csv"), project_raw=tmp_path)


def test_what_nobody_can_bring_is_named_after_the_rest_was_brought(tmp_path: Path, server: _Server) -> None:
    _describe(tmp_path, f"{server.url}/files/villages.csv")
    study = Study.from_dict(
        {
            "name": "x",
            "title": {"en": "X"},
            "as_of": "2026-01-01",
            "sources": {"settlements": {"path": "own/villages.csv"}, "roads": {"path": "own/roads.gpkg"}},
        },
        raw=tmp_path,
    )
    with pytest.raises(SourceError, match=r"1 of 2 missing .* sources\.roads\.path: own/roads\.gpkg is missing"):
        fetch(study, project_raw=tmp_path)
    assert _left_over(tmp_path) == ["villages.csv"]


def test_extract_is_made_through_overpass_and_described(
    tmp_path: Path, server: _Server, library: Callable[[str], Any]
) -> None:
    osmnx = library("osmnx")
    study = _study(tmp_path, osm="o/x.osm.pbf", bbox=(43.5, -12.1, 43.6, -12.0))
    before = osmnx.settings.overpass_url
    fetch(study, project_raw=tmp_path, servers=_servers(server))
    assert osmnx.settings.overpass_url == before
    elements = {
        (type(item).__name__, item.id): dict(item.tags) for item in osmium.FileProcessor(tmp_path / "o/x.osm.pbf")
    }
    assert elements == {
        ("Node", 1): {},
        ("Node", 2): {},
        ("Node", 5): {"place": "village", "name": "Séléa"},
        ("Way", 10): {"highway": "track", "surface": "土路"},
        ("Relation", 20): {"boundary": "administrative"},
    }
    (record,) = read_provenance(tmp_path, ["o/x.osm.pbf"], project_raw=tmp_path)
    assert (record.licence, record.vintage) == ("ODbL-1.0", "2026-01-31")
    # fetched again, it is described once, below what somebody wrote there
    description = tmp_path / "o/source.toml"
    description.write_text("# Ask Ali\n" + description.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "o/x.osm.pbf").unlink()
    server.overpass = {"osm3s": {"timestamp_osm_base": "2026-02-28T00:00:00Z"}}
    fetch(study, project_raw=tmp_path, servers=_servers(server))
    assert read_provenance(tmp_path, ["o/x.osm.pbf"], project_raw=tmp_path)[0].vintage == "2026-02-28"
    text = description.read_text(encoding="utf-8")
    assert (text.partition("\n")[0], text.count("[[file]]")) == ("# Ask Ali", 1)


def test_named_region_is_asked_of_nominatim(tmp_path: Path, server: _Server) -> None:
    study = _study(tmp_path, osm="o/x.osm", admin_level=8, names=["Selea"])
    fetch(study, project_raw=tmp_path, servers=_servers(server))
    assert (tmp_path / "o/x.osm").is_file()
    assert server.queries
    server.areas = []
    (tmp_path / "o/x.osm").unlink()
    with pytest.raises(SourceError, match="gives no area for Selea"):
        fetch(study, project_raw=tmp_path, servers=_servers(server))


def test_answer_in_part_is_no_extract(tmp_path: Path, server: _Server) -> None:
    server.overpass = {"remark": "runtime error: Query timed out"}
    study = _study(tmp_path, osm="o/x.osm.pbf", bbox=(43.5, -12.1, 43.6, -12.0))
    with pytest.raises(SourceError, match="answered in part only: runtime error: Query timed out"):
        fetch(study, project_raw=tmp_path, servers=_servers(server))
    assert _left_over(tmp_path) == []


def test_silent_server_and_other_endings_are_refused(tmp_path: Path, server: _Server) -> None:
    region = {"bbox": (43.5, -12.1, 43.6, -12.0)}
    nowhere = Servers("http://127.0.0.1:9/api", "http://127.0.0.1:9", timeout_s=2.0, rate_limit=False)
    with pytest.raises(SourceError, match="does not answer as it should"):
        fetch(_study(tmp_path, osm="o/x.osm.pbf", **region), project_raw=tmp_path, servers=nowhere)
    with pytest.raises(SourceError, match="an extract is written as one of"):
        fetch(_study(tmp_path, osm="o/x.gpkg", **region), project_raw=tmp_path, servers=_servers(server))


def test_described_extract_is_never_replaced_by_another_one(tmp_path: Path, server: _Server) -> None:
    (tmp_path / "o").mkdir()
    (tmp_path / "o/source.toml").write_text(f'[[file]]\npath = "x.osm.pbf"\nsha256 = "{DIGEST}"\n', encoding="utf-8")
    study = _study(tmp_path, osm="o/x.osm.pbf", bbox=(43.5, -12.1, 43.6, -12.0))
    with pytest.raises(SourceError, match="nobody describes its address"):
        fetch(study, project_raw=tmp_path, servers=_servers(server))
    assert server.queries == []
