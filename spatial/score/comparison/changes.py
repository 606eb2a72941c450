"""Two runs held against each other: who gained and who lost, gates and ranks that turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spatial.score.comparison.boards import (
    KEPT,
    KEY,
    Matched,
    Shared,
    common_levels,
    decompose,
    in_order,
    levelled,
    match,
    township_levels,
    with_shared_index,
)
from spatial.score.comparison.runs import IN_FORCE, Run
from spatial.score.ranking import BENDS, CLAIM, RankDoubts, rank_units
from spatial.tables.words import STUDY, TOWNSHIP

# Who gained and who lost: places and their people, by norm, with new and gone places counted apart.

ANY = "any"
"""Stands for all shared norms at once."""
MET, NOT_MET = "met", "not_met"
NUMBERS = ("places_before", "places_after", "persons_before", "persons_after")


def place_changes(before: Run, after: Run, norms: Sequence[str]) -> pd.DataFrame:
    """Tell of each place and norm how it changed."""
    one, other = _judged(before, norms), _judged(after, norms)
    table = one.merge(other, on=["settlement_id", "norm_id"], how="outer", suffixes=("_before", "_after"))
    for name in NUMBERS:
        table[name] = table[name].where(table[f"status_{name.rsplit('_', 1)[1]}"].notna(), 0.0)
    counted = (table["places_before"] > 0.0) | (table["places_after"] > 0.0)
    table = table[counted].reset_index(drop=True)
    here = table["settlement_id"].isin(before.places.index).to_numpy()
    there = table["settlement_id"].isin(after.places.index).to_numpy()
    was, now = table["status_before"], table["status_after"]
    change = np.select(
        [
            ~here,
            ~there,
            (was == NOT_MET) & (now == MET),
            (was == MET) & (now == NOT_MET),
            (was == MET) & (now == MET),
            (was == NOT_MET) & (now == NOT_MET),
        ],
        ["new", "gone", "gained", "lost", "within", "beyond"],
        "unknown",
    )
    table["change"] = pd.Series(change, index=table.index, dtype="str")
    # Make a row a place over all norms, with all its people.
    one, other = before.places, after.places
    ids = one.index.union(other.index)
    gained, lost, known = (
        ids.isin(table.loc[table["change"].isin(words), "settlement_id"].unique())
        for words in (["gained"], ["lost"], ["gained", "lost", "within", "beyond"])
    )
    here, there = ids.isin(one.index), ids.isin(other.index)
    change = np.select(
        [~here, ~there, gained & lost, gained, lost, known],
        ["new", "gone", "mixed", "gained", "lost", "same"],
        "unknown",
    )
    people = {
        f"persons_{date}": np.where(
            present, run.places["population_persons"].reindex(ids).to_numpy(dtype=np.float64), 0.0
        )
        for date, run, present in (("before", before, here), ("after", after, there))
    }
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "settlement_id": pd.Series(ids, dtype="str"),
                    "norm_id": ANY,
                    "change": pd.Series(change, dtype="str"),
                    "places_before": here.astype(np.float64),
                    "places_after": there.astype(np.float64),
                    **people,
                }
            ),
            table,
        ],
        ignore_index=True,
    )
    for name, run in (("before", before), ("after", after)):
        township = run.places["township_id"] if "township_id" in run.places else pd.Series(dtype="str")
        rows[f"township_{name}"] = rows["settlement_id"].map(township)
    keep = ["settlement_id", "norm_id", "change", "township_before", "township_after", *NUMBERS]
    return rows[keep].sort_values(["settlement_id", "norm_id"], ignore_index=True)


def people_changes(places: pd.DataFrame) -> pd.DataFrame:
    """Add up changes of places over the study and its townships."""
    key = ["unit_level", "unit_id", "norm_id", "change"]
    parts = []
    for date in ("before", "after"):
        mine = places[places[f"places_{date}"] > 0.0]
        for level, unit in ((STUDY, STUDY), (TOWNSHIP, mine[f"township_{date}"])):
            rows = mine.assign(unit_level=level, unit_id=unit)
            parts.append(rows.groupby(key, as_index=False)[[f"places_{date}", f"persons_{date}"]].sum(min_count=1))
    table = pd.concat(parts, ignore_index=True).groupby(key, as_index=False)[list(NUMBERS)].sum(min_count=1)
    # Of nobody's place, there is nobody; of places whose people are unknown, nobody knows.
    for date in ("before", "after"):
        table[f"places_{date}"] = table[f"places_{date}"].fillna(0.0)
        table.loc[table[f"places_{date}"] == 0.0, f"persons_{date}"] = 0.0
    return table.sort_values(key, ignore_index=True).astype(dict.fromkeys(key, "str"))


def _judged(run: Run, norms: Sequence[str]) -> pd.DataFrame:
    rows = run.norm_results
    mine = rows[
        (rows["unit_level"] == "settlement")
        & rows["norm_id"].isin(list(norms))
        & rows["unit_id"].isin(run.places.index)
    ]
    return pd.DataFrame(
        {
            "settlement_id": mine["unit_id"].astype(str),
            "norm_id": mine["norm_id"].astype(str),
            "status": mine["status_as_mapped"].astype(str),
            "places": mine["places_in_scope"].to_numpy(dtype=np.float64),
            "persons": mine["persons_in_scope"].to_numpy(dtype=np.float64),
        }
    )


# Gates that turned: from fail to pass and back, into and out of the unknown, into and out of force.

GATE_KEY = ["unit_level", "unit_id", "norm_id"]
NONE = "none_applicable"


def gate_turns(before: Run, after: Run, norms: pd.DataFrame) -> pd.DataFrame:
    """Hold the gates of the study, and of townships that both runs have, against each other."""
    # In a township that one run alone has no norm came into force, and none went.
    ids = [set(run.places.get("township_id", pd.Series(dtype="str")).dropna()) for run in (before, after)]
    one, other = (
        table[(table["unit_level"] == STUDY) | table["unit_id"].isin(set.intersection(*ids))]
        for table in (_gates(before), _gates(after))
    )
    table = one.merge(other, on=GATE_KEY, how="outer", suffixes=("_before", "_after"))
    for date in ("before", "after"):
        table[f"gate_{date}"] = table[f"gate_{date}"].fillna(NONE).astype("str")
    was, now = table["gate_before"], table["gate_after"]
    turn = np.select(
        [was == now, was == NONE, now == NONE, now == "pass", now == "fail"],
        ["same", "in_force", "out_of_force", "passes", "fails"],
        "unknown",
    )
    same = norms.set_index("norm_id")["same_terms"]
    table["turn"] = pd.Series(turn, index=table.index, dtype="str")
    table["same_terms"] = table["norm_id"].map(same).fillna(False).astype(bool)
    return table.sort_values(GATE_KEY, ignore_index=True)


def _gates(run: Run) -> pd.DataFrame:
    rows = run.norm_results
    mine = rows[rows["unit_level"].isin(["study", "township"]) & rows["gate"].isin(IN_FORCE)]
    numbers = mine[["served_share", "persons_unserved"]].astype(np.float64)
    return mine[[*GATE_KEY, "gate"]].astype("str").join(numbers)


# Ranks of townships at two dates, told only where draws of weights, means, goalposts and speeds allow.


def rank_turns(
    runs: Sequence[Run], shared: Shared, components: Sequence[pd.DataFrame]
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """Rank the townships of two runs, and find who surely overtook whom."""
    levels = [table[(table["unit_level"] == TOWNSHIP) & (table["side"] == "level")] for table in components]
    both = set.intersection(*(set(table["unit_id"].astype(str)) for table in levels))
    bends = {f"{name} {at}": bend for name, several in BENDS.items() for at, bend in enumerate(several)}
    asked = bends if len(both) > 1 else {}
    # Levels under every assumption are joined at once, each as a kind of unit of its own.
    told = [
        pd.concat([table, township_levels(run, shared, asked)], ignore_index=True)
        for table, run in zip(levels, runs, strict=True)
    ]
    joined, _common = common_levels([table[table["unit_id"].isin(both)] for table in told], shared.rules.weights)
    ranks, pairs = [], []
    for table in joined:
        mine = table.sort_values("unit_id")
        level = {name: mine[mine["unit_level"] == name].assign(unit_level=TOWNSHIP) for name in (TOWNSHIP, *asked)}
        variants = {name: [level[f"{name} {at}"] for at, _bend in enumerate(BENDS[name])] for name in BENDS if asked}
        base = level[TOWNSHIP].reset_index(drop=True)
        ranked, won, _shares = rank_units(base, shared.rules, variants=variants, doubts=_doubts(runs))
        ranks.append(ranked[["unit_id", "low_rank", "high_rank"]])
        pairs.append(won.drop(columns="pair_status"))
    then, now = (table.rename(columns={"probability_before": "probability"}) for table in pairs)
    after = then.rename(columns={"unit_id": "other_id", "other_id": "unit_id", "probability": "after_then"})
    pair = ["unit_id", "other_id"]
    turned = then.merge(now, on=pair, suffixes=("_then", "_now")).merge(after, on=pair)
    surely = (turned.pop("after_then") >= CLAIM) & (turned["probability_now"] >= CLAIM)
    return ranks, turned[surely].sort_values(pair, ignore_index=True)


def _doubts(runs: Sequence[Run]) -> RankDoubts:
    """Whom an issue known at either date forbids to rank or to compare."""
    held = [run.in_doubt for run in runs if run.in_doubt is not None]
    pairs = {pair for table in held for pair in zip(table["unit_id"], table["other_id"], strict=True)}
    alone = frozenset(one for one, other in pairs if one == other)
    return RankDoubts({TOWNSHIP: alone}, frozenset(pair for pair in pairs if pair[0] != pair[1]))


# Two runs held against each other on what they share.

UNIT_FIELDS = ("name", "population_persons", "places", "segmentation_index", "segmentation_terms", "mandatory_status")


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
        """The tables by the names of their contracts, in order."""
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
    norms, shared, boards = matched.norms, matched.shared, matched.boards
    made = [board.components for board in boards]
    levels = [levelled(table, shared) for table in made]
    units, parts = decompose(levels[0], levels[1], shared.rules.weights)
    places = place_changes(before, after, list(norms.loc[norms["in_people"], "norm_id"]))
    ranks, turned = rank_turns(matched.slim, shared, levels)
    notes = list(matched.notes)
    # Norms that make up access in one run only, or on other terms.
    codes = norms["reason"].str.split(";")
    without = codes.map(lambda words: sum(any(word.endswith(f":{run.name}") for word in words) for run in runs))
    alone = norms.loc[~norms["in_level"] & (without < len(runs)), "norm_id"]
    notes += [("norms", ", ".join(alone))] if len(alone) else []
    # Norms whose fail points differ, with both where they are known.
    posts = [run.terms.set_index("norm_id")["fail_point"] for run in runs]
    differ = [
        f"{norm} ({' / '.join('-' if np.isnan(post[norm]) else f'{post[norm]:g}' for post in posts)})"
        for norm in norms.loc[codes.map(lambda words: "other_fail_point" in words), "norm_id"]
    ]
    notes += [("goalposts", ", ".join(differ))] if differ else []
    # What was not measured alike; the border term only where both runs have one.
    terms = all(table.loc[table["component"] == KEPT, "value"].notna().any() for table in made)
    names = ("robust", "borders", *(("border_term",) if terms else ()), "towns")
    notes += [(name, "") for name in names if not getattr(shared, name)]
    in_doubt = _doubts(runs).units[TOWNSHIP]
    notes += [("in_doubt", str(len(in_doubt)))] if in_doubt else []
    table = norms.copy()
    for date, run in zip(("before", "after"), runs, strict=True):
        study = run.norm_results[run.norm_results["unit_level"] == "study"].set_index("norm_id")
        asked = run.terms.set_index("norm_id")[["threshold", "target_share"]].join(study["served_share"], how="outer")
        for name in asked:
            table[f"{name}_{date}"] = asked[name].reindex(table["norm_id"]).to_numpy(dtype=np.float64)
    return Comparison(
        before.name,
        after.name,
        (before.as_of, after.as_of),
        tuple(notes),
        table,
        _units(with_shared_index(boards), units, places, ranks),
        _components(made, parts),
        people_changes(places),
        gate_turns(before, after, norms),
        turned,
    )


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
        table[f"mandatory_status_{date}"] = table[f"mandatory_status_{date}"].fillna("none_applicable").astype("str")
    both = table["presence"] == "both"
    table["segmentation_terms"] = table.pop("segmentation_terms_before").where(both, "").astype("str")
    del table["segmentation_terms_after"]
    for date in ("before", "after"):
        table[f"segmentation_index_{date}"] = table[f"segmentation_index_{date}"].where(both)
    table = table.merge(changes, on=KEY, how="left")
    table["common_pillars"] = table["common_pillars"].fillna("").astype("str")
    # How the access of each settlement changed, and on which norms.
    whole = places["norm_id"] == ANY
    turned = pd.DataFrame(
        {
            "access_change": places[whole].set_index("settlement_id")["change"],
            **{
                f"norms_{change}": places[~whole & (places["change"] == change)]
                .groupby("settlement_id")["norm_id"]
                .agg(";".join)
                for change in ("gained", "lost")
            },
        }
    )
    turned = turned.rename_axis("unit_id").reset_index().assign(unit_level="settlement")
    table = table.merge(turned, on=KEY, how="left")
    for name in ("access_change", "norms_gained", "norms_lost"):
        table[name] = table[name].fillna("").astype("str")
    for date, ranked in zip(("before", "after"), ranks, strict=True):
        told = ranked.assign(unit_level="township").rename(
            columns={"low_rank": f"low_rank_{date}", "high_rank": f"high_rank_{date}"}
        )
        table = table.merge(told, on=KEY, how="left")
    return in_order(table)


def _components(made: list[pd.DataFrame], parts: pd.DataFrame) -> pd.DataFrame:
    """List every component of either run, with its change, its share in the level's, and whether its target is met."""
    key = [*KEY, "pillar", "side", "component"]
    kept = [*key, "value", "unit", "target", "meets_target", "persons"]
    table = made[0][kept].merge(made[1][kept], on=key, how="outer", suffixes=("_before", "_after"))
    for name in ("unit", "target"):
        later, first = table.pop(f"{name}_after"), table.pop(f"{name}_before")
        table[name] = later.where(later.notna(), first)
    table["unit"] = table["unit"].fillna("share").astype("str")
    for date in ("before", "after"):
        column = f"meets_target_{date}"
        missing_word = np.where(table["target"].isna(), "no_target", "unknown")
        table[column] = table[column].where(table[column].notna(), missing_word).astype("str")
    table["change"] = table["value_after"] - table["value_before"]
    was, now = table["meets_target_before"], table["meets_target_after"]
    unknown = (was == "unknown") | (now == "unknown")
    turn = np.select([was == now, unknown, now == "yes"], ["same", "unknown", "now_met"], "no_longer_met")
    table["target_turn"] = pd.Series(turn, index=table.index, dtype="str")
    given = parts.assign(side="level")[[*key, "contribution"]]
    return in_order(table.merge(given, on=key, how="left"), ["pillar", "side", "component"])
