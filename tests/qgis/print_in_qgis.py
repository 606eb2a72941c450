"""Run under a Python with PyQGIS: open a project, ask its layers, and print every layout, as one JSON line.

Usage: print_in_qgis.py PROJECT.qgz FOLDER [A4]
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (  # type: ignore[import-not-found]
    Qgis,
    QgsApplication,
    QgsLayoutExporter,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsLayoutItemRegistry,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QImage  # type: ignore[import-not-found]

DPI = 60
PAGE = QgsLayoutItemRegistry.ItemType.LayoutPage


def legend_rows(legend: object) -> list[str]:
    model = legend.model()
    return [str(row.data(0)) for layer in model.rootGroup().findLayers() for row in model.layerLegendNodes(layer)]


def printed(layout: object, folder: Path, number: int) -> dict[str, object]:
    items = layout.items()
    (page,) = [item for item in items if isinstance(item, QgsLayoutItemMap)]
    (legend,) = [item for item in items if isinstance(item, QgsLayoutItemLegend)]
    themes = QgsProject.instance().mapThemeCollection()
    settings, plain = QgsLayoutExporter.ImageExportSettings(), QgsLayoutExporter.PdfExportSettings()
    settings.dpi = plain.dpi = DPI
    picture = str(folder / f"{number}.png")
    answer = {
        "visible": sorted(themes.mapThemeVisibleLayerIds(page.followVisibilityPresetName())),
        "legend": sorted(node.layerId() for node in legend.model().rootGroup().findLayers()),
        "rows": legend_rows(legend),
        "picture": int(QgsLayoutExporter(layout).exportToImage(picture, settings)),
        "pdf": int(QgsLayoutExporter(layout).exportToPdf(str(folder / "p.pdf"), plain)),
        "labels": {item.id(): item.currentText() for item in items if isinstance(item, QgsLayoutItemLabel)},
    }
    # What the legend needs is known once it was drawn.
    place, paper = legend.scenePos(), layout.pageCollection().page(0).rect()
    answer["legend_fits"] = (
        place.x() + legend.rect().width() <= paper.width() and place.y() + legend.rect().height() <= paper.height()
    )
    boxes = {item.id(): item for item in items if isinstance(item, QgsLayoutItem) and item.type() != PAGE}
    if issues := boxes.pop("issues", None):
        needs, whole = issues.sizeForText(), issues.rect()
        answer["issues_fit"] = needs.width() <= whole.width() and needs.height() <= whole.height()
        where = {name: item.mapRectToScene(item.rect()) for name, item in boxes.items()}
        box = issues.mapRectToScene(whole)
        answer["issues_cover"] = [name for name, one in where.items() if one.intersects(box)]
    image = QImage(picture).convertToFormat(QImage.Format.Format_RGB32)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    pixels = memoryview(bits).cast("B").cast("I")
    left, top = (int(value * DPI / 25.4) for value in (page.pos().x(), page.pos().y()))
    width, height = (int(value * DPI / 25.4) for value in (page.rect().width(), page.rect().height()))
    starts = (y * image.width() + left for y in range(top, top + height))
    inside = set().union(*(pixels[start : start + width] for start in starts))
    atlas = layout.atlas()
    answer |= {"size": [image.width(), image.height()], "drawn": len(inside)}
    answer["atlas"] = atlas.updateFeatures() if atlas.enabled() else 0
    if atlas.enabled() and atlas.beginRender():
        atlas.first()
        answer["first"] = {item.id(): item.currentText() for item in items if isinstance(item, QgsLayoutItemLabel)}
        answer["closer"] = page.scale()
        atlas.endRender()
    return answer


def asked(layer: object) -> dict[str, object]:
    fields = layer.fields()
    setups = {field.name(): field.editorWidgetSetup() for field in fields}
    return {
        "valid": layer.isValid(),
        "read_only": layer.readOnly(),
        "tip": layer.mapTipTemplate(),
        "maps": {name: setup.config() for name, setup in setups.items() if setup.type() == "ValueMap"},
        "tabs": [tab.name() for tab in layer.editFormConfig().tabs()],
        "title": layer.metadata().title(),
        "licences": layer.metadata().licenses(),
        "dates": layer.metadata().dateTime(Qgis.MetadataDateType.Created).toString("yyyy-MM-dd"),
        "styles": layer.styleManager().styles(),
        "kept_free": layer.labelsEnabled() and not layer.labeling().settings().drawLabels,
    }


def main(file: str, folder: str, paper: str = "") -> None:
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    answer: dict[str, object] = {"read": project.read(file), "abstract": project.metadata().abstract()}
    answer["across"] = project.readEntry("TitleLabel", "/Label")[0]
    answer["themes"] = project.mapThemeCollection().mapThemes()
    answer["bookmarks"] = [mark.name() for mark in project.bookmarkManager().bookmarks()]
    answer["relations"] = {name: one.isValid() for name, one in project.relationManager().relations().items()}
    answer["layers"] = {
        name: asked(layer) for name, layer in project.mapLayers().items() if isinstance(layer, QgsVectorLayer)
    }
    layouts = [one for one in project.layoutManager().printLayouts() if paper in one.name()]
    answer["prints"] = {one.name(): printed(one, Path(folder), i) for i, one in enumerate(layouts)}
    # As somebody who works in it does: save it, in another folder, and open it again.
    themes, copy = set(answer["themes"]), str(Path(folder) / "saved.qgz")
    is_saved = project.write(copy) and project.read(copy) and set(project.mapThemeCollection().mapThemes()) == themes
    answer["again"] = is_saved and all(layer.isValid() for layer in project.mapLayers().values())
    print("RESULT " + json.dumps(answer, ensure_ascii=False))  # noqa: T201 - the caller reads it
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while it shuts down


if __name__ == "__main__":
    main(*sys.argv[1:])
