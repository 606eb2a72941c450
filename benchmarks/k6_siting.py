"""Location models of 2,000 settlements and 300 candidates, beside spopt with CBC: seconds, and the same optimum.

Then a p-median of 20,000 settlements and 1,000 candidates on sparse pairs within reach: seconds, gap and memory; and 40
p-medians and p-centers drawn as those of the OR-Library were (Beasley 1985), some of them beside spopt with HiGHS.

Run: ``python -m benchmarks.k6_siting``, or with ``library`` for the 40 alone
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import floyd_warshall
from scipy.spatial import cKDTree

import spatial as sp
from benchmarks.measure import in_turns, peak_mb

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SETTLEMENTS, CANDIDATES = 2_000, 300
SIDE_MIN = 100.0
"""Minutes from one side of the made-up country to the other."""
RADIUS_MIN = 8.0
NEW_SITES = 20
GAP = 0.001
REPEATS = 3
SEEDS = (20260101, 20260102)
LARGE_SETTLEMENTS, LARGE_CANDIDATES, LARGE_SITES = 20_000, 1_000, 50
LARGE_REACH_MIN, LARGE_GAP = 20.0, 0.01
LIBRARY = {
    100: (5, 10, 10, 20, 33), 200: (5, 10, 20, 40, 67), 300: (5, 10, 30, 60, 100), 400: (5, 10, 40, 80, 133),
    500: (5, 10, 50, 100, 167), 600: (5, 10, 60, 120, 200), 700: (5, 10, 70, 140), 800: (5, 10, 80), 900: (5, 10, 90),
}  # fmt: skip
"""Nodes and numbers of sites of pmed1 to pmed40."""
LIBRARY_SEED, LIBRARY_SECONDS, LIBRARY_PEER = 20260000, 60.0, 200
"""Where seeds begin, the limit of each model, and up to how many nodes another solver is asked too."""


def instance(seed: int, *, settlements: int = SETTLEMENTS, candidates: int = CANDIDATES) -> tuple[Any, Any]:
    """Make up minutes as the crow flies between places strewn evenly, and their people."""
    rng = np.random.default_rng(seed)
    homes, sites = rng.uniform(0.0, SIDE_MIN, (settlements, 2)), rng.uniform(0.0, SIDE_MIN, (candidates, 2))
    minutes = np.hypot(*(homes[:, None] - sites).transpose(2, 0, 1))
    return minutes, rng.gamma(1.0, 800.0, settlements).round()


def ours(minutes: NDArray[np.float64], people: NDArray[np.float64]) -> dict[str, Callable[[], float]]:
    """Call the public functions on the matrix."""
    given: dict[str, Any] = {"cost": minutes, "weights": people}
    return {
        "MCLP": lambda: sp.mclp(**given, n_facilities=NEW_SITES, service_radius=RADIUS_MIN).objective,
        "LSCP": lambda: sp.lscp(cost=reachable(minutes), service_radius=RADIUS_MIN).objective,
        "p-median": lambda: sp.p_median(**given, n_facilities=NEW_SITES, gap=GAP).objective,
    }


def spopts(minutes: NDArray[np.float64], people: NDArray[np.float64]) -> dict[str, Callable[[], float]]:
    """Call spopt with the solver that comes with pulp; its p-median ends in no time that one would wait."""
    import pulp  # noqa: PLC0415 - may not be installed
    from spopt.locate import LSCP, MCLP  # noqa: PLC0415 - as above

    solver = pulp.PULP_CBC_CMD(msg=False)

    def mclp() -> float:
        model = MCLP.from_cost_matrix(minutes, people, RADIUS_MIN, p_facilities=NEW_SITES)
        return float(model.solve(solver).problem.objective.value())

    def lscp() -> float:
        return float(LSCP.from_cost_matrix(reachable(minutes), RADIUS_MIN).solve(solver).problem.objective.value())

    return {"MCLP": mclp, "LSCP": lscp}


def reachable(minutes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out whom no candidate reaches: spopt knows no plan for them."""
    return minutes[(minutes <= RADIUS_MIN).any(axis=1)]


def large(settlements: int = LARGE_SETTLEMENTS, candidates: int = LARGE_CANDIDATES) -> None:
    """Solve a p-median too large to be proven."""
    rng = np.random.default_rng(SEEDS[0])
    homes, sites = (cKDTree(rng.uniform(0.0, SIDE_MIN, (count, 2))) for count in (settlements, candidates))
    pairs = csr_array(homes.sparse_distance_matrix(sites, LARGE_REACH_MIN, output_type="coo_matrix"))
    people = rng.gamma(1.0, 800.0, settlements).round()
    before, began = peak_mb(), time.process_time()
    plan = sp.p_median(cost=pairs, weights=people, n_facilities=LARGE_SITES, gap=LARGE_GAP)
    print(
        f"{settlements:,} settlements, {candidates:,} candidates, {pairs.nnz:,} pairs: "
        f"{time.process_time() - began:.1f} CPU s, gap {plan.gap:.4f}, "
        f"memory {before:.0f} MB before, {peak_mb():.0f} MB at its peak"
    )


def library_distances(nodes: int, seed: int) -> NDArray[np.float64]:
    """
    Draw distances as the OR-Library has them: a connected graph with edges of 1 to 100, one for each 50 pairs.

    Of an edge that is drawn twice the length drawn last counts.
    """
    draw = np.random.default_rng(seed)
    length = np.full((nodes, nodes), np.inf)
    for k in range(nodes * nodes // 50):
        i, j = (k + 1, int(draw.integers(k + 1))) if k + 1 < nodes else draw.choice(nodes, 2, replace=False)
        length[i, j] = length[j, i] = draw.integers(1, 101)
    return np.asarray(floyd_warshall(length))


def library() -> None:
    """Solve the 40 p-medians and p-centers, small ones by another solver's plain model too."""
    print("number, nodes, sites; of median and center objective, status, gap, CPU s; median by spopt with HiGHS, CPU s")
    every = [(nodes, sites) for nodes, numbers in LIBRARY.items() for sites in numbers]
    for number, (nodes, sites) in enumerate(every, start=1):
        distances = library_distances(nodes, LIBRARY_SEED + number)
        told = [f"{number:2d} {nodes} {sites:3d}"]
        for model in (sp.p_median, sp.p_center):
            began = time.process_time()
            plan = model(cost=distances, n_facilities=sites, time_limit_s=LIBRARY_SECONDS)
            taken = time.process_time() - began
            told.append(f"{plan.objective:6.0f} {plan.status} {plan.gap:.4f} {taken:6.1f}")
        if nodes <= LIBRARY_PEER:
            told.append(_library_peer(distances, sites))
        print("; ".join(told), flush=True)


def _library_peer(distances: NDArray[np.float64], sites: int) -> str:
    try:
        import pulp  # noqa: PLC0415 - may not be installed
        from spopt.locate import PMedian  # noqa: PLC0415 - as above
    except ImportError:
        return "spopt is not installed"
    began = time.process_time()
    model = PMedian.from_cost_matrix(distances, np.ones(len(distances)), p_facilities=sites)
    value = model.solve(pulp.HiGHS(msg=False)).problem.objective.value()
    return f"{value:6.0f} {time.process_time() - began:6.1f}"


def main(*, settlements: int = SETTLEMENTS, candidates: int = CANDIDATES, repeats: int = REPEATS) -> None:
    warnings.simplefilter("ignore")
    ours(*instance(0, settlements=60, candidates=40))["p-median"]()  # compiled
    print(f"{settlements:,} settlements, {candidates} candidates; CPU seconds, medians of runs in turns")
    for seed in SEEDS:
        made = instance(seed, settlements=settlements, candidates=candidates)
        mine = ours(*made)
        try:
            theirs = spopts(*made)
        except ImportError:
            print("spopt is not installed: no comparison")
            theirs = {}
        for model, task in mine.items():
            tasks = {"ours": task} | ({"spopt": theirs[model]} if model in theirs else {})
            answers = {name: each() for name, each in tasks.items()}
            taken = in_turns(tasks, repeats=repeats, at_most={"spopt": 1})
            for name, seconds in taken.items():
                ratio, same = seconds.cpu / taken["ours"].cpu, answers[name] / answers["ours"]
                print(f"{seed} {model:9s} {name:6s} {seconds.cpu:8.2f} s {ratio:6.1f} x, objective {same:.9f} of ours")
    large(10 * settlements, 4 * candidates) if settlements < SETTLEMENTS else large()


if __name__ == "__main__":
    library() if sys.argv[1:] == ["library"] else main()
