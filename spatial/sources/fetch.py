"""Bring what a study lacks: files from their described addresses, an extract of its ground through osmnx."""

from __future__ import annotations

import json
import logging
import re
import tempfile
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pooch
import requests

from spatial.errors import SourceError
from spatial.sources.files import is_remote, is_there, local_file
from spatial.sources.overpass import Servers, download_extract, silent, study_ground
from spatial.sources.provenance import (
    DESCRIPTION,
    PROJECT_RAW,
    UNKNOWN,
    SourceRecord,
    declared_paths,
    describe,
    file_sha256,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spatial.study import Study

    Progress = Callable[[float, str], None]

__all__ = ["MissingSource", "Servers", "fetch", "missing_sources"]

_FROM_OVERPASS = "OpenStreetMap through Overpass"
_FILE_HEADING = re.compile(r"(?m)^(?=\s*\[\[file\]\])")
_WEB_ADDRESS = re.compile(r"https?://[^\s/]+/?\S*")


@dataclass(frozen=True)
class MissingSource:
    """A raw file that a study names and that is not there."""

    key: str  # the key of the study file that names it
    path: str  # as written there
    file: Path  # where it should lie
    address: str = UNKNOWN  # where it can be fetched, or ``"unknown"``
    sha256: str = UNKNOWN  # checksum that it should have, or ``"unknown"``
    # whether it can be made through osmnx: the extract of a study whose region says where it lies
    from_overpass: bool = False

    @property
    def remedy(self) -> str:
        """What brings the file."""
        if self.address != UNKNOWN:
            return f"`spatial fetch` brings it from {self.address}"
        if self.from_overpass:
            return "`spatial fetch` makes it through Overpass"
        return f"nobody describes its address: put it at {self.file}, or give its address in {DESCRIPTION}"


def missing_sources(study: Study, *, project_raw: Path = PROJECT_RAW) -> list[MissingSource]:
    """List the raw files that a study names and that are not there."""
    placed = study.region.bbox is not None or bool(study.region.names)
    missing = []
    for key, paths in declared_paths(study).items():
        for path in paths:
            file = study.raw_path(path)
            if is_there(file):
                continue
            known = describe(study.raw, path, project_raw=project_raw) or SourceRecord(
                path, is_described=False
            )
            ours_to_make = not known.is_described or known.origin.startswith(_FROM_OVERPASS)
            by_overpass = key == "sources.osm.path" and known.address == UNKNOWN and placed and ours_to_make
            missing.append(MissingSource(key, path, file, known.address, known.sha256, by_overpass))
    return missing


def fetch(
    study: Study,
    *,
    progress: Progress | None = None,
    project_raw: Path = PROJECT_RAW,
    servers: Servers | None = None,
) -> list[Path]:
    """Bring the raw files that a study lacks; each appears whole and checked, or not at all."""
    report = progress or silent
    missing = missing_sources(study, project_raw=project_raw)
    brought: list[Path] = []
    faults: list[str] = []
    for number, item in enumerate(missing):
        share = number / len(missing)
        report(share, item.path)
        try:
            _bring(item, study, servers or Servers(), _part(report, share, 1.0 / len(missing)))
        except SourceError as error:
            faults.append(str(error))
        else:
            brought.append(item.file)
    report(1.0, f"{len(brought)} file(s) brought")
    if faults:
        raise SourceError(
            f"{len(faults)} of {len(missing)} missing file(s) not brought: " + "; ".join(faults)
        )
    return brought


def _part(report: Progress, start: float, width: float) -> Progress:
    def inner(share: float, message: str) -> None:
        report(start + share * width, message)

    return inner


def _bring(item: MissingSource, study: Study, servers: Servers, report: Progress) -> None:
    _refuse_outside_root(item, study.raw)
    if item.address != UNKNOWN:
        _download(item, servers.timeout_s)
        return
    ground = study_ground(study.region, servers=servers) if item.from_overpass else None
    if ground is None:
        raise SourceError(f"{item.key}: {item.path} is missing; {item.remedy}")
    day = download_extract(ground, item.file, servers=servers, progress=report)
    _describe_extract(item, day, servers)


def _refuse_outside_root(item: MissingSource, root: Path) -> None:
    if is_remote(item.path) or not item.file.resolve().is_relative_to(root.resolve()):
        raise SourceError(
            f"{item.key}: {item.path} does not lie below the raw root {root}; "
            "write a path below it, and the address in source.toml"
        )


def _download(item: MissingSource, timeout_s: float) -> None:
    if not _WEB_ADDRESS.fullmatch(item.address):
        raise SourceError(
            f"{item.key}: the address {item.address!r} of {item.path} is no http(s) address; correct it"
        )
    known = None if item.sha256 == UNKNOWN else f"sha256:{item.sha256}"
    try:
        item.file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=item.file.parent, prefix=".fetch-") as folder, _quiet_pooch():
            name = pooch.retrieve(
                item.address,
                known_hash=known,
                fname=item.file.name,
                path=folder,
                downloader=pooch.HTTPDownloader(timeout=timeout_s),
            )
            local_file(Path(name), what=f"answer of {item.address}")
            Path(name).replace(item.file)
    except requests.RequestException as error:
        raise SourceError(f"{item.path}: {item.address} does not answer: {error}; try again later") from error
    except ValueError as error:
        raise SourceError(
            f"{item.path}: {item.address} sent a file of another sha256 than described ({item.sha256[:12]}...); "
            "the source has changed or the download is damaged: try again, or describe the new file"
        ) from error
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{item.file}: cannot be written: {error.strerror or error}") from error


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from printing: it has a handler of its own, and only the command line sets up logging."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _describe_extract(item: MissingSource, day: str, servers: Servers) -> None:
    """Describe the new file in the source.toml beside it, in place of an earlier one of that name."""
    entry = {
        "path": item.file.name,
        "origin": f"{_FROM_OVERPASS} at {servers.overpass_url} (c) OpenStreetMap contributors",
        "licence": "ODbL-1.0",
        "vintage": day,
        "sha256": file_sha256(item.file),
        "address": UNKNOWN,
    }
    block = "[[file]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items())
    description = item.file.parent / DESCRIPTION
    before = description.read_text(encoding="utf-8-sig") if description.is_file() else ""
    kept = [
        part for part in _FILE_HEADING.split(before) if part.strip() and not _describes(part, item.file.name)
    ]
    with tempfile.TemporaryDirectory(dir=item.file.parent, prefix=".fetch-") as folder:
        part = Path(folder) / DESCRIPTION
        part.write_text("\n\n".join([*(text.strip() for text in kept), block]), encoding="utf-8")
        part.replace(description)


def _describes(block: str, name: str) -> bool:
    return any(entry.get("path") == name for entry in tomllib.loads(block).get("file", []))
