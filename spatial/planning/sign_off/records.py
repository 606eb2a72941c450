"""Gates that hang on one record: those whose result turns if a single settlement or facility is another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from spatial.integration.norms_formulas import SHARE_TOLERANCE
from spatial.integration.register import with_norm_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["HungGate", "gates_on_one_record"]

TIMES = "time_min"
PRESENCE = "presence_in_unit"
ANY_MODE = "any"
AGREE = 1e-6
"""Shares that are added up again must agree with the table to this."""


class HungGate(NamedTuple):
    """One gate, and the records that it hangs on."""

    norm_id: str  # the norm
    gate: str  # pass, fail or unknown, as it stands
    # ids of settlements, townships and facilities, those of most weight and then of most people first; None
    # where it cannot be told
    records: tuple[str, ...] | None
    wants_all: bool  # whether the norm asks for every place, so that each place decides


def gates_on_one_record(
    norm_results: pd.DataFrame, access: pd.DataFrame, register: pd.DataFrame
) -> list[HungGate]:
    """
    Find the gates whose result turns with a single record.

    A passed gate turns where one settlement (or township) that is served now would not be, or where one facility
    falls out and all for whom it is the only one within the norm's minutes with it. A failed gate turns where one
    place that is beyond now would be served. A norm on presence turns where one facility more or less moves a unit
    or the study across its threshold.

    Returns every gate of the study in order of its norm; `records` is None where the gate itself is unknown,
    or where the rows below the study do not add up to its share.
    """
    rules = {str(norm_id): rule for norm_id, rule in with_norm_id(register).set_index("norm_id").iterrows()}
    study = norm_results.loc[norm_results["unit_level"] == "study"].set_index("norm_id")
    gates = study.loc[study["gate"].isin(["pass", "fail", "unknown"])].sort_index()
    below = norm_results.loc[
        norm_results["norm_id"].isin(gates.index) & (norm_results["unit_level"] != "study")
    ]
    return [
        HungGate(
            str(norm_id),
            str(row["gate"]),
            _records(row, below, access, rules[str(norm_id)]),
            row["target_share"] >= 1.0,
        )
        for norm_id, row in gates.iterrows()
    ]


def _records(
    study: pd.Series, below: pd.DataFrame, access: pd.DataFrame, rule: pd.Series
) -> tuple[str, ...] | None:
    if study["gate"] == "unknown":
        return None
    rows = below.loc[below["norm_id"] == study.name]
    levels = set(rows["unit_level"])
    if not levels:
        return ("study",) if _count_moves(study, study["gate"]) else ()
    level = "settlement" if "settlement" in levels else "township"
    rows = rows.loc[rows["unit_level"] == level]
    what = str(study["share_of"])
    weights = rows[f"{what}_in_scope"].fillna(0.0).to_numpy(dtype=float)
    whole, target = float(study[f"{what}_in_scope"]), float(study["target_share"])
    status = rows["status"].to_numpy(dtype=object)
    passed = study["gate"] == "pass"
    sides = {"met": "served_share_lower", "not_met": "served_share_upper"}
    side = "met" if passed else "not_met"
    share = float(study[sides[side]])
    told = float(weights[status == side].sum()) / whole if whole > 0 else np.nan
    if not abs((share if passed else 1.0 - share) - told) <= AGREE:
        return None
    room = (share - target if passed else target - share) * whole
    able = status == side
    if level == "township" and rule["metric"] == PRESENCE:
        able &= np.array([_count_moves(row, study["gate"]) for _, row in rows.iterrows()], dtype=bool)
    slack = SHARE_TOLERANCE * max(whole, 1.0)
    turns = able & (weights > room + slack if passed else weights >= room - slack)
    found = dict(zip(rows["unit_id"][turns], weights[turns], strict=True))
    if passed and rule["metric"] == TIMES and level == "settlement":
        served = pd.Series(weights, index=rows["unit_id"].to_numpy())[able]
        found |= {
            name: lost for name, lost in _facilities(study, served, access, rule) if lost > room + slack
        }
    persons = dict(zip(rows["unit_id"], rows["persons_in_scope"].fillna(0.0), strict=True))
    return tuple(
        str(name) for name in sorted(found, key=lambda name: (-found[name], -persons.get(name, 0.0), name))
    )


def _count_moves(row: pd.Series, gate: str) -> bool:
    """Tell whether one facility more or less moves a count across its threshold."""
    value, threshold = float(row["value"]), float(row["threshold"])
    return value - 1.0 < threshold <= value if gate == "pass" else value < threshold <= value + 1.0


def _facilities(
    study: pd.Series, served: pd.Series, access: pd.DataFrame, rule: pd.Series
) -> Iterator[tuple[str, float]]:
    """Give the weight of the places that each facility alone serves within the norm."""
    rows = access.loc[(access["service"] == study["service"]) & access["settlement_id"].isin(served.index)]
    mode = rule.get("mode")
    if isinstance(mode, str) and mode not in {"", ANY_MODE}:
        rows = rows.loc[rows["mode"] == mode]
    pairs = pd.concat(
        [
            rows[["settlement_id", name, time]].set_axis(["place", "facility", "minutes"], axis=1)
            for name, time in (
                ("facility_id", "travel_time_min"),
                ("second_facility_id", "second_travel_time_min"),
            )
        ]
    )
    within = pairs.loc[pairs["facility"].notna() & (pairs["minutes"] <= study["threshold"])]
    within = within.drop_duplicates(["place", "facility"])
    alone: NDArray[np.bool_] = ~within.duplicated("place", keep=False).to_numpy()
    only = within.loc[alone]
    lost = only["place"].map(served).groupby(only["facility"].to_numpy(), sort=True).sum()
    yield from ((str(name), float(weight)) for name, weight in lost.items())
