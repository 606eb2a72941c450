"""The data block of the first page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.cartography.book import PageBook, study_block
from spatial.cartography.norms import gate_summary, service_note
from spatial.cartography.scores import score_answer
from spatial.cartography.sign_off import sign_off_counts
from spatial.planning.notices import namesake_texts
from spatial.planning.trials import emergency_totals, scenario_totals, served_totals
from spatial.planning.wording import languages as worded
from spatial.planning.wording import wording

if TYPE_CHECKING:
    from spatial.cartography.rows import Rows

__all__ = ["index_data"]

_ROAD_SERVICES = frozenset({"all_season_road", "all_weather_road"})
"""Names of the register that the map of the last mile answers."""


def index_data(book: PageBook, rows: Rows, pages: list[dict[str, Any]]) -> dict[str, Any]:
    """Gather what the first page shows."""
    norms = [norm | {"file": _file_of(norm["service"], book, pages)} for norm in book.norms.norms]
    opening = {norm["file"] for norm in norms if norm["headline"]}
    ranked = sorted(pages, key=lambda page: _rank(page, opening))
    return study_block(
        book, rows, more_words=("score.", "pillar.", "fact.title") if "scores" in book.tables else ()
    ) | {
        "score": score_answer(book) if "scores" in book.tables else None,
        "figures": _figures(book, rows),
        "norms": norms,
        "gate": gate_summary(norms),
        "sign_counts": sign_off_counts(book.tables["sign_off"]) if "sign_off" in book.tables else None,
        "calibration": book.summary.get("calibration"),
        "trials": _trials(book, pages),
        "pages": [page | {"first": not _rank(page, opening)[0]} for page in ranked],
        "methods": [f"about.{key}" for key in ("times", "thresholds", "as_mapped", "people")],
    }


def _trials(book: PageBook, pages: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Gather what if, response of crews and room at facilities, each with the name and the page of its service.

    ``warnings`` say by language what a scenario closes beside an open namesake.
    """
    tables = book.tables
    told = {
        "scenarios": scenario_totals(tables.get("scenario_people"), tables.get("scenario_access")),
        "emergency": emergency_totals(tables.get("emergency_people"), tables.get("emergency_response")),
        "served": served_totals(tables.get("served"), book.shapes("settlements")),
    }
    found = {}
    for name, entries in told.items():
        titles = [book.meta.scenarios.get(entry.get("scenario", ""), {}) for entry in entries]
        found[name] = [
            entry
            | {
                "names": dict(service_note(entry["service"], book.meta, book.words).names),
                "title": dict(title),
                "file": next((page["file"] for page in pages if page["service"] == entry["service"]), None),
            }
            for entry, title in zip(entries, titles, strict=True)
        ]
    spoken = {language: wording(language) for language in book.words if language in worded()}
    spoken = spoken or {"en": wording("en")}
    by_language = {language: namesake_texts(book.summary, words) for language, words in spoken.items()}
    pairs = zip(*by_language.values(), strict=True)
    found["warnings"] = [dict(zip(by_language, texts, strict=True)) for texts in pairs]
    return found


def _file_of(register_service: str, book: PageBook, pages: list[dict[str, Any]]) -> str | None:
    for page in pages:
        if page["kind"] == "last_mile" and register_service in _ROAD_SERVICES:
            return str(page["file"])
        note = service_note(page["service"], book.meta, book.words)
        if register_service in (page["service"], *note.register):
            return str(page["file"])
    return None


def _rank(page: dict[str, Any], opening: set[str | None]) -> tuple[bool, bool, str, int]:
    """Put the last mile and the maps of the norms that open the page first, then the others by name, parts in order."""
    name = page["names"].get("en", page["service"])
    return (
        page["file"] not in opening and page["kind"] == "gap",
        page["kind"] != "last_mile",
        str(name).lower(),
        int(page.get("part", 0)),
    )


def _figures(book: PageBook, rows: Rows) -> list[dict[str, Any]]:
    frame = rows.settlements
    facilities = book.tables["facilities"]
    inside = facilities.loc[facilities["in_study"] & (facilities["status"] == "existing")]
    figures: list[dict[str, Any]] = [
        {"key": "settlements", "kind": "count", "value": len(frame)},
        {"key": "facilities", "kind": "count", "value": len(inside)},
    ]
    if "township_id" in frame:
        figures.insert(1, {"key": "townships", "kind": "count", "value": int(frame["township_id"].nunique())})
        alone = int(frame["township_id"].isna().sum())
        if alone and frame["township_id"].notna().any():
            figures.insert(2, {"key": "no_township", "kind": "count", "value": alone})
    if rows.has_people:
        people = float(frame["population_persons"].sum())
        figures.insert(0, {"key": "population", "kind": "count", "value": people})
    return figures
