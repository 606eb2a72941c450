"""What is computed of access: the travel graph and its times, measures, areas, off-road times, certainty."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from spatial.messages import FALLBACK, Words
from spatial.study.base import (
    FilePath,
    Model,
    Names,
    Positive,
    Unrepeated,
    limited,
    option,
    refuse_text,
    section,
    unrepeated,
)

MANY_SETTLEMENTS = 50_000
"""Beyond so many, what takes longer or more room than all the rest together is made only where it is asked for."""

# The travel graph, and which times are computed on it.

BY_BUS = "walk+bus"
"""What tables call the mode `bus`: people walk to a stop, wait, ride and walk on."""


def no_timetable() -> str:
    """Say what to write in place of a timetable."""
    return Words(FALLBACK, "commands").say("check", "no_timetable")


def full_mode(mode: Any) -> Any:
    """Say a mode as tables do: `bus` is short for `walk+bus`, all else stays."""
    return BY_BUS if mode == "bus" else mode


Mode = Annotated[
    Literal["walk", "cycle", "ebike", "motorcycle", "drive", "emergency", "walk+drive", "walk+bus"],
    BeforeValidator(full_mode),
]
"""What a study may travel by."""
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Minutes = Annotated[float, Field(ge=0, allow_inf_nan=True)]
"""Minutes of 0 or more; a call may set no limit (inf), a study does."""
MOST_CANDIDATES = 20
"""How many ways in a study lets compete."""

LONGEST_DETOUR = 20.0
"""No walk to a road is so many times its straight line."""


class SnapRules(Model):
    """How places are joined to the network."""

    candidates: int = option(5, "How many nearest edges compete as the way in", ge=1)
    max_snap_m: float = option(
        5000.0, "A place further than this from every edge is not snapped", ge=0, allow_inf_nan=True
    )
    min_component_km: float = option(
        5.0, "Shorter components are reported and not snapped to", ge=0, allow_inf_nan=True
    )
    walk_km_h: float = option(5.0, "Speed of the walk to and from the network", gt=0)
    detour: float = option(1.3, "Length of that walk over its straight line", ge=1, le=LONGEST_DETOUR)

    _numbers = field_validator("candidates", "max_snap_m", "min_component_km", "walk_km_h", "detour", mode="before")(
        refuse_text
    )


class BusLine(Model):
    """A line of buses without a timetable: where it stops, how often it comes and how long it rides."""

    line: str = Field(description="Its number or name", min_length=1)
    stops: tuple[str | tuple[Longitude, Latitude], ...] = Field(
        description="Its stops in order: ids or names of settlements, or [longitude, latitude] in WGS-84, such as "
        "['Weidu', [104.1, 28.5], 'Shiling']",
        min_length=2,
    )
    headway_min: float = Field(description="Minutes between two buses; who boards waits half of them", gt=0)
    speed_km_h: float | None = option(None, "Its speed along 1.3 times the straight line between stops", gt=0)
    ride_min: tuple[Annotated[float, Field(ge=0)], ...] = option(
        (), "Instead of speed_km_h: minutes from each stop to the next, one less than there are stops"
    )
    both_ways: bool = option(True, "Whether it runs back with the same minutes")

    @model_validator(mode="after")
    def _rides(self) -> Self:
        if (self.speed_km_h is None) == (not self.ride_min):
            raise ValueError("give either speed_km_h or ride_min, the minutes from each stop to the next")
        if self.ride_min and len(self.ride_min) != len(self.stops) - 1:
            raise ValueError(f"ride_min: {len(self.ride_min)} numbers for {len(self.stops)} stops; give one less")
        return self


class NetworkOptions(SnapRules):
    """The travel graph and how places are joined to it."""

    modes: Annotated[tuple[Mode, ...], Unrepeated] = option(
        ("drive", "walk"), "Modes to build; the first is the one that headlines use", min_length=1
    )
    speeds: FilePath = option(
        "osrm_like", "Speed preset (osrm_like, rural_cn, conservative) or a TOML file below the raw root"
    )
    speed_factor: float = option(1.0, "Multiplies every speed on the network", gt=0, le=20)
    ferries: bool = option(False, "Whether ferries carry travellers")
    ferry_wait_min: float | None = option(None, "Wait before each ferry; the speed table's by default", ge=0)
    season: str = option("dry", "Season of the speed table: dry, wet, or one of the user's own")
    slope: bool = option(False, "Whether slopes slow walkers and cyclists; needs [sources.elevation]")
    turns: bool = option(False, "Whether turn restrictions and barriers on the roads of the extract count")
    hard_border: bool = option(False, "Whether nobody may cross the edge of the study area")
    bus: tuple[BusLine, ...] = option((), "Lines of buses, for the mode bus; timetables are not read")

    @field_validator("bus")
    @classmethod
    def _each_line_once(cls, lines: tuple[BusLine, ...]) -> tuple[BusLine, ...]:
        unrepeated(tuple(each.line for each in lines))
        return lines

    @model_validator(mode="after")
    def _has_lines(self) -> Self:
        if BY_BUS in self.modes and not self.bus:
            raise ValueError(f"bus: the mode bus needs its lines; {no_timetable()}")
        if self.bus and BY_BUS not in self.modes:
            raise ValueError("bus: lines are given, and nobody rides them; add 'bus' to modes")
        return self

    @field_validator("candidates")
    @classmethod
    def _few(cls, candidates: int) -> int:
        if candidates > MOST_CANDIDATES:
            raise ValueError(f"must be at most {MOST_CANDIDATES}")
        return candidates

    _limits = field_validator("max_snap_m")(limited)

    @field_validator("min_component_km")
    @classmethod
    def _ends(cls, km: float) -> float:
        if not isfinite(km):
            raise ValueError("must be finite")
        return km


class TimeLimits(Model):
    """How far times are computed, and which way."""

    cutoffs_min: tuple[Minutes, ...] = option(
        (15.0, 30.0, 60.0), "Minutes within which facilities are counted, inclusive"
    )
    max_time_min: Minutes | None = option(240.0, "Beyond this a facility counts as beyond the cutoff")
    direction: Literal["to_facility", "from_facility"] = option("to_facility", "Who travels")


class AccessOptions(TimeLimits):
    """Which times are computed."""

    services: tuple[str, ...] = option(
        (), "Services to compute; empty for every one that has a facility or that a norm asks for"
    )
    origins: Literal["settlements", "cells"] = option(
        "settlements", "settlements, or also the cells of the population raster, as tables of their own"
    )
    cell_m: float = option(1000.0, "Size of the cells, rounded to whole cells of the raster", gt=0)

    @field_validator("cutoffs_min")
    @classmethod
    def _counts_something(cls, cutoffs_min: tuple[float, ...]) -> tuple[float, ...]:
        if not cutoffs_min:
            raise ValueError("name one or several")
        return unrepeated(tuple(limited(minutes) for minutes in cutoffs_min))

    _limits = field_validator("max_time_min")(limited)


# What the access engine computes beyond the nearest facility: measures, areas, off-road times, and how sure it is.

Measure = Literal[
    "cumulative", "gravity", "2sfca", "e2sfca", "3sfca", "m2sfca", "bfca", "spatial_availability", "overlap"
]
DecayKind = Literal[
    "binary", "stepped", "linear", "exponential", "gaussian", "truncated_gaussian", "power", "log_logistic"
]


class DecayOptions(Model):
    """How a facility counts for less the further away it is."""

    kind: DecayKind = option("stepped", "Form of the decay")
    minutes: Annotated[tuple[float, ...], Positive] = option(
        (10.0, 20.0, 30.0),
        "Ends of the zones (stepped), cutoff (binary, linear, truncated_gaussian), half-life "
        "(exponential), sigma (gaussian), scale (power), half point (log_logistic)",
        min_length=1,
    )
    weights: tuple[float, ...] = option((1.0, 0.68, 0.22), "Weights of the zones (stepped)")
    exponent: float = option(2.0, "Exponent (power, log_logistic)", gt=0, le=100)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "stepped" and len(self.weights) != len(self.minutes):
            raise ValueError("weights: give one a zone in minutes")
        if self.kind != "stepped" and len(self.minutes) != 1:
            raise ValueError(f"minutes: {self.kind} takes one number")
        return self


class GroupOptions(Model):
    """A group of people with a walk of its own."""

    name: str = Field(min_length=1, description="Name of the group, such as elderly")
    column: str = Field(min_length=1, description="Column of settlements with its people, such as elderly_persons")
    walk_km_h: float = option(5.0, "Speed of its walk to and from the network", gt=0)
    max_walk_m: float = option(5000.0, "The longest walk that it takes, detours counted", gt=0)


class MeasureOptions(Model):
    """Measures of access beyond the nearest facility."""

    kinds: Annotated[tuple[Measure, ...], Unrepeated] = option(
        ("e2sfca",), "Measures to compute, 2sfca without weights up to where the decay ends; empty for none"
    )
    services: Names = option((), "Services to measure; empty for those of the headline norms")
    mode: Mode | None = option(None, "Mode of network.modes that people travel by; the first one by default")
    catchment_min: float = option(60.0, "The longest time that any measure looks at, inclusive", gt=0)
    decay: DecayOptions = section(DecayOptions)
    demand: str = option("population_persons", "Column of settlements with the people who ask for a service")
    persons_per_unit: dict[str, float] = option(
        {},
        "By service, the people that one unit of capacity serves: its facilities are then filled, and "
        "people are served, find them full, or reach none",
    )
    groups: tuple[GroupOptions, ...] = option((), "Groups that are measured on their own too")

    @model_validator(mode="after")
    def _keeps_the_shape(self) -> Self:
        kind, end = self.decay.kind, self.decay.minutes[0]
        # Others are only cut off there; of these the form hangs on their end.
        if kind in {"linear", "truncated_gaussian"} and end > self.catchment_min:
            raise ValueError(f"catchment_min: {self.catchment_min:g} min; a {kind} decay to {end:g} min needs as many")
        return self


class AreaOptions(Model):
    """Areas for maps: how far one comes, and which facility is nearest."""

    isochrones_min: Annotated[tuple[float, ...], Unrepeated, Positive] = option(
        (15.0, 30.0, 60.0), "Minutes around facilities, inclusive; empty for none"
    )
    services: Names = option(
        (),
        "Services whose areas are drawn; empty for those of the headline norms, without any for those told first, and "
        f"for none in a study of more than {MANY_SETTLEMENTS:,} settlements",
    )
    catchments: bool = option(True, "Whether the ground nearest to each facility is drawn too")


class OffRoadOptions(Model):
    """Travel times off the roads, over land cover, slope and water."""

    service: str | None = option(None, "Service that gets a raster of travel times; needs [sources.landcover]")
    speeds: FilePath = option(
        "igbp_weiss_2020",
        "Speeds by land cover: accessmod_example, esa_worldcover, igbp_weiss_2020, or a TOML file below the raw root",
    )
    mode: Literal["walk", "motorised"] = option("walk", "Whether roads are walked or driven")
    neighbours: Literal[4, 8, 16] = option(8, "Steps from a cell: 4, 8, or 16 with the knight's move")
    corners: Literal["block", "pass"] = option(
        "block", "Whether a diagonal between two barriers is closed, or passes as in GRASS r.cost and AccessMod"
    )
    slope: bool = option(
        True, "Whether slopes slow walkers where the study has elevation, on the grid of the land cover"
    )
    resample: Literal["bilinear", "nearest"] | None = option(
        None,
        "How elevation on another grid is brought onto that of the land cover; without it, another grid is refused",
    )
    dem_voids: Literal["refuse", "flat"] = option(
        "refuse", "What walked ground without elevation is: an error, or level"
    )
    cutoff_min: float = option(240.0, "The longest time, inclusive", gt=0)


class WalkRange(Model):
    """How the walks to and from the network may differ from what is assumed. These are choices, not measurements."""

    walk_km_h: tuple[float, float] = option((4.0, 6.0), "Slowest and fastest walk to and from the network")
    detour: tuple[float, float] = option((1.0, 1.6), "Least and largest length of that walk over its straight line")

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        if not 0 < self.walk_km_h[0] <= self.walk_km_h[1]:
            raise ValueError("walk_km_h: give the slowest walk first, above 0")
        if not 1 <= self.detour[0] <= self.detour[1] <= LONGEST_DETOUR:
            raise ValueError(f"detour: give the least detour first, from 1 to {LONGEST_DETOUR:g}")
        return self


class UncertaintyOptions(WalkRange):
    """How sure the times are."""

    speed_share: float = option(0.2, "Every speed may be this share lower or higher; 0 for none", ge=0, lt=1)
    wet: bool = option(True, "Whether the wet season of the speed table is one of the runs")
    snap: bool = option(
        True,
        "Whether the way in is among the runs: slower and longer walks to the network, and at worst only "
        "the nearest way in",
    )
    services: Names = option(
        (),
        "Services that get an interval; empty for those of the headline norms, and for none in a study of more than "
        f"{MANY_SETTLEMENTS:,} settlements",
    )
