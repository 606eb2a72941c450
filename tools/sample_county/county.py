"""The whole sample county, drawn in one go from one seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tools.sample_county.crossings import bridge_water, join_crossings
from tools.sample_county.exchange import exchange
from tools.sample_county.ground import CELL_X_M, CELL_Y_M, COLUMNS, ROWS, cell_centres, cells_at
from tools.sample_county.growth import grow_roads
from tools.sample_county.lattice import Lattice
from tools.sample_county.provide import provide
from tools.sample_county.roadmap import draw_roads
from tools.sample_county.settle import settle
from tools.sample_county.sites import choose_sites
from tools.sample_county.spread import spread_people
from tools.sample_county.streets import StreetPlan, grow_streets
from tools.sample_county.tags import tag_roads
from tools.sample_county.terrain import make_terrain
from tools.sample_county.units import draw_arcs
from tools.sample_county.water import draw_water, river_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from tools.sample_county.roadmap import RoadMap
    from tools.sample_county.settle import Place, Settled
    from tools.sample_county.terrain import Terrain
    from tools.sample_county.units import Arc
    from tools.sample_county.water import Water

    FloatArray = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["SAMPLE_SEED", "County", "draw_county"]

SAMPLE_SEED = 20260101
"""The seed of the county that `spatial demo` shows."""
LEAST_VILLAGES, MOST_VILLAGES = 40, 900

STREAM_KM2 = 5.0
"""Catchment of streams that roads rather follow than cross."""
BROOK_KM2 = 12.0
"""Catchment of streams that streets end at."""
STREETS_M = {"county_seat": 1.05, "zhen": 1.15, "xiang": 1.15, "village": 0.85}
"""Metres of street a resident."""
LANES = {"track": "track", "none": "path"}
"""What the streets of places without a road are."""
DENSITY = {"county_seat": 0.0085, "zhen": 0.0048, "xiang": 0.0040, "village": 0.0026}
"""Residents a square metre of built-up ground."""
STREET_BOUNDS_M = (120.0, 90_000.0)
TOO_STEEP = 0.42
"""Slope beyond which nobody lays a street."""
ASIDE_M, SPREAD = 40.0, 0.7
"""How far a settlement's point lies from the road: median, and standard deviation of the logarithm."""


@dataclass(frozen=True, eq=False)
class County:
    """Everything that is written to files."""

    seed: int
    terrain: Terrain  # heights
    water: Water  # rivers
    arcs: list[Arc]  # boundaries
    roadmap: RoadMap  # roads with their tags
    settled: Settled  # settlements and townships
    points: FloatArray  # shape (settlements, 2), where settlements lie, metres
    facilities: pd.DataFrame  # with x and y in metres
    flows: pd.DataFrame  # between settlements
    population: FloatArray  # shape (ROWS, COLUMNS), persons a cell


def draw_county(*, seed: int = SAMPLE_SEED, villages: int = 400) -> County:
    """Draw a county; other places grow with its villages, and the same seed gives the same county."""
    for name, number in (("seed", seed), ("villages", villages)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ValueError(f"{name}: {number!r} is no whole number of 0 or more")
    if not LEAST_VILLAGES <= villages <= MOST_VILLAGES:
        raise ValueError(f"villages: {villages} is not from {LEAST_VILLAGES} to {MOST_VILLAGES}")
    chance = [np.random.default_rng([seed, part]) for part in range(10)]
    terrain = make_terrain(chance[0])
    lattice = Lattice(ROWS, COLUMNS, CELL_X_M, CELL_Y_M)
    river = river_cells(terrain)
    sites = choose_sites(chance[1], terrain, lattice, ~river, villages)
    stream = river_cells(terrain, least_km2=STREAM_KM2)
    roads = grow_roads(chance[2], terrain, lattice, sites, river=river, stream=stream)
    settled = settle(chance[3], sites, roads)
    roadmap, nodes = draw_roads(chance[4], roads.steps, set(settled.cells.tolist()))
    join_crossings(roadmap)
    middles = [roadmap.points[nodes[cell]] if cell in nodes else _middle(cell) for cell in settled.cells.tolist()]
    buildable = _buildable(terrain, river_cells(terrain, least_km2=BROOK_KM2))
    _lay_streets(chance[5], roadmap, settled, middles, buildable)
    spots = _spots(roadmap, settled, middles)
    water = draw_water(terrain)
    bridge_water(roadmap, water)
    tag_roads(chance[6], roadmap)
    frame = settled.frame
    return County(
        seed=seed,
        terrain=terrain,
        water=water,
        arcs=draw_arcs(sites.township),
        roadmap=roadmap,
        settled=settled,
        points=_aside(chance[7], np.array(middles), river),
        facilities=provide(chance[8], settled, spots),
        flows=exchange(chance[9], settled),
        population=spread_people(
            np.random.default_rng([seed, 10]),
            settled.cells,
            frame["level"].tolist(),
            frame["resident"].to_numpy(dtype=np.float64),
            slope=terrain.slope,
            dry=~river,
        ),
    )


def _middle(cell: int) -> tuple[float, float]:
    x, y = cell_centres(np.array([cell]))[0].tolist()
    return x, y


def _buildable(terrain: Terrain, wet: Mask) -> Callable[[float, float], bool]:
    fit = (terrain.slope.ravel() < TOO_STEEP) & ~wet

    def answer(x: float, y: float) -> bool:
        return bool(fit[cells_at(np.array([x, y]))])

    return answer


def _radius_m(place: Place) -> float:
    """Radius of a settlement that packs its people as densely as others of its kind."""
    return max(130.0, math.sqrt(place.residents / DENSITY[place.level] / math.pi))


def _lay_streets(
    random: np.random.Generator,
    roadmap: RoadMap,
    settled: Settled,
    middles: list[tuple[float, float]],
    buildable: Callable[[float, float], bool],
) -> None:
    for here, middle in zip(settled.places, middles, strict=True):
        wanted = STREETS_M[here.level] * here.residents * float(np.exp(0.35 * random.standard_normal()))
        budget = float(np.clip(wanted, *STREET_BOUNDS_M))
        grow_streets(
            random,
            roadmap,
            StreetPlan(middle, _radius_m(here), budget, LANES.get(here.road_access, "residential")),
            buildable,
        )


def _spots(roadmap: RoadMap, settled: Settled, middles: list[tuple[float, float]]) -> list[FloatArray]:
    spots = []
    for here, middle in zip(settled.places, middles, strict=True):
        near = roadmap.nodes_near(middle, _radius_m(here))
        spots.append(np.array([roadmap.points[node] for node in near] or [middle]))
    return spots


def _aside(random: np.random.Generator, middles: FloatArray, river: Mask) -> FloatArray:
    away = ASIDE_M * np.exp(SPREAD * random.standard_normal(len(middles)))
    angle = random.uniform(0.0, 2 * np.pi, len(middles))
    shift: FloatArray = np.minimum(away, 150.0)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    wet = river[cells_at(middles + shift)]
    return np.where(wet[:, None], middles, middles + shift)
