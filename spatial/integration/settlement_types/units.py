"""Degree of Urbanisation of units, from the people in cells of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from spatial.access.labels import paired
from spatial.access.options import numbers
from spatial.errors import ContractError, first_of
from spatial.integration.settlement_types.degurba import NO_DATA

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["UNIT_TITLES", "degurba_units"]

CODES = (30, 23, 22, 21, 13, 12, 11)
HALF, SLACK = 0.5, 1e-9
"""Half of a unit, and what rounding may add to a share."""

UNIT_TITLES = {
    30: "city",
    23: "dense town",
    22: "semi-dense town",
    21: "suburban or peri-urban area",
    13: "village",
    12: "dispersed rural area",
    11: "mostly uninhabited area",
}
"""What a unit of each code is called."""


def degurba_units(
    cell_class: ArrayLike,
    population_persons: ArrayLike,
    unit: ArrayLike,
    *,
    cell_area_km2: ArrayLike = 1.0,
    rules: Literal["2024", "2021"] = "2024",
) -> pd.DataFrame:
    """
    Classify units, such as townships or settlements with their surroundings.

    Parameters
    ----------
    cell_class : array_like of int
        Codes of level 2, one a cell or piece of a cell; -200 for no data.
    population_persons : array_like
        People of it, 0 or more; NaN counts as nobody.
    unit : array_like
        The unit that it lies in; missing = in none.
    cell_area_km2 : float or array_like
        Its area, by which a unit without people is classified.
    rules : {'2024', '2021'}
        Level 2 as changed in July 2024, or as in the manual of 2021. By the latter the more urban of two equal shares
        counts, but a town needs more people in dense and semi-dense clusters than in suburbs.

    Returns
    -------
    DataFrame
        A row a unit, in order of the units: `unit`, `population_persons`, `share_30` ... `share_11` (of people, or of
        area where `by_area`), `by_area`, `level1` (3 city, 2 town, 1 rural), `level2` (codes in `UNIT_TITLES`). Water
        and cells without data have no part in shares; a unit of nothing but water has none, and the codes 0 and 10; one
        of nothing but cells without data has -200.

    Raises
    ------
    ContractError
        For codes that are none, people or areas below 0, areas that are not known, or lengths that differ.

    Examples
    --------
    >>> degurba_units([30, 13], [60, 40], ["a", "a"])[["level1", "level2"]].to_numpy().tolist()
    [[3, 30]]
    """
    if rules not in ("2024", "2021"):
        raise ContractError("degurba", [f"rules: is {rules!r}, must be 2024 or 2021"])
    frame = _read(cell_class, population_persons, unit, cell_area_km2)
    persons = frame.pivot_table(index="unit", columns="code", values="persons", aggfunc="sum", fill_value=0.0)
    areas = frame.pivot_table(index="unit", columns="code", values="area", aggfunc="sum", fill_value=0.0)
    persons, areas = (table.reindex(columns=list(CODES), fill_value=0.0) for table in (persons, areas))
    total = frame.groupby("unit")["persons"].sum()
    by_area = persons.to_numpy().sum(axis=1) <= 0.0
    weights = np.where(by_area[:, None], areas.to_numpy(), persons.to_numpy())
    mass = weights.sum(axis=1, keepdims=True)
    shares = np.divide(weights, mass, out=np.full(weights.shape, np.nan), where=mass > 0.0)
    share = dict(zip(CODES, shares.T, strict=True))
    rural = share[13] + share[12] + share[11]
    level1 = np.select(
        [np.isnan(rural), share[30] >= HALF - SLACK, rural > HALF + SLACK], [0, 3, 1], default=2
    )
    level2 = np.where(level1 == 0, 10, _level2(share, rural, level1, rules))
    table = pd.DataFrame({"unit": persons.index.to_numpy(), "population_persons": total.to_numpy()})
    for code in CODES:
        table[f"share_{code}"] = share[code]
    unknown = (frame.groupby("unit")["code"].max() == NO_DATA).to_numpy()
    level1, level2 = (np.where(unknown, NO_DATA, level) for level in (level1, level2))
    return table.assign(by_area=by_area, level1=level1.astype(np.int16), level2=level2.astype(np.int16))


def _level2(share: dict[int, np.ndarray], rural: np.ndarray, level1: np.ndarray, rules: str) -> np.ndarray:
    town, country = level1 == 2, level1 == 1
    half = HALF - SLACK
    if rules == "2024":
        gathered = share[30] + share[23] + share[22] + share[21] + share[13]
        return np.select(
            [
                level1 == 3,
                town & (share[30] + share[23] >= half),
                town & (share[21] + rural < half),
                town,
                gathered >= half,
                share[11] >= half,
            ],
            [30, 23, 22, 21, 13, 11],
            default=12,
        )
    more_urban = share[23] + share[22] > share[21] + SLACK
    return np.select(
        [
            level1 == 3,
            town & more_urban & (share[23] >= share[22] - SLACK),
            town & more_urban,
            town,
            country & (share[13] >= np.maximum(share[12], share[11]) - SLACK),
            country & (share[12] >= share[11] - SLACK),
        ],
        [30, 23, 22, 21, 13, 12],
        default=11,
    )


def _read(cell_class: ArrayLike, persons: ArrayLike, unit: ArrayLike, area: ArrayLike) -> pd.DataFrame:
    cell_class, persons, unit, area = paired(
        "degurba",
        cell_class=(cell_class, "cells"),
        population_persons=(persons, "cells"),
        unit=(unit, "cells"),
        cell_area_km2=(area, "cells"),
    )
    code = numbers("degurba", "cell_class", cell_class).ravel()
    people = numbers("degurba", "population_persons", persons).ravel()
    label = np.asarray(unit, dtype=object).ravel()
    if not len(code) == len(people) == len(label):
        raise ContractError(
            "degurba",
            [f"cell_class, population_persons, unit: {len(code)}, {len(people)}, {len(label)} cells"],
        )
    unknown = np.unique(code[~np.isin(code, (*CODES, 10, NO_DATA))])
    if len(unknown):
        raise ContractError("degurba", [f"cell_class: no codes of level 2: {first_of(unknown)}"])
    if bool(((people < 0.0) | np.isinf(people)).any()):
        raise ContractError("degurba", ["population_persons: below 0 or infinite"])
    size = numbers("degurba", "cell_area_km2", area).ravel()
    if len(size) not in (1, len(code)) or not bool(((size >= 0.0) & (size < np.inf)).all()):
        raise ContractError(
            "degurba", [f"cell_area_km2: {len(size)} for {len(code)} cells; must be known, 0 or more"]
        )
    size = np.broadcast_to(size, code.shape)
    frame = pd.DataFrame(
        {"unit": label, "code": code.astype(np.int64), "persons": np.nan_to_num(people), "area": size}
    )
    return frame[~pd.isna(frame["unit"])]
