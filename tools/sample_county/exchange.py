"""Two-way flows between settlements: people and parcels, into the towns and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tools.sample_county.ground import cell_centres

if TYPE_CHECKING:
    from tools.sample_county.settle import Settled

__all__ = ["exchange"]

TRIPS_A_PERSON = {"town": 22.0, "seat": 5.0}
"""Journeys a year from a village to its town and to the county seat, for each resident at the doorstep."""
RETURN_SHARE = {"town": 0.93, "seat": 0.88}
"""Journeys back, a journey there: some stay."""
PARCELS_A_PERSON = 31.0
PARCELS_BACK = 0.21
"""Parcels sent from villages for each that is received: goods flow up the hill, few flow down."""
DECAY_M = {"town": 9_000.0, "seat": 26_000.0}
LEAST = 5.0


def exchange(random: np.random.Generator, settled: Settled) -> pd.DataFrame:
    """Draw a year's flows between villages, their towns and the county seat."""
    frame = settled.frame
    places = cell_centres(settled.cells)
    townships = len(settled.township_names)
    own = {name: number for number, name in enumerate(frame["town"].iloc[:townships])}
    rows = []
    for place in range(1, len(frame)):
        if not frame["town"].iloc[place]:
            continue
        town = own[frame["town"].iloc[place]]
        goals = {0: "seat"} if place < townships or town == 0 else {town: "town", 0: "seat"}
        for goal, kind in goals.items():
            away = float(np.hypot(*(places[place] - places[goal])))
            near = float(np.exp(-away / DECAY_M[kind])) * float(frame["resident"].iloc[place])
            there = near * TRIPS_A_PERSON[kind] * float(np.exp(0.3 * random.standard_normal()))
            back = there * RETURN_SHARE[kind] * float(np.exp(0.05 * random.standard_normal()))
            got = near * PARCELS_A_PERSON * float(np.exp(0.35 * random.standard_normal()))
            sent = got * PARCELS_BACK * float(np.exp(0.5 * random.standard_normal()))
            ends = frame["code"].iloc[place], frame["code"].iloc[goal]
            rows += [(*ends, "people", there), (*ends[::-1], "people", back)]
            rows += [(*ends, "parcels", sent), (*ends[::-1], "parcels", got)]
    flows = pd.DataFrame(rows, columns=["origin", "destination", "what", "number_2025"])
    flows = flows[flows["number_2025"] >= LEAST]
    flows = flows.assign(number_2025=flows["number_2025"].round().astype("int64"))
    return flows.sort_values(["origin", "destination", "what"]).reset_index(drop=True)
