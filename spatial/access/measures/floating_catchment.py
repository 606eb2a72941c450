"""The floating catchment family: supply per person around settlements, and how crowded facilities are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from spatial.access.measures.catchment_edges import BufferRule, MissingBuffer, near_edge
from spatial.access.measures.catchment_reading import per_person, read_catchments, same
from spatial.access.measures.catchment_sums import FcaMethod, crowding
from spatial.access.measures.od_pairs import statuses
from spatial.access.measures.offers import COUNT
from spatial.errors import ContractError

if TYPE_CHECKING:
    from spatial.access.measures.decays import Decay
    from spatial.sources.services import Vocabulary

__all__ = ["catchment_ratios", "facility_crowding", "floating_catchment_area"]


def floating_catchment_area(  # noqa: PLR0913 - the name and the options that analysts know, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    method: FcaMethod = "e2sfca",
    decay: Decay | None = None,
    demand: str = "population_persons",
    supply: str | None = None,
    choice: Literal["catchment", "all_pairs"] = "catchment",
    buffer: BufferRule = "detect",
    on_missing_buffer: MissingBuffer = "flag",
) -> pd.DataFrame:
    """
    Measure how much supply there is for each person around every settlement, competition counted.

    Parameters
    ----------
    od : DataFrame
        Pairs as `travel_times` gives them: `from_id`, `to_id`, `travel_time_min`, perhaps `mode` (the fastest counts).
    settlements, facilities : DataFrame
        By the contracts of the tables; only existing facilities count.
    service : str or frozenset of str
        The service, for which counts whatever satisfies it in the vocabulary; or a set of words as they are.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    method : {'2sfca', 'e2sfca', '3sfca', 'm2sfca', 'bfca'}
        See the notes.
    decay : Decay, optional
        What a facility is worth at so many minutes. By default all the same up to 30 minutes for 2SFCA, and 1, 0.68
        and 0.22 up to 10, 20 and 30 minutes (Luo and Qi 2009) for the others.
    demand : str
        Column of the settlements with the people who compete, such as ``elderly_persons``. Unknown ones count as
        nobody, with a warning.
    supply : str, optional
        Column of the facilities, known for each; ``count``: each counts one. By default `capacity` where every facility
        of the service has one; else each counts one, with a warning. Known and unknown capacities are never mixed.
    choice : {'catchment', 'all_pairs'}
        For 3SFCA, among which facilities a place chooses: those of its catchment, or every pair of the table, also
        beyond the cutoff, as PySAL's `access` does.
    buffer : {'detect', 'none_needed'}
        ``none_needed`` states that nobody lives beyond the study area, as around an island.
    on_missing_buffer : {'flag', 'refuse'}
        What to do where no settlement outside the study area has people: flag those near the edge, or raise.

    Returns
    -------
    DataFrame
        One row a settlement, always, in the order given: `settlement_id`, `service`, `mode`, `method`, `decay`, `value`
        (0 where nothing is reached), `unit`, `status` (reached, beyond_cutoff, no_pair, no_facility),
        `facilities_reached`, `supply_basis` (the column, or ``count``; missing where no facility exists),
        `capacity_known_share`, `demand_known_share`, `buffer_population` (are people outside the study area in the
        table?) and `edge_risk` (may the value be too high for the lack of them?).

    Raises
    ------
    ContractError
        For bad frames or options, a decay that reaches beyond the end of the pairs, and a missing buffer where refused.

    Notes
    -----
    With weights W = f(t), people P and supply S:

    - 2SFCA (Luo and Wang 2003), E2SFCA (Luo and Qi 2009): ``R_j = S_j / sum_k P_k W_kj``, ``A_i = sum_j W_ij R_j``;
    - 3SFCA (Wan, Zou and Sternberg 2012): the same with ``W_ij G_ij``, ``G_ij = W_ij / sum_l W_il``;
    - M2SFCA (Delamater 2013): ``A_i = sum_j W_ij^2 R_j``, which loses supply where facilities lie far from people;
    - BFCA (Paez, Higgins and Vivona 2019): ``L_j = S_j / sum_i P_i G_ij``, ``A_i = sum_j L_j W_ij / sum_k W_kj``: a
      level of service, not supply per person. Never compare it with the others.

    A facility with nobody in its catchment gives nothing (ratio 0, not infinity). 2SFCA, E2SFCA and 3SFCA hand out all
    supply that is used: ``sum_i P_i A_i = sum_j S_j``.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 15.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [32.0, 100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a"], "service": ["hospital"], "capacity": [10.0]})
    >>> found = floating_catchment_area(
    ...     od, places, hospitals, service="hospital", buffer="none_needed"
    ... )
    >>> found["value"].round(6).tolist()  # 10 beds for 32 + 0.68 x 100 = 100 people
    [0.1, 0.068]
    """
    ready = read_catchments(
        od,
        settlements,
        facilities,
        service=service,
        vocabulary=vocabulary,
        method=method,
        decay=decay,
        demand=demand,
        supply=supply,
    )
    if choice not in ("catchment", "all_pairs"):
        raise ContractError("options", [f"choice: must be 'catchment' or 'all_pairs', is {choice!r}"])
    at_risk, buffered = near_edge(
        ready.pairs, ready.weighed, buffer=buffer, on_missing_buffer=on_missing_buffer
    )
    found = ready.sums(method, choice=choice)
    reached = ready.weighed.facilities_reached
    return pd.DataFrame(
        {
            "settlement_id": settlements["settlement_id"].reset_index(drop=True),
            **ready.said(method, len(settlements)),
            "value": found.access,
            "unit": same(
                "level of service" if method == "bfca" else per_person(ready.offer), len(settlements)
            ),
            "status": statuses(ready.pairs, reached > 0),
            "facilities_reached": reached,
            "supply_basis": same(ready.offer.basis, len(settlements)),
            "capacity_known_share": ready.offer.known_share,
            "demand_known_share": ready.demand_known_share,
            "buffer_population": buffered,
            "edge_risk": at_risk,
        }
    )


def catchment_ratios(  # noqa: PLR0913 - the options of floating_catchment_area, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    method: FcaMethod = "e2sfca",
    decay: Decay | None = None,
    demand: str = "population_persons",
    supply: str | None = None,
    choice: Literal["catchment", "all_pairs"] = "catchment",
) -> pd.DataFrame:
    """
    Give the first step of a floating catchment: supply over people, for every facility.

    Parameters
    ----------
    od, settlements, facilities : DataFrame
        As in `floating_catchment_area`.
    service : str or frozenset of str
        The service, for which counts whatever satisfies it in the vocabulary; or a set of words as they are.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    method, decay, demand, supply, choice
        As in `floating_catchment_area`.

    Returns
    -------
    DataFrame
        One row an existing facility of the service, in the order given: `facility_id`, `service`, `mode`, `method`,
        `decay`, `supply`, `supply_basis`, `demand_persons` (weighted as the method says), `ratio`, `unit`,
        `settlements_reached` and `unused`: nobody is in its catchment, so that the ratio is 0 and its supply goes to
        nobody.

    Raises
    ------
    ContractError
        For bad frames or options, and a decay that reaches beyond the end of the pairs.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "v"], "to_id": ["a", "a"], "travel_time_min": [5.0, 15.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u", "v"], "population_persons": [32.0, 100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a", "b"], "service": "hospital", "capacity": [10.0, 9.0]})
    >>> found = catchment_ratios(od, places, hospitals, service="hospital")
    >>> found["ratio"].tolist(), found["unused"].tolist()
    ([0.1, 0.0], [False, True])
    """
    ready = read_catchments(
        od,
        settlements,
        facilities,
        service=service,
        vocabulary=vocabulary,
        method=method,
        decay=decay,
        demand=demand,
        supply=supply,
    )
    found = ready.sums(method, choice=choice)
    m = len(ready.pairs.facilities)
    return pd.DataFrame(
        {
            "facility_id": ready.pairs.facilities["facility_id"].reset_index(drop=True),
            **ready.said(method, m),
            "supply": ready.offer.supply,
            "supply_basis": same(ready.offer.basis, m),
            "demand_persons": found.demand,
            "ratio": found.ratio,
            "unit": same("level of service" if method == "bfca" else per_person(ready.offer), m),
            "settlements_reached": ready.weighed.places_reached,
            "unused": ~(found.demand > 0.0),
        }
    )


def facility_crowding(  # noqa: PLR0913 - the options of floating_catchment_area, by keyword
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None = None,
    decay: Decay | None = None,
    demand: str = "population_persons",
    supply: str | None = None,
) -> pd.DataFrame:
    """
    Measure how many people there are for each unit of supply at every facility (i2SFCA).

    Parameters
    ----------
    od, settlements, facilities : DataFrame
        As in `floating_catchment_area`.
    service : str or frozenset of str
        The service, for which counts whatever satisfies it in the vocabulary; or a set of words as they are.
    vocabulary : Vocabulary, optional
        Which services count for which; the packaged one by default (`load_services`).
    decay, demand, supply
        As in `floating_catchment_area`; by default the zones of E2SFCA.

    Returns
    -------
    DataFrame
        One row an existing facility of the service, in the order given: `facility_id`, `service`, `mode`, `method`
        (``i2sfca``), `decay`, `supply`, `supply_basis`, `capacity_known_share`, `demand_known_share`, `value`
        (0 where nobody comes), `unit`, `unused`.

    Raises
    ------
    ContractError
        For bad frames or options, and a decay that reaches beyond the end of the pairs.

    Notes
    -----
    Wang (2018, 2021): ``C_j = sum_i P_i W_ij / sum_l S_l W_il``. All people within reach of some supply are handed out:
    ``sum_j S_j C_j`` is their number.

    Examples
    --------
    >>> od = pd.DataFrame({"from_id": ["u", "u"], "to_id": ["a", "b"], "travel_time_min": [5.0, 5.0]})
    >>> places = pd.DataFrame({"settlement_id": ["u"], "population_persons": [100.0]})
    >>> hospitals = pd.DataFrame({"facility_id": ["a", "b"], "service": "hospital", "capacity": [15.0, 5.0]})
    >>> facility_crowding(od, places, hospitals, service="hospital")["value"].tolist()  # 5 people a bed
    [5.0, 5.0]
    """
    ready = read_catchments(
        od,
        settlements,
        facilities,
        service=service,
        vocabulary=vocabulary,
        method="e2sfca",
        decay=decay,
        demand=demand,
        supply=supply,
    )
    value = crowding(ready.weighed, ready.offer.supply)
    m = len(value)
    unit = "facility" if ready.offer.counted == COUNT else f"unit of {ready.offer.counted}"
    return pd.DataFrame(
        {
            "facility_id": ready.pairs.facilities["facility_id"].reset_index(drop=True),
            **ready.said("i2sfca", m),
            "supply": ready.offer.supply,
            "supply_basis": same(ready.offer.basis, m),
            "capacity_known_share": ready.offer.known_share,
            "demand_known_share": ready.demand_known_share,
            "value": value,
            "unit": same(f"persons per {unit}", m),
            "unused": ~(ready.weighed.people_at_facilities > 0.0),
        }
    )
