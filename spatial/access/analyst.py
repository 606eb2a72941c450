"""Travel times for analysts: the tidy table of pairs, and the cost to the closest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from spatial.access.eligibility import eligible_by_unit
from spatial.access.options import check_count, check_direction, limit_of, numbers
from spatial.access.paired import nearest_allowed, pair_up
from spatial.access.places import Places, check_table, ids_or_none, of_status, place_on
from spatial.errors import ContractError, first_of, refuse
from spatial.network.matrix import Pairs, times_matrix
from spatial.study.access import SnapRules
from spatial.tables.words import FACILITY_STATUS

if TYPE_CHECKING:
    from collections.abc import Collection
    from concurrent.futures import Executor

    import geopandas as gpd

    from spatial.inputs.services import Vocabulary
    from spatial.network.graph import TravelGraph


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
    wanted = FACILITY_STATUS if status == "any" else tuple([status] if isinstance(status, str) else status)
    if not wanted or not set(wanted) <= set(FACILITY_STATUS):
        raise ContractError("options", [f"status: must be any, or of {', '.join(FACILITY_STATUS)}, is {status!r}"])
    rules = rules or SnapRules()
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
    for name in ("from_id", "to_id"):
        lacking = int(frame[name].isna().sum())
        problems += [f"{name}: {lacking} are missing"] if lacking else []
    pairs = frame[["from_id", "to_id"]]
    for what, wrong in (
        ("from_id, to_id: given twice", pairs.duplicated().to_numpy()),
        (
            f"{column}: must be 0 or more and finite, or missing where there is no way",
            (minutes < 0) | np.isinf(minutes),
        ),
    ):
        if bool(wrong.any()):
            problems.append(f"{what}: {first_of(list(pairs.loc[wrong].itertuples(index=False, name=None)))}")
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
        graph,
        settlements,
        facilities,
        service=service,
        vocabulary=vocabulary,
        rules=rules or SnapRules(),
        barriers=barriers,
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
            "travel_time_min": np.where(np.isfinite(minutes), minutes, np.nan).ravel(),
            "network_distance_m": np.where(np.isfinite(metres), metres, np.nan).ravel(),
            "reach_status": pd.Series(status.ravel(), dtype="str"),
        }
    )
    return table.iloc[(pairing.back[:, None] * k + np.arange(k)).ravel()].reset_index(drop=True)
