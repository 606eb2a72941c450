"""Headlines: the result of each norm as one sentence that a planner can read out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from spatial.planning.unmeasured import conditions_of, people_missing
from spatial.planning.wording import wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.planning.wording import Wording

__all__ = [
    "condition_text",
    "factor_text",
    "gates_text",
    "headline_text",
    "missing_by_unit",
    "missing_text",
    "status_text",
]

PRESENCE = "presence"


def headline_text(
    norm: Mapping[str, Any], language: str = "en", *, service_names: Mapping[str, str] | None = None
) -> str:
    """Say the result of one norm, and who of those beyond lives in a village that is to be relocated."""
    words = wording(language, names=service_names)
    if norm.get("nothing_mapped"):
        told = {"threshold": words.measure(norm["threshold"], norm["unit"] or "")}
        return words.say("headline", "nothing_mapped", service=words.service(norm["service"]), **told)
    measured = (norm["places_served"] or 0) + (norm["places_unserved"] or 0) > 0
    if not measured:
        reason = words.reason(norm["reason"]) or words.say("status", norm["status"])
        return words.say("headline", "no_figure", service=words.service(norm["service"]), reason=reason)
    what = "persons" if _in_people(norm) else "places"
    sentence = words.say("headline", _kind(norm), **_numbers(norm, what, words))
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
    words = wording(language)
    return words.say(
        "headline",
        f"gates_{gates['mandatory_status']}",
        count=gates["n_gates"],
        failed=len(gates["fail"]),
        norms=", ".join(gates["fail"]),
    )


def missing_text(norm: Mapping[str, Any], words: Wording) -> str:
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


def condition_text(judged_if: object, words: Wording) -> str:
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


def missing_by_unit(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame], words: Wording) -> pd.Series:
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


def _numbers(norm: Mapping[str, Any], what: str, words: Wording) -> dict[str, str]:
    unserved = words.number(norm[f"{what}_unserved"])
    count = unserved
    span = _span(norm, what)
    if span is not None:
        low, high = words.number(span["low"]), words.number(span["high"])
        unserved = words.say("headline", "range", count=unserved, low=low, high=high)
    return {
        "served": words.number(norm[f"{what}_served"]),
        "unserved": unserved,
        "beyond": words.say("headline", "beyond", n=count, count=unserved),
        "n": words.number(norm[f"{what}_in_scope"]),
        "scope": words.number(norm[f"{what}_in_scope"]),
        "threshold": words.measure(norm["threshold"], norm["unit"] or ""),
        "service": words.service(norm["service"]),
        "units": words.term(norm["stat_unit"]),
    }


def _span(norm: Mapping[str, Any], what: str) -> Mapping[str, float] | None:
    certainty = norm.get("certainty")
    span: Mapping[str, float] | None = certainty[what] if certainty else None
    return span


def _how_sure(norm: Mapping[str, Any], what: str, words: Wording) -> list[str]:
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


def factor_text(factor: str, certainty: Mapping[str, Any], words: Wording) -> str:
    """Name what the paired runs varied."""
    measured = certainty.get("speed_factors")
    if factor == "speed" and measured:
        slow, fast = (words.number(value, decimals=2) for value in measured)
        return words.say("factor", "speed_measured", slow=slow, fast=fast)
    share = certainty.get("speed_share")
    if factor == "speed" and share is None:
        return words.say("factor", "speed_any")
    return words.say("factor", factor, share=words.share(share))


def status_text(certainty: Mapping[str, Any], words: Wording) -> str:
    """Say whether anybody compared the speeds with observed times."""
    known = "calibrated" if certainty.get("calibrated") else "uncalibrated"
    return words.say("speed_status", str(certainty.get("speed_status", known)))
