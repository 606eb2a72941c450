"""Stages `norms`, `gaps`, `sign_off`: access held against norms, broken ones ranked, and numbers for all sinks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from spatial.access.scenarios import scenario_people
from spatial.inputs.edits import read_field_checks
from spatial.norms.evaluation import judge_norms, with_estimates
from spatial.norms.measuring import NormEvidence, take_inventory
from spatial.reporting.answer import summarise_answer
from spatial.reporting.plans import plan_records
from spatial.reporting.sign_off import sign_off_table
from spatial.reporting.summary import CertaintyNote, rank_gaps, summarise_study
from spatial.reporting.wording import every_source, known_issues
from spatial.runner.stage import Options, Progress, Value, silent
from spatial.stages.network import Fitted, calibration_of
from spatial.stages.policy import binding_norms, inventories, norm_rules, official_totals, vocabulary_of


def norms(
    *,
    settlements: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    boundaries: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    access: pd.DataFrame,
    last_mile: pd.DataFrame,
    counts: pd.DataFrame,
    unplaced: pd.DataFrame | None = None,
    options: Options,
    progress: Progress = silent,
) -> dict[str, Value]:
    """Judge every norm that binds the study."""
    progress(0.0, "")
    vocabulary = vocabulary_of(options, facilities["service"])
    known = inventories(options, vocabulary, facilities, counts)
    official = official_totals(options, vocabulary, counts).facilities
    inventory = take_inventory(facilities, declared=known, official=official, vocabulary=vocabulary)
    evidence = NormEvidence(
        vocabulary=vocabulary,
        inventory=inventory.believed,
        missing_at_most=inventory.missing_at_most,
        facilities=facilities,
        unplaced=unplaced,
        boundaries=boundaries,
        last_mile=last_mile,
        roads=roads,
    )
    binding = binding_norms(options)
    results = judge_norms(binding, settlements, access, rules=norm_rules(options), evidence=evidence)
    counted = dict(zip(binding["norm_id"].astype(str), binding["stat_unit"].astype(str), strict=True))
    results = with_estimates(results, settlements, counted)
    return {"norm_results": results, "inventory": inventory.table}


def gaps(*, options: Options, progress: Progress = silent, **tables: Any) -> dict[str, Value]:
    """Rank the gaps, and gather the numbers that pages, sheets, layers and terminal show: once, for all of them."""
    progress(0.0, "")
    binding = binding_norms(options)
    if "scenario_access" in tables:
        tables["scenario_people"] = scenario_people(tables["scenario_access"])
    tables["gaps"] = rank_gaps(tables["norm_results"], tables["settlements"], tables["access"], binding)
    return {"gaps": tables["gaps"], "summary": summary_of(options, tables, binding)}


def summary_of(options: Options, tables: Mapping[str, Any], binding: pd.DataFrame) -> dict[str, Any]:
    """Gather the numbers that all sinks show from the tables that they are to show."""
    facts = {
        "name": options.name,
        "title": dict(options.title),
        "as_of": options.as_of.isoformat(),
        "status": options.outputs.status,
        "synthetic": options.synthetic,
        "population_basis": options.population.basis,
        "note": dict(options.note),
    }
    # What the paired runs assumed, and what observed times said of the speeds.
    offered, chosen = vocabulary_of(options), options.uncertainty
    found = {word: offered.for_register(word) for word in sorted(set(binding["service"]))}
    departure = options.calibration.departure or None
    calibration = {"calibrated": False, "departure": departure}
    known: dict[str, Any] = {
        "speed_share": chosen.speed_share,
        "speed_factors": None,
        "speed_status": "uncalibrated",
        "calibrated": False,
    }
    if "calibration_factors" in tables:
        fitted = Fitted(*(tables.get(f"calibration_{name}") for name in ("factors", "errors", "observations")))
        measured, status = calibration_of(options, fitted), fitted.status(options)
        if measured is not None:
            is_fitted = status == "calibrated"
            factors = measured.error_range(fitted=is_fitted)
            known |= {"speed_status": status, "calibrated": is_fitted}
            known |= {"speed_factors": None if factors is None else list(factors)}
            calibration = {**measured.summary(), "departure": departure}
    summary = summarise_study(
        tables,
        register=binding,
        issues=known_issues(every_source(tables)),
        facts=facts,
        certainty=CertaintyNote(
            answers={word: service.id for word, service in found.items() if service is not None},
            speeds=options.network.speeds,
            speeds_known=known,
            walk_km_h=chosen.walk_km_h,
            detour=chosen.detour,
            calibration=calibration,
        ),
        pillar_weights=dict[str, float](options.score.weights.items()),
    )
    names = {word: dict(item.names) for item in offered.every for word in (item.id, *item.register)}
    titles = {item.name: item.title for item in options.plans}
    terms: dict[Any, Any] = binding.set_index("norm_id")[["metric", "scope"]].to_dict("index")
    return summary | {
        "answer": summarise_answer(tables, summary["norms"], mode=options.network.modes[0], services=names),
        "plans": plan_records(tables, services=names, titles=titles, norms=terms),
    }


def sign_off(*, options: Options, progress: Progress = silent, **tables: Any) -> dict[str, Value]:
    """Say what whoever signs the study should look at."""
    progress(0.0, "")
    vocabulary = vocabulary_of(options)
    table = sign_off_table(
        tables,
        official=official_totals(options, vocabulary, tables["counts"]),
        inventory=inventories(options, vocabulary, tables["facilities"], tables["counts"]),
        basis=options.population.basis,
        register=binding_norms(options),
    )
    found = options.field_checks
    if found is None:
        return {"sign_off": table}
    checks = read_field_checks(options.raw_path(found.path), tables["facilities"], tables["settlements"])
    return {"sign_off": table, "field_checks": checks}
