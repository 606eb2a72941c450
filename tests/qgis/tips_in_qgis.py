"""Run under a Python with PyQGIS: tell what a pointer shows of the features of layers, as one JSON line.

Usage: tips_in_qgis.py PROJECT.qgz
"""

from __future__ import annotations

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsProject,
    QgsVectorLayer,
)


def tips(layer: object) -> list[str]:
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    shown = []
    for feature in layer.getFeatures():
        context.setFeature(feature)
        shown.append(QgsExpression.replaceExpressionText(layer.mapTipTemplate(), context))
    return shown


def main(project: str) -> None:
    application = QgsApplication.instance() or QgsApplication([], False)
    application.initQgis()
    opened = QgsProject.instance()
    opened.read(project)
    layers = [layer for layer in opened.mapLayers().values() if isinstance(layer, QgsVectorLayer)]
    found = {layer.name(): tips(layer) for layer in layers if layer.mapTipTemplate()}
    print("RESULT " + json.dumps(found), flush=True)  # noqa: T201 - the caller reads it
    os._exit(0)  # QGIS may crash while it shuts down


if __name__ == "__main__":
    main(sys.argv[1])
