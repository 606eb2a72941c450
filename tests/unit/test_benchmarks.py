"""The synthetic country is the same every time and hangs together, and the benchmark runs on a small one."""

import hashlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks import country as country_benchmark
from benchmarks import k2_nearest, k3_many_to_many
from benchmarks.country import slope
from benchmarks.k2_nearest import core_bytes
from benchmarks.road_like import road_like_graph
from spatial.inputs.prepare import prepare
from spatial.network.build import build_network
from spatial.pipeline import STAGES as LINE
from spatial.study import Study

ROOT = Path(__file__).parents[2]
NODES = 10_000


@pytest.fixture(scope="module")
def synthetic():
    spec = importlib.util.spec_from_file_location("synthetic_country", ROOT / "benchmarks" / "synthetic.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def country(synthetic, tmp_path_factory):
    return synthetic.write_country(tmp_path_factory.mktemp("country"), nodes=NODES)


@pytest.fixture(scope="module")
def layers(country):
    return prepare(Study.from_toml(country.study, raw=country.folder))


def _digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_size_and_seed_give_the_same_bytes(synthetic, country, tmp_path) -> None:
    again = synthetic.write_country(tmp_path, nodes=NODES)
    assert _digests(again.folder) == _digests(country.folder)


def test_another_seed_gives_another_country(synthetic, country, tmp_path) -> None:
    other = synthetic.write_country(tmp_path, nodes=NODES, seed=1)
    assert other.extract.read_bytes() != country.extract.read_bytes()


def test_the_roads_have_about_as_many_nodes_as_asked_for(layers) -> None:
    nodes = np.unique(np.concatenate(layers.roads["node_ids"].tolist()))
    # Places are a square number, (10,000 - 2,000) / 147 = 54 becomes 49: a tenth fewer at the worst of small sizes.
    assert 0.8 * NODES < len(nodes) < 1.2 * NODES


@pytest.mark.parametrize("mode", ["drive", "walk"])
def test_every_node_reaches_every_other_within_the_country(layers, mode) -> None:
    graph = build_network(layers.roads, mode=mode)
    ends = [
        np.column_stack(pair)[np.isfinite(minutes)]
        for pair, minutes in (
            ((graph.edge_from, graph.edge_to), graph.forward_min),
            ((graph.edge_to, graph.edge_from), graph.backward_min),
        )
    ]
    start, target = np.concatenate(ends).T
    links = coo_array((np.ones(len(start)), (start, target)), shape=(graph.n_nodes, graph.n_nodes))
    assert connected_components(links, directed=True, connection="strong")[0] == 1


def test_it_has_all_that_a_study_needs(country, layers) -> None:
    assert set(layers.settlements["tier"]) == {"village", "town", "city"}
    assert {"hospital", "health_centre", "pharmacy", "school", "market"} <= set(layers.facilities["service"])
    assert layers.settlements["township_id"].notna().all()
    with rasterio.open(country.population) as raster:
        assert raster.read(1, masked=True).sum(dtype=np.float64) == pytest.approx(layers.population.total)


def test_nodes_places_and_facilities_are_scaled_apart(synthetic, tmp_path) -> None:
    files = synthetic.write_country(tmp_path, nodes=6_000, places=900, facilities=300)
    found = prepare(Study.from_toml(files.study, raw=files.folder))
    nodes = np.unique(np.concatenate(found.roads["node_ids"].tolist()))
    assert 0.9 * 6_000 < len(nodes) < 1.1 * 6_000
    assert len(found.settlements) == 900
    assert 0.8 * 300 < len(found.facilities) < 1.2 * 300
    # 30 x 30 places are 3 x 3 units of a hundred, all of them in one district
    assert found.boundaries["admin_level"].value_counts().to_dict() == {8: 9, 6: 1}
    assert found.settlements["township_id"].notna().all()


def test_cost_that_doubles_with_size_has_a_slope_of_one() -> None:
    # 10 times the size for 100 times the cost is a square
    assert slope(1e5, 1e6, 2.0, 200.0) == pytest.approx(2.0)


@pytest.mark.trial
def test_a_countrys_table_has_each_stage_and_says_how_cost_grows(tmp_path, capfd) -> None:
    sizes = ["--size", "2000", "200", "20", "--size", "2000", "400", "20"]
    assert country_benchmark.main([*sizes, "--work", str(tmp_path)]) == 0
    said = capfd.readouterr().out
    for stage in (*(stage.name for stage in LINE), "all"):
        # seconds, CPU seconds and the peak of memory, of either country
        found = re.findall(rf"^{stage} +[\d.]+ +[\d.]+ +(\d+)$", said, flags=re.MULTILINE)
        assert len(found) == 2, stage
        assert all(100 < int(peak) < 2000 for peak in found)
    assert re.search(
        rf"^places from 200 to 400: slope -?[\d.]+ over {len(LINE)} stages; above 1.1: ", said, re.MULTILINE
    )


STAGES = ("read", "all")
SEARCH = ("networkx on the same graph", "osmnx + networkx", "scipy, min_only, same graph")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parts", "lines", "agreements"),
    [
        pytest.param(["stages"], STAGES, 0, id="stages"),
        pytest.param(["stages", "search", "kernels"], STAGES + SEARCH, 3, id="all", marks=pytest.mark.trial),
    ],
)
def test_the_benchmark_prints_stages_and_ratios_for_a_small_country(tmp_path, parts, lines, agreements) -> None:
    command = [sys.executable, "-m", "benchmarks.stages", "--nodes", "2000", "--repeats", "1"]
    options = ["--until", "read", "--parts", *parts, "--work", str(tmp_path), "--data", str(tmp_path)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Comoros is left out" in done.stdout
    for line in lines:
        assert re.search(rf"^{re.escape(line)}.* \d", done.stdout, flags=re.MULTILINE), line
    agreed = re.findall(r"^(?:same graph|every vertex): ([\d,]+) of ([\d,]+) times agree", done.stdout, re.MULTILINE)
    assert len(agreed) == agreements
    assert all(agree == of for agree, of in agreed)


@pytest.mark.parametrize(
    ("benchmark", "lines"),
    [
        (k2_nearest, ("prepared", "preparation", "core alone", "one sweep", "scipy, same core", "networkx")),
        (k3_many_to_many, ("prepared", "preparation", "scipy, same core", "scipy")),
    ],
    ids=["k2", "k3"],
)
def test_searches_are_compared_and_timed_beside_others(benchmark, lines, capsys) -> None:
    assert benchmark.main(["--nodes", "2000", "--repeats", "1", "--without", "pandana", "pyroutingkit"]) == 0
    said = capsys.readouterr().out
    for line in lines:
        assert re.search(rf"^{re.escape(line)} +[\d.]+ ms +[\d.]+ x$", said, flags=re.MULTILINE), line
    assert re.search(r"^scipy: largest difference \S+ min$", said, flags=re.MULTILINE)
    assert "first query with its preparation" in said


def test_a_real_region_without_its_folder_is_refused(monkeypatch) -> None:
    monkeypatch.delenv("SPATIAL_TEST_DATA", raising=False)
    with pytest.raises(SystemExit, match="SPATIAL_TEST_DATA"):
        k2_nearest.main(["--real", "rutland"])


def test_the_core_of_eleven_million_directed_edges_takes_less_than_250_mb():
    graph = road_like_graph(20_000, 1)
    arcs = int(np.isfinite(graph.forward_min).sum() + np.isfinite(graph.backward_min).sum())
    assert core_bytes(graph) / arcs * 1.1e7 < 250e6
