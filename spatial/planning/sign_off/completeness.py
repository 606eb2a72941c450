"""How large a share of the facilities may be missing, as rows of the table that is signed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["missing_shares"]


def missing_shares(inventory: pd.DataFrame | None) -> Iterator[tuple[str, float, str]]:
    """Say of every service whose completeness is estimated what share may be missing."""
    rows = [] if inventory is None else inventory.to_dict("records")
    for row in rows:
        if row["basis"] in {"official", "capture_recapture"}:
            low = row["completeness_lower"]
            yield row["service"], 1.0 - low if low <= 1.0 else math.nan, f"missing_by_{row['basis']}"
        elif row["basis"] == "declared" and row.get("official", math.nan) > row["facilities"]:
            share = 1.0 - row["facilities"] / row["official"]
            yield row["service"], share, f"declared_complete_officially:{math.ceil(row['official'])}"
        elif row["basis"] == "declared" and row["estimated_lower"] > row["facilities"]:
            share = 1.0 - row["facilities"] / row["estimated_upper"]
            yield row["service"], share, f"declared_complete_but:{math.ceil(row['estimated_lower'])}"
