"""Functional urban areas: a city and the units whose people work in it (Dijkstra, Poelman and Veneri 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from spatial.access.labels import paired
from spatial.access.options import is_number, numbers, shown
from spatial.errors import ContractError, first_of
from spatial.integration.exchange import flow_balance
from spatial.integration.segregation import neighbour_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["functional_urban_areas"]

COMMUTING_SHARE = 0.15
"""Of a unit's employed residents (EU-OECD definition)."""
LEAST_AROUND = 3
"""Neighbours of a unit that may be surrounded, where nobody says which units lie on the edge."""


def functional_urban_areas(
    commuters: Any,
    employed_persons: ArrayLike,
    city: ArrayLike,
    neighbours: sparse.sparray | ArrayLike,
    *,
    share: float = COMMUTING_SHARE,
    on_edge: ArrayLike | None = None,
) -> NDArray[np.object_]:
    """
    Join to each city the units from which enough people commute to it.

    Parameters
    ----------
    commuters : array_like or sparse array, (units, units)
        Persons who live in the row's unit and work in the column's, 0 or more; the diagonal does not count.
    employed_persons : array_like, (units,)
        Employed residents, 0 or more; a unit of none has no commuting.
    city : array_like of str or None, (units,)
        The city that a unit is part of, where half of its people or more live in an urban centre; None = in none.
    neighbours : sparse array or array_like, (units, units)
        Above 0 where two units share a border.
    share : float
        Of employed residents that must commute to one city, inclusive.
    on_edge : array_like of bool, optional
        Units on the outer border of the study, which nothing can surround; those with fewer than three neighbours by
        default.

    Returns
    -------
    ndarray of object, (units,)
        The city whose functional area each unit belongs to; None = none. Cities between which enough people commute are
        one, under the name of the one with most employed residents. A unit that is surrounded by one area is added;
        units that are not connected to their city within its area are dropped.

    Raises
    ------
    ContractError
        For flows or people below 0, a share outside 0-1, more commuters than employed, or shapes that do not fit.

    Examples
    --------
    >>> line = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    >>> functional_urban_areas([[0, 0, 0], [20, 0, 0], [10, 0, 0]], [100, 100, 100], ["A", None, None], line).tolist()
    ['A', 'A', None]
    """
    if not is_number(share, least=0.0, most=1.0) or share == 0.0:
        raise ContractError("functional areas", [f"share: must lie between 0 and 1, is {shown(share)}"])
    commuters, employed_persons, city, neighbours, on_edge = paired(
        "functional areas",
        commuters=(commuters, "units units"),
        employed_persons=(employed_persons, "units"),
        city=(city, "units"),
        neighbours=(neighbours, "units units"),
        on_edge=(on_edge, "units"),
    )
    employed = np.atleast_1d(numbers("functional areas", "employed_persons", employed_persons)).ravel()
    units = len(employed)
    core = np.array(city, dtype=object).ravel()
    core[pd.isna(core)] = None
    flows = _flows(commuters, employed, core)
    border = neighbour_weights(neighbours, units)
    core = _joined_cities(flows, employed, core, share)
    area = core.copy()
    names = sorted({name for name in core if name is not None})
    best = np.zeros(units)
    for name in names:
        to_city = np.asarray(flows[:, np.flatnonzero(core == name)].sum(axis=1)).ravel()
        part = np.divide(to_city, employed, out=np.zeros(units), where=employed > 0.0)
        joins = pd.isna(core) & (part >= share * (1.0 - 1e-12)) & (part > best)
        area[joins], best[joins] = name, part[joins]
    area = _drop_exclaves(area, core, border)
    edge = (
        np.diff(border.indptr) < LEAST_AROUND if on_edge is None else np.asarray(on_edge, dtype=bool).ravel()
    )
    for unit in np.flatnonzero(pd.isna(area)):
        around = {area[other] for other in border.indices[border.indptr[unit] : border.indptr[unit + 1]]}
        if len(around) == 1 and None not in around and not edge[unit]:
            area[unit] = next(iter(around))
    return area


def _flows(commuters: Any, employed: NDArray[np.float64], core: NDArray[np.object_]) -> sparse.csr_array:
    if not sparse.issparse(commuters):
        commuters = numbers("functional areas", "commuters", commuters)
    flow_balance(commuters)
    flows = sparse.csr_array(commuters)
    units = len(employed)
    if flows.shape != (units, units) or len(core) != units:
        raise ContractError(
            "functional areas", [f"commuters, city: {flows.shape} and {len(core)} for {units} units"]
        )
    if not bool((employed >= 0.0).all()):
        raise ContractError(
            "functional areas", ["employed_persons: below 0 or NaN; 0 where nobody is employed"]
        )
    out = np.asarray(flows.sum(axis=1)).ravel()
    above = np.flatnonzero(out > employed * (1.0 + 1e-9))
    if len(above):
        raise ContractError(
            "functional areas", [f"commuters: more than are employed in unit(s) {first_of(above)}"]
        )
    return flows


def _joined_cities(
    flows: sparse.csr_array, employed: NDArray[np.float64], core: NDArray[np.object_], share: float
) -> NDArray[np.object_]:
    """Make one city of those of which enough people commute from one to the other."""
    names = sorted({name for name in core if name is not None})
    member = np.array([core == name for name in names], dtype=np.float64).reshape(len(names), len(core))
    between = member @ (flows @ member.T)
    residents = member @ employed
    joined = (between >= share * (1.0 - 1e-12) * residents[:, None]) & (between > 0.0)
    _count, group = csgraph.connected_components(sparse.csr_array(joined), directed=False)
    leader = {
        number: names[max(np.flatnonzero(group == number), key=lambda at: (residents[at], -at))]
        for number in set(group.tolist())
    }
    told = {name: leader[int(number)] for name, number in zip(names, group, strict=True)}
    return np.array([None if name is None else told[name] for name in core], dtype=object)


def _drop_exclaves(
    area: NDArray[np.object_], core: NDArray[np.object_], border: sparse.csr_array
) -> NDArray[np.object_]:
    kept = area.copy()
    for name in {item for item in area if item is not None}:
        members = np.flatnonzero(area == name)
        _count, piece = csgraph.connected_components(border[members][:, members], directed=False)
        with_city = set(piece[core[members] == name])
        kept[members[[number not in with_city for number in piece]]] = None
    return kept
