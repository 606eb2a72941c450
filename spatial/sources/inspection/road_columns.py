"""Road lines of an office: the columns that say how fast they are, the vocabulary of their words, and noding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from spatial.sources.inspection.assigning import NUMBERS, assign, known_values, shipped_vocabulary, translated
from spatial.sources.inspection.reports import Setting
from spatial.sources.own_roads import CONDITIONS
from spatial.sources.road_tags import CLASS_WORDS, ONEWAY_CODES

if TYPE_CHECKING:
    import pandas as pd

    from spatial.sources.inspection.assigning import Assigned
    from spatial.sources.inspection.profiles import Profile

__all__ = ["road_settings"]

KNOWN_SHARE = 0.6
"""Share of the rows whose words a vocabulary must know to be proposed."""
LOOKED_AT = 1500
OSM_CLASSES = [
    "motorway",
    "motorway_link",
    "trunk",
    "trunk_link",
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "tertiary",
    "tertiary_link",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "track",
    "path",
    "footway",
    "bridleway",
    "cycleway",
    "pedestrian",
    "steps",
    "road",
    "ferry",
    *CLASS_WORDS,
]


def road_settings(profiles: list[Profile], frame: pd.DataFrame) -> list[Setting]:
    """Propose the keys of a table of roads."""
    wanted = ("road_id", "id", "name", "ref", "road_class", "kind", "surface", "condition", "width_m")
    found = assign(profiles, (*wanted, "bridge", "tunnel", "layer", "maxspeed", "oneway", "seasonal"))
    settings = []
    key = next(
        (found.columns[n] for n in ("road_id", "id") if n in found.columns and found.columns[n].is_key), None
    )
    if key is not None:
        settings.append(Setting("columns.road_id", key.name))
    settings += [found.setting(ours) for ours in ("name", "ref") if ours in found.columns]
    settings += _class_and_surface(found, profiles)
    settings += _condition(found)
    if "width_m" in found.columns:
        settings.append(found.setting("width_m"))
    settings += _flags(found)
    settings += _rules(found)
    return settings + _noding(frame)


def _class_and_surface(found: Assigned, profiles: list[Profile]) -> list[Setting]:
    best, share, name, strange = _class_column(found, profiles)
    settings = []
    if best is None:
        text = "which column says how fast a road is: class, technical grade or kind"
        return [Setting("columns.road_class", "...", text, is_decided=False), *_plain_surface(found)]
    settings.append(Setting("columns.road_class", best.name))
    if name:
        settings.append(
            Setting("values_file", name, f"this vocabulary knows the words of {share:.0%} of its rows")
        )
    if strange:
        rest = dict.fromkeys(strange[:20], "...")
        reason = f"no road class is known for these words of {best.name!r}; one of {', '.join(OSM_CLASSES[:12])} ..."
        settings.append(Setting("values.road_class", rest, reason, is_decided=False))
    if best.filled < len(best.texts):
        text = f"{len(best.texts) - best.filled} of {len(best.texts)} roads have no word in {best.name!r}: fill them in"
        settings.append(Setting("", None, text, is_decided=False))
    others = [profile.name for profile in found.others.get("road_class", []) if profile is not best]
    if others:
        listed = ", ".join(repr(other) for other in others)
        settings.append(
            Setting("", None, f"{listed} classes roads too: map the column that says how fast they are")
        )
    return settings + (_named_surface(found, name) if name else _plain_surface(found))


def _class_column(found: Assigned, profiles: list[Profile]) -> tuple[Profile | None, float, str, list[str]]:
    """Choose the column of classes by the words it holds; the order of the names decides between equal ones."""
    named = [found.columns[n] for n in ("road_class", "kind") if n in found.columns]
    named[1:1] = found.others.get("road_class", [])
    tried: list[tuple[Profile, float, str, list[str]]] = []
    for profile in [*named, *(p for p in profiles if p.kind == "text" and p not in named)]:
        if not profile.filled:
            continue
        strange = [value for value in profile.values if value not in OSM_CLASSES]
        ours = float(profile.texts.dropna().isin(OSM_CLASSES).mean())
        if ours >= KNOWN_SHARE:
            tried.append((profile, ours, "", strange))
            continue
        name, share, unknown = shipped_vocabulary(profile, "road_class")
        if share >= KNOWN_SHARE:
            tried.append((profile, share, name, unknown))
    if tried:
        in_order = [item for item in tried if item[0] in named] or tried
        return in_order[0]
    if named:
        return named[0], 0.0, "", named[0].values
    return None, 0.0, "", []


def _named_surface(found: Assigned, name: str) -> list[Setting]:
    profile = found.columns.get("surface")
    if profile is None:
        return []
    told, share, strange = shipped_vocabulary(profile, "surface")
    if told != name or share < KNOWN_SHARE:
        text = (
            f"the vocabulary {name!r} does not know the words of {profile.name!r}, such as {profile.examples}"
        )
        return [Setting("columns.surface", profile.name, text, is_decided=False)]
    settings = [found.setting("surface")]
    if strange:
        text = f"no surface is known for these words of {profile.name!r}; a word of the speed table, or '' for unknown"
        settings.append(Setting("values.surface", dict.fromkeys(strange[:20], "..."), text, is_decided=False))
    return settings


def _plain_surface(found: Assigned) -> list[Setting]:
    profile = found.columns.get("surface")
    if profile is None:
        return []
    name, share, _ = shipped_vocabulary(profile, "surface")
    if share < KNOWN_SHARE or profile.kind != "text":
        return [found.setting("surface")]
    return [found.setting("surface"), Setting("values_file", name, f"it knows {share:.0%} of the surfaces")]


def _condition(found: Assigned) -> list[Setting]:
    profile = found.columns.get("condition")
    if profile is None or profile.distinct > 20:
        return []
    known, strange = known_values(profile, "condition")
    if not known:
        return []
    return [found.setting("condition"), *translated("condition", profile, known, strange, tuple(CONDITIONS))]


def _flags(found: Assigned) -> list[Setting]:
    settings = []
    for ours in ("bridge", "tunnel"):
        profile = found.columns.get(ours)
        if profile is None:
            continue
        known, strange = known_values(profile, "flag")
        if strange and profile.kind != "text":
            continue
        settings.append(found.setting(ours))
        needed = {theirs: word for theirs, word in known.items() if theirs != word}
        if needed:
            settings.append(Setting(f"values.{ours}", needed))
    layer = found.columns.get("layer")
    if layer is not None and layer.kind == "whole number" and bool((np.abs(layer.finite) <= 5).all()):
        settings.append(found.setting("layer"))
    return settings


def _rules(found: Assigned) -> list[Setting]:
    """Speed limits that are numbers; directions and seasons whose words are all known."""
    settings = []
    limit = found.columns.get("maxspeed")
    if limit is not None and (limit.kind in NUMBERS or limit.name == "maxspeed"):
        settings.append(found.setting("maxspeed"))
    for ours, table in (("oneway", "oneway"), ("seasonal", "flag")):
        profile = found.columns.get(ours)
        if profile is None or profile.distinct > len(OSM_CLASSES):
            continue
        if ours == "oneway" and ONEWAY_CODES.issuperset(profile.values):
            settings.append(found.setting(ours))
            continue
        known, strange = known_values(profile, table)
        if known and not strange:
            settings += [found.setting(ours), *translated(ours, profile, known, strange, ())]
    return settings


def _noding(frame: pd.DataFrame) -> list[Setting]:
    if not isinstance(frame, gpd.GeoDataFrame):
        return []
    crossed, pairs = _crossed(frame)
    if not crossed:
        return []
    reason = (
        f"{crossed} of {pairs} meetings looked at have no vertex in common, so that nobody could turn there; look at "
        'the report, then perhaps "snap"'
    )
    return [Setting("noding", "report", reason)]


def _crossed(frame: gpd.GeoDataFrame) -> tuple[int, int]:
    """Meetings of the first lines, and how many of them are no vertex of both."""
    lines = shapely.force_2d(np.asarray(frame.geometry[frame.geometry.notna()])[:LOOKED_AT])
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    is_pair = first < second
    first, second = first[is_pair][:LOOKED_AT], second[is_pair][:LOOKED_AT]
    crossed = 0
    for one, other in zip(first, second, strict=True):
        meeting = shapely.get_coordinates(shapely.intersection(lines[one], lines[other]))[:1]
        apart = [
            np.abs(shapely.get_coordinates(lines[row]) - meeting).max(axis=1).min() for row in (one, other)
        ]
        crossed += max(apart) > 1e-6
    return crossed, len(first)
