"""The order of ids: ties between facilities go to the lowest one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["id_order"]

_OSM_ID = re.compile(r"(?P<kind>[nwr])(?P<number>\d+)(?P<rest>.*)", re.DOTALL)
_KINDS = {"n": 0, "w": 1, "r": 2}
_DIGITS = re.compile(r"(\d+)")


def id_order(ids: Iterable[str]) -> NDArray[np.int64]:
    """
    Sort ids: OpenStreetMap's as node, way, relation and then by number, others by text with numbers as numbers.

    Examples
    --------
    >>> id_order(["w2", "n10", "n9"]).tolist()
    [2, 1, 0]
    """
    keys = [_key(str(value)) for value in ids]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def _key(value: str) -> tuple[int, int, tuple[tuple[int, int, str], ...], str, str]:
    match = _OSM_ID.fullmatch(value)
    if match is not None:
        return _KINDS[match["kind"]], int(match["number"]), (), match["rest"], value
    parts = (part for part in _DIGITS.split(value) if part)
    natural = tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
    return len(_KINDS), 0, natural, "", value
