"""Run under a Python with PyQGIS: print a project's layout to a picture and say what stands on it, as one JSON line.

Usage: print_in_qgis.py PROJECT.qgz PICTURE.png
"""

from __future__ import annotations

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsProject,
)
from qgis.PyQt.QtGui import QImage  # type: ignore[import-not-found]

DPI = 60


def main(file: str, picture: str) -> None:
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    answer: dict[str, object] = {"read": project.read(file), "abstract": project.metadata().abstract()}
    answer["across"] = project.readEntry("TitleLabel", "/Label")[0]
    (layout,) = project.layoutManager().printLayouts()
    items = layout.items()
    answer["name"] = layout.name()
    answer["labels"] = {item.id(): item.currentText() for item in items if isinstance(item, QgsLayoutItemLabel)}
    (legend,) = [item for item in items if isinstance(item, QgsLayoutItemLegend)]
    answer["legend"] = [node.layerId() for node in legend.model().rootGroup().findLayers()]
    answer["legend_mm"] = [legend.pos().x(), legend.rect().width()]
    (page,) = [item for item in items if isinstance(item, QgsLayoutItemMap)]
    answer["scale"] = page.scale()
    settings = QgsLayoutExporter.ImageExportSettings()
    settings.dpi = DPI
    answer["exported"] = int(QgsLayoutExporter(layout).exportToImage(picture, settings))
    image = QImage(picture)
    left, top, width, height = (int(value * DPI / 25.4) for value in (12, 29, 186, 153))
    inside = [image.pixelColor(x, y).name() for x in range(left, left + width) for y in range(top, top + height)]
    answer["size"] = [image.width(), image.height()]
    answer["drawn"] = len(set(inside))
    print("RESULT " + json.dumps(answer, ensure_ascii=False))  # noqa: T201 - the caller reads it
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while it shuts down


if __name__ == "__main__":
    main(*sys.argv[1:])
