"""Explain one settlement: everything that is known of it, as data and as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from spatial.access.places import find_settlement
from spatial.messages import Words
from spatial.network.combined import BOARDING
from spatial.plain_text import ids_apart, one_line
from spatial.reporting.plans import action_text, place_name, whole_parts
from spatial.reporting.score import is_unmapped, people_missing, place_score, place_score_lines, split_codes
from spatial.reporting.summary import (
    MOBILE_SERVICE,
    SITE_OR_ROAD,
    change_of,
    factor_text,
    missing_text,
    mobile_places,
    status_text,
    told_unit,
)
from spatial.reporting.wording import columns_told, norm_name, norm_titles, plain, records_of, source_title, travelled_m
from spatial.tables.words import FACILITIES_WITHIN, NAMES

TOLD = columns_told("explain")


def explain(  # noqa: PLR0913 - each argument is one thing that the answer is told from
    settlement: str,
    tables: Mapping[str, pd.DataFrame],
    *,
    register: pd.DataFrame,
    sources: Sequence[Mapping[str, object]] = (),
    issues: Sequence[str] = (),
    certainty: Mapping[str, Any] | None = None,
    plans: Sequence[Mapping[str, Any]] = (),
    pillar_weights: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Explain one settlement, from its people to the norms it fails."""
    settlements = tables["settlements"]
    chosen = find_settlement(settlements, settlement, facilities=tables.get("facilities"))
    place = settlements.loc[settlements["settlement_id"] == chosen].iloc[0]
    groups = {
        str(name).removesuffix("_persons"): plain(place[name])
        for name in place.index
        if str(name).endswith("_persons") and name != "population_persons"
    }
    snaps = []
    for row in _rows(tables, "snaps", "place_id", chosen).to_dict("records"):
        if row["place_kind"] != "settlement":
            continue
        edges = _rows(tables, "edges", "edge_id", str(row["edge_id"])).to_dict("records")
        edge = next((edge for edge in edges if edge["mode"] == row["mode"]), {})
        snaps.append({name: plain({**edge, **row}.get(name)) for name in (*TOLD["snaps"], *TOLD["edges"])})
    last_mile = _rows(tables, "last_mile", "settlement_id", chosen).drop(columns="settlement_id", errors="ignore")
    named = _facility_names(tables)
    # Tell which plans bring the settlement within their norm, by which action, and which leave it beyond.
    drawn = {plan["plan_id"]: plan for plan in plans if plan["actions"]}
    found = []
    for row in _rows(tables, "plan_people", "unit_id", chosen).to_dict("records"):
        plan = drawn.get(row["plan_id"])
        if plan is None or row["unit_level"] != "settlement" or row["outcome"] in {"within", "unknown"}:
            continue
        told = {name: plan[name] for name in ("service", "norm_id", "threshold", "unit")}
        if plan["question"] == "matching":
            told["unit"] = ""  # who has room is told, and not how far it is
            told |= {name: plain(row[name]) for name in ("gained_persons", "beyond_persons")}
        told |= {name: plain(row[name]) for name in ("plan_id", "outcome", "before_value", "after_value")}
        action = next((action for action in plan["actions"] if action["action_id"] == row["action_id"]), None)
        found.append(told | {"action": action})
    return {
        "settlement": {
            "id": place["settlement_id"],
            **{name: plain(place.get(name)) for name in (*NAMES, *TOLD["settlement"])},
            "in_study": bool(place["in_study"]),
            "population_persons": plain(place["population_persons"]),
            "groups": groups,
            "group_sources": {group: plain(place.get(f"{group}_source")) for group in groups},
        },
        "snaps": snaps,
        "services": _services(chosen, tables),
        "off_road": [
            {**{name: plain(row[name]) for name in TOLD["off_road"]}, "facility": _facility(row["facility_id"], named)}
            for row in _rows(tables, "off_road", "settlement_id", chosen).to_dict("records")
        ],
        "last_mile": next(iter(records_of(last_mile)), None),
        "norms": _norms(place, tables, register),
        "plans": found,
        "score": place_score(chosen, plain(place.get("township_id")), tables, pillar_weights),
        "sources": [{str(key): plain(value) for key, value in source.items()} for source in sources],
        "issues": list(issues),
        "certainty": None if certainty is None else dict(certainty),
    }


def _rows(tables: Mapping[str, pd.DataFrame], table: str, column: str, value: str) -> pd.DataFrame:
    frame = tables.get(table)
    return pd.DataFrame() if frame is None else pd.DataFrame(frame.loc[frame[column] == value])


def _services(chosen: str, tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Tell the way to the nearest facility of each service by each mode, and all that is known of it."""
    names = _facility_names(tables)
    # The unit in which people are told a measure is the same for all settlements.
    measures, changes = tables.get("measures"), tables.get("scenario_access")
    told = []
    if measures is not None and len(measures):
        for _, part in measures.groupby(["service", "mode", "group", "measure"], sort=True):
            unit, per = told_unit(part)
            told.append(part.assign(told_value=part["value"] * per, told_unit=unit))
    added = {"told_measures": pd.concat(told)} if told else {}
    if changes is not None and len(changes):
        classed = changes.assign(change=change_of(changes))
        added["changes"] = classed.sort_values("scenario", kind="stable")
    known: dict[str, dict[tuple[str, str], list[dict[str, Any]]]] = {}
    for name, columns in (
        ("intervals", TOLD["intervals"]),
        ("wet_losses", TOLD["wet_losses"]),
        ("told_measures", TOLD["measures"]),
        ("changes", TOLD["scenarios"]),
        ("emergency_response", TOLD["responses"]),
        ("served", TOLD["served"]),
    ):
        known[name] = {}
        for row in _rows({**tables, **added}, name, "settlement_id", chosen).to_dict("records"):
            of_way = known[name].setdefault((row["service"], row["mode"]), [])
            of_way.append({column: plain(row.get(column)) for column in columns})
    routes, counts = (
        {(row["service"], row["mode"]): row for row in _rows(tables, name, "settlement_id", chosen).to_dict("records")}
        for name in ("routes", "access_counts")
    )
    found = []
    rows = _rows(tables, "access", "settlement_id", chosen)
    ordered = rows.sort_values(["service", "mode"], kind="stable") if len(rows) else rows
    for row in ordered.to_dict("records"):
        way = (row["service"], row["mode"])
        first = {name: next(iter(by_way.get(way, ())), None) for name, by_way in known.items()}
        crew = first["emergency_response"]
        found.append(
            {
                **{name: plain(row.get(name)) for name in TOLD["access"]},
                "facility": _facility(row.get("facility_id"), names),
                "second_facility": _facility(row.get("second_facility_id"), names),
                "facilities_within_min": {
                    str(name).removeprefix(FACILITIES_WITHIN).removesuffix("_min"): plain(number)
                    for name, number in counts.get(way, {}).items()
                    if str(name).startswith(FACILITIES_WITHIN)
                },
                "route": _route(routes[way], tables) if way in routes else None,
                "interval": first["intervals"],
                "wet": first["wet_losses"],
                "measures": known["told_measures"].get(way, []),
                "scenarios": known["changes"].get(way, []),
                "response": crew and {**crew, "station": _facility(crew["station_id"], names)},
                "room": first["served"],
            }
        )
    return found


def _facility_names(tables: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Index names by id, of facilities first, then of settlements: a town is what a village travels to."""
    named = []
    for table, key in (("facilities", "facility_id"), ("settlements", "settlement_id")):
        frame = tables.get(table)
        if frame is not None:
            columns = [name for name in (*NAMES, "placed_by") if name in frame]
            named.append(pd.DataFrame(frame[columns]).set_axis(pd.Index(frame[key]), axis=0))
    return named


def _facility(facility_id: object, named: Sequence[pd.DataFrame]) -> dict[str, Any] | None:
    if not isinstance(facility_id, str):
        return None
    row = next((frame.loc[facility_id] for frame in named if facility_id in frame.index), pd.Series(dtype=object))
    return {"id": facility_id, **{str(name): plain(value) for name, value in row.items()}}


def _route(route: Mapping[Any, Any], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Measure a way by class of road, its first and last edge only as far as they are used."""
    rows = _rows(tables, "edges", "mode", str(route["mode"]))
    apart = ids_apart(rows["edge_id"] if len(rows) else ())
    ids = apart(route["edge_ids"]) if isinstance(route["edge_ids"], str) else []
    known = rows.set_index("edge_id") if len(rows) else rows
    travelled = known.loc[[name for name in ids if name in known.index]]
    length = travelled["length_m"] if len(travelled) else pd.Series(dtype=float)
    way = route.get("geometry")
    if way is not None and "geometry" in travelled and len(travelled) == len(ids):
        length = pd.Series(travelled_m(way, travelled["geometry"].tolist(), length), index=travelled.index)
    by_class = length.groupby(travelled["road_class"].to_numpy(), sort=True).sum() if len(length) else length
    told = {
        "network_distance_m": plain(route["network_distance_m"]),
        "edges": len(ids),
        "length_by_class_m": {str(name): float(metres) for name, metres in by_class.items() if name != BOARDING},
    }
    # Who boards a line leaves it at an edge that takes as long to board, so that every wait is there twice.
    boarding = travelled.loc[travelled["road_class"] == BOARDING] if len(travelled) else travelled
    return {**told, "waiting_min": float(boarding["time_forward_min"].sum()) / 2.0} if len(boarding) else told


def _norms(place: pd.Series, tables: Mapping[str, pd.DataFrame], register: pd.DataFrame) -> list[dict[str, Any]]:
    results = tables.get("norm_results")
    if results is None or not place["in_study"]:
        return []
    township = place.get("township_id")
    units = [("settlement", place["settlement_id"]), ("township", township), ("study", "study")]
    parts = {
        level: results.loc[(results["unit_level"] == level) & (results["unit_id"] == unit)]
        for level, unit in units
        if isinstance(unit, str)
    }
    indexed = {level: part.set_index("norm_id") for level, part in parts.items()}
    rules = register.set_index("norm_id")
    remedy = MOBILE_SERVICE if place["settlement_id"] in mobile_places(tables["settlements"]) else SITE_OR_ROAD
    scored = tables["settlements"].loc[tables["settlements"]["in_study"]]
    found = []
    for norm_id in sorted(set().union(*(frame.index for frame in indexed.values()))):
        level = next(name for name, _ in units if name in indexed and norm_id in indexed[name].index)
        row, study = indexed[level].loc[norm_id], indexed["study"].loc[norm_id]
        rule = rules.loc[norm_id] if norm_id in rules.index else pd.Series(dtype=object)
        beyond = level == "settlement" and row["status_as_mapped"] == "not_met"
        found.append(
            {
                "norm_id": norm_id,
                "level": level,
                **{name: plain(row[name]) for name in TOLD["results"]},
                "remedy": remedy if beyond else None,
                "study_status": study["status"],
                "study_reason": study["reason"],
                "judged_if": plain(study.get("judged_if")),
                "nothing_mapped": is_unmapped(study),
                "people_missing": people_missing(norm_id, results, scored),
                **{name: plain(rule.get(name)) for name in TOLD["register"]},
                **{f"title_{language}": title for language, title in norm_titles(dict(rule)).items()},
            }
        )
    return found


# The explanation as plain text, for a terminal or a letter.

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
        "services": _service_lines(explanation, words, scenario_names or {}),
        "off_road": _off_road(explanation["off_road"], words),
        "last_mile": _last_mile(explanation["last_mile"], words),
        "norms": _norm_lines(explanation, words),
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


def brief_text(
    explanation: Mapping[str, Any], language: str = "en", *, mode: str, names: Mapping[str, str] | None = None
) -> str:
    """Tell of one settlement what fits a screen: people, norms not met, the longest ways by one mode, its level."""
    words, place = Words(language, names=names), explanation["settlement"]
    norms = sorted(explanation["norms"], key=lambda norm: norm["norm_class"] != "mandatory")
    failing = [norm for norm in norms if norm["status"] == "not_met"]
    # Of those that wait for a complete list the study judges some: what holds elsewhere is for the long text.
    beyond = [norm for norm in norms if norm["status_as_mapped"] == "not_met" != norm["status"]]
    beyond = [norm for norm in beyond if norm["study_status"] != "not_applicable"]
    ways = [way for way in explanation["services"] if way["mode"] == mode and way["reach_status"] == "reached"]
    ways.sort(key=lambda way: -way["travel_time_min"])

    def against(norm: Mapping[str, Any]) -> str:
        """Name a norm as pages do, for two may ask for one service, and say what is there of what it asks."""
        value, unit = norm["value"], norm["unit"] or ""
        is_none = value is None or (unit not in {"min", "m"} and value == 0.0)
        told = words.say("line", "plan_none") if is_none else words.against(value, norm["threshold"], unit)
        return words.say("line", "failing", norm=norm_name(norm, words), against=told)

    parts = {
        words.say("heading", "failing"): list(map(against, failing)),
        words.say("heading", "failing_mapped"): list(map(against, beyond)),
        words.say("heading", "longest", mode=words.say("mode", mode)): [
            line for line in _service_lines({**explanation, "services": ways}, words, {}) if not line.startswith(STEP)
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
    lines += [STEP + say("other_names", names=words.joined(others))] if others else []
    return lines + ([STEP + say("township", township=place["township"])] if place["township"] else [])


def _name(thing: Mapping[str, Any], words: Words) -> str:
    keys = (f"name_{words.language}", *NAMES)
    return str(next((thing[key] for key in keys if thing.get(key)), "")) or words.say("line", "unnamed", id=thing["id"])


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
        kind = words.say("road_class", str(snap["road_class"])) if snap["road_class"] else ""
        road = words.joined(filter(None, (kind, snap["surface"])))
        yield words.say("line", "snap", **told, edge=snap["edge_id"], road=road or "?")


def _service_lines(explanation: Mapping[str, Any], words: Words, scenario_names: Mapping[str, str]) -> Iterator[str]:
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
            exact = {leg: way[f"{leg}_leg_min"] for leg in ("access", "network", "egress")}
            whole = whole_parts(list(exact.values()), round(way["travel_time_min"]))
            parts = {leg: words.measure(minutes, "min") for leg, minutes in zip(exact, whole, strict=True)}
            parts["distance"] = words.measure(way["network_distance_m"], "m")
            # Whoever walks past all roads has no leg on one.
            is_direct = exact["access"] > 0.0 and exact["network"] == exact["egress"] == 0.0
            straight = words.measure(way["straight_distance_m"], "m")
            legs.append(say("legs_direct" if is_direct else "legs", **parts, straight=straight))
            placed = (way["facility"] or {}).get("placed_by")
            legs += [words.say("placed", placed)] if placed in PLACED_ROUGHLY else []
            if way["route"] and way["route"]["length_by_class_m"]:
                classes = way["route"]["length_by_class_m"].items()
                named = [(words.say("road_class", name), words.measure(metres, "m")) for name, metres in classes]
                legs.append(say("by_class", classes=words.joined(f"{name} {metres}" for name, metres in named)))
            if way["route"] and way["route"].get("waiting_min"):
                legs.append(say("waiting", minutes=words.measure(way["route"]["waiting_min"], "min")))
            if way["second_facility"]:
                facility = _name(way["second_facility"], words)
                minutes = words.measure(way["second_travel_time_min"], "min")
                legs.append(say("second", facility=facility, minutes=minutes))
            for cutoff, count in way["facilities_within_min"].items():
                limit = words.limit(float(cutoff), "min")
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
        within = {"minutes": words.limit(float(limit[1]), "min")} if limit else {}
        name = words.say("measure_kind", "cumulative" if limit else kind, **within)
        value, unit, said = measure["told_value"], measure["told_unit"], "?"
        if value is not None:
            figure = words.number(value) if unit == "persons" else words.figure(float(f"{value:.3g}"))
            said = f"{figure} {words.say('unit_of', unit, n=figure)}"
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
        told = words.say("change", change["change"], cutoff=words.limit(change["cutoff_min"], "min"))
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
        # Where there is no such road, there is no distance to it.
        is_far = last_mile[f"{prefix}all_season_road_distance_m"] is not None
        yield words.say("line", key if is_far else f"{key}_bare", **told)
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
            # Of a place some may find room, and others not.
            gained, left = plan.get("gained_persons") or 0.0, plan.get("beyond_persons") or 0.0
            told |= {"gained": words.number(gained), "lacking": words.number(gained + left)}
            yield words.say("line", "plan_left" if unit else "plan_some" if gained else "plan_without", **told)
            continue
        told["by"] = action_text(plan["action"], place_name(plan["action"], words), words)
        yield words.say("line", "plan_gained" if unit else "plan_has", **told)


def _norm_lines(explanation: Mapping[str, Any], words: Words) -> Iterator[str]:
    """Tell each norm, how the place stands to it and why, what is judged for the study, and the source."""
    say = partial(words.say, "line")
    for norm in explanation["norms"]:
        unit, told = norm["unit"] or "", []
        if norm["level"] == "township":
            told.append(say("norm_township"))
        if norm["value"] is not None:
            told.append(words.against(norm["value"], norm["threshold"], unit))
        elif norm["status_as_mapped"] == "not_met":
            told.append(say("norm_none", threshold=words.limit(norm["threshold"], unit)))
        if norm["status_as_mapped"] != norm["status"]:
            told.append(say("norm_mapped", status=words.say("status", norm["status_as_mapped"])))
        if norm["remedy"] == "mobile_service":
            told.append(say("norm_mobile"))
        # Of the study's reasons those that hold for every place, without doubts about other places.
        elsewhere = ("inventory", "not_measured", "class_unknown", "people_unknown", "nobody_in_scope")
        own, study = (split_codes(norm[key]) for key in ("reason", "study_reason"))
        lasting = [code for code in study if not code.startswith(elsewhere)]
        if reasons := ";".join(dict.fromkeys(own + lasting)):
            told.append(say("norm_why", reason=words.reason(reasons)))
        if missing := missing_text(norm, words):
            status = words.say("status", norm["study_status"])
            told.append(words.say("condition", "study", status=status, condition=missing))
        if norm["gate"] != "none_applicable":
            told.append(say("norm_gate", gate=words.say("gate", norm["gate"])))
        keys = ("source_year", "source_section", "source_url")
        if source := list(filter(None, [source_title(norm, words), *(str(norm[key] or "") for key in keys)])):
            told.append(say("norm_source", source=words.joined(source)))
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
