"""What a run took: seconds, peak memory and rows of each stage, told as a table; and a profile of its calls."""

from __future__ import annotations

import contextlib
import cProfile
import ctypes
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from spatial.messages import Words
from spatial.plain_text import SCREEN_COLUMNS, display_width, padded, shortened
from spatial.store import replace

STATUS = Path("/proc/self/status")
"""Where Linux says what memory a process holds (VmRSS), and the most that it ever held (VmHWM)."""
KB = 1000.0
LOOK_S = 0.02
"""How often the memory of a stage is looked at: shorter peaks below that of the run so far are missed."""
SLOWEST = 3
"""So many stages are told one by one, and the others together, unless all is asked for."""


class PeakMemory:
    """
    The most memory that this process holds while a block runs, in MB; None where the system does not say.

    Where the peak that Linux keeps of the process rises in the block it is that of the block; else the most that was
    seen by looking again and again, as whoever started the process may measure its peak too.
    """

    def __init__(self) -> None:
        self.mb: float | None = None
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        """Begin to look."""
        self._before = _memory_mb()
        self._seen = self._before.get("VmRSS", 0.0)
        self._watch = threading.Thread(target=self._look, daemon=True)
        if self._before:
            self._watch.start()
        return self

    def _look(self) -> None:
        while not self._ended.wait(LOOK_S):
            self._seen = max(self._seen, held_mb())

    def __exit__(self, *_error: object) -> None:
        """Take the peak."""
        self._ended.set()
        if self._before:
            self._watch.join()
            now = _memory_mb()
            rose = now.get("VmHWM", 0.0) > self._before.get("VmHWM", 0.0)
            self.mb = round(now["VmHWM"] if rose else max(self._seen, now.get("VmRSS", 0.0)), 1)


def _memory_mb() -> dict[str, float]:
    try:
        text = STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return {}
    return {name: int(kb) * 1024 / KB / KB for name, kb in re.findall(r"(?m)^(VmRSS|VmHWM):\s+(\d+) kB", text)}


MEMINFO = Path("/proc/meminfo")
"""Where Linux says what memory programs could still have (MemAvailable)."""


def free_memory_mb() -> float | None:
    """Say how much memory this process could still take, within its limit; None where the system does not say."""
    try:
        there = re.search(r"(?m)^MemAvailable:\s+(\d+) kB", MEMINFO.read_text(encoding="ascii"))
    except OSError:
        return None
    if there is None:
        return None
    import resource  # noqa: PLC0415 - not on Windows

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    free = int(there[1]) * 1024
    return (free if limit == resource.RLIM_INFINITY else min(free, limit)) / KB / KB


LARGE_MB = 1_000.0
"""A run that holds no more than this has nothing worth handing back: pages that are taken again cost time."""


def held_mb() -> float:
    """Say what memory this process holds; 0 where the system does not say."""
    return _memory_mb().get("VmRSS", 0.0)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""What GNU's C library calls three settings of its allocator."""
ARRAY_BYTES, FREE_BYTES = 2**25, 2**28
"""An array of so many bytes goes back to the system once it is freed, others when so much is free."""
MMAP_ARRAYS = 2**16
"""So many arrays go back so: what the C library says by itself."""


def keep_memory() -> None:
    """Let one allocator keep what a table frees for the next: the system clears each page that it hands out."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # Arrow reads it when it is first used
    _set_allocator({M_MMAP_THRESHOLD: ARRAY_BYTES, M_TRIM_THRESHOLD: FREE_BYTES})


@contextlib.contextmanager
def keeping_arrays() -> Iterator[None]:
    """Keep the memory of the largest arrays too, while many of a size follow each other; then hand it back."""
    _set_allocator({M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1})
    try:
        yield
    finally:
        _set_allocator({M_MMAP_MAX: MMAP_ARRAYS, M_TRIM_THRESHOLD: FREE_BYTES})
        _trim()


def _set_allocator(settings: Mapping[int, int]) -> None:
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library than GNU's knows no such call
        library = ctypes.CDLL(None)
        for setting, value in settings.items():
            library.mallopt(setting, value)


def _trim() -> None:
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def give_back_memory(before_mb: float) -> None:
    """Hand memory back where much more is held than before: what allocators keep of each stage would add up."""
    if held_mb() - before_mb < LARGE_MB:
        return
    import pyarrow as pa  # noqa: PLC0415 - a process that holds so much has loaded it

    pa.default_memory_pool().release_unused()
    _trim()


def cost_lines(
    stages: Mapping[str, Mapping[str, Any]], words: Words, *, is_full: bool, beside: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Tell what stages took as a table: the slowest one by one, the others together unless it `is_full`, and all."""
    total = sum(_number(facts, "seconds") for facts in stages.values())
    slow = sorted(stages, key=lambda name: -_number(stages[name], "seconds"))
    small = [] if is_full else [name for name in stages if name not in slow[:SLOWEST]]
    small = small if len(small) > 1 else []
    rows = {name: [facts] for name, facts in stages.items() if name not in small}
    if small:
        rows[words.say("cost", "others", count=len(small))] = [stages[name] for name in small]
    if len(stages) > 1:
        rows[words.say("cost", "total")] = list(stages.values())
    named = max(map(display_width, (*rows, words.say("cost", "stage"))))
    titles = [words.say("cost", key) for key in ("seconds", "memory", "rows")]
    widths = [max(display_width(title), least) for title, least in zip(titles, (7, 7, 11), strict=True)]

    def line(name: str, figures: Sequence[str], said: str) -> str:
        cells = [padded(name, -named), *(padded(one, width) for one, width in zip(figures, widths, strict=True))]
        told = "  ".join(cells)
        return f"{told}  {shortened(said, SCREEN_COLUMNS - display_width(told) - 2)}".rstrip()

    yield line(words.say("cost", "stage"), titles, "")
    for name, made in rows.items():
        peaks = [float(facts["memory_mb"]) for facts in made if facts.get("memory_mb") is not None]
        counts = [int(facts["rows"]) for facts in made if facts.get("rows") is not None]
        figures = [
            words.number(sum(_number(facts, "seconds") for facts in made), decimals=1),
            words.number(max(peaks)) if peaks else "-",
            words.number(sum(counts)) if counts else "-",
        ]
        yield line(name, figures, (beside or {}).get(name, ""))
    if len(stages) > 1:
        seconds = _number(stages[slow[0]], "seconds")
        share = words.share(seconds / total if total else None)
        yield words.say("cost", "slowest", stage=slow[0], seconds=words.number(seconds, decimals=1), share=share)


def _number(facts: Mapping[str, Any], key: str) -> float:
    return float(facts.get(key) or 0.0)


@contextlib.contextmanager
def profiled(path: Path) -> Iterator[None]:
    """Count the calls of a block and their seconds, and write them for ``python -m pstats``, however the block ends."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        with replace(path) as temporary:
            profile.dump_stats(temporary)
