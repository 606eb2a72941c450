"""Roads of any maker under this package's names, and as arrays: shared points, tags once a distinct value."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from spatial.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from spatial.crs import transformer_between
from spatial.errors import ContractError, first_of

# Roads of any maker under this package's names: columns, codes, lists of merged tags, roads drawn once a direction.

STRETCHES = "|"
"""Between access tags of stretches of one road, one behind the other; ``;`` is what a mapper writes in one tag."""
CLASS_WORDS = {
    **{f"track_grade{grade}": ("track", f"grade{grade}") for grade in range(1, 6)},
    "unknown": ("road", None),
}
"""Classes of Geofabrik's ``fclass`` that are no highway value: the class and the tracktype that each stands for."""

_COLUMNS = {"road_class": ("highway", "fclass"), "speed_km_h": ("speed_kph",)}
"""Names of others for our columns, the first one present counts: OpenStreetMap, Geofabrik, osmnx."""
_ONEWAY = {
    **dict.fromkeys(("yes", "true", "1", "F", "FT"), "yes"),
    **dict.fromkeys(("-1", "reverse", "T", "TF"), "-1"),
    **dict.fromkeys(("no", "false", "0", "both", "B"), "no"),
}
"""Words of direction. F, T and B are Geofabrik's (along, against, both), capitals: a small t or f may mean true."""
ONEWAY_CODES = frozenset(_ONEWAY)
"""Words of direction that are read as they are."""
_WAYS = {"yes": (True, False), "-1": (False, True), "no": (True, True)}
_FLAG = {"T": "yes", "F": "no"}
_NO = {"no", "false", "0"}
TAG_WORDS = {True: "yes", False: "no"}

_ACCESS = ("access", "vehicle", "motor_vehicle", "motorcar", "motorcycle", "bicycle", "foot", "emergency")
_ONEWAYS = ("oneway", *(f"oneway_{of}" for of in _ACCESS[1:7]))
_MARKS = ("bridge", "tunnel", "area", "motorroad", "junction", "seasonal", "winter_road", "ice_road")
_LEAST = ("speed_km_h", "speed_kph", "width_m")
_AS_THEY_ARE = frozenset({"node_ids", "road_id"})

_SPEEDS = ("speed_km_h", "travel_time", "maxspeed", "maxspeed_forward", "maxspeed_backward")
_STATES = ("surface", "smoothness", "tracktype", "width_m", "condition", "layer")
_COUNTED = ("road_class", *_SPEEDS, *_STATES, *_MARKS, *_ACCESS, *_ONEWAYS[1:])
"""What times depend on, apart from oneway: two lines are one road where these are equal."""
_FASTEST_KM_H = 300.0
"""A travel time that would be faster is not in seconds."""
_SHORT_M = 100.0
"""Travel times of shorter roads may be rounded to nothing, and then say nothing."""
_MILLIMETRE, _DEGREE = 0.001, 1e-8
"""Within which points of two lines are one: metres; degrees, for about a millimetre."""


def with_known_tags(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Bring roads to the columns and words of OpenStreetMap; lists of osmnx become one word, whatever their order."""
    names = [str(name) for name in roads.columns]
    plain = {name: name.replace(":", "_") for name in names if ":" in name}
    frame = roads.rename(columns={name: ours for name, ours in plain.items() if ours not in names})
    for name in [name for name in frame.columns if name not in _AS_THEY_ARE and name != frame.geometry.name]:
        single = _without_lists(frame[name], str(name), is_noded="node_ids" in names)
        if single is not None:
            frame[name] = single
    for ours, theirs in _COLUMNS.items():
        for name in (name for name in theirs if name in frame.columns):
            if ours not in frame.columns:
                frame[ours] = frame[name]
            elif ours == "speed_km_h":
                frame[ours] = frame[ours].astype(object).where(frame[ours].notna(), frame[name].astype(object))
    for name in frame.columns.intersection([*_ONEWAYS, "bridge", "tunnel"]):
        frame[name] = _mapped(frame[name], _direction if name in _ONEWAYS else _flag)
    if "travel_time" in frame.columns and frame.crs is not None and frame.crs.is_projected:
        # Roads without a stated speed have that of their length over their travel time in seconds.
        stated = frame.get("speed_km_h", pd.Series(None, index=frame.index)).astype(object)
        length_m = shapely.length(frame.geometry.to_numpy())
        seconds = pd.to_numeric(frame["travel_time"], errors="coerce").to_numpy(dtype=np.float64)
        km_h = 3.6 * length_m / np.where(seconds > 0, seconds, np.nan)
        is_asked = (stated.isna() & frame["travel_time"].notna()).to_numpy(dtype=bool)
        is_told = is_asked & (km_h <= _FASTEST_KM_H)
        wrong = is_asked & ~is_told & ~((seconds >= 0) & (length_m < _SHORT_M))
        if wrong.any():
            named = frame.get("road_id", pd.Series(range(len(frame)), index=frame.index))
            problem = (
                f"travel_time: no time in seconds above 0 and of at most {_FASTEST_KM_H:g} km/h in {int(wrong.sum())} "
                f"roads such as {first_of(named[wrong])}; give seconds, or a column speed_km_h instead"
            )
            raise ContractError("roads", [problem])
        frame["speed_km_h"] = stated.where(~is_told, pd.Series(km_h, index=frame.index))
    if "road_class" in frame.columns and frame["road_class"].isin(list(CLASS_WORDS)).any():
        kinds = frame["road_class"]
        frame["road_class"] = _mapped(kinds, lambda word: CLASS_WORDS.get(word, (word, None))[0])
        grade = _mapped(kinds, lambda word: CLASS_WORDS.get(word, (word, None))[1])
        given = frame.get("tracktype", pd.Series(None, index=frame.index)).astype(object)
        frame["tracktype"] = given.where(given.notna(), grade)
    return frame


def _mapped(values: pd.Series, change: Callable[[Any], Any]) -> pd.Series:
    """Change each distinct value once."""
    codes, distinct = pd.factorize(values.astype(object))
    words = np.array([*map(change, distinct), None], dtype=object)
    return pd.Series(words[codes], index=values.index, dtype=object)


def _flag(value: Any) -> Any:
    return _FLAG.get(value.strip(), value) if isinstance(value, str) else value


def _direction(value: Any) -> Any:
    text = _text(value)
    return _ONEWAY.get(text, _ONEWAY.get(text.lower() if len(text) > 2 else text, value))


def _text(value: Any) -> str:
    return (f"{value:g}" if isinstance(value, float) else str(value)).strip()


def _without_lists(values: pd.Series, name: str, *, is_noded: bool) -> pd.Series | None:
    """Write the lists of a column as single values; None where it has none."""
    if values.dtype == object:
        lists = values.map(_members)
    elif isinstance(values.dtype, pd.StringDtype) and not is_noded:
        # A file cannot hold lists, so that they come back as their text.
        if not values.str.startswith("[").any():
            return None
        lists = values.astype(object).map(_members)
    else:
        return None
    is_list = lists.notna().to_numpy(dtype=bool)
    if not is_list.any():
        return None
    result = values.astype(object).to_numpy(copy=True)
    for row in np.flatnonzero(is_list):
        result[row] = _one_of(lists.iloc[row], name)
    return pd.Series(result, index=values.index, dtype=object)


def _members(value: Any) -> list[Any] | None:
    """Members of a list, or of the text of one."""
    if isinstance(value, str):
        text = value.strip()
        if not (text.startswith("[") and text.endswith("]")):
            return None
        try:
            value = ast.literal_eval(text.replace("nan", "None"))
        except (ValueError, SyntaxError):
            return None
    return list(value) if isinstance(value, list | tuple | set | frozenset | np.ndarray) else None


def _one_of(members: list[Any], name: str) -> Any:
    """Choose the value of a road whose stretches have several, whatever their order."""
    words = sorted({_text(item) for item in members if item is not None and item == item})  # noqa: PLR0124 - NaN
    words = [word for word in words if word]
    if len(words) < 2:
        return words[0] if words else None
    if name in _ONEWAYS:
        known = [_WAYS.get(str(_direction(word))) for word in words]
        ways = [way for way in known if way is not None]
        if len(ways) < len(words):
            return ";".join(words)
        both = (all(way[0] for way in ways), all(way[1] for way in ways))
        return next((word for word, way in _WAYS.items() if way == both), "reversible")
    if name in _ACCESS:
        return STRETCHES.join(words)
    if name in _MARKS:
        words = [word for word in words if word.lower() not in _NO] or ["no"]
    if name in _LEAST or name == "layer":
        numbers = pd.to_numeric(pd.Series(words), errors="coerce")
        if numbers.notna().all():
            return min(numbers) if name in _LEAST else max(numbers, key=abs)
    return ";".join(words)


def find_twins(roads: gpd.GeoDataFrame, ends: pd.DataFrame | None = None) -> IntArray:
    """Find lines that are one road drawn once a direction: same path, same tags, and no two ways that contradict."""
    other = np.full(len(roads), -1, dtype=np.int64)
    lines = roads.geometry.to_numpy()
    cell = _DEGREE if roads.crs is not None and roads.crs.is_geographic else _MILLIMETRE
    snapped = shapely.transform(shapely.force_2d(lines), lambda xy: np.round(xy / cell))
    normal = shapely.normalize(snapped)
    path = pd.factorize(pd.Series(shapely.to_wkb(normal), dtype=object))[0]
    count = np.bincount(path, minlength=1)
    rows = np.flatnonzero(count[path] > 1)
    if len(rows) == 0:
        return other
    first = [shapely.get_point(drawn, 0) for drawn in (snapped, normal)]
    along = (shapely.get_x(first[0]) == shapely.get_x(first[1])) & (shapely.get_y(first[0]) == shapely.get_y(first[1]))
    closed = np.flatnonzero(shapely.is_closed(snapped))
    along[closed] = [shapely.is_ccw(line) for line in snapped[closed]]
    if ends is not None:
        start, end = (ends[name].astype(str).to_numpy(dtype=object) for name in ("u", "v"))
        along = np.where(start == end, along, start < end).astype(bool)
    words = _oneway_words(roads)
    is_single = words.isin(["yes", "-1"])
    side = np.where(words.eq("-1"), ~along, along)
    tags = pd.DataFrame(
        {
            name: pd.factorize(roads[name].iloc[rows].astype(object).map(_text, na_action="ignore"))[0]
            for name in _COUNTED
            if name in roads
        }
    )
    ways = words.mask(is_single, "single").fillna("no").astype(str)
    keys = tags.assign(path=path[rows], ways=ways.iloc[rows].to_numpy())
    same = keys.groupby(list(keys.columns), sort=False).ngroup().to_numpy()
    table = pd.DataFrame({"same": same, "side": side[rows], "row": rows})
    table["number"] = table.groupby(["same", "side"]).cumcount()
    pairs = table[table["side"]].merge(table[~table["side"]], on=["same", "number"])
    one, two = pairs["row_x"].to_numpy(np.int64), pairs["row_y"].to_numpy(np.int64)
    other[one], other[two] = two, one
    return other


def is_drawn_twice(xy: FloatArray, line: IntArray, n_lines: int) -> BoolArray:
    """Tell which lines share half of their length or more with other lines, segment by segment."""
    begin = np.flatnonzero(line[1:] == line[:-1])
    length = np.hypot(*(xy[begin + 1] - xy[begin]).T)
    cells = np.round(xy / _MILLIMETRE)
    point = np.unique(cells[:, 0] + 1j * cells[:, 1], return_inverse=True)[1]
    ends = np.sort(np.column_stack((point[begin], point[begin + 1])), axis=1)
    segment = np.unique(ends[:, 0] * np.int64(len(point) + 1) + ends[:, 1], return_inverse=True)[1]
    users = pd.DataFrame({"segment": segment, "line": line[begin]}).drop_duplicates()
    is_shared = (np.bincount(users["segment"]) > 1)[segment]
    total = np.bincount(line[begin], weights=length, minlength=n_lines)
    shared = np.bincount(line[begin], weights=length * is_shared, minlength=n_lines)
    return (shared > 0) & (2 * shared >= total)


def _oneway_words(roads: gpd.GeoDataFrame) -> pd.Series:
    return roads.get("oneway", pd.Series(None, index=roads.index, dtype=object)).astype(object)


def join_twins(roads: gpd.GeoDataFrame, other: IntArray) -> tuple[gpd.GeoDataFrame, BoolArray]:
    """Keep one line of each road drawn once for each direction, open both ways; and tell which rows are kept."""
    is_kept = (other < 0) | (np.arange(len(roads)) < other)
    if is_kept.all():
        return roads, is_kept
    words = _oneway_words(roads)
    is_opened = (other >= 0) & (words.isna() | words.isin(["yes", "-1"])).to_numpy(dtype=bool)
    joined = roads.assign(oneway=words.mask(is_opened, "no"))
    return joined.loc[is_kept].reset_index(drop=True), is_kept


# Roads as arrays: lines of shared points, and tags written once a distinct value; the table ``roads`` on demand.


@dataclass(frozen=True, eq=False)
class CodedTag:
    """
    One tag of every road.

    Parameters
    ----------
    codes : ndarray of int32, shape (n_roads,)
        Position of the value in `texts`; -1 where untagged.
    texts : tuple of Any
        Distinct values, as written.
    """

    codes: NDArray[np.int32]
    texts: tuple[Any, ...]


def coded(values: pd.Series) -> CodedTag:
    """Write each distinct value of a column once."""
    codes, texts = pd.factorize(values.astype(object))
    return CodedTag(codes.astype(np.int32), tuple(texts))


class TagsOnDemand(Mapping[str, CodedTag]):
    """Tags of roads, each coded when it is first asked for."""

    def __init__(self, names: Sequence[str], read: Callable[[str], CodedTag]) -> None:
        self._names = dict.fromkeys(names)
        self._read = cache(read)

    def __getitem__(self, name: str) -> CodedTag:
        """Code a tag, or take it as it was coded."""
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Count the names."""
        return len(self._names)


@dataclass(frozen=True, eq=False)
class RoadLines:
    """
    Roads as arrays, in the order of their ids.

    Parameters
    ----------
    road_id : ObjectArray
        Shape (n_roads,), unique.
    tags : Mapping[str, CodedTag]
        By column of the table ``roads``; ``road_class`` is one of them.
    offsets : IntArray
        Shape (n_roads + 1,), vertices of road r are the rows ``offsets[r]`` to ``offsets[r + 1] - 1``.
    point : IntArray
        Shape (n_vertices,), row of `points` at which each vertex lies.
    points : FloatArray
        Shape (n_points, 2), easting and northing, or longitude and latitude, in `points_crs`; each is used by
        one of all the roads.
    points_crs : Any
        CRS of `points`.
    crs : Any
        CRS of `xy`: points are projected when asked for, and only those that a road uses.
    vertex : IntArray
        Shape (n_vertices,), roads meet where they share one of these numbers.
    vertex_id : NDArray[Any]
        Shape (n_different_vertices,), the source's id of each such number; None where it has none.
    _rows : ndarray of int or None
        Rows of the roads in `tags`; None where all are kept.
    """

    road_id: ObjectArray
    tags: Mapping[str, CodedTag]
    offsets: IntArray
    point: IntArray
    points: FloatArray
    points_crs: Any
    crs: Any
    vertex: IntArray
    vertex_id: NDArray[Any]
    _rows: IntArray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Count the roads."""
        return len(self.road_id)

    @cached_property
    def road(self) -> IntArray:
        """Row of the road of each vertex."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def xy(self) -> FloatArray:
        """Vertices in `crs`, shape (n_vertices, 2)."""
        return self.at(self.point)

    def at(self, point: IntArray) -> FloatArray:
        """Place points, rows of `points`: shape (n, 2), in `crs`."""
        return np.take(self.placed, point, axis=0)

    @cached_property
    def placed(self) -> FloatArray:
        """The `points` in `crs`; those that no road uses are left anywhere."""
        if self.crs is self.points_crs:
            return self.points
        is_used = np.zeros(len(self.points), dtype=np.bool_)
        is_used[self.point] = True
        change = transformer_between(self.points_crs, self.crs)
        used = np.flatnonzero(is_used)
        placed = np.empty_like(self.points)
        for axis, values in enumerate(change.transform(self.points[used, 0], self.points[used, 1])):
            placed[used, axis] = values
        return placed

    @property
    def total_bounds(self) -> FloatArray:
        """West, south, east and north of all roads; NaN without any."""
        if len(self.point) == 0:
            return np.full(4, np.nan)
        used = self.placed if self._rows is None else self.xy
        return np.array([each(used[:, axis]) for each in (np.min, np.max) for axis in (0, 1)])

    def tag(self, name: str) -> CodedTag:
        """Take one tag, a column of the table ``roads``, of every road; without a text where no road has it."""
        found = self.tags.get(name)
        if found is None:
            return CodedTag(np.full(len(self), -1, dtype=np.int32), ())
        return found if self._rows is None else CodedTag(found.codes[self._rows], found.texts)

    def to_crs(self, crs: Any) -> RoadLines:
        """Ask for another CRS of `xy`; nothing is computed before the vertices are used."""
        is_same = crs is self.points_crs or pyproj.CRS.from_user_input(crs) == self.points_crs
        return replace(self, crs=self.points_crs if is_same else crs)

    def select(self, kept: BoolArray) -> RoadLines:
        """Keep some of the roads: a mask of shape (n_roads,)."""
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

    def lines(self, rows: IntArray) -> ObjectArray:
        """Draw some of the roads, by their rows: shape (n_roads,), None where a road was not asked for."""
        kept = np.zeros(len(self), dtype=np.bool_)
        kept[rows] = True
        inner = kept[self.road]
        drawn = np.full(len(self), None, dtype=object)
        drawn[kept] = shapely.linestrings(self.at(self.point[inner]), indices=(np.cumsum(kept) - 1)[self.road[inner]])
        lines: ObjectArray = drawn[rows]
        return lines

    def to_frame(self) -> gpd.GeoDataFrame:
        """Write the table ``roads``, one row a road."""
        columns: dict[str, pd.Series] = {"road_id": pd.Series(self.road_id, dtype="str")}
        for name in self.tags:
            tag = self.tag(name)
            columns[name] = pd.Series(pd.array(list(tag.texts), dtype="str").take(tag.codes, allow_fill=True))
        if self.vertex_id.dtype != object:
            ids = self.vertex_id[self.vertex]
            parts = np.empty(len(self), dtype=object)
            parts[:] = [part.copy() for part in np.split(ids, self.offsets[1:-1])] if len(self) else []
            columns["node_ids"] = pd.Series(parts, dtype=object)
        geometry = gpd.GeoSeries(self.lines(np.arange(len(self))), crs=self.crs)
        return gpd.GeoDataFrame(columns, geometry=geometry, crs=self.crs)
