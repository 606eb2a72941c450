"""What scenarios, crews and full facilities mean for places and people, for pages and for words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.planning.plain import plain

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["change_of", "emergency_totals", "scenario_totals", "served_class", "served_totals"]

LEAST_CHANGE_MIN = 0.5
"""Below this a time is the same before and after: no page tells less than a minute."""
_NOBODY = 1e-6
"""Persons below which rounding is all that is left."""
_SERVED = ("served", "full", "not_reached")


def change_of(table: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Class what a scenario changes."""
    before, after = (
        table[f"{side}_min"].fillna(np.inf).to_numpy(dtype=np.float64) for side in ("before", "after")
    )
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


def scenario_totals(people: pd.DataFrame | None, access: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Say who gains and loses by each scenario, service by service, at the cutoff of the classes."""
    if people is None or access is None:
        return []
    inside = access.loc[access["in_study"]]
    places = inside.groupby(["scenario", "service", "mode"]).size()
    found = []
    for row in people.loc[people["is_class"]].to_dict("records"):
        key = (row["scenario"], row["service"], row["mode"])
        total = {"persons": row["persons"], "places": int(places.get(key, 0))}
        entry: dict[str, Any] = {name: row[name] for name in ("scenario", "service", "mode")}
        entry |= {"cutoff_min": float(row["cutoff_min"]), "unknown_places": int(row["unknown_places"])}
        for what, count in total.items():
            gained, lost = row[f"gained_{what}"], row[f"lost_{what}"]
            entry[what] = {
                "gained": plain(gained),
                "lost": plain(lost),
                "unchanged": plain(count - gained - lost),
            }
        found.append(entry)
    return sorted(found, key=lambda entry: (entry["scenario"], entry["service"]))


def emergency_totals(people: pd.DataFrame | None, response: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Say whom crews reach within their targets."""
    if people is None or response is None:
        return []
    columns = ["target_min", "within_persons", "beyond_persons", "within_places", "beyond_places"]
    found = []
    for (service, mode), part in people.groupby(["service", "mode"], sort=True):
        own = response.loc[(response["service"] == service) & (response["mode"] == mode), "mobilisation_min"]
        ordered = part.sort_values("target_min", kind="stable")
        found.append(
            {
                "service": str(service),
                "mode": str(mode),
                "mobilisation_min": [plain(own.min()), plain(own.max())],
                "targets": [
                    {name: plain(row[name]) for name in columns} for row in ordered.to_dict("records")
                ],
                "unknown_places": int(part["unknown_places"].max()),
            }
        )
    return found


def served_totals(served: pd.DataFrame | None, settlements: pd.DataFrame) -> list[dict[str, Any]]:
    """Count the people of the study who find room, who reach only full facilities, and who reach none."""
    if served is None:
        return []
    inside = settlements.loc[settlements["in_study"], "settlement_id"]
    own = served.loc[served["settlement_id"].isin(inside)].sort_values("settlement_id", kind="stable")
    parts = own.groupby(["service", "mode"], sort=True)
    return [
        {
            "service": str(service),
            "mode": str(mode),
            **{name: float(part[f"{name}_persons"].sum()) for name in _SERVED},
        }
        for (service, mode), part in parts
    ]
