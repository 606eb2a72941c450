"""The QGIS project: groups, order, extent and looks by template, with relative paths, and a printed page."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent

import geopandas as gpd
import pandas as pd
import pyproj

from spatial.messages import Words
from spatial.plain_text import xml_text
from spatial.qgis.forms import (
    TABS,
    Relation,
    edit_layers,
    field_configuration,
    form_elements,
    map_tip,
    relations_element,
    relations_of,
    value_maps,
)
from spatial.qgis.layer import EXCLUSIVE, GROUPS, SHELVES, QgisLayer, QgisMeta, Shown
from spatial.qgis.layouts import Extent, LegendEntry, Print, layouts_element, unread
from spatial.qgis.sld import QgisRaster
from spatial.qgis.styles import (
    BASE,
    INK,
    QGIS_VERSION,
    Style,
    aliases_element,
    name_expression,
    option,
    style_attributes,
    style_elements,
    texts,
)
from spatial.reporting import wording
from spatial.store import Artifact

# The QGIS project: groups, order, extent and looks by template, with relative paths.

OPEN_SHELF = 4
"""Sub-groups of up to so many layers open unfolded."""
MARGIN = 0.06
"""Blank rim around the study, as a share of its extent."""


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
    withheld = words.say("project", "withheld", number=meta.below) if meta.below else ""
    return " · ".join(part for part in (facts, approval_line(words, meta), withheld) if part)


@dataclass(frozen=True)
class Entry:
    """A layer of the project."""

    identifier: str  # its id
    element: Element  # its ``maplayer``
    group: str  # where it stands
    shown: Shown


class Theme(NamedTuple):
    """What is switched on for one question, above the base."""

    name: str
    finding: str
    entries: list[tuple[Entry, str]]  # with the style that each has in it


def write_project_of(
    layers: Sequence[QgisLayer], *, name: str, words: Words, meta: QgisMeta, rasters: Sequence[QgisRaster] = ()
) -> Artifact:
    """Write the project of finished layers."""
    crs = next(layer.crs for layer in layers if layer.style is not None)
    start = f"spatial_{name}_"  # QGIS replaces ids of ten characters and less
    relations = relations_of(layers)
    entries = []
    for layer in layers:
        describe = partial(_vector, layer, relations=relations, name=name, words=words, meta=meta)
        element = describe(layer.title, layer.style, layer.shown, f"{start}{layer.table}")
        entries.append(Entry(f"{start}{layer.table}", element, layer.group, layer.shown))
        for look in layer.more_looks:
            one = f"{start}{layer.table}_{look.key}"
            entries.append(Entry(one, describe(look.title, look.style, look, one), look.group, look))
    if meta.edits:
        drawn = [(element.findtext("id", ""), element) for element in edit_layers(words, meta)]
        entries += [Entry(identifier, element, "edits", Shown()) for identifier, element in drawn]
    entries.sort(key=lambda entry: GROUPS.index(entry.group))
    for raster in rasters:
        identifier = f"spatial_raster_{raster.name}"
        element = Element("maplayer", {"type": "raster"})
        _about_layer(element, identifier, raster.title, f"./{raster.name}.tif")
        SubElement(element, "provider").text = "gdal"
        SubElement(element, "srs").append(_srs(raster.crs))
        element.append(raster.pipe)
        entries.append(Entry(identifier, element, raster.group, Shown(shelf=raster.shelf)))
    frames = {layer.table: layer.frame for layer in layers}
    area = gpd.GeoDataFrame(frames.get("study_area", frames["settlements"]))
    extent = _with_rim(area.total_bounds, least=1000.0)
    title = project_title(words, meta)
    root = Element("qgis", {"projectname": title, "version": QGIS_VERSION})
    SubElement(root, "homePath", {"path": ""})
    SubElement(root, "title").text = title
    SubElement(root, "projectCrs").append(_srs(crs))
    root.append(_tree(entries, words))
    root.append(relations_element(relations, start))
    canvas = SubElement(root, "mapcanvas", {"name": "theMapCanvas", "annotationsVisible": "1"})
    texts(canvas, units="degrees" if crs.is_geographic else "meters", rotation="0")
    texts(SubElement(canvas, "extent"), **extent.attributes())
    SubElement(canvas, "destinationsrs").append(_srs(crs))
    SubElement(root, "projectlayers").extend(entry.element for entry in entries)
    order = SubElement(root, "layerorder")
    for entry in _drawn(entries):
        SubElement(order, "layer", {"id": entry.identifier})
    root.append(_properties(words, meta))
    base = [entry for entry in entries if entry.group == "base" and entry.shown.visible]
    # What answers each question; the small project's questions alone, so that a list of them stays short.
    named: dict[str, Theme] = {}
    for entry in entries:
        if entry.shown.theme and entry.shown.slim:
            theme = named.setdefault(entry.shown.theme, Theme(entry.shown.theme, entry.shown.finding, []))
            theme.entries.append((entry, "default"))
    for entry in entries:
        for theme_name, style in entry.shown.beside.items():
            if theme_name in named:
                named[theme_name].entries.append((entry, style))
    themes = list(named.values())
    root.append(_themes_element(themes, base, entries, words))
    about = SubElement(root, "projectMetadata")
    _describe(about, "", title, project_facts(words, meta), words, meta)
    about.find("abstract").text = "\n\n".join(  # type: ignore[union-attr]
        part for part in (project_facts(words, meta), words.pick(meta.note), meta.method, *meta.issues) if part
    )
    root.append(_bookmarks(frames, crs, words))
    view = SubElement(root, "ProjectViewSettings", {"UseProjectScales": "0", "rotation": "0"})
    SubElement(view, "DefaultViewExtent", extent.attributes()).append(_srs(crs))
    atlas = next((entry for entry in entries if entry.identifier == f"{start}townships"), None)
    stamp = words.say("project", "synthetic") if meta.synthetic else ""
    heading = words.say("project", "heading", what=words.say("project", "issues"))
    prints = [
        Print(
            name=theme.name,
            theme=theme.name,
            headline=theme.finding or theme.name,
            below=" · ".join(filter(None, (stamp, words.pick(meta.title), theme.name if theme.finding else ""))),
            facts=project_facts(words, meta),
            small_print=" · ".join(meta.licences),
            extent=extent,
            in_metres=crs.is_projected,
            legend=[
                *(LegendEntry(entry.element, entry.shown.legend) for entry, _ in theme.entries),
                *(LegendEntry(entry.element, "") for entry in base),
            ],
            atlas=atlas.element if atlas else None,
            atlas_name=name_expression(gpd.GeoDataFrame(frames["townships"]), words.language) if atlas else "",
            issues=(heading, *meta.faults) if meta.faults else (),
        )
        for theme in themes
    ]
    root.append(layouts_element(prints))
    indent(root, space=" ")
    for item in root.iter():
        # QGIS reads expressions in names of layers and legends too: none is of ours but in map tips and labels.
        if item.tag != "mapTip":
            item.text = item.text and unread(item.text)
        item.attrib.update({key: unread(text) for key, text in item.attrib.items() if key != "labelText"})
    text = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + xml_text(root)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        # A date of its own: the clock would change the bytes.
        file = zipfile.ZipInfo(f"{name}.qgs", (1980, 1, 1, 0, 0, 0))
        archive.writestr(file, text.encode("utf-8"), zipfile.ZIP_DEFLATED)
    return Artifact(f"{name}.qgz", buffer.getvalue())


def _with_rim(bounds: Iterable[float], least: float) -> Extent:
    """Widen bounds by a share of their longer side."""
    west, south, east, north = (float(value) for value in bounds)
    rim = max(east - west, north - south, least) * MARGIN
    return Extent(west - rim, south - rim, east + rim, north + rim)


def _vector(  # noqa: PLR0913 - a layer of the project, as one or another look has it
    layer: QgisLayer,
    title: str,
    style: Style | None,
    shown: Shown,
    identifier: str,
    *,
    relations: Sequence[Relation],
    name: str,
    words: Words,
    meta: QgisMeta,
) -> Element:
    kind = {"Point": "Point", "LineString": "Line", "Polygon": "Polygon"}.get(layer.geometry, "No geometry")
    attributes = {"type": "vector", "geometry": kind, "refreshOnNotifyEnabled": "0", "readOnly": "1"}
    if style is not None:
        attributes |= style_attributes(style, shown.smallest_scale)
    element = Element("maplayer", attributes)
    _about_layer(element, identifier, title, f"./{name}.gpkg|layername={layer.table}")
    SubElement(element, "abstract").text = layer.description
    SubElement(element, "provider", {"encoding": "UTF-8"}).text = "ogr"
    about = SubElement(element, "resourceMetadata")
    _describe(about, identifier, title, layer.description, words, meta)
    maps = value_maps(layer, style, words, meta)
    if style is not None:
        SubElement(element, "srs").append(_srs(layer.crs))
        SubElement(about, "crs").append(_srs(layer.crs))
        element.extend(style_elements(style, layer.aliases))
        SubElement(element, "mapTip", {"enabled": "1"}).text = map_tip(layer, style, words)
        if layer.styles and identifier.endswith(layer.table):
            manager = SubElement(element, "map-layer-style-manager", {"current": "default"})
            SubElement(manager, "map-layer-style", {"name": "default"})
            for other, look in layer.styles.items():
                root = SubElement(SubElement(manager, "map-layer-style", {"name": other}), "qgis")
                root.attrib |= {"version": QGIS_VERSION, "styleCategories": "Symbology|Labeling"}
                root.attrib |= style_attributes(look, shown.smallest_scale)
                root.extend(style_elements(look, {}))
    else:
        element.append(aliases_element(layer.aliases))
    element.append(field_configuration(maps))
    if layer.table in TABS:
        element.extend(form_elements(layer, relations, words, meta))
    return element


def _describe(about: Element, identifier: str, title: str, text: str, words: Words, meta: QgisMeta) -> None:
    """Fill the fields that QGIS takes from ISO 19115."""
    kind = "dataset" if identifier else "project"
    texts(about, identifier=identifier, language=words.language, type=kind, title=title, abstract=text)
    topics = SubElement(about, "keywords", {"vocabulary": "gmd:topicCategory"})
    SubElement(topics, "keyword").text = "society"
    SubElement(topics, "keyword").text = "planningCadastre"
    SubElement(SubElement(about, "dates"), "date", {"type": "Created", "value": f"{meta.as_of.isoformat()}T00:00:00"})
    limits = approval_line(words, meta) if meta.map_approval or meta.approval_wanted else ""
    for kind, value in (("useLimitation", project_facts(words, meta)), ("otherRestrictions", limits)):
        if value:
            SubElement(about, "constraints", {"type": kind}).text = value
    for line in meta.licences:
        SubElement(about, "license").text = line
    SubElement(about, "history").text = meta.method


def _themes_element(themes: Sequence[Theme], base: Sequence[Entry], entries: Sequence[Entry], words: Words) -> Element:
    root = Element("visibility-presets")
    # The groups that layers stand in, from the outermost, as QGIS names them.
    groups = set()
    for group, shelf, branch in {(entry.group, entry.shown.shelf, entry.shown.branch) for entry in entries}:
        names = filter(None, (words.say("groups", group), shelf and words.say("shelves", shelf), branch))
        groups |= set(accumulate(names, "{}/{}".format))
    for theme in themes:
        told = {"name": theme.name, "has-expanded-info": "0", "has-checked-group-info": "1"}
        preset = SubElement(root, "visibility-preset", told)
        for entry, style in (*theme.entries, *((entry, "default") for entry in base)):
            SubElement(preset, "layer", {"id": entry.identifier, "visible": "1", "style": style, "expanded": "0"})
        checked = SubElement(preset, "checked-group-nodes")
        for path in sorted(groups):
            SubElement(checked, "checked-group-node", {"id": path})
    return root


def _bookmarks(frames: Mapping[str, pd.DataFrame], crs: pyproj.CRS, words: Words) -> Element:
    """Mark the extent of each township."""
    root = Element("Bookmarks")
    if "townships" not in frames:
        return root
    frame = gpd.GeoDataFrame(frames["townships"])
    names = wording.name_in(frame, words.language).fillna(frame["boundary_id"])
    group = words.say("project", "townships")
    for place, (name, bounds) in enumerate(zip(names, frame.geometry.bounds.to_numpy(), strict=True)):
        west, south, east, north = (round(value, 3) for value in _with_rim(bounds, least=0.0))
        ring = f"Polygon (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"
        told = {"id": f"township_{place + 1}", "group": group, "extent": ring, "rotation": "0", "name": name}
        SubElement(root, "Bookmark", told).append(_srs(crs))
    return root


def _about_layer(element: Element, identifier: str, title: str, source: str) -> None:
    texts(element, id=identifier, datasource=source, layername=title, shortname=identifier)


def _srs(crs: pyproj.CRS) -> Element:
    element = Element("spatialrefsys", {"nativeFormat": "Wkt"})
    authority = crs.to_authority()
    texts(element, wkt=crs.to_wkt(), authid=":".join(authority) if authority else "", description=crs.name)
    texts(element, geographicflag="true" if crs.is_geographic else "false")
    return element


def _tree(entries: Sequence[Entry], words: Words) -> Element:
    root = Element("layer-tree-group")
    for group in GROUPS:
        members = [entry for entry in entries if entry.group == group]
        if not members:
            continue
        branch = _branch(root, words.say("groups", group), expanded=group == "results")
        for shelf in ("", *SHELVES):
            own = [entry for entry in members if entry.shown.shelf == shelf]
            if not own:
                continue
            is_short = len(own) <= OPEN_SHELF
            place = _branch(branch, words.say("shelves", shelf), expanded=is_short) if shelf else branch
            for entry in own:
                home, inner = place, entry.shown.branch
                if inner:
                    found = [one for one in place if one.get("name") == inner]
                    home = found[0] if found else _branch(place, inner, checked=entry.shown.visible)
                shown = {
                    "checked": "Qt::Checked" if entry.shown.visible or inner else "Qt::Unchecked",
                    "expanded": "1" if entry.shown.visible and entry.group == "results" else "0",
                }
                told = {"id": "id", "name": "layername", "source": "datasource", "providerKey": "provider"}
                attributes = {key: entry.element.findtext(tag, "") for key, tag in told.items()}
                SubElement(home, "layer-tree-layer", attributes | shown)
            if shelf in EXCLUSIVE:
                states = [child.get("checked") == "Qt::Checked" for child in place]
                place.set("mutually-exclusive", "1")
                place.set("mutually-exclusive-child", str(states.index(True) if any(states) else -1))
    order = SubElement(root, "custom-order", {"enabled": "1"})
    for entry in _drawn(entries):
        SubElement(order, "item").text = entry.identifier
    return root


def _branch(parent: Element, name: str, *, expanded: bool = False, checked: bool = True) -> Element:
    state = "Qt::Checked" if checked else "Qt::Unchecked"
    return SubElement(
        parent, "layer-tree-group", {"name": name, "checked": state, "expanded": "1" if expanded else "0"}
    )


def _drawn(entries: Sequence[Entry]) -> list[Entry]:
    """Order entries from top to bottom: areas of results lie below water and roads, so that those stay readable."""

    def depth(entry: Entry) -> int:
        if entry.element.get("type") == "raster":
            return 3
        if entry.group == "base":
            return 1
        is_ground = entry.element.get("geometry") == "Polygon" or entry.shown.shelf == "areas"
        return 2 if is_ground and entry.group == "results" else 0

    return sorted(entries, key=depth)


def _properties(words: Words, meta: QgisMeta) -> Element:
    notice = words.say("project", "synthetic") if meta.synthetic else ""
    across_the_map = "\n".join(part for part in (notice, project_facts(words, meta)) if part)
    land = {part: int(BASE["land"][start : start + 2], 16) for part, start in (("Red", 1), ("Green", 3), ("Blue", 5))}
    chosen = {"Red": 255, "Green": 214, "Blue": 0, "Alpha": 255}
    told: dict[str, dict[str, str | int | bool]] = {
        "SpatialRefSys": {"ProjectionsEnabled": 1},
        "Paths": {"Absolute": False},
        "Gui": {
            **{f"CanvasColor{part}Part": value for part, value in land.items()},
            **{f"SelectionColor{part}Part": value for part, value in chosen.items()},
        },
        "Measurement": {"DistanceUnits": "meters", "AreaUnits": "km2"},
    }
    for item, label, placement in (("CopyrightLabel", " · ".join(meta.licences), 1), ("TitleLabel", across_the_map, 3)):
        told[item] = {"Enabled": bool(label), "Label": unread(label), "Placement": placement}
    told["TitleLabel"]["Color"] = INK
    told |= {"ScaleBar": {"Enabled": True, "Placement": 0}, "NorthArrow": {"Enabled": True, "Placement": 2}}
    root = Element("properties")
    for section, values in told.items():
        holder = SubElement(root, section)
        for name, value in values.items():
            written = option("", value)
            SubElement(holder, name, {"type": written.get("type", "")}).text = written.get("value")
    return root
