"""Explain one settlement: everything that is known of it, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from spatial.access.places import find_settlement
from spatial.network.combined import BOARDING
from spatial.reporting.score import is_unmapped, people_missing, place_score
from spatial.reporting.summary import change_of, remedies_of, told_unit
from spatial.reporting.wording import columns_told, plain, travelled_m
from spatial.tables.words import FACILITIES_WITHIN, NAMES

# Explain one settlement: everything that is known of it, from its people to the norms it fails and why.

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
    chosen = find_settlement(settlements, settlement)
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
    last_mile = _rows(tables, "last_mile", "settlement_id", chosen).to_dict("records")
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
        "last_mile": {str(name): plain(value) for name, value in last_mile[0].items() if name != "settlement_id"}
        if last_mile
        else None,
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
    ids = str(route["edge_ids"]).split() if isinstance(route["edge_ids"], str) else []
    rows = _rows(tables, "edges", "mode", str(route["mode"]))
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
    remedy = remedies_of(pd.Series([place["settlement_id"]]), place.to_frame().T).iloc[0]
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
            }
        )
    return found
