"""How access is spread: clusters, those beyond the norm over space, and inequality in study and townships."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.errors import first_of
from spatial.indices.clustering import local_clusters, morans_i, queen_contiguity
from spatial.indices.inequality import (
    atkinson_index,
    concentration_index,
    erreygers_index,
    gini_index,
    mean_log_deviation,
    palma_ratio,
    palma_ratio_by_rank,
    read_sample,
    theil_t,
)
from spatial.indices.segregation import boundary_dissimilarity, environment_segregation
from spatial.score.evidence import Component, gap

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from spatial.indices.clustering import LocalClusters, MoransI
    from spatial.score.evidence import Ground, Unit
    from spatial.score.place_scores import PlaceScores

    FloatArray = NDArray[np.float64]


# How those beyond the norm are spread over space: dissimilarity and information that know who lies beside whom.

ENVIRONMENT_KM = 5.0
"""Reach of the surroundings of a place: an hour on foot there; a local choice."""
M_PER_KM = 1000.0
LEAST_UNITS = 2
AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def spread_of(
    ground: Ground,
    beyond: FloatArray,
    *,
    norm: str,
    boundaries: pd.DataFrame | None = None,
    environment_km: float = ENVIRONMENT_KM,
) -> tuple[Component, ...]:
    """
    Measure the spatial versions of dissimilarity and information.

    Returns `dissimilarity_contiguity` (Morrill 1991, over townships, those that touch being neighbours), and
    `dissimilarity_environment` and `information_environment` (Reardon and O'Sullivan 2004, over settlements).
    """
    x, total = beyond_by_township(ground, beyond)
    dissimilarity = information = np.nan
    known = ~np.isnan(beyond)
    if not isinstance(ground.settlements, gpd.GeoDataFrame):
        known[:] = False
    if norm and known.any():
        found = environment_segregation(
            (ground.weight * beyond)[known],
            ground.weight[known],
            shapely.get_coordinates(ground.settlements.geometry.to_numpy()[known]),
            bandwidth_m=environment_km * M_PER_KM,
        )
        dissimilarity, information = found.dissimilarity, found.information
    detail = f"{norm};{environment_km:g} km" if norm else ""
    environment = [
        gap("structure", f"{name}_environment", value, "index", detail=detail)
        for name, value in (("dissimilarity", dissimilarity), ("information", information))
    ]
    return (_contiguity(x, total, norm, boundaries), *environment)


def beyond_by_township(ground: Ground, beyond: FloatArray) -> tuple[pd.Series, pd.Series]:
    """
    Count those beyond the norm, and all whose access is known, in each township.

    Returns both by township, in the order of ids.
    """
    label = pd.Series(ground.township)
    inside = label.notna().to_numpy() & ~np.isnan(beyond)
    unit, people = label[inside].to_numpy(), ground.weight[inside]
    return (
        pd.Series(people * beyond[inside], dtype="float64").groupby(unit).sum(),
        pd.Series(people, dtype="float64").groupby(unit).sum(),
    )


def outlines_of(boundaries: pd.DataFrame | None, units: pd.Index) -> gpd.GeoSeries:
    """Find the outlines of units."""
    found = np.full(len(units), None, dtype=object)
    if not isinstance(boundaries, gpd.GeoDataFrame):
        return gpd.GeoSeries(found)
    by_id = boundaries.set_index(boundaries["boundary_id"].astype(str)).geometry
    found[:] = np.asarray(by_id.reindex(units.astype(str)), dtype=object)
    areal = np.isin(shapely.get_type_id(found), AREAL) & ~shapely.is_empty(found)
    found[~areal] = None
    return gpd.GeoSeries(found, crs=boundaries.crs)


def _contiguity(x: pd.Series, total: pd.Series, norm: str, boundaries: pd.DataFrame | None) -> Component:
    name = "dissimilarity_contiguity"
    x, total = x[total > 0.0], total[total > 0.0]
    if not norm or len(total) < LEAST_UNITS:
        return gap("structure", name, np.nan, "index", detail=norm)
    outlines = outlines_of(boundaries, total.index)
    if outlines.isna().any():
        return gap("structure", name, np.nan, "index", detail="no_outlines", component_status="no_data")
    value = boundary_dissimilarity(x, total, queen_contiguity(outlines))
    return gap("structure", name, value, "index", detail=norm)


# Clusters of good and bad access among settlements or townships, and whom nobody is near to.

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


# How unequally access is spread in the study and in each township.

FLOOR = 0.01
"""Access that a place without any counts as in the mean log deviation, which has no value otherwise."""


def inequality_table(ground: Ground, scores: PlaceScores, *, rank_by: str = "") -> pd.DataFrame:
    """Measure inequality of access, a good of 0-1 by norms that ask the same of town and country, in every unit."""
    rank = None
    if rank_by and rank_by in ground.settlements:
        rank = pd.to_numeric(ground.settlements[rank_by], errors="coerce").to_numpy(dtype=np.float64)
    access = scores.common_access(ground.official_class)
    tables = [_unit(unit, ground, access, rank) for unit in ground.units()]
    return pd.concat(tables, ignore_index=True)


def _unit(unit: Unit, ground: Ground, access: FloatArray, rank: FloatArray | None) -> pd.DataFrame:
    y, people = access[unit.members], ground.weight[unit.members]
    sample = read_sample(y, people)
    official = ground.official_class[unit.members]
    sides = np.isin(official.astype(str), ["urban", "rural"])
    both = len(set(official[sides].astype(str))) > 1
    parts = theil_t(y[sides], people[sides], official[sides].astype(str)) if both else None
    palma = palma_ratio(y, people)
    values = {
        "theil_t": float(theil_t(y, people)),
        "theil_between": parts.between if parts is not None else math.nan,
        "theil_within": parts.within if parts is not None else math.nan,
        "mean_log_deviation": float(mean_log_deviation(y, people, floor=FLOOR)),
        "gini": gini_index(y, people),
        "atkinson_0_5": atkinson_index(y, people, epsilon=0.5),
        "atkinson_1": atkinson_index(y, people, epsilon=1.0),
        "palma": palma if math.isfinite(palma) else math.nan,
    }
    values |= _by_rank(y, people, None if rank is None else rank[unit.members])
    return pd.DataFrame(
        {
            "unit_level": unit.level,
            "unit_id": unit.id,
            "measure": list(values),
            "value": np.array(list(values.values()), dtype=np.float64),
            "n_total": sample.n_total,
            "n_valid": sample.n_valid,
            "n_nan": sample.n_nan,
            "pop_total": sample.pop_total,
            "pop_valid": sample.pop_valid,
        }
    )


def _by_rank(y: FloatArray, people: FloatArray, rank: FloatArray | None) -> dict[str, float]:
    if rank is None:
        return dict.fromkeys(("palma_by_rank", "concentration", "erreygers"), math.nan)
    palma = palma_ratio_by_rank(y, people, rank_by=rank)
    return {
        "palma_by_rank": palma if math.isfinite(palma) else math.nan,
        "concentration": concentration_index(y, people, rank),
        "erreygers": erreygers_index(y, people, rank),
    }
