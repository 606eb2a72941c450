"""How lists of facilities are merged with the mapped ones."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from spatial.study.base import Model, unrepeated

__all__ = ["MergeOptions"]

MapMayWin = Literal[
    "geometry",
    "name",
    "name_en",
    "name_zh",
    "service",
    "status",
    "level",
    "capacity",
    "load",
    "opening_hours",
    "eligibility",
]


class MergeOptions(Model):
    """How facilities of lists of the user's own are merged with those of the extract."""

    distance_m: float = Field(
        500.0,
        ge=0,
        description="A row of a list and a mapped facility of its family of services, called alike, are one up to here",
    )
    name_min: float = Field(
        0.85, ge=0, le=1, description="Least similarity of two names, 0-1, to be called alike"
    )
    doubles_m: float = Field(
        150.0,
        ge=0,
        description="Two rows called alike, or one of them without a name, are one up to here in every source",
    )
    far_m: float = Field(
        5000.0, ge=0, description="Up to here a mapped facility called alike is put on the list to review"
    )
    map_wins: Annotated[tuple[MapMayWin, ...], AfterValidator(unrepeated)] = Field(
        (), description="Columns in which the map wins; in all others the list does where it says anything"
    )
    decisions: str | None = Field(
        None, description="CSV below the raw root: facilities_to_review.csv with decision filled in"
    )
