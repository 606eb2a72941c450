"""Which column of a file stands for which of ours, and what its words mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spatial.sources.inspection.field_names import EXACT, HOLDS, matches, meanings, plain
from spatial.sources.inspection.reports import Setting
from spatial.sources.value_maps import SHIPPED, load_values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from spatial.sources.inspection.field_names import Match
    from spatial.sources.inspection.profiles import Profile

__all__ = [
    "NUMBERS",
    "Assigned",
    "assign",
    "is_unit_code",
    "known_values",
    "official_vocabulary",
    "shipped_vocabulary",
    "translated",
]

LEAST = HOLDS * 0.9
MOST_VALUES = 60
NUMBERS = {"whole number", "number"}
_NUMERIC = {
    "population_persons",
    "elderly_persons",
    "children_persons",
    "capacity",
    "load",
    "width_m",
    "volume",
}
_UNIT_CODE = re.compile(r"[1-6]\d{11}(\d{5})?|[EWSNKJ]\d{8}", re.ASCII)
_TEXTUAL = {"name", "name_en", "name_zh", "place_name", "township", "tier", "village_plan_class"}


@dataclass(eq=False)
class Assigned:
    """Columns of a file by the column of ours that each stands for."""

    columns: dict[str, Profile] = field(default_factory=dict)  # one each
    # by what it was told; empty where the name is in the vocabulary
    reasons: dict[str, str] = field(default_factory=dict)
    others: dict[str, list[Profile]] = field(default_factory=dict)  # columns that would do as well
    # columns whose name fits and whose values do not, with the reason
    unfit: dict[str, str] = field(default_factory=dict)

    def give(self, ours: str, profile: Profile, reason: str = "") -> None:
        """Let a column stand for one of ours."""
        self.columns[ours] = profile
        self.reasons[ours] = reason

    def setting(self, ours: str) -> Setting:
        """Write a column of ours down."""
        return Setting(f"columns.{ours}", self.columns[ours].name, self.reasons[ours])


def assign(profiles: Iterable[Profile], wanted: Collection[str], *, taken: Collection[str] = ()) -> Assigned:
    """Give columns of a file to columns of ours, the surest names first."""
    pairs: list[tuple[float, int, int, Match, Profile]] = []
    result = Assigned()
    for number, profile in enumerate(profiles):
        if profile.name in taken:
            continue
        pairs += [
            (-match.score, match.rank, number, match, profile)
            for match in matches(profile.name)
            if match.ours in wanted and match.score >= LEAST
        ]
    used: set[str] = set()
    for score, _, _, match, profile in sorted(pairs, key=lambda pair: pair[:3]):
        ours = match.ours
        if profile.name in used:
            continue
        fault = _unfit(ours, profile)
        if fault:
            result.unfit.setdefault(ours, f"{profile.name!r} {fault}")
        elif ours not in result.columns:
            reason = "" if -score == EXACT else f"like {match.word!r}"
            result.give(ours, profile, reason)
            used.add(profile.name)
        else:
            result.others.setdefault(ours, []).append(profile)
    return result


def _unfit(ours: str, profile: Profile) -> str:
    if profile.kind == "empty":
        return "is empty"
    if ours in _NUMERIC and profile.kind not in {*NUMBERS, "code"}:
        return (
            f"holds text such as {profile.examples[0]!r}, not numbers: write digits and a decimal point only"
        )
    if ours in _TEXTUAL and profile.kind in NUMBERS:
        return "holds numbers, not names"
    if ours in _NUMERIC and bool((profile.finite < 0).any()):
        return "holds negative numbers"
    return ""


def is_unit_code(profile: Profile) -> bool:
    """Whether a column holds codes of units, by their form."""
    return profile.kind == "code" and all(_UNIT_CODE.fullmatch(value) for value in profile.values)


def known_values(profile: Profile, table: str) -> tuple[dict[str, str], list[str]]:
    """
    Translate the words of a column by one of the tables of values.

    Returns our word by theirs, and words that are not known.
    """
    words = {plain(word): ours for word, ours in meanings()["values"][table].items()}
    if table == "status":
        shipped = [load_values(name, root=_nowhere()).get(table, {}) for name in SHIPPED]
        words = {plain(word): ours for told in shipped for word, ours in told.items()} | words
    known, strange = {}, []
    for value in profile.values:
        ours = words.get(plain(value))
        if ours is None:
            strange.append(value)
        else:
            known[value] = ours
    return known, strange


def translated(
    ours: str, profile: Profile, known: dict[str, str], strange: list[str], choices: Collection[str]
) -> list[Setting]:
    """Write down what the words of a column mean."""
    settings = []
    needed = {theirs: word for theirs, word in known.items() if theirs != word}
    if needed:
        settings.append(Setting(f"values.{ours}", needed))
    if strange:
        rest = dict.fromkeys(strange[:MOST_VALUES], "...")
        more = f" and {len(strange) - MOST_VALUES} more" if len(strange) > MOST_VALUES else ""
        reason = (
            f"no meaning is known for these words of {profile.name!r}{more}; put them in values.{ours}: one of "
            f"{', '.join(choices)}"
        )
        settings.append(Setting(f"values.{ours}", rest, reason, is_decided=False))
    return settings


def shipped_vocabulary(profile: Profile, column: str) -> tuple[str, float, list[str]]:
    """
    Tell which shipped vocabulary knows most words of a column.

    Returns its name, the share of rows that it knows, and the words that it does not.
    """
    best = ("", 0.0, profile.values)
    counts = profile.texts.value_counts()
    for name in SHIPPED:
        words = {plain(word) for word in load_values(name, root=_nowhere()).get(column, {})}
        known = counts[[plain(str(value)) in words for value in counts.index]]
        share = float(known.sum() / max(1, counts.sum()))
        if share > best[1]:
            best = (name, share, [value for value in profile.values if value not in known.index])
    return best


def official_vocabulary(profile: Profile) -> str:
    """Name the shipped vocabulary that knows all words of an official urban-rural classification."""
    for name in SHIPPED:
        words = {plain(word) for word in load_values(name, root=_nowhere()).get("official_class", {})}
        if words and all(plain(value) in words for value in profile.values):
            return name
    return ""


def _nowhere() -> Path:
    from pathlib import Path  # noqa: PLC0415 - shipped vocabularies need no folder

    return Path()
