"""Tagged nodes, ways and relations in plain Python, made of the arrays of an extract."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.sources.osm_arrays import UNITS_A_DEGREE
from spatial.sources.osm_roads import roads_of_arrays, whole_stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from spatial.sources.osm_arrays import Objects, OsmArrays
    from spatial.sources.road_lines import RoadLines

__all__ = ["COUNTED", "Element", "Scan", "scan_of_arrays"]

ROAD_KEYS = ("highway", "route")
"""Keys that make a way a road or a ferry."""

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


@dataclass(frozen=True)
class Element:
    """A tagged node, way or relation."""

    kind: str  # node, way or relation
    number: int  # its number in OpenStreetMap
    tags: dict[str, str]  # all its tags
    wkb: str = ""  # line of a way as hexadecimal WKB in degrees; empty where it has none
    point: tuple[float, float] = (float("nan"), float("nan"))  # longitude and latitude of a node
    nodes: tuple[int, ...] = ()  # numbers of a way's nodes that are in the file
    members: tuple[tuple[str, int], ...] = ()  # kind and number of a relation's members

    @property
    def id(self) -> str:
        """Id in the tables."""
        return f"{self.kind}{self.number}"


@dataclass
class Scan:
    """What a file holds."""

    elements: list[Element] = field(default_factory=list)  # those with one of the keys asked for
    # hexadecimal WKB of the multipolygons that assemble, by id of the way or relation
    areas: dict[str, str] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)  # nodes, ways and relations in all
    values: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # elements by key, value and kind
    incomplete: list[str] = field(default_factory=list)  # ids of ways of which some node is not in the file
    # what `read_roads` finds among the elements, where the file was read block by block
    roads: tuple[RoadLines, list[str]] | None = None


def scan_of_arrays(
    arrays: OsmArrays,
    areas: Mapping[str, str],
    *,
    keys: Collection[str],
    is_asked: Callable[[str, str], bool],
) -> Scan:
    """Make elements of arrays, as a run of pyosmium finds them."""
    scan = Scan(areas=dict(areas), roads=roads_of_arrays(arrays))
    names = (("nodes", "n"), ("ways", "w"), ("relations", "r"))
    scan.totals.update({name: arrays.total[kind] for name, kind in names})
    is_there = arrays.place(arrays.nodes.number) >= 0
    scan.elements += _nodes(arrays, is_there)
    others = [arrays.code(key) for key in keys if key not in ROAD_KEYS]
    scan.elements += _ways(arrays, _more_than_roads(arrays, others, is_asked), scan)
    scan.elements += _relations(arrays)
    for kind, objects, counts in (
        ("n", arrays.nodes, is_there),
        ("w", arrays.ways, None),
        ("r", arrays.relations, None),
    ):
        for key in COUNTED:
            value = objects.with_key(arrays.code(key))
            codes, numbers = np.unique(value if counts is None else value[counts], return_counts=True)
            for code, number in zip(codes.tolist(), numbers.tolist(), strict=True):
                if code >= 0:
                    scan.values[key, arrays.strings[code], kind] = number
    return scan


def _more_than_roads(
    arrays: OsmArrays, others: Sequence[int], is_asked: Callable[[str, str], bool]
) -> NDArray[np.bool_]:
    """Which ways have another of the keys, a value that is asked for, or a relation."""
    ways, relations = arrays.ways, arrays.relations
    owner = np.repeat(np.arange(len(ways.number)), np.diff(ways.tag_offsets))
    needed = np.isin(ways.number, relations.part[relations.part_kind == 1])
    needed[owner[np.isin(ways.key, others)]] = True
    for key in ROAD_KEYS:
        value = ways.with_key(arrays.code(key))
        asked = [
            code for code in np.unique(value).tolist() if code >= 0 and is_asked(key, arrays.strings[code])
        ]
        needed |= np.isin(value, asked)
    return needed


def _tags(objects: Objects, row: int, strings: list[str]) -> dict[str, str]:
    span = slice(int(objects.tag_offsets[row]), int(objects.tag_offsets[row + 1]))
    return {
        strings[key]: strings[value]
        for key, value in zip(objects.key[span].tolist(), objects.value[span].tolist(), strict=True)
    }


def _nodes(arrays: OsmArrays, is_there: NDArray[np.bool_]) -> list[Element]:
    nodes = arrays.nodes
    at = arrays.place(nodes.number)
    x, y = arrays.node_x[at] / UNITS_A_DEGREE, arrays.node_y[at] / UNITS_A_DEGREE
    return [
        Element(
            "n",
            int(nodes.number[row]),
            _tags(nodes, row, arrays.strings),
            point=(float(x[row]), float(y[row])),
        )
        for row in np.flatnonzero(is_there).tolist()
    ]


def _relations(arrays: OsmArrays) -> list[Element]:
    relations, kinds = arrays.relations, "nwr"
    elements = []
    for row, number in enumerate(relations.number.tolist()):
        span = slice(int(relations.part_offsets[row]), int(relations.part_offsets[row + 1]))
        pairs = zip(relations.part_kind[span].tolist(), relations.part[span].tolist(), strict=True)
        members = tuple((kinds[kind], part) for kind, part in pairs)
        elements.append(Element("r", number, _tags(relations, row, arrays.strings), members=members))
    return elements


def _ways(arrays: OsmArrays, needed: NDArray[np.bool_], scan: Scan) -> list[Element]:
    ways = arrays.ways
    place, offsets = whole_stretches(arrays, np.ones(len(ways.number), dtype=np.bool_))
    sizes, whole = np.diff(offsets), np.diff(ways.part_offsets)
    scan.incomplete += [f"w{number}" for number in ways.number[(sizes < whole) & (whole > 1)].tolist()]
    place, sizes = place[np.repeat(needed, sizes)], sizes[needed]
    lines = _lines(arrays, place, sizes)
    refs = arrays.node_id[place].tolist()
    ends = np.cumsum(sizes)
    bounds = zip((ends - sizes).tolist(), ends.tolist(), strict=True)
    return [
        Element(
            "w",
            int(ways.number[row]),
            _tags(ways, row, arrays.strings),
            wkb=line,
            nodes=tuple(refs[begin:end]),
        )
        for row, line, (begin, end) in zip(np.flatnonzero(needed).tolist(), lines, bounds, strict=True)
    ]


def _lines(arrays: OsmArrays, place: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[str]:
    """Hexadecimal WKB of every way, empty without two nodes."""
    drawn = np.flatnonzero(sizes)
    texts = [""] * len(sizes)
    if len(drawn):
        degrees = np.column_stack((arrays.node_x[place], arrays.node_y[place])) / UNITS_A_DEGREE
        lines = shapely.linestrings(degrees, indices=np.repeat(np.arange(len(drawn)), sizes[drawn]))
        for row, text in zip(drawn.tolist(), shapely.to_wkb(lines, hex=True), strict=True):
            texts[row] = text
    return texts
