"""What of a unit's level nothing measures: pillars with their reason, and gates that nobody can judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.integration.register import norm_id_of
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["gates_unjudged", "pillars_missing", "unmapped_norms"]

REASONS = ("no_data", "not_asked", "not_defined")
"""The first that any component of a pillar has tells why the pillar is missing."""
NO_DATA = REASONS[0]
INVENTORY = "inventory:"
"""Begins the reason of a result that would be another if the list of facilities were known to be complete."""


def pillars_missing(row: Mapping[Any, Any], components: pd.DataFrame) -> dict[str, str]:
    """
    Name the pillars of a unit that nothing measures, and why.

    Parameters
    ----------
    row : mapping
        Of the unit, by the contract of `scores`.
    components : DataFrame
        Of the same unit, by the contract of `score_components`.

    Returns
    -------
    dict of str to str
        ``no_data``, ``not_asked`` or ``not_defined`` by pillar, in their order. What is not asked of a single
        settlement is not missing there.
    """
    levels = components.loc[components["side"] == "level"]
    found = {}
    for pillar in PILLARS:
        if not pd.isna(row[f"level_{pillar}"]):
            continue
        said = set(levels.loc[levels["pillar"] == pillar, "component_status"])
        reason = next((name for name in REASONS if name in said), "")
        if row["unit_level"] != "settlement" or reason == NO_DATA:
            found[pillar] = reason or NO_DATA
    return found


def gates_unjudged(row: Mapping[Any, Any]) -> int:
    """
    Count the gates in force that are neither passed nor known to fail.

    Parameters
    ----------
    row : mapping
        Of a unit, by the contract of `scores`.

    Returns
    -------
    int
        0 or more.
    """
    failed = [name for name in str(row["failed_gates"]).split(";") if name]
    return int(row["gates_in_force"]) - int(row["gates_passed"]) - len(failed)


def unmapped_norms(norms: Iterable[Mapping[str, Any]], tables: Mapping[str, pd.DataFrame]) -> set[str]:
    """
    Find norms on services of which nothing is mapped and whose list nobody declared complete.

    Parameters
    ----------
    norms : iterable of mapping
        With `norm_id`, `service` and `reason` of the study's result.
    tables : mapping of str to DataFrame
        `score_norms` and `access`, as far as they are there.

    Returns
    -------
    set of str
        Ids of norms that the score leaves out for that reason, and of those on a service to which every row of `access`
        is `no_facility`.
    """
    left = tables.get("score_norms", pd.DataFrame({"norm_id": [], "reason": []}))
    left_out = set(left.loc[left["reason"] == "nothing_mapped", "norm_id"].astype(str))
    access = tables.get("access", pd.DataFrame({"service": [], "reach_status": []}))
    none = access["reach_status"].eq("no_facility").groupby(access["service"].astype(str)).all()
    bare = set(none.index[none.to_numpy(dtype=bool)])
    return {
        norm_id_of(norm)
        for norm in norms
        if norm_id_of(norm) in left_out or (INVENTORY in str(norm["reason"]) and norm["service"] in bare)
    }
