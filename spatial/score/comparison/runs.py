"""What a comparison reads of a run: its tables and terms, whether it compares with others, places with other ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, combinations_with_replacement, pairwise
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from spatial.errors import ContractError, faults_at, first_of, refuse
from spatial.formats.tag_rules import fold
from spatial.norms.law import norm_id_of, split_list
from spatial.score.place_scores import score_norms
from spatial.study.score import ScoreRules
from spatial.tables import TABLES
from spatial.tables.words import JUDGED

# Whether the tables of a run are whole: columns, keys and a row for every place.

COLUMNS: Mapping[str, Sequence[str]] = {
    "settlements": ("settlement_id", "in_study", "population_persons"),
    "access": ("settlement_id", "service", "mode", "reach_status"),
    "last_mile": ("settlement_id", "last_mile_class", "last_mile_class_known"),
    "norm_results": (
        "unit_level", "unit_id", "norm_id", "service", "status_as_mapped", "value", "gate",
        "depth_fgt1", "served_share", "threshold", "target_share", "places_in_scope", "persons_in_scope",
        "persons_unserved",
    ),
    "towns": ("settlement_id", "tier", "completeness", "required_services"),
    "components": ("unit_level", "unit_id", "pillar", "side", "component", "value", "detail"),
}  # fmt: skip
FILES: Mapping[str, str] = {"components": "score_components"}
"""Names of tables where they differ from the field of `Run`."""
AGAIN = "run the study again: spatial run STUDY"


def check_columns(name: str, table: pd.DataFrame) -> None:
    """Refuse a table that lacks what a comparison reads."""
    lacking = [column for column in COLUMNS[name] if column not in table]
    refuse(FILES.get(name, name), faults_at("columns that are not there:", lacking, f"; {AGAIN}"))


def check_whole(runs: Sequence[Run]) -> None:
    """Refuse runs that lack columns or rows, hold a row twice, or values unknown to their contract."""
    for run in runs:
        for name in COLUMNS:
            check_columns(name, getattr(run, name))
    problems = [f"{run.name}: {problem}; {AGAIN}" for run in runs for problem in _problems(run)]
    refuse("runs", problems)


def _problems(run: Run) -> Iterator[str]:
    """Name what is wrong with the tables of a run."""
    # Rows that are there twice.
    for name in COLUMNS:
        table, file = getattr(run, name), FILES.get(name, name)
        key = list(TABLES[file].key)
        rows = table.loc[table.duplicated(key), key].astype(str)
        yield from faults_at(f"{file}: rows that are there twice,", map("/".join, rows.itertuples(index=False)))
    # Places without a row.
    by_mode = run.access[run.access["mode"] == run.mode]
    judged = run.norm_results[run.norm_results["unit_level"] == "settlement"]
    told = {
        "access": run.access["settlement_id"],
        "last_mile": run.last_mile["settlement_id"],
        **{f"access to {at} by {run.mode}": ids for at, ids in by_mode.groupby("service")["settlement_id"]},
        **{f"norm_results of {norm}": ids for norm, ids in judged.groupby("norm_id")["unit_id"]},
    }
    places = run.places.index
    for name, ids in told.items():
        without = places[~places.isin(ids.astype(str))]
        yield from faults_at(f"{name}: no row for", without, f" of {len(places)} places")
    # Values that the contract does not know.
    for name, columns in COLUMNS.items():
        table, file = getattr(run, name), FILES.get(name, name)
        for column in TABLES[file].fields:
            if column.name not in columns:
                continue
            values = table[column.name]
            if column.kind == "number" and not pd.api.types.is_numeric_dtype(values):
                yield f"{file}: {column.name} holds no numbers"
            elif column.kind == "number":
                low, high = column.minimum, column.maximum
                wrong = values < (-np.inf if low is None else low)
                wrong |= (values > (np.inf if high is None else high)) | np.isinf(values)
                yield from faults_at(f"{file}: {column.name} out of range, such as", values[wrong])
            elif column.values:
                words = sorted(set(values.dropna().astype(str)) - set(column.values))
                yield from faults_at(f"{file}: {column.name} holds other words than {', '.join(column.values)}:", words)


# What a comparison reads of a run, and the terms on which it judged each norm.

TERMS = ("metric", "mode", "direction", "unit", "stat_unit", "scope")
"""What a norm asks, beside its threshold, fail point and target share."""
MEMBERS = "bundle_members"
FAIL_POINT = "fail_point"


@dataclass(frozen=True, eq=False)
class Run:
    """One run, as a comparison reads it."""

    name: str  # what to call it, and the date on which it judged norms
    as_of: str
    settlements: pd.DataFrame  # by the contracts of the tables; `components` is `score_components`
    access: pd.DataFrame
    last_mile: pd.DataFrame
    norm_results: pd.DataFrame
    towns: pd.DataFrame
    components: pd.DataFrame
    terms: pd.DataFrame  # as `norm_terms` makes it
    boundaries: pd.DataFrame | None = None  # by the contracts of the tables
    flows: pd.DataFrame | None = None
    mode: str = ""  # the first mode, and which people are counted
    basis: str = ""
    rules: ScoreRules = field(default_factory=ScoreRules)  # what the study decided about its score
    # other decisions by their key, to tell which of them differ
    options: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""  # of the package that made the run; empty where nobody recorded it
    # fingerprint of the code behind each stage that measures
    code: Mapping[str, str] = field(default_factory=dict)
    in_doubt: pd.DataFrame | None = None  # as `townships_in_doubt` finds them

    @cached_property
    def places(self) -> pd.DataFrame:
        """Settlements of the study area; read only, as all that ask share it."""
        mine = self.settlements[self.settlements["in_study"].to_numpy(dtype=bool)]
        return mine.set_index(mine["settlement_id"].astype(str))


def townships_in_doubt(scores: pd.DataFrame, rank_pairs: pd.DataFrame | None) -> pd.DataFrame:
    """Find the townships that known issues of the sources forbid to rank, or to compare."""
    held = scores.loc[scores["unit_level"].eq("township") & scores["rank_status"].eq("in_doubt"), "unit_id"]
    alone = pd.DataFrame({"unit_id": held, "other_id": held})
    if rank_pairs is None:
        return alone.reset_index(drop=True)
    pairs = rank_pairs.loc[rank_pairs["pair_status"].eq("in_doubt"), ["unit_id", "other_id"]]
    return pd.concat([alone, pairs], ignore_index=True)


def norm_terms(norm_results: pd.DataFrame, listed: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Gather the terms on which a run judged each norm."""
    check_columns("norm_results", norm_results)
    study = norm_results[norm_results["unit_level"] == "study"].drop_duplicates("norm_id")
    terms = study[["norm_id", "service", "threshold", "target_share"]].reset_index(drop=True)
    told = {norm_id_of(norm): norm for norm in listed}
    for name in (*TERMS, MEMBERS):
        said = [told.get(norm, {}).get(name) for norm in terms["norm_id"].astype(str)]
        terms[name] = pd.Series(["" if word is None else str(word) for word in said], dtype="str")
    ids = terms["norm_id"].astype(str)
    is_told = ids.map(lambda norm: FAIL_POINT in told.get(norm, {})).to_numpy(dtype=bool)
    posts = pd.to_numeric(ids.map(lambda norm: told.get(norm, {}).get(FAIL_POINT)), errors="coerce")
    depth = norm_results["depth_fgt1"]
    rows = norm_results[
        (norm_results["unit_level"] == "settlement")
        & (norm_results["status_as_mapped"] == "not_met")
        & norm_results["value"].notna()
        & depth.gt(1e-6)
        & depth.lt(1.0 - 1e-6)
    ]
    back = rows["threshold"] + (rows["value"] - rows["threshold"]) / rows["depth_fgt1"]
    found = back.groupby(rows["norm_id"].astype(str)).median()
    terms[FAIL_POINT] = np.where(
        is_told, posts, ids.map({str(norm): float(value) for norm, value in found.items()})
    ).astype(np.float64)
    terms["fail_point_told"] = is_told
    return terms.sort_values("norm_id", ignore_index=True)


# One id for what several runs call differently.

SHOWN = 5
"""How many names a note holds."""


def count_names(names: Sequence[str]) -> str:
    """Count names, and list the first few, for a note."""
    more = ", ..." if len(names) > SHOWN else ""
    return f"{len(names)} ({', '.join(names[:SHOWN])}{more})"


def folded(name: object) -> str:
    """Write a name without case, accents and surplus spaces."""
    return " ".join(fold(name).split()) if isinstance(name, str) else ""


def shortest_first(name: str) -> tuple[int, str]:
    """Give the key by which ids are ordered. Returns its length, and the id."""
    return len(name), name


def groups_of(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Join pairs that share a member."""
    group_of: dict[str, set[str]] = {}
    for one, other in pairs:
        joined = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of |= dict.fromkeys(joined, joined)
    return list({id(group): group for group in group_of.values()}.values())


def one_id_each(pairs: Iterable[tuple[str, str]], held: Sequence[set[str]]) -> dict[str, str]:
    """Choose an id for all that is the same."""
    return {
        name: min(group, key=shortest_first)
        for group in groups_of(pairs)
        if all(len(group & ids) <= 1 for ids in held)
        for name in group
    }


def replaced(table: pd.DataFrame, column: str, ids: Mapping[str, str], rows: np.ndarray | None = None) -> pd.DataFrame:
    """Replace ids in a column."""
    old = table[column]
    new = old.astype(str).map(ids)
    changed = new.notna().to_numpy() & (np.ones(len(table), dtype=bool) if rows is None else rows)
    return table.assign(**{column: old.where(~changed, new)}) if changed.any() else table


# Townships whose ids changed altogether between runs, found again by their names.


def with_same_townships(runs: Sequence[Run]) -> tuple[list[Run], list[Note]]:
    """Give a township the same id in every run where the ids of two runs have none in common."""
    held: list[set[str]] = []
    names: list[dict[str, str]] = []
    for run in runs:
        places = run.places
        ids = set(places["township_id"].dropna().astype(str)) if "township_id" in places else set()
        # The township of each name that only one has.
        told = pd.Series({unit: folded(name) for unit, name in _written(run).items() if unit in ids}, dtype="str")
        single = told[told.ne("") & ~told.duplicated(keep=False)]
        held.append(ids)
        names.append({str(name): str(unit) for unit, name in single.items()})
    pairs = [
        (names[one][name], names[other][name])
        for one, other in combinations(range(len(runs)), 2)
        if held[one] and held[other] and not held[one] & held[other]
        for name in sorted(set(names[one]) & set(names[other]))
    ]
    new_ids = one_id_each(pairs, held)
    if not new_ids:
        return list(runs), []
    written = {unit: name for run in reversed(runs) for unit, name in _written(run).items()}
    found = [written[new] for new in sorted(set(new_ids.values()))]
    changed = []
    for run in runs:
        changes = _with_new_units(run, new_ids, "township")
        if "township_id" in run.settlements:
            changes["settlements"] = replaced(run.settlements, "township_id", new_ids)
        if run.boundaries is not None:
            changes["boundaries"] = replaced(run.boundaries, "boundary_id", new_ids)
        if run.in_doubt is not None:
            changes["in_doubt"] = replaced(replaced(run.in_doubt, "unit_id", new_ids), "other_id", new_ids)
        changed.append(replace(run, **changes))  # type: ignore[arg-type]
    return changed, [("townships", count_names(found))]


def _written(run: Run) -> dict[str, str]:
    """Give the name of each boundary as written."""
    if run.boundaries is None or "name" not in run.boundaries:
        return {}
    known = run.boundaries[run.boundaries["name"].notna()]
    return dict(zip(known["boundary_id"].astype(str), known["name"].astype(str), strict=True))


def _with_new_units(run: Run, ids: Mapping[str, str], level: str) -> dict[str, pd.DataFrame]:
    """Replace ids of the units of one level in the tables that have units of several."""
    tables = {name: getattr(run, name) for name in UNIT_KEYS}
    return {
        name: replaced(table, "unit_id", ids, table["unit_level"].eq(level).to_numpy())
        for name, table in tables.items()
    }


# Places whose id changed between runs, found again by their name and where they lie.

APART_M = 1000.0
"""How far from each other two points of one place may lie, inclusive."""
MOST = 0.5
"""Where more than this share of shared ids are two places, the ids mean other places, and nothing is matched."""
SETTLEMENT_KEYS = ("access", "last_mile", "towns")
UNIT_KEYS = ("norm_results", "components")
Note = tuple[str, str]


def with_same_ids(runs: Sequence[Run]) -> tuple[list[Run], list[Note]]:
    """Give a place the same id in every run, and two places two ids, by the rules of `docs/compare.md`."""
    matched, notes = with_same_townships(runs)
    told_apart, two = _told_apart(matched)
    notes += [("other_place", count_names(two))] if two else []
    held = [set(run.settlements["settlement_id"].astype(str)) for run in told_apart]
    pairs = [pair for one, other in combinations(told_apart, 2) for pair in _pairs(one, other)]
    new_ids = one_id_each(pairs, held)
    if not new_ids:
        return told_apart, notes
    named = [run.places["name"] for run in reversed(told_apart) if "name" in run.settlements]
    written = {place: name for places in named for place, name in places.items()}
    names = [str(written[new]) for new in sorted(set(new_ids.values()))]
    return [_renamed(run, new_ids) for run in told_apart], [*notes, ("redrawn", count_names(names))]


def _told_apart(runs: Sequence[Run]) -> tuple[list[Run], list[str]]:
    """Give places of one id, of other names and more than 1 km apart, an id each; and name these ids."""
    known = [table for run in runs if (table := _named_points(run)) is not None and table.crs is not None]
    if len(known) < len(runs):
        return list(runs), []
    crs = known[0].crs if known else None
    bearers: dict[str, list[_Bearer]] = {}
    for at, table in enumerate(known):
        places = table if crs is None else table.to_crs(crs)
        for row in zip(places["id"], places["folded"], places["name"], places["point"], strict=True):
            bearers.setdefault(row[0], []).append(_Bearer(at, *row[1:]))
    shared = {place: mine for place, mine in bearers.items() if len(mine) > 1}
    two: dict[str, list[list[_Bearer]]] = {}
    for place, mine in shared.items():
        # Bearers of an id are one place where they have one name or lie near each other.
        alike = [
            (str(one.run), str(other.run))
            for one, other in combinations_with_replacement(mine, 2)
            if one.folded == other.folded or shapely.distance(one.point, other.point) <= APART_M
        ]
        groups = [[one for one in mine if str(one.run) in group] for group in groups_of(alike)]
        if len(groups) > 1:
            two[place] = groups
    if len(two) > MOST * len(shared):
        return list(runs), []
    new_ids: list[dict[str, str]] = [{} for _ in runs]
    for place, groups in two.items():
        for group in groups:
            _folded, name = min((one.folded, one.name) for one in group)
            for one in group:
                new_ids[one.run][place] = f"{place} ({name})"
    return [_renamed(run, ids) if ids else run for run, ids in zip(runs, new_ids, strict=True)], sorted(two)


class _Bearer(NamedTuple):
    """A place of one run that bears an id."""

    run: int
    folded: str
    name: str
    point: Any


def _pairs(one: Run, other: Run) -> list[tuple[str, str]]:
    """Pair places that only one of two runs has, nearest first; each is in one pair at most."""
    here, there = _alone(one, other), _alone(other, one)
    if here is None or there is None or here.crs is None or there.crs is None:
        return []
    near = here.merge(there.to_crs(here.crs), on="folded", suffixes=("", "_other"))
    apart = near.geometry.distance(gpd.GeoSeries(near["point_other"], crs=here.crs)).to_numpy()
    found = pd.DataFrame({"one": near["id"], "other": near["id_other"], "apart_m": apart})
    found = found[found["apart_m"] <= APART_M]
    ordered = [sorted(pair, key=shortest_first) for pair in zip(found["one"], found["other"], strict=True)]
    ranked = sorted(zip(found["apart_m"].round(3), ordered, found["one"], found["other"], strict=True))
    taken: set[str] = set()
    pairs = []
    for _apart_m, _ordered, mine, theirs in ranked:
        if mine not in taken and theirs not in taken:
            taken |= {mine, theirs}
            pairs.append((mine, theirs))
    return pairs


def _alone(run: Run, other: Run) -> gpd.GeoDataFrame | None:
    """Give places of the study with a name and a point whose id the other run has nowhere."""
    table = _named_points(run)
    known = set(other.settlements["settlement_id"].astype(str))
    return None if table is None else table[~table["id"].isin(list(known))].reset_index(drop=True)


def _named_points(run: Run) -> gpd.GeoDataFrame | None:
    """Give places of the study with a name and a point; None where the run has no points."""
    if "geometry" not in run.settlements:
        return None
    places = run.places
    names = places["name"].map(folded) if "name" in places else pd.Series("", index=places.index)
    point = places["geometry"]
    kept = names.ne("").to_numpy() & point.notna().to_numpy()
    table = pd.DataFrame(
        {
            "id": places.index[kept],
            "name": places["name"].to_numpy()[kept] if "name" in places else "",
            "folded": names.to_numpy()[kept],
            "point": point.to_numpy()[kept],
        }
    )
    return gpd.GeoDataFrame(table, geometry="point", crs=getattr(run.settlements, "crs", None))


def _renamed(run: Run, ids: Mapping[str, str]) -> Run:
    """Replace ids of settlements wherever a run names them."""
    changes: dict[str, pd.DataFrame] = {"settlements": replaced(run.settlements, "settlement_id", ids)}
    changes |= {name: replaced(getattr(run, name), "settlement_id", ids) for name in SETTLEMENT_KEYS}
    changes |= _with_new_units(run, ids, "settlement")
    if run.flows is not None:
        changes["flows"] = replaced(replaced(run.flows, "from_id", ids), "to_id", ids)
    return replace(run, **changes)  # type: ignore[arg-type]


def check_comparable(runs: Sequence[Run]) -> list[Note]:
    """Refuse runs that cannot be compared, and list what differs between those that can."""
    if len(runs) < 2:
        raise ContractError("runs", [f"two or more are compared, {len(runs)} given"])
    first = runs[0]
    alike = "cannot be held against another; set"
    asked = (
        ("basis", "population basis", f"people of one kind {alike} [population] basis alike and run again"),
        ("mode", "the first mode", f"times by one mode {alike} [network] modes alike and run again"),
    )
    problems = [
        f"{run.name}: {what} is {getattr(run, name)!r}, of {first.name} {getattr(first, name)!r}; {remedy}"
        for run in runs[1:]
        for name, what, remedy in asked
        if getattr(run, name) != getattr(first, name)
    ]
    refuse("runs", problems)
    notes: list[Note] = []
    for earlier, later in pairwise(runs):
        if later.as_of < earlier.as_of:
            notes.append(("earlier", f"{later.name} {later.as_of} < {earlier.name} {earlier.as_of}"))
        elif later.as_of == earlier.as_of:
            notes.append(("same_date", later.as_of))
    notes += [note for run in runs[1:] for note in _places(first, run)]
    # Versions of the package, and within one version the code of each stage.
    if len({run.version for run in runs}) > 1:
        notes.append(("version", ", ".join(f"{run.name} {run.version or '?'}" for run in runs)))
    else:
        known = [stage for stage in first.code if all(stage in run.code for run in runs)]
        stages = [stage for stage in known if len({run.code[stage] for run in runs}) > 1]
        notes += [("code", ", ".join(stages))] if stages else []
    # What the studies decided.
    keys = sorted(set.intersection(*(set(run.options) for run in runs)))
    other = [key for key in keys if any(run.options[key] != first.options[key] for run in runs[1:])]
    rules = [key for key in other if key.startswith("score.")]
    rest = [key for key in other if not key.startswith("score.")]
    notes += [("rules", ", ".join(rules))] if rules else []
    return notes + ([("options", ", ".join(rest))] if rest else [])


def _places(first: Run, run: Run) -> list[Note]:
    """Hold the places of two runs against each other, and refuse runs of other places."""
    one, other = first.places, run.places
    common = one.index.intersection(other.index)
    if not len(common):
        problem = (
            f"settlement_id: {first.name} ({len(one)} places, {first_of(one.index)}) and {run.name} ({len(other)} "
            f"places, {first_of(other.index)}) have none in common; compare runs of one county, with the same codes"
        )
        raise ContractError("runs", [problem])
    notes: list[Note] = []
    if len(common) < MOST * max(len(one), len(other)):
        notes.append(("few_places", f"{len(common)} / {len(one)}, {len(other)}"))
    here, there = one.loc[common], other.loc[common]
    if "geometry" in here and "geometry" in there:
        notes += _moved(first, run, here["geometry"], there["geometry"])
    if "tier" in here and "tier" in there:
        # Norms of towns count a place whose tier changed at one date only.
        turned = there[(here["tier"].astype(str) != there["tier"].astype(str)).to_numpy()]
        ids = turned.index.to_series()
        names = turned["name"].fillna(ids) if "name" in turned else ids
        notes += [("tiers", count_names([str(name) for name in names]))] if len(turned) else []
    return notes


def _moved(first: Run, run: Run, here: pd.Series, there: pd.Series) -> list[Note]:
    """Hold the points of places of one id against each other."""
    notes: list[Note] = []
    common = here.index
    mine, others = getattr(first.settlements, "crs", None), getattr(run.settlements, "crs", None)
    if mine is not None and others is not None and mine != others:
        notes.append(("crs", f"{first.name} {mine.name}, {run.name} {others.name}"))
        there = there.to_crs(mine)
    apart = shapely.distance(np.array(here, dtype=object), np.array(there, dtype=object))
    moved = common[np.nan_to_num(apart) > APART_M]
    if len(moved) > MOST * len(common):
        problem = (
            f"settlement_id: {len(moved)} of {len(common)} places of {run.name} lie more than {APART_M:g} m from "
            f"those of the same id of {first.name} ({first_of(moved)}); the ids name other places: compare runs of "
            "one county, with the same codes"
        )
        raise ContractError("runs", [problem])
    if len(moved):
        notes.append(("moved", f"{len(moved)} ({first_of(moved)})"))
    return notes


# The norms that all runs judged on the same terms, and why each other one is left out.

CLOSE = 1e-6
IN_FORCE = ("pass", "fail", "unknown")


def shared_norms(runs: Sequence[Run]) -> pd.DataFrame:
    """Tell which norms the runs share."""
    scored = [score_norms(run.norm_results, only=run.rules.norms) for run in runs]
    terms = [run.terms.set_index("norm_id") for run in runs]
    judged, gates = [], []
    for run in runs:
        results = run.norm_results
        of_place = results["unit_level"] == "settlement"
        mine = of_place & results["status_as_mapped"].isin(JUDGED)
        gated = results["unit_level"].isin(["study", "township"]) & results["gate"].isin(IN_FORCE)
        judged.append(set(results.loc[mine, "norm_id"].astype(str)))
        gates.append(set(results.loc[gated, "norm_id"].astype(str)))
    rows = []
    for norm in sorted({str(name) for table in terms for name in table.index}):
        absent = [f"not_in:{run.name}" for run, table in zip(runs, terms, strict=True) if norm not in table.index]
        differ = []
        if not absent:
            # The terms of the norm that are not the same in every run.
            each = [table.loc[norm] for table in terms]
            # A fail point that a run does not tell, and that nobody found, says nothing.
            fails = [row["fail_point"] for row in each if row["fail_point_told"] or not np.isnan(row["fail_point"])]
            told: dict[str, list[Any]] = {name: [row[name] for row in each] for name in ("threshold", "target_share")}
            told["fail_point"] = fails
            differ = [
                name
                for name, values in told.items()
                if not np.isclose(values, values[:1] or 0.0, rtol=CLOSE, equal_nan=True).all()
            ]
            differ += [name for name in ("service", *TERMS) if any(row[name] != each[0][name] for row in each)]
            # The order of members says nothing, nor does a run of an older version, which tells none.
            bundles = {frozenset(split_list(row[MEMBERS])) for row in each} - {frozenset()}
            differ += [MEMBERS] if len(bundles) > 1 else []
        same = not absent and not differ
        left_out = [
            f"{reasons[norm]}:{run.name}"
            for run, (chosen, reasons) in zip(runs, scored, strict=True)
            if norm not in chosen and norm in reasons
        ]
        rows.append(
            {
                "norm_id": norm,
                "service": next(str(table.loc[norm, "service"]) for table in terms if norm in table.index),
                "same_terms": same,
                "in_level": same and all(norm in chosen for chosen, _reasons in scored),
                "in_people": same and all(norm in mine for mine in judged),
                "as_gate": same and all(norm in mine for mine in gates),
                "reason": ";".join([*absent, *(f"other_{name}" for name in differ), *left_out]),
            }
        )
    flags = dict.fromkeys(("same_terms", "in_level", "in_people", "as_gate"), "bool")
    texts = dict.fromkeys(("norm_id", "service", "reason"), "str")
    return pd.DataFrame(rows, columns=["norm_id", "service", *flags, "reason"]).astype(flags | texts)
