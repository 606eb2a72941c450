"""A study file: every key with its default, or what was seen in a folder, with what is to decide."""

from __future__ import annotations

import datetime as dt
import json
import re
import textwrap
import types
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from pydantic import BaseModel

from spatial.errors import StudyError
from spatial.inputs.inspection.columns import plain
from spatial.inputs.inspection.folder import FolderReport, inspect_folder
from spatial.inputs.inspection.inspecting import inspect_file
from spatial.inputs.inspection.reports import Proposal, Setting
from spatial.plain_text import toml_key, toml_value
from spatial.store import replace as replace_file
from spatial.study import Study
from spatial.study.sources import TableSource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from pydantic.fields import FieldInfo


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
    """
    Find the options model inside an annotation.

    Returns the model, or None; and whether the key holds a list of them.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) in {Union, types.UnionType, tuple}:
        many = get_origin(annotation) is tuple
        for part in get_args(annotation):
            found, _ = inner_model(part)
            if found is not None:
                return found, many
    return None, False


# Proposals as TOML: what is sure as it is, guesses commented out below a line that says what to decide.

DECIDE = "# DECIDE:"
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
    if not setting.key:
        yield from comment("#", setting.reason)
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
    plain = _printable(text)
    for number, line in enumerate(textwrap.wrap(plain, WIDTH - len(mark) - 1) or [""]):
        yield f"{mark} {line}" if not number else f"#   {line}"


def _printable(text: str) -> str:
    """Leave out what a comment of TOML may not hold."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def open_decisions(text: str) -> list[tuple[int, str]]:
    """Find what a study file still leaves to decide."""
    found, section = [], ""
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped.split("#")[0].strip()
        if stripped.upper().startswith(DECIDE):
            parts = [stripped[len(DECIDE) :].strip()]
            for later in lines[number:]:
                if not later.startswith("#   "):
                    break
                parts.append(later[1:].strip())
            where = f"{section} " if section else ""
            found.append((number, where + " ".join(parts)))
    return found


def decision_lines(path: Path) -> Iterator[str]:
    """Say what a study file still leaves to decide."""
    try:
        found = open_decisions(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return
    if found:
        yield f"{path}: {len(found)} thing(s) to decide; uncomment or correct the line below, then delete the mark:"
    for number, text in found:
        yield f"  line {number}: {text}"


# A study file from what was seen in a folder: what is sure, what is to decide, and what was not used.

_REGISTERED, _RESIDENT = ("户籍", "registered"), ("常住", "resident", "usual", "residente")


def draft_study(report: FolderReport, *, name: str, title: str, as_of: dt.date, head: str) -> str:
    """Write a study file."""
    language = report.language or "en"
    lines = [
        "# A study written from what was seen in files: look at every line.",
        "# The mark DECIDE: stands where you have to decide: uncomment or correct the line below, then delete it.",
        "# Every key is explained in the file that `spatial init` writes without --from.",
        f"# {head}",
        "",
        f"name = {json.dumps(name)}",
        f"title = {{ {language} = {json.dumps(title, ensure_ascii=False)} }}",
        f"as_of = {as_of.isoformat()}  # the date on which norms are judged",
        *_jurisdictions(report),
    ]
    for text in report.to_decide:
        lines += comment(DECIDE, text)
    lines += _region(report)
    population = _population(report)
    basis = str(population.settings[0].value) if population is not None else "resident"
    for proposal in report.proposals:
        settings = tuple(setting.of_basis(basis) for setting in proposal.settings)
        lines += ["", *toml_block(replace(proposal, settings=settings))]
    lines += ["", *toml_block(population)] if population is not None else []
    if language != "en":
        lines += ["", "[outputs]", f'languages = ["{language}", "en"]']
    if report.unused:
        lines += ["", "# Not used:"]
        for label, why in report.unused:
            lines += comment("#", f"{label}: {why}")
    return "\n".join(lines) + "\n"


def _jurisdictions(report: FolderReport) -> Iterator[str]:
    """Say whose norms bind: the country of an extract, else the province, where the unit codes of China say it."""
    countries = sorted({code for file in report.files for layer in file.layers for code in layer.countries})
    if len(countries) == 1:
        yield f"jurisdictions = {json.dumps(countries)}  # whose norms bind, the most specific first; by the extract"
        return
    if countries:
        yield from comment(DECIDE, "whose norms bind, the most specific first; the extract names these countries")
        yield f"# jurisdictions = {json.dumps(countries)}"
        return
    for file in report.files:
        for layer in file.layers:
            for column in layer.fields:
                codes = [text for text in column.examples if re.fullmatch(r"[1-6]\d{5}(\d{3}|\d{6}|\d{11})?", text)]
                if "unit_code" in column.meaning and codes:
                    yield f'# jurisdictions = ["CN-{codes[0][:2]}"]  # whose norms bind, the most specific first'
                    return
    yield '# jurisdictions = ["..."]  # whose norms bind, the most specific first; GLOBAL ones bind in any case'


def _region(report: FolderReport) -> list[str]:
    boundaries = [proposal for proposal in report.proposals if proposal.section == "sources.boundaries"]
    of_extract = [
        other for file in report.files for layer in file.layers if layer.kind == "osm" for other in layer.others
    ]
    if not boundaries and len(of_extract) == 1:
        return ["", *toml_block(of_extract[0])]
    if not boundaries or boundaries[0].is_suggestion:
        return []
    keys = {setting.key: setting.value for setting in boundaries[0].settings}
    lines = ["unit_levels = [8]  # the file states no level: all its areas are units of this one"]
    if "8" in keys.get("values.admin_level", {}).values():
        lines = ["unit_levels = [8]  # the townships; admin_level and names say which county it is"]
    elif "columns.admin_level" in keys:
        lines = [*comment(DECIDE, "which level are the townships"), "# unit_levels = [8]"]
    return ["", "[region]", *lines]


def _population(report: FolderReport) -> Proposal | None:
    """Say what the people are where a column counts them; a raster is modelled, which is the default."""
    chosen = {proposal.section: proposal for proposal in report.proposals if not proposal.is_suggestion}
    settlements = chosen.get("sources.settlements")
    if settlements is None or "sources.population" in chosen:
        return None
    column = next((s for s in settlements.settings if s.key == "columns.population_persons"), None)
    if column is None:
        return None
    told = plain(str(column.value))
    for basis, words in (("registered", _REGISTERED), ("resident", _RESIDENT)):
        if any(word in told for word in words):
            why = f"the column is {column.value!r}"
            return Proposal("population", (Setting("basis", basis, why, is_decided=column.is_decided),))
    why = f"whom {column.value!r} counts: resident or registered people"
    return Proposal("population", (Setting("basis", "resident", why, is_decided=False),))


# Write the study of a folder, and say what is left to do.

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def write_draft(
    folder: Path, study_file: Path, *, raw: Path, name: str | None = None, as_of: str | None = None
) -> Iterator[str]:
    """Look into a folder, write the study that reads its files, and tell what was done."""
    here = folder.resolve()
    is_below = any(
        root in (one, *one.parents) for one, root in ((here, raw.resolve()), (folder.absolute(), raw.absolute()))
    )
    base = raw if is_below else folder
    short = _short_name(here.name) if name is None else name
    if not _NAME.fullmatch(short):
        raise StudyError("--name", [f"name: {short!r} is not small letters, digits, - and _"])
    report = inspect_folder(folder, raw=base)
    command = f"spatial check {_quoted(study_file)} --raw {_quoted(base)}"
    try:
        day = dt.datetime.now(tz=dt.UTC).date() if as_of is None else dt.date.fromisoformat(as_of)
    except ValueError as error:
        raise StudyError("--as-of", [f"as_of: {as_of!r} is no date such as 2026-01-31"]) from error
    text = draft_study(report, name=short, title=here.name, as_of=day, head=f"Check it: {command}")
    with replace_file(study_file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    yield f"wrote {study_file}"
    for proposal in report.proposals:
        path = next((str(setting.value) for setting in proposal.settings if setting.key in {"path", "paths"}), "")
        note = " (suggestion, commented out)" if proposal.is_suggestion else ""
        yield f"  [{proposal.section}] {path}{note}"
    for label, why in report.unused:
        yield f"  not used: {label}: {why}"
    found = open_decisions(text)
    if found:
        yield f"{len(found)} thing(s) to decide, marked in the file:"
    for number, item in found:
        yield f"  line {number}: {item}"
    yield f"next: {command}"


def draft_extract(extract: Path, study_file: Path) -> None:
    """Write the study of an OpenStreetMap extract and nothing else."""
    seen = inspect_file(extract, raw=extract.parent)
    report = FolderReport(files=[seen], proposals=[layer.proposal for layer in seen.layers if layer.proposal])
    stem = study_file.stem
    text = draft_study(
        report,
        name=_short_name(stem),
        title=stem.replace("-", " ").replace("_", " ").capitalize(),
        as_of=dt.datetime.now(tz=dt.UTC).date(),
        head=f"Run it again: spatial run {_quoted(study_file)} --raw {_quoted(extract.parent)}",
    )
    with replace_file(study_file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _short_name(text: str) -> str:
    """Make the short name of a study of a folder's or a file's."""
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9_-]+", "-", letters).strip("-_")[:64] or "my-county"


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)
