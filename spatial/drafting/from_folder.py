"""The study of a folder, or of an extract: what is sure, what was guessed, what is to decide, and what was not used."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from spatial.drafting.questions import Answer, Question, Settled, settle, take_proposed
from spatial.drafting.study_file import DECIDE, GUESSED, comment, open_decisions, toml_block, words_in, write_study
from spatial.errors import StudyError
from spatial.inputs.inspection.folder import FolderReport, inspect_folder
from spatial.inputs.inspection.inspecting import inspect_file
from spatial.inputs.inspection.reports import Proposal, Setting
from spatial.messages import FALLBACK, Said, Words
from spatial.plain_text import SCREEN_COLUMNS, quoted, screen_rows, shortened


def draft_study(report: FolderReport, settled: Settled, *, name: str, title: str, as_of: dt.date, then: str) -> str:
    """Write a study file; what `settled` has answered stands in place of what the report leaves open."""
    language, words = report.language or FALLBACK, words_in(report.language)
    say = partial(words.of("commands").say, "init")
    lines = [
        *(f"# {say(about, command=then)}" for about in ("seen", "marked_guessed", "marked_decide", "keys", "then")),
        "",
        f"name = {json.dumps(name)}",
        f"title = {{ {language} = {json.dumps(title, ensure_ascii=False)} }}",
        f"as_of = {as_of.isoformat()}  # {say('as_of')}",
    ]
    if settled.jurisdictions is not None:
        lines += toml_block(Proposal("", (settled.jurisdictions,)), words)[1:]
    else:
        lines += _jurisdictions(report, words)
    for text in report.to_decide:
        lines += comment(DECIDE, words.again(text))
    region = settled.region or _region(report, settled.proposals)
    if region is not None:
        lines += ["", *toml_block(region, words)]
    proposals, others = settled.proposals, settled.others
    chosen = next((other for other in others if other.section == "population"), None)
    basis = str(chosen.settings[0].value) if chosen is not None else "resident"
    for proposal in proposals:
        settings = tuple(setting.of_basis(basis) for setting in proposal.settings)
        lines += ["", *toml_block(replace(proposal, settings=settings), words)]
    for other in others:
        lines += ["", *toml_block(other, words)]
    if language != "en":
        lines += ["", "[outputs]", f'languages = ["{language}", "en"]']
    if report.unused:
        lines += ["", f"# {say('not_used')}"]
        for label, why in report.unused:
            lines += comment("#", words.told_of(label, words.again(why)))
    return "\n".join(lines) + "\n"


def _jurisdictions(report: FolderReport, words: Words) -> list[str]:
    """Offer the norms of a province, where the unit codes of China say it."""
    likely, why = "...", Said("norms_bind_global")
    for column in (column for file in report.files for layer in file.layers for column in layer.fields):
        codes = [text for text in column.examples if re.fullmatch(r"[1-6]\d{5}(\d{3}|\d{6}|\d{11})?", text)]
        if "unit_code" in column.meaning and codes:
            likely, why = f"CN-{codes[0][:2]}", Said("norms_bind_bare")
            break
    return [f"# jurisdictions = {json.dumps([likely])}  # {words.again(why)}"]


def _region(report: FolderReport, proposals: list[Proposal]) -> Proposal | None:
    boundaries = [one for one in proposals if one.section == "sources.boundaries" and not one.is_suggestion]
    of_extract = [
        other for file in report.files for layer in file.layers if layer.kind == "osm" for other in layer.others
    ]
    if not boundaries and len(of_extract) == 1:
        return of_extract[0]
    if not boundaries:
        return None
    keys = {setting.key: setting.value for setting in boundaries[0].settings}
    unit = Setting("unit_levels", [8], Said("one_level"))
    if "8" in keys.get("values.admin_level", {}).values():
        unit = replace(unit, reason=Said("level_townships"))
    elif "columns.admin_level" in keys:
        unit = replace(unit, reason=Said("which_level"), is_decided=False)
    return Proposal("region", (unit,))


# Write the study of a folder, and say what is left to do.

PARTS_SHOWN, ITEMS_SHOWN = 8, 3
"""How many parts, and things of another kind, a screen says; the file has all of them."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Draft(NamedTuple):
    """A study that was written from a folder."""

    file: Path
    text: str
    report: FolderReport
    proposals: list[Proposal]  # of its sources, as they were settled
    next_command: str


def write_draft(
    folder: Path,
    study_file: Path,
    *,
    raw: Path,
    name: str | None = None,
    as_of: str | None = None,
    ask: Callable[[Question], Answer] = take_proposed,
) -> Draft:
    """Look into a folder, ask what its files leave open, and write the study that reads them."""
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
    command = f"spatial check {quoted(study_file)} --raw {quoted(base)}"
    title = here.name.replace("-", " ").replace("_", " ")
    title = title[:1].upper() + title[1:]
    text = draft_study(report, settled, name=short, title=title, as_of=day, then=command)
    write_study(study_file, text)
    return Draft(study_file, text, report, settled.proposals, command)


def draft_lines(draft: Draft, *, verbose: bool) -> Iterator[str]:
    """Tell what a draft holds: the first of each kind and how many more of it there are, or all of it."""
    words = words_in(draft.report.language).of("commands")
    say = partial(words.say, "init")
    yield say("wrote", file=draft.file)
    named = []
    for proposal in draft.proposals:
        path = next((str(setting.value) for setting in proposal.settings if setting.key in {"path", "paths"}), "")
        named.append(f"  [{proposal.section}] {path}{say('suggestion') if proposal.is_suggestion else ''}")
    unused = [f"  {say('unused', file=label, why=words.again(why))}" for label, why in draft.report.unused]
    hints = [f"  {say('hint', hint=words.again(hint))}" for hint in draft.report.hints]
    for lines, most in ((named, PARTS_SHOWN), (unused, ITEMS_SHOWN), (hints, ITEMS_SHOWN)):
        # Why a file is not used ends with what to do instead.
        yield from lines if verbose else _first(lines, most, words, rows=2 if lines is unused else 1)
    for mark, told, most, rows in ((DECIDE, "to_decide", ITEMS_SHOWN, 2), (GUESSED, "guessed", 2 * ITEMS_SHOWN, 1)):
        marks = open_decisions(draft.text, mark)
        found = [f"  {words.say('check', 'line', line=number, text=item)}" for number, item in marks]
        if found:
            yield say(told, number=len(found), mark=mark.strip("# :"))
        yield from found if verbose else _first(found, most, words, rows=rows)
    yield say("next", command=draft.next_command)


def _first(lines: list[str], most: int, words: Words, *, rows: int) -> Iterator[str]:
    """Say the first lines, each on so many rows of a terminal at most, and how many more there are."""
    for line in lines[:most]:
        yield line if screen_rows(line) <= rows else f"  {shortened(line, rows * SCREEN_COLUMNS - 2)}"
    if len(lines) > most:
        yield f"  {words.say('init', 'more', left=len(lines) - most)}"


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
        then=f"spatial run {quoted(study_file)} --raw {quoted(extract.parent)}",
    )
    write_study(study_file, text)


def _short_name(text: str) -> str:
    """Make the short name of a study of a folder's or a file's."""
    letters = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9_-]+", "-", letters).strip("-_")[:64] or "my-county"
