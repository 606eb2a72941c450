"""What a study says of its plans, and the ground that they are drawn on: sites, areas that exclude or flag, costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace as replace_fields
from functools import cache
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.spatial import cKDTree

from spatial.access.nearest import in_kilometres
from spatial.access.places import (
    Places,
    SnapPair,
    easier_walk,
    eligible_by_unit,
    is_for_everybody,
    nearest_entry,
    place_on,
    take,
)
from spatial.arrays import BoolArray, FloatArray
from spatial.crs import METRES_A_KM, WGS84, require_metres
from spatial.errors import StudyError, first_of, refuse
from spatial.formats.files import read_provenance
from spatial.inputs.units import assign_units
from spatial.inputs.user_tables import constraints_from_table, sites_from_table
from spatial.network.graph import TravelGraph
from spatial.network.matrix import times_matrix
from spatial.network.speeds import with_season
from spatial.norms.law import Norm, norms_of
from spatial.norms.measuring import modes_for
from spatial.outlines import inside
from spatial.planning.action_list import load_costs
from spatial.planning.agenda import Question, ask_of
from spatial.planning.candidates import apply_constraints, candidate_sites, grid_points, load_site_rules
from spatial.planning.link_candidates import lay_corridors
from spatial.planning.plans import SAME
from spatial.runner.stage import Options
from spatial.stages.policy import binding_norms, speed_table, vocabulary_of
from spatial.stages.read import provenance_table
from spatial.study.plans import PlanCosts, PlanOptions
from spatial.study.scenarios import OpenedFacility
from spatial.study.sources import TableSource
from spatial.tables.words import NAMES
from spatial.terrain.friction import Friction

EXCLUDED, NO_CORRIDOR = "excluded", "no_corridor"
"""Why a site or link is refused: it lies in an area of constraint; no land that may be built on joins its ends."""


class NewSites(NamedTuple):
    """Where a service may open: places by their ids, what opening there costs, and how a scenario calls it."""

    places: gpd.GeoDataFrame
    opening: pd.Series[float]
    names: pd.Series[str]


def homes_of(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Pick the settlements of the study that may hold a site: one that nobody can name only where none has a name."""
    homes = settlements.loc[settlements["in_study"]]
    has_name = homes[[name for name in NAMES if name in homes]].notna().any(axis=1)
    return homes.loc[has_name] if has_name.any() else homes


def site_sources(
    options: Options, wanted: Collection[str], study_area: gpd.GeoDataFrame
) -> dict[str, gpd.GeoDataFrame]:
    """Read the wanted sources of sites beside settlements, under the words of the study."""
    how, crs = options.planning, require_metres(study_area.crs, what="study_area")
    files: dict[str, tuple[TableSource | None, str]] = {"idle": (how.idle, "idle_id"), "list": (how.points, "site_id")}
    found = {
        word: sites_from_table(options.raw_path(source.path), source, key=key, crs=crs)
        for word, (source, key) in files.items()
        if word in wanted and source is not None
    }
    if "grid" in wanted and how.grid_m is not None:
        found["grid"] = grid_points(study_area, how.grid_m)
    return found


def constraint_areas(options: Options, crs: pyproj.CRS) -> gpd.GeoDataFrame | None:
    """Read the areas that exclude or flag; None where the study names none."""
    parts = [
        constraints_from_table(options.raw_path(source.path), source, crs=crs, kind=source.kind)
        for source in options.planning.constraints
    ]
    if not parts:
        return None
    rows = pd.concat([part[["kind", "effect", "geometry"]] for part in parts], ignore_index=True)
    return gpd.GeoDataFrame(rows, crs=crs)


def constrained(frame: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Say which sites or links areas exclude or flag; where there are no areas, none."""
    if areas is not None and len(frame):
        return apply_constraints(frame, areas)
    return frame.assign(is_excluded=False, constraint=pd.Series(None, index=frame.index, dtype="str"))


def stated_costs(options: Options) -> PlanCosts | None:
    """Read what actions cost, as the study or its file of costs states it; None where neither does."""
    costs = options.planning.costs
    if costs is None or costs.file is None:
        return costs
    found = load_costs(options.raw_path(costs.file))
    both = [key for key, value in found.items() if getattr(costs, key) and value]
    told = [f"{key}: stated in the study and in the file; leave out one" for key in both]
    refuse(f"planning.costs.file {costs.file}", told, StudyError)
    return costs.model_copy(update={key: value for key, value in found.items() if value})


# Plans that can do nothing, whatever the times are.


def lacks_cost(plan_id: str, key: str, currency: str | None) -> str:
    """Say what a plan with a budget lacks."""
    return f"plans.{plan_id}.budget: needs what this costs; write [planning.costs] {key}, in {currency}"


def pays_for_nothing(plan_id: str, budget: float | None, currency: str | None, cheapest: float | None) -> str:
    """Say that a budget lies below what the cheapest action costs."""
    return f"plans.{plan_id}.budget: {budget:,.10g} {currency} pay for nothing; the cheapest costs {cheapest:,.10g}"


def grounds_of_units(options: Options, boundaries: gpd.GeoDataFrame) -> dict[str, Any]:
    """Join the ground of the units that a plan names, for whose people alone it is; refuse names that no unit has."""
    grounds, called = {}, pd.DataFrame(boundaries.filter(regex="^(boundary_id|name|name_en|name_zh)$"))
    known = set(called.melt()["value"].dropna())
    for item in (each for each in options.plans if each.units):
        if strange := sorted(set(item.units) - known):
            names = first_of(sorted(called["name"].dropna().unique()))
            there = f"there are {names}" if known else "the study has none: region.unit_levels"
            raise StudyError("study", [f"plans.{item.name}.units: no unit is called {first_of(strange)}; {there}"])
        is_named = called.isin(item.units).any(axis=1)
        grounds[item.name] = shapely.union_all(np.asarray(boundaries.geometry[is_named], dtype=object))
    return grounds


def refuse_unfit_plans(options: Options, facilities: gpd.GeoDataFrame, study_area: gpd.GeoDataFrame) -> None:
    """Refuse plans that ask of a norm what it is not about, lack a cost, or cannot pay for the cheapest action."""
    norms = {norm.id: norm for norm in norms_of(binding_norms(options))} if options.plans else {}
    problems: list[str] = []
    for item in options.plans:
        norm = norms.get(item.norm or "")
        if norm is not None and item.makes_room:
            told = ""
            if norm.metric != "time_min" or norm.bundle:
                told = "asks for no minutes to one service"
            elif len(modes_for(norm.mode, options.network.modes)) != 1:
                told = "goes by several modes"
            problems += [f"plans.{item.name}.norm: {norm.id} {told}, so that no room can be planned"] if told else []
        if norm is not None and item.round is not None and ask_of(norm) not in {"sites", "none"}:
            problems.append(f"plans.{item.name}.round: is of plans that open sites, and this one does not")
        if strange := [name for name in item.norms if name in norms and ask_of(norms[name]) not in {"sites", "none"}]:
            told = f"asks for no sites within minutes or metres, {first_of(strange)}; write a plan of its own for each"
            problems.append(f"plans.{item.name}.norms: {told}")
        if item.budget is not None and not problems:
            problems += _budget_faults(item, norms, options, facilities, study_area)
    refuse("study", problems, StudyError)


def _budget_faults(
    item: PlanOptions,
    norms: dict[str, Norm],
    options: Options,
    facilities: gpd.GeoDataFrame,
    study_area: gpd.GeoDataFrame,
) -> Iterator[str]:
    """Say which costs a plan with a budget lacks, or that it pays for nothing; lengths of roads are not known here."""
    costs, vocabulary = stated_costs(options), vocabulary_of(options)
    if costs is None or item.budget is None:
        return
    words, least = item.candidates or options.planning.candidates, []
    listed = site_sources(options, {"idle", "list"} & {*words}, study_area)
    is_anywhere = bool({"settlements", "grid"} & {*words})  # where no place has a cost of its own
    planned = facilities["in_study"] & (facilities["status"] == "candidate")
    for part in item.parts:
        norm = norms.get(part.norm or "")
        ask = "sites" if norm is None else ask_of(norm)
        if ask in {"links", "roads"}:
            key = "link_km" if ask == "links" else "road_km"
            is_drawn = ask == "roads" or options.access.direction == "to_facility"
            if is_drawn and getattr(costs, key) is None:
                yield lacks_cost(item.name, f"{key} = ...", costs.currency)
        if norm is not None and norm.bundle:
            return  # what of it is measured, only a run knows
        if ask in {"links", "roads", "none"}:
            continue
        word = norm.service if norm is not None else str(part.service)
        known = vocabulary.for_register(word)
        service = known.id if known is not None else word
        unit, opening = costs.unit.get(word, np.nan), costs.open.get(service, np.nan)
        if item.enlarge and np.isnan(unit):
            fault = f"needs what a unit of capacity costs; write [planning.costs] unit = {{ {word} = ... }}"
            yield f"plans.{item.name}.budget: {fault}"
        if item.close and word not in costs.close:
            fault = f"needs what closing saves; write [planning.costs] close = {{ {word} = ... }}"
            yield f"plans.{item.name}.budget: {fault}"
        prices = [opening] if is_anywhere or ask == "unit_sites" else []
        if ask != "unit_sites":
            kinds = {*vocabulary.satisfying(service), word}
            prices += [opening] if (planned & facilities["service"].isin(kinds)).any() else []
            for sites in listed.values():
                own = sites.get("cost", pd.Series(np.nan, sites.index)).astype("float64")
                prices += own.fillna(opening).dropna().tolist()
        opens = not item.makes_room or bool(item.new_sizes)
        if opens and np.isnan(prices).any():
            yield lacks_cost(item.name, f"open = {{ {service} = ... }}", costs.currency)
        sizes = item.new_sizes or ((0,) if opens else ())
        least += [unit] * item.enlarge + [price + np.nan_to_num(unit) * size for price in prices for size in sizes]
    # What closing saves pays too, and is known only of facilities that nobody needs.
    cheapest = min((cost for cost in least if not np.isnan(cost)), default=0.0)
    if not item.close and cheapest > item.budget * (1.0 + SAME):
        yield pays_for_nothing(item.name, item.budget, costs.currency, cheapest)


def planning_sources(options: Options) -> pd.DataFrame | None:
    """Account for the files that plans were drawn from, as for other sources; None where there is none."""
    how = options.planning
    tables = [table.path for table in (how.idle, how.points, *how.constraints) if table is not None]
    named = [how.site_rules, None if how.costs is None else how.costs.file]
    paths = [*tables, *(path for path in named if path is not None)]
    return provenance_table(read_provenance(options.raw_path(""), paths)) if paths else None


WET, NEAREST, SLOW_WALK, FAST_WALK = "wet", "nearest", "slow_walk", "fast_walk"
"""Worlds that sites are tried in: the wet season, the nearest way in alone for each place, slow and quick walks in."""
AS_TODAY = "as_today"
"""The world as it is, with what stands today beside the sites."""
EXISTING = "today/"
"""Begins the ids of what stands today among those of sites."""
_KNOWN_OF_SITES = (
    "facility_id", "service", "name", "township_id", "township", "source", "tenure", "area_m2", "cost", "geometry"
)  # fmt: skip
"""Columns of sites; what a source does not say is missing."""


def services_of(question: Question, options: Options) -> list[str]:
    """Name the services that a site must offer, by the vocabulary; the words of the register where that has none."""
    vocabulary = vocabulary_of(options)
    named = (vocabulary.for_register(word) for word in question.wanted)
    return list(dict.fromkeys(service.id for service in named if service is not None)) or list(question.wanted)


def first_capacity(service: str, persons: float, facilities: gpd.GeoDataFrame, options: Options) -> dict[str, float]:
    """Give something new room for those whom it brings, where facilities are filled and no capacity is known."""
    vocabulary = vocabulary_of(options)
    each = [n for name, n in options.measures.persons_per_unit.items() if service in vocabulary.satisfying(name)]
    there = facilities.loc[(facilities["status"] == "existing") & (facilities["service"] == service), "capacity"]
    if not each or there.notna().any():
        return {}
    return {"capacity": max(1.0, float(np.ceil(persons / min(each))) if np.isfinite(persons) else 1.0)}


class _Joined(NamedTuple):
    """Settlements and the sites beside them on the network of one mode."""

    graph: TravelGraph
    places: Places


class PlanGround:
    """The ground that plans are drawn on: settlements and sites joined to the networks, each once a mode."""

    def __init__(
        self,
        settlements: gpd.GeoDataFrame,
        facilities: gpd.GeoDataFrame,
        boundaries: gpd.GeoDataFrame,
        water: gpd.GeoDataFrame,
        *,
        barriers: gpd.GeoSeries | None,
        graph: Callable[[str], TravelGraph],
        options: Options,
    ) -> None:
        self.settlements, self.facilities = settlements, facilities
        self.boundaries, self.water, self.barriers = boundaries, water, barriers
        self.options = options
        self.graph = cache(graph)
        self.surface: Friction | None = None  # what new links cross, where the study has it
        self.homes = homes_of(settlements)
        planned = facilities.loc[
            facilities["in_study"] & (facilities["status"] == "candidate")
            & ~facilities["facility_id"].isin(settlements["settlement_id"])
        ]  # fmt: skip
        every = [
            self.homes.assign(facility_id=self.homes["settlement_id"], service="", source="settlements"),
            planned.assign(source="planned"),
        ]
        self.areas = constraint_areas(options, require_metres(settlements.crs, what="settlements"))
        sites = pd.concat([frame.reindex(columns=_KNOWN_OF_SITES) for frame in every], ignore_index=True)
        self.sites = constrained(gpd.GeoDataFrame(sites, crs=settlements.crs), self.areas)
        rules = options.planning.site_rules
        self.stated = stated_costs(options)
        self.site_rules = load_site_rules(None if rules is None else options.raw_path(rules))
        self.refused: list[pd.DataFrame] = []
        self._candidates: dict[str, list[str]] = {}
        self._on: dict[Any, _Joined] = {}

    @property
    def places(self) -> gpd.GeoDataFrame:
        """Where actions may be."""
        return self.sites.rename(columns={"facility_id": "place_id", "name": "place"})

    def know(self, facilities: Sequence[gpd.GeoDataFrame]) -> None:
        """Add facilities that there are, where actions may be too."""
        new = [frame.reindex(columns=_KNOWN_OF_SITES) for frame in facilities if len(frame)]
        if new:
            sites = pd.concat([self.sites, *new], ignore_index=True).drop_duplicates("facility_id")
            self.sites = gpd.GeoDataFrame(sites, crs=self.sites.crs)

    @property
    def excluded(self) -> list[str]:
        """Places where areas of constraint allow no site."""
        return list(self.sites.loc[self.sites["is_excluded"], "facility_id"])

    def offer(
        self,
        question: Question,
        words: Sequence[str],
        sources: dict[str, gpd.GeoDataFrame],
        *,
        land: gpd.GeoDataFrame,
        within: shapely.Geometry | None = None,
    ) -> None:
        """Add the sites of these sources that a plan may take, in its units, before any is joined to a network."""
        options = self.options
        services = services_of(question, options)
        kinds = {kind for name in services for kind in vocabulary_of(options).satisfying(name)} | {*question.wanted}
        of = self.sites["source"]
        may = (of == "planned") & self.sites["service"].isin(kinds) | (of == "settlements") & ("settlements" in words)
        chosen = self.sites.loc[may]
        if sources:
            # Sites that may hold every one of the services; what cannot hold one of them is refused.
            given: dict[str, Any] = {{"list": "points"}.get(word, word): frame for word, frame in sources.items()}
            given |= {"water": self.water.loc[self.water.geom_type.isin(["Polygon", "MultiPolygon"])], "land": land}
            given |= {"site_rules": self.site_rules, "snap_rules": options.network}
            graph = self.graph((modes_for(question.norm.mode, options.network.modes) or options.network.modes)[0])
            each = [candidate_sites(service, **given, graph=graph) for service in services]
            refused = pd.concat([found.refused for found in each]).drop_duplicates("facility_id")
            sites = each[0].sites.loc[~each[0].sites["facility_id"].isin(refused["facility_id"])]
            placed = assign_units(sites, self.boundaries, options.region.unit_levels)
            offered = constrained(placed[list(_KNOWN_OF_SITES)], self.areas)
            chosen = pd.concat([chosen, offered], ignore_index=True)
            new = offered.loc[~offered["facility_id"].isin(self.sites["facility_id"])]
            self.sites = gpd.GeoDataFrame(pd.concat([self.sites, new], ignore_index=True), crs=self.sites.crs)
            self._refuse(question, refused)
        if within is not None:
            x, y = (np.asarray(each, dtype=np.float64) for each in (chosen.geometry.x, chosen.geometry.y))
            chosen = chosen.loc[inside(within, x, y)]
        self._refuse(question, chosen.loc[chosen["is_excluded"]].assign(why=EXCLUDED))
        self._candidates[question.plan_id] = chosen.loc[~chosen["is_excluded"], "facility_id"].tolist()

    def _refuse(self, question: Question, rows: pd.DataFrame) -> None:
        """Keep what cannot be a candidate of a plan, with the reason."""
        if len(rows):
            named = rows.rename(columns={"facility_id": "place_id", "name": "place"})
            self.refused.append(pd.DataFrame(named.assign(plan_id=question.plan_id)).drop(columns="geometry"))

    def candidates(self, question: Question) -> list[str]:
        """List where a service may open: in what the plan may take, or where it is planned already."""
        return self._candidates[question.plan_id]

    def laid(self, question: Question, links: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Lay links where the ground is easiest; those between whose ends there is no way are left out."""
        if self.surface is None or links.empty:
            return links
        how = self.options.planning
        found = lay_corridors(
            links,
            self.surface,
            detour=how.link_detour,
            water=self.water,
            constraints=self.areas,
            flagged_factor=how.flagged_factor,
        )
        out = found.loc[found["route"] == "no_way"]
        self._refuse(question, out.assign(facility_id=out["road_id"], name=None, source="links", why=NO_CORRIDOR))
        return found.loc[found["route"] != "no_way"]

    def opening_cost(self, question: Question) -> float:
        """Say what opening a site costs that has no cost of its own; NaN where the study does not, as for all costs."""
        costs = self.stated
        if costs is None:
            return np.nan
        services = services_of(question, self.options)
        return float(sum(costs.open.get(name, np.nan) for name in services))

    def site_costs(self, question: Question) -> pd.Series[float]:
        """Say what each candidate of a plan costs."""
        own = self.sites.set_index("facility_id")["cost"].astype("float64")
        found = own.reindex(self.candidates(question)).fillna(self.opening_cost(question))
        if question.budget is not None and found.isna().any():
            key = f"open = {{ {services_of(question, self.options)[0]} = ... }}"
            raise StudyError("study", [lacks_cost(question.plan_id, key, question.currency)])
        return found

    def new_sites(self, question: Question) -> NewSites:
        """Gather where a service may open whose size is planned, as a scenario calls it."""
        ids = self.candidates(question)
        service = services_of(question, self.options)[0]
        named = [OpenedFacility(service=service, **self.address(place)).id for place in ids]
        return NewSites(
            self.sites.loc[self.sites["facility_id"].isin(ids)], self.site_costs(question), pd.Series(named, ids)
        )

    def km_cost(self, question: Question) -> float:
        """Say what a kilometre costs of what a plan builds."""
        cost = getattr(self.stated, "link_km" if question.ask == "links" else "road_km", None)
        return np.nan if cost is None else float(cost)

    def costs(self, question: Question, actions: pd.DataFrame) -> FloatArray:
        """Say what each action of a plan costs."""
        if question.ask in {"links", "roads"}:
            return self.km_cost(question) * actions["length_km"].to_numpy(dtype=np.float64)
        if question.ask == "sites":
            return np.asarray(self.site_costs(question).reindex(actions["where"]), dtype=np.float64)
        if question.ask == "matching":  # nothing is built, or what is made knows its cost
            return np.asarray(actions.get("cost", np.full(len(actions), np.nan)), dtype=np.float64)
        return np.full(len(actions), self.opening_cost(question))

    def allowed_links(self, question: Question, links: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Leave out the links that areas exclude; those that areas flag say so."""
        told = constrained(links, self.areas)
        out = told.loc[told["is_excluded"]]
        self._refuse(question, out.assign(facility_id=out["road_id"], name=None, source="links", why=EXCLUDED))
        return told.loc[~told["is_excluded"]]

    def address(self, place_id: str) -> dict[str, Any]:
        """Say where a site is, as a scenario says it: by its settlement or planned facility, else by its point."""
        site = self.sites.set_index("facility_id").loc[place_id]
        if site["source"] in ("settlements", "planned"):
            return {"at": place_id}
        lon, lat = shapely.get_coordinates(gpd.GeoSeries([site.geometry], crs=self.sites.crs).to_crs(WGS84)).tolist()[0]
        named = {"name": site["name"]} if isinstance(site["name"], str) else {}
        return {"lon": lon, "lat": lat, **named}

    def worlds(self) -> list[str]:
        """Name the worlds beside other speeds that the run varies."""
        how = self.options.uncertainty
        wet = how.wet and self.options.network.season == "dry"
        return [*([WET] if wet else []), *([NEAREST, SLOW_WALK, FAST_WALK] if how.snap else [])]

    def existing(self, services: Collection[str]) -> list[str]:
        """List what offers one of some services today, but what is kept for members or a group."""
        stands = (self.facilities["status"] == "existing") & self.facilities["service"].isin(services)
        stands &= is_for_everybody(self.facilities)
        return [f"{EXISTING}{name}" for name in self.facilities.loc[stands, "facility_id"]]

    def usable(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Leave out pairs to what stands today and is kept for the people of other units."""
        eligible = eligible_by_unit(self.settlements, self.facilities)
        i = pd.Index(self.settlements["settlement_id"]).get_indexer(pd.Index(pairs["from_id"]))
        j = pd.Index(EXISTING + self.facilities["facility_id"]).get_indexer(pd.Index(pairs["to_id"]))
        may: BoolArray = eligible.allowed[eligible.kinds[i], j]
        return pairs[may]

    def on(self, mode: str, world: str = "") -> _Joined:
        """Join settlements and sites to the network of a mode, once; in another world what stands today, too."""
        if (mode, world) in self._on:
            return self._on[mode, world]
        if world in (NEAREST, SLOW_WALK, FAST_WALK):
            graph, places = self.on(mode, AS_TODAY)
            how, own = self.options.uncertainty, self.options.network
            if world == NEAREST:
                snaps = nearest_entry(graph, places.snaps)
            else:
                of, end = (min, 0) if world == SLOW_WALK else (max, 1)
                least_or_most, other = (max, 1) if world == SLOW_WALK else (min, 0)
                snaps = easier_walk(
                    places.snaps,
                    walk_km_h=of(how.walk_km_h[end], own.walk_km_h),
                    detour=least_or_most(how.detour[other], own.detour),
                )
            self._on[mode, world] = _Joined(graph, replace_fields(places, snaps=snaps))
            return self._on[mode, world]
        graph = self.graph(mode)
        if world == WET:
            graph = with_season(graph, WET, table=speed_table(self.options, self.options.network.speeds))
        # Sites in settlements are joined as these are: to look for ways onto the network is what takes long.
        beside = self.sites.loc[self.sites["source"] != "settlements"]
        today = self.facilities.assign(facility_id=EXISTING + self.facilities["facility_id"])
        # Lists of facilities may name a settlement of each.
        bare = [frame[["facility_id", "geometry"]] for frame in (beside, today)]
        named = [frame.rename(columns={"facility_id": "settlement_id"}) for frame in bare]
        frames = [self.settlements, *(named if world else named[:1])]
        every = pd.concat([frame[["settlement_id", "geometry"]] for frame in frames], ignore_index=True)
        places = place_on(graph, every, key="settlement_id", rules=self.options.network, barriers=self.barriers)
        self._on[mode, world] = _Joined(graph, places)
        return self._on[mode, world]

    def pairs(
        self, norm: Norm, origins: list[str], sites: list[str], *, cutoff: float = np.inf, world: str = ""
    ) -> pd.DataFrame:
        """Find the values in a norm's unit from settlements to sites, within a cutoff."""
        if norm.metric == "dist_m":
            return self._straight(origins, sites, cutoff)
        factor = {"roundtrip_time_min": 2.0, "network_dist_m": METRES_A_KM}.get(norm.metric, 1.0)
        parts = []
        for mode in modes_for(norm.mode, self.options.network.modes):
            graph, places = self.on(mode, world)
            i, j = (pd.Index(places.ids).get_indexer(pd.Index(ids)) for ids in (origins, sites))
            both = SnapPair(take(places.snaps, i), take(places.snaps, j))
            if norm.metric == "network_dist_m":
                graph, both = in_kilometres(graph, both)
            is_outward = self.options.access.direction == "to_facility"
            found = times_matrix(
                graph, *(both if is_outward else both[::-1]), cutoff_min=cutoff / factor, direct_barriers=self.barriers
            )
            near, far = (found.origin, found.destination)[:: 1 if is_outward else -1]
            parts.append(
                pd.DataFrame(
                    {
                        "from_id": places.ids[i[near]],
                        "to_id": places.ids[j[far]],
                        "travel_time_min": factor * found.time_min,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def _straight(self, origins: list[str], sites: list[str], cutoff: float) -> pd.DataFrame:
        """Find straight lines in metres."""
        homes, goals = self.settlements.set_index("settlement_id"), self.sites.set_index("facility_id")
        starts, ends = (
            shapely.get_coordinates(np.asarray(frame.geometry.loc[ids].array, dtype=object))
            for frame, ids in ((homes, origins), (goals, sites))
        )
        near = cKDTree(starts).sparse_distance_matrix(cKDTree(ends), cutoff, output_type="ndarray")
        return pd.DataFrame(
            {
                "from_id": np.array(origins, dtype=object)[near["i"]],
                "to_id": np.array(sites, dtype=object)[near["j"]],
                "travel_time_min": near["v"],
            }
        )
