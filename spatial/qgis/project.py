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
from spatial.qgis.styles import BASE, INK, QGIS_VERSION, style_attributes, style_elements
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
    layout.append(element)
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


def _scale_bar(page: PrintPage) -> Element:
    west, _, east, _ = _fitted(page.extent)
    # Give the largest of 1, 2 and 5 times a power of ten that is no larger.
    most = (east - west) / PARTS_OF_WIDTH / 2
    power = 10.0 ** len(str(int(most)))
    while power > most:
        power /= 10.0
    part_m = max(step * power for step in STEPS if step * power <= most)
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


def write_project_of(
    layers: Sequence[QgisLayer],
    *,
    name: str,
    words: Words,
    meta: QgisMeta,
    rasters: Sequence[QgisRaster] = (),
) -> Artifact:
    """Write the project of finished layers."""
    crs = next(layer.crs for layer in layers if layer.style is not None)
    shown = _entries(layers, name)
    pictures = [_raster_entry(raster) for raster in rasters]
    title = project_title(words, meta)
    root = Element("qgis", {"projectname": title, "version": QGIS_VERSION})
    SubElement(root, "homePath", {"path": ""})
    SubElement(root, "title").text = title
    SubElement(root, "projectCrs").append(_srs(crs))
    root.append(_tree(shown, pictures, words))
    element = Element("mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    SubElement(element, "units").text = "degrees" if crs.is_geographic else "meters"
    element.append(_extent_element(layers))
    SubElement(element, "rotation").text = "0"
    SubElement(element, "destinationsrs").append(_srs(crs))
    root.append(element)
    holder = SubElement(root, "projectlayers")
    holder.extend(entry.element for entry in [*shown, *pictures])
    order = SubElement(root, "layerorder")
    for entry in _drawn([*shown, *pictures]):
        SubElement(order, "layer", {"id": entry.identifier})
    root.append(_properties(words, meta))
    root.append(_metadata(title, words, meta))
    root.append(_view(layers, crs))
    root.append(layouts_element(_print_page(shown, _extent(layers), words, meta, in_metres=crs.is_projected)))
    indent(root, space=" ")
    text = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(root, encoding="unicode")
    return Artifact(f"{name}.qgz", _zip(f"{name}.qgs", text.encode("utf-8")))


def _print_page(
    shown: Sequence[Entry],
    extent: tuple[float, float, float, float],
    words: Words,
    meta: QgisMeta,
    *,
    in_metres: bool,
) -> PrintPage:
    title = words.pick(meta.title)
    legend = [entry for entry in shown if entry.visible and entry.group in LEGEND_GROUPS]
    return PrintPage(
        name=words.say("project", "layout"),
        title=f"{words.say('project', 'synthetic')} · {title}" if meta.synthetic else title,
        facts=project_facts(words, meta),
        small_print=" · ".join(meta.licences),
        extent=extent,
        in_metres=in_metres,
        layers=[
            (
                entry.identifier,
                entry.element.findtext("layername", ""),
                entry.element.findtext("datasource", ""),
                entry.element.findtext("provider", ""),
            )
            for entry in legend
        ],
    )


class Entry(NamedTuple):
    """A layer of the project."""

    identifier: str  # its id
    element: Element  # its ``maplayer``
    group: str  # where it stands
    visible: bool  # whether the project opens with it switched on
    shelf: str = ""  # sub-group in the group; empty for none


def _zip(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        # A date of its own: the clock would change the bytes.
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _entries(layers: Sequence[QgisLayer], name: str) -> list[Entry]:
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
    return sorted(entries, key=lambda entry: GROUPS.index(entry.group))


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


def _raster_entry(raster: QgisRaster) -> Entry:
    identifier = f"spatial_raster_{raster.name}"
    element = Element("maplayer", {"type": "raster"})
    _about_layer(element, identifier, raster.title, f"./{raster.name}.tif")
    SubElement(element, "provider").text = "gdal"
    SubElement(element, "srs").append(_srs(raster.crs))
    element.append(raster.pipe)
    return Entry(identifier, element, raster.group, visible=False, shelf=raster.shelf)


def _srs(crs: pyproj.CRS) -> Element:
    element = Element("spatialrefsys", {"nativeFormat": "Wkt"})
    authority = crs.to_authority()
    SubElement(element, "wkt").text = crs.to_wkt()
    SubElement(element, "authid").text = ":".join(authority) if authority else ""
    SubElement(element, "description").text = crs.name
    SubElement(element, "geographicflag").text = "true" if crs.is_geographic else "false"
    return element


def _tree(shown: Sequence[Entry], pictures: Sequence[Entry], words: Words) -> Element:
    root = Element("layer-tree-group")
    for group in GROUPS:
        # Rasters lie below everything else.
        members = [entry for entry in [*shown, *pictures] if entry.group == group]
        if not members:
            continue
        branch = _branch(root, words.say("groups", group), expanded=group == "results")
        for shelf in ("", *SHELVES):
            own = [entry for entry in members if entry.shelf == shelf]
            place = _branch(branch, words.say("shelves", shelf)) if own and shelf else branch
            for entry in own:
                attributes = {
                    "id": entry.identifier,
                    "name": entry.element.findtext("layername", ""),
                    "source": entry.element.findtext("datasource", ""),
                    "providerKey": entry.element.findtext("provider", ""),
                    "checked": "Qt::Checked" if entry.visible else "Qt::Unchecked",
                    "expanded": "1" if entry.visible and entry.group == "results" else "0",
                }
                SubElement(place, "layer-tree-layer", attributes)
    order = SubElement(root, "custom-order", {"enabled": "1"})
    for entry in _drawn([*shown, *pictures]):
        SubElement(order, "item").text = entry.identifier
    return root


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


def _extent(layers: Sequence[QgisLayer]) -> tuple[float, float, float, float]:
    frames = {layer.table: layer.frame for layer in layers}
    chosen = gpd.GeoDataFrame(frames.get("study_area", frames["settlements"]))
    west, south, east, north = (float(value) for value in chosen.total_bounds)
    rim = max(east - west, north - south, 1000.0) * MARGIN
    return west - rim, south - rim, east + rim, north + rim


def _extent_element(layers: Sequence[QgisLayer]) -> Element:
    element = Element("extent")
    for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), _extent(layers), strict=True):
        SubElement(element, tag).text = str(np.round(value, 3))
    return element


def _view(layers: Sequence[QgisLayer], crs: pyproj.CRS) -> Element:
    element = Element("ProjectViewSettings", {"UseProjectScales": "0", "rotation": "0"})
    west, south, east, north = (str(np.round(value, 3)) for value in _extent(layers))
    extent = {"xmin": west, "ymin": south, "xmax": east, "ymax": north}
    SubElement(element, "DefaultViewExtent", extent).append(_srs(crs))
    return element


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
    put("Gui", "SelectionColorRedPart", "int", "255")
    put("Gui", "SelectionColorGreenPart", "int", "214")
    put("Gui", "SelectionColorBluePart", "int", "0")
    put("Gui", "SelectionColorAlphaPart", "int", "255")
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


def _metadata(title: str, words: Words, meta: QgisMeta) -> Element:
    root = Element("projectMetadata")
    SubElement(root, "type").text = "project"
    SubElement(root, "title").text = title
    note = words.pick(meta.note)
    SubElement(root, "abstract").text = "\n\n".join(
        part for part in (project_facts(words, meta), note, meta.method, *meta.issues) if part
    )
    for line in meta.licences:
        SubElement(root, "license").text = line
    dates = SubElement(root, "dates")
    SubElement(dates, "date", {"type": "Created", "value": meta.as_of.isoformat()})
    return root
