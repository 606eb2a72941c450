"""The pillar of elements: what flows between town and country, observed; and what could flow, never scored."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.errors import StudyError, first_of
from spatial.indices.exchange import flow_balance, flow_matrix, huff_shares, radiation_flows, reciprocity
from spatial.score.evidence import Component, gap, level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spatial.score.evidence import Ground, Unit
    from spatial.study.score import ScoreRules

    FloatArray = NDArray[np.float64]


# The pillar of elements: what flows between town and country, observed and never imputed.

COLUMNS = (
    "unit_level",
    "unit_id",
    "kind",
    "outward",
    "inward",
    "net_flow_ratio",
    "balance",
    "volume_share",
    "reciprocity",
    "reciprocity_beyond_chance",
)


def flow_table(
    flows: pd.DataFrame | None, settlements: pd.DataFrame, ground: Ground, rules: ScoreRules
) -> pd.DataFrame:
    """Balance observed flows of the study and of each township, by kind."""
    records: list[dict[str, object]] = []
    if flows is not None and len(flows):
        ids = settlements["settlement_id"].astype(str).tolist()
        classes = (
            settlements["official_class"].to_numpy(dtype=object)
            if "official_class" in settlements
            else np.full(len(ids), None, dtype=object)
        )
        for kind in sorted(set(flows["kind"].astype(str))):
            records += _kind(flows, kind, ids, classes, ground, rules)
    told = {str(record["kind"]) for record in records}
    twice = sorted(told & set(rules.flow_totals))
    if twice:
        raise StudyError(
            "study",
            [f"score.flow_totals: {first_of(twice)} stand in the table of flows too; keep one of the two"],
        )
    for kind in sorted(rules.flow_totals):
        totals = rules.flow_totals[kind]
        target = rules.volume_targets.get(kind, math.nan)
        records.append(_record("study", "study", kind, totals.outward, totals.inward, target))
    table = pd.DataFrame(records, columns=list(COLUMNS))
    texts = ("unit_level", "unit_id", "kind")
    return table.astype({name: "str" if name in texts else "float64" for name in COLUMNS})


def _kind(
    flows: pd.DataFrame, kind: str, ids: list[str], classes: np.ndarray, ground: Ground, rules: ScoreRules
) -> list[dict[str, object]]:
    matrix = flow_matrix(flows, ids, kind=kind)
    both, back = flow_balance(matrix, classes), reciprocity(matrix, official_class=classes)
    target = rules.volume_targets.get(kind, math.nan)
    records = [
        _record("study", "study", kind, both.rural_to_urban, both.urban_to_rural, target)
        | {"reciprocity": back.weighted, "reciprocity_beyond_chance": back.weighted_rho}
    ]
    township = pd.Series(ground.township, index=ground.ids).reindex(ids).to_numpy(dtype=object)
    for unit in sorted({name for name in ground.township if name is not None}):
        mine = township == unit
        outward, inward = float(matrix[mine][:, ~mine].sum()), float(matrix[~mine][:, mine].sum())
        records.append(_record("township", unit, kind, outward, inward, math.nan))
    return records


def _record(
    unit_level: str, unit_id: str, kind: str, outward: float, inward: float, target: float
) -> dict[str, object]:
    pair = flow_balance([outward, inward])
    volume = min(1.0, pair.volume / target) if target > 0.0 else math.nan
    return {
        "unit_level": unit_level,
        "unit_id": unit_id,
        "kind": kind,
        "outward": outward,
        "inward": inward,
        "net_flow_ratio": pair.net_flow_ratio,
        "balance": pair.balance,
        "volume_share": volume,
        "reciprocity": math.nan,
        "reciprocity_beyond_chance": math.nan,
    }


def flow_components(unit: Unit, flows: pd.DataFrame) -> list[Component]:
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
    without = np.isnan(volume)
    levels = balance * np.where(without, 1.0, volume)
    worst = int(np.where(np.isnan(balance), 2.0, balance).argmin())
    return [
        *(
            level(
                "elements",
                f"two_way_flow:{kind}",
                float(levels[at]),
                detail="no_target_volume" if without[at] else "",
            )
            for at, kind in enumerate(kinds)
        ),
        gap("elements", "flow_balance", float(balance[worst]), "share", detail=kinds[worst]),
        *(
            gap("elements", f"net_flow_ratio:{kind}", float(net[at]), "ratio")
            for at, kind in enumerate(kinds)
        ),
    ]


# What could flow between places, by distance and mass: a layer of its own, never scored.

EXPONENT = 2.0
"""How fast the will to go falls with time, in the models of gravity and Huff: the classical square."""
LEAST_MIN = 1.0
LARGEST = 3
"""Flows kept of each origin; all others stay unsaid."""


def potential_flows(
    ground: Ground, times_min: FloatArray, models: Sequence[str], *, attraction: FloatArray
) -> pd.DataFrame:
    """Model flows from every place to the others."""
    people = np.nan_to_num(ground.persons)
    tables = [_largest(_flows(model, people, times_min, attraction), ground, model) for model in models]
    columns = {"model": "str", "from_id": "str", "to_id": "str", "volume": "float64"}
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return pd.concat(tables, ignore_index=True).astype(columns)


def _flows(model: str, people: FloatArray, times: FloatArray, attraction: FloatArray) -> FloatArray:
    if model == "radiation":
        return radiation_flows(people, times, finite_size=True)
    time = np.maximum(times, LEAST_MIN)
    np.fill_diagonal(time, np.inf)
    if model == "huff":
        return np.nan_to_num(huff_shares(attraction, time, exponent=EXPONENT)) * people[:, None]
    pull = people * (LEAST_MIN / time) ** EXPONENT
    total = pull.sum(axis=1, keepdims=True)
    share: FloatArray = np.divide(pull, total, out=np.zeros(pull.shape), where=total > 0.0)
    return share * people[:, None]


def _largest(flows: FloatArray, ground: Ground, model: str) -> pd.DataFrame:
    kept = min(LARGEST, flows.shape[1])
    order = np.argsort(-flows, axis=1, kind="stable")[:, :kept]
    rows = np.repeat(np.arange(len(flows)), kept)
    volume = flows[rows, order.ravel()]
    some = volume > 0.0
    ids = ground.ids.astype(str)
    return pd.DataFrame(
        {
            "model": model,
            "from_id": ids[rows[some]],
            "to_id": ids[order.ravel()[some]],
            "volume": volume[some],
        }
    )
