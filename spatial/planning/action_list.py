"""Files that people keep of actions: a state and a day each, whether what was built kept its promise; and costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spatial.errors import StudyError, faults_at, first_of, refuse
from spatial.formats.columns import number_column
from spatial.inputs.list_merge import read_decided, rounded_ids
from spatial.plain_text import ids_apart
from spatial.planning.candidates import read_rules
from spatial.tables import TABLES
from spatial.tables.words import PLAN_STATE

KEYS = (
    "action_id", "plan_id", "norm_id", "action", "service", "place_id", "place", "township", "tenure", "constraint",
    "duty_bearer",
)  # fmt: skip
PROMISED = (
    "length_km", "capacity_before", "capacity_after", "capacity_unit", "cost", "currency", "persons_gained",
    "places_gained", "unit_ids",
)  # fmt: skip
KEPT = ("state", "since", "responsible", "note")
"""Columns that people fill in; what stands there is never overwritten."""
PROPOSED = PLAN_STATE[0]


def action_list(tables: Mapping[str, pd.DataFrame], kept: pd.DataFrame | None = None) -> pd.DataFrame:
    """List actions as proposed, under what people wrote; those no longer proposed stay where anybody wrote."""
    reached = tables["plan_people"].dropna(subset="action_id").groupby("action_id", sort=False)["unit_id"]
    actions = pd.DataFrame(tables["plan_actions"].drop(columns="geometry", errors="ignore"))
    actions = actions.assign(
        unit_ids=actions["action_id"].map(reached.agg(" ".join)), duty_bearer=actions["responsible"]
    )
    rows = actions.reindex(columns=[*KEYS, *PROMISED, *KEPT]).astype(dict.fromkeys(KEPT, object))
    rows["state"] = PROPOSED
    if kept is None:
        return rows
    written = kept.reindex(columns=[*KEYS, *PROMISED, *KEPT]).astype(object)
    # Whoever has to act by the norm stands there as responsible until somebody writes another.
    is_named = written["responsible"].notna() & (written["responsible"] != written["duty_bearer"])
    touched = (written["state"] != PROPOSED) | is_named | written[["since", "note"]].notna().any(axis=1)
    known = written.loc[touched]
    # What was promised when people decided stays too: it is what the result is held against.
    new = rows.loc[~rows["action_id"].isin(known["action_id"])]
    return pd.concat([known, new.astype(object)], ignore_index=True)


def read_action_list(path: Path) -> pd.DataFrame:
    """Read a list of actions that is kept, all its faults at once."""
    what = "actions of plans"
    frame = read_decided(path, what=what, columns=("action_id", "state", "unit_ids"))
    frame = frame.reindex(columns=[*KEYS, *PROMISED, *KEPT])
    problems = rounded_ids(frame.dropna(subset="unit_ids"), "unit_ids")
    twice = frame["action_id"].duplicated()
    problems += faults_at("action_id: more than once:", frame.loc[twice, "action_id"], "; keep one row")
    frame["state"] = frame["state"].fillna(PROPOSED).str.strip().str.lower()
    strange = ~frame["state"].isin(PLAN_STATE)
    if strange.any():
        named, of = first_of(frame.loc[strange, "state"].unique()), first_of(frame.loc[strange, "action_id"])
        problems.append(f"state: {named} of {of}; write {', '.join(PLAN_STATE)}")
    days = frame["since"].dropna().astype("str").str.strip()
    no_days = days[pd.to_datetime(days, format="%Y-%m-%d", errors="coerce").isna()]
    if len(no_days):
        of = first_of(frame.loc[no_days.index, "action_id"])
        problems.append(f"since: no day of the calendar: {first_of(no_days)} of {of}; write such as 2026-06-30")
    promised = number_column(frame, "persons_gained", problems, key="action_id")
    refuse(f"{what} {path}", problems)
    return frame.assign(persons_gained=promised)


def plan_progress(kept: pd.DataFrame, norm_results: pd.DataFrame, plan_people: pd.DataFrame) -> pd.DataFrame:
    """Hold what each kept action promised against who is within the norm, or the plan's limit, now."""
    judged = norm_results.loc[norm_results["unit_level"] != "study"]
    # Plans are for settlements where a norm judges any, else for townships: one of each may have the same id.
    level = judged["unit_level"].astype("str")
    is_planned = level == level.groupby(judged["norm_id"]).transform("min")
    told = ["norm_id", "unit_id", "persons_served", "places_served"]
    judged = judged.loc[is_planned & (judged["places_unknown"] == 0), told]
    plan_people = plan_people.loc[plan_people["outcome"] != "unknown"]
    if "gained_persons" in plan_people:
        # Of room some people of a place were promised some: who of them has it now is not told by places.
        plan_people = plan_people.loc[plan_people["gained_persons"].isna()]
    inside = plan_people["outcome"] == "within"
    of_plans = pd.DataFrame(
        {
            "norm_id": plan_people["plan_id"],
            "unit_id": plan_people["unit_id"],
            "persons_served": plan_people["persons"].where(inside, 0.0),
            "places_served": inside.astype(float),
        }
    )
    within = pd.concat([judged, of_plans]).drop_duplicates(["norm_id", "unit_id"]).set_index(["norm_id", "unit_id"])
    rows, apart = [], ids_apart(within.index.get_level_values("unit_id").unique())
    for row in kept.to_dict("records"):
        units = apart(row["unit_ids"]) if isinstance(row["unit_ids"], str) else []
        asked = row["norm_id"] if isinstance(row["norm_id"], str) else row["plan_id"]
        found = within.reindex([(asked, unit) for unit in units])
        rows.append(
            {
                **{name: row[name] for name in ("action_id", "plan_id", "norm_id", "place", "state", "since")},
                "promised_persons": row["persons_gained"],
                "promised_places": float(len(units)),
                # Not told where any is not judged: a sum of the others would be read as some that are still beyond.
                "within_persons": found["persons_served"].sum(skipna=False, min_count=1),
                "within_places": found["places_served"].sum(skipna=False, min_count=1),
            }
        )
    return TABLES["plan_progress"].frame(rows)


BY_SERVICE = {"open_site": "open", "enlarge_site": "unit", "close_site": "close"}
BY_LENGTH = {"build_link": "link_km", "upgrade_road": "road_km"}
"""Keys of `[planning.costs]` by the word of an action: a site, a unit of capacity more, what closing
saves, a kilometre."""


def load_costs(path: Path) -> dict[str, Any]:
    """Read a CSV of `action`, `service` (of sites) and `cost` as keys of `[planning.costs]`; other columns are free."""
    rows, problems = read_rules(path, ("action", "service", "cost")), []
    action, service = rows["action"].str.strip(), rows["service"].str.strip()
    cost = pd.to_numeric(rows["cost"].str.strip(), errors="coerce").to_numpy(dtype=np.float64)
    is_site, is_length = action.isin(list(BY_SERVICE)), action.isin(list(BY_LENGTH))
    least = np.where(is_length, np.nextafter(0.0, 1.0), 0.0)
    for what, wrong in (
        (f"action: none of {', '.join((*BY_SERVICE, *BY_LENGTH))}", ~(is_site | is_length)),
        ("service: missing for a site", is_site & service.isna()),
        ("service: given for a kilometre, which costs the same for any", is_length & service.notna()),
        ("cost: no number of 0 or more, or above 0 for a kilometre", ~(np.isfinite(cost) & (cost >= least))),
        ("action and service: twice", pd.DataFrame({"action": action, "service": service}).duplicated()),
    ):
        problems += faults_at(f"{what}:", [f"line {row + 2}" for row in np.flatnonzero(wrong)])
    refuse(str(path), problems, StudyError)
    found: dict[str, Any] = {}
    for word, named, value in zip(action, service, cost.tolist(), strict=True):
        if word in BY_SERVICE:
            found.setdefault(BY_SERVICE[word], {})[named] = value
        else:
            found[BY_LENGTH[word]] = value
    return found
