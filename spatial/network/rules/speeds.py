"""The speed table: class, surface, smoothness, track grade and tagged limits, in files that a user may edit."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatial.errors import StudyError, first_of
from spatial.network.rules.widths import WidthRules, width_problems

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["MODES", "ModeSpeeds", "SeasonRules", "SpeedTable", "load_speeds"]

MODES = ("walk", "cycle", "ebike", "motorcycle", "drive", "emergency")
"""Modes of travel."""

PRESETS = ("osrm_like", "rural_cn", "conservative")

_LISTS = (
    "surface_yes",
    "surface_no",
    "unpaved",
    "smoothness_no",
    "tracktype_yes",
    "tracktype_no",
    "class_yes",
)
_SECTIONS = {"name", "extends", "maxspeed", "caps", "width", "all_season", "season", "ferry", *MODES}
_TAG_CAPS = ("surface", "smoothness", "tracktype")
_FLAGS = ("uses_maxspeed", "uses_caps", "uses_width")
_MODE_NUMBERS = ("factor", "unpaved_factor", "ungraded_track", "min_width_m")
_MODE_KEYS = {"like", "classes", *_FLAGS, *_MODE_NUMBERS}
_SEASON_LISTS = ("modes", "unpaved_classes", "closed_classes", "closed_surfaces", "closed_smoothness")
_SEASON_KEYS = {*_SEASON_LISTS, "unpaved_factor", "surface", "closes_fair_weather"}


@dataclass(frozen=True)
class ModeSpeeds:
    """Speeds of one mode."""

    classes: Mapping[str, float]  # km/h by road class; a class that is not listed is closed to the mode
    factor: float = 1.0  # multiplies the effective speed
    uses_maxspeed: bool = False  # whether a tagged limit replaces the class's speed
    uses_caps: bool = False  # whether surface, smoothness and track grade cap the speed
    unpaved_factor: float = 1.0  # multiplies the speed on surfaces that are not paved
    ungraded_track: float = math.inf  # cap of a track without grade, km/h; inf for none
    uses_width: bool = False  # whether the width of a road caps the speed
    min_width_m: float = 0.0  # roads known or taken to be narrower are closed to the mode; 0 for none


@dataclass(frozen=True)
class SeasonRules:
    """What a season does to the speeds of a table; a factor of 0 closes a road."""

    modes: frozenset[str] = frozenset()  # modes that the season slows; all others are left as they are
    # multiplies the speed on surfaces that are not paved and that `surface` does not name
    unpaved_factor: float = 1.0
    surface: Mapping[str, float] = field(default_factory=dict)  # factor by surface
    unpaved_classes: frozenset[str] = frozenset()  # road classes taken as not paved where no surface is known
    closed_classes: frozenset[str] = frozenset()  # what the season closes
    closed_surfaces: frozenset[str] = frozenset()
    closed_smoothness: frozenset[str] = frozenset()
    closes_fair_weather: bool = False  # whether it closes the roads that are known not to be all-season


@dataclass(frozen=True)
class SpeedTable:
    """Everything that decides how fast a road is."""

    name: str  # name of the table, printed beside every result
    # ``share`` of a tagged limit that is driven; km/h of ``mph``, ``knots``, ``none`` and ``walk``
    maxspeed: Mapping[str, float]
    zones: Mapping[str, float]  # km/h of ``"ro:urban"`` or of ``"urban"`` in any country
    surface_caps: Mapping[str, float]  # km/h by tag value
    smoothness_caps: Mapping[str, float]
    tracktype_caps: Mapping[str, float]
    all_season: Mapping[str, frozenset[str]]  # values that tell whether a road can be used all the year
    modes: Mapping[str, ModeSpeeds]  # one entry a mode
    # what each season changes; ``"dry"`` is always there and changes nothing unless the file says so
    seasons: Mapping[str, SeasonRules] = field(default_factory=lambda: {"dry": SeasonRules()})
    ferry_wait_min: float | None = None  # minutes of wait a boarding, where the file says so
    widths: WidthRules = field(default_factory=WidthRules)  # what the width of roads does


def load_speeds(speeds: str | Path | SpeedTable = "osrm_like") -> SpeedTable:
    """
    Load a speed table.

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
        seasons={name: _season(rules) for name, rules in {"dry": {}, **values.get("season", {})}.items()},
        ferry_wait_min=values.get("ferry", {}).get("wait_min"),
        widths=WidthRules.from_table(values),
    )


def _merged(name: str, *, seen: tuple[str, ...]) -> dict[str, Any]:
    """Read a table with all that it extends."""
    values = _read(name)
    parent = values.get("extends")
    if parent is None:
        return values
    if parent in seen:
        raise StudyError(
            f"speed table {name}", [f"extends: goes round in a circle over {first_of((*seen, parent))}"]
        )
    return _overlay(_merged(str(parent), seen=(*seen, name)), values)


def _read(name: str) -> dict[str, Any]:
    if name in PRESETS:
        return _preset(name)
    path = Path(name)
    try:
        return {"name": path.stem, **tomllib.loads(path.read_text(encoding="utf-8-sig"))}
    except OSError as error:
        remedy = f"name a preset ({', '.join(PRESETS)}) or a TOML file"
        raise StudyError(
            f"speed table {name}", [f"cannot be read: {error.strerror or error}; {remedy}"]
        ) from error
    except UnicodeDecodeError as error:
        raise StudyError(
            f"speed table {name}", [f"is not UTF-8 at byte {error.start}; save it as UTF-8"]
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"speed table {name}", [f"is not TOML: {error}"]) from error


@cache
def _preset(name: str) -> dict[str, Any]:
    """Read a table of the package once; nobody writes into it."""
    presets = resources.files("spatial.network").joinpath("presets")
    return tomllib.loads(presets.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


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


def _season(values: Mapping[str, Any]) -> SeasonRules:
    rules: dict[str, Any] = {
        key: frozenset(item) if key in _SEASON_LISTS else item for key, item in values.items()
    }
    return SeasonRules(**rules)


def _problems(values: Mapping[str, Any]) -> list[str]:
    problems = [
        f"{key}: unknown section; there are {', '.join(sorted(_SECTIONS))}"
        for key in values
        if key not in _SECTIONS
    ]
    problems += [
        f'{section}: the section is missing; begin the file with extends = "osrm_like"'
        for section in ("maxspeed", "caps", "all_season", *MODES)
        if not isinstance(values.get(section), dict)
    ]
    if problems:
        return problems
    problems += [
        f"caps.{name}: unknown section; there are {', '.join(_TAG_CAPS)} and width"
        for name in values["caps"]
        if name not in {*_TAG_CAPS, "width"}
    ]
    for name in _TAG_CAPS:
        problems += _not_speeds(f"caps.{name}", values["caps"].get(name, None), may_be_inf=True)
    problems += width_problems(values)
    limits = {key: item for key, item in values["maxspeed"].items() if key != "zones"}
    problems += _not_speeds("maxspeed", limits, may_be_zero=False)
    problems += _not_speeds("maxspeed.zones", values["maxspeed"].get("zones"), may_be_zero=False)
    problems += _season_problems(values.get("season", {}))
    ferry = values.get("ferry", {})
    problems += _not_speeds("ferry", ferry)
    problems += (
        [f"ferry.{key}: unknown key" for key in ferry if key != "wait_min"] if isinstance(ferry, dict) else []
    )
    for mode in MODES:
        section = values[mode]
        problems += [f"{mode}.{key}: unknown key" for key in section if key not in _MODE_KEYS]
        problems += _not_speeds(f"{mode}.classes", section.get("classes", {}))
        if section.get("like", "drive") not in MODES:
            problems.append(f"{mode}.like: {section['like']!r} is no mode; there are {', '.join(MODES)}")
        problems += [
            f"{mode}.{key}: must be true or false"
            for key in _FLAGS
            if not isinstance(section.get(key, True), bool)
        ]
        for key in _MODE_NUMBERS:
            given = {key: section[key]} if key in section else {}
            problems += _not_speeds(
                mode, given, may_be_zero=key != "factor", may_be_inf=key == "ungraded_track"
            )
    return problems


def _season_problems(seasons: object) -> list[str]:
    if not isinstance(seasons, dict) or not all(isinstance(rules, dict) for rules in seasons.values()):
        return ["season: must hold sections such as [season.wet]"]
    problems: list[str] = []
    for name, rules in seasons.items():
        where = f"season.{name}"
        problems += [f"{where}.{key}: unknown key" for key in rules if key not in _SEASON_KEYS]
        problems += _not_speeds(where, {key: rules[key] for key in ("unpaved_factor",) if key in rules})
        problems += _not_speeds(f"{where}.surface", rules.get("surface", {}))
        problems += [
            f"{where}.{key}: must be a list of words"
            for key in _SEASON_LISTS
            if not isinstance(rules.get(key, []), list)
            or not all(isinstance(word, str) for word in rules.get(key, []))
        ]
        if not isinstance(rules.get("closes_fair_weather", False), bool):
            problems.append(f"{where}.closes_fair_weather: must be true or false")
        if isinstance(rules.get("modes", []), list):
            problems += [
                f"{where}.modes: {mode!r} is no mode; there are {', '.join(MODES)}"
                for mode in rules.get("modes", [])
                if mode not in MODES
            ]
    return problems


def _not_speeds(
    where: str, section: object, *, may_be_zero: bool = True, may_be_inf: bool = False
) -> list[str]:
    if not isinstance(section, dict):
        return [f"{where}: must be a section of numbers"]
    least = "of at least 0" if may_be_zero else "above 0"
    return [
        f"{where}.{key}: must be a {'' if may_be_inf else 'finite '}number {least} (found {item!r})"
        for key, item in section.items()
        if isinstance(item, bool)
        or not isinstance(item, int | float)
        or not (item > 0 or (may_be_zero and item == 0))
        or (item == math.inf and not may_be_inf)
    ]
