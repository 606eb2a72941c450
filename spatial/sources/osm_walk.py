"""One run of pyosmium through an OpenStreetMap file, of any format and in any order; and its multipolygons."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import osmium
import osmium.filter
import osmium.geom
import osmium.osm
import shapely

from spatial.sources.osm_elements import COUNTED, Element, Scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["areas_of", "walked"]


def walked(file: Any, keys: Collection[str]) -> Scan:
    """Run through a file; a second time where its nodes come after its ways."""
    walk = _Walk(file, sorted(keys))
    scan = walk.run(osmium.index.create_map("flex_mem"))
    return _Walk(file, sorted(keys)).run(_locations(file)) if walk.is_unsorted else scan


def areas_of(file: Any, keys: Collection[str]) -> dict[str, str]:
    """Assemble multipolygons."""
    chosen = osmium.filter.KeyFilter(*sorted(keys))
    store: Any = osmium.index.create_map("flex_mem")
    processor: Any = osmium.FileProcessor(file).with_locations(store).with_areas(chosen)
    factory = osmium.geom.WKBFactory()
    found: dict[str, str] = {}
    only_areas = osmium.filter.EntityFilter(osmium.osm.AREA)
    for area in processor.with_filter(only_areas).with_filter(chosen):
        with contextlib.suppress(RuntimeError):  # rings that do not assemble make no area
            found[_area_id(area)] = factory.create_multipolygon(area)
    return found


def _area_id(area: Any) -> str:
    return f"{'w' if area.from_way() else 'r'}{area.orig_id()}"


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
        name = _area_id(area)
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
