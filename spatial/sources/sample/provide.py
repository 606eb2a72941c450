"""Facilities with capacity and load: full schools and hospitals in the county seat, half-empty ones in the hills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.sources.sample.settle import WORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.sources.sample.settle import Place, Settled

    FloatArray = NDArray[np.float64]

__all__ = ["SERVICES", "provide"]


@dataclass(frozen=True)
class Provision:
    """
    How a service is provided.

    Parameters
    ----------
    code : str
        The office's own word for it.
    zh, en : str
        What a facility's name ends with.
    unit : str
        Unit of capacity.
    county_seat, zhen, xiang, village : float
        Facilities in a settlement of that kind; below one, the chance of one.
    capacity : tuple of float
        Median capacity in a county seat, a town and a village.
    use : tuple of float
        Load a unit of capacity, likewise.
    """

    code: str
    zh: str
    en: str
    unit: str
    county_seat: float
    zhen: float
    xiang: float
    village: float
    capacity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    use: tuple[float, float, float] = (0.9, 0.7, 0.5)


SERVICES: dict[str, Provision] = {
    "emergency_hospital": Provision(
        "county_hospital", "人民医院", "People's Hospital", "beds", 1, 0, 0, 0, (420, 0, 0), (0.97, 0, 0)
    ),
    "hospital": Provision(
        "specialist_hospital",
        "中医院",
        "Hospital of Chinese Medicine",
        "beds",
        1,
        0,
        0,
        0,
        (160, 0, 0),
        (0.81, 0, 0),
    ),
    "health_centre": Provision(
        "township_health_centre", "卫生院", "Health Centre", "beds", 1, 1, 1, 0, (90, 32, 0), (0.84, 0.46, 0)
    ),
    "primary_care": Provision(
        "village_clinic",
        "卫生室",
        "Clinic",
        "visits a day",
        4,
        0.5,
        0.3,
        0.74,
        (70, 40, 18),
        (0.9, 0.7, 0.55),
    ),
    "private_practice": Provision(
        "private_practice", "诊所", "Practice", "visits a day", 6, 1, 0.3, 0.02, (40, 25, 12)
    ),
    "pharmacy": Provision("pharmacy", "药店", "Pharmacy", "", 14, 2, 1, 0.07),
    "ambulance_station": Provision(
        "ambulance_station", "急救站", "Ambulance Station", "vehicles", 1, 0.2, 0, 0, (6, 1, 0)
    ),
    "fire_station": Provision("fire_station", "消防站", "Fire Station", "engines", 1, 0.25, 0, 0, (5, 2, 0)),
    "kindergarten": Provision(
        "kindergarten",
        "幼儿园",
        "Kindergarten",
        "places",
        9,
        1.6,
        0.9,
        0.16,
        (270, 150, 60),
        (1.02, 0.82, 0.45),
    ),
    "primary_school": Provision(
        "primary_school",
        "小学",
        "Primary School",
        "places",
        5,
        1.2,
        1,
        0.17,
        (1300, 480, 120),
        (1.08, 0.74, 0.34),
    ),
    "secondary_school": Provision(
        "junior_middle_school",
        "中学",
        "Middle School",
        "places",
        3,
        0.9,
        0.45,
        0,
        (1700, 620, 0),
        (1.05, 0.66, 0),
    ),
    "elderly_care": Provision(
        "elderly_home", "养老院", "Elderly Home", "beds", 2, 0.8, 0.5, 0.08, (180, 60, 16), (0.78, 0.41, 0.5)
    ),
    "disability_service": Provision(
        "disability_centre",
        "残疾人服务中心",
        "Disability Service Centre",
        "places",
        1,
        0.25,
        0.1,
        0,
        (60, 20, 0),
        (0.95, 0.6, 0),
    ),
    "post_office": Provision("post_office", "邮政所", "Post Office", "", 2, 1, 1, 0),
    "postal_delivery": Provision("village_post_station", "村邮站", "Post Station", "", 1, 1, 1, 1),
    "parcel_point": Provision(
        "parcel_point",
        "快递点",
        "Parcel Point",
        "parcels a day",
        9,
        2,
        1,
        0.58,
        (900, 260, 40),
        (0.9, 0.8, 0.45),
    ),
    "bank": Provision("bank", "农商银行", "Rural Bank", "", 5, 1, 0.6, 0.01),
    "market": Provision(
        "market", "农贸市场", "Market", "stalls", 3, 1, 0.9, 0.01, (240, 110, 40), (0.95, 0.75, 0.5)
    ),
    "shop": Provision("shop", "便民店", "Shop", "", 18, 3, 2, 0.82),
    "bus_stop": Provision("bus_stop", "客运站", "Bus Stop", "", 9, 2, 1, 0.42),
    "telecom": Provision("telecom_office", "通信服务点", "Telecom Point", "", 3, 1, 1, 0.33),
    "government_office": Provision(
        "government_office", "便民服务中心", "Government Service Centre", "", 2, 1, 1, 0
    ),
    "community_centre": Provision("village_committee", "党群服务中心", "Community Centre", "", 3, 1, 1, 0.9),
    "workplace": Provision(
        "workplace", "产业园", "Works", "jobs", 4, 0.6, 0.15, 0.02, (2200, 260, 60), (0.86, 0.8, 0.8)
    ),
    "expressway_access": Provision("expressway_access", "高速出口", "Expressway Access", "", 0, 0, 0, 0),
}
"""Services of the package with how this county provides them. Made up; no source."""
PLACE_RANK = {"county_seat": 0, "zhen": 1, "xiang": 1, "village": 2}
NEEDS_ROAD = frozenset({"bus_stop", "workplace", "parcel_point"})
DRAWS = 8
"""Places that are looked at for one facility."""
SMALL_VILLAGE = 260
"""Villages of fewer residents have half the chance of a facility."""


def provide(random: np.random.Generator, settled: Settled, spots: Sequence[FloatArray]) -> pd.DataFrame:
    """
    Provide settlements with facilities.

    Parameters
    ----------
    random : Generator
        Where chance comes from.
    settled : Settled
        Settlements.
    spots : sequence of ndarray, shape (n, 2)
        For each settlement, places along its streets, the most central first; metres.

    Returns
    -------
    DataFrame
        no, kind, name, pinyin, x, y (metres), capacity, in_use, unit, state, settlement.
    """
    rows: list[dict[str, object]] = []
    for service, provision in SERVICES.items():
        for place, near in zip(settled.places, spots, strict=True):
            count = _how_many(random, service, provision, place)
            taken: list[FloatArray] = []
            for _ in range(count):
                taken.append(_spot(random, place, near, taken))
                rows.append(_facility(random, provision, place, taken[-1], len(taken)))
    rows.append(_expressway_access(random, settled, spots))
    frame = _change_some(random, pd.DataFrame(rows))
    frame.insert(0, "no", [f"F{number:05d}" for number in range(1, len(frame) + 1)])
    return frame


def _how_many(random: np.random.Generator, service: str, provision: Provision, place: Place) -> int:
    wanted = float(getattr(provision, place.level))
    if wanted < 1 and place.level == "village" and place.residents < SMALL_VILLAGE:
        wanted /= 2
    if service in NEEDS_ROAD and place.road_access not in {"road", "track"}:
        wanted = 0.0
    return int(wanted) + int(random.random() < wanted % 1)


def _spot(
    random: np.random.Generator, place: Place, spots: FloatArray, taken: Sequence[FloatArray]
) -> FloatArray:
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
    rank = PLACE_RANK[place.level]
    capacity = round(provision.capacity[rank] * float(np.exp(0.3 * random.standard_normal())))
    load = round(capacity * min(provision.use[rank] * float(np.exp(0.22 * random.standard_normal())), 1.3))
    has_capacity = provision.capacity[rank] > 0
    base = place.base + WORD[place.level][0].removesuffix("城")
    return {
        "kind": provision.code,
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
    random: np.random.Generator, settled: Settled, spots: Sequence[FloatArray]
) -> dict[str, object]:
    """Put the one exit of an expressway beside the largest town but the county seat."""
    towns = settled.places[1 : len(settled.township_names)]
    largest = max(towns, key=lambda place: (place.residents, place.code))
    near = spots[settled.places.index(largest)]
    return _facility(random, SERVICES["expressway_access"], largest, near[-1], 1)


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
    unknown = frame["capacity"].notna() & (random.random(len(frame)) < 0.05)
    frame.loc[unknown, "capacity"] = np.nan
    frame.loc[unknown, "in_use"] = np.nan
    return frame
