"""What the index answers first: sentences, maps, villages by name, service by service; a sheet for each township."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.access.summaries import weighted_quantile
from spatial.cartography.basemap import METRES_A_DEGREE, ground, pack_points, relief_shown
from spatial.cartography.document import codes, names_block, pack, page_document, round_up
from spatial.cartography.page_data import PLAN_FILE, PageBook, Rows, shown_bounds, study_block
from spatial.crs import WGS84
from spatial.messages import Words
from spatial.reporting.answer import (
    answer_lead,
    answer_lines,
    answer_title,
    curve_title,
    farthest_title,
    first_plan,
    head_text,
    over_text,
    service_texts,
)
from spatial.reporting.plan_text import capital, plan_title, service_text
from spatial.reporting.plans import unit_names
from spatial.reporting.wording import names_of, plain
from spatial.study.access import MANY_SETTLEMENTS

if TYPE_CHECKING:
    import numpy.typing as npt


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
    heads = {each["norm_id"]: each for each in (matrix["columns"] if matrix else findings)}
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
    texts, reach = {}, reach_curve(book, rows, answer)
    for language in book.words:
        words = Words(language)
        texts[language] = {
            **({"curve": curve_title(reach, answer, words), "farthest": farthest_title(reach, words)} if reach else {}),
            "title": answer_title(answer, words),
            "lead": answer_lead(answer, words),
            "lines": answer_lines(answer, plans, words),
            "heads": {name: head_text(head, words) for name, head in heads.items()},
            "services": [
                service_texts(*told, words) | {"name": capital(service_text(told[0], words))}
                for told in zip(services, asked, halves, strict=True)
            ],
            "first": [
                [
                    [over_text(each, heads[each["norm_id"]], words) for each in (place, *place["also"])]
                    for place in finding["first"]
                ]
                for finding in findings
            ],
        }
    at_of = {str(name): at for at, name in enumerate(rows.ids)}
    of_column = ("norm_id", "norm_class", "is_presence", "is_silent", "stat_unit")
    kept = ("norm_id", "service", "counted", "is_presence", "threshold", "unit", "persons", "places")
    return {
        "texts": texts,
        "findings": [
            {name: finding[name] for name in kept}
            | {
                "file": files.get(finding["service"]),
                "first": [
                    {name: place[name] for name in ("settlement_id", "names", "township_names", "persons")}
                    | {"at": at_of.get(place["settlement_id"])}
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
            is_unknown = access["reach_status"].isin(["unknown", "not_snapped"]) | access["reach_status"].isna()
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
        # A norm on children counts children: whom it asks about, and nobody else.
        persons = np.nan_to_num(results["persons_in_scope"].to_numpy(dtype=np.float64))
    elif answer["services"]:
        service, mode, counted = (answer["services"][0][name] for name in ("service", "mode", "counted"))
        access = rows.align(book.access(service, mode))
        asked = (~access["reach_status"].isin(["unknown", "not_snapped"]) & access["reach_status"].notna()).to_numpy()
        value, unit, limit = access["travel_time_min"].to_numpy(dtype=np.float64), "min", None
    else:
        return None
    reached = asked & np.isfinite(value)
    if not reached.any():
        return None
    is_asked = finding is not None and finding["share_of"] == counted and not finding["target_share_is_assumed"]
    target = finding["target_share"] if finding is not None and is_asked else None
    weight = persons if counted == "persons" else np.ones(len(places))
    steps = np.linspace(0.0, np.ceil(value[reached].max()), CURVE_STEPS + 1)
    if limit is not None:
        steps = np.unique(np.append(steps, limit))
    order = np.lexsort((rows.ids.astype(str), -np.where(reached, value, -np.inf)))[: min(FARTHEST, int(reached.sum()))]
    lost = asked & ~reached
    return {
        "norm_id": None if finding is None else finding["norm_id"],
        "service": service,
        "mode": mode,
        "counted": counted,
        "unit": unit,
        "threshold": limit,
        "target": target,
        "all": float(weight[asked].sum()),
        "curve": [[float(step), float(weight[reached & (value <= step)].sum())] for step in steps],
        "median": plain(weighted_quantile(np.where(reached, value, np.inf)[asked], weight[asked], 0.5)),
        "no_way": {"places": int(lost.sum())},
        "farthest": [
            {"names": names_of(places.loc[row].to_dict()), "value": float(value[row]), "persons": plain(known[row])}
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
        bounds = shown_bounds(book, rows)
        (south, west), (north, east) = bounds
        tolerance_m = METRES_A_DEGREE * max(north - south, east - west) / MAP_PX / closer
        seats = rows.settlements.loc[rows.settlements["tier"] == "county_seat"]
        places = shapely.get_coordinates(seats.geometry.to_crs(WGS84).to_numpy())
        # All minor roads of a country are more than one page can draw.
        minor = closer > 1.0 and len(rows.ids) <= MANY_SETTLEMENTS
        base = ground(book.tables, tolerance_m=round(tolerance_m, 1), minor=minor, kept=book.kept)
        book.kept["drawn ground", closer] = {
            "middle": [round((south + north) / 2, 5), round((west + east) / 2, 5)],
            "bounds": bounds,
            # A small map has no room for the numbers of roads.
            "base": [group for group in base if "lines" in group],
            "relief": relief_shown(book, rows),
            "seats": [
                {"at": np.round(at, 5).tolist(), "names": names_of(row)}
                for at, row in zip(places, pd.DataFrame(seats).to_dict("records"), strict=True)
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
    texts = {}
    for language in book.words:
        words = Words(language)
        texts[language] = {
            "heads": [head_text(column, words) for column in columns],
            "plans": [plan_title(dict(plan), words) for plan in plans],
            # Who must act by the text of a norm; empty where it does not say.
            "duties": [bearer and words.say("duty_bearer", bearer) for bearer in bearers],
        }
    # The value of each settlement, and where it stands to the norm; None for a norm on no settlement.
    stands: list[dict[str, Any] | None] = []
    for column in columns:
        results = book.norms.results(column["norm_id"], rows)
        stands.append(
            results
            if results is None
            else {
                "value": pack(round_up(results["value"], (column["threshold"],)), "f4"),
                "code": pack(standing(book, rows, column["norm_id"]), "u1"),
            }
        )
    # What a plan does to each settlement: its value with it, and whether it is gained by it.
    done = []
    for plan in plans:
        people = pd.DataFrame(book.tables["plan_people"])
        own = people.loc[(people["plan_id"] == plan["plan_id"]) & (people["unit_level"] == "settlement")]
        found = rows.align(own, ("after_value", "outcome"), key="unit_id")
        done.append(
            {
                "plan_id": plan["plan_id"],
                "norm_id": plan["norm_id"],
                "after": pack(round_up(found["after_value"], (plan["threshold"],)), "f4"),
                "gained": pack(np.where(found["outcome"] == "gained", 1, 0), "u1"),
            }
        )
    frame = gpd.GeoDataFrame({"township": rows.settlements.get("township_id")}, geometry=rows.settlements.geometry)
    of_column = ("norm_id", "norm_class", "is_presence", "is_silent", "stat_unit", "unit", "threshold")
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
    return page_document(data, title=book.title, language=book.language, page="townships")
