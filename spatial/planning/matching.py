"""Idle capacity brought to unmet need: who gives to whom, what is left, and what borders cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.capacity import transport
from spatial.access.od_pairs import require_columns
from spatial.access.options import limit_of, numbers
from spatial.access.places import id_ranks
from spatial.errors import ContractError, first_of, refuse
from spatial.planning.programs import SAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spatial.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class CapacityMatch:
    """
    Who gives to whom.

    Parameters
    ----------
    matches : DataFrame
        `settlement_id`, `facility_id`, `service`, `persons`, `travel_time_min`, the most persons first.
    need : DataFrame
        The rows of the need, in the order given, with `matched_persons` and `left_persons`, which sum to it, and
        `why`: ``met``, ``too_little`` (what is in reach is given away), ``border`` (what is in reach may not be
        shared), ``not_reached``.
    idle : DataFrame
        The rows of the idle capacity, in the order given, with `given_persons`, `left_persons`, and
        `more_persons`: how many more people one more unit of capacity would serve, 0 where it would stay idle.
    matched_share : float
        People matched, of all in need; NaN without any.
    mean_minutes : float
        Mean time of those matched; NaN without any.
    border_persons : float
        People more who would be matched if every facility could be shared.
    """

    matches: pd.DataFrame
    need: pd.DataFrame
    idle: pd.DataFrame
    matched_share: float
    mean_minutes: float
    border_persons: float


def match_capacity(  # noqa: PLR0913 - three frames, and each rule of sharing under its own name
    need: pd.DataFrame,
    idle: pd.DataFrame,
    od: pd.DataFrame,
    *,
    compatible: Mapping[str, Iterable[str]] | None = None,
    sharing: str | None = None,
    cutoff_min: float | None = None,
    most_persons: float = np.inf,
) -> CapacityMatch:
    """
    Match idle capacity to unmet need: most people first, then the fewest person-minutes (a transport problem).

    Parameters
    ----------
    need : DataFrame
        `settlement_id`, `service`, `persons` who are not served, 0 or more; one row a settlement and service.
    idle : DataFrame
        `facility_id`, `service`, `persons` who could still be served, 0 or more, and perhaps `persons_per_unit`, whom
        a unit of capacity serves (1 by default); one row a facility.
    od : DataFrame
        Pairs as `travel_times` gives them.
    compatible : mapping of str to iterable of str, optional
        Which services of facilities may serve a needed service; each serves itself by default.
    sharing : str, optional
        Column of both frames with the unit within which capacity is shared, such as a medical community; missing in
        a row: shared with nobody. Without it everything is shared.
    cutoff_min : float, optional
        The longest time, inclusive.
    most_persons : float
        How many people of a settlement may go to one facility.

    Returns
    -------
    CapacityMatch
        Matches, what is left on both sides, and what borders cost.

    Raises
    ------
    ContractError
        For frames or options that are not as above, all faults at once.

    Examples
    --------
    >>> need = pd.DataFrame({"settlement_id": ["u", "v"], "service": "beds", "persons": [30.0, 20.0]})
    >>> idle = pd.DataFrame({"facility_id": ["a"], "service": "beds", "persons": [40.0]})
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 9.0]})
    >>> found = match_capacity(need, idle, od)
    >>> found.need["matched_persons"].tolist(), found.idle["more_persons"].tolist()
    ([30.0, 10.0], [1.0])
    """
    limit = limit_of("cutoff_min", cutoff_min)
    if not most_persons > 0.0:
        raise ContractError("options", [f"most_persons: must be above 0, is {most_persons!r}"])
    asked, room = (
        _read("need", need, ["settlement_id", "service"], sharing),
        _read("idle", idle, ["facility_id"], sharing),
    )
    require_columns("od", od, ("from_id", "to_id", "travel_time_min"))
    minutes = np.asarray(numbers("od", "travel_time_min", od["travel_time_min"]))
    if np.isnan(minutes).any() or (minutes < 0.0).any():
        raise ContractError("od", ["travel_time_min: NaN or negative; give no row, or inf, for a pair without a way"])
    fastest = od[["from_id", "to_id"]].assign(travel_time_min=minutes).loc[minutes <= min(limit, np.finfo(float).max)]
    fastest = fastest.sort_values("travel_time_min", kind="stable").drop_duplicates(["from_id", "to_id"])
    # Every need meets every facility that its settlement reaches and that may serve it.
    needs = need.assign(_need=np.arange(len(need)))[["settlement_id", "service", "_need"]]
    gives = idle.assign(_idle=np.arange(len(idle)))[["facility_id", "service", "_idle"]]
    pairs = fastest.merge(needs, left_on="from_id", right_on="settlement_id").merge(
        gives, left_on="to_id", right_on="facility_id", suffixes=("", "_given")
    )
    services = {name: {name, *also} for name, also in (compatible or {}).items()}
    fits = [
        given in services.get(asked_for, {asked_for})
        for asked_for, given in zip(pairs["service"], pairs["service_given"], strict=True)
    ]
    pairs = pairs.loc[np.array(fits, dtype=bool)]
    i, j = pairs["_need"].to_numpy(dtype=np.int64), pairs["_idle"].to_numpy(dtype=np.int64)
    rank = np.lexsort((id_ranks(idle["facility_id"])[j], id_ranks(need["settlement_id"])[i]))
    i, j, minutes = i[rank], j[rank], pairs["travel_time_min"].to_numpy()[rank]
    may = np.ones(len(i), dtype=bool)
    if sharing is not None:
        own, theirs = need[sharing].to_numpy(dtype=object)[i], idle[sharing].to_numpy(dtype=object)[j]
        may = (own == theirs) & ~pd.isna(own)
    free = i, j, minutes
    in_reach = np.bincount(i, minlength=len(asked)) > 0
    i, j, minutes = i[may], j[may], minutes[may]
    persons = transport(i, j, minutes, asked, room, most_persons=most_persons)
    persons = np.where(persons > SAME * asked[i], persons, 0.0)
    without_borders = persons if may.all() else transport(*free, asked, room, most_persons=most_persons)
    matched = np.minimum(np.bincount(i, persons, minlength=len(asked)), asked)
    matched = np.where(matched >= asked * (1.0 - SAME), asked, matched)
    given = np.minimum(np.bincount(j, persons, minlength=len(room)), room)
    reached = np.bincount(i, minlength=len(asked)) > 0
    why = np.select([matched == asked, reached, in_reach], ["met", "too_little", "border"], "not_reached")
    worth = _is_short(i, j, persons, asked - matched, most_persons, len(room))
    some = persons > 0.0
    matches = pd.DataFrame(
        {
            "settlement_id": need["settlement_id"].to_numpy()[i[some]],
            "facility_id": idle["facility_id"].to_numpy()[j[some]],
            "service": need["service"].to_numpy()[i[some]],
            "persons": persons[some],
            "travel_time_min": minutes[some],
        }
    ).sort_values("persons", ascending=False, kind="stable", ignore_index=True)
    per_unit = idle["persons_per_unit"].to_numpy(dtype=float) if "persons_per_unit" in idle else np.ones(len(idle))
    total, people = float(persons.sum()), float(asked.sum())
    return CapacityMatch(
        matches=matches,
        need=need.assign(matched_persons=matched, left_persons=asked - matched, why=pd.Series(why, need.index, "str")),
        idle=idle.assign(given_persons=given, left_persons=room - given, more_persons=np.where(worth, per_unit, 0.0)),
        matched_share=total / people if people else np.nan,
        mean_minutes=float(persons @ minutes) / total if total else np.nan,
        border_persons=max(0.0, float(without_borders.sum()) - total),
    )


def _read(table: str, frame: pd.DataFrame, key: list[str], sharing: str | None) -> FloatArray:
    """Read the people of a frame, and refuse what is none."""
    require_columns(table, frame, (*key, "service", "persons", *([sharing] if sharing else [])))
    persons = np.asarray(numbers(table, "persons", frame["persons"]))
    rows = list(frame[key].itertuples(index=False, name=None))
    problems = [
        f"persons: {what} for {first_of([row for row, is_wrong in zip(rows, wrong, strict=True) if is_wrong])}"
        for what, wrong in (
            ("unknown", np.isnan(persons)),
            ("negative", persons < 0.0),
            ("infinite", np.isinf(persons)),
        )
        if wrong.any()
    ]
    if (doubled := frame.duplicated(key)).any():
        problems.append(
            f"{', '.join(key)}: twice: {first_of(frame.loc[doubled, key].itertuples(index=False, name=None))}"
        )
    refuse(table, problems)
    return persons


def _is_short(i: IntArray, j: IntArray, persons: FloatArray, left: FloatArray, most: float, size: int) -> BoolArray:
    """
    Tell where one more person could be served: directly, or because somebody makes room elsewhere by coming here.

    Duals of the transport problem are not unique where it is degenerate; this is the derivative to the right.
    """
    open_pair = persons < most
    is_short = np.zeros(size, dtype=bool)
    waits = left > 0.0
    while True:
        # Whoever still waits, or is served where room is short, would come to a facility that has room.
        found = is_short | (np.bincount(j[open_pair & waits[i]], minlength=size) > 0)
        if (found == is_short).all():
            return is_short
        is_short = found
        served_there = np.bincount(i[(persons > 0.0) & is_short[j]], minlength=len(left)) > 0
        waits = waits | served_there
