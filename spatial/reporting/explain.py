"""Explain one settlement: everything that is known of it, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of
from spatial.reporting.gaps import remedies_of
from spatial.reporting.names import travelled_m
from spatial.reporting.score import place_score
from spatial.reporting.summary import told_unit
from spatial.reporting.unmeasured import is_unmapped, people_missing
from spatial.reporting.wording import columns_told, plain
from spatial.tables.words import FACILITIES_WITHIN, NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt


# What scenarios, crews and full facilities mean for places and people, for pages and for words.

LEAST_CHANGE_MIN = 0.5
"""Below this a time is the same before and after: no page tells less than a minute."""
_NOBODY = 1e-6
"""Persons below which rounding is all that is left."""
_SERVED = ("served", "full", "not_reached")


def change_of(table: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Class what a scenario changes."""
    before, after = (table[f"{side}_min"].fillna(np.inf).to_numpy(dtype=np.float64) for side in ("before", "after"))
    neither = np.isinf(before) & np.isinf(after)
    less = np.subtract(before, after, out=np.zeros(len(table)), where=~neither)
    change = table["class_change"]
    classes = [
        change.isna(),
        change == "gained",
        change == "lost",
        neither,
        less >= LEAST_CHANGE_MIN,
        less <= -LEAST_CHANGE_MIN,
    ]
    return np.select(classes, ["unknown", "gained", "lost", "neither", "quicker", "slower"], "same")


def served_class(table: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Class places by whether their people find room."""
    served, full, beyond = (table[f"{name}_persons"].to_numpy(dtype=np.float64) for name in _SERVED)
    classes = [
        np.isnan(served),
        (served > _NOBODY) & (full + beyond <= _NOBODY),
        served > _NOBODY,
        full > _NOBODY,
        beyond > _NOBODY,
    ]
    return np.select(classes, ["unknown", "served", "partly_served", "full", "not_reached"], "nobody")


def scenario_totals(people: Sequence[dict[str, Any]], access: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Say who gains and loses by each scenario of the summary, service by service, at the cutoff of the classes."""
    if access is None:
        return []
    inside = access.loc[access["in_study"]]
    places = inside.groupby(["scenario", "service", "mode"]).size()
    found = []
    for row in people:
        key = (row["scenario"], row["service"], row["mode"])
        total = {"persons": row["persons"], "places": int(places.get(key, 0))}
        entry: dict[str, Any] = {name: row[name] for name in ("scenario", "service", "mode")}
        entry |= {"cutoff_min": float(row["cutoff_min"]), "unknown_places": int(row["unknown_places"])}
        for what, count in total.items():
            gained, lost = row[f"gained_{what}"], row[f"lost_{what}"]
            entry[what] = {"gained": plain(gained), "lost": plain(lost), "unchanged": plain(count - gained - lost)}
        found.append(entry)
    return sorted(found, key=lambda entry: (entry["scenario"], entry["service"]))


def emergency_totals(people: pd.DataFrame | None, response: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Say whom crews reach within their targets."""
    if people is None or response is None:
        return []
    columns = ["target_min", "within_persons", "beyond_persons", "within_places", "beyond_places"]
    found = []
    for (service, mode), part in people.groupby(["service", "mode"], sort=True):
        own = {name: None if action is None else str(action[name]) for name in ("action", "place_id")}
        found.append(told | own | {"places": [_facility(place, named) for place in (own["place_id"] or "").split()]})
    return found


def _facility_names(tables: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Index names by id, of facilities first, then of settlements: a town is what a village travels to."""
    named = []
    for table, key in (("facilities", "facility_id"), ("settlements", "settlement_id")):
        frame = tables.get(table)
        if frame is not None:
            columns = [name for name in NAMES if name in frame]
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
    return {
        "network_distance_m": plain(route["network_distance_m"]),
        "edges": len(ids),
        "length_by_class_m": {str(name): float(metres) for name, metres in by_class.items()},
    }


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
