"""Land cover, slope, roads and barriers become friction, and friction becomes travel times off the roads."""

from __future__ import annotations

from spatial.terrain.alignment import align_raster
from spatial.terrain.coverage import ACCESSMOD_COLUMNS, GeographicCoverage, geographic_coverage
from spatial.terrain.friction import Friction, friction_surface, require_aligned
from spatial.terrain.places import cells_at, move_to_open_cells
from spatial.terrain.referral import facility_to_facility
from spatial.terrain.speeds import GroundSpeed, SurfaceSpeeds, load_surface_speeds
from spatial.terrain.steps import cell_sizes_m
from spatial.terrain.surface import SurfaceOptions, catchment_surface, travel_time_surface
from spatial.terrain.zones import ZonalSums, zonal_coverage, zonal_sums

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
