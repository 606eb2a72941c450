"""
What a country costs, from a file to pages, and how that grows: ``python -m benchmarks.country``.

Nodes, settlements and facilities are scaled apart (`benchmarks.synthetic`). Each size runs in a process of its own, all
stages one after the other, and ends where it takes more memory than it may: what was reached is printed nevertheless.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.measure import in_own_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["line", "main", "slope"]

LOOK_S = 0.2
SLOPE = 1.1
"""What cost may grow by, on paper with both axes logarithmic."""


class Size(NamedTuple):
    """How large a country is."""

    nodes: int
    places: int
    facilities: int


SIZES = (Size(200_000, 20_000, 2_000), Size(200_000, 100_000, 10_000), Size(1_000_000, 100_000, 10_000))
WHOLE = Size(5_000_000, 500_000, 50_000)


def line(folder: str, most_mb: float, nodes: int, places: int, facilities: int) -> Callable[[], Any]:
    """
    Prepare all stages of a country.

    Parameters
    ----------
    folder : str
        Its raw root, written where it is not there, and its outputs.
    most_mb : float
        Where the process ends.
    nodes, places, facilities : int
        Its size.

    Returns
    -------
    callable
        Runs the stages, and keeps what each took in ``stages.jsonl`` as soon as it has.
    """
    from benchmarks.synthetic import write_country  # noqa: PLC0415 - the parent process stays small
    from spatial.pipeline import STAGES  # noqa: PLC0415
    from spatial.runner import run_stages  # noqa: PLC0415
    from spatial.runner.manifest import manifest_name  # noqa: PLC0415
    from spatial.study import Study  # noqa: PLC0415

    raw, study = Path(folder), Path(folder) / "synthetic.toml"
    if not study.exists():
        write_country(raw, nodes=nodes, places=places, facilities=facilities)
    processed, maps, kept = raw / "processed", raw / "maps", raw / "stages.jsonl"
    for old in (processed, maps):
        shutil.rmtree(old, ignore_errors=True)
    kept.unlink(missing_ok=True)
    names = [stage.name for stage in STAGES]
    page_mb = os.sysconf("SC_PAGE_SIZE") / 2**20

    def watch() -> None:
        while True:
            if int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * page_mb > most_mb:
                os._exit(9)
            time.sleep(LOOK_S)

    def job() -> list[str]:
        if sys.platform == "linux":
            threading.Thread(target=watch, daemon=True).start()
        last = ("", time.perf_counter(), time.process_time())

        def tell(_fraction: float, message: str) -> None:
            """Note what a stage took when the next one begins; each begins its messages with its name."""
            nonlocal last
            begins = re.match(r"\w*", message)
            stage, now = begins[0] if begins else "", (time.perf_counter(), time.process_time())
            if stage == last[0] or stage not in (*names, "done"):
                return
            if last[0]:
                made = json.loads((processed / manifest_name(last[0])).read_text(encoding="utf-8"))
                took = {"wall": now[0] - last[1], "cpu": now[1] - last[2], "mb": made.get("memory_mb")}
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"stage": last[0], **took}) + "\n")
            last = (stage, *now)

        record = run_stages(STAGES, Study.from_toml(study, raw=raw), processed, maps, progress=tell)
        return list(record["stages"])

    return job


def slope(size: float, other: float, cost: float, of_other: float) -> float:
    """
    Say how cost grows with size, on paper with both axes logarithmic.

    Parameters
    ----------
    size, other : float
        Two sizes, both above 0.
    cost, of_other : float
        What each costs.

    Returns
    -------
    float
        1 where twice the size costs twice as much.

    Examples
    --------
    >>> slope(1, 10, 2, 20)
    1.0
    """
    return math.log(of_other / cost) / math.log(other / size)


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the benchmark from the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Returns
    -------
    int
        0 where all sizes came to their end.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.country", description=__doc__)
    parser.add_argument(
        "--whole", action="store_true", help=f"also {WHOLE.nodes:,} nodes, {WHOLE.places:,} settlements"
    )
    parser.add_argument("--size", type=int, nargs=3, action="append", help="nodes, settlements, facilities of a size")
    parser.add_argument("--most-mb", type=float, default=8000.0, help="where a size ends")
    parser.add_argument("--work", type=Path, default=None, help="folder for inputs and outputs, kept")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    sizes = [Size(*each) for each in chosen.size or ()] or [*SIZES, *([WHOLE] if chosen.whole else [])]
    found: dict[Size, list[dict[str, Any]]] = {}
    failed = False
    with ExitStack() as stack:
        work = chosen.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for size in sizes:
            folder = work / "-".join(map(str, size))
            folder.mkdir(parents=True, exist_ok=True)
            told = f"{size.nodes:,} nodes, {size.places:,} settlements, {size.facilities:,} facilities"
            try:
                in_own_process("benchmarks.country:line", folder=str(folder), most_mb=chosen.most_mb, **size._asdict())
            except RuntimeError as error:
                failed = True
                told += f" (ended early: {error})"
            kept = folder / "stages.jsonl"
            text = kept.read_text(encoding="utf-8") if kept.exists() else ""
            found[size] = [json.loads(row) for row in text.splitlines()]
            print(f"{told}\n{_table(found[size])}\n", flush=True)
    for one, other in itertools.pairwise(sizes):
        print(_grown(one, other, found))
    return int(failed)


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [f"{'stage':<12}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}", "-" * 42]
    lines += [f"{row['stage']:<12}{row['wall']:>10.1f}{row['cpu']:>10.1f}{row['mb'] or 0.0:>10.0f}" for row in rows]
    total = {key: sum(row[key] for row in rows) for key in ("wall", "cpu")}
    peak = max((row["mb"] or 0.0 for row in rows), default=0.0)
    return "\n".join([*lines, f"{'all':<12}{total['wall']:>10.1f}{total['cpu']:>10.1f}{peak:>10.0f}"])


def _grown(one: Size, other: Size, found: dict[Size, list[dict[str, Any]]]) -> str:
    """Say how the stages that both came to grow with what differs most between two sizes."""
    key = max(range(2), key=lambda at: other[at] / one[at])
    what = Size._fields[key]
    cost = {size: {row["stage"]: row["cpu"] for row in found[size]} for size in (one, other)}
    both = [name for name in cost[one] if name in cost[other]]
    steep = {
        name: slope(one[key], other[key], cost[one][name], cost[other][name])
        for name in both
        if min(cost[one][name], cost[other][name]) > 1.0
    }
    total = [sum(cost[size][name] for name in both) for size in (one, other)]
    worst = ", ".join(f"{name} {grows:.2f}" for name, grows in steep.items() if grows > SLOPE) or "none"
    whole = slope(one[key], other[key], *total) if min(total) > 0.0 else math.nan
    return (
        f"{what} from {one[key]:,} to {other[key]:,}: slope {whole:.2f} over {len(both)} stages; above {SLOPE}: {worst}"
    )


if __name__ == "__main__":
    sys.exit(main())
