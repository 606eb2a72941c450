"""What a table looks to be: settlements, facilities, roads, boundaries, flows or official totals, with the reasons."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from spatial.formats.columns import DOTTED, SHIPPED, load_values
from spatial.formats.delimited import narrow, says_scale
from spatial.inputs.inspection.columns import (
    EXACT,
    HOLDS,
    TRUNCATED,
    Profile,
    matches,
    meanings,
    plain,
    says_more,
    says_ratio,
    unit_said,
)
from spatial.inputs.inspection.reports import Proposal, Setting
from spatial.inputs.services import load_services
from spatial.messages import Said
from spatial.study.region import basis_told

# Which column of a file stands for which of ours, and what its words mean.

LEAST = HOLDS * 0.9
MOST_VALUES = 60
NUMBERS = {"whole number", "number"}
GROUPS = ("elderly_persons", "children_persons")
_AMOUNT = re.compile(r"[+-]?\d[\d\s.,']*", re.ASCII)
"""How amounts are written, whatever the signs of decimals and of thousands."""
_COUNTS = {*GROUPS, "capacity", "load"}
_NUMERIC = {"population_persons", *_COUNTS, "width_m", "volume"}
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
    unfit: dict[str, Said] = field(default_factory=dict)

    def give(self, ours: str, profile: Profile, reason: str = "") -> None:
        """Let a column stand for one of ours."""
        self.columns[ours] = profile
        self.reasons[ours] = reason

    def setting(self, ours: str) -> Setting:
        """Write a column of ours down."""
        return Setting(f"columns.{ours}", self.columns[ours].name, self.reasons[ours])

    def mapped(self, *wanted: str) -> list[Setting]:
        """Write down those of some columns of ours that are there."""
        return [self.setting(ours) for ours in wanted if ours in self.columns]

    def translated(
        self, ours: str, known: dict[str, str], strange: list[str], choices: Collection[str]
    ) -> list[Setting]:
        """Write down a column of ours, and what its words mean."""
        return [self.setting(ours), *translated(ours, self.columns[ours], known, strange, choices)]

    def candidates(self, ours: str) -> list[Profile]:
        """List the columns that may stand for one of ours, the surest first."""
        return [self.columns[ours], *self.others.get(ours, [])] if ours in self.columns else []


def assign(profiles: Sequence[Profile], wanted: Collection[str], *, taken: Collection[str] = ()) -> Assigned:
    """Give columns of a file to columns of ours, the surest names first."""
    pairs = [
        (-match.score, match.rank, number, match, profile)
        for number, profile in enumerate(profiles)
        if profile.name not in taken
        for match in matches(profile.name)
        if match.ours in wanted and match.score >= LEAST
    ]
    result = Assigned()
    used: set[str] = set()
    for *_, match, profile in sorted(pairs, key=lambda pair: pair[:3]):
        ours = match.ours
        if profile.name in used:
            continue
        fault, more = "", dict[str, str]()
        if profile.kind == "empty":
            fault = "empty"
        elif ours in _NUMERIC and profile.kind not in {*NUMBERS, "code"}:
            # Of texts the first that is none under any sign of decimals and thousands, if there is one.
            worst = next((value for value in profile.values if not _AMOUNT.fullmatch(value)), profile.values[0])
            fault, more = "text", {"text": worst}
        elif ours in _TEXTUAL and profile.kind in NUMBERS:
            fault = "numbers"
        elif ours in _NUMERIC and bool((profile.finite < 0).any()):
            fault = "negative"
        elif ours.endswith("_persons") and says_scale(profile.name, above=profile.above):
            fault = "scale"
        elif ours in _COUNTS and says_ratio(profile.name):
            fault = "ratio"
        elif unit := unit_said(profile.name, ours):
            fault, more = "unit", {"unit": unit}
        if fault:
            result.unfit.setdefault(ours, Said(f"unfit_{fault}", name=profile.name, **more))
        elif ours not in result.columns:
            result.give(ours, profile, "" if match.score == EXACT else Said("like", word=match.word))
            used.add(profile.name)
        else:
            result.others.setdefault(ours, []).append(profile)
    men, women, both = by_sex(profiles)
    if men is not None and women is not None and "population_persons" in {*wanted} - {*result.columns}:
        is_whole = both is not None and {men.kind, women.kind, both.kind} == {"whole number"}
        if both is not None and is_whole and np.array_equal(men.numbers + women.numbers, both.numbers, equal_nan=True):
            result.give("population_persons", both, Said("sum_of_sexes"))
        else:
            result.unfit.setdefault("population_persons", Said("unfit_sexes", men=men.name, women=women.name))
    return result


def by_sex(profiles: Sequence[Profile]) -> list[Profile | None]:
    """Find a column of men, one of women, and one whose head says a total."""
    heads = ({plain(head) for head in meanings()["people"][side]} for side in ("men", "women", "both"))
    filled = [profile for profile in profiles if profile.kind != "empty"]
    return [next((profile for profile in filled if plain(profile.name) in known), None) for known in heads]


def is_unit_code(profile: Profile) -> bool:
    """Whether a column holds codes of units, by their form."""
    return profile.kind == "code" and all(_UNIT_CODE.fullmatch(value) for value in profile.values)


def known_values(profile: Profile, table: str) -> tuple[dict[str, str], list[str]]:
    """Translate the words of a column by one of the tables of values; and name words that are not known."""
    words = {plain(word): ours for word, ours in meanings()["values"].get(table, {}).items()}
    if table == "status":
        words = {word: ours for told in _shipped("status").values() for word, ours in told.items()}
    known = {value: words[plain(value)] for value in profile.values if plain(value) in words}
    return known, [value for value in profile.values if value not in known]


@functools.cache
def _shipped(column: str) -> dict[str, dict[str, str]]:
    """Give the words of a column in each shipped vocabulary, plain, with ours."""
    return {
        name: {plain(word): ours for word, ours in load_values(name, root=Path()).get(column, {}).items()}
        for name in SHIPPED
    }


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
        left = len(strange) - MOST_VALUES
        more = Said("strange_more", left=left) if left > 0 else ""
        none = Said("strange_none") if ours == "service" else ""
        told = {"name": profile.name, "ours": ours, "choices": list(choices)}
        reason = Said("strange_words", **told, more=more, none=none)
        settings.append(Setting(f"values.{ours}", rest, reason, is_decided=False))
    return settings


def shipped_vocabulary(profile: Profile, column: str) -> tuple[str, float, list[str]]:
    """Name the shipped vocabulary that knows most words of a column, with the share of rows, and the unknown words."""
    best = ("", 0.0, profile.values)
    counts = profile.texts.value_counts()
    for name, words in _shipped(column).items():
        known = counts[[plain(str(value)) in words for value in counts.index]]
        share = float(known.sum() / max(1, counts.sum()))
        if share > best[1]:
            best = (name, share, [value for value in profile.values if value not in known.index])
    return best


ENOUGH = 3.0
"""Points that a kind needs to be named."""

HALF, FEW_ROWS = 0.5, 60
SAMPLED = 500
_COLUMNS = {
    "Line": [("roads", ours, 2.0) for ours in ("road_class", "surface", "condition", "width_m")],
    "Polygon": [("boundaries", ours, 2.0) for ours in ("unit_code", "admin_level", "township")],
    "": [
        *(("settlements", ours, 2.0) for ours in ("population_persons", "tier", "village_plan_class")),
        *(("settlements", "settlement_id", 2.0), ("facilities", "facility_id", 2.0)),
        *(("facilities", ours, 1.5) for ours in ("capacity", "opening_hours", "place_name")),
    ],
}
"""Points that a column of ours speaks with for a kind, by the form of the rows: lines, areas, and all others."""
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
        most = max(self.points.values(), default=0.0)
        best = [kind for kind, points in self.points.items() if points == most]
        return best[0] if most >= ENOUGH and len(best) == 1 else "unknown"

    @property
    def why(self) -> tuple[str, ...]:
        """Reasons for it, or for everything it might be."""
        if self.kind != "unknown":
            return tuple(self.reasons[self.kind])
        return tuple(
            Said("kind_of_file", kind=kind_word(kind), why=all_of(self.reasons[kind]))
            for kind, points in sorted(self.points.items(), key=lambda item: -item[1])
            if points > 0
        )


def kind_word(kind: str) -> dict[str, str]:
    """Name a kind of files, as a value of a notice."""
    return {"section": "file_kind", "word": kind}


def all_of(reasons: Sequence[str]) -> str:
    """Put reasons into one."""
    return functools.reduce(lambda one, other: Said("both", one=one, other=other), reasons)


@functools.cache
def _service_words() -> tuple[tuple[str, str], ...]:
    """Words with their service, the longer ones first."""
    pairs = [(plain(word), service.id) for service in load_services().services for word in service.words]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def service_of_tag(keys: Iterable[str], value: str) -> str:
    """Tell the service that the value of a tag makes by the rules for OpenStreetMap, else by a word of its own."""
    found = (services[0] for key in keys if (services := load_services().match({key: value})))
    return next(found, "") or _service_called(value)


def _service_called(text: str) -> str:
    """Tell the service that a whole text is a word for in one of the shipped vocabularies."""
    wanted = plain(DOTTED.sub("", text))
    return next((told[wanted] for told in _shipped("service").values() if wanted in told), "")


def service_in(text: str) -> str:
    """Tell the service that a text names by its id; empty where no word is known."""
    return pattern_in(text)[1]


@functools.cache
def pattern_in(text: str) -> tuple[str, str]:
    """Find the pattern by which a text names a service, as `values` take it, and the service; empty for none."""
    if called := _service_called(text):
        return text, called
    wanted = plain(DOTTED.sub("", text))
    for word, service in _service_words():
        if not word.isascii():
            if word in wanted:
                return f"*{word}*", service
        elif len(word) == 2:  # PS Toui is a poste de santé, Kasese PS a primary school
            if f"{wanted} ".startswith(f"{word} "):
                return f"{word} *", service
        else:
            for form in (word, f"{word}s") if len(word) > 4 else (word,):
                if f" {form} " in f" {wanted} ":
                    return f"* {form} *", service
    return "", ""


def is_service_word(text: str) -> bool:
    """Whether a text is a word for a service and nothing more."""
    return plain(text) in dict(_service_words())


def services_in(profile: Profile) -> tuple[float, dict[str, int]]:
    """Count the services that values of a column name: the share of filled rows that name one, and rows by service."""
    texts = profile.texts.dropna().head(SAMPLED)
    counts = Counter(service for text in texts if (service := service_in(str(text))))
    return (counts.total() / len(texts) if len(texts) else 0.0), counts


def kind_words(text: str) -> list[str]:
    """Tell the kinds that the name of a file, sheet or layer speaks of."""
    wanted = f"{plain(text)} {narrow(text).casefold()}"
    return [kind for kind, words in meanings()["kinds"].items() if any(plain(word) in wanted for word in words)]


def look_at(profiles: list[Profile], *, named: str, geometry: str, has_place: bool, has_sums: bool) -> Look:
    """Tell what a table looks to be."""
    look = Look()
    if {"source", "place_id", "settlement_id"} <= {profile.name for profile in profiles}:
        look.speaks_for("decisions", 10.0, Said("decision_columns"))
        return look
    best: dict[str, Profile] = {}  # columns of ours that are surely there
    for profile in profiles:
        for ours in _surely(profile):
            best.setdefault(ours, profile)
    men, women, both = by_sex(profiles)
    if men is not None and women is not None:
        best.setdefault("population_persons", both or men)
    codes = best.get("postcode")
    if has_place and codes is not None and codes.is_key and not {"name", "service", "kind"} & set(best):
        look.speaks_for("postcodes", 10.0, Said("postcode_rows", name=codes.name))
        return look
    words = set(kind_words(named))
    form = next((form for form in ("Line", "Polygon") if form in geometry), "")
    drawn = {"Line": "roads", "Polygon": "boundaries"}.get(form, "")
    if drawn:
        look.speaks_for(drawn, 1.0, Said("lines" if form == "Line" else "areas"))
    else:
        for kind in ("settlements", "facilities"):
            if kind in words:
                look.speaks_for(kind, 1.5, Said("name_speaks_of", kind=kind_word(kind)))
        if service := service_in(named):
            points = 4.0 if "load" in best else 2.5
            look.speaks_for("facilities", points, Said("name_speaks_of", kind={"service": service}))
    for kind, ours, points in _COLUMNS[form]:
        if ours in best:
            look.speaks_for(kind, points, Said("looks_like", name=best[ours].name, ours=ours))
    if not drawn:
        # Tell villages from facilities by what the rows are called.
        is_told = False
        for profile in profiles:
            known = set(_surely(profile))
            is_told_by_head = known & {"name", "kind", "service", "tier"} or is_service_word(profile.name)
            if not is_told_by_head or profile.kind != "text":
                continue
            share, _ = services_in(profile)
            if share >= HALF and not is_told:
                is_told = True
                look.speaks_for(
                    "facilities", 3.0, Said("share_of_services", share={"percent": share}, name=profile.name)
                )
            elif "name" in known and ends_like_villages(profile):
                look.speaks_for("settlements", 2.5, Said("village_ends", name=profile.name))
        name = best.get("name")
        is_told = has_place and name is not None and name.is_key and "settlements" in kind_words(name.name)
        if name is not None and not look.points.get("facilities") and (is_told or not look.points):
            look.speaks_for("settlements", 1.5 if is_told else 0.5, Said("names_places", name=name.name))
        names = best.get("name", best.get("township"))
        named_once = names is not None and ("name" in best or names.is_key)
        if has_place and named_once and "population_persons" in best and not look.points.get("facilities"):
            look.speaks_for("settlements", 1.5, Said("people_at_places"))
        if not has_place:
            _look_at_list(look, profiles, best, has_sums=has_sums)
            if "official_totals" in words:
                look.speaks_for("official_totals", 2.0, Said("name_statistics"))
        return look
    if form == "Polygon" and "name" in best:
        look.speaks_for("boundaries", 0.5, Said("names_areas", name=best["name"].name))
    for kind, points in ((drawn, 2.0), ("water", 2.5)):
        if kind in words:
            look.speaks_for(kind, points, Said("name_speaks_of", kind=kind_word(kind)))
    column = best.get("kind")
    if column is not None and 0 < column.distinct <= FEW_ROWS:
        waters, strange = known_values(column, "water")
        if waters and len(waters) >= len(strange):
            look.speaks_for("water", 2.5, Said("kinds_of_water", name=column.name))
    return look


def _surely(profile: Profile) -> list[str]:
    """Name the columns of ours that a column surely stands for."""
    return [match.ours for match in matches(profile.name) if match.score >= TRUNCATED * 0.9]


def _look_at_list(look: Look, profiles: list[Profile], best: dict[str, Profile], *, has_sums: bool) -> None:
    """Look for people, flows and official totals beside names or codes of places, without coordinates."""
    is_named = {"name", "township", "unit_code"} & set(best) or any(map(is_unit_code, profiles))
    if "population_persons" in best and is_named:
        look.speaks_for("settlements", 1.5, Said("people_by_place"))
    if {"from_id", "to_id"} <= set(best) and best["from_id"] is not best["to_id"]:
        look.speaks_for("flows", 4.0, Said("from_and_to", one=best["from_id"].name, other=best["to_id"].name))
    names = {plain(profile.name) for profile in profiles}
    words = [plain(word) for word in meanings()["measures"]["words"]]
    measures = [
        profile
        for profile in profiles
        if profile.kind in NUMBERS and any(word in plain(profile.name) for word in words)
    ]
    if names & _INDICATORS and names & _AMOUNTS:
        look.speaks_for("official_totals", 4.0, Said("indicators"))
    if len(measures) >= 2 and not look.points.get("facilities"):
        look.speaks_for("official_totals", 1.0, Said("measures", number=len(measures)))
    towns = [profile for profile in profiles if _ends(profile, _TOWN_ENDS) >= HALF and profile.is_key]
    if towns and measures:
        look.speaks_for("official_totals", 3.0, Said("names_townships", name=towns[0].name))
    elif has_sums and measures and len(profiles[0].texts) <= FEW_ROWS and "unit_code" not in best:
        look.speaks_for("official_totals", 1.0, Said("has_sums"))


def _ends(profile: Profile, ends: tuple[str, ...]) -> float:
    texts = profile.texts.dropna().head(SAMPLED)
    if profile.kind != "text" or texts.empty:
        return 0.0
    return float(texts.map(lambda text: narrow(str(text)).endswith(ends)).mean())


def ends_like_villages(profile: Profile) -> bool:
    """Whether most values of a column end in 村, 社区 or the like."""
    return _ends(profile, _VILLAGE_ENDS) >= HALF


# Tables of a yearbook: the official totals that they may hold, only ever as a suggestion.

_OF_VILLAGES = {"村民委员会", "村委会", "行政村", "行政村个数", "村委会个数", "villages", "nombre de villages"}
_OF_VILLAGES |= {"行政村数", "村委会数"}


def official_proposal(profiles: list[Profile], *, named: str) -> Proposal:
    """Suggest official totals, of indicators in rows or measures in columns; people in ten thousands are left open."""
    found: dict[str, Setting] = {}
    names = next((profile for profile in profiles if plain(profile.name) in _INDICATORS), None)
    whole = [profile for profile in profiles if profile.kind in NUMBERS]
    amounts = next((profile for profile in whole if plain(profile.name) in _AMOUNTS), next(iter(whole), None))
    if names is not None and amounts is not None:
        units = [profile.texts for profile in profiles if profile.kind == "text"]  # or remarks, names
        for row, (text, number) in enumerate(zip(names.texts, amounts.numbers, strict=True)):
            if isinstance(text, str) and np.isfinite(number) and (key := _key_of(text)):
                scaled = (bool(amounts.above) and key == "people") or any(
                    says_scale(str(told.iloc[row])) for told in units
                )
                _put(found, key, float(number), Said("file_row", file=named, text=text), name=text, is_scaled=scaled)
    # The first or the last row is the sum of the others where most columns say so.
    counts = [one.numbers for one in whole if len(one.finite) > 2 and not says_ratio(one.name)]
    said = {row: [2 * n[row] / np.nansum(n) for n in counts if np.nansum(n) and np.isfinite(n[row])] for row in (-1, 0)}
    is_sum = {row: bool(told) and np.mean(np.isclose(told, 1.0, rtol=1e-3)) >= HALF for row, told in said.items()}
    sums = [row for row in said if is_sum[row]][:1]
    for profile in whole if not found else ():
        key, basis = _key_of(profile.name), basis_told(profile.name)
        if not key or (key in found and (not basis or basis in found[key].by_basis)):
            continue
        total = float(np.nansum(np.delete(profile.numbers, sums)))
        source = Said("file_sum", file=named, name=profile.name, rows=len(profile.finite))
        scaled = says_scale(profile.name, above=profile.above if key == "people" else ())
        _put(found, key, total, source, name=profile.name, is_scaled=scaled)
    settings = list(found.values())
    if not settings:
        settings = [Setting("", None, Said("may_hold_totals", file=named))]
    first = Setting("", None, Said("hold_against"))
    return Proposal("official", (first, *settings), is_suggestion=True)


def _put(found: dict[str, Setting], key: str, value: float, source: str, *, name: str, is_scaled: bool) -> None:
    """Keep the first number of each kind; of people also the first of residents and of those registered."""
    if is_scaled:
        found.setdefault(key, Setting("", None, Said("enter_yourself", name=name, key=key)))
        return
    basis = basis_told(name)
    told = {"value": int(value) if value.is_integer() else round(value, 3), "source": source}
    by_basis = {basis: told | {"basis": basis}} if key == "people" and basis else {}
    first = found[key] if key in found and found[key].key else Setting(key, by_basis.get(basis, told))
    found[key] = replace(first, by_basis=by_basis | first.by_basis)


def _key_of(text: str) -> str:
    """Name the official total that a text speaks of; empty where it speaks of none."""
    if plain(text) in _OF_VILLAGES:
        return "villages"
    known = next(iter(matches(text)), None)
    if known is not None and known.score >= LEAST and known.ours == "population_persons":
        return "people"
    service = "" if says_more(text) else service_in(text)
    return f"facilities.{service}" if service else ""


def units_proposal(profiles: list[Profile], opening: list[Setting], *, named: str) -> list[Proposal]:
    """Suggest official numbers of people by unit."""
    found = assign(profiles, ("unit_code", "name", "township", "population_persons", *GROUPS))
    if "name" not in found.columns and "township" in found.columns:
        found.give("name", found.columns["township"])
    if "population_persons" not in found.columns or not {"unit_code", "name"} & set(found.columns):
        return []
    counted = [profile.name for profile in found.candidates("population_persons")]
    # Of several columns of one basis the first counts, so it is written last.
    by_basis = {basis: name for name in reversed(counted) if (basis := basis_told(name))}
    settings = [*opening, Setting("source", named, Said("publication"))]
    settings += found.mapped("unit_code", "name")
    settings.append(replace(found.setting("population_persons"), by_basis=by_basis))
    settings += found.mapped(*GROUPS)
    if len(counted) > 1:
        settings.append(Setting("", None, Said("or_which_people", others={"quoted": counted[1:]})))
    return [Proposal("sources.official_units", tuple(settings), is_suggestion=True)]
