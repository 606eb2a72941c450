"""The country that points lie in, roughly: what a study there usually says, for proposals alone."""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST = 0.9
"""A country is named where at least this share of the points lies in it."""


class Country(NamedTuple):
    """What a study in a country usually says."""

    code: str  # of ISO 3166, such as ``"CN"``
    county_level: int  # of boundaries in OpenStreetMap
    township_level: int
    speeds: str  # preset
    outline: shapely.Geometry  # in degrees, within some tens of kilometres


@functools.cache
def countries() -> tuple[Country, ...]:
    """List the countries that are known."""
    file = importlib.resources.files("spatial.georef") / "countries.toml"
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(
        Country(code, item["county_level"], item["township_level"], item["speeds"], shapely.Polygon(item["outline"]))
        for code, item in told.items()
    )


def country_of(longitude: ArrayLike, latitude: ArrayLike) -> Country | None:
    """
    Tell the country that most points lie in; None where it is none of those that are known.

    Examples
    --------
    >>> country_of([104.2], [28.5]).code, country_of([0.0], [0.0])
    ('CN', None)
    """
    points = shapely.points(np.atleast_1d(longitude), np.atleast_1d(latitude))
    return next((one for one in countries() if shapely.intersects(one.outline, points).mean() >= MOST), None)
