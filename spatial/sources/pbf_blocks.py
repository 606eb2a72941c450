"""One unpacked block of a .osm.pbf as arrays: all nodes, and the tagged objects that matter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.sources.kernels_pbf import HIDDEN, flatten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

__all__ = ["Block", "OutOfTheOrdinaryError", "Tagged", "decode_block", "fields"]

_NODE, _DENSE, _WAY, _RELATION, _CHANGESET = 1, 2, 3, 4, 5
"""Fields of a group."""

_STRING = 0x0A
"""Key of a string of the table: field 1, with a length."""

_KINDS = {
    _NODE: (4, 1 << 1 | 1 << 8 | 1 << 9),
    _DENSE: (5, 1 << 1 | 1 << 8 | 1 << 9),
    _WAY: (4, 1 << 8),
    _RELATION: (4, 1 << 9),
}
"""Field of the info, and bits of the fields with signed numbers."""


class OutOfTheOrdinaryError(Exception):
    """The file holds something that this reader leaves to pyosmium: a rare form, or damage."""


@dataclass(frozen=True, eq=False)
class Tagged:
    """Objects of one kind that are kept."""

    number: NDArray[np.int64]  # shape (n,), numbers in OpenStreetMap
    # shape (n_tags,), row of the object, and positions in the block's strings, by object
    owner: NDArray[np.int64]
    key: NDArray[np.int64]
    value: NDArray[np.int64]
    part_owner: NDArray[np.int64]  # nodes of ways, or numbers of a relation's members, by object
    part: NDArray[np.int64]
    part_kind: NDArray[np.int64]  # of relations: 0 node, 1 way, 2 relation; as long as `part`, else empty

    def with_strings(self, code: NDArray[np.int64]) -> Tagged:
        """Give the strings other positions."""
        return replace(self, key=code[self.key], value=code[self.value])


@dataclass(frozen=True, eq=False)
class Block:
    """What one block of a file holds."""

    total: dict[str, int]  # nodes, ways and relations in all
    node_id: NDArray[np.int64]  # all nodes
    node_x: NDArray[np.int32]  # their longitude and latitude in units of 1e-7 degrees
    node_y: NDArray[np.int32]
    tagged: list[tuple[str, Tagged]]  # ``n``, ``w`` or ``r``, and what is kept of a group
    strings: list[bytes]  # the block's strings; empty where nothing is kept


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Go through the fields of a message."""
    while at < end:
        key, at = _varint(data, at, end)
        number, at = _varint(data, at, end)
        if key & 7 == 0:
            yield key >> 3, number, -1
            continue
        if key & 7 != 2 or number > end - at:
            raise OutOfTheOrdinaryError("a field")
        yield key >> 3, at, at + number
        at += number


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    number = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        if byte < 0x80:
            return number | byte << shift, at
        number |= (byte & 0x7F) << shift
        shift += 7
    raise OutOfTheOrdinaryError("a number")


def decode_block(data: bytes, keys: Collection[bytes], *, ways_only: bool) -> Block:
    """Decode a block."""
    scale = {17: 100, 19: 0, 20: 0}
    groups: list[tuple[int, int]] = []
    table = (0, 0)
    for number, at, end in fields(data, 0, len(data)):
        if number == 1:
            table = (at, end)
        elif number == 2:
            groups.append((at, end))
        elif number in scale:
            scale[number] = at - (1 << 64) if at >> 63 else at
    return _Decoder(data, table, keys, ways_only=ways_only).run(groups, scale)


class _Decoder:
    """The groups of one block."""

    def __init__(
        self, data: bytes, table: tuple[int, int], keys: Collection[bytes], *, ways_only: bool
    ) -> None:
        self.data = data
        self.bytes = np.frombuffer(data, dtype=np.uint8)
        self.table = table
        self.keys = keys
        self.ways_only = ways_only
        self.strings: list[bytes] = []
        self.is_wanted = np.zeros(0, dtype=np.bool_)
        self.total = {"n": 0, "w": 0, "r": 0}
        self.nodes: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        self.tagged: list[tuple[str, Tagged]] = []

    def run(self, groups: list[tuple[int, int]], scale: dict[int, int]) -> Block:
        for span in groups:
            kind = self.data[span[0]] >> 3 if span[1] > span[0] else _CHANGESET
            if kind == _CHANGESET:
                continue
            if kind not in _KINDS:
                raise OutOfTheOrdinaryError("a group")
            group = _Group(self.bytes, span, kind)
            if kind == _DENSE:
                self._dense(group)
            elif kind == _NODE:
                self._plain(group)
            else:
                self._ways_or_relations(group, kind)
        none = np.empty(0, dtype=np.int64)
        ids, lat, lon = (np.concatenate(each) for each in zip(*self.nodes, strict=True)) if self.nodes else (
            none, none, none
        )  # fmt: skip
        return Block(
            self.total,
            ids,
            _units(lon, scale[17], scale[20]),
            _units(lat, scale[17], scale[19]),
            self.tagged,
            self.strings,
        )

    def _dense(self, group: _Group) -> None:
        if group.messages != 1:
            raise OutOfTheOrdinaryError("dense nodes")
        ids, lat, lon = (group.numbers(field) for field in (1, 8, 9))
        self._add_nodes(ids, lat, lon)
        pairs = group.numbers(10)
        if self.ways_only or len(pairs) == 0:
            return
        ends = np.flatnonzero(pairs == 0)
        sizes = np.diff(ends, prepend=-1) - 1
        if len(ends) != len(ids) or ends[-1] != len(pairs) - 1 or (sizes & 1).any():
            raise OutOfTheOrdinaryError("tags of dense nodes")
        filled = pairs[pairs != 0]
        owner = np.repeat(np.arange(len(ids)), sizes >> 1)
        self._keep("n", ids, (owner, filled[::2], filled[1::2]))

    def _plain(self, group: _Group) -> None:
        ids, lat, lon = (group.each(field) for field in (1, 8, 9))
        self._add_nodes(ids, lat, lon)
        if not self.ways_only:
            self._keep("n", ids, group.tags())

    def _add_nodes(self, ids: NDArray[np.int64], lat: NDArray[np.int64], lon: NDArray[np.int64]) -> None:
        if not len(ids) == len(lat) == len(lon):
            raise OutOfTheOrdinaryError("nodes")
        self.nodes.append((ids, lat, lon))
        self.total["n"] += len(ids)

    def _ways_or_relations(self, group: _Group, kind: int) -> None:
        name = "w" if kind == _WAY else "r"
        self.total[name] += group.messages
        if kind == _RELATION and self.ways_only:
            return
        self._keep(name, group.each(1), group.tags(), group)

    def _keep(
        self,
        kind: str,
        ids: NDArray[np.int64],
        tags: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
        group: _Group | None = None,
    ) -> None:
        owner, key, value = tags
        if not self.strings:
            self._read_strings()
        if len(key) and max(int(key.max()), int(value.max())) >= len(self.strings):
            raise OutOfTheOrdinaryError("strings")
        is_kept = np.zeros(len(ids), dtype=np.bool_)
        is_kept[owner[self.is_wanted[key]]] = True
        if not is_kept.any():
            return
        row = np.cumsum(is_kept) - 1
        mine = is_kept[owner]
        none = np.empty(0, dtype=np.int64)
        part_owner, part, part_kind = (none, none, none) if group is None else group.parts(kind, is_kept, row)
        tagged = Tagged(ids[is_kept], row[owner[mine]], key[mine], value[mine], part_owner, part, part_kind)
        self.tagged.append((kind, tagged))

    def _read_strings(self) -> None:
        at, end = self.table
        data, strings = self.data, self.strings
        while at < end:
            if data[at] != _STRING or at + 1 >= end:
                raise OutOfTheOrdinaryError("strings")
            size, begin = data[at + 1], at + 2
            if size >= 0x80:
                size, begin = _varint(data, at + 1, end)
            at = begin + size
            strings.append(data[begin:at])
        if at > end:
            raise OutOfTheOrdinaryError("strings")
        self.is_wanted = np.array([text in self.keys for text in strings], dtype=np.bool_)


class _Group:
    """Numbers of the messages of one group."""

    def __init__(self, data: NDArray[np.uint8], span: tuple[int, int], kind: int) -> None:
        size = span[1] - span[0]
        tokens = (np.empty(size, np.int32), np.empty(size, np.uint8), np.empty(size, np.int64))
        count, self.messages = flatten(data, span, kind, _KINDS[kind], tokens)
        if count < 0:
            raise OutOfTheOrdinaryError("a group")
        self.item, self.field, self.value = tokens[0][:count], tokens[1][:count], tokens[2][:count]
        if (self.field == HIDDEN).any():
            raise OutOfTheOrdinaryError("hidden objects")

    def numbers(self, field: int) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self.value[self.field == field]
        return found

    def each(self, field: int) -> NDArray[np.int64]:
        """One number a message."""
        rows = np.flatnonzero(self.field == field)
        if not np.array_equal(self.item[rows], np.arange(self.messages)):
            raise OutOfTheOrdinaryError("a field that each message has once")
        return self.value[rows]

    def tags(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        keys, values = np.flatnonzero(self.field == 2), np.flatnonzero(self.field == 3)
        if not np.array_equal(self.item[keys], self.item[values]):
            raise OutOfTheOrdinaryError("tags")
        return self.item[keys].astype(np.int64), self.value[keys], self.value[values]

    def parts(
        self, kind: str, is_kept: NDArray[np.bool_], row: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Nodes of ways and members of relations that are kept."""
        part_field = self.field == (8 if kind == "w" else 9)
        kinds = self.numbers(10) if kind == "r" else np.empty(0, dtype=np.int64)
        owner, part = self.item[part_field], self.value[part_field]
        if kind == "r" and (len(kinds) != len(part) or (len(kinds) and kinds.max() > 2)):
            raise OutOfTheOrdinaryError("members")
        if is_kept.all():
            return owner.astype(np.int64), part, kinds
        mine = is_kept[owner]
        return row[owner[mine]], part[mine], kinds[mine] if kind == "r" else kinds


def _units(number: NDArray[np.int64], granularity: int, offset: int) -> NDArray[np.int32]:
    """Units of 1e-7 degrees, cut towards zero as libosmium does."""
    if granularity != 100 or offset != 0:
        nano = number * granularity + offset
        number = np.sign(nano) * (np.abs(nano) // 100)
    if len(number) and max(int(number.max()), -int(number.min())) >= 1 << 31:
        raise OutOfTheOrdinaryError("a coordinate")
    return number.astype(np.int32)
