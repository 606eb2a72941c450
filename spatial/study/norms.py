"""Which norms bind a study, and what it has decided about them."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from spatial.study.base import Model


class Confirmation(Model):
    """A named person or office has read the clause of a norm in the original, so that it may gate."""

    norm: str = Field(description="Id in the register")
    by: str = Field(min_length=1, description="Who read it")
    on: dt.date = Field(description="When")


class Adoption(Model):
    """The study adopts an authorised or guiding norm, with its own threshold or share where it says so."""

    norm: str = Field(description="Id in the register")
    by: str = Field(min_length=1, description="Who adopted it")
    on: dt.date = Field(description="When")
    threshold: float | None = Field(
        None, description="Threshold in the norm's unit, instead of the register's"
    )
    target_share: float | None = Field(
        None, ge=0, le=1, description="Target share, instead of the register's"
    )


class NormAddition(Model):
    """A norm that the register lacks. It may supersede one that it has, such as a stricter local rule."""

    id: str = Field(min_length=1, description="Its id, which no other norm has")
    service: str = Field(min_length=1, description="What it asks for, as services and bundles are named")
    metric: Literal[
        "time_min",
        "roundtrip_time_min",
        "dist_m",
        "network_dist_m",
        "presence_in_unit",
        "persons_per_facility",
    ] = Field("time_min", description="How it is measured")
    mode: str = Field("any", description="Mode of travel; any = the fastest that the study has")
    threshold: float = Field(gt=0, description="In minutes, metres or persons; inclusive; 1 for presence")
    fail_point: float | None = Field(None, description="Where a place scores nothing; none by default")
    target_share: float = Field(
        1.0, gt=0, le=1, description="Share of people, or of units, that must be served"
    )
    stat_unit: str = Field("population", description="Whom it counts, such as population or children_6_11")
    scope: Literal["all", "urban", "rural"] = Field("all", description="Whom it binds")
    norm_class: Literal["mandatory", "guiding", "authorised"] = Field(
        "guiding", description="Its legal class"
    )
    instrument: Literal[
        "law",
        "regulation",
        "rule",
        "mandatory_standard",
        "binding_plan_indicator",
        "recommended_standard",
        "policy_document",
        "monitoring_definition",
    ] = Field("policy_document", description="What kind of text it stands in")
    valid_from: dt.date | None = Field(None, description="First day on which it holds")
    valid_to: dt.date | None = Field(None, description="Last day on which it holds")
    read_in_original: bool = Field(
        False, description="Whether its clause was read in the original, without which it is no gate"
    )
    supersedes: tuple[str, ...] = Field((), description="Norms of the register that it takes the place of")
    source: str = Field(min_length=1, description="Where it stands: title, year, clause")
    why: str = Field(min_length=1, description="Why it binds the study")
    by: str = Field(min_length=1, description="Who added it")
    on: dt.date = Field(description="When")


class NormChoices(Model):
    """What a study decides about the norms of a register."""

    only: tuple[str, ...] = Field((), description="Evaluate these norms only; empty for all that apply")
    headline: tuple[str, ...] = Field(
        (), description="Norms whose result opens the page, in order; empty to let the register decide"
    )
    confirm: tuple[Confirmation, ...] = Field(
        (), description="Clauses read in the original by a named office"
    )
    adopt: tuple[Adoption, ...] = Field((), description="Norms that the study adopts")
    level: Literal["national", "province", "county"] = Field(
        "county",
        description="The level at which the study stands, for norms whose share holds at one level only",
    )


class NormOptions(NormChoices):
    """Which norms bind the study."""

    register_file: str | None = Field(
        None,
        alias="register",
        description="A register of the user's own below the raw root, instead of the shipped one",
    )
    add: tuple[NormAddition, ...] = Field((), description="Norms that the register lacks")
