"""What is tried out and held against the clock: scenarios, observed times, emergency response."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from spatial.study.access import Mode
from spatial.study.base import LARGEST, ByLanguage, Model, Names, Positive, Unrepeated, option, positive
from spatial.study.sources import TableSource


def crew_columns(emergency: Iterable[EmergencyOptions]) -> tuple[str, ...]:
    """Name the columns of facilities that hold the minutes of crews until they leave."""
    stated = (crew.mobilisation_min for crew in emergency)
    return tuple(name for name in stated if isinstance(name, str))


def _above_zero(numbers: dict[str, float]) -> dict[str, float]:
    positive(tuple(numbers.values()))
    if any(number > LARGEST["_km_h"] for number in numbers.values()):
        raise ValueError(f"must be at most {LARGEST['_km_h']:,.0f}")
    return numbers


File = Annotated[TableSource | None, BeforeValidator(lambda file: {"path": file} if isinstance(file, str) else file)]
"""A table of the user's own; a text alone is its path."""
ByName = Annotated[dict[str, float], AfterValidator(_above_zero)]
Capacities = dict[str, Annotated[float, Field(ge=0)]]
DAYS_A_WEEK = 5.0
"""Days on which a facility that stands is open: what a stop on some of them holds is that share of it."""


class OpenedFacility(Model):
    """A facility that opens: in a settlement, where one is planned, or at a point."""

    service: str = Field(description="Its service, such as primary_care")
    at: str | None = option(None, "Id or name of a settlement, or id of a planned facility")
    lon: float | None = option(None, "Without at: longitude, WGS-84", ge=-180, le=180)
    lat: float | None = option(None, "Without at: latitude, WGS-84", ge=-90, le=90)
    facility_id: str | None = option(None, "Its id; by default service@at, or service@lon,lat")
    name: str = option("", "Its name")
    capacity: float | None = option(None, "What it can hold; by default as much as the middle one of its service", ge=0)

    @model_validator(mode="after")
    def _stands_somewhere(self) -> Self:
        if (self.at is None) == (self.lon is None) or (self.lon is None) != (self.lat is None):
            raise ValueError("say where: either at, or lon and lat")
        return self

    @property
    def id(self) -> str:
        """What it is called among facilities."""
        return self.facility_id or f"{self.service}@{self.at or f'{self.lon},{self.lat}'}"


class BuiltRoad(Model):
    """A road that is built, by its points."""

    road_id: str = Field(description="Its id")
    points: tuple[Annotated[tuple[float, ...], Field(min_length=2, max_length=2)], ...] = Field(
        description="Longitude and latitude of each of its points, WGS-84, such as [[104.1, 28.5], [104.2, 28.5]]",
        min_length=2,
    )
    road_class: str = option("unclassified", "Its class")
    surface: str | None = option(None, "Its surface, as in tags of OpenStreetMap")
    speed_km_h: float | None = option(
        None, "Its speed; by default the middle one of its class, or that of the speed table where there is none", gt=0
    )
    length_km: float | None = option(None, "Its length where the points do not tell it; times follow it", gt=0)


class SharedUnits(Model):
    """Units that share what is kept for their own people: a medical community, a joint clinic, a school district."""

    units: Names = Field(min_length=2, description="Units that share, by code, id or name as in eligible_units")
    services: Names = option((), "Services that they share, with all that counts for these; empty for every one")


class MobileStops(Model):
    """A service that comes by: its stops, and how much of a week it is at each."""

    service: str = Field(description="The service that comes, such as primary_care")
    at: Names = Field(min_length=1, description="Ids or names of the settlements where it stops")
    days_a_week: float = Field(gt=0, le=7, description="Days a week at each stop; 0.5 is a day a fortnight")
    capacity: float | None = option(
        None, "What each stop can hold; by default days_a_week / 5 of the middle facility of its service", ge=0
    )

    @property
    def share_of_week(self) -> float:
        """How much a stop holds of what a facility does that stands."""
        return min(1.0, self.days_a_week / DAYS_A_WEEK)

    @property
    def stops(self) -> list[OpenedFacility]:
        """A facility a stop."""
        service, capacity = self.service, self.capacity
        return [
            OpenedFacility(service=service, at=at, facility_id=f"mobile:{service}@{at}", capacity=capacity)
            for at in self.at
        ]


Community = Annotated[
    SharedUnits,
    BeforeValidator(
        lambda shared: (
            {"units": shared}
            if isinstance(shared, list | tuple) and all(isinstance(unit, str) for unit in shared)
            else shared
        )
    ),
]
"""Units whose facilities serve each other's people; a list alone is of them."""


class ScenarioOptions(Model):
    """A change on the roads or of the facilities whose gains and losses are counted."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Short name of the scenario: small letters, digits, - and _"
    )
    title: ByLanguage = option({}, "Title by language")
    services: Names = option(
        (), "Services or tiers of towns looked at; empty for those of the headline norms and of what opens or closes"
    )
    mode: Mode | None = option(None, "Mode of network.modes that people travel by; the first one by default")
    close: Names = option((), "Ids of roads or edges that are closed, in both directions")
    close_file: File = option(
        None,
        "File of points (the nearest road), lines (roads that they cross or run along) or areas (roads "
        "that touch them) that close roads",
    )
    close_within_m: float = option(10.0, "How far a point or line of close_file may be from its road, inclusive", gt=0)
    speeds_km_h: ByName = option({}, "New speed by id of road or edge")
    speed_factors: ByName = option(
        {}, "Factor on the speed by id of road or edge, else by class of road, such as {tertiary = 1.3}"
    )
    new_roads: File = option(
        None,
        "File of lines: new roads, with road_class, and road_id, speed_km_h, oneway, surface, bridge, "
        "tunnel as far as known",
    )
    snap_tolerance_m: float = option(10.0, "How far an end of a new road may be from what it joins, inclusive", ge=0)
    new_facilities: File = option(None, "File of points: facilities that open")
    close_facilities: Names = option((), "Ids of facilities that close")
    open: tuple[OpenedFacility, ...] = option((), "Facilities that open, without a file")
    change_capacity: Capacities = option(
        {}, "Capacity of facilities that there are, by id, in the unit of their service; 0 leaves no room"
    )
    share_units: tuple[Community, ...] = option(
        (), "Units whose facilities serve each other's people, such as [['Weidu', 'Shiling']]"
    )
    mobile_stops: tuple[MobileStops, ...] = option((), "Services that come by on some days")
    build: tuple[BuiltRoad, ...] = option((), "Roads that are built, without a file")
    season: str | None = option(None, "Season of the speed table that the scenario plays in, such as wet")

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        changes = set(type(self).model_fields) - {
            "name", "title", "services", "mode", "close_within_m", "snap_tolerance_m",
        }  # fmt: skip
        if not any(getattr(self, key) for key in changes):
            raise ValueError(f"changes nothing; give one of {', '.join(sorted(changes))}")
        both = [name for name in self.change_capacity if name in self.close_facilities]
        if both:
            raise ValueError(f"{self.name}: {', '.join(both)} closes: leave it out of change_capacity, or open")
        ids = [stop.id for stops in self.mobile_stops for stop in stops.stops]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"{self.name}: {', '.join(twice)} stops twice; add up its days_a_week in mobile_stops")
        return self


class FitMinimum(Model):
    """How many observed times a fit of speeds needs."""

    minimum: int = option(20, "Fewer usable observations are refused; half are for the fit", ge=2)


class CalibrationOptions(FitMinimum):
    """Observed times that the speeds of the first mode are held against."""

    observed: File = option(
        None,
        "File of observed_min with from_id and to_id (settlements or facilities), or with from_x, from_y, "
        "to_x and to_y in the declared crs",
    )
    departure: str = option("", "When and how it was observed, such as 'weekdays 08:00, map service'; carried along")
    by: Literal["road_class", "surface"] = option("road_class", "What shares a factor on its speed")
    groups: dict[str, str] = option({}, "Classes that share a factor, such as {primary_link = 'primary'}")
    apply: bool = option(False, "Whether the study travels at the fitted speeds; otherwise they are only reported")

    @model_validator(mode="after")
    def _has_a_file(self) -> Self:
        if self.apply and self.observed is None:
            raise ValueError("apply: there is nothing to apply; name a file as observed")
        return self


class EmergencyOptions(Model):
    """Response of crews: mobilisation and the drive from the station."""

    service: str = Field(description="Service whose facilities are the stations, such as fire_station")
    mobilisation_min: float | str = Field(
        description="Minutes from the call to the departure; or the column of facilities that holds them"
    )
    mode: Mode | None = option(
        None,
        "Mode of network.modes that crews travel by; by default the first that there is of emergency, "
        "drive and motorcycle",
    )
    targets_min: Annotated[tuple[float, ...], Unrepeated, Positive] = option(
        (15.0, 30.0), "Response minutes within which people are counted, inclusive", min_length=1
    )

    @model_validator(mode="after")
    def _is_no_past(self) -> Self:
        if not isinstance(self.mobilisation_min, str) and self.mobilisation_min < 0:
            raise ValueError("mobilisation_min: must be 0 or more")
        return self
