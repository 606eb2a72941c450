"""Known issues of the sources in words: what each says, affects and forbids here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.planning.notices import issue_text
from spatial.planning.wording import wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spatial.planning.wording import Wording

__all__ = ["effect_text", "issue_lines"]

PLAIN = "plain_text"


def issue_lines(
    summary: Mapping[str, Any], language: str = "en", *, names: Mapping[str, str] | None = None
) -> list[str]:
    """Say the known issues of a study, a line each."""
    words = wording(language, names=names)
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


def effect_text(record: Mapping[str, Any], words: Wording) -> str:
    """
    Say what a known issue affects and forbids.

    Returns such as "affects people; forbids to compare Alba, Borga; townships without a rank: 2"; empty where
    nobody says.

    Examples
    --------
    >>> told = {"affects": [], "areas": ["Alba"], "without_rank": ["a"], "unknown_areas": []}
    >>> effect_text(told | {"issue_kind": "declared", "forbids": ["ranking"]}, wording("en"))
    'forbids to rank Alba; townships without a rank: 1'
    """
    return words.say("issue", "joint").join(_effects(record, words))


def _effects(record: Mapping[str, Any], words: Wording) -> Iterator[str]:
    if record["affects"]:
        kinds = words.messages["data_kind"]
        named = [kinds.get(kind) or words.service(kind) for kind in record["affects"]]
        yield words.say("issue", "affects", what=_joined(named, words))
    areas: Sequence[str] = record["areas"]
    for effect in record["forbids"]:
        if record["issue_kind"] == PLAIN:
            yield words.say("issue", "named")
        elif not areas:
            yield words.say("issue", f"{effect}_all")
        else:
            alone = "_alone" if effect == "comparison" and len(areas) == 1 else ""
            yield words.say("issue", effect + alone, areas=_joined(areas, words))
    if record["without_rank"]:
        yield words.say("issue", "without_rank", count=words.number(len(record["without_rank"])))
    if record["unknown_areas"]:
        yield words.say("issue", "unknown_areas", areas=_joined(record["unknown_areas"], words))


def _joined(items: Sequence[str], words: Wording) -> str:
    return words.say("score", "joint").join(items)
