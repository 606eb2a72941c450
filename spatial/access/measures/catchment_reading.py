"""The door of the floating catchments: pairs, weights, people and supply, read and checked once."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from spatial.access.measures.catchment_sums import CatchmentSums, FcaMethod, catchment_sums
from spatial.access.measures.decays import ZONES_E2SFCA, decay_binary, decay_stepped
from spatial.access.measures.od_pairs import read_pairs, require_decay
from spatial.access.measures.offers import demand_of, offer_of
from spatial.access.measures.weighed_pairs import PairsByWeight, weigh_pairs
from spatial.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spatial.access.measures.decays import Decay
    from spatial.access.measures.od_pairs import Pairs
    from spatial.access.measures.offers import Offer
    from spatial.access.measures.weighed_pairs import WeighedPairs
    from spatial.sources.services import Vocabulary

__all__ = ["Catchments", "per_person", "read_catchments", "same"]

FloatArray: TypeAlias = NDArray[np.float64]

_DEFAULT_DECAY: Mapping[str, Decay] = MappingProxyType(
    {
        "2sfca": decay_binary(max(ZONES_E2SFCA)),
        **dict.fromkeys(("e2sfca", "3sfca", "m2sfca", "bfca"), decay_stepped(ZONES_E2SFCA)),
    }
)
"""Luo and Wang (2003): 30 minutes; the others by the zones of Luo and Qi (2009)."""


@dataclass(frozen=True, eq=False)
class Catchments:
    """Everything that a floating catchment needs, read and checked once."""

    pairs: Pairs  # pairs of settlements and the facilities of the service
    decay: Decay  # what a facility is worth at so many minutes
    # the same with the decay as their weights, and with the people of settlements; 0 where unknown
    weighed: WeighedPairs
    demand_known_share: float  # share of settlements with a number of people
    offer: Offer  # supply of each facility

    def sums(self, method: FcaMethod, *, choice: str = "catchment") -> CatchmentSums:
        """Compute ratios and access."""
        chosen = None
        if method == "3sfca" and choice == "all_pairs":
            chosen = PairsByWeight(self.pairs.links, self.demand, self.decay.uncut(self.pairs.minutes))
        return catchment_sums(self.weighed, self.offer.supply, method=method, choice=chosen)

    @property
    def demand(self) -> FloatArray:
        """People of each settlement, shape (n,); 0 where unknown."""
        return self.weighed.people

    def said(self, method: str, n: int) -> dict[str, object]:
        """Name what was measured, in the columns that every result begins with."""
        return {
            "service": same(self.pairs.service, n),
            "mode": same(self.pairs.mode, n),
            "method": same(method, n),
            "decay": same(str(self.decay), n),
        }


def read_catchments(  # noqa: PLR0913 - what the public functions share, by their names
    od: pd.DataFrame,
    settlements: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str | frozenset[str],
    vocabulary: Vocabulary | None,
    method: FcaMethod,
    decay: Decay | None,
    demand: str,
    supply: str | None,
) -> Catchments:
    """Check the frames and weigh the pairs."""
    if method not in get_args(FcaMethod):
        raise ContractError(
            "options", [f"method: must be one of {', '.join(get_args(FcaMethod))}, is {method!r}"]
        )
    decay = _DEFAULT_DECAY[method] if decay is None else decay
    pairs = read_pairs(od, settlements, facilities, service=service, vocabulary=vocabulary)
    persons, known = demand_of(pairs, demand)
    require_decay(pairs, decay)
    weighed = weigh_pairs(pairs.links, pairs.minutes, persons, decay)
    return Catchments(pairs, decay, weighed, known, offer_of(pairs, supply))


def same(value: str | None, n: int) -> pd.Series[str]:
    """Repeat a text."""
    return pd.Series(pd.array(pa.repeat(pa.scalar(value, pa.large_string()), n), dtype="str"))


def per_person(offer: Offer) -> str:
    """Name the unit of supply per person."""
    return f"{offer.unit} per person"
