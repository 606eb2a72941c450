"""From the columns of a table to its part of a study file: what is sure, and what the user has to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from spatial.sources.inspection.assigning import MOST_VALUES, Assigned, assign, known_values, translated
from spatial.sources.inspection.field_names import EXACT, matches
from spatial.sources.inspection.kinds import service_in, services_in
from spatial.sources.inspection.official import official_proposal
from spatial.sources.inspection.reports import Proposal, Setting
from spatial.sources.inspection.road_columns import road_settings
from spatial.sources.services import load_services
from spatial.sources.unit_codes import PLAN_CLASSES
from spatial.tables import TIERS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from spatial.sources.inspection.guesses import Coordinates
    from spatial.sources.inspection.profiles import Profile

__all__ = ["Table", "propose"]

FROM_NAMES = 0.9
"""Share of the rows from which the names of facilities stand for the service of all."""
_PLACE = ("unit_code", "unit_level", "township", "township_id", "name_en", "name_zh")
_UNLIKELY_ID = ("population", "x", "y", "longitude", "latitude", "easting", "northing")


@dataclass(frozen=True, eq=False)
class Table:
    """
    A table under inspection.

    Parameters
    ----------
    named : str
        Its path as a study file writes it.
    title : str
        Names of the file and of the sheet or layer.
    frame : DataFrame or GeoDataFrame
        Its rows.
    profiles : list of Profile
        Its columns.
    keys : dict of str to object
        Keys of the study file that it needs to be read.
    coordinates : Coordinates
        What is thought of them.
    has_geometry : bool
        Whether the file draws it.
    """

    named: str
    title: str
    frame: pd.DataFrame
    profiles: list[Profile]
    keys: dict[str, object]
    coordinates: Coordinates
    has_geometry: bool


def propose(table: Table, kind: str) -> Proposal | None:
    """
    Write the part of a study file that reads a table.

    Parameters
    ----------
    table : Table
        As opened.
    kind : str
        What it looks to be.

    Returns
    -------
    Proposal or None
        None for what a study does not read.
    """
    if kind == "official_totals":
        return official_proposal(table.profiles, named=table.title)
    if kind == "decisions":
        return Proposal("placing", (Setting("decisions", table.named, "decisions on places"),))
    writers: dict[str, Callable[[Table], list[Setting]]] = {
        "settlements": _settlements,
        "facilities": _facilities,
        "roads": lambda table: road_settings(table.profiles, table.frame),
        "boundaries": _boundaries,
        "flows": _flows,
    }
    if kind not in writers:
        return None
    opening = _opening(table, places=kind in {"settlements", "facilities"}, plain=kind == "flows")
    settings = (*opening, *writers[kind](table))
    return Proposal(f"sources.{kind}", settings, is_list=kind == "facilities")


def _opening(table: Table, *, places: bool = False, plain: bool = False) -> list[Setting]:
    settings = [Setting("path", table.named)]
    settings += [Setting(key, value) for key, value in table.keys.items()]
    if plain:
        return settings
    found = table.coordinates
    settings += found.settings
    lacks = not table.has_geometry and not found.columns
    if places and not any(setting.key == "" and not setting.is_decided for setting in found.settings):
        if lacks:
            settings.append(
                Setting(
                    "coordinates", "none", "no columns of coordinates: located by unit code, else by name"
                )
            )
        elif found.blanks:
            reason = f"{found.blanks} of {found.rows} rows have none: located by unit code, else by name"
            settings.append(Setting("coordinates", "some", reason))
    return settings


def _settlements(table: Table) -> list[Setting]:
    wanted = ("settlement_id", "id", "name", "tier", "kind", "village_plan_class", "official_class", *_PLACE)
    found = assign(
        table.profiles,
        (*wanted, "population_persons", "elderly_persons", "children_persons"),
        taken=table.coordinates.columns,
    )
    settings = _key(table, found, "settlement_id", ("settlement_id", "unit_code", "id"))
    settings += _mapped(found, ("name", *_PLACE))
    settings += _population(found)
    settings += _tier(table, found)
    if "village_plan_class" in found.columns:
        settings += _choice(found, "village_plan_class", PLAN_CLASSES)
    if "official_class" in found.columns:
        settings += _choice(found, "official_class", ("urban", "rural"), may_leave=True)
    return settings


def _mapped(found: Assigned, wanted: tuple[str, ...]) -> list[Setting]:
    return [found.setting(ours) for ours in wanted if ours in found.columns]


def _key(table: Table, found: Assigned, ours: str, order: tuple[str, ...]) -> list[Setting]:
    """Choose the column that names rows: complete and without repeats."""
    tried = [found.columns[name] for name in order if name in found.columns]
    tried += [profile for name in order for profile in found.others.get(name, [])]
    codes = [profile for profile in table.profiles if profile.kind in {"code", "whole number"}]
    tried += [profile for profile in codes if profile not in tried and profile.kind == "code"]
    chosen = next((profile for profile in tried if profile.is_key), None)
    if chosen is not None:
        return [Setting(f"columns.{ours}", chosen.name)]
    if tried:
        first = tried[0]
        blank, repeated = len(first.texts) - first.filled, first.filled - first.distinct
        why = f"{first.name!r} has {blank} blanks and {repeated} repeats; give each row an id of its own"
        return [Setting(f"columns.{ours}", first.name, why, is_decided=False)]
    name = found.columns.get("name")
    if name is not None and name.is_key:
        why = f"no column of ids; the names in {name.name!r} are all different, and would do as long as they stay so"
        return [Setting(f"columns.{ours}", name.name, why, is_decided=False)]
    return [Setting(f"columns.{ours}", "...", "no column names each row once; add one", is_decided=False)]


def _population(found: Assigned) -> list[Setting]:
    settings = []
    if "population_persons" in found.columns:
        chosen = found.columns["population_persons"]
        others = [profile for profile in found.others.get("population_persons", []) if _is_exact(profile)]
        blanks = len(chosen.texts) - chosen.filled
        if others and _is_exact(chosen):
            listed = ", ".join(repr(profile.name) for profile in (chosen, *others))
            reason = (
                f"which people count: {listed}; say the same in [population] basis (resident, registered)"
            )
            settings.append(Setting("columns.population_persons", chosen.name, reason, is_decided=False))
        elif blanks:
            reason = f"{blanks} of {len(chosen.texts)} rows have no number: fill them in, or leave the column unmapped"
            settings.append(Setting("columns.population_persons", chosen.name, reason, is_decided=False))
        else:
            settings.append(found.setting("population_persons"))
    elif "population_persons" in found.unfit:
        settings.append(Setting("", None, f"people: {found.unfit['population_persons']}", is_decided=False))
    return settings + _mapped(found, ("elderly_persons", "children_persons"))


def _is_exact(profile: Profile) -> bool:
    return any(match.ours == "population_persons" and match.score == EXACT for match in matches(profile.name))


def _tier(table: Table, found: Assigned) -> list[Setting]:
    tried = [found.columns[name] for name in ("tier", "kind") if name in found.columns]
    tried += [profile for profile in table.profiles if profile.kind == "text" and profile not in tried]
    for profile in tried:
        if 0 < profile.distinct <= MOST_VALUES:
            known, strange = known_values(profile, "tier")
            if not strange or (len(known) > len(strange) and profile is found.columns.get("tier")):
                return [
                    Setting("columns.tier", profile.name),
                    *translated("tier", profile, known, strange, TIERS),
                ]
    reason = (
        "no column says which rows are villages, towns, county seats or cities: if all are of one tier, this says so; "
        "else add a column and map it as columns.tier"
    )
    return [Setting("tier", "village", reason, is_decided=False)]


def _choice(
    found: Assigned, ours: str, choices: tuple[str, ...], *, may_leave: bool = False
) -> list[Setting]:
    profile = found.columns[ours]
    known, strange = known_values(profile, ours)
    if strange and (may_leave or not known):
        return []
    return [found.setting(ours), *translated(ours, profile, known, strange, choices)]


def _facilities(table: Table) -> list[Setting]:
    wanted = (
        "facility_id",
        "id",
        "name",
        "place_name",
        "service",
        "kind",
        "capacity",
        "load",
        "status",
        *_PLACE,
    )
    found = assign(table.profiles, (*wanted, "opening_hours"), taken=table.coordinates.columns)
    _name_of_facility(found)
    settings = _key(table, found, "facility_id", ("facility_id", "id", "unit_code"))
    settings += _mapped(found, ("name", "place_name", *_PLACE))
    settings += _service(table, found)
    settings += _mapped(found, ("capacity", "load", "opening_hours"))
    if "status" in found.columns and found.columns["status"].filled == len(table.frame):
        settings += _choice(found, "status", ("existing", "candidate", "closed"), may_leave=True)
    reason = (
        "complete where every facility of the kind is in it: only then a norm counts a missing one as missing"
    )
    settings.append(Setting("inventory", "unknown", reason))
    return settings


def _name_of_facility(found: Assigned) -> None:
    """Of several columns of names the one that names services is the facility's; one of villages is its place."""
    names = [found.columns["name"], *found.others.get("name", [])] if "name" in found.columns else []
    if len(names) < 2:
        return
    best = max(names, key=lambda profile: (services_in(profile)[0], profile.distinct))
    found.give("name", best)
    rest = [profile for profile in names if profile is not best]
    if "place_name" not in found.columns:
        found.give("place_name", rest[0], "where it is, for rows that are located by name")


def _service(table: Table, found: Assigned) -> list[Setting]:
    ids = load_services(None).ids
    told = found.columns.get("service")
    if told is not None and set(told.values) <= set(ids):
        return [Setting("columns.service", told.name)]
    kinds = [found.columns[name] for name in ("kind", "service") if name in found.columns]
    kinds += [profile for name in ("kind", "service") for profile in found.others.get(name, [])]
    kinds = [profile for profile in kinds if profile.kind != "empty" and profile.distinct <= MOST_VALUES]
    shares = [services_in(profile)[0] for profile in kinds]
    if kinds and max(shares) > 0:
        profile = kinds[shares.index(max(shares))]
        known = {value: service_in(value) for value in profile.values if service_in(value)}
        strange = [value for value in profile.values if value not in known]
        settings = [
            Setting("columns.service", profile.name),
            *translated("service", profile, known, strange, ids),
        ]
        if profile.filled < len(profile.texts):
            why = f"{len(profile.texts) - profile.filled} rows of {profile.name!r} are blank; fill them in"
            settings.append(Setting("", None, why, is_decided=False))
        return settings
    return _one_service(table, found, ids)


def _one_service(table: Table, found: Assigned, ids: tuple[str, ...]) -> list[Setting]:
    by_title = service_in(table.title)
    share, counts = services_in(found.columns["name"]) if "name" in found.columns else (0.0, {})
    rows = max(1, found.columns["name"].filled if "name" in found.columns else 1)
    most = max(counts, key=lambda service: counts[service]) if counts else ""
    if most and counts[most] >= FROM_NAMES * min(rows, 500):
        return [Setting("service", most, f"{counts[most]} of the names say so")]
    if by_title and (not most or most == by_title) and len(counts) <= 1:
        return [Setting("service", by_title, f"{table.title!r} says so; its names do not contradict it")]
    if len(counts) > 1:
        listed = ", ".join(f"{service} {number}" for service, number in sorted(counts.items()))
        reason = f"the names speak of several ({listed}; {share:.0%} of all): add a column of them, or split the file"
        return [Setting("service", by_title or most, reason, is_decided=False)]
    return [Setting("service", by_title or "...", f"one of {', '.join(ids)}", is_decided=False)]


def _boundaries(table: Table) -> list[Setting]:
    found = assign(
        table.profiles, ("boundary_id", "id", "name", "admin_level", "unit_code", "unit_level", "township")
    )
    if "name" not in found.columns and "township" in found.columns:
        found.give("name", found.columns["township"], "names of the townships")
    settings = _key(table, found, "boundary_id", ("boundary_id", "unit_code", "id"))
    settings += _mapped(found, ("name", "unit_code", "unit_level"))
    level = found.columns.get("admin_level")
    if level is not None and level.kind == "whole number" and level.filled == len(level.texts):
        settings.append(found.setting("admin_level"))
    else:
        reason = "no column says the level: give one in [region], such as unit_levels = [8]; all rows are units then"
        settings.append(Setting("", None, reason))
    geometry = table.frame.geometry if table.has_geometry else None
    broken = 0 if geometry is None else int((geometry.notna() & ~shapely.is_valid(geometry.to_numpy())).sum())
    if broken:
        reason = f"{broken} areas cross or touch themselves and are refused: repair them with QGIS > Fix geometries"
        settings.append(Setting("", None, reason, is_decided=False))
    return settings


def _flows(table: Table) -> list[Setting]:
    found = assign(table.profiles, ("from_id", "to_id", "volume"))
    settings = _mapped(found, ("from_id", "to_id", "volume"))
    if "volume" not in found.columns:
        settings.append(Setting("columns.volume", "...", "which column counts the trips", is_decided=False))
    return settings
