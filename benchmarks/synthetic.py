"""A made-up country of any size, written as the raw files that the pipeline reads. Nothing in it is real.

Places lie on a shaken grid, denser in the middle. Roads between them are a Gabriel graph without some of its loops;
what lies on the ways between towns and cities is secondary and primary. Every place has streets, and tracks that end
somewhere. All of it is drawn with bends, so that most nodes join two pieces of one road, as in real extracts. A river
runs through.

Nodes, places and facilities may be scaled apart: a country of many places has roads with as many bends as nodes are
left for, streets in its towns, and districts of some 2,500 places. Nodes are written in parts, so that the largest, of
5,000,000 nodes and 500,000 places, takes less than 2 GB.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import osmium
import osmium.osm.mutable as osm
import pyproj
import rasterio
from affine import Affine
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["NODES", "CountryFiles", "write_country"]

NODES = 1_000_000
"""Nodes of roads in the extract."""
SEED = 20260101
NODES_A_PLACE, NODES_OF_STREETS_IN_CITIES = 147.0, 2000.0
"""Found by counting; they turn nodes asked for into places."""

SPACING_M = 2000.0
SHAKE_M = 650.0
VERTEX_M = 45.0
STREET_M = 80.0
LOOPS_KEPT = 0.6
CELL_DEGREES = 1 / 1200
CORNER = (350_000.0, 20_000.0)
"""South-west corner in metres: open sea in the Gulf of Guinea."""
CRS = "EPSG:32631"
PLACES_A_UNIT = 100
UNITS_ACROSS_A_DISTRICT = 5
"""Of a country whose places are given: its districts are squares of so many units."""
LARGE_CELL_DEGREES = 1 / 360
"""Cells of the raster of a country whose places are given, some 300 m wide."""
SHARE_IN_TOWNS, SHARE_IN_CITIES, NODES_IN_A_TOWN, NODES_IN_A_CITY = 0.2, 0.05, 140, 1100
"""Of all nodes, at most, where places are given: as many places are towns and cities as have streets then."""
NODES_WITH_STREETS = 60.0
"""Nodes a place from which on villages have streets too, where places are given."""
NODES_AT_ONCE, SPOTS_AT_ONCE = 100_000, 1_000_000

STREETS = {"village": (2, 5), "town": (7, 9), "city": (22, 24)}
"""Rows and columns of streets by tier."""
TOWNS, CITIES = 1 / 20, 1 / 1200
"""Shares of places that are towns and cities; there are at least three and two."""
SERVICES = (
    ("amenity", "hospital", {"village": 0.01, "town": 0.6, "city": 4}),
    ("amenity", "clinic", {"village": 0.06, "town": 1, "city": 10}),
    ("amenity", "pharmacy", {"village": 0.08, "town": 2, "city": 12}),
    ("amenity", "school", {"village": 0.5, "town": 4, "city": 25}),
    ("amenity", "kindergarten", {"village": 0.2, "town": 2, "city": 12}),
    ("amenity", "bank", {"village": 0.02, "town": 1, "city": 10}),
    ("amenity", "post_office", {"village": 0.05, "town": 1, "city": 4}),
    ("amenity", "marketplace", {"village": 0.1, "town": 1, "city": 4}),
    ("shop", "convenience", {"village": 0.6, "town": 5, "city": 40}),
    ("amenity", "fire_station", {"village": 0.0, "town": 0.3, "city": 2}),
)
"""Facilities a place by tier; the fraction is the chance of one more."""


@dataclass(frozen=True)
class CountryFiles:
    """
    Where the files are.

    Parameters
    ----------
    folder : Path
        The raw root.
    extract, population, study : Path
        The OpenStreetMap extract, the population raster and the study file.
    """

    folder: Path
    extract: Path
    population: Path
    study: Path


@dataclass(frozen=True)
class _Scale:
    """How many places there are, how many of them are towns and cities, what has streets, and what else is given."""

    wanted: int
    towns: float = TOWNS
    cities: float = CITIES
    streets: frozenset[str] = frozenset(STREETS)
    nodes: int | None = None
    facilities: int | None = None
    has_districts: bool = False


def _scale_of(nodes: int, places: int | None, facilities: int | None) -> _Scale:
    if places is None:
        wanted = max(round((nodes - NODES_OF_STREETS_IN_CITIES) / NODES_A_PLACE), 36)
        return _Scale(wanted, facilities=facilities)
    each = nodes / places
    return _Scale(
        places,
        min(TOWNS, SHARE_IN_TOWNS * each / NODES_IN_A_TOWN),
        min(CITIES, SHARE_IN_CITIES * each / NODES_IN_A_CITY),
        frozenset(STREETS) if each >= NODES_WITH_STREETS else frozenset({"town", "city"}),
        nodes,
        facilities,
        has_districts=True,
    )


@dataclass
class _Draft:
    """Nodes and ways so far; node number n is row n - 1."""

    xy: list[NDArray[np.float64]] = field(default_factory=list)
    ways: list[tuple[NDArray[np.int64], dict[str, str]]] = field(default_factory=list)
    known: dict[tuple[tuple[str, str], ...], dict[str, str]] = field(default_factory=dict)
    size: int = 0

    def add_way(self, refs: Sequence[int] | NDArray[np.int64], tags: dict[str, str]) -> None:
        """Take a way; ways of the same tags share them."""
        self.ways.append((np.asarray(refs, dtype=np.int64), self.known.setdefault(tuple(tags.items()), tags)))

    def add_nodes(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Take new nodes and return their numbers."""
        self.xy.append(xy)
        first = self.size + 1
        self.size += len(xy)
        return np.arange(first, first + len(xy))


@dataclass(frozen=True, eq=False)
class _Places:
    xy: NDArray[np.float64]
    tier: NDArray[np.str_]
    persons: NDArray[np.float64]
    node: NDArray[np.int64]


def write_country(
    folder: Path, *, nodes: int = NODES, places: int | None = None, facilities: int | None = None, seed: int = SEED
) -> CountryFiles:
    """
    Write a synthetic country: an extract, a population raster, their description and a study file.

    The same size and seed give the same bytes.

    Parameters
    ----------
    folder : Path
        The raw root; made if it is not there.
    nodes : int
        How many nodes its roads have, within a few per cent.
    places, facilities : int, optional
        How many places there are, within a few per cent, and facilities of ten services; by default as many as such
        roads join, and as such places have. With places there are districts (admin_level 6) above the units.
    seed : int
        Of everything that is drawn by lot.

    Returns
    -------
    CountryFiles
        What was written.
    """
    rng = np.random.default_rng(seed)
    draft = _Draft()
    scale = _scale_of(nodes, places, facilities)
    settled = _settle(rng, draft, scale)
    with_streets = np.flatnonzero(np.isin(settled.tier, list(scale.streets)))
    start, end = _links(rng, settled.xy)
    if scale.nodes is None:
        _join_places(rng, draft, settled, start, end)
    for place in with_streets.tolist():
        _lay_streets(rng, draft, settled, place)
    if scale.nodes is not None:
        # Roads have as many bends as nodes are left for.
        metres = np.hypot(*(settled.xy[start] - settled.xy[end]).T)
        _join_places(rng, draft, settled, start, end, metres.sum() / max(scale.nodes - draft.size + len(start), 1))
    _let_river_flow(rng, draft, settled)
    files = CountryFiles(
        folder,
        folder / "synthetic" / "country.osm.pbf",
        folder / "synthetic" / "population.tif",
        folder / "synthetic.toml",
    )
    files.extract.parent.mkdir(parents=True, exist_ok=True)
    _write_extract(rng, draft, settled, scale, files.extract)
    _write_people(rng, settled, files.population, LARGE_CELL_DEGREES if scale.has_districts else CELL_DEGREES)
    described = [_described(path) for path in (files.extract, files.population)]
    (files.extract.parent / "source.toml").write_text("\n".join(described), encoding="utf-8")
    files.study.write_text(LARGE_STUDY if scale.has_districts else STUDY, encoding="utf-8")
    return files


def _settle(rng: np.random.Generator, draft: _Draft, scale: _Scale) -> _Places:
    side = round(np.sqrt(scale.wanted))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) * SPACING_M
    shaken = grid + rng.uniform(-SHAKE_M, SHAKE_M, grid.shape)
    half = side * SPACING_M / 2
    away = (shaken - half) / half
    reach = np.hypot(*away.T) / np.sqrt(2)
    xy = half + half * away * (0.75 + 0.35 * reach)[:, None] + CORNER
    persons = np.round(rng.lognormal(5.7, 0.7, len(xy)))
    rank = np.argsort(np.argsort(-persons, kind="stable"), kind="stable")
    cities, towns = max(round(len(xy) * scale.cities), 2), max(round(len(xy) * scale.towns), 3)
    tier = np.select([rank < cities, rank < cities + towns], ["city", "town"], "village")
    persons = persons * np.select([tier == "city", tier == "town"], [25.0, 3.0], 1.0)
    return _Places(xy, tier, persons, draft.add_nodes(xy))


def _join_places(
    rng: np.random.Generator,
    draft: _Draft,
    places: _Places,
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    vertex_m: float = VERTEX_M,
) -> None:
    metres = np.hypot(*(places.xy[start] - places.xy[end]).T)
    classes = np.where(rng.random(len(start)) < 0.55, "unclassified", "tertiary")
    for tiers, road_class in ((("city", "town"), "secondary"), (("city",), "primary")):
        hubs = np.flatnonzero(np.isin(places.tier, tiers))
        classes[_between(hubs, len(places.xy), start, end, metres)] = road_class
    for a, b, road_class in zip(start, end, classes, strict=True):
        inner = draft.add_nodes(_bends(rng, places.xy[a], places.xy[b], vertex_m))
        tags = {"highway": str(road_class), **_surface(rng, str(road_class))}
        draft.add_way([int(places.node[a]), *inner.tolist(), int(places.node[b])], tags)


def _links(rng: np.random.Generator, xy: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gabriel graph: pairs whose circle holds no third place. A tree through all places is kept whole."""
    triangles = Delaunay(xy).simplices
    pairs = np.unique(np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0)
    middle = xy[pairs].mean(axis=1)
    metres = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    empty = cKDTree(xy).query(middle)[0] >= metres / 2 * (1 - 1e-9)
    pairs, metres = pairs[empty].astype(np.int64), metres[empty]
    tree = minimum_spanning_tree(coo_array((metres, pairs.T), shape=(len(xy), len(xy)))).tocoo()
    in_tree = np.isin(pairs @ [len(xy), 1], np.sort((tree.row, tree.col), axis=0).T @ [len(xy), 1])
    kept = in_tree | (rng.random(len(pairs)) < LOOPS_KEPT)
    return pairs[kept, 0], pairs[kept, 1]


def _between(
    hubs: NDArray[np.int64], n: int, start: NDArray[np.int64], end: NDArray[np.int64], metres: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Find the links on the shortest ways between neighbouring hubs."""
    links = coo_array((metres, (start, end)), shape=(n, n)).tocsr()
    far, before, hub = dijkstra(links, directed=False, indices=hubs, min_only=True, return_predecessors=True)
    number = {pair: at for at, pair in enumerate(zip(start.tolist(), end.tolist(), strict=True))}
    meets = np.flatnonzero(hub[start] != hub[end])
    whole = far[start[meets]] + metres[meets] + far[end[meets]]
    pair = np.sort((hub[start[meets]], hub[end[meets]]), axis=0).T @ [n, 1]
    order = np.lexsort((whole, pair))
    first = order[np.unique(pair[order], return_index=True)[1]]
    used = set(meets[first].tolist())
    for place in np.unique(np.concatenate((start[meets[first]], end[meets[first]]))).tolist():
        at = place
        while before[at] >= 0:
            back = int(before[at])
            used.add(number[min(at, back), max(at, back)])
            at = back
    return np.array(sorted(used), dtype=np.int64)


def _bends(
    rng: np.random.Generator, a: NDArray[np.float64], b: NDArray[np.float64], vertex_m: float = VERTEX_M
) -> NDArray[np.float64]:
    """Points between two ends on a line that winds."""
    metres = float(np.hypot(*(b - a)))
    share = np.linspace(0, 1, max(round(metres / vertex_m), 1) + 1)[1:-1, None]
    across = np.array([a[1] - b[1], b[0] - a[0]])
    waves = np.array([1.0, 2.0, 5.0])
    size = rng.normal(0, [0.08, 0.05, 0.015])
    points: NDArray[np.float64] = a + share * (b - a) + (np.sin(np.pi * waves * share) @ size)[:, None] * across
    return points


def _surface(rng: np.random.Generator, road_class: str) -> dict[str, str]:
    lot = rng.random(2)
    tags = {}
    if lot[0] < 0.12:
        rough = road_class in {"unclassified", "track", "residential"}
        tags["surface"] = "unpaved" if rough else "asphalt"
    if road_class in {"primary", "secondary"} and lot[1] < 0.1:
        tags["maxspeed"] = "60"
    return tags


def _lay_streets(rng: np.random.Generator, draft: _Draft, places: _Places, place: int) -> None:
    """
    Lay rows of streets through a place, columns between them and two tracks out of it.

    Rows and the middle column are two-way and whole, so that everything stays reachable; other columns are drawn by
    lot, some of them one-way.
    """
    rows, columns = STREETS[str(places.tier[place])]
    columns = 2 * ((columns + int(rng.integers(0, 3))) // 2) + 1
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    along, up = np.meshgrid(np.arange(-(columns // 2), columns // 2 + 1, 0.5), np.arange(rows) - rows // 2)
    along, up = along[:, : 2 * columns - 1], up[:, : 2 * columns - 1]
    local = np.stack((along, up), axis=-1) * STREET_M
    shaken = local + rng.normal(0, 6.0, local.shape)
    crossing = np.zeros(along.shape, dtype=bool)
    crossing[:, ::2] = True
    middle = (rows // 2, columns - 1)
    new = np.ones(along.shape, dtype=bool)
    new[middle] = False
    ids = np.empty(along.shape, dtype=np.int64)
    ids[new] = draft.add_nodes((shaken @ turn + places.xy[place])[new])
    ids[middle] = places.node[place]
    for row in ids:
        draft.add_way(row.tolist(), {"highway": "residential", **_surface(rng, "residential")})
    draft.add_way(ids[:, middle[1]].tolist(), {"highway": "residential"})
    lots = rng.random((rows - 1, columns))
    for row, column in zip(*np.nonzero(lots < 0.45), strict=True):
        if 2 * column == middle[1]:
            continue
        one_way = {"oneway": "yes"} if lots[row, column] < 0.02 else {}
        pair = [int(ids[row, 2 * column]), int(ids[row + 1, 2 * column])]
        draft.add_way(pair, {"highway": "residential", **one_way})
    for corner in ((0, 0), (rows - 1, 2 * columns - 2)):
        _add_track(rng, draft, int(ids[corner]), shaken[corner] @ turn + places.xy[place], places.xy[place])


def _add_track(
    rng: np.random.Generator, draft: _Draft, node: int, begins: NDArray[np.float64], centre: NDArray[np.float64]
) -> None:
    outward = (begins - centre) / np.hypot(*(begins - centre))
    ends = begins + outward * rng.uniform(200.0, 1200.0) + rng.normal(0, 80.0, 2)
    inner = draft.add_nodes(np.vstack((_bends(rng, begins, ends), ends)))
    kind = ("track", "track", "path", "footway")[int(rng.integers(0, 4))]
    grade = {"tracktype": f"grade{int(rng.integers(1, 6))}"} if kind == "track" and rng.random() < 0.3 else {}
    draft.add_way([node, *inner.tolist()], {"highway": kind, **grade})


def _let_river_flow(rng: np.random.Generator, draft: _Draft, places: _Places) -> None:
    """Draw a river from end to end, which nobody crosses on foot off the roads."""
    low, high = places.xy.min(axis=0), places.xy.max(axis=0)
    mouth, spring = (np.array([rng.uniform(low[0], high[0]), at]) for at in (low[1], high[1]))
    inner = draft.add_nodes(np.vstack((mouth, _bends(rng, mouth, spring), spring)))
    draft.add_way(inner[::-1].tolist(), {"waterway": "river", "name": "River"})


def _write_extract(rng: np.random.Generator, draft: _Draft, places: _Places, scale: _Scale, path: Path) -> None:
    to_degrees = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    named = {
        int(node): {"place": str(tier), "name": f"{tier.capitalize()} {node}"}
        for node, tier in zip(places.node, places.tier, strict=True)
    }
    named |= _found_services(rng, draft, places, scale)
    ring, units = _divide(draft, places, scale)
    draft.add_nodes(ring)
    xy = np.vstack(draft.xy)
    draft.xy.clear()
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for first in range(0, len(xy), NODES_AT_ONCE):
            lon, lat = to_degrees.transform(*xy[first : first + NODES_AT_ONCE].T)
            for number, point in enumerate(zip(lon.tolist(), lat.tolist(), strict=True), start=first + 1):
                writer.add_node(osm.Node(id=number, version=1, location=point, tags=named.get(number, {})))
        for number, (refs, tags) in enumerate(draft.ways, start=1):
            writer.add_way(osm.Way(id=number, version=1, nodes=refs.tolist(), tags=tags))
        first = len(draft.ways) + 1
        for number, (refs, _) in enumerate(units):
            writer.add_way(osm.Way(id=first + number, version=1, nodes=refs, tags={}))
        for number, (_, tags) in enumerate(units):
            members = [("w", first + number, "outer")]
            writer.add_relation(osm.Relation(id=number + 1, version=1, members=members, tags=tags))


def _found_services(
    rng: np.random.Generator, draft: _Draft, places: _Places, scale: _Scale
) -> dict[int, dict[str, str]]:
    tagged: dict[int, dict[str, str]] = {}
    by_service = [np.array([numbers[str(tier)] for tier in places.tier], dtype=np.float64) for *_, numbers in SERVICES]
    times = 1.0 if scale.facilities is None else scale.facilities / sum(each.sum() for each in by_service)
    for (key, value, _), natural in zip(SERVICES, by_service, strict=True):
        expected = natural * times
        count = np.floor(expected + rng.random(len(expected))).astype(np.int64)
        home = np.repeat(np.arange(len(count)), count)
        spread = 60.0 + 8.0 * np.sqrt(places.persons[home])
        at = places.xy[home] + rng.normal(0, 1, (len(home), 2)) * spread[:, None]
        for node, place in zip(draft.add_nodes(at).tolist(), home.tolist(), strict=True):
            tagged[node] = {key: value, "name": f"{value} {node} of {places.node[place]}"}
    return tagged


def _divide(
    draft: _Draft, places: _Places, scale: _Scale
) -> tuple[NDArray[np.float64], list[tuple[list[int], dict[str, str]]]]:
    """Cut the country into square units, each the outer ring of a boundary relation, and districts into such units."""
    low, high = places.xy.min(axis=0) - 5000.0, places.xy.max(axis=0) + 5000.0
    side = max(round(np.sqrt(len(places.xy) / PLACES_A_UNIT)), 1)
    lines = np.linspace(low, high, side + 1)
    corners = np.stack(np.meshgrid(lines[:, 0], lines[:, 1]), axis=-1).reshape(-1, 2)
    number = draft.size + 1 + np.arange(len(corners)).reshape(side + 1, side + 1)
    units = []
    levels = [("Township", "8", 1), *([("District", "6", UNITS_ACROSS_A_DISTRICT)] if scale.has_districts else [])]
    for word, level, across in levels:
        tags = {"type": "boundary", "boundary": "administrative", "admin_level": level}
        for row in range(0, side, across):
            for column in range(0, side, across):
                # A district has all corners of its units, so that its sides are theirs.
                box = number[row : row + across + 1, column : column + across + 1]
                ring = np.concatenate((box[0], box[1:, -1], box[-1, -2::-1], box[-2::-1, 0]))
                name = f"{word} {row // across + 1}-{column // across + 1}"
                units.append((ring.tolist(), {**tags, "name": name}))
    return corners, units


def _write_people(rng: np.random.Generator, places: _Places, path: Path, cell_degrees: float) -> None:
    """Spread the people of every place over cells around it."""
    to_degrees = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    spots = np.clip(places.persons / 12, 8, 600).astype(np.int64)
    home = np.repeat(np.arange(len(spots), dtype=np.int32), spots)
    lon, lat = np.empty(len(home)), np.empty(len(home))
    parts = [slice(first, first + SPOTS_AT_ONCE) for first in range(0, len(home), SPOTS_AT_ONCE)]
    for part in parts:
        spread = 80.0 + 9.0 * np.sqrt(places.persons[home[part]])
        at = places.xy[home[part]] + rng.normal(0, 1, (len(spread), 2)) * spread[:, None]
        lon[part], lat[part] = to_degrees.transform(*at.T)
    west, north = lon.min() - cell_degrees, lat.max() + cell_degrees
    last_column, last_row = int((lon.max() - west) / cell_degrees), int((north - lat.min()) / cell_degrees)
    values = np.zeros((last_row + 2, last_column + 2))
    for part in parts:
        columns = ((lon[part] - west) / cell_degrees).astype(np.int64)
        rows = ((north - lat[part]) / cell_degrees).astype(np.int64)
        np.add.at(values, (rows, columns), (places.persons / spots)[home[part]])
    profile = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4326",
        "transform": Affine(cell_degrees, 0, west, 0, -cell_degrees, north),
        "nodata": -99999.0,
        "compress": "deflate",
    }
    with rasterio.open(path, "w", **profile) as file:
        values[values <= 0.0] = -99999.0
        file.write(values.astype(np.float32), 1)


def _described(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return (
        f'[[file]]\npath = "{path.name}"\norigin = "made up for benchmarks"\nlicence = "CC0-1.0"\n'
        f'vintage = "none"\naddress = "unknown"\nsha256 = "{digest}"\n'
    )


STUDY = """name = "synthetic"
as_of = 2026-01-01
jurisdictions = ["CN"]
synthetic = true

[title]
en = "A synthetic country for benchmarks"

[region]
buffer_km = 0.0
unit_levels = [8]

[sources.osm]
path = "synthetic/country.osm.pbf"

[sources.population]
path = "synthetic/population.tif"

[network]
modes = ["drive", "walk"]
"""
"""The study of the synthetic country; the same modes as the study of Comoros."""

LARGE_STUDY = (
    STUDY.replace('["drive", "walk"]', '["drive"]')
    + """
[access]
services = [
  "hospital", "health_centre", "pharmacy", "fire_station", "kindergarten", "school", "post_office", "bank", "market",
  "shop",
]

[areas]
isochrones_min = []
catchments = false

[[plans]]
name = "hospitals-of-a-district"
service = "hospital"
within_min = 15.0
units = ["District 1-1"]
sites = 5
"""
)
"""The study of a country whose places are given: ten services by car, a plan for a district, no areas."""
