"""The manifest of a stage: what it read, with which options and code, what it made, and under whose licences."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from spatial.rasters import Raster
from spatial.runner.fingerprint import code_fingerprint
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from spatial.runner.stage import Options, Stage
    from spatial.store import Checksums, Store


LIBRARIES = (
    "geopandas",
    "numba",
    "numpy",
    "osmium",
    "pandas",
    "pyarrow",
    "pyogrio",
    "pyproj",
    "rasterio",
    "scipy",
    "shapely",
    "spatial-integration",
)


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


def stage_fingerprint(
    stage: Stage,
    options: Options,
    inputs: dict[str, str],
    raw_files: Iterable[Path],
    *,
    checksums: Checksums,
    basis: str = "",
) -> str:
    """Fingerprint of all that a stage's outputs depend on."""
    names = [name.rstrip("?") for name in (*stage.reads, *stage.makes)]
    made = [TABLES[name] for name in names[len(stage.reads) :] if name in TABLES]
    counts_people = "population?" in stage.makes or any(table.counts_people for table in made)
    facts = {
        "stage": stage.name,
        "code": code_fingerprint(stage.function.__module__),
        "function": stage.function.__qualname__,
        "tables": {name: repr(TABLES[name]) for name in names if name in TABLES},
        "options": options.dump(),
        "basis": basis if counts_people else "",
        "inputs": inputs,
        "raw": {path.as_posix(): checksums.of(path) if path.is_file() else "" for path in raw_files},
        "libraries": package_versions(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


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
    if isinstance(value, Raster):
        facts |= {"shape": list(value.values.shape), "crs": value.crs.to_string()}
    elif value is not None and not isinstance(value, dict):
        facts["rows"] = len(value)
        crs = getattr(value, "crs", None)
        facts["crs"] = crs.to_string() if crs is not None else None
    return facts
