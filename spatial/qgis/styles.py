"""The look of every layer, as compact QML of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from spatial.qgis.symbols import indexed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = [
    "Category",
    "Style",
    "categorised",
    "faded_outside",
    "name_expression",
    "qml",
    "single",
    "style_elements",
]

QGIS_VERSION = "3.34.0"
"""The oldest version whose QML this is; later ones read it too."""


@dataclass(frozen=True)
class Style:
    """How a layer looks."""

    renderer: Element  # its ``renderer-v2``
    labelling: Element | None = None  # its labels
    opacity: float = 1.0  # of the whole layer, 0 to 1
    smallest_scale: int = 0  # the layer is hidden when the map is zoomed out beyond 1 to this; 0 for never
    display: str = ""  # expression that names a feature in lists


@dataclass(frozen=True)
class Category:
    """One class of a layer."""

    values: tuple[str, ...]  # values of the column that belong to it; empty for all others
    label: str  # in the legend
    symbol: Element  # its look
    kind: str = "string"  # what the column holds


def categorised(column: str, categories: Sequence[Category], *, order: str = "") -> Element:
    """Build a renderer with one look a class."""
    element = _renderer("categorizedSymbol", order)
    element.set("attr", column)
    holder = SubElement(element, "categories")
    for position, item in enumerate(categories):
        attributes = {"symbol": str(position), "label": item.label, "render": "true"}
        if len(item.values) > 1:
            # QGIS reads the list only where there is no attribute "value".
            category = SubElement(holder, "category", {**attributes, "type": "List"})
            for value in item.values:
                SubElement(category, "val", {"type": "string", "value": value})
        else:
            SubElement(holder, "category", {**attributes, "type": item.kind, "value": "".join(item.values)})
    element.append(indexed(item.symbol for item in categories))
    _order(element, order)
    return element


def single(symbol: Element) -> Element:
    """Build a renderer with one look for all."""
    element = _renderer("singleSymbol", "")
    element.append(indexed([symbol]))
    return element


def faded_outside(symbol: Element) -> Element:
    """Build a renderer that paints all ground outside the layer's areas."""
    element = Element("renderer-v2", {"type": "invertedPolygonRenderer", "preprocessing": "1"})
    element.append(single(symbol))
    return element


def _renderer(kind: str, order: str) -> Element:
    attributes = {
        "type": kind,
        "enableorderby": "1" if order else "0",
        "forceraster": "0",
        "symbollevels": "0",
        "referencescale": "-1",
    }
    return Element("renderer-v2", attributes)


def _order(renderer: Element, expression: str) -> None:
    if expression:
        clause = SubElement(SubElement(renderer, "orderby"), "orderByClause", {"asc": "0", "nullsFirst": "0"})
        clause.text = expression


def name_expression(frame: pd.DataFrame, language: str) -> str:
    """
    Name a feature in a language.

    Returns an expression; empty without any name.
    """
    wanted = [column for column in (f"name_{language}", "name", "name_en") if column in frame.columns]
    if not wanted:
        return ""
    return "coalesce(" + ", ".join(f'"{column}"' for column in dict.fromkeys(wanted)) + ")"


def style_attributes(style: Style) -> dict[str, str]:
    """Give the attributes that a QML file and a project's layer share."""
    scaled = style.smallest_scale > 0
    return {
        "labelsEnabled": "1" if style.labelling is not None else "0",
        "hasScaleBasedVisibilityFlag": "1" if scaled else "0",
        "minScale": str(style.smallest_scale) if scaled else "100000000",
        "maxScale": "0",
        "simplifyDrawingHints": "1",
        "simplifyDrawingTol": "1",
        "simplifyAlgorithm": "0",
        "simplifyLocal": "1",
        "simplifyMaxScale": "1",
    }


def style_elements(style: Style, aliases: Mapping[str, str]) -> list[Element]:
    """Give the elements that a QML file and a project's layer share."""
    elements = [style.renderer]
    if style.labelling is not None:
        elements.append(style.labelling)
    opacity = Element("layerOpacity")
    opacity.text = f"{style.opacity:g}"
    holder = Element("aliases")
    for position, (column, alias) in enumerate(aliases.items()):
        SubElement(holder, "alias", {"field": column, "index": str(position + 1), "name": alias})
    preview = Element("previewExpression")
    preview.text = style.display
    return [*elements, opacity, holder, *([preview] if style.display else [])]


def qml(style: Style, aliases: Mapping[str, str], *, geometry: str) -> str:
    """Write a layer's look as QML."""
    root = Element(
        "qgis",
        {
            "version": QGIS_VERSION,
            "styleCategories": "Symbology|Labeling|Fields|Rendering",
            **style_attributes(style),
        },
    )
    root.extend(style_elements(style, aliases))
    kind = Element("layerGeometryType")
    kind.text = {"Point": "0", "LineString": "1", "Polygon": "2"}[geometry]
    root.append(kind)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(root, encoding="unicode")
