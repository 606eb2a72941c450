"""Emergency response: mobilisation of the crew, then the drive from the station."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.access.od_pairs import require_columns
from spatial.access.options import FINITE, not_within
from spatial.access.paired import SnapPair, nearest_allowed, pair_up, reach_status
from spatial.access.places import ids_or_none
from spatial.errors import ContractError, NetworkError, first_of, refuse
from spatial.study.access import SnapRules

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.inputs.services import Vocabulary
    from spatial.network.graph import TravelGraph


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
    pairing = pair_up(
        graph, settlements, timed, service=kinds, vocabulary=vocabulary, rules=rules or SnapRules(), barriers=barriers
    )
    origins, goals = pairing.snaps
    # Minutes of the stations that respond; others, planned ones and other services need none.
    ready = pairing.goals.frame["mobilisation_min"].to_numpy(dtype=np.float64)[pairing.members]
    wrong = ~((ready >= 0.0) & (ready < np.inf))
    if wrong.any():
        named = first_of(pairing.goals.frame["facility_id"].iloc[pairing.members[wrong]])
        raise ContractError(
            "stations", [f"{mobilisation_min}: missing or below 0 at stations {named}; state it for each"]
        )
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
