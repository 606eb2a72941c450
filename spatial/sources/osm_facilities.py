"""Facilities of OpenStreetMap: every element that the vocabulary of services knows, as a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.sources.osm_shapes import centroids, element_frame, shapes, tag_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

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


def read_facilities(
    elements: Sequence[Element], areas: Mapping[str, str], *, vocabulary: Vocabulary
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """
    Find the facilities.

    Parameters
    ----------
    elements : sequence of Element
        Tagged nodes, ways and relations.
    areas : mapping of str to str
        Multipolygons by id.
    vocabulary : Vocabulary
        Which tags mean which service.

    Returns
    -------
    tuple of GeoDataFrame and list of str
        facility_id, service, capacity and load (NaN: OpenStreetMap does not say in which unit), status, names and
        tags; centroids in EPSG:4326; an element that offers several services has a row for each, its id followed by
        ``/service``. The list names elements that are not placed, since nothing of them is in the file.
    """
    offers = [
        _Offer(element, service, len(services) == 1)
        for element in elements
        for services in [vocabulary.match(element.tags)]
        for service in services
    ]
    found = [offer.element for offer in offers]
    points = centroids(shapes(found, areas))
    missing = np.array([point is None for point in points], dtype=bool)
    if missing.any():
        by_id = {element.id: element for element in elements}
        for row in np.flatnonzero(missing):
            points[row] = _among_members(found[row], by_id, areas)
    placed = [row for row, point in enumerate(points) if point is not None and not point.is_empty]
    lost = sorted({offers[row].id for row in range(len(offers))} - {offers[row].id for row in placed})
    offers, found = [offers[row] for row in placed], [found[row] for row in placed]
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
    return element_frame(found, points[placed], columns), lost


def _among_members(element: Element, by_id: Mapping[str, Element], areas: Mapping[str, str]) -> object:
    """Middle of the tagged members of a relation that is no area, such as a site; None without any."""
    members = [by_id[name] for kind, number in element.members if (name := f"{kind}{number}") in by_id]
    points = [
        point for point in centroids(shapes(members, areas)) if point is not None and not point.is_empty
    ]
    if not points:
        return None
    middle = np.mean([(point.x, point.y) for point in points], axis=0)
    return type(points[0])(middle)
