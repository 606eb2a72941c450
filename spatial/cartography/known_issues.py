"""Known issues of the sources as pages show them: the text as it was written, and what it forbids in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.planning.issue_text import effect_text
from spatial.planning.notices import NOTICED, notice_text
from spatial.planning.wording import languages as worded
from spatial.planning.wording import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.cartography.book import PageBook

__all__ = ["issue_entries"]


def issue_entries(book: PageBook) -> list[dict[str, Any]]:
    """
    Gather the known issues of the study.

    Parameters
    ----------
    book : PageBook
        Its summary holds `known_issues`, as `summarise_study` tells them, or lacks them.

    Returns
    -------
    list of dict
        `path`, `issue`, `is_notice` (a reader wrote it, not the source), `said` by language (empty but for a notice
        that has a message), `effect` by language (what it affects and forbids, empty where nobody says) and
        `without_rank`.
    """
    languages = [language for language in book.words if language in worded()] or ["en"]
    return [
        {
            "path": known["path"],
            "issue": known["issue"],
            "is_notice": known["issue_kind"] == NOTICED,
            "said": _said(known, languages),
            "effect": {language: _effect(known, language, book) for language in languages},
            "without_rank": known["without_rank"],
        }
        for known in book.summary.get("known_issues", ())
    ]


def _said(known: Mapping[str, Any], languages: Sequence[str]) -> dict[str, str]:
    if known["issue_kind"] != NOTICED:
        return {}
    told = {language: notice_text(known["issue"], wording(language)) for language in languages}
    return {language: text for language, text in told.items() if text is not None}


def _effect(known: Mapping[str, Any], language: str, book: PageBook) -> str:
    names = {service: told.get(language, service) for service, told in book.meta.names.items()}
    return effect_text(known, wording(language, names=names))
