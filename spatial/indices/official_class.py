"""The official class of places, as every measure of town and country reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


CLASSES = ("urban", "rural")


def read_classes(table: str, official_class: ArrayLike, places: int) -> NDArray[np.object_]:
    """
    Read the class of each place.

    Returns ``urban``, ``rural`` or an empty text.

    Examples
    --------
    >>> read_classes("flows", ["urban", None], 2).tolist()
    ['urban', '']
    """
    label = np.array(np.asarray(official_class, dtype=object).ravel(), dtype=object)
    if len(label) != places:
        raise ContractError(table, [f"official_class: {len(label)} for {places} places"])
    problems = class_problems(label)
    if problems:
        raise ContractError(table, problems)
    label[pd.isna(label)] = ""
    return label


def class_problems(label: NDArray[np.object_]) -> list[str]:
    """
    Name words that are no class.

    Returns which words, in how many rows; empty where there is none.
    """
    strange = ~pd.isna(label) & ~np.isin(label.astype(str), [*CLASSES, ""])
    if not strange.any():
        return []
    words = sorted({str(word) for word in label[strange]})
    told = f"official_class: {first_of(words)} in {int(strange.sum())} row(s) is neither urban nor rural"
    return [f"{told}; write one of the two, or nothing where it is not known"]
