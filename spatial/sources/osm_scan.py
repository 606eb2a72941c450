"""OpenStreetMap files of every format: the elements that matter, in plain Python, or an error and nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import osmium

from spatial.errors import SourceError
from spatial.sources.files import local_file
from spatial.sources.osm_arrays import read_arrays
from spatial.sources.osm_elements import scan_of_arrays
from spatial.sources.osm_roads import read_roads, roads_of_arrays
from spatial.sources.osm_walk import areas_of, walked
from spatial.sources.pbf import UnknownFeatureError, Wanted, check_readable
from spatial.sources.pbf_blocks import OutOfTheOrdinaryError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from spatial.sources.osm_arrays import OsmArrays
    from spatial.sources.osm_elements import Scan
    from spatial.sources.road_lines import RoadLines

__all__ = ["open_extract", "scan_osm", "scan_roads"]

FORMATS = {
    ".osm.pbf": ("pbf", (b"\x00\x00\x00",)),
    ".pbf": ("pbf", (b"\x00\x00\x00",)),
    ".osm.gz": ("osm.gz", (b"\x1f\x8b",)),
    ".osm.bz2": ("osm.bz2", (b"BZh",)),
    ".osm": ("osm", ()),
}
"""Format and first bytes by the end of the file's name. A PBF begins with the length of its short header."""

REMEDY = "fetch it again, or cut the extract again with osmium-tool"
_NO_NODES = f"OpenStreetMap extract {{path}}: holds no nodes; {REMEDY}"

Result = TypeVar("Result")


def scan_osm(
    path: Path, *, keys: Collection[str], is_asked: Callable[[str, str], bool] = lambda _key, _value: True
) -> Scan:
    """
    Read the tagged elements of a file with their geometry.

    A ``.osm.pbf`` is read block by block, and by pyosmium for its multipolygons. Of other files, and of those that are
    out of the ordinary, pyosmium reads relations first, then everything once, and again where nodes come after ways.
    """
    kind, local = _local(path)
    if kind == "pbf":
        _refuse_unknown(path, lambda: check_readable(local))
        # Multipolygons first: what pyosmium needs for them is free again before the arrays are there.
        areas = _refuse_broken(path, lambda: areas_of(osmium.io.File(str(local), kind), keys))
        arrays = _arrays(local, path, Wanted(frozenset(keys)))
        if arrays is not None:
            return scan_of_arrays(arrays, areas, keys=keys, is_asked=is_asked)
    scan = _refuse_broken(path, lambda: walked(osmium.io.File(str(local), kind), keys))
    if not scan.totals["nodes"]:
        raise SourceError(_NO_NODES.format(path=path))
    return scan


def scan_roads(path: Path) -> tuple[RoadLines, list[str]]:
    """Read nothing but roads and ferries, which for a ``.osm.pbf`` takes little longer than unpacking it."""
    kind, local = _local(path)
    keys = frozenset({"highway", "route"})
    arrays = _arrays(local, path, Wanted(keys, ways_only=True)) if kind == "pbf" else None
    if arrays is not None:
        return roads_of_arrays(arrays)
    ways = [element for element in scan_osm(path, keys=keys).elements if element.kind == "w"]
    return read_roads(sorted(ways, key=lambda element: element.number))


def open_extract(path: Path, read: Callable[[Any], Result]) -> Result:
    """Let a function read a file with pyosmium."""
    kind, local = _local(path)
    return _refuse_broken(path, lambda: read(osmium.io.File(str(local), kind)))


def _local(path: Path) -> tuple[str, Path]:
    kind, magic = _format_of(path)
    return kind, local_file(path, what="OpenStreetMap extract", magic=magic, kind=f"OpenStreetMap {kind}")


def _arrays(local: Path, path: Path, wanted: Wanted) -> OsmArrays | None:
    """Read block by block; None where pyosmium has to look at the file, be it rare or damaged."""
    try:
        arrays = _refuse_unknown(path, lambda: read_arrays(local, wanted))
    except OutOfTheOrdinaryError:
        return None
    if not arrays.total["n"]:
        raise SourceError(_NO_NODES.format(path=path))
    return arrays


def _refuse_unknown(path: Path, read: Callable[[], Result]) -> Result:
    try:
        return read()
    except UnknownFeatureError as error:
        raise SourceError(
            f"OpenStreetMap extract {path}: cannot be read: {error}; write it anew with `osmium cat -o NEW.osm.pbf`"
        ) from error


def _refuse_broken(path: Path, read: Callable[[], Result]) -> Result:
    try:
        return read()
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise SourceError(f"OpenStreetMap extract {path}: damaged or cut off ({error}); {REMEDY}") from error


def _format_of(path: Path) -> tuple[str, tuple[bytes, ...]]:
    name = path.name.lower()
    found = next((value for end, value in FORMATS.items() if name.endswith(end)), None)
    if found is None:
        raise SourceError(
            f"OpenStreetMap extract {path}: the name must end in .osm.pbf, .osm, .osm.gz or .osm.bz2; rename the file"
        )
    return found
