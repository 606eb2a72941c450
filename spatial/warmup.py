"""Compile every kernel once, so that no later call waits: what ``spatial warmup`` does."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import spatial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numba.core.dispatcher import Dispatcher

__all__ = ["all_kept", "compiled_kernels", "warm_up"]


def compiled_kernels() -> dict[str, Dispatcher]:
    """List the compiled functions of the package."""
    from numba.core.dispatcher import Dispatcher  # noqa: PLC0415 - the second process starts before

    found: dict[str, Dispatcher] = {}
    root = Path(spatial.__file__).parent
    for file in sorted(root.rglob("kernels_*.py")):
        module = ".".join((spatial.__name__, *file.relative_to(root).with_suffix("").parts))
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, Dispatcher) and value.py_func.__module__ == module:
                found[f"{module}.{name}"] = value
    return found


def warm_up(progress: Callable[[float, str], None] | None = None) -> int:
    """
    Run every kind of computation once on a little town, and keep the compiled code in numba's cache.

    A second process compiles half of it meanwhile; what it leaves, and what it cannot keep for this one, this one
    compiles.
    """
    report = progress or (lambda _fraction, _message: None)
    # The interpreter that runs, and the name of this module: nothing from outside gets into the command.
    command = [sys.executable, "-m", f"{spatial.__name__}.warmup"]
    helper = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        with all_kept():
            # Imported only now, so that both processes import at the same time.
            from spatial.warmup_steps import STEPS, THEIRS  # noqa: PLC0415

            for number, (name, step) in enumerate(STEPS.items()):
                if name == THEIRS[0]:
                    report(number / len(STEPS), "waiting for the second process")
                    if helper.wait() == 0 and _are_kept():
                        break
                report(number / len(STEPS), name)
                step()
    finally:
        helper.kill()
        helper.wait()
    report(1.0, "done")
    return len(compiled_kernels())


def _are_kept() -> bool:
    """Tell whether there is a folder for the compiled code of every kernel."""
    return all(kernel.stats.cache_path for kernel in compiled_kernels().values())


def _help() -> None:
    """Compile the steps of the second process."""
    with all_kept():
        from spatial.warmup_steps import STEPS, THEIRS  # noqa: PLC0415 - importing makes garbage too

        for name in THEIRS:
            STEPS[name]()
        gc.freeze()


@contextmanager
def all_kept() -> Iterator[None]:
    """
    Do not look for memory to free: compilers make so much that it would take a quarter of the time.

    A process that ends with it looks at all of it once more, unless it is told by ``gc.freeze()`` that there is none.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


if __name__ == "__main__":
    _help()
