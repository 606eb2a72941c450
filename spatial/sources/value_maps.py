"""A user's own words as ours, from an editable file; those of Chinese, French and English lists are shipped."""

from __future__ import annotations

import importlib.resources
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spatial.errors import SourceError, first_of
from spatial.sources.cells import narrow
from spatial.sources.columns import text_column
from spatial.sources.notes import Note, add_notes
from spatial.sources.tag_rules import fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from spatial.study import TableSource

__all__ = ["SHIPPED", "load_values", "translate_values"]

SHIPPED = ("cn", "en", "fr")
"""Vocabularies of this package, named without an ending."""

_TABLES = {
    "settlements": ("tier", "official_class", "village_plan_class"),
    "facilities": ("service", "status", "village_plan_class"),
    "roads": ("road_class", "surface", "condition", "bridge", "tunnel"),
    "boundaries": ("official_class",),
}
"""Columns that a vocabulary translates in one table and leaves alone in others, where a name means something else."""


def load_values(name: str, *, root: Path) -> dict[str, dict[str, str]]:
    """
    Read a vocabulary: for a column of ours, the word of the file = our word.

    Returns our word by their word, by column of ours; an empty word of ours stands for unknown.
    """
    if name in SHIPPED:
        shipped = importlib.resources.files("spatial.formats") / "vocabularies" / f"{name}.toml"
        content = tomllib.loads(shipped.read_text(encoding="utf-8"))
    else:
        content = _own(root / name)
    wrong = [
        column
        for column, words in content.items()
        if not isinstance(words, dict) or not all(isinstance(ours, str) for ours in words.values())
    ]
    if wrong or not content:
        named = f" under {first_of(wrong)}" if wrong else ""
        raise SourceError(
            f"values_file {name}: must hold tables of words only{named}; write [road_class] and below it "
            "'their word' = 'our word'"
        )
    return content


def translate_values(
    frame: pd.DataFrame, source: TableSource, path: Path, problems: list[str], *, what: str = ""
) -> pd.DataFrame:
    """Give the values of a table our words by its `values_file`, but for those that the study translates itself."""
    if source.values_file is None:
        return frame
    result = frame.copy()
    for column, words in load_values(source.values_file, root=_raw_root(path, source.path)).items():
        if column in result.columns and _belongs(column, what):
            own = source.values.get(column, {})
            translated = _translated(result[column], words, own, source.values_file, problems)
            add_notes(result, _unknown(result[column], translated))
            result[column] = translated
    return result


def _belongs(column: str, what: str) -> bool:
    """Tell whether a column of this name means to this table what it means to a vocabulary."""
    homes = [table for table, columns in _TABLES.items() if column in columns]
    return what not in _TABLES or not homes or what in homes


def _unknown(before: pd.Series, after: pd.Series) -> list[Note]:
    words = text_column(before)[before.notna() & after.isna()].str.strip()
    words = words[words != ""]
    item = f"words of {before.name} that stand for unknown"
    return [
        Note(item, len(words), f"{item}: {len(words)} row(s), {first_of(words.drop_duplicates(), limit=5)}")
    ]


def _translated(
    series: pd.Series, words: Mapping[str, str], own: Mapping[str, str], name: str, problems: list[str]
) -> pd.Series:
    texts = text_column(series)
    known = {_folded(ours): ours for ours in words.values()} | {_folded(w): ours for w, ours in words.items()}
    there = texts.dropna().unique()
    decided = {*own, *own.values()}
    found = {text: known[_folded(text)] for text in there if _folded(text) in known and text not in decided}
    strange = sorted(text for text in there if text not in found and text not in decided and text.strip())
    if strange:
        problems.append(
            f"{series.name}: word(s) {first_of(strange)} are not in the vocabulary {name!r}; "
            f"translate them in values.{series.name}, or copy the vocabulary and add them"
        )
    translated = texts.replace(found)
    return translated.mask(translated == "", np.nan)


def _folded(text: str) -> str:
    return " ".join(fold(narrow(text)).split())


def _raw_root(path: Path, named: str) -> Path:
    """Return the folder that `named` is relative to, where `path` ends with it."""
    parts = Path(named).parts
    if Path(named).is_absolute() or path.parts[-len(parts) :] != parts:
        return path.parent
    return Path(*path.parts[: -len(parts)])


def _own(file: Path) -> dict[str, dict[str, str]]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise SourceError(
            f"values_file {file}: not found; put it there, or name one of the shipped ones: {', '.join(SHIPPED)}"
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceError(f"values_file {file}: cannot be read as TOML in UTF-8: {error}") from error
