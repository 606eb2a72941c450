"""One id for what several runs call differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.sources.tag_rules import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

__all__ = ["count_names", "folded", "groups_of", "one_id_each", "replaced", "shortest_first"]

SHOWN = 5
"""How many names a note holds."""


def count_names(names: Sequence[str]) -> str:
    """
    Count names, and list the first few, for a note.

    Examples
    --------
    >>> count_names(["Lake", "Ridge"])
    '2 (Lake, Ridge)'
    """
    more = ", ..." if len(names) > SHOWN else ""
    return f"{len(names)} ({', '.join(names[:SHOWN])}{more})"


def folded(name: object) -> str:
    """Write a name without case, accents and surplus spaces."""
    return " ".join(fold(name).split()) if isinstance(name, str) else ""


def shortest_first(name: str) -> tuple[int, str]:
    """
    Give the key by which ids are ordered.

    Returns its length, and the id.
    """
    return len(name), name


def groups_of(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """
    Join pairs that share a member.

    Examples
    --------
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


def replaced(
    table: pd.DataFrame, column: str, ids: Mapping[str, str], rows: np.ndarray | None = None
) -> pd.DataFrame:
    """Replace ids in a column."""
    old = table[column]
    new = old.astype(str).map(ids)
    changed = new.notna().to_numpy() & (np.ones(len(table), dtype=bool) if rows is None else rows)
    return table.assign(**{column: old.where(~changed, new)}) if changed.any() else table
