"""How much flows each way between town and country, and in and out of each place."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from spatial.access.labels import paired
from spatial.access.options import numbers
from spatial.errors import ContractError, first_of
from spatial.integration.classes import read_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["FlowBalance", "flow_balance", "flow_matrix", "read_flows"]

TOTALS = 2
"""A pair of totals: from the country to town, and back."""


@dataclass(frozen=True)
class FlowBalance:
    """
    Flows between town and country, both ways.

    Parameters
    ----------
    rural_to_urban, urban_to_rural : float
        Totals; NaN where nobody said which places are town and country.
    net_flow_ratio : float
        ``(F_ru - F_ur) / (F_ru + F_ur)``, -1 to 1: above 0 where the country is drained. NaN where nothing flows.
    balance : float
        One less its size, 0-1. Two tiny flows may balance: read it beside the volume.
    volume : float
        Both totals together.
    node_balance : ndarray of float64
        ``(in - out) / (in + out)`` of each place; NaN where nothing flows; empty for totals alone.
    """

    rural_to_urban: float
    urban_to_rural: float
    net_flow_ratio: float
    balance: float
    volume: float
    node_balance: FloatArray = field(default_factory=lambda: np.zeros(0))


def flow_balance(flows: Any, official_class: ArrayLike | None = None) -> FlowBalance:
    """
    Measure whether flows between town and country go both ways.

    Parameters
    ----------
    flows : array_like or sparse array
        Two totals, from the country to town and from town to the country, of people, parcels, money or calls; or a
        square matrix of flows from row to column. 0 or more; the diagonal does not count. Columns of a DataFrame are
        brought into the order of its rows, which must name the same places.
    official_class : array_like of str, optional
        For a matrix: ``urban`` or ``rural``, one a place, or nothing where it is not known; flows with such places are
        not between the two.

    Returns
    -------
    FlowBalance
        NaN where nothing was observed.

    Raises
    ------
    ContractError
        For flows that are negative, infinite or NaN, or of another shape, labels that do not fit (`paired`), and other
        words as classes.

    Examples
    --------
    >>> both = flow_balance([120, 30])
    >>> both.net_flow_ratio, both.balance, both.volume
    (0.6, 0.4, 150.0)
    """
    if not sparse.issparse(flows) and np.shape(flows) == (TOTALS,):
        given = numbers("flows", "flows", flows)
        _refuse(given, [str(at) for at in range(TOTALS)])
        return _between(float(given[0]), float(given[1]), np.zeros(0))
    flows, official_class = paired(
        "flows", flows=(flows, "places places"), official_class=(official_class, "places")
    )
    matrix = read_flows(flows)
    out, into = (np.asarray(matrix.sum(axis=axis)).ravel() for axis in (1, 0))
    both = out + into
    node = np.divide(into - out, both, out=np.full(len(both), np.nan), where=both > 0.0)
    if official_class is None:
        return FlowBalance(math.nan, math.nan, math.nan, math.nan, math.nan, node)
    label = read_classes("flows", official_class, len(both))
    urban, rural = (label == name for name in ("urban", "rural"))
    return _between(float(matrix[rural][:, urban].sum()), float(matrix[urban][:, rural].sum()), node)


def flow_matrix(
    flows: pd.DataFrame, settlement_ids: Sequence[str], *, kind: str | None = None
) -> sparse.csr_array:
    """
    Turn a table of flows into a matrix.

    Parameters
    ----------
    flows : DataFrame
        `from_id`, `to_id`, `volume`, and `kind` where one is asked for; rows of the same pair are added up.
    settlement_ids : sequence of str
        The places, in the order of rows and columns.
    kind : str, optional
        Only flows of this kind, such as ``parcels``.

    Returns
    -------
    sparse.csr_array, (places, places)
        From row to column, without flows of a place to itself.

    Raises
    ------
    ContractError
        For missing columns, places that are not there or named twice, a kind that none has, and
        volumes that are negative or unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"from_id": ["a"], "to_id": ["b"], "volume": [5.0]})
    >>> flow_matrix(table, ["a", "b"]).toarray().tolist()
    [[0.0, 5.0], [0.0, 0.0]]
    """
    needed = ["from_id", "to_id", "volume", *(["kind"] if kind is not None else [])]
    missing = [column for column in needed if column not in flows.columns]
    if missing:
        raise ContractError("flows", [f"{column}: the column is missing" for column in missing])
    chosen = flows if kind is None else flows[flows["kind"] == kind]
    if kind is not None and chosen.empty and len(flows):
        raise ContractError(
            "flows", [f"kind: none is {kind!r}; there are {first_of(sorted(set(flows['kind'])))}"]
        )
    twice = [name for name, count in Counter(map(str, settlement_ids)).items() if count > 1]
    if twice:
        raise ContractError(
            "flows", [f"settlement_ids: more than once {first_of(twice)}; name each place once"]
        )
    place = {str(name): at for at, name in enumerate(settlement_ids)}
    ends = {side: chosen[side].astype(str) for side in ("from_id", "to_id")}
    unknown = sorted({name for side in ends.values() for name in side if name not in place})
    if unknown:
        raise ContractError("flows", [f"from_id, to_id: no settlement is called {first_of(unknown)}"])
    volume = numbers("flows", "volume", chosen["volume"].to_numpy())
    _refuse(volume, [f"{a}->{b}" for a, b in zip(ends["from_id"], ends["to_id"], strict=True)])
    rows, columns = (ends[side].map(place).to_numpy(dtype=np.int64) for side in ("from_id", "to_id"))
    return read_flows(sparse.coo_array((volume, (rows, columns)), shape=(len(place), len(place))))


def read_flows(flows: Any) -> sparse.csr_array:
    """Read a matrix of flows."""
    (flows,) = paired("flows", flows=(flows, "places places"))
    given: Any = flows if sparse.issparse(flows) else np.atleast_2d(numbers("flows", "flows", flows))
    matrix = sparse.coo_array(given, dtype=np.float64)
    if matrix.shape[0] != matrix.shape[1]:
        raise ContractError("flows", [f"flows: is {matrix.shape}; give two totals or a square matrix"])
    _refuse(matrix.data, [f"{a},{b}" for a, b in zip(matrix.row, matrix.col, strict=True)])
    apart = matrix.row != matrix.col
    kept = (matrix.data[apart], (matrix.row[apart], matrix.col[apart]))
    return sparse.coo_array(kept, shape=matrix.shape).tocsr()


def _between(rural_to_urban: float, urban_to_rural: float, node: FloatArray) -> FlowBalance:
    volume = rural_to_urban + urban_to_rural
    net = (rural_to_urban - urban_to_rural) / volume if volume > 0.0 else math.nan
    return FlowBalance(rural_to_urban, urban_to_rural, net, 1.0 - abs(net), volume, node)


def _refuse(volume: FloatArray, names: Sequence[str]) -> None:
    wrong = np.flatnonzero(~np.isfinite(volume) | (volume < 0.0))
    if len(wrong):
        where = first_of([names[int(at)] for at in wrong])
        raise ContractError(
            "flows",
            [
                f"volume: negative, infinite or unknown in {len(wrong)} flow(s) {where}; leave out what is unknown"
            ],
        )
