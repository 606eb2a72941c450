"""Clusters of good and bad access among settlements or townships, and whom nobody is near to."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import first_of
from spatial.integration.pillars.components import Component, gap
from spatial.integration.pillars.spread import outlines_of
from spatial.integration.segregation import local_clusters, morans_i, queen_contiguity

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from spatial.integration.pillars.ground import Ground
    from spatial.integration.segregation import LocalClusters, MoransI

    FloatArray = NDArray[np.float64]

__all__ = ["NEIGHBOURS", "AccessClusters", "settlement_clusters", "township_clusters"]

NEIGHBOURS = 8
"""Nearest places that count as neighbours (INDICATORS, 3.3)."""
DRAWS = 999
"""Permutations behind each p-value (INDICATORS, 3.3)."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class AccessClusters:
    """Clusters of access."""

    table: pd.DataFrame  # by the contract of `access_clusters`
    moran: MoransI  # of settlements, or of townships
    component: Component  # the same as a gap, with who is whose neighbour and the p-value as its detail


def settlement_clusters(
    ground: Ground, access: FloatArray, neighbours: sparse.csr_array, *, rule: str, seed: int = 0
) -> AccessClusters:
    """Find clusters of access among settlements."""
    found = local_clusters(access, neighbours, draws=DRAWS, seed=seed)
    moran = morans_i(access, neighbours, draws=DRAWS, seed=seed)
    status = _status(access, found)
    table = _table(
        ground,
        np.diff(neighbours.indptr).astype(np.int64),
        (found.value, found.p_value, found.cluster, status),
    )
    _tell(ground.ids[status == "no_neighbours"], len(ground), rule)
    return AccessClusters(table, moran, _component(moran, rule))


def township_clusters(
    ground: Ground, access: FloatArray, boundaries: gpd.GeoDataFrame, *, rule: str, seed: int = 0
) -> AccessClusters:
    """Find clusters of access among townships that touch; every settlement stands for its township."""
    units = pd.Index(sorted({name for name in ground.township if name is not None}))
    known = ~np.isnan(access)
    weight = np.where(known, ground.weight, 0.0)
    of_unit = units.get_indexer(pd.Index(ground.township))
    inside = of_unit >= 0
    people, good = (
        np.bincount(of_unit[inside], values[inside], minlength=len(units))
        for values in (weight, weight * np.where(known, access, 0.0))
    )
    mean = np.divide(good, people, out=np.full(len(units), np.nan), where=people > 0.0)
    touching = queen_contiguity(outlines_of(boundaries, units))
    found = local_clusters(mean, touching, draws=DRAWS, seed=seed)
    moran = morans_i(mean, touching, draws=DRAWS, seed=seed)
    status = _status(mean, found)
    columns = [
        np.where(inside, values[of_unit] if len(units) else nothing, nothing)
        for values, nothing in (
            (np.diff(touching.indptr).astype(np.int64), 0),
            (found.value, math.nan),
            (found.p_value, math.nan),
            (found.cluster, "unknown"),
            (status, "no_neighbours"),
        )
    ]
    _tell(units[status == "no_neighbours"].to_numpy(dtype=object), len(units), rule)
    count, *rest = columns
    return AccessClusters(_table(ground, count, tuple(rest)), moran, _component(moran, rule))


def _status(access: FloatArray, found: LocalClusters) -> NDArray[np.str_]:
    return np.select(
        [np.isnan(access), ~found.counts, np.isnan(found.value)],
        ["no_access", "no_neighbours", "same_everywhere"],
        "measured",
    )


def _table(
    ground: Ground, count: NDArray[np.int64], columns: tuple[NDArray[np.generic], ...]
) -> pd.DataFrame:
    value, p_value, cluster, status = columns
    return pd.DataFrame(
        {
            "settlement_id": pd.Series(ground.ids.astype(str), dtype="str"),
            "neighbours": count,
            "local_i": value,
            "p_value": p_value,
            "cluster": pd.Series(cluster, dtype="str"),
            "cluster_status": pd.Series(status, dtype="str"),
        }
    )


def _component(moran: MoransI, rule: str) -> Component:
    detail = rule if math.isnan(moran.p_value) else f"{rule};p={moran.p_value:.3g}"
    why = "no_data" if moran.n_valid < 2 else "not_defined"
    return gap("structure", "moran_i", moran.value, "index", detail=detail, component_status=why)


def _tell(lonely: NDArray[np.object_], n: int, rule: str) -> None:
    if len(lonely):
        _log.warning(
            "clusters of access: %d of %d have no neighbour of known access (%s) and do not count: %s",
            len(lonely),
            n,
            rule,
            first_of(lonely),
        )
