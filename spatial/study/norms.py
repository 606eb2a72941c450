"""Which norms bind a study, and what it has decided about them."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Self

from pydantic import Field, model_validator

from spatial.study.base import FilePath, Model, option


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
    threshold: float | None = option(None, "Threshold in the norm's unit, instead of the register's")
    target_share: float | None = option(None, "Target share, instead of the register's", ge=0, le=1)


class NormAddition(Model):
    """A norm that the register lacks. It may supersede one that it has, such as a stricter local rule."""

    id: str = Field(min_length=1, description="Its id, which no other norm has")
    service: str = Field(min_length=1, description="What it asks for, as services and bundles are named")
    metric: Literal[
        "time_min", "roundtrip_time_min", "dist_m", "network_dist_m", "presence_in_unit", "persons_per_facility"
    ] = option("time_min", "How it is measured")
    mode: str = option("any", "Mode of travel; any = the fastest that the study has")
    threshold: float = Field(gt=0, description="In minutes, metres or persons; inclusive; 1 for presence")
    fail_point: float | None = option(None, "Where a place scores nothing; none by default")
    target_share: float = option(1.0, "Share of people, or of units, that must be served", gt=0, le=1)
    stat_unit: str = option("population", "Whom it counts, such as population or children_6_11")
    scope: Literal["all", "urban", "rural"] = option("all", "Whom it binds")
    norm_class: Literal["mandatory", "guiding", "authorised"] = option("guiding", "Its legal class")
    instrument: Literal[
        "law",
        "regulation",
        "rule",
        "mandatory_standard",
        "binding_plan_indicator",
        "recommended_standard",
        "policy_document",
        "monitoring_definition",
    ] = option("policy_document", "What kind of text it stands in")
    duty_bearer: str | None = option(None, "Who must act by its text, such as county_government or 'Health bureau'")
    valid_from: dt.date | None = option(None, "First day on which it holds")
    valid_to: dt.date | None = option(None, "Last day on which it holds")
    read_in_original: bool = option(False, "Whether its clause was read in the original, without which it is no gate")
    supersedes: tuple[str, ...] = option((), "Norms of the register that it takes the place of")
    source: str = option("", "Where it stands: title, year, clause; asked of a mandatory norm, as are the next three")
    why: str = option("", "Why it binds the study")
    by: str = option("", "Who added it")
    on: dt.date | None = option(None, "When")

    @model_validator(mode="after")
    def _stands_somewhere(self) -> Self:
        missing = [name for name in ("source", "why", "by", "on") if not getattr(self, name)]
        if self.norm_class == "mandatory" and missing:
            raise ValueError(f"a mandatory norm gates: say {', '.join(missing)}")
        return self


class NormChoices(Model):
    """What a study decides about the norms of a register."""

    only: tuple[str, ...] = option((), "Evaluate these norms only; empty for all that apply")
    headline: tuple[str, ...] = option(
        (), "Norms whose result opens the page, in order; empty to let the register decide"
    )
    confirm: tuple[Confirmation, ...] = option((), "Clauses read in the original by a named office")
    adopt: tuple[Adoption, ...] = option((), "Norms that the study adopts")
    level: Literal["national", "province", "county"] = option(
        "county", "The level at which the study stands, for norms whose share holds at one level only"
    )


class NormOptions(NormChoices):
    """Which norms bind the study."""

    register_file: FilePath | None = option(
        None, "A register of the user's own below the raw root, instead of the shipped one", alias="register"
    )
    add: tuple[NormAddition, ...] = option((), "Norms that the register lacks")
