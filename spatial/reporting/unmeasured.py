"""What nobody knows: pillars of a level with their reason, gates, services without a map, places without people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.norms.evaluation import PEOPLE_AT_MOST
from spatial.norms.measuring import NOTHING_MAPPED
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.wording import plain
from spatial.tables.words import NAMES, PILLARS

if TYPE_CHECKING:
    from collections.abc import Mapping


LEAST_PILLARS = 2
"""Measured pillars without which a level says no more than its one pillar does; it is then not shown."""
LEAST_PLACES = 10
"""Settlements of a study or township without which its level hangs on each single one; it is then not shown."""
FEW_PILLARS, FEW_PLACES = "few_pillars", "few_places"

REASONS = ("no_data", "not_asked", "not_defined")
"""The first that any component of a pillar has tells why the pillar is missing."""
NO_DATA = REASONS[0]
NAMED = 3
"""Places without a number of people that a sentence names; of the others it says how many."""


def pillars_missing(row: Mapping[Any, Any], components: pd.DataFrame) -> dict[str, str]:
    """
    Name the pillars of a unit that nothing measures, and why.

    Returns ``no_data``, ``not_asked`` or ``not_defined`` by pillar, in their order. What is not asked of a
    single settlement is not missing there.
    """
    levels = components.loc[components["side"] == "level"]
    found = {}
    for pillar in PILLARS:
        if not pd.isna(row[f"level_{pillar}"]):
            continue
        said = set(levels.loc[levels["pillar"] == pillar, "component_status"])
        reason = next((name for name in REASONS if name in said), "")
        if row["unit_level"] != "settlement" or reason == NO_DATA:
            found[pillar] = reason or NO_DATA
    return found


def levels_shown(scores: pd.DataFrame) -> pd.DataFrame:
    """
    Take away the levels that nobody is shown: those of fewer than two measured pillars or ten settlements.

    The tables and the summary hold them all the same.
    """
    single = scores["unit_level"].eq("settlement")
    study = scores.loc[scores["unit_level"].eq("study"), "places"].max()
    places = scores["places"].mask(single, single.sum() if pd.isna(study) else study)
    pillars = scores[[f"level_{name}" for name in PILLARS]].notna().sum(axis=1)
    hidden = _hidden(scores["integration_level"], pillars, places)
    names = ("integration_level", "integration_level_arithmetic", "level_low", "level_high")
    ranks = ("median_rank", "low_rank", "high_rank")
    gone = {name: scores[name].mask(hidden.ne("")) for name in (*names, *ranks) if name in scores}
    if "level_band" in scores:
        gone["level_band"] = scores["level_band"].mask(hidden.ne(""), "unknown")
    if "rank_status" in scores:
        ranked = hidden.ne("") & scores["rank_status"].eq("ranked")
        gone["rank_status"] = scores["rank_status"].mask(ranked, "not_ranked")
    return scores.assign(**gone, level_hidden=hidden)


def pairs_shown(pairs: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Keep the pairs of townships whose levels are both shown."""
    gone = scores.loc[scores["unit_level"].eq("township") & scores["level_hidden"].ne(""), "unit_id"]
    return pairs.loc[~pairs["unit_id"].isin(gone) & ~pairs["other_id"].isin(gone)]


def changes_shown(units: pd.DataFrame) -> pd.DataFrame:
    """Take away the changes of levels that nobody is shown, by the same rule, in what two runs have in common."""
    dates = ("before", "after")
    single, study = units["unit_level"].eq("settlement"), units["unit_level"].eq("study")
    least = pd.concat([units[f"places_{date}"] for date in dates], axis=1).min(axis=1)
    whole = least[study].min() if study.any() else single.sum()
    pillars = units["common_pillars"].astype("str").str.split(";").map(lambda names: len([n for n in names if n]))
    hidden = _hidden(units["level_before"].fillna(units["level_after"]), pillars, least.mask(single, whole))
    names = [f"{name}_{date}" for name in ("level", "low_rank", "high_rank") for date in dates]
    gone = {name: units[name].mask(hidden.ne("")) for name in (*names, "level_change", "ln_change")}
    return units.assign(**gone, level_hidden=hidden)


def _hidden(level: pd.Series, pillars: pd.Series, places: pd.Series) -> pd.Series:
    """Say why a level is not shown; nothing of what nobody measured."""
    why = np.select([level.isna(), pillars < LEAST_PILLARS, places < LEAST_PLACES], ["", FEW_PILLARS, FEW_PLACES], "")
    return pd.Series(why, index=level.index, dtype="str")


def gates_unjudged(row: Mapping[Any, Any]) -> int:
    """Count the gates in force that are neither passed nor known to fail."""
    failed = [name for name in str(row["failed_gates"]).split(";") if name]
    return int(row["gates_in_force"]) - int(row["gates_passed"]) - len(failed)


def is_unmapped(norm: Mapping[Any, Any]) -> bool:
    """Tell whether a norm asks for a service of which nothing is mapped and whose list nobody declared complete."""
    return NOTHING_MAPPED in str(norm["reason"]).split(";")


def conditions_of(judged_if: object) -> list[tuple[str, int]]:
    """
    Read the condition under which a norm is judged.

    Returns tiers, and how many people the largest known place of each has; empty without a condition.
    """
    codes = judged_if.split(";") if isinstance(judged_if, str) else []
    parts = [code.split(":") for code in codes if code.startswith(f"{PEOPLE_AT_MOST}:")]
    return [(tier, int(persons)) for _, tier, persons in parts]


def people_missing(norm_id: str, results: pd.DataFrame, settlements: pd.DataFrame) -> dict[str, Any] | None:
    """
    Say whose people nobody knows, of those that a norm on people asks about.

    Returns `places`, how many there are, and `first`, the first by id with their names; None where there is
    none, or where nobody knows the people of any place.
    """
    own = results.loc[
        (results["norm_id"] == norm_id) & (results["unit_level"] == "settlement") & (results["places_in_scope"] > 0),
        ["unit_id", "persons_in_scope"],
    ]
    without = own["persons_in_scope"].isna()
    if SUPPRESSED.name in results:  # withheld, and not unknown
        without &= results.loc[own.index, SUPPRESSED.name] == ""
    # Of most norms nobody is missing: places are looked up only for the others.
    if not without.any():
        return None
    inside = own["unit_id"].isin(settlements["settlement_id"])
    ids = sorted(own.loc[without & inside, "unit_id"].astype(str))
    if not ids or without[inside].all():
        return None
    names = ["settlement_id", *(name for name in NAMES if name in settlements)]
    told = settlements.loc[settlements["settlement_id"].isin(ids[:NAMED]), names].set_index("settlement_id")
    first = [{"id": place, **{name: plain(text) for name, text in told.loc[place].items()}} for place in ids[:NAMED]]
    return {"places": len(ids), "first": first}
