"""Speeds of roads: an editable table of class, surface, smoothness and track grade, and tagged limits."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.errors import StudyError, first_of
from spatial.network.tags import members, tag_column, tag_lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["MODES", "ModeSpeeds", "RoadSpeeds", "SpeedTable", "all_season_of_roads", "load_speeds", "parse_maxspeed", "speeds_of_roads"]

MODES = ("walk", "cycle", "ebike", "motorcycle", "drive", "emergency")
"""Modes of travel."""

PRESETS = ("osrm_like", "rural_cn", "conservative")

_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|kmph|mph|knots|knot)?$")
_ZONE = re.compile(r"^[a-z]{2}(?:-[a-z]+)?:([a-z_]+)$")
_LISTS = ("surface_yes", "surface_no", "unpaved", "smoothness_no", "tracktype_yes", "tracktype_no", "class_yes")
_SECTIONS = {"name", "extends", "maxspeed", "caps", "all_season", *MODES}
_MODE_KEYS = {"like", "factor", "uses_maxspeed", "uses_caps", "unpaved_factor", "ungraded_track", "classes"}


@dataclass(frozen=True)
class ModeSpeeds:
    """
    Speeds of one mode.

    Parameters
    ----------
    classes : dict of str to float
        km/h by road class; a class that is not listed is closed to the mode.
    factor : float
        Multiplies the effective speed.
    uses_maxspeed : bool
        Whether a tagged limit replaces the class's speed.
    uses_caps : bool
        Whether surface, smoothness and track grade cap the speed.
    unpaved_factor : float
        Multiplies the speed on surfaces that are not paved.
    ungraded_track : float
        Cap of a track without grade, km/h; inf for none.
    """

    classes: Mapping[str, float]
    factor: float = 1.0
    uses_maxspeed: bool = False
    uses_caps: bool = False
    unpaved_factor: float = 1.0
    ungraded_track: float = math.inf


@dataclass(frozen=True)
class SpeedTable:
    """
    Everything that decides how fast a road is.

    Parameters
    ----------
    name : str
        Name of the table, printed beside every result.
    maxspeed : dict of str to float
        ``share`` of a tagged limit that is driven; km/h of ``mph``, ``knots``, ``none`` and ``walk``.
    zones : dict of str to float
        km/h of ``"ro:urban"`` or of ``"urban"`` in any country.
    surface_caps, smoothness_caps, tracktype_caps : dict of str to float
        km/h by tag value.
    all_season : dict of str to frozenset of str
        Values that tell whether a road can be used all the year.
    modes : dict of str to ModeSpeeds
        One entry a mode.
    """

    name: str
    maxspeed: Mapping[str, float]
    zones: Mapping[str, float]
    surface_caps: Mapping[str, float]
    smoothness_caps: Mapping[str, float]
    tracktype_caps: Mapping[str, float]
    all_season: Mapping[str, frozenset[str]]
    modes: Mapping[str, ModeSpeeds]


@dataclass(frozen=True, eq=False)
class RoadSpeeds:
    """
    Speeds of a frame of roads, one value a road.

    Parameters
    ----------
    forward_km_h, backward_km_h : ndarray of float64
        Effective speed; 0 where the road is impassable.
    source : ndarray of object
        ``"maxspeed"`` or ``"class"``.
    unreadable : ndarray of bool
        Where a limit is tagged that cannot be read.
    """

    forward_km_h: NDArray[np.float64]
    backward_km_h: NDArray[np.float64]
    source: NDArray[np.object_]
    unreadable: NDArray[np.bool_]


def load_speeds(speeds: str | Path | SpeedTable = "osrm_like") -> SpeedTable:
    """
    Load a speed table.

    Parameters
    ----------
    speeds : str, Path or SpeedTable
        Name of a preset (osrm_like, rural_cn, conservative), or a TOML file of the same form, which may extend one.

    Returns
    -------
    SpeedTable
        Checked.

    Raises
    ------
    StudyError
        Where the file cannot be read or says something it must not; with every fault and its key.

    Examples
    --------
    >>> load_speeds("rural_cn").modes["drive"].classes["tertiary"]
    30.0
    """
    if isinstance(speeds, SpeedTable):
        return speeds
    values = _merged(str(speeds), seen=())
    problems = _problems(values)
    if problems:
        raise StudyError(f"speed table {speeds}", problems)
    caps, season = values["caps"], values["all_season"]
    return SpeedTable(
        name=str(values["name"]),
        maxspeed={key: float(value) for key, value in values["maxspeed"].items() if key != "zones"},
        zones=dict(values["maxspeed"]["zones"]),
        surface_caps=dict(caps["surface"]),
        smoothness_caps=dict(caps["smoothness"]),
        tracktype_caps=dict(caps["tracktype"]),
        all_season={key: frozenset(season.get(key, ())) for key in _LISTS},
        modes={mode: _mode(values, mode) for mode in MODES},
    )


def parse_maxspeed(text: str, table: SpeedTable | None = None) -> float:
    """
    Read a tagged speed limit.

    Parameters
    ----------
    text : str
        As tagged: ``50``, ``30 mph``, ``10 knots``, ``walk``, ``none``, ``RO:urban``; of a list such as ``50;30`` the
        lowest member that can be read.
    table : SpeedTable, optional
        Whose zones and units hold; the preset osrm_like by default.

    Returns
    -------
    float
        km/h; NaN where nothing can be read.

    Examples
    --------
    >>> parse_maxspeed("30 mph")
    48.28032
    """
    rules = table or load_speeds()
    readable = [speed for speed in (_limit(part, rules) for part in members(text)) if speed > 0]
    return min(readable, default=math.nan)


def speeds_of_roads(roads: pd.DataFrame, table: SpeedTable, *, mode: str, speed_factor: float = 1.0) -> RoadSpeeds:
    """
    Find the effective speed of every road.

    Parameters
    ----------
    roads : DataFrame
        With road_class; maxspeed, maxspeed_forward, maxspeed_backward, surface, smoothness and tracktype as tagged
        count where they are there.
    table : SpeedTable
        What decides.
    mode : str
        A mode of the table.
    speed_factor : float
        Multiplies every speed.

    Returns
    -------
    RoadSpeeds
        One value a road; NaN on a class that is closed to the mode.
    """
    rules = table.modes[mode]
    by_class = roads["road_class"].map(rules.classes).to_numpy(dtype=np.float64)
    cap = _caps(roads, table, rules)
    slow = np.where(_any_member(roads, "surface", table.all_season["unpaved"]), rules.unpaved_factor, 1.0)
    both, bad = _limits(roads, "maxspeed", table)
    speeds, tagged, unreadable = [], [], np.zeros(len(roads), dtype=bool)
    for direction in ("maxspeed_forward", "maxspeed_backward"):
        own, own_bad = _limits(roads, direction, table)
        limit = np.where(np.isnan(own), both, own)
        known = ~np.isnan(limit) & rules.uses_maxspeed
        base = np.where(known, table.maxspeed["share"] * limit, by_class)
        base = np.where(np.isnan(by_class), np.nan, base)
        speeds.append(np.minimum(base, cap) * slow * rules.factor * speed_factor)
        tagged.append(known)
        unreadable |= own_bad | bad
    source = np.where(tagged[0] | tagged[1], "maxspeed", "class").astype(object)
    return RoadSpeeds(speeds[0], speeds[1], source, unreadable & rules.uses_maxspeed)


def all_season_of_roads(roads: pd.DataFrame, table: SpeedTable) -> NDArray[np.object_]:
    """
    Tell which roads can be used all the year.

    Parameters
    ----------
    roads : DataFrame
        With road_class; surface, smoothness, tracktype and seasonal as tagged count where they are there.
    table : SpeedTable
        Whose lists decide.

    Returns
    -------
    ndarray of object
        ``"yes"``, ``"no"`` or ``"unknown"``, one value a road. Whatever says no prevails over the class, and a tagged
        surface prevails over the grade of a track.
    """
    lists = table.all_season
    seasonal = tag_column(roads, "seasonal")
    fails = seasonal.notna().to_numpy() & ~seasonal.isin(["no"]).to_numpy()
    fails = fails | (_any_member(roads, "surface", lists["surface_no"]) | _any_member(roads, "smoothness", lists["smoothness_no"]))
    holds = _any_member(roads, "surface", lists["surface_yes"])
    holds = holds | (roads["road_class"].isin(lists["class_yes"]).to_numpy())
    untagged = tag_column(roads, "surface").isna().to_numpy()
    holds = holds | (untagged & _any_member(roads, "tracktype", lists["tracktype_yes"]))
    fails = fails | (untagged & _any_member(roads, "tracktype", lists["tracktype_no"]))
    return np.select([fails, holds], ["no", "yes"], "unknown").astype(object)


def _limits(roads: pd.DataFrame, name: str, table: SpeedTable) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    tags = tag_column(roads, name)
    readings = {text: parse_maxspeed(text, table) for text in tags.dropna().unique()}
    limits = tags.map(readings).to_numpy(dtype=np.float64)
    return limits, tags.notna().to_numpy() & np.isnan(limits)


def _caps(roads: pd.DataFrame, table: SpeedTable, rules: ModeSpeeds) -> NDArray[np.float64]:
    cap = np.full(len(roads), np.inf)
    if not rules.uses_caps:
        return cap
    for name, caps in (
        ("surface", table.surface_caps),
        ("smoothness", table.smoothness_caps),
        ("tracktype", table.tracktype_caps),
    ):
        lowest = {
            text: min((caps[part] for part in members(text) if part in caps), default=math.inf)
            for text in tag_column(roads, name).dropna().unique()
        }
        cap = np.fmin(cap, tag_column(roads, name).map(lowest).to_numpy(dtype=np.float64))
    ungraded = (roads["road_class"] == "track").to_numpy() & tag_column(roads, "tracktype").isna().to_numpy()
    return np.where(ungraded, np.minimum(cap, rules.ungraded_track), cap)


def _any_member(roads: pd.DataFrame, name: str, values: frozenset[str]) -> NDArray[np.bool_]:
    hits = {text: not values.isdisjoint(parts) for text, parts in tag_lists(roads, name).items()}
    return tag_column(roads, name).map(hits).eq(other=True).to_numpy()


def _limit(part: str, table: SpeedTable) -> float:
    if part in {"none", "walk"}:
        return table.maxspeed[part]
    number = _NUMBER.match(part)
    if number:
        unit = (number[2] or "km/h").rstrip("s") if number[2] != "knots" else "knots"
        factor = {"mph": table.maxspeed["mph"], "knot": table.maxspeed["knots"], "knots": table.maxspeed["knots"]}
        return float(number[1]) * factor.get(unit, 1.0)
    zone = _ZONE.match(part)
    if zone:
        return table.zones.get(part, table.zones.get(zone[1], math.nan))
    return math.nan


def _merged(name: str, *, seen: tuple[str, ...]) -> dict[str, Any]:
    """Read a table with all that it extends."""
    values = _read(name)
    parent = values.get("extends")
    if parent is None:
        return values
    if parent in seen:
        raise StudyError(f"speed table {name}", [f"extends: goes round in a circle over {first_of((*seen, parent))}"])
    return _overlay(_merged(str(parent), seen=(*seen, name)), values)


def _read(name: str) -> dict[str, Any]:
    if name in PRESETS:
        text = resources.files("spatial.network").joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")
        return tomllib.loads(text)
    path = Path(name)
    try:
        return {"name": path.stem, **tomllib.loads(path.read_text(encoding="utf-8-sig"))}
    except OSError as error:
        remedy = f"name a preset ({', '.join(PRESETS)}) or a TOML file"
        raise StudyError(f"speed table {name}", [f"cannot be read: {error.strerror or error}; {remedy}"]) from error
    except UnicodeDecodeError as error:
        raise StudyError(f"speed table {name}", [f"is not UTF-8 at byte {error.start}; save it as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"speed table {name}", [f"is not TOML: {error}"]) from error


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one nested mapping over another; lists and values are replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _mode(values: Mapping[str, Any], mode: str) -> ModeSpeeds:
    section = dict(values.get(mode, {}))
    parent = section.pop("like", None)
    if parent is not None:
        section = _overlay({key: item for key, item in values[parent].items() if key != "like"}, section)
    classes = {key: float(item) for key, item in section.pop("classes", {}).items()}
    return ModeSpeeds(classes=classes, **section)


def _problems(values: Mapping[str, Any]) -> list[str]:
    problems = [f"{key}: unknown section; there are {', '.join(sorted(_SECTIONS))}" for key in values if key not in _SECTIONS]
    for section in ("maxspeed", "caps", "all_season", *MODES):
        if not isinstance(values.get(section), dict):
            problems.append(f"{section}: the section is missing; begin the file with extends = \"osrm_like\"")
    if problems:
        return problems
    for name in ("surface", "smoothness", "tracktype"):
        problems += _not_speeds(f"caps.{name}", values["caps"].get(name, None))
    problems += _not_speeds("maxspeed", {key: item for key, item in values["maxspeed"].items() if key != "zones"})
    problems += _not_speeds("maxspeed.zones", values["maxspeed"].get("zones"))
    for mode in MODES:
        section = values[mode]
        problems += [f"{mode}.{key}: unknown key" for key in section if key not in _MODE_KEYS]
        problems += _not_speeds(f"{mode}.classes", section.get("classes", {}))
        if section.get("like", "drive") not in MODES:
            problems.append(f"{mode}.like: {section['like']!r} is no mode; there are {', '.join(MODES)}")
        problems += _not_speeds(
            mode, {key: section[key] for key in ("factor", "unpaved_factor", "ungraded_track") if key in section}
        )
    return problems


def _not_speeds(where: str, section: object) -> list[str]:
    if not isinstance(section, dict):
        return [f"{where}: must be a section of numbers"]
    return [
        f"{where}.{key}: must be a number of at least 0 (found {item!r})"
        for key, item in section.items()
        if isinstance(item, bool) or not isinstance(item, int | float) or not item >= 0
    ]
