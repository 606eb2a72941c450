"""OpenStreetMap extracts as frames: settlements, facilities, roads, boundaries and water, with counts to check."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import osmium.filter
import osmium.osm
import pandas as pd
import shapely

from spatial.crs import WGS84
from spatial.formats.notes import findings_frame
from spatial.formats.tag_rules import ROAD_TAGS
from spatial.inputs.osm_elements import COUNTED, Element, is_road, open_extract, refuse_packed, scan_osm
from spatial.inputs.osm_features import read_boundaries, read_facilities, read_places, read_slopes, read_water
from spatial.inputs.road_tags import CodedTag, RoadLines
from spatial.inputs.services import Vocabulary, load_services
from spatial.study.sources import MAX_UNPACKED_TIMES

SETTLEMENT_WORDS = ("city", "town", "village", "hamlet")
"""Values of ``place`` that are settlements, where a study does not say otherwise."""

BASE_KEYS = ("amenity", "boundary", "highway", "landuse", "natural", "piste:type", "place", "route", "shop", "waterway")
"""Keys that are read whatever the vocabulary asks for."""


@dataclass(frozen=True, eq=False)
class OsmExtract:
    """What an extract holds, in EPSG:4326."""

    places: gpd.GeoDataFrame  # settlements as points; see `osm_features.read_places`
    facilities: gpd.GeoDataFrame  # as tagged, nothing merged; see `osm_features.read_facilities`
    roads: gpd.GeoDataFrame  # roads and ferries; see `read_roads`
    boundaries: gpd.GeoDataFrame  # administrative areas; see `osm_features.read_boundaries`
    water: gpd.GeoDataFrame  # coastlines, watercourses and standing water; see `osm_features.read_water`
    counts: pd.DataFrame  # item and number: what the file holds, before anything was merged or left out
    findings: gpd.GeoDataFrame  # what a person should look at
    # areas of the facilities that are mapped as such, and of sites by their members, by `facility_id`
    outlines: gpd.GeoDataFrame
    slopes: gpd.GeoSeries  # areas of winter sports, where nothing is likely to stand


def read_osm(
    path: str | Path,
    *,
    vocabulary: Vocabulary | None = None,
    place_words: Collection[str] = SETTLEMENT_WORDS,
    max_unpacked_times: float = MAX_UNPACKED_TIMES,
) -> OsmExtract:
    """Read an OpenStreetMap extract."""
    refuse_packed(Path(path), max_unpacked_times)
    words = load_services() if vocabulary is None else vocabulary
    scan = scan_osm(Path(path), {*BASE_KEYS, *words.tag_keys})
    elements = scan.elements
    places, findings = read_places(elements, scan.areas, words=place_words)
    facilities, outlines, unplaced = read_facilities(elements, scan.areas, vocabulary=words)
    lines, broken = read_roads(elements)
    roads = lines.to_frame()
    boundaries, levels, cut = read_boundaries(elements, scan.areas)
    water = read_water(elements, scan.areas)
    numbers = {name: scan.totals[name] for name in ("nodes", "ways", "relations")}
    numbers["highway ways"] = sum(
        number for (key, _, kind), number in scan.values.items() if (key, kind) == ("highway", "w")
    )
    # Raw tags: amenities and the like over all kinds, places of nodes, highways of ways.
    for key, value, kind in sorted(scan.values, key=lambda item: (COUNTED.index(item[0]), item[1], item[2])):
        label = f"{key}={value}"
        if key == "place" and kind != "n":
            label += " (areas)"
        elif key == "highway" and kind != "w":
            label += " (nodes)" if kind == "n" else " (relations)"
        numbers[label] = numbers.get(label, 0) + scan.values[key, value, kind]
    has_people = ["population" in element.tags for element in elements if element.tags.get("place") in place_words]
    numbers |= {
        "settlements": len(places),
        "settlements from areas": int((~places["settlement_id"].str.startswith("n")).sum()),
        "settlements without a name": int(places["name"].isna().sum()),
        "population tags": sum(has_people),
        "population tags unreadable": sum(item.kind == "unreadable_population" for item in findings),
        "facilities as tagged": len(facilities),
        "facilities without a place": len(unplaced),
        "ferries": int((roads["road_class"] == "ferry").sum()),
        "roads without two nodes": len(broken),
        "ways with nodes beyond the extract": len(scan.incomplete),
        "boundaries cut by the extract": len(cut),
    }
    numbers |= {f"boundaries admin_level={level}": number for level, number in sorted(levels.items())}
    services = facilities["service"].value_counts().sort_index()
    numbers |= {f"service={name}": int(number) for name, number in services.items()}
    counts = pd.DataFrame(
        {"item": pd.Series(list(numbers), dtype="str"), "number": pd.Series(numbers.values(), dtype="float64")}
    )
    noticed = findings_frame(findings, crs=WGS84)
    slopes = read_slopes(elements, scan.areas)
    return OsmExtract(places, facilities, roads, boundaries, water, counts, noticed, outlines, slopes)


def read_osm_roads(path: str | Path) -> RoadLines:
    """
    Read nothing but the roads and ferries of an extract, as `build_network` takes them; several times faster.

    Parameters
    ----------
    path : str or Path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.

    Returns
    -------
    RoadLines
        In EPSG:4326; ``roads.to_frame()`` is the frame that `read_osm` gives.

    Raises
    ------
    SourceError
        Where the file is missing, empty, damaged, cut off or not what its name says; nothing is read of it then.
    """
    refuse_packed(Path(path), MAX_UNPACKED_TIMES)
    return read_roads(scan_osm(Path(path), ("highway", "route"), roads_only=True).elements)[0]


# Roads and ferries of OpenStreetMap, with the tags that access and speed depend on.


def read_roads(elements: Sequence[Element]) -> tuple[RoadLines, list[str]]:
    """
    Find roads and ferries; which of them are open to whom is decided later. Also ids of those without two nodes.

    Of a road that the extract cuts to pieces the longest keeps the id, the others are ``w7-2``, ``w7-3``: an edge has
    the id of its road, a stroke and a number.
    """
    roads = [element for element in elements if element.kind == "w" and is_road(element.tags)]
    lost = [element.id for element in roads if not element.wkb]
    ways, road_id = [], []
    for element in roads:
        if element.wkb:
            ways.append(element)
            road_id.append(element.id)
        for number, piece in enumerate(element.further, start=2):
            ways.append(replace(element, wkb=piece.wkb, nodes=piece.nodes))
            road_id.append(f"{element.id}-{number}")
    # Few tags are set on any one road, so that roads are gone through and not columns.
    columns = {"highway": "road_class"} | {tag: tag.replace(":", "_") for tag in ROAD_TAGS}
    known: dict[str, dict[str, int]] = {tag: {} for tag in columns}
    codes = {tag: np.full(len(ways), -1, dtype=np.int32) for tag in columns}
    for row, element in enumerate(ways):
        for tag, value in ({"highway": "ferry"} | element.tags).items():
            if tag in columns:
                codes[tag][row] = known[tag].setdefault(value, len(known[tag]))
    tags = {column: CodedTag(codes[tag], tuple(known[tag])) for tag, column in columns.items()}
    xy = shapely.get_coordinates(shapely.from_wkb([element.wkb for element in ways]))
    numbers = np.array([number for element in ways for number in element.nodes], dtype=np.int64)
    ids, first, vertex = np.unique(numbers, return_index=True, return_inverse=True)
    sizes = np.array([len(element.nodes) for element in ways], dtype=np.int64)
    return RoadLines(
        road_id=np.array(road_id, dtype=object),
        tags=tags,
        offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes))),
        point=vertex,
        points=xy[first],
        points_crs=WGS84,
        crs=WGS84,
        vertex=vertex,
        vertex_id=ids,
    ), lost


# Turn restrictions and barriers on roads of an OpenStreetMap extract, as tagged; the network knows whom they stop.

ACCESS_TAGS = ("access", "vehicle", "motor_vehicle", "motorcar", "motorcycle", "bicycle", "foot")
"""Tags of a barrier that say whom it lets pass."""

_KINDS = ("no", "only")
_CONDITION = ":conditional"
_HOURS = frozenset({"hour_on", "hour_off", "day_on", "day_off"})
"""Tags of the older scheme by which a restriction holds at times only."""
_TEXTS = ("turn_id", "kind", "tagged", "applies_to", "not_to", "from_road_id", "to_road_id", "why_not")


@dataclass(frozen=True)
class _Relation:
    """A restriction with what its members are."""

    number: int
    tags: dict[str, str]
    ways: dict[str, list[int]]
    nodes: list[int]


def read_turns(path: str | Path) -> gpd.GeoDataFrame:
    """
    Read the turn restrictions and the barriers of an extract, as `build_network` takes them.

    Parameters
    ----------
    path : str or Path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.

    Returns
    -------
    GeoDataFrame
        By the contract of the table ``turns``, in EPSG:4326, by id: a row a barrier, and a row a restriction and kind
        of vehicle. What nobody could follow keeps its row, and `why_not` says why.

    Raises
    ------
    SourceError
        Where the file is missing, empty, damaged, cut off or not what its name says; nothing is read of it then.
    """
    relations, rows = open_extract(Path(path), _restrictions_and_barriers)
    wanted = sorted({node for relation in relations for node in relation.nodes})

    def places(file: Any) -> dict[int, shapely.Point]:
        nodes: Any = osmium.FileProcessor(file, osmium.osm.NODE)
        chosen = nodes.with_filter(osmium.filter.IdFilter(wanted))
        return {node.id: shapely.Point(node.lon, node.lat) for node in chosen if node.location.valid()}

    points = open_extract(Path(path), places) if wanted else {}
    for relation in relations:
        rows += _rows_of(relation, points.get(relation.nodes[0]) if len(relation.nodes) == 1 else None)
    rows.sort(key=lambda row: (row["turn_id"][0], int(row["turn_id"][1:].partition("/")[0]), row["turn_id"]))
    columns = {name: pd.Series([row.get(name) for row in rows], dtype="str") for name in (*_TEXTS, *ACCESS_TAGS)}
    shapes: Any = [row["point"] for row in rows]
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=WGS84), crs=WGS84)


def _restrictions_and_barriers(file: Any) -> tuple[list[_Relation], list[dict[str, Any]]]:
    """Take the restrictions, and the rows of the barriers."""
    relations, rows = [], []
    chosen: Any = osmium.FileProcessor(file, osmium.osm.NODE | osmium.osm.RELATION)
    for item in chosen.with_filter(osmium.filter.KeyFilter("barrier", "type")):
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_relation() and tags.get("type") == "restriction":
            ways: dict[str, list[int]] = {"from": [], "to": [], "via": []}
            nodes: list[int] = []
            for member in item.members:
                if member.type == "w" and member.role in ways:
                    ways[member.role].append(member.ref)
                elif member.type == "n" and member.role == "via":
                    nodes.append(member.ref)
            relations.append(_Relation(item.id, tags, ways, nodes))
        elif item.is_node() and "barrier" in tags and item.location.valid():
            tagged = tags["barrier"]
            if tagged == "bollard" and tags.get("bollard") == "rising":
                tagged = "rising_bollard"
            row = {"turn_id": f"n{item.id}", "kind": "barrier", "tagged": tagged}
            point = shapely.Point(item.lon, item.lat)
            rows.append(row | {name: tags.get(name) for name in ACCESS_TAGS} | {"point": point})
    return relations, rows


def _rows_of(relation: _Relation, point: shapely.Point | None) -> list[dict[str, Any]]:
    """Make a row of every kind of vehicle and condition that is named, and of every pair of roads."""
    told = {
        (key.removesuffix(_CONDITION).partition(":")[2], key.endswith(_CONDITION)): value
        for key, value in sorted(relation.tags.items())
        if key.split(":", 1)[0] == "restriction"
    }
    has_hours = not _HOURS.isdisjoint(relation.tags)
    pairs: list[tuple[str | None, str | None]] = [
        (f"w{one}", f"w{other}") for one in relation.ways["from"] for other in relation.ways["to"]
    ]
    rows: list[dict[str, Any]] = []
    for (vehicle, is_conditional), value in (told or {("", False): ""}).items():
        word = value.partition("_")[0]
        why_not = None
        if is_conditional or has_hours:
            why_not = "only_at_times"
        elif word not in _KINDS:
            why_not = "unknown_value"
        elif not pairs:
            why_not = "members_missing"
        elif relation.ways["via"]:
            why_not = "via_way"
        elif point is None:
            why_not = "members_missing"
        rows += [
            {
                "kind": word if word in _KINDS else "no",
                "tagged": value,
                "applies_to": vehicle or None,
                "not_to": relation.tags.get("except"),
                "from_road_id": one,
                "to_road_id": other,
                "why_not": why_not,
                "point": point,
            }
            for one, other in pairs or [(None, None)]
        ]
    for number, row in enumerate(rows):
        row["turn_id"] = f"r{relation.number}" if len(rows) == 1 else f"r{relation.number}/{number}"
    return rows
