"""Seconds and memory: a task alone in its own process, or several tasks in turns in one process."""

from __future__ import annotations

import gc
import importlib
import json
import resource
import statistics
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Seconds", "in_own_process", "in_turns"]

MB_A_UNIT = 1 / 2**20 if sys.platform == "darwin" else 1 / 2**10
"""The system counts bytes on macOS and kilobytes elsewhere."""


@dataclass(frozen=True)
class Seconds:
    """
    How long something took.

    Parameters
    ----------
    wall, cpu : float
        Seconds by the clock, and seconds of all threads together.
    """

    wall: float
    cpu: float


def in_own_process(task: str, **options: Any) -> dict[str, Any]:
    """
    Run a task in a fresh process.

    Parameters
    ----------
    task : str
        ``"module:function"``. The function takes the options and returns a function without arguments, which alone is
        timed, and which returns what JSON can hold.
    **options : Any
        Fit for JSON.

    Returns
    -------
    dict
        ``wall`` and ``cpu`` in seconds; ``peak_mb``, most memory of the process up to the end; ``before_mb``, most
        memory up to the start of the timed part; ``answer``.

    Raises
    ------
    RuntimeError
        Where the task fails, with the last line that it wrote.
    """
    command = [sys.executable, "-m", "benchmarks.measure", task, json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise RuntimeError(f"{task} failed: {lines[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def in_turns(
    tasks: Mapping[str, Callable[[], Any]], *, repeats: int, at_most: Mapping[str, int] | None = None
) -> dict[str, Seconds]:
    """
    Run tasks A B C A B C ..., so that a busy neighbour disturbs all of them alike.

    Parameters
    ----------
    tasks : mapping of str to callable
        What to run, by name. One that returns `Seconds` says itself what it took: another process does the work.
    repeats : int
        How often each.
    at_most : mapping of str to int, optional
        How often those that are very slow.

    Returns
    -------
    dict of str to Seconds
        Medians.
    """
    taken: dict[str, list[Seconds]] = {name: [] for name in tasks}
    limits = at_most or {}
    for turn in range(repeats):
        for name, task in tasks.items():
            if turn >= limits.get(name, repeats):
                continue
            taken[name].append(_timed(task)[0])
    return {
        name: Seconds(statistics.median(s.wall for s in each), statistics.median(s.cpu for s in each))
        for name, each in taken.items()
    }


def _timed(task: Callable[[], Any]) -> tuple[Seconds, Any]:
    wall, cpu = time.perf_counter(), _cpu_seconds()
    answer = task()
    if isinstance(answer, Seconds):
        return answer, None
    return Seconds(time.perf_counter() - wall, _cpu_seconds() - cpu), answer


def _cpu_seconds() -> float:
    """Seconds of this process and of the programs that it ran and waited for."""
    ran = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ran.ru_utime + ran.ru_stime


def peak_mb() -> float:
    """Most memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MB_A_UNIT


def _child(task: str, options: dict[str, Any]) -> None:
    gc.set_threshold(50_000, 20, 100)  # as a command of the package has it
    module, function = task.split(":")
    warnings.simplefilter("ignore")
    job = getattr(importlib.import_module(module), function)(**options)
    before = peak_mb()
    taken, answer = _timed(job)
    found = {"wall": taken.wall, "cpu": taken.cpu, "peak_mb": peak_mb(), "before_mb": before, "answer": answer}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    _child(sys.argv[1], json.loads(sys.argv[2]))
