"""What units say of the people: totals outside the tolerance, people that were scaled, groups that are estimated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

__all__ = ["UnitCheck", "estimated_groups", "rescaled_people", "unit_check"]

EVERYBODY = "everybody"
NO_UNIT = "no_unit"
PERSONS = "_persons"
OTHER_BASIS = ("official_registered", "official_resident")
"""Say of a unit that the official number counts other people."""


class UnitCheck(NamedTuple):
    """How many units are outside the tolerance, of everybody or of a group."""

    of: str  # empty for everybody, else the group
    # units whose people differ from the official number by more than the tolerance; NaN where none can be
    # held against one
    outside: float
    # codes: of how many units, the largest difference, units without a number, official rows without a
    # unit, people in no unit
    causes: str
    source: str  # where the official numbers stand
    records: tuple[str, ...]  # ids of the units outside, those of the largest difference first


def unit_check(tables: Mapping[str, pd.DataFrame]) -> Iterator[UnitCheck]:
    """Count the units outside the tolerance."""
    if "unit_totals" not in tables:
        return
    totals = tables["unit_totals"]
    for group in dict.fromkeys(totals["group"]):
        rows = totals[totals["group"] == group]
        units = rows[rows["unit_id"] != NO_UNIT]
        told = units[units["status"] != "unknown"]
        outside = told[told["status"] == "look"]
        largest = outside.assign(by=-outside["residual_persons"].abs()).sort_values(["by", "unit_id"])
        found = units["likely_causes"].str.split(";")
        lost = found.map(lambda codes: bool({"not_found", "ambiguous_name"} & set(codes)))
        counts = {
            "units_told": float(len(told)),
            "largest_difference": float(outside["residual_persons"].abs().max()) if len(outside) else 0.0,
            "units_without_official": float((units["official_persons"].isna()).sum()),
            "official_units_not_found": float(lost.sum()),
            "people_in_no_unit": float(rows.loc[rows["unit_id"] == NO_UNIT, "our_persons"].sum()),
            "units_not_scaled": float((~told["scaling"].isin(["scaled", "not_asked"])).sum()),
        }
        sources = rows.loc[rows["source"] != "", "source"]
        yield UnitCheck(
            of="" if group == EVERYBODY else str(group),
            outside=float(len(outside)) if len(told) else math.nan,
            causes=";".join(
                [
                    *(
                        code
                        for code in OTHER_BASIS
                        if found.map(lambda codes, code=code: code in codes).any()
                    ),
                    *(f"{code}:{number:.0f}" for code, number in counts.items() if number),
                ]
            ),
            source=str(sources.iloc[0]) if len(sources) else "",
            records=tuple(str(unit) for unit in largest["unit_id"]),
        )


def rescaled_people(settlements: pd.DataFrame) -> pd.Series | None:
    """
    Tell whose number was scaled to the official one of the unit.

    Returns None where the study asks for no scaling.
    """
    if "population_factor" not in settlements:
        return None
    return settlements["population_source"].str.endswith("_rescaled")


def estimated_groups(settlements: pd.DataFrame) -> Iterator[tuple[str, pd.Series, pd.Series]]:
    """Tell which people of each group are estimated."""
    for column in sorted(map(str, settlements.columns)):
        source = f"{column.removesuffix(PERSONS)}_source"
        if column.endswith(PERSONS) and column != "population_persons" and source in settlements:
            persons = settlements[column].fillna(0.0).astype(np.float64)
            yield column.removesuffix(PERSONS), persons, settlements[source] == "estimated"
