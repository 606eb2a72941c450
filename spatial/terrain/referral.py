"""Who refers to whom: minutes and kilometres between facilities over a raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import ContractError
from spatial.terrain.kernels_spread import path_metres
from spatial.terrain.spreading import Seeds, limit_of, spread
from spatial.terrain.surface import ground_of, seeds_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from numpy.typing import ArrayLike, NDArray

    from spatial.terrain.spreading import Ground
    from spatial.terrain.surface import SurfaceOptions

__all__ = ["facility_to_facility"]


def facility_to_facility(
    friction_min_per_m: ArrayLike,
    sources: ArrayLike,
    *,
    resolution_m: float | tuple[ArrayLike, ArrayLike],
    ids: Sequence[object] | None = None,
    cutoff_min: float | None = None,
    **options: Unpack[SurfaceOptions],
) -> pd.DataFrame:
    """
    Make the referral table: minutes and kilometres from every facility to every other.

    Both directions are searched; with elevation they differ. The kilometres are those along the fastest path, which
    need not be the shortest; of equally fast paths the one that leaves the facility by the earlier step counts, in the
    order east, west, south, north, then the slanting ones.

    Parameters
    ----------
    friction_min_per_m : array-like, shape (rows, columns)
        Minutes per metre, above 0. NaN or inf is a barrier.
    sources : array-like of int, shape (n, 2)
        Rows and columns of the facilities.
    resolution_m : float or tuple of array-like
        As in `travel_time_surface`.
    ids : sequence, optional
        Their ids, each once; by default their positions.
    cutoff_min : float, optional
        Longer times are not wanted; inclusive; by default no cutoff.
    **options : Unpack[SurfaceOptions]
        As in `travel_time_surface`; ``direction`` does not matter.

    Returns
    -------
    DataFrame
        n (n - 1) rows ordered by ``from_id``, then ``to_id``, as in `sources`: ``travel_time_min`` and ``distance_km``
        (NaN where there is none), ``rank`` of the destination among those that are reached from there (1 is the
        nearest, ties by position; missing where it is not reached) and ``reach_status``: ``reached``, ``no_path``, or
        with a cutoff ``beyond_cutoff``.

    Raises
    ------
    ContractError
        As `travel_time_surface`; where ids are not as many as sources, or one comes twice.

    Examples
    --------
    >>> table = facility_to_facility(np.full((1, 6), 0.01), [(0, 0), (0, 5)], resolution_m=100.0, ids=["a", "b"])
    >>> table[["from_id", "to_id", "travel_time_min", "distance_km"]]
      from_id to_id  travel_time_min  distance_km
    0       a     b              5.0          0.5
    1       b     a              5.0          0.5
    """
    towards: SurfaceOptions = {**options, "direction": "towards"}
    ground = ground_of(friction_min_per_m, resolution_m=resolution_m, **towards)
    limit = limit_of(cutoff_min)
    seeds = seeds_of(ground, sources, None, limit)
    names: list[object] = [*range(len(seeds.cells))] if ids is None else [*ids]
    if len(names) != len(seeds.cells) or len(set(names)) != len(names):
        raise ContractError(
            "sources", [f"ids: {len(names)} given, {len(set(names))} different, {len(seeds.cells)} needed"]
        )
    minutes, metres = _between(ground, seeds, limit)
    return _as_table(names, minutes, metres, "no_path" if np.isinf(limit) else "beyond_cutoff")


def _between(
    ground: Ground, seeds: Seeds, cutoff_min: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Minutes and metres from each facility (rows) to each (columns), one search a destination."""
    n = len(seeds.cells)
    minutes, metres = np.empty((n, n)), np.empty((n, n))
    times = np.full((ground.shape[0], ground.shape[1]), np.inf)
    flat, nobody = times.reshape(-1), np.empty(1, np.int32)
    for j in range(n):
        own = Seeds(seeds.cells[j : j + 1], np.zeros(1), seeds.labels[j : j + 1])
        first, last = spread(ground, own, cutoff_min, flat, nobody)
        minutes[:, j] = flat[seeds.cells]
        metres[:, j] = path_metres(ground.field, ground.shape[1], ground.moves, flat, seeds.cells)
        times[max(first - 2, 0) : last + 2] = np.inf
    return minutes, metres


def _as_table(
    names: list[object], minutes: NDArray[np.float64], metres: NDArray[np.float64], otherwise: str
) -> pd.DataFrame:
    n = len(names)
    at_home = np.eye(n, dtype=bool)
    ranked = np.where(at_home, -1.0, minutes).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    there = ~at_home
    start, end = np.nonzero(there)
    reached = np.isfinite(minutes[there])
    ids = np.empty(n, dtype=object)
    ids[:] = names
    return pd.DataFrame(
        {
            "from_id": pd.Series(ids[start]).infer_objects(),
            "to_id": pd.Series(ids[end]).infer_objects(),
            "travel_time_min": np.where(reached, minutes[there], np.nan),
            "distance_km": np.where(reached, metres[there] / 1000.0, np.nan),
            "rank": pd.array(ranked[there], dtype="Int64"),
            "reach_status": np.where(reached, "reached", otherwise),
        }
    ).assign(rank=lambda table: table["rank"].where(reached))
