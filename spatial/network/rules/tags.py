"""Tags of roads: absent columns are untagged, letters are small, lists are split; each value is judged once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.errors import ContractError, first_of
from spatial.sources.road_lines import CodedTag, RoadLines, coded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "TagValues",
    "class_values",
    "classes_of",
    "first_present",
    "members",
    "number_values",
    "road_ids",
    "tag_values",
]

_SEPARATOR = re.compile(r"[;|]")


@dataclass(frozen=True, eq=False)
class TagValues:
    """One tag of every road."""

    codes: NDArray[np.int32]  # shape (n_roads,), position of the value in `texts`; -1 where untagged
    texts: tuple[str, ...]  # values that come up; one may stand here twice

    @property
    def is_tagged(self) -> NDArray[np.bool_]:
        """Which roads have the tag."""
        return self.codes >= 0

    def is_in(self, values: Collection[str]) -> NDArray[np.bool_]:
        """Tell where the tag has one of several values."""
        return self.fits(lambda text: text in values)

    def fits(self, test: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Tell where the tag passes a test."""
        return self._spread([test(text) for text in self.texts], False, np.bool_)

    def has_any(self, values: frozenset[str]) -> NDArray[np.bool_]:
        """Tell where any member of the tag's list is one of several values."""
        return self.fits(lambda text: not values.isdisjoint(members(text)))

    def numbers(self, read: Callable[[str], float]) -> NDArray[np.float64]:
        """
        Read the tag as numbers.

        Returns NaN where untagged.
        """
        return self._spread([read(text) for text in self.texts], np.nan, np.float64)

    def objects(self) -> NDArray[np.object_]:
        """
        Write the tag out.

        Returns None where untagged.
        """
        return self._spread(list(self.texts), None, object)

    def or_else(self, other: TagValues) -> TagValues:
        """Take another tag where this one is absent."""
        if not other.texts:
            return self
        shifted = np.where(other.codes >= 0, other.codes + len(self.texts), -1)
        codes = np.where(self.codes >= 0, self.codes, shifted).astype(np.int32)
        return TagValues(codes, self.texts + other.texts)

    def _spread(self, values: list[Any], untagged: Any, kind: Any) -> NDArray[Any]:
        table = np.empty(len(values) + 1, dtype=kind)
        table[:-1] = values
        table[-1] = untagged  # where code -1 points
        spread: NDArray[Any] = table[self.codes]
        return spread


def tag_values(roads: pd.DataFrame | RoadLines, name: str) -> TagValues:
    """
    Read one tag of every road.

    Returns small letters without blanks around; untagged where empty.
    """
    found = _written(roads, name)
    texts = [_as_text(value).strip().lower() for value in found.texts]
    if all(text and text != "nan" for text in texts):
        return TagValues(found.codes, tuple(texts))
    code = np.array([*(row if text and text != "nan" else -1 for row, text in enumerate(texts)), -1])
    return TagValues(code[found.codes].astype(np.int32), tuple(texts))


def class_values(roads: pd.DataFrame | RoadLines) -> TagValues:
    """Read the class of every road."""
    found = _written(roads, "road_class")
    return TagValues(found.codes, found.texts)


def classes_of(text: str) -> list[str]:
    """Split the class of a road whose stretches have several."""
    return [word for word in (part.strip() for part in _SEPARATOR.split(text)) if word]


def number_values(
    roads: pd.DataFrame | RoadLines, name: str, *, above_zero: bool = False
) -> NDArray[np.float64]:
    """
    Read a column of numbers of every road, each exactly as it is written.

    Returns NaN where there is none.
    """
    found = _written(roads, name)
    numbers = [_as_number(text) for text in found.texts]
    is_wrong = [
        not ((number > 0 if above_zero else number >= 0) and number < np.inf)
        and str(text).strip().lower() not in {"", "nan", "none", "<na>"}
        for text, number in zip(found.texts, numbers, strict=True)
    ]
    if any(is_wrong):
        rows = np.array([*is_wrong, False])[found.codes]
        least, shown = "above 0" if above_zero else "of at least 0", first_of(np.array(found.texts)[is_wrong])
        problem = (
            f"{name}: no number {least} but {shown} in {int(rows.sum())} roads such as "
            f"{first_of(road_ids(roads)[rows])}; correct them, and leave out what is not known"
        )
        raise ContractError("roads", [problem])
    return TagValues(found.codes, found.texts).numbers(_as_number)


def road_ids(roads: pd.DataFrame | RoadLines) -> NDArray[np.object_]:
    """Take the id of every road."""
    return roads.road_id if isinstance(roads, RoadLines) else roads["road_id"].to_numpy(dtype=object)


def _written(roads: pd.DataFrame | RoadLines, name: str) -> CodedTag:
    if isinstance(roads, RoadLines):
        return roads.tag(name)
    if name not in roads.columns:
        return CodedTag(np.full(len(roads), -1, dtype=np.int32), ())
    return coded(roads[name])


def _as_number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return np.nan


def _as_text(value: object) -> str:
    # A limit read from a table of the user's own may be a number: 50.0 is the tag "50".
    return f"{value:g}" if isinstance(value, float) else str(value)


def members(text: str) -> list[str]:
    """
    Split a list of values such as ``"asphalt;gravel"``.

    Returns its members in small letters, without empty ones.

    Examples
    --------
    >>> members("Asphalt; gravel")
    ['asphalt', 'gravel']
    """
    return [part for part in (item.strip().lower() for item in _SEPARATOR.split(text)) if part]


def first_present(roads: pd.DataFrame | RoadLines, names: tuple[str, ...]) -> TagValues:
    """Take the first tag that is present out of several, in the order given."""
    chosen = tag_values(roads, names[0])
    for name in names[1:]:
        chosen = chosen.or_else(tag_values(roads, name))
    return chosen
