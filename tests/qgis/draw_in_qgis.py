"""Run under a Python with PyQGIS: draw a point into a project's own layers and say what their forms ask, as JSON.

Usage: draw_in_qgis.py PROJECT.qgz [LONGITUDE LATITUDE SERVICE]
"""

from __future__ import annotations

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsFieldConstraints,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)


def asked(layer: object) -> dict[str, object]:
    fields = {}
    for index, field in enumerate(layer.fields()):
        setup, limits = field.editorWidgetSetup(), field.constraints()
        fields[field.name()] = {
            "widget": setup.type(),
            "config": setup.config(),
            "default": layer.defaultValueDefinition(index).expression(),
            "needed": limits.constraintStrength(QgsFieldConstraints.ConstraintNotNull)
            == QgsFieldConstraints.ConstraintStrengthHard,
            "must": limits.constraintExpression(),
        }
    can_edit = layer.startEditing()
    layer.rollBack()
    return {"valid": layer.isValid(), "read_only": layer.readOnly(), "can_edit": can_edit, "fields": fields}


def main(file: str, longitude: str = "104.2", latitude: str = "28.6", service: str = "hospital") -> None:
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    assert project.read(file)
    layers = {name: one for name, one in project.mapLayers().items() if isinstance(one, QgsVectorLayer)}
    own = {name: layer for name, layer in layers.items() if name.startswith("spatial_edits_")}
    answer = {
        "first_group": project.layerTreeRoot().children()[0].name(),
        "own": {name: asked(layer) for name, layer in own.items()},
        "results_can_edit": [name for name, layer in layers.items() if name not in own and layer.startEditing()],
    }
    sites = own["spatial_edits_candidate_sites"]
    sites.startEditing()
    feature = QgsVectorLayerUtils.createFeature(
        sites, QgsGeometry.fromPointXY(QgsPointXY(float(longitude), float(latitude))), {}
    )
    feature["service"] = service
    sites.addFeature(feature)
    assert sites.commitChanges(), sites.commitErrors()
    print("RESULT " + json.dumps(answer, ensure_ascii=False))  # noqa: T201 - the caller reads it
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while it shuts down


if __name__ == "__main__":
    main(*sys.argv[1:])
