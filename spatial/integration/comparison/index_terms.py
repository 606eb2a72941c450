"""The segmentation index of several runs, of the terms that all of them have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.comparison.decomposition import KEY
from spatial.integration.scoring.gap import TERMS, index_of_terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.integration.pillars import Scoreboard

__all__ = ["with_shared_index"]


def with_shared_index(boards: Sequence[Scoreboard]) -> list[pd.DataFrame]:
    """
    Form the index of each unit anew, of the terms that all runs which have the unit measured.

    Returns the scores of each run with that `segmentation_index` (NaN where no term is common, and for
    settlements) and its `segmentation_terms`, joined by ``;``.
    """
    names = list(TERMS)
    terms = pd.concat([board.terms.assign(position=at) for at, board in enumerate(boards)], ignore_index=True)
    common = terms[names].notna().groupby([terms[key] for key in KEY]).transform("all").to_numpy(dtype=bool)
    terms["segmentation_index"] = index_of_terms(np.where(common, terms[names].to_numpy(), np.nan))
    terms["segmentation_terms"] = [";".join(np.array(names)[row]) for row in common]
    made = []
    for at, board in enumerate(boards):
        mine = terms.loc[terms["position"] == at, [*KEY, "segmentation_index", "segmentation_terms"]]
        rest = board.scores.drop(columns=["segmentation_index", "segmentation_terms"])
        table = rest.merge(mine, on=KEY, how="left")
        table["segmentation_terms"] = table["segmentation_terms"].fillna("").astype("str")
        made.append(table)
    return made
