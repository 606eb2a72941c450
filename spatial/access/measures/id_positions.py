"""From ids in a table of pairs to positions in the table that the ids name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from spatial.access.measures.kernels_pairs import positions_of_numbers

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray

__all__ = ["id_positions"]

IntArray: TypeAlias = NDArray[np.int32]

_SPARSE = 16
"""Whole numbers are looked up in a table unless fewer than one number in so many is an id."""
_SMALL = 65_536
"""Such a table may always have so many rows."""


def id_positions(ids: pd.Series, known: pd.Index) -> IntArray:
    """
    Look ids up.

    Returns position of each id among the known ones; -1 where it is missing or unknown.
    """
    if isinstance(ids.dtype, pd.CategoricalDtype):
        of_category = np.append(id_positions(pd.Series(ids.cat.categories), known), -1)
        return np.asarray(of_category[ids.cat.codes.to_numpy()], dtype=np.int32)
    if isinstance(known.dtype, pd.CategoricalDtype):
        known = known.astype(known.dtype.categories.dtype)
    if isinstance(ids.dtype, pd.StringDtype) and not isinstance(known.dtype, pd.StringDtype):
        known = _written(known, ids.dtype)
    if _is_whole(ids.dtype) and _is_whole(known.dtype):
        return _of_numbers(ids.to_numpy(), known.to_numpy())
    is_number = pd.api.types.is_numeric_dtype(ids.dtype)
    if is_number and known.inferred_type != "string":
        return np.asarray(known.get_indexer(pd.Index(ids)), dtype=np.int32)
    if isinstance(ids.dtype, pd.StringDtype) and known.dtype == ids.dtype:
        return _of_texts(ids.array, known.array)
    codes, named = pd.factorize(ids)  # far fewer ids than rows: each is looked up once
    if len(named) and all(isinstance(item, str) for item in named):
        known = _written(known, "str")
    named = _written(pd.Index(named), known.dtype) if is_number else named
    return np.append(known.get_indexer(pd.Index(named)), -1)[codes].astype(np.int32, copy=False)


def _written(known: pd.Index, kind: Any) -> pd.Index:
    """Write ids out, as tables of a study do; those that would then be the same stay as they are."""
    texts = pd.Index([str(item) for item in known], dtype=kind)
    return texts if texts.is_unique else known


def _is_whole(kind: object) -> bool:
    return isinstance(kind, np.dtype) and np.issubdtype(kind, np.signedinteger)


def _of_numbers(ids: NDArray[np.signedinteger], known: NDArray[np.signedinteger]) -> IntArray:
    lowest, highest = (int(known.min()), int(known.max())) if len(known) else (0, -1)
    if highest - lowest >= max(_SPARSE * len(known), _SMALL):
        return np.asarray(pd.Index(known).get_indexer(pd.Index(ids)), dtype=np.int32)
    table = np.full(highest - lowest + 1, -1, dtype=np.int32)
    table[known.astype(np.int64) - lowest] = np.arange(len(known))
    return np.asarray(positions_of_numbers(np.ascontiguousarray(ids, dtype=np.int64), lowest, table))


def _of_texts(ids: ExtensionArray, known: ExtensionArray) -> IntArray:
    found = compute.index_in(pa.array(ids), value_set=pa.array(known))
    whole = found if found.null_count == 0 else found.fill_null(-1)
    return np.array(whole, dtype=np.int32)  # a copy, since pyarrow's numbers cannot be written to
