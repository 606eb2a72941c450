"""Travel times for analysts: the tidy table of pairs, the cost to the closest, crews that respond, groups of people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.od_pairs import missing_in, require_columns
from spatial.access.options import FINITE, check_count, check_direction, limit_of, nan_for_inf, not_within, numbers
from spatial.access.places import (
    Places,
    SnapPair,
    check_on_network,
    check_table,
    eligible_by_unit,
    ids_or_none,
    nearest_allowed,
    of_status,
    pair_up,
    place_on,
    reach_status,
)
from spatial.errors import ContractError, NetworkError, faults_at, first_of, of_kind, refuse
from spatial.inputs.services import Vocabulary
from spatial.network.combined import BOARDING, BUS, layer_of, leg_modes
from spatial.network.graph import TravelGraph
from spatial.network.matrix import Pairs, times_matrix
from spatial.study.access import SnapRules
from spatial.tables.words import FACILITY_STATUS


def travel_times(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    cutoff_min: float | None = None,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    status: Literal["any"] | Collection[str] = ("existing",),
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """
    Find the door-to-door time of every pair of a settlement and a facility within a cutoff.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    settlements, facilities : GeoDataFrame
        By the contracts of the tables; facilities count by their status.
    cutoff_min : float, optional
        The longest time, inclusive; by default no cutoff.
    direction : {'to_facility', 'from_facility'}
        Who travels: people from the settlements, or help from the facilities; `from_id` is the settlement in both.
    status : 'any' or collection of str
        Which facilities count: those that serve today; others, as ``("existing", "candidate")``, or ``"any"`` are for
        location models. A frame without the column counts whole.
    rules, barriers
        As in `cost_to_closest`.
    executor : Executor, optional
        Where blocks of searches run; without, many searches are shared between threads, one a processor. The table is
        the same whatever it is.

    Returns
    -------
    DataFrame
        `from_id`, `to_id`, `mode`, `travel_time_min`, `network_distance_m`, by from_id and to_id in the order of ids;
        `status` of the facility where others than existing ones were asked for, which measures refuse.
        Ids keep the dtype that they have in the tables, so that the frame merges with them.
        A pair without a way within the cutoff has no row. A finite cutoff is kept in ``attrs["cutoff_min"]``, so that
        no measure asks for more.

    Raises
    ------
    ContractError
        Where the cutoff is below 0 or unknown, the direction or a status is none, or places lack an id or a point.
    """
    limit = limit_of("cutoff_min", cutoff_min)
    check_direction(direction)
    several = [status] if isinstance(status, str) else status if np.iterable(status) else ()
    wanted = FACILITY_STATUS if status == "any" else tuple(several)
    if not wanted or not set(wanted) <= set(FACILITY_STATUS):
        raise ContractError("options", [f"status: must be any, or of {', '.join(FACILITY_STATUS)}, is {status!r}"])
    executor = of_kind("executor", executor, Executor)
    origins = place_on(graph, settlements, key="settlement_id", rules=rules, barriers=barriers)
    goals = place_on(graph, of_status(facilities, wanted), key="facility_id", rules=rules, barriers=barriers)
    i, j, minutes, metres = pairs_between(
        graph, origins, goals, cutoff_min=limit, direction=direction, barriers=barriers, executor=executor
    )
    table = pd.DataFrame(
        {
            "from_id": origins.frame["settlement_id"].take(i).reset_index(drop=True),
            "to_id": goals.frame["facility_id"].take(j).reset_index(drop=True),
            "mode": pd.Series(graph.mode, index=range(len(i)), dtype="str"),
            "travel_time_min": minutes,
            "network_distance_m": metres,
        }
    )
    if wanted != FACILITY_STATUS[:1] and "status" in goals.frame:
        table["status"] = goals.frame["status"].take(j).reset_index(drop=True)
    if np.isfinite(limit):
        table.attrs["cutoff_min"] = limit
    return table


def pairs_between(  # noqa: PLR0913 - as above
    graph: TravelGraph,
    origins: Places,
    goals: Places,
    *,
    cutoff_min: float,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    barriers: gpd.GeoSeries | None = None,
    executor: Executor | None = None,
) -> Pairs:
    """Find the pairs of settlements and the facilities that they may use within a cutoff, by position."""
    both = (origins.snaps, goals.snaps)
    if direction == "from_facility":
        both = both[::-1]
    found = times_matrix(graph, *both, cutoff_min=cutoff_min, direct_barriers=barriers, executor=executor)
    if "open_to" in goals.frame:
        near, far = found[:2] if direction == "to_facility" else found[1::-1]
        eligible = eligible_by_unit(origins.frame, goals.frame)
        found = found.take(eligible.allowed[eligible.kinds[near], far])
    if direction == "from_facility":
        order = np.lexsort((found.origin, found.destination))
        found = Pairs(found.destination[order], found.origin[order], found.time_min[order], found.length_m[order])
    return found


def od_from_r5py(
    frame: pd.DataFrame, *, column: str = "travel_time", mode: str = "transit", max_time_min: float | None = None
) -> pd.DataFrame:
    """
    Take a travel time matrix of r5py as the table of pairs that measures and location models take.

    Parameters
    ----------
    frame : DataFrame
        Its ``TravelTimeMatrix``: `from_id`, `to_id` and minutes, NaN where there is no way; other columns stay out.
        From settlements to facilities.
    column : str
        The minutes: ``travel_time``, or one of several percentiles such as ``travel_time_p50``.
    mode : str
        What to call the way in `mode`.
    max_time_min : float, optional
        The ``max_time`` that the matrix was made with, so that no measure asks for more; by default no limit is known.

    Returns
    -------
    DataFrame
        As `travel_times`: `from_id`, `to_id`, `mode`, `travel_time_min`, `network_distance_m` (NaN: r5py does not tell
        it); pairs without a way have no row. Rows in the order given, ids as they are.

    Raises
    ------
    ContractError
        With every fault: columns that are missing, ids that are, pairs that repeat, minutes below 0 or without end.

    Examples
    --------
    >>> matrix = pd.DataFrame({"from_id": ["a", "a"], "to_id": ["x", "y"], "travel_time": [12.0, np.nan]})
    >>> od_from_r5py(matrix)[["from_id", "to_id", "travel_time_min"]].to_numpy().tolist()
    [['a', 'x', 12.0]]
    """
    check_table(frame, "r5py")
    problems = [f"{name}: no such column" for name in ("from_id", "to_id") if name not in frame]
    if column not in frame:
        there = ", ".join(str(name) for name in frame.columns if str(name).startswith("travel_time"))
        problems.append(f"{column}: no such column; minutes are in {there or 'none'}")
    refuse("r5py", problems)
    minutes = numbers("r5py", column, frame[column])
    problems += missing_in(frame, ("from_id", "to_id"))
    pairs = frame[["from_id", "to_id"]]
    for what, wrong in (
        ("from_id, to_id: given twice", pairs.duplicated().to_numpy()),
        (
            f"{column}: must be 0 or more and finite, or missing where there is no way",
            (minutes < 0) | np.isinf(minutes),
        ),
    ):
        problems += faults_at(f"{what}:", list(pairs.loc[wrong].itertuples(index=False, name=None)))
    limit = limit_of("max_time_min", max_time_min)
    if bool((minutes > limit).any()):
        problems.append(f"{column}: {np.nanmax(minutes):g} min is beyond max_time_min, {limit:g}")
    refuse("r5py", problems)
    way = ~np.isnan(minutes)
    table = pairs.loc[way].reset_index(drop=True)
    table["mode"] = pd.Series(mode, index=table.index, dtype="str")
    table["travel_time_min"], table["network_distance_m"] = minutes[way], np.nan
    if np.isfinite(limit):
        table.attrs["cutoff_min"] = limit
    return table


def cost_to_closest(  # noqa: PLR0913 - the name and the options of the function that analysts know, and ours for the walk
    graph: TravelGraph,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    k: int = 1,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Find the k nearest facilities of a service for every settlement.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    settlements, facilities : GeoDataFrame
        By the contracts of the tables; only existing facilities count.
    service : str or frozenset of str
        The service, for which counts whatever satisfies it in the vocabulary; or a set of words as they are.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    k : int
        How many facilities.
    direction : {'to_facility', 'from_facility'}
        Who travels.
    rules : SnapRules, optional
        How places are joined to the network.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    DataFrame
        `from_id` (the settlement), `rank` from 1 to k, `to_id`, `mode`, `travel_time_min`, `network_distance_m` and
        `reach_status`: always k rows a settlement, in the order given. Ids keep the dtype that they have in the tables;
        whole numbers of `to_id` become nullable (Int64), since there may be none.

    Raises
    ------
    ContractError
        Where k is below 1, the direction is none, places lack an id or a point, or neither the facilities nor the
        vocabulary know the service. One of the vocabulary that no facility offers has rows of ``no_facility``.
    """
    check_count("k", k)
    check_direction(direction)
    pairing = pair_up(
        graph, settlements, facilities, service=service, vocabulary=vocabulary, rules=rules, barriers=barriers
    )
    origins, n, choices = pairing.origins, len(pairing.origins), pairing.choices
    goal, minutes, metres = nearest_allowed(graph, pairing.snaps, choices, k=k, direction=direction, barriers=barriers)
    there = np.zeros(n, dtype=np.int64)
    for choice in choices:
        there[choice.of] = len(choice.goals)
    why = np.where(origins.snaps.status == "ok", "no_path", "not_snapped")
    status = np.where(np.isfinite(minutes), "reached", why[:, None])
    beyond_all = ~np.isfinite(minutes) & (np.arange(k) >= there[:, None])
    status = np.where(beyond_all, "no_facility", status)
    rank = np.tile(np.arange(k), n)
    table = pd.DataFrame(
        {
            "from_id": origins.frame["settlement_id"].repeat(k).reset_index(drop=True),
            "rank": rank + 1,
            "to_id": ids_or_none(pairing.goals.frame["facility_id"], np.append(pairing.members, -1)[goal.ravel()]),
            "mode": pd.Series(graph.mode, index=range(n * k), dtype="str"),
            "travel_time_min": nan_for_inf(minutes).ravel(),
            "network_distance_m": nan_for_inf(metres).ravel(),
            "reach_status": pd.Series(status.ravel(), dtype="str"),
        }
    )
    return table.iloc[(pairing.back[:, None] * k + np.arange(k)).ravel()].reset_index(drop=True)


# Emergency response: mobilisation of the crew, then the drive from the station.


def emergency_response(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    stations: gpd.GeoDataFrame,
    settlements: gpd.GeoDataFrame,
    *,
    mobilisation_min: float | str,
    service: str | frozenset[str] | None = None,
    vocabulary: Vocabulary | None = None,
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Find the minutes from the call until the first crew is there.

    Response = mobilisation of the crew, as stated + drive from the station to the settlement, in that direction. The
    station with the shortest sum responds, which need not be the nearest one.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode that drives, such as emergency.
    stations : GeoDataFrame
        By the contract of the table ``facilities``; only existing ones count.
    settlements : GeoDataFrame
        By the contract of its table.
    mobilisation_min : float or str
        Minutes from the call to the departure, 0 or more; or the column of `stations` with them, known for each that
        responds. There is no default: state what holds where the stations are.
    service : str or frozenset of str, optional
        Which stations respond: those of whatever satisfies a service in the vocabulary, or of a set of words as they
        are; all by default.
    vocabulary, rules, barriers
        As in `cost_to_closest`.

    Returns
    -------
    DataFrame
        One row a settlement, as given: `settlement_id`, `station_id`, `mode`, `mobilisation_min`, `drive_min` (with the
        ways between doors and network), `response_min` and `reach_status`; NaN where no station can come.

    Raises
    ------
    ContractError
        Where the mobilisation is missing, below 0, or not in the stations, or neither they nor the vocabulary know the
        service.
    NetworkError
        Where the network is walked on.
    """
    check_on_network(graph, barriers)
    if "walk" in graph.mode.split("+"):
        raise NetworkError(f"mode {graph.mode}: crews drive; build the network with mode='emergency'")
    require_columns("stations", stations, ("facility_id", "service"))
    if not isinstance(mobilisation_min, str):
        refuse("options", not_within("mobilisation_min", mobilisation_min, most=FINITE))
        timed = stations.assign(mobilisation_min=float(mobilisation_min))
    elif mobilisation_min not in stations:
        raise ContractError("stations", [f"{mobilisation_min}: no such column; mobilisation_min names it"])
    else:
        timed = stations.assign(
            mobilisation_min=pd.to_numeric(stations[mobilisation_min], errors="coerce").astype(np.float64)
        )
    kinds = frozenset(stations["service"].dropna()) if service is None else service
    pairing = pair_up(graph, settlements, timed, service=kinds, vocabulary=vocabulary, rules=rules, barriers=barriers)
    origins, goals = pairing.snaps
    # Minutes of the stations that respond; others, planned ones and other services need none.
    ready = pairing.goals.frame["mobilisation_min"].to_numpy(dtype=np.float64)[pairing.members]
    wrong = ~((ready >= 0.0) & (ready < np.inf))
    late = pairing.goals.frame["facility_id"].iloc[pairing.members[wrong]]
    told = f"{mobilisation_min}: missing or below 0 at stations"
    refuse("stations", faults_at(told, late, "; state it for each"))
    # The crew's mobilisation comes before the first leg, so stations compete with both.
    waiting = SnapPair(origins, replace(goals, access_min=goals.access_min + ready[:, None]))
    found = nearest_allowed(graph, waiting, pairing.choices, direction="from_facility")
    station, response = found.goal[:, 0], found.minutes[:, 0]
    mobilisation, total = np.append(ready, np.nan)[station], np.where(station >= 0, response, np.nan)
    table = pd.DataFrame(
        {
            "settlement_id": pairing.origins.frame["settlement_id"].reset_index(drop=True),
            "station_id": ids_or_none(pairing.goals.frame["facility_id"], np.append(pairing.members, -1)[station]),
            "mode": pd.Series(graph.mode, index=range(len(station)), dtype="str"),
            "mobilisation_min": mobilisation,
            "drive_min": np.maximum(total - mobilisation, 0.0),
            "response_min": total,
            "reach_status": pd.Series(reach_status(pairing, response), dtype="str"),
        }
    )
    return table.iloc[pairing.back].reset_index(drop=True)


# Groups of people who walk at their own pace and not as far: the elderly, persons with disabilities, children.


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
        One network, or one for each group by its name. Walks, also those of a network of several modes, are stretched
        by `rules.walk_km_h` over the speed of the group in the one; the others stay as they are.
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
    rules = of_kind("rules", rules, SnapRules) or SnapRules()
    _check(settlements, groups)
    tables = []
    for group in groups:
        if not isinstance(graph, TravelGraph):
            if group.name not in graph:
                there = ", ".join(sorted(graph))
                raise ContractError("groups", [f"{group.name}: no graph of this name; there are: {there}"])
            own = graph[group.name]
        else:
            on_foot = [layer for layer, mode in enumerate(leg_modes(graph)) if mode.split("+")[0] == "walk"]
            is_walked = np.isin(layer_of(graph), on_foot) & ~np.isin(graph.road_class, (BUS, BOARDING))
            slower = np.where(is_walked, rules.walk_km_h / group.walk_km_h, 1.0)
            own = graph.with_minutes(graph.forward_min * slower, graph.backward_min * slower) if on_foot else graph
        furthest = min(rules.max_snap_m, group.max_walk_m / rules.detour)
        walk = SnapRules.from_options(rules, walk_km_h=group.walk_km_h, max_snap_m=furthest)
        od = travel_times(own, settlements, facilities, cutoff_min=cutoff_min, rules=walk, barriers=barriers)
        if own.mode == "walk":
            od = od.loc[od["network_distance_m"] <= group.max_walk_m]
        od.insert(0, "group", pd.Series(group.name, index=od.index, dtype="str"))
        tables.append(od)
    return pd.concat(tables, ignore_index=True)


def _check(settlements: pd.DataFrame, groups: Sequence[Group]) -> None:
    strange = [group for group in of_kind("groups", groups, Sequence) or () if not isinstance(group, Group)]
    if strange or groups is None:
        raise ContractError("groups", [f"give Group objects, not {first_of(strange)}"])
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
