"""What actions cost, as a file of the user's own states it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.errors import StudyError, first_of

if TYPE_CHECKING:
    from pathlib import Path

BY_SERVICE = {"open_site": "open", "enlarge_site": "unit", "close_site": "close"}
BY_LENGTH = {"build_link": "link_km", "upgrade_road": "road_km"}
"""Keys of `[planning.costs]` by the word of an action: a site, a unit of capacity more, what closing
saves, a kilometre."""


def load_costs(path: Path) -> dict[str, Any]:
    """
    Read a CSV of costs with the columns `action`, `service` (of sites) and `cost`, as keys of `[planning.costs]`.

    Further columns, such as where a number comes from, are left alone.
    """
    try:
        rows = pd.read_csv(path, dtype="str", encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise StudyError(str(path), [f"cannot be read as CSV in UTF-8: {error}"]) from error
    problems = [f"{name}: the column is missing" for name in ("action", "service", "cost") if name not in rows]
    if problems:
        raise StudyError(str(path), problems)
    action, service = rows["action"].str.strip(), rows["service"].str.strip()
    cost = pd.to_numeric(rows["cost"].str.strip(), errors="coerce").to_numpy(dtype=np.float64)
    is_site, is_length = action.isin(list(BY_SERVICE)), action.isin(list(BY_LENGTH))
    line = [f"line {row + 2}" for row in range(len(rows))]
    least = np.where(is_length, np.nextafter(0.0, 1.0), 0.0)
    for what, wrong in (
        (f"action: none of {', '.join((*BY_SERVICE, *BY_LENGTH))}", ~(is_site | is_length)),
        ("service: missing for a site", is_site & service.isna()),
        ("service: given for a kilometre, which costs the same for any", is_length & service.notna()),
        ("cost: no number of 0 or more, or above 0 for a kilometre", ~(np.isfinite(cost) & (cost >= least))),
        ("action and service: twice", pd.DataFrame({"action": action, "service": service}).duplicated()),
    ):
        if np.any(wrong):
            problems.append(f"{what}: {first_of([line[row] for row in np.flatnonzero(wrong)])}")
    if problems:
        raise StudyError(str(path), problems)
    found: dict[str, Any] = {}
    for word, named, value in zip(action, service, cost.tolist(), strict=True):
        if word in BY_SERVICE:
            found.setdefault(BY_SERVICE[word], {})[named] = value
        else:
            found[BY_LENGTH[word]] = value
    return found
