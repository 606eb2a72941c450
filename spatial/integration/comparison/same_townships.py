"""Townships whose ids changed altogether between runs, found again by their names."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd

from spatial.integration.comparison.renaming import count_names, folded, one_id_each, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.integration.comparison.runs import Run

__all__ = ["with_same_townships"]

UNIT_KEYS = ("norm_results", "components")
Note = tuple[str, str]


def with_same_townships(runs: Sequence[Run]) -> tuple[list[Run], list[Note]]:
    """Give a township the same id in every run where the ids of two runs have none in common."""
    held = [_ids(run) for run in runs]
    names = [_by_name(run, ids) for run, ids in zip(runs, held, strict=True)]
    pairs = [
        (names[one][name], names[other][name])
        for one, other in combinations(range(len(runs)), 2)
        if held[one] and held[other] and not held[one] & held[other]
        for name in sorted(set(names[one]) & set(names[other]))
    ]
    new_ids = one_id_each(pairs, held)
    if not new_ids:
        return list(runs), []
    told = {id_: name for run in reversed(runs) for id_, name in _written(run).items()}
    found = [told[new] for new in sorted(set(new_ids.values()))]
    return [_renamed(run, new_ids) for run in runs], [("townships", count_names(found))]


def _ids(run: Run) -> set[str]:
    places = run.places
    return set(places["township_id"].dropna().astype(str)) if "township_id" in places else set()


def _written(run: Run) -> dict[str, str]:
    """Give the name of each boundary as written."""
    if run.boundaries is None or "name" not in run.boundaries:
        return {}
    known = run.boundaries[run.boundaries["name"].notna()]
    return dict(zip(known["boundary_id"].astype(str), known["name"].astype(str), strict=True))


def _by_name(run: Run, ids: set[str]) -> dict[str, str]:
    """Give the township of each name that only one has."""
    names = pd.Series({id_: folded(name) for id_, name in _written(run).items() if id_ in ids}, dtype="str")
    single = names[names.ne("") & ~names.duplicated(keep=False)]
    return {str(name): str(id_) for id_, name in single.items()}


def _renamed(run: Run, ids: Mapping[str, str]) -> Run:
    changes: dict[str, pd.DataFrame] = {}
    if "township_id" in run.settlements:
        changes["settlements"] = replaced(run.settlements, "township_id", ids)
    if run.boundaries is not None:
        changes["boundaries"] = replaced(run.boundaries, "boundary_id", ids)
    for name in UNIT_KEYS:
        table = getattr(run, name)
        rows = table["unit_level"].eq("township").to_numpy()
        changes[name] = replaced(table, "unit_id", ids, rows)
    if run.in_doubt is not None:
        changes["in_doubt"] = replaced(replaced(run.in_doubt, "unit_id", ids), "other_id", ids)
    return replace(run, **changes)  # type: ignore[arg-type]
