"""A graph is written for OSRM with the arcs and minutes that it has, and tables come back from another Python."""

import argparse
import os
import re
import sys
from pathlib import Path

import numpy as np
import osmium
import pytest

from benchmarks import k3u_unbounded, osrm_peer
from benchmarks.measure import Seconds, in_turns
from benchmarks.network_peers import Arcs, arcs_of
from benchmarks.osrm_peer import OsrmTables, add_osrm_options, degrees_of, osrm_tables, write_osm
from benchmarks.road_like import add_graph_options, chosen_graph, graph_of_edges, road_like_graph

# Reads the extract as the profile does, and searches it: what is asked for and given back has the bindings' form.
# Its commands, which do nothing, load none of what the search needs.
FAKE_OSRM = """
class TableParameters:
    def __init__(self, **asked):
        self.__dict__ |= asked


class OSRM:
    def __init__(self, storage_config, **config):
        import numpy as np
        import osmium
        from scipy.sparse import csr_array

        self.places, arcs = [], []
        for item in osmium.FileProcessor(storage_config.replace(".osrm", ".osm.pbf")):
            if item.is_node():
                self.places.append((round(item.location.lon, 6), round(item.location.lat, 6)))
                continue
            (start, target), ticks = (node.ref - 1 for node in item.nodes), int(item.tags["ticks"])
            arcs += [(start, target, ticks)] + [(target, start, ticks)] * ("oneway" not in item.tags)
        start, target, ticks = np.array(arcs).T
        self.links = csr_array((ticks / 10, (start, target)), shape=(len(self.places),) * 2)

    def Table(self, asked):
        import numpy as np
        from scipy.sparse.csgraph import dijkstra

        nodes = [self.places.index(place) for place in asked.coordinates]
        sources, targets = ([nodes[i] for i in part] for part in (asked.sources, asked.destinations))
        seconds = dijkstra(self.links, indices=sources)[:, targets]
        return {"durations": [[None if np.isinf(s) else s for s in row] for row in seconds.tolist()]}
"""


@pytest.fixture
def with_osrm(tmp_path, monkeypatch):
    """Name this Python as one that has OSRM, whose commands do nothing."""
    package = tmp_path / "packages" / "osrm"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(FAKE_OSRM)
    (package / "__main__.py").write_text("import sys\nsys.exit(sys.argv[1] not in ('extract', 'contract'))\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(package.parent), *sys.path)))
    return ["--osrm-python", sys.executable, "--osrm-work", str(tmp_path / "work")]


def _chosen(*options):
    parser = argparse.ArgumentParser()
    add_osrm_options(parser)
    return parser.parse_args(options)


def _read(path: Path):
    places, ticks = {}, {}
    for item in osmium.FileProcessor(str(path)):
        if item.is_node():
            places[item.id - 1] = (item.location.lon, item.location.lat)
        else:
            start, target = (node.ref - 1 for node in item.nodes)
            pairs = [(start, target)] + [(target, start)] * ("oneway" not in item.tags)
            for pair in pairs:
                assert pair not in ticks
                ticks[pair] = int(item.tags["ticks"])
    return places, ticks


def _graph():
    # 0 - 1 both ways alike, 1 - 2 one way, 2 - 3 slower on the way back, and 2 - 2 a loop.
    minutes = np.array([3.0, 1.0, 1.0, 5.0]), np.array([3.0, np.inf, 2.0, 5.0])
    xy = 500_000 + np.array([[0.0, 0.0], [1000.0, 0.0], [1000.0, 500.0], [0.0, 500.0]])
    return graph_of_edges(xy, np.array([[0, 1], [1, 2], [2, 3], [2, 2]]), minutes, np.full(4, 1000.0))


def test_each_direction_has_its_own_time_in_the_extract(tmp_path) -> None:
    graph = _graph()
    write_osm(tmp_path / "a.osm.pbf", degrees_of(graph), arcs_of(graph).turned())
    _, ticks = _read(tmp_path / "a.osm.pbf")
    # A tick is a millisecond: 60,000 a minute.
    assert ticks == {(0, 1): 180_000, (1, 0): 180_000, (1, 2): 60_000, (2, 3): 60_000, (3, 2): 120_000}


def test_all_arcs_of_a_road_like_graph_are_in_the_extract(tmp_path) -> None:
    graph = road_like_graph(2000, 1)
    arcs = arcs_of(graph).turned()
    write_osm(tmp_path / "a.osm.pbf", degrees_of(graph), arcs)
    places, ticks = _read(tmp_path / "a.osm.pbf")
    pairs = list(zip(arcs.start.tolist(), arcs.target.tolist(), strict=True))
    assert ticks.keys() == set(pairs)
    assert np.abs([ticks[pair] / 60_000 for pair in pairs] - arcs.minutes).max() <= 0.5 / 60_000
    assert len(places) == graph.n_nodes
    metres = 111_320 * np.array([places[node] for node in range(graph.n_nodes)])
    at = np.column_stack((graph.node_x - graph.node_x.min(), graph.node_y - graph.node_y.min()))
    # Half of a millionth of a degree.
    assert np.abs(metres - at).max() <= 0.06


def test_an_arc_that_osrm_cannot_hold_is_refused(tmp_path) -> None:
    arcs = Arcs(2, np.array([0]), np.array([1]), np.array([71.0]))
    with pytest.raises(ValueError, match="1 arcs take more than 70 minutes"):
        write_osm(tmp_path / "a.osm.pbf", np.zeros((2, 2)), arcs)


@pytest.mark.parametrize("directions", [("there",), ("back",), ("there", "back")])
def test_tables_run_with_the_traffic_from_either_side(with_osrm, directions) -> None:
    chosen = _chosen(*with_osrm, "--osrm-directions", *directions)
    graph, places = _graph(), (np.array([0, 3]), np.array([1, 2, 3]))
    with osrm_tables(chosen, "small", graph, arcs_of(graph), places) as osrm:
        minutes = osrm.minutes()
        seconds = in_turns(osrm.tasks(), repeats=2)
    # From 0: 3 to 1, 1 on to 2, 1 on to 3. From 3: 2 to 2, and no way from 2 to 1.
    assert minutes.tolist() == [[3.0, 4.0, 5.0], [np.inf, 2.0, 0.0]]
    assert len(seconds) == 2 * len(directions)
    assert osrm.process.returncode == 0


def test_the_same_extract_is_contracted_once(with_osrm) -> None:
    chosen = _chosen(*with_osrm, "--osrm-directions", "there")
    graph, places = _graph(), (np.array([0]), np.array([1]))
    taken = []
    for minutes in (graph.forward_min, graph.forward_min, 2 * graph.forward_min):
        again = graph.with_minutes(minutes, graph.backward_min)
        with osrm_tables(chosen, "small", again, arcs_of(again), places) as osrm:
            taken.append((osrm.preparation, osrm.minutes()[0, 0]))
    assert taken[0] == taken[1]
    assert taken[2][0] != taken[1][0]
    assert taken[2][1] == 6.0


def test_unbounded_tables_are_compared_with_all_peers(with_osrm, monkeypatch, capsys) -> None:
    monkeypatch.setattr(k3u_unbounded, "SOURCES", 40)
    monkeypatch.setattr(k3u_unbounded, "TARGETS", 20)
    chosen = argparse.Namespace(seed=1, repeats=1, **vars(_chosen(*with_osrm)))
    k3u_unbounded.compare("road-like", road_like_graph(1000, 1), chosen)
    said = capsys.readouterr().out
    assert re.search(r"^scipy: 600 of 600 times agree", said, re.MULTILINE)
    assert re.search(r"^OSRM: 800 of 800 times agree", said, re.MULTILINE)
    for line in ("spatial query", "OSRM prepare: contract", "OSRM less snapping, query"):
        assert re.search(rf"^{line} +-?[\d.]+ CPU ms", said, re.MULTILINE), line


def test_of_two_directions_the_one_that_takes_less_beside_snapping_counts(tmp_path) -> None:
    osrm = OsrmTables(None, tmp_path, ("there", "back"), {})
    cpu = {"table, there": 5.0, "snapping, there": 1.0, "table, back": 6.0, "snapping, back": 3.0}
    assert osrm.less_snapping({f"OSRM {task}": Seconds(9.0, each) for task, each in cpu.items()}) == 3.0


def test_a_python_without_osrm_fails_with_its_own_words(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    chosen, graph = _chosen("--osrm-python", sys.executable, "--osrm-work", str(tmp_path)), _graph()
    with (
        pytest.raises(RuntimeError, match="No module named osrm"),
        osrm_tables(chosen, "small", graph, arcs_of(graph), (np.array([0]), np.array([1]))),
    ):
        pass


def test_without_such_a_python_it_is_said_that_osrm_is_left_out(monkeypatch, capsys) -> None:
    monkeypatch.setattr(osrm_peer, "find_spec", lambda _: None)
    graph = _graph()
    with osrm_tables(_chosen(), "small", graph, arcs_of(graph), ()) as osrm:
        assert osrm is None
    assert "OSRM: not compared; name a Python 3.12" in capsys.readouterr().out


def test_the_synthetic_country_can_be_the_graph() -> None:
    parser = argparse.ArgumentParser()
    add_graph_options(parser)
    graph = chosen_graph(parser.parse_args(["--country", "--nodes", "10000"]))
    # Not every node of the extract is on a road that is open to cars.
    assert 6000 < graph.n_nodes < 12_000


def test_a_task_may_say_itself_what_it_took() -> None:
    assert in_turns({"it": lambda: Seconds(2.0, 1.0)}, repeats=3) == {"it": Seconds(2.0, 1.0)}
