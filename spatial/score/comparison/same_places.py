"""Places and townships whose ids changed between runs, found again by name and by where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, combinations_with_replacement
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.formats.tag_rules import fold

if TYPE_CHECKING:
    from spatial.score.comparison.runs import Run


# One id for what several runs call differently.

SHOWN = 5
"""How many names a note holds."""


def count_names(names: Sequence[str]) -> str:
    """
    Count names, and list the first few, for a note.

    >>> count_names(["Lake", "Ridge"])
    '2 (Lake, Ridge)'
    """
    more = ", ..." if len(names) > SHOWN else ""
    return f"{len(names)} ({', '.join(names[:SHOWN])}{more})"


def folded(name: object) -> str:
    """Write a name without case, accents and surplus spaces."""
    return " ".join(fold(name).split()) if isinstance(name, str) else ""


def shortest_first(name: str) -> tuple[int, str]:
    """Give the key by which ids are ordered. Returns its length, and the id."""
    return len(name), name


def groups_of(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """
    Join pairs that share a member.

    >>> [sorted(group) for group in groups_of([("a", "b"), ("c", "d"), ("b", "e")])]
    [['a', 'b', 'e'], ['c', 'd']]
    """
    group_of: dict[str, set[str]] = {}
    for one, other in pairs:
        joined = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of |= dict.fromkeys(joined, joined)
    return list({id(group): group for group in group_of.values()}.values())


def one_id_each(pairs: Iterable[tuple[str, str]], held: Sequence[set[str]]) -> dict[str, str]:
    """Choose an id for all that is the same."""
    return {
        name: min(group, key=shortest_first)
        for group in groups_of(pairs)
        if all(len(group & ids) <= 1 for ids in held)
        for name in group
    }


def replaced(table: pd.DataFrame, column: str, ids: Mapping[str, str], rows: np.ndarray | None = None) -> pd.DataFrame:
    """Replace ids in a column."""
    old = table[column]
    new = old.astype(str).map(ids)
    changed = new.notna().to_numpy() & (np.ones(len(table), dtype=bool) if rows is None else rows)
    return table.assign(**{column: old.where(~changed, new)}) if changed.any() else table


# Townships whose ids changed altogether between runs, found again by their names.


def with_same_townships(runs: Sequence[Run]) -> tuple[list[Run], list[Note]]:
    """Give a township the same id in every run where the ids of two runs have none in common."""
    held: list[set[str]] = []
    names: list[dict[str, str]] = []
    for run in runs:
        places = run.places
        ids = set(places["township_id"].dropna().astype(str)) if "township_id" in places else set()
        # The township of each name that only one has.
        told = pd.Series({unit: folded(name) for unit, name in _written(run).items() if unit in ids}, dtype="str")
        single = told[told.ne("") & ~told.duplicated(keep=False)]
        held.append(ids)
        names.append({str(name): str(unit) for unit, name in single.items()})
    pairs = [
        (names[one][name], names[other][name])
        for one, other in combinations(range(len(runs)), 2)
        if held[one] and held[other] and not held[one] & held[other]
        for name in sorted(set(names[one]) & set(names[other]))
    ]
    new_ids = one_id_each(pairs, held)
    if not new_ids:
        return list(runs), []
    written = {unit: name for run in reversed(runs) for unit, name in _written(run).items()}
    found = [written[new] for new in sorted(set(new_ids.values()))]
    changed = []
    for run in runs:
        changes = _with_new_units(run, new_ids, "township")
        if "township_id" in run.settlements:
            changes["settlements"] = replaced(run.settlements, "township_id", new_ids)
        if run.boundaries is not None:
            changes["boundaries"] = replaced(run.boundaries, "boundary_id", new_ids)
        if run.in_doubt is not None:
            changes["in_doubt"] = replaced(replaced(run.in_doubt, "unit_id", new_ids), "other_id", new_ids)
        changed.append(replace(run, **changes))  # type: ignore[arg-type]
    return changed, [("townships", count_names(found))]


def _written(run: Run) -> dict[str, str]:
    """Give the name of each boundary as written."""
    if run.boundaries is None or "name" not in run.boundaries:
        return {}
    known = run.boundaries[run.boundaries["name"].notna()]
    return dict(zip(known["boundary_id"].astype(str), known["name"].astype(str), strict=True))


def _with_new_units(run: Run, ids: Mapping[str, str], level: str) -> dict[str, pd.DataFrame]:
    """Replace ids of the units of one level in the tables that have units of several."""
    tables = {name: getattr(run, name) for name in UNIT_KEYS}
    return {
        name: replaced(table, "unit_id", ids, table["unit_level"].eq(level).to_numpy())
        for name, table in tables.items()
    }


# Places whose id changed between runs, found again by their name and where they lie.

APART_M = 1000.0
"""How far from each other two points of one place may lie, inclusive."""
MOST = 0.5
"""Where more than this share of shared ids are two places, the ids mean other places, and nothing is matched."""
SETTLEMENT_KEYS = ("access", "last_mile", "towns")
UNIT_KEYS = ("norm_results", "components")
Note = tuple[str, str]


def with_same_ids(runs: Sequence[Run]) -> tuple[list[Run], list[Note]]:
    """
    Give a place the same id in every run, also where its source drew it anew, and two places two ids.

    Places of one id that have other names and lie more than 1 km apart are two, and each bears its name behind the id
    from then on; none is where that holds for most ids that runs share. A place whose id the other run does not have,
    and one there whose id this run does not have, are the same where they have the same name, apart from case, accents
    and spaces, and lie up to 1 km apart; the nearest pair first. A place without a name, or of runs without points, is
    never found again, nor told from another of its id. Ids that would make one of two places of a run are left as they
    are. Townships are matched as `with_same_townships` does.
    """
    matched, notes = with_same_townships(runs)
    told_apart, two = _told_apart(matched)
    notes += [("other_place", count_names(two))] if two else []
    held = [set(run.settlements["settlement_id"].astype(str)) for run in told_apart]
    pairs = [pair for one, other in combinations(told_apart, 2) for pair in _pairs(one, other)]
    new_ids = one_id_each(pairs, held)
    if not new_ids:
        return told_apart, notes
    named = [run.places["name"] for run in reversed(told_apart) if "name" in run.settlements]
    written = {place: name for places in named for place, name in places.items()}
    names = [str(written[new]) for new in sorted(set(new_ids.values()))]
    return [_renamed(run, new_ids) for run in told_apart], [*notes, ("redrawn", count_names(names))]


def _told_apart(runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """Give places of one id, of other names and more than 1 km apart, an id each; and name these ids."""
    known = [table for run in runs if (table := _named_points(run)) is not None and table.crs is not None]
    if len(known) < len(runs):
        return list(runs), []
    crs = known[0].crs if known else None
    bearers: dict[str, list[_Bearer]] = {}
    for at, table in enumerate(known):
        places = table if crs is None else table.to_crs(crs)
        for row in zip(places["id"], places["folded"], places["name"], places["point"], strict=True):
            bearers.setdefault(row[0], []).append(_Bearer(at, *row[1:]))
    shared = {place: mine for place, mine in bearers.items() if len(mine) > 1}
    two: dict[str, list[list[_Bearer]]] = {}
    for place, mine in shared.items():
        # Bearers of an id are one place where they have one name or lie near each other.
        alike = [
            (str(one.run), str(other.run))
            for one, other in combinations_with_replacement(mine, 2)
            if one.folded == other.folded or shapely.distance(one.point, other.point) <= APART_M
        ]
        groups = [[one for one in mine if str(one.run) in group] for group in groups_of(alike)]
        if len(groups) > 1:
            two[place] = groups
    if len(two) > MOST * len(shared):
        return list(runs), []
    new_ids: list[dict[str, str]] = [{} for _ in runs]
    for place, groups in two.items():
        for group in groups:
            _folded, name = min((one.folded, one.name) for one in group)
            for one in group:
                new_ids[one.run][place] = f"{place} ({name})"
    return [_renamed(run, ids) if ids else run for run, ids in zip(runs, new_ids, strict=True)], sorted(two)


class _Bearer(NamedTuple):
    """A place of one run that bears an id."""

    run: int
    folded: str
    name: str
    point: Any


def _pairs(one: Run, other: Run) -> list[tuple[str, str]]:
    """Pair places that only one of two runs has, nearest first; each is in one pair at most."""
    here, there = _alone(one, other), _alone(other, one)
    if here is None or there is None or here.crs is None or there.crs is None:
        return []
    near = here.merge(there.to_crs(here.crs), on="folded", suffixes=("", "_other"))
    apart = near.geometry.distance(gpd.GeoSeries(near["point_other"], crs=here.crs)).to_numpy()
    found = pd.DataFrame({"one": near["id"], "other": near["id_other"], "apart_m": apart})
    found = found[found["apart_m"] <= APART_M]
    ordered = [sorted(pair, key=shortest_first) for pair in zip(found["one"], found["other"], strict=True)]
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
    table = _named_points(run)
    known = set(other.settlements["settlement_id"].astype(str))
    return None if table is None else table[~table["id"].isin(list(known))].reset_index(drop=True)


def _named_points(run: Run) -> gpd.GeoDataFrame | None:
    """Give places of the study with a name and a point; None where the run has no points."""
    if "geometry" not in run.settlements:
        return None
    places = run.places
    names = places["name"].map(folded) if "name" in places else pd.Series("", index=places.index)
    point = places["geometry"]
    kept = names.ne("").to_numpy() & point.notna().to_numpy()
    table = pd.DataFrame(
        {
            "id": places.index[kept],
            "name": places["name"].to_numpy()[kept] if "name" in places else "",
            "folded": names.to_numpy()[kept],
            "point": point.to_numpy()[kept],
        }
    )
    return gpd.GeoDataFrame(table, geometry="point", crs=getattr(run.settlements, "crs", None))


def _renamed(run: Run, ids: Mapping[str, str]) -> Run:
    """Replace ids of settlements wherever a run names them."""
    changes: dict[str, pd.DataFrame] = {"settlements": replaced(run.settlements, "settlement_id", ids)}
    changes |= {name: replaced(getattr(run, name), "settlement_id", ids) for name in SETTLEMENT_KEYS}
    changes |= _with_new_units(run, ids, "settlement")
    if run.flows is not None:
        changes["flows"] = replaced(replaced(run.flows, "from_id", ids), "to_id", ids)
    return replace(run, **changes)  # type: ignore[arg-type]
