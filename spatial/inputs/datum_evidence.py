"""Whether a declared datum fits the ground: rows wrongly inverted lie farther from roads and units than before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import shapely
from scipy.special import bdtrc

from spatial.crs import WGS84, working_crs_for
from spatial.errors import CrsError
from spatial.formats.columns import text_column
from spatial.formats.notes import Finding
from spatial.georef.datums import CHINA, from_wgs84, to_wgs84
from spatial.messages import FALLBACK, Words

if TYPE_CHECKING:
    from spatial.arrays import FloatArray
    from spatial.study.sources import TableSource

    Shifted = Literal["gcj02", "bd09"]


DOUBT = "datum_doubtful"
"""Kind of the finding of a table whose datum may be another, and key of its message."""
REFUSED_BELOW = 1e-3
"""A file is refused where its rows would fit so much better before the inversion by chance that rarely."""
DOUBTED_BELOW = 1e-6
"""An undeclared shift is reported where it would fit so much better by chance that rarely."""
CLEARLY_NEARER = 0.5
"""And only where the median distance to a road falls to this share."""
SAME_M = 1.0
"""A row whose distance changes by less says nothing."""
LARGEST_SAMPLE = 2000


@dataclass(frozen=True)
class Evidence:
    """How two places for the same rows fit what is known to be right."""

    # rows that lie nearer and farther in the second place than in the first; the others do not change
    nearer: int
    farther: int
    first_m: float  # median distance in either, metres
    second_m: float
    chance: float  # probability of so many nearer rows if both were as good (one-sided sign test)


def weigh(first_m: FloatArray, second_m: FloatArray) -> Evidence:
    """Compare the distances of two places for the same rows by a sign test."""
    nearer = int((second_m < first_m - SAME_M).sum())
    farther = int((second_m > first_m + SAME_M).sum())
    # The upper tail of the binomial distribution: scipy.stats would take a second to load for it.
    chance = float(bdtrc(nearer - 1, nearer + farther, 0.5))
    medians = (float(np.median(first_m)), float(np.median(second_m))) if len(first_m) else (np.nan, np.nan)
    return Evidence(nearer, farther, *medians, chance)


def refuse_double_inversion(
    frame: gpd.GeoDataFrame,
    source: TableSource,
    *,
    roads: gpd.GeoDataFrame | None,
    boundaries: gpd.GeoDataFrame | None,
    what: str,
) -> None:
    """Refuse a table whose rows fit roads or units better as they are in the file than inverted."""
    if source.datum == "wgs84" or frame.empty:
        return
    inverted = _sample(frame)
    given = _moved(inverted, *from_wgs84(*_degrees(inverted), datum=source.datum))
    for name, reference in (("roads", roads), ("unit", boundaries)):
        evidence = _evidence(inverted, given, name, reference)
        if evidence is not None and evidence.chance < REFUSED_BELOW:
            where = "the nearest road" if name == "roads" else "their own unit"
            raise CrsError(
                f"{what}: declared as datum = '{source.datum}', but {evidence.nearer} of {len(inverted)} rows lie "
                f"nearer to {where} as they are in the file than inverted, and {evidence.farther} farther (median "
                f"{evidence.second_m:.0f} m against {evidence.first_m:.0f} m): they seem to be WGS 84 already, or "
                "converted before; remove datum, or correct the roads or boundaries if those are shifted"
            )


def refuse_roads_inverted_twice(
    roads: gpd.GeoDataFrame, source: TableSource, *, places: gpd.GeoDataFrame, what: str
) -> None:
    """Refuse roads that lie nearer to the places as they are in the file than inverted."""
    datum = source.datum
    if datum == "wgs84" or roads.empty or places.empty:
        return
    rows = _sample(places)
    metres = working_crs_for(rows)
    inverted = _near(roads, rows).geometry
    if inverted.empty:
        return

    def shift(points: FloatArray) -> FloatArray:
        return np.column_stack(from_wgs84(points[:, 0], points[:, 1], datum=datum))

    given = gpd.GeoSeries(shapely.transform(inverted.to_numpy(), shift), crs=WGS84)
    trees = [shapely.STRtree(lines.to_crs(metres).to_numpy()) for lines in (inverted, given)]
    evidence = weigh(*(_nearest_m(tree, rows.to_crs(metres)) for tree in trees))
    if evidence.chance < REFUSED_BELOW and evidence.second_m <= CLEARLY_NEARER * evidence.first_m:
        raise CrsError(
            f"{what}: declared as datum = '{datum}', but {evidence.nearer} of {len(rows)} settlements lie nearer to a "
            f"road as the roads are in the file than inverted, and {evidence.farther} farther (median "
            f"{evidence.second_m:.0f} m against {evidence.first_m:.0f} m): the roads seem to be WGS 84 already, or "
            "converted before; remove datum, or correct the settlements if those are shifted"
        )


def doubt_wgs84(
    frame: gpd.GeoDataFrame, source: TableSource, *, roads: gpd.GeoDataFrame | None, what: str
) -> list[Finding]:
    """Report a table said to be in WGS 84 that fits the roads far better once inverted from a shifted datum."""
    if source.datum != "wgs84" or frame.empty or frame.crs is None or not frame.crs.is_geographic:
        return []
    given = _sample(frame)
    longitude, latitude = _degrees(given)
    west, south, east, north = CHINA
    if not ((longitude > west) & (longitude < east) & (latitude > south) & (latitude < north)).all():
        return []
    shifted: tuple[Shifted, ...] = ("gcj02", "bd09")
    found: dict[Shifted, Evidence] = {}
    for datum in shifted:
        inverted = _moved(given, *to_wgs84(longitude, latitude, datum=datum))
        evidence = _evidence(given, inverted, "roads", roads)
        if evidence is not None and evidence.chance < DOUBTED_BELOW:
            found[datum] = evidence
    if not found:
        return []
    datum = min(found, key=lambda datum: found[datum].second_m)
    evidence = found[datum]
    told = {
        "nearer": int(evidence.nearer),
        "rows": len(given),
        "farther": int(evidence.farther),
        "datum": datum,
        "setting": datum,
        "first": f"{evidence.first_m:.0f}",
        "second": f"{evidence.second_m:.0f}",
    }
    at = shapely.Point(float(np.median(longitude)), float(np.median(latitude)))
    return [Finding(DOUBT, what, Words(FALLBACK).notice(DOUBT, told), at, values=told)]


def _sample(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows at equal steps, as points."""
    step = max(1, -(-len(frame) // LARGEST_SAMPLE))
    rows = frame.iloc[::step]
    return rows.set_geometry(rows.geometry.representative_point())


def _degrees(frame: gpd.GeoDataFrame) -> tuple[FloatArray, FloatArray]:
    points = shapely.get_coordinates(frame.geometry.to_numpy())
    return points[:, 0], points[:, 1]


def _moved(frame: gpd.GeoDataFrame, x: FloatArray, y: FloatArray) -> gpd.GeoDataFrame:
    return frame.set_geometry(gpd.GeoSeries(shapely.points(x, y), index=frame.index, crs=frame.crs))


def _evidence(
    first: gpd.GeoDataFrame, second: gpd.GeoDataFrame, name: str, reference: gpd.GeoDataFrame | None
) -> Evidence | None:
    """Evidence for the second place, by the rows' own units or by roads; None where the reference does not tell."""
    if reference is None or reference.empty:
        return None
    metres = working_crs_for(first)
    places = [rows.to_crs(metres) for rows in (first, second)]
    if name == "unit":
        if "township_id" not in first.columns or "boundary_id" not in reference.columns:
            return None
        row_of = {name: row for row, name in enumerate(text_column(reference["boundary_id"]))}
        units = text_column(first["township_id"]).map(row_of).to_numpy(dtype=np.float64)
        known = np.isfinite(units)
        if not known.any():
            return None
        polygons = reference.to_crs(metres).geometry.to_numpy()[units[known].astype(np.int64)]
        return weigh(*(shapely.distance(rows.geometry.to_numpy()[known], polygons) for rows in places))
    tree = shapely.STRtree(_near(reference, first).to_crs(metres).geometry.to_numpy())
    if not len(tree):
        return None
    evidence = weigh(*(_nearest_m(tree, rows) for rows in places))
    return evidence if evidence.second_m <= CLEARLY_NEARER * evidence.first_m else None


def _near(reference: gpd.GeoDataFrame, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep the lines within a tenth of a degree of the rows."""
    west, south, east, north = rows.to_crs(WGS84).total_bounds + np.array([-0.1, -0.1, 0.1, 0.1])
    lines = reference.to_crs(WGS84)
    return lines.cx[west:east, south:north]


def _nearest_m(tree: shapely.STRtree, rows: gpd.GeoDataFrame) -> FloatArray:
    points = rows.geometry.to_numpy()
    nearest = tree.nearest(points)
    distances: FloatArray = shapely.distance(points, tree.geometries[nearest])
    return distances
