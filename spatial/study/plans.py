"""What plans are drawn for, and how far they may go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, StrictInt, field_validator, model_validator

from spatial.study.access import LONGEST_DETOUR, Mode
from spatial.study.base import ByLanguage, FilePath, Model, Names, Unrepeated, one_in_a_list, option
from spatial.study.scenarios import File
from spatial.study.sources import TableSource

CandidateSource = Literal["settlements", "idle", "list", "grid"]
LONGEST_WITH_ROUND = 50
"""Signs in the name of a plan whose round is a scenario of its own."""
Candidates = Annotated[tuple[CandidateSource, ...], Unrepeated]
Units = Annotated[tuple[str, ...], Field(min_length=2), Unrepeated]


class ConstraintSource(TableSource):
    """Areas of the user's own that exclude or flag sites and links."""

    kind: Literal["permanent_farmland", "ecological_red_line", "development_boundary", "hazard"] | None = option(
        None, "What every row is, where the file has no column kind"
    )


class PlanCosts(Model):
    """What actions cost, as the user states it: the package ships no prices, since none would be true."""

    sums_of_money: ClassVar[frozenset[str]] = frozenset(("link_km", "road_km"))

    currency: str = Field(min_length=1, description="Word for the money, such as 'yuan' or 'million yuan'")
    file: FilePath | None = option(
        None,
        "CSV of costs below the raw root instead of the keys below: action (open_site, enlarge_site, close_site, "
        "build_link, upgrade_road), service (of the first three) and cost (of a site, a unit of capacity, what closing "
        "saves, a kilometre)",
    )
    open: Mapping[str, NonNegativeFloat] = option(
        {}, "Opening a site, by service; a column cost of planning.idle and planning.points says it of a single one"
    )
    link_km: PositiveFloat | None = option(None, "A kilometre of new link")
    road_km: PositiveFloat | None = option(None, "A kilometre of road that is brought up to a class")
    unit: Mapping[str, NonNegativeFloat] = option(
        {}, "A unit of capacity more, such as a bed, by service: at what stands, and of new sites whose size is planned"
    )
    close: Mapping[str, NonNegativeFloat] = option({}, "What closing a facility saves, by service")


class RoundOptions(Model):
    """A mobile service for those whom sites leave out: a team that stops at settlements, at each once a period."""

    base: str = Field(description="Id or name of the settlement where every day of the team begins and ends")
    within_min: float = option(30.0, "How far people go to a stop, inclusive, as the plan has them travel", gt=0)
    days: int = option(10, "Working days of the period in which each stop is visited once", ge=1)
    hours_per_day: float = option(8.0, "From leaving the base to being back, inclusive", gt=0)
    hours_per_stop: float = option(2.0, "Spent at each stop", gt=0)
    persons_per_stop: float | None = option(None, "How many people the team can see at a stop", gt=0)
    mode: Mode | None = option(None, "Mode of network.modes that the team travels by; the first one by default")


class PlanOptions(Model):
    """A plan that the study asks for: for a norm, for a service within some minutes, or for the room that it has."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,55}$", description="Short name of the plan: small letters, digits, - and _"
    )
    title: ByLanguage = option({}, "Title by language")
    norm: str | None = option(None, "Norm that it is to reach, such as 'CN-COUNTY-60'")
    service: str | None = option(None, "Without a norm: the service that sites are sought for")
    services: Names = option(
        (), "Several services under one budget, or of so many sites together; each within within_min"
    )
    norms: Names = option(
        (), "Norms under the same budget, each with its own minutes and people; alone or beside services"
    )
    within_min: float | None = option(None, "Of service or services: minutes to it, inclusive", gt=0)
    group: str | None = option(
        None,
        "Without a norm: column of settlements with the people whom it is for, such as 'elderly_persons'; by default "
        "everybody, and for room those of measures.demand",
    )
    mode: Mode | None = option(None, "Without a norm: how people travel; by default the first of network.modes")
    units: Names = option(
        (),
        "Units, by name or id, whose people the plan is for and in which it builds, such as a district of a country; "
        "empty for the whole study",
    )
    candidates: Candidates | None = option(
        None, "Where sites may be: settlements, idle, list, grid; by default planning.candidates"
    )
    sites: int | None = option(None, "New sites at most; by default planning.most_sites", ge=1)
    link_km: float | None = option(None, "Kilometres of new links at most; by default planning.link_km", gt=0)
    budget: float | None = option(
        None,
        "What all actions may cost together, inclusive, in the money of planning.costs; without sites and link_km it "
        "alone says how much is built",
        gt=0,
    )
    round: RoundOptions | None = option(
        None, "A mobile service for those whom the sites of the plan leave out; a table with its base"
    )
    match: bool = option(
        False, "Whether to build nothing, and to bring those who find no room to facilities that have some"
    )
    enlarge: bool = option(
        False,
        "Whether to enlarge what stands for those who find no room within the minutes of the plan; each facility at "
        "most to planning.enlarge_to times its capacity",
    )
    new_sizes: Annotated[tuple[PositiveInt, ...], Unrepeated] = option(
        (), "Capacities that a new site may have, in the unit of the service: new sites then fill up too"
    )
    close: bool = option(
        False,
        "With enlarge or new_sizes, and a budget: whether facilities may close to pay for the rest, where nobody finds "
        "less room than today",
    )
    sharing: Literal["township"] | StrictInt | tuple[Units, ...] | None = option(
        None,
        "With match: within what room may be shared: 'township', the admin_level of larger units such as 6, or lists "
        "of units that have agreed to it, as in share_units; without it everywhere in the study",
    )
    compatible: Names = option(
        (), "With match: other services whose room will do; each needs measures.persons_per_unit"
    )

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if sum((self.norm is not None, self.service is not None, self.is_joint)) != 1:
            raise ValueError("name either a norm, or a service with within_min, or several of services and norms")
        if self.is_joint and len(self.services) + len(self.norms) == 1:
            raise ValueError(f"{self.name}: services and norms name two or more; for one write service or norm")
        if bool(self.service or self.services) != (self.within_min is not None):
            raise ValueError("service or services and within_min belong together")
        if self.is_joint and (self.match or self.makes_room or self.round is not None or self.link_km is not None):
            raise ValueError(f"{self.name}: a plan of several services opens sites; leave out all else that plans do")
        if self.group is not None and (self.norm is not None or self.norms):
            raise ValueError(f"{self.name}: a norm says itself whom it counts; leave out group")
        if self.units and (self.match or self.makes_room or self.is_joint):
            raise ValueError(f"{self.name}: units are of plans for one service or norm that open sites or build roads")
        if self.match and self.makes_room:
            raise ValueError(f"{self.name}: match builds nothing; enlarge, new_sizes and close are another plan")
        if self.close and (self.budget is None or not (self.enlarge or self.new_sizes)):
            raise ValueError(f"{self.name}: close is of a plan with enlarge or new_sizes, and with a budget")
        useless = [
            key
            for key, is_of_no_use in {
                "norm": self.match,
                "sites": self.match,
                "budget": self.match,
                "candidates": self.match or (self.makes_room and not self.new_sizes),
                "link_km": self.match or self.makes_room,
                "round": self.match or self.makes_room,
            }.items()
            if is_of_no_use and getattr(self, key) is not None
        ]
        if useless:
            how = "match builds nothing and is for no norm" if self.match else "a plan for room has none of these"
            raise ValueError(f"{self.name}: {how}; leave out {', '.join(useless)}")
        if not self.match and (self.sharing is not None or self.compatible):
            raise ValueError(f"{self.name}: sharing and compatible are of match = true")
        if isinstance(self.sharing, tuple):
            named = [unit for units in self.sharing for unit in units]
            twice = sorted({unit for unit in named if named.count(unit) > 1})
            if twice:
                raise ValueError(
                    f"{self.name}: sharing names {', '.join(twice)} twice; write who shares with it in one list"
                )
        if self.round is not None and len(self.name) > LONGEST_WITH_ROUND:
            raise ValueError(f"{self.name}: a plan with a round has a name of at most {LONGEST_WITH_ROUND} signs")
        return self

    @property
    def is_joint(self) -> bool:
        """Whether several services or norms share what the plan may cost."""
        return bool(self.services or self.norms)

    @property
    def parts(self) -> tuple[PlanOptions, ...]:
        """Split the plan into one for each service or norm, without what they share; a plan of one is its only part."""
        if not self.is_joint:
            return (self,)
        alone: dict[str, object] = {"services": (), "norms": (), "budget": None, "sites": None, "title": {}}
        return tuple(
            self.model_copy(
                update=alone | {key: word, "name": f"{self.name}-{word.lower()}"}
                | ({"within_min": None} if key == "norm" else {})
            )
            for key, words in (("service", self.services), ("norm", self.norms))
            for word in words
        )  # fmt: skip

    @property
    def makes_room(self) -> bool:
        """Whether the plan changes what facilities hold."""
        return self.enlarge or self.close or bool(self.new_sizes)


class PlanningOptions(Model):
    """How many plans are drawn for norms that fail, and how far they may go."""

    most_plans: int = option(
        5, "Plans for norms that fail, failed gates first, then by people beyond; 0 for none", ge=0
    )
    most_sites: int = option(5, "New sites of a plan at most", ge=1, le=20)
    enlarge_to: float = option(
        2.0, "How many times its capacity of today a facility may be enlarged to at most, in whole units", gt=1, le=1000
    )
    near_share: float = option(0.05, "A norm that is met by so little more than its share is nearly failed", ge=0, le=1)
    link_km: float = option(30.0, "Kilometres of new links of a plan at most", gt=0)
    link_speed_km_h: float = option(40.0, "Speed on new links", gt=0)
    link_detour: float = option(
        1.3,
        "Length of a new link, where nobody has drawn it, against the line on which it is laid: roads wind",
        ge=1,
        le=LONGEST_DETOUR,
    )
    link_route: Literal["corridor", "straight"] = option(
        "corridor",
        "How a new link is laid where nobody has drawn it: where the ground is easiest, in a study with a surface "
        "([off_road]); or straight, as in any other study",
    )
    bridge_factor: float = option(
        10.0, "A metre over water costs a corridor as much as so many on the easiest ground; inf: no new bridges", ge=1
    )
    flagged_factor: float = option(
        2.0, "A metre over ground that planning.constraints flags costs a corridor as much as so many without", ge=1
    )
    candidates: Candidates = option(
        ("settlements",),
        "Where sites may be beside where they are planned already: settlements, idle (planning.idle), list "
        "(planning.points), grid (planning.grid_m)",
    )
    idle: File = option(
        None,
        "File of idle buildings and land, points or polygons: idle_id, name, tenure, area_m2, idle_since, "
        "allowed_services as far as known",
    )
    points: File = option(
        None, "File of sites to try, such as points drawn in QGIS: site_id, and what idle buildings may have"
    )
    grid_m: float | None = option(None, "Metres between the points of a grid of sites", ge=100)
    constraints: tuple[ConstraintSource, ...] = option(
        (), "Files of areas, with columns kind and effect (exclude or flag), that exclude or flag sites and links"
    )
    trials: int = option(
        0,
        "Speeds, evenly over uncertainty.speed_share, at which sites are sought again beside the wet season and the "
        "nearest ways in; 0 for none of these",
        ge=0,
        le=100,
    )
    costs: PlanCosts | None = option(None, "What actions cost; a plan with a budget needs it")
    site_rules: FilePath | None = option(
        None, "Least floor area by service, a CSV below the raw root instead of the packaged one"
    )
    actions: FilePath | None = option(
        None, "List of actions that you keep, below the raw root; spatial plan --actions FILE writes and renews it"
    )

    _one_table = field_validator("constraints", mode="before")(one_in_a_list)

    def lacking(self, candidates: Candidates) -> list[str]:
        """Name the keys of the study file that sources of candidate sites need and that are not given."""
        given = {"idle": self.idle, "list": self.points, "grid": self.grid_m}
        keys = {"idle": "planning.idle", "list": "planning.points", "grid": "planning.grid_m"}
        return [keys[name] for name in candidates if name in keys and given[name] is None]
