"""How access is spread: clusters, those beyond the norm over space, and inequality in study and townships."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from spatial.access.od_pairs import require_columns
from spatial.access.places import id_order
from spatial.arrays import FloatArray, IntArray, ObjectArray
from spatial.errors import first_of
from spatial.indices import inequality
from spatial.indices.clustering import LocalClusters, MoransI, local_clusters, morans_i, queen_contiguity
from spatial.indices.groups import boundary_dissimilarity, environment_segregation
from spatial.score.evidence import Ground, ScoreComponent, gap
from spatial.score.place_scores import PlaceScores
from spatial.tables import TABLES

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
) -> tuple[ScoreComponent, ...]:
    """
    Measure the spatial versions of dissimilarity and information.

    Returns `dissimilarity_contiguity` (Morrill 1991, over townships, those that touch being neighbours), and
    `dissimilarity_environment` and `information_environment` (Reardon and O'Sullivan 2004, over settlements).
    """
    x, total = beyond_by_township(ground, beyond)
    x, total = x[total > 0.0], total[total > 0.0]
    # Over townships that touch, where all of them are drawn.
    contiguity, told, missing = math.nan, norm, "not_defined"
    if norm and len(total) >= LEAST_UNITS:
        outlines = outlines_of(boundaries, total.index)
        if outlines.isna().any():
            told, missing = "no_outlines", "no_data"
        else:
            contiguity = boundary_dissimilarity(x, total, queen_contiguity(outlines))
    # Over the surroundings of settlements.
    dissimilarity = information = math.nan
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
    name = "dissimilarity_contiguity"
    return (gap("structure", name, contiguity, "index", detail=told, component_status=missing), *environment)


def beyond_by_township(ground: Ground, beyond: FloatArray) -> tuple[pd.Series, pd.Series]:
    """Count those beyond the norm, and all whose access is known, by township in the order of ids."""
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
    component: ScoreComponent  # the same as a gap, with who is whose neighbour and the p-value as its detail


def township_clusters(
    ground: Ground, access: FloatArray, boundaries: gpd.GeoDataFrame, *, rule: str, seed: int = 0
) -> AccessClusters:
    """Find clusters of access among townships that touch; every settlement stands for its township."""
    units = pd.Index(ground.townships)
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
    names = np.array(units, dtype=object)
    return settlement_clusters(ground, mean, touching, rule=rule, seed=seed, unit=of_unit, names=names)


def settlement_clusters(  # noqa: PLR0913 - what townships bring beside settlements
    ground: Ground,
    access: FloatArray,
    neighbours: sparse.csr_array,
    *,
    rule: str,
    seed: int = 0,
    unit: IntArray | None = None,
    names: ObjectArray | None = None,
) -> AccessClusters:
    """Find clusters among settlements, or units of theirs, told of each settlement by its unit; -1 where in none."""
    unit = np.arange(len(ground)) if unit is None else unit
    names = ground.ids if names is None else names
    # Chance draws by position: in the order of ids, so that rows in another order give the same p-values.
    order = id_order(names)
    rows, ordered = np.argsort(order), neighbours[order][:, order]
    ordered.sort_indices()
    found = local_clusters(access[order], ordered, draws=DRAWS, seed=seed)
    found = LocalClusters(found.value[rows], found.p_value[rows], found.cluster[rows], found.counts[rows])
    moran = morans_i(access[order], ordered, draws=DRAWS, seed=seed)
    status = np.select(
        [np.isnan(access), ~found.counts, np.isnan(found.value)],
        ["no_access", "no_neighbours", "same_everywhere"],
        "measured",
    )
    lonely = names[status == "no_neighbours"]
    if len(lonely):
        _log.warning(
            "clusters of access: %d of %d have no neighbour of known access (%s) and do not count: %s",
            len(lonely),
            len(names),
            rule,
            first_of(lonely),
        )
    # The last value of each column is that of a settlement in no unit.
    table = TABLES["access_clusters"].frame(
        {
            "settlement_id": ground.ids.astype(str),
            "neighbours": np.append(np.diff(neighbours.indptr), 0)[unit],
            "local_i": np.append(found.value, np.nan)[unit],
            "p_value": np.append(found.p_value, np.nan)[unit],
            "cluster": np.append(found.cluster, "unknown")[unit],
            "cluster_status": np.append(status, "no_neighbours")[unit],
        }
    )
    detail = rule if math.isnan(moran.p_value) else f"{rule};p={moran.p_value:.3g}"
    why = "no_data" if moran.n_valid < LEAST_UNITS else "not_defined"
    component = gap("structure", "moran_i", moran.value, "index", detail=detail, component_status=why)
    return AccessClusters(table, moran, component)


# How unequally access is spread in the study and in each township.

FLOOR = 0.01
"""Access that a place without any counts as in the mean log deviation, which has no value otherwise."""


def inequality_table(ground: Ground, scores: PlaceScores, *, rank_by: str = "") -> pd.DataFrame:
    """Measure inequality of access, a good of 0-1 by norms that ask the same of town and country, in every unit."""
    rank = None
    if rank_by:
        require_columns("settlements", ground.settlements, (rank_by,))
        rank = pd.to_numeric(ground.settlements[rank_by], errors="coerce").to_numpy(dtype=np.float64)
    access = scores.common_access(ground.official_class)
    tables = []
    for unit in ground.units():
        y, people = access[unit.members], ground.weight[unit.members]
        sample = inequality.read_sample(y, people)
        official = ground.official_class[unit.members]
        sides = np.isin(official.astype(str), ["urban", "rural"])
        both = len(set(official[sides].astype(str))) > 1
        parts = inequality.theil_t(y[sides], people[sides], official[sides].astype(str)) if both else None
        palma = inequality.palma_ratio(y, people)
        values = {
            "theil_t": float(inequality.theil_t(y, people)),
            "theil_between": parts.between if parts is not None else math.nan,
            "theil_within": parts.within if parts is not None else math.nan,
            "mean_log_deviation": float(inequality.mean_log_deviation(y, people, floor=FLOOR)),
            "gini": inequality.gini_index(y, people),
            "atkinson_0_5": inequality.atkinson_index(y, people, epsilon=0.5),
            "atkinson_1": inequality.atkinson_index(y, people, epsilon=1.0),
            "palma": palma if math.isfinite(palma) else math.nan,
        }
        by_rank = dict.fromkeys(("palma_by_rank", "concentration", "erreygers"), math.nan)
        if rank is not None:
            mine = rank[unit.members]
            palma = inequality.palma_ratio_by_rank(y, people, rank_by=mine)
            by_rank = {
                "palma_by_rank": palma if math.isfinite(palma) else math.nan,
                "concentration": inequality.concentration_index(y, people, mine),
                "erreygers": inequality.erreygers_index(y, people, mine),
            }
        values |= by_rank
        tables.append(
            pd.DataFrame(
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
        )
    return pd.concat(tables, ignore_index=True)
