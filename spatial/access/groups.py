"""Groups of people who walk at their own pace and not as far: the elderly, persons with disabilities, children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.analyst import travel_times
from spatial.access.od_pairs import demand_of, read_pairs, require_columns, require_within
from spatial.access.options import limit_of, numbers
from spatial.access.summaries import weighted_statistics
from spatial.errors import ContractError, refuse
from spatial.network.bus import BOARDING, BUS
from spatial.network.graph import TravelGraph
from spatial.study.access import BY_BUS, SnapRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from spatial.inputs.services import Vocabulary


@dataclass(frozen=True)
class Group:
    """
    A group of people, where they are counted and how they walk.

    Parameters
    ----------
    name : str
        Such as ``elderly``.
    column : str
        Column of the settlements with their number, such as ``elderly_persons``.
    walk_km_h : float
        Speed of their walk, above 0.
    max_walk_m : float
        The longest walk they take, detours counted, above 0 and inclusive: to or from the road, or all the way where
        they walk only.
    """

    name: str
    column: str
    walk_km_h: float
    max_walk_m: float = np.inf


def group_travel_times(  # noqa: PLR0913 - the options of travel_times, by keyword
    graph: TravelGraph | Mapping[str, TravelGraph],
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    groups: Sequence[Group],
    *,
    cutoff_min: float | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Find the door-to-door times of every group, at its own pace.

    Parameters
    ----------
    graph : TravelGraph or mapping of str to TravelGraph
        The network of one mode. Walks on a walking network, with buses or without, are stretched by `rules.walk_km_h`
        over the speed of the group;
        a network of several modes joined must be built for each group and given by its name.
    settlements, facilities : GeoDataFrame
        By the contracts of the tables; settlements have the column of every group.
    groups : sequence of Group
        Names differ.
    cutoff_min : float, optional
        The longest time, inclusive; by default no cutoff.
    rules : SnapRules, optional
        How places are joined to the network; its walk is that of a person who walks well.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    DataFrame
        As `travel_times`, with `group` in front, one group after the other. Measures take the rows of one group,
        ``od[od["group"] == "elderly"]``, with ``demand="elderly_persons"``.

    Raises
    ------
    ContractError
        Where columns of groups are missing, a number is out of range, names repeat, or a graph is missing.
    """
    rules = rules or SnapRules()
    _check(settlements, groups)
    tables = []
    for group in groups:
        if not isinstance(graph, TravelGraph):
            if group.name not in graph:
                there = ", ".join(sorted(graph))
                raise ContractError("groups", [f"{group.name}: no graph of this name; there are: {there}"])
            own = graph[group.name]
        elif graph.mode in {"walk", BY_BUS}:
            is_walked = ~np.isin(graph.road_class, (BUS, BOARDING))
            slower = np.where(is_walked, rules.walk_km_h / group.walk_km_h, 1.0)
            own = graph.with_minutes(graph.forward_min * slower, graph.backward_min * slower)
        elif "walk" in graph.mode.split("+"):
            raise ContractError("groups", [f"{graph.mode}: give a graph for each group, in which walks have its speed"])
        else:
            own = graph
        furthest = min(rules.max_snap_m, group.max_walk_m / rules.detour)
        walk = SnapRules.from_options(rules, walk_km_h=group.walk_km_h, max_snap_m=furthest)
        od = travel_times(own, settlements, facilities, cutoff_min=cutoff_min, rules=walk, barriers=barriers)
        if own.mode == "walk":
            od = od.loc[od["network_distance_m"] <= group.max_walk_m]
        od.insert(0, "group", pd.Series(group.name, index=od.index, dtype="str"))
        tables.append(od)
    return pd.concat(tables, ignore_index=True)


def _check(settlements: pd.DataFrame, groups: Sequence[Group]) -> None:
    require_columns("settlements", settlements, [group.column for group in groups])
    names = [group.name for group in groups]
    problems = [f"{name}: given twice" for name in sorted({name for name in names if names.count(name) > 1})]
    if not groups:
        problems.append("give one or more")
    for group in groups:
        if not 0.0 < group.walk_km_h < np.inf:
            problems.append(f"{group.name}: walk_km_h must be above 0 and finite, is {group.walk_km_h}")
        if not group.max_walk_m > 0.0:
            problems.append(f"{group.name}: max_walk_m must be above 0, is {group.max_walk_m}")
    refuse("groups", problems)


def group_summary(  # noqa: PLR0913 - each keyword is an option under its own name
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    groups: Sequence[Group],
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    cutoff_min: float | None,
) -> pd.DataFrame:
    """
    Count the people of every group who reach a facility within a cutoff.

    Parameters
    ----------
    od : DataFrame
        As `group_travel_times` gives it.
    settlements, facilities : DataFrame
        By the contracts of the tables; only settlements `in_study` are counted, and only existing facilities serve.
    groups : sequence of Group
        Who.
    service, vocabulary
        As in `cost_to_closest`.
    cutoff_min : float or None
        Minutes, 0 or more, inclusive; None for no cutoff.

    Returns
    -------
    DataFrame
        One row a group: `group`, `service`, `cutoff_min`, `reached_persons`, `not_reached_persons`, then
        `n_total`, `n_valid`, `n_nan` (people unknown), `n_inf` (places that reach none), `pop_total`, `pop_valid`,
        `reached_share`, `mean_reached_min`, `mean_capped_min`, `median_min` (NaN where half reach none).

    Raises
    ------
    ContractError
        For bad frames, columns of groups that are missing, and a cutoff that is negative or beyond the end of the
        pairs.

    Examples
    --------
    >>> od = pd.DataFrame(
    ...     {"group": "elderly", "from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [12.0, 40.0]}
    ... )
    >>> places = pd.DataFrame({"settlement_id": ["u", "v"], "elderly_persons": [30.0, 10.0]})
    >>> clinics = pd.DataFrame({"facility_id": ["a"], "service": ["clinic"]})
    >>> elderly = Group("elderly", "elderly_persons", walk_km_h=3.0)
    >>> found = group_summary(od, places, clinics, [elderly], service="clinic", cutoff_min=30.0)
    >>> found["reached_persons"].item(), found["reached_share"].item()
    (30.0, 0.75)
    """
    _check(settlements, groups)
    require_columns("od", od, ("group",))
    limit = limit_of("cutoff_min", cutoff_min)
    rows = []
    for group in groups:
        pairs = read_pairs(
            od.loc[od["group"] == group.name], settlements, facilities, service=service, vocabulary=vocabulary
        )
        require_within(pairs, limit, what="cutoff_min")
        nearest = np.full(len(settlements), np.inf)
        np.minimum.at(nearest, pairs.origin, pairs.minutes)
        demand_of(pairs, group.column)
        persons = numbers("settlements", group.column, settlements[group.column])
        scored = np.ones(len(nearest), dtype=bool)
        if "in_study" in settlements:
            scored = settlements["in_study"].to_numpy(dtype=bool)
        minutes = np.where(nearest <= limit, nearest, np.inf)
        minutes, people = np.where(np.isnan(persons), np.nan, minutes)[scored], persons[scored]
        found = weighted_statistics(minutes, people)
        rows.append(
            {
                "group": group.name,
                "service": pairs.service,
                "cutoff_min": limit,
                "reached_persons": float(people[np.isfinite(minutes)].sum()),
                "not_reached_persons": float(people[np.isinf(minutes)].sum()),
                **{
                    f"{name}_min" if name in ("mean_reached", "mean_capped", "median") else name: number
                    for name, number in found.items()
                },
                "median_min": found["median"] if np.isfinite(found["median"]) else np.nan,
            }
        )
    return pd.DataFrame(rows)
