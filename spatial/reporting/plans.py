"""Plans as records and in words: what each does where, whom it brings within and who is left, for every sink."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.messages import Words
from spatial.plain_text import ids_apart
from spatial.planning.agenda import BETWEEN, PLAN_TABLES, ROOM_TABLES
from spatial.reporting.wording import capital, names_of, pick, plain, records_of
from spatial.tables import TABLES

Record = dict[str, Any]
Told = Mapping[str, Any]
"""A record that is put into words, and not changed."""
Names = dict[str, str]

NEAR_MIN = 5.0
"""Who is at most so many minutes beyond misses narrowly, as on the maps of gaps."""
_OF_PARTS = (
    "plan_id", "service", "names", "norm_id", "question", "stat_unit", "counted", "shown", "share_before",
    "share_after", "plan_status", "cost",
)  # fmt: skip
"""What a plan of several services tells of each of its parts."""
SIDES = ("within", "gained", "beyond", "unknown")


def plan_records(
    tables: Mapping[str, pd.DataFrame],
    *,
    services: Mapping[str, Mapping[str, str]] | None = None,
    titles: Mapping[str, Mapping[str, str]] | None = None,
    norms: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Record]:
    """
    Gather the plans of a study in their order, each with its actions, curve, options and lists by township.

    Names are by language. `shown` has whole `persons` (None where unknown) and `places` for each side, which add up to
    `today` and to `all`, as do those of actions; townships are rounded one by one. ``norms`` gives each norm's
    `metric` and `scope`.
    """
    if "plans" not in tables or not len(tables["plans"]):
        return []
    own = {name: pd.DataFrame(tables[name].drop(columns="geometry", errors="ignore")) for name in PLAN_TABLES}
    parts = {
        name: {plan: rows.drop(columns="plan_id") for plan, rows in own[name].groupby("plan_id", sort=False)}
        for name in PLAN_TABLES[1:]
    }
    # Where nobody is without room there is nothing to match.
    rooms = {name: pd.DataFrame(tables.get(name, TABLES[name].frame())) for name in ROOM_TABLES}
    told = [own["plan_actions"]["place_id"], own["plan_options"]["where"]]
    told += [frame[key] for frame in rooms.values() for key in ("settlement_id", "facility_id") if key in frame]
    apart = place_ids_apart(tables)
    named = names_of_places(tables, {part for text in pd.concat(told).dropna() for part in apart(str(text))})
    settlements, township_of = tables.get("settlements"), pd.Series(dtype=object)
    if settlements is not None and "township_id" in settlements:
        township_of = pd.DataFrame(settlements).set_index("settlement_id")["township_id"].dropna()

    def names_in(place: str) -> Record:
        return {"names": named.get(place, {}), "township_names": named.get(str(township_of.get(place)), {})}

    records = []
    for record in records_of(own["plans"].sort_values("rank", kind="stable")):
        plan_id = record["plan_id"]
        mine = {name: by_plan.get(plan_id, own[name].iloc[:0]) for name, by_plan in parts.items()}
        record["names"] = dict((services or {}).get(record["service"], {}))
        record.update({"metric": "", "scope": ""} | dict((norms or {}).get(str(record["norm_id"]), {})))
        record["title"] = dict((titles or {}).get(plan_id, {}))
        record["shown"] = {
            what: None if record[f"{what}_within"] is None else _sides(record, what) for what in ("persons", "places")
        }
        record["actions"] = _actions(mine["plan_actions"], record, named, apart)
        record["curve"] = records_of(mine["plan_curve"].sort_values("number"))
        # Where another plan acts that this one does not, and the other way round.
        chosen = [action["place_id"] for action in record["actions"]]
        record["options"] = [
            entry
            | {
                "instead": [names_in(place) for place in where if place not in chosen],
                "not": [action for action in record["actions"] if action["place_id"] not in where],
            }
            for entry in records_of(mine["plan_options"].sort_values("option"))
            for where in [apart(str(entry["where"]))]
        ]
        people = mine["plan_people"]
        is_place = people["unit_level"] == "settlement"
        people = people.assign(unit=people["unit_id"].where(~is_place, people["unit_id"].map(township_of)).fillna(""))
        record["today_in"] = _today_in(people, record)
        record["left"] = _left(people, record, named)
        if "plan_owners" in tables:
            owners = pd.DataFrame(tables["plan_owners"])
            record["owners"] = records_of(owners.loc[owners["plan_id"] == plan_id].drop(columns="plan_id"))
        if record["question"] == "matching":
            mine = {name: frame.loc[frame["plan_id"] == plan_id] for name, frame in rooms.items()}
            # Say from where each facility takes whom, and where one more unit of capacity would serve more.
            of_facility = mine["plan_capacity"].set_index("facility_id")
            for action in record["actions"]:
                rows = mine["plan_matches"].loc[mine["plan_matches"]["action_id"] == action["action_id"]]
                rows = rows.sort_values(["persons", "settlement_id"], ascending=[False, True], kind="stable")
                persons = whole_parts(rows["persons"], action["shown"]["persons"])
                homes = zip(rows["settlement_id"], persons, strict=True)
                action["takes"] = [names_in(home) | {"persons": whole} for home, whole in homes]
                action["more_room"] = plain(of_facility["more_persons"][action["place_id"]])
            short = of_facility.loc[of_facility["more_persons"] > 0.0]
            short = short.sort_values(["more_persons", "capacity_persons"], ascending=False, kind="stable")
            record["short_of_room"] = [
                {"names": named.get(name, {}), "township_names": {}, "persons": more, "unit": unit}
                for name, more, unit in zip(
                    short.index, short["more_persons"].tolist(), short["capacity_unit"].map(plain), strict=True
                )
            ]
        records.append(record)
    for record in records:
        if record.get("together") is not None:
            record["together_title"] = dict((titles or {}).get(record["together"], {}))
            record["parts"] = [
                {key: part[key] for key in _OF_PARTS} | {"sites": len(part["actions"])}
                for part in records
                if part.get("together") == record["together"]
            ]
    return records


def progress_records(tables: Mapping[str, pd.DataFrame]) -> list[Record]:
    """Gather what people wrote of actions that are no mere proposal, and whether what was built kept its promise."""
    progress = tables.get("plan_progress")
    if progress is None:
        return []
    rows = records_of(progress.loc[progress["state"] != "proposed"].drop(columns="plan_id"))
    # Where an action is stands in its id, which is that of its plan and of its place; links stand there by their own.
    apart = place_ids_apart(tables)
    proposed = tables.get("plan_actions", pd.DataFrame(columns=["action_id", "place_id"]))
    of_action = proposed.set_index("action_id")["place_id"].to_dict()
    ends = [apart(of_action.get(row["action_id"], str(row["action_id"]).partition("/")[2])) for row in rows]
    named = names_of_places(tables, {part for parts in ends for part in parts})
    return [row | {"names": _place_names(parts, row, named)} for row, parts in zip(rows, ends, strict=True)]


def whole_parts(parts: npt.ArrayLike, total: int) -> list[int]:
    """Round parts so that they add up to their rounded total: up, where most is lost by rounding down."""
    exact = np.asarray(parts, dtype=np.float64)
    whole = np.floor(exact).astype(np.int64)
    lacking = max(0, total - int(whole.sum()))
    whole[np.argsort(whole - exact, kind="stable")[:lacking]] += 1
    return [int(value) for value in whole]


def _sides(record: Mapping[str, Any], what: str) -> dict[str, int]:
    """Round who stands where: those gained and those beyond today are said alone, and the rest follows from them."""
    exact = {side: float(record[f"{what}_{side}"] or 0.0) for side in SIDES}
    found = {"gained": round(exact["gained"])}
    found["today"] = round(exact["gained"] + exact["beyond"])
    found["all"] = round(sum(exact.values()))
    # Two parts that are rounded up may be one more than all, and would leave less than nobody within.
    found["unknown"] = min(round(exact["unknown"]), found["all"] - found["today"])
    found["beyond"] = found["today"] - found["gained"]
    found["within"] = found["all"] - found["today"] - found["unknown"]
    return found


def _actions(
    rows: pd.DataFrame, record: Record, named: Mapping[str, Names], apart: Callable[[str], list[str]]
) -> list[Record]:
    """List the actions in their order, with whole people and places that add up to those of the plan."""
    rows = rows.sort_values("step", kind="stable")
    whole = {
        what: whole_parts(rows[f"{what}_gained"], shown["gained"])
        for what, shown in record["shown"].items()
        if shown is not None
    }
    found = []
    for at, entry in enumerate(records_of(rows)):
        names = _place_names(apart(str(entry["place_id"])), entry, named)
        township = named.get(str(entry["township_id"])) or names_of({"name": entry["township"]})
        shown = {what: whole[what][at] if what in whole else None for what in record["shown"]}
        found.append(entry | {"names": names, "township_names": township, "shown": shown})
    return found


def _side(people: pd.DataFrame, side: str) -> pd.DataFrame:
    """Pick those who are gained, or still beyond; of the people of a place some, where room is told."""
    is_own = people["outcome"].isin(["beyond", "none_reached"] if side == "beyond" else [side])
    if f"{side}_persons" in people:
        some = people[f"{side}_persons"]
        people, is_own = people.assign(persons=some.fillna(people["persons"])), is_own.where(some.isna(), some > 0.0)
    return people.loc[is_own]


def _today_in(people: pd.DataFrame, record: Record) -> list[Record]:
    """Count who is beyond today by township, in whole people as every other page has them."""
    beyond, gained = _side(people, "beyond"), _side(people, "gained")
    persons = pd.concat([beyond, gained]).groupby("unit", sort=True)["persons"].sum(min_count=1)
    places = people.loc[people["outcome"].isin(["beyond", "none_reached", "gained"])].groupby("unit").size()
    is_counted = record["shown"]["persons"] is not None
    return [
        {
            "township_id": name or None,
            "persons": round(number) if is_counted and pd.notna(number) else None,
            "places": int(places.get(str(name), 0)),
        }
        for name, number in persons.items()
    ]


def _left(people: pd.DataFrame, record: Record, named: Mapping[str, Names]) -> list[Record]:
    """Count those still beyond by township, most people first, with how far they are and who misses narrowly."""
    shown, found = record["shown"]["persons"], []
    today = {entry["township_id"] or "": entry["persons"] for entry in record["today_in"]}
    gained = _side(people, "gained").groupby("unit", sort=True)["persons"].sum()
    brought = {} if shown is None else dict(zip(gained.index, whole_parts(gained, shown["gained"]), strict=True))
    for name, own in _side(people, "beyond").groupby("unit", sort=True):
        is_told = shown is not None and own["persons"].notna().any()
        whole = max(0, today[str(name)] - brought.get(str(name), 0)) if is_told else None
        over = own["after_value"] - record["threshold"]
        near = own.loc[(over > 0.0) & (over <= NEAR_MIN) & (record["unit"] == "min")]
        narrow = plain(near["persons"].sum(min_count=1))
        found.append(
            {
                "township_id": name or None,
                "names": named.get(str(name), {}),
                "persons": whole,
                "places": len(own),
                "low": plain(own["after_value"].min()),
                "high": plain(own["after_value"].max()),
                "none_reached": int((own["outcome"] == "none_reached").sum()),
                "near": {"persons": None if narrow is None else min(whole, round(narrow)), "places": len(near)},
                "uncounted": int(own["persons"].isna().sum()),
            }
        )
    return sorted(found, key=lambda entry: (-(entry["persons"] or 0), -entry["places"], entry["township_id"] or ""))


def _place_names(ids: Sequence[str], row: Record, named: Mapping[str, Names]) -> Names:
    """Name where a row is by the places of these ids, a link by its ends; as it is written where one has no name."""
    ends = [named.get(place, {}) for place in ids]
    if not ends or not all(ends):
        return names_of({"name": row["place"]})
    return {language: BETWEEN.join(pick(end, language) for end in ends) for language in sorted(set().union(*ends))}


def place_ids_apart(tables: Mapping[str, pd.DataFrame]) -> Callable[[str], list[str]]:
    """Take apart ids of places that were joined by blanks."""
    keys = (("facilities", "facility_id"), ("settlements", "settlement_id"), ("boundaries", "boundary_id"))
    return ids_apart(str(name) for table, key in keys if table in tables for name in tables[table][key])


def names_of_places(tables: Mapping[str, pd.DataFrame], wanted: Iterable[str]) -> dict[str, Names]:
    """Gather names by id: of the places asked for, and of all units."""
    found, wanted = unit_names(tables), set(wanted)
    for name, key in (("facilities", "facility_id"), ("settlements", "settlement_id")):
        table = tables.get(name)
        if table is not None:
            rows = pd.DataFrame(table).filter(regex=f"^({key}|name.*)$")
            found |= {str(row[key]): names_of(row) for row in rows.loc[rows[key].isin(wanted)].to_dict("records")}
    return found


def unit_names(tables: Mapping[str, pd.DataFrame]) -> dict[str, Names]:
    """Name units by language as their boundaries do, else as their settlements do."""
    found: dict[str, Names] = {}
    settlements, boundaries = tables.get("settlements"), tables.get("boundaries")
    if settlements is not None and {"township_id", "township"} <= set(settlements):
        written = settlements[["township_id", "township"]].dropna().drop_duplicates("township_id")
        found = {str(unit): names_of({"name": name}) for unit, name in written.itertuples(index=False)}
    if boundaries is not None:
        rows = pd.DataFrame(boundaries).filter(regex="^(boundary_id|name.*)$").to_dict("records")
        found |= {str(row["boundary_id"]): names for row in rows if (names := names_of(row))}
    return found


# Plans in words: what to do, whom it brings within, and who is then left, in any language.

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


def plan_sentences(plan: Told, words: Words) -> list[str]:
    """Say in two sentences what a plan brings, where, and who is left, then what borders cost; or why there is none."""
    told = _told(plan, words)
    rooms = further_sentences(plan, words)
    if plan.get("parts"):
        # Of what plan of several services this one is a part.
        sites, money = sum(part["sites"] for part in plan["parts"]), together_money(plan, words)
        amounts = [amount_text(part, part["shown"][part["counted"]]["gained"], words) for part in plan["parts"]]
        parts = [
            words.say("plan", "shared_part", service=service_text(part, words), gained=gained)
            for part, gained in zip(plan["parts"], amounts, strict=True)
        ]
        shared = {"parts": words.say("plan", "joint").join(parts), **_counted(sites, words)}
        cost = words.say("plan", "shared_cost", **money) if money else ""
        rooms = [words.say("plan", "shared", cost=cost, **shared), *rooms]
    if not plan["actions"]:
        why = "room" if plan["question"] == "matching" else _WHY[plan["reason"]]
        told["n"] = words.number(plan["shown"][plan["counted"]]["today"])
        return [capital(line) for line in (words.say("plan", f"none_{why}", **told), *rooms)]
    named = [place_name(action, words) for action in plan["actions"] if action["action"] != "close_site"]
    told["names"] = words.of("pages").say("page", "brackets", text=_first_named(named, MOST_NAMES, words))
    # What the first action brings by itself, where that is told in what the sentence counts.
    told["more"] = ""
    if len(named) > 1 and (plan["counted"] == "persons" or plan["shown"]["persons"] is None):
        first = plan["actions"][0]
        alone = first["shown"][plan["counted"]] if first["gained_alone"] is None else first["gained_alone"]
        told["more"] = words.say("plan", "alone", name=named[0], value=_some(plan, alone, words))
    return [capital(line) for line in (words.say("plan", f"done_{told['kind']}", **told), told["then"], *rooms)]


def further_sentences(plan: Told, words: Words) -> list[str]:
    """Say whom borders keep from room, what one more unit of capacity is worth, and where a mobile service goes."""
    lines = []
    if plan.get("round_stops") is not None:
        counts = {name: words.number(plan[f"round_{name}"]) for name in ("stops", "days")}
        told = {name: words.say("plan", f"tour_{name}", n=count) for name, count in counts.items()}
        told |= {"left": left_text(plan, words), "value": _some(plan, round(plan["round_gained"]), words)}
        lines.append(words.say("plan", "tour" if plan["round_stops"] else "tour_none", **told))
    if plan.get("owners"):
        book = words.of("workbook")
        parts = [
            words.say("plan", "taken", name=book.say("tenure", owner["owner"]), value=words.number(owner["gained"]))
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
        names = _first_named([place_name(place, words) for place in alike], MOST_PLACES, words)
        told = {"names": names, "unit": unit or "", "value": amount_text(plan, short[0]["persons"], words)}
        lines.append(words.say("plan", "worth_unit" if unit else "worth", **told))
    return lines


def _first_named(names: Sequence[str], most: int, words: Words) -> str:
    """List the first names, and count the others."""
    rest = len(names) - most
    more = [words.say("plan", "more_names", n=str(rest))] if rest > 0 else []
    return words.say("plan", "joint").join([*names[:most], *more])


def _counted(number: int, words: Words) -> dict[str, str]:
    """Say a number as a count, and in a word where it is small."""
    return {"n": str(number), "count": words.messages["plan_count"].get(str(number), words.number(number))}


def plan_title(plan: Told, words: Words) -> str:
    """Say the finding of a plan as a title: how many of what bring how many within, and what then is."""
    if not plan["actions"]:
        return plan_sentences(plan, words)[0]
    told = _told(plan, words)
    return capital(words.say("plan", f"title_{told['kind']}", **told))


def service_text(plan: Told, words: Words) -> str:
    """Name the service of a plan as it stands inside a sentence."""
    pages, service = words.of("pages").messages, str(plan["service"])
    # As norms are titled: by their own word, which tells two norms of one service apart.
    return words.inside(pages["service"].get(service) or pick(plan["names"], words.language) or words.term(service))


def place_name(action: Told, words: Words) -> str:
    """Name where an action is; a place without a name by its township."""
    name, township = (pick(action[key], words.language) for key in ("names", "township_names"))
    return name or words.say("plan", "unnamed_in" if township else "unnamed", township=township)


def amount_text(plan: Told, count: float, words: Words, *, what: str = "") -> str:
    """Say how many people or places, as what the norm counts among them: children, villagers; ``what`` says which."""
    number, unit = words.number(count), str(plan["stat_unit"])
    group = words.of("pages").messages["group"].get(f"{unit}_persons")
    if (what or plan["counted"]) == "places":
        # Villages and townships are places that have a word of their own; children are none.
        own = plan["question"] == "unit_sites" or plan["counted"] == "places"
        named = own and group is None and unit != "population" and unit in words.messages["term"]
        units = words.say("term", unit, n=number)
        return words.say("plan", "units" if named else "places", n=number, value=number, units=units)
    if group is None:
        answer = words.messages["answer"]
        own = next((key for of in (unit, plan.get("scope")) if (key := f"people_{of}") in answer), "")
        return words.say("answer", own, n=number, value=number) if own else words.measure(count, "persons")
    return words.say("plan", "group", value=number, group=group[:1].lower() + group[1:])


def reach_text(plan: Told, words: Words, *, of: str = "") -> str:
    """Say within what a norm asks a service to be, ``of`` that service where it is named, and how people travel."""
    measure, mode = words.limit(plan["threshold"], str(plan["unit"])), str(plan["mode"])
    by = words.messages["mode"].get(mode, "") if plan["unit"] == "min" and mode != "any" else ""
    way = ("_of" if of else "") + ("_return" if plan["metric"] == "roundtrip_time_min" else "")
    return words.say("plan", f"reach_by{way}" if by else f"reach{way}", measure=measure, mode=by, service=of)


def _told(plan: Told, words: Words) -> dict[str, str]:
    """Say the numbers and names that sentences are made of: what brings people, which closing does not, and the end."""
    counted, people = plan["counted"], plan["shown"]["persons"]
    shown, near = plan["shown"][counted], sum(entry["near"][counted] or 0 for entry in plan["left"])
    kinds = [action["action"] for action in plan["actions"] if action["action"] != "close_site"]
    # Room is found at what stands, or made by enlarging and opening.
    makes = plan["question"] == "matching" and bool(plan["actions"]) and plan["actions"][0]["action"] != "share_room"
    kilometres, service = plan["length_km"], service_text(plan, words)
    told = _counted(len(kinds), words) | {
        "kind": "making" if makes else str(plan["question"]),
        "service": service,
        "reach": reach_text(plan, words, of=service if plan["question"] == "links" else ""),
        "length": "" if kilometres is None else words.measure(kilometres, "km", decimals=int(kilometres < 10.0)),
        "gained": _some(plan, shown["gained"], words),
        "today": amount_text(plan, shown["today"], words),
        "left": left_text(plan, words),
        "share": words.share(plan["target_share"]),
        "near": "",
    }
    if near:
        told["near"] = words.say("plan", "near", value=_some(plan, near, words), minutes=words.measure(NEAR_MIN, "min"))
    # What the plan builds or uses, by number.
    told["what"] = words.say("plan", f"what_{told['kind']}", **told) if kinds and not makes else ""
    if kinds and makes:
        parts = [
            words.say("plan", f"what_{action}", **(told | _counted(kinds.count(action), words)))
            for action in ("open_site", "enlarge_site")
            if action in kinds
        ]
        told["what"] = words.say("plan", "what_both", opened=parts[0], enlarged=parts[-1]) if parts[1:] else parts[0]
    told["people"] = "" if people is None else amount_text(plan, people["gained"], words, what="persons")
    key = "whom" + ("_all" if not shown["beyond"] else "") + ("_in" if counted == "places" and people else "")
    told["whom"] = words.say("plan", key, **told | {"n": words.number(shown["today"])})
    # With nobody beyond, with the norm met, or short of it.
    end = "left" if not plan["norm_id"] else "met" if plan["meets_target"] == "yes" else "short"
    silent = 0 if shown["beyond"] else _uncounted(plan)
    end = end if shown["beyond"] else "left" if silent else "nobody"
    without = "_room" if plan["question"] == "matching" else "_without" if plan["question"] in HAVING else ""
    for key in ("end", "then"):
        told[key] = words.say("plan", f"{key}_{end}{without}", **told | {"n": words.number(shown["beyond"] or silent)})
    return told


def left_text(plan: Told, words: Words) -> str:
    """Say how many are still beyond: at least so many where of some places no number of people is told."""
    count, uncounted = plan["shown"][plan["counted"]]["beyond"], _uncounted(plan)
    if uncounted and not count:
        return words.say("plan", "uncounted", n=words.number(uncounted), value=words.number(uncounted))
    told = amount_text(plan, count, words)
    return words.say("answer", "at_least", amount=told) if uncounted else told


def _uncounted(plan: Told) -> int:
    """Count the places still beyond of which no number of people is told, in a plan that counts people."""
    return sum(entry["uncounted"] for entry in plan["left"]) if plan["counted"] == "persons" else 0


def _some(plan: Told, count: float, words: Words) -> str:
    """Say a part of an amount that is named beside it."""
    return words.say("plan", f"some_{plan['counted']}", value=words.number(count))


def doubt_text(plan: Told, words: Words) -> str:
    """Say what a plan brings if every trip takes longer, or less; empty where that was not asked."""
    if plan.get("worst_share") is None:
        return ""
    slow, fast = (amount_text(plan, plan[f"gained_if_{side}"], words) for side in ("slower", "faster"))
    shares = {"percent": words.share(plan["doubt_share"]), "share": words.share(plan["worst_share"])}
    return words.say("plan", "doubt", slow=slow, fast=fast, **shares)


def cost_text(plan: Told, words: Words) -> str:
    """Say what a plan costs, and of what budget; empty where that is not known."""
    if plan.get("cost") is None:
        return ""
    told = {name: money_text(plan[name], plan, words) for name in ("cost", "budget")}
    if plan["cost"] < 0.0:
        return words.say("plan", "cost_saves", cost=money_text(-plan["cost"], plan, words))
    told["each"] = _each_text(plan, plan, words)
    of = "cost" if plan["budget"] is None else "cost_shared" if plan.get("together") else "cost_budget"
    return words.say("plan", of, **told)


def together_money(plan: Told, words: Words) -> dict[str, str]:
    """Say what all parts of a plan of several services cost, and its budget; empty where that is not known."""
    costs = [part["cost"] or 0.0 for part in plan["parts"]]
    if plan["budget"] is None:
        return {}
    return {"cost": money_text(sum(costs), plan, words), "budget": money_text(plan["budget"], plan, words)}


def money_text(value: float | None, told: Told, words: Words) -> str:
    """Write an amount of money in the word of a plan or action for it; small ones with what is behind the point."""
    is_whole = value is None or value >= WHOLE_MONEY or float(value).is_integer()
    return words.say("plan", "money", value=words.number(value, decimals=0 if is_whole else 2), money=told["currency"])


def _each_text(plan: Told, told: Told, words: Words) -> str:
    """Say what each one gained costs, by a plan or by one of its actions."""
    each = money_text(told["cost_per_gained"], plan, words)
    return words.say("plan", f"each_{plan['counted']}", each=each)


def action_text(action: Told, where: str, words: Words) -> str:
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


def gain_text(plan: Told, action: Told, words: Words) -> str:
    """Say what becomes of those whom an action of a plan helps, of one as of one."""
    shown = action["shown"]
    told = {"n": shown["places"] if shown["persons"] is None else shown["persons"]}
    if plan["question"] == "matching":
        return words.say("plan", "gain_room", service=service_text(plan, words), **told)
    if plan["question"] in HAVING:
        asks = "law" if plan["is_gate"] else "norm"
        return words.say("plan", f"gain_{asks}", service=service_text(plan, words), **told)
    return words.say("plan", "gain_reach", reach=reach_text(plan, words, of=service_text(plan, words)), **told)


def action_details(plan: Told, action: Told, words: Words) -> dict[str, str]:
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
        told["more_room"] = words.measure(action["more_room"], "persons")
    if action.get("chosen_share") is not None:
        every = round(action["trials"])
        stays = words.number(action["chosen_share"] * every)
        told["chosen"] = words.say("plan", "chosen", stays=stays, n=str(every))
    return told
