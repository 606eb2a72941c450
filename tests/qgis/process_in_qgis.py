"""Run under a Python with PyQGIS: load the plugin and run its algorithms, as JSON.

Usage: process_in_qgis.py PLUGINS RUNS.json, whose runs are [name, parameters, when to cancel] each.
"""

from __future__ import annotations

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback, QgsProject, QgsVectorLayer


class Feedback(QgsProcessingFeedback):
    """Keep what is said, and cancel at a word."""

    def __init__(self, cancel_at: str) -> None:
        super().__init__(False)
        self.cancel_at, self.said, self.shares = cancel_at, [], []

    def setProgressText(self, text: str) -> None:  # noqa: N802
        self.said.append(text)
        if self.cancel_at and self.cancel_at in text:
            self.cancel()

    def setProgress(self, share: float) -> None:  # noqa: N802
        self.shares.append(share)
        super().setProgress(share)

    def pushInfo(self, text: str) -> None:  # noqa: N802
        self.said.append(text)

    def reportError(self, text: str, fatalError: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002, N802, N803
        self.said.append(text)


def main(plugins: str, runs: str) -> None:
    application = QgsApplication([], False)
    application.initQgis()
    sys.path.insert(0, plugins)
    import spatial_integration  # noqa: PLC0415 - lies in the folder that is given

    plugin = spatial_integration.classFactory(None)
    plugin.initProcessing()
    registry = QgsApplication.processingRegistry()
    asked, answers = json.loads(open(runs, encoding="utf-8").read()), []  # noqa: SIM115, PTH123
    for name, parameters, cancel_at in asked:
        algorithm = registry.createAlgorithmById(f"spatial:{name}")
        context, feedback = QgsProcessingContext(), Feedback(cancel_at)
        context.setProject(QgsProject.instance())
        is_fit, why = algorithm.checkParameterValues(parameters, context)
        results, is_done = algorithm.run(parameters, context, feedback) if is_fit else ({}, False)
        layers = {}
        for key, value in results.items():
            if str(value).endswith(".gpkg"):
                layer = QgsVectorLayer(value, key, "ogr")
                layers[key] = {
                    "valid": layer.isValid(),
                    "features": layer.featureCount(),
                    "crs": layer.crs().authid(),
                    "renderer": layer.renderer().type(),
                }
        said = [why] * (not is_fit) + feedback.said
        answers.append({"done": is_done, "results": results, "layers": layers, "said": said, "shares": feedback.shares})
    shown = {one.id(): one.displayName() for one in registry.providerById("spatial").algorithms()}
    imported = sorted(name for name in sys.modules if name == "spatial" or name.startswith("spatial."))
    plugin.unload()
    told = {"runs": answers, "algorithms": shown, "imported": imported}
    print("RESULT " + json.dumps(told, ensure_ascii=False, default=str))  # noqa: T201 - the caller reads it
    sys.stdout.flush()
    os._exit(0)  # QGIS may crash while it shuts down


if __name__ == "__main__":
    main(*sys.argv[1:])
