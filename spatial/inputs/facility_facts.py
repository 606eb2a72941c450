"""What a list says of a facility beside its place: level, capacity, opening hours, users; and which are doubtful."""

from __future__ import annotations

import functools
import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from opening_hours import OpeningHours, State, validate

from spatial.arrays import BoolArray, ObjectArray
from spatial.crs import WGS84
from spatial.errors import ContractError
from spatial.formats.columns import text_column
from spatial.formats.notes import Finding, Note, add_notes, findings_frame, listed
from spatial.formats.tag_rules import fold
from spatial.inputs.names import plain_words
from spatial.inputs.services import Vocabulary
from spatial.plain_text import shipped_toml
from spatial.study.sources import TableSource

# Opening hours as they are written: OpenStreetMap's syntax in its common forms, and plain words in three languages.

WEEK_H = 168.0
_ALWAYS = re.compile(
    r"(24[/x]7|(7j/7[,;-]?)?24(h|hrs|hours?|heures?|小时)((/|sur)(24|7|7j)h?)?([,;-]?(7j/7|7days))?|全天候?(24小时)?|24小时(营业|开放|值班|服务))"
)
_WORDS = {word: name for name, words in shipped_toml("inputs/opening_hours.toml").items() for word in words}
_WORD = re.compile(rf"(?<![a-z])({'|'.join(sorted(_WORDS, key=len, reverse=True))})(?![a-z])\.?")
_HOUR = re.compile(r"(?<!\d)(\d{1,2}) ?[h时点](?:(\d{2})分?)?(?!\d)")
_CLOCK = re.compile(r"(?<![\d.:])(1[0-2]|0?[1-9])(?:[.:]([0-5]\d))? ?([ap])\.?m\b\.?|(?<!\d)(\d{1,2})\.(\d{2})(?!\d)")
"""Hours by halves of the day, and those with a point before the minutes."""
_SPAN = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")
_SIGNS = {"-": ("\u2013", "\u2014", "~", "至", "到"), ",": ("、", "&", " et ", " and ")}
_TOLD = re.compile(r"(-\d{1,2}:\d\d|off|24/7)$")
"""How each rule must end: days alone do not say when."""

_UNREAD = re.compile(r"dawn|sunrise|sunset|dusk|[+\"]|(?<![\d:])(19|20)\d\d(?!\d)")
"""What follows the sun, has no end, carries a comment or holds in some years alone."""

_FIRST, _WEEKS = datetime(2024, 1, 1), 53  # noqa: DTZ001 - local time of nowhere
"""Weeks of a leap year that begins on a Monday: opening hours that differ among them have no weekly hours."""


def _by_day(found: re.Match[str]) -> str:
    if found[4]:
        return f"{found[4]}:{found[5]}"
    return f"{int(found[1]) % 12 + 12 * (found[3] == 'p')}:{found[2] or '00'}"


@functools.lru_cache(maxsize=4096)  # lists say the same hours again and again
def read_hours(text: str) -> float:
    """
    Read opening hours: hours open in a week without holidays, 0-168; NaN where the text could not be read.

    The syntax is OpenStreetMap's, read by opening-hours-py; hours and days may also be written in plain English, French
    or Chinese (``Mon to Fri 8am-6.30pm``, ``lundi-vendredi 8h-12h30``, ``周一至周五 8:00-17:00``). Holidays (``PH``,
    ``SH``) are passed over. Words such as ``24/7``, ``24h/24`` and ``全天`` mean that it never closes. What changes
    with months, weeks or the sun, has no end or holds at times only is not read, nor are days without a time, closed
    days alone, later rules without days, and hours past midnight beside earlier ones of other days.
    """
    plain = fold(unicodedata.normalize("NFKC", text)).replace("\n", ";")
    plain = _CLOCK.sub(_by_day, plain)
    for sign, others in _SIGNS.items():
        for other in others:
            plain = plain.replace(other, sign)
    plain = re.sub(r"\s*([-,:;])\s*", r"\1", plain)
    plain = re.sub(r"(?<![a-z])(du|de|le) (?=[a-z\d])", "", plain)
    plain = re.sub(r"(?<=[a-z.]) (a|au|to) (?=[a-z\d])", "-", plain)
    plain = re.sub(r"(?<=[\dh]) ?(a|to) ?(?=\d)", "-", plain).strip()
    if _ALWAYS.fullmatch(plain.replace(" ", "")):
        return WEEK_H
    # Write days, ``off`` and hours as OpenStreetMap does.
    named = _WORD.sub(lambda found: _WORDS[found[1]], plain.replace("tous les jours", "tlj"))
    timed = _HOUR.sub(lambda found: f"{found[1]}:{found[2] or '00'}", named)
    timed = re.sub(r"-23:59(?!\d)", "-24:00", timed)  # forms without 24:00 write the last minute of the day
    spaced = re.sub(r"(?<=[\df]),(?=[A-Z])", ", ", re.sub(r"(?<=[a-zH])(:?(?=\d)|:(?=off))", " ", timed))
    rules = [rule.strip() for rule in spaced.split(";") if rule.strip()]
    # A later rule without days would replace all before it, which hardly anybody means.
    is_told = all(_TOLD.search(rule) for rule in rules) and all(rule[0].isupper() for rule in rules[1:])
    written = _before_midnight("; ".join(rules), is_one=len(rules) == 1)
    if not rules or not is_told or _UNREAD.search(plain) or not validate(written):
        return np.nan
    week = timedelta(days=7)
    last = _FIRST + _WEEKS * week
    open_min = [0] * _WEEKS
    for start, end, state, _ in OpeningHours(written).intervals(_FIRST, last):
        if state == State.UNKNOWN:
            return np.nan
        until = last if end is None else min(end, last)
        while state == State.OPEN and start < until:
            row = (start - _FIRST) // week
            stop = min(until, _FIRST + (row + 1) * week)
            open_min[row] += int((stop - start).total_seconds()) // 60
            start = stop  # noqa: PLW2901 - the rest lies in the next week
    is_weekly = len(set(open_min)) == 1 and (open_min[0] > 0 or written in {"off", "Mo-Su off"})
    return open_min[0] / 60.0 if is_weekly else np.nan


def open_all_day(weekly_h: float) -> str | None:
    """Say by its weekly hours whether a facility never closes: yes or no; None where they could not be read."""
    return None if np.isnan(weekly_h) else "yes" if weekly_h >= WEEK_H else "no"


def _before_midnight(written: str, *, is_one: bool) -> str:
    """Tell times so much earlier that none passes midnight, which the next day's rule would cut; "" where none can."""
    spans = [
        tuple(60 * int(hour) + int(minute) for hour, minute in (told[:2], told[2:])) for told in _SPAN.findall(written)
    ]
    past = max((stop % 1440 for start, stop in spans if stop <= start or stop > 1440), default=0)
    if is_one or past == 0:
        return written
    if past > min(start for start, _ in spans):
        return ""

    def earlier(found: re.Match[str]) -> str:
        start, stop = (60 * int(found[at]) + int(found[at + 1]) - past for at in (1, 3))
        stop += 1440 if stop <= start else 0
        return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (start, stop))

    return _SPAN.sub(earlier, written)


# Units of capacity: beds are not added to rooms.


def capacity_units(facilities: pd.DataFrame) -> list[str]:
    """Name the units that the capacities of some facilities are told in, each once however it is written."""
    if "capacity" not in facilities or "capacity_unit" not in facilities:
        return []
    counts = _plain_units(facilities.loc[facilities["capacity"].notna()]).value_counts()
    return sorted(map(str, counts.index), key=lambda unit: (-int(counts[unit]), unit))


def mixed_units(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Find the facilities whose capacity is in another unit than most of their service."""
    found = []
    for service, rows in facilities.groupby("service", sort=True):
        first, *others = capacity_units(rows) or [""]
        if not others:
            continue
        told = rows.loc[rows["capacity"].notna()]
        for row in told.loc[_plain_units(told).isin(others)].to_dict("records"):
            values = {"service": {"service": service}, "unit": row["capacity_unit"], "first": first}
            found.append(Finding("mixed_capacity_unit", str(row["facility_id"]), row["geometry"], values))
    return findings_frame(found, crs=facilities.crs or WGS84)


def _plain_units(facilities: pd.DataFrame) -> pd.Series[str]:
    """Units as they are compared; missing where none is told."""
    told = facilities["capacity_unit"].astype("object")  # else categories of which none is left would count
    return told.map(lambda text: " ".join(fold(str(text)).split()), na_action="ignore")


# What a level, opening hours and a second source say of the service that a facility offers.


def joint_service(one: str, two: str, vocabulary: Vocabulary) -> str | None:
    """Find the more particular of two services of a facility, else the first that counts for both; None for none."""
    first, second = vocabulary.satisfying(one), vocabulary.satisfying(two)
    if one in second:
        return one
    if two in first:
        return two
    return next((service for service in vocabulary.ids if service in first & second), None)


def service_by_day(service: str, vocabulary: Vocabulary) -> str:
    """Find the service that a facility offers if it closes at times."""
    item = vocabulary.get(service)
    if item is None or not item.round_the_clock:
        return service
    wider = (other.id for other in vocabulary.services if not other.round_the_clock and service in other.includes)
    return next(wider, service)


def groups_of(service: str, vocabulary: Vocabulary) -> frozenset[str]:
    """Name the groups that a service is for."""
    item = vocabulary.get(service)
    return frozenset() if item is None else frozenset(item.for_groups)


# What a list says of a facility beside its place: level, unit of its capacity, opening hours, and who may use it.

ALL, MEMBERS = "all", "members"
OPEN_TO = ("all", "units", "group", "members")
_PARTS = re.compile(r"[;|/、]")
_UNITS = re.compile(r"\s*[;,|、]\s*")


@functools.cache
def _words() -> dict[str, dict[str, str]]:
    return {
        kind: {plain_words(word): key for key, words in table.items() for word in (key, *words)}
        for kind, table in shipped_toml("inputs/facility_words.toml").items()
    }


def level_of(text: str) -> str | None:
    """Read the level of a facility."""
    return _words()["level"].get(plain_words(text))


def who_may_use(text: str) -> tuple[str, ...]:
    """Read who may use a facility: all, members, or names of groups, any other word as written."""
    known = _words()["eligibility"]
    parts = [part.strip() for part in _PARTS.split(unicodedata.normalize("NFKC", text)) if part.strip()]
    return tuple(dict.fromkeys(known.get(plain_words(part), part) for part in parts))


def service_by_level(service: str, level: str, vocabulary: Vocabulary) -> str | None:
    """Say which service a facility of some level offers."""
    made = next((item.id for item in vocabulary.services if level in item.levels), None)
    return service if made is None else joint_service(service, made, vocabulary)


def read_facts(frame: gpd.GeoDataFrame, source: TableSource, vocabulary: Vocabulary) -> None:
    """Read the columns level, capacity_unit, opening_hours, eligibility and eligible_units, in place."""
    if "open_to" in frame.columns and not {"eligibility", "eligible_units"} & set(frame.columns):
        problem = "open_to: is made from eligibility and eligible_units; where it says who may use a facility, write "
        raise ContractError(f"facilities {source.path}", [f'{problem}eligibility = "open_to" in columns'])
    if "capacity_unit" in frame.columns or source.capacity_unit is not None:
        own = frame["capacity_unit"] if "capacity_unit" in frame.columns else source.capacity_unit
        frame["capacity_unit"] = text_column(pd.Series(own, index=frame.index, dtype="str"))
    if "level" in frame.columns:
        # Read levels, and the service that each makes its facility.
        written = text_column(frame["level"])
        levels = written.map(level_of, na_action="ignore")
        unknown = (written.notna() & levels.isna()).to_numpy()
        frame["level"] = levels.where(levels.notna(), written).astype("str")
        services, against = frame["service"].tolist(), np.zeros(len(frame), dtype=bool)
        for row in np.flatnonzero(levels.notna()):
            made = service_by_level(services[row], levels.iloc[row], vocabulary)
            against[row] = made is None
            services[row] = made or services[row]
        _offer(frame, services, "service_by_level")
        _note(frame, unknown, "level_unknown", words=listed(written[unknown].unique()))
        _note(frame, against, "level_against")
    if "opening_hours" in frame.columns:
        # Read opening hours, and the service that a facility loses by closing at times.
        written = text_column(frame["opening_hours"])
        frame["opening_hours"] = written
        hours = written.map(read_hours, na_action="ignore").astype("float64")
        frame["weekly_hours_h"] = hours
        always = [open_all_day(weekly_h) for weekly_h in hours]
        frame["open_all_day"] = pd.Series(always, index=frame.index, dtype="str")
        unread = (written.notna() & hours.isna()).to_numpy()
        shown = listed(written[unread].unique(), limit=3)
        _note(frame, unread, "hours", words=shown)
        offers = [
            service_by_day(service, vocabulary) if told == "no" else service
            for service, told in zip(frame["service"], always, strict=True)
        ]
        _offer(frame, offers, "closes")
    if {"eligibility", "eligible_units"} & set(frame.columns):
        # Read who may use a facility, and say to whom it is open.
        nothing = pd.Series(None, index=frame.index, dtype="str")
        users, units = (
            text_column(frame.get(column, nothing)).fillna("") for column in ("eligibility", "eligible_units")
        )
        named = [";".join(_UNITS.split(unicodedata.normalize("NFKC", text).strip())).strip() for text in units]
        told = [who_may_use(text) for text in users]
        open_to = []
        for who, lists, service in zip(told, named, frame["service"], strict=True):
            # That a school is for children is no restriction.
            if who and ALL not in who and not groups_of(service, vocabulary) & set(who):
                open_to.append(MEMBERS if set(who) == {MEMBERS} else "group")
            else:
                open_to.append("units" if lists else ALL)
        read = {"eligibility": ["; ".join(who) for who in told], "eligible_units": named, "open_to": open_to}
        for column, texts in read.items():
            frame[column] = pd.Series([text or None for text in texts], index=frame.index, dtype="str")
        for word in ("members", "group", "units"):
            _note(frame, (frame["open_to"] == word).to_numpy(), word)


def _offer(frame: gpd.GeoDataFrame, services: list[str], key: str) -> None:
    """Give facilities their services, and note whose has changed."""
    offered = pd.Series(services, index=frame.index, dtype="str")
    changed = (offered != frame["service"]).to_numpy()
    frame["service"] = offered
    _note(frame, changed, key)


def _note(frame: gpd.GeoDataFrame, rows: BoolArray, key: str, **more: Any) -> None:
    where = listed(frame["facility_id"][rows], limit=3)
    add_notes(frame, [Note(key, int(rows.sum()), {"where": where, **more})])


def fact_findings(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Name the facilities that not everybody may use."""
    found = []
    if "open_to" in facilities.columns:
        for row in facilities.loc[facilities["open_to"].isin(OPEN_TO[1:])].to_dict("records"):
            told = {"service": {"service": row["service"]}}
            of_units = row["open_to"] == "units"
            told["users"] = row["eligible_units" if of_units else "eligibility"]
            key = "restricted_to_units" if of_units else "restricted_facility"
            found.append(Finding("restricted_facility", str(row["facility_id"]), row["geometry"], told, notice=key))
    return findings_frame(found, crs=facilities.crs or WGS84)


ASKED_OF = {
    "emergency_hospital", "emergency_district_hospital", "district_hospital", "hospital", "health_centre",
    "primary_care", "ambulance_station", "fire_station", "kindergarten", "primary_school", "secondary_school",
    "school",
}  # fmt: skip
"""Services of which each facility counts for many people, so that a wrong one moves a result."""
FAR_M = 300.0
"""A facility further than this from every road is doubted."""
SAME_SPOT_M = 10.0
"""Two of a service no further apart than this are doubted to be two."""


def doubtful_facilities(
    facilities: gpd.GeoDataFrame, *, roads: gpd.GeoDataFrame, water: gpd.GeoDataFrame, slopes: gpd.GeoSeries | None
) -> dict[str, list[Note]]:
    """Say by source which facilities of the study a person should look at; all frames in one CRS in metres."""
    chosen = facilities[
        facilities["service"].isin(ASKED_OF) & facilities["in_study"] & facilities["status"].eq("existing")
    ].reset_index(drop=True)
    if chosen.empty:
        return {}
    points = np.asarray(chosen.geometry)
    names = text_column(chosen["name"])
    drivable = np.asarray(roads.geometry[roads["road_class"] != "ferry"])
    is_far = np.zeros(len(chosen), dtype=bool)
    if len(drivable):
        tree = shapely.STRtree(drivable)
        is_far = shapely.distance(points, tree.geometries[tree.nearest(points)]) > FAR_M
    areas = np.asarray(water.geometry[~water["is_passable"] & water.geometry.geom_type.str.contains("Polygon")])
    pistes = np.array([]) if slopes is None else np.asarray(slopes.to_crs(roads.crs or WGS84))
    # Find pairs of one service at one spot.
    one, other = shapely.STRtree(points).query(points, predicate="dwithin", distance=SAME_SPOT_M)
    service = chosen["service"].to_numpy()
    is_twice = np.zeros(len(points), dtype=bool)
    is_twice[one[(one != other) & (service[one] == service[other])]] = True
    doubts = {
        "doubtful_no_name": names.isna().to_numpy(dtype=bool),
        "doubtful_slope": _inside(points, pistes),
        "doubtful_water": _inside(points, areas),
        "doubtful_far": is_far,
        "doubtful_twice": is_twice,
    }
    labels = names.fillna(chosen["facility_id"])
    found: dict[str, list[Note]] = {}
    for key, doubted in doubts.items():
        for source, rows in chosen[doubted].groupby("source", sort=True):
            found.setdefault(str(source), []).append(
                Note(key, len(rows), {"where": listed(labels[rows.index]), "metres": f"{FAR_M:.0f}"})
            )
    return found


def _inside(points: ObjectArray, areas: ObjectArray) -> BoolArray:
    result = np.zeros(len(points), dtype=bool)
    if len(areas):
        result[np.unique(shapely.STRtree(areas).query(points, predicate="intersects")[0])] = True
    return result
