"""All pages of a study: the index, a gap map a service, the last mile; each within its budget."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.cartography.book import (
    DETAILS,
    FACT_SHEET_FILE,
    SCORE_FILE,
    SCORE_MAP,
    SIGN_OFF_FILE,
    Detail,
    PageBook,
)
from spatial.cartography.document import plain_document
from spatial.cartography.fact_sheet import fact_sheet_page
from spatial.cartography.index import index_data
from spatial.cartography.map_data import gap_page, last_mile_page, score_map_page
from spatial.cartography.messages import messages
from spatial.cartography.norms import norm_book
from spatial.cartography.rows import Rows, rows_of
from spatial.cartography.scores import score_page
from spatial.cartography.sign_off import sign_off_page
from spatial.errors import ContractError, StudyError
from spatial.planning.unmeasured import levels_shown, pairs_shown
from spatial.store import Artifact

if TYPE_CHECKING:
    from spatial.cartography.meta import PageMeta
    from spatial.rasters import Raster

__all__ = ["build_pages", "page_files"]

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
    title = _title(meta, languages[0])
    index = Artifact("index.html", plain_document(data, title=title, language=languages[0]))
    artifacts = [index, *(page.artifact for page in made)]
    if "sign_off" in tables:
        artifacts.insert(1, Artifact(SIGN_OFF_FILE, sign_off_page(book, rows, title=title)))
    if "scores" in tables:
        score = score_page(book, rows, title=title, max_bytes=max_page_mb * _BYTES_A_MB)
        artifacts.append(Artifact(SCORE_FILE, score))
        artifacts.append(Artifact(FACT_SHEET_FILE, fact_sheet_page(book, rows, title=title)))
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


def _title(meta: PageMeta, language: str) -> str:
    return meta.title.get(language) or next(iter(meta.title.values()), meta.study)
