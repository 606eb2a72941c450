"""All of an OpenStreetMap extract that matters, as arrays: nodes by number, and tagged objects with their parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spatial.sources.kernels_pbf import locate
from spatial.sources.pbf import Wanted, read_blocks
from spatial.sources.pbf_blocks import OutOfTheOrdinaryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from spatial.sources.pbf_blocks import Block, Tagged

__all__ = ["Objects", "OsmArrays", "read_arrays"]

UNITS_A_DEGREE = 10_000_000
"""Coordinates are whole numbers of 1e-7 degrees, as in libosmium."""


@dataclass(frozen=True, eq=False)
class Objects:
    """Tagged objects of one kind, by number."""

    number: NDArray[np.int64]  # shape (n,), numbers in OpenStreetMap
    # shape (n + 1,), tags of object i are the rows ``tag_offsets[i]`` to ``tag_offsets[i + 1] - 1``
    tag_offsets: NDArray[np.int64]
    key: NDArray[np.int32]  # positions in the strings
    value: NDArray[np.int32]
    part_offsets: NDArray[np.int64]  # shape (n + 1,), likewise, of `part`
    # numbers of nodes or members; and of members 0 for a node, 1 for a way, 2 for a relation
    part: NDArray[np.int64]
    part_kind: NDArray[np.int64]

    def with_key(self, code: int) -> NDArray[np.int32]:
        """Find the value of one key."""
        found = np.full(len(self.number), -1, dtype=np.int32)
        rows = np.flatnonzero(self.key == code)
        found[np.searchsorted(self.tag_offsets, rows, side="right") - 1] = self.value[rows]
        return found


@dataclass(frozen=True, eq=False)
class OsmArrays:
    """What an extract holds."""

    total: dict[str, int]  # nodes, ways and relations in all, by ``n``, ``w`` and ``r``
    strings: list[str]  # each distinct key and value of the objects kept, once
    node_id: NDArray[np.int64]  # shape (n_nodes,), all nodes, ascending
    node_x: NDArray[np.int32]  # shape (n_nodes,), longitude and latitude in units of 1e-7 degrees
    node_y: NDArray[np.int32]
    nodes: Objects  # those with one of the keys asked for
    ways: Objects
    relations: Objects

    @cached_property
    def is_off_earth(self) -> bool:
        """Whether any node has no valid place."""
        if not len(self.node_id):
            return False
        most = max(int(self.node_x.max()), -int(self.node_x.min())) / UNITS_A_DEGREE
        return most > 180 or max(int(self.node_y.max()), -int(self.node_y.min())) > 90 * UNITS_A_DEGREE

    def code(self, text: str) -> int:
        """Find a string."""
        return self.strings.index(text) if text in self.strings else -2

    def place(self, number: NDArray[np.int64]) -> NDArray[np.int64]:
        """Find nodes."""
        row = locate(self.node_id, np.ascontiguousarray(number))
        if self.is_off_earth:
            lost = np.abs(self.node_x[row]) > 180 * UNITS_A_DEGREE
            lost |= np.abs(self.node_y[row]) > 90 * UNITS_A_DEGREE
            row[lost] = -1
        return row


def read_arrays(path: Path, wanted: Wanted) -> OsmArrays:
    """Read a ``.osm.pbf``."""
    total = {"n": 0, "w": 0, "r": 0}
    nodes: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]] = []
    parts: dict[str, list[Tagged]] = {"n": [], "w": [], "r": []}
    strings = _Strings()
    for block in read_blocks(path, wanted):
        if block.total["n"] and total["w"] and not wanted.ways_only:
            raise OutOfTheOrdinaryError("nodes after ways")  # pyosmium assembles areas of a sorted file only
        for kind, number in block.total.items():
            total[kind] += number
        nodes.append((block.node_id, block.node_x, block.node_y))
        for kind, tagged in block.tagged:
            parts[kind].append(strings.shared(tagged, block))
    ids, x, y = (np.concatenate(each) for each in zip(*nodes, strict=True)) if nodes else (
        np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
    )  # fmt: skip
    del nodes
    if len(ids) and (ids[1:] <= ids[:-1]).any():
        order = np.argsort(ids, kind="stable")
        ids, x, y = ids[order], x[order], y[order]
    if len(ids) and (ids[0] < 0 or (ids[1:] == ids[:-1]).any()):
        raise OutOfTheOrdinaryError("numbers of nodes")
    found = {kind: _joined(each) for kind, each in parts.items()}
    if len(found["w"].part) and found["w"].part.min() < 0:
        raise OutOfTheOrdinaryError("numbers of nodes")
    return OsmArrays(total, strings.texts, ids, x, y, found["n"], found["w"], found["r"])


class _Strings:
    """Strings of all blocks, each distinct one once."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[bytes, int] = {}

    def shared(self, tagged: Tagged, block: Block) -> Tagged:
        """Write the block's own positions as positions here."""
        used = np.zeros(len(block.strings), dtype=np.bool_)
        used[tagged.key] = True
        used[tagged.value] = True
        code = np.zeros(len(used), dtype=np.int64)
        rows = np.flatnonzero(used)
        code[rows] = [self._code(block.strings[row]) for row in rows.tolist()]
        return tagged.with_strings(code)

    def _code(self, text: bytes) -> int:
        code = self._codes.get(text)
        if code is None:
            try:
                self.texts.append(text.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise OutOfTheOrdinaryError("a string") from error
            code = self._codes[text] = len(self.texts) - 1
        return code


def _joined(parts: Sequence[Tagged]) -> Objects:
    """Objects of all blocks, by number."""
    number = _all([part.number for part in parts])
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum([len(part.number) for part in parts])))
    owner = _all([part.owner + first for part, first in zip(parts, before, strict=False)])
    part_owner = _all([part.part_owner + first for part, first in zip(parts, before, strict=False)])
    key, value = (_all([getattr(part, name) for part in parts]) for name in ("key", "value"))
    member, kind = (_all([getattr(part, name) for part in parts]) for name in ("part", "part_kind"))
    if len(number) and (number[1:] < number[:-1]).any():
        order = np.argsort(number, kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        number, owner, part_owner = number[order], rank[owner], rank[part_owner]
        rows, part_rows = np.argsort(owner, kind="stable"), np.argsort(part_owner, kind="stable")
        owner, key, value = owner[rows], key[rows], value[rows]
        part_owner, member = part_owner[part_rows], member[part_rows]
        kind = kind[part_rows] if len(kind) else kind
    size = len(number)
    return Objects(
        number,
        _offsets(owner, size),
        key.astype(np.int32),
        value.astype(np.int32),
        _offsets(part_owner, size),
        member,
        kind,
    )


def _all(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)


def _offsets(owner: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(owner, minlength=size))))
