"""K1: from the file to the graph of drivers, against a bare pass of pyosmium and osmnx, with the answers compared."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import osmium
import osmium.filter

from benchmarks.measure import in_own_process, in_turns
from benchmarks.synthetic import write_country
from spatial.crs import working_crs_for
from spatial.inputs.osm import read_osm, read_osm_roads
from spatial.network.build import build_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatial.network.graph import TravelGraph
    from spatial.network.speeds import SpeedTable

__all__ = ["bare_pass", "from_layers", "from_roads", "main", "memory", "ratios"]

REPEATS = 7
NODES = 1_000_000
AT_LEAST_TIMES_OSMNX = 10.0


def from_roads(extract: Path, speeds: SpeedTable | str = "osrm_like") -> TravelGraph:
    """Build the graph from the roads alone."""
    roads = read_osm_roads(extract)
    return build_network(roads.to_crs(working_crs_for(roads)), speeds=speeds)


def from_layers(extract: Path) -> TravelGraph:
    """Build the graph with places, facilities, boundaries and water read on the way."""
    roads = read_osm(extract).roads
    return build_network(roads.to_crs(working_crs_for(roads)))


def bare_pass(extract: Path) -> int:
    """Run through the highways of a file with their nodes' locations, and count them."""
    store: Any = osmium.index.create_map("flex_mem")
    walk = osmium.FileProcessor(str(extract)).with_locations(store)
    return sum(1 for _ in walk.with_filter(osmium.filter.KeyFilter("highway")))


def memory(extract: str, *, layers: bool) -> Callable[[], Any]:
    """Alone in a process: read an extract, all layers or the roads."""
    if layers:
        return lambda: len(read_osm(extract).roads)
    return lambda: len(read_osm_roads(extract))


def ratios(extract: Path, *, repeats: int = REPEATS, osmnx_repeats: int = 5) -> dict[str, float]:
    """
    Measure CPU seconds in turns, and compare the answers.

    Parameters
    ----------
    extract : Path
        A ``.osm.pbf``.
    repeats, osmnx_repeats : int
        How often each; osmnx not at all with 0.

    Returns
    -------
    dict of str to float
        Median CPU seconds of each divided by those of the bare pass; ``bare pass`` itself in seconds.
    """
    tasks: dict[str, Callable[[], Any]] = {
        "roads": lambda: from_roads(extract),
        "bare pass": lambda: bare_pass(extract),
        "everything": lambda: from_layers(extract),
        "reading": lambda: read_osm_roads(extract),
    }
    roads = read_osm_roads(extract)
    crs = working_crs_for(roads)
    tasks["building"] = lambda: build_network(roads.to_crs(crs))
    with tempfile.TemporaryDirectory() as folder:
        if not osmnx_repeats:
            _say("osmnx: left out here")
        elif importlib.util.find_spec("osmnx") is not None:
            from benchmarks.peers import drivable_xml, osmnx_graph  # noqa: PLC0415 - osmnx is a peer, not a need

            xml = drivable_xml(extract, Path(folder) / "drivable.osm")
            tasks["osmnx"] = lambda: osmnx_graph(xml)
            _compare(extract, xml)
        else:
            _say("osmnx is not installed: left out")
        for task in (tasks["roads"], tasks["everything"]):
            task()
        taken = in_turns(tasks, repeats=repeats, at_most={"osmnx": osmnx_repeats})
    bare = taken["bare pass"].cpu
    return {"bare pass": bare, **{name: each.cpu / bare for name, each in taken.items() if name != "bare pass"}}


def _compare(extract: Path, xml: Path) -> None:
    """Ways against the bare pass; nodes and travel times from one node against osmnx, whose chains are left whole."""
    from benchmarks import peers  # noqa: PLC0415 - osmnx is a peer, not a need

    theirs: Any = peers.osmnx_graph(xml, simplify=False)
    roads, graph = read_osm_roads(extract), from_roads(extract, peers.plain_speeds())
    classes = roads.tag("road_class")
    ours = sum(classes.texts[code] != "ferry" for code in classes.codes.tolist())
    _say(f"highways drawn: {ours}; highways met by the bare pass, bus stops and crossings too: {bare_pass(extract)}")
    found = peers.alike_from_one_node(graph, theirs)
    _say(f"nodes: {graph.n_nodes} here, {found['of']} of them in osmnx before its chains are joined")
    _say(f"times from one node within {found['share']:.0%} of osmnx: {found['agree']} of {found['of']}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> None:
    """Print the ratios of every extract named, and, without osmnx, of a synthetic country."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extracts", nargs="*", type=Path)
    parser.add_argument("--nodes", type=int, default=NODES, help="nodes of the synthetic country; 0 for none")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--osmnx-repeats", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        extracts = list(chosen.extracts)
        if chosen.nodes:
            write_country(Path(folder), nodes=chosen.nodes)
            extracts.append(Path(folder) / "synthetic" / "country.osm.pbf")
        # Memory first: a process begins with the peak of the one that starts it.
        peaks = {extract: _peaks(extract) for extract in extracts}
        for extract in extracts:
            _say(f"{extract.name}: {peaks[extract]}")
            times = 0 if extract not in chosen.extracts else chosen.osmnx_repeats
            _report(ratios(extract, repeats=chosen.repeats, osmnx_repeats=times))


def _peaks(extract: Path) -> str:
    parts = []
    for what, layers in (("all layers", True), ("roads", False)):
        used = in_own_process("benchmarks.k1_ingest:memory", extract=str(extract), layers=layers)
        parts.append(f"{what} {used['peak_mb']:.0f} MB ({used['before_mb']:.0f} of it libraries)")
    return "peak of reading " + ", ".join(parts)


def _report(found: dict[str, float]) -> None:
    _say(f"  bare pass {found.pop('bare pass') * 1000:.0f} ms; times as long:")
    for name, ratio in found.items():
        _say(f"  {name:12} {ratio:.2f}")
    if "osmnx" in found:
        times = found["osmnx"] / found["roads"]
        verdict = "reached" if times >= AT_LEAST_TIMES_OSMNX else "missed"
        _say(f"  osmnx takes {times:.0f} times as long; goal of {AT_LEAST_TIMES_OSMNX:.0f}: {verdict}")


if __name__ == "__main__":
    main()
