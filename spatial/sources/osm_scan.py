"""One run through an OpenStreetMap file: the elements that matter, in plain Python, or an error and nothing."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import osmium
import osmium.filter
import osmium.geom
import osmium.osm
import shapely

from spatial.errors import SourceError
from spatial.sources.files import local_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

__all__ = ["Element", "Scan", "scan_osm"]

FORMATS = {
    ".osm.pbf": ("pbf", (b"\x00\x00\x00",)),
    ".pbf": ("pbf", (b"\x00\x00\x00",)),
    ".osm.gz": ("osm.gz", (b"\x1f\x8b",)),
    ".osm.bz2": ("osm.bz2", (b"BZh",)),
    ".osm": ("osm", ()),
}
"""Format and first bytes by the end of the file's name. A PBF begins with the length of its short header."""

COUNTED = (
    "amenity",
    "emergency",
    "healthcare",
    "highway",
    "office",
    "place",
    "route",
    "shop",
    "social_facility",
)
"""Keys whose raw values are counted, so that a reader can be checked against the file."""

REMEDY = "fetch it again, or cut the extract again with osmium-tool"


@dataclass(frozen=True)
class Element:
    """
    A tagged node, way or relation.

    Parameters
    ----------
    kind : {'n', 'w', 'r'}
        Node, way or relation.
    number : int
        Its number in OpenStreetMap.
    tags : dict of str to str
        All its tags.
    wkb : str
        Line of a way as hexadecimal WKB in degrees; empty where it has none.
    point : tuple of float
        Longitude and latitude of a node.
    nodes : tuple of int
        Numbers of a way's nodes that are in the file.
    members : tuple of (str, int)
        Kind and number of a relation's members.
    """

    kind: str
    number: int
    tags: dict[str, str]
    wkb: str = ""
    point: tuple[float, float] = (float("nan"), float("nan"))
    nodes: tuple[int, ...] = ()
    members: tuple[tuple[str, int], ...] = ()

    @property
    def id(self) -> str:
        """
        Id in the tables.

        Returns
        -------
        str
            Such as ``"w12"``.
        """
        return f"{self.kind}{self.number}"


@dataclass
class Scan:
    """
    What a file holds.

    Parameters
    ----------
    elements : list of Element
        Those with one of the keys asked for.
    areas : dict of str to str
        Hexadecimal WKB of the multipolygons that assemble, by id of the way or relation.
    totals : Counter
        Nodes, ways and relations in all.
    values : Counter
        Elements by key, value and kind.
    incomplete : list of str
        Ids of ways of which some node is not in the file.
    """

    elements: list[Element] = field(default_factory=list)
    areas: dict[str, str] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    values: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    incomplete: list[str] = field(default_factory=list)


def scan_osm(path: Path, *, keys: Collection[str]) -> Scan:
    """
    Read the tagged elements of a file with their geometry.

    Relations are read first, then everything once; a file whose nodes come after its ways is read a third time.

    Parameters
    ----------
    path : Path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    keys : collection of str
        Elements without any of these keys are counted only.

    Returns
    -------
    Scan
        Complete: a file that breaks off yields an error and nothing else.

    Raises
    ------
    SourceError
        Where the file is missing, empty, damaged, or not what its name says.
    """
    kind, magic = _format_of(path)
    file = osmium.io.File(
        str(local_file(path, what="OpenStreetMap extract", magic=magic, kind=f"OpenStreetMap {kind}")), kind
    )
    try:
        walk = _Walk(file, sorted(keys))
        scan = walk.run(osmium.index.create_map("flex_mem"))
        if walk.is_unsorted:
            scan = _Walk(file, sorted(keys)).run(_locations(file))
    except (RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise SourceError(f"OpenStreetMap extract {path}: damaged or cut off ({error}); {REMEDY}") from error
    if not scan.totals["nodes"]:
        raise SourceError(f"OpenStreetMap extract {path}: holds no nodes; {REMEDY}")
    return scan


def _format_of(path: Path) -> tuple[str, tuple[bytes, ...]]:
    name = path.name.lower()
    found = next((value for end, value in FORMATS.items() if name.endswith(end)), None)
    if found is None:
        raise SourceError(
            f"OpenStreetMap extract {path}: the name must end in .osm.pbf, .osm, .osm.gz or .osm.bz2; rename the file"
        )
    return found


def _locations(file: Any) -> Any:
    store = osmium.index.create_map("flex_mem")
    with osmium.io.Reader(file, osmium.osm.NODE) as reader:
        osmium.apply(reader, osmium.NodeLocationsForWays(store))
    return store


class _Walk:
    """A run through a file; also counts what the filter holds back, and notices nodes that come after ways."""

    def __init__(self, file: Any, keys: list[str]) -> None:
        self.file = file
        self.keys = keys
        self.scan = Scan()
        self.is_unsorted = False
        self._wanted: set[str] = set()
        self._factory = osmium.geom.WKBFactory()

    def run(self, store: Any) -> Scan:
        chosen = osmium.filter.KeyFilter(*self.keys)
        processor: Any = (
            osmium.FileProcessor(self.file).with_locations(store).with_areas(chosen).with_filter(chosen)
        )
        for item in processor.handler_for_filtered(self):
            if item.is_area():
                self._area(item)
            elif item.is_node():
                self.node(item)
                if item.location.valid():
                    self._keep(
                        Element("n", item.id, _tags(item), point=(item.location.lon, item.location.lat))
                    )
            elif item.is_way():
                self.way(item)
                wkb, nodes = self._line(item)
                self._keep(Element("w", item.id, _tags(item), wkb=wkb, nodes=nodes))
            elif item.is_relation():
                self.relation(item)
                members = tuple((member.type, member.ref) for member in item.members)
                self._keep(Element("r", item.id, _tags(item), members=members))
        return self.scan

    def node(self, _node: object) -> None:
        self.scan.totals["nodes"] += 1
        if self.scan.totals["ways"]:
            self.is_unsorted = True

    def way(self, _way: object) -> None:
        self.scan.totals["ways"] += 1

    def relation(self, _relation: object) -> None:
        self.scan.totals["relations"] += 1

    def _keep(self, element: Element) -> None:
        self.scan.elements.append(element)
        self._wanted.add(element.id)
        for key in COUNTED:
            if key in element.tags:
                self.scan.values[key, element.tags[key], element.kind] += 1

    def _area(self, area: Any) -> None:
        name = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
        # A relation may complete before it is met itself; a way is always met first.
        if name.startswith("r") or name in self._wanted:
            with contextlib.suppress(RuntimeError):  # rings that do not assemble make no area
                self.scan.areas[name] = self._factory.create_multipolygon(area)

    def _line(self, way: Any) -> tuple[str, tuple[int, ...]]:
        nodes = tuple(node.ref for node in way.nodes)
        if len(nodes) < 2:
            return "", nodes
        try:
            return self._factory.create_linestring(way, osmium.geom.use_nodes.ALL), nodes
        except (RuntimeError, osmium.InvalidLocationError):
            self.scan.incomplete.append(f"w{way.id}")
            return _longest_run(way)


def _tags(item: Any) -> dict[str, str]:
    return {tag.k: tag.v for tag in item.tags}


def _longest_run(way: Any) -> tuple[str, tuple[int, ...]]:
    """Find the longest stretch of a way whose nodes are all in the file: a gap is never bridged."""
    runs: list[list[Any]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            runs[-1].append((node.ref, node.lon, node.lat))
        elif runs[-1]:
            runs.append([])
    best = max(runs, key=len)
    if len(best) < 2:
        return "", ()
    return _line_wkb([(lon, lat) for _, lon, lat in best]), tuple(ref for ref, _, _ in best)


def _line_wkb(points: Iterable[tuple[float, float]]) -> str:
    return str(shapely.to_wkb(shapely.LineString(list(points)), hex=True))
