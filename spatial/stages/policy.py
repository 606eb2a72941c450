"""What a study asks for by name: services, norms, speeds, languages, CRS. Refused at once where it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.cartography.messages import messages
from spatial.crs import parse_crs
from spatial.errors import CrsError, StudyError, first_of
from spatial.integration.norms_rules import applicable_norms
from spatial.network.rules.speeds import load_speeds
from spatial.qgis.meta import load_messages
from spatial.runner.stage import Options
from spatial.sources.services import load_services
from spatial.stages.policy_trials import scenario_seasons, trial_modes, trial_services
from spatial.stages.rules import norm_rules, register_of
from spatial.study import Study
from spatial.terrain import load_surface_speeds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from spatial.sources.services import Vocabulary

__all__ = ["check_policy"]

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
    key = "outputs.languages"
    problems = _faults(lambda: messages(languages), key)
    return problems or _faults(lambda: [load_messages(language) for language in languages], key)


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
