"""Words: codes, numbers, names, notices and known issues as sentences, in any language that has a message file."""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.arrays import FloatArray
from spatial.messages import FALLBACK, Words, languages
from spatial.plain_text import shipped_toml
from spatial.tables.words import NOTICE, PLAIN_TEXT, UNKNOWN, names_for


@dataclass(frozen=True, kw_only=True)
class StudyMeta:
    """What every page, sheet and project prints about the study."""

    title: Mapping[str, str]  # by language
    status: str = "draft"  # draft, internal or public
    population_basis: str = "modelled"  # how people are counted: resident, registered, modelled, listed or none
    synthetic: bool = False  # true for made-up ground: every output says so
    note: Mapping[str, str] = field(default_factory=dict)  # a sentence by language that every output carries
    map_approval: str = ""  # approval number of the maps; empty where none is given
    approval_wanted: bool = False  # whether these are public maps of a country that asks for a number, without one
    below: int = 0  # numbers of people below this were withheld from the public; 0 where none was


# Numbers of a table as JSON knows them.


def plain(value: object) -> Any:
    """Turn a cell of a table into what JSON can hold: None for NaN, infinity and whatever else is missing."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)


def records_of(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Give the rows of a table as JSON can hold them; none without it."""
    rows = () if table is None else table.to_dict("records")
    return [{str(name): plain(value) for name, value in row.items()} for row in rows]


def capital(text: str) -> str:
    """Begin a text with a capital, where its script has any."""
    return text[:1].upper() + text[1:]


@functools.cache
def columns_told(where: str) -> dict[str, tuple[str, ...]]:
    """Read which columns of tables the summary, the score, an explanation, pages or layers tell, in their order."""
    return {name: tuple(columns) for name, columns in shipped_toml("reporting/columns.toml")[where].items()}


def source_title(norm: Mapping[Any, Any], words: Words) -> str:
    """Call the instrument of a norm by its own title in its language, else as the register does, marked as English."""
    own, told = norm.get("original_language"), norm.get("source_title_original")
    if isinstance(told, str) and told and own == words.language:
        return told
    title = str(norm["source_title"] or "")
    # A register of a reader's own is in the reader's language; what it says of another language is a translation.
    translated = isinstance(own, str) and own != words.language
    foreign = words.language not in ("en", own) and bool(title) and (translated or title.isascii())
    return words.say("source", "title_in_english", title=title) if foreign else title


def norm_titles(norm: Mapping[Any, Any]) -> dict[str, str]:
    """Take the short names of a norm by language; none where the study judges by another number than the name says."""
    changed = {
        name: pd.notna(norm.get(f"register_{name}")) and norm[name] != norm[f"register_{name}"]
        for name in ("threshold", "target_share")
    }
    if changed["threshold"]:
        return {}
    found = {language: norm.get(f"title_{language}") for language in languages()}
    told = {language: title for language, title in found.items() if isinstance(title, str) and title}
    return {} if changed["target_share"] and any("%" in title for title in told.values()) else told


def norm_name(norm: Mapping[Any, Any], words: Words) -> str:
    """Call a norm by its short name; one that a study changed or added by its service and what it asks for."""
    if title := words.pick(norm_titles(norm)):
        return title
    pages, service, metric, unit = words.of("pages"), *(str(norm[name]) for name in ("service", "metric", "unit"))
    mode = plain(norm.get("mode")) or "none"
    # Of ways by several modes a time takes the fastest, a length the shortest.
    is_shortest = metric == "network_dist_m" and mode in ("none", "any")
    key = metric + ("_flag" if metric == "attribute" and unit == "flag" else "_any" if is_shortest else "")
    return pages.say(
        "norm",
        key if pages.has("norm", key) else "other",
        service=pages.messages["service"].get(service) or capital(words.service(service)),
        measure="" if pd.isna(norm["threshold"]) else words.limit(norm["threshold"], unit),
        mode=pages.say("mode", str(mode)),
    )


# What readers noticed, in the language of whoever reads it.

TIDIED = frozenset({
    "headers", "column_numbers", "filled", "merged_header", "totals", "remarks", "full_width", "full_width_digits",
    "encoding",
})  # fmt: skip
"""Notices of what a reader has put in order, which touch no number: they stand with the sources alone."""
DOUBTED = frozenset(f"doubtful_{about}" for about in ("no_name", "slope", "water", "far", "twice"))
"""Notices of facilities that a person should look at: for check, sign-off and sources, not a first page."""


def namesake_texts(summary: Mapping[str, Any], words: Words) -> list[str]:
    """Say which facilities a scenario closes while another of their name, perhaps the same one, stays open."""
    return [words.notice("open_namesake", values) for values in summary.get("open_namesakes") or ()]


_WITHIN = re.compile(r"(\w+)_within_([0-9.]+)")


def profile_title(measure: str, words: Words) -> str:
    """Say what a measure of `site_profile` tells."""
    if within := _WITHIN.fullmatch(measure):
        return words.say("profile", within[1], minutes=words.limit(float(within[2]), "min"))
    if measure.startswith("flow_"):
        way, _, kind = measure.removeprefix("flow_").partition("_")
        said = words.say("flow_kind", kind) if words.has("flow_kind", kind) else kind
        return words.say("profile", f"flow_{way}_of" if kind else f"flow_{way}", kind=said)
    return words.say("profile", "nearest", service=words.service(measure.removesuffix("_min")))


def issue_text(record: Mapping[Any, Any], words: Words) -> str:
    """Say a known issue: the source's own words as they are, a reader's notice in the language."""
    if not record.get("notice"):
        return str(record["issue"])
    return words.notice(record["notice"], json.loads(record["notice_values"]))


def details_told(findings: pd.DataFrame, words: Words) -> list[str]:
    """Say the details of findings; of tables whose findings name no message, as they stand."""
    return [
        words.notice(row["notice"], json.loads(row["notice_values"]))
        if isinstance(row.get("notice"), str)
        else str(row["detail"])
        for row in pd.DataFrame(findings).to_dict("records")
    ]


def issues_by_file(records: Iterable[Mapping[Any, Any]], words: Words) -> dict[str, str]:
    """Say the known issues of each file that has any."""
    told: dict[str, list[str]] = {}
    for record in records:
        told.setdefault(record["path"], []).append(issue_text(record, words))
    return {path: words.say("issue", "joint").join(texts) for path, texts in told.items()}


def source_fact(fact: str, words: Words) -> str:
    """Say an origin, licence, vintage or address of a file, or that nobody stated it."""
    return words.say("source", "unknown") if fact == UNKNOWN else fact


def stated(fact: str) -> str:
    """Take what a source states of itself; nothing where it is not known."""
    return "" if fact == UNKNOWN else fact


# Known issues of the sources in words: what each says, affects and forbids here.


def known_issues(provenance: pd.DataFrame, language: str = FALLBACK) -> list[str]:
    """List the known faults of the sources."""
    faults = provenance.loc[provenance["issue"] != "", ["path", "issue"]]
    return list(itertools.starmap(Words(language).told_of, faults.itertuples(index=False)))


def issue_lines(
    summary: Mapping[str, Any], language: str = "en", *, names: Mapping[str, str] | None = None
) -> list[str]:
    """Say the known issues of a study, a line each."""
    words = Words(language, names=names)
    known = summary.get("known_issues") or []
    if not known:
        return [words.say("issue", "line", issue=issue) for issue in summary["issues"]]
    lines = []
    for record in known:
        effect = effect_text(record, words)
        told = words.say("issue", "of_file", path=record["path"], issue=issue_text(record, words))
        said = words.say("issue", "with_effect", issue=told, effect=effect) if effect else told
        lines.append(words.say("issue", "line", issue=said))
    return lines


def effect_text(record: Mapping[str, Any], words: Words) -> str:
    """Say what a known issue affects and forbids; empty where nobody says."""
    said, areas = [], record["areas"]
    if record["affects"]:
        kinds = words.messages["data_kind"]
        named = [kinds.get(kind) or words.service(kind) for kind in record["affects"]]
        said.append(words.say("issue", "affects", what=_joined(named, words)))
    for effect in record["forbids"]:
        if record["issue_kind"] == PLAIN_TEXT:
            said.append(words.say("issue", "named"))
        elif not areas:
            said.append(words.say("issue", f"{effect}_all"))
        else:
            alone = "_alone" if effect == "comparison" and len(areas) == 1 else ""
            said.append(words.say("issue", effect + alone, areas=_joined(areas, words)))
    if record["without_rank"]:
        said.append(words.say("issue", "without_rank", count=words.number(len(record["without_rank"]))))
    if record["unknown_areas"]:
        said.append(words.say("issue", "unknown_areas", areas=_joined(record["unknown_areas"], words)))
    return words.say("issue", "joint").join(said)


def _joined(items: Sequence[str], words: Words) -> str:
    return words.say("score", "joint").join(items)


# Names of settlements and of units in a language: its own, else as written at the place, else English or Chinese.

ENDS = ("first", "last")
WRITTEN = "und"
"""Stands for the name as it is written at the place, whatever its language."""


def name_in(frame: pd.DataFrame, language: str) -> pd.Series:
    """Choose the name of each row."""
    chosen = pd.Series(None, index=frame.index, dtype=object)
    for column in names_for(language):
        if column in frame:
            own = frame[column].astype(object)
            chosen = chosen.where(chosen.notna(), own.where(own.notna() & own.ne(""), None))
    return chosen


def names_by_id(table: pd.DataFrame | None, key: str, language: str) -> pd.Series:
    """Name the rows of a table by their id, those that have a name; of several with one id the first."""
    if table is None or not len(table):
        return pd.Series(dtype=object)
    by_id = name_in(table, language).set_axis(table[key].astype(str)).dropna()
    return by_id[~by_id.index.duplicated()]


def names_of(row: Mapping[Any, object]) -> dict[str, str]:
    """Gather the names of a row by language, ``und`` for the one as it is written."""
    return {
        WRITTEN if key == "name" else str(key).removeprefix("name_"): value
        for key, value in row.items()
        if (key == "name" or str(key).startswith("name_")) and isinstance(value, str) and value
    }


@functools.cache
def _script(language: str) -> str:
    """Say how names of letters of a language begin in Unicode; Latin where no message file tells its script."""
    told = Words(language).of("pages").messages["page"]["own_script"] if language in languages() else "any"
    return {"any": "LATIN", "Han": "CJK"}.get(told, told.upper())


def pick(names: Mapping[str, str], language: str) -> str:
    """Choose a name by language; one that is written in two scripts begins with that of the language."""
    if names.get(language):
        return names[language]
    written = names.get(WRITTEN, "")
    if " " in written and not written.isascii():
        own: list[str] = []
        rest: list[str] = []
        for word in written.split():
            is_own = any(unicodedata.name(letter, "").startswith(_script(language)) for letter in word)
            (own if is_own else rest).append(word)
        if own and any(word.isalpha() for word in rest):
            written = " ".join([*own, *rest])
    return written or names.get("en") or next(iter(names.values()), "")


def named_in(
    scores: pd.DataFrame, language: str, settlements: pd.DataFrame, boundaries: pd.DataFrame | None
) -> pd.DataFrame:
    """Put the names of a language into the table `scores`, or any with its key."""
    found = scores["name"].astype(object)
    for level, table, key in (("settlement", settlements, "settlement_id"), ("township", boundaries, "boundary_id")):
        told = scores["unit_id"].astype(str).map(names_by_id(table, key, language))
        found = found.where(scores["unit_level"].ne(level) | told.isna(), told)
    return scores.assign(name=found)


def township_in(settlements: pd.DataFrame, language: str, boundaries: pd.DataFrame | None) -> pd.Series:
    """Name the township of each settlement."""
    missing = pd.Series(None, index=settlements.index, dtype=object)
    written = settlements.get("township", missing).astype(object)
    ids = settlements.get("township_id", missing).astype(object)
    told = ids.map(names_by_id(boundaries, "boundary_id", language))
    return told.where(told.notna(), written)


def with_names(apart: Mapping[str, Any], boundaries: pd.DataFrame | None) -> dict[str, Any]:
    """Add names by language to the two townships that the score of a study tells apart."""
    if boundaries is None or not len(boundaries):
        return dict(apart)
    known = {str(row["boundary_id"]): names_of(row) for row in pd.DataFrame(boundaries).to_dict("records")}
    return {**apart, **{end: apart[end] | {"names": known.get(apart[end]["id"], {})} for end in ENDS}}


def score_in(score: Mapping[str, Any] | None, language: str) -> dict[str, Any] | None:
    """Name the townships that the score of a study tells apart in a language."""
    if score is None:
        return None
    apart = score["townships"]["told_apart"]
    if apart is None:
        return dict(score)
    named = {
        end: apart[end] | {"name": pick(apart[end].get("names", {}), language) or apart[end]["name"]} for end in ENDS
    }
    return {**score, "townships": score["townships"] | {"told_apart": apart | named}}


# How much of each road a way goes along: the first and the last edge only as far as they are used.

_ON_ROAD_M = 1e-3
"""A door nearer to its road than this stands on it, and has no walk."""


def travelled_m(way: shapely.LineString, edges: Sequence[shapely.LineString], lengths_m: npt.ArrayLike) -> FloatArray:
    """
    Measure how far a way goes along each of its edges.

    Of the first and of the last edge either end may be the one that the way passes. Of the four pairs the one is
    right whose sum is the length of the way without its two walks, whatever the edges join.
    """
    whole = np.asarray(lengths_m, dtype=np.float64)
    if not len(whole):
        return whole
    drawn = shapely.length(np.array(edges, dtype=object))
    points = [shapely.Point(place) for place in shapely.get_coordinates(way)]
    feet = [_foot(points[0], points[1], edges[0]), _foot(points[-1], points[-2], edges[-1])]
    on_roads = way.length - sum(walk for _, walk in feet)
    used = drawn.copy()
    if len(whole) == 1:
        used[0] = on_roads
    else:
        at = [edge.project(foot) for edge, (foot, _) in zip((edges[0], edges[-1]), feet, strict=True)]
        ways_out = [(part, length - part) for part, length in zip(at, drawn[[0, -1]], strict=True)]
        rest = on_roads - drawn[1:-1].sum()
        used[[0, -1]] = min(itertools.product(*ways_out), key=lambda pair: abs(sum(pair) - rest))
    share = np.divide(used, drawn, out=np.ones(len(whole)), where=drawn > 0.0)
    travelled: FloatArray = whole * share.clip(0.0, 1.0)
    return travelled


def _foot(door: shapely.Point, after: shapely.Point, edge: shapely.LineString) -> tuple[shapely.Point, float]:
    """Find where a way meets its road, and the length of the walk to it; `after` is its point next to the door."""
    if edge.distance(door) <= _ON_ROAD_M:
        return door, 0.0
    return after, float(door.distance(after))


# Roads by a name that people know: their own, else number or class, and the place near them, with the id behind.

NEAR_M = 5000.0
"""A place further away says nothing about where a road lies (a local choice)."""


def road_text(edge_id: str, tables: Mapping[str, pd.DataFrame], words: Words, *, with_id: bool = True) -> str:
    """Name a road or one edge of it; who reads no ids is told the id of a road without name or class alone."""
    # What is known of the road, with the line of the edge where it is there.
    row: dict[str, Any] = {}
    roads = tables.get("roads")
    is_road = roads is not None and roads["road_id"].astype(str).eq(edge_id).any()
    wanted = {"road_id": edge_id if is_road else edge_id.rpartition("/")[0] or edge_id, "edge_id": edge_id}
    for name, key in (("edges", "road_id"), ("roads", "road_id"), ("edges", "edge_id")):
        table = tables.get(name)
        rows = None if table is None else table.loc[table[key].astype(str) == wanted[key]]
        if rows is not None and len(rows):
            row |= {str(column): value for column, value in rows.iloc[0].items()}
    told = pick(names_of(row), words.language)
    if not told:
        told, number = words.messages["road_class"].get(str(row.get("road_class")), ""), row.get("ref")
        if told and isinstance(number, str) and number:
            told = words.say("road", "numbered", kind=told, number=number)
    if not told:
        return words.say("road", "unnamed", id=edge_id)
    # The nearest settlement with a name, from the middle of the line.
    settlements, line = tables.get("settlements"), row.get("geometry")
    if isinstance(settlements, gpd.GeoDataFrame) and line is not None:
        middle = shapely.line_interpolate_point(line, 0.5, normalized=True)
        away = settlements.geometry.distance(middle).sort_values(kind="stable")
        near = (settlements.loc[at].to_dict() for at in away.index[away.to_numpy() <= NEAR_M])
        place = next(filter(None, (pick(names_of(names), words.language) for names in near)), "")
        if place:
            told = words.say("road", "near", road=told, place=place)
    return words.say("road", "with_id", road=told, id=edge_id) if with_id else told


# What is said of the sources, with the package's own words in one language; what a source says stays as it is.

FACTS = ("origin", "licence", "vintage", "address")


def every_source(tables: Mapping[str, Any]) -> pd.DataFrame:
    """Put the files that plans were drawn from behind the other sources, each file once."""
    parts = [pd.DataFrame(tables[name]) for name in ("provenance", "plan_sources") if name in tables]
    every: pd.DataFrame = pd.concat(parts, ignore_index=True).drop_duplicates("path", ignore_index=True)
    return every


def provenance_told(provenance: pd.DataFrame, issues: pd.DataFrame, language: str) -> pd.DataFrame:
    """Put the package's words in the account of the sources into a language."""
    words = Words(language)
    by_file = issues_by_file(issues[["path", "issue", *NOTICE]].astype(str).to_dict("records"), words)
    faults = [by_file.get(path, issue) for path, issue in zip(provenance["path"], provenance["issue"], strict=True)]
    facts = {name: [source_fact(str(fact), words) for fact in provenance[name]] for name in FACTS}
    return provenance.assign(**facts, issue=faults)


_DIGITS = re.compile(r"[0-9][0-9.]*")


def item_text(item: str, words: Words) -> str:
    """Say an item of the table `counts`: messages know it by its words, which are English."""
    texts, digits = words.of("commands").messages.get("count", {}), _DIGITS.search(item)
    of, _, service = item.partition("service=")
    if service:
        return texts.get(f"{of}{{service}}", f"{of}{{service}}").replace("{service}", words.service(service))
    text = texts.get(item) or texts.get(_DIGITS.sub("{number}", item, count=1), item)
    return text.replace("{number}", words.figure(float(digits[0])) if digits else "")


def counts_told(counts: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Put the items of the table `counts` into a language; what readers noticed is named by its key."""
    items = []
    for item, notice in zip(counts["item"], counts.get("notice", pd.Series(index=counts.index)), strict=True):
        of, _, noticed = item.partition(": ")
        told = item_text(of, words)
        if noticed:
            noticed = words.counted(notice) if isinstance(notice, str) else noticed
            told = words.told_of(told, noticed)
        items.append(told)
    sources = [item_text(source, words) for source in counts["source"]]
    return counts.assign(source=sources, item=items).drop(columns="notice", errors="ignore")


def issues_told(issues: pd.DataFrame, language: str) -> pd.DataFrame:
    """Put what readers noticed into a language."""
    words = Words(language)
    said = [issue_text(record, words) for record in issues[["issue", *NOTICE]].astype(str).to_dict("records")]
    told = issues.assign(issue=pd.Series(said, index=issues.index, dtype="str"))
    return told.drop(columns=list(NOTICE))
