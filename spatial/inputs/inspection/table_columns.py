"""Places and road lines of an office: which of their columns are read as what."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from spatial.inputs.inspection.columns import EXACT, matches
from spatial.inputs.inspection.kinds import (
    MOST_VALUES,
    NUMBERS,
    Assigned,
    assign,
    ends_like_villages,
    is_unit_code,
    known_values,
    official_vocabulary,
    service_in,
    services_in,
    shipped_vocabulary,
    translated,
)
from spatial.inputs.inspection.reports import Setting
from spatial.inputs.own_roads import CONDITIONS
from spatial.inputs.road_tags import CLASS_WORDS, ONEWAY_CODES
from spatial.inputs.services import load_services
from spatial.inputs.unit_codes import PLAN_CLASSES
from spatial.tables.words import FACILITY_STATUS, TIERS

if TYPE_CHECKING:
    import pandas as pd

    from spatial.inputs.inspection.columns import Profile
    from spatial.inputs.inspection.guesses import Coordinates
    from spatial.inputs.inspection.opening import Opened


# A table under inspection, as the writers of proposals take it.


@dataclass(frozen=True, eq=False)
class Table:
    """A table under inspection."""

    named: str  # its path as a study file writes it
    title: str  # names of the file and of the sheet or layer
    frame: pd.DataFrame  # its rows
    profiles: list[Profile]  # its columns
    opened: Opened  # how it was opened
    coordinates: Coordinates  # what is thought of them
    has_geometry: bool  # whether the file draws it


# Settlements and facilities of an office: ids, names, people, tiers and services by their columns.

FROM_NAMES = 0.9
"""Share of the rows from which the names of facilities stand for the service of all."""
_PLACE = ("unit_code", "unit_level", "township", "township_id", "name_en", "name_zh")
_PEOPLE = ("population_persons", "elderly_persons", "children_persons")
_AGES = re.compile(r"(\d{1,2})\s*[-\u2013至到]\s*(\d{1,2})\s*(岁|ans|years)", re.IGNORECASE)
_WOMEN = re.compile(r"女|women|femme", re.IGNORECASE)
ADULT = 18


def settlement_settings(table: Table) -> list[Setting]:
    """Map the columns of a list of settlements."""
    wanted = ("settlement_id", "id", "name", "tier", "kind", "village_plan_class", "official_class", *_PLACE)
    found = assign(
        table.profiles,
        (*wanted, *_PEOPLE),
        taken=table.coordinates.columns,
    )
    _name_and_code(table, found)
    settings = choose_key(table, found, "settlement_id", ("settlement_id", "unit_code", "id"))
    settings += mapped(found, ("name", *_PLACE))
    settings += _population(found)
    settings += _ages(table)
    settings += _tier(table, found)
    if "village_plan_class" in found.columns:
        settings += _choice(found, "village_plan_class", PLAN_CLASSES)
    if "official_class" in found.columns:
        settings += _official_class(found)
    return settings


def attribute_settings(table: Table) -> list[Setting]:
    """Map the columns of a table that is joined onto settlements."""
    found = assign(table.profiles, ("name", "official_class", "village_plan_class", *_PLACE, *_PEOPLE))
    _name_and_code(table, found)
    settings = mapped(found, ("unit_code", "name", "township", "name_en", "name_zh"))
    settings += _population(found)
    settings += _ages(table)
    if "official_class" in found.columns:
        settings += _official_class(found)
    return settings


def _shortest(found: Assigned, ours: str) -> list[Profile]:
    """Columns that may be one of ours, the one with the shortest codes first: a village is known by 12 digits of 17."""
    if ours not in found.columns:
        return []
    both = [found.columns[ours], *found.others.get(ours, [])]
    if ours != "unit_code":
        return both
    return sorted(both, key=lambda profile: len(profile.examples[0]) if profile.examples else 0)


def mapped(found: Assigned, wanted: tuple[str, ...]) -> list[Setting]:
    """Write down those columns of ours that are there."""
    return [found.setting(ours) for ours in wanted if ours in found.columns]


def choose_key(table: Table, found: Assigned, ours: str, order: tuple[str, ...]) -> list[Setting]:
    """Choose the column that names rows: complete and without repeats."""
    tried = [profile for name in order for profile in _shortest(found, name)]
    codes = [profile for profile in table.profiles if profile.kind in {"code", "whole number"}]
    tried += [profile for profile in codes if profile not in tried and profile.kind == "code"]
    chosen = next((profile for profile in tried if profile.is_key), None)
    if chosen is not None:
        return [Setting(f"columns.{ours}", chosen.name)]
    if tried:
        first = tried[0]
        blank, repeated = len(first.texts) - first.filled, first.filled - first.distinct
        why = f"{first.name!r} has {blank} blank(s) and {repeated} repeat(s); give each row an id of its own"
        return [Setting(f"columns.{ours}", first.name, why, is_decided=False)]
    name = found.columns.get("name")
    if name is not None and name.is_key:
        why = f"no column of ids; the names in {name.name!r} are all different, and would do as long as they stay so"
        return [Setting(f"columns.{ours}", name.name, why, is_decided=False)]
    return [Setting(f"columns.{ours}", "...", "no column names each row once; add one", is_decided=False)]


def _population(found: Assigned) -> list[Setting]:
    settings = []
    if "population_persons" in found.columns:
        chosen = found.columns["population_persons"]
        others = [profile for profile in found.others.get("population_persons", []) if _is_exact(profile)]
        blanks = len(chosen.texts) - chosen.filled
        if others and _is_exact(chosen):
            listed = ", ".join(repr(profile.name) for profile in (chosen, *others))
            reason = (
                f"which people count: {listed}; say the same in [population] basis (resident, registered)"
            )
            settings.append(Setting("columns.population_persons", chosen.name, reason, is_decided=False))
        elif blanks:
            reason = f"{blanks} of {len(chosen.texts)} rows have no number: fill them in, or leave the column unmapped"
            settings.append(Setting("columns.population_persons", chosen.name, reason, is_decided=False))
        else:
            settings.append(found.setting("population_persons"))
    elif "population_persons" in found.unfit:
        settings.append(Setting("", None, f"people: {found.unfit['population_persons']}", is_decided=False))
    return settings + mapped(found, ("elderly_persons", "children_persons"))


def _name_and_code(table: Table, found: Assigned) -> None:
    """Name townships where a list names nothing else; tell a code by its form where its head does not say it."""
    if "name" not in found.columns and "township" in found.columns:
        others = [profile for profile in table.profiles if profile not in found.columns.values()]
        villages = next((profile for profile in others if ends_like_villages(profile)), None)
        if villages is not None:
            found.give("name", villages, "most end in 村, 社区 or the like")
        elif found.columns["township"].is_key:
            found.give("name", found.columns.pop("township"), "the only names")
    if "unit_code" not in found.columns:
        codes = [profile for profile in table.profiles if is_unit_code(profile)]
        if codes:
            found.give("unit_code", codes[0], "by the form of its codes")


def _ages(table: Table) -> list[Setting]:
    """Children and women by the ages in the head of a column."""
    settings = []
    for profile in table.profiles:
        ages = _AGES.search(profile.name)
        if ages is None or profile.kind != "whole number":
            continue
        low, high = int(ages[1]), int(ages[2])
        if _WOMEN.search(profile.name):
            settings.append(Setting(f"columns.women_{low}_{high}_persons", profile.name))
        elif 0 < low <= high < ADULT:
            settings.append(Setting(f"columns.children_{low}_{high}_persons", profile.name))
    return settings


def _official_class(found: Assigned) -> list[Setting]:
    """Urban or rural by words of ours, or by those of a shipped vocabulary."""
    profile = found.columns["official_class"]
    known, strange = known_values(profile, "official_class")
    if strange:
        name = official_vocabulary(profile)
        return [found.setting("official_class"), Setting("values_file", name)] if name else []
    return [found.setting("official_class"), *translated("official_class", profile, known, strange, ())]


def _is_exact(profile: Profile) -> bool:
    return any(match.ours == "population_persons" and match.score == EXACT for match in matches(profile.name))


def _tier(table: Table, found: Assigned) -> list[Setting]:
    tried = [found.columns[name] for name in ("tier", "kind") if name in found.columns]
    tried += [profile for profile in table.profiles if profile.kind == "text" and profile not in tried]
    for profile in tried:
        if 0 < profile.distinct <= MOST_VALUES:
            known, strange = known_values(profile, "tier")
            if not strange or (len(known) > len(strange) and profile is found.columns.get("tier")):
                return [
                    Setting("columns.tier", profile.name),
                    *translated("tier", profile, known, strange, TIERS),
                ]
    reason = (
        "no column says which rows are villages, towns, county seats or cities: if all are of one tier, this says so; "
        "else add a column and map it as columns.tier"
    )
    return [Setting("tier", "village", reason, is_decided=False)]


def _choice(found: Assigned, ours: str, choices: tuple[str, ...]) -> list[Setting]:
    profile = found.columns[ours]
    known, strange = known_values(profile, ours)
    if strange and not known:
        return []
    return [found.setting(ours), *translated(ours, profile, known, strange, choices)]


def facility_settings(table: Table) -> list[Setting]:
    """Map the columns of a list of facilities."""
    wanted = (
        "facility_id",
        "id",
        "name",
        "place_name",
        "service",
        "kind",
        "capacity",
        "load",
        "status",
        *_PLACE,
    )
    found = assign(table.profiles, (*wanted, "opening_hours"), taken=table.coordinates.columns)
    _name_of_facility(found)
    settings = choose_key(table, found, "facility_id", ("facility_id", "id", "unit_code"))
    settings += mapped(found, ("name", "place_name", *_PLACE))
    settings += _service(table, found)
    settings += mapped(found, ("capacity", "load", "capacity_unit", "opening_hours"))
    settings += _status(table, found)
    reason = (
        "complete where every facility of the kind is in it: only then a norm counts a missing one as missing"
    )
    settings.append(Setting("inventory", "unknown", reason))
    return settings


def _status(table: Table, found: Assigned) -> list[Setting]:
    """
    Map the column that says which facilities work, by its head or by its words: a closed one must not be read as open.

    Where its words are not all known, or rows are blank, that is for the user to decide.
    """
    named = [found.columns["status"], *found.others.get("status", [])] if "status" in found.columns else []
    free = [profile for profile in table.profiles if profile not in (*found.columns.values(), *named)]
    best: tuple[Profile, dict[str, str], list[str]] | None = None
    for profile in (*named, *free):
        if not 0 < profile.distinct <= MOST_VALUES or (profile not in named and profile.kind != "text"):
            continue
        known, strange = known_values(profile, "status")
        if profile in named and len(known) < profile.distinct:
            answers, others = known_values(profile, "is_open")
            known, strange = (answers, others) if len(answers) > len(known) else (known, strange)
        # Without a head that says so, only a column that speaks of nothing else, and of a closed one.
        is_meant = bool(known) if profile in named else not strange and "closed" in known.values()
        if is_meant and (best is None or len(known) > len(best[1])):
            best = profile, known, strange
    if best is None:
        return []
    profile, known, strange = best
    settings = [Setting("columns.status", profile.name)]
    settings += translated("status", profile, known, strange, FACILITY_STATUS)
    blanks = len(profile.texts) - profile.filled
    if not blanks:
        return settings
    why = (
        f"{blanks} of {len(profile.texts)} rows of {profile.name!r} do not say whether the facility works: fill them "
        "in; without this column every row counts as existing, the closed ones too"
    )
    return [replace(setting, reason=setting.reason or why, is_decided=False) for setting in settings]


def _name_of_facility(found: Assigned) -> None:
    """Of several columns of names the one that names services is the facility's; one of villages is its place."""
    names = [found.columns["name"], *found.others.get("name", [])] if "name" in found.columns else []
    if len(names) < 2:
        return
    best = max(names, key=lambda profile: (services_in(profile)[0], profile.distinct))
    found.give("name", best)
    rest = [profile for profile in names if profile is not best]
    if "place_name" not in found.columns:
        found.give("place_name", rest[0], "where it is, for rows that are located by name")


def _service(table: Table, found: Assigned) -> list[Setting]:
    ids = load_services(None).ids
    told = found.columns.get("service")
    if told is not None and set(told.values) <= set(ids):
        return [Setting("columns.service", told.name)]
    kinds = [found.columns[name] for name in ("kind", "service") if name in found.columns]
    kinds += [profile for name in ("kind", "service") for profile in found.others.get(name, [])]
    kinds = [profile for profile in kinds if profile.kind != "empty" and profile.distinct <= MOST_VALUES]
    shares = [services_in(profile)[0] for profile in kinds]
    if kinds and max(shares) > 0:
        profile = kinds[shares.index(max(shares))]
        settings = [Setting("columns.service", profile.name), *_words_of_services(profile, ids)]
        if profile.filled < len(profile.texts):
            why = f"{len(profile.texts) - profile.filled} rows of {profile.name!r} are blank; fill them in"
            settings.append(Setting("", None, why, is_decided=False))
        return settings
    by_title = service_in(table.title)
    share, counts = services_in(found.columns["name"]) if "name" in found.columns else (0.0, {})
    rows = max(1, found.columns["name"].filled if "name" in found.columns else 1)
    most = max(counts, key=lambda service: counts[service]) if counts else ""
    if most and counts[most] >= FROM_NAMES * min(rows, 500):
        return [Setting("service", most, f"{counts[most]} of the names say so")]
    if by_title and (not most or most == by_title) and len(counts) <= 1:
        return [Setting("service", by_title, f"{table.title!r} says so; its names do not contradict it")]
    if len(counts) > 1:
        listed = ", ".join(f"{service} {number}" for service, number in sorted(counts.items()))
        reason = f"the names speak of several ({listed}; {share:.0%} of all): add a column of them, or split the file"
        return [Setting("service", by_title or most, reason, is_decided=False)]
    return [Setting("service", by_title or "...", f"one of {', '.join(ids)}", is_decided=False)]


def _words_of_services(profile: Profile, ids: tuple[str, ...]) -> list[Setting]:
    """By a shipped vocabulary where it knows all the words, for it tells emergency hospitals from others."""
    vocabulary, share, _ = shipped_vocabulary(profile, "service")
    if share == 1.0:
        return [Setting("values_file", vocabulary, "this vocabulary knows all the words of the column")]
    known = {value: service_in(value) for value in profile.values if service_in(value)}
    strange = [value for value in profile.values if value not in known]
    return translated("service", profile, known, strange, ids)


# Road lines of an office: the columns that say how fast they are, the vocabulary of their words, and noding.

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
