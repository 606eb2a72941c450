"""The study in one page: the headline of every norm, gates, people counted, and what was assumed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.inputs.duplicates import OPEN_NAMESAKE
from spatial.messages import Words
from spatial.norms.evaluation import SHARE_TOLERANCE, gate_status, guiding_attainment
from spatial.norms.register import SEASON_ROADS, with_norm_id
from spatial.reporting.certainty import FACTORS, CertaintyNote, norm_certainty, rural_access
from spatial.reporting.gaps import mobile_people, mobile_places, remedy_counts
from spatial.reporting.score import doubted_units, issue_records, summarise_score, summarise_town_and_country
from spatial.reporting.sign_off import TAGGED_SPEEDS
from spatial.reporting.unmeasured import conditions_of, is_unmapped, people_missing
from spatial.reporting.wording import plain
from spatial.tables.words import NORM_CLASS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np


# The unit in which people are told a measure of access.

FEW, MANY = 1_000, 100_000
"""People to whom supply for each person is told: a thousand, or a hundred thousand where that never makes one."""
EACH = " per person"


def told_unit(measure: pd.DataFrame) -> tuple[str, int]:
    """
    Choose the unit of one measure, so that supply for each person is no row of noughts.

    Examples
    --------
    >>> import pandas as pd
    >>> told_unit(pd.DataFrame({"unit": ["capacity per person"], "value": [0.004]}))
    ('capacity per 1000 people', 1000)
    """
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
    if norm.get("nothing_mapped"):
        told = {"threshold": words.measure(norm["threshold"], norm["unit"] or "")}
        return words.say("headline", "nothing_mapped", service=words.service(norm["service"]), **told)
    measured = (norm["places_served"] or 0) + (norm["places_unserved"] or 0) > 0
    if not measured:
        reason = words.reason(norm["reason"]) or words.say("status", norm["status"])
        return words.say("headline", "no_figure", service=words.service(norm["service"]), reason=reason)
    what = "persons" if _in_people(norm) else "places"
    unserved = words.number(norm[f"{what}_unserved"])
    count = unserved
    span = _span(norm, what)
    if span is not None:
        low, high = words.number(span["low"]), words.number(span["high"])
        unserved = words.say("headline", "range", count=unserved, low=low, high=high)
    numbers = {
        "served": words.number(norm[f"{what}_served"]),
        "unserved": unserved,
        "beyond": words.say("headline", "beyond", n=count, count=unserved),
        "n": words.number(norm[f"{what}_in_scope"]),
        "scope": words.number(norm[f"{what}_in_scope"]),
        "threshold": words.measure(norm["threshold"], norm["unit"] or ""),
        "service": words.service(norm["service"]),
        "units": words.term(norm["stat_unit"]),
    }
    sentence = words.say("headline", _kind(norm), **numbers)
    parts = [sentence]
    if norm[f"{what}_unknown"]:
        parts.append(words.say("headline", "unknown", unknown=words.number(norm[f"{what}_unknown"])))
    missing = missing_text(norm, words)
    if what == "persons" and missing:
        parts.append(missing)
    elif what == "persons" and norm.get("places_without_population"):
        parts.append(
            words.say("headline", "uncounted", places=words.number(norm["places_without_population"]))
        )
    mobile = norm.get("mobile")
    if mobile and mobile[what]:
        told = {key: words.number(mobile[key]) for key in ("persons", "places")}
        parts.append(words.say("headline", f"mobile_{what}", **told))
    parts += _how_sure(norm, what, words)
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
        norms=", ".join(gates["fail"]),
    )


def missing_text(norm: Mapping[str, Any], words: Words) -> str:
    """Say whose people nobody counted, and under which condition the norm is judged for all that."""
    missing = norm.get("people_missing")
    if not missing:
        return ""
    keys = (f"name_{words.language}", "name", "name_en", "name_zh", "id")
    names = [next(str(place[key]) for key in keys if place.get(key)) for place in missing["first"]]
    named, rest = words.say("headline", "list").join(names), missing["places"] - len(names)
    if rest:
        named = words.say("condition", "more", names=named, count=words.number(rest))
    parts = [words.say("condition", "missing", count=words.number(missing["places"]), names=named)]
    largest = condition_text(norm.get("judged_if"), words)
    return words.say("headline", "joint").join([*parts, largest] if largest else parts)


def condition_text(judged_if: object, words: Words) -> str:
    """Say the condition under which a norm is judged."""
    largest = [
        words.say("condition", "largest", tier=words.say("tier", tier), persons=words.number(persons))
        for tier, persons in conditions_of(judged_if)
    ]
    return (
        words.say("condition", "judged_if", largest=words.say("headline", "list").join(largest))
        if largest
        else ""
    )


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


def _in_people(norm: Mapping[str, Any]) -> bool:
    return norm["persons_in_scope"] is not None and not (
        norm["direction"] == PRESENCE and norm["share_of"] == "places"
    )


def _kind(norm: Mapping[str, Any]) -> str:
    if norm["role"] == "duty_trigger" and _in_people(norm):
        return "entitled"
    kind = "units" if norm["direction"] == PRESENCE else "people" if _in_people(norm) else "places"
    return f"{kind}_mapped" if norm["is_lower_bound"] else kind


def _span(norm: Mapping[str, Any], what: str) -> Mapping[str, float] | None:
    certainty = norm.get("certainty")
    span: Mapping[str, float] | None = certainty[what] if certainty else None
    return span


def _how_sure(norm: Mapping[str, Any], what: str, words: Words) -> list[str]:
    """Say what was varied for the range, and how far the index of rural access can be known."""
    told = []
    if _span(norm, what) is not None:
        certainty = norm["certainty"]
        factors = [factor_text(name, certainty, words) for name in certainty["factors"]]
        said = words.say("headline", "list").join(factors)
        told.append(words.say("headline", "range_why", factors=said, status=status_text(certainty, words)))
    index = norm.get("rural_access")
    if index:
        keys = {"lower": "rai_lower", "upper": "rai_upper", "imputed": "imputed_share"}
        shares = {name: words.share(index[key]) for name, key in keys.items()}
        told.append(words.say("headline", "rural_access", **shares))
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
STUDY = "study"
FLOORS = (0.01, 0.001)
CLASS_ORDER = {name: rank for rank, name in enumerate(NORM_CLASS)}
RESULTS = (
    "service",
    "norm_class",
    "status",
    "status_as_mapped",
    "judged_if",
    "reason",
    "gate",
    "share_of",
    "threshold",
    "target_share",
    "served_share",
    "served_share_lower",
    "served_share_upper",
    "attainment",
    "shortfall",
    "depth_fgt0",
    "depth_fgt1",
    "depth_fgt2",
    "persons_in_scope",
    "persons_served",
    "persons_unserved",
    "persons_unknown",
    "persons_to_serve",
    "places_in_scope",
    "places_served",
    "places_unserved",
    "places_unknown",
)
LEGAL = (
    "metric",
    "mode",
    "direction",
    "unit",
    "stat_unit",
    "scope",
    "role",
    "instrument",
    "conditions",
    "target_share_basis",
    "fail_point",
    "confidence",
    "source_title",
    "source_year",
    "source_section",
    "source_url",
    "adopted_by",
    "adopted_on",
    "confirmed_by",
    "confirmed_on",
    "register_threshold",
    "register_target_share",
)


def summarise_study(
    tables: Mapping[str, pd.DataFrame],
    *,
    register: pd.DataFrame,
    issues: Sequence[str] = (),
    facts: Mapping[str, object] | None = None,
    certainty: CertaintyNote | None = None,
    pillar_weights: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """
    Put the study on one page.

    Examples
    --------
    >>> summary = summarise_study(tables, register=binding)  # doctest: +SKIP
    >>> summary["gates"]["mandatory_status"]  # doctest: +SKIP
    'none_applicable'
    """
    settlements, results = tables["settlements"], tables["norm_results"]
    scored = settlements.loc[settlements["in_study"]]
    norms = _norms(results, register)
    note = certainty or CertaintyNote()
    people = _population(settlements)
    index, moving = rural_access(tables.get("rural_access")), mobile_places(scored)
    for norm in norms:
        norm["nothing_mapped"] = is_unmapped(norm)
        norm["people_missing"] = people_missing(norm["norm_id"], results, scored)
        norm["places_without_population"] = people["places_without_population"]
        norm["mobile"] = mobile_people(norm["norm_id"], results, moving)
        norm["certainty"] = norm_certainty(norm, results, tables, note)
        norm["rural_access"] = index if norm["service"] in SEASON_ROADS else None
    # Tell which facilities close while one of their name stays open: in scenarios, or in that which the
    # run is of.
    told = [tables[name] for name in ("findings_scenarios", "findings_network") if name in tables]
    open_namesakes = [
        json.loads(values)
        for frame in told
        for values in (
            frame.loc[frame["kind"] == OPEN_NAMESAKE, "notice_values"] if "notice_values" in frame else ()
        )
    ]
    # Of scenarios, who gains and loses at the cutoff of the classes.
    changed = tables.get("scenario_people")
    if changed is not None:
        changed = changed.loc[changed["is_class"]].drop(columns="is_class")
    means = {f"{floor:g}": plain(guiding_attainment(results, floor=floor)) for floor in FLOORS}
    guiding = {"attainment": means[f"{FLOORS[0]:g}"], "attainment_by_floor": means}
    return {
        STUDY: dict(facts or {}),
        "population": people,
        "norms": norms,
        "headlines": [norm["norm_id"] for norm in norms if norm["is_headline"]],
        "gates": _gates(results),
        "guiding": guiding,
        "gaps": _gaps(tables.get("gaps")),
        "network": _network(tables.get("edges")),
        "edge_risk": _edge_risk(tables.get("access"), scored),
        "snaps": _snaps(tables.get("snaps"), scored),
        "last_mile": _last_mile(tables.get("last_mile"), scored),
        "certainty": _certainty(tables.get("intervals"), note),
        "rural_access": index,
        "calibration": {"status": note.speed_status, **note.calibration},
        "scenarios": _records(changed),
        "open_namesakes": open_namesakes,
        "emergency": _records(tables.get("emergency_people")),
        "population_account": _records(tables.get("population_account")),
        "unit_totals": _records(tables.get("unit_totals")),
        "counts": _records(tables.get("counts")),
        "inventory": _records(tables.get("inventory")),
        "score": summarise_score(tables, pillar_weights),
        "town_and_country": summarise_town_and_country(tables),
        "issues": list(issues),
        "known_issues": _known_issues(tables),
    }


def _known_issues(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Tell every known issue with what it forbids; those without the table are known by their text alone."""
    if "known_issues" not in tables:
        return []
    scores = tables.get("scores", pd.DataFrame({"unit_level": [], "unit_id": []}))
    townships = scores.loc[scores["unit_level"] == "township", "unit_id"].astype(str).tolist()
    doubts = doubted_units(tables["known_issues"], tables.get("boundaries"), townships)
    return issue_records(tables["known_issues"], doubts)


def _norms(results: pd.DataFrame, register: pd.DataFrame) -> list[dict[str, Any]]:
    study = results.loc[results["unit_level"] == STUDY].set_index("norm_id")
    rules = with_norm_id(register).set_index("norm_id")
    found = []
    for norm_id in sorted(study.index):
        row, rule = study.loc[norm_id], rules.loc[norm_id]
        entry = {"norm_id": norm_id, **{name: plain(row.get(name)) for name in RESULTS}}
        entry |= {name: plain(rule.get(name)) for name in LEGAL}
        entry["target_share_is_assumed"] = entry["target_share_basis"] == "assumed"
        entry["is_lower_bound"] = _is_lower_bound(entry)
        entry["headline_rank"] = plain(rule["headline_rank"])
        # A norm opens the page where it says something: it was measured and applies, or the register ranks it.
        measured = (entry["places_served"] or 0) + (entry["places_unserved"] or 0) > 0 or is_unmapped(entry)
        judged = entry["status"] != "not_applicable" or entry["role"] == "duty_trigger"
        speaks = entry["headline_rank"] is not None or (measured and judged)
        entry["is_headline"] = bool(rule["headline"]) and speaks
        found.append(entry)
    return sorted(found, key=_order)


def _is_lower_bound(entry: Mapping[str, Any]) -> bool:
    """Tell whether "served" is only a least figure: some who are beyond may be served by what is not mapped."""
    what = entry["share_of"]
    inside, beyond, upper = entry[f"{what}_in_scope"], entry[f"{what}_unserved"], entry["served_share_upper"]
    if not inside or not beyond or upper is None:
        return False
    return bool(beyond / inside > 1.0 - upper + SHARE_TOLERANCE)


def _order(entry: Mapping[str, Any]) -> tuple[object, ...]:
    rank = entry["headline_rank"] if entry["headline_rank"] is not None else math.inf
    gates = entry["gate"] != "none_applicable"
    people = entry["persons_unserved"] or 0.0
    places = entry["places_unserved"] or 0.0
    return (
        not entry["is_headline"],
        rank,
        not gates,
        CLASS_ORDER[entry["norm_class"]],
        -people,
        -places,
        entry["norm_id"],
    )


def _population(settlements: pd.DataFrame) -> dict[str, Any]:
    scored = settlements.loc[settlements["in_study"]]
    known = scored["population_persons"].notna()
    groups = [name for name in scored if str(name).endswith(GROUP_SUFFIX) and name != "population_persons"]
    return {
        "places": len(scored),
        "places_in_buffer": len(settlements) - len(scored),
        "places_without_population": int((~known).sum()),
        "places_of_nobody": int((scored["population_persons"] == 0).sum()),
        "persons": plain(scored["population_persons"].sum()) if known.any() else None,
        "groups": {str(name): plain(scored[name].sum(min_count=1)) for name in groups},
        "groups_by_source": {
            str(name): found for name in groups if (found := _people_by_source(scored, str(name)))
        },
        "by_source": _tally(scored["population_source"]),
        "by_tier": _tally(scored["tier"]),
    }


def _people_by_source(scored: pd.DataFrame, column: str) -> dict[str, Any]:
    """People of a group by how they were counted; empty where the table does not say it."""
    source = f"{column.removesuffix(GROUP_SUFFIX)}_source"
    if source not in scored:
        return {}
    sums = scored.groupby(source, sort=True)[column].sum(min_count=1)
    return {str(name): plain(value) for name, value in sums.items()}


def _gates(results: pd.DataFrame) -> dict[str, Any]:
    study = results.loc[results["unit_level"] == STUDY]
    status = gate_status(study)
    row = (
        status.iloc[0]
        if len(status)
        else pd.Series({"mandatory_status": "none_applicable", "n_pass": 0, "n_gates": 0})
    )
    by_status = {
        name: sorted(study.loc[study["gate"] == name, "norm_id"]) for name in ("pass", "fail", "unknown")
    }
    return {
        "mandatory_status": row["mandatory_status"],
        "n_pass": int(row["n_pass"]),
        "n_gates": int(row["n_gates"]),
        **by_status,
    }


def _gaps(gaps: pd.DataFrame | None) -> dict[str, Any]:
    if gaps is None:
        return {}
    by_norm = gaps.groupby("norm_id", sort=True)["is_near_miss"].agg(["size", "sum"])
    return {
        "gaps": len(gaps),
        "near_misses": int(gaps["is_near_miss"].sum()),
        "by_remedy": remedy_counts(gaps),
        "by_norm": {
            str(name): {"gaps": int(row["size"]), "near_misses": int(row["sum"])}
            for name, row in by_norm.iterrows()
        },
    }


def _network(edges: pd.DataFrame | None) -> dict[str, Any]:
    if edges is None:
        return {}
    found = {}
    for mode, rows in edges.groupby("mode", sort=True):
        length = rows["length_m"].to_numpy(dtype=float)
        total = float(length.sum())
        found[str(mode)] = {
            "edges": len(rows),
            "length_km": total / 1000.0,
            "imputed_speed_share": _share(length, ~rows["speed_source"].isin(list(TAGGED_SPEEDS)), total),
            "unknown_season_share": _share(length, rows["all_season"] == "unknown", total),
            "components": int(rows["component"].nunique()),
        }
    return found


def _share(length: np.ndarray, chosen: pd.Series, total: float) -> float | None:
    return float(length[chosen.to_numpy()].sum()) / total if total > 0 else None


def _edge_risk(access: pd.DataFrame | None, scored: pd.DataFrame) -> dict[str, Any]:
    if access is None:
        return {}
    risky = access.loc[access["edge_risk"] & access["settlement_id"].isin(scored["settlement_id"])]
    found: dict[str, Any] = {}
    persons = scored.set_index("settlement_id")["population_persons"]
    for (service, mode), rows in risky.groupby(["service", "mode"], sort=True):
        people = persons.reindex(rows["settlement_id"])
        found.setdefault(str(mode), {})[str(service)] = {
            "places": len(rows),
            "persons": plain(people.sum(min_count=1)),
        }
    return found


def _snaps(snaps: pd.DataFrame | None, scored: pd.DataFrame) -> dict[str, Any]:
    if snaps is None:
        return {}
    rows = snaps.loc[(snaps["place_kind"] == "settlement") & snaps["place_id"].isin(scored["settlement_id"])]
    return {
        str(mode): {
            **_tally(part["snap_status"]),
            "median_distance_m": plain(part["snap_distance_m"].median()),
            "largest_distance_m": plain(part["snap_distance_m"].max()),
        }
        for mode, part in rows.groupby("mode", sort=True)
    }


def _last_mile(last_mile: pd.DataFrame | None, scored: pd.DataFrame) -> dict[str, Any]:
    if last_mile is None:
        return {}
    joined = last_mile.merge(
        scored[["settlement_id", "population_persons"]], on="settlement_id", validate="1:1"
    )
    found: dict[str, Any] = {}
    for column in ("last_mile_class", "last_mile_class_known"):
        grouped = joined.groupby(column, sort=True)["population_persons"]
        sums, counts = grouped.sum(min_count=1), grouped.size()
        found[column] = {
            str(name): {"places": int(counts[name]), "persons": plain(sums[name])} for name in counts.index
        }
    return found


def _certainty(intervals: pd.DataFrame | None, note: CertaintyNote) -> dict[str, Any] | None:
    if intervals is None or not len(intervals):
        return None
    return {
        "speeds": note.speeds,
        **note.speeds_known,
        "walk_km_h": list(note.walk_km_h),
        "detour": list(note.detour),
        "factors": [name for name in FACTORS if f"{name}_high_min" in intervals],
        "modes": sorted(intervals["mode"].unique()),
        "services": sorted(intervals["service"].unique()),
    }


def _tally(values: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _records(frame: pd.DataFrame | None) -> list[dict[str, Any]]:
    if frame is None:
        return []
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
