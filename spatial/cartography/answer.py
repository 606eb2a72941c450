"""What the index answers first and what to do then: sentences, maps, villages by name; pages of townships and plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.access.cumulative import weighted_quantile
from spatial.access.places import id_order
from spatial.cartography.basemap import METRES_A_DEGREE, ground, pack_points, relief_shown
from spatial.cartography.document import codes, names_block, pack, pack_words, page_document, round_up
from spatial.cartography.page_data import PLAN_FILE, PageBook, Rows, shown_box, study_block
from spatial.crs import degrees_drawn
from spatial.messages import Words
from spatial.reporting.answer import (
    answer_lead,
    answer_lines,
    answer_title,
    first_actions,
    first_plan,
    head_texts,
    over_text,
    reach_titles,
    service_texts,
)
from spatial.reporting.disclosure import people_withheld
from spatial.reporting.plans import (
    SIDES,
    Record,
    action_details,
    action_text,
    amount_text,
    cost_text,
    doubt_text,
    further_sentences,
    gain_text,
    left_text,
    money_text,
    names_of_places,
    place_name,
    plan_title,
    progress_records,
    reach_text,
    service_text,
    together_money,
    unit_names,
)
from spatial.reporting.wording import capital, names_of, pick, plain, profile_title
from spatial.study.access import MANY_SETTLEMENTS
from spatial.tables.words import PLAN_OUTCOME

SHOWN = 8
"""Services of which the index draws a map each."""
CURVE_STEPS, FARTHEST = 48, 10
"""Points of the curve of people within, and places that are farthest."""
TINTED_PLACES = 20_000
"""From more settlements on circles are one grey: the map of the answer tints townships by the share beyond."""
WITHIN, BEYOND, FAR, UNKNOWN = range(4)
"""Codes of places on these maps: within, beyond the norm, far where there is none, not known."""


def answer_block(book: PageBook, rows: Rows, files: Mapping[str, str]) -> dict[str, Any] | None:
    """Gather the answer as index and fact sheet show it, `files` leading to pages; None where the summary has none."""
    answer = book.summary.get("answer")
    if answer is None:
        return None
    plans = book.plans
    findings, matrix = answer["findings"], answer["matrix"]
    heads = {each["norm_id"]: each for each in (*findings, *(matrix["columns"] if matrix else ()))}
    services = [service for service in answer["services"] if service["service"] in book.files][:SHOWN]
    # The finding on how far each of these services is, if there is one.
    far = {finding["service"]: finding for finding in reversed(findings) if not finding["is_presence"]}
    asked = [far.get(service["service"]) for service in services]
    halves = []
    for service, finding in zip(services, asked, strict=True):
        half = {"value": service["median_min"], "unit": "min"}
        if finding is not None:
            half = {"value": None, "unit": finding["unit"]}
            results = book.norms.results(finding["norm_id"], rows)
            if results is not None:
                # Within how far half of those are about whom the norm asks; nothing where half of them reach nothing.
                judged = results.loc[results["status_as_mapped"].isin(["met", "not_met"])]
                value = judged["value"].fillna(np.inf).to_numpy(dtype=np.float64)
                weight = judged[f"{finding['counted']}_in_scope"].fillna(0.0).to_numpy(dtype=np.float64)
                middle = weighted_quantile(value, weight, 0.5) if weight.sum() > 0.0 else np.inf
                half["value"] = middle if np.isfinite(middle) else None
        halves.append(half)
    plan = first_plan(answer, plans)
    reach = reach_curve(book, rows, answer)
    texts = {
        words.language: {
            **(reach_titles(reach, answer, words) if reach else {}),
            "title": answer_title(answer, words),
            "lead": answer_lead(answer, words),
            "lines": answer_lines(answer, plans, words),
            "heads": dict(zip(heads, head_texts(heads.values(), words), strict=True)),
            "services": [
                service_texts(*told, words) | {"name": capital(service_text(told[0], words))}
                for told in zip(services, asked, halves, strict=True)
            ],
            "first": [
                [
                    # Two norms of one service and limit may say the same.
                    [*dict.fromkeys(over_text(each, heads[each["norm_id"]], words) for each in (place, *place["also"]))]
                    for place in finding["first"]
                ]
                for finding in findings
            ],
        }
        for words in map(Words, book.words)
    }
    at_of = {str(name): at for at, name in enumerate(rows.ids)}
    tiers = dict(zip(rows.ids.astype(str), rows.settlements["tier"].astype(str), strict=True))
    of_column = ("norm_id", "gate", "is_presence", "is_silent", "stat_unit", "scope")
    kept = ("norm_id", "service", "counted", "is_presence", "threshold", "unit", "stat_unit", "persons", "places")
    return {
        "texts": texts,
        "findings": [
            {name: finding[name] for name in kept}
            | {
                "file": files.get(finding["service"]),
                "first": [
                    {name: place[name] for name in ("settlement_id", "names", "township_names", "persons")}
                    | {"at": at_of.get(place["settlement_id"]), "tier": tiers.get(place["settlement_id"])}
                    for place in finding["first"]
                ],
            }
            for finding in findings
        ],
        "matrix": matrix and matrix | {
            "columns": [{name: head.get(name, False) for name in of_column} for head in matrix["columns"]]
        },
        "villages": answer["villages"],
        "services": [
            {
                "service": service["service"],
                "mode": service["mode"],
                "is_asked": finding is not None,
                "far_min": service["far_min"],
                "file": files.get(service["service"]),
            }
            for service, finding in zip(services, asked, strict=True)
        ],
        "plan": None if plan is None else plan["plan_id"],
        "reach": reach,
    }  # fmt: skip


def answer_map(book: PageBook, rows: Rows, block: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the ground, and where each place stands to each finding and service of `answer_block`."""
    frame = gpd.GeoDataFrame({"township": rows.settlements.get("township_id")}, geometry=rows.settlements.geometry)
    told = block or {"findings": (), "services": ()}
    findings = [standing(book, rows, finding["norm_id"]) for finding in told["findings"]]
    # To a service a place stands as to the norm that asks for it, else by what is far of it.
    far = {
        finding["service"]: stands
        for finding, stands in zip(reversed(told["findings"]), reversed(findings), strict=True)
        if not finding["is_presence"]
    }
    services = []
    for service in told["services"]:
        stands = far.get(service["service"])
        if stands is None:
            access = rows.align(book.access(service["service"], service["mode"]))
            minutes = access["travel_time_min"].fillna(np.inf)
            is_unknown = access["reach_status"].fillna("unknown").eq("unknown")
            stands = np.select([is_unknown, minutes <= service["far_min"]], [UNKNOWN, WITHIN], FAR)
        services.append(stands)
    return drawn_ground(book, rows, {"settlement": frame}) | {
        "is_tinted": len(rows.ids) > TINTED_PLACES,
        "persons": pack(rows.settlements["population_persons"], "f4"),
        "findings": [pack(stands, "u1") for stands in findings],
        "services": [pack(stands, "u1") for stands in services],
    }


def reach_curve(book: PageBook, rows: Rows, answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Say how many are within how far of what is too far for some, or first told, and who is farthest; else None."""
    finding = next((each for each in answer["findings"] if not each["is_presence"]), None)
    places = rows.settlements
    known = places["population_persons"].to_numpy(dtype=np.float64)
    persons = np.nan_to_num(known)
    if finding is not None:
        results = book.norms.results(finding["norm_id"], rows)
        if results is None:
            return None
        asked = results["status_as_mapped"].isin(["met", "not_met"]).to_numpy()
        value, unit, limit = results["value"].to_numpy(dtype=np.float64), finding["unit"], finding["threshold"]
        service, mode, counted = finding["service"], finding["mode"], finding["counted"]
        ways = [(service, each) for each in ([mode] if mode in book.meta.modes else book.meta.modes)]
        statuses = [rows.align(book.access(*way))["reach_status"] for way in ways if way in book.ways]
        # A norm on children counts children: whom it asks about, and nobody else.
        persons = np.nan_to_num(results["persons_in_scope"].to_numpy(dtype=np.float64))
    elif answer["services"]:
        service, mode, counted = (answer["services"][0][name] for name in ("service", "mode", "counted"))
        access = rows.align(book.access(service, mode))
        asked = access["reach_status"].fillna("unknown").ne("unknown").to_numpy()
        value, unit, limit = access["travel_time_min"].to_numpy(dtype=np.float64), "min", None
        statuses = [access["reach_status"]]
    else:
        return None
    reached = asked & np.isfinite(value)
    # Of one place there is no half, and none that is farthest.
    if not reached.any() or asked.sum() < 2:
        return None
    is_asked = finding is not None and finding["share_of"] == counted and not finding["target_share_is_assumed"]
    target = finding["target_share"] if finding is not None and is_asked else None
    weight = persons if counted == "persons" else np.ones(len(places))
    steps = np.linspace(0.0, np.ceil(value[reached].max()), CURVE_STEPS + 1)
    if limit is not None:
        steps = np.unique(np.append(steps, limit))
    order = np.lexsort((rows.ids.astype(str), -np.where(reached, value, -np.inf)))[: min(FARTHEST, int(reached.sum()))]
    lost = asked & ~reached
    # There may be a way that is longer than was searched.
    is_further = lost & np.any([(status == "beyond_cutoff").to_numpy() for status in statuses], axis=0)
    return {
        "norm_id": None if finding is None else finding["norm_id"],
        "service": service,
        "mode": mode,
        "counted": counted,
        "unit": unit,
        "threshold": limit,
        "target": target,
        "all": float(weight[asked].sum()),
        **({"is_partly": True} if counted == "persons" and people_withheld(places).any() else {}),
        "curve": [[float(step), float(weight[reached & (value <= step)].sum())] for step in steps],
        "median": plain(weighted_quantile(np.where(reached, value, np.inf)[asked], weight[asked], 0.5)),
        "searched": {"places": int(is_further.sum())},
        "no_way": {"places": int((lost & ~is_further).sum())},
        "farthest": [
            {"at": row, "names": names_of(places.loc[row].to_dict()), "value": float(value[row])}
            | {"persons": plain(known[row])}
            for row in order.tolist()
        ],
    }


def standing(book: PageBook, rows: Rows, norm_id: str) -> npt.NDArray[np.intp]:
    """Code where each settlement stands to a norm, as mapped."""
    results = book.norms.results(norm_id, rows)
    if results is None:
        return np.full(len(rows.ids), UNKNOWN)
    status = results["status_as_mapped"]
    return np.select([status == "not_met", status == "met"], [BEYOND, WITHIN], UNKNOWN)


MAP_PX = 1200
"""Lines of the ground may leave the true ones by one part in so many of the map's width."""


def drawn_ground(
    book: PageBook, rows: Rows, points: Mapping[str, gpd.GeoDataFrame], *, closer: float = 1.0
) -> dict[str, Any]:
    """Gather the ground of a small map, with minor roads where ``closer`` than the whole study, and points by level."""
    if ("drawn ground", closer) not in book.kept:
        box = shown_box(book, rows)
        (south, west), (north, east) = box["bounds"]
        tolerance_m = METRES_A_DEGREE * max(north - south, east - west) / MAP_PX / closer
        seats = rows.settlements.loc[rows.settlements["tier"] == "county_seat"]
        places = shapely.get_coordinates(seats.geometry.to_crs(degrees_drawn(seats.crs)).to_numpy())
        # All minor roads of a country are more than one page can draw.
        minor = closer > 1.0 and len(rows.ids) <= MANY_SETTLEMENTS
        base = ground(book.tables, tolerance_m=round(tolerance_m, 1), minor=minor, kept=book.kept)
        book.kept["drawn ground", closer] = {
            **box,
            # A small map has no room for the numbers of roads.
            "base": [group for group in base if "lines" in group],
            "relief": relief_shown(book, rows),
            "seats": [
                {"at": np.round(at, 5).tolist(), "names": names_of(row), "place": place}
                for at, place, row in zip(places, seats.index, pd.DataFrame(seats).to_dict("records"), strict=True)
            ],
        }
    shared: dict[str, Any] = book.kept["drawn ground", closer]
    known = sorted(set().union(*(frame["township"].dropna() for frame in points.values())))
    names = unit_names(book.tables)
    return shared | {
        "townships": [names.get(str(unit), {}) for unit in known],
        "township_ids": known,
        "points": {
            level: {**pack_points(frame.geometry), "township": pack(codes(frame["township"], known), "i4")}
            for level, frame in points.items()
        },
    }


CLOSER = 4.0
"""A township is drawn about so many times larger than the study."""


def township_page(book: PageBook, rows: Rows) -> bytes | None:
    """Write the sheets of all townships as one page; None where no township is known or no norm fails."""
    matrix = (book.summary.get("answer") or {}).get("matrix")
    if matrix is None:
        return None
    columns = matrix["columns"]
    norms = {norm["id"]: norm for norm in book.norms.norms}
    bearers = [str(norms.get(column["norm_id"], {}).get("duty_bearer") or "") for column in columns]
    plans = [plan for plan in book.plans if plan["actions"] and plan["question"] != "unit_sites"]
    texts = {
        words.language: {
            "heads": head_texts(columns, words),
            "plans": [plan_title(plan, words) for plan in plans],
            # Who must act by the text of a norm; empty where it does not say.
            "duties": [bearer and words.say("duty_bearer", bearer) for bearer in bearers],
        }
        for words in map(Words, book.words)
    }
    # The value of each settlement, and where it stands to the norm; None for a norm on no settlement.
    stands = [
        {
            "value": pack(round_up(results["value"], (column["threshold"],)), "f4"),
            "code": pack(standing(book, rows, column["norm_id"]), "u1"),
        }
        if (results := book.norms.results(column["norm_id"], rows)) is not None
        else None
        for column in columns
    ]
    # What a plan does to each settlement: its value with it, whether it is gained by it, and of how many it counts.
    done = []
    for plan in plans:
        people = pd.DataFrame(book.tables["plan_people"])
        own = people.loc[(people["plan_id"] == plan["plan_id"]) & (people["unit_level"] == "settlement")]
        found = rows.align(own, ("after_value", "outcome", "persons"), key="unit_id")
        done.append(
            {
                "plan_id": plan["plan_id"],
                "norm_id": plan["norm_id"],
                "stat_unit": plan["stat_unit"],
                "scope": plan["scope"],
                "after": pack(round_up(found["after_value"], (plan["threshold"],)), "f4"),
                "gained": pack(np.where(found["outcome"] == "gained", 1, 0), "u1"),
                "persons": pack(found["persons"], "f4"),
            }
        )
    frame = gpd.GeoDataFrame({"township": rows.settlements.get("township_id")}, geometry=rows.settlements.geometry)
    of_column = ("norm_id", "gate", "is_presence", "is_silent", "stat_unit", "scope", "unit", "threshold")
    data = study_block(book, rows, more_words=("township.", "drawing.", "answer.")) | {
        "texts": texts,
        "columns": [{name: column.get(name, False) for name in of_column} for column in columns],
        "rows": matrix["rows"],
        "names": names_block(rows.settlements),
        "persons": pack(rows.settlements["population_persons"], "f4"),
        "standing": stands,
        "plans": done,
        "map": drawn_ground(book, rows, {"settlement": frame}, closer=CLOSER),
        "plan_file": PLAN_FILE,
    }
    return page_document(data, "townships")


# What to do first: actions to begin with, and the page of plans with a map of today and one with the plan.

NAMED = 3
"""Places that the small map of an action names."""


def plan_page(book: PageBook, rows: Rows) -> bytes:
    """Write the page of all plans, the first one that could be drawn in front."""
    # Of other plans the page tells names alone, in each language.
    kept = ("option", "gained", "length_km", "share_after")
    told = [
        record
        | {
            "texts": _texts(record, book),
            "options": [{key: option.get(key) for key in kept} for option in record["options"]],
        }
        for record in book.plans
    ]
    progress = progress_records(book.tables)
    named = {record["norm_id"] for record in (*book.plans, *progress)}
    data = study_block(book, rows, more_words=("plan.", "view.", "mine.", "drawing.")) | {
        "plans": told,
        "progress": progress,
        "norms": {norm["id"]: norm for norm in book.norms.norms if norm["id"] in named},
        "map": _map_block(book, rows, [record for record in book.plans if record["actions"]]),
        "file": PLAN_FILE,
    }
    return page_document(data, "plan")


def actions_block(book: PageBook, rows: Rows) -> list[dict[str, Any]]:
    """Gather the actions to begin with: in words, with whom each gains, its lines, and the places that it gains."""
    answer = book.summary.get("answer") or {"findings": (), "watched": ()}
    people, found, chosen = pd.DataFrame(book.tables.get("plan_people", ())), [], first_actions(answer, book.plans)
    lines = {plan["plan_id"]: _shapes(book, plan) for plan, _ in chosen}
    persons = rows.settlements["population_persons"]
    for plan, at in chosen:
        action = plan["actions"][at]
        own = people.loc[(people["plan_id"] == plan["plan_id"]) & (people["outcome"] == "gained")]
        own = own.loc[own["action_id"] == action["action_id"]]
        # Of a township that gains, all its places do.
        key = "settlement_id" if set(own["unit_level"]) <= {"settlement"} else "township_id"
        gained = np.flatnonzero(rows.settlements[key].isin(own["unit_id"]))
        named = sorted(gained.tolist(), key=lambda row: (-persons.fillna(0.0)[row], str(rows.ids[row])))[:NAMED]
        texts, long = {}, action.get("length_km")
        for words in map(Words, book.words):
            # Say how long an action is, whether it crosses water, in which township it lies, and who has to act.
            told = action_details(plan, action, words)
            texts[words.language] = {
                "what": _said(action, words, service_text(plan, words)),
                "gain": gain_text(plan, action, words),
                "facts": [
                    *([words.measure(long, "km", decimals=int(long < 10.0))] if long else []),
                    *([words.say("plan", "bridge")] if action.get("crosses_water") is True else []),
                    *filter(None, [pick(action["township_names"], words.language)]),
                    *(told[name] for name in ("responsible", "cost") if name in told),
                ],
            }
        found.append(
            {
                "plan_id": plan["plan_id"],
                "norm_id": plan["norm_id"],
                "norm": {name: plan[name] for name in ("stat_unit", "scope")},
                "of": len(plan["actions"]),
                "shown": action["shown"],
                "texts": texts,
                "lines": lines[plan["plan_id"]][at],
                "gained": gained.tolist(),
                "named": [{"at": row, "names": names_of(rows.settlements.loc[row].to_dict())} for row in named],
            }
        )
    return found


def _said(action: Record, words: Words, service: str = "") -> str:
    """Say an action; of a site for what it is, where the page does not say so."""
    where = place_name(action, words)
    if service and action["action"] == "open_site":
        return capital(words.say("plan_action", "site_for", service=service, where=where))
    return capital(action_text(action, where, words))


def _texts(record: Record, book: PageBook) -> dict[str, dict[str, Any]]:
    """Say by language whatever a sentence of Python says better than one of the page."""
    shown = record["shown"][record["counted"]]
    return {
        words.language: {
            "title": plan_title(record, words),
            "service": service_text(record, words),
            "reach": reach_text(record, words),
            "actions": [_said(action, words) for action in record["actions"]],
            "details": [action_details(record, action, words) for action in record["actions"]],
            "options": [
                {side: [place_name(place, words) for place in option[side]] for side in ("instead", "not")}
                for option in record["options"]
            ],
            "doubt": doubt_text(record, words),
            "cost": cost_text(record, words),
            "further": further_sentences(record, words),
            # What the parts of a plan of several services are called and cost; none for a plan of its own.
            "together": together_money(record, words)
            | {
                "parts": [
                    {"service": service_text(part, words)}
                    | ({} if part["cost"] is None else {"cost": money_text(part["cost"], record, words)})
                    for part in record["parts"]
                ]
            }
            if record.get("parts")
            else None,
            "amounts": {side: amount_text(record, shown[side], words) for side in (*SIDES, "today")}
            | {"beyond": left_text(record, words)},
        }
        for words in map(Words, book.words)
    }


def settle_page(book: PageBook, rows: Rows) -> bytes:
    """Write the page of where to settle: what each place offers, to be held against what a firm needs."""
    profile = pd.DataFrame(book.tables["site_profile"])
    places = profile.drop_duplicates("place_id")[["place_id", "place_kind", "name"]]
    places = places.iloc[id_order(places["place_id"])]
    named = names_of_places(book.tables, places["place_id"])
    township_of = rows.settlements.set_index("settlement_id").get("township_id", pd.Series(dtype=object))
    told = {word: dict(book.names(word.removesuffix("_min"))) for word in profile["measure"].unique()}
    spoken = {
        language: Words(language, names={word.removesuffix("_min"): by.get(language, "") for word, by in told.items()})
        for language in book.words
    }
    measures = []
    for measure, part in profile.groupby("measure", sort=False):
        own = part.set_index("place_id").reindex(places["place_id"])
        measures.append(
            {
                "key": measure,
                "titles": {language: profile_title(str(measure), words) for language, words in spoken.items()},
                "values": [plain(value) for value in own["value"]],
                "status": own["status"].tolist(),
            }
        )
    data = study_block(book, rows, more_words=("settle.", "profile_kind.", "profile_status.", "plan.csv")) | {
        "mode": profile["mode"].iloc[0],
        "places": [
            # The township tells places of one name apart.
            {
                "id": place,
                "kind": kind,
                "names": named.get(place) or {"und": plain(name) or place},
                "township_names": named.get(str(township_of.get(place)), {}),
            }
            for place, kind, name in places.itertuples(index=False)
        ],
        "measures": measures,
    }
    return page_document(data, "settle")


# The maps: settlements, or townships where the norm is about these, with what becomes of each in every plan.


def _map_block(book: PageBook, rows: Rows, records: Sequence[Record]) -> dict[str, Any] | None:
    if not records:
        return None
    tables, settlements = book.tables, rows.settlements
    frames = {
        "settlement": gpd.GeoDataFrame(
            {"unit_id": settlements["settlement_id"], "township": settlements.get("township_id")},
            geometry=settlements.geometry,
        ),
        "township": _township_points(settlements),
    }
    people = pd.DataFrame(tables["plan_people"])
    levels = people.groupby("plan_id")["unit_level"].first()
    used = {str(levels[record["plan_id"]]) for record in records}
    drawn = drawn_ground(book, rows, {level: frame for level, frame in frames.items() if level in used})
    plans = {}
    for record in records:
        level = str(levels[record["plan_id"]])
        own = people.loc[people["plan_id"] == record["plan_id"]].set_index("unit_id")
        own = own.reindex(frames[level]["unit_id"])
        plans[record["plan_id"]] = {
            "level": level,
            "outcome": pack_words(own["outcome"], PLAN_OUTCOME),
            "persons": pack(own["persons"], "f4"),
            "shapes": _shapes(book, record),
            "stops": _stops(book, rows, record),
        }
    return drawn | {"outcomes": list(PLAN_OUTCOME), "plans": plans}


def _shapes(book: PageBook, record: Record) -> list[list[Any]]:
    """Give the lines of each action, in degrees; a site is a line of one point."""
    frame = book.shapes("plan_actions")
    own = frame.loc[frame["plan_id"] == record["plan_id"]].sort_values("step", kind="stable")
    return [
        [np.round(shapely.get_coordinates(part), 5).tolist() for part in shapely.get_parts(shape)]
        for shape in own.geometry.to_crs(degrees_drawn(own.crs))
    ]


def _stops(book: PageBook, rows: Rows, record: Record) -> list[list[float]]:
    """Give where a mobile service stops, in degrees, with the day, by day and in order."""
    if "plan_stops" not in book.tables:
        return []
    stops = pd.DataFrame(book.tables["plan_stops"])
    own = stops.loc[stops["plan_id"] == record["plan_id"]].sort_values(["day", "order"])
    places = rows.settlements.set_index("settlement_id").geometry
    where = places.to_crs(degrees_drawn(places.crs)).reindex(own["settlement_id"])
    degrees = gpd.GeoSeries(where).get_coordinates().round(5).to_numpy().tolist()
    return [[*at, day] for at, day in zip(degrees, own["day"].tolist(), strict=True)]


def _township_points(settlements: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put each township where most of its people live: in its largest settlement."""
    if "township_id" not in settlements:
        return gpd.GeoDataFrame({"unit_id": [], "township": []}, geometry=[], crs=settlements.crs)
    order = ["population_persons", "settlement_id"]
    largest = settlements.dropna(subset="township_id").sort_values(order, ascending=[False, True], kind="stable")
    largest = largest.drop_duplicates("township_id").sort_values("township_id")
    unit = largest["township_id"].to_numpy()
    return gpd.GeoDataFrame(
        {"unit_id": unit, "township": unit}, geometry=largest.geometry.to_numpy(), crs=settlements.crs
    )
