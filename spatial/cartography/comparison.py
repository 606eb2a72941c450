"""What changed between two runs: one page without a script, in one language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader

from spatial.cartography.assets import own
from spatial.planning.comparison import comparison_words
from spatial.planning.score_text import component_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from spatial.integration.comparison import Comparison
    from spatial.planning.comparison import ComparisonWords

__all__ = ["comparison_page"]

NOTHING = "-"
SHOWN = 300
"""Settlements that the page lists; the table has them all."""
_TEMPLATES = Environment(
    loader=PackageLoader("spatial.cartography", "assets/own"), autoescape=True, keep_trailing_newline=True
)
Cell = dict[str, Any]
Part = dict[str, Any]


def comparison_page(
    comparison: Comparison,
    lines: Sequence[str],
    *,
    trajectory: pd.DataFrame | None = None,
    language: str = "en",
    synthetic: bool = False,
    draft: bool = False,
) -> bytes:
    """
    Write the page.

    Parameters
    ----------
    comparison : Comparison
        As `compare_runs` makes it.
    lines : sequence of str
        The account, in the same language.
    trajectory : DataFrame, optional
        By the contract of the table; told where it has more than two runs.
    language : str
        A language with a message file.
    synthetic, draft : bool
        Whether any of the runs is of made-up data, or not signed off.

    Returns
    -------
    bytes
        The file; the same data give the same bytes.
    """
    words = comparison_words(language)
    said = words.messages["page"]
    parts = [
        _components(comparison, words),
        _gaps(comparison, words),
        _people(comparison, words),
        _townships(comparison, words),
        _gates(comparison, words),
        _settlements(comparison, words),
        _norms(comparison, words),
    ]
    if trajectory is not None and trajectory["position"].max() > 2:
        parts.insert(0, _dates(trajectory, words))
    text = _TEMPLATES.get_template("compare.html").render(
        language=language,
        title=f"{comparison.before} → {comparison.after}",
        banner=" ".join(said[name] for name, shown in (("synthetic", synthetic), ("draft", draft)) if shown),
        styles=[own("page.css"), own("index.css"), own("compare.css")],
        words=said,
        lines=list(lines),
        parts=parts,
    )
    return text.encode("utf-8")


def _text(text: object) -> Cell:
    return {"text": str(text), "number": False}


def _number(text: str) -> Cell:
    return {"text": text, "number": True}


def _bars(values: pd.Series, words: ComparisonWords) -> list[Cell]:
    """Draw changes to one scale."""
    largest = float(values.abs().max())
    scale = largest if largest > 0.0 else 1.0
    return [
        _number(NOTHING)
        if math.isnan(value)
        else {"text": words.signed(value), "number": True, "bar": value / scale}
        for value in map(float, values)
    ]


def _part(
    name: str, heads: Sequence[str], rows: list[list[Cell]], words: ComparisonWords, note: str = ""
) -> Part:
    said = words.messages["page"]
    return {
        "id": name,
        "title": said[name],
        "heads": [said[head] for head in heads],
        "rows": rows,
        "note": note,
    }


def _study(comparison: Comparison, side: str) -> pd.DataFrame:
    table = comparison.components
    return table[(table["unit_level"] == "study") & (table["side"] == side)]


def _components(comparison: Comparison, words: ComparisonWords) -> Part:
    table = _study(comparison, "level")
    table = table[table["value_before"].notna() | table["value_after"].notna()]
    bars = _bars(table["contribution"], words)
    rows = [
        [
            _text(component_text(str(row["component"]), words.results)),
            _text(words.results.say("pillar", str(row["pillar"]))),
            *_both(row, words),
            bar,
        ]
        for row, bar in zip(table.to_dict("records"), bars, strict=True)
    ]
    return _part("components", ["component", "pillar", "before", "after", "contribution"], rows, words)


def _gaps(comparison: Comparison, words: ComparisonWords) -> Part:
    table = _study(comparison, "gap")
    table = table[table["value_before"].notna() | table["value_after"].notna()]
    turns = words.messages["turn"]
    rows = []
    for row in table.to_dict("records"):
        has = not math.isnan(row["target"])
        now = {"yes": "met", "no": "not_met"}.get(str(row["meets_target_after"]), "unknown")
        turn = now if row["target_turn"] == "same" else str(row["target_turn"])
        rows.append(
            [
                _text(component_text(str(row["component"]), words.results)),
                *_both(row, words),
                _number(words.results.figure(float(row["target"])) if has else NOTHING),
                _text(turns[turn] if has else NOTHING),
            ]
        )
    return _part("gaps", ["component", "before", "after", "target", "now"], rows, words)


def _both(row: dict[Any, Any], words: ComparisonWords) -> list[Cell]:
    return [
        _number(words.value(float(row[f"value_{date}"]), str(row["unit"]))) for date in ("before", "after")
    ]


def _people(comparison: Comparison, words: ComparisonWords) -> Part:
    table = comparison.people
    table = table[(table["unit_level"] == "study") & (table["norm_id"] != "any")]
    rows = []
    for norm, mine in table.groupby("norm_id", sort=True):
        own_rows = mine.set_index("change")
        if {"gained", "lost"} & set(own_rows.index):
            rows.append([_text(norm), *(_count(own_rows, change, words) for change in ("gained", "lost"))])
    return _part("people", ["norm", "gained", "lost"], rows, words)


def _count(rows: pd.DataFrame, change: str, words: ComparisonWords) -> Cell:
    """Write people and places of one change, as at the later date."""
    if change not in rows.index:
        return _number("0")
    persons, places = (float(rows[f"{what}_after"].loc[change]) for what in ("persons", "places"))
    return _number(words.part("", persons, places).strip())


def _townships(comparison: Comparison, words: ComparisonWords) -> Part:
    units = comparison.units[comparison.units["unit_level"] == "township"]
    units = units.sort_values("level_change", ascending=False, kind="stable")
    people = comparison.people[comparison.people["norm_id"] == "any"]
    rows = []
    for row, bar in zip(units.to_dict("records"), _bars(units["level_change"], words), strict=True):
        mine = people[(people["unit_level"] == "township") & (people["unit_id"] == row["unit_id"])]
        changes = mine.set_index("change")
        rows.append(
            [
                _text(_name(row)),
                *(_number(words.value(float(row[f"level_{date}"]), "share")) for date in ("before", "after")),
                bar,
                *(_count(changes, change, words) for change in ("gained", "lost")),
                _number(f"{_ranks(row, 'before')}, {_ranks(row, 'after')}"),
            ]
        )
    heads = ["township", "before", "after", "change", "gained", "lost", "ranks"]
    return _part("townships", heads, rows, words, words.messages["page"]["ranks_note"])


def _ranks(row: dict[Any, Any], date: str) -> str:
    low, high = float(row[f"low_rank_{date}"]), float(row[f"high_rank_{date}"])
    return NOTHING if math.isnan(low) else f"{low:g}-{high:g}"


def _gates(comparison: Comparison, words: ComparisonWords) -> Part:
    names = {
        (str(row["unit_level"]), str(row["unit_id"])): _name(row)
        for row in comparison.units.to_dict("records")
    }
    names["study", "study"] = words.messages["page"]["study"]
    turned = comparison.gates[comparison.gates["turn"] != "same"]
    rows = [
        [
            _text(row["norm_id"]),
            _text(names.get((str(row["unit_level"]), str(row["unit_id"])), row["unit_id"])),
            *(_text(words.messages["gate"][str(row[f"gate_{date}"])]) for date in ("before", "after")),
        ]
        for row in turned.to_dict("records")
    ]
    return _part("gates", ["norm", "unit", "before", "after"], rows, words)


def _settlements(comparison: Comparison, words: ComparisonWords) -> Part:
    units = comparison.units
    turned = units[units["access_change"].isin(["gained", "lost", "mixed"])]
    turned = turned.sort_values(["norms_lost", "norms_gained"], ascending=False, kind="stable")
    rows = [
        [
            _text(_name(row)),
            _text(words.messages["change"][str(row["access_change"])]),
            *(_text(str(row[name]).replace(";", ", ")) for name in ("norms_gained", "norms_lost")),
        ]
        for row in turned.head(SHOWN).to_dict("records")
    ]
    more = len(turned) - len(rows)
    note = words.say("page", "more", number=words.results.number(more)) if more else ""
    return _part("settlements", ["settlement", "now", "norms_gained", "norms_lost"], rows, words, note)


def _norms(comparison: Comparison, words: ComparisonWords) -> Part:
    left = comparison.norms[~comparison.norms["in_level"]]
    rows = [
        [_text(row["norm_id"]), _text(str(row["reason"]).replace(";", "; "))]
        for row in left.to_dict("records")
    ]
    return _part("norms", ["norm", "reason"], rows, words)


def _dates(trajectory: pd.DataFrame, words: ComparisonWords) -> Part:
    study = trajectory[trajectory["unit_level"] == "study"]
    rows = [
        [
            _text(f"{row['run']} ({row['as_of']})"),
            _number(words.value(float(row["integration_level"]), "share")),
            _number(words.results.number(float(row["unserved_persons"]))),
            _number(f"{row['gates_passed']} / {row['gates_in_force']}"),
        ]
        for row in study.to_dict("records")
    ]
    return _part("dates", ["date", "level", "beyond", "gates_passed"], rows, words)


def _name(row: dict[Any, Any]) -> str:
    name = row["name"]
    return name if isinstance(name, str) and name else str(row["unit_id"])
