"""What may not be built where: areas of protection, hazard and development that exclude or flag sites and links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from rasterio.features import rasterize

from spatial.errors import ContractError, CrsError, first_of, refuse
from spatial.inputs.placement import refuse_invalid
from spatial.tables.words import CONSTRAINT_EFFECT, CONSTRAINT_KIND

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.arrays import BoolArray, FloatArray, ObjectArray
    from spatial.terrain.friction import Friction

WANTED = "development_boundary"
"""The kind of area that building is wanted in."""

DRAWN_OVER_M = 1.0
"""A link that runs no further than this inside an area was drawn over its edge."""


def apply_constraints(sites_or_links: gpd.GeoDataFrame, constraints: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Say which sites or links areas of constraint exclude or flag, and by what.

    Parameters
    ----------
    sites_or_links : GeoDataFrame of Point or LineString
        Sites, such as those of `candidate_sites`, or candidate links.
    constraints : GeoDataFrame of Polygon
        `kind`: ``permanent_farmland``, ``ecological_red_line`` and ``hazard``, within which building is not wanted, the
        edge of the area included; ``development_boundary``, all such areas together, within which it is. Perhaps
        `effect`: ``exclude`` (by default) or ``flag``; outside development boundaries the stronger one of theirs. A
        link counts from more than a metre on.

    Returns
    -------
    GeoDataFrame
        The same rows with `is_excluded`, `constraint`, the kinds that it meets in the order above joined by ``;``,
        ``outside_development_boundary`` among them (missing: none), and `constraint_m`, the metres of a link that any
        of them concerns (NaN for a site).

    Raises
    ------
    ContractError
        For an unknown kind or effect, areas that are none or cross themselves, and shapes that are neither points nor
        lines.
    CrsError
        Where the two differ in their CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> sites = gpd.GeoDataFrame({"facility_id": ["a", "b"]}, geometry=gpd.points_from_xy([5, 50], [5, 5]), crs=32738)
    >>> field = gpd.GeoDataFrame({"kind": ["permanent_farmland"]}, geometry=[shapely.box(0, 0, 10, 10)], crs=32738)
    >>> apply_constraints(sites, field)["is_excluded"].tolist()
    [True, False]
    """
    if constraints.crs is None or constraints.crs != sites_or_links.crs:
        raise CrsError("sites or links and constraints differ in their CRS; reproject with to_crs(...)")
    shapes, areas = sites_or_links.geometry.to_numpy(), constraints.geometry.to_numpy()
    effect = constraints["effect"] if "effect" in constraints else pd.Series("exclude", index=constraints.index)
    problems = []
    if "kind" not in constraints:
        problems.append(f"kind: the column is missing; it says which of {', '.join(CONSTRAINT_KIND)} each row is")
    else:
        for name, values, known in (
            ("kind", constraints["kind"], CONSTRAINT_KIND),
            ("effect", effect, CONSTRAINT_EFFECT),
        ):
            odd = values[~values.isin(known)]
            if len(odd):
                shown = first_of(odd.astype(str).unique(), limit=3)
                problems.append(f"{name}: unknown value(s) {shown} in {len(odd)} rows; known are {', '.join(known)}")
    if (no_area := ~(shapely.area(areas) > 0.0)).any():
        problems.append(f"geometry: no polygon in {first_of([f'row {row + 1}' for row in np.flatnonzero(no_area)])}")
    refuse("constraints", problems)
    refuse_invalid(constraints, key="constraint_id", what="constraints")
    is_line = np.isin(
        shapely.get_type_id(shapes), (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
    )
    is_point = (shapely.get_type_id(shapes) == shapely.GeometryType.POINT) & ~shapely.is_empty(shapes)
    if not (is_line | is_point).all():
        rows = [f"row {row + 1}" for row in np.flatnonzero(~(is_line | is_point))]
        raise ContractError("sites or links", [f"geometry: neither point nor line in {first_of(rows)}"])
    at, of = shapely.STRtree(areas).query(shapes, predicate="intersects")
    kinds, is_firm = constraints["kind"].to_numpy(dtype=object), (effect == "exclude").to_numpy()

    def part_met(chosen: BoolArray, *, is_wanted: bool) -> ObjectArray:
        """Cut out what lies within some areas, or outside them where that is wanted; empty where nothing does."""
        own = chosen[of]
        hit = np.bincount(at[own], minlength=len(shapes)) > 0
        part = np.full(len(shapes), shapely.Point(), dtype=object)
        there = is_point & (hit != is_wanted)
        part[there] = shapes[there]
        cut = shapely.difference if is_wanted else shapely.intersection
        for line in np.flatnonzero(is_line & (hit | is_wanted)):
            found = cut(shapes[line], shapely.union_all(areas[of[own & (at == line)]]))
            part[line] = found if shapely.length(found) > DRAWN_OVER_M else shapely.Point()
        return part

    met = pd.DataFrame(index=range(len(shapes)))
    is_excluded = np.zeros(len(shapes), dtype=bool)
    for kind in CONSTRAINT_KIND:
        chosen, is_wanted = kinds == kind, kind == WANTED
        if not chosen.any():
            continue
        met[f"outside_{kind}" if is_wanted else kind] = part_met(chosen, is_wanted=is_wanted)
        # A flag beside an exclusion weakens none, but outside is outside all of them.
        firm = chosen & (is_firm.any(where=chosen) if is_wanted else is_firm)
        if firm.any():
            is_excluded |= ~shapely.is_empty(part_met(firm, is_wanted=is_wanted))
    is_met = ~shapely.is_empty(met.to_numpy(dtype=object))
    named = [";".join(met.columns[row]) if row.any() else None for row in is_met]
    metres = [shapely.length(shapely.union_all(parts)) for parts in met.to_numpy(dtype=object)]
    return sites_or_links.assign(
        is_excluded=is_excluded,
        constraint=pd.Series(named, index=sites_or_links.index, dtype="str"),
        constraint_m=np.where(is_line, metres, np.nan),
    )


def constrained_ground(friction: Friction, constraints: gpd.GeoDataFrame, *, flagged_factor: float) -> FloatArray:
    """Close the cells that excluded ground touches, and let those that flagged ground touches cost more, once."""
    areas = constraints.to_crs(friction.crs)
    shapes = areas.geometry.to_numpy()
    effect = areas["effect"] if "effect" in areas else pd.Series("exclude", index=areas.index)
    is_wanted, is_firm = (areas["kind"] == WANTED).to_numpy(), (effect == "exclude").to_numpy()
    height, width = friction.min_per_m.shape
    whole = shapely.transform(shapely.box(0, 0, width, height), lambda xy: np.column_stack(friction.transform * xy.T))
    flagged, excluded = list(shapes[~is_wanted & ~is_firm]), list(shapes[~is_wanted & is_firm])
    if is_wanted.any():
        # Outside is outside all of them, and the stronger effect of theirs holds there.
        outside = shapely.difference(whole, shapely.union_all(shapes[is_wanted]))
        (excluded if is_firm[is_wanted].any() else flagged).append(outside)

    def touches(areas: list[Any]) -> BoolArray:
        drawn = [(area, 1) for area in areas if not area.is_empty]
        if not drawn:
            return np.zeros((height, width), dtype=bool)
        cells = rasterize(drawn, (height, width), transform=friction.transform, all_touched=True, dtype="uint8")
        return np.asarray(cells, dtype=bool)

    costs = np.where(touches(flagged), flagged_factor, 1.0) * friction.min_per_m
    return np.where(touches(excluded), np.nan, costs)
