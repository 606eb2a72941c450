"""How places without coordinates are located."""

from __future__ import annotations

from pydantic import Field

from spatial.study.base import Model

__all__ = ["PlacingOptions"]


class PlacingOptions(Model):
    """How rows of tables without coordinates are located."""

    name_min: float = Field(
        0.85, ge=0, le=1, description="Least similarity of names, 0-1, for a place to be located by its name"
    )
    margin: float = Field(
        0.05, ge=0, le=1, description="Least lead of the most similar settlement over the next, 0-1"
    )
    decisions: str | None = Field(
        None, description="CSV below the raw root: places_to_decide.csv with settlement_id filled in"
    )
