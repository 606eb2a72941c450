"""Isochrones: the ground within some minutes of facilities, as polygons that claim no more than was reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.areas.area_grid import cut_short
from spatial.access.areas.ground import AreaRules, Ground
from spatial.access.areas.outlines import crossing, outlines, smoothed
from spatial.access.areas.reach import asked_of, check_options, groups_of, of_service
from spatial.access.areas.stretches import reached_stretches, straight_pieces
from spatial.access.areas.strips import strip_along
from spatial.access.options import cutoffs_of
from spatial.access.places import ids_or_none, place_on, take
from spatial.access.rules import SnapRules
from spatial.network import walk_minutes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.access.areas.area_grid import Grid
    from spatial.access.areas.outlines import Nodes
    from spatial.access.areas.reach import Group, Per
    from spatial.access.areas.stretches import Direction, Stretches
    from spatial.network import TravelGraph
    from spatial.sources.services import Vocabulary

__all__ = ["isochrones"]


def isochrones(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    cutoffs_min: float | Sequence[float | None] | None,
    service: str | frozenset[str] | None = None,
    vocabulary: Vocabulary | None = None,
    per: Per = "service",
    direction: Direction = "to_facility",
    areas: AreaRules | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """
    Draw the ground within some minutes of facilities.

    Roads within reach are cut at the exact minute (`reached_edges`). Around them lies the concave hull that `AreaRules`
    describes: pockets out of reach stay holes, islands stay apart, no road out of reach lies in it but right beside one
    within reach, nothing lies across a barrier, and a longer cutoff holds every shorter one.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    facilities : GeoDataFrame
        With `facility_id` and `service`; those planned or closed are passed over.
    cutoffs_min : float, None or sequence of them
        Minutes from door to road, inclusive; None for all that can be reached. One that is given twice counts once.
    service : str or frozenset of str, optional
        Only this one, for which counts whatever satisfies it in the vocabulary; or a set of words as they are, which
        count as one. Without it every service of the facilities, one after the other.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    per : {'service', 'facility'}
        One area for all facilities of a service, or one for each facility.
    direction : {'to_facility', 'from_facility'}
        Who travels: people to the facility, or help from it.
    areas : AreaRules, optional
        How far an area reaches beyond its roads.
    rules : SnapRules, optional
        How facilities are joined to the network; also speed and detour of the walk in `walk_on_top_min`.
    barriers : GeoSeries, optional
        Water and closed borders: no walk and no area crosses them.

    Returns
    -------
    GeoDataFrame
        One row a service (or facility) and cutoff, ascending: `service`, `facility_id` (missing for a service),
        `mode`, `direction`, `cutoff_min`, `reached_km` (roads within reach, bridges and ferries included),
        `area_km2`, `half_width_m`, `hull_m`, and `walk_on_top_min`, the walk of `hull_m` that the minutes do not
        include. The geometry is a MultiPolygon, missing where nothing is within reach: no row is dropped.

    Raises
    ------
    ContractError
        Where a cutoff or a width makes no sense, or no facility offers the service.
    CrsError
        Where facilities, barriers and network differ in their CRS.

    Examples
    --------
    >>> # isochrones(graph, facilities, cutoffs_min=(15, 30, 60), service="hospital").to_file("hospital.gpkg")
    """
    cutoffs = tuple(sorted(cutoffs_of(cutoffs_min)))
    check_options(direction=direction, per=per)
    snap_rules, area_rules = rules or SnapRules(), areas or AreaRules()
    asked = asked_of(service, facilities, vocabulary)
    places = place_on(
        graph, of_service(facilities, asked), key="facility_id", rules=snap_rules, barriers=barriers
    )
    ground = Ground(graph, area_rules, barriers)
    rows = []
    for group in groups_of(places, asked, per):
        members = take(places.snaps, group.members)
        found = reached_stretches(graph, members, cutoff_min=cutoffs[-1], direction=direction)
        rows += _nested(ground, group, found, cutoffs)
    on_top = float(
        walk_minutes(np.array(area_rules.hull_m), walk_km_h=snap_rules.walk_km_h, detour=snap_rules.detour)
    )
    frame = pd.DataFrame(rows, columns=["service", "at", "cutoff_min", "reached_km", "geometry"])
    shapes = frame.pop("geometry").to_numpy(dtype=object)
    own = ids_or_none(places.frame["facility_id"], frame.pop("at").to_numpy(dtype=np.int64))
    frame.insert(1, "facility_id", own)
    frame = frame.astype({"service": "str"}).assign(
        mode=pd.Series(graph.mode, index=frame.index, dtype="str"),
        direction=pd.Series(direction, index=frame.index, dtype="str"),
        area_km2=np.nan_to_num(shapely.area(shapes)) / 1e6,
        half_width_m=area_rules.half_width_m,
        hull_m=area_rules.hull_m,
        walk_on_top_min=on_top,
    )
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=graph.crs)


def _nested(
    ground: Ground, group: Group, found: Stretches, cutoffs: tuple[float, ...]
) -> list[tuple[str, int, float, float, shapely.MultiPolygon | None]]:
    """Draw the areas of one group, each of which holds the shorter ones."""
    reached = [found.within(cutoff) for cutoff in cutoffs]
    pieces = [straight_pieces(ground.graph, ground.leavable(each))[0] for each in reached]
    areas = np.full(len(cutoffs), None, dtype=object)
    if len(pieces[-1]):
        areas = _areas(ground, reached, pieces)
    rows = []
    for cutoff, each, area in zip(cutoffs, reached, areas, strict=True):
        km = float(((each.end - each.start) * ground.graph.length_m[each.edge]).sum()) / 1000.0
        rows.append((group.service, int(group.members[0]) if group.alone else -1, cutoff, km, area))
    return rows


def _areas(
    ground: Ground, reached: list[Stretches], pieces: list[NDArray[np.float64]]
) -> NDArray[np.object_]:
    """Draw what each cutoff adds, one group of roads far from all others after the other, and join it."""
    beyond = [ground.beyond(each) for each in reached]
    group = ground.apart(np.concatenate(pieces))
    groups = np.split(group, np.cumsum([len(lines) for lines in pieces])[:-1])
    drawn = [
        _bands(ground, [lines[own == number] for lines, own in zip(pieces, groups, strict=True)], beyond)
        for number in range(int(group.max()) + 1)
    ]
    bands, of = (np.concatenate(each) for each in zip(*(each[:2] for each in drawn), strict=True))
    areas, strips = [], []
    for number in range(len(reached)):
        area = shapely.coverage_union_all(bands[of <= number])
        astray = np.concatenate([each[2][number] for each in drawn])
        strips.append(strip_along(area, astray, ground.cell_m))
        # With the strips of shorter cutoffs too, which this one must hold.
        is_whole = shapely.is_empty(strips).all()
        areas.append(area if is_whole else shapely.union_all([area, *strips]))
    shapes = [
        ground.parts(np.array([area], dtype=object), lines) for area, lines in zip(areas, pieces, strict=True)
    ]
    return np.concatenate(shapes)


def _bands(
    ground: Ground, pieces: list[NDArray[np.float64]], beyond: list[NDArray[np.float64]]
) -> tuple[NDArray[np.object_], NDArray[np.int64], list[NDArray[np.float64]]]:
    """Label nodes by the first cutoff that claims them, draw the labels, and name the roads near their border."""
    grid = ground.grid(pieces[-1])
    claimed = np.full((len(pieces), *grid.shape), -np.inf, dtype=np.float32)
    for number, (lines, others) in enumerate(zip(pieces, beyond, strict=True)):
        if len(lines):
            claimed[number] = ground.claim(grid, grid.inward(lines), others)[0]
    np.maximum.accumulate(claimed, axis=0, out=claimed)
    first = (claimed <= 0.0).sum(axis=0, dtype=np.int32)
    labels = np.where(first < len(pieces), first, -1).astype(np.int32)

    def where(low: Nodes, high: Nodes) -> NDArray[np.float64]:
        lower = np.minimum(first[low], first[high])
        return crossing(claimed[(lower, *low)], claimed[(lower, *high)])

    bands, of = outlines(labels, where)
    claims = [(labels >= 0) & (labels <= number) for number in range(len(pieces))]
    astray = [_near_border(grid, lines, drawn) for lines, drawn in zip(pieces, claims, strict=True)]
    return smoothed(bands, grid), of, astray


def _near_border(grid: Grid, pieces: NDArray[np.float64], drawn: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Parts of pieces beside which some node is not drawn, in metres."""
    short, _ = cut_short(grid.inward(pieces))
    away = grid.around(short, np.where(drawn, np.int32(0), np.int32(-1))) != 0
    return grid.outward(short[away].reshape(-1, 2)).reshape(-1, 4)
