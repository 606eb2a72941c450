"""The countries that points lie in, roughly: what a study there usually says, for proposals alone."""

from __future__ import annotations

import functools
import importlib.resources
import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from spatial.plain_text import shipped_toml

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MARGIN_DEGREES = 0.2
"""How far outlines may be off: points that are nearer to a border may lie on either side of it."""
LEAST_SHARE = 0.1
"""A country counts where at least this share of the points may lie in it."""


class Country(NamedTuple):
    """What a study in a country usually says; None where it is not known."""

    code: str  # of ISO 3166, such as ``"CN"``
    county_level: int | None  # of boundaries in OpenStreetMap
    township_level: int | None
    speeds: str  # preset


class _Outlines(NamedTuple):
    """The outlines of all countries, in degrees, and a tree to find them by."""

    codes: tuple[str, ...]
    tree: shapely.STRtree


def countries_at(longitude: ArrayLike, latitude: ArrayLike) -> tuple[Country, ...]:
    """
    List the countries that points may lie in, the one that holds most of them first.

    There are several where a border is near, and where several states hold or claim the area.

    >>> [one.code for one in countries_at([104.2, 104.3], [28.5, 28.6])]
    ['CN']
    >>> [one.code for one in countries_at([7.6], [47.6])], countries_at([-30.0], [0.0])
    (['DE', 'CH', 'FR'], ())
    """
    codes, tree = _outlines()
    points = np.asarray(shapely.points(np.atleast_1d(longitude), np.atleast_1d(latitude)))
    near, inside = (
        np.bincount(tree.query(points, predicate="dwithin", distance=away)[1], minlength=len(codes))
        for away in (MARGIN_DEGREES, 0.0)
    )
    found = np.flatnonzero(near >= max(LEAST_SHARE * len(points), 1.0))
    ranked = [codes[at] for at in sorted(found, key=lambda at: (-inside[at], -near[at], codes[at]))]
    for area in shipped_toml("georef/countries.toml")["several"].values():
        if shapely.intersects(shapely.box(*area["box"]), points).mean() >= LEAST_SHARE:
            ranked += area["codes"]
    return tuple(country_named(code) for code in dict.fromkeys(ranked))


def country_named(code: str) -> Country:
    """Tell what a study in a country usually says."""
    told = shipped_toml("georef/countries.toml").get(code, {})
    return Country(code, told.get("county_level"), told.get("township_level"), told.get("speeds", "osrm_like"))


@functools.cache
def _outlines() -> _Outlines:
    """Draw the outlines; a ring is its first point, then steps, in hundredths of a degree."""
    file = importlib.resources.files("spatial.georef") / "country_outlines.json"
    told: dict[str, list[list[list[int]]]] = json.loads(file.read_text(encoding="utf-8"))
    drawn = []
    for areas in told.values():
        rings = [[np.cumsum(np.reshape(ring, (-1, 2)), axis=0) / 100.0 for ring in area] for area in areas]
        whole = shapely.union_all(shapely.make_valid([shapely.Polygon(ring[0], ring[1:]) for ring in rings]))
        shapely.prepare(whole)
        drawn.append(whole)
    return _Outlines(tuple(told), shapely.STRtree(drawn))
