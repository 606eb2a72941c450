"""The numbers of a comparison as its page carries them: pillars, components, people, gates, townships, dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spatial.cartography.places import by_language
from spatial.integration.pillars import GapTargets
from spatial.planning.plain import plain
from spatial.planning.score_text import hidden_text
from spatial.planning.unmeasured import levels_shown
from spatial.planning.wording import languages, wording
from spatial.tables.words import ACCESS_CHANGE, PILLARS

if TYPE_CHECKING:
    import pandas as pd

    from spatial.integration.comparison import Comparison

__all__ = [
    "components_block",
    "dates_block",
    "gates_block",
    "left_out_block",
    "people_block",
    "pillars_block",
    "study_row",
    "townships_block",
]

DATES = ("before", "after")
STUDY, TOWNSHIP, ANY = "study", "township", "any"
FLOOR = 0.01
"""What a component of 0 counts as in a geometric mean (INDICATORS, 4.3)."""
Block = dict[str, Any]


def study_row(comparison: Comparison) -> Block | None:
    """
    Gather what the headline says.

    Returns level, segmentation index and gates at both dates; None where the study has no row.
    """
    rows = comparison.units[comparison.units["unit_level"] == STUDY]
    if not len(rows):
        return None
    row = rows.iloc[0]
    gates = comparison.gates[comparison.gates["unit_level"] == STUDY]
    return {
        "level": _both(row, "level"),
        "hidden": _hidden(str(row.get("level_hidden") or "")),
        "ln_change": plain(row["ln_change"]),
        "index": _both(row, "segmentation_index"),
        "people": _both(row, "population_persons"),
        "status": [str(row[f"mandatory_status_{date}"]) for date in DATES],
        "gates": [
            [
                int((gates[f"gate_{date}"] == "pass").sum()),
                int((gates[f"gate_{date}"] != "none_applicable").sum()),
            ]
            for date in DATES
        ],
    }


def pillars_block(comparison: Comparison) -> list[Block]:
    """
    Tell the level of each pillar at both dates, of the components that both runs measured.

    Returns a pillar each: `level` before and after (None where it is not common) and its `contribution` to
    the change of the logarithm of the level.
    """
    table = comparison.components
    mine = table[(table["unit_level"] == STUDY) & (table["side"] == "level") & table["contribution"].notna()]
    rows = comparison.units[comparison.units["unit_level"] == STUDY]
    made = []
    for pillar in PILLARS:
        parts = mine[mine["pillar"] == pillar]
        levels = [
            plain(float(np.exp(np.log(parts[f"value_{date}"].clip(lower=FLOOR)).mean())))
            if len(parts)
            else None
            for date in DATES
        ]
        given = rows.iloc[0][f"contribution_{pillar}"] if len(rows) else np.nan
        made.append({"pillar": pillar, "level": levels, "contribution": plain(given)})
    return made


def components_block(comparison: Comparison) -> list[Block]:
    """List the components and gaps of the study that either run measured."""
    table = comparison.components
    known = table["value_before"].notna() | table["value_after"].notna()
    made = []
    for row in table[(table["unit_level"] == STUDY) & known].to_dict("records"):
        name, _, kind = str(row["component"]).partition(":")
        asked = GapTargets().of(name)
        made.append(
            {
                "name": name,
                "kind": kind,
                **{key: str(row[key]) for key in ("pillar", "side", "unit", "target_turn")},
                "value": _both(row, "value"),
                "persons": _both(row, "persons"),
                "contribution": plain(row["contribution"]),
                "target": plain(row["target"]),
                "at_least": asked is not None and asked[1],
                "meets": str(row["meets_target_after"]),
            }
        )
    return made


def people_block(comparison: Comparison) -> Block:
    """Count who gained and who lost."""
    table = comparison.people[comparison.people["unit_level"] == STUDY]
    norms: list[Block] = []
    for norm, rows in table[table["norm_id"] != ANY].groupby("norm_id", sort=True):
        counted = _changes(rows)
        if {"gained", "lost"} & set(counted):
            norms.append({"norm": str(norm), "changes": counted})
    norms.sort(key=lambda entry: -_moved(entry["changes"]))
    return {"any": _changes(table[table["norm_id"] == ANY]), "norms": norms}


def gates_block(comparison: Comparison) -> list[Block]:
    """List the mandatory norms that turned, the study's first."""
    names = _unit_names(comparison.units)
    turned = comparison.gates[comparison.gates["turn"] != "same"]
    level = turned["unit_level"].ne(STUDY)
    ordered = turned.assign(last=level).sort_values(["last", "norm_id", "unit_id"])
    return [
        {
            "norm": str(row["norm_id"]),
            "unit_level": str(row["unit_level"]),
            "unit": str(row["unit_id"]),
            "names": names.get((str(row["unit_level"]), str(row["unit_id"])), {}),
            "gate": [str(row[f"gate_{date}"]) for date in DATES],
            "turn": str(row["turn"]),
            "same_terms": bool(row["same_terms"]),
            "persons": _both(row, "persons_unserved"),
        }
        for row in ordered.to_dict("records")
    ]


def townships_block(comparison: Comparison) -> list[Block]:
    """List the townships, those whose level rose most first."""
    units = comparison.units[comparison.units["unit_level"] == TOWNSHIP]
    people = comparison.people[
        (comparison.people["unit_level"] == TOWNSHIP) & (comparison.people["norm_id"] == ANY)
    ]
    counted = {str(unit): _changes(rows) for unit, rows in people.groupby("unit_id", sort=False)}
    ordered = units.sort_values(["level_change", "unit_id"], ascending=[False, True], kind="stable")
    return [
        {
            "id": str(row["unit_id"]),
            "names": by_language(row),
            "county": plain(row.get("county")),
            "presence": str(row["presence"]),
            "people": _both(row, "population_persons"),
            "places": [int(row[f"places_{date}"]) for date in DATES],
            "level": _both(row, "level"),
            "change": plain(row["level_change"]),
            "changes": counted.get(str(row["unit_id"]), {}),
            "status": [str(row[f"mandatory_status_{date}"]) for date in DATES],
            "ranks": [[plain(row[f"{end}_rank_{date}"]) for end in ("low", "high")] for date in DATES],
        }
        for row in ordered.to_dict("records")
    ]


def left_out_block(comparison: Comparison) -> Block:
    """List the norms that make up access in one run only, or on other terms."""
    table = comparison.norms[~comparison.norms["in_level"]]
    made, neither = [], 0
    for row in table.to_dict("records"):
        reasons = [part.partition(":")[::2] for part in str(row["reason"]).split(";") if part]
        runs = {detail for _, detail in reasons if detail}
        if {comparison.before, comparison.after} <= runs:
            neither += 1
            continue
        made.append(
            {
                "norm": str(row["norm_id"]),
                "reasons": [list(reason) for reason in reasons],
                "threshold": _both(row, "threshold"),
            }
        )
    return {"norms": made, "neither": neither}


def dates_block(trajectory: pd.DataFrame | None) -> list[Block]:
    """
    Tell the study at each of more than two dates.

    Returns a run each, in order; empty for two runs.
    """
    if trajectory is None or not len(trajectory) or trajectory["position"].max() <= len(DATES):
        return []
    shown = levels_shown(trajectory)
    study = shown[shown["unit_level"] == STUDY].sort_values("position")
    return [
        {
            "run": str(row["run"]),
            "as_of": str(row["as_of"]),
            "level": plain(row["integration_level"]),
            "beyond": plain(row["unserved_persons"]),
            "gates": [int(row["gates_passed"]), int(row["gates_in_force"])],
        }
        for row in study.to_dict("records")
    ]


def _hidden(why: str) -> dict[str, str]:
    """Say in each language why the level is not shown; empty where it is."""
    return {language: hidden_text(why, wording(language)) for language in languages()} if why else {}


def _both(row: Any, name: str) -> list[Any]:
    return [plain(row[f"{name}_{date}"]) for date in DATES]


def _moved(changes: Block) -> float:
    """Count the people who gained or lost."""
    return float(sum((changes.get(name) or [0.0, 0.0])[1] or 0.0 for name in ("gained", "lost")))


def _changes(rows: pd.DataFrame) -> Block:
    """Count places and people by change, in the order of the contract."""
    known = {str(row["change"]): row for row in rows.to_dict("records")}
    found = {}
    for change in ACCESS_CHANGE:
        if change in known:
            date = "before" if change == "gone" else "after"
            found[change] = [plain(known[change][f"{what}_{date}"]) for what in ("places", "persons")]
    return found


def _unit_names(units: pd.DataFrame) -> dict[tuple[str, str], dict[str, str]]:
    rows = units[units["unit_level"] != "settlement"].to_dict("records")
    return {(str(row["unit_level"]), str(row["unit_id"])): by_language(row) for row in rows}
