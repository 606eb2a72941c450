"""
The plugin of QGIS: algorithms of Processing that call the package in its own Python, which `settings.json` names.

It stands alone in a profile of QGIS, needs PyQGIS and Python 3.9 alone, and never imports the package.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsFeatureSink,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsProcessingProvider,
    QgsSettings,
    QgsVectorFileWriter,
)
from qgis.PyQt.QtGui import QIcon

HERE = Path(__file__).parent
FOREIGN = ("PYTHON", "GDAL_", "OGR_", "PROJ_", "QT_", "QGIS_", "DYLD_", "LD_LIBRARY_PATH", "LD_PRELOAD", "VIRTUAL_ENV")
"""Begin what QGIS sets for itself in the environment, and what would lead another Python astray."""
LAST_LINES = 15
"""Lines that are shown of a call that failed without a message of the package."""
PATIENCE_S = 10.0
"""Seconds that a call has to end by itself."""
SHAPES = {"point": "TypeVectorPoint", "line": "TypeVectorLine", "polygon": "TypeVectorPolygon"}


def read_json(name: str) -> Any:
    """Read a file that stands beside this one."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def texts() -> tuple[str, dict[str, str]]:
    """Give the language of QGIS, English where the plugin does not speak it, and its texts."""
    language = str(QgsSettings().value("locale/userLocale", "") or QgsApplication.locale())[:2]
    every = read_json("texts.json")
    return (language, every[language]) if language in every else ("en", every["en"])


class Algorithm(QgsProcessingAlgorithm):
    """One algorithm, as `algorithms.json` describes it."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key, self.items = key, read_json("algorithms.json")[key]
        self.language, self.words = texts()

    def createInstance(self) -> Algorithm:  # noqa: N802 - as QGIS has it
        """Make another one."""
        return Algorithm(self.key)

    def name(self) -> str:
        """Name it in scripts and for `qgis_process`."""
        return self.key

    def displayName(self) -> str:  # noqa: N802 - as QGIS has it
        """Name it for people."""
        return self.words[self.key]

    def icon(self) -> QIcon:
        """Show what it belongs to."""
        return QIcon(str(HERE / "icon.svg"))

    def shortHelpString(self) -> str:  # noqa: N802 - as QGIS has it
        """Say what it does; each parameter has a text of its own."""
        return self.words[f"{self.key}_help"]

    def initAlgorithm(self, configuration: Any = None) -> None:  # noqa: ARG002, N802 - as QGIS has it
        """Declare parameters and outputs."""
        for item in self.items:
            name, of, default, may_lack = item["name"], item.get("of"), item.get("default"), item.get("optional", False)
            title, kind = self.words[name.lower()], item["kind"]
            if kind == "told":
                self.addOutput(QgsProcessingOutputString(name, title))
                continue
            if kind == "layer":
                shape = getattr(QgsProcessing, SHAPES.get(of, "TypeVectorAnyGeometry"))
                made = QgsProcessingParameterFeatureSource(name, title, [shape], None, may_lack)
            elif kind in ("field", "number_field"):
                numeric = QgsProcessingParameterField.Numeric
                holds = numeric if kind == "number_field" else QgsProcessingParameterField.Any
                made = QgsProcessingParameterField(name, title, None, of, holds, False, may_lack)
            elif kind == "choice":
                said = [self.words.get(f"{name.lower()}_{choice}", choice) for choice in of]
                made = QgsProcessingParameterEnum(name, title, said, False, 0, may_lack)
            elif kind == "number":
                whole = item.get("whole", False)
                holds = QgsProcessingParameterNumber.Integer if whole else QgsProcessingParameterNumber.Double
                made = QgsProcessingParameterNumber(name, title, holds, default, may_lack, item["least"])
            elif kind == "output":
                made = QgsProcessingParameterVectorDestination(name, title, getattr(QgsProcessing, SHAPES[of]))
            elif kind == "text":
                made = QgsProcessingParameterString(name, title, default, False, may_lack)
            else:
                behaviour = QgsProcessingParameterFile.Folder if kind == "folder" else QgsProcessingParameterFile.File
                made = QgsProcessingParameterFile(name, title, behaviour, of if kind == "file" else "", None, may_lack)
            made.setHelp(self.words[f"{name.lower()}_help"])
            self.addParameter(made)

    def processAlgorithm(self, parameters: dict[str, Any], context: Any, feedback: Any) -> dict[str, Any]:  # noqa: N802
        """Write the layers that are given, call the package, and tell what it wrote."""
        with tempfile.TemporaryDirectory(prefix="spatial-qgis-") as folder:
            given: dict[str, Any] = {"language": self.language}
            outputs: dict[str, Any] = {}
            for item in self.items:
                name, kind = item["name"], item["kind"]
                if kind == "layer":
                    value = self.written(parameters, name, Path(folder), context, feedback)
                elif kind == "choice":
                    value = item["of"][self.parameterAsEnum(parameters, name, context)]
                elif kind == "number":
                    value = self.parameterAsDouble(parameters, name, context)
                elif kind == "output":
                    value = outputs[name] = self.parameterAsOutputLayer(parameters, name, context)
                elif kind == "told":
                    continue
                else:
                    value = self.parameterAsString(parameters, name, context) or None
                given[name.lower()] = value
            return outputs | self.called(given, Path(folder), feedback)

    def written(self, parameters: dict[str, Any], name: str, folder: Path, context: Any, feedback: Any) -> str | None:
        """Write what is given of a layer, the selected features where only these are wanted, into a GeoPackage."""
        source = self.parameterAsSource(parameters, name, context)
        if source is None:
            return None
        path = str(folder / f"{name.lower()}.gpkg")
        options = QgsVectorFileWriter.SaveVectorOptions()
        # A column of the user's may be called as a GeoPackage calls its own.
        options.layerName, options.layerOptions = name.lower(), ["FID=spatial_fid", "GEOMETRY_NAME=spatial_geometry"]
        writer = QgsVectorFileWriter.create(
            path, source.fields(), source.wkbType(), source.sourceCrs(), context.transformContext(), options
        )
        features = source.getFeatures()
        for feature in features:
            if feedback.isCanceled() or not writer.addFeature(feature, QgsFeatureSink.FastInsert):
                break
        problem = writer.errorMessage()
        del writer  # closes the file
        if problem:
            raise QgsProcessingException(f"{self.words[name.lower()]}: {problem}")
        return path

    def called(self, given: dict[str, Any], folder: Path, feedback: Any) -> dict[str, Any]:
        """Call the package, show how far it is, and end it where somebody cancels."""
        python = read_json("settings.json")["python"]
        asked, answer = folder / "asked.json", folder / "answer.json"
        asked.write_bytes(json.dumps(given).encode("utf-8"))  # before Python 3.10 texts have no newline
        beside = Path(given["study"]).parent if given.get("study") else folder
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        process_options: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            process_options = {"creationflags": subprocess.CREATE_NO_WINDOW}  # type: ignore[attr-defined, unused-ignore]
        try:
            process: Any = subprocess.Popen(  # noqa: S603 - the Python that the user's settings name
                [python, "-m", "spatial", "qgis", "call", self.key, str(asked), str(answer)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd=beside if beside.is_dir() else folder,
                env=own | {"PYTHONUTF8": "1"},
                **process_options,
            )
        except OSError as error:
            told = self.words["no_python"].format(python=python, settings=HERE / "settings.json")
            raise QgsProcessingException(f"{told} ({error})") from error
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self.read, args=(process.stdout, lines), daemon=True).start()
        said: list[str] = []
        while True:
            if feedback.isCanceled():
                self.end(process)
                raise QgsProcessingException(self.words["cancelled"])
            try:
                line = lines.get(timeout=0.2)
            except queue.Empty:
                continue
            if line is None:
                break
            if line.startswith("progress "):
                _, share, text = line.split(" ", 2)
                feedback.setProgress(100.0 * float(share))
                feedback.setProgressText(text)
                continue
            said.append(line)
            if not any(one.startswith("error: ") for one in said):
                feedback.pushInfo(line)
        is_done = process.wait() == 0 and answer.is_file()
        process.stdin.close()
        process.stdout.close()
        if not is_done:
            first = next((place for place, line in enumerate(said) if line.startswith("error: ")), -LAST_LINES)
            told = "\n".join(said[first:]).removeprefix("error: ")
            raise QgsProcessingException(told or self.words["no_answer"].format(python=python))
        return dict(json.loads(answer.read_text(encoding="utf-8")))

    @staticmethod
    def read(stream: Any, lines: queue.Queue[str | None]) -> None:
        """Hand on what a call says, line by line; None at its end."""
        for line in stream:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    @staticmethod
    def end(process: Any) -> None:
        """End a call: it goes by itself when its standard input ends, and is made to where it does not."""
        process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            if os.name == "nt":
                subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], check=False)  # noqa: S603, S607
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Provider(QgsProcessingProvider):
    """The package among the providers of Processing."""

    def id(self) -> str:
        """Begin the names of its algorithms."""
        return "spatial"

    def name(self) -> str:
        """Name it for people."""
        return texts()[1]["provider"]

    def icon(self) -> QIcon:
        """Show it in the toolbox."""
        return QIcon(str(HERE / "icon.svg"))

    def loadAlgorithms(self) -> None:  # noqa: N802 - as QGIS has it
        """Put every algorithm into the toolbox."""
        for key in read_json("algorithms.json"):
            self.addAlgorithm(Algorithm(key))


class Plugin:
    """What QGIS loads."""

    def __init__(self) -> None:
        self.provider: Provider | None = None

    def initProcessing(self) -> None:  # noqa: N802 - as QGIS has it
        """Add the provider; `qgis_process` asks for no more."""
        self.provider = Provider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:  # noqa: N802 - as QGIS has it
        """Add the provider to the toolbox."""
        self.initProcessing()

    def unload(self) -> None:
        """Take it away again."""
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)


def classFactory(_interface: Any) -> Plugin:  # noqa: N802 - as QGIS has it
    """Give QGIS the plugin."""
    return Plugin()
