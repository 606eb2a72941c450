"""How many facilities a study may lack: declared complete, counted officially, or estimated from list and map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.study import OfficialFacilities

__all__ = ["MIN_MATCHED", "Estimate", "believed", "capture_recapture", "inventory_table", "missing_at_most"]

MIN_MATCHED = 7
"""With fewer in both the estimate may be biased (Robson and Regier 1964)."""

MOST_BY_NAME = 0.2
"""Where a larger share of a list was located by name, one facility may stand in list and map and not be matched."""

_WEAKEST = ("capture_recapture", "official", "declared")

Z_95 = 1.959963984540054


class Includes(Protocol):
    """A vocabulary of services, as far as inventories ask."""

    def satisfying(self, service: str) -> frozenset[str]:
        """Name the services whose facilities count for a service."""

    def by_level(self, service: str) -> frozenset[str]:
        """Name the services that are of this one but for their level."""


@dataclass(frozen=True)
class Estimate:
    """A number estimated from two counts."""

    number: float = math.nan  # the estimate and its 95 % interval; NaN where it is not made
    lower: float = math.nan
    upper: float = math.nan


def capture_recapture(in_list: float, on_map: float, matched: float) -> Estimate:
    """
    Estimate how many there are from how many are in a list, on the map and in both.

    Chapman's estimate ``N = (n1 + 1)(n2 + 1) / (m + 1) - 1`` with the variance of Seber (1970),
    ``(n1 + 1)(n2 + 1)(n1 - m)(n2 - m) / ((m + 1)^2 (m + 2))``, and the log-normal interval of Chao (1987), which never
    goes below the S that are known: ``S + (N - S) / C`` to ``S + (N - S) C``,
    ``C = exp(1.96 sqrt(ln(1 + var / (N - S)^2)))``. It takes list and map for made independently of each other: where
    one was made from the other, too few are estimated.

    Parameters
    ----------
    in_list, on_map, matched : float
        Numbers; `matched` is in both.

    Returns
    -------
    Estimate
        NaN where fewer than `MIN_MATCHED` are in both, or nobody knows how many are.

    Examples
    --------
    >>> found = capture_recapture(20, 15, 10)
    >>> round(found.number, 2), round(found.lower, 2), round(found.upper, 2)
    (29.55, 26.23, 41.8)
    """
    if not matched >= MIN_MATCHED:
        return Estimate()
    one, two, both = in_list + 1.0, on_map + 1.0, matched + 1.0
    number = one * two / both - 1.0
    variance = one * two * (in_list - matched) * (on_map - matched) / (both**2 * (both + 1.0))
    known = in_list + on_map - matched
    unseen = number - known
    if unseen <= 0 or variance == 0:
        return Estimate(number, known, max(number, known))
    factor = math.exp(Z_95 * math.sqrt(math.log1p(variance / unseen**2)))
    return Estimate(number, known + unseen / factor, known + unseen * factor)


def inventory_table(
    facilities: pd.DataFrame,
    *,
    declared: Mapping[str, str],
    official: Mapping[str, OfficialFacilities],
    vocabulary: Includes,
) -> pd.DataFrame:
    """Say how complete the facilities of the study area are."""
    counted = facilities.loc[facilities["in_study"] & (facilities["status"] == "existing")]
    found_in = counted.get("found_in", pd.Series("map", index=counted.index)).fillna("map")
    rows = []
    for name in sorted(set(counted["service"]) | set(official)):
        number = official.get(name)
        chosen = counted["service"].isin(list(_kinds(name, official, vocabulary)))
        ways = found_in[chosen].value_counts()
        both = float(ways.get("both", 0))
        counts = {"in_list": float(ways.get("list", 0)) + both, "on_map": float(ways.get("map", 0)) + both}
        rows.append(
            {
                "service": name,
                "facilities": float(chosen.sum()),
                **counts,
                "matched": both,
                "official": math.nan if number is None else number.value,
                **_completeness(
                    float(chosen.sum()),
                    declared.get(name, "unknown"),
                    math.nan if number is None else number.value,
                    capture_recapture(**counts, matched=both if _by_place(counted[chosen]) else math.nan),
                ),
                "declared": declared.get(name, "unknown"),
                "source": "" if number is None else number.source,
            }
        )
    kinds = {field.name: field.kind for field in TABLES["inventory"].fields}
    frame = pd.DataFrame(rows, columns=list(kinds))
    return frame.astype({name: "float64" if kind == "number" else "str" for name, kind in kinds.items()})


def _by_place(facilities: pd.DataFrame) -> bool:
    """Tell whether list and map can be told to share facilities: not where many rows were located by their name."""
    if "placed_by" not in facilities or "found_in" not in facilities:
        return True
    listed = facilities["found_in"].isin(["list", "both"])
    named = listed & facilities["placed_by"].eq("name")
    return bool(named.sum() <= MOST_BY_NAME * listed.sum())


def believed(
    declared: Mapping[str, str],
    inventory: pd.DataFrame,
    vocabulary: Includes,
    official: Mapping[str, OfficialFacilities],
) -> dict[str, str]:
    """Take back the declaration ``complete`` of services of which the office counts more than the study has."""
    rows = inventory[inventory["declared"].eq("complete") & inventory["basis"].eq("official")]
    doubted = {kind for name in rows["service"] for kind in _kinds(str(name), official, vocabulary)}
    return {service: "partial" if service in doubted else word for service, word in declared.items()}


def _kinds(name: str, official: Mapping[str, OfficialFacilities], vocabulary: Includes) -> frozenset[str]:
    """Name the services that a row counts: those that its official number counts, else itself at every level."""
    number = official.get(name)
    return frozenset(number.services if number is not None else ()) or vocabulary.by_level(name)


def _completeness(ours: float, declared: str, official: float, estimate: Estimate) -> dict[str, float | str]:
    told: dict[str, float | str] = {
        "estimated": estimate.number,
        "estimated_lower": estimate.lower,
        "estimated_upper": estimate.upper,
    }
    low = high = missing = math.nan
    basis = "none"
    if declared == "complete" and not official > ours:
        basis, low, high, missing = "declared", 1.0, 1.0, 0.0
    elif not math.isnan(official):
        share = ours / official if official else 1.0 if ours == 0 else math.nan
        basis, low, high = "official", share, share
        missing = math.ceil(official - ours) if ours <= official else math.nan
    elif not math.isnan(estimate.number):
        basis, low, high = "capture_recapture", ours / estimate.upper, ours / estimate.lower
        missing = math.floor(estimate.upper - ours + 1e-9)
    return told | {
        "completeness_lower": low,
        "completeness_upper": high,
        "missing_at_most": float(missing),
        "basis": basis,
    }


def missing_at_most(
    inventory: pd.DataFrame, vocabulary: Includes, official: Mapping[str, OfficialFacilities]
) -> dict[str, tuple[float, str]]:
    """Add up how many facilities may be missing of everything that counts for a service."""
    rows = {row["service"]: row for row in inventory.to_dict("records")}
    found = {}
    for name in rows:
        counted = {name}
        covered = set(_kinds(name, official, vocabulary))
        for part in sorted(vocabulary.satisfying(name)):
            if part not in covered and part in rows:
                counted.add(part)
                covered |= _kinds(part, official, vocabulary)
        number = float(np.sum([rows[part]["missing_at_most"] for part in sorted(counted)]))
        if not math.isnan(number):
            bases = {str(rows[part]["basis"]) for part in counted}
            found[name] = (number, next(word for word in _WEAKEST if word in bases))
    return found
