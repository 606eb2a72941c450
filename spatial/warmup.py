"""Compile every kernel once, so that no later call waits: what ``spatial warmup`` does."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from numba.core.dispatcher import Dispatcher

import spatial

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled_kernels", "warm_up"]


def compiled_kernels() -> dict[str, Dispatcher]:
    """
    List the compiled functions of the package.

    Returns
    -------
    dict of str to Dispatcher
        By dotted name; the modules that hold them are called ``kernels_...``.
    """
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

    A second process compiles half of it meanwhile; what it leaves, this one compiles.

    Parameters
    ----------
    progress : callable, optional
        Takes the fraction done and a message.

    Returns
    -------
    int
        How many kernels there are, all of them compiled.
    """
    report = progress or (lambda _fraction, _message: None)
    # The interpreter that runs, and words of this module: nothing from outside gets into the command.
    command = [sys.executable, "-m", f"{spatial.__name__}.warmup_steps"]
    helper = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        # Imported only now, so that both processes import at the same time.
        from spatial.warmup_steps import STEPS, THEIRS, run  # noqa: PLC0415

        for number, (name, step) in enumerate(STEPS.items()):
            if name == THEIRS[0]:
                report(number / len(STEPS), "waiting for the second process")
                helper.wait()
            report(number / len(STEPS), name)
            run(step)
    finally:
        helper.kill()
        helper.wait()
    report(1.0, "done")
    return len(compiled_kernels())
