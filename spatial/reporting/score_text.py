"""The score in words: a few lines on the study, and a few on a settlement and its township."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spatial.messages import Words
from spatial.reporting.score import LEAST_PILLARS, LEAST_PLACES
from spatial.tables.words import PILLARS

SHOWN = 2
"""Obstacles that a line names."""
_PEOPLE_OR_SERVICE = frozenset({"worst_group_attainment", "border_effect_min"})
TOWN_TERMS = frozenset({"theil", "gap_ratio"})
"""Terms of the segmentation index that hold town against country."""
_FLOWS = frozenset({"two_way_flow", "flow_balance"})


def score_lines(score: Mapping[str, Any] | None, language: str = "en") -> list[str]:
    """Say the score of a study, a line each."""
    if score is None:
        return []
    words = Words(language)
    joint = words.say("score", "joint")
    lines = [_level(score, words)]
    gates = score["gates"]
    if gates["unjudged"]:
        count, total = words.number(gates["unjudged"]), words.number(gates["in_force"])
        lines.append(words.say("score", "gates_unjudged", n=gates["in_force"], count=count, total=total))
    if score["gaps_measured"]:
        index = words.number(score["segmentation"]["index"], decimals=2)
        # What the index rests on, with a word where town and country are no part of it.
        own = score["segmentation"]["terms"]
        terms = joint.join(words.say("segmentation_term", name) for name in own)
        if own and not TOWN_TERMS & set(own):
            terms = words.say("score", "gaps_no_town", terms=terms)
        told = {name: score[f"gaps_{name}"] for name in ("met", "measured")}
        told["total"] = sum(gap["target"] is not None for part in score["pillars"].values() for gap in part["gaps"])
        lines.append(words.say("score", "gaps", index=index, terms=terms, **told))
    else:
        lines.append(words.say("score", "gaps_none"))
    if score["obstacles"]:
        lines.append(words.say("score", "held", components=_obstacles(score, words)))
    townships, classes = score["townships"], score["classes"]
    if townships["level_shown"] >= SHOWN:
        count, apart = words.number(townships["level_shown"]), townships["told_apart"]
        if apart is None:
            lines.append(words.say("score", "apart_none", count=count))
        else:
            names = {end: apart[end]["name"] or apart[end]["id"] for end in ("first", "last")}
            share = words.share(apart["probability_before"])
            lines.append(words.say("score", "apart", **names, share=share, count=count))
    if classes is not None and classes["differ"]["places"]:
        differ = classes["differ"]
        lines.append(
            words.say(
                "score",
                "classes",
                persons=words.measure(differ["persons"], "persons"),
                places=words.measure(differ["places"], "places"),
                to_urban=words.number(differ["official_rural_degurba_urban"]["persons"]),
                to_rural=words.number(differ["official_urban_degurba_rural"]["persons"]),
            )
        )
    return lines


def place_score_lines(score: Mapping[str, Any] | None, words: Words) -> Iterator[str]:
    """Say the score of a settlement and of its township."""
    if score is None:
        return
    place, township = score["place"], score["township"]
    if place["integration_level"] is None:
        yield words.say("score", "place_unknown")
    elif place["level_hidden"]:
        yield hidden_text(place["level_hidden"], words)
    else:
        yield words.say("score", "place", **_numbers(place, words), pillars=_pillars(place, words))
    if place["median_rank"] is not None and not place["level_hidden"]:
        yield words.say("score", "rank", **_ranks(place, words))
    elif place["rank_status"] == "in_doubt":
        yield words.say("score", "rank_in_doubt")
    if place["obstacles"]:
        yield words.say("score", "place_lacks", components=_obstacles(place, words))
    if score["classes_differ"]:
        yield words.say(
            "score",
            "class_differs",
            official=words.term(score["official_class"]),
            degurba=words.term(score["degurba_class"]),
            code=score["degurba_code"],
        )
    if township is not None and township["integration_level"] is not None:
        name = township["name"] or township["id"]
        told = {"name": name, **_numbers(township, words)}
        if township["level_hidden"]:
            why = hidden_text(township["level_hidden"], words)
            yield words.say("score", "township_hidden", name=name, why=why)
        elif township["median_rank"] is None:
            yield words.say("score", "township_unranked", **told)
        else:
            yield words.say("score", "township", **told, **_ranks(township, words))
        if township["obstacles"]:
            yield words.say("score", "township_lacks", name=name, components=_obstacles(township, words))
        failed = township["gates"]["failed"]
        if failed:
            yield words.say("score", "township_gates", name=name, norms=words.say("score", "joint").join(failed))


def hidden_text(why: str, words: Words) -> str:
    """Say why no level is shown."""
    return words.say("score", f"hidden_{why}", pillars=LEAST_PILLARS, places=LEAST_PLACES)


def hidden_townships_text(count: int, words: Words) -> str:
    """Say of how many townships no level is shown, and why."""
    told = {"pillars": LEAST_PILLARS, "places": LEAST_PLACES}
    return words.say("score", "hidden_townships", count=words.number(count), **told)


def component_text(component: str, words: Words) -> str:
    """Name a component of a level or a gap."""
    name, _, kind = component.partition(":")
    if kind:
        return words.say("component", name, kind=words.say("flow_kind", kind))
    several = f"{name}_any"
    return words.say("component", several if several in words.messages["component"] else name)


def detail_text(component: str, detail: str, words: Words) -> str:
    """Say what made a component."""
    name = component.partition(":")[0]
    if not detail:
        return ""
    known = words.messages["made"]
    if name in _PEOPLE_OR_SERVICE and detail not in known:
        group, _, norms = detail.partition(";norms=")
        return (
            words.say("made", "group", n=norms, group=words.service(group), norms=norms)
            if norms
            else words.service(detail)
        )
    if name in _FLOWS:
        return words.say("flow_kind", detail)
    parts = [words.say("made", part) if part in known else part for part in detail.split(";")]
    return words.say("score", "joint").join(parts)


def label_text(row: Mapping[Any, Any], words: Words) -> str:
    """Say the label of a unit: its level, its gaps and its gates, side by side."""
    known = sum(row[f"level_{name}"] == row[f"level_{name}"] for name in PILLARS)
    hidden = row.get("level_hidden")
    return words.say(
        "score",
        "label_hidden" if hidden else "label",
        level=hidden_text(hidden, words)
        if hidden
        else _band(str(row["level_band"]), known, int(row["missing_pillars"]), words),
        gap=words.say("gap_band", str(row["gap_band"])),
        gate=words.say("gate", str(row["mandatory_status"])),
    )


def _level(score: Mapping[str, Any], words: Words) -> str:
    if score["integration_level"] is None:
        return words.say("score", "study_unknown")
    if score["level_hidden"]:
        return hidden_text(score["level_hidden"], words)
    told = _numbers(score, words)
    pillars = _pillars(score, words)
    if not score["missing_pillars"]:
        return words.say("score", "study", **told, pillars=pillars)
    missing = words.say("score", "joint").join(
        words.say(
            "score", "missing_pillar", pillar=words.say("pillar", name), reason=words.say("component_status", reason)
        )
        for name, reason in score["missing_reasons"].items()
    )
    known = _measured(score)
    count = {"known": words.number(known), "total": words.number(known + len(score["missing_pillars"]))}
    told["band"] = _with_span(score, words.say("level_band", score["level_band"]), words)
    return words.say("score", "study_partial", **told, **count, missing=missing, pillars=pillars)


def _numbers(unit: Mapping[str, Any], words: Words) -> dict[str, str]:
    band = _band(unit["level_band"], _measured(unit), len(unit["missing_pillars"]), words)
    return {"level": words.number(unit["integration_level"], decimals=2), "band": _with_span(unit, band, words)}


def _measured(unit: Mapping[str, Any]) -> int:
    return sum(part["level"] is not None for part in unit["pillars"].values())


def _band(band: str, known: int, missing: int, words: Words) -> str:
    """Name a band, and by how many pillars where any is missing."""
    said = words.say("level_band", band)
    if not known or not missing:
        return said
    return words.say("score", "band_partial", band=said, known=words.number(known), total=words.number(known + missing))


def _with_span(unit: Mapping[str, Any], band: str, words: Words) -> str:
    """Add the ends of the interval where they read otherwise than the level."""
    low, high = (words.number(unit[f"level_{end}"], decimals=2) for end in ("low", "high"))
    return band if low == high else words.say("score", "band_span", band=band, low=low, high=high)


def _ranks(unit: Mapping[str, Any], words: Words) -> dict[str, str]:
    ranks = {"rank": "median_rank", "low": "low_rank", "high": "high_rank"}
    told = {name: words.figure(unit[key]) for name, key in ranks.items()}
    return {**told, "count": words.number(unit["ranked"])}


def _pillars(unit: Mapping[str, Any], words: Words) -> str:
    known = {name: part["level"] for name, part in unit["pillars"].items() if part["level"] is not None}
    return words.say("score", "joint").join(
        words.say("score", "pillar", pillar=words.say("pillar", name), level=words.number(value, decimals=2))
        for name, value in known.items()
    )


def _obstacles(unit: Mapping[str, Any], words: Words) -> str:
    first: Sequence[Mapping[str, Any]] = unit["obstacles"][:SHOWN]
    return words.say("score", "joint").join(
        words.say(
            "score",
            "obstacle",
            component=component_text(part["component"], words),
            share=words.share(part["obstacle_degree"]),
        )
        for part in first
    )
