"""What changed between two runs: one page that a planner decides with, in every language that has messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spatial.cartography.comparison_blocks import (
    components_block,
    dates_block,
    gates_block,
    left_out_block,
    people_block,
    pillars_block,
    study_row,
    townships_block,
)
from spatial.cartography.comparison_places import map_block
from spatial.cartography.document import COMPARE, plain_document
from spatial.cartography.messages import messages
from spatial.planning.comparison import comparison_words, shown_comparison, unmatched
from spatial.planning.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from spatial.integration.comparison import Comparison

__all__ = ["ComparisonMeta", "comparison_page", "page_words"]

PAGE_WORDS = (
    "about.",
    "by.",
    "component.",
    "date.",
    "filter.joint",
    "flow_kind.",
    "map.",
    "mode.",
    "months.",
    "norm.",
    "norm_class.",
    "official.",
    "page.",
    "pillar.",
    "reason.",
    "score.",
    "service.",
    "sign.colon",
    "study.",
    "sure.list",
    "term.",
    "tier.",
    "unit.",
)
"""Beginnings of the messages of other pages that this page needs."""


@dataclass(frozen=True)
class ComparisonMeta:
    """What the page prints beside the comparison."""

    name: str = ""  # short name of the study
    title: Mapping[str, str] = field(default_factory=dict)  # title by language
    # of every norm of either run: `service`, `names`, `metric`, `mode`, `unit`, `threshold` and
    # `norm_class`
    norms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    status: str = "draft"  # draft, internal or public: the least of both runs
    basis: str = "resident"  # whose numbers are counted: resident, registered or modelled
    synthetic: bool = False  # whether any of the runs is of made-up data
    bands: tuple[float, float] = (0.5, 0.8)  # A level below the first is low, from the second on high
    # `path`, `origin`, `vintage`, `licence` and `issue` of each raw file of the later run
    sources: tuple[Mapping[str, str], ...] = ()
    # those of the later run one by one, as `issue_entries` makes them; empty where it does not tell them
    known_issues: tuple[Mapping[str, Any], ...] = ()
    map_approval: str = ""  # approval number of the maps; empty where none is given
    # whether the page is a public map of a country that asks for a number, and none is given
    approval_wanted: bool = False


def comparison_page(
    comparison: Comparison,
    lines: Mapping[str, Sequence[str]],
    *,
    meta: ComparisonMeta,
    runs: Sequence[Mapping[str, pd.DataFrame]],
    trajectory: pd.DataFrame | None = None,
) -> bytes:
    """Write the page."""
    language, comparison = next(iter(lines)), shown_comparison(comparison)
    title = f"{comparison.before} → {comparison.after}"
    persons = comparison.units["population_persons_after"]
    data = {
        "language": language,
        "messages": {code: page_words(code) for code in lines},
        "study": {
            "name": meta.name,
            "title": dict(meta.title),
            "as_of": comparison.as_of[1],
            "status": meta.status,
            "basis": meta.basis,
            "rescaled": False,
            "synthetic": meta.synthetic,
            "note": {},
            "people": bool(persons.notna().any()),
            "approval": meta.map_approval,
            "approval_wanted": meta.approval_wanted,
        },
        "sources": [dict(source) for source in meta.sources],
        "issues": [],
        "known_issues": [dict(known) for known in meta.known_issues],
        "imputed": {},
        "score": {"bands": list(meta.bands), "norms": {}},
        "norms": {name: {"id": name, **norm} for name, norm in sorted(meta.norms.items())},
        "runs": [
            {"name": name, "as_of": date}
            for name, date in zip((comparison.before, comparison.after), comparison.as_of, strict=True)
        ],
        "lines": {code: list(said) for code, said in lines.items()},
        "notes": [list(note) for note in comparison.notes],
        "shared": int(comparison.norms["in_level"].sum()),
        "matched": {name: [plain(number) for number in pair] for name, pair in unmatched(comparison).items()},
        "whole": study_row(comparison),
        "pillars": pillars_block(comparison),
        "components": components_block(comparison),
        "people": people_block(comparison),
        "gates": gates_block(comparison),
        "townships": townships_block(comparison),
        "ranks": comparison.ranks[["unit_id", "other_id"]].astype(str).to_numpy().tolist(),
        "left_out": left_out_block(comparison),
        "dates": dates_block(trajectory),
        **map_block(comparison, runs),
    }
    return plain_document(data, title=title, language=language, parts=COMPARE)


def page_words(language: str) -> dict[str, str]:
    """Join the words of pages that this one needs with the comparison's own."""
    shared = {
        key: text for key, text in messages((language,))[language].items() if key.startswith(PAGE_WORDS)
    }
    own = comparison_words(language).messages
    names = {
        "page": "compare",
        "gate": "turned",
        "change": "change",
        "turn": "turn",
        "note": "note",
        "why": "why",
    }
    return shared | {
        f"{name}.{key}": text for section, name in names.items() for key, text in own[section].items()
    }
