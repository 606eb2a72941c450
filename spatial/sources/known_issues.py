"""Known faults of raw files: what is wrong, which data it touches and what it forbids, as source.toml declares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spatial.errors import SourceError
from spatial.tables.words import ISSUE_EFFECTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = [
    "DATA_KINDS",
    "JOINT",
    "NOTICED",
    "KnownIssue",
    "issue_faults",
    "read_issues",
    "refuse_unknown_data",
]

DECLARED, PLAIN, NOTICED = "declared", "plain_text", "noticed"
DATA_KINDS = (
    "settlements",
    "facilities",
    "roads",
    "boundaries",
    "water",
    "flows",
    "official_units",
    "population",
    "population_groups",
    "elevation",
    "landcover",
)
"""What an issue may affect beside single services: the kinds of data that a study reads."""
LISTS = ("affects", "forbids", "areas")
JOINT = "; "
"""Between several issues of one file."""


@dataclass(frozen=True)
class KnownIssue:
    """
    A known fault of a raw file.

    Examples
    --------
    >>> KnownIssue("Totals interchanged", forbids=("comparison",), areas=("Alba", "Borga")).areas
    ('Alba', 'Borga')
    """

    text: str  # what is wrong, in the language in which it was written
    # kinds of data (`DATA_KINDS`) and services that it touches; empty where nobody says
    affects: tuple[str, ...] = ()
    # ``"comparison"``: the areas are not to be compared with one another; a single one not with any other,
    # without areas none with any other. ``"ranking"``: the areas are to have no rank, without areas none is
    forbids: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()  # names or codes of boundaries
    # ``"declared"`` in a table with these keys, ``"plain_text"``, or ``"noticed"`` on reading the file
    kind: str = DECLARED


def issue_faults(value: object) -> list[str]:
    """
    Say what is wrong with the value of the key `issue`.

    Examples
    --------
    >>> issue_faults({"text": "Old", "forbids": ["use"]})
    ['issue forbids use: it can forbid comparison or ranking']
    """
    if isinstance(value, list):
        return [fault for item in value for fault in _item_faults(item)]
    return _item_faults(value)


def read_issues(value: object) -> tuple[KnownIssue, ...]:
    """
    Read the value of the key `issue`.

    Examples
    --------
    >>> [issue.text for issue in read_issues(["Old.", {"text": "Short.", "forbids": "ranking"}])]
    ['Old.', 'Short.']
    """
    items = value if isinstance(value, list) else [value]
    return tuple(_issue(item) for item in items if item)


def refuse_unknown_data(found: Mapping[str, Iterable[KnownIssue]], services: Collection[str]) -> None:
    """Check that issues affect what there is."""
    known = {*DATA_KINDS, *services}
    faults = [
        f"{path}: issue affects {word}"
        for path, issues in found.items()
        for issue in issues
        for word in issue.affects
        if word not in known
    ]
    if faults:
        raise SourceError(
            f"source.toml: {JOINT.join(faults)}: neither a service of the study nor one of {', '.join(DATA_KINDS)}"
        )


def _item_faults(item: object) -> list[str]:
    if isinstance(item, str):
        return []
    if not isinstance(item, dict):
        return ["issue must be text, a table with text, affects, forbids and areas, or a list of these"]
    faults = [f"issue: unknown key {key}" for key in item if key not in ("text", *LISTS)]
    text = item.get("text")
    if not isinstance(text, str) or not text.strip():
        faults.append("issue: text is missing")
    for key in LISTS:
        words = _words(item.get(key))
        if words is None:
            faults.append(f"issue: {key} must be a text or a list of texts, none with a semicolon")
    effects = _words(item.get("forbids")) or ()
    faults += [
        f"issue forbids {word}: it can forbid {' or '.join(ISSUE_EFFECTS)}"
        for word in effects
        if word not in ISSUE_EFFECTS
    ]
    if not effects and _words(item.get("areas")):
        faults.append("issue: areas are named, but nothing is forbidden; say what with forbids")
    return faults


def _issue(item: Any) -> KnownIssue:
    if isinstance(item, str):
        return KnownIssue(item, kind=PLAIN)
    affects, forbids, areas = (_words(item.get(key)) or () for key in LISTS)
    return KnownIssue(item["text"].strip(), affects, forbids, areas)


def _words(value: object) -> tuple[str, ...] | None:
    """Give a text or a list of texts as a tuple without repetition; None where it is something else."""
    items: list[Any] = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item.strip() and ";" not in item for item in items):
        return None
    return tuple(dict.fromkeys(item.strip() for item in items))
