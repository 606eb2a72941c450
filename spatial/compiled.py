"""How kernels are compiled, where the compiled code is kept for the next process, and arrays made inside them."""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba as nb
import numpy as np
from llvmlite import ir
from numba.core import config, event, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Kernel = TypeVar("Kernel", bound="Callable[..., Any]")
Scalar = TypeVar("Scalar", bound=np.generic)

logger = logging.getLogger(__name__)

# Kernels are called from Python or from each other, never from C: fewer ways in compile in less time.
_OUTER = {"nogil": True, "no_cfunc_wrapper": True}
_INNER = _OUTER | {"no_cpython_wrapper": True}
_COMPILING = event.TimingListener()  # type: ignore[no-untyped-call]
event.register("numba:compile", _COMPILING)  # type: ignore[no-untyped-call]


def compiling_s() -> float:
    """Tell for how many seconds this process has compiled kernels; those that were kept are only loaded."""
    return float(_COMPILING.duration) if _COMPILING.done else 0.0


def outer(kernel: Kernel) -> Kernel:
    """Compile a kernel when Python first calls it, and keep it where numba does, else in this user's own folder."""
    return _compile(kernel, _OUTER)


def inner(kernel: Kernel) -> Kernel:
    """Compile a kernel that other kernels call, never Python; kept as `outer` keeps it."""
    return _compile(kernel, _INNER)


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Look at an array through a view that cannot be written to, so that kernels are compiled for one kind of array."""
    view = array.view()
    view.flags.writeable = False
    return view


def _prefetch(_context: Any, array: Any, position: Any) -> Any:
    """
    Ask the processor for a part of an array that a kernel will read soon; for kernels alone.

    Processors foresee the next numbers of an array up to the end of a page of memory; a kernel that does little with
    each number waits at every page. The position may lie outside the array: then nothing happens.
    """

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        address = builder.bitcast(builder.gep(data, [given[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [address.type], kind)
        builder.call(function, [address, number(_READ), number(_KEEP), number(_DATA)])
        return context.get_dummy_value()

    return types.void(array, position), generate


prefetch = cast("Callable[[Any, Any], None]", intrinsic(_prefetch))

_READ, _KEEP, _DATA = 0, 3, 1
"""What LLVM's prefetch is told: to read, to keep in every cache, and that it is no code."""


def _compile(kernel: Kernel, options: dict[str, Any]) -> Kernel:
    try:
        return _kept(kernel, options)
    except RuntimeError as problem:
        logger.info("%s", problem)
    try:
        # A folder for temporary files in which nobody else can put code.
        user = os.getuid() if hasattr(os, "getuid") else 0
        folder = Path(tempfile.gettempdir()) / f"spatial-kernels-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o022
        if not is_own and os.name != "nt":
            folder = Path(tempfile.mkdtemp(prefix="spatial-kernels-"))
        config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]  # numba sets its options when it is imported
        logger.info("compiled kernels are kept in %s instead", folder)
        return _kept(kernel, options)
    except (RuntimeError, OSError) as problem:
        logger.info("compiled kernels are not kept: %s", problem)
    compiled: Kernel = nb.njit(**options)(kernel)
    return compiled


def _kept(kernel: Kernel, options: dict[str, Any]) -> Kernel:
    compiled: Kernel = nb.njit(cache=True, **options)(kernel)
    return compiled


# Compiled functions that make arrays for other kernels.
#
# Numba compiles `numpy.empty` and its like anew in each process for each way in which they are called, and then again
# where an argument is a constant. These are compiled once, and kept. Their sizes are no constants either: write
# `np.int64(4)` for 4.


@inner  # pragma: no cover - compiled
def empty_float64(size: int) -> NDArray[np.float64]:
    """Make room for numbers, which are whatever the memory holds; shape (size,)."""
    return np.empty(size, np.float64)


@inner  # pragma: no cover - compiled
def empty_float64_pairs(size: int) -> NDArray[np.float64]:
    """Make room for pairs of numbers, which are whatever the memory holds; shape (size, 2)."""
    return np.empty((size, 2), np.float64)


@inner  # pragma: no cover - compiled
def empty_int32(size: int) -> NDArray[np.int32]:
    """Make room for numbers, which are whatever the memory holds; shape (size,)."""
    return np.empty(size, np.int32)


@inner  # pragma: no cover - compiled
def empty_int32_pairs(size: int) -> NDArray[np.int32]:
    """Make room for pairs of numbers, which are whatever the memory holds; shape (size, 2)."""
    return np.empty((size, 2), np.int32)


@inner  # pragma: no cover - compiled
def empty_int64(size: int) -> NDArray[np.int64]:
    """Make room for numbers, which are whatever the memory holds; shape (size,)."""
    return np.empty(size, np.int64)


@inner  # pragma: no cover - compiled
def empty_uint8(size: int) -> NDArray[np.uint8]:
    """Make room for numbers, which are whatever the memory holds; shape (size,)."""
    return np.empty(size, np.uint8)


@inner  # pragma: no cover - compiled
def nones_int32(size: int) -> NDArray[np.int32]:
    """Make an array of -1, which stands for none; shape (size,)."""
    nones = empty_int32(size)
    for place in range(size):
        nones[place] = -1
    return nones


@inner  # pragma: no cover - compiled
def zeros_float64(size: int) -> NDArray[np.float64]:
    """Make zeros; shape (size,)."""
    zeros = empty_float64(size)
    for place in range(size):
        zeros[place] = 0.0
    return zeros


@inner  # pragma: no cover - compiled
def zeros_int32(size: int) -> NDArray[np.int32]:
    """Make zeros; shape (size,)."""
    zeros = empty_int32(size)
    for place in range(size):
        zeros[place] = 0
    return zeros


@inner  # pragma: no cover - compiled
def zeros_int64(size: int) -> NDArray[np.int64]:
    """Make zeros; shape (size,)."""
    zeros = empty_int64(size)
    for place in range(size):
        zeros[place] = 0
    return zeros


@inner  # pragma: no cover - compiled
def zeros_uint8(size: int) -> NDArray[np.uint8]:
    """Make zeros; shape (size,)."""
    zeros = empty_uint8(size)
    for place in range(size):
        zeros[place] = 0
    return zeros
