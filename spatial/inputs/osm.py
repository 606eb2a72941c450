"""OpenStreetMap extracts as frames: settlements, facilities, roads, boundaries and water, with counts to check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from spatial.crs import WGS84
from spatial.formats.notes import findings_frame
from spatial.inputs.osm_elements import COUNTED, refuse_packed, scan_osm, scan_roads
from spatial.inputs.osm_features import read_boundaries, read_facilities, read_places, read_slopes, read_water
from spatial.inputs.osm_roads import read_roads
from spatial.inputs.services import Vocabulary, load_services
from spatial.study.sources import MAX_UNPACKED_TIMES

if TYPE_CHECKING:
    from collections.abc import Collection

    import geopandas as gpd

    from spatial.inputs.road_tags import RoadLines


SETTLEMENT_WORDS = ("city", "town", "village", "hamlet")
"""Values of ``place`` that are settlements, where a study does not say otherwise."""

BASE_KEYS = ("amenity", "boundary", "highway", "landuse", "natural", "piste:type", "place", "route", "shop", "waterway")
"""Keys that are read whatever the vocabulary asks for."""


@dataclass(frozen=True, eq=False)
class OsmExtract:
    """What an extract holds, in EPSG:4326."""

    places: gpd.GeoDataFrame  # settlements as points; see `osm_features.read_places`
    facilities: gpd.GeoDataFrame  # as tagged, nothing merged; see `osm_features.read_facilities`
    roads: gpd.GeoDataFrame  # roads and ferries; see `osm_roads.read_roads`
    boundaries: gpd.GeoDataFrame  # administrative areas; see `osm_features.read_boundaries`
    water: gpd.GeoDataFrame  # coastlines, watercourses and standing water; see `osm_features.read_water`
    counts: pd.DataFrame  # item and number: what the file holds, before anything was merged or left out
    findings: gpd.GeoDataFrame  # what a person should look at
    # areas of the facilities that are mapped as such, and of sites by their members, by `facility_id`
    outlines: gpd.GeoDataFrame
    slopes: gpd.GeoSeries  # areas of winter sports, where nothing is likely to stand


def read_osm(
    path: str | Path,
    *,
    vocabulary: Vocabulary | None = None,
    place_words: Collection[str] = SETTLEMENT_WORDS,
    max_unpacked_times: float = MAX_UNPACKED_TIMES,
) -> OsmExtract:
    """Read an OpenStreetMap extract."""
    refuse_packed(Path(path), max_unpacked_times)
    words = load_services() if vocabulary is None else vocabulary
    scan = scan_osm(Path(path), keys={*BASE_KEYS, *words.tag_keys})
    elements = scan.elements
    places, findings = read_places(elements, scan.areas, words=place_words)
    facilities, outlines, unplaced = read_facilities(elements, scan.areas, vocabulary=words)
    lines, broken = read_roads(elements)
    roads = lines.to_frame()
    boundaries, levels, cut = read_boundaries(elements, scan.areas)
    water = read_water(elements, scan.areas)
    numbers = {name: scan.totals[name] for name in ("nodes", "ways", "relations")}
    numbers["highway ways"] = sum(
        number for (key, _, kind), number in scan.values.items() if (key, kind) == ("highway", "w")
    )
    # Raw tags: amenities and the like over all kinds, places of nodes, highways of ways.
    for key, value, kind in sorted(scan.values, key=lambda item: (COUNTED.index(item[0]), item[1], item[2])):
        label = f"{key}={value}"
        if key == "place" and kind != "n":
            label += " (areas)"
        elif key == "highway" and kind != "w":
            label += " (nodes)" if kind == "n" else " (relations)"
        numbers[label] = numbers.get(label, 0) + scan.values[key, value, kind]
    has_people = ["population" in element.tags for element in elements if element.tags.get("place") in place_words]
    numbers |= {
        "settlements": len(places),
        "settlements from areas": int((~places["settlement_id"].str.startswith("n")).sum()),
        "settlements without a name": int(places["name"].isna().sum()),
        "population tags": sum(has_people),
        "population tags unreadable": sum(item.kind == "unreadable_population" for item in findings),
        "facilities as tagged": len(facilities),
        "facilities without a place": len(unplaced),
        "ferries": int((roads["road_class"] == "ferry").sum()),
        "roads without two nodes": len(broken),
        "ways with nodes beyond the extract": len(scan.incomplete),
        "boundaries cut by the extract": len(cut),
    }
    numbers |= {f"boundaries admin_level={level}": number for level, number in sorted(levels.items())}
    services = facilities["service"].value_counts().sort_index()
    numbers |= {f"service={name}": int(number) for name, number in services.items()}
    counts = pd.DataFrame(
        {"item": pd.Series(list(numbers), dtype="str"), "number": pd.Series(numbers.values(), dtype="float64")}
    )
    noticed = findings_frame(findings, crs=WGS84)
    slopes = read_slopes(elements, scan.areas)
    return OsmExtract(places, facilities, roads, boundaries, water, counts, noticed, outlines, slopes)


def read_osm_roads(path: str | Path) -> RoadLines:
    """
    Read nothing but the roads and ferries of an extract, as `build_network` takes them; several times faster.

    Parameters
    ----------
    path : str or Path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.

    Returns
    -------
    RoadLines
        In EPSG:4326; ``roads.to_frame()`` is the frame that `read_osm` gives.

    Raises
    ------
    SourceError
        Where the file is missing, empty, damaged, cut off or not what its name says; nothing is read of it then.
    """
    refuse_packed(Path(path), MAX_UNPACKED_TIMES)
    return read_roads(scan_roads(Path(path)).elements)[0]
