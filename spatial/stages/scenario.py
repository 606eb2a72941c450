"""Stage `scenario`: the ground of today's run, with the roads and facilities as a scenario has them."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.errors import first_of
from spatial.formats.columns import text_column
from spatial.formats.files import read_provenance
from spatial.formats.notes import Finding, findings_frame
from spatial.inputs.units import assign_units, inside, near_unit
from spatial.network.scenarios import scenario_for_mode
from spatial.runner.stage import silent
from spatial.stages.read import provenance_table
from spatial.stages.scenarios import (
    closing_marks,
    namesakes_left_open,
    network_scenario,
    opened_facilities,
    refuse_unknown,
)
from spatial.stages.shared import graphs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spatial.network.graph import TravelGraph
    from spatial.network.scenarios import Scenario
    from spatial.runner.stage import Options, Progress, Value
    from spatial.study.scenarios import ScenarioOptions


LOGGER = logging.getLogger(__name__)
STUDY = "study"
ROAD_TEXTS = ("name", "ref", "surface", "oneway", "bridge", "tunnel")


def scenario(*, options: Options, progress: Progress = silent, **tables: Any) -> dict[str, Value]:
    """
    Lay a scenario on the tables of today's run.

    People stay where they live today; roads of every mode, and facilities, are as the scenario has them. What it leaves
    alone is passed on as it is.
    """
    item = options.scenario
    assert item is not None  # the stage is one of a planned study
    before = {graph.mode: graph for graph in graphs_of(options, tables["nodes"], tables["edges"])}
    told = before[item.mode or options.network.modes[0]]
    refuse_unknown([item], {item.mode: told}, tables["facilities"])
    main = _with_road_ids(network_scenario(options, item, told))
    marks = closing_marks(options, item, told.crs)
    areas = None if marks is None else marks[marks.geom_type.isin(["Polygon", "MultiPolygon"])].geometry
    after: dict[str, TravelGraph] = {}
    findings: list[Finding] = []
    middle = shapely.union_all(tables["study_area"].geometry.to_numpy()).representative_point()
    for number, (mode, graph) in enumerate(before.items()):
        progress(number / len(before), f"scenario {item.name}: {mode}")
        change = main
        if graph is not told:
            own = scenario_for_mode(main, told, graph, areas=areas)
            change = own.scenario
            findings += [_left_out(item.name, mode, line, middle) for line in own.left_out]
        after[mode] = change.apply(graph)
        findings += list(_loose_ends(item.name, after[mode]))
    made = tables | _network(tables, before, after) | _facilities(options, item, tables)
    made["roads"] = _roads(tables["roads"], main, before, after)
    findings += namesakes_left_open(options, {item.name: made["facilities"]}, tables["facilities"])
    made["provenance"] = _provenance(options, item, tables["provenance"])
    if findings:
        found = findings_frame(findings, crs=tables["findings_network"].crs)
        made["findings_network"] = pd.concat([tables["findings_network"], found], ignore_index=True)
    return made


def _with_road_ids(change: Scenario) -> Scenario:
    """Name new roads without an id as the network of the first mode does, for all modes alike."""
    if change.add is None or "road_id" in change.add:
        return change
    names = [f"new{number}" for number in range(1, len(change.add) + 1)]
    return replace(
        change, add=change.add.assign(road_id=pd.Series(names, index=change.add.index, dtype="str"))
    )


def _left_out(name: str, mode: str, line: str, place: shapely.Point) -> Finding:
    LOGGER.warning("scenario %s: left out for the mode %s: %s", name, mode, line)
    return Finding("scenario_left_out", mode, line, place, other=line.split(":", 1)[0])


def _loose_ends(name: str, graph: TravelGraph) -> Iterator[Finding]:
    ends = graph.report.get("scenario", {}).get("loose_ends", [])
    if ends:
        roads = first_of(sorted({end["road_id"] for end in ends}))
        LOGGER.warning("scenario %s: %d end(s) of new roads join nothing: %s", name, len(ends), roads)
    for end in ends:
        place = shapely.Point(end["x"], end["y"])
        detail = "This end of a new road joins no other road; draw it out to one."
        other = f"{graph.mode} {end['x']:.0f} {end['y']:.0f}"
        yield Finding("scenario_loose_end", end["road_id"], detail, place, other=other)


def _network(
    tables: Mapping[str, Any], before: Mapping[str, TravelGraph], after: Mapping[str, TravelGraph]
) -> dict[str, gpd.GeoDataFrame]:
    """Write the graphs that changed, and take the rows of the others as they are."""
    if all(after[mode] is graph for mode, graph in before.items()):
        return {}
    frames: dict[str, list[gpd.GeoDataFrame]] = {"nodes": [], "edges": []}
    for mode, graph in after.items():
        kept = [tables[name].loc[tables[name]["mode"] == mode] for name in frames]
        for rows, table in zip(
            frames.values(), kept if graph is before[mode] else graph.to_frames(), strict=True
        ):
            rows.append(table)
    return {
        name: gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=tables[name].crs)
        for name, rows in frames.items()
    }


def _facilities(
    options: Options, item: ScenarioOptions, tables: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    today = tables["facilities"]
    kept = today.loc[~today["facility_id"].isin(item.close_facilities)]
    new = opened_facilities(options, item, today)
    if new is None and len(kept) == len(today):
        return {}
    every = kept if new is None else _joined(kept, _placed(options, new, tables))
    return {"facilities": every.reset_index(drop=True), "counts": _counts(tables["counts"], every)}


def _placed(options: Options, new: gpd.GeoDataFrame, tables: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Give new facilities their township, and say whether they lie in the study."""
    region, boundaries = options.region, tables["boundaries"]
    ground = shapely.union_all(tables["study_area"].geometry.to_numpy())
    placed = assign_units(new, boundaries, region.unit_levels)
    in_unit = placed["township_id"].notna()
    placed, _ = near_unit(
        placed, boundaries, ground=ground, key="facility_id", tolerance_m=region.unit_tolerance_m
    )
    by_tolerance = (placed["township_id"].notna() & ~in_unit).to_numpy(dtype=bool)
    return placed.assign(in_study=inside(placed, ground) | by_tolerance)


def _joined(kept: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put new rows behind, with the columns of the table; what they lack is missing."""
    columns = {name: new.get(name) for name in kept.columns if name != "geometry"}
    rows = gpd.GeoDataFrame(columns, index=new.index, geometry=new.geometry, crs=kept.crs)
    texts = [name for name in columns if isinstance(kept[name].dtype, pd.StringDtype)]
    numbers = [name for name in columns if pd.api.types.is_float_dtype(kept[name].dtype)]
    for name in texts:
        rows[name] = text_column(rows[name])
    rows = rows.astype(dict.fromkeys(numbers, np.float64))
    return gpd.GeoDataFrame(pd.concat([kept, rows], ignore_index=True), geometry="geometry", crs=kept.crs)


def _counts(today: pd.DataFrame, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Count the facilities of the study anew; what sources held stays."""
    of_services = (today["source"] == STUDY) & today["item"].str.startswith("service=")
    rows = today.loc[~of_services].copy()
    rows.loc[(rows["source"] == STUDY) & (rows["item"] == "facilities"), "number"] = float(len(facilities))
    numbers = facilities["service"].value_counts().sort_index()
    services = pd.DataFrame(
        {
            "source": pd.Series(STUDY, index=range(len(numbers)), dtype="str"),
            "item": pd.Series([f"service={name}" for name in numbers.index], dtype="str"),
            "number": numbers.to_numpy(dtype=np.float64),
        }
    )
    return pd.concat([rows, services], ignore_index=True)


def _roads(
    roads: gpd.GeoDataFrame,
    change: Scenario,
    before: Mapping[str, TravelGraph],
    after: Mapping[str, TravelGraph],
) -> gpd.GeoDataFrame:
    """Leave out roads that are closed from end to end in every mode, and put new ones behind."""
    shut = _open_roads(before) - _open_roads(after)
    kept = roads.loc[~roads["road_id"].isin(shut)]
    if change.add is None or not len(change.add):
        return roads if len(kept) == len(roads) else kept.reset_index(drop=True)
    new = change.add.explode(ignore_index=True)
    again = new.groupby("road_id").cumcount()
    parts = new["road_id"].duplicated(keep=False)
    new["road_id"] = (
        new["road_id"].astype("str").mask(parts, new["road_id"].astype("str") + "/" + again.astype("str"))
    )
    new["road_class"] = new["road_class"].fillna("unclassified") if "road_class" in new else "unclassified"
    kept_columns = {"road_id", "road_class", *ROAD_TEXTS, new.geometry.name}
    unknown = [name for name in new.columns if name not in kept_columns]
    new = new.drop(columns=unknown)
    if "node_ids" in kept:
        # Give every vertex an id that no other has: where a new road is joined is known to the network
        # alone.
        taken = kept["node_ids"]
        there = np.concatenate(taken.tolist()) if len(taken) else np.empty(0, dtype=np.int64)
        sizes = shapely.get_num_coordinates(new.geometry.to_numpy())
        numbers = -np.arange(1, int(sizes.sum()) + 1)
        is_whole = np.issubdtype(there.dtype, np.integer)
        ids = (
            numbers + min(0, int(there.min(initial=0)))
            if is_whole
            else np.char.add("scenario", numbers.astype(str))
        )
        new["node_ids"] = pd.Series(
            np.split(ids, np.cumsum(sizes)[:-1]), index=new.geometry.index, dtype=object
        )
    return _joined(kept, new)


def _open_roads(graphs: Mapping[str, TravelGraph]) -> set[str]:
    """Roads with a way in any mode."""
    found: set[str] = set()
    for graph in graphs.values():
        is_open = np.isfinite(graph.forward_min) | np.isfinite(graph.backward_min)
        found |= set(graph.road_id[is_open].tolist())
    return found


def _provenance(options: Options, item: ScenarioOptions, today: pd.DataFrame) -> pd.DataFrame:
    """Name the files of the scenario among the sources."""
    tables = [table for table in (item.close_file, item.new_roads, item.new_facilities) if table is not None]
    paths = [table.path for table in tables if table.path not in set(today["path"])]
    if not paths:
        return today
    return pd.concat(
        [today, provenance_table(read_provenance(options.raw_path(""), paths))], ignore_index=True
    )
