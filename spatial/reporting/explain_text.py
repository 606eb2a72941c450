"""The explanation of one settlement as plain text, for a terminal or a letter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from spatial.messages import Words
from spatial.norms.register import norm_id_of
from spatial.plain_text import one_line
from spatial.reporting.score_text import place_score_lines
from spatial.reporting.summary import factor_text, missing_text, status_text
from spatial.tables.words import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


POINTS = {"parcel_point_min": "parcel_point", "bus_stop_min": "bus_stop", "telecom_min": "telecom"}
STEP = "  "
COUNTED = re.compile(r"cumulative_([0-9.]+)_min")


def explanation_text(
    explanation: Mapping[str, Any],
    language: str = "en",
    *,
    service_names: Mapping[str, str] | None = None,
    scenario_names: Mapping[str, str] | None = None,
) -> str:
    """
    Tell the explanation of one settlement in words.

    Examples
    --------
    >>> print(explanation_text(explain("n1", tables, register=register)))  # doctest: +SKIP
    """
    words = Words(language, names=service_names)
    parts = {
        "people": _people(explanation["settlement"], words),
        "snap": _snaps(explanation, words),
        "services": _services(explanation, words, scenario_names or {}),
        "off_road": _off_road(explanation["off_road"], words),
        "last_mile": _last_mile(explanation["last_mile"], words),
        "norms": _norms(explanation, words),
        "score": place_score_lines(explanation["score"], words),
        "sources": _sources(explanation, words),
        "issues": iter(explanation["issues"]),
    }
    lines = list(_title(explanation["settlement"], words))
    for heading, part in parts.items():
        told = list(part)
        if told:
            lines += ["", words.say("heading", heading), *(STEP + line for line in told)]
    return "\n".join(one_line(line) for line in lines)


def _name(thing: Mapping[str, Any], words: Words) -> str:
    keys = (f"name_{words.language}", *NAMES)
    return str(next((thing[key] for key in keys if thing.get(key)), thing["id"]))


def _title(place: Mapping[str, Any], words: Words) -> Iterator[str]:
    name = _name(place, words)
    yield words.say("line", "title", name=name, id=place["id"], tier=words.say("tier", str(place["tier"])))
    others = sorted({place[key] for key in NAMES if place.get(key)} - {name})
    if others:
        yield STEP + words.say("line", "other_names", names=", ".join(others))
    if place["township"]:
        yield STEP + words.say("line", "township", township=place["township"])
    if place["official_class"]:
        yield STEP + words.say("line", "class", **{"class": words.term(place["official_class"])})
    if place["village_plan_class"]:
        yield STEP + words.say(
            "line", "plan_class", plan=words.say("plan_class", place["village_plan_class"])
        )
    if not place["in_study"]:
        yield STEP + words.say("line", "buffer")


def _people(place: Mapping[str, Any], words: Words) -> Iterator[str]:
    if place["population_persons"] is None:
        yield words.say("line", "people_unknown")
    else:
        persons = words.number(place["population_persons"])
        yield words.say(
            "line", "people", n=persons, persons=persons, source=words.term(place["population_source"])
        )
    for group, persons in place["groups"].items():
        if persons is not None:
            source = place["group_sources"].get(group)
            said = {"group": words.service(group), "persons": words.number(persons)}
            if source:
                yield words.say("line", "group_from", **said, source=words.term(source))
            else:
                yield words.say("line", "group", **said)


def _snaps(explanation: Mapping[str, Any], words: Words) -> Iterator[str]:
    for snap in explanation["snaps"]:
        status, mode = words.say("snap", snap["snap_status"]), words.say("mode", snap["mode"])
        if snap["edge_id"] is None:
            yield words.say("line", "snap_none", mode=mode, status=status)
            continue
        road = ", ".join(str(snap[key]) for key in ("road_class", "surface") if snap[key])
        yield words.say(
            "line",
            "snap",
            mode=mode,
            status=status,
            distance=words.measure(snap["snap_distance_m"], "m"),
            minutes=words.measure(snap["snap_time_min"], "min"),
            edge=snap["edge_id"],
            road=road or "?",
        )


def _services(
    explanation: Mapping[str, Any], words: Words, scenario_names: Mapping[str, str]
) -> Iterator[str]:
    for way in explanation["services"]:
        service, mode = words.service(way["service"]), words.say("mode", way["mode"])
        if way["reach_status"] != "reached":
            yield words.say(
                "line", "no_way", service=service, mode=mode, status=words.say("reach", way["reach_status"])
            )
            yield from (STEP + line for line in _sureness(way, explanation["certainty"], words))
            yield from (STEP + line for line in _trials(way, words, scenario_names))
            continue
        facility = _name(way["facility"], words) if way["facility"] else "?"
        minutes = words.measure(way["travel_time_min"], "min")
        yield words.say("line", "way", service=service, mode=mode, minutes=minutes, facility=facility)
        yield from (STEP + line for line in _way(way, words))
        yield from (STEP + line for line in _sureness(way, explanation["certainty"], words))
        yield from (STEP + line for line in _trials(way, words, scenario_names))


def _way(way: Mapping[str, Any], words: Words) -> Iterator[str]:
    yield words.say(
        "line",
        "legs",
        access=words.measure(way["access_leg_min"], "min"),
        network=words.measure(way["network_leg_min"], "min"),
        egress=words.measure(way["egress_leg_min"], "min"),
        distance=words.measure(way["network_distance_m"], "m"),
        straight=words.measure(way["straight_distance_m"], "m"),
    )
    if way["route"] and way["route"]["length_by_class_m"]:
        classes = way["route"]["length_by_class_m"].items()
        told = ", ".join(f"{name} {words.measure(metres, 'm')}" for name, metres in classes)
        yield words.say("line", "by_class", classes=told)
    if way["second_facility"]:
        facility = _name(way["second_facility"], words)
        minutes = words.measure(way["second_travel_time_min"], "min")
        yield words.say("line", "second", facility=facility, minutes=minutes)
    for cutoff, count in way["facilities_within_min"].items():
        limit = words.measure(float(cutoff), "min")
        yield words.say("line", "within", cutoff=limit, count=words.number(count))
    if way["edge_risk"]:
        yield words.say("line", "edge_risk")


def _sureness(way: Mapping[str, Any], certainty: Mapping[str, Any] | None, words: Words) -> Iterator[str]:
    """Tell the span of the paired runs, the wet season and the measures of one service by one mode."""
    if way["interval"] is not None:
        yield from _interval(way["interval"], certainty or {}, words)
    if way["wet"] is not None:
        yield _wet(way["wet"], words)
    for measure in way["measures"]:
        yield words.say(
            "line",
            "measure",
            measure=_measure_name(measure["measure"], words),
            group=words.term(measure["group"]),
            value=_told(measure["told_value"], measure["told_unit"], words),
        )
        if measure["edge_risk"]:
            yield STEP + words.say("line", "measure_risk")


def _told(value: float | None, unit: str, words: Words) -> str:
    if value is None:
        return "?"
    figure = words.number(value) if unit == "persons" else words.figure(float(f"{value:.3g}"))
    return f"{figure} {words.say('unit_of', unit)}"


def _trials(way: Mapping[str, Any], words: Words, names: Mapping[str, str]) -> Iterator[str]:
    """Tell what scenarios change, when a crew is there, and who finds room."""
    for change in way["scenarios"]:
        sides = {
            side: words.say("reach", change[f"{side}_status"] or "unknown")
            if change[f"{side}_min"] is None
            else words.measure(change[f"{side}_min"], "min", decimals=1)
            for side in ("before", "after")
        }
        limit = words.measure(change["cutoff_min"], "min")
        told = words.say("change", change["change"], cutoff=limit)
        name = names.get(change["scenario"]) or change["scenario"]
        yield words.say("line", "scenario", scenario=name, **sides, change=told)
    if way["response"] is not None:
        yield from _response(way["response"], words)
    if way["room"] is not None:
        yield words.say(
            "line",
            "room",
            **{key.removesuffix("_persons"): words.measure(n, "persons") for key, n in way["room"].items()},
        )


def _response(crew: Mapping[str, Any], words: Words) -> Iterator[str]:
    if crew["response_min"] is None:
        yield words.say("line", "response_none", status=words.say("reach", crew["reach_status"]))
        return
    minutes = {
        name: words.measure(crew[f"{name}_min"], "min", decimals=1)
        for name in ("response", "mobilisation", "drive")
    }
    yield words.say("line", "response", **minutes, station=_name(crew["station"], words))
    if crew["target_met_min"] is None:
        yield STEP + words.say("line", "no_target_met")
    else:
        yield STEP + words.say("line", "target_met", target=words.measure(crew["target_met_min"], "min"))


def _measure_name(measure: str, words: Words) -> str:
    counted = COUNTED.fullmatch(measure)
    if counted is None:
        return words.say("measure_kind", measure)
    return words.say("measure_kind", "cumulative", minutes=words.measure(float(counted[1]), "min"))


def _interval(interval: Mapping[str, Any], certainty: Mapping[str, Any], words: Words) -> Iterator[str]:
    low, base, high = (interval[f"{side}_min"] for side in ("low", "base", "high"))
    if low is None:
        yield words.say("line", "never", status=words.say("reach", interval["interval_status"]))
        return
    never = words.say("line", "no_way_there")
    spans = {
        name: never if value is None else words.measure(value, "min", decimals=1)
        for name, value in (("low", low), ("base", base), ("high", high))
    }
    yield words.say("line", "interval", **spans, status=status_text(certainty, words))
    if interval["main_factor"]:
        factor = factor_text(interval["main_factor"], certainty, words)
        width = interval["main_factor_min"]
        alone = never if width is None else words.measure(width, "min", decimals=1)
        yield words.say("line", "widest", factor=factor, minutes=alone)


def _wet(wet: Mapping[str, Any], words: Words) -> str:
    told = words.say(
        "wet",
        wet["wet_status"],
        slower=words.measure(wet["slower_min"], "min", decimals=1),
        minutes=words.measure(wet["wet_min"], "min", decimals=1),
        reason=words.say("reach", wet["wet_reach_status"] or "unknown"),
    )
    return told + (words.say("wet", "changes") if wet["facility_changes"] else "")


def _off_road(ways: Sequence[Mapping[str, Any]], words: Words) -> Iterator[str]:
    for way in ways:
        service = words.service(way["service"])
        if way["travel_time_min"] is None:
            status = words.say("reach", way["reach_status"])
            yield words.say("line", "off_road_none", service=service, status=status)
            continue
        facility = _name(way["facility"], words) if way["facility"] else "?"
        minutes = words.measure(way["travel_time_min"], "min")
        yield words.say("line", "off_road", service=service, minutes=minutes, facility=facility)


def _last_mile(last_mile: Mapping[str, Any] | None, words: Words) -> Iterator[str]:
    if last_mile is None:
        return
    yield words.say(
        "line",
        "last_mile",
        **{"class": words.say("last_mile", last_mile["last_mile_class"])},
        distance=words.measure(last_mile["all_season_road_distance_m"], "m"),
        minutes=words.measure(last_mile["all_season_road_min"], "min"),
    )
    yield words.say(
        "line",
        "last_mile_known",
        **{"class": words.say("last_mile", last_mile["last_mile_class_known"])},
        distance=words.measure(last_mile["known_all_season_road_distance_m"], "m"),
    )
    for column, service in POINTS.items():
        if last_mile.get(column) is not None:
            minutes = words.measure(last_mile[column], "min")
            yield words.say("line", "point", point=words.service(service), minutes=minutes)


def _norms(explanation: Mapping[str, Any], words: Words) -> Iterator[str]:
    for norm in explanation["norms"]:
        yield words.say(
            "line",
            "norm",
            norm=norm_id_of(norm),
            **{"class": words.say("norm_class", norm["norm_class"] or "?")},
            service=words.service(norm["service"]),
            status=words.say("status", norm["status"]),
        )
        yield from (STEP + line for line in _norm(norm, words))


def _norm(norm: Mapping[str, Any], words: Words) -> Iterator[str]:
    unit = norm["unit"] or ""
    if norm["level"] == "township":
        yield words.say("line", "norm_township")
    if norm["value"] is not None:
        yield words.against(norm["value"], norm["threshold"], unit)
    elif norm["status_as_mapped"] == "not_met":
        yield words.say("line", "norm_none", threshold=words.measure(norm["threshold"], unit))
    if norm["status_as_mapped"] != norm["status"]:
        yield words.say("line", "norm_mapped", status=words.say("status", norm["status_as_mapped"]))
    if norm["remedy"] == "mobile_service":
        yield words.say("line", "norm_mobile")
    # Keep of the study's reasons those that hold for every place, and leave out doubts about other places.
    reason = norm["study_reason"]
    elsewhere = ("inventory", "not_measured", "class_unknown", "people_unknown", "nobody_in_scope")
    lasting = [code for code in _codes(reason) if not code.startswith(elsewhere)]
    reasons = ";".join(dict.fromkeys(_codes(norm["reason"]) + lasting))
    if reasons:
        yield words.say("line", "norm_why", reason=words.reason(reasons))
    missing = missing_text(norm, words)
    if missing:
        status = words.say("status", norm["study_status"])
        yield words.say("condition", "study", status=status, condition=missing)
    if norm["gate"] != "none_applicable":
        yield words.say("line", "norm_gate", gate=words.say("gate", norm["gate"]))
    source = [
        norm[key] for key in ("source_title", "source_year", "source_section", "source_url") if norm[key]
    ]
    if source:
        yield words.say("line", "norm_source", source=", ".join(str(item) for item in source))
    if norm["target_share_basis"] == "assumed":
        yield words.say("line", "norm_assumed")
    if norm["confidence"] == "memory":
        yield words.say("line", "norm_memory")
    for key in ("adopted", "confirmed"):
        if norm[f"{key}_by"]:
            yield words.say(
                "line", f"norm_{key}", by=norm[f"{key}_by"], on=words.date(str(norm[f"{key}_on"]))
            )


def _codes(reason: str | None) -> list[str]:
    return [code for code in (reason or "").split(";") if code]


def _sources(explanation: Mapping[str, Any], words: Words) -> Iterator[str]:
    for source in explanation["sources"]:
        known = {key: source.get(key) or "?" for key in ("path", "origin", "vintage", "licence")}
        yield words.say("line", "source", **known)
