"""Places on a network: settlements and facilities in the order of their ids, with where they meet the roads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from spatial.access.eligibility import is_for_everybody
from spatial.access.options import service_names
from spatial.access.ordering import id_order
from spatial.access.place_checks import check_crs, check_on_network, check_places, check_table
from spatial.access.rules import TOWN_TIERS
from spatial.errors import ContractError, first_of
from spatial.network import Snaps, snap
from spatial.sources.services import load_services

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.access.rules import SnapRules
    from spatial.network import TravelGraph
    from spatial.sources.services import Vocabulary

__all__ = [
    "Asked",
    "Places",
    "asked_for",
    "counting",
    "existing",
    "ids_or_none",
    "offering",
    "place_on",
    "take",
    "texts",
]

_STATUS = ("existing", "candidate", "closed")
"""Only the first one serves."""
_ROWWISE = (
    "x",
    "y",
    "edge",
    "fraction",
    "distance_m",
    "access_min",
    "foot_x",
    "foot_y",
    "status",
    "nearest_m",
)


@dataclass(frozen=True, eq=False)
class Places:
    """Settlements or facilities joined to one network, in the order of their ids."""

    frame: gpd.GeoDataFrame  # their rows
    ids: NDArray[np.object_]  # their ids
    snaps: Snaps  # where they meet the network

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.ids)


def place_on(
    graph: TravelGraph,
    frame: gpd.GeoDataFrame,
    *,
    key: str,
    rules: SnapRules,
    barriers: gpd.GeoSeries | None = None,
) -> Places:
    """Sort places by id and join them to a network."""
    check_on_network(graph, barriers)
    check_places(frame, key)
    check_crs(frame, key, graph)
    ordered = frame.iloc[id_order(frame[key])]
    return Places(
        ordered,
        ordered[key].to_numpy(dtype=object),
        snap(graph, ordered.geometry, barriers=barriers, **vars(rules)),
    )


def existing(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the facilities that serve today, and not members or a group alone."""
    check_table(facilities, "facilities")
    serving = is_for_everybody(facilities)
    if "status" in facilities:
        status = facilities["status"]
        odd = ~status.isin(_STATUS).to_numpy(dtype=bool)
        if odd.any():
            named = first_of([str(item) for item in status[odd].unique()])
            raise ContractError(
                "facilities",
                [f"status: {named} in {odd.sum()} rows; write {', '.join(_STATUS)}, or drop the column"],
            )
        serving &= (status == _STATUS[0]).to_numpy(dtype=bool)
    return facilities if serving.all() else facilities.loc[serving]


class Asked(NamedTuple):
    """A service that is asked for."""

    name: str  # what tables call it; several joined by ``+``
    kinds: frozenset[str]  # all the services of facilities that count for it


def counting(service: str, vocabulary: Vocabulary) -> frozenset[str]:
    """
    Name the services of facilities that count for a service: the one rule of runs and of analysts.

    Returns whatever satisfies it, itself included; empty where the vocabulary does not know it.
    """
    return TOWN_TIERS.get(service) or vocabulary.satisfying(service)


def asked_for(
    service: str | frozenset[str], *facilities: pd.DataFrame, vocabulary: Vocabulary | None = None
) -> Asked:
    """Read which service is asked for, and refuse one that nobody knows, as typing errors are."""
    names, words = service_names(service), vocabulary or load_services()
    there: set[str] = set()
    for frame in facilities:
        check_table(frame, "facilities")
        if "service" not in frame:
            raise ContractError("facilities", [f"service: no such column among {first_of(frame.columns)}"])
        there.update(map(str, frame["service"].dropna().unique()))
    kinds = {name: counting(name, words) for name in names}
    # Where there is no facility at all, no word is theirs, and none can be told to be wrong.
    unknown = [name for name in sorted(names) if there and not kinds[name] and name not in there]
    if unknown:
        raise ContractError("facilities", [_told_unknown(name, there, words) for name in unknown])
    if isinstance(service, str):
        return Asked(service, kinds[service] | {service})
    return Asked("+".join(sorted(names)), names)


def _told_unknown(name: str, there: set[str], vocabulary: Vocabulary) -> str:
    alike = sorted(there, key=lambda word: (-SequenceMatcher(None, name, word).ratio(), word))
    near = [*alike[:1], *get_close_matches(name, [word for word in vocabulary.ids if word not in there], n=1)]
    told = f"; nearest in spelling: {' or '.join(map(repr, near))}" if near else ""
    return (
        f"service: no facility offers {name!r} and the vocabulary has no such service; there are: "
        f"{', '.join(alike)}{told}"
    )


def offering(facilities: pd.DataFrame, kinds: frozenset[str]) -> NDArray[np.int64]:
    """Find the facilities that offer a service."""
    return np.flatnonzero(facilities["service"].isin(kinds))


def take(snaps: Snaps, rows: NDArray[np.int64]) -> Snaps:
    """Choose some of the places."""
    return replace(snaps, **{name: getattr(snaps, name)[rows] for name in _ROWWISE})


def ids_or_none(ids: pd.Series, positions: NDArray[np.int64]) -> pd.Series:
    """
    Name places by position, in the dtype of their ids.

    Returns missing where there is none; whole numbers are nullable, whether any is missing or not.
    """
    is_whole = isinstance(ids.dtype, np.dtype) and ids.dtype.kind in "iu"
    known = pd.array(ids.to_numpy()) if is_whole else ids.array
    kind = known.dtype if is_whole else ids.dtype
    return pd.Series(pd.api.extensions.take(known, positions, allow_fill=True), dtype=kind)


def texts(ids: NDArray[np.object_], positions: NDArray[np.int64]) -> pd.Series[str]:
    """Name places by position."""
    named = np.full(len(positions), None, dtype=object)
    named[positions >= 0] = ids[positions[positions >= 0]]
    return pd.Series(named, dtype="str")
