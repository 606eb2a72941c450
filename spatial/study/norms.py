"""Which norms bind a study, and what it has decided about them."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from spatial.study.base import Model

__all__ = ["Adoption", "Confirmation", "NormOptions"]


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


class NormOptions(Model):
    """Which norms bind the study."""

    register_file: str | None = Field(
        None,
        alias="register",
        description="A register of the user's own below the raw root, instead of the shipped one",
    )
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
