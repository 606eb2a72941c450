"""The study area, its units, its tiers of settlements and its people."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from spatial.study.base import Model, option, refuse_group_names

Basis = Literal["resident", "registered", "modelled", "listed"]
_BASIS_WORDS = {
    "registered": ("户籍", "registered", "population legale", "population légale"),
    "resident": ("常住", "resident", "usual", "residente", "résidente"),
}


def basis_told(text: str) -> str:
    """Tell whose number a column or a source names: resident or registered; empty where it says neither, or both."""
    low = text.lower()
    said = [basis for basis, words in _BASIS_WORDS.items() if any(word in low for word in words)]
    return said[0] if len(said) == 1 else ""


def basis_differs(one: str, two: str) -> bool:
    """Tell whether two numbers of people count other people, so that they are not held against each other."""
    lives_there = {"resident", "modelled"}
    pair = {one, two}
    return "registered" in pair and bool(pair & lives_there)


class Region(Model):
    """The study area, by default all that the sources hold, and the units that results are summed over."""

    admin_level: int | None = option(
        None, "Study area = boundaries of this level (with `names`: only those)", ge=1, le=12
    )
    names: tuple[str, ...] = option((), "Names of the boundaries of `admin_level` that make the study area")
    bbox: tuple[float, float, float, float] | None = option(None, "Study area as west, south, east, north in degrees")
    buffer_km: float = option(30.0, "Ground beyond the study area that serves but is not scored", ge=0, le=1000)
    unit_levels: tuple[int, ...] = option(
        (), "Admin levels of the townships, most wanted first: the next fills what the first leaves"
    )
    unit_tolerance_m: float = option(1000.0, "A place this near to a unit, and in none, belongs to it (coasts)", ge=0)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.bbox is not None and self.admin_level is not None:
            raise ValueError("give either bbox or admin_level, not both")
        if self.names and self.admin_level is None:
            raise ValueError("names need admin_level")
        if self.bbox is not None and not (self.bbox[0] < self.bbox[2] and self.bbox[1] < self.bbox[3]):
            raise ValueError("bbox must be west, south, east, north with west < east and south < north")
        if self.bbox is not None and not (
            max(map(abs, self.bbox[::2])) <= 180 and max(map(abs, self.bbox[1::2])) <= 90
        ):
            raise ValueError("bbox must be degrees, longitude before latitude: west, south, east, north")
        return self


class Tiers(Model):
    """Which place tags belong to which tier."""

    city: tuple[str, ...] = option(("city",), "Place tags of cities")
    county_seat: tuple[str, ...] = option((), "Place tags, or names, of county seats")
    town: tuple[str, ...] = option(("town",), "Place tags of towns")
    village: tuple[str, ...] = option(("village", "hamlet"), "Place tags of villages")
    urban: tuple[str, ...] = option((), "Tiers that count as urban where no official class is known")

    @property
    def words(self) -> dict[str, str]:
        """Tier by place tag; of a tag in several tiers the largest counts."""
        return {word: tier for tier in ("village", "town", "county_seat", "city") for word in getattr(self, tier)}


class GroupShare(Model):
    """How many people of a group there are where nobody counted them."""

    share: Annotated[float, Field(ge=0, le=1, strict=True)] | Literal["units"] = Field(
        description="Share of each settlement's people; units for the share of its unit in [sources.official_units]"
    )
    source: str = option("", "Where a share given as a number stands: publication, table, year")

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if self.share != "units" and not self.source:
            raise ValueError("a share needs its source: publication, table, year")
        return self


class PopulationOptions(Model):
    """How people are counted."""

    basis: Basis = option(
        "modelled",
        "resident, registered, modelled or listed: printed on every output; without a raster of people it "
        "is listed by default, as the list or the tags of the settlements count them",
    )
    max_distance_m: float = option(
        5000.0, "A populated cell further than this from every settlement and road is reported as too far", gt=0
    )
    min_known_share: float = option(
        0.9, "Without a raster: share of settlements that must have a population for people to be counted", ge=0, le=1
    )
    rescale_to: Literal["units"] | None = option(
        None, "units: the people of each unit's settlements are scaled to its number in [sources.official_units]"
    )
    rescale_max_factor: float = option(
        2.0, "A unit whose people would be multiplied, or divided, by more than this is left as it is", gt=1
    )
    groups: dict[str, GroupShare] = option(
        {},
        "Shares of groups where no list or raster counts them, such as elderly = { share = 0.21, source = "
        "'Census 2020' }; they are marked estimated",
    )

    @field_validator("groups")
    @classmethod
    def _group_names(cls, value: dict[str, GroupShare]) -> dict[str, GroupShare]:
        refuse_group_names(value)
        return value
