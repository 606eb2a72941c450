"""The map of a comparison: every settlement of either run with its change, and the ground below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.cartography.basemap import ground
from spatial.cartography.columns import codes, pack, pack_texts, space_order
from spatial.cartography.lines import pack_points
from spatial.cartography.places import by_language, names_block
from spatial.crs import WGS84
from spatial.tables.words import TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.integration.comparison import Comparison

__all__ = ["MAP_CHANGES", "map_block"]

MAP_CHANGES = ("gained", "lost", "mixed", "same", "new", "gone", "unknown")
"""What may befall a settlement over all shared norms, in the order of the legend."""
MANY_ROADS = 60_000
FINE_M, COARSE_M = 25.0, 60.0
"""How far drawn lines may leave the true ones: with few roads, and with many."""
_PAD = 0.04
"""Ground shown around the settlements, as a share of their extent."""


def map_block(comparison: Comparison, runs: Sequence[Mapping[str, pd.DataFrame]]) -> dict[str, Any]:
    """
    Encode the settlements of both runs, and the ground below them.

    Returns `places` (None where no settlement has a point), `norm_ids`, `base`, `middle` and `bounds`.
    """
    norm_ids = sorted(str(norm) for norm in comparison.norms["norm_id"])
    frame = _located(comparison, runs)
    if frame is None:
        return {"places": None, "norm_ids": norm_ids, "base": [], "middle": [0.0, 0.0], "bounds": None}
    box = frame.geometry.to_crs(WGS84).total_bounds
    span = np.maximum(box[2:] - box[:2], 0.01) * _PAD
    (west, south), (east, north) = box[:2] - span, box[2:] + span
    roads = runs[0].get("roads")
    many = roads is not None and len(roads) > MANY_ROADS
    return {
        "places": _places(frame, norm_ids, runs),
        "norm_ids": norm_ids,
        "base": ground(runs[0], tolerance_m=COARSE_M if many else FINE_M, minor=False),
        "middle": [round(float(south + north) / 2, 5), round(float(west + east) / 2, 5)],
        "bounds": [
            [round(float(south), 5), round(float(west), 5)],
            [round(float(north), 5), round(float(east), 5)],
        ],
    }


def _located(comparison: Comparison, runs: Sequence[Mapping[str, pd.DataFrame]]) -> gpd.GeoDataFrame | None:
    """Give the settlements of the comparison their points, of the later run where it has them."""
    units = comparison.units[comparison.units["unit_level"] == "settlement"]
    known = [
        gpd.GeoDataFrame(
            {"unit_id": table["settlement_id"].astype(str), "tier": table["tier"]},
            geometry=table.geometry.to_crs(WGS84),
        )
        for run in runs
        if isinstance(table := run["settlements"], gpd.GeoDataFrame) and table.crs is not None
    ]
    if not known:
        return None
    points = gpd.GeoDataFrame(pd.concat(known).drop_duplicates("unit_id"))
    points = points[points.geometry.notna() & ~points.geometry.is_empty]
    located = gpd.GeoDataFrame(points.merge(units.astype({"unit_id": "str"}), on="unit_id"))
    if not len(located):
        return None
    located = gpd.GeoDataFrame(located.sort_values("unit_id", kind="stable"))
    order = space_order(located.geometry.x, located.geometry.y)
    return gpd.GeoDataFrame(located.iloc[order].reset_index(drop=True))


def _places(
    frame: gpd.GeoDataFrame, norm_ids: list[str], runs: Sequence[Mapping[str, pd.DataFrame]]
) -> dict[str, Any]:
    later = frame["population_persons_after"]
    people = later.where(frame["presence"] != "gone", frame["population_persons_before"])
    townships = sorted(frame["township_id"].dropna().unique()) if "township_id" in frame else []
    counties = sorted(frame["county"].dropna().unique()) if "county" in frame else []
    number = {norm: str(at) for at, norm in enumerate(norm_ids)}
    return {
        **pack_points(frame.geometry),
        "id": pack_texts(frame["unit_id"]),
        "names": names_block(frame),
        "population": pack(people.fillna(-1.0), "f4"),
        "tier": pack(np.maximum(codes(frame["tier"], TIERS), 0), "u1"),
        "tiers": list(TIERS),
        "change": pack(np.maximum(codes(frame["access_change"], MAP_CHANGES), 0), "u1"),
        "changes": list(MAP_CHANGES),
        "level_before": pack(frame["level_before"], "f4"),
        "level_after": pack(frame["level_after"], "f4"),
        **{
            name: pack_texts(
                ";".join(number[norm] for norm in str(norms).split(";") if norm in number)
                for norms in frame[f"norms_{name}"]
            )
            for name in ("gained", "lost")
        },
        "township": pack(codes(frame["township_id"], townships) if townships else [-1] * len(frame), "i4"),
        "townships": [_township(frame, unit, runs) for unit in townships],
        "county": pack(codes(frame["county"], counties) if counties else [-1] * len(frame), "i4"),
        "counties": [_county(str(name), runs) for name in counties],
    }


def _township(frame: pd.DataFrame, unit: str, runs: Sequence[Mapping[str, pd.DataFrame]]) -> dict[str, Any]:
    row = _boundary("boundary_id", unit, runs)
    written = frame.loc[frame["township_id"] == unit, "township"].dropna()
    names = by_language({"name": written.iloc[0] if len(written) else unit})
    return {"id": unit, "names": names | by_language(row)}


def _county(name: str, runs: Sequence[Mapping[str, pd.DataFrame]]) -> dict[str, Any]:
    return {"names": by_language({"name": name} | _boundary("name", name, runs))}


def _boundary(column: str, value: str, runs: Sequence[Mapping[str, pd.DataFrame]]) -> dict[Any, Any]:
    for run in runs:
        bounds = run.get("boundaries")
        if bounds is not None and len(bounds):
            hit = bounds[bounds[column].astype(str) == value]
            if len(hit):
                return dict(pd.DataFrame(hit).iloc[0].to_dict())
    return {}
