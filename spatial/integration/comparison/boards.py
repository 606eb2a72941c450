"""The scoreboard of one run on the shared norms and rules, rebuilt from its tables."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spatial.integration.pillars import Evidence, ScoreRules, place_scores, score_study
from spatial.integration.pillars.components import TOLERANCE, component_table
from spatial.integration.pillars.flows import flow_components, flow_table
from spatial.integration.pillars.gates import gates_by_unit
from spatial.integration.pillars.ground import STUDY, read_ground
from spatial.integration.pillars.levels import levels_of
from spatial.integration.pillars.readings import connection, gap_reading, road_is_near, scaled_norms
from spatial.integration.pillars.spread import spread_of
from spatial.integration.resilience import RobustCoverage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spatial.integration.comparison.runs import Run
    from spatial.integration.pillars import GapTargets, Scoreboard

__all__ = ["TOWNSHIP", "Shared", "board_of", "levelled", "only_shared", "shared_ground", "township_levels"]

TOWNSHIP = "township"

LEAST_MIN = 1.0
KEPT = "border_coverage_kept"
BORDERS = ("border_effect_min", "border_cross_share", "border_captive_share", KEPT)
SPACE = ("moran_i", "circuity", "town_polycentricity", "rank_size_exponent", "primacy")


@dataclass(frozen=True)
class Shared:
    """What several runs share."""

    level_norms: tuple[str, ...]  # norms that make up access, and norms that are gates, in all of them
    gate_norms: tuple[str, ...]
    gap_norm: str  # the norm by which gaps are told; empty for none
    rules: ScoreRules  # the rules of all, the package's own where they differ
    # whether what each run found on the graph itself was measured alike: coverage with a road closed,
    # borders, the coverage that closed borders leave, what towns should have, and the norms and neighbours
    # behind the clusters of access
    robust: bool
    borders: bool
    border_term: bool
    towns: bool
    clusters: bool


def shared_ground(runs: Sequence[Run], norms: pd.DataFrame) -> Shared:
    """Find what the runs share beside their norms."""
    level = tuple(norms.loc[norms["in_level"], "norm_id"])
    own = {_detail(run, "gap_ratio") for run in runs}
    people = set(norms.loc[norms["in_people"], "norm_id"])
    same = _alike(runs, "gap_ratio", people)
    gap_norm = next(iter(own)) if same else _any_gap_norm(runs, people)
    complete = [run.towns.set_index("settlement_id")[["tier", "required_services"]] for run in runs]
    return Shared(
        level,
        tuple(norms.loc[norms["as_gate"], "norm_id"]),
        gap_norm,
        _rules(runs),
        robust=same or own == {""},
        borders=len({_detail(run, "border_effect_min") for run in runs}) == 1,
        border_term=_alike(runs, KEPT, people),
        towns=all(_asks_alike(complete[0], table) for table in complete[1:]),
        clusters=all(_scored(run, norms) for run in runs)
        and len({_detail(run, "moran_i").partition(";")[0] for run in runs}) == 1,
    )


def only_shared(run: Run, shared: Shared) -> Run:
    """Leave out results of norms that no board needs, which is most of them."""
    needed = {*shared.level_norms, *shared.gate_norms, shared.gap_norm}
    rows = run.norm_results["norm_id"].isin(needed)
    return replace(run, norm_results=run.norm_results[rows].reset_index(drop=True))


def board_of(run: Run, shared: Shared) -> Scoreboard:
    """
    Score a run again, on what all share.

    Returns what needs the travel graph is taken from the run's own components: robust coverage, borders,
    shape of the study's space; NaN where it was not measured alike.
    """
    ground = read_ground(run.settlements, run.boundaries)
    ids = list(ground.ids)
    results = run.norm_results
    binding = run.binding[run.binding["norm_id"] == shared.gap_norm]
    gap = gap_reading(results, binding, ids)
    evidence = replace(
        _level_evidence(run, shared, ids),
        beyond=gap.beyond,
        gap_norm=gap.norm,
        gap_unit=gap.unit,
        gap_value=np.maximum(gap.value, LEAST_MIN) if gap.unit == "min" else gap.value,
        gap_threshold=gap.threshold,
        border_kept=_kept(run) if shared.border_term else {},
        robust=_robust(run) if shared.robust else None,
        space=_space(run, shared),
        spread=spread_of(
            ground,
            gap.beyond,
            norm=gap.norm,
            boundaries=run.boundaries,
            environment_km=shared.rules.environment_km,
        ),
    )
    board = score_study(
        run.settlements,
        place_scores(results, ids, shared.level_norms),
        evidence,
        boundaries=run.boundaries,
        flows=run.flows,
        rules=shared.rules,
    )
    if not shared.borders:
        return board
    return replace(board, components=_with_borders(board.components, run, shared.rules.targets))


def levelled(components: pd.DataFrame, shared: Shared) -> pd.DataFrame:
    """Leave levels out where the runs share no norm of access: roads and towns alone make no level of integration."""
    return components if shared.level_norms else components[components["side"] == "gap"]


def township_levels(
    run: Run, shared: Shared, bends: Sequence[tuple[float, Sequence[str]]]
) -> list[pd.DataFrame]:
    """Measure the levels of townships alone, with times or distances bent."""
    ground = read_ground(run.settlements, run.boundaries)
    ids, rules = list(ground.ids), shared.rules
    evidence = _level_evidence(run, shared, ids)
    townships = [unit for unit in ground.units() if unit.level == TOWNSHIP]
    flows = flow_table(run.flows, run.settlements, ground, rules)
    flowing = {unit.id: flow_components(unit, flows) for unit in townships}
    judged = run.norm_results["unit_level"].ne(TOWNSHIP) & run.norm_results["norm_id"].isin(
        shared.level_norms
    )
    results = run.norm_results[judged].reset_index(drop=True)
    tables = []
    for factor, units in bends:
        bent = scaled_norms(results, run.binding, factor, units=units)
        places = place_scores(bent, ids, shared.level_norms)
        rows = [
            (unit.level, unit.id, part)
            for unit in townships
            for part in (*levels_of(unit, ground, places, evidence, rules), *flowing[unit.id])
            if part.side == "level"
        ]
        tables.append(component_table(rows))
    return tables


def _level_evidence(run: Run, shared: Shared, ids: list[str]) -> Evidence:
    """Gather what levels need, without anything that gaps alone need."""
    gated = run.norm_results[run.norm_results["norm_id"].isin(shared.gate_norms)]
    nothing = np.full(len(ids), np.nan)
    towns = run.towns.set_index("settlement_id")["completeness"].reindex(ids).to_numpy(dtype=np.float64)
    return Evidence(
        connected=connection(run.access, run.last_mile, ids, run.mode),
        road_near=road_is_near(run.last_mile, ids),
        beyond=nothing,
        gap_norm="",
        gap_unit="",
        gap_value=nothing,
        gap_threshold=math.nan,
        completeness=towns if shared.towns else nothing,
        gates=gates_by_unit(gated),
    )


def _rules(runs: Sequence[Run]) -> ScoreRules:
    first, own = runs[0].rules, ScoreRules()
    same = {
        name: getattr(
            first if all(getattr(run.rules, name) == getattr(first, name) for run in runs) else own, name
        )
        for name in (
            "epsilon",
            "weights",
            "volume_targets",
            "targets",
            "level_bands",
            "environment_km",
            "draws",
            "seed",
        )
    }
    return ScoreRules(**same)


def _any_gap_norm(runs: Sequence[Run], people: set[str]) -> str:
    """Take the first shared norm, by id, that is a time or a distance in every run."""
    readable = [
        gap_reading(
            run.norm_results,
            run.binding[run.binding["norm_id"].isin(people)].sort_values("norm_id"),
            list(run.places.index),
        ).norm
        for run in runs
    ]
    return readable[0] if len(set(readable)) == 1 else ""


def _study(run: Run) -> pd.DataFrame:
    rows = run.components
    return rows[rows["unit_level"] == STUDY].drop_duplicates("component").set_index("component")


def _detail(run: Run, component: str) -> str:
    rows = _study(run)
    return str(rows.at[component, "detail"]) if component in rows.index else ""  # noqa: PD008 - one cell


def _alike(runs: Sequence[Run], component: str, people: set[str]) -> bool:
    """Whether all runs measured a component by one norm, on the same terms."""
    norms = {_detail(run, component) for run in runs}
    return len(norms) == 1 and norms <= people


def _value(run: Run, component: str) -> float:
    rows = _study(run)
    return float(rows["value"].get(component, math.nan))


def _robust(run: Run) -> RobustCoverage | None:
    value = _value(run, "robust_coverage")
    if math.isnan(value):
        return None
    return RobustCoverage(math.nan, value, _detail(run, "robust_coverage"), 0)


def _kept(run: Run) -> dict[tuple[str, str], float]:
    rows = run.components[run.components["component"] == KEPT]
    units = zip(rows["unit_level"].astype(str), rows["unit_id"].astype(str), strict=True)
    return dict(zip(units, rows["value"].astype(float), strict=True))


def _space(run: Run, shared: Shared) -> dict[str, float]:
    there = _study(run).index
    return {
        name: _value(run, name) if name != "moran_i" or shared.clusters else math.nan
        for name in SPACE
        if name in there
    }


def _asks_alike(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    both = one.merge(other, left_index=True, right_index=True, suffixes=("", "_other"))
    both = both[both["tier"] == both["tier_other"]]
    return bool((both["required_services"] == both["required_services_other"]).all())


def _scored(run: Run, norms: pd.DataFrame) -> bool:
    """Whether access is made of all the norms that the run's own is made of."""
    left_out = norms.loc[~norms["in_level"], "reason"].str.split(";")
    here = set(run.terms["norm_id"])
    return not any(
        norm in here and not any(code.endswith(f":{run.name}") for code in codes)
        for norm, codes in zip(norms.loc[~norms["in_level"], "norm_id"], left_out, strict=True)
    )


def _with_borders(components: pd.DataFrame, run: Run, targets: GapTargets) -> pd.DataFrame:
    """Put the effect of borders as the run itself measured it, against the shared target."""
    own = run.components[run.components["component"].isin(BORDERS)].copy()
    target, _at_least = targets.of("border_effect_min") or (math.nan, False)
    asked = own["component"].eq("border_effect_min").to_numpy()
    value = own["value"].to_numpy(dtype=np.float64)
    met = np.select([np.isnan(value), value <= target + TOLERANCE], ["unknown", "yes"], "no")
    own["target"] = np.where(asked, target, np.nan)
    own["meets_target"] = pd.Series(np.where(asked, met, "no_target"), index=own.index, dtype="str")
    rest = components[~components["component"].isin(BORDERS)]
    return pd.concat([rest, own.reindex(columns=components.columns)], ignore_index=True)
