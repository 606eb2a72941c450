"""What a stage was run with and what it made: the fingerprint of its code, and its manifest."""

from __future__ import annotations

import functools
import hashlib
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.rasters import Raster
from spatial.store import WORKED_IN, Checksums, Store, body_of

if TYPE_CHECKING:
    import pandas as pd


LIBRARIES = (
    "geopandas", "numba", "numpy", "osmium", "pandas", "pyarrow", "pyogrio", "pyproj", "rasterio", "scipy", "shapely",
    "spatial-integration",
)  # fmt: skip


def manifest_name(stage: str) -> str:
    """File name of a stage's manifest."""
    return f"{stage}.manifest.json"


@functools.cache
def package_versions() -> dict[str, str]:
    """List the versions of Python and of the packages that compute, none of which is imported for it."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def library_versions() -> dict[str, str]:
    """List these, and what they bring: GEOS, PROJ, and the GDAL of each of its two users."""
    import pyogrio  # noqa: PLC0415 - imports pandas, which takes half a second
    import pyproj  # noqa: PLC0415 - as above
    import rasterio  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    return package_versions() | {
        "geos": shapely.geos_version_string,
        "proj": pyproj.proj_version_str,
        "gdal (rasterio)": rasterio.__gdal_version__,
        "gdal (pyogrio)": ".".join(str(part) for part in pyogrio.__gdal_version__),
    }


def describe_output(
    store: Store, path: Path, value: pd.DataFrame | Raster | dict[str, Any] | None, checksums: Checksums
) -> dict[str, Any]:
    """Describe a written output."""
    inside = path.is_relative_to(store.folder)
    facts: dict[str, Any] = {
        "path": path.relative_to(store.folder).as_posix() if inside else path.name,
        "sha256": checksums.of(path),
        "bytes": path.stat().st_size,
    }
    if path.suffix in WORKED_IN:
        facts["body"] = body_of(path)
    if isinstance(value, Raster):
        facts |= {"shape": list(value.values.shape), "crs": value.crs.to_string()}
    elif value is not None and not isinstance(value, dict):
        facts["rows"] = len(value)
        crs = getattr(value, "crs", None)
        facts["crs"] = crs.to_string() if crs is not None else None
    return facts


PACKAGE = "spatial"
ROOT = Path(__file__).parent.parent
APART = frozenset({"spatial.tables", "spatial.errors", "spatial.runner", "spatial.store"})
STUDY = "spatial.study"
"""
Modules whose whole text does not count: of tables and of a study, what a stage uses is taken apart.

Models of options below `STUDY` count where code takes them: they hold the defaults and checks of whoever calls it.
"""
_IMPORT = re.compile(
    rf"^[ \t]*(?:from[ \t]+({PACKAGE}[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)|import[ \t]+({PACKAGE}[\w.]*))",
    re.MULTILINE,
)
"""Imports of this package as text: parsing 400 modules takes seconds, and one too many does no harm."""


@functools.cache
def _own_sources() -> dict[str, Path]:
    """List the sources of this package by the names of their modules."""
    sources = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        sources[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return sources


def _source_of(module: str) -> Path | None:
    """Find a module's source without importing it; a caller's own module is the one that is loaded."""
    if module.partition(".")[0] == PACKAGE:
        return _own_sources().get(module)
    origin = getattr(sys.modules.get(module), "__file__", None)
    return Path(origin) if origin and Path(origin).is_file() else None


@functools.cache
def _text_of(module: str) -> tuple[bytes, frozenset[str]]:
    """Digest a module's source and list the modules that it imports and whose text counts, once a process."""
    path = _source_of(module)
    if path is None:
        return b"", frozenset()
    text = path.read_bytes()
    found: set[str] = set()
    for whole, names, plain in _IMPORT.findall(text.decode("utf-8")):
        found.add(whole or plain)
        found |= {f"{whole}.{name}" for name in re.findall(r"\w+", names)}
    known, apart = found & _own_sources().keys() - {PACKAGE, STUDY}, tuple(f"{item}." for item in APART)
    return hashlib.sha256(text).digest(), frozenset(name for name in known if not f"{name}.".startswith(apart))


def imported_modules(module: str) -> list[str]:
    """List a module and all of this package that its source imports, inside functions and indirectly too."""
    found = [module]
    for name in found:
        found += _text_of(name)[1].difference(found)
    return sorted(found)


@functools.cache
def code_fingerprint(module: str) -> str:
    """Fingerprint of the code and packaged data behind a module."""
    digest = hashlib.sha256()
    folders: set[Path] = set()
    for name in imported_modules(module):
        path = _source_of(name)
        if path is not None:
            digest.update(name.encode() + b"\0" + _text_of(name)[0] + b"\0")
            folders.add(path.parent)
    for folder in sorted(item for item in folders if ROOT in item.parents):
        digest.update(_packaged_data(folder))
    return digest.hexdigest()


@functools.cache
def _packaged_data(folder: Path) -> bytes:
    """Digest the data files of a folder and those below it; a process reads the package's own files but once."""
    digest = hashlib.sha256()
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        if path.suffix not in {".py", ".pyc", ".nbi", ".nbc"} and "__pycache__" not in path.parts:
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.digest()
