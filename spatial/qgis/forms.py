"""How a layer is asked: codes in words, forms in tabs, what goes with what, what a pointer shows; layers to draw in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement

import pandas as pd

from spatial.messages import Words
from spatial.qgis.layer import QgisLayer, QgisMeta, plain_name, service_name
from spatial.qgis.layouts import unread
from spatial.qgis.looks_results import NEAR_MISS_MIN, withheld, written
from spatial.qgis.styles import (
    BASE,
    STATUS,
    Style,
    fill,
    hatch,
    labels,
    line,
    marker,
    option,
    single,
    style_attributes,
    style_elements,
    symbol,
    texts,
)
from spatial.study.edits import EDIT_LAYERS, EditField, EditLayer
from spatial.tables import TABLES

# Codes in words.

CODES = {
    **{name: ("results", name) for name in ("norm_class", "road_class", "level_band", "gap_band", "pillar", "gate")},
    **{name: ("results", name) for name in ("rank_status", "component_status", "speed_status")},
    **{name: ("workbook", name) for name in ("remedy", "plan_status", "fua_part", "side")},
    **{name: ("qgis", name) for name in ("how_sure", "cluster")},
    **dict.fromkeys(("reach_status", "interval_status", "before_status", "after_status"), ("results", "reach")),
    **dict.fromkeys(("off_road_status", "response_status"), ("results", "reach")),
    **dict.fromkeys(("last_mile_class", "last_mile_class_known"), ("qgis", "last_mile")),
    **dict.fromkeys(("official_class", "degurba_class"), ("results", "term")),
    **dict.fromkeys(("fua_method", "cluster_status", "completeness_status", "class_change"), ("qgis", "codes")),
    "found_in": ("qgis", "codes"),
    "unit_level": ("comparison", "page"),
    "meets_target": ("results", "meets"),
    "responsible": ("results", "duty_bearer"),
    "wet_status": ("pages", "class"),
    "main_factor": ("pages", "sure"),
    "population_basis": ("workbook", "basis"),
    "population_source": ("pages", "population_source"),
    "source": ("pages", "group_source"),
    "tier": ("qgis", "tiers"),
    "mode": ("qgis", "modes"),
    "all_season": ("qgis", "season"),
    "snap_status": ("qgis", "snap"),
    "action": ("qgis", "plan_action"),
    "outcome": ("qgis", "plan_outcome"),
    "mandatory_status": ("qgis", "gates"),
    **dict.fromkeys(("status", "status_as_mapped"), ("qgis", "status")),
}
"""Part and section of the messages that say the codes of a column, by how its name ends, the longer endings first."""
OWN_CODES = {
    ("facilities", "status"): ("workbook", "facility_status"),
    ("measures", "status"): ("pages", "measure_status"),
    ("town_system", "measure"): ("workbook", "town_measure"),
    **dict.fromkeys((("water_lines", "kind"), ("water_areas", "kind"), ("water_points", "kind")), ("qgis", "codes")),
    ("plans", "question"): ("pages", "plan", "kind_"),
    ("plans", "reason"): ("pages", "plan", "why_"),
    ("plans", "mode"): ("pages", "mode"),
    ("snaps", "place_kind"): ("results", "notice_part"),
    ("site_profile", "place_kind"): ("results", "profile_kind"),
    **dict.fromkeys((("townships", "basis"), ("unit_types", "basis")), ("workbook", "type_basis")),
}
"""The same where a table means something else; with how the keys of its messages begin, where others stand there."""


def value_maps(layer: QgisLayer, style: Style | None, words: Words, meta: QgisMeta) -> dict[str, dict[str, str]]:
    """Say the codes of columns: words by code, by column."""
    found: dict[str, dict[str, str]] = {}
    renderer = style.renderer if style else Element("none")
    for column in layer.aliases:
        if not pd.api.types.is_string_dtype(layer.frame[column].dtype):
            continue
        if column == "service" and layer.table != "roads":
            services = sorted(layer.frame[column].dropna().unique())
            found[column] = {service: service_name(service, words, meta) for service in services}
            continue
        if column == "unit" and layer.table.startswith("gap"):
            found[column] = {unit: words.term(words.unit(unit)) for unit in sorted(layer.frame[column].unique())}
            continue
        ending = next((end for end in CODES if column == end or column.endswith(f"_{end}")), None)
        source = OWN_CODES.get((layer.table, column)) or (CODES[ending] if ending else None)
        if source is not None:
            codes = set(layer.frame[column])
            said, begin = words.of(source[0]).messages[source[1]], "".join(source[2:])
            told = {key.removeprefix(begin): text for key, text in said.items() if key.startswith(begin)}
            found[column] = {code: text for code, text in told.items() if code in codes and "{" not in text}
    # A class of several values, such as those of roads, names no code.
    classes = {one.get("value", ""): one.get("label", "") for one in renderer.iter("category")}
    named = {value: label for value, label in classes.items() if value}
    if named and renderer.get("attr") in layer.aliases:
        found[renderer.get("attr", "")] = found.get(renderer.get("attr", ""), {}) | named
    return {column: said for column, said in found.items() if said}


def field_configuration(maps: Mapping[str, Mapping[str, str]]) -> Element:
    """Write value maps as QGIS keeps them."""
    root = Element("fieldConfiguration")
    for column, said in maps.items():
        field = SubElement(root, "field", {"name": column, "configurationFlags": "NoFlag"})
        field.append(edit_widget("ValueMap", {"map": [{label: code} for code, label in said.items()]}))
    return root


def edit_widget(kind: str, options: Mapping[str, Any]) -> Element:
    """Write the widget of a field."""
    widget = Element("editWidget", {"type": kind})
    SubElement(widget, "config").append(option("", options))
    return widget


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
    layout = Element("editorlayout")
    layout.text = "tablayout"
    yield layout
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
GAP_VALUES = ("value", "threshold")
"""What was measured of a place beyond a norm, and the norm: whole numbers of both where these tell them apart."""
NEAR = f'"threshold" + if("unit" = \'min\', {NEAR_MISS_MIN:g}, 0)'
LIMITS = ('"threshold"', NEAR, f'max(2 * "threshold", {NEAR})')
"""Where classes of such places begin: a value that is rounded to one of them would seem to be of another class."""


def _rounds_to_limit(decimals: int) -> str:
    limits = ", ".join(f"round({limit}, {decimals})" for limit in LIMITS)
    return f'round("value", {decimals}) IN ({limits})'


DECIMALS = f"""CASE WHEN "value" IS NULL AND "threshold" = round("threshold", 0) THEN 0
WHEN "value" = round("value", 0) AND "threshold" = round("threshold", 0) THEN 0
WHEN "unit" IN ('min', 'm') AND "threshold" = round("threshold", 0) AND NOT {_rounds_to_limit(0)} THEN 0
WHEN {_rounds_to_limit(2)} THEN 4 ELSE 2 END""".replace("\n", " ")
SAFE = "replace(to_string({}), map('&', '&amp;', '<', '&lt;', '>', '&gt;'))"
"""Text from data as HTML: QGIS shows a tip as a page."""


def map_tip(layer: QgisLayer, style: Style, words: Words) -> str:
    """Write what a pointer shows of a feature: its name, and its first columns in words."""
    said = "'" + words.of("workbook").say("flag", "withheld").replace("'", "''") + "'"
    wanted = next((columns for start, columns in TIPS.items() if layer.table.startswith(start)), ())
    attr = style.renderer.get("attr", "")
    shown = [column for column in (*wanted, *([attr] if attr in layer.aliases else [])) if column in layer.aliases]
    if not (style.display or shown):
        return ""
    lines = [f"<b>[% coalesce({SAFE.format(style.display)}, '') %]</b>"] if style.display else []
    for column in dict.fromkeys(shown):
        is_number = pd.api.types.is_float_dtype(layer.frame[column].dtype)
        decimals = "0"
        if column in GAP_VALUES and set(GAP_VALUES) <= set(layer.aliases):
            decimals = DECIMALS
        elif column == attr:
            decimals = f'CASE WHEN "{column}" = round("{column}", 0) THEN 0 ELSE 2 END'
        value = written(column, decimals, words) if is_number else SAFE.format(f'represent_value("{column}")')
        if hidden := withheld(layer.frame, column):
            value = f"CASE WHEN {hidden} THEN {said} ELSE {value} END"
        told = f"[% coalesce({value}, '–') %]"  # noqa: RUF001 - a dash
        lines.append(words.told_of(unread(escape(layer.aliases[column])), told))
    return "<br/>".join(lines)


# The layers that users draw in: words for codes, needed columns, defaults and photos, as QField takes them.

DRAWN = "#b3128a"
"""The colour of what users draw, which no result has."""
KINDS = {"Point": "Point", "LineString": "Line", "Polygon": "Polygon"}
HARD = "1"
"""QgsFieldConstraints::ConstraintStrengthHard."""
NOT_NULL, EXPRESSION = 1, 4
"""QgsFieldConstraints::Constraint."""


def edit_layers(words: Words, meta: QgisMeta) -> list[Element]:
    """Write the layers of the user's file as the project shows them."""
    return [_layer(layer, words, meta) for layer in EDIT_LAYERS]


def _layer(layer: EditLayer, words: Words, meta: QgisMeta) -> Element:
    look = {
        "Point": symbol("marker", marker(BASE["blank"], size=3.6, shape="diamond", outline=DRAWN, width=0.9)),
        "LineString": symbol("line", line(BASE["blank"], width=1.6), line(DRAWN, width=0.9)),
        "Polygon": symbol("fill", fill("", outline=DRAWN, width=0.6), hatch(DRAWN, distance=2.5)),
    }[layer.geometry]
    if layer.name == "closures":
        look = symbol("marker", marker(STATUS["not_met"], size=3.4, shape="cross2", outline=DRAWN, width=0.9))
    named = next((field.name for field in layer.fields if field.name in ("name", "subject", "reason")), "")
    style = Style(
        single(look),
        labelling=labels(f'"{named}"', size=8.0, colour=DRAWN) if named else None,
        display=f'coalesce("{named}", "edit_id")' if named else '"edit_id"',
    )
    attributes = {"type": "vector", "geometry": KINDS[layer.geometry], "readOnly": "0", **style_attributes(style)}
    element = Element("maplayer", attributes)
    texts(element, id=f"spatial_edits_{layer.name}", datasource=f"{meta.edits}|layername={layer.name}")
    texts(element, layername=words.say("edits", layer.name), abstract=words.say("edits", f"{layer.name}_text"))
    SubElement(element, "provider", {"encoding": "UTF-8"}).text = "ogr"
    element.extend(style_elements(style, {field.name: words.say("edit_field", field.name) for field in layer.columns}))
    configuration, limits = SubElement(element, "fieldConfiguration"), SubElement(element, "constraints")
    expressions, defaults = SubElement(element, "constraintExpressions"), SubElement(element, "defaults")
    for field in layer.columns:
        holder = SubElement(configuration, "field", {"name": field.name, "configurationFlags": "NoFlag"})
        holder.append(_widget(field, words, meta))
        limit = NOT_NULL * field.is_needed + EXPRESSION * bool(field.must)
        told = {"field": field.name, "constraints": str(limit), "unique_strength": "0"}
        told |= {"notnull_strength": HARD if field.is_needed else "0", "exp_strength": HARD if field.must else "0"}
        SubElement(limits, "constraint", told)
        said = words.say("edit_field", "must") if field.must else ""
        SubElement(expressions, "constraint", {"field": field.name, "exp": field.must, "desc": said})
        SubElement(defaults, "default", {"field": field.name, "expression": field.default, "applyOnUpdate": "0"})
    return element


def _widget(field: EditField, words: Words, meta: QgisMeta) -> Element:
    """Choose how a column is filled in."""
    if field.kind == "photo":
        # 1: paths are relative to the project, which QField and a moved folder need.
        viewer = {"DocumentViewer": 1, "DocumentViewerHeight": 240, "DocumentViewerWidth": 0}
        storage = {"RelativeStorage": 1, "StorageMode": 0, "FileWidget": True, "FileWidgetButton": True}
        return edit_widget("ExternalResource", viewer | storage)
    if field.kind == "date":
        form = {"display_format": "yyyy-MM-dd", "field_format": "yyyy-MM-dd", "field_iso_format": False}
        return edit_widget("DateTime", {"allow_null": True, "calendar_popup": True, **form})
    if field.kind == "flag":
        return edit_widget("CheckBox", {"CheckedState": "", "UncheckedState": "", "TextDisplayMethod": 0})
    if field.words == "services":
        names = {service: service_name(service, words, meta) for service in meta.own_services}
    elif field.words == "road_class":
        names = dict(words.of("results").messages["road_class"])
    else:
        names = {code: words.say("edit_words", code) for code in field.words}
    if names:
        return edit_widget("ValueMap", {"map": [{name: code} for code, name in names.items()]})
    return edit_widget("TextEdit", {"IsMultiline": field.name == "note", "UseHtml": False})
