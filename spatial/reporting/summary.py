"""The study in one page: headlines of norms, gates, ranked gaps, how sure a result is, and what was assumed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.inputs.names import OPEN_NAMESAKE
from spatial.messages import Words
from spatial.norms.evaluation import SHARE_TOLERANCE, UnitGates, guiding_attainment
from spatial.norms.law import EVERYWHERE, SEASON_ROADS, is_chosen
from spatial.norms.measuring import ACCESS_METRICS, AccessLookup, modes_for
from spatial.reporting.disclosure import SUPPRESSED, people_withheld
from spatial.reporting.plans import amount_text
from spatial.reporting.score import (
    conditions_of,
    doubted_units,
    is_unmapped,
    issue_records,
    people_missing,
    summarise_score,
    summarise_town_and_country,
)
from spatial.reporting.sign_off import TAGGED_SPEEDS
from spatial.reporting.wording import columns_told, plain, records_of
from spatial.study.access import full_mode
from spatial.tables.words import NORM_CLASS, REACH_STATUS, REMEDY, STUDY, names_for

# What helps a place beyond a norm: a site or a road, or a mobile service where the village is to be relocated.

SITE_OR_ROAD, MOBILE_SERVICE = REMEDY
RELOCATES = "relocate"
"""Class of a village that its plan moves or merges; every other class, protected too, is served by sites and roads."""


def mobile_places(settlements: pd.DataFrame) -> frozenset[str]:
    """List the villages that are to be relocated."""
    if "village_plan_class" not in settlements:
        return frozenset()
    moves = settlements["village_plan_class"] == RELOCATES
    return frozenset(settlements.loc[moves, "settlement_id"].astype(str))


# Gaps: which settlements a norm leaves out, in order of the people concerned.

MINUTES = "min"
BEST_FIRST = ("reached", "beyond_cutoff", "unknown", "not_snapped", "no_path", "no_facility")
"""Of several modes, the one that says most about the settlement."""


def rank_gaps(
    norm_results: pd.DataFrame,
    settlements: gpd.GeoDataFrame,
    access: pd.DataFrame,
    register: pd.DataFrame,
    *,
    near_miss_min: float = 5.0,
) -> gpd.GeoDataFrame:
    """Rank the settlements that a judged norm leaves out, as mapped, and those to be moved, by the people concerned."""
    study = norm_results.loc[norm_results["unit_level"] == "study"]
    judged = list(study.loc[study["status"] != "not_applicable", "norm_id"])
    level = norm_results["unit_level"] == "settlement"
    missed = norm_results["status_as_mapped"] == "not_met"
    rows = norm_results.loc[level & missed & norm_results["norm_id"].isin(judged)].reset_index(drop=True)
    rules = register.set_index("norm_id")
    unit = rules["unit"].reindex(rows["norm_id"]).to_numpy()
    upward = (rules["direction"] == "max").reindex(rows["norm_id"]).to_numpy(dtype=bool)
    over = (rows["value"] - rows["threshold"]).where(upward, rows["threshold"] - rows["value"])
    near = (unit == MINUTES) & (over <= near_miss_min).to_numpy()
    ids = pd.Index(rows["unit_id"].unique())
    lookup = AccessLookup(access, ids)
    reach = pd.Series(np.where(rows["value"].notna(), "reached", "no_facility"), index=rows.index, dtype="str")
    metrics, modes_wanted = rules["metric"].to_dict(), rules["mode"].to_dict()
    meant: list[tuple[str, str]] = []
    for norm_id, positions in rows.groupby("norm_id", sort=True).indices.items():
        metric, mode_wanted = str(metrics[norm_id]), modes_wanted[norm_id]
        if metric not in ACCESS_METRICS:
            reach.iloc[positions] = np.where(rows["value"].iloc[positions] > 0, "reached", "no_facility")
            continue
        service = str(rows["service"].iloc[positions[0]])
        wanted = modes_for(mode_wanted if isinstance(mode_wanted, str) else "", lookup.modes)
        meant.extend((str(norm_id), mode) for mode in wanted)
        ways = [way for mode in wanted if (way := lookup.along(service, mode)) is not None]
        if ways and metric != "dist_m":
            place = np.array([BEST_FIRST.index(name) for name in REACH_STATUS])
            best = np.stack([place[way.reach] for way in ways]).min(axis=0)
            words = np.array(BEST_FIRST, dtype=object)[best]
            own = rows.iloc[positions]  # metres are known of what takes too long, too
            words = words[ids.get_indexer(pd.Index(own["unit_id"]))]
            reach.iloc[positions] = np.where(own["value"].notna(), "reached", words)
    moves = rows["unit_id"].isin(mobile_places(settlements))
    frame = pd.DataFrame(
        {
            "settlement_id": rows["unit_id"],
            "norm_id": rows["norm_id"],
            "service": rows["service"],
            "norm_class": rows["norm_class"],
            "value": rows["value"],
            "threshold": rows["threshold"],
            "unit": pd.Series(unit, dtype="str"),
            "excess": over,
            "persons_unserved": rows["persons_unserved"],
            "is_near_miss": near,
            "status": rows["status"],
            "reach_status": reach,
            "remedy": pd.Series(np.where(moves, MOBILE_SERVICE, SITE_OR_ROAD), dtype="str"),
        }
    )
    told = [name for name in columns_told("access")["gaps"] if name in access]
    if told and meant:
        # The row of each gap's quickest way.
        pair = ["settlement_id", "norm_id"]
        quick = frame[[*pair, "service"]].merge(pd.DataFrame(meant, columns=["norm_id", "mode"])).merge(access)
        quick = quick.sort_values("travel_time_min", kind="stable").drop_duplicates(pair).set_index(pair)
        frame = frame.join(quick[told], on=pair)
    keys = frame.assign(
        _unsure=frame["status"] != "not_met",
        _people=-frame["persons_unserved"].fillna(-1.0),
        _excess=-frame["excess"].fillna(np.inf),
    )
    order = keys.sort_values(
        ["_unsure", "is_near_miss", "_people", "_excess", "settlement_id", "norm_id"], kind="stable"
    ).index
    ranked = frame.loc[order].reset_index(drop=True)
    ranked.insert(0, "rank", np.arange(1, len(ranked) + 1, dtype=np.int64))
    home = settlements.set_index("settlement_id")
    where = home.index.get_indexer(pd.Index(ranked["settlement_id"]))
    for name in ("township_id", "township"):
        if name in settlements:
            ranked[name] = pd.Series(home[name].to_numpy()[where], index=ranked.index).astype("str")
    return gpd.GeoDataFrame(ranked, geometry=home.geometry.to_numpy()[where], crs=settlements.crs)


FACTORS = ("speed", "walk", "entry", "season")
SIDES = ("low", "base", "high")
ANY = "any"
SAME_SHARE = 1e-6
"""Share by which two sums of the same people may differ."""


@dataclass(frozen=True)
class CertaintyNote:
    """What the paired runs assumed."""

    # service of the study by name in the register of norms; a name that is missing stands for itself
    answers: Mapping[str, str] = field(default_factory=dict)
    speeds: str = ""  # the speed table
    # how much lower and higher every speed may be; the factors on all speeds in the slow and in the fast run that take
    # its place where they were measured; ``uncalibrated``, ``compared`` with observed times or ``calibrated`` on them
    speeds_known: Mapping[str, Any] = field(
        default_factory=lambda: {
            "speed_share": 0.2,
            "speed_factors": None,
            "speed_status": "uncalibrated",
            "calibrated": False,
        }
    )
    walk_km_h: tuple[float, float] = (4.0, 6.0)  # slowest and fastest walk
    detour: tuple[float, float] = (1.0, 1.6)  # least and largest detour of a walk
    # what observed times said, ready for JSON
    calibration: Mapping[str, Any] = field(default_factory=lambda: {"calibrated": False})


@dataclass(frozen=True, eq=False)
class Runs:
    """Minutes to a service at the best, as assumed and at the worst."""

    mode: str  # the mode whose runs were paired
    # indexed by settlement: ``low``, ``base`` and ``high``, and the same of each factor alone, such as
    # ``speed_low``; infinity where there is no way
    minutes: pd.DataFrame
    factors: tuple[str, ...]  # those of `FACTORS` that were varied


def runs_of(intervals: pd.DataFrame | None, access: pd.DataFrame | None, *, service: str, mode: str) -> Runs | None:
    """Take the paired runs that a norm of one mode can be held against; None where there are none."""
    if intervals is None:
        return None
    counts = None if mode == ANY else {mode, *map(full_mode, mode.split("+"))}
    own = intervals.loc[intervals["service"] == service]
    own = own if counts is None else own.loc[own["mode"].isin(counts)]
    if not len(own):
        return None
    paired = str(own["mode"].iloc[0])
    own = own.loc[own["mode"] == paired].set_index("settlement_id")
    factors = tuple(name for name in FACTORS if f"{name}_high_min" in own)
    names = [*SIDES, *(f"{factor}_{side}" for factor in factors for side in ("low", "high"))]
    minutes = pd.DataFrame({name: own[f"{name}_min"].fillna(math.inf) for name in names})
    if paired != mode and access is not None:
        others = access.loc[(access["service"] == service) & (access["mode"] != paired)]
        others = others if counts is None else others.loc[others["mode"].isin(counts)]
        is_joined = others["mode"].map(lambda way: paired in str(way).split("+")).astype(bool)
        alone, joined = (
            part.groupby("settlement_id")["travel_time_min"].min().reindex(minutes.index).fillna(math.inf)
            for part in (others.loc[~is_joined], others.loc[is_joined])
        )
        # Ways that go partly by the paired mode are slower with it: at worst as slow as by that mode alone.
        bounds, is_theirs = minutes.clip(upper=joined, axis=0), np.isinf(minutes["base"])
        for name in names:
            minutes[name] = bounds[name].where(is_theirs, minutes[name]) if name.endswith("high") else bounds[name]
        minutes = minutes.clip(upper=alone, axis=0)
    return Runs(paired, minutes, factors)


def norm_certainty(
    norm: Mapping[str, Any], results: pd.DataFrame, tables: Mapping[str, pd.DataFrame], note: CertaintyNote
) -> dict[str, Any] | None:
    """Count who is beyond a norm of time at the best and at the worst."""
    if norm["metric"] != "time_min" or norm["unit"] != "min" or norm["threshold"] is None:
        return None
    service = note.answers.get(norm["service"], norm["service"])
    runs = runs_of(tables.get("intervals"), tables.get("access"), service=service, mode=str(norm["mode"]))
    if runs is None:
        return None
    rows = results.loc[(results["unit_level"] == "settlement") & (results["norm_id"] == norm["norm_id"])]
    judged = rows.loc[rows["status_as_mapped"].isin(["met", "not_met"])].set_index("unit_id")
    beyond = runs.minutes.reindex(judged.index).fillna(math.inf) > float(norm["threshold"])
    # Who is beyond, around what the norm counts: at best never more, at worst never fewer.
    counted: dict[str, dict[str, float] | None] = {}
    for what in ("persons", "places"):
        weight, told = judged[f"{what}_in_scope"].fillna(0.0), norm[f"{what}_unserved"]
        sums = {side: float(weight[beyond[side]].sum()) for side in SIDES}
        total = float(weight.sum())
        agrees = told is not None and total > 0 and abs(sums["base"] - told) <= SAME_SHARE * total
        counted[what] = (
            {"low": min(sums["low"], told), "base": told, "high": max(sums["high"], told)} if agrees else None
        )
    if not any(counted.values()):
        return None
    weight = judged["persons_in_scope" if counted["persons"] else "places_in_scope"].fillna(0.0)
    moved = {
        factor: float(weight[beyond[f"{factor}_low"] != beyond[f"{factor}_high"]].sum()) for factor in runs.factors
    }
    largest = max(moved, key=lambda factor: moved[factor], default=None)
    return {
        **counted,
        "mode": runs.mode,
        "main_factor": largest if largest is not None and moved[largest] > 0 else None,
        "factors": list(runs.factors),
        **note.speeds_known,
    }


def rural_access(table: pd.DataFrame | None) -> dict[str, Any] | None:
    """Take the row of the Rural Access Index of the study for JSON; None without it, or where nobody is counted."""
    if table is None:
        return None
    rows = table.loc[table["unit_level"] == STUDY]
    if not len(rows) or not np.isfinite(rows["rai_upper"].iloc[0]):
        return None
    row = rows.iloc[0]
    names = ("rai_lower", "rai_upper", "imputed_share", "rural_persons", "distance_m", "urban_masked")
    return {name: plain(row[name]) for name in names}


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


def trial_totals(
    scenarios: Sequence[dict[str, Any]], tables: Mapping[str, pd.DataFrame]
) -> dict[str, list[dict[str, Any]]]:
    """Say who gains and loses by each scenario, whom crews reach within their targets, and who has room."""
    told: dict[str, list[dict[str, Any]]] = {"scenarios": [], "emergency": [], "served": []}
    if "scenario_access" in tables:
        access = tables["scenario_access"]
        places = access.loc[access["in_study"]].groupby(["scenario", "service", "mode"]).size()
        for row in scenarios:
            key = (row["scenario"], row["service"], row["mode"])
            total = {"persons": row["persons"], "places": int(places.get(key, 0))}
            entry: dict[str, Any] = {name: row[name] for name in ("scenario", "service", "mode")}
            entry |= {"cutoff_min": float(row["cutoff_min"]), "unknown_places": int(row["unknown_places"])}
            for what, count in total.items():
                gained, lost = row[f"gained_{what}"], row[f"lost_{what}"]
                entry[what] = {"gained": plain(gained), "lost": plain(lost), "unchanged": plain(count - gained - lost)}
            told["scenarios"].append(entry)
        told["scenarios"].sort(key=lambda entry: (entry["scenario"], entry["service"]))
    if "emergency_people" in tables and "emergency_response" in tables:
        response = tables["emergency_response"]
        columns = ["target_min", "within_persons", "beyond_persons", "within_places", "beyond_places"]
        for (service, mode), part in tables["emergency_people"].groupby(["service", "mode"], sort=True):
            own = response.loc[(response["service"] == service) & (response["mode"] == mode), "mobilisation_min"]
            ordered = part.sort_values("target_min", kind="stable")
            told["emergency"].append(
                {
                    "service": str(service),
                    "mode": str(mode),
                    "mobilisation_min": [plain(own.min()), plain(own.max())],
                    "targets": [{name: plain(row[name]) for name in columns} for row in ordered.to_dict("records")],
                    "unknown_places": int(part["unknown_places"].max()),
                }
            )
    if "served" in tables:
        served, settlements = tables["served"], tables["settlements"]
        inside = served["settlement_id"].isin(settlements.loc[settlements["in_study"], "settlement_id"])
        ordered = served.loc[inside].sort_values("settlement_id", kind="stable")
        for (service, mode), part in ordered.groupby(["service", "mode"], sort=True):
            sums = {name: float(part[f"{name}_persons"].sum()) for name in _SERVED}
            told["served"].append({"service": str(service), "mode": str(mode), **sums})
    return told


# The unit in which people are told a measure of access.

FEW, MANY = 1_000, 100_000
"""People to whom supply for each person is told: a thousand, or a hundred thousand where that never makes one."""
EACH = " per person"


def told_unit(measure: pd.DataFrame) -> tuple[str, int]:
    """Choose the unit of one measure, so that supply for each person is no row of noughts."""
    unit = str(measure["unit"].iloc[0])
    if not unit.endswith(EACH):
        return unit, 1
    per = FEW if measure["value"].max() * FEW >= 1 else MANY
    return f"{unit.removesuffix(EACH)} per {per} people", per


# Headlines: the result of each norm as one sentence that a planner can read out.

PRESENCE = "presence"


def headline_text(
    norm: Mapping[str, Any], language: str = "en", *, service_names: Mapping[str, str] | None = None
) -> str:
    """Say the result of one norm, and who of those beyond lives in a village that is to be relocated."""
    words = Words(language, names=service_names)
    service = words.service(norm["service"])
    threshold = words.limit(norm["threshold"], norm["unit"] or "")
    if norm.get("nothing_mapped"):
        return words.say("headline", "nothing_mapped", service=service, threshold=threshold)
    if (norm["places_served"] or 0) + (norm["places_unserved"] or 0) <= 0:
        reason = words.reason(norm["reason"]) or words.say("status", norm["status"])
        return words.say("headline", "no_figure", service=service, reason=reason)
    presence = norm["direction"] == PRESENCE
    in_people = norm["persons_in_scope"] is not None and not (presence and norm["share_of"] == "places")
    what = "persons" if in_people else "places"
    if norm["role"] == "duty_trigger" and in_people:
        kind = "entitled"
    else:
        kind = "units" if presence else "people" if in_people else "places"
        kind += "_mapped" if norm["is_lower_bound"] else ""
    # Nobody known to be beyond is no answer where some are not known.
    unknown = norm[f"{what}_unknown"] or 0.0
    is_open = kind in {"people", "places"} and round(norm[f"{what}_unserved"]) == 0 and round(unknown) > 0
    count = unserved = words.number(norm[f"{what}_unserved"])
    certainty = norm.get("certainty") or {}
    span = certainty.get(what)
    if span is not None:
        low, high = words.number(span["low"]), words.number(span["high"])
        unserved = words.say("headline", "range", count=count, low=low, high=high)
    scope = words.number(norm[f"{what}_in_scope"])
    sentence = words.say(
        "headline",
        f"{kind}_open" if is_open else kind,
        served=words.number(norm[f"{what}_served"]),
        unserved=unserved,
        beyond=words.say("headline", "beyond", n=count, count=unserved),
        n=scope,
        scope=scope,
        # A norm on children counts children, and is told of them.
        whole=amount_text(norm, norm["persons_in_scope"], words, what="persons") if in_people else "",
        threshold=threshold,
        service=words.inside(service),
        units=words.term(norm["stat_unit"]),
        unknown=words.number(unknown),
    )
    parts = [sentence]
    if norm.get("withheld"):
        parts.append(words.say("headline", "withheld"))
    if unknown and not is_open:
        parts.append(words.say("headline", "unknown", unknown=words.number(unknown)))
    missing = missing_text(norm, words)
    if in_people and missing:
        parts.append(missing)
    elif in_people and norm.get("places_without_population"):
        places = words.number(norm["places_without_population"])
        parts.append(words.say("headline", "uncounted", places=places))
    mobile = norm.get("mobile")
    if mobile and mobile[what]:
        told = {key: words.number(mobile[key]) for key in ("persons", "places")}
        parts.append(words.say("headline", f"mobile_{what}", **told))
    # What was varied for the range, and how far the index of rural access can be known.
    if span is not None:
        factors = [factor_text(name, certainty, words) for name in certainty["factors"]]
        said = words.joined(factors)
        parts.append(words.say("headline", "range_why", factors=said, status=status_text(certainty, words)))
    index = norm.get("rural_access")
    if index:
        keys = {"lower": "rai_lower", "upper": "rai_upper", "imputed": "imputed_share"}
        shares = {name: words.share(index[key]) for name, key in keys.items()}
        parts.append(words.say("headline", "rural_access", **shares))
    if norm["target_share_is_assumed"]:
        parts.append(words.say("headline", "assumed"))
    return words.say("headline", "joint").join(parts)


def gates_text(gates: Mapping[str, Any], language: str = "en") -> str:
    """Say how the binding norms stand."""
    words = Words(language)
    return words.say(
        "headline",
        f"gates_{gates['mandatory_status']}",
        count=gates["n_gates"],
        failed=len(gates["fail"]),
        norms=words.joined(gates["fail"]),
    )


def missing_text(norm: Mapping[str, Any], words: Words) -> str:
    """Say whose people nobody counted, and under which condition the norm is judged for all that."""
    missing = norm.get("people_missing")
    if not missing:
        return ""
    keys = (*names_for(words.language), "id")
    names = [next(str(place[key]) for key in keys if place.get(key)) for place in missing["first"]]
    named, rest = words.joined(names), missing["places"] - len(names)
    if rest:
        named = words.say("condition", "more", names=named, count=words.number(rest))
    parts = [words.say("condition", "missing", count=words.number(missing["places"]), names=named)]
    largest = [
        words.say("condition", "largest", tier=words.say("tier", tier), persons=words.number(persons))
        for tier, persons in conditions_of(norm.get("judged_if"))
    ]
    if largest:
        parts.append(words.say("condition", "judged_if", largest=words.joined(largest)))
    return words.say("headline", "joint").join(parts)


def missing_by_unit(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame], words: Words) -> pd.Series:
    """Say of each result on a study or a township what `missing_text` says of the norm there."""
    told = pd.Series("", index=rows.index, dtype="str")
    conditions = rows.get("judged_if", told).fillna("")
    results, places = tables["norm_results"], tables["settlements"]
    places = places.loc[places["in_study"]]
    for at in rows.index[conditions.ne("") | rows["reason"].fillna("").str.contains("people_unknown:")]:
        row = rows.loc[at]
        own = places if row["unit_level"] == "study" else places.loc[places["township_id"] == row["unit_id"]]
        missing = people_missing(row["norm_id"], results, own)
        told[at] = missing_text({"people_missing": missing, "judged_if": conditions[at]}, words)
    return told


def factor_text(factor: str, certainty: Mapping[str, Any], words: Words) -> str:
    """Name what the paired runs varied."""
    measured = certainty.get("speed_factors")
    if factor == "speed" and measured:
        slow, fast = (words.number(value, decimals=2) for value in measured)
        return words.say("factor", "speed_measured", slow=slow, fast=fast)
    share = certainty.get("speed_share")
    if factor == "speed" and share is None:
        return words.say("factor", "speed_any")
    return words.say("factor", factor, share=words.share(share))


def status_text(certainty: Mapping[str, Any], words: Words) -> str:
    """Say whether anybody compared the speeds with observed times."""
    known = "calibrated" if certainty.get("calibrated") else "uncalibrated"
    return words.say("speed_status", str(certainty.get("speed_status", known)))


# The study in one page: headline of every norm, gates, people counted, what was assumed.

GROUP_SUFFIX = "_persons"
FLOORS = (0.01, 0.001)
CLASS_ORDER = {name: rank for rank, name in enumerate(NORM_CLASS)}
TOLD = columns_told("summary")


def summarise_study(
    tables: Mapping[str, pd.DataFrame],
    *,
    register: pd.DataFrame,
    issues: Sequence[str] = (),
    facts: Mapping[str, object] | None = None,
    certainty: CertaintyNote | None = None,
    pillar_weights: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Put the study on one page."""
    settlements, results = tables["settlements"], tables["norm_results"]
    scored = settlements.loc[settlements["in_study"]]
    note = certainty or CertaintyNote()
    people = _population(settlements)
    index = rural_access(tables.get("rural_access"))
    norms = _norms(tables, register, note, index)
    study = results.loc[results["unit_level"] == STUDY]
    gates = {name: sorted(study.loc[study["gate"] == name, "norm_id"]) for name in ("pass", "fail", "unknown")}
    judged = UnitGates(len(gates["pass"]), sum(map(len, gates.values())), tuple(gates["fail"]))
    # Which facilities close while one of their name stays open: in scenarios, or in that which the run is of.
    open_namesakes = [
        json.loads(values)
        for name in ("findings_scenarios", "findings_network")
        if name in tables and "notice_values" in tables[name]
        for values in tables[name].loc[tables[name]["kind"] == OPEN_NAMESAKE, "notice_values"]
    ]
    # Of scenarios, who gains and loses at the cutoff of the classes.
    changed = tables.get("scenario_people")
    if changed is not None:
        changed = changed.loc[changed["is_class"]].drop(columns="is_class")
    means = {f"{floor:g}": plain(guiding_attainment(results, floor=floor)) for floor in FLOORS}
    gaps, intervals = tables.get("gaps"), tables.get("intervals")
    # Known issues with what each forbids; without the table they are known by their text alone.
    known_issues = []
    if "known_issues" in tables:
        scores = tables.get("scores", pd.DataFrame({"unit_level": [], "unit_id": []}))
        townships = scores.loc[scores["unit_level"] == "township", "unit_id"].astype(str).tolist()
        doubts = doubted_units(tables["known_issues"], tables.get("boundaries"), townships)
        known_issues = issue_records(tables["known_issues"], doubts)
    return {
        STUDY: dict(facts or {}),
        "population": people,
        "norms": norms,
        "headlines": [norm["norm_id"] for norm in norms if norm["is_headline"]],
        "gates": {"mandatory_status": judged.status, "n_pass": judged.passed, "n_gates": judged.in_force, **gates},
        "guiding": {"attainment": means[f"{FLOORS[0]:g}"], "attainment_by_floor": means},
        "gaps": {}
        if gaps is None
        else {
            "gaps": len(gaps),
            "near_misses": int(gaps["is_near_miss"].sum()),
            "by_remedy": {
                remedy: {"gaps": len(ids), "places": int(ids.nunique())}
                for remedy in REMEDY
                for ids in [gaps.loc[gaps["remedy"] == remedy, "settlement_id"]]
            },
            "by_norm": {
                str(name): {"gaps": len(near), "near_misses": int(near.sum())}
                for name, near in gaps.groupby("norm_id", sort=True)["is_near_miss"]
            },
        },
        **_network(tables, scored),
        "certainty": None
        if intervals is None or not len(intervals)
        else {
            "speeds": note.speeds,
            **note.speeds_known,
            "walk_km_h": list(note.walk_km_h),
            "detour": list(note.detour),
            "factors": [name for name in FACTORS if f"{name}_high_min" in intervals],
            "modes": sorted(intervals["mode"].unique()),
            "services": sorted(intervals["service"].unique()),
        },
        "rural_access": index,
        "calibration": {"status": note.speeds_known["speed_status"], **note.calibration},
        "scenarios": records_of(changed),
        "open_namesakes": open_namesakes,
        "emergency": records_of(tables.get("emergency_people")),
        "population_account": records_of(tables.get("population_account")),
        "unit_totals": records_of(tables.get("unit_totals")),
        "counts": records_of(tables.get("counts")),
        "inventory": records_of(tables.get("inventory")),
        "score": summarise_score(tables, pillar_weights),
        "town_and_country": summarise_town_and_country(tables),
        "issues": list(issues),
        "known_issues": known_issues,
    }


def _norms(
    tables: Mapping[str, pd.DataFrame], register: pd.DataFrame, note: CertaintyNote, index: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Join the result of each norm for the study with what the register says, the most telling first."""
    results, settlements = tables["norm_results"], tables["settlements"]
    scored = settlements.loc[settlements["in_study"]]
    moving, uncounted = mobile_places(scored), int(scored["population_persons"].isna().sum())
    study = results.loc[results["unit_level"] == STUDY].set_index("norm_id")
    rules = register.set_index("norm_id")
    # Split once for all norms: each would look through all results again.
    by_norm = {str(norm): own for norm, own in results.groupby("norm_id")}
    found = []
    for norm_id in sorted(study.index):
        row, rule, own = study.loc[norm_id], rules.loc[norm_id], by_norm[norm_id]
        entry = {"norm_id": norm_id, **{name: plain(row.get(name)) for name in TOLD["results"]}}
        entry |= {name: plain(rule.get(name)) for name in TOLD["register"]}
        if row.get(SUPPRESSED.name):
            entry["withheld"] = True
        entry["target_share_is_assumed"] = entry["target_share_basis"] == "assumed"
        # What the study asks for itself, and what binds its country; not what is only watched all over the world.
        entry["is_chosen"] = is_chosen(rule)
        entry["is_own"] = entry["is_chosen"] or rule["jurisdiction"] != EVERYWHERE
        # "Served" is only a least figure where some who are beyond may be served by what is not mapped.
        what, upper = entry["share_of"], entry["served_share_upper"]
        inside, lost = entry[f"{what}_in_scope"], entry[f"{what}_unserved"]
        entry["is_lower_bound"] = bool(
            inside and lost and upper is not None and lost / inside > 1.0 - upper + SHARE_TOLERANCE
        )
        rank = entry["headline_rank"] = plain(rule["headline_rank"])
        # A norm opens the page where it says something: it was measured and applies, or the register ranks it.
        unmapped = is_unmapped(entry)
        measured = is_judged(entry) or unmapped
        judged = entry["status"] != "not_applicable" or entry["role"] == "duty_trigger"
        entry["is_headline"] = bool(rule["headline"]) and (rank is not None or (measured and judged))
        entry["nothing_mapped"] = unmapped
        entry["people_missing"] = people_missing(norm_id, own, scored)
        entry["places_without_population"] = uncounted
        # Those beyond it as mapped whom a mobile service is to reach; none where there is no such place.
        beyond = (
            own["unit_level"].eq("settlement") & own["status_as_mapped"].eq("not_met") & own["unit_id"].isin(moving)
        )
        persons = plain(own.loc[beyond, "persons_unserved"].sum(min_count=1))
        entry["mobile"] = {"places": int(beyond.sum()), "persons": persons} if beyond.any() else None
        entry["certainty"] = norm_certainty(entry, own, tables, note)
        entry["rural_access"] = index if entry["service"] in SEASON_ROADS else None
        order = (
            not entry["is_headline"],
            math.inf if rank is None else rank,
            entry["gate"] == "none_applicable",
            CLASS_ORDER[entry["norm_class"]],
            -(entry["persons_unserved"] or 0.0),
            -(entry["places_unserved"] or 0.0),
            norm_id,
        )
        found.append((order, entry))
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]


def is_judged(norm: Mapping[str, Any]) -> bool:
    """Tell whether some place is known to be within a norm of a summary, or beyond it, as mapped."""
    return (norm["places_served"] or 0) + (norm["places_unserved"] or 0) > 0


def _population(settlements: pd.DataFrame) -> dict[str, Any]:
    """Count places and people, those of each group too, by how they were counted."""
    scored = settlements.loc[settlements["in_study"]]
    known, withheld = scored["population_persons"].notna(), people_withheld(scored)
    columns = [str(name) for name in scored if str(name).endswith(GROUP_SUFFIX)]
    groups = [name for name in columns if name != "population_persons"]
    by_source = {}
    for name in groups:
        source = f"{name.removesuffix(GROUP_SUFFIX)}_source"
        if source in scored:
            sums = scored.groupby(source, sort=True)[name].sum(min_count=1)
            by_source[name] = {str(word): plain(value) for word, value in sums.items()}
    return {
        "places": len(scored),
        "places_in_buffer": len(settlements) - len(scored),
        "places_without_population": int((~known & ~withheld).sum()),
        **({"places_withheld": int(withheld.sum())} if withheld.any() else {}),
        "places_of_nobody": int((scored["population_persons"] == 0).sum()),
        "persons": plain(scored["population_persons"].sum()) if known.any() else None,
        "groups": {name: plain(scored[name].sum(min_count=1)) for name in groups},
        "groups_by_source": {name: counts for name, counts in by_source.items() if counts},
        "by_source": scored["population_source"].value_counts().sort_index().to_dict(),
        "by_tier": scored["tier"].value_counts().sort_index().to_dict(),
    }


def _network(tables: Mapping[str, pd.DataFrame], scored: pd.DataFrame) -> dict[str, Any]:
    """Measure the network of each mode with what was filled in, and how places meet it, its edge and its roads."""
    network = {}
    for name, edges in tables["edges"].groupby("mode", sort=True) if "edges" in tables else ():
        length = edges["length_m"].to_numpy(dtype=float)
        total = float(length.sum())
        imputed = {
            "imputed_speed_share": ~edges["speed_source"].isin(list(TAGGED_SPEEDS)),
            "unknown_season_share": edges["all_season"] == "unknown",
        }
        network[str(name)] = {
            "edges": len(edges),
            "length_km": total / 1000.0,
            **{
                share: float(length[chosen.to_numpy()].sum()) / total if total > 0 else None
                for share, chosen in imputed.items()
            },
            "components": int(edges["component"].nunique()),
        }
    inside, persons = scored["settlement_id"], scored.set_index("settlement_id")["population_persons"]
    risk: dict[str, Any] = {}  # places at risk of a nearer facility beyond the edge
    if "access" in tables:
        access = tables["access"]
        risky = access.loc[access["edge_risk"] & access["settlement_id"].isin(inside)]
        for (service, mode), rows in risky.groupby(["service", "mode"], sort=True):
            people = persons.reindex(rows["settlement_id"]).sum(min_count=1)
            risk.setdefault(str(mode), {})[str(service)] = {"places": len(rows), "persons": plain(people)}
    snapped: dict[str, Any] = {}
    if "snaps" in tables:
        snaps = tables["snaps"]
        own = snaps.loc[(snaps["place_kind"] == "settlement") & snaps["place_id"].isin(inside)]
        for mode, part in own.groupby("mode", sort=True):
            snapped[str(mode)] = {
                **part["snap_status"].value_counts().sort_index().to_dict(),
                "median_distance_m": plain(part["snap_distance_m"].median()),
                "largest_distance_m": plain(part["snap_distance_m"].max()),
            }
    last_mile: dict[str, Any] = {}
    if "last_mile" in tables:
        told = scored[["settlement_id", "population_persons"]]
        joined = tables["last_mile"].merge(told, on="settlement_id", validate="1:1")
        for column in ("last_mile_class", "last_mile_class_known"):
            grouped = joined.groupby(column, sort=True)["population_persons"]
            sums, counts = grouped.sum(min_count=1), grouped.size()
            last_mile[column] = {
                str(name): {"places": int(counts[name]), "persons": plain(sums[name])} for name in sums.index
            }
    return {"network": network, "edge_risk": risk, "snaps": snapped, "last_mile": last_mile}
