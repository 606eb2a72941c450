"""From a table to its part of a study file: what is sure, and what the user has to decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from spatial.sources.inspection.assigning import MOST_VALUES, assign, known_values, translated
from spatial.sources.inspection.official import official_proposal, units_proposal
from spatial.sources.inspection.opening import kinds_of_geometry
from spatial.sources.inspection.place_columns import (
    attribute_settings,
    choose_key,
    facility_settings,
    mapped,
    settlement_settings,
)
from spatial.sources.inspection.reports import Proposal, Setting
from spatial.sources.inspection.road_columns import road_settings
from spatial.sources.water_tables import WATER_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatial.sources.inspection.tables import Table

__all__ = ["joined", "propose"]

_LISTS = {"facilities", "water", "attributes"}
_PLACES = {"settlements", "facilities"}
_PLAIN = {"flows", "attributes"}


def propose(table: Table, kind: str) -> list[Proposal]:
    """Write the part of a study file that reads a table."""
    if kind == "official_totals":
        totals = official_proposal(table.profiles, named=table.title)
        units = units_proposal(table.profiles, _opening(table, kind), named=table.title)
        return [totals, *units]
    if kind == "decisions":
        return [Proposal("placing", (Setting("decisions", table.named, "decisions on places"),))]
    writers: dict[str, Callable[[Table], list[Setting]]] = {
        "settlements": settlement_settings,
        "facilities": facility_settings,
        "roads": lambda table: road_settings(table.profiles, table.frame),
        "boundaries": _boundaries,
        "water": _water,
        "flows": _flows,
    }
    if kind not in writers:
        return []
    settings = (*_opening(table, kind), *writers[kind](table))
    proposals = [Proposal(f"sources.{kind}", settings, is_list=kind in _LISTS)]
    if kind == "settlements" and not table.has_geometry and not table.coordinates.columns:
        proposals.append(joined(table))
    return proposals


def joined(table: Table) -> Proposal:
    """Write the part of a study file that joins a table onto the settlements of another source."""
    settings = (*_opening(table, "attributes"), *attribute_settings(table))
    return Proposal("sources.attributes", settings, is_list=True, is_suggestion=True)


def _opening(table: Table, kind: str) -> list[Setting]:
    settings = [Setting("path", table.named)]
    settings += [Setting(key, value) for key, value in table.opened.keys.items()]
    settings += table.opened.signs.settings
    if kind in _PLAIN or kind == "official_totals":
        return settings
    found = table.coordinates
    settings += found.settings
    families = kinds_of_geometry(table.frame)
    if len(families) > 1:
        listed = ", ".join(families)
        text = f"it mixes {listed}, and a source holds one of them: put them into layers of their own"
        settings.append(Setting("", None, text, is_decided=False))
    lacks = not table.has_geometry and not found.columns
    if kind in _PLACES:
        how = "located by unit code, else by name"
        if lacks and not found.settings:
            settings.append(Setting("coordinates", "none", f"no columns of coordinates: {how}"))
        elif found.blanks:
            settings.append(
                Setting("coordinates", "some", f"{found.blanks} of {found.rows} rows have none: {how}")
            )
    return settings


def _boundaries(table: Table) -> list[Setting]:
    found = assign(
        table.profiles, ("boundary_id", "id", "name", "admin_level", "unit_code", "unit_level", "township")
    )
    if "name" not in found.columns and "township" in found.columns:
        found.give("name", found.columns["township"], "names of the townships")
    settings = choose_key(table, found, "boundary_id", ("boundary_id", "unit_code", "id"))
    settings += mapped(found, ("name", "unit_code", "unit_level"))
    level = found.columns.get("admin_level")
    if level is not None and level.kind == "whole number" and level.filled == len(level.texts):
        settings.append(found.setting("admin_level"))
    elif level is not None and not known_values(level, "admin_level")[1] and level.filled == len(level.texts):
        known, strange = known_values(level, "admin_level")
        settings.append(found.setting("admin_level"))
        settings += translated("admin_level", level, known, strange, ())
    else:
        reason = "no column says the level: give one in [region], such as unit_levels = [8]; all rows are units then"
        settings.append(Setting("", None, reason))
    return settings + _broken(table)


def _broken(table: Table) -> list[Setting]:
    """Areas that the reader refuses."""
    if not isinstance(table.frame, gpd.GeoDataFrame):
        return []
    shapes = np.asarray(table.frame.geometry)
    broken = int((~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)).sum())
    if not broken:
        return []
    reason = (
        f"{broken} areas cross or touch themselves and are refused: repair them with QGIS > Fix geometries"
    )
    return [Setting("", None, reason, is_decided=False)]


def _water(table: Table) -> list[Setting]:
    found = assign(table.profiles, ("id", "name", "kind"))
    settings = []
    if "id" in found.columns and found.columns["id"].is_key:
        settings.append(Setting("columns.water_id", found.columns["id"].name))
    settings += mapped(found, ("name",))
    kind = found.columns.get("kind")
    if kind is None or not 0 < kind.distinct <= MOST_VALUES:
        reason = f"which column says what each is: {', '.join(WATER_KINDS)}"
        settings.append(Setting("columns.kind", "...", reason, is_decided=False))
        return settings + _broken(table)
    known, strange = known_values(kind, "water")
    settings += [Setting("columns.kind", kind.name), *translated("kind", kind, known, strange, WATER_KINDS)]
    return settings + _broken(table)


def _flows(table: Table) -> list[Setting]:
    found = assign(table.profiles, ("from_id", "to_id", "volume", "kind"))
    settings = mapped(found, ("from_id", "to_id", "volume"))
    kind = found.columns.get("kind")
    if kind is not None and 0 < kind.distinct <= MOST_VALUES:
        settings.append(Setting("columns.kind", kind.name))
        settings += translated("kind", kind, known_values(kind, "flow")[0], [], ())
    else:
        settings.append(
            Setting("columns.kind", "...", "which column says what moves: people, parcels", is_decided=False)
        )
    if "volume" not in found.columns:
        settings.append(Setting("columns.volume", "...", "which column counts the trips", is_decided=False))
    return settings
