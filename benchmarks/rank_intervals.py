"""Monte Carlo over weights, means, goalposts and speeds: 100,000 settlements, 20 norms, 1,000 draws."""

from __future__ import annotations

import resource
import time

import numpy as np

import spatial as sp

SETTLEMENTS, NORMS, DRAWS = 100_000, 20, 1000


def main() -> None:
    scores = np.random.default_rng(0).random((SETTLEMENTS, NORMS))
    variants = {
        "goalposts": [np.clip(scores * factor, 0.0, 1.0) for factor in (0.9, 1.1)],
        "speeds": [np.clip(scores + shift, 0.0, 1.0) for shift in (-0.05, 0.05)],
    }
    wall, cpu = time.perf_counter(), time.process_time()
    drawn = sp.rank_intervals(scores, draws=DRAWS, variants=variants)
    print(f"{SETTLEMENTS:,} settlements x {NORMS} norms x {DRAWS:,} draws")
    print(f"wall {time.perf_counter() - wall:.1f} s, CPU {time.process_time() - cpu:.1f} s")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    print({name: round(share, 2) for name, share in drawn.variance_share.items()})


if __name__ == "__main__":
    main()
