"""Print what each stage takes, and what others take for the same work: ``python -m benchmarks.stages``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.measure import in_own_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main", "run_stage"]

COMOROS = Path(__file__).parents[1] / "examples" / "comoros.toml"
NODES = 1_000_000
WARM_UP_NODES = 8_000
PARTS = ("stages", "ingest", "search", "kernels", "tiles")
TILE_KM = 60.0


@dataclass(frozen=True)
class _Region:
    """A study to measure, where its raw files are, and where outputs may go."""

    name: str
    study: Path
    raw: Path
    extract: Path
    work: Path


def run_stage(study: str, raw: str, work: str, stage: str) -> Callable[[], Any]:
    """
    Prepare one stage of a study; earlier stages must have run.

    Parameters
    ----------
    study, raw, work : str
        Study file, raw root and the folder for outputs.
    stage : str
        Its name.

    Returns
    -------
    callable
        Runs the stage as the runner does, with reading and writing, and returns the stages that ran.
    """
    from spatial.pipeline import STAGES  # noqa: PLC0415 - the parent process stays small
    from spatial.runner import run_stages  # noqa: PLC0415
    from spatial.runner.manifest import manifest_name  # noqa: PLC0415
    from spatial.study import Study  # noqa: PLC0415

    loaded = Study.from_toml(study, raw=raw)
    processed, maps = Path(work) / "processed", Path(work) / "maps"
    (processed / manifest_name(stage)).unlink(missing_ok=True)

    def job() -> list[str]:
        record = run_stages(STAGES, loaded, processed, maps, until=stage)
        return [name for name, facts in record["stages"].items() if facts["ran"]]

    return job


def run_in_tiles(study: str, raw: str, work: str, workers: int, tile_km: float) -> Callable[[], Any]:
    """
    Prepare the stage `cutoffs` in tiles; stages before it are run first where they have not.

    Parameters
    ----------
    study, raw, work : str
        Study file, raw root and the folder for outputs.
    workers : int
        So many of this machine; 0 for this process alone.
    tile_km : float
        Side of a tile; 0 for none.

    Returns
    -------
    callable
        Runs the stage and returns what each tile took, and the checksum of the counts.
    """
    from spatial.parallel import Share, cut_into_tiles  # noqa: PLC0415 - the parent process stays small
    from spatial.pipeline import STAGES  # noqa: PLC0415
    from spatial.runner import run_stages  # noqa: PLC0415
    from spatial.runner.manifest import manifest_name  # noqa: PLC0415
    from spatial.store import sha256_of  # noqa: PLC0415
    from spatial.study import Study  # noqa: PLC0415

    loaded = Study.from_toml(study, raw=raw)
    processed, maps = Path(work) / "processed", Path(work) / "maps"
    run_stages(STAGES, loaded, processed, maps, until="certainty")
    (processed / manifest_name("cutoffs")).unlink(missing_ok=True)
    shutil.rmtree(processed / "tiles", ignore_errors=True)

    def job() -> dict[str, Any]:
        with cut_into_tiles(Share(workers, tile_km=tile_km or None), processed / "tiles"):
            run_stages(STAGES, loaded, processed, maps, until="cutoffs")
        done = [json.loads(path.read_text()) for path in sorted(processed.glob("tiles/*/cutoffs/*/done.json"))]
        return {"tiles": done, "sha256": sha256_of(processed / "access_counts.parquet")}

    return job


def write_synthetic(folder: str, nodes: int) -> Callable[[], Any]:
    """
    Prepare the synthetic country.

    Parameters
    ----------
    folder : str
        Raw root to write.
    nodes : int
        Size.

    Returns
    -------
    callable
        Writes it and returns its study file and extract.
    """
    from benchmarks.synthetic import write_country  # noqa: PLC0415 - the parent process stays small

    def job() -> list[str]:
        files = write_country(Path(folder), nodes=nodes)
        return [str(files.study), str(files.extract)]

    return job


def write_xml(extract: str, xml: str) -> Callable[[], Any]:
    """
    Prepare what osmnx reads.

    Parameters
    ----------
    extract, xml : str
        Extract to cut down and file to write.

    Returns
    -------
    callable
        Writes it.
    """
    from benchmarks.peers import drivable_xml  # noqa: PLC0415 - the parent process stays small

    return lambda: str(drivable_xml(Path(extract), Path(xml)))


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
        0 where all went well, 1 where a part failed; the others are printed nevertheless.
    """
    chosen = _arguments(arguments)
    warnings.simplefilter("ignore")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians of {chosen.repeats} turns, stages once")
    print("CPU seconds count all threads. Peak memory is that of the whole process, libraries included.\n")
    failed = False
    with ExitStack() as stack:
        work = chosen.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _warm_up(work, chosen)
        for region in _regions(chosen, work):
            print(f"== {region.name} ==\n", flush=True)
            for part in chosen.parts:
                try:
                    print(_PARTS[part](region, chosen) + "\n", flush=True)
                except RuntimeError as error:
                    failed = True
                    print(f"{error}\n", flush=True)
    return int(failed)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    known = os.environ.get("SPATIAL_TEST_DATA")
    parser.add_argument("--data", type=Path, default=Path(known) if known else None, help="folder that holds comoros/")
    parser.add_argument("--nodes", type=int, default=NODES, help="nodes of the synthetic country; 0 leaves it out")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each task that is compared")
    parser.add_argument("--osmnx-repeats", type=int, default=None, help="turns of osmnx, which is slow; 0 for none")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    parser.add_argument("--until", default=None, help="last stage to run")
    parser.add_argument("--tile-km", type=float, default=TILE_KM, help="side of a tile, for the part tiles")
    parser.add_argument("--work", type=Path, default=None, help="folder for outputs, kept; a temporary one by default")
    return parser.parse_args(arguments)


def _warm_up(work: Path, chosen: argparse.Namespace) -> None:
    """Compile what stages compile when first used, so that no measure holds it; the other parts do so themselves."""
    if "stages" not in chosen.parts:
        return
    files = in_own_process("benchmarks.stages:write_synthetic", folder=str(work / "warm-up"), nodes=WARM_UP_NODES)
    study, extract = files["answer"]
    region = _Region("warm-up", Path(study), work / "warm-up", Path(extract), work / "warm-up")
    for stage in _stage_names(chosen.until):
        _measure_stage(region, stage)


def _regions(chosen: argparse.Namespace, work: Path) -> list[_Region]:
    found = []
    if chosen.data is None or not (chosen.data / "comoros").is_dir():
        print("Comoros is left out: neither --data nor SPATIAL_TEST_DATA names a folder that holds it.\n")
    else:
        extract = chosen.data.resolve() / "comoros" / "comoros.osm.pbf"
        found.append(_Region("Comoros", COMOROS, chosen.data.resolve(), extract, work / "comoros"))
    if chosen.nodes:
        raw = work / "synthetic-raw"
        study, extract = in_own_process("benchmarks.stages:write_synthetic", folder=str(raw), nodes=chosen.nodes)[
            "answer"
        ]
        name = f"Synthetic country of {chosen.nodes:,} nodes"
        found.append(_Region(name, Path(study), raw, Path(extract), work / "synthetic"))
    for region in found:
        region.work.mkdir(parents=True, exist_ok=True)
    return found


def name_stages() -> Callable[[], Any]:
    """
    Prepare the names of the stages.

    Returns
    -------
    callable
        Returns them in order.
    """
    from spatial.pipeline import STAGES  # noqa: PLC0415 - the parent process stays small

    return lambda: [stage.name for stage in STAGES]


@cache
def _stage_names(until: str | None) -> list[str]:
    names: list[str] = in_own_process("benchmarks.stages:name_stages")["answer"]
    return names[: names.index(until) + 1] if until else names


def _measure_stage(region: _Region, stage: str) -> dict[str, Any]:
    places = {"study": str(region.study), "raw": str(region.raw), "work": str(region.work)}
    return in_own_process("benchmarks.stages:run_stage", **places, stage=stage)


def _stages(region: _Region, chosen: argparse.Namespace) -> str:
    rows, total = [], [0.0, 0.0, 0.0]
    for stage in _stage_names(chosen.until):
        found = _measure_stage(region, stage)
        took = [found["wall"], found["cpu"], found["peak_mb"]]
        total = [total[0] + took[0], total[1] + took[1], max(total[2], took[2])]
        earlier = [name for name in found["answer"] if name != stage]
        note = f"with {', '.join(earlier)} again" if earlier else ""
        rows.append((stage, *_figures(took), note))
    rows.append(("all", *_figures(total), ""))
    return _table(("stage", "wall s", "CPU s", "peak MB", ""), rows)


def _ingest(region: _Region, chosen: argparse.Namespace) -> str:
    xml = _xml(region, chosen)
    alone: dict[str, tuple[str, dict[str, Any]]] = {
        "roads": ("benchmarks.peers:spatial_ingest", {"extract": str(region.extract)}),
        "everything": ("benchmarks.peers:spatial_ingest", {"extract": str(region.extract), "whole": True}),
    }
    if xml:
        alone["osmnx"] = ("benchmarks.peers:osmnx_ingest", {"xml": xml})
    memory = {name: in_own_process(task, **options)["peak_mb"] for name, (task, options) in alone.items()}
    turns = {"repeats": chosen.repeats, "osmnx_repeats": chosen.osmnx_repeats}
    taken = in_own_process("benchmarks.peers:ingest", extract=str(region.extract), xml=xml, **turns)["answer"]
    names = {
        "roads": "spatial, roads to graph",
        "everything": "spatial, all layers and graph",
        "build alone": "spatial, graph from a frame",
        "bare pass": "pyosmium, bare pass over highways",
        "osmnx": "osmnx, graph with speeds and times",
        "cut": "pyosmium, cutting that file for osmnx",
    }
    if xml:
        cut = in_own_process("benchmarks.stages:write_xml", extract=str(region.extract), xml=xml)
        taken["cut"], memory["cut"] = cut, cut["peak_mb"]
    base = taken["roads"]["cpu"]
    rows = [
        (
            names[name],
            f"{seconds['wall']:.2f}",
            f"{seconds['cpu']:.2f}",
            f"{memory[name]:.0f}" if name in memory else "-",
            f"{seconds['cpu'] / base:.2f}",
        )
        for name, seconds in taken.items()
    ]
    return _table(("from file to graph", "wall s", "CPU s", "peak MB", "x first"), rows)


def _search(region: _Region, chosen: argparse.Namespace) -> str:
    xml = _xml(region, chosen)
    if not xml:
        return "nearest search: left out with osmnx"
    options = {"extract": str(region.extract), "xml": xml, "repeats": chosen.repeats}
    found = in_own_process("benchmarks.peers:searches", **options)["answer"]
    names = {
        "labels": f"spatial, every node ({found['nodes']['ours']:,})",
        "networkx": "networkx on the same graph",
        "osmnx": f"networkx on osmnx' graph ({found['nodes']['osmnx']:,} nodes)",
        "doors": f"spatial, door to door ({found['doors']:,} places)",
        "osmnx doors": "osmnx + networkx, node to node",
    }
    rows = _ratios(found["seconds"], names)
    text = _table((f"nearest of {found['sources']:,} hospitals", "wall ms", "CPU ms", "x first"), rows)
    return "\n".join((text, _agreement("same graph", found), _agreement("own graphs", found)))


def _kernels(region: _Region, chosen: argparse.Namespace) -> str:
    options = {"extract": str(region.extract), "repeats": max(chosen.repeats, 5)}
    found = in_own_process("benchmarks.peers:kernels", **options)["answer"]
    names = {
        "labels": f"spatial ({found['nodes']:,} nodes, {found['arcs']:,} arcs)",
        "scipy": "scipy, min_only, same graph",
        "scipy vertices": f"scipy, min_only, every bend a node ({found['vertices']:,})",
    }
    rows = _ratios(found["seconds"], names)
    text = _table((f"nearest of {found['sources']:,} nodes", "wall ms", "CPU ms", "x first"), rows)
    return "\n".join((text, _agreement("same graph", found), _agreement("every vertex", found)))


def _tiles(region: _Region, chosen: argparse.Namespace) -> str:
    places = {"study": str(region.study), "raw": str(region.raw), "work": str(region.work)}
    rows, checksums = [], set()
    for workers, tile_km in ((0, 0.0), (0, chosen.tile_km), *((n, chosen.tile_km) for n in (1, 2, 4))):
        found = in_own_process("benchmarks.stages:run_in_tiles", **places, workers=workers, tile_km=tile_km)
        tiles = found["answer"]["tiles"]
        checksums.add(found["answer"]["sha256"])
        figures = ("-",) * 4
        if tiles:
            columns = ([tile[name] for tile in tiles] for name in ("cpu_seconds", "peak_mb", "edges"))
            seconds, peaks, edges = columns
            figures = (
                f"{np.median(seconds):.1f}",
                f"{max(seconds):.1f}",
                f"{max(peaks):.0f}",
                f"{np.median(edges):,.0f}",
            )
        who = f"{workers} worker(s)" if workers else "this process"
        took = (f"{found['wall']:.1f}", f"{found['cpu']:.1f}")
        rows.append(
            (f"{who}, tiles of {tile_km:g} km" if tile_km else "in one piece", *took, str(len(tiles)), *figures)
        )
    head = ("cutoffs", "wall s", "CPU s", "tiles", "CPU s a tile", "most", "peak MB", "edges a tile")
    same = "the same bytes each time" if len(checksums) == 1 else f"{len(checksums)} DIFFERENT RESULTS"
    return f"{_table(head, rows)}\naccess_counts.parquet: {same}"


_PARTS = {"tiles": _tiles, "stages": _stages, "ingest": _ingest, "search": _search, "kernels": _kernels}


def _xml(region: _Region, chosen: argparse.Namespace) -> str | None:
    if chosen.osmnx_repeats == 0:
        return None
    path = region.work / "drivable.osm"
    if not path.exists():
        in_own_process("benchmarks.stages:write_xml", extract=str(region.extract), xml=str(path))
    return str(path)


def _figures(took: Sequence[float]) -> tuple[str, str, str]:
    return f"{took[0]:.1f}", f"{took[1]:.1f}", f"{took[2]:.0f}"


def _ratios(seconds: dict[str, dict[str, float]], names: dict[str, str]) -> list[tuple[str, ...]]:
    base = next(iter(seconds.values()))["cpu"]
    return [
        (names[name], f"{1e3 * each['wall']:.1f}", f"{1e3 * each['cpu']:.1f}", f"{each['cpu'] / base:.2f}")
        for name, each in seconds.items()
    ]


def _agreement(name: str, found: dict[str, Any]) -> str:
    facts = found[name]
    within = f"{facts['share']:.0%}" if facts["share"] else f"{facts['absolute_min']:g} min"
    return f"{name}: {facts['agree']:,} of {facts['of']:,} times agree within {within}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = []
    for row in (head, *rows):
        first = row[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join((first, *rest)).rstrip())
    lines.insert(1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
