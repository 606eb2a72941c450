"""All files of a folder: which of them a study reads, as what, and what nobody but the user can decide."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd

from spatial.crs import WGS84
from spatial.errors import CrsError, SourceError
from spatial.formats.vector import FORMATS, REMEDIES, open_frame
from spatial.inputs.inspection.guesses import Ground
from spatial.inputs.inspection.inspecting import OSM_ENDINGS, RASTER_ENDINGS, inspect_file
from spatial.inputs.inspection.reports import FileReport, LayerReport, Proposal, Setting
from spatial.study.sources import TableSource

if TYPE_CHECKING:
    from collections.abc import Iterator


_PARTS = {
    ".dbf",
    ".shx",
    ".prj",
    ".cpg",
    ".sbn",
    ".sbx",
    ".qix",
    ".qmd",
    ".qml",
    ".qgz",
    ".qgs",
    ".ovr",
    ".lock",
    ".md5",
}
_OURS = {"source.toml", "readme.md", "readme.txt", "licence.txt", "license.txt"}


@dataclass(eq=False)
class FolderReport:
    """A folder as a study would use it."""

    files: list[FileReport] = field(default_factory=list)  # files that were read, in the order of their names
    # parts of the study file in the order to write them
    proposals: list[Proposal] = field(default_factory=list)
    # what only the user can decide, beside the undecided settings of the proposals
    to_decide: list[str] = field(default_factory=list)
    # files, or layers of files, that are not used, with the reason
    unused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def language(self) -> str:
        """
        The language of most files.

        Returns zh, en or fr; empty where none is told.
        """
        told = [report.language for report in self.files if report.language]
        return max(sorted(set(told)), key=told.count) if told else ""


def inspect_folder(folder: Path, *, raw: Path) -> FolderReport:
    """
    Look into every file of a folder and below it, and choose what each is to a study.

    Coordinates that a file does not explain are held against the files that do: their extent, and their roads.
    """
    if not folder.is_dir():
        raise SourceError(f"folder {folder}: not found; name the folder that holds the files of the study")
    result = FolderReport()
    for path in _files(folder):
        shown = path.relative_to(folder).as_posix()
        fault = _not_read(path)
        if fault:
            result.unused.append((shown, fault))
            continue
        try:
            result.files.append(inspect_file(path, raw=raw))
        except (SourceError, CrsError) as error:
            result.unused.append((shown, str(error).removeprefix(f"file {path}: ")))
    if not result.files:
        listed = "".join(f"\n  - {name}: {why}" for name, why in result.unused)
        raise SourceError(f"folder {folder}: no file that is read; put the files of the study there{listed}")
    ground = _ground(result.files)
    if ground.bounds is not None:
        result.files = [
            inspect_file(report.path, raw=raw, ground=ground) if _is_open(report) else report
            for report in result.files
        ]
    _choose(result)
    return result


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, and every folder of a file geodatabase as one."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        bases = [name for name in folders if name.lower().endswith(".gdb")]
        folders[:] = [name for name in folders if name not in bases]
        yield from (Path(here) / name for name in sorted([*names, *bases]) if not _is_part(Path(here) / name))


def _is_part(path: Path) -> bool:
    name = path.name.lower()
    hidden = name.startswith((".", "~$")) or name in _OURS or name.endswith((".aux.xml", ".shp.xml"))
    return (
        hidden
        or path.suffix.lower() in _PARTS - {".dbf"}
        or (path.suffix.lower() == ".dbf" and any(path.with_suffix(end).exists() for end in (".shp", ".SHP")))
    )


def _not_read(path: Path) -> str:
    name = path.name.lower()
    if name.endswith((*OSM_ENDINGS, *RASTER_ENDINGS, *FORMATS, ".zip")):
        return ""
    return REMEDIES.get(path.suffix.lower(), f"the ending {path.suffix!r} is not read")


def _is_open(report: FileReport) -> bool:
    """Whether anything about the coordinates of a file is a guess, or could be doubted."""
    return any(
        layer.kind in {"settlements", "facilities", "roads", "boundaries"}
        and (layer.coordinates or layer.extent)
        for layer in report.layers
    )


def _ground(files: list[FileReport]) -> Ground:
    """Say where the study lies by the files that say their CRS; roads among them settle shifted coordinates."""
    sure = [(report, layer) for report in files for layer in report.layers if layer.bounds is not None]
    for wanted in ("roads", "osm", "boundaries", "settlements", "facilities", "population", "elevation"):
        chosen = [(report, layer) for report, layer in sure if layer.kind == wanted]
        if not chosen:
            continue
        boxes = [layer.bounds for _, layer in chosen if layer.bounds is not None]
        bounds = (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )
        report, layer = chosen[0]
        roads = _roads(report, layer) if wanted == "roads" else None
        return Ground(bounds, roads, report.named)
    return Ground()


def _roads(report: FileReport, layer: LayerReport) -> gpd.GeoDataFrame | None:
    keys = {
        setting.key: setting.value
        for setting in (layer.proposal.settings if layer.proposal is not None else ())
        if setting.key in {"layer", "encoding"}
    }
    frame = open_frame(report.path, TableSource(path=report.named, **keys), what="roads")
    return frame.to_crs(WGS84) if isinstance(frame, gpd.GeoDataFrame) else None


def _join_lists(found: dict[str, list[tuple[FileReport, LayerReport]]], result: FolderReport) -> None:
    """Beside places with coordinates, a list of settlements without them is joined onto these."""
    lists = [pair for pair in found.get("settlements", []) if pair[1].others]
    placed = [pair for pair in found.get("settlements", []) if not pair[1].others]
    if not lists or not (placed or found.get("osm")):
        return
    found["settlements"] = placed
    onto = _label(*placed[0]) if placed else _label(*found["osm"][0])
    for report, layer in lists:
        result.to_decide.append(
            f"{_label(report, layer)} has no coordinates: its numbers are joined onto the settlements of {onto}; "
            "if it is the list of settlements itself, take [sources.settlements] with coordinates = 'none' as "
            f"`spatial inspect {report.path.name}` proposes it"
        )
    found["attributes"] = [
        (report, replace(layer, proposal=replace(layer.others[0], is_suggestion=False)))
        for report, layer in lists
    ]


def _choose(result: FolderReport) -> None:
    found: dict[str, list[tuple[FileReport, LayerReport]]] = {}
    for report, layer in [(file, layer) for file in result.files for layer in file.layers]:
        why = _why_not(layer)
        if not why:
            found.setdefault(layer.kind, []).append((report, layer))
            continue
        result.unused.append((_label(report, layer), why))
        if not layer.is_hidden:
            result.to_decide.append(f"{_label(report, layer)} is not used: {why}")
    _join_lists(found, result)
    for kind in ("osm", "settlements", "attributes", "facilities", "roads", "boundaries", "water", "flows"):
        _take(result, kind, found.get(kind, []))
    for kind in ("population", "elevation", "landcover"):
        _rasters(result, kind, found.get(kind, []))
    for kind in ("decisions", "official_totals"):
        layers = [layer for _, layer in found.get(kind, [])]
        result.proposals += [layer.proposal for layer in layers if layer.proposal is not None]
        result.proposals += [other for layer in layers for other in layer.others]
    kinds = {proposal.section.removeprefix("sources.") for proposal in result.proposals}
    if not kinds & {"osm", "settlements"}:
        result.to_decide.append(
            "no file of settlements was found: name one in [sources.settlements], or an extract"
        )
    if not kinds & {"osm", "roads"}:
        result.to_decide.append(
            "no file of roads was found: name one in [sources.roads], or an extract in [sources.osm]"
        )


def _why_not(layer: LayerReport) -> str:
    """Say why a layer is not used; empty where it is."""
    if layer.problem:
        return layer.problem
    if layer.is_hidden:
        return "the workbook hides this sheet"
    if layer.kind == "unknown" or layer.proposal is None:
        return f"what is it? {'; '.join(layer.reasons) or 'nothing shows it'}"
    return ""


def _label(report: FileReport, layer: LayerReport) -> str:
    return f"{report.named}, {layer.name!r}" if layer.name else report.named


def _take(result: FolderReport, kind: str, found: list[tuple[FileReport, LayerReport]]) -> None:
    proposals = [layer.proposal for _, layer in found if layer.proposal is not None]
    if kind in {"attributes", "facilities", "water"} or len(proposals) <= 1:
        result.proposals += proposals
        return
    listed = ", ".join(_label(report, layer) for report, layer in found)
    result.to_decide.append(
        f"several files may be the {kind}: {listed}; keep one of the [sources.{kind}] below"
    )
    result.proposals += [replace(proposal, is_suggestion=True) for proposal in proposals]


def _rasters(result: FolderReport, kind: str, found: list[tuple[FileReport, LayerReport]]) -> None:
    """Tiles of one raster become its list of files; files of shares become fractions."""
    if not found:
        return
    plain = [report.named for report, layer in found if _key(layer) == "path"]
    shares = {_key(layer).split(".")[1]: report.named for report, layer in found if _key(layer) != "path"}
    if (plain and shares) or (kind == "population" and len(plain) > 1):
        listed = ", ".join(report.named for report, _ in found)
        result.to_decide.append(
            f"several rasters may be the {kind}: {listed}; keep one of the [sources.{kind}] below"
        )
        result.proposals += [
            replace(layer.proposal, is_suggestion=True) for _, layer in found if layer.proposal is not None
        ]
        return
    if shares:
        settings = [Setting(f"fractions.{number}", shares[number]) for number in sorted(shares, key=int)]
    else:
        settings = [Setting("path", plain[0])] if len(plain) == 1 else [Setting("paths", plain)]
    result.proposals.append(Proposal(f"sources.{kind}", tuple(settings)))


def _key(layer: LayerReport) -> str:
    assert layer.proposal is not None
    return layer.proposal.settings[0].key
