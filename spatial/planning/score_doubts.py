"""Townships that a known issue of the sources names side by side, so that their ranks are not sure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

__all__ = ["doubted_units"]

SHORTEST = {True: 4, False: 2}
"""Letters that a name needs to be looked for in a text, in Latin letters and in others."""
_OTHER_SCRIPT = re.compile(r"[^\x00-\u024f]+")
_RUN = re.compile(r"[^\s\d()]+(?:\s+[^\s\d()]+)*")


def doubted_units(
    issues: Iterable[str], boundaries: pd.DataFrame | None, units: Sequence[str]
) -> list[dict[str, Any]]:
    """
    Find the units of study that a known issue names beside others, itself or by an area that holds them.

    Parameters
    ----------
    issues : iterable of str
        Known issues of the sources, as they are written.
    boundaries : DataFrame or None
        The table `boundaries`.
    units : sequence of str
        Ids of the units that are ranked.

    Returns
    -------
    list of dict
        For each issue that names two areas or more: `issue`, and `areas`, for each area the ids of its units. An area
        that holds every unit is none, as nothing is compared by it.

    Examples
    --------
    >>> areas = {"boundary_id": ["a", "b", "c"], "name": ["Alba", "Borga", "Cave"]}
    >>> table = gpd.GeoDataFrame(areas, geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]).buffer(0.1))
    >>> doubted_units(["Totals of Alba and Borga appear interchanged"], table, ["a", "b", "c"])[0]["areas"]
    [['a'], ['b']]
    """
    if not isinstance(boundaries, gpd.GeoDataFrame) or len(units) < 2:
        return []
    found = []
    for issue in dict.fromkeys(filter(None, issues)):
        areas = [area for area in _areas(issue, boundaries, units) if 0 < len(area) < len(units)]
        apart = [area for at, area in enumerate(areas) if not any(set(area) < set(other) for other in areas)
                 and area not in areas[:at]]  # fmt: skip
        if len(apart) > 1:
            found.append({"issue": issue, "areas": apart})
    return found


def _areas(issue: str, boundaries: gpd.GeoDataFrame, units: Sequence[str]) -> Iterator[list[str]]:
    """Give the units in each area that a text names."""
    own = boundaries.loc[boundaries["boundary_id"].isin(units)].sort_values("boundary_id", kind="stable")
    points = own.geometry.representative_point()
    ids = own["boundary_id"].astype(str)
    named = boundaries.filter(regex="^name").to_dict("records")
    for row, key, outline in zip(named, boundaries["boundary_id"], boundaries.geometry, strict=True):
        if any(_named(name, issue) for name in _names(row)):
            inside = ids.eq(str(key))
            if outline is not None and not outline.is_empty:
                inside |= points.within(outline)
            yield sorted(ids[inside])


def _names(row: Mapping[Any, object]) -> set[str]:
    """Names of a row, and where letters of two scripts stand in one, the part in each."""
    texts = {value for value in row.values() if isinstance(value, str) and value}
    parts = {part.group() for text in texts for part in _RUN.finditer(_OTHER_SCRIPT.sub(" ", text))}
    return {name.strip() for name in texts | parts if len(name.strip()) >= SHORTEST[_latin(name)]}


def _latin(text: str) -> bool:
    return _OTHER_SCRIPT.search(text) is None


def _named(name: str, text: str) -> bool:
    if _latin(name):
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
    return name in text
