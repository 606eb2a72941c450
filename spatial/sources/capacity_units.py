"""Units of capacity: beds are not added to rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.crs import WGS84
from spatial.sources.findings import Finding, findings_frame
from spatial.sources.tag_rules import fold

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["capacity_units", "mixed_units"]


def capacity_units(facilities: pd.DataFrame) -> list[str]:
    """
    Name the units that the capacities of some facilities are told in.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"capacity": [9, 20, 8], "capacity_unit": ["beds", "places", "Beds "]})
    >>> capacity_units(told)
    ['beds', 'places']
    """
    if "capacity" not in facilities or "capacity_unit" not in facilities:
        return []
    told = _plain(facilities.loc[facilities["capacity"].notna()])
    counts = told.value_counts()
    return sorted(map(str, counts.index), key=lambda unit: (-int(counts[unit]), unit))


def mixed_units(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Find the facilities whose capacity is in another unit than most of their service."""
    found = []
    for service, rows in facilities.groupby("service", sort=True):
        first, *others = capacity_units(rows) or [""]
        if not others:
            continue
        told = rows.loc[rows["capacity"].notna()]
        for row in told.loc[_plain(told).isin(others)].to_dict("records"):
            detail = (
                f"{service}: capacity in {row['capacity_unit']}, most are in {first}: they are not added up; "
                "give all in one unit"
            )
            found.append(Finding("mixed_capacity_unit", str(row["facility_id"]), detail, row["geometry"]))
    return findings_frame(found, crs=facilities.crs or WGS84)


def _plain(facilities: pd.DataFrame) -> pd.Series[str]:
    """Units as they are compared; missing where none is told."""
    return facilities["capacity_unit"].map(lambda text: " ".join(fold(text).split()), na_action="ignore")
