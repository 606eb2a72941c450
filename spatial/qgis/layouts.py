"""The map series: a print of every theme on A4 and A3, with its finding, legend, grid, scale, sources and an atlas."""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement

from spatial.plain_text import display_width
from spatial.qgis.styles import BASE, INK, constants, data_defined, font_families, option, rgba

PAGE, MAP, LABEL, LEGEND, SCALE_BAR = "65638", "65639", "65641", "65642", "65646"
"""Kinds of layout items, as QGIS numbers them."""
DEPTHS = {PAGE: "0", MAP: "1"}
"""What lies below everything else."""
WIDTH_MM, HEIGHT_MM, RIM_MM = 297.0, 210.0, 10.0
PAPERS = {"A4": 1.0, "A3": 2.0**0.5}
"""Papers by how much larger than A4 everything on them is."""
LEGEND_WIDTH, HEADLINE_WIDTH, BELOW_WIDTH = 46, 100, 165
"""Letters in a line of the legend, the headline and what stands below it; a Chinese one counts as two."""
MUTED = "#5c6063"


class Box(NamedTuple):
    """Where an item stands on A4, in mm."""

    left: float
    top: float
    width: float
    height: float


MAP_BOX, FACTS_TOP = Box(RIM_MM + 3.0, 34.0, 188.0, 148.0), 190.0
ISSUE_PT, ISSUE_LINE_MM, ISSUE_WIDTH = 7.0, 3.4, 130
"""Letters of the known issues below the map, how high a line of them is, and how many stand in it."""
LONGEST_SEGMENT_MM = 30.0
"""Of the two of the scale bar."""
CLAUSE = re.compile(r"[^;；·]+[;；·]?\s*|[;；·]\s*")  # noqa: RUF001 - a Chinese mark
"""What a line is best broken between."""
PIECE = re.compile(r"[（《“]*(?:[^\s\u2e80-\uffef]+|\S)[，。；：、）》”！？%]*\s*")  # noqa: RUF001 - Chinese marks
"""What a line never breaks: a word, a number, or a wide letter, with the marks that open and close it."""


class Extent(NamedTuple):
    """A piece of ground, in the project's CRS."""

    west: float
    south: float
    east: float
    north: float

    def attributes(self) -> dict[str, str]:
        """Name its sides as QGIS does."""
        return {side: f"{value:.3f}" for side, value in zip(("xmin", "ymin", "xmax", "ymax"), self, strict=True)}


class LegendEntry(NamedTuple):
    """A layer in a legend."""

    layer: Element  # its ``maplayer``
    says: str  # what stands below its title


class Print(NamedTuple):
    """What a print shows."""

    name: str  # of the layout in QGIS
    theme: str  # of the map
    headline: str  # the finding, or what the map shows
    below: str  # what the map shows, where the headline is a finding; status, date and approval
    facts: str
    small_print: str
    extent: Extent  # to be shown whole
    in_metres: bool  # whether its CRS counts in metres; a scale bar is drawn then
    legend: Sequence[LegendEntry]
    atlas: Element | None  # the ``maplayer`` whose features are shown one by one
    atlas_name: str  # expression that names them
    issues: Sequence[str] = ()  # known faults of the sources, below a heading


def layouts_element(prints: Sequence[Print]) -> Element:
    """Write the project's layouts: each print on each paper."""
    root = Element("Layouts")
    for one in prints:
        root.extend(_Paper(one, paper, scale).layout() for paper, scale in PAPERS.items())
    return root


class _Paper:
    """A print on a paper."""

    def __init__(self, one: Print, paper: str, scale: float) -> None:
        self.one, self.scale, self.name = one, scale, f"{one.name} ({paper})"
        # Known issues take from the height of the map, half of it at most: more of them stand in smaller letters.
        fit = MAP_BOX.height / 2 / ISSUE_LINE_MM
        shrunk = math.sqrt(min(1.0, fit / max(len(told_within(one.issues, ISSUE_WIDTH)), 1)))
        self.issues = told_within(one.issues, int(ISSUE_WIDTH / shrunk))
        self.shrunk = min(shrunk, fit / max(len(self.issues), 1))
        taken = ISSUE_LINE_MM * self.shrunk * len(self.issues)
        self.map_box = MAP_BOX._replace(height=MAP_BOX.height - taken)
        self.issue_box = Box(MAP_BOX.left, FACTS_TOP - 1.0 - taken, MAP_BOX.width, taken)
        west, south, east, north = one.extent
        shape = self.map_box.width / self.map_box.height
        width = max(east - west, (north - south) * shape)
        x, y, height = (west + east) / 2, (south + north) / 2, width / shape
        # All of the extent, widened to the shape of the map.
        self.ground = Extent(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def uuid(self, name: str) -> str:
        """Give an item an id that is the same every time."""
        return f"{{{uuid5(NAMESPACE_URL, f'{self.name}/{name}')}}}"

    def item(self, kind: str, name: str, box: Box, **more: str) -> Element:
        left, top, width, height = (f"{side * self.scale:.2f}" for side in box)
        told = {"type": kind, "uuid": self.uuid(name), "templateUuid": self.uuid(name), "id": name}
        told |= constants(f"position={left},{top},mm positionOnPage={left},{top},mm size={width},{height},mm")
        told |= constants("referencePoint=0 opacity=1 visibility=1 background=false frame=false outlineWidthM=0.2,mm")
        return Element("LayoutItem", told | {"zValue": DEPTHS.get(kind, "2")} | more)

    def text_style(self, size: float, *, bold: bool = False, colour: str = INK) -> Element:
        told = f"fontSize={size * self.scale:.1f} fontSizeUnit=Point fontFamily=sans-serif"
        told += f" fontWeight={75 if bold else 50} forcedBold={bold:d} textColor={rgba(colour)} textOpacity=1"
        style = Element("text-style", constants(f"{told} multilineHeight=1.1 multilineHeightUnit=Percentage"))
        style.append(font_families())
        return style

    def label(self, name: str, text: str, box: Box, style: Element, **more: str) -> Element:
        still = {"htmlState": "0", "halign": "1", "valign": "32", "marginX": "0", "marginY": "0"}
        element = self.item(LABEL, name, box, labelText=text, **(still | more))
        element.append(style)
        return element

    def layout(self) -> Element:
        one, whole = self.one, WIDTH_MM - 2 * RIM_MM
        layout = Element("Layout", {"name": self.name, "units": "mm", "printResolution": "300"})
        paper = Box(0.0, 0.0, WIDTH_MM, HEIGHT_MM)
        SubElement(layout, "PageCollection").append(self.item(PAGE, "page", paper, background="true"))
        bold, quiet = self.text_style(13.5, bold=True), self.text_style(8.5, colour=MUTED)
        headline, below = wrapped(unread(one.headline), HEADLINE_WIDTH), wrapped(unread(one.below), BELOW_WIDTH)
        layout.append(self.label("title", headline, Box(RIM_MM, 8.0, whole, 15.0), bold))
        layout.append(self.label("below", below, Box(RIM_MM, 24.0, whole, 8.0), quiet))
        small, inked = self.text_style(6.0, colour=MUTED), self.text_style(ISSUE_PT * self.shrunk)
        if self.issues:
            layout.append(self.label("issues", "\n".join(self.issues), self.issue_box, inked))
        layout.append(self.label("facts", unread(one.facts), Box(RIM_MM, FACTS_TOP, whole, 4.0), self.text_style(7.0)))
        layout.append(self.label("small print", unread(one.small_print), Box(RIM_MM, 194.5, whole, 11.0), small))
        layout.append(self.map())
        if one.atlas is not None:
            # A finding is of the whole study: the township of an atlas page is named on its map alone.
            name = self.text_style(13.5, bold=True)
            buffer = f"bufferDraw=1 bufferSize=0.9 bufferSizeUnits=MM bufferColor={rgba(BASE['blank'])}"
            SubElement(name, "text-buffer", constants(f"{buffer} bufferOpacity=1 bufferNoFill=1"))
            room = Box(MAP_BOX.left + 3.0, MAP_BOX.top + 3.0, MAP_BOX.width - 16.0, 8.0)
            layout.append(self.label("place", "[% coalesce(@atlas_pagename, '') %]", room, name))
        corner = Box(MAP_BOX.left + MAP_BOX.width - 10.0, MAP_BOX.top + 2.0, 8.0, 11.0)
        layout.append(self.label("north", "↑\nN", corner, self.text_style(11.0, bold=True), halign="4"))
        layout.append(self.legend())
        if one.in_metres:
            layout.append(self.scale_bar())
        atlas = SubElement(layout, "Atlas", {"enabled": "0", "hideCoverage": "0", "filterFeatures": "0"})
        if one.atlas is not None:
            tags = {"coverageLayer": "id", "coverageLayerName": "layername", "coverageLayerSource": "datasource"}
            atlas.attrib |= {"enabled": "1"} | {key: one.atlas.findtext(tag, "") for key, tag in tags.items()}
            file = "lpad(to_string(@atlas_featurenumber), 3, '0') || '_' || @atlas_pagename"
            atlas.attrib |= {"coverageLayerProvider": "ogr", "filenamePattern": file, "sortFeatures": "1"}
            atlas.attrib |= {"pageNameExpression": one.atlas_name, "sortKey": one.atlas_name, "sortAscending": "1"}
        return layout

    def map(self) -> Element:
        """Show the theme on its ground."""
        still = {"followPreset": "true", "followPresetName": self.one.theme, "keepLayerSet": "false"}
        still["labelMargin"] = f"{1.5 * self.scale:g},mm"
        element = self.item(MAP, "map", self.map_box, background="true", frame="true", drawCanvasItems="false", **still)
        colour = dict(zip(("red", "green", "blue", "alpha"), rgba(BASE["land"]).split(","), strict=True))
        SubElement(element, "BackgroundColor", colour)
        SubElement(element, "Extent", self.ground.attributes())
        SubElement(element, "LayerSet")
        sides = ("left", "right", "top", "bottom")
        grid = {"name": "grid", "uuid": self.uuid("grid"), "frameAnnotationDistance": "0.8"}
        # A unit of 3: as wide on paper as is said here, whatever the scale.
        grid |= constants(f"show=1 position=3 gridStyle=1 crossLength={1.5 * self.scale:g} unit=3")
        grid |= constants(f"minimumIntervalWidth={38 * self.scale:.0f} maximumIntervalWidth={75 * self.scale:.0f}")
        grid |= constants("intervalX=10000 intervalY=10000 offsetX=0 offsetY=0 blendMode=0 gridFrameStyle=0")
        grid |= constants(f"showAnnotation=1 annotationFormat=0 annotationPrecision={0 if self.one.in_metres else 2}")
        grid |= {f"{side}AnnotationDisplay": "0" if side in ("left", "bottom") else "3" for side in sides}
        grid |= {f"{side}AnnotationPosition": "1" for side in sides}
        grid |= {f"{side}AnnotationDirection": "1" if side == "left" else "0" for side in sides}
        holder = SubElement(element, "ComposerMapGrid", grid)
        stroke = constants(f"line_color={rgba(MUTED)} line_width=0.12 line_width_unit=MM line_style=solid")
        lines = SubElement(holder, "lineStyle")
        sign = SubElement(lines, "symbol", {"type": "line", "name": "", "alpha": "1", "clip_to_extent": "1"})
        line = SubElement(sign, "layer", {"class": "SimpleLine", "enabled": "1"})
        line.append(option("", stroke))
        holder.append(self.text_style(5.5, colour=MUTED))
        if self.one.atlas is not None:
            SubElement(element, "AtlasMap", {"atlasDriven": "1", "scalingMode": "2", "margin": "0.15"})
        return element

    def legend(self) -> Element:
        """List what is on the map, with circles of people and what a norm asks of whom."""
        left = MAP_BOX.left + MAP_BOX.width + 4.0
        legend = self.item(LEGEND, "legend", Box(left, MAP_BOX.top - 2.0, WIDTH_MM - RIM_MM - left, MAP_BOX.height))
        legend.attrib |= {"map_uuid": self.uuid("map"), "wrapChar": "\n"}
        legend.attrib |= constants("resizeToContents=1 legendFilterByAtlas=0 boxSpace=0")
        legend.attrib |= constants(f"symbolWidth={5 * self.scale:g} symbolHeight={3 * self.scale:g}")
        styles = SubElement(legend, "styles")
        for name, size, is_bold, margins in (
            ("title", 10, True, {}),
            ("group", 9, True, {"marginTop": "3"}),
            ("subgroup", 7.5, True, {"marginTop": "2.6"}),
            ("symbol", 7, False, {"marginTop": "0.9"}),
            ("symbolLabel", 7, False, {"marginTop": "0.9", "marginLeft": "2"}),
        ):
            style = SubElement(styles, "style", {"name": name, "alignment": "1", "indent": "0", **margins})
            style.append(self.text_style(size, bold=is_bold))
        tree = SubElement(legend, "layer-tree-group")
        for layer, says in self.one.legend:
            told = {"id": "id", "name": "layername", "source": "datasource", "providerKey": "provider"}
            attributes = {key: layer.findtext(tag, "") for key, tag in told.items()}
            shown = {"checked": "Qt::Checked", "legend_exp": "", "expanded": "1"}
            node = SubElement(tree, "layer-tree-layer", attributes | shown)
            lines = told_within(filter(None, (attributes["name"], says)), LEGEND_WIDTH)
            SubElement(node, "customproperties").append(option("", {"legend/title-label": "\n".join(lines)}))
        return legend

    def scale_bar(self) -> Element:
        """Measure kilometres: twice 1, 2 or 5, or ten times as many, as fit at the scale of the page."""
        box = Box(MAP_BOX.left + 3.0, MAP_BOX.top + self.map_box.height - 10.0, 60.0, 8.0)
        bar = self.item(SCALE_BAR, "scale bar", box, background="true", mapUuid=self.uuid("map"), style="Single Box")
        bar.attrib |= constants("unitType=km unitLabel=km numMapUnitsPerScaleBarUnit=1 numSegments=2 numSegmentsLeft=0")
        bar.attrib |= constants(f"segmentSizeMode=0 height={1.3 * self.scale:g} labelBarSpace=1 boxContentSpace=1")
        ground_km = max((self.ground.east - self.ground.west) * LONGEST_SEGMENT_MM / MAP_BOX.width / 1000.0, 1e-3)
        ten = 10.0 ** math.floor(math.log10(ground_km))
        step = 5 if ground_km >= 5 * ten else 2 if ground_km >= 2 * ten else 1
        bar.set("numUnitsPerSegment", f"{step * ten:g}")
        # A page of the atlas has a scale of its own.
        longest = f"map_get(item_variables('map'), 'map_scale') * {LONGEST_SEGMENT_MM * self.scale / 1e6:g}"
        steps = "CASE WHEN @km >= 5 * @ten THEN 5 WHEN @km >= 2 * @ten THEN 2 ELSE 1 END * @ten"
        chosen = f"with_variable('km', {longest}, with_variable('ten', 10 ^ floor(log10(@km)), {steps}))"
        holder = SubElement(bar, "LayoutObject")
        holder.append(data_defined({"dataDefinedScalebarSegmentWidth": chosen}, "dataDefinedProperties"))
        bar.append(self.text_style(6.5))
        return bar


def unread(text: str) -> str:
    """Part what QGIS would read as an expression in a label."""
    return text.replace("[%", "[ %")


def told_within(texts: Iterable[str], width: int) -> list[str]:
    """Break texts, each into lines of its own, that QGIS does not read as expressions."""
    return [line for text in texts for line in wrapped(unread(text), width).split("\n")]


def wrapped(text: str, width: int) -> str:
    """
    Break a text into few lines, which QGIS does not in a legend, nor where there are no blanks.

    Between clauses where that takes no more lines, else so that they are of like width. Wide letters count as two.
    """

    def lines(limit: int, parts: Iterable[tuple[str, int, int]]) -> list[str]:
        made, taken = [""], 0
        for part, whole, bare in parts:
            if made[-1] and taken + bare > limit:
                made.append("")
                taken = 0
            made[-1] += part
            taken += whole
        return [line.rstrip(" ·") for line in made]

    # Nothing is wider than a line, such as an id without an end.
    short = [piece[at : at + width] for piece in PIECE.findall(text) for at in range(0, len(piece), width)]
    pieces, clauses = (
        [(part, display_width(part), display_width(part.rstrip(" ·"))) for part in parts]
        for parts in (short, CLAUSE.findall(text))
    )
    few = len(lines(width, pieces))
    is_fit = len(lines(width, clauses)) <= few and all(bare <= width for *_, bare in clauses)
    parts = clauses if is_fit else pieces
    # A wider line never takes more of them.
    narrow = bisect.bisect_left(range(width), -few, lo=1, key=lambda one: -len(lines(one, parts)))
    return "\n".join(lines(narrow, parts))
