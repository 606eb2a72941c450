"""How a layer is asked: codes in words, forms in tabs, what goes with what, what a pointer shows."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement

import pandas as pd

from spatial.qgis.layer import plain_name
from spatial.qgis.layouts import unread
from spatial.qgis.meta import service_name
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spatial.messages import Words
    from spatial.qgis.layer import QgisLayer
    from spatial.qgis.meta import QgisMeta
    from spatial.qgis.styles import Style


# Codes in words.

CODES = {
    "norm_class": ("results", "norm_class"),
    "reach_status": ("results", "reach"),
    "remedy": ("workbook", "remedy"),
    "tier": ("qgis", "tiers"),
    "mode": ("qgis", "modes"),
    "road_class": ("results", "road_class"),
    "all_season": ("qgis", "season"),
    "snap_status": ("qgis", "snap"),
    "last_mile_class": ("qgis", "last_mile"),
    "action": ("qgis", "plan_action"),
    "outcome": ("qgis", "plan_outcome"),
    "how_sure": ("qgis", "how_sure"),
    "mandatory_status": ("qgis", "gates"),
    "status": ("qgis", "status"),
}
"""Part and section of the messages that say the codes of a column, by how its name ends, the longer endings first."""
OWN_CODES = {("facilities", "status"): ("workbook", "facility_status")}
"""The same where a table means something else."""


def value_maps(layer: QgisLayer, style: Style | None, words: Words, meta: QgisMeta) -> dict[str, dict[str, str]]:
    """Say the codes of columns: words by code, by column."""
    found: dict[str, dict[str, str]] = {}
    renderer = style.renderer if style else Element("none")
    for column in layer.aliases:
        if not pd.api.types.is_string_dtype(layer.frame[column].dtype):
            continue
        if column == "service":
            services = sorted(layer.frame[column].dropna().unique())
            found[column] = {service: service_name(service, words, meta) for service in services}
            continue
        ending = next((end for end in CODES if column == end or column.endswith(f"_{end}")), None)
        source = OWN_CODES.get((layer.table, column)) or (CODES[ending] if ending else None)
        if source is not None:
            texts = words.of(source[0]).messages[source[1]]
            found[column] = {code: text for code, text in texts.items() if "{" not in text}
    if renderer.get("attr") in layer.aliases:
        classes = {one.get("value", ""): one.get("label", "") for one in renderer.iter("category")}
        found[renderer.get("attr", "")] = {value: label for value, label in classes.items() if value}
    return found


def field_configuration(maps: Mapping[str, Mapping[str, str]]) -> Element:
    """Write value maps as QGIS keeps them."""
    root = Element("fieldConfiguration")
    for column, texts in maps.items():
        field = SubElement(root, "field", {"name": column, "configurationFlags": "NoFlag"})
        options = {"map": [{label: code} for code, label in texts.items()]}
        field.append(edit_widget("ValueMap", options))
    return root


def edit_widget(kind: str, options: Mapping[str, Any]) -> Element:
    """Write the widget of a field."""
    widget = Element("editWidget", {"type": kind})
    SubElement(widget, "config").append(option("", options))
    return widget


def option(name: str, value: Any) -> Element:
    """Write a value as QGIS keeps values of any kind."""
    told = {"name": name} if name else {}
    if isinstance(value, dict):
        element = Element("Option", {"type": "Map", **told})
        element.extend(option(key, inner) for key, inner in value.items())
    elif isinstance(value, list):
        element = Element("Option", {"type": "List", **told})
        element.extend(option("", inner) for inner in value)
    else:
        kind = {bool: "bool", int: "int", float: "double"}.get(type(value), "QString")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        element = Element("Option", {"type": kind, **told, "value": text})
    return element


# What goes with what.


class Relation(NamedTuple):
    """Rows of one layer that belong to a feature of another."""

    identifier: str
    title: str
    parent: str  # tables
    child: str
    keys: tuple[tuple[str, str], ...]  # columns of the child and of the parent


def relations_of(layers: Sequence[QgisLayer]) -> list[Relation]:
    """Join settlements, the ways of their people, facilities, routes, norms and townships, as far as they are there."""
    tables = {layer.table: layer for layer in layers}
    routes = [table for table in tables if table.startswith("routes_")]
    place = (("settlement_id", "settlement_id"),)
    way = (*place, ("service", "service"), ("mode", "mode"))
    wanted = [
        ("settlements", "access", place),
        ("facilities", "access", (("facility_id", "facility_id"),)),
        *(("access", table, way) for table in routes),
        *(("settlements", table, place) for table in tables if table.startswith("gap_")),
        ("townships", "settlements", (("township_id", "boundary_id"),)),
    ]
    return [
        Relation(f"{parent}_{child}", tables[child].title, parent, child, keys)
        for parent, child, keys in wanted
        if parent in tables
        and child in tables
        and all(own in tables[child].aliases and other in tables[parent].aliases for own, other in keys)
    ]


def relations_element(relations: Sequence[Relation], identifier: str) -> Element:
    """Write the project's relations; `identifier` begins the id of every layer."""
    root = Element("relations")
    for one in relations:
        ends = {"referencedLayer": f"{identifier}{one.parent}", "referencingLayer": f"{identifier}{one.child}"}
        told = {"id": one.identifier, "name": one.title, "strength": "Association"}
        element = SubElement(root, "relation", ends | told)
        for own, other in one.keys:
            SubElement(element, "fieldRef", {"referencingField": own, "referencedField": other})
    return root


# Forms in tabs.

TABS = {
    "settlements": (
        ("place", ("settlements",)),
        ("last_mile", ("last_mile",)),
        ("score", ("scores", "settlement_types")),
    ),
    "facilities": (("place", ("facilities",)),),
    "townships": (("place", ("boundaries",)), ("score", ("scores", "unit_types", "functional_areas"))),
}
"""Tabs of the form of a table, with the tables that define their columns; what no table defines is a result."""


def form_elements(layer: QgisLayer, relations: Sequence[Relation], words: Words, meta: QgisMeta) -> Iterator[Element]:
    """Write the form of a layer: its columns in tabs, then what belongs to it, a tab each."""
    yield _text("editorlayout", "tablayout")
    positions = {column: place for place, column in enumerate(layer.aliases, start=1)}
    results = tuple(f"{plain_name(service)}_" for service in (*meta.services, *map(str, meta.norms)))
    tabs: dict[str, list[str]] = {name: [] for name in (*dict(TABS[layer.table]), "results")}
    for column in positions:
        homes = [name for name, tables in TABS[layer.table] if any(TABLES[table].field(column) for table in tables)]
        is_result = column.startswith(results) or column.startswith("norms_")
        tabs[homes[0] if homes else "results" if is_result else "place"].append(column)
    form = Element("attributeEditorForm")
    for name, columns in tabs.items():
        if columns:
            tab = _container(form, words.say("forms", name), columns=2)
            for column in columns:
                SubElement(
                    tab, "attributeEditorField", {"name": column, "index": str(positions[column]), "showLabel": "1"}
                )
    for one in relations:
        if one.parent == layer.table:
            tab = _container(form, one.title, columns=1)
            told = {"name": one.identifier, "relation": one.identifier, "showLabel": "0", "nmRelationId": ""}
            SubElement(tab, "attributeEditorRelation", told | {"relationWidgetTypeId": "relation_editor"})
    yield form


def _container(form: Element, name: str, *, columns: int) -> Element:
    told = {"name": name, "type": "Tab", "groupBox": "0", "columnCount": str(columns), "showLabel": "1"}
    return SubElement(form, "attributeEditorContainer", told)


def _text(tag: str, text: str) -> Element:
    element = Element(tag)
    element.text = text
    return element


# What a pointer shows.

TIPS = {
    "gap": ("value", "threshold", "unit", "persons_unserved", "remedy", "township"),
    "facilities": ("service", "capacity", "load", "status"),
    "routes": ("service", "travel_time_min", "network_distance_m"),
    "flows": ("volume",),
    "plan": ("step", "action", "outcome", "persons", "minutes", "township"),
    "townships": (),
    "settlements": ("tier", "population_persons", "township", "last_mile_class"),
    "candidate": ("service",),
}
"""Columns in the tip of a layer, by how its table's name begins."""
SAFE = "replace(to_string({}), map('&', '&amp;', '<', '&lt;', '>', '&gt;'))"
"""Text from data as HTML: QGIS shows a tip as a page."""


def map_tip(layer: QgisLayer, style: Style) -> str:
    """Write what a pointer shows of a feature: its name, and its first columns in words."""
    wanted = next((columns for start, columns in TIPS.items() if layer.table.startswith(start)), ())
    attr = style.renderer.get("attr", "")
    shown = [column for column in (*wanted, *([attr] if attr in layer.aliases else [])) if column in layer.aliases]
    if not (style.display or shown):
        return ""
    lines = [f"<b>[% coalesce({SAFE.format(style.display)}, '') %]</b>"] if style.display else []
    for column in dict.fromkeys(shown):
        is_number = pd.api.types.is_float_dtype(layer.frame[column].dtype)
        value = f'format_number("{column}", 0)' if is_number else SAFE.format(f'represent_value("{column}")')
        lines.append(f"{unread(escape(layer.aliases[column]))}: [% coalesce({value}, '–') %]")  # noqa: RUF001 - a dash
    return "<br/>".join(lines)
