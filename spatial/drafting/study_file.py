"""A study file from what was seen in a folder: what is sure, what is to decide, and what was not used."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from spatial.drafting.blocks import DECIDE, comment, toml_block
from spatial.sources.inspection.field_names import plain
from spatial.sources.inspection.reports import Proposal, Setting

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from spatial.sources.inspection.folder import FolderReport

__all__ = ["draft_study"]

_REGISTERED, _RESIDENT = ("户籍", "registered"), ("常住", "resident", "usual", "residente")


def draft_study(report: FolderReport, *, name: str, title: str, as_of: dt.date, head: str) -> str:
    """Write a study file."""
    language = report.language or "en"
    lines = [
        "# A study written from a folder of files: look at every line.",
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
    """Suggest the province whose norms bind, where the unit codes of China say it."""
    for file in report.files:
        for layer in file.layers:
            for column in layer.fields:
                codes = [
                    text for text in column.examples if re.fullmatch(r"[1-6]\d{5}(\d{3}|\d{6}|\d{11})?", text)
                ]
                if "unit_code" in column.meaning and codes:
                    yield f'# jurisdictions = ["CN-{codes[0][:2]}"]  # whose norms bind, the most specific first'
                    return
    yield '# jurisdictions = ["..."]  # whose norms bind, the most specific first; GLOBAL ones bind in any case'


def _region(report: FolderReport) -> list[str]:
    boundaries = [proposal for proposal in report.proposals if proposal.section == "sources.boundaries"]
    if not boundaries or boundaries[0].is_suggestion:
        return []
    keys = {setting.key: setting.value for setting in boundaries[0].settings}
    if "8" in keys.get("values.admin_level", {}).values():
        return [
            "",
            "[region]",
            "unit_levels = [8]  # the townships; admin_level and names say which county it is",
        ]
    if "columns.admin_level" in keys:
        return ["", "[region]", *comment(DECIDE, "which level are the townships"), "# unit_levels = [8]"]
    return [
        "",
        "[region]",
        "unit_levels = [8]  # the file states no level: all its areas are units of this one",
    ]


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
    if any(word in told for word in _REGISTERED):
        setting = Setting(
            "basis", "registered", f"the column is {column.value!r}", is_decided=column.is_decided
        )
    elif any(word in told for word in _RESIDENT):
        setting = Setting(
            "basis", "resident", f"the column is {column.value!r}", is_decided=column.is_decided
        )
    else:
        setting = Setting(
            "basis",
            "resident",
            f"whom {column.value!r} counts: resident or registered people",
            is_decided=False,
        )
    return Proposal("population", (setting,))
