"""Columns of numbers and names as the pages carry them: typed arrays, deflated, base64."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["NO_INDEX", "codes", "pack", "pack_seconds", "pack_texts", "round_up", "space_order"]

NO_INDEX = -1
"""Index of nothing in an int32 column; JavaScript turns it into null."""
_KINDS = {"u1": np.uint8, "u2": np.uint16, "u4": np.uint32, "i4": np.int32, "f4": np.float32}
_ZLIB_LEVEL = 6


def pack(values: npt.ArrayLike, kind: str) -> dict[str, Any]:
    """
    Encode one column.

    Bytes of equal weight are put side by side before deflating, which halves slowly changing numbers.
    """
    array = np.ascontiguousarray(np.asarray(values).astype(_KINDS[kind]))
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    planes = little.view(np.uint8).reshape(len(array), array.dtype.itemsize).T
    data = base64.b64encode(zlib.compress(planes.tobytes(), _ZLIB_LEVEL)).decode("ascii")
    return {"kind": kind, "n": len(array), "data": data}


def pack_texts(texts: Iterable[object]) -> dict[str, Any]:
    """Encode one column of texts."""
    lines = [" ".join(text.split()) if isinstance(text, str) else "" for text in texts]
    raw = zlib.compress("\n".join(lines).encode("utf-8", "replace"), _ZLIB_LEVEL)
    return {"n": len(lines), "text": base64.b64encode(raw).decode("ascii")}


def round_up(values: npt.ArrayLike, thresholds: Sequence[float] = ()) -> npt.NDArray[np.float32]:
    """
    Round to float32 so that no comparison with a threshold changes.

    Rounding upwards keeps ``value <= threshold`` for every threshold that float32 can hold, all whole numbers
    among them; values just above one of the other thresholds named are moved above its float32 as well.

    Examples
    --------
    >>> bool(round_up([60.0 + 1e-12])[0] > 60)
    True
    >>> bool(round_up([60.0])[0] <= 60)
    True
    """
    exact = np.asarray(values, dtype=np.float64)
    up = np.float32(np.inf)
    rounded = exact.astype(np.float32)
    rounded = np.where(rounded < exact, np.nextafter(rounded, up), rounded)
    for threshold in thresholds:
        limit = np.float32(threshold)
        limit = np.nextafter(limit, up) if float(limit) < threshold else limit
        rounded = np.where((exact > threshold) & (rounded <= limit), np.nextafter(limit, up), rounded)
    return rounded


def pack_seconds(minutes: npt.ArrayLike) -> dict[str, Any]:
    """
    Encode minutes that are only shown, never compared, as whole seconds.

    Returns a column of uint32 of seconds plus one; 0 = missing.
    """
    exact = np.asarray(minutes, dtype=np.float64)
    seconds = np.where(np.isfinite(exact), np.rint(exact * 60.0) + 1.0, 0.0)
    return pack(seconds, "u4")


def space_order(x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Order points along a Z-curve, so that neighbours stand side by side and deflate well."""
    code = np.zeros(np.shape(np.asarray(x)), dtype=np.uint64)
    for shift, axis in enumerate((np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))):
        span = float(np.ptp(axis)) if len(axis) else 0.0
        scaled = (axis - axis.min()) / span * 65535.0 if span > 0 else np.zeros(len(axis))
        cells = scaled.astype(np.uint64)
        for bit in range(16):
            code |= ((cells >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + shift)
    return np.argsort(code, kind="stable")


def codes(values: pd.Series, known: Sequence[str] | pd.Index) -> npt.NDArray[np.int64]:
    """
    Replace texts by their position in a list.

    Returns position, or `NO_INDEX` where missing or not in the list.

    Examples
    --------
    >>> codes(pd.Series(["b", None, "x"]), ["a", "b"]).tolist()
    [1, -1, -1]
    """
    found = pd.Index(known).get_indexer(pd.Index(values))
    return np.where(values.isna().to_numpy(), NO_INDEX, found).astype(np.int64)
