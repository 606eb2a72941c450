"""What was seen in a file, as lines to read."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING

from spatial.drafting.study_file import WIDTH, toml_block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spatial.inputs.inspection.reports import FileReport


NAME_WIDTH, MEANING_WIDTH = 24, 22


def report_lines(report: FileReport) -> Iterator[str]:
    """Tell what was seen in a file."""
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
            yield (head + _cut(", ".join(item.examples), max(12, WIDTH - _width(head)))).rstrip()
        why = f": {'; '.join(layer.reasons)}" if layer.reasons else ""
        looks = layer.kind.replace("_", " ")
        if layer.kind == "unknown":
            looks = "nothing that a study reads, as far as can be told"
        yield from _wrapped(f"looks to be {looks}{why}")
        for proposal in filter(None, (layer.proposal, *layer.others)):
            yield ""
            yield from toml_block(proposal)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    plain = " ".join(text.split())
    return plain + " " * max(0, width - _width(plain))


def _cut(text: str, width: int) -> str:
    plain = " ".join(text.split())
    if _width(plain) <= width:
        return plain
    kept = ""
    for letter in plain:
        if _width(kept + letter) > width - 3:
            break
        kept += letter
    return kept + "..."


def _wrapped(text: str) -> Iterator[str]:
    plain = " ".join(text.split())
    yield from textwrap.wrap(plain, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
