"""The pillar of elements: what flows between town and country, observed; and what could flow, never scored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import StudyError, first_of
from spatial.indices.exchange import flow_balance, flow_matrix, huff_shares, radiation_flows, reciprocity
from spatial.score.evidence import LEAST_MIN, Ground, ScoreComponent, Unit, gap, level
from spatial.tables import TABLES

if TYPE_CHECKING:
    from spatial.arrays import FloatArray
    from spatial.study.score import ScoreRules


def flow_table(
    flows: pd.DataFrame | None, settlements: pd.DataFrame, ground: Ground, rules: ScoreRules
) -> pd.DataFrame:
    """Balance observed flows of the study and of each township, by kind."""
    records: list[dict[str, object]] = []
    flows = TABLES["flows"].frame() if flows is None else flows
    kinds = sorted(set(flows["kind"].astype(str)))
    twice = sorted(set(kinds) & set(rules.flow_totals))
    ids = settlements["settlement_id"].astype(str).tolist()
    classes = np.full(len(ids), None, dtype=object)
    if "official_class" in settlements:
        classes = settlements["official_class"].to_numpy(dtype=object)
    township = pd.Series(ground.township, index=ground.ids).reindex(ids).to_numpy(dtype=object)
    for kind in kinds:
        matrix = flow_matrix(flows, ids, kind=kind)
        both, back = flow_balance(matrix, classes), reciprocity(matrix, official_class=classes)
        target = rules.volume_targets.get(kind, math.nan)
        study = _record("study", "study", kind, both.rural_to_urban, both.urban_to_rural, target)
        records.append(study | {"reciprocity": back.weighted, "reciprocity_beyond_chance": back.weighted_rho})
        for unit in ground.townships:
            mine = township == unit
            outward, inward = float(matrix[mine][:, ~mine].sum()), float(matrix[~mine][:, mine].sum())
            records.append(_record("township", unit, kind, outward, inward, math.nan))
    if twice:
        raise StudyError(
            "study", [f"score.flow_totals: {first_of(twice)} stand in the table of flows too; keep one of the two"]
        )
    for kind in sorted(rules.flow_totals):
        totals, target = rules.flow_totals[kind], rules.volume_targets.get(kind, math.nan)
        records.append(_record("study", "study", kind, totals.outward, totals.inward, target))
    return TABLES["flow_balances"].frame(records)


def _record(
    unit_level: str, unit_id: str, kind: str, outward: float, inward: float, target: float
) -> dict[str, object]:
    pair = flow_balance([outward, inward])
    return {
        "unit_level": unit_level,
        "unit_id": unit_id,
        "kind": kind,
        "outward": outward,
        "inward": inward,
        "net_flow_ratio": pair.net_flow_ratio,
        "balance": pair.balance,
        "volume_share": min(1.0, pair.volume / target) if target > 0.0 else math.nan,
    }


def flow_components(unit: Unit, flows: pd.DataFrame) -> list[ScoreComponent]:
    """Make the components of the pillar of elements."""
    mine = flows[(flows["unit_level"] == unit.level) & (flows["unit_id"] == unit.id)]
    if mine.empty:
        return [
            level("elements", "two_way_flow", math.nan),
            gap("elements", "flow_balance", math.nan, "share", component_status="no_data"),
        ]
    kinds = mine["kind"].astype(str).tolist()
    balance, volume, net = (
        mine[column].to_numpy(dtype=np.float64) for column in ("balance", "volume_share", "net_flow_ratio")
    )
    # A kind without a target volume counts by its balance alone.
    without = np.isnan(volume)
    levels = balance * np.where(without, 1.0, volume)
    worst = int(np.where(np.isnan(balance), 2.0, balance).argmin())
    return [
        *(
            level("elements", f"two_way_flow:{kind}", value, detail="no_target_volume" if lacking else "")
            for kind, value, lacking in zip(kinds, levels.tolist(), without, strict=True)
        ),
        gap("elements", "flow_balance", float(balance[worst]), "share", detail=kinds[worst]),
        *(
            gap("elements", f"net_flow_ratio:{kind}", value, "ratio")
            for kind, value in zip(kinds, net.tolist(), strict=True)
        ),
    ]


# What could flow between places, by distance and mass: a layer of its own, never scored.

EXPONENT = 2.0
"""How fast the will to go falls with time, in the models of gravity and Huff: the classical square."""
LARGEST = 3
"""Flows kept of each origin; all others stay unsaid."""


def potential_flows(
    ground: Ground, times_min: FloatArray, models: Sequence[str], *, attraction: FloatArray
) -> pd.DataFrame:
    """Model flows from every place to the others."""
    people, ids = np.nan_to_num(ground.persons), ground.ids.astype(str)
    time = np.maximum(times_min, LEAST_MIN)
    np.fill_diagonal(time, np.inf)
    tables = []
    for model in models:
        if model == "radiation":
            flows = radiation_flows(people, times_min, finite_size=True)
        elif model == "huff":
            flows = np.nan_to_num(huff_shares(attraction, time, exponent=EXPONENT)) * people[:, None]
        else:
            # Everybody goes somewhere, shared out by gravity.
            pull = people * (LEAST_MIN / time) ** EXPONENT
            total = pull.sum(axis=1, keepdims=True)
            flows = np.divide(pull, total, out=np.zeros(pull.shape), where=total > 0.0) * people[:, None]
        kept = min(LARGEST, flows.shape[1])
        goal = np.argsort(-flows, axis=1, kind="stable")[:, :kept].ravel()
        origin = np.repeat(np.arange(len(flows)), kept)
        volume = flows[origin, goal]
        some = volume > 0.0
        columns = {"from_id": ids[origin[some]], "to_id": ids[goal[some]], "volume": volume[some]}
        tables.append(pd.DataFrame({"model": model, **columns}))
    table = TABLES["potential_flows"]
    return table.frame(pd.concat(tables, ignore_index=True)) if tables else table.frame()
