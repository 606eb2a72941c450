"""Run under a Python with PyQGIS: open a folder's project and GeoPackage and print what QGIS sees, as one JSON line.

Usage: inspect_in_qgis.py FOLDER NAME [PICTURE.png [layer,layer,...]]
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize  # type: ignore[import-not-found]
from qgis.PyQt.QtGui import QImage  # type: ignore[import-not-found]


def describe(layer: object) -> dict[str, object]:
    seen = {"name": layer.name(), "valid": layer.isValid(), "source": layer.source()}
    if isinstance(layer, QgsRasterLayer):
        return {
            **seen,
            "renderer": layer.renderer().type(),
            "legend": [item.label for item in layer.renderer().shader().rasterShaderFunction().colorRampItemList()],
        }
    fields = layer.fields()
    renderer = layer.renderer()
    return {
        **seen,
        "features": layer.featureCount(),
        "renderer": renderer.type() if renderer else None,
        "attr": renderer.classAttribute() if hasattr(renderer, "classAttribute") else None,
        "classes": [item.label() for item in renderer.categories()] if hasattr(renderer, "categories") else [],
        "values": [item.value() for item in renderer.categories()] if hasattr(renderer, "categories") else [],
        "types": {field.name(): field.typeName() for field in fields},
        "aliases": {field.name(): layer.attributeDisplayName(index) for index, field in enumerate(fields)},
        "comments": {field.name(): field.comment() for field in fields},
        "crs": layer.crs().authid(),
        "labels": layer.labelsEnabled(),
        "display": layer.displayExpression(),
        "licences": layer.metadata().licenses(),
    }


def tree(node: object) -> object:
    if hasattr(node, "layerId"):
        return [node.layerId(), node.itemVisibilityChecked()]
    return {child.name(): tree(child) for child in node.children()}


def draw(project: object, picture: str, layers: list[object]) -> dict[str, float]:
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(project.crs())
    settings.setBackgroundColor(project.backgroundColor())
    settings.setOutputSize(QSize(1280, 960))
    settings.setOutputDpi(120)
    settings.setExtent(project.viewSettings().defaultViewExtent())
    settings.setExpressionContext(project.createExpressionContext())
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(picture)
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    bits, width = plain.constBits(), plain.width()
    bits.setsize(plain.sizeInBytes())
    pixels = memoryview(bits).cast("B").cast("I")
    seen = Counter()
    for y in range(0, plain.height(), 2):
        seen.update(pixels[y * width : (y + 1) * width : 2])
    return {f"#{colour & 0xFFFFFF:06x}": number / seen.total() for colour, number in seen.most_common(40)}


def main(folder: str, name: str, picture: str = "", chosen: str = "") -> None:
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    answer = {
        "read": project.read(str(Path(folder) / f"{name}.qgz")),
        "title": project.title(),
        "crs": project.crs().authid(),
    }
    root = project.layerTreeRoot()
    answer["background"] = project.backgroundColor().name()
    answer["absolute"] = project.readBoolEntry("Paths", "/Absolute", True)[0]
    answer["label"] = project.readEntry("TitleLabel", "/Label")[0]
    extent = project.viewSettings().defaultViewExtent()
    answer["extent"] = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
    answer["groups"] = tree(root)
    answer["project"] = {identifier: describe(layer) for identifier, layer in sorted(project.mapLayers().items())}
    package = str(Path(folder) / f"{name}.gpkg")
    whole = QgsVectorLayer(package, "all", "ogr")
    tables = [item.split("!!::!!")[1] for item in whole.dataProvider().subLayers()]
    # A layer opened by hand takes its look from layer_styles.
    opened = {table: QgsVectorLayer(f"{package}|layername={table}", table, "ogr") for table in tables}
    answer["package"] = {table: describe(layer) for table, layer in opened.items()}
    answer["rasters"] = {
        path.stem: describe(QgsRasterLayer(str(path), path.stem)) for path in sorted(Path(folder).glob("*.tif"))
    }
    if picture:
        wanted = chosen.split(",") if chosen else None
        checked = {node.layerId() for node in root.findLayers() if node.itemVisibilityChecked()}
        layers = [
            layer
            for layer in root.layerOrder()
            if (layer.id() in checked if wanted is None else any(layer.id().endswith(end) for end in wanted))
        ]
        answer["colours"] = draw(project, picture, layers)
    print("RESULT " + json.dumps(answer, ensure_ascii=False))  # noqa: T201 - the caller reads it
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while it shuts down


if __name__ == "__main__":
    main(*sys.argv[1:])
