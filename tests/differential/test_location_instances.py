"""
Location models on instances that others published, of which the optimum is known.

The files are not ours: ``SPATIAL_LOCATION_DATA`` names a folder with any of ``pmed1.txt`` to ``pmed40.txt`` of the
OR-Library (Beasley 1985) and, from the tests of spopt, ``SF_demand_205_centroid_uniform_weight.csv`` and
``SF_network_distance_candidateStore_16_censusTract_205_new.csv``. What is not there is skipped.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import floyd_warshall

from benchmarks.k6_siting import LIBRARY, LIBRARY_SEED, library_distances
from spatial.planning.siting import lscp, mclp, p_center, p_median

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(os.environ.get("SPATIAL_LOCATION_DATA", "/nonexistent"))

# Of pmed1 to pmed40; and the shortest longest ways of the first five.
MEDIANS = [
    5819, 4093, 4250, 3034, 1355, 7824, 5631, 4445, 2734, 1255, 7696, 6634, 4374, 2968, 1729, 8162, 6999, 4809, 2845,
    1789, 9138, 8579, 4619, 2961, 1828, 9917, 8307, 4498, 3033, 1989, 10086, 9297, 4700, 3013, 10400, 9934, 5057, 11060,
    9423, 5128,
]  # fmt: skip
CENTERS = [127, 98, 93, 74, 48]


def file_of(name: str) -> Path:
    """Find a file that may not be there."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{name} is not in SPATIAL_LOCATION_DATA")
    return path


def beasley(number: int, *, last_read_wins: bool = True) -> tuple[NDArray[np.float64], int]:
    """Read distances between all nodes, and how many sites are asked for."""
    numbers = np.array(file_of(f"pmed{number}.txt").read_text(encoding="utf-8").split(), dtype=float)
    n, edges, p = numbers[:3].astype(int)
    length = np.full((n, n), np.inf)
    for a, b, cost in numbers[3 : 3 + 3 * edges].reshape(-1, 3):
        i, j = int(a) - 1, int(b) - 1
        length[i, j] = length[j, i] = cost if last_read_wins else min(cost, length[i, j])
    return floyd_warshall(length), int(p)


@pytest.mark.parametrize("number", [k for k in range(1, 41) if (FOLDER / f"pmed{k}.txt").is_file()])
def test_medians_of_the_or_library_are_proven(number: int) -> None:
    distances, p = beasley(number)
    plan = p_median(cost=distances, n_facilities=p)
    assert plan.bound - 1e-6 <= MEDIANS[number - 1] <= plan.objective + 1e-6
    assert (plan.objective, plan.status) == (MEDIANS[number - 1], "optimal")


@pytest.mark.parametrize("number", [k for k in range(1, 6) if (FOLDER / f"pmed{k}.txt").is_file()])
def test_centers_of_the_or_library_are_proven(number: int) -> None:
    distances, p = beasley(number)
    plan = p_center(cost=distances, n_facilities=p)
    assert (plan.objective, plan.status) == (CENTERS[number - 1], "optimal")


def test_an_edge_that_is_there_twice_has_the_length_read_last() -> None:
    # By the note of the OR-Library; the shorter of the two gives another optimum.
    distances, p = beasley(1, last_read_wins=False)
    assert p_median(cost=distances, n_facilities=p).objective == 5718.0


def san_francisco() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read metres from 205 census tracts to 16 stores, and people."""
    tracts = pd.read_csv(file_of("SF_demand_205_centroid_uniform_weight.csv"))
    pairs = pd.read_csv(file_of("SF_network_distance_candidateStore_16_censusTract_205_new.csv"))
    metres = pairs.pivot_table(values="distance", index="DestinationName", columns="name")
    return metres.to_numpy(), tracts.set_index("NAME").loc[metres.index, "POP2000"].to_numpy(dtype=float)


def test_stores_of_san_francisco_are_those_of_spopt() -> None:
    metres, people = san_francisco()
    reach = {"n_facilities": 4, "service_radius": 5000.0}
    assert p_median(cost=metres, weights=people, n_facilities=4).objective / people.sum() == pytest.approx(2982.126858)
    places = mclp(cost=metres, **reach)  # type: ignore[arg-type]  # a count and a radius
    persons = mclp(cost=metres, weights=people, **reach)  # type: ignore[arg-type]  # as above
    assert places.objective >= 184.0
    assert (persons.objective, people.sum()) == (875_247.0, 955_113.0)
    assert (persons.demand["reach"] == "served").sum() == 184
    assert lscp(cost=metres, service_radius=5000.0).objective == 8.0
    assert p_center(cost=metres, n_facilities=4).objective == pytest.approx(7403.06, abs=0.005)


def plain_median(distances: NDArray[np.float64], p: int) -> float:
    """Solve a p-median as it stands in books: a column a pair, each demand at one open site."""
    n = len(distances)
    pairs = np.arange(n * n)
    one_site = csr_array((np.ones(n * n), (pairs // n, n + pairs)), shape=(n, n + n * n))
    only_open = csr_array(
        (np.repeat([1.0, -1.0], n * n), (np.tile(pairs, 2), np.concatenate((n + pairs, pairs % n)))),
        shape=(n * n, n + n * n),
    )
    new = csr_array((np.ones(n), (np.zeros(n, int), np.arange(n))), shape=(1, n + n * n))
    found = milp(
        np.concatenate((np.zeros(n), distances.ravel())),
        constraints=[
            LinearConstraint(one_site, 1, 1),
            LinearConstraint(only_open, -np.inf, 0),
            LinearConstraint(new, p, p),
        ],
        integrality=np.arange(n + n * n) < n,
        bounds=Bounds(0, 1),
    )
    return float(found.fun)


@pytest.mark.parametrize(("nodes", "sites"), [(60, 3), (60, 6), (70, 7), (60, 20)])
def test_instances_drawn_as_those_of_the_or_library_have_the_optimum_of_the_plain_model(nodes: int, sites: int) -> None:
    distances = library_distances(nodes, seed=nodes + sites)
    plan = p_median(cost=distances, n_facilities=sites)
    assert (plan.objective, plan.status) == (pytest.approx(plain_median(distances, sites)), "optimal")
    longest = p_center(cost=distances, n_facilities=sites)
    assert longest.status == "optimal"
    # Fewer sites than asked for reach nobody sooner: the covering problem of each radius agrees.
    for radius, is_enough in ((longest.objective, True), (np.nextafter(longest.objective, 0.0), False)):
        assert (lscp(cost=distances, service_radius=radius).objective <= sites) == is_enough


@pytest.mark.parametrize("number", [1, 3, 7, 9, *(pytest.param(k, marks=pytest.mark.trial) for k in range(11, 20))])
def test_medians_of_the_size_of_the_or_library_are_proven(number: int) -> None:
    nodes, sites = [(nodes, sites) for nodes, numbers in LIBRARY.items() for sites in numbers][number - 1]
    distances = library_distances(nodes, LIBRARY_SEED + number)
    plan = p_median(cost=distances, n_facilities=sites, time_limit_s=600.0)
    assert plan.status == "optimal"
    assert plan.objective == distances[:, plan.sites["facility_id"]].min(axis=1).sum()
