"""Run under a Python with PyQGIS: hold the SLD of every style of a GeoPackage against its QML, as JSON.

Usage: read_sld_in_qgis.py FILE.gpkg
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    QgsApplication,
    QgsExpressionContext,
    QgsMarkerSymbol,
    QgsRenderContext,
    QgsSimpleFillSymbolLayer,
    QgsSymbol,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtXml import QDomDocument


def colour(symbol: QgsSymbol) -> str:
    """Name what is seen of a symbol: an area without a fill is its outline."""
    first = symbol.symbolLayer(0)
    is_hollow = isinstance(first, QgsSimpleFillSymbolLayer) and first.brushStyle() == Qt.NoBrush
    return str((first.strokeColor() if is_hollow else first.color()).name())


def is_named(layer: QgsVectorLayer) -> bool:
    """Tell whether labels are drawn, and not only kept off."""
    return bool(layer.labelsEnabled() and layer.labeling().settings().drawLabels)


def classes(layer: QgsVectorLayer, sizes: set[float]) -> list[list[list[str]]]:
    """Give the classes of each feature with their colours, in the order of features, and gather the sizes of points."""
    renderer, context = layer.renderer(), QgsRenderContext()
    context.setExpressionContext(QgsExpressionContext(layer.createExpressionContext()))
    renderer.startRender(context, layer.fields())
    items = {item.ruleKey(): item for item in renderer.legendSymbolItems()}
    found = []
    for feature in layer.getFeatures():
        context.expressionContext().setFeature(feature)
        keys = renderer.legendKeysForFeature(feature, context)
        told = [items[key] for key in keys if key in items]
        symbols = [one.symbol() for one in told if one.symbol() is not None]
        # A class of all others has no key of its own; its symbol is drawn all the same.
        drawn = symbols or renderer.symbolsForFeature(feature, context)
        # A class whose circles grow with people is, in SLD, one of each size.
        labels = [one.label().partition(" · ")[0].removesuffix(" *") for one in told if one.symbol() is not None]
        sizes.update(round(one.size(), 1) for one in drawn if isinstance(one, QgsMarkerSymbol))
        found.append([labels, [colour(one) for one in drawn]])
    renderer.stopRender(context)
    return found


def main(file: str) -> None:
    application = QgsApplication([], False)
    application.initQgis()
    answer = {}
    with sqlite3.connect(file) as package:
        rows = package.execute("SELECT f_table_name, styleName, styleQML, styleSLD FROM layer_styles").fetchall()
    for table, name, qml, sld in rows:
        layer = QgsVectorLayer(f"{file}|layername={table}", table, "ogr")
        document = QDomDocument()
        document.setContent(qml)
        layer.importNamedStyle(document)
        wanted, has_labels, sizes = classes(layer, set()), is_named(layer), set()
        document = QDomDocument()
        is_xml = document.setContent(sld, True)[0]
        named = document.firstChildElement("StyledLayerDescriptor").firstChildElement("NamedLayer")
        is_read = layer.readSld(named, "")
        found = classes(layer, sizes) if is_read else []
        pairs = [pair for pair in zip(wanted, found, strict=False) if pair[0] != pair[1]]
        differ = [(old, new) for old, new in pairs if old[0] or old[1] != new[1]]
        answer[name] = {
            "read": is_xml and is_read,
            "features": len(wanted),
            "differ": differ[:3] if len(found) == len(wanted) else ["number"],
            "sizes": sorted(sizes),
            "labels": [has_labels, is_named(layer)],
        }
    print("RESULT " + json.dumps(answer, ensure_ascii=False))  # noqa: T201 - the caller reads it
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while it shuts down


if __name__ == "__main__":
    main(*sys.argv[1:])
