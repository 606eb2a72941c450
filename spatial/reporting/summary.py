"""The study in one page: the headline of every norm, gates, people counted, and what was assumed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.inputs.duplicates import OPEN_NAMESAKE
from spatial.messages import Words
from spatial.norms.evaluation import SHARE_TOLERANCE, gate_status, guiding_attainment
from spatial.norms.law import is_chosen
from spatial.norms.register import EVERYWHERE, SEASON_ROADS
from spatial.reporting.certainty import FACTORS, CertaintyNote, norm_certainty, rural_access
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.gaps import mobile_people, mobile_places, remedy_counts
from spatial.reporting.score import doubted_units, issue_records, summarise_score, summarise_town_and_country
from spatial.reporting.sign_off import TAGGED_SPEEDS
from spatial.reporting.unmeasured import conditions_of, is_unmapped, people_missing
from spatial.reporting.wording import columns_told, plain
from spatial.tables.words import NORM_CLASS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    service = words.service(norm["service"])
    threshold = words.measure(norm["threshold"], norm["unit"] or "")
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
        threshold=threshold,
        service=service,
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
        said = words.say("headline", "list").join(factors)
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
    largest = [
        words.say("condition", "largest", tier=words.say("tier", tier), persons=words.number(persons))
        for tier, persons in conditions_of(norm.get("judged_if"))
    ]
    if largest:
        joined = words.say("headline", "list").join(largest)
        parts.append(words.say("condition", "judged_if", largest=joined))
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
STUDY = "study"
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
    note = certainty or CertaintyNote()
    people = _population(settlements)
    norms = _norms(results, register)
    index, moving = rural_access(tables.get("rural_access")), mobile_places(scored)
    # Split once for all norms: each would look through all results again.
    by_norm = {str(norm): own for norm, own in results.groupby("norm_id")}
    for norm in norms:
        own = by_norm[norm["norm_id"]]
        norm["nothing_mapped"] = is_unmapped(norm)
        norm["people_missing"] = people_missing(norm["norm_id"], own, scored)
        norm["places_without_population"] = people["places_without_population"]
        norm["mobile"] = mobile_people(norm["norm_id"], own, moving)
        norm["certainty"] = norm_certainty(norm, own, tables, note)
        norm["rural_access"] = index if norm["service"] in SEASON_ROADS else None
    study = results.loc[results["unit_level"] == STUDY]
    status = next(iter(gate_status(study).to_dict("records")), {})
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
        "gates": {
            "mandatory_status": status.get("mandatory_status", "none_applicable"),
            "n_pass": status.get("n_pass", 0),
            "n_gates": status.get("n_gates", 0),
            **{name: sorted(study.loc[study["gate"] == name, "norm_id"]) for name in ("pass", "fail", "unknown")},
        },
        "guiding": {"attainment": means[f"{FLOORS[0]:g}"], "attainment_by_floor": means},
        "gaps": {}
        if gaps is None
        else {
            "gaps": len(gaps),
            "near_misses": int(gaps["is_near_miss"].sum()),
            "by_remedy": remedy_counts(gaps),
            "by_norm": {
                str(name): {"gaps": len(near), "near_misses": int(near.sum())}
                for name, near in gaps.groupby("norm_id", sort=True)["is_near_miss"]
            },
        },
        "network": _network(tables.get("edges")),
        **_places_reached(tables, scored),
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
        "known_issues": known_issues,
    }


def _norms(results: pd.DataFrame, register: pd.DataFrame) -> list[dict[str, Any]]:
    """Join the result of each norm for the study with what the register says, the most telling first."""
    study = results.loc[results["unit_level"] == STUDY].set_index("norm_id")
    rules = register.set_index("norm_id")
    found = []
    for norm_id in sorted(study.index):
        row, rule = study.loc[norm_id], rules.loc[norm_id]
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
        inside, beyond = entry[f"{what}_in_scope"], entry[f"{what}_unserved"]
        entry["is_lower_bound"] = bool(
            inside and beyond and upper is not None and beyond / inside > 1.0 - upper + SHARE_TOLERANCE
        )
        rank = entry["headline_rank"] = plain(rule["headline_rank"])
        # A norm opens the page where it says something: it was measured and applies, or the register ranks it.
        measured = (entry["places_served"] or 0) + (entry["places_unserved"] or 0) > 0 or is_unmapped(entry)
        judged = entry["status"] != "not_applicable" or entry["role"] == "duty_trigger"
        entry["is_headline"] = bool(rule["headline"]) and (rank is not None or (measured and judged))
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


def _population(settlements: pd.DataFrame) -> dict[str, Any]:
    """Count places and people, those of each group too, by how they were counted."""
    scored = settlements.loc[settlements["in_study"]]
    known = scored["population_persons"].notna()
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
        "places_without_population": int((~known).sum()),
        "places_of_nobody": int((scored["population_persons"] == 0).sum()),
        "persons": plain(scored["population_persons"].sum()) if known.any() else None,
        "groups": {name: plain(scored[name].sum(min_count=1)) for name in groups},
        "groups_by_source": {name: counts for name, counts in by_source.items() if counts},
        "by_source": _tally(scored["population_source"]),
        "by_tier": _tally(scored["tier"]),
    }


def _network(edges: pd.DataFrame | None) -> dict[str, Any]:
    """Measure the network of each mode, and what of it was filled in."""
    found = {}
    for mode, rows in () if edges is None else edges.groupby("mode", sort=True):
        length = rows["length_m"].to_numpy(dtype=float)
        total = float(length.sum())
        imputed = {
            "imputed_speed_share": ~rows["speed_source"].isin(list(TAGGED_SPEEDS)),
            "unknown_season_share": rows["all_season"] == "unknown",
        }
        found[str(mode)] = {
            "edges": len(rows),
            "length_km": total / 1000.0,
            **{
                name: float(length[chosen.to_numpy()].sum()) / total if total > 0 else None
                for name, chosen in imputed.items()
            },
            "components": int(rows["component"].nunique()),
        }
    return found


def _places_reached(tables: Mapping[str, pd.DataFrame], scored: pd.DataFrame) -> dict[str, Any]:
    """Count the places at risk of a nearer facility beyond the edge, and tell how places meet the network and roads."""
    inside, persons = scored["settlement_id"], scored.set_index("settlement_id")["population_persons"]
    risk: dict[str, Any] = {}
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
                **_tally(part["snap_status"]),
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
    return {"edge_risk": risk, "snaps": snapped, "last_mile": last_mile}


def _tally(values: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in values.value_counts().sort_index().items()}


def _records(frame: pd.DataFrame | None) -> list[dict[str, Any]]:
    if frame is None:
        return []
    return [{str(name): plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
