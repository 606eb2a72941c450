"""All files of a folder: which of them a study reads, as what, and what nobody but the user can decide."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd

from spatial.crs import WGS84, Bounds
from spatial.errors import CrsError, SourceError
from spatial.formats.vector import FORMATS, REMEDIES, open_frame
from spatial.inputs.inspection.guesses import KnownGround
from spatial.inputs.inspection.inspecting import OSM_ENDINGS, RASTER_ENDINGS, ground_of, inspect_file
from spatial.inputs.inspection.kinds import all_of, kind_word
from spatial.inputs.inspection.reports import FileReport, LayerReport, Proposal, Setting
from spatial.messages import Said
from spatial.study.sources import TableSource

_PARTS = (".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qmd", ".qml", ".qgz", ".qgs", ".ovr", ".lock", ".md5")
_OURS = {"source.toml", "readme.md", "readme.txt", "licence.txt", "license.txt"}


class Found(NamedTuple):
    """A layer that a study may use, with its file."""

    file: FileReport
    layer: LayerReport


class Alternative(NamedTuple):
    """One of several files of which a study takes but one."""

    number: int  # of its proposal
    label: str
    rows: int


class Several(NamedTuple):
    """Files of which a study takes but one, that with most rows first."""

    kind: str
    files: tuple[Alternative, ...]
    text: str  # what there is to decide


@dataclass(eq=False)
class FolderReport:
    """A folder as a study would use it."""

    files: list[FileReport] = field(default_factory=list)  # files that were read, in the order of their names
    # parts of the study file in the order to write them
    proposals: list[Proposal] = field(default_factory=list)
    # what only the user can decide, beside the undecided settings of the proposals
    to_decide: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)  # what would help, and is not there
    several: list[Several] = field(default_factory=list)  # files of which a study takes but one
    # files, or layers of files, that are not used, with the reason
    unused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def language(self) -> str:
        """The language of most files: zh, en or fr; empty where none is told."""
        told = [report.language for report in self.files if report.language]
        return max(sorted(set(told)), key=told.count) if told else ""


def inspect_folder(folder: Path, *, raw: Path) -> FolderReport:
    """Choose what each file of a folder is to a study; clear coordinates of some explain those of others."""
    if not folder.is_dir():
        raise SourceError(f"folder {folder}: not found; name the folder that holds the files of the study")
    result = FolderReport()
    for path in _files(folder):
        fault = ""
        if path.name.lower().endswith((*OSM_ENDINGS, *RASTER_ENDINGS, *FORMATS, ".zip")):
            try:
                result.files.append(inspect_file(path, raw=raw))
            except (SourceError, CrsError) as error:
                fault = str(error).removeprefix(f"file {path}: ")
        else:
            fault = REMEDIES.get(path.suffix.lower()) or Said("ending_unread", ending=path.suffix)
        if fault:
            result.unused.append((path.relative_to(folder).as_posix(), fault))
    if not result.files:
        listed = "".join(f"\n  - {name}: {why}" for name, why in result.unused)
        raise SourceError(f"folder {folder}: no file that is read; put the files of the study there{listed}")
    ground = _ground(result.files)
    for number, report in enumerate(result.files if ground.bounds is not None else ()):
        # Look again where anything about the coordinates is a guess, or could be doubted.
        if any(
            layer.kind in {"settlements", "facilities", "roads", "boundaries"} and (layer.coordinates or layer.extent)
            for layer in report.layers
        ):
            result.files[number] = inspect_file(report.path, raw=raw, ground=ground)
    # Choose what each layer is to the study, and say what only the user can decide.
    found: dict[str, list[Found]] = {}
    for report, layer in [(file, layer) for file in result.files for layer in file.layers]:
        why = layer.problem
        if layer.is_hidden:
            why = why or Said("hidden_sheet")
        elif layer.kind == "unknown" or layer.proposal is None:
            why = why or Said("what_is_it", why=all_of(layer.reasons or (Said("nothing_shows"),)))
        if not why:
            found.setdefault(layer.kind, []).append(Found(report, layer))
            continue
        result.unused.append((_label(report, layer), why))
    # Beside places with coordinates, a list of settlements without them is joined onto these.
    settlements = found.get("settlements", [])
    lists = [one for one in settlements if one.layer.others]
    placed = [one for one in settlements if not one.layer.others]
    places = placed or [one for one in found.get("osm", []) if one.layer.places]
    if lists and places:
        found["settlements"] = placed
        found["attributes"] = []
        for report, layer in lists:
            why = Said("joined_list", places=_label(*places[0]), file=report.path.name)
            joined = layer.others[0]
            settings = (Setting("", None, why, is_guess=True), *joined.settings)
            proposal = replace(joined, settings=settings, is_suggestion=False)
            found["attributes"].append(Found(report, replace(layer, proposal=proposal)))
    for kind in ("osm", "settlements", "attributes", "facilities", "roads", "boundaries", "water", "flows"):
        _take(result, kind, found.get(kind, []))
    for kind in ("population", "elevation", "landcover"):
        _take_rasters(result, kind, found.get(kind, []))
    # Decisions and postcodes are keys of one section.
    placing = [setting for _, layer in found.get("decisions", []) for setting in _settings(layer)]
    tables = [setting.value for _, layer in found.get("postcodes", []) for setting in _settings(layer)]
    coded = [one for one in found.get("facilities", []) if "columns.postcode" in {s.key for s in _settings(one.layer)}]
    if tables and coded:
        placing.append(Setting("postcodes", tables[0] if len(tables) == 1 else tables))
    for table in () if coded else tables:
        result.unused.append((table, Said("postcodes_unused")))
    if placing:
        result.proposals.append(Proposal("placing", tuple(placing)))
    if coded and not tables:
        result.hints.append(Said("postcodes_wanted", files=[_label(*one) for one in coded]))
    official = [layer for _, layer in found.get("official_totals", [])]
    result.proposals += [layer.proposal for layer in official if layer.proposal is not None]
    result.proposals += [other for layer in official for other in layer.others]
    kinds = {proposal.section.removeprefix("sources.") for proposal in result.proposals}
    if not places and "settlements" not in kinds:
        result.to_decide.append(Said("no_settlements"))
    if not kinds & {"osm", "roads"}:
        result.to_decide.append(Said("no_roads"))
    return result


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder that is no part of another, and every folder of a file geodatabase as one."""
    for here, folders, names in os.walk(folder):
        shown = sorted(name for name in folders if not name.startswith((".", "__")))
        bases = [name for name in shown if name.lower().endswith(".gdb")]
        folders[:] = [name for name in shown if name not in bases]
        for path in (Path(here) / name for name in sorted([*names, *bases])):
            name = path.name.lower()
            is_drawn = name.endswith(".dbf") and any(path.with_suffix(end).exists() for end in (".shp", ".SHP"))
            is_part = name.endswith((*_PARTS, ".aux.xml", ".shp.xml")) or is_drawn
            if not (is_part or name.startswith((".", "~$")) or name in _OURS):
                yield path


def _ground(files: list[FileReport]) -> KnownGround:
    """Say where the study lies by the files that say their CRS; roads among them settle shifted coordinates."""
    for wanted in ("roads", "osm", "boundaries", "settlements", "facilities", "population", "elevation"):
        chosen = [
            (report, layer, layer.bounds)
            for report in files
            for layer in report.layers
            if layer.kind == wanted and layer.bounds is not None
        ]
        if not chosen:
            continue
        west, south, east, north = zip(*(bounds for *_, bounds in chosen), strict=True)
        report, layer, _ = chosen[0]
        roads = None
        told_so = (one for file in files for other in file.layers for one in _settings(other))
        # Coordinates of a Chinese map service may be shifted ones.
        if wanted == "osm" and any(
            one.key == "datum" or (one.key == "crs" and one.value == "EPSG:4490") for one in told_so
        ):
            roads = ground_of(report.path).roads
        if wanted == "roads" and layer.proposal is not None:
            told = {setting.key: setting.value for setting in layer.proposal.settings}
            keys = {key: told[key] for key in ("layer", "encoding") if key in told}
            frame = open_frame(report.path, TableSource(path=report.named, **keys), what="roads")
            roads = frame.to_crs(WGS84) if isinstance(frame, gpd.GeoDataFrame) else None
        return KnownGround(Bounds(min(west), min(south), max(east), max(north)), roads, report.named)
    for report in files:
        for layer in report.layers:
            if layer.likely is not None:
                return KnownGround(layer.likely, None, Said("likely_ground", file=report.named))
    return KnownGround()


def _settings(layer: LayerReport) -> tuple[Setting, ...]:
    return layer.proposal.settings if layer.proposal is not None else ()


def _label(report: FileReport, layer: LayerReport) -> str:
    return f"{report.named} [{layer.name}]" if layer.name else report.named


def _take(result: FolderReport, kind: str, found: list[Found]) -> None:
    """Take the layers of a kind; where only one is used, several are for the user to choose from."""
    proposals = [layer.proposal for _, layer in found if layer.proposal is not None]
    if len(proposals) > 1 and kind not in {"attributes", "facilities", "water"}:
        files = [_label(report, layer) for report, layer in found]
        # Files a township have the same columns, and each other ids or names: none of them stands for all.
        fields = [told for _, layer in found for told in layer.fields]
        ids, names = ([t for one in fields if part in one.meaning for t in one.examples] for part in ("_id", "name"))
        is_one = len({tuple(told.name for told in layer.fields) for _, layer in found}) == 1
        are_parts = is_one and any(texts and len(set(texts)) == len(texts) for texts in (ids, names))
        key = "parts_of_one" if are_parts else "several_files"
        text = Said(key, kind=kind_word(kind), files=files, section=kind)
        result.to_decide.append(text)
        first = len(result.proposals)
        if not are_parts:
            offered = [Alternative(first + at, _label(*one), one.layer.rows) for at, one in enumerate(found)]
            result.several.append(Several(kind, tuple(sorted(offered, key=lambda file: -file.rows)), text))
        proposals = [replace(proposal, is_suggestion=True) for proposal in proposals]
    result.proposals += proposals


def _take_rasters(result: FolderReport, kind: str, found: list[Found]) -> None:
    """Take rasters: tiles of one become its list of files, files of shares become fractions."""
    keys = [layer.proposal.settings[0].key for _, layer in found if layer.proposal is not None]
    names = [report.named for report, _ in found]
    plain = [name for key, name in zip(keys, names, strict=True) if key == "path"]
    shares = [(key, name) for key, name in zip(keys, names, strict=True) if key != "path"]
    if (plain and shares) or (kind == "population" and len(plain) > 1):
        _take(result, kind, found)
    elif found:
        shares.sort(key=lambda share: int(share[0].removeprefix("fractions.")))
        settings = [Setting(key, name) for key, name in dict(shares).items()]
        if plain:
            settings = [Setting("path", plain[0]) if len(plain) == 1 else Setting("paths", plain)]
        result.proposals.append(Proposal(f"sources.{kind}", tuple(settings)))
