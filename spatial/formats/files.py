"""Raw files before they are opened, where they come from, and their known faults, as source.toml declares them."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from spatial.errors import DataError, SourceError, SpatialError, StoreError
from spatial.plain_text import toml_table, toml_text
from spatial.tables.words import DECLARED, ISSUE_EFFECTS, PLAIN_TEXT, UNKNOWN

if TYPE_CHECKING:
    from spatial.study import Study
    from spatial.study.sources import ReadLimits


# Raw files before they are opened: there, local, whole enough, and what their name says they are.

HEAD_BYTES = 8192
"""How much of a file is looked at to tell what it is."""

BYTES_A_MB = 1e6
LETTERS_OF_CAUSE = 200
"""How much of what a library says is told."""

_SCHEME = re.compile(r"(^|[/\\])[A-Za-z][A-Za-z0-9+.\-]+:[/\\]")
_WEB_PAGE = re.compile(
    rb"^\s*(<!doctype html|<html|<head|<body|<!--|<\?xml[^>]*>\s*(<!doctype html|<html|<error))", re.IGNORECASE
)
_LEADS_ELSEWHERE = re.compile(rb"<(OGR\w*DataSource|VRTDataset|GDAL_\w+|WCS_\w+|GDALWMTS)|gdal_streamed_alg")
"""What GDAL's virtual formats hold: under any name they may open other files, remote ones too."""

_SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg")
_LFS_POINTER = b"version https://git-lfs"

DATABASES = ("postgresql://", "postgres://")
"""How the address of a database begins."""
_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/?#@]*:[^/?#]*@|[?&](ssl)?password=", re.IGNORECASE)


def is_remote(path: str | Path) -> bool:
    """Whether a path is an address on the network, or a virtual file system of GDAL that may become one."""
    text = str(path)
    return text.startswith(("/vsi", "\\vsi")) or _SCHEME.search(text) is not None


def has_password(address: str) -> bool:
    """Whether an address holds a password."""
    return _PASSWORD.search(address) is not None


def refuse_password(address: str, fault: type[DataError | StoreError]) -> None:
    """Refuse an address that holds a password, without saying it again."""
    if has_password(address):
        raise fault(
            "the address of the database holds a password, which others can read there; take it out, and put it into "
            "the environment as PGPASSWORD or into ~/.pgpass"
        )


@contextlib.contextmanager
def damage_told(label: str, kind: str, remedy: str = "export it again") -> Iterator[None]:
    """Say that a file cannot be read, whatever its library raises; our own errors pass through."""
    try:
        yield
    except (SpatialError, KeyboardInterrupt):
        raise
    except (MemoryError, OverflowError) as error:
        raise SourceError(f"{label}: the {kind} asks for more memory than there is; {remedy}") from error
    except Exception as error:
        # No thread could begin, which is no fault of the file; where a system call fails so, somebody holds the file.
        if os.strerror(errno.EAGAIN) in str(error) and not isinstance(error, OSError):
            raise MemoryError(str(error)) from error
        # What is wrong, without the file and without advice for programmers.
        said = " ".join(str(error).partition("; It might help")[0].split()).strip(" .;")[:LETTERS_OF_CAUSE]
        cause = said.replace(f"'{label.rpartition(' ')[2]}' ", "") or type(error).__name__
        raise SourceError(f"{label}: the {kind} is damaged or truncated ({cause}); {remedy}") from error


def refuse_large(size_bytes: float, limits: ReadLimits, *, label: str) -> None:
    """Refuse a file that is larger, once unpacked, than the study allows."""
    if size_bytes > limits.max_unpacked_mb * BYTES_A_MB:
        raise SourceError(
            f"{label}: more than {limits.max_unpacked_mb:g} MB unpacked; if it is meant to be so large, raise "
            "max_unpacked_mb of this source in the study file"
        )


def refuse_wide(columns: int, limits: ReadLimits, *, label: str) -> None:
    """Refuse a table that has more columns than the study allows."""
    if columns > limits.max_columns:
        raise SourceError(
            f"{label}: {columns:,} columns; leave out those that nobody needs, or raise max_columns of this source in "
            f"the study file ({limits.max_columns:,})"
        )


def local_file(path: Path, *, what: str, magic: tuple[bytes, ...] = (), kind: str = "") -> Path:
    """Return the absolute path of a local file that begins as its kind should, and refuse anything else."""
    if is_remote(path):
        raise SourceError(
            f"{what} {path}: remote files are never opened; give its address in source.toml and run `spatial fetch`"
        )
    if path.is_dir():
        raise SourceError(f"{what} {path}: this is a folder; name the file in it")
    if path.exists() and not path.is_file():
        raise SourceError(f"{what} {path}: this is a pipe or a device, not a file; save what comes from it as a file")
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except FileNotFoundError as error:
        remedy = spelled_otherwise(path) or (
            "correct the path in the study file, name the folder of the raw data with --raw FOLDER, or run "
            "`spatial fetch STUDY`"
        )
        raise SourceError(f"{what} {path}: not found; {remedy}") from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{what} {path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not head:
        raise SourceError(f"{what} {path}: the file is empty; fetch or export it again")
    if _WEB_PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise SourceError(
            f"{what} {path}: this is a web page or a server's error message saved under that name; "
            "download the file itself again"
        )
    if head.startswith(_LFS_POINTER):
        raise SourceError(f"{what} {path}: this is a Git LFS pointer, not the file; run `git lfs pull`")
    if magic and not head.lstrip().startswith(magic) and not head.startswith(magic):
        raise SourceError(
            f"{what} {path}: this is no {kind} (it begins with {head[:8]!r}); "
            "it is damaged or another kind of file under that name"
        )
    if _LEADS_ELSEWHERE.search(head):
        raise SourceError(f"{what} {path}: this file refers to others; name the file with the data itself")
    return path.absolute()


def file_parts(path: Path) -> tuple[Path, ...]:
    """List the files that together are one source: all of a Shapefile, or of the folder of a file geodatabase."""
    if _is_geodatabase(path):
        return tuple(sorted(part for part in path.iterdir() if part.is_file() and part.suffix != ".lock"))
    if path.suffix.lower() != ".shp":
        return (path,)
    beside = (path.with_suffix(form) for ending in _SHAPEFILE_PARTS for form in (ending, ending.upper()))
    return (path, *(part for part in beside if part.is_file()))


def spelled_otherwise(path: Path) -> str:
    """Say which file is there in other capitals, or with accents as other systems write them, where it is the same."""
    called = unicodedata.normalize("NFC", str(path))
    alike = (f"[{s.lower()}{s.upper()}]" if s.isalpha() else glob.escape(s) for s in called)
    for found in glob.glob("".join(sign if sign.isascii() else "*" for sign in alike)):  # noqa: PTH207 - from the root on
        if unicodedata.normalize("NFC", found).casefold() == called.casefold() and found != str(path):
            return f"{found} is there: write it so, capitals and accents too"
    return ""


def is_there(path: Path) -> bool:
    """Whether a source is there."""
    return path.is_file() or _is_geodatabase(path)


def local_geodatabase(path: Path, *, what: str) -> Path:
    """Return the absolute path of a file geodatabase, a local folder that is one source."""
    if is_remote(path):
        raise SourceError(f"{what} {path}: remote files are never opened; copy the folder below the raw root")
    if not path.is_dir():
        problem = "this is a file; a" if path.exists() else "not found; correct the path: a"
        raise SourceError(f"{what} {path}: {problem} file geodatabase is a folder with many files; copy all of it")
    if next(path.glob("*.gdbtable"), None) is None:
        fault = "this is no file geodatabase: no *.gdbtable is in it; copy the whole folder again"
        raise SourceError(f"{what} {path}: {fault}")
    return path.absolute()


def _is_geodatabase(path: Path) -> bool:
    return path.suffix.lower() == ".gdb" and path.is_dir()


# Known faults of raw files: what is wrong, which data it touches and what it forbids, as source.toml declares them.

DATA_KINDS = (
    "settlements", "facilities", "roads", "boundaries", "water", "flows", "official_units", "population",
    "population_groups", "elevation", "landcover",
)  # fmt: skip
"""What an issue may affect beside single services: the kinds of data that a study reads."""
LISTS = ("affects", "forbids", "areas")
JOINT = "; "
"""Between several issues of one file."""


@dataclass(frozen=True)
class KnownIssue:
    """
    A known fault of a raw file.

    Parameters
    ----------
    text : str
        What is wrong, in the language in which it was written.
    affects : tuple of str
        Kinds of data (`DATA_KINDS`) and services that it touches; empty where nobody says.
    forbids : tuple of str
        ``"comparison"``: the areas are not to be compared with one another; a single one not with any other,
        without areas none with any other. ``"ranking"``: the areas are to have no rank, without areas none is.
    areas : tuple of str
        Names or codes of boundaries.
    kind : str
        ``"declared"`` in a table with these keys, ``"plain_text"``, or ``"noticed"`` on reading the file.
    notice : str
        Key of the message of which the text is the English one; empty where the source says it.
    notice_values : str
        Values of that message, as JSON.

    Examples
    --------
    >>> KnownIssue("Totals interchanged", forbids=("comparison",), areas=("Alba", "Borga")).areas
    ('Alba', 'Borga')
    """

    text: str
    affects: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    kind: str = DECLARED
    notice: str = ""
    notice_values: str = ""


def issue_faults(value: object) -> list[str]:
    """Say what is wrong with the value of the key `issue`."""
    faults: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            continue
        if not isinstance(item, dict):
            faults.append("issue must be text, a table with text, affects, forbids and areas, or a list of these")
            continue
        faults += [f"issue: unknown key {key}" for key in item if key not in ("text", *LISTS)]
        text = item.get("text")
        if not isinstance(text, str) or not text.strip():
            faults.append("issue: text is missing")
        words = {key: _words(item.get(key)) for key in LISTS}
        faults += [
            f"issue: {key} must be a text or a list of texts, none with a semicolon"
            for key, found in words.items()
            if found is None
        ]
        effects = words["forbids"] or ()
        faults += [
            f"issue forbids {word}: it can forbid {' or '.join(ISSUE_EFFECTS)}"
            for word in effects
            if word not in ISSUE_EFFECTS
        ]
        if not effects and words["areas"]:
            faults.append("issue: areas are named, but nothing is forbidden; say what with forbids")
    return faults


def read_issues(value: object) -> tuple[KnownIssue, ...]:
    """Read the value of the key `issue`."""
    found = []
    items: list[Any] = value if isinstance(value, list) else [value]
    for item in filter(None, items):
        if isinstance(item, str):
            found.append(KnownIssue(item, kind=PLAIN_TEXT))
        else:
            affects, forbids, areas = (_words(item.get(key)) or () for key in LISTS)
            found.append(KnownIssue(item["text"].strip(), affects, forbids, areas))
    return tuple(found)


def refuse_unknown_data(found: Mapping[str, Iterable[KnownIssue]], services: Collection[str]) -> None:
    """Check that issues affect what there is."""
    known = {*DATA_KINDS, *services}
    faults = [
        f"{path}: issue affects {word}"
        for path, issues in found.items()
        for issue in issues
        for word in issue.affects
        if word not in known
    ]
    if faults:
        raise SourceError(
            f"source.toml: {JOINT.join(faults)}: neither a service of the study nor one of {', '.join(DATA_KINDS)}"
        )


def _words(value: object) -> tuple[str, ...] | None:
    """Give a text or a list of texts as a tuple without repetition; None where it is something else."""
    items: list[Any] = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item.strip() and ";" not in item for item in items):
        return None
    return tuple(dict.fromkeys(item.strip() for item in items))


# Where raw files come from: the source.toml beside them, checked against the files themselves.

DESCRIPTION = "source.toml"
"""Name of the file that describes the raw files of its folder and below."""

FROM_OVERPASS = "OpenStreetMap through Overpass"
"""How the origin of an extract begins that a fetch made."""

PROJECT_RAW = Path("data/raw")
_WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls"})
ISSUE = "issue"
_KEYS = ("path", "origin", "licence", "vintage", "sha256", "address", "table", "query", ISSUE)
_HEX = set("0123456789abcdef")


@dataclass(frozen=True)
class SourceRecord:
    """
    What is known about one raw file.

    Parameters
    ----------
    path : str
        As the study names it, relative to the raw root.
    origin : str
        Who made it; ``unknown`` where nobody says.
    licence : str
        Under which licence it may be used; ``unknown`` where nobody says.
    vintage : str
        How old it is; ``unknown`` where nobody says.
    sha256 : str
        Checksum of the file as it lies there; of the description where the file is not there.
    address : str
        Where it can be fetched, or ``"unknown"``.
    table : str
        Where that is a database: its table, such as ``public.villages``.
    query : str
        In place of a table: a SELECT.
    issue : str
        Known faults of the source in one text, carried to every page that uses it; empty for none.
    issues : tuple[KnownIssue, ...]
        The same one by one, with what each affects and forbids.
    is_described : bool
        False where no source.toml lists it.
    """

    path: str
    origin: str = UNKNOWN
    licence: str = UNKNOWN
    vintage: str = UNKNOWN
    sha256: str = UNKNOWN
    address: str = UNKNOWN
    table: str = ""
    query: str = ""
    issue: str = ""
    issues: tuple[KnownIssue, ...] = ()
    is_described: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Turn the record into plain values, by field, for a manifest."""
        return asdict(self)


def declared_paths(study: Study) -> dict[str, tuple[str, ...]]:
    """List the raw files that a study names."""
    found: dict[str, tuple[str, ...]] = {}
    for key, source in study.sources.by_key.items():
        paths = getattr(source, "paths", None)
        found[f"sources.{key}.{'path' if paths is None else 'paths'}"] = paths or (source.path,)
    return found


def read_provenance(raw_root: Path, paths: Iterable[str], *, project_raw: Path = PROJECT_RAW) -> list[SourceRecord]:
    """Describe raw files and check that they are the ones described."""
    records: list[SourceRecord] = []
    for path in dict.fromkeys(paths):
        file = raw_root / path
        ending = file.suffix.lower()
        if ending == ".gdb":
            file = local_geodatabase(file, what="source")
        elif ending not in _WORKBOOKS or not file.is_file() or not file.stat().st_size:
            # The reader of a workbook knows better than this what a web page under that name is.
            file = local_file(file, what="source")
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
    """Find the nearest source.toml that lists a raw file, up to the raw root, then the same in `project_raw`."""
    inside_root = Path(os.path.normpath(path))
    is_below = not inside_root.is_absolute() and ".." not in inside_root.parts
    for root in dict.fromkeys((raw_root, project_raw)):
        for folder in [root / parent for parent in inside_root.parents] if is_below else [(root / path).parent]:
            description = folder / DESCRIPTION
            if not description.is_file():
                continue
            inside = Path(os.path.relpath(root / path, folder)).as_posix()
            try:
                content = toml_table(toml_text(description))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise SourceError(f"{description}: cannot be read as TOML in UTF-8: {error}") from error
            entries = content.get("file")
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise SourceError(f"{description}: describes no file; write one [[file]] each with {', '.join(_KEYS)}")
            problems = []
            for number, entry in enumerate(entries, start=1):
                where = f"file {number} ({entry.get('path', 'no path')})"
                problems += [f"{where}: unknown key {key}" for key in entry if key not in _KEYS]
                problems += [
                    f"{where}: {key} must be text"
                    for key, value in entry.items()
                    if key != ISSUE and not isinstance(value, str)
                ]
                problems += [f"{where}: {fault}" for fault in issue_faults(entry.get(ISSUE, ""))]
                if not entry.get("path"):
                    problems.append(f"{where}: path is missing")
                address = str(entry.get("address", UNKNOWN))
                if has_password(address):  # what is written here travels with every result
                    problems.append(f"{where}: the address holds a password; write it into PGPASSWORD or ~/.pgpass")
                if address.startswith(DATABASES) != (bool(entry.get("table")) != bool(entry.get("query"))):
                    problems.append(f"{where}: a database as address takes a table or a query, and nothing else does")
                digest = entry.get("sha256", UNKNOWN)
                is_digest = isinstance(digest, str) and len(digest) == 64 and set(digest) <= _HEX
                if digest != UNKNOWN and not is_digest:
                    problems.append(f"{where}: sha256 must be 64 small hexadecimal digits or '{UNKNOWN}'")
            if problems:
                raise SourceError(f"{description}: " + "; ".join(problems))
            for entry in entries:
                if PurePosixPath(entry["path"]).as_posix() == inside:
                    issues = read_issues(entry.get(ISSUE, ""))
                    told = {**entry, "path": path, ISSUE: JOINT.join(issue.text for issue in issues)}
                    return SourceRecord(**told, issues=issues)
    return None


def file_sha256(path: Path) -> str:
    """Checksum of a file's bytes; of a file geodatabase, of the names and bytes of its files."""
    if path.is_dir():
        lines = [f"{part.name} {file_sha256(part)}" for part in file_parts(path)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class MissingSource:
    """A raw file that a study names and that is not there."""

    key: str  # the key of the study file that names it
    path: str  # as written there
    file: Path  # where it should lie
    address: str = UNKNOWN  # where it can be fetched, or ``"unknown"``
    table: str = ""  # in the database that is its address
    query: str = ""  # in place of a table
    sha256: str = UNKNOWN  # checksum that it should have, or ``"unknown"``
    # whether it can be made through osmnx: the extract of a study whose region says where it lies
    from_overpass: bool = False

    @property
    def remedy(self) -> str:
        """What brings the file."""
        if spelled := spelled_otherwise(self.file):
            return spelled
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
            known = describe(study.raw, path, project_raw=project_raw) or SourceRecord(path, is_described=False)
            ours_to_make = not known.is_described or known.origin.startswith(FROM_OVERPASS)
            by_overpass = key == "sources.osm.path" and known.address == UNKNOWN and placed and ours_to_make
            where = (known.address, known.table, known.query)
            missing.append(MissingSource(key, path, file, *where, known.sha256, by_overpass))
    return missing
