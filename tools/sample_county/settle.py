"""The table of settlements, as a county's civil affairs office keeps it: own columns, own codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tools.sample_county.ground import cell_centres
from tools.sample_county.names import COUNTY, NEIGHBOUR, draw_names
from tools.sample_county.people import count_people
from tools.sample_county.sites import OUTSIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tools.sample_county.growth import Roads
    from tools.sample_county.names import Name
    from tools.sample_county.sites import Sites

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["COUNTY_CODE", "Place", "Settled", "settle"]

COUNTY_CODE, NEIGHBOUR_CODE = "519900", "519901"
"""Codes that no county of China has."""
REPEATED_NAMES = 0.035
"""Villages that bear the name of another one."""
XIANG_SHARE = 0.4
"""Townships whose seat is no town by the official classification."""
WORD = {
    "county_seat": ("县城", "County Seat"),
    "zhen": ("镇", "Town"),
    "xiang": ("乡", "Township"),
    "village": ("村", "Village"),
}
OFFICIAL = {"county_seat": "111", "zhen": "121", "xiang": "210", "village": "220"}
"""Urban-rural code of the statistical offices: 1xx urban, 2xx rural."""
TOWN_FRINGE_M, FRINGE = 1_300.0, "122"
"""A village this near to the middle of a town is part of it by the official classification."""


@dataclass(frozen=True)
class Place:
    """A settlement, as far as streets and facilities ask."""

    code: str  # its id
    base: str  # its name without the word for what it is, in Chinese and in pinyin
    base_en: str
    level: str  # county_seat, zhen, xiang or village
    residents: int  # people
    road_access: str  # road, track, none or pocket


@dataclass(frozen=True, eq=False)
class Settled:
    """Settlements and townships with their names."""

    frame: pd.DataFrame  # A row a settlement: code, names, level, township, numbers of people
    places: tuple[Place, ...]  # the same settlements, along the frame
    cells: IntArray  # their cells, along the frame
    township_names: tuple[Name, ...]  # along the townships
    township_kinds: tuple[str, ...]  # county_seat, zhen or xiang


def settle(random: np.random.Generator, sites: Sites, roads: Roads) -> Settled:
    """Name settlements, number them and count their people."""
    built = {cell for step in roads.steps for cell in step}
    outer_towns = np.array([cell for cell in sites.outer_towns.tolist() if cell in built], dtype=np.int64)
    cells = np.concatenate([sites.towns, sites.villages, outer_towns, sites.outer_villages])
    towns, villages = len(sites.towns), len(sites.villages)
    kinds = ["county_seat", *_kinds(random, towns - 1), *["village"] * villages]
    kinds += ["zhen"] * len(outer_towns) + ["village"] * len(sites.outer_villages)
    township = np.concatenate([np.arange(towns), sites.township[cells[towns:]]])
    connection = [roads.connection.get(cell, "road") for cell in cells.tolist()]
    names = draw_names(random, len(cells), repeats=round(villages * REPEATED_NAMES))
    names = _shuffle_villages(random, names, towns)
    names[0] = COUNTY
    frame = pd.DataFrame(
        {
            "code": _codes(kinds, township),
            "name": [f"{name.zh}{WORD[kind][0]}" for name, kind in zip(names, kinds, strict=True)],
            "pinyin": [f"{name.en} {WORD[kind][1]}" for name, kind in zip(names, kinds, strict=True)],
            "level": kinds,
            "ur_code": _official(kinds, cells, sites),
            "county": [COUNTY.zh if number != OUTSIDE else NEIGHBOUR.zh for number in township],
            "town": [names[number].zh if number != OUTSIDE else "" for number in township],
            "road_access": connection,
        }
    )
    frame = pd.concat([frame, count_people(random, kinds, connection)], axis="columns")
    places = tuple(
        Place(*fields)
        for fields in zip(
            frame["code"].tolist(),
            [name.zh for name in names],
            [name.en for name in names],
            kinds,
            frame["resident"].tolist(),
            connection,
            strict=True,
        )
    )
    return Settled(frame, places, cells, tuple(names[:towns]), tuple(kinds[:towns]))


def _kinds(random: np.random.Generator, count: int) -> list[str]:
    xiang = set(random.permutation(count)[: round(count * XIANG_SHARE)].tolist())
    return ["xiang" if number in xiang else "zhen" for number in range(count)]


def _shuffle_villages(random: np.random.Generator, names: list[Name], towns: int) -> list[Name]:
    order = random.permutation(len(names) - towns) + towns
    return names[:towns] + [names[place] for place in order.tolist()]


def _codes(kinds: list[str], township: IntArray) -> list[str]:
    """Twelve digits as in the statistical code: county 6, township 3, village 3."""
    serial: dict[int, int] = {}
    codes = []
    for kind, number in zip(kinds, township.tolist(), strict=True):
        if number == OUTSIDE:
            serial[number] = serial.get(number, 0) + 1
            codes.append(f"{NEIGHBOUR_CODE}100{serial[number]:03d}")
        elif kind != "village":
            codes.append(f"{COUNTY_CODE}{100 + number:03d}001")
        else:
            serial[number] = serial.get(number, 200) + 1
            codes.append(f"{COUNTY_CODE}{100 + number:03d}{serial[number]:03d}")
    return codes


def _official(kinds: list[str], cells: IntArray, sites: Sites) -> list[str]:
    places, towns = cell_centres(cells), cell_centres(sites.towns)
    nearest = np.argmin(((places[:, None] - towns[None]) ** 2).sum(axis=2), axis=1)
    away = np.hypot(*(places - towns[nearest]).T)
    seats = [OFFICIAL[kinds[number]] for number in nearest.tolist()]
    return [
        FRINGE if kind == "village" and near < TOWN_FRINGE_M and seat.startswith("1") else OFFICIAL[kind]
        for kind, near, seat in zip(kinds, away.tolist(), seats, strict=True)
    ]
