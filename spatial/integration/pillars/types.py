"""Settlement types of every place: the official class, the Degree of Urbanisation, and the town it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.integration.pillars.towns import TOWN_TIERS
from spatial.integration.settlement_types import local_catchment_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.integration.pillars.density import UrbanGrid
    from spatial.integration.pillars.ground import Ground

    FloatArray = NDArray[np.float64]

__all__ = ["type_table"]

URBAN = (30, 23, 22, 21)
RURAL = (13, 12, 11)


def type_table(
    ground: Ground, access: pd.DataFrame, cells: UrbanGrid | None, *, bins_min: Sequence[float]
) -> pd.DataFrame:
    """Say of every place what it is."""
    codes = _codes(ground, cells)
    degurba = np.where(np.isin(codes, URBAN), "urban", np.where(np.isin(codes, RURAL), "rural", ""))
    official = np.array([name if name in ("urban", "rural") else "" for name in ground.official_class])
    nearest = {tier: _nearest(ground, access, tier) for tier in TOWN_TIERS}
    times = np.column_stack([nearest[tier]["travel_time_min"].to_numpy() for tier in TOWN_TIERS])
    tier, band = local_catchment_classes(times, TOWN_TIERS, tiers=TOWN_TIERS, bins_min=bins_min)
    return pd.DataFrame(
        {
            "settlement_id": pd.Series(ground.ids.astype(str), dtype="str"),
            "official_class": _texts(official),
            "degurba_code": codes.astype(np.int64),
            "degurba_class": _texts(degurba),
            "classes_differ": (official != degurba) & (official != "") & (degurba != ""),
            "catchment_tier": pd.Series(tier, dtype="str"),
            "catchment_band_min": np.where(np.isfinite(band), band, np.nan),
            "catchment_centre_id": _texts(_centres(tier, nearest)),
            "urca_local": pd.Series(_local_codes(ground, tier, band), dtype="str"),
        }
    )


def _codes(ground: Ground, cells: UrbanGrid | None) -> NDArray[np.int64]:
    if cells is None:
        return np.zeros(len(ground), dtype=np.int64)
    points = shapely.get_coordinates(ground.settlements.geometry.to_numpy())
    return cells.at(points[:, 0], points[:, 1])[0]


def _nearest(ground: Ground, access: pd.DataFrame, tier: str) -> pd.DataFrame:
    rows = access[access["service"] == tier].set_index("settlement_id")[["travel_time_min", "facility_id"]]
    rows = rows.reindex(list(ground.ids))
    return rows.assign(travel_time_min=rows["travel_time_min"].astype("float64").fillna(np.inf))


def _centres(tier: NDArray[np.str_], nearest: dict[str, pd.DataFrame]) -> NDArray[np.object_]:
    """Take the nearest town of the tier that each place depends on; empty beyond the last band."""
    found = np.full(len(tier), "", dtype=object)
    for name, rows in nearest.items():
        ids = rows["facility_id"].astype(object).fillna("").to_numpy()
        found = np.where(tier == name, ids, found)
    return found


def _local_codes(ground: Ground, tier: NDArray[np.str_], band: FloatArray) -> list[str]:
    """Join tier and band, as in town_30; a town lies in itself, as in town_0."""
    own = ground.settlements["tier"].astype(str).to_numpy()
    return [
        f"{mine}_0" if mine in TOWN_TIERS else name if name == "none" else f"{name}_{end:g}"
        for mine, name, end in zip(own, tier, band, strict=True)
    ]


def _texts(values: NDArray[np.str_] | NDArray[np.object_]) -> pd.Series[str]:
    return pd.Series([value or None for value in values], dtype="str")
