"""The look of every layer, as compact QML of our own: colours, markers, lines, fills, labels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pandas as pd

from spatial.messages import Words
from spatial.plain_text import shipped_toml, xml_text
from spatial.tables.words import names_for

# Colours of every layer, as `colours.toml` has them.

COLOURS = shipped_toml("qgis/colours.toml")
INK, ACCENT = str(COLOURS["ink"]), str(COLOURS["accent"])
QUALITATIVE, REACH, TINTS = (tuple[str, ...](COLOURS[name]) for name in ("qualitative", "reach", "tints"))
BASE, ROADS, GAP, SHARES = (dict[str, str](COLOURS[name]) for name in ("base", "roads", "gap", "shares"))
LAST_MILE, STATUS, SEASON = (dict[str, str](COLOURS[name]) for name in ("last_mile", "status", "season"))
CERTAINTY, WET, CHANGE = (dict[str, str](COLOURS[name]) for name in ("certainty", "wet", "change"))
PLAN, CLUSTERS = (dict[str, str](COLOURS[name]) for name in ("plan", "clusters"))
DEGURBA = {int(code): str(colour) for code, colour in COLOURS["degurba"].items()}

MOST_PEOPLE = 10_000
"""A circle grows up to so many people."""
PEOPLE_IN_LEGEND = (100, 1_000, MOST_PEOPLE)


def ramp(colours: tuple[str, ...], number: int) -> list[str]:
    """Take colours evenly from a sequence, its ends first of all."""
    if number == 1:
        return [colours[len(colours) // 2]]
    parts = [[int(colour[start : start + 2], 16) for colour in colours] for start in (1, 3, 5)]
    mixed = []
    for step in range(number):
        low, share = divmod(step * (len(colours) - 1), number - 1)
        high = min(low + 1, len(colours) - 1)
        values = [round(part[low] + (part[high] - part[low]) * share / (number - 1)) for part in parts]
        mixed.append("#" + "".join(f"{value:02x}" for value in values))
    return mixed


# Small pieces of QML: markers, lines, fills and labels as XML elements.

BY_EXPRESSION = 3
"""QgsProperty::ExpressionBasedProperty."""

LEAST_SQUARE_MM = 0.5

HORIZONTAL, AROUND_IN_ORDER = "4", "6"
"""Qgis::LabelPlacement."""

FONT = "Open Sans"
"""Shipped with QGIS on every system."""

CHINESE_FONTS = ("Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei")


def font_families() -> Element:
    """Name the fonts to take where the first is not there, or lacks Chinese."""
    families = Element("families")
    for family in CHINESE_FONTS:
        SubElement(families, "family", {"name": family})
    return families


def rgba(colour: str, alpha: float = 1.0) -> str:
    """Write a colour as QGIS does: red, green, blue and alpha from 0 to 255."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"{red},{green},{blue},{round(alpha * 255)}"


def constants(text: str) -> dict[str, str]:
    """Read what QGIS wants to stand there whatever a layer is: name=value, by blanks; a blank value is given later."""
    return dict(pair.split("=", 1) for pair in text.split())


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


def _layer(kind: str, options: dict[str, str]) -> Element:
    element = Element("layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    element.append(option("", options))
    return element


def symbol(kind: str, *layers: Element, name: str = "0", alpha: float = 1.0) -> Element:
    """Build a symbol from its layers, the lowest first."""
    attributes = {"type": kind, "name": name, "alpha": f"{alpha:g}", "clip_to_extent": "1", "force_rhr": "0"}
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
    outline: str = "#ffffff",
    width: float = 0.2,
    size_expression: str = "",
) -> Element:
    """Build a point's look; `shape` is a name of QGIS's, or an expression that gives one."""
    is_chosen = shape.startswith("CASE ")
    told = {
        "name": "circle" if is_chosen else shape,
        "angle": "45" if shape == "line" else "0",
        "color": rgba(colour or "#ffffff", bool(colour)),
    }
    told |= {"outline_color": rgba(outline), "outline_style": "solid" if width else "no"}
    told |= constants(f"outline_width={width:g} outline_width_unit=MM size={size:g} size_unit=MM")
    element = _layer("SimpleMarker", told)
    defined = ({"size": size_expression} if size_expression else {}) | ({"name": shape} if is_chosen else {})
    if defined:
        element.append(data_defined(defined))
    return element


def ground_square(colour: str, side_m: float) -> Element:
    """Build a square that covers its piece of ground at every scale."""
    scale = f"size_map_unit_scale=3x:0,0,1,{LEAST_SQUARE_MM:g},0,0"
    size = f"size={side_m:g} size_unit=RenderMetersInMapUnits {scale}" if side_m > 0 else "size=1 size_unit=MM"
    return _layer("SimpleMarker", constants(f"name=square color={rgba(colour)} outline_style=no {size}"))


def number(expression: str, *, size: float, colour: str) -> Element:
    """Write what an expression gives onto a point, upright and in its middle."""
    told = constants(f"font_style=Bold chr=1 color={rgba(colour)} size={size:g} size_unit=MM outline_width=0")
    told |= constants("horizontal_anchor_point=1 vertical_anchor_point=1")
    element = _layer("FontMarker", {"font": FONT} | told)
    element.append(data_defined({"char": expression}))
    return element


def middle_of_line(marker: Element) -> Element:
    """Put a point's look onto the middle of a line."""
    element = _layer("MarkerLine", constants("placements=CentralPoint placement=centralpoint rotate=0"))
    element.append(marker)
    return element


def data_defined(expressions: Mapping[str, str], tag: str = "data_defined_properties") -> Element:
    """Let expressions give what a symbol, or an item of a layout, has otherwise the same for all."""
    defined = {
        name: {"active": True, "expression": expression, "type": BY_EXPRESSION}
        for name, expression in expressions.items()
    }
    element = Element(tag)
    element.append(option("", {"name": "", "properties": defined, "type": "collection"}))
    return element


def line(colour: str, *, width: float, dash: str = "", alpha: float = 1.0, drawn_if: str = "") -> Element:
    """Build a line's look, drawn where an expression holds."""
    told = constants(f"line_color={rgba(colour, alpha)} line_width={width:g} line_width_unit=MM line_style=solid")
    told |= constants(f"capstyle={'flat' if dash else 'round'} joinstyle=round use_custom_dash={1 if dash else 0}")
    element = _layer("SimpleLine", told | constants(f"customdash={dash or '2;1'} customdash_unit=MM"))
    if drawn_if:
        element.append(data_defined({"enabled": drawn_if}))
    return element


def fill(
    colour: str, *, outline: str = "", width: float = 0.2, alpha: float = 1.0, colour_expression: str = ""
) -> Element:
    """Build an area's look."""
    told = constants(f"color={rgba(colour or '#ffffff', alpha)} style={'solid' if colour else 'no'}")
    told |= constants(f"outline_color={rgba(outline or '#ffffff')} outline_style={'solid' if outline else 'no'}")
    element = _layer("SimpleFill", told | constants(f"outline_width={width:g} outline_width_unit=MM joinstyle=round"))
    if colour_expression:
        element.append(data_defined({"fillColor": colour_expression}))
    return element


def hatch(colour: str, *, distance: float = 2.0, width: float = 0.25, angle: float = 45.0) -> Element:
    """Build parallel lines that fill an area."""
    element = _layer("LinePatternFill", constants(f"angle={angle:g} distance={distance:g} distance_unit=MM"))
    element.append(symbol("line", line(colour, width=width)))
    return element


def points(colour: str, *, distance: float = 2.0, size: float = 0.6) -> Element:
    """Build dots that fill an area."""
    told = constants(f"distance_x={distance:g} distance_y={distance:g} displacement_x={distance / 2:g}")
    told |= constants("distance_x_unit=MM distance_y_unit=MM displacement_x_unit=MM")
    element = _layer("PointPatternFill", told)
    element.append(symbol("marker", marker(colour, size=size, outline=colour, width=0.0)))
    return element


def labels(
    expression: str, *, size: float = 8.5, colour: str = "#33373a", on_areas: bool = False, kept_off: float = 1.0
) -> Element:
    """Build labels around points, or on areas; `kept_off` is how much other labels shun these points, 0 to 2."""
    element = Element("labeling", {"type": "simple"})
    settings = SubElement(element, "settings", {"calloutType": "simple"})
    text = {"fieldName": expression, "isExpression": "1", "fontFamily": FONT}
    text |= constants(f"fontSize={size:g} fontSizeUnit=Point fontWeight=50 namedStyle=Regular")
    text |= constants(f"textColor={rgba(colour)} textOpacity=1 multilineHeight=1")
    style = SubElement(settings, "text-style", text)
    style.append(font_families())
    buffer = f"bufferDraw=1 bufferSize=0.7 bufferSizeUnits=MM bufferColor={rgba(BASE['blank'], 0.85)}"
    SubElement(style, "text-buffer", constants(f"{buffer} bufferOpacity=1 bufferNoFill=1"))
    placement = f"placement={HORIZONTAL if on_areas else AROUND_IN_ORDER} dist=1.4 distUnits=MM offsetType=1"
    SubElement(settings, "placement", constants(f"{placement} predefinedPositionOrder=TR,TL,BR,BL,R,L,TSR,BSR"))
    # Areas would keep the labels of other layers away from all of their ground.
    obstacle = f"obstacle={not on_areas and kept_off > 0:d} obstacleFactor={kept_off:g}"
    SubElement(settings, "rendering", constants(f"{obstacle} displayAll=0 mergeLines=0"))
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


# The look of every layer, as compact QML of our own.

QGIS_VERSION = "3.34.0"
"""The oldest version whose QML this is; later ones read it too."""


@dataclass(frozen=True)
class Style:
    """How a layer looks."""

    renderer: Element  # its ``renderer-v2``
    labelling: Element | None = None  # its labels
    opacity: float = 1.0  # of the whole layer, 0 to 1
    display: str = ""  # expression that names a feature in lists


@dataclass(frozen=True)
class Category:
    """One class of a layer."""

    values: tuple[str, ...]  # values of the column that belong to it; empty for all others
    label: str  # in the legend
    symbol: Element  # its look
    kind: str = "string"  # what the column holds


@dataclass(frozen=True)
class Grown:
    """A size whose area grows with a number of people, and its circles in a legend."""

    column: str
    smallest: float  # mm, of nobody
    largest: float  # mm, of MOST_PEOPLE and more

    @property
    def expression(self) -> str:
        """Size of a feature in mm."""
        grown = f'sqrt(min(coalesce("{self.column}", 0), {MOST_PEOPLE:g}) / {MOST_PEOPLE:g})'
        return f"{self.smallest:g} + {self.largest - self.smallest:g} * {grown}"

    def legend(self, words: Words, expression: str = "") -> tuple[Element, Element]:
        """Draw a circle for each of some numbers of people; `expression` is the size of all classes."""
        title = words.say("size", "people")
        holder = Element("data-defined-size-legend", {"type": "separated", "valign": "bottom", "title": title})
        grown = expression or self.expression
        circle = marker(BASE["blank"], size=2.0, outline=BASE["town"], size_expression=grown)
        # QGIS takes from the source symbol how circles look, and that they grow.
        source = Element("source-symbol")
        source.append(symbol("marker", circle))
        sizes = SubElement(holder, "classes")
        for people in PEOPLE_IN_LEGEND:
            size = self.smallest + (self.largest - self.smallest) * math.sqrt(people / MOST_PEOPLE)
            label = words.number(people)
            if people == MOST_PEOPLE:
                label = words.say("size", "most", people=label)
            SubElement(sizes, "class", {"size": f"{size:.3f}", "label": label})
        return source, holder


def categorised(
    column: str, categories: Sequence[Category], *, order: str = "", sizes: Sequence[Element] = ()
) -> Element:
    """Build a renderer with one look a class, and circles of people in its legend."""
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
    element.extend(sizes)
    if order:
        clause = SubElement(SubElement(element, "orderby"), "orderByClause", {"asc": "0", "nullsFirst": "0"})
        clause.text = order
    return element


def classes(  # noqa: PLR0913 - how classes are chosen, drawn, labelled and ordered
    chosen: str,
    categories: Sequence[Category],
    frame: pd.DataFrame,
    words: Words,
    *,
    label: str = "",
    size: float = 9.0,
    order: str = "",
    circles: Sequence[Element] = (),
) -> Style:
    """Show features by class, each with its name in lists; areas perhaps with a label."""
    renderer = categorised(chosen, categories, order=order, sizes=circles)
    named = labels(label, size=size, on_areas=True) if label else None
    return Style(renderer, labelling=named, display=name_expression(frame, words.language))


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
    told = f"type={kind} enableorderby={1 if order else 0} forceraster=0 symbollevels=0 referencescale=-1"
    return Element("renderer-v2", constants(told))


def name_expression(frame: pd.DataFrame, language: str) -> str:
    """Write the expression that names a feature in a language; empty without any name."""
    told = ", ".join(f'"{column}"' for column in names_for(language) if column in frame)
    return told and f"coalesce({told})"


def texts(parent: Element, **told: str) -> None:
    """Put elements that hold a text each into another."""
    for tag, text in told.items():
        SubElement(parent, tag).text = text


def _labelling(style: Style) -> Element | None:
    """Take the labels of a layer; circles of people that have none keep the names of places off themselves."""
    if style.labelling is not None or style.renderer.find("data-defined-size-legend") is None:
        return style.labelling
    element = labels("''", kept_off=2.0)
    rendering = element.find("settings/rendering")
    assert rendering is not None
    rendering.set("drawLabels", "0")
    return element


def style_attributes(style: Style, smallest_scale: int = 0) -> dict[str, str]:
    """Give the attributes that a QML file and a project's layer share; hidden when zoomed out beyond a scale."""
    scaled, named = smallest_scale > 0, _labelling(style) is not None
    shown = f"labelsEnabled={named:d} hasScaleBasedVisibilityFlag={scaled:d} minScale={smallest_scale or 100000000}"
    simplified = "simplifyDrawingHints=1 simplifyDrawingTol=1 simplifyAlgorithm=0 simplifyLocal=1 simplifyMaxScale=1"
    return constants(f"{shown} maxScale=0 {simplified}")


def style_elements(style: Style, aliases: Mapping[str, str]) -> list[Element]:
    """Give the elements that a QML file and a project's layer share."""
    labelling = _labelling(style)
    elements = [style.renderer, *([labelling] if labelling is not None else [])]
    opacity = Element("layerOpacity")
    opacity.text = f"{style.opacity:g}"
    preview = Element("previewExpression")
    preview.text = style.display
    return [*elements, opacity, aliases_element(aliases), *([preview] if style.display else [])]


def aliases_element(aliases: Mapping[str, str]) -> Element:
    """Name columns for people."""
    holder = Element("aliases")
    for position, (column, alias) in enumerate(aliases.items(), start=1):
        SubElement(holder, "alias", {"field": column, "index": str(position), "name": alias})
    return holder


def qml(style: Style, aliases: Mapping[str, str], *, geometry: str) -> str:
    """Write a layer's look as QML."""
    root = Element(
        "qgis",
        {"version": QGIS_VERSION, "styleCategories": "Symbology|Labeling|Fields|Rendering", **style_attributes(style)},
    )
    root.extend(style_elements(style, aliases))
    kind = Element("layerGeometryType")
    kind.text = {"Point": "0", "LineString": "1", "Polygon": "2"}[geometry]
    root.append(kind)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + xml_text(root)
