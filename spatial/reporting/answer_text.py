"""The answer in words: a title with the finding, and the sentences that a mayor reads first, in any language."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from spatial.reporting.names import pick
from spatial.reporting.plan_text import amount_text, capital, plan_title, reach_text, service_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.messages import Words

Record = Mapping[str, Any]

IN_TITLE, IN_FULL = 2, 2
"""Findings that the title names, and those that have a sentence of their own."""
VILLAGES_TOLD = 3
"""Villages that a finding names to begin with."""
SERVICES_TOLD, PLACES_TOLD = 4, 2
"""Services whose minutes are told where no norm fails, and the farthest places that are named of each."""
FIRST_ACTIONS = 3
"""Actions that are told first."""


def answer_title(answer: Record, words: Words) -> str:
    """
    Say the answer as a title: the first findings, else that what can be judged is met, else how far services are.

    Examples
    --------
    >>> answer_title(summary["answer"], Words("en"))  # doctest: +SKIP
    '21 villages have no graded road; 98,457 rural people are more than 60 min from the nearest county seat'
    """
    if answer["findings"]:
        told = [_beyond(finding, words) for finding in answer["findings"][:IN_TITLE]]
    elif answer["met"] and not answer["watched"]:
        told = [words.say("answer", "met", norms=_listed([norm_text(norm, words) for norm in answer["met"]], words))]
    elif answer["services"]:
        told = [_minutes_title(answer["services"][0], words)]
    else:
        told = [words.say("answer", "nothing")]
    return capital(words.say("answer", "joint").join(told))


def answer_lead(answer: Record, words: Words) -> str:
    """
    Say beside the title how many of whom are within, and what is asked for.

    Examples
    --------
    >>> answer_lead(summary["answer"], Words("en"))  # doctest: +SKIP
    'County seat within 60 min: 66.9 % of the 297,543 rural people; the norm asks for 90 %.'
    """
    told = []
    for finding in answer["findings"][:IN_TITLE]:
        sides = finding[finding["counted"]]
        if sides["within"] is None:
            continue
        is_law = finding["norm_class"] == "mandatory" and finding["target_share"] == 1.0
        is_asked = finding["share_of"] == finding["counted"] and not finding["target_share_is_assumed"]
        asked = "law" if is_law else "asks" if is_asked else ""
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


def answer_lines(answer: Record, plans: Sequence[Record], words: Words) -> list[str]:
    """
    Say whom the answer is about and where it is worst, what else is beyond, and what would help first.

    Parameters
    ----------
    answer : dict
        Of `summarise_answer`.
    plans : sequence of dict
        Of `plan_records`, in their order.
    words : Words
        Of the language.

    Returns
    -------
    list of str
        Sentences.
    """
    findings = answer["findings"]
    lines = [finding_text(finding, words) for finding in findings[:IN_FULL]]
    if findings[IN_FULL:]:
        lines.append(words.say("answer", "others", list=_others(findings[IN_FULL:], words)))
    if answer["silent"]:
        named = _listed([service_text(norm, words) for norm in answer["silent"]], words)
        lines.append(words.say("answer", "silent", services=named))
    lines += [_kept(norm, words) for norm in answer["met"] if norm["is_chosen"] and norm[norm["counted"]]]
    if not findings:
        lines += [service_line(service, words) for service in answer["services"][:SERVICES_TOLD]]
    if answer["watched"]:
        lines.append(words.say("answer", "watched", list=_others(answer["watched"], words)))
    first = first_plan(answer, plans)
    if first is not None:
        title = plan_title(dict(first), words)
        lines.append(words.say("answer", "plan", plan=title[:1].lower() + title[1:]))
    return [capital(line) for line in lines]


def first_plan(answer: Record, plans: Sequence[Record]) -> Record | None:
    """
    Choose the plan that helps the first finding for which one is drawn; without findings the first one drawn.

    Where minutes come first, none does: nobody asked for what is watched all over the world.
    """
    drawn = [] if answer["watched"] and not answer["findings"] else [plan for plan in plans if plan["actions"]]
    by_norm = {plan["norm_id"]: plan for plan in reversed(drawn)}
    helped = [finding["norm_id"] for finding in answer["findings"] if finding["norm_id"] in by_norm]
    return by_norm[helped[0]] if helped else next(iter(drawn), None)


class FirstAction(NamedTuple):
    """One action to begin with."""

    plan: dict[str, Any]  # one of `plan_records`
    at: int  # position of the action in it

    @property
    def gained(self) -> float:
        """People whom the action gains, or places where nobody's number is known."""
        shown = self.plan["actions"][self.at]["shown"]
        return float(shown["places"] if shown["persons"] is None else shown["persons"])


def first_actions(answer: Record, plans: Sequence[dict[str, Any]], most: int = FIRST_ACTIONS) -> list[FirstAction]:
    """
    Choose the actions to begin with.

    The first action of each plan that helps a finding comes first, in the order of the findings; then, of what follows
    in these plans, whatever brings most people. Within a plan each action counts on those before it, so none is left
    out. Where no finding has a plan, the actions are those of `first_plan`.
    """
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
        chosen.append(max(following, key=lambda one: one.gained))
    return chosen


def norm_text(norm: Record, words: Words) -> str:
    """Name a norm by its service, and within what it asks for it."""
    service = service_text(dict(norm), words)
    if norm["is_presence"]:
        return service
    return words.say("answer", "norm", service=service, reach=reach_text(dict(norm), words))


def head_text(norm: Record, words: Words) -> str:
    """Head a column by the service of a norm and its threshold."""
    measure = "" if norm["is_presence"] else words.measure(norm["threshold"], str(norm["unit"]))
    return capital(f"{service_text(dict(norm), words)} {measure}".strip())


def over_text(row: Record, norm: Record, words: Words) -> str:
    """Say how far a village is from what a norm asks for: its value and by how much that is over."""
    service = service_text(dict(norm), words)
    if norm["is_presence"]:
        return words.say("answer", "has_none", service=service)
    if row["value"] is None:
        return words.say("answer", f"no_way_{row['reach_status']}", service=service)
    value, over = (words.measure(row[name], str(row["unit"])) for name in ("value", "excess"))
    return words.say("answer", "over", service=service, value=value, over=over)


def service_line(service: Record, words: Words) -> str:
    """Say how many minutes away a service is for half of the people, and for whom it is farthest."""
    told = {
        "service": capital(service_text(dict(service), words)),
        "all": _all(service, words),
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
    told["far"] = words.say("answer", "farthest", places=_listed(named, words)) if named else ""
    if service["no_way"]:
        told["far"] += words.say("answer", "no_way", amount=_all({**service, "all": service["no_way"]}, words))
    median = service["median_min"]
    if median is None:
        return words.say("answer", "minutes_none", **told)
    return words.say("answer", "minutes", median=words.measure(median, "min"), **told)


def service_texts(service: Record, finding: Record | None, half: Record, words: Words) -> dict[str, str]:
    """
    Say under the small map of a service who is beyond, among whom, and how far half of these are.

    All three are of whom the norm of the finding asks about; without one of all, beyond what is `far_min`.
    """
    if finding is None:
        far = service["far_min"]
        within = service["within"][f"{far:g}"]
        beyond, base, limit = service["all"] - within, _all(service, words), words.measure(far, "min")
        share, counted = within / service["all"], service["counted"]
    else:
        sides, counted = finding[finding["counted"]], finding["counted"]
        beyond, base = sides["beyond"], _amount(finding, words, "base")
        limit = words.measure(finding["threshold"], str(finding["unit"]))
        share = sides["within"] / (sides["within"] + sides["beyond"])
    count = words.number(round(beyond))
    amount = words.say("answer", f"some_{counted}", value=count)
    middle = words.measure(half["value"], str(half["unit"]))
    return {
        "over": words.say("answer", "over_limit", amount=amount, limit=limit),
        "of": words.say("answer", "of_base", base=base, share=words.share(share)),
        "half": words.say("answer", "half_none" if half["value"] is None else "half", measure=middle),
    }


def curve_title(reach: Record, answer: Record, words: Words) -> str:
    """Say of the curve of people within how far half of them are, and how many are within what is asked for."""
    told = answer["findings"] if reach["norm_id"] else answer["services"]
    about = next(
        each for each in told if each.get("norm_id") == reach["norm_id"] and each["service"] == reach["service"]
    )
    base = _amount(about, words, "base") if reach["norm_id"] else _all(about, words)
    within, limit = "", reach["threshold"]
    if limit is not None:
        share = words.share(next(count for value, count in reach["curve"] if value >= limit) / reach["all"])
        within = words.say("answer", "curve_within", share=share, limit=words.measure(limit, str(reach["unit"])))
    kind = "none" if reach["median"] is None else "title"
    median = words.measure(reach["median"], str(reach["unit"]))
    service = service_text(dict(about), words)
    return capital(words.say("answer", f"curve_{kind}", all=base, service=service, median=median, within=within))


def farthest_title(reach: Record, words: Words) -> str:
    """Say which place is farthest, and how many have no way at all."""
    first, lost = reach["farthest"][0], reach["no_way"]
    place = words.say(
        "answer",
        "far",
        name=pick(first["names"], words.language) or words.say("plan", "unnamed"),
        measure=words.measure(first["value"], str(reach["unit"])),
    )
    amount = words.say("unit", "places", n=words.number(lost["places"]), value=words.number(lost["places"]))
    far = words.say("answer", "no_way", amount=amount) if lost["places"] else ""
    return words.say("answer", "farthest_title", place=place, far=far)


def _minutes_title(service: Record, words: Words) -> str:
    named, everybody = service_text(dict(service), words), _all(service, words)
    if service["median_min"] is None:
        return words.say("answer", "minutes_title_none", all=everybody, service=named)
    median = words.measure(service["median_min"], "min")
    mode = words.say("mode", str(service["mode"]))
    return words.say("answer", "minutes_title", all=everybody, median=median, mode=mode, service=named)


def _all(service: Record, words: Words) -> str:
    count = round(service["all"])
    return words.say("unit", service["counted"], n=words.number(count), value=words.number(count))


def _amount(finding: Record, words: Words, side: str = "beyond") -> str:
    """Say how many people or places are on a side, as what they count among: rural people, children, villages."""
    count, scope = round(finding[finding["counted"]][side]), finding["scope"]
    own = words.messages["answer"].get(f"people_{scope}")
    is_group = f"{finding['stat_unit']}_persons" in words.of("pages").messages["group"]
    if own is not None and finding["counted"] == "persons" and not is_group:
        return words.say("answer", f"people_{scope}", n=words.number(count), value=words.number(count))
    return amount_text(dict(finding), count, words)


def count_text(finding: Record, words: Words) -> str:
    """Say how many are beyond a norm, of how many of whom; empty where nobody counts them."""
    counts = finding[finding["counted"]]
    if counts is None:
        return ""
    beyond, base = words.number(round(counts["beyond"])), _amount(finding, words, "base")
    return words.say("answer", "beyond_of", part=beyond, whole=base)


def _beyond(finding: Record, words: Words, amount: str = "") -> str:
    """Say who is beyond a norm."""
    count = round(finding[finding["counted"]]["beyond"])
    kind = ("without" if finding["is_presence"] else "beyond") + ("" if finding["status"] == "not_met" else "_mapped")
    return words.say(
        "answer",
        kind,
        n=str(count),
        beyond=amount or _amount(finding, words),
        reach="" if finding["is_presence"] else reach_text(dict(finding), words),
        service=service_text(dict(finding), words),
    )


def _others(findings: Sequence[Record], words: Words) -> str:
    told = [
        words.say("answer", "other", beyond=_amount(finding, words), norm=norm_text(finding, words))
        for finding in findings
    ]
    return words.say("answer", "joint").join(dict.fromkeys(told))


def _kept(norm: Record, words: Words) -> str:
    """Say that a norm which the study chose is met, for whom, and what it asks for."""
    counts = norm[norm["counted"]]
    return words.say(
        "answer",
        "kept",
        norm=norm_text(norm, words),
        share=words.share(counts["within"] / counts["base"]),
        base=_amount(norm, words, "base"),
        target=words.share(norm["target_share"]),
    )


def finding_text(finding: Record, words: Words) -> str:
    """Say who is beyond a norm, of how many, and where most of them live."""
    part, whole = words.number(round(finding[finding["counted"]]["beyond"])), _amount(finding, words, "base")
    told = _beyond(finding, words, words.say("answer", f"some_of_{finding['counted']}", part=part, whole=whole))
    people = finding["persons"]
    if finding["is_presence"] and people is not None:
        count = words.number(round(people["beyond"]))
        told += words.say("answer", "live_there", people=words.say("unit", "persons", n=count, value=count))
    worst = finding["worst"]
    if worst is not None:
        inside, outof = round(worst["places_unserved"]), round(worst["places_in_scope"])
        count = words.number(round(worst["persons_unserved"] or 0.0))
        told += words.say(
            "answer",
            "worst_all" if inside == outof else "worst",
            name=pick(worst["names"], words.language) or worst["unit_id"],
            places=words.number(inside),
            all=amount_text(dict(finding), outof, words, what="places"),
        )
        if worst["persons_unserved"] and people is not None:
            told += words.say("answer", "worst_people", people=words.say("unit", "persons", n=count, value=count))
    asked = words.say("answer", "law") if finding["norm_class"] == "mandatory" else ""
    if not asked and finding["is_chosen"] and not finding["is_presence"]:
        share = finding[finding["counted"]]["within"] / finding[finding["counted"]]["base"]
        asked = words.say("answer", "asked", target=words.share(finding["target_share"]), share=words.share(share))
    # A text that ends with an abbreviation has its point already.
    text = (capital(told) + (asked and words.say("answer", "joint") + asked)).removesuffix(".")
    return words.say("answer", "sentence", text=text)


def begin_text(finding: Record, words: Words) -> str:
    """Name the villages beyond a norm to begin with, with their people; empty where none is known."""
    told = []
    for place in finding["first"][:VILLAGES_TOLD]:
        # A mark from left to right, so that a number stands behind a name that ends in Arabic letters.
        name = pick(place["names"], words.language) or words.say("plan", "unnamed")
        name += "" if unicodedata.bidirectional(name[-1]) != "AL" else "\u200e"
        people = "" if place["persons"] is None else words.number(round(place["persons"]))
        told.append(words.say("answer", "begin_place", name=name, people=people) if people else name)
    return words.say("answer", "begin", places=_listed(told, words)) if told else ""


def _listed(texts: Sequence[str], words: Words) -> str:
    return words.say("headline", "list").join(texts)
