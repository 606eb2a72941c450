"""The table `sign_off`: every total, share and gate that whoever signs the study should look at."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.planning.sign_off.completeness import missing_shares
from spatial.planning.sign_off.records import gates_on_one_record
from spatial.planning.sign_off.totals import (
    Total,
    facility_totals,
    people_total,
    road_totals,
    village_total,
)
from spatial.planning.sign_off.units import estimated_groups, rescaled_people, unit_check
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from spatial.study import OfficialOptions

__all__ = ["sign_off_table"]

MODELLED = frozenset({"raster", "raster_rescaled"})
TAGGED_SPEEDS = frozenset({"maxspeed", "stated"})
SHOWN_RECORDS = 20
Row = dict[str, Any]


def sign_off_table(
    tables: Mapping[str, pd.DataFrame],
    *,
    official: OfficialOptions,
    inventory: Mapping[str, str],
    basis: str,
    register: pd.DataFrame,
) -> pd.DataFrame:
    """Set our totals against the official ones."""
    totals = [
        people_total(tables, official, basis),
        village_total(tables["settlements"], official),
        *facility_totals(tables, official, inventory),
        *road_totals(tables, official, inventory),
    ]
    rows = [_total_row(total, official.tolerance_share) for total in totals]
    rows[1:1] = _unit_rows(tables)
    rows += _share_rows(tables, official.imputed_share)
    rows += [
        _status_row("missing_facilities", service, share, official.imputed_share, likely_causes=cause)
        for service, share, cause in missing_shares(tables.get("inventory"))
    ]
    rows += _gate_rows(tables, register)
    frame = pd.DataFrame(rows)
    kinds = {field.name: field.kind for field in TABLES["sign_off"].fields}
    return frame[list(kinds)].astype(
        {name: "float64" if kind == "number" else "str" for name, kind in kinds.items()}
    )


def _row(kind: str, of: str, unit: str, ours: float, status: str, **more: object) -> Row:
    blank = {"official": math.nan, "difference": math.nan, "difference_share": math.nan}
    empty = {"likely_causes": "", "source": "", "records": ""}
    item = f"{kind}:{of}" if of else kind
    same = {"item": item, "kind": kind, "of": of, "unit": unit, "ours": ours, "status": status}
    return {**blank, **empty, **same, **more}


def _total_row(total: Total, tolerance: float) -> Row:
    declared = total.official
    if declared is None or math.isnan(total.ours):
        known = {} if declared is None else {"official": declared.value, "source": declared.source}
        return _row(total.kind, total.of, total.unit, total.ours, "unknown", **known)
    if total.other_basis:
        known = {"official": declared.value, "source": declared.source}
        told = f"official_{total.other_basis};{total.causes.rpartition(';')[2]}"
        return _row(total.kind, total.of, total.unit, total.ours, "unknown", likely_causes=told, **known)
    difference = total.ours - declared.value
    close = abs(difference) <= tolerance * declared.value
    return _row(
        total.kind,
        total.of,
        total.unit,
        total.ours,
        "ok" if close else "look",
        official=declared.value,
        difference=difference,
        difference_share=difference / declared.value if declared.value else math.nan,
        likely_causes="" if close else total.causes,
        source=declared.source,
    )


def _share_rows(tables: Mapping[str, pd.DataFrame], limit: float) -> Iterator[Row]:
    for mode, edges in tables["edges"].groupby("mode", sort=True):
        length = edges["length_m"].to_numpy(dtype=float)
        imputed = {
            "imputed_speed": ~edges["speed_source"].isin(list(TAGGED_SPEEDS)),
            "imputed_surface": edges["surface"].isna(),
        }
        for kind, chosen in imputed.items():
            yield _share_row(kind, str(mode), length, chosen.to_numpy(), limit)
    settlements = tables["settlements"]
    scored = settlements.loc[settlements["in_study"]]
    people, source = scored["population_persons"], scored["population_source"]
    weights = people.fillna(0.0).to_numpy(dtype=float)
    yield _share_row("modelled_people", "", weights, source.isin(MODELLED).to_numpy(), limit)
    yield _share_row("unknown_people", "", np.ones(len(scored)), people.isna().to_numpy(), limit)
    rescaled = rescaled_people(scored)
    if rescaled is not None:
        yield _share_row("rescaled_people", "", weights, rescaled.to_numpy(dtype=bool), limit)
    for group, persons, estimated in estimated_groups(scored):
        yield _share_row("estimated_group", group, persons.to_numpy(), estimated.to_numpy(dtype=bool), limit)


def _unit_rows(tables: Mapping[str, pd.DataFrame]) -> Iterator[Row]:
    for check in unit_check(tables):
        status = "unknown" if math.isnan(check.outside) else "look" if check.outside else "ok"
        yield _row(
            "group_units" if check.of else "units",
            check.of,
            "units",
            check.outside,
            status,
            likely_causes=check.causes,
            source=check.source,
            records=" ".join(check.records[:SHOWN_RECORDS]),
        )


def _share_row(
    kind: str, of: str, weights: NDArray[np.float64], chosen: NDArray[np.bool_], limit: float
) -> Row:
    whole = float(weights.sum())
    return _status_row(kind, of, float(weights[chosen].sum()) / whole if whole > 0 else math.nan, limit)


def _status_row(kind: str, of: str, share: float, limit: float, **more: object) -> Row:
    status = "unknown" if math.isnan(share) else "ok" if share <= limit else "look"
    return _row(kind, of, "share", share, status, **more)


def _gate_rows(tables: Mapping[str, pd.DataFrame], register: pd.DataFrame) -> Iterator[Row]:
    gates = gates_on_one_record(tables["norm_results"], tables["access"], register)
    for gate in gates:
        if gate.records is None:
            yield _row(
                "gate", gate.norm_id, "records", math.nan, "unknown", likely_causes=f"gate_{gate.gate}"
            )
            continue
        yield _row(
            "gate",
            gate.norm_id,
            "records",
            float(len(gate.records)),
            "look" if gate.records else "ok",
            likely_causes=f"gate_{gate.gate}" + (";target_is_all" if gate.wants_all and gate.records else ""),
            records=" ".join(gate.records[:SHOWN_RECORDS]),
        )
    known = [gate.records for gate in gates if gate.records is not None]
    hung = sum(bool(records) for records in known)
    status = "look" if hung else "unknown" if len(known) < len(gates) or not gates else "ok"
    cause = f"gates_in_force:{len(gates)}" if gates else "no_gate"
    yield _row("gates", "", "gates", float(hung), status, likely_causes=cause)
