"""The next step for a folder that a user stands in, of its studies or files; and hints at it as they can be typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from spatial.plain_text import quoted, toml_table, toml_text

TABLES_AND_MAPS = (".csv", ".xlsx", ".xls", ".gpkg", ".shp", ".geojson", ".gdb", ".kml", ".tif")
"""Endings of files from which `init` writes a study, beside extracts."""
FEW = 3
"""Studies of a folder of which the next step is said."""
HINT = re.compile(r"(spatial (?:\w+ \| )*(\w+)(?: -v)?) STUDY( SETTLEMENT)?")
REPEATED = ("raw", "processed", "maps", "scenario", "language")


def next_steps(here: Path, *, raw: Path, maps: Path, extracts: tuple[str, ...]) -> Iterator[str]:
    """Say the next step for a folder: of the studies in it, else of an extract or of files that lie there."""

    def files_of(folder: Path) -> Iterator[Path]:
        """List the files of a folder that a study may read."""
        return (file for file in sorted(folder.iterdir()) if file.name.lower().endswith((*extracts, *TABLES_AND_MAPS)))

    def studies_among(files: Iterable[Path]) -> dict[Path, str]:
        return {file: name for file in sorted(files) if (name := _study_name(file))}

    # That of the sample county lies with its files.
    studies = studies_among(here.glob("*.toml")) or studies_among(raw.glob("*/study.toml"))
    for file, name in list(studies.items())[:FEW]:
        index = maps / name / "index.html"
        if not index.is_file():
            yield f"{file}: has not run to its pages yet"
            yield from (f"  spatial check {quoted(file)}", f"  spatial run {quoted(file)}")
            continue
        yield f"{file}: has run; open {index}"
        steps = {
            f"explain {quoted(file)} VILLAGE": "one village: its ways, its norms",
            f"plan {quoted(file)}": "what to do first",
            f"try {quoted(file)} --close FACILITY": "who gains, who loses; --add, --best 3:gp",
        }
        yield from (f"  spatial {step:<{max(map(len, steps))}}  {told}" for step, told in steps.items())
    if len(studies) > FEW:
        yield f"and {len(studies) - FEW} more studies"
    if not studies:
        found = sorted(file for file in here.iterdir() if file.name.lower().endswith(extracts))
        folders = [folder for folder in (*sorted(raw.glob("*")), here) if folder.is_dir() and any(files_of(folder))]
        if found:
            yield f"an OpenStreetMap extract, {found[0]}: its study and the answer:"
            yield f"  spatial run {quoted(found[0])}"
        elif folders:
            yield f"files in {folders[0]}, such as {next(files_of(folders[0])).name}: a study that reads them:"
            yield f"  spatial init study.toml --from {quoted(folders[0])}"
        else:
            yield "neither a study nor an extract nor a table lies here:"
            yield "  spatial run FILE.osm.pbf               where you have an OpenStreetMap extract"
            yield "  spatial init study.toml --from FOLDER  where you have a folder of files"
            yield "  spatial demo                           to look at a synthetic county"
    yield "all commands: spatial --help"


def as_typed(text: str, typed: Mapping[str, Any], program: click.Group) -> str:
    """Fill hints on STUDY in with what was typed by name of parameter, as far as their commands take it."""

    def filled(hint: re.Match[str]) -> str:
        if hint[2] not in program.commands:  # names in data may read like anything
            return hint[0]
        words = [hint[1], quoted(typed["study_file"])]
        words += [quoted(typed.get("settlement", "SETTLEMENT"))] if hint[3] else []
        for option in program.commands[hint[2]].params:
            value, default = typed.get(option.name), option.default
            if option.name in REPEATED and value not in (None, default() if callable(default) else default):
                words += [option.opts[0], quoted(value)]
        return " ".join(words)

    return HINT.sub(filled, text) if typed else text


def _study_name(file: Path) -> str:
    """Name the study in a file; empty where it holds none."""
    try:
        content = toml_table(toml_text(file))
    except (OSError, ValueError):
        return ""
    return str(content.get("name", "")) if "sources" in content else ""
