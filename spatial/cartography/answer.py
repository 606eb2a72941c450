"""What the index answers first: sentences, a map, townships against norms, villages by name, and service by service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from spatial.cartography.document import pack
from spatial.cartography.drawing import drawn_ground
from spatial.messages import Words
from spatial.reporting.answer_text import answer_lines, answer_title, first_plan, head_text, over_text
from spatial.reporting.plan_text import capital, service_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from spatial.cartography.page_data import PageBook, Rows

SHOWN = 8
"""Services of which the index draws a map each."""
LIMIT_MIN = 30.0
"""Minutes beyond which a place is drawn dark where no norm asks for the service."""
WITHIN, BEYOND, FAR, UNKNOWN = range(4)
"""Codes of places on these maps: within, beyond the norm, beyond `LIMIT_MIN` where there is none, not known."""


def answer_block(book: PageBook, rows: Rows, files: Mapping[str, str]) -> dict[str, Any] | None:
    """
    Gather the answer as the index shows it; None where the summary has none.

    ``files`` leads from services to their pages.
    """
    answer = book.summary.get("answer")
    if answer is None:
        return None
    plans = book.plans
    findings, matrix = answer["findings"], answer["matrix"]
    heads = {each["norm_id"]: each for each in (matrix["columns"] if matrix else findings)}
    services = [service for service in answer["services"] if service["service"] in book.files][:SHOWN]
    plan = first_plan(answer, plans)
    texts = {}
    for language in book.words:
        words = Words(language)
        texts[language] = {
            "title": answer_title(answer, words),
            "lines": answer_lines(answer, plans, words),
            "heads": {name: head_text(head, words) for name, head in heads.items()},
            "services": [capital(service_text(service, words)) for service in services],
            "first": [
                [
                    [over_text(each, heads[each["norm_id"]], words) for each in (place, *place["also"])]
                    for place in finding["first"]
                ]
                for finding in findings
            ],
        }
    frame = gpd.GeoDataFrame({"township": rows.settlements.get("township_id")}, geometry=rows.settlements.geometry)
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
            {name: service[name] for name in ("service", "mode", "counted", "all", "median_min", "within")}
            | {"file": files.get(service["service"])}
            for service in services
        ],
        "plan": None if plan is None else plan["plan_id"],
        "map": drawn_ground(book, rows, {"settlement": frame})
        | {
            "persons": pack(rows.settlements["population_persons"], "f4"),
            "findings": [pack(standing(book, rows, finding["norm_id"]), "u1") for finding in findings],
            "services": [pack(_reached(book, rows, service, findings), "u1") for service in services],
        },
    }  # fmt: skip


def standing(book: PageBook, rows: Rows, norm_id: str) -> npt.NDArray[np.intp]:
    """Code where each settlement stands to a norm, as mapped."""
    results = book.norms.results(norm_id, rows)
    if results is None:
        return np.full(len(rows.ids), UNKNOWN)
    status = results["status_as_mapped"]
    return np.select([status == "not_met", status == "met"], [BEYOND, WITHIN], UNKNOWN)


def _reached(
    book: PageBook, rows: Rows, service: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]
) -> npt.NDArray[np.intp]:
    """Code where each settlement stands to a service: by its norm, else by `LIMIT_MIN`."""
    for finding in findings:
        if finding["service"] == service["service"] and not finding["is_presence"]:
            return standing(book, rows, finding["norm_id"])
    access = rows.align(book.access[service["service"], service["mode"]], key="settlement_id")
    minutes = access["travel_time_min"].fillna(np.inf)
    is_unknown = access["reach_status"].isin(["unknown", "not_snapped"]) | access["reach_status"].isna()
    return np.select([is_unknown, minutes <= LIMIT_MIN], [UNKNOWN, WITHIN], FAR)
