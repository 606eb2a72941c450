"""The layers that users draw in: words for codes, needed columns, defaults and photos, as QField takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from spatial.qgis.forms import edit_widget
from spatial.qgis.meta import service_name
from spatial.qgis.styles import (
    BASE,
    STATUS,
    Style,
    fill,
    hatch,
    labels,
    line,
    marker,
    single,
    style_attributes,
    style_elements,
    symbol,
)
from spatial.study.edits import EDIT_LAYERS

if TYPE_CHECKING:
    from spatial.messages import Words
    from spatial.qgis.meta import QgisMeta
    from spatial.study.edits import EditField, EditLayer

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
    texts = {
        "id": f"spatial_edits_{layer.name}",
        "datasource": f"{meta.edits}|layername={layer.name}",
        "layername": words.say("edits", layer.name),
        "abstract": words.say("edits", f"{layer.name}_text"),
    }
    for tag, text in texts.items():
        SubElement(element, tag).text = text
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
