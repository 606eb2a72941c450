"""Large studies in tiles: each worker reads the roads and places of its tile alone, and writes down what it found."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial import parallel
from spatial.access.nearest import (
    Asked,
    Measure,
    Measured,
    OnNetwork,
    Part,
    Whole,
    by_service,
    in_order,
    measure_places,
    whole_of,
)
from spatial.access.options import AccessRules
from spatial.access.places import Places, Surroundings, take
from spatial.arrays import BoolArray, FloatArray, IntArray
from spatial.errors import WorkersError
from spatial.network.matrix import (
    ROW,
    Box,
    Cut,
    Tables,
    boxes_of_chains,
    cut_graph,
    edge_bounds,
    fastest_m_a_minute,
    is_cuttable,
    touching,
)
from spatial.network.snapping import NO_CANDIDATE, Snaps
from spatial.runner.cost import PeakMemory
from spatial.runner.manifest import code_fingerprint, package_versions
from spatial.store import Store, sha256_of

LOGGER = logging.getLogger(__name__)

NEAR_MIN = 30.0
NEAR_M = 30_000.0
"""Roads and places so far around a tile are searched for its nearest facilities; who may have nearer ones is searched
again in the whole. They change the speed only."""
_DONE = "done.json"
_WAYS_IN = tuple(NO_CANDIDATE)
_OF_PLACES = ("x", "y", "status", "nearest_m")


class Tile(NamedTuple):
    """What a worker is told of a tile; the rest it reads."""

    folder: Path  # with the places of the tile, and for what is found
    network: Path  # with roads and their junctions by square
    squares: tuple[int, ...]  # those of them that are near enough
    box: Box  # chains that touch it are searched
    width_min: float
    mode: str
    asked: Asked
    rules: AccessRules
    whole: Whole
    key: str  # of all that the result depends on


def in_tiles(stage: str) -> Measure | None:
    """Measure a network in tiles, where the run at hand is cut into them; None where it is not."""
    cutting = parallel.tiling()
    return None if cutting is None else lambda mode, asked: _Cutting(cutting, stage, mode, asked).measure()


class _Cutting:
    """One network cut into tiles, for one stage."""

    def __init__(self, cutting: parallel.Tiling, stage: str, mode: OnNetwork, asked: Asked) -> None:
        self.team, self.side_m, self.stage = cutting.team, 1000.0 * cutting.tile_km, stage
        self.mode, self.asked, self.whole = mode, asked, whole_of(mode, asked)
        self.folder = cutting.folder / mode.graph.mode
        places = (mode.settlements.snaps, mode.facilities.snaps)
        self.xy, self.goals_xy = (np.column_stack((each.x, each.y)) for each in places)
        every = np.vstack((self.xy, self.goals_xy))
        self.low = every.min(axis=0, initial=np.inf)
        # Beyond these there is neither a place nor an end of the network.
        every = np.vstack((every, np.column_stack((mode.graph.node_x, mode.graph.node_y))))
        self.lowest, self.highest = every.min(axis=0), every.max(axis=0)

    def measure(self) -> Measured:
        """Measure tile by tile, and again on the whole network what a tile does not know for certain."""
        mode, asked = self.mode, self.asked
        square = np.floor((self.xy - self.low) / self.side_m).astype(np.int64)
        squares, of = np.unique(square, axis=0, return_inverse=True)
        # How far around a tile anybody gets within the longest time that counts.
        fastest, cutoffs = fastest_m_a_minute(mode.graph), mode.rules.cutoffs_min
        halo_m = max(NEAR_MIN * fastest, NEAR_M)
        if cutoffs:
            halo_m = max(cutoffs) * fastest if fastest else 0.0
        why = (
            "roads of several kinds, turns or slopes are told by the whole network"
            if not is_cuttable(mode.graph)
            else ""
        )
        if not np.isfinite(halo_m + mode.rules.snap.max_snap_m):
            why = "nothing limits how far is searched, so that every tile needs the whole network"
        if why:
            LOGGER.warning("%s, %s: not cut into tiles: %s", self.stage, mode.graph.mode, why)
        if why or len(squares) < 2:
            return measure_places(mode, asked)
        chains = mode.graph.core_shape.chains
        boxes = boxes_of_chains(chains.offsets, chains.step_arc >> 1, edge_bounds(mode.graph))
        of_edge = np.repeat(np.arange(len(boxes)), np.diff(chains.offsets))[chains.edge_step]
        network = self._network(boxes, of_edge)
        tiles, own = [], []
        for number, (column, row) in enumerate(squares.tolist()):
            west, south = self.low + self.side_m * np.array([column, row])
            around = (west - halo_m, south - halo_m, west + self.side_m + halo_m, south + self.side_m + halo_m)
            own.append(np.flatnonzero(of.ravel() == number))
            tiles.append(self._tile(number, own[-1], around, boxes, of_edge, network))
        waiting = [tile for tile in tiles if (Store(tile.folder).read_json(_DONE) or {}).get("key") != tile.key]
        if waiting and any(other != _versions() for other in self.team.each(_versions)):
            raise WorkersError(
                "a worker has another version of spatial or of a library than this process, so that its results may "
                "be others; install the same everywhere, with constraints.txt"
            )
        LOGGER.info("%s, %s: %d tiles, %d of them to do", self.stage, mode.graph.mode, len(tiles), len(waiting))
        for _ in self.team.results(measure_tile, waiting):
            pass
        return self._gathered(tiles, own)

    def _network(self, boxes: FloatArray, of_edge: IntArray) -> dict[str, Any]:
        """Write roads and junctions by square, or find them as they are; returns the index of squares."""
        graph, store = self.mode.graph, Store(self.folder)
        digest = hashlib.sha256(f"{self.side_m} {self.low.tolist()} {code_fingerprint(__name__)}".encode())
        digest.update(json.dumps(package_versions()).encode())
        for array in (graph.edge_from, graph.edge_to, graph.forward_min, graph.backward_min, graph.coordinates):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update("\n".join(graph.edge_id).encode())
        kept: dict[str, Any] | None = store.read_json("squares.json")
        if kept is not None and kept["of"] == digest.hexdigest():
            return kept
        middle = np.column_stack((boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3])) / 2.0
        _, square = np.unique(np.floor((middle - self.low) / self.side_m), axis=0, return_inverse=True)
        square = square.ravel()
        whole, index = Tables.of(graph), []
        for number in range(int(square.max()) + 1):
            part = whole.take((square == number)[of_edge])
            for name, frame in (("edges", part.edges), ("nodes", part.nodes)):
                Store(self.folder / name / f"tile={number}").write("part", frame)
            mine = boxes[square == number]
            index.append([*mine[:, :2].min(axis=0).tolist(), *mine[:, 2:].max(axis=0).tolist()])
        kept = {"of": digest.hexdigest(), "boxes": index}
        store.write_json("squares.json", kept)
        return kept

    def _tile(
        self, number: int, own: IntArray, around: Box, boxes: FloatArray, of_edge: IntArray, network: dict[str, Any]
    ) -> Tile:
        """Write the places of a tile, and say what else its worker needs."""
        mode, asked = self.mode, self.asked
        reach = mode.rules.snap.max_snap_m
        box = (around[0] - reach, around[1] - reach, around[2] + reach, around[3] + reach)
        is_here = touching(boxes, box)[of_edge]
        homes = self._serving(mode.rules.tiers) & self._near(mode.settlements.snaps, around, is_here)
        homes[own] = True
        goals = self._near(mode.facilities.snaps, around, is_here)
        store = Store(self.folder / self.stage / f"tile={number}")
        rows = np.flatnonzero(homes)
        sides = np.column_stack((self.xy[rows] - around[:2], np.array(around[2:]) - self.xy[rows]))
        sides[:, np.r_[np.array(around[:2]) <= self.lowest, np.array(around[2:]) >= self.highest]] = np.inf
        asking = _as_table(mode.settlements, rows).assign(is_own=np.isin(rows, own), beyond_m=sides.min(axis=1))
        files = [
            store.write("asking", asking),
            store.write("offering", _as_table(mode.facilities, np.flatnonzero(goals))),
        ]
        clipped = np.empty(0, dtype=np.int64) if asked.counts_only else mode.clipped
        there = np.zeros(mode.graph.n_nodes, dtype=bool)
        there[mode.graph.edge_from[is_here]] = there[mode.graph.edge_to[is_here]] = True
        files.append(store.write("clipped", pd.DataFrame({"node": clipped[there[clipped]]})))
        if mode.barriers is not None and "walk" in mode.graph.mode:
            every = np.vstack((self.xy[rows], self.goals_xy[goals]))
            walls = mode.barriers.cx[slice(*np.sort(every[:, 0])[[0, -1]]), slice(*np.sort(every[:, 1])[[0, -1]])]
            files.append(store.write("walls", gpd.GeoDataFrame(geometry=walls.reset_index(drop=True))))
        tile = Tile(
            folder=store.folder.resolve(),
            network=self.folder.resolve(),
            squares=tuple(np.flatnonzero(touching(np.array(network["boxes"]), box)).tolist()),
            box=box,
            width_min=mode.graph.core.width_min,
            mode=mode.graph.mode,
            asked=asked,
            rules=mode.rules,
            whole=self.whole,
            key="",
        )
        told = [network["of"], tile.squares, tile.box, tile.width_min]
        told += [sorted(self.whole.from_settlements.items()), sorted(self.whole.nowhere)]
        told += [list(asked.services.items()), list(mode.rules.tiers.items()), asked.counts_only]
        told += [sorted(asked.drawn or ()), asked.drawn is None, mode.rules.model_dump_json(exclude={"tiers"})]
        told += [sha256_of(file) for file in files]
        return tile._replace(key=hashlib.sha256(json.dumps(told, default=sorted).encode()).hexdigest())

    def _near(self, snaps: Snaps, around: Box, is_here: BoolArray) -> BoolArray:
        """Tell which places lie within a box, or are joined to roads that are searched."""
        inside = (snaps.x >= around[0]) & (snaps.x <= around[2]) & (snaps.y >= around[1]) & (snaps.y <= around[3])
        return np.asarray(inside | (is_here[snaps.edge] & (snaps.edge >= 0)).any(axis=1))

    def _serving(self, tiers: Mapping[str, frozenset[str]]) -> BoolArray:
        """Tell which settlements serve others as towns of some tiers."""
        tier = self.mode.settlements.frame["tier"] if tiers else pd.Series("", index=range(len(self.xy)))
        return tier.isin(frozenset().union(*tiers.values())).to_numpy(dtype=bool, copy=True)

    def _gathered(self, tiles: Sequence[Tile], own: Sequence[IntArray]) -> Measured:
        """Put together what tiles have found; what they do not know is found on the whole network."""
        mode, asked = self.mode, self.asked
        services = [*asked.services, *mode.rules.tiers]
        uses = [np.zeros(each.snaps.edge.shape, dtype=np.int64) for each in (mode.settlements, mode.facilities)]
        rows: list[pd.DataFrame] = []
        routes: list[pd.DataFrame] = []
        left: list[pd.DataFrame] = []
        for tile, mine in zip(tiles, own, strict=True):
            if not (tile.folder / "left.parquet").is_file():  # no road is near
                pairs = pd.MultiIndex.from_product([mine, services], names=["row", "service"])
                left.append(pairs.to_frame(index=False).astype({"service": "str"}))
                continue
            rows += [piece for _, piece in _read(tile.folder, "found").groupby("service", sort=False)]
            left.append(_read(tile.folder, "left"))
            if asked.drawn is not None:
                routes.append(pd.DataFrame(_read(tile.folder, "ways")))
            used = _read(tile.folder, "uses")
            for table, is_goal in zip(uses, (False, True), strict=True):
                some = used.loc[used["is_facility"] == is_goal]
                np.add.at(table, (some["row"].to_numpy(), some["candidate"].to_numpy()), some["times"].to_numpy())
        again = pd.concat(left, ignore_index=True)
        LOGGER.info(
            "%s, %s: %d of %d results searched again on the whole network",
            self.stage,
            mode.graph.mode,
            len(again),
            len(services) * len(self.xy),
        )
        if len(again):
            found = self._on_the_whole(again)
            rows += found.rows
            routes += [] if found.routes is None else [pd.DataFrame(found.routes)]
            uses[0] += found.settlement_uses
            uses[1] += found.facility_uses
        drawn = None
        if asked.drawn is not None:
            ways = in_order(pd.concat(routes, ignore_index=True), services)
            drawn = gpd.GeoDataFrame(ways, geometry="geometry", crs=mode.graph.crs)
        return Measured(by_service(rows, services), drawn, uses[0], uses[1], again.iloc[:0])

    def _on_the_whole(self, again: pd.DataFrame) -> Measured:
        """Search the whole network for some settlements and services."""
        mode, asked = self.mode, self.asked
        tiers = {name: kinds for name, kinds in mode.rules.tiers.items() if (again["service"] == name).any()}
        services = {name: kinds for name, kinds in asked.services.items() if (again["service"] == name).any()}
        is_asked = self._serving(tiers)
        is_asked[again["row"]] = True
        rows = np.flatnonzero(is_asked)
        own = {
            name: np.isin(rows, again.loc[again["service"] == name, "row"].to_numpy()) for name in (*services, *tiers)
        }
        nodes = np.empty(0, dtype=np.int64)
        part = Part(
            own,
            open_nodes=nodes,
            clipped=nodes if asked.counts_only else mode.clipped,
            beyond_m=np.full(len(rows), np.inf),
            whole=self.whole,
        )
        some = replace(
            mode,
            settlements=mode.settlements.take(rows),
            rules=mode.rules.model_copy(update={"tiers": tiers}),
            part=part,
        )
        found = measure_places(some, asked._replace(services=services))
        uses = np.zeros(mode.settlements.snaps.edge.shape, dtype=np.int64)
        uses[rows] = found.settlement_uses
        return found._replace(
            rows=[table.assign(row=rows[table["row"]]) for table in found.rows],
            routes=None if found.routes is None else found.routes.assign(row=rows[found.routes["row"]]),
            settlement_uses=uses,
        )


def measure_tile(tile: Tile) -> None:
    """Measure what a tile asks for, and write it down; the last file says that all of it is there, and what it took."""
    began, used, store = time.perf_counter(), time.process_time(), Store(tile.folder)
    store.remove(tile.folder / _DONE)
    cut = None
    with PeakMemory() as memory:
        if tile.squares:
            tables = [
                pd.concat([_read(tile.network / name / f"tile={square}", "part") for square in tile.squares])
                for name in ("nodes", "edges")
            ]
            cut = cut_graph(Tables(*tables), tile.box, mode=tile.mode, width_min=tile.width_min)
        if cut is None:
            store.remove(tile.folder / "left.parquet")
        else:
            _measure_cut(store, tile, cut)
    took: dict[str, Any] = {
        "seconds": round(time.perf_counter() - began, 3),
        "cpu_seconds": round(time.process_time() - used, 3),
    }
    took |= {"peak_mb": memory.mb, "edges": 0 if cut is None else cut.graph.n_edges}
    store.write_json(_DONE, {"key": tile.key} | took)


def _versions() -> dict[str, str]:
    return {**package_versions(), "code": code_fingerprint(__name__)}


def _read(folder: Path, name: str) -> Any:
    return Store(folder).read(name)


def _measure_cut(store: Store, tile: Tile, cut: Cut) -> None:
    asking, offering = _read(tile.folder, "asking"), _read(tile.folder, "offering")
    walls = _read(tile.folder, "walls") if store.path_of("walls") else None
    settlements, facilities = (
        _as_places(frame, key, cut, tile.rules) for frame, key in ((asking, "settlement_id"), (offering, "facility_id"))
    )
    own = asking["is_own"].to_numpy(dtype=bool)
    part = Part(
        dict.fromkeys((*tile.asked.services, *tile.rules.tiers), own),
        open_nodes=cut.open_nodes,
        clipped=cut.local_nodes(_read(tile.folder, "clipped")["node"].to_numpy()),
        beyond_m=asking["beyond_m"].to_numpy(dtype=np.float64),
        whole=tile.whole,
    )
    around = Surroundings(barriers=None if walls is None else walls.geometry)
    found = measure_places(OnNetwork(cut.graph, settlements, facilities, tile.rules, around, part), tile.asked)
    home, goal = asking[ROW].to_numpy(), offering[ROW].to_numpy()
    rows = pd.concat(found.rows, ignore_index=True)
    store.write("found", rows.assign(row=home[rows["row"]]))
    if found.routes is not None:
        store.write("ways", found.routes.assign(row=home[found.routes["row"]]))
    uses = []
    for is_facility, (table, row) in enumerate(((found.settlement_uses, home), (found.facility_uses, goal))):
        place, candidate = np.nonzero(table)
        columns = {"is_facility": bool(is_facility), "row": row[place], "candidate": candidate}
        uses.append(pd.DataFrame(columns | {"times": table[place, candidate]}))
    store.write("uses", pd.concat(uses, ignore_index=True))
    store.write("left", found.left.assign(row=home[found.left["row"]]))


def _as_table(places: Places, rows: IntArray) -> gpd.GeoDataFrame:
    """Write some places with their number and where they meet the network."""
    snaps = take(places.snaps, rows)
    columns: dict[str, Any] = {ROW: rows}
    columns |= {f"snap_{name}": getattr(snaps, name) for name in _OF_PLACES}
    for name in _WAYS_IN:
        columns |= {f"snap_{name}_{way}": getattr(snaps, name)[:, way] for way in range(snaps.candidates)}
    return places.frame.iloc[rows].reset_index(drop=True).assign(**columns).astype({"snap_status": "str"})


def _as_places(frame: Any, key: str, cut: Cut, rules: AccessRules) -> Places:
    """Read places back, on the roads of a part; ways in that are not in it are none."""
    snap, ways = rules.snap, sum(name.startswith("snap_edge_") for name in frame)
    values = {
        name: np.ascontiguousarray(frame[[f"snap_{name}_{way}" for way in range(ways)]].to_numpy()) for name in _WAYS_IN
    }
    edge = cut.local_edges(values.pop("edge").astype(np.int64))
    values = {name: np.where(edge < 0, NO_CANDIDATE[name], each) for name, each in values.items()}
    plain = {name: frame[f"snap_{name}"].to_numpy(dtype=object if name == "status" else float) for name in _OF_PLACES}
    limits = {"max_snap_m": snap.max_snap_m, "walk_km_h": snap.walk_km_h, "detour": snap.detour}
    snaps = Snaps(edge=edge, **values, **plain, **limits)  # type: ignore[arg-type]
    mine = frame[[name for name in frame if not str(name).startswith("snap_")]]
    return Places(mine, frame[key].to_numpy(dtype=object), snaps)
