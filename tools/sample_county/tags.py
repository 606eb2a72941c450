"""What mappers write on roads: names, numbers, surfaces on the few where anyone looked, seasons, one-way streets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.sample_county.names import COUNTY

if TYPE_CHECKING:
    import numpy as np

    from tools.sample_county.roadmap import RoadMap, Way

__all__ = ["tag_roads"]

SURFACE = {
    "trunk": (0.75, ("asphalt",)),
    "primary": (0.70, ("asphalt", "asphalt", "concrete")),
    "secondary": (0.38, ("asphalt", "concrete")),
    "tertiary": (0.20, ("concrete", "concrete", "asphalt")),
    "unclassified": (0.10, ("concrete", "concrete", "concrete", "gravel", "compacted")),
    "residential": (0.05, ("concrete", "concrete", "asphalt")),
    "service": (0.04, ("concrete",)),
    "track": (0.16, ("ground", "gravel", "dirt", "earth")),
    "path": (0.05, ("ground", "stone")),
}
"""Share of ways whose surface is tagged, and the surfaces found; nine tenths are untagged in reality."""
MAXSPEED = {
    "trunk": (0.6, ("60", "80")),
    "primary": (0.4, ("60",)),
    "secondary": (0.15, ("40",)),
    "residential": (0.01, ("30", "20")),
}
SEASONAL = {"unclassified": 0.03, "track": 0.15}
ONEWAY_SHARE, PRIVATE_SHARE = 0.025, 0.05
NUMBERS = {"trunk": "G547", "primary": "S308"}
NAMES = {
    "trunk": ("国道", "National Road"),
    "primary": ("省道", "Provincial Road"),
    "secondary": ("县道", "County Road"),
}


def tag_roads(random: np.random.Generator, roadmap: RoadMap) -> None:
    """Tag roads as mappers do."""
    for way in roadmap.ways:
        _tag_surface(random, way)
        _tag_use(random, way)
        _tag_name(way)


def _tag_surface(random: np.random.Generator, way: Way) -> None:
    share, surfaces = SURFACE[way.road_class]
    if random.random() < share:
        way.tags["surface"] = str(random.choice(surfaces))
    elif way.tags.get("ford") == "yes":
        way.tags["surface"] = "unpaved"
    if random.random() < SEASONAL.get(way.road_class, 0.0):
        way.tags["seasonal"] = "yes"
    if way.road_class == "track":
        if random.random() < 0.6:
            way.tags["tracktype"] = f"grade{int(random.choice([2, 3, 3, 4, 4, 5]))}"
        if random.random() < 0.04:
            way.tags["smoothness"] = str(random.choice(["bad", "very_bad"]))


def _tag_use(random: np.random.Generator, way: Way) -> None:
    share, speeds = MAXSPEED.get(way.road_class, (0.0, ("",)))
    if random.random() < share:
        way.tags["maxspeed"] = str(random.choice(speeds))
    if way.road_class == "residential" and random.random() < ONEWAY_SHARE:
        way.tags["oneway"] = "-1" if random.random() < 0.1 else "yes"
    if way.road_class == "service" and random.random() < PRIVATE_SHARE:
        way.tags["access"] = "private"


def _tag_name(way: Way) -> None:
    number = NUMBERS.get(way.road_class, "")
    if number:
        way.tags["ref"] = number
    if way.road_class in NAMES:
        chinese, english = NAMES[way.road_class]
        way.tags["name"] = f"{number or COUNTY.zh}{chinese}"
        way.tags["name:en"] = f"{english} {number}" if number else f"{COUNTY.en} {english}"
