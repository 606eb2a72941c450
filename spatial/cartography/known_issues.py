"""Known issues of the sources as pages show them: the text as it was written, and what it forbids in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.planning.issue_text import effect_text
from spatial.planning.notices import NOTICED, notice_text
from spatial.planning.wording import languages as worded
from spatial.planning.wording import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spatial.planning.wording import Wording

__all__ = ["issue_entries"]


def issue_entries(
    records: Iterable[Mapping[str, Any]], languages: Iterable[str], names: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Gather the known issues of a study."""
    spoken = {language: _words(language, names) for language in languages if language in worded()}
    spoken = spoken or {"en": _words("en", names)}
    return [
        {
            "path": known["path"],
            "issue": known["issue"],
            "is_notice": known["issue_kind"] == NOTICED,
            "said": _said(known, spoken),
            "effect": {language: effect_text(known, words) for language, words in spoken.items()},
            "without_rank": known["without_rank"],
        }
        for known in records
    ]


def _words(language: str, names: Mapping[str, Mapping[str, str]]) -> Wording:
    return wording(language, names={service: told.get(language, service) for service, told in names.items()})


def _said(known: Mapping[str, Any], spoken: Mapping[str, Wording]) -> dict[str, str]:
    if known["issue_kind"] != NOTICED:
        return {}
    told = {language: notice_text(known["issue"], words) for language, words in spoken.items()}
    return {language: text for language, text in told.items() if text is not None}
