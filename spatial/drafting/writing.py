"""Write the study of a folder, and say what is left to do."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import TYPE_CHECKING

from spatial.drafting.blocks import open_decisions
from spatial.drafting.study_file import draft_study
from spatial.errors import StudyError
from spatial.sources.inspection.folder import inspect_folder
from spatial.store import replace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["write_draft"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def write_draft(
    folder: Path, study_file: Path, *, raw: Path, name: str | None = None, as_of: str | None = None
) -> Iterator[str]:
    """Look into a folder, write the study that reads its files, and tell what was done."""
    here = folder.resolve()
    is_below = any(
        root in (one, *one.parents)
        for one, root in ((here, raw.resolve()), (folder.absolute(), raw.absolute()))
    )
    base = raw if is_below else folder
    short = _short(here.name) if name is None else name
    if not _NAME.fullmatch(short):
        raise StudyError("--name", [f"name: {short!r} is not small letters, digits, - and _"])
    report = inspect_folder(folder, raw=base)
    command = f"spatial check {_quoted(study_file)} --raw {_quoted(base)}"
    text = draft_study(report, name=short, title=here.name, as_of=_date(as_of), head=f"Check it: {command}")
    with replace(study_file) as temporary:
        temporary.write_text(text, encoding="utf-8")
    yield f"wrote {study_file}"
    for proposal in report.proposals:
        path = next(
            (str(setting.value) for setting in proposal.settings if setting.key in {"path", "paths"}), ""
        )
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


def _quoted(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)


def _short(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-_")[:64] or "my-county"


def _date(text: str | None) -> dt.date:
    if text is None:
        return dt.datetime.now(tz=dt.UTC).date()
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise StudyError("--as-of", [f"as_of: {text!r} is no date such as 2026-01-31"]) from error
