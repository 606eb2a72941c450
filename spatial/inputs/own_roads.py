"""Roads of the user's own: their condition and width as words of the speed table, and their lines as a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.crs import require_metres, working_crs_for
from spatial.errors import CrsError, first_of
from spatial.formats.columns import number_column, row_items, text_column
from spatial.formats.notes import Note, add_notes
from spatial.inputs.road_noding import node_roads, noding_findings
from spatial.inputs.road_tags import find_twins, join_twins

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.study.sources import RoadSource


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


def read_condition_and_width(roads: gpd.GeoDataFrame, problems: list[str]) -> None:
    """Bring a road table's condition to words of smoothness, and its width to numbers."""
    if "width_m" in roads.columns:
        width = number_column(roads, "width_m", problems, key="road_id")
        none = width == 0
        where = row_items(roads, "road_id", none)
        add_notes(roads, [Note("widths", int(none.sum()), {"where": where}, "road widths of 0 read as unknown")])
        roads["width_m"] = width.where(~none)
    if "condition" not in roads.columns:
        return
    words = text_column(roads["condition"]).str.strip().str.lower().str.replace(" ", "_")
    meaning = words.replace(CONDITIONS)
    wrong = words.notna() & ~meaning.isin(_SMOOTHNESS)
    if wrong.any():
        shown = first_of(sorted(set(roads["condition"][wrong].astype(str))))
        problems.append(
            f"condition: no meaning for {shown} of {first_of(roads['road_id'][wrong])}; say in values.condition which "
            f"of {', '.join(CONDITIONS)} each word is"
        )
        return
    given = text_column(roads["smoothness"]) if "smoothness" in roads.columns else pd.Series(np.nan, roads.index)
    roads["smoothness"] = text_column(given.astype(object).where(given.notna(), meaning.astype(object)))


def finish_roads(roads: gpd.GeoDataFrame, source: RoadSource) -> FinishedRoads:
    """Join roads that are drawn once for each direction, mark narrow ones and node the lines, as the source says."""
    roads, is_kept = join_twins(roads, find_twins(roads))
    done = FinishedRoads(roads)
    if not is_kept.all():
        done.counts.append(("roads drawn once for each direction, joined", float((~is_kept).sum())))
    if source.narrow_m is not None and "width_m" in roads.columns:
        narrow = (roads["width_m"] < source.narrow_m).to_numpy(dtype=bool)
        known = roads["smoothness"] if "smoothness" in roads.columns else pd.Series(np.nan, roads.index)
        words = known.astype(object)
        marked = words.where(words.isna(), words.astype(str) + f";{NARROW}").where(words.notna(), NARROW)
        done.roads = roads.assign(smoothness=text_column(words.where(~narrow, marked)))
        done.counts.append((f"roads narrower than {source.narrow_m:g} m", float(narrow.sum())))
    if source.noding == "none":
        return done
    try:
        # Lines that touch in a CRS in metres touch there exactly, so that it is left as it is.
        require_metres(done.roads.crs, what="roads")
        metres = done.roads
    except CrsError:
        metres = done.roads.to_crs(working_crs_for(done.roads))
    noded = node_roads(metres, tolerance_m=source.tolerance_m, join=source.noding)
    done.roads = noded.roads
    done.findings.append(noding_findings(noded))
    done.counts += [(name.replace("_", " "), number) for name, number in noded.counts.items()]
    return done
