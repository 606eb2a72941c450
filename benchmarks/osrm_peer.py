"""
OSRM as a peer: a graph written as an extract, contracted, and tables made by another Python that has ``osrm``.

The graph gets to OSRM arc by arc with its own times, by a profile that knows of nothing else: no classes, no penalties,
no turns. OSRM counts tenths of seconds; here each stands for a millisecond, so that rounding hardly shows.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import osmium
import osmium.osm.mutable as osm

from benchmarks.measure import Seconds, in_turns

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from benchmarks.network_peers import Arcs
    from spatial.network.graph import TravelGraph

__all__ = ["OsrmTables", "add_osrm_options", "degrees_of", "osrm_tables", "write_osm"]

TICKS_A_MINUTE = 60_000
LONGEST_TICKS = 2**22 - 2
"""Of one arc, 70 minutes: OSRM keeps its tenths of seconds in 22 bits."""
METRES_A_DEGREE = 111_320.0
DIGITS = 6
"""Of a degree, as OSRM keeps them: a place is then where its node is."""
PROFILE = """
api_version = 4
function setup()
  return {
    properties = {
      weight_name = "duration", u_turn_penalty = 0, traffic_signal_penalty = 0, use_turn_restrictions = false,
      continue_straight_at_waypoint = false, process_call_tagless_node = false, max_speed_for_map_matching = 100,
    },
  }
end
function process_node() end
function process_turn() end
function process_way(profile, way, result)
  result.duration = tonumber(way:get_value_by_key("ticks")) / 10
  result.forward_mode = mode.driving
  result.backward_mode = way:get_value_by_key("oneway") and mode.inaccessible or mode.driving
end
return { setup = setup, process_node = process_node, process_way = process_way, process_turn = process_turn }
"""
DIRECTIONS = ("there", "back")


def add_osrm_options(parser: argparse.ArgumentParser) -> None:
    """
    Let the command line name a Python that has OSRM.

    Parameters
    ----------
    parser : ArgumentParser
        Gets ``--osrm-python``, ``--osrm-work`` and ``--osrm-directions``.
    """
    parser.add_argument(
        "--osrm-python",
        default=sys.executable if find_spec("osrm") else None,
        help="Python 3.12 or newer with osrm-bindings and numpy: OSRM is compared",
    )
    parser.add_argument(
        "--osrm-work", type=Path, help="folder that keeps contracted graphs, so that they are made once"
    )
    parser.add_argument(
        "--osrm-directions",
        nargs="+",
        choices=DIRECTIONS,
        default=list(DIRECTIONS),
        help="from the sources, or from the targets on the turned graph; each is contracted apart",
    )


def degrees_of(graph: TravelGraph) -> NDArray[np.float64]:
    """
    Place nodes near 0° N 0° E, as far from each other as they are.

    Parameters
    ----------
    graph : TravelGraph
        In metres.

    Returns
    -------
    ndarray of float64, shape (n_nodes, 2)
        Longitude and latitude, rounded as OSRM rounds them.
    """
    metres = np.column_stack((graph.node_x, graph.node_y))
    degrees: NDArray[np.float64] = np.round((metres - metres.min(axis=0)) / METRES_A_DEGREE, DIGITS)
    return degrees


def _ways(arcs: Arcs) -> Iterator[tuple[int, int, int, bool]]:
    """Pairs of nodes from 1 on, ticks, and whether the arc back takes another time or is missing."""
    ticks = np.maximum(np.rint(arcs.minutes * TICKS_A_MINUTE), 1).astype(np.int64)
    if ticks.max(initial=0) > LONGEST_TICKS:
        raise ValueError(
            f"{int((ticks > LONGEST_TICKS).sum())} arcs take more than {LONGEST_TICKS / TICKS_A_MINUTE:.0f} minutes, "
            "which OSRM cannot hold at a millisecond a tick: put nodes on them"
        )
    pair, turned = arcs.start * arcs.n_nodes + arcs.target, arcs.target * arcs.n_nodes + arcs.start
    order = np.argsort(pair)
    at = order[np.minimum(np.searchsorted(pair, turned, sorter=order), len(pair) - 1)]
    is_both = (pair[at] == turned) & (ticks[at] == ticks)
    kept = (arcs.start != arcs.target) & (~is_both | (arcs.start < arcs.target))
    columns = (arcs.start + 1, arcs.target + 1, ticks, ~is_both)
    return zip(*(column[kept].tolist() for column in columns), strict=True)


def write_osm(path: Path, degrees: NDArray[np.float64], arcs: Arcs) -> None:
    """
    Write a graph as an extract: a way an edge, with its time in the tag ``ticks``.

    Parameters
    ----------
    path : Path
        A ``.osm.pbf``; replaced where it is there.
    degrees : ndarray of float64, shape (n_nodes, 2)
        Longitude and latitude. Node 0 gets the id 1.
    arcs : Arcs
        With the traffic. Both arcs between two nodes are one way where they take the same time, else two with
        ``oneway``; loops are left out, as no shortest way uses them.

    Raises
    ------
    ValueError
        Where an arc takes longer than OSRM can hold.
    """
    ways = _ways(arcs)
    path.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in enumerate(degrees.tolist(), start=1):
            writer.add_node(osm.Node(id=number, version=1, location=tuple(place)))
        for number, (start, target, ticks, is_oneway) in enumerate(ways, start=1):
            tags = {"ticks": str(ticks)} | ({"oneway": "yes"} if is_oneway else {})
            writer.add_way(osm.Way(id=number, version=1, nodes=(start, target), tags=tags))


@dataclass(frozen=True, eq=False)
class OsrmTables:
    """
    Times between sources and targets by OSRM's contraction hierarchy, in a process that waits to be asked.

    Parameters
    ----------
    process : Popen
        Runs ``osrm_table.py``.
    folder : Path
        Of the contracted graphs.
    directions : tuple of str
        Those that are there.
    preparation : dict of str to Seconds
        Of the first direction.
    """

    process: subprocess.Popen[str]
    folder: Path
    directions: tuple[str, ...]
    preparation: dict[str, Seconds]

    def _ask(self, direction: str, what: str) -> Seconds:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{direction} {what}\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"OSRM gave no table: {_last_line(self.folder / 'table.log')}")
        return Seconds(**json.loads(line))

    def tasks(self) -> dict[str, Callable[[], Seconds]]:
        """
        Name what can be timed.

        Returns
        -------
        dict of str to callable
            For each direction the call for the table, and one for a single time with the same places, which is what
            snapping takes. Each returns its own seconds.
        """
        return {
            f"OSRM {part}, {direction}": partial(self._ask, direction, what)
            for direction in self.directions
            for part, what in (("table", "table"), ("snapping", "snap"))
        }

    def minutes(self) -> NDArray[np.float64]:
        """
        Ask for the table itself.

        Returns
        -------
        ndarray of float64, shape (n_sources, n_targets)
            inf where no way leads there.
        """
        direction = self.directions[0]
        self._ask(direction, "answer")
        seconds = np.load(self.folder / f"{direction}_answer.npy")
        times = np.where(np.isnan(seconds), np.inf, 10 * seconds / TICKS_A_MINUTE)
        return times if direction == "there" else times.T

    def less_snapping(self, taken: dict[str, Seconds]) -> float:
        """
        Say what the better direction takes where places are on the network already.

        Parameters
        ----------
        taken : dict of str to Seconds
            Of `tasks`, with others or not.

        Returns
        -------
        float
            CPU seconds.
        """
        return min(
            taken[f"OSRM table, {direction}"].cpu - taken[f"OSRM snapping, {direction}"].cpu
            for direction in self.directions
        )


def _last_line(log: Path) -> str:
    return (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no message"])[-1]


def _run(python: str, folder: Path, *command: str) -> Seconds:
    log = folder / f"{command[0]}.log"

    def job() -> None:
        with log.open("w") as file:
            done = subprocess.run([python, "-m", "osrm", *command], stdout=file, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"osrm {command[0]} failed: {_last_line(log)}")

    return in_turns({"it": job}, repeats=1)["it"]


def _contracted(python: str, folder: Path, name: str, degrees: Any, arcs: Arcs) -> dict[str, Seconds]:
    """Extract and contract, unless the same extract has been contracted here."""
    extract, fresh, said = (folder / f"{name}.{end}" for end in ("osm.pbf", "new.osm.pbf", "json"))
    write_osm(fresh, degrees, arcs)
    if said.exists() and filecmp.cmp(extract, fresh, shallow=False):
        fresh.unlink()
        return {part: Seconds(**seconds) for part, seconds in json.loads(said.read_text()).items()}
    said.unlink(missing_ok=True)
    fresh.replace(extract)
    profile = folder / "ticks.lua"
    profile.write_text(PROFILE)
    # Small components count as large ones: a place is where it is.
    options = ("--profile", str(profile), "--small-component-size", "1")
    taken = {
        "OSRM extract": _run(python, folder, "extract", str(extract), *options),
        "OSRM contract": _run(python, folder, "contract", str(folder / f"{name}.osrm")),
    }
    said.write_text(json.dumps({part: vars(seconds) for part, seconds in taken.items()}))
    return taken


@contextlib.contextmanager
def osrm_tables(
    chosen: argparse.Namespace, label: str, graph: TravelGraph, arcs: Arcs, places: Any
) -> Iterator[OsrmTables | None]:
    """
    Prepare OSRM for one graph, in both directions, and start the process that makes its tables.

    Parameters
    ----------
    chosen : Namespace
        Of a parser with `add_osrm_options`.
    label : str
        Of the graph: names the folder below ``--osrm-work``.
    graph : TravelGraph
        For the places of the nodes.
    arcs : Arcs
        Against the traffic, as `arcs_of` lists them.
    places : tuple of ndarray of int64
        Nodes of the sources and of the targets.

    Yields
    ------
    OsrmTables or None
        None where no Python with OSRM is named, which it says.
    """
    if not chosen.osrm_python:
        print("OSRM: not compared; name a Python 3.12 or newer that has osrm-bindings with --osrm-python")
        yield None
        return
    with contextlib.ExitStack() as stack:
        work = chosen.osrm_work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = work / label
        folder.mkdir(parents=True, exist_ok=True)
        degrees, preparation = degrees_of(graph), []
        for name in chosen.osrm_directions:
            along = arcs.turned() if name == "there" else arcs
            preparation.append(_contracted(chosen.osrm_python, folder, name, degrees, along))
            for part, nodes in zip(("sources", "targets"), places if name == "there" else places[::-1], strict=True):
                np.save(folder / f"{name}_{part}.npy", degrees[nodes])
        log = stack.enter_context((folder / "table.log").open("w"))
        script = str(Path(__file__).with_name("osrm_table.py"))
        process = stack.enter_context(
            subprocess.Popen(
                [chosen.osrm_python, script, str(folder), *chosen.osrm_directions],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        )
        yield OsrmTables(process, folder, tuple(chosen.osrm_directions), preparation[0])
