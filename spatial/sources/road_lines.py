"""Roads as arrays: lines of shared points, and tags written once a distinct value; the table ``roads`` on demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["CodedTag", "RoadLines", "TagsOnDemand", "coded"]


@dataclass(frozen=True, eq=False)
class CodedTag:
    """One tag of every road."""

    codes: NDArray[np.int32]  # shape (n_roads,), position of the value in `texts`; -1 where untagged
    texts: tuple[Any, ...]  # distinct values, as written


def coded(values: pd.Series) -> CodedTag:
    """
    Write each distinct value of a column once.

    Examples
    --------
    >>> coded(pd.Series(["yes", None, "no", "yes"])).codes.tolist()
    [0, -1, 1, 0]
    """
    codes, texts = pd.factorize(values.astype(object))
    return CodedTag(codes.astype(np.int32), tuple(texts))


class TagsOnDemand(Mapping[str, CodedTag]):
    """Tags of roads, each coded when it is first asked for."""

    def __init__(self, names: Sequence[str], read: Callable[[str], CodedTag]) -> None:
        self._names = dict.fromkeys(names)
        self._read = read
        self._known: dict[str, CodedTag] = {}

    def __getitem__(self, name: str) -> CodedTag:
        """Code a tag, or take it as it was coded."""
        if name not in self._names:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Count the names."""
        return len(self._names)


@dataclass(frozen=True, eq=False)
class RoadLines:
    """Roads as arrays, in the order of their ids."""

    road_id: NDArray[np.object_]  # shape (n_roads,), unique
    tags: Mapping[str, CodedTag]  # by column of the table ``roads``; ``road_class`` is one of them
    # shape (n_roads + 1,), vertices of road r are the rows ``offsets[r]`` to ``offsets[r + 1] - 1``
    offsets: NDArray[np.int64]
    point: NDArray[np.int64]  # shape (n_vertices,), row of `points` at which each vertex lies
    # shape (n_points, 2), easting and northing, or longitude and latitude, in `points_crs`; each is used by
    # one of all the roads
    points: NDArray[np.float64]
    # of `points`, and of `xy`: points are projected when asked for, and only those that a road uses
    points_crs: Any
    crs: Any
    vertex: NDArray[np.int64]  # shape (n_vertices,), roads meet where they share one of these numbers
    # shape (n_different_vertices,), the source's id of each such number; None where it has none
    vertex_id: NDArray[Any]
    _rows: NDArray[np.int64] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Count the roads."""
        return len(self.road_id)

    @cached_property
    def road(self) -> NDArray[np.int64]:
        """Row of the road of each vertex."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def xy(self) -> NDArray[np.float64]:
        """Vertices in `crs`, shape (n_vertices, 2)."""
        return self.at(self.point)

    def at(self, point: NDArray[np.int64]) -> NDArray[np.float64]:
        """Place points."""
        return np.take(self.placed, point, axis=0)

    @cached_property
    def placed(self) -> NDArray[np.float64]:
        """The `points` in `crs`; those that no road uses are left anywhere."""
        if self.crs is self.points_crs:
            return self.points
        is_used = np.zeros(len(self.points), dtype=np.bool_)
        is_used[self.point] = True
        change = pyproj.Transformer.from_crs(self.points_crs, self.crs, always_xy=True)
        used = np.flatnonzero(is_used)
        placed = np.empty_like(self.points)
        for axis, values in enumerate(change.transform(self.points[used, 0], self.points[used, 1])):
            placed[used, axis] = values
        return placed

    @property
    def total_bounds(self) -> NDArray[np.float64]:
        """West, south, east and north of all roads; NaN without any."""
        if len(self.point) == 0:
            return np.full(4, np.nan)
        used = self.placed if self._rows is None else self.xy
        return np.array([each(used[:, axis]) for each in (np.min, np.max) for axis in (0, 1)])

    def tag(self, name: str) -> CodedTag:
        """Take one tag."""
        found = self.tags.get(name)
        if found is None:
            return CodedTag(np.full(len(self), -1, dtype=np.int32), ())
        return found if self._rows is None else CodedTag(found.codes[self._rows], found.texts)

    def to_crs(self, crs: Any) -> RoadLines:
        """Ask for another CRS; nothing is computed before the vertices are used."""
        is_same = crs is self.points_crs or pyproj.CRS.from_user_input(crs) == self.points_crs
        return replace(self, crs=self.points_crs if is_same else crs)

    def select(self, kept: NDArray[np.bool_]) -> RoadLines:
        """Keep some of the roads."""
        sizes = np.diff(self.offsets)
        inner = np.repeat(kept, sizes)
        rows = np.flatnonzero(kept)
        return replace(
            self,
            road_id=self.road_id[kept],
            offsets=np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes[kept]))),
            point=self.point[inner],
            vertex=self.vertex[inner],
            _rows=rows if self._rows is None else self._rows[rows],
        )

    def lines(self, rows: NDArray[np.int64]) -> NDArray[np.object_]:
        """Draw some of the roads."""
        kept = np.zeros(len(self), dtype=np.bool_)
        kept[rows] = True
        inner = kept[self.road]
        drawn = np.full(len(self), None, dtype=object)
        drawn[kept] = shapely.linestrings(
            self.at(self.point[inner]), indices=(np.cumsum(kept) - 1)[self.road[inner]]
        )
        lines: NDArray[np.object_] = drawn[rows]
        return lines

    def to_frame(self) -> gpd.GeoDataFrame:
        """Write the table ``roads``."""
        columns: dict[str, pd.Series] = {"road_id": pd.Series(self.road_id, dtype="str")}
        for name in self.tags:
            tag = self.tag(name)
            columns[name] = pd.Series(pd.array(list(tag.texts), dtype="str").take(tag.codes, allow_fill=True))
        if self.vertex_id.dtype != object:
            ids = self.vertex_id[self.vertex]
            parts = np.empty(len(self), dtype=object)
            for row, (begin, end) in enumerate(zip(self.offsets[:-1], self.offsets[1:], strict=True)):
                parts[row] = ids[begin:end].copy()
            columns["node_ids"] = pd.Series(parts, dtype=object)
        geometry = gpd.GeoSeries(self.lines(np.arange(len(self))), crs=self.crs)
        return gpd.GeoDataFrame(columns, geometry=geometry, crs=self.crs)
