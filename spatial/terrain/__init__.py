"""Land cover, slope, roads and barriers become friction, and friction becomes travel times off the roads."""

from __future__ import annotations

from spatial.terrain.coverage import (
    ACCESSMOD_COLUMNS,
    GeographicCoverage,
    ZonalSums,
    geographic_coverage,
    zonal_coverage,
    zonal_sums,
)
from spatial.terrain.friction import (
    Friction,
    GroundSpeed,
    SurfaceSpeeds,
    align_raster,
    friction_surface,
    load_surface_speeds,
    require_aligned,
)
from spatial.terrain.referral import cells_at, facility_to_facility, move_to_open_cells
from spatial.terrain.surface import SurfaceOptions, catchment_surface, cell_sizes_m, travel_time_surface

__all__ = [
    "ACCESSMOD_COLUMNS",
    "Friction",
    "GeographicCoverage",
    "GroundSpeed",
    "SurfaceOptions",
    "SurfaceSpeeds",
    "ZonalSums",
    "align_raster",
    "catchment_surface",
    "cell_sizes_m",
    "cells_at",
    "facility_to_facility",
    "friction_surface",
    "geographic_coverage",
    "load_surface_speeds",
    "move_to_open_cells",
    "require_aligned",
    "travel_time_surface",
    "zonal_coverage",
    "zonal_sums",
]
