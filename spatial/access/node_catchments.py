"""The catchment of every facility on the network: which one each node is nearest to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from spatial.access.eligibility import is_for_some_units
from spatial.access.options import check_direction
from spatial.access.places import asked_for, existing, ids_or_none, offering, place_on, take
from spatial.access.rules import SnapRules
from spatial.network import node_labels

if TYPE_CHECKING:
    import geopandas as gpd

    from spatial.network import TravelGraph
    from spatial.sources.services import Vocabulary

__all__ = ["node_catchments"]


def node_catchments(  # noqa: PLR0913 - each keyword is an option under its own name
    graph: TravelGraph,
    facilities: gpd.GeoDataFrame,
    *,
    service: str | frozenset[str] | None = None,
    vocabulary: Vocabulary | None = None,
    direction: Literal["to_facility", "from_facility"] = "to_facility",
    rules: SnapRules | None = None,
    barriers: gpd.GeoSeries | None = None,
) -> pd.DataFrame:
    """
    Find the nearest facility of every node of a network.

    Parameters
    ----------
    graph : TravelGraph
        The network of one mode.
    facilities : GeoDataFrame
        By the contract of the table; only existing facilities count, and none that is for some units.
    service : str or frozenset of str, optional
        The service, for which counts whatever satisfies it in the vocabulary; or a set of words as they are; without,
        every facility counts.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    direction : {'to_facility', 'from_facility'}
        Who travels: people from the nodes, or help from the facilities.
    rules : SnapRules, optional
        How facilities are joined to the network.
    barriers : GeoSeries, optional
        What the walk between a facility and the network may not touch.

    Returns
    -------
    DataFrame
        `node_id` (the position of the node in the graph, as in the table ``nodes``), `facility_id` (missing where none
        is reached; the lowest of equally near ones), `travel_time_min` (from the node to the facility's door; NaN where
        none is reached) and `reach_status` (reached, no_path, no_facility). One row a node.

    Raises
    ------
    ContractError
        Where neither the facilities nor the vocabulary know the service, or places lack an id or a point.

    Examples
    --------
    >>> # sp.node_catchments(graph, layers.facilities, service="hospital").groupby("facility_id").size()
    """
    check_direction(direction)
    serving = existing(facilities)
    serving = serving.loc[~is_for_some_units(serving)]
    goals = place_on(graph, serving, key="facility_id", rules=rules or SnapRules(), barriers=barriers)
    members = np.arange(len(goals))
    if service is not None:
        members = offering(goals.frame, asked_for(service, facilities, vocabulary=vocabulary).kinds)
    label, minutes = node_labels(graph, take(goals.snaps, members), direction=direction)
    reached = label >= 0
    facility = np.full(graph.n_nodes, -1, dtype=np.int64)
    facility[reached] = members[label[reached]]
    status = np.where(reached, "reached", "no_path" if len(members) else "no_facility")
    return pd.DataFrame(
        {
            "node_id": np.arange(graph.n_nodes, dtype=np.int64),
            "facility_id": ids_or_none(goals.frame["facility_id"], facility),
            "travel_time_min": np.where(reached, minutes, np.nan),
            "reach_status": pd.Series(status, dtype="str"),
        }
    )
