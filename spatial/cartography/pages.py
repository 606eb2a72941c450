"""All pages of a study: the index, a gap map a service, the last mile; each within its budget."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.cartography.document import plain_document
from spatial.cartography.gap_map import gap_page, last_mile_page, score_map_page
from spatial.cartography.messages import messages
from spatial.cartography.page_data import (
    DETAILS,
    FACT_SHEET_FILE,
    SCORE_FILE,
    SCORE_MAP,
    SIGN_OFF_FILE,
    Detail,
    PageBook,
    Rows,
    gate_summary,
    norm_book,
    rows_of,
    service_note,
    study_block,
)
from spatial.cartography.score import score_answer, score_page
from spatial.cartography.sign_off import fact_sheet_page, sign_off_counts, sign_off_page
from spatial.errors import ContractError, StudyError
from spatial.messages import Words
from spatial.norms.register import SEASON_ROADS
from spatial.reporting.explain import emergency_totals, scenario_totals, served_totals
from spatial.reporting.unmeasured import levels_shown, pairs_shown
from spatial.reporting.wording import namesake_texts
from spatial.store import Artifact

if TYPE_CHECKING:
    from spatial.cartography.page_data import PageMeta
    from spatial.rasters import Raster


# The data block of the first page.


def index_data(book: PageBook, rows: Rows, pages: list[dict[str, Any]]) -> dict[str, Any]:
    """Gather what the first page shows."""
    norms = [norm | {"file": _file_of(norm["service"], book, pages)} for norm in book.norms.norms]
    opening = {norm["file"] for norm in norms if norm["headline"]}
    ranked = sorted(pages, key=lambda page: _rank(page, opening))
    # Gather what if, response of crews and room at facilities, each with the name and the page of its
    # service.
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
    spoken = {language: Words(language) for language in book.words}
    by_language = {language: namesake_texts(book.summary, words) for language, words in spoken.items()}
    pairs = zip(*by_language.values(), strict=True)
    found["warnings"] = [dict(zip(by_language, texts, strict=True)) for texts in pairs]
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
    return study_block(
        book, rows, more_words=("score.", "pillar.", "fact.title") if "scores" in book.tables else ()
    ) | {
        "score": score_answer(book) if "scores" in book.tables else None,
        "figures": figures,
        "norms": norms,
        "gate": gate_summary(norms),
        "sign_counts": sign_off_counts(book.tables["sign_off"]) if "sign_off" in book.tables else None,
        "calibration": book.summary.get("calibration"),
        "trials": found,
        "pages": [page | {"first": not _rank(page, opening)[0]} for page in ranked],
        "methods": [f"about.{key}" for key in ("times", "thresholds", "as_mapped", "people")],
    }


def _file_of(register_service: str, book: PageBook, pages: list[dict[str, Any]]) -> str | None:
    for page in pages:
        if page["kind"] == "last_mile" and register_service in SEASON_ROADS:
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


_NEEDED = ("settlements", "facilities", "access", "norm_results")
_BYTES_A_MB = 1_000_000
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Made:
    """One page, and what the index says of it."""

    artifact: Artifact
    entry: dict[str, Any]


def build_pages(  # noqa: PLR0913 - what pages show, how and how large: all but one by name
    tables: Mapping[str, pd.DataFrame],
    *,
    meta: PageMeta,
    summary: Mapping[str, Any],
    register: pd.DataFrame,
    languages: Sequence[str] = ("en",),
    max_page_mb: float = 20.0,
    relief: Raster | None = None,
) -> list[Artifact]:
    """
    Write every page of a study.

    A page above the budget is simplified (routes, then details, relief and the base map) and then split by ground.
    """
    missing = [name for name in _NEEDED if name not in tables]
    if missing:
        raise ContractError(
            "maps", [f"{name}: the table is missing; run its stage first" for name in missing]
        )
    words = messages(languages)
    norms = norm_book(register, tables["norm_results"], meta, summary)
    if "scores" in tables:
        shown = levels_shown(tables["scores"])
        pairs = {"rank_pairs": pairs_shown(tables["rank_pairs"], shown)} if "rank_pairs" in tables else {}
        tables = {**tables, "scores": shown, **pairs}
    book = PageBook(tables, meta, summary, norms, words, page_files(tables), relief)
    rows = rows_of(book.shapes("settlements"))
    if not len(rows.ids):
        raise ContractError("settlements", ["no settlement lies in the study area; check region and sources"])
    made = [page for file in book.files.values() for page in _fit(book, file, rows, max_page_mb)]
    data = index_data(book, rows, [page.entry for page in made])
    index = Artifact("index.html", plain_document(data, title=book.title, language=book.language))
    artifacts = [index, *(page.artifact for page in made)]
    if "sign_off" in tables:
        artifacts.insert(1, Artifact(SIGN_OFF_FILE, sign_off_page(book, rows)))
    if "scores" in tables:
        score = score_page(book, rows, max_bytes=max_page_mb * _BYTES_A_MB)
        artifacts.append(Artifact(SCORE_FILE, score))
        artifacts.append(Artifact(FACT_SHEET_FILE, fact_sheet_page(book, rows)))
    for artifact in artifacts:
        _LOG.info("page %-40s %7.2f MB", artifact.name, len(artifact.content) / _BYTES_A_MB)
    return artifacts


def page_files(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """
    Name the map pages of a study.

    Examples
    --------
    >>> page_files({"access": pd.DataFrame({"service": ["Bus stop/1"]})})
    {'Bus stop/1': 'gap-bus-stop-1.html'}
    """
    files: dict[str, str] = {}
    for service in sorted(tables["access"]["service"].unique()):
        stem = re.sub(r"[^a-z0-9_]+", "-", str(service).lower()).strip("-") or "service"
        name = f"gap-{stem}.html"
        number = 2
        while name in files.values():
            name = f"gap-{stem}-{number}.html"
            number += 1
        files[str(service)] = name
    if "last_mile" in tables and len(tables["last_mile"]):
        files["last_mile"] = "last-mile.html"
    if "scores" in tables:
        files[SCORE_MAP] = "score-map.html"
    return files


def _fit(book: PageBook, file: str, rows: Rows, max_page_mb: float) -> list[_Made]:
    service = next(key for key, value in book.files.items() if value == file)
    make = {"last_mile": last_mile_page, SCORE_MAP: score_map_page}.get(service, gap_page)
    budget = max_page_mb * _BYTES_A_MB
    whole = _simplest_fitting(book, service, rows, make, file, budget)
    if whole is not None:
        return [whole]
    made = []
    for number, part in enumerate(_parts(book, service, rows, make, budget), start=1):
        name = file.replace(".html", f"-{number}.html")
        page = _simplest_fitting(book, service, part, make, name, budget)
        if page is None:
            raise StudyError(
                "outputs.max_page_mb",
                [
                    f"outputs.max_page_mb: {max_page_mb:g} is too small for any page of {service!r}; allow 2 or more"
                ],
            )
        label = _part_label(part)
        made.append(
            _Made(page.artifact, page.entry | {"part": number, "part_names": {"und": label, "en": label}})
        )
    return made


_Maker = Callable[[PageBook, str, Rows, Detail, str], tuple[bytes, dict[str, Any]]]


def _simplest_fitting(
    book: PageBook, service: str, rows: Rows, make: _Maker, file: str, budget: float
) -> _Made | None:
    for detail in DETAILS:
        content, entry = make(book, service, rows, detail, file)
        if len(content) <= budget:
            return _Made(Artifact(file, content), entry)
    return None


def _parts(book: PageBook, service: str, rows: Rows, make: _Maker, budget: float) -> Iterator[Rows]:
    """Halve the settlements, township by township, until each half fits."""
    content, _ = make(book, service, rows, DETAILS[-1], "part.html")
    if len(content) <= budget or len(rows.ids) == 1:
        yield rows
        return
    order = np.arange(len(rows.ids))
    if "township_id" in rows.settlements:
        township = rows.settlements["township_id"].fillna("").to_numpy()
        order = np.argsort(pd.factorize(township)[0], kind="stable")
    half = len(order) // 2
    for chosen in (order[:half], order[half:]):
        yield from _parts(book, service, rows.subset(chosen), make, budget)


def _part_label(rows: Rows) -> str:
    frame = rows.settlements
    names = frame["township"].dropna() if "township" in frame else frame["name"].dropna()
    listed = list(dict.fromkeys(names))
    return (
        f"{listed[0]} … {listed[-1]}"
        if len(listed) > 1
        else (listed[0] if listed else frame["settlement_id"][0])
    )
