"""Words: codes, numbers, notices and known issues as sentences, in any language that has a message file."""

from __future__ import annotations

import functools
import importlib.resources
import json
import math
import re
import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.messages import Words, languages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


# Numbers of a table as JSON knows them.


def plain(value: object) -> Any:
    """
    Turn a cell of a table into what JSON can hold.

    Returns None for NaN, infinity and whatever else is missing.

    Examples
    --------
    >>> plain(float("nan")) is None
    True
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, str | bool | int | float) else str(value)


@functools.cache
def columns_told(where: str) -> dict[str, tuple[str, ...]]:
    """Read which columns of tables the summary, the score, an explanation, pages or layers tell, in their order."""
    text = importlib.resources.files("spatial.reporting").joinpath("columns.toml").read_text("utf-8")
    return {name: tuple(columns) for name, columns in tomllib.loads(text)[where].items()}


def source_title(norm: Mapping[Any, Any], words: Words) -> str:
    """
    Call the instrument of a norm by its own title where that is in the language, else as the register does.

    What is not known in the language is marked as English.

    Examples
    --------
    >>> norm = {"source_title": "Postal Law", "source_title_original": "《邮政法》", "original_language": "zh"}
    >>> source_title(norm, Words("zh")), source_title(norm, Words("fr"))
    ('《邮政法》', 'Postal Law (titre en anglais)')
    """
    own, told = norm.get("original_language"), norm.get("source_title_original")
    if isinstance(told, str) and told and own == words.language:
        return told
    title = str(norm["source_title"] or "")
    # A register of a reader's own is in the reader's language; what it says of another language is a translation.
    translated = isinstance(own, str) and own != words.language
    foreign = words.language not in ("en", own) and bool(title) and (translated or title.isascii())
    return words.say("source", "title_in_english", title=title) if foreign else title


def norm_titles(norm: Mapping[Any, Any]) -> dict[str, str]:
    """
    Take the short names of a norm by language; none where the study judges by another number than the name says.

    Examples
    --------
    >>> norm = {"title_en": "County seat within 60 minutes", "threshold": 60.0, "register_threshold": 60.0}
    >>> norm_titles(norm), norm_titles(norm | {"threshold": 45.0})
    ({'en': 'County seat within 60 minutes'}, {})
    """
    changed = {
        name: pd.notna(norm.get(f"register_{name}")) and norm[name] != norm[f"register_{name}"]
        for name in ("threshold", "target_share")
    }
    if changed["threshold"]:
        return {}
    found = {language: norm.get(f"title_{language}") for language in languages()}
    told = {language: title for language, title in found.items() if isinstance(title, str) and title}
    return {} if changed["target_share"] and any("%" in title for title in told.values()) else told


# What readers noticed, in the language of whoever reads it.

NOTICED = "noticed"
TIDIED = frozenset(
    ("headers", "filled", "merged_header", "totals", "remarks", "full_width", "full_width_digits", "encoding")
)
"""Notices of what a reader has put in order, which touch no number: they stand with the sources alone."""
DOUBTED = frozenset(f"doubtful_{about}" for about in ("no_name", "slope", "water", "far", "twice"))
"""Notices of facilities that a person should look at: for check, sign-off and sources, not a first page."""
UNKNOWN = "unknown"
"""Stands in `provenance` for what nobody says of a file."""


def namesake_texts(summary: Mapping[str, Any], words: Words) -> list[str]:
    """Say which facilities a scenario closes while another of their name, perhaps the same one, stays open."""
    return [words.notice("open_namesake", values) for values in summary.get("open_namesakes") or ()]


_WITHIN = re.compile(r"(\w+)_within_([0-9.]+)")


def profile_title(measure: str, words: Words) -> str:
    """
    Say what a measure of `site_profile` tells.

    Examples
    --------
    >>> profile_title("workplaces_within_30", Words("en")), profile_title("flow_out_parcels", Words("en"))
    ('Workplaces within 30 min', 'Leaving, a year: parcels')
    """
    if within := _WITHIN.fullmatch(measure):
        return words.say("profile", within[1], minutes=words.measure(float(within[2]), "min"))
    if measure.startswith("flow_"):
        way, _, kind = measure.removeprefix("flow_").partition("_")
        said = words.say("flow_kind", kind) if words.has("flow_kind", kind) else kind
        return words.say("profile", f"flow_{way}_of" if kind else f"flow_{way}", kind=said)
    return words.say("profile", "nearest", service=words.service(measure.removesuffix("_min")))


def issue_text(record: Mapping[str, str], words: Words) -> str:
    """Say a known issue: the source's own words as they are, a reader's notice in the language."""
    if not record.get("notice"):
        return record["issue"]
    return words.notice(record["notice"], json.loads(record["notice_values"]))


def issues_by_file(records: Iterable[Mapping[str, str]], words: Words) -> dict[str, str]:
    """Say the known issues of each file that has any."""
    told: dict[str, list[str]] = {}
    for record in records:
        told.setdefault(record["path"], []).append(issue_text(record, words))
    return {path: words.say("issue", "joint").join(texts) for path, texts in told.items()}


def source_fact(fact: str, words: Words) -> str:
    """
    Say an origin, licence, vintage or address of a file.

    Examples
    --------
    >>> source_fact("unknown", Words("fr")), source_fact("CC0-1.0", Words("fr"))
    ('non précisé', 'CC0-1.0')
    """
    return words.say("source", "unknown") if fact == UNKNOWN else fact


def stated(fact: str) -> str:
    """
    Take what a source states of itself.

    Examples
    --------
    >>> stated("unknown"), stated("CC0-1.0")
    ('', 'CC0-1.0')
    """
    return "" if fact == UNKNOWN else fact


# Known issues of the sources in words: what each says, affects and forbids here.

PLAIN = "plain_text"


def known_issues(provenance: pd.DataFrame) -> list[str]:
    """List the known faults of the sources."""
    faults = provenance.loc[provenance["issue"] != ""]
    return [f"{path}: {issue}" for path, issue in zip(faults["path"], faults["issue"], strict=True)]


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
        told = f"{record['path']}: {issue_text(record, words)}"
        said = words.say("issue", "with_effect", issue=told, effect=effect) if effect else told
        lines.append(words.say("issue", "line", issue=said))
    return lines


def effect_text(record: Mapping[str, Any], words: Words) -> str:
    """
    Say what a known issue affects and forbids.

    Returns such as "affects people; forbids to compare Alba, Borga; townships without a rank: 2"; empty where
    nobody says.

    Examples
    --------
    >>> told = {"affects": [], "areas": ["Alba"], "without_rank": ["a"], "unknown_areas": []}
    >>> effect_text(told | {"issue_kind": "declared", "forbids": ["ranking"]}, Words("en"))
    'forbids to rank Alba; townships without a rank: 1'
    """
    said, areas = [], record["areas"]
    if record["affects"]:
        kinds = words.messages["data_kind"]
        named = [kinds.get(kind) or words.service(kind) for kind in record["affects"]]
        said.append(words.say("issue", "affects", what=_joined(named, words)))
    for effect in record["forbids"]:
        if record["issue_kind"] == PLAIN:
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
