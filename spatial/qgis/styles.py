"""The look of every layer, as compact QML of our own: colours, markers, lines, fills, labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from spatial.plain_text import xml_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from spatial.messages import Words


# Colours shared by every layer and by the pages: a quiet base, so that colour means the result.

INK = "#1d2327"
ACCENT = "#0b5cad"

BASE = {
    "land": "#f5f5f2",
    "water": "#dbe6ec",
    "shore": "#b4cbd7",
    "boundary": "#4f555a",
    "outside": "#e9e9e4",
    "place": "#8d8d88",
    "town": "#5c6063",
    "blank": "#ffffff",
}
"""Land, water, boundaries and places."""

ROADS = {"major": "#8f8f8b", "middle": "#b3b3ae", "minor": "#cfcfca"}
"""Three greys by class of road."""

GAP = {"near_miss": "#ee8f3f", "beyond": "#c4402f", "far": "#86162c", "none": "#3d0510"}
"""Gap classes: one sequence, worse is darker."""

SHARES = {"all": "#fbe3a6", "most": "#f3b45f", "many": "#e2733a", "half": "#b83432", "few": "#6d1024"}
"""Share of people within a norm, in the same sequence: fewer is darker."""

LAST_MILE = {"connected": "#fbe3a6", "near": "#f0b050", "gap": "#d0582f", "none": "#7c1029"}
"""Classes of the last mile, in the same sequence."""

STATUS = {"met": "#1d6b52", "not_met": "#9b1c31", "not_applicable": "#b3b8bb", "not_measurable": "#7d848a"}
"""Met, not met, not applicable (dots, rings), not measurable (stripes)."""

SEASON = {"yes": "#6f8a7c", "unknown": "#b9b3a6", "no": "#c98a2b"}
"""Whether a road is passable in every season."""

QUALITATIVE = ("#4477aa", "#228833", "#7a5195", "#b8860b", "#2a9d8f", "#5aa0d6", "#8c564b", "#5f6b73")
"""Types of thing, without order (after Paul Tol's bright scheme; held under deuteranopia)."""

REACH = ("#1f3d7a", "#2167a0", "#2f92b4", "#5db8b4", "#9ad7ae", "#d6eeb3")
"""Within reach, the nearest first: lightness alone tells the order (after ColorBrewer's YlGnBu)."""

CERTAINTY = {"within": "#cfe3da", "may": "#f0b050", "beyond": "#86162c"}
"""Within a threshold in every run, in some, in none: worse is darker."""

WET = {"kept": "#cfe3da", "little": "#fbe3a6", "more": "#f0b050", "much": "#d0582f", "lost": "#7c1029"}
"""What the wet season takes, in the gap sequence."""

CHANGE = {"gained": "#0f6b5c", "quicker": "#7cc4b4", "same": "#e4e4df", "slower": "#f0b050", "lost": "#86162c"}
"""What a scenario changes: two hues apart from pale."""

PLAN = {"gained": "#0b6b66", "beyond": "#a3162e", "none_reached": "#a3162e", "within": "#b9bdbf"}
"""What a plan does for people: brought within, still beyond (a ring where none is reached), within before."""

CLUSTERS = {
    "good": "#0f6b5c",
    "good_among_bad": "#7cc4b4",
    "bad_among_good": "#f0b050",
    "bad": "#86162c",
    "none": "#e4e4df",
}
"""Clusters of access: the two hues of a change, pale for places that differ from their neighbours."""

DEGURBA = {
    30: "#9b1c31",
    23: "#7a3b1d",
    22: "#b0762a",
    21: "#e6c84f",
    13: "#375623",
    12: "#8fae5a",
    11: "#cfe3a2",
    10: "#9dbdd6",
}
"""Degree of Urbanisation, level 2: the hues of the published maps, quieter."""

TINTS = ("#4477aa", "#ccbb44", "#66ccee", "#aa3377", "#228833", "#ee6677", "#bbbbbb")
"""Areas side by side, without order (Paul Tol's bright scheme); drawn pale."""


MOST_PEOPLE = 10_000
"""A circle grows up to so many people."""
PEOPLE_IN_LEGEND = (100, 1_000, MOST_PEOPLE)


def ramp(colours: tuple[str, ...], number: int) -> list[str]:
    """
    Take colours evenly from a sequence, its ends first of all.

    Examples
    --------
    >>> ramp(("#000000", "#808080", "#ffffff"), 2)
    ['#000000', '#ffffff']
    """
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
    """
    Write a colour as QGIS does.

    Examples
    --------
    >>> rgba("#ff8000", 0.5)
    '255,128,0,128'
    """
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"{red},{green},{blue},{round(alpha * 255)}"


def constants(text: str) -> dict[str, str]:
    """
    Read what QGIS wants to stand there whatever a layer is: name=value, by blanks; a blank value is given later.

    Examples
    --------
    >>> constants("size=1 unit=MM colour=")
    {'size': '1', 'unit': 'MM', 'colour': ''}
    """
    return dict(pair.split("=", 1) for pair in text.split())


def _layer(kind: str, options: Mapping[str, str]) -> Element:
    element = Element("layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    holder = SubElement(element, "Option", {"type": "Map"})
    for name, value in options.items():
        SubElement(holder, "Option", {"type": "QString", "name": name, "value": value})
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
    element = Element(tag)
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
    expression: str, *, size: float = 8.5, colour: str = "#33373a", halo: str = "#ffffff", on_areas: bool = False
) -> Element:
    """Build labels around points, or on areas."""
    element = Element("labeling", {"type": "simple"})
    settings = SubElement(element, "settings", {"calloutType": "simple"})
    text = {"fieldName": expression, "isExpression": "1", "fontFamily": FONT}
    text |= constants(f"fontSize={size:g} fontSizeUnit=Point fontWeight=50 namedStyle=Regular")
    text |= constants(f"textColor={rgba(colour)} textOpacity=1 multilineHeight=1")
    style = SubElement(settings, "text-style", text)
    style.append(font_families())
    buffer = f"bufferDraw=1 bufferSize=0.7 bufferSizeUnits=MM bufferColor={rgba(halo, 0.85)}"
    SubElement(style, "text-buffer", constants(f"{buffer} bufferOpacity=1 bufferNoFill=1"))
    placement = f"placement={HORIZONTAL if on_areas else AROUND_IN_ORDER} dist=1.4 distUnits=MM offsetType=1"
    SubElement(settings, "placement", constants(f"{placement} predefinedPositionOrder=TR,TL,BR,BL,R,L,TSR,BSR"))
    # Areas would keep the labels of other layers away from all of their ground.
    obstacle = f"obstacle={0 if on_areas else 1} obstacleFactor=1"
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
    if sizes is not None:
        element.extend(sizes)
    if order:
        clause = SubElement(SubElement(element, "orderby"), "orderByClause", {"asc": "0", "nullsFirst": "0"})
        clause.text = order
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
    told = f"type={kind} enableorderby={1 if order else 0} forceraster=0 symbollevels=0 referencescale=-1"
    return Element("renderer-v2", constants(told))


def name_expression(frame: pd.DataFrame, language: str) -> str:
    """
    Name a feature in a language.

    Returns an expression; empty without any name.
    """
    wanted = [column for column in (f"name_{language}", "name", "name_en") if column in frame.columns]
    if not wanted:
        return ""
    return "coalesce(" + ", ".join(f'"{column}"' for column in dict.fromkeys(wanted)) + ")"


def style_attributes(style: Style, smallest_scale: int = 0) -> dict[str, str]:
    """Give the attributes that a QML file and a project's layer share; hidden when zoomed out beyond a scale."""
    scaled, named = smallest_scale > 0, style.labelling is not None
    shown = f"labelsEnabled={named:d} hasScaleBasedVisibilityFlag={scaled:d} minScale={smallest_scale or 100000000}"
    simplified = "simplifyDrawingHints=1 simplifyDrawingTol=1 simplifyAlgorithm=0 simplifyLocal=1 simplifyMaxScale=1"
    return constants(f"{shown} maxScale=0 {simplified}")


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
        {"version": QGIS_VERSION, "styleCategories": "Symbology|Labeling|Fields|Rendering", **style_attributes(style)},
    )
    root.extend(style_elements(style, aliases))
    kind = Element("layerGeometryType")
    kind.text = {"Point": "0", "LineString": "1", "Polygon": "2"}[geometry]
    root.append(kind)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + xml_text(root)
