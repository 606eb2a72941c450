"""Where raw files come from: the source.toml beside them, checked against the files themselves."""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from spatial.errors import SourceError
from spatial.sources.files import file_parts, local_file, local_folder
from spatial.sources.known_issues import JOINT, KnownIssue, issue_faults, read_issues

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spatial.study import Study

__all__ = [
    "DESCRIPTION",
    "UNKNOWN",
    "SourceRecord",
    "declared_paths",
    "describe",
    "file_sha256",
    "read_provenance",
]

DESCRIPTION = "source.toml"
"""Name of the file that describes the raw files of its folder and below."""

UNKNOWN = "unknown"
"""What a description says where nobody knows."""

PROJECT_RAW = Path("data/raw")
_WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls"})
ISSUE = "issue"
_KEYS = ("path", "origin", "licence", "vintage", "sha256", "address", ISSUE)
_HEX = set("0123456789abcdef")


@dataclass(frozen=True)
class SourceRecord:
    """What is known about one raw file."""

    path: str  # as the study names it, relative to the raw root
    # who made it, under which licence it may be used, and how old it is; ``"unknown"`` where nobody says
    origin: str = UNKNOWN
    licence: str = UNKNOWN
    vintage: str = UNKNOWN
    # checksum of the file as it lies there; of the description where the file is not there
    sha256: str = UNKNOWN
    address: str = UNKNOWN  # where it can be fetched, or ``"unknown"``
    # known faults of the source in one text, carried to every page that uses it; empty for none
    issue: str = ""
    issues: tuple[KnownIssue, ...] = ()  # the same one by one, with what each affects and forbids
    is_described: bool = True  # false where no source.toml lists it

    def to_dict(self) -> dict[str, Any]:
        """Turn the record into plain values for a manifest."""
        return asdict(self)


def declared_paths(study: Study) -> dict[str, tuple[str, ...]]:
    """List the raw files that a study names."""
    sources = study.sources
    found: dict[str, tuple[str, ...]] = {}
    for name in ("osm", "settlements", "roads", "boundaries", "flows", "official_units"):
        source = getattr(sources, name)
        if source is not None:
            found[f"sources.{name}.path"] = (source.path,)
    for name in ("attributes", "facilities", "water"):
        for number, table in enumerate(getattr(sources, name)):
            found[f"sources.{name}.{number}.path"] = (table.path,)
    for name in ("population", "elevation", "landcover"):
        source = getattr(sources, name)
        if source is not None:
            found[f"sources.{name}.paths"] = tuple(source.paths)
    for name, group in sources.population_groups.items():
        found[f"sources.population_groups.{name}.paths"] = tuple(group.paths)
    return found


def read_provenance(
    raw_root: Path, paths: Iterable[str], *, project_raw: Path = PROJECT_RAW
) -> list[SourceRecord]:
    """Describe raw files and check that they are the ones described."""
    records: list[SourceRecord] = []
    for path in dict.fromkeys(paths):
        file = _there(raw_root / path)
        digest = file_sha256(file)
        known = describe(raw_root, path, project_raw=project_raw)
        if known is None:
            records.append(SourceRecord(path, sha256=digest, is_described=False))
            continue
        if known.sha256 not in {UNKNOWN, digest}:
            raise SourceError(
                f"source {raw_root / path}: its sha256 is {digest[:12]}..., its {DESCRIPTION} says "
                f"{known.sha256[:12]}...; the file was changed or damaged: fetch it again, or describe the new file"
            )
        records.append(replace(known, sha256=digest))
    return records


def describe(raw_root: Path, path: str, *, project_raw: Path = PROJECT_RAW) -> SourceRecord | None:
    """
    Find the description of a raw file, whether or not the file is there.

    Returns from the nearest source.toml that lists the file: its folder, then the folders above up to the raw
    root, then the same in `project_raw`; None where none does.
    """
    for root in dict.fromkeys((raw_root, project_raw)):
        for folder in _folders(root, path):
            description = folder / DESCRIPTION
            if not description.is_file():
                continue
            inside = PurePosixPath(os.path.relpath(root / path, folder)).as_posix()
            for entry in _entries(description):
                if PurePosixPath(entry["path"]).as_posix() == inside:
                    return replace(SourceRecord(**entry), path=path)
    return None


def file_sha256(path: Path) -> str:
    """Checksum of a file's bytes; of a file geodatabase, of the names and bytes of its files."""
    if path.is_dir():
        lines = [f"{part.name} {file_sha256(part)}" for part in file_parts(path)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _there(path: Path) -> Path:
    if path.suffix.lower() == ".gdb":
        return local_folder(path, what="source", holds="*.gdbtable", kind="file geodatabase")
    if path.suffix.lower() in _WORKBOOKS and path.is_file() and path.stat().st_size:
        return path.absolute()  # its reader knows better than a download what a web page under that name is
    return local_file(path, what="source")


def _folders(root: Path, path: str) -> list[Path]:
    """From the file's own folder up to the root; its own folder alone where it lies elsewhere."""
    folder = (root / path).parent
    inside = Path(os.path.normpath(path))
    if inside.is_absolute() or ".." in inside.parts:
        return [folder]
    return [root / parent for parent in inside.parents]


def _entries(description: Path) -> list[dict[str, Any]]:
    try:
        content = tomllib.loads(description.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"{description}: cannot be read as TOML in UTF-8: {error}") from error
    entries = content.get("file")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourceError(
            f"{description}: describes no file; write one [[file]] each with {', '.join(_KEYS)}"
        )
    problems = [problem for number, entry in enumerate(entries) for problem in _faults(number, entry)]
    if problems:
        raise SourceError(f"{description}: " + "; ".join(problems))
    return [_told(entry) for entry in entries]


def _told(entry: dict[str, Any]) -> dict[str, Any]:
    issues = read_issues(entry.get(ISSUE, ""))
    texts = {key: str(entry[key]) for key in _KEYS if key in entry}
    return texts | {ISSUE: JOINT.join(issue.text for issue in issues), "issues": issues}


def _faults(number: int, entry: dict[str, Any]) -> list[str]:
    where = f"file {number + 1} ({entry.get('path', 'no path')})"
    problems = [f"{where}: unknown key {key}" for key in entry if key not in _KEYS]
    problems += [
        f"{where}: {key} must be text"
        for key, value in entry.items()
        if key != ISSUE and not isinstance(value, str)
    ]
    problems += [f"{where}: {fault}" for fault in issue_faults(entry.get(ISSUE, ""))]
    if not entry.get("path"):
        problems.append(f"{where}: path is missing")
    digest = entry.get("sha256", UNKNOWN)
    if digest != UNKNOWN and not (isinstance(digest, str) and len(digest) == 64 and set(digest) <= _HEX):
        problems.append(f"{where}: sha256 must be 64 small hexadecimal digits or '{UNKNOWN}'")
    return problems
