"""What people should know of a travel graph: counts and shares for the page, findings for the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from spatial.arrays import BoolArray, ObjectArray
from spatial.formats.notes import Finding, findings_by_id, listed
from spatial.inputs.road_noding import missed_crossings
from spatial.inputs.road_tags import RoadLines
from spatial.network.graph import TravelGraph, length_share
from spatial.network.road_access import class_values, tag_values

SMALL_COMPONENT_KM = 5.0
"""Components below this length are findings, in km: the default of `snap` does not join places to them."""

_LISTED = 50
"""So many components are listed in the report, the longest first; the others are counted."""

_NAMED = 3
"""So many places are named in a text; the others are counted and drawn."""

_TAGS = {"unreadable_maxspeed": "maxspeed", "construction_left": "construction"}


def findings_table(findings: Iterable[Finding], *, mode: str, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Write findings as the table ``findings_network``."""
    # A road in several parts would come up once a part.
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(f"{mode}/{finding.kind}/{finding.subject}", finding)
    return findings_by_id(first, crs)


def marked_roads(roads: RoadLines, marks: Mapping[str, BoolArray]) -> Iterator[Finding]:
    """List roads of which a tag should be looked at, a finding each."""
    for kind, marked in marks.items():
        places, tag = np.flatnonzero(marked), roads.tag(_TAGS[kind])
        for place, line in zip(places.tolist(), roads.lines(places), strict=True):
            code = tag.codes[place]
            told = {"tag": str(tag.texts[code] if code >= 0 else None)}
            yield Finding(kind, str(roads.road_id[place]), line, told)


def small_components(graph: TravelGraph) -> Iterator[Finding]:
    """List the components that places are not joined to by default."""
    small = np.flatnonzero(graph.component_km < SMALL_COMPONENT_KM)
    small = small[np.argsort(graph.component[small], kind="stable")]
    lines = graph.edge_lines(small)
    first = np.flatnonzero(np.diff(graph.component[small], prepend=-1))
    for begin, end in pairwise([*first.tolist(), len(small)]):
        told = {"edges": end - begin, "length": _length(1000.0 * float(graph.component_km[small[begin]]))}
        number = str(graph.component[small[begin]])
        yield Finding("small_component", number, shapely.multilinestrings(lines[begin:end]), told)


def imputed_widths(roads: RoadLines, is_imputed: BoolArray) -> Iterator[Finding]:
    """List the classes whose width is taken, a road of each."""
    imputed = np.flatnonzero(is_imputed)
    kinds = class_values(roads).objects()[imputed]
    for kind in sorted(set(kinds.tolist())):
        places = imputed[kinds == kind]
        yield Finding("width_imputed", str(kind), roads.lines(places[:1])[0], {"count": len(places)})


def roads_in_common(roads: RoadLines, marks: Mapping[tuple[str, str], BoolArray]) -> Iterator[Finding]:
    """List what many roads have in common, a finding each."""
    for (kind, word), marked in marks.items():
        places = np.flatnonzero(marked)
        if len(places) == 0:
            continue
        told = {"count": len(places), "length": _length(float(shapely.length(roads.lines(places)).sum()))}
        told |= {"word": repr(word), "roads": listed(roads.road_id[places])}
        drawn = shapely.multilinestrings(roads.lines(places[:_LISTED]))
        yield Finding(kind, word or str(roads.road_id[places[0]]), drawn, told)


def _length(metres: float) -> dict[str, Any]:
    return {"value": metres, "unit": "m"}


def missing_junctions(roads: RoadLines) -> Iterator[Finding]:
    """Count where roads without node ids cross or touch without meeting."""
    if len(roads.vertex_id) == 0 or roads.vertex_id[0] is not None:
        return
    names = ("road_class", "layer", "bridge", "tunnel")
    tags = {name: tag_values(roads, name).objects() for name in names}
    lines = gpd.GeoSeries(roads.lines(np.arange(len(roads))), crs=roads.crs)
    places = missed_crossings(gpd.GeoDataFrame({"road_id": roads.road_id, **tags}, geometry=lines))
    if places.empty:
        return
    first = "; ".join(
        f"{row.road_id} + {row.other_id} ({row.easting_m:.1f}, {row.northing_m:.1f})"
        for row in places.head(_NAMED).itertuples()
    )
    one, other = (str(places[name].iloc[0]) for name in ("road_id", "other_id"))
    points = shapely.multipoints(places[["easting_m", "northing_m"]].to_numpy())
    yield Finding("crossing_not_joined", one, points, {"count": len(places), "first": first}, other)


def turns_not_applied(graph: TravelGraph, turns: gpd.GeoDataFrame, reasons: pd.Series[str]) -> Iterator[Finding]:
    """List the turn restrictions that were not applied, at their point, else at the road that they come from."""
    ids = [turns[name].astype(str) for name in ("turn_id", "from_road_id", "to_road_id")]
    tagged = (turns["tagged"] if "tagged" in turns else turns["kind"]).fillna("")
    found = []
    for name, one, other, word, reason, point in zip(*ids, tagged, reasons, turns.geometry, strict=True):
        edges = np.flatnonzero(graph.road_id == one) if point is None else np.empty(0, dtype=np.int64)
        shape = shapely.multilinestrings(graph.edge_lines(edges)) if len(edges) else point
        if shape is not None:
            found.append((name, one, other, word, reason, shape))
    counts = Counter(reason for *_, reason, _ in found)
    for name, one, other, word, reason, shape in found:
        told = {"word": word, "one": one, "other": other, "why": {"section": "notice_why", "word": reason}}
        yield Finding("turn_not_applied", name, shape, told | {"number": counts[reason]})


def join_findings(*frames: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put findings one behind the other."""
    parts = [frame for frame in frames if len(frame)]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=frames[0].crs) if parts else frames[0]


def roads_report(roads: RoadLines, reasons: ObjectArray, marks: dict[str, BoolArray]) -> dict[str, Any]:
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
    inner = np.diff(graph.coordinate_offsets) - 2
    count = int(graph.component.max()) + 1
    vertices = (
        np.bincount(graph.component, weights=inner, minlength=count)
        + np.bincount(graph.node_component, minlength=count)[:count]
    )  # behind the components of edges come nodes that a wall has left without any
    edges = np.bincount(graph.component, minlength=count)
    km = graph.component_lengths_km
    return {
        "nodes": graph.n_nodes,
        "edges": graph.n_edges,
        "vertices": int(vertices.sum()),
        "length_km": float(km.sum()),
        "speed_imputed_share": length_share(graph, graph.speed_source == "class"),
        "surface_unknown_share": length_share(graph, pd.isna(graph.surface)),
        "all_season_unknown_share": length_share(graph, graph.all_season == "unknown"),
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


def speeds_report(graph: TravelGraph, unreadable: BoolArray) -> dict[str, Any]:
    """Count where the speeds come from, class by class."""
    marks = {
        "km": np.ones(graph.n_edges, dtype=bool),
        "tagged_km": graph.speed_source == "maxspeed",
        "imputed_km": graph.speed_source == "class",
        "unreadable_km": unreadable,
        "surface_unknown_km": pd.isna(graph.surface),
    }
    kind, kinds = pd.factorize(graph.road_class)
    by_class = {
        name: np.bincount(kind, weights=np.where(mark, graph.length_m, 0.0) / 1000.0, minlength=len(kinds))
        for name, mark in marks.items()
    }
    return {
        "speed_stated_share": length_share(graph, graph.speed_source == "stated"),
        "speed_tagged_share": length_share(graph, marks["tagged_km"]),
        "unreadable_maxspeed_share": length_share(graph, unreadable),
        "speeds_by_class": {
            str(kinds[row]): {name: float(values[row]) for name, values in by_class.items()}
            for row in sorted(range(len(kinds)), key=lambda row: str(kinds[row]))
        },
    }
