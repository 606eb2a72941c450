"""Land cover, slope, roads and barriers become friction, and friction becomes travel times off the roads."""

from __future__ import annotations

from spatial.terrain.steps import cell_sizes_m
from spatial.terrain.surface import catchment_surface, travel_time_surface

__all__ = [
    "catchment_surface",
    "cell_sizes_m",
    "travel_time_surface",
]
