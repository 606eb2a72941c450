"""What plans are drawn for, and how far they may go."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from spatial.study.access import Mode  # noqa: TC001 - pydantic reads annotations when the module is loaded
from spatial.study.base import Model, option


class PlanOptions(Model):
    """A plan that the study asks for: for a norm, or for a service within some minutes."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,55}$", description="Short name of the plan: small letters, digits, - and _"
    )
    title: dict[str, str] = option({}, "Title by language")
    norm: str | None = option(None, "Norm that it is to reach, such as 'CN-COUNTY-60'")
    service: str | None = option(None, "Without a norm: the service that sites are sought for")
    within_min: float | None = option(None, "Without a norm: minutes to it, inclusive", gt=0)
    mode: Mode | None = option(None, "Without a norm: how people travel; by default the first of network.modes")
    sites: int | None = option(None, "New sites at most; by default planning.most_sites", ge=1)
    link_km: float | None = option(None, "Kilometres of new links at most; by default planning.link_km", gt=0)

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if (self.norm is None) == (self.service is None):
            raise ValueError("name either a norm, or a service with within_min")
        if (self.service is None) != (self.within_min is None):
            raise ValueError("service and within_min belong together")
        return self


class PlanningOptions(Model):
    """How many plans are drawn for norms that fail, and how far they may go."""

    most_plans: int = option(
        5, "Plans for norms that fail, failed gates first, then by people beyond; 0 for none", ge=0
    )
    most_sites: int = option(5, "New sites of a plan at most", ge=1, le=20)
    near_share: float = option(0.05, "A norm that is met by so little more than its share is nearly failed", ge=0, le=1)
    link_km: float = option(30.0, "Kilometres of new links of a plan at most", gt=0)
    link_speed_km_h: float = option(40.0, "Speed on new links", gt=0)
    link_detour: float = option(1.3, "Length of a new link, where nobody has drawn it, against the straight line", ge=1)
    actions: str | None = option(
        None, "List of actions that you keep, below the raw root; spatial plan --actions FILE writes and renews it"
    )
