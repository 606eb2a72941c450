"""Facilities with capacity and load: full schools and hospitals in the county seat, half-empty ones in the hills."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tools.sample_county.settle import WORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tools.sample_county.settle import Place, Settled

    FloatArray = NDArray[np.float64]

__all__ = ["kinds_of_services", "provide"]


@dataclass(frozen=True)
class Provision:
    """How a service is provided."""

    service: str  # as the package calls it
    kind: str  # the office's own word for it, and what a facility's name ends with
    zh: str
    en: str
    unit: str  # unit of capacity; empty where nobody counts it
    number: dict[str, float]  # facilities in a settlement by its level; below one, the chance of one
    capacity: dict[str, float]  # median capacity, and load a unit of capacity, likewise
    use: dict[str, float]


COLUMN = {"county_seat": "seat", "zhen": "town", "xiang": "town", "village": "village"}
"""End of the columns of capacity and use for each level."""
FILLED = ("county_hospital", "specialist_hospital", "township_health_centre")
"""Kinds whose capacity is never forgotten."""
NEEDS_ROAD = frozenset({"bus_stop", "workplace", "parcel_point"})
DRAWS = 8
"""Places that are looked at for one facility."""
SMALL_VILLAGE = 260
"""Villages of fewer residents have half the chance of a facility."""


def provide(random: np.random.Generator, settled: Settled, spots: Sequence[FloatArray]) -> pd.DataFrame:
    """Provide settlements with facilities."""
    rows: list[dict[str, object]] = []
    provisions = _provisions()
    for provision in provisions:
        for place, near in zip(settled.places, spots, strict=True):
            count = _how_many(random, provision, place)
            taken: list[FloatArray] = []
            for _ in range(count):
                taken.append(_spot(random, place, near, taken))
                rows.append(_facility(random, provision, place, taken[-1], len(taken)))
    exit_ = next(item for item in provisions if item.service == "expressway_access")
    rows.append(_expressway_access(random, exit_, settled, spots))
    frame = _change_some(random, pd.DataFrame(rows))
    frame.insert(0, "no", [f"F{number:05d}" for number in range(1, len(frame) + 1)])
    return frame


def _provisions() -> list[Provision]:
    """Read how services are provided. Made up; no source."""
    file = Path(__file__).with_name("provision.csv")
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return [
        Provision(
            service=row["service"],
            kind=row["kind"],
            zh=row["zh"],
            en=row["en"],
            unit=row["unit"],
            number={level: float(row[level]) for level in COLUMN},
            capacity={level: float(row[f"capacity_{end}"]) for level, end in COLUMN.items()},
            use={level: float(row[f"use_{end}"]) for level, end in COLUMN.items()},
        )
        for row in rows
    ]


def kinds_of_services() -> dict[str, str]:
    """Say what facilities are called."""
    return {provision.kind: provision.zh for provision in _provisions()}


def _how_many(random: np.random.Generator, provision: Provision, place: Place) -> int:
    wanted = provision.number[place.level]
    if wanted < 1 and place.level == "village" and place.residents < SMALL_VILLAGE:
        wanted /= 2
    if provision.service in NEEDS_ROAD and place.road_access not in {"road", "track"}:
        wanted = 0.0
    return int(wanted) + int(random.random() < wanted % 1)


def _spot(random: np.random.Generator, place: Place, spots: FloatArray, taken: Sequence[FloatArray]) -> FloatArray:
    """Choose a place along the streets, the farthest of a few from facilities of the same service."""
    reach = min(len(spots), 12) if place.level == "village" else len(spots)
    drawn: FloatArray = spots[(reach * random.random(DRAWS) ** 1.4).astype(np.int64)] + random.uniform(
        -14.0, 14.0, (DRAWS, 2)
    )
    others = np.array(taken).reshape(-1, 2)
    away = np.hypot(*(drawn[:, None] - others[None]).transpose(2, 0, 1)).min(axis=1, initial=np.inf)
    farthest: FloatArray = drawn[int(np.argmax(away))]
    return farthest


def _facility(
    random: np.random.Generator, provision: Provision, place: Place, spot: FloatArray, number: int
) -> dict[str, object]:
    usual = provision.capacity[place.level]
    capacity = round(usual * float(np.exp(0.3 * random.standard_normal())))
    load = round(capacity * min(provision.use[place.level] * float(np.exp(0.22 * random.standard_normal())), 1.3))
    has_capacity = usual > 0
    base = place.base + WORD[place.level][0].removesuffix("城")
    return {
        "kind": provision.kind,
        "name": base + ("" if number == 1 else f"第{number}") + provision.zh,
        "pinyin": f"{place.base_en} {provision.en}" + ("" if number == 1 else f" {number}"),
        "x": float(spot[0]),
        "y": float(spot[1]),
        "capacity": float(capacity) if has_capacity else np.nan,
        "in_use": float(load) if has_capacity else np.nan,
        "unit": provision.unit if has_capacity else "",
        "state": "open",
        "settlement": place.code,
    }


def _expressway_access(
    random: np.random.Generator, provision: Provision, settled: Settled, spots: Sequence[FloatArray]
) -> dict[str, object]:
    """Put the one exit of an expressway beside the largest town but the county seat."""
    towns = settled.places[1 : len(settled.township_names)]
    largest = max(towns, key=lambda place: (place.residents, place.code))
    near = spots[settled.places.index(largest)]
    return _facility(random, provision, largest, near[-1], 1)


def _change_some(random: np.random.Generator, facilities: pd.DataFrame) -> pd.DataFrame:
    """Close a few village schools and plan a few clinics; forget the capacity of some."""
    frame = facilities.copy()
    small = frame["kind"].eq("primary_school") & frame["capacity"].lt(140)
    closed = frame.index[small][: max(1, int(small.sum()) // 8)]
    frame.loc[closed, "state"] = "closed"
    frame.loc[closed, "in_use"] = 0.0
    clinics = frame.index[frame["kind"] == "village_clinic"]
    planned = clinics[len(clinics) // 2 :][:3]
    frame.loc[planned, "state"] = "planned"
    frame.loc[planned, "in_use"] = 0.0
    # The study of the sample fills health centres and what counts as one: there every capacity is asked for.
    unknown = frame["capacity"].notna() & (random.random(len(frame)) < 0.05) & ~frame["kind"].isin(FILLED)
    frame.loc[unknown, "capacity"] = np.nan
    frame.loc[unknown, "in_use"] = np.nan
    return frame
