"""What ``spatial check`` says: every fault of the study and its sources, or what was found."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd

from spatial.access.calibration import check_observed
from spatial.cartography.document import refuse_small_pages
from spatial.errors import ContractError, SpatialError, StudyError, faults_at, first_of, refuse
from spatial.formats.notes import findings_frame, join_findings
from spatial.inputs.gather import DOUBT
from spatial.inputs.inspection.inspecting import is_timetable
from spatial.inputs.names import name_scores
from spatial.inputs.osm import name_keys
from spatial.inputs.prepare import Layers, prepare
from spatial.inputs.units import match_units
from spatial.inputs.user_tables import observed_from_table
from spatial.messages import Words
from spatial.network.graph import TravelGraph
from spatial.norms.law import jurisdictions_of, jurisdictions_without_norms, with_norm_id
from spatial.planning.action_list import read_action_list
from spatial.planning.candidates import load_site_rules
from spatial.reporting.score import doubted_units, issue_records
from spatial.reporting.wording import TIDIED, counts_told, details_told, issue_lines, item_text
from spatial.runner.stage import EVERYTHING, Options
from spatial.score.evidence import METRICS, flow_faults
from spatial.stages.network import Ground, bus_lines, network_of
from spatial.stages.off_road import elevation_of_ground
from spatial.stages.plan_room import base_of_round, shares_within
from spatial.stages.plan_sites import constraint_areas, grounds_of_units, refuse_unfit_plans, site_sources, stated_costs
from spatial.stages.policy import binding_norms, check_policy, register_of, vocabulary_of
from spatial.stages.population import read_group, units_of_level
from spatial.stages.read import known_issues_table
from spatial.stages.scenarios import (
    facilities_after,
    facility_faults,
    namesakes_left_open,
    network_scenario,
    refuse_unknown,
)
from spatial.study import Study
from spatial.study.scenarios import ScenarioOptions
from spatial.study.sources import TableSource

LINES_A_KIND = 3
LINES_TO_DECIDE, LINES_TO_LOOK_AT, LETTERS = 3, 4, 160
"""How much `short_lines` says of each, and how much of a line."""
HEAD, LOOK, FINE = "head", "look", "fine"
SETTLED = frozenset({"merged_duplicate", "place_area"})
"""Kinds of findings that a rule of the package has settled; others are for a person to look at."""

OPEN_COUNTS = frozenset({"not placed", "facilities to review"})
"""Counts of rows that wait for a person, where there are any."""


class Checked(NamedTuple):
    """A line of a check: what comes first, what to look at, or what is fine."""

    kind: str
    text: str


def short_lines(decide: Sequence[str], found: Sequence[Checked], words: Words) -> Iterator[str]:
    """Say a check in ten lines: what to decide, what to look at, and in one line what is fine."""
    say = partial(words.of("commands").say, "check")
    yield from (one.text for one in found if one.kind == HEAD)
    decisions, looks = decide[1:], [one.text for one in found if one.kind == LOOK]
    yield from decide[:1]
    yield from decisions[:LINES_TO_DECIDE]
    if looks:
        yield say("look", looks=len(looks))
        for text in looks[:LINES_TO_LOOK_AT]:
            yield f"  {text}" if len(text) <= LETTERS else f"  {text[:LETTERS].rstrip()} ..."
    left = max(len(decisions) - LINES_TO_DECIDE, 0) + max(len(looks) - LINES_TO_LOOK_AT, 0)
    fine = [one.text for one in found if one.kind == FINE]
    yield say("fine", what=fine[-1] if fine else say("uncounted"))
    yield say("all", lines=len(found) + len(decide), more=say("more", left=left) if left else "")


def check_study(study: Study) -> Iterator[Checked]:
    """Read and check all that a study names, and write nothing."""
    check_policy(study)
    layers = prepare(study)
    options = Options(study, EVERYTHING)
    vocabulary, language = vocabulary_of(options), study.outputs.languages[0]
    words = Words(language, names=vocabulary.names(language))
    say = partial(words.of("commands").say, "check")
    # Read what later stages of a run open, by their own readers; findings with those on scenarios.
    faults: list[SpatialError] = []
    after: dict[str, gpd.GeoDataFrame] = {}

    def lay(item: ScenarioOptions) -> None:
        after[item.name] = facilities_after(options, item, layers.facilities, layers.settlements)

    def observed(source: TableSource) -> None:
        seen = observed_from_table(options.raw_path(source.path), source, crs=layers.crs)
        check_observed(seen, [layers.settlements, layers.facilities])

    binding = binding_norms(options)
    reads: list[Callable[[], object]] = [partial(lay, item) for item in options.scenarios]
    reads += [*_scenarios_laid(options, layers), partial(_refuse_of_score, options, binding, layers.flows)]
    reads.append(partial(bus_lines, options.network.bus, layers.settlements, crs=layers.crs))
    if options.calibration.observed is not None:
        reads.append(partial(observed, options.calibration.observed))
    reads += [partial(read_group, options, name, layers.settlements) for name in options.sources.population_groups]
    if layers.official_units is not None:
        units = partial(units_of_level, options, layers.settlements, layers.study_area, layers.boundaries)
        reads.append(units)
    reads.append(partial(_refuse_missing_columns, options, layers))
    if options.off_road.service is not None and layers.landcover is not None:
        reads.append(partial(elevation_of_ground, options.off_road, layers.elevation, layers.landcover, []))
    reads.append(partial(refuse_small_pages, options.outputs.max_page_mb))
    reads += _reads_of_plans(options, layers)
    for read in reads:
        try:
            read()
        except SpatialError as error:
            faults.append(error)
    if faults:
        # Raise the only fault as it is, or all of them at once.
        if len(faults) == 1:
            raise faults[0]
        raise ContractError(
            f"{options.name}: files of later stages", [str(fault).replace("\n", "\n  ") for fault in faults]
        )
    warned = namesakes_left_open(options, after, layers.facilities)
    findings = join_findings([layers.findings, findings_frame(warned, crs=layers.crs)], crs=layers.crs)
    doubts = int(findings["kind"].eq(DOUBT).sum())
    yield Checked(HEAD, say("doubted" if doubts else "in_order", study=study.name, count=doubts))
    # Files nobody names: a timetable beside the sources comes first, since short lines end after a few.
    folders = {study.raw_path(source.path).parent for source in layers.sources}
    for file in sorted(one for folder in folders for one in folder.glob("*.zip") if is_timetable(one)):
        yield Checked(LOOK, say("timetable", file=file.name, why=say("no_timetable")))
    counted = counts_told(layers.counts, words)
    for row, said in zip(layers.counts.itertuples(index=False), counted.itertuples(index=False), strict=True):
        if row.source == "study" or "=" not in str(row.item):  # raw tags are in the table `counts`
            is_open = row.item in OPEN_COUNTS and row.number
            number = words.number(row.number)
            yield Checked(LOOK if is_open else FINE, say("count", of=said.source, item=said.item, number=number))
    # Of each list which columns are read, kept and left out; their names, never what is in them.
    for (path, item), use in layers.columns.items():
        for what, named in use._asdict().items():
            if named or what == "read":
                told: dict[str, Any] = {
                    "file": path,
                    "list": item_text(item, words),
                    "names": say("joint").join(named) or say("none"),
                }
                yield Checked(FINE, say(f"columns_{what}", **told))
    for kind, rows in findings.groupby("kind", sort=True):
        such = say("apart").join(details_told(rows.head(LINES_A_KIND), words))
        told = {"kind": kind, "title": words.of("qgis").say("findings", str(kind)), "number": len(rows), "such": such}
        yield Checked(FINE if kind in SETTLED else LOOK, say("finding", **told))
    # The known issues as a run says them, with what they affect and forbid in the townships that it will rank.
    places, table = layers.settlements, known_issues_table(layers.sources)
    scored = places.loc[places["in_study"]]
    townships = sorted(scored["township_id"].dropna().astype(str).unique())
    records = issue_records(table, doubted_units(table, layers.boundaries, townships))
    told = {"issues": list(layers.issues), "known_issues": records}
    tidied = [record.get("notice") in TIDIED for record in records]
    yield from (
        Checked(FINE if is_tidied else LOOK, line)
        for line, is_tidied in zip_longest(issue_lines(told, language, names=words.names), tidied)
    )
    register = register_of(options)
    if lacking := jurisdictions_without_norms(register, options.jurisdictions):
        told = {"names": say("joint").join(lacking), "there": say("joint").join(jurisdictions_of(register))}
        yield Checked(LOOK, say("no_norms", **told))
    if (official := layers.official_units) is not None:
        near = units_of_level(options, places, layers.study_area, layers.boundaries)
        matched = match_units(official, *near, options=options.placing).units
        lost = matched[matched["fault"].isin(["not_found", "ambiguous_name"])]
        ours = [name for name in matched.loc[matched["boundary"] >= 0, "unit"] if name]
        scores = name_scores([[name] for name in lost["unit"]], [[name] for name in ours])
        strays = [
            say("most_like", name=name or code, other=ours[row.argmax()]) if row.any() else name or code
            for name, code, row in zip(lost["unit"], lost["unit_code"], scores, strict=True)
        ]
        if strays:
            yield Checked(LOOK, say("no_unit", number=len(strays), rows=len(official), such=say("joint").join(strays)))
    nameless, alone = int(scored["name"].isna().sum()), int(scored["township_id"].isna().sum())
    if nameless:
        # Which tags name settlements that have no name, and the line of the study that reads them.
        told_by = say("unnamed")
        if "tags" in scored.columns:
            told_tags = scored.loc[scored["name"].isna() & scored["tags"].notna(), "tags"].map(json.loads)
            tagged = Counter(key for tags in told_tags for key in name_keys(tags))
            ranked = sorted(tagged, key=lambda key: (-tagged[key], key))
            listed = say("joint").join(f"{key} {tagged[key]}" for key in ranked)
            told_by = say("unnamed_by_tags") if not ranked else say("named_by", tags=listed, keys=json.dumps(ranked))
        yield Checked(LOOK, say("nameless", nameless=nameless, places=len(scored), told=told_by))
    if alone and townships:
        yield Checked(LOOK, say("homeless", alone=alone, places=len(scored)))
    here = set(layers.facilities["service"])
    asked = [vocabulary.for_register(str(word)) for word in binding["service"]]
    measured = sum(one is not None and not here.isdisjoint(vocabulary.satisfying(one.id)) for one in asked)
    counts = {"settlements": len(scored), "facilities": len(layers.facilities), "norms": len(binding)}
    counts |= {"services": len(here), "gates": int(binding["gates"].sum()), "measured": measured}
    yield Checked(FINE, say("whole", **{key: say(key, count=words.number(count)) for key, count in counts.items()}))


ON_ROADS = ("close", "close_file", "speeds_km_h", "speed_factors", "build", "new_roads")
"""Keys of a scenario that change the network."""


def _scenarios_laid(options: Options, layers: Layers) -> Iterator[Callable[[], object]]:
    """Lay scenarios over the network of their mode, which alone knows edges, usual speeds and what a mark lies on."""
    ground = Ground(layers.roads, layers.study_area, layers.turns, layers.elevation, layers.settlements, layers.water)

    @functools.cache
    def graph_of(mode: str | None) -> TravelGraph:
        return network_of(options, mode or options.network.modes[0], ground)

    def lay(item: ScenarioOptions) -> None:
        if not any(getattr(item, key) for key in ON_ROADS):
            refuse("scenarios", facility_faults(item, layers.facilities))
            return
        graph = graph_of(item.mode)
        refuse_unknown([item], {item.mode: graph}, layers.facilities)
        network_scenario(options, item, graph, layers.study_area).apply_with_account(graph)

    yield from (partial(lay, item) for item in options.scenarios)


def _refuse_of_score(options: Options, binding: pd.DataFrame, flows: pd.DataFrame) -> None:
    """Refuse norms of the score that do not bind, and totals of flows of which there is a table."""
    score, norms = options.score, with_norm_id(binding)
    strangers = [name for name in score.norms if name not in set(norms["norm_id"])]
    problems = faults_at("score.norms:", strangers, " do not bind this study")
    by_way = norms.loc[norms["metric"].isin(METRICS) & norms["direction"].eq("max"), "norm_id"].tolist()
    if score.gap_norm and score.gap_norm not in by_way:
        told = f"binds no place here as a time or distance; such norms are {first_of(by_way)}"
        problems.append(f"score.gap_norm: {score.gap_norm!r} {told}")
    refuse(options.name, [*problems, *flow_faults(flows["kind"], score)], StudyError)


def _reads_of_plans(options: Options, layers: Layers) -> Iterator[Callable[[], object]]:
    """List what the stage of plans opens and finds by name."""
    how = options.planning
    yield partial(site_sources, options, {"idle", "list"}, layers.study_area)
    yield partial(constraint_areas, options, layers.crs)
    yield partial(stated_costs, options)
    yield partial(refuse_unfit_plans, options, layers.facilities, layers.study_area)
    yield partial(grounds_of_units, options, layers.boundaries)
    for name, load in ((how.site_rules, load_site_rules), (how.actions, read_action_list)):
        if name is not None:
            yield partial(load, options.raw_path(name))
    for item in options.plans:
        if item.round is not None:
            yield partial(base_of_round, item.name, item.round, layers.settlements)
        yield partial(shares_within, item, layers.settlements, layers.boundaries)


def _refuse_missing_columns(options: Options, layers: Layers) -> None:
    """Refuse columns that the study names and its lists do not have; those of groups are made of rasters and shares."""
    groups = {*options.sources.population_groups, *options.population.groups}
    there = {*layers.settlements.columns, *(f"{name}_persons" for name in groups)}
    asked = {"measures.demand": options.measures.demand} if options.measures.kinds else {}
    asked |= {f"measures.groups.{group.name}.column": group.column for group in options.measures.groups}
    asked |= {"score.rank_column": options.score.rank_column} if options.score.rank_column else {}
    problems = [f"{key}: the settlements have no column {name!r}" for key, name in asked.items() if name not in there]
    for crew in options.emergency:
        name = crew.mobilisation_min
        if isinstance(name, str) and name not in layers.facilities.columns:
            problems.append(f"emergency.{crew.service}.mobilisation_min: the facilities have no column {name!r}")
    refuse(options.name, problems)
