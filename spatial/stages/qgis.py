"""Stage `qgis`: tables become a GeoPackage with styles and a QGIS project."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from spatial.cartography.page_data import page_texts
from spatial.messages import Words
from spatial.qgis.geopackage import write_qgis
from spatial.qgis.layer import NormWords, QgisMeta
from spatial.qgis.layers import SLIM, WAYS
from spatial.qgis.sld import write_raster
from spatial.rasters import Raster
from spatial.reporting import wording
from spatial.reporting.answer import count_text, counted_norm, finding_text
from spatial.reporting.plans import place_name, plan_title
from spatial.reporting.summary import is_judged
from spatial.runner.stage import Options, Progress, silent
from spatial.stages.policy import binding_norms, said_of_study, vocabulary_of
from spatial.store import Artifact
from spatial.study.access import MANY_SETTLEMENTS

BY_SERVICE = (
    "access", "norm_results", "measures", "isochrones", "catchments", "intervals", "wet_losses", "off_road",
    "scenario_access", "emergency_response", "plans",
)  # fmt: skip
"""Tables whose services give layers and columns their names."""

OPENING_NORMS = 4
"""Norms that have a layer each in the small project, at most."""

RASTERS = (
    ("off_road_min", "min", "results", "off_road"),
    ("friction", "min/m", "results", "off_road"),
    ("population", "persons", "base", ""),
)
"""Rasters from the top: name, unit, group and sub-group."""


TOLD = frozenset({"known_issues", "provenance", "plan_sources", "summary"})
"""What is told of a study beside the tables behind the small project."""


def columns_read(tables: Sequence[str], options: Options, rows: Callable[[str], int]) -> dict[str, tuple[str, ...]]:
    """Take what the small project shows, and of the other tables no more than the names of services."""
    if options.qgis.project == "full":
        return {}
    whole = TOLD | set(SLIM) - (WAYS if rows("settlements") > MANY_SETTLEMENTS else set())
    return {name: ("service",) if name in BY_SERVICE else () for name in tables if name not in whole}


def qgis(
    *, summary: dict[str, Any], options: Options, progress: Progress = silent, **tables: Any
) -> dict[str, list[Artifact]]:
    """Write the GeoPackage, the project and the rasters."""
    progress(0.0, "")
    vocabulary = vocabulary_of(options)
    binding = binding_norms(options)
    # Name the services of the norms that open the page, in order.
    norms = summary["norms"]
    opening = [norm for norm in norms if norm["is_headline"]] or norms
    by_id = {norm["norm_id"]: norm["service"] for norm in opening}
    results = tables["norm_results"].drop_duplicates("norm_id").set_index("norm_id")["service"]
    measured = set(tables["access"]["service"].unique())
    named = [str(results.get(norm, service)) for norm, service in by_id.items()]
    headlines = [name for name in dict.fromkeys(named) if name in measured]
    thresholds_min = minutes_judged(norms, results, options.network.modes[0])
    language, issues = options.outputs.languages[0], tables["known_issues"]
    faults = issues[~issues["notice"].isin(wording.TIDIED | wording.DOUBTED)].astype(str).to_dict("records")
    said, plans = Words(language), summary.get("plans", ())
    naming = replace(said, names=vocabulary.names(language))
    told = {
        "provenance": wording.provenance_told(wording.every_source(tables), issues, language),
        "known_issues": wording.issues_told(issues, language),
    }
    if "counts" in tables:  # the full project alone shows them
        told["counts"] = wording.counts_told(tables["counts"], naming)
    # Names and numbers of norms: findings first, in their order, of which the first that have gaps open the project.
    findings = {finding["norm_id"]: finding for finding in summary["answer"]["findings"]}
    rules = {str(row["norm_id"]): row for row in binding.to_dict("records")}
    norm_words = {}
    by_norm = {str(norm["norm_id"]): norm for norm in norms}
    for name in dict.fromkeys([*findings, *by_norm]):
        norm = by_norm[name]
        title = wording.norm_name(rules.get(name, norm), naming)
        parts = (said.say("norm_class", norm["norm_class"]), count_text(counted_norm(norm, {}), said))
        finding = finding_text(findings[name], said) if name in findings else ""
        norm_words[name] = NormWords(
            said.say("notice_part", "titled", title=title, unit=name), " · ".join(filter(None, parts)), finding
        )
    with_gaps = set(tables["gaps"]["norm_id"]) if "gaps" in tables else set()
    opening_norms = [name for name in norm_words if name in with_gaps and (name in findings or not findings)]
    # Services are named as the vocabulary does, and what norms alone speak of as the pages do.
    spoken = {each: page_texts(each) for each in options.outputs.languages}
    services, of_pages = {}, [tables[table]["service"] for table in BY_SERVICE if table in tables]
    for name in sorted(map(str, set(vocabulary.ids).union(*of_pages))):
        service, key = vocabulary.get(name), f"service.{name}"
        of_norms = {each: texts[key] for each, texts in spoken.items() if key in texts}
        services[name] = dict(service.names) if service else of_norms
    meta = QgisMeta(
        **said_of_study(options, summary),
        as_of=options.as_of,
        licences=[
            # What nobody states is told once.
            f"{', '.join(dict.fromkeys(map(str, (row.origin, row.licence, row.vintage))))} ({row.path})"
            for row in told["provenance"].itertuples(index=False)
        ],
        issues=wording.known_issues(told["provenance"], language),
        faults=list(itertools.starmap(said.told_of, wording.issues_by_file(faults, said).items())),
        method=Words(language, "qgis").say("project", "method_text"),
        mode=options.network.modes[0],
        services=services,
        headline_services=headlines,
        satisfied_by={name: sorted(vocabulary.satisfying(name)) for name in headlines},
        norms=norm_words,
        opening_norms=opening_norms[:OPENING_NORMS],
        own_services=sorted(vocabulary.ids),
        edits=options.qgis.edits or "",
        is_full=options.qgis.project == "full",
        thresholds_min=thresholds_min,
        scenarios={item.name: item.title for item in options.scenarios},
        plans={plan["plan_id"]: plan_title(plan, said) for plan in plans},
        plan_names={plan["plan_id"]: said.pick(plan["title"]) for plan in plans},
        places_of_actions={item["action_id"]: place_name(item, said) for plan in plans for item in plan["actions"]},
        cutoffs_min=sorted(options.access.cutoffs_min),
        level_bands=options.score.level_bands,
    )
    # Rasters from the top, each where there is one.
    words, basis = Words(language, "qgis"), options.population.basis
    goal = vocabulary.get(options.off_road.service or "")
    shown = words.pick(goal.names) if goal else options.off_road.service or ""
    rasters = []
    for name, unit, group, shelf in RASTERS:
        grid = tables.get(name)
        if isinstance(grid, Raster) and meta.is_full and np.isfinite(grid.values).any():  # else nothing to show
            title = words.say("layers", name, service=shown)
            stem = f"{options.name}_{name}"
            raster = write_raster(grid, name=stem, unit=unit, title=title, words=words, basis=basis)
            rasters.append(replace(raster, group=group, shelf=shelf))
    frames = {name: value for name, value in tables.items() if isinstance(value, pd.DataFrame)} | told
    return {
        "files": write_qgis(
            frames,
            name=options.name,
            crs=options.outputs.crs or tables["settlements"].crs,
            languages=options.outputs.languages,
            meta=meta,
            rasters=rasters,
        )
    }


def minutes_judged(norms: Sequence[Mapping[str, Any]], answered: pd.Series, mode: str) -> dict[str, float]:
    """Give the minutes of the first norm on each service that is judged in the mode shown, headline norms first."""
    found: dict[str, float] = {}
    for norm in filter(is_judged, norms):
        if norm["metric"] == "time_min" and norm["mode"] in (None, "any", mode) and norm["threshold"] is not None:
            found.setdefault(str(answered.get(norm["norm_id"], norm["service"])), float(norm["threshold"]))
    return found
