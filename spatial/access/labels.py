"""Labels of pandas objects: arguments that speak of the same places are paired by label, never by chance of order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of

__all__ = ["paired"]

REMEDY = "give all the same labels, or plain arrays in one order (.to_numpy())"


def paired(table: str, /, **given: tuple[Any, str]) -> tuple[Any, ...]:
    """
    Bring arguments that lie along the same axes into one order.

    Two labelled arguments in the same order stay as they are. With the same labels in another order, the later one
    takes the order of the first. With other labels, or labels that are there twice, they are refused. What has no
    labels (lists, arrays, sparse matrices) stays as it is, and counts by position beside the first labelled one.

    Returns the arguments in the order given.

    Examples
    --------
    >>> one, other = pd.Series([1, 2], index=["a", "b"]), pd.Series([20, 10], index=["b", "a"])
    >>> paired("shares", x=(one, "units"), total=(other, "units"))[1].tolist()
    [10, 20]
    """
    leaders: dict[str, tuple[str, pd.Index]] = {}
    problems: list[str] = []
    ordered = []
    for name, (value, along) in given.items():
        labelled = value
        if isinstance(value, pd.Series | pd.DataFrame):
            for number, axis in enumerate(along.split()[-value.ndim :]):
                mine = value.axes[number]
                leader, wanted = leaders.setdefault(axis, (name, mine))
                fault = _fault(mine, wanted)
                if fault:
                    whom = f"of {leader}" if leader != name else "of the rows"
                    problems.append(f"{name}: labels of {axis} differ from those {whom}: {fault}; {REMEDY}")
                elif not mine.equals(wanted):
                    labelled = labelled.take(mine.get_indexer(wanted), axis=number)
        ordered.append(labelled)
    if problems:
        raise ContractError(table, problems)
    return tuple(ordered)


def _fault(mine: pd.Index, wanted: pd.Index) -> str:
    """Say why labels cannot be brought into the order wanted; empty where they can."""
    if mine.equals(wanted):
        return ""
    faults = []
    for labels, whose in ((mine, "here"), (wanted, "there")):
        twice = labels[labels.duplicated()].unique()
        if len(twice):
            faults.append(f"more than once {whose} {_named(twice)}")
    if faults:
        return ", ".join(faults)
    for labels, others, what in ((wanted, mine, "missing"), (mine, wanted, "too many")):
        lone = labels[others.get_indexer(labels) < 0]
        if len(lone):
            faults.append(f"{what} {_named(lone)}")
    return ", ".join(faults)


def _named(labels: pd.Index) -> str:
    return first_of(list(np.asarray(labels, dtype=object)), limit=3)
