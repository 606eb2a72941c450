"""What the map of integration shows: levels of settlements and townships, clusters of access, towns by fulcrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.cartography.columns import codes, pack
from spatial.cartography.layers import class_layer
from spatial.cartography.lines import pack_lines
from spatial.tables.words import ACCESS_CLUSTER, PILLARS

if TYPE_CHECKING:
    from spatial.cartography.book import PageBook
    from spatial.cartography.rows import Rows

__all__ = ["place_levels_block", "score_layers", "units_block"]

_LEVELS = ("level_5", "level_4", "level_3", "level_2", "level_1", "unknown")
_CLUSTERS = {
    "good": "cluster_good",
    "good_among_bad": "cluster_good_among_bad",
    "none": "cluster_none",
    "bad_among_good": "cluster_bad_among_good",
    "bad": "cluster_bad",
    "unknown": "unknown",
}
_TOWNS = ("fulcrum_high", "fulcrum_middle", "fulcrum_low", "fulcrum_none")
_NO_LEVEL = 255
_PERCENT = 100.0


def score_layers(rows: Rows, book: PageBook) -> list[dict[str, Any]]:
    """Show the level of each settlement, those of its pillars, clusters of access, and towns by their fulcrum."""
    scores = rows.align(_of_places(book), "unit_id")
    mode = book.meta.modes[0]
    columns = {"": "integration_level", **{pillar: f"level_{pillar}" for pillar in PILLARS}}
    layers = [
        class_layer(_level_classes(scores[column], book), "level", _LEVELS, always=5, mode=mode)
        | {"pillar": pillar, "breaks": _breaks(book)}
        for pillar, column in columns.items()
        if scores[column].notna().any()
    ]
    clusters, towns = book.tables.get("access_clusters"), book.tables.get("towns")
    if clusters is not None:
        found = rows.align(clusters)["cluster"].fillna("unknown").map(_CLUSTERS)
        classes = [_CLUSTERS[name] for name in ACCESS_CLUSTER if name != "none"]
        order = sorted([*classes, "cluster_none"], key=list(_CLUSTERS.values()).index)
        layers.append(class_layer(found, "clusters", order, always=5, mode=mode))
    if towns is not None and towns["fulcrum_index"].notna().any():
        layers.append(class_layer(_thirds(rows, towns), "fulcrum", _TOWNS, always=4, mode=mode))
    return layers


def units_block(book: PageBook, tolerance_m: float) -> dict[str, Any] | None:
    """
    Encode the townships by their level.

    Returns outlines and classes, how many pillars some township has, and how many townships have no
    settlement; None where no township with a level has an outline.
    """
    bounds = book.tables.get("boundaries")
    if not isinstance(bounds, gpd.GeoDataFrame):
        return None
    scores = book.tables["scores"]
    townships = scores.loc[scores["unit_level"] == "township"].set_index("unit_id")
    levels = townships["integration_level"]
    if not levels.notna().any():
        return None
    own = bounds.loc[
        bounds["boundary_id"].isin(levels.index) & bounds.geometry.notna() & ~bounds.geometry.is_empty
    ]
    if not len(own):
        return None
    own = gpd.GeoDataFrame(own.sort_values("boundary_id", kind="stable").reset_index(drop=True))
    classes = _level_classes(levels.reindex(own["boundary_id"]), book)
    without = bounds["is_unit"].astype(bool) & ~bounds["boundary_id"].isin(levels.index)
    return {
        "classes": list(_LEVELS),
        "breaks": _breaks(book),
        "pillars": sum(bool(townships[f"level_{pillar}"].notna().any()) for pillar in PILLARS),
        "all_pillars": len(PILLARS),
        "without": int(without.sum()),
        "code": pack(codes(classes, _LEVELS), "u1"),
        "lines": pack_lines(own.geometry, tolerance_m=tolerance_m, rings=True),
    }


def place_levels_block(rows: Rows, book: PageBook) -> dict[str, Any] | None:
    """
    Encode each settlement's level and that of its pillars.

    Returns hundredths by name, 255 where nothing is known; None without scores.
    """
    if "scores" not in book.tables:
        return None
    scores = rows.align(_of_places(book), "unit_id")
    columns = {"all": "integration_level", **{pillar: f"level_{pillar}" for pillar in PILLARS}}
    hundredths = {name: (scores[column] * _PERCENT).round() for name, column in columns.items()}
    return {
        name: pack(values.fillna(_NO_LEVEL).astype(np.int64), "u1")
        for name, values in hundredths.items()
        if values.notna().any()
    }


def _of_places(book: PageBook) -> pd.DataFrame:
    scores = book.tables["scores"]
    return scores.loc[scores["unit_level"] == "settlement"]


def _breaks(book: PageBook) -> list[float]:
    """From the best class down, where each begins: both bands are halved."""
    low, high = book.meta.level_bands
    return [round(value, 3) for value in ((1.0 + high) / 2, high, (low + high) / 2, low, 0.0)]


def _level_classes(levels: pd.Series, book: PageBook) -> pd.Series:
    """Take the first class whose beginning is reached, inclusive."""
    values = levels.to_numpy(dtype=np.float64)
    reached = [np.isnan(values), *(values >= start for start in _breaks(book))]
    return pd.Series(np.select(reached, ["unknown", *_LEVELS[:-1]], "level_1"))


def _thirds(rows: Rows, towns: pd.DataFrame) -> pd.Series:
    """Put towns in thirds by their fulcrum index; other places, and towns without one, are none."""
    index = towns.set_index("settlement_id")["fulcrum_index"].dropna()
    lower, upper = index.quantile([1 / 3, 2 / 3])
    values = index.reindex(rows.ids).to_numpy(dtype=np.float64)
    return pd.Series(
        np.select(
            [np.isnan(values), values >= upper, values >= lower], [_TOWNS[3], _TOWNS[0], _TOWNS[1]], _TOWNS[2]
        )
    )
