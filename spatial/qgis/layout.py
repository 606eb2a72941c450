"""A page of A4 in the project, so that a printed map says what it is: title, status, date, approval and licences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement

from spatial.qgis.palette import INK

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PrintPage", "layouts_element", "unread"]

PAGE, MAP, LABEL, LEGEND, SCALE_BAR = "65638", "65639", "65641", "65642", "65646"
"""Kinds of layout items, as QGIS numbers them."""
CENTRED = "4"
DEPTHS = {PAGE: "0", MAP: "1"}
"""What lies below everything else."""
WIDTH_MM, HEIGHT_MM, RIM_MM = 297.0, 210.0, 10.0
MAP_BOX = (RIM_MM, 27.0, 190.0, 157.0)
"""Left, top, width and height in mm."""
STEPS = (1, 2, 5)
PARTS_OF_WIDTH = 5.0


class PrintPage(NamedTuple):
    """What the page shows."""

    name: str  # name of the layout in QGIS
    title: str  # title; status, date and approval; licences
    facts: str
    small_print: str
    # west, south, east and north in the project's CRS, to be shown whole
    extent: tuple[float, float, float, float]
    in_metres: bool  # whether that CRS counts in metres; a scale bar is drawn then
    # id, title, data source and provider of the layers in the legend
    layers: Sequence[tuple[str, str, str, str]]


def layouts_element(page: PrintPage) -> Element:
    """Write the project's layouts."""
    root = Element("Layouts")
    layout = SubElement(root, "Layout", {"name": page.name, "units": "mm", "printResolution": "300"})
    pages = SubElement(layout, "PageCollection")
    pages.append(_item(PAGE, page, "page", (0.0, 0.0, WIDTH_MM, HEIGHT_MM), background=True))
    whole = WIDTH_MM - 2 * RIM_MM
    layout.append(_label(page, "title", page.title, (RIM_MM, 8.0, whole, 9.0), size=14, bold=True))
    layout.append(_label(page, "facts", page.facts, (RIM_MM, 18.0, whole, 7.0), size=10, bold=False))
    layout.append(
        _label(page, "small print", page.small_print, (RIM_MM, 187.0, whole, 17.0), size=6, bold=False)
    )
    layout.append(_map(page))
    right = MAP_BOX[0] + MAP_BOX[2]
    north = _label(page, "north", "↑\nN", (right - 10.0, MAP_BOX[1] + 2.0, 8.0, 11.0), size=12, bold=True)
    north.set("halign", CENTRED)
    layout.append(north)
    layout.append(_legend(page))
    if page.in_metres:
        layout.append(_scale_bar(page))
    return root


def unread(text: str) -> str:
    """
    Part what QGIS would read as an expression in a label.

    Examples
    --------
    >>> unread("[% @project_path %]")
    '[ % @project_path %]'
    """
    return text.replace("[%", "[ %")


def _uuid(page: PrintPage, name: str) -> str:
    return f"{{{uuid5(NAMESPACE_URL, f'{page.name}/{name}')}}}"


def _item(
    kind: str,
    page: PrintPage,
    name: str,
    box: tuple[float, float, float, float],
    *,
    background: bool = False,
    frame: bool = False,
) -> Element:
    left, top, width, height = box
    number = _uuid(page, name)
    return Element(
        "LayoutItem",
        {
            "type": kind,
            "uuid": number,
            "templateUuid": number,
            "id": name,
            "position": f"{left},{top},mm",
            "positionOnPage": f"{left},{top},mm",
            "size": f"{width},{height},mm",
            "referencePoint": "0",
            "opacity": "1",
            "visibility": "1",
            "background": str(background).lower(),
            "frame": str(frame).lower(),
            "outlineWidthM": "0.2,mm",
            "zValue": DEPTHS.get(kind, "2"),
        },
    )


def _text_style(size: int, *, bold: bool) -> Element:
    red, green, blue = (int(INK[start : start + 2], 16) for start in (1, 3, 5))
    return Element(
        "text-style",
        {
            "fontSize": str(size),
            "fontSizeUnit": "Point",
            "fontFamily": "sans-serif",
            "fontWeight": "75" if bold else "50",
            "forcedBold": "1" if bold else "0",
            "textColor": f"{red},{green},{blue},255",
            "textOpacity": "1",
            "multilineHeight": "1",
            "multilineHeightUnit": "Percentage",
        },
    )


def _label(
    page: PrintPage, name: str, text: str, box: tuple[float, float, float, float], *, size: int, bold: bool
) -> Element:
    element = _item(LABEL, page, name, box)
    element.attrib |= {
        "labelText": unread(text),
        "htmlState": "0",
        "halign": "1",
        "valign": "32",
        "marginX": "0",
        "marginY": "0",
    }
    element.append(_text_style(size, bold=bold))
    return element


def _map(page: PrintPage) -> Element:
    element = _item(MAP, page, "map", MAP_BOX, background=True, frame=True)
    element.attrib |= {"followPreset": "false", "keepLayerSet": "false", "drawCanvasItems": "true"}
    west, south, east, north = _fitted(page.extent)
    SubElement(
        element, "Extent", {"xmin": str(west), "ymin": str(south), "xmax": str(east), "ymax": str(north)}
    )
    SubElement(element, "LayerSet")
    return element


def _fitted(extent: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Widen an extent to the shape of the map's box."""
    west, south, east, north = extent
    shape = MAP_BOX[2] / MAP_BOX[3]
    width = max(east - west, (north - south) * shape)
    height = width / shape
    x, y = (west + east) / 2, (south + north) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _legend(page: PrintPage) -> Element:
    left = MAP_BOX[0] + MAP_BOX[2] + 3.0
    element = _item(LEGEND, page, "legend", (left, MAP_BOX[1], WIDTH_MM - RIM_MM - left, MAP_BOX[3]))
    element.attrib |= {
        "map_uuid": _uuid(page, "map"),
        "resizeToContents": "1",
        "symbolWidth": "5",
        "symbolHeight": "3",
        "boxSpace": "1",
        "wrapChar": "\n",
    }
    styles = SubElement(element, "styles")
    for name, size, bold, margins in (
        ("title", 10, True, {}),
        ("group", 9, True, {"marginTop": "3"}),
        ("subgroup", 8, True, {"marginTop": "3"}),
        ("symbol", 7, False, {"marginTop": "1"}),
        ("symbolLabel", 7, False, {"marginTop": "1", "marginLeft": "2"}),
    ):
        style = SubElement(styles, "style", {"name": name, "alignment": "1", "indent": "0", **margins})
        style.append(_text_style(size, bold=bold))
    tree = SubElement(element, "layer-tree-group")
    for identifier, title, source, provider in page.layers:
        attributes = {"id": identifier, "name": title, "source": source, "providerKey": provider}
        SubElement(
            tree,
            "layer-tree-layer",
            attributes | {"checked": "Qt::Checked", "legend_exp": "", "expanded": "1"},
        )
    return element


def _scale_bar(page: PrintPage) -> Element:
    west, _, east, _ = _fitted(page.extent)
    part_m = _round_number((east - west) / PARTS_OF_WIDTH / 2)
    in_km = part_m >= 1000.0
    left, top = MAP_BOX[0] + 3.0, MAP_BOX[1] + MAP_BOX[3] - 10.0
    element = _item(SCALE_BAR, page, "scale bar", (left, top, 60.0, 8.0), background=True)
    element.attrib |= {
        "mapUuid": _uuid(page, "map"),
        "style": "Single Box",
        "unitType": "km" if in_km else "meters",
        "unitLabel": "km" if in_km else "m",
        "numMapUnitsPerScaleBarUnit": "1",
        "numUnitsPerSegment": f"{part_m / 1000.0 if in_km else part_m:g}",
        "numSegments": "2",
        "numSegmentsLeft": "0",
        "height": "1.5",
        "labelBarSpace": "1",
        "boxContentSpace": "1",
        "segmentSizeMode": "0",
    }
    element.append(_text_style(7, bold=False))
    return element


def _round_number(most: float) -> float:
    """Give the largest of 1, 2 and 5 times a power of ten that is no larger."""
    power = 10.0 ** len(str(int(most)))
    while power > most:
        power /= 10.0
    return max(step * power for step in STEPS if step * power <= most)
