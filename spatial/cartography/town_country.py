"""What the page of the score says of town and country: types of townships, functional urban areas, towns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.cartography.places import by_language
from spatial.integration.pillars.functional import why_no_area
from spatial.planning.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.cartography.book import PageBook

__all__ = ["types_block"]

CENTRES, TOWNS, COUNTRY = (30,), (23, 22, 21), (13, 12, 11)
Entry = dict[str, Any]


def types_block(book: PageBook) -> Entry | None:
    """
    Gather types of the study and its townships.

    Returns the study and its townships by id, functional urban areas or why there is none, and figures on
    towns; None where nothing was classified.
    """
    types = book.tables.get("unit_types")
    if types is None or not len(types):
        return None
    bounds = book.tables.get("boundaries")
    named = (
        pd.DataFrame()
        if bounds is None
        else pd.DataFrame(bounds).set_index("boundary_id").filter(regex="^name")
    )
    areas = book.tables.get("functional_areas")
    rows = sorted(
        types.to_dict("records"), key=lambda row: (row["unit_level"] != "study", str(row["unit_id"]))
    )
    system = book.tables.get("town_system")
    return {
        "units": [_unit(row, named) for row in rows],
        "areas": [] if areas is None else _areas(areas),
        "no_area": why_no_area(types),
        "system": [] if system is None else _system(system),
    }


def _unit(row: Mapping[Any, Any], named: pd.DataFrame) -> Entry:
    unit = str(row["unit_id"])
    names = (
        by_language(named.loc[unit].to_dict()) if unit in named.index else by_language({"name": row["name"]})
    )

    def share(codes: tuple[int, ...]) -> float | None:
        found: float | None = plain(sum(float(row[f"share_{code}"]) for code in codes))
        return found

    return {
        "id": unit,
        "names": names,
        "study": row["unit_level"] == "study",
        "type": int(row["degurba_level2"]),
        "basis": str(row["basis"]),
        "reason": str(row["basis_reason"]),
        "centres": share(CENTRES),
        "towns": share(TOWNS),
        "country": share(COUNTRY),
        "official_urban": plain(row["official_urban_share"]),
        "official_rural": plain(row["official_rural_share"]),
        "differ": plain(row["differ_persons"]),
    }


def _areas(table: pd.DataFrame) -> list[Entry]:
    ordered = table.sort_values(["fua_id", "unit_id"], kind="stable")
    return [
        {
            "id": str(area),
            "method": str(rows["fua_method"].iloc[0]),
            "minutes": plain(rows["within_min"].iloc[0]),
            "city": rows.loc[rows["fua_part"] == "city", "unit_id"].astype(str).tolist(),
            "others": rows.loc[rows["fua_part"] != "city", "unit_id"].astype(str).tolist(),
            "persons": plain(rows["population_persons"].sum(min_count=1)),
        }
        for area, rows in ordered.groupby("fua_id", sort=True)
    ]


def _system(table: pd.DataFrame) -> list[Entry]:
    return [
        {"measure": str(row["measure"]), "value": plain(row["value"]), "towns": int(row["towns_counted"])}
        for row in table.to_dict("records")
    ]
