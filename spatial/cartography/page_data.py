"""What all pages of a study share: words, sources, settlements, norms, known issues; how much one page carries."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from babel.dates import format_date

from spatial.cartography.document import PACKS, codes, pack, pack_words, round_up, shown_whole, space_order
from spatial.crs import degrees_drawn
from spatial.errors import ContractError
from spatial.messages import Words, languages, locale_of
from spatial.rasters import Raster
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.summary import CLASS_ORDER, missing_text
from spatial.reporting.wording import (
    DOUBTED,
    TIDIED,
    StudyMeta,
    columns_told,
    effect_text,
    issue_text,
    norm_name,
    pick,
    plain,
    source_title,
    stated,
)
from spatial.tables import TABLES
from spatial.tables.words import NORM_STATUS, NOTICED, REACH_STATUS, TIERS

Made = TypeVar("Made")

# What a page says about the study beside its tables.


def source_entries(provenance: pd.DataFrame) -> tuple[dict[str, str], ...]:
    """Name the raw files as the small print does; a fact that nobody says, and a fault that is not known, are empty."""
    facts = ("path", "origin", "licence", "vintage", "issue")
    return tuple({name: stated(str(row[name])) for name in facts} for row in provenance.to_dict("records"))


@dataclass(frozen=True)
class ServiceNote:
    """What a page says about a service, and which facilities count for it."""

    id: str  # as in the table `access`
    names: Mapping[str, str] = field(default_factory=dict)  # name by language
    # services of the facilities that satisfy it; itself alone by default
    counts: frozenset[str] = frozenset()
    inventory: str = "unknown"  # complete, partial or unknown: whether every facility is known
    register: tuple[str, ...] = ()  # names in the register of norms that it answers, beside its own

    def answers(self, service: str) -> bool:
        """Tell whether it is what a norm asks for by this name."""
        return service in (self.id, *self.register)


@dataclass(frozen=True, kw_only=True)
class PageMeta(StudyMeta):
    """What every page prints about the study."""

    study: str  # short name
    as_of: str  # the date on which norms are judged, ISO 8601
    modes: tuple[str, ...]  # modes of travel; the first is the one that headlines use
    # by the name that the table `access` uses
    services: Mapping[str, ServiceNote] = field(default_factory=dict)
    sources: tuple[Mapping[str, str], ...] = ()  # the raw files, by `source_entries`
    # titles by language of the scenarios, by their names
    scenarios: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    default_threshold_min: float = 60.0  # where the slider of a service without a norm begins, in minutes
    # names by language of what else is counted, by service
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # complete, partial or unknown: how much of each service is known
    inventory: Mapping[str, str] = field(default_factory=dict)
    # A difference from an official number, and a share filled in, up to which nothing need be looked into
    tolerance_share: float = 0.02
    imputed_share: float = 0.2
    level_bands: tuple[float, float] = (0.5, 0.8)  # A level below the first is low, from the second on high
    # weights of the pillars of the score; equal where empty
    pillar_weights: Mapping[str, float] = field(default_factory=dict)


# The settlements of a page in their order, with the blocks that its pages share.


def once(kept: dict[Hashable, Any], key: Hashable, make: Callable[[], Made]) -> Made:
    """Make a block the first time that it is asked for, and give the same one after."""
    if key not in kept:
        kept[key] = make()
    made: Made = kept[key]
    return made


@dataclass(frozen=True)
class Rows:
    """The settlements of a page, in the order of its columns."""

    settlements: gpd.GeoDataFrame  # those in the study, indexed from 0
    ids: pd.Index  # their `settlement_id`
    # blocks of these settlements that several pages carry, so that each is encoded once
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def align(
        self, frame: pd.DataFrame, columns: Iterable[str] | None = None, *, key: str = "settlement_id"
    ) -> pd.DataFrame:
        """Bring a table, or some of its columns, into the order of the settlements; missing where it has no row."""
        picked = pd.DataFrame(frame if columns is None else frame[[key, *columns]])
        if isinstance(picked[key].dtype, pd.CategoricalDtype):  # an index of a country's categories is slow
            picked = picked.assign(**{key: picked[key].astype("str")})
        return picked.set_index(key).reindex(self.ids)

    def subset(self, chosen: npt.NDArray[np.intp]) -> Rows:
        """Keep some of the settlements."""
        kept = self.settlements.iloc[chosen].reset_index(drop=True)
        return Rows(kept, pd.Index(kept["settlement_id"]))

    @property
    def has_people(self) -> bool:
        """Whether any population is known."""
        return bool(self.settlements["population_persons"].notna().any())


def rows_of(settlements: gpd.GeoDataFrame) -> Rows:
    """Pick and order the settlements that pages show."""
    inside = settlements.loc[settlements["in_study"]].sort_values("settlement_id", kind="stable")
    order = space_order(inside.geometry.x, inside.geometry.y)
    kept = inside.iloc[order].reset_index(drop=True)
    return Rows(kept, pd.Index(kept["settlement_id"]))


# Known issues of the sources as pages show them: the text as it was written, and what it forbids in each language.


def issue_entries(
    records: Iterable[Mapping[str, Any]], languages: Iterable[str], names: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Gather the known issues of a study."""
    spoken = [
        Words(language, names={service: told.get(language, service) for service, told in names.items()})
        for language in languages
    ]
    return [
        {
            "path": known["path"],
            "issue": known["issue"],
            "is_notice": known["issue_kind"] == NOTICED,
            "is_tidied": known.get("notice") in TIDIED | DOUBTED,
            "said": {words.language: issue_text(known, words) for words in spoken if known.get("notice")},
            "effect": {words.language: effect_text(known, words) for words in spoken},
            "without_rank": known["without_rank"],
        }
        for known in records
    ]


# Norms and their results, as the pages tell them.

TOLD = columns_told("pages")
_FINE_STEP_M, _COARSE_STEP_M, _COARSE_FROM_M = 50.0, 100.0, 1000.0


def slider_step(threshold: float, unit: str) -> float:
    """Step of the slider in the unit of a norm: a minute, or as many metres as a norm of this length can tell."""
    if unit != "m":
        return 1.0
    return _COARSE_STEP_M if threshold >= _COARSE_FROM_M else _FINE_STEP_M


def class_limits(threshold: float, step: float) -> tuple[float, float, float, float]:
    """
    Limits of the classes of a map: half of the norm, the norm, a quarter and a half above it, each inclusive.

    All but the norm itself lie on whole steps. `S.classLimits` of the pages is the same.
    """
    half, quarter = (math.ceil(threshold * share / step) * step for share in (0.5, 0.25))
    return min(threshold, half), threshold, threshold + max(step, quarter), threshold + max(2.0 * step, half)


@dataclass(frozen=True)
class NormBook:
    """The norms of a study with their results."""

    # one a norm that binds the study, with what the register says and the result for the study; the most telling first
    norms: tuple[dict[str, Any], ...]
    places: pd.DataFrame  # results for settlements
    reasons: tuple[str, ...]  # every reason, the empty one first

    def of_service(self, note: ServiceNote) -> list[dict[str, Any]]:
        """Find the norms that a service answers."""
        return [norm for norm in self.norms if note.answers(norm["service"])]

    def results(self, norm_id: str, rows: Rows) -> pd.DataFrame | None:
        """Give a norm's results in the order of a page; None where no settlement has one."""
        part = self.by_norm.get(norm_id)
        return None if part is None else once(rows.kept, ("norm", norm_id), lambda: rows.align(part, key="unit_id"))

    @functools.cached_property
    def by_norm(self) -> dict[str, pd.DataFrame]:
        """The results for settlements, by norm."""
        return {str(norm): part for norm, part in self.places.groupby("norm_id", sort=True)}

    def block(self, norm: Mapping[str, Any], rows: Rows, *, exact: bool) -> dict[str, Any]:
        """Encode a norm with its results, exact where a layer compares them; its places are None without any."""

        def places() -> dict[str, Any] | None:
            table, threshold = self.results(norm["id"], rows), norm["threshold"]
            if table is None:
                return None
            limits = () if threshold is None else class_limits(threshold, slider_step(threshold, norm["unit"]))
            value = table["value"]
            return {
                "status": pack_words(table["status"], NORM_STATUS),
                "mapped": pack_words(table["status_as_mapped"], NORM_STATUS),
                "value": pack(round_up(value, limits) if exact else shown_whole(value, threshold), "f4"),
                # The empty reason is the first.
                "reason": pack(np.maximum(codes(table["reason"], self.reasons), 0), "u4"),
            }

        return {**norm, "places": once(rows.kept, ("norm block", norm["id"], exact), places)}


def norm_book(
    register: pd.DataFrame,
    norm_results: pd.DataFrame,
    meta: PageMeta,
    summary: Mapping[str, Any],
    *,
    chosen: Sequence[str] | None = None,
) -> NormBook:
    """Join the register with the results, and with what the summary says of each norm, in some languages or all."""
    shown = languages() if chosen is None else tuple(chosen)
    listed = {entry["norm_id"]: (rank, entry) for rank, entry in enumerate(summary.get("norms", ()))}
    study = norm_results.loc[norm_results["unit_level"] == "study"]
    rules = {row["norm_id"]: row for row in register.to_dict("records")}
    notes = [note for _, note in sorted(meta.services.items())]
    ranked = []
    for row in study.sort_values("norm_id", kind="stable").to_dict("records"):
        norm_id = row["norm_id"]
        if norm_id not in rules:
            continue
        rule = rules[norm_id]
        rank, told = listed.get(norm_id, (0, {}))
        service = str(rule["service"])
        own = {name: plain(row[name]) for name in TOLD["results"]} | {"withheld": bool(row.get(SUPPRESSED.name))}
        figure = own["persons_unserved"] is not None or own["places_unserved"] is not None
        note = meta.services.get(service) or next((note for note in notes if service in note.register), None)
        names = dict(note.names) if note else {}
        inventory = note.inventory if note else "complete" if service in TIERS else "unknown"
        # In each language whose people nobody counted and what the norm is judged on; empty where all are counted.
        uncounted = bool(told.get("people_missing"))
        missing = {language: missing_text(told, Words(language)) for language in shown if uncounted}
        norm = {
            "id": norm_id,
            "service": service,
            "names": names,
            "titles": {
                language: norm_name(rule, Words(language, names={service: pick(names, language)})) for language in shown
            },
            "source": {language: source_title(rule, Words(language)) for language in shown},
            "lower_bound": bool(told.get("is_lower_bound", inventory != "complete")),
            "nothing_mapped": bool(told.get("nothing_mapped")),
            "people_missing": missing,
            "norm_class": row["norm_class"],
            "threshold": plain(rule["threshold"]),
            "target_share": plain(rule["target_share"]),
            **{name: plain(rule.get(name)) or "" for name in TOLD["register"]},
            "headline": figure and bool(told.get("is_headline", own["status"] != "not_applicable")),
            "study": own,
            "certainty": told.get("certainty"),
            "rural_access": told.get("rural_access"),
        }
        ranked.append(((not norm["headline"], rank, CLASS_ORDER[norm["norm_class"]], norm_id), norm))
    ranked.sort(key=lambda pair: pair[0])
    reasons = sorted({"", *norm_results["reason"].dropna().unique()})
    places = norm_results.loc[norm_results["unit_level"] == "settlement", ["norm_id", *TOLD["place_results"]]]
    # As categories, of which a country's settlements have no more room than for a byte each.
    statuses = ("status", "status_as_mapped")
    places = places.assign(**{name: pd.Categorical(places[name], categories=list(NORM_STATUS)) for name in statuses})
    return NormBook(tuple(norm for _, norm in ranked), places, tuple(reasons))


# What all pages of a study share, and how much one page carries.

SIGN_OFF_FILE = "sign-off.html"
SCORE_FILE = "score.html"
SCORE_MAP = "score_map"
"""Key of the map of integration among the files of the map pages, beside the services."""
FACT_SHEET_FILE = "fact-sheet.html"
PLAN_FILE = "plan.html"
SETTLE_FILE = "settle.html"
TOWNSHIPS_FILE = "townships.html"
OWN_WORDS = (
    "sign.", "plan.", "settle.", "profile_kind.", "profile_status.", "road.", "score.", "fact.", "component.",
    "flow_kind.", "flow_unit.", "segmentation_term.", "answer.", "drawing.", "township.", "view.", "closing.",
    "picture.", "mine.", "cell.",
)  # fmt: skip
KEPT_WORDS = ("sign.title", "sign.count_")


@dataclass(frozen=True)
class Detail:
    """How much a page carries."""

    routes: bool  # ways to the nearest facility, and times to other destinations
    extras: bool  # second nearest facility, names of edges, norms of other services
    minor_roads: bool  # minor roads of the base map
    relief: bool  # the shade of the relief, where the study has elevation
    tolerance_m: float  # how far a drawn line may leave the true one


DETAILS = (
    Detail(routes=True, extras=True, minor_roads=True, relief=True, tolerance_m=12.0),
    Detail(routes=False, extras=True, minor_roads=True, relief=True, tolerance_m=25.0),
    Detail(routes=False, extras=False, minor_roads=False, relief=False, tolerance_m=60.0),
)
"""From all to least: the first that keeps the budget is taken."""


class PagePart(NamedTuple):
    """A part of what one map would show: its number, and the names of all parts by language."""

    number: int
    names: Sequence[Mapping[str, str]]
    mark: str = "-"  # before the number in the name of a file

    @property
    def told(self) -> dict[str, Any]:
        """Say it as the index lists pages."""
        return {"part": self.number, "part_names": dict(self.names[self.number - 1])}

    def file(self, whole: str) -> str:
        """Name the page of the part; the first keeps the name of the whole, so that no link to it leads nowhere."""
        return whole if self.number == 1 else whole.replace(".html", f"{self.mark}{self.number}.html")


@dataclass(frozen=True)
class PageBook:
    """What all pages of a study share."""

    tables: Mapping[str, pd.DataFrame]  # by the names of `spatial.tables`
    meta: PageMeta  # what every page prints
    summary: Mapping[str, Any]  # shares filled in and known issues
    norms: NormBook  # norms and results
    words: Mapping[str, Mapping[str, str]]  # messages by language
    files: Mapping[str, str]  # page by service
    relief: Raster | None = None  # elevation in metres
    part: PagePart | None = None  # what the pages are of, where they are not of the whole study
    # blocks that pages carry whatever their settlements, so that each is encoded once
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    @functools.cached_property
    def ways(self) -> dict[tuple[str, str], Any]:
        """The rows of `access` by service and mode, the modes of a service in the order of the study."""
        rows: dict[Any, Any] = self.tables["access"].groupby(["service", "mode"]).indices
        modes = self.meta.modes
        order = sorted(rows, key=lambda way: (way[0], modes.index(way[1]) if way[1] in modes else len(modes), way[1]))
        return {way: rows[way] for way in order}

    def longest(self, service: str, mode: str) -> float:
        """Tell the longest minutes of a country by a way, by which all its parts begin alike; else NaN."""
        return float(self.kept.get(("longest", service, mode), np.nan))

    def access(self, service: str, mode: str) -> pd.DataFrame:
        """Take the rows of `access` of a way, once: a country has many ways, and asks for few."""

        def taken() -> pd.DataFrame:
            own = self.tables["access"].take(self.ways[service, mode])
            # As categories, texts are brought into the order of a page at a fraction of the time.
            return own.assign(
                reach_status=pd.Categorical(own["reach_status"], categories=list(REACH_STATUS)),
                **{name: pd.Categorical(own[name]) for name in ("facility_id", "second_facility_id")},
            )

        return once(self.kept, ("access", service, mode), taken)

    def note(self, service: str) -> ServiceNote:
        """Say what a service is called and what counts for it."""
        if service in self.meta.services:
            return self.meta.services[service]
        if service in TIERS:
            names = {language: texts[f"tier.{service}"] for language, texts in self.words.items()}
            return ServiceNote(service, names, frozenset({service}), "complete")
        return ServiceNote(service, counts=frozenset({service}))

    def names(self, service: str) -> dict[str, str]:
        """Name whatever is counted by its own word, else as a service."""
        return dict(self.meta.names.get(service) or self.note(service).names)

    def of_service(self, name: str, service: str) -> pd.DataFrame | None:
        """Take the rows of a table that speak of a service; None where there are none."""
        table = self.tables.get(name)
        if table is None:
            return None
        # Split once for all pages: to look through every table again for each service costs more than the pages.
        parts = once(self.kept, ("by service", name), lambda: dict(iter(table.groupby("service", sort=False))))
        return parts.get(service)

    @property
    def plans(self) -> Sequence[dict[str, Any]]:
        """The plans of the study, in their order."""
        found: Sequence[dict[str, Any]] = self.summary.get("plans", ())
        return found

    @functools.cached_property
    def known_issues(self) -> list[dict[str, Any]]:
        """Known issues of the sources."""
        return issue_entries(self.summary.get("known_issues", ()), self.words, self.meta.names)

    def shapes(self, name: str) -> gpd.GeoDataFrame:
        """Give a table with geometry."""
        frame = self.tables[name]
        if not isinstance(frame, gpd.GeoDataFrame):
            raise ContractError(name, ["geometry: the table has none; make a GeoDataFrame of it"])
        return frame


def people_inside(book: PageBook) -> pd.Series[float]:
    """Give the people of each settlement of the study in the order of ids, whatever part of it a page shows."""
    places = book.shapes("settlements").set_index("settlement_id")
    return once(book.kept, "people inside", places.loc[places["in_study"], "population_persons"].sort_index)


_PAD, _REACH = 0.04, 0.15
"""Ground shown around the settlements, and at most of a wider study area, as shares of their extent."""
_LEAST_DEGREES = 0.02
"""The least extent taken of settlements: around a single one its roads and services should be seen."""


def shown_box(book: PageBook, rows: Rows) -> dict[str, Any]:
    """Choose what a map shows: the settlements, and the study area where it does not reach far beyond them."""
    area = book.tables.get("study_area")
    degrees = degrees_drawn(rows.settlements.crs)
    box = rows.settlements.geometry.to_crs(degrees).total_bounds
    span = np.maximum(box[2:] - box[:2], _LEAST_DEGREES)
    middle = (box[:2] + box[2:]) / 2.0
    box = np.concatenate((middle - span / 2.0, middle + span / 2.0))
    low, high = box[:2] - span * _PAD, box[2:] + span * _PAD
    if isinstance(area, gpd.GeoDataFrame) and len(area):
        whole = area.geometry.to_crs(degrees).total_bounds
        low = np.clip(whole[:2], box[:2] - span * _REACH, low)
        high = np.clip(whole[2:], high, box[2:] + span * _REACH)
    bounds = [[round(float(corner[1]), 5), round(float(corner[0]), 5)] for corner in (low, high)]
    return {"middle": [round(sum(ends) / 2, 5) for ends in zip(*bounds, strict=True)], "bounds": bounds}


def township_count(book: PageBook, rows: Rows) -> int:
    """Count the townships where settlements lie, with those drawn that have none: norms judge them too."""
    home, units = rows.settlements.get("township_id", pd.Series()).dropna(), book.tables.get("boundaries")
    return len({*home, *(() if units is None else units.loc[units["is_unit"], "boundary_id"])}) if len(home) else 0


def ways_of(book: PageBook) -> dict[str, str]:
    """Name the pages that every page leads to, by what they answer; villages stand on the index, by norm."""
    answer = book.summary.get("answer") or {"findings": (), "matrix": None}
    # The fact sheet is signed, and so none for the public.
    is_sheet = not book.meta.below and ("scores" in book.tables or book.summary.get("answer"))
    found = {
        "answer": "index.html",
        "villages": "index.html" if any(finding["first"] for finding in answer["findings"]) else "",
        "townships": TOWNSHIPS_FILE if answer["matrix"] else "",
        "plan": PLAN_FILE if book.plans else "",
        "score": SCORE_FILE if "scores" in book.tables else "",
        "sheet": FACT_SHEET_FILE if is_sheet else "",
        "sign": SIGN_OFF_FILE if "sign_off" in book.tables else "",
        "settle": SETTLE_FILE if len(book.tables.get("site_profile", ())) else "",
    }
    return {key: file for key, file in found.items() if file}


def study_block(book: PageBook, rows: Rows, *, more_words: tuple[str, ...] = ()) -> dict[str, Any]:
    """Say what is studied."""
    meta, ways = book.meta, ways_of(book)
    # Shares of what was not observed but filled in, for the mode of the headlines.
    network = book.summary.get("network", {})
    mode = next((name for name in meta.modes if name in network), None)
    shares = (
        {}
        if mode is None
        else {"speed": network[mode].get("imputed_speed_share"), "season": network[mode].get("unknown_season_share")}
    )
    people = book.summary.get("population", {})
    if people.get("persons") is not None and people.get("places"):
        shares["population"] = people["places_without_population"] / people["places"]
    imputed = {name: float(share) for name, share in shares.items() if share is not None}
    # Without the words of single pages, which would weigh on every map.
    messages = {
        language: {
            key: text
            for key, text in texts.items()
            if not key.startswith(OWN_WORDS) or key.startswith(KEPT_WORDS + more_words)
        }
        for language, texts in book.words.items()
    }
    return {
        "language": next(iter(book.words)),
        "messages": messages,
        "study": {
            "name": meta.study,
            "title": dict(meta.title),
            "as_of": meta.as_of,
            "status": meta.status,
            "basis": meta.population_basis,
            "rescaled": "population_factor" in rows.settlements,
            "synthetic": meta.synthetic,
            "note": dict(meta.note),
            "people": rows.has_people,
            "approval": meta.map_approval,
            "approval_wanted": meta.approval_wanted,
            "below": meta.below,
        },
        "ways": [{"key": key, "file": file} for key, file in ways.items()],
        "sign_off": ways.get("sign"),
        "score_file": ways.get("score"),
        "sources": [dict(source) for source in meta.sources],
        "issues": list(book.summary.get("issues", ())),
        "known_issues": book.known_issues,
        "imputed": imputed,
        "certainty": book.summary.get("certainty"),
        "rural_access": book.summary.get("rural_access"),
    }


_TOLD = (
    "component", "factor", "flow_kind", "made", "measure_kind", "profile_kind", "profile_status", "reason",
    "segmentation_term", "speed_status", "term", "unit_of",
)  # fmt: skip
"""Sections of `results` that pages use as well."""


@functools.cache
def page_texts(language: str) -> dict[str, str]:
    """Read the texts of pages in a language, by section and key."""
    words = Words(language)
    # Patterns of dates are written with braces, and the months as they stand in them.
    patterns = words.messages["date"]
    month = re.findall("M+", patterns["other"])[0]
    slots = {month: "{month}", "d": "{day}", "y": "{year}"}
    days = {
        form: "".join(slots.get(part, part.strip("'")) for part in re.findall("'[^']*'|M+|.", pattern))
        for form, pattern in patterns.items()
    }
    first = (dt.date(2000, number, 1) for number in range(1, 13))
    months = {str(day.month): format_date(day, month, locale_of(language)) for day in first}
    told = {section: words.messages[section] for section in _TOLD} | {"date": days, "months": months}
    pages = dict(words.of("pages").messages)
    # Columns that a card has no words of its own for go by their title; minutes and metres have their unit in the row.
    columns = [TABLES["access"].by_name[name] for name in columns_told("access")["card"]]
    titles = {item.name: words.title(item.title, "" if item.unit in PACKS else item.unit) for item in columns}
    pages["place"] = titles | dict(pages["place"])
    return {
        f"{section}.{key}": text
        for section, entries in (pages | dict(sorted(told.items()))).items()
        for key, text in entries.items()
    }
