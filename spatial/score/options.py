"""What a study decides about its score."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


SAME_TARGET = {"dissimilarity_contiguity": "dissimilarity"}
"""Gaps that are held against the target of another one, being the same over the same units."""


@dataclass(frozen=True)
class GapTargets:
    """
    From where on a gap counts as closed. All are local choices (INDICATORS, 4.3).

    Parameters
    ----------
    gap_ratio : float
        Country against town, at least.
    coverage_gap : float
        Share covered in town less in the country, at most.
    theil_between_share : float
        Part of all inequality that lies between town and country, at most.
    dissimilarity : float
        Of those beyond the norm over units, at most; the same with units that touch as neighbours.
    border_effect_min : float
        Mean extra minutes because of borders, at most.
    border_captive_share : float
        People who reach a facility only across the border of their unit, at most.
    flow_balance : float
        At least.
    """

    gap_ratio: float = 0.9
    coverage_gap: float = 0.05
    theil_between_share: float = 0.10
    dissimilarity: float = 0.10
    border_effect_min: float = 2.0
    border_captive_share: float = 0.05
    flow_balance: float = 0.6

    def of(self, component: str) -> tuple[float, bool] | None:
        """
        Find the target of a gap.

        Parameters
        ----------
        component : str
            The gap.

        Returns
        -------
        tuple or None
            The target, and whether at least (True) or at most is asked; None where it has none.
        """
        name = SAME_TARGET.get(component, component)
        if name not in {item.name for item in fields(self)}:
            return None
        return getattr(self, name), name in {"gap_ratio", "flow_balance"}


@dataclass(frozen=True)
class ScoreRules:
    """
    What a study decides about its score.

    Parameters
    ----------
    norms : tuple of str
        Norms whose attainment makes up access; empty for all that are graded and measured.
    gap_norm : str
        The norm by which gaps are told; empty for the first of the study's headline norms that is a time or distance.
    epsilon : float
        Aversion to inequality in the equally-distributed-equivalent access.
    weights : mapping of str to float
        Weights of the pillars; equal where empty.
    volume_targets : mapping of str to float
        Volume a year between town and country that counts as full, by kind of flow.
    flow_totals : mapping of str to tuple of float
        Totals a year from the country to town, and back, by kind, where nobody knows which place they concern.
    required_services : mapping of str to tuple of str
        What each tier of town should have.
    targets : GapTargets
        From where on gaps count as closed.
    level_bands : tuple of float
        A level below the first is low, from the second on high.
    environment_km : float
        Reach of the surroundings of a place, in which segregation is measured.
    draws, seed : int
        Of the Monte Carlo.
    """

    norms: tuple[str, ...] = ()
    gap_norm: str = ""
    epsilon: float = 0.5
    weights: Mapping[str, float] = field(default_factory=dict)
    volume_targets: Mapping[str, float] = field(default_factory=dict)
    flow_totals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    required_services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    targets: GapTargets = field(default_factory=GapTargets)
    level_bands: tuple[float, float] = (0.5, 0.8)
    environment_km: float = 5.0
    draws: int = 1000
    seed: int = 0
