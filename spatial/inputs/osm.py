"""OpenStreetMap extracts as frames: settlements, facilities, roads, boundaries and water, with counts to check."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import osmium
import osmium.filter
import osmium.osm
import pandas as pd
import shapely

from spatial.arrays import ObjectArray
from spatial.crs import WGS84, require_metres
from spatial.formats.notes import Finding, findings_frame
from spatial.formats.tag_rules import ROAD_TAGS
from spatial.inputs.osm_elements import COUNTED, Element, is_road, open_extract, refuse_packed, scan_osm
from spatial.inputs.road_tags import CodedTag, RoadLines
from spatial.inputs.services import Vocabulary, load_services
from spatial.study.region import Tiers
from spatial.study.sources import MAX_UNPACKED_TIMES

SETTLEMENT_WORDS = ("city", "town", "village", "hamlet")
"""Values of ``place`` that are settlements, where a study does not say otherwise."""

BASE_KEYS = ("amenity", "boundary", "highway", "landuse", "natural", "piste:type", "place", "route", "shop", "waterway")
"""Keys that are read whatever the vocabulary asks for."""


@dataclass(frozen=True, eq=False)
class OsmExtract:
    """What an extract holds, in EPSG:4326."""

    places: gpd.GeoDataFrame  # settlements as points; see `read_places`
    facilities: gpd.GeoDataFrame  # as tagged, nothing merged; see `read_facilities`
    roads: gpd.GeoDataFrame  # roads and ferries; see `read_roads`
    boundaries: gpd.GeoDataFrame  # administrative areas; see `read_boundaries`
    water: gpd.GeoDataFrame  # coastlines, watercourses and standing water; see `read_water`
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
    # Areas of winter sports.
    found = [one for one in elements if one.tags.get("landuse") == "winter_sports" or "piste:type" in one.tags]
    drawn = shapes([one for one in found if one.kind != "n"], scan.areas)
    slopes = gpd.GeoSeries(drawn[shapely.get_dimensions(drawn) == 2], crs=WGS84)
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
    """Find roads and ferries, and ids of those without two nodes; of a road cut to pieces the longest keeps the id."""
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
    rows = open_extract(Path(path), _restrictions_and_barriers)
    wanted = sorted({node for row in rows for node in row.get("via", ())})

    def places(file: Any) -> dict[int, shapely.Point]:
        nodes: Any = osmium.FileProcessor(file, osmium.osm.NODE)
        chosen = nodes.with_filter(osmium.filter.IdFilter(wanted))
        return {node.id: shapely.Point(node.lon, node.lat) for node in chosen if node.location.valid()}

    points = open_extract(Path(path), places) if wanted else {}
    for row in (row for row in rows if "via" in row):
        row["point"] = points.get(row["via"][0]) if len(row["via"]) == 1 else None
        row["why_not"] = row["why_not"] or ("members_missing" if row["point"] is None else None)
    rows.sort(key=lambda row: (row["turn_id"][0], int(row["turn_id"][1:].partition("/")[0]), row["turn_id"]))
    columns = {name: pd.Series([row.get(name) for row in rows], dtype="str") for name in (*_TEXTS, *ACCESS_TAGS)}
    shapes: Any = [row["point"] for row in rows]
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=WGS84), crs=WGS84)


def _restrictions_and_barriers(file: Any) -> list[dict[str, Any]]:
    """Write the rows of barriers, and of restrictions without a place yet."""
    rows: list[dict[str, Any]] = []
    chosen: Any = osmium.FileProcessor(file, osmium.osm.NODE | osmium.osm.RELATION)
    for item in chosen.with_filter(osmium.filter.KeyFilter("barrier", "type")):
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_relation() and tags.get("type") == "restriction":
            members: dict[str, list[int]] = {}
            for member in item.members:
                members.setdefault(f"{member.type} {member.role}", []).append(member.ref)
            rows += _rows_of(item.id, tags, members)
        elif item.is_node() and "barrier" in tags and item.location.valid():
            tagged = tags["barrier"]
            if tagged == "bollard" and tags.get("bollard") == "rising":
                tagged = "rising_bollard"
            row = {"turn_id": f"n{item.id}", "kind": "barrier", "tagged": tagged}
            point = shapely.Point(item.lon, item.lat)
            rows.append(row | {name: tags.get(name) for name in ACCESS_TAGS} | {"point": point})
    return rows


def _rows_of(number: int, tags: Mapping[str, str], members: Mapping[str, list[int]]) -> list[dict[str, Any]]:
    """Make a row of every kind of vehicle and condition that a restriction names, and of every pair of roads."""
    told = {
        (key.removesuffix(_CONDITION).partition(":")[2], key.endswith(_CONDITION)): value
        for key, value in sorted(tags.items())
        if key.split(":", 1)[0] == "restriction"
    }
    has_hours = not _HOURS.isdisjoint(tags)
    pairs: list[tuple[str | None, str | None]] = [
        (f"w{one}", f"w{other}") for one in members.get("w from", ()) for other in members.get("w to", ())
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
        elif "w via" in members:
            why_not = "via_way"
        rows += [
            {
                "kind": word if word in _KINDS else "no",
                "tagged": value,
                "applies_to": vehicle or None,
                "not_to": tags.get("except"),
                "from_road_id": one,
                "to_road_id": other,
                "why_not": why_not,
                "via": members.get("n via", ()),
            }
            for one, other in pairs or [(None, None)]
        ]
    for at, row in enumerate(rows):
        row["turn_id"] = f"r{number}" if len(rows) == 1 else f"r{number}/{at}"
    return rows


_OFTEN = {"city": "city", **dict.fromkeys(("borough", "municipality", "town"), "town")}
_OFTEN |= dict.fromkeys(("suburb", "quarter", "neighbourhood", "village", "hamlet"), "village")
"""Values of ``place`` where people live together, and the tier that asks least of each: a suburb is no destination."""

_SELDOM = ("isolated_dwelling", "farm", "allotments", "locality")
"""Values that name single houses or ground: proposed where nothing else is tagged."""

_COUNT = re.compile(r"\d+|\d{1,3}([ \u00a0\u202f,'\u2019]\d{3})+", re.ASCII)


def read_places(
    elements: Sequence[Element], areas: Mapping[str, bytes], *, words: Collection[str]
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Find the settlements."""
    places = [element for element in elements if element.tags.get("place") in words]
    geometry = shapes(places, areas)
    # Nodes are kept, and areas that hold no place node; the other areas are findings.
    is_node = np.array([element.kind == "n" for element in places], dtype=bool)
    is_area = shapely.get_dimensions(geometry) == 2
    nodes, others = np.flatnonzero(is_node), np.flatnonzero(is_area)
    area, node = shapely.STRtree(geometry[nodes]).query(geometry[others], predicate="intersects")
    held = {int(others[a]): int(nodes[n]) for a, n in zip(area[::-1], node[::-1], strict=True)}
    findings = [
        Finding("place_area", places[row].id, shapely.point_on_surface(geometry[row]), other=places[by].id)
        for row, by in held.items()
    ]
    kept = np.flatnonzero(is_node | (is_area & ~np.isin(np.arange(len(places)), list(held))))
    places, geometry = [places[i] for i in kept], geometry[kept]
    points = np.where(shapely.get_dimensions(geometry) == 0, geometry, shapely.point_on_surface(geometry))
    persons = []
    for element, point in zip(places, points, strict=True):
        number = read_population_tag(element.tags.get("population"))
        if np.isnan(number) and "population" in element.tags:
            text = element.tags["population"]
            findings.append(Finding("unreadable_population", element.id, point, {"text": repr(text)}))
        persons.append(number)
    population = pd.Series(persons, dtype="float64")
    columns = {
        "settlement_id": pd.Series([element.id for element in places], dtype="str"),
        "place": tag_texts(places, "place"),
        "population_persons": population,
        "population_source": pd.Series(np.where(population.notna(), "tag", "none"), dtype="str"),
    }
    return element_frame(places, points, columns), findings


def read_population_tag(text: str | None) -> float:
    """Read the persons of a population tag, thousands set apart or not; NaN where untagged or no whole number."""
    if text is None or not _COUNT.fullmatch(text.strip()):
        return float("nan")
    return float(re.sub(r"\D", "", text))


class Unread(NamedTuple):
    """Place tags where people live together and that no tier reads, the number of them, and the lines that would."""

    number: int
    tags: str
    lines: str

    @property
    def told(self) -> str:
        """What an error says of them."""
        if not self.tags:
            return "no place tag that [tiers] leaves out is in it"
        read_by = f"; these lines read them:\n{self.lines}" if self.lines else ""
        return f"place tags that [tiers] leaves out: {self.tags}{read_by}"


def places_unread(counts: pd.DataFrame, tiers: Tiers) -> Unread:
    """Count the place tags where people live together and that no tier reads; and say what would read them."""
    found: dict[str, int] = {}
    for item, number in zip(counts["item"].astype(str), counts["number"], strict=True):
        key, _, value = item.partition("=")
        word = value.removesuffix(" (areas)")
        if key == "place" and word not in tiers.words:
            found[word] = found.get(word, 0) + int(number)
    most = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    wanted = [word for word, _ in most if word in _OFTEN] or [word for word, _ in most if word in _SELDOM]
    lines = []
    for tier in ("city", "town", "village"):
        words = [word for word in wanted if _OFTEN.get(word, "village") == tier]
        if words:
            listed = ", ".join(f'"{word}"' for word in dict.fromkeys([*getattr(tiers, tier), *words]))
            lines.append(f"{tier} = [{listed}]")
    return Unread(
        number=sum(found[word] for word in wanted if word in _OFTEN),
        tags=", ".join(f"{number:,} {word}" for word, number in most),
        lines="\n".join(("[tiers]", *lines)) if lines else "",
    )


def name_keys(tags: Mapping[str, str]) -> list[str]:
    """List the tags of an element that name it in some way."""
    return [key for key in tags if key.startswith("name:") or key in OTHER_NAMES]


def named_by_tags(frame: gpd.GeoDataFrame, keys: Sequence[str]) -> gpd.GeoDataFrame:
    """Name what has no name by the first of some of its tags that is there."""
    missing = frame["name"].isna()
    if not keys or not missing.any():
        return frame
    told = frame.loc[missing, "tags"].map(json.loads)
    found = told.map(lambda tags: next((tags[key] for key in keys if tags.get(key)), None))
    return frame.assign(name=frame["name"].where(~missing, found.reindex(frame.index)).astype("str"))


OTHER_NAMES = ("int_name", "official_name", "alt_name", "loc_name", "old_name", "short_name")
"""Tags beside ``name`` and those of its languages that name an element."""
GONE = ("disused", "abandoned")
"""Keys that, with ``yes``, say that an element no longer works."""


def read_facilities(
    elements: Sequence[Element], areas: Mapping[str, bytes], *, vocabulary: Vocabulary
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, list[str]]:
    """Find facilities as points, the areas of those that have one by their id, and ids of those without a place."""
    keys = frozenset(vocabulary.tag_keys)
    asked = functools.cache(vocabulary.asks_for)  # the same few tags again and again
    offers = [
        (element, service, element.id if len(services) == 1 else f"{element.id}/{service}")
        for element in elements
        if any(asked(key, value) for key, value in element.tags.items() if key in keys)
        for services in [vocabulary.match(element.tags)]
        for service in services
    ]
    found = [element for element, _, _ in offers]
    drawn = shapes(found, areas)
    points = shapely.centroid(drawn)  # in degrees, which for a building differs by less than a millimetre
    missing = np.flatnonzero(shapely.is_missing(points))
    by_id = {element.id: element for element in elements} if len(missing) else {}
    for row in missing:
        # A relation that is no area, such as a site, lies in the middle of its tagged members.
        ids = [f"{kind}{number}" for kind, number in found[row].members]
        members = shapes([by_id[name] for name in ids if name in by_id], areas)
        members = members[~(shapely.is_missing(members) | shapely.is_empty(members))]
        if len(members):
            points[row] = shapely.Point(np.mean(shapely.get_coordinates(shapely.centroid(members)), axis=0))
            drawn[row] = shapely.union_all(members)
    placed = np.flatnonzero(~(shapely.is_missing(points) | shapely.is_empty(points)))
    lost = sorted({name for *_, name in offers} - {offers[row][2] for row in placed})
    offers = [offers[row] for row in placed]
    found, ids = [element for element, _, _ in offers], [name for _, _, name in offers]
    drawn = drawn[placed]
    gone = np.array([any(element.tags.get(key) == "yes" for key in GONE) for element in found], dtype=bool)
    columns: dict[str, pd.Series] = {
        "facility_id": pd.Series(ids, dtype="str"),
        "service": pd.Series([service for _, service, _ in offers], dtype="str"),
        "capacity": pd.Series(np.nan, index=range(len(ids)), dtype="float64"),
        "load": pd.Series(np.nan, index=range(len(ids)), dtype="float64"),
        "status": pd.Series(np.where(gone, "closed", "existing"), dtype="str"),
    }
    is_area = (shapely.get_dimensions(drawn) == 2) | np.array([element.kind == "r" for element in found], dtype=bool)
    outlines = gpd.GeoDataFrame(
        {"facility_id": columns["facility_id"][is_area].reset_index(drop=True)},
        geometry=gpd.GeoSeries(drawn[is_area], crs=WGS84),
    )
    return element_frame(found, points[placed], columns), outlines, lost


def read_boundaries(
    elements: Sequence[Element], areas: Mapping[str, bytes]
) -> tuple[gpd.GeoDataFrame, dict[str, int], list[str]]:
    """
    Find the administrative areas that assemble, in EPSG:4326, how many by level, and relations that the extract cuts.

    A closed way that is a member of a relation of its level is a part of that area, as is one that bears its name; so
    are closed ways of one level and name, such as islets.
    """
    found = [element for element in elements if element.kind != "n" and _level(element) is not None]
    whole = [element for element in found if element.id in areas]
    counts = Counter(str(_level(element)) for element in whole)
    cut = [element.id for element in found if element.kind == "r" and element.id not in areas]
    # For every area the row of the area it is a part of; its own row where it stands for itself.
    by_member = {
        (f"{kind}{number}", _level(element)): row
        for row, element in enumerate(whole)
        for kind, number in element.members
    }
    by_name: dict[tuple[str, int | None], list[int]] = {}
    for row, element in sorted(enumerate(whole), key=lambda item: (item[1].kind != "r", item[1].number)):
        if element.tags.get("name"):
            by_name.setdefault((element.tags["name"], _level(element)), []).append(row)
    parts: dict[int, list[int]] = {}
    for row, element in enumerate(whole):
        leader = row
        if element.kind != "r":
            namesakes = by_name.get((element.tags.get("name", ""), _level(element)), [row])
            # Of several relations of one name none is the one that a way without a relation belongs to.
            is_clear = sum(whole[other].kind == "r" for other in namesakes) <= 1
            leader = by_member.get((element.id, _level(element)), namesakes[0] if is_clear else row)
        parts.setdefault(leader, []).append(row)
    geometry = shapes(whole, areas)
    rows = sorted(leader for leader, members in parts.items() if leader in members)
    merged = np.array(
        [shapely.union_all(geometry[parts[row]]) if len(parts[row]) > 1 else geometry[row] for row in rows],
        dtype=object,
    )
    kept = [whole[row] for row in rows]
    columns = {
        "boundary_id": pd.Series([element.id for element in kept], dtype="str"),
        "admin_level": pd.Series([_level(element) for element in kept], dtype="int64"),
    }
    return element_frame(kept, merged, columns), counts, cut


def _level(element: Element) -> int | None:
    text = element.tags.get("admin_level", "")
    is_level = element.tags.get("boundary") == "administrative" and text.isascii() and text.isdigit()
    return int(text) if is_level else None


BARRIER_AREA_M2 = 10_000.0
"""Standing water from this size (1 ha, so about 110 m across) is a barrier; around a smaller one people walk."""

LINES = ("river", "stream", "canal", "tidal_channel")
FLOWING = ("river", "canal", "tidal_channel", "coastline")
"""Kinds that cannot be waded, whatever their width on the map; a stream can."""

_DRY = ("intermittent", "seasonal")
_COVERED = ("tunnel", "covered")


def read_water(elements: Sequence[Element], areas: Mapping[str, bytes]) -> gpd.GeoDataFrame:
    """Find coastlines, watercourses and standing water."""
    found = [(element, kind) for element in elements if element.kind != "n" and (kind := _kind(element.tags))]
    geometry = shapes([element for element, _ in found], areas)
    drawn = np.flatnonzero(~shapely.is_missing(geometry))
    waters, geometry = [found[row][0] for row in drawn], geometry[drawn]
    passable = [any(element.tags.get(key, "no") != "no" for key in (*_DRY, *_COVERED)) for element in waters]
    kinds = pd.Series([found[row][1] for row in drawn], dtype="str")
    columns: dict[str, pd.Series] = {
        "water_id": pd.Series([element.id for element in waters], dtype="str"),
        "kind": kinds,
        "is_passable": pd.Series(passable, dtype="bool"),
    }
    # Turn closed coastlines, which are edges of islands and no water, into lines.
    shore = (kinds == "coastline").to_numpy(dtype=bool) & (shapely.get_dimensions(geometry) == 2)
    result = geometry.copy()
    result[shore] = shapely.boundary(geometry[shore])
    return element_frame(waters, result, columns)


def _kind(tags: Mapping[str, str]) -> str:
    if tags.get("natural") == "coastline":
        return "coastline"
    if tags.get("waterway") in LINES:
        return tags["waterway"]
    if tags.get("waterway") == "riverbank":
        return "river"
    if tags.get("natural") == "water":
        return tags.get("water", "lake")
    if tags.get("landuse") in {"reservoir", "basin"}:
        return tags["landuse"]
    return ""


def mark_barriers(water: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Say which water no walk to the road crosses: coast, rivers, canals, and still water of `BARRIER_AREA_M2`.

    Never a stream, nor what falls dry (``intermittent``, ``seasonal``) or runs under ground (``tunnel``, ``covered``).
    """
    require_metres(water.crs, what="water")
    flowing = water["kind"].isin(FLOWING).to_numpy(dtype=bool)
    wide = (water.geometry.area >= BARRIER_AREA_M2).to_numpy(dtype=bool)
    return water.assign(is_barrier=(flowing | wide) & ~water["is_passable"].to_numpy(dtype=bool))


def with_unit_codes(frame: gpd.GeoDataFrame, tag: str | None) -> gpd.GeoDataFrame:
    """Give places or boundaries of an extract the code that a tag of theirs holds."""
    if tag is None:
        return frame
    codes = [json.loads(tags).get(tag) for tags in frame["tags"]]
    return frame.assign(unit_code=pd.Series(codes, index=frame.index, dtype="str").str.strip())


def shapes(elements: Sequence[Element], areas: Mapping[str, bytes]) -> ObjectArray:
    """Geometry of elements: the multipolygon where one assembled, else the line or the point, or None."""
    known = [areas.get(element.id, element.wkb) or None for element in elements]
    result: ObjectArray = shapely.from_wkb(np.array(known, dtype=object))
    is_multi = shapely.get_type_id(result) == shapely.GeometryType.MULTIPOLYGON
    alone = is_multi & (shapely.get_num_geometries(result) == 1)
    result[alone] = shapely.get_geometry(result[alone], 0)
    is_node = np.array([element.kind == "n" for element in elements], dtype=bool)
    points = [element.point for element in elements if element.kind == "n"]
    result[is_node] = shapely.points(np.array(points).reshape(-1, 2))
    return result


def tag_texts(elements: Sequence[Element], key: str) -> pd.Series:
    """One tag of every element."""
    return pd.Series([element.tags.get(key) for element in elements], dtype="str")


def element_frame(
    elements: Sequence[Element], geometry: ObjectArray, columns: Mapping[str, pd.Series]
) -> gpd.GeoDataFrame:
    """Frame with names in every language and all tags as JSON."""
    names = {"name": tag_texts(elements, "name"), "name_en": tag_texts(elements, "name:en")}
    chinese = [tag_texts(elements, key) for key in ("name:zh", "name:zh-Hans", "name:zh-Hant")]
    names["name_zh"] = chinese[0].fillna(chinese[1]).fillna(chinese[2])
    tags = pd.Series(
        [json.dumps(element.tags, ensure_ascii=False, sort_keys=True) for element in elements], dtype="str"
    )
    return gpd.GeoDataFrame({**columns, **names, "tags": tags}, geometry=gpd.GeoSeries(geometry, crs=WGS84), crs=WGS84)
