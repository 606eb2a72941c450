"""What a study is judged by: the norms that bind it, and how its integration is scored."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from spatial.errors import first_of
from spatial.plain_text import shipped_toml
from spatial.study.base import FilePath, Model, Names, Positive, Unrepeated, option, section

PILLARS = ("structure", "elements", "boundaries", "order")


def _required_services() -> dict[str, tuple[str, ...]]:
    return {tier: tuple(services) for tier, services in shipped_toml("study/required_services.toml").items()}


SAME_TARGET = {"dissimilarity_contiguity": "dissimilarity"}
"""Gaps that are held against the target of another one, being the same over the same units."""


class GapTargets(Model):
    """From where on a gap between town and country counts as closed. All are local choices."""

    gap_ratio: float = option(0.9, "Country against town, at least; 1 = equal", ge=0, le=1)
    coverage_gap: float = option(0.05, "Share covered in town less in the country, at most", ge=0, le=1)
    theil_between_share: float = option(
        0.10, "Part of all inequality that lies between town and country, at most", ge=0, le=1
    )
    dissimilarity: float = option(
        0.10,
        "Dissimilarity of those beyond the norm over units, at most; the same with units that touch as neighbours",
        ge=0,
        le=1,
    )
    border_effect_min: float = option(2.0, "Mean extra minutes because of borders, at most", ge=0)
    border_captive_share: float = option(
        0.05, "People who reach a facility only across the border of their unit, at most", ge=0, le=1
    )
    flow_balance: float = option(0.6, "Balance of flows, at least; 1 = as much each way", ge=0, le=1)

    def of(self, component: str) -> tuple[float, bool] | None:
        """Find the target of a gap, and whether at least (True) or at most is asked; None where it has none."""
        name = SAME_TARGET.get(component, component)
        if name not in type(self).model_fields:
            return None
        return getattr(self, name), name in {"gap_ratio", "flow_balance"}


class FlowTotals(Model):
    """Totals of a flow between the country and town, where nobody knows which place they concern."""

    outward: float = Field(ge=0, description="A year, from the country to town")
    inward: float = Field(ge=0, description="A year, from town to the country")

    @model_validator(mode="before")
    @classmethod
    def _pair(cls, totals: Any) -> Any:
        """Take a call's pair in this order; a study names both."""
        return dict(zip(("outward", "inward"), totals, strict=True)) if isinstance(totals, tuple) else totals


SemiDense = Literal["manual", "ghsl"]
"""Semi-dense urban clusters by the manual of 2021, or as in GHSL since July 2024."""


class DegurbaVariant(Model):
    """Which of the published variants of the Degree of Urbanisation is followed."""

    semi_dense_distance_km: float = option(
        2.0,
        "How far semi-dense clusters lie from urban centres and dense clusters, at least: kilometres of "
        "other cells, counted over corners too",
        gt=0,
    )
    order: Literal["smooth_then_fill", "fill_then_smooth"] = option(
        "smooth_then_fill", "Of smoothing the edges of urban centres and filling their holes"
    )
    size_test: Literal["before", "after"] = option(
        "before", "Whether an urban centre needs its 50,000 persons before or after that"
    )
    majority: Literal["R2022A", "R2023A"] = option(
        "R2022A", "Smoothing: five of eight neighbours, or more than half of those with land or people"
    )


class DegurbaOptions(DegurbaVariant):
    """Which of the published rules of the Degree of Urbanisation are followed."""

    grid: Literal["raster", "settlements"] = option(
        "raster",
        "Where people on cells of 1 km come from: the population raster, or, where there is none, the "
        "settlements, whose people then all stand at one point",
    )
    rules: Literal["2024", "2021"] = option(
        "2024", "Of cells and of townships: as changed in July 2024, or as in the manual of 2021"
    )
    semi_dense: SemiDense | None = option(
        None,
        "Semi-dense urban clusters: by the manual of 2021 (300 persons a km², 5,000 persons) or as in GHSL "
        "since July 2024 (900, 2,500); as `rules` say by default",
    )


class FunctionalAreaOptions(Model):
    """How functional urban areas are found."""

    commuting_kind: str = option(
        "commuting",
        "Kind of flow in [sources.flows] that is commuting, in persons; rows from a place to itself are "
        "those who work where they live",
        min_length=1,
    )
    commuting_share: float = option(0.15, "Of a township's employed residents who must commute to the city", gt=0, le=1)
    employed_column: str = option(
        "employed_residents",
        "Column of settlements with employed residents; without it they are all who commute, where the "
        "flows have those who work in their own township too",
    )
    proxy_min: float = option(
        60.0, "Without commuting: minutes to the urban centre within which half of a township's people must live", gt=0
    )


class ScoreRules(Model):
    """What a study decides about its score."""

    norms: Names = option(
        (),
        "Norms that make up access; all that are graded and measured by default. Name them where results "
        "of several dates or scenarios are compared",
    )
    gap_norm: str = option(
        "", "Norm by which gaps are told; by default the first judged one in minutes or metres, headline norms first"
    )
    epsilon: float = option(0.5, "Aversion to inequality in the level of access", ge=0, le=10)
    weights: dict[str, float] = option({}, "Weights of the pillars; equal by default")
    volume_targets: dict[str, float] = option(
        {}, "Volume a year between town and country that counts as full, by kind of flow"
    )
    flow_totals: dict[str, FlowTotals] = option(
        {},
        "Observed flows of which only totals are known, by kind, such as deposits = { outward = 3e8, "
        "inward = 1e8 }; others stand in [sources.flows]",
    )
    targets: GapTargets = section(GapTargets)
    level_bands: tuple[float, float] = option(
        (0.5, 0.8), "A level below the first is called low, from the second on high"
    )
    environment_km: float = option(
        5.0,
        "Reach of the surroundings of a settlement in which segregation is measured, in a straight line",
        gt=0,
        le=1000,
    )
    draws: int = option(1000, "Draws of weights, means, goalposts and speeds", ge=1, le=100_000)
    seed: int = option(0, "Seed of the draws; the same seed gives the same ranks", ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        low, high = self.level_bands
        if not 0.0 < low < high < 1.0:
            raise ValueError(f"level_bands: must rise between 0 and 1, are {low:g} and {high:g}")
        strangers = [name for name in self.weights if name not in PILLARS]
        if strangers:
            raise ValueError(f"weights: {first_of(strangers)} are no pillars; the pillars are {first_of(PILLARS)}")
        if self.weights and not (min(self.weights.values()) >= 0.0 < max(self.weights.values())):
            raise ValueError("weights: must be 0 or more, and not all 0")
        if any(not target > 0.0 for target in self.volume_targets.values()):
            raise ValueError("volume_targets: must be above 0")
        return self


class ScoreOptions(ScoreRules):
    """How integration and segmentation are scored."""

    required_services: dict[str, tuple[str, ...]] = Field(
        default_factory=_required_services,
        description="Services that a town of each tier should have; those whose list is not complete ([inventory]) "
        "are not asked for",
    )
    town_radius_m: float = option(2000.0, "Facilities within this distance of a town are in it", gt=0)
    town_min: float = option(30.0, "Minutes within which people should reach a town", gt=0)
    bands_min: Annotated[tuple[float, ...], Positive] = option(
        (15.0, 30.0, 60.0), "Bands of time in which places depend on a town, rising", min_length=1
    )
    degurba: DegurbaOptions = section(DegurbaOptions)
    functional_areas: FunctionalAreaOptions = section(FunctionalAreaOptions)
    neighbours: Literal["travel_time", "straight_line", "township"] = option(
        "travel_time",
        "Neighbours in clusters of access: the 8 nearest settlements by travel time in the first mode or "
        "in a straight line, or townships that touch, each with the mean of its people",
    )
    rank_column: str = option(
        "",
        "Column of settlements that ranks people from worst to best off, such as income, for "
        "concentration indices; none by default",
    )
    potential_flows: Annotated[tuple[Literal["radiation", "gravity", "huff"], ...], Unrepeated] = option(
        (), "Models of flows to show as a layer of their own; they are never scored"
    )

    @field_validator("bands_min")
    @classmethod
    def _rise(cls, minutes: tuple[float, ...]) -> tuple[float, ...]:
        if any(later <= earlier for earlier, later in pairwise(minutes)):
            raise ValueError("must rise")
        return minutes


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
        "law", "regulation", "rule", "mandatory_standard", "binding_plan_indicator", "recommended_standard",
        "policy_document", "monitoring_definition",
    ] = option("policy_document", "What kind of text it stands in")  # fmt: skip
    duty_bearer: str | None = option(None, "Who must act by its text, such as county_government or 'Health bureau'")
    valid_from: dt.date | None = option(None, "First day on which it holds")
    valid_to: dt.date | None = option(None, "Last day on which it holds")
    read_in_original: bool = option(False, "Whether its clause was read in the original, without which it is no gate")
    supersedes: tuple[str, ...] = option((), "Norms of the register that it takes the place of")
    source: str = option(
        "", "Where it stands: title, year, clause; asked of a mandatory norm, as are instrument and the next three"
    )
    why: str = option("", "Why it binds the study")
    by: str = option("", "Who added it")
    on: dt.date | None = option(None, "When")

    @model_validator(mode="after")
    def _stands_somewhere(self) -> Self:
        # The default kind of text gates nothing: nobody has said then where a mandatory norm stands.
        missing = [name for name in ("instrument",) if name not in self.model_fields_set]
        missing += [name for name in ("source", "why", "by", "on") if not getattr(self, name)]
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


LAW_KEYS = ("norms", "jurisdictions", "as_of", "tiers.urban", "access.max_time_min", "services_file")
"""Keys of a study that say which norms bind it, and what they ask for."""


class NormOptions(NormChoices):
    """Which norms bind the study."""

    register_file: FilePath | None = option(
        None, "A register of the user's own below the raw root, instead of the shipped one", alias="register"
    )
    add: tuple[NormAddition, ...] = option((), "Norms that the register lacks")
