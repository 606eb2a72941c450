"""A trajectory: the same norms, components and pillars over several dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.score.comparison.boards import KEY, common_levels, levelled, match, with_shared_index
from spatial.tables.words import PILLARS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.score.comparison.boards import Matched
    from spatial.score.comparison.runs import Run


KEPT = (
    "name",
    "population_persons",
    "places",
    "segmentation_index",
    "segmentation_terms",
    "mandatory_status",
    "gates_passed",
    "gates_in_force",
    "unserved_persons",
)
ORDER = {name: at for at, name in enumerate(("study", "township", "settlement"))}


def follow(runs: Sequence[Run]) -> pd.DataFrame:
    """Follow every unit over several dates."""
    return follow_matched(match(runs))


def follow_matched(matched: Matched) -> pd.DataFrame:
    """Follow every unit over matched runs."""
    runs, shared, boards = matched.runs, matched.shared, matched.boards
    levels = _levels([levelled(board.components, shared) for board in boards], shared.rules.weights)
    tables = []
    for at, (run, scores, level) in enumerate(zip(runs, with_shared_index(boards), levels, strict=True)):
        mine = scores[[*KEY, *KEPT]].merge(level, on=KEY, how="left")
        tables.append(mine.assign(position=at + 1, run=run.name, as_of=run.as_of))
    table = pd.concat(tables, ignore_index=True)
    names = ["unit_level", "unit_id", "position", "run", "as_of", "name", "population_persons", "places"]
    table = table[
        [
            *names,
            "integration_level",
            *(f"level_{pillar}" for pillar in PILLARS),
            *KEPT[3:],
        ]
    ]
    texts = dict.fromkeys(("unit_level", "unit_id", "run", "as_of", "mandatory_status"), "str")
    return table.astype(texts).sort_values(
        ["unit_level", "unit_id", "position"],
        key=lambda column: column.map(ORDER) if column.name == "unit_level" else column,
        ignore_index=True,
    )


def _levels(components: Sequence[pd.DataFrame], weights: object) -> list[pd.DataFrame]:
    """Join levels from what all runs that have a unit measured in it, one group of units at a time."""
    there = [set(map(tuple, table[KEY].drop_duplicates().to_numpy())) for table in components]
    groups: dict[tuple[int, ...], set[tuple[str, str]]] = {}
    for unit in set().union(*there):
        groups.setdefault(tuple(at for at, units in enumerate(there) if unit in units), set()).add(unit)
    found: list[list[pd.DataFrame]] = [[] for _ in components]
    for runs, units in groups.items():
        wanted = pd.MultiIndex.from_tuples(sorted(units), names=KEY)
        mine = [components[at][pd.MultiIndex.from_frame(components[at][KEY]).isin(wanted)] for at in runs]
        tables, _common = common_levels(mine, weights)  # type: ignore[arg-type]
        for at, table in zip(runs, tables, strict=True):
            found[at].append(table)
    columns = ["integration_level", *(f"level_{pillar}" for pillar in PILLARS)]
    empty = pd.DataFrame(
        {name: pd.Series(dtype="str" if name in KEY else np.float64) for name in [*KEY, *columns]}
    )
    return [pd.concat(tables, ignore_index=True) if tables else empty for tables in found]
