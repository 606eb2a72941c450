"""Texts of the pages by language: one TOML file a language, so that another language is one more file."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from spatial.errors import StudyError
from spatial.messages import languages, words_of
from spatial.reporting.wording import wording

if TYPE_CHECKING:
    from collections.abc import Sequence


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
"""Sections of `results` that pages use as well."""


def messages(chosen: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read the messages of some languages."""
    known = languages()
    unknown = [language for language in chosen if language not in known]
    if unknown:
        raise StudyError(
            "outputs.languages",
            [
                f"outputs.languages: {item!r} has no message file; there are {', '.join(known)}"
                for item in unknown
            ],
        )
    return {language: _read(language) for language in chosen}


@functools.cache
def _read(language: str) -> dict[str, str]:
    told = {section: dict(wording(language).messages[section]) for section in _TOLD}
    sections = words_of(language, "pages") | told
    return {
        f"{section}.{key}": text for section, entries in sections.items() for key, text in entries.items()
    }
