"""What coordinates may be: which column is which, and in which CRS, with the reasons; a guess stays one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from spatial.arrays import FloatArray
from spatial.crs import WGS84, Bounds, transformer_between
from spatial.errors import CrsError
from spatial.formats.delimited import AXES, degrees_of, misread_degrees
from spatial.formats.vector import split_pairs
from spatial.georef.datums import CHINA, ZONE_M, cgcs2000_crs, countries_at, is_easting, is_northing, to_wgs84
from spatial.inputs.gather import doubt_datum, refuse_double_inversion
from spatial.inputs.inspection.columns import EXACT, HOLDS, PAIR, Profile, angles_of, matches, meanings, plain
from spatial.inputs.inspection.reports import Setting, box_said
from spatial.inputs.placing import GRID_EAST_M, GRID_NORTH_M
from spatial.messages import Said
from spatial.study.sources import TableSource

MARGIN_DEGREES = 0.2
MOST, HALF = 0.9, 0.5
FAR_DEGREES, FAR_M = 8.0, 800_000.0
"""Rows further than this from the middle one are likely wrong."""
_SHIFTED = {
    "gcj02": re.compile(r"gcj-?\s?02|火星坐标|(高德|腾讯)(地图|坐标)|\b(amap|gaode)\b", re.IGNORECASE),
    "bd09": re.compile(r"bd-?\s?09|百度(地图|坐标)|\bbaidu\b", re.IGNORECASE),
}
_UTM = re.compile(r"UTM\W*(?:zone\W*)?([1-5]?\d|60) ?([NS])", re.IGNORECASE)
_AXES = ("longitude", "latitude", "easting", "northing", "x", "y")
_NUMERIC = {"whole number", "number", "angle", "code"}


class Axis(NamedTuple):
    """One of two columns of coordinates."""

    name: str
    values: FloatArray  # in the rows that have both


@dataclass(frozen=True, eq=False)
class KnownGround:
    """
    What is known for certain about where a study lies.

    Parameters
    ----------
    bounds : Bounds or None
        Where all files that say it lie; None where none says it.
    roads : GeoDataFrame or None
        Lines on WGS 84 for certain.
    named : str
        Where it comes from, for reasons.
    """

    bounds: Bounds | None = None
    roads: gpd.GeoDataFrame | None = None
    named: str = ""


@dataclass(eq=False)
class Coordinates:
    """What is thought of the coordinates of a table."""

    # columns of coordinates, the eastward one first; empty where there are none
    columns: tuple[str, ...] = ()
    settings: list[Setting] = field(default_factory=list)  # keys of the study file; guesses are undecided
    remarks: list[str] = field(default_factory=list)  # thoughts with their reasons
    blanks: int = 0  # rows without coordinates
    rows: int = 0  # rows in all

    def guess(self, key: str, value: object, reason: str) -> None:
        """Write down a guess, for the user to decide."""
        self.settings.append(Setting(key, value, reason, is_decided=False))
        self.remarks.append(Said("guess", key=key, value=str(value), why=reason) if value is not None else reason)

    def sure(self, key: str, value: object, reason: str = "") -> None:
        """Write down what the file says."""
        self.settings.append(Setting(key, value, reason))
        if reason:
            self.remarks.append(reason)

    def name_axes(self, axes: Sequence[str], columns: Sequence[Axis], why: str, guess: str, again: str) -> None:
        """Write down which column is which axis, for certain or as a guess; `again` says why of the second one."""
        self.columns = tuple(column.name for column in columns)
        for axis, column, is_guess in zip(axes, self.columns, (guess, guess and again), strict=True):
            if is_guess:
                self.guess(axis, column, is_guess)
            else:
                self.sure(axis, column, why if axis == axes[0] else "")


def take_hints(result: Coordinates, notes: Iterable[str]) -> None:
    """Take remarks of a file that name a shifted datum, or a map app that has one, as a reason to guess it."""
    keys = {setting.key for setting in result.settings}
    if "datum" in keys or not {"longitude", "lonlat", "latlon"} & keys:
        return
    for note in notes:
        datum = next((name for name, sign in _SHIFTED.items() if sign.search(note)), None)
        if datum is not None:
            result.settings = [setting for setting in result.settings if setting.key != "crs"]
            result.guess("datum", datum, Said("file_says", note=note))
            return


def guess_columns(profiles: Iterable[Profile], ground: KnownGround, *, named: str) -> Coordinates:
    """Find the columns of coordinates of a plain table and guess what they are in."""
    looked = list(profiles)
    pair = next((profile for profile in looked if profile.kind == "pair"), None)
    scored = dict[str, list[tuple[float, int, Profile]]]()
    for number, profile in enumerate(looked):
        for match in matches(profile.name) if profile.kind in _NUMERIC else ():
            if match.ours in _AXES and match.score >= HOLDS * HOLDS:
                scored.setdefault(match.ours, []).append((-match.score, number, profile))
        # Letters of a hemisphere in every cell say the axis whatever the head.
        told = [axis for axis in AXES if np.isfinite([degrees_of(text, axis) for text in profile.values]).all()]
        if profile.kind == "angle" and len(told) == 1:
            scored.setdefault(told[0], []).append((0.0, number, profile))
    found = {axis: min(items, key=lambda item: item[:2])[2] for axis, items in scored.items()}
    result = Coordinates()
    app = map_app(looked)
    if pair is not None and not {"longitude", "easting", "x"} & set(found):
        _pair(result, pair, ground, named, app)
        return result
    axes = (("longitude", "latitude"), ("easting", "northing"), ("x", "y"))
    first, second = next((both for both in axes if set(both) <= set(found)), ("", ""))
    if not first:
        if found:
            result.remarks.append(Said("axis_alone", names={"quoted": [found[axis].name for axis in sorted(found)]}))
        for profile in looked:
            meant = {match.ours for match in matches(profile.name) if match.score == EXACT}
            if profile.kind == "text" and meant & set(_AXES[:4]):
                read = (any(np.isfinite(degrees_of(text, axis)) for axis in AXES) for text in profile.values)
                text = next((text for text, is_read in zip(profile.values, read, strict=False) if not is_read), "")
                hint = Said("west_or_east") if text.strip().endswith("O") else ""
                result.guess("", None, Said("no_coordinate", name=profile.name, text=text, hint=hint))
        return result
    one, other = found[first], found[second]
    given = np.isfinite(one.numbers) & np.isfinite(other.numbers)
    given &= (one.numbers != 0) | (other.numbers != 0)  # what programs write where nothing was entered
    result.rows, result.blanks = len(given), int((~given).sum())
    if not given.any():
        result.remarks.append(Said("hold_none", one=one.name, other=other.name))
        return result
    a, b = Axis(one.name, one.numbers[given]), Axis(other.name, other.numbers[given])
    if "angle" in {one.kind, other.kind}:
        result.remarks.append(Said("angles"))
    if _within(a.values, 180.0) and _within(b.values, 180.0) and first != "easting":
        a, b = _longitude_first(result, a, b, by_letters=first == "x", ground=ground)
        _degrees_crs(result, a.values, b.values, ground, named, app)
    else:
        a, b = _easting_first(result, a, b, by_letters=first == "x")
        _metres_crs(result, a.values, b.values, ground)
    return result


def map_app(profiles: Iterable[Profile]) -> str:
    """Say by what a table looks like one of a Chinese map app; empty where it does not."""
    app = meanings()["map_app"]
    for profile in profiles:
        if profile.kind == "text" and profile.texts.dropna().str.startswith(tuple(app["kinds"])).mean() >= HALF:
            return Said("app_kinds", name=profile.name, text=profile.examples[0])
        if profile.kind == "pair" and PAIR.match(profile.examples[0]) and plain(profile.name) in app["columns"]:
            return Said("app_pair", name=profile.name)
    return ""


def _pair(result: Coordinates, profile: Profile, ground: KnownGround, named: str, app: str) -> None:
    """Read a column that holds both coordinates in one cell, and tell which of them comes first."""
    cells = split_pairs(profile.texts)
    a, b = (angles_of(cells[number]) for number in range(2))
    given = np.isfinite(a) & np.isfinite(b)
    result.columns, result.rows, result.blanks = (profile.name,), len(given), int((~given).sum())
    a, b, box = a[given], b[given], ground.bounds
    is_east, is_north = ([np.isfinite(degrees_of(text, axis)) for text in cells[0][given]] for axis in AXES)
    are_turned = not all(is_east) or not _within(b, 90.0) or (box is not None and _share(b, a, box) > _share(a, b, box))
    is_sure = are_turned or not all(is_north) or box is not None
    as_is, turned = ((), ()) if is_sure else (countries_at(a, b), countries_at(b, a))
    if as_is and turned:
        there, elsewhere = ([one.code for one in found] for found in (as_is, turned))
        why = Said("pair_either", name=profile.name, there=there, elsewhere=elsewhere)
        result.guess("lonlat", profile.name, why)
    elif are_turned or turned:
        result.sure("latlon", profile.name, Said("pair_latlon", name=profile.name))
        a, b = b, a
    else:
        result.sure("lonlat", profile.name, Said("pair_lonlat", name=profile.name))
    _degrees_crs(result, a, b, ground, named, app)


def guess_geometry(frame: gpd.GeoDataFrame, ground: KnownGround, *, says_crs: bool, named: str) -> Coordinates:
    """Say in which CRS geometry is, or guess it where the file does not say."""
    result = Coordinates(rows=len(frame))
    there = frame.geometry.notna() & ~frame.geometry.is_empty
    result.blanks = int((~there).sum())
    points = frame[there]
    if points.empty:
        result.remarks.append(Said("no_geometry"))
        return result
    middle = shapely.get_coordinates(shapely.centroid(points.geometry.to_numpy()))
    a, b = middle[:, 0], middle[:, 1]
    are_degrees = _within(a, 180.0) and _within(b, 90.0)
    if frame.crs is not None and (says_crs or are_degrees):
        crs = pyproj.CRS.from_user_input(frame.crs)
        result.remarks.append(Said("says_crs" if says_crs else "says_crs_by_default", crs=crs.name))
        if crs.is_geographic and are_degrees:
            _doubt(result, a, b, ground, named)
        elif crs.is_geographic:
            result.guess("", None, Said("crs_no_degrees", crs=crs.name))
        return result
    if are_degrees:
        _degrees_crs(result, a, b, ground, named)
        return result
    if _are_eastings(b) and _are_northings(a):
        a, b = b, a
        result.guess("", None, Said("northings_first"))
    _metres_crs(result, a, b, ground)
    return result


def _within(values: FloatArray, limit: float) -> bool:
    return bool((np.abs(values) <= limit).mean() >= MOST)


def _longitude_first(
    result: Coordinates, one: Axis, other: Axis, *, by_letters: bool, ground: KnownGround
) -> tuple[Axis, Axis]:
    """Tell which of two columns in degrees is the longitude, and put it first."""
    guess = why = ""
    are_latitudes = [_within(axis.values, 90.0) for axis in (one, other)]
    if are_latitudes == [True, False]:
        one, other = other, one
        if by_letters:
            result.remarks.append(Said("beyond_90", name=one.name))
        else:
            guess = Said("exchanged_90", name=one.name)
    elif by_letters and all(are_latitudes):
        why = Said("longitude_by_letter", name=one.name)
        box = ground.bounds
        if box is not None and _share(other.values, one.values, box) > _share(one.values, other.values, box):
            one, other = other, one
            why = Said("longitude_by_ground", name=one.name, ground=ground.named)
    result.name_axes(("longitude", "latitude"), (one, other), why, guess, guess)
    return one, other


def _strays(result: Coordinates, x: FloatArray, y: FloatArray, limit: float) -> None:
    """Say which rows lie so far from the middle one that they are likely wrong, such as those at 0, 0."""
    far = (np.abs(x - np.median(x)) > limit) | (np.abs(y - np.median(y)) > limit)
    if far.any() and not far.all():
        first = int(np.flatnonzero(far)[0])
        at = f"{x[first]:g}, {y[first]:g}"
        result.guess("", None, Said("strays", far=int(far.sum()), rows=len(far), at=at))


def _degrees_crs(
    result: Coordinates, longitude: FloatArray, latitude: FloatArray, ground: KnownGround, named: str, app: str = ""
) -> None:
    span = box_said(_box(longitude, latitude), "degrees_span", ".4f")
    _strays(result, longitude, latitude, FAR_DEGREES)
    if misread := misread_degrees(longitude, latitude):
        result.guess("", None, Said(misread))
    if "CN" not in {country.code for country in countries_at(longitude, latitude)}:
        result.guess("crs", WGS84, Said("gps", span=span))
    elif app and not _fits_better_unshifted(longitude, latitude, ground, named):
        result.guess("datum", "gcj02", Said("app_shifted", app=app))
        return
    else:
        result.guess("crs", "EPSG:4490", Said("in_china", span=span))
    _doubt(result, longitude, latitude, ground, named)


def _box(x: FloatArray, y: FloatArray) -> Bounds:
    return Bounds(x.min(), y.min(), x.max(), y.max())


def _fits_better_unshifted(longitude: FloatArray, latitude: FloatArray, ground: KnownGround, named: str) -> bool:
    """Tell whether points lie clearly nearer to the roads as they are than with a shift of GCJ-02 taken back."""
    if ground.roads is None or ground.roads.empty:
        return False
    taken_back = gpd.points_from_xy(*to_wgs84(longitude, latitude, datum="gcj02"))
    frame = gpd.GeoDataFrame(geometry=taken_back, crs=WGS84)
    declared = TableSource(path=named, lonlat=named, datum="gcj02")
    try:
        refuse_double_inversion(frame, declared, roads=ground.roads, boundaries=None, what=named)
    except CrsError:
        return True
    return False


def _doubt(result: Coordinates, longitude: FloatArray, latitude: FloatArray, ground: KnownGround, named: str) -> None:
    """Hold points in degrees against roads: do they fit better if they were shifted coordinates of a map service."""
    if ground.roads is None or ground.roads.empty:
        return
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(longitude, latitude), crs=WGS84)
    doubts = doubt_datum(frame, TableSource(path=named), roads=ground.roads, what=named)
    for doubt in doubts:
        result.settings = [setting for setting in result.settings if setting.key != "crs"]
        result.guess("datum", doubt.values["setting"], Said("held_shifted", ground=ground.named, **doubt.values))
    if not doubts:
        result.remarks.append(Said("held_fine", ground=ground.named))


def _easting_first(result: Coordinates, one: Axis, other: Axis, *, by_letters: bool) -> tuple[Axis, Axis]:
    """Tell which of two columns in metres is the easting, and put it first."""
    a, b, guess = one.values, other.values, ""
    if _are_northings(a) and not _are_eastings(a) and _are_eastings(b):
        ends = {"north": f"{a[0]:.0f}", "east": f"{b[0]:.0f}"}
        why = Said("northings_as_surveys", one=one.name, other=other.name, **ends)
        one, other = other, one
        result.remarks.append(why if by_letters else Said("names_exchanged", why=why))
    elif by_letters and _are_eastings(a) and _are_northings(b) and not _are_eastings(b):
        result.remarks.append(Said("easting_by_size", name=one.name))
    elif by_letters:
        guess = Said("easting_by_letter", name=one.name)
    result.name_axes(("easting", "northing"), (one, other), "", guess, Said("see_easting"))
    return one, other


def _are_northings(values: FloatArray) -> bool:
    return bool(is_northing(values).mean() >= MOST)


def _are_eastings(values: FloatArray) -> bool:
    return bool(is_easting(values).mean() >= MOST)


def _metres_crs(result: Coordinates, easting: FloatArray, northing: FloatArray, ground: KnownGround) -> None:
    """Guess the grid: by the zone that eastings begin with, else by where the study lies, else leave it open."""
    _strays(result, np.mod(easting, ZONE_M), northing, FAR_M)
    zones = np.floor(easting / ZONE_M).astype(np.int64)
    zone = int(np.median(zones))
    is_chinese = _are_eastings(easting) and _are_northings(northing)
    if 13 <= zone <= 45 and is_chinese:
        width, meridian = (3, 3.0 * zone) if zone >= 25 else (6, 6.0 * zone - 3.0)
        code = cgcs2000_crs(central_meridian=meridian, width=width).to_epsg()  # type: ignore[arg-type] # 3 or 6
        reason = Said(
            "zone", easting=f"{easting[0]:.0f}", zone=zone, width=width, meridian=f"{meridian:g}", code=str(code)
        )
        if (zones != zone).any():
            reason = Said("both", one=reason, other=Said("several_zones"))
        result.guess("crs", f"EPSG:{code}", reason)
        return
    span = box_said(_box(easting, northing), "metres_span", ".0f")
    candidates, told = _candidates(easting, northing, ground), _UTM.search(" ".join(result.columns))
    stated = f"EPSG:{(32700 if told[2] in 'Ss' else 32600) + int(told[1])}" if told else ""
    # Grids of one meridian differ by a kilometre, so that others fit the ground as well: believe the head.
    if told and (not candidates or stated in {crs.to_string() for crs in candidates}):
        result.guess("crs", stated, Said("file_says", note=told[0]))
        return
    if candidates:
        crs = candidates[0]
        reason = Said("grid_of_ground", span=span, crs=crs.to_string(), name=crs.name, ground=ground.named)
        if others := [other.to_string() for other in candidates[1:4]]:
            reason = Said("both", one=reason, other=Said("so_would", others=others))
        result.guess("crs", crs.to_string(), reason)
        return
    hint = "grid_ask"
    if is_chinese and not (northing < 1_400_000.0).any():
        hint = "grid_china"
    elif easting.max() <= GRID_EAST_M and northing.max() <= GRID_NORTH_M and min(easting.min(), northing.min()) >= 0:
        hint = "grid_british"
    result.guess("crs", "EPSG:...", Said("grid_open", span=span, hint=Said(hint)))


def _candidates(easting: FloatArray, northing: FloatArray, ground: KnownGround) -> list[pyproj.CRS]:
    """Grids in which the rows lie where the study lies, the likeliest first."""
    if ground.bounds is None:
        return []
    middle, upper = ((ground.bounds.west + ground.bounds.east) / 2, (ground.bounds.south + ground.bounds.north) / 2)
    tried: list[pyproj.CRS] = []
    c_west, c_south, c_east, c_north = CHINA
    if c_west < middle < c_east and c_south < upper < c_north:
        nearest = sorted(range(75, 136, 3), key=lambda meridian: abs(meridian - middle))[:4]
        tried += [cgcs2000_crs(central_meridian=meridian, prefixed=False) for meridian in nearest]
    if -9.0 < middle < 2.5 and 49.0 < upper < 61.5:
        tried.append(pyproj.CRS.from_epsg(27700))
    zone = int((middle + 180.0) // 6.0) + 1
    base = 32600 if upper >= 0 else 32700
    tried += [pyproj.CRS.from_epsg(base + (number - 1) % 60 + 1) for number in (zone, zone - 1, zone + 1)]
    found = []
    for crs in tried:
        to_degrees = transformer_between(crs, WGS84)
        longitude, latitude = (np.asarray(axis) for axis in to_degrees.transform(easting, northing))
        if _share(longitude, latitude, ground.bounds) >= MOST:
            found.append(crs)
    return found


def _share(longitude: FloatArray, latitude: FloatArray, bounds: Bounds) -> float:
    """Tell the share of the rows that lie in a box or near it."""
    across = (longitude >= bounds.west - MARGIN_DEGREES) & (longitude <= bounds.east + MARGIN_DEGREES)
    up = (latitude >= bounds.south - MARGIN_DEGREES) & (latitude <= bounds.north + MARGIN_DEGREES)
    return float((across & up).mean())
