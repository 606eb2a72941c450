"""Points and lines for the scenarios of the tiny study."""

from __future__ import annotations

import json


def line(tiny, *places, **properties):
    """Draw a point or a line by column and row of the tiny study."""
    points = [[tiny.west + tiny.step * x, tiny.south + tiny.step * y] for x, y in places]
    shape = {"type": "Point", "coordinates": points[0]}
    if len(points) > 1:
        shape = {"type": "LineString", "coordinates": points}
    return {"type": "Feature", "properties": properties, "geometry": shape}


def write(tiny, name, *features):
    """Write features among the raw files; return the path as a study names it."""
    tiny.write(name, json.dumps({"type": "FeatureCollection", "features": list(features)}))
    return f"tiny/{name}"
