"""A sheet for each township: its map, its villages by name, the norms met and not, and what plans do there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.cartography.answer import standing
from spatial.cartography.document import TOWNSHIPS, pack, page_document, round_up
from spatial.cartography.drawing import drawn_ground
from spatial.cartography.page_data import PLAN_FILE, study_block
from spatial.cartography.places import names_block
from spatial.messages import Words
from spatial.reporting.answer_text import head_text
from spatial.reporting.plan_text import plan_title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.cartography.page_data import PageBook, Rows

CLOSER = 4.0
"""A township is drawn about so many times larger than the study."""


def township_page(book: PageBook, rows: Rows) -> bytes | None:
    """Write the sheets of all townships as one page; None where no township is known or no norm fails."""
    matrix = (book.summary.get("answer") or {}).get("matrix")
    if matrix is None:
        return None
    columns = matrix["columns"]
    norms = {norm["id"]: norm for norm in book.norms.norms}
    plans = [plan for plan in book.plans if plan["actions"] and plan["question"] != "unit_sites"]
    texts = {}
    for language in book.words:
        words = Words(language)
        texts[language] = {
            "heads": [head_text(column, words) for column in columns],
            "plans": [plan_title(dict(plan), words) for plan in plans],
            "duties": [_duty(norms.get(column["norm_id"], {}), words) for column in columns],
        }
    frame = gpd.GeoDataFrame({"township": rows.settlements.get("township_id")}, geometry=rows.settlements.geometry)
    of_column = ("norm_id", "norm_class", "is_presence", "is_silent", "stat_unit", "unit", "threshold")
    data = study_block(book, rows, more_words=("township.", "drawing.", "answer.")) | {
        "texts": texts,
        "columns": [{name: column.get(name, False) for name in of_column} for column in columns],
        "rows": matrix["rows"],
        "names": names_block(rows.settlements),
        "persons": pack(rows.settlements["population_persons"], "f4"),
        "standing": [_column(book, rows, column) for column in columns],
        "plans": [_plan(book, rows, plan) for plan in plans],
        "map": drawn_ground(book, rows, {"settlement": frame}, closer=CLOSER),
        "plan_file": PLAN_FILE,
    }
    return page_document(data, title=book.title, language=book.language, parts=TOWNSHIPS)


def _duty(norm: Mapping[str, Any], words: Words) -> str:
    """Name who must act by the text of a norm; empty where it does not say."""
    bearer = str(norm.get("duty_bearer") or "")
    return words.say("duty_bearer", bearer) if bearer else ""


def _column(book: PageBook, rows: Rows, column: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the value of each settlement, and where it stands to the norm; None for a norm on no settlement."""
    results = book.norms.results(column["norm_id"], rows)
    if results is None:
        return None
    value = round_up(results["value"], (column["threshold"],))
    return {"value": pack(value, "f4"), "code": pack(standing(book, rows, column["norm_id"]), "u1")}


def _plan(book: PageBook, rows: Rows, plan: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a plan does to each settlement: its value with it, and whether it is gained by it."""
    people = pd.DataFrame(book.tables["plan_people"])
    own = people.loc[(people["plan_id"] == plan["plan_id"]) & (people["unit_level"] == "settlement")]
    found = rows.align(own, ("after_value", "outcome"), key="unit_id")
    return {
        "plan_id": plan["plan_id"],
        "norm_id": plan["norm_id"],
        "after": pack(round_up(found["after_value"], (plan["threshold"],)), "f4"),
        "gained": pack(np.where(found["outcome"] == "gained", 1, 0), "u1"),
    }
