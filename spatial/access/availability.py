"""What supply is left for a place once all have had their share, and how much choice it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.access.decays import Decay, decay_binary
from spatial.access.floating_catchment import read_catchments, same
from spatial.access.od_pairs import require_columns, statuses
from spatial.access.options import limit_of, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatial.inputs.services import Vocabulary


_CHOICES = ("none", "one", "several")


def spatial_availability(  # noqa: PLR0913 - the options of floating_catchment_area, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    decay: Decay | Callable[..., Any] | None = None,
    demand: str = "population_persons",
    supply: str | None = None,
) -> pd.DataFrame:
    """
    Divide all supply among the settlements that compete for it.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `floating_catchment_area`.
    decay, demand, supply
        As in `floating_catchment_area`; by default the zones of E2SFCA.

    Returns
    -------
    DataFrame
        One row a settlement, always, in the order given: `settlement_id`, `service`, `mode`, `method`
        (``spatial_availability``), `decay`, `value` (supply that falls to the settlement; 0 where nothing is reached or
        nobody lives), `unit`, `value_per_person` (NaN where nobody lives), `status`, `facilities_reached`,
        `supply_basis` (missing where no facility exists), `capacity_known_share`, `demand_known_share`.

    Raises
    ------
    ContractError
        For bad frames or options, and a decay that reaches beyond the end of the pairs.

    Notes
    -----
    Soukhov et al. (2023): ``V_i = sum_j S_j F_ij``, where F_ij is the share of settlement i in the weighted people
    ``P W`` of facility j. The values sum to the supply that is used, and for each person they equal E2SFCA.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 15.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [32.0, 100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a"], "service": "hospital", "capacity": [10.0]})
    >>> found = spatial_availability(od, places, hospitals, service="hospital")
    >>> found["value"].round(6).tolist()  # 32 and 68 hundredths of 10 beds
    [3.2, 6.8]
    """
    ready = read_catchments(
        od, settlements, facilities, service, vocabulary, method="e2sfca", decay=decay, demand=demand, supply=supply
    )
    n = len(settlements)
    per_person = ready.sums("e2sfca").access
    reached = ready.weighed.facilities_reached
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"].reset_index(drop=True),
            **ready.said("spatial_availability", n),
            "value": ready.demand * per_person,
            "unit": same(ready.offer.unit, n),
            "value_per_person": np.where(ready.demand > 0.0, per_person, np.nan),
            "status": statuses(ready.pairs, reached > 0),
            "facilities_reached": reached,
            "supply_basis": same(ready.offer.basis, n),
            "capacity_known_share": ready.offer.known_share,
            "demand_known_share": ready.demand_known_share,
        }
    )


def catchment_overlap(  # noqa: PLR0913 - the options of floating_catchment_area, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    cutoff_min: float | None,
    demand: str = "population_persons",
    supply: str | None = None,
) -> pd.DataFrame:
    """
    Count the facilities in whose catchment every settlement lies: its redundancy and its choice.

    Parameters
    ----------
    od, settlements, facilities, service, vocabulary
        As in `floating_catchment_area`.
    cutoff_min : float or None
        Reach of a catchment in minutes, 0 or more, inclusive; None for no cutoff.
    demand : str
        Column of people, for `overlap_shares`.
    supply : str, optional
        As in `floating_catchment_area`.

    Returns
    -------
    DataFrame
        One row a settlement, always, in the order given: `settlement_id`, `service`, `mode`, `method`
        (``overlap``), `decay`, `value` (facilities within the cutoff), `unit`, `choice` (none, one, several), `status`,
        `supply_reached` (their supply together), `effective_facilities` (the number of equally large facilities that
        would give the same choice, ``(sum S)^2 / sum S^2``; 0 without supply), `supply_basis` (missing where no
        facility exists), `capacity_known_share`, and the column of people, NaN where unknown.

    Raises
    ------
    ContractError
        For bad frames or options, and a cutoff beyond the end of the pairs.

    Notes
    -----
    Effective number: the inverse of the concentration index of Simpson (1949), as Laakso and Taagepera (1979) use it.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "u"], "to_id": ["a", "b"], "travel_time_min": [5.0, 30.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u"], "population_persons": [100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a", "b"], "service": "hospital", "capacity": [30.0, 10.0]})
    >>> found = catchment_overlap(od, places, hospitals, service="hospital", cutoff_min=30.0)
    >>> found["value"].tolist(), found["effective_facilities"].tolist()  # 40 x 40 / (900 + 100)
    ([2], [1.6])
    """
    decay = decay_binary(limit_of("cutoff_min", cutoff_min))
    ready = read_catchments(
        od, settlements, facilities, service, vocabulary, method="2sfca", decay=decay, demand=demand, supply=supply
    )
    n, supply_of = len(settlements), ready.offer.supply
    count = ready.weighed.facilities_reached
    together, squares = ready.weighed.to_places(supply_of), ready.weighed.to_places(supply_of**2)
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"].reset_index(drop=True),
            **ready.said("overlap", n),
            "value": count,
            "unit": same("facilities", n),
            "choice": pd.Series(np.array(_CHOICES, dtype=object)[np.minimum(count, 2)], dtype="str"),
            "status": statuses(ready.pairs, count > 0),
            "supply_reached": together,
            "effective_facilities": np.divide(together**2, squares, out=np.zeros(n), where=squares > 0.0),
            "supply_basis": same(ready.offer.basis, n),
            "capacity_known_share": ready.offer.known_share,
            demand: numbers("settlements", demand, settlements[demand]),
        }
    )


def overlap_shares(overlap: pd.DataFrame, *, demand: str = "population_persons") -> pd.DataFrame:
    """
    Sum people and places by the choice that they have.

    Parameters
    ----------
    overlap : DataFrame
        As `catchment_overlap` gives it.
    demand : str
        Its column of people; unknown ones are left out of the people.

    Returns
    -------
    DataFrame
        Three rows, `choice` none, one and several: `places`, `places_share`, `persons`, `persons_share`. Shares are NaN
        where there is nobody or no place.

    Raises
    ------
    ContractError
        Where a column is missing, or people are no numbers.

    Examples
    --------
    >>> overlap = pd.DataFrame({"choice": ["none", "several"], "population_persons": [25.0, 75.0]})
    >>> overlap_shares(overlap)["persons_share"].tolist()
    [0.25, 0.0, 0.75]
    """
    require_columns("overlap", overlap, ("choice", demand))
    people = overlap[["choice"]].assign(persons=numbers("overlap", demand, overlap[demand]))
    by_choice = people.groupby("choice")["persons"]
    places = by_choice.size().reindex(_CHOICES, fill_value=0)
    persons = by_choice.sum().reindex(_CHOICES, fill_value=0.0)
    return pd.DataFrame(
        {
            "choice": pd.Series(_CHOICES, dtype="str"),
            "places": places.to_numpy(),
            "places_share": (places / (places.sum() or np.nan)).to_numpy(),
            "persons": persons.to_numpy(),
            "persons_share": (persons / (persons.sum() or np.nan)).to_numpy(),
        }
    )
