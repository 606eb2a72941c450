"""Facilities of OpenStreetMap: every element that the vocabulary of services knows, as a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.crs import WGS84
from spatial.sources.osm_shapes import centroids, element_frame, shapes, tag_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from spatial.sources.osm_elements import Element
    from spatial.sources.services import Vocabulary

__all__ = ["read_facilities"]

GONE = ("disused", "abandoned")
"""Keys that, with ``yes``, say that an element no longer works."""


@dataclass(frozen=True)
class _Offer:
    """One service of one element."""

    element: Element
    service: str
    is_only: bool

    @property
    def id(self) -> str:
        return self.element.id if self.is_only else f"{self.element.id}/{self.service}"


class FoundFacilities(NamedTuple):
    """Facilities as points, the areas of those that have one by their id, and ids of those that have no place."""

    frame: gpd.GeoDataFrame
    outlines: gpd.GeoDataFrame
    unplaced: list[str]


def read_facilities(
    elements: Sequence[Element], areas: Mapping[str, str], *, vocabulary: Vocabulary
) -> FoundFacilities:
    """Find the facilities."""
    offers = [
        _Offer(element, service, len(services) == 1)
        for element in elements
        for services in [vocabulary.match(element.tags)]
        for service in services
    ]
    found = [offer.element for offer in offers]
    drawn = shapes(found, areas)
    points = centroids(drawn)
    missing = np.array([point is None for point in points], dtype=bool)
    if missing.any():
        by_id = {element.id: element for element in elements}
        for row in np.flatnonzero(missing):
            members = _members(found[row], by_id, areas)
            points[row] = _middle(members)
            drawn[row] = shapely.union_all(members) if len(members) else None
    placed = [row for row, point in enumerate(points) if point is not None and not point.is_empty]
    lost = sorted({offers[row].id for row in range(len(offers))} - {offers[row].id for row in placed})
    offers, found = [offers[row] for row in placed], [found[row] for row in placed]
    drawn = drawn[placed]
    gone = np.zeros(len(found), dtype=bool)
    for key in GONE:
        gone |= (tag_texts(found, key) == "yes").to_numpy(dtype=bool)
    columns: dict[str, pd.Series] = {
        "facility_id": pd.Series([offer.id for offer in offers], dtype="str"),
        "service": pd.Series([offer.service for offer in offers], dtype="str"),
        "capacity": pd.Series(np.nan, index=range(len(offers)), dtype="float64"),
        "load": pd.Series(np.nan, index=range(len(offers)), dtype="float64"),
        "status": pd.Series(np.where(gone, "closed", "existing"), dtype="str"),
    }
    is_area = (shapely.get_dimensions(drawn) == 2) | np.array(
        [offer.element.kind == "r" for offer in offers], dtype=bool
    )
    outlines = gpd.GeoDataFrame(
        {"facility_id": columns["facility_id"][is_area].reset_index(drop=True)},
        geometry=gpd.GeoSeries(drawn[is_area], crs=WGS84),
    )
    return FoundFacilities(element_frame(found, points[placed], columns), outlines, lost)


def _members(element: Element, by_id: Mapping[str, Element], areas: Mapping[str, str]) -> NDArray[np.object_]:
    """Shapes of the tagged members of a relation that is no area, such as a site."""
    members = [by_id[name] for kind, number in element.members if (name := f"{kind}{number}") in by_id]
    drawn = shapes(members, areas)
    return drawn[~(shapely.is_missing(drawn) | shapely.is_empty(drawn))]


def _middle(members: NDArray[np.object_]) -> object:
    """Mean of the members' middles; None without any."""
    if not len(members):
        return None
    points = centroids(members)
    return shapely.Point(np.mean(shapely.get_coordinates(points), axis=0))
