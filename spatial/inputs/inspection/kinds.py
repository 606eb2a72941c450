"""What a table looks to be: settlements, facilities, roads, boundaries, flows or official totals, with the reasons."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.formats.columns import SHIPPED, load_values, says_scale
from spatial.formats.delimited import narrow
from spatial.inputs.inspection.columns import EXACT, HOLDS, TRUNCATED, matches, meanings, plain
from spatial.inputs.inspection.reports import Proposal, Setting
from spatial.study.region import basis_told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from spatial.inputs.inspection.columns import Match, Profile


# Which column of a file stands for which of ours, and what its words mean.

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
            # People beside names or codes of places, without coordinates.
            is_named = {"name", "township", "unit_code"} & set(best) or any(
                is_unit_code(profile) for profile in profiles
            )
            if "population_persons" in best and is_named:
                look.speaks_for("settlements", 1.5, "it lists people by place")
            if {"from_id", "to_id"} <= set(best) and best["from_id"] is not best["to_id"]:
                look.speaks_for(
                    "flows",
                    4.0,
                    f"columns {best['from_id'].name!r} and {best['to_id'].name!r} are from and to",
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
                look.speaks_for(
                    "official_totals", 1.0, f"{len(measures)} columns of measures and no coordinates"
                )
            towns = [profile for profile in profiles if _ends(profile, _TOWN_ENDS) >= HALF and profile.is_key]
            if towns and measures:
                look.speaks_for("official_totals", 3.0, f"{towns[0].name!r} names townships, one a row")
            elif any(note.startswith(("total rows", "rows of sums")) for note in notes) and measures:
                rows = len(profiles[0].texts) if profiles else 0
                if rows <= FEW_ROWS and "unit_code" not in best:
                    look.speaks_for("official_totals", 1.0, "it has rows of sums")
            if "official_totals" in words:
                look.speaks_for("official_totals", 2.0, "its name speaks of statistics")
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
    # Look at what the rows are called.
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
    if "name" in best and not look.points:
        look.speaks_for("settlements", 0.5, f"column {best['name'].name!r} names places")


def _ends(profile: Profile, ends: tuple[str, ...]) -> float:
    texts = profile.texts.dropna().head(SAMPLED)
    if profile.kind != "text" or texts.empty:
        return 0.0
    return float(texts.map(lambda text: narrow(str(text)).endswith(ends)).mean())


def ends_like_villages(profile: Profile) -> bool:
    """Whether most values of a column end in 村, 社区 or the like."""
    return _ends(profile, _VILLAGE_ENDS) >= HALF


# Tables of a yearbook: the official totals that they may hold, only ever as a suggestion.

GROUPS = ("elderly_persons", "children_persons")
_WHOLE = {"whole number", "number"}
_VILLAGES = {"村民委员会", "村委会", "行政村", "行政村个数", "村委会个数", "villages", "nombre de villages"}


def official_proposal(profiles: list[Profile], *, named: str) -> Proposal:
    """Suggest official totals from a table."""
    settings = _from_rows(profiles, named) or _from_columns(profiles, named)
    if not settings:
        text = f"{named} may hold official totals: enter them as people, villages, facilities or road_km"
        settings = [Setting("", None, text)]
    first = Setting("", None, "hold each number against the printed table")
    return Proposal("official", (first, *settings), is_suggestion=True)


def units_proposal(profiles: list[Profile], opening: list[Setting], *, named: str) -> list[Proposal]:
    """Suggest official numbers of people by unit."""
    found = assign(profiles, ("unit_code", "name", "township", "population_persons", *GROUPS))
    people = found.columns.get("population_persons")
    if "name" not in found.columns and "township" in found.columns:
        found.give("name", found.columns["township"])
    if people is None or not {"unit_code", "name"} & set(found.columns):
        return []
    settings = [*opening, Setting("source", named, "publication, table and year")]
    settings += [
        found.setting(ours)
        for ours in ("unit_code", "name", "population_persons", *GROUPS)
        if ours in found.columns
    ]
    counted = [profile.name for profile in (people, *found.others.get("population_persons", []))]
    by_basis = _first_of_each((basis_told(name), name) for name in counted)
    settings = [
        replace(setting, by_basis=by_basis) if setting.key == "columns.population_persons" else setting
        for setting in settings
    ]
    others = counted[1:]
    if others:
        settings.append(
            Setting("", None, f"or {', '.join(map(repr, others))}: which people does the study count?")
        )
    return [Proposal("sources.official_units", tuple(settings), is_suggestion=True)]


def _from_rows(profiles: list[Profile], named: str) -> list[Setting]:
    """Read indicators in one column, amounts in another."""
    names = next((profile for profile in profiles if plain(profile.name) in _INDICATORS), None)
    amounts = [profile for profile in profiles if plain(profile.name) in _AMOUNTS and profile.kind in _WHOLE]
    amounts = amounts or [profile for profile in profiles if profile.kind in _WHOLE]
    if names is None or not amounts:
        return []
    settings: dict[str, Setting] = {}
    for text, number in zip(names.texts, amounts[0].numbers, strict=True):
        if isinstance(text, str) and np.isfinite(number):
            key = _key_of(text)
            if key:
                _put(settings, _total(key, float(number), named, f"row {text!r}"), basis_told(text))
    return list(settings.values())


def _from_columns(profiles: list[Profile], named: str) -> list[Setting]:
    """Read units in rows, a measure a column."""
    settings: dict[str, Setting] = {}
    for profile in profiles:
        key = _key_of(profile.name) if profile.kind in _WHOLE else ""
        basis = basis_told(profile.name)
        if not key or (key in settings and (not basis or basis in settings[key].by_basis)):
            continue
        if says_scale(profile.name):
            text = f"{profile.name!r} counts in thousands or ten thousands: enter {key} yourself"
            settings.setdefault(key, Setting("", None, text))
            continue
        values = profile.finite
        total = float(values.sum())
        if len(values) > 2:  # one row of them may be the sum of all others
            total -= next((float(value) for value in values if np.isclose(value * 2, total, rtol=1e-3)), 0.0)
        _put(settings, _total(key, total, named, f"sum of {profile.name!r} over {len(values)} rows"), basis)
    return list(settings.values())


def _put(settings: dict[str, Setting], setting: Setting, basis: str) -> None:
    """Keep the first number of each kind; of people also the first of residents and of those registered."""
    if setting.key == "people" and basis:
        setting = replace(setting, value={**setting.value, "basis": basis}, by_basis={})
        setting = replace(setting, by_basis={basis: setting.value})
    first = settings.setdefault(setting.key, setting)
    if first is not setting and setting.by_basis:
        settings[setting.key] = replace(first, by_basis=setting.by_basis | first.by_basis)


def _first_of_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for basis, name in pairs:
        if basis:
            found.setdefault(basis, name)
    return found


def _key_of(text: str) -> str:
    if plain(text) in _VILLAGES:
        return "villages"
    known = [match for match in matches(text) if match.score >= LEAST]
    if known and known[0].ours == "population_persons":
        return "people"
    service = service_in(text)
    return f"facilities.{service}" if service else ""


def _total(key: str, value: float, named: str, where: str) -> Setting:
    number = int(value) if value.is_integer() else round(value, 3)
    return Setting(key, {"value": number, "source": f"{named}, {where}"})
