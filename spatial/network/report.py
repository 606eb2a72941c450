"""What people should know of a travel graph: counts and shares for the page, findings for the map."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.errors import first_of
from spatial.inputs.road_noding import missed_crossings
from spatial.network.graph import no_findings
from spatial.network.road_access import class_values, tag_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj
    from numpy.typing import NDArray

    from spatial.inputs.road_tags import RoadLines
    from spatial.network.graph import TravelGraph


SMALL_COMPONENT_KM = 5.0
"""Components below this length are findings, in km: the default of `snap` does not join places to them."""

_LISTED = 50
"""So many components are listed in the report, the longest first; the others are counted."""

_NAMED = 3
"""So many places are named in a text; the others are counted and drawn."""

_DETAILS = {
    "unreadable_maxspeed": "The tagged speed limit {tag!r} cannot be read; the speed of the class is used.",
    "construction_left": "The road is open and still tagged construction={tag}; it is used: check whether it is open.",
}
_OF_MANY = {
    "unknown_class": "have the class {0!r}, which neither the speed table nor OpenStreetMap knows; they are closed "
    "where no speed is stated. Translate it to a class of the speed table, or give it a speed there",
    "unknown_oneway": "have oneway {0!r}, which has no meaning here; they are open both ways. Write yes, no or -1",
    "road_drawn_twice": "share their path with other roads and are not the other direction of one with equal tags; "
    "their kilometres count twice. Keep one of each",
    "no_arc_back": "say that they are not oneway and have no arc back; they are open in their own direction alone. "
    "Add the arcs back, or drop u and v",
}
_WHY_NOT = {
    "via_way": "it leads over a road, not over one junction",
    "members_missing": "a road or the junction is not in the extract",
    "unknown_value": "its value is not known",
    "only_at_times": "it holds at times only",
    "road_goes_on": "a road of it is not split at the junction",
}
_TAGS = {"unreadable_maxspeed": "maxspeed", "construction_left": "construction"}


def findings_of(
    graph: TravelGraph, roads: RoadLines, marks: dict[str, NDArray[np.bool_]], *, widths: NDArray[np.bool_]
) -> gpd.GeoDataFrame:
    """List what people should look at."""
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    for kind, marked in marks.items():
        places = np.flatnonzero(marked)
        tag = roads.tag(_TAGS[kind])
        for place in places.tolist():
            code = tag.codes[place]
            detail = _DETAILS[kind].format(tag=tag.texts[code] if code >= 0 else None)
            rows.append(_finding(graph.mode, kind, str(roads.road_id[place]), detail))
        shapes += list(roads.lines(places))
    small = np.flatnonzero(graph.component_km < SMALL_COMPONENT_KM)
    small = small[np.argsort(graph.component[small], kind="stable")]
    lines = _lines(graph, small)
    first = np.flatnonzero(np.diff(graph.component[small], prepend=-1))
    for begin, end in pairwise([*first.tolist(), len(small)]):
        km = float(graph.component_km[small[begin]])
        detail = f"{end - begin} edges, {km:.2f} km, are joined to no other road of the mode."
        number = str(graph.component[small[begin]])
        rows.append(_finding(graph.mode, "small_component", number, detail))
        shapes.append(shapely.multilinestrings(lines[begin:end]))
    for kind, places in _by_class(roads, widths).items():
        detail = f"{len(places)} road(s) of this class have no width; that of the class is taken. This is one of them."
        rows.append(_finding(graph.mode, "width_imputed", kind, detail))
        shapes += list(roads.lines(places[:1]))
    return _as_findings(rows, shapes, graph.crs)


def _by_class(roads: RoadLines, marked: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
    places = np.flatnonzero(marked)
    kinds = class_values(roads).objects()[places]
    return {str(kind): places[kinds == kind] for kind in sorted(set(kinds.tolist()))}


def road_findings(
    graph: TravelGraph, roads: RoadLines, marks: Mapping[tuple[str, str], NDArray[np.bool_]]
) -> gpd.GeoDataFrame:
    """List what many roads have in common, a finding each."""
    rows, shapes = [], []
    for (kind, word), marked in marks.items():
        places = np.flatnonzero(marked)
        if len(places) == 0:
            continue
        drawn = shapely.multilinestrings(roads.lines(places[:_LISTED]))
        km = float(shapely.length(roads.lines(places)).sum()) / 1000.0
        detail = f"{len(places)} road(s), {km:.2f} km, {_OF_MANY[kind].format(word)}. "
        detail += f"They are {first_of(roads.road_id[places])}."
        rows.append(_finding(graph.mode, kind, word or str(roads.road_id[places[0]]), detail))
        shapes.append(drawn)
    return _as_findings(rows, shapes, graph.crs)


def crossing_findings(graph: TravelGraph, roads: RoadLines) -> gpd.GeoDataFrame:
    """Count where roads cross or touch without meeting."""
    if len(roads.vertex_id) == 0 or roads.vertex_id[0] is not None:
        return no_findings(graph.crs)
    names = ("road_class", "layer", "bridge", "tunnel")
    tags = {name: tag_values(roads, name).objects() for name in names}
    lines = gpd.GeoSeries(roads.lines(np.arange(len(roads))), crs=graph.crs)
    places = missed_crossings(gpd.GeoDataFrame({"road_id": roads.road_id, **tags}, geometry=lines))
    if places.empty:
        return no_findings(graph.crs)
    first = "; ".join(
        f"{row.road_id} and {row.other_id} at {row.easting_m:.1f}, {row.northing_m:.1f}"
        for row in places.head(_NAMED).itertuples()
    )
    detail = (
        f"{len(places)} place(s) where roads cross or touch without a common vertex, so that nobody can turn there, "
        f"such as {first}. Join them with node_roads, in a study with noding = 'report' in [sources.roads]; what "
        "passes above or below needs bridge, tunnel or layer."
    )
    found = _finding(graph.mode, "crossing_not_joined", str(places["road_id"].iloc[0]), detail)
    found["other_id"] = str(places["other_id"].iloc[0])
    return _as_findings(
        [found], [shapely.multipoints(places[["easting_m", "northing_m"]].to_numpy())], graph.crs
    )


def join_findings(*frames: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put findings one behind the other."""
    parts = [frame for frame in frames if len(frame)]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=frames[0].crs) if parts else frames[0]


def turn_findings(graph: TravelGraph, turns: gpd.GeoDataFrame, reasons: pd.Series[str]) -> gpd.GeoDataFrame:
    """Add the turn restrictions that were not applied to the findings of a graph."""
    shapes = _places_of_turns(graph, turns)
    is_placed = np.array([shape is not None for shape in shapes], dtype=bool)
    turns, reasons = turns.loc[is_placed], reasons.loc[is_placed]
    if turns.empty:
        return graph.findings
    columns = [turns[name].astype(str) for name in ("turn_id", "from_road_id", "to_road_id")]
    tagged = (turns["tagged"] if "tagged" in turns else turns["kind"]).fillna("")
    counts = reasons.value_counts()
    rows = [
        _finding(
            graph.mode,
            "turn_not_applied",
            name,
            f"The turn restriction {word} from {one} to {other} is not applied: {_WHY_NOT[reason]}. "
            f"{counts[reason]} in all on this network are not, for this reason.",
        )
        for name, one, other, word, reason in zip(*columns, tagged, reasons, strict=True)
    ]
    return join_findings(
        graph.findings, _as_findings(rows, [shape for shape in shapes if shape is not None], graph.crs)
    )


def _places_of_turns(graph: TravelGraph, turns: gpd.GeoDataFrame) -> list[Any]:
    """Find where each restriction is: at its point, else at the road that it comes from; None for neither."""
    shapes: list[Any] = []
    for point, road in zip(turns.geometry, turns["from_road_id"], strict=True):
        edges = np.flatnonzero(graph.road_id == road) if point is None else np.empty(0, dtype=np.int64)
        shapes.append(shapely.multilinestrings(_lines(graph, edges)) if len(edges) else point)
    return shapes


def _lines(graph: TravelGraph, edges: NDArray[np.int64]) -> NDArray[np.object_]:
    """Lines of some edges."""
    counts = np.diff(graph.coordinate_offsets)[edges]
    row = np.repeat(np.arange(len(edges)), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    xy = graph.coordinates[graph.coordinate_offsets[edges][row] + within]
    return np.asarray(shapely.linestrings(xy, indices=row), dtype=object)


def _finding(mode: str, kind: str, subject: str, detail: str) -> dict[str, Any]:
    return {"finding_id": f"{mode}/{kind}/{subject}", "kind": kind, "subject_id": subject, "detail": detail}


def _as_findings(rows: list[dict[str, Any]], shapes: list[Any], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    # A road in several parts would come up once a part.
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        first.setdefault(row["finding_id"], place)
    kept = [rows[place] for place in first.values()]
    columns = {
        name: pd.Series([row.get(name) for row in kept], dtype="str")
        for name in ("finding_id", "kind", "subject_id", "other_id", "detail")
    }
    columns["distance_m"] = pd.Series(np.nan, index=range(len(kept)), dtype="float64")
    geometry = gpd.GeoSeries([shapes[place] for place in first.values()], crs=crs)
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)


def roads_report(
    roads: RoadLines, reasons: NDArray[np.object_], marks: dict[str, NDArray[np.bool_]]
) -> dict[str, Any]:
    """Count what became of the roads."""
    closed = Counter(reasons[reasons != ""].tolist())
    by_class = Counter(class_values(roads).objects()[reasons == "class"].tolist())
    return {
        "roads": len(roads),
        "roads_open": int((reasons == "").sum()),
        "roads_closed": dict(sorted(closed.items())),
        "roads_closed_by_class": dict(sorted(by_class.items())),
        **{kind: int(marked.sum()) for kind, marked in marks.items()},
    }


def graph_report(graph: TravelGraph) -> dict[str, Any]:
    """Count what the graph is made of."""
    length = graph.length_m
    total = max(float(length.sum()), np.finfo(float).tiny)
    inner = np.diff(graph.coordinate_offsets) - 2
    count = int(graph.component.max()) + 1
    vertices = (
        np.bincount(graph.component, weights=inner, minlength=count)
        + np.bincount(graph.node_component, minlength=count)[:count]
    )  # behind the components of edges come nodes that a wall has left without any
    edges = np.bincount(graph.component, minlength=count)
    km = graph.component_lengths_km
    is_untagged = pd.isna(graph.surface)
    return {
        "nodes": graph.n_nodes,
        "edges": graph.n_edges,
        "vertices": int(vertices.sum()),
        "length_km": float(length.sum()) / 1000.0,
        "speed_imputed_share": float(length[graph.speed_source == "class"].sum()) / total,
        "surface_unknown_share": float(length[is_untagged].sum()) / total,
        "all_season_unknown_share": float(length[graph.all_season == "unknown"].sum()) / total,
        "component_count": count,
        "small_component_count": int((km < SMALL_COMPONENT_KM).sum()),
        "small_component_km": float(km[km < SMALL_COMPONENT_KM].sum()),
        "components": [
            {
                "component": number,
                "km": float(km[number]),
                "edges": int(edges[number]),
                "vertices": int(vertices[number]),
            }
            for number in range(min(count, _LISTED))
        ],
    }


def widths_report(graph: TravelGraph, is_imputed: NDArray[np.bool_]) -> dict[str, Any]:
    """Say how much of the length takes its width from its class."""
    total = max(float(graph.length_m.sum()), np.finfo(float).tiny)
    return {"width_imputed_share": float(graph.length_m[is_imputed].sum()) / total}


def speeds_report(graph: TravelGraph, unreadable: NDArray[np.bool_]) -> dict[str, Any]:
    """Count where the speeds come from, class by class."""
    length, total = graph.length_m, max(float(graph.length_m.sum()), np.finfo(float).tiny)
    marks = {
        "km": np.ones(graph.n_edges, dtype=bool),
        "tagged_km": graph.speed_source == "maxspeed",
        "imputed_km": graph.speed_source == "class",
        "unreadable_km": unreadable,
        "surface_unknown_km": pd.isna(graph.surface),
    }
    kind, kinds = pd.factorize(graph.road_class)
    by_class = {
        name: np.bincount(kind, weights=np.where(mark, length, 0.0) / 1000.0, minlength=len(kinds))
        for name, mark in marks.items()
    }
    return {
        "speed_stated_share": float(length[graph.speed_source == "stated"].sum()) / total,
        "speed_tagged_share": float(length[marks["tagged_km"]].sum()) / total,
        "unreadable_maxspeed_share": float(length[unreadable].sum()) / total,
        "speeds_by_class": {
            str(kinds[row]): {name: float(values[row]) for name, values in by_class.items()}
            for row in sorted(range(len(kinds)), key=lambda row: str(kinds[row]))
        },
    }
