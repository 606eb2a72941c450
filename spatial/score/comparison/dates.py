"""A trajectory: the same norms, components and pillars over several dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from spatial.score.comparison.boards import KEY, common_levels, in_order, levelled, match, with_shared_index
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


def follow(runs: Sequence[Run]) -> pd.DataFrame:
    """Follow every unit over several dates."""
    return follow_matched(match(runs))


def follow_matched(matched: Matched) -> pd.DataFrame:
    """Follow every unit over matched runs."""
    runs, shared, boards = matched.runs, matched.shared, matched.boards
    components = [levelled(board.components, shared) for board in boards]
    # Join levels from what all runs that have a unit measured in it, one group of units at a time.
    there = [set(table[KEY].itertuples(index=False, name=None)) for table in components]
    groups: dict[tuple[int, ...], set[tuple[str, str]]] = {}
    for unit in set().union(*there):
        groups.setdefault(tuple(at for at, units in enumerate(there) if unit in units), set()).add(unit)
    columns = ["integration_level", *(f"level_{pillar}" for pillar in PILLARS)]
    nothing = pd.DataFrame(columns=[*KEY, *columns]).astype(dict.fromkeys(KEY, "str") | dict.fromkeys(columns, float))
    found = [[nothing] for _table in components]
    for members, units in groups.items():
        wanted = pd.MultiIndex.from_tuples(sorted(units), names=KEY)
        measured = [components[at][pd.MultiIndex.from_frame(components[at][KEY]).isin(wanted)] for at in members]
        for at, joined in zip(members, common_levels(measured, shared.rules.weights)[0], strict=True):
            found[at].append(joined)
    levels = [pd.concat(several[1:] or several, ignore_index=True) for several in found]
    tables = []
    for at, (run, scores, level) in enumerate(zip(runs, with_shared_index(boards), levels, strict=True)):
        mine = scores[[*KEY, *KEPT]].merge(level, on=KEY, how="left")
        tables.append(mine.assign(position=at + 1, run=run.name, as_of=run.as_of))
    table = pd.concat(tables, ignore_index=True)
    table = table[[*KEY, "position", "run", "as_of", *KEPT[:3], *columns, *KEPT[3:]]]
    texts = dict.fromkeys(("unit_level", "unit_id", "run", "as_of", "mandatory_status"), "str")
    return in_order(table.astype(texts), ["position"])
