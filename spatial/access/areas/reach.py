"""The roads within reach of facilities, cut at the exact minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.access.areas.stretches import Stretches, cut_lines, reached_stretches
from spatial.access.eligibility import is_for_some_units
from spatial.access.options import limit_of
from spatial.access.places import asked_for, existing, offering, place_on, take
from spatial.access.rules import SnapRules
from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from spatial.access.areas.stretches import Direction
    from spatial.access.places import Asked, Places
    from spatial.network import TravelGraph
    from spatial.sources.services import Vocabulary

    Per = Literal["facility", "service"]

__all__ = ["Group", "asked_of", "check_options", "groups_of", "of_service", "reached_edges"]

_DIRECTIONS = ("to_facility", "from_facility")
_PER = ("service", "facility")


@dataclass(frozen=True, eq=False)
class Group:
    """
    Facilities that make one area together.

    Parameters
    ----------
    service : str
        What they offer.
    alone : bool
        Whether it is one facility that stands alone.
    members : ndarray of int64
        Positions among the places.
    """

    service: str
    alone: bool
    members: NDArray[np.int64]


def asked_of(
    service: str | frozenset[str] | None, facilities: gpd.GeoDataFrame, vocabulary: Vocabulary | None
) -> list[Asked]:
    """Read which services areas are drawn of."""
    if service is not None:
        return [asked_for(service, facilities, vocabulary=vocabulary)]
    if "service" not in facilities:
        raise ContractError("facilities", ["service: no such column; areas are drawn by service"])
    offered = _open_to_all(facilities)["service"].tolist()
    there = sorted({name for name in offered if isinstance(name, str)})
    return [asked_for(name, facilities, vocabulary=vocabulary) for name in there]


def groups_of(places: Places, asked: Sequence[Asked], per: Per) -> Iterator[Group]:
    """Group facilities into those that make one area together."""
    offered = places.frame["service"].to_numpy(dtype=object)
    there = sorted({name for name in offered.tolist() if isinstance(name, str)})
    for name, kinds in asked:
        if kinds.isdisjoint(there):
            told = f"service: none offers {name!r}; there are {first_of(there, limit=20)}"
            raise ContractError("facilities", [told])
        members = np.flatnonzero(np.isin(offered, list(kinds)))
        if per == "service":
            yield Group(name, False, members)
            continue
        for member in members:
            yield Group(name, True, np.array([member]))


def of_service(facilities: gpd.GeoDataFrame, asked: Sequence[Asked]) -> gpd.GeoDataFrame:
    """
    Keep the facilities that serve today and offer a service, so that no others are joined to the network.

    Those for the people of some units are left out: whoever stands on a piece of ground may come from anywhere.
    """
    serving = _open_to_all(facilities)
    rows = offering(serving, frozenset[str]().union(*(each.kinds for each in asked)))
    return serving.iloc[rows] if len(rows) else serving


def _open_to_all(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    serving = existing(facilities)
    return serving.loc[~is_for_some_units(serving)]


def reached_edges(  # noqa: PLR0913 - each keyword is an option of the study under its own name
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    cutoff_min: float | None,
    service: str | frozenset[str] | None = None,
    vocabulary: Vocabulary | None = None,
    per: Per = "service",
    direction: Direction = "to_facility",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """
    Draw the roads within reach of facilities, cut at the exact minute.

    Parameters
    ----------
    graph : TravelGraph
        The network.
    facilities : GeoDataFrame
        With `facility_id` and `service`; those planned or closed are passed over.
    cutoff_min : float or None
        Minutes from door to road; inclusive; None or inf for all that can be reached.
    service : str or frozenset of str, optional
        Only this one, for which counts whatever satisfies it in the vocabulary; or a set of words as they are, which
        count as one. Without it every service of the facilities, one after the other.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    per : {'service', 'facility'}
        The reach of the nearest of all facilities, or of each on its own.
    direction : {'to_facility', 'from_facility'}
        Who travels.
    rules : SnapRules, optional
        How facilities are joined to the network.
    barriers : GeoSeries, optional
        What no walk may touch.

    Returns
    -------
    GeoDataFrame
        One row a stretch: `service`, `facility_id` (the nearest), `mode`, `edge_id`, `road_class`, `start_fraction`,
        `end_fraction`, `start_min`, `end_min`, `length_m` and the line in the drawn direction. Minutes run evenly
        between the two ends.

    Raises
    ------
    ContractError
        Where the cutoff is negative or NaN, or no facility offers the service.
    CrsError
        Where facilities and network differ in their CRS.

    Examples
    --------
    On a road of 2 km at 60 km/h with a clinic at its beginning, a cutoff of 1 minute leaves the first kilometre.
    """
    limit = limit_of("cutoff_min", cutoff_min)
    check_options(direction=direction, per=per)
    asked = asked_of(service, facilities, vocabulary)
    places = place_on(
        graph,
        of_service(facilities, asked),
        key="facility_id",
        rules=rules or SnapRules(),
        barriers=barriers,
    )
    frames = []
    for group in groups_of(places, asked, per):
        found = reached_stretches(
            graph, take(places.snaps, group.members), cutoff_min=limit, direction=direction
        )
        frames.append(_stretch_rows(graph, places, group, found))
    if not frames:
        nothing = Group("", False, np.empty(0, dtype=np.int64))
        empty = np.empty(0)
        whole = np.empty(0, dtype=np.int64)
        frames = [_stretch_rows(graph, places, nothing, Stretches(whole, *(empty,) * 4, whole))]
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=graph.crs)


def check_options(*, direction: str, per: str = "service") -> None:
    """Refuse options that make no sense."""
    words = (("direction", direction, _DIRECTIONS), ("per", per, _PER))
    problems = [
        f"{name}: is {word!r}, must be {' or '.join(known)}"
        for name, word, known in words
        if word not in known
    ]
    if problems:
        raise ContractError("options", problems)


def _stretch_rows(graph: TravelGraph, places: Places, group: Group, found: Stretches) -> gpd.GeoDataFrame:
    n = len(found)
    owners = group.members[found.owner] if n else found.owner
    frame = pd.DataFrame(
        {
            "service": pd.Series([group.service] * n, dtype="str"),
            "facility_id": places.frame["facility_id"].take(owners).reset_index(drop=True),
            "mode": pd.Series([graph.mode] * n, dtype="str"),
            "edge_id": pd.Series(graph.edge_id[found.edge], dtype="str"),
            "road_class": pd.Series(graph.road_class[found.edge], dtype="str"),
            "start_fraction": found.start,
            "end_fraction": found.end,
            "start_min": found.start_min,
            "end_min": found.end_min,
            "length_m": (found.end - found.start) * graph.length_m[found.edge],
        }
    )
    lines = cut_lines(graph, found.edge, found.start, found.end)
    return gpd.GeoDataFrame(frame, geometry=lines, crs=graph.crs)
