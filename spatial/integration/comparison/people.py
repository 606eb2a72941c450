"""Who gained and who lost: places and their people, by norm, with new and gone places counted apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.comparison.boards import TOWNSHIP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.integration.comparison.runs import Run

__all__ = ["ANY", "people_changes", "place_changes"]

ANY = "any"
"""Stands for all shared norms at once."""
STUDY = "study"
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
    table["change"] = _change(table, here, there)
    rows = pd.concat([_any(before, after, table), table], ignore_index=True)
    for name, run in (("before", before), ("after", after)):
        township = run.places["township_id"] if "township_id" in run.places else pd.Series(dtype="str")
        rows[f"township_{name}"] = rows["settlement_id"].map(township)
    keep = ["settlement_id", "norm_id", "change", "township_before", "township_after", *NUMBERS]
    return rows[keep].sort_values(["settlement_id", "norm_id"], ignore_index=True)


def people_changes(places: pd.DataFrame) -> pd.DataFrame:
    """Add up changes of places over the study and its townships."""
    study = places.assign(unit_level=STUDY, unit_id=STUDY)
    parts = [_sums(study, "before"), _sums(study, "after")]
    for date in ("before", "after"):
        mine = places[places[f"township_{date}"].notna()]
        mine = mine.assign(unit_level=TOWNSHIP, unit_id=mine[f"township_{date}"].astype(str))
        parts.append(_sums(mine, date))
    key = ["unit_level", "unit_id", "norm_id", "change"]
    table = pd.concat(parts, ignore_index=True).groupby(key, as_index=False)[list(NUMBERS)].sum(min_count=1)
    numbers = table[list(NUMBERS)]
    for date in ("before", "after"):
        nowhere = table[f"places_{date}"].isna() | (table[f"places_{date}"] == 0.0)
        table.loc[nowhere, f"persons_{date}"] = 0.0
    table[["places_before", "places_after"]] = numbers[["places_before", "places_after"]].fillna(0.0)
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


def _change(table: pd.DataFrame, here: np.ndarray, there: np.ndarray) -> pd.Series:
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
    return pd.Series(change, index=table.index, dtype="str")


def _any(before: Run, after: Run, table: pd.DataFrame) -> pd.DataFrame:
    """Make a row a place over all norms, with all its people."""
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
    return pd.DataFrame(
        {
            "settlement_id": pd.Series(ids, dtype="str"),
            "norm_id": ANY,
            "change": pd.Series(change, dtype="str"),
            "places_before": here.astype(np.float64),
            "places_after": there.astype(np.float64),
            **people,
        }
    )


def _sums(rows: pd.DataFrame, date: str) -> pd.DataFrame:
    mine = rows[rows[f"places_{date}"] > 0.0]
    return mine.groupby(["unit_level", "unit_id", "norm_id", "change"], as_index=False)[
        [f"places_{date}", f"persons_{date}"]
    ].sum(min_count=1)
