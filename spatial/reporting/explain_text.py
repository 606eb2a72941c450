"""The explanation of one settlement as plain text, for a terminal or a letter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from spatial.messages import Words
from spatial.plain_text import one_line
from spatial.reporting.plans import action_text, place_name
from spatial.reporting.score import split_codes
from spatial.reporting.score_text import place_score_lines
from spatial.reporting.summary import factor_text, missing_text, status_text
from spatial.reporting.wording import source_title
from spatial.tables.words import NAMES

POINTS = {"parcel_point_min": "parcel_point", "bus_stop_min": "bus_stop", "telecom_min": "telecom"}
STEP = "  "
PLACED_ROUGHLY = ("postcode", "unit_code", "name")
"""Ways of placing a facility that has no coordinates of its own; a time to it says so."""
BRIEF = 6
"""Norms, and ways, that `brief_text` tells."""
COUNTED = re.compile(r"cumulative_([0-9.]+)_min")


def explanation_text(
    explanation: Mapping[str, Any],
    language: str = "en",
    *,
    service_names: Mapping[str, str] | None = None,
    scenario_names: Mapping[str, str] | None = None,
) -> str:
    """Tell the explanation of one settlement in words."""
    words = Words(language, names=service_names)
    say, place, issues = partial(words.say, "line"), explanation["settlement"], explanation["issues"]
    lines = _who_and_where(place, words)
    if place["official_class"]:
        lines.append(STEP + say("class", **{"class": words.term(place["official_class"])}))
    if place["village_plan_class"]:
        lines.append(STEP + say("plan_class", plan=words.say("plan_class", place["village_plan_class"])))
    if not place["in_study"]:
        lines.append(STEP + say("buffer"))
    sources = (
        {key: source.get(key) or "?" for key in ("path", "origin", "vintage", "licence")}
        for source in explanation["sources"]
    )
    parts = {
        "people": _people(place, words),
        "snap": _snaps(explanation, words),
        "services": _services(explanation, words, scenario_names or {}),
        "off_road": _off_road(explanation["off_road"], words),
        "last_mile": _last_mile(explanation["last_mile"], words),
        "norms": _norms(explanation, words),
        "plans": _plans(explanation["plans"], words),
        "score": place_score_lines(explanation["score"], words),
        "sources": (say("source", **known) for known in sources),
        "issues": issues,
    }
    for heading, part in parts.items():
        told = list(part)
        if told:
            lines += ["", words.say("heading", heading), *(STEP + line for line in told)]
    return "\n".join(one_line(line) for line in lines)


def brief_text(explanation: Mapping[str, Any], language: str = "en", *, names: Mapping[str, str] | None = None) -> str:
    """Tell of one settlement what fits a screen: people, norms that it does not meet, the longest ways, its level."""
    words, place = Words(language, names=names), explanation["settlement"]
    failing = [norm for norm in explanation["norms"] if norm["status"] == "not_met"]
    failing.sort(key=lambda norm: norm["norm_class"] != "mandatory")
    mode = next((way["mode"] for way in explanation["services"]), "")
    ways = [way for way in explanation["services"] if way["mode"] == mode and way["reach_status"] == "reached"]
    ways.sort(key=lambda way: -way["travel_time_min"])

    def called(norm: Mapping[str, Any]) -> str:
        """Name what a norm asks for; bundles have a name among the words of pages alone."""
        return str(words.of("pages").messages["service"].get(norm["service"]) or words.service(norm["service"]))

    parts = {
        words.say("heading", "failing"): [
            called(norm)
            if norm["value"] is None
            else words.say(
                "line",
                "failing",
                service=called(norm),
                against=words.against(norm["value"], norm["threshold"], norm["unit"] or ""),
            )
            for norm in failing
        ],
        words.say("heading", "longest", mode=words.say("mode", mode) if mode else ""): [
            line for line in _services({**explanation, "services": ways}, words, {}) if not line.startswith(STEP)
        ],
    }
    lines = _who_and_where(place, words) + [STEP + line for line in _people(place, words)][:1]
    for heading, told in parts.items():
        shown = told[:BRIEF] + ([words.say("line", "more", count=len(told) - BRIEF)] if len(told) > BRIEF else [])
        lines += [heading, *(STEP + line for line in shown)] if told else []
    lines += list(place_score_lines(explanation["score"], words))[:1]
    return "\n".join(one_line(line) for line in [*lines, words.say("line", "rest")])


def _who_and_where(place: Mapping[str, Any], words: Words) -> list[str]:
    """Name a settlement, the other names by which somebody may have asked for it, and its township."""
    say, name = partial(words.say, "line"), _name(place, words)
    lines = [say("title", name=name, id=place["id"], tier=words.say("tier", str(place["tier"])))]
    others = sorted({place[key] for key in NAMES if place.get(key)} - {name})
    lines += [STEP + say("other_names", names=", ".join(others))] if others else []
    return lines + ([STEP + say("township", township=place["township"])] if place["township"] else [])


def _name(thing: Mapping[str, Any], words: Words) -> str:
    keys = (f"name_{words.language}", *NAMES)
    return str(next((thing[key] for key in keys if thing.get(key)), thing["id"]))


def _people(place: Mapping[str, Any], words: Words) -> Iterator[str]:
    say, known = partial(words.say, "line"), place["population_persons"]
    if known is None:
        yield say("people_unknown")
    else:
        persons = words.number(known)
        yield say("people", n=persons, persons=persons, source=words.term(place["population_source"]))
    for group, count in place["groups"].items():
        if count is not None:
            source = place["group_sources"].get(group)
            said = {"group": words.service(group), "persons": words.number(count)}
            yield say("group_from", **said, source=words.term(source)) if source else say("group", **said)


def _snaps(explanation: Mapping[str, Any], words: Words) -> Iterator[str]:
    for snap in explanation["snaps"]:
        told = {"status": words.say("snap", snap["snap_status"]), "mode": words.say("mode", snap["mode"])}
        if snap["edge_id"] is None:
            yield words.say("line", "snap_none", **told)
            continue
        told["distance"] = words.measure(snap["snap_distance_m"], "m")
        told["minutes"] = words.measure(snap["snap_time_min"], "min")
        road = ", ".join(str(snap[key]) for key in ("road_class", "surface") if snap[key])
        yield words.say("line", "snap", **told, edge=snap["edge_id"], road=road or "?")


def _services(explanation: Mapping[str, Any], words: Words, scenario_names: Mapping[str, str]) -> Iterator[str]:
    """Tell the way to each service by each mode, its legs, how sure it is, and what would change it."""
    say = partial(words.say, "line")
    for way in explanation["services"]:
        told, legs = {"service": words.service(way["service"]), "mode": words.say("mode", way["mode"])}, []
        if way["reach_status"] != "reached":
            yield say("no_way", **told, status=words.say("reach", way["reach_status"]))
        else:
            facility = _name(way["facility"], words) if way["facility"] else "?"
            minutes = words.measure(way["travel_time_min"], "min")
            yield say("way", **told, minutes=minutes, facility=facility)
            parts = {leg: words.measure(way[f"{leg}_leg_min"], "min") for leg in ("access", "network", "egress")}
            parts["distance"] = words.measure(way["network_distance_m"], "m")
            legs.append(say("legs", **parts, straight=words.measure(way["straight_distance_m"], "m")))
            placed = (way["facility"] or {}).get("placed_by")
            legs += [words.say("placed", placed)] if placed in PLACED_ROUGHLY else []
            if way["route"] and way["route"]["length_by_class_m"]:
                classes = way["route"]["length_by_class_m"].items()
                named = [(words.say("road_class", name), words.measure(metres, "m")) for name, metres in classes]
                legs.append(say("by_class", classes=", ".join(f"{name} {metres}" for name, metres in named)))
            if way["route"] and way["route"].get("waiting_min"):
                legs.append(say("waiting", minutes=words.measure(way["route"]["waiting_min"], "min")))
            if way["second_facility"]:
                facility = _name(way["second_facility"], words)
                minutes = words.measure(way["second_travel_time_min"], "min")
                legs.append(say("second", facility=facility, minutes=minutes))
            for cutoff, count in way["facilities_within_min"].items():
                limit = words.measure(float(cutoff), "min")
                legs.append(say("within", cutoff=limit, count=words.number(count)))
            legs += [say("edge_risk")] if way["edge_risk"] else []
        sure = _sureness(way, explanation["certainty"] or {}, words)
        yield from (STEP + line for line in [*legs, *sure, *_trials(way, words, scenario_names)])


def _sureness(way: Mapping[str, Any], certainty: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Tell the span of the paired runs, the wet season and the measures of one service by one mode."""
    say, interval, wet = partial(words.say, "line"), way["interval"], way["wet"]
    if interval is not None and interval["low_min"] is None:
        yield say("never", status=words.say("reach", interval["interval_status"]))
    elif interval is not None:
        low, base, high, alone = (
            say("no_way_there") if interval[key] is None else words.measure(interval[key], "min", decimals=1)
            for key in ("low_min", "base_min", "high_min", "main_factor_min")
        )
        yield say("interval", low=low, base=base, high=high, status=status_text(certainty, words))
        if interval["main_factor"]:
            yield say("widest", factor=factor_text(interval["main_factor"], certainty, words), minutes=alone)
    if wet is not None:
        told = words.say(
            "wet",
            wet["wet_status"],
            slower=words.measure(wet["slower_min"], "min", decimals=1),
            minutes=words.measure(wet["wet_min"], "min", decimals=1),
            reason=words.say("reach", wet["wet_reach_status"] or "unknown"),
        )
        yield told + (words.say("wet", "changes") if wet["facility_changes"] else "")
    for measure in way["measures"]:
        kind, limit = measure["measure"], COUNTED.fullmatch(measure["measure"])
        within = {"minutes": words.measure(float(limit[1]), "min")} if limit else {}
        name = words.say("measure_kind", "cumulative" if limit else kind, **within)
        value, unit, said = measure["told_value"], measure["told_unit"], "?"
        if value is not None:
            figure = words.number(value) if unit == "persons" else words.figure(float(f"{value:.3g}"))
            said = f"{figure} {words.say('unit_of', unit)}"
        yield say("measure", measure=name, group=words.term(measure["group"]), value=said)
        if measure["edge_risk"]:
            yield STEP + say("measure_risk")


def _trials(way: Mapping[str, Any], words: Words, names: Mapping[str, str]) -> Iterator[str]:
    """Tell what scenarios change, when a crew is there, and who finds room."""
    say = partial(words.say, "line")
    for change in way["scenarios"]:
        sides = {
            side: words.say("reach", change[f"{side}_status"] or "unknown")
            if change[f"{side}_min"] is None
            else words.measure(change[f"{side}_min"], "min", decimals=1)
            for side in ("before", "after")
        }
        told = words.say("change", change["change"], cutoff=words.measure(change["cutoff_min"], "min"))
        name = names.get(change["scenario"]) or change["scenario"]
        yield say("scenario", scenario=name, **sides, change=told)
    crew, room = way["response"], way["room"]
    if crew is not None and crew["response_min"] is None:
        yield say("response_none", status=words.say("reach", crew["reach_status"]))
    elif crew is not None:
        minutes = {
            name: words.measure(crew[f"{name}_min"], "min", decimals=1)
            for name in ("response", "mobilisation", "drive")
        }
        yield say("response", **minutes, station=_name(crew["station"], words))
        met = crew["target_met_min"]
        yield STEP + (say("no_target_met") if met is None else say("target_met", target=words.measure(met, "min")))
    if room is not None:
        persons = {key.removesuffix("_persons"): words.measure(n, "persons") for key, n in room.items()}
        yield say("room", **persons)


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
    for key, prefix in (("last_mile", ""), ("last_mile_known", "known_")):
        column = "last_mile_class_known" if prefix else "last_mile_class"
        told = {"class": words.say("last_mile", last_mile[column])}
        told["distance"] = words.measure(last_mile[f"{prefix}all_season_road_distance_m"], "m")
        told["minutes"] = words.measure(last_mile["all_season_road_min"], "min")
        yield words.say("line", key, **told)
    for column, service in POINTS.items():
        if last_mile.get(column) is not None:
            minutes = words.measure(last_mile[column], "min")
            yield words.say("line", "point", point=words.service(service), minutes=minutes)


def _plans(plans: Sequence[Mapping[str, Any]], words: Words) -> Iterator[str]:
    """Tell what each plan does for the place."""
    for plan in plans:
        unit = plan["unit"] if plan["unit"] in {"min", "m"} else ""
        before, after = (
            words.say("line", "plan_none")
            if plan[f"{side}_value"] is None
            else words.measure(plan[f"{side}_value"], unit)
            for side in ("before", "after")
        )
        told = {"plan": plan["plan_id"], "service": words.service(plan["service"]), "before": before, "after": after}
        if plan["action"] is None:
            yield words.say("line", "plan_left" if unit else "plan_without", **told)
            continue
        told["by"] = action_text(plan["action"], place_name(plan["action"], words), words)
        yield words.say("line", "plan_gained" if unit else "plan_has", **told)


def _norms(explanation: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Tell each norm, how the place stands to it and why, what is judged for the study, and the source."""
    say = partial(words.say, "line")
    for norm in explanation["norms"]:
        unit, told = norm["unit"] or "", []
        if norm["level"] == "township":
            told.append(say("norm_township"))
        if norm["value"] is not None:
            told.append(words.against(norm["value"], norm["threshold"], unit))
        elif norm["status_as_mapped"] == "not_met":
            told.append(say("norm_none", threshold=words.measure(norm["threshold"], unit)))
        if norm["status_as_mapped"] != norm["status"]:
            told.append(say("norm_mapped", status=words.say("status", norm["status_as_mapped"])))
        if norm["remedy"] == "mobile_service":
            told.append(say("norm_mobile"))
        # Of the study's reasons those that hold for every place, without doubts about other places.
        elsewhere = ("inventory", "not_measured", "class_unknown", "people_unknown", "nobody_in_scope")
        own, study = (split_codes(norm[key]) for key in ("reason", "study_reason"))
        lasting = [code for code in study if not code.startswith(elsewhere)]
        reasons = ";".join(dict.fromkeys(own + lasting))
        if reasons:
            told.append(say("norm_why", reason=words.reason(reasons)))
        missing = missing_text(norm, words)
        if missing:
            status = words.say("status", norm["study_status"])
            told.append(words.say("condition", "study", status=status, condition=missing))
        if norm["gate"] != "none_applicable":
            told.append(say("norm_gate", gate=words.say("gate", norm["gate"])))
        keys = ("source_year", "source_section", "source_url")
        source = list(filter(None, [source_title(norm, words), *(str(norm[key] or "") for key in keys)]))
        if source:
            told.append(say("norm_source", source=", ".join(source)))
        if norm["target_share_basis"] == "assumed":
            told.append(say("norm_assumed"))
        if norm["confidence"] == "memory":
            told.append(say("norm_memory"))
        for key in ("adopted", "confirmed"):
            if norm[f"{key}_by"]:
                day = words.date(str(norm[f"{key}_on"]))
                told.append(say(f"norm_{key}", by=norm[f"{key}_by"], on=day))
        yield say(
            "norm",
            norm=norm["norm_id"],
            **{"class": words.say("norm_class", norm["norm_class"] or "?")},
            service=words.service(norm["service"]),
            status=words.say("status", norm["status"]),
        )
        yield from (STEP + line for line in told)
