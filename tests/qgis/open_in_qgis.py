"""Run under a Python with PyQGIS: open layers of a service or a database and say what they hold, as JSON.

Usage: open_in_qgis.py PROVIDER URI [URI ...]
"""

from __future__ import annotations

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import QgsApplication, QgsVectorLayer, QgsWkbTypes  # type: ignore[import-not-found]


def main(provider: str, *addresses: str) -> None:
    application = QgsApplication([], False)
    application.initQgis()
    answer = []
    for address in addresses:
        layer = QgsVectorLayer(address, "layer", provider)
        shape = QgsWkbTypes.geometryDisplayString(layer.geometryType())
        rows = sum(1 for _ in layer.getFeatures())
        said = layer.fields().field(0).comment() if layer.isValid() else ""
        answer.append({"valid": layer.isValid(), "rows": rows, "shape": shape, "said": said})
    print("RESULT " + json.dumps(answer, ensure_ascii=False))  # noqa: T201 - the caller reads it
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while it shuts down


if __name__ == "__main__":
    main(*sys.argv[1:])
