"""What plans share: who finds no room today, what stands idle, and which units would have to share it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access import travel_times
from spatial.access.capacity import allocate_capacity
from spatial.access.eligibility import eligible_by_unit, is_for_some_units
from spatial.inputs.facility_facts import capacity_units
from spatial.planning.agenda import Question, no_answer, plan_matching, service_norm
from spatial.planning.matching import match_capacity
from spatial.planning.programs import SAME
from spatial.stages.policy import vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatial.network.graph import TravelGraph
    from spatial.planning.agenda import Answer
    from spatial.runner.stage import Options
    from spatial.study.plans import PlanOptions

TOWNSHIP = "township_id"
ROOM = ("facility_id", "service", "persons", "persons_per_unit", "capacity_persons", "capacity_unit", TOWNSHIP)
"""Columns of facilities with room."""


class RoomPlan(NamedTuple):
    """A question for room, its answer where there is one, the facilities asked, and which units would share."""

    question: Question
    answer: Answer | None
    facilities: gpd.GeoDataFrame
    share_units: list[list[str]]


def plan_room(
    item: PlanOptions,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    graph: Callable[[str], TravelGraph],
    barriers: gpd.GeoSeries | None,
    options: Options,
) -> RoomPlan:
    """
    Bring those who find no room of a service to facilities of the study that have some.

    Who finds none is whom the table `served` leaves out: facilities are filled in the order of travel time within
    `measures.catchment_min`. Idle is what this leaves free, and no more than their load leaves free where that is
    known. Whoever finds none may go as far as the plan says, to facilities that are kept for other units too.
    """
    assert item.service is not None  # the study has seen to it
    assert item.within_min is not None
    chosen, vocabulary = options.measures, vocabulary_of(options)
    mode = item.mode or chosen.mode or options.network.modes[0]
    travel: dict[str, Any] = {"rules": options.network, "barriers": barriers}
    offered = facilities.loc[facilities["status"] == "existing"]
    persons = settlements.get(chosen.demand, pd.Series(np.nan, settlements.index)).to_numpy(dtype=np.float64)
    rooms, left = [], None if np.isnan(persons).all() else np.zeros(len(persons))
    seen: frozenset[str] = frozenset()
    for service in (item.service, *item.compatible):
        kinds = vocabulary.satisfying(service) - seen
        seen |= kinds
        theirs = offered.loc[offered["service"].isin(kinds)].reset_index(drop=True)
        each = chosen.persons_per_unit.get(service)
        is_known = len(theirs) > 0 and bool(theirs["capacity"].notna().all()) and len(capacity_units(theirs)) <= 1
        if left is None or each is None or not is_known:
            left = None
            break
        filled = allocate_capacity(
            travel_times(graph(mode), settlements, theirs, cutoff_min=chosen.catchment_min, **travel),
            settlements,
            theirs,
            service=kinds,
            vocabulary=vocabulary,
            cutoff_min=chosen.catchment_min,
            demand=chosen.demand,
            persons_per_unit=each,
        )
        if service == item.service:
            left = filled.settlements[["full_persons", "not_reached_persons"]].sum(axis=1).to_numpy()
        # What people of the model take and what is in use may be others: neither is given away.
        unused = each * (theirs["capacity"] - theirs["load"]).clip(lower=0.0)
        room = theirs.assign(
            service=service,
            persons=np.fmin(filled.facilities["free_persons"], unused),
            persons_per_unit=each,
            capacity_persons=each * theirs["capacity"],
        )
        rooms.append(room.loc[room["in_study"]])
    lacks = np.full(len(persons), np.nan) if left is None else np.where(left > SAME * persons, left, 0.0)
    need = pd.DataFrame(
        {
            "unit_id": settlements["settlement_id"].to_numpy(),
            "persons": persons,
            "within_persons": persons - lacks,
            "before": np.nan,
            "outcome": np.select([np.isnan(persons) | np.isnan(lacks), lacks > 0.0], ["unknown", "beyond"], "within"),
            "lacks": lacks,
            TOWNSHIP: settlements.get(TOWNSHIP, pd.Series(None, settlements.index, dtype="str")).to_numpy(),
        }
    )
    need = need.loc[settlements["in_study"].to_numpy(dtype=bool)].reset_index(drop=True)
    norm = service_norm(item.service, mode, item.within_min, stat_unit=chosen.demand.removesuffix("_persons"))
    question = Question(item.name, "matching", need, norm, wanted=(item.service,))
    asked = need.loc[question.is_beyond]
    if asked.empty:
        return RoomPlan(no_answer(question, "no_capacity" if left is None else "met"), None, offered.iloc[:0], [])
    idle = gpd.GeoDataFrame(pd.concat(rooms, ignore_index=True), crs=facilities.crs)
    everybody = idle.assign(
        open_to=idle.get("open_to", pd.Series("all", idle.index)).mask(is_for_some_units(idle), "all")
    )
    found = match_capacity(
        asked.assign(settlement_id=asked["unit_id"], service=item.service, persons=asked["lacks"]),
        pd.DataFrame(idle.reindex(columns=[*ROOM])),
        travel_times(graph(mode), settlements, everybody, cutoff_min=item.within_min, **travel),
        compatible={item.service: item.compatible},
        sharing=None if item.sharing is None else TOWNSHIP,
        cutoff_min=item.within_min,
    )
    homes, sites = settlements.set_index("settlement_id"), idle.set_index("facility_id")
    answer = plan_matching(question, found, homes.geometry, sites.geometry)
    return RoomPlan(question, answer, idle, _sharing_units(found.matches, homes, sites))


def _sharing_units(matches: pd.DataFrame, homes: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> list[list[str]]:
    """List the units that would have to share, so that those who are sent to a facility may use it."""
    eligible = eligible_by_unit(homes.reset_index(), sites.reset_index())
    i = homes.index.get_indexer(pd.Index(matches["settlement_id"]))
    j = sites.index.get_indexer(pd.Index(matches["facility_id"]))
    shared: list[set[str]] = []
    for row in np.flatnonzero(~eligible.allowed[eligible.kinds[i], j]):
        home = homes.iloc[i[row]]
        theirs = home.get(TOWNSHIP)
        kept = {unit.strip() for unit in str(sites["eligible_units"].iloc[j[row]]).split(";") if unit.strip()}
        units = kept | {theirs if isinstance(theirs, str) else str(matches["settlement_id"].iloc[row])}
        # Units that share with the same others are one community.
        others = [group for group in shared if group & units]
        shared = [group for group in shared if not group & units] + [units.union(*others)]
    return [sorted(group) for group in shared]
