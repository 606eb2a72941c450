"""Raw files before they are opened: there, local, whole enough, and what their name says they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spatial.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HEAD_BYTES", "file_parts", "is_remote", "is_there", "local_file", "local_folder"]

HEAD_BYTES = 8192
"""How much of a file is looked at to tell what it is."""

_SCHEME = re.compile(r"(^|[/\\])[A-Za-z][A-Za-z0-9+.\-]+:[/\\]")
_WEB_PAGE = re.compile(
    rb"^\s*(<!doctype html|<html|<head|<body|<!--|<\?xml[^>]*>\s*(<!doctype html|<html|<error))",
    re.IGNORECASE,
)
_LEADS_ELSEWHERE = re.compile(rb"<(OGR\w*DataSource|VRTDataset|GDAL_\w+|WCS_\w+|GDALWMTS)|gdal_streamed_alg")
"""What GDAL's virtual formats hold: under any name they may open other files, remote ones too."""

_SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg")
_LFS_POINTER = b"version https://git-lfs"


def is_remote(path: str | Path) -> bool:
    """
    Whether a path is an address on the network, or a virtual file system of GDAL that may become one.

    Examples
    --------
    >>> is_remote("https://example.org/population.tif"), is_remote("comoros/population.tif")
    (True, False)
    """
    text = str(path)
    return text.startswith(("/vsi", "\\vsi")) or _SCHEME.search(text) is not None


def local_file(path: Path, *, what: str, magic: tuple[bytes, ...] = (), kind: str = "") -> Path:
    """Return the absolute path of a local file that begins as its kind should, and refuse anything else."""
    if is_remote(path):
        raise SourceError(
            f"{what} {path}: remote files are never opened; give its address in source.toml and run `spatial fetch`"
        )
    head = _head(path, what)
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
    """
    List the files that together are one source.

    Returns the file; for a Shapefile also its attributes, index, CRS and code page, as far as they are there;
    for a file geodatabase the files of its folder.
    """
    if _is_geodatabase(path):
        return tuple(sorted(part for part in path.iterdir() if part.is_file() and part.suffix != ".lock"))
    if path.suffix.lower() != ".shp":
        return (path,)
    beside = (path.with_suffix(form) for ending in _SHAPEFILE_PARTS for form in (ending, ending.upper()))
    return (path, *(part for part in beside if part.is_file()))


def is_there(path: Path) -> bool:
    """Whether a source is there."""
    return path.is_file() or _is_geodatabase(path)


def local_folder(path: Path, *, what: str, holds: str, kind: str) -> Path:
    """Return the absolute path of a local folder that is one source."""
    if is_remote(path):
        raise SourceError(f"{what} {path}: remote files are never opened; copy the folder below the raw root")
    if not path.is_dir():
        problem = "this is a file; a" if path.exists() else "not found; correct the path: a"
        raise SourceError(f"{what} {path}: {problem} {kind} is a folder with many files; copy all of it")
    if next(path.glob(holds), None) is None:
        raise SourceError(
            f"{what} {path}: this is no {kind}: no {holds} is in it; copy the whole folder again"
        )
    return path.absolute()


def _is_geodatabase(path: Path) -> bool:
    return path.suffix.lower() == ".gdb" and path.is_dir()


def _head(path: Path, what: str) -> bytes:
    if path.is_dir():
        raise SourceError(f"{what} {path}: this is a folder; name the file in it")
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise SourceError(
            f"{what} {path}: not found; correct the path in the study file, name the folder of the raw data with "
            "--raw FOLDER, or run `spatial fetch STUDY`"
        ) from error
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{what} {path}: cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
