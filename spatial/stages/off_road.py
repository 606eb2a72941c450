"""Stage `off_road`: travel times over open ground, where the study has land cover and names a service."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.errors import first_of
from spatial.rasters import Raster
from spatial.stages.ground import speeds_over_ground
from spatial.stages.rules import vocabulary_of
from spatial.terrain import catchment_surface, cells_at, friction_surface, move_to_open_cells

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.runner.stage import Options, Progress, Value
    from spatial.terrain import Friction, SurfaceOptions

__all__ = ["off_road"]

_log = logging.getLogger(__name__)


def off_road(options: Options, inputs: Mapping[str, Any], progress: Progress) -> dict[str, Value]:
    """
    Spread from the facilities of the study's service over land cover, slope, roads and water.

    Parameters
    ----------
    options : Options
        `off_road`, `access`, `services_file`.
    inputs : mapping
        Tables `settlements`, `facilities`, `roads`, `water`, and perhaps the rasters `landcover` and `elevation`.
    progress : callable
        Takes the fraction done and a message.

    Returns
    -------
    dict
        The table `off_road` and the rasters `friction` and `off_road_min`, or nothing.
    """
    chosen = options.off_road
    if chosen.service is None:
        return {}
    landcover: Raster = inputs["landcover"]
    progress(0.0, "off-road: friction")
    friction = friction_surface(
        landcover,
        speeds_over_ground(options),
        roads=inputs["roads"].to_crs(landcover.crs),
        barriers=_barriers(inputs["water"], landcover),
        elevation=inputs.get("elevation") if chosen.slope else None,
        mode=chosen.mode,
    )
    progress(0.3, f"off-road: times to {chosen.service}")
    facilities = _offering(options, inputs["facilities"]).to_crs(landcover.crs)
    places = inputs["settlements"].to_crs(landcover.crs)
    sources = _on_open_ground(friction, facilities, landcover, "facilities", "facility_id")
    travel: SurfaceOptions = {
        **friction.options,
        "neighbours": chosen.neighbours,
        "direction": "towards" if options.access.direction == "to_facility" else "from",
    }
    minutes, nearest = catchment_surface(
        friction.min_per_m,
        sources[["row", "column"]].to_numpy(),
        resolution_m=friction.resolution_m,
        cutoff_min=chosen.cutoff_min,
        **travel,
    )
    origins = _on_open_ground(friction, places, landcover, "settlements", "settlement_id")
    table = _table(
        inputs["settlements"], origins, (minutes, nearest), sources["id"].to_numpy(), chosen.service
    )
    surface = Raster(
        np.where(np.isfinite(minutes), minutes, np.nan), landcover.transform, landcover.crs, "off_road_min"
    )
    return {"off_road": table, "friction": friction.raster, "off_road_min": surface}


def _barriers(water: gpd.GeoDataFrame, grid: Raster) -> gpd.GeoDataFrame:
    """Water that cannot be waded: lines and polygons, for points cover no ground."""
    closed = water.loc[water["is_barrier"] & ~water.geometry.geom_type.isin(["Point", "MultiPoint"])]
    return closed.to_crs(grid.crs)


def _offering(options: Options, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    kinds = vocabulary_of(options).satisfying(options.off_road.service)
    chosen = facilities.loc[facilities["service"].isin(kinds) & (facilities["status"] == "existing")]
    return chosen.sort_values("facility_id").reset_index(drop=True)


def _on_open_ground(
    friction: Friction, places: gpd.GeoDataFrame, grid: Raster, what: str, key: str
) -> pd.DataFrame:
    """Find the open cell of each place; those off the raster or far from open ground are named and left."""
    rows, columns = grid.values.shape
    inverse = ~grid.transform
    column, row = inverse * (places.geometry.x.to_numpy(), places.geometry.y.to_numpy())
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    held = places.loc[inside]
    found = move_to_open_cells(friction.min_per_m, cells_at(held, grid), resolution_m=friction.resolution_m)
    found = found.assign(id=held[key].to_numpy(dtype=object))
    lost = [*places.loc[~inside, key], *found.loc[found["status"] == "no_ground", "id"]]
    if lost:
        _log.warning(
            "off-road: %d %s lie off the land cover or on water: %s", len(lost), what, first_of(lost)
        )
    return found.loc[found["status"] != "no_ground"].reset_index(drop=True)


def _table(
    settlements: gpd.GeoDataFrame,
    origins: pd.DataFrame,
    found: tuple[NDArray[np.float64], NDArray[np.int32]],
    facility_ids: NDArray[np.object_],
    service: str,
) -> pd.DataFrame:
    """Read times and nearest facility at settlements, one row each."""
    minutes, nearest = (values[origins["row"], origins["column"]] for values in found)
    reached = np.isfinite(minutes)
    facility = np.full(len(origins), None, dtype=object)
    facility[reached] = facility_ids[nearest[reached]]
    missed = "beyond_cutoff" if len(facility_ids) else "no_facility"
    at = pd.DataFrame(
        {
            "facility_id": facility,
            "travel_time_min": np.where(reached, minutes, np.nan),
            "reach_status": np.where(reached, "reached", missed),
        },
        index=pd.Index(origins["id"], dtype="str"),
    ).reindex(pd.Index(settlements["settlement_id"]))
    table = at.assign(service=service, reach_status=at["reach_status"].fillna("not_snapped"))
    texts = dict.fromkeys(("settlement_id", "service", "facility_id", "reach_status"), "str")
    return table.rename_axis("settlement_id").reset_index().astype(texts)
