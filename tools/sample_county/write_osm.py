"""Roads, boundaries and water of the sample county as an OpenStreetMap extract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
from osmium.osm import mutable

from tools.sample_county.ground import to_degrees
from tools.sample_county.names import COUNTY, RIVER
from tools.sample_county.settle import WORD
from tools.sample_county.sites import OUTSIDE
from tools.sample_county.water import RIVER_KM2

if TYPE_CHECKING:
    from pathlib import Path

    from tools.sample_county.county import County
    from tools.sample_county.units import Arc

__all__ = ["write_osm"]

COUNTY_LEVEL, TOWNSHIP_LEVEL = "6", "8"
"""Administrative levels of OpenStreetMap in China."""


class _Extract:
    """Nodes, ways and relations in the order in which an extract holds them; ids count from 1."""

    def __init__(self) -> None:
        self.places: list[np.ndarray[Any, np.dtype[np.float64]]] = []
        self.count = 0
        self.ways: list[tuple[list[int], dict[str, str]]] = []
        self.relations: list[tuple[list[tuple[str, int, str]], dict[str, str]]] = []

    def add_nodes(self, points: np.ndarray[Any, np.dtype[np.float64]]) -> list[int]:
        """Add nodes at metres; return their ids."""
        self.places.append(to_degrees(points))
        first = self.count + 1
        self.count += len(points)
        return list(range(first, self.count + 1))

    def add_way(self, nodes: list[int], tags: dict[str, str]) -> int:
        """Add a way; return its id."""
        self.ways.append((nodes, tags))
        return len(self.ways)

    def write(self, file: Path) -> None:
        """Write the extract; an older file of that name is replaced."""
        header = osmium.io.Header()
        header.set("generator", "spatial sample county (synthetic)")
        writer = osmium.SimpleWriter(str(file), header=header, overwrite=True)
        try:
            for number, place in enumerate(np.concatenate(self.places).tolist(), start=1):
                writer.add_node(mutable.Node(id=number, version=1, location=tuple(place)))
            for number, (nodes, tags) in enumerate(self.ways, start=1):
                writer.add_way(mutable.Way(id=number, version=1, nodes=nodes, tags=tags))
            for number, (members, tags) in enumerate(self.relations, start=1):
                writer.add_relation(mutable.Relation(id=number, version=1, members=members, tags=tags))
        finally:
            writer.close()


def write_osm(file: Path, county: County) -> None:
    """Write the county's roads, boundaries and water."""
    extract = _Extract()
    _add_roads(extract, county)
    _add_boundaries(extract, county)
    _add_water(extract, county)
    extract.write(file)


def _add_roads(extract: _Extract, county: County) -> None:
    roadmap = county.roadmap
    used = sorted({node for way in roadmap.ways for node in way.nodes})
    ids = extract.add_nodes(np.array([roadmap.points[node] for node in used]))
    number = dict(zip(used, ids, strict=True))
    for way in roadmap.ways:
        extract.add_way([number[node] for node in way.nodes], {"highway": way.road_class, **way.tags})


def _add_boundaries(extract: _Extract, county: County) -> None:
    corner: dict[int, int] = {}
    members: dict[int, list[tuple[str, int, str]]] = {}
    for arc in county.arcs:
        nodes = _arc_nodes(extract, arc, corner)
        level = COUNTY_LEVEL if OUTSIDE in arc.sides else TOWNSHIP_LEVEL
        way = extract.add_way(nodes, {"boundary": "administrative", "admin_level": level})
        for side in arc.sides:
            members.setdefault(side, []).append(("w", way, "outer"))
    named = {"name": f"{COUNTY.zh}县", "name:zh": f"{COUNTY.zh}县", "name:en": f"{COUNTY.en} County"}
    extract.relations.append((members[OUTSIDE], {**_unit_tags(COUNTY_LEVEL), **named}))
    names = zip(county.settled.township_names, county.settled.township_kinds, strict=True)
    for number, (name, kind) in enumerate(names):
        chinese, english = WORD["zhen" if kind == "county_seat" else kind]
        tags = {"name": name.zh + chinese, "name:zh": name.zh + chinese, "name:en": f"{name.en} {english}"}
        extract.relations.append((members[number], {**_unit_tags(TOWNSHIP_LEVEL), **tags}))


def _unit_tags(level: str) -> dict[str, str]:
    return {"type": "boundary", "boundary": "administrative", "admin_level": level}


def _arc_nodes(extract: _Extract, arc: Arc, corner: dict[int, int]) -> list[int]:
    for name, point in zip(arc.corners, arc.points[[0, -1]], strict=True):
        if name not in corner:
            corner[name] = extract.add_nodes(point[None, :])[0]
    middle = extract.add_nodes(arc.points[1:-1]) if len(arc.points) > 2 else []
    return [corner[arc.corners[0]], *middle, corner[arc.corners[1]]]


def _add_water(extract: _Extract, county: County) -> None:
    joints: dict[tuple[float, float], int] = {}
    for reach in county.water.lines:
        ends = []
        for point in reach.points[[0, -1]]:
            key = (float(point[0]), float(point[1]))
            if key not in joints:
                joints[key] = extract.add_nodes(point[None, :])[0]
            ends.append(joints[key])
        middle = extract.add_nodes(reach.points[1:-1]) if len(reach.points) > 2 else []
        tags = {"waterway": "river" if reach.catchment_km2 >= RIVER_KM2 else "stream"}
        if reach.is_main:
            tags |= {"name": f"{RIVER.zh}江", "name:en": f"{RIVER.en} River"}
        extract.add_way([ends[0], *middle, ends[1]], tags)
    for area in county.water.areas:
        ring = np.array(area.exterior.coords)[:-1]
        nodes = extract.add_nodes(ring)
        tags = {"natural": "water", "water": "river", "name": f"{RIVER.zh}江", "name:en": f"{RIVER.en} River"}
        extract.add_way([*nodes, nodes[0]], tags)
