"""The official class of places, as every measure of town and country reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CLASSES", "class_problems", "read_classes"]

CLASSES = ("urban", "rural")


def read_classes(table: str, official_class: ArrayLike, places: int) -> NDArray[np.object_]:
    """
    Read the class of each place.

    Parameters
    ----------
    table : str
        What they belong to, for the message.
    official_class : array_like of str
        ``urban`` or ``rural``; None, NaN or an empty text where it is not known.
    places : int
        How many there must be.

    Returns
    -------
    ndarray of object
        ``urban``, ``rural`` or an empty text.

    Raises
    ------
    ContractError
        For another number of them, and for other words: which, and in how many rows.

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

    Parameters
    ----------
    label : ndarray of object
        One a place; missing and empty ones are not known, and no fault.

    Returns
    -------
    list of str
        Which words, in how many rows; empty where there is none.
    """
    strange = ~pd.isna(label) & ~np.isin(label.astype(str), [*CLASSES, ""])
    if not strange.any():
        return []
    words = sorted({str(word) for word in label[strange]})
    told = f"official_class: {first_of(words)} in {int(strange.sum())} row(s) is neither urban nor rural"
    return [f"{told}; write one of the two, or nothing where it is not known"]
