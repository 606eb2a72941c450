"""Two runs held against each other on what they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.comparison.boards import KEPT, levelled
from spatial.integration.comparison.decomposition import KEY, PILLARS, decompose
from spatial.integration.comparison.gate_turns import gate_turns
from spatial.integration.comparison.index_terms import with_shared_index
from spatial.integration.comparison.matched import match
from spatial.integration.comparison.people import ANY, people_changes, place_changes
from spatial.integration.comparison.rank_turns import rank_turns

if TYPE_CHECKING:
    from spatial.integration.comparison.boards import Shared
    from spatial.integration.comparison.matched import Matched
    from spatial.integration.comparison.runs import Run

__all__ = ["Comparison", "compare"]

UNIT_FIELDS = (
    "name",
    "population_persons",
    "places",
    "segmentation_index",
    "segmentation_terms",
    "mandatory_status",
)
ORDER = ["study", "township", "settlement"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """
    What changed between two runs.

    Parameters
    ----------
    before, after : str
        Their names.
    as_of : tuple of str
        The dates on which they judged norms.
    notes : tuple of tuple of str
        Code and detail of what is to be said beside the numbers, as `check_comparable` and `with_same_ids` list it,
        with ``norms`` (those that make up access in one run only, or on other terms), and ``robust``, ``borders``,
        ``border_term`` (of the segmentation index) and ``towns`` where these were not measured alike.
    norms, units, components, people, gates, ranks : DataFrame
        By the contracts of `comparison_norms`, `comparison`, `comparison_components`, `comparison_people`,
        `comparison_gates` and `comparison_ranks`.
    """

    before: str
    after: str
    as_of: tuple[str, str]
    notes: tuple[tuple[str, str], ...]
    norms: pd.DataFrame
    units: pd.DataFrame
    components: pd.DataFrame
    people: pd.DataFrame
    gates: pd.DataFrame
    ranks: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """
        The tables by the names of their contracts.

        Returns
        -------
        dict of str to DataFrame
            In order.
        """
        return {
            "comparison": self.units,
            "comparison_components": self.components,
            "comparison_people": self.people,
            "comparison_gates": self.gates,
            "comparison_ranks": self.ranks,
            "comparison_norms": self.norms,
        }


def compare(before: Run, after: Run) -> Comparison:
    """Hold two runs against each other."""
    return compare_matched(match((before, after)))


def compare_matched(matched: Matched) -> Comparison:
    """Hold the first of some matched runs against the last."""
    before, after = runs = matched.runs
    notes, norms, shared, boards = list(matched.notes), matched.norms, matched.shared, matched.boards
    made = [board.components for board in boards]
    levels = [levelled(table, shared) for table in made]
    units, parts = decompose(levels[0], levels[1], shared.rules.weights)
    places = place_changes(before, after, list(norms.loc[norms["in_people"], "norm_id"]))
    ranks, turned = rank_turns(matched.slim, shared, levels)
    alone = norms[~norms["in_level"] & (norms["reason"].map(lambda codes: _reasons(codes, runs)) < len(runs))]
    notes += [("norms", ", ".join(alone["norm_id"]))] if len(alone) else []
    notes += [*_goalposts(runs, norms), *((name, "") for name in _unlike(shared, made))]
    notes += _in_doubt(runs)
    return Comparison(
        before.name,
        after.name,
        (before.as_of, after.as_of),
        tuple(notes),
        _norms(runs, norms),
        _units(with_shared_index(boards), units, places, ranks),
        _components(made, parts),
        people_changes(places),
        gate_turns(before, after, norms),
        turned,
    )


def _goalposts(runs: tuple[Run, ...], norms: pd.DataFrame) -> list[tuple[str, str]]:
    """Name the norms whose fail points differ, with both where they are known."""
    other = norms.loc[
        norms["reason"].str.split(";").map(lambda codes: "other_fail_point" in codes), "norm_id"
    ]
    posts = [run.terms.set_index("norm_id")["fail_point"] for run in runs]
    told = [
        f"{norm} ({' / '.join('-' if np.isnan(post[norm]) else f'{post[norm]:g}' for post in posts)})"
        for norm in other
    ]
    return [("goalposts", ", ".join(told))] if told else []


def _in_doubt(runs: tuple[Run, ...]) -> list[tuple[str, str]]:
    """Count the townships that known issues of the sources leave without a rank at either date."""
    held = [run.in_doubt for run in runs if run.in_doubt is not None]
    alone = {unit for table in held for unit in table.loc[table["unit_id"] == table["other_id"], "unit_id"]}
    return [("in_doubt", str(len(alone)))] if alone else []


def _unlike(shared: Shared, made: list[pd.DataFrame]) -> list[str]:
    """Name what was not measured alike; the border term only where both runs have one."""
    terms = all(table.loc[table["component"] == KEPT, "value"].notna().any() for table in made)
    told = ("robust", "borders", *(("border_term",) if terms else ()), "towns")
    return [name for name in told if not getattr(shared, name)]


def _reasons(codes: str, runs: tuple[Run, ...]) -> int:
    """Count the runs whose access a norm is no part of."""
    words = codes.split(";")
    return sum(any(word.endswith(f":{run.name}") for word in words) for run in runs)


def _norms(runs: tuple[Run, ...], norms: pd.DataFrame) -> pd.DataFrame:
    table = norms.copy()
    for date, run in zip(("before", "after"), runs, strict=True):
        terms = run.terms.set_index("norm_id")
        study = run.norm_results[run.norm_results["unit_level"] == "study"].set_index("norm_id")
        for name, source in (
            ("threshold", terms["threshold"]),
            ("target_share", terms["target_share"]),
            ("served_share", study["served_share"]),
        ):
            table[f"{name}_{date}"] = source.reindex(table["norm_id"]).to_numpy(dtype=np.float64)
    return table


def _units(
    scores: list[pd.DataFrame], changes: pd.DataFrame, places: pd.DataFrame, ranks: list[pd.DataFrame]
) -> pd.DataFrame:
    """Put everything that is said of a unit into its row."""
    one, other = (table[[*KEY, *UNIT_FIELDS]] for table in scores)
    table = one.merge(other, on=KEY, how="outer", suffixes=("_before", "_after"), indicator=True)
    presence = {"both": "both", "left_only": "gone", "right_only": "new"}
    table["presence"] = table.pop("_merge").astype("str").map(presence).astype("str")
    names = table.pop("name_after")
    table["name"] = names.where(names.notna(), table.pop("name_before")).astype("str")
    for date in ("before", "after"):
        table[f"places_{date}"] = table[f"places_{date}"].fillna(0).astype(np.int64)
        table[f"mandatory_status_{date}"] = (
            table[f"mandatory_status_{date}"].fillna("none_applicable").astype("str")
        )
    both = table["presence"] == "both"
    table["segmentation_terms"] = table.pop("segmentation_terms_before").where(both, "").astype("str")
    del table["segmentation_terms_after"]
    for date in ("before", "after"):
        table[f"segmentation_index_{date}"] = table[f"segmentation_index_{date}"].where(both)
    table = table.merge(changes, on=KEY, how="left")
    table["common_pillars"] = table["common_pillars"].fillna("").astype("str")
    table = table.merge(_turned(places), on=KEY, how="left")
    for name in ("access_change", "norms_gained", "norms_lost"):
        table[name] = table[name].fillna("").astype("str")
    for date, ranked in zip(("before", "after"), ranks, strict=True):
        told = ranked.assign(unit_level="township").rename(
            columns={"low_rank": f"low_rank_{date}", "high_rank": f"high_rank_{date}"}
        )
        table = table.merge(told, on=KEY, how="left")
    return _ordered(table)


def _turned(places: pd.DataFrame) -> pd.DataFrame:
    """Say of each settlement how its access changed, and on which norms."""
    whole = places[places["norm_id"] == ANY].set_index("settlement_id")["change"].rename("access_change")
    single = places[places["norm_id"] != ANY]
    named = {
        f"norms_{change}": single[single["change"] == change]
        .groupby("settlement_id")["norm_id"]
        .agg(";".join)
        for change in ("gained", "lost")
    }
    table = pd.DataFrame({"access_change": whole, **named}).rename_axis("unit_id").reset_index()
    return table.assign(unit_level="settlement")


def _components(made: list[pd.DataFrame], parts: pd.DataFrame) -> pd.DataFrame:
    """List every component of either run, with its change, its share in the level's, and whether its target is met."""
    key = [*KEY, "pillar", "side", "component"]
    kept = [*key, "value", "unit", "target", "meets_target", "persons"]
    table = made[0][kept].merge(made[1][kept], on=key, how="outer", suffixes=("_before", "_after"))
    for name, missing in (("unit", "share"), ("target", np.nan)):
        later = table.pop(f"{name}_after")
        first = table.pop(f"{name}_before")
        table[name] = later.where(later.notna(), first)
        if name == "unit":
            table[name] = table[name].fillna(missing).astype("str")
    for date in ("before", "after"):
        column = f"meets_target_{date}"
        missing_word = np.where(table["target"].isna(), "no_target", "unknown")
        table[column] = table[column].where(table[column].notna(), missing_word).astype("str")
    table["change"] = table["value_after"] - table["value_before"]
    was, now = table["meets_target_before"], table["meets_target_after"]
    turn = np.select(
        [was == now, now == "yes", (now == "no") & (was == "yes")],
        ["same", "now_met", "no_longer_met"],
        "unknown",
    )
    table["target_turn"] = pd.Series(turn, index=table.index, dtype="str")
    given = parts.assign(side="level")[[*key, "contribution"]]
    return _ordered(table.merge(given, on=key, how="left"), ["pillar", "side", "component"])


def _ordered(table: pd.DataFrame, more: list[str] | None = None) -> pd.DataFrame:
    ranks = {
        "unit_level": {name: at for at, name in enumerate(ORDER)},
        "pillar": {name: at for at, name in enumerate(PILLARS)},
        "side": {"level": 0, "gap": 1},
    }
    return table.sort_values(
        [*KEY, *(more or [])],
        key=lambda column: column.map(ranks[str(column.name)]) if str(column.name) in ranks else column,
        ignore_index=True,
    )
