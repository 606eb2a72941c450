"""Stage `scenario`: the ground of today's run, with the roads and facilities as a scenario has them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.errors import first_of
from spatial.formats.columns import text_column
from spatial.formats.files import read_provenance
from spatial.formats.notes import Finding, findings_frame
from spatial.inputs.prepare import STUDY
from spatial.inputs.units import assign_units, inside, near_unit
from spatial.network.graph import TravelGraph
from spatial.network.scenarios import Scenario, scenario_for_mode
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages import scenarios
from spatial.stages.policy import CLOSED, OPENED
from spatial.stages.read import provenance_table
from spatial.stages.shared import graphs_of

LOGGER = logging.getLogger(__name__)
ROAD_TEXTS = ("name", "ref", "surface", "oneway", "bridge", "tunnel")


def scenario(*, options: Options, progress: Progress = silent, **tables: Any) -> dict[str, Value]:
    """Lay a scenario on the tables of today's run; people stay where they live, what it leaves alone is passed on."""
    item = options.scenario
    assert item is not None  # the stage is one of a planned study
    before = {graph.mode: graph for graph in graphs_of(options, tables["nodes"], tables["edges"])}
    told = before[item.mode or options.network.modes[0]]
    scenarios.refuse_unknown([item], {item.mode: told}, tables["facilities"])
    main = scenarios.network_scenario(options, item, told, tables["study_area"])
    if main.add is not None and "road_id" not in main.add:
        # New roads bear the names that the network of the first mode gives them, in all modes alike.
        ids = [f"new{number}" for number in range(1, len(main.add) + 1)]
        named = main.add.assign(road_id=pd.Series(ids, index=main.add.index, dtype="str"))
        main = replace(main, add=named)
    marks = scenarios.closing_marks(options, item, told.crs)
    areas = None if marks is None else marks[marks.geom_type.isin(["Polygon", "MultiPolygon"])].geometry
    after: dict[str, TravelGraph] = {}
    findings: list[Finding] = []
    middle = shapely.union_all(tables["study_area"].geometry.to_numpy()).representative_point()
    for number, (mode, graph) in enumerate(before.items()):
        progress(number / len(before), mode)
        change = main
        if graph is not told:
            own = scenario_for_mode(main, told, graph, areas=areas)
            change = own.scenario
            for key, values in own.left_out.items():
                findings.append(Finding("scenario_left_out", mode, middle, values, other=key, notice=f"left_out_{key}"))
                told_of = item.name, mode, findings[-1].detail
                LOGGER.warning("scenario %s: left out for the mode %s: %s", *told_of)
        after[mode] = change.apply(graph)
        ends = after[mode].report.get("scenario", {}).get("loose_ends", [])
        if ends:
            roads = first_of(sorted({end["road_id"] for end in ends}))
            LOGGER.warning("scenario %s: %d end(s) of new roads join nothing: %s", item.name, len(ends), roads)
        for end in ends:
            place = shapely.Point(end["x"], end["y"])
            other = f"{mode} {end['x']:.0f} {end['y']:.0f}"
            findings.append(Finding("scenario_loose_end", end["road_id"], place, other=other))
    made = dict(tables)
    if any(after[mode] is not graph for mode, graph in before.items()):
        # Write the graphs that changed, and take the rows of the others as they are.
        parts: dict[str, list[gpd.GeoDataFrame]] = {"nodes": [], "edges": []}
        for mode, graph in after.items():
            kept = [tables[name].loc[tables[name]["mode"] == mode] for name in parts]
            for rows, table in zip(parts.values(), kept if graph is before[mode] else graph.to_frames(), strict=True):
                rows.append(table)
        for name, rows in parts.items():
            made[name] = gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=tables[name].crs)
    today = tables["facilities"]
    left = scenarios.facilities_left(options, item, today)
    new = scenarios.opened_facilities(options, item, today, tables["settlements"])
    every = left
    if new is not None:
        # New facilities get their township, and lie in the study or not.
        boundaries, ground = tables["boundaries"], shapely.union_all(tables["study_area"].geometry.to_numpy())
        placed = assign_units(new, boundaries, options.region.unit_levels)
        in_unit = placed["township_id"].notna()
        near = options.region.unit_tolerance_m
        placed, _ = near_unit(placed, boundaries, ground=ground, key="facility_id", tolerance_m=near)
        by_tolerance = (placed["township_id"].notna() & ~in_unit).to_numpy(dtype=bool)
        every = _joined(left, placed.assign(in_study=inside(placed, ground) | by_tolerance))
    every = scenarios.shared_facilities(options, item, every, tables["settlements"])
    if every is not today:
        made["facilities"] = every.reset_index(drop=True)
    if new is not None or len(left) < len(today):
        made["counts"] = _counts(tables["counts"], today, every)
    made["roads"] = _roads(tables["roads"], main, before, after)
    findings += scenarios.namesakes_left_open(options, {item.name: made["facilities"]}, tables["facilities"])
    # Name the files of the scenario among the sources.
    known = tables["provenance"]
    named_files = [table.path for table in (item.close_file, item.new_roads, item.new_facilities) if table]
    paths = [path for path in named_files if path not in set(known["path"])]
    if paths:
        more = provenance_table(read_provenance(options.raw_path(""), paths))
        made["provenance"] = pd.concat([known, more], ignore_index=True)
    if findings:
        found = findings_frame(findings, crs=tables["findings_network"].crs)
        made["findings_network"] = pd.concat([tables["findings_network"], found], ignore_index=True)
    return made


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


def _counts(counts: pd.DataFrame, today: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Count the facilities of the study anew, and those that close and open there; what sources held stays."""
    of_services = (counts["source"] == STUDY) & counts["item"].str.startswith("service=")
    rows = counts.loc[~of_services].copy()
    rows.loc[(rows["source"] == STUDY) & (rows["item"] == "facilities"), "number"] = float(len(facilities))
    numbers = facilities["service"].value_counts().sort_index()
    services = pd.DataFrame(
        {
            "source": pd.Series(STUDY, index=range(len(numbers)), dtype="str"),
            "item": pd.Series([f"service={name}" for name in numbers.index], dtype="str"),
            "number": numbers.to_numpy(dtype=np.float64),
        }
    )
    closed = today.loc[~today["facility_id"].isin(facilities["facility_id"])]
    opened = facilities.loc[~facilities["facility_id"].isin(today["facility_id"])].assign(source=STUDY)
    parts = [rows, services]
    for own, prefix in ((closed, CLOSED), (opened, OPENED)):
        items = (prefix + own["service"].astype("str")).rename("item")
        is_counted = (own["in_study"] & (own["status"] == "existing")).astype("float64").rename("number")
        parts.append(is_counted.groupby([own["source"].astype("str"), items]).sum().reset_index())
    return pd.concat(parts, ignore_index=True)


def _roads(
    roads: gpd.GeoDataFrame, change: Scenario, before: Mapping[str, TravelGraph], after: Mapping[str, TravelGraph]
) -> gpd.GeoDataFrame:
    """Leave out roads that are closed from end to end in every mode, and put new ones behind."""
    shut = _open_roads(before) - _open_roads(after)
    kept = roads.loc[~roads["road_id"].isin(shut)]
    if change.add is None or not len(change.add):
        return roads if len(kept) == len(roads) else kept.reset_index(drop=True)
    new = change.add.explode(ignore_index=True)
    again = new.groupby("road_id").cumcount()
    parts = new["road_id"].duplicated(keep=False)
    new["road_id"] = new["road_id"].astype("str").mask(parts, new["road_id"].astype("str") + "/" + again.astype("str"))
    new["road_class"] = new["road_class"].fillna("unclassified") if "road_class" in new else "unclassified"
    kept_columns = {"road_id", "road_class", *ROAD_TEXTS, new.geometry.name}
    unknown = [name for name in new.columns if name not in kept_columns]
    new = new.drop(columns=unknown)
    if "node_ids" in kept:
        # Give every vertex an id that no other has: where a new road is joined is known to the network alone.
        taken = kept["node_ids"]
        there = np.concatenate(taken.tolist()) if len(taken) else np.empty(0, dtype=np.int64)
        sizes = shapely.get_num_coordinates(new.geometry.to_numpy())
        numbers = -np.arange(1, int(sizes.sum()) + 1)
        is_whole = np.issubdtype(there.dtype, np.integer)
        ids = numbers + min(0, int(there.min(initial=0))) if is_whole else np.char.add("scenario", numbers.astype(str))
        new["node_ids"] = pd.Series(np.split(ids, np.cumsum(sizes)[:-1]), index=new.geometry.index, dtype=object)
    return _joined(kept, new)


def _open_roads(graphs: Mapping[str, TravelGraph]) -> set[str]:
    """Roads with a way in any mode."""
    found: set[str] = set()
    for graph in graphs.values():
        found |= set(graph.road_id[graph.is_open].tolist())
    return found
