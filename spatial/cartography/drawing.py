"""The ground of small maps that pages draw themselves: land, roads, townships, seats, and points on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from spatial.cartography.basemap import METRES_A_DEGREE, ground, pack_points
from spatial.cartography.document import codes, pack
from spatial.cartography.gap_map import relief_shown
from spatial.cartography.page_data import once, shown_bounds
from spatial.crs import WGS84
from spatial.reporting.names import names_of
from spatial.reporting.plans import unit_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from spatial.cartography.page_data import PageBook, Rows

MAP_PX = 1200
"""Lines of the ground may leave the true ones by one part in so many of the map's width."""


def drawn_ground(
    book: PageBook, rows: Rows, points: Mapping[str, gpd.GeoDataFrame], *, closer: float = 1.0
) -> dict[str, Any]:
    """
    Gather what a small map is drawn from.

    Parameters
    ----------
    book, rows : PageBook, Rows
        The study, and the settlements that the map shows.
    points : mapping of str to GeoDataFrame
        Points by their level, with a column `township` (the id of theirs).
    closer : float
        So many times larger than the whole study parts of it are drawn; then with minor roads.
    """
    shared: dict[str, Any] = once(book.kept, ("drawn ground", closer), lambda: _ground(book, rows, closer))
    known = sorted(set().union(*(frame["township"].dropna() for frame in points.values())))
    names = unit_names(book.tables)
    return shared | {
        "townships": [names.get(str(unit), {}) for unit in known],
        "township_ids": known,
        "points": {
            level: {**pack_points(frame.geometry), "township": pack(codes(frame["township"], known), "i4")}
            for level, frame in points.items()
        },
    }


def _ground(book: PageBook, rows: Rows, closer: float) -> dict[str, Any]:
    bounds = shown_bounds(book, rows)
    (south, west), (north, east) = bounds
    tolerance_m = METRES_A_DEGREE * max(north - south, east - west) / MAP_PX / closer
    seats = rows.settlements.loc[rows.settlements["tier"] == "county_seat"]
    places = shapely.get_coordinates(seats.geometry.to_crs(WGS84).to_numpy())
    return {
        "middle": [round((south + north) / 2, 5), round((west + east) / 2, 5)],
        "bounds": bounds,
        # A small map has no room for the numbers of roads.
        "base": [
            group
            for group in ground(book.tables, tolerance_m=round(tolerance_m, 1), minor=closer > 1.0)
            if "lines" in group
        ],
        "relief": relief_shown(book, rows),
        "seats": [
            {"at": np.round(at, 5).tolist(), "names": names_of(row)}
            for at, row in zip(places, pd.DataFrame(seats).to_dict("records"), strict=True)
        ],
    }
