"""Which row of a list and which mapped facility are one: near, of one family of services and called alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from spatial.sources.names import name_scores, plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from spatial.sources.services import Vocabulary

__all__ = ["Pair", "family_of", "names_in", "near_pairs", "one_to_one"]

SAME, RELATED, OTHER = "same", "related", "other"
"""How the services of two rows are kin: one counts for the other; both count for a third; neither."""

_NAMES = ("name", "name_en", "name_zh")
_NUMBERS = re.compile(r"\d+")
_STEP = 0.1
"""Scores within one such step are alike: of two names alike enough the nearer place is taken."""


@dataclass(frozen=True, order=True)
class Pair:
    """A row of a list and a mapped facility near it."""

    one: int  # rows of the frame: of the list and of the map
    two: int
    distance_m: float  # between them
    score: float  # how alike their names are, 0-1; NaN where one has none
    kin: str  # same, related or other: how their services are kin

    @property
    def is_unnamed(self) -> bool:
        """Whether one of the two has no name of its own."""
        return bool(np.isnan(self.score))


def family_of(one: str, two: str, vocabulary: Vocabulary) -> str:
    """Say how two services are kin."""
    one, two = vocabulary.family(one), vocabulary.family(two)
    if one == two or one in vocabulary.satisfying(two) or two in vocabulary.satisfying(one):
        return SAME
    shared = any({one, two} <= vocabulary.satisfying(service) for service in vocabulary.ids)
    return RELATED if shared else OTHER


def names_in(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Names of each row that are more than the word for a service."""
    columns = [frame[column].tolist() for column in _NAMES if column in frame.columns]
    rows = zip(*columns, strict=True) if columns else (() for _ in range(len(frame)))
    return [
        tuple(dict.fromkeys(value for value in values if isinstance(value, str) and plain_name(value).stem))
        for values in rows
    ]


def near_pairs(
    frame: gpd.GeoDataFrame,
    listed: NDArray[np.bool_],
    vocabulary: Vocabulary,
    *,
    radius_m: float,
) -> list[Pair]:
    """Pair rows of lists with mapped facilities within reach."""
    ones, twos = np.flatnonzero(listed), np.flatnonzero(~listed)
    if not len(ones) or not len(twos):
        return []
    points = np.column_stack([frame.geometry.x, frame.geometry.y])
    tree = cKDTree(points[twos])
    names = names_in(frame)
    kin = _Kin(frame, vocabulary)
    pairs: list[Pair] = []
    for one, near in zip(ones.tolist(), tree.query_ball_point(points[ones], radius_m), strict=True):
        rows = [row for row in twos[sorted(near)].tolist() if kin.of(one, row) != OTHER]
        if not rows:
            continue
        metres = np.hypot(*(points[rows] - points[one]).T)
        scores = _scores(names[one], [names[row] for row in rows])
        pairs += [
            Pair(one, row, float(distance), float(score), kin.of(one, row))
            for row, distance, score in zip(rows, metres, scores, strict=True)
        ]
    return pairs


class _Kin:
    """How rows are kin by service, looked up once for each two services."""

    def __init__(self, frame: pd.DataFrame, vocabulary: Vocabulary) -> None:
        self.services = frame["service"].tolist()
        self.planned = (frame["status"] == "candidate").tolist()
        self.vocabulary = vocabulary
        self.known: dict[tuple[str, str], str] = {}

    def of(self, one: int, two: int) -> str:
        if self.planned[one] != self.planned[two]:
            return OTHER
        key = (self.services[one], self.services[two])
        if key not in self.known:
            self.known[key] = family_of(*key, self.vocabulary)
        return self.known[key]


def _scores(mine: Sequence[str], theirs: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Similarity of names, NaN where there is none, 0 where they count differently: school 1 is not school 2."""
    scores: NDArray[np.float64] = name_scores([mine], theirs)[0]
    own = _numbers(mine)
    for place, names in enumerate(theirs):
        if not mine or not names:
            scores[place] = np.nan
        elif _numbers(names) != own:
            scores[place] = 0.0
    return scores


def _numbers(names: Sequence[str]) -> frozenset[str]:
    return frozenset(
        number.lstrip("0") for name in names for number in _NUMBERS.findall(plain_name(name).stem)
    )


def one_to_one(
    pairs: Sequence[Pair],
    frame: pd.DataFrame,
    *,
    name_min: float,
    distance_m: float,
    unnamed_m: float,
    taken: set[int],
) -> Iterator[Pair]:
    """Choose the pairs that are one facility, each row in one of them at most."""
    ids = frame["facility_id"].tolist()

    def rank(pair: Pair) -> tuple[bool, float, float, str, str]:
        step = 0.0 if pair.is_unnamed else -np.floor(pair.score / _STEP + 1e-9)
        return pair.is_unnamed, step, pair.distance_m, ids[pair.one], ids[pair.two]

    fit = [
        pair
        for pair in pairs
        if pair.kin == SAME
        and (
            pair.distance_m <= unnamed_m
            if pair.is_unnamed
            else pair.score >= name_min and pair.distance_m <= distance_m
        )
    ]
    for pair in sorted(fit, key=rank):
        if not {pair.one, pair.two} & taken:
            taken |= {pair.one, pair.two}
            yield pair
