"""What was seen in a file, as lines to read."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spatial.drafting.study_file import WIDTH, toml_block
from spatial.plain_text import SCREEN_COLUMNS, display_width, first_screen, shortened

if TYPE_CHECKING:
    from spatial.inputs.inspection.reports import FileReport


NAME_WIDTH, MEANING_WIDTH = 24, 22


NOTES_SHOWN, COLUMN_ROWS, MARGIN = 3, 4, 4
"""How much of the notes and of the columns of a layer a screen says, and what is left free beside them."""


def short_report(report: FileReport) -> list[str]:
    """Tell on a screen what was seen in a file: of each layer what it is, its columns, and the part that reads it."""
    lines = [f"{report.path.name}: {report.format}" + (f", {report.encoding}" if report.encoding else "")]
    lines += [shortened(f"  {note}", SCREEN_COLUMNS) for note in report.notes[:NOTES_SHOWN]]
    blocks: list[str] = []
    for layer in report.layers:
        what = f"{layer.name}: " if layer.name else ""
        if layer.problem:
            lines += list(_wrapped(f"{what}cannot be read as it is: {layer.problem}"))
            continue
        unit = "cells" if report.format == "raster" else "elements" if layer.kind == "osm" else "rows"
        looks = "nothing that a study reads" if layer.kind == "unknown" else layer.kind.replace("_", " ")
        lines.append(shortened(f"{what}{layer.rows:,} {unit}; looks to be {looks}", SCREEN_COLUMNS))
        place = [text for text in (layer.crs and f"CRS: {layer.crs}", layer.extent) if text]
        notes = [*(["; ".join(place)] if place else []), *layer.coordinates, *layer.notes]
        lines += [f"  {shortened(note, SCREEN_COLUMNS - 2)}" for note in notes[:NOTES_SHOWN]]
        used = [f"{item.name} = {item.meaning}" for item in layer.fields if item.meaning]
        if layer.fields:
            unknown = len(layer.fields) - len(used)
            rows = ["columns: "]
            for part in [*(used or ["none known"]), *([f"{unknown} others"] if unknown else [])]:
                if display_width(rows[-1] + part) > SCREEN_COLUMNS - MARGIN:
                    rows.append("  ")
                rows[-1] += f"{part}; "
            lines += [f"  {shortened(row, SCREEN_COLUMNS - MARGIN)}".rstrip(";") for row in rows[:COLUMN_ROWS]]
        for proposal in filter(None, (layer.proposal, *layer.others)):
            blocks += ["", *toml_block(proposal)]
    return first_screen(
        [*lines, *blocks], more="spatial inspect -v FILE, or spatial init --from FOLDER, which writes them"
    )


def report_lines(report: FileReport) -> Iterator[str]:
    """Tell all that was seen in a file."""
    number = len(report.layers)
    several = f", {number} {'sheets' if report.format == 'workbook' else 'layers'}" if number > 1 else ""
    yield f"{report.path.name}: {report.format}{several}"
    if report.encoding:
        yield from _wrapped(f"encoding: {report.encoding}: {report.encoding_reason}")
    for note in report.notes:
        yield from _wrapped(note)
    for layer in report.layers:
        yield ""
        what = "sheet" if report.format == "workbook" else "layer"
        title = f"{what} {layer.name!r}" if layer.name else report.path.name
        title += " (hidden)" if layer.is_hidden else ""
        header = ""
        if layer.header_rows:
            first, last = layer.header_rows
            header = f", header in row {first}" if first == last else f", header in rows {first} to {last}"
        if layer.problem:
            yield f"{title}{header}"
            yield from _wrapped(f"cannot be read as it is: {layer.problem}")
            for note in layer.notes:
                yield from _wrapped(note)
            continue
        unit = "cells" if report.format == "raster" else "elements" if layer.kind == "osm" else "rows"
        yield f"{title}: {layer.rows:,} {unit}{header}"
        if layer.geometry:
            yield from _wrapped(f"geometry: {layer.geometry}")
        if report.format not in {"workbook", "CSV"}:
            yield from _wrapped(f"CRS: {layer.crs or 'the file does not say it'}")
        if layer.extent:
            yield from _wrapped(f"extent: {layer.extent}")
        for note in layer.notes:
            yield from _wrapped(note)
        for remark in layer.coordinates:
            yield from _wrapped(f"coordinates: {remark}")
        if layer.fields:
            yield (
                f"  {_padded('field', NAME_WIDTH)} {'type':<12} {'filled':>13}  {_padded('as', MEANING_WIDTH)} examples"
            )
        for item in layer.fields:
            filled = f"{item.filled:,}/{item.rows:,}"
            head = (
                f"  {_padded(item.name, NAME_WIDTH)} {item.kind:<12} {filled:>13}  "
                f"{_padded(item.meaning or '-', MEANING_WIDTH)} "
            )
            yield (head + shortened(", ".join(item.examples), max(12, WIDTH - display_width(head)))).rstrip()
        why = f": {'; '.join(layer.reasons)}" if layer.reasons else ""
        looks = layer.kind.replace("_", " ")
        if layer.kind == "unknown":
            looks = "nothing that a study reads, as far as can be told"
        yield from _wrapped(f"looks to be {looks}{why}")
        for proposal in filter(None, (layer.proposal, *layer.others)):
            yield ""
            yield from toml_block(proposal)


def _padded(text: str, width: int) -> str:
    plain = " ".join(text.split())
    return plain + " " * max(0, width - display_width(plain))


def _wrapped(text: str) -> Iterator[str]:
    plain = " ".join(text.split())
    yield from textwrap.wrap(plain, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
