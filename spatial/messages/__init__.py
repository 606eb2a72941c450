"""Every text of every sink, one file a language: another language is one more file."""

from __future__ import annotations

import importlib.resources
import tomllib
from functools import cache

__all__ = ["FALLBACK", "languages", "words_of"]

FALLBACK = "en"
"""The language whose file is whole: a text that another lacks is said in it."""


@cache
def languages() -> tuple[str, ...]:
    """List the languages that have a file, by code, sorted."""
    names = [item.name for item in importlib.resources.files("spatial.messages").iterdir()]
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def _file(language: str) -> dict[str, dict[str, dict[str, str]]]:
    file = importlib.resources.files("spatial.messages").joinpath(f"{language}.toml")
    loaded: dict[str, dict[str, dict[str, str]]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return loaded


def words_of(language: str, part: str) -> dict[str, dict[str, str]]:
    """
    Read the texts of one part, by section and key; in English where there is no such language.

    Parts are results, comparison, sign_off, pages, workbook and qgis.
    """
    known = language if language in languages() else FALLBACK
    return {section: dict(texts) for section, texts in _file(known)[part].items()}
