"""Roads of the user's own become a network: condition and width as known words, and where lines meet or miss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import refuse_stretched_lines, require_metres, working_crs_for
from spatial.errors import ContractError, CrsError, first_of, refuse
from spatial.formats.columns import number_column, row_items, tell_rows, text_column
from spatial.formats.notes import Finding, Note, add_notes, json_of, listed, no_findings, row_numbers
from spatial.inputs.road_crossings import (
    NUMERIC_M,
    Meetings,
    component_gaps,
    end_gaps,
    first_of_groups,
    meet,
    snapped_lines,
)
from spatial.inputs.road_tags import find_twins, join_twins
from spatial.outlines import require_shapes
from spatial.study.sources import RoadSource

_NO = {"", "0", "no", "n", "f", "false", "none", "non", "否", "无", "不是"}
_FERRY_LEVEL = -1000
"""From here on downwards each ferry has a level of its own: it meets roads and ferries where it ends."""

_ENDS = {"near_miss": "joined", "overshoot": "trimmed", "dangle": "reported"}
"""What is done about an end that meets nothing where that is asked for."""

_QA = (
    "kind", "road_id", "other_id", "road_ids", "distance_m", "action", "easting_m", "northing_m", "detail",
    "notice_values",
)  # fmt: skip
"""Columns of what a person should look at: metres, else text."""


@dataclass(frozen=True, eq=False)
class NodedRoads:
    """
    Roads that meet, and what a person should look at.

    Parameters
    ----------
    roads : GeoDataFrame
        The roads in the order of their ids with all their columns: one line a row, a vertex wherever roads meet, and
        node_ids, by which `build_network` joins them.
    qa : GeoDataFrame
        One row a place: kind (road_crossing_noded, road_near_miss, road_overshoot, road_dangle, road_component),
        road_id, other_id, road_ids (all of them, separated by ;), distance_m, action (noded, joined, trimmed,
        reported), easting_m, northing_m, detail, notice_values (of its message, as JSON); geometry is the suggested
        join or the tail, or a point.
    counts : dict of str to float
        Numbers of each kind, of crossings left because of their levels, and kilometres before and after.
    """

    roads: gpd.GeoDataFrame
    qa: gpd.GeoDataFrame
    counts: dict[str, float]


def node_roads(
    roads: gpd.GeoDataFrame,
    *,
    tolerance_m: float = 5.0,
    layer: str | None = None,
    bridge: str | None = None,
    join: Literal["report", "snap"] = "report",
) -> NodedRoads:
    """
    Make a network of road lines that cross without a common vertex.

    Lines that cross or touch to the centimetre get a common vertex, unless one passes above the other. What lies
    within the tolerance is reported, and closed only where that is asked for. The result does not depend on the order
    of rows, and lengths change only by what is joined or trimmed.

    Parameters
    ----------
    roads : GeoDataFrame
        Lines in metres; with road_id, or rows are numbered from 1. Left unchanged. Its own node_ids are replaced.
    tolerance_m : float
        Up to what distance an end that meets nothing is a near-miss, an overshoot or a dangle; from 0.01 to 100.
    layer : str, optional
        Column of levels: 0 or blank for the ground, 1 and more above it, -1 and less below it. Without, ``layer``
        where there is one.
    bridge : str, optional
        Column that says whether a road is a bridge; without, ``bridge`` where there is one. Bridges without a level
        are at level 1; ``tunnel`` is read likewise, at level -1.
    join : {'report', 'snap'}
        Whether near-misses are only reported, or joined, and overshoots trimmed.

    Returns
    -------
    NodedRoads
        Roads, the layer of what to look at, and counts.

    Raises
    ------
    ContractError
        Where ids repeat, geometries are no lines, a column is missing, or a level is no whole number.
    CrsError
        Without a CRS in metres.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> lines = [shapely.LineString([(0, 0), (100, 0)]), shapely.LineString([(50, -50), (50, 50)])]
    >>> noded = node_roads(gpd.GeoDataFrame({"road_id": ["a", "b"]}, geometry=lines, crs="EPSG:32738"))
    >>> noded.roads.geometry.iloc[0].wkt, noded.qa["kind"].tolist()
    ('LINESTRING (0 0, 50 0, 100 0)', ['road_crossing_noded'])
    """
    if join not in ("report", "snap"):
        raise ContractError("node_roads", [f"join is {join!r}; it must be 'report' or 'snap'"])
    if not (isinstance(tolerance_m, int | float | np.number) and NUMERIC_M <= tolerance_m <= 100):
        raise ContractError("node_roads", [f"tolerance_m is {tolerance_m!r}; it must be from 0.01 to 100"])
    frame = _single_lines(roads)
    level = _levels(frame, layer, bridge)
    lines = frame.geometry.to_numpy()
    met = meet(lines, level)
    gaps = end_gaps(met, level, tolerance_m)
    closed = np.zeros(len(gaps), dtype=np.bool_)
    final = met
    if join == "snap" and len(gaps):
        changed, closed = snapped_lines(met, gaps)
        final = meet(changed, level)
    ids = frame["road_id"].to_numpy(dtype=object)
    rows = _crossings(met, ids)
    if final is not met and closed.any():
        # Crossings that joins made with a third road.
        joins = shapely.MultiPoint(gaps.loc[closed, ["to_x", "to_y"]].to_numpy())
        shapely.prepare(joins)
        rows += [
            row
            for row in _crossings(final, ids)
            if not shapely.dwithin(joins, shapely.Point(row["easting_m"], row["northing_m"]), 2 * NUMERIC_M)
        ]
    for gap, is_closed in zip(gaps.to_dict("records"), closed, strict=True):
        at, ends = (gap["x"], gap["y"]), [ids[gap["line"]], ids[gap["other"]]]
        row = _row(f"road_{gap['kind']}", ends, at=at, distance_m=gap["distance_m"])
        if is_closed:
            row["action"] = _ENDS[gap["kind"]]
        if gap["kind"] != "dangle":
            row["geometry"] = shapely.LineString([at, (gap["to_x"], gap["to_y"])])
        rows.append(row)
    for part in component_gaps(final).to_dict("records"):
        one, other, bridge_line = ids[part["line"]], ids[part["other"]], part["geometry"]
        at = shapely.get_coordinates(bridge_line)[0]
        row = _row("road_component", [one, other], at=at, distance_m=part["distance_m"])
        row |= {"count": part["n_lines"], "length": {"value": part["length_m"], "unit": "m"}}
        if part["distance_m"] > 0:
            row["geometry"] = bridge_line
        rows.append(row)
    for row in rows:
        told = {"roads": row["road_ids"].replace(";", ", "), "one": row["road_id"], "other": row["other_id"]}
        told |= {"action": {"section": "notice_part", "word": row["action"]}, "metres": f"{row['distance_m']:.2f}"}
        told |= {key: row[key] for key in ("count", "length") if key in row}
        finding = Finding(row["kind"], row["road_id"], row["geometry"], told)
        row |= {"detail": finding.detail, "notice_values": json_of(told)}
    kinds_of = {name: "float64" if name.endswith("_m") else "str" for name in _QA}
    points = gpd.GeoSeries([row["geometry"] for row in rows], crs=frame.crs)
    by = ["kind", "road_id", "other_id", "easting_m", "northing_m"]
    qa = gpd.GeoDataFrame(pd.DataFrame(rows, columns=[*_QA]).astype(kinds_of), geometry=points, crs=frame.crs)
    qa = qa.sort_values(by, kind="stable").reset_index(drop=True)
    kinds = ("road_crossing_noded", *(f"road_{end}" for end in _ENDS), "road_component")
    counts = {kind: float((qa["kind"] == kind).sum()) for kind in kinds}
    counts |= {
        "crossings left, other level": float(met.uncrossed),
        "near-misses joined": float((qa["action"] == "joined").sum()),
        "overshoots trimmed": float((qa["action"] == "trimmed").sum()),
        "km before": float(shapely.length(lines).sum() / 1000),
        "km after": float(shapely.length(final.lines).sum() / 1000),
    }
    nodes = np.empty(len(frame), dtype=object)
    nodes[:] = np.split(final.node, final.offsets[1:-1]) if len(frame) else []
    noded = frame.set_geometry(gpd.GeoSeries(final.lines, crs=frame.crs))
    return NodedRoads(noded.assign(node_ids=pd.Series(nodes, dtype=object)), qa, counts)


def missed_crossings(roads: gpd.GeoDataFrame) -> pd.DataFrame:
    """Find where roads cross or touch without a common vertex; nothing is changed."""
    frame = roads.loc[shapely.length(roads.geometry.to_numpy()) > 0].reset_index(drop=True)
    if "layer" in frame:
        level = pd.to_numeric(frame["layer"], errors="coerce")
        frame["layer"] = level.where(np.isfinite(level) & (level % 1 == 0), 0)
    met = meet(frame.geometry.to_numpy(), _levels(frame, None, None))
    rows = _crossings(met, frame["road_id"].to_numpy(dtype=object))
    names = ["road_id", "other_id", "road_ids", "easting_m", "northing_m"]
    return pd.DataFrame([row for row in rows if row["road_ids"] != row["road_id"]], columns=names)


def noding_findings(noded: NodedRoads) -> gpd.GeoDataFrame:
    """Write what noding found as findings, one a place."""
    qa = noded.qa
    key = qa["kind"] + "/" + qa["road_id"] + "/" + qa["other_id"]
    number = key.groupby(key).cumcount() + 1
    ids = key.where(number == 1, key + "/" + number.astype(str)).astype("str")
    frame = qa.rename(columns={"road_id": "subject_id"}).assign(finding_id=ids, notice=qa["kind"])
    return frame[no_findings(qa.crs).columns].sort_values("finding_id", kind="stable").reset_index(drop=True)


def _single_lines(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort roads by id, one line a row; parts of a road become "id/0", "id/1"."""
    require_shapes("roads", roads)
    require_metres(roads.crs, what="roads")
    if roads.empty:
        raise ContractError("roads", ["has no rows; give the lines that are to meet"])
    frame = roads.drop(columns="node_ids", errors="ignore").reset_index(drop=True)
    if "road_id" not in frame.columns:
        frame["road_id"] = [str(number) for number in range(1, len(frame) + 1)]
    flat = shapely.force_2d(frame.geometry.to_numpy())
    frame = frame.set_geometry(gpd.GeoSeries(flat, crs=roads.crs))
    missing = frame["road_id"].isna()
    if missing.any():
        raise ContractError("roads", [f"road_id: missing in rows {first_of(row_numbers(roads)[missing])}; fill it"])
    frame["road_id"] = frame["road_id"].astype(str)
    bad = ~frame.geom_type.isin(["LineString", "MultiLineString", "LinearRing"]).to_numpy()
    length_m = shapely.length(flat)
    bad = bad | ~(length_m > 0) | ~np.isfinite(length_m)
    problems = []
    if bad.any():
        problems.append(
            f"geometry: no line with a length in roads {first_of(frame.loc[bad, 'road_id'])}; correct or drop them"
        )
    repeated = frame["road_id"].duplicated()
    if repeated.any():
        problems.append(f"road_id: repeated {first_of(frame.loc[repeated, 'road_id'])}; make each id unique")
    refuse("roads", problems)
    refuse_stretched_lines(frame.geometry, what="roads")
    return line_a_row(frame).sort_values("road_id", kind="stable").reset_index(drop=True)


def line_a_row(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make each part of a road a row; those of a road in several parts get the ids "id/0", "id/1"."""
    parts = shapely.get_num_geometries(roads.geometry.to_numpy())
    if not (roads.geom_type == "MultiLineString").any():
        return roads
    pieces = roads.explode(index_parts=True)
    number = pieces.index.get_level_values(-1).astype(str)
    pieces["road_id"] = pieces["road_id"].where(np.repeat(parts == 1, parts), pieces["road_id"] + "/" + number)
    return pieces.reset_index(drop=True)


def _levels(roads: gpd.GeoDataFrame, layer: str | None, bridge: str | None) -> IntArray:
    absent = [name for name in (layer, bridge) if name is not None and name not in roads.columns]
    if absent:
        raise ContractError("roads", [f"{name}: the column is missing; name the right one" for name in absent])
    level = np.zeros(len(roads), dtype=np.int64)
    column = layer or "layer"
    if column in roads.columns:
        blank = roads[column].isna() | (roads[column].astype(str).str.strip() == "")
        numbers = pd.to_numeric(roads[column].where(~blank, "0"), errors="coerce").to_numpy(dtype=float)
        wrong = ~np.isfinite(numbers) | (numbers % 1 != 0)
        if wrong.any():
            fault = f"{column}: no whole number of levels for {first_of(roads['road_id'][wrong])}"
            remedy = "write 0 for the ground, 1 above, -1 below, or name another column"
            raise ContractError("roads", [f"{fault}; {remedy}"])
        level = numbers.astype(np.int64)
    raised, sunken = _is_marked(roads, bridge or "bridge"), _is_marked(roads, "tunnel")
    level = np.where(level != 0, level, np.where(raised, 1, np.where(sunken, -1, 0)))
    if "road_class" in roads.columns:
        ferry = np.flatnonzero(roads["road_class"] == "ferry")
        level[ferry] = _FERRY_LEVEL - np.arange(len(ferry))
    return level


def _is_marked(roads: gpd.GeoDataFrame, column: str) -> BoolArray:
    if column not in roads.columns:
        return np.zeros(len(roads), dtype=np.bool_)
    text = roads[column].astype(object).where(roads[column].notna(), "").astype(str)
    marked: BoolArray = ~text.str.strip().str.casefold().isin(_NO | {"0.0"}).to_numpy(dtype=bool)
    return marked


def _crossings(met: Meetings, ids: ObjectArray) -> list[dict[str, Any]]:
    """Write a row for each node where a line had no vertex."""
    nodes = np.unique(met.node[met.is_new & met.is_shared])
    member = np.flatnonzero(np.isin(met.node, nodes))
    member = member[np.lexsort((met.line[member], met.node[member]))]
    begin = first_of_groups(met.node[member])
    rows = []
    for low, high in pairwise([*begin, len(member)]):
        roads = [ids[line] for line in dict.fromkeys(met.line[member[low:high]].tolist())]
        rows.append(_row("road_crossing_noded", roads, at=met.xy[member[low]]) | {"action": "noded"})
    return rows


def _row(
    kind: str, roads: Sequence[str], *, at: Sequence[float] | FloatArray, distance_m: float = 0.0
) -> dict[str, Any]:
    """Write down what a person should look at: at a point, as long as nothing is done about it."""
    return {
        "kind": kind,
        "road_id": roads[0],
        "other_id": roads[1] if len(roads) > 1 else roads[0],
        "road_ids": ";".join(roads),
        "distance_m": float(distance_m),
        "action": "reported",
        "easting_m": float(at[0]),
        "northing_m": float(at[1]),
        "geometry": shapely.Point(at),
    }


CONDITIONS = {"good": "good", "fair": "intermediate", "poor": "bad", "very_poor": "very_bad"}
"""Words of condition and the smoothness that each stands for; words of smoothness stand for themselves."""

NARROW = "narrow"
"""Word added to the smoothness of narrow roads; it has a speed where ``[caps.smoothness]`` of a speed table says so."""

_SMOOTHNESS = ("excellent", "good", "intermediate", "bad", "very_bad", "horrible", "very_horrible", "impassable")


@dataclass
class FinishedRoads:
    """Roads of the user's own, ready to build a network of."""

    roads: gpd.GeoDataFrame  # in the file's CRS, or in metres where they were noded
    findings: list[gpd.GeoDataFrame] = field(default_factory=list)  # what noding found
    counts: list[tuple[str, float]] = field(default_factory=list)  # item and number
    notes: list[Note] = field(default_factory=list)
    joined: tuple[str, ...] = ()  # ids of roads that are the other direction of one that is kept


def read_condition_and_width(roads: gpd.GeoDataFrame, problems: list[str]) -> None:
    """Bring a road table's condition to words of smoothness, and its width to numbers."""
    if "width_m" in roads.columns:
        width = number_column(roads, "width_m", problems, key="road_id")
        none = width == 0
        add_notes(roads, [Note("widths", int(none.sum()), {"where": row_items(roads, "road_id", none)})])
        roads["width_m"] = width.where(~none)
    if "condition" not in roads.columns:
        return
    words = text_column(roads["condition"]).str.strip().str.lower().str.replace(" ", "_")
    meaning = words.replace(CONDITIONS)
    wrong = words.notna() & ~meaning.isin(_SMOOTHNESS)
    if wrong.any():
        shown = first_of(sorted(set(roads["condition"][wrong].astype(str))))
        remedy = f"say in values.condition which of {', '.join(CONDITIONS)} each word is"
        tell_rows(problems, roads, "road_id", wrong, f"condition: no meaning for {shown} of {{rows}}; {remedy}")
        return
    given = text_column(roads["smoothness"]) if "smoothness" in roads.columns else pd.Series(np.nan, roads.index)
    roads["smoothness"] = text_column(given.astype(object).where(given.notna(), meaning.astype(object)))


def finish_roads(roads: gpd.GeoDataFrame, source: RoadSource, *, working_crs: str | None = None) -> FinishedRoads:
    """Join roads that are drawn once for each direction, mark narrow ones and node the lines, as the source says."""
    ids = roads["road_id"]
    roads, is_kept = join_twins(roads, find_twins(roads))
    done = FinishedRoads(roads, joined=tuple(ids[~is_kept]))
    if not is_kept.all():
        done.counts.append(("roads drawn once for each direction, joined", float((~is_kept).sum())))
    if source.narrow_m is not None and "width_m" in roads.columns:
        narrow = (roads["width_m"] < source.narrow_m).to_numpy(dtype=bool)
        words = roads.get("smoothness", pd.Series(np.nan, roads.index)).astype(object)
        marked = words.where(words.isna(), words.astype(str) + f";{NARROW}").where(words.notna(), NARROW)
        done.roads = roads.assign(smoothness=text_column(words.where(~narrow, marked)))
        done.counts.append((f"roads narrower than {source.narrow_m:g} m", float(narrow.sum())))
    try:
        # Lines that touch in a CRS in metres touch there exactly, so that it is left as it is.
        require_metres(done.roads.crs, what="roads")
        metres = done.roads
    except CrsError:
        metres = done.roads.to_crs(working_crs_for(done.roads, across_180=working_crs))
    if source.noding == "none":
        missed = missed_crossings(metres)
        pairs = [f"{one} / {other}" for one, other in zip(missed["road_id"], missed["other_id"], strict=True)]
        done.notes.append(Note("crossings", len(pairs), {"where": listed(pairs)}))
        return done
    noded = node_roads(metres, tolerance_m=source.tolerance_m, join=source.noding)
    done.roads = noded.roads
    done.findings.append(noding_findings(noded))
    done.counts += [(name.replace("_", " "), number) for name, number in noded.counts.items()]
    return done
