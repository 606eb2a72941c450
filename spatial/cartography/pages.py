"""All pages of a study: the index, a gap map a service, the last mile; each within its budget."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from spatial.cartography.answer import actions_block, answer_block, answer_map, plan_page, settle_page, township_page
from spatial.cartography.document import BYTES_A_MB, page_document, refuse_small_pages, share_blocks, space_order
from spatial.cartography.gap_map import map_page
from spatial.cartography.page_data import (
    DETAILS,
    FACT_SHEET_FILE,
    PLAN_FILE,
    SCORE_FILE,
    SCORE_MAP,
    SETTLE_FILE,
    SIGN_OFF_FILE,
    TOWNSHIPS_FILE,
    PageBook,
    PageMeta,
    PagePart,
    Rows,
    norm_book,
    page_texts,
    people_inside,
    rows_of,
    study_block,
    township_count,
    ways_of,
)
from spatial.cartography.places import by_language
from spatial.cartography.score import score_answer, score_page
from spatial.cartography.sign_off import fact_sheet_page, sign_off_counts, sign_off_page
from spatial.errors import ContractError, StudyError, refuse
from spatial.messages import Words
from spatial.norms.law import SEASON_ROADS
from spatial.outlines import area_of
from spatial.rasters import Raster
from spatial.reporting.disclosure import people_withheld
from spatial.reporting.score import levels_shown, pairs_shown
from spatial.reporting.summary import trial_totals
from spatial.reporting.wording import namesake_texts, pick
from spatial.store import Artifact

# The data block of the first page.


def index_data(book: PageBook, rows: Rows, pages: list[dict[str, Any]], file_of: Mapping[str, str]) -> dict[str, Any]:
    """Gather what the first page shows; ``file_of`` leads from each service to the first page that answers it."""
    tables, frame, gates = book.tables, rows.settlements, book.summary["gates"]
    norms = [norm | {"file": file_of.get(norm["service"])} for norm in book.norms.norms]
    # The last mile and the maps of the norms that open the page first, then the others by name, parts in order.
    opening = {norm["file"] for norm in norms if norm["headline"]}
    shown = [page | {"first": page["file"] in opening or page["kind"] != "gap"} for page in pages]
    shown.sort(
        key=lambda page: (
            not page["first"],
            page["kind"] != "last_mile",
            str(page["names"].get("en", page["service"])).lower(),
            int(page.get("part", 0)),
        )
    )
    # What if, response of crews and room at facilities, each with the name and the page of its service.
    trials: dict[str, list[dict[str, Any]]] = {
        name: [
            entry
            | {
                "names": dict(book.note(entry["service"]).names),
                "title": dict(book.meta.scenarios.get(entry.get("scenario", ""), {})),
                "file": next((page["file"] for page in pages if page["service"] == entry["service"]), None),
            }
            for entry in entries
        ]
        for name, entries in trial_totals(book.summary.get("scenarios", ()), tables).items()
    }
    texts = zip(*(namesake_texts(book.summary, Words(language)) for language in book.words), strict=True)
    trials["warnings"] = [dict(zip(book.words, said, strict=True)) for said in texts]
    facilities = tables["facilities"]
    figures: list[tuple[str, float]] = []
    if rows.has_people:
        figures.append(("population", float(frame["population_persons"].sum())))
    least = {"population": {"at_least": True}} if people_withheld(frame).any() else {}
    figures.append(("settlements", len(frame)))
    if townships := township_count(book, rows):
        figures.append(("townships", townships))
        if alone := int(frame["township_id"].isna().sum()):
            figures.append(("no_township", alone))
    inside = facilities["in_study"] & (facilities["status"] == "existing")
    figures.append(("facilities", int(inside.sum())))
    scored, answer, actions = "scores" in tables, answer_block(book, rows, file_of), actions_block(book, rows)
    profile = tables.get("site_profile", pd.DataFrame({"place_id": []}))
    more_words = ("answer.", "drawing.", "plan.title", *(("score.", "pillar.") if scored else ()))
    more_words += ("settle.to_page",) if len(profile) else ()
    return study_block(book, rows, more_words=more_words) | {
        "score": score_answer(book) if scored else None,
        "actions": actions,
        "plan_file": PLAN_FILE if book.plans else None,
        "settle": {"file": SETTLE_FILE, "places": int(profile["place_id"].nunique())} if len(profile) else None,
        "answer": answer,
        "townships": TOWNSHIPS_FILE if answer and answer["matrix"] else None,
        "map": answer_map(book, rows, answer) if answer or actions else None,
        "figures": [{"key": key, "kind": "count", "value": value, **least.get(key, {})} for key, value in figures],
        "norms": norms,
        "gate": {
            "status": gates["mandatory_status"],
            "gates": gates["n_gates"],
            "passed": gates["n_pass"],
            "failed": len(gates["fail"]),
            "unknown": len(gates["unknown"]),
        },
        "sign_counts": sign_off_counts(tables["sign_off"]) if "sign_off" in tables else None,
        "calibration": book.summary.get("calibration"),
        "trials": trials,
        "pages": shown,
        "methods": [f"about.{key}" for key in ("times", "thresholds", "as_mapped", "people")],
    }


_NEEDED = ("settlements", "facilities", "access", "norm_results")
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
    is_shared: bool = False,
    after_part: Callable[[float], None] = lambda _share: None,
) -> list[Artifact]:
    """Write every page, simplified or split where it is too large; `after_part` is told the share that has its maps."""
    missing = [f"{name}: the table is missing; run its stage first" for name in _NEEDED if name not in tables]
    refuse("maps", missing)
    refuse_small_pages(max_page_mb)
    words = {language: page_texts(language) for language in languages}
    norms = norm_book(register, tables["norm_results"], meta, summary, chosen=languages)
    if "scores" in tables:
        shown = levels_shown(tables["scores"])
        pairs = {"rank_pairs": pairs_shown(tables["rank_pairs"], shown)} if "rank_pairs" in tables else {}
        tables = {**tables, "scores": shown, **pairs}
    book = PageBook(tables, meta, summary, norms, words, page_files(tables), relief)
    rows = rows_of(book.shapes("settlements"))
    if not len(rows.ids):
        raise ContractError("settlements", ["no settlement lies in the study area; check region and sources"])
    made: list[_Made] = []
    for own, part in by_district(book, rows, after_part) if len(rows.ids) > MANY_PLACES else [(book, rows)]:
        made += [page for file in own.files.values() for page in _fit(own, file, part, max_page_mb)]
        del own, part  # of a country, hundreds of MB
    # From each service, as norms name it, to the first page that answers it.
    files: dict[str, str] = {}
    for page in made:
        note, roads = book.note(page.entry["service"]), SEASON_ROADS if page.entry["kind"] == "last_mile" else ()
        for word in (note.id, *note.register, *roads):
            files.setdefault(word, page.entry["file"])
    data = index_data(book, rows, [page.entry for page in made], files)
    index = Artifact("index.html", page_document(data))
    artifacts = [index, *(page.artifact for page in made)]
    if "sign_off" in tables:
        artifacts.insert(1, Artifact(SIGN_OFF_FILE, sign_off_page(book, rows)))
    if "scores" in tables:
        score = score_page(book, rows, files=files, max_bytes=max_page_mb * BYTES_A_MB)
        artifacts.append(Artifact(SCORE_FILE, score))
    if "sheet" in ways_of(book):
        artifacts.append(Artifact(FACT_SHEET_FILE, fact_sheet_page(book, rows)))
    if book.plans:
        artifacts.append(Artifact(PLAN_FILE, plan_page(book, rows)))
    if len(tables.get("site_profile", ())):
        artifacts.append(Artifact(SETTLE_FILE, settle_page(book, rows)))
    townships = township_page(book, rows)
    if townships is not None:
        artifacts.append(Artifact(TOWNSHIPS_FILE, townships))
    if is_shared:
        artifacts = share_blocks(artifacts, [texts["page.needs_shared"] for texts in words.values()])
    sizes = {artifact.name: len(artifact.content) / BYTES_A_MB for artifact in artifacts}
    for name, size in (sizes | {"all": sum(sizes.values())}).items():
        _LOG.info("page %-40s %7.2f MB", name, size)
    return artifacts


def page_files(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Name the map pages of a study, each service by letters that any file system knows, and none twice."""
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


MANY_PLACES, PLACES_A_PART = 100_000, 20_000
"""Settlements from which on maps are of districts, and how many districts side by side have one map together."""
MANY_SHAPES = 1_000
"""Shapes of a table of which only those near a district are drawn on its maps."""
_AROUND_M = 20_000.0
"""Ground around a district whose roads and facilities its maps show."""


def by_district(book: PageBook, rows: Rows, after_part: Callable[[float], None]) -> Iterator[tuple[PageBook, Rows]]:
    """Give the settlements of a country by district, or unit; `after_part` is told the share that is behind."""
    boundaries, xy = book.shapes("boundaries"), shapely.get_coordinates(rows.settlements.geometry.to_numpy())
    units = boundaries.loc[boundaries["is_unit"], "admin_level"]
    above = boundaries.loc[~boundaries["is_unit"] & (boundaries["admin_level"] < units.min())]
    drawn = above.loc[above["admin_level"] == above["admin_level"].max()] if len(above) else boundaries.loc[units.index]
    shapes = drawn.geometry.to_numpy()
    district = area_of(shapes, xy)
    # Neighbours stay together: in rows from the north, those of a row from west to east in turn.
    centre = shapely.get_coordinates(shapely.centroid(shapes))
    order = np.append(space_order(centre[:, 0], centre[:, 1]), -1)
    people = {at: np.flatnonzero(district == at) for at in np.unique(district).tolist()}
    named = drawn.drop(columns="geometry").to_dict("records")
    parts: list[list[int]] = [[]]
    for at in (int(at) for at in order if int(at) in people):
        if sum(len(people[one]) for one in parts[-1]) >= PLACES_A_PART:
            parts.append([])
        parts[-1].append(at)
    part_of = np.full(len(district), -1)
    for number, members in enumerate(parts):
        for at in members:
            part_of[people[at]] = number
    number_of = pd.Series(part_of, index=rows.ids)
    # Towns and facilities beyond a part may be the nearest ones.
    whole = {"settlements": book.tables["settlements"]}
    rows_in = {name: _rows_by_part(table, number_of) for name, table in book.tables.items() if name not in whole}
    results_in = _rows_by_part(book.norms.places, number_of)
    names = [_between(*([named[at] for at in members if at >= 0] or [{}])) for members in parts]
    people_inside(book)
    times = book.tables["access"].groupby(["service", "mode"])["travel_time_min"].max().reset_index()
    shared, done = book.kept | {("longest", *way): longest for *way, longest in times.itertuples(index=False)}, 0
    for number in range(len(parts)):
        own = rows.subset(np.flatnonzero(part_of == number))
        box = own.settlements.total_bounds + _AROUND_M * np.array([-1.0, -1.0, 1.0, 1.0])
        # The rows of the settlements of a part, and of no settlement; and of ground what lies in its box.
        tables = dict(whole)
        for name, in_part in rows_in.items():
            table = tables[name] = book.tables[name]
            if in_part is not None:
                tables[name] = table.iloc[np.sort(np.concatenate((in_part[-1], in_part[number])))]
            elif isinstance(table, gpd.GeoDataFrame) and len(table) > MANY_SHAPES:
                tables[name] = table.iloc[np.sort(table.sindex.query(shapely.box(*box)))]
        nearest = pd.concat([tables["access"][name] for name in ("facility_id", "second_facility_id")]).dropna()
        facilities = book.shapes("facilities")
        near = np.isin(np.arange(len(facilities)), facilities.sindex.query(shapely.box(*box)))
        tables["facilities"] = facilities.loc[near | facilities["facility_id"].isin(nearest.unique())]
        results = book.norms.places
        norms = replace(book.norms, places=results if results_in is None else results.iloc[results_in[number]])
        part = PagePart(number + 1, names)
        files = {service: part.file(file) for service, file in book.files.items()}
        yield replace(book, tables=tables, norms=norms, files=files, kept=dict(shared), part=part), own
        done += len(own.ids)
        after_part(done / len(rows.ids))


def _between(*districts: Mapping[Any, object]) -> dict[str, str]:
    """Name a part by its first and its last district, in each language that either is known in."""
    first, last = (by_language(one) or {"und": "…"} for one in (districts[0], districts[-1]))
    return {key: " … ".join(dict.fromkeys((pick(first, key), pick(last, key)))) for key in {**first, **last}}


def _rows_by_part(table: object, number_of: pd.Series) -> list[NDArray[np.int32]] | None:
    """List the rows of the settlements of each part of a country, last those of none; None where rows are of none."""
    if not isinstance(table, pd.DataFrame):
        return None
    key = next((name for name in ("settlement_id", "place_id", "unit_id") if name in table), None)
    if key is None or len(table) < len(number_of):
        return None
    # Each id is looked up once, whichever rows have it; rows are put in order once, and no part looks at others' rows.
    code, ids = pd.factorize(table[key])
    part = np.append(number_of.to_numpy(dtype=np.int16), np.int16(-1))
    part = part[np.append(number_of.index.get_indexer(pd.Index(ids)), -1)][code]
    part[part < 0] = number_of.max() + 1
    order = np.argsort(part, kind="stable").astype(np.int32)
    return np.split(order, np.cumsum(np.bincount(part, minlength=number_of.max() + 2))[:-1])


def _fit(book: PageBook, file: str, rows: Rows, max_page_mb: float) -> list[_Made]:
    """Write one map page, or where it stays above the budget a page each of several parts of the settlements."""
    service = next(key for key, value in book.files.items() if value == file)
    budget = max_page_mb * BYTES_A_MB
    whole = _simplest_fitting(book, service, rows, file, budget)
    if whole is not None:
        return [whole if book.part is None else _Made(whole.artifact, whole.entry | book.part.told)]
    made, parts = [], list(_parts(book, service, rows, budget))
    units = {str(row["boundary_id"]): row for row in pd.DataFrame(book.tables["boundaries"]).to_dict("records")}
    # A part goes by its first and last township, or place.
    places = [part.settlements.to_dict("records") for part in parts]
    known = [[units[row["township_id"]] for row in own if row.get("township_id") in units] for own in places]
    names = [_between(*(named or own)) for named, own in zip(known, places, strict=True)]
    for number, part in enumerate(parts, start=1):
        told = PagePart(number, names, mark="--")  # districts may have a single one
        page = _simplest_fitting(replace(book, part=told), service, part, told.file(file), budget)
        if page is None:
            raise StudyError(
                "outputs.max_page_mb",
                [f"outputs.max_page_mb: {max_page_mb:g} is too small for any page of {service!r}; allow 2 or more"],
            )
        made.append(_Made(page.artifact, page.entry | told.told))
    return made


def _simplest_fitting(book: PageBook, service: str, rows: Rows, file: str, budget: float) -> _Made | None:
    for detail in DETAILS:
        content, entry = map_page(book, service, rows, detail, file)
        if len(content) <= budget:
            return _Made(Artifact(file, content), entry)
    return None


def _parts(book: PageBook, service: str, rows: Rows, budget: float) -> Iterator[Rows]:
    """Halve the settlements, township by township, until each half fits."""
    content, _ = map_page(book, service, rows, DETAILS[-1], "part.html")
    if len(content) <= budget or len(rows.ids) == 1:
        yield rows
        return
    township = rows.settlements.get("township_id", pd.Series("", rows.settlements.index)).fillna("")
    order = np.argsort(pd.factorize(township)[0], kind="stable")
    half = len(order) // 2
    for chosen in (order[:half], order[half:]):
        yield from _parts(book, service, rows.subset(chosen), budget)
