"""Parts of a study that no mapped road joins, such as islands, by township."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parts_of"]

NEEDED = {"edges": {"mode", "edge_id", "component"}, "snaps": {"place_id", "place_kind", "mode", "edge_id"}}


def parts_of(tables: Mapping[str, pd.DataFrame], mode: str) -> dict[str, int]:
    """
    Tell which part of the network each township belongs to.

    Examples
    --------
    >>> parts_of({"settlements": pd.DataFrame()}, "drive")
    {}
    """
    if any(name not in tables or not columns <= set(tables[name]) for name, columns in NEEDED.items()):
        return {}
    settlements = tables["settlements"]
    if "township_id" not in settlements:
        return {}
    edges, snaps = tables["edges"], tables["snaps"]
    component = edges.loc[edges["mode"] == mode].set_index("edge_id")["component"]
    component = component[~component.index.duplicated()]
    own = snaps.loc[(snaps["place_kind"] == "settlement") & (snaps["mode"] == mode)]
    part = own.set_index("place_id")["edge_id"].map(component).dropna()
    places = settlements.loc[settlements["in_study"].astype(bool) & settlements["township_id"].notna()]
    people = places["population_persons"]
    joined = pd.DataFrame(
        {
            "township": places["township_id"].astype(str),
            "part": places["settlement_id"].map(part[~part.index.duplicated()]),
            "weight": people.fillna(0.0) if people.notna().any() else 1.0,
        }
    ).dropna(subset=["part"])
    summed = pd.DataFrame(joined.groupby(["township", "part"])["weight"].sum().reset_index())
    best = summed.sort_values(["township", "weight", "part"], ascending=[True, False, True])
    first = best.drop_duplicates("township")
    return {str(name): int(at) for name, at in zip(first["township"], first["part"], strict=True)}
