"""Who lives where: sizes of settlements, registered and resident people, the elderly, the disabled and children."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

__all__ = ["count_people"]

REGISTERED = {
    "county_seat": (58_000.0, 0.0),
    "zhen": (5_200.0, 0.40),
    "xiang": (2_600.0, 0.35),
    "village": (820.0, 0.78),
}
"""Median registered people and spread (standard deviation of the logarithm) by kind of settlement."""
AT_HOME = {"county_seat": 1.28, "zhen": 1.04, "xiang": 0.86, "village": 0.71}
"""Residents a registered person: the young of the villages have left for the towns and for other provinces."""
BADLY_CONNECTED = {"road": 1.0, "track": 0.55, "none": 0.38, "pocket": 0.6}
"""Size of villages by what leads to them, as a share of others."""
ELDERLY = {"county_seat": 0.15, "zhen": 0.21, "xiang": 0.27, "village": 0.33}
"""Share of residents of 60 and older."""
SCHOOL_AGES = (("age_3_5", 0.034), ("age_6_9", 0.045), ("age_10_11", 0.024), ("age_12_14", 0.036))
"""Share of residents by age in a town; villages have fewer children."""
WOMEN_15_49 = {"county_seat": 0.245, "zhen": 0.21, "xiang": 0.18, "village": 0.15}


def count_people(random: np.random.Generator, kinds: list[str], connection: list[str]) -> pd.DataFrame:
    """Count the people of settlements."""
    size = len(kinds)
    median = np.array([REGISTERED[kind][0] for kind in kinds])
    spread = np.array([REGISTERED[kind][1] for kind in kinds])
    ties = np.array([BADLY_CONNECTED[item] for item in connection])
    registered = np.maximum(np.round(median * ties * np.exp(spread * random.standard_normal(size))), 35)
    stay = np.array([AT_HOME[kind] for kind in kinds]) * np.exp(0.12 * random.standard_normal(size)) * ties**0.25
    resident = np.maximum(np.round(registered * stay), 20)
    frame = pd.DataFrame({"registered": registered, "resident": resident})

    def part(share: FloatArray, unrest: float) -> FloatArray:
        varied = share * np.exp(unrest * random.standard_normal(size))
        persons: FloatArray = np.round(resident * np.minimum(varied, 0.75))
        return persons

    rural = np.array([0.72 if kind == "village" else 1.0 for kind in kinds])
    frame["age_60_up"] = part(np.array([ELDERLY[kind] for kind in kinds]), 0.14)
    frame["disabled"] = part(np.full(size, 0.061), 0.22)
    for column, share in SCHOOL_AGES:
        frame[column] = part(share * rural, 0.18)
    frame["age_6_11"] = frame["age_6_9"] + frame["age_10_11"]
    frame["age_6_14"] = frame["age_6_11"] + frame["age_12_14"]
    frame["age_0_14"] = frame["age_6_14"] + frame["age_3_5"] + part(0.03 * rural, 0.2)
    frame["women_15_49"] = part(np.array([WOMEN_15_49[kind] for kind in kinds]), 0.08)
    return frame.drop(columns="age_10_11").astype("int64")
