"""Floating catchments of a million pairs, beside PySAL's `access`: seconds of the processor, and the same answers.

Run: ``python -m benchmarks.k7_catchment``
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import spatial as sp
from benchmarks.measure import in_turns
from spatial.access.floating_catchment import catchment_sums
from spatial.access.od_pairs import Links, weigh_pairs

if TYPE_CHECKING:
    from collections.abc import Callable

PLACES, SITES, PAIRS = 20_000, 1_000, 1_000_000
CUTOFF_MIN = 30.0
ZONES = {10.0: 1.0, 20.0: 0.68, 30.0: 0.22}
METHODS = ("2sfca", "e2sfca", "3sfca")
REPEATS = 7
PEERS = {"PySAL, whole numbers": False, "PySAL, text": True}
SEED = 20260101


class Region:
    """A made-up region: each place has as many pairs as any other, with sites that differ and times that do not."""

    def __init__(self, *, places: int = PLACES, sites: int = SITES, pairs: int = PAIRS) -> None:
        rng = np.random.default_rng(SEED)
        each = pairs // places
        self.origin = np.repeat(np.arange(places), each)
        first = rng.integers(0, sites, places)
        stride = rng.integers(1, max(sites // each, 2), places)
        self.destination = ((first[:, None] + stride[:, None] * np.arange(each)) % sites).ravel()
        self.minutes = rng.uniform(0.0, CUTOFF_MIN, len(self.origin))
        self.people = rng.gamma(1.0, 800.0, places)
        self.beds = rng.gamma(2.0, 40.0, sites)

    def frames(self, *, text: bool) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Pairs, settlements and facilities, with ids of text as real tables have, or with whole numbers."""

        def name(stem: str, rows: Any) -> Any:
            return pd.Series(rows).map(lambda row: f"{stem}{row}").astype("str") if text else rows

        od = pd.DataFrame(
            {"from_id": name("v", self.origin), "to_id": name("f", self.destination), "travel_time_min": self.minutes}
        )
        settlements = pd.DataFrame(
            {"settlement_id": name("v", np.arange(len(self.people))), "population_persons": self.people}
        )
        facilities = pd.DataFrame(
            {"facility_id": name("f", np.arange(len(self.beds))), "service": "clinic", "capacity": self.beds}
        )
        return od, settlements, facilities


def kernel(region: Region, method: str) -> Callable[[], Any]:
    """Compute weights and all steps on positions and minutes, pairs of a place side by side."""
    decay = sp.decay_binary(CUTOFF_MIN) if method == "2sfca" else sp.decay_stepped(ZONES)
    shape = (len(region.people), len(region.beds))
    start = np.searchsorted(region.origin, np.arange(shape[0] + 1))
    links = Links(start, region.destination.astype(np.int32), shape)

    def run() -> Any:
        pairs = weigh_pairs(links, region.minutes, region.people, decay)
        return catchment_sums(pairs, region.beds, method=method).access

    return run


def whole(region: Region, method: str, *, text: bool) -> Callable[[], Any]:
    """Call the public function on frames: checks, ids, result table and all."""
    od, settlements, facilities = region.frames(text=text)

    def run() -> Any:
        return sp.floating_catchment_area(
            od, settlements, facilities, service="clinic", method=method, buffer="none_needed"
        )["value"].to_numpy()

    return run


def pysal(region: Region, method: str, *, text: bool) -> Callable[[], Any]:
    """Call PySAL's functions on frames; whole numbers as ids are its fastest case."""
    from access import fca, weights  # noqa: PLC0415 - may not be installed

    od, settlements, facilities = region.frames(text=text)
    costs = od.rename(columns={"from_id": "origin", "to_id": "dest", "travel_time_min": "cost"})
    people = settlements.set_index("settlement_id").rename(columns={"population_persons": "demand"})
    beds = facilities.set_index("facility_id")[["capacity"]].rename(columns={"capacity": "supply"})
    step = weights.step_fn({CUTOFF_MIN: 1.0} if method == "2sfca" else ZONES)
    function = fca.three_stage_fca if method == "3sfca" else fca.two_stage_fca

    def run() -> Any:
        plain = None if method == "2sfca" else step
        found = function(
            people, beds, costs.copy(deep=False), CUTOFF_MIN, demand_index=True, supply_index=True, weight_fn=plain
        )
        return found.reindex(people.index).to_numpy()

    return run


def main(*, places: int = PLACES, sites: int = SITES, pairs: int = PAIRS, repeats: int = REPEATS) -> None:
    region = Region(places=places, sites=sites, pairs=pairs)
    print(f"{len(region.origin):,} pairs of {len(region.people):,} places and {len(region.beds):,} facilities")
    print("CPU seconds, medians of interleaved runs; the kernel takes positions, the frames take ids and check them")
    warnings.simplefilter("ignore")
    for method in METHODS:
        tasks = {
            "kernel": kernel(region, method),
            "frames, whole numbers": whole(region, method, text=False),
            "frames, text": whole(region, method, text=True),
        }
        try:
            for name, text in PEERS.items():
                tasks[name] = pysal(region, method, text=text)
        except ImportError:
            print("PySAL access is not installed: no comparison")
        answers = {name: task() for name, task in tasks.items()}
        taken = in_turns(tasks, repeats=repeats, at_most=dict.fromkeys(PEERS, 5))
        best = taken["kernel"].cpu
        for name, seconds in taken.items():
            off = np.max(np.abs(answers[name] / answers["kernel"] - 1.0))
            print(f"{method:7s} {name:22s} {seconds.cpu:8.4f} s  {seconds.cpu / best:7.1f} x  differs by {off:.1e}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
