"""The study's options as the middle takes them; what it asks for by name is refused at once where it is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from spatial.access.options import TOWN_TIERS, AccessRules
from spatial.crs import METRES_A_KM, parse_crs
from spatial.errors import CrsError, StudyError, faults_at, refuse
from spatial.inputs.services import Vocabulary, load_services
from spatial.messages import Words
from spatial.network.speeds import load_speeds
from spatial.norms.law import (
    DEONTIC_OF_CLASS,
    EVERYWHERE,
    ROADS,
    STATED_BY_THE_STUDY,
    UNIT_OF_METRIC,
    NormRules,
    applicable_norms,
    load_register,
)
from spatial.runner.stage import EVERYTHING, Options
from spatial.study import Study
from spatial.study.access import BY_BUS
from spatial.study.outputs import OfficialOptions
from spatial.study.score import LAW_KEYS, NormAddition
from spatial.tables.words import TIERS
from spatial.terrain.friction import load_surface_speeds

RANK = ("unknown", "partial", "complete")
_BOUND: dict[tuple[object, ...], pd.DataFrame] = {}
"""The norms that bind the last study asked for, since a run asks for them in most of its stages."""
APPROVED_MAPS = "CN"
"""Maps shown to the public carry an approval number there (Map Management Regulations, decree 664, art. 15 and 22)."""


def access_rules(options: Options, **more: Any) -> AccessRules:
    """Take which times are computed."""
    buffer_m = options.region.buffer_km * METRES_A_KM
    return AccessRules.from_options(options.access, snap=options.network, buffer_m=buffer_m, **more)


def vocabulary_of(options: Options, offered: Iterable[str] = ()) -> Vocabulary:
    """Load the study's services; those by level alone stand for words of the register where facilities offer them."""
    known, there = (
        load_services(options.raw_path(options.services_file) if options.services_file else None),
        set(offered),
    )
    return replace(known, offered=frozenset(there)) if there else known


def register_of(options: Options) -> pd.DataFrame:
    """Load the study's register of norms."""
    chosen = options.norms.register_file
    home = options.jurisdictions[0] if options.jurisdictions else EVERYWHERE
    added = [_register_row(norm, home) for norm in options.norms.add]
    file = options.raw_path(chosen) if chosen else None
    return load_register(file, added=added, services=vocabulary_of(options).register_words)


def _register_row(norm: NormAddition, jurisdiction: str) -> dict[str, str]:
    """Write a norm of the study as the register writes its own; who added it and why stay with it."""
    presence = norm.metric == "presence_in_unit"
    who, when = f"added by {norm.by}" if norm.by else "", norm.on.isoformat() if norm.on else ""
    told = ", ".join(filter(None, (who, when)))
    named = ("service", "metric", "stat_unit", "scope", "norm_class", "instrument")
    return {
        **{name: getattr(norm, name) for name in named},
        "norm_id": norm.id,
        "pillar": "P3",
        "mode": "" if presence or norm.metric == "dist_m" else norm.mode,
        "direction": "presence" if presence else "max",
        "threshold": f"{norm.threshold!r}",
        "unit": UNIT_OF_METRIC.get(norm.metric, "service"),
        "target_share": f"{norm.target_share!r}",
        "target_share_basis": "source",
        "fail_point": "" if norm.fail_point is None else f"{norm.fail_point!r}",
        "deontic": DEONTIC_OF_CLASS[norm.norm_class],
        "role": "standard",
        "duty_bearer": norm.duty_bearer or "",
        "share_applies_at": "study",
        "valid_from": norm.valid_from.isoformat() if norm.valid_from else "",
        "valid_to": norm.valid_to.isoformat() if norm.valid_to else "",
        "read_in_original": "yes" if norm.read_in_original else "no",
        "norm_class_basis": STATED_BY_THE_STUDY,
        "norm_justification": norm.why,
        "jurisdiction": jurisdiction,
        "source_title": f"{norm.source or 'norm of the study'}{f' ({told})' if told else ''}",
        "source_year": str(norm.on.year) if norm.on else "",
        "confidence": "verified_primary" if norm.read_in_original else "verified_secondary",
        "supersedes": "|".join(norm.supersedes),
        "notes": norm.why,
    }


def norm_rules(options: Options) -> NormRules:
    """Take what the study decides about norms."""
    urban = options.tiers.urban
    return NormRules.from_options(
        options.norms,
        jurisdictions=options.jurisdictions,
        class_by_tier={tier: "urban" if tier in urban else "rural" for tier in TIERS} if urban else {},
        max_time_min=options.access.max_time_min,
    )


def binding_norms(options: Options) -> pd.DataFrame:
    """Pick the norms that bind the study."""
    rules = norm_rules(options)
    files = [options.raw_path(name) for name in (options.norms.register_file, options.services_file) if name]
    # A changed file is known by its size and time of change.
    states = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.is_file()]
    asked = (repr(options.norms), repr(rules), options.as_of, *states)
    found = _BOUND.get(asked)
    if found is None:
        found = applicable_norms(register_of(options), as_of=options.as_of, rules=rules)
        _BOUND.clear()
        _BOUND[asked] = found
    return found.copy()


def wanted_services(options: Options, vocabulary: Vocabulary, offered: set[str]) -> dict[str, frozenset[str]]:
    """Choose the services to compute, and which facilities count for each."""
    named, besides = set(options.access.services), asked(options, offered=offered)["besides"]
    every = {service: vocabulary.satisfying(service) for service in vocabulary.ids}
    return {
        service: kinds
        for service, kinds in every.items()
        if (service in named if named else bool(kinds & offered) or service in besides)
    }


def asked(options: Options, *, offered: set[str]) -> dict[str, Any]:
    """Say what norms ask of stages: services besides the study's, those in metres, and the headline norms in order."""
    law = options.beyond((*LAW_KEYS, "access.services"))
    known, binding = vocabulary_of(law, offered), binding_norms(law)
    in_metres = asked_by_norms(binding.loc[binding["metric"] == "network_dist_m"], known)
    besides = set() if law.access.services else asked_by_norms(binding, known)
    rows: list[dict[Any, Any]] = []
    if law.norms.headline:  # few studies name any, and each stage asks
        told = binding[["norm_id", "service", "bundle_members", "metric", "unit", "threshold"]]
        rows = told.astype(object).where(told.notna(), None).to_dict("records")
    return {
        "besides": sorted(name for name in besides if not known.satisfying(name) & offered),
        "in_metres": sorted(in_metres),
        "headlines": [row for norm in law.norms.headline for row in rows if row["norm_id"] == norm],
        "has_headlines": bool(law.norms.headline),
    }


def asked_by_norms(binding: pd.DataFrame, vocabulary: Vocabulary) -> set[str]:
    """Name the services that norms, or the bundles that they are of, ask for."""
    words = {str(word) for word in binding["service"]}
    for members in binding["bundle_members"].dropna():
        words |= {item.strip() for item in str(members).replace(";", "|").split("|")}
    found = {vocabulary.for_register(word) for word in sorted(words)}
    return {item.id for item in found if item is not None}


CLOSED, OPENED = "closed service=", "opened service="
"""Rows of `counts` by which a run of a scenario tells how many facilities of the study it closes and opens."""


def official_totals(options: Options, vocabulary: Vocabulary, counts: pd.DataFrame) -> OfficialOptions:
    """Take the official totals, which count the facilities of today, of each service at every level unless named."""
    official: OfficialOptions = options.official
    facilities = {}
    for name, item in official.facilities.items():
        services = item.services or tuple(sorted(vocabulary.by_level(name)))
        closed, opened = (
            float(counts.loc[counts["item"].isin([prefix + service for service in services]), "number"].sum())
            for prefix in (CLOSED, OPENED)
        )
        # An office that counts fewer than the study knows does not count what closes.
        known = {"services": services, "value": max(item.value - closed, 0.0) + opened}
        facilities[name] = item.model_copy(update=known)
    return official.model_copy(update={"facilities": facilities})


def inventories(
    options: Options, vocabulary: Vocabulary, facilities: pd.DataFrame, counts: pd.DataFrame | None
) -> dict[str, str]:
    """Say for every service whether all its facilities are known: by the study's word, else by its best source."""
    sources, wider = options.sources, vocabulary.families
    declared = []
    for table in sources.facilities:
        rows = facilities.loc[facilities["source"] == table.path, "service"]
        held = {*table.values.get("service", {}).values(), *rows.astype(str)}
        if counts is not None:
            closed = counts.loc[(counts["source"] == table.path) & counts["item"].str.startswith(CLOSED), "item"]
            held |= set(closed.str.removeprefix(CLOSED))
        declared.append((frozenset(held if table.service is None else {table.service}), table.inventory))
    if sources.osm is not None and sources.osm.facilities:
        declared.append((frozenset(wider), sources.osm.inventory))
    ranked = sorted(declared, key=lambda item: RANK.index(item[1]))
    known = dict.fromkeys(wider, "unknown")
    for covers, word in ranked:
        known |= {wider.get(service, service): word for service in covers}
    told = known | dict(options.inventory)
    return told | {service: told[wider[service]] for service in wider if service not in options.inventory}


def approval_wanted(status: str, places: Iterable[str], *, synthetic: bool, number: str | None) -> bool:
    """Tell whether outputs are public maps of jurisdictions that ask for an approval number, and have none."""
    asks = any(str(place).partition("-")[0] == APPROVED_MAPS for place in places)
    return status == "public" and asks and not synthetic and not number


def basis_of(basis: str, summary: Mapping[str, Any]) -> str:
    """Say how people are counted: not at all where nobody's number is known."""
    people = summary["population"]
    untold = people["places_without_population"] + people.get("places_withheld", 0)
    return "none" if people["persons"] is None and untold == people["places"] else basis


def said_of_study(options: Options, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Gather what every page, sheet and project prints of the study."""
    status, number = options.outputs.status, options.outputs.map_approval
    return {
        "title": dict(options.title),
        "status": status,
        "population_basis": basis_of(options.population.basis, summary),
        "synthetic": options.synthetic,
        "note": dict(options.note),
        "map_approval": number or "",
        "approval_wanted": approval_wanted(status, options.jurisdictions, synthetic=options.synthetic, number=number),
        "below": summary["study"].get("below", 0),
    }


def speed_table(options: Options, name: str) -> str | Path:
    """Find a table of speeds: a file of the user's own, or one of the package by its name."""
    return options.raw_path(name) if name.endswith(".toml") else name


CREW_MODES = ("emergency", "drive", "motorcycle")
"""Modes that crews travel by where nothing else is said, the first one that the study has."""


def crew_mode(modes: Sequence[str]) -> str | None:
    """Choose the mode of crews for which the study names none; None where it has none of `CREW_MODES`."""
    return next((mode for mode in CREW_MODES if mode in modes), None)


# What a study asks for by name: services, norms, speeds, modes, languages, CRS. Refused at once where it is not there.


def check_policy(study: Study) -> None:
    """Refuse a study that names what is not there, before any source is opened; what reads a file tells if it is."""
    options, network, outputs = Options(study, EVERYTHING), study.network, study.outputs
    missing = {key for key, path in study.own_files().items() if not study.raw_path(path).is_file()}
    problems: list[str] = []
    vocabulary = None
    if "services_file" not in missing:
        problems += _faults(partial(vocabulary_of, options), "services_file")
        vocabulary = None if problems else vocabulary_of(options)
    register = None if missing & {"norms.register", "services_file"} else register_of(options)
    if vocabulary is not None:
        problems += _unknown_services(
            study, vocabulary, set() if register is None else {*register["service"].astype(str)}
        )
    if register is not None:
        problems += _faults(partial(binding_norms, options), "norms")
    if "network.speeds" not in missing:
        load = partial(load_speeds, speed_table(options, network.speeds))
        faults = _faults(load, f"network.speeds: {network.speeds!r}")
        # Seasons of the study and its scenarios, and the wet one that tells how sure times are.
        asked = {"network.season": network.season}
        asked |= {f"scenarios.{item.name}.season": item.season for item in study.scenarios if item.season}
        asked |= {"uncertainty.wet": "wet"} if study.uncertainty.wet and network.season == "dry" else {}
        seasons = {} if faults else load().seasons
        problems += faults or [
            f"{key}: the speed table has no season {name!r}; it has {', '.join(sorted(seasons))}"
            for key, name in asked.items()
            if name not in seasons
        ]
    if network.slope and study.sources.elevation is None:
        problems.append("network.slope: slopes need [sources.elevation]")
    if network.turns and (study.sources.osm is None or not study.sources.osm.roads or study.sources.roads):
        problems.append("network.turns: turns are read with the roads of [sources.osm]; roads of your own have none")
    chosen = study.off_road
    if chosen.service is not None:
        if not study.sources.landcover:
            problems.append("off_road.service: times off the roads need [sources.landcover]")
        if "off_road.speeds" not in missing:
            load_ground = partial(load_surface_speeds, speed_table(options, chosen.speeds))
            problems += _faults(load_ground, f"off_road.speeds: {chosen.speeds!r}")
    problems += _unfit_modes(study)
    if register is not None and not problems:
        bound = set(binding_norms(options)["norm_id"])
        parts = [part for item in study.plans for part in item.parts]
        strange = [item for item in parts if item.norm is not None and item.norm not in bound]
        problems += [f"plans.{item.name}.norm: no such norm binds the study: {item.norm}" for item in strange]
    for language in outputs.languages:
        problems += _faults(partial(Words, language), "outputs.languages")
    if outputs.crs is not None:
        try:
            parse_crs(outputs.crs, what="outputs.crs")
        except CrsError as error:
            problems.append(str(error))
    refuse(study.name, problems, StudyError)


def _faults(load: Callable[[], object], key: str) -> list[str]:
    """Faults that a loader finds, each behind its key."""
    try:
        load()
    except StudyError as error:
        return [problem if problem.startswith(key) else f"{key}: {problem}" for problem in error.problems]
    return []


def _unknown_services(study: Study, vocabulary: Vocabulary, words: set[str]) -> list[str]:
    """Name the services that the study asks for and that neither vocabulary nor register has."""
    every, known = set(vocabulary.ids), f"known are {', '.join(vocabulary.ids)}"
    listed = ("access", "measures", "areas", "uncertainty")
    asked: dict[str, Iterable[str]] = {f"{key}.services": getattr(study, key).services for key in listed}
    asked |= {"measures.persons_per_unit": study.measures.persons_per_unit}
    asked |= {"sharing.withhold_facilities": study.sharing.withhold_facilities}
    asked |= {"emergency.service": [crew.service for crew in study.emergency]}
    if "required_services" in study.score.model_fields_set:  # ours may be none of a vocabulary of the user's own
        asked |= {f"score.required_services.{tier}": names for tier, names in study.score.required_services.items()}
    for trial in study.scenarios:
        # Towns are destinations of scenarios too.
        of_trial: dict[str, Iterable[str]] = {
            "services": [name for name in trial.services if name not in TOWN_TIERS],
            "new_facilities.service": filter(None, [trial.new_facilities.service if trial.new_facilities else None]),
        }
        of_trial |= {key: [each.service for each in getattr(trial, key)] for key in ("open", "mobile_stops")}
        of_trial["share_units"] = [name for row in trial.share_units for name in row.services]
        asked |= {f"scenarios.{trial.name}.{key}": names for key, names in of_trial.items()}
    for item in study.plans:
        asked |= {f"plans.{item.name}.{key}": getattr(item, key) for key in ("services", "compatible")}
        asked[f"plans.{item.name}.service"] = filter(None, [item.service])
    if (costs := study.planning.costs) is not None:
        asked |= {f"planning.costs.{key}": getattr(costs, key) for key in ("open", "unit", "close")}
    problems: list[str] = []
    for key, names in asked.items():
        problems += faults_at(f"{key}: unknown", [name for name in names if name not in every], f"; {known}")
    if study.off_road.service not in {None, *every}:
        problems.append(f"off_road.service: unknown {study.off_road.service!r}; {known}")
    for name, official in study.official.facilities.items():
        unknown = [service for service in official.services or (name,) if service not in every]
        remedy = f"; name those that it counts as services = [...]; {known}"
        problems += faults_at(f"official.facilities.{name}: unknown service(s)", unknown, remedy)
    listable = every | words | {ROADS, *(tier.id for tier in vocabulary.tiers)}
    unknown = [name for name in study.inventory if name not in listable]
    return problems + faults_at("inventory: unknown service(s)", unknown, f"; {known}")


def _unfit_modes(study: Study) -> Iterator[str]:
    """Say which modes cannot do what is tried out: in scenarios, measures and by crews."""
    modes = study.network.modes
    for item in study.scenarios:
        if item.season is not None and study.network.season != "dry":
            yield (
                f"scenarios.{item.name}.season: the study is in the season {study.network.season}; "
                "set network.season = 'dry'"
            )
    if study.calibration.observed is not None and modes[0] == BY_BUS:
        yield "calibration: rides take the minutes that the study gives them; put another mode first in network.modes"
    asked = {"measures.mode": study.measures.mode}
    asked |= {f"scenarios.{item.name}.mode": item.mode for item in study.scenarios}
    asked |= {f"plans.{item.name}.mode": item.mode for item in study.plans}
    asked |= {f"emergency.{crew.service}.mode": crew.mode for crew in study.emergency}
    for key, mode in asked.items():
        if mode is not None and mode not in modes:
            yield f"{key}: the study does not travel by {mode}; choose of its network.modes {', '.join(modes)}"
    for crew in study.emergency:
        if crew.mode is not None and "walk" in crew.mode.split("+"):
            others = [mode for mode in modes if "walk" not in mode.split("+")]
            told = f"choose of {', '.join(others)}" if others else "add one that rides to network.modes"
            yield f"emergency.{crew.service}.mode: crews do not come by {crew.mode}; {told}"
    if crew_mode(modes) is None and any(crew.mode is None for crew in study.emergency):
        yield f"emergency: crews drive; add one of {', '.join(CREW_MODES)} to network.modes"
