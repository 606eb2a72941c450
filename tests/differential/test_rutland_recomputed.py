"""
Door-to-door times of Rutland once more, from the extract alone.

Nothing of the package is called but to make the run: roads and water are read from the raw file with pyosmium, class
speeds and words of access from the data files that a user may edit, and the rules (which tag decides, five nearest
edges, straight legs at 5 km/h times 1.3, what no leg crosses) are those of the docs, as far as Rutland needs them.
Places are the run's own, for their choice is not what is tested.
"""

import itertools
import re
import tomllib
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyproj
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

pytestmark = [pytest.mark.data, pytest.mark.slow]

PACKAGE = Path(__file__).parents[2] / "spatial"
SPEEDS, RULES, SERVICES = (
    tomllib.loads((PACKAGE / name).read_text(encoding="utf-8"))
    for name in ("network/presets/osrm_like.toml", "network/access.toml", "inputs/services.toml")
)

CANDIDATES, MAX_SNAP_M, MIN_COMPONENT_KM, MAX_MIN = 5, 5000.0, 5.0, 240.0
MIN_PER_M = 1.3 * 0.06 / 5.0  # 5 km/h on a line that is 1.3 times as long
BARRIER_AREA_M2 = 10_000.0
SAME_MIN, SAME_M = 1e-6, 0.01
TOWNS = {"town": {"town", "county_seat", "city"}, "county_seat": {"county_seat", "city"}, "city": {"city"}}

ACCESS = {"drive": ("motorcar", "motor_vehicle", "vehicle", "access"), "walk": ("foot", "access")}
ONEWAY = {"drive": ("oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway"), "walk": ("oneway:foot",)}


def _values(tags, key):
    return [value.strip() for value in tags.get(key, "").split(";") if value.strip()]


def _first(tags, keys):
    return next(filter(None, map(tags.get, keys)), "")


def _limit(text):
    """Read a tagged limit in km/h, of which eight tenths are driven; None where it says no number."""
    found = re.fullmatch(r"(\d+) *(mph)?", text or "")
    return 0.8 * float(found[1]) * (1.609344 if found[2] else 1.0) if found else None


def _speeds(tags, mode):
    """Speeds along a road and against it in km/h, 0 where it is closed."""
    base = SPEEDS[mode]["classes"].get(tags["highway"])
    if base is None or not set(RULES["closed"]).isdisjoint(_first(tags, ACCESS[mode]).split(";")):
        return 0.0, 0.0
    if tags.get({"walk": "motorroad", "drive": "area"}[mode]) == "yes":
        return 0.0, 0.0
    both = [base, base]
    if mode == "drive":
        caps = [table[value] for key, table in SPEEDS["caps"].items() for value in _values(tags, key) if value in table]
        if tags["highway"] == "track" and tags.get("tracktype") not in SPEEDS["caps"]["tracktype"]:
            caps.append(SPEEDS["drive"]["ungraded_track"])
        for at, key in enumerate(("maxspeed:forward", "maxspeed:backward")):
            limit = _limit(tags.get(key)) or _limit(tags.get("maxspeed"))
            both[at] = min([limit or base, *caps])
    said = _first(tags, ONEWAY[mode])
    is_implied = mode == "drive" and (tags.get("junction") == "roundabout" or tags["highway"] == "motorway")
    if said in {"yes", "1", "true"} or (is_implied and not said):
        both[1] = 0.0
    elif said in {"-1", "reverse"}:
        both[0] = 0.0
    return both


def _is_all_season(tags):
    """Whether a road is not known to fail."""
    said = {(key, value) for key in ("surface", "smoothness", "tracktype") for value in _values(tags, key)}
    fails = any(value in SPEEDS["all_season"][f"{key}_no"] for key, value in said)
    return not fails and all(tags.get(key, "no") == "no" for key in ("seasonal", "winter_road", "ice_road"))


def _read(file, crs):
    """Roads as tags and positions of their nodes, where the nodes are, and what cannot be waded."""
    to_metres = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform
    known, roads, walls = {}, [], []
    factory = osmium.geom.WKBFactory()
    keys = osmium.filter.KeyFilter("highway", "waterway", "natural", "landuse")
    for item in osmium.FileProcessor(str(file)).with_locations().with_areas().with_filter(keys):
        tags = dict(item.tags)
        is_dry = any(tags.get(key, "no") != "no" for key in ("intermittent", "seasonal", "tunnel", "covered"))
        if item.is_way():
            places = [(node.ref, node.lon, node.lat) for node in item.nodes if node.location.valid()]
            if "highway" in tags and len(places) > 1:
                roads.append((tags, [known.setdefault(place, len(known)) for place in places]))
            if tags.get("waterway") in {"river", "canal", "tidal_channel"} and not is_dry:
                walls.append(shapely.LineString([place[1:] for place in places]))
        elif item.is_area() and not is_dry:
            kind = tags.get("water") if tags.get("natural") == "water" else tags.get("waterway")
            if tags.get("natural") == "water" or tags.get("landuse") in {"reservoir", "basin"} or kind == "riverbank":
                shape = shapely.from_wkb(bytes.fromhex(factory.create_multipolygon(item)))
                shape_m = shapely.transform(shape, to_metres, interleaved=False)
                if kind in {"river", "canal", "riverbank"} or shape_m.area >= BARRIER_AREA_M2:
                    walls.append(shape)
    xy = np.column_stack(to_metres(*np.array(list(known))[:, 1:].T))
    walls = [shapely.transform(wall, to_metres, interleaved=False) for wall in walls]
    return roads, xy, shapely.STRtree(walls)


def _pieces(roads, xy, mode):
    """Pieces of road between the places where roads meet, with minutes both ways."""
    open_roads = [(tags, nodes, speeds) for tags, nodes in roads if any(speeds := _speeds(tags, mode))]
    uses = Counter(node for _, nodes, _ in open_roads for node in nodes)
    rows = []
    for tags, nodes, speeds in open_roads:
        ends = [at for at, node in enumerate(nodes) if at in {0, len(nodes) - 1} or uses[node] > 1]
        may_enter = tags["highway"] not in {"motorway", "motorway_link"} and tags.get("motorroad") != "yes"
        may_enter &= tags.get("bridge", "no") == "no" and tags.get("tunnel", "no") == "no"
        for one, other in itertools.pairwise(ends):
            line = shapely.LineString(xy[nodes[one : other + 1]])
            along, against = (0.06 * line.length / speed if speed else np.inf for speed in speeds)
            rows.append((nodes[one], nodes[other], line, along, against, may_enter, _is_all_season(tags)))
    pieces = pd.DataFrame(rows, columns=["start", "end", "line", "along", "against", "may_enter", "all_season"])
    graph = coo_array((np.ones(len(pieces)), (pieces["start"], pieces["end"])), shape=(len(xy), len(xy)))
    component = connected_components(graph, directed=False)[1][pieces["start"]]
    pieces["component"], pieces["length_m"] = component, shapely.length(pieces["line"].to_numpy())
    pieces["may_enter"] &= np.bincount(component, pieces["length_m"])[component] >= 1000 * MIN_COMPONENT_KM
    return pieces


def _foot_points(points, pieces, walls, *, most):
    """Of each place the nearest pieces that no water hides: piece, share of it before the foot point, metres."""
    chosen = pieces.loc[pieces["may_enter"]]
    lines = chosen["line"].to_numpy()
    tree = shapely.STRtree(lines)
    found = []
    for point in points:
        for reach in (MAX_SNAP_M / 16, MAX_SNAP_M / 4, MAX_SNAP_M):  # the first that has enough has the nearest
            near = tree.query(point, predicate="dwithin", distance=reach)
            metres = shapely.distance(point, lines[near])
            ways = []
            for at in np.argsort(metres, kind="stable"):
                if len(ways) == most:
                    break
                line = lines[near[at]]
                before = shapely.line_locate_point(line, point)
                straight = shapely.LineString([point, shapely.line_interpolate_point(line, before)])
                if not len(walls.query(straight, predicate="intersects")):
                    ways.append((chosen.index[near[at]], before / line.length, metres[at]))
            if len(ways) == most:
                break
        found.append(ways)
    return found


def _times(pieces, n_nodes, origins, destinations):
    """Minutes from door to door by the roads."""
    steps, n_all = [], n_nodes + len(origins) + len(destinations)
    doors = {}
    for first, places in ((n_nodes, origins), (n_nodes + len(origins), destinations)):
        for number, ways in enumerate(places, start=first):
            for piece, share, metres in ways:
                doors.setdefault(piece, []).append((share, number, metres * MIN_PER_M))
    for piece, on in doors.items():
        row = pieces.loc[piece]
        nodes = {0.0: row["start"], 1.0: row["end"]}
        for share, place, walk in on:
            same = next((known for known in nodes if abs(known - share) * row["length_m"] < 1e-7), None)
            if same is None:
                nodes[same := share] = n_all
                n_all += 1
            steps.append((place, nodes[same], walk) if place < n_nodes + len(origins) else (nodes[same], place, walk))
        for one, other in itertools.pairwise(sorted(nodes)):
            steps.append((nodes[one], nodes[other], row["along"] * (other - one)))
            steps.append((nodes[other], nodes[one], row["against"] * (other - one)))
    plain = pieces.drop(index=list(doors))
    steps += zip(plain["start"], plain["end"], plain["along"], strict=True)
    steps += zip(plain["end"], plain["start"], plain["against"], strict=True)
    best = pd.DataFrame(steps, columns=["from", "to", "minutes"]).groupby(["from", "to"])["minutes"].min()
    best = best[np.isfinite(best)].clip(lower=1e-12).reset_index()
    graph = coo_array((best["minutes"], (best["from"], best["to"])), shape=(n_all, n_all)).tocsr()
    found = dijkstra(graph, indices=n_nodes + np.arange(len(origins)))
    return found[:, n_nodes + len(origins) : n_nodes + len(origins) + len(destinations)]


def _with_walks(minutes, origins, destinations, ways, pieces, walls):
    """The quicker of the way by the network and the straight walk, where no water lies between."""
    components = [[set(pieces["component"][[way[0] for way in place]]) for place in side] for side in ways]
    metres = shapely.distance(np.array(origins)[:, None], np.array(destinations)[None, :])
    for one, other in np.argwhere(metres * MIN_PER_M < minutes):
        is_one_network = not components[0][one].isdisjoint(components[1][other])
        straight = shapely.LineString([origins[one], destinations[other]])
        if (is_one_network or metres[one, other] <= MAX_SNAP_M) and not len(walls.query(straight, "intersects")):
            minutes[one, other] = metres[one, other] * MIN_PER_M
    return minutes


def _counted(service):
    """Which services, or tiers of towns, count for one."""
    included = SERVICES["service"].get(service, {}).get("includes", ())
    return TOWNS.get(service) or {service}.union(*map(_counted, included))


def test_every_time_of_rutland_is_found_again_from_the_extract_alone(rutland, region_run):
    folder = region_run(rutland) / "processed" / "rutland"
    settlements = gpd.read_parquet(folder / "settlements.parquet")
    facilities = gpd.read_parquet(folder / "facilities.parquet").query("status == 'existing'")
    access = pd.read_parquet(folder / "access.parquet").merge(pd.read_parquet(folder / "access_counts.parquet"))
    roads, xy, walls = _read(rutland / "rutland.osm.pbf", settlements.crs)
    towns = settlements.loc[settlements["tier"].isin(["town", "county_seat", "city"])]
    ids = np.array([*facilities["facility_id"], *towns["settlement_id"]], dtype=object)
    kinds = np.array([*facilities["service"], *towns["tier"]])
    origins, destinations = list(settlements.geometry), [*facilities.geometry, *towns.geometry]
    rows = []
    for mode in ("drive", "walk"):
        pieces = _pieces(roads, xy, mode)
        ways = [_foot_points(side, pieces, walls, most=CANDIDATES) for side in (origins, destinations)]
        minutes = _times(pieces, len(xy), *ways)
        if mode == "walk":
            minutes = _with_walks(minutes, origins, destinations, ways, pieces, walls)
        minutes[settlements["settlement_id"].to_numpy(dtype=object)[:, None] == ids[None, :]] = 0.0  # a town is its own
        for service in access["service"].unique():
            which = np.flatnonzero(np.isin(kinds, list(_counted(service))))
            for settlement, times in zip(settlements["settlement_id"], minutes[:, which], strict=True):
                nearest = times.min(initial=np.inf)
                row = {"settlement_id": settlement, "service": service, "mode": mode, "minutes": nearest}
                row |= {"nearest": set(ids[which[times <= nearest + SAME_MIN]]), "has_any": len(which) > 0}
                rows.append(row | {cutoff: np.count_nonzero(times <= cutoff) for cutoff in (15, 30, 60)})
        if mode == "drive":
            _compare_last_mile(settlements, pieces, walls, folder)
    both = access.merge(pd.DataFrame(rows), how="left", validate="one_to_one")
    status = np.where(both["minutes"] <= MAX_MIN, "reached", np.where(both["has_any"], "beyond_cutoff", "no_facility"))
    assert both["reach_status"].tolist() == status.tolist()
    reached = both.loc[status == "reached"]
    assert len(reached) == 3524
    assert (reached["travel_time_min"] - reached["minutes"]).abs().max() < SAME_MIN
    assert all(chosen in tied for chosen, tied in zip(reached["facility_id"], reached["nearest"], strict=True))
    for cutoff in (15, 30, 60):
        assert both[f"facilities_within_{cutoff}_min"].tolist() == both[cutoff].tolist()


def _compare_last_mile(settlements, pieces, walls, folder):
    may_fail = pieces.assign(may_enter=pieces["may_enter"] & pieces["all_season"])
    nearest = [ways[0][2] for ways in _foot_points(settlements.geometry, may_fail, walls, most=1)]
    told = pd.read_parquet(folder / "last_mile.parquet").set_index("settlement_id").loc[settlements["settlement_id"]]
    assert told["all_season_road_distance_m"].to_numpy() == pytest.approx(np.array(nearest), abs=SAME_M)
