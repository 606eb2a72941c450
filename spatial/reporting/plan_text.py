"""Plans in words: what to do, whom it brings within, and who is then left, in any language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spatial.reporting.plans import NEAR_MIN
from spatial.reporting.wording import pick

if TYPE_CHECKING:
    from spatial.messages import Words

Plan = dict[str, Any]

WHOLE_MONEY = 100.0
"""From so much on, money is told in whole numbers."""
MOST_NAMES = 5
"""Places that a sentence names; the others are counted."""
HAVING = frozenset({"unit_sites", "roads", "matching"})
"""Kinds of plans that ask whether something is there, or has room, and not how far it is."""
_WHY = {
    "": "helps", "others_first": "first", "from_memory": "memory", "no_model": "model", "met": "met",
    "not_measured": "measured", "no_capacity": "capacity", "shared": "shared", "no_group": "group",
}  # fmt: skip
MOST_PLACES = 3
"""Places that a list inside an action names; the others are counted together."""


def plan_sentences(plan: Plan, words: Words) -> list[str]:
    """Say in two sentences what a plan brings, where, and who is left, then what borders cost; or why there is none."""
    told = _told(plan, words)
    rooms = [*_together_sentences(plan, words), *further_sentences(plan, words)]
    if not plan["actions"]:
        why = "room" if plan["question"] == "matching" else _WHY[plan["reason"]]
        return [capital(line) for line in (words.say("plan", f"none_{why}", **told), *rooms)]
    named = [place_name(action, words) for action in _bringing(plan)]
    rest = len(named) - MOST_NAMES
    shown = named[:MOST_NAMES] + ([words.say("plan", "more_names", n=str(rest))] if rest > 0 else [])
    told["names"] = words.of("pages").say("page", "brackets", text=words.say("plan", "joint").join(shown))
    # What the first action brings by itself, where that is told in what the sentence counts.
    told["more"] = ""
    if len(named) > 1 and (plan["counted"] == "persons" or plan["shown"]["persons"] is None):
        first = plan["actions"][0]
        alone = first["shown"][plan["counted"]] if first["gained_alone"] is None else first["gained_alone"]
        told["more"] = words.say("plan", "alone", name=named[0], value=_some(plan, alone, words))
    lines = [words.say("plan", f"done_{_kind(plan)}", **told), _ending("then", plan, told, words)]
    return [capital(line) for line in (*lines, *rooms)]


def _together_sentences(plan: Plan, words: Words) -> list[str]:
    """Say of what plan of several services this one is a part."""
    if not plan.get("parts"):
        return []
    sites, money = sum(part["sites"] for part in plan["parts"]), together_money(plan, words)
    told = {"cost": words.say("plan", "shared_cost", **money) if money else ""}
    told["parts"] = words.say("plan", "joint").join(
        words.say(
            "plan",
            "shared_part",
            service=service_text(part, words),
            gained=amount_text(part, part["shown"][part["counted"]]["gained"], words),
        )
        for part in plan["parts"]
    )
    return [words.say("plan", "shared", **told | _counted(sites, words))]


def further_sentences(plan: Plan, words: Words) -> list[str]:
    """Say whom borders keep from room, what one more unit of capacity is worth, and where a mobile service goes."""
    lines = []
    if plan.get("round_stops") is not None:
        told = {"left": amount_text(plan, plan["shown"][plan["counted"]]["beyond"], words)}
        told |= {"stops": words.number(plan["round_stops"]), "days": words.number(plan["round_days"])}
        told["value"] = _some(plan, round(plan["round_gained"]), words)
        lines.append(words.say("plan", "tour" if plan["round_stops"] else "tour_none", **told))
    if plan.get("owners"):
        parts = [
            words.say(
                "plan",
                "taken",
                name=words.of("workbook").say("tenure", owner["owner"]),
                value=words.number(owner["gained"]),
            )
            for owner in plan["owners"]
        ]
        together = amount_text(plan, plan["owners"][0]["gained"] + plan["owners"][0]["border"], words)
        lines.append(words.say("plan", "owners", parts=words.say("plan", "joint").join(parts), together=together))
    closing = [place_name(action, words) for action in plan["actions"] if action["action"] == "close_site"]
    if closing:
        lines.append(words.say("plan", "closes", n=str(len(closing)), names=words.say("plan", "joint").join(closing)))
    if round(plan.get("border_persons") or 0.0):
        lines.append(words.say("plan", "borders", value=amount_text(plan, round(plan["border_persons"]), words)))
    short = plan.get("short_of_room") or []
    if short:
        unit = short[0]["unit"]
        alike = [place for place in short if (place["persons"], place["unit"]) == (short[0]["persons"], unit)]
        named, rest = [place_name(place, words) for place in alike[:MOST_PLACES]], len(alike) - MOST_PLACES
        named += [words.say("plan", "more_names", n=str(rest))] if rest > 0 else []
        names = words.say("plan", "joint").join(named)
        told = {"names": names, "unit": unit or "", "value": amount_text(plan, short[0]["persons"], words)}
        lines.append(words.say("plan", "worth_unit" if unit else "worth", **told))
    return lines


def _kind(plan: Plan) -> str:
    """Say what kind of plan it is: room is found at what stands, or made by enlarging and opening."""
    makes = plan["question"] == "matching" and plan["actions"][0]["action"] != "share_room"
    return "making" if makes else str(plan["question"])


def _bringing(plan: Plan) -> list[Plan]:
    """List the actions that bring people, which closing does not."""
    return [action for action in plan["actions"] if action["action"] != "close_site"]


def _counted(number: int, words: Words) -> dict[str, str]:
    """Say a number as a count, and in a word where it is small."""
    return {"n": str(number), "count": words.messages["plan_count"].get(str(number), words.number(number))}


def plan_title(plan: Plan, words: Words) -> str:
    """Say the finding of a plan as a title: how many of what bring how many within, and what then is."""
    if not plan["actions"]:
        return plan_sentences(plan, words)[0]
    told = _told(plan, words)
    told["end"] = _ending("end", plan, told, words)
    return capital(words.say("plan", f"title_{_kind(plan)}", **told))


def service_text(plan: Plan, words: Words) -> str:
    """Name the service of a plan as it stands inside a sentence."""
    pages, service = words.of("pages").messages, str(plan["service"])
    # As norms are titled: by their own word, which tells two norms of one service apart.
    name = pages["service"].get(service) or pick(plan["names"], words.language) or words.term(service)
    if pages["page"]["name_case"] != "lower":
        return str(name)
    bare = re.sub(r"^any (?=\w)", "", name, flags=re.IGNORECASE)
    return _small(bare) if bare[:1].isupper() and bare[1:2].islower() else bare


def place_name(action: Plan, words: Words) -> str:
    """Name where an action is; a place without a name by its township."""
    name, township = (pick(action[key], words.language) for key in ("names", "township_names"))
    return name or words.say("plan", "unnamed_in" if township else "unnamed", township=township)


def amount_text(plan: Plan, count: float, words: Words, *, what: str = "") -> str:
    """Say how many people, of a group, or places; of those in which the norm counts where ``what`` does not say."""
    number, unit = words.number(count), str(plan["stat_unit"])
    if (what or plan["counted"]) == "places":
        own = plan["question"] == "unit_sites" or plan["counted"] == "places"
        named = own and unit != "population" and unit in words.messages["term"]
        return words.say("plan", "units" if named else "places", n=number, value=number, units=words.term(unit))
    group = words.of("pages").messages["group"].get(f"{unit}_persons")
    if group is None:
        return words.say("unit", "persons", n=number, value=number)
    return words.say("plan", "group", value=number, group=_small(group))


def reach_text(plan: Plan, words: Words, *, of: str = "") -> str:
    """Say within what a norm asks a service to be, ``of`` that service where it is named, and how people travel."""
    measure, mode = words.measure(plan["threshold"], str(plan["unit"])), str(plan["mode"])
    by = words.say("mode", mode) if plan["unit"] == "min" and mode != "any" and words.has("mode", mode) else ""
    way = "_of" if of else "_return" if plan["metric"] == "roundtrip_time_min" else ""
    return words.say("plan", f"reach_by{way}" if by else f"reach{way}", measure=measure, mode=by, service=of)


def _told(plan: Plan, words: Words) -> dict[str, str]:
    """Say the numbers and names that sentences are made of."""
    counted, people = plan["counted"], plan["shown"]["persons"]
    shown, near = plan["shown"][counted], sum(entry["near"][counted] or 0 for entry in plan["left"])
    count, kilometres, service = len(_bringing(plan)), plan["length_km"], service_text(plan, words)
    told = _counted(count, words) | {
        "service": service,
        "reach": reach_text(plan, words, of=service if plan["question"] == "links" else ""),
        "length": "" if kilometres is None else words.measure(kilometres, "km", decimals=int(kilometres < 10.0)),
        "gained": _some(plan, shown["gained"], words),
        "today": amount_text(plan, shown["today"], words),
        "left": amount_text(plan, shown["beyond"], words),
        "share": words.share(plan["target_share"]),
        "near": "",
    }
    if near:
        minutes = words.measure(NEAR_MIN, "min")
        told["near"] = words.say("plan", "near", value=_some(plan, near, words), minutes=minutes)
    # What the plan builds or uses, by number.
    told["what"] = words.say("plan", f"what_{_kind(plan)}", **told) if count and _kind(plan) != "making" else ""
    if count and _kind(plan) == "making":
        kinds = [action["action"] for action in _bringing(plan)]
        parts = [
            words.say("plan", f"what_{action}", **(told | _counted(kinds.count(action), words)))
            for action in ("open_site", "enlarge_site")
            if action in kinds
        ]
        both = len(parts) > 1
        told["what"] = words.say("plan", "what_both", opened=parts[0], enlarged=parts[1]) if both else parts[0]
    told["people"] = "" if people is None else amount_text(plan, people["gained"], words, what="persons")
    key = "whom" + ("_all" if not shown["beyond"] else "") + ("_in" if counted == "places" and people else "")
    told["whom"] = words.say("plan", key, **told | {"n": words.number(shown["today"])})
    return told


def _some(plan: Plan, count: float, words: Words) -> str:
    """Say a part of an amount that is named beside it."""
    return words.say("plan", f"some_{plan['counted']}", value=words.number(count))


def _ending(key: str, plan: Plan, told: dict[str, str], words: Words) -> str:
    """Say how a plan ends: with nobody beyond, with the norm met, or short of it."""
    left = plan["shown"][plan["counted"]]["beyond"]
    end = (
        "nobody" if not left else "left" if not plan["norm_id"] else "met" if plan["meets_target"] == "yes" else "short"
    )
    without = "_room" if plan["question"] == "matching" else "_without" if plan["question"] in HAVING else ""
    return words.say("plan", f"{key}_{end}{without}", **told | {"n": words.number(left)})


def capital(text: str) -> str:
    """Begin a text with a capital, where its script has any."""
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def doubt_text(plan: Plan, words: Words) -> str:
    """Say what a plan brings if every trip takes longer, or less; empty where that was not asked."""
    if plan.get("worst_share") is None:
        return ""
    slow, fast = (amount_text(plan, plan[f"gained_if_{side}"], words) for side in ("slower", "faster"))
    shares = {"percent": words.share(plan["doubt_share"]), "share": words.share(plan["worst_share"])}
    return words.say("plan", "doubt", slow=slow, fast=fast, **shares)


def cost_text(plan: Plan, words: Words) -> str:
    """Say what a plan costs, and of what budget; empty where that is not known."""
    if plan.get("cost") is None:
        return ""
    told = {name: money_text(plan[name], plan, words) for name in ("cost", "budget")}
    if plan["cost"] < 0.0:
        return words.say("plan", "cost_saves", cost=money_text(-plan["cost"], plan, words))
    told["each"] = _each_text(plan, plan, words)
    of = "cost" if plan["budget"] is None else "cost_shared" if plan.get("together") else "cost_budget"
    return words.say("plan", of, **told)


def together_money(plan: Plan, words: Words) -> dict[str, str]:
    """Say what all parts of a plan of several services cost, and its budget; empty where that is not known."""
    costs = [part["cost"] or 0.0 for part in plan["parts"]]
    if plan["budget"] is None:
        return {}
    return {"cost": money_text(sum(costs), plan, words), "budget": money_text(plan["budget"], plan, words)}


def money_text(value: float | None, told: Mapping[str, Any], words: Words) -> str:
    """Write an amount of money in the word of a plan or action for it; small ones with what is behind the point."""
    is_whole = value is None or value >= WHOLE_MONEY or float(value).is_integer()
    return words.say("plan", "money", value=words.number(value, decimals=0 if is_whole else 2), money=told["currency"])


def _each_text(plan: Plan, told: Mapping[str, Any], words: Words) -> str:
    """Say what each one gained costs, by a plan or by one of its actions."""
    each = money_text(told["cost_per_gained"], plan, words)
    return words.say("plan", f"each_{plan['counted']}", each=each)


def action_text(action: Mapping[str, Any], where: str, words: Words) -> str:
    """Say what an action is and where; a link with one end alone leads to a road."""
    is_road = action["action"] == "build_link" and " " not in str(action["place_id"])
    is_sized = action.get("capacity_after") is not None
    told = {"where": where}
    if is_sized:
        told |= {side: words.number(round(action[f"capacity_{side}"])) for side in ("before", "after")}
        unit = action["capacity_unit"]
        told["unit"] = words.of("pages").say("page", "brackets", text=unit) if unit else ""
    more = "_road" if is_road else "_sized" if is_sized and action["action"] == "open_site" else ""
    return words.say("plan_action", f"{action['action']}{more}", **told)


def gain_text(plan: Plan, words: Words) -> str:
    """Say what becomes of those whom an action of a plan helps."""
    if plan["question"] == "matching":
        return words.say("plan", "gain_room", service=service_text(plan, words))
    if plan["question"] in HAVING:
        asks = "law" if plan["norm_class"] == "mandatory" else "norm"
        return words.say("plan", f"gain_{asks}", service=service_text(plan, words))
    return words.say("plan", "gain_reach", reach=reach_text(plan, words, of=service_text(plan, words)))


def action_details(plan: Plan, action: Mapping[str, Any], words: Words) -> dict[str, str]:
    """Say what an action costs, who has to act, whom a facility takes, and in how many trials it stays, where known."""
    told = {}
    if action.get("cost") is not None:
        told["cost"] = money_text(action["cost"], plan, words)
        if action["cost"] < 0.0:
            told["cost"] = words.say("plan", "saves", cost=money_text(-action["cost"], plan, words))
    if action.get("cost_per_gained") is not None:
        told["cost"] += words.of("pages").say("page", "brackets", text=_each_text(plan, action, words))
    if action.get("responsible"):
        told["responsible"] = words.say("duty_bearer", str(action["responsible"]))
    if action.get("takes"):
        named, rest = action["takes"][:MOST_PLACES], action["takes"][MOST_PLACES:]
        parts = [
            words.say("plan", "taken", name=place_name(home, words), value=words.number(home["persons"]))
            for home in named
        ]
        if rest:
            others = words.number(sum(home["persons"] for home in rest))
            parts.append(words.say("plan", "taken_more", value=others))
        told["takes"] = words.say("plan", "joint").join(parts)
    if action.get("more_room"):
        number = action["more_room"]
        told["more_room"] = words.say("unit", "persons", n=words.number(number), value=words.number(number))
    if action.get("chosen_share") is not None:
        every = round(action["trials"])
        stays = words.number(action["chosen_share"] * every)
        told["chosen"] = words.say("plan", "chosen", stays=stays, n=str(every))
    return told
