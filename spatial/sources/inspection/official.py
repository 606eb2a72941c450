"""Tables of a yearbook: the official totals that they may hold, only ever as a suggestion."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spatial.sources.columns import says_scale
from spatial.sources.inspection.assigning import LEAST, assign
from spatial.sources.inspection.field_names import matches, plain
from spatial.sources.inspection.kinds import service_in
from spatial.sources.inspection.reports import Proposal, Setting
from spatial.study.ground import basis_told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spatial.sources.inspection.profiles import Profile

__all__ = ["official_proposal", "units_proposal"]

GROUPS = ("elderly_persons", "children_persons")
_INDICATORS = {"指标", "项目", "indicator", "indicateur", "item"}
_AMOUNTS = {"数值", "数量", "合计", "本年", "value", "valeur", "total", "number", "nombre"}
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
