"""Texts of the pages by language: one TOML file a language, so that another language is one more file."""

from __future__ import annotations

import functools
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

from spatial.errors import StudyError
from spatial.reporting.wording import languages as worded_languages
from spatial.reporting.wording import wording

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["available_languages", "messages"]


_TOLD = (
    "component",
    "date",
    "factor",
    "flow_kind",
    "made",
    "measure_kind",
    "months",
    "reason",
    "segmentation_term",
    "speed_status",
    "term",
    "unit_of",
)
"""Sections that `spatial.planning` has the words of."""


@functools.cache
def available_languages() -> tuple[str, ...]:
    """
    List the languages that have a message file.

    Returns sorted.
    """
    folder = files("spatial.cartography").joinpath("messages")
    return tuple(
        sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))
    )


def messages(languages: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read the messages of some languages."""
    known = available_languages()
    unknown = [language for language in languages if language not in known]
    if unknown:
        raise StudyError(
            "outputs.languages",
            [
                f"outputs.languages: {item!r} has no message file; there are {', '.join(known)}"
                for item in unknown
            ],
        )
    return {language: _read(language) for language in languages}


@functools.cache
def _read(language: str) -> dict[str, str]:
    file = files("spatial.cartography").joinpath("messages", f"{language}.toml")
    told = {section: _told(language, section) for section in _TOLD}
    sections = tomllib.loads(file.read_text(encoding="utf-8")) | told
    return {
        f"{section}.{key}": text for section, entries in sections.items() for key, text in entries.items()
    }


def _told(language: str, section: str) -> dict[str, str]:
    """Use the words of `spatial.planning`; a language that it lacks shows the codes."""
    return dict(wording(language).messages[section]) if language in worded_languages() else {}
