"""The look of a layer as SLD 1.1 for what reads no QML, of the same symbols (OGC 05-078r4); rasters with theirs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import pyproj
import rasterio
import rasterio.crs
import rasterio.shutil
from rasterio.io import MemoryFile

from spatial.errors import ContractError
from spatial.messages import Words
from spatial.plain_text import xml_text
from spatial.qgis.styles import BASE, PEOPLE_IN_LEGEND, QGIS_VERSION, SHARES, Style, constants
from spatial.rasters import Raster
from spatial.store import Artifact

# Expressions that class features, as comparisons that every filter of OGC knows.

TOKEN = re.compile(r"""\s*("(?:[^"]|"")+"|'(?:[^']|'')*'|-?\d[\d.]*(?:e[+-]?\d+)?|\|\||<=|>=|<>|[=<>(),]|@?\w+)""")
COMPARED = {
    "=": "PropertyIsEqualTo",
    "<>": "PropertyIsNotEqualTo",
    "<": "PropertyIsLessThan",
    "<=": "PropertyIsLessThanOrEqualTo",
    ">": "PropertyIsGreaterThan",
    ">=": "PropertyIsGreaterThanOrEqualTo",
}
OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class Node(NamedTuple):
    """A piece of an expression: a column or literal has its text, all else has parts."""

    kind: str  # column, literal, a comparison, null, in, and, or, not, case, call or join
    text: str = ""
    parts: tuple[Node, ...] = ()


YES, NO = Node("and"), Node("or")


def _together(parts: Iterable[Node], nothing: Node, decides: Node) -> Node:
    """Join conditions, each once: one of them says nothing of the whole, and one decides it."""
    kept = tuple(dict.fromkeys(part for part in parts if part != nothing))
    return decides if decides in kept else kept[0] if len(kept) == 1 else nothing._replace(parts=kept)


every = partial(_together, nothing=YES, decides=NO)
"""Joins conditions that must all hold."""
any_of = partial(_together, nothing=NO, decides=YES)
"""Joins conditions of which one must hold."""


class Expression:
    """Reads the part of QGIS's expressions that looks are made of."""

    def __init__(self, text: str) -> None:
        self.words = TOKEN.findall(text)
        self.at = 0

    def takes(self, *words: str) -> bool:
        """Step over words where they come next."""
        found = [word.upper() for word in self.words[self.at : self.at + len(words)]]
        is_next = found == list(words)
        self.at += len(words) * is_next
        return is_next

    def read(self) -> Node:
        """Read the whole of it, or what stands between brackets."""
        return any_of(self._between("OR", self._conjunction))

    def _between(self, sign: str, read: Callable[[], Node]) -> list[Node]:
        """Read pieces of one kind, one or more, with a sign between them."""
        parts = [read()]
        while self.takes(sign):
            parts.append(read())
        return parts

    def _conjunction(self) -> Node:
        return every(self._between("AND", self._comparison))

    def _comparison(self) -> Node:
        left = self._joined()
        if self.takes("IS", "NOT", "NULL"):
            return Node("not", parts=(Node("null", parts=(left,)),))
        if self.takes("IS", "NULL"):
            return Node("null", parts=(left,))
        is_out = self.takes("NOT", "IN")
        if is_out or self.takes("IN"):
            same = any_of(Node("=", parts=(left, value)) for value in self._listed())
            return Node("not", parts=(same,)) if is_out else same
        sign = next((sign for sign in COMPARED if self.takes(sign)), "")
        return Node(sign, parts=(left, self._joined())) if sign else left

    def _listed(self) -> tuple[Node, ...]:
        self.takes("(")
        parts = self._between(",", self.read)
        self.takes(")")
        return tuple(parts)

    def _joined(self) -> Node:
        parts = self._between("||", self._atom)
        return parts[0] if len(parts) == 1 else Node("join", parts=tuple(parts))

    def _atom(self) -> Node:
        if self.takes("CASE"):
            parts: list[Node] = []
            while self.takes("WHEN"):
                condition = self.read()
                self.takes("THEN")
                parts += [condition, self.read()]
            last = self.read() if self.takes("ELSE") else Node("none")
            self.takes("END")
            return Node("case", parts=(*parts, last))
        word = self.words[self.at]
        self.at += 1
        if word in ("true", "false"):
            return YES if word == "true" else NO
        if word[0] in "\"'":
            return Node("column" if word[0] == '"' else "literal", word[1:-1].replace(word[0] * 2, word[0]))
        is_call = self.at < len(self.words) and self.words[self.at] == "("
        return Node("call", word.lower(), self._listed()) if is_call else Node("literal", word)


def holds(node: Node, *, is_so: bool = True) -> Node:
    """Say when a condition holds, or when it does not: then what is unknown counts as not."""
    if node.kind in ("and", "or"):
        join = every if (node.kind == "and") == is_so else any_of
        return join(holds(part, is_so=is_so) for part in node.parts)
    if node.kind == "not":
        (inner,) = node.parts
        if inner.kind == "null":
            return holds(inner, is_so=not is_so)
        # What is unknown is neither in a list nor out of it.
        compared = inner.parts if inner.kind in ("and", "or") else (inner,)
        unknown = any_of(Node("null", parts=one.parts[:1]) for one in compared)
        found = holds(inner, is_so=not is_so)
        return any_of([found, unknown]) if not is_so else every([found, holds(unknown, is_so=False)])
    if node.kind == "column":
        node = Node("like", parts=(node,))
    if is_so:
        return node
    if node.kind in ("null", "like"):
        unknown = Node("null", parts=node.parts) if node.kind == "like" else NO
        return any_of([Node("not", parts=(node,)), unknown])
    return any_of([Node(OPPOSITE[node.kind], parts=node.parts), Node("null", parts=node.parts[:1])])


def _cases(node: Node) -> list[tuple[Node, Node]]:
    """Give each result of a CASE with the condition under which it is the one; the others after all conditions."""
    conditions, results = node.parts[:-1:2], (*node.parts[1::2], node.parts[-1])
    before = [holds(condition, is_so=False) for condition in conditions]
    return [
        (every([*before[:place], *(holds(one) for one in conditions[place : place + 1])]), result)
        for place, result in enumerate(results)
    ]


def is_null(node: Node) -> Node:
    """Say when an expression has no value."""
    if node.kind == "column":
        return Node("null", parts=(node,))
    if node.kind == "case":
        return any_of(every([when, is_null(result)]) for when, result in _cases(node))
    if node.kind in ("call", "join"):
        join = every if node.text == "coalesce" else any_of
        return join(is_null(part) for part in node.parts)
    return YES if node.kind == "none" else NO


def equals(node: Node, value: str) -> Node:
    """Say when an expression has a value."""
    if node.kind == "column":
        return Node("=", parts=(node, Node("literal", value)))
    if node.kind == "case":
        return any_of(every([when, equals(result, value)]) for when, result in _cases(node))
    if node.kind == "join":
        first, *rest = node.parts
        others = rest[0] if len(rest) == 1 else Node("join", parts=tuple(rest))
        ends = range(len(value) + 1)
        return any_of(every([equals(first, value[:end]), equals(others, value[end:])]) for end in ends)
    if node.kind == "call" and node.text == "coalesce":
        first, second = node.parts
        return any_of([equals(first, value), every([is_null(first), equals(second, value)])])
    if node.kind == "call":  # to_string
        return equals(node.parts[0], value)
    return YES if node == Node("literal", value) else NO


# SLD.

MM_A_PIXEL = 0.28
"""Of a pixel of SLD."""
METRE = "http://www.opengeospatial.org/se/units/metre"
NAMESPACES = {
    "xmlns": "http://www.opengis.net/sld",
    "xmlns:se": "http://www.opengis.net/se",
    "xmlns:ogc": "http://www.opengis.net/ogc",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": "http://www.opengis.net/sld http://schemas.opengis.net/sld/1.1.0/StyledLayerDescriptor.xsd",
    "version": "1.1.0",
}
CAPS = {"flat": "butt"}


def sld(style: Style, *, name: str, title: str, smallest_scale: int = 0) -> str:
    """Write a look as SLD 1.1, as near as that says it: circles in sizes of the legend, no numbers in marks."""
    root, rules = _document(name, title)
    inner = style.renderer.find("renderer-v2")  # of what paints the ground outside
    renderer = style.renderer if inner is None else inner
    is_outside = inner is not None
    symbols = {one.get("name"): one for one in renderer.findall("symbols/symbol")}
    attr = renderer.get("attr", "")
    # A name alone is a column.
    chosen = Expression(attr if re.search(r"\W", attr) else f'"{attr}"').read() if attr else NO
    for category in renderer.findall("categories/category") or [Element("category", {"symbol": "0"})]:
        values = [one.get("value", "") for one in category.findall("val")] or [category.get("value", "")]
        symbol = symbols[category.get("symbol")]
        label = category.get("label", "") or title
        said = " ".join(one.get("value", "") for one in symbol.iter("Option"))
        is_other = bool(attr) and values == [""]
        # All others are one class, which no condition parts.
        for circle in _circles(said, renderer, values)[: 1 if is_other else None]:
            rule = _rule(rules, label if is_other else label + circle.says)
            if is_other:
                SubElement(rule, "se:ElseFilter")
            elif attr:
                found = every([any_of(equals(chosen, value) for value in values), circle.drawn_if])
                SubElement(rule, "ogc:Filter").append(_filter(found))
            _limit_scale(rule, said, smallest_scale)
            for layer in symbol.findall("layer"):
                _symbolizer(rule, layer, style.opacity, circle.options, is_outside=is_outside)
    if style.labelling is not None:
        _labels(_rule(rules, f"{title} *"), style, smallest_scale)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml_text(root)


def _limit_scale(rule: Element, said: str, smallest_scale: int) -> None:
    """Draw what a rule is for only nearer than the layer allows, and than its own expression says."""
    scales = [smallest_scale, *map(int, re.findall(r"@map_scale < (\d+)", said)[:1])]
    if limits := [scale for scale in scales if scale]:
        SubElement(rule, "se:MaxScaleDenominator").text = str(min(limits))


class Circle(NamedTuple):
    """A size of a class whose circles grow with people."""

    says: str = ""  # behind the label of the class
    drawn_if: Node = YES
    options: Mapping[str, str] = MappingProxyType({})  # of its markers, in place of those of the class


def _circles(said: str, renderer: Element, values: Sequence[str]) -> list[Circle]:
    """Give the sizes of a class: those of the legend, and the mark of a number that is withheld."""
    grown = re.search(r'sqrt\(min\(coalesce\("(\w+)"', said)
    legend = renderer.find("data-defined-size-legend")
    if grown is None or legend is None:
        return [Circle()]
    column, circles = Node("column", grown[1]), []
    is_told, part = YES, re.search(r"CASE WHEN \"outcome\" = '(\w+)' THEN ([\d.]+)", said)
    share = float(part[2]) if part and part[1] in values else 1.0
    hidden = re.search(r"array_contains\(string_to_array\(\"(\w+)\", ' '\), '(\w+)'\) THEN ([\d.]+)", said)
    if hidden is not None:
        named = Node("like", f"*{hidden[2]}*", (Node("column", hidden[1]),))
        is_told = holds(named, is_so=False)
        circles.append(Circle(" *", named, {"size": hidden[3], "name": "diamond"}))
    # Each circle of the legend stands for the numbers of people that are nearest to its own, as ratios go.
    bounds = [str(round(math.sqrt(low * high))) for low, high in pairwise(PEOPLE_IN_LEGEND)]
    above = is_told
    for one, bound in zip(legend.iter("class"), [*bounds, ""], strict=True):
        within = holds(Node(">", parts=(column, Node("literal", bound))), is_so=False) if bound else YES
        size = f"{float(one.get('size', '')) * share:.4g}"
        says = f" · {legend.get('title')} ≈ {one.get('label')}"
        circles.append(Circle(says, every([above, within]), {"size": size}))
        above = every([is_told, Node(">", parts=(column, Node("literal", bound)))])
    return circles


def raster_sld(classes: Sequence[tuple[float, str, str]], *, name: str, title: str, opacity: float) -> str:
    """Write the classes of a raster, by upper bound, label and colour, as a map of colours."""
    root, rules = _document(name, title)
    symbolizer = SubElement(_rule(rules, title), "se:RasterSymbolizer")
    SubElement(symbolizer, "se:Opacity").text = f"{opacity:g}"
    clear = "#ffffff"
    # A bound belongs to the class below it, as everywhere; the schema spells it so.
    held = SubElement(
        SubElement(symbolizer, "se:ColorMap"),
        "se:Categorize",
        {"fallbackValue": clear, "threshholdsBelongTo": "preceding"},
    )
    SubElement(held, "se:LookupValue").text = "Rasterdata"
    for place, (bound, _, colour) in enumerate(classes):
        SubElement(held, "se:Value").text = colour or clear
        if place < len(classes) - 1:
            SubElement(held, "se:Threshold").text = f"{bound:g}"
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml_text(root)


def _document(name: str, title: str) -> tuple[Element, Element]:
    """Begin a document; gives it and where rules go."""
    root = Element("StyledLayerDescriptor", NAMESPACES)
    layer = SubElement(root, "NamedLayer")
    SubElement(layer, "se:Name").text = name
    style = SubElement(layer, "UserStyle")
    SubElement(style, "se:Name").text = title
    return root, SubElement(style, "se:FeatureTypeStyle")


def _rule(rules: Element, title: str) -> Element:
    rule = SubElement(rules, "se:Rule")
    SubElement(rule, "se:Name").text = title
    SubElement(SubElement(rule, "se:Description"), "se:Title").text = title
    return rule


def _filter(node: Node) -> Element:
    """Write a condition."""
    if node.kind in ("and", "or") and node.parts:
        element = Element(f"ogc:{node.kind.title()}")
        element.extend(_filter(part) for part in node.parts)
    elif node.kind == "not":
        element = Element("ogc:Not")
        element.append(_filter(node.parts[0]))
    elif node.kind == "null":
        element = Element("ogc:PropertyIsNull")
        SubElement(element, "ogc:PropertyName").text = node.parts[0].text
    elif node.kind == "like":
        # A flag: QGIS takes no other comparison of one, and others compare its text too.
        element = Element("ogc:PropertyIsLike", {"wildCard": "*", "singleChar": "?", "escapeChar": "!"})
        SubElement(element, "ogc:PropertyName").text = node.parts[0].text
        SubElement(element, "ogc:Literal").text = node.text or "true"
    elif node.kind in COMPARED:
        element = Element(f"ogc:{COMPARED[node.kind]}")
        SubElement(element, "ogc:PropertyName").text = node.parts[0].text
        SubElement(element, "ogc:Literal").text = node.parts[1].text
    else:  # always, or never: OGC has no word for either
        element = Element(f"ogc:{COMPARED['=' if node == YES else '<>']}")
        for _ in range(2):
            SubElement(element, "ogc:Literal").text = "1"
    return element


def _paint(parent: Element, tag: str, given: str, opacity: float, **more: str) -> None:
    """Write a fill or a stroke; `given` is a colour of QGIS."""
    red, green, blue, alpha = (int(part) for part in given.split(","))
    what = tag.lower()
    told = {what: f"#{red:02x}{green:02x}{blue:02x}", f"{what}-opacity": f"{alpha / 255 * opacity:.3g}"}
    holder = SubElement(parent, f"se:{tag}")
    for key, value in (told | more).items():
        SubElement(holder, "se:SvgParameter", {"name": key}).text = value


def _pixels(text: str) -> str:
    return f"{float(text) / MM_A_PIXEL:.4g}"


def _mark(parent: Element, options: dict[str, str], opacity: float, *, is_metres: bool = False) -> None:
    graphic = SubElement(parent, "se:Graphic")
    mark = SubElement(graphic, "se:Mark")
    SubElement(mark, "se:WellKnownName").text = options["name"]
    _paint(mark, "Fill", options["color"], opacity)
    if options["outline_style"] != "no":
        width = {"stroke-width": _pixels(options["outline_width"])}
        _paint(mark, "Stroke", options["outline_color"], opacity, **width)
    SubElement(graphic, "se:Size").text = options["size"] if is_metres else _pixels(options["size"])
    if options.get("angle", "0") != "0":
        SubElement(SubElement(graphic, "se:Rotation"), "ogc:Literal").text = options["angle"]


def _options(layer: Element) -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in layer.findall("Option/Option")}


def _symbolizer(rule: Element, layer: Element, opacity: float, more: Mapping[str, str], *, is_outside: bool) -> None:
    """Write one layer of a symbol; `more` are options of its markers."""
    kind, options = layer.get("class"), _options(layer)
    if kind == "SimpleMarker":
        options |= more if options["name"] == "circle" else {name: more[name] for name in more.keys() & {"size"}}
        is_metres = options["size_unit"] != "MM"
        _mark(
            SubElement(rule, "se:PointSymbolizer", {"uom": METRE} if is_metres else {}),
            options,
            opacity,
            is_metres=is_metres,
        )
    elif kind == "SimpleLine":
        more = {"stroke-width": _pixels(options["line_width"]), "stroke-linejoin": options["joinstyle"]}
        more["stroke-linecap"] = CAPS.get(options["capstyle"], options["capstyle"])
        if options["use_custom_dash"] == "1":
            more["stroke-dasharray"] = " ".join(map(_pixels, options["customdash"].split(";")))
        _paint(SubElement(rule, "se:LineSymbolizer"), "Stroke", options["line_color"], opacity, **more)
    elif kind == "SimpleFill":
        area = SubElement(rule, "se:PolygonSymbolizer")
        if options["style"] != "no" and not is_outside:
            _paint(area, "Fill", options["color"], opacity)
        if options["outline_style"] != "no":
            _paint(
                area, "Stroke", options["outline_color"], opacity, **{"stroke-width": _pixels(options["outline_width"])}
            )
    elif kind in ("LinePatternFill", "PointPatternFill"):
        fill = SubElement(SubElement(SubElement(rule, "se:PolygonSymbolizer"), "se:Fill"), "se:GraphicFill")
        inner = layer.find("symbol/layer")
        own = _options(inner) if inner is not None else {}
        if kind == "PointPatternFill":
            _mark(fill, own, opacity)
            return
        graphic = SubElement(fill, "se:Graphic")
        mark = SubElement(graphic, "se:Mark")
        SubElement(mark, "se:WellKnownName").text = "horline"
        _paint(mark, "Stroke", own["line_color"], opacity, **{"stroke-width": _pixels(own["line_width"])})
        SubElement(graphic, "se:Size").text = _pixels(options["distance"])
        SubElement(SubElement(graphic, "se:Rotation"), "ogc:Literal").text = options["angle"]


def _labels(rule: Element, style: Style, smallest_scale: int) -> None:
    """Name features by the first column of what names or labels them."""
    text = style.labelling.find("settings/text-style") if style.labelling is not None else None
    if text is None:
        return
    said = text.get("fieldName", "")
    names = [column for column in re.findall(r'"([^"]+)"', style.display) if f'"{column}"' in said]
    columns = names or re.findall(r'"([^"]+)"', said)
    _limit_scale(rule, "" if '"tier"' in said else said, smallest_scale)
    symbolizer = SubElement(rule, "se:TextSymbolizer")
    SubElement(SubElement(symbolizer, "se:Label"), "ogc:PropertyName").text = columns[0]
    font = SubElement(symbolizer, "se:Font")
    for key, value in (("font-family", text.get("fontFamily", "")), ("font-size", text.get("fontSize", ""))):
        SubElement(font, "se:SvgParameter", {"name": key}).text = value
    halo = SubElement(symbolizer, "se:Halo")
    SubElement(halo, "se:Radius").text = "1"
    _paint(halo, "Fill", "255,255,255,217", 1.0)
    _paint(symbolizer, "Fill", text.get("textColor", ""), 1.0)


OPACITY = "0.8"
BLOCK = 256
"""Cells on a side of a tile; overviews begin at rasters larger than one."""

SPEEDS_KM_H = (20.0, 5.0, 4.0, 3.0, 2.0, 1.0)
"""Classes of friction, by the least speed of each."""

BREAKS = {
    "persons": (1.0, 5.0, 20.0, 100.0, 500.0),
    "min": (15.0, 30.0, 60.0, 120.0),
    "min/m": tuple(0.06 / speed for speed in SPEEDS_KM_H),
}
"""Upper bounds of the classes, by unit; values above the last make one class more."""

RAMPS = {
    "persons": ("#f3ece4", "#e3d2c0", "#cdb096", "#ab8467", "#7d563f", "#4d2f22"),
    "min": tuple(SHARES.values()),
    "min/m": ("#fbfbe8", "#e9eebb", "#c6dc92", "#93bf74", "#5b9a5c", "#2d6f48", "#103f2c"),
}


@dataclass(frozen=True, eq=False)
class QgisRaster:
    """A raster as the project shows it."""

    name: str  # stem of its files
    title: str  # for people
    crs: pyproj.CRS  # its own: rasters are never resampled
    pipe: Element  # its look
    artifacts: tuple[Artifact, ...]  # the GeoTIFF, and the QML and SLD beside it
    group: str = "base"  # where the project shows it
    shelf: str = ""  # sub-group in the group; empty for none


def write_raster(raster: Raster, *, name: str, unit: str, title: str, words: Words, basis: str = "") -> QgisRaster:
    """Write a raster as a cloud-optimised GeoTIFF with its look."""
    if not np.isfinite(raster.values).any():
        raise ContractError(name, ["has no cell with data: leave the raster out"])
    rows, columns = raster.values.shape
    profile = {
        "driver": "GTiff",
        "height": rows,
        "width": columns,
        "count": 1,
        "dtype": "float64",
        "crs": rasterio.crs.CRS.from_wkt(raster.crs.to_wkt()),
        "transform": raster.transform,
        "nodata": float("nan"),
    }
    tiled = {"COMPRESS": "DEFLATE", "PREDICTOR": "YES", "BLOCKSIZE": str(BLOCK), "STATISTICS": "YES"}
    tiled |= {"OVERVIEW_RESAMPLING": "AVERAGE", "NUM_THREADS": "1"}
    with MemoryFile() as plain, MemoryFile(ext=".tif") as cloud:
        with plain.open(**profile) as target:
            target.write(np.where(np.isfinite(raster.values), raster.values, np.nan), 1)
            target.set_band_unit(1, unit)
            target.set_band_description(1, title)
            if basis and unit == "persons":
                target.update_tags(population_basis=basis)
        with plain.open() as source:
            rasterio.shutil.copy(source, cloud.name, driver="COG", **tiled)
        content = bytes(cloud.getbuffer())
    # Upper bound, label and colour of each class; no colour where there is nobody.
    breaks = BREAKS[unit]
    colours = RAMPS[unit]
    bounds = [*breaks, float("inf")]
    result = [(0.0, words.say("raster", "nobody"), "")] if unit == "persons" else []
    for position, high in enumerate(bounds):
        low = bounds[position - 1] if position else 0.0
        key = f"{unit}_first" if position == 0 else f"{unit}_last" if position == len(breaks) else unit
        told = [0.06 / bound if unit == "min/m" and bound else bound for bound in (low, high)]
        label = words.say("raster", key, low=words.figure(min(told)), high=words.figure(max(told)))
        result.append((high, label, colours[position]))
    least, most = (f"{found:.17g}" for found in (np.nanmin(raster.values), np.nanmax(raster.values)))
    pipe = Element("pipe")
    shown = f"type=singlebandpseudocolor band=1 opacity={OPACITY} alphaBand=-1"
    shown += f" classificationMin={least} classificationMax={most}"
    renderer = SubElement(pipe, "rasterrenderer", constants(shown))
    SubElement(renderer, "rasterTransparency")
    ramp = constants(f"colorRampType=DISCRETE classificationMode=2 clip=0 minimumValue={least} maximumValue={most}")
    shader = SubElement(SubElement(renderer, "rastershader"), "colorrampshader", ramp)
    for value, label, colour in result:
        item = {"value": f"{value:g}", "label": label, "color": colour or BASE["blank"]}
        SubElement(shader, "item", item | {"alpha": "255" if colour else "0"})
    SubElement(pipe, "brightnesscontrast", {"brightness": "0", "contrast": "0"})
    SubElement(pipe, "huesaturation", {"saturation": "0"})
    SubElement(pipe, "rasterresampler")
    root = Element("qgis", {"version": QGIS_VERSION, "styleCategories": "Symbology|Rendering"})
    root.append(pipe)
    text = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + xml_text(root)
    plain = raster_sld(result, name=name, title=title, opacity=float(OPACITY))
    artifacts = tuple(
        Artifact(f"{name}.{ending}", held)
        for ending, held in (("tif", content), ("qml", text.encode("utf-8")), ("sld", plain.encode("utf-8")))
    )
    return QgisRaster(name, title, raster.crs, pipe, artifacts)
