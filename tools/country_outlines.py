"""
Make the outlines of countries of Natural Earth: ``python -m tools.country_outlines countries-10m.json iso3166-1.json``.

The first file is of the npm package world-atlas 2.0.2 (Natural Earth 4.1.0, 1:10m, public domain), the second the list
of the PyPI package pycountry, by which numbers become codes of two letters.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import shapely

TOLERANCE_DEGREES, STEPS_A_DEGREE = 0.15, 100
"""How much lines are smoothed, and how finely points are written."""
LEAST_SQUARE_DEGREES, LEAST_SHARES = 0.01, (2e-4, 0.03)
"""The least island and hole that is kept; and the least share of its country, and the share that is kept always."""
LEAST_POINTS = 3
"""A ring has more, its first one twice."""
TARGET = Path(__file__).parents[1] / "spatial" / "georef" / "country_outlines.json"


Ring = list[int]


def outlines(atlas: dict[str, Any], codes: dict[str, str]) -> dict[str, list[list[Ring]]]:
    """
    List the areas of each country, each with its outer ring and the holes in it.

    A ring is its first point, then the steps from point to point, in hundredths of a degree.
    """
    scale, shift = atlas["transform"]["scale"], atlas["transform"]["translate"]
    arcs = [np.cumsum(arc, axis=0) * scale + shift for arc in atlas["arcs"]]

    def polygon(rings: list[list[int]]) -> shapely.Polygon:
        lines = [np.vstack([arcs[arc] if arc >= 0 else arcs[~arc][::-1] for arc in ring]) for ring in rings]
        if len(lines[0]) <= LEAST_POINTS:
            return shapely.Polygon()
        return shapely.Polygon(lines[0], [line for line in lines[1:] if len(line) > LEAST_POINTS])

    def steps(ring: shapely.LinearRing) -> Ring:
        points = np.rint(np.array(ring.coords)[:-1] * STEPS_A_DEGREE).astype(int)
        points = points[np.r_[True, np.any(np.diff(points, axis=0) != 0, axis=1)]]
        written: Ring = np.vstack([points[:1], np.diff(points, axis=0)]).ravel().tolist()
        return written

    named, drawn = [], []
    for item in atlas["objects"]["countries"]["geometries"]:
        if "arcs" not in item:
            continue
        parts = [item["arcs"]] if item["type"] == "Polygon" else item["arcs"]
        whole = shapely.union_all(shapely.make_valid([polygon(part) for part in parts]))
        drawn.append(shapely.MultiPolygon([part for part in _parts(whole) if part.geom_type == "Polygon"]))
        named.append(codes.get(item.get("id", "")))
    found: dict[str, list[list[Ring]]] = {}
    # All at once, so that neighbours keep one border; what has no code of ISO 3166 belongs to nobody here.
    for code, smooth in zip(named, shapely.coverage_simplify(np.array(drawn), TOLERANCE_DEGREES), strict=True):
        if code in {None, "AQ"}:  # nobody is far from a town in Antarctica
            continue
        areas = sorted((part for part in _parts(smooth) if part.geom_type == "Polygon"), key=lambda part: -part.area)
        written = found.setdefault(code, [])
        least = float(np.clip(LEAST_SQUARE_DEGREES, *(share * smooth.area for share in LEAST_SHARES)))
        for area in areas:
            if area.area < least and written:
                break
            holes = [hole for hole in area.interiors if shapely.Polygon(hole).area >= LEAST_SQUARE_DEGREES]
            rings = [steps(ring) for ring in (area.exterior, *holes)]
            is_drawn = len(rings[0]) >= 2 * LEAST_POINTS
            written.append(rings if is_drawn else [steps(area.buffer(1 / STEPS_A_DEGREE, quad_segs=1).exterior)])
    return {code: areas for code, areas in sorted(found.items()) if areas}


def _parts(geometry: shapely.Geometry) -> list[shapely.Geometry]:
    return list(shapely.get_parts(geometry))


def main() -> None:
    """Write the outlines, a country a line."""
    atlas, listed = (json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3])
    codes = {item["numeric"]: item["alpha_2"] for item in listed["3166-1"]}
    rows = [
        f"{json.dumps(code)}: {json.dumps(rings, separators=(',', ':'))}"
        for code, rings in outlines(atlas, codes).items()
    ]
    TARGET.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
