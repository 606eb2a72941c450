"""What people should look at: places off the network, on barriers or fragments, and ways out of their own unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.areas.shapes import points_at, tree_of
from spatial.network import snap

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from spatial.access.places import Places
    from spatial.access.rules import SnapRules
    from spatial.network import TravelGraph

__all__ = ["findings_frame", "findings_of", "outside_own_unit"]

_KINDS = ("settlement", "facility")


def findings_of(
    graph: TravelGraph,
    places: tuple[Places, Places],
    rules: SnapRules,
    barriers: gpd.GeoSeries | None,
) -> list[gpd.GeoDataFrame]:
    """List the settlements and facilities whose way to the network needs a look."""
    tree = tree_of(barriers)
    frames = []
    for kind, group in zip(_KINDS, places, strict=True):
        status = group.snaps.status
        frames += [
            _unsnapped(graph, group, kind, np.flatnonzero(status == "none")),
            _too_far(graph, group, kind, np.flatnonzero(status == "far")),
            _on_fragments(graph, group, kind, rules),
        ]
        if tree is not None:
            points = points_at(group.snaps.x, group.snaps.y)
            rows = np.unique(tree.query(points, predicate="intersects")[0])
            detail = [
                f"The {kind} stands on a barrier; no walk leads from it to the {graph.mode} network."
            ] * len(rows)
            frames.append(_frame(group, rows, _Words("on_barrier", graph.mode, kind), detail))
    return frames


@dataclass(frozen=True)
class _Words:
    finding: str
    mode: str
    place: str


def _unsnapped(graph: TravelGraph, group: Places, kind: str, rows: NDArray[np.int64]) -> gpd.GeoDataFrame:
    detail = [f"The {kind} is not joined to the {graph.mode} network: no open walk to a road."] * len(rows)
    return _frame(group, rows, _Words("unsnapped", graph.mode, kind), detail, group.snaps.nearest_m[rows])


def _too_far(graph: TravelGraph, group: Places, kind: str, rows: NDArray[np.int64]) -> gpd.GeoDataFrame:
    metres = group.snaps.nearest_m[rows]
    limit = group.snaps.max_snap_m
    detail = [
        f"The nearest road of the {graph.mode} network is {value:.0f} m away, beyond the {limit:g} m allowed."
        for value in metres
    ]
    return _frame(group, rows, _Words("beyond_tolerance", graph.mode, kind), detail, metres)


def _on_fragments(graph: TravelGraph, group: Places, kind: str, rules: SnapRules) -> gpd.GeoDataFrame:
    any_road = snap(graph, group.frame.geometry, **{**vars(rules), "candidates": 1, "min_component_km": 0.0})
    edge = any_road.edge[:, 0]
    rows = (
        np.flatnonzero((edge >= 0) & (graph.component_km[edge] < rules.min_component_km))
        if graph.n_edges
        else edge
    )
    km = graph.component_km[edge[rows]]
    detail = [
        f"The nearest road of the {graph.mode} network belongs to a fragment of {value:.2f} km; it is passed over."
        for value in km
    ]
    return _frame(
        group, rows, _Words("small_component", graph.mode, kind), detail, any_road.distance_m[rows, 0]
    )


def _frame(
    group: Places,
    rows: NDArray[np.int64],
    words: _Words,
    detail: list[str],
    distance_m: NDArray[np.float64] | None = None,
) -> gpd.GeoDataFrame:
    subject = [str(value) for value in group.ids[rows]]
    return findings_frame(
        {
            "finding_id": [f"{words.finding}/{words.mode}/{words.place}/{value}" for value in subject],
            "kind": [words.finding] * len(rows),
            "subject_id": subject,
            "other_id": [None] * len(rows),
            "detail": detail,
        },
        np.full(len(rows), np.nan) if distance_m is None else distance_m,
        group.frame.iloc[rows].geometry,
    )


def findings_frame(
    columns: dict[str, list[str] | list[None]], distance_m: NDArray[np.float64], geometry: gpd.GeoSeries
) -> gpd.GeoDataFrame:
    """Put findings into their table."""
    texts = {name: pd.Series(values, dtype="str") for name, values in columns.items()}
    frame = pd.DataFrame({**texts, "distance_m": np.asarray(distance_m, dtype=np.float64)})
    return gpd.GeoDataFrame(frame, geometry=geometry.reset_index(drop=True), crs=geometry.crs)


def outside_own_unit(
    access: pd.DataFrame,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    towns: Collection[str],
) -> gpd.GeoDataFrame:
    """List the settlements whose nearest facility lies outside their own unit."""
    home = _units(settlements, "settlement_id")
    scored = access["settlement_id"].map(settlements.set_index("settlement_id")["in_study"].astype(bool))
    own = access["settlement_id"].map(home)
    in_town, in_facility = (
        access["facility_id"].map(units) for units in (home, _units(facilities, "facility_id"))
    )
    other = in_town.where(access["service"].isin(list(towns)), in_facility)
    rows = access.loc[
        (own.notna() & other.notna() & (own != other) & scored.astype(bool)).to_numpy(dtype=bool)
    ]
    at = pd.Index(settlements["settlement_id"]).get_indexer(pd.Index(rows["settlement_id"]))
    return findings_frame(
        {
            "finding_id": list(
                "outside_own_unit/" + rows["mode"] + "/" + rows["service"] + "/" + rows["settlement_id"]
            ),
            "kind": ["outside_own_unit"] * len(rows),
            "subject_id": list(rows["settlement_id"]),
            "other_id": list(rows["facility_id"]),
            "detail": [
                f"The nearest {service} lies outside the settlement's own unit."
                for service in rows["service"]
            ],
        },
        rows["network_distance_m"].to_numpy(dtype=np.float64),
        settlements.iloc[at].geometry,
    )


def _units(places: gpd.GeoDataFrame, key: str) -> pd.Series[str]:
    if "township_id" not in places:
        return pd.Series([], index=pd.Index([], dtype="str"), dtype="str")
    return places.set_index(key)["township_id"].dropna()
