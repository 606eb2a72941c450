"""Names of settlements and of units in a language: its own, else as written at the place, else English or Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["name_in", "named_in", "names_of", "pick", "score_in", "township_in", "with_names"]

ENDS = ("first", "last")
WRITTEN = "und"
"""Stands for the name as it is written at the place, whatever its language."""


def name_in(frame: pd.DataFrame, language: str) -> pd.Series:
    """
    Choose the name of each row.

    Examples
    --------
    >>> places = pd.DataFrame({"name": ["云溪镇", "马渡乡"], "name_en": ["Yunxi Town", None]})
    >>> list(name_in(places, "en")), list(name_in(places, "fr"))
    (['Yunxi Town', '马渡乡'], ['云溪镇', '马渡乡'])
    """
    chosen = pd.Series(None, index=frame.index, dtype=object)
    for column in dict.fromkeys((f"name_{language}", "name", "name_en", "name_zh")):
        if column in frame:
            own = frame[column].astype(object)
            chosen = chosen.where(chosen.notna(), own.where(own.notna() & own.ne(""), None))
    return chosen


def names_of(row: Mapping[Any, object]) -> dict[str, str]:
    """
    Gather the names of a row by language.

    Examples
    --------
    >>> names_of({"name": "云溪镇", "name_en": "Yunxi Town", "name_zh": None, "tier": "town"})
    {'und': '云溪镇', 'en': 'Yunxi Town'}
    """
    texts = {
        str(key): value
        for key, value in row.items()
        if str(key).startswith("name") and isinstance(value, str) and value
    }
    return {WRITTEN if key == "name" else key.removeprefix("name_"): value for key, value in texts.items()}


def pick(names: Mapping[str, str], language: str) -> str:
    """
    Choose a name by language.

    Examples
    --------
    >>> pick({"und": "云溪镇", "en": "Yunxi Town"}, "fr")
    '云溪镇'
    """
    return names.get(language) or names.get(WRITTEN) or names.get("en") or next(iter(names.values()), "")


def named_in(
    scores: pd.DataFrame, language: str, settlements: pd.DataFrame, boundaries: pd.DataFrame | None
) -> pd.DataFrame:
    """Put the names of a language into the table `scores`, or any with its key."""
    found = scores["name"].astype(object)
    for level, table, key in (
        ("settlement", settlements, "settlement_id"),
        ("township", boundaries, "boundary_id"),
    ):
        if table is None or not len(table):
            continue
        mine = scores["unit_level"].eq(level)
        by_id = name_in(table, language).set_axis(table[key].astype(str)).dropna()
        told = scores["unit_id"].astype(str).map(by_id[~by_id.index.duplicated()])
        found = found.where(~mine | told.isna(), told)
    return scores.assign(name=found)


def township_in(settlements: pd.DataFrame, language: str, boundaries: pd.DataFrame | None) -> pd.Series:
    """Name the township of each settlement."""
    missing = pd.Series(None, index=settlements.index, dtype=object)
    written = settlements["township"].astype(object) if "township" in settlements else missing
    if boundaries is None or not len(boundaries) or "township_id" not in settlements:
        return written
    by_id = name_in(boundaries, language).set_axis(boundaries["boundary_id"].astype(str)).dropna()
    told = settlements["township_id"].astype(object).map(by_id[~by_id.index.duplicated()])
    return told.where(told.notna(), written)


def with_names(score: Mapping[str, Any] | None, boundaries: pd.DataFrame | None) -> dict[str, Any] | None:
    """Add names by language to the townships that the score of a study tells apart."""
    if score is None:
        return None
    apart = score["townships"]["told_apart"]
    if apart is None or boundaries is None or not len(boundaries):
        return dict(score)
    known = {str(row["boundary_id"]): names_of(row) for row in pd.DataFrame(boundaries).to_dict("records")}
    named = {end: apart[end] | {"names": known.get(apart[end]["id"], {})} for end in ENDS}
    return {**score, "townships": score["townships"] | {"told_apart": apart | named}}


def score_in(score: Mapping[str, Any] | None, language: str) -> dict[str, Any] | None:
    """Name the townships that the score of a study tells apart in a language."""
    if score is None:
        return None
    apart = score["townships"]["told_apart"]
    if apart is None:
        return dict(score)
    named = {
        end: apart[end] | {"name": pick(apart[end].get("names", {}), language) or apart[end]["name"]}
        for end in ENDS
    }
    return {**score, "townships": score["townships"] | {"told_apart": apart | named}}
