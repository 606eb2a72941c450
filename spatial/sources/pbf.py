"""Reading .osm.pbf files block by block into arrays; what is out of the ordinary is left to pyosmium."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatial.sources.pbf_blocks import Block, OutOfTheOrdinaryError, decode_block, fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["UnknownFeatureError", "Wanted", "check_readable", "read_blocks"]

FEATURES = {"OsmSchema-V0.6", "DenseNodes"}
"""Features that a file may require of its reader here."""

HISTORY = "HistoricalInformation"
"""Feature of files with several versions of an object, which pyosmium reads."""

_HEADER_BYTES, _BLOB_BYTES = 64 * 1024, 32 * 1024 * 1024
"""Longest header of a blob and longest blob that the format allows."""

_RAW, _RAW_SIZE, _ZLIB = 1, 2, 3
_PACKED = {4: "lzma", 7: "zstd"}
"""Fields of a blob: as it is, its length, packed; and packings that pyosmium does not know either."""


_AHEAD = 4
"""So many blocks a thread are read from the file before they are needed."""


class UnknownFeatureError(Exception):
    """The file asks for something that no reader at hand can do; the message says what."""


@dataclass(frozen=True)
class Wanted:
    """What to take out of a file."""

    keys: frozenset[str]  # nodes, ways and relations with one of these keys are kept with all their tags
    ways_only: bool = False  # keep ways alone: no tagged nodes and no relations


def read_blocks(path: Path, wanted: Wanted) -> Iterator[Block]:
    """Read a file block by block, unpacked and decoded in threads."""
    threads = min(4, os.cpu_count() or 1)
    keys = frozenset(key.encode() for key in wanted.keys)
    pending: deque[Future[Block]] = deque()
    with path.open("rb") as file, ThreadPoolExecutor(threads) as pool:
        blobs = _blobs(file)
        _check_header(_unpacked(next(blobs, b"")))
        for blob in blobs:
            pending.append(pool.submit(_decoded, blob, keys, wanted))
            if len(pending) >= threads * _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def check_readable(path: Path) -> None:
    """Look at the first blob, to say clearly what no reader can do."""
    with path.open("rb") as file, contextlib.suppress(OutOfTheOrdinaryError):
        _check_header(_unpacked(next(_blobs(file), b"")))


def _blobs(file: BinaryIO) -> Iterator[bytes]:
    """Blobs of a file, the header's first."""
    expected = b"OSMHeader"
    while size := file.read(4):
        length = int.from_bytes(size, "big")
        if len(size) < 4 or length > _HEADER_BYTES:
            raise OutOfTheOrdinaryError("header of a blob")
        header = _exactly(file, length)
        parts = {number: (at, end) for number, at, end in fields(header, 0, length)}
        kind, (blob_size, end) = parts.get(1, (0, 0)), parts.get(3, (0, 0))
        if header[slice(*kind)] != expected or end >= 0 or blob_size > _BLOB_BYTES:
            raise OutOfTheOrdinaryError("header of a blob")
        yield _exactly(file, blob_size)
        expected = b"OSMData"


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise OutOfTheOrdinaryError("end of the file")
    return data


def _unpacked(blob: bytes) -> bytes:
    parts = {number: (at, end) for number, at, end in fields(blob, 0, len(blob))}
    if _RAW in parts:
        return blob[slice(*parts[_RAW])]
    for number in parts.keys() & _PACKED.keys():
        raise UnknownFeatureError(f"its blocks are packed with {_PACKED[number]}")
    size, _ = parts.get(_RAW_SIZE, (0, -1))
    if _ZLIB not in parts or not 0 < size <= _BLOB_BYTES:
        raise OutOfTheOrdinaryError("packing of a blob")
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(memoryview(blob)[slice(*parts[_ZLIB])], size + 1)
    except zlib.error as error:
        raise OutOfTheOrdinaryError("a packed blob") from error
    if len(data) != size or not unpacker.eof:
        raise OutOfTheOrdinaryError("length of a blob")
    return data


def _check_header(data: bytes) -> None:
    required = {
        data[at:end].decode("utf-8", "replace")
        for number, at, end in fields(data, 0, len(data))
        if number == 4
    }
    unknown = sorted(required - FEATURES - {HISTORY})
    if unknown:
        raise UnknownFeatureError(f"it requires {', '.join(unknown)} of its reader")
    if HISTORY in required:
        raise OutOfTheOrdinaryError(HISTORY)


def _decoded(blob: bytes, keys: frozenset[bytes], wanted: Wanted) -> Block:
    return decode_block(_unpacked(blob), keys, ways_only=wanted.ways_only)
