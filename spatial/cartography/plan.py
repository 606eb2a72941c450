"""What to do first: the page of plans, with a map of today and one with the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.places import id_order
from spatial.cartography.answer import drawn_ground
from spatial.cartography.document import pack, pack_words, page_document
from spatial.cartography.page_data import PLAN_FILE, SETTLE_FILE, PageBook, Rows, study_block
from spatial.crs import WGS84
from spatial.messages import Words
from spatial.reporting import plan_text
from spatial.reporting.answer import first_actions
from spatial.reporting.plans import SIDES, Record, names_of_places, progress_records
from spatial.reporting.wording import names_of, pick, plain, profile_title
from spatial.tables.words import PLAN_OUTCOME

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
    norms = {norm["id"]: norm for norm in book.norms.norms}
    data = study_block(book, rows, more_words=("plan.", "view.", "mine.", "drawing.", "settle.title")) | {
        "plans": told,
        "progress": progress,
        "norms": {
            record["norm_id"]: norms[record["norm_id"]]
            for record in (*book.plans, *progress)
            if record["norm_id"] in norms
        },
        "map": _map_block(book, rows, [record for record in book.plans if record["actions"]]),
        "file": PLAN_FILE,
        "settle_file": SETTLE_FILE if len(book.tables.get("site_profile", ())) else None,
    }
    return page_document(data, title=book.title, language=book.language, page="plan")


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
        texts = {}
        for language in book.words:
            words = Words(language)
            # Say how long an action is, whether it crosses water, in which township it lies, and who has to act.
            told = plan_text.action_details(plan, action, words)
            long = action.get("length_km")
            texts[language] = {
                "what": _said(action, words, plan_text.service_text(plan, words)),
                "gain": plan_text.gain_text(plan, words),
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
    where = plan_text.place_name(action, words)
    is_named = bool(service) and action["action"] == "open_site"
    text = (
        words.say("plan_action", "site_for", service=service, where=where)
        if is_named
        else plan_text.action_text(action, where, words)
    )
    return text[:1].upper() + text[1:]


def _texts(record: Record, book: PageBook) -> dict[str, dict[str, Any]]:
    """Say by language whatever a sentence of Python says better than one of the page."""
    found = {}
    for language in book.words:
        words, shown = Words(language), record["shown"][record["counted"]]
        found[language] = {
            "title": plan_text.plan_title(record, words),
            "service": plan_text.service_text(record, words),
            "reach": plan_text.reach_text(record, words),
            "actions": [_said(action, words) for action in record["actions"]],
            "details": [plan_text.action_details(record, action, words) for action in record["actions"]],
            "options": [
                {side: [plan_text.place_name(place, words) for place in option[side]] for side in ("instead", "not")}
                for option in record["options"]
            ],
            "doubt": plan_text.doubt_text(record, words),
            "cost": plan_text.cost_text(record, words),
            "further": plan_text.further_sentences(record, words),
            # What the parts of a plan of several services are called and cost; none for a plan of its own.
            "together": plan_text.together_money(record, words)
            | {
                "parts": [
                    {"service": plan_text.service_text(part, words)}
                    | ({} if part["cost"] is None else {"cost": plan_text.money_text(part["cost"], record, words)})
                    for part in record["parts"]
                ]
            }
            if record.get("parts")
            else None,
            "amounts": {side: plan_text.amount_text(record, shown[side], words) for side in (*SIDES, "today")},
        }
    return found


def settle_page(book: PageBook, rows: Rows) -> bytes:
    """Write the page of where to settle: what each place offers, to be held against what a firm needs."""
    profile = pd.DataFrame(book.tables["site_profile"])
    places = profile.drop_duplicates("place_id")[["place_id", "place_kind", "name"]]
    places = places.iloc[id_order(places["place_id"])]
    named = names_of_places(book.tables, places["place_id"])
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
    data = study_block(
        book, rows, more_words=("settle.", "profile_kind.", "profile_status.", "plan.csv", "plan.title")
    ) | {
        "plan_file": PLAN_FILE if book.plans else None,
        "mode": profile["mode"].iloc[0],
        "places": [
            {"id": place, "kind": kind, "names": named.get(place) or {"und": plain(name) or place}}
            for place, kind, name in places.itertuples(index=False)
        ],
        "measures": measures,
    }
    return page_document(data, title=book.title, language=book.language, page="settle")


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
    own = frame.loc[frame["plan_id"] == record["plan_id"]].sort_values("step", kind="stable").to_crs(WGS84)
    return [
        [np.round(shapely.get_coordinates(part), 5).tolist() for part in shapely.get_parts(shape)]
        for shape in own.geometry
    ]


def _stops(book: PageBook, rows: Rows, record: Record) -> list[list[float]]:
    """Give where a mobile service stops, in degrees, with the day, by day and in order."""
    if "plan_stops" not in book.tables:
        return []
    stops = pd.DataFrame(book.tables["plan_stops"])
    own = stops.loc[stops["plan_id"] == record["plan_id"]].sort_values(["day", "order"])
    where = rows.settlements.set_index("settlement_id").geometry.to_crs(WGS84).reindex(own["settlement_id"])
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
