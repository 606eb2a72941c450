"""What town and country are, on the one page of the study: types of townships, functional urban areas, towns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.integration.pillars.functional import why_no_area
from spatial.planning.plain import plain
from spatial.planning.score import STUDY, TOWNSHIP

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["summarise_town_and_country"]

_TYPE = (
    "degurba_level1",
    "degurba_level2",
    "basis",
    "basis_reason",
    "unit_rules",
    "population_persons",
    "share_30",
    "share_23",
    "share_22",
    "share_21",
    "share_13",
    "share_12",
    "share_11",
    "official_urban_share",
    "official_rural_share",
    "official_unknown_share",
    "compared_persons",
    "differ_persons",
)


def summarise_town_and_country(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Say what the study and its townships are."""
    if "unit_types" not in tables:
        return None
    types = tables["unit_types"]
    study = types.loc[types["unit_level"] == STUDY]
    units = types.loc[types["unit_level"] == TOWNSHIP]
    system = tables.get("town_system")
    return {
        "study": {name: plain(study.iloc[0][name]) for name in _TYPE} if len(study) else None,
        "townships": {
            str(code): {
                "townships": len(part),
                "persons": plain(part["population_persons"].sum(min_count=1)),
            }
            for code, part in units.groupby("degurba_level2", sort=True)
        },
        "functional_areas": _areas(types, tables.get("functional_areas")),
        "town_system": {}
        if system is None
        else {str(row["measure"]): plain(row["value"]) for row in system.to_dict("records")},
    }


def _areas(types: pd.DataFrame, table: pd.DataFrame | None) -> dict[str, Any]:
    if table is None or not len(table):
        return {"method": None, "within_min": None, "reason": why_no_area(types), "areas": []}
    return {
        "method": str(table["fua_method"].iloc[0]),
        "within_min": plain(table["within_min"].iloc[0]),
        "reason": "",
        "areas": [
            {
                "id": str(area),
                "name": plain(rows["fua_name"].iloc[0]),
                "city": sorted(rows.loc[rows["fua_part"] == "city", "unit_id"].astype(str)),
                "others": sorted(rows.loc[rows["fua_part"] != "city", "unit_id"].astype(str)),
                "persons": plain(rows["population_persons"].sum(min_count=1)),
            }
            for area, rows in table.groupby("fua_id", sort=True)
        ],
    }
