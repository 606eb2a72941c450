"""Why a component of the score is not defined somewhere: which of the things that it compares are not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Undefined"]

BOTH = frozenset({"urban", "rural"})
_CLASSES = frozenset({"theil_between_share", "gap_ratio", "difference", "coverage_gap"})
_BEYOND = ("dissimilarity", "information")
_TOWNS = frozenset({"hierarchy_completeness", "incomplete_towns"})


@dataclass(frozen=True)
class Undefined:
    """What the units of one level have."""

    classes: Mapping[str, frozenset[str]]  # official classes of the settlements of each unit
    townships: int  # how many townships have a score

    @classmethod
    def of(cls, tables: Mapping[str, pd.DataFrame], level: str) -> Undefined:
        """Look at the tables."""
        rows = tables["settlements"]
        rows = rows.loc[rows["in_study"].astype(bool)] if "in_study" in rows else rows
        known = (
            rows["official_class"] if "official_class" in rows else pd.Series(None, rows.index, dtype=object)
        )
        unit = rows["township_id"] if level == "township" and "township_id" in rows else None
        keys = unit if unit is not None else pd.Series("study", rows.index)
        townships = int((tables["scores"]["unit_level"] == "township").sum())
        classes = {
            str(name): frozenset(part.dropna().astype(str)) for name, part in known.groupby(keys, sort=True)
        }
        return cls(classes, townships)

    def reason(self, unit: str, part: Mapping[Any, Any]) -> dict[str, str]:
        """
        Say why a component is not defined.

        Returns ``why``: the code of a reason; empty where the component is defined, or nothing here tells.
        """
        if part["component_status"] != "not_defined":
            return {}
        name = str(part["component"])
        if name in _CLASSES:
            known = self.classes.get(unit, frozenset()) >= BOTH
            return {} if known else {"why": "no_classes"}
        if name in _TOWNS:
            return {"why": "no_asked_towns"}
        if name == "gates_spread":
            return {"why": "no_gates"}
        if name.startswith(_BEYOND):
            return {"why": "few_townships" if self.townships < len(BOTH) else "all_alike"}
        return {}
