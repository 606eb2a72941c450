"""OpenStreetMap files of every format: the elements that matter, with their geometry, or an error and nothing."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import osmium
import osmium.area
import osmium.filter
import osmium.geom
import osmium.osm
import shapely

from spatial.errors import SourceError
from spatial.formats.files import damage_told, local_file

FORMATS = {
    ".osm.pbf": ("pbf", (b"\x00\x00\x00",)),
    ".pbf": ("pbf", (b"\x00\x00\x00",)),
    ".osm.gz": ("osm.gz", (b"\x1f\x8b",)),
    ".osm.bz2": ("osm.bz2", (b"BZh",)),
    ".osm": ("osm", ()),
}
"""Format and first bytes by the end of the file's name. A PBF begins with the length of its short header."""

COUNTED = ("amenity", "emergency", "healthcare", "highway", "office", "place", "route", "shop", "social_facility")
"""Keys whose raw values are counted, so that a reader can be checked against the file."""

LEAST_UNPACKED, CHUNK = 20_000_000, 1 << 20
"""Bytes that any packed extract may unpack to, and that are unpacked at once."""

REMEDY = "fetch it again, or cut the extract again with osmium-tool"

_UNSUPPORTED = ("not supported", "unsupported", "required feature")
"""What libosmium says of a whole file that it cannot read, in small letters."""

_NODE_BYTES = 16
"""Bytes that the store of locations ``sparse_mem_array`` takes for a node: its number and its place."""

Result = TypeVar("Result")


class Stretch(NamedTuple):
    """A part of a way whose nodes are all in the file."""

    wkb: bytes  # its line as WKB in degrees
    nodes: tuple[int, ...]  # number of the node at each vertex


@dataclass(frozen=True)
class Element:
    """A tagged node, way or relation."""

    kind: str  # node, way or relation
    number: int  # its number in OpenStreetMap
    tags: dict[str, str]  # all its tags
    wkb: bytes = b""  # line of a way as WKB in degrees; empty where it has none
    point: tuple[float, float] = (float("nan"), float("nan"))  # longitude and latitude of a node
    nodes: tuple[int, ...] = ()  # of a road or ferry: the number of the node at each vertex of its line
    members: tuple[tuple[str, int], ...] = ()  # kind and number of a relation's members
    further: tuple[Stretch, ...] = ()  # of a road that the extract cuts to pieces: all stretches but the longest

    @property
    def id(self) -> str:
        """Id in the tables."""
        return f"{self.kind}{self.number}"


def is_road(tags: Mapping[str, str]) -> bool:
    """Whether a way is a road or a ferry."""
    return "highway" in tags or tags.get("route") == "ferry"


@dataclass
class Scan:
    """What a file holds."""

    # those with one of the keys asked for: nodes, ways, relations, each by number
    elements: list[Element] = field(default_factory=list)
    # WKB of the multipolygons that assemble, by id of the way or relation
    areas: dict[str, bytes] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)  # nodes, ways and relations in all
    values: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # elements by key, value and kind
    incomplete: list[str] = field(default_factory=list)  # ids of ways of which some node is not in the file


def open_extract(path: Path, read: Callable[[Any], Result]) -> Result:
    """Let a function read a file with pyosmium; whatever it has read is lost where the file is damaged."""
    name = path.name.lower()
    found = next((value for end, value in FORMATS.items() if name.endswith(end)), None)
    if found is None:
        raise SourceError(
            f"OpenStreetMap extract {path}: the name must end in .osm.pbf, .osm, .osm.gz or .osm.bz2; rename the file"
        )
    kind, magic = found
    local = local_file(path, what="OpenStreetMap extract", magic=magic, kind=f"OpenStreetMap {kind}")
    label = f"OpenStreetMap extract {path}"
    with damage_told(label, "file", REMEDY):
        try:
            # The format is named, for pyosmium does not recognise all endings.
            return read(osmium.io.File(str(local), kind))
        except RuntimeError as error:
            if any(words in str(error).lower() for words in _UNSUPPORTED):
                told = f"cannot be read: {error}; write it anew with `osmium cat -o NEW.osm.pbf`"
                raise SourceError(f"{label}: {told}") from error
            raise


_SIZE = re.compile(rb"\x18([\x80-\xff]*[\x00-\x7f])\Z")
_RAW_SIZE = re.compile(rb"\x10([\x80-\xff]*[\x00-\x7f])")
"""How long a block of a .pbf is, at the end of its head; and unpacked, at its begin."""


def _next_block(stream: BinaryIO) -> int | None:
    """Pass over a block of a .pbf, and say how many bytes it says it holds, to which its reader holds it."""
    head = _SIZE.search(stream.read(int.from_bytes(stream.read(4), "big") & 0xFFFF))
    if head is None:
        return None  # the end, or damage

    def number(varint: bytes) -> int:
        return sum((byte & 127) << 7 * place for place, byte in enumerate(varint))

    size, begin = number(head[1]), stream.tell()
    told = _RAW_SIZE.match(stream.read(min(size, 16)))
    stream.seek(begin + size)
    return number(told[1]) if told else size


def refuse_packed(path: Path, times: float) -> None:
    """Refuse an extract that unpacks to so many times its size as no map does, before it is read for minutes."""
    name = path.name.lower()
    if not name.endswith((".gz", ".bz2", ".pbf")) or not path.is_file():
        return
    most, unpacked = max(times * path.stat().st_size, LEAST_UNPACKED), 0
    # What is cut off or damaged is told by the reader.
    with contextlib.suppress(OSError, EOFError, ValueError, zlib.error):
        if name.endswith(".pbf"):
            with path.open("rb") as stream:
                while unpacked <= most and (size := _next_block(stream)) is not None:
                    unpacked += size
        else:
            with gzip.open(path) if name.endswith(".gz") else bz2.open(path) as packed:
                while unpacked <= most and (chunk := packed.read(CHUNK)):
                    unpacked += len(chunk)
    if unpacked > most:
        raise SourceError(
            f"OpenStreetMap extract {path}: unpacks to more than {times:g} times its size, as no map does; if it is "
            "meant to be so, unpack it yourself, or raise max_unpacked_times of [sources.osm]"
        )


def scan_osm(path: Path, keys: Collection[str], *, roads_only: bool = False) -> Scan:
    """Read tagged elements with their geometry; `roads_only` reads and counts ways that may be roads or ferries."""

    def read(file: Any) -> Scan:
        walk = _Walk(file, keys, osmium.index.create_map("sparse_mem_array"), roads_only=roads_only)
        scan, totals = walk.scan, walk.scan.totals
        # Nodes with numbers below 0, as editors write them, are in no store.
        totals["nodes"] = totals["nodes"] or sum(1 for _ in osmium.FileProcessor(file, osmium.osm.NODE))
        if walk.is_unsorted:
            # Nodes came after ways, as Overpass writes them: places first then. This store need not be sorted.
            store = osmium.index.create_map("sparse_mem_map")
            with osmium.io.Reader(file, osmium.osm.NODE) as reader:
                osmium.apply(reader, osmium.NodeLocationsForWays(store))
            scan = _Walk(file, keys, store, roads_only=roads_only).scan
            scan.totals = totals
        if roads_only and len({element.number for element in scan.elements}) < len(scan.elements):
            # Where areas are assembled, libosmium refuses these itself.
            raise ValueError("a way is in it twice, as in a history or a file of changes")
        return scan

    scan = open_extract(path, read)
    if not scan.totals["nodes"]:
        raise SourceError(f"OpenStreetMap extract {path}: holds no nodes; {REMEDY}")
    order = {"n": 0, "w": 1, "r": 2}
    scan.elements.sort(key=lambda element: (order[element.kind], element.number))
    return scan


class _Walk:
    """A run of pyosmium through a file, filtered in C++; nodes are counted by the size of the store, not by calls."""

    def __init__(self, file: Any, keys: Collection[str], store: Any, *, roads_only: bool) -> None:
        self.scan = Scan()
        self.store = store
        self._bytes_before_ways = 0
        self._factory = osmium.geom.WKBFactory()
        located = osmium.NodeLocationsForWays(store)
        located.ignore_errors()
        chosen = osmium.filter.KeyFilter(*sorted(keys))
        # Areas are held back by their keys alone: this object, which counts ways and relations, has no part in that.
        areas, manager = osmium.BufferIterator(chosen), osmium.area.AreaManager()
        handlers: list[Any] = [located, osmium.filter.EntityFilter(osmium.osm.WAY), chosen, self]
        entities = osmium.osm.NODE | osmium.osm.WAY
        if not roads_only:
            with osmium.io.Reader(file, osmium.osm.RELATION) as reader:
                osmium.apply(reader, chosen, manager.first_pass_handler())
            handlers = [located, manager.second_pass_to_buffer(areas), self, chosen]
            entities = osmium.osm.ALL
        with osmium.io.Reader(file, entities) as reader:
            for item in osmium.OsmFileIterator(reader, *handlers):
                if (element := self._element(item)) is not None:
                    self.scan.elements.append(element)
                    for key in COUNTED:
                        if key in element.tags:
                            self.scan.values[key, element.tags[key], element.kind] += 1
                if areas:  # to go through none of them would end by an exception in C++, which takes long
                    self._keep(areas)
        self._keep(areas)
        self.scan.totals["nodes"] = store.used_memory() // _NODE_BYTES

    def _keep(self, areas: Any) -> None:
        for area in areas:
            with contextlib.suppress(RuntimeError):  # rings that do not assemble make no area
                name = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
                self.scan.areas[name] = bytes.fromhex(self._factory.create_multipolygon(area))

    @property
    def is_unsorted(self) -> bool:
        """Whether nodes came after the first way, which so may lack places that the file tells."""
        return self.scan.totals["ways"] > 0 and self.store.used_memory() > self._bytes_before_ways

    def way(self, _way: object) -> None:
        if not self.scan.totals["ways"]:
            self._bytes_before_ways = self.store.used_memory()
        self.scan.totals["ways"] += 1

    def relation(self, _relation: object) -> None:
        self.scan.totals["relations"] += 1

    def _element(self, item: Any) -> Element | None:
        # The iterators of pyosmium end by an exception in C++ that takes as long as five tags; a count spares it.
        tags = dict(itertools.islice(item.tags, len(item.tags)))
        kind, number = item.type_str(), item.id
        if kind == "n":
            place = item.location
            return Element(kind, number, tags, point=(place.lon, place.lat)) if place.valid() else None
        if kind == "r":
            return Element(kind, number, tags, members=tuple((member.type, member.ref) for member in item.members))
        wkb, refs = b"", item.nodes
        nodes: tuple[int, ...] = ()
        if len(refs) > 1:
            try:
                # GEOS reads bytes several times as fast as hexadecimal digits.
                wkb = bytes.fromhex(self._factory.create_linestring(item, osmium.geom.use_nodes.ALL))
            except (RuntimeError, osmium.InvalidLocationError):
                self.scan.incomplete.append(f"w{number}")
                stretches = _stretches(item)
                if is_road(tags) and stretches:
                    longest = max(stretches, key=lambda stretch: len(stretch.nodes))
                    others = tuple(stretch for stretch in stretches if stretch is not longest)
                    return Element(kind, number, tags, wkb=longest.wkb, nodes=longest.nodes, further=others)
                if stretches:
                    lines: list[Any] = [shapely.from_wkb(stretch.wkb) for stretch in stretches]
                    wkb = shapely.MultiLineString(lines).wkb if len(lines) > 1 else stretches[0].wkb
            else:
                if is_road(tags):
                    nodes = tuple([node.ref for node in refs])
        return Element(kind, number, tags, wkb=wkb, nodes=nodes)


def _stretches(way: Any) -> list[Stretch]:
    """Find the stretches of a way whose nodes are all in the file: a gap is never bridged."""
    runs: list[list[Any]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            runs[-1].append((node.ref, node.lon, node.lat))
        elif runs[-1]:
            runs.append([])
    return [
        Stretch(
            shapely.to_wkb(shapely.LineString([(lon, lat) for _, lon, lat in run])), tuple(ref for ref, _, _ in run)
        )
        for run in runs
        if len(run) > 1
    ]
