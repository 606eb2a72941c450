"""The answer first, as records and in words: who is beyond which norm, where it is worst, whom to begin with."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from spatial.access.cumulative import weighted_quantile
from spatial.messages import Words
from spatial.reporting.disclosure import SUPPRESSED, people_withheld
from spatial.reporting.plans import Told, amount_text, plan_title, reach_text, service_text, unit_names
from spatial.reporting.summary import PRESENCE
from spatial.reporting.wording import capital, names_of, pick, plain

Record = dict[str, Any]

FIRST = 5
"""Villages that are named of a finding."""
FARTHEST = 10
"""Places that are named of a service."""
NOWHERE = ""
"""Stands for the township of settlements that lie in none."""
ESSENTIAL = (
    ("hospital", "emergency_hospital"),
    ("health_centre", "primary_care", "medical_point", "private_practice"),
    ("primary_school", "school"),
    ("secondary_school",),
    ("pharmacy",),
    ("market", "shop"),
    ("ambulance_station",),
    ("post_office",),
)
"""Services that are told first where no norm asks for one: of each group the one of which most are mapped."""
STEPS_MIN = (5.0, 10.0, 15.0, 30.0, 60.0)
"""Minutes within which people are counted of every service, whether or not a norm asks for it."""
FAR_MIN = 30.0
"""Minutes beyond which a place is far of a service that no norm asks for; less where all are within."""
_TOLD = (
    "norm_id", "service", "metric", "mode", "threshold", "unit", "stat_unit", "scope", "norm_class", "gate",
    "status", "share_of", "is_chosen", "is_own", "target_share", "target_share_is_assumed",
)  # fmt: skip


def summarise_answer(
    tables: Mapping[str, pd.DataFrame],
    norms: Sequence[Record],
    *,
    mode: str,
    services: Mapping[str, Mapping[str, str]] | None = None,
) -> Record:
    """
    Answer what is wrong, where and for whom, by norms of a summary; minutes to services are told by ``mode``.

    `findings` open the pages and fail, mandatory norms in force here first, then those added or adopted, then by people
    beyond; `watched`: the same of other norms where nobody counts people. `silent`: mandatory norms that nobody can
    judge; `unjudged`: others added or adopted, with the reason; `met`: those met; `villages`: how many are beyond any.
    """
    settlements = pd.DataFrame(tables["settlements"])
    scored = settlements.loc[settlements["in_study"]]
    places = scored.set_index(scored["settlement_id"].astype(str))
    ground = _Ground(
        services=dict(services or {}),
        results=tables["norm_results"],
        gaps=pd.DataFrame(tables["gaps"]),
        places=places,
        people=places["population_persons"],
        township=places.get("township_id", pd.Series(None, places.index, dtype=object)),
        units=unit_names(tables),
    )
    # A norm on townships stands in the matrix, though the page need not open with it.
    failing = [
        norm
        for norm in norms
        if (norm["is_headline"] or norm["stat_unit"] == "township")
        and norm["status_as_mapped"] == "not_met"
        and norm["places_unserved"]
    ]
    # Where nobody counts people, what is only watched all over the world comes after minutes, and apart from all else.
    known = bool(ground.people.notna().any())
    asked = [norm for norm in failing if known or norm["is_own"]]
    ids = [norm["norm_id"] for norm in asked]
    findings = [ground.finding(norm, ids) for norm in asked if norm["is_headline"]]
    watched = [ground.finding(norm, ()) for norm in failing if norm["is_headline"] and norm["norm_id"] not in ids]

    def urgency(finding: Record) -> tuple[bool, bool, bool, float, str]:
        """Put norms that bind here and fail first, then those the study chose, then others that fail; by people."""
        amount = (finding["persons"] or finding["places"])["beyond"]
        is_sure = finding["status"] == "not_met"
        return finding["gate"] != "fail", not finding["is_chosen"], not is_sure, -amount, str(finding["norm_id"])

    for told in (findings, watched):
        told.sort(key=urgency)
    # A norm on the county says nothing of single townships.
    columns = [finding for finding in findings if finding["stat_unit"] != "county"]
    columns += [ground.finding(norm, ids) for norm in asked if not norm["is_headline"]]
    silent = [named_norm(norm, ground.services) | {"is_silent": True} for norm in norms if norm["gate"] == "unknown"]
    # Whoever adds a norm asks what became of it.
    unjudged = [
        named_norm(norm, ground.services) | {"reason": norm["reason"]}
        for norm in norms
        if norm["is_chosen"] and norm["gate"] != "unknown" and norm["status_as_mapped"] not in ("met", "not_met")
    ]
    beyond = ground.gaps.loc[ground.gaps["norm_id"].isin([each["norm_id"] for each in findings])]
    return {
        "findings": findings,
        "watched": watched,
        "silent": silent,
        "unjudged": unjudged,
        "met": [
            counted_norm(norm, ground.services) for norm in norms if norm["is_headline"] and norm["status"] == "met"
        ],
        "villages": int(beyond["settlement_id"].nunique()),
        "matrix": ground.matrix(columns, silent),
        "services": ground.services_reached(tables, findings, mode),
    }


def told_first(mapped: Mapping[str, float]) -> list[str]:
    """Choose the services that are told where no norm asks for one: of each group of `ESSENTIAL` the most mapped."""
    groups = [[name for name in group if name in mapped] for group in ESSENTIAL]
    return [max(there, key=lambda name: mapped[name]) for there in groups if there]


def named_norm(norm: Mapping[str, Any], services: Mapping[str, Mapping[str, str]]) -> Record:
    """Tell a norm apart from others, as sentences and columns call it; `services` are names by language."""
    service = str(norm["service"])
    is_presence = norm["direction"] == PRESENCE
    return {name: plain(norm[name]) for name in _TOLD} | {
        "names": dict(services.get(service, {})),
        "is_presence": is_presence,
        "question": "unit_sites" if is_presence else "sites",
    }


def counted_norm(norm: Mapping[str, Any], services: Mapping[str, Mapping[str, str]]) -> Record:
    """Count who is beyond a norm, who within and all whom it asks about; None where nobody's number is known."""
    sums: Record = {}
    for what in ("persons", "places"):
        told = {"beyond": "unserved", "within": "served", "base": "in_scope"}
        counts = {side: norm[f"{what}_{column}"] for side, column in told.items()}
        sums[what] = None if counts["beyond"] is None or not counts["base"] else counts
    if sums["persons"] is not None and not sums["persons"]["beyond"] and norm["status"] != "met":
        sums["persons"] = None  # places beyond of which nobody knows the people
    found = named_norm(norm, services) | sums
    found["counted"] = "persons" if sums["persons"] and not found["is_presence"] else "places"
    return found


class _Ground(NamedTuple):
    """The places of a study with their names, townships, people and gaps."""

    services: Mapping[str, Mapping[str, str]]  # names by language
    results: pd.DataFrame
    gaps: pd.DataFrame
    places: pd.DataFrame  # the scored settlements by id, as are the two below
    people: pd.Series
    township: pd.Series  # ids of townships
    units: Mapping[str, Mapping[str, str]]  # names of units by language

    def finding(self, norm: Mapping[str, Any], among: Sequence[str]) -> Record:
        """Say who is beyond a norm, where most of them live, and its first villages with what else they lack."""
        norm_id = str(norm["norm_id"])
        # The township where most of those beyond live; of one alone, or counted one by one, none is worst.
        level = self.results["unit_level"] == "township"
        own = self.results.loc[level & (self.results["norm_id"] == norm_id) & (self.results["places_unserved"] > 0)]
        worst = None
        if len(own) and norm["stat_unit"] != "township" and len(self.township.fillna(NOWHERE).unique()) > 1:
            # Where the public is not told how many people are beyond in one of them, places are counted.
            is_told = SUPPRESSED.name not in own or own["persons_unserved"].notna().all()
            keys = ["persons_unserved", "places_unserved", "unit_id"] if is_told else ["places_unserved", "unit_id"]
            most = own.sort_values(keys, ascending=[name == "unit_id" for name in keys], kind="stable").iloc[0]
            unit, counts = str(most["unit_id"]), ("persons_unserved", "places_unserved", "places_in_scope")
            worst = {"unit_id": unit, "names": self.units.get(unit, {}), **{name: plain(most[name]) for name in counts}}
            worst["is_by_places"] = not is_told
        # The villages beyond it, most people first, and by which of some other norms they are beyond these.
        own = self.gaps.loc[self.gaps["norm_id"] == norm_id]
        order = own.assign(_people=own["persons_unserved"].fillna(-1.0), _over=own["excess"].fillna(np.inf))
        keys = ["_people", "_over", "settlement_id"]
        first = order.sort_values(keys, ascending=[False, False, True], kind="stable").head(FIRST)
        kept = ("norm_id", "value", "excess", "unit", "reach_status")
        named = []
        for row in first.to_dict("records"):
            place = str(row["settlement_id"])
            others = self.gaps.loc[(self.gaps["settlement_id"] == place) & self.gaps["norm_id"].isin(among)]
            others = others.loc[others["norm_id"] != norm_id]
            township = plain(self.township[place])
            named.append(
                {
                    "settlement_id": place,
                    "names": names_of(self.places.loc[place].to_dict()),
                    "township_id": township,
                    "township_names": self.units.get(str(township), {}),
                    "persons": plain(self.people[place]),
                }
                | {name: plain(row[name]) for name in kept}
                | {"also": [{name: plain(other[name]) for name in kept} for other in others.to_dict("records")]}
            )
        # Where the list is complete and holds none there is no nearest one to be far from.
        is_absent = bool(len(own)) and bool(own["reach_status"].eq("no_facility").all())
        found = counted_norm(norm, self.services) | {"is_absent": is_absent, "worst": worst, "first": named}
        # Those beyond are at least so many where some could not be measured, or nobody counted them.
        uncounted = own["persons_unserved"].isna()
        if SUPPRESSED.name in own:  # withheld, and not unknown
            uncounted &= own[SUPPRESSED.name] == ""
        is_known = found["counted"] == "places" or not uncounted.any()
        unknown = norm.get(f"{found['counted']}_unknown") or 0.0
        found["is_least"] = norm["status"] == "not_met" and (not is_known or round(unknown) > 0)
        return found

    def matrix(self, columns: Sequence[Record], silent: Sequence[Record]) -> Record | None:
        """Set townships against norms, those with most people, or places, beyond any first; each place once."""
        if not columns or not self.units or not self.township.notna().any():
            return None
        results = self.results.loc[self.results["norm_id"].isin([each["norm_id"] for each in columns])]
        level, is_beyond = results["unit_level"], results["places_unserved"] > 0
        places = results.loc[is_beyond & (level == "settlement")]
        most = places.groupby("unit_id")[["persons_unserved", "places_unserved"]].max()
        # Settlements in no township are a row of their own, so that everybody is in one.
        unit = self.township.fillna(NOWHERE).astype(str)
        beyond = most.groupby(unit.reindex(most.index).to_numpy()).sum()
        everybody = self.people.groupby(unit).agg(["sum", "size", "count"])
        # Of what the public sees some numbers are withheld: sums are at least the others.
        uncounted: set[str] = set()
        withheld: set[str] = set()
        if SUPPRESSED.name in self.places:
            uncounted = set(unit[people_withheld(self.places)])
            withheld = uncounted | set(unit.reindex(places.loc[places[SUPPRESSED.name] != "", "unit_id"]))
        cells: dict[str, dict[str, Record]] = {}
        kept = ("persons_unserved", "persons_in_scope", "places_unserved", "places_in_scope", "status")
        alone = places.loc[places["unit_id"].map(unit) == NOWHERE].groupby("norm_id").sum(numeric_only=True)
        summed = alone.reset_index().assign(unit_id=NOWHERE, status="not_met")
        for row in pd.concat([results.loc[is_beyond & (level == "township")], summed]).to_dict("records"):
            told = {name: plain(row[name]) for name in kept}
            cells.setdefault(str(row["unit_id"]), {})[str(row["norm_id"])] = told
        # Nobody beyond is no pass where nobody can judge.
        is_open = ~is_beyond & (level == "township") & (results["status_as_mapped"] == "not_measurable")
        unjudged = results.loc[is_open].groupby("unit_id")["norm_id"].agg(list).to_dict()
        # A norm on townships is told of one without any settlement too.
        everybody = everybody.reindex(everybody.index.union([*{*cells, *unjudged}]), fill_value=0)
        everybody = everybody.join(beyond).fillna({"persons_unserved": 0.0, "places_unserved": 0.0})
        rows: list[Record] = []
        for name, known in everybody.iterrows():
            is_empty = not known["size"] and everybody["count"].any()
            is_told = known["count"] and (known["persons_unserved"] > 0.0 or str(name) not in withheld)
            rows.append(
                {
                    "unit_id": str(name),
                    "names": self.units.get(str(name), {}),
                    "persons": plain(known["sum"]) if known["count"] or is_empty else None,
                    "places": int(known["size"]),
                    "persons_beyond": plain(known["persons_unserved"]) if is_told else None,
                    "people_at_least": str(name) in uncounted,
                    "at_least": str(name) in withheld,
                    "places_beyond": int(known["places_unserved"]),
                    "cells": cells.get(str(name), {}),
                    "unjudged": unjudged.get(str(name), []),
                }
            )
        rows.sort(
            key=lambda row: (-(row["persons_beyond"] or 0.0), -row["places_beyond"], -len(row["cells"]), row["unit_id"])
        )
        # Mandatory norms in force stand first, whether or not anybody can judge them.
        left_out = ("first", "worst", "persons", "places")
        heads = [{name: value for name, value in each.items() if name not in left_out} for each in (*columns, *silent)]
        return {"columns": sorted(heads, key=lambda head: head["gate"] == "none_applicable"), "rows": rows}

    def services_reached(
        self, tables: Mapping[str, pd.DataFrame], findings: Sequence[Record], mode: str
    ) -> list[Record]:
        """Say how many minutes each mapped service is away by the first mode, and for whom farthest."""
        access, inventory = tables["access"], tables.get("inventory")
        own = access.loc[access["mode"].eq(mode) & access["settlement_id"].isin(self.people.index)]
        mapped = {} if inventory is None else dict(zip(inventory["service"], inventory["facilities"], strict=True))
        asked: dict[str, int] = {}
        for rank, each in enumerate(findings):
            asked.setdefault(str(each["service"]), rank)
        found = []
        is_known = own["reach_status"].ne("unknown")
        left_out, own = own.loc[~is_known, "service"].value_counts(), own.loc[is_known]
        # The public is not told of some people: sums are of the others.
        is_partly = bool(people_withheld(self.places).any())
        for service, rows in own.groupby("service", sort=True):
            minutes = rows["travel_time_min"].fillna(np.inf).to_numpy(dtype=np.float64)
            # One that is mapped and that nobody reaches is told of first of all.
            if not (is_reached := np.isfinite(minutes).any()) and not mapped.get(service):
                continue
            known = self.people.reindex(rows["settlement_id"]).to_numpy(dtype=np.float64)
            counted = "persons" if np.nansum(known) > 0 else "places"
            weight = np.nan_to_num(known) if counted == "persons" else np.ones(len(rows))
            # There may be a way that is longer than was searched.
            is_further = np.isinf(minutes) & rows["reach_status"].eq("beyond_cutoff").to_numpy()
            order = np.lexsort((rows["settlement_id"], -minutes))
            order = order[np.isfinite(minutes[order])][:FARTHEST]
            median = weighted_quantile(minutes, weight, 0.5)
            sure = minutes[np.isfinite(minutes) & (weight > 0.0)]
            farthest = np.max(sure, initial=0.0 if is_reached else np.inf)
            found.append(
                {
                    "service": str(service),
                    "mode": mode,
                    "names": dict(self.services.get(str(service), {})),
                    "mapped": plain(mapped.get(service)),
                    "counted": counted,
                    "places": len(rows),
                    "left_out": int(left_out.get(service, 0)),
                    "all": float(weight.sum()),
                    **({"is_partly": True} if is_partly and counted == "persons" else {}),
                    "median_min": median if np.isfinite(median) else None,
                    "within": {f"{step:g}": float(weight[minutes <= step].sum()) for step in STEPS_MIN},
                    "far_min": max(
                        (step for step in STEPS_MIN if step <= FAR_MIN and step < farthest), default=STEPS_MIN[0]
                    ),
                    "no_way": float(weight[np.isinf(minutes) & ~is_further].sum()),
                    "searched": float(weight[is_further].sum()),
                    "farthest": [
                        {
                            "settlement_id": place,
                            "names": names_of(self.places.loc[place].to_dict()),
                            "minutes": plain(minutes[at]),
                        }
                        for at, place in zip(order, rows["settlement_id"].iloc[order].astype(str), strict=True)
                    ],
                    "is_asked": str(service) in asked,
                }
            )
        ranked = told_first({each["service"]: each["mapped"] or 0 for each in found})
        first = {name: rank for rank, name in enumerate(ranked)}
        ordered = []
        for each in found:
            median = np.inf if each["median_min"] is None else each["median_min"]
            rank = asked.get(each["service"], first.get(each["service"], len(ESSENTIAL)))
            ordered.append(((not each["is_asked"], rank, each["within"]["30"] - each["all"], -median), each))
        return [each for _, each in sorted(ordered, key=lambda pair: pair[0])]


IN_TITLE, IN_FULL = 2, 2
"""Findings that the title names, and those that have a sentence of their own."""
VILLAGES_TOLD = 3
"""Villages that a finding names to begin with."""
SERVICES_TOLD, PLACES_TOLD = 4, 2
"""Services whose minutes are told where no norm fails, and the farthest places that are named of each."""
FIRST_ACTIONS = 3
"""Actions that are told first."""


def answer_title(answer: Told, words: Words) -> str:
    """Say the answer as a title: the first findings, else that what can be judged is met, else how far services are."""
    if answer["findings"]:
        told = [_beyond(finding, words) for finding in answer["findings"][:IN_TITLE]]
    elif answer["met"] and not answer["watched"]:
        # Two norms may ask the same minutes of one service, for other ways of travel: it is named once.
        named: dict[Any, str] = {}
        for norm in answer["met"]:
            named.setdefault((norm["service"], norm["threshold"], norm["unit"]), norm_text(norm, words))
        told = [words.say("answer", "met", norms=words.joined(named.values()))]
    elif answer["services"]:
        service = answer["services"][0]
        about = {
            "all": _everybody(service, words),
            "service": service_text(service, words),
            "name": _one_place(service, words),
            "median": words.measure(service["median_min"], "min"),
            "mode": words.say("mode", str(service["mode"])),
        }
        # Who is at the door is not "at least 0 min" away.
        half = _half(service, words) or ("_door" if round(service["median_min"]) == 0 else "")
        told = [words.say("answer", f"minutes_title{half}", **about)]
    else:
        told = [words.say("answer", "nothing")]
    return capital(words.say("answer", "joint").join(told))


def answer_lead(answer: Told, words: Words) -> str:
    """Say beside the title how many of whom are within, and what is asked for."""
    told = []
    for finding in answer["findings"][:IN_TITLE]:
        sides = finding[finding["counted"]]
        if sides["within"] is None:
            continue
        is_asked = finding["share_of"] == finding["counted"] and not finding["target_share_is_assumed"]
        asked = "law" if _is_law(finding) else "asks" if is_asked else ""
        told.append(
            words.say(
                "answer",
                "lead",
                norm=norm_text(finding, words),
                share=words.share(sides["within"] / sides["base"]),
                base=_amount(finding, words, "base"),
                asked=asked and words.say("answer", f"lead_{asked}", share=words.share(finding["target_share"])),
            )
        )
    told = told or [service_line(service, words) for service in answer["services"][:IN_TITLE]]
    return words.say("answer", "lead_joint").join(capital(line) for line in told)


def answer_lines(answer: Told, plans: Sequence[Told], words: Words) -> list[str]:
    """Say whom the answer is about and where it is worst, what else is beyond, and what would help first."""
    findings = answer["findings"]
    lines = [finding_text(finding, words) for finding in findings[:IN_FULL]]
    if findings[IN_FULL:]:
        lines.append(words.say("answer", "others", list=_others(findings[IN_FULL:], words)))
    if answer["silent"]:
        services = words.joined(service_text(norm, words) for norm in answer["silent"])
        lines.append(words.say("answer", "silent", services=services))
    named = []
    for norm in answer["unjudged"]:
        # That a list may lack some only bears on norms that are judged.
        codes = [code for code in norm["reason"].split(";") if code and not code.startswith("inventory:")]
        name, reason = norm_text(norm, words), words.reason(";".join(codes) or norm["reason"])
        named.append(words.say("answer", "for_reason", norm=name, reason=reason) if reason else name)
    if named:
        lines.append(words.say("answer", "unjudged", norms=words.joined(named)))
    # Of norms that the study chose and that are met, for whom they are, and what they ask for.
    for norm in answer["met"]:
        counts = norm[norm["counted"]]
        if norm["is_chosen"] and counts:
            share, target = (words.share(one) for one in (counts["within"] / counts["base"], norm["target_share"]))
            base, told = _amount(norm, words, "base"), norm_text(norm, words)
            lines.append(words.say("answer", "kept", norm=told, share=share, base=base, target=target))
    if not findings:
        shown = answer["services"][:SERVICES_TOLD]
        lines += [service_line(service, words) for service in shown]
        if left_out := max((service["left_out"] for service in shown), default=0):
            lines.append(words.say("answer", "left_out", amount=words.measure(left_out, "places")))
    alone = {"" if service["left_out"] else _one_place(service, words) for service in answer["services"]}
    if len(alone) == 1 and "" not in alone:
        lines.append(words.say("answer", "one_place", name=alone.pop()))
    if answer["watched"]:
        lines.append(words.say("answer", "watched", list=_others(answer["watched"], words)))
    first = first_plan(answer, plans)
    if first is not None:
        title = plan_title(first, words)
        lines.append(words.say("answer", "plan", plan=title[:1].lower() + title[1:]))
    return [capital(line) for line in lines]


def first_plan(answer: Told, plans: Sequence[Told]) -> Told | None:
    """Choose the plan that helps the first finding with one, else the first; none where minutes come first."""
    drawn = [] if answer["watched"] and not answer["findings"] else [plan for plan in plans if plan["actions"]]
    by_norm = {plan["norm_id"]: plan for plan in reversed(drawn)}
    helped = [finding["norm_id"] for finding in answer["findings"] if finding["norm_id"] in by_norm]
    return by_norm[helped[0]] if helped else next(iter(drawn), None)


class FirstAction(NamedTuple):
    """One action to begin with."""

    plan: dict[str, Any]  # one of `plan_records`
    at: int  # position of the action in it


def first_actions(answer: Told, plans: Sequence[dict[str, Any]], most: int = FIRST_ACTIONS) -> list[FirstAction]:
    """Choose the actions to begin with: the first of each plan that helps a finding, then what brings most people."""
    drawn = {plan["norm_id"]: plan for plan in reversed(plans) if plan["actions"]}
    helping = [drawn[finding["norm_id"]] for finding in answer["findings"] if finding["norm_id"] in drawn]
    first = first_plan(answer, plans)
    helping = helping or [plan for plan in plans if plan is first]
    chosen = [FirstAction(plan, 0) for plan in helping[:most]]
    while len(chosen) < most:
        following = [FirstAction(plan, sum(one.plan is plan for one in chosen)) for plan in helping]
        following = [one for one in following if one.at < len(one.plan["actions"])]
        if not following:
            break
        # By people, or by places where nobody's number is known.
        gains = [plan["actions"][at]["shown"] for plan, at in following]
        gained = [shown["places"] if shown["persons"] is None else shown["persons"] for shown in gains]
        chosen.append(following[int(np.argmax(gained))])
    return chosen


def norm_text(norm: Told, words: Words) -> str:
    """Name a norm by its service, and within what it asks for it."""
    service = service_text(norm, words)
    if norm["is_presence"]:
        return service
    return words.say("answer", "norm", service=service, reach=reach_text(norm, words))


def head_texts(norms: Iterable[Told], words: Words) -> list[str]:
    """Head a column each by the service of a norm and its threshold; those that are then alike, in whole."""
    heads, whole = [], []
    for norm in norms:
        measure = "" if norm["is_presence"] else words.limit(norm["threshold"], str(norm["unit"]))
        heads.append(capital(f"{service_text(norm, words)} {measure}".strip()))
        whole.append(capital(norm_text(norm, words)))
    return [told if heads.count(head) > 1 else head for head, told in zip(heads, whole, strict=True)]


def over_text(row: Told, norm: Told, words: Words) -> str:
    """Say how far a village is from what a norm asks for: its value and by how much that is over."""
    service = service_text(norm, words)
    if norm["is_presence"]:
        return words.say("answer", "has_none", service=service)
    if row["value"] is None:
        return words.say("answer", f"no_way_{row['reach_status']}", service=service)
    unit = str(row["unit"])
    value, over = _past(row["value"], norm["threshold"], unit, words), _past(row["excess"], 0.0, unit, words)
    return words.say("answer", "over", service=service, value=value, over=over)


def service_line(service: Told, words: Words) -> str:
    """Say how many minutes away a service is for half of the people, and for whom it is farthest."""
    told = {
        "service": capital(service_text(service, words)),
        "all": _everybody(service, words),
        "mapped": "",
        "mode": words.say("mode", str(service["mode"])),
    }
    if service["mapped"] is not None:
        told["mapped"] = words.say("answer", "mapped", n=words.number(service["mapped"]))
    far = [place for place in service["farthest"] if place["minutes"] is not None][:PLACES_TOLD]
    named = [
        words.say("answer", "far", name=pick(place["names"], words.language) or words.say("plan", "unnamed"),
                  measure=words.measure(place["minutes"], "min"))
        for place in far
    ]  # fmt: skip
    told["far"] = words.say("answer", "farthest", places=words.joined(named)) if named else ""
    for lost in ("searched", "no_way"):
        if service[lost]:
            told["far"] += words.say("answer", lost, amount=words.measure(round(service[lost]), service["counted"]))
    name, median = _one_place(service, words), words.measure(service["median_min"], "min")
    return words.say("answer", f"minutes{_half(service, words)}", median=median, name=name, **told)


def _everybody(service: Told, words: Words) -> str:
    """Say among how many people or places a service counts."""
    base = words.measure(round(service["all"]), service["counted"])
    return _whose_number_is_told(base, words) if service.get("is_partly") else base


def _whose_number_is_told(base: str, words: Words) -> str:
    """Say of people that the public is not told of all of them."""
    return words.of("pages").say("unit", "told", base=base)


def _one_place(service: Told, words: Words) -> str:
    """Name the place where a service was measured from one alone, of which there is no half; else nothing."""
    if service["places"] > 1 or not service["farthest"]:
        return ""
    return pick(service["farthest"][0]["names"], words.language) or words.say("plan", "unnamed")


def _half(service: Told, words: Words) -> str:
    """End the key of a text by whether nobody has a way, fewer than half have, or one place is all that is known."""
    if service["median_min"] is None:
        return "_nobody" if service["no_way"] >= service["all"] else "_none"
    return "" if not _one_place(service, words) else "_one_known" if service["left_out"] else "_one"


def service_texts(service: Told, finding: Told | None, half: Told, words: Words) -> dict[str, str]:
    """Say under a service's map who is beyond, among whom, and how far half are: those of the norm, or all."""
    if finding is None:
        far = service["far_min"]
        within = service["within"][f"{far:g}"]
        base, limit = _everybody(service, words), words.limit(far, "min")
        beyond = service["all"] - within
        share, counted = within / service["all"], service["counted"]
    else:
        sides, counted = finding[finding["counted"]], finding["counted"]
        beyond, base = sides["beyond"], _amount(finding, words, "base")
        limit = words.limit(finding["threshold"], str(finding["unit"]))
        share = sides["within"] / (sides["within"] + sides["beyond"])
    # Of one place there is no half.
    kind = "half_none" if half["value"] is None else "half_one" if service.get("places") == 1 else "half"
    count = words.number(round(beyond))
    amount = words.say("answer", f"some_{counted}", n=count, value=count)
    middle = _past(half["value"], far if finding is None else finding["threshold"], str(half["unit"]), words)
    return {
        "over": words.say("answer", "over_limit", amount=amount, limit=limit),
        "of": words.say("answer", "of_base", base=base, share=words.share(share)),
        "half": words.say("answer", kind, measure=middle),
    }


def _past(value: float | None, limit: float | None, unit: str, words: Words) -> str:
    """Write a value; one that is beyond a limit is never written as the limit, nor as less."""
    told = words.measure(value, unit)
    if value is None or limit is None or value <= limit or unit not in {"min", "m"}:
        return told
    if round(value) > limit and told != words.measure(limit, unit):
        return told
    return next((words.measure(value, unit, decimals=n) for n in (1, 2) if round(value, n) > limit), told)


def reach_titles(reach: Told, answer: Told, words: Words) -> dict[str, str]:
    """Say within how far half of the people are, how many within what is asked for, and which place is farthest."""
    told, unit = answer["findings"] if reach["norm_id"] else answer["services"], str(reach["unit"])
    about = next(
        each for each in told if each.get("norm_id") == reach["norm_id"] and each["service"] == reach["service"]
    )
    if reach["norm_id"] is None:
        whole = _everybody(about, words)
    elif reach.get("is_partly"):
        drawn = about | {about["counted"]: about[about["counted"]] | {"base": reach["all"]}}
        whole = _whose_number_is_told(_amount(drawn, words, "base"), words)
    else:
        whole = _amount(about, words, "base")
    within, limit = "", reach["threshold"]
    if limit is not None:
        share = words.share(next(count for value, count in reach["curve"] if value >= limit) / reach["all"])
        within = words.say("answer", "curve_within", share=share, limit=words.limit(limit, unit))
    kind, median = "none" if reach["median"] is None else "title", _past(reach["median"], limit, unit, words)
    service = service_text(about, words)
    curve = words.say("answer", f"curve_{kind}", all=whole, service=service, median=median, within=within)
    first = reach["farthest"][0]
    name = pick(first["names"], words.language) or words.say("plan", "unnamed")
    place = words.say("answer", "far", name=name, measure=_past(first["value"], limit, unit, words))
    lost = {key: reach[key]["places"] for key in ("searched", "no_way")}
    far = "".join(words.say("answer", key, amount=words.measure(n, "places")) for key, n in lost.items() if n)
    return {"curve": capital(curve), "farthest": words.say("answer", "farthest_title", place=place, far=far)}


def _amount(finding: Told, words: Words, side: str = "beyond") -> str:
    """Say how many people or places are on a side, as what they count among: villagers, rural people, children."""
    return amount_text(finding, round(finding[finding["counted"]][side]), words)


def _amount_beyond(finding: Told, words: Words) -> str:
    """Say how many are beyond a norm where their base is not told beside them: at least so many if some are unknown."""
    amount = _amount(finding, words)
    return words.say("answer", "at_least", amount=amount) if finding.get("is_least") else amount


def count_text(finding: Told, words: Words) -> str:
    """Say how many are beyond a norm, of how many of whom; empty where nobody counts them."""
    counts = finding[finding["counted"]]
    if counts is None:
        return ""
    beyond, base = words.number(round(counts["beyond"])), _amount(finding, words, "base")
    return words.say("answer", "beyond_of", part=beyond, whole=base)


def _beyond(finding: Told, words: Words, amount: str = "") -> str:
    """Say who is beyond a norm."""
    count = round(finding[finding["counted"]]["beyond"])
    is_surely = finding["status"] == "not_met"
    is_without = finding["is_presence"] or (finding["is_absent"] and is_surely)
    kind = ("without" if is_without else "beyond") + ("" if is_surely else "_mapped")
    return words.say(
        "answer",
        kind,
        n=str(count),
        beyond=amount or _amount_beyond(finding, words),
        reach="" if finding["is_presence"] else reach_text(finding, words),
        service=service_text(finding, words),
    )


def _others(findings: Sequence[Told], words: Words) -> str:
    told = [
        words.say("answer", "other", beyond=_amount_beyond(finding, words), norm=norm_text(finding, words))
        for finding in findings
    ]
    return words.say("answer", "joint").join(dict.fromkeys(told))


def _is_law(finding: Told) -> bool:
    """Tell a norm that the law asks for everywhere from one that a programme calls mandatory."""
    return bool(finding["gate"] != "none_applicable" and finding["target_share"] == 1.0)


def finding_text(finding: Told, words: Words) -> str:
    """Say who is beyond a norm, of how many, and where most of them live."""
    part, whole = words.number(round(finding[finding["counted"]]["beyond"])), _amount(finding, words, "base")
    told = _beyond(finding, words, words.say("answer", f"some_of_{finding['counted']}", part=part, whole=whole))
    people = finding["persons"]
    if finding["is_presence"] and people is not None:
        told += words.say("answer", "live_there", people=words.measure(round(people["beyond"]), "persons"))
    worst = finding["worst"]
    if worst is not None:
        inside, outof = round(worst["places_unserved"]), round(worst["places_in_scope"])
        told += words.say(
            "answer",
            "worst_all" if inside == outof else "worst",
            name=pick(worst["names"], words.language) or worst["unit_id"],
            n=outof,
            places=words.number(inside),
            all=amount_text(finding, outof, words, what="places"),
        )
        if worst["persons_unserved"] and people is not None:
            there = words.measure(round(worst["persons_unserved"]), "persons")
            told += words.say("answer", "worst_people", people=there)
        told += words.say("answer", "worst_by_places") if worst["is_by_places"] else ""
    asked = words.say("answer", "law") if _is_law(finding) else ""
    if not asked and finding["is_chosen"] and not finding["is_presence"]:
        share = finding[finding["counted"]]["within"] / finding[finding["counted"]]["base"]
        asked = words.say("answer", "asked", target=words.share(finding["target_share"]), share=words.share(share))
    # A text that ends with an abbreviation has its point already.
    text = (capital(told) + (asked and words.say("answer", "joint") + asked)).removesuffix(".")
    return words.say("answer", "sentence", text=text)


def begin_text(finding: Told, words: Words) -> str:
    """Name the villages beyond a norm to begin with, with their people; empty where none is known."""
    told = []
    for place in finding["first"][:VILLAGES_TOLD]:
        # A mark from left to right, so that a number stands behind a name that ends in Arabic letters.
        name = pick(place["names"], words.language) or words.say("plan", "unnamed")
        name += "" if unicodedata.bidirectional(name[-1]) != "AL" else "\u200e"
        people = "" if place["persons"] is None else words.number(round(place["persons"]))
        told.append(words.say("answer", "begin_place", name=name, people=people) if people else name)
    return words.say("answer", "begin", places=words.joined(told)) if told else ""
