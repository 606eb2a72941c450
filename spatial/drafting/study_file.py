"""What was seen in a file, as lines; parts of a study file: keys with defaults, marked proposals, what is to decide."""

from __future__ import annotations

import json
import textwrap
import types
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel

from spatial.errors import first_of
from spatial.messages import FALLBACK, Words, languages
from spatial.plain_text import (
    SCREEN_COLUMNS,
    display_width,
    first_screen,
    padded,
    shortened,
    toml_key,
    toml_table,
    toml_text,
    toml_value,
)
from spatial.study import Study
from spatial.study.sources import TableSource

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from spatial.inputs.inspection.reports import FileReport, Proposal, Setting


# The study file that ``spatial init`` writes: every key with its description and default.

HEAD = """\
# A study: what is studied, from which files, against which norms.
# Lines that begin with '#' are optional and show the default. Paths are relative to the raw root (--raw, data/raw).
# Check it before any work:  spatial check STUDY        Run it:  spatial run STUDY
"""


def study_template(name: str) -> str:
    """Write a study file with every key explained."""
    given = {
        "name": json.dumps(name),
        "title": '{ en = "My county" }',
        "as_of": "2026-01-01",
        "sources.osm.path": '"my-county/extract.osm.pbf"',
    }
    return HEAD + "\n".join(_section(Study, "", given)) + "\n"


def _section(model: type[BaseModel], prefix: str, given: dict[str, str], known: Collection[str] = ()) -> Iterator[str]:
    nested: list[tuple[str, type[BaseModel], FieldInfo, bool]] = []
    for key, field in model.model_fields.items():
        if field.exclude or key in known:
            continue
        inner, many = inner_model(field.annotation)
        if inner is not None:
            nested.append((key, inner, field, many))
            continue
        path = f"{prefix}{key}"
        mark = "" if path in given else "# "
        value = given.get(path)
        if value is None:
            default = None if field.is_required() else field.get_default(call_default_factory=True)
            value = '"..."' if default is None else "{}" if isinstance(default, dict) else json.dumps(default)
        yield f"{mark}{field.alias or key} = {value}  # {field.description}"
    for key, inner, field, many in nested:
        path = f"{prefix}{key}"
        named = any(item == path or item.startswith(f"{path}.") for item in given)
        bracket = f"[[{path}]]" if many else f"[{path}]"
        about = field.description or (inner.__doc__ or "").strip().split("\n")[0]
        yield f"\n{'' if named else '# '}{bracket}  # {about}"
        if issubclass(inner, TableSource) and path != "sources.settlements":
            yield "#   keys as in [sources.settlements]"
            yield from _section(inner, f"{path}.", given, TableSource.model_fields)
            continue
        yield from _section(inner, f"{path}.", given)


def inner_model(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Find the options model inside an annotation, or None; and whether the key holds a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) in {Union, types.UnionType, tuple}:
        many = get_origin(annotation) is tuple
        for part in get_args(annotation):
            found, _ = inner_model(part)
            if found is not None:
                return found, many
    return None, False


# Proposals as TOML: what is sure as it is, guesses that were taken below a line that says so, others commented out.

DECIDE = "# DECIDE:"
GUESSED = "# GUESSED:"
SUGGESTION = "# SUGGESTION:"
WIDTH = 100


def toml_block(proposal: Proposal) -> list[str]:
    """Write a proposal as lines of a study file."""
    bracket = f"[[{proposal.section}]]" if proposal.is_list else f"[{proposal.section}]"
    lines = [bracket, *(line for setting in proposal.settings for line in _lines(setting))]
    if not proposal.is_suggestion:
        return lines
    return [f"{SUGGESTION} remove the first # of each line to use it", *(f"# {line}" for line in lines)]


def _lines(setting: Setting) -> Iterator[str]:
    if not setting.is_decided:
        yield from comment(DECIDE, setting.reason)
        yield from (f"# {line}" for line in _assignments(setting) if setting.key)
        return
    if setting.is_guess or not setting.key:
        yield from comment(GUESSED if setting.is_guess else "#", setting.reason)
        yield from _assignments(setting) if setting.key else ()
        return
    lines = _assignments(setting)
    if len(lines) == 1 and setting.reason and len(lines[0]) + len(setting.reason) + 4 <= WIDTH:
        lines = [f"{lines[0]}  # {_printable(setting.reason)}"]
    elif setting.reason:
        yield from comment("#", setting.reason)
    yield from lines


def _assignments(setting: Setting) -> list[str]:
    """Write a setting; words of values each on a line of their own, so that lines can be added."""
    if setting.key.startswith("values.") and isinstance(setting.value, dict):
        return [f"{setting.key}.{toml_key(str(word))} = {toml_value(ours)}" for word, ours in setting.value.items()]
    return [f"{setting.key} = {toml_value(setting.value)}"]


def comment(mark: str, text: str) -> Iterator[str]:
    """Wrap a remark into comment lines."""
    for number, line in enumerate(textwrap.wrap(_printable(text), WIDTH - len(mark) - 1) or [""]):
        yield f"{mark} {line}" if not number else f"#   {line}"


def _printable(text: str) -> str:
    """Leave out what a comment of TOML may not hold."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def open_decisions(text: str, mark: str = DECIDE) -> list[tuple[int, str]]:
    """Find what a study file still leaves to decide, or what in it was guessed, with the line that was taken."""
    found, section = [], ""
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.split("#")[0].strip()
        if stripped.upper().startswith(mark):
            parts = [stripped[len(mark) :].strip()]
            for later in lines[number:]:
                if not later.startswith("#   "):
                    break
                parts.append(later[1:].strip())
            where = f"{section} " if section else ""
            below = lines[number + len(parts) - 1 :][:1]
            if mark == GUESSED and below and not below[0].startswith("#"):
                where += f"{below[0]}: "
            found.append((number, where + " ".join(parts)))
    return found


def marked_lines(path: Path, words: Words) -> tuple[list[str], list[str]]:
    """Say what a study file still leaves to decide, and what in it was guessed and is still marked so."""
    say = partial(words.of("commands").say, "check")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return [], []
    found = open_decisions(text)
    decide = [say("decide", file=path, number=len(found))] if found else []
    decide += [f"  {say('line', line=number, text=told)}" for number, told in found]
    return decide, [say("guessed", line=number, text=told) for number, told in open_decisions(text, GUESSED)]


def words_of_file(path: Path) -> Words:
    """Take the words of the language that a study file asks for, even a faulty one; English where it says none."""
    try:
        said = toml_table(toml_text(path))["outputs"]["languages"][0]
    except (OSError, ValueError, LookupError, TypeError):
        said = FALLBACK
    return Words(said if said in languages() else FALLBACK)


NAME_WIDTH, MEANING_WIDTH = 24, 22


NOTES_SHOWN, COLUMN_ROWS, NAMED_COLUMNS, MARGIN = 3, 4, 3, 4
"""How much of notes and columns of a layer a screen says, how many unread ones it names, and what is left free."""


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
            unread = [item.name for item in layer.fields if not item.meaning]
            rows = ["columns: "]
            others = f"not read: {first_of(unread)}" if len(unread) <= NAMED_COLUMNS else f"{len(unread)} others"
            for part in [*(used or ["none known"]), *([others] if unread else [])]:
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
                f"  {padded('field', -NAME_WIDTH)} {'type':<12} {'filled':>13}  {padded('as', -MEANING_WIDTH)} examples"
            )
        for item in layer.fields:
            filled = f"{item.filled:,}/{item.rows:,}"
            head = (
                f"  {padded(' '.join(item.name.split()), -NAME_WIDTH)} {item.kind:<12} {filled:>13}  "
                f"{padded(item.meaning or '-', -MEANING_WIDTH)} "
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


def _wrapped(text: str) -> Iterator[str]:
    plain = " ".join(text.split())
    yield from textwrap.wrap(plain, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
