"""Tagged nodes, ways and relations in plain Python, made of the arrays of an extract."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

from spatial.sources.osm_arrays import UNITS_A_DEGREE
from spatial.sources.osm_roads import whole_stretches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from spatial.sources.osm_arrays import Objects, OsmArrays

__all__ = ["COUNTED", "Element", "Scan", "scan_of_arrays"]

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
    arrays : OsmArrays, optional
        The same objects as arrays, where the file was read block by block.
    """

    elements: list[Element] = field(default_factory=list)
    areas: dict[str, str] = field(default_factory=dict)
    totals: Counter[str] = field(default_factory=Counter)
    values: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    incomplete: list[str] = field(default_factory=list)
    arrays: OsmArrays | None = None


def scan_of_arrays(arrays: OsmArrays, areas: Mapping[str, str]) -> Scan:
    """
    Make elements of arrays, as a run of pyosmium finds them.

    Parameters
    ----------
    arrays : OsmArrays
        An extract.
    areas : mapping of str to str
        Hexadecimal WKB of multipolygons by id.

    Returns
    -------
    Scan
        Nodes without a place on earth are left out.
    """
    names = {"n": "nodes", "w": "ways", "r": "relations"}
    scan = Scan(areas=dict(areas), arrays=arrays)
    scan.totals.update({names[kind]: number for kind, number in arrays.total.items()})
    at = arrays.place(arrays.nodes.number)
    x, y = arrays.node_x[at] / UNITS_A_DEGREE, arrays.node_y[at] / UNITS_A_DEGREE
    for row, tags in enumerate(_tags(arrays.nodes, arrays.strings)):
        if at[row] >= 0:
            number = int(arrays.nodes.number[row])
            scan.elements.append(Element("n", number, tags, point=(float(x[row]), float(y[row]))))
    scan.elements += _ways(arrays, scan)
    kinds = "nwr"
    relations = arrays.relations
    for row, tags in enumerate(_tags(relations, arrays.strings)):
        span = slice(int(relations.part_offsets[row]), int(relations.part_offsets[row + 1]))
        members = tuple(
            (kinds[kind], number)
            for kind, number in zip(
                relations.part_kind[span].tolist(), relations.part[span].tolist(), strict=True
            )
        )
        scan.elements.append(Element("r", int(relations.number[row]), tags, members=members))
    for element in scan.elements:
        for key in COUNTED:
            if key in element.tags:
                scan.values[key, element.tags[key], element.kind] += 1
    return scan


def _tags(objects: Objects, strings: list[str]) -> list[dict[str, str]]:
    keys = [strings[code] for code in objects.key.tolist()]
    values = [strings[code] for code in objects.value.tolist()]
    offsets = objects.tag_offsets.tolist()
    return [dict(zip(keys[begin:end], values[begin:end], strict=True)) for begin, end in pairwise(offsets)]


def _ways(arrays: OsmArrays, scan: Scan) -> list[Element]:
    ways = arrays.ways
    place, offsets = whole_stretches(arrays, np.ones(len(ways.number), dtype=np.bool_))
    sizes = np.diff(offsets)
    lines = _lines(arrays, place, sizes)
    whole = np.diff(ways.part_offsets)
    scan.incomplete += [f"w{number}" for number in ways.number[(sizes < whole) & (whole > 1)].tolist()]
    refs = arrays.node_id[place].tolist()
    bounds = offsets.tolist()
    return [
        Element("w", number, tags, wkb=lines[row], nodes=tuple(refs[bounds[row] : bounds[row + 1]]))
        for row, (number, tags) in enumerate(
            zip(ways.number.tolist(), _tags(ways, arrays.strings), strict=True)
        )
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
