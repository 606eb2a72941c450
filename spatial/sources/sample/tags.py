"""What mappers write on roads: names, numbers, surfaces on the few where anyone looked, seasons, one-way streets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.sources.sample.names import COUNTY

if TYPE_CHECKING:
    import numpy as np

    from spatial.sources.sample.roadmap import RoadMap

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
"""Share of ways whose surface is tagged, and the surfaces found; four fifths to nine tenths are not tagged in reality."""
MAXSPEED = {"trunk": (0.6, ("60", "80")), "primary": (0.4, ("60",)), "secondary": (0.15, ("40",)), "residential": (0.01, ("30", "20"))}
SEASONAL = {"unclassified": 0.03, "track": 0.15}
ONEWAY_SHARE = 0.025
NUMBERS = {"trunk": "G547", "primary": "S308"}
NAMES = {"trunk": ("国道", "National Road"), "primary": ("省道", "Provincial Road"), "secondary": ("县道", "County Road")}


def tag_roads(random: np.random.Generator, roadmap: RoadMap) -> None:
    """
    Tag roads as mappers do.

    Parameters
    ----------
    random : Generator
        Where chance comes from.
    roadmap : RoadMap
        Its ways get tags.
    """
    for way in roadmap.ways:
        kind, tags = way.road_class, way.tags
        share, surfaces = SURFACE[kind]
        if random.random() < share:
            tags["surface"] = str(random.choice(surfaces))
        elif tags.get("ford") == "yes":
            tags["surface"] = "unpaved"
        share, speeds = MAXSPEED.get(kind, (0.0, ("",)))
        if random.random() < share:
            tags["maxspeed"] = str(random.choice(speeds))
        if random.random() < SEASONAL.get(kind, 0.0):
            tags["seasonal"] = "yes"
        if kind == "track" and random.random() < 0.6:
            tags["tracktype"] = f"grade{int(random.choice([2, 3, 3, 4, 4, 5]))}"
        if kind == "track" and random.random() < 0.04:
            tags["smoothness"] = str(random.choice(["bad", "very_bad"]))
        if kind == "residential" and random.random() < ONEWAY_SHARE:
            tags["oneway"] = "-1" if random.random() < 0.1 else "yes"
        if kind == "service" and random.random() < 0.05:
            tags["access"] = "private"
        if kind in NUMBERS:
            tags["ref"] = NUMBERS[kind]
        if kind in NAMES:
            chinese, english = NAMES[kind]
            number = NUMBERS.get(kind, "")
            tags["name"] = f"{number}{chinese}" if number else f"{COUNTY.zh}{chinese}"
            tags["name:en"] = f"{english} {number}" if number else f"{COUNTY.en} {english}"
