"""Where a plan may build: the sites that a study names beside its settlements, and the areas that exclude or flag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from spatial.crs import require_metres
from spatial.inputs.user_tables import constraints_from_table, sites_from_table
from spatial.planning.candidates import CandidateSites, candidate_sites, grid_points
from spatial.planning.constraints import apply_constraints

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pyproj

    from spatial.runner.stage import Options
    from spatial.study.sources import TableSource

EXCLUDED, NO_CORRIDOR = "excluded", "no_corridor"
"""Why a site or link is refused: it lies in an area of constraint; no land that may be built on joins its ends."""


def site_sources(
    options: Options, wanted: Collection[str], study_area: gpd.GeoDataFrame
) -> dict[str, gpd.GeoDataFrame]:
    """Read the wanted sources of sites beside settlements, under the words of the study."""
    how, crs = options.planning, require_metres(study_area.crs, what="study_area")
    files: dict[str, tuple[TableSource | None, str]] = {"idle": (how.idle, "idle_id"), "list": (how.points, "site_id")}
    found = {
        word: sites_from_table(options.raw_path(source.path), source, key=key, crs=crs)
        for word, (source, key) in files.items()
        if word in wanted and source is not None
    }
    if "grid" in wanted and how.grid_m is not None:
        found["grid"] = grid_points(study_area, how.grid_m)
    return found


def offered_sites(
    services: Sequence[str], sources: dict[str, gpd.GeoDataFrame], water: gpd.GeoDataFrame, **limits: Any
) -> CandidateSites:
    """
    Gather the sites that may hold every one of some services; what cannot hold one of them is refused.

    ``limits`` are those of `candidate_sites`.
    """
    given: dict[str, Any] = {{"list": "points"}.get(word, word): frame for word, frame in sources.items()}
    areas = water.loc[water.geom_type.isin(["Polygon", "MultiPolygon"])]
    each = [candidate_sites(service, **given, water=areas, **limits) for service in services]
    refused = pd.concat([found.refused for found in each]).drop_duplicates("facility_id")
    sites = each[0].sites
    return CandidateSites(
        sites.loc[~sites["facility_id"].isin(refused["facility_id"])], gpd.GeoDataFrame(refused, crs=sites.crs)
    )


def constraint_areas(options: Options, crs: pyproj.CRS) -> gpd.GeoDataFrame | None:
    """Read the areas that exclude or flag; None where the study names none."""
    parts = [
        constraints_from_table(options.raw_path(source.path), source, crs=crs, kind=source.kind)
        for source in options.planning.constraints
    ]
    if not parts:
        return None
    rows = pd.concat([part[["kind", "effect", "geometry"]] for part in parts], ignore_index=True)
    return gpd.GeoDataFrame(rows, crs=crs)


def constrained(frame: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Say which sites or links areas exclude or flag; where there are no areas, none."""
    if areas is not None and len(frame):
        return apply_constraints(frame, areas)
    return frame.assign(is_excluded=False, constraint=pd.Series(None, index=frame.index, dtype="str"))
