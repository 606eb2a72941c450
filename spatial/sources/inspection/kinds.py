"""What a table looks to be: settlements, facilities, roads, boundaries, flows or official totals, with the reasons."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spatial.sources.cells import narrow
from spatial.sources.inspection.assigning import is_unit_code, known_values
from spatial.sources.inspection.field_names import TRUNCATED, matches, meanings, plain

if TYPE_CHECKING:
    from spatial.sources.inspection.profiles import Profile

__all__ = ["Look", "ends_like_villages", "kind_words", "look_at", "service_in", "services_in"]

ENOUGH = 3.0
"""Points that a kind needs to be named."""

HALF, FEW_ROWS = 0.5, 60
SAMPLED = 500
_COLUMNS = (
    ("settlements", "population_persons", 2.0),
    ("settlements", "tier", 2.0),
    ("settlements", "village_plan_class", 2.0),
    ("settlements", "settlement_id", 2.0),
    ("facilities", "facility_id", 2.0),
    ("facilities", "capacity", 1.5),
    ("facilities", "opening_hours", 1.5),
    ("facilities", "place_name", 1.5),
)
"""Points that a column speaks with for a kind of places."""
_VILLAGE_ENDS = ("村", "社区", "居委会", "村委会", "屯", "寨", "庄")
_TOWN_ENDS = ("镇", "乡", "街道", "办事处")
_INDICATORS = {"指标", "项目", "indicator", "indicateur", "item"}
_AMOUNTS = {"数值", "数量", "合计", "本年", "value", "valeur", "total", "number", "nombre"}


@dataclass(eq=False)
class Look:
    """Points for what a table may be, with the reasons."""

    points: dict[str, float] = field(default_factory=dict)  # by kind
    reasons: dict[str, list[str]] = field(default_factory=dict)

    def speaks_for(self, kind: str, points: float, reason: str) -> None:
        """Count a reason."""
        self.points[kind] = self.points.get(kind, 0.0) + points
        self.reasons.setdefault(kind, []).append(reason)

    @property
    def kind(self) -> str:
        """The kind with most points."""
        ranked = sorted(self.points.items(), key=lambda item: -item[1])
        if not ranked or ranked[0][1] < ENOUGH:
            return "unknown"
        if len(ranked) > 1 and ranked[1][1] == ranked[0][1]:
            return "unknown"
        return ranked[0][0]

    @property
    def why(self) -> tuple[str, ...]:
        """Reasons for it, or for everything it might be."""
        if self.kind != "unknown":
            return tuple(self.reasons[self.kind])
        return tuple(
            f"{kind.replace('_', ' ')}? {'; '.join(self.reasons[kind])}"
            for kind, points in sorted(self.points.items(), key=lambda item: -item[1])
            if points > 0
        )


@functools.cache
def _service_words() -> tuple[tuple[str, str], ...]:
    """Words with their service, the longer ones first."""
    pairs = [(plain(word), service) for service, words in meanings()["services"].items() for word in words]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


@functools.cache
def service_in(text: str) -> str:
    """
    Tell the service that a text names.

    Returns id of a service; empty where no word is known.

    Examples
    --------
    >>> service_in("石桥村卫生室"), service_in("Poste de Santé de Domoni"), service_in("Domoni")
    ('primary_care', 'primary_care', '')
    """
    wanted = plain(text)
    for word, service in _service_words():
        if word.isascii():
            if f" {word} " in f" {wanted} " or (len(word) > 4 and f" {word}s " in f" {wanted} "):
                return service
        elif word in wanted:
            return service
    return ""


def services_in(profile: Profile) -> tuple[float, dict[str, int]]:
    """
    Count the services that the values of a column name.

    Returns share of the filled rows that name one, and rows by service.
    """
    texts = profile.texts.dropna().head(SAMPLED)
    counts: dict[str, int] = {}
    for text in texts:
        service = service_in(str(text))
        if service:
            counts[service] = counts.get(service, 0) + 1
    return (sum(counts.values()) / len(texts) if len(texts) else 0.0), counts


def kind_words(text: str) -> list[str]:
    """Tell the kinds that the name of a file, sheet or layer speaks of."""
    wanted = f"{plain(text)} {narrow(text).casefold()}"
    return [
        kind for kind, words in meanings()["kinds"].items() if any(plain(word) in wanted for word in words)
    ]


def look_at(profiles: list[Profile], *, named: str, geometry: str, has_place: bool, notes: list[str]) -> Look:
    """Tell what a table looks to be."""
    look = Look()
    best = _best(profiles)
    words = set(kind_words(named))
    if {"source", "place_id", "settlement_id"} <= {profile.name for profile in profiles}:
        look.speaks_for("decisions", 10.0, "columns source, place_id and settlement_id: decisions on places")
        return look
    if "Line" in geometry:
        _lines(look, best, words)
        _water(look, best, words)
    elif "Polygon" in geometry:
        _areas(look, best, words)
        _water(look, best, words)
    else:
        _places(look, profiles, best, words, named)
        if not has_place:
            _lists(look, profiles, best)
            _tables(look, profiles, best, words, notes)
    return look


def _best(profiles: list[Profile]) -> dict[str, Profile]:
    """Columns of ours that are surely there, with the column of the file."""
    found: dict[str, Profile] = {}
    for profile in profiles:
        for match in matches(profile.name):
            if match.score >= TRUNCATED * 0.9:
                found.setdefault(match.ours, profile)
    return found


def _lines(look: Look, best: dict[str, Profile], words: set[str]) -> None:
    look.speaks_for("roads", 1.0, "lines")
    for ours in ("road_class", "surface", "condition", "width_m"):
        if ours in best:
            look.speaks_for("roads", 2.0, f"column {best[ours].name!r} looks like {ours}")
    if "roads" in words:
        look.speaks_for("roads", 2.0, "its name speaks of roads")


def _areas(look: Look, best: dict[str, Profile], words: set[str]) -> None:
    look.speaks_for("boundaries", 1.0, "areas")
    for ours in ("unit_code", "admin_level", "township"):
        if ours in best:
            look.speaks_for("boundaries", 2.0, f"column {best[ours].name!r} looks like {ours}")
    if "name" in best:
        look.speaks_for("boundaries", 0.5, f"column {best['name'].name!r} names them")
    if "boundaries" in words:
        look.speaks_for("boundaries", 2.0, "its name speaks of boundaries")


def _water(look: Look, best: dict[str, Profile], words: set[str]) -> None:
    if "water" in words:
        look.speaks_for("water", 2.5, "its name speaks of water")
    kind = best.get("kind")
    if kind is not None and 0 < kind.distinct <= FEW_ROWS:
        known, strange = known_values(kind, "water")
        if known and len(known) >= len(strange):
            look.speaks_for("water", 2.5, f"column {kind.name!r} holds kinds of water")


def _places(
    look: Look, profiles: list[Profile], best: dict[str, Profile], words: set[str], named: str
) -> None:
    for kind in ("settlements", "facilities"):
        if kind in words:
            look.speaks_for(kind, 1.5, f"its name speaks of {kind}")
    if service_in(named):
        look.speaks_for("facilities", 2.5, f"its name speaks of {service_in(named).replace('_', ' ')}")
    for kind, ours, points in _COLUMNS:
        if ours in best:
            look.speaks_for(kind, points, f"column {best[ours].name!r} looks like {ours}")
    _by_names(look, profiles)
    if "name" in best and not look.points:
        look.speaks_for("settlements", 0.5, f"column {best['name'].name!r} names places")


def _by_names(look: Look, profiles: list[Profile]) -> None:
    """Look at what the rows are called."""
    is_told = False
    for profile in profiles:
        known = {match.ours for match in matches(profile.name) if match.score >= TRUNCATED * 0.9}
        if not known & {"name", "kind", "service", "tier"} or profile.kind != "text":
            continue
        share, _ = services_in(profile)
        if share >= HALF and not is_told:
            is_told = True
            look.speaks_for("facilities", 3.0, f"{share:.0%} of {profile.name!r} name a service")
        elif "name" in known and ends_like_villages(profile):
            look.speaks_for("settlements", 2.5, f"most of {profile.name!r} end in 村, 社区 or the like")


def _lists(look: Look, profiles: list[Profile], best: dict[str, Profile]) -> None:
    """People beside names or codes of places, without coordinates."""
    is_named = {"name", "township", "unit_code"} & set(best) or any(
        is_unit_code(profile) for profile in profiles
    )
    if "population_persons" in best and is_named:
        look.speaks_for("settlements", 1.5, "it lists people by place")


def _tables(
    look: Look, profiles: list[Profile], best: dict[str, Profile], words: set[str], notes: list[str]
) -> None:
    if {"from_id", "to_id"} <= set(best) and best["from_id"] is not best["to_id"]:
        look.speaks_for(
            "flows", 4.0, f"columns {best['from_id'].name!r} and {best['to_id'].name!r} are from and to"
        )
    names = {plain(profile.name) for profile in profiles}
    measures = [
        profile
        for profile in profiles
        if profile.kind in {"whole number", "number"}
        and any(plain(word) in plain(profile.name) for word in meanings()["measures"]["words"])
    ]
    if names & _INDICATORS and names & _AMOUNTS:
        look.speaks_for("official_totals", 4.0, "a column of indicators beside one of amounts")
    if len(measures) >= 2 and not look.points.get("facilities"):
        look.speaks_for("official_totals", 1.0, f"{len(measures)} columns of measures and no coordinates")
    towns = [profile for profile in profiles if _ends(profile, _TOWN_ENDS) >= HALF and profile.is_key]
    if towns and measures:
        look.speaks_for("official_totals", 3.0, f"{towns[0].name!r} names townships, one a row")
    elif any(note.startswith(("total rows", "rows of sums")) for note in notes) and measures:
        rows = len(profiles[0].texts) if profiles else 0
        if rows <= FEW_ROWS and "unit_code" not in best:
            look.speaks_for("official_totals", 1.0, "it has rows of sums")
    if "official_totals" in words:
        look.speaks_for("official_totals", 2.0, "its name speaks of statistics")


def _ends(profile: Profile, ends: tuple[str, ...]) -> float:
    texts = profile.texts.dropna().head(SAMPLED)
    if profile.kind != "text" or texts.empty:
        return 0.0
    return float(texts.map(lambda text: narrow(str(text)).endswith(ends)).mean())


def ends_like_villages(profile: Profile) -> bool:
    """Whether most values of a column end in 村, 社区 or the like."""
    return _ends(profile, _VILLAGE_ENDS) >= HALF
