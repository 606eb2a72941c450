"""Places whose id changed between runs, found again by their name and where they lie."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.sources.tag_rules import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spatial.integration.comparison.runs import Run

__all__ = ["APART_M", "count_names", "with_same_ids"]

APART_M = 1000.0
"""How far from each other two points of one place may lie, inclusive."""
SHOWN = 5
"""How many names a note holds."""
SETTLEMENT_KEYS = ("access", "last_mile", "towns")
UNIT_KEYS = ("norm_results", "components")
Note = tuple[str, str]


def with_same_ids(runs: Sequence[Run]) -> tuple[list[Run], list[Note]]:
    """
    Give a place the same id in every run, also where its source drew it anew.

    A place whose id the other run does not have, and one there whose id this run does not have, are the same where
    they have the same name, apart from case, accents and spaces, and lie up to 1 km apart; the nearest pair first.
    A place without a name, or of runs without points, is never found again. Ids that would make one of two places of
    a run are left as they are.

    Parameters
    ----------
    runs : sequence of Run
        Two or more.

    Returns
    -------
    tuple of list of Run and list of tuple of str
        The runs, in which such a place bears the shortest of its ids, of ids as long the first in their order; and a
        note ``redrawn`` with their number and the first names, none where no id changed. The same in whatever order
        the runs are given.
    """
    groups = _groups([pair for one, other in combinations(runs, 2) for pair in _pairs(one, other)])
    held = [set(run.settlements["settlement_id"].astype(str)) for run in runs]
    new_ids = {
        name: min(group, key=_order)
        for group in groups
        if all(len(group & ids) <= 1 for ids in held)
        for name in group
    }
    if not new_ids:
        return list(runs), []
    renamed = {name: new for name, new in new_ids.items() if name != new}
    names = [str(_name_of(new, runs)) for new in sorted(set(new_ids.values()))]
    return [_renamed(run, renamed) for run in runs], [("redrawn", count_names(names))]


def count_names(names: Sequence[str]) -> str:
    """
    Count names, and list the first few, for a note.

    Parameters
    ----------
    names : sequence of str
        In order.

    Returns
    -------
    str
        Such as ``2 (Lake, Ridge)``.

    Examples
    --------
    >>> count_names(["Lake", "Ridge"])
    '2 (Lake, Ridge)'
    """
    more = ", ..." if len(names) > SHOWN else ""
    return f"{len(names)} ({', '.join(names[:SHOWN])}{more})"


def _order(name: str) -> tuple[int, str]:
    return len(name), name


def _name_of(settlement_id: str, runs: Sequence[Run]) -> object:
    return next(run.places.at[settlement_id, "name"] for run in runs if settlement_id in run.places.index)  # noqa: PD008 - one cell


def _pairs(one: Run, other: Run) -> list[tuple[str, str]]:
    """Pair places that only one of two runs has, nearest first; each is in one pair at most."""
    here, there = _alone(one, other), _alone(other, one)
    if here is None or there is None or here.crs is None or there.crs is None:
        return []
    near = here.merge(there.to_crs(here.crs), on="folded", suffixes=("", "_other"))
    apart = near.geometry.distance(gpd.GeoSeries(near["point_other"], crs=here.crs)).to_numpy()
    found = pd.DataFrame({"one": near["id"], "other": near["id_other"], "apart_m": apart})
    found = found[found["apart_m"] <= APART_M]
    ordered = [sorted(pair, key=_order) for pair in zip(found["one"], found["other"], strict=True)]
    ranked = sorted(zip(found["apart_m"].round(3), ordered, found["one"], found["other"], strict=True))
    taken: set[str] = set()
    pairs = []
    for _apart_m, _ordered, mine, theirs in ranked:
        if mine not in taken and theirs not in taken:
            taken |= {mine, theirs}
            pairs.append((mine, theirs))
    return pairs


def _alone(run: Run, other: Run) -> gpd.GeoDataFrame | None:
    """Give places of the study with a name and a point whose id the other run has nowhere."""
    if "geometry" not in run.settlements:
        return None
    places = run.places
    known = set(other.settlements["settlement_id"].astype(str))
    names = places["name"].map(_folded) if "name" in places else pd.Series("", index=places.index)
    point = places["geometry"]
    kept = ~places.index.isin(list(known)) & names.ne("").to_numpy() & point.notna().to_numpy()
    table = pd.DataFrame(
        {"id": places.index[kept], "folded": names.to_numpy()[kept], "point": point.to_numpy()[kept]}
    )
    return gpd.GeoDataFrame(table, geometry="point", crs=getattr(run.settlements, "crs", None))


def _folded(name: object) -> str:
    return " ".join(fold(name).split()) if isinstance(name, str) else ""


def _groups(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Join pairs that share an id."""
    group_of: dict[str, set[str]] = {}
    for one, other in pairs:
        joined = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of |= dict.fromkeys(joined, joined)
    return list({id(group): group for group in group_of.values()}.values())


def _renamed(run: Run, ids: Mapping[str, str]) -> Run:
    """Replace ids of settlements wherever a run names them."""
    changes: dict[str, pd.DataFrame] = {"settlements": _replaced(run.settlements, "settlement_id", ids)}
    changes |= {name: _replaced(getattr(run, name), "settlement_id", ids) for name in SETTLEMENT_KEYS}
    for name in UNIT_KEYS:
        table = getattr(run, name)
        rows = table["unit_level"].eq("settlement").to_numpy()
        changes[name] = _replaced(table, "unit_id", ids, rows)
    if run.flows is not None:
        changes["flows"] = _replaced(_replaced(run.flows, "from_id", ids), "to_id", ids)
    return replace(run, **changes)  # type: ignore[arg-type]


def _replaced(
    table: pd.DataFrame, column: str, ids: Mapping[str, str], rows: np.ndarray | None = None
) -> pd.DataFrame:
    old = table[column]
    new = old.astype(str).map(ids)
    changed = new.notna().to_numpy() & (np.ones(len(table), dtype=bool) if rows is None else rows)
    return table.assign(**{column: old.where(~changed, new)}) if changed.any() else table
