"""What belongs together in a folder is decided once: it is asked, or the proposal is taken and said to be one."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.crs import WGS84
from spatial.drafting.study_file import toml_block, words_in
from spatial.errors import SpatialError
from spatial.georef.datums import Country, countries_at, country_named
from spatial.inputs.inspection.columns import plain
from spatial.inputs.inspection.folder import FolderReport
from spatial.inputs.inspection.inspecting import unit_setting
from spatial.inputs.inspection.kinds import all_of, kind_word
from spatial.inputs.inspection.reports import Proposal, Setting
from spatial.inputs.placing import names_of
from spatial.inputs.user_tables import NOT_WANTED, boundaries_from_table, settlements_from_table
from spatial.messages import FALLBACK, Said
from spatial.study.access import NetworkOptions
from spatial.study.sources import TableSource


class Choice(NamedTuple):
    """An answer that is offered."""

    value: Any
    text: str


class Question(NamedTuple):
    """What a person is asked once; the first choice is proposed."""

    text: str
    choices: tuple[Choice, ...]
    may_write: bool = False  # whether an answer of one's own is taken too
    language: str = FALLBACK  # in which it is asked

    def lines(self) -> list[str]:
        """Ask it in its language: what, the choices by their numbers, and what to type."""
        words = words_in(self.language)
        choices = (f"  {number}  {words.again(one.text)}" for number, one in enumerate(self.choices, start=1))
        prompt = words.say("notice", "ask_own" if self.may_write else "ask_number")
        return [words.again(self.text), *choices, words.told_of(prompt, "")]


class Answer(NamedTuple):
    """What was answered, or taken for want of an answer."""

    value: Any
    is_guess: bool

    def setting(self, key: str, reason: str, value: Any = None) -> Setting:
        """Write it as a key of the study, with the reason where it is a guess."""
        told = self.value if value is None else value
        return Setting(key, told, reason if self.is_guess else "", is_guess=self.is_guess)


def take_proposed(question: Question) -> Answer:
    """Take what is proposed, where nobody is asked."""
    return Answer(question.choices[0].value, is_guess=True)


@dataclass(eq=False)
class Settled:
    """A study of a folder after its questions."""

    proposals: list[Proposal]  # of its sources, in the order to write them
    jurisdictions: Setting | None = None
    region: Proposal | None = None
    others: list[Proposal] = field(default_factory=list)  # tiers, people and network


LATER = "..."
"""What a proposal holds where nobody but the user can say it."""
_SHOWN = 6
SYSTEMS = {"gcj02": Said("gcj02"), "bd09": Said("bd09"), "EPSG:4490": Said("cgcs2000")}
"""What coordinates of Chinese sources may be in, which look alike."""
_LEFT_OPEN, _YES = Choice(None, Said("ask_open")), Choice(True, Said("ask_yes"))
_WORDS_FOR_UNKNOWN = {
    "values.service": (NOT_WANTED, Said("rows_left_out")),
    "values.tier": ("village", Said("words_are_villages")),
    "values.village_plan_class": ("other", Said("words_are_other")),
    "values.surface": ("", Said("surfaces_unknown")),
}
"""What words mean of which nothing is known."""
_REGISTERED, _RESIDENT = ("户籍", "registered"), ("常住", "resident", "usual", "residente")
_PLACES_LEAST = 0.8
"""A county is proposed where at least this share of the settlements lies in it."""


def settle(report: FolderReport, *, raw: Path, ask: Callable[[Question], Answer]) -> Settled:
    """Ask what the files of a folder leave open, each thing once, and write the answers into their parts."""
    if ask is not take_proposed:
        asked, language = ask, report.language or FALLBACK

        def ask(question: Question) -> Answer:
            return asked(question._replace(language=language))

    result = Settled(_one_of_several(report, ask))
    result.proposals = _coordinates(result.proposals, ask)
    result.proposals, basis = _basis(result.proposals, ask)
    result.proposals = [_rest(proposal, ask) for proposal in result.proposals]
    places = _places(result.proposals, raw)
    countries = _countries(report, places)
    country = next(iter(countries), None)
    if len(countries) > 1:
        # Of several nobody but the user chooses.
        choices = tuple(Choice(one.code, one.code) for one in countries)
        said = ask(Question(Said("ask_country"), (_LEFT_OPEN, *choices)))
        country = None if said.value is None else country_named(said.value)
    areas = _areas(report, result.proposals, raw, country)
    if areas is not None and places is not None:
        result.region = _region(areas, places, country, ask)
    result.jurisdictions = _jurisdictions(report, country, countries, ask)
    if places is not None:
        result.others += _county_seat(places, ask)
    if basis is not None:
        result.others.append(Proposal("population", (basis,)))
    if country is not None and (ask is not take_proposed or country.speeds != NetworkOptions().speeds):
        presets = dict.fromkeys((country.speeds, "rural_cn", "osrm_like", "conservative"))
        answer = ask(Question(Said("ask_speeds"), tuple(Choice(name, name) for name in presets)))
        why = Said("speeds_as", country=country.code)
        result.others.append(Proposal("network", (answer.setting("speeds", why),)))
    return result


def _one_of_several(report: FolderReport, ask: Callable[[Question], Answer]) -> list[Proposal]:
    """Choose one of several files where a study takes but one."""
    proposals = list(report.proposals)
    for several in report.several:
        choices = tuple(Choice(one.number, Said("file_rows", file=one.label, rows=one.rows)) for one in several.files)
        kind, files = kind_word(several.kind), all_of([choice.text for choice in choices])
        answer = ask(Question(Said("ask_file", kind=kind), (*choices, _LEFT_OPEN)))
        if answer.value is None:
            continue
        chosen = proposals[answer.value]
        why = Said("one_of_several", kind=kind, files=files)
        told = (Setting("", None, why, is_guess=True),) if answer.is_guess else ()
        proposals[answer.value] = replace(chosen, settings=(*told, *chosen.settings), is_suggestion=False)
        report.to_decide[:] = [text for text in report.to_decide if text != several.text]
    return proposals


def _coordinates(proposals: list[Proposal], ask: Callable[[Question], Answer]) -> list[Proposal]:
    """Ask for one CRS, or one datum, for all files whose coordinates look alike."""
    answers: dict[tuple[str, str], Answer] = {}
    files: dict[tuple[str, str], list[str]] = {}
    for proposal in proposals:
        for setting in proposal.undecided:
            if setting.key in {"crs", "datum"} and LATER not in str(setting.value):
                files.setdefault((setting.key, setting.value), []).append(_path(proposal))
    result = []
    for proposal in proposals:
        settings = []
        for setting in proposal.settings:
            kind = (setting.key, str(setting.value))
            if kind not in files or setting not in proposal.undecided:
                settings.append(setting)
                continue
            if kind not in answers:
                # What is proposed first, then what looks alike.
                offered = dict.fromkeys([setting.value, *(SYSTEMS if setting.value in SYSTEMS else ())])
                choices = (*(Choice(one, SYSTEMS.get(str(one), str(one))) for one in offered), _LEFT_OPEN)
                question = Said("ask_coordinates", files=files[kind], why=setting.reason)
                answers[kind] = ask(Question(question, choices, may_write=True))
                reason = setting.reason
            else:
                reason = Said("as_file", file=files[kind][0])
            value, is_guess = answers[kind]
            if value is None:
                settings.append(setting)
                continue
            key = "datum" if value in {"gcj02", "bd09"} else "crs"
            settings.append(Setting(key, value, reason if is_guess else "", is_guess=is_guess))
        result.append(replace(proposal, settings=tuple(settings)))
    return result


def _basis(proposals: list[Proposal], ask: Callable[[Question], Answer]) -> tuple[list[Proposal], Setting | None]:
    """Ask whom the study counts, residents or registered people, once for all lists."""
    if any(proposal.section == "sources.population" and not proposal.is_suggestion for proposal in proposals):
        # A raster counts the people; the numbers of lists stand beside it, those of residents where there are both.
        chosen = [tuple(setting.of_basis("resident") for setting in proposal.settings) for proposal in proposals]
        return [replace(one, settings=two) for one, two in zip(proposals, chosen, strict=True)], None
    people = [
        (proposal, setting)
        for proposal in proposals
        if not proposal.is_suggestion and proposal.section in {"sources.settlements", "sources.attributes"}
        for setting in proposal.settings
        if setting.key == "columns.population_persons"
    ]
    asked = [(proposal, setting) for proposal, setting in people if len(setting.by_basis) > 1]
    if not asked:
        return proposals, _basis_of_column([setting for _, setting in people], ask)
    columns = asked[0][1].by_basis
    named = {basis: Said("basis_column", basis=Said(basis), column=column) for basis, column in columns.items()}
    choices = tuple(Choice(basis, named[basis]) for basis in ("resident", "registered"))
    answer = ask(Question(Said("ask_basis", file=_path(asked[0][0])), choices))
    result = []
    for proposal in proposals:
        settings = tuple(
            replace(setting.of_basis(answer.value), reason="", is_decided=True)
            if any(setting is other for _, other in asked)
            else setting.of_basis(answer.value)
            for setting in proposal.settings
        )
        result.append(replace(proposal, settings=settings))
    return result, answer.setting("basis", Said("both_there", columns={"quoted": list(columns.values())}))


def _basis_of_column(columns: list[Setting], ask: Callable[[Question], Answer]) -> Setting | None:
    """Say whom the only column of people counts: by its name, else by who is asked; None where there is no column."""
    if not columns:
        return None
    column = str(columns[0].value)
    for basis, words in (("registered", _REGISTERED), ("resident", _RESIDENT)):
        if any(word in plain(column) for word in words):
            why = Said("basis_by_column", column=column)
            return Setting("basis", basis, why, is_decided=columns[0].is_decided)
    named = {"listed": "basis_listed", "resident": "resident", "registered": "registered"}
    choices = tuple(Choice(basis, Said(key)) for basis, key in named.items())
    answer = ask(Question(Said("ask_basis_of", column=column), choices))
    return answer.setting("basis", Said("basis_unknown", column=column))


def _rest(proposal: Proposal, ask: Callable[[Question], Answer]) -> Proposal:
    """Ask what else a part leaves open, as far as there is a proposal; unknown words stand for none."""
    settings = []
    for setting in proposal.settings:
        if setting.is_guess and not setting.key:
            # What was taken for the whole part, such as that a list is joined by name.
            answer = ask(Question(Said("of_column", name=_path(proposal), why=setting.reason), (_YES, _LEFT_OPEN)))
            if answer.is_guess or not answer.value:
                settings.append(replace(setting, is_guess=answer.is_guess, is_decided=answer.is_guess))
            continue
        is_open = setting in proposal.undecided and bool(setting.key)
        value, reason = setting.value, setting.reason
        if is_open and isinstance(value, dict) and LATER in value.values() and setting.key in _WORDS_FOR_UNKNOWN:
            meaning, said = _WORDS_FOR_UNKNOWN[setting.key]
            value, reason = dict.fromkeys(value, meaning), all_of((said, reason))
        is_proposed = LATER not in (value.values() if isinstance(value, dict) else (value,))
        if not is_open or not is_proposed or setting.key in {"crs", "datum"} or setting.about:
            settings.append(setting)
            continue
        shown = ", ".join(map(str, value)) if isinstance(value, dict) else value
        question = Said("ask_value", file=_path(proposal), key=setting.key, value=str(shown), why=reason)
        answer = ask(Question(question, (_YES, _LEFT_OPEN)))
        settings.append(answer.setting(setting.key, reason, value) if answer.value else setting)
    return replace(proposal, settings=tuple(settings))


def _path(proposal: Proposal) -> str:
    return next((str(one.value) for one in proposal.settings if one.key in {"path", "paths"}), proposal.section)


def _table(proposal: Proposal) -> dict[str, Any]:
    """Read a part as a study file would."""
    found = tomllib.loads("\n".join(toml_block(proposal)))
    for key in proposal.section.split("."):
        found = found[key]
        found = found[0] if isinstance(found, list) else found
    return found


def _places(proposals: list[Proposal], raw: Path) -> gpd.GeoDataFrame | None:
    """Read the settlements, as far as their part is decided; None where there are none, or they cannot be read yet."""
    for proposal in proposals:
        if proposal.section == "sources.settlements" and not proposal.is_suggestion:
            with suppress(SpatialError, ValueError):
                table = _table(proposal)
                frame = settlements_from_table(
                    raw / table["path"], TableSource(**table), with_population=False, may_lack=True
                )
                there = frame[frame.geometry.notna()]
                return there.to_crs(WGS84) if len(there) else None
    return None


def _countries(report: FolderReport, places: gpd.GeoDataFrame | None) -> tuple[Country, ...]:
    """List the countries by the settlements, else by the codes of an extract, else by where the files lie."""
    if places is not None:
        return countries_at(places.geometry.x, places.geometry.y)
    layers = [layer for file in report.files for layer in file.layers]
    if codes := {code for layer in layers for code in layer.countries}:
        return tuple(map(country_named, sorted(codes)))
    boxes = [bounds for layer in layers if (bounds := layer.bounds or layer.likely) is not None]
    middles = [((box.west + box.east) / 2, (box.south + box.north) / 2) for box in boxes]
    return countries_at(*zip(*middles, strict=True)) if middles else ()


def _areas(
    report: FolderReport, proposals: list[Proposal], raw: Path, country: Country | None
) -> gpd.GeoDataFrame | None:
    """Read the boundaries: those of a table, else those of the extract."""
    for proposal in proposals:
        if proposal.section == "sources.boundaries":
            with suppress(SpatialError, ValueError):
                table = _table(proposal)
                level = None if country is None else country.township_level
                return boundaries_from_table(raw / table["path"], TableSource(**table), admin_level=level)
            return None
    drawn = [layer.areas for file in report.files for layer in file.layers if layer.areas is not None]
    return drawn[0].to_crs(WGS84) if len(drawn) == 1 and len(drawn[0]) else None


def _region(
    areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, country: Country | None, ask: Callable[[Question], Answer]
) -> Proposal | None:
    """Ask which boundary is the county, and say which level the townships are."""
    settings: list[Setting] = []
    areas = areas.to_crs(WGS84)
    points = places[["geometry"]]
    levels = sorted(areas["admin_level"].unique().tolist())
    wanted = country.county_level if country is not None else None
    counties = areas[areas["admin_level"] == wanted] if wanted is not None else areas.iloc[:0]
    named = counties[counties["name"].notna()] if len(counties) else counties
    if len(named) and len(levels) > 1:
        inside = gpd.sjoin(points, named[["name", "geometry"]], predicate="within")["name"].value_counts()
        most = [(str(name), int(number)) for name, number in inside.items()][:_SHOWN]
        choices = [Choice(name, Said("county_holds", name=name, inside=n, places=len(places))) for name, n in most]
        whole = Choice(None, Said("ask_all"))
        is_clear = bool(most) and most[0][1] >= _PLACES_LEAST * len(places)
        ordered = [*choices, whole] if is_clear else [whole, *choices]
        answer = ask(Question(Said("ask_county"), tuple(ordered)))
        if answer.value is not None:
            reason = Said("lie_in_it", inside=dict(most)[answer.value], places=len(places))
            settings += [
                Setting("admin_level", wanted, "" if country is None else Said("counties_in", country=country.code)),
                answer.setting("names", reason, [answer.value]),
            ]
    units = unit_setting(places, areas)
    if country is not None and country.township_level is not None and country.township_level in levels:
        held = gpd.sjoin(points, areas.loc[areas["admin_level"] == country.township_level, ["geometry"]])
        if held.index.nunique() >= _PLACES_LEAST * len(places):
            units = Setting("unit_levels", [country.township_level], Said("townships_in", country=country.code))
    if units is not None:
        settings.append(units)
    return Proposal("region", tuple(settings)) if settings else None


def _jurisdictions(
    report: FolderReport, country: Country | None, countries: tuple[Country, ...], ask: Callable[[Question], Answer]
) -> Setting | None:
    """Say that those of the country bind that an extract names; else ask whose do, None where nothing shows any."""
    told = {code for file in report.files for layer in file.layers for code in layer.countries}
    if len(told) == 1:
        return Setting("jurisdictions", [*told], Said("norms_bind", seen=Said("by_extract")))
    if country is None:
        near = [one.code for one in countries]
        why = Said("norms_bind", seen=Said("extract_names") if told else Said("near_border", countries=near))
        return Setting("jurisdictions", near, why, is_decided=False) if near else None
    fields = [column for file in report.files for layer in file.layers for column in layer.fields]
    codes = [text for column in fields if "unit_code" in column.meaning for text in column.examples if text.isdigit()]
    provinces = dict.fromkeys(f"CN-{code[:2]}" for code in codes) if country.code == "CN" else {}
    choices = tuple(Choice([name], name) for name in dict.fromkeys((*provinces, country.code)))
    answer = ask(Question(Said("ask_norms"), (*choices, Choice([], Said("global_alone"))), may_write=True))
    value = answer.value if isinstance(answer.value, list) else [answer.value]
    why = Said("norms_bind", seen=Said("by_unit_codes" if provinces else "places_lie_there"))
    return answer.setting("jurisdictions", why, value)


def _county_seat(places: gpd.GeoDataFrame, ask: Callable[[Question], Answer]) -> list[Proposal]:
    """Ask for the county seat where no row is one; the name that says so comes first, then the most people."""
    if (places["tier"] == "county_seat").any():
        return []
    towns = places[places["tier"].isin(["town", "city"])]
    counts = Counter(name for names in names_of(places) for name in names[:1])
    people = towns.get("population_listed", pd.Series(np.nan, index=towns.index)).fillna(-1.0)
    rows = sorted(
        zip((names[0] if names else "" for names in names_of(towns)), people, strict=True),
        key=lambda row: (not any(word in row[0] for word in _SEATS), -row[1], row[0]),
    )
    offered = [(name, number) for name, number in rows if name and counts[name] == 1]
    if not offered:
        return []
    is_told = any(word in offered[0][0] for word in _SEATS) or offered[0][1] > 0
    choices = [
        Choice(name, Said("seat_people", name=name, people={"unit": "persons", "value": n}) if n >= 0 else name)
        for name, n in offered
    ]
    none = Choice(None, Said("ask_none"))
    ordered = [*choices[:_SHOWN], none] if is_told else [none, *choices[:_SHOWN]]
    answer = ask(Question(Said("ask_seat"), tuple(ordered), may_write=True))
    if answer.value is None:
        why = Said("no_seat", name=offered[0][0])
        return [Proposal("tiers", (Setting("", None, why, is_decided=not answer.is_guess),))]
    return [Proposal("tiers", (answer.setting("county_seat", Said("seat_by"), [answer.value]),))]


_SEATS = ("县城", "城关", "county seat", "chef-lieu")
