"""The manifest of a stage: what it read, with which options and code, what it made, and under whose licences."""

from __future__ import annotations

import functools
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from spatial.rasters import Raster
from spatial.store import WORKED_IN, body_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

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
