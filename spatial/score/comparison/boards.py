"""Runs scored once on what all of them share: a change of level taken apart exactly, and all over several dates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import reduce

import numpy as np
import pandas as pd

from spatial.errors import ContractError, first_of
from spatial.indices.resilience import RobustCoverage
from spatial.norms.evaluation import gates_by_unit
from spatial.score.comparison.runs import Run, check_comparable, check_whole, shared_norms, with_same_ids
from spatial.score.composite import FLOOR, TERMS, index_of_terms
from spatial.score.evidence import (
    TOLERANCE,
    ScoreComponent,
    component_table,
    connection,
    flow_components,
    flow_table,
    gap_reading,
    judged_norms,
    read_ground,
    road_is_near,
    scaled_norms,
)
from spatial.score.place_scores import place_scores
from spatial.score.ranking import Bend
from spatial.score.scoreboard import Evidence, Scoreboard, levels_of, score_study
from spatial.score.spatial_pattern import spread_of
from spatial.study.score import ScoreRules
from spatial.tables.words import PILLARS, STUDY, TOWNSHIP

# The change of a level, taken apart exactly: by pillar, and by component within a pillar.

KEY = ["unit_level", "unit_id"]
PART = [*KEY, "pillar", "component"]
ORDER = {"unit_level": ("study", "township", "settlement"), "pillar": PILLARS, "side": ("level", "gap")}
"""Words that tables are sorted by in another order than that of the alphabet."""


def in_order(table: pd.DataFrame, more: Sequence[str] = ()) -> pd.DataFrame:
    """Sort a table by unit, and by further columns."""
    return table.sort_values(
        [*KEY, *more],
        key=lambda column: column.map(ORDER[column.name].index) if column.name in ORDER else column,
        ignore_index=True,
    )


def common_levels(
    components: Sequence[pd.DataFrame], weights: Mapping[str, float] | None = None
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """Join levels anew from the components that every run measured in a unit."""
    measured = []
    for at, table in enumerate(components):
        mine = table[(table["side"] == "level") & table["value"].notna()]
        twice = mine.loc[mine.duplicated(PART), "component"]
        if len(twice):
            fault = f"{first_of(twice)}: {len(twice)} rows of one unit and component are there twice"
            raise ContractError("score_components", [fault])
        measured.append(mine[[*PART, "value"]].rename(columns={"value": f"value_{at}"}))
    common = reduce(lambda one, other: one.merge(other, on=PART), measured)
    common = common.sort_values(PART, ignore_index=True)
    by_pillar = common.groupby([*KEY, "pillar"])["component"].transform("size").to_numpy(dtype=np.float64)
    w = common["pillar"].map({name: (weights or {}).get(name, 0.0 if weights else 1.0) for name in PILLARS})
    parts = w.to_numpy(dtype=np.float64) / np.maximum(by_pillar, 1.0)
    total = pd.Series(parts, index=common.index).groupby([common[name] for name in KEY]).transform("sum")
    whole = total.to_numpy(dtype=np.float64)
    common["share"] = np.divide(parts, whole, out=np.full(len(parts), np.nan), where=whole > 0.0)
    units = pd.concat([table[KEY] for table in components]).drop_duplicates(ignore_index=True)
    tables = []
    for at in range(len(components)):
        logs = np.log(np.maximum(common[f"value_{at}"].to_numpy(dtype=np.float64), FLOOR))
        told = common[[*KEY, "pillar"]].assign(part=logs * common["share"].to_numpy(), log=logs)
        pillars = np.exp(told.groupby([*KEY, "pillar"])["log"].mean()).unstack("pillar")  # noqa: PD010 - no aggregate
        pillars = pillars.reindex(columns=list(PILLARS)).add_prefix("level_")
        joined = np.exp(told.groupby(KEY)["part"].sum(min_count=1)).rename("integration_level")
        tables.append(units.merge(pillars.join(joined).reset_index(), on=KEY, how="left"))
    return tables, common


def decompose(
    before: pd.DataFrame, after: pd.DataFrame, weights: Mapping[str, float] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take the change of ``ln`` of the geometric mean apart, by unit and by component."""
    (first, second), common = common_levels([before, after], weights)
    logs = [np.log(np.maximum(common[f"value_{at}"].to_numpy(dtype=np.float64), FLOOR)) for at in (0, 1)]
    common["contribution"] = common["share"].to_numpy() * (logs[1] - logs[0])
    sums = common.groupby([*KEY, "pillar"])["contribution"].sum(min_count=1)
    by_pillar = sums.unstack("pillar").reindex(columns=list(PILLARS))  # noqa: PD010 - nothing to aggregate
    columns = [*KEY, "integration_level"]
    units = first[columns].merge(second[columns], on=KEY, suffixes=("_before", "_after"))
    units = units.rename(columns=lambda name: name.removeprefix("integration_"))
    units["level_change"] = units["level_after"] - units["level_before"]
    units["ln_change"] = np.log(units["level_after"]) - np.log(units["level_before"])
    units = units.merge(by_pillar.add_prefix("contribution_").reset_index(), on=KEY, how="left")
    known = units[[f"contribution_{name}" for name in PILLARS]].notna().to_numpy()
    named = [";".join(np.array(PILLARS)[row]) for row in known]
    units["common_pillars"] = pd.Series(named, index=units.index, dtype="str")
    parts = common.rename(columns={"value_0": "value_before", "value_1": "value_after"})
    return units, parts[[*PART, "value_before", "value_after", "share", "contribution"]]


# The segmentation index of several runs, of the terms that all of them have.


def with_shared_index(boards: Sequence[Scoreboard]) -> list[pd.DataFrame]:
    """Form the index of each unit anew, of the terms that all runs which have it measured; NaN where none is common."""
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


# The scoreboard of one run on the shared norms and rules, rebuilt from its tables.


KEPT = "border_coverage_kept"
BORDERS = ("border_effect_min", "border_cross_share", "border_captive_share", KEPT)
SPACE = ("moran_i", "circuity", "town_polycentricity", "rank_size_exponent", "primacy")


@dataclass(frozen=True)
class Shared:
    """What several runs share."""

    level_norms: tuple[str, ...]  # norms that make up access, and norms that are gates, in all of them
    gate_norms: tuple[str, ...]
    gap_norm: str  # the norm by which gaps are told; empty for none
    unread_norms: tuple[str, ...]  # norms on the same terms that make up access in no run: what they ask for is unknown
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
    people = set(norms.loc[norms["in_people"], "norm_id"])
    # What all decided alike, and the package's own where they differ; norms and flows are told apart.
    first = runs[0].rules
    decided = {
        name: getattr(first, name)
        for name in ScoreRules.model_fields.keys() - {"norms", "gap_norm", "flow_totals"}
        if all(getattr(run.rules, name) == getattr(first, name) for run in runs)
    }
    # The norm by which all runs tell gaps; else the first shared one, by id, that is a time or a distance in all, and
    # judged in all if there is such a one.
    named = told = {_detail(run, "gap_ratio") for run in runs}
    same = _alike(runs, "gap_ratio", people)
    if not same:
        able = people.intersection(*(judged_norms(run.norm_results) for run in runs)) or people
        terms = [run.terms[run.terms["norm_id"].isin(able)].sort_values("norm_id") for run in runs]
        told = {
            gap_reading(run.norm_results, run.access, binding, list(run.places.index)).norm
            for run, binding in zip(runs, terms, strict=True)
        }
    # One norm that made up access in no run measured nothing that could not be compared.
    covered = [float(_study(run)["value"].get("robust_coverage", math.nan)) for run in runs]
    is_idle = len(named) == 1 and all(map(math.isnan, covered))
    # Towns of one tier should have the same services.
    asked = [run.towns.set_index("settlement_id")[["tier", "required_services"]] for run in runs]
    towns = True
    for other in asked[1:]:
        both = asked[0].merge(other, left_index=True, right_index=True, suffixes=("", "_other"))
        both = both[both["tier"] == both["tier_other"]]
        towns = towns and bool((both["required_services"] == both["required_services_other"]).all())
    # Access should be made of the same norms in every run as in the run's own.
    left_out = norms.loc[~norms["in_level"], ["norm_id", "reason"]].itertuples(index=False)
    alone = [(norm, reason.split(";")) for norm, reason in left_out]
    bound = [(run.name, set(run.terms["norm_id"])) for run in runs]
    scored = not any(
        norm in ids and not any(code.endswith(f":{name}") for code in codes)
        for name, ids in bound
        for norm, codes in alone
    )
    return Shared(
        tuple(norms.loc[norms["in_level"], "norm_id"]),
        tuple(norms.loc[norms["as_gate"], "norm_id"]),
        next(iter(told)) if len(told) == 1 else "",
        tuple(norms.loc[norms["same_terms"] & norms["reason"].str.count(":").eq(len(runs)), "norm_id"]),
        ScoreRules(**decided),
        robust=same or named == {""} or is_idle,
        borders=len({_detail(run, "border_effect_min") for run in runs}) == 1,
        border_term=_alike(runs, KEPT, people),
        towns=towns,
        clusters=scored and len({_detail(run, "moran_i").partition(";")[0] for run in runs}) == 1,
    )


def only_shared(run: Run, shared: Shared) -> Run:
    """Leave out results of norms that no board needs, which is most of them; unread ones bind the study as well."""
    needed = {*shared.level_norms, *shared.gate_norms, shared.gap_norm}
    rows = run.norm_results["norm_id"].isin(needed)
    rows |= run.norm_results["norm_id"].isin(shared.unread_norms) & run.norm_results["unit_level"].eq(STUDY)
    return replace(run, norm_results=run.norm_results[rows].reset_index(drop=True))


def board_of(run: Run, shared: Shared) -> Scoreboard:
    """Score a run again on what all share; what needs the graph is the run's own, NaN where not measured alike."""
    ground = read_ground(run.settlements, run.boundaries)
    ids = list(ground.ids)
    results = run.norm_results
    gap = gap_reading(results, run.access, run.terms[run.terms["norm_id"] == shared.gap_norm], ids)
    there = _study(run)
    space = {
        name: float(there["value"][name]) if name != "moran_i" or shared.clusters else math.nan
        for name in SPACE
        if name in there.index
    }
    kept: dict[tuple[str, str], float] = {}
    if shared.border_term:
        rows = run.components[run.components["component"] == KEPT]
        units = zip(rows["unit_level"].astype(str), rows["unit_id"].astype(str), strict=True)
        kept = dict(zip(units, rows["value"].astype(float), strict=True))
    covered = float(there["value"].get("robust_coverage", math.nan)) if shared.robust else math.nan
    robust = None
    if not math.isnan(covered):
        robust = RobustCoverage(math.nan, covered, _detail(run, "robust_coverage"), 0)
    evidence = replace(
        _level_evidence(run, shared, ids),
        **gap.evidence,
        border_kept=kept,
        robust=robust,
        space=space,
        spread=spread_of(
            ground, gap.beyond, norm=gap.norm, boundaries=run.boundaries, environment_km=shared.rules.environment_km
        ),
    )
    board = score_study(
        run.settlements,
        place_scores(results, ids, shared.level_norms),
        evidence,
        boundaries=run.boundaries,
        flows=run.flows,
        rules=shared.rules.model_copy(update={"flow_totals": run.rules.flow_totals}),
    )
    if not shared.borders:
        return board
    # Put the effect of borders as the run itself measured it, against the shared target.
    own = run.components[run.components["component"].isin(BORDERS)].copy()
    target, _at_least = shared.rules.targets.of("border_effect_min") or (math.nan, False)
    asked = own["component"].eq("border_effect_min").to_numpy()
    value = own["value"].to_numpy(dtype=np.float64)
    met = np.select([np.isnan(value), value <= target + TOLERANCE], ["unknown", "yes"], "no")
    own["target"] = np.where(asked, target, np.nan)
    own["meets_target"] = pd.Series(np.where(asked, met, "no_target"), index=own.index, dtype="str")
    rest = board.components[~board.components["component"].isin(BORDERS)]
    with_borders = pd.concat([rest, own.reindex(columns=board.components.columns)], ignore_index=True)
    return replace(board, components=with_borders)


def levelled(components: pd.DataFrame, shared: Shared) -> pd.DataFrame:
    """Leave levels out where the runs share no norm of access: roads and towns alone make no level of integration."""
    return components if shared.level_norms else components[components["side"] == "gap"]


def township_levels(run: Run, shared: Shared, bends: Mapping[str, Bend]) -> pd.DataFrame:
    """Measure the levels of townships alone, with times or distances bent; their `unit_level` names the bend."""
    ground = read_ground(run.settlements, run.boundaries)
    ids, rules = list(ground.ids), shared.rules
    evidence = _level_evidence(run, shared, ids)
    townships = [unit for unit in ground.units() if unit.level == TOWNSHIP]
    flows = flow_table(run.flows, run.settlements, ground, rules)
    flowing = {unit.id: flow_components(unit, flows) for unit in townships}
    judged = run.norm_results["unit_level"].ne(TOWNSHIP) & run.norm_results["norm_id"].isin(shared.level_norms)
    results = run.norm_results[judged].reset_index(drop=True)
    rows: list[tuple[str, str, ScoreComponent]] = []
    for name, (factor, units) in bends.items():
        bent = scaled_norms(results, run.terms, factor, units=units)
        places = place_scores(bent, ids, shared.level_norms)
        rows += [
            (name, unit.id, part)
            for unit in townships
            for part in (*levels_of(unit, ground, places, evidence, rules), *flowing[unit.id])
            if part.side == "level"
        ]
    return component_table(rows)


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


# Runs made comparable, each scored once on what all of them share.


@dataclass(frozen=True, eq=False)
class Matched:
    """Runs that can be compared, with their boards on shared ground."""

    runs: tuple[Run, ...]  # in the order given, with the same ids for the same places and townships
    notes: tuple[tuple[str, str], ...]  # code and detail of what is to be said beside the numbers
    norms: pd.DataFrame  # as `shared_norms` tells them
    shared: Shared  # as `shared_ground` finds it
    slim: tuple[Run, ...]  # the runs with what they share alone
    boards: tuple[Scoreboard, ...]  # one a run


def match(runs: Sequence[Run], *, scored: Matched | None = None) -> Matched:
    """Make runs comparable and score each of them once."""
    check_whole(runs)
    same, redrawn = with_same_ids(runs)
    notes = (*check_comparable(same), *redrawn)
    norms = shared_norms(same)
    shared = shared_ground(same, norms)
    slim = tuple(only_shared(run, shared) for run in same)
    known = list(zip(scored.slim, scored.boards, strict=True)) if scored and scored.shared == shared else []

    def is_same(one: Run, other: Run) -> bool:  # ids included
        pairs = ((getattr(one, item.name), getattr(other, item.name)) for item in fields(Run))
        return all(a is b or (a.equals(b) if isinstance(a, pd.DataFrame) else a == b) for a, b in pairs)

    boards = (next((board for one, board in known if is_same(one, run)), None) or board_of(run, shared) for run in slim)
    return Matched(tuple(same), notes, norms, shared, slim, tuple(boards))


FOLLOWED = (
    "name", "population_persons", "places", "segmentation_index", "segmentation_terms", "mandatory_status",
    "gates_passed", "gates_in_force", "unserved_persons",
)  # fmt: skip


def follow(runs: Sequence[Run]) -> pd.DataFrame:
    """Follow every unit over several dates."""
    return follow_matched(match(runs))


def follow_matched(matched: Matched) -> pd.DataFrame:
    """Follow every unit over matched runs."""
    runs, shared, boards = matched.runs, matched.shared, matched.boards
    components = [levelled(board.components, shared) for board in boards]
    # Join levels from what all runs that have a unit measured in it, one group of units at a time.
    there = [set(table[KEY].itertuples(index=False, name=None)) for table in components]
    groups: dict[tuple[int, ...], set[tuple[str, str]]] = {}
    for unit in set().union(*there):
        groups.setdefault(tuple(at for at, units in enumerate(there) if unit in units), set()).add(unit)
    columns = ["integration_level", *(f"level_{pillar}" for pillar in PILLARS)]
    nothing = pd.DataFrame(columns=[*KEY, *columns]).astype(dict.fromkeys(KEY, "str") | dict.fromkeys(columns, float))
    found = [[nothing] for _table in components]
    for members, units in groups.items():
        wanted = pd.MultiIndex.from_tuples(sorted(units), names=KEY)
        measured = [components[at][pd.MultiIndex.from_frame(components[at][KEY]).isin(wanted)] for at in members]
        for at, joined in zip(members, common_levels(measured, shared.rules.weights)[0], strict=True):
            found[at].append(joined)
    levels = [pd.concat(several[1:] or several, ignore_index=True) for several in found]
    tables = []
    for at, (run, scores, level) in enumerate(zip(runs, with_shared_index(boards), levels, strict=True)):
        mine = scores[[*KEY, *FOLLOWED]].merge(level, on=KEY, how="left")
        tables.append(mine.assign(position=at + 1, run=run.name, as_of=run.as_of))
    table = pd.concat(tables, ignore_index=True)
    table = table[[*KEY, "position", "run", "as_of", *FOLLOWED[:3], *columns, *FOLLOWED[3:]]]
    texts = dict.fromkeys(("unit_level", "unit_id", "run", "as_of", "mandatory_status"), "str")
    return in_order(table.astype(texts), ["position"])
