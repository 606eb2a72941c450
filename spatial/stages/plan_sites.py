"""What a study says of plans in files of its own: sites beside its settlements, areas that exclude or flag, costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from spatial.crs import require_metres
from spatial.errors import StudyError
from spatial.formats.files import read_provenance
from spatial.inputs.user_tables import constraints_from_table, sites_from_table
from spatial.planning.action_list import load_costs
from spatial.planning.candidates import CandidateSites, candidate_sites, grid_points
from spatial.planning.constraints import apply_constraints
from spatial.stages.read import provenance_table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pyproj

    from spatial.runner.stage import Options
    from spatial.study.plans import PlanCosts
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


def stated_costs(options: Options) -> PlanCosts | None:
    """Read what actions cost, as the study or its file of costs states it; None where neither does."""
    costs = options.planning.costs
    if costs is None or costs.file is None:
        return costs
    found = load_costs(options.raw_path(costs.file))
    both = [
        f"{key}: stated in the study and in the file; leave out one"
        for key, value in found.items()
        if getattr(costs, key) and value
    ]
    if both:
        raise StudyError(f"planning.costs.file {costs.file}", both)
    return costs.model_copy(update={key: value for key, value in found.items() if value})


def planning_sources(options: Options) -> pd.DataFrame | None:
    """Account for the files that plans were drawn from, as for other sources; None where there is none."""
    how = options.planning
    tables = [table.path for table in (how.idle, how.points, *how.constraints) if table is not None]
    named = [how.site_rules, None if how.costs is None else how.costs.file]
    paths = [*tables, *(path for path in named if path is not None)]
    return provenance_table(read_provenance(options.raw_path(""), paths)) if paths else None
