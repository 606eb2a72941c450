"""What a study says of its plans: sites beside its settlements, areas that exclude or flag, costs, and what fails."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.crs import require_metres
from spatial.errors import StudyError, first_of
from spatial.formats.files import read_provenance
from spatial.inputs.user_tables import constraints_from_table, sites_from_table
from spatial.norms.law import Norm, norms_of
from spatial.norms.measuring import modes_for
from spatial.planning.action_list import load_costs
from spatial.planning.agenda import ask_of
from spatial.planning.candidates import apply_constraints, grid_points
from spatial.planning.programs import SAME
from spatial.stages.policy import binding_norms, vocabulary_of
from spatial.stages.read import provenance_table
from spatial.tables.words import NAMES

if TYPE_CHECKING:
    import pyproj

    from spatial.runner.stage import Options
    from spatial.study.plans import PlanCosts, PlanOptions
    from spatial.study.sources import TableSource

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
    both = [
        f"{key}: stated in the study and in the file; leave out one"
        for key, value in found.items()
        if getattr(costs, key) and value
    ]
    if both:
        raise StudyError(f"planning.costs.file {costs.file}", both)
    return costs.model_copy(update={key: value for key, value in found.items() if value})


# Plans that can do nothing, whatever the times are.


def lacks_cost(plan_id: str, key: str, currency: str | None) -> str:
    """Say what a plan with a budget lacks."""
    return f"plans.{plan_id}.budget: needs what this costs; write [planning.costs] {key}, in {currency}"


def pays_for_nothing(plan_id: str, budget: float | None, currency: str | None, cheapest: float | None) -> str:
    """Say that a budget lies below what the cheapest action costs."""
    told = f"{budget:,.10g} {currency} pay for nothing; the cheapest costs {cheapest:,.10g}"
    return f"plans.{plan_id}.budget: {told}"


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
    if problems:
        raise StudyError("study", problems)


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
