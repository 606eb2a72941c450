"""Location models of 2,000 settlements and 300 candidates, beside spopt with CBC: seconds, and the same optimum.

Then a p-median of 20,000 settlements and 1,000 candidates on sparse pairs within reach: seconds, gap and memory.

Run: ``python -m benchmarks.k6_siting``
"""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
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
    main()
