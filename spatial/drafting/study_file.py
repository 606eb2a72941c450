"""What was seen in a file, as lines; parts of a study file: keys with defaults, marked proposals, what is to decide."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from spatial.inputs.inspection.kinds import all_of
from spatial.inputs.inspection.reports import FileReport, LayerReport, Proposal, Setting
from spatial.inputs.services import load_services
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
    wrapped,
)
from spatial.store import replace
from spatial.study import Study
from spatial.study.sources import TableSource

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
ENGLISH = Words(FALLBACK)


def words_in(language: str) -> Words:
    """Take the words of a language, English for none, with the names of services."""
    code = language or FALLBACK
    return Words(code, names=load_services().names(code))


def toml_block(proposal: Proposal, words: Words = ENGLISH) -> list[str]:
    """Write a proposal as lines of a study file."""
    bracket = f"[[{proposal.section}]]" if proposal.is_list else f"[{proposal.section}]"
    lines = [bracket, *(line for setting in proposal.settings for line in _lines(setting, words))]
    if not proposal.is_suggestion:
        return lines
    told = words.of("commands").say("inspect", "suggestion")
    return [f"{SUGGESTION} {told}", *(f"# {line}" for line in lines)]


def _lines(setting: Setting, words: Words) -> Iterator[str]:
    reason, lines = words.again(setting.reason), _assignments(setting, words) if setting.key else []
    if not setting.is_decided:
        yield from comment(DECIDE, reason)
        lines = [f"# {line}" for line in lines]
    elif setting.is_guess or not setting.key:
        yield from comment(GUESSED if setting.is_guess else "#", reason)
    elif len(lines) == 1 and reason and display_width(lines[0] + reason) + 4 <= WIDTH:
        lines = [f"{lines[0]}  # {_printable(reason)}"]
    elif reason:
        yield from comment("#", reason)
    yield from lines


def _assignments(setting: Setting, words: Words) -> list[str]:
    """Write a setting; words of values each on a line of their own, so that lines can be added."""
    value = setting.value
    if isinstance(value, dict):
        value = {key: words.again(told) for key, told in value.items()}
        if setting.key.startswith("values."):
            return [f"{setting.key}.{toml_key(str(word))} = {toml_value(ours)}" for word, ours in value.items()]
    return [f"{setting.key} = {toml_value(value)}"]


def comment(mark: str, text: str) -> Iterator[str]:
    """Wrap a remark into comment lines."""
    for number, line in enumerate(wrapped(_printable(text), WIDTH - len(mark) - 1)):
        yield f"{mark} {line}" if not number else f"#   {line}"


def _printable(text: str) -> str:
    """Leave out what a comment of TOML may not hold; blanks at which French breaks no line stay."""
    kept = (letter if letter.isprintable() or letter in "\u00a0\u202f" else " " for letter in text)
    return re.sub(" +", " ", "".join(kept)).strip()


_BETWEEN_HAN = re.compile("(?<=[\u2e80-\uffef])\n|\n(?=[\u2e80-\uffef])")


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
            # Chinese is broken where it has no blank.
            found.append((number, where + _BETWEEN_HAN.sub("", "\n".join(parts)).replace("\n", " ")))
    return found


def write_study(file: Path, text: str) -> None:
    """Write a study file whole, or leave what is there."""
    with replace(file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


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


NAME_WIDTH, KIND_WIDTH, MEANING_WIDTH = 24, 12, 22
NOTES_SHOWN, COLUMN_ROWS, NAMED_COLUMNS, MARGIN = 3, 4, 3, 4
"""How much of notes and columns of a layer a screen says, how many unread ones it names, and what is left free."""


def short_report(report: FileReport) -> list[str]:
    """Tell on a screen what was seen in a file: of each layer what it is, its columns, and the part that reads it."""
    words = words_in(report.language)
    say = partial(words.of("commands").say, "inspect")
    lines = [say("named", name=report.path.name, format=say(report.format))]
    if report.encoding:
        lines = [say("encoded", file=lines[0], encoding=report.encoding)]
    lines += [shortened(f"  {words.again(note)}", SCREEN_COLUMNS) for note in report.notes[:NOTES_SHOWN]]
    blocks: list[str] = []
    for layer in report.layers:
        if layer.problem:
            told = say("cannot", why=words.again(layer.problem))
            lines += list(_wrapped(words.told_of(layer.name, told) if layer.name else told))
            continue
        looks = say("looks", rows=_size(report, layer, words), kind=words.say("file_kind", layer.kind))
        lines.append(shortened(words.told_of(layer.name, looks) if layer.name else looks, SCREEN_COLUMNS))
        place = [say("crs", crs=layer.crs)] if layer.crs else []
        place += [layer.extent] if layer.extent else []
        why = layer.reasons[:1] if layer.kind == "unknown" else ()
        notes = [*([all_of(place)] if place else []), *why, *layer.coordinates, *layer.notes]
        lines += [f"  {shortened(words.again(note), SCREEN_COLUMNS - 2)}" for note in notes[:NOTES_SHOWN]]
        used = [f"{item.name} = {item.meaning}" for item in layer.fields if item.meaning]
        if layer.fields:
            unread = [item.name for item in layer.fields if not item.meaning]
            rows, apart = [say("columns")], words.of("commands").say("check", "apart")
            others = say("others", number=len(unread))
            if len(unread) <= NAMED_COLUMNS:
                others = say("not_read", names=words.listed(unread, len(unread)))
            for part in [*(used or [say("none_known")]), *([others] if unread else [])]:
                if display_width(rows[-1] + part) > SCREEN_COLUMNS - MARGIN:
                    rows.append("  ")
                rows[-1] += f"{part}{apart}"
            lines += [f"  {shortened(row.rstrip(f'{apart} '), SCREEN_COLUMNS - MARGIN)}" for row in rows[:COLUMN_ROWS]]
        for proposal in filter(None, (layer.proposal, *layer.others)):
            blocks += ["", *toml_block(proposal, words)]
    return first_screen([*lines, *blocks], lambda left: say("more", left=left))


def _size(report: FileReport, layer: LayerReport, words: Words) -> str:
    """Say how large a layer is."""
    unit = "cells" if report.format == "raster" else "elements" if layer.kind == "osm" else "rows"
    return words.of("commands").say("inspect", unit, number=words.number(layer.rows))


def report_lines(report: FileReport) -> Iterator[str]:
    """Tell all that was seen in a file."""
    words = words_in(report.language)
    say = partial(words.of("commands").say, "inspect")
    part, number = "sheet" if report.format == "workbook" else "layer", len(report.layers)
    named = say("named", name=report.path.name, format=say(report.format))
    yield say(f"{part}s", file=named, parts=number) if number > 1 else named
    if report.encoding:
        yield from _wrapped(say("encoding", encoding=report.encoding, why=words.again(report.encoding_reason)))
    for note in report.notes:
        yield from _wrapped(words.again(note))
    for layer in report.layers:
        yield ""
        title = say(part, name=layer.name) if layer.name else report.path.name
        title = say("hidden", title=title) if layer.is_hidden else title
        if layer.header_rows:
            first, last = layer.header_rows
            title = say("header" if first == last else "header_rows", title=title, first=first, last=last)
        if layer.problem:
            yield title
            yield from _wrapped(say("cannot", why=words.again(layer.problem)))
            for note in layer.notes:
                yield from _wrapped(words.again(note))
            continue
        yield words.told_of(title, _size(report, layer, words))
        if layer.geometry:
            yield from _wrapped(say("geometry", geometry=words.again(layer.geometry)))
        if report.format not in {"workbook", "CSV"}:
            yield from _wrapped(say("crs", crs=layer.crs) if layer.crs else say("crs_unknown"))
        if layer.extent:
            yield from _wrapped(say("extent", extent=words.again(layer.extent)))
        for note in layer.notes:
            yield from _wrapped(words.again(note))
        for remark in layer.coordinates:
            yield from _wrapped(say("coordinates", remark=words.again(remark)))
        rows = [tuple(map(say, ("field", "type", "filled", "as", "examples")))] if layer.fields else []
        for item in layer.fields:
            filled = f"{words.number(item.filled)}/{words.number(item.rows)}"
            told = (" ".join(item.name.split()), say(item.kind), filled, item.meaning or "-", ", ".join(item.examples))
            rows.append(told)
        for name, kind, filled, meaning, examples in rows:
            head = f"  {padded(name, -NAME_WIDTH)} {padded(kind, -KIND_WIDTH)} {padded(filled, KIND_WIDTH + 1)}  "
            head += f"{padded(meaning, -MEANING_WIDTH)} "
            yield (head + shortened(examples, max(12, WIDTH - display_width(head)))).rstrip()
        kind = "unknown_told" if layer.kind == "unknown" else layer.kind
        looks = say("looks_to_be", kind=words.say("file_kind", kind))
        yield from _wrapped(words.told_of(looks, words.again(all_of(layer.reasons))) if layer.reasons else looks)
        for proposal in filter(None, (layer.proposal, *layer.others)):
            yield ""
            yield from toml_block(proposal, words)


def _wrapped(text: str) -> Iterator[str]:
    for number, line in enumerate(wrapped(_printable(text), WIDTH - 4)):
        yield f"{'    ' if number else '  '}{line}"
