"""The travel graph, and which times are computed on it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from spatial.study.base import Model, positive, unrepeated

__all__ = ["AccessOptions", "Mode", "NetworkOptions"]

Mode = Literal["walk", "cycle", "ebike", "motorcycle", "drive", "emergency", "walk+drive"]
"""What a study may travel by."""


class NetworkOptions(Model):
    """The travel graph and how places are joined to it."""

    modes: Annotated[tuple[Mode, ...], AfterValidator(unrepeated)] = Field(
        ("drive", "walk"), min_length=1, description="Modes to build; the first is the one that headlines use"
    )
    speeds: str = Field(
        "osrm_like",
        description="Speed preset (osrm_like, rural_cn, conservative) or a TOML file below the raw root",
    )
    speed_factor: float = Field(1.0, gt=0, description="Multiplies every speed on the network")
    ferries: bool = Field(False, description="Whether ferries carry travellers")
    ferry_wait_min: float | None = Field(
        None, ge=0, description="Wait before each ferry; the speed table's by default"
    )
    season: str = Field("dry", description="Season of the speed table: dry, wet, or one of the user's own")
    slope: bool = Field(
        False, description="Whether slopes slow walkers and cyclists; needs [sources.elevation]"
    )
    turns: bool = Field(
        False, description="Whether turn restrictions and barriers on the roads of the extract count"
    )
    hard_border: bool = Field(False, description="Whether nobody may cross the edge of the study area")
    candidates: int = Field(5, ge=1, le=20, description="How many nearest edges compete as the way in")
    max_snap_m: float = Field(
        5000.0, gt=0, description="A place further than this from every edge is not snapped"
    )
    min_component_km: float = Field(
        5.0, ge=0, description="Shorter components are reported and not snapped to"
    )
    walk_km_h: float = Field(5.0, gt=0, description="Speed of the walk to and from the network")
    detour: float = Field(1.3, ge=1, description="Length of that walk over its straight line")


class AccessOptions(Model):
    """Which times are computed."""

    services: tuple[str, ...] = Field(
        (), description="Services to compute; empty for every one that has a facility or that a norm asks for"
    )
    cutoffs_min: Annotated[tuple[float, ...], AfterValidator(unrepeated), AfterValidator(positive)] = Field(
        (15.0, 30.0, 60.0), min_length=1, description="Minutes within which facilities are counted, inclusive"
    )
    max_time_min: float = Field(240.0, gt=0, description="Beyond this a facility counts as beyond the cutoff")
    direction: Literal["to_facility", "from_facility"] = Field("to_facility", description="Who travels")
    origins: Literal["settlements", "cells"] = Field(
        "settlements",
        description="settlements, or also the cells of the population raster, as tables of their own",
    )
    cell_m: float = Field(1000.0, gt=0, description="Size of the cells, rounded to whole cells of the raster")
