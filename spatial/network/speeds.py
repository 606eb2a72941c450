"""How fast each road is: class, surface, smoothness, width, limits and seasons, in files that a user may edit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field, StrictBool, field_validator

from spatial.arrays import BoolArray, FloatArray, ObjectArray
from spatial.errors import ContractError, NetworkError, StudyError, first_of, of_kind, refuse
from spatial.formats.tag_rules import SEASON_TAGS
from spatial.inputs.road_tags import RoadLines
from spatial.network.combined import join_legs, take_legs, whole_split
from spatial.network.graph import TravelGraph, length_share, with_components
from spatial.network.road_access import (
    FERRY,
    as_number,
    class_values,
    classes_of,
    known_classes,
    members,
    number_values,
    tag_values,
)
from spatial.plain_text import shipped_toml, toml_faults, toml_table, toml_text
from spatial.study.access import BY_BUS
from spatial.study.base import Model, option, section

# The speed table: class, surface, smoothness, track grade, widths and limits, in files that a user may edit.

MODES = ("walk", "cycle", "ebike", "motorcycle", "drive", "emergency")
"""Modes of travel."""

MOST_IN_TABLE = 10_000.0
"""No speed, factor or wait of a table is above it."""

PRESETS = ("osrm_like", "rural_cn", "conservative")

_QUOTES = 'write the width in metres and in quotes, such as "3.5" = 20.0'


def _number(*, may_be_zero: bool = True, may_be_inf: bool = False) -> BeforeValidator:
    """Refuse what no number of the table can be."""
    least = "of at least 0" if may_be_zero else "above 0"
    most = f"{MOST_IN_TABLE:,.0f}{', or inf' if may_be_inf else ''}"

    def checked(value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_inf = may_be_inf and value == math.inf
        if not (is_number and (value > 0 or (may_be_zero and value == 0)) and (value <= MOST_IN_TABLE or is_inf)):
            raise ValueError(f"must be a number {least} and at most {most}")
        return value

    return BeforeValidator(checked)


def _words(value: Any) -> Any:
    if not isinstance(value, list | frozenset) or not all(isinstance(word, str) for word in value):
        raise ValueError("must be a list of words")
    return value


_ENDLESS = Field(allow_inf_nan=True)  # so that each number is refused in the words of the table
Speed = Annotated[float, _ENDLESS, _number()]
AboveZero = Annotated[float, _ENDLESS, _number(may_be_zero=False)]
Cap = Annotated[float, _ENDLESS, _number(may_be_inf=True)]
ListOfWords = Annotated[frozenset[str], BeforeValidator(_words)]


class ModeSpeeds(Model):
    """Speeds of one mode."""

    like: Literal[*MODES] | None = option(None, "Mode whose speeds it has but for those that it lists")  # type: ignore[valid-type]
    classes: dict[str, Speed] = option({}, "Km/h by road class; a class that is not listed is closed to the mode")
    factor: AboveZero = option(1.0, "Multiplies the effective speed")
    uses_maxspeed: StrictBool = option(False, "Whether a tagged limit replaces the class's speed")
    uses_caps: StrictBool = option(False, "Whether surface, smoothness and track grade cap the speed")
    unpaved_factor: Speed = option(1.0, "Multiplies the speed on surfaces that are not paved")
    ungraded_track: Cap = option(math.inf, "Cap of a track without grade, km/h; inf for none")
    uses_width: StrictBool = option(False, "Whether the width of a road caps the speed")
    min_width_m: Speed = option(0.0, "Roads known or taken to be narrower are closed to the mode; 0 for none")


class SeasonRules(Model):
    """What a season does to the speeds of a table; a factor of 0 closes a road."""

    modes: ListOfWords = option(frozenset(), "Modes that the season slows; all others are left as they are")
    unpaved_factor: Speed = option(1.0, "Multiplies the speed on unpaved surfaces that `surface` does not name")
    surface: dict[str, Speed] = option({}, "Factor by surface")
    unpaved_classes: ListOfWords = option(frozenset(), "Road classes taken as not paved where no surface is known")
    closed_classes: ListOfWords = option(frozenset(), "Road classes that the season closes")
    closed_surfaces: ListOfWords = option(frozenset(), "Surfaces that it closes")
    closed_smoothness: ListOfWords = option(frozenset(), "Values of smoothness that it closes")
    closes_fair_weather: StrictBool = option(False, "Whether it closes the roads that are known not to be all-season")

    @field_validator("modes")
    @classmethod
    def _are_modes(cls, modes: frozenset[str]) -> frozenset[str]:
        if unknown := sorted(modes - {*MODES}):
            raise ValueError(f"{', '.join(map(repr, unknown))} is no mode; there are {', '.join(MODES)}")
        return modes


class SpeedCaps(Model):
    """Highest speeds, km/h, by value of a tag and by width."""

    surface: dict[str, Cap]
    smoothness: dict[str, Cap]
    tracktype: dict[str, Cap]
    width: dict[float, Speed] = option({}, "Km/h of roads narrower than so many metres; a wider road is never slower")

    @field_validator("width", mode="before")
    @classmethod
    def _by_metres(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            raise ValueError(f"must be a section; {_QUOTES}")  # noqa: TRY004 - pydantic collects ValueErrors
        metres = {key: as_number(key) for key in given}
        refuse(
            "caps.width",
            [
                f"caps.width.{key}: {_QUOTES} (found {item!r})"
                for key, item in given.items()
                if not 0 < metres[key] < math.inf or isinstance(item, dict)
            ],
        )
        return {metres[key]: given[key] for key in sorted(given, key=metres.__getitem__)}

    @field_validator("width")
    @classmethod
    def _wider_is_faster(cls, caps: dict[float, float]) -> dict[float, float]:
        for (narrow, fast), (wide, slow) in pairwise(caps.items()):
            if fast > slow:
                raise ValueError(
                    f"below {narrow:g} m {fast:g} km/h are allowed and below {wide:g} m only {slow:g}; "
                    "a wider road must not be slower"
                )
        return caps


def width_cap(caps: Mapping[float, float], width_m: FloatArray) -> FloatArray:
    """Find the lowest speed in km/h of the widths that a road is narrower than; inf where none caps it, or for NaN."""
    cap = np.full(len(width_m), np.inf)
    for limit, speed in caps.items():
        cap = np.where(width_m < limit, np.minimum(cap, speed), cap)
    return cap


class SpeedLimits(Model):
    """What tagged limits mean."""

    share: AboveZero = option(1.0, "Share of a tagged limit that is driven")
    mph: AboveZero = option(1.609344, "Km/h in a mile an hour")
    knots: AboveZero = option(1.852, "Km/h in a knot")
    none: AboveZero = option(140.0, "Km/h where there is no limit")
    walk: AboveZero = option(5.0, "Km/h at walking pace")
    zones: dict[str, AboveZero] = option({}, 'Km/h of "ro:urban", or of "urban" in any country')


class AllSeasonTags(Model):
    """Values of tags that tell whether a road can be used all the year."""

    surface_yes: ListOfWords = frozenset()
    surface_no: ListOfWords = frozenset()
    unpaved: ListOfWords = frozenset()
    smoothness_no: ListOfWords = frozenset()
    tracktype_yes: ListOfWords = frozenset()
    tracktype_no: ListOfWords = frozenset()
    class_yes: ListOfWords = frozenset()


class ImputedWidths(Model):
    """Widths of roads whose own is not known."""

    imputed: dict[str, AboveZero] = option({}, "Metres by road class")


class FerryWait(Model):
    """What ferries do."""

    wait_min: Speed | None = option(None, "Minutes of wait a boarding, where the file says so")


class SpeedTable(Model):
    """Everything that decides how fast a road is; the sections of its file."""

    name: str = option(..., "Name of the table, printed beside every result")
    extends: str | None = option(None, "Table that it was laid over")
    maxspeed: SpeedLimits = option(..., "What tagged limits mean")
    caps: SpeedCaps = option(..., "Highest speeds by tag and by width")
    width: ImputedWidths = section(ImputedWidths)
    all_season: AllSeasonTags = option(..., "What tells whether a road can be used all the year")
    season: dict[str, SeasonRules] = option({}, "What each season changes; dry changes nothing unless the file says so")
    ferry: FerryWait = section(FerryWait)
    walk: ModeSpeeds
    cycle: ModeSpeeds
    ebike: ModeSpeeds
    motorcycle: ModeSpeeds
    drive: ModeSpeeds
    emergency: ModeSpeeds

    @property
    def modes(self) -> dict[str, ModeSpeeds]:
        """Speeds of each mode, with those of the mode that it is like below its own."""
        sections: dict[str, ModeSpeeds] = {mode: getattr(self, mode) for mode in MODES}
        return {
            mode: own
            if own.like is None
            else sections[own.like].model_copy(
                update={name: getattr(own, name) for name in own.model_fields_set}
                | {"like": None, "classes": sections[own.like].classes | own.classes}
            )
            for mode, own in sections.items()
        }

    @property
    def seasons(self) -> dict[str, SeasonRules]:
        """Rules of each season; dry is always there."""
        return {"dry": SeasonRules(), **self.season}


def load_speeds(speeds: str | Path | SpeedTable = "osrm_like") -> SpeedTable:
    """Load a speed table."""
    if isinstance(speeds, SpeedTable):
        return speeds
    where, values = f"speed table {speeds}", _merged(str(speeds), seen=())
    lacking = [name for name in ("maxspeed", "caps", "all_season", *MODES) if not isinstance(values.get(name), dict)]
    missing = 'the section is missing; begin the file with extends = "osrm_like"'
    refuse(where, [f"{name}: {missing}" for name in lacking], StudyError)
    try:
        return SpeedTable(**values)
    except ContractError as error:
        raise StudyError(where, error.problems) from None


def _merged(name: str, *, seen: tuple[str, ...]) -> dict[str, Any]:
    """Read a table with all that it extends."""
    path = Path(name)
    try:
        with toml_faults(f"speed table {name}", f"name a preset ({', '.join(PRESETS)}) or a TOML file"):
            shipped = f"network/presets/{name}.toml"
            values = shipped_toml(shipped) if name in PRESETS else {"name": path.stem, **toml_table(toml_text(path))}
    except StudyError:
        raise
    except ValueError as error:  # a NUL, which no system takes
        raise StudyError(f"speed table {name!r}", ["is no name of a file"]) from error
    parent = values.get("extends")
    if parent is None:
        return values
    if parent in seen:
        raise StudyError(f"speed table {name}", [f"extends: goes round in a circle over {first_of((*seen, parent))}"])
    return _overlay(_merged(str(parent), seen=(*seen, name)), values)


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one nested mapping over another; lists and values are replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


# How fast each road is, and whether it can be used all the year, by the speed table.

_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|kmph|mph|knots|knot)?$")
_ZONE = re.compile(r"^[a-z]{2}(?:-[a-z]+)?:([a-z_]+)$")


@dataclass(frozen=True, eq=False)
class RoadSpeeds:
    """Speeds of a frame of roads, one value a road."""

    forward_km_h: FloatArray  # effective speed; 0 where the road is impassable
    backward_km_h: FloatArray
    source: ObjectArray  # ``"stated"``, ``"maxspeed"`` or ``"class"``
    unreadable: BoolArray  # where a limit is tagged that cannot be read
    too_narrow: BoolArray  # where the road is narrower than the mode needs; its speed is 0
    # where a width that caps the speed or closes the road comes from the class
    width_imputed: BoolArray


def parse_maxspeed(text: str, table: SpeedTable | None = None) -> float:
    """Read a tagged speed limit in km/h; NaN where nothing can be read."""
    limits = (table or load_speeds()).maxspeed
    units = {"mph": limits.mph, "knot": limits.knots}
    found = []
    for part in members(text):
        if part in {"none", "walk"}:
            found.append(getattr(limits, part))
        elif number := _NUMBER.match(part):
            found.append(float(number[1]) * units.get((number[2] or "").rstrip("s"), 1.0))
        elif zone := _ZONE.match(part):
            found.append(limits.zones.get(part, limits.zones.get(zone[1], math.nan)))
    return min((speed for speed in found if speed > 0), default=math.nan)


def speeds_of_roads(
    roads: pd.DataFrame | RoadLines, table: SpeedTable, *, mode: str, speed_factor: float = 1.0
) -> RoadSpeeds:
    """Find the effective speed of every road; NaN on a class that is closed to the mode."""
    rules = table.modes[mode]
    by_class = class_values(roads).numbers(lambda kind: rules.classes.get(kind, math.nan))
    cap = np.full(len(roads), np.inf)
    if rules.uses_caps:
        for name in ("surface", "smoothness", "tracktype"):

            def lowest(text: str, caps: Mapping[str, float] = getattr(table.caps, name)) -> float:
                return min((caps[part] for part in members(text) if part in caps), default=math.inf)

            cap = np.fmin(cap, tag_values(roads, name).numbers(lowest))
        ungraded = class_values(roads).is_in(["track"]) & ~tag_values(roads, "tracktype").is_tagged
        cap = np.where(ungraded, np.minimum(cap, rules.ungraded_track), cap)
    # Widths are as the roads say, else by their class.
    width = number_values(roads, "width_m")
    width = np.where(width > 0, width, np.nan)
    usual_width = class_values(roads).numbers(lambda kind: table.width.imputed.get(kind, math.nan))
    is_imputed = np.isnan(width) & ~np.isnan(usual_width)
    width = np.where(is_imputed, usual_width, width)
    too_narrow = width < rules.min_width_m
    cap = np.minimum(cap, width_cap(table.caps.width, width)) if rules.uses_width else cap
    cap = np.where(too_narrow, 0.0, cap)
    slow = np.where(tag_values(roads, "surface").has_any(table.all_season.unpaved), rules.unpaved_factor, 1.0)
    both, bad = _limits(roads, "maxspeed", table)
    speeds, tagged, unreadable = [], [], np.zeros(len(roads), dtype=bool)
    for direction in ("maxspeed_forward", "maxspeed_backward"):
        own, own_bad = _limits(roads, direction, table)
        limit = np.where(np.isnan(own), both, own)
        known = ~np.isnan(limit) & rules.uses_maxspeed
        base = np.where(known, table.maxspeed.share * limit, by_class)
        base = np.where(np.isnan(by_class), np.nan, base)
        speeds.append(np.minimum(base, cap) * slow * rules.factor * speed_factor)
        tagged.append(known)
        unreadable |= own_bad | bad
    stated = number_values(roads, "speed_km_h", above_zero=True)
    is_stated = ~np.isnan(stated) & rules.uses_maxspeed & ~too_narrow
    if is_stated.any():
        may_go = ~np.isnan(by_class)
        for rows in unknown_classes(roads, table).values():
            may_go |= rows
        is_stated &= may_go
        speeds = [np.where(is_stated, stated * speed_factor, each) for each in speeds]
    source = np.select([is_stated, tagged[0] | tagged[1]], ["stated", "maxspeed"], "class").astype(object)
    needs_width = rules.min_width_m > 0 or (rules.uses_width and len(table.caps.width) > 0)
    return RoadSpeeds(
        speeds[0],
        speeds[1],
        source,
        unreadable & rules.uses_maxspeed & ~is_stated,
        too_narrow,
        is_imputed & needs_width,
    )


def unknown_classes(roads: pd.DataFrame | RoadLines, table: SpeedTable) -> dict[str, BoolArray]:
    """Find the classes that neither a mode of the speed table nor OpenStreetMap knows."""
    known = known_classes().union(*(rules.classes for rules in table.modes.values()))
    kinds = class_values(roads)
    words = {word for text in kinds.texts for word in classes_of(text)} - known
    found = {}
    for word in sorted(words):

        def is_of(text: str, word: str = word) -> bool:
            return word in classes_of(text)

        found[word] = kinds.fits(is_of)
    return {word: rows for word, rows in found.items() if rows.any()}


def all_season_of_roads(roads: pd.DataFrame | RoadLines, table: SpeedTable) -> ObjectArray:
    """Tell which roads can be used all the year."""
    lists = table.all_season
    fails = np.zeros(len(roads), dtype=bool)
    for name in SEASON_TAGS:
        tag = tag_values(roads, name)
        fails |= tag.is_tagged & ~tag.is_in(["no"])
    surfaces, tracks = tag_values(roads, "surface"), tag_values(roads, "tracktype")
    fails |= surfaces.has_any(lists.surface_no) | tag_values(roads, "smoothness").has_any(lists.smoothness_no)
    # Each member of a list must hold: a road is as good as its worst stretch.
    holds = surfaces.has_any(lists.surface_yes)
    holds &= surfaces.fits(lambda text: lists.surface_yes.issuperset(members(text)))
    holds |= class_values(roads).is_in(lists.class_yes)
    holds |= ~surfaces.is_tagged & tracks.has_any(lists.tracktype_yes)
    fails |= ~surfaces.is_tagged & tracks.has_any(lists.tracktype_no)
    return np.select([fails, holds], ["no", "yes"], "unknown").astype(object)


def _limits(roads: pd.DataFrame | RoadLines, name: str, table: SpeedTable) -> tuple[FloatArray, BoolArray]:
    tags = tag_values(roads, name)
    limits = tags.numbers(lambda text: parse_maxspeed(text, table))
    # Files without room for a blank write 0 where no limit is known.
    return limits, tags.is_tagged & np.isnan(limits) & ~tags.is_in(["0"])


# What a season does to the speeds of a graph.


def table_of(graph: TravelGraph, table: str | Path | SpeedTable | None) -> SpeedTable:
    """Load the speed table that is given, else the preset that the network was built with, else the first preset."""
    built = graph.report.get("speed_table")
    return load_speeds(table or (built if built in PRESETS else PRESETS[0]))


def with_season(graph: TravelGraph, season: str, *, table: str | Path | SpeedTable | None = None) -> TravelGraph:
    """
    Put a network into another season.

    The speed of an edge is multiplied by the factor of its surface; a factor of 0 closes it in both directions, and it
    is not snapped to any more. Nodes, edges and their order stay, so that times in two seasons can be compared pair by
    pair. Modes that the season does not list, such as walking, are returned as they are.

    Parameters
    ----------
    graph : TravelGraph
        The network in the dry; left unchanged. Of a combined one, each leg takes the season that its mode has.
    season : str
        A season of the table: dry, wet, all_season (unpaved roads are removed), or one that the user's file adds.
    table : str, Path or SpeedTable, optional
        The speed table whose ``[season]`` sections decide, by default the preset that the graph was built with.

    Returns
    -------
    TravelGraph
        With ``report["season"]``: shares of length slowed, closed, and of a surface that was imputed; of a combined
        network those of each leg, under ``legs``.

    Raises
    ------
    NetworkError
        Where the season is unknown, the graph is in a season already or has buses laid into a walk that the season
        slows, was built with a table of your own that is not given, or the season closes by smoothness, which a
        finished graph does not know.
    StudyError
        Where the speed table is at fault.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from spatial.network.build import build_network
    >>> line = gpd.GeoDataFrame({"surface": ["dirt"]}, geometry=[shapely.LineString([(0, 0), (5000, 0)])], crs=32738)
    >>> dry = build_network(line, mode="drive")
    >>> float(dry.forward_min[0]), float(with_season(dry, "wet").forward_min[0])
    (12.0, 24.0)
    """
    of_kind("graph", graph, TravelGraph, required=True)
    if graph.edge_layer is not None:
        _check_name(graph, season)
        legs = take_legs(graph)
        slowed = [with_season(leg.graph, season, table=table) for leg in legs]
        whole = join_legs(graph, legs, [whole_split(leg) for leg in slowed]).graph
        found = {leg.mode: leg.report["season"] for leg in slowed}
        return replace(whole, report={**graph.report, "season": {"name": season, "legs": found}})
    if table is None and (built := graph.report.get("speed_table", PRESETS[0])) not in PRESETS:
        raise NetworkError(f"season {season}: the network was built with the speed table {built}; pass it as table=")
    speeds = table_of(graph, table)
    rules = season_rules(speeds, season)
    if rules.closed_smoothness and graph.mode in rules.modes:
        raise NetworkError(
            f"season {season}: closed_smoothness needs the tags of the roads; use build_network(..., season={season!r})"
        )
    return slowed_by_season(graph, season, speeds)


def season_rules(table: SpeedTable, season: str) -> SeasonRules:
    """Look a season up."""
    if season not in table.seasons:
        raise NetworkError(
            f"season {season!r} is not in the speed table {table.name}; it has {', '.join(sorted(table.seasons))}"
        )
    return table.seasons[season]


def slowed_by_season(
    graph: TravelGraph, season: str, table: SpeedTable, *, closed: BoolArray | None = None
) -> TravelGraph:
    """Apply a season whose name is known to be good."""
    rules = table.seasons[season]
    if graph.mode not in MODES and not (graph.mode == BY_BUS and "walk" not in rules.modes):
        raise NetworkError(
            f"season {season}: the graph of mode {graph.mode} holds several in one; "
            "apply the season to the walk before buses are laid in"
        )
    _check_name(graph, season)
    factor, imputed = np.ones(graph.n_edges), np.zeros(graph.n_edges, dtype=bool)
    if graph.mode in rules.modes:
        edges = {"road_class": graph.road_class, "surface": graph.surface, "all_season": graph.all_season}
        factor, imputed = _factors(pd.DataFrame(edges, dtype=object), rules, table)
        if closed is not None:
            factor = np.where(closed, 0.0, factor)
    changed = {"slowed": (factor > 0) & (factor != 1.0), "closed": factor == 0, "surface_imputed": imputed}
    shares = {f"{name}_share": length_share(graph, rows) for name, rows in changed.items()}
    report = {**graph.report, "season": {"name": season, "speed_table": table.name, **shares}}
    if bool((factor == 1.0).all()):
        return replace(graph, report=report)
    is_open = factor > 0
    slowed = replace(graph.with_factor(factor), report=report)
    if bool(is_open.all()):
        return slowed
    # Nobody snaps to closed edges, and components are those of the open ones.
    return replace(with_components(slowed, is_open), is_snappable=graph.is_snappable & is_open)


def _check_name(graph: TravelGraph, season: str) -> None:
    before = graph.report.get("season", {}).get("name", "dry")
    if before != "dry":
        raise NetworkError(f"season {season}: the graph is in season {before} already; begin from the dry one")


def season_factors(roads: pd.DataFrame, season: str, *, mode: str, table: SpeedTable) -> FloatArray:
    """Find the factor of a season on the speed of each road by its `road_class`, `surface` and `all_season`."""
    rules = season_rules(table, season)
    return _factors(roads, rules, table)[0] if mode in rules.modes else np.ones(len(roads))


def _factors(roads: pd.DataFrame, rules: SeasonRules, table: SpeedTable) -> tuple[FloatArray, BoolArray]:
    """Find the factor of every road, and whether its surface had to be imputed."""
    surface, all_season = roads["surface"].astype(object), roads["all_season"].to_numpy(dtype=object)
    road_class = roads["road_class"].to_numpy(dtype=object).astype(str)
    # The lowest factor of the members of a list that are known; of several rules for one the last here holds.
    by_word = {
        **dict.fromkeys(table.all_season.surface_yes, 1.0),
        **dict.fromkeys(table.all_season.unpaved, rules.unpaved_factor),
        **{word: float(factor) for word, factor in rules.surface.items()},
        **dict.fromkeys(rules.closed_surfaces, 0.0),
    }
    known = {
        text: min((by_word[part] for part in members(text) if part in by_word), default=np.nan)
        for text in surface.dropna().unique()
    }
    by_surface = surface.map(known).to_numpy(dtype=np.float64)
    imputed = np.isnan(by_surface)
    unpaved = np.isin(road_class, sorted(rules.unpaved_classes))
    unpaved = (unpaved & (all_season != "yes")) | (all_season == "no")
    factor = np.where(imputed, np.where(unpaved, rules.unpaved_factor, 1.0), by_surface)
    closed = np.isin(road_class, sorted(rules.closed_classes))
    if rules.closes_fair_weather:
        closed |= all_season == "no"
    untouched = np.isin(road_class, sorted(table.all_season.class_yes))
    untouched |= road_class == FERRY
    return np.where(untouched, 1.0, np.where(closed, 0.0, factor)), imputed & ~untouched
