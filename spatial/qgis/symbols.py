"""Small pieces of QML: markers, lines, fills and labels as XML elements."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["fill", "ground_square", "hatch", "labels", "line", "marker", "points", "rgba", "symbol"]

BY_EXPRESSION = 3
"""QgsProperty::ExpressionBasedProperty."""

LEAST_SQUARE_MM = 0.5

HORIZONTAL, AROUND_IN_ORDER = "4", "6"
"""Qgis::LabelPlacement."""

FONT = "Open Sans"
"""Shipped with QGIS on every system."""

CHINESE_FONTS = ("Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei")


def rgba(colour: str, alpha: float = 1.0) -> str:
    """
    Write a colour as QGIS does.

    Examples
    --------
    >>> rgba("#ff8000", 0.5)
    '255,128,0,128'
    """
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"{red},{green},{blue},{round(alpha * 255)}"


def _layer(kind: str, options: Mapping[str, str]) -> Element:
    element = Element("layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    holder = SubElement(element, "Option", {"type": "Map"})
    for name, value in options.items():
        SubElement(holder, "Option", {"type": "QString", "name": name, "value": value})
    return element


def symbol(kind: str, *layers: Element, name: str = "0", alpha: float = 1.0) -> Element:
    """Build a symbol from its layers, the lowest first."""
    attributes = {
        "type": kind,
        "name": name,
        "alpha": f"{alpha:g}",
        "clip_to_extent": "1",
        "force_rhr": "0",
    }
    element = Element("symbol", attributes)
    for position, layer in enumerate(layers):
        for inner in layer.iter("symbol"):
            inner.set("name", f"@{name}@{position}")
        element.append(layer)
    return element


def marker(
    colour: str,
    *,
    size: float,
    shape: str = "circle",
    outline: tuple[str, float] = ("#ffffff", 0.2),
    angle: float = 0.0,
    size_expression: str = "",
) -> Element:
    """Build a point's look."""
    element = _layer(
        "SimpleMarker",
        {
            "name": shape,
            "angle": f"{angle:g}",
            "color": rgba(colour) if colour else "255,255,255,0",
            "outline_color": rgba(outline[0]),
            "outline_style": "solid" if outline[1] else "no",
            "outline_width": f"{outline[1]:g}",
            "outline_width_unit": "MM",
            "size": f"{size:g}",
            "size_unit": "MM",
        },
    )
    if size_expression:
        element.append(_data_defined({"size": size_expression}))
    return element


def ground_square(colour: str, side_m: float) -> Element:
    """Build a square that covers its piece of ground at every scale."""
    on_ground = {
        "size": f"{side_m:g}",
        "size_unit": "RenderMetersInMapUnits",
        "size_map_unit_scale": f"3x:0,0,1,{LEAST_SQUARE_MM:g},0,0",
    }
    on_screen = {"size": "1", "size_unit": "MM"}
    return _layer(
        "SimpleMarker",
        {
            "name": "square",
            "color": rgba(colour),
            "outline_style": "no",
            **(on_ground if side_m > 0 else on_screen),
        },
    )


def _data_defined(expressions: Mapping[str, str]) -> Element:
    element = Element("data_defined_properties")
    holder = SubElement(element, "Option", {"type": "Map"})
    SubElement(holder, "Option", {"type": "QString", "name": "name", "value": ""})
    properties = SubElement(holder, "Option", {"type": "Map", "name": "properties"})
    for name, expression in expressions.items():
        one = SubElement(properties, "Option", {"type": "Map", "name": name})
        SubElement(one, "Option", {"type": "bool", "name": "active", "value": "true"})
        SubElement(one, "Option", {"type": "QString", "name": "expression", "value": expression})
        SubElement(one, "Option", {"type": "int", "name": "type", "value": str(BY_EXPRESSION)})
    SubElement(holder, "Option", {"type": "QString", "name": "type", "value": "collection"})
    return element


def line(colour: str, *, width: float, dash: str = "", alpha: float = 1.0) -> Element:
    """Build a line's look."""
    return _layer(
        "SimpleLine",
        {
            "line_color": rgba(colour, alpha),
            "line_width": f"{width:g}",
            "line_width_unit": "MM",
            "line_style": "solid",
            "capstyle": "flat" if dash else "round",
            "joinstyle": "round",
            "use_custom_dash": "1" if dash else "0",
            "customdash": dash or "2;1",
            "customdash_unit": "MM",
        },
    )


def fill(
    colour: str, *, outline: str = "", width: float = 0.2, alpha: float = 1.0, colour_expression: str = ""
) -> Element:
    """Build an area's look."""
    element = _layer(
        "SimpleFill",
        {
            "color": rgba(colour or "#ffffff", alpha),
            "style": "solid" if colour else "no",
            "outline_color": rgba(outline or "#ffffff"),
            "outline_style": "solid" if outline else "no",
            "outline_width": f"{width:g}",
            "outline_width_unit": "MM",
            "joinstyle": "round",
        },
    )
    if colour_expression:
        element.append(_data_defined({"fillColor": colour_expression}))
    return element


def hatch(colour: str, *, distance: float = 2.0, width: float = 0.25, angle: float = 45.0) -> Element:
    """Build parallel lines that fill an area."""
    element = _layer(
        "LinePatternFill", {"angle": f"{angle:g}", "distance": f"{distance:g}", "distance_unit": "MM"}
    )
    element.append(symbol("line", line(colour, width=width)))
    return element


def points(colour: str, *, distance: float = 2.0, size: float = 0.6) -> Element:
    """Build dots that fill an area."""
    element = _layer(
        "PointPatternFill",
        {
            "distance_x": f"{distance:g}",
            "distance_y": f"{distance:g}",
            "displacement_x": f"{distance / 2:g}",
            "distance_x_unit": "MM",
            "distance_y_unit": "MM",
            "displacement_x_unit": "MM",
        },
    )
    element.append(symbol("marker", marker(colour, size=size, outline=(colour, 0.0))))
    return element


def labels(
    expression: str,
    *,
    size: float = 8.5,
    colour: str = "#33373a",
    halo: str = "#ffffff",
    on_areas: bool = False,
) -> Element:
    """Build labels around points, or on areas."""
    element = Element("labeling", {"type": "simple"})
    settings = SubElement(element, "settings", {"calloutType": "simple"})
    text = {
        "fieldName": expression,
        "isExpression": "1",
        "fontFamily": FONT,
        "fontSize": f"{size:g}",
        "fontSizeUnit": "Point",
        "fontWeight": "50",
        "namedStyle": "Regular",
        "textColor": rgba(colour),
        "textOpacity": "1",
        "multilineHeight": "1",
    }
    style = SubElement(settings, "text-style", text)
    families = SubElement(style, "families")
    for family in CHINESE_FONTS:
        SubElement(families, "family", {"name": family})
    buffer = {
        "bufferDraw": "1",
        "bufferSize": "0.7",
        "bufferSizeUnits": "MM",
        "bufferColor": rgba(halo, 0.85),
    }
    SubElement(style, "text-buffer", {**buffer, "bufferOpacity": "1", "bufferNoFill": "1"})
    placement = {
        "placement": HORIZONTAL if on_areas else AROUND_IN_ORDER,
        "dist": "1.4",
        "distUnits": "MM",
        "offsetType": "1",
    }
    SubElement(settings, "placement", {**placement, "predefinedPositionOrder": "TR,TL,BR,BL,R,L,TSR,BSR"})
    # Areas would keep the labels of other layers away from all of their ground.
    rendering = {"obstacle": "0" if on_areas else "1", "obstacleFactor": "1"}
    SubElement(settings, "rendering", {**rendering, "displayAll": "0", "mergeLines": "0"})
    return element


def indexed(symbols: Iterable[Element]) -> Element:
    """Gather symbols and name them by position."""
    holder = Element("symbols")
    for position, item in enumerate(symbols):
        item.set("name", str(position))
        for place, layer in enumerate(item.findall("layer")):
            for inner in layer.findall("symbol"):
                inner.set("name", f"@{position}@{place}")
        holder.append(item)
    return holder
