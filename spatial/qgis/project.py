"""The QGIS project: groups, order, extent and looks by template, with relative paths."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import geopandas as gpd
import numpy as np

from spatial.qgis.layer import GROUPS, SHELVES
from spatial.qgis.layers import build_layers
from spatial.qgis.layout import PrintPage, layouts_element, unread
from spatial.qgis.meta import load_messages
from spatial.qgis.palette import BASE, INK
from spatial.qgis.styles import QGIS_VERSION, style_attributes, style_elements
from spatial.store import Artifact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyproj

    from spatial.qgis.layer import QgisLayer
    from spatial.qgis.meta import Messages, QgisMeta
    from spatial.qgis.rasters import QgisRaster
    from spatial.qgis.styles import Style

__all__ = ["approval_line", "project_facts", "project_title", "write_project"]

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
    return write_project_of(layers, name=name, words=load_messages(languages[0]), meta=meta, rasters=rasters)


def project_title(words: Messages, meta: QgisMeta) -> str:
    """Title of the project's window and metadata."""
    title = words.text(
        "project",
        "title",
        title=words.pick(meta.title),
        status=words.text("project", f"status_{meta.status}"),
        date=words.date(meta.as_of),
    )
    return f"{words.text('project', 'synthetic')} · {title}" if meta.synthetic else title


def approval_line(words: Messages, meta: QgisMeta) -> str:
    """Say the approval number of the maps."""
    if meta.map_approval:
        return words.text("project", "map_approval", number=meta.map_approval)
    return words.text("project", "approval_wanted") if meta.approval_wanted else ""


def project_facts(words: Messages, meta: QgisMeta) -> str:
    """Say in one line what a map of the project is."""
    facts = words.text(
        "project",
        "facts",
        status=words.text("project", f"status_{meta.status}"),
        date=words.date(meta.as_of),
        basis=words.text("project", f"basis_{meta.population_basis}"),
    )
    return " · ".join(part for part in (facts, approval_line(words, meta)) if part)


def write_project_of(
    layers: Sequence[QgisLayer],
    *,
    name: str,
    words: Messages,
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
    root.append(_canvas(layers, crs))
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
    words: Messages,
    meta: QgisMeta,
    *,
    in_metres: bool,
) -> PrintPage:
    title = words.pick(meta.title)
    legend = [entry for entry in shown if entry.visible and entry.group in LEGEND_GROUPS]
    return PrintPage(
        name=words.text("project", "layout"),
        title=f"{words.text('project', 'synthetic')} · {title}" if meta.synthetic else title,
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


def _tree(shown: Sequence[Entry], pictures: Sequence[Entry], words: Messages) -> Element:
    root = Element("layer-tree-group")
    for group in GROUPS:
        # Rasters lie below everything else.
        members = [entry for entry in [*shown, *pictures] if entry.group == group]
        if not members:
            continue
        branch = _branch(root, words.text("groups", group), expanded=group == "results")
        for shelf in ("", *SHELVES):
            own = [entry for entry in members if entry.shelf == shelf]
            place = _branch(branch, words.text("shelves", shelf)) if own and shelf else branch
            for entry in own:
                _leaf(place, entry)
    order = SubElement(root, "custom-order", {"enabled": "1"})
    for entry in _drawn([*shown, *pictures]):
        SubElement(order, "item").text = entry.identifier
    return root


def _branch(parent: Element, name: str, *, expanded: bool = False) -> Element:
    attributes = {"name": name, "checked": "Qt::Checked", "expanded": "1" if expanded else "0"}
    return SubElement(parent, "layer-tree-group", attributes)


def _leaf(parent: Element, entry: Entry) -> None:
    attributes = {
        "id": entry.identifier,
        "name": entry.element.findtext("layername", ""),
        "source": entry.element.findtext("datasource", ""),
        "providerKey": entry.element.findtext("provider", ""),
        "checked": "Qt::Checked" if entry.visible else "Qt::Unchecked",
        "expanded": "1" if entry.visible and entry.group == "results" else "0",
    }
    SubElement(parent, "layer-tree-layer", attributes)


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


def _canvas(layers: Sequence[QgisLayer], crs: pyproj.CRS) -> Element:
    element = Element("mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    SubElement(element, "units").text = "degrees" if crs.is_geographic else "meters"
    element.append(_extent_element(layers))
    SubElement(element, "rotation").text = "0"
    SubElement(element, "destinationsrs").append(_srs(crs))
    return element


def _view(layers: Sequence[QgisLayer], crs: pyproj.CRS) -> Element:
    element = Element("ProjectViewSettings", {"UseProjectScales": "0", "rotation": "0"})
    west, south, east, north = (str(np.round(value, 3)) for value in _extent(layers))
    extent = {"xmin": west, "ymin": south, "xmax": east, "ymax": north}
    SubElement(element, "DefaultViewExtent", extent).append(_srs(crs))
    return element


def _properties(words: Messages, meta: QgisMeta) -> Element:
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
    for item, label, placement in (
        ("CopyrightLabel", " · ".join(meta.licences), "1"),
        ("TitleLabel", _across_the_map(words, meta), "3"),
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


def _across_the_map(words: Messages, meta: QgisMeta) -> str:
    notice = words.text("project", "synthetic") if meta.synthetic else ""
    return "\n".join(part for part in (notice, project_facts(words, meta)) if part)


def _metadata(title: str, words: Messages, meta: QgisMeta) -> Element:
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
