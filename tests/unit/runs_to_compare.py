"""Small runs by hand, to be held against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from spatial.score.comparison import Run, norm_terms
from spatial.score.evidence import component_table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NORMS", "run_of"]

CRS = "EPSG:32738"
NORMS = {"CLINIC": (30.0, 60.0), "SCHOOL": (15.0, 45.0)}
"""Threshold and fail point in minutes."""
PLACES = {
    "a": ("t1", "urban", 400.0),
    "b": ("t1", "rural", 100.0),
    "c": ("t2", "urban", 200.0),
    "d": ("t2", "rural", 300.0),
}
NUMBERS = ("value", "depth_fgt1", "served_share", "attainment")


def run_of(
    name: str,
    minutes: Mapping[str, tuple[float, float]],
    *,
    places: Mapping[str, tuple[str, str, float]] | None = None,
    gates: Mapping[tuple[str, str], str] | None = None,
    norms: Mapping[str, tuple[float, float]] = NORMS,
    seasonal: frozenset[str] = frozenset(),
    **changes: object,
) -> Run:
    """Make a run of places with minutes to a clinic and a school, NaN = out of scope, and gates of a third norm."""
    known = {place: (places or PLACES)[place] for place in minutes}
    results = pd.concat(
        [*(_rows(norm, at, known, minutes, norms) for at, norm in enumerate(norms)), _gate_rows(gates or {})],
        ignore_index=True,
    )
    ids = list(known)
    listed = [{"id": norm, "unit": "min", "metric": "time_min", "direction": "max"} for norm in (*norms, "GATE")]
    made = Run(
        name=name,
        as_of="2026-01-01",
        settlements=_settlements(known),
        access=pd.DataFrame(
            {"settlement_id": ids, "mode": "drive", "service": "county_seat", "reach_status": "reached"}
        ),
        last_mile=pd.DataFrame(
            {
                "settlement_id": ids,
                "last_mile_class": ["gap" if place in seasonal else "connected" for place in ids],
                "last_mile_class_known": ["gap" if place in seasonal else "connected" for place in ids],
            }
        ),
        norm_results=results,
        towns=pd.DataFrame({"settlement_id": ids[:1], "tier": "town", "required_services": 4, "completeness": 0.5}),
        components=component_table([]),
        terms=norm_terms(results, listed),
        mode="drive",
        basis="resident",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def _settlements(known: Mapping[str, tuple[str, str, float]]) -> gpd.GeoDataFrame:
    order = [ord(place[0]) for place in known]
    return gpd.GeoDataFrame(
        {
            "settlement_id": pd.Series(list(known), dtype="str"),
            "name": pd.Series([place.upper() for place in known], dtype="str"),
            "tier": "village",
            "official_class": pd.Series([said[1] for said in known.values()], dtype="str"),
            "in_study": True,
            "population_persons": [said[2] for said in known.values()],
            "township_id": pd.Series([said[0] for said in known.values()], dtype="str"),
        },
        geometry=gpd.points_from_xy([400_000.0 + 5000.0 * at for at in order], [8e6] * len(order)),
        crs=CRS,
    )


def _rows(
    norm: str,
    at: int,
    known: Mapping[str, tuple[str, str, float]],
    minutes: Mapping[str, tuple[float, float]],
    norms: Mapping[str, tuple[float, float]],
) -> pd.DataFrame:
    threshold, fail = norms[norm]
    rows = []
    for place, (_township, _official, people) in known.items():
        value = minutes[place][at]
        asked = not np.isnan(value)
        met = asked and value <= threshold
        rows.append(
            {
                "unit_level": "settlement",
                "unit_id": place,
                "status_as_mapped": ("met" if met else "not_met") if asked else "not_applicable",
                "value": value if np.isfinite(value) else np.nan,
                "depth_fgt1": min(1.0, max(0.0, (value - threshold) / (fail - threshold))) if asked else np.nan,
                "persons_in_scope": people * asked,
                "persons_served": people * met,
                "persons_unserved": people * (asked and not met),
                "places_in_scope": float(asked),
                "places_served": float(met),
                "served_share": float(met) if asked else np.nan,
                "attainment": np.nan,
            }
        )
    table = pd.DataFrame(rows)
    sums = table[["persons_in_scope", "persons_served", "persons_unserved", "places_in_scope", "places_served"]].sum()
    share = sums["persons_served"] / sums["persons_in_scope"] if sums["persons_in_scope"] > 0.0 else 0.0
    whole = {
        **sums.to_dict(),
        "unit_level": "study",
        "unit_id": "study",
        "status_as_mapped": "met" if share == 1.0 else "not_met",
        "value": np.nan,
        "depth_fgt1": np.nan,
        "served_share": share,
        "attainment": min(1.0, share / 0.8),
    }
    return pd.concat([table, pd.DataFrame([whole])], ignore_index=True).assign(
        norm_id=norm,
        service=norm.lower(),
        reason="",
        gate="none_applicable",
        share_of="persons",
        threshold=threshold,
        target_share=0.8,
    )


def _gate_rows(gates: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """Make rows of a norm that gates and is not graded."""
    rows = [
        {
            "unit_level": level,
            "unit_id": unit,
            "status_as_mapped": {"pass": "met", "fail": "not_met"}.get(gate, "not_measurable"),
            "gate": gate,
            "persons_unserved": 0.0 if gate == "pass" else 10.0,
        }
        for (level, unit), gate in ({("study", "study"): "none_applicable"} | dict(gates)).items()
    ]
    return pd.DataFrame(rows).assign(
        norm_id="GATE",
        service="post",
        reason="",
        share_of="places",
        threshold=1.0,
        target_share=1.0,
        **dict.fromkeys((*NUMBERS, "persons_in_scope", "persons_served", "places_in_scope", "places_served"), np.nan),
    )
