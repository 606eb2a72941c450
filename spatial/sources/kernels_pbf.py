"""Compiled reading of the numbers of a .osm.pbf, and the search for nodes by number."""

# mypy: disable-error-code="arg-type, assignment, return-value"
# Numba turns numpy scalars into plain numbers; mypy does not know.

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spatial.compiled import inner, outer
from spatial.kernels_arrays import empty_int64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Tokens = tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64]]

__all__ = ["HIDDEN", "flatten", "locate"]

HIDDEN = np.uint8(31)
"""Field under which `flatten` reports that a message is marked as not visible, as deleted objects of a history are."""

_VISIBLE = 6
"""Field of ``Info`` and ``DenseInfo``."""


@inner  # pragma: no cover - compiled
def _varint(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, the lowest first; return it and where the next begins, -1 beyond the end."""
    number = np.int64(0)
    shift = 0
    while at < end and shift < 64:
        byte = np.int64(data[at])
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    return number, -1


@inner  # pragma: no cover - compiled
def _field(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int, int]:
    """Read a field's key; return field, where its content begins, and where it ends: -1 for a number standing alone."""
    key, at = _varint(data, at, end)
    wire = key & 7
    if at < 0 or wire == 0:
        return key >> 3, at, -1
    size = np.int64(8 if wire == 1 else 4)
    if wire == 2:
        size, at = _varint(data, at, end)
    elif wire not in (1, 5):
        return key >> 3, -1, -1
    if at < 0 or size < 0 or size > end - at:
        return key >> 3, -1, -1
    return (key >> 3 if wire == 2 else -1), at, at + size


@inner  # pragma: no cover - compiled
def _shown(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Whether an info leaves its object visible: 1, or 0; -1 where the bytes cannot be read."""
    found = 1
    while at < end:
        number, at, inner = _field(data, at, end)
        shown = np.int64(0)
        if at >= 0 and inner < 0:
            shown, at = _varint(data, at, end)
        if at < 0:
            return -1
        if number == _VISIBLE and shown == 0:
            found = 0
        at = max(at, inner)
    return found


@inner  # pragma: no cover - compiled
def _message(
    data: NDArray[np.uint8],
    span: tuple[int, int],
    kinds: tuple[int, int],
    tokens: Tokens,
    messages: int,
    count: int,
) -> int:
    """List the numbers of one message; return how many there are by now, -1 where the bytes cannot be read."""
    item, field, value = tokens
    info, signed = kinds
    at, stop = span
    while at < stop:
        number, at, end = _field(data, at, stop)
        if at < 0:
            return -1
        if number == info and end >= 0:
            shown = _shown(data, at, end)
            if shown < 0:
                return -1
            if shown == 0:
                item[count], field[count], value[count] = messages, HIDDEN, 0
                count += 1
            at = end
            continue
        last = at + 1 if end < 0 else end
        is_signed = 0 <= number < 32 and (signed >> number) & 1 == 1
        before = np.int64(0)
        while number >= 0 and at < last:
            found, at = _varint(data, at, stop if end < 0 else end)
            if at < 0 or (is_signed and found < 0):
                return -1
            if is_signed:
                # Small negative numbers are kept short by a zigzag; packed ones are differences.
                before += (found >> 1) ^ -(found & 1)
                found = before
            item[count], field[count], value[count] = messages, number, found
            count += 1
        at = max(at, end)
    return count


@outer  # pragma: no cover - compiled
def flatten(
    data: NDArray[np.uint8], span: tuple[int, int], member: int, kinds: tuple[int, int], tokens: Tokens
) -> tuple[int, int]:
    """
    List every number of every message of one kind in a group, whether it stands alone or is packed.

    Parameters
    ----------
    data : ndarray of uint8
        A block.
    span : tuple of int
        Where the group begins and ends.
    member : int
        Field of the group that holds the messages.
    kinds : tuple of int
        Field of a message that holds who changed it and when, of which only is told whether it is hidden; and the
        fields with signed numbers, a bit each. Of these, packed ones are summed up.
    tokens : tuple of ndarray
        Written: which message of the group, which field, and the number; as long as the span at least.

    Returns
    -------
    tuple of int
        How many numbers and how many messages; -1 and 0 where the bytes cannot be read.
    """
    at, stop = span
    count = messages = np.int64(0)
    while at < stop:
        number, at, end = _field(data, at, stop)
        if at < 0 or end < 0:
            return -1, 0
        if number == member:
            count = _message(data, (at, end), kinds, tokens, messages, count)
            if count < 0:
                return -1, 0
            messages += 1
        at = end
    return count, messages


@outer  # pragma: no cover - compiled
def locate(sorted_ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Find numbers in a sorted list; neighbours in a way mostly are neighbours in the list.

    Parameters
    ----------
    sorted_ids : ndarray of int64
        Ascending, each once.
    wanted : ndarray of int64
        Numbers to find.

    Returns
    -------
    ndarray of int64
        Position of each; -1 where it is not there.
    """
    found = empty_int64(len(wanted))
    size = len(sorted_ids)
    at = 0
    for row in range(len(wanted)):
        number = wanted[row]
        # Gallop from the last hit, up or down, until the number is between low and high.
        step = 1
        low, high = at, at
        while high < size and sorted_ids[high] < number:
            low, high, step = high, high + step, step * 2
        high = min(high, size)
        step = 1
        while low > 0 and sorted_ids[min(low, size - 1)] > number:
            high, low, step = low, low - step, step * 2
        low = max(low, 0)
        while low < high:
            middle = (low + high) // 2
            if sorted_ids[middle] < number:
                low = middle + 1
            else:
                high = middle
        is_there = low < size and sorted_ids[low] == number
        found[row] = low if is_there else -1
        at = min(low, size - 1)
    return found
