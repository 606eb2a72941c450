"""How much longer roads between neighbouring villages are than the straight line, and than the easiest ground."""

from __future__ import annotations

import argparse

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay, cKDTree

import spatial as sp

NEAR_M, FAR_M = 500.0, 10_000.0
"""Straight lines between neighbours that are looked at."""
BY_THIRD_M = 50.0
"""Where a way over a third village is no longer than this, the road leads there first."""


def neighbours(edges: gpd.GeoDataFrame, snaps: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find villages with none in the circle between them that a road joins: both ends, and metres along it."""
    edges = edges.loc[edges["mode"] == "drive"].reset_index(drop=True)
    homes = snaps.loc[
        (snaps["mode"] == "drive") & (snaps["place_kind"] == "settlement") & (snaps["snap_distance_m"] <= NEAR_M)
    ].drop_duplicates("place_id")
    at, share = edges.set_index("edge_id").index.get_indexer(homes["edge_id"]), homes["fraction"].to_numpy()
    feet = shapely.line_interpolate_point(edges.geometry.to_numpy()[at], share, normalized=True)
    xy, own = np.unique(shapely.get_coordinates(feet).round(), axis=0, return_index=True)
    at, share = at[own], share[own]
    villages = int(edges[["from_node", "to_node"]].to_numpy().max()) + 1 + np.arange(len(own))
    length = edges["length_m"].to_numpy()
    ways = [
        (edges["from_node"].to_numpy(), edges["to_node"].to_numpy(), length),
        (edges["from_node"].to_numpy()[at], villages, share * length[at]),
        (edges["to_node"].to_numpy()[at], villages, (1.0 - share) * length[at]),
    ]
    start, end, metres = (np.concatenate(part) for part in zip(*ways, strict=True))
    both = pd.DataFrame({"low": np.minimum(start, end), "high": np.maximum(start, end), "m": np.maximum(metres, 1e-3)})
    shortest = both.groupby(["low", "high"], as_index=False)["m"].min()  # of doubled edges
    network = csr_array((shortest["m"], (shortest["low"], shortest["high"])), shape=(villages[-1] + 1,) * 2)
    along = dijkstra(network, directed=False, indices=villages)[:, villages]
    corners = Delaunay(xy).simplices
    i, j = np.unique(np.sort(np.vstack([corners[:, [a, b]] for a, b in ((0, 1), (1, 2), (0, 2))]), axis=1), axis=0).T
    straight = np.hypot(*(xy[i] - xy[j]).T)
    is_alone = cKDTree(xy).query((xy[i] + xy[j]) / 2.0)[0] >= straight / 2.0 - 1.0
    over = np.array([np.delete(along[a] + along[b], [a, b]).min() for a, b in zip(i, j, strict=True)])
    joined = is_alone & (straight >= NEAR_M) & (straight <= FAR_M) & (over > along[i, j] + BY_THIRD_M)
    return xy[i[joined]], xy[j[joined]], along[i, j][joined]


def told(name: str, ratio: np.ndarray) -> None:
    quarters = " ".join(f"{np.quantile(ratio, share):5.2f}" for share in (0.1, 0.25, 0.5, 0.75))
    print(f"{name:28} {len(ratio):5} pairs   10, 25, 50, 75 %: {quarters}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("processed", nargs="+", help="processed folders of runs")
    parser.add_argument("--speeds", default="igbp_weiss_2020", help="of the land cover, where a run has it")
    given = parser.parse_args()
    for folder in given.processed:
        print(folder)
        run = sp.read_results(folder)
        start, end, metres = neighbours(run.edges, run.snaps)
        told("road / straight line", metres / np.hypot(*(start - end).T))
        if "landcover" in run.names:
            ground = run.landcover
            water = run.water.loc[run.water["is_barrier"]].to_crs(ground.crs)
            surface = sp.friction_surface(
                ground, given.speeds, barriers=water.assign(speed_km_h=0.5), elevation=run.elevation
            )
            lines = shapely.linestrings(np.stack((start, end), axis=1))
            links = gpd.GeoDataFrame({"road_id": range(len(lines))}, geometry=lines, crs=run.edges.crs)
            laid = sp.lay_corridors(links, surface, detour=1.0)
            is_laid = (laid["route"] == "corridor").to_numpy()
            km = laid["length_km"].to_numpy()[is_laid]
            told("corridor / straight line", 1000.0 * km / shapely.length(lines)[is_laid])
            told("road / corridor", metres[is_laid] / 1000.0 / km)


if __name__ == "__main__":
    main()
