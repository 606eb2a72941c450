"""The study's options as the middle takes them; what it asks for by name is refused at once where it is not there."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

from spatial import access
from spatial.access.options import TOWN_TIERS, AccessRules
from spatial.crs import parse_crs
from spatial.errors import CrsError, StudyError, first_of
from spatial.inputs.services import load_services
from spatial.messages import Words
from spatial.network.speeds import load_speeds
from spatial.norms.law import NormRules, applicable_norms
from spatial.norms.register import DEONTIC_OF_CLASS, UNIT_OF_METRIC, load_register
from spatial.runner.stage import Options
from spatial.study import Study
from spatial.tables.words import TIERS
from spatial.terrain.friction import load_surface_speeds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from spatial.access.decays import Decay
    from spatial.inputs.services import Vocabulary
    from spatial.study.access import DecayOptions
    from spatial.study.norms import NormAddition
    from spatial.study.outputs import OfficialOptions
    from spatial.study.sources import TableSource


# The study's options as the plain rules that the middle takes.

METRES_A_KM = 1000.0
RANK = ("unknown", "partial", "complete")
_BOUND: dict[tuple[object, ...], pd.DataFrame] = {}
"""The norms that bind the last study asked for, since a run asks for them in most of its stages."""
APPROVED_MAPS = "CN"
"""Maps shown to the public carry an approval number there (Map Management Regulations, decree 664, art. 15 and 22)."""


def access_rules(options: Options, **more: Any) -> AccessRules:
    """Take which times are computed."""
    buffer_m = options.region.buffer_km * METRES_A_KM
    return AccessRules.from_options(options.access, snap=options.network, buffer_m=buffer_m, **more)


def vocabulary_of(options: Options) -> Vocabulary:
    """Load the study's vocabulary of services."""
    return load_services(options.raw_path(options.services_file) if options.services_file else None)


def register_of(options: Options) -> pd.DataFrame:
    """Load the study's register of norms."""
    chosen = options.norms.register_file
    home = options.jurisdictions[0] if options.jurisdictions else "GLOBAL"
    added = [_register_row(norm, home) for norm in options.norms.add]
    file = options.raw_path(chosen) if chosen else None
    return load_register(file, added=added, services=vocabulary_of(options).register_words)


def _register_row(norm: NormAddition, jurisdiction: str) -> dict[str, str]:
    """Write a norm of the study as the register writes its own; who added it and why stay with it."""
    presence = norm.metric == "presence_in_unit"
    return {
        "norm_id": norm.id,
        "pillar": "P3",
        "service": norm.service,
        "metric": norm.metric,
        "mode": "" if presence or norm.metric == "dist_m" else norm.mode,
        "direction": "presence" if presence else "max",
        "threshold": f"{norm.threshold!r}",
        "unit": UNIT_OF_METRIC.get(norm.metric, "service"),
        "stat_unit": norm.stat_unit,
        "target_share": f"{norm.target_share!r}",
        "target_share_basis": "source",
        "fail_point": "" if norm.fail_point is None else f"{norm.fail_point!r}",
        "scope": norm.scope,
        "norm_class": norm.norm_class,
        "deontic": DEONTIC_OF_CLASS[norm.norm_class],
        "role": "standard",
        "instrument": norm.instrument,
        "share_applies_at": "study",
        "valid_from": norm.valid_from.isoformat() if norm.valid_from else "",
        "valid_to": norm.valid_to.isoformat() if norm.valid_to else "",
        "read_in_original": "yes" if norm.read_in_original else "no",
        "norm_class_basis": "stated_by_the_study",
        "norm_justification": norm.why,
        "jurisdiction": jurisdiction,
        "source_title": f"{norm.source} (added by {norm.by}, {norm.on.isoformat()})",
        "source_year": str(norm.on.year),
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
    files = (options.norms.register_file, options.services_file)
    asked = (repr(options.norms), repr(rules), options.as_of, *(_state(options, name) for name in files))
    found = _BOUND.get(asked)
    if found is None:
        found = applicable_norms(register_of(options), as_of=options.as_of, rules=rules)
        _BOUND.clear()
        _BOUND[asked] = found
    return found.copy()


def _state(options: Options, name: str | None) -> tuple[str, int, int] | None:
    """Tell a file's path, size and time of change, by which a changed file is known."""
    path = options.raw_path(name) if name else None
    if path is None or not path.is_file():
        return None
    facts = path.stat()
    return str(path), facts.st_size, facts.st_mtime_ns


def wanted_services(options: Options, vocabulary: Vocabulary, offered: set[str]) -> dict[str, frozenset[str]]:
    """Choose the services to compute, and which facilities count for each."""
    named = set(options.access.services)
    asked = _asked_by_norms(binding_norms(options), vocabulary.knowing(offered))
    chosen: dict[str, frozenset[str]] = {}
    for service in vocabulary.ids:
        kinds = vocabulary.satisfying(service)
        if service in named if named else (bool(kinds & offered) or service in asked):
            chosen[service] = kinds
    return chosen


def services_in_metres(options: Options, vocabulary: Vocabulary, offered: set[str]) -> frozenset[str]:
    """Name the services that a norm in metres of road asks for."""
    binding = binding_norms(options)
    in_metres = binding.loc[binding["metric"] == "network_dist_m"]
    return frozenset(_asked_by_norms(in_metres, vocabulary.knowing(offered)))


def _asked_by_norms(binding: pd.DataFrame, vocabulary: Vocabulary) -> set[str]:
    words = {str(word) for word in binding["service"]}
    for members in binding["bundle_members"].dropna():
        words |= {item.strip() for item in str(members).replace(";", "|").split("|")}
    found = {vocabulary.for_register(word) for word in sorted(words)}
    return {item.id for item in found if item is not None}


def official_totals(options: Options, vocabulary: Vocabulary) -> OfficialOptions:
    """Take the official totals; a number of facilities that names no services counts its own at every level."""
    official: OfficialOptions = options.official
    facilities = {
        name: item.model_copy(update={"services": item.services or tuple(sorted(vocabulary.by_level(name)))})
        for name, item in official.facilities.items()
    }
    return official.model_copy(update={"facilities": facilities})


def inventories(options: Options, vocabulary: Vocabulary, facilities: pd.DataFrame) -> dict[str, str]:
    """
    Say for every service whether all its facilities are known.

    The study's own word counts first. Otherwise a service is known as well as the best source that covers it: a table
    with a `service` covers that one, any other table the services that its ``values.service`` names and those of its
    rows, and an extract covers all. Who covers a service covers the one under which it is looked for where its level
    is not known.
    """
    sources = options.sources
    wider = {service: vocabulary.family(service) for service in vocabulary.ids}
    declared = [(_covered(table, facilities), table.inventory) for table in sources.facilities]
    if sources.osm is not None and sources.osm.facilities:
        declared.append((frozenset(wider), sources.osm.inventory))
    ranked = sorted(declared, key=lambda item: RANK.index(item[1]))
    known = dict.fromkeys(vocabulary.ids, "unknown")
    for covers, word in ranked:
        known |= {wider.get(service, service): word for service in covers}
    told = known | dict(options.inventory)
    return told | {service: told[wider[service]] for service in wider if service not in options.inventory}


def _covered(table: TableSource, facilities: pd.DataFrame) -> frozenset[str]:
    """Services that a table holds."""
    if table.service is not None:
        return frozenset({table.service})
    rows = facilities.loc[facilities["source"] == table.path, "service"]
    return frozenset({*table.values.get("service", {}).values(), *rows.astype(str)})


def approval_wanted(options: Options) -> bool:
    """Tell whether the outputs are public maps that need an approval number and have none."""
    outputs = options.outputs
    asks = any(place.partition("-")[0] == APPROVED_MAPS for place in options.jurisdictions)
    return bool(outputs.status == "public" and asks and not options.synthetic and not outputs.map_approval)


# What a study tries out by name: services, seasons and modes of scenarios, crews and a calibration.

CREW_MODES = ("emergency", "drive", "motorcycle")
"""Modes that crews travel by where nothing else is said, the first one that the study has."""


def trial_services(study: Study, vocabulary: Vocabulary) -> list[str]:
    """Look up the services of scenarios and crews."""
    asked = {f"scenarios.{item.name}.services": item.services for item in study.scenarios}
    asked |= {
        f"scenarios.{item.name}.new_facilities.service": (item.new_facilities.service,)
        for item in study.scenarios
        if item.new_facilities is not None and item.new_facilities.service is not None
    }
    asked["emergency.service"] = tuple(crew.service for crew in study.emergency)
    unknown = {}
    for key, names in asked.items():
        towns = TOWN_TIERS if key.endswith(".services") else ()
        unknown[key] = [name for name in names if name not in {*vocabulary.ids, *towns}]
    known = ", ".join(vocabulary.ids)
    return [f"{key}: unknown {first_of(names)}; known are {known}" for key, names in unknown.items() if names]


def scenario_seasons(study: Study) -> dict[str, str]:
    """List the seasons that scenarios play in."""
    return {f"scenarios.{item.name}.season": item.season for item in study.scenarios if item.season}


def trial_modes(study: Study) -> list[str]:
    """Check that the study's modes can do what is tried out."""
    return [*_of_scenarios(study), *_unknown_modes(study), *_of_crews(study)]


def _of_scenarios(study: Study) -> Iterator[str]:
    for item in study.scenarios:
        if item.season is not None and study.network.season != "dry":
            yield (
                f"scenarios.{item.name}.season: the study is in the season {study.network.season}; "
                "set network.season = 'dry'"
            )


def _unknown_modes(study: Study) -> Iterator[str]:
    asked = {"measures.mode": study.measures.mode}
    asked |= {f"scenarios.{item.name}.mode": item.mode for item in study.scenarios}
    asked |= {f"emergency.{crew.service}.mode": crew.mode for crew in study.emergency}
    modes = study.network.modes
    for key, mode in asked.items():
        if mode is not None and mode not in modes:
            yield f"{key}: the study does not travel by {mode}; choose of its network.modes {', '.join(modes)}"


def _of_crews(study: Study) -> Iterator[str]:
    usual = crew_mode(study.network.modes)
    for crew in study.emergency:
        if crew.mode is not None and "walk" in crew.mode.split("+"):
            others = [mode for mode in study.network.modes if "walk" not in mode.split("+")]
            told = f"choose of {', '.join(others)}" if others else "add one that rides to network.modes"
            yield f"emergency.{crew.service}.mode: crews do not come by {crew.mode}; {told}"
    if usual is None and any(crew.mode is None for crew in study.emergency):
        yield f"emergency: crews drive; add one of {', '.join(CREW_MODES)} to network.modes"


def crew_mode(modes: Sequence[str]) -> str | None:
    """
    Choose the mode of crews for which the study names none.

    Returns None where the study has none of `CREW_MODES`.
    """
    return next((mode for mode in CREW_MODES if mode in modes), None)


# What a study asks for by name: services, norms, speeds, languages, CRS. Refused at once where it is not there.

EVERYTHING = tuple(key for key in Study.model_fields if key != "raw")
ROADS = "roads"
"""Stands for every kind of road in `inventory`."""


def check_policy(study: Study) -> None:
    """Refuse a study that names what is not there, before any source is opened."""
    problems: list[str] = []
    vocabulary = _vocabulary(study, problems)
    if vocabulary is not None:
        problems += _services(study, vocabulary) + trial_services(study, vocabulary)
    problems += _norms(study)
    speeds = study.network.speeds
    file = study.raw_path(speeds) if speeds.endswith(".toml") else None
    if file is None or file.is_file():
        problems += _faults(lambda: load_speeds(file or speeds), f"network.speeds: {speeds!r}")
        problems += _season(study, file or speeds)
    problems += _slopes(study) + _off_road(study) + trial_modes(study)
    problems += _languages(study.outputs.languages)
    problems += _crs(study.outputs.crs)
    if problems:
        raise StudyError(study.name, problems)


def _faults(load: Callable[[], object], key: str) -> list[str]:
    """Faults that a loader finds, each behind its key."""
    try:
        load()
    except StudyError as error:
        return [problem if problem.startswith(key) else f"{key}: {problem}" for problem in error.problems]
    return []


def _season(study: Study, speeds: str | Path) -> list[str]:
    """Look up the season of the study, and the wet one that tells how sure times are."""
    try:
        known = load_speeds(speeds).seasons
    except StudyError:
        return []  # the table's own faults are listed already
    asked = {"network.season": study.network.season, **scenario_seasons(study)}
    if study.uncertainty.wet and study.network.season == "dry":
        asked["uncertainty.wet"] = "wet"
    return [
        f"{key}: the speed table has no season {name!r}; it has {', '.join(sorted(known))}"
        for key, name in asked.items()
        if name not in known
    ]


def _slopes(study: Study) -> list[str]:
    problems = []
    if study.network.slope and study.sources.elevation is None:
        problems.append("network.slope: slopes need [sources.elevation]")
    if study.network.turns and (
        study.sources.osm is None or not study.sources.osm.roads or study.sources.roads
    ):
        problems.append(
            "network.turns: turns are read with the roads of [sources.osm]; roads of your own have none"
        )
    return problems


def _off_road(study: Study) -> list[str]:
    chosen = study.off_road
    if chosen.service is None:
        return []
    problems = (
        [] if study.sources.landcover else ["off_road.service: times off the roads need [sources.landcover]"]
    )
    file = study.raw_path(chosen.speeds) if chosen.speeds.endswith(".toml") else None
    if file is None or file.is_file():
        problems += _faults(
            lambda: load_surface_speeds(file or chosen.speeds), f"off_road.speeds: {chosen.speeds!r}"
        )
    return problems


def _languages(languages: Sequence[str]) -> list[str]:
    faults = (_faults(partial(Words, language), "outputs.languages") for language in languages)
    return list(itertools.chain.from_iterable(faults))


def _vocabulary(study: Study, problems: list[str]) -> Vocabulary | None:
    file = study.raw_path(study.services_file) if study.services_file else None
    if file is not None and not file.is_file():
        return None  # reading names it among the missing files
    found = _faults(lambda: load_services(file), "services_file")
    problems += found
    return None if found else load_services(file)


def _services(study: Study, vocabulary: Vocabulary) -> list[str]:
    known = set(vocabulary.ids)
    problems = []
    for key in ("access", "measures", "areas", "uncertainty"):
        unknown = [name for name in getattr(study, key).services if name not in known]
        if unknown:
            problems.append(
                f"{key}.services: unknown {first_of(unknown)}; known are {', '.join(vocabulary.ids)}"
            )
    unknown = [name for name in study.measures.persons_per_unit if name not in known]
    if unknown:
        problems.append(
            f"measures.persons_per_unit: unknown {first_of(unknown)}; known are {', '.join(vocabulary.ids)}"
        )
    if study.off_road.service not in {None, *known}:
        problems.append(
            f"off_road.service: unknown {study.off_road.service!r}; known are {', '.join(vocabulary.ids)}"
        )
    problems += _official(study, known, vocabulary)
    known |= {ROADS, *(tier.id for tier in vocabulary.tiers), *_register_words(study)}
    unknown = [name for name in study.inventory if name not in known]
    if unknown:
        problems.append(
            f"inventory: unknown service(s) {first_of(unknown)}; known are {', '.join(vocabulary.ids)}"
        )
    return problems


def _official(study: Study, known: set[str], vocabulary: Vocabulary) -> list[str]:
    """Look up what official numbers of facilities count."""
    counted = {name: item.services or (name,) for name, item in study.official.facilities.items()}
    return [
        f"official.facilities.{name}: unknown service(s) {first_of(unknown)}; name those that it counts as "
        f"services = [...]; known are {', '.join(vocabulary.ids)}"
        for name, services in counted.items()
        if (unknown := [service for service in services if service not in known])
    ]


def _has_register(study: Study) -> bool:
    own = study.norms.register_file
    return own is None or study.raw_path(own).is_file()


def _register_words(study: Study) -> set[str]:
    if not _has_register(study):
        return set()
    return {str(word) for word in register_of(Options(study, EVERYTHING))["service"]}


def _norms(study: Study) -> list[str]:
    if not _has_register(study):
        return []
    options = Options(study, EVERYTHING)
    register = register_of(options)
    return _faults(lambda: applicable_norms(register, as_of=study.as_of, rules=norm_rules(options)), "norms")


def _crs(text: str | None) -> list[str]:
    if text is None:
        return []
    try:
        parse_crs(text, what="outputs.crs")
    except CrsError as error:
        return [str(error)]
    return []


# The study's decay as the function that measures take.


def decay_of(chosen: DecayOptions, *, cutoff_min: float) -> Decay:
    """Make the decay that a study names."""
    first, numbers = chosen.minutes[0], chosen.minutes
    if chosen.kind == "stepped":
        return access.decay_stepped(dict(zip(numbers, chosen.weights, strict=True)))
    ends = {
        "binary": access.decay_binary,
        "linear": access.decay_linear,
        "truncated_gaussian": access.decay_truncated_gaussian,
    }
    if chosen.kind in ends:
        return ends[chosen.kind](first)
    if chosen.kind == "exponential":
        return access.decay_exponential(half_life_min=first, cutoff_min=cutoff_min)
    if chosen.kind == "gaussian":
        return access.decay_gaussian(first, cutoff_min=cutoff_min)
    if chosen.kind == "power":
        return access.decay_power(chosen.exponent, scale_min=first, cutoff_min=cutoff_min)
    return access.decay_log_logistic(first, chosen.exponent, cutoff_min=cutoff_min)
