"""Bring what a study lacks: files from their described addresses, an extract of its ground through osmnx."""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import osmium
import pooch
import requests
import shapely
from shapely import MultiPolygon, Polygon

from spatial.crs import WGS84, working_crs_for
from spatial.errors import SourceError
from spatial.formats.database import read_database
from spatial.formats.files import (
    DATABASES,
    DESCRIPTION,
    FROM_OVERPASS,
    PROJECT_RAW,
    MissingSource,
    file_sha256,
    is_remote,
    local_file,
    missing_sources,
)
from spatial.plain_text import shipped_toml
from spatial.tables.words import UNKNOWN

if TYPE_CHECKING:
    from spatial.study import Study
    from spatial.study.region import Region

    Progress = Callable[[float, str], None]


# A place's network and features through osmnx, kept as the servers sent them and written as one OpenStreetMap file.

MEMBER_LETTERS = {"node": "n", "way": "w", "relation": "r"}
_ENDINGS = (".osm.pbf", ".osm", ".osm.gz", ".osm.bz2")


@dataclass(frozen=True)
class Servers:
    """Which servers are asked, and how."""

    overpass_url: str = "https://overpass-api.de/api"  # base address of an Overpass interface
    nominatim_url: str = "https://nominatim.openstreetmap.org"  # base address of a Nominatim service
    timeout_s: float = 180.0  # seconds after which a silent server is given up
    # whether to ask the Overpass server for a free slot first, as public servers wish
    rate_limit: bool = True


@dataclass
class _Answers:
    """The Overpass answers of one download."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def keep(self, response: requests.Response, *_: object, **__: object) -> None:
        if not response.url.partition("?")[0].endswith("/interpreter"):
            return
        if response.status_code in {429, 504}:  # busy: osmnx waits and asks again
            return
        try:
            body = response.json()
        except ValueError:
            self.faults.append(f"it answered {response.status_code} with no JSON")
            return
        if not response.ok or "remark" in body:
            self.faults.append(str(body.get("remark", f"it answered {response.status_code}")))
            return
        self.bodies.append(body)


def study_ground(region: Region, *, servers: Servers) -> Polygon | MultiPolygon:
    """Ground that a study needs data of: its area, which is a box or has names, and the buffer around it."""
    if region.bbox is not None:
        area = gpd.GeoSeries([shapely.box(*region.bbox)], crs=WGS84)
    else:
        import osmnx  # noqa: PLC0415 - it takes seconds to load and only a fetch needs it

        with _osmnx_settings(servers, _Answers().keep):
            try:
                area = osmnx.geocode_to_gdf([*region.names]).geometry
            except (requests.RequestException, ValueError, TypeError, KeyError) as error:
                raise SourceError(
                    f"Nominatim at {servers.nominatim_url} gives no area for {', '.join(region.names)}: {error}; "
                    "write region.bbox in the study file instead"
                ) from error
    metres = working_crs_for(area)
    ground = area.to_crs(metres).union_all().buffer(region.buffer_km * 1000.0)
    wanted = gpd.GeoSeries([ground], crs=metres).to_crs(WGS84).iloc[0]
    assert isinstance(wanted, shapely.Polygon | shapely.MultiPolygon)
    return wanted


def download_extract(ground: Polygon | MultiPolygon, target: Path, *, servers: Servers, report: Progress) -> str:
    """Download roads, places, facilities, boundaries and water of a piece of ground into one file."""
    if not target.name.endswith(_ENDINGS):
        raise SourceError(f"{target}: an extract is written as one of {', '.join(_ENDINGS)}; name it so in the study")
    import osmnx  # noqa: PLC0415 - as above

    answers, wanted = _Answers(), shipped_toml("formats/overpass.toml")
    with _osmnx_settings(servers, answers.keep):
        report(0.0, "roads through Overpass")
        _ask(lambda: osmnx.graph_from_polygon(ground, custom_filter=wanted["roads"]), servers, answers)
        report(0.5, "places and facilities through Overpass")
        _ask(lambda: osmnx.features_from_polygon(ground, wanted["features"]), servers, answers)
    # Each element once, in the order of OpenStreetMap files: nodes, ways, relations, by id.
    order = {kind: number for number, kind in enumerate(MEMBER_LETTERS)}
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for body in answers.bodies:
        for element in body.get("elements", []):
            if element.get("type") in order:
                found.setdefault((order[element["type"]], int(element["id"])), element)
    elements = [found[key] for key in sorted(found)]
    if not any(element["type"] == "way" for element in elements):
        raise SourceError(f"Overpass at {servers.overpass_url} has no road in the study area; is its bbox right?")
    report(0.9, f"writing {len(elements):,} elements")
    try:
        with _put_in_place(target) as part:
            writer = osmium.SimpleWriter(str(part))
            try:
                with writer:
                    for element in elements:
                        tags = {str(key): str(value) for key, value in element.get("tags", {}).items()}
                        common: dict[str, Any] = {"id": int(element["id"]), "version": 1, "tags": tags}
                        mutable = osmium.osm.mutable
                        if element["type"] == "node":
                            writer.add_node(
                                mutable.Node(location=(float(element["lon"]), float(element["lat"])), **common)
                            )
                        elif element["type"] == "way":
                            writer.add_way(
                                mutable.Way(nodes=[int(node) for node in element.get("nodes", [])], **common)
                            )
                        else:
                            members = [
                                (MEMBER_LETTERS[member["type"]], int(member["ref"]), str(member.get("role", "")))
                                for member in element.get("members", [])
                            ]
                            writer.add_relation(mutable.Relation(members=members, **common))
            except RuntimeError:
                # A writer that failed ends the whole program when it is freed: it never is.
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(writer))
                raise
    except RuntimeError as error:
        raise SourceError(f"{target}: cannot be written: {error}") from error
    stamps = [str(body.get("osm3s", {}).get("timestamp_osm_base", "")) for body in answers.bodies]
    return min((stamp[:10] for stamp in stamps if stamp), default="unknown")


def _ask(call: Callable[[], object], servers: Servers, answers: _Answers) -> None:
    try:
        with contextlib.suppress(InterruptedError):  # how osmnx ends where it is to download alone
            call()
    except (requests.RequestException, ValueError) as error:
        raise SourceError(
            f"Overpass at {servers.overpass_url} does not answer as it should: {error}; try again later, "
            "or download an extract by hand"
        ) from error
    if answers.faults:
        raise SourceError(
            f"Overpass at {servers.overpass_url} answered in part only: {answers.faults[0]}; "
            "try again later, or study a smaller area"
        )


@contextlib.contextmanager
def _osmnx_settings(servers: Servers, keep: Callable[..., None]) -> Iterator[None]:
    """Lend osmnx our settings: it downloads, hands over each answer as sent, and builds nothing."""
    from osmnx import settings  # noqa: PLC0415 - as above

    ours = {
        "use_cache": False,
        "cache_only_mode": True,
        "doh_url_template": None,
        "overpass_url": servers.overpass_url,
        "nominatim_url": servers.nominatim_url.rstrip("/") + "/",
        "overpass_rate_limit": servers.rate_limit,
        "requests_timeout": servers.timeout_s,
        "requests_kwargs": {**settings.requests_kwargs, "hooks": {"response": keep}},
    }
    before = {name: getattr(settings, name) for name in ours}
    try:
        for name, value in ours.items():
            setattr(settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


_FILE_HEADING = re.compile(r"(?m)^(?=\s*\[\[file\]\])")
_WEB_ADDRESS = re.compile(r"https?://[^\s/]+/?\S*")


def fetch(
    study: Study, *, progress: Progress | None = None, project_raw: Path = PROJECT_RAW, servers: Servers | None = None
) -> list[Path]:
    """Bring the raw files that a study lacks; each appears whole and checked, or not at all."""
    report = progress or (lambda _share, _message: None)
    missing = missing_sources(study, project_raw=project_raw)
    brought: list[Path] = []
    faults: list[str] = []
    for number, item in enumerate(missing):
        share = number / len(missing)
        report(share, item.path)

        def part(within: float, message: str, start: float = share) -> None:
            report(start + within / len(missing), message)

        try:
            _bring(item, study, servers or Servers(), part)
        except SourceError as error:
            faults.append(str(error))
        else:
            brought.append(item.file)
    report(1.0, f"{len(brought)} file(s) brought")
    if faults:
        raise SourceError(f"{len(faults)} of {len(missing)} missing file(s) not brought: " + "; ".join(faults))
    return brought


def _bring(item: MissingSource, study: Study, servers: Servers, report: Progress) -> None:
    if is_remote(item.path) or not item.file.resolve().is_relative_to(study.raw.resolve()):
        raise SourceError(
            f"{item.key}: {item.path} does not lie below the raw root {study.raw}; "
            "write a path below it, and the address in source.toml"
        )
    if item.address.startswith(DATABASES):
        report(0.0, f"{item.path} from a database")
        _copy_from_database(item)
        return
    if item.address != UNKNOWN:
        _download(item, servers.timeout_s)
        return
    if not item.from_overpass:
        raise SourceError(f"{item.key}: {item.path} is missing; {item.remedy}")
    day = download_extract(study_ground(study.region, servers=servers), item.file, servers=servers, report=report)
    # Describe the new file in the source.toml beside it, in place of an earlier one of that name.
    entry = {
        "path": item.file.name,
        "origin": f"{FROM_OVERPASS} at {servers.overpass_url} (c) OpenStreetMap contributors",
        "licence": "ODbL-1.0",
        "vintage": day,
        "sha256": file_sha256(item.file),
        "address": UNKNOWN,
    }
    block = "[[file]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items())
    description = item.file.parent / DESCRIPTION
    before = description.read_text(encoding="utf-8-sig") if description.is_file() else ""
    kept = [
        part
        for part in _FILE_HEADING.split(before)
        if part.strip()
        and not any(entry.get("path") == item.file.name for entry in tomllib.loads(part).get("file", []))
    ]
    with _put_in_place(description) as new:
        new.write_text("\n\n".join([*(text.strip() for text in kept), block]), encoding="utf-8", newline="\n")


@contextlib.contextmanager
def _put_in_place(target: Path) -> Iterator[Path]:
    """Give a path that takes the place of a file if the block succeeds."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as folder:
            part = Path(folder) / target.name
            yield part
            part.replace(target)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{target}: cannot be written: {error.strerror or error}") from error


def _copy_from_database(item: MissingSource) -> None:
    """Keep what a database holds now as a file, which every later run reads: the same until it is fetched again."""
    if item.file.suffix.lower() not in {".parquet", ".geoparquet"}:
        raise SourceError(f"{item.key}: {item.path}: what comes from a database is kept as .parquet; name it so")
    frame = read_database(item.address, table=item.table, query=item.query, what=item.path)
    with _put_in_place(item.file) as part:
        frame.to_parquet(part, index=False)
        if item.sha256 not in {UNKNOWN, file_sha256(part)}:
            raise SourceError(
                f"{item.path}: the database holds other rows than were described ({item.sha256[:12]}...); take "
                f"sha256 out of {DESCRIPTION}, or describe the new ones"
            )


def _download(item: MissingSource, timeout_s: float) -> None:
    if not _WEB_ADDRESS.fullmatch(item.address):
        raise SourceError(f"{item.key}: the address {item.address!r} of {item.path} is no http(s) address; correct it")
    known = None if item.sha256 == UNKNOWN else f"sha256:{item.sha256}"
    # pooch has a handler of its own, and only the command line sets up logging: it is kept from printing.
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with _put_in_place(item.file) as part:
            loader = pooch.HTTPDownloader(timeout=timeout_s)
            try:
                pooch.retrieve(item.address, known_hash=known, fname=part.name, path=part.parent, downloader=loader)
            except requests.RequestException as error:
                raise SourceError(f"{item.path}: {item.address} does not answer: {error}; try again later") from error
            local_file(part, what=f"answer of {item.address}")
    except ValueError as error:
        raise SourceError(
            f"{item.path}: {item.address} sent a file of another sha256 than described ({item.sha256[:12]}...); "
            "the source has changed or the download is damaged: try again, or describe the new file"
        ) from error
    finally:
        logger.setLevel(level)
