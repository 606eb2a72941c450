"""The study of a folder, or of an extract: what is sure, what was guessed, what is to decide, and what was not used."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from spatial.drafting.questions import Settled, settle, take_proposed
from spatial.drafting.study_file import DECIDE, GUESSED, comment, open_decisions, toml_block
from spatial.errors import StudyError
from spatial.inputs.inspection.columns import plain
from spatial.inputs.inspection.folder import FolderReport, inspect_folder
from spatial.inputs.inspection.inspecting import inspect_file
from spatial.inputs.inspection.reports import Proposal, Setting
from spatial.store import replace as replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from spatial.drafting.questions import Answer, Question


_REGISTERED, _RESIDENT = ("户籍", "registered"), ("常住", "resident", "usual", "residente")


def draft_study(report: FolderReport, settled: Settled, *, name: str, title: str, as_of: dt.date, head: str) -> str:
    """Write a study file; what `settled` has answered stands in place of what the report leaves open."""
    language = report.language or "en"
    lines = [
        "# A study written from what was seen in files: look at every line.",
        "# The mark GUESSED: stands above what was taken and nobody has said: look at it, then delete the mark.",
        "# The mark DECIDE: stands where you have to decide: uncomment or correct the line below, then delete it.",
        "# Every key is explained in the file that `spatial init` writes without --from.",
        f"# {head}",
        "",
        f"name = {json.dumps(name)}",
        f"title = {{ {language} = {json.dumps(title, ensure_ascii=False)} }}",
        f"as_of = {as_of.isoformat()}  # the date on which norms are judged",
    ]
    if settled.jurisdictions is not None:
        lines += toml_block(Proposal("", (settled.jurisdictions,)))[1:]
    else:
        lines += _jurisdictions(report)
    for text in report.to_decide:
        lines += comment(DECIDE, text)
    if settled.region is not None:
        lines += ["", *toml_block(settled.region)]
    else:
        lines += _region(report)
    proposals, others = settled.proposals, settled.others
    population = None if any(other.section == "population" for other in others) else _population(proposals)
    chosen = next(
        (other for other in (population, *others) if other is not None and other.section == "population"), None
    )
    basis = str(chosen.settings[0].value) if chosen is not None else "resident"
    for proposal in proposals:
        settings = tuple(setting.of_basis(basis) for setting in proposal.settings)
        lines += ["", *toml_block(replace(proposal, settings=settings))]
    for other in filter(None, (population, *others)):
        lines += ["", *toml_block(other)]
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
    if countries:
        yield f"jurisdictions = {json.dumps(countries)}  # whose norms bind, the most specific first; by the extract"
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


def _population(proposals: list[Proposal]) -> Proposal | None:
    """Say what the people are where a column counts them; a raster is modelled, which is the default."""
    used = [proposal for proposal in proposals if not proposal.is_suggestion]
    if any(proposal.section == "sources.population" for proposal in used):
        return None
    lists = [proposal for proposal in used if proposal.section in {"sources.settlements", "sources.attributes"}]
    columns = [one for proposal in lists for one in proposal.settings if one.key == "columns.population_persons"]
    if not columns:
        return None
    told = plain(str(columns[0].value))
    for basis, words in (("registered", _REGISTERED), ("resident", _RESIDENT)):
        if any(word in told for word in words):
            why = f"the column is {columns[0].value!r}"
            return Proposal("population", (Setting("basis", basis, why, is_decided=columns[0].is_decided),))
    why = f"whom {columns[0].value!r} counts, resident or registered people; taken as listed until you say it"
    return Proposal("population", (Setting("basis", "listed", why, is_guess=True),))


# Write the study of a folder, and say what is left to do.

LETTERS = 160
"""How much of a line of the terminal is said; the file has all of it."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def write_draft(
    folder: Path,
    study_file: Path,
    *,
    raw: Path,
    name: str | None = None,
    as_of: str | None = None,
    ask: Callable[[Question], Answer] = take_proposed,
) -> Iterator[str]:
    """Look into a folder, ask what its files leave open, write the study that reads them, and tell what was done."""
    here = folder.resolve()
    is_below = any(
        root in (one, *one.parents) for one, root in ((here, raw.resolve()), (folder.absolute(), raw.absolute()))
    )
    base = raw if is_below else folder
    short = _short_name(here.name) if name is None else name
    if not _NAME.fullmatch(short):
        raise StudyError("--name", [f"name: {short!r} is not small letters, digits, - and _"])
    try:
        day = dt.datetime.now(tz=dt.UTC).date() if as_of is None else dt.date.fromisoformat(as_of)
    except ValueError as error:
        raise StudyError("--as-of", [f"as_of: {as_of!r} is no date such as 2026-01-31"]) from error
    report = inspect_folder(folder, raw=base)
    settled = settle(report, raw=base, ask=ask)
    command = f"spatial check {_quoted(study_file)} --raw {_quoted(base)}"
    text = draft_study(report, settled, name=short, title=here.name, as_of=day, head=f"Check it: {command}")
    with replace_file(study_file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    yield f"wrote {study_file}"
    for proposal in settled.proposals:
        path = next((str(setting.value) for setting in proposal.settings if setting.key in {"path", "paths"}), "")
        note = " (suggestion, commented out)" if proposal.is_suggestion else ""
        yield f"  [{proposal.section}] {path}{note}"
    for label, why in report.unused:
        yield f"  not used: {label}: {why}"
    for text in report.hints:
        yield f"  hint: {text}"
    for mark, told in ((GUESSED, "thing(s) guessed, look at them"), (DECIDE, "thing(s) to decide")):
        found = open_decisions(text, mark)
        if found:
            yield f"{len(found)} {told}; marked {mark.strip('# :')} in the file:"
        for number, item in found:
            yield f"  line {number}: {item if len(item) <= LETTERS else item[:LETTERS].rstrip() + ' ...'}"
    yield f"next: {command}"


def draft_extract(extract: Path, study_file: Path) -> None:
    """Write the study of an OpenStreetMap extract and nothing else."""
    seen = inspect_file(extract, raw=extract.parent)
    report = FolderReport(files=[seen], proposals=[layer.proposal for layer in seen.layers if layer.proposal])
    stem = study_file.stem
    text = draft_study(
        report,
        settle(report, raw=extract.parent, ask=take_proposed),
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
