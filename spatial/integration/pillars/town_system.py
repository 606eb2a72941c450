"""The system of towns in a few figures: how sizes fall with rank, how far the first leads, how even towns are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.settlement_types import polycentricity, rank_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["town_system_table"]


def town_system_table(towns: pd.DataFrame) -> pd.DataFrame:
    """Measure the system of towns."""
    sizes = rank_size(towns["population_persons"].to_numpy(dtype=np.float64))
    depend = towns["coverage_share"].to_numpy(dtype=np.float64)
    depend = depend[~np.isnan(depend)]
    rows = [
        ("rank_size_exponent", sizes.exponent, sizes.towns),
        ("gabaix_ibragimov_exponent", sizes.exponent_corrected, sizes.towns),
        ("primacy_two", sizes.primacy_two, sizes.towns),
        ("primacy_all", sizes.primacy_all, sizes.towns),
        ("primacy_four", sizes.primacy_four, sizes.towns),
        ("polycentricity_green", _evenness(depend, "green"), len(depend)),
        ("polycentricity_entropy", _evenness(depend, "entropy"), len(depend)),
    ]
    measure, value, count = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "measure": pd.Series(measure, dtype="str"),
            "value": np.array(value, dtype=np.float64),
            "towns_counted": np.array(count, dtype=np.int64),
            "towns_total": np.full(len(rows), len(towns), dtype=np.int64),
        }
    )


def _evenness(depend: NDArray[np.float64], form: str) -> float:
    return polycentricity(depend, form="green" if form == "green" else "entropy")
