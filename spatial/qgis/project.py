"""The QGIS project: groups, order, extent and looks by template, with relative paths, and a printed page."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, NamedTuple
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import geopandas as gpd
import numpy as np

from spatial.messages import Words
from spatial.qgis.layer import GROUPS, SHELVES
from spatial.qgis.layers import build_layers
from spatial.qgis.styles import BASE, INK, QGIS_VERSION, rgba, style_attributes, style_elements
from spatial.store import Artifact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyproj

    from spatial.qgis.layer import QgisLayer
    from spatial.qgis.meta import QgisMeta
    from spatial.qgis.rasters import QgisRaster
    from spatial.qgis.styles import Style


# A page of A4 in the project, so that a printed map says what it is: title, status, date, approval and licences.

PAGE, MAP, LABEL, LEGEND, SCALE_BAR = "65638", "65639", "65641", "65642", "65646"
"""Kinds of layout items, as QGIS numbers them."""
CENTRED = "4"
WIDTH_MM, HEIGHT_MM, RIM_MM = 297.0, 210.0, 10.0
DEPTHS = {PAGE: "0", MAP: "1"}
"""What lies below everything else."""
STEPS = (1, 2, 5)
PARTS_OF_WIDTH = 5.0


class Box(NamedTuple):
    """Where an item stands on the page, in mm."""

    left: float
    top: float
    width: float
    height: float


class Extent(NamedTuple):
    """A piece of ground, in the project's CRS."""

    west: float
    south: float
    east: float
    north: float


MAP_BOX = Box(RIM_MM, 27.0, 190.0, 157.0)


class PrintPage(NamedTuple):
    """What the page shows."""

    name: str  # name of the layout in QGIS
    title: str  # title; status, date and approval; licences
    facts: str
    small_print: str
    extent: Extent  # to be shown whole
    in_metres: bool  # whether its CRS counts in metres; a scale bar is drawn then
    layers: Sequence[Element]  # the ``maplayer`` of each layer in the legend

    def uuid(self, name: str) -> str:
        """Give an item an id that is the same every time."""
        return f"{{{uuid5(NAMESPACE_URL, f'{self.name}/{name}')}}}"

    def item(self, kind: str, name: str, box: Box, **more: str) -> Element:
        """Build an item of the layout."""
        number = self.uuid(name)
        attributes = {
            "type": kind,
            "uuid": number,
            "templateUuid": number,
            "id": name,
            "position": f"{box.left},{box.top},mm",
            "positionOnPage": f"{box.left},{box.top},mm",
            "size": f"{box.width},{box.height},mm",
            "referencePoint": "0",
            "opacity": "1",
            "visibility": "1",
            "background": "false",
            "frame": "false",
            "outlineWidthM": "0.2,mm",
            "zValue": DEPTHS.get(kind, "2"),
        }
        return Element("LayoutItem", attributes | more)

    def label(self, name: str, text: str, box: Box, *, size: int, bold: bool = False) -> Element:
        """Build a piece of text."""
        still = {"htmlState": "0", "halign": "1", "valign": "32", "marginX": "0", "marginY": "0"}
        element = self.item(LABEL, name, box, labelText=unread(text), **still)
        element.append(_text_style(size, bold=bold))
        return element


def layouts_element(page: PrintPage) -> Element:
    """Write the project's layouts."""
    root = Element("Layouts")
    layout = SubElement(root, "Layout", {"name": page.name, "units": "mm", "printResolution": "300"})
    paper = page.item(PAGE, "page", Box(0.0, 0.0, WIDTH_MM, HEIGHT_MM), background="true")
    SubElement(layout, "PageCollection").append(paper)
    whole = WIDTH_MM - 2 * RIM_MM
    layout.append(page.label("title", page.title, Box(RIM_MM, 8.0, whole, 9.0), size=14, bold=True))
    layout.append(page.label("facts", page.facts, Box(RIM_MM, 18.0, whole, 7.0), size=10))
    layout.append(page.label("small print", page.small_print, Box(RIM_MM, 187.0, whole, 17.0), size=6))
    # The map shows the whole extent, widened to the shape of its box.
    still = {"followPreset": "false", "keepLayerSet": "false", "drawCanvasItems": "true"}
    layout.append(page.item(MAP, "map", MAP_BOX, background="true", frame="true", **still))
    west, south, east, north = page.extent
    shape = MAP_BOX.width / MAP_BOX.height
    width = max(east - west, (north - south) * shape)
    height, x, y = width / shape, (west + east) / 2, (south + north) / 2
    ground = Extent(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    sides = zip(("xmin", "ymin", "xmax", "ymax"), ground, strict=True)
    SubElement(layout[-1], "Extent", {side: str(value) for side, value in sides})
    SubElement(layout[-1], "LayerSet")
    right = MAP_BOX.left + MAP_BOX.width
    arrow = page.label("north", "↑\nN", Box(right - 10.0, MAP_BOX.top + 2.0, 8.0, 11.0), size=12, bold=True)
    arrow.set("halign", CENTRED)
    layout.append(arrow)
    left = MAP_BOX.left + MAP_BOX.width + 3.0
    legend = page.item(LEGEND, "legend", Box(left, MAP_BOX.top, WIDTH_MM - RIM_MM - left, MAP_BOX.height))
    legend.attrib |= {
        "map_uuid": page.uuid("map"),
        "resizeToContents": "1",
        "symbolWidth": "5",
        "symbolHeight": "3",
        "boxSpace": "1",
        "wrapChar": "\n",
    }
    styles = SubElement(legend, "styles")
    for name, size, bold, margins in (
        ("title", 10, True, {}),
        ("group", 9, True, {"marginTop": "3"}),
        ("subgroup", 8, True, {"marginTop": "3"}),
        ("symbol", 7, False, {"marginTop": "1"}),
        ("symbolLabel", 7, False, {"marginTop": "1", "marginLeft": "2"}),
    ):
        style = SubElement(styles, "style", {"name": name, "alignment": "1", "indent": "0", **margins})
        style.append(_text_style(size, bold=bold))
    tree = SubElement(legend, "layer-tree-group")
    for layer in page.layers:
        shown = {"checked": "Qt::Checked", "legend_exp": "", "expanded": "1"}
        SubElement(tree, "layer-tree-layer", _tree_attributes(layer) | shown)
    layout.append(legend)
    if page.in_metres:
        # A part of the scale bar is the largest of 1, 2 and 5 times a power of ten that fits.
        most = (ground.east - ground.west) / PARTS_OF_WIDTH / 2
        power = 10.0 ** len(str(int(most)))
        while power > most:
            power /= 10.0
        part_m = max(step * power for step in STEPS if step * power <= most)
        in_km = part_m >= 1000.0
        box = Box(MAP_BOX.left + 3.0, MAP_BOX.top + MAP_BOX.height - 10.0, 60.0, 8.0)
        bar = page.item(SCALE_BAR, "scale bar", box, background="true")
        bar.attrib |= {
            "mapUuid": page.uuid("map"),
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
        bar.append(_text_style(7))
        layout.append(bar)
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


def _text_style(size: int, *, bold: bool = False) -> Element:
    attributes = {
        "fontSize": str(size),
        "fontSizeUnit": "Point",
        "fontFamily": "sans-serif",
        "fontWeight": "75" if bold else "50",
        "forcedBold": "1" if bold else "0",
        "textColor": rgba(INK),
        "textOpacity": "1",
        "multilineHeight": "1",
        "multilineHeightUnit": "Percentage",
    }
    return Element("text-style", attributes)


# The QGIS project: groups, order, extent and looks by template, with relative paths.

MARGIN = 0.06
"""Blank rim around the study, as a share of its extent."""
LEGEND_GROUPS = ("results", "base")


def write_project(
    tables: Mapping[str, pd.DataFrame],
    *,
    name: str,
    crs: pyproj.CRS | str,
    languages: Sequence[str],
    meta: QgisMeta,
    rasters: Sequence[QgisRaster] = (),
) -> Artifact:
    """Write the project that shows the study's GeoPackage."""
    layers = build_layers(tables, crs=crs, languages=languages, meta=meta)
    return write_project_of(layers, name=name, words=Words(languages[0], "qgis"), meta=meta, rasters=rasters)


def project_title(words: Words, meta: QgisMeta) -> str:
    """Title of the project's window and metadata."""
    title = words.say(
        "project",
        "title",
        title=words.pick(meta.title),
        status=words.say("project", f"status_{meta.status}"),
        date=words.date(meta.as_of),
    )
    return f"{words.say('project', 'synthetic')} · {title}" if meta.synthetic else title


def approval_line(words: Words, meta: QgisMeta) -> str:
    """Say the approval number of the maps."""
    if meta.map_approval:
        return words.say("project", "map_approval", number=meta.map_approval)
    return words.say("project", "approval_wanted") if meta.approval_wanted else ""


def project_facts(words: Words, meta: QgisMeta) -> str:
    """Say in one line what a map of the project is."""
    facts = words.say(
        "project",
        "facts",
        status=words.say("project", f"status_{meta.status}"),
        date=words.date(meta.as_of),
        basis=words.say("project", f"basis_{meta.population_basis}"),
    )
    return " · ".join(part for part in (facts, approval_line(words, meta)) if part)


class Entry(NamedTuple):
    """A layer of the project."""

    identifier: str  # its id
    element: Element  # its ``maplayer``
    group: str  # where it stands
    visible: bool  # whether the project opens with it switched on
    shelf: str = ""  # sub-group in the group; empty for none


def write_project_of(
    layers: Sequence[QgisLayer], *, name: str, words: Words, meta: QgisMeta, rasters: Sequence[QgisRaster] = ()
) -> Artifact:
    """Write the project of finished layers."""
    crs = next(layer.crs for layer in layers if layer.style is not None)
    entries = []
    for layer in layers:
        # QGIS replaces ids of ten characters and less.
        identifier = f"spatial_{name}_{layer.table}"
        element = _vector(layer, layer.title, layer.style, identifier, name)
        entries.append(Entry(identifier, element, layer.group, layer.visible, layer.shelf))
        for look in layer.more_looks:
            one = f"{identifier}_{look.key}"
            element = _vector(layer, look.title, look.style, one, name)
            entries.append(Entry(one, element, look.group, look.visible, look.shelf))
    entries.sort(key=lambda entry: GROUPS.index(entry.group))
    for raster in rasters:
        identifier = f"spatial_raster_{raster.name}"
        element = Element("maplayer", {"type": "raster"})
        _about_layer(element, identifier, raster.title, f"./{raster.name}.tif")
        SubElement(element, "provider").text = "gdal"
        SubElement(element, "srs").append(_srs(raster.crs))
        element.append(raster.pipe)
        entries.append(Entry(identifier, element, raster.group, visible=False, shelf=raster.shelf))
    frames = {layer.table: layer.frame for layer in layers}
    area = gpd.GeoDataFrame(frames.get("study_area", frames["settlements"]))
    west, south, east, north = (float(value) for value in area.total_bounds)
    rim = max(east - west, north - south, 1000.0) * MARGIN
    title, extent = project_title(words, meta), Extent(west - rim, south - rim, east + rim, north + rim)
    corners = {
        side: str(np.round(value, 3)) for side, value in zip(("xmin", "ymin", "xmax", "ymax"), extent, strict=True)
    }
    root = Element("qgis", {"projectname": title, "version": QGIS_VERSION})
    SubElement(root, "homePath", {"path": ""})
    SubElement(root, "title").text = title
    SubElement(root, "projectCrs").append(_srs(crs))
    root.append(_tree(entries, words))
    canvas = SubElement(root, "mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    SubElement(canvas, "units").text = "degrees" if crs.is_geographic else "meters"
    shown = SubElement(canvas, "extent")
    for side, value in corners.items():
        SubElement(shown, side).text = value
    SubElement(canvas, "rotation").text = "0"
    SubElement(canvas, "destinationsrs").append(_srs(crs))
    SubElement(root, "projectlayers").extend(entry.element for entry in entries)
    order = SubElement(root, "layerorder")
    for entry in _drawn(entries):
        SubElement(order, "layer", {"id": entry.identifier})
    root.append(_properties(words, meta))
    about = SubElement(root, "projectMetadata")
    SubElement(about, "type").text = "project"
    SubElement(about, "title").text = title
    parts = (project_facts(words, meta), words.pick(meta.note), meta.method, *meta.issues)
    SubElement(about, "abstract").text = "\n\n".join(part for part in parts if part)
    for line in meta.licences:
        SubElement(about, "license").text = line
    date = {"type": "Created", "value": meta.as_of.isoformat()}
    SubElement(SubElement(about, "dates"), "date", date)
    view = SubElement(root, "ProjectViewSettings", {"UseProjectScales": "0", "rotation": "0"})
    SubElement(view, "DefaultViewExtent", corners).append(_srs(crs))
    plain = words.pick(meta.title)
    page = PrintPage(
        name=words.say("project", "layout"),
        title=f"{words.say('project', 'synthetic')} · {plain}" if meta.synthetic else plain,
        facts=project_facts(words, meta),
        small_print=" · ".join(meta.licences),
        extent=extent,
        in_metres=crs.is_projected,
        layers=[entry.element for entry in entries if entry.visible and entry.group in LEGEND_GROUPS],
    )
    root.append(layouts_element(page))
    indent(root, space=" ")
    text = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(root, encoding="unicode")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        # A date of its own: the clock would change the bytes.
        file = zipfile.ZipInfo(f"{name}.qgs", (1980, 1, 1, 0, 0, 0))
        archive.writestr(file, text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    return Artifact(f"{name}.qgz", buffer.getvalue())


def _vector(layer: QgisLayer, title: str, style: Style | None, identifier: str, name: str) -> Element:
    kind = {"Point": "Point", "LineString": "Line", "Polygon": "Polygon"}.get(layer.geometry, "No geometry")
    attributes = {"type": "vector", "geometry": kind, "refreshOnNotifyEnabled": "0"}
    if style is not None:
        attributes |= style_attributes(style)
    element = Element("maplayer", attributes)
    _about_layer(element, identifier, title, f"./{name}.gpkg|layername={layer.table}")
    SubElement(element, "abstract").text = layer.description
    SubElement(element, "provider", {"encoding": "UTF-8"}).text = "ogr"
    if style is not None:
        SubElement(element, "srs").append(_srs(layer.crs))
        element.extend(style_elements(style, layer.aliases))
    return element


def _about_layer(element: Element, identifier: str, title: str, source: str) -> None:
    SubElement(element, "id").text = identifier
    SubElement(element, "datasource").text = source
    SubElement(element, "layername").text = title
    SubElement(element, "shortname").text = identifier


def _srs(crs: pyproj.CRS) -> Element:
    element = Element("spatialrefsys", {"nativeFormat": "Wkt"})
    authority = crs.to_authority()
    SubElement(element, "wkt").text = crs.to_wkt()
    SubElement(element, "authid").text = ":".join(authority) if authority else ""
    SubElement(element, "description").text = crs.name
    SubElement(element, "geographicflag").text = "true" if crs.is_geographic else "false"
    return element


def _tree(entries: Sequence[Entry], words: Words) -> Element:
    root = Element("layer-tree-group")
    for group in GROUPS:
        members = [entry for entry in entries if entry.group == group]
        if not members:
            continue
        branch = _branch(root, words.say("groups", group), expanded=group == "results")
        for shelf in ("", *SHELVES):
            own = [entry for entry in members if entry.shelf == shelf]
            place = _branch(branch, words.say("shelves", shelf)) if own and shelf else branch
            for entry in own:
                is_open = entry.visible and entry.group == "results"
                shown = {
                    "checked": "Qt::Checked" if entry.visible else "Qt::Unchecked",
                    "expanded": "1" if is_open else "0",
                }
                SubElement(place, "layer-tree-layer", _tree_attributes(entry.element) | shown)
    order = SubElement(root, "custom-order", {"enabled": "1"})
    for entry in _drawn(entries):
        SubElement(order, "item").text = entry.identifier
    return root


def _tree_attributes(layer: Element) -> dict[str, str]:
    """Name a layer in a tree as its ``maplayer`` does."""
    told = {"id": "id", "name": "layername", "source": "datasource", "providerKey": "provider"}
    return {key: layer.findtext(tag, "") for key, tag in told.items()}


def _branch(parent: Element, name: str, *, expanded: bool = False) -> Element:
    attributes = {"name": name, "checked": "Qt::Checked", "expanded": "1" if expanded else "0"}
    return SubElement(parent, "layer-tree-group", attributes)


def _drawn(entries: Sequence[Entry]) -> list[Entry]:
    """Order entries from top to bottom: areas of results lie below water and roads, so that those stay readable."""

    def depth(entry: Entry) -> int:
        if entry.element.get("type") == "raster":
            return 3
        if entry.group == "base":
            return 1
        is_ground = entry.element.get("geometry") == "Polygon" or entry.shelf == "areas"
        return 2 if is_ground and entry.group == "results" else 0

    return sorted(entries, key=depth)


def _properties(words: Words, meta: QgisMeta) -> Element:
    root = Element("properties")

    def put(section: str, name: str, kind: str, value: str) -> None:
        holder = root.find(section)
        if holder is None:
            holder = SubElement(root, section)
        SubElement(holder, name, {"type": kind}).text = value

    put("SpatialRefSys", "ProjectionsEnabled", "int", "1")
    put("Paths", "Absolute", "bool", "false")
    for part, start in (("Red", 1), ("Green", 3), ("Blue", 5)):
        put("Gui", f"CanvasColor{part}Part", "int", str(int(BASE["land"][start : start + 2], 16)))
    for part, value in (("Red", "255"), ("Green", "214"), ("Blue", "0"), ("Alpha", "255")):
        put("Gui", f"SelectionColor{part}Part", "int", value)
    put("Measurement", "DistanceUnits", "QString", "meters")
    put("Measurement", "AreaUnits", "QString", "km2")
    notice = words.say("project", "synthetic") if meta.synthetic else ""
    across_the_map = "\n".join(part for part in (notice, project_facts(words, meta)) if part)
    for item, label, placement in (
        ("CopyrightLabel", " · ".join(meta.licences), "1"),
        ("TitleLabel", across_the_map, "3"),
    ):
        put(item, "Enabled", "bool", "true" if label else "false")
        put(item, "Label", "QString", unread(label))
        put(item, "Placement", "int", placement)
    put("TitleLabel", "Color", "QString", INK)
    put("ScaleBar", "Enabled", "bool", "true")
    put("ScaleBar", "Placement", "int", "0")
    put("NorthArrow", "Enabled", "bool", "true")
    put("NorthArrow", "Placement", "int", "2")
    return root
