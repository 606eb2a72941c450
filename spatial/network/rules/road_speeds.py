"""How fast each road is, and whether it can be used all the year, by the speed table."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spatial.network.rules.access_rules import known_classes
from spatial.network.rules.speeds import load_speeds
from spatial.network.rules.tags import class_values, classes_of, members, number_values, tag_values
from spatial.network.rules.widths import widths_of_roads

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from spatial.network.rules.speeds import ModeSpeeds, SpeedTable
    from spatial.sources.road_lines import RoadLines

__all__ = [
    "RoadSpeeds",
    "all_season_of_roads",
    "has_any",
    "parse_maxspeed",
    "speeds_of_roads",
    "unknown_classes",
]

_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|kmph|mph|knots|knot)?$")
_PART_OF_THE_YEAR = ("seasonal", "winter_road", "ice_road")
"""Tags of roads that are not there all the year, whatever their value but no."""
_ZONE = re.compile(r"^[a-z]{2}(?:-[a-z]+)?:([a-z_]+)$")


@dataclass(frozen=True, eq=False)
class RoadSpeeds:
    """Speeds of a frame of roads, one value a road."""

    forward_km_h: NDArray[np.float64]  # effective speed; 0 where the road is impassable
    backward_km_h: NDArray[np.float64]
    source: NDArray[np.object_]  # ``"stated"``, ``"maxspeed"`` or ``"class"``
    unreadable: NDArray[np.bool_]  # where a limit is tagged that cannot be read
    too_narrow: NDArray[np.bool_]  # where the road is narrower than the mode needs; its speed is 0
    # where a width that caps the speed or closes the road comes from the class
    width_imputed: NDArray[np.bool_]


def parse_maxspeed(text: str, table: SpeedTable | None = None) -> float:
    """
    Read a tagged speed limit.

    Returns km/h; NaN where nothing can be read.

    Examples
    --------
    >>> parse_maxspeed("30 mph")
    48.28032
    """
    rules = table or load_speeds()
    readable = [speed for speed in (_limit(part, rules) for part in members(text)) if speed > 0]
    return min(readable, default=math.nan)


def speeds_of_roads(
    roads: pd.DataFrame | RoadLines, table: SpeedTable, *, mode: str, speed_factor: float = 1.0
) -> RoadSpeeds:
    """
    Find the effective speed of every road.

    Returns one value a road; NaN on a class that is closed to the mode.
    """
    rules = table.modes[mode]
    by_class = class_values(roads).numbers(lambda kind: rules.classes.get(kind, math.nan))
    cap = _caps(roads, table, rules)
    widths = widths_of_roads(roads, table.widths)
    too_narrow = widths.width_m < rules.min_width_m
    cap = np.minimum(cap, table.widths.cap(widths.width_m)) if rules.uses_width else cap
    cap = np.where(too_narrow, 0.0, cap)
    slow = np.where(has_any(roads, "surface", table.all_season["unpaved"]), rules.unpaved_factor, 1.0)
    both, bad = _limits(roads, "maxspeed", table)
    speeds, tagged, unreadable = [], [], np.zeros(len(roads), dtype=bool)
    for direction in ("maxspeed_forward", "maxspeed_backward"):
        own, own_bad = _limits(roads, direction, table)
        limit = np.where(np.isnan(own), both, own)
        known = ~np.isnan(limit) & rules.uses_maxspeed
        base = np.where(known, table.maxspeed["share"] * limit, by_class)
        base = np.where(np.isnan(by_class), np.nan, base)
        speeds.append(np.minimum(base, cap) * slow * rules.factor * speed_factor)
        tagged.append(known)
        unreadable |= own_bad | bad
    stated = number_values(roads, "speed_km_h", above_zero=True)
    is_stated = ~np.isnan(stated) & rules.uses_maxspeed & ~too_narrow
    if is_stated.any():
        may_go = ~np.isnan(by_class)
        for rows in unknown_classes(roads, table).values():
            may_go |= rows
        is_stated &= may_go
        speeds = [np.where(is_stated, stated * speed_factor, each) for each in speeds]
    source = np.select([is_stated, tagged[0] | tagged[1]], ["stated", "maxspeed"], "class").astype(object)
    needs_width = rules.min_width_m > 0 or (rules.uses_width and len(table.widths.caps) > 0)
    return RoadSpeeds(
        speeds[0],
        speeds[1],
        source,
        unreadable & rules.uses_maxspeed & ~is_stated,
        too_narrow,
        widths.is_imputed & needs_width,
    )


def unknown_classes(roads: pd.DataFrame | RoadLines, table: SpeedTable) -> dict[str, NDArray[np.bool_]]:
    """Find the classes that neither a mode of the speed table nor OpenStreetMap knows."""
    known = known_classes().union(*(rules.classes for rules in table.modes.values()))
    kinds = class_values(roads)
    words = {word for text in kinds.texts for word in classes_of(text)} - known
    found = {word: kinds.fits(partial(_has_class, word)) for word in sorted(words)}
    return {word: rows for word, rows in found.items() if rows.any()}


def _has_class(word: str, text: str) -> bool:
    return word in classes_of(text)


def all_season_of_roads(roads: pd.DataFrame | RoadLines, table: SpeedTable) -> NDArray[np.object_]:
    """Tell which roads can be used all the year."""
    lists = table.all_season
    fails = np.zeros(len(roads), dtype=bool)
    for name in _PART_OF_THE_YEAR:
        tag = tag_values(roads, name)
        fails |= tag.is_tagged & ~tag.is_in(["no"])
    fails = fails | (
        has_any(roads, "surface", lists["surface_no"]) | has_any(roads, "smoothness", lists["smoothness_no"])
    )
    # Each member of a list must hold: a road is as good as its worst stretch.
    surfaces = tag_values(roads, "surface")
    holds = surfaces.has_any(lists["surface_yes"])
    holds &= surfaces.fits(lambda text: lists["surface_yes"].issuperset(members(text)))
    holds = holds | class_values(roads).is_in(lists["class_yes"])
    untagged = ~tag_values(roads, "surface").is_tagged
    holds = holds | (untagged & has_any(roads, "tracktype", lists["tracktype_yes"]))
    fails = fails | (untagged & has_any(roads, "tracktype", lists["tracktype_no"]))
    return np.select([fails, holds], ["no", "yes"], "unknown").astype(object)


def _limits(
    roads: pd.DataFrame | RoadLines, name: str, table: SpeedTable
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    tags = tag_values(roads, name)
    limits = tags.numbers(lambda text: parse_maxspeed(text, table))
    # Files without room for a blank write 0 where no limit is known.
    return limits, tags.is_tagged & np.isnan(limits) & ~tags.is_in(["0"])


def _caps(roads: pd.DataFrame | RoadLines, table: SpeedTable, rules: ModeSpeeds) -> NDArray[np.float64]:
    cap = np.full(len(roads), np.inf)
    if not rules.uses_caps:
        return cap
    for name, caps in (
        ("surface", table.surface_caps),
        ("smoothness", table.smoothness_caps),
        ("tracktype", table.tracktype_caps),
    ):
        lowest = tag_values(roads, name).numbers(partial(_lowest, caps))
        cap = np.fmin(cap, lowest)
    ungraded = class_values(roads).is_in(["track"]) & ~tag_values(roads, "tracktype").is_tagged
    return np.where(ungraded, np.minimum(cap, rules.ungraded_track), cap)


def _lowest(caps: Mapping[str, float], text: str) -> float:
    return min((caps[part] for part in members(text) if part in caps), default=math.inf)


def has_any(roads: pd.DataFrame | RoadLines, name: str, values: frozenset[str]) -> NDArray[np.bool_]:
    """Tell which roads are tagged with one of several values."""
    return tag_values(roads, name).has_any(values)


def _limit(part: str, table: SpeedTable) -> float:
    if part in {"none", "walk"}:
        return table.maxspeed[part]
    number = _NUMBER.match(part)
    if number:
        unit = (number[2] or "").rstrip("s")
        return float(number[1]) * {"mph": table.maxspeed["mph"], "knot": table.maxspeed["knots"]}.get(
            unit, 1.0
        )
    zone = _ZONE.match(part)
    if zone:
        return table.zones.get(part, table.zones.get(zone[1], math.nan))
    return math.nan
