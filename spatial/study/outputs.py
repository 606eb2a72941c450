"""What a study writes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from spatial.study.base import Model, unrepeated

__all__ = ["OutputOptions"]

Status = Literal["draft", "internal", "public"]


class OutputOptions(Model):
    """What is written."""

    crs: str | None = Field(None, description="CRS of the GeoPackage; the working CRS by default")
    languages: Annotated[tuple[str, ...], AfterValidator(unrepeated)] = Field(
        ("en",), min_length=1, description="Languages of the pages, the first one shown first"
    )
    status: Status = Field("draft", description="draft, internal or public: printed on every page")
    map_approval: str | None = Field(
        None, min_length=1, description="Approval number of the maps, printed wherever the status is"
    )
    max_page_mb: float = Field(20.0, gt=0, description="Pages above this are simplified, then split")
