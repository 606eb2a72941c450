"""Runs made comparable, each scored once on what all of them share."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pandas as pd

from spatial.integration.comparison.boards import board_of, only_shared, shared_ground
from spatial.integration.comparison.comparable import check_comparable
from spatial.integration.comparison.runs import Run
from spatial.integration.comparison.same_places import with_same_ids
from spatial.integration.comparison.shared_norms import shared_norms
from spatial.integration.comparison.whole import check_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.integration.comparison.boards import Shared
    from spatial.integration.pillars import Scoreboard

__all__ = ["Matched", "match"]


@dataclass(frozen=True, eq=False)
class Matched:
    """Runs that can be compared, with their boards on shared ground."""

    runs: tuple[Run, ...]  # in the order given, with the same ids for the same places and townships
    notes: tuple[tuple[str, str], ...]  # code and detail of what is to be said beside the numbers
    norms: pd.DataFrame  # as `shared_norms` tells them
    shared: Shared  # as `shared_ground` finds it
    slim: tuple[Run, ...]  # the runs with what they share alone
    boards: tuple[Scoreboard, ...]  # one a run


def match(runs: Sequence[Run], *, scored: Matched | None = None) -> Matched:
    """Make runs comparable and score each of them once."""
    check_whole(runs)
    same, redrawn = with_same_ids(runs)
    notes = (*check_comparable(same), *redrawn)
    norms = shared_norms(same)
    shared = shared_ground(same, norms)
    slim = tuple(only_shared(run, shared) for run in same)
    known = list(zip(scored.slim, scored.boards, strict=True)) if scored and scored.shared == shared else []
    boards = (
        next((board for one, board in known if _is_same(one, run)), None) or board_of(run, shared)
        for run in slim
    )
    return Matched(tuple(same), notes, norms, shared, slim, tuple(boards))


def _is_same(one: Run, other: Run) -> bool:
    """Tell whether two runs are one, ids included."""
    pairs = ((getattr(one, item.name), getattr(other, item.name)) for item in fields(Run))
    return all(a is b or (a.equals(b) if isinstance(a, pd.DataFrame) else a == b) for a, b in pairs)
