"""The fact sheet of a study: one printed page with both numbers of each pillar, gates, norms and how sure they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.cartography.book import PageBook, study_block
from spatial.cartography.document import FACT_SHEET, plain_document
from spatial.cartography.parts import parts_of
from spatial.cartography.scores import score_block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.cartography.rows import Rows

__all__ = ["fact_sheet_page", "most_to_gain", "surely_last"]

NORMS = 3
Entry = dict[str, Any]


def fact_sheet_page(book: PageBook, rows: Rows, *, title: str) -> bytes:
    """Write the page."""
    score = score_block(book)
    townships = score["townships"]
    parts = parts_of(book.tables, book.meta.modes[0])
    study = {key: value for key, value in score.items() if key not in ("townships", "towns", "alike")}
    data = study_block(book, rows) | {
        "score": study,
        "headlines": [norm for norm in book.norms.norms if norm["headline"]][:NORMS],
        "townships": len(townships),
        "gains": _in_doubt(most_to_gain(townships, parts), score),
        "parts": len(set(parts.values())),
        "last": surely_last(townships) if len(set(parts.values())) < 2 else None,
        "settlements": len(rows.ids),
        "persons": float(rows.settlements["population_persons"].sum()) if rows.has_people else None,
    }
    data["messages"] = dict(book.words)
    return plain_document(data, title=title, language=book.language, parts=FACT_SHEET)


def _in_doubt(gains: Entry | None, score: Mapping[str, Any]) -> Entry | None:
    """Put known issues beside a township that they leave without a rank."""
    mine = [known for known in score["doubts"] if gains and gains["id"] in known["without_rank"]]
    return gains | {"doubts": mine} if gains and mine else gains


def most_to_gain(
    townships: Sequence[Mapping[str, Any]], parts: Mapping[str, int] | None = None
) -> Entry | None:
    """
    Find the township whose people would gain most if it were brought to the level of the best one of its part.

    Examples
    --------
    >>> one = {"id": "a", "names": {}, "integration_level": 0.9, "population_persons": 10.0, "places": 1}
    >>> two = {"id": "b", "names": {}, "integration_level": 0.5, "population_persons": 20.0, "places": 2}
    >>> most_to_gain([one, two])["id"]
    'b'
    """
    known = [unit for unit in townships if unit["integration_level"] is not None]
    best_of: dict[object, Mapping[str, Any]] = {}
    for unit in sorted(known, key=lambda unit: (unit["integration_level"], unit["id"])):
        best_of[_part(unit, parts)] = unit
    found = _most(known, best_of, parts, "population_persons") or _most(known, best_of, parts, "places")
    if found is None:
        return None
    counted, most, best = found
    return {
        "id": most["id"],
        "names": most["names"],
        "persons": most["population_persons"] if counted == "population_persons" else None,
        "places": most["places"],
        "level": most["integration_level"],
        "best": best["integration_level"],
        "best_id": best["id"],
        "best_names": best["names"],
    }


def _most(
    known: Sequence[Mapping[str, Any]],
    best_of: Mapping[object, Mapping[str, Any]],
    parts: Mapping[str, int] | None,
    counted: str,
) -> tuple[str, Mapping[str, Any], Mapping[str, Any]] | None:
    """Weigh what is lacking by people or by places; None where nothing is gained by it."""
    lacking = [
        (unit[counted] * (best["integration_level"] - unit["integration_level"]), unit, best)
        for unit in known
        if unit[counted] is not None and (best := best_of[_part(unit, parts)])
    ]
    gain, most, best = max(lacking, key=lambda one: (one[0], one[1]["id"]), default=(0.0, {}, {}))
    return (counted, most, best) if gain > 0.0 else None


def _part(unit: Mapping[str, Any], parts: Mapping[str, int] | None) -> object:
    return parts.get(unit["id"], unit["id"]) if parts else None


def surely_last(townships: Sequence[Mapping[str, Any]]) -> Entry | None:
    """
    Find the township that is among the last even at its best rank.

    Returns the one whose best rank is the worst, with its ranks; None where fewer than two are ranked.

    Examples
    --------
    >>> ranks = {"names": {}, "median_rank": 2.0, "high_rank": 2.0}
    >>> surely_last([{"id": "a", "low_rank": 1.0, **ranks}, {"id": "b", "low_rank": 2.0, **ranks}])["id"]
    'b'
    """
    ranked = [unit for unit in townships if unit["low_rank"] is not None]
    if len(ranked) < 2:
        return None
    last = max(ranked, key=lambda unit: (unit["low_rank"], unit["median_rank"], unit["id"]))
    return {key: last[key] for key in ("id", "names", "median_rank", "low_rank", "high_rank")}
