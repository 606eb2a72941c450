"""Places and road lines of an office: which of their columns are read as what."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.formats.columns import perhaps_thousands, spoiled_ids, translate
from spatial.inputs.facility_facts import joint_service
from spatial.inputs.inspection.columns import EXACT, Profile, matches, plain
from spatial.inputs.inspection.guesses import Coordinates
from spatial.inputs.inspection.kinds import (
    GROUPS,
    HALF,
    MOST_VALUES,
    Assigned,
    assign,
    ends_like_villages,
    is_service_word,
    is_unit_code,
    kind_words,
    known_values,
    pattern_in,
    service_in,
    service_of_tag,
    services_in,
    shipped_vocabulary,
    translated,
)
from spatial.inputs.inspection.opening import Opened
from spatial.inputs.inspection.reports import Setting
from spatial.inputs.names import PLAN_CLASSES
from spatial.inputs.road_noding import CONDITIONS
from spatial.inputs.road_tags import CLASS_WORDS, ONEWAY_CODES
from spatial.inputs.services import load_services
from spatial.messages import Said
from spatial.study.region import basis_told
from spatial.tables.words import FACILITY_STATUS, TIERS

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

_TAGS = {
    **{key: [key] for key in ("amenity", "healthcare", "shop")},
    "fclass": ["amenity", "healthcare", "shop", "leisure", "highway", "man_made"],
}
"""Heads whose words are values of tags of OpenStreetMap, with the keys that they may be of."""
_LEVELS = {"primary", "secondary", "primaire", "secondaire"}
_BETWEEN = re.compile(r"[\u3001/,\uff0c;\uff1b&+\uff0b和及与]|\b(?:and|et)\b")
FROM_NAMES = 0.9
"""Share of the rows from which the names of facilities stand for the service of all."""
_PLACE = ("unit_code", "unit_level", "township", "township_id", "name_en", "name_zh")
_PEOPLE = ("population_persons", *GROUPS)
_AGES = re.compile(r"(\d{1,2})\s*[-\u2013至到]\s*(\d{1,2})\s*(岁|ans|years)", re.IGNORECASE)
_WOMEN = re.compile(r"女|women|femme", re.IGNORECASE)
ADULT = 18


def settlement_settings(table: Table) -> list[Setting]:
    """Map the columns of a list of settlements."""
    wanted = ("settlement_id", "id", "name", "tier", "kind", "village_plan_class", "official_class", *_PLACE)
    found = assign(table.profiles, (*wanted, *_PEOPLE), taken=table.coordinates.columns)
    _name_and_code(table, found)
    settings = choose_key(table, found, "settlement_id", ("settlement_id", "unit_code", "id"))
    settings += found.mapped("name", *_PLACE)
    settings += _people(table, found) + _tier(table, found)
    return settings + _plan_class(found) + _official_class(found)


def attribute_settings(table: Table) -> list[Setting]:
    """Map the columns of a table that is joined onto settlements."""
    found = assign(table.profiles, ("name", "official_class", "village_plan_class", *_PLACE, *_PEOPLE))
    _name_and_code(table, found)
    if not {"unit_code", "name"} & {*found.columns}:
        others = [profile for profile in table.profiles if profile not in found.columns.values()]
        texts = [profile for profile in others if profile.kind == "text" and profile.is_key]
        if len(texts) == 1:
            found.give("name", texts[0], Said("only_text"))
    settings = found.mapped("unit_code", "name", "township", "name_en", "name_zh")
    return settings + _people(table, found) + _plan_class(found) + _official_class(found)


def choose_key(table: Table, found: Assigned, ours: str, order: tuple[str, ...]) -> list[Setting]:
    """Choose the column that names rows: complete and without repeats."""
    tried = []
    for name in order:
        several = found.candidates(name)
        if name == "unit_code":  # the shortest codes first: a village is known by 12 digits of 17
            several.sort(key=lambda profile: len(profile.examples[0]) if profile.examples else 0)
        tried += several
    tried += [profile for profile in table.profiles if profile.kind == "code" and profile not in tried]
    names = found.columns.get("name")
    chosen = next((profile for profile in tried if profile.is_key), None)
    is_serial = chosen is not None and np.array_equal(np.sort(chosen.numbers), np.arange(1, chosen.filled + 1))
    if chosen is not None and ours == "facility_id" and names is not None and is_serial:
        # Numbers of rows are those of settlements too, or of another list.
        why = Said("numbers_rows", name=chosen.name)
        alone = Setting(f"columns.{ours}", names.name, why)
        return [alone if names.is_key else Setting("id_from", [names.name, chosen.name], why)]
    if chosen is not None:
        spoiled = chosen.texts[spoiled_ids(chosen.texts) | (chosen.kind == "date")]
        spoilt: str = Said("id_spoiled", name=chosen.name, text=str(spoiled.iloc[0])) if len(spoiled) else ""
        return [Setting(f"columns.{ours}", chosen.name, spoilt, is_decided=not spoilt)]
    if names is not None and names.is_key:
        return [Setting(f"columns.{ours}", names.name, Said("names_as_ids", name=names.name))]
    parts = [found.columns[name] for name in ("unit_code", "township", "place_name", "name") if name in found.columns]
    by_name = {profile.name: profile for profile in table.profiles}
    parts += [by_name[name] for name in table.coordinates.columns if name in by_name]
    # As few columns as tell the rows apart, the name among them.
    for one, other in sorted(itertools.combinations(parts, 2), key=lambda pair: names not in pair):
        if one.texts.fillna("").str.cat(other.texts.fillna(""), sep="/").is_unique:
            return [Setting("id_from", [one.name, other.name], Said("two_name_rows", one=one.name, other=other.name))]
    value, why = "...", Said("no_id")
    if tried:
        value, blanks, repeats = tried[0].name, tried[0].blanks, tried[0].filled - tried[0].distinct
        why = Said("id_faults", name=value, blanks=blanks, repeats=repeats)
    return [Setting(f"columns.{ours}", value, why, is_decided=False)]


def _people(table: Table, found: Assigned) -> list[Setting]:
    """Map the people of each place, in all and by group; children and women also by the ages in a head."""
    settings = []
    named = found.candidates("population_persons")
    if named:
        exact = [
            profile
            for profile in named
            if ("population_persons", EXACT) in {(match.ours, match.score) for match in matches(profile.name)}
        ]
        setting = found.setting("population_persons")
        # Of several columns of one basis the first counts, so it is written last.
        by_basis = {basis: profile.name for profile in reversed(exact) if (basis := basis_told(profile.name))}
        if len(exact) > 1 and exact[0] is named[0]:
            reason = Said("which_people", columns={"quoted": [profile.name for profile in exact]})
            setting = replace(setting, reason=reason, is_decided=False, by_basis=by_basis)
        elif blanks := named[0].blanks:
            reason = Said("people_blank", blanks=blanks, rows=len(named[0].texts))
            setting = replace(setting, reason=reason, is_decided=False)
        zeros = int((named[0].numbers == 0).sum())
        if zeros >= HALF * len(named[0].texts):
            # Maps write 0 where no number is known.
            why = Said("people_zero", name=named[0].name, zeros=zeros, rows=len(named[0].texts))
            setting = Setting("", None, why)
        settings.append(setting)
        if not table.opened.signs.settings and (several := perhaps_thousands(named[0].texts)):
            reason = Said("point_thousands", text=several[0])
            settings.append(Setting("thousands", ".", reason, is_decided=False))
    elif "population_persons" in found.unfit:
        told = Said("people_unfit", why=found.unfit["population_persons"])
        settings.append(Setting("", None, told, is_decided=False, about="population_persons"))
    settings += found.mapped(*GROUPS)
    settings += _left_out(found, *GROUPS)
    for profile in table.profiles:
        if (ages := _AGES.search(profile.name)) is None or profile.kind != "whole number":
            continue
        low, high = int(ages[1]), int(ages[2])
        if _WOMEN.search(profile.name):
            settings.append(Setting(f"columns.women_{low}_{high}_persons", profile.name))
        elif 0 < low <= high < ADULT:
            settings.append(Setting(f"columns.children_{low}_{high}_persons", profile.name))
    return settings


def _name_and_code(table: Table, found: Assigned) -> None:
    """Name townships where a list names nothing else; tell a code by its form where its head does not say it."""
    if "name" not in found.columns and "township" in found.columns:
        others = [profile for profile in table.profiles if profile not in found.columns.values()]
        villages = next((profile for profile in others if ends_like_villages(profile)), None)
        if villages is not None:
            found.give("name", villages, Said("ends_in_village"))
        elif found.columns["township"].is_key:
            found.give("name", found.columns.pop("township"), Said("only_names"))
    codes = [profile for profile in table.profiles if is_unit_code(profile)]
    if codes and "unit_code" not in found.columns:
        found.give("unit_code", codes[0], Said("code_form"))


def _plan_class(found: Assigned) -> list[Setting]:
    """Map the class that the plan of villages gives each."""
    if "village_plan_class" not in found.columns:
        return []
    known, strange = known_values(found.columns["village_plan_class"], "village_plan_class")
    return found.translated("village_plan_class", known, strange, PLAN_CLASSES) if known or not strange else []


def _official_class(found: Assigned) -> list[Setting]:
    """Urban or rural by words of ours, or by those of a shipped vocabulary."""
    if "official_class" not in found.columns:
        return []
    profile = found.columns["official_class"]
    known, strange = known_values(profile, "official_class")
    if strange:
        name, share, _ = shipped_vocabulary(profile, "official_class")
        return [found.setting("official_class"), Setting("values_file", name)] if share == 1.0 else []
    return found.translated("official_class", known, strange, ())


def _tier(table: Table, found: Assigned) -> list[Setting]:
    tried = [found.columns[name] for name in ("tier", "kind") if name in found.columns]
    tried += [profile for profile in table.profiles if profile.kind == "text" and profile not in tried]
    for profile in tried:
        if 0 < profile.distinct <= MOST_VALUES:
            known, strange = known_values(profile, "tier")
            if not strange or (known and profile is found.columns.get("tier")):
                column = Setting("columns.tier", profile.name)
                return [column, *translated("tier", profile, known, strange, TIERS)]
    return [Setting("tier", "village", Said("no_tier"), is_decided=False)]


def _left_out(found: Assigned, *names: str) -> list[Setting]:
    """Say why a column that looks like one of ours is not mapped; an empty one tells nothing."""
    told = ((n, found.unfit[n]) for n in names if n in found.unfit and n not in found.columns)
    said = ((n, why.values["name"], Said("of_column", name=n, why=why)) for n, why in told if why.key != "unfit_empty")
    return [Setting(f"columns.{name}", theirs, why, is_decided=False, about=name) for name, theirs, why in said]


def facility_settings(table: Table) -> list[Setting]:
    """Map the columns of a list of facilities."""
    wanted = ("facility_id", "id", "name", "place_name", "service", "kind", "capacity", "load", "status", "postcode")
    found = assign(table.profiles, (*wanted, *_PLACE, "opening_hours"), taken=table.coordinates.columns)
    # A column called after a service, such as "Pharmacy" or "Ecole", names facilities; "Village" beside it says where.
    place = found.columns.get("name")
    is_place = place is None or "settlements" in kind_words(place.name) or ends_like_villages(place)
    for profile in table.profiles if is_place else ():
        if profile.kind == "text" and profile not in found.columns.values() and is_service_word(profile.name):
            found.give("name", profile, Said("called_service"))
            found.others["name"] = [*([] if place is None else [place]), *found.others.get("name", [])]
            break
    # Of several columns of names the one that names services is the facility's; one of villages is its place.
    names = found.candidates("name")
    if len(names) > 1:
        best = max(names, key=lambda n: (services_in(n)[0], "settlements" not in kind_words(n.name), n.distinct))
        found.give("name", best)
        if "place_name" not in found.columns:
            place = next(profile for profile in names if profile is not best)
            found.give("place_name", place, Said("where_it_is"))
    settings = choose_key(table, found, "facility_id", ("facility_id", "id", "unit_code"))
    settings += found.mapped("name", "place_name", "postcode", *_PLACE)
    settings += _service(table, found)
    settings += found.mapped("capacity", "load", "capacity_unit", "opening_hours")
    settings += _left_out(found, "capacity", "load")
    settings += _status(table, found)
    return [*settings, Setting("inventory", "unknown", Said("inventory"))]


def _status(table: Table, found: Assigned) -> list[Setting]:
    """Map the column that says which facilities work; what is blank or no known word is for the user to decide."""
    named = found.candidates("status")
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
    if not profile.blanks:
        return settings
    why = Said("status_blank", blanks=profile.blanks, rows=len(profile.texts), name=profile.name)
    return [replace(setting, reason=setting.reason or why, is_decided=False) for setting in settings]


def _is_level_of_care(kinds: Profile, names: Profile) -> bool:
    """Whether Primary and Secondary are no schools: most names that say a service speak of another."""
    if not {plain(value) for value in kinds.values if service_in(value)} <= _LEVELS:
        return False
    told = zip(kinds.texts.fillna("").map(service_in), names.texts.fillna("").map(service_in), strict=True)
    both = [(one, other) for one, other in told if one and other]
    return sum(joint_service(*pair, load_services()) is None for pair in both) > HALF * len(both)


def _service(table: Table, found: Assigned) -> list[Setting]:
    """Map the column that says what each facility is, else name the one service of all by their names or the title."""
    ids = load_services(None).ids
    own = found.columns.get("service")
    if own is not None and set(own.values) <= set(ids):
        return [Setting("columns.service", own.name)]
    kinds = [found.columns[ours] for ours in ("kind", "service") if ours in found.columns]
    kinds += [profile for ours in ("kind", "service") for profile in found.others.get(ours, [])]
    names = found.columns.get("name")
    kinds = [one for one in kinds if one.kind != "empty" and (one.distinct <= MOST_VALUES or plain(one.name) in _TAGS)]
    kinds = [profile for profile in kinds if names is None or not _is_level_of_care(profile, names)]
    # Words that stand in several rows, and nearly all are services, are kinds whatever the head.
    free = [one for one in table.profiles if one.kind == "text" and one not in found.columns.values()]
    kinds = kinds or [one for one in free if one.distinct < one.filled and services_in(one)[0] >= FROM_NAMES]
    profile = max(kinds, key=lambda profile: services_in(profile)[0], default=None)
    if profile is not None and services_in(profile)[0] > 0:
        settings = [Setting("columns.service", profile.name)]
        # A shipped vocabulary that knows all the words comes first, for it tells emergency hospitals from others.
        vocabulary, share, _ = shipped_vocabulary(profile, "service")
        if keys := _TAGS.get(plain(profile.name)):
            told = {value: service_of_tag(keys, value) or "none" for value in profile.values}
            settings.append(Setting("values.service", told, Said("tags_say_so")))
        elif share == 1.0:
            settings.append(Setting("values_file", vocabulary, Said("knows_all_words")))
        else:
            known = {value: service_in(value) for value in profile.values if service_in(value)}
            strange = [value for value in profile.values if value not in known]
            parts = {value: {service_in(part) for part in _BETWEEN.split(value)} - {""} for value in known}
            if several := [value for value in known if len(parts[value]) > 1]:
                why = Said("several_in_one", name=profile.name)
                settings.append(Setting("values.service", dict.fromkeys(several, "..."), why, is_decided=False))
            known = {value: service for value, service in known.items() if value not in several}
            settings += translated("service", profile, known, strange, ids)
        if profile.blanks:
            why = Said("rows_blank", blanks=profile.blanks, name=profile.name)
            settings.append(Setting("", None, why, is_decided=False))
        return settings
    by_title = service_in(table.title)
    share, counts = services_in(names) if names is not None else (0.0, {})
    rows = max(1, names.filled if names is not None else 1)
    most = max(counts, key=lambda service: counts[service]) if counts else ""
    if most and counts[most] >= FROM_NAMES * min(rows, 500):
        return [Setting("service", most, Said("names_say_so", number=counts[most]))]
    if by_title and (not most or most == by_title) and len(counts) <= 1:
        return [Setting("service", by_title, Said("title_says_so", title=table.title))]
    if names is not None and len(counts) > 1 and share >= HALF:
        # Names say it of each: by patterns, and what no pattern fits is left to decide.
        patterns = dict(pattern for name in names.values if (pattern := pattern_in(name))[1])
        said = translate(pd.Series(names.values, dtype="str"), patterns)
        settings = [Setting("columns.service", names.name), Setting("values.service", patterns, Said("names_say_it"))]
        without = [name for name, told in zip(names.values, said, strict=True) if name == told]
        if without and by_title:
            settings.append(Setting("values.service", {"*": by_title}, Said("title_says_so", title=table.title)))
        elif without:
            reason = Said("names_silent", number=len(without), names={"quoted": without[:3]})
            settings.append(Setting("values.service", {"*": "..."}, reason, is_decided=False))
        return settings
    if len(counts) > 1:
        listed = [Said("numbered", name={"service": service}, number=counts[service]) for service in sorted(counts)]
        reason = Said("several_services", services=listed, share={"percent": share})
        return [Setting("service", by_title or most, reason, is_decided=False)]
    return [Setting("service", by_title or "...", Said("one_of", words=list(ids)), is_decided=False)]


# Road lines of an office: the columns that say how fast they are, the vocabulary of their words, and noding.

_SPEED = re.compile(r"\d+(\.\d+)?\s*(km/h|kmh|kph|kmph|mph)?")
KNOWN_SHARE = 0.6
"""Share of the rows whose words a vocabulary must know to be proposed."""
LOOKED_AT = 1500
_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
_MINOR = ("unclassified", "residential", "living_street", "service", "track", "path", "footway", "bridleway")
_OTHERS = ("cycleway", "pedestrian", "steps", "road", "ferry")
OSM_CLASSES = [*(name + end for name in _MAIN for end in ("", "_link")), *_MINOR, *_OTHERS, *CLASS_WORDS]


def road_settings(table: Table) -> list[Setting]:
    """Propose the keys of a table of roads."""
    profiles, frame = table.profiles, table.frame
    wanted = ("road_id", "id", "name", "ref", "road_class", "kind", "surface", "condition", "width_m")
    found = assign(profiles, (*wanted, "bridge", "tunnel", "layer", "maxspeed", "oneway", "seasonal"))
    keys = [found.columns[ours] for ours in ("road_id", "id") if ours in found.columns]
    settings = [Setting("columns.road_id", profile.name) for profile in keys if profile.is_key][:1]
    settings += found.mapped("name", "ref")
    settings += _class_and_surface(found, profiles)
    condition = found.columns.get("condition")
    if condition is not None and condition.distinct <= 20:
        known, strange = known_values(condition, "condition")
        if known:
            settings += found.translated("condition", known, strange, tuple(CONDITIONS))
    settings += found.mapped("width_m")
    limit = found.columns.get("maxspeed")
    strange = [] if limit is None else [text for text in limit.values if not _SPEED.fullmatch(text.casefold())]
    if limit is not None and strange and limit.name != "maxspeed":
        found.unfit["maxspeed"] = Said("unfit_speed", name=found.columns.pop("maxspeed").name, text=strange[0])
    settings += _left_out(found, "width_m", "maxspeed")
    for ours in ("bridge", "tunnel"):
        if ours in found.columns:
            known, strange = known_values(found.columns[ours], "flag")
            if not strange or found.columns[ours].kind == "text":
                settings += found.translated(ours, known, [], ())
    layer = found.columns.get("layer")
    if layer is not None and layer.kind == "whole number" and bool((np.abs(layer.finite) <= 5).all()):
        settings.append(found.setting("layer"))
    # Take speed limits that are numbers, and directions and seasons whose words are all known.
    settings += found.mapped("maxspeed")
    for ours, words in (("oneway", "oneway"), ("seasonal", "flag")):
        profile = found.columns.get(ours)
        if profile is None or profile.distinct > len(OSM_CLASSES):
            continue
        known, strange = known_values(profile, words)
        if ours == "oneway" and ONEWAY_CODES.issuperset(profile.values):
            settings.append(found.setting(ours))
        elif known and not strange:
            settings += found.translated(ours, known, strange, ())
    if isinstance(frame, gpd.GeoDataFrame):
        settings += _noding(frame)
    return settings


def _class_and_surface(found: Assigned, profiles: list[Profile]) -> list[Setting]:
    """Map what says how fast a road is, by the vocabulary that knows its words; the surface goes by the same one."""
    named = [found.columns[ours] for ours in ("road_class", "kind") if ours in found.columns]
    named[1:1] = found.others.get("road_class", [])
    tried: list[tuple[Profile, float, str, list[str]]] = []  # share known, by which vocabulary, words not known
    for profile in [*named, *(p for p in profiles if p.kind == "text" and p not in named)]:
        share = float(profile.texts.dropna().isin(OSM_CLASSES).mean()) if profile.filled else 0.0
        strange = [value for value in profile.values if value not in OSM_CLASSES]
        vocabulary = ""
        if profile.filled and share < KNOWN_SHARE:
            vocabulary, share, strange = shipped_vocabulary(profile, "road_class")
        if share >= KNOWN_SHARE:
            tried.append((profile, share, vocabulary, strange))
    # A column that is named so comes first; of equally good ones the order of the names decides.
    tried = [one for one in tried if one[0] in named] or tried
    if not tried:
        least = ((profile, shipped_vocabulary(profile, "road_class")) for profile in named)
        tried = [(profile, share, vocabulary, strange) for profile, (vocabulary, share, strange) in least]
    if not tried:
        return [Setting("columns.road_class", "...", Said("which_road_class"), is_decided=False), *_surface(found, "")]
    best, share, vocabulary, strange = tried[0]
    settings = [Setting("columns.road_class", best.name)]
    if vocabulary:
        settings.append(Setting("values_file", vocabulary, Said("knows_rows", share={"percent": share})))
    if strange:
        rest = dict.fromkeys(strange[:20], "...")
        reason = Said("strange_classes", name=best.name, words=[one for one in OSM_CLASSES if "_" not in one])
        settings.append(Setting("values.road_class", rest, reason, is_decided=False))
    if best.blanks:
        text = Said("roads_blank", blanks=best.blanks, roads=len(best.texts), name=best.name)
        settings.append(Setting("", None, text, is_decided=False))
    others = [profile.name for profile in found.others.get("road_class", []) if profile is not best]
    if others:
        settings.append(Setting("", None, Said("classes_too", columns={"quoted": others})))
    return settings + _surface(found, vocabulary)


def _surface(found: Assigned, vocabulary: str) -> list[Setting]:
    """Map the surface; where the classes have a vocabulary, only that one can tell it."""
    profile = found.columns.get("surface")
    if profile is None:
        return []
    name, share, strange = shipped_vocabulary(profile, "surface")
    is_known = share >= KNOWN_SHARE
    if not vocabulary:
        settings = [found.setting("surface")]
        if is_known and profile.kind == "text":
            settings.append(Setting("values_file", name, Said("knows_surfaces", share={"percent": share})))
        return settings
    if name != vocabulary or not is_known:
        such = {"quoted": list(profile.examples)}
        text = Said("surfaces_of_other", vocabulary=vocabulary, name=profile.name, texts=such)
        return [Setting("columns.surface", profile.name, text, is_decided=False)]
    settings = [found.setting("surface")]
    if strange:
        text = Said("strange_surfaces", name=profile.name)
        settings.append(Setting("values.surface", dict.fromkeys(strange[:20], "..."), text, is_decided=False))
    return settings


def _noding(frame: gpd.GeoDataFrame) -> list[Setting]:
    """Count the meetings of the first lines that are no vertex of both."""
    lines = shapely.force_2d(np.asarray(frame.geometry[frame.geometry.notna()])[:LOOKED_AT])
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    is_pair = first < second
    first, second = first[is_pair][:LOOKED_AT], second[is_pair][:LOOKED_AT]
    crossed = 0
    for one, other in zip(first, second, strict=True):
        meeting = shapely.get_coordinates(shapely.intersection(lines[one], lines[other]))[:1]
        apart = [np.abs(shapely.get_coordinates(lines[row]) - meeting).max(axis=1).min() for row in (one, other)]
        crossed += max(apart) > 1e-6
    if not crossed:
        return []
    return [Setting("noding", "report", Said("no_vertex", crossed=int(crossed), meetings=len(first)))]
