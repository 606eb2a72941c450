"""Settlements of OpenStreetMap: place nodes as they are, and areas that hold no place node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from spatial.sources.findings import Finding
from spatial.sources.osm_shapes import element_frame, shapes, tag_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from spatial.sources.osm_elements import Element
    from spatial.study import Tiers

__all__ = ["assign_tiers", "places_unread", "read_places", "read_population_tag"]

_OFTEN = {
    "city": "city",
    "borough": "town",
    "municipality": "town",
    "town": "town",
    "suburb": "village",
    "quarter": "village",
    "neighbourhood": "village",
    "village": "village",
    "hamlet": "village",
}
"""Values of ``place`` where people live together, and the tier that asks least of each: a suburb is no destination."""

_SELDOM = ("isolated_dwelling", "farm", "allotments", "locality")
"""Values that name single houses or ground: proposed where nothing else is tagged."""

_COUNT = re.compile(r"\d+|\d{1,3}([ \u00a0\u202f,'\u2019]\d{3})+", re.ASCII)


def read_places(
    elements: Sequence[Element], areas: Mapping[str, str], *, words: Collection[str]
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Find the settlements."""
    places = [element for element in elements if element.tags.get("place") in words]
    geometry = shapes(places, areas)
    kept, findings = _without_named_areas(places, geometry)
    places, geometry = [places[i] for i in kept], geometry[kept]
    points = np.where(shapely.get_dimensions(geometry) == 0, geometry, shapely.point_on_surface(geometry))
    persons = []
    for element, point in zip(places, points, strict=True):
        number = read_population_tag(element.tags.get("population"))
        if np.isnan(number) and "population" in element.tags:
            text = element.tags["population"]
            findings.append(
                Finding("unreadable_population", element.id, f"population tag {text!r} is no number", point)
            )
        persons.append(number)
    population = pd.Series(persons, dtype="float64")
    columns = {
        "settlement_id": pd.Series([element.id for element in places], dtype="str"),
        "place": tag_texts(places, "place"),
        "population_persons": population,
        "population_source": pd.Series(np.where(population.notna(), "tag", "none"), dtype="str"),
    }
    return element_frame(places, points, columns), findings


def _without_named_areas(
    places: Sequence[Element], geometry: NDArray[np.object_]
) -> tuple[NDArray[np.intp], list[Finding]]:
    """Rows of nodes, and of areas that hold no place node; the other areas as findings."""
    is_node = np.array([element.kind == "n" for element in places], dtype=bool)
    nodes = np.flatnonzero(is_node)
    is_area = shapely.get_dimensions(geometry) == 2
    others = np.flatnonzero(is_area)
    tree = shapely.STRtree(geometry[nodes])
    area, node = tree.query(geometry[others], predicate="intersects")
    held = {int(others[a]): int(nodes[n]) for a, n in zip(area[::-1], node[::-1], strict=True)}
    findings = [
        Finding(
            "place_area",
            places[row].id,
            "the area of a place that a node stands for",
            shapely.point_on_surface(geometry[row]),
            other=places[by].id,
        )
        for row, by in held.items()
    ]
    kept = is_node | (is_area & ~np.isin(np.arange(len(places)), list(held)))
    return np.flatnonzero(kept), findings


def read_population_tag(text: str | None) -> float:
    """
    Read a population tag.

    Returns persons; NaN where untagged, or where it is no whole number. Thousands may be set apart.

    Examples
    --------
    >>> read_population_tag("12 345"), read_population_tag("1000 à 3000")
    (12345.0, nan)
    """
    if text is None or not _COUNT.fullmatch(text.strip()):
        return float("nan")
    return float(re.sub(r"\D", "", text))


def places_unread(counts: pd.DataFrame, tiers: Tiers) -> tuple[int, str]:
    """
    Say which place tags of an extract no tier reads, and what would read them.

    Returns how many places where people live together are left out; all place tags that are left out with
    their numbers, and the lines of ``[tiers]`` that read them.
    """
    read = {*tiers.city, *tiers.county_seat, *tiers.town, *tiers.village}
    found: dict[str, int] = {}
    for item, number in zip(counts["item"].astype(str), counts["number"], strict=True):
        key, _, value = item.partition("=")
        word = value.removesuffix(" (areas)")
        if key == "place" and word not in read:
            found[word] = found.get(word, 0) + int(number)
    if not found:
        return 0, "no place tag that [tiers] leaves out is in it"
    most = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    told = f"place tags that [tiers] leaves out: {', '.join(f'{number:,} {word}' for word, number in most)}"
    wanted = [word for word, _ in most if word in _OFTEN] or [word for word, _ in most if word in _SELDOM]
    lines = []
    for tier in ("city", "town", "village"):
        words = [word for word in wanted if _OFTEN.get(word, "village") == tier]
        if words:
            listed = ", ".join(f'"{word}"' for word in dict.fromkeys([*getattr(tiers, tier), *words]))
            lines.append(f"{tier} = [{listed}]")
    if not lines:
        return 0, told
    read_by = "\n".join(("[tiers]", *lines))
    return sum(found[word] for word in wanted if word in _OFTEN), f"{told}; these lines read them:\n{read_by}"


def assign_tiers(places: gpd.GeoDataFrame, tiers: Tiers) -> gpd.GeoDataFrame:
    """Decide the tier of every settlement."""
    words = {
        word: tier for tier in ("village", "town", "county_seat", "city") for word in getattr(tiers, tier)
    }
    tier = places["tier"] if "tier" in places.columns else places["place"].map(words)
    seat = np.zeros(len(places), dtype=bool)
    for column in ("name", "name_en", "name_zh"):
        if column in places.columns:
            seat |= places[column].isin(tiers.county_seat).to_numpy(dtype=bool)
    return places.assign(tier=pd.Series(np.where(seat, "county_seat", tier), index=places.index, dtype="str"))
